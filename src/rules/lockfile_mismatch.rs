//! `lockfile-mismatch`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::dockerfile::installs::{Install, Manager, Simple};
use crate::plan::{Plan, Service};
use crate::sources::{Package, Written};

/// An installation that has another lock file than it reads.
pub(super) static RULE: Rule = Rule {
    id: "lockfile-mismatch",
    severity: Severity::Error,
    summary: "a Dockerfile installs with another package manager than the one that wrote the lock file",
    docs: "\
A Dockerfile that somebody wrote installs what a package depends on, and its package manager does not find the lock file
that it reads: there is none, or only that of another one. That is an error where the command stops without it (`npm ci`,
`--frozen-lockfile`, `--locked`) and a warning where it goes on without (`npm install`). It is also said where the `packageManager` of
package.json names another one, and, as a warning, where lock files of two package managers lie side by side. Of generated
Dockerfiles `build-inputs` says the same.

**Why it breaks.** A lock file is read by the program that wrote it. Without it, some programs refuse, and the others install
whatever is newest on that day: another image each time, and other versions than everybody else has.

**How it shows.** `The npm ci command can only install with an existing package-lock.json`, `ERR_PNPM_NO_LOCKFILE`,
`Your lockfile needs to be updated`; or nothing, until a release of some library breaks what worked.

```toml
# web/ has package.json and yarn.lock
# web/Dockerfile: RUN npm ci
[services.web]
source = \"web\"
dockerfile = \"Dockerfile\"      # bad

# web/Dockerfile: RUN yarn install --frozen-lockfile
[services.web]
source = \"web\"
dockerfile = \"Dockerfile\"      # good
```

**Fix.** Install with the package manager whose lock file there is, or write the lock file of the one that installs
(`npm install --package-lock-only`, `pnpm install --lockfile-only`, `uv lock`) and delete the other one.

**Source.** npm docs, \"npm ci\"; pnpm docs, \"pnpm install\"; Yarn docs, \"yarn install\"; uv docs, \"Locking and syncing\"; Node.js
docs, \"packageManager\". Tried with npm 10.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

const ALL: [Manager; 3] = [Manager::Npm, Manager::Pnpm, Manager::Yarn];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for built in context.written_dockerfiles() {
        let (_, service, written) = built;
        let Some(build) = &service.build else { continue };
        let Some(package) = context.sources.package(&build.source) else { continue };
        if !written.file.flaws.is_empty() {
            continue;
        }
        let arguments = service.build_arguments();
        let Some(last) = written.file.target(build.target.as_deref()) else { continue };
        let needed = written.file.needed(last, &arguments);
        let mut seen = Vec::new();
        for index in (0..needed.len()).filter(|index| needed[*index]) {
            for command in written.file.simple_commands(index, &arguments) {
                let Some(install) = command.installs() else { continue };
                if !seen.contains(&command.span) {
                    seen.push(command.span.clone());
                    findings.extend(judge(context, built, package, &command, install));
                }
            }
        }
    }
}

fn judge(
    context: &Context<'_>,
    built: (&Plan, &Service, &Written),
    package: &Package,
    command: &Simple,
    install: Install,
) -> Option<Finding> {
    let manager = install.manager;
    let name = manager.name();
    let is_node = ALL.contains(&manager);
    let manifest = if is_node { "package.json" } else { "pyproject.toml" };
    // The package lies elsewhere.
    if !package.files.contains(manifest) {
        return None;
    }
    let has = |manager: Manager| manager.locks().iter().find(|lock| package.files.contains(*lock)).copied();
    let others: Vec<(Manager, &str)> = ALL
        .into_iter()
        .filter(|other| is_node && *other != manager)
        .filter_map(|other| Some((other, has(other)?)))
        .collect();
    let source = built.1.build.as_ref().map_or("", |build| build.source.trim_end_matches('/'));
    let path =
        |file: &str| if source.is_empty() || source == "." { file.to_owned() } else { format!("{source}/{file}") };
    let pinned = package.json.as_ref().and_then(|json| json.get("packageManager")?.as_str()).filter(|_| is_node);
    let pinned = pinned.map(|text| text.split('@').next().unwrap_or(text)).filter(|pinned| *pinned != name);
    let say = |severity: Severity, message: String, label: &str, help: String| {
        context.in_dockerfile(&RULE, severity, built, message, (command.span.clone(), label)).help(help)
    };
    let lock = has(manager);
    if let (None, Some((other, file))) = (lock, others.first()) {
        let severity = if install.is_strict { Severity::Error } else { Severity::Warning };
        let message = format!("{name} installs here, and the lock file is that of {}", other.name());
        let finding = say(
            severity,
            message,
            "does not read it",
            format!("install with {}, or delete `{file}` and write `{}`", other.name(), manager.locks()[0]),
        );
        return Some(finding.with(Label::file(path(file), "the lock file")));
    }
    if lock.is_none() && (install.is_strict || manager == Manager::Uv && command.has("--locked")) {
        let shown = command.words.join(" ");
        let message = format!("`{shown}` needs `{}`, which is not there", manager.locks()[0]);
        return Some(say(
            Severity::Error,
            message,
            "stops without it",
            format!("write and commit it: `{}`", writes(manager)),
        ));
    }
    if let Some(pinned) = pinned {
        let message = format!("{name} installs here, and `packageManager` says {pinned}");
        let place = package.place("package.json", "\"packageManager\"", pinned);
        let finding =
            say(Severity::Error, message, "another one", format!("install with {pinned}, or change `packageManager`"));
        return Some(finding.with(Label::within(path("package.json"), place, "said here")));
    }
    let (lock, (other, file)) = (lock?, *others.first()?);
    let message = format!("there are lock files of {}: one of them is out of date", words::and(&[name, other.name()]));
    let finding =
        say(Severity::Warning, message, "reads one of them", format!("delete `{file}`, which nothing reads here"));
    Some(finding.with(Label::file(path(lock), "read")).with(Label::file(path(file), "not read")))
}

/// What writes the lock file of a package manager.
fn writes(manager: Manager) -> &'static str {
    match manager {
        Manager::Npm => "npm install --package-lock-only",
        Manager::Pnpm => "pnpm install --lockfile-only",
        Manager::Yarn => "yarn install",
        Manager::Uv => "uv lock",
        Manager::Poetry => "poetry lock",
    }
}

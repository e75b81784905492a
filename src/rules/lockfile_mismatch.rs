//! `lockfile-mismatch`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::dockerfile::installs::{Install, Manager, Simple};
use crate::dockerfile::{Instruction, Keyword};
use crate::plan::{BuildPlace, Plan, Service, clean_path};
use crate::sources::{Package, Written, between};

/// An installation that has another lock file than it reads.
pub(super) static RULE: Rule = Rule {
    id: "lockfile-mismatch",
    severity: Severity::Error,
    summary: "a Dockerfile installs with another package manager than the one that wrote the lock file",
    docs: "\
A Dockerfile that somebody wrote installs what a package depends on, and its package manager does not find the lock file
that it reads: there is none, or only that of another one. That is an error where the command stops without it (`npm ci`,
`--frozen-lockfile`, `--locked`) and a warning where it goes on without (`npm install`). It is also said where the `packageManager` of
package.json names another one, and, as a warning, where lock files of two package managers lie side by side. The lock file
is looked for in the source, in the build context, in the directories between them, and wherever the Dockerfile copies from.
Nothing is said of a command that depends on which lock file there is (`[ -f yarn.lock ] && …`), nor of a missing one where
another stage may bring it (`COPY --from`). Of generated Dockerfiles `build-inputs` says the same.

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
        let (plan, service, written) = built;
        let Some(build) = &service.build else { continue };
        let Some(package) = context.sources.package(&build.source) else { continue };
        if !written.file.flaws.is_empty() {
            continue;
        }
        let arguments = service.build_arguments();
        let Some(last) = written.file.target(build.target.as_deref()) else { continue };
        let Some(place) = service.build_place(&plan.output) else { continue };
        let files = Files { context, package, locks: locks(context, service, &place, written) };
        let needed = written.file.needed(last, &arguments);
        let mut seen = Vec::new();
        for index in (0..needed.len()).filter(|index| needed[*index]) {
            for command in written.file.simple_commands(index, &arguments) {
                let Some(install) = command.installs() else { continue };
                if seen.contains(&command.span) {
                    continue;
                }
                seen.push(command.span.clone());
                let text = written.text.get(command.span.clone()).unwrap_or_default();
                if depends(text) {
                    continue;
                }
                let before = written.file.inherited(index, &arguments);
                let before = before.into_iter().filter(|instruction| instruction.span.start <= command.span.start);
                let is_open = is_elsewhere(text) || may_have_more(before);
                findings.extend(files.judge(built, &command, install, is_open));
            }
        }
    }
}

/// The lock files that a Dockerfile can copy, with their directories: those beside the package first.
fn locks(
    context: &Context<'_>,
    service: &Service,
    place: &BuildPlace,
    written: &Written,
) -> Vec<(String, &'static str)> {
    let Some(build) = &service.build else { return Vec::new() };
    let mut directories = clean_path(&build.source).map_or_else(Vec::new, |source| between(&place.context, &source));
    directories.reverse();
    for copied in written.file.copied(build.target.as_deref(), &service.build_arguments()) {
        let whole = if place.context.is_empty() { copied.path } else { format!("{}/{}", place.context, copied.path) };
        let above = whole.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        directories.extend([whole, above]);
    }
    let mut locks = Vec::new();
    for directory in directories {
        for file in context.sources.package(&directory).into_iter().flat_map(|package| &package.files) {
            let lock = (directory.clone(), *file);
            if !locks.contains(&lock) {
                locks.push(lock);
            }
        }
    }
    locks
}

/// Whether what a `RUN` does depends on which files there are, or on whether a part of it works.
fn depends(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let tests = words.windows(2).any(|pair| matches!(pair[0], "-f" | "-e" | "-s" | "-r") && pair[1].contains("lock"));
    tests || text.contains("||")
}

/// Whether a `RUN` may install in another directory than the one it starts in.
fn is_elsewhere(text: &str) -> bool {
    const OPTIONS: [&str; 8] =
        ["--prefix", "--cwd", "--dir", "-C", "--directory", "--project", "--lockfile-dir", "--script"];
    text.split_whitespace().any(|word| {
        let option = word.split('=').next().unwrap_or(word);
        matches!(word, "cd" | "pushd") || OPTIONS.contains(&option)
    })
}

/// Whether files that the context does not have may lie where an installation begins: another stage or image has brought
/// them, or the directory is one below what was copied. `before` is what stands above it, in any order.
fn may_have_more<'i>(before: impl Iterator<Item = &'i Instruction>) -> bool {
    let (mut first_copy, mut last_directory) = (usize::MAX, 0);
    for instruction in before {
        match instruction.keyword {
            Keyword::Copy | Keyword::Add => {
                // Programs from elsewhere (`COPY --from=…/uv /uv /bin/`) are nothing to install from.
                if instruction.arguments.last().is_some_and(|target| is_for_programs(&target.text)) {
                    continue;
                }
                if !instruction.origins().is_empty() {
                    return true;
                }
                first_copy = first_copy.min(instruction.span.start);
            }
            Keyword::Run => {
                for flag in instruction.flags.iter().filter_map(|flag| flag.value.as_deref()) {
                    let fields = || flag.split(',').filter_map(|field| field.trim().split_once('='));
                    let get = |names: &[&str]| fields().find(|(name, _)| names.contains(name)).map(|(_, value)| value);
                    let target = get(&["target", "dst", "destination"]).unwrap_or_default();
                    if get(&["from"]).is_some() && get(&["type"]) != Some("cache") && !is_for_programs(target) {
                        return true;
                    }
                }
            }
            Keyword::Workdir => last_directory = last_directory.max(instruction.span.start),
            _ => {}
        }
    }
    last_directory > first_copy
}

/// Whether it is a directory of programs, or a program in one: no package lies there.
fn is_for_programs(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty() && !matches!(*part, "usr" | "local"));
    path.starts_with('/') && parts.next().is_some_and(|part| matches!(part, "bin" | "sbin"))
}

/// What there is to install from.
struct Files<'c> {
    context: &'c Context<'c>,
    package: &'c Package,
    /// Directories, as services.toml sees them, and files in them.
    locks: Vec<(String, &'static str)>,
}

impl Files<'_> {
    /// The lock file of a package manager: its directory and its name.
    fn lock(&self, manager: Manager) -> Option<&(String, &'static str)> {
        self.locks.iter().find(|(_, file)| manager.locks().contains(file))
    }

    /// `is_open`: a lock file may be there that nothing is known of.
    fn judge(
        &self,
        built: (&Plan, &Service, &Written),
        command: &Simple,
        install: Install,
        is_open: bool,
    ) -> Option<Finding> {
        let (context, package) = (self.context, self.package);
        let manager = install.manager;
        let name = manager.name();
        let is_node = ALL.contains(&manager);
        let manifest = if is_node { "package.json" } else { "pyproject.toml" };
        // The package lies elsewhere.
        if !package.files.contains(manifest) {
            return None;
        }
        let others: Vec<(Manager, &(String, &str))> = ALL
            .into_iter()
            .filter(|other| is_node && *other != manager)
            .filter_map(|other| Some((other, self.lock(other)?)))
            .collect();
        let source = built.1.build.as_ref().and_then(|build| clean_path(&build.source)).unwrap_or_default();
        let path = |directory: &str, file: &str| {
            if directory.is_empty() { file.to_owned() } else { format!("{directory}/{file}") }
        };
        let pinned = package.json.as_ref().and_then(|json| json.get("packageManager")?.as_str()).filter(|_| is_node);
        let pinned = pinned.map(|text| text.split('@').next().unwrap_or(text)).filter(|pinned| *pinned != name);
        let say = |severity: Severity, message: String, label: &str, help: String| {
            context.in_dockerfile(&RULE, severity, built, message, (command.span.clone(), label)).help(help)
        };
        let lock = self.lock(manager);
        if lock.is_none() && is_open {
            return None;
        }
        if let (None, Some((other, (directory, file)))) = (lock, others.first()) {
            let severity = if install.is_strict { Severity::Error } else { Severity::Warning };
            let message = format!("{name} installs here, and the lock file is that of {}", other.name());
            let finding = say(
                severity,
                message,
                "does not read it",
                format!("install with {}, or delete `{file}` and write `{}`", other.name(), manager.locks()[0]),
            );
            return Some(finding.with(Label::file(path(directory, file), "the lock file")));
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
            let finding = say(
                Severity::Error,
                message,
                "another one",
                format!("install with {pinned}, or change `packageManager`"),
            );
            return Some(finding.with(Label::within(path(&source, "package.json"), place, "said here")));
        }
        let (directory, lock) = lock?;
        let (other, (_, file)) = others.iter().find(|(_, (beside, _))| beside == directory)?;
        let message =
            format!("there are lock files of {}: one of them is out of date", words::and(&[name, other.name()]));
        let finding =
            say(Severity::Warning, message, "reads one of them", format!("delete `{file}`, which nothing reads here"));
        let finding = finding.with(Label::file(path(directory, lock), "read"));
        Some(finding.with(Label::file(path(directory, file), "not read")))
    }
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

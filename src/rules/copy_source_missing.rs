//! `copy-source-missing`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::Severity;
use crate::dockerfile::copied::Copied;
use crate::plan::{Plan, Service};
use crate::sources::{CopiedFile, Presence, Written};

/// A file that the builder does not get.
pub(super) static RULE: Rule = Rule {
    id: "copy-source-missing",
    severity: Severity::Error,
    summary: "a Dockerfile copies what its build context does not have",
    docs: "\
A Dockerfile that somebody wrote copies, adds or binds a file or directory that is not in its build context: there is
none, it lies above the context, or the ignore file of the context keeps it out. Where git ignores the path, a clone of the
repository does not have it: that is a warning, since something may make it before the image is built; it is an error where the
ignore file of the context keeps it out as well. Only the stages that the
`target` needs are looked at, and patterns (`*.json`) are not.

**Why it breaks.** The builder sees its context and nothing else. A path begins at the context, not at the Dockerfile; `..`
leads nowhere; and what `.dockerignore` names is not sent.

**How it shows.** `docker compose build` fails with `failed to calculate checksum of ref …: \"/package-lock.json\": not found`.

```toml
# web/Dockerfile: COPY web/package.json ./
[services.web]
source = \"web\"
dockerfile = \"Dockerfile\"      # bad: the context is `web`, and there is no web/web/package.json

# web/Dockerfile: COPY package.json ./
[services.web]
source = \"web\"
dockerfile = \"Dockerfile\"      # good
```

**Fix.** Write the path as the context sees it; set `context` to a directory that has what is needed; or take the path back in
the ignore file with `!`.

**Source.** Dockerfile reference, \"COPY\", \"ADD\", \"RUN --mount=type=bind\"; Docker docs, \"Build context\". Tried with BuildKit of
Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<crate::diagnostics::Finding>) {
    for built in context.written_dockerfiles() {
        let (plan, service, written) = built;
        // What stands around a mistake may mean something else.
        if !written.file.flaws.is_empty() {
            continue;
        }
        let Some(place) = service.build_place(&plan.output) else { continue };
        let exists = context.sources.build_context(&place).is_some_and(|context| context.exists);
        let target = service.build.as_ref().and_then(|build| build.target.as_deref());
        for copied in written.file.copied(target, &service.build_arguments()).iter().filter(|_| exists) {
            let Some(file) = context.sources.copied(&place, &copied.path) else { continue };
            findings.extend(judge(context, built, &place.context, copied, file));
        }
    }
}

fn judge(
    context: &Context<'_>,
    built: (&Plan, &Service, &Written),
    directory: &str,
    copied: &Copied,
    file: &CopiedFile,
) -> Option<crate::diagnostics::Finding> {
    let path = &copied.path;
    let whole = if directory.is_empty() { path.clone() } else { format!("{directory}/{path}") };
    let shown = if directory.is_empty() { "." } else { directory };
    let is_absent = file.host.is_ignored && !file.is_tracked;
    let whose_values = is_env_file(path).then_some(
        "leave an env file out of the image, and set what it says where the container starts: `env`, or `env_file` of Compose",
    );
    let kept_out = file.kept_out_by.as_ref().filter(|_| is_absent || file.host.presence != Presence::Missing);
    let (severity, message, label, help) = if let Some(ignore) = kept_out {
        let message = format!("`{path}` is kept out of the build context by `{ignore}`");
        let help = match whose_values {
            Some(help) => help.to_owned(),
            // Taken back, it would still be missing in each clone.
            None if is_absent => "build it in a stage of the Dockerfile, and copy it from there".to_owned(),
            None => format!("add `!{path}` at the end of `{ignore}`"),
        };
        (Severity::Error, message, "not sent to the builder", help)
    } else if is_absent {
        let message = format!("git ignores `{whole}`, so that a clone has nothing to copy");
        let help = whose_values.unwrap_or(
            "build it in a stage of the Dockerfile, or commit it; where something makes it before the image is built, allow this rule",
        );
        (Severity::Warning, message, "not in the repository", help.to_owned())
    } else if file.host.presence == Presence::Missing {
        let message = format!("there is no `{path}` in the build context `{shown}`");
        let help = if let Some(help) = whose_values {
            help.to_owned()
        } else if let Some(meant) = &file.host.meant {
            let beside = path.rsplit_once('/').map_or(String::new(), |(directory, _)| format!("{directory}/"));
            format!("did you mean `{beside}{meant}`?")
        } else if let Some(inner) = &file.from_context {
            format!("paths begin at the build context: write `{inner}`")
        } else if let Some(above) = &file.above {
            format!("`{above}` lies outside of the context: set `context` to a directory that has both")
        } else {
            "create it, or correct the path: it begins at the build context".to_owned()
        };
        (Severity::Error, message, "not there", help)
    } else {
        return None;
    };
    let finding = context.in_dockerfile(&RULE, severity, built, message, (copied.span.clone(), label));
    Some(finding.help(help))
}

/// Whether a file of this name holds the values of an operator, and is no pattern for one.
fn is_env_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut words = name.split(['.', '-', '_']);
    let is_pattern = words.any(|word| matches!(word, "example" | "sample" | "template" | "dist"));
    (name == ".env" || name.starts_with(".env.")) && !is_pattern
}

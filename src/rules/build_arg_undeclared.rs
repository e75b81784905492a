//! `build-arg-undeclared`: see [`RULE`].

use std::collections::BTreeSet;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::dockerfile::stages::PLATFORM;
use crate::dockerfile::{Dockerfile, Keyword};
use crate::plan::{Plan, Service};
use crate::sources::Written;

/// A build argument that the Dockerfile does not take.
pub(super) static RULE: Rule = Rule {
    id: "build-arg-undeclared",
    severity: Severity::Error,
    summary: "a build argument that the Dockerfile does not take",
    docs: "\
`build-env` of a service that is built with a Dockerfile of its own, and no `ARG` in there has that name; or the value is
secret, and no `RUN --mount=type=secret` asks for it.

**Why it breaks.** An argument that no `ARG` takes is dropped. A secret is mounted where a command asks for it by its id, and
nowhere else.

**How it shows.** The build succeeds, and the value is not there: browser code asks `undefined/api`, and the version is the
default of somebody else. BuildKit says nothing about it.

```toml
[services.web]
source = \"web\"
dockerfile = \"Dockerfile\"                             # ARG VITE_API_URL
build-env = { VITE_API = \"https://example.org/api\" }  # bad: nothing takes it

[services.web]
source = \"web\"
dockerfile = \"Dockerfile\"
build-env = { VITE_API_URL = \"https://example.org/api\" } # good
```

**Fix.** Write `ARG NAME` in the stage that needs it, below its `FROM`; or take the entry out. For a secret:
`RUN --mount=type=secret,id=NAME,env=NAME …`.

**Source.** Dockerfile reference, \"ARG\", \"Predefined ARGs\", \"RUN --mount=type=secret\". Tried with BuildKit of Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// Arguments that every build takes (Dockerfile reference, \"Predefined ARGs\", \"`BuildKit` built-in build args\").
const PREDEFINED: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY", "SOURCE_DATE_EPOCH"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, service, written) in context.written_dockerfiles() {
        let Some(build) = service.build.as_ref().filter(|build| build.recipe.is_none()) else { continue };
        let taken: BTreeSet<&str> = written.file.taken_arguments().collect();
        for name in build.args.keys().filter(|name| !taken.contains(name.as_str()) && !is_predefined(name)) {
            let help = match words::nearest(name, taken.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`? Else write `ARG {name}` in the stage that needs it"),
                None => format!("write `ARG {name}` in the stage that needs it, or take it out here"),
            };
            let message = format!("no `ARG` of the Dockerfile takes `{name}`");
            findings.push(finding(context, (plan, service, written), name, message).help(help));
        }
        let mounted: BTreeSet<String> = mounted(&written.file);
        for name in build.secrets.keys().filter(|name| !mounted.contains(*name)) {
            let message = format!("`{name}` is a secret of the build, and no `RUN` of the Dockerfile mounts it");
            let help = format!("write `RUN --mount=type=secret,id={name},env={name} …`, or take it out here");
            findings.push(finding(context, (plan, service, written), name, message).help(help));
        }
    }
}

fn finding(
    context: &Context<'_>,
    (plan, service, written): (&Plan, &Service, &Written),
    name: &str,
    message: String,
) -> Finding {
    let place = context.origin_of_build_env(plan, service, name);
    let label = Label::key(Some(&plan.environment), place, "never used");
    Finding::new(RULE.id, RULE.severity, message, label).with(Label::file(&written.path, "takes other arguments"))
}

fn is_predefined(name: &str) -> bool {
    PREDEFINED.iter().any(|known| known.eq_ignore_ascii_case(name))
        || PLATFORM.contains(&name)
        || name.starts_with("BUILDKIT_")
}

/// The ids of the secrets that commands ask for.
fn mounted(file: &Dockerfile) -> BTreeSet<String> {
    let runs = file.instructions.iter().map(|instruction| instruction.on_build.as_deref().unwrap_or(instruction));
    let flags = runs.filter(|instruction| instruction.keyword == Keyword::Run).flat_map(|run| &run.flags);
    let mounts = flags.filter(|flag| flag.name == "mount").filter_map(|flag| flag.value.as_deref());
    let mut ids = BTreeSet::new();
    for mount in mounts.filter(|mount| mount.split(',').any(|field| field.trim() == "type=secret")) {
        let field = |name: &str| mount.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
        // Without an id it is the name of the file.
        let target = || field("target").or_else(|| field("dst")).or_else(|| field("destination"));
        let id = field("id").or_else(|| target()?.rsplit('/').next());
        ids.extend(id.map(str::to_owned));
    }
    ids
}

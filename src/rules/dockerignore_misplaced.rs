//! `dockerignore-misplaced`: see [`RULE`].

use std::collections::BTreeSet;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::dockerfile::ignore;
use crate::dockerfile::{Instruction, Keyword};
use crate::plan::{BuildPlace, Plan, Service};
use crate::sources::{BuildContext, Written};

/// An ignore file that nothing reads, or none where one is needed.
pub(super) static RULE: Rule = Rule {
    id: "dockerignore-misplaced",
    severity: Severity::Warning,
    summary: "an ignore file that the build does not read, or none where one is needed",
    docs: "\
A `.dockerignore` lies beside a Dockerfile whose build context is another directory. Or there is none, and a Dockerfile that
somebody wrote copies the whole context: with the `.git` of the repository, with `node_modules`, or with the values of an
env file.

**Why it breaks.** The builder reads `.dockerignore` at the root of the context, or a file that is called like the Dockerfile
with `.dockerignore` at the end, beside it; no other. What it does not leave out, `COPY . .` takes.

**How it shows.** An image of several hundred megabytes; `node_modules` of the host's system over those that were just
installed, so that a native module does not load (`invalid ELF header`); secrets in a layer that everybody can read who can
pull the image.

```toml
[services.api]
source = \"api\"
dockerfile = \"Dockerfile\"       # bad: `COPY . .`, and api/ holds package.json and no .dockerignore

[services.web]
source = \"web\"
context = \".\"
dockerfile = \"Dockerfile\"       # bad: web/.dockerignore is not read; good: web/Dockerfile.dockerignore
```

**Fix.** Move the file to the root of the context, or call it like the Dockerfile: `web/Dockerfile.dockerignore`. Begin a new
one with `.git`, `node_modules`, `.env` and `.env.*`. Or copy what is needed, by its name.

What is judged is the repository and not what happens to lie in a working copy: `package.json` says that there will be a
`node_modules`, and services.toml where env files lie.

**Source.** Docker docs, \"Build context\", \".dockerignore files\", \"Filename and location\". Tried with BuildKit of Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // Beside one Dockerfile, and at the root of the context of another one.
    let mut read: BTreeSet<&str> = BTreeSet::new();
    let mut places: Vec<(&Plan, &Service, BuildPlace, &BuildContext)> = Vec::new();
    for plan in context.plans {
        for service in plan.services.values() {
            let Some(place) = service.build_place(&plan.output) else { continue };
            let Some(known) = context.sources.build_context(&place) else { continue };
            read.extend(known.ignore.as_ref().map(|(path, _)| path.as_str()));
            places.push((plan, service, place, known));
        }
    }
    for (plan, service, place, known) in places {
        if let Some(stray) = known.stray.as_ref().filter(|stray| !read.contains(stray.as_str())) {
            findings.push(misplaced(context, plan, service, &place, stray));
        } else if known.ignore.is_none()
            && let Some(written) = context.sources.written(plan, service).filter(|written| !written.file.is_foreign())
        {
            findings.extend(missing(context, (plan, service, written), &place, known));
        }
    }
}

fn shown(context: &str) -> &str {
    if context.is_empty() { "." } else { context }
}

fn misplaced(context: &Context<'_>, plan: &Plan, service: &Service, place: &BuildPlace, stray: &str) -> Finding {
    let message = format!("no build reads `{stray}`: the context of `{}` is `{}`", service.name, shown(&place.context));
    let key = context.origin_of(plan, &service.name, "context", &["build", "context"]);
    let mut finding = Finding::new(RULE.id, RULE.severity, message, Label::file(stray, "not read")).with(Label::value(
        Some(&plan.environment),
        key,
        "the ignore file belongs here",
    ));
    finding.environment = Some(plan.environment.clone());
    finding.help(format!(
        "call it `{}{}`, and write its patterns as the context sees them",
        place.dockerfile,
        ignore::NAME
    ))
}

/// A Dockerfile that copies everything, and what comes along.
fn missing(
    context: &Context<'_>,
    built: (&Plan, &Service, &Written),
    place: &BuildPlace,
    known: &BuildContext,
) -> Option<Finding> {
    let (_, service, written) = built;
    let mut along: Vec<String> = Vec::new();
    if known.has_git {
        along.push("`.git`".to_owned());
    }
    if known.has_package {
        along.push("`node_modules`".to_owned());
    }
    let files: BTreeSet<String> = context.plans.iter().map(Plan::env_path).collect();
    let is_inside = |path: &String| place.context.is_empty() || path.starts_with(&format!("{}/", place.context));
    along.extend(files.iter().filter(|path| is_inside(path)).map(|path| format!("`{path}`")));
    if along.is_empty() {
        return None;
    }
    let target = service.build.as_ref()?.target.as_deref();
    let file = &written.file;
    let needed = file.needed(file.target(target)?, &service.build_arguments());
    let stages = file.stages.iter().zip(needed).filter(|(_, needed)| *needed).map(|(stage, _)| stage);
    let mut all = stages.flat_map(|stage| &file.instructions[stage.body.clone()]);
    let copy = all.find(|instruction| copies_everything(instruction))?;
    let name = shown(&place.context);
    let message = format!("the whole of `{name}` is copied, and no ignore file leaves anything out");
    let label = format!("takes {} along", words::and(&along));
    let finding = context.in_dockerfile(&RULE, RULE.severity, built, message, (copy.span.clone(), label.as_str()));
    let path =
        if place.context.is_empty() { ignore::NAME.to_owned() } else { format!("{}/{}", place.context, ignore::NAME) };
    let lines = "`.git`, `node_modules`, `.env` and `.env.*`";
    Some(finding.help(format!("write `{path}` with lines for what the image does not need: {lines}")))
}

/// Whether the root of the context is copied as it is.
fn copies_everything(instruction: &Instruction) -> bool {
    let is_copy = matches!(instruction.keyword, Keyword::Copy | Keyword::Add);
    let is_root = |text: &str| matches!(text.trim_matches(['"', '\'']), "." | "./" | "/" | "*" | "./*" | "/*");
    is_copy
        && instruction.flag("from").is_none()
        && instruction.flag("exclude").is_none()
        && instruction.sources().iter().any(|source| is_root(&source.text))
}

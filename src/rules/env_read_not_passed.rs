//! `env-read-not-passed`: see [`RULE`].

use super::{Context, Rule, names_secret, public_var_internal_host};
use crate::audit::{Need, Place as ReadAt, Role, Usage, Wanted};
use crate::diagnostics::words::nearest;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Service};
use crate::source::KeyPath;

/// A variable that the source asks for, and that nobody gives it.
pub(super) static RULE: Rule = Rule {
    id: "env-read-not-passed",
    severity: Severity::Error,
    summary: "the source reads a variable that the service does not get",
    docs: "\
The source of a service reads a variable, and nothing passes it: not `env`, not `build-env`, not the image. Without
another value in the source it is an error; where the source has a default or asks first whether it is there, it is a
warning, and so it is where several services are built from one source, or where only a file that is shared reads it.

JavaScript and TypeScript, Python, shell and Prisma schemas are read: `process.env`, `import.meta.env`, `os.environ`,
`os.getenv`, the settings of pydantic with their prefixes and aliases, schemas of zod and the like. Tests, what builds the
service, and scripts that nothing runs do not count. Names that are put together while the program runs are unknown:
`stackgen env --sources` shows them, and everything that is read. Of a service with an `env_file` in `compose` nothing is
said.

**Why it breaks.** A container has the variables that the compose file gives it, and no others: neither the operator's
shell nor `.env` reaches it by itself.

**How it shows.** Python's `KeyError: 'DATABASE_URL'`, pydantic's `Field required`, or `undefined` in an address, in a
container that starts again and again. With a default nothing shows: the operator sets the variable, and it changes
nothing.

```toml
# web/server.js: const url = process.env.DATABASE_URL;
[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"
env.DATABSE_URL = \"${services.postgres.url}\"     # bad: the source reads DATABASE_URL

[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"
env.DATABASE_URL = \"${services.postgres.url}\"    # good
```

**Fix.** Pass it: `NAME = { secret = true }` in `env` asks the operator for it, `NAME = { default = \"…\" }` offers a value,
`NAME = { required = false }` says that it may be empty. Or remove the line that reads it. Where the finding is wrong,
`allow.env-read-not-passed = \"…\"` on the service.

**Source.** Docker docs, \"Set environment variables within your container's environment\"; Node.js docs, \"process.env\";
Python docs, \"os.environ\"; pydantic docs, \"Settings Management\"; POSIX.1-2024, \"Parameter Expansion\". Tried with Node.js 22
and Python 3.13.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// How many places of a variable are shown.
const SHOWN: usize = 3;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values().filter(|service| !is_told_by_file(service)) {
            let Some(usage) = context.sources.audit().usage(plan, service) else { continue };
            if is_another_process(plan, service) || is_judged_elsewhere(context, plan, service) {
                continue;
            }
            let missing = usage.wanted.values().filter(|wanted| !wanted.is_passed);
            // What one environment passes, and the source can do without, is left out in the others on purpose.
            let is_meant = |wanted: &&Wanted| {
                wanted.need != Need::Fallback || !is_passed_elsewhere(context, service, &wanted.name)
            };
            for wanted in missing.filter(is_meant) {
                findings.push(finding(context, plan, service, &usage, wanted));
            }
        }
    }
}

/// Whether Compose reads variables of the service from files.
pub(super) fn is_told_by_file(service: &Service) -> bool {
    service.passthrough.get("env_file").is_some_and(Option::is_some)
}

/// Whether the service is another process of a program whose source is judged already.
fn is_another_process(plan: &Plan, service: &Service) -> bool {
    let source = |service: &Service| service.build.as_ref().map(|build| build.source.clone());
    let parent = service.extends.as_ref().and_then(|parent| plan.services.get(parent));
    parent.is_some_and(|parent| source(parent) == source(service))
}

/// Whether a service before it is built from the same source: what nothing passes to any of them is said there.
fn is_judged_elsewhere(context: &Context<'_>, plan: &Plan, service: &Service) -> bool {
    let sharing = context.sources.audit().sharing(plan, service).iter();
    let before = sharing.take_while(|name| **name != service.name).filter_map(|name| plan.services.get(name));
    before.into_iter().any(|other| !is_told_by_file(other))
}

/// Whether some environment passes the variable to the service.
fn is_passed_elsewhere(context: &Context<'_>, service: &Service, name: &str) -> bool {
    let everywhere = context.plans.iter().filter_map(|plan| plan.services.get(&service.name));
    everywhere.flat_map(|service| service.environment.keys()).any(|known| known.eq_ignore_ascii_case(name))
}

/// Where variables of a service are said.
fn place(context: &Context<'_>, plan: &Plan, service: &Service, is_baked: bool) -> KeyPath {
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
    let origin = service.origin();
    match written {
        Some(written) if is_baked && !written.build_env.is_empty() => origin.key("build-env"),
        Some(written) if !is_baked && !written.env.is_empty() => origin.key("env"),
        _ => origin,
    }
}

fn finding(context: &Context<'_>, plan: &Plan, service: &Service, usage: &Usage<'_>, wanted: &Wanted) -> Finding {
    let name = &wanted.name;
    let running: Vec<&ReadAt> = wanted.places.iter().filter(|place| place.role == Role::Running).collect();
    let is_baked = wanted.is_baked || public_var_internal_host::baked_prefix(name).is_some();
    let is_certain = wanted.need != Need::Fallback && !wanted.is_shared && !is_shared(context, plan, service);
    let severity = if is_certain { Severity::Error } else { Severity::Warning };
    let message = if wanted.need == Need::Fallback {
        format!("`{}` reads `{name}`, which nothing passes: it always does without", service.name)
    } else {
        format!("`{}` reads `{name}`, and nothing passes it", service.name)
    };
    let key = if is_baked { "build-env" } else { "env" };
    let origin = place(context, plan, service, is_baked);
    let origin_is_service = origin == service.origin();
    let label = if origin_is_service {
        context.key_of(plan, &origin, &format!("`{name}` belongs in its `{key}`"))
    } else {
        // Where the base file has the table, it is the place for all environments.
        let all = || context.read.environments.values().filter_map(|manifest| manifest.services.get(&service.name));
        let is_in_base =
            all().all(|written| if is_baked { !written.build_env.is_empty() } else { !written.env.is_empty() });
        let environment = (!is_in_base).then_some(plan.environment.as_str());
        Label::key(environment, origin, format!("`{name}` belongs here"))
    };
    let mut finding = Finding::new(RULE.id, severity, message, label);
    finding.environment = Some(plan.environment.clone());
    for place in running.iter().take(SHOWN) {
        let text = match place.need {
            Need::Fallback => "read here, with something else in its place",
            Need::Bare => "read here, with nothing in its place",
            Need::Demanded => "must be there here",
        };
        finding = finding.with(Label::within(&place.path, place.span(), text));
    }
    let unread = usage.not_read(service);
    let meant = nearest(name, unread.iter().map(String::as_str));
    // The table may be there already, and however it is written.
    let table = if origin_is_service {
        format!("`[services.{}.{key}]`", service.name)
    } else {
        format!("the `{key}` of `{}`", service.name)
    };
    let help = match meant {
        Some(meant) => format!("`{meant}` is passed, and nothing reads it: write `{name}` there"),
        None if names_secret(name) => format!("add `{name} = {{ secret = true }}` to {table}"),
        None if wanted.need == Need::Fallback => {
            format!("add `{name} = {{ default = \"…\" }}` to {table}, and an operator can set it")
        }
        None => format!("add `{name} = \"…\"` to {table}, or `{name} = {{ help = \"…\" }}` to ask the operator for it"),
    };
    finding.help(help)
}

/// Whether other services are built from the same source: one of them may be the one that reads it.
fn is_shared(context: &Context<'_>, plan: &Plan, service: &Service) -> bool {
    let others = context.sources.audit().sharing(plan, service).iter().filter(|name| **name != service.name);
    let is_independent = |other: &Service| other.extends.as_ref() != Some(&service.name);
    others.filter_map(|name| plan.services.get(name)).any(is_independent)
}

/// Whether a variable that is not read is one that `env-read-not-passed` speaks of: misspelt.
pub(super) fn is_meant_by_another(usage: &Usage<'_>, name: &str) -> bool {
    let missing = usage.wanted.values().filter(|wanted| !wanted.is_passed).map(|wanted| wanted.name.as_str());
    nearest(name, missing).is_some()
}

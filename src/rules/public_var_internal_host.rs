//! `public-var-internal-host`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::addresses::{UNKNOWN, addresses};
use crate::audit::Role;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Build, Plan, ProblemKind, Service, Target};
use crate::source::KeyPath;

/// A value for browsers that they cannot use.
pub(super) static RULE: Rule = Rule {
    id: "public-var-internal-host",
    severity: Severity::Error,
    summary: "a value that is fixed at build time, and is set too late or names an inner address",
    docs: "\
A variable whose name begins with `NEXT_PUBLIC_`, `VITE_` or `REACT_APP_` is set in `env`, where it arrives when the
container starts; or a value in `build-env` names the address that a service has inside of the stack, by a reference or
written out. The same holds for a variable with another name that the source reads when it is built (`import.meta.env.NAME`,
`$env/static/private`). Of an image that is not built here nothing is known, so there the first is a warning. The development server
of a tool reads such variables when it starts, so the development target is left alone. An address that is written out is
right where a configuration reads it (`rewrites()` in next.config.mjs): the server asks there when it runs, and no browser does.

**Why it breaks.** These tools write the value into the files that browsers load, while the image is built. What is set
later changes nothing. The name of a service is known to the containers beside it, not to a browser, and not to a build
either: no container of the stack runs then.

**How it shows.** `undefined` in the browser's requests, or `net::ERR_NAME_NOT_RESOLVED` for `http://api:8000`. On the
developer's machine it works, where the tool's own server runs.

```toml
[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"
env.NEXT_PUBLIC_API = \"https://shop.example.com/api\"       # bad: the image has been built by then

[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"
build-env.NEXT_PUBLIC_API = \"http://api:8000\"              # bad: a browser knows no `api`

[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"
build-env.NEXT_PUBLIC_API = \"${services.api.public-url}\"   # good
```

**Fix.** Move the variable to `build-env`, and use the address from outside: `${services.<name>.public-url}`.

**Source.** Next.js docs, \"Environment Variables\", \"Bundling for the browser\"; Vite docs, \"Env Variables and Modes\"; Create
React App docs, \"Adding Custom Environment Variables\".
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// Beginnings of names whose values tools bake into what browsers load.
const BAKED: [&str; 3] = ["NEXT_PUBLIC_", "VITE_", "REACT_APP_"];

/// What a name begins with, where its value is baked into what browsers load.
pub(super) fn baked_prefix(name: &str) -> Option<&'static str> {
    BAKED.into_iter().find(|prefix| name.starts_with(prefix))
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Internal { service, output } = &problem.kind else { continue };
        let message = match output {
            Some(output) => {
                format!("`{output}` of `{service}` is an address inside of the stack, and means nothing to a build")
            }
            None => format!(
                "the default of a variable has the address of `{service}` inside of the stack, and means nothing to a build"
            ),
        };
        let finding = at_problem(&RULE, plan, problem, message, "fixed when the image is built");
        findings.push(finding.with(named(context, plan, service)).help(from_outside(service)));
    }
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(too_late(context, plan, service));
            if let Some(build) = &service.build {
                inside(context, plan, service, build, findings);
            }
        }
    }
}

/// Variables that arrive when everything is fixed already.
fn too_late(context: &Context<'_>, plan: &Plan, service: &Service) -> Vec<Finding> {
    let is_told = |name: &str| {
        service.build.as_ref().is_some_and(|build| build.args.contains_key(name) || build.secrets.contains_key(name))
    };
    let target = service.build.as_ref().and_then(|build| build.target.as_deref());
    if target == Some(Target::Development.name()) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let usage = context.sources.audit().usage(plan, service);
    for name in service.environment.keys().filter(|name| !is_told(name)) {
        let environment = Some(plan.environment.as_str());
        let wanted = usage.as_ref().and_then(|usage| usage.wanted.get(name));
        let message = match (baked_prefix(name), wanted.filter(|wanted| wanted.is_baked)) {
            (Some(prefix), _) => format!(
                "`{name}` is set when the container starts, but what begins with `{prefix}` is read when the image is built"
            ),
            (None, Some(_)) => {
                format!("`{name}` is set when the container starts, but the source reads it when the image is built")
            }
            (None, None) => continue,
        };
        let place = context.origin_of_env(plan, service, name);
        let label = Label::key(environment, place, "too late");
        let read = wanted.filter(|wanted| wanted.is_baked && baked_prefix(name).is_none());
        let read = read.and_then(|wanted| wanted.places.first());
        let read =
            read.map(|place| Label::within(&place.path, place.span(), "its value is written into what is built"));
        findings.push(if service.build.is_some() {
            let source = context.origin_of(plan, &service.name, "source", &["build"]);
            Finding::new(RULE.id, RULE.severity, message, label)
                .with(Label::value(environment, source, "built here"))
                .with_all(read)
                .help(format!("move it to `[services.{}.build-env]`", service.name))
        } else {
            let image = context.origin_of(plan, &service.name, "image", &["image"]);
            Finding::new(RULE.id, Severity::Warning, message, label)
                .with(Label::value(environment, image, "built elsewhere"))
                .help("set it where the image is built; if the image puts it in when it starts, allow this rule")
        });
    }
    findings
}

/// Arguments of a build that have the address of a service written out.
fn inside(context: &Context<'_>, plan: &Plan, service: &Service, build: &Build, findings: &mut Vec<Finding>) {
    let usage = context.sources.audit().usage(plan, service);
    // What a configuration writes into what the server does, such as a rewrite, never reaches a browser.
    let is_for_server = |name: &str| {
        let wanted = usage.as_ref().and_then(|usage| usage.wanted.get(name));
        baked_prefix(name).is_none()
            && wanted.is_some_and(|wanted| {
                !wanted.is_baked && wanted.places.iter().any(|place| place.role == Role::Building)
            })
    };
    for (name, text) in build.args.iter().filter(|(name, _)| !is_for_server(name)) {
        let place = context.origin_of_build_env(plan, service, name);
        let is_told = plan
            .problems
            .iter()
            .any(|problem| problem.path == place && matches!(problem.kind, ProblemKind::Internal { .. }));
        if is_told {
            continue;
        }
        let found = addresses(&text.with_unknown(UNKNOWN)).into_iter().find_map(|address| {
            let target = plan.services.get(&address.host.to_ascii_lowercase())?;
            (address.in_url || (address.port.is_some() && address.port == target.port)).then_some(target)
        });
        let Some(target) = found else { continue };
        let message =
            format!("`{name}` has the address of `{}` inside of the stack, and means nothing to a build", target.name);
        let label = Label::value(Some(&plan.environment), place, "fixed when the image is built");
        let finding = Finding::new(RULE.id, RULE.severity, message, label);
        findings.push(finding.with(named(context, plan, &target.name)).help(from_outside(&target.name)));
    }
}

fn named(context: &Context<'_>, plan: &Plan, service: &str) -> Label {
    context.key_of(plan, &KeyPath::of(["services", service]), "only its neighbours know this name")
}

fn from_outside(service: &str) -> String {
    format!("use `${{services.{service}.public-url}}`, the address from outside")
}

//! `undefined-routing-reference`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::kinds::Class;
use crate::plan::{Plan, Problem, ProblemKind};
use crate::source::KeyPath;

mod flags;
mod labels;
mod middlewares;

/// A middleware, entry point, resolver or service that nothing defines.
pub(super) static RULE: Rule = Rule {
    id: "undefined-routing-reference",
    severity: Severity::Error,
    summary: "a middleware, entry point, resolver or service that nothing defines",
    docs: "\
A route, an entry point, a chain or a label names a middleware, an entry point, a certificate resolver or a service that
nothing defines; or it needs one that is not there: a proxy, an entry point that does not redirect, one on port 80 for an HTTP challenge.

**Why it breaks.** Traefik looks each of these names up when it builds its routers. A router with a name that it does not
find is switched off. An unknown certificate resolver is worse: the router stays, with a certificate that no browser
trusts.

In labels, a name without `@` is one that a label defines, of whichever container. A router with several entry points
works on those that exist: one that does not is a warning then. TLS options cannot be defined in labels at all. A name with
`@` is one of another provider, which `static` has to switch on: `auth@file` needs `providers.file`, and `api@internal` needs
`api`. A chain does not lead back to itself. In `static`, redirects, the probe and the metrics
name entry points as well.

**How it shows.** `404 page not found` for every request of the route, and an error in Traefik's log and API: `middleware
\"auth@docker\" does not exist`, `entryPoint \"webscure\" doesn't exist`. With an unknown resolver the browser warns of a
self-signed certificate, `TRAEFIK DEFAULT CERT`, and the API shows no error.

```toml
[middlewares]
security-headers.headers = { stsSeconds = 31536000 }

[services.web.routes]
site = { path = \"/\", middlewares = [\"security-header\"] }      # bad: a typing error
site = { path = \"/\", middlewares = [\"security-headers\"] }     # good
site = { path = \"/\", middlewares = [\"auth@file\"] }            # good, with `static.providers.file.directory`

[services.web.labels]
\"traefik.http.routers.old.middlewares\" = \"auth\"               # bad, if no label begins with
                                                                # traefik.http.middlewares.auth
```

**Fix.** Correct the name, or define what it names: `[middlewares.<name>]`, and `entrypoints` and `certificates` of the
proxy.

**Source.** Traefik docs, \"Routers\"; which mistake its API shows and which only its log was tried with Traefik 3.7.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<(&str, &str, &str)> = Vec::new();
    for (plan, problem) in context.problems() {
        let ProblemKind::UnknownRouting { what, name, known, note } = &problem.kind else { continue };
        if is_lost(context, plan, what, name) {
            continue;
        }
        // `entry point` and `without a redirect`: nothing is misspelt, something is missing.
        if name.contains(' ') {
            if !told.contains(&(&plan.environment, what, name)) && !follows_from_redirect(plan, name) {
                told.push((&plan.environment, what, name));
                findings.push(missing(context, plan, problem, what, name, note.as_deref()));
            }
            continue;
        }
        let finding = if let Some(note) = note {
            let message = format!("the {what} `{name}` cannot stand here: {note}");
            at_problem(&RULE, plan, problem, message, "").help("name another one, or remove it")
        } else {
            let message = format!("there is no {what} `{name}`");
            at_problem(&RULE, plan, problem, message, "nothing defines it").help(advice(plan, what, name, known))
        };
        findings.push(finding);
    }
    for plan in context.plans {
        labels::check(context, plan, findings);
        flags::check(context, plan, findings);
        if let Some(manifest) = context.manifest(plan) {
            middlewares::check(plan, manifest, findings);
        }
    }
}

/// Whether another mistake, which is reported on its own, most likely hides it.
fn is_lost(context: &Context<'_>, plan: &Plan, what: &str, name: &str) -> bool {
    match what {
        "middleware" => context.may_be_lost(&KeyPath::of(["middlewares", name])),
        "proxy" => {
            let is_proxy = |service: &String| {
                let kinds = context.read.environments.values().filter_map(|manifest| manifest.services.get(service));
                kinds.into_iter().any(|service| {
                    let kind = service.kind.as_ref().map(|kind| context.read.kinds.get(kind));
                    kind.is_none_or(|kind| kind.is_none_or(|kind| kind.class == Class::Proxy))
                })
            };
            let unclear = context.read.unclear.iter().filter(|owner| owner.key_at(0) == Some("services"));
            let mut names = unclear.filter_map(|owner| owner.key_at(1)).map(str::to_owned);
            context.may_be_lost(&KeyPath::of(["services"])) || names.any(|name| is_proxy(&name))
        }
        _ => proxy(plan).is_some_and(|proxy| context.may_be_lost(&KeyPath::of(["services", proxy]))),
    }
}

fn proxy(plan: &Plan) -> Option<&str> {
    plan.services.values().find(|service| service.proxy.is_some()).map(|service| service.name.as_str())
}

/// A proxy that exists in other environments.
fn absent_proxy<'a>(context: &Context<'a>, plan: &Plan) -> Option<&'a str> {
    let services = &context.manifest(plan)?.services;
    let mut absent = services.iter().filter(|(name, _)| !plan.services.contains_key(*name));
    let is_proxy = |kind: &String| context.read.kinds.get(kind).is_some_and(|kind| kind.class == Class::Proxy);
    absent.find(|(_, service)| service.kind.as_ref().is_some_and(is_proxy)).map(|(name, _)| name.as_str())
}

/// Whether no entry point is open only because one of them redirects to something that is reported on its own.
fn follows_from_redirect(plan: &Plan, name: &str) -> bool {
    let at_redirect = |problem: &Problem| {
        let last = problem.path.steps().len().checked_sub(1).and_then(|last| problem.path.key_at(last));
        matches!(problem.kind, ProblemKind::UnknownRouting { .. }) && last == Some("redirect-to")
    };
    name == "without a redirect" && plan.problems.iter().any(at_redirect)
}

/// Something that is needed and not there: told once, with every place that needs it.
fn missing(context: &Context<'_>, plan: &Plan, first: &Problem, what: &str, name: &str, note: Option<&str>) -> Finding {
    let environment = Some(plan.environment.as_str());
    let message = match note {
        Some(note) if what != "proxy" => format!("there is no {what} {name}: {note}"),
        _ => format!("there is no {what} {name}"),
    };
    let finding = context.at_key(&RULE, plan, first, message, "needs it");
    let others = context.elsewhere(plan, first, |kind| kind == &first.kind);
    let finding = others
        .into_iter()
        .fold(finding, |finding, other| finding.with(context.key_of(plan, &other.path, "needs it too")));
    let help = match (what, proxy(plan)) {
        ("proxy", _) => match absent_proxy(context, plan) {
            Some(name) => {
                let path = KeyPath::of(["services", name, "environments"]);
                return finding
                    .with(Label::value(environment, path, format!("`{name}` exists only here")))
                    .help("let it exist in the same environments as the routes");
            }
            None if plan.edge.is_some() => {
                let path = KeyPath::of(["stack", "edge"]);
                return finding.with(Label::value(environment, path, "the proxy of this project, it says")).help(
                    "declare it as it runs there: `[services.traefik]` with `kind = \"traefik\"`, `external = true` and its \
                     `entrypoints`",
                );
            }
            None => "add one: `[services.traefik]` with `kind = \"traefik\"`".to_owned(),
        },
        (_, Some(proxy)) if name == "with port 80" => {
            format!("add one to `{proxy}`, {}", beside_others("entrypoints", "web", "{ port = 80 }"))
        }
        (_, Some(proxy)) => {
            let entry_points = plan.services.get(proxy).and_then(|service| service.proxy.as_ref());
            let names = entry_points.into_iter().flat_map(|proxy| proxy.entry_points.keys());
            let base = KeyPath::of(["services", proxy, "entrypoints"]);
            return names
                .fold(finding, |finding, name| {
                    finding.with(Label::value(environment, base.key(name).key("redirect-to"), "redirects"))
                })
                .help("take `redirect-to` from one of them, or add an entry point");
        }
        (_, None) => "add it to the proxy's `entrypoints`".to_owned(),
    };
    finding.help(help)
}

/// How to write one more entry of a table, as the others are written: TOML knows no second way beside the first.
fn beside_others(table: &str, name: &str, value: &str) -> String {
    format!("in the form of the others: `{table}.{name} = {value}`, or below `[….{table}]` just `{name} = {value}`")
}

/// What was probably meant, else what there is, else how to define it.
fn advice(plan: &Plan, what: &str, name: &str, known: &[String]) -> String {
    if let Some(meant) = words::nearest(name, known.iter().map(String::as_str)) {
        return format!("did you mean `{meant}`?");
    }
    let proxy = proxy(plan).unwrap_or("traefik");
    let how = match what {
        "middleware" => {
            format!("define it with `[middlewares.{name}]`, or name one of another provider as `{name}@file`")
        }
        "certificate resolver" => {
            let value = "{ email = \"…\" }";
            match known {
                [] => format!("define it in `[services.{proxy}]`: `certificates.{name} = {value}`"),
                _ => format!("define it in `{proxy}`, {}", beside_others("certificates", name, value)),
            }
        }
        "port" => format!("name it among the `ports` of the service: `ports.{name} = 8081`"),
        _ => match known {
            [] => format!("define it in `[services.{proxy}]`: `entrypoints.{name} = {{ port = 8080 }}`"),
            _ => format!("define it in `{proxy}`, {}", beside_others("entrypoints", name, "{ port = 8080 }")),
        },
    };
    match known {
        [] => how,
        [only] => format!("{how}; the only one is `{only}`"),
        known => format!("{how}; there are {}", words::names(known)),
    }
}

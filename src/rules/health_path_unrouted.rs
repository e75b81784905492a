//! `health-path-unrouted`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::types::RouteProtocol;
use crate::manifest::unions::Toggle;
use crate::plan::{Plan, Router, Service};
use crate::source::KeyPath;

/// A path that is to be asked from outside, and that no route leads to.
pub(super) static RULE: Rule = Rule {
    id: "health-path-unrouted",
    severity: Severity::Warning,
    summary: "a path that is asked from outside, and that no route of the service reaches",
    docs: "\
`smoke` of a route names a path that the route does not match; or `ready`, which people and smoke tests ask, is matched by
no route of a service that has routes.

**Why it breaks.** A request comes in through a route or not at all. A route of `/api` takes `/api` and what is below it; a
request for `/health` goes to whoever has `/`, or to nobody.

**How it shows.** `404 page not found` from Traefik, or the page of another service, whose 200 says nothing of this one.

```toml
[services.api]
routes.api = { path = \"/api\", smoke = \"/health\" }       # bad: `/health` is not below `/api`

[services.api]
routes.api = { path = \"/api\", smoke = \"/api/health\" }   # good

[services.api]
ready = \"/ready\"
routes.api = { path = \"/api\", strip-prefix = true }     # good: `/api/ready` arrives as `/ready`
```

**Fix.** Name the path as a browser asks for it, or add it to the route: `path = [\"/api\", \"/health\"]`.

**Source.** `docs/manifest.md`, \"Routes\"; Traefik docs, \"Routers\", `PathPrefix`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(smoke(context, plan, service));
            findings.extend(ready(plan, service));
        }
    }
}

/// Routes whose own request does not come through them.
fn smoke(context: &Context<'_>, plan: &Plan, service: &Service) -> Vec<Finding> {
    let Some(written) = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, route) in &written.routes {
        let Some(Toggle::On(smoke)) = &route.smoke else { continue };
        let origin = service.origin().key("routes").key(name);
        let mut own = service.routers.iter().filter(|router| router.origin == origin).peekable();
        if own.peek().is_none() || !smoke.starts_with('/') || own.any(|router| matches(router, smoke)) {
            continue;
        }
        let message = format!("the request for `{smoke}` does not come through the route `{name}`");
        let place = |key: &str, text: &str| Label::value(Some(&plan.environment), origin.key(key), text);
        let finding = Finding::new(RULE.id, RULE.severity, message, place("smoke", "not matched"));
        let finding = if route.path.is_some() { finding.with(place("path", "this is")) } else { finding };
        let first =
            service.routers.iter().find(|router| router.origin == origin).and_then(|router| router.path.as_deref());
        let below = first.unwrap_or("/").trim_end_matches('/');
        found.push(finding.help(format!("name a path that it matches, such as `{below}{smoke}`")));
    }
    found
}

/// A path for people that no route leads to.
fn ready(plan: &Plan, service: &Service) -> Option<Finding> {
    let ready = service.ready.as_deref().filter(|ready| ready.starts_with('/'))?;
    let mut http = service.routers.iter().filter(|router| router.protocol == RouteProtocol::Http).peekable();
    let first = (*http.peek()?).clone();
    if http.any(|router| reaches(router, ready)) {
        return None;
    }
    let message = format!("no route of `{}` leads to `{ready}`, which is asked from outside", service.name);
    let environment = Some(plan.environment.as_str());
    let primary = Label::value(environment, service.origin().key("ready"), "nobody can ask for it");
    let origin: &KeyPath = &first.origin;
    let route = Label::key(environment, origin.clone(), "leads elsewhere");
    let finding = Finding::new(RULE.id, RULE.severity, message, primary).with(route);
    Some(finding.help("add the path to a route, or leave `ready` out"))
}

/// Whether a router takes requests for a path.
fn matches(router: &Router, path: &str) -> bool {
    let asked = path.split(['?', '#']).next().unwrap_or_default();
    router.path.as_deref().is_none_or(|prefix| is_below(prefix, asked))
}

/// Whether a request through a router can arrive at the service as this path.
fn reaches(router: &Router, path: &str) -> bool {
    match (&router.strip_prefix, &router.path) {
        (_, None) => true,
        (None, Some(prefix)) => is_below(prefix, path),
        (Some(strip), Some(prefix)) => is_below(prefix, &format!("{}{path}", strip.trim_end_matches('/'))),
    }
}

fn is_below(prefix: &str, path: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

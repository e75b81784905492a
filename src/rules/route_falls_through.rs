//! `route-falls-through`: see [`RULE`].

use std::collections::BTreeSet;

use super::{Context, Rule, route_overlap, router_shadowed};
use crate::diagnostics::{Finding, Severity};
use crate::manifest::types::RouteProtocol;
use crate::plan::{Plan, Router, Service};
use crate::routing;
use crate::traefik::rule::coverage::Alternatives;
use crate::traefik::rule::{self, Expression};

/// A path that a route declares, and that falls through to another router.
pub(super) static RULE: Rule = Rule {
    id: "route-falls-through",
    severity: Severity::Warning,
    summary: "a declared path whose requests a rule with a higher priority takes",
    docs: "\
A route declares a path, and a `rule` that somebody wrote, of a route or in a label, takes the requests for it: for the path
itself and for what is below it, on every host of the route, with a higher priority. Tried out are requests, so that
regular expressions count for what they match. A rule that asks for more than host and path (a header, a method) is meant to
take some requests before others, and is not judged. Where the two can be compared by their texts alone, it is
`router-shadowed` or `route-overlap`.

**Why it breaks.** Traefik asks its routers by priority, and the first one that matches answers. A route with a path has a
priority that is computed from it; one that is written by hand may beat it.

**How it shows.** Both routers look healthy in the dashboard. What is meant for the path is answered by another service, often
with its 404.

```toml
[services.web.routes]
site = { rule = \"Host(`a.example`) && PathRegexp(`^/[a-z]+`)\", priority = 90000 }   # bad
site = { rule = \"Host(`a.example`) && PathRegexp(`^/[a-z]+`)\", priority = 1 }       # good

[services.api.routes]
main = { host = \"a.example\", path = \"/api\" }
```

**Fix.** Give the rule a lower priority than the path has, or let it match less. `stackgen route` says who answers what.

**Source.** Traefik docs, \"Routers: priority\"; its `pkg/muxer/http/mux.go`. Tried with Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// Below a path, and nothing that a rule is likely to name.
const CHILD: &str = "/stackgen-falls-through";

/// A router whose rule somebody wrote, which asks for host and path alone.
struct Written<'p> {
    service: &'p Service,
    router: &'p Router,
    tree: Expression,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let routers =
            || plan.services.values().flat_map(|service| service.routers.iter().map(move |router| (service, router)));
        let mut written: Vec<Written<'_>> =
            routers().filter_map(|(service, router)| self::written(service, router)).collect();
        if written.is_empty() {
            continue;
        }
        written.sort_by_key(|written| std::cmp::Reverse(written.router.priority));
        let mut told: BTreeSet<(String, &str)> = BTreeSet::new();
        for (service, router) in routers() {
            let Some(path) = router.path.as_deref().filter(|_| !router.hosts.is_empty()) else { continue };
            let Some(other) = written.iter().find(|written| written.takes(router, path)) else { continue };
            if !is_comparable(router, other) && told.insert((router.origin.to_string(), path)) {
                findings.push(finding(context, plan, service, router, path, other));
            }
        }
    }
}

fn written<'p>(service: &'p Service, router: &'p Router) -> Option<Written<'p>> {
    if router.path.is_some() || router.protocol != RouteProtocol::Http {
        return None;
    }
    // With a variable in it that has no default, nobody knows what it takes, nor how long it is.
    let tree = rule::parse(&router.rule.with_defaults()?, router.protocol).ok()??;
    routing::asks_for_place(&tree).then_some(Written { service, router, tree })
}

impl Written<'_> {
    /// Whether it takes everything that is tried out of a path.
    fn takes(&self, declared: &Router, path: &str) -> bool {
        let (mine, theirs) = (self.router, declared);
        let is_before = mine.entry_point == theirs.entry_point
            && mine.tls.is_some() == theirs.tls.is_some()
            && mine.priority > theirs.priority;
        let below = format!("{}{CHILD}", path.trim_end_matches('/'));
        is_before
            && theirs.hosts.iter().all(|host| {
                let host = router_shadowed::shown(host);
                [path, &below].iter().all(|path| routing::takes_place(&self.tree, &host, path))
            })
    }
}

/// Whether the two rules can be compared by their texts, which other rules do.
fn is_comparable(router: &Router, other: &Written<'_>) -> bool {
    let of = |text: &str| Alternatives::of(&rule::parse(text, RouteProtocol::Http).ok()??);
    let (narrow, wide) = (of(&router_shadowed::shown(&router.rule)), Alternatives::of(&other.tree));
    narrow.zip(wide).is_some_and(|(narrow, wide)| wide.cover(&narrow))
}

fn finding(
    context: &Context<'_>,
    plan: &Plan,
    service: &Service,
    router: &Router,
    path: &str,
    other: &Written<'_>,
) -> Finding {
    let (mine, theirs) =
        (router_shadowed::called(&service.name, router), router_shadowed::called(&other.service.name, other.router));
    let message = format!("requests for `{path}` do not reach {mine}: {theirs} takes them first");
    let text = format!("has the priority {}, the path {}", other.router.priority, router.priority);
    let label = route_overlap::place(context, plan, router, "answered elsewhere");
    Finding::new(RULE.id, RULE.severity, message, label)
        .with(router_shadowed::place(context, plan, other.router, &text))
        .help(format!("give the rule a priority below {}, or let it match less", router.priority))
}

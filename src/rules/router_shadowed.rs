//! `router-shadowed`: see [`RULE`].

use std::collections::BTreeSet;

use super::rule_syntax::raw::raw_rules;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::manifest::types::RouteProtocol;
use crate::plan::{Form, Part, Plan, Router, Text};
use crate::source::KeyPath;
use crate::traefik::rule::coverage::{self, Alternatives};
use crate::traefik::rule::{self, UNKNOWN};

/// A router behind another one that takes everything.
pub(super) static RULE: Rule = Rule {
    id: "router-shadowed",
    severity: Severity::Warning,
    summary: "a router that no request reaches, since a stronger one takes everything first",
    docs: "\
A `rule`, of a route or in a label, takes every request that another router takes, and has the higher priority. Where the
priorities are equal it is `route-overlap`.

**Why it breaks.** Without a `priority` Traefik takes the length of a rule for it: more characters win, whatever they say. A
list of hosts is long and general, `Host(…) && Path(…)` may be shorter and is not.

**How it shows.** Both routers look healthy in the dashboard. The specific one gets no request; what is meant for it is
answered by the general one, often with a 404 of its program.

```toml
[services.web.routes]
main = { rule = \"Host(`shop.example.com`) || Host(`www.shop.example.com`)\" }

[services.api.routes]
hook = { rule = \"Host(`shop.example.com`) && Path(`/hook`)\" }                   # bad: it is shorter
hook = { rule = \"Host(`shop.example.com`) && Path(`/hook`)\", priority = 100 }   # good
hook = { path = \"/hook\" }                                                       # good, if `main` names its hosts in `host`
```

**Fix.** Give the specific one a higher `priority`, or say what it matches with `path` and `host`: then stackgen computes a
priority that puts the longer path first.

**Source.** Traefik docs, \"Routers\", \"Priority\"; its `pkg/muxer/http/mux.go`. Tried with Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let mut told: BTreeSet<String> = BTreeSet::new();
        each_pair(plan, &mut |pair| {
            let is_weaker = pair.weaker.router.priority < pair.stronger.router.priority;
            // One that takes everything is enough.
            if is_weaker && told.insert(pair.weaker.router.origin.to_string()) {
                findings.push(finding(context, plan, pair));
            }
        });
    }
}

/// A router, and what its rule takes.
pub(super) struct Candidate<'p> {
    /// The service that it leads to.
    pub(super) service: &'p str,
    /// The router.
    pub(super) router: &'p Router,
    alternatives: Alternatives,
    rule: String,
}

/// Two routers of one entry point, of which one takes everything that the other takes.
pub(super) struct Pair<'c, 'p> {
    /// The one that gets no request, or only by chance where the priorities are equal.
    pub(super) weaker: &'c Candidate<'p>,
    /// The one that takes everything.
    pub(super) stronger: &'c Candidate<'p>,
}

/// Calls `visit` with each pair in which somebody wrote one of the rules, but for those with one and the same rule.
pub(super) fn each_pair<'p>(plan: &'p Plan, visit: &mut dyn FnMut(&Pair<'_, 'p>)) {
    let routers =
        plan.services.values().flat_map(|service| service.routers.iter().map(move |router| (service, router)));
    if !routers.clone().any(|(_, router)| router.path.is_none()) {
        return;
    }
    let candidates: Vec<Candidate<'p>> = routers
        .filter_map(|(service, router)| {
            let rule = shown(&router.rule);
            let tree = rule::parse(&rule, router.protocol).ok()??;
            let alternatives = Alternatives::of(&tree)?;
            Some(Candidate { service: &service.name, router, alternatives, rule })
        })
        .collect();
    let ground = |candidate: &'p Router| {
        (candidate.protocol == RouteProtocol::Http, candidate.entry_point.as_str(), candidate.tls.is_some())
    };
    let rules: Vec<_> = candidates.iter().map(|known| (ground(known.router), &known.alternatives)).collect();
    let is_judged = |number: usize, other: usize| {
        let (weaker, stronger) = (&candidates[number], &candidates[other]);
        let is_raw = |candidate: &Candidate<'_>| candidate.router.path.is_none();
        let is_other = weaker.router.origin != stronger.router.origin && weaker.rule != stronger.rule;
        let is_possible = stronger.router.priority >= weaker.router.priority
            && knows_priority(plan, weaker)
            && knows_priority(plan, stronger);
        // Of two that take the same, with the same priority, the later one is told.
        let is_first = || {
            weaker.router.priority == stronger.router.priority
                && number < other
                && weaker.alternatives.cover(&stronger.alternatives)
        };
        is_other && is_possible && (is_raw(weaker) || is_raw(stronger)) && !is_first()
    };
    coverage::each_covered(&rules, &is_judged, &mut |number, other| {
        visit(&Pair { weaker: &candidates[number], stronger: &candidates[other] });
    });
}

/// Whether the priority is known: that of a label without one is the length of a rule, which a variable may change.
fn knows_priority(plan: &Plan, candidate: &Candidate<'_>) -> bool {
    let router = candidate.router;
    let is_label = router.origin.key_at(2) == Some("labels");
    let wanted = format!(".routers.{}.priority", router.name).to_ascii_lowercase();
    let has_priority = || {
        let labels = plan.services.get(candidate.service).into_iter().flat_map(|service| service.labels.keys());
        labels.into_iter().any(|label| label.to_ascii_lowercase().ends_with(&wanted))
    };
    !is_label || router.rule.with_defaults().is_some() || has_priority()
}

/// A rule with the defaults of its variables, and the names of those without one.
pub(super) fn shown(text: &Text) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        Part::Variable { form: Some((Form::DefaultIfEmpty | Form::DefaultIfUnset, default)), .. } => shown(default),
        Part::Variable { name, .. } if name.is_empty() => UNKNOWN.to_string(),
        Part::Variable { name, .. } => format!("${{{name}}}"),
    };
    text.parts().iter().map(part).collect()
}

/// Where the rule of a router stands.
pub(super) fn place(context: &Context<'_>, plan: &Plan, router: &Router, text: &str) -> Label {
    let environment = Some(plan.environment.as_str());
    match raw_rules(context, plan).into_iter().find(|raw| raw.is_of(router)) {
        Some(raw) => Label::value(environment, raw.path, text),
        None => Label::key(environment, router.origin.clone(), text),
    }
}

/// What a reader calls a router.
pub(super) fn name(candidate: &Candidate<'_>) -> String {
    called(candidate.service, candidate.router)
}

/// The same of a router of this service.
pub(super) fn called(service: &str, router: &Router) -> String {
    called_at(service, &router.origin, &router.name)
}

/// The same by the place of a router.
pub(super) fn called_at(service: &str, origin: &KeyPath, name: &str) -> String {
    match (origin.key_at(2), origin.key_at(3)) {
        (Some("routes"), Some(route)) => format!("the route `{route}` of `{service}`"),
        _ => format!("the router `{name}` of `{service}`"),
    }
}

fn finding(context: &Context<'_>, plan: &Plan, pair: &Pair<'_, '_>) -> Finding {
    let (weaker, stronger) = (pair.weaker.router, pair.stronger.router);
    let message =
        format!("{} is never reached: {} takes everything that it matches", name(pair.weaker), name(pair.stronger));
    let text = format!("has the priority {}, the other one {}", stronger.priority, weaker.priority);
    let wanted = stronger.priority.saturating_add(1);
    let finding = Finding::new(RULE.id, RULE.severity, message, place(context, plan, weaker, "never reached"));
    let finding = finding.with(place(context, plan, stronger, &text));
    let is_route = weaker.origin.key_at(2) == Some("routes");
    if !is_route {
        let label = format!("traefik.http.routers.{}.priority", weaker.name);
        return finding.help(format!("give it a higher priority: the label `{label}` = \"{wanted}\""));
    }
    let path: KeyPath = weaker.origin.key("priority");
    // Where the general one was given a priority by hand, that may be what is wrong.
    let is_chosen = stronger.origin.key_at(2) != Some("routes")
        || has_priority(context, plan, stronger)
        || has_priority(context, plan, weaker);
    let fix = Fix::new("put it before the general one").put(&plan.environment, path, wanted);
    finding.help(format!("give it a higher priority: `priority = {wanted}`")).fix((!is_chosen).then_some(fix))
}

/// Whether somebody chose the priority of a route.
fn has_priority(context: &Context<'_>, plan: &Plan, router: &Router) -> bool {
    let origin = &router.origin;
    let Some((service, route)) = origin.key_at(1).zip(origin.key_at(3)) else { return false };
    let manifest = context.manifest(plan).and_then(|manifest| manifest.services.get(service));
    manifest.and_then(|service| service.routes.get(route)).is_some_and(|route| route.priority.is_some())
}

//! `route-overlap`: see [`RULE`].

use std::collections::{HashMap, HashSet};

use indexmap::IndexSet;

use super::{Context, Rule, router_shadowed};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest::types::{Route, RouteProtocol};
use crate::manifest::unions::OneOrMany;
use crate::plan::{EVERY, Form, Part, Plan, Router, Text};
use crate::source::KeyPath;

/// Two routers that want the same request.
pub(super) static RULE: Rule = Rule {
    id: "route-overlap",
    severity: Severity::Error,
    summary: "two routers that want the same request",
    docs: "\
Two routes that match the same request on one entry point: the same path, or a path and one below it. With the same
priority it is an error: nothing says which of them gets it. With an explicit `priority` that lets one route take
everything that the other matches, it is a warning: the other one is never reached. Hosts count as equal where they are
written alike, or have the same default.

Of a `rule` that somebody wrote, all is compared that its text tells: one that takes every request of another, with the
same priority, is an error too. With a higher priority it is `router-shadowed`.

A TCP route without `sni` takes every connection of an entry point without TLS, so it is an error beside routes of HTTP.
Those that name no `entrypoints` leave out what a TCP route takes by name.

**Why it breaks.** Traefik sorts its routers by priority and takes the first one that matches. The order of two equal
ones is not defined: its sort is not even a stable one. Of a connection without TLS it asks the TCP routers first.

**How it shows.** Requests reach one of the two services, all of them, and after a restart or a redeployment perhaps the
other. Both routers look healthy in the dashboard. A route that is never reached answers with the other service's 404.

```toml
[services.api.routes]
api = { path = \"/api\" }

[services.admin.routes]
admin = { path = \"/api\" }           # bad: the same path on the same host

[services.admin.routes]
admin = { path = \"/api/admin\" }     # good: the longer path comes first
```

**Fix.** Give one of them another `path` or `host`. Leave `priority` away: the computed one puts a longer path before a
shorter one.

**Source.** Traefik docs, \"Routers: priority\"; Traefik `pkg/muxer/http/mux.go`, which sorts with `sort.Sort`. Tried with
Traefik 3.7: of equal routers one got every request, and after a restart another one; so did a path and its child.
Beside ``HostSNI(`*`)`` routes of HTTP got nothing on an entry point without TLS, and everything on one with TLS.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let candidates = candidates(plan);
        let mut said = HashSet::new();
        let mut equal: HashSet<&KeyPath> = HashSet::new();
        let by_place = by_place(&candidates);
        let by_rule = by_rule(&candidates);
        for candidate in &candidates {
            let Some((kind, other)) = candidate.rival(&by_place, &by_rule) else { continue };
            // A route on several entry points meets another one on each of them.
            if said.insert((candidate.identity(), other.identity())) {
                findings.push(finding(context, plan, kind, candidate, other));
            }
        }
        router_shadowed::each_pair(plan, &mut |pair| {
            let weaker = pair.weaker.router;
            let is_equal = weaker.priority == pair.stronger.router.priority;
            // One that takes everything is enough.
            if is_equal && equal.insert(&weaker.origin) {
                findings.push(equal_rules(context, plan, pair));
            }
        });
        findings.extend(taken(context, plan));
    }
}

/// The most routes that one finding names as never reached.
const SHOWN: usize = 5;

/// TCP routes that take every connection of an entry point to which routes of HTTP lead as well.
fn taken(context: &Context<'_>, plan: &Plan) -> Vec<Finding> {
    let all = || plan.services.values().flat_map(|service| service.routers.iter().map(move |router| (service, router)));
    let is_whole =
        |router: &Router| router.protocol == RouteProtocol::Tcp && router.tls.is_none() && is_every(&router.rule);
    let mut findings = Vec::new();
    let mut said: HashSet<&KeyPath> = HashSet::new();
    for (service, whole) in all().filter(|(_, router)| is_whole(router)) {
        let mut hidden: IndexSet<(&str, &KeyPath)> = IndexSet::new();
        let routers = all()
            .filter(|(_, router)| router.protocol == RouteProtocol::Http && router.entry_point == whole.entry_point);
        hidden.extend(routers.map(|(service, router)| (service.name.as_str(), &router.origin)));
        if hidden.is_empty() || !said.insert(&whole.origin) {
            continue;
        }
        let environment = Some(plan.environment.as_str());
        let entry_point = &whole.entry_point;
        let name = |origin: &KeyPath| origin.key_at(3).unwrap_or_default().to_owned();
        let lost = hidden.iter().take(SHOWN).map(|(service, origin)| format!("`{}` of `{service}`", name(origin)));
        let mut lost: Vec<String> = lost.collect();
        if hidden.len() > SHOWN {
            lost.push(format!("{} more", hidden.len() - SHOWN));
        }
        let message = format!(
            "the TCP route `{}` of `{}` takes every connection on `{entry_point}`, so no request reaches {}",
            name(&whole.origin),
            service.name,
            words::and(&lost)
        );
        let asks = |router: &Router| Some(route(context, plan, router)?.entrypoints.as_ref()?.len());
        let label = |router: &Router, text: &str| match asks(router) {
            Some(_) => Label::value(environment, router.origin.key("entrypoints"), text),
            None => Label::key(environment, router.origin.clone(), text),
        };
        let finding = Finding::new(RULE.id, Severity::Error, message, label(whole, "takes every connection"));
        let finding = hidden.iter().take(SHOWN).fold(finding, |finding, (_, origin)| {
            let router = all().map(|(_, router)| router).find(|router| router.origin == **origin);
            router.into_iter().fold(finding, |finding, router| finding.with(label(router, "never reached")))
        });
        let help =
            "name an entry point of its own in the TCP route's `entrypoints`; routes that name none leave it out";
        findings.push(finding.help(help));
    }
    findings
}

/// Two rules of one priority, of which one takes everything that the other takes.
fn equal_rules(context: &Context<'_>, plan: &Plan, pair: &router_shadowed::Pair<'_, '_>) -> Finding {
    let (mine, theirs) = (router_shadowed::name(pair.weaker), router_shadowed::name(pair.stronger));
    let message = format!("{theirs} takes everything that {mine} matches, with the same priority");
    let label = |router, text: &str| router_shadowed::place(context, plan, router, text);
    let finding = Finding::new(
        RULE.id,
        Severity::Error,
        message,
        label(pair.weaker.router, "which of the two is taken is not defined"),
    );
    let wanted = pair.stronger.router.priority.saturating_add(1);
    finding
        .with(label(pair.stronger.router, "the same request"))
        .help(format!("give the one that is to win a higher priority, such as {wanted}"))
}

/// Whether a rule matches every connection.
fn is_every(rule: &Text) -> bool {
    rule.as_literal().is_some_and(|rule| rule.trim() == EVERY)
}

/// How two routers stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rivalry {
    /// Nothing says which one is taken.
    Equal,
    /// The other one takes everything.
    Hidden,
}

/// A router, and what its rule matches.
struct Candidate<'p> {
    /// The position among all routers: the order of the file.
    order: usize,
    service: &'p str,
    router: &'p Router,
    rule: String,
    hosts: IndexSet<String>,
}

type Index<'c, 'p, K> = HashMap<K, Vec<&'c Candidate<'p>>>;

/// Entry point, path and host.
type PlaceKey<'c> = (&'c str, &'c str, &'c str);

/// Entry point and rule.
type RuleKey<'c> = (&'c str, &'c str);

fn candidates(plan: &Plan) -> Vec<Candidate<'_>> {
    let routers =
        plan.services.values().flat_map(|service| service.routers.iter().map(move |router| (service, router)));
    // A path without a host is reported on its own: nobody knows what it was meant to match.
    let judged = routers.filter(|(_, router)| is_raw(router) || !router.hosts.is_empty());
    judged
        .enumerate()
        .map(|(order, (service, router))| Candidate {
            order,
            service: &service.name,
            router,
            rule: router.rule.to_compose(),
            hosts: router.hosts.iter().map(host).collect(),
        })
        .collect()
}

fn is_raw(router: &Router) -> bool {
    router.path.is_none()
}

/// A host as it can be compared and shown: with the defaults of its variables, in lower case as Traefik compares it.
fn host(text: &Text) -> String {
    let known = |part: &Part| match part {
        Part::Literal(text) => text.to_ascii_lowercase(),
        Part::Variable { form: Some((Form::DefaultIfEmpty | Form::DefaultIfUnset, default)), .. } => host(default),
        Part::Variable { name, .. } => format!("${{{name}}}"),
    };
    text.parts().iter().map(known).collect()
}

fn by_place<'c, 'p>(candidates: &'c [Candidate<'p>]) -> Index<'c, 'p, PlaceKey<'c>> {
    let mut index: Index<'c, 'p, PlaceKey<'c>> = HashMap::new();
    for candidate in candidates {
        let Some(path) = &candidate.router.path else { continue };
        for host in &candidate.hosts {
            index.entry((&candidate.router.entry_point, path, host)).or_default().push(candidate);
        }
    }
    strongest_first(&mut index);
    index
}

fn by_rule<'c, 'p>(candidates: &'c [Candidate<'p>]) -> Index<'c, 'p, RuleKey<'c>> {
    let mut index: Index<'c, 'p, RuleKey<'c>> = HashMap::new();
    for candidate in candidates {
        index.entry((&candidate.router.entry_point, &candidate.rule)).or_default().push(candidate);
    }
    index.retain(|_, group| group.iter().any(|candidate| is_raw(candidate.router)));
    strongest_first(&mut index);
    index
}

fn strongest_first<K>(index: &mut Index<'_, '_, K>) {
    for group in index.values_mut() {
        group.sort_by_key(|candidate| (std::cmp::Reverse(candidate.router.priority), candidate.order));
    }
}

impl<'p> Candidate<'p> {
    /// What makes two routers the same mistake on another entry point.
    fn identity(&self) -> (&'p KeyPath, Option<&'p str>) {
        (&self.router.origin, self.router.path.as_deref())
    }

    /// The router that this one has to yield to: an earlier one of the same priority, or a stronger one that takes
    /// everything.
    fn rival<'c>(
        &self,
        by_place: &Index<'c, 'p, PlaceKey<'_>>,
        by_rule: &Index<'c, 'p, RuleKey<'_>>,
    ) -> Option<(Rivalry, &'c Candidate<'p>)> {
        let entry_point = self.router.entry_point.as_str();
        let same = by_rule.get(&(entry_point, self.rule.as_str())).and_then(|group| self.among(group, |_| true));
        if same.is_some() {
            return same;
        }
        let path = self.router.path.as_deref()?;
        let mut hidden = None;
        for path in ancestors(path) {
            for host in &self.hosts {
                let Some(group) = by_place.get(&(entry_point, path, host.as_str())) else { continue };
                match self.among(group, |other| other.hosts.is_superset(&self.hosts)) {
                    Some((Rivalry::Equal, other)) => return Some((Rivalry::Equal, other)),
                    found => hidden = hidden.or(found),
                }
            }
        }
        hidden
    }

    /// The rival among routers that are sorted by priority; `covers` says whether one takes everything.
    fn among<'c>(
        &self,
        group: &[&'c Candidate<'p>],
        covers: impl Fn(&Candidate<'p>) -> bool,
    ) -> Option<(Rivalry, &'c Candidate<'p>)> {
        let priority = self.router.priority;
        let end = group.partition_point(|other| other.router.priority > priority);
        // The paths of one route lead to the same place.
        let is_other = |other: &&&'c Candidate<'p>| other.router.origin != self.router.origin;
        // Each pair is reported once: at the longer path, or at the later one in the file.
        let is_first = |other: &Candidate<'p>| other.router.path != self.router.path || other.order < self.order;
        let equal = group[end..].iter().take_while(|other| other.router.priority == priority);
        let equal = equal.filter(is_other).find(|other| is_first(other));
        if let Some(other) = equal {
            return Some((Rivalry::Equal, other));
        }
        group[..end].iter().filter(is_other).find(|other| covers(other)).map(|other| (Rivalry::Hidden, *other))
    }
}

/// A path and those above it: `/a/b`, `/a`, `/`.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| match path.rfind('/') {
        _ if *path == "/" => None,
        Some(0) => Some("/"),
        Some(at) => Some(&path[..at]),
        None => None,
    })
}

fn finding(
    context: &Context<'_>,
    plan: &Plan,
    kind: Rivalry,
    candidate: &Candidate<'_>,
    other: &Candidate<'_>,
) -> Finding {
    let what = |candidate: &Candidate<'_>| {
        let route = candidate.router.origin.key_at(3).unwrap_or_default();
        format!("the route `{route}` of `{}`", candidate.service)
    };
    let (mine, theirs) = (what(candidate), what(other));
    let matched = matched(candidate, other);
    let label = |candidate: &Candidate<'_>, text: &str| place(context, plan, candidate.router, text);
    match kind {
        Rivalry::Equal => {
            let message = format!("{theirs} and {mine} both match {matched}, with the same priority");
            Finding::new(
                RULE.id,
                Severity::Error,
                message,
                label(candidate, "which of the two is taken is not defined"),
            )
            .with(label(other, "the same request"))
            .help(if is_raw(candidate.router) {
                "give one of them another rule, or take it away"
            } else if candidate.router.path == other.router.path {
                "give one of them another `path` or `host`"
            } else {
                "leave `priority` away: the longer path comes first then"
            })
        }
        Rivalry::Hidden => {
            let message = format!("{mine} is never reached: {theirs} takes {matched} first");
            Finding::new(RULE.id, Severity::Warning, message, label(candidate, "never reached"))
                .with(label(other, &priorities(candidate.router, other.router)))
                .help(if candidate.router.path == other.router.path {
                    "give one of them another `path` or `host`, or take the weaker one away"
                } else {
                    "leave `priority` away: the longer path comes first then"
                })
        }
    }
}

/// The requests that both match, in words.
fn matched(candidate: &Candidate<'_>, other: &Candidate<'_>) -> String {
    let path = candidate.router.path.as_deref().unwrap_or_default();
    // The host of both, which may have another name in each environment, is not the matter.
    if !path.is_empty() && candidate.hosts == other.hosts {
        return format!("`{path}`");
    }
    let shared = candidate.hosts.intersection(&other.hosts).map(|host| format!("`{host}{path}`"));
    let shared: Vec<String> = shared.collect();
    // A raw rule is equal to the other one, and says nothing of its hosts.
    if shared.is_empty() { "the same requests".to_owned() } else { words::and(&shared) }
}

fn route<'c>(context: &Context<'c>, plan: &Plan, router: &Router) -> Option<&'c Route> {
    let service = context.manifest(plan)?.services.get(router.origin.key_at(1)?)?;
    service.routes.get(router.origin.key_at(3)?)
}

fn priorities(weaker: &Router, stronger: &Router) -> String {
    format!("has the priority {}, the other one {}", stronger.priority, weaker.priority)
}

/// Where the path or rule of a router stands.
pub(super) fn place(context: &Context<'_>, plan: &Plan, router: &Router, text: &str) -> Label {
    let environment = Some(plan.environment.as_str());
    let route = route(context, plan, router);
    let origin = &router.origin;
    let Some(path) = &router.path else { return Label::value(environment, origin.key("rule"), text) };
    let is_this = |written: &String| written == path || written.trim_end_matches('/') == path;
    match route.and_then(|route| route.path.as_ref()) {
        None => Label::key(environment, origin.clone(), text),
        Some(OneOrMany::One(_)) => Label::value(environment, origin.key("path"), text),
        Some(OneOrMany::Many(paths)) => {
            let position = paths.iter().position(is_this).unwrap_or_default();
            Label::value(environment, origin.key("path").index(position), text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_every_path_above_it() {
        assert_eq!(ancestors("/a/b").collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
        assert_eq!(ancestors("/").collect::<Vec<_>>(), ["/"]);
    }
}

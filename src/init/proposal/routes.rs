//! Ways in: the routers that labels define, and the offer of a proxy where several services answer HTTP without one.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::Value;

use super::ends::Sight;
use super::{Entry, Material, Proposal, Service, labels, values};
use crate::compose::interpolation::names;
use crate::init::judgement::{is_harmless, is_shown_command};
use crate::init::seen::Container;
use crate::kinds::Class;
use crate::manifest::types::RouteProtocol;
use crate::traefik::dynamic::named::named;
use crate::traefik::rule::{self, Expression, MatcherKind};

/// The routers of every container.
pub(super) fn add(proposal: &mut Proposal, material: Material<'_>) {
    let proxies: Vec<String> = proposal
        .services
        .iter()
        .filter(|(_, service)| is_proxy(material, service))
        .map(|(name, _)| name.clone())
        .collect();
    let ends = proxies.first().and_then(|name| proposal.services[name].tables.get("entrypoints"));
    let points = points(ends.into_iter().flatten().map(|(name, entry)| (name, &entry.value)));
    let mut hosts: Vec<String> = Vec::new();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let of_proxies = material.seen.containers.iter().filter(|container| proxies.contains(&container.name));
    let sight = Sight::of(of_proxies, material.snapshot);
    for container in &material.seen.containers {
        let name = container.name.clone();
        let (ours, others): (Vec<_>, Vec<_>) =
            container.labels.iter().partition(|(label, _)| label.to_ascii_lowercase().starts_with("traefik."));
        let mut kept: IndexMap<String, Entry> = IndexMap::new();
        for (label, value) in others {
            if label.starts_with("stackgen.") {
                continue;
            }
            labels::keep(proposal, container, label, value, &mut kept);
        }
        if proxies.is_empty() {
            // Another stack has the proxy; its labels mean the same as they are.
            for (label, value) in &ours {
                labels::keep(proposal, container, label, value, &mut kept);
            }
            labels::without_open_routers(proposal, container, &mut kept);
            if !ours.is_empty() {
                proposal.unknown(&name, "which proxy reads its labels: it runs elsewhere, so they stay as they are");
            }
        } else if !proxies.contains(&name) && !ours.is_empty() && labels::is_seen(proposal, container, &sight) {
            if proposal.services.get(&name).is_some_and(|service| service.port.is_none()) {
                labels::without_port(proposal, container, &mut kept, &mut used);
                if let Some(service) = proposal.services.get_mut(&name).filter(|_| !kept.is_empty()) {
                    service.tables.insert("labels".to_owned(), kept);
                }
                continue;
            }
            let routes = routers(proposal, container, &points, &mut hosts, &mut used);
            if let (false, Some(service)) = (routes.is_empty(), proposal.services.get_mut(&name)) {
                service.tables.insert("routes".to_owned(), routes);
            }
            labels::others(proposal, container, &mut kept);
        }
        if let (false, Some(service)) = (kept.is_empty(), proposal.services.get_mut(&name)) {
            service.tables.insert("labels".to_owned(), kept);
        }
    }
    if !proxies.is_empty() {
        labels::add(proposal, material, &proxies, &points, &sight, used);
    }
    // The host that all have in common is that of the stack.
    let mut counted: IndexMap<String, usize> = IndexMap::new();
    for host in hosts {
        *counted.entry(host).or_default() += 1;
    }
    let is_one = counted.len() == 1;
    let common = counted.into_iter().rev().max_by_key(|(_, count)| *count);
    if let Some((host, _)) = common.filter(|(_, count)| is_one || *count > 1) {
        for variable in names(&host) {
            proposal.declare(&variable, None, Some("from the labels of a router".to_owned()));
        }
        proposal.stack.insert("host".to_owned(), Entry::noted(host.clone(), "from the labels of the routers"));
    }
    // What the environments say otherwise, they say of routes as they are written.
    let settled = Settled::of(proposal, &material.seen.containers);
    let tables = proposal.services.values_mut().filter_map(|service| service.tables.get_mut("routes"));
    for route in tables.flat_map(IndexMap::values_mut).filter_map(|entry| entry.value.as_table_mut()) {
        settled.settle(route, None);
    }
    if !material.seen.is_compose_ours {
        labels::elsewhere::add(proposal, material, &proxies);
    }
}

/// What a rule has to have to be asked before every path.
const BEFORE_PATHS: i64 = 20_000;

/// What the routes of a file have in common when they are written.
pub(super) struct Settled {
    /// The host of the stack.
    host: Option<Value>,
    /// The length of the longest rule that becomes a path.
    longest: usize,
}

impl Settled {
    /// Of the routers of containers, once the host of the stack is known.
    pub(super) fn of<'c>(proposal: &Proposal, containers: impl IntoIterator<Item = &'c Container>) -> Self {
        let mut longest = 0;
        for (label, value) in containers.into_iter().flat_map(|container| &container.labels) {
            let lower = label.to_ascii_lowercase();
            let option = lower.strip_prefix("traefik.http.routers.").and_then(|rest| rest.split_once('.'));
            if option.is_some_and(|(_, option)| option == "rule") && plain(value, true).is_some() {
                longest = longest.max(bare_rule(value).len());
            }
        }
        Self { host: proposal.stack.get("host").map(|entry| entry.value.clone()), longest }
    }

    /// Says of a route with all its words what stays to be said. In an environment that is laid over `known`.
    pub(super) fn settle(&self, route: &mut toml::Table, known: Option<&toml::Table>) {
        // Where the other one has a host of its own, that of the stack is said too.
        let is_own = known.is_some_and(|known| known.contains_key("host"));
        if self.host.is_some() && route.get("host") == self.host.as_ref() && !is_own {
            route.remove("host");
        }
        // A route that names no host is on that of the stack; where there is none, its rule says it.
        if route.contains_key("rule") && route.contains_key("path") {
            let is_path = self.host.is_some() || route.contains_key("strip-prefix");
            route.remove(if is_path { "rule" } else { "path" });
        }
        // A path that stands alone is a rule, and would be asked after every route with a path: so it has a priority where
        // it was asked before them.
        let is_before = route.get("rule").and_then(Value::as_str).is_some_and(|rule| {
            plain(rule, true).is_none() && plain(rule, false).is_some() && bare_rule(rule).len() > self.longest
        });
        if is_before && !route.contains_key("priority") {
            route.insert("priority".to_owned(), BEFORE_PATHS.into());
        }
    }
}

/// A rule with its variables alone: Traefik ranks by its length.
fn bare_rule(text: &str) -> String {
    hosts_of(text).iter().fold(text.to_owned(), |rule, host| rule.replace(host, &bare_variable(host)))
}

/// The entry points of a proxy: name, and whether it only leads to another one.
pub(super) fn points<'e>(entries: impl Iterator<Item = (&'e String, &'e Value)>) -> Vec<(String, bool)> {
    entries.map(|(name, entry)| (name.clone(), entry.get("redirect-to").is_some_and(Value::is_str))).collect()
}

pub(super) fn is_proxy(material: Material<'_>, service: &Service) -> bool {
    service.kind().and_then(|kind| material.kinds.get(kind)).is_some_and(|kind| kind.class == Class::Proxy)
}

/// Gives a route its middlewares, the ones that only take its path off as its own words; the names of the others that are
/// defined by labels.
fn protected(route: &mut toml::Table, middlewares: &str, stripped: &IndexMap<String, String>) -> Vec<String> {
    let mut used = Vec::new();
    let mut others: Vec<Value> = Vec::new();
    for middleware in middlewares.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let own = labels::of_docker(middleware);
        match own.as_ref().and_then(|name| stripped.get(name)) {
            Some(prefix) if route.contains_key("path") => {
                let is_own = route.get("path").and_then(Value::as_str) == Some(prefix);
                route.insert("strip-prefix".to_owned(), if is_own { true.into() } else { prefix.clone().into() });
            }
            _ => {
                let is_whole = middleware.contains('@');
                others.push(if is_whole { middleware.into() } else { format!("{middleware}@docker").into() });
                used.extend(own);
            }
        }
    }
    if !others.is_empty() {
        route.insert("middlewares".to_owned(), others.into());
    }
    used
}

/// Why a router can be no route: its rule may not be shown, or the proxy has none of its entry points.
fn refusal(from: &str, router: &str, rule: &str, on: &[String], points: &[(String, bool)]) -> Option<String> {
    let words: Vec<String> = rule.split_whitespace().map(str::to_owned).collect();
    if !labels::is_shown_rule(rule) || !is_shown_command(&words) {
        return Some(format!("the rule of its router `{router}`: it may hold a secret, so it is not copied"));
    }
    let is_nowhere = !points.iter().any(|(point, _)| on.contains(point));
    (is_nowhere && !points.is_empty() && !on.is_empty()).then(|| {
        let all: Vec<String> = on.iter().map(|point| format!("`{point}`")).collect();
        format!(
            "its router `{router}` in {from}: it is on {}, which the proxy does not have there, so nobody reaches it and there \
             is no route",
            all.join(", ")
        )
    })
}

/// The routers of a container as routes.
pub(super) fn routers(
    proposal: &mut Proposal,
    container: &Container,
    points: &[(String, bool)],
    hosts: &mut Vec<String>,
    used: &mut BTreeSet<String>,
) -> IndexMap<String, Entry> {
    let name = container.name.as_str();
    let all = || container.labels.keys().map(String::as_str);
    let stripped = stripped(container);
    let mut routes: IndexMap<String, (String, toml::Table, Vec<String>)> = IndexMap::new();
    let mut unsaid: BTreeSet<String> = BTreeSet::new();
    for (_, router) in named(all(), "http", "routers") {
        let value = |option: &str| container.labels.get(*router.options.get(option)?).map(String::as_str);
        let Some(text) = value("rule") else { continue };
        // An address that is written once for each entry point is one route.
        let bare = points.iter().find_map(|(point, _)| router.name.strip_suffix(&format!("-{point}")));
        let route_name = long_slug(bare.unwrap_or(router.name));
        let entry_points: Vec<String> = value("entrypoints")
            .unwrap_or_default()
            .split(',')
            .map(|p| p.trim().to_owned())
            .filter(|p| !p.is_empty())
            .collect();
        if let Some(why) = refusal(&container.from, router.name, text, &entry_points, points) {
            proposal.unknown(name, why);
            continue;
        }
        if value("tls.options").is_some() {
            let what = format!(
                "its router `{}`: it has options of TLS (`tls.options`), such as which certificates clients need, for which a \
                 route has no word; so there is no route without them either",
                router.name
            );
            proposal.unknown(name, what);
            continue;
        }
        let mut route = of_rule(proposal, container, text, hosts);
        used.extend(protected(&mut route, value("middlewares").unwrap_or_default(), &stripped));
        if let Some(priority) = value("priority").and_then(|priority| priority.parse::<i64>().ok()) {
            // Those that stackgen computes begin at 10,000.
            if priority < 10_000 {
                route.insert("priority".to_owned(), priority.into());
            }
        }
        if let Some(port) = port_of(container, value("service")) {
            route.insert("port".to_owned(), port.into());
        }
        unsaid
            .extend(router.options.iter().filter(|(option, _)| !is_said(option)).map(|(_, label)| (*label).to_owned()));
        // The same with another protection is another route.
        match routes.values_mut().find(|(rule, known, _)| rule == text && *known == route) {
            Some((_, _, known)) if !known.is_empty() && !entry_points.is_empty() => known.extend(entry_points),
            Some((_, _, known)) => known.clear(),
            None => {
                let name = if routes.contains_key(&route_name) { long_slug(router.name) } else { route_name };
                routes.insert(name, (text.to_owned(), route, entry_points));
            }
        }
    }
    for (_, service) in named(all(), "http", "services") {
        let is_said = |option: &str| matches!(option, "loadbalancer.server.port" | "loadbalancer.passhostheader");
        unsaid.extend(
            service.options.iter().filter(|(option, _)| !is_said(option)).map(|(_, label)| (*label).to_owned()),
        );
    }
    if !unsaid.is_empty() {
        let labels: Vec<String> = unsaid.iter().map(|label| format!("`{label}`")).collect();
        proposal.unknown(name, format!("what these labels say, for which a route has no word: {}", labels.join(", ")));
    }
    let stack = proposal.stack.get("name").and_then(|entry| entry.value.as_str()).unwrap_or_default().to_owned();
    let open: Vec<&String> = points.iter().filter(|(_, redirects)| !redirects).map(|(name, _)| name).collect();
    let mut entries: IndexMap<String, Entry> = IndexMap::new();
    for (route_name, (_, mut route, entry_points)) in routes {
        let is_default = entry_points.is_empty() || open.iter().all(|point| entry_points.contains(point));
        if !is_default {
            let known: Vec<Value> = entry_points
                .iter()
                .filter(|name| points.iter().any(|(known, _)| known == *name))
                .map(|name| Value::from(name.clone()))
                .collect();
            if !known.is_empty() {
                route.insert("entrypoints".to_owned(), known.into());
            }
        }
        // The names of stack and service say nothing here.
        let mut short = route_name.as_str();
        for start in [stack.as_str(), name, container.spelled.as_str()] {
            short = short.strip_prefix(start).filter(|rest| rest.starts_with('-')).map_or(short, |rest| &rest[1..]);
        }
        let short = if short.is_empty() { name } else { short };
        // None takes the place of another one that is called the same without them.
        let mut key = short.to_owned();
        let more = std::iter::once(route_name.clone()).chain((2..).map(|count| format!("{route_name}-{count}")));
        for other in more {
            if !entries.contains_key(&key) {
                break;
            }
            key = other;
        }
        entries.insert(key, Entry::noted(route, format!("from {}", container.from)));
    }
    entries
}

/// Whether what a router says under this option is in a route, or follows from its entry points.
fn is_said(option: &str) -> bool {
    ["rule", "entrypoints", "middlewares", "priority", "service", "tls", "tls.certresolver"].contains(&option)
}

/// The port that a router leads to, where its container has several.
fn port_of(container: &Container, service: Option<&str>) -> Option<i64> {
    let services = named(container.labels.keys().map(String::as_str), "http", "services");
    let port = |options: &IndexMap<String, &str>| {
        container.labels.get(*options.get("loadbalancer.server.port")?)?.parse::<i64>().ok()
    };
    let ports: BTreeSet<i64> = services.values().filter_map(|service| port(&service.options)).collect();
    let service = service?.to_lowercase();
    let own = services.get(service.trim_end_matches("@docker"))?;
    port(&own.options).filter(|_| ports.len() > 1)
}

/// What a rule says, as a route.
fn of_rule(proposal: &mut Proposal, container: &Container, text: &str, hosts: &mut Vec<String>) -> toml::Table {
    let mut route = toml::Table::new();
    let from = format!("from {}", container.from);
    let Some((paths, of_host)) = plain(text, true) else {
        route.insert("rule".to_owned(), labels::bare(proposal, text, &from).into());
        return route;
    };
    let paths = if paths.is_empty() { vec!["/".to_owned()] } else { paths };
    route.insert("path".to_owned(), one_or_many(paths));
    // What developers reach it as is no host of its own.
    let of_host: Vec<String> = match of_host.as_slice() {
        [_] | [] => of_host,
        several => several.iter().filter(|host| *host != "localhost").cloned().collect(),
    };
    if let [host] = of_host.as_slice() {
        hosts.push(host.clone());
    }
    for host in hosts_of(text) {
        for variable in names(&host) {
            proposal.declare(&variable, None, Some(from.clone()));
        }
        if let Some((variable, Some(values::Operator::Default), default)) = values::whole(&host) {
            let default = is_harmless(&variable, &default).then(|| Value::from(default));
            proposal.declare(&variable, default, Some(from.clone()));
        }
    }
    if of_host.is_empty() {
        // As it is, for where the stack has no host either.
        route.insert("rule".to_owned(), Value::from(text));
    } else {
        route.insert("host".to_owned(), one_or_many(of_host));
    }
    route
}

/// The prefixes that middlewares of a container take away, by their names in small letters.
fn stripped(container: &Container) -> IndexMap<String, String> {
    let all = named(container.labels.keys().map(String::as_str), "http", "middlewares");
    all.into_iter()
        .filter_map(|(name, middleware)| {
            let label = middleware.options.get("stripprefix.prefixes")?;
            let value = container.labels.get(*label)?;
            (!value.contains(',')).then(|| (name.to_lowercase(), value.clone()))
        })
        .collect()
}

fn one_or_many(mut all: Vec<String>) -> Value {
    if all.len() == 1 {
        Value::from(all.remove(0))
    } else {
        Value::from(all.into_iter().map(Value::from).collect::<Vec<_>>())
    }
}

/// The name of a router, however long it is.
fn long_slug(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
        .to_ascii_lowercase()
}

/// The ways that the labels of containers open, by their paths: path, service.
pub(super) fn ways(material: Material<'_>) -> Vec<(String, String)> {
    let mut ways = Vec::new();
    for container in &material.seen.containers {
        for (_, router) in named(container.labels.keys().map(String::as_str), "http", "routers") {
            let rule = router.options.get("rule").and_then(|label| container.labels.get(*label));
            let Some((paths, _)) = rule.and_then(|rule| plain(rule, false)) else { continue };
            let paths = if paths.is_empty() { vec!["/".to_owned()] } else { paths };
            ways.extend(paths.into_iter().map(|path| (path, container.name.clone())));
        }
    }
    // The longest that fits is the one that answers.
    ways.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    ways.dedup();
    ways
}

/// The paths and hosts of a rule that says nothing else: `Host(a) && (Path(b) || PathPrefix(b/))`. A route has what is below
/// its path too, so none where a `Path` stands alone and that counts.
fn plain(text: &str, is_exact: bool) -> Option<(Vec<String>, Vec<String>)> {
    let expression = rule::parse(text, RouteProtocol::Http).ok()??;
    let parts = match expression {
        Expression::And(parts) => parts,
        other => vec![other],
    };
    let (mut paths, mut hosts) = (Vec::new(), Vec::new());
    let mut alone: Vec<String> = Vec::new();
    for part in parts {
        let alternatives = match part {
            Expression::Or(parts) => parts,
            other => vec![other],
        };
        let mut kinds = Vec::new();
        let mut prefixes: Vec<String> = Vec::new();
        for alternative in alternatives {
            let Expression::Matcher(matcher) = alternative else { return None };
            let value = matcher.arguments.first()?.value.clone();
            match matcher.kind {
                MatcherKind::Host => hosts.push(bare_variable(&value)),
                MatcherKind::Path | MatcherKind::PathPrefix => {
                    let path = value.trim_end_matches('/').to_owned();
                    let path = if path.is_empty() { "/".to_owned() } else { path };
                    if matcher.kind == MatcherKind::Path { &mut alone } else { &mut prefixes }.push(path.clone());
                    if !paths.contains(&path) {
                        paths.push(path);
                    }
                }
                _ => return None,
            }
            kinds.push(matcher.kind == MatcherKind::Host);
        }
        alone.retain(|path| !prefixes.contains(path));
        if kinds.windows(2).any(|pair| pair[0] != pair[1]) {
            return None;
        }
    }
    (alone.is_empty() || !is_exact).then_some((paths, hosts))
}

/// The hosts of a rule, as they are written.
fn hosts_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(Some(expression)) = rule::parse(text, RouteProtocol::Http) {
        expression.each_matcher(&mut |matcher, _| {
            if matcher.kind == MatcherKind::Host {
                found.extend(matcher.arguments.iter().map(|argument| argument.value.clone()));
            }
        });
    }
    found
}

/// A host that is a variable, without its operator.
fn bare_variable(text: &str) -> String {
    match values::whole(text) {
        Some((name, ..)) => format!("${{{name}}}"),
        None => text.to_owned(),
    }
}

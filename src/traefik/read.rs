//! Labels read back as routers: what a service says in Traefik's own words counts like a route.
//!
//! The names of options do not depend on case (Traefik, `paerser`); those of routers do.

use indexmap::IndexMap;

use super::Edge;
use super::labels::section;
use crate::manifest::types::RouteProtocol;
use crate::plan::{MiddlewareUse, Router, RouterTls, Service, Text};

/// What labels say of a router: option, value, and the label.
type Said<'a> = IndexMap<String, (&'a Text, &'a str)>;

/// Brings the routers of a service in line with its labels, and adds those that only labels know.
pub(super) fn read_back(service: &mut Service, edge: &Edge) {
    let mut routers = std::mem::take(&mut service.routers);
    let mut added = Vec::new();
    for protocol in [RouteProtocol::Http, RouteProtocol::Tcp] {
        let word = if protocol == RouteProtocol::Http { "http" } else { "tcp" };
        for (name, said) in entries(&service.labels, word, "routers") {
            match routers.iter_mut().find(|router| router.name == name && section(router) == word) {
                Some(router) => change(router, &said, service, word),
                None => added.extend(new(&name, &said, service, edge, protocol, word)),
            }
        }
    }
    routers.extend(added);
    service.routers = routers;
}

/// What the labels under `traefik.<section>.<group>.` say, by name.
fn entries<'a>(labels: &'a IndexMap<String, Text>, section: &str, group: &str) -> IndexMap<String, Said<'a>> {
    let mut out: IndexMap<String, Said<'a>> = IndexMap::new();
    for (label, text) in labels {
        let mut parts = label.splitn(5, '.');
        let head: Vec<String> = parts.by_ref().take(3).map(str::to_ascii_lowercase).collect();
        if head != ["traefik", section, group] {
            continue;
        }
        if let (Some(name), Some(option)) = (parts.next(), parts.next()) {
            out.entry(name.to_owned()).or_default().insert(option.to_ascii_lowercase(), (text, label.as_str()));
        }
    }
    out
}

fn literal(said: &Said<'_>, option: &str) -> Option<String> {
    said.get(option).and_then(|(text, _)| text.with_defaults())
}

fn list(said: &Said<'_>, option: &str) -> Option<Vec<String>> {
    let text = literal(said, option)?;
    Some(text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
}

fn change(router: &mut Router, said: &Said<'_>, service: &Service, section: &str) {
    if let Some((rule, _)) = said.get("rule").filter(|(rule, _)| **rule != router.rule) {
        router.rule = (*rule).clone();
        router.hosts.clear();
        router.path = None;
    }
    if let Some([entry_point]) = list(said, "entrypoints").as_deref() {
        entry_point.clone_into(&mut router.entry_point);
    }
    let tls = tls(said);
    if tls.is_some() != router.tls.is_some() || said.contains_key("tls.certresolver") {
        router.tls = tls;
    }
    if let Some(priority) = literal(said, "priority").and_then(|priority| priority.trim().parse().ok()) {
        router.priority = priority;
    }
    if let Some(name) = literal(said, "service").filter(|name| *name != router.service) {
        router.port = port_of(service, section, &name).unwrap_or(router.port);
        router.service = name;
    }
    if let Some(names) = list(said, "middlewares") {
        let known: Vec<&str> = router.middlewares.iter().map(MiddlewareUse::name).collect();
        if known != names {
            let before = std::mem::take(&mut router.middlewares);
            let with_key = |name: String| {
                let mut used = middleware(service, section, name);
                let known = before.iter().find(|known| known.name() == used.name()).map(MiddlewareUse::key);
                if let (MiddlewareUse::Own { key, .. }, Some(known)) = (&mut used, known) {
                    *key = known.map(str::to_owned);
                }
                used
            };
            router.middlewares = names.into_iter().map(with_key).collect();
            if router.middlewares.iter().all(|used| used.key().is_some()) {
                router.strip_prefix = None;
            }
        }
    }
}

fn new(
    name: &str,
    said: &Said<'_>,
    service: &Service,
    edge: &Edge,
    protocol: RouteProtocol,
    section: &str,
) -> Vec<Router> {
    // Without a rule Traefik makes one up, which is nobody's intention: another rule's business.
    let Some((rule, label)) = said.get("rule") else { return Vec::new() };
    let services = entries(&service.labels, section, "services");
    let target = literal(said, "service").or_else(|| services.keys().next().cloned());
    let target = target.unwrap_or_else(|| service.name.clone());
    let entry_points = list(said, "entrypoints").unwrap_or_else(|| edge.entry_points.clone());
    let tls = tls(said);
    // Traefik's own default (Traefik docs, "Routers", "Priority").
    let rule_text = rule.with_defaults().unwrap_or_else(|| rule.to_compose());
    let length = || i64::try_from(rule_text.len()).unwrap_or(i64::MAX);
    let router = |entry_point: String| Router {
        name: name.to_owned(),
        protocol,
        rule: (*rule).clone(),
        entry_point,
        priority: literal(said, "priority").and_then(|text| text.trim().parse().ok()).unwrap_or_else(length),
        port: port_of(service, section, &target).or(service.port).unwrap_or_default(),
        service: target.clone(),
        middlewares: list(said, "middlewares")
            .unwrap_or_default()
            .into_iter()
            .map(|name| middleware(service, section, name))
            .collect(),
        tls: tls.clone(),
        hosts: Vec::new(),
        path: None,
        smoke: None,
        is_left_alone: false,
        expect: None,
        strip_prefix: None,
        origin: service.origin().key("labels").key(label),
    };
    entry_points.into_iter().map(router).collect()
}

/// What labels say of TLS: any option of it switches it on, unless it is switched off as a whole, which everything but
/// `true` does (tried with Traefik 3.7).
fn tls(said: &Said<'_>) -> Option<RouterTls> {
    let is_on = match literal(said, "tls") {
        Some(text) => text.is_empty() || text.eq_ignore_ascii_case("true"),
        None => said.keys().any(|option| option.starts_with("tls.")),
    };
    is_on.then(|| RouterTls { resolver: literal(said, "tls.certresolver") })
}

fn port_of(service: &Service, section: &str, name: &str) -> Option<u16> {
    let services = entries(&service.labels, section, "services");
    literal(services.get(name)?, "loadbalancer.server.port")?.trim().parse().ok()
}

/// A middleware that labels of this very service define, else one that something else has to.
fn middleware(service: &Service, section: &str, name: String) -> MiddlewareUse {
    let middlewares = entries(&service.labels, section, "middlewares");
    match middlewares.get(&name) {
        Some(said) => {
            let options = said.iter().map(|(option, (text, _))| (option.clone(), (*text).clone()));
            MiddlewareUse::Own { key: Some(name.clone()), name, options: options.collect() }
        }
        None => MiddlewareUse::Elsewhere(name),
    }
}

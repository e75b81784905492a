//! Ways in: the proxy of a compose file with its entry points, the routers that labels define, and the offer of a proxy
//! where several services answer HTTP without one.

use indexmap::IndexMap;
use toml::Value;

use super::{Answer, Entry, Material, Proposal, Question, Service, containers, slug, values};
use crate::compose::interpolation::names;
use crate::init::judgement::{is_harmless, is_shown_command};
use crate::init::seen::Container;
use crate::kinds::Class;
use crate::manifest::types::RouteProtocol;
use crate::traefik::dynamic::named::named;
use crate::traefik::rule::{self, Expression, MatcherKind};
use crate::traefik::static_flags;

/// What the flags of a proxy's container say.
pub(super) fn proxy(proposal: &mut Proposal, material: Material<'_>, container: &Container, service: &mut Service) {
    let from = format!("from {}", container.from);
    let mut points: IndexMap<String, toml::Table> = IndexMap::new();
    let mut certificates: IndexMap<String, toml::Table> = IndexMap::new();
    let mut others: Vec<String> = Vec::new();
    // Its own ends: stackgen makes them by itself.
    let own = ["ping", "metrics", "traefik"];
    for word in container.command.iter().flatten() {
        let Some(flag) = static_flags::split(word) else { continue };
        let lower = flag.name.to_ascii_lowercase();
        let value = flag.value.unwrap_or("true");
        let parts: Vec<&str> = lower.split('.').collect();
        match parts.as_slice() {
            ["entrypoints", name, ..] if own.contains(name) => {}
            ["entrypoints", name, "address"] => {
                let port = value.rsplit(':').next().and_then(|port| port.split('/').next()?.parse::<i64>().ok());
                if let Some(port) = port {
                    points.entry((*name).to_owned()).or_default().insert("port".to_owned(), port.into());
                }
            }
            ["entrypoints", name, "http", "redirections", "entrypoint", "to"] => {
                let to = value.trim_start_matches(':').to_owned();
                points.entry((*name).to_owned()).or_default().insert("redirect-to".to_owned(), to.into());
            }
            ["entrypoints", name, "http", "tls"] => {
                points.entry((*name).to_owned()).or_default().entry("tls").or_insert(Value::from(true));
            }
            ["entrypoints", name, "http", "tls", "certresolver"] => {
                points.entry((*name).to_owned()).or_default().insert("tls".to_owned(), value.into());
            }
            ["certificatesresolvers", name, "acme", rest @ ..] => {
                let table = certificates.entry((*name).to_owned()).or_default();
                match rest {
                    ["email"] => {
                        let variable = names(value).into_iter().next().unwrap_or_else(|| "ACME_EMAIL".to_owned());
                        proposal.declare(&variable, None, Some(from.clone()));
                        table.insert("email".to_owned(), format!("${{{variable}}}").into());
                    }
                    ["httpchallenge", ..] => {
                        table.insert("challenge".to_owned(), "http".into());
                    }
                    ["tlschallenge", ..] => {
                        table.insert("challenge".to_owned(), "tls".into());
                    }
                    ["dnschallenge", rest @ ..] => {
                        table.insert("challenge".to_owned(), "dns".into());
                        if rest == ["provider"] {
                            table.insert("provider".to_owned(), value.into());
                        }
                    }
                    ["caserver"] if is_harmless("CA", value) || value.contains("letsencrypt.org") => {
                        table.insert("ca-server".to_owned(), value.into());
                    }
                    _ => {}
                }
            }
            ["accesslog"] if value == "true" => service.set("access-log", Entry::noted(true, from.clone())),
            ["metrics", "prometheus"] if value == "true" => service.set("metrics", Entry::noted(true, from.clone())),
            ["api", "insecure"] if value == "true" => service.set("dashboard", Entry::noted(true, from.clone())),
            ["log", "level"] if value.to_ascii_uppercase() != "INFO" && is_harmless("LOG_LEVEL", value) => {
                service.set("log-level", Entry::noted(value.to_ascii_uppercase(), from.clone()));
            }
            ["providers" | "ping" | "global" | "entrypoints" | "metrics" | "log" | "api" | "accesslog", ..] => {}
            _ => others.push(flag.name.to_owned()),
        }
    }
    points.retain(|_, table| table.contains_key("port"));
    // What a file says is not read; what is published is known.
    if points.is_empty() {
        for text in &container.ports {
            let Ok(mapping) = crate::compose::port::parse(&containers::with_defaults(text)) else { continue };
            let target = i64::from(mapping.target.first);
            let name = match target {
                80 => "web",
                443 => "websecure",
                _ => continue,
            };
            points.entry(name.to_owned()).or_default().insert("port".to_owned(), target.into());
        }
        if points.contains_key("websecure") {
            points.entry("websecure".to_owned()).or_default().insert("tls".to_owned(), true.into());
        }
        proposal.unknown(&container.name, "its entry points: its flags name none, so those of its published ports are taken");
    }
    resolvers(material, &mut points);
    let is_known = |name: &Value| name.as_str().is_none_or(|name| certificates.contains_key(name));
    for table in points.values_mut() {
        if table.get("tls").is_some_and(|tls| !is_known(tls)) {
            table.insert("tls".to_owned(), true.into());
        }
    }
    certificates.retain(|name, table| {
        table.contains_key("email") && points.values().any(|point| point.get("tls").and_then(Value::as_str) == Some(name))
    });
    let known: Vec<String> = points.keys().cloned().collect();
    for table in points.values_mut() {
        let to = table.get("redirect-to").and_then(Value::as_str).map(str::to_owned);
        if to.is_some_and(|to| !known.contains(&to)) {
            table.remove("redirect-to");
        }
    }
    let entries = |all: IndexMap<String, toml::Table>| {
        all.into_iter().map(|(name, table)| (name, Entry::noted(table, from.clone()))).collect::<IndexMap<_, _>>()
    };
    if !points.is_empty() {
        service.tables.insert("entrypoints".to_owned(), entries(points));
    }
    if !certificates.is_empty() {
        service.tables.insert("certificates".to_owned(), entries(certificates));
    }
    if !others.is_empty() {
        proposal.unknown(&container.name, format!("what its flags say beyond entry points and certificates: {}", others.join(", ")));
    }
}

/// Routers ask for certificates on their entry points; here entry points do.
fn resolvers(material: Material<'_>, points: &mut IndexMap<String, toml::Table>) {
    for container in &material.seen.containers {
        let all: Vec<&Container> = std::iter::once(container).chain(container.elsewhere.values()).collect();
        for container in all {
            for (_, router) in named(container.labels.keys().map(String::as_str), "http", "routers") {
                let value = |option: &str| container.labels.get(*router.options.get(option)?).map(String::as_str);
                let resolver = value("tls.certresolver");
                let is_tls = value("tls") == Some("true") || resolver.is_some();
                for point in value("entrypoints").unwrap_or_default().split(',').map(str::trim).filter(|_| is_tls) {
                    if let Some(table) = points.get_mut(point) {
                        let tls = resolver.map_or(Value::from(true), Value::from);
                        table.entry("tls").or_insert(tls);
                    }
                }
            }
        }
    }
}

/// The routers of every container.
pub(super) fn add(proposal: &mut Proposal, material: Material<'_>) {
    let proxies: Vec<String> = proposal
        .services
        .iter()
        .filter(|(_, service)| is_proxy(material, service))
        .map(|(name, _)| name.clone())
        .collect();
    let points: Vec<(String, bool)> = proxies
        .first()
        .and_then(|name| proposal.services[name].tables.get("entrypoints"))
        .into_iter()
        .flatten()
        .map(|(name, entry)| (name.clone(), entry.value.get("redirect-to").is_some()))
        .collect();
    let mut hosts: Vec<String> = Vec::new();
    for container in &material.seen.containers {
        let name = slug(&container.name);
        let (ours, others): (Vec<_>, Vec<_>) =
            container.labels.iter().partition(|(label, _)| label.to_ascii_lowercase().starts_with("traefik."));
        let mut kept: IndexMap<String, Entry> = IndexMap::new();
        for (label, value) in others {
            if label.starts_with("stackgen.") {
                continue;
            }
            keep(proposal, &name, label, value, &mut kept);
        }
        if proxies.is_empty() {
            // Another stack has the proxy; its labels mean the same as they are.
            for (label, value) in &ours {
                keep(proposal, &name, label, value, &mut kept);
            }
            if !ours.is_empty() {
                proposal.unknown(&name, "which proxy reads its labels: it runs elsewhere, so they stay as they are");
            }
        } else if !proxies.contains(&name) && !ours.is_empty() && container.labels.get("traefik.enable").map(String::as_str) != Some("false") {
            routers(proposal, container, &name, &points, &mut hosts, &mut kept);
        }
        if let (false, Some(service)) = (kept.is_empty(), proposal.services.get_mut(&name)) {
            service.tables.insert("labels".to_owned(), kept);
        }
    }
    // The host that all have in common is that of the stack.
    let mut counted: IndexMap<String, usize> = IndexMap::new();
    for host in hosts {
        *counted.entry(host).or_default() += 1;
    }
    if let Some((host, _)) = counted.into_iter().max_by_key(|(_, count)| *count) {
        for variable in names(&host) {
            proposal.declare(&variable, None, Some("from the labels of a router".to_owned()));
        }
        proposal.stack.insert("host".to_owned(), Entry::noted(values_host(&host), "from the labels of the routers"));
        let own = Value::from(values_host(&host));
        for service in proposal.services.values_mut() {
            for entry in service.tables.get_mut("routes").into_iter().flat_map(IndexMap::values_mut) {
                if let Value::Table(route) = &mut entry.value
                    && route.get("host") == Some(&own)
                {
                    route.remove("host");
                }
            }
        }
    }
}

fn values_host(host: &str) -> String {
    host.to_owned()
}

fn is_proxy(material: Material<'_>, service: &Service) -> bool {
    service.kind().and_then(|kind| material.kinds.get(kind)).is_some_and(|kind| kind.class == Class::Proxy)
}

/// A label that stays as it is, unless a secret may be in it.
fn keep(proposal: &mut Proposal, name: &str, label: &str, value: &str, kept: &mut IndexMap<String, Entry>) {
    let words: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
    let lower = label.to_ascii_lowercase();
    if lower.ends_with(".users") || lower.contains("password") || lower.contains("secret") || !is_shown_command(&words) {
        proposal.unknown(name, format!("the label `{label}`: it may hold a secret, so it is not copied"));
        return;
    }
    kept.insert(label.to_owned(), Entry::new(value));
}

/// The routers of a container as routes.
fn routers(
    proposal: &mut Proposal,
    container: &Container,
    name: &str,
    points: &[(String, bool)],
    hosts: &mut Vec<String>,
    kept: &mut IndexMap<String, Entry>,
) {
    let labels = || container.labels.keys().map(String::as_str);
    let stripped = stripped(container);
    let mut routes: IndexMap<String, (String, toml::Table, Vec<String>)> = IndexMap::new();
    let mut used: Vec<String> = Vec::new();
    for (_, router) in named(labels(), "http", "routers") {
        let value = |option: &str| container.labels.get(*router.options.get(option)?).map(String::as_str);
        let Some(text) = value("rule") else { continue };
        // An address that is written once for each entry point is one route.
        let bare = points.iter().find_map(|(point, _)| router.name.strip_suffix(&format!("-{point}")));
        let route_name = slug(bare.unwrap_or(router.name));
        let entry_points: Vec<String> =
            value("entrypoints").unwrap_or_default().split(',').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect();
        if let Some((_, _, known)) = routes.values_mut().find(|(rule, ..)| rule == text) {
            known.extend(entry_points);
            continue;
        }
        let mut route = match plain(text) {
            Some((paths, of_host)) => {
                let mut route = toml::Table::new();
                let paths = if paths.is_empty() { vec!["/".to_owned()] } else { paths };
                route.insert("path".to_owned(), one_or_many(paths));
                if let [host] = of_host.as_slice() {
                    hosts.push(host.clone());
                }
                if !of_host.is_empty() {
                    route.insert("host".to_owned(), one_or_many(of_host));
                }
                route
            }
            None => {
                let mut route = toml::Table::new();
                route.insert("rule".to_owned(), Value::from(declared(proposal, text)));
                route
            }
        };
        let middlewares: Vec<&str> =
            value("middlewares").unwrap_or_default().split(',').map(str::trim).filter(|m| !m.is_empty()).collect();
        let mut others: Vec<Value> = Vec::new();
        for middleware in middlewares {
            match stripped.get(&middleware.to_ascii_lowercase()) {
                Some(prefix) if route.contains_key("path") => {
                    let is_own = route.get("path").and_then(Value::as_str) == Some(prefix);
                    route.insert("strip-prefix".to_owned(), if is_own { true.into() } else { prefix.clone().into() });
                }
                _ if middleware.contains('@') => others.push(middleware.into()),
                _ => {
                    used.push(middleware.to_ascii_lowercase());
                    others.push(format!("{middleware}@docker").into());
                }
            }
        }
        if !others.is_empty() {
            route.insert("middlewares".to_owned(), others.into());
        }
        if let Some(priority) = value("priority").and_then(|priority| priority.parse::<i64>().ok()) {
            // Those that stackgen computes begin at 10,000.
            if priority < 10_000 {
                route.insert("priority".to_owned(), priority.into());
            }
        }
        routes.insert(route_name, (text.to_owned(), route, entry_points));
    }
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
        // What only one route is called after says nothing.
        let short = route_name.strip_prefix(&format!("{name}-")).unwrap_or(&route_name).to_owned();
        entries.insert(short, Entry::noted(route, format!("from {}", container.from)));
    }
    let (one, all) = (entries.len() == 1, entries);
    let routes: IndexMap<String, Entry> =
        all.into_iter().map(|(route, entry)| (if one && route.is_empty() { name.to_owned() } else { route }, entry)).collect();
    for (label, value) in &container.labels {
        let lower = label.to_ascii_lowercase();
        let Some(rest) = lower.strip_prefix("traefik.http.middlewares.") else { continue };
        let middleware = rest.split('.').next().unwrap_or_default();
        if used.iter().any(|name| name == middleware) {
            keep(proposal, name, label, value, kept);
        }
    }
    // A middleware whose option was not copied is none.
    let lost: Vec<String> = used
        .iter()
        .filter(|name| !kept.keys().any(|label| label.to_ascii_lowercase().contains(&format!(".middlewares.{name}."))))
        .cloned()
        .collect();
    let mut routes = routes;
    for entry in routes.values_mut() {
        if let Value::Table(route) = &mut entry.value
            && let Some(Value::Array(middlewares)) = route.get_mut("middlewares")
        {
            middlewares.retain(|m| !m.as_str().is_some_and(|m| lost.iter().any(|l| m.eq_ignore_ascii_case(&format!("{l}@docker")))));
            if middlewares.is_empty() {
                route.remove("middlewares");
            }
        }
    }
    if let (false, Some(service)) = (routes.is_empty(), proposal.services.get_mut(name)) {
        service.tables.insert("routes".to_owned(), routes);
    }
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
    if all.len() == 1 { Value::from(all.remove(0)) } else { Value::from(all.into_iter().map(Value::from).collect::<Vec<_>>()) }
}

/// A text with variables, each without its operator.
fn declared(proposal: &mut Proposal, text: &str) -> String {
    let _ = proposal;
    text.to_owned()
}

/// The paths and hosts of a rule that says nothing else: `Host(a) && (Path(b) || PathPrefix(b/))`.
fn plain(text: &str) -> Option<(Vec<String>, Vec<String>)> {
    let expression = rule::parse(text, RouteProtocol::Http).ok()??;
    let parts = match expression {
        Expression::And(parts) => parts,
        other => vec![other],
    };
    let (mut paths, mut hosts) = (Vec::new(), Vec::new());
    for part in parts {
        let alternatives = match part {
            Expression::Or(parts) => parts,
            other => vec![other],
        };
        let mut kinds = Vec::new();
        for alternative in alternatives {
            let Expression::Matcher(matcher) = alternative else { return None };
            let value = matcher.arguments.first()?.value.clone();
            match matcher.kind {
                MatcherKind::Host => hosts.push(bare_variable(&value)),
                // A path means its children too.
                MatcherKind::Path | MatcherKind::PathPrefix => {
                    let path = value.trim_end_matches('/').to_owned();
                    let path = if path.is_empty() { "/".to_owned() } else { path };
                    if !paths.contains(&path) {
                        paths.push(path);
                    }
                }
                _ => return None,
            }
            kinds.push(matcher.kind == MatcherKind::Host);
        }
        if kinds.windows(2).any(|pair| pair[0] != pair[1]) {
            return None;
        }
    }
    Some((paths, hosts))
}

/// A host that is a variable, without its operator.
fn bare_variable(text: &str) -> String {
    match values::whole(text) {
        Some((name, ..)) => format!("${{{name}}}"),
        None => text.to_owned(),
    }
}

/// The offer of a proxy, where several services answer HTTP and nothing stands in front of them.
pub(super) fn offer(proposal: &mut Proposal, material: Material<'_>) {
    let has_proxy = proposal.services.values().any(|service| is_proxy(material, service));
    let is_web = |service: &Service| {
        let kind = service.kind().and_then(|kind| material.kinds.get(kind));
        service.port.is_some() && service.obstacle.is_none() && kind.is_some_and(|kind| kind.builds() && kind.class == Class::App)
    };
    let web: Vec<String> =
        proposal.services.iter().filter(|(_, service)| is_web(service)).map(|(name, _)| name.clone()).collect();
    if has_proxy || web.len() < 2 || !material.seen.compose_files.is_empty() {
        return;
    }
    let key = "a proxy".to_owned();
    let answer = material.answers.get(&key);
    if answer.is_some_and(|answer| answer.starts_with('y')) {
        front(proposal, material, &web);
        return;
    }
    if answer.is_none() {
        let question = Question { key, default: "no".to_owned(), answer: Answer::YesOrNo };
        let what = "whether a proxy stands in front of them: several services answer HTTP";
        proposal.question("the stack", what, question);
    }
    proposal.wants_proxy = web;
}

/// Puts a proxy in front of services: pages at `/`, everything else below its name.
fn front(proposal: &mut Proposal, material: Material<'_>, web: &[String]) {
    let Some(kind) = material.kinds.iter().find(|kind| kind.class == Class::Proxy) else { return };
    let name = proposal.free_name(&kind.name);
    let mut service = Service { about: Some("asked for".to_owned()), ..Service::default() };
    service.set("kind", Entry::new(kind.name.clone()));
    if let Some(version) = kind.example.get("version") {
        service.set("version", Entry::new(version.clone()));
    }
    super::programs::required_options(proposal, &name, kind, &mut service);
    proposal.services.insert(name, service);
    proposal.stack.insert("host".to_owned(), Entry::noted("localhost", "guess: as developers reach it"));
    let page = page_of(proposal, material, web);
    for name in web {
        let mut route = toml::Table::new();
        let path = if Some(name) == page.as_ref() { "/".to_owned() } else { format!("/{name}") };
        route.insert("path".to_owned(), path.clone().into());
        if path != "/" {
            route.insert("strip-prefix".to_owned(), true.into());
        }
        if let Some(service) = proposal.services.get_mut(name) {
            let routes = service.tables.entry("routes".to_owned()).or_default();
            routes.insert(name.clone(), Entry::noted(route, "guess"));
        }
    }
}

/// The service that shows pages.
pub(super) fn page_of(proposal: &Proposal, material: Material<'_>, web: &[String]) -> Option<String> {
    let is_page = |name: &&String| {
        let kind = proposal.services.get(*name).and_then(|service| material.kinds.get(service.kind()?));
        kind.is_some_and(|kind| kind.like.is_some())
    };
    web.iter().find(is_page).cloned()
}

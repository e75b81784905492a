//! What labels say otherwise in an environment: routes, labels that stay labels, what protects either. It comes along, or
//! the route is not there.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::Value;

use super::{
    is_seen, keep, of_docker, of_middlewares, of_point, others, own_pages, parts, with_chains, without_open_routers,
    without_port,
};
use crate::diagnostics::words::quoted;
use crate::init::proposal::ends::{Sight, there};
use crate::init::proposal::{Entry, Material, Proposal, routes};
use crate::init::seen::Container;

/// The labels of a service in an environment, and the file that says them.
type Labels = (String, IndexMap<String, Entry>);

/// What every other environment says otherwise.
pub(in crate::init::proposal) fn add(proposal: &mut Proposal, material: Material<'_>, proxies: &[String]) {
    let seen = material.seen;
    let mut all: IndexMap<String, IndexMap<String, Labels>> = IndexMap::new();
    for environment in seen.environments.iter().skip(1) {
        let containers: Vec<Container> =
            seen.containers.iter().filter_map(|container| there(seen, container, environment)).collect();
        let found: Vec<(String, IndexMap<String, Entry>)> = if proxies.is_empty() {
            containers.iter().map(|container| (container.name.clone(), as_they_are(proposal, container))).collect()
        } else {
            behind(proposal, material, environment, proxies, &containers)
        };
        for (container, (name, kept)) in containers.iter().zip(found) {
            all.entry(name).or_default().insert(environment.clone(), (container.from.clone(), kept));
        }
    }
    for container in &seen.containers {
        if let Some(mut said) = all.shift_remove(&container.name) {
            let is_there = |name: &&String| container.environments.is_empty() || container.environments.contains(name);
            let first = seen.environments.first().filter(is_there);
            lay(proposal, container, first, &mut said);
        }
    }
}

/// All labels of a container, where another stack has the proxy.
fn as_they_are(proposal: &mut Proposal, container: &Container) -> IndexMap<String, Entry> {
    let mut kept = IndexMap::new();
    for (label, value) in container.labels.iter().filter(|(label, _)| !label.starts_with("stackgen.")) {
        keep(proposal, container, label, value, &mut kept);
    }
    without_open_routers(proposal, container, &mut kept);
    kept
}

/// What each container says behind a proxy in an environment: its routes are laid over those that it has, its labels given
/// back.
fn behind(
    proposal: &mut Proposal,
    material: Material<'_>,
    environment: &str,
    proxies: &[String],
    containers: &[Container],
) -> Vec<(String, IndexMap<String, Entry>)> {
    let ends = ends_there(proposal, environment, proxies);
    let points = routes::points(ends.iter());
    let is_proxy = |container: &Container| proxies.contains(&container.name);
    let sight = Sight::of(containers.iter().filter(|container| is_proxy(container)), material.snapshot);
    let settled = routes::Settled::of(proposal, containers);
    let mut used: BTreeSet<String> = ends.values().flat_map(of_point).collect();
    let mut found: Vec<(String, IndexMap<String, Entry>)> = Vec::new();
    for container in containers {
        let is_seen = is_seen(proposal, container, &sight);
        let mut kept = IndexMap::new();
        for (label, value) in &container.labels {
            let lower = label.to_ascii_lowercase();
            if !lower.starts_with("traefik.") && !lower.starts_with("stackgen.") {
                keep(proposal, container, label, value, &mut kept);
            }
        }
        if is_proxy(container) {
            if is_seen {
                let pages = own_pages(proposal, container, &points);
                used.extend(pages.used);
                kept.extend(pages.kept);
                if pages.has_dashboard {
                    show_dashboard(proposal, container, environment);
                }
            }
        } else {
            let mut routers = IndexMap::new();
            let has_port = proposal.services.get(&container.name).is_some_and(|service| service.port.is_some());
            let is_told = container.labels.keys().any(|label| label.to_ascii_lowercase().starts_with("traefik."));
            if is_seen && is_told && !has_port {
                without_port(proposal, container, &mut kept, &mut used);
            } else if is_seen {
                routers = routes::routers(proposal, container, &points, &mut Vec::new(), &mut used);
                others(proposal, container, &mut kept);
            }
            lay_routes(proposal, container, environment, &routers, &settled);
        }
        found.push((container.name.clone(), kept));
    }
    let looked_at: Vec<&Container> = containers.iter().filter(|container| sight.blind(container).is_none()).collect();
    let used = with_chains(&looked_at, used);
    for (container, (_, kept)) in containers.iter().zip(&mut found) {
        if sight.blind(container).is_none() {
            of_middlewares(proposal, container, &used, kept);
        }
    }
    found
}

/// The entry points of the proxy in an environment.
fn ends_there(proposal: &Proposal, environment: &str, proxies: &[String]) -> IndexMap<String, Value> {
    let proxy = proxies.first().and_then(|name| proposal.services.get(name)?.tables.get("entrypoints").cloned());
    let mut ends: IndexMap<String, Value> =
        proxy.into_iter().flatten().map(|(name, entry)| (name, entry.value)).collect();
    let over = proxies.first().and_then(|name| proposal.overlays.get(environment)?.get(name)?.get("entrypoints"));
    for (name, more) in over.and_then(|entry| entry.value.as_table()).into_iter().flatten() {
        let known = ends.entry(name.clone()).or_insert_with(|| Value::from(toml::Table::new()));
        if let (Value::Table(known), Value::Table(more)) = (known, more) {
            known.extend(more.clone());
        }
    }
    ends
}

/// Says what the routes of a service are in an environment, where they are others.
fn lay_routes(
    proposal: &mut Proposal,
    container: &Container,
    environment: &str,
    routes: &IndexMap<String, Entry>,
    settled: &routes::Settled,
) {
    let base = proposal.services.get(&container.name).and_then(|service| service.tables.get("routes").cloned());
    let base = base.unwrap_or_default();
    let mut differing = toml::Table::new();
    for (name, entry) in routes {
        let known = base.get(name).and_then(|entry| entry.value.as_table());
        let Some(mut whole) = entry.value.as_table().cloned() else { continue };
        settled.settle(&mut whole, known);
        let known = known.cloned().unwrap_or_default();
        // What is not said there does not hold there.
        let gone = known.keys().filter(|key| !whole.contains_key(*key)).map(|key| (key.clone(), false.into()));
        let said = whole.iter().filter(|(key, value)| known.get(*key) != Some(*value));
        let route: toml::Table = said.map(|(key, value)| (key.clone(), value.clone())).chain(gone).collect();
        if !route.is_empty() {
            differing.insert(name.clone(), route.into());
        }
    }
    for name in base.keys().filter(|name| !routes.contains_key(*name)) {
        differing.insert(name.clone(), false.into());
    }
    if !differing.is_empty() {
        let entry = Entry::noted(differing, format!("from {}", container.from));
        overlay(proposal, environment, &container.name).insert("routes".to_owned(), entry);
    }
}

/// Says what the labels of a service are in each environment. A label cannot be taken away, so those that one of them does
/// not have are said in each of the others.
fn lay(proposal: &mut Proposal, container: &Container, first: Option<&String>, said: &mut IndexMap<String, Labels>) {
    let name = &container.name;
    let Some(service) = proposal.services.get_mut(name) else { return };
    let mut own = service.tables.get("labels").cloned().unwrap_or_default();
    // A middleware that nothing uses there does nothing there.
    let is_gone = |label: &str, kept: &IndexMap<String, Entry>| match parts(label) {
        _ if kept.contains_key(label) => false,
        Some((section, group, middleware, _)) if group == "middlewares" => {
            kept.keys().filter_map(|l| parts(l)).any(|(other, group, name, _)| {
                other == section && group == "middlewares" && name.eq_ignore_ascii_case(middleware)
            })
        }
        _ => true,
    };
    let gone: BTreeSet<String> =
        own.keys().filter(|label| said.values().any(|(_, kept)| is_gone(label, kept))).cloned().collect();
    if let Some(first) = first.filter(|_| !gone.is_empty()) {
        let here = own.iter().filter(|(label, _)| gone.contains(*label));
        let here = here.map(|(label, entry)| (label.clone(), entry.clone())).collect();
        said.insert(first.clone(), (container.from.clone(), here));
    }
    own.retain(|label, _| !gone.contains(label));
    if own.is_empty() {
        service.tables.shift_remove("labels");
    } else {
        service.tables.insert("labels".to_owned(), own.clone());
    }
    for (environment, (from, kept)) in said {
        let other = kept.iter().filter(|(label, entry)| own.get(*label).is_none_or(|known| known.value != entry.value));
        let table: toml::Table = other.map(|(label, entry)| (label.clone(), entry.value.clone())).collect();
        if !table.is_empty() {
            let entry = Entry::noted(table, format!("from {from}"));
            overlay(proposal, environment, name).insert("labels".to_owned(), entry);
        }
    }
}

/// Switches the dashboard on in an environment in which a router leads to it.
fn show_dashboard(proposal: &mut Proposal, container: &Container, environment: &str) {
    let name = &container.name;
    let Some(service) = proposal.services.get(name) else { return };
    let api = service.tables.get("static").and_then(|table| table.get("api")?.value.get("dashboard").cloned());
    let switch = proposal.overlays.get(environment).and_then(|services| services.get(name)?.get("dashboard"));
    let is_open = switch.or_else(|| service.keys.get("dashboard")).is_some_and(|entry| entry.value == true.into());
    if is_open || api == Some(true.into()) {
        return;
    }
    let further = overlay(proposal, environment, name)
        .entry("static".to_owned())
        .or_insert_with(|| Entry::noted(toml::Table::new(), format!("from {}", container.from)));
    if let Value::Table(further) = &mut further.value
        && let Value::Table(api) = further.entry("api").or_insert_with(|| Value::from(toml::Table::new()))
    {
        api.entry("dashboard").or_insert(Value::from(true));
    }
}

fn overlay<'p>(proposal: &'p mut Proposal, environment: &str, name: &str) -> &'p mut IndexMap<String, Entry> {
    proposal.overlays.entry(environment.to_owned()).or_default().entry(name.to_owned()).or_default()
}

/// What is not there any more in an environment.
#[derive(Debug, Default)]
pub(in crate::init) struct Gone {
    /// The keys of the service that were taken back.
    pub(in crate::init) keys: Vec<String>,
    /// The routes that are closed with them, by service and name.
    pub(in crate::init) routes: Vec<String>,
}

impl Gone {
    /// What is told of it.
    pub(in crate::init) fn told(&self, environment: &str, reason: &str) -> String {
        let what = format!("what {environment} says of its {} was left out: {reason}", quoted(&self.keys));
        if self.routes.is_empty() {
            return what;
        }
        let routes = quoted(&self.routes);
        format!("{what}. So that nothing is open without what protects it, {environment} has no route {routes}")
    }
}

impl Proposal {
    /// Takes back what an environment says of a service, or of one key of it: routes and labels go together. What is
    /// protected there is rather not there at all: the routes that were said, and whatever uses a middleware that goes.
    /// None where nothing was said.
    pub(in crate::init) fn close(&mut self, environment: &str, name: &str, key: Option<&str>) -> Option<Gone> {
        const NOTE: &str = "what protects it there was left out, so it is not there";
        let keys = self.taken(environment, name, key)?;
        let table = |key: &str| keys.get(key).and_then(|entry| entry.value.as_table());
        let labels: Vec<&String> = table("labels").into_iter().flatten().map(|(label, _)| label).collect();
        let lost: BTreeSet<String> = labels
            .iter()
            .filter_map(|label| parts(label))
            .filter(|(_, group, ..)| group == "middlewares")
            .map(|(_, _, middleware, _)| middleware.to_lowercase())
            .collect();
        let lost = self.with_users(environment, lost);
        let of_ends = |end: &Value| end.get("middlewares").is_some_and(Value::is_array);
        let is_wide = table("entrypoints").into_iter().flatten().any(|(_, end)| of_ends(end))
            || self.points_there(environment).iter().any(|end| of_point(end).iter().any(|used| lost.contains(used)));
        let said: BTreeSet<&String> = table("routes").into_iter().flatten().map(|(route, _)| route).collect();
        // Routers among the labels that stay would be looked at without what was taken back.
        let is_of_proxy = |label: &&String| label.to_ascii_lowercase().starts_with("traefik.");
        let stay = self.services.get(name).and_then(|service| service.tables.get("labels"));
        let has_router = stay.is_some_and(|labels| {
            labels.keys().any(|label| label.to_ascii_lowercase().split('.').nth(2) == Some("routers"))
        });
        let is_told =
            labels.iter().copied().any(|label| is_of_proxy(&label) && !label.eq_ignore_ascii_case("traefik.enable"));
        let is_hidden = is_told && has_router;
        let mut closed: Vec<(String, String)> = Vec::new();
        for (service, route, middlewares) in self.routes_there(environment) {
            let is_its = service == name && (is_hidden || said.contains(&route));
            if is_wide || is_its || middlewares.iter().any(|used| lost.contains(used)) {
                closed.push((service, route));
            }
        }
        for route in said {
            let own = (name.to_owned(), route.clone());
            if !closed.contains(&own) {
                closed.push(own);
            }
        }
        if is_hidden {
            let off = toml::Table::from_iter([("traefik.enable".to_owned(), Value::from("false"))]);
            overlay(self, environment, name).insert("labels".to_owned(), Entry::noted(off, NOTE));
        }
        let mut gone = Gone { keys: keys.keys().cloned().collect(), routes: Vec::new() };
        for (service, route) in closed {
            gone.routes.push(if service == name { route.clone() } else { format!("{service}.{route}") });
            let none = || Entry::noted(toml::Table::new(), NOTE);
            let entry = overlay(self, environment, &service).entry("routes".to_owned()).or_insert_with(none);
            if let Value::Table(table) = &mut entry.value {
                table.insert(route, false.into());
            }
        }
        Some(gone)
    }

    /// What an environment says of a service, or of one key of it, which says it no longer.
    fn taken(&mut self, environment: &str, name: &str, key: Option<&str>) -> Option<IndexMap<String, Entry>> {
        let services = self.overlays.get_mut(environment)?;
        let Some(key) = key else { return services.shift_remove(name) };
        let said = services.get_mut(name)?;
        let together: &[&str] = if matches!(key, "routes" | "labels") { &["routes", "labels"] } else { &[key] };
        let taken: IndexMap<String, Entry> =
            together.iter().filter_map(|key| Some(((*key).to_owned(), said.shift_remove(*key)?))).collect();
        if said.is_empty() {
            services.shift_remove(name);
        }
        (!taken.is_empty()).then_some(taken)
    }

    /// Middlewares, and the chains in an environment that have one of them in it.
    fn with_users(&self, environment: &str, mut lost: BTreeSet<String>) -> BTreeSet<String> {
        let there = self.overlays.get(environment).into_iter().flatten().filter_map(|(_, keys)| keys.get("labels"));
        let there = there.filter_map(|entry| entry.value.as_table()).flatten();
        let base = self.services.values().filter_map(|service| service.tables.get("labels")).flatten();
        let labels = there.chain(base.map(|(label, entry)| (label, &entry.value)));
        let chains: Vec<(String, &str)> = labels
            .filter_map(|(label, value)| {
                let (_, group, name, option) = parts(label)?;
                let is_chain = group == "middlewares" && option.eq_ignore_ascii_case("chain.middlewares");
                is_chain.then(|| Some((name.to_lowercase(), value.as_str()?)))?
            })
            .collect();
        loop {
            let before = lost.len();
            let uses = |all: &str| all.split(',').filter_map(of_docker).any(|name| lost.contains(&name));
            let more: Vec<String> = chains.iter().filter(|(_, all)| uses(all)).map(|(name, _)| name.clone()).collect();
            lost.extend(more);
            if lost.len() == before {
                return lost;
            }
        }
    }

    /// The entry points of all proxies in an environment.
    fn points_there(&self, environment: &str) -> Vec<Value> {
        let base = self.services.values().filter_map(|service| service.tables.get("entrypoints")).flatten();
        let there = self.overlays.get(environment).into_iter().flatten();
        let there = there.filter_map(|(_, keys)| keys.get("entrypoints")?.value.as_table()).flatten();
        base.map(|(_, entry)| entry.value.clone()).chain(there.map(|(_, value)| value.clone())).collect()
    }

    /// The routes of an environment: service, name, and the middlewares of labels that it has.
    fn routes_there(&self, environment: &str) -> Vec<(String, String, Vec<String>)> {
        let mut all: IndexMap<(String, String), Vec<String>> = IndexMap::new();
        for (name, service) in &self.services {
            for (route, entry) in service.tables.get("routes").into_iter().flatten() {
                all.insert((name.clone(), route.clone()), of_point(&entry.value));
            }
        }
        for (name, keys) in self.overlays.get(environment).into_iter().flatten() {
            let routes = keys.get("routes").and_then(|entry| entry.value.as_table());
            for (route, value) in routes.into_iter().flatten() {
                if value.get("middlewares").is_some() {
                    all.insert((name.clone(), route.clone()), of_point(value));
                } else {
                    all.entry((name.clone(), route.clone())).or_default();
                }
            }
        }
        all.into_iter().map(|((name, route), middlewares)| (name, route, middlewares)).collect()
    }
}

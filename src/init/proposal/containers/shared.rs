//! Networks and volumes that a compose file says more of than that they are there. Who shares a network follows from who
//! refers to whom, so the others need no words.

use serde_yaml::Value as Yaml;

use super::keys::plain;
use crate::compose::interpolation::with_defaults;
use crate::compose::volume;
use crate::init::proposal::{Entry, Material, Proposal, Service, slug};
use crate::init::seen::compose::{mapping, scalar};
use crate::init::seen::{Container, Seen};

/// What Compose calls the network of those that name none.
const DEFAULT: &str = "default";

/// The networks and volumes of the stack.
pub(super) fn add(proposal: &mut Proposal, material: Material<'_>) {
    let seen = material.seen;
    external(proposal, seen);
    for name in own(seen) {
        network(proposal, seen, name);
    }
    without_a_way_out(proposal, seen);
    for (name, (is_external, fixed)) in &seen.named_volumes {
        let mut table = toml::Table::new();
        if let Some(fixed) = fixed.clone().or_else(|| is_external.then(|| name.clone())) {
            table.insert("name".to_owned(), fixed.into());
        }
        if *is_external {
            table.insert("external".to_owned(), true.into());
        }
        proposal.volumes.insert(name.clone(), Entry::noted(table, "from the compose file"));
    }
    for (name, value) in &seen.volumes {
        let is_mounted = seen.containers.iter().flat_map(|container| &container.volumes).any(|text| {
            let mount = volume::parse(&with_defaults(text));
            mount.is_ok_and(|mount| mount.volume() == Some(name.as_str()))
        });
        let mut long = seen.containers.iter().flat_map(Container::long_volumes);
        let is_mounted = is_mounted || long.any(|mount| mount.get("source").and_then(scalar).as_ref() == Some(name));
        if is_mounted {
            pass(proposal, seen, "volumes", name, value);
        }
    }
}

/// Networks that have no way out, where that is all that is said of them.
fn without_a_way_out(proposal: &mut Proposal, seen: &Seen) {
    let own = own(seen);
    let is_closed =
        |name: &str| seen.networks.get(name).is_some_and(|value| value.get("internal").is_some_and(is_true));
    let closed: Vec<&String> = seen
        .networks
        .keys()
        .filter(|name| is_closed(name) && is_used(seen, name) && !own.contains(&name.as_str()))
        .collect();
    if closed.is_empty() || seen.is_compose_ours {
        return;
    }
    // Whoever is reached through the proxy has its network, and all others have one together.
    let is_routed = |container: &Container| {
        let is_proxy = proposal.services.get(&container.name).is_some_and(|s| s.tables.contains_key("entrypoints"));
        is_proxy
            || container
                .labels
                .keys()
                .any(|label| label.contains(".routers.") && label.rsplit('.').next() == Some("rule"))
    };
    let mut others = seen.containers.iter().filter(|container| !is_routed(container));
    if others.all(|container| networks_of(container).iter().all(|name| is_closed(name)) && container.ports.is_empty()) {
        let table = toml::Table::from_iter([("internal".to_owned(), true.into())]);
        proposal.networks.insert("internal".to_owned(), Entry::noted(table, "no way out, as in the compose file"));
        return;
    }
    for name in closed {
        let what = format!(
            "whether `{name}` can have no way out, as it had (`internal: true`): which networks there are follows from who \
             refers to whom, and some of those that share one then had a way out"
        );
        proposal.unknown(&first_file(seen), what);
    }
}

/// Networks that others made.
fn external(proposal: &mut Proposal, seen: &Seen) {
    for (name, fixed) in seen.external_networks.iter().filter(|(name, _)| is_used(seen, name)) {
        let mut table = toml::Table::new();
        // An external network has the name that it has on the engine.
        let fixed = fixed.as_ref().unwrap_or(name);
        table.insert("name".to_owned(), fixed.clone().into());
        table.insert("external".to_owned(), true.into());
        proposal.networks.insert(slug(name), Entry::noted(table, "somebody else's, in the compose file"));
    }
}

/// The networks of its own that are carried over: those with settings, and those on which somebody has a place of its own.
pub(in crate::init::proposal) fn own(seen: &Seen) -> Vec<&str> {
    let has_settings = |value: &Yaml| mapping(Some(value)).iter().any(|(key, _)| key != "internal");
    let with_settings = seen.networks.iter().filter(|(_, value)| has_settings(value)).map(|(name, _)| name.as_str());
    let mut all: Vec<&str> = with_settings.filter(|name| is_used(seen, name)).collect();
    for name in seen.containers.iter().flat_map(|container| container.places.keys()) {
        if !all.contains(&name.as_str()) && !seen.external_networks.contains_key(name) {
            all.push(name);
        }
    }
    all
}

fn network(proposal: &mut Proposal, seen: &Seen, name: &str) {
    let mut table = toml::Table::new();
    let mut more = serde_yaml::Mapping::new();
    for (key, value) in mapping(seen.networks.get(name)) {
        match (key.as_str(), scalar(&value)) {
            ("name", Some(fixed)) => {
                table.insert(key, fixed.into());
            }
            ("internal", _) if is_true(&value) => {
                table.insert(key, true.into());
            }
            ("ipam", _) => match subnet(&value) {
                Some(subnet) => {
                    table.insert("subnet".to_owned(), subnet.into());
                }
                None => {
                    more.insert(key.into(), value);
                }
            },
            _ => {
                more.insert(key.into(), value);
            }
        }
    }
    let is_said = !more.is_empty() && pass(proposal, seen, "networks", &slug(name), &Yaml::Mapping(more));
    // Whatever is not copied of it, its services share it.
    if !table.is_empty() || !is_said {
        proposal.networks.insert(slug(name), Entry::noted(table, "from the compose file"));
    }
}

/// The one subnet, where nothing else is said of addresses.
fn subnet(ipam: &Yaml) -> Option<String> {
    let all = mapping(Some(ipam));
    let is_alone = all.iter().all(|(key, value)| key == "config" || value.is_null() || value == "default");
    let [config] = ipam.get("config")?.as_sequence()?.as_slice() else { return None };
    let [(key, value)] = mapping(Some(config)).try_into().ok()?;
    scalar(&value).filter(|text| is_alone && key == "subnet" && !text.contains('$'))
}

/// Hands on what only Compose has words for, where it can be shown; whether it was.
fn pass(proposal: &mut Proposal, seen: &Seen, section: &str, name: &str, value: &Yaml) -> bool {
    if let Some(value) = plain(value) {
        let known = proposal.compose.entry(section.to_owned()).or_default();
        known.insert(name.to_owned(), Entry::noted(value, "from the compose file"));
        return true;
    }
    let keys: Vec<String> = mapping(Some(value)).into_iter().map(|(key, _)| format!("`{key}`")).collect();
    let what = format!(
        "{} of `{name}` in its `{section}`: a secret may be in it, so it is not copied; it belongs into \
         `[compose.{section}.{name}]`, with a variable in place of the secret{}",
        keys.join(", "),
        if section == "volumes" { ". Until then the volume is another one, and empty" } else { "" }
    );
    proposal.unknown(&first_file(seen), what);
    false
}

/// The networks that a service joins, and its place on them.
pub(super) fn join(proposal: &mut Proposal, material: Material<'_>, container: &Container, service: &mut Service) {
    let seen = material.seen;
    let own = own(seen);
    let joined = networks_of(container);
    let joined: Vec<&str> =
        joined.into_iter().filter(|name| seen.external_networks.contains_key(*name) || own.contains(name)).collect();
    if joined.is_empty() {
        return;
    }
    let names = joined.iter().map(|name| toml::Value::from(slug(name)));
    let all: Vec<toml::Value> = std::iter::once(toml::Value::from("...")).chain(names).collect();
    service.set("networks", Entry::noted(all, format!("from {}", container.from)));
    let mut places = toml::Table::new();
    for (name, value) in container.places.iter().filter(|(name, _)| joined.contains(&name.as_str())) {
        match plain(value) {
            Some(value) => {
                places.insert(slug(name), value);
            }
            None => {
                proposal.unknown(&container.name, format!("its place on the network `{name}`: it may hold a secret"));
            }
        }
    }
    if !places.is_empty() {
        let passed = service.tables.entry("compose".to_owned()).or_default();
        passed.insert("networks".to_owned(), Entry::new(places));
    }
}

/// The networks of a container, also the one that goes without saying.
pub(in crate::init::proposal) fn networks_of(container: &Container) -> Vec<&str> {
    if container.networks.is_empty() && !container.rest.contains_key("network_mode") {
        return vec![DEFAULT];
    }
    container.networks.iter().map(String::as_str).collect()
}

fn is_used(seen: &Seen, name: &str) -> bool {
    seen.containers.iter().any(|container| networks_of(container).contains(&name))
}

fn is_true(value: &Yaml) -> bool {
    value.as_bool() == Some(true)
}

fn first_file(seen: &Seen) -> String {
    seen.compose_files.first().cloned().unwrap_or_default()
}

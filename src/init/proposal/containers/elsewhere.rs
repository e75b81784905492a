//! What a container is in another environment and not in the first one, beyond its variables, ports, labels and networks:
//! an overlay says what services.toml has words for, and the rest is told.

use indexmap::IndexMap;
use toml::Value;

use super::of;
use crate::diagnostics::words::quoted;
use crate::init::proposal::{Entry, Material, Proposal, Service};
use crate::init::seen::Container;
use crate::kinds::Class;

/// What a service is and from where, which is the same in every environment; and what others say of each environment.
const FIXED: [&str; 13] = [
    "kind",
    "source",
    "context",
    "extends",
    "build",
    "build-output",
    "include",
    "exclude",
    "environments",
    "port",
    "publish",
    "networks",
    "profiles",
];

/// What may differ of a proxy; its entry points, flags and certificates are looked at where they are read.
const OF_PROXY: [&str; 5] = ["restart", "limits", "logging", "stop-grace", "user"];

/// Adds what differs to the overlays.
pub(super) fn add(proposal: &mut Proposal, material: Material<'_>, offset: u16) {
    if material.seen.is_compose_ours {
        return;
    }
    let mut scratch = proposal.clone();
    // By environment and name.
    let mut found: IndexMap<(String, String), Service> = IndexMap::new();
    for container in &material.seen.containers {
        for environment in container.elsewhere.keys() {
            let is_whole = material.seen.whole.contains(environment);
            let all = if is_whole { &container.elsewhere } else { &container.there };
            let Some(there) = all.get(environment) else { continue };
            let (first, unknown) = made(&mut scratch, material, container, container, offset);
            let (other, more) = made(&mut scratch, material, container, there, offset);
            for (about, what) in more {
                // The same is told of both.
                let of_first = what.replace(&there.from, &container.from);
                if !unknown.iter().any(|(_, known)| *known == what || *known == of_first) {
                    let what = if what.contains(&there.from) { what } else { format!("{what} ({})", there.from) };
                    proposal.unknown(&about, what);
                }
            }
            let overlay = differences(proposal, material, (container, &first), (there, &other), environment);
            if !overlay.is_empty() {
                let services = proposal.overlays.entry(environment.clone()).or_default();
                let known = services.entry(container.name.clone()).or_default();
                for (key, entry) in overlay {
                    known.entry(key).or_insert(entry);
                }
            }
            found.insert((environment.clone(), container.name.clone()), other);
        }
    }
    for (name, variable) in &scratch.variables {
        proposal.variables.entry(name.clone()).or_insert_with(|| variable.clone());
    }
    let environments: Vec<String> = proposal.overlays.keys().cloned().collect();
    for container in &material.seen.containers {
        let Some(base) = proposal.services.get(&container.name).and_then(|service| service.text("extends")) else {
            continue;
        };
        let base = base.to_owned();
        for environment in &environments {
            if !proposal.overlays.get(environment).is_some_and(|services| services.contains_key(&base)) {
                continue;
            }
            let other = found
                .shift_remove(&(environment.clone(), container.name.clone()))
                .unwrap_or_else(|| made(&mut scratch, material, container, container, offset).0);
            keep(proposal, environment, &container.name, &base, &other);
        }
    }
}

/// A service as it would be for a container, and what is told of it.
fn made(
    scratch: &mut Proposal,
    material: Material<'_>,
    container: &Container,
    there: &Container,
    offset: u16,
) -> (Service, Vec<(String, String)>) {
    scratch.unknown.clear();
    let service = of(scratch, material, there, &container.name, &mut IndexMap::new(), offset);
    let unknown = std::mem::take(&mut scratch.unknown);
    (service, unknown.into_iter().map(|unknown| (unknown.about, unknown.what)).collect())
}

/// What takes a key away that the first environment has; none where nothing does.
fn without(key: &str) -> Option<Value> {
    match key {
        "volumes" => Some(Value::Array(Vec::new())),
        "limits" | "logging" => Some(false.into()),
        "restart" => Some("no".into()),
        "replicas" => Some(1.into()),
        _ => None,
    }
}

/// What differs between two environments of a service, as an overlay.
fn differences(
    proposal: &mut Proposal,
    material: Material<'_>,
    (container, first): (&Container, &Service),
    (there, other): (&Container, &Service),
    environment: &str,
) -> IndexMap<String, Entry> {
    let mut overlay: IndexMap<String, Entry> = IndexMap::new();
    let mut told: Vec<String> = Vec::new();
    let value = |service: &Service, key: &str| service.keys.get(key).map(|entry| entry.value.clone());
    let differs = |key: &str| value(first, key) != value(other, key);
    if differs("kind") || differs("source") || first.keys.contains_key("image") != other.keys.contains_key("image") {
        let what = format!(
            "what it is in {environment}: {} runs or builds something else there than {} does; here it is the same \
             everywhere",
            there.from, container.from
        );
        proposal.unknown(&container.name, what);
        return overlay;
    }
    let kind = first.kind().and_then(|kind| material.kinds.get(kind));
    let is_proxy = kind.is_some_and(|kind| kind.class == Class::Proxy);
    let note = format!("from {}", there.from);
    let is_free = |key: &str| !FIXED.contains(&key) && (!is_proxy || OF_PROXY.contains(&key));
    for key in first.keys.keys().chain(other.keys.keys().filter(|key| !first.keys.contains_key(*key))) {
        if !differs(key) || !is_free(key) {
            continue;
        }
        match value(other, key).or_else(|| without(key)) {
            Some(value) => {
                overlay.insert(key.clone(), Entry::noted(value, note.clone()));
            }
            None => told.push(key.clone()),
        }
    }
    if container.networks != there.networks || container.places != there.places {
        told.push("networks".to_owned());
    }
    let passed = |service: &Service| service.tables.get("compose").cloned().unwrap_or_default();
    let (before, after) = (passed(first), passed(other));
    let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| (key.clone(), "!reset".into()));
    let changed = after.iter().filter(|(key, entry)| before.get(*key).map(|known| &known.value) != Some(&entry.value));
    let changed = changed.map(|(key, entry)| (key.clone(), entry.value.clone()));
    let table: toml::Table = changed.chain(gone).collect();
    if !table.is_empty() && !is_proxy {
        overlay.insert("compose".to_owned(), Entry::noted(table, note));
    }
    if !told.is_empty() {
        let what = format!(
            "what {} says of {} for {environment}: it is as in {} here; `[environments.{environment}.services.{}]` would say it",
            there.from,
            quoted(&told),
            container.from,
            container.name
        );
        proposal.unknown(&container.name, what);
    }
    overlay
}

/// Keeps from a service what an overlay says of the one that it extends: it has what its own container has.
fn keep(proposal: &mut Proposal, environment: &str, name: &str, base: &str, other: &Service) {
    let Some(service) = proposal.services.get(name) else { return };
    let Some(overlays) = proposal.overlays.get_mut(environment) else { return };
    let Some(of_base) = overlays.get(base) else { return };
    let inherited = of_base.keys().filter(|key| !FIXED.contains(&key.as_str()) && !service.keys.contains_key(*key));
    let own: Vec<(String, Value)> = inherited
        .filter_map(|key| {
            let value = other.keys.get(key).map(|entry| entry.value.clone()).or_else(|| without(key))?;
            Some((key.clone(), value))
        })
        .collect();
    let known = overlays.entry(name.to_owned()).or_default();
    for (key, value) in own {
        known.entry(key).or_insert_with(|| Entry::noted(value, format!("unlike `{base}`")));
    }
}

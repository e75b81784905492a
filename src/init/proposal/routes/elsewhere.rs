//! What environments say otherwise of the ways in: routes and labels that differ from those of the first file.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::Value;

use super::super::{Entry, Material, Proposal, labels};
use super::{points, routers};
use crate::init::seen::Container;

/// What the labels of an environment's file say otherwise.
pub(super) fn elsewhere(proposal: &mut Proposal, material: Material<'_>, environment: &str, proxies: &[String]) {
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
    let points = points(ends.iter());
    for container in material.seen.containers.iter().filter(|container| !proxies.contains(&container.name)) {
        let Some(other) = container.elsewhere.get(environment) else { continue };
        let mut there = Container { from: other.from.clone(), ..container.clone() };
        if material.seen.whole.contains(environment) {
            there.labels.clear();
        }
        there.labels.extend(other.labels.clone());
        if there.labels == container.labels {
            continue;
        }
        let (mut hosts, mut used, mut kept) = (Vec::new(), BTreeSet::new(), IndexMap::new());
        let has_port = proposal.services.get(&container.name).is_some_and(|service| service.port.is_some());
        let routes = if has_port {
            routers(proposal, &there, &points, &mut hosts, &mut used)
        } else {
            labels::without_port(proposal, &there, &mut kept, &mut used);
            IndexMap::new()
        };
        let base = proposal.services.get(&container.name).and_then(|service| service.tables.get("routes").cloned());
        let base = base.unwrap_or_default();
        let mut differing = toml::Table::new();
        for (name, entry) in &routes {
            let known = base.get(name).and_then(|entry| entry.value.as_table()).cloned().unwrap_or_default();
            let Some(mut route) = entry.value.as_table().cloned() else { continue };
            route.retain(|key, value| known.get(key) != Some(value));
            // What is not said there does not hold there.
            for key in known.keys().filter(|key| entry.value.get(key.as_str()).is_none()) {
                route.insert(key.clone(), false.into());
            }
            if !route.is_empty() {
                differing.insert(name.clone(), route.into());
            }
        }
        for name in base.keys().filter(|name| !routes.contains_key(*name)) {
            differing.insert(name.clone(), false.into());
        }
        labels::of_middlewares(proposal, &there, &labels::with_chains(&[&there], used), &mut kept);
        let own = proposal.services.get(&container.name).and_then(|service| service.tables.get("labels"));
        kept.retain(|label, entry| own.and_then(|own| own.get(label)).is_none_or(|known| known.value != entry.value));
        let labels: toml::Table = kept.into_iter().map(|(label, entry)| (label, entry.value)).collect();
        for (key, table) in [("routes", differing), ("labels", labels)] {
            if !table.is_empty() {
                let overlay = proposal.overlays.entry(environment.to_owned()).or_default();
                let entry = Entry::noted(table, format!("from {}", other.from));
                overlay.entry(container.name.clone()).or_default().insert(key.to_owned(), entry);
            }
        }
    }
}

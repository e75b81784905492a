//! Who reached whom on the networks of a compose file, and does here. The networks that follow from who refers to whom put
//! services together that were apart, and the other way round: then those of the file are carried over, and what is
//! different in the end is told.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use toml::Value;

use super::containers::shared::{networks_of, own};
use super::{Entry, Proposal, slug};
use crate::diagnostics::words::{and, quoted};
use crate::init::seen::{Container, Seen};
use crate::kinds::Class;
use crate::plan::{EDGE, INTERNAL, Plan};

/// The networks of each service, as its compose file has it and as it is planned.
struct Networks<'s> {
    before: IndexMap<&'s str, (&'s Container, Vec<&'s str>)>,
    after: BTreeMap<String, BTreeSet<String>>,
    proxies: BTreeSet<String>,
    /// Who refers to whom.
    references: BTreeSet<(String, String)>,
    stores: BTreeSet<String>,
}

/// Whom a service reaches here and did not, and the other way round.
#[derive(Default)]
struct Change<'s> {
    gained: BTreeSet<&'s str>,
    lost: BTreeSet<&'s str>,
}

impl<'s> Networks<'s> {
    /// None where no network is named, so that nobody was kept apart.
    fn of(proposal: &Proposal, seen: &'s Seen, plans: &[Plan]) -> Option<Self> {
        let is_named = seen.containers.iter().any(|container| !container.networks.is_empty());
        if seen.is_compose_ours || !is_named || plans.is_empty() {
            return None;
        }
        let is_there = |container: &&Container| proposal.services.contains_key(&container.name);
        let before = seen.containers.iter().filter(is_there);
        let before = before.map(|container| (container.name.as_str(), (container, networks_of(container))));
        let before = before.filter(|(_, (_, networks))| !networks.is_empty()).collect();
        let mut all = Self {
            before,
            after: BTreeMap::new(),
            proxies: BTreeSet::new(),
            references: BTreeSet::new(),
            stores: BTreeSet::new(),
        };
        for service in plans.iter().flat_map(|plan| plan.services.values()) {
            if service.network_mode().is_some() {
                continue;
            }
            let networks = || service.networks.iter().cloned().collect();
            all.after.entry(service.name.clone()).or_insert_with(networks);
            let references = service.references.iter().map(|to| (service.name.clone(), to.service.clone()));
            all.references.extend(references);
            match service.class {
                Class::Proxy => all.proxies.insert(service.name.clone()),
                Class::Datastore => all.stores.insert(service.name.clone()),
                _ => false,
            };
        }
        Some(all)
    }

    /// Whether a proxy is on a network of the compose file: what leads through it needs no shared network.
    fn is_of_proxy(&self, network: &str) -> bool {
        self.before.iter().any(|(name, (_, networks))| self.proxies.contains(*name) && networks.contains(&network))
    }

    fn changes(&self) -> BTreeMap<&'s str, Change<'s>> {
        let mut changes: BTreeMap<&str, Change<'_>> = BTreeMap::new();
        let there: Vec<_> = self.before.iter().filter(|(name, _)| !self.proxies.contains(**name)).collect();
        for (one, (_, before)) in &there {
            for (other, (_, others)) in there.iter().filter(|(other, _)| other != one) {
                let (Some(after), Some(others_after)) = (self.after.get(**one), self.after.get(**other)) else {
                    continue;
                };
                let mut shared = before.iter().filter(|network| others.contains(network)).peekable();
                let is_shared = shared.peek().is_some();
                let meets = !after.is_disjoint(others_after);
                if meets && !is_shared {
                    changes.entry(one).or_default().gained.insert(other);
                } else if !meets && shared.any(|network| *network != "default" && !self.is_of_proxy(network)) {
                    changes.entry(one).or_default().lost.insert(other);
                }
            }
        }
        changes
    }
}

/// Carries the networks of the compose file over, where others would put services together or apart; whether it did.
pub(in crate::init) fn keep(proposal: &mut Proposal, seen: &Seen, plans: &[Plan]) -> bool {
    let Some(networks) = Networks::of(proposal, seen, plans) else { return false };
    if networks.changes().is_empty() {
        return false;
    }
    let own = own(seen);
    let mut members: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for (name, (_, joined)) in &networks.before {
        for network in joined {
            members.entry(network).or_default().push(name);
        }
    }
    let is_on_edge = |name: &str| networks.after.get(name).is_some_and(|after| after.contains(EDGE));
    let is_carried = |network: &str| own.contains(&network) || seen.external_networks.contains_key(network);
    // The proxy's network is there anyway.
    members.retain(|network, members| {
        is_carried(network) || !members.iter().all(|name| networks.proxies.contains(*name) || is_on_edge(name))
    });
    let main = main_of(&networks, &members, &is_carried);
    let mut called: IndexMap<&str, String> = IndexMap::new();
    for network in members.keys() {
        let name = if Some(*network) == main { INTERNAL.to_owned() } else { slug(network) };
        if name == EDGE || called.values().any(|known| *known == name) {
            return false;
        }
        called.insert(network, name);
    }
    let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, (_, joined)) in networks.before.iter().filter(|(name, _)| !networks.proxies.contains(**name)) {
        let edge = is_on_edge(name).then(|| EDGE.to_owned());
        let joined = joined.iter().filter_map(|network| called.get(network).cloned());
        wanted.insert(name, edge.into_iter().chain(joined).collect());
    }
    // Whoever refers to another one reaches it.
    for (from, to) in &networks.references {
        let Some(first) = wanted.get(to.as_str()).and_then(|all| all.iter().find(|name| *name != EDGE)).cloned() else {
            continue;
        };
        let others = wanted.get(to.as_str()).cloned().unwrap_or_default();
        if let Some(all) = wanted.get_mut(from.as_str()).filter(|all| all.iter().all(|name| !others.contains(name))) {
            all.push(first);
        }
    }
    let mut is_changed = false;
    for (name, wanted) in &wanted {
        is_changed |= join(proposal, &networks, name, wanted);
    }
    if is_changed {
        declare(proposal, seen, &called, &is_carried);
    }
    is_changed
}

/// The network that is the stack's own: that with the data stores, else the one that most are on.
fn main_of<'n>(
    networks: &Networks<'_>,
    members: &IndexMap<&'n str, Vec<&str>>,
    is_carried: &dyn Fn(&str) -> bool,
) -> Option<&'n str> {
    if let Some(same) = members.keys().find(|network| slug(network) == INTERNAL) {
        return Some(same);
    }
    let mut main: Option<(&str, (usize, usize))> = None;
    for (network, members) in members.iter().filter(|(network, _)| !is_carried(network)) {
        let rank = (members.iter().filter(|name| networks.stores.contains(**name)).count(), members.len());
        if main.is_none_or(|(_, known)| rank > known) {
            main = Some((network, rank));
        }
    }
    main.map(|(network, _)| network)
}

/// Has a service be on these networks; whether that is not so anyway.
fn join(proposal: &mut Proposal, networks: &Networks<'_>, name: &str, wanted: &[String]) -> bool {
    let (Some(after), Some(service)) = (networks.after.get(name), proposal.services.get_mut(name)) else {
        return false;
    };
    let is_same = wanted.iter().collect::<BTreeSet<_>>() == after.iter().collect::<BTreeSet<_>>();
    if wanted.is_empty() || is_same && !service.keys.contains_key("extends") {
        return false;
    }
    let is_derived = |network: &&String| *network == EDGE || *network == INTERNAL;
    let derived: Vec<&String> = after.iter().filter(is_derived).collect();
    let mut list: Vec<Value> = Vec::new();
    if derived.iter().all(|network| wanted.contains(network)) {
        list.push("...".into());
        list.extend(wanted.iter().filter(|network| !derived.contains(network)).map(|name| Value::from(name.clone())));
    } else {
        list.extend(wanted.iter().map(|name| Value::from(name.clone())));
    }
    let from = networks.before.get(name).map(|(container, _)| format!("from {}", container.from));
    service.keys.insert("networks".to_owned(), Entry { value: list.into(), note: from });
    !is_same
}

/// Declares the networks that somebody is on now.
fn declare(proposal: &mut Proposal, seen: &Seen, called: &IndexMap<&str, String>, is_carried: &dyn Fn(&str) -> bool) {
    for (network, name) in called.iter().filter(|(network, _)| !is_carried(network)) {
        let settings = seen.networks.get(*network);
        let is_closed = settings.and_then(|settings| settings.get("internal")?.as_bool()) == Some(true);
        let is_named = |entry: &Entry| {
            entry.value.as_array().is_some_and(|all| all.iter().any(|item| item.as_str() == Some(name)))
        };
        let mut lists = proposal.services.values().filter_map(|service| service.keys.get("networks"));
        if !(name == INTERNAL && is_closed || name != INTERNAL && lists.any(is_named)) {
            continue;
        }
        let mut table = toml::Table::new();
        if is_closed {
            table.insert("internal".to_owned(), true.into());
            let what = format!("whether `{network}` can have no way out");
            proposal.unknown.retain(|unknown| !unknown.what.starts_with(&what));
        }
        proposal.networks.entry(name.clone()).or_insert_with(|| Entry::noted(table, "from the compose file"));
    }
}

/// Says who reaches others than before, each fact once.
pub(in crate::init) fn tell(proposal: &mut Proposal, seen: &Seen, plans: &[Plan]) {
    let Some(networks) = Networks::of(proposal, seen, plans) else { return };
    let changes = networks.changes();
    // Of two, the one says it that has more to say.
    let weight = |name: &str| changes.get(name).map_or(0, |change| change.gained.len() + change.lost.len());
    let says = |one: &str, other: &str| (weight(one), other) > (weight(other), one);
    for (name, change) in &changes {
        let of = |all: &BTreeSet<&'_ str>| -> Vec<String> {
            all.iter().filter(|other| says(name, other)).map(|other| (*other).to_owned()).collect()
        };
        let (gained, lost) = (of(&change.gained), of(&change.lost));
        let Some((container, joined)) = networks.before.get(name) else { continue };
        let mut parts = Vec::new();
        if !gained.is_empty() {
            parts.push(format!("here it also reaches {}", quoted(&gained)));
        }
        if !lost.is_empty() {
            parts.push(format!("here it does not reach {}", quoted(&lost)));
        }
        if parts.is_empty() {
            continue;
        }
        let alone = if joined.len() == 1 { " alone" } else { "" };
        let what = format!(
            "whether its neighbours matter: {} has it on {}{alone}, and {} (`networks` in services.toml says otherwise)",
            container.from,
            quoted(joined),
            and(&parts)
        );
        proposal.unknown(name, what);
    }
}

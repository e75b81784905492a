//! Which published ports meet: one pass over all of them in the order of their numbers.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use indexmap::IndexSet;

use crate::compose::port::{PortMapping, PortRange, Protocol};
use crate::plan::{Plan, PublishedPort, Service};

/// A published port of a service in an environment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'p> {
    /// The position of its environment.
    pub(super) environment: usize,
    pub(super) plan: &'p Plan,
    pub(super) service: &'p Service,
    pub(super) port: &'p PublishedPort,
    pub(super) mapping: PortMapping,
    /// The host ports.
    pub(super) published: PortRange,
    /// The position of its service's profiles among all choices of profiles.
    profiles: usize,
}

/// Two entries that meet, by position: the later one in the order of the file, and the earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Pair {
    pub(super) later: usize,
    pub(super) earlier: usize,
}

/// What meets what.
#[derive(Debug, Default)]
pub(super) struct Meetings {
    /// The same twice in one service: Compose keeps one.
    pub(super) repeated: Vec<Pair>,
    /// Both want the same host port.
    pub(super) clashes: Vec<Pair>,
    /// The engine picks a port out of a range, and another entry wants one of them for itself.
    pub(super) pools: Vec<Pair>,
}

/// All entries that ask for a host port, in the order of the file.
pub(super) fn entries(plans: &[Plan]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let mut choices: IndexSet<&[String]> = IndexSet::new();
    for (environment, plan) in plans.iter().enumerate() {
        // What has another's network publishes nothing itself.
        let publishes = |service: &&Service| service.network_mode().is_none_or(|mode| mode.is_published());
        for service in plan.services.values().filter(publishes) {
            for port in &service.ports {
                let Some(mapping) = port.mapping else { continue };
                let Some(published) = mapping.published else { continue };
                let (profiles, _) = choices.insert_full(&service.profiles);
                entries.push(Entry { environment, plan, service, port, mapping, published, profiles });
            }
        }
    }
    entries
}

/// Finds what meets what. Each entry is the later one of at most a few pairs, so that many entries with one port are
/// not told of each other all to all.
pub(super) fn meetings(entries: &[Entry<'_>], environments: usize, side_by_side: bool) -> Meetings {
    let (repeated, mut order) = repeated(entries);
    let mut meetings = Meetings { repeated, ..Meetings::default() };
    order.sort_by_key(|position| (entries[*position].published.first, *position));
    let mut reach = Reach::new(entries);
    for position in order {
        let entry = &entries[position];
        let others = (0..environments).filter(|other| *other != entry.environment && side_by_side);
        let is_pool = entry.mapping.is_pool();
        let mut clashes = false;
        for environment in std::iter::once(entry.environment).chain(others) {
            let pair = |other: usize| Pair { later: position.max(other), earlier: position.min(other) };
            // Two pools leave each other what they do not need.
            if !is_pool
                && !clashes
                && let Some(other) = reach.meets(entries, entry, environment, false)
            {
                meetings.clashes.push(pair(other));
                // What clashes in its own environment has to be moved anyway.
                clashes = environment == entry.environment;
            }
            if let Some(other) = reach.meets(entries, entry, environment, !is_pool) {
                meetings.pools.push(pair(other));
            }
        }
        reach.add(entries, position);
    }
    meetings
}

/// Entries that Compose takes for one, and all others. Those that stackgen derives are never meant to be one.
fn repeated(entries: &[Entry<'_>]) -> (Vec<Pair>, Vec<usize>) {
    let mut first: HashMap<_, usize> = HashMap::new();
    let (mut pairs, mut rest) = (Vec::new(), Vec::new());
    for (position, entry) in entries.iter().enumerate() {
        // Compose fills in 0.0.0.0 before it compares.
        let ip = entry.mapping.ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let mapping = PortMapping { ip: Some(ip), ..entry.mapping };
        let earlier = *first.entry((entry.environment, &entry.service.name, mapping)).or_insert(position);
        if earlier == position || (entry.port.derived && entries[earlier].port.derived) {
            rest.push(position);
        } else {
            pairs.push(Pair { later: position, earlier });
        }
    }
    (pairs, rest)
}

/// Host addresses that are looked up together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Addresses {
    All,
    V4,
    V6,
    /// Exactly what is written; nothing is every address of both families.
    Written(Option<IpAddr>),
}

impl Addresses {
    fn family(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// Under which names an entry is found.
    fn of(ip: Option<IpAddr>) -> Vec<Self> {
        let mut names = vec![Self::All, Self::Written(ip)];
        names.extend(ip.map(Self::family));
        names
    }

    /// Under which names those are that it meets (`addresses_overlap`).
    fn that_meet(ip: Option<IpAddr>) -> Vec<Self> {
        let Some(ip) = ip else { return vec![Self::All] };
        if ip.is_unspecified() {
            return vec![Self::Written(None), Self::family(ip)];
        }
        let every = if ip.is_ipv4() { "0.0.0.0" } else { "::" };
        vec![Self::Written(None), Self::Written(every.parse().ok()), Self::Written(Some(ip))]
    }
}

/// What has begun so far, and how far it reaches.
#[derive(Debug, Default)]
struct Reach {
    /// The entry that reaches furthest, by protocol, environment, whether it is a pool, profiles, and address.
    furthest: HashMap<(Protocol, usize, bool, usize, Addresses), usize>,
    /// The choices of profiles that run beside each one. Services without a profile in common stand in for each other.
    beside: Vec<Vec<usize>>,
}

impl Reach {
    fn new(entries: &[Entry<'_>]) -> Self {
        let mut services: BTreeMap<usize, &Service> = BTreeMap::new();
        for entry in entries {
            services.entry(entry.profiles).or_insert(entry.service);
        }
        let beside = services.values().map(|service| {
            let others = services.iter().filter(|(_, other)| service.runs_beside(other));
            others.map(|(position, _)| *position).collect()
        });
        Self { beside: beside.collect(), furthest: HashMap::new() }
    }

    /// The first entry in the file that reaches up to where `entry` begins.
    fn meets(&self, entries: &[Entry<'_>], entry: &Entry<'_>, environment: usize, pools: bool) -> Option<usize> {
        let names = Addresses::that_meet(entry.mapping.ip);
        let keys = self.beside[entry.profiles].iter().flat_map(|profiles| {
            names.iter().map(move |name| (entry.mapping.protocol, environment, pools, *profiles, *name))
        });
        let found = keys.filter_map(|key| self.furthest.get(&key));
        found.copied().filter(|other| entries[*other].published.last >= entry.published.first).min()
    }

    fn add(&mut self, entries: &[Entry<'_>], position: usize) {
        let entry = &entries[position];
        for name in Addresses::of(entry.mapping.ip) {
            let key = (entry.mapping.protocol, entry.environment, entry.mapping.is_pool(), entry.profiles, name);
            let furthest = self.furthest.entry(key).or_insert(position);
            if entries[*furthest].published.last < entry.published.last {
                *furthest = position;
            }
        }
    }
}

/// Host ports that nobody wants.
pub(super) struct Free {
    /// Those that somebody wants: disjoint ranges that do not touch, the last port by the first one.
    taken: HashMap<Protocol, BTreeMap<u16, u16>>,
}

impl Free {
    pub(super) fn new(entries: &[Entry<'_>]) -> Self {
        let mut free = Self { taken: HashMap::new() };
        for entry in entries {
            free.take(entry.mapping.protocol, entry.published);
        }
        free
    }

    /// The next free ports after `range`, as many as it has; nobody else is told of them.
    pub(super) fn next(&mut self, protocol: Protocol, range: PortRange) -> Option<PortRange> {
        let width = range.last - range.first;
        // Beside a port of the system stands its usual stand-in: 8080 for 80, 8443 for 443.
        let mut first = if range.last < 1024 { range.first + 8000 } else { range.last.checked_add(1)? };
        loop {
            let found = PortRange { first, last: first.checked_add(width)? };
            let Some(taken) = self.last_taken(protocol, found) else {
                self.take(protocol, found);
                return Some(found);
            };
            first = taken.checked_add(1)?;
        }
    }

    /// Whether nobody wants this port.
    pub(super) fn has(&self, protocol: Protocol, port: u16) -> bool {
        self.last_taken(protocol, PortRange::one(port)).is_none()
    }

    /// The end of the last taken range that begins in or before `range` and reaches it.
    fn last_taken(&self, protocol: Protocol, range: PortRange) -> Option<u16> {
        let (_, last) = self.taken.get(&protocol)?.range(..=range.last).next_back()?;
        (*last >= range.first).then_some(*last)
    }

    fn take(&mut self, protocol: Protocol, range: PortRange) {
        let taken = self.taken.entry(protocol).or_default();
        let (mut first, mut last) = (range.first, range.last);
        // Whatever overlaps or touches becomes one range with it.
        while let Some((&begin, &end)) = taken.range(..=last.saturating_add(1)).next_back() {
            if end.saturating_add(1) < first {
                break;
            }
            taken.remove(&begin);
            (first, last) = (first.min(begin), last.max(end));
        }
        taken.insert(first, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_free_ports_are_told_once() {
        let mut free = Free { taken: HashMap::new() };
        for (first, last) in [(8080, 8080), (8082, 8090), (8000, 8079), (65535, 65535)] {
            free.take(Protocol::Tcp, PortRange { first, last });
        }
        assert_eq!(free.taken[&Protocol::Tcp].len(), 3);
        assert_eq!(free.next(Protocol::Tcp, PortRange::one(8080)), Some(PortRange::one(8081)));
        assert_eq!(free.next(Protocol::Tcp, PortRange::one(80)), Some(PortRange::one(8091)));
        assert_eq!(free.next(Protocol::Udp, PortRange::one(80)), Some(PortRange::one(8080)));
        assert_eq!(
            free.next(Protocol::Tcp, PortRange { first: 8000, last: 8001 }),
            Some(PortRange { first: 8092, last: 8093 })
        );
        assert_eq!(free.next(Protocol::Tcp, PortRange::one(65534)), None);
        assert!(free.has(Protocol::Tcp, 7999) && !free.has(Protocol::Tcp, 8093));
    }
}

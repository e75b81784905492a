//! Where routers are in each other's way: those of one stack, and those of several stacks on one proxy.

use std::collections::HashMap;

use super::{Router, Routing};
use crate::manifest::types::RouteProtocol;
use crate::traefik::rule::coverage::Alternatives;

/// Two routers of one entry point, of which one takes everything that the other takes.
#[derive(Debug, Clone)]
pub struct Meeting<'r> {
    /// How they stand to each other.
    pub kind: MeetingKind,
    /// The one that gets no request, or only by chance.
    pub weaker: &'r Router,
    /// The one that takes everything.
    pub stronger: &'r Router,
}

/// How two routers stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeetingKind {
    /// The same rule, with the same priority: nothing says which one is taken.
    SameRule,
    /// One takes everything that the other takes, with the same priority: nothing says which one is taken.
    SamePriority,
    /// The stronger one takes everything first.
    Shadowed,
}

/// Where a router can be looked up: protocol, entry point, TLS, host and path.
type Key<'c> = (bool, &'c str, bool, Option<&'c str>, Option<&'c str>);

impl Routing {
    /// Every router that another one leaves nothing to, with the strongest of those; `is_judged` says which pairs are of
    /// interest, such as those of two stacks.
    pub fn meetings(&self, is_judged: &dyn Fn(&Router, &Router) -> bool) -> Vec<Meeting<'_>> {
        let candidates: Vec<(&Router, Alternatives)> = self
            .routers
            .iter()
            // A redirect leaves what it does not get on purpose.
            .filter(|router| router.redirect.is_none() && !router.has_open_priority)
            .filter_map(|router| Some((router, Alternatives::of(router.tree.as_ref()?)?)))
            .collect();
        let base = |router: &Router| router.protocol == RouteProtocol::Http;
        let mut index: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
        for (number, (router, alternatives)) in candidates.iter().enumerate() {
            for (host, path) in alternatives.keys() {
                let known = index.entry((base(router), &router.entry_point, router.has_tls, host, path)).or_default();
                if known.last() != Some(&number) {
                    known.push(number);
                }
            }
        }
        let mut meetings = Vec::new();
        for (number, (weaker, taken)) in candidates.iter().enumerate() {
            let keys = taken.wider_keys().into_iter();
            let mut found: Vec<usize> = keys
                .filter_map(|(host, path)| {
                    index.get(&(base(weaker), weaker.entry_point.as_str(), weaker.has_tls, host, path))
                })
                .flatten()
                .copied()
                .collect();
            found.sort_unstable();
            found.dedup();
            // The candidates are sorted: the first that takes everything is the strongest.
            let stronger = found.into_iter().filter(|other| *other != number).find_map(|other| {
                let (stronger, takes) = candidates.get(other)?;
                let is_possible = stronger.priority >= weaker.priority && is_judged(weaker, stronger);
                if !is_possible || !takes.cover(taken) {
                    return None;
                }
                let is_equal = stronger.priority == weaker.priority;
                // Of two that take the same, with the same priority, the later one is told.
                let is_same = is_equal && taken.cover(takes);
                (!is_same || other < number).then_some((*stronger, is_equal, is_same))
            });
            if let Some((stronger, is_equal, is_same)) = stronger {
                let kind = match (is_equal, is_same) {
                    (_, true) => MeetingKind::SameRule,
                    (true, false) => MeetingKind::SamePriority,
                    (false, _) => MeetingKind::Shadowed,
                };
                meetings.push(Meeting { kind, weaker, stronger });
            }
        }
        meetings
    }
}

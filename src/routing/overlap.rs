//! Where routers are in each other's way: those of one stack, and those of several stacks on one proxy.

use super::{Router, Routing};
use crate::manifest::types::RouteProtocol;
use crate::traefik::rule::coverage::{self, Alternatives, Ground};

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
    /// Both take the same, with the same priority: nothing says which one is taken.
    SameRule,
    /// One takes everything that the other takes, with the same priority: nothing says which one is taken.
    SamePriority,
    /// The stronger one takes everything first.
    Shadowed,
}

impl Routing {
    /// Every router that another one leaves nothing to, with the strongest of those; `is_judged` says which pairs are of
    /// interest, such as those of two stacks.
    pub fn meetings(&self, is_judged: &dyn Fn(&Router, &Router) -> bool) -> Vec<Meeting<'_>> {
        // In the order in which they are asked: the strongest first.
        let candidates: Vec<(&Router, Alternatives)> = self
            .routers
            .iter()
            // A redirect leaves what it does not get on purpose.
            .filter(|router| router.redirect.is_none() && !router.has_open_priority)
            .filter_map(|router| Some((router, Alternatives::of(router.tree.as_ref()?)?)))
            .collect();
        let ground = |router: &'_ Router| router.protocol == RouteProtocol::Http;
        let rules: Vec<(Ground<'_>, &Alternatives)> = candidates
            .iter()
            .map(|(router, rule)| ((ground(router), router.entry_point.as_str(), router.has_tls), rule))
            .collect();
        let is_possible = |number: usize, other: usize| {
            let ((weaker, taken), (stronger, takes)) = (&candidates[number], &candidates[other]);
            // Of two that take the same, with the same priority, the later one is told.
            let is_first = || weaker.priority == stronger.priority && number < other && taken.cover(takes);
            stronger.priority >= weaker.priority && is_judged(weaker, stronger) && !is_first()
        };
        let mut meetings: Vec<Meeting<'_>> = Vec::new();
        let mut told: Option<usize> = None;
        coverage::each_covered(&rules, &is_possible, &mut |number, other| {
            if told == Some(number) {
                return;
            }
            told = Some(number);
            let ((weaker, taken), (stronger, takes)) = (&candidates[number], &candidates[other]);
            let kind = match weaker.priority == stronger.priority {
                true if taken.cover(takes) => MeetingKind::SameRule,
                true => MeetingKind::SamePriority,
                false => MeetingKind::Shadowed,
            };
            meetings.push(Meeting { kind, weaker, stronger });
        });
        meetings
    }
}

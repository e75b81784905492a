//! Where findings stand in a picture: at the route or the service that they are about.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::text::shown;
use crate::diagnostics::{Resolved, Severity, Spot, TOO};
use crate::plan::Plan;
use crate::source::KeyPath;

/// An error or a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) is_error: bool,
    pub(super) rule: &'static str,
    pub(super) message: String,
}

impl Mark {
    /// How bad it is.
    pub(super) fn word(&self) -> &'static str {
        if self.is_error { "error" } else { "warning" }
    }
}

/// The findings of one environment.
#[derive(Debug)]
pub(super) struct Marks<'f> {
    all: Vec<&'f Resolved>,
    /// Positions of findings, by the path of a service or a route.
    places: HashMap<String, Vec<usize>>,
    /// The positions that have been asked for.
    placed: RefCell<HashSet<usize>>,
}

impl<'f> Marks<'f> {
    /// Looks for the places of findings among the services of a plan and their routes. What is only a hint is left out.
    pub(super) fn of(plan: &Plan, findings: &'f [Resolved]) -> Self {
        let environment = &plan.environment;
        let is_here = |finding: &&Resolved| {
            finding.severity != Severity::Hint
                && (finding.environments.is_empty() || finding.environments.contains(environment))
        };
        let all: Vec<&Resolved> = findings.iter().filter(is_here).collect();
        let mut known: HashSet<String> = plan.services.values().map(|service| service.origin().to_string()).collect();
        known.extend(plan.externals.keys().map(|name| KeyPath::of(["services", name]).to_string()));
        let routers = plan.services.values().flat_map(|service| &service.routers);
        known.extend(routers.map(|router| router.origin.to_string()));
        let mut sources: Vec<(&str, String)> = Vec::new();
        for service in plan.services.values() {
            if let Some(build) = service.build.as_ref().filter(|build| !matches!(build.source.as_str(), "" | ".")) {
                sources.push((&build.source, service.origin().to_string()));
            }
        }
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, finding) in all.iter().enumerate() {
            let spots = || std::iter::once(&finding.primary).chain(&finding.secondary);
            let first = spots().find_map(|spot| place(spot, &known, &sources));
            let others = spots().filter(|spot| spot.text == TOO).filter_map(|spot| place(spot, &known, &sources));
            for place in others.chain(first).collect::<BTreeSet<_>>() {
                places.entry(place).or_default().push(position);
            }
        }
        Self { places, all, placed: RefCell::default() }
    }

    /// Those about a service, and about nothing in it that has a place of its own.
    pub(super) fn of_service(&self, name: &str) -> Vec<Mark> {
        self.at(&KeyPath::of(["services", name]))
    }

    /// Those about what is declared there.
    pub(super) fn at(&self, origin: &KeyPath) -> Vec<Mark> {
        let found = self.places.get(&origin.to_string()).map_or(&[][..], Vec::as_slice);
        self.placed.borrow_mut().extend(found);
        found.iter().map(|position| mark(self.all[*position])).collect()
    }

    /// Those that nobody has asked for.
    pub(super) fn elsewhere(&self) -> Vec<Mark> {
        let placed = self.placed.borrow();
        let rest = self.all.iter().enumerate().filter(|(position, _)| !placed.contains(position));
        rest.map(|(_, finding)| mark(finding)).collect()
    }
}

fn mark(finding: &Resolved) -> Mark {
    Mark { is_error: finding.severity == Severity::Error, rule: finding.rule, message: shown(&finding.message) }
}

/// The nearest entry above a spot that is a service or a route; of a spot in a source, the service that is built from it.
fn place(spot: &Spot, known: &HashSet<String>, sources: &[(&str, String)]) -> Option<String> {
    if let Some(file) = &spot.file {
        let is_below = |folder: &str| file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        return sources.iter().find(|(folder, _)| is_below(folder)).map(|(_, place)| place.clone());
    }
    let entry = spot.entry.as_deref()?;
    let ends = entry.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(at, _)| at);
    let ends: Vec<usize> = ends.chain([entry.len()]).collect();
    ends.into_iter().rev().map(|end| &entry[..end]).find(|above| known.contains(*above)).map(str::to_owned)
}

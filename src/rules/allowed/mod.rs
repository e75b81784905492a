//! What people have said that they know: findings that `allow` silences, and an `allow` that silences nothing.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{Context, find, unused_allow};
use crate::diagnostics::{Finding, Label};
use crate::manifest::Manifest;
use crate::source::{KeyPath, Place};

/// What `allow` tables silence, and whether they did.
pub(super) struct Allowed {
    /// Environment, service (none for the whole stack) and rule.
    entries: IndexMap<(String, Option<String>, String), bool>,
}

impl Allowed {
    pub(super) fn new(context: &Context<'_>) -> Self {
        let mut entries = IndexMap::new();
        for (environment, manifest) in &context.read.environments {
            each_allow(manifest, |service, rule| {
                entries.insert((environment.clone(), service.map(str::to_owned), rule.to_owned()), false);
            });
        }
        Self { entries }
    }

    pub(super) fn silences(&mut self, finding: &Finding) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let service_of = |label: &Label| match &label.place {
            Place::Entry { path, .. } if path.key_at(0) == Some("services") => path.key_at(1).map(str::to_owned),
            _ => None,
        };
        // A line of another file belongs to whoever is named beside it.
        let service = match &finding.primary.place {
            Place::File { .. } => finding.secondary.iter().find_map(service_of),
            _ => service_of(&finding.primary),
        };
        let mut silenced = false;
        for ((environment, owner, rule), used) in &mut self.entries {
            let same_environment = finding.environment.as_ref().is_none_or(|name| name == environment);
            if rule == finding.rule && same_environment && (owner.is_none() || *owner == service) {
                *used = true;
                silenced = true;
            }
        }
        silenced
    }

    /// Rules that are allowed somewhere and silenced nothing anywhere.
    pub(super) fn unused(self, context: &Context<'_>) -> Vec<Finding> {
        let used: HashSet<(&Option<String>, &String)> =
            self.entries.iter().filter(|(_, used)| **used).map(|((_, service, rule), _)| (service, rule)).collect();
        let mut findings = Vec::new();
        for (environment, service, rule) in self.entries.keys() {
            if used.contains(&(service, rule)) {
                continue;
            }
            let owner = service.as_ref().map_or_else(|| KeyPath::of(["stack"]), |name| KeyPath::of(["services", name]));
            // What is unclear is not judged, so what could be silenced there is unknown.
            let is_unclear = match service {
                Some(_) => context.may_be_lost(&owner),
                None => !context.read.unclear.is_empty(),
            };
            if is_unclear && find(rule).is_some_and(|rule| rule.can_be_allowed) {
                continue;
            }
            let path = owner.key("allow").key(rule);
            findings.push(unused_allow::finding(environment, path, rule));
        }
        findings
    }
}

fn each_allow<'a>(manifest: &'a Manifest, mut visit: impl FnMut(Option<&'a str>, &'a str)) {
    for rule in manifest.stack.iter().flat_map(|stack| stack.allow.keys()) {
        visit(None, rule);
    }
    for (name, service) in &manifest.services {
        for rule in service.allow.keys() {
            visit(Some(name), rule);
        }
    }
}

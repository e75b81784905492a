//! Chains in labels that lead back to themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::RULE;
use super::labels::parts;
use crate::diagnostics::{Finding, Label};
use crate::manifest::Manifest;
use crate::plan::Plan;

/// Tells what labels put together in vain.
pub(super) fn check(plan: &Plan, manifest: &Manifest, findings: &mut Vec<Finding>) {
    let mut chains: BTreeMap<&str, Chain<'_>> = BTreeMap::new();
    for service in plan.services.values() {
        for (label, text) in &service.labels {
            let Some((section, group, name, option)) = parts(label) else { continue };
            if section == "http" && group == "middlewares" && option == "chain.middlewares" {
                let names = text.with_defaults().unwrap_or_default();
                let own = |name: &str| name.trim().trim_end_matches("@docker").to_owned();
                let names = names.split(',').map(own).collect();
                chains.insert(name, Chain { service: &service.name, label, names });
            }
        }
    }
    let at = |(service, label): (&str, &str), text: &str| {
        let path = manifest.services.get(service)?.written_label(service, label)?.path;
        Some(Label::key(Some(&plan.environment), path, text))
    };
    for name in circular(&chains) {
        let Some(chain) = chains.get(name) else { continue };
        let Some(label) = at((chain.service, chain.label), "leads back to itself") else { continue };
        let message = format!("the chain `{name}` leads back to itself, and Traefik drops every router that uses it");
        findings.push(Finding::new(RULE.id, RULE.severity, message, label).help("name other middlewares in it"));
    }
}

/// A chain in labels.
struct Chain<'p> {
    service: &'p str,
    label: &'p str,
    names: Vec<String>,
}

/// One chain of each circle: the first by its name.
fn circular<'p>(chains: &BTreeMap<&'p str, Chain<'p>>) -> Vec<&'p str> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    for start in chains.keys() {
        // What is being followed, with the next name of each.
        let mut way: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((name, next)) = way.pop() {
            let follow = chains.get(name).and_then(|chain| chain.names.get(next));
            let Some(follow) = follow else {
                done.insert(name);
                continue;
            };
            way.push((name, next + 1));
            let Some((follow, _)) = chains.get_key_value(follow.as_str()) else { continue };
            if way.iter().any(|(known, _)| known == follow) {
                if !found.contains(follow) && !done.contains(follow) {
                    found.push(*follow);
                }
            } else if !done.contains(follow) {
                way.push((follow, 0));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_circle_is_found_once() {
        let chain = |names: &[&str]| Chain {
            service: "s",
            label: "l",
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let chains: BTreeMap<&str, Chain<'_>> = [
            ("a", chain(&["b", "x"])),
            ("b", chain(&["c"])),
            ("c", chain(&["b", "d"])),
            ("d", chain(&["e", "e"])),
            ("e", chain(&[])),
            ("f", chain(&["f"])),
        ]
        .into_iter()
        .collect();
        assert_eq!(circular(&chains), ["b", "f"]);
    }
}

//! What the compose files of other environments say of variables.

use toml::Value;

use super::super::{Entry, Material, Proposal, Setting};
use super::peers::Peer;
use super::texts::{demanded, typed};
use super::{is_environment, setting};
use crate::init::judgement::is_harmless;
use crate::init::seen::{Container, Seen};

/// What the files of other environments demand.
pub(in crate::init::proposal) fn demands(proposal: &mut Proposal, material: Material<'_>) {
    let all = material.seen.containers.iter().flat_map(|container| &container.elsewhere);
    for (environment, other) in all {
        let args = other.build.iter().flat_map(|build| build.args.values().flatten());
        for value in other.env.values().flatten().chain(other.labels.values()).chain(args) {
            for name in demanded(value) {
                if let Some(variable) = proposal.variables.get_mut(&name)
                    && !variable.required_in.contains(environment)
                {
                    variable.required_in.push(environment.clone());
                }
            }
        }
    }
}

/// What only another environment tells a container.
pub(super) fn add(
    proposal: &mut Proposal,
    peers: &[Peer<'_>],
    seen: &Seen,
    container: &Container,
    name: &str,
    is_skipped: &dyn Fn(&str) -> bool,
) {
    for (environment, other) in &container.elsewhere {
        let mut table = toml::Table::new();
        for (variable, value) in &other.env {
            if is_skipped(variable) || is_environment(container, variable, seen) {
                continue;
            }
            if let Some(own) = container.env.get(variable) {
                // Another value, where both can be seen.
                let differs = value.as_deref().is_some_and(|value| {
                    own.as_deref() != Some(value) && !value.contains('$') && is_harmless(variable, value)
                });
                let is_seen = own.as_deref().is_some_and(|own| !own.contains('$') && is_harmless(variable, own));
                if let (true, true, Some(value)) = (differs, is_seen, value) {
                    table.insert(variable.clone(), typed(value));
                }
                continue;
            }
            let setting = setting(proposal, peers, name, variable, value.as_deref(), &other.from);
            match setting {
                Some(Setting::Value(entry)) if !seen.hidden.is_in(&entry.value.to_string()) => {
                    table.insert(variable.clone(), entry.value);
                }
                Some(_) => {
                    table.insert(variable.clone(), Value::from(format!("${{{variable}}}")));
                }
                None => {}
            }
        }
        // What the first service of a program is told, its other processes are told too.
        let base = proposal.services.get(name).and_then(|service| service.text("extends"));
        let of_base = base.and_then(|base| proposal.overlays.get(environment)?.get(base)?.get("env")?.value.as_table());
        if let Some(of_base) = of_base.cloned() {
            table.retain(|name, value| of_base.get(name) != Some(value));
        }
        if !table.is_empty() {
            let overlay = proposal.overlays.entry(environment.clone()).or_default();
            let note = format!("from {}", other.from);
            overlay.entry(name.to_owned()).or_default().insert("env".to_owned(), Entry::noted(table, note));
        }
    }
}

//! Who waits for whom: no two services for each other.

use std::collections::BTreeMap;

use toml::Value;

use indexmap::IndexMap;

use super::{Entry, Proposal, Service, Setting, Variable};

/// Takes dependencies away that would close a circle; what compose files say comes first.
pub(super) fn settle(proposal: &mut Proposal) {
    let names: Vec<String> = proposal.services.keys().cloned().collect();
    let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let reaches = |edges: &BTreeMap<String, Vec<String>>, from: &str, to: &str| {
        let mut open = vec![from.to_owned()];
        let mut known: Vec<String> = Vec::new();
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            if !known.contains(&at) {
                open.extend(edges.get(&at).into_iter().flatten().cloned());
                known.push(at);
            }
        }
        false
    };
    for (name, service) in &mut proposal.services {
        // What is not there cannot be waited for, nor can a service wait for itself.
        let Some(entry) = service.keys.get_mut("depends-on") else { continue };
        match &mut entry.value {
            Value::Array(list) => list.retain(|other| {
                other.as_str().is_some_and(|other| other != name && names.iter().any(|known| known == other))
            }),
            Value::Table(table) => table.retain(|other, _| other != name && names.iter().any(|known| known == other)),
            _ => {}
        }
        // A table may say only whom it does not wait for.
        let is_empty = match &entry.value {
            Value::Array(list) => list.is_empty(),
            Value::Table(table) => table.is_empty(),
            _ => true,
        };
        if is_empty {
            service.keys.shift_remove("depends-on");
        }
    }
    for (name, service) in &proposal.services {
        for other in written(service) {
            edges.entry(name.clone()).or_default().push(other);
        }
    }
    for name in &names {
        let Some(service) = proposal.services.get(name) else { continue };
        let mut all = references(service, &proposal.variables);
        // Another process of a program waits for what that one waits for.
        let mut base = service.text("extends").map(str::to_owned);
        while let Some(other) = base.and_then(|base| proposal.services.get(&base)) {
            all.extend(references(other, &proposal.variables));
            base = other.text("extends").map(str::to_owned).filter(|_| all.len() < 1000);
        }
        all.sort();
        all.dedup();
        for other in all.into_iter().filter(|other| other != name && names.iter().any(|known| known == other)) {
            if reaches(&edges, &other, name) {
                if let Some(service) = proposal.services.get_mut(name) {
                    refuse(service, &other);
                }
            } else {
                edges.entry(name.clone()).or_default().push(other);
            }
        }
    }
    // What a reference says already need not be said again.
    let bases: Vec<(String, Vec<String>)> = proposal
        .services
        .iter()
        .map(|(name, service)| (name.clone(), references(service, &proposal.variables)))
        .collect();
    for service in proposal.services.values_mut() {
        let mut referred = references(service, &proposal.variables);
        let base = service.text("extends").and_then(|base| bases.iter().find(|(name, _)| name == base));
        referred.extend(base.iter().flat_map(|(_, all)| all.iter().cloned()));
        let Some(entry) = service.keys.get_mut("depends-on") else { continue };
        if let Value::Array(list) = &mut entry.value {
            let is_implied =
                |other: &Value| other.as_str().is_some_and(|other| referred.iter().any(|known| known == other));
            service.implied =
                list.iter().filter(|other| is_implied(other)).filter_map(Value::as_str).map(str::to_owned).collect();
            list.retain(|other| !is_implied(other));
            if list.is_empty() {
                service.keys.shift_remove("depends-on");
            }
        }
    }
    one_shots(proposal);
}

/// Writes the dependencies that a reference said, where that reference is gone by now.
pub(super) fn restore(proposal: &mut Proposal) {
    let there: Vec<String> = proposal
        .services
        .iter()
        .filter(|(_, service)| service.obstacle.is_none())
        .map(|(name, _)| name.clone())
        .collect();
    let referred: BTreeMap<String, Vec<String>> = proposal
        .services
        .iter()
        .map(|(name, service)| {
            let base = service.text("extends").and_then(|base| proposal.services.get(base));
            let all = [Some(service), base].into_iter().flatten();
            (name.clone(), all.flat_map(|service| references(service, &proposal.variables)).collect())
        })
        .collect();
    for (name, service) in &mut proposal.services {
        let known = referred.get(name).map(Vec::as_slice).unwrap_or_default();
        let (kept, lost): (Vec<String>, Vec<String>) =
            std::mem::take(&mut service.implied).into_iter().partition(|other| known.contains(other));
        service.implied = kept;
        for other in lost.into_iter().filter(|other| there.contains(other)) {
            let entry =
                service.keys.entry("depends-on".to_owned()).or_insert_with(|| Entry::new(Value::Array(Vec::new())));
            match &mut entry.value {
                Value::Array(list) => list.push(other.into()),
                Value::Table(table) => {
                    table.insert(other, true.into());
                }
                _ => {}
            }
        }
    }
}

/// Whoever is waited for until it has ended ends by design.
fn one_shots(proposal: &mut Proposal) {
    let awaited: Vec<String> = proposal
        .services
        .values()
        .filter_map(|service| service.keys.get("depends-on")?.value.as_table())
        .flat_map(|table| table.iter().filter(|(_, state)| state.as_str() == Some("completed")))
        .map(|(name, _)| name.clone())
        .collect();
    for name in awaited {
        if let Some(service) = proposal.services.get_mut(&name) {
            service.set("one-shot", Entry::noted(true, "another service waits until it has ended"));
            service.keys.shift_remove("restart");
        }
    }
}

/// What `depends-on` names.
fn written(service: &Service) -> Vec<String> {
    match service.keys.get("depends-on").map(|entry| &entry.value) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::Table(table)) => {
            table.iter().filter(|(_, state)| state.as_bool() != Some(false)).map(|(name, _)| name.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// The services that its texts wait for.
fn references(service: &Service, variables: &IndexMap<String, Variable>) -> Vec<String> {
    let mut found = Vec::new();
    let settings = service.env.iter().filter_map(|(name, setting)| match setting {
        Setting::Value(entry) => Some(&entry.value),
        Setting::Own(_) => variables.get(name)?.default.as_ref(),
    });
    for value in settings.chain(service.keys.values().map(|entry| &entry.value)) {
        let Some(text) = value.as_str() else { continue };
        for part in text.split("${services.").skip(1) {
            let inner = part.split('}').next().unwrap_or_default();
            if let Some((name, what)) = inner.split_once('.')
                && !matches!(what, "name" | "image" | "public-url")
            {
                found.push(name.to_owned());
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Has it not wait for another one, whatever its texts say.
fn refuse(service: &mut Service, other: &str) {
    let mut table = toml::Table::new();
    match service.keys.get("depends-on").map(|entry| entry.value.clone()) {
        Some(Value::Table(known)) => table = known,
        Some(Value::Array(list)) => {
            table.extend(list.into_iter().filter_map(|name| Some((name.as_str()?.to_owned(), Value::from(true)))));
        }
        _ => {}
    }
    table.insert(other.to_owned(), false.into());
    service.set("depends-on", Entry::noted(table, "else two would wait for each other"));
}

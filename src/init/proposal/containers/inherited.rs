//! What another process of a program would take over from the first one and did not have: it is taken back where
//! services.toml has a word for that, and told where it has none.

use toml::Value;

use crate::diagnostics::words::quoted;
use crate::init::proposal::{Entry, Material, Proposal, Service};
use crate::init::seen::Container;

/// Takes it back for every service that extends another one.
pub(super) fn take_back(proposal: &mut Proposal, material: Material<'_>) {
    if material.seen.is_compose_ours {
        return;
    }
    for container in &material.seen.containers {
        let Some(service) = proposal.services.get(&container.name) else { continue };
        let Some((name, base)) = service.text("extends").and_then(|base| proposal.services.get_key_value(base)) else {
            continue;
        };
        let Some(first) = material.seen.containers.iter().find(|first| first.name == *name) else { continue };
        let kind = service.kind().and_then(|kind| material.kinds.get(kind));
        let grace = kind.and_then(|kind| kind.stop_grace.clone()).unwrap_or_else(|| "10s".to_owned());
        let mut changed = service.clone();
        let note = format!("unlike `{name}`");
        for (key, without) in [
            ("volumes", Value::Array(Vec::new())),
            ("restart", "no".into()),
            ("limits", false.into()),
            ("logging", false.into()),
            ("stop-grace", grace.into()),
            ("networks", vec!["..."].into()),
        ] {
            if base.keys.contains_key(key) && !service.keys.contains_key(key) {
                changed.set(key, Entry::noted(without, note.clone()));
            }
        }
        let passed = |service: &Service| service.tables.get("compose").cloned().unwrap_or_default();
        let own = passed(service);
        for key in passed(base).keys().filter(|key| !own.contains_key(*key)) {
            let entry = Entry::noted("!reset", note.clone());
            changed.tables.entry("compose".to_owned()).or_default().insert(key.clone(), entry);
        }
        dependencies(first, container, &note, &mut changed);
        let told = ["user", "labels"].into_iter().filter(|key| {
            let has = |service: &Service| service.keys.contains_key(*key) || service.tables.contains_key(*key);
            has(base) && !has(service)
        });
        let told: Vec<&str> = told.collect();
        let what = format!(
            "whether it should have {} of `{name}`, as it has now: {} says nothing of the kind for it",
            quoted(&told),
            container.from
        );
        if !told.is_empty() {
            proposal.unknown(&container.name, what);
        }
        proposal.services.insert(container.name.clone(), changed);
    }
}

/// Whom the first one waits for, and this one neither waits for nor speaks of.
fn dependencies(first: &Container, container: &Container, note: &str, service: &mut Service) {
    let speaks = |name: &str| {
        let words = container.command.iter().flatten();
        let texts = container.env.values().flatten().chain(words);
        texts.into_iter().any(|text| text.contains(name))
    };
    let others = first
        .depends_on
        .keys()
        .filter(|name| !container.depends_on.contains_key(*name) && **name != container.name && !speaks(name));
    let others: Vec<&String> = others.collect();
    if others.is_empty() {
        return;
    }
    let mut table = match service.keys.get("depends-on").map(|entry| entry.value.clone()) {
        Some(Value::Table(table)) => table,
        Some(Value::Array(names)) => {
            names.into_iter().filter_map(|name| Some((name.as_str()?.to_owned(), true.into()))).collect()
        }
        _ => toml::Table::new(),
    };
    table.extend(others.into_iter().map(|name| (name.clone(), false.into())));
    service.set("depends-on", Entry::noted(table, note));
}

//! Names that stand in env files and that no source reads: a library that reads them by itself gets them; of the rest it is
//! told that nobody is known who does.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use super::meanings::{Reader, dialects};
use super::values::{peers, typed};
use super::{Entry, Material, Proposal, Setting};
use crate::audit::known::{is_given, is_switch};
use crate::compose::interpolation::names;
use crate::init::judgement::{is_own_address, is_public, read_by};
use crate::init::seen::EnvName;
use crate::init::snapshot::file_name;
use crate::project::Analysis;

/// Gives such names to whoever depends on a library that reads them, and tells the others.
pub(in crate::init) fn add(proposal: &mut Proposal, material: Material<'_>, analysis: &Analysis) {
    let known = accounted_for(proposal, material, analysis);
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (directory, of_files) in &material.seen.env_names {
        for (name, seen) in of_files.iter().filter(|(name, _)| !known.contains(*name) && !is_of_tools(name)) {
            if !give(proposal, material, directory, name, seen) && !is_for_tests(&seen.from) {
                told.entry(seen.from.clone()).or_default().push(name.clone());
            }
        }
    }
    for (path, names) in told {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let what = format!("who reads {}: nothing that was looked at does, so no service gets it", names.join(", "));
        proposal.unknown(&path, if names.len() == 1 { what } else { what.replace("gets it", "gets them") });
    }
}

/// Names that mean something to Compose, to stackgen, or to whatever runs.
fn is_of_tools(name: &str) -> bool {
    is_given(name) || name == "PORT" || name.starts_with("COMPOSE_") || name.ends_with("_HOST_PORT")
}

/// Whether an env file is for tests alone: `.env.test`.
fn is_for_tests(path: &str) -> bool {
    file_name(path).split('.').any(|part| matches!(part, "test" | "testing" | "ci" | "e2e"))
}

/// The names of which it is known, or said, what becomes of them.
fn accounted_for(proposal: &Proposal, material: Material<'_>, analysis: &Analysis) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for service in proposal.services.values() {
        known.extend(service.env.keys().chain(service.build_env.keys()).cloned());
        known.extend(service.left_out.iter().filter_map(|line| Some(line.split_once(':')?.0.to_owned())));
        let values = service.env.values().chain(service.build_env.values()).filter_map(|setting| match setting {
            Setting::Value(entry) => Some(entry),
            Setting::Own(_) => None,
        });
        let tables = service.tables.values().flat_map(indexmap::IndexMap::values);
        for entry in service.keys.values().chain(tables).chain(values) {
            mentioned(&entry.value, &mut known);
        }
    }
    for entry in proposal.stack.values() {
        mentioned(&entry.value, &mut known);
    }
    for overlay in proposal.overlays.values().flat_map(indexmap::IndexMap::values).flat_map(indexmap::IndexMap::values)
    {
        mentioned(&overlay.value, &mut known);
    }
    // What a compose file says and is not taken over is told where that is.
    for path in &material.seen.compose_files {
        known.extend(material.snapshot.text(path).into_iter().flat_map(str::lines).flat_map(names));
    }
    for plan in &analysis.plans {
        for usage in plan.services.values().filter_map(|service| analysis.audit.usage(plan, service)) {
            known.extend(usage.wanted.into_keys());
        }
    }
    known
}

fn mentioned(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(names(text)),
        Value::Array(items) => items.iter().for_each(|item| mentioned(item, found)),
        Value::Table(table) => {
            found.extend(table.keys().cloned());
            table.values().for_each(|value| mentioned(value, found));
        }
        _ => {}
    }
}

/// Gives a name to the programs that an env file in `directory` is for, where a library of theirs reads it.
fn give(proposal: &mut Proposal, material: Material<'_>, directory: &str, name: &str, seen: &EnvName) -> bool {
    let all: Vec<String> = proposal.services.keys().cloned().collect();
    let mut is_given = false;
    for service in all {
        let Some(known) = proposal.services.get(&service).filter(|service| service.obstacle.is_none()) else {
            continue;
        };
        let source = known.inner.clone().or_else(|| Some(known.text("source")?.trim_start_matches('.').to_owned()));
        let program = source.as_deref().and_then(|source| material.seen.program(source));
        let Some(program) = program.filter(|program| is_below(&program.directory, directory)) else { continue };
        let Some(library) = read_by(name, program.packages.iter()) else { continue };
        is_given = true;
        let peers = peers(proposal, material);
        let reader =
            Reader { peers: &peers, service: &service, program: Some(program), is_baked: false, has_compose: false };
        let dialects = dialects(Some(seen), name, &[]);
        let has_address = known.keys.contains_key("publish") || known.tables.contains_key("routes");
        let setting = if has_address && is_own_address(name, library) {
            own_address(proposal, &service, name, library)
        } else if let Some(text) = reader.meaning(name, &dialects) {
            let text = reader.asked(proposal, name, text, Some(seen));
            Setting::Value(Entry::noted(text, format!("`{library}` reads it")))
        } else {
            let default = seen.default.as_deref().map(typed);
            let verb = if default.is_some() { "from" } else { "named in" };
            let note = format!("{verb} {}; `{library}` reads it", seen.from);
            let variable = proposal.declare(name, default, Some(note.clone()));
            // Nothing is what most of them cannot work with.
            variable.is_optional |= !seen.is_set && is_switch(name);
            variable.is_secret |= seen.is_secret && variable.default.is_none() && !is_public(name);
            Setting::Own(Some(note))
        };
        if let Some(service) = proposal.services.get_mut(&service) {
            service.env.insert(name.to_owned(), setting);
        }
    }
    is_given
}

/// What a variable is in which a library wants to know under which address browsers see the program: an operator says
/// another one where something else stands in front.
pub(super) fn own_address(proposal: &mut Proposal, service: &str, name: &str, library: &str) -> Setting {
    let text = format!("${{services.{service}.public-url}}");
    let note = format!("`{library}` reads it");
    let is_taken = proposal.services.iter().any(|(other, known)| other != service && known.env.contains_key(name));
    if is_taken {
        return Setting::Value(Entry::noted(text, note));
    }
    proposal.declare(name, Some(text.into()), Some(note.clone()));
    Setting::Own(Some(note))
}

/// Whether a directory is another one, or lies in it.
fn is_below(inner: &str, outer: &str) -> bool {
    outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

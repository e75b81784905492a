//! Files that Compose puts into containers, `secrets` and `configs`: where they come from is handed on, what is in them is
//! not looked at.

use indexmap::IndexMap;
use serde_yaml::Value as Yaml;
use toml::Value;

use super::keys::plain;
use crate::diagnostics::words::quoted;
use crate::init::proposal::{Entry, Material, Proposal, Service, Setting};
use crate::init::seen::compose::{mapping, place_of_file, scalar};
use crate::init::seen::{Container, Seen};
use crate::init::snapshot::{joined, parent};
use crate::kinds::Kind;

/// The sections, and what one entry of each is.
const SECTIONS: [(&str, &str); 2] = [("secrets", "secret"), ("configs", "config")];

/// The entries of the stack that somebody is given.
pub(super) fn add(proposal: &mut Proposal, seen: &Seen) {
    for (section, _) in SECTIONS {
        for (name, value) in seen.files.get(section).into_iter().flatten() {
            let is_given = proposal.services.values().any(|service| {
                let list = service.tables.get("compose").and_then(|table| table.get(section)?.value.as_array());
                list.into_iter().flatten().any(|item| source(item) == Some(name))
            });
            if let Some(made) = made_of(value).filter(|_| is_given) {
                let known = proposal.compose.entry(section.to_owned()).or_default();
                known.insert(name.clone(), Entry::noted(made, "from the compose file"));
            }
        }
    }
}

fn source(item: &Value) -> Option<&str> {
    item.as_str().or_else(|| item.get("source")?.as_str())
}

/// Where an entry comes from, as Compose says it; none where nothing but a file of the host would do, or where that may be
/// a secret itself.
fn made_of(value: &Yaml) -> Option<Value> {
    let mut table = toml::Table::new();
    for (key, value) in mapping(Some(value)) {
        let shown = match key.as_str() {
            "file" | "name" => match scalar(&value)? {
                text if text.contains('$') => plain(&value)?,
                text => Value::from(text),
            },
            "content" => plain(&value)?,
            key if key.starts_with("x-") => continue,
            _ => return None,
        };
        table.insert(key, shown);
    }
    (!table.is_empty()).then_some(table.into())
}

/// Hands on what a service is given, but for what its kind asks for itself.
pub(super) fn hand_on(
    proposal: &mut Proposal,
    seen: &Seen,
    container: &Container,
    kind: Option<&Kind>,
    name: &str,
    service: &mut Service,
) -> IndexMap<String, Entry> {
    let mut passed: IndexMap<String, Entry> = IndexMap::new();
    for (section, what) in SECTIONS {
        let items = container.rest.get(section).and_then(Yaml::as_sequence).into_iter().flatten();
        let mut list: Vec<Value> = Vec::new();
        // Whether others are made of variables.
        let mut is_planned = false;
        for (item, (known, place)) in items.zip(container.given(section)) {
            let named = container.env.iter().filter(|(_, path)| path.as_deref() == Some(place.as_str()));
            let named: Vec<&String> = named.map(|(variable, _)| variable).collect();
            let is_asked_for = of_variable(seen, container, &place).is_some()
                && !named.is_empty()
                && kind.is_some_and(|kind| named.iter().all(|variable| is_file_of(kind, variable)));
            if is_asked_for {
                is_planned = true;
                continue;
            }
            let made = seen.files.get(section).and_then(|all| all.get(&known)).and_then(made_of);
            match (made, as_written(item)) {
                (Some(_), Some(item)) => list.push(item),
                // A variable that is a file.
                _ if !named.is_empty()
                    && variable_of(seen, section, &known).is_some()
                    && named.iter().all(|variable| is_path(variable)) =>
                {
                    is_planned = true;
                }
                _ => {
                    let read = names_it(&named);
                    let lost = format!(
                        "nothing is at {place}{read}: where the {what} `{known}` comes from is not taken over; `compose.{section}` \
                         mounts a file, and a variable with `secret = true` and `file = true` is one below /run/secrets"
                    );
                    service.left_out.push(lost.clone());
                    proposal.unknown(name, lost);
                }
            }
        }
        if !list.is_empty() {
            if is_planned {
                list.insert(0, "...".into());
            }
            passed.insert(section.to_owned(), Entry::new(list));
        }
    }
    passed
}

/// `, which A and B name`, where some variables do.
fn names_it(variables: &[&String]) -> String {
    match variables {
        [] => String::new(),
        [one] => format!(", which `{one}` names"),
        all => format!(", which {} name", quoted(all)),
    }
}

/// Whether images take such a variable for the path of a file.
fn is_path(variable: &str) -> bool {
    variable.ends_with("_FILE")
}

/// The variable of the host whose value a secret is.
fn variable_of(seen: &Seen, section: &str, name: &str) -> Option<String> {
    let made = seen.files.get(section).filter(|_| section == "secrets")?.get(name)?;
    scalar(made.get("environment")?)
}

/// Has those variables that are the path of a secret name a variable of the stack that is a file.
pub(in crate::init::proposal) fn paths(proposal: &mut Proposal, seen: &Seen) {
    for container in &seen.containers {
        for (secret, place) in container.given("secrets") {
            let Some(variable) = variable_of(seen, "secrets", &secret) else { continue };
            let named = container.env.iter().filter(|(_, path)| path.as_deref() == Some(place.as_str()));
            let named: Vec<&String> = named.map(|(name, _)| name).filter(|name| is_path(name)).collect();
            let Some(service) = proposal.services.get_mut(&container.name) else { continue };
            let mut is_read = false;
            for name in named {
                if let Some(setting) = service.env.get_mut(name) {
                    *setting = Setting::Value(Entry::new(format!("${{{variable}}}")));
                    is_read = true;
                }
            }
            if is_read {
                let declared = proposal.declare(&variable, None, Some(format!("from {}", container.from)));
                declared.is_secret = true;
                declared.file = Some(true.into());
            }
        }
    }
}

impl Proposal {
    /// Has nobody be given an entry of `secrets` or `configs` that is not there in the end.
    pub(in crate::init) fn without_file(&mut self, section: &str, name: &str, reason: &str) {
        let mut told: Vec<(String, String)> = Vec::new();
        for (service_name, service) in &mut self.services {
            let Some(table) = service.tables.get_mut("compose") else { continue };
            let Some(Value::Array(list)) = table.get_mut(section).map(|entry| &mut entry.value) else { continue };
            let (gone, kept): (Vec<Value>, Vec<Value>) =
                std::mem::take(list).into_iter().partition(|item| source(item) == Some(name));
            *list = kept;
            if list.is_empty() {
                table.shift_remove(section);
            }
            for item in gone {
                let target = item.get("target").and_then(Value::as_str).unwrap_or(name);
                let place = place_of_file(section, target);
                let is_it = |setting: &Setting| matches!(setting, Setting::Value(entry) if entry.value.as_str() == Some(&place));
                let named: Vec<&String> =
                    service.env.iter().filter(|(_, setting)| is_it(setting)).map(|(name, _)| name).collect();
                let lost = format!("nothing is at {place}{}: {reason}", names_it(&named));
                service.left_out.push(lost.clone());
                told.push((service_name.clone(), lost));
            }
        }
        for (about, what) in told {
            self.unknown(&about, what);
        }
    }
}

/// An entry of the list of a service: names, paths and numbers alone.
fn as_written(item: &Yaml) -> Option<Value> {
    if let Some(text) = scalar(item) {
        return Some(text.into());
    }
    let mut table = toml::Table::new();
    for (key, value) in mapping(Some(item)) {
        match (key.as_str(), &value) {
            ("mode", Yaml::Number(number)) => {
                table.insert(key, number.as_i64()?.into());
            }
            ("source" | "target" | "uid" | "gid" | "mode", _) => {
                table.insert(key, scalar(&value)?.into());
            }
            _ => return None,
        }
    }
    Some(table.into())
}

/// Whether a kind reads the value of an option from the file that this variable names.
fn is_file_of(kind: &Kind, variable: &str) -> bool {
    is_path(variable) && super::images::told_by(kind, variable).is_some()
}

/// The variable of the stack that is the file which is in this place of a container: its name, where the file itself says
/// one, and what `file` says of it. None for one that only the engine has.
pub(super) fn of_variable(seen: &Seen, container: &Container, place: &str) -> Option<(Option<String>, Value)> {
    let (name, _) = container.given("secrets").into_iter().find(|(_, known)| known == place)?;
    let made = seen.files.get("secrets")?.get(&name)?;
    if let Some(variable) = made.get("environment").and_then(scalar) {
        return Some((Some(variable), true.into()));
    }
    let file = made.get("file").and_then(scalar).filter(|file| !file.contains(['$', '~']))?;
    let file =
        if file.starts_with('/') { file } else { crate::plan::clean_path(&joined(parent(&container.from), &file))? };
    Some((None, file.into()))
}

/// Says of the variable that an option of a kind holds that it is a file.
pub(super) fn as_file(
    proposal: &mut Proposal,
    material: Material<'_>,
    container: &Container,
    variable: &str,
    place: &str,
) -> Option<String> {
    let (own, file) = of_variable(material.seen, container, place)?;
    let plain = variable.trim_end_matches("_FILE").to_owned();
    // Who reads the same name as a value goes on doing so.
    let mut texts = material.seen.containers.iter().flat_map(|container| &container.env);
    let is_read = texts.any(|(name, value)| {
        *name == plain
            || value.as_deref().is_some_and(|text| crate::compose::interpolation::names(text).contains(&plain))
    });
    let name = own.unwrap_or(if is_read { format!("{plain}_SECRET") } else { plain });
    let note = format!("from {}: the container's own user has to be able to read it", container.from);
    let declared = proposal.declare(&name, None, Some(note));
    declared.is_secret = true;
    declared.file = Some(file);
    Some(name)
}

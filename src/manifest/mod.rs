//! The first room: services.toml as written.
//!
//! [`read`] parses the text once into a spanned document, checks it against the schema (all mistakes in one run), and
//! gives one typed [`Manifest`] per environment: base and overlay merged, defaults filled in. What is wrong is kept as
//! [`Problem`]s, which the rules turn into findings.

use std::collections::HashSet;
use std::sync::{LazyLock, OnceLock};

use indexmap::IndexMap;
use toml::de::DeTable;
use toml::{Spanned, Table, Value};

use crate::kinds::{KindError, Kinds};
use crate::source::{KeyPath, Origins, Source, Step};
use crate::templates::Templates;

mod alignment;
mod check;
mod extends;
mod kind_names;
mod labels;
mod layers;
mod newer;
mod problem;
mod schema;
mod shape;
pub(crate) mod syntax;
pub mod text;
pub mod types;
pub mod unions;

pub(crate) use alignment::Alignment;
pub(crate) use extends::OWN_KEYS;
use kind_names::{KindAnswers, kind_names, unknown_kinds};
pub(crate) use layers::{ENV_TABLES, is_variable};
pub use newer::{Newer, NewerKind};
pub use problem::{ExtendsFlaw, Home, Problem};
pub use schema::published as published_schema;
pub use types::Manifest;

/// The one environment of a stack that names none.
pub const DEFAULT_ENVIRONMENT: &str = "default";

/// services.toml, read.
#[derive(Debug, Clone)]
pub struct Read {
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// The environments, in their order; empty where the file could not be understood at all.
    pub environments: IndexMap<String, Manifest>,
    /// The kinds that the services name.
    pub kinds: Kinds,
    /// Entries whose meaning is unknown because of a problem: what follows from them is not reported.
    pub unclear: HashSet<KeyPath>,
    /// What does not stand where it has its meaning.
    pub origins: Origins,
}

/// stackgen itself could not read the manifest.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A built-in kind is broken.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// Schema and types disagree: a defect of stackgen.
    #[error("environment {environment}: the checked manifest could not be read: {message}")]
    Types {
        /// The environment.
        environment: String,
        /// What serde says.
        message: String,
    },
}

/// Parses the text of `source`. The document is returned even where the text is no TOML: it holds what could be read.
pub fn parse(source: &Source) -> (Spanned<DeTable<'_>>, Vec<Problem>) {
    let (document, errors) = DeTable::parse_recoverable(source.text());
    let problems = errors
        .iter()
        .map(|error| {
            let message = error.message().trim().replace('\n', ", ");
            Problem::Syntax { range: error.span().unwrap_or(0..0), message }
        })
        .collect();
    (document, problems)
}

/// What TOML 1.0 does not have in a text that [`parse`] takes.
pub fn newer(source: &Source) -> Vec<Problem> {
    newer::find(source.text())
        .into_iter()
        .map(|newer| Problem::NewerToml { range: newer.range, kind: newer.kind })
        .collect()
}

/// Reads a parsed document.
pub fn read(document: &DeTable<'_>, templates: &Templates) -> Result<Read, ReadError> {
    read_with(document, templates, |_, _| ())
}

/// The same, and shows each environment to `see`: its name, and what holds in it as plain values, all layers merged.
pub fn read_with(
    document: &DeTable<'_>,
    templates: &Templates,
    mut see: impl FnMut(&str, &Table),
) -> Result<Read, ReadError> {
    let names = kind_names(document);
    let kinds = Kinds::load(templates, names.kinds())?;
    let (mut base, mut problems, deletions) = {
        let all = LazyLock::new(Box::new(|| Kinds::all(templates).unwrap_or_default()) as Box<dyn FnOnce() -> Kinds>);
        let answers = KindAnswers { names: &names, kinds: &kinds, all, none: IndexMap::new() };
        let (table, checked) = shapes().check(document, &answers);
        (table, checked.problems, checked.deletions)
    };
    problems.extend(unknown_kinds(&names, &kinds));
    let deletions: HashSet<KeyPath> = deletions.into_iter().collect();

    let overlays = match base.remove("environments") {
        Some(Value::Table(overlays)) => overlays,
        _ => Table::new(),
    };
    let environment_names = environment_names(&base);
    problems.extend(strangers(&base, &overlays, &environment_names));

    let mut origins = Origins::default();
    let mut note = |layer: Option<&str>, table: &mut Table, problems: &mut Vec<Problem>| {
        let (hoisted, twice) = layers::hoist(table);
        for variable in hoisted {
            origins.inline.insert((layer.map(str::to_owned), variable.name), prefixed(layer, &variable.path));
        }
        problems.extend(twice.into_iter().map(|twice| Problem::DeclaredTwice {
            name: twice.name,
            environment: layer.map(str::to_owned),
            first: twice.first,
            second: twice.second,
        }));
    };
    note(None, &mut base, &mut problems);

    let service_keys: HashSet<&str> = shapes().keys_of("Service").collect();
    let mut environments = IndexMap::new();
    for name in &environment_names {
        let mut merged = base.clone();
        if let Some(Value::Table(overlay)) = overlays.get(name) {
            let mut overlay = overlay.clone();
            note(Some(name), &mut overlay, &mut problems);
            if let Some(Value::Table(services)) = overlay.get_mut("services") {
                services.retain(|service, _| has_service(&base, service));
            }
            layers::merge(&mut merged, &overlay);
        }
        let written = written_keys(&merged);
        let mut deletions = deletions.clone();
        let (extends, wrong) = extends::extend(&mut merged, &service_keys, &kinds, name, &mut deletions);
        origins.extends.extend(extends.into_iter().map(|(child, parent)| ((name.clone(), child), parent)));
        problems.extend(wrong);
        let own = merged.contains_key("defaults").then(|| all_keys(&merged));
        layers::fill_defaults(&mut merged, &kinds);
        let filled = own.is_some().then(|| all_keys(&merged));
        layers::take_away(&mut merged, &deletions);
        problems.extend(missing(&base, &merged, name));
        see(name, &merged);
        let mut manifest = typed(merged, &kinds, name)?;
        for (service, keys) in written {
            if let Some(service) = manifest.services.get_mut(&service) {
                service.written = keys;
            }
        }
        for ((service, own), (_, filled)) in own.into_iter().flatten().zip(filled.into_iter().flatten()) {
            if let Some(service) = manifest.services.get_mut(&service) {
                service.defaulted = filled.into_iter().filter(|key| !own.contains(key)).collect();
            }
        }
        environments.insert(name.clone(), manifest);
    }
    let unclear = problems.iter().filter_map(Problem::owner).collect();
    Ok(Read { problems, environments, kinds, unclear, origins })
}

/// The JSON Schema of services.toml (draft 07), with the options of every kind of the project.
pub fn json_schema(templates: &Templates) -> Result<serde_json::Value, KindError> {
    let kinds = Kinds::all(templates)?;
    let options = kinds
        .iter()
        .flat_map(|kind| kind.options.iter().map(|(name, option)| (kind.name.as_str(), name.as_str(), option)));
    Ok(published_schema(options))
}

fn shapes() -> &'static shape::Shapes {
    static SHAPES: OnceLock<shape::Shapes> = OnceLock::new();
    SHAPES.get_or_init(|| shape::Shapes::compile(schema::generic()))
}

fn prefixed(layer: Option<&str>, path: &KeyPath) -> KeyPath {
    layer.map_or_else(|| path.clone(), |name| KeyPath::of(["environments", name]).join(path.steps()))
}

fn environment_names(base: &Table) -> Vec<String> {
    let named = base.get("stack").and_then(|stack| stack.get("environments")).and_then(Value::as_array);
    let mut names: Vec<String> = Vec::new();
    for name in named.into_iter().flatten().filter_map(Value::as_str) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() { vec![DEFAULT_ENVIRONMENT.to_owned()] } else { names }
}

fn has_service(base: &Table, service: &str) -> bool {
    base.get("services").and_then(|services| services.get(service)).is_some()
}

/// Overlays of environments and services that do not exist: a typo would otherwise add one silently.
fn strangers(base: &Table, overlays: &Table, known: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (environment, overlay) in overlays {
        if !known.contains(environment) {
            problems.push(Problem::UnknownEnvironment {
                path: KeyPath::of(["environments", environment]),
                environment: None,
                name: environment.clone(),
                known: known.to_vec(),
            });
        }
        for (service, _) in overlay.get("services").and_then(Value::as_table).into_iter().flatten() {
            if !has_service(base, service) {
                let all = base.get("services").and_then(Value::as_table);
                problems.push(Problem::UnknownService {
                    environment: environment.clone(),
                    name: service.clone(),
                    known: all.into_iter().flat_map(|all| all.keys().cloned()).collect(),
                });
            }
        }
    }
    problems.extend(unknown_environment_lists(base, known));
    problems
}

fn unknown_environment_lists(base: &Table, known: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut check = |table: Option<&Value>, path: &KeyPath| {
        for (index, name) in table.and_then(Value::as_array).into_iter().flatten().enumerate() {
            if let Some(name) = name.as_str()
                && !known.iter().any(|known| known == name)
            {
                problems.push(Problem::UnknownEnvironment {
                    path: path.index(index),
                    environment: None,
                    name: name.to_owned(),
                    known: known.to_vec(),
                });
            }
        }
    };
    for (table, key) in [("services", "environments"), ("variables", "required")] {
        for (name, entry) in base.get(table).and_then(Value::as_table).into_iter().flatten() {
            check(entry.get(key), &KeyPath::of([table, name, key]));
            for env in layers::ENV_TABLES {
                for (variable, value) in entry.get(env).and_then(Value::as_table).into_iter().flatten() {
                    check(value.get("required"), &KeyPath::of([table, name, env, variable, "required"]));
                }
            }
        }
    }
    problems
}

/// Keys that must be there once base and overlay are merged.
fn missing(base: &Table, merged: &Table, environment: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut missing = |path: KeyPath, key: &str| {
        let mut steps = path.steps().iter();
        let in_base = steps.try_fold(None, |table: Option<&Value>, step| match step {
            Step::Key(key) => table.map_or_else(|| base.get(key), |table| table.get(key)).map(Some),
            Step::Index(_) => None,
        });
        let (in_base, key) = (in_base.is_some(), key.to_owned());
        problems.push(Problem::MissingKey { path, environment: Some(environment.to_owned()), key, in_base });
    };
    if merged.get("stack").and_then(|stack| stack.get("name")).is_none() {
        missing(KeyPath::of(["stack"]), "name");
    }
    for (name, service) in merged.get("services").and_then(Value::as_table).into_iter().flatten() {
        for (table, key) in [("entrypoints", "port"), ("certificates", "email")] {
            for (entry, value) in service.get(table).and_then(Value::as_table).into_iter().flatten() {
                if value.get(key).is_none() {
                    missing(KeyPath::of(["services", name, table, entry]), key);
                }
            }
        }
    }
    problems
}

/// The keys of each service before the defaults fill in theirs; those that `false` takes away are none.
fn written_keys(merged: &Table) -> Vec<(String, Vec<String>)> {
    let services = merged.get("services").and_then(Value::as_table);
    let keys = |service: &Value| {
        let table = service.as_table().into_iter().flatten();
        table.filter(|(_, value)| **value != Value::Boolean(false)).map(|(key, _)| key.clone()).collect()
    };
    services.into_iter().flatten().map(|(name, service)| (name.clone(), keys(service))).collect()
}

/// The keys of each service.
fn all_keys(merged: &Table) -> Vec<(String, Vec<String>)> {
    let services = merged.get("services").and_then(Value::as_table);
    let keys = |service: &Value| service.as_table().into_iter().flat_map(|table| table.keys().cloned()).collect();
    services.into_iter().flatten().map(|(name, service)| (name.clone(), keys(service))).collect()
}

/// The types of one environment's view.
fn typed(mut merged: Table, kinds: &Kinds, environment: &str) -> Result<Manifest, ReadError> {
    let keys: HashSet<&str> = shapes().keys_of("Service").collect();
    let mut options: IndexMap<String, Table> = IndexMap::new();
    if let Some(Value::Table(services)) = merged.get_mut("services") {
        for (name, service) in services.iter_mut() {
            if let Value::Table(table) = service {
                let kind = table.get("kind").and_then(Value::as_str).and_then(|kind| kinds.get(kind));
                let is_own = |key: &str| keys.contains(key) && !kind.is_some_and(|kind| kind.replaces(key));
                let (own, flat): (Table, Table) = std::mem::take(table).into_iter().partition(|(key, _)| is_own(key));
                *table = own;
                if !flat.is_empty() {
                    options.insert(name.clone(), flat);
                }
            }
        }
    }
    let mut manifest: Manifest = Value::Table(merged).try_into().map_err(|error: toml::de::Error| {
        ReadError::Types { environment: environment.to_owned(), message: error.to_string() }
    })?;
    for (name, flat) in options {
        if let Some(service) = manifest.services.get_mut(&name) {
            service.options = flat;
        }
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checker_understands_every_keyword_of_the_schema() {
        assert_eq!(shapes().unknown, [""; 0]);
    }

    #[test]
    fn every_key_of_the_schema_has_a_description() {
        let schema = json_schema(&Templates::default()).unwrap();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        let mut bare = Vec::new();
        described(&schema, "", &mut bare);
        assert_eq!(bare, [""; 0]);
    }

    fn described(schema: &serde_json::Value, path: &str, bare: &mut Vec<String>) {
        let Some(map) = schema.as_object() else { return };
        for (name, property) in map.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten() {
            if property.get("description").is_none() {
                bare.push(format!("{path}.{name}"));
            }
        }
        for (name, inner) in map {
            described(inner, &format!("{path}/{name}"), bare);
        }
    }
}

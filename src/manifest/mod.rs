//! The first room: services.toml as written.
//!
//! [`read`] parses the text once into a spanned document, checks it against the schema (all mistakes in one run), and
//! gives one typed [`Manifest`] per environment: base and overlay merged, defaults filled in. What is wrong is kept as
//! [`Problem`]s, which the rules turn into findings.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use indexmap::IndexMap;
use toml::de::DeTable;
use toml::{Spanned, Table, Value};

use crate::kinds::{KindError, Kinds, OptionDef};
use crate::source::{Inline, KeyPath, Source, Step};

mod layers;
mod schema;
mod shape;
pub(crate) mod syntax;
pub mod text;
pub mod types;
pub mod unions;

pub use schema::published as published_schema;
pub use types::Manifest;

/// The one environment of a stack that names none.
pub const DEFAULT_ENVIRONMENT: &str = "default";

/// Something that is wrong with the file as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The text is no TOML.
    Syntax {
        /// Where.
        range: Range<usize>,
        /// What the parser says.
        message: String,
    },
    /// A key that does not exist.
    UnknownKey {
        /// Where, in the spelling of the base file.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// The key that was probably meant.
        meant: Option<String>,
        /// Kinds that have an option of this name.
        kinds: Vec<String>,
        /// The keys that exist there.
        candidates: Vec<String>,
    },
    /// A value of the wrong type.
    WrongType {
        /// Where.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// What would be right, in words.
        expected: String,
        /// What stands there, in words.
        found: &'static str,
        /// Whether it is an entry of a table (and not of an array).
        is_key_table: bool,
    },
    /// A value that is none of those allowed.
    WrongValue {
        /// Where.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// What would be right, in words.
        expected: String,
        /// The word that was probably meant.
        meant: Option<String>,
    },
    /// A key that must be there and is not.
    MissingKey {
        /// The table that lacks it.
        path: KeyPath,
        /// The environment in which it is missing; none where it is in all.
        environment: Option<String>,
        /// The key.
        key: String,
        /// Whether the base file has the table, so that it is shown there.
        in_base: bool,
    },
    /// A service of a kind that does not exist.
    UnknownKind {
        /// The path of the `kind` key.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// The name.
        kind: String,
        /// The kind that was probably meant.
        meant: Option<String>,
    },
    /// One variable, declared twice in one layer.
    DeclaredTwice {
        /// The variable.
        name: String,
        /// The overlay.
        environment: Option<String>,
        /// The first declaration.
        first: KeyPath,
        /// The second one.
        second: KeyPath,
    },
    /// An overlay of an environment that `stack.environments` does not name.
    UnknownEnvironment {
        /// Where it is named.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// The name.
        name: String,
        /// The environments there are.
        known: Vec<String>,
    },
    /// A service in an overlay that the base does not have.
    UnknownService {
        /// The overlay.
        environment: String,
        /// The service.
        name: String,
        /// The services there are.
        known: Vec<String>,
    },
}

impl Problem {
    /// The service or top-level entry that is not to be judged further, since what was meant is unknown.
    fn owner(&self) -> Option<KeyPath> {
        let path = match self {
            // In which environments it exists is unknown.
            Self::UnknownEnvironment { path, .. } if path.key_at(0) == Some("services") => path,
            Self::Syntax { .. } | Self::UnknownEnvironment { .. } | Self::UnknownService { .. } => return None,
            Self::UnknownKey { path, .. }
            | Self::WrongType { path, .. }
            | Self::WrongValue { path, .. }
            | Self::UnknownKind { path, .. }
            | Self::MissingKey { path, .. } => path,
            Self::DeclaredTwice { second, .. } => second,
        };
        Some(KeyPath::from_steps(&path.steps()[..path.steps().len().min(2)]))
    }
}

/// services.toml, read.
#[derive(Debug)]
pub struct Read {
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// The environments, in their order; empty where the file could not be understood at all.
    pub environments: IndexMap<String, Manifest>,
    /// The kinds that the services name.
    pub kinds: Kinds,
    /// Entries whose meaning is unknown because of a problem: what follows from them is not reported.
    pub unclear: HashSet<KeyPath>,
    /// Where the variables stand that were declared where they are used.
    pub inline: Inline,
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

/// Reads a parsed document.
pub fn read(document: &DeTable<'_>) -> Result<Read, ReadError> {
    let names = kind_names(document);
    let kinds = Kinds::load(names.values().map(String::as_str))?;
    let (mut base, mut problems, deletions) = {
        let answers = KindAnswers { names: &names, kinds: &kinds, none: IndexMap::new() };
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

    let mut inline = Inline::new();
    let mut note = |layer: Option<&str>, table: &mut Table, problems: &mut Vec<Problem>| {
        let (hoisted, twice) = layers::hoist(table);
        for variable in hoisted {
            inline.insert((layer.map(str::to_owned), variable.name), prefixed(layer, &variable.path));
        }
        problems.extend(twice.into_iter().map(|twice| Problem::DeclaredTwice {
            name: twice.name,
            environment: layer.map(str::to_owned),
            first: twice.first,
            second: twice.second,
        }));
    };
    note(None, &mut base, &mut problems);

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
        layers::fill_defaults(&mut merged);
        layers::take_away(&mut merged, &deletions);
        problems.extend(missing(&base, &merged, name));
        environments.insert(name.clone(), typed(merged, name)?);
    }
    let unclear = problems.iter().filter_map(Problem::owner).collect();
    Ok(Read { problems, environments, kinds, unclear, inline })
}

/// The JSON Schema of services.toml (draft 07).
pub fn json_schema() -> Result<serde_json::Value, KindError> {
    let kinds = Kinds::all()?;
    let options = kinds
        .iter()
        .flat_map(|kind| kind.options.iter().map(|(name, option)| (kind.name.as_str(), name.as_str(), option)));
    Ok(published_schema(options))
}

fn shapes() -> &'static shape::Shapes {
    static SHAPES: OnceLock<shape::Shapes> = OnceLock::new();
    SHAPES.get_or_init(|| shape::Shapes::compile(&schema::generic()))
}

fn prefixed(layer: Option<&str>, path: &KeyPath) -> KeyPath {
    layer.map_or_else(|| path.clone(), |name| KeyPath::of(["environments", name]).join(path.steps()))
}

/// The kind of each service, by layer (`None` is the base) and service.
type KindNames = HashMap<(Option<String>, String), String>;

fn kind_names(document: &DeTable<'_>) -> KindNames {
    let mut names = KindNames::new();
    let mut collect = |layer: Option<&str>, table: &DeTable<'_>| {
        let Some(services) = table.get("services").and_then(|services| services.get_ref().as_table()) else { return };
        for (name, service) in services {
            if let Some(kind) = service.get_ref().as_table().and_then(|table| table.get("kind"))
                && let Some(kind) = kind.get_ref().as_str()
            {
                names.insert((layer.map(str::to_owned), name.get_ref().to_string()), kind.to_owned());
            }
        }
    };
    collect(None, document);
    if let Some(environments) = document.get("environments").and_then(|table| table.get_ref().as_table()) {
        for (name, overlay) in environments {
            if let Some(overlay) = overlay.get_ref().as_table() {
                collect(Some(name.get_ref()), overlay);
            }
        }
    }
    names
}

struct KindAnswers<'a> {
    names: &'a KindNames,
    kinds: &'a Kinds,
    none: IndexMap<String, OptionDef>,
}

impl shape::Kinds for KindAnswers<'_> {
    fn options(&self, service: &str, environment: Option<&str>) -> shape::Options<'_> {
        let own = environment.and_then(|name| self.names.get(&(Some(name.to_owned()), service.to_owned())));
        match own.or_else(|| self.names.get(&(None, service.to_owned()))) {
            None => shape::Options::Known(&self.none),
            Some(kind) => {
                self.kinds.get(kind).map_or(shape::Options::Unknown, |kind| shape::Options::Known(&kind.options))
            }
        }
    }

    fn kinds_with(&self, option: &str) -> Vec<String> {
        let all = Kinds::all().unwrap_or_default();
        all.iter().filter(|kind| kind.options.contains_key(option)).map(|kind| kind.name.clone()).collect()
    }
}

fn unknown_kinds(names: &KindNames, kinds: &Kinds) -> Vec<Problem> {
    names
        .iter()
        .filter(|(_, kind)| kinds.get(kind).is_none())
        .map(|((layer, service), kind)| Problem::UnknownKind {
            path: KeyPath::of(["services", service, "kind"]),
            environment: layer.clone(),
            kind: kind.clone(),
            meant: crate::diagnostics::words::nearest(kind, Kinds::names()).map(str::to_owned),
        })
        .collect()
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
            for (variable, value) in entry.get("env").and_then(Value::as_table).into_iter().flatten() {
                check(value.get("required"), &KeyPath::of([table, name, "env", variable, "required"]));
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

/// The types of one environment's view.
fn typed(mut merged: Table, environment: &str) -> Result<Manifest, ReadError> {
    let keys: HashSet<&str> = shapes().keys_of("Service").collect();
    let mut options: IndexMap<String, Table> = IndexMap::new();
    if let Some(Value::Table(services)) = merged.get_mut("services") {
        for (name, service) in services.iter_mut() {
            if let Value::Table(table) = service {
                let (own, flat): (Table, Table) =
                    std::mem::take(table).into_iter().partition(|(key, _)| keys.contains(key.as_str()));
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
        let schema = json_schema().unwrap();
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

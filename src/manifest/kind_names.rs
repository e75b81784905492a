//! Which kind each service names, and so which options it may have.

use std::collections::HashMap;

use indexmap::IndexMap;
use toml::de::DeTable;

use super::{Problem, check};
use crate::kinds::{Kinds, OptionDef};
use crate::source::KeyPath;

/// The kind of each service, and whom it extends, by layer (`None` is the base) and service.
#[derive(Debug, Default)]
pub(super) struct KindNames {
    kinds: HashMap<(Option<String>, String), String>,
    extends: HashMap<(Option<String>, String), String>,
}

impl KindNames {
    /// The names of the kinds.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.values().map(String::as_str)
    }

    /// The kind of a service in an environment: its own, else that of the service that it extends.
    fn of(&self, service: &str, environment: Option<&str>) -> Option<&str> {
        let mut service = service;
        // A circle is told elsewhere, and longer chains are no one's.
        for _ in 0..16 {
            if let Some(kind) = written(&self.kinds, service, environment) {
                return Some(kind);
            }
            service = written(&self.extends, service, environment)?;
        }
        None
    }
}

/// What a layer says of a service, else the base.
fn written<'a>(
    map: &'a HashMap<(Option<String>, String), String>,
    service: &str,
    environment: Option<&str>,
) -> Option<&'a str> {
    let own = environment.and_then(|name| map.get(&(Some(name.to_owned()), service.to_owned())));
    own.or_else(|| map.get(&(None, service.to_owned()))).map(String::as_str)
}

pub(super) fn kind_names(document: &DeTable<'_>) -> KindNames {
    let mut names = KindNames::default();
    let mut collect = |layer: Option<&str>, table: &DeTable<'_>| {
        let Some(services) = table.get("services").and_then(|services| services.get_ref().as_table()) else { return };
        for (name, service) in services {
            let Some(table) = service.get_ref().as_table() else { continue };
            let text = |key: &str| table.get(key).and_then(|value| value.get_ref().as_str());
            let key = || (layer.map(str::to_owned), name.get_ref().to_string());
            if let Some(kind) = text("kind") {
                names.kinds.insert(key(), kind.to_owned());
            }
            if let Some(other) = text("extends") {
                names.extends.insert(key(), other.to_owned());
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

pub(super) struct KindAnswers<'a> {
    pub(super) names: &'a KindNames,
    pub(super) kinds: &'a Kinds,
    /// Those of the kinds that no service names are looked at only for the help of a mistake.
    pub(super) all: std::sync::LazyLock<Kinds, Box<dyn FnOnce() -> Kinds + 'a>>,
    pub(super) none: IndexMap<String, OptionDef>,
}

impl check::Kinds for KindAnswers<'_> {
    fn options(&self, service: &str, environment: Option<&str>) -> check::Options<'_> {
        match self.names.of(service, environment) {
            None => check::Options::Known(&self.none),
            Some(kind) => {
                self.kinds.get(kind).map_or(check::Options::Unknown, |kind| check::Options::Known(&kind.options))
            }
        }
    }

    fn kinds_with(&self, option: &str) -> Vec<String> {
        self.all.iter().filter(|kind| kind.options.contains_key(option)).map(|kind| kind.name.clone()).collect()
    }
}

pub(super) fn unknown_kinds(names: &KindNames, kinds: &Kinds) -> Vec<Problem> {
    names
        .kinds
        .iter()
        .filter(|(_, kind)| kinds.get(kind).is_none())
        .map(|((layer, service), kind)| Problem::UnknownKind {
            path: KeyPath::of(["services", service, "kind"]),
            environment: layer.clone(),
            kind: kind.clone(),
            meant: crate::diagnostics::words::nearest(kind, kinds.names()).map(str::to_owned),
        })
        .collect()
}

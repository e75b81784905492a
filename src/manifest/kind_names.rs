//! Which kind each service names, and so which options it may have.

use std::collections::HashMap;

use indexmap::IndexMap;
use toml::de::DeTable;

use super::{Problem, check};
use crate::kinds::{Kinds, OptionDef};
use crate::source::KeyPath;

/// The kind of each service, by layer (`None` is the base) and service.
pub(super) type KindNames = HashMap<(Option<String>, String), String>;

pub(super) fn kind_names(document: &DeTable<'_>) -> KindNames {
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

pub(super) struct KindAnswers<'a> {
    pub(super) names: &'a KindNames,
    pub(super) kinds: &'a Kinds,
    pub(super) none: IndexMap<String, OptionDef>,
}

impl check::Kinds for KindAnswers<'_> {
    fn options(&self, service: &str, environment: Option<&str>) -> check::Options<'_> {
        let own = environment.and_then(|name| self.names.get(&(Some(name.to_owned()), service.to_owned())));
        match own.or_else(|| self.names.get(&(None, service.to_owned()))) {
            None => check::Options::Known(&self.none),
            Some(kind) => {
                self.kinds.get(kind).map_or(check::Options::Unknown, |kind| check::Options::Known(&kind.options))
            }
        }
    }

    fn kinds_with(&self, option: &str) -> Vec<String> {
        let all = Kinds::all().unwrap_or_default();
        all.iter().filter(|kind| kind.options.contains_key(option)).map(|kind| kind.name.clone()).collect()
    }
}

pub(super) fn unknown_kinds(names: &KindNames, kinds: &Kinds) -> Vec<Problem> {
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

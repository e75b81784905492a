//! Checks a spanned TOML document against the schema, so that every mistake is found in one run and said in words.

use std::collections::HashMap;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::shape::{Additional, Id, Shape, Shapes, article};
use super::{Home, Problem};
use crate::kinds::OptionDef;
use crate::source::KeyPath;

/// What people write first, and no spelling is near to: whether in a service or at the top, and what is meant.
const SYNONYMS: [(bool, &str, &str); 16] = [
    (false, "env", "variables"),
    (false, "envs", "variables"),
    (false, "parameters", "variables"),
    (false, "params", "variables"),
    (false, "project", "stack"),
    (false, "vars", "variables"),
    (true, "cmd", "command"),
    (true, "dependencies", "depends-on"),
    (true, "depends", "depends-on"),
    (true, "dir", "source"),
    (true, "directory", "source"),
    (true, "needs", "depends-on"),
    (true, "run", "command"),
    (true, "start", "command"),
    (true, "variables", "env"),
    (true, "vars", "env"),
];

/// The result of a check: the value without what is wrong, and what is wrong.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) problems: Vec<Problem>,
    /// Paths (in the base file's spelling) where `false` takes something away.
    pub(super) deletions: Vec<KeyPath>,
}

/// Which options a service may have beside its own keys.
pub(super) enum Options<'a> {
    Known(&'a indexmap::IndexMap<String, OptionDef>),
    /// The kind is unknown: one finding says so, and its options are not judged.
    Unknown,
}

/// What the checker asks about a service.
pub(super) trait Kinds {
    /// The options of the service's kind.
    fn options(&self, service: &str, environment: Option<&str>) -> Options<'_>;
    /// The kinds that have this option, for the help.
    fn kinds_with(&self, option: &str) -> Vec<String>;
}

/// A walk through the document beside the schema.
struct Walk<'a> {
    shapes: &'a Shapes,
    kinds: &'a dyn Kinds,
    environment: Option<String>,
    out: Checked,
    option_shapes: HashMap<String, Shapes>,
}

impl Walk<'_> {
    fn table(&mut self, table: &DeTable<'_>, id: Id, path: &KeyPath) -> toml::Table {
        let shapes = self.shapes;
        let shape = shapes.follow(id);
        let mut out = toml::Table::new();
        let entering = (id == shapes.root).then_some(());
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if entering.is_some() && name == "environments" {
                continue;
            }
            let below = path.key(name);
            let child = shape.by_name.get(name).copied().map_or(shape.additional, Additional::Each);
            let checked = match child {
                Additional::Each(_) if shape.name == "Service" && self.is_replaced(name, path) => {
                    self.option(value, name, &below)
                }
                Additional::Each(child) if self.is_deletion(shape, child, name, value) => {
                    self.out.deletions.push(below);
                    Some(toml::Value::Boolean(false))
                }
                Additional::Each(child) => self.value(value, child, &below),
                Additional::Any => self.plain(value, &below),
                Additional::Forbidden if shape.name == "Service" => self.option(value, name, &below),
                Additional::Forbidden => {
                    self.unknown_key(shape, name, below, None);
                    None
                }
            };
            if let Some(value) = checked {
                out.insert(name.to_owned(), value);
            }
        }
        // Overlays merge, so what a layer lacks another may have; only tables that never merge are complete here.
        if !shape.deletable && shape.name != "Manifest" {
            for key in &shape.required {
                if !table.contains_key(key.as_str()) {
                    self.out.problems.push(Problem::MissingKey {
                        path: path.clone(),
                        environment: self.environment.clone(),
                        key: key.clone(),
                        in_base: self.environment.is_none(),
                    });
                }
            }
        }
        if entering.is_some()
            && let Some(environments) = table.get("environments")
        {
            let environments = self.environments(environments);
            out.insert("environments".to_owned(), toml::Value::Table(environments));
        }
        out
    }

    fn environments(&mut self, environments: &Spanned<DeValue<'_>>) -> toml::Table {
        let mut out = toml::Table::new();
        let Some(table) = environments.get_ref().as_table() else {
            let path = KeyPath::of(["environments"]);
            self.wrong_type(environments, "a table", &path);
            return out;
        };
        let shape = self.shapes.definitions["Environment"];
        for (name, overlay) in table {
            let name = name.get_ref().as_ref();
            match overlay.get_ref().as_table() {
                Some(overlay) => {
                    self.environment = Some(name.to_owned());
                    let checked = self.table(overlay, shape, &KeyPath::default());
                    self.environment = None;
                    out.insert(name.to_owned(), toml::Value::Table(checked));
                }
                None => self.wrong_type(overlay, "a table", &KeyPath::of(["environments", name])),
            }
        }
        out
    }

    /// `false` for an optional key that has no truth values of its own.
    fn is_deletion(&self, parent: &Shape, child: Id, name: &str, value: &Spanned<DeValue<'_>>) -> bool {
        if !matches!(value.get_ref(), DeValue::Boolean(false)) || parent.required.iter().any(|key| key == name) {
            return false;
        }
        let mut leaves = Vec::new();
        self.shapes.leaves(child, &mut leaves);
        let has_own = leaves
            .iter()
            .any(|leaf| self.shapes.all[*leaf].kinds.contains("boolean") || self.shapes.all[*leaf].constant.is_some());
        !has_own && (parent.deletable || parent.deletable_entries)
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, id: Id, path: &KeyPath) -> Option<toml::Value> {
        let mut leaves = Vec::new();
        self.shapes.leaves(id, &mut leaves);
        let kind = kind_of(value.get_ref());
        let fits = |leaf: &Id| {
            let shape = &self.shapes.all[*leaf];
            let any = shape.kinds.is_empty() && shape.words.is_empty() && shape.constant.is_none();
            any || shape.kinds.contains(kind)
                || (kind == "integer" && shape.kinds.contains("number"))
                || (kind == "string" && !shape.words.is_empty())
                || (kind == "boolean" && shape.constant == Some(Value::Bool(value.get_ref().as_bool() == Some(true))))
        };
        let fitting: Vec<Id> = leaves.iter().copied().filter(fits).collect();
        let Some(first) = fitting.first().copied() else {
            let expected = self.shapes.expected(&leaves);
            self.wrong_type(value, &expected, path);
            return None;
        };
        match value.get_ref() {
            DeValue::Table(table) => {
                let best = self.best_table(table, &fitting).unwrap_or(first);
                Some(toml::Value::Table(self.table(table, best, path)))
            }
            DeValue::Array(array) => match self.shapes.all[first].items {
                Some(items) => {
                    let mut out = Vec::with_capacity(array.len());
                    for (index, item) in array.iter().enumerate() {
                        out.extend(self.value(item, items, &path.index(index)));
                    }
                    Some(toml::Value::Array(out))
                }
                None => self.plain(value, path),
            },
            _ => self.scalar(value, &fitting, &leaves, path),
        }
    }

    /// Of several tables that are allowed here, the one that knows most of the keys.
    fn best_table(&self, table: &DeTable<'_>, fitting: &[Id]) -> Option<Id> {
        let known = |id: &Id| {
            let shape = &self.shapes.all[*id];
            let known = table.keys().filter(|key| shape.by_name.contains_key(key.get_ref().as_ref())).count();
            // Nothing known is in it: then rather the one that also lacks nothing.
            (known, shape.required.iter().all(|key| table.contains_key(key.as_str())))
        };
        fitting.iter().copied().rev().max_by_key(|id| known(id))
    }

    fn scalar(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        fitting: &[Id],
        leaves: &[Id],
        path: &KeyPath,
    ) -> Option<toml::Value> {
        let plain = self.plain(value, path)?;
        let holds = |leaf: &Id| {
            let shape = &self.shapes.all[*leaf];
            let word =
                plain.as_str().is_none_or(|text| shape.words.is_empty() || shape.words.iter().any(|word| word == text));
            let (low, high) = shape.range;
            let range =
                plain.as_integer().is_none_or(|n| low.is_none_or(|low| n >= low) && high.is_none_or(|high| n <= high));
            word && range
        };
        if fitting.iter().any(holds) {
            return Some(plain);
        }
        let words: Vec<&str> =
            leaves.iter().flat_map(|leaf| self.shapes.all[*leaf].words.iter().map(String::as_str)).collect();
        let meant = plain.as_str().and_then(|text| crate::diagnostics::words::nearest(text, words)).map(str::to_owned);
        self.out.problems.push(Problem::WrongValue {
            path: path.clone(),
            environment: self.environment.clone(),
            expected: self.shapes.expected(leaves),
            meant,
        });
        None
    }

    /// Whether an option of the kind takes the place of this key of the service at `path`.
    fn is_replaced(&self, name: &str, path: &KeyPath) -> bool {
        let (Some("services"), Some(service)) = (path.key_at(0), path.key_at(1)) else { return false };
        match self.kinds.options(service, self.environment.as_deref()) {
            Options::Known(options) => options.get(name).is_some_and(|option| option.replaces_key),
            Options::Unknown => false,
        }
    }

    /// A key of a service that is not one of its own: perhaps an option of its kind.
    fn option(&mut self, value: &Spanned<DeValue<'_>>, name: &str, path: &KeyPath) -> Option<toml::Value> {
        let (Some("services"), Some(service)) = (path.key_at(0), path.key_at(1)) else {
            let shapes = self.shapes;
            let shape = shapes.follow(shapes.definitions["Service"]);
            self.unknown_key(shape, name, path.clone(), None);
            return None;
        };
        let kinds = self.kinds;
        match kinds.options(service, self.environment.as_deref()) {
            Options::Unknown => self.plain(value, path),
            Options::Known(options) => {
                let Some(option) = options.get(name) else {
                    let shapes = self.shapes;
                    let shape = shapes.follow(shapes.definitions["Service"]);
                    self.unknown_key(shape, name, path.clone(), Some(options));
                    return None;
                };
                self.known_option(value, option, path)
            }
        }
    }

    fn known_option(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        option: &OptionDef,
        path: &KeyPath,
    ) -> Option<toml::Value> {
        if matches!(value.get_ref(), DeValue::Boolean(false)) && option.kind != crate::kinds::OptionType::Bool {
            self.out.deletions.push(path.clone());
            return Some(toml::Value::Boolean(false));
        }
        match option.kind {
            crate::kinds::OptionType::EntryPoints => self.option_map(value, "EntryPoint", path),
            crate::kinds::OptionType::Certificates => self.option_map(value, "Certificate", path),
            _ => {
                // The options of a kind are few; each is compiled once.
                let name = path.steps().last().map(|step| format!("{step:?}")).unwrap_or_default();
                let key = format!("{name}{:?}{:?}{:?}", option.kind, option.values, option.keys);
                let shapes = self
                    .option_shapes
                    .remove(&key)
                    .unwrap_or_else(|| Shapes::compile(&super::schema::option_schema(option)));
                let mut walk = Walk {
                    shapes: &shapes,
                    kinds: self.kinds,
                    environment: self.environment.clone(),
                    out: std::mem::take(&mut self.out),
                    option_shapes: HashMap::new(),
                };
                let checked = walk.value(value, shapes.root, path);
                self.out = walk.out;
                self.option_shapes.insert(key, shapes);
                checked
            }
        }
    }

    fn option_map(&mut self, value: &Spanned<DeValue<'_>>, definition: &str, path: &KeyPath) -> Option<toml::Value> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(value, "a table", path);
            return None;
        };
        let shape = self.shapes.definitions[definition];
        let mut out = toml::Table::new();
        for (key, entry) in table {
            let name = key.get_ref().as_ref();
            let below = path.key(name);
            if matches!(entry.get_ref(), DeValue::Boolean(false)) {
                self.out.deletions.push(below);
                out.insert(name.to_owned(), toml::Value::Boolean(false));
            } else if let Some(value) = self.value(entry, shape, &below) {
                out.insert(name.to_owned(), value);
            }
        }
        Some(toml::Value::Table(out))
    }

    fn unknown_key(
        &mut self,
        shape: &Shape,
        name: &str,
        path: KeyPath,
        options: Option<&indexmap::IndexMap<String, OptionDef>>,
    ) {
        let known = shape.properties.iter().map(|(known, _)| known.as_str());
        let options = options.into_iter().flat_map(|options| options.keys().map(String::as_str));
        let candidates: Vec<&str> = known.chain(options).collect();
        let is_top = matches!(shape.name.as_str(), "Manifest" | "Environment");
        let synonym = SYNONYMS.iter().find(|(of_service, theirs, _)| {
            *theirs == name && if *of_service { shape.name == "Service" } else { is_top }
        });
        let meant = synonym.map(|(_, _, ours)| *ours);
        let meant = meant.or_else(|| crate::diagnostics::words::nearest(name, candidates.iter().copied()));
        let meant = meant.map(str::to_owned);
        let belongs = |id: Option<&Id>| {
            let mut leaves = Vec::new();
            if let Some(id) = id {
                self.shapes.leaves(*id, &mut leaves);
            }
            leaves.iter().any(|id| self.shapes.all[*id].by_name.contains_key(name))
        };
        let root = self.shapes.follow(self.shapes.root);
        let home = match is_top {
            true if belongs(root.by_name.get("stack")) => Some(Home::Stack),
            true if belongs(self.shapes.definitions.get("Service")) => Some(Home::Service),
            _ => None,
        };
        let kinds = if shape.name == "Service" { self.kinds.kinds_with(name) } else { Vec::new() };
        let candidates = candidates.into_iter().map(str::to_owned).collect();
        self.out.problems.push(Problem::UnknownKey {
            path,
            environment: self.environment.clone(),
            meant,
            home,
            kinds,
            candidates,
        });
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, expected: &str, path: &KeyPath) {
        self.out.problems.push(Problem::WrongType {
            path: path.clone(),
            environment: self.environment.clone(),
            expected: expected.to_owned(),
            found: article(kind_of(value.get_ref())),
        });
    }

    /// The value without its spans.
    fn plain(&mut self, value: &Spanned<DeValue<'_>>, path: &KeyPath) -> Option<toml::Value> {
        Some(match value.get_ref() {
            DeValue::String(text) => toml::Value::String(text.clone().into_owned()),
            DeValue::Boolean(value) => toml::Value::Boolean(*value),
            DeValue::Integer(number) => {
                let Ok(number) = i64::from_str_radix(number.as_str(), number.radix()) else {
                    self.wrong_type(value, "a whole number of 64 bits", path);
                    return None;
                };
                toml::Value::Integer(number)
            }
            DeValue::Float(number) => {
                let Ok(number) = number.as_str().parse() else {
                    self.wrong_type(value, "a number", path);
                    return None;
                };
                toml::Value::Float(number)
            }
            DeValue::Datetime(_) => {
                self.wrong_type(value, "text (in quotes)", path);
                return None;
            }
            DeValue::Array(array) => {
                let mut out = Vec::with_capacity(array.len());
                for (index, item) in array.iter().enumerate() {
                    out.extend(self.plain(item, &path.index(index)));
                }
                toml::Value::Array(out)
            }
            DeValue::Table(table) => {
                let mut out = toml::Table::new();
                for (key, item) in table {
                    let name = key.get_ref().as_ref();
                    if let Some(item) = self.plain(item, &path.key(name)) {
                        out.insert(name.to_owned(), item);
                    }
                }
                toml::Value::Table(out)
            }
        })
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
        DeValue::Datetime(_) => "datetime",
    }
}

impl Shapes {
    /// Checks the whole document; gives it back without what is wrong.
    pub(super) fn check(&self, document: &DeTable<'_>, kinds: &dyn Kinds) -> (toml::Table, Checked) {
        let mut walk =
            Walk { shapes: self, kinds, environment: None, out: Checked::default(), option_shapes: HashMap::new() };
        let table = walk.table(document, self.root, &KeyPath::default());
        (table, walk.out)
    }
}

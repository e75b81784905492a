//! The schema, compiled: what may stand where, and how that is said.
//!
//! Only what the derived schema uses is understood, and a test refuses anything else, so that no constraint is silently
//! ignored.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::schema::{DELETABLE, DELETABLE_ENTRIES};

pub(super) type Id = usize;

/// A schema, compiled.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    pub(super) all: Vec<Shape>,
    pub(super) definitions: HashMap<String, Id>,
    pub(super) root: Id,
    /// Keywords of the schema that the checker does not understand: none, says a test.
    pub(super) unknown: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Shape {
    pub(super) kinds: HashSet<&'static str>,
    pub(super) properties: Vec<(String, Id)>,
    pub(super) by_name: HashMap<String, Id>,
    pub(super) additional: Additional,
    pub(super) required: Vec<String>,
    pub(super) items: Option<Id>,
    pub(super) branches: Vec<Id>,
    pub(super) same_as: Option<Id>,
    pub(super) words: Vec<String>,
    pub(super) constant: Option<Value>,
    pub(super) range: (Option<i64>, Option<i64>),
    pub(super) deletable: bool,
    pub(super) deletable_entries: bool,
    pub(super) name: String,
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) enum Additional {
    #[default]
    Any,
    Forbidden,
    Each(Id),
}

impl Shapes {
    pub(super) fn compile(schema: &Value) -> Self {
        let mut shapes = Self::default();
        // Definitions first get their places, since they refer to each other.
        if let Some(definitions) = schema.get("definitions").and_then(Value::as_object) {
            for name in definitions.keys() {
                let id = shapes.reserve(name);
                shapes.definitions.insert(name.clone(), id);
            }
            for (name, definition) in definitions {
                let id = shapes.definitions[name];
                shapes.fill(id, definition);
            }
        }
        shapes.root = shapes.reserve("Manifest");
        let root = shapes.root;
        shapes.fill(root, schema);
        shapes
    }

    fn reserve(&mut self, name: &str) -> Id {
        self.all.push(Shape { name: name.to_owned(), ..Shape::default() });
        self.all.len() - 1
    }

    fn add(&mut self, schema: &Value) -> Id {
        if let Some(name) =
            schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/definitions/"))
            && let Some(id) = self.definitions.get(name)
        {
            return *id;
        }
        let id = self.reserve("");
        self.fill(id, schema);
        id
    }

    fn fill(&mut self, id: Id, schema: &Value) {
        let mut shape = Shape { name: self.all[id].name.clone(), ..Shape::default() };
        shape.deletable = DELETABLE.contains(&shape.name.as_str());
        let Some(map) = schema.as_object() else {
            self.all[id] = shape;
            return;
        };
        for (keyword, value) in map {
            match (keyword.as_str(), value) {
                ("title" | "description" | "definitions" | "$schema", _) => {}
                ("type", Value::String(kind)) => shape.kinds.extend(kind_word(kind)),
                ("type", Value::Array(kinds)) => {
                    shape.kinds.extend(kinds.iter().filter_map(Value::as_str).filter_map(kind_word));
                }
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties {
                        let property = self.add(property);
                        if DELETABLE_ENTRIES.contains(&name.as_str()) {
                            self.all[property].deletable_entries = true;
                        }
                        shape.properties.push((name.clone(), property));
                        shape.by_name.insert(name.clone(), property);
                    }
                }
                ("additionalProperties", Value::Bool(false)) => shape.additional = Additional::Forbidden,
                ("additionalProperties", Value::Bool(true)) => shape.additional = Additional::Any,
                ("additionalProperties", each) => shape.additional = Additional::Each(self.add(each)),
                ("required", Value::Array(keys)) => {
                    shape.required = keys.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                }
                ("items", items) => shape.items = Some(self.add(items)),
                ("anyOf" | "oneOf", Value::Array(branches)) => {
                    shape.branches = branches.iter().map(|branch| self.add(branch)).collect();
                }
                ("allOf", Value::Array(one)) if one.len() == 1 => shape.same_as = Some(self.add(&one[0])),
                ("enum", Value::Array(words)) => {
                    shape.words = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                }
                ("const", Value::String(word)) => shape.words = vec![word.clone()],
                ("const", constant) => shape.constant = Some(constant.clone()),
                ("minimum", bound) => shape.range.0 = bound.as_i64(),
                ("maximum", bound) => shape.range.1 = bound.as_i64(),
                ("$ref", Value::String(path)) => {
                    shape.same_as =
                        path.strip_prefix("#/definitions/").and_then(|name| self.definitions.get(name)).copied();
                }
                _ => self.unknown.push(format!("{keyword}: {value}")),
            }
        }
        self.all[id] = shape;
    }

    /// The keys of a definition, for did-you-mean and for telling options from keys.
    pub(super) fn keys_of(&self, definition: &str) -> impl Iterator<Item = &str> {
        self.definitions
            .get(definition)
            .into_iter()
            .flat_map(|id| self.all[*id].properties.iter().map(|(name, _)| name.as_str()))
    }

    pub(super) fn follow(&self, mut id: Id) -> &Shape {
        while let Some(next) = self.all[id].same_as {
            id = next;
        }
        &self.all[id]
    }

    /// All shapes that are no unions themselves.
    pub(super) fn leaves(&self, id: Id, leaves: &mut Vec<Id>) {
        if let Some(next) = self.all[id].same_as {
            return self.leaves(next, leaves);
        }
        if self.all[id].branches.is_empty() {
            leaves.push(id);
        }
        for branch in &self.all[id].branches {
            self.leaves(*branch, leaves);
        }
    }

    /// What would be right, in words.
    pub(super) fn expected(&self, leaves: &[Id]) -> String {
        let mut words: Vec<String> = Vec::new();
        for leaf in leaves {
            for word in self.expected_one(*leaf) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        crate::diagnostics::words::or(&words)
    }

    fn expected_one(&self, id: Id) -> Vec<String> {
        let shape = &self.all[id];
        if !shape.words.is_empty() {
            return shape.words.iter().map(|word| format!("\"{word}\"")).collect();
        }
        if shape.constant.is_some() {
            return vec!["`false`".to_owned()];
        }
        let mut kinds: Vec<&str> = shape.kinds.iter().copied().collect();
        kinds.sort_unstable();
        kinds
            .into_iter()
            .map(|kind| match (kind, shape.items, shape.range) {
                ("array", Some(items), _) => {
                    let mut leaves = Vec::new();
                    self.leaves(items, &mut leaves);
                    let many =
                        self.expected(&leaves).replace("text", "texts").replace("a whole number", "whole numbers");
                    format!("an array of {many}")
                }
                ("integer", _, (Some(low), Some(high))) if high <= 65535 => {
                    format!("a whole number from {low} to {high}")
                }
                _ => article(kind).to_owned(),
            })
            .collect()
    }
}

fn kind_word(word: &str) -> Option<&'static str> {
    ["string", "integer", "number", "boolean", "array", "object"].into_iter().find(|known| *known == word)
}

pub(super) fn article(kind: &str) -> &'static str {
    match kind {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "an array",
        "datetime" => "a date",
        _ => "a table",
    }
}

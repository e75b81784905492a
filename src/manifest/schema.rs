//! The JSON Schema (draft 07) of services.toml, derived from the types in [`super::types`].
//!
//! What the types cannot say is added here: that an overlay is the same file again without what may not change, that
//! an optional key can be taken away with `false`, and the options of the kinds, which stand flat beside a service's
//! own keys.

use std::sync::OnceLock;

use indexmap::IndexMap;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::types::{Certificate, EntryPoint, Manifest};
use crate::kinds::{OptionDef, OptionType};

/// Tables whose optional keys can be taken away with `false`.
pub(super) const DELETABLE: [&str; 7] =
    ["Service", "Route", "Stack", "StackOverlay", "Network", "EntryPoint", "Certificate"];

/// Maps whose entries can be taken away with `false`.
pub(super) const DELETABLE_ENTRIES: [&str; 6] =
    ["routes", "networks", "volumes", "middlewares", "entrypoints", "certificates"];

/// Keys of `[stack]` that an overlay cannot change: they say which environments there are and where files go.
const FIXED_IN_OVERLAYS: [&str; 6] = ["name", "environments", "output", "side-by-side", "stackgen", "siblings"];

/// The schema against which a manifest is checked, without the options of the kinds.
pub(super) fn generic() -> &'static Value {
    // The checker and the file for editors both start from it.
    static GENERIC: OnceLock<Value> = OnceLock::new();
    GENERIC.get_or_init(derived)
}

fn derived() -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let _ = generator.subschema_for::<EntryPoint>();
    let _ = generator.subschema_for::<Certificate>();
    let mut schema = generator.into_root_schema_for::<Manifest>().to_value();
    tidy(&mut schema);
    add_overlays(&mut schema);
    schema
}

/// The schema for editors: every built-in option of every kind is a key of a service.
pub fn published<'a>(options: impl IntoIterator<Item = (&'a str, &'a str, &'a OptionDef)>) -> Value {
    let mut schema = generic().clone();
    allow_false(&mut schema);
    allow_parts(&mut schema);
    if let Some(properties) = schema.pointer_mut("/definitions/Service/properties").and_then(Value::as_object_mut) {
        let mut by_name: IndexMap<&str, Vec<(&str, &OptionDef)>> = IndexMap::new();
        for (kind, name, option) in options {
            by_name.entry(name).or_default().push((kind, option));
        }
        for (name, kinds) in by_name {
            let option = described(properties.get(name), &kinds);
            properties.insert(name.to_owned(), option);
        }
    }
    schema
}

/// An option under every kind that has one of that name, and under the key of all services where it has the name of one:
/// each shape will do.
fn described(key: Option<&Value>, kinds: &[(&str, &OptionDef)]) -> Value {
    let mut said: IndexMap<&str, Vec<String>> = IndexMap::new();
    let mut shapes: Vec<Value> = Vec::new();
    let mut description = String::new();
    if let Some(key) = key {
        let text = key.get("description").and_then(Value::as_str).unwrap_or_default();
        description = format!("{}. ", text.trim_end_matches('.'));
        let mut shape = key.clone();
        if let Some(shape) = shape.as_object_mut() {
            shape.remove("description");
        }
        shapes.push(shape);
    }
    for (kind, option) in kinds {
        said.entry(&option.help).or_default().push(format!("`{kind}`"));
        let shape = option_schema(option);
        if !shapes.contains(&shape) {
            shapes.push(shape);
        }
    }
    let said = said.iter().map(|(help, kinds)| {
        let word = if kinds.len() == 1 { "Kind" } else { "Kinds" };
        format!("{word} {}: {help}", kinds.join(", "))
    });
    description.push_str(&said.collect::<Vec<_>>().join(". "));
    let mut out = Map::new();
    out.insert("description".to_owned(), description.into());
    match shapes.as_mut_slice() {
        [Value::Object(shape)] => out.append(shape),
        _ => {
            out.insert("anyOf".to_owned(), shapes.into());
        }
    }
    out.into()
}

/// The schema of one option of a kind.
pub(super) fn option_schema(option: &OptionDef) -> Value {
    match option.kind {
        OptionType::String | OptionType::Path | OptionType::Service | OptionType::Duration => {
            json!({ "type": "string" })
        }
        OptionType::Strings | OptionType::Paths | OptionType::Services => {
            json!({ "type": "array", "items": { "type": "string" } })
        }
        OptionType::ServicesByPath => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        OptionType::Int => json!({ "type": "integer" }),
        OptionType::Float => json!({ "type": "number" }),
        OptionType::Bool => json!({ "type": "boolean" }),
        OptionType::Enum => json!({ "type": "string", "enum": option.values }),
        OptionType::Table if !option.keys.is_empty() => {
            let keys = option.keys.iter();
            let keys = keys.map(|(key, help)| (key.clone(), json!({ "description": help, "type": "string" })));
            let keys: serde_json::Map<String, Value> = keys.collect();
            json!({ "type": "object", "additionalProperties": false, "properties": keys })
        }
        OptionType::Table => json!({ "type": "object", "additionalProperties": true }),
        OptionType::EntryPoints => {
            json!({ "type": "object", "additionalProperties": { "$ref": "#/definitions/EntryPoint" } })
        }
        OptionType::Certificates => {
            json!({ "type": "object", "additionalProperties": { "$ref": "#/definitions/Certificate" } })
        }
    }
}

/// Removes what has no meaning in TOML (there is no null) and what would mislead an editor.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(map) => {
            map.remove("default");
            map.remove("format");
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(branches)) = map.get_mut("anyOf") {
                branches.retain(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
                // Draft 07 ignores what stands beside `$ref`, so a lone branch becomes `allOf`.
                if branches.len() == 1 {
                    let branches = map.remove("anyOf").unwrap_or_default();
                    map.insert("allOf".to_owned(), branches);
                }
            }
            for (keyword, inner) in map.iter_mut() {
                match inner {
                    // Names of the user's, not keywords of the schema.
                    Value::Object(named) if keyword == "properties" || keyword == "definitions" => {
                        named.values_mut().for_each(tidy);
                    }
                    inner => tidy(inner),
                }
            }
        }
        _ => {}
    }
}

/// An overlay is the manifest again, laid over: without further environments, and without what may not change.
fn add_overlays(schema: &mut Value) {
    let Some(root) = schema.as_object_mut() else { return };
    let mut properties = root.get("properties").cloned().unwrap_or_default();
    // It stands in its place, and not among the definitions: it is needed there alone.
    let stack = properties.get("stack").cloned().unwrap_or_default();
    if let Some(map) = properties.as_object_mut() {
        map.shift_remove("environments");
        map.insert(
            "stack".to_owned(),
            json!({ "description": "The stack, in this environment.", "allOf": [{ "$ref": "#/definitions/StackOverlay" }] }),
        );
    }
    let overlay = json!({
        "description": "The same file again, laid over the base in this environment.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let mut stack_overlay = stack;
    if let Some(map) = stack_overlay.as_object_mut() {
        map.remove("required");
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            for key in FIXED_IN_OVERLAYS {
                properties.shift_remove(key);
            }
        }
    }
    if let Some(Value::Object(definitions)) = root.get_mut("definitions") {
        definitions.insert("StackOverlay".to_owned(), stack_overlay);
        definitions.insert("Environment".to_owned(), overlay);
    }
    if let Some(environments) = schema.pointer_mut("/properties/environments") {
        environments["additionalProperties"] = json!({ "$ref": "#/definitions/Environment" });
    }
}

/// Lets an editor accept the `false` that takes an optional key or an entry away.
fn allow_false(schema: &mut Value) {
    let Some(Value::Object(definitions)) = schema.get_mut("definitions") else { return };
    for name in DELETABLE {
        let Some(definition) = definitions.get_mut(name) else { continue };
        let required = definition.get("required").cloned().unwrap_or_default();
        let Some(Value::Object(properties)) = definition.get_mut("properties") else { continue };
        for (key, shape) in properties.iter_mut() {
            let is_required = required.as_array().is_some_and(|keys| keys.iter().any(|known| known == key));
            let is_free = shape.get("type").is_some_and(|kind| kind == "boolean" || kind == "object");
            let has_false =
                shape.get("anyOf").and_then(Value::as_array).is_some_and(|branches| branches.iter().any(takes_false));
            if !is_required && !is_free && !has_false {
                or_false(shape);
            }
        }
    }
    entries_or_false(schema);
}

/// Lets an editor accept a part of an entry: an overlay, or a service that extends another one, says only what differs.
/// What is missing in the end is for `check` to say.
fn allow_parts(schema: &mut Value) {
    let Some(Value::Object(definitions)) = schema.get_mut("definitions") else { return };
    for name in ["EntryPoint", "Certificate"] {
        if let Some(Value::Object(definition)) = definitions.get_mut(name) {
            definition.shift_remove("required");
        }
    }
}

fn takes_false(branch: &Value) -> bool {
    branch.get("type").is_some_and(|kind| kind == "boolean") || branch.get("const").is_some_and(|value| value == false)
}

fn entries_or_false(value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        for name in DELETABLE_ENTRIES {
            if let Some(entries) = properties.get_mut(name).and_then(|shape| shape.get_mut("additionalProperties")) {
                or_false(entries);
            }
        }
    }
    map.values_mut().for_each(entries_or_false);
}

fn or_false(shape: &mut Value) {
    let mut inner = shape.take();
    let mut outer = Map::new();
    if let Some(description) = inner.as_object_mut().and_then(|map| map.shift_remove("description")) {
        outer.insert("description".to_owned(), description);
    }
    outer.insert("anyOf".to_owned(), json!([inner, { "const": false, "description": "Takes it away." }]));
    *shape = Value::Object(outer);
}

//! The settings of pydantic: classes whose fields are variables (pydantic docs, "Settings Management").

use std::collections::BTreeMap;

use crate::audit::read::{Class, Field, Need, Read};
use crate::audit::tokens::{Kind, Tokens};

/// What a class has from those that it is derived from.
#[derive(Debug, Clone, Default)]
pub(in crate::audit) struct Family {
    prefix: Option<String>,
    delimiter: Option<String>,
    is_case_sensitive: Option<bool>,
    has_other_sources: bool,
    is_first_version: bool,
}

/// The class that all settings are derived from.
const BASE: &str = "BaseSettings";

/// Which of these classes are settings, and what they have from their bases: by the position of each.
pub(in crate::audit) fn resolve(classes: &[&Class]) -> BTreeMap<usize, Family> {
    let mut found: BTreeMap<usize, Family> = BTreeMap::new();
    let mut known: BTreeMap<&str, Family> = BTreeMap::new();
    // Each round knows one generation more.
    for _ in 0..8 {
        let before = found.len();
        for (position, class) in classes.iter().enumerate() {
            if found.contains_key(&position) {
                continue;
            }
            let mut family = Family::default();
            let mut is_settings = false;
            for base in &class.bases {
                if base == BASE {
                    is_settings = true;
                } else if let Some(of_base) = known.get(base.as_str()) {
                    is_settings = true;
                    family = of_base.clone();
                }
            }
            if !is_settings {
                continue;
            }
            family.prefix = class.prefix.clone().or(family.prefix);
            family.delimiter = class.delimiter.clone().or(family.delimiter);
            family.is_case_sensitive = class.is_case_sensitive.or(family.is_case_sensitive);
            family.has_other_sources |= class.has_other_sources;
            family.is_first_version |= class.is_first_version;
            known.insert(&class.name, family.clone());
            found.insert(position, family);
        }
        if found.len() == before {
            break;
        }
    }
    found
}

/// The reads of the fields of a class.
pub(super) fn reads(class: &Class, family: &Family) -> Vec<Read> {
    let is_sensitive = family.is_case_sensitive == Some(true);
    let prefix = family.prefix.as_deref().unwrap_or_default();
    let read = |field: &Field| {
        let own = format!("{prefix}{}", field.name);
        let own = if is_sensitive { own } else { own.to_ascii_uppercase() };
        // An alias stands as it is, without the prefix.
        let names = if field.aliases.is_empty() { vec![own] } else { field.aliases.clone() };
        let may_lack = field.has_default || family.has_other_sources || (field.is_optional && family.is_first_version);
        Read {
            names,
            need: if may_lack { Need::Fallback } else { Need::Demanded },
            ignores_case: !is_sensitive,
            delimiter: family.delimiter.clone(),
            ..Read::new("", field.span.clone(), Need::Bare)
        }
    };
    class.fields.iter().map(read).collect()
}

/// The classes of a file.
pub(super) fn classes(tokens: &Tokens<'_>, text: &str) -> Vec<Class> {
    let is_first_version = !text.contains("pydantic_settings");
    let renamed = renamed(tokens);
    let mut found = Vec::new();
    let mut line = 0;
    while line < tokens.len() {
        let next = tokens.next_line(line);
        if tokens.text(line + 1) == "class" && tokens.is_name(line + 2) && tokens.text(line + 3) == "(" {
            let mut class = Class {
                name: tokens.text(line + 2).to_owned(),
                bases: Vec::new(),
                prefix: None,
                delimiter: None,
                is_case_sensitive: None,
                is_first_version,
                has_other_sources: false,
                fields: Vec::new(),
            };
            let close = tokens.pair(line + 3);
            for at in line + 4..close {
                let is_base =
                    tokens.is_name(at) && !matches!(tokens.text(at + 1), "." | "=") && tokens.before(at, 1) != "=";
                if is_base {
                    let name = tokens.text(at);
                    class.bases.push(if Some(name) == renamed { BASE.to_owned() } else { name.to_owned() });
                }
            }
            configured(tokens, line + 4, close, &mut class);
            body(tokens, line, &mut class);
            // One for tests alone: the program makes none of it.
            let is_made = || {
                (0..tokens.len()).any(|at| {
                    tokens.text(at) == class.name && tokens.text(at + 1) == "(" && tokens.before(at, 1) != "class"
                })
            };
            if class.name.starts_with("Test") && !is_made() {
                class.fields.clear();
            }
            found.push(class);
        }
        line = next;
    }
    found
}

/// What `BaseSettings` is called here, where that is something else.
fn renamed<'t>(tokens: &Tokens<'t>) -> Option<&'t str> {
    (0..tokens.len()).find(|at| tokens.are(*at, &[BASE, "as"])).map(|at| tokens.text(at + 2))
}

/// The keywords of a configuration, from one token to another: `env_prefix="APP_"`, `"env_prefix": "APP_"`.
fn configured(tokens: &Tokens<'_>, from: usize, to: usize, class: &mut Class) {
    for at in from..to {
        let key = tokens.string(at).unwrap_or_else(|| tokens.text(at));
        if !matches!(tokens.text(at + 1), "=" | ":") {
            continue;
        }
        let value = tokens.string(at + 2).map(str::to_owned);
        match key {
            "env_prefix" => class.prefix = value.or_else(|| class.prefix.clone()),
            "env_nested_delimiter" => class.delimiter = value,
            "case_sensitive" => class.is_case_sensitive = Some(tokens.text(at + 2) == "True"),
            "secrets_dir" => class.has_other_sources = true,
            _ => {}
        }
    }
}

fn body(tokens: &Tokens<'_>, head: usize, class: &mut Class) {
    let indent = tokens.indent(head);
    let mut line = tokens.next_line(head);
    let mut own = None;
    while line < tokens.len() && tokens.indent(line) > indent {
        let end = tokens.next_line(line);
        let of_line = tokens.indent(line);
        let own = *own.get_or_insert(of_line);
        let first = line + 1;
        if of_line > own {
            line = end;
            continue;
        }
        match tokens.text(first) {
            "model_config" => configured(tokens, first, end, class),
            // pydantic 1
            "class" if tokens.text(first + 1) == "Config" => {
                let mut inner = end;
                while inner < tokens.len() && tokens.indent(inner) > own {
                    let after = tokens.next_line(inner);
                    configured(tokens, inner + 1, after, class);
                    renamed_fields(tokens, inner + 1, after, class);
                    inner = after;
                }
                line = inner;
                continue;
            }
            "def" if tokens.text(first + 1).contains("customise_sources") => class.has_other_sources = true,
            _ => class.fields.extend(field(tokens, first, end)),
        }
        line = end;
    }
}

/// `fields = {"name": {"env": "OTHER"}}` of pydantic 1.
fn renamed_fields(tokens: &Tokens<'_>, from: usize, to: usize, class: &mut Class) {
    if !tokens.are(from, &["fields", "=", "{"]) {
        return;
    }
    for at in from..to {
        let Some(name) = tokens.string(at) else { continue };
        if !tokens.are(at + 1, &[":", "{"]) {
            continue;
        }
        let close = tokens.pair(at + 2);
        let aliases = keyword(tokens, at + 3, close, "env");
        if let Some(field) = class.fields.iter_mut().find(|field| field.name == name) {
            field.aliases = aliases;
        }
    }
}

/// The field that a line declares.
fn field(tokens: &Tokens<'_>, first: usize, end: usize) -> Option<Field> {
    let name = tokens.text(first);
    if !tokens.is_name(first) || tokens.text(first + 1) != ":" || name.starts_with('_') {
        return None;
    }
    let mut assign = first + 2;
    while assign < end && tokens.text(assign) != "=" {
        assign = tokens.pair(assign).max(assign) + 1;
    }
    let of_type = first + 2..assign.min(end);
    if of_type.clone().any(|at| matches!(tokens.text(at), "ClassVar" | "InitVar")) {
        return None;
    }
    let is_optional = of_type.clone().any(|at| matches!(tokens.text(at), "Optional" | "None" | "Any"));
    let mut aliases = Vec::new();
    let mut has_default = assign < end;
    // In the type by `Annotated`, or as the value.
    for at in first + 2..end {
        if tokens.text(at) != "Field" || tokens.text(at + 1) != "(" {
            continue;
        }
        let (open, close) = (at + 1, tokens.pair(at + 1));
        aliases.extend(keyword(tokens, open, close, "validation_alias"));
        if aliases.is_empty() {
            aliases.extend(keyword(tokens, open, close, "alias"));
        }
        aliases.extend(keyword(tokens, open, close, "env"));
        let positional = close > open + 1 && tokens.text(open + 2) != "=" && tokens.text(open + 1) != "...";
        let mut named = false;
        let mut at = open + 1;
        while at < close {
            let is_default = matches!(tokens.text(at), "default" | "default_factory") && tokens.text(at + 1) == "=";
            named |= is_default && tokens.text(at + 2) != "...";
            at = tokens.pair(at).max(at) + 1;
        }
        if at > assign || assign >= end {
            let is_value = open > assign && assign < end;
            if is_value {
                has_default = positional || named;
            } else {
                has_default |= named;
            }
        }
    }
    if tokens.text(assign + 1) == "..." && assign < end {
        has_default = false;
    }
    Some(Field { name: name.to_owned(), aliases, span: tokens.span(first, first), has_default, is_optional })
}

/// The texts that a keyword is given: one, or several in a list or in `AliasChoices`.
fn keyword(tokens: &Tokens<'_>, from: usize, to: usize, key: &str) -> Vec<String> {
    let is_key = |at: &usize| {
        let text = tokens.string(*at).unwrap_or_else(|| tokens.text(*at));
        text == key && matches!(tokens.text(at + 1), "=" | ":")
    };
    let Some(at) = (from..to).find(is_key) else { return Vec::new() };
    let value = at + 2;
    if let Some(text) = tokens.string(value) {
        return vec![text.to_owned()];
    }
    let open = (value..to).find(|at| matches!(tokens.text(*at), "(" | "[" | "{")).filter(|open| *open <= value + 3);
    let Some(open) = open else { return Vec::new() };
    let inner = open + 1..tokens.pair(open);
    // The first part of an `AliasPath` is the variable.
    inner
        .filter(|at| tokens.kind(*at) == Some(Kind::Text))
        .filter_map(|at| tokens.string(at))
        .map(str::to_owned)
        .collect()
}

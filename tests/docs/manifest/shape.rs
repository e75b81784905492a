//! What may stand at a key, in words: the schema with its references followed and its unions laid flat.

use std::collections::HashMap;

use serde_json::Value;

use crate::markdown::{alternatives, code, link};

/// What the schema says of the `false` that takes a key away; the page says it once for all of them.
const TAKEN_AWAY: &str = "Takes it away.";

const BOOLEAN: &str = "boolean";

/// One way to write a value.
#[derive(Debug, Clone)]
pub(crate) struct Form<'a> {
    /// What it is; for a table, where its keys are described comes later.
    pub(crate) what: What<'a>,
    /// What it means, where the schema says that.
    pub(crate) help: String,
}

#[derive(Debug, Clone)]
pub(crate) enum What<'a> {
    /// Text, a number, a truth value: in words.
    Plain(String),
    /// `false`, where it stands for none.
    None,
    /// One literal value.
    Literal(String),
    /// A table with keys of its own.
    Table(&'a Value),
    /// A table with names of the user's choice.
    ByName(Vec<Form<'a>>),
    /// Several values.
    Array(Vec<Form<'a>>),
}

/// The schema of services.toml.
pub(crate) struct Shapes<'a> {
    root: &'a Value,
}

impl<'a> Shapes<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// Every way to write what has this schema.
    pub(crate) fn forms(&self, schema: &'a Value) -> Vec<Form<'a>> {
        self.forms_with(schema, "")
    }

    fn forms_with(&self, schema: &'a Value, help: &str) -> Vec<Form<'a>> {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/definitions/")) {
            return self.forms_with(&self.root["definitions"][name], help);
        }
        if let Some(one) = schema["allOf"].as_array().and_then(|all| all.first()) {
            return self.forms_with(one, help);
        }
        if let Some(branches) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            let mut forms: Vec<Form<'a>> = branches.iter().flat_map(|branch| self.branch(branch)).collect();
            // `false` beside a boolean says nothing more.
            let is_boolean = |form: &Form<'_>| matches!(&form.what, What::Plain(words) if words == BOOLEAN);
            if forms.iter().any(is_boolean) {
                forms.retain(|form| !matches!(form.what, What::None));
            }
            return forms;
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.iter().map(|word| Form { what: literal(word), help: String::new() }).collect();
        }
        let what = match (schema.get("const"), schema["type"].as_str()) {
            (Some(constant), _) => literal(constant),
            (None, Some("array")) => What::Array(self.forms(&schema["items"])),
            (None, Some("object")) if schema.get("properties").is_some() => What::Table(schema),
            (None, Some("object")) if schema["additionalProperties"].is_object() => {
                What::ByName(self.forms(&schema["additionalProperties"]))
            }
            (None, Some(kind)) => What::Plain(in_words(kind, schema)),
            (None, None) => panic!("the reference does not know what this is: {schema}"),
        };
        vec![Form { what, help: help.to_owned() }]
    }

    fn branch(&self, branch: &'a Value) -> Vec<Form<'a>> {
        let help = branch["description"].as_str().unwrap_or_default();
        if branch.get("const").is_some_and(|value| value == false) {
            let form = Form { what: What::None, help: "None, even where there would be a default.".to_owned() };
            return if branch["description"] == TAKEN_AWAY { Vec::new() } else { vec![form] };
        }
        let forms = self.forms_with(branch, help);
        // Several ways that one sentence is about: `true`, 1 and "text" as the literal value of a variable.
        if forms.len() > 1 && says_something(help) && !forms.iter().any(Form::says_something) {
            let words: Vec<String> = forms.iter().map(|form| form.words(&HashMap::new())).collect();
            return vec![Form { what: What::Plain(alternatives(&words)), help: help.to_owned() }];
        }
        forms
    }
}

impl<'a> Form<'a> {
    /// Whether there is more to say about it than what it is.
    pub(crate) fn says_something(&self) -> bool {
        match &self.what {
            What::None => false,
            What::Plain(words) => {
                let repeats = self.help.to_lowercase().contains(words.as_str()) || self.help == "`true` or `false`.";
                says_something(&self.help) && !repeats
            }
            _ => says_something(&self.help) || self.inner().iter().any(Form::says_something),
        }
    }

    /// What it is, with links to the tables whose place is known.
    pub(crate) fn words(&self, places: &HashMap<*const Value, String>) -> String {
        let of = |inner: &[Form<'a>]| {
            let words: Vec<String> = inner.iter().map(|form| form.words(places)).collect();
            alternatives(&words)
        };
        let takes_more = self.inner().iter().any(Form::says_something);
        match (&self.what, self.inner()) {
            (What::None, _) => "`false`".to_owned(),
            (What::Plain(words) | What::Literal(words), _) => words.clone(),
            (What::Table(schema), _) => match places.get(&std::ptr::from_ref(*schema)) {
                Some(title) => link("table", title),
                None => "table".to_owned(),
            },
            (What::ByName(_), [Form { what: What::Table(_), .. }]) => format!("{} by name", of(self.inner())),
            (What::ByName(_), [Form { what: What::ByName(_), .. }]) => "tables by name".to_owned(),
            (What::ByName(_), _) if takes_more => "table by name".to_owned(),
            (What::ByName(_), inner) => format!("table of {}", of(inner)),
            (What::Array(_), _) if takes_more => "array".to_owned(),
            (What::Array(_), inner) => format!("array of {}", of(inner)),
        }
    }

    /// What stands inside it: the values of a table by name, the items of an array.
    pub(crate) fn inner(&self) -> &[Form<'a>] {
        match &self.what {
            What::ByName(inner) | What::Array(inner) => inner,
            _ => &[],
        }
    }
}

fn says_something(help: &str) -> bool {
    help.split_whitespace().count() > 2
}

fn literal<'a>(value: &Value) -> What<'a> {
    What::Literal(code(&value.to_string()))
}

fn in_words(kind: &str, schema: &Value) -> String {
    let bounds = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
    match (kind, bounds) {
        ("string", _) => "text".to_owned(),
        ("boolean", _) => BOOLEAN.to_owned(),
        ("integer", (Some(0), Some(high))) if high <= 65535 => format!("whole number to {high}"),
        ("integer", (Some(low), Some(high))) if high <= 65535 => format!("whole number from {low} to {high}"),
        ("integer", _) => "whole number".to_owned(),
        ("number", _) => "number".to_owned(),
        _ => "table, verbatim".to_owned(),
    }
}

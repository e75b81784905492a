//! Every single change that can be made to a rendered file.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};
use stackgen::manifest::text::{Piece, Text as Raw};
use stackgen::plan::Text;

use crate::values::Values;

/// A file with one change.
#[derive(Debug, Clone)]
pub(crate) struct Alteration {
    /// The keys and positions that lead to the change.
    place: Vec<String>,
    /// What was done there.
    pub(crate) change: Change,
    /// The whole file.
    pub(crate) file: Value,
}

/// What was done to one entry of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was taken away.
    Removed,
    /// Its value became another that would do as well.
    Changed,
    /// Its variables became the values that they had.
    Frozen,
}

impl Alteration {
    /// What was done where, and what stands there now.
    pub(crate) fn describe(&self) -> String {
        let now = self.place.iter().try_fold(&self.file, |value, step| match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            value => value.get(step),
        });
        match now {
            Some(now) if self.change != Change::Removed => format!("{self}: {now}"),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Alteration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = match self.change {
            Change::Removed => "removed",
            Change::Changed => "changed",
            Change::Frozen => "frozen",
        };
        write!(out, "/{} {change}", self.place.join("/"))
    }
}

/// Which places of a file are altered.
pub(crate) trait Choice {
    /// Whether this one is.
    fn takes(&mut self, place: &[String]) -> bool;
}

/// Every place that was not altered before.
#[derive(Default)]
pub(crate) struct NewPlaces {
    seen: BTreeSet<Vec<String>>,
    /// Their forms.
    pub(crate) forms: NewForms,
}

/// Every place whose like was not altered before: names and positions do not count.
#[derive(Default)]
pub(crate) struct NewForms(BTreeSet<Vec<String>>);

impl Choice for NewPlaces {
    fn takes(&mut self, place: &[String]) -> bool {
        self.forms.takes(place);
        self.seen.insert(place.to_vec())
    }
}

impl Choice for NewForms {
    fn takes(&mut self, place: &[String]) -> bool {
        let is_name = |index: usize| match place[..index].iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["services" | "networks" | "volumes"] | ["services", _, "environment" | "labels" | "depends_on"] => true,
            _ => place[index].parse::<usize>().is_ok(),
        };
        let form = place.iter().enumerate().map(|(index, step)| if is_name(index) { "*" } else { step }.to_owned());
        self.0.insert(form.collect())
    }
}

/// The alterations of a file at the places that are chosen. `values` are those with which a change has to show.
pub(crate) fn alterations(file: &Value, values: &Values, choice: &mut dyn Choice) -> Vec<Alteration> {
    let mut found = Vec::new();
    for place in places(file) {
        if !choice.takes(&place) {
            continue;
        }
        let mut add = |change, act: &dyn Fn(&mut Value)| {
            let mut file = file.clone();
            act(&mut file);
            found.push(Alteration { place: place.clone(), change, file });
        };
        add(Change::Removed, &|file| remove(file, &place));
        let value = at(&mut file.clone(), &place).clone();
        let frozen = value.as_str().map(|text| frozen(text, values));
        if let Some(other) = other(&value, frozen.as_deref(), &place) {
            add(Change::Changed, &|file| at(file, &place).clone_from(&other));
        }
        if let Some(frozen) = frozen.filter(|frozen| Some(frozen.as_str()) != value.as_str()) {
            add(Change::Frozen, &|file| *at(file, &place) = json!(frozen));
        }
    }
    found
}

/// Every key and every position, outer ones first.
fn places(value: &Value) -> Vec<Vec<String>> {
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (step, value) in entries {
        found.push(vec![step.clone()]);
        found.extend(places(value).into_iter().map(|rest| [vec![step.clone()], rest].concat()));
    }
    found
}

fn at<'v>(file: &'v mut Value, place: &[String]) -> &'v mut Value {
    place.iter().fold(file, |value, step| match value {
        Value::Array(items) => &mut items[step.parse::<usize>().expect("a position")],
        value => &mut value[step.as_str()],
    })
}

fn remove(file: &mut Value, place: &[String]) {
    let (last, above) = place.split_last().expect("a place below the file");
    match at(file, above) {
        Value::Array(items) => drop(items.remove(last.parse().expect("a position"))),
        value => drop(value.as_object_mut().expect("a mapping").shift_remove(last)),
    }
}

/// Another value that could stand there; none for what only holds others, whose every entry is altered itself.
fn other(value: &Value, frozen: Option<&str>, place: &[String]) -> Option<Value> {
    match value {
        Value::Bool(value) => Some(json!(!value)),
        Value::Number(number) => Some(json!(number.as_i64().expect("whole numbers") + 1)),
        Value::String(_) => Some(json!(other_text(frozen.unwrap_or_default(), place))),
        Value::Object(entries) if entries.is_empty() => Some(json!({ "name": "altered" })),
        Value::Null => Some(json!("altered")),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Another word of the same list of words, the next number, or the next letter.
fn other_text(text: &str, place: &[String]) -> String {
    let words: &[&str] = match place.last().map(String::as_str) {
        Some("restart") => &["always", "unless-stopped"],
        Some("condition") => &["service_started", "service_healthy"],
        Some("action") => &["sync+restart", "rebuild"],
        Some("driver") => &["local"],
        _ if ["true", "false"].contains(&text) => &["true", "false"],
        _ if ["edge", "internal"].contains(&text) => &["edge", "internal"],
        _ if text.ends_with(":ro") => return text.trim_end_matches(":ro").to_owned(),
        _ => &[],
    };
    if let Some(word) = words.iter().find(|word| **word != text) {
        return (*word).to_owned();
    }
    let last = text.rfind(|c: char| c.is_ascii_digit()).or_else(|| text.rfind(|c: char| c.is_ascii_alphabetic()));
    let Some(last) = last else { return format!("{text}x") };
    let next = match text.as_bytes()[last] {
        b'9' => '8',
        b'z' => 'y',
        b'Z' => 'Y',
        byte => char::from(byte + 1),
    };
    format!("{}{next}{}", &text[..last], &text[last + 1..])
}

/// A text of the file with its variables filled in, once and for all.
fn frozen(text: &str, values: &Values) -> String {
    let (raw, flaws) = Raw::parse(text);
    assert_eq!(flaws, [], "{text}");
    values.evaluate(&planned(&raw)).replace('$', "$$")
}

/// A text of the file as a plan would have it.
fn planned(raw: &Raw) -> Text {
    let mut text = Text::default();
    for piece in &raw.pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Variable { name, operation, .. } => {
                let form = operation.as_ref().map(|(operator, argument)| (*operator, planned(argument)));
                text.push(Text::variable(name, form));
            }
            Piece::Reference { .. } => panic!("a reference in a rendered file"),
        }
    }
    text
}

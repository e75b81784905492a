//! A value of a compose file as YAML in block style, in which no reader can misread a text.

use std::fmt::Write as _;

use super::filters::{key, yaml};
use crate::plan::Raw;

/// The entries of a mapping, each line indented by `depth` spaces.
pub(super) fn entries<'r>(entries: impl IntoIterator<Item = (&'r String, &'r Raw)>, depth: usize) -> String {
    let mut out = String::new();
    for (name, value) in entries {
        entry(&mut out, name, value, depth, "");
    }
    out
}

/// One entry; `first` replaces the last characters of the indentation of its first line, as `- ` does in a sequence.
fn entry(out: &mut String, name: &str, value: &Raw, depth: usize, first: &str) {
    let value = note(out, value, depth);
    indent(out, depth, first);
    let _ = write!(out, "{}:", key(name));
    after_colon(out, value, depth);
}

fn after_colon(out: &mut String, value: &Raw, depth: usize) {
    match value {
        Raw::Map(map) if !map.is_empty() => {
            out.push('\n');
            for (name, value) in map {
                entry(out, name, value, depth + 2, "");
            }
        }
        Raw::List(list) if !list.is_empty() => {
            out.push('\n');
            for value in list {
                item(out, value, depth + 2, "");
            }
        }
        scalar => {
            out.push(' ');
            flat(out, scalar);
        }
    }
}

fn item(out: &mut String, value: &Raw, depth: usize, first: &str) {
    let value = note(out, value, depth);
    match value {
        Raw::Map(map) if !map.is_empty() => {
            let lead = format!("{first}- ");
            for (position, (name, value)) in map.iter().enumerate() {
                entry(out, name, value, depth + 2, if position == 0 { &lead } else { "" });
            }
        }
        Raw::List(list) if !list.is_empty() => {
            let lead = format!("{first}- ");
            for (position, value) in list.iter().enumerate() {
                item(out, value, depth + 2, if position == 0 { &lead } else { "" });
            }
        }
        scalar => {
            indent(out, depth, first);
            out.push_str("- ");
            flat(out, scalar);
        }
    }
}

/// Writes the note in front of a value, if there is one.
fn note<'r>(out: &mut String, value: &'r Raw, depth: usize) -> &'r Raw {
    match value {
        Raw::Noted(note, inner) => {
            indent(out, depth, "");
            let _ = writeln!(out, "# {note}");
            inner
        }
        value => value,
    }
}

fn indent(out: &mut String, depth: usize, first: &str) {
    out.extend(std::iter::repeat_n(' ', depth - first.len()));
    out.push_str(first);
}

/// A scalar, or an empty collection, and the end of its line.
fn flat(out: &mut String, value: &Raw) {
    match value.plain() {
        Raw::Null => out.push_str("null"),
        Raw::Bool(value) => {
            let _ = write!(out, "{value}");
        }
        Raw::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Raw::Float(value) => out.push_str(&float(*value)),
        Raw::Text(text) => out.push_str(&yaml(&text.to_compose())),
        Raw::Map(_) => out.push_str("{}"),
        Raw::List(_) | Raw::Noted(..) => out.push_str("[]"),
    }
    out.push('\n');
}

/// A number with a point, so that every reader takes it for one (YAML 1.2.2, 10.2.1.4).
fn float(value: f64) -> String {
    if value.is_nan() {
        ".nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else {
        let text = format!("{value:?}");
        // Rust writes `1e16`; YAML 1.1 readers take that for text without a point.
        match text.split_once('e') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0e{exponent}"),
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;

    fn raw(value: serde_json::Value) -> Raw {
        match value {
            serde_json::Value::Bool(value) => Raw::Bool(value),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| Raw::Float(number.as_f64().unwrap()), Raw::Int)
            }
            serde_json::Value::String(text) => Raw::literal(text),
            serde_json::Value::Array(items) => Raw::List(items.into_iter().map(raw).collect()),
            serde_json::Value::Object(map) => Raw::Map(map.into_iter().map(|(key, value)| (key, raw(value))).collect()),
            serde_json::Value::Null => Raw::Map(IndexMap::new()),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = serde_json::json!({
            "a": { "b": [1, 2.5, "x", true], "c": {}, "d": [] },
            "e": [[1, [2]], { "f": { "g": "no" }, "h": ["y"] }, {}, []],
            "on": "1e3", "1.5": "~", "": [{ "k": [{ "l": 1e16 }] }],
        });
        let Raw::Map(map) = raw(value.clone()) else { panic!("a mapping") };
        let text = entries(&map, 0);
        let read: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(read, value, "{text}");
    }

    #[test]
    fn a_note_stands_before_what_it_is_about() {
        let noted = Raw::Noted("why", Box::new(Raw::literal("x")));
        let map: IndexMap<String, Raw> =
            [("a".to_owned(), Raw::List(vec![noted.clone()])), ("b".to_owned(), noted)].into();
        assert_eq!(entries(&map, 2), "  a:\n    # why\n    - \"x\"\n  # why\n  b: \"x\"\n");
    }
}

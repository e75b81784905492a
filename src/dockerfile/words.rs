//! The words of an instruction: how they are split, what their quotes mean, and the variables in them (BuildKit,
//! `frontend/dockerfile/parser/line_parsers.go` and `shell/lex.go`; Dockerfile reference, "Environment replacement").

use std::ops::Range;

/// A variable in a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// With its `$`, in bytes of the word.
    pub range: Range<usize>,
    /// Whether the word says what stands there where it is unset.
    pub has_default: bool,
}

/// Splits at white space outside of quotes; the ranges of the words in `text`, moved by `base`. Quotes and escapes stay.
pub(super) fn split(text: &str, base: usize, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote: Option<char> = None;
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match quote {
            None if c.is_whitespace() => {
                if let Some(start) = start.take() {
                    words.push(base + start..base + at);
                }
                continue;
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        start.get_or_insert(at);
        // In single quotes nothing is escaped.
        if c == escape && quote != Some('\'') {
            characters.next();
        }
    }
    if let Some(start) = start {
        words.push(base + start..base + text.len());
    }
    words
}

/// Splits at white space alone.
pub(super) fn split_plainly(text: &str, base: usize) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            words.extend(start.take().map(|start: usize| base + start..base + at));
        } else {
            start.get_or_insert(at);
        }
    }
    words.extend(start.map(|start| base + start..base + text.len()));
    words
}

/// Whether the arguments are an array of strings, as JSON has it.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('[') && serde_json::from_str::<Vec<String>>(text).is_ok()
}

/// The strings of a JSON array, and where each stands in `text`, with its quotes; the ranges are moved by `base`.
pub(super) fn json(text: &str, base: usize) -> Option<Vec<(String, Range<usize>)>> {
    let values: Vec<String> = serde_json::from_str(text).ok()?;
    let mut ranges = Vec::new();
    let mut start = None;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, start) {
            (b'"', None) => start = Some(at),
            (b'"', Some(open)) => {
                ranges.push(base + open..base + at + 1);
                start = None;
            }
            (b'\\', Some(_)) => {
                bytes.next();
            }
            _ => {}
        }
    }
    Some(values.into_iter().zip(ranges).collect())
}

/// A word without its quotes and escapes; variables stay as they are written.
pub(super) fn unquoted(word: &str, escape: char) -> String {
    let mut out = String::with_capacity(word.len());
    let mut quote: Option<char> = None;
    let mut characters = word.chars();
    while let Some(c) = characters.next() {
        match quote {
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if c == open => quote = None,
            Some('"') if c == escape => match characters.next() {
                // In double quotes only these mean something else behind an escape.
                Some(next) if next == '"' || next == '$' || next == escape => out.push(next),
                Some(next) => out.extend([c, next]),
                None => out.push(c),
            },
            None if c == escape => out.extend(characters.next()),
            _ => out.push(c),
        }
    }
    out
}

/// The variables of a word, also those in the defaults of others.
pub fn variables(word: &str, escape: char) -> Vec<Variable> {
    let mut found = Vec::new();
    walk(word, escape, &mut |_| None, &mut found);
    found.sort_by_key(|variable: &Variable| variable.range.start);
    found
}

/// A word with the values of its variables; what is unset is empty. None where it removes or replaces parts of a value,
/// or cannot be read.
pub fn expand(word: &str, escape: char, lookup: &mut dyn FnMut(&str) -> Option<String>) -> Option<String> {
    walk(word, escape, lookup, &mut Vec::new())
}

/// Walks through a word: gives what it expands to, and tells of its variables.
fn walk(
    word: &str,
    escape: char,
    lookup: &mut dyn FnMut(&str) -> Option<String>,
    found: &mut Vec<Variable>,
) -> Option<String> {
    walk_at(word, 0, escape, 0, lookup, found)
}

/// How deep defaults may stand in each other.
const DEEPEST: usize = 32;

fn walk_at(
    word: &str,
    base: usize,
    escape: char,
    depth: usize,
    lookup: &mut dyn FnMut(&str) -> Option<String>,
    found: &mut Vec<Variable>,
) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    let mut out = String::new();
    let mut is_known = true;
    let mut quote: Option<char> = None;
    let mut at = 0;
    while let Some(c) = word[at..].chars().next() {
        let width = c.len_utf8();
        let next = word[at + width..].chars().next();
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => out.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (quote, _) if c == escape => {
                let is_special = quote.is_none() || next.is_some_and(|c| c == '"' || c == '$' || c == escape);
                if !is_special {
                    out.push(c);
                }
                out.extend(next);
                at += width + next.map_or(0, char::len_utf8);
                continue;
            }
            (_, '$') => {
                let Some(reference) = reference(&word[at..]) else {
                    out.push(c);
                    at += width;
                    continue;
                };
                let value = lookup(reference.name);
                found.push(Variable {
                    name: reference.name.to_owned(),
                    range: base + at..base + at + reference.length,
                    has_default: matches!(reference.operator, ":-" | "-" | ":+" | "+"),
                });
                let inner = base + at + reference.argument_at;
                let mut argument = || walk_at(reference.argument, inner, escape, depth + 1, &mut *lookup, &mut *found);
                let filled = value.clone().filter(|value| !value.is_empty());
                let replaced = match reference.operator {
                    "" => Some(value.unwrap_or_default()),
                    ":-" => {
                        let argument = argument();
                        filled.or(argument)
                    }
                    "-" => {
                        let argument = argument();
                        value.or(argument)
                    }
                    ":+" => argument().map(|argument| filled.map_or_else(String::new, |_| argument)),
                    "+" => argument().map(|argument| value.map_or_else(String::new, |_| argument)),
                    ":?" => filled,
                    "?" => value,
                    _ => None,
                };
                match replaced {
                    Some(text) => out.push_str(&text),
                    None => is_known = false,
                }
                at += reference.length;
                continue;
            }
            _ => out.push(c),
        }
        at += width;
    }
    is_known.then_some(out)
}

/// A reference at the start of a text.
struct Reference<'t> {
    name: &'t str,
    /// Empty where there is none; `#` stands for all that change the value.
    operator: &'t str,
    argument: &'t str,
    argument_at: usize,
    length: usize,
}

fn reference(text: &str) -> Option<Reference<'_>> {
    let rest = text.strip_prefix('$')?;
    let name_of = |text: &str| {
        let is_start = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let length = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
        if is_start { length } else { 0 }
    };
    let Some(inner) = rest.strip_prefix('{') else {
        let length = name_of(rest);
        let name = &rest[..length];
        return (length > 0).then_some(Reference {
            name,
            operator: "",
            argument: "",
            argument_at: 1 + length,
            length: 1 + length,
        });
    };
    let length = name_of(inner);
    if length == 0 {
        return None;
    }
    let name = &inner[..length];
    let after = &inner[length..];
    if after.starts_with('}') {
        return Some(Reference { name, operator: "", argument: "", argument_at: 2 + length, length: 3 + length });
    }
    let operator = [":-", ":+", ":?", "-", "+", "?"].into_iter().find(|operator| after.starts_with(operator));
    let width = operator.map_or(0, str::len);
    let close = closing(&after[width..])?;
    Some(Reference {
        name,
        operator: operator.unwrap_or("#"),
        argument: &after[width..width + close],
        argument_at: 2 + length + width,
        length: 2 + length + width + close + 1,
    })
}

/// Where the brace closes that is open before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
        before = c;
    }
    None
}

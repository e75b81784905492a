//! Texts of compose files: the variables in them, and the scalars that they are.

use toml::Value;

/// The variables of a text that must be set.
pub(super) fn demanded(text: &str) -> Vec<String> {
    let parts = text.split("${").skip(1);
    parts
        .filter_map(|part| {
            let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
            let rest = &part[end..];
            (rest.starts_with(":?") || rest.starts_with('?')).then(|| part[..end].to_owned())
        })
        .collect()
}

/// What stands between a variable and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::init::proposal) enum Operator {
    Default,
    Required,
    Other,
}

/// The variable that a text is as a whole: its name, its operator and what follows that.
pub(in crate::init::proposal) fn whole(text: &str) -> Option<(String, Option<Operator>, String)> {
    let text = text.trim();
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if let Some(name) = text.strip_prefix('$').filter(|name| is_name(name)) {
        return Some((name.to_owned(), None, String::new()));
    }
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    // Another one may follow: `${A}${B}`.
    let mut depth = 0_i32;
    for byte in inner.bytes() {
        depth += i32::from(byte == b'{') - i32::from(byte == b'}');
        if depth < 0 {
            return None;
        }
    }
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    if !is_name(name) {
        return None;
    }
    let operators = [
        (":-", Operator::Default),
        (":?", Operator::Required),
        (":+", Operator::Other),
        ("-", Operator::Default),
        ("?", Operator::Required),
        ("+", Operator::Other),
    ];
    if rest.is_empty() {
        return Some((name.to_owned(), None, String::new()));
    }
    let (spelling, operator) = operators.into_iter().find(|(spelling, _)| rest.starts_with(spelling))?;
    Some((name.to_owned(), Some(operator), rest[spelling.len()..].to_owned()))
}

/// A text as the scalar that it is.
pub(in crate::init::proposal) fn typed(text: &str) -> Value {
    if text == "true" || text == "false" {
        return Value::from(text == "true");
    }
    if let Ok(number) = text.parse::<i64>()
        && number.to_string() == text
    {
        return Value::from(number);
    }
    if let Ok(number) = text.parse::<f64>()
        && number.is_finite()
        && format!("{number:?}") == text
    {
        return Value::from(number);
    }
    Value::from(text)
}

/// A text whose variables have no operators.
pub(super) fn bare(text: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        done.push_str(&rest[..at]);
        let mut depth = 0;
        let end = rest[at..].char_indices().find_map(|(position, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            (c == '}' && depth == 0).then_some(at + position)
        });
        let Some(end) = end else { break };
        let inner = &rest[at + 2..end];
        let stop = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
        done.push_str("${");
        done.push_str(&inner[..stop]);
        done.push('}');
        rest = &rest[end + 1..];
    }
    done.push_str(rest);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_taken_apart() {
        let of = |text: &str| whole(text);
        let is = |name: &str, operator, argument: &str| Some((name.to_owned(), operator, argument.to_owned()));
        assert_eq!(of("${A}"), is("A", None, ""));
        assert_eq!(of("$A"), is("A", None, ""));
        assert_eq!(of("${A:-x${B:-y}}"), is("A", Some(Operator::Default), "x${B:-y}"));
        assert_eq!(of("${A:?why}"), is("A", Some(Operator::Required), "why"));
        for text in ["${A}${B}", "x${A}", "A", "${}", ""] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_scalar_is_what_it_is_written_like() {
        assert_eq!(typed("true"), Value::from(true));
        assert_eq!(typed("3"), Value::from(3));
        assert_eq!(typed("0.5"), Value::from(0.5));
        for text in ["03", "1e3", "0.50", "yes", ""] {
            assert_eq!(typed(text), Value::from(text), "{text}");
        }
    }
}

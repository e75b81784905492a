//! How services.toml spells a string: the way from the bytes of a value to those of its source (TOML 1.1, "String").

use std::ops::Range;

/// Where the bytes `range` of the string `value` stand in its source `raw`, quotes included. None where they cannot be
/// found there.
pub(super) fn inside(raw: &str, value: &str, range: &Range<usize>) -> Option<Range<usize>> {
    // TOML leaves open whether the end of a line stays what it is.
    let spelled = [false, true].into_iter().find_map(|shortens| {
        let spelled = Spelled::read(raw, shortens)?;
        (spelled.value == value).then_some(spelled)
    })?;
    if range.is_empty() {
        let at = spelled.bytes.get(range.start).map_or(spelled.end, |place| place.start);
        return (range.start <= value.len()).then_some(at..at);
    }
    Some(spelled.bytes.get(range.start)?.start..spelled.bytes.get(range.end - 1)?.end)
}

/// A string as it is written.
#[derive(Default)]
struct Spelled {
    value: String,
    /// Where each byte of the value stands.
    bytes: Vec<Range<usize>>,
    /// Where the closing quotes begin.
    end: usize,
}

impl Spelled {
    /// Reads a string; `shortens` makes one character of `\r\n`.
    fn read(raw: &str, shortens: bool) -> Option<Self> {
        let quotes = ["\"\"\"", "'''", "\"", "'"];
        let is_around =
            |quote: &&&str| raw.len() >= 2 * quote.len() && raw.starts_with(**quote) && raw.ends_with(**quote);
        let quote = quotes.iter().find(is_around)?;
        let has_lines = quote.len() > 1;
        let mut spelled = Self { end: raw.len() - quote.len(), ..Self::default() };
        let mut at = quote.len();
        if has_lines {
            at += line_end(&raw[at..spelled.end]);
        }
        while at < spelled.end {
            let rest = &raw[at..spelled.end];
            let (text, length) = match rest.chars().next()? {
                '\\' if quote.starts_with('"') => escape(rest, has_lines)?,
                '\r' if shortens && line_end(rest) == 2 => (Some('\n'), 2),
                plain => (Some(plain), plain.len_utf8()),
            };
            if let Some(text) = text {
                spelled.value.push(text);
                spelled.bytes.resize(spelled.value.len(), at..at + length);
            }
            at += length;
        }
        Some(spelled)
    }
}

/// What an escape at the start of `rest` stands for, and how long it is; nothing where it ends a line.
fn escape(rest: &str, has_lines: bool) -> Option<(Option<char>, usize)> {
    let code = |digits: usize| {
        let code = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
        Some((Some(char::from_u32(code)?), 2 + digits))
    };
    let short = |c: char| Some((Some(c), 2));
    match rest[1..].chars().next()? {
        'b' => short('\u{8}'),
        't' => short('\t'),
        'n' => short('\n'),
        'f' => short('\u{c}'),
        'r' => short('\r'),
        'e' => short('\u{1b}'),
        quoted @ ('"' | '\\') => short(quoted),
        'x' => code(2),
        'u' => code(4),
        'U' => code(8),
        _ if has_lines => {
            let blank = rest[1..].trim_start_matches([' ', '\t']);
            (line_end(blank) > 0).then(|| (None, rest.len() - blank.trim_start_matches([' ', '\t', '\r', '\n']).len()))
        }
        _ => None,
    }
}

/// How long the end of a line is with which the text begins.
fn line_end(text: &str) -> usize {
    if text.starts_with("\r\n") { 2 } else { usize::from(text.starts_with('\n')) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written where `word` stands in the value of `raw`.
    fn written<'r>(raw: &'r str, word: &str) -> Option<&'r str> {
        let table: toml::Table = toml::from_str(&format!("a = {raw}")).unwrap();
        let value = table["a"].as_str().unwrap();
        let at = value.find(word).unwrap();
        inside(raw, value, &(at..at + word.len())).map(|range| &raw[range])
    }

    #[test]
    fn a_word_is_found_however_its_string_is_quoted() {
        for raw in [
            "\"x ${A}\"",
            "'x ${A}'",
            "\"\"\"x ${A}\"\"\"",
            "'''x ${A}'''",
            "\"\"\"\nx\n ${A}\n\"\"\"",
            "'''\nx\n ${A}\n'''",
            "\"\"\"\r\nx\r\n ${A}\r\n\"\"\"",
            "'''\r\nx\r\n ${A}\r\n'''",
            "\"\"\"\\\n   x \\\n\n  ${A}\"\"\"",
            "\"\"\"x \\  \r\n\r\n  ${A}\"\"\"",
            "\"\\t\\u00e9\\U0001F4A5\\x41é💥 \\\"${A}\\\"\"",
            "\"\"\"x \"\"${A}\"\"\"\"\"",
        ] {
            assert_eq!(written(raw, "${A}"), Some("${A}"), "{raw}");
        }
    }

    #[test]
    fn what_is_spelled_with_escapes_is_all_of_them() {
        assert_eq!(written(r#""a\u0062c""#, "b"), Some(r"\u0062"));
        assert_eq!(written(r#""a\u0062c""#, "ab"), Some(r"a\u0062"));
        assert_eq!(written("\"\"\"a \\\n  b\"\"\"", "a b"), Some("a \\\n  b"));
        assert_eq!(written("\"\"\"a \\\n  b\"\"\"", "a "), Some("a "), "not the end of its line");
    }

    #[test]
    fn what_is_nowhere_is_not_found() {
        assert_eq!(inside("\"abc\"", "other", &(0..1)), None);
        assert_eq!(inside("12", "12", &(0..1)), None);
        assert_eq!(inside("\"abc\"", "abc", &(1..9)), None);
        assert_eq!(inside("\"abc\"", "abc", &(3..3)), Some(4..4));
        assert_eq!(inside("\"\"", "", &(0..0)), Some(1..1));
    }

    proptest::proptest! {
        #[test]
        fn every_string_is_spelled_as_it_is_read(text in "[a-z${}é \\\\\"'\n\r\t-]{0,30}") {
            for raw in [toml::Value::from(text.as_str()).to_string(), format!("{text:?}"), format!("\"\"\"{text}\"\"\"")] {
                let Ok(table) = toml::from_str::<toml::Table>(&format!("a = {raw}")) else { continue };
                let Some(value) = table["a"].as_str() else { continue };
                for (at, c) in value.char_indices() {
                    let found = inside(&raw, value, &(at..at + c.len_utf8()));
                    proptest::prop_assert!(found.is_some_and(|range| raw.get(range).is_some()), "{raw}");
                }
            }
        }
    }
}

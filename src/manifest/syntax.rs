//! What the TOML parser does not say of a text that it cannot read: where a key was read before, and what is not closed.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The key that stands at `second`, where it was read before; none where its path cannot be told. The text before it is
/// read again, and the path of the key looked up in that.
pub(crate) fn first(text: &str, second: &Range<usize>) -> Option<Range<usize>> {
    let start = text.get(..second.start)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..)?.lines().next()?;
    let (document, _) = DeTable::parse_recoverable(line);
    let mut keys = if line.trim_start().starts_with('[') { Vec::new() } else { header(text.get(..start)?) };
    if !path_to(document.get_ref(), second.start - start, &mut keys) {
        return same_line(document.get_ref(), text.get(second.clone())?, second.start - start)
            .map(|span| span.start + start..span.end + start);
    }
    let (before, _) = DeTable::parse_recoverable(text.get(..start)?);
    key_at(before.get_ref(), &keys)
}

/// What follows the header in which `key` stands: its table, and those below it; none where that is no header.
pub(crate) fn below_header(text: &str, key: &Range<usize>) -> Option<Range<usize>> {
    let start = text.get(..key.start)?.rfind('\n').map_or(0, |at| at + 1);
    let mut lines = text.get(start..)?.split_inclusive('\n');
    let line = lines.next().filter(|line| line.trim_start().starts_with('['))?;
    let keys = header(line);
    let mut end = start + line.len();
    for line in lines {
        if line.trim_start().starts_with('[') && !header(line).starts_with(&keys) {
            break;
        }
        end += line.len();
    }
    Some(key.end..end)
}

/// The keys of the last table header.
fn header(text: &str) -> Vec<String> {
    let headers = text.lines().rev().filter(|line| line.trim_start().starts_with('['));
    let mut tables = headers.filter_map(|line| DeTable::parse(line).ok());
    let mut keys = Vec::new();
    if let Some(document) = tables.next() {
        let mut table = document.get_ref();
        while let Some((key, value)) = table.iter().next() {
            keys.push(key.get_ref().to_string());
            let DeValue::Table(inner) = value.get_ref() else { break };
            table = inner;
        }
    }
    keys
}

/// Extends `keys` by those that lead to the key at `offset`; leaves them where there is none.
fn path_to(table: &DeTable<'_>, offset: usize, keys: &mut Vec<String>) -> bool {
    for (key, value) in table {
        keys.push(key.get_ref().to_string());
        if key.span().start == offset {
            return true;
        }
        if let DeValue::Table(inner) = value.get_ref()
            && path_to(inner, offset, keys)
        {
            return true;
        }
        keys.pop();
    }
    false
}

/// The last key before `offset` that is spelt like `key`: both stand in one inline table.
fn same_line(table: &DeTable<'_>, key: &str, offset: usize) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    for (known, value) in table {
        let own = (known.get_ref() == key).then(|| known.span());
        let inner = match value.get_ref() {
            DeValue::Table(inner) => same_line(inner, key, offset),
            _ => None,
        };
        let spans = own.into_iter().chain(inner).filter(|span| span.start < offset);
        found = found.into_iter().chain(spans).max_by_key(|span| span.start);
    }
    found
}

fn key_at(table: &DeTable<'_>, keys: &[String]) -> Option<Range<usize>> {
    let (first, rest) = keys.split_first()?;
    let (key, value): (&Spanned<_>, &Spanned<DeValue<'_>>) = table.get_key_value(first.as_str())?;
    if rest.is_empty() {
        return Some(key.span());
    }
    match value.get_ref() {
        DeValue::Table(inner) => key_at(inner, rest),
        _ => None,
    }
}

/// What is open at the end of `text`: where it begins, and what would close it.
pub(crate) fn open(text: &str) -> Option<(Range<usize>, &'static str)> {
    let mut brackets: Vec<(usize, &'static str)> = Vec::new();
    let mut is_header = false;
    let mut is_fresh = true;
    let mut at = 0;
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let mut length = character.len_utf8();
        match character {
            '#' => length = text[at..].find('\n').unwrap_or(text.len() - at),
            '"' | '\'' => match string(&text[at..]) {
                Ok(end) => length = end,
                Err(quotes) => return Some((at..at + quotes.len(), quotes)),
            },
            '[' => {
                is_header |= is_fresh && brackets.is_empty();
                brackets.push((at, "]"));
            }
            '{' => brackets.push((at, "}")),
            ']' | '}' => {
                brackets.pop_if(|(_, close)| close.starts_with(character));
            }
            // A header ends with its line.
            '\n' if is_header => {
                brackets.clear();
                is_header = false;
            }
            _ => {}
        }
        is_fresh = character == '\n' || (is_fresh && character.is_whitespace());
        at += length;
    }
    brackets.pop().map(|(at, close)| (at..at + 1, close))
}

/// The length of the string at the begin of `text`, which ends with its line unless it has three quotes; its quotes
/// where those are not closed.
fn string(text: &str) -> Result<usize, &'static str> {
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| text.starts_with(quotes)).unwrap_or("\"");
    let mut at = quotes.len();
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if text[at..].starts_with(quotes) {
            return Ok(at + quotes.len());
        }
        if character == '\n' && quotes.len() == 1 {
            return Ok(at);
        }
        at += character.len_utf8();
        if character == '\\' && quotes.starts_with('"') {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    if quotes.len() == 1 { Ok(at) } else { Err(quotes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_found() {
        for (text, expected) in [
            ("[a]\nb = [1, 2", Some((8, "]"))),
            ("[a]\nb = { c = [1], ", Some((8, "}"))),
            ("[a\nb = '['\nc = \"\\\"[\" # [", None),
            ("a = \"\"\"x\n'", Some((4, "\"\"\""))),
            ("a = 'x\nb = [\n[c]\n", Some((11, "]"))),
        ] {
            assert_eq!(open(text).map(|(range, close)| (range.start, close)), expected, "{text}");
        }
    }

    #[test]
    fn a_header_reaches_to_the_next_one_that_is_not_below_it() {
        let text = "[a.b]\nx = 1\n[a.b.c]\ny = 1\n[a.bc]\nz = 1\n";
        assert_eq!(below_header(text, &(3..4)).map(|range| &text[range]), Some("]\nx = 1\n[a.b.c]\ny = 1\n"));
        assert_eq!(below_header(text, &(6..7)), None);
    }

    /// Byte offsets of the two `|`, which are taken out first.
    fn found(marked: &str) -> (Option<usize>, usize) {
        let positions: Vec<usize> = marked.match_indices('|').map(|(at, _)| at).collect();
        let text = marked.replace('|', "");
        let second = positions[1] - 1;
        let (_, errors) = DeTable::parse_recoverable(&text);
        let span = errors.first().and_then(toml::de::Error::span).unwrap();
        assert_eq!(span.start, second, "{marked}: {errors:?}");
        (first(&text, &span).map(|span| span.start), positions[0])
    }

    #[test]
    fn the_first_one_is_found_however_it_is_spelt() {
        for marked in [
            "[a]\n|x = 1\n|x = 2",
            "[a.b]\n|env.x = 1\n[a.b.|env]\ny = 1",
            "[a]\n|r = { x = 1 }\n[a.|r]\ny = 1",
            "[a.|b]\nx = 1\n[c]\n[a.|b]",
            "[e]\ns.|api.l = 1\n[e.s.|api]\nr = 1",
            "[a]\ne = { |x = 1, |x = 2 }",
            "[a]\n|p = 1\n|p.q = 2",
        ] {
            let (found, expected) = found(marked);
            assert_eq!(found, Some(expected), "{marked}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]a.= {},1\n\"ä]{0,40}", at in 0usize..40, length in 0usize..5) {
            let _ = first(&text, &(at..at + length));
            let _ = open(&text);
            let _ = below_header(&text, &(at..at + length));
        }
    }
}

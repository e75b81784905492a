//! Places in env files, for rules that speak of a line there. Names are shown, and never what is set.

use std::ops::Range;

use super::Context;
use crate::compose::dotenv::{Entry, EnvFile};
use crate::diagnostics::Label;

/// The place at `range` of an env file, which holds no part of a value, and what of the file no format may show.
pub(super) fn place(context: &Context<'_>, path: &str, range: Range<usize>, text: &str) -> (Label, Vec<Label>) {
    let known = context.sources.surroundings().named(path).and_then(|known| known.text.as_deref());
    let values = known.map(values).unwrap_or_default();
    (Label::within(path, range, text), values.into_iter().map(|value| Label::hidden(path, value)).collect())
}

/// Where the name of an entry stands.
pub(super) fn name_of(text: &str, entry: &Entry) -> Range<usize> {
    let found = text.get(entry.span.clone()).and_then(|own| own.find(&entry.name));
    let start = entry.span.start + found.unwrap_or_default();
    start..start + entry.name.len()
}

/// The begin of a line, from 1, up to what it sets.
pub(super) fn begin_of(text: &str, line: usize) -> Range<usize> {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let line = text[start..].lines().next().unwrap_or_default();
    start..start + line.find(['=', ':']).unwrap_or_else(|| line.find(' ').unwrap_or(line.len()))
}

/// Everything but the names, line by line.
fn values(text: &str) -> Vec<Range<usize>> {
    let shown: Vec<Range<usize>> = match EnvFile::parse(text) {
        Ok(file) => {
            let named = file.entries.iter().filter(|entry| !entry.name.is_empty());
            named.map(|entry| with_sign(text, entry.span.start..name_of(text, entry).end)).collect()
        }
        Err(flaw) => vec![with_sign(text, begin_of(text, flaw.line))],
    };
    let ends = shown.iter().map(|range| range.start).chain([text.len()]);
    let starts = std::iter::once(0).chain(shown.iter().map(|range| range.end));
    starts.zip(ends).filter(|(start, end)| start < end).flat_map(|(start, end)| lines(text, start..end)).collect()
}

/// With the `=` or `:` that follows.
fn with_sign(text: &str, range: Range<usize>) -> Range<usize> {
    let has_sign = text[range.end..].starts_with(['=', ':']);
    range.start..range.end + usize::from(has_sign)
}

/// The parts of a range that stand in one line each, without the lines that are empty.
fn lines(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut at = range.start;
    let mut found = Vec::new();
    for line in text[range].split_inclusive('\n') {
        let end = at + line.trim_end().len();
        found.extend((at < end).then_some(at..end));
        at += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut shown = text.to_owned();
        for range in values(text).into_iter().rev() {
            shown.replace_range(range, "*");
        }
        shown
    }

    #[test]
    fn names_are_shown_and_values_are_not() {
        for (text, expected) in [
            ("A=1\nB: 2\nC\n", "A=*\nB:*\nC\n"),
            ("# old: A=1\n\nexport A='x\ny=z'\nB=\"a\"C=2\n", "*\n\nexport A=*\n*\nB=*C=*\n"),
            ("MY NAME=x\n", "MY NAME=*\n"),
            ("sk-live abc\nA=1", "sk-live*\n*"),
            ("A=1\nB*=2\n", "*\nB*=*\n"),
            ("A=1\nnothing", "A=*\n*"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}

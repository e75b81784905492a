//! What must not be shown: the secrets that findings point at, wherever else they turn up.
//!
//! A rule says which label is secret; it cannot know that another finding shows the same line, that the same secret
//! stands elsewhere in services.toml, or that a diff of a generated file repeats it. A [`Redaction`] knows.

use std::borrow::Cow;
use std::ops::Range;

/// What is shown instead of a secret. Always as long as this, so that it does not tell the secret's length.
pub(crate) const MASK: &str = "********";

/// From how many characters on a value is a secret wherever it stands, if it does not look like a word.
const UNMISTAKABLE: usize = 6;
/// From how many characters on a value is no word, whatever it looks like.
const PHRASE: usize = 20;

/// The secrets of one services.toml.
#[derive(Debug, Default)]
pub(crate) struct Redaction {
    /// Sorted, disjoint, not empty, on character boundaries, and none across the end of a line.
    spans: Vec<Range<usize>>,
    /// What stands there, as written and as meant; the longest first.
    values: Vec<String>,
}

impl Redaction {
    /// The secrets that stand at `spans` of `text`. Spans may be anything; what is outside of the text is ignored.
    pub(crate) fn new(text: &str, spans: &[Range<usize>]) -> Self {
        let mut values = Vec::new();
        let mut found = Vec::new();
        for span in spans {
            let span = clamp(text, span);
            values.extend(meanings(&text[span.clone()]));
            found.extend(lines(text, inside(text, span)));
        }
        values.extend(found.iter().map(|span: &Range<usize>| text[span.clone()].to_owned()));
        let mut values: Vec<String> = values.iter().flat_map(|value| spellings(value)).collect();
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        for value in values.iter().filter(|value| is_unmistakable(value)) {
            found.extend(text.match_indices(value).map(|(at, _)| at..at + value.len()));
        }
        Self { spans: merge(found), values }
    }

    /// The secrets of another text: what stands at `spans` of it, and the unmistakable ones of this one.
    pub(crate) fn of_other(&self, text: &str, spans: &[Range<usize>]) -> Self {
        let mut other = Self::new(text, spans);
        for value in self.values.iter().filter(|value| is_unmistakable(value)) {
            other.spans.extend(text.match_indices(value.as_str()).map(|(at, _)| at..at + value.len()));
        }
        Self { spans: merge(other.spans), values: other.values }
    }

    /// Where secrets stand in the text: sorted, disjoint, and none across the end of a line.
    pub(crate) fn spans(&self) -> &[Range<usize>] {
        &self.spans
    }

    /// A sentence without the secrets that nobody would take for a word. A password `postgres` stays: the sentence
    /// most likely speaks of the service.
    pub(crate) fn sentence<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let values = self.values.iter().filter(|value| is_unmistakable(value));
        values.fold(Cow::Borrowed(text), |text, value| hide(text, value, |_, _| true))
    }

    /// The content of a file without the secrets, and without the words that are equal to one.
    pub(crate) fn content<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.values.iter().fold(Cow::Borrowed(text), |text, value| {
            hide(text, value, |before, after| is_unmistakable(value) || !(is_word(before) || is_word(after)))
        })
    }
}

/// The nearest range that can slice the text.
pub(crate) fn clamp(text: &str, span: &Range<usize>) -> Range<usize> {
    let length = text.len();
    let boundary = |at: &usize| text.is_char_boundary(*at);
    let start = (0..=span.start.min(length)).rev().find(boundary).unwrap_or(0);
    let end = (span.end.clamp(start, length)..=length).find(boundary).unwrap_or(length);
    start..end
}

/// Whether nobody writes this by chance: long enough, and not a plain word such as `postgres`.
fn is_unmistakable(value: &str) -> bool {
    let plain = |c: char| c.is_lowercase() || matches!(c, '-' | '_' | '.' | ' ');
    let length = value.chars().count();
    length >= PHRASE || length >= UNMISTAKABLE && !value.chars().all(plain)
}

fn is_word(character: Option<char>) -> bool {
    character.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// `text` with a mask for every `value` whose neighbours `applies` accepts.
fn hide<'t>(text: Cow<'t, str>, value: &str, applies: impl Fn(Option<char>, Option<char>) -> bool) -> Cow<'t, str> {
    let mut hidden = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices(value) {
        let end = at + value.len();
        if applies(text[..at].chars().next_back(), text[end..].chars().next()) {
            hidden.push_str(&text[copied..at]);
            hidden.push_str(MASK);
            copied = end;
        }
    }
    if copied == 0 {
        return text;
    }
    hidden.push_str(&text[copied..]);
    Cow::Owned(hidden)
}

/// The part of a value between its quotes; all of it where it is no quoted string.
fn inside(text: &str, span: Range<usize>) -> Range<usize> {
    let raw = &text[span.clone()];
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    let quote =
        quotes.iter().find(|quote| raw.len() >= 2 * quote.len() && raw.starts_with(**quote) && raw.ends_with(**quote));
    let width = quote.map_or(0, |quote| quote.len());
    span.start + width..span.end - width
}

/// The pieces of a range that stand in one line each, without the line ends.
fn lines(text: &str, span: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = span.start;
    text[span].split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let end = start + line.trim_end_matches(['\r', '\n']).len();
        (start < end).then_some(start..end)
    })
}

/// The strings and numbers that a TOML value stands for, line by line.
fn meanings(raw: &str) -> Vec<String> {
    // A part of a string is one as well.
    let spellings = [raw.to_owned(), format!("\"{raw}\""), format!("\"\"\"{raw}\"\"\"")];
    let table = spellings.iter().find_map(|raw| toml::from_str::<toml::Table>(&format!("value = {raw}")).ok());
    let Some(mut table) = table else { return Vec::new() };
    let mut values = Vec::new();
    let mut rest: Vec<toml::Value> = table.remove("value").into_iter().collect();
    while let Some(value) = rest.pop() {
        match value {
            toml::Value::String(text) => values.extend(text.lines().map(str::to_owned)),
            toml::Value::Array(items) => rest.extend(items),
            toml::Value::Table(table) => rest.extend(table.into_iter().map(|(_, value)| value)),
            other => values.push(other.to_string()),
        }
    }
    values
}

/// A value as it is, as a double-quoted string spells it, and both with Compose's `$$`.
fn spellings(value: &str) -> Vec<String> {
    if value.trim().is_empty() {
        return Vec::new();
    }
    let escaped = serde_json::to_string(value).unwrap_or_default();
    let escaped = escaped.get(1..escaped.len().saturating_sub(1)).unwrap_or_default();
    [value, escaped].iter().flat_map(|value| [(*value).to_owned(), value.replace('$', "$$")]).collect()
}

/// Sorted, and one range for those that overlap or touch.
fn merge(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "a list of one span")]
mod tests {
    use super::*;

    /// The redaction of what stands at `secret` (its first occurrence) in `text`.
    fn redaction(text: &str, secret: &str) -> Redaction {
        let at = text.find(secret).unwrap();
        Redaction::new(text, &[at..at + secret.len()])
    }

    fn hidden<'t>(redaction: &Redaction, text: &'t str) -> Vec<&'t str> {
        redaction.spans().iter().map(|span| &text[span.clone()]).collect()
    }

    #[test]
    fn quotes_stay_visible() {
        for (text, secret) in [("a = \"hunter2\"", "\"hunter2\""), ("a = '''hunter2'''", "'''hunter2'''")] {
            assert_eq!(hidden(&redaction(text, secret), text), ["hunter2"]);
        }
        assert_eq!(hidden(&redaction("a = 12", "12"), "a = 12"), ["12"]);
        assert_eq!(hidden(&redaction("a = \"", "\""), "a = \""), ["\""]);
        assert!(redaction("a = ''", "''").spans().is_empty());
    }

    #[test]
    fn a_secret_of_several_lines_is_hidden_in_each() {
        let text = "a = \"\"\"\r\none\r\n\r\ntwo\"\"\"\r\n";
        let secret = &text[4..text.len() - 2];
        assert_eq!(hidden(&redaction(text, secret), text), ["one", "two"]);
    }

    #[test]
    fn an_unmistakable_secret_is_hidden_wherever_it_stands() {
        let text = "a = \"hunter2\"\nb = \"http://u:hunter2@host\"\n";
        let redaction = redaction(text, "\"hunter2\"");
        assert_eq!(hidden(&redaction, text), ["hunter2", "hunter2"]);
        assert_eq!(redaction.sentence("`hunter2` is no port"), "`********` is no port");
    }

    #[test]
    fn a_word_is_hidden_at_its_place_and_in_files_only() {
        let text = "a = \"postgres\"\n[services.postgres]\n";
        let redaction = redaction(text, "\"postgres\"");
        assert_eq!(redaction.spans(), [5..13]);
        assert_eq!(redaction.sentence("postgres has no volume"), "postgres has no volume");
        assert_eq!(redaction.content("+  P: \"postgres\"\n+  postgresql"), "+  P: \"********\"\n+  postgresql");
    }

    #[test]
    fn content_hides_every_spelling() {
        let text = r#"a = "pa$w\"o\u0072d1""#;
        let redaction = redaction(text, r#""pa$w\"o\u0072d1""#);
        assert_eq!(redaction.content(r#"+ "pa$$w\"ord1" 'pa$w"ord1'"#), r#"+ "********" '********'"#);
    }

    #[test]
    fn a_part_of_a_string_means_what_it_spells() {
        let text = r#"a = "http://u:hunt\u0065r2@host""#;
        let redaction = redaction(text, r"hunt\u0065r2");
        assert_eq!(hidden(&redaction, text), [r"hunt\u0065r2"]);
        assert_eq!(redaction.content("+ http://u:hunter2@host"), "+ http://u:********@host");
    }

    #[test]
    fn another_text_hides_the_same_secrets_and_its_own() {
        let redaction = redaction("a = \"hunter2\"", "\"hunter2\"");
        let text = "CMD x --password hunter2 pin 12";
        assert_eq!(hidden(&redaction.of_other(text, &[29..31]), text), ["hunter2", "12"]);
    }

    #[test]
    fn spans_that_are_none_are_ignored() {
        let backwards = Range { start: 3, end: 1 };
        let redaction = Redaction::new("é€", &[backwards, 900..901, 1..1, 0..usize::MAX]);
        assert_eq!(redaction.spans(), [0..5]);
    }
}

//! Secrets in the lines of generated files, as a diff shows them: also those that services.toml no longer has, or never
//! had, because somebody wrote them into the file by hand.

use std::collections::BTreeSet;
use std::ops::Range;

use super::forms;
use super::names::{self, Noun};
use crate::diagnostics::redaction::MASK;
use crate::manifest::text::{Operator, Piece, Text};

/// Words in front of a name that belong to the file's format (dotenv, Dockerfile).
const LEADS: [&str; 4] = ["export ", "ENV ", "ARG ", "LABEL "];

/// A unified diff without secrets, on both sides: the values of what is named like one or is one of `declared`, passwords
/// of URLs, live keys, and arguments of commands. A reference such as `${TOKEN}` stays.
pub(crate) fn veil(diff: &str, declared: &BTreeSet<String>) -> String {
    let mut out = String::with_capacity(diff.len());
    let mut is_in_hunk = false;
    // The flag with which the last word of a command ended, as it was and as it would be.
    let (mut before, mut after) = (None, None);
    for line in diff.split_inclusive('\n') {
        if line.starts_with("@@ ") {
            (is_in_hunk, before, after) = (true, None, None);
        }
        let sign = line.chars().next().filter(|sign| is_in_hunk && matches!(sign, ' ' | '+' | '-'));
        let Some(sign) = sign else {
            out.push_str(line);
            continue;
        };
        let (mark, content) = line.split_at(1);
        let flag = if sign == '+' { &after } else { &before };
        let line = Line { content, declared };
        let (spans, next) = line.secrets(*flag);
        out.push_str(mark);
        out.push_str(&masked(content, spans));
        if sign != '+' {
            before = next;
        }
        if sign != '-' {
            after = next;
        }
    }
    out
}

/// `text` with a mask for each of these ranges.
fn masked(text: &str, mut spans: Vec<Range<usize>>) -> String {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for span in spans.into_iter().filter(|span| !span.is_empty()) {
        if span.start >= copied {
            out.push_str(&text[copied..span.start]);
            out.push_str(MASK);
        }
        copied = copied.max(span.end);
    }
    out.push_str(&text[copied..]);
    out
}

/// Where the name and the value stand in a line that sets something, be it in a comment.
pub(crate) fn setting(line: &str) -> Option<(Range<usize>, Range<usize>)> {
    let is_comment = line.trim_start().starts_with('#');
    entry(line, scalar(line, 0..line.len()), is_comment)
}

struct Line<'l> {
    content: &'l str,
    declared: &'l BTreeSet<String>,
}

impl Line<'_> {
    /// What is secret in the line, where the word before it was `flag`; and the flag that it is itself.
    fn secrets(&self, flag: Option<Noun>) -> (Vec<Range<usize>>, Option<Noun>) {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some((_, range)) = forms::unmistakable(&self.content[at..]) {
            found.push(at + range.start..at + range.end);
            at += range.end;
        }
        let scalar = scalar(self.content, 0..self.content.len());
        let is_comment = self.content.trim_start().starts_with('#');
        let inner = &self.content[scalar.clone()];
        found.extend(self.arguments(&scalar));
        if let Some((name, value)) = entry(self.content, scalar.clone(), is_comment) {
            found.extend(self.arguments(&value));
            found.extend(self.value(&self.content[name], value));
        }
        if let Some(noun) = flag
            && names::is_secret(noun, inner)
            && !inner.contains("${")
        {
            found.push(scalar);
        }
        let is_flag = inner.starts_with('-') && !inner.contains(|c: char| c == '=' || c.is_whitespace());
        (found, if is_flag { names::noun(inner) } else { None })
    }

    /// The arguments of a command that are secret.
    fn arguments(&self, command: &Range<usize>) -> Vec<Range<usize>> {
        let text = &self.content[command.clone()];
        let words = shlex::split(text).unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect());
        let mut found = Vec::new();
        for argument in names::arguments(&words) {
            // Quotes around it stay, also where they are part of the word.
            let value = argument.value.trim_matches(['"', '\'']);
            found.extend(text.match_indices(value).map(|(start, value)| {
                let start = command.start + start;
                start..start + value.len()
            }));
        }
        found
    }

    /// What is secret in the value of a name: the whole, or the defaults of references in it.
    fn value(&self, name: &str, value: Range<usize>) -> Vec<Range<usize>> {
        let is_declared = |name: &str| self.declared.contains(name);
        let noun = |name: &str| names::noun(name.rsplit('.').next().unwrap_or_default());
        let is_secret = |name: &str, text: &str| {
            let is_number = |noun| noun == Noun::Password && text.parse::<f64>().is_ok();
            let text = text.trim();
            !text.is_empty() && is_declared(name)
                || noun(name).is_some_and(|noun| names::is_secret(noun, text) || is_number(noun))
        };
        let (parsed, _) = Text::parse(&self.content[value.clone()]);
        if let Some(literal) = parsed.as_literal() {
            return if is_secret(name, literal) { vec![value] } else { Vec::new() };
        }
        let is_alone = parsed.pieces.len() == 1;
        let mut found = Vec::new();
        for piece in &parsed.pieces {
            let Piece::Variable { name: variable, operation: Some((operator, default)), range } = piece else {
                continue;
            };
            let is_default = matches!(operator, Operator::DefaultIfEmpty | Operator::DefaultIfUnset);
            let Some(default) = default.as_literal().filter(|_| is_default) else { continue };
            if is_secret(variable, default) || is_alone && is_secret(name, default) {
                let start = value.start + range.start + "${".len() + variable.len() + operator.spelling().len();
                found.push(start..value.start + range.end - 1);
            }
        }
        found
    }
}

/// The text of a scalar that stands alone in `range`: without the `- ` of a list, `#` of a comment, and its quotes.
fn scalar(line: &str, range: Range<usize>) -> Range<usize> {
    let mut range = trimmed(line, range);
    while let Some(rest) = ["- ", "#"].iter().find_map(|lead| line[range.clone()].strip_prefix(lead)) {
        range = trimmed(line, range.end - rest.len()..range.end);
    }
    unquoted(line, range)
}

/// The name and the value of `name: value`, `name = value` or `NAME=value`; of the last one alone in a comment, where a colon
/// belongs to a sentence.
fn entry(line: &str, range: Range<usize>, is_comment: bool) -> Option<(Range<usize>, Range<usize>)> {
    let mut start = range.start;
    for lead in LEADS {
        start += line[start..range.end].strip_prefix(lead).map_or(0, |_| lead.len());
    }
    let rest = &line[start..range.end];
    let (name, after) = if let Some(quote) = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')) {
        let end = start + 1 + rest[1..].find(quote)?;
        (start + 1..end, end + 1)
    } else {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        let end = start + rest.find(|c| !is_name(c))?;
        (start..end, end)
    };
    let rest = line[after..range.end].trim_start();
    let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix(": ").filter(|_| !is_comment))?;
    let value = trimmed(line, range.end - value.len()..range.end);
    let end = line[value.clone()].trim_end_matches([',', '\\', ' ']).len();
    (!name.is_empty()).then(|| (name, unquoted(line, value.start..value.start + end)))
}

fn trimmed(line: &str, range: Range<usize>) -> Range<usize> {
    let text = &line[range.clone()];
    let start = range.start + text.len() - text.trim_start().len();
    start..start + text.trim().len()
}

fn unquoted(line: &str, range: Range<usize>) -> Range<usize> {
    let text = &line[range.clone()];
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let is_whole = |quote| text.len() > 1 && text[1..].find(quote) == Some(text.len() - 2);
    if quote.is_some_and(is_whole) { range.start + 1..range.end - 1 } else { range }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn veiled(lines: &str) -> String {
        let declared = ["PIN".to_owned()].into_iter().collect();
        let diff = format!("--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n{lines}");
        veil(&diff, &declared).strip_prefix("--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n").unwrap().to_owned()
    }

    #[test]
    fn the_values_of_secrets_are_masked_on_both_sides() {
        for line in [
            "      DB_PASSWORD: \"%\"",
            "      DB_PASSWORD: '%'",
            "      DB_PASSWORD: %",
            "      PIN: \"%\"",
            "      \"com.example.token\": \"%\"",
            "      - \"DB_PASSWORD=%\"",
            "      - PIN=%",
            "DB_PASSWORD=%",
            "PIN=%",
            "# DB_PASSWORD=%",
            "export API_KEY=%",
            "ENV API_KEY=\"%\"",
            "ENV A=b API_KEY=\"%\" C=d",
            "    API_KEY=\"%\" \\",
            "  \"password\": \"%\",",
            "password = \"%\"",
            "      DB: \"postgres://app:%@db/app\"",
            "      DB_PASSWORD: \"${DB_PASSWORD:-%}\"",
            "      X: \"${DB_PASSWORD:-%}\"",
            "      X: \"a${PIN:-%}b\"",
            "    command: \"redis-server --requirepass %\"",
            "      - \"--requirepass=%\"",
        ] {
            let of = |value: &str| line.replace('%', value);
            let diff = format!("-{}\n+{}\n", of("before99"), of("after99"));
            assert_eq!(veiled(&diff), format!("-{}\n+{}\n", of(MASK), of(MASK)));
        }
    }

    #[test]
    fn a_word_of_a_command_is_what_the_flag_before_it_says() {
        let diff = "   - \"--requirepass\"\n-  - \"before99\"\n+  - \"after99\"\n   - \"--port\"\n   - \"6379\"\n";
        let masked = diff.replace("before99", MASK).replace("after99", MASK);
        assert_eq!(veiled(diff), masked);
        let diff = "-  - \"--port\"\n+  - \"--token\"\n-  - \"before99\"\n+  - \"after99\"\n";
        assert_eq!(veiled(diff), diff.replace("after99", MASK));
    }

    #[test]
    fn everything_else_stays() {
        for line in [
            "      DB_PASSWORD: \"${DB_PASSWORD}\"",
            "      DB_PASSWORD: \"${DB_PASSWORD:?set it}\"",
            "      DB_PASSWORD_FILE: \"/run/secrets/DB_PASSWORD\"",
            "      PUBLIC_KEY: \"abc123\"",
            "      LEVEL: \"info\"",
            "DB_PASSWORD=",
            "# Password: what the database asks for",
            "      PINS: \"1234\"",
            "      - \"DB_PASSWORD\"",
            "      image: \"postgres:17\"",
            "      DB: \"postgres://app:${DB_PASSWORD}@db/app\"",
            "",
        ] {
            let diff = format!("-{line}\n+{line}\n {line}\n");
            assert_eq!(veiled(&diff), diff);
        }
        let whole = "`x` has the right text, but is executable: its mode becomes 0644\n";
        assert_eq!(veil(whole, &BTreeSet::new()), whole);
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "[a-zA-Z=:\"'# ${}é\\\\,-]{0,40}") {
            let declared = ["a".to_owned(), "PASSWORD".to_owned()].into_iter().collect();
            let _ = veil(&format!("@@ -1 +1 @@\n-{line}\n+PASSWORD: {line}\n+a={line}\n"), &declared);
        }
    }
}

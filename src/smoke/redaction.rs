//! What containers print may hold secrets: every value of a secret is taken out before anything is shown.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Cause;
use super::container::Container;
use super::proxy::without_colors;
use crate::diagnostics::redaction::MASK;
use crate::diagnostics::words;
use crate::plan::Plan;
use crate::secrets::forms;

/// From how many characters on a value is looked for: a shorter one would be found in every other word.
const SHORTEST: usize = 4;
/// How long a line may be.
const LONGEST: usize = 400;

/// The secrets of a stack.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// The longest first, so that none is found in part.
    values: Vec<String>,
}

impl Secrets {
    /// The values of everything that is secret: as this machine sets it, and as the containers have it.
    pub(super) fn of(plan: &Plan, values: &dyn Fn(&str) -> Option<String>, containers: &[Container]) -> Self {
        let names = plan.secret_names();
        let set = names.iter().filter_map(|name| values(name));
        let environments = containers.iter().flat_map(|container| &container.environment);
        let held = environments.filter(|(name, value)| {
            names.contains(name)
                || crate::secrets::names::noun(name).is_some_and(|noun| crate::secrets::names::is_secret(noun, value))
        });
        let all = set.chain(held.map(|(_, value)| value.clone()));
        let mut found: BTreeSet<String> = BTreeSet::new();
        for value in all.filter(|value| value.chars().count() >= SHORTEST) {
            found.extend(value.lines().filter(|line| line.chars().count() >= SHORTEST).map(str::to_owned));
            found.insert(encoded(&value));
            // As JSON and Go write it.
            found.insert(value.escape_default().to_string());
            found.insert(value);
        }
        let mut values: Vec<String> = found.into_iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { values }
    }

    /// The text without secrets, and without what a terminal would obey.
    pub(super) fn hide(&self, text: &str) -> String {
        let plain = without_colors(text);
        let mut text: Cow<'_, str> = Cow::Borrowed(&plain);
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = Cow::Owned(text.replace(value.as_str(), MASK));
            }
        }
        let mut text = text.into_owned();
        while let Some((_, range)) = forms::unmistakable(&text).filter(|(_, range)| &text[range.clone()] != MASK) {
            text.replace_range(range, MASK);
        }
        words::visible(&text).into_owned()
    }

    /// A cause without secrets, ready to be shown.
    pub(super) fn hide_in(&self, cause: Cause) -> Cause {
        Cause {
            kind: cause.kind,
            message: self.hide(&cause.message),
            log: cause.log.iter().map(|line| self.hide(line)).collect(),
            help: cause.help.map(|help| self.hide(&help)),
        }
    }

    /// The last lines of what a container has printed, ready to be shown.
    pub(super) fn last_lines(&self, text: &str, most: usize) -> Vec<String> {
        // Before lines are cut: a secret may have several.
        let hidden = self.hide(text);
        let lines: Vec<&str> = hidden.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(most)..].iter().map(|line| shortened(line)).collect()
    }
}

fn shortened(line: &str) -> String {
    let line = line.replace('\t', " ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A value as it stands in a URL (RFC 3986, section 2.1).
fn encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(values: &[&str]) -> Secrets {
        let environment = values.iter().map(|value| ("TOKEN".to_owned(), (*value).to_owned())).collect();
        let container = Container { environment, ..Container::default() };
        Secrets::of(&super::super::tests::plan(), &|_| None, &[container])
    }

    #[test]
    fn no_value_of_a_secret_is_shown_however_it_is_written() {
        let secrets = secrets(&["hunter2/and more", "first line\nsecond line"]);
        for text in ["token hunter2/and more!", "https://a/?t=hunter2%2Fand%20more", "only the second line here"] {
            let shown = secrets.hide(text);
            assert!(shown.contains(MASK), "{shown}");
            assert!(!shown.contains("hunter2") && !shown.contains("second line"), "{shown}");
        }
        assert_eq!(secrets.hide("postgres://app:pa55word@db/x"), format!("postgres://app:{MASK}@db/x"));
        assert_eq!(secrets.hide("\u{1b}[31mred\u{1b}[0m \u{7}"), "red \\u{7}");
    }

    #[test]
    fn nothing_of_a_cause_shows_a_secret_and_hiding_it_twice_changes_nothing() {
        let secrets = secrets(&["hunter2-hunter2"]);
        let text = "Header(`X-Token`, `hunter2-hunter2`)";
        let cause = Cause::new("wrong-service", text).log([text.to_owned()]).help(text);
        let hidden = secrets.hide_in(cause);
        assert!(!format!("{hidden:?}").contains("hunter2"), "{hidden:?}");
        assert_eq!(hidden.message, format!("Header(`X-Token`, `{MASK}`)"));
        assert_eq!(secrets.hide_in(hidden.clone()), hidden);
    }

    #[test]
    fn lines_are_the_last_ones_and_not_too_long() {
        let secrets = secrets(&["hunter2-hunter2"]);
        let text = format!("one\n\ntwo hunter2-hunter2  \n{}", "x".repeat(LONGEST + 100));
        let lines = secrets.last_lines(&text, 2);
        assert_eq!(lines[0], format!("two {MASK}"));
        assert_eq!(lines[1].chars().count(), LONGEST + 1);
    }
}

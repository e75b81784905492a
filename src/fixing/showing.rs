//! What fixes change, to be looked at: a diff of services.toml without the secrets in it, in which each change can be
//! seen.

use std::fmt::Write as _;
use std::ops::Range;

use crate::diagnostics::Report;
use crate::diagnostics::redaction::{MASK, Redaction};
use crate::project::{Analysis, Project};
use crate::secrets;

/// A unified diff from the text of one project to that of another, with a mask for each secret.
pub(super) fn veiled(diff: &str, before: (&Project, &Analysis), after: (&Project, &Analysis)) -> String {
    let secrets = |text: &str, report: &Report| -> Vec<Range<usize>> {
        report.redacted.iter().cloned().chain(secrets::toml::spans(text)).collect()
    };
    let of = |(project, analysis): (&Project, &Analysis)| {
        let text = project.source().text().to_owned();
        let secrets = secrets(&text, &analysis.report);
        (text, secrets)
    };
    let ((old, old_secrets), (new, new_secrets)) = (of(before), of(after));
    let redaction = Redaction::new(&old, &old_secrets);
    let old = lines(&old, redaction.spans());
    let new = lines(&new, redaction.of_other(&new, &new_secrets).spans());
    Veil { old: &old, new: &new }.over(diff)
}

/// A line, and where secrets stand in it.
struct Line<'t> {
    text: &'t str,
    secrets: Vec<Range<usize>>,
}

/// The lines of a text, of whose secrets none goes across the end of one.
fn lines<'t>(text: &'t str, secrets: &[Range<usize>]) -> Vec<Line<'t>> {
    let mut at = 0;
    let mut rest = secrets;
    let lines = text.split_inclusive('\n').map(|line| {
        let start = at;
        at += line.len();
        let count = rest.partition_point(|span| span.start < at);
        let (own, others) = rest.split_at(count);
        rest = others;
        let own = own.iter().map(|span| span.start - start..span.end.min(at) - start);
        Line { text: line.trim_end_matches(['\n', '\r']), secrets: own.collect() }
    });
    lines.collect()
}

/// The lines of both sides.
struct Veil<'t> {
    old: &'t [Line<'t>],
    new: &'t [Line<'t>],
}

impl Veil<'_> {
    fn over(&self, diff: &str) -> String {
        let mut out = String::with_capacity(diff.len());
        let (mut old, mut new) = (0, 0);
        // The lines of a change, which are shown once it ends.
        let (mut gone, mut come): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for line in diff.lines() {
            let sign = if line.starts_with("--- ") && out.is_empty() || line.starts_with("+++ ") && old + new == 0 {
                None
            } else {
                line.chars().next()
            };
            match sign {
                Some('-') => {
                    gone.push(old);
                    old += 1;
                    continue;
                }
                Some('+') => {
                    come.push(new);
                    new += 1;
                    continue;
                }
                _ => self.change(&mut out, &mut gone, &mut come),
            }
            match sign {
                Some(' ') => {
                    let shown = self.old.get(old).map_or_else(String::new, |line| line.shown(&(0..0)));
                    let _ = writeln!(out, " {shown}");
                    (old, new) = (old + 1, new + 1);
                }
                Some('@') => {
                    (old, new) = starts(line);
                    let _ = writeln!(out, "{line}");
                }
                _ => {
                    let _ = writeln!(out, "{line}");
                }
            }
        }
        self.change(&mut out, &mut gone, &mut come);
        out
    }

    /// Lines that gave way to others.
    fn change(&self, out: &mut String, gone: &mut Vec<usize>, come: &mut Vec<usize>) {
        let old: Vec<&Line<'_>> = gone.drain(..).filter_map(|at| self.old.get(at)).collect();
        let new: Vec<&Line<'_>> = come.drain(..).filter_map(|at| self.new.get(at)).collect();
        let nothing = 0..0;
        let mut shown: (Vec<String>, Vec<String>) = (
            old.iter().map(|line| line.shown(&nothing)).collect(),
            new.iter().map(|line| line.shown(&nothing)).collect(),
        );
        for (at, (before, after)) in old.iter().zip(&new).enumerate() {
            // What the change is stands inside of a secret: where it is none of its own, it is shown.
            if shown.0[at] == shown.1[at] {
                let (cut, put) = difference(before.text, after.text);
                let is_plain = |text: &str| !text.contains(char::is_alphanumeric);
                if is_plain(&before.text[cut.clone()]) && is_plain(&after.text[put.clone()]) {
                    shown.0[at] = before.shown(&cut);
                    shown.1[at] = after.shown(&put);
                }
            }
        }
        out.extend(shown.0.iter().map(|line| format!("-{line}\n")));
        out.extend(shown.1.iter().map(|line| format!("+{line}\n")));
    }
}

impl Line<'_> {
    /// The line with a mask for each secret, but for these bytes.
    fn shown(&self, open: &Range<usize>) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut copied = 0;
        let outside = |span: &Range<usize>| {
            if open.is_empty() || open.end <= span.start || span.end <= open.start {
                return vec![span.clone()];
            }
            let pieces = [span.start..open.start.max(span.start), open.end.min(span.end)..span.end];
            pieces.into_iter().filter(|piece| !piece.is_empty()).collect()
        };
        for span in self.secrets.iter().flat_map(outside) {
            let (start, end) = (span.start.min(self.text.len()), span.end.min(self.text.len()));
            out.push_str(&self.text[copied..start]);
            out.push_str(MASK);
            copied = end;
        }
        out.push_str(&self.text[copied..]);
        out
    }
}

/// What of a line is not in the other one, and the other way round: where both begin and end alike, what is between.
fn difference(old: &str, new: &str) -> (Range<usize>, Range<usize>) {
    let same = |(a, b): &(char, char)| a == b;
    let start: usize = old.chars().zip(new.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let end: usize =
        old[start..].chars().rev().zip(new[start..].chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    (start..old.len() - end, start..new.len() - end)
}

/// The first lines of a hunk, from 0, on both sides.
fn starts(header: &str) -> (usize, usize) {
    let mut numbers = header.split(' ').skip(1).map(|range| {
        let range = range.trim_start_matches(['-', '+']);
        let (start, length) = range.split_once(',').unwrap_or((range, "1"));
        let start: usize = start.parse().unwrap_or_default();
        // What is empty is counted from the line before it.
        if length == "0" { start } else { start.saturating_sub(1) }
    });
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use similar::TextDiff;

    use super::*;
    use crate::source::Source;

    fn shown(old: &str, new: &str) -> String {
        let of = |text: &str| {
            let project = Project::from_source(Source::new("services.toml", ".", text.to_owned()));
            let analysis = project.analyse().unwrap();
            (project, analysis)
        };
        let (old, new) = (of(old), of(new));
        let diff = TextDiff::from_lines(old.0.source().text(), new.0.source().text())
            .unified_diff()
            .header("a/services.toml", "b/services.toml")
            .to_string();
        veiled(&diff, (&old.0, &old.1), (&new.0, &new.1))
    }

    #[test]
    fn secrets_are_masked_and_what_is_none_stays() {
        let old = "[stack]\nname = \"shop\"\n\n[services.web]\nimage = \"nginx:1.28\"\n\
                   env.DB_PASSWORD = \"changeme\"\nenv.TOKEN_URL = \"http://u:hunter2x@one/\"\n";
        let new = old.replace("\"changeme\"", "{ secret = true }").replace("one", "two");
        let expected = "-env.DB_PASSWORD = \"********\"\n-env.TOKEN_URL = \"http://u:********@one/\"\n\
                        +env.DB_PASSWORD = { secret = true }\n+env.TOKEN_URL = \"http://u:********@two/\"\n";
        let shown = shown(old, &new);
        assert!(shown.ends_with(expected), "{shown}");
    }

    #[test]
    fn a_change_within_a_secret_can_be_seen() {
        let old =
            "[stack]\nname = \"shop\"\n\n[services.web]\nimage = \"nginx:1.28\"\nlabels.API_TOKEN = \"hunt$er2x\"\n";
        let shown = shown(old, &old.replace('$', "$$"));
        let expected = "-labels.API_TOKEN = \"********\"\n+labels.API_TOKEN = \"********$********\"\n";
        assert!(shown.ends_with(expected), "{shown}");
        assert!(!shown.contains("hunt"), "{shown}");
    }

    #[test]
    fn a_secret_that_is_only_spelled_otherwise_stays_hidden() {
        let old =
            "[stack]\nname = \"shop\"\n\n[services.web]\nimage = \"nginx:1.28\"\nenv.API_TOKEN = \"hunt\\x65r2x\"\n";
        let shown = shown(old, &old.replace("\\x65", "\\u0065"));
        assert!(!shown.contains("hunt") && shown.contains("+env.API_TOKEN = \"********\""), "{shown}");
    }
}

//! For GitHub Actions: a workflow command for each finding and each drifted file, which the runner makes an annotation
//! of the line (docs.github.com, "Workflow commands for GitHub Actions").
//!
//! ```text
//! ::error file=services.toml,line=9,endLine=9,col=11,endColumn=15,title=stackgen (unknown-key)::services.toml:9:11: …
//! ```
//!
//! * A command is one line. The log shows its message alone, so the place is repeated there; what else is to say (other
//!   places, environments, help, a diff) follows in lines of its own, which `%0A` separates.
//! * `file` is relative to where stackgen was run, which has to be the root of the repository: GitHub looks there.
//! * A file that is meant as a whole has no `line`. Drift stands at the first line that differs.
//! * Columns count characters from 1; `endColumn` is the one after the last character. GitHub takes columns only where
//!   the annotation is of one line.
//! * A hint is a `notice`. Where there is nothing to say, nothing is printed.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Location, Outcome, Terminal};
use crate::diagnostics::drift::way_out;
use crate::diagnostics::words::{self, count, visible};
use crate::diagnostics::{Drift, Resolved, Severity, Spot};

/// How many characters of one line of a diff are shown.
const DIFF_COLUMNS: usize = 200;

/// Prints a line for each finding, then one for each drifted file.
pub(super) fn emit(outcome: &Outcome<'_>, _: Terminal, out: &mut dyn Write) -> io::Result<()> {
    for finding in outcome.findings() {
        writeln!(out, "{}", of_finding(outcome, finding))?;
    }
    for drift in outcome.drift() {
        writeln!(out, "{}", of_drift(outcome, drift))?;
    }
    Ok(())
}

fn of_finding(outcome: &Outcome<'_>, finding: &Resolved) -> String {
    let file = outcome.address(&finding.primary);
    let mut properties = vec![("file", file.into_owned())];
    if let Some(location) = outcome.location(&finding.primary) {
        properties.extend(lines(&location).map(|(key, number)| (key, number.to_string())));
    }
    properties.push(("title", format!("stackgen ({})", finding.rule)));

    let mut message = format!("{}: {}", place(outcome, &finding.primary), finding.statement());
    for spot in finding.secondary.iter().filter(|spot| !spot.text.is_empty()) {
        let _ = write!(message, "\n{}: {}", place(outcome, spot), spot.text);
    }
    let environments = outcome.only_in(finding);
    if !environments.is_empty() {
        let _ = write!(message, "\nnote: in {}", words::and(environments));
    }
    if let Some(help) = &finding.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    if let Some(fix) = &finding.fix {
        let _ = write!(message, "\nfix: {} (`stackgen check --fix`)", fix.title);
    }
    command(name(finding.severity), &properties, &message)
}

fn of_drift(outcome: &Outcome<'_>, drift: &Drift) -> String {
    let file = outcome.address_of(&drift.path).into_owned();
    let mut message = file.clone();
    let mut properties = vec![("file", file)];
    if let Some(line) = drift.first_line() {
        properties.push(("line", line.to_string()));
        let _ = write!(message, ":{line}");
    }
    properties.push(("title", "stackgen (drift)".to_owned()));
    let _ = write!(message, ": {}", drift.message);
    if let Some(help) = way_out(std::slice::from_ref(drift)) {
        let _ = write!(message, "\nhelp: {help}");
    }
    let (lines, more) = drift.excerpt();
    for line in lines {
        let shown: String = line.chars().take(DIFF_COLUMNS).collect();
        let _ = write!(message, "\n{shown}{}", if shown.len() < line.len() { "…" } else { "" });
    }
    if more > 0 {
        let _ = write!(message, "\n… {}; see `stackgen render --diff`", count(more, "more line"));
    }
    command("error", &properties, &message)
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "notice",
    }
}

/// `services.toml:9:11`, or the file alone where it is meant as a whole.
fn place(outcome: &Outcome<'_>, spot: &Spot) -> String {
    let file = outcome.address(spot);
    match outcome.location(spot) {
        Some(Location { start, .. }) => format!("{file}:{}:{}", start.line, start.column),
        None => file.into_owned(),
    }
}

/// The lines of a place, and its columns where it is in one line.
fn lines(Location { start, end, .. }: &Location) -> impl Iterator<Item = (&'static str, usize)> {
    // What ends with the end of a line has nothing of the next one.
    let last = if end.column == 1 && end.line > start.line { end.line - 1 } else { end.line };
    let columns = (start.line == end.line).then_some([("col", start.column), ("endColumn", end.column)]);
    [("line", start.line), ("endLine", last)].into_iter().chain(columns.into_iter().flatten())
}

/// A workflow command as the runner reads it.
fn command(name: &str, properties: &[(&str, String)], message: &str) -> String {
    let escaped = |value: &str| visible(value).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property =
        |(key, value): &(&str, String)| format!("{key}={}", escaped(value).replace(':', "%3A").replace(',', "%2C"));
    let properties: Vec<String> = properties.iter().map(property).collect();
    format!("::{name} {}::{}", properties.join(","), escaped(message))
}

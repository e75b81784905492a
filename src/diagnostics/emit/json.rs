//! For programs: one JSON document. This page is the contract.
//!
//! ```json
//! {
//!   "version": 1,
//!   "findings": [
//!     {
//!       "rule": "host-port-conflict",
//!       "severity": "error",
//!       "message": "port 8080 of the host is published twice",
//!       "environments": ["dev"],
//!       "file": "services.toml",
//!       "location": {
//!         "start": { "line": 4, "column": 11, "offset": 42 },
//!         "end": { "line": 4, "column": 15, "offset": 46 }
//!       },
//!       "label": "published here",
//!       "related": [{ "file": "services.toml", "location": {}, "label": "and here" }],
//!       "help": "give one of them another `publish`",
//!       "url": "https://…/docs/rules/host-port-conflict.md",
//!       "fix": { "title": "publish nothing here", "edits": [{ "start": {}, "end": {}, "text": "" }] }
//!     }
//!   ],
//!   "drift": [
//!     { "path": "docker-compose.yml", "state": "changed", "message": "is out of date", "diff": "--- …" }
//!   ],
//!   "summary": { "errors": 1, "warnings": 0, "hints": 0, "drift": 1 }
//! }
//! ```
//!
//! * `version` grows when a key goes away or changes its meaning. New keys and new words in `rule` may come at any
//!   time; readers ignore what they do not know.
//! * Every key is always there, in this order. What does not apply is `null` (`location`, `help`, `url`, `fix`, `diff`),
//!   empty (`environments`, `related`, `edits`) or the empty string (`label`).
//! * `findings` stand with the most severe first, then by place; `severity` is `error`, `warning` or `hint`.
//! * `environments` are those that have the finding, in the order of the manifest; none where it belongs to the file
//!   as a whole.
//! * `file` and `path` have forward slashes and begin with the way to the project, as it was given with `-C` and `-f`.
//!   `location` is `null` where a file is meant as a whole; else it is a place in that file.
//! * `url` is the page of the rule. `fix` is what `stackgen check --fix` would do: each of its `edits` puts `text` in the
//!   place of the bytes of services.toml from `start` to `end`. There are none where they would repeat a secret.
//! * Lines and columns count from 1, columns in characters (Unicode scalar values); offsets count bytes from 0. `end`
//!   is the place after the last character; an empty place has `start` = `end`.
//! * `state` is `missing`, `changed`, `edited`, `foreign`, `stale` or `blocked`; `diff` is a unified diff from the file
//!   on disk to what would be written.
//! * `drift` lists for `check` the files that are not as they should be, for `render --dry-run` and `--diff` those that
//!   would change (the latter with the diff of new files too), and for `render` those because of which it wrote nothing.
//! * No text of services.toml or of another file is repeated, and secrets in a `diff` are masked with asterisks.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::{Location, Outcome, Summary, Terminal};
use crate::diagnostics::{Drift, Resolved, ResolvedFix, Spot, page};
use crate::source::{Position, Replacement};

/// The version of the format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    findings: Vec<JsonFinding<'a>>,
    drift: Vec<JsonDrift<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    severity: &'a str,
    message: &'a str,
    environments: &'a [String],
    #[serde(flatten)]
    primary: JsonSpot<'a>,
    related: Vec<JsonSpot<'a>>,
    help: Option<&'a str>,
    url: Option<String>,
    fix: Option<JsonFix<'a>>,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    #[serde(flatten)]
    place: JsonLocation,
    text: &'a str,
}

#[derive(Serialize)]
struct JsonSpot<'a> {
    file: Cow<'a, str>,
    location: Option<JsonLocation>,
    label: &'a str,
}

#[derive(Serialize)]
struct JsonLocation {
    start: JsonPosition,
    end: JsonPosition,
}

#[derive(Serialize)]
struct JsonPosition {
    line: usize,
    column: usize,
    offset: usize,
}

#[derive(Serialize)]
struct JsonDrift<'a> {
    path: Cow<'a, str>,
    state: &'a str,
    message: &'a str,
    diff: Option<&'a str>,
}

/// Prints the document, indented, and a final newline.
pub(super) fn emit(outcome: &Outcome<'_>, _: Terminal, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        version: VERSION,
        findings: outcome.findings().iter().map(|finding| finding_of(outcome, finding)).collect(),
        drift: outcome.drift().iter().map(|drift| drift_of(outcome, drift)).collect(),
        summary: outcome.summary(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn finding_of<'a>(outcome: &'a Outcome<'_>, finding: &'a Resolved) -> JsonFinding<'a> {
    JsonFinding {
        rule: finding.rule,
        severity: finding.severity.word(),
        message: &finding.message,
        environments: &finding.environments,
        primary: spot_of(outcome, &finding.primary),
        related: finding.secondary.iter().map(|spot| spot_of(outcome, spot)).collect(),
        help: finding.help.as_deref(),
        url: page::address(finding.rule),
        fix: finding.fix.as_ref().map(|fix| fix_of(outcome, fix)),
    }
}

fn fix_of<'a>(outcome: &Outcome<'_>, fix: &'a ResolvedFix) -> JsonFix<'a> {
    let edit = |edit: &'a Replacement| JsonEdit { place: location_of(outcome.place_of(&edit.span)), text: &edit.text };
    JsonFix { title: &fix.title, edits: fix.replacements.iter().map(edit).collect() }
}

fn spot_of<'a>(outcome: &'a Outcome<'_>, spot: &'a Spot) -> JsonSpot<'a> {
    JsonSpot { file: outcome.file(spot), location: outcome.location(spot).map(location_of), label: &spot.text }
}

fn location_of(Location { span, start, end }: Location) -> JsonLocation {
    let position = |Position { line, column }, offset| JsonPosition { line, column, offset };
    JsonLocation { start: position(start, span.start), end: position(end, span.end) }
}

fn drift_of<'a>(outcome: &Outcome<'_>, drift: &'a Drift) -> JsonDrift<'a> {
    JsonDrift {
        path: outcome.path(&drift.path),
        state: drift.state,
        message: &drift.message,
        diff: drift.diff.as_deref(),
    }
}

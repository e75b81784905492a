//! For code scanning: one SARIF 2.1.0 document, as GitHub and editors read it.
//!
//! * The rules are those that found something; their text is the rule's own page (`stackgen explain`). Drift is a result
//!   of the rule `drift`, about the generated file.
//! * Files are relative to where stackgen was run, `%SRCROOT%`: the root of the repository, if GitHub is to find them.
//!   There is never an absolute path, and never a text of services.toml or of another file.
//! * Columns count characters (Unicode code points). A file that is meant as a whole has no region; a file that drifted
//!   has the first line that differs.
//! * Labels at other places are related locations, and the message links to them: GitHub shows no others.
//! * Braces of a message are not doubled: there are no arguments that placeholders could stand for, and readers show
//!   two where two are written.
//! * The fingerprint is made of the rule, the file, the keys that lead to the place, and the message: neither of lines
//!   nor of what may be secret. `primaryLocationLineHash` is left to GitHub's upload action, which warns about any but
//!   its own.
//! * A fix that `check --fix` would make is given as one: replacements of bytes of services.toml.
//! * What `allow` silences is no result: GitHub opens an alert for it, suppressed or not.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{self, Write};

use sha2::{Digest, Sha256};

use self::log::{
    ArtifactChange, ArtifactLocation, BaseId, Configuration, Descriptor, Driver, Fix, Help, Invocation, Log, Message,
    PhysicalLocation, Place, Properties, Region, Replacement, Run, SarifResult, Tool,
};
use super::{Location, Outcome, Terminal};
use crate::diagnostics::drift::way_out;
use crate::diagnostics::words::{self, visible};
use crate::diagnostics::{Drift, Resolved, ResolvedFix, Severity, Spot, page};
use crate::rules;

mod log;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The base of every URI: GitHub's name for the root of the repository.
const ROOT: &str = "%SRCROOT%";
/// The name of our fingerprint. Its number grows when it is made of something else.
const FINGERPRINT: &str = "stackgen/v1";
/// The rule of files that drifted.
const DRIFT: &str = "drift";

const DRIFT_SUMMARY: &str = "a generated file that is not what services.toml says";
const DRIFT_DOCS: &str = "\
A generated file that is missing, out of date, edited by hand, in the way, or no longer generated.

**Why it breaks.** What runs is what the generated files say. Where they differ from services.toml, a change that was
reviewed there is not there, or one that nobody reviewed is.

**Fix.** Run `stackgen render` and commit what it writes. What was edited by hand belongs in services.toml: move it
there first, then run `stackgen render --force`. `stackgen render --diff` shows what would change.
";

/// Prints the document, indented, and a final newline.
pub(super) fn emit(outcome: &Outcome<'_>, _: Terminal, out: &mut dyn Write) -> io::Result<()> {
    let mut fingerprints = Fingerprints::default();
    let findings = outcome.findings().iter().map(|finding| of_finding(outcome, finding, &mut fingerprints));
    let mut results: Vec<SarifResult> = findings.collect();
    results.extend(outcome.drift().iter().map(|drift| of_drift(outcome, drift, &mut fingerprints)));
    let repository = env!("CARGO_PKG_REPOSITORY");
    let mut rules: Vec<Descriptor> = Vec::new();
    for result in &mut results {
        let known = rules.iter().position(|rule| rule.id == result.rule_id);
        result.rule_index = known.unwrap_or_else(|| {
            rules.push(rule(result.rule_id));
            rules.len() - 1
        });
    }
    let driver = Driver {
        name: "stackgen",
        version: env!("CARGO_PKG_VERSION"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: (!repository.is_empty()).then_some(repository),
        rules,
    };
    let root = BaseId { description: text("The directory in which stackgen was run") };
    let run = Run {
        tool: Tool { driver },
        invocations: [Invocation { execution_successful: true }],
        original_uri_base_ids: BTreeMap::from([(ROOT, root)]),
        column_kind: "unicodeCodePoints",
        results,
    };
    serde_json::to_writer_pretty(&mut *out, &Log { schema: SCHEMA, version: "2.1.0", runs: [run] })?;
    out.write_all(b"\n")
}

/// What is to know of a rule, with a link to its page where the repository is known.
fn rule(id: &'static str) -> Descriptor {
    let (severity, summary, docs) = match rules::find(id) {
        Some(rule) => (rule.severity, rule.summary, rule.docs),
        None if id == DRIFT => (Severity::Error, DRIFT_SUMMARY, DRIFT_DOCS),
        None => (Severity::Error, id, id),
    };
    let description = docs.split("**Why it breaks.**").next().unwrap_or(docs).trim_end();
    Descriptor {
        id,
        short_description: text(words::capitalised(summary)),
        full_description: text(description),
        default_configuration: Configuration { level: level(severity) },
        help_uri: if id == DRIFT { None } else { page::address(id) },
        help: Help { text: docs.to_owned(), markdown: docs.to_owned() },
    }
}

fn of_finding(outcome: &Outcome<'_>, finding: &Resolved, fingerprints: &mut Fingerprints) -> SarifResult {
    let mut message = plain(&finding.statement());
    end_sentence(&mut message);
    let environments = outcome.only_in(finding);
    if !environments.is_empty() {
        let _ = write!(message, "\nIn {}.", plain(&words::and(environments)));
    }
    for (spot, id) in finding.secondary.iter().zip(1..) {
        let mut place = outcome.address(spot).into_owned();
        if let Some(Location { start, .. }) = outcome.location(spot) {
            let _ = write!(place, ":{}:{}", start.line, start.column);
        }
        let place = place.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
        let _ = write!(message, "\nSee [{place}]({id})");
        if !spot.text.is_empty() {
            let _ = write!(message, ": {}", plain(&spot.text));
        }
        end_sentence(&mut message);
    }
    if let Some(help) = &finding.help {
        let _ = write!(message, "\nHelp: {}", plain(help));
        end_sentence(&mut message);
    }
    let related = finding.secondary.iter().zip(1..).map(|(spot, id)| place(outcome, spot, Some(id)));
    let primary = place(outcome, &finding.primary, None);
    let entry = finding.primary.entry.as_deref().unwrap_or_default();
    let identity = [finding.rule, &primary.physical_location.artifact_location.uri, entry, &finding.message];
    let fingerprint = fingerprints.of(&identity);
    SarifResult {
        rule_id: finding.rule,
        rule_index: 0,
        level: level(finding.severity),
        message: text(message),
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, fingerprint)]),
        fixes: finding.fix.iter().filter_map(|fix| fix_of(outcome, fix)).collect(),
        properties: Properties { environments: finding.environments.clone(), state: None },
        locations: [primary],
    }
}

/// The changes of a fix; none where one of them repeats a secret.
fn fix_of(outcome: &Outcome<'_>, fix: &ResolvedFix) -> Option<Fix> {
    if fix.replacements.is_empty() {
        return None;
    }
    let replacement = |edit: &crate::source::Replacement| {
        let Location { start, end, .. } = outcome.place_of(&edit.span);
        let deleted_region = Region {
            start_line: start.line,
            start_column: Some(start.column),
            end_line: Some(end.line),
            end_column: Some(end.column),
        };
        Replacement { deleted_region, inserted_content: text(edit.text.clone()) }
    };
    let uri = uri(&outcome.address_of(outcome.source.file_name()));
    let change = ArtifactChange {
        artifact_location: ArtifactLocation { uri, uri_base_id: ROOT },
        replacements: fix.replacements.iter().map(replacement).collect(),
    };
    Some(Fix { description: text(plain(&words::capitalised(&fix.title))), artifact_changes: [change] })
}

fn of_drift(outcome: &Outcome<'_>, drift: &Drift, fingerprints: &mut Fingerprints) -> SarifResult {
    let path = outcome.address_of(&drift.path);
    let mut message = plain(&format!("{path} {}", drift.message));
    end_sentence(&mut message);
    if let Some(help) = way_out(std::slice::from_ref(drift)) {
        let _ = write!(message, "\nHelp: {help}.");
    }
    let line = drift.first_line().map(|line| Region {
        start_line: line,
        start_column: None,
        end_line: None,
        end_column: None,
    });
    let place = at(&path, line, None, None);
    let fingerprint = fingerprints.of(&[DRIFT, &place.physical_location.artifact_location.uri]);
    SarifResult {
        rule_id: DRIFT,
        rule_index: 0,
        level: level(Severity::Error),
        message: text(message),
        locations: [place],
        related_locations: Vec::new(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, fingerprint)]),
        fixes: Vec::new(),
        properties: Properties { environments: Vec::new(), state: Some(drift.state) },
    }
}

fn place(outcome: &Outcome<'_>, spot: &Spot, id: Option<usize>) -> Place {
    let region = outcome.location(spot).map(|Location { start, end, .. }| Region {
        start_line: start.line,
        start_column: Some(start.column),
        end_line: Some(end.line),
        end_column: Some(end.column),
    });
    let message = (!spot.text.is_empty()).then(|| text(plain(&spot.text)));
    at(&outcome.address(spot), region, id, message)
}

fn at(path: &str, region: Option<Region>, id: Option<usize>, message: Option<Message>) -> Place {
    let artifact_location = ArtifactLocation { uri: uri(path), uri_base_id: ROOT };
    Place { id, physical_location: PhysicalLocation { artifact_location, region }, message }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "note",
    }
}

fn text(text: impl Into<String>) -> Message {
    Message { text: text.into() }
}

/// The text where nothing is a link (`[…](…)` would be one: SARIF 2.1.0, 3.11.6), and nothing that a terminal obeys.
fn plain(text: &str) -> String {
    let text = visible(text);
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.into_owned() }
}

/// Sets a full stop: readers that have little room show the first sentence.
fn end_sentence(text: &mut String) {
    if !text.ends_with(['.', '!', '?', '…', ':']) {
        text.push('.');
    }
}

/// A path as a relative reference (RFC 3986): all is encoded that is neither unreserved nor a slash.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// Fingerprints that differ: those of one identity are numbered.
#[derive(Default)]
struct Fingerprints(HashMap<String, usize>);

impl Fingerprints {
    fn of(&mut self, identity: &[&str]) -> String {
        let hash = Sha256::digest(identity.join("\0"));
        let hash = hash.iter().take(8).fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
        let number = self.0.entry(hash.clone()).or_default();
        *number += 1;
        format!("{hash}:{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("a/b-c_d.e~f/services.toml"), "a/b-c_d.e~f/services.toml");
        assert_eq!(uri("ein ordner/größe%20[1]?#.toml"), "ein%20ordner/gr%C3%B6%C3%9Fe%2520%5B1%5D%3F%23.toml");
        assert_eq!(uri("a:b.toml"), "a%3Ab.toml", "a colon would begin with a scheme");
    }

    #[test]
    fn the_page_of_a_rule_is_linked() {
        assert_eq!(rule("unknown-key").help_uri, page::address("unknown-key"));
        assert_eq!(rule(DRIFT).help_uri, None, "it has no page");
    }

    #[test]
    fn every_rule_describes_itself() {
        for known in rules::ALL {
            let rule = rule(known.id);
            assert_eq!(rule.help.markdown, known.docs);
            let full = rule.full_description.text;
            assert!(full.len() > rule.short_description.text.len() && !full.contains("**Why"), "{}: {full}", known.id);
            assert!(rule.short_description.text.starts_with(|c: char| !c.is_lowercase()), "{}", known.id);
        }
    }

    #[test]
    fn fingerprints_of_the_same_are_numbered() {
        let mut fingerprints = Fingerprints::default();
        let first = fingerprints.of(&["rule", "services.toml", "stack", "twice"]);
        let second = fingerprints.of(&["rule", "services.toml", "stack", "twice"]);
        let other = fingerprints.of(&["rule", "services.toml", "stack.name", "twice"]);
        assert_eq!(first.split_once(':').unwrap().0, second.split_once(':').unwrap().0);
        assert!(first.ends_with(":1") && second.ends_with(":2") && other.ends_with(":1"), "{first} {second} {other}");
        assert_ne!(first, other);
    }

    #[test]
    fn brackets_are_no_link() {
        assert_eq!(plain("routes[0]"), "routes[0]");
        assert_eq!(plain("[click](https://example.com)"), "\\[click\\](https://example.com)");
    }
}

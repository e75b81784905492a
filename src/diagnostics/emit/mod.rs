//! The formats in which a report is printed: one file each.
//!
//! A format is a file of this folder with a function `emit`, and a line in the list below, `formats!`. It reads an
//! [`Outcome`], whose words and diffs have no secrets left; only the human format shows the source text itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use anstyle::Style;

use super::redaction::{Redaction, clamp};
use super::{Drift, Report, Resolved, ResolvedFix, Severity, Spot};
use crate::secrets;
use crate::source::{Position, Source};

mod github;
mod human;
mod json;
mod sarif;

/// Makes [`Format`] of a list: what users read about each format, its variant, and its file.
macro_rules! formats {
    ($($(#[doc = $help:literal])+ $variant:ident => $module:ident,)+) => {
        /// How a report is printed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
        pub enum Format {
            $($(#[doc = $help])+ $variant,)+
        }

        impl Format {
            /// Every format.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word that chooses it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($module)),+ }
            }

            /// Prints all there is to say about `outcome`.
            ///
            /// # Errors
            /// What `out` cannot take.
            pub fn emit(self, outcome: &Outcome<'_>, terminal: Terminal, out: &mut dyn Write) -> io::Result<()> {
                match self { $(Self::$variant => $module::emit(outcome, terminal, out)),+ }
            }
        }
    };
}

formats! {
    /// For people: each finding with its lines of services.toml
    Human => human,
    /// For programs: one JSON document, versioned
    Json => json,
    /// For code scanning: SARIF 2.1.0
    Sarif => sarif,
    /// For GitHub Actions: annotations at the lines
    Github => github,
}

/// What a format has to know of the place that it prints to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Whether ANSI colors may be used.
    pub color: bool,
    /// How many columns a line should have at most.
    pub width: usize,
    /// Whether each finding is shown in full, however many there are of its rule.
    pub verbose: bool,
}

impl Terminal {
    /// A text in a style, where colors may be used.
    pub(crate) fn painted(self, style: Style, text: &str) -> String {
        if self.color && !style.is_plain() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Prints a table below its heads; the second column of each row has a style. Nothing where there are no rows.
    pub(crate) fn table(self, heads: &[&str], rows: &[(Style, Vec<String>)], out: &mut dyn Write) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let width = |column: usize| {
            let cells = rows.iter().map(|(_, row)| row[column].chars().count());
            cells.chain([heads[column].chars().count()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let pad = |cell: &str, column: usize| format!("{cell:<width$}", width = widths[column]);
        let head: Vec<String> = heads.iter().enumerate().map(|(column, head)| pad(head, column)).collect();
        writeln!(out, "  {}", head.join("  ").trim_end())?;
        for (style, row) in rows {
            let padded = row.iter().enumerate().map(|(column, cell)| match column {
                1 => self.painted(*style, &pad(cell, column)),
                _ => pad(cell, column),
            });
            writeln!(out, "  {}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self { color: false, width: 140, verbose: false }
    }
}

/// What a run found, without its secrets: what the formats read.
#[derive(Debug)]
pub struct Outcome<'a> {
    source: &'a Source,
    findings: Vec<Resolved>,
    drift: Vec<Drift>,
    redaction: Redaction,
    /// The other files that findings point into, each with what must not be shown of it.
    files: BTreeMap<String, (Arc<Source>, Redaction)>,
    environments: &'a [String],
    directory: Option<&'a str>,
}

/// Where a label stands in services.toml, or in another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The bytes: inside of the text, and on character boundaries.
    pub span: Range<usize>,
    /// The first character.
    pub start: Position,
    /// The character after the last one.
    pub end: Position,
}

/// How much there is of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are hints.
    pub hints: usize,
    /// Generated files that are not what they should be.
    pub drift: usize,
}

impl<'a> Outcome<'a> {
    /// What `report` says about `source`, and the drift of the generated files.
    pub fn new(source: &'a Source, report: &Report, drift: &[Drift]) -> Self {
        let redaction = Redaction::new(source.text(), &report.redacted);
        let findings = report.findings.iter().map(|finding| without_secrets(finding, &redaction)).collect();
        let drift = drift.iter().map(|drift| Drift {
            path: drift.path.clone(),
            state: drift.state,
            message: redaction.sentence(&drift.message).into_owned(),
            diff: drift.diff.as_deref().map(|diff| secrets::lines::veil(&redaction.content(diff), &report.secrets)),
        });
        let files = report.files.iter().map(|(path, file)| {
            let spans = report.redacted_in.get(path).map_or(&[][..], Vec::as_slice);
            (path.clone(), (Arc::clone(file), redaction.of_other(file.text(), spans)))
        });
        let files = files.collect();
        Self { source, findings, drift: drift.collect(), redaction, files, environments: &[], directory: None }
    }

    /// Adds what is not as it should be, and shows no secret.
    #[must_use]
    pub fn with_veiled(mut self, drift: Drift) -> Self {
        self.drift.push(drift);
        self
    }

    /// Names all environments of the stack, so that formats for people mention only what does not hold in all.
    #[must_use]
    pub fn of_environments(mut self, environments: &'a [String]) -> Self {
        self.environments = environments;
        self
    }

    /// Adds what was found in another project, to which `way` leads from this one. Fixes stay behind: they are for the file
    /// that `stackgen check --fix` would change.
    #[must_use]
    pub fn and(mut self, other: Self, way: &str) -> Self {
        let main = joined(way, other.source.file_name());
        let text = Source::new(main.clone(), "", other.source.text().to_owned());
        self.files.insert(main.clone(), (Arc::new(text), other.redaction));
        self.files.extend(other.files.into_iter().map(|(path, file)| (joined(way, &path), file)));
        let moved = |spot: Spot| Spot {
            file: Some(spot.file.as_deref().map_or_else(|| main.clone(), |path| joined(way, path))),
            ..spot
        };
        let everywhere = other.environments.len();
        self.findings.extend(other.findings.into_iter().map(|finding| {
            let is_everywhere = everywhere > 0 && finding.environments.len() >= everywhere;
            Resolved {
                primary: moved(finding.primary),
                secondary: finding.secondary.into_iter().map(moved).collect(),
                environments: if is_everywhere { Vec::new() } else { finding.environments },
                fix: None,
                ..finding
            }
        }));
        self.findings.sort_by_key(|finding| finding.severity);
        self.drift.extend(other.drift.into_iter().map(|drift| Drift { path: joined(way, &drift.path), ..drift }));
        self
    }

    /// Says where the project is: the way there from where stackgen was run, with forward slashes; empty where it is
    /// right there. Formats need it whose readers know files by their place in the repository. Without it, they take
    /// the way that the user gave.
    #[must_use]
    pub fn in_directory(mut self, directory: Option<&'a str>) -> Self {
        self.directory = directory;
        self
    }

    /// Leaves out the findings that are less severe than `severity`.
    #[must_use]
    pub fn at_least(mut self, severity: Severity) -> Self {
        self.findings.retain(|finding| finding.severity <= severity);
        self
    }

    /// The findings, in the order of the report.
    pub fn findings(&self) -> &[Resolved] {
        &self.findings
    }

    /// The generated files that are not what they should be.
    pub fn drift(&self) -> &[Drift] {
        &self.drift
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.drift.is_empty()
    }

    /// How much there is of what.
    pub fn summary(&self) -> Summary {
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        Summary {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            hints: count(Severity::Hint),
            drift: self.drift.len(),
        }
    }

    /// The file that a label is about, as the user would spell it from where they are.
    pub fn file<'f>(&'f self, spot: &'f Spot) -> Cow<'f, str> {
        spot.file.as_deref().map_or(Cow::Borrowed(self.source.name()), |file| self.path(file))
    }

    /// A path that is relative to the project, as the user would spell it from where they are.
    pub fn path<'f>(&self, path: &'f str) -> Cow<'f, str> {
        match self.source.name().rsplit_once('/') {
            Some((directory, _)) => Cow::Owned(joined(directory, path)),
            None => Cow::Borrowed(path),
        }
    }

    /// The file that a label is about, from where stackgen was run, however the user spelled it.
    fn address<'f>(&'f self, spot: &'f Spot) -> Cow<'f, str> {
        let name = self.source.name();
        self.address_of(spot.file.as_deref().unwrap_or(name.rsplit_once('/').map_or(name, |(_, name)| name)))
    }

    /// A path that is relative to the project, from where stackgen was run, however the user spelled the way.
    fn address_of<'f>(&self, path: &'f str) -> Cow<'f, str> {
        match self.directory {
            Some("") => Cow::Borrowed(path),
            Some(directory) => Cow::Owned(joined(directory, path)),
            None => self.path(path),
        }
    }

    /// Where a label stands; none where it is about another file as a whole.
    pub fn location(&self, spot: &Spot) -> Option<Location> {
        let (source, _) = self.text_of(spot)?;
        let span = clamp(source.text(), &spot.span);
        let (start, end) = (source.position(span.start), source.position(span.end));
        Some(Location { span, start, end })
    }

    /// Where these bytes of services.toml stand.
    fn place_of(&self, span: &Range<usize>) -> Location {
        let span = clamp(self.source.text(), span);
        let (start, end) = (self.source.position(span.start), self.source.position(span.end));
        Location { span, start, end }
    }

    /// The text in which a label stands, and what must not be shown of it.
    fn text_of(&self, spot: &Spot) -> Option<(&Source, &Redaction)> {
        match &spot.file {
            None => Some((self.source, &self.redaction)),
            Some(_) if spot.span.is_empty() => None,
            Some(path) => self.files.get(path).map(|(source, redaction)| (&**source, redaction)),
        }
    }

    /// The environments to mention: those that have the finding, unless all have it.
    pub fn only_in<'f>(&self, finding: &'f Resolved) -> &'f [String] {
        let everywhere = !self.environments.is_empty() && finding.environments.len() >= self.environments.len();
        if everywhere { &[] } else { &finding.environments }
    }
}

/// A path below a directory; what leads up again is left out, as far as the directory has a name for it.
fn joined(directory: &str, path: &str) -> String {
    let (mut directory, mut path) = (directory, path);
    while let Some(rest) = path.strip_prefix("../") {
        let (above, last) = directory.rsplit_once('/').unwrap_or(("", directory));
        if ["", ".", ".."].contains(&last) {
            break;
        }
        (directory, path) = (above, rest);
    }
    if directory.is_empty() { path.to_owned() } else { format!("{directory}/{path}") }
}

/// A finding whose words name no secret. Rules promise that already; a value that one rule quotes may be secret for
/// another.
fn without_secrets(finding: &Resolved, redaction: &Redaction) -> Resolved {
    let sentence = |text: &str| redaction.sentence(text).into_owned();
    let spot = |spot: &Spot| Spot { text: sentence(&spot.text), ..spot.clone() };
    Resolved {
        message: sentence(&finding.message),
        primary: spot(&finding.primary),
        secondary: finding.secondary.iter().map(spot).collect(),
        help: finding.help.as_deref().map(sentence),
        fix: finding.fix.as_ref().map(|fix| {
            let is_open = fix.replacements.iter().all(|edit| redaction.content(&edit.text) == edit.text);
            let replacements = if is_open { fix.replacements.clone() } else { Vec::new() };
            ResolvedFix { title: sentence(&fix.title), replacements }
        }),
        ..finding.clone()
    }
}

#[cfg(test)]
mod tests;

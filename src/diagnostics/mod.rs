//! What stackgen has to say about a stack: findings, and how they are shown.
//!
//! A [`Finding`] points with symbolic [`Place`]s. [`Report::new`] turns them into bytes, merges what several
//! environments have in common, and sorts; the formats in [`emit`] only print.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use crate::source::{KeyPath, Part, Place, Source};

pub mod emit;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The stack cannot work; nothing is written.
    Error,
    /// A likely bug or a risk.
    Warning,
    /// Worth knowing.
    Hint,
}

impl Severity {
    /// The word that every format uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// A place and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// A few words in the reader's terms; may be empty.
    pub text: String,
}

/// One thing that is wrong, or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule that found it, for `stackgen explain`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence that says what is wrong. Never a value that may be secret.
    pub message: String,
    /// The offence.
    pub primary: Label,
    /// What it clashes with, and whatever else the reader has to see.
    pub secondary: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
    /// The environment it was found in; none where it belongs to the file as a whole.
    pub environment: Option<String>,
}

impl Finding {
    /// A finding of `rule` about `primary`.
    pub fn new(rule: &'static str, severity: Severity, message: impl Into<String>, primary: Label) -> Self {
        let environment = match &primary.place {
            Place::Entry { environment, .. } => environment.clone(),
            _ => None,
        };
        Self { rule, severity, message: message.into(), primary, secondary: Vec::new(), help: None, environment }
    }

    /// Adds a place that the offence clashes with.
    #[must_use]
    pub fn with(mut self, label: Label) -> Self {
        self.secondary.push(label);
        self
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Label {
    /// The value at `path`, as `environment` sees it.
    pub fn value(environment: Option<&str>, path: KeyPath, text: impl Into<String>) -> Self {
        Self::entry(environment, path, Part::Value, text)
    }

    /// The key at `path`, as `environment` sees it.
    pub fn key(environment: Option<&str>, path: KeyPath, text: impl Into<String>) -> Self {
        Self::entry(environment, path, Part::Key, text)
    }

    /// A part of the entry at `path`.
    pub fn entry(environment: Option<&str>, path: KeyPath, part: Part, text: impl Into<String>) -> Self {
        Self { place: Place::Entry { path, environment: environment.map(str::to_owned), part }, text: text.into() }
    }

    /// A range of bytes of services.toml.
    pub fn bytes(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { place: Place::Bytes(range), text: text.into() }
    }
}

/// A label whose place is known in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// A range of bytes of services.toml.
    pub span: Range<usize>,
    /// What is said there; may be empty.
    pub text: String,
}

/// A finding as it is shown: its places in bytes, and all environments that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The id of the rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub primary: Spot,
    /// What it clashes with.
    pub secondary: Vec<Spot>,
    /// What to write instead.
    pub help: Option<String>,
    /// The environments that have it, in the order of the manifest; empty where it belongs to the file as a whole.
    pub environments: Vec<String>,
}

/// All findings of a run, ready to be shown: the most severe first, then by position.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Resolved>,
}

impl Report {
    /// Resolves places, merges the same finding of several environments into one, and sorts.
    pub fn new(source: &Source, document: &Spanned<DeTable<'_>>, findings: Vec<Finding>) -> Self {
        let mut merged: Vec<Resolved> = Vec::new();
        let mut seen = std::collections::HashMap::new();
        for finding in findings {
            let spot = |label: &Label| Spot { span: source.resolve(document, &label.place), text: label.text.clone() };
            let primary = spot(&finding.primary);
            let key = (finding.rule, primary.span.clone(), finding.message.clone());
            let position = *seen.entry(key).or_insert_with(|| {
                merged.push(Resolved {
                    rule: finding.rule,
                    severity: finding.severity,
                    message: finding.message.clone(),
                    primary,
                    secondary: finding.secondary.iter().map(spot).collect(),
                    help: finding.help.clone(),
                    environments: Vec::new(),
                });
                merged.len() - 1
            });
            let known = &mut merged[position];
            known.severity = known.severity.min(finding.severity);
            if let Some(environment) = finding.environment
                && !known.environments.contains(&environment)
            {
                known.environments.push(environment);
            }
        }
        merged.sort_by(|a, b| {
            (a.severity, a.primary.span.start, a.rule).cmp(&(b.severity, b.primary.span.start, b.rule))
        });
        Self { findings: merged }
    }

    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether anything keeps the stack from working.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// The ids of the rules that found something.
    pub fn rules(&self) -> BTreeSet<&'static str> {
        self.findings.iter().map(|finding| finding.rule).collect()
    }
}

//! What stackgen has to say about a stack: findings, and how they are shown.
//!
//! A [`Finding`] points with symbolic [`Place`]s. [`Report::new`] turns them into bytes, merges what several
//! environments have in common, and sorts; the formats in [`emit`] only print.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use crate::source::{KeyPath, Part, Place, Source};

mod drift;
pub mod emit;
mod fix;
mod merging;
pub mod page;
pub(crate) mod redaction;
pub mod words;

pub use drift::Drift;
pub use fix::{Edit, Fix, ResolvedFix};
use merging::Merging;
pub(crate) use merging::TOO;

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
    /// Whether what stands there may be secret: no format shows it then, in this finding or in any other.
    pub redact: bool,
}

/// One thing that is wrong, or looks wrong.
#[derive(Debug, Clone, PartialEq)]
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
    /// What `check --fix` does about it, where that is safe.
    pub fix: Option<Fix>,
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
        Self {
            rule,
            severity,
            message: message.into(),
            primary,
            secondary: Vec::new(),
            help: None,
            fix: None,
            environment,
        }
    }

    /// Adds a place that the offence clashes with.
    #[must_use]
    pub fn with(mut self, label: Label) -> Self {
        self.secondary.push(label);
        self
    }

    /// Adds several of them.
    #[must_use]
    pub fn with_all(mut self, labels: impl IntoIterator<Item = Label>) -> Self {
        self.secondary.extend(labels);
        self
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what `check --fix` does about it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
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
        let place = Place::Entry { path, environment: environment.map(str::to_owned), part };
        Self { place, text: text.into(), redact: false }
    }

    /// A range of bytes of services.toml.
    pub fn bytes(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { place: Place::Bytes(range), text: text.into(), redact: false }
    }

    /// A file of the project as a whole, relative to services.toml with forward slashes.
    pub fn file(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self::within(path, 0..0, text)
    }

    /// A range of bytes of another file of the project, relative to services.toml with forward slashes. Its lines are
    /// shown where the report knows its text ([`Report::with_files`]).
    pub fn within(path: impl Into<String>, range: Range<usize>, text: impl Into<String>) -> Self {
        Self { place: Place::File { path: path.into(), range }, text: text.into(), redact: false }
    }

    /// A range of bytes of another file that holds a secret, of which nothing else is said: it is shown nowhere, and only
    /// hidden.
    pub fn hidden(path: impl Into<String>, range: Range<usize>) -> Self {
        Self::within(path, range, "").redacted()
    }

    /// Says that the place holds a secret. Where the place is a string, its quotes stay visible.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        self.redact = true;
        self
    }
}

/// A label whose place is known in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Another file than services.toml, relative to it.
    pub file: Option<String>,
    /// A range of bytes of services.toml, or of the other file; empty where that is meant as a whole.
    pub span: Range<usize>,
    /// What is said there; may be empty.
    pub text: String,
    /// The keys that lead there, as they are spelled in the base file; none where the place is no entry. They stay
    /// when lines move.
    pub entry: Option<String>,
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
    /// What `check --fix` does about it.
    pub fix: Option<ResolvedFix>,
    /// The environments that have it, in the order of the manifest; empty where it belongs to the file as a whole.
    pub environments: Vec<String>,
}

impl Spot {
    /// Whether it is the same place, which is known as a range.
    fn is_at(&self, other: &Self) -> bool {
        !self.span.is_empty() && self.span == other.span && self.file == other.file
    }
}

impl Resolved {
    /// What is wrong, and what is said at the place, for readers who do not see the place.
    pub(crate) fn statement(&self) -> String {
        let label = &self.primary.text;
        if label.is_empty() { self.message.clone() } else { format!("{} ({label})", self.message) }
    }
}

/// All findings of a run, ready to be shown: the most severe first, then by position.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Resolved>,
    /// The bytes of services.toml that no format may show. Whoever drops a finding keeps what it had redacted.
    pub redacted: Vec<Range<usize>>,
    /// The names whose values no format may show, wherever they stand in a generated file: those of declared secrets, and
    /// of what is made of them.
    pub secrets: BTreeSet<String>,
    /// The other files that findings point into, by their path relative to services.toml.
    pub files: BTreeMap<String, Arc<Source>>,
    /// The bytes of other files that no format may show.
    pub redacted_in: BTreeMap<String, Vec<Range<usize>>>,
}

impl Report {
    /// Resolves places, merges the same finding of several environments into one, and that of several services which take
    /// over what one of them says, and sorts.
    pub fn new(source: &Source, document: &Spanned<DeTable<'_>>, findings: Vec<Finding>) -> Self {
        let mut redacted = Vec::new();
        let mut redacted_in: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
        let mut merging = Merging::new(source, document);
        for finding in findings {
            // Before findings are merged: each environment may have its own secret.
            for label in std::iter::once(&finding.primary).chain(&finding.secondary).filter(|label| label.redact) {
                match &label.place {
                    Place::File { path, range } => redacted_in.entry(path.clone()).or_default().push(range.clone()),
                    place => redacted.push(source.resolve(document, place)),
                }
            }
            merging.add(finding);
        }
        let mut merged = merging.done();
        let order = |finding: &Resolved| {
            (finding.severity, finding.primary.file.clone(), finding.primary.span.start, finding.rule)
        };
        merged.sort_by_cached_key(order);
        Self { findings: merged, redacted, secrets: BTreeSet::new(), files: BTreeMap::new(), redacted_in }
    }

    /// Takes in the texts of the other files that findings point into, so that their lines can be shown. A file without
    /// one is shown as a whole.
    #[must_use]
    pub fn with_files<'t>(mut self, text_of: impl Fn(&str) -> Option<&'t str>) -> Self {
        let spots =
            self.findings.iter().flat_map(|finding| std::iter::once(&finding.primary).chain(&finding.secondary));
        for path in spots.filter(|spot| !spot.span.is_empty()).filter_map(|spot| spot.file.as_ref()) {
            if let (false, Some(text)) = (self.files.contains_key(path), text_of(path)) {
                self.files.insert(path.clone(), Arc::new(Source::new(path.clone(), "", text.to_owned())));
            }
        }
        self
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

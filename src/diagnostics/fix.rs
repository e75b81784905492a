//! What `check --fix` does about a finding: data, which a rule gives and never carries out.
//!
//! A fix does what the finding's message and help say, and nothing else. It changes entries of services.toml by their
//! place, symbolic as that of a label: the same layers are looked through ([`crate::source`]), and what stands in the
//! overlay, the base or the defaults is changed there. A rule gives a fix where there is one right answer that it knows;
//! where a person has to choose, `help` is enough.
//!
//! ```
//! use stackgen::diagnostics::{Finding, Fix, Label, Severity};
//! use stackgen::source::KeyPath;
//!
//! let (environment, place) = (Some("prod"), KeyPath::of(["services", "db", "publish"]));
//! let label = Label::value(environment, place.clone(), "on every address of the host");
//! let fix = Fix::new("publish it on 127.0.0.1 only").set(environment, place, "127.0.0.1:5432:5432");
//! let finding = Finding::new("datastore-port-public", Severity::Warning, "everybody reaches `db`", label).fix(fix);
//! assert_eq!(finding.fix.unwrap().edits.len(), 1);
//! ```
//!
//! * All edits of a fix are made, or none. One that does not find its entry, or finds the one it would add, takes the
//!   fix away from the finding.
//! * A finding of several environments becomes one; it keeps a fix only if it has one in each of them. What is right in
//!   one environment and wrong in another is changed with `put` and `take_away`, which leave the first one alone.
//! * A finding that several services have from one place becomes one too; the fix is that of the service which says it.
//! * `check --fix` keeps a fix only if the finding is gone afterwards and no error or warning has come.
//! * Never the value of a secret in a title, and none at a place where it was not.

use std::ops::Range;

use toml::de::DeTable;
use toml::{Spanned, Value};

use crate::source::{Change, Editor, KeyPath, References, Replacement, Source};

/// What can be done about a finding without asking.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// What it does, as an instruction in a few words: `write it in lower case`.
    pub title: String,
    /// The changes.
    pub edits: Vec<Edit>,
}

/// A change at one place.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Of an entry.
    Entry {
        /// The path in the base file, without `environments.<name>`.
        path: KeyPath,
        /// The environment whose overlay is looked at first.
        environment: Option<String>,
        /// What becomes of it.
        change: Change,
    },
    /// Of every reference to an entry.
    References {
        /// How it is referred to.
        references: References,
        /// Its name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// Of bytes of services.toml.
    Bytes(Replacement),
}

impl Fix {
    /// A fix that does nothing yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), edits: Vec::new() }
    }

    /// Gives the entry at `path` another value.
    #[must_use]
    pub fn set(self, environment: Option<&str>, path: KeyPath, value: impl Into<Value>) -> Self {
        self.change(environment, path, Change::Set(value.into()))
    }

    /// Adds the entry at `path`: to the base, where its table is there. A path that begins with `environments.<name>` adds
    /// it to that overlay.
    #[must_use]
    pub fn insert(self, environment: Option<&str>, path: KeyPath, value: impl Into<Value>) -> Self {
        self.change(environment, path, Change::Insert(value.into()))
    }

    /// Takes the entry at `path` away.
    #[must_use]
    pub fn remove(self, environment: Option<&str>, path: KeyPath) -> Self {
        self.change(environment, path, Change::Remove)
    }

    /// Gives the key at `path` another name, wherever it is spelled; what refers to it is changed by edits of its own.
    #[must_use]
    pub fn rename(self, environment: Option<&str>, path: KeyPath, name: impl Into<String>) -> Self {
        self.change(environment, path, Change::Rename(name.into()))
    }

    /// Replaces these bytes of the decoded string at `path`.
    #[must_use]
    pub fn replace(
        self,
        environment: Option<&str>,
        path: KeyPath,
        range: Range<usize>,
        with: impl Into<String>,
    ) -> Self {
        self.change(environment, path, Change::Replace(range, with.into()))
    }

    /// Gives the entry at `path` another value in the environments that have the finding, and in no other: in their
    /// overlays, or in the base where all have it. It is added where it is not there.
    #[must_use]
    pub fn put(self, environment: &str, path: KeyPath, value: impl Into<Value>) -> Self {
        self.change(Some(environment), path, Change::Override(value.into()))
    }

    /// Takes the entry at `path` away in the environments that have the finding, and in no other.
    #[must_use]
    pub fn take_away(self, environment: &str, path: KeyPath) -> Self {
        self.change(Some(environment), path, Change::TakeAway)
    }

    /// Replaces these bytes of services.toml, for what is no entry.
    #[must_use]
    pub fn bytes(mut self, range: Range<usize>, with: impl Into<String>) -> Self {
        self.edits.push(Edit::Bytes(Replacement { span: range, text: with.into() }));
        self
    }

    /// Gives another name to whatever refers to `from`, in every environment.
    #[must_use]
    pub fn refer(mut self, references: References, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.edits.push(Edit::References { references, from: from.into(), to: to.into() });
        self
    }

    /// Makes any change.
    #[must_use]
    pub fn change(mut self, environment: Option<&str>, path: KeyPath, change: Change) -> Self {
        self.edits.push(Edit::Entry { path, environment: environment.map(str::to_owned), change });
        self
    }

    /// The bytes of `source`, whose parsed form is `document`; none where an edit cannot be made. `is_everywhere` says
    /// whether all environments have the finding.
    pub(super) fn resolve(
        &self,
        source: &Source,
        document: &Spanned<DeTable<'_>>,
        editor: &Editor<'_>,
        is_everywhere: bool,
    ) -> Option<ResolvedFix> {
        let mut replacements = Vec::new();
        for edit in &self.edits {
            match edit {
                Edit::Bytes(replacement) => replacements.push(replacement.clone()),
                Edit::References { references, from, to } => {
                    replacements.extend(Source::references(editor, references, from, to)?);
                }
                Edit::Entry { path, environment, change } => {
                    let environment = environment.as_deref();
                    replacements.extend(source.edits(document, editor, path, environment, change, is_everywhere)?);
                }
            }
        }
        ResolvedFix { title: self.title.clone(), replacements }.sorted()
    }
}

/// A fix whose changes are known in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedFix {
    /// What it does.
    pub title: String,
    /// The changes, by their place; none overlaps another.
    pub replacements: Vec<Replacement>,
}

impl ResolvedFix {
    /// The same fix for another environment too; none where both cannot be made.
    pub(super) fn and(mut self, other: Self) -> Option<Self> {
        self.replacements.extend(other.replacements);
        // Nobody says in which order they would stand.
        let meet = |pair: &[Replacement]| pair[0].span == pair[1].span;
        self.sorted().filter(|fix| !fix.replacements.windows(2).any(meet))
    }

    /// In the order of their places, none twice; none where two overlap, or where nothing is changed.
    pub(super) fn sorted(mut self) -> Option<Self> {
        self.replacements.sort_by_key(|replacement| (replacement.span.start, replacement.span.end));
        self.replacements.dedup();
        let overlap = |pair: &[Replacement]| {
            let (first, second) = (&pair[0].span, &pair[1].span);
            first.end > second.start || first == second && !first.is_empty()
        };
        let is_clear = !self.replacements.is_empty() && !self.replacements.windows(2).any(overlap);
        is_clear.then_some(self)
    }
}

//! The words of a `kind.toml` about the source that a service is built from: what is read in it, what it needs, what is refused.

use serde::Deserialize;

use super::When;
use crate::source::KeyPath;

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Detected {
    /// This value, wherever the file is there.
    Value(String),
    /// What stands in the file.
    Inside(Inside),
    /// The first of these that says something.
    First(Vec<Detected>),
}

impl Detected {
    /// Whether the presence of the file alone gives this value.
    pub fn gives(&self, value: &str) -> bool {
        matches!(self, Self::Value(known) if known == value)
    }
}

/// What stands in a file. One of `json`, `toml` and `contains` says where to look.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inside {
    /// A JSON pointer (RFC 6901) into the file, which is JSON: text or a truth value there is the value.
    pub json: Option<String>,
    /// The same in a file that is TOML.
    pub toml: Option<String>,
    /// A text that must occur in the file; its line ends are LF, and one stands before its first line.
    pub contains: Option<String>,
    /// Texts that are overlooked: an occurrence that is a part of one of them is none.
    #[serde(default)]
    pub except: Vec<String>,
    /// What is found where the text occurs, or in the place of what the pointer leads to.
    pub value: Option<String>,
    /// Only what follows this, where the found text begins with it; nothing is found where it does not.
    pub after: Option<String>,
    /// Only what stands before this.
    pub until: Option<String>,
}

/// Files of the source without which the kind cannot be built: exactly one of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Required {
    /// Their names in the source directory.
    pub one_of: Vec<String>,
    /// Files that stand in for them where none of them is there, and else say nothing.
    #[serde(default)]
    pub or_else: Vec<String>,
    /// The option that names one of them by the value that is detected from it.
    pub option: Option<String>,
    /// How to get one.
    pub help: String,
}

/// What a kind cannot build.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The condition.
    pub when: When,
    /// The key of the service that it is about, or keys joined by `.`; default: `source`.
    pub at: Option<String>,
    /// What is wrong. Interpolated with `service.*`.
    pub message: String,
    /// What to do. Interpolated with `service.*`.
    pub help: String,
}

impl Refusal {
    /// What it is about, in the service at `path`; `default` where it does not say.
    pub(crate) fn place(&self, path: KeyPath, default: &str) -> KeyPath {
        let keys = self.at.as_deref().unwrap_or(default).split('.');
        keys.fold(path, |path, key| path.key(key))
    }
}

//! What can be wrong with the file as written.

use std::ops::Range;

use super::newer::NewerKind;
use crate::source::KeyPath;

/// A table to which a key belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// `[stack]`.
    Stack,
    /// The table of a service.
    Service,
}

/// Something that is wrong with the file as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The text is no TOML.
    Syntax {
        /// Where.
        range: Range<usize>,
        /// What the parser says.
        message: String,
    },
    /// Something that TOML 1.0 does not have.
    NewerToml {
        /// Where.
        range: Range<usize>,
        /// What.
        kind: NewerKind,
    },
    /// A key that does not exist.
    UnknownKey {
        /// Where, in the spelling of the base file.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// The key that was probably meant.
        meant: Option<String>,
        /// The table in which it has its meaning, where it stands at the top.
        home: Option<Home>,
        /// Kinds that have an option of this name.
        kinds: Vec<String>,
        /// The keys that exist there.
        candidates: Vec<String>,
    },
    /// A value of the wrong type.
    WrongType {
        /// Where.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// What would be right, in words.
        expected: String,
        /// What stands there, in words.
        found: &'static str,
    },
    /// A value that is none of those allowed.
    WrongValue {
        /// Where.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// What would be right, in words.
        expected: String,
        /// The word that was probably meant.
        meant: Option<String>,
    },
    /// A key that must be there and is not.
    MissingKey {
        /// The table that lacks it.
        path: KeyPath,
        /// The environment in which it is missing; none where it is in all.
        environment: Option<String>,
        /// The key.
        key: String,
        /// Whether the base file has the table, so that it is shown there.
        in_base: bool,
    },
    /// A service of a kind that does not exist.
    UnknownKind {
        /// The path of the `kind` key.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// The name.
        kind: String,
        /// The kind that was probably meant.
        meant: Option<String>,
    },
    /// One variable, declared twice in one layer.
    DeclaredTwice {
        /// The variable.
        name: String,
        /// The overlay.
        environment: Option<String>,
        /// The first declaration.
        first: KeyPath,
        /// The second one.
        second: KeyPath,
    },
    /// An overlay of an environment that `stack.environments` does not name.
    UnknownEnvironment {
        /// Where it is named.
        path: KeyPath,
        /// The overlay it stands in.
        environment: Option<String>,
        /// The name.
        name: String,
        /// The environments there are.
        known: Vec<String>,
    },
    /// A service that cannot extend what it names.
    Extends {
        /// The path of the `extends` key.
        path: KeyPath,
        /// The environment.
        environment: String,
        /// Why not.
        flaw: ExtendsFlaw,
    },
    /// A file that a template of the project renders, and nobody can read.
    Template {
        /// The template, relative to services.toml.
        path: String,
        /// The environment.
        environment: String,
        /// What is wrong with the file.
        message: String,
    },
    /// A service in an overlay that the base does not have.
    UnknownService {
        /// The overlay.
        environment: String,
        /// The service.
        name: String,
        /// The services there are.
        known: Vec<String>,
    },
}

/// Why a service cannot extend what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtendsFlaw {
    /// There is no such service.
    Unknown {
        /// The name.
        name: String,
        /// The services there are.
        known: Vec<String>,
    },
    /// The way leads back to it.
    Circle {
        /// The services on the way, the first one again at the end.
        names: Vec<String>,
    },
    /// It is of a kind that is not built on the other one's.
    Kind {
        /// Its kind.
        own: String,
        /// The kind of the service that it extends.
        other: Option<String>,
        /// The kind on which its own is built, where it is.
        built_on: Option<String>,
    },
    /// The other one runs elsewhere, so that there is nothing to take over.
    External {
        /// Its name.
        name: String,
    },
}

impl Problem {
    /// The service or top-level entry that is not to be judged further, since what was meant is unknown.
    pub(super) fn owner(&self) -> Option<KeyPath> {
        let path = match self {
            // In which environments it exists is unknown.
            Self::UnknownEnvironment { path, .. } if path.key_at(0) == Some("services") => path,
            Self::Syntax { .. }
            | Self::NewerToml { .. }
            | Self::UnknownEnvironment { .. }
            | Self::Template { .. }
            | Self::UnknownService { .. } => return None,
            Self::UnknownKey { path, .. }
            | Self::WrongType { path, .. }
            | Self::WrongValue { path, .. }
            | Self::UnknownKind { path, .. }
            | Self::MissingKey { path, .. }
            | Self::Extends { path, .. } => path,
            Self::DeclaredTwice { second, .. } => second,
        };
        Some(KeyPath::from_steps(&path.steps()[..path.steps().len().min(2)]))
    }
}

//! Doors to what stands inside of the crate, for fuzzing and for the tests that run its corpus: what writes other
//! languages, and what reads files that only stackgen reads. They are no part of the library's interface.
//!
//! A door is always there, not with `cfg(fuzzing)` alone, so that the same functions run under the stable toolchain with
//! `cargo test`; and a function, not a public item, so that what it calls may change.

use std::collections::BTreeMap;

use crate::disk::read_lock;
use crate::project::Project;
use crate::render::filters;
use crate::source::Source;
use crate::templates::Templates;

/// A text as a YAML scalar.
pub fn yaml(text: &str) -> String {
    filters::yaml(text)
}

/// A text as the key of a YAML mapping.
pub fn key(text: &str) -> String {
    filters::key(text)
}

/// A text as a value of an env file.
pub fn env(text: &str) -> String {
    filters::env(text)
}

/// A text as a word of a POSIX shell.
pub fn sh(text: &str) -> String {
    filters::sh(text)
}

/// Words as a JSON array.
pub fn exec(words: Vec<String>) -> String {
    filters::exec(words)
}

/// A text as a string constant of SQL.
pub fn sql(text: &str) -> String {
    filters::sql(text)
}

/// What the text of a stackgen.lock says, written again.
///
/// # Errors
/// Where it is no lock: what is told.
pub fn lock(text: &str) -> Result<String, String> {
    read_lock(text).map(|lock| lock.to_string()).map_err(|error| error.to_string())
}

/// A project with templates of its own, by their path below `templates/`.
pub fn project(source: Source, own: BTreeMap<String, String>) -> Project {
    Project::with(source, Templates::of(own))
}

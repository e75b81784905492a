//! The texts in which a container finds the addresses of others, and whom it finds by them.

use std::fmt;

use super::{localhost_reference, public_var_internal_host};
use crate::plan::{Service, Text};

/// A text that a container is given, and in which it may find the address of another service.
pub(crate) struct Told<'p> {
    /// The text.
    pub(crate) text: &'p Text,
    /// As what it is given.
    pub(crate) source: Telling<'p>,
}

/// As what a container is given a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling<'p> {
    /// The value of the variable of this name.
    Variable(&'p str),
    /// A word of what this key says: `command` or `entrypoint`.
    Word(&'static str),
}

impl fmt::Display for Telling<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(out, "`{name}`"),
            Self::Word(key) => write!(out, "the {key}"),
        }
    }
}

/// The texts in which a container finds the addresses of others: variables, but for what browsers read and for lists
/// that nobody calls, and the words of its command.
pub(crate) fn told(service: &Service) -> impl Iterator<Item = Told<'_>> {
    let is_called = |name: &str| {
        public_var_internal_host::baked_prefix(name).is_none() && !localhost_reference::is_list_of_origins(name)
    };
    let variables = service.environment.iter().filter(move |(name, _)| is_called(name));
    let variables = variables.map(|(name, text)| Told { text, source: Telling::Variable(name) });
    let words = [("command", &service.command), ("entrypoint", &service.entrypoint)].into_iter();
    let words = words.flat_map(|(key, words)| words.iter().flatten().map(move |word| (key, word)));
    variables.chain(words.map(|(key, text)| Told { text, source: Telling::Word(key) }))
}

/// Whether one service finds another by its name: itself, or one on a network of its own.
pub(crate) fn finds(from: &Service, other: &Service) -> bool {
    let has_own = |service: &Service| !service.passthrough.contains_key("network_mode");
    let share = || from.networks.iter().any(|name| other.networks.contains(name));
    from.name == other.name || (has_own(from) && has_own(other) && share())
}

//! The operators: mistakes, one by one.

mod builds;
mod containers;
mod environment;
mod files;
mod labels;
mod lifecycle;
mod names;
mod ports;
mod references;
mod routes;
mod sources;
mod storage;
mod stores;
mod syntax;
mod values;

use crate::base::Base;
use crate::mutant::Mutant;
use crate::proof::Proof;

/// A mistake that people make.
pub(crate) struct Operator {
    /// What they do.
    pub(crate) name: &'static str,
    /// The rules that are right to find it.
    pub(crate) rules: &'static [&'static str],
    /// What has shown that it is harmful.
    pub(crate) proof: Proof,
    /// Makes it wherever it applies, and one at a time.
    pub(crate) apply: fn(&Base) -> Vec<Mutant>,
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Operator> {
    [
        syntax::OPERATORS,
        names::OPERATORS,
        references::OPERATORS,
        ports::OPERATORS,
        environment::OPERATORS,
        routes::OPERATORS,
        storage::OPERATORS,
        builds::OPERATORS,
        files::OPERATORS,
        lifecycle::OPERATORS,
        values::OPERATORS,
        containers::OPERATORS,
        labels::OPERATORS,
        stores::OPERATORS,
        sources::OPERATORS,
    ]
    .into_iter()
    .flatten()
}

/// The word with two letters in its middle exchanged, as fingers do; where that is the same word, without one.
fn misspelt(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let middle = letters.len() / 2;
    let pair = (1..letters.len()).rev().find(|at| {
        *at <= middle.max(1)
            && letters[*at] != letters[at - 1]
            && letters[*at].is_alphabetic()
            && letters[at - 1].is_alphabetic()
    });
    match pair {
        Some(at) if letters.len() > 2 => letters.swap(at, at - 1),
        _ => {
            letters.push('s');
        }
    }
    letters.into_iter().collect()
}

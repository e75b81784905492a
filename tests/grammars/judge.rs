//! Our reading of texts beside that of a tool.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Debug;

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::{in_parallel, say};

/// How many texts of each grammar are made where nobody asks for more.
const COUNT: usize = 400;

/// How many texts a tool reads at once.
const BATCH: usize = 100;

/// How many texts to make.
pub(crate) fn count() -> usize {
    env::var("STACKGEN_GRAMMARS").ok().and_then(|count| count.parse().ok()).unwrap_or(COUNT)
}

/// Cases from a fixed seed, without doubles.
pub(crate) fn cases<T: Ord + Debug>(strategy: &impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut cases = BTreeSet::new();
    let mut tries = 0;
    while cases.len() < count {
        cases.insert(strategy.new_tree(&mut runner).expect("a case").current());
        tries += 1;
        assert!(tries < 100 * count, "only {} different cases", cases.len());
    }
    cases.into_iter().collect()
}

/// Who reads a case, and what of it.
pub(crate) struct Judge<Ours, Theirs, Error, Quirk> {
    /// What is read, for messages.
    pub(crate) what: &'static str,
    /// What we read.
    pub(crate) ours: Ours,
    /// What the tool reads of several cases; what it says where it refuses one of them.
    pub(crate) theirs: Theirs,
    /// Whether we refuse for the same reason as the tool, as far as that can be told.
    pub(crate) is_same_error: Error,
    /// Whether the tool takes what we refuse with reason, which is told where the grammar is.
    pub(crate) is_quirk: Quirk,
    /// The least percentages of valid and of invalid cases: without them, little is proved.
    pub(crate) shares: (usize, usize),
}

impl<Ours, Theirs, Error, Quirk> Judge<Ours, Theirs, Error, Quirk> {
    /// Compares both on every case.
    ///
    /// # Panics
    /// Where they differ, or the cases are too much alike.
    pub(crate) fn compare<T, V, E>(&self, cases: &[T])
    where
        T: Debug + Sync,
        V: Debug + PartialEq + Send + Sync,
        E: Debug + Send + Sync,
        Ours: Fn(&T) -> Result<V, E> + Sync,
        Theirs: Fn(&[&T]) -> Result<Vec<V>, String> + Sync,
        Error: Fn(&E, &str) -> bool + Sync,
        Quirk: Fn(&T, &E) -> bool + Sync,
    {
        let (good, bad): (Vec<&T>, Vec<&T>) = cases.iter().partition(|case| (self.ours)(case).is_ok());
        let batches: Vec<&[&T]> = good.chunks(BATCH).collect();
        let mut different = in_parallel(&batches, |batch| self.differences(batch)).concat();
        let judged = in_parallel(&bad, |case| {
            let error = (self.ours)(case).expect_err("a refused case");
            match (self.theirs)(&[case]) {
                Ok(_) if (self.is_quirk)(case, &error) => (1, None),
                Ok(theirs) => (0, Some(format!("{case:?}: they have {theirs:?}, we refuse it: {error:?}"))),
                Err(said) if (self.is_same_error)(&error, &said) => (0, None),
                Err(said) => (0, Some(format!("{case:?}: they say {:?}, we say {error:?}", said.trim()))),
            }
        });
        let quirks: usize = judged.iter().map(|(quirk, _)| quirk).sum();
        different.extend(judged.into_iter().filter_map(|(_, different)| different));
        let (what, valid, invalid) = (self.what, good.len(), bad.len());
        say(&format!("{what}: {valid} valid and {invalid} invalid ones, {quirks} of them quirks"));
        assert!(different.is_empty(), "{} of {} {what}:\n{}", different.len(), cases.len(), different.join("\n"));
        let (least_valid, least_invalid) = self.shares;
        let percent = |part: usize| part * 100 / cases.len().max(1);
        assert!(percent(valid) >= least_valid, "only {valid} of {} {what} are valid", cases.len());
        assert!(percent(invalid) >= least_invalid, "only {invalid} of {} {what} are invalid", cases.len());
    }

    /// What is different in cases that we read; where the tool refuses one of several, half of them at a time.
    fn differences<T, V, E>(&self, batch: &[&T]) -> Vec<String>
    where
        T: Debug,
        V: Debug + PartialEq,
        E: Debug,
        Ours: Fn(&T) -> Result<V, E>,
        Theirs: Fn(&[&T]) -> Result<Vec<V>, String>,
    {
        match (self.theirs)(batch) {
            Ok(theirs) => {
                assert_eq!(theirs.len(), batch.len(), "{}", self.what);
                let pairs = batch.iter().zip(theirs).map(|(case, theirs)| (case, (self.ours)(case), theirs));
                let different = pairs.filter(|(_, ours, theirs)| !matches!(ours, Ok(ours) if ours == theirs));
                different.map(|(case, ours, theirs)| format!("{case:?}: they have {theirs:?}, we {ours:?}")).collect()
            }
            Err(said) if batch.len() == 1 => {
                vec![format!("{:?}: they refuse it: {}; we have {:?}", batch[0], said.trim(), (self.ours)(batch[0]))]
            }
            Err(_) => {
                let (first, second) = batch.split_at(batch.len() / 2);
                [self.differences(first), self.differences(second)].concat()
            }
        }
    }
}

/// Of a text that has been cut or has got something put in, now and then.
pub(crate) fn mutilated(
    text: impl Strategy<Value = String>,
    parts: &'static [&'static str],
) -> impl Strategy<Value = String> {
    use proptest::prelude::any;
    use proptest::sample::{Index, select};
    (text, any::<Index>(), select(parts), 0..10_u8).prop_map(|(text, index, part, how)| {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let (before, after) = text.split_at(places[index.index(places.len())]);
        match how {
            0 => format!("{before}{part}{after}"),
            1 => format!("{before}{}", after.chars().skip(1).collect::<String>()),
            _ => text,
        }
    })
}

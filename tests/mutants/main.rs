//! A mutation test of the rules: clean stacks with one mistake in each, made by operators wherever they apply.
//!
//! An operator is a mistake that people make. It says which rule has to find it and at which line, and which test has
//! shown on the tool itself that it is harmful. `STACKGEN_OPERATOR=<words>` runs only those with these words in their names.

#[path = "../support/mod.rs"]
mod support;

mod base;
mod mutant;
mod operators;
mod proof;

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;

use base::Base;
use mutant::{Mutant, Outcome};
use operators::Operator;
use stackgen::rules;
use support::in_parallel;

/// How many mutants of one operator are looked at: others would say the same again.
const MOST: usize = 4;

/// The share, in percent, that has to be found by the right rule at the right line.
const WANTED: usize = 95;

/// The operators and what each makes of the bases: of many mutants as many from each base as possible, in a fixed order.
fn mutants(bases: &[Base]) -> Vec<(&'static Operator, Vec<(&Base, Mutant)>)> {
    let words = env::var("STACKGEN_OPERATOR").unwrap_or_default();
    let chosen = operators::all().filter(|operator| operator.name.contains(&words));
    chosen
        .map(|operator| {
            let mut made: Vec<Vec<(&Base, Mutant)>> = bases
                .iter()
                .map(|base| spread((operator.apply)(base)).into_iter().map(|it| (base, it)).collect())
                .collect();
            let mut taken = Vec::new();
            while taken.len() < MOST && made.iter().any(|of_base| !of_base.is_empty()) {
                taken.extend(made.iter_mut().filter_map(Vec::pop));
            }
            taken.truncate(MOST);
            (operator, taken)
        })
        .collect()
}

/// The same mutants in an order in which those that stand side by side in the file are apart.
fn spread(mutants: Vec<Mutant>) -> Vec<Mutant> {
    const STEP: usize = 7919;
    let count = mutants.len();
    if count == 0 {
        return mutants;
    }
    let mut slots: Vec<Option<Mutant>> = mutants.into_iter().map(Some).collect();
    let step = (STEP..STEP + count).find(|step| gcd(*step, count) == 1).unwrap_or(1);
    (0..count).filter_map(|position| slots[position * step % count].take()).collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[test]
fn mistakes_are_found_by_the_right_rule_at_the_right_line() {
    let bases = Base::all();
    let mutants = mutants(&bases);
    let flat: Vec<(usize, &Base, &Mutant)> = mutants
        .iter()
        .enumerate()
        .flat_map(|(number, (_, made))| made.iter().map(move |(base, mutant)| (number, *base, mutant)))
        .collect();
    let outcomes = in_parallel(&flat, |(number, base, mutant)| mutant.judge(base, mutants[*number].0.rules));
    let mut table = format!("{:<64} mutants  right  otherwise  missed\n", "operator");
    let mut missed = String::new();
    let mut all_right = 0;
    for (position, (operator, made)) in mutants.iter().enumerate() {
        let of_it = || flat.iter().zip(&outcomes).filter(|((number, ..), _)| *number == position);
        let count = |wanted: fn(&Outcome) -> bool| of_it().filter(|(_, outcome)| wanted(outcome)).count();
        let right = count(|outcome| *outcome == Outcome::Right);
        let none = count(|outcome| *outcome == Outcome::Missed);
        let otherwise = made.len() - right - none;
        all_right += right;
        let _ = writeln!(table, "{:<64} {:>7} {right:>6} {otherwise:>10} {none:>7}", operator.name, made.len());
        for ((_, _, mutant), outcome) in of_it().filter(|(_, outcome)| **outcome != Outcome::Right) {
            let _ = writeln!(missed, "{}: {}\n    {outcome:?}", operator.name, mutant.shown);
        }
    }
    let total = flat.len();
    println!("{table}\n{missed}\n{all_right} of {total} mutants are found by the right rule at the right line");
    if env::var("STACKGEN_OPERATOR").is_ok() {
        return;
    }
    assert!(all_right * 100 >= total * WANTED, "{table}\n{missed}\n{all_right} of {total}");
    assert!(total >= 400, "only {total} mutants");
    assert!(mutants.len() >= 40, "only {} operators", mutants.len());
    for (operator, made) in &mutants {
        assert!(!made.is_empty(), "`{}` applies nowhere", operator.name);
        assert!(made.len() * 20 <= total, "`{}` has more than one mutant of twenty", operator.name);
    }
}

#[test]
fn operators_differ_and_name_rules() {
    let names: Vec<&str> = operators::all().map(|operator| operator.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "two operators have one name");
    for operator in operators::all() {
        for rule in operator.rules {
            assert!(rules::find(rule).is_some(), "`{}`: there is no rule {rule}", operator.name);
        }
    }
}

#[test]
fn every_operator_is_shown_to_be_harmful() {
    let bases = Base::all();
    for (operator, made) in mutants(&bases) {
        if let Err(complaint) = proof::look(operator, &made) {
            panic!("`{}`: {complaint}", operator.name);
        }
    }
}

//! The mistakes that rules speak of, made on the tools that suffer from them: Compose rejects the file, `up` fails, a
//! container starts and is broken, Traefik drops a router, hadolint complains. What a rule claims is what happens here.
//!
//! Needs what the tests name that are skipped without it: Docker Compose, a Docker engine, Traefik, hadolint.

#![allow(dead_code, reason = "what proves nothing yet")]

#[path = "../support/mod.rs"]
mod support;

mod attempt;
mod containers;
mod dockerfiles;
mod earlier;
mod labels;
mod routes;
mod variables;

use std::collections::BTreeSet;

use stackgen::rules::ALL;

/// Rules whose mistake no other tool could show, and why.
const NOT_SHOWN: &[(&str, &str)] = &[];

#[test]
fn what_is_proved_are_rules() {
    let proved: BTreeSet<&str> = proved().collect();
    for rule in proved.iter().copied().chain(NOT_SHOWN.iter().map(|(rule, _)| *rule)) {
        assert!(ALL.iter().any(|known| known.id == rule), "{rule} is no rule");
    }
}

fn proved() -> impl Iterator<Item = &'static str> {
    [containers::PROVED, dockerfiles::PROVED, earlier::PROVED, labels::PROVED, routes::PROVED, variables::PROVED]
        .concat()
        .into_iter()
}

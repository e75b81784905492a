//! The mistakes that rules speak of, made on the tools that suffer from them: Compose rejects the file, `up` fails, a
//! container starts and is broken, Traefik drops a router, hadolint complains. What a rule claims is what happens here.
//!
//! Needs what the tests name that are skipped without it: Docker Compose, a Docker engine, Traefik, hadolint.

#[path = "../support/mod.rs"]
mod support;

mod attempt;
mod brought_up;
mod containers;
mod dockerfiles;
mod earlier;
mod labels;
mod routes;
mod sources;
mod stacks;
mod variables;

use std::collections::BTreeSet;

use stackgen::rules::ALL;

/// Rules whose mistake no other tool could show, and why.
const NOT_SHOWN: &[(&str, &str)] = &[
    (
        "dockerfile-conflict",
        "services.toml asks for two Dockerfiles at one path: none is written that a tool could read",
    ),
    ("env-passed-not-read", "a program that does not ask for a variable cannot tell that it has one"),
    ("key-not-applicable", "a key of services.toml that leaves no trace in what is rendered"),
    (
        "queue-without-consumer",
        "a broker keeps what nobody takes, as it should: only somebody who waits for the task notices",
    ),
    ("secret-committed", "whoever reads a repository looks for keys, and no tool of a stack does"),
    (
        "scrape-target",
        "no program refuses it: a target that is down, or a rule that nobody reads, shows on a page of Prometheus alone",
    ),
    ("unknown-kind", "kinds are words of services.toml, which no other tool reads"),
    ("unused-allow", "an `allow` speaks to the rules themselves"),
    ("unused-volume", "a declaration that leaves no trace in what is rendered"),
];

#[test]
fn every_rule_is_proved_or_says_why_it_cannot_be() {
    let shown: BTreeSet<&str> = proved().collect();
    let not_shown: BTreeSet<&str> = NOT_SHOWN.iter().map(|(rule, _)| *rule).collect();
    let known: BTreeSet<&str> = ALL.iter().map(|rule| rule.id).collect();
    let told: BTreeSet<&str> = shown.union(&not_shown).copied().collect();
    assert_eq!(told.difference(&known).collect::<Vec<_>>(), [&""; 0], "these are no rules");
    assert_eq!(known.difference(&told).collect::<Vec<_>>(), [&""; 0], "nobody has made their mistakes");
    assert_eq!(shown.intersection(&not_shown).collect::<Vec<_>>(), [&""; 0], "these are shown after all");
}

fn proved() -> impl Iterator<Item = &'static str> {
    let of_topics = [
        containers::PROVED,
        dockerfiles::PROVED,
        labels::PROVED,
        routes::PROVED,
        sources::PROVED,
        stacks::PROVED,
        variables::PROVED,
    ];
    earlier::PROVED.concat().into_iter().chain(of_topics.concat()).chain(brought_up::proved())
}

//! The table of options and the reader of labels, judged by the real Traefik: whether it takes a container, for some
//! hundred made-up labels and mutilated ones; and which options its program knows. Needs Traefik and Python.
//!
//! `STACKGEN_LABELS=5000` makes as many; each number makes the same labels on every machine.

mod support;

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use stackgen::traefik::dynamic::{Field, Kind, PROVIDER, ROOT, labels};
use support::oracle::{self, Verdict};
use support::{everything_said, repository, tool};

/// How many containers are made where nobody asks for more.
const COUNT: usize = 400;

/// How many containers one Traefik gets: each has an address of its own.
const AT_ONCE: usize = 200;

#[test]
fn a_container_is_taken_where_its_labels_have_no_flaw() {
    if !oracle::available() {
        return;
    }
    let count = env::var("STACKGEN_LABELS").ok().and_then(|count| count.parse().ok()).unwrap_or(COUNT);
    let containers: Vec<Labels> =
        containers(count).into_iter().enumerate().map(|(number, labels)| with_witness(labels, number)).collect();
    let mut differences = Vec::new();
    let mut dropped = 0;
    for (batch, some) in containers.chunks(AT_ONCE).enumerate() {
        let project = project(some, batch * AT_ONCE);
        let verdict = Verdict::on(&[&project], &[]);
        let proxy = verdict.proxy(&project);
        assert!(proxy.kept_running(), "Traefik ended: {:#?}", proxy.log());
        let taken: BTreeSet<&str> = proxy.routers().into_iter().collect();
        for (index, container) in some.iter().enumerate() {
            let number = batch * AT_ONCE + index;
            let is_taken = taken.contains(format!("witness{number}@docker").as_str());
            let ours = labels::decode(container.iter().map(|(label, value)| (label.as_str(), value.as_str())), None);
            if ours.is_taken() != is_taken {
                let name = format!("-c{number}-");
                let theirs: Vec<String> = proxy.log().into_iter().filter(|line| line.contains(&name)).collect();
                differences.push(format!("{container:?}\n  we say {:?}\n  Traefik says {theirs:?}", ours.flaws));
            }
            dropped += usize::from(!is_taken);
        }
    }
    assert!(differences.is_empty(), "{} of {count}:\n{}", differences.len(), differences.join("\n"));
    let taken = containers.len() - dropped;
    assert!(taken > count / 4 && dropped > count / 4, "{taken} of {count} containers are taken");
}

#[test]
fn the_options_are_those_of_the_program() {
    if !oracle::available() {
        return;
    }
    let traefik = tool("traefik").expect("`available` has found it");
    let mut command = Command::new(tool("python3").expect("`available` has found it"));
    let output = command.arg("-B").arg(repository().join("tests/oracles/traefik_options.py")).arg(traefik).output();
    let output = output.expect("python3 starts");
    assert!(output.status.success(), "the types are not to be read:\n{}", everything_said(&output));
    let theirs: BTreeSet<String> =
        String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect();
    let mut ours = BTreeSet::new();
    list(ROOT, "", &mut ours);
    assert!(ours.len() > 300, "only {} options", ours.len());
    let missing: Vec<&String> = theirs.difference(&ours).collect();
    let invented: Vec<&String> = ours.difference(&theirs).collect();
    assert!(missing.is_empty() && invented.is_empty(), "missing: {missing:#?}\ninvented: {invented:#?}");
}

/// Every option, as a line: path in lower case, type, and what is special about it.
fn list(fields: &[Field], prefix: &str, lines: &mut BTreeSet<String>) {
    for field in fields {
        let path = format!("{prefix}{}", field.name.to_lowercase());
        let special = match (field.is_read, field.bare) {
            (false, _) => " ignored",
            (true, true) => " bare",
            (true, false) => "",
        };
        lines.insert(format!("{path} {}{special}", word(field.kind)));
        let mut kind = field.kind;
        let mut below = path;
        while let Kind::Map(inner) = kind {
            below.push_str(".*");
            kind = *inner;
        }
        if let Kind::Table(inner) | Kind::Tables(inner) | Kind::OneTable(inner) = kind {
            list(inner, &format!("{below}."), lines);
        }
    }
}

fn word(kind: Kind) -> String {
    match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Int => "int".to_owned(),
        Kind::Duration => "duration".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::List => "list".to_owned(),
        Kind::Map(inner) => format!("map of {}", word(*inner)),
        Kind::Table(_) => "table".to_owned(),
        Kind::Tables(_) => "tables".to_owned(),
        Kind::OneTable(_) => "one table".to_owned(),
        Kind::Free => "free".to_owned(),
    }
}

/// A project with a proxy, and a container for each set of labels.
fn project(containers: &[Labels], first: usize) -> Value {
    let mut services = Map::new();
    let flags = ["--providers.docker=true", "--entrypoints.web.address=:80"];
    let proxy = json!({
        "image": "traefik:v3.6",
        "command": flags,
        "networks": { "edge": null },
        "labels": { "traefik.enable": "false" },
    });
    services.insert("proxy".to_owned(), proxy);
    for (index, container) in containers.iter().enumerate() {
        let number = first + index;
        let labels: HashMap<&String, &String> = container.iter().map(|(label, value)| (label, value)).collect();
        let service = json!({ "image": "app", "networks": { "edge": null }, "labels": labels, "expose": ["80"] });
        services.insert(format!("c{number}"), service);
    }
    json!({ "name": "labels", "services": services, "networks": { "edge": { "name": "labels_edge" } } })
}

/// The labels, and a router that says whether they were taken.
fn with_witness(mut labels: Labels, number: usize) -> Labels {
    let router = format!("traefik.http.routers.witness{number}");
    labels.push((format!("{router}.rule"), format!("Path(`/{number}`)")));
    labels.push((format!("{router}.service"), format!("witness{number}")));
    labels.push((format!("traefik.http.services.witness{number}.loadbalancer.server.port"), "80".to_owned()));
    labels
}

type Labels = Vec<(String, String)>;

/// Sets of labels; the names in them are of one container alone.
fn containers(count: usize) -> Vec<Labels> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let paths = paths();
    let label = prop_oneof![
        12 => (prop::sample::select(paths), any::<u32>()).prop_map(|((path, kind), seed)| (path, value(kind, seed))),
        1 => ("traefik\\.(enable|ENABLE|docker\\.network|docker\\.lbswarm|enabled|docker\\.x|enable\\.x)", "(true|yes||1|T)")
            .prop_map(|(label, value): (String, String)| (label, value)),
    ];
    let strategy = prop::collection::vec(mutilated(label), 1..4);
    (0..count)
        .map(|number| {
            let labels: Labels = strategy.new_tree(&mut runner).expect("labels").current();
            labels.into_iter().map(|(label, value)| (label.replace("NAME", &format!("n{number}")), value)).collect()
        })
        .collect()
}

/// Every option that a label can set, and some that it cannot, with `NAME` for free names.
fn paths() -> Vec<(String, Kind)> {
    fn collect(fields: &[Field], prefix: &str, paths: &mut Vec<(String, Kind)>) {
        for field in fields {
            collect_kind(field.kind, &format!("{prefix}.{}", field.name), paths);
        }
    }
    fn collect_kind(kind: Kind, path: &str, paths: &mut Vec<(String, Kind)>) {
        match kind {
            Kind::Table(inner) | Kind::OneTable(inner) => {
                paths.push((path.to_owned(), kind));
                collect(inner, path, paths);
            }
            Kind::Tables(inner) => collect(inner, &format!("{path}[0]"), paths),
            Kind::Map(inner) => collect_kind(*inner, &format!("{path}.NAME"), paths),
            Kind::Free => paths.push((format!("{path}.some.option"), kind)),
            kind => paths.push((path.to_owned(), kind)),
        }
    }
    let mut paths = Vec::new();
    collect(ROOT, "traefik", &mut paths);
    collect(&PROVIDER[1..2], "traefik", &mut paths);
    paths
}

/// A value that fits, or one time in six one that may not.
fn value(kind: Kind, seed: u32) -> String {
    const ANY: &[&str] =
        &["true", "yes", "5", "1.5", "", "-1", "10s", "1h30m", "1d", "a,b", " 5", "0x1", "T", "+7", "1_0"];
    let pick = |words: &[&str]| words[seed as usize / 7 % words.len()].to_owned();
    match kind {
        _ if seed.is_multiple_of(6) => pick(ANY),
        Kind::Bool => pick(&["true", "false", "1", "F"]),
        Kind::Int => pick(&["5", "-5", "0", "42"]),
        Kind::Duration => pick(&["5", "10s", "1h30m", "-1ms", "1.5s"]),
        Kind::Text | Kind::Free => pick(&["x", "Path(`/x`)", ""]),
        Kind::List => pick(&["a", "a, b", ""]),
        Kind::Map(_) | Kind::Table(_) | Kind::Tables(_) | Kind::OneTable(_) => pick(&["true", "TRUE", "false", ""]),
    }
}

/// The label, or one with something wrong in its name.
fn mutilated(label: impl Strategy<Value = (String, String)>) -> impl Strategy<Value = (String, String)> {
    (label, any::<prop::sample::Index>(), 0..24u8).prop_map(|((label, value), index, how)| {
        let words: Vec<&str> = label.split('.').collect();
        let at = index.index(words.len());
        let changed = |word: String| {
            let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            words[at] = word;
            words.join(".")
        };
        let word = words[at];
        let label = match how {
            0 => changed(word.chars().skip(1).collect()),
            1 => changed(format!("{word}s")),
            2 => changed(format!("{word}.x")),
            3 => changed(word.to_uppercase()),
            4 => changed(format!("{word}[0]")),
            5 => changed(format!("[0]{word}")),
            6 => changed(String::new()),
            7 => changed(word.replace("[0]", "[x")),
            8 => changed(word.replace("[0]", "[x][1]")),
            9 => changed(word.to_lowercase()),
            10 => format!("{label}."),
            11 => changed(word.replace('s', "ſ")),
            _ => label,
        };
        (label, value)
    })
}

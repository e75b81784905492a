//! What TOML 1.0 does not have, against a reader of TOML 1.0: Python's `tomllib`. Needs Python 3.11 or newer, and is skipped
//! with one that reads TOML 1.1.

mod support;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use stackgen::manifest::{self, Problem};
use stackgen::source::Source;
use support::{everything_said, has_tools, skip, tool};

/// Says of each document whether it can be read; nothing where the first one can, which is of TOML 1.1.
const READER: &str = "
import json, sys
try:
    import tomllib
except ImportError:
    sys.exit()
def reads(text):
    try:
        tomllib.loads(text)
        return True
    except tomllib.TOMLDecodeError:
        return False
if not reads('a = { b = 1, }'):
    json.dump([reads(text) for text in json.load(sys.stdin)], sys.stdout)
";

#[test]
fn what_a_reader_of_1_0_refuses_is_found() {
    if !has_tools(&["python3"]) {
        return;
    }
    let documents = documents(1500);
    let Some(verdicts) = verdicts(&documents) else { return };
    let mut differences = Vec::new();
    for (text, reads) in documents.iter().zip(&verdicts) {
        let found = manifest::newer(&Source::new("", "", text.clone()));
        let only_newer = found.iter().all(|problem| matches!(problem, Problem::NewerToml { .. }));
        if found.is_empty() != *reads || !only_newer {
            differences.push(format!("{text:?}: tomllib reads it: {reads}; we find {found:?}"));
        }
    }
    assert!(differences.is_empty(), "{} of {}:\n{}", differences.len(), documents.len(), differences.join("\n"));
    let read = verdicts.iter().filter(|reads| **reads).count();
    assert!(read > documents.len() / 5 && read < documents.len() * 4 / 5, "{read} of {} are 1.0", documents.len());
}

/// Whether a reader of TOML 1.0 takes each document.
fn verdicts(documents: &[String]) -> Option<Vec<bool>> {
    let mut reader = Command::new(tool("python3").expect("has_tools has found it"));
    let reader = reader.args(["-B", "-c", READER]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut reader = reader.spawn().expect("python3 starts");
    let text = serde_json::to_vec(documents).expect("JSON");
    // One that ends at once reads nothing.
    let _ = reader.stdin.take().expect("a piped stdin").write_all(&text);
    let output = reader.wait_with_output().expect("python3 ends");
    assert!(output.status.success(), "{}", everything_said(&output));
    if output.stdout.is_empty() {
        skip("this python3 has no tomllib of TOML 1.0");
        return None;
    }
    Some(serde_json::from_slice(&output.stdout).expect("JSON from python3"))
}

/// Documents that are all different, and TOML 1.1.
fn documents(count: usize) -> Vec<String> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop::collection::vec(value(), 1..3);
    let mut seen = BTreeSet::new();
    let mut documents = Vec::new();
    while documents.len() < count {
        let values = strategy.new_tree(&mut runner).expect("values").current();
        let lines = values.iter().enumerate().map(|(number, value)| format!("k{number} = {value} # {{ , \\e\n"));
        let text: String = lines.collect();
        if toml::from_str::<toml::Table>(&text).is_ok() && seen.insert(text.clone()) {
            documents.push(text);
        }
    }
    documents
}

fn value() -> BoxedStrategy<String> {
    const SCALARS: &[&str] = &[
        "1",
        "-1.5e3",
        "true",
        "\"a\"",
        "''",
        "'\\e'",
        "\"\\\\e\"",
        "\"\\u0041\"",
        "\"{\\n,}\"",
        "\"\"\"\n,}\"\"\"",
        "'''\n{'''",
        "\"\"\"a\\\n  b\"\"\"",
        "\"\"\"\"a\"\"\"\"\"",
        "07:32:00",
        "1979-05-27",
        "1979-05-27T07:32:00.5-07:00",
        "1979-05-27 07:32:00Z",
        "{}",
        "[]",
        "inf",
        "0x1e",
        "\"a, }\"",
    ];
    const NEWER: &[&str] = &["\"\\e\"", "\"\"\"\\x41\"\"\"", "\"\\\\\\x41\""];
    let scalar = prop_oneof![20 => prop::sample::select(SCALARS), 1 => prop::sample::select(NEWER)];
    let space = || prop_oneof![12 => Just(" "), 1 => Just("\n"), 1 => Just(" # c, }\n"), 1 => Just("\r\n")];
    let comma = || prop_oneof![6 => Just(""), 1 => Just(",")];
    let whole = scalar.prop_map(str::to_owned).prop_recursive(3, 12, 3, move |inner| {
        let items = prop::collection::vec(inner.clone(), 1..3);
        let array = (items, space(), space(), comma()).prop_map(|(items, before, after, comma)| {
            format!("[{before}{}{after}{comma}]", items.join(&format!(",{before}")))
        });
        let entries = prop::collection::vec(inner, 1..3);
        let table = (entries, space(), space(), comma(), space()).prop_map(|(items, before, between, comma, after)| {
            let entries = items.iter().enumerate().map(|(number, item)| format!("k{number} = {item}"));
            format!("{{{before}{}{comma}{after}}}", entries.collect::<Vec<_>>().join(&format!(",{between}")))
        });
        prop_oneof![array, table]
    });
    whole.boxed()
}

//! What we write into YAML and env files: Compose reads the text that was meant.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;
use stackgen::internals;

use crate::judge::{Judge, cases, count};
use crate::oracle::{self, Shell};
use crate::support::compose::has_compose;

/// Any characters, and more of those that mean something.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        2 => any::<char>().prop_map(String::from),
        2 => "[ -~]{1,6}",
        4 => select(vec![
            "\"", "'", "\\", "\\\"", "\\'", "\n", "\r", "\r\n", "\t", "\u{0}", "\u{7f}", "\u{85}", "\u{a0}", "\u{2028}",
            "\u{feff}", "\u{fffe}", "\u{ffff}", "\u{10ffff}", "💥", " #", "# ", ": ", "- ", "? ", "~", "null", "yes", "on",
            "1e3", "0x1", "1_000", "!!str ", "&a", "*a", "|", ">", "%", "@", "`", "{}", "[", "---", "...", " ", "<<", "=",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// The text as the name of a label, which must not be empty to Compose.
fn named(text: &str) -> String {
    if text.trim_matches('\n').is_empty() { format!("k{text}") } else { text.to_owned() }
}

/// What Compose reads from a file with these labels.
fn labels(texts: &[&String]) -> Result<Vec<(String, String)>, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut file = "name: quoting\nservices:\n".to_owned();
    for (position, text) in texts.iter().enumerate() {
        // Compose puts variables into values, but not into keys.
        let (key, value) = (internals::key(&named(text)), internals::yaml(&text.replace('$', "$$")));
        writeln!(file, "  s{position}:\n    image: none\n    labels:\n      {key}: {value}")
            .expect("writing to a string");
    }
    oracle::write(folder.path(), "compose.yml", &file);
    let output = oracle::config(folder.path(), &Shell::new(), &["--file", "compose.yml"]);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON from docker compose config");
    let label = |position: usize| {
        let labels = document["services"][format!("s{position}")]["labels"].as_object().expect("labels");
        let (key, value) = labels.iter().next().expect("a label");
        // `config` prints what could be read again: every `$` doubled.
        (key.replace("$$", "$"), value.as_str().expect("text").replace("$$", "$"))
    };
    Ok((0..texts.len()).map(label).collect())
}

#[test]
fn compose_reads_the_yaml_that_stackgen_writes() {
    if !has_compose() {
        return;
    }
    let judge = Judge {
        what: "texts in YAML",
        ours: |text: &String| Ok::<_, ()>((named(text), text.clone())),
        theirs: |texts: &[&String]| labels(texts),
        is_same_error: |(): &(), _: &str| false,
        is_quirk: |_: &String, (): &()| false,
        shares: (100, 0),
    };
    judge.compare(&cases(&text(), count()));
}

#[test]
fn compose_reads_the_env_values_that_stackgen_writes() {
    if !has_compose() {
        return;
    }
    let values = |texts: &[&String]| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let line = |(position, text): (usize, &&String)| format!("V{position}={}\n", internals::env(text));
        oracle::write(folder.path(), "v.env", &texts.iter().enumerate().map(line).collect::<String>());
        let file = "name: values\nservices:\n  s:\n    image: none\n    env_file: v.env\n";
        oracle::write(folder.path(), "compose.yml", file);
        let environments =
            oracle::environments(&oracle::config(folder.path(), &Shell::new(), &["--file", "compose.yml"]))?;
        Ok((0..texts.len()).map(|position| environments["s"][&format!("V{position}")].clone()).collect())
    };
    let judge = Judge {
        what: "texts in env files",
        ours: |text: &String| Ok::<_, ()>(text.clone()),
        theirs: values,
        is_same_error: |(): &(), _: &str| false,
        is_quirk: |_: &String, (): &()| false,
        shares: (100, 0),
    };
    judge.compare(&cases(&text(), count()));
}

//! Variables in texts: what we put in their place is what Compose puts there, in a value of a service's environment.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use stackgen::compose::interpolation::{SubstituteError, substitute};

use crate::judge::{Judge, cases, count, mutilated};
use crate::oracle::{self, Shell};
use crate::support::compose::has_compose;

fn shell() -> Shell {
    let variables = [("SET", "from $the {shell}"), ("EMPTY", ""), ("_", "_"), ("a1", "${SET}"), ("ſ", "long")];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn ours(text: &str) -> Result<String, SubstituteError> {
    let shell = shell();
    substitute(text, &oracle::lookup(&shell)).map(|made| made.text)
}

/// What Compose makes of the texts, one variable each, and the names that it warns about.
fn understood(texts: &[&String]) -> Result<(Vec<String>, BTreeSet<String>), String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = |position: usize| format!("V{position}");
    let variables: Map<String, Value> =
        texts.iter().enumerate().map(|(position, text)| (name(position), json!(text))).collect();
    // JSON is YAML, but for a few characters that YAML wants escaped.
    let file = json!({ "name": "texts", "services": { "s": { "image": "none", "environment": variables } } });
    oracle::write(folder.path(), "compose.yml", &escaped(&file.to_string()));
    let output = oracle::config(folder.path(), &shell(), &["--file", "compose.yml"]);
    let environments = oracle::environments(&output)?;
    let values = (0..texts.len()).map(|position| environments["s"][&name(position)].clone()).collect();
    let said = String::from_utf8_lossy(&output.stderr);
    let unset =
        said.lines().filter_map(|line| Some(line.split_once("The \\\"")?.1.split_once("\\\" variable")?.0.to_owned()));
    Ok((values, unset.collect()))
}

/// JSON without the characters that are not printable in YAML.
fn escaped(json: &str) -> String {
    let is_printable = |c: char| !matches!(c, '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    json.chars().map(|c| if is_printable(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }).collect()
}

/// Nested expressions, and what looks like one.
fn text() -> impl Strategy<Value = String> {
    let name = || select(vec!["SET", "EMPTY", "NONE", "NONE2", "_", "a1", "set", "ſ", "\u{212a}"]);
    let literal = prop_oneof![
        8 => select(vec![
            "x", " ", "/", ":", "-", "?", "+", "\"", "'", "#", "\\", "=", ".", "é", "💥", "\t", "\r", "://", "a b", "1",
        ]),
        2 => select(vec!["$$", "$$$$", "$", "$1", "$(x)", "$ ", "$é", "$-", "$}", "$\"", "\u{0}", "\u{85}", "\u{2028}"]),
        1 => select(vec!["{", "}", "{}", "{x}", "\n", "\r\n", "}}"]),
    ]
    .prop_map(str::to_owned);
    let plain = prop_oneof![
        3 => name().prop_map(|name| format!("${{{name}}}")),
        3 => name().prop_map(|name| format!("${name}")),
    ];
    let operator = || {
        prop_oneof![
            20 => select(vec![":-", ":-", ":-", "-", "-", ":+", ":+", "+", "+"]),
            4 => select(vec![":?", "?"]),
            1 => select(vec![":", ":=", "=", ".", "[", " ", "::", "/", "#", "%", "^", "--", ":--"]),
        ]
    };
    let wrong =
        select(vec!["${", "${}", "${ SET}", "${1}", "${SET", "${SET:-x", "${é}", "${$SET}", "${SET }", "${:-x}"])
            .prop_map(str::to_owned);
    let leaf = prop_oneof![12 => literal, 10 => plain, 1 => wrong];
    let piece = leaf.prop_recursive(4, 24, 3, move |inner| {
        let argument = prop::collection::vec(inner, 0..3).prop_map(|pieces| pieces.concat());
        (name(), operator(), argument).prop_map(|(name, operator, argument)| format!("${{{name}{operator}{argument}}}"))
    });
    let pieces = prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat());
    mutilated(pieces, &["$", "{", "}", "${", "$$", "\n", ":", "-", "?", "${NONE:-", "\u{17f}"])
}

#[test]
fn compose_puts_into_texts_what_stackgen_does() {
    if !has_compose() {
        return;
    }
    let texts = cases(&text(), count());
    let judge = Judge {
        what: "texts with variables",
        ours: |text: &String| ours(text),
        theirs: |texts: &[&String]| understood(texts).map(|(values, _)| values),
        is_same_error: |error: &SubstituteError, said: &str| match error {
            SubstituteError::Syntax { .. } => said.contains("nvalid interpolation format"),
            SubstituteError::Missing { name, .. } => {
                said.contains(&format!("required variable {name} is missing a value"))
            }
        },
        is_quirk: |_: &String, _: &SubstituteError| false,
        shares: (50, 15),
    };
    judge.compare(&texts);
}

/// Compose warns of more: also of variables in arguments that nothing needs.
#[test]
fn compose_warns_of_every_variable_that_stackgen_calls_unset() {
    if !has_compose() {
        return;
    }
    let shell = shell();
    let texts = cases(&text(), count().min(1000));
    let read = texts.iter().filter_map(|text| Some((text, substitute(text, &oracle::lookup(&shell)).ok()?.unset)));
    let warned: Vec<(&String, Vec<String>)> = read.filter(|(_, unset)| !unset.is_empty()).collect();
    let (few, all) = (warned.len(), texts.len());
    assert!(few > all / 25, "{few} of {all} texts warn");
    for texts in warned.chunks(5) {
        let ours: BTreeSet<String> = texts.iter().flat_map(|(_, unset)| unset.clone()).collect();
        let texts: Vec<&String> = texts.iter().map(|(text, _)| *text).collect();
        let (_, theirs) = understood(&texts).expect("texts that can be read");
        assert_eq!(ours.difference(&theirs).collect::<Vec<_>>(), [""; 0], "{texts:?}");
    }
}

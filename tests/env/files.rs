//! Env files: what stackgen reads is what Compose reads, and what it refuses Compose refuses.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use stackgen::compose::dotenv::EnvFile;

use crate::oracle::{self, Shell};
use crate::support::compose::has_compose;
use crate::support::{in_parallel, say};

/// How many files Compose reads at once.
const BATCH: usize = 100;

fn shell() -> Shell {
    let variables = [("SET", "from $the shell"), ("EMPTY", ""), ("B", "of the shell")];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What stackgen reads; none where it refuses.
fn read(text: &str) -> Option<BTreeMap<String, String>> {
    let shell = shell();
    let values = EnvFile::parse(text).and_then(|file| file.values(&oracle::lookup(&shell))).ok()?;
    Some(values.into_iter().map(|(name, assigned)| (name, assigned.value)).collect())
}

/// What Compose reads from each file, one service per file; what it says where it refuses one of them.
fn understood(texts: &[&String]) -> Result<Vec<BTreeMap<String, String>>, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut file = String::from("name: env\nservices:\n");
    for (position, text) in texts.iter().enumerate() {
        oracle::write(folder.path(), &format!("{position}.env"), text);
        writeln!(file, "  s{position}:\n    image: none\n    env_file: {position}.env").expect("writing to a string");
    }
    oracle::write(folder.path(), "compose.yml", &file);
    let environments = oracle::environments(&oracle::config(folder.path(), &shell(), &["--file", "compose.yml"]))?;
    Ok((0..texts.len()).map(|position| environments[&format!("s{position}")].clone()).collect())
}

/// What is different from what Compose makes of these texts, which stackgen reads.
fn differences(texts: &[&String]) -> Vec<String> {
    match understood(texts) {
        Ok(environments) => {
            let pairs = texts.iter().zip(environments);
            let different = pairs.filter(|(text, theirs)| read(text).as_ref() != Some(theirs));
            different
                .map(|(text, theirs)| format!("{text:?}: Compose has {theirs:?}, we have {:?}", read(text)))
                .collect()
        }
        Err(said) if texts.len() == 1 => vec![format!("{:?}: Compose refuses it: {}", texts[0], said.trim())],
        Err(_) => {
            let (first, second) = texts.split_at(texts.len() / 2);
            [differences(first), differences(second)].concat()
        }
    }
}

/// Pieces of env files that mean something, and anything else.
fn text() -> impl Strategy<Value = String> {
    let name = || select(vec!["A", "B", "SET", "EMPTY", "NONE", "c.d-e[0]", "1F", "é", "_"]);
    let rare = vec!["\u{a0}", "\r", "\u{b}", "\u{85}", "\u{2003}", "\n"];
    let space = move || prop_oneof![20 => select(vec!["", "", " ", "\t", "  "]), 1 => select(rare.clone())];
    let separator = (space(), select(vec!["=", "=", "=", "=", "=", "=", ":", ":", "==", "\n", ""]), space())
        .prop_map(|(before, separator, after)| format!("{before}{separator}{after}"));
    let good = vec!["", "", ":-", ":-", "-", "-", ":+", "+"];
    let operator = prop_oneof![12 => select(good), 2 => select(vec![":?", "?"]), 1 => select(vec![":", "=", "/"])];
    let argument = prop_oneof![
        9 => select(vec!["", "x", "${A}", "$B", "{x}", "a}b", "${NONE:-${SET}}"]),
        1 => select(vec!["{}", "\n", "${", "${NONE:?}"]),
    ];
    let expression =
        (name(), operator, argument).prop_map(|(name, operator, argument)| format!("${{{name}{operator}{argument}}}"));
    let dollar = prop_oneof![
        12 => expression,
        4 => name().prop_map(|name| format!("${name}")),
        4 => select(vec!["$$", "$", "$1", "$(x)", "\\$A", "${\u{17f}:-x}", "$\u{212a}"]).prop_map(str::to_owned),
        1 => select(vec!["${", "${}"]).prop_map(str::to_owned),
    ];
    let word = select(vec![
        "x", "word", "#", " #", " # c", "'", "\"", "\\", "\\'", "\\\"", "\\n", "\\t", "\\\\", "\\0", "\\0101",
        "\\0400", "\\08", "\\c", "\\x", "=", ":", "!", " ", "\t", "\r", "é", "}", "{", "\u{feff}", "\u{0}",
    ])
    .prop_map(str::to_owned);
    let piece = prop_oneof![3 => word, 2 => dollar, 2 => "[a-z0-9]{1,5}"];
    let inner = prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat());
    let value = (inner, select(vec!["", "", "'", "\"", "\""]), prop::bool::weighted(0.95))
        .prop_map(|(inner, quote, is_closed)| format!("{quote}{inner}{}", if is_closed { quote } else { "" }));
    let export = prop_oneof![
        6 => Just(""),
        3 => select(vec!["export ", "export\t", "export  "]),
        1 => select(vec!["export", "export\n", "export\u{a0}"]),
    ];
    let end = prop_oneof![
        9 => select(vec!["\n", "\n", "\r\n", " # c\n", "#\n", "\n\n", "\n# c\n"]),
        1 => select(vec!["", " ", "\r"]),
    ];
    let statement =
        (space(), export, name(), separator, value, end).prop_map(|(space, export, name, separator, value, end)| {
            format!("{space}{export}{name}{separator}{value}{end}")
        });
    let start = select(vec!["", "", "", "", "\u{feff}", "# c\n", "\n", "#"]);
    let statements = prop::collection::vec(statement, 1..4).prop_map(|statements| statements.concat());
    let structured = (start, statements).prop_map(|(start, statements)| format!("{start}{statements}"));
    prop_oneof![
        9 => structured,
        1 => "[AB=: #'\"\\\\$\\{\\}?\n\r\t-]{0,24}",
    ]
}

/// Texts from a fixed seed, without doubles.
pub(crate) fn texts(count: usize) -> Vec<String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut texts = std::collections::BTreeSet::new();
    while texts.len() < count {
        texts.insert(text().new_tree(&mut runner).expect("a text").current());
    }
    texts.into_iter().collect()
}

/// `PROPTEST_CASES` asks for more.
#[test]
fn compose_reads_env_files_as_stackgen_does() {
    if !has_compose() {
        return;
    }
    let texts = texts(usize::try_from(Config::default().cases).expect("a number").max(600));
    let (good, bad): (Vec<&String>, Vec<&String>) = texts.iter().partition(|text| read(text).is_some());
    say(&format!("env files: {} are read, {} refused", good.len(), bad.len()));
    assert!(good.len() > texts.len() / 4 && bad.len() > texts.len() / 10, "both kinds have to be there");
    let batches: Vec<&[&String]> = good.chunks(BATCH).collect();
    let mut different = in_parallel(&batches, |batch| differences(batch)).concat();
    let accepted = in_parallel(&bad, |text| understood(&[text]).ok().map(|theirs| (*text, theirs)));
    different.extend(accepted.into_iter().flatten().map(|(text, theirs)| {
        let flaw = EnvFile::parse(text).and_then(|file| file.values(&oracle::lookup(&shell()))).expect_err("a flaw");
        format!("{text:?}: Compose has {theirs:?}, we refuse it: {flaw}")
    }));
    assert!(different.is_empty(), "{} of {}:\n{}", different.len(), texts.len(), different.join("\n"));
}

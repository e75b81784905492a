//! Whatever stands in services.toml: no panic, and an error that says something.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::Config;
use stackgen::diagnostics::emit::{Format, Outcome, Terminal};
use stackgen::project::{Analysis, Project};
use stackgen::render;
use stackgen::source::Source;

use super::support::repository;

/// One change to a text, at a place that is found in any text.
#[derive(Debug, Clone)]
enum Change {
    DeleteLines(Index, usize),
    RepeatLines(Index, usize),
    MoveLine(Index, Index),
    Delete(Index, usize),
    Insert(Index, String),
    Replace(Index, usize, String),
    /// A word of the file in place of another one: keys as values, names as other names.
    Swap(Index, Index),
    CutOff(Index),
}

/// What people and programs write by mistake.
const FRAGMENTS: [&str; 44] = [
    "=",
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    ",",
    ".",
    "\n",
    "\r\n",
    "\t",
    "#",
    "${",
    "}",
    "$",
    "$$",
    "${}",
    "${services.}",
    "${services.redis.url}",
    "${services.redis.ports.x}",
    "${V:-${W:?x}}",
    "${V:?",
    "true",
    "false",
    "-1",
    "0",
    "65536",
    "99999999999999999999",
    "1e999",
    "nan",
    "1979-05-27T07:32:00Z",
    "[]",
    "{}",
    "\u{0}",
    "\u{202e}",
    "\u{feff}",
    "é",
    "🦀",
    "/",
    "..",
    "...",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(&FRAGMENTS[..]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => prop::collection::vec(any::<char>(), 0..6).prop_map(|chars| chars.into_iter().collect()),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        2 => (place(), 1..4_usize).prop_map(|(at, count)| Change::DeleteLines(at, count)),
        2 => (place(), 1..4_usize).prop_map(|(at, count)| Change::RepeatLines(at, count)),
        1 => (place(), place()).prop_map(|(from, to)| Change::MoveLine(from, to)),
        2 => (place(), 1..30_usize).prop_map(|(at, count)| Change::Delete(at, count)),
        3 => (place(), text()).prop_map(|(at, text)| Change::Insert(at, text)),
        3 => (place(), 1..12_usize, text()).prop_map(|(at, count, text)| Change::Replace(at, count, text)),
        6 => (place(), place()).prop_map(|(one, other)| Change::Swap(one, other)),
        1 => place().prop_map(Change::CutOff),
    ]
}

impl Change {
    fn apply(&self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        match self {
            Self::DeleteLines(at, count) => {
                let at = at.index(lines.len());
                lines.drain(at..(at + count).min(lines.len()));
                lines.concat()
            }
            Self::RepeatLines(at, count) => {
                let at = at.index(lines.len());
                let repeated = lines[at..(at + count).min(lines.len())].to_vec();
                lines.splice(at..at, repeated);
                lines.concat()
            }
            Self::MoveLine(from, to) => {
                let line = lines.remove(from.index(lines.len()));
                lines.insert(to.index(lines.len() + 1), line);
                lines.concat()
            }
            Self::Delete(at, count) => replaced(text, *at, *count, ""),
            Self::Insert(at, new) => replaced(text, *at, 0, new),
            Self::Replace(at, count, new) => replaced(text, *at, *count, new),
            Self::Swap(one, other) => {
                let words = words(text);
                if words.is_empty() {
                    return text.to_owned();
                }
                let (at, word) = words[one.index(words.len())];
                let (_, new) = words[other.index(words.len())];
                format!("{}{new}{}", &text[..at], &text[at + word.len()..])
            }
            Self::CutOff(at) => text.chars().take(at.index(text.chars().count())).collect(),
        }
    }
}

/// The text with some characters replaced.
fn replaced(text: &str, at: Index, count: usize, new: &str) -> String {
    let at = at.index(text.chars().count());
    let before: String = text.chars().take(at).collect();
    let after: String = text.chars().skip(at + count).collect();
    before + new + &after
}

/// The words with their places, comments left out.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default();
        for word in code.split(|c: char| !(c.is_alphanumeric() || "-_".contains(c))).filter(|word| !word.is_empty()) {
            words.push((start + (word.as_ptr() as usize - line.as_ptr() as usize), word));
        }
        start += line.len();
    }
    words
}

/// Reads, plans, judges, prints and renders.
fn survives(text: &str) -> Analysis {
    let source = Source::new("services.toml", repository(), text.to_owned());
    let project = Project::from_source(source);
    let analysis = project.analyse().expect("a text is never a reason not to work");
    let environments = analysis.environments();
    let outcome = Outcome::new(project.source(), &analysis.report, &[]).of_environments(&environments);
    for format in Format::ALL {
        for color in [false, true] {
            let terminal = Terminal { color, ..Terminal::default() };
            let mut printed = Vec::new();
            format.emit(&outcome, terminal, &mut printed).expect("a vector can be written to");
            String::from_utf8(printed).expect("text");
        }
    }
    if !analysis.report.has_errors() {
        assert!(!analysis.plans.is_empty(), "no plan and no error");
        render::render(&analysis.plans, "services.toml", project.templates())
            .expect("what has no errors can be rendered");
    }
    for finding in &analysis.report.findings {
        assert!(!finding.message.is_empty(), "a finding without a message: {finding:?}");
    }
    analysis
}

#[test]
fn the_voice_stack_itself_is_clean() {
    let text = std::fs::read_to_string(repository().join("services.toml")).expect("services.toml");
    let analysis = survives(&text);
    assert!(analysis.report.findings.is_empty(), "{:?}", analysis.report.findings);
    assert_eq!(analysis.environments(), ["dev", "prod"]);
}

/// `PROPTEST_CASES` asks for more.
fn config() -> Config {
    let default = Config::default();
    Config { cases: default.cases.max(600), max_shrink_iters: 2000, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_change_to_the_voice_stack_makes_it_panic(changes in prop::collection::vec(change(), 1..5)) {
        let text = std::fs::read_to_string(repository().join("services.toml")).expect("services.toml");
        survives(&changes.iter().fold(text, |text, change| change.apply(&text)));
    }

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof!["\\PC{0,200}", "[\\[\\]{}=\"'.,a-c\n ${}:?-]{0,200}"]) {
        survives(&text);
    }
}

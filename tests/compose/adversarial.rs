//! Texts that mean something to TOML, YAML, Compose, a shell or Go, on their way through all of them.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use toml::{Table, Value};

/// How many texts one Compose file holds.
const BATCH: usize = 128;

/// What is likely to be taken for something else; each is also tried alone.
#[rustfmt::skip]
const PARTS: [&str; 86] = [
    // Space, control and invisible characters, and the edges of Unicode.
    "", " ", "  ", "\t", "\n", "\n\n", "\r", "\r\n", "\u{1}", "\u{b}", "\u{c}", "\u{1b}[0m", "\u{7f}", "\u{80}", "\u{85}",
    "\u{a0}", "\u{ad}", "\u{200b}", "\u{200d}", "\u{2028}", "\u{2029}", "\u{202e}", "\u{feff}", "\u{fffd}", "\u{fffe}",
    "\u{ffff}", "\u{10ffff}", "é", "e\u{301}", "語", "💥", "👩\u{200d}💻",
    // Quotes, escapes, variables and templates.
    "'", "\"", "''", "\"\"\"", "`", "\\", "\\\\", "\\n", "\\u0041", "\\x41", "\\'", "$", "$$", "$$$", "$X", "$$X", "$1",
    "${X}", "${X:-y}", "${X:?y}", "${", "$}", "{", "}", "{{ X }}", "{% X %}", "$(X)",
    // What YAML, TOML and env files read into plain text.
    "#", " # x", ": ", ":", "- ", "-", "---", "...", "? ", "!", "!!str x", "&x", "*x", "%", "@", "|", ">", "[x", "{x: y}",
    ",", "~", "null", "yes", "No", "0o17", "1e3", "<<",
];

/// A text that a user could mean. NUL is none: neither an environment variable nor a word of a command can hold it.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => select(PARTS.as_slice()).prop_map(str::to_owned),
        2 => "[ -~]{0,6}",
        1 => any::<char>().prop_filter("NUL", |c| *c != '\0').prop_map(String::from),
        1 => Just("X".to_owned()),
    ];
    vec(part, 0..8).prop_map(|parts| parts.concat())
}

/// Texts that are always tried: each part, and what is as long as an environment variable gets in practice.
fn always() -> Vec<String> {
    let mut texts: Vec<String> = PARTS.into_iter().map(str::to_owned).collect();
    texts.extend([" $ # 💥\n'\"\\".repeat(5_000), "${X}".repeat(16_384), "x".repeat(65_536)]);
    texts
}

/// Tries batches of texts, the fixed ones first, until `count` and more have passed; returns how many.
///
/// # Panics
/// With the smallest batch that `check` complains about.
pub(crate) fn for_texts(
    count: usize,
    keep: fn(&str) -> bool,
    check: impl Fn(&[String]) -> Result<(), String>,
) -> usize {
    let tried = Cell::new(0);
    let check = |texts: &[String]| {
        tried.set(tried.get() + texts.len());
        check(texts)
    };
    let fixed: Vec<String> = always().into_iter().filter(|text| keep(text)).collect();
    for texts in fixed.chunks(BATCH) {
        check(texts).unwrap_or_else(|said| panic!("{said}"));
    }
    let config = Config {
        cases: u32::try_from(count / BATCH + 1).expect("few batches"),
        max_shrink_iters: 400,
        // What fails is shown as it is; it belongs into the list above.
        failure_persistence: None,
        ..Config::default()
    };
    let batch = vec(text().prop_filter("not kept", move |text| keep(text)), BATCH);
    let outcome = TestRunner::new(config).run(&batch, |texts| check(&texts).map_err(TestCaseError::fail));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    tried.get()
}

/// How a text is written in services.toml: `$$` where a `$` would begin something else.
pub(crate) fn written(meant: &str) -> String {
    let mut text = String::with_capacity(meant.len());
    let mut rest = meant.chars().peekable();
    while let Some(c) = rest.next() {
        text.push(c);
        let begins = |next: &char| matches!(next, '$' | '{' | '_') || next.is_ascii_alphabetic();
        if c == '$' && rest.peek().is_some_and(begins) {
            text.push('$');
        }
    }
    text
}

/// TOML that a reader takes for exactly `table`.
pub(crate) fn to_toml(table: &Table) -> String {
    let text = toml::to_string(table).expect("TOML");
    assert_eq!(text.parse::<Table>().as_ref(), Ok(table), "the TOML of this test itself");
    text
}

/// A table of these entries.
pub(crate) fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

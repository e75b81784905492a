//! Texts and spans that nobody expects: none may panic, print a control character, or show a secret.

use proptest::prelude::*;

use super::*;

/// One error whose labels have these spans, and a secret.
fn weird(spans: &[Range<usize>], secret: Range<usize>) -> Report {
    let spot = |span: &Range<usize>| Spot { file: None, span: span.clone(), text: "here".to_owned(), entry: None };
    let mut spots = spans.iter().map(spot);
    let finding = Resolved {
        rule: "rule",
        severity: Severity::Error,
        message: "message".to_owned(),
        primary: spots.next().unwrap(),
        secondary: spots.collect(),
        help: None,
        fix: None,
        environments: Vec::new(),
    };
    Report { findings: vec![finding], redacted: vec![secret], ..Report::default() }
}

/// What people see of one label, without the summary.
fn excerpt(text: &str, span: Range<usize>) -> String {
    let (source, report) = (source(text), weird(&[span], 0..0));
    human(&Outcome::new(&source, &report, &[])).split("\n\n").next().unwrap().to_owned()
}

#[test]
fn places_without_a_character_are_shown() {
    same(&excerpt("", 0..0), "error[rule]: message\n --> services.toml:1:1\n  |\n1 |\n  | ^ here");
    same(&excerpt("a = 1", 5..5), "error[rule]: message\n --> services.toml:1:6\n  |\n1 | a = 1\n  |      ^ here");
    same(&excerpt("a = 1\n", 6..6), "error[rule]: message\n --> services.toml:2:1\n  |\n2 |\n  | ^ here");
    same(&excerpt("a = 1\n", 99..400), "error[rule]: message\n --> services.toml:2:1\n  |\n2 |\n  | ^ here");
    same(&excerpt("a =\r\nb = 1", 3..5), "error[rule]: message\n --> services.toml:1:4\n  |\n1 | a =\n  |    ^ here");
}

#[test]
fn tabs_wide_characters_and_crlf_keep_the_marks_in_place() {
    let text = "# é\r\n\tname = \"日本\" # c\r\n";
    let at = text.find("# c").unwrap();
    let shown = excerpt(text, at..at + 3);
    let expected = "error[rule]: message\n --> services.toml:2:14\n  |\n2 |     name = \"日本\" # c\n  |                   ^^^ here";
    same(&shown, expected);
    // In the middle of a character.
    assert!(excerpt(text, 3..4).contains("services.toml:1:3"), "{}", excerpt(text, 3..4));
}

#[test]
fn endless_lines_are_trimmed() {
    let text = format!("{} = {{ a = \"{}\", b = 1 }}\n", "k".repeat(70_000), "v".repeat(70_000));
    let (a, b) = (text.find('"').unwrap(), text.rfind('1').unwrap());
    let source = source(&text);
    for spans in [vec![a..a + 70_002, 0..3], vec![b..b + 1, 0..70_000, a..b, 0..text.len()]] {
        let report = weird(&spans, 0..0);
        let shown = human(&Outcome::new(&source, &report, &[]));
        assert!(shown.lines().all(|line| line.chars().count() <= 2 * 140), "{shown}");
        assert!(shown.contains(&format!("services.toml:1:{}\n", spans[0].start + 1)), "{shown}");
    }
}

#[test]
fn terminal_controls_in_words_are_made_visible() {
    let source = source("a = 1\n");
    let mut report = weird(&[0..1, 2..3], 0..0);
    report.findings[0].message = "red \u{1b}[31m\u{1}".to_owned();
    report.findings[0].primary.text = "two\nlines \u{9b}31m".to_owned();
    report.findings[0].help = Some("\u{7}\u{202e}".to_owned());
    let drift = [drift("x\u{1b}", "changed", "\u{8}", Some("+\u{1b}]0;title\u{7}"))];
    let shown = human(&Outcome::new(&source, &report, &drift));
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    assert!(shown.contains(" --> services.toml:1:1\n"), "{shown}");
    assert!(shown.contains("two lines"), "{shown}");
}

/// Characters that are hard to count.
const HARD: &[&str] =
    &["a", "\"", "'", " ", "=", "\n", "\r\n", "\r", "\t", "é", "日", "🦀", "\u{301}", "\u{200d}", "\u{0}"];

/// Texts of such characters, some of them often.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => prop::sample::select(HARD).prop_map(str::to_owned),
        1 => (prop::sample::select(HARD), 0..300_usize).prop_map(|(text, times)| text.repeat(times)),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

/// Ranges in and around such a text, some of them backwards.
fn range() -> impl Strategy<Value = Range<usize>> {
    let offset = || prop_oneof![4 => 0..80_usize, 4 => 0..1500_usize, 1 => Just(usize::MAX)];
    (offset(), offset()).prop_map(|(start, end)| start..end)
}

proptest! {
    #[test]
    fn any_text_and_any_spans_can_be_shown(
        text in text(),
        spans in prop::collection::vec(range(), 1..5),
        secret in range(),
        width in 0..200_usize,
        color in any::<bool>(),
    ) {
        let (source, report) = (source(&text), weird(&spans, secret));
        let drift = [drift("x", "changed", &text, Some(&text))];
        let outcome = Outcome::new(&source, &report, &drift);
        for format in Format::ALL {
            let shown = printed(*format, &outcome, Terminal { color, width, verbose: false });
            match format {
                Format::Human => {}
                Format::Json | Format::Sarif => {
                    prop_assert!(serde_json::from_str::<serde_json::Value>(&shown).is_ok(), "{}", shown);
                }
                Format::Github => {
                    prop_assert_eq!(shown.lines().filter(|line| line.starts_with("::error file=")).count(), 2);
                    prop_assert_eq!(shown.split_inclusive('\n').count(), 2, "{}", shown);
                }
            }
        }
    }

    #[test]
    fn no_secret_is_ever_shown(
        before in text(),
        after in text(),
        lines in prop::collection::vec("[a-z]{0,3}S3[A-Z]{4,9}", 1..4),
        spans in prop::collection::vec(range(), 1..5),
        width in 0..200_usize,
    ) {
        let secret = lines.join("\n");
        let text = format!("{before}'''{secret}'''{after}{}", lines[0]);
        let place = before.len()..before.len() + secret.len() + 6;
        let mut spans = spans;
        spans.push(place.clone());
        let (source, report) = (source(&text), weird(&spans, place));
        let drift = [drift("x", "changed", &lines[0], Some(&text))];
        let outcome = Outcome::new(&source, &report, &drift);
        for format in Format::ALL {
            let shown = printed(*format, &outcome, Terminal { width, ..Terminal::default() });
            prop_assert!(lines.iter().all(|line| !shown.contains(line)), "{}", shown);
        }
    }
}

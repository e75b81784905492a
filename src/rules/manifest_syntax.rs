//! `manifest-syntax`: see [`RULE`].

use std::ops::Range;

use super::{Context, Rule, names_secret};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::{Problem, syntax};
use crate::source::{KeyPath, Source, Step};

mod example;

/// A text that is no TOML, or a value of the wrong type.
pub(super) static RULE: Rule = Rule {
    id: "manifest-syntax",
    severity: Severity::Error,
    summary: "a text that is no TOML, or a value of the wrong type",
    docs: "\
services.toml is no valid TOML, has a key twice, a value of the wrong type, a word that is none of those allowed, or
lacks a key that must be there.

**Why it breaks.** Nothing can be rendered from a text that has no meaning, or two. TOML lets a table be written in
several spellings (`[services.web.env]`, `env.X = …`, `env = { … }`), but each table in one of them only. Numbers are not
texts: `version = 3.10` is 3.1.

**How it shows.** Not at run time: stackgen renders nothing until the file can be read.

```toml
[services.web]
port = \"3000\"                # bad: text, and a port is a number
version = 22                 # bad: a number, and a version is text
env.LOG = \"info\"

[services.web.env]           # bad: the table was begun above, in another spelling
NODE_ENV = \"production\"

[services.web]
port = 3000                  # good
version = \"22\"

[services.web.env]
LOG = \"info\"
NODE_ENV = \"production\"
```

**Fix.** Write what the finding asks for. Keep to one spelling per table; where it has many keys, a header is the best.

**Source.** The TOML specification 1.0, \"Table\" and \"Inline Table\"; the schema of services.toml: `stackgen schema`.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

/// What the parser says of a text whose quote is not closed in its line.
const OPEN_TEXT: &str = "invalid basic string, expected `\"`";
const OPEN_LITERAL: &str = "invalid literal string, expected `'`";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let problems = &context.read.problems;
    findings.extend(problems.iter().filter(|problem| !is_echo(problem, problems)).filter_map(finding));
}

/// Whether a key is missing only because it is misspelt or of the wrong type, which is reported on its own.
fn is_echo(problem: &Problem, problems: &[Problem]) -> bool {
    let Problem::MissingKey { path, key, .. } = problem else { return false };
    let missing = path.key(key);
    problems.iter().any(|other| match other {
        Problem::WrongType { path, .. } | Problem::WrongValue { path, .. } => missing.starts_with(path),
        Problem::UnknownKey { path, meant: Some(meant), .. } => {
            let above = &path.steps()[..path.steps().len().saturating_sub(1)];
            missing.starts_with(&KeyPath::from_steps(above).key(meant))
        }
        _ => false,
    })
}

/// The finding about a problem, where it is one of this rule's.
pub(super) fn finding(problem: &Problem) -> Option<Finding> {
    let new = |message, label| Finding::new(RULE.id, RULE.severity, message, label);
    match problem {
        Problem::WrongType { path, environment, expected, found, .. } => {
            let expected = expected.replace("`false`, `true` or `false`", "`true` or `false`");
            let is_half_right = expected.starts_with("`false`") && *found == "`true` or `false`";
            let said = if is_half_right { "`true`" } else { found };
            let label = Label::value(environment.as_deref(), path.clone(), format!("this is {said}"));
            let label = if may_be_secret(path) && *found != "a date" { label.redacted() } else { label };
            let expected = expected.replace("a whole number, a number", "a number");
            let finding = new(format!("{} takes {expected}, not {said}", name(path)), label);
            if let Some(example) = example::of(path) {
                return Some(finding.help(example));
            }
            let wants_text = expected.split(" or ").any(|word| word.ends_with("text"));
            let wants_number = expected.split(" or ").any(|word| word.starts_with("a whole number"));
            Some(match *found {
                "a whole number" | "a number" | "a date" if wants_text => finding.help("put it in quotes"),
                "text" if wants_number => finding.help("write the number without quotes"),
                "text" if expected.contains("an array") => finding.help("put it in brackets: `[\"…\"]`"),
                _ => finding,
            })
        }
        Problem::WrongValue { path, environment, expected, meant } => {
            let says = if expected.contains('"') { "not one of them" } else { "out of range" };
            let label = Label::value(environment.as_deref(), path.clone(), says);
            let finding = new(format!("{} takes {expected}", name(path)), label);
            Some(match meant {
                Some(meant) => finding.help(format!("did you mean \"{meant}\"?")),
                None => finding,
            })
        }
        Problem::MissingKey { path, environment, key, in_base } => {
            let overlay = environment.as_deref().filter(|_| !in_base);
            let label = Label::key(overlay, path.clone(), format!("has no `{key}`"));
            let help = if path.steps().len() == 1 {
                format!("add it to that table:\n[{path}]\n{key} = \"…\"")
            } else {
                format!("add `{key} = …`")
            };
            let mut finding = new(format!("`{path}` needs `{key}`"), label).help(help);
            finding.environment.clone_from(environment);
            Some(finding)
        }
        _ => None,
    }
}

/// What an entry is called: its key, or that of the array around it.
fn name(path: &KeyPath) -> String {
    let key = path.steps().iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    let key = key.unwrap_or_default();
    if matches!(path.steps().last(), Some(Step::Index(_))) {
        format!("an entry of `{key}`")
    } else {
        format!("`{key}`")
    }
}

/// Whether the value of an environment variable stands there, or the default of an operator's.
fn may_be_secret(path: &KeyPath) -> bool {
    matches!(
        (path.key_at(0), path.key_at(1), path.key_at(2), path.key_at(3)),
        (Some("services"), _, Some("env"), Some(_))
            | (Some("defaults"), Some("env"), Some(_), _)
            | (Some("variables"), _, Some("default" | "example"), _)
    )
}

/// The findings about a text that is no TOML.
pub(super) fn of_text(source: &Source, problems: &[Problem]) -> Vec<Finding> {
    let mut errors: Vec<(&Range<usize>, &str)> = Vec::new();
    for problem in problems {
        if let Problem::Syntax { range, message } = problem {
            errors.push((range, message));
        }
    }
    errors.sort_by_key(|(range, _)| range.start);
    let (repeated, broken): (Vec<_>, Vec<_>) = errors
        .into_iter()
        .partition(|(_, message)| *message == "duplicate key" || message.starts_with("cannot extend"));
    let (mut findings, swallowed) = broken_text(source, &broken);
    let repeated = repeated.into_iter().filter(|(range, _)| !swallowed.iter().any(|part| part.contains(&range.start)));
    let mut inside = 0..0;
    for (range, message) in repeated {
        // Under a header that stands twice every key may stand twice.
        if inside.contains(&range.start) {
            continue;
        }
        if let Some(table) = syntax::below_header(source.text(), range) {
            inside = table;
        }
        findings.push(repeated_key(source, range, message));
    }
    findings
}

/// The parser goes on after a mistake, and then takes what follows an open bracket for its entries. So there is one
/// finding for all up to where it gives up, and else one per line. Gives also what was swallowed so.
fn broken_text(source: &Source, errors: &[(&Range<usize>, &str)]) -> (Vec<Finding>, Vec<Range<usize>>) {
    let mut findings = Vec::new();
    let mut swallowed = Vec::new();
    let mut rest = errors;
    while let Some(((range, message), tail)) = rest.split_first() {
        let line = source.position(range.start).line;
        let end = rest.iter().rposition(|(_, message)| is_unclosed(message));
        let bracket = end.and_then(|end| Some((open_bracket(source, rest, line)?, end)));
        if let Some((open, end)) = bracket {
            // The bracket may well be closed, in a text that is not.
            let finding = if is_open_text(message) { no_toml(source, range, message) } else { unclosed(source, &open) };
            findings.push(finding);
            swallowed.push(open.at.start..rest[end].0.start + 1);
            rest = &rest[end + 1..];
        } else {
            findings.push(no_toml(source, range, message));
            rest = tail;
        }
        let same_line = rest.iter().take_while(|(range, _)| source.position(range.start).line == line).count();
        rest = &rest[same_line..];
    }
    (findings, swallowed)
}

/// A bracket that is not closed, and what follows it.
struct Open {
    at: Range<usize>,
    close: &'static str,
    before: Range<usize>,
}

/// The bracket because of which the parser stumbles in this line, or that stands in it.
fn open_bracket(source: &Source, errors: &[(&Range<usize>, &str)], line: usize) -> Option<Open> {
    let (before, _) = errors.iter().find(|(_, message)| is_in_bracket(message))?;
    let (at, close) = syntax::open(source.text().get(..before.start)?)?;
    let is_here = |offset: usize| source.position(offset).line == line;
    (is_here(at.start) || is_here(before.start)).then(|| Open { at, close, before: (*before).clone() })
}

fn is_in_bracket(message: &str) -> bool {
    ["array", "inline table", "key-value pairs"].iter().any(|words| message.contains(words))
}

fn is_unclosed(message: &str) -> bool {
    message.starts_with("unclosed array") || message.starts_with("unclosed inline table")
}

fn is_open_text(message: &str) -> bool {
    matches!(message, OPEN_TEXT | OPEN_LITERAL)
}

fn unclosed(source: &Source, open: &Open) -> Finding {
    let what = if open.close == "]" { "array" } else { "inline table" };
    let label = Label::bytes(open.at.clone(), "opened here");
    let finding = Finding::new(RULE.id, RULE.severity, format!("an {what} is not closed"), label)
        .with(Label::bytes(open.before.clone(), "not closed before this"))
        .help(format!("close it with `{}`", open.close));
    veiled(source, open.at.start, finding)
}

fn no_toml(source: &Source, range: &Range<usize>, message: &str) -> Finding {
    let text = source.text();
    let found = text.get(range.clone()).unwrap_or_default();
    let is_word = found.starts_with(char::is_alphabetic);
    let new = |message: &str, label| Finding::new(RULE.id, RULE.severity, message, label);
    let at = Label::bytes(range.clone(), "");
    let finding = match message {
        OPEN_TEXT => new("a text is not closed", at).help("close it with `\"`"),
        OPEN_LITERAL => new("a text is not closed", at).help("close it with `'`"),
        _ if message.starts_with("string values must be quoted")
            || (is_word && message.starts_with("invalid float")) =>
        {
            new("text stands in quotes", at).help("write `\"` before and after it")
        }
        _ if message.starts_with("invalid multi-line") => {
            let open = text.get(..range.start).and_then(syntax::open);
            let label = open.map_or(at, |(open, _)| Label::bytes(open, "opened here"));
            new("a text of several lines is not closed", label).help("close it with the same three quotes")
        }
        _ if found == ":" => new("after a key comes `=`", at).help("write `key = value`"),
        _ => {
            let message = message.strip_suffix(", expected nothing").unwrap_or(message);
            new(&format!("this is no TOML: {message}"), at)
        }
    };
    veiled(source, range.start, finding)
}

/// The finding, without what may be a secret in the line that it shows.
fn veiled(source: &Source, offset: usize, finding: Finding) -> Finding {
    match secret_in_line(source, offset) {
        Some(secret) => finding.with(Label::bytes(secret, "").redacted()),
        None => finding,
    }
}

fn repeated_key(source: &Source, range: &Range<usize>, message: &str) -> Finding {
    let text = source.text();
    let key = text.get(range.clone()).unwrap_or_default();
    let first = syntax::first(text, range);
    let line = first.as_ref().map(|first| format!(" in line {}", source.position(first.start).line));
    let line = line.unwrap_or_default();
    let is_table = text.get(range.end..).unwrap_or_default().trim_start().starts_with(['.', ']']);
    let (message, label, help) = match message.strip_prefix("cannot extend value of type ") {
        Some(rest) if rest.starts_with("inline table") => (
            format!("the table `{key}` is complete where it is written inline"),
            "cannot be extended here",
            format!("the table was begun{line}; keep to one spelling"),
        ),
        Some(_) => (
            format!("`{key}` has a value, and so no keys of its own"),
            "used as a table here",
            format!("its value is written{line}; keep one of them"),
        ),
        None if is_table => (
            format!("the table `{key}` is begun twice"),
            "a second time",
            format!("the table was begun{line}; keep to one spelling"),
        ),
        None => (
            format!("`{key}` stands twice in one table"),
            "a second time",
            format!("the first one is written{line}; keep one of them"),
        ),
    };
    let finding = Finding::new(RULE.id, RULE.severity, message, Label::bytes(range.clone(), label)).help(help);
    match first {
        Some(first) => finding.with(Label::bytes(first, "first here")),
        None => finding,
    }
}

/// What stands after the `=` of a line whose key is named like a secret.
fn secret_in_line(source: &Source, offset: usize) -> Option<Range<usize>> {
    let text = source.text();
    let start = text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..)?.lines().next()?;
    let (key, value) = line.split_once('=')?;
    let at = start + key.len() + 1;
    names_secret(key.trim().rsplit('.').next()?).then(|| at..at + value.trim_end().len())
}

//! GitHub: commands read back as the runner reads them.
//!
//! The parser follows that of actions/runner (`ActionCommand.TryParseV2`, `IssueCommandExtension`): the first `::`
//! begins a command, the next one ends its properties, and escapes are undone with `%25` last.

use std::collections::BTreeMap;

use serde_json::Value;
use stackgen::diagnostics::emit::Format;

use super::{Fixture, fixtures, rule_breakers};

/// A workflow command, read.
#[derive(Debug)]
struct Command {
    name: String,
    properties: BTreeMap<String, String>,
    message: String,
}

impl Command {
    fn parse(line: &str) -> Self {
        let (head, data) = line.strip_prefix("::").and_then(|line| line.split_once("::")).expect("a command");
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let properties = properties.split(',').filter(|property| !property.is_empty()).map(|property| {
            let (key, value) = property.split_once('=').unwrap_or_else(|| panic!("no value: {property}"));
            (
                key.to_owned(),
                unescaped(value, &[("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]),
            )
        });
        let message = unescaped(data, &[("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]);
        let command = Self { name: name.to_owned(), properties: properties.collect(), message };
        command.validate();
        command
    }

    /// What the runner would drop, with a note that only its debug log shows.
    fn validate(&self) {
        let known = ["file", "line", "endLine", "col", "endColumn", "title"];
        assert!(self.properties.keys().all(|key| known.contains(&key.as_str())), "{self:?}");
        assert!(["error", "warning", "notice"].contains(&self.name.as_str()), "{self:?}");
        let [line, end_line, column, end_column] = ["line", "endLine", "col", "endColumn"].map(|key| self.number(key));
        assert!(line.is_some() || end_line.is_none() && column.is_none(), "{self:?}");
        assert!(end_line.is_none_or(|end| Some(end) >= line), "{self:?}");
        assert!(column.is_none() || line == end_line, "columns of several lines: {self:?}");
        assert!(column.is_some() == end_column.is_some() && end_column >= column, "{self:?}");
        assert!([line, end_line, column, end_column].into_iter().flatten().all(|number| number > 0), "{self:?}");
        assert!(self.properties["file"].trim() == self.properties["file"] && !self.properties["file"].is_empty());
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.properties.get(key).map(|number| number.parse().expect("a number"))
    }
}

fn unescaped(text: &str, escapes: &[(&str, &str)]) -> String {
    escapes.iter().fold(text.to_owned(), |text, (escape, meant)| text.replace(escape, meant))
}

/// The text as it is shown: what a terminal would obey is spelled out.
fn shown(text: &str) -> String {
    let is_obeyed = |c: char| c.is_control() && c != '\n' && c != '\t' || ('\u{202a}'..='\u{202e}').contains(&c);
    text.chars().map(|c| if is_obeyed(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

fn commands(fixture: &Fixture) -> Vec<Command> {
    fixture.printed(Format::Github).lines().map(Command::parse).collect()
}

/// What a command has to say of a finding, from the same finding in JSON.
fn check(command: &Command, finding: &Value) {
    let text = |value: &Value| value.as_str().map(shown).expect("text");
    let place = |spot: &Value| {
        let start = &spot["location"]["start"];
        format!("{}:{}:{}", text(&spot["file"]), start["line"], start["column"])
    };
    let level = match finding["severity"].as_str() {
        Some("hint") => "notice",
        Some(severity) => severity,
        None => panic!("no severity"),
    };
    assert_eq!(command.name, level);
    assert_eq!(command.properties["file"], text(&finding["file"]));
    assert_eq!(command.properties["title"], format!("stackgen ({})", text(&finding["rule"])));

    let (start, end) = (&finding["location"]["start"], &finding["location"]["end"]);
    assert_eq!(command.number("line"), start["line"].as_u64());
    if start["line"] == end["line"] {
        assert_eq!(command.number("endLine"), end["line"].as_u64());
        assert_eq!(
            (command.number("col"), command.number("endColumn")),
            (start["column"].as_u64(), end["column"].as_u64())
        );
    }

    let label = text(&finding["label"]);
    let label = if label.is_empty() { label } else { format!(" ({label})") };
    let mut lines = vec![format!("{}: {}{label}", place(finding), text(&finding["message"]))];
    let related = finding["related"].as_array().expect("related places").iter();
    let related = related.filter(|spot| spot["label"] != "");
    lines.extend(related.map(|spot| format!("{}: {}", place(spot), text(&spot["label"]))));
    // The environments are named where the finding is not in all of them.
    if let Some((before, after)) = command.message.split_once("\nnote: in ") {
        let (note, _) = after.split_once('\n').unwrap_or((after, ""));
        let names = finding["environments"].as_array().expect("environments");
        assert_eq!(before, lines.join("\n"));
        assert!(names.iter().all(|name| note.contains(name.as_str().expect("a name"))), "{command:?}");
        lines.push(format!("note: in {note}"));
    }
    lines.extend(finding["help"].as_str().map(|help| format!("help: {}", shown(help))));
    let title = finding["fix"]["title"].as_str();
    lines.extend(title.map(|title| format!("fix: {} (`stackgen check --fix`)", shown(title))));
    let message = lines.join("\n");
    assert_eq!(command.message, message);
}

#[test]
fn the_runner_reads_what_was_meant() {
    for fixture in fixtures().iter().chain(&rule_breakers()) {
        let document = fixture.document(Format::Json);
        let (findings, drift) =
            (document["findings"].as_array().expect("a list"), document["drift"].as_array().expect("a list"));
        let commands = commands(fixture);
        assert_eq!(commands.len(), findings.len() + drift.len(), "{}", fixture.name);
        let (of_findings, of_drift) = commands.split_at(findings.len());
        for (command, finding) in of_findings.iter().zip(findings) {
            check(command, finding);
        }
        for (command, drift) in of_drift.iter().zip(drift) {
            let (path, message) = (drift["path"].as_str().expect("a path"), drift["message"].as_str().expect("text"));
            assert_eq!((command.name.as_str(), command.properties["file"].as_str()), ("error", path));
            assert_eq!(command.properties["title"], "stackgen (drift)");
            let line = command.number("line").map_or_else(String::new, |line| format!(":{line}"));
            assert!(command.message.starts_with(&format!("{path}{line}: {message}\nhelp: ")), "{command:?}");
        }
    }
}

#[test]
fn the_parser_undoes_the_escapes_and_no_more() {
    let command = Command::parse("::notice file=a%2Cb%3A%25%0A.toml,title=x=y::100%25%0A%253A ::error::, : %2C");
    assert_eq!(command.properties["file"], "a,b:%\n.toml");
    assert_eq!(command.properties["title"], "x=y");
    assert_eq!(command.message, "100%\n%3A ::error::, : %2C");
}

#[test]
fn nothing_to_say_is_nothing_at_all() {
    let nothing = fixtures().into_iter().find(|fixture| fixture.name == "nothing").expect("the fixture");
    assert_eq!(nothing.printed(Format::Github), "");
}

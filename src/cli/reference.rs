//! `docs/reference/cli.md`: every command as clap knows it, committed so that it can be read without a build.
//!
//! `STACKGEN_BLESS=1 cargo test --bin stackgen reference` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::Cli;

const PAGE: &str = "docs/reference/cli.md";

const INTRODUCTION: &str = "\
<!-- Generated from the commands in src/cli; `STACKGEN_BLESS=1 cargo test --bin stackgen reference` writes it anew. -->
# The command line

Data goes to stdout, talk to stderr; a reader that stops reading is no error. `stackgen man` has the same as manual
pages, and `stackgen completions` completes it in a shell.
";

#[test]
fn the_reference_of_the_command_line_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let text = page();
    if std::env::var_os("STACKGEN_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{PAGE} is out of date; STACKGEN_BLESS=1 writes it anew");
}

fn page() -> String {
    let mut program = Cli::command().term_width(usize::MAX);
    program.build();
    let mut text = INTRODUCTION.to_owned();
    for command in program.get_subcommands() {
        let name = command.get_name();
        let _ = write!(text, "\n- [`{name}`](#stackgen-{name}): {}", about(command));
    }
    let _ = write!(text, "\n\n## Options of every command\n\n```text\n{}\n```\n", usage(&program));
    arguments(&mut text, program.get_arguments());
    after(&mut text, &program);
    for command in program.get_subcommands() {
        let _ = write!(text, "\n## `stackgen {}`\n\n{}.\n", command.get_name(), about(command));
        let _ = write!(text, "\n```text\n{}\n```\n", usage(command));
        // What every command understands is said once.
        let is_own = |argument: &&Arg| !argument.is_global_set() && !matches!(argument.get_action(), ArgAction::Help);
        arguments(&mut text, command.get_arguments().filter(is_own));
        after(&mut text, command);
    }
    text
}

fn about(command: &Command) -> String {
    prose(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

fn usage(command: &Command) -> String {
    command.clone().render_usage().to_string().trim_start_matches("Usage: ").to_owned()
}

/// A list: how each is written, what it does, its default, and the values it may have.
fn arguments<'a>(text: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let mut is_first = true;
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        if is_first {
            text.push('\n');
            is_first = false;
        }
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = write!(text, "- {}: {}", written(argument), prose(&help));
        let defaults = argument.get_default_values();
        if let (Some(default), true) = (defaults.first(), argument.get_action().takes_values()) {
            let _ = write!(text, " (default: `{}`)", default.to_string_lossy());
        }
        values(text, argument);
        text.push('\n');
    }
}

/// The values that an argument may have: by name, or each on its own line where there is something to say about it.
fn values(text: &mut String, argument: &Arg) {
    if argument.is_hide_possible_values_set() || !argument.get_action().takes_values() {
        return;
    }
    let values = argument.get_possible_values();
    let names: Vec<String> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
    if values.iter().all(|value| value.get_help().is_none()) {
        if !values.is_empty() {
            let _ = write!(text, " (one of {})", names.join(", "));
        }
        return;
    }
    for (name, value) in names.iter().zip(&values) {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = write!(text, "\n  - {name}: {}", prose(&help));
    }
}

/// `-e`, `--env NAME`.
fn written(argument: &Arg) -> String {
    let names: Vec<&str> =
        argument.get_value_names().unwrap_or_default().iter().map(clap::builder::Str::as_str).collect();
    let value = if argument.get_action().takes_values() { names.join(" ") } else { String::new() };
    if argument.is_positional() {
        return if argument.is_required_set() { format!("`{value}`") } else { format!("`[{value}]`") };
    }
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let mut ways: Vec<String> = [short, long].into_iter().flatten().collect();
    if let (Some(last), false) = (ways.last_mut(), value.is_empty()) {
        let _ = write!(last, " {value}");
    }
    ways.iter().map(|way| format!("`{way}`")).collect::<Vec<_>>().join(", ")
}

/// What stands after the help: paragraphs, and lines that are set out.
fn after(text: &mut String, command: &Command) {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for paragraph in after.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        let _ = write!(text, "\n{}\n", prose(first));
        if !rest.is_empty() {
            text.push_str("\n```text\n");
            for line in rest.lines() {
                let _ = writeln!(text, "{}", line.strip_prefix("  ").unwrap_or(line));
            }
            text.push_str("```\n");
        }
    }
}

/// Text in which only code spans are Markdown.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let outside = |part: &str| part.replace('<', "\\<").replace('*', "\\*").replace('[', "\\[");
    parts
        .map(|(number, part)| if number % 2 == 1 { part.to_owned() } else { outside(part) })
        .collect::<Vec<_>>()
        .join("`")
}

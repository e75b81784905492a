//! How inspections are printed: one table per environment for people, one JSON document for programs.
//!
//! ```json
//! {
//!   "version": 1,
//!   "environments": [
//!     {
//!       "environment": "prod",
//!       "production": true,
//!       "file": ".env.prod",
//!       "exists": true,
//!       "complete": false,
//!       "variables": [
//!         {
//!           "name": "API_TOKEN", "readers": ["api"], "required": true, "secret": true, "type": "string",
//!           "values": [], "default": null, "from": "missing", "empty": false, "line": null, "state": "missing"
//!         }
//!       ],
//!       "notes": [
//!         {
//!           "severity": "error", "kind": "missing", "message": "`API_TOKEN` is required, and nothing sets it",
//!           "variable": "API_TOKEN", "line": null, "help": "Signs what it sends"
//!         }
//!       ]
//!     }
//!   ],
//!   "summary": { "errors": 1, "warnings": 0, "hints": 0 }
//! }
//! ```
//!
//! * `version` grows when a key goes away or changes its meaning. New keys and new words may come at any time.
//! * `type` is the word of services.toml. `from` is `shell`, `env-file`, `default`, `empty` (nothing sets it, and nothing is put in its place) or `missing`
//!   (the same, although it is required); `empty` is whether it is set to nothing. `state` is `ok`, `missing`, `unchanged` or
//!   `invalid`. `line` is that of `file`.
//! * `complete` is whether `stackgen env --write` has nothing to add. `variables` is empty where the file cannot be read.
//! * `file` has forward slashes and is relative to where stackgen was run.
//! * No value that an operator has set is shown, and no default of a secret.

use std::borrow::Cow;
use std::io::{self, Write};

use annotate_snippets::renderer::{
    DEFAULT_EMPHASIS_STYLE, DEFAULT_ERROR_STYLE, DEFAULT_HELP_STYLE, DEFAULT_LINE_NUM_STYLE, DEFAULT_WARNING_STYLE,
};
use anstyle::Style;
use serde::Serialize;

use super::{Inspection, Note, Origin, Row, State};
use crate::diagnostics::Severity;
use crate::diagnostics::emit::Terminal;
use crate::diagnostics::words;
use crate::manifest::types::VariableType;
use crate::render::env_example::type_word;

/// The version of the JSON document.
const VERSION: u32 = 1;
/// The longest default that a table shows whole.
const WIDEST: usize = 40;

/// How inspections are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: a table per environment, and what is wrong
    Human,
    /// For programs: one JSON document, versioned
    Json,
}

/// How much of it is printed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every variable, and everything there is to say.
    All,
    /// Errors alone.
    Errors,
}

impl Format {
    /// Prints inspections. `directory` is where services.toml lies, as the user would spell it; empty for here.
    ///
    /// # Errors
    /// What `out` cannot take.
    pub fn emit(
        self,
        inspections: &[Inspection],
        directory: &str,
        detail: Detail,
        terminal: Terminal,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Human => Human { directory, detail, terminal }.emit(inspections, out),
            Self::Json => json(inspections, directory, out),
        }
    }
}

/// A file as the user would spell it.
fn path<'a>(directory: &str, file: &'a str) -> Cow<'a, str> {
    if directory.is_empty() { Cow::Borrowed(file) } else { Cow::Owned(format!("{directory}/{file}")) }
}

fn count(inspections: &[Inspection], severity: Severity) -> usize {
    inspections.iter().map(|inspection| inspection.count(severity)).sum()
}

struct Human<'a> {
    directory: &'a str,
    detail: Detail,
    terminal: Terminal,
}

impl Human<'_> {
    fn emit(&self, inspections: &[Inspection], out: &mut dyn Write) -> io::Result<()> {
        for inspection in inspections {
            let is_shown = |note: &&Note| self.detail == Detail::All || note.severity == Severity::Error;
            let notes: Vec<&Note> = inspection.notes.iter().filter(is_shown).collect();
            if self.detail == Detail::All {
                self.table(inspection, out)?;
            }
            for note in &notes {
                self.note(inspection, note, out)?;
            }
            if self.detail == Detail::All {
                writeln!(out)?;
            }
        }
        if self.detail == Detail::All {
            writeln!(out, "{}", self.summary(inspections))?;
        }
        Ok(())
    }

    fn table(&self, inspection: &Inspection, out: &mut dyn Write) -> io::Result<()> {
        let file = path(self.directory, &inspection.file);
        let absent = if inspection.exists { "" } else { ", which is not there" };
        writeln!(out, "{}: {file}{absent}", self.terminal.painted(DEFAULT_EMPHASIS_STYLE, &inspection.environment))?;
        let heads = ["VARIABLE", "STATE", "FROM", "NEEDED", "TYPE", "DEFAULT", "READ BY"];
        let rows = inspection.rows.iter().map(|row| (style_of(row.state), cells(inspection, row).to_vec()));
        self.terminal.table(&heads, &rows.collect::<Vec<_>>(), out)
    }

    fn note(&self, inspection: &Inspection, note: &Note, out: &mut dyn Write) -> io::Result<()> {
        let (word, style) = match note.severity {
            Severity::Error => ("error", DEFAULT_ERROR_STYLE),
            Severity::Warning => ("warning", DEFAULT_WARNING_STYLE),
            Severity::Hint => ("hint", DEFAULT_HELP_STYLE),
        };
        let head = self.terminal.painted(style, &format!("{word}[{}]", note.kind));
        let file = path(self.directory, &inspection.file);
        let place = note.line.map_or_else(|| inspection.environment.clone(), |line| format!("{file}:{line}"));
        writeln!(out, "{head}: {place}: {}", note.message)?;
        if let (Some(line), Some(excerpt)) = (note.line, &note.excerpt) {
            let number = self.terminal.painted(DEFAULT_LINE_NUM_STYLE, &format!("{line} |"));
            writeln!(out, "  {number} {excerpt}")?;
        }
        if let Some(help) = &note.help {
            writeln!(out, "  = {}: {help}", self.terminal.painted(DEFAULT_EMPHASIS_STYLE, "help"))?;
        }
        Ok(())
    }

    fn summary(&self, inspections: &[Inspection]) -> String {
        let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Hint, "hint")];
        let counted: Vec<String> = counts
            .iter()
            .map(|(severity, word)| (count(inspections, *severity), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
            .collect();
        let all: Vec<&str> = inspections.iter().map(|inspection| inspection.environment.as_str()).collect();
        let counts = if counted.is_empty() {
            format!("everything needed is set ({})", all.join(", "))
        } else {
            counted.join(", ")
        };
        let mut summary = self.terminal.painted(DEFAULT_EMPHASIS_STYLE, &counts);
        let is_read = |inspection: &&Inspection| !inspection.rows.is_empty();
        let mut read = inspections.iter().filter(is_read);
        if read.any(|inspection| inspection.lacks && inspection.count(Severity::Error) > 0) {
            summary.push_str("; `stackgen env --write` adds what is missing");
        }
        summary
    }
}

fn style_of(state: State) -> Style {
    match state {
        State::Ok => Style::new(),
        State::Unchanged => DEFAULT_WARNING_STYLE,
        State::Missing | State::Invalid => DEFAULT_ERROR_STYLE,
    }
}

/// A row of the table.
fn cells(inspection: &Inspection, row: &Row) -> [String; 7] {
    let file = inspection.file.rsplit('/').next().unwrap_or_default();
    let from = match row.from {
        Origin::Shell => "shell",
        Origin::EnvFile => file,
        Origin::Default => "default",
        Origin::Empty => "empty",
        Origin::Missing => "-",
    };
    let empty = if row.is_empty && matches!(row.from, Origin::Shell | Origin::EnvFile) { ", empty" } else { "" };
    let needed = match (row.required, row.secret) {
        (true, true) => "required, secret",
        (true, false) => "required",
        (false, true) => "optional, secret",
        (false, false) => "optional",
    };
    let readers = if row.readers.is_empty() { "Compose".to_owned() } else { words::and(&row.readers) };
    let default = match row.default.as_deref() {
        None | Some("") => "-".to_owned(),
        Some(default) => shortened(default),
    };
    [
        row.name.clone(),
        row.state.word().to_owned(),
        format!("{from}{empty}"),
        needed.to_owned(),
        if row.values.is_empty() { type_word(row.kind).to_owned() } else { words::or(&row.values) },
        default,
        readers,
    ]
}

/// A default in one cell.
fn shortened(default: &str) -> String {
    let visible = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    let text: String = default.chars().map(visible).collect();
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    environments: Vec<JsonEnvironment<'a>>,
    summary: JsonSummary,
}

#[derive(Serialize)]
struct JsonSummary {
    errors: usize,
    warnings: usize,
    hints: usize,
}

#[derive(Serialize)]
struct JsonEnvironment<'a> {
    environment: &'a str,
    production: bool,
    file: Cow<'a, str>,
    exists: bool,
    complete: bool,
    variables: Vec<JsonVariable<'a>>,
    notes: Vec<JsonNote<'a>>,
}

#[derive(Serialize)]
struct JsonVariable<'a> {
    name: &'a str,
    readers: &'a [String],
    required: bool,
    secret: bool,
    r#type: &'static str,
    values: &'a [String],
    default: Option<&'a str>,
    from: Origin,
    empty: bool,
    line: Option<usize>,
    state: State,
}

#[derive(Serialize)]
struct JsonNote<'a> {
    severity: &'a str,
    kind: &'a str,
    message: &'a str,
    variable: Option<&'a str>,
    line: Option<usize>,
    help: Option<&'a str>,
}

fn json(inspections: &[Inspection], directory: &str, out: &mut dyn Write) -> io::Result<()> {
    let environments = inspections.iter().map(|inspection| JsonEnvironment {
        environment: &inspection.environment,
        production: inspection.production,
        file: path(directory, &inspection.file),
        exists: inspection.exists,
        complete: !inspection.lacks,
        variables: inspection.rows.iter().map(variable_of).collect(),
        notes: inspection.notes.iter().map(note_of).collect(),
    });
    let document = Document {
        version: VERSION,
        environments: environments.collect(),
        summary: JsonSummary {
            errors: count(inspections, Severity::Error),
            warnings: count(inspections, Severity::Warning),
            hints: count(inspections, Severity::Hint),
        },
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn variable_of(row: &Row) -> JsonVariable<'_> {
    JsonVariable {
        name: &row.name,
        readers: &row.readers,
        required: row.required,
        secret: row.secret,
        r#type: type_name(row.kind),
        values: &row.values,
        default: row.default.as_deref(),
        from: row.from,
        empty: row.is_empty,
        line: row.line,
        state: row.state,
    }
}

/// The type as services.toml spells it.
fn type_name(kind: VariableType) -> &'static str {
    match kind {
        VariableType::String => "string",
        VariableType::Int => "int",
        VariableType::Float => "float",
        VariableType::Bool => "bool",
        VariableType::Url => "url",
        VariableType::Port => "port",
        VariableType::Email => "email",
        VariableType::Duration => "duration",
        VariableType::UrlSafe => "url-safe",
    }
}

fn note_of(note: &Note) -> JsonNote<'_> {
    JsonNote {
        severity: note.severity.word(),
        kind: note.kind,
        message: &note.message,
        variable: note.variable.as_deref(),
        line: note.line,
        help: note.help.as_deref(),
    }
}

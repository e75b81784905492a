//! What there is to say about an environment: a sentence for everything that is not as it should be.

use super::own::{self, FILE_VARIABLE};
use super::{Note, Origin, Row, Scene, State, fit, names};
use crate::compose::dotenv::{Entry, Flaw, FlawKind};
use crate::diagnostics::redaction::MASK;
use crate::diagnostics::{Severity, words};
use crate::plan::{PROJECT_VARIABLE, Plan};

/// From how many bytes on a name that is near to a known one is no piece of a value.
const NEAR: usize = 6;

impl Note {
    fn new(severity: Severity, kind: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { severity, kind, message, variable: None, line: None, excerpt: None, help: None }
    }

    fn about(mut self, variable: &str) -> Self {
        self.variable = Some(variable.to_owned());
        self
    }

    fn at(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What is wrong with an env file that cannot be read.
pub(super) fn of_flaw(plan: &Plan, text: &str, flaw: &Flaw) -> Note {
    let line = text.split('\n').nth(flaw.line - 1).unwrap_or_default();
    let is_known = |name: &str| plan.variables.contains_key(name) || own::ALL.contains(&name);
    // Where no variable of this stack begins the line, it may as well be the second one of a secret.
    let excerpt = line.find(['=', ':']).and_then(|end| {
        let name = line[..end].trim().trim_start_matches('\u{feff}');
        let bare = name.strip_prefix("export ").map_or(name, str::trim_start);
        let is_fine = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let without: String = bare.chars().filter(is_fine).collect();
        let replaced: String = bare.chars().map(|c| if is_fine(&c) { c } else { '_' }).collect();
        let is_shown = is_known(&without) || is_known(&replaced);
        is_shown.then(|| format!("{name}{}{MASK}", &line[end..=end]))
    });
    let name = flaw.name.as_deref().filter(|name| is_known(name) || names::is_showable(name));
    let message = match name {
        Some(name) if !matches!(flaw.kind, FlawKind::Character(_)) => format!("`{name}` cannot be read: {flaw}"),
        _ => flaw.to_string(),
    };
    let note = Note { excerpt, ..Note::new(Severity::Error, "env-file", message) };
    let note = if let Some(name) = name { note.about(name) } else { note };
    let help = match flaw.kind {
        FlawKind::Character(_) | FlawKind::Space => "a value of several lines needs quotes around all of it",
        _ => "a quote in a value of the same quotes is written with a backslash before it",
    };
    let note = if matches!(flaw.kind, FlawKind::Value(_) | FlawKind::NoName) { note } else { note.help(help) };
    note.at(Some(flaw.line))
}

impl Scene<'_> {
    pub(super) fn notes(&self, rows: &[Row], exists: bool) -> Vec<Note> {
        let mut notes: Vec<Note> = rows.iter().filter_map(|row| self.note_of(row)).collect();
        if !exists && notes.iter().any(|note| note.severity == Severity::Error) {
            let note = Note::new(Severity::Hint, "env-file", format!("there is no {}", self.plan.env_file()));
            let only = match self.operator.plans {
                [_] => String::new(),
                _ => format!(" -e {}", self.plan.environment),
            };
            notes.push(note.help(format!("`stackgen env{only} --write` makes one")));
        }
        notes.extend(self.strangers());
        notes.extend(self.repeated());
        notes.extend(self.cut());
        notes.extend(self.of_the_shell());
        notes
    }

    /// What is wrong with a variable; none where nothing is.
    fn note_of(&self, row: &Row) -> Option<Note> {
        let name = row.name.as_str();
        let variable = self.plan.variables.get(name);
        let place = if row.from == Origin::Shell { " of the shell" } else { "" };
        let line = row.line.filter(|_| row.from == Origin::EnvFile);
        let note = match row.state {
            State::Ok => return None,
            _ if own::has_row(name) => self.own_note(row),
            State::Missing => {
                let what = if row.is_empty { "is empty" } else { "nothing sets it" };
                let note = Note::new(Severity::Error, "missing", format!("`{name}`{place} is required, and {what}"));
                let is_in_file = self.values.get(name).is_some_and(|assigned| !assigned.value.is_empty());
                match variable.and_then(|variable| variable.help.as_deref()) {
                    _ if row.from == Origin::Shell && is_in_file => {
                        note.help(format!("the shell wins over {}: `unset {name}`", self.plan.env_file()))
                    }
                    Some(help) => note.help(help),
                    None => note,
                }
            }
            State::Unchanged => {
                let severity = if self.plan.production { Severity::Error } else { Severity::Warning };
                let message = format!("`{name}`{place} still has the value of the example");
                Note::new(severity, "unchanged", message)
            }
            State::Invalid => {
                let value = self.value(name).unwrap_or_default();
                let what = variable.and_then(|variable| fit::misfit(variable, &value)).unwrap_or_default();
                Note::new(Severity::Error, "invalid", format!("`{name}`{place} {what}"))
            }
        };
        Some(note.about(name).at(line))
    }

    /// What is wrong with a variable of Compose itself.
    fn own_note(&self, row: &Row) -> Note {
        let (file, default) = (self.plan.compose_file(), "docker-compose.yml");
        if row.name == PROJECT_VARIABLE {
            let message = format!("`{PROJECT_VARIABLE}` is no name that Compose takes for a project");
            let help = "write lower-case letters, digits, `-` and `_`, and begin with a letter or digit";
            return Note::new(Severity::Error, "invalid", message).help(help);
        }
        let help = format!("`{FILE_VARIABLE}={file}` belongs at the top of {}", self.plan.env_file());
        match (row.state, row.from) {
            (State::Missing, _) => {
                let message = format!("`{FILE_VARIABLE}` is not set: Compose would run {default} with these values");
                Note::new(Severity::Error, "missing", message).help(help)
            }
            (_, Origin::Shell) => {
                let message =
                    format!("`{FILE_VARIABLE}` of the shell names another file than {file}, and the shell wins");
                Note::new(Severity::Error, "invalid", message).help(format!("`unset {FILE_VARIABLE}` in that shell"))
            }
            _ if self.plan.is_default => {
                let message = format!("`{FILE_VARIABLE}` names another file than {file}");
                Note::new(Severity::Error, "invalid", message).help("take that line away")
            }
            _ => {
                let message = format!("`{FILE_VARIABLE}` names another file than {file}");
                Note::new(Severity::Error, "invalid", message).help(help)
            }
        }
    }

    /// What stands in the file and is read by nothing.
    fn strangers(&self) -> Vec<Note> {
        let own_reads = self.file.reads();
        let is_read = |name: &str| {
            self.plan.variables.contains_key(name)
                || own::ALL.contains(&name)
                || own_reads.iter().any(|read| read == name)
        };
        let mut told: Vec<&str> = Vec::new();
        let mut notes = Vec::new();
        for Entry { name, line, .. } in &self.file.entries {
            if !is_read(name) && !told.contains(&name.as_str()) {
                told.push(name);
                notes.push(self.stranger(name).at(Some(*line)));
            }
        }
        notes
    }

    fn stranger(&self, name: &str) -> Note {
        let environment = &self.plan.environment;
        let known = self.plan.variables.keys().map(String::as_str).chain(own::ALL);
        let may_be_shown = names::is_showable(name);
        // A short one may be near by chance.
        let meant = words::nearest(name, known).filter(|_| may_be_shown || name.len() > NEAR);
        let readers = self.operator.plans.iter().filter(|plan| plan.variables.contains_key(name));
        let readers: Vec<&str> = readers.map(|plan| plan.environment.as_str()).collect();
        if !readers.is_empty() {
            let message = format!("`{name}` is read by nothing in {environment}, only in {}", words::and(&readers));
            Note::new(Severity::Hint, "unknown", message).about(name)
        } else if let Some(meant) = meant {
            let message = format!("`{name}` is read by nothing in {environment}");
            Note::new(Severity::Warning, "unknown", message).about(name).help(format!("did you mean `{meant}`?"))
        } else if may_be_shown {
            Note::new(Severity::Hint, "unknown", format!("`{name}` is read by nothing in {environment}")).about(name)
        } else {
            let message = "there is something that looks like no name, and nothing reads it";
            let help = "a value of several lines needs quotes around all of it";
            Note::new(Severity::Warning, "unknown", message).help(help)
        }
    }

    /// Names that are set more than once.
    fn repeated(&self) -> Vec<Note> {
        let repeated = self.file.repeated().into_iter().filter(|(name, _)| self.plan.variables.contains_key(*name));
        let note = |(name, lines): (&str, Vec<usize>)| {
            let shown: Vec<String> = lines.iter().map(ToString::to_string).collect();
            let message = format!("`{name}` stands in lines {}; the last one counts", words::and(&shown));
            Note::new(Severity::Hint, "repeated", message).about(name).at(lines.last().copied())
        };
        repeated.map(note).collect()
    }

    /// Values that lose a part to a `$`.
    fn cut(&self) -> Vec<Note> {
        let cut = self.values.iter().filter(|(name, assigned)| assigned.is_cut && !self.is_from_shell(name));
        let cut = cut.filter(|(name, _)| self.plan.variables.contains_key(*name));
        let note = |(name, assigned): (&String, &crate::compose::dotenv::Assigned)| {
            let message =
                format!("Compose takes a `$` in the value of `{name}` for a variable that is not set, and cuts it");
            let help = "put the value in single quotes, or write `$$`";
            Note::new(Severity::Warning, "cut", message).about(name).at(Some(assigned.line)).help(help)
        };
        cut.map(note).collect()
    }

    /// What the shell does to all of it.
    fn of_the_shell(&self) -> Vec<Note> {
        let shell = |name: &str| (self.operator.shell)(name).filter(|value| !value.is_empty());
        let mut notes = Vec::new();
        let file = self.plan.env_file();
        // Whoever names the file on the command line gets it.
        if self.plan.is_default && shell("COMPOSE_ENV_FILES").is_some() {
            let message = format!("`COMPOSE_ENV_FILES` of the shell makes Compose read other files than {file}");
            notes.push(Note::new(Severity::Warning, "shell", message).about("COMPOSE_ENV_FILES"));
        }
        let disables = |value: String| matches!(value.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True");
        if self.plan.is_default && shell("COMPOSE_DISABLE_ENV_FILE").is_some_and(disables) {
            let message = format!("`COMPOSE_DISABLE_ENV_FILE` of the shell keeps Compose from reading {file}");
            notes.push(Note::new(Severity::Warning, "shell", message).about("COMPOSE_DISABLE_ENV_FILE"));
        }
        if self.operator.plans.len() > 1 && shell(PROJECT_VARIABLE).is_some() {
            let message = format!("`{PROJECT_VARIABLE}` of the shell gives every environment the same project");
            let help = "set it in the env files: one environment would replace the containers of the other";
            notes.push(Note::new(Severity::Warning, "shell", message).about(PROJECT_VARIABLE).help(help));
        }
        notes
    }
}

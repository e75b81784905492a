//! The variables that Compose itself reads (Docker docs, "Set or change pre-defined environment variables").

use super::{Origin, Row, Scene, State};
use crate::manifest::types::VariableType;
use crate::plan::{PROJECT_VARIABLE, Plan};

/// The variable that selects the compose file.
pub const FILE_VARIABLE: &str = "COMPOSE_FILE";
/// What stands between the files of [`FILE_VARIABLE`].
const SEPARATOR_VARIABLE: &str = "COMPOSE_PATH_SEPARATOR";

/// All of them.
pub(super) const ALL: [&str; 17] = [
    "COMPOSE_ANSI",
    "COMPOSE_BAKE",
    "COMPOSE_COMPATIBILITY",
    "COMPOSE_CONVERT_WINDOWS_PATHS",
    "COMPOSE_DISABLE_ENV_FILE",
    "COMPOSE_ENV_FILES",
    "COMPOSE_EXPERIMENTAL",
    FILE_VARIABLE,
    "COMPOSE_IGNORE_ORPHANS",
    "COMPOSE_MENU",
    "COMPOSE_PARALLEL_LIMIT",
    SEPARATOR_VARIABLE,
    "COMPOSE_PROFILES",
    "COMPOSE_PROGRESS",
    PROJECT_VARIABLE,
    "COMPOSE_REMOVE_ORPHANS",
    "COMPOSE_STATUS_STDOUT",
];

/// Those that decide what is run, and under which name: they have a row of their own.
pub(super) const ROWS: [&str; 2] = [FILE_VARIABLE, PROJECT_VARIABLE];

/// Whether a variable has a row of its own.
pub(super) fn has_row(name: &str) -> bool {
    ROWS.contains(&name)
}

impl Scene<'_> {
    /// The row of a variable of Compose, where there is something to say about it: what another environment's file
    /// would be run with, and under which name.
    pub(super) fn own_row(&self, name: &str) -> Option<Row> {
        let value = self.value(name);
        let required = name == FILE_VARIABLE && !self.plan.is_default;
        let fits = |value: &str| match name {
            FILE_VARIABLE => names_file(self.plan, value, self.separator()),
            _ => value.is_empty() || is_project(value),
        };
        let (from, state) = match value.as_deref() {
            None if required => (Origin::Missing, State::Missing),
            None => return None,
            Some(value) => {
                let from = if self.is_from_shell(name) { Origin::Shell } else { Origin::EnvFile };
                let state = match value {
                    "" if required => State::Missing,
                    value if fits(value) => State::Ok,
                    _ => State::Invalid,
                };
                (from, state)
            }
        };
        Some(Row {
            name: name.to_owned(),
            readers: Vec::new(),
            required,
            secret: false,
            kind: VariableType::String,
            values: Vec::new(),
            default: None,
            from,
            is_empty: value.as_deref() == Some(""),
            line: self.line(name),
            state,
        })
    }

    fn separator(&self) -> char {
        let separator = self.value(SEPARATOR_VARIABLE).and_then(|separator| separator.chars().next());
        separator.unwrap_or(if cfg!(windows) { ';' } else { ':' })
    }
}

/// Whether a list of compose files has the one of this environment, wherever the list stands from: a name is enough.
fn names_file(plan: &Plan, list: &str, separator: char) -> bool {
    let name = plan.compose_file();
    list.split(separator).any(|file| file.replace('\\', "/").rsplit('/').next() == Some(name.as_str()))
}

/// Whether Compose takes a name for a project (compose-go `loader/loader.go`, `NormalizeProjectName`).
fn is_project(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

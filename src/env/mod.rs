//! What an operator has set on this machine, and what is missing: `stackgen env`.
//!
//! Compose reads one env file per environment (`.env` for the default one, `.env.<environment>` for the others) and the
//! shell, which wins. An [`Operator`] has both, and says what each variable of a [`Plan`] becomes with them, as Compose
//! itself would ([`crate::compose`]). [`completion`] says what to add to a file. Nothing here touches the disk or reads
//! the shell, and no value that an operator has set leaves this module: only where it comes from, and whether it fits.

use std::collections::{BTreeMap, BTreeSet};

use crate::compose::dotenv::{EnvFile, Flaw, Values};
use crate::compose::interpolation::Outcome;
use crate::diagnostics::redaction::Redaction;
use crate::diagnostics::{Report, Severity};
use crate::manifest::types::VariableType;
use crate::plan::{Form, Part, Plan, Text, Variable};
use crate::render::env_example;
use crate::source::Source;

pub mod completion;
pub mod emit;
mod fit;
mod names;
mod notes;
mod own;
pub mod random;
pub mod sources;

pub(crate) use fit::misfit_of;
pub use own::FILE_VARIABLE;

/// Whoever runs Compose on this machine.
pub struct Operator<'a> {
    plans: &'a [Plan],
    shell: &'a dyn Fn(&str) -> Option<String>,
    redaction: Redaction,
}

/// What is known of one environment on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The environment.
    pub environment: String,
    /// Whether the strict rules hold.
    pub production: bool,
    /// Its env file, relative to services.toml, with forward slashes.
    pub file: String,
    /// Whether that file is there.
    pub exists: bool,
    /// Every variable of the environment, in the order of the manifest; none where the file cannot be read.
    pub rows: Vec<Row>,
    /// What there is to say, the most severe first.
    pub notes: Vec<Note>,
    /// Whether `stackgen env --write` would make the file, or add something to it.
    pub lacks: bool,
}

impl Inspection {
    /// How many notes have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.notes.iter().filter(|note| note.severity == severity).count()
    }
}

/// A variable, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The services that read it, in the order of the manifest; none for what only Compose itself reads.
    pub readers: Vec<String>,
    /// Whether it must be set.
    pub required: bool,
    /// Whether it is a secret.
    pub secret: bool,
    /// What it must look like.
    pub kind: VariableType,
    /// The values that it may have, where they may be shown; empty for any.
    pub values: Vec<String>,
    /// The value where nothing is set, where there is one that may be shown. Variables in it stay as they are.
    pub default: Option<String>,
    /// Where its value comes from.
    pub from: Origin,
    /// Whether it is set to nothing, in the shell or in the env file.
    pub is_empty: bool,
    /// The line of the env file that sets it, from 1.
    pub line: Option<usize>,
    /// What that makes of it.
    pub state: State,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The shell, which wins.
    Shell,
    /// The env file.
    EnvFile,
    /// The default of services.toml.
    Default,
    /// Nowhere, and nothing is put in its place.
    Empty,
    /// Nowhere, although it is required: Compose refuses to start, or the services that read it are not what they should
    /// be.
    Missing,
}

/// What a value is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It will do.
    Ok,
    /// It is required, and not set or empty.
    Missing,
    /// It is the made-up one of the env example.
    Unchanged,
    /// It does not fit `type` or `values`.
    Invalid,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Unchanged => "unchanged",
            Self::Invalid => "invalid",
        }
    }
}

/// Something to say about an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How bad it is: with an error the stack does not start, or starts broken.
    pub severity: Severity,
    /// What it is about, in one word.
    pub kind: &'static str,
    /// The sentence. Never a value.
    pub message: String,
    /// The variable that it is about, where it may be named.
    pub variable: Option<String>,
    /// The line of the env file, from 1.
    pub line: Option<usize>,
    /// That line without its value, where it may be shown.
    pub excerpt: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl<'a> Operator<'a> {
    /// `shell` gives the environment variables of the shell; `report` knows which parts of services.toml are secret.
    pub fn new(source: &Source, report: &Report, plans: &'a [Plan], shell: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { plans, shell, redaction: Redaction::new(source.text(), &report.redacted) }
    }

    /// Looks at an environment with the text of its env file; none where there is no such file.
    pub fn inspect(&self, plan: &Plan, text: Option<&str>) -> Inspection {
        let mut inspection = Inspection {
            environment: plan.environment.clone(),
            production: plan.production,
            file: plan.env_path(),
            exists: text.is_some(),
            rows: Vec::new(),
            notes: Vec::new(),
            lacks: true,
        };
        let read = EnvFile::parse(text.unwrap_or_default())
            .and_then(|file| effective(&file, self.shell).map(|values| (file, values)));
        match read {
            Ok((file, values)) => {
                let scene = Scene { operator: self, plan, file, values };
                inspection.lacks = text.is_none() || !completion::missing(plan, &scene.file).is_empty();
                inspection.rows = scene.rows();
                inspection.notes = scene.notes(&inspection.rows, text.is_some());
            }
            Err(flaw) => inspection.notes.push(notes::of_flaw(plan, text.unwrap_or_default(), &flaw)),
        }
        inspection.notes.sort_by_key(|note| note.severity);
        inspection
    }
}

/// The values that an env file gives. Compose loads it once for its own `COMPOSE_…` variables, which count as the
/// shell's when it loads the file again (docker/compose `cmd/compose/compose.go`, `setEnvWithDotEnv`).
fn effective(file: &EnvFile, shell: &dyn Fn(&str) -> Option<String>) -> Result<Values, Flaw> {
    let first = file.values(shell)?;
    let own = |name: &str| first.get(name).filter(|_| name.starts_with("COMPOSE_")).map(|found| found.value.clone());
    file.values(&|name| shell(name).or_else(|| own(name)))
}

/// One environment while it is looked at.
struct Scene<'a> {
    operator: &'a Operator<'a>,
    plan: &'a Plan,
    file: EnvFile,
    values: Values,
}

/// A way to use a variable: its operator and what follows it.
type Use<'t> = Option<(Form, &'t Text)>;

impl Scene<'_> {
    /// The value of a variable, where it is set.
    fn value(&self, name: &str) -> Option<String> {
        (self.operator.shell)(name).or_else(|| Some(self.values.get(name)?.value.clone()))
    }

    fn is_from_shell(&self, name: &str) -> bool {
        (self.operator.shell)(name).is_some()
    }

    fn line(&self, name: &str) -> Option<usize> {
        self.values.get(name).map(|assigned| assigned.line)
    }

    fn rows(&self) -> Vec<Row> {
        let mut uses: BTreeMap<&str, Vec<Use<'_>>> = BTreeMap::new();
        let mut refused: BTreeSet<String> = BTreeSet::new();
        let values = |name: &str| self.value(name);
        let mut visit = |text: &Text| {
            if let Err(names) = text.evaluate(&values) {
                refused.extend(names.into_iter().map(str::to_owned));
            }
        };
        self.plan.each_own_text(&mut visit);
        self.plan.services.values().for_each(|service| service.each_text(&mut visit));
        self.plan.demanded_files().iter().for_each(&mut visit);
        let mut note = |text| {
            Text::each_use(text, &mut |name, form| uses.entry(name).or_default().push(form));
        };
        self.plan.each_own_text(&mut note);
        self.plan.services.values().for_each(|service| service.each_text(&mut note));

        let own = own::ROWS.into_iter().filter_map(|name| self.own_row(name));
        let others = self.plan.variables.iter().filter(|(name, _)| !own::has_row(name));
        let rows = others.map(|(name, variable)| {
            let uses = uses.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            // What only services behind a profile read is asked for here, and not by Compose.
            let is_blank = || self.value(name).is_none_or(|value| value.is_empty());
            let is_unasked = variable.required && self.plan.needs_profile(variable) && is_blank();
            self.row(name, variable, uses, is_unasked || refused.contains(name))
        });
        own.chain(rows).collect()
    }

    fn row(&self, name: &str, variable: &Variable, uses: &[Use<'_>], is_refused: bool) -> Row {
        let value = self.value(name);
        let is_empty = value.as_deref() == Some("");
        // What reaches containers as a file alone comes from the operator or not at all.
        let default = variable.default.as_ref().filter(|_| !variable.required && !uses.is_empty());
        let from = match value.as_deref() {
            // Nothing is as good as not set where every use says so.
            Some("") if !is_refused && is_replaced(uses) => self.default_of(default),
            Some(_) if self.is_from_shell(name) => Origin::Shell,
            Some(_) => Origin::EnvFile,
            None if is_refused => Origin::Missing,
            None => self.default_of(default),
        };
        let state = match value.as_deref() {
            _ if is_refused => State::Missing,
            None | Some("") => State::Ok,
            Some(value) if env_example::is_fake(name, variable, value) => State::Unchanged,
            Some(value) if fit::misfit(variable, value).is_some() => State::Invalid,
            Some(_) => State::Ok,
        };
        Row {
            name: name.to_owned(),
            readers: variable.readers.clone(),
            required: variable.required,
            secret: variable.secret,
            kind: variable.kind,
            values: if variable.secret { Vec::new() } else { variable.values.clone() },
            default: default.filter(|_| !variable.secret).map(|default| self.shown(default)),
            from,
            is_empty,
            line: self.line(name),
            state,
        }
    }

    /// Where the value comes from where none is set.
    fn default_of(&self, default: Option<&Text>) -> Origin {
        let value = default.and_then(|default| default.evaluate(&|name| self.value(name)).ok());
        if value.is_some_and(|value| !value.is_empty()) { Origin::Default } else { Origin::Empty }
    }

    /// A default for the eyes of people: what other variables are in it is theirs to say.
    fn shown(&self, default: &Text) -> String {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Variable { name, .. } => format!("${{{name}}}"),
        };
        let text: String = default.parts().iter().map(part).collect();
        self.operator.redaction.content(&text).into_owned()
    }
}

/// Whether every use puts something else in the place of an empty value.
fn is_replaced(uses: &[Use<'_>]) -> bool {
    let replaces = |form: &Use<'_>| {
        form.is_some_and(|(form, _)| form == Form::DefaultIfEmpty && form.outcome(Some("")) == Outcome::Argument)
    };
    !uses.is_empty() && uses.iter().all(replaces)
}

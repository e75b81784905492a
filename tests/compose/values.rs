//! What an operator sets, and what a text of the plan is with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use stackgen::manifest::types::VariableType;
use stackgen::plan::{Form, PROJECT_VARIABLE, Part, Plan, Text};

/// The variable by which an env file selects its compose file (Compose docs, "Pre-defined environment variables").
pub(crate) const FILE_VARIABLE: &str = "COMPOSE_FILE";

/// Values of operator variables, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Values(BTreeMap<String, String>);

impl Values {
    /// Those of an env example. Of what stackgen writes there, values in double quotes are not understood.
    pub(crate) fn of_example(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.map(|line| set_by(line).unwrap_or_else(|| panic!("{}: {line}", path.display()))).collect())
    }

    /// One for each variable of the plan, none of them a default, and another project.
    pub(crate) fn of_everything(plan: &Plan) -> Self {
        let (mut of_ports, mut of_mounts) = (BTreeSet::new(), BTreeSet::new());
        for service in plan.services.values() {
            of_ports.extend(service.ports.iter().flat_map(|port| port.text.variables()));
            of_mounts.extend(service.volumes.iter().flat_map(|mount| mount.text.variables()));
        }
        let mut values = BTreeMap::new();
        for (position, (name, variable)) in plan.variables.iter().enumerate() {
            let word = format!("set-{}", name.to_ascii_lowercase().replace('_', "-"));
            let value = if variable.kind == VariableType::Port || of_ports.contains(name.as_str()) {
                (20_000 + position).to_string()
            } else if of_mounts.contains(name.as_str()) {
                format!("/{word}")
            } else {
                word
            };
            values.insert(name.clone(), value);
        }
        values.insert(PROJECT_VARIABLE.to_owned(), "another-project".to_owned());
        values.insert(FILE_VARIABLE.to_owned(), format!("{}:another.yml", plan.compose_file()));
        Self(values)
    }

    /// With every variable of the plan that has no value set to nothing, which is not the same as not set.
    pub(crate) fn and_nothing_else(&self, plan: &Plan) -> Self {
        let mut values = self.clone();
        for name in plan.variables.keys() {
            values.0.entry(name.clone()).or_default();
        }
        values
    }

    /// Without a variable.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut values = self.clone();
        values.0.remove(name);
        values
    }

    /// The value of a variable, where it is set.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// As an env file, which Compose reads.
    pub(crate) fn to_env_file(&self) -> String {
        let mut file = String::new();
        for (name, value) in &self.0 {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            writeln!(file, "{name}=\"{value}\"").expect("writing to a string");
        }
        file
    }

    /// The Compose project: Compose takes it from the operator before the file.
    pub(crate) fn project(&self, plan: &Plan) -> String {
        self.get(PROJECT_VARIABLE).map_or_else(|| self.evaluate(&plan.project), str::to_owned)
    }

    /// With the Compose project of the plan, which Compose gives to every text.
    pub(crate) fn for_project(&self, plan: &Plan) -> Self {
        let mut values = self.clone();
        values.0.insert(PROJECT_VARIABLE.to_owned(), self.project(plan));
        values
    }

    /// What a text is with these values (compose-spec, "Interpolation").
    pub(crate) fn evaluate(&self, text: &Text) -> String {
        let part = |part: &Part| match part {
            Part::Literal(literal) => literal.clone(),
            Part::Variable { name, form } => self.variable(name, form.as_ref()),
        };
        text.parts().iter().map(part).collect()
    }

    fn variable(&self, name: &str, form: Option<&(Form, Text)>) -> String {
        let set = self.get(name);
        let filled = set.filter(|value| !value.is_empty());
        let Some((form, argument)) = form else { return set.unwrap_or_default().to_owned() };
        let or_argument = |value: Option<&str>| value.map_or_else(|| self.evaluate(argument), str::to_owned);
        let argument_if = |holds: bool| if holds { self.evaluate(argument) } else { String::new() };
        match form {
            Form::DefaultIfEmpty => or_argument(filled),
            Form::DefaultIfUnset => or_argument(set),
            Form::RequireNonEmpty => filled.unwrap_or_else(|| panic!("{name} has no value")).to_owned(),
            Form::RequireSet => set.unwrap_or_else(|| panic!("{name} is not set")).to_owned(),
            Form::AlternativeIfNonEmpty => argument_if(filled.is_some()),
            Form::AlternativeIfSet => argument_if(set.is_some()),
        }
    }
}

/// The variable that a line of an env example sets.
fn set_by(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let value = match value.strip_prefix('\'') {
        Some(quoted) => quoted.strip_suffix('\'')?.replace("\\'", "'"),
        None if value.starts_with('"') => return None,
        None => value.to_owned(),
    };
    Some((name.to_owned(), value))
}

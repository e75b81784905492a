//! `.env.example`: what an operator sets, grouped by who reads it.

use std::collections::BTreeMap;

use minijinja::Environment;
use serde::Serialize;

use super::{Artifact, Artifacts, Owner, RenderError, filters, in_output, manifest_from};
use crate::diagnostics::words;
use crate::manifest::types::VariableType;
use crate::plan::{Plan, Variable};

#[derive(Serialize)]
struct Context<'a> {
    manifest: String,
    environment: &'a str,
    is_default: bool,
    file: String,
    example: String,
    generates: bool,
    compose_file: String,
    groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
pub(super) struct Group<'a> {
    pub(super) title: String,
    pub(super) variables: Vec<VariableContext<'a>>,
}

#[derive(Serialize)]
pub(super) struct VariableContext<'a> {
    pub(super) name: &'a str,
    pub(super) comment: String,
    pub(super) value: String,
    /// Whether the stack runs without it, so that the example leaves it commented out.
    pub(super) is_optional: bool,
}

pub(super) fn render(
    environment: &Environment<'_>,
    plan: &Plan,
    manifest: &str,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    let context = Context {
        manifest: manifest_from(&plan.output, manifest),
        environment: &plan.environment,
        is_default: plan.is_default,
        file: plan.env_file(),
        example: plan.env_example(),
        generates: plan.variables.values().any(|variable| variable.generate.is_some()),
        compose_file: plan.compose_file(),
        groups: groups(plan),
    };
    let text = filters::template(environment, "env.example.j2", context)?;
    let owner = Owner::Environment(plan.environment.clone());
    artifacts.insert(in_output(plan, &plan.env_example()), Artifact { text, executable: false, owner });
    Ok(())
}

/// Shared variables first, then those of each service, then host ports.
pub(super) fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut shared = Vec::new();
    let mut ports = Vec::new();
    let mut by_service: BTreeMap<usize, Vec<VariableContext<'_>>> = BTreeMap::new();
    for (name, variable) in &plan.variables {
        let context = variable_context(name, variable);
        match variable.readers.as_slice() {
            _ if variable.derived => ports.push(context),
            [only] => {
                let position = plan.services.get_index_of(only).unwrap_or_default();
                by_service.entry(position).or_default().push(context);
            }
            _ => shared.push(context),
        }
    }
    let own = by_service.into_iter().map(|(position, variables)| {
        let name = plan.services.get_index(position).map_or("", |(name, _)| name.as_str());
        Group { title: name.to_owned(), variables }
    });
    let first = Group { title: "the stack".to_owned(), variables: shared };
    let last = Group { title: "host ports".to_owned(), variables: ports };
    std::iter::once(first).chain(own).chain([last]).filter(|group| !group.variables.is_empty()).collect()
}

fn variable_context<'a>(name: &'a str, variable: &'a Variable) -> VariableContext<'a> {
    let help = variable.help.as_deref().map(|help| format!("{}. ", help.trim_end_matches('.'))).unwrap_or_default();
    let mut facts: Vec<String> = Vec::new();
    facts.push(if variable.required { "required" } else { "optional" }.to_owned());
    if variable.secret {
        facts.push("secret".to_owned());
    }
    if !variable.values.is_empty() {
        facts.push(format!("one of {}", words::or(&variable.values)));
    } else if variable.kind != VariableType::String {
        facts.push(type_word(variable.kind).to_owned());
    }
    let generated = if variable.is_generated() { "; `stackgen env --write` makes one" } else { "" };
    let readers = if variable.derived || variable.readers.is_empty() {
        String::new()
    } else {
        format!("; read by {}", words::and(&variable.readers))
    };
    let comment = format!("{help}({}{readers}{generated})", facts.join(", ")).replace(['\n', '\r'], " ");
    VariableContext { name, comment, value: value(name, variable), is_optional: !variable.required }
}

/// What a value must look like, in words.
pub(crate) fn type_word(kind: VariableType) -> &'static str {
    match kind {
        VariableType::String => "text",
        VariableType::Int => "whole number",
        VariableType::Float => "number",
        VariableType::Bool => "true or false",
        VariableType::Url => "URL",
        VariableType::Port => "port",
        VariableType::Email => "e-mail address",
        VariableType::Duration => "duration",
        VariableType::UrlSafe => "letters, digits, - . _ ~",
    }
}

/// What stands in the example: the default where it holds; else the example value; else something made up.
fn value(name: &str, variable: &Variable) -> String {
    if !variable.required
        && let Some(default) = &variable.default
    {
        return default.with_defaults().unwrap_or_default();
    }
    if let Some(example) = &variable.example {
        return example.clone();
    }
    if !variable.required {
        return String::new();
    }
    if let Some(first) = variable.values.first() {
        return first.clone();
    }
    made_up(name, variable.kind)
}

/// Something of the right type that nobody could take for real.
fn made_up(name: &str, kind: VariableType) -> String {
    match kind {
        VariableType::Int => "1".to_owned(),
        VariableType::Float => "1.0".to_owned(),
        VariableType::Bool => "false".to_owned(),
        VariableType::Url => "https://change-me.example.com".to_owned(),
        VariableType::Port => "8080".to_owned(),
        VariableType::Email => "change-me@example.com".to_owned(),
        VariableType::Duration => "30s".to_owned(),
        VariableType::String | VariableType::UrlSafe => {
            format!("change-me-{}", name.to_ascii_lowercase().replace('_', "-"))
        }
    }
}

/// Whether a value is the one of the example, and nobody could mean it: a secret that is printed there, something that
/// stackgen made up, or a domain that is reserved for examples (RFC 2606).
pub(crate) fn is_fake(name: &str, variable: &Variable, set: &str) -> bool {
    const RESERVED: [&str; 6] = ["change-me", "example.com", "example.net", "example.org", ".example", ".invalid"];
    let example = match &variable.example {
        Some(example) => example.clone(),
        None if variable.required && variable.values.is_empty() => made_up(name, variable.kind),
        None => return false,
    };
    let is_secret = variable.secret && variable.example.is_some();
    set == example && (is_secret || RESERVED.iter().any(|word| example.contains(word)))
}

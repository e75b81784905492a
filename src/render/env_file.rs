//! Env files with values, for `stackgen env --write`: no artifacts, since they belong to whoever runs the stack.

use std::collections::BTreeMap;

use serde::Serialize;

use super::env_example::{Group, groups};
use super::{RenderError, filters, manifest_from};
use crate::plan::Plan;
use crate::templates::Templates;

/// The variable that selects the compose file (Docker docs, "Set or change pre-defined environment variables").
const FILE_VARIABLE: &str = "COMPOSE_FILE";

#[derive(Serialize)]
struct Context<'a> {
    is_whole: bool,
    manifest: String,
    environment: &'a str,
    /// The value of `COMPOSE_FILE`, where it belongs into the file.
    compose_file: Option<String>,
    groups: Vec<Group<'a>>,
}

/// A file with everything that the env example has: these values, and nothing where a value is required and none of
/// them. `manifest` is the name of services.toml in its directory.
///
/// # Errors
/// Where the template is broken.
pub fn whole(
    plan: &Plan,
    manifest: &str,
    templates: &Templates,
    values: &BTreeMap<String, String>,
) -> Result<String, RenderError> {
    let context = Context {
        is_whole: true,
        manifest: manifest_from(&plan.output, manifest),
        environment: &plan.environment,
        compose_file: (!plan.is_default).then(|| plan.compose_file()),
        groups: filled(plan, values, &|_| true),
    };
    render(context, templates)
}

/// The lines of these names alone, for a file that lacks them.
///
/// # Errors
/// Where the template is broken.
pub fn block(
    plan: &Plan,
    names: &[String],
    templates: &Templates,
    values: &BTreeMap<String, String>,
) -> Result<String, RenderError> {
    let is_wanted = |name: &str| names.iter().any(|wanted| wanted == name);
    let context = Context {
        is_whole: false,
        manifest: String::new(),
        environment: &plan.environment,
        compose_file: is_wanted(FILE_VARIABLE).then(|| plan.compose_file()),
        groups: filled(plan, values, &is_wanted),
    };
    render(context, templates)
}

fn filled<'a>(plan: &'a Plan, values: &BTreeMap<String, String>, is_wanted: &dyn Fn(&str) -> bool) -> Vec<Group<'a>> {
    let mut groups = groups(plan);
    for group in &mut groups {
        group.variables.retain(|variable| is_wanted(variable.name));
        for variable in &mut group.variables {
            if let Some(value) = values.get(variable.name) {
                variable.value.clone_from(value);
                variable.is_optional = false;
            } else if !variable.is_optional {
                variable.value.clear();
            }
        }
    }
    groups.retain(|group| !group.variables.is_empty());
    groups
}

fn render(context: Context<'_>, templates: &Templates) -> Result<String, RenderError> {
    filters::template(&filters::environment(templates)?, "env.j2", context)
}

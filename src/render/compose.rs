//! `docker-compose.yml`: the plan, as Compose reads it.

use indexmap::IndexMap;
use minijinja::Environment;
use serde::Serialize;

use super::{Artifact, Artifacts, Owner, RenderError, filters, in_output, manifest_from, yaml};
use crate::compose::model;
use crate::plan::Plan;

#[derive(Serialize)]
struct Context<'a> {
    manifest: String,
    environment: &'a str,
    name: String,
    /// What keeps the file from being used with another environment's values.
    guard: Option<String>,
    /// Top-level keys that are none of Compose's own, each as YAML.
    extensions: Vec<String>,
    services: Vec<ServiceContext<'a>>,
    /// The other top-level keys, each as YAML.
    sections: Vec<String>,
}

#[derive(Serialize)]
struct ServiceContext<'a> {
    name: &'a str,
    /// Its keys as YAML, indented by four spaces.
    keys: String,
}

/// The name of its template.
pub(crate) const TEMPLATE: &str = "compose.yml.j2";

pub(super) fn render(
    environment: &Environment<'_>,
    plan: &Plan,
    manifest: &str,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    let text = text(environment, plan, manifest)?;
    let owner = Owner::Environment(plan.environment.clone());
    artifacts.insert(in_output(plan, &plan.compose_file()), Artifact { text, executable: false, owner });
    Ok(())
}

/// The file itself.
pub(super) fn text(environment: &Environment<'_>, plan: &Plan, manifest: &str) -> Result<String, RenderError> {
    let services = plan.services.values().map(|service| {
        let keys = yaml::entries(&model::service(service), 4);
        ServiceContext { name: &service.name, keys: without_end(keys) }
    });
    let (mut extensions, mut sections) = (Vec::new(), Vec::new());
    for (name, value) in model::sections(plan) {
        let kept = if name.starts_with("x-") { &mut extensions } else { &mut sections };
        let only: IndexMap<_, _> = [(name, value)].into();
        kept.push(without_end(yaml::entries(&only, 0)));
    }
    let context = Context {
        manifest: manifest_from(&plan.output, manifest),
        environment: &plan.environment,
        name: plan.project.to_compose(),
        guard: (!plan.is_default).then(|| format!("${{COMPOSE_FILE:?use --env-file {}}}", plan.env_file())),
        extensions,
        services: services.collect(),
        sections,
    };
    filters::template(environment, TEMPLATE, context)
}

/// The template has the line's end.
fn without_end(mut text: String) -> String {
    text.truncate(text.trim_end_matches('\n').len());
    text
}

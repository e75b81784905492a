//! The fourth room: from plans to files. Pure functions; the same input gives the same bytes, on any machine.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::{self, KindError};
use crate::plan::Plan;
use crate::sources::RenderedFile;
use crate::templates::{self, Templates};

pub mod comparison;
mod compose;
mod dockerfile;
pub(crate) mod env_example;
pub mod env_file;
pub(crate) mod filters;
pub mod graph;
pub mod schema;
mod shown;
mod stack_page;
mod supporting;
mod yaml;

pub(crate) use compose::TEMPLATE as COMPOSE_TEMPLATE;

/// What a generated file belongs to: decides what a run for one environment may prune.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Every environment has it: Dockerfiles, the schema.
    Stack,
    /// One environment has it: a compose file, an env example.
    Environment(String),
}

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its text, with LF line ends.
    pub text: String,
    /// Whether it is a program (mode 0755) or not (0644).
    pub executable: bool,
    /// What it belongs to.
    pub owner: Owner,
}

/// Generated files by path: relative to the directory of services.toml, `/`-separated, without `.` or `..`.
pub type Artifacts = BTreeMap<String, Artifact>;

/// stackgen could not render.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template is broken.
    #[error("{place}: {message}")]
    Template {
        /// The file, and the line in it where that is known.
        place: String,
        /// What is wrong, with the line itself.
        message: String,
    },
    /// A built-in kind is broken.
    #[error(transparent)]
    Kind(#[from] KindError),
}

/// Every file of a stack. `plans` are those of all its environments, and `manifest` is the name of services.toml in its
/// directory.
///
/// # Errors
/// Where a template is broken: plans that passed the rules always render.
pub fn render(plans: &[Plan], manifest: &str, templates: &Templates) -> Result<Artifacts, RenderError> {
    render_for(plans, manifest, templates, |_| true)
}

/// The files of the environments that `is_chosen` names, and those about the stack as a whole.
///
/// # Errors
/// As [`render`].
pub fn render_for(
    plans: &[Plan],
    manifest: &str,
    templates: &Templates,
    is_chosen: impl Fn(&str) -> bool,
) -> Result<Artifacts, RenderError> {
    let environment = filters::environment(templates)?;
    let mut artifacts = Artifacts::new();
    for plan in plans.iter().filter(|plan| is_chosen(&plan.environment)) {
        for service in plan.services.values() {
            dockerfile::render(&environment, service, manifest, &mut artifacts)?;
            supporting::render(&environment, plan, service, manifest, &mut artifacts)?;
        }
        compose::render(&environment, plan, manifest, &mut artifacts)?;
        env_example::render(&environment, plan, manifest, &mut artifacts)?;
    }
    stack_page::render(&environment, plans, manifest, &mut artifacts)?;
    schema::render(templates, &mut artifacts)?;
    Ok(artifacts)
}

/// The compose file of a plan alone.
///
/// # Errors
/// As [`render`].
pub(crate) fn compose_file(plan: &Plan, manifest: &str, templates: &Templates) -> Result<String, RenderError> {
    compose::text(&filters::environment(templates)?, plan, manifest)
}

/// The Dockerfiles that templates of the project make, by their path. None where a template is broken, which rendering
/// tells.
pub fn own_dockerfiles(plans: &[Plan], manifest: &str, templates: &Templates) -> BTreeMap<String, RenderedFile> {
    let mut found = BTreeMap::new();
    let own: BTreeSet<&str> = templates.own().map(|(name, _)| name).collect();
    let shared = format!("{}/", templates::SHARED);
    let has_shared = own.iter().any(|name| name.starts_with(&shared));
    if own.is_empty() {
        return found;
    }
    let Ok(environment) = filters::environment(templates) else { return found };
    for plan in plans {
        for service in plan.services.values() {
            let Some(place) = service.build_place(&plan.output) else { continue };
            let Some(recipe) = service.build.as_ref().and_then(|build| build.recipe.as_ref()) else { continue };
            let Some(file) = recipe.files.iter().find(|file| file.path == place.dockerfile) else { continue };
            let name = kinds::template_name(&recipe.kind, &file.template);
            let is_own = own.contains(name.as_str());
            if !(is_own || has_shared) || found.contains_key(&file.path) {
                continue;
            }
            let folder = if is_own && !name.starts_with(&shared) { "kinds/" } else { "" };
            let template = if is_own { name } else { shared.trim_end_matches('/').to_owned() };
            let template = format!("{}/{folder}{template}", templates::FOLDER);
            let mut artifacts = Artifacts::new();
            if dockerfile::render(&environment, service, manifest, &mut artifacts).is_ok()
                && let Some(artifact) = artifacts.remove(&file.path)
            {
                found.insert(file.path.clone(), RenderedFile { text: artifact.text, template });
            }
        }
    }
    found
}

/// A path below the output directory of a plan.
fn in_output(plan: &Plan, name: &str) -> String {
    if plan.output.is_empty() { name.to_owned() } else { format!("{}/{name}", plan.output) }
}

/// How a file in `directory` names services.toml.
fn manifest_from(directory: &str, manifest: &str) -> String {
    let up = directory.split('/').filter(|part| !part.is_empty()).count();
    format!("{}{manifest}", "../".repeat(up))
}

impl Plan {
    /// The name of its compose file.
    pub fn compose_file(&self) -> String {
        if self.is_default {
            "docker-compose.yml".to_owned()
        } else {
            format!("docker-compose.{}.yml", self.environment)
        }
    }

    /// The name of the file with its operator's values.
    pub fn env_file(&self) -> String {
        if self.is_default { ".env".to_owned() } else { format!(".env.{}", self.environment) }
    }

    /// The path of that file, relative to services.toml.
    pub fn env_path(&self) -> String {
        in_output(self, &self.env_file())
    }

    /// The name of the example of that file.
    pub fn env_example(&self) -> String {
        format!("{}.example", self.env_file())
    }
}

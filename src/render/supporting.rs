//! Files that containers read: whatever their kinds say.

use std::collections::BTreeMap;

use minijinja::Environment;
use serde::Serialize;

use super::{Artifact, Artifacts, Owner, RenderError, filters, manifest_from};
use crate::plan::{Plan, Scraped, Service};

#[derive(Serialize)]
struct Context<'a> {
    /// services.toml, as the file sees it.
    manifest: String,
    /// The service that reads it.
    service: &'a str,
    /// The options that the kind names.
    options: &'a BTreeMap<String, toml::Value>,
    /// Its main port.
    port: Option<u16>,
    /// What it collects metrics of.
    scraped: &'a [Scraped],
}

pub(super) fn render(
    environment: &Environment<'_>,
    plan: &Plan,
    service: &Service,
    manifest: &str,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    for file in &service.files {
        let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let manifest = manifest_from(directory, manifest);
        let context = Context {
            manifest,
            service: &service.name,
            options: &file.options,
            port: service.port,
            scraped: &file.scraped,
        };
        let text = filters::template(environment, &file.template, context)?;
        let owner = if file.is_shared { Owner::Stack } else { Owner::Environment(plan.environment.clone()) };
        artifacts.insert(file.path.clone(), Artifact { text, executable: file.executable, owner });
    }
    Ok(())
}

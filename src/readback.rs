//! What a project's own `compose.yml.j2` makes of a plan, read back: where its compose file differs from the built-in
//! one, the difference counts as if services.toml passed it through, so that the rules judge what Compose will get.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_yaml::Value as Yaml;

use crate::diagnostics::{Finding, Label};
use crate::manifest::{Manifest, Problem, Read};
use crate::plan::{Materials, Plan};
use crate::render::{self, COMPOSE_TEMPLATE, RenderError};
use crate::rules::{self, Context, Outcome};
use crate::source::{KeyPath, Place};
use crate::sources::Sources;
use crate::templates::{FOLDER, Templates};

/// What takes a key away in a passthrough.
const RESET: &str = "!reset";

/// Keys of a compose file that are no part of what is judged: its name is the plan's, and `services` are taken one by one.
const APART: [&str; 2] = ["name", "services"];

/// What the rules find in the compose files of a project with a template of its own, and did not find in its plans.
pub(crate) struct Readback<'a> {
    /// The file as written.
    pub(crate) read: Read,
    /// What is known of the sources.
    pub(crate) sources: &'a Sources,
    /// The name of services.toml, for what is rendered.
    pub(crate) manifest: &'a str,
    /// The templates of the project.
    pub(crate) templates: &'a Templates,
}

impl Readback<'_> {
    /// Renders `plans`, reads the compose files, and judges them. `known` is what was found in the plans themselves;
    /// `is_written` says whether something stands at a path, in an environment or below it.
    ///
    /// Nothing is found where a template cannot be rendered: whoever renders says so.
    pub(crate) fn findings(
        mut self,
        plans: &[Plan],
        known: &Outcome,
        is_written: &dyn Fn(&KeyPath, Option<&str>) -> bool,
    ) -> Vec<Finding> {
        self.read.problems.clear();
        for plan in plans {
            let Ok((own, built_in)) = self.rendered(plan) else { return Vec::new() };
            let Some(manifest) = self.read.environments.get_mut(&plan.environment) else { continue };
            match (serde_yaml::from_str::<Yaml>(&own), serde_yaml::from_str::<Yaml>(&built_in)) {
                (Ok(own), Ok(built_in)) => lay_over(manifest, &own, &built_in),
                (Err(error), _) => self.read.problems.push(Problem::Template {
                    path: format!("{FOLDER}/{COMPOSE_TEMPLATE}"),
                    environment: plan.environment.clone(),
                    message: error.to_string(),
                }),
                (Ok(_), Err(_)) => {}
            }
        }
        let Read { environments, kinds, .. } = &self.read;
        let materials = Materials { kinds, sources: self.sources, environments };
        let mut plans: Vec<Plan> =
            environments.iter().map(|(name, manifest)| crate::plan::build(materials, name, manifest)).collect();
        crate::plan::settle(&mut plans);
        let context = Context { read: &self.read, plans: &plans, sources: self.sources, siblings: &[], host: None };
        let told: HashSet<_> = known.findings.iter().chain(&known.silenced).map(identity).collect();
        let found = rules::run(&context).findings.into_iter().filter(|finding| !told.contains(&identity(finding)));
        found.map(|finding| relocated(finding, is_written)).collect()
    }

    /// The compose file of a plan by the project's own template, and by the built-in one.
    fn rendered(&self, plan: &Plan) -> Result<(String, String), RenderError> {
        let own = render::compose_file(plan, self.manifest, self.templates)?;
        Ok((own, render::compose_file(plan, self.manifest, &Templates::default())?))
    }
}

fn identity(finding: &Finding) -> (&'static str, &str, Option<&str>) {
    (finding.rule, &finding.message, finding.environment.as_deref())
}

/// The finding with the template in place of what stands in no services.toml.
fn relocated(mut finding: Finding, is_written: &dyn Fn(&KeyPath, Option<&str>) -> bool) -> Finding {
    let template = format!("{FOLDER}/{COMPOSE_TEMPLATE}");
    let mut is_told = matches!(&finding.primary.place, Place::File { path, .. } if *path == template);
    for label in std::iter::once(&mut finding.primary).chain(&mut finding.secondary) {
        if let Place::Entry { path, environment, .. } = &label.place
            && !is_written(path, environment.as_deref())
        {
            label.place = Place::File { path: template.clone(), range: 0..0 };
            is_told = true;
        }
    }
    if !is_told {
        finding.secondary.push(Label::file(template, "renders what this is about"));
    }
    finding
}

/// Lays what one compose file says beside the other over the manifest.
fn lay_over(manifest: &mut Manifest, own: &Yaml, built_in: &Yaml) {
    let services = |document: &Yaml| document.get("services").and_then(Yaml::as_mapping).cloned().unwrap_or_default();
    let (own_services, planned) = (services(own), services(built_in));
    let externals: HashSet<String> =
        manifest.services.keys().filter(|name| planned.get(name.as_str()).is_none()).cloned().collect();
    // What runs elsewhere, or in no profile of this environment, is in neither.
    manifest.services.retain(|name, _| externals.contains(name) || own_services.get(name.as_str()).is_some());
    for (name, keys) in &own_services {
        let Some(name) = name.as_str() else { continue };
        let below = planned.get(name);
        let Some(toml::Value::Table(changed)) = difference(below, keys) else { continue };
        let service = manifest.services.entry(name.to_owned()).or_default();
        if below.is_none() {
            service.image = keys.get("image").and_then(Yaml::as_str).map(str::to_owned);
        }
        for (key, value) in changed {
            service.compose.insert(key, value);
        }
    }
    let Some(own) = own.as_mapping() else { return };
    let sections = own.iter().filter_map(|(key, value)| Some((key.as_str()?, value)));
    for (key, value) in sections.filter(|(key, _)| !APART.contains(key) && !key.starts_with("x-")) {
        if let Some(changed) = difference(built_in.get(key), value) {
            manifest.compose.insert(key.to_owned(), changed);
        }
    }
}

/// What has to be laid over `below` to get `above`, in the words of a passthrough; none where they say the same.
fn difference(below: Option<&Yaml>, above: &Yaml) -> Option<toml::Value> {
    if below == Some(above) {
        return None;
    }
    let Some(entries) = above.as_mapping() else { return Some(passed(above)) };
    let under = below.and_then(Yaml::as_mapping);
    let mut table: IndexMap<String, toml::Value> = IndexMap::new();
    for (key, value) in entries {
        let Some(key) = key.as_str() else { continue };
        if let Some(changed) = difference(under.and_then(|under| under.get(key)), value) {
            table.insert(key.to_owned(), changed);
        }
    }
    let gone =
        under.into_iter().flatten().filter_map(|(key, _)| key.as_str()).filter(|key| entries.get(*key).is_none());
    table.extend(gone.map(|key| (key.to_owned(), toml::Value::String(RESET.to_owned()))));
    Some(toml::Value::Table(table.into_iter().collect()))
}

/// A value as a passthrough has it. TOML knows no null: nothing is an empty table, as `edge:` in a list of networks.
fn passed(value: &Yaml) -> toml::Value {
    match value {
        Yaml::Null => toml::Value::Table(toml::Table::new()),
        Yaml::Bool(value) => toml::Value::Boolean(*value),
        Yaml::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => toml::Value::Integer(number),
            (None, number) => toml::Value::Float(number.unwrap_or_default()),
        },
        Yaml::String(text) => toml::Value::String(text.clone()),
        Yaml::Sequence(items) => toml::Value::Array(items.iter().map(passed).collect()),
        Yaml::Mapping(entries) => {
            let entries = entries.iter().filter_map(|(key, value)| Some((key.as_str()?.to_owned(), passed(value))));
            toml::Value::Table(entries.collect())
        }
        Yaml::Tagged(tagged) => passed(&tagged.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(below: &str, above: &str) -> Option<toml::Value> {
        difference(Some(&serde_yaml::from_str(below).unwrap()), &serde_yaml::from_str(above).unwrap())
    }

    #[test]
    fn a_difference_is_what_would_have_to_be_passed_through() {
        assert_eq!(between("a: 1\nb: [x]", "b: [x]\na: 1"), None);
        let changed = between("a: 1\nb: {c: d, e: f}", "b: {c: g}\nn: [x, 1.5, true]\nnet: {edge: }").unwrap();
        let expected = "a = '!reset'\nb = { c = 'g', e = '!reset' }\nn = ['x', 1.5, true]\nnet = { edge = {} }\n";
        assert_eq!(changed, toml::Value::Table(toml::from_str(expected).unwrap()));
    }
}

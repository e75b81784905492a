//! Where an image is built, as services.toml sees it, whatever says so: the plan, or `compose`.

use std::collections::BTreeMap;

use super::{Plan, Raw, Service, Text, clean_path};
use crate::compose::image::UNKNOWN;

/// The Dockerfile that a build reads where it names none.
const DOCKERFILE: &str = "Dockerfile";

/// What keeps files out of a build context.
const IGNORE_FILE: &str = ".dockerignore";

/// Where an image is built: paths relative to services.toml.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuildPlace {
    /// The build context; empty for the directory of services.toml.
    pub context: String,
    /// The Dockerfile.
    pub dockerfile: String,
}

impl Plan {
    /// The Dockerfiles that people write, and the ignore files of their contexts, whether they are there or not.
    pub fn files_of_people(&self) -> Vec<String> {
        let by_hand = self.services.values().filter(|service| {
            let has_recipe = service.build.as_ref().is_some_and(|build| build.recipe.is_some());
            service.build.is_some() && !has_recipe
        });
        let places = by_hand.filter_map(|service| service.build_place(&self.output));
        places
            .flat_map(|BuildPlace { context, dockerfile }| {
                [format!("{context}/{IGNORE_FILE}").trim_start_matches('/').to_owned(), dockerfile]
            })
            .collect()
    }
}

impl Service {
    /// Where its image is built; none where that is outside of the project or depends on a variable, or the Dockerfile
    /// stands in the compose file. `output` is that of the plan.
    pub fn build_place(&self, output: &str) -> Option<BuildPlace> {
        let build = self.build.as_ref()?;
        if let Some(passed) = self.passthrough.get("build").and_then(Option::as_ref) {
            let is_literal = |raw: &Raw| raw.to_text().as_ref().and_then(Text::as_literal).is_some();
            let keys = passed.as_map();
            let get = |key: &str| keys.and_then(|keys| keys.get(key));
            let is_clear = ["context", "dockerfile"].iter().filter_map(|key| get(key)).all(is_literal);
            if !is_clear || (keys.is_none() && !is_literal(passed)) || get("dockerfile_inline").is_some() {
                return None;
            }
        }
        // A repository, or an archive elsewhere.
        if build.context.contains("://") || build.context.starts_with("git@") {
            return None;
        }
        let context = clean_path(format!("{output}/{}", build.context).trim_start_matches('/'))?;
        let name = build.dockerfile.as_deref().unwrap_or(DOCKERFILE);
        let dockerfile = clean_path(format!("{context}/{name}").trim_start_matches('/'))?;
        Some(BuildPlace { context, dockerfile })
    }

    /// The arguments of its build, with the defaults of their variables; [`UNKNOWN`] stands for what only an operator
    /// knows.
    pub fn build_arguments(&self) -> BTreeMap<String, String> {
        let arguments = self.build.iter().flat_map(|build| &build.args);
        arguments.map(|(name, value)| (name.clone(), value.with_unknown(UNKNOWN))).collect()
    }

    /// The further contexts of its build, by name (compose-spec, `build`, `additional_contexts`).
    pub fn build_contexts(&self) -> Vec<String> {
        let passed = self.passthrough.get("build").and_then(Option::as_ref);
        match passed.and_then(Raw::as_map).and_then(|keys| keys.get("additional_contexts")) {
            Some(Raw::Map(map)) => map.keys().cloned().collect(),
            Some(Raw::List(lines)) => {
                let lines = lines.iter().filter_map(Raw::to_text).map(|line| line.with_unknown(UNKNOWN));
                lines.filter_map(|line| line.split_once('=').map(|(name, _)| name.to_owned())).collect()
            }
            _ => Vec::new(),
        }
    }
}

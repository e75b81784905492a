//! Kinds are data: a folder under `templates/kinds/` with a `kind.toml` and whatever it renders.
//!
//! A new kind is one folder and one line in [`BUILT_IN`]; a test refuses a folder that is not listed.

use indexmap::IndexMap;

use crate::templates::Templates;

mod definition;
mod inheritance;
mod when;

pub use definition::{
    Class, Command, Data, Debug, Detected, EnvDef, File, Inputs, Inside, Kind, Loads, Metrics, Mount, Notice,
    OptionDef, OptionType, Output, OutputCase, Packages, Probe, Refusal, Reloader, Required, TraceFile, Traces, Unread,
    User, Watch, Words,
};
pub use when::When;

/// The built-in kinds: name and `kind.toml`.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("celery", include_str!("../../templates/kinds/celery/kind.toml")),
    ("grafana", include_str!("../../templates/kinds/grafana/kind.toml")),
    ("jaeger", include_str!("../../templates/kinds/jaeger/kind.toml")),
    ("loki", include_str!("../../templates/kinds/loki/kind.toml")),
    ("nextjs", include_str!("../../templates/kinds/nextjs/kind.toml")),
    ("nginx", include_str!("../../templates/kinds/nginx/kind.toml")),
    ("ngrok", include_str!("../../templates/kinds/ngrok/kind.toml")),
    ("node", include_str!("../../templates/kinds/node/kind.toml")),
    ("pgadmin", include_str!("../../templates/kinds/pgadmin/kind.toml")),
    ("postgres", include_str!("../../templates/kinds/postgres/kind.toml")),
    ("prometheus", include_str!("../../templates/kinds/prometheus/kind.toml")),
    ("python", include_str!("../../templates/kinds/python/kind.toml")),
    ("redis", include_str!("../../templates/kinds/redis/kind.toml")),
    ("traefik", include_str!("../../templates/kinds/traefik/kind.toml")),
    ("vite", include_str!("../../templates/kinds/vite/kind.toml")),
];

/// The templates of the built-in kinds: `<kind>/<file>` and text; and `shared/<file>`, which several kinds use.
pub const TEMPLATES: &[(&str, &str)] = &[
    ("grafana/dashboards.yaml.j2", include_str!("../../templates/kinds/grafana/dashboards.yaml.j2")),
    ("grafana/datasources.yaml.j2", include_str!("../../templates/kinds/grafana/datasources.yaml.j2")),
    ("loki/config.yaml.j2", include_str!("../../templates/kinds/loki/config.yaml.j2")),
    ("nextjs/Dockerfile.j2", include_str!("../../templates/kinds/nextjs/Dockerfile.j2")),
    ("nginx/default.conf.j2", include_str!("../../templates/kinds/nginx/default.conf.j2")),
    ("node/Dockerfile.j2", include_str!("../../templates/kinds/node/Dockerfile.j2")),
    ("node/dockerignore.j2", include_str!("../../templates/kinds/node/dockerignore.j2")),
    ("pgadmin/servers.json.j2", include_str!("../../templates/kinds/pgadmin/servers.json.j2")),
    ("postgres/databases.sql.j2", include_str!("../../templates/kinds/postgres/databases.sql.j2")),
    ("prometheus/prometheus.yml.j2", include_str!("../../templates/kinds/prometheus/prometheus.yml.j2")),
    ("python/Dockerfile.j2", include_str!("../../templates/kinds/python/Dockerfile.j2")),
    ("python/dockerignore.j2", include_str!("../../templates/kinds/python/dockerignore.j2")),
    ("shared/dockerfile.j2", include_str!("../../templates/shared/dockerfile.j2")),
    ("shared/entrypoint.sh.j2", include_str!("../../templates/shared/entrypoint.sh.j2")),
    ("shared/frontend.dockerignore.j2", include_str!("../../templates/shared/frontend.dockerignore.j2")),
    ("shared/nginx.j2", include_str!("../../templates/shared/nginx.j2")),
    ("vite/Dockerfile.j2", include_str!("../../templates/kinds/vite/Dockerfile.j2")),
    ("vite/nginx.conf.j2", include_str!("../../templates/kinds/vite/nginx.conf.j2")),
];

/// The name under which a kind's template is in [`TEMPLATES`]: one with a folder is another kind's, or that of several.
pub fn template_name(kind: &str, template: &str) -> String {
    if template.contains('/') { template.to_owned() } else { format!("{kind}/{template}") }
}

/// A `kind.toml` that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct KindError {
    /// The file.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

/// The kinds that a run needs, each read once.
#[derive(Debug, Default, Clone)]
pub struct Kinds {
    kinds: IndexMap<String, Kind>,
    /// The names of all kinds that there are.
    names: Vec<String>,
}

impl Kinds {
    /// Reads the kinds with these names; names that no kind has are left out.
    pub fn load<'a>(templates: &Templates, names: impl IntoIterator<Item = &'a str>) -> Result<Self, KindError> {
        let mut kinds = IndexMap::new();
        for name in names {
            if kinds.contains_key(name) {
                continue;
            }
            if let Some((text, place)) = templates.kind(name) {
                kinds.insert(name.to_owned(), parse(templates, name, text, place.as_deref())?);
            }
        }
        Ok(Self { kinds, names: templates.kind_names().into_iter().map(str::to_owned).collect() })
    }

    /// Reads every kind.
    pub fn all(templates: &Templates) -> Result<Self, KindError> {
        Self::load(templates, templates.kind_names())
    }

    /// The names of all kinds that there are, also of those that were not asked for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// A kind by name.
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    /// The kinds, in the order in which they were asked for.
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }
}

fn parse(templates: &Templates, name: &str, text: &str, place: Option<&str>) -> Result<Kind, KindError> {
    let wrong = |message: String| KindError {
        place: place.map_or_else(|| format!("templates/kinds/{name}/kind.toml"), str::to_owned),
        message,
    };
    let mut kind = inheritance::read(templates, name, text).map_err(wrong)?;
    if let Some(flaw) = kind.flaw() {
        return Err(wrong(flaw));
    }
    // Those of the built-in kinds are compiled by a test.
    let own = if place.is_some() { kind.conditions() } else { Vec::new() };
    for when in own {
        if let Err(error) = when.compile() {
            return Err(wrong(format!("the condition `{when}` is no expression: {error}")));
        }
    }
    name.clone_into(&mut kind.name);
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn folder(path: &str) -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn every_folder_is_a_registered_kind() {
        let registered: BTreeSet<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(folder("templates/kinds"), registered);
    }

    #[test]
    fn every_condition_of_every_kind_compiles() {
        for (name, text) in BUILT_IN {
            let toml: toml::Value = toml::from_str(text).unwrap();
            let mut found = Vec::new();
            whens(&toml, &mut found);
            for when in found {
                assert!(When::from(when.clone()).compile().is_ok(), "{name}: {when}");
            }
        }
    }

    fn whens(value: &toml::Value, found: &mut Vec<String>) {
        match value {
            toml::Value::Table(table) => {
                found.extend(table.get("when").and_then(toml::Value::as_str).map(str::to_owned));
                table.values().for_each(|value| whens(value, found));
            }
            toml::Value::Array(items) => items.iter().for_each(|value| whens(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_file_of_a_kind_is_registered_and_every_kind_has_an_example() {
        let registered = |folder: &str| -> BTreeSet<String> {
            let paths = TEMPLATES.iter().filter_map(|(path, _)| path.strip_prefix(folder)?.strip_prefix('/'));
            paths.map(str::to_owned).collect()
        };
        for kind in Kinds::all(&Templates::default()).unwrap().iter() {
            let mut files = registered(&kind.name);
            // The latter is for the documentation alone.
            files.extend(["kind.toml", "about.md"].map(str::to_owned));
            assert_eq!(folder(&format!("templates/kinds/{}", kind.name)), files, "{}", kind.name);
            assert!(!kind.example.is_empty(), "{} has no example", kind.name);
            assert!(!kind.help.is_empty(), "{} has no help", kind.name);
            for file in &kind.files {
                let name = template_name(&kind.name, &file.template);
                assert!(TEMPLATES.iter().any(|(known, _)| *known == name), "{} names {name}", kind.name);
            }
        }
        assert_eq!(folder("templates/shared"), registered("shared"));
    }

    #[test]
    fn an_option_takes_the_place_of_a_key_only_where_it_says_so() {
        let schema = crate::manifest::published_schema([]);
        let keys = schema.pointer("/definitions/Service/properties").and_then(serde_json::Value::as_object).unwrap();
        for kind in Kinds::all(&Templates::default()).unwrap().iter() {
            for (name, option) in &kind.options {
                assert_eq!(keys.contains_key(name), option.replaces_key, "{}: {name}", kind.name);
            }
        }
    }
}

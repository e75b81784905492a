//! Kinds are data: a folder under `templates/kinds/` with a `kind.toml` and whatever it renders.
//!
//! A new kind is one folder and one line in [`BUILT_IN`]; a test refuses a folder that is not listed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use indexmap::IndexMap;

mod definition;

pub use definition::{
    Class, Command, Data, Debug, Detected, EnvDef, File, Kind, Metrics, Mount, OptionDef, OptionType, Output,
    OutputCase, Probe, RequiredFile, User, Watch, Words,
};

/// The built-in kinds: name and `kind.toml`.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("node", include_str!("../../templates/kinds/node/kind.toml")),
    ("redis", include_str!("../../templates/kinds/redis/kind.toml")),
    ("traefik", include_str!("../../templates/kinds/traefik/kind.toml")),
];

/// The templates of the built-in kinds: `<kind>/<file>` and text.
pub const TEMPLATES: &[(&str, &str)] = &[
    ("node/Dockerfile.j2", include_str!("../../templates/kinds/node/Dockerfile.j2")),
    ("node/dockerignore.j2", include_str!("../../templates/kinds/node/dockerignore.j2")),
    ("node/entrypoint.sh.j2", include_str!("../../templates/kinds/node/entrypoint.sh.j2")),
];

/// A `kind.toml` that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("templates/kinds/{name}/kind.toml: {message}")]
pub struct KindError {
    /// The kind.
    pub name: String,
    /// What is wrong.
    pub message: String,
}

/// The kinds that a run needs, each read once.
#[derive(Debug, Default)]
pub struct Kinds {
    kinds: IndexMap<String, Kind>,
}

impl Kinds {
    /// Reads the kinds with these names; names that no kind has are left out.
    pub fn load<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, KindError> {
        let mut kinds = IndexMap::new();
        for name in names {
            if kinds.contains_key(name) {
                continue;
            }
            if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
                kinds.insert(name.to_owned(), parse(name, text)?);
            }
        }
        Ok(Self { kinds })
    }

    /// Reads every kind.
    pub fn all() -> Result<Self, KindError> {
        Self::load(Self::names())
    }

    /// The names of all kinds.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
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

/// Whether a condition of a `kind.toml` holds: a `MiniJinja` expression over the service's options, what was detected
/// in its source, and `target`, `version`, `before_start` and `asks_for_certificates`. `major(version)` is a number.
pub fn condition(when: &str, context: &BTreeMap<String, minijinja::Value>) -> bool {
    let environment = conditions();
    let Ok(expression) = environment.compile_expression(when) else { return false };
    expression.eval(context).is_ok_and(|value| value.is_true())
}

fn conditions() -> &'static minijinja::Environment<'static> {
    static ENVIRONMENT: OnceLock<minijinja::Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = minijinja::Environment::new();
        environment.add_function("major", |version: &str| {
            version.split(['.', '-']).next().and_then(|major| major.parse::<i64>().ok()).unwrap_or_default()
        });
        environment
    })
}

fn parse(name: &str, text: &str) -> Result<Kind, KindError> {
    let mut kind: Kind =
        toml::from_str(text).map_err(|error| KindError { name: name.to_owned(), message: error.to_string() })?;
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
        let registered: BTreeSet<String> = Kinds::names().map(str::to_owned).collect();
        assert_eq!(folder("templates/kinds"), registered);
    }

    #[test]
    fn every_condition_of_every_kind_compiles() {
        for (name, text) in BUILT_IN {
            let toml: toml::Value = toml::from_str(text).unwrap();
            let mut found = Vec::new();
            whens(&toml, &mut found);
            for when in found {
                assert!(conditions().compile_expression(&when).is_ok(), "{name}: {when}");
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
        for kind in Kinds::all().unwrap().iter() {
            let mut files: BTreeSet<String> = TEMPLATES
                .iter()
                .filter_map(|(path, _)| path.strip_prefix(&format!("{}/", kind.name)).map(str::to_owned))
                .collect();
            files.insert("kind.toml".to_owned());
            assert_eq!(folder(&format!("templates/kinds/{}", kind.name)), files, "{}", kind.name);
            assert!(!kind.example.is_empty(), "{} has no example", kind.name);
            assert!(!kind.help.is_empty(), "{} has no help", kind.name);
            for file in &kind.files {
                assert!(files.contains(&file.template), "{} names {}", kind.name, file.template);
            }
        }
    }
}

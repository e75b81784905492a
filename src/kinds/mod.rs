//! Kinds are data: a folder under `templates/kinds/` with a `kind.toml` and whatever it renders.
//!
//! A new kind is one folder and one line in [`BUILT_IN`]; a test refuses a folder that is not listed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use indexmap::IndexMap;
use serde::Deserialize;

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

/// What a kind is, as its `kind.toml` says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kind {
    /// The name: that of its folder.
    #[serde(skip)]
    pub name: String,
    /// One line for the reference.
    pub help: String,
    /// What sort of thing it is: decides networks, restart and hardening.
    pub class: Class,
    /// The image that is run as it is. Interpolated with `service.*`.
    pub image: Option<String>,
    /// The image that the built image starts from. Interpolated with `service.*`.
    pub base: Option<String>,
    /// The versions it is known to work with; empty for any.
    #[serde(default)]
    pub versions: Vec<String>,
    /// The port it listens on.
    pub port: Option<u16>,
    /// The numeric user.
    pub user: Option<User>,
    /// The capabilities it needs although all others are dropped.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Whether its root file system may be read-only.
    #[serde(default)]
    pub read_only: bool,
    /// In-memory directories that it needs under a read-only root.
    #[serde(default)]
    pub tmpfs: Vec<String>,
    /// How long it may take to stop.
    pub stop_grace: Option<String>,
    /// The options it takes beside a service's own keys.
    #[serde(default)]
    pub options: IndexMap<String, OptionDef>,
    /// Facts that are read from the service's source, each from the first file that exists.
    #[serde(default)]
    pub detect: IndexMap<String, IndexMap<String, Detected>>,
    /// Files without which it cannot be built.
    #[serde(default)]
    pub requires: Vec<RequiredFile>,
    /// Environment variables.
    #[serde(default)]
    pub env: IndexMap<String, EnvDef>,
    /// Where its data lives; the first that matches.
    #[serde(default)]
    pub data: Vec<Data>,
    /// Bind mounts that it cannot do without.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// The command; the first that matches.
    #[serde(default)]
    pub command: Vec<Command>,
    /// Arguments after the command; all that match.
    #[serde(default)]
    pub argument: Vec<Command>,
    /// The commands of the build stage; the first that matches.
    #[serde(default)]
    pub build: Vec<Command>,
    /// How it is asked whether it is well.
    pub probe: Option<Probe>,
    /// What `reload = "watch"` synchronises.
    pub watch: Option<Watch>,
    /// What other services can refer to, besides what every service has.
    #[serde(default)]
    pub outputs: IndexMap<String, Output>,
    /// The files it renders.
    #[serde(default)]
    pub files: Vec<File>,
    /// The smallest service of this kind, for the tests and the reference.
    #[serde(default)]
    pub example: toml::Table,
}

/// What sort of thing a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Built from source.
    App,
    /// Keeps data: never on the proxy's network, never without a volume.
    Datastore,
    /// Takes requests from outside.
    Proxy,
    /// Helps people: dashboards, consoles.
    Tool,
    /// Runs without listening.
    Process,
}

/// A numeric user, which may differ between variants of an image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum User {
    /// In every variant.
    Any(String),
    /// By variant of the image.
    Variant {
        /// Tags with `alpine` in them.
        alpine: String,
        /// All others.
        debian: String,
    },
}

impl User {
    /// The user in `image`.
    pub fn of(&self, image: &str) -> &str {
        match self {
            Self::Any(user) => user,
            Self::Variant { alpine, debian } => {
                if image.contains("alpine") {
                    alpine
                } else {
                    debian
                }
            }
        }
    }
}

/// An option of a kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OptionDef {
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: OptionType,
    /// One line for the reference.
    pub help: String,
    /// The value where none is written; interpolated with `service.*`.
    pub default: Option<toml::Value>,
    /// Whether it must be written.
    #[serde(default)]
    pub required: bool,
    /// Whether it is a secret.
    #[serde(default)]
    pub secret: bool,
    /// The values of an `enum`.
    #[serde(default)]
    pub values: Vec<String>,
}

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum OptionType {
    /// Text, interpolated.
    #[serde(rename = "string")]
    String,
    /// A whole number.
    #[serde(rename = "int")]
    Int,
    /// A number.
    #[serde(rename = "float")]
    Float,
    /// A truth value.
    #[serde(rename = "bool")]
    Bool,
    /// One of `values`.
    #[serde(rename = "enum")]
    Enum,
    /// A path relative to services.toml.
    #[serde(rename = "path")]
    Path,
    /// A length of time.
    #[serde(rename = "duration")]
    Duration,
    /// The name of a service.
    #[serde(rename = "service")]
    Service,
    /// Several texts.
    #[serde(rename = "string[]")]
    Strings,
    /// Several paths.
    #[serde(rename = "path[]")]
    Paths,
    /// Several services.
    #[serde(rename = "service[]")]
    Services,
    /// A table in another system's spelling, verbatim.
    #[serde(rename = "table")]
    Table,
    /// Entry points of a proxy, by name.
    #[serde(rename = "entrypoints")]
    EntryPoints,
    /// Certificate resolvers of a proxy, by name.
    #[serde(rename = "certificates")]
    Certificates,
}

/// What the presence of a file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Detected {
    /// This value.
    Value(String),
    /// What stands at a JSON pointer (RFC 6901) in the file, where that is text.
    Json {
        /// The pointer.
        json: String,
    },
}

/// A file of the source without which the kind cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredFile {
    /// Its name in the source directory.
    pub file: String,
    /// How to get it.
    pub help: String,
}

/// An environment variable of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum EnvDef {
    /// Always; interpolated with `service.*`.
    Value(String),
    /// Under a condition.
    When {
        /// The condition.
        when: String,
        /// The value; interpolated with `service.*`.
        value: String,
    },
}

/// A directory of data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The condition.
    pub when: Option<String>,
    /// The directory in the container.
    pub path: String,
    /// The volume; default: the service's name and `-data`.
    pub volume: Option<String>,
}

/// A bind mount.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mount {
    /// The path on the host.
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// Whether it cannot be written to.
    #[serde(default)]
    pub read_only: bool,
}

/// A command under a condition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The condition.
    pub when: Option<String>,
    /// The words; text is split into words. Interpolated with `service.*`.
    pub run: Words,
}

/// Words of a command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// Text that is split into words.
    Text(String),
    /// The words.
    Words(Vec<String>),
}

/// A health probe.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probe {
    /// The command that asks `service.health` on `service.port`, with what the image has. Interpolated.
    pub http: Option<Vec<String>>,
    /// The command that asks the service itself. Interpolated.
    pub command: Option<Vec<String>>,
    /// Time between two probes.
    pub interval: Option<String>,
    /// Time at the start in which failures do not count.
    pub start_period: Option<String>,
}

/// What `docker compose watch` does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Paths in the source that are copied into the running container.
    #[serde(default)]
    pub sync: Vec<String>,
    /// Files in the source after whose change the image is built again.
    #[serde(default)]
    pub rebuild: Vec<String>,
    /// Paths below `sync` that are left out.
    #[serde(default)]
    pub ignore: Vec<String>,
}

/// An output: a text, or the first of several that matches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Output {
    /// Always.
    Text(String),
    /// Under conditions; the first that matches.
    Cases(Vec<OutputCase>),
}

/// An output under a condition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputCase {
    /// The condition.
    pub when: Option<String>,
    /// The text. Interpolated with `service.*`.
    pub value: String,
}

/// A file that a kind renders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The condition.
    pub when: Option<String>,
    /// The template, in the kind's folder.
    pub template: String,
    /// The path in the repository. Interpolated with `service.*`.
    pub path: String,
    /// Whether it is a program.
    #[serde(default)]
    pub executable: bool,
}

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

//! The second room: what the stack is in one environment. Overlays merged, kinds expanded, references resolved, every
//! port, host, URL, network and probe derived from the one place that declares it. Pure data, neutral to the target.
//!
//! [`build()`] never fails: what does not resolve is left out and kept as a [`Problem`], which the rules report.

use indexmap::IndexMap;

use crate::compose::port::PortMapping;
use crate::compose::volume::Mount;
use crate::kinds::Class;
use crate::source::KeyPath;

mod assembly;
mod build;
mod build_env;
mod build_place;
mod command_line;
mod command_start;
mod debug;
mod dependencies;
mod edge;
mod evaluation;
mod files;
mod health;
mod inputs;
mod joined;
mod long_syntax;
mod member;
mod middleware;
mod mounts;
mod named_files;
mod network;
mod options;
mod outputs;
mod passthrough;
mod path;
mod ports;
mod problem;
mod proxy;
mod public_url;
mod raw;
mod recipe;
mod reload;
mod resolve;
mod routing;
mod scraping;
mod secrets;
mod service_options;
mod tcp;
mod text;
mod texts;
mod variables;

pub use build::{Materials, build};
pub use build_place::BuildPlace;
pub use edge::{EntryPoint, MiddlewareUse, Proxy, Resolver, Router, RouterTls};
pub use files::{SupportingFile, settle};
pub use named_files::{Content, NamedEnvFile, NamedSource};
pub use network::{Namespace, NetworkMode};
pub(crate) use path::clean_path;
pub use problem::{CommandFlaw, Problem, ProblemKind, VariableFlaw};
pub use raw::Raw;
pub use scraping::Scraped;
pub(crate) use tcp::EVERY;
pub use text::{Form, Part, Text};
pub use variables::Random;
pub(crate) use variables::inferred_type;
pub(crate) use variables::is_required;

/// The variable that holds the project's name; Compose sets it itself (Compose docs, "Environment variables").
pub const PROJECT_VARIABLE: &str = "COMPOSE_PROJECT_NAME";

/// The label by which a proxy knows the containers that are its own.
pub const EDGE_LABEL: &str = "stackgen.edge";

/// The network that the proxy shares with what it routes to.
pub const EDGE: &str = "edge";

/// The network on which services reach each other.
pub const INTERNAL: &str = "internal";

/// A stack in one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The environment.
    pub environment: String,
    /// Whether it is the first one, whose files have the plain names.
    pub is_default: bool,
    /// Whether the strict rules hold.
    pub production: bool,
    /// Whether all environments share a host.
    pub side_by_side: bool,
    /// The name of the stack.
    pub stack: String,
    /// The Compose project.
    pub project: Text,
    /// The project whose proxy serves the stack, where that is not its own.
    pub edge: Option<Text>,
    /// Where the stack's own files go, relative to services.toml: empty for beside it, else without a trailing `/`.
    pub output: String,
    /// What an operator sets, in the order of the manifest, then derived ones.
    pub variables: IndexMap<String, Variable>,
    /// The services of this environment.
    pub services: IndexMap<String, Service>,
    /// Services that run elsewhere and are only referred to.
    pub externals: IndexMap<String, External>,
    /// The networks that are used.
    pub networks: IndexMap<String, Network>,
    /// The named volumes that are used.
    pub volumes: IndexMap<String, Volume>,
    /// The secrets that reach containers or builds as files.
    pub secrets: IndexMap<String, Secret>,
    /// Top-level Compose keys that are passed through, to be laid over the others.
    pub passthrough: IndexMap<String, Raw>,
    /// What did not resolve.
    pub problems: Vec<Problem>,
}

/// Something an operator sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The value where nothing is set.
    pub default: Option<Text>,
    /// Whether it must be set in this environment.
    pub required: bool,
    /// Whether it is a secret.
    pub secret: bool,
    /// What it must look like.
    pub kind: crate::manifest::types::VariableType,
    /// The values it may have; empty for any.
    pub values: Vec<String>,
    /// One line for whoever sets it.
    pub help: Option<String>,
    /// An example value.
    pub example: Option<String>,
    /// What `stackgen env --write` makes where nothing is set.
    pub generate: Option<Random>,
    /// Who reads it: services, in the order of the manifest.
    pub readers: Vec<String>,
    /// Whether stackgen made it up: a host port.
    pub derived: bool,
    /// Where it is declared.
    pub origin: KeyPath,
}

impl Variable {
    /// Its value, which must be there: Compose stops where it is not, and says what it is for.
    pub fn demanded(&self, name: &str) -> Text {
        Text::variable(name, Some((Form::RequireNonEmpty, Text::literal(variables::complaint(self.help.as_deref())))))
    }
}

impl Plan {
    /// Whether only services read it that start with a profile: then Compose does not ask for it.
    pub fn needs_profile(&self, variable: &Variable) -> bool {
        let is_profiled =
            |reader: &String| self.services.get(reader).is_some_and(|service| !service.profiles.is_empty());
        !variable.readers.is_empty() && variable.readers.iter().all(is_profiled)
    }

    /// Required variables that reach containers as files alone. Compose starts without the file where one is empty
    /// (seen with 2.40), so the compose file asks for them in a place of their own.
    pub fn demanded_files(&self) -> Vec<Text> {
        let by_file = self.secrets.iter().filter(|(_, secret)| **secret == Secret::Variable);
        by_file
            .filter_map(|(name, _)| Some((name, self.variables.get(name)?)))
            .filter(|(_, variable)| variable.required && !self.needs_profile(variable))
            .map(|(name, variable)| variable.demanded(name))
            .collect()
    }

    /// The names of secrets: of declared variables, and of what containers and builds are told that is made of them.
    pub fn secret_names(&self) -> Vec<String> {
        let is_secret = |name: &str| self.variables.get(name).is_some_and(|variable| variable.secret);
        let declared = self.variables.keys().filter(|name| is_secret(name));
        let told = self.services.values().flat_map(|service| {
            let arguments = service.build.iter().flat_map(|build| &build.args);
            service.environment.iter().chain(&service.labels).chain(arguments)
        });
        let made = told.filter(|(_, text)| text.variables().into_iter().any(is_secret)).map(|(name, _)| name);
        declared.chain(made).cloned().collect()
    }
}

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Option<String>,
    /// What sort of thing it is; a plain container is an app.
    pub class: Class,
    /// One line that says what it is for: its own, else that of its kind.
    pub help: Option<String>,
    /// The service of whose program it is another process.
    pub extends: Option<String>,
    /// The name of its container, where it is fixed.
    pub container_name: Option<Text>,
    /// The Compose profiles with which it starts; empty where it always does.
    pub profiles: Vec<String>,
    /// How many containers run, where it says so.
    pub replicas: Option<u16>,
    /// Whether it ends by design.
    pub one_shot: bool,
    /// The image that is run.
    pub image: Option<Text>,
    /// Whether that image is known to have `sh`, `tar` and `find`.
    pub archives: bool,
    /// How it is built.
    pub build: Option<Build>,
    /// The restart policy.
    pub restart: Option<String>,
    /// Whether an init process forwards signals and reaps children.
    pub init: bool,
    /// The user, where the image does not set it.
    pub user: Option<String>,
    /// Whether all capabilities are dropped.
    pub drop_capabilities: bool,
    /// Capabilities that are given back.
    pub capabilities: Vec<String>,
    /// Whether a process may gain no privileges.
    pub no_new_privileges: bool,
    /// Whether the root file system is read-only.
    pub read_only: bool,
    /// In-memory directories.
    pub tmpfs: Vec<String>,
    /// What the image's entrypoint is replaced by: empty for nothing, none for the image's own.
    pub entrypoint: Option<Vec<Text>>,
    /// The command, in exec form; none for the image's own.
    pub command: Option<Vec<Text>>,
    /// Environment variables.
    pub environment: IndexMap<String, Text>,
    /// Secrets that it reads as files under `/run/secrets`.
    pub secrets: Vec<String>,
    /// The main port it listens on.
    pub port: Option<u16>,
    /// Further ports it listens on, by name.
    pub listeners: IndexMap<String, u16>,
    /// The port of its debugger, where one listens.
    pub debug_port: Option<u16>,
    /// Published ports.
    pub ports: Vec<PublishedPort>,
    /// The health probe.
    pub health: Option<Probe>,
    /// The path that the health probe asks, where it asks one.
    pub health_path: Option<String>,
    /// The path that answers 200 as soon as it can serve.
    pub ready: Option<String>,
    /// Where Prometheus finds its metrics.
    pub metrics: Option<Metrics>,
    /// Task queues that it fills.
    pub produces: Vec<String>,
    /// Task queues that it works on.
    pub consumes: Vec<String>,
    /// Task queues that its kind works on, where `consumes` names none.
    pub default_queues: Vec<String>,
    /// Whether a second one would do everything twice.
    pub single: bool,
    /// What must be up first.
    pub depends_on: IndexMap<String, Dependency>,
    /// The services that its texts refer to, each place for itself.
    pub references: Vec<Reference>,
    /// Mounts.
    pub volumes: Vec<PlannedMount>,
    /// The directory of the container in which its kind keeps data.
    pub data: Option<String>,
    /// Files that are generated for it to read; each is among the mounts.
    pub files: Vec<SupportingFile>,
    /// Networks, in order.
    pub networks: Vec<String>,
    /// How long it may take to stop.
    pub stop_grace: String,
    /// Log rotation: size and number of files.
    pub logging: Option<Logging>,
    /// The most it may use.
    pub limits: Option<Resources>,
    /// What is kept free for it.
    pub reservations: Option<Resources>,
    /// What `docker compose watch` does.
    pub watch: Vec<WatchRule>,
    /// Container labels: the proxy's, then the service's own.
    pub labels: IndexMap<String, Text>,
    /// The routers that lead to it.
    pub routers: Vec<Router>,
    /// What it is as a proxy.
    pub proxy: Option<Proxy>,
    /// Compose keys that are passed through: what stands there in the end, or none for one taken away.
    pub passthrough: IndexMap<String, Option<Raw>>,
}

impl Service {
    /// Where the service stands in services.toml.
    pub fn origin(&self) -> KeyPath {
        KeyPath::of(["services", &self.name])
    }

    /// How many containers run: `scale` says the same as `deploy.replicas` (compose-spec, `scale`).
    pub fn containers(&self) -> u64 {
        let scale = self.passthrough.get("scale").and_then(Option::as_ref).and_then(Raw::to_text);
        let scale = scale.and_then(|text| text.with_defaults()?.parse().ok());
        scale.or(self.replicas.map(u64::from)).unwrap_or(1)
    }

    /// Whether it is known to listen on this port.
    pub fn listens_on(&self, port: u16) -> bool {
        self.port == Some(port) || self.listeners.values().any(|listener| *listener == port)
    }

    /// Whether there is a choice of profiles with which both run, and nobody has to ask for more than one profile.
    pub fn runs_beside(&self, other: &Self) -> bool {
        self.profiles.is_empty()
            || other.profiles.is_empty()
            || self.profiles.iter().any(|profile| other.profiles.contains(profile))
    }
}

/// A place at which a service refers to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The other service.
    pub service: String,
    /// The text that refers to it.
    pub origin: KeyPath,
}

/// How an image is built.
#[derive(Debug, Clone, PartialEq)]
pub struct Build {
    /// The source directory, relative to services.toml.
    pub source: String,
    /// The build context, relative to the compose file.
    pub context: String,
    /// The Dockerfile, relative to the context; none for `Dockerfile` there.
    pub dockerfile: Option<String>,
    /// The stage of the Dockerfile; none for its last one.
    pub target: Option<String>,
    /// Arguments of the Dockerfile.
    pub args: IndexMap<String, Text>,
    /// Secrets that the build reads, by the name under which it does; the values are names of secrets of the plan.
    pub secrets: IndexMap<String, String>,
    /// What the Dockerfile says; none where it is written by hand.
    pub recipe: Option<Recipe>,
}

/// A service that runs elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct External {
    /// Its kind.
    pub kind: Option<String>,
    /// What sort of thing it is.
    pub class: Class,
    /// One line that says what it is for: its own, else that of its kind.
    pub help: Option<String>,
    /// Its address.
    pub host: Option<Text>,
    /// The port it listens on.
    pub port: Option<u16>,
    /// Its entry points, where it is a proxy.
    pub entry_points: IndexMap<String, EntryPoint>,
}

/// Where the value of a secret that becomes a file comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// The operator variable of the same name.
    Variable,
    /// A file of the host, relative to the compose file.
    File(String),
}

/// Where Prometheus finds metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// The path.
    pub path: String,
    /// The port; none where the service has none.
    pub port: Option<u16>,
}

/// A stage of a generated Dockerfile that can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// All dependencies, the source, and what reloads it.
    Development,
    /// What runs, and nothing else.
    Production,
}

impl Target {
    /// The name of the stage.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// Everything that the files of a built service say: the same in every environment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Recipe {
    /// The kind, whose templates are rendered.
    pub kind: String,
    /// The version of the kind.
    pub version: String,
    /// The image it starts from.
    pub base: String,
    /// The numeric user and group.
    pub user: String,
    /// The port, for `EXPOSE` and `PORT`.
    pub port: Option<u16>,
    /// Further ports, for `EXPOSE`.
    pub listeners: Vec<u16>,
    /// The source as the build context sees it: empty, or with a `/` at its end.
    pub prefix: String,
    /// Arguments of the build stage, and variables of the development stage.
    pub build_args: Vec<String>,
    /// Secrets of the build stage, each a variable of its commands.
    pub build_secrets: Vec<String>,
    /// What the development stage needs for the debugger.
    pub debug_packages: Vec<String>,
    /// Debian packages of every stage.
    pub packages: Vec<String>,
    /// Debian packages of the build alone.
    pub build_packages: Vec<String>,
    /// Files and directories of the source that the installation of the dependencies reads.
    pub install: Vec<String>,
    /// Directories that are mounted, so that they exist and belong to the user.
    pub directories: Vec<String>,
    /// Further paths of the source that the image gets.
    pub include: Vec<String>,
    /// What runs before the command.
    pub before_start: Vec<BeforeStart>,
    /// The command of the development stage.
    pub development: Vec<String>,
    /// The command of the production stage.
    pub production: Vec<String>,
    /// The commands of the build stage.
    pub build: Vec<String>,
    /// The options of the kind and what was detected, by name with `_`.
    pub facts: std::collections::BTreeMap<String, String>,
    /// The files: template, path relative to services.toml, whether it is a program.
    pub files: Vec<RecipeFile>,
}

/// A file of a built service.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecipeFile {
    /// The template, in the kind's folder.
    pub template: String,
    /// The path, relative to services.toml.
    pub path: String,
    /// Whether it is a program.
    pub executable: bool,
}

/// A command before the main one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BeforeStart {
    /// Its words.
    pub run: Vec<String>,
    /// Whether its failure stops the start.
    pub fatal: bool,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    /// As Compose reads it: the short syntax, perhaps with variables.
    pub text: Text,
    /// With the defaults of its variables; none where one of them has no default.
    pub mapping: Option<PortMapping>,
    /// Where it was asked for.
    pub origin: KeyPath,
    /// Whether the number follows from the service's port.
    pub derived: bool,
}

/// A health probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The command, in exec form, without the leading `CMD`.
    pub command: Vec<Text>,
    /// Time between two probes.
    pub interval: String,
    /// Time after which a probe has failed.
    pub timeout: String,
    /// Failures in a row that make it unhealthy.
    pub retries: u16,
    /// Time at the start in which failures do not count.
    pub start_period: String,
}

/// The state in which a dependency must be (compose-spec, `depends_on`, long syntax).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Its container runs.
    Started,
    /// Its probe succeeds.
    Healthy,
    /// It ended with exit code 0.
    Completed,
}

impl Condition {
    /// Compose's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "service_started",
            Self::Healthy => "service_healthy",
            Self::Completed => "service_completed_successfully",
        }
    }
}

/// A service that must be up first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// In which state.
    pub condition: Condition,
    /// Where the state is named; else it is awaited as far as it can be.
    pub named: Option<KeyPath>,
    /// Whether this service cannot do without it (compose-spec, `depends_on`, `required`).
    pub required: bool,
    /// Whether this service is restarted when Compose restarts that one: a reference holds a connection to it.
    pub restart: bool,
    /// What made it a dependency.
    pub origin: KeyPath,
}

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedMount {
    /// As Compose reads it, relative to the compose file.
    pub text: Text,
    /// The mount with the defaults of its variables.
    pub mount: Mount,
    /// Where it was asked for.
    pub origin: KeyPath,
}

/// Log rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// Size at which a file is rotated.
    pub max_size: String,
    /// How many files are kept.
    pub max_file: u16,
}

/// Memory and processor time.
#[derive(Debug, Clone, PartialEq)]
pub struct Resources {
    /// Memory, in Compose's units.
    pub memory: Option<String>,
    /// Processors.
    pub cpus: Option<f64>,
}

/// What `docker compose watch` does with a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchRule {
    /// The path, relative to the compose file.
    pub path: String,
    /// Where it is copied to; none: the image is built again.
    pub sync_to: Option<String>,
    /// Whether the container starts anew after that.
    pub restarts: bool,
    /// What is left out.
    pub ignore: Vec<String>,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// Its name on the engine, where it is fixed.
    pub name: Option<Text>,
    /// Whether it exists already.
    pub external: bool,
    /// Whether it has no way out.
    pub internal: bool,
    /// Its subnet.
    pub subnet: Option<String>,
}

/// A named volume.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Volume {
    /// Its name on the engine, where it is fixed.
    pub name: Option<Text>,
    /// Whether it exists already.
    pub external: bool,
}

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
mod dependencies;
mod edge;
mod health;
mod member;
mod middleware;
mod mounts;
mod network;
mod outputs;
mod ports;
mod problem;
mod proxy;
mod public_url;
mod recipe;
mod resolve;
mod routing;
mod text;
mod texts;
mod variables;

pub use build::build;
pub use edge::{EntryPoint, MiddlewareUse, Proxy, Resolver, Router, RouterTls};
pub use problem::{CommandFlaw, Problem, ProblemKind, VariableFlaw};
pub use text::{Form, Part, Text};

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
    /// Where the stack's own files go, relative to services.toml: empty for beside it, else without a trailing `/`.
    pub output: String,
    /// What an operator sets, in the order of the manifest, then derived ones.
    pub variables: IndexMap<String, Variable>,
    /// The services of this environment.
    pub services: IndexMap<String, Service>,
    /// The networks that are used.
    pub networks: IndexMap<String, Network>,
    /// The named volumes that are used.
    pub volumes: IndexMap<String, Volume>,
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
    /// Who reads it: services, in the order of the manifest.
    pub readers: Vec<String>,
    /// Whether stackgen made it up: a host port.
    pub derived: bool,
    /// Where it is declared.
    pub origin: KeyPath,
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
    /// The image that is run.
    pub image: Option<Text>,
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
    /// The command, in exec form; none for the image's own.
    pub command: Option<Vec<Text>>,
    /// Environment variables.
    pub environment: IndexMap<String, Text>,
    /// The main port it listens on.
    pub port: Option<u16>,
    /// Published ports.
    pub ports: Vec<PublishedPort>,
    /// The health probe.
    pub health: Option<Probe>,
    /// The path that the health probe asks, where it asks one.
    pub health_path: Option<String>,
    /// What must be up first.
    pub depends_on: IndexMap<String, Dependency>,
    /// Mounts.
    pub volumes: Vec<PlannedMount>,
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
}

impl Service {
    /// Where the service stands in services.toml.
    pub fn origin(&self) -> KeyPath {
        KeyPath::of(["services", &self.name])
    }
}

/// How an image is built.
#[derive(Debug, Clone, PartialEq)]
pub struct Build {
    /// The source directory, relative to services.toml.
    pub source: String,
    /// The build context, relative to the compose file.
    pub context: String,
    /// The stage of the Dockerfile.
    pub target: Target,
    /// What the Dockerfile says.
    pub recipe: Recipe,
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
    /// Debian packages of every stage.
    pub packages: Vec<String>,
    /// Debian packages of the build alone.
    pub build_packages: Vec<String>,
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
    /// Whether services.toml names the state; else it is awaited as far as it can be.
    pub is_named: bool,
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

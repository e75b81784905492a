//! The second room: what the stack is in one environment. Overlays merged, kinds expanded, references resolved, every
//! port, host, URL, network and probe derived from the one place that declares it. Pure data, neutral to the target.
//!
//! [`build()`] never fails: what does not resolve is left out and kept as a [`Problem`], which the rules report.

use indexmap::IndexMap;

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
mod image;
mod inputs;
mod joined;
mod long_syntax;
mod member;
mod middleware;
mod mounts;
mod named_files;
mod network;
mod options;
mod other_process;
mod outputs;
mod own_command;
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
mod service;
mod service_options;
mod tcp;
mod text;
mod texts;
mod variables;

pub use build::{Materials, build};
pub use build_place::BuildPlace;
pub use edge::{EntryPoint, MiddlewareUse, Proxy, Resolver, Router, RouterTls};
pub use files::{SupportingFile, settle};
pub use image::{BeforeStart, Build, Recipe, RecipeFile, Target};
pub use named_files::{Content, NamedEnvFile, NamedSource};
pub use network::{Namespace, NetworkMode};
pub(crate) use path::clean_path;
pub use problem::{CommandFlaw, Problem, ProblemKind, VariableFlaw};
pub use raw::Raw;
pub use scraping::Scraped;
pub use service::{
    Condition, Dependency, Logging, Metrics, PlannedMount, Probe, PublishedPort, Reference, Resources, Service,
    WatchRule,
};
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

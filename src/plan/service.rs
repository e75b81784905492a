//! A service of the plan, and what it is made of.

use indexmap::IndexMap;

use super::{Build, Proxy, Raw, Router, SupportingFile, Text};
use crate::compose::port::PortMapping;
use crate::compose::volume::Mount;
use crate::kinds::Class;
use crate::source::KeyPath;

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

/// Where Prometheus finds metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// The path.
    pub path: String,
    /// The port; none where the service has none.
    pub port: Option<u16>,
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

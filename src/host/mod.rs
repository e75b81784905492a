//! The machine that a stack is to run on: what it cannot give, because somebody has it already or nobody has made it.
//!
//! Looked at only where somebody asks for it: elsewhere the same services.toml means the same on every machine.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use crate::compose::dotenv::EnvFile;
use crate::compose::model;
use crate::compose::port::{self, PortMapping, Protocol, addresses_overlap};
use crate::diagnostics::words;
use crate::plan::{EDGE, Plan, Raw};
use crate::source::KeyPath;

mod engine;
mod listening;

/// Whose machine it is, and what is to run there.
#[derive(Debug, Clone)]
pub struct Host {
    /// The environments that are to run there; none for the default one.
    pub environments: Vec<String>,
    /// The machine.
    pub machine: Machine,
}

/// A machine.
#[derive(Debug, Clone)]
pub enum Machine {
    /// The one that this process runs on.
    This,
    /// One of which everything is known.
    Told(Facts),
}

/// What a machine has.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Who listens.
    pub listening: Vec<Listening>,
    /// The networks and volumes of its engine; none where the engine does not answer.
    pub engine: Option<Engine>,
    /// Why the engine does not answer, in words.
    pub silence: Option<String>,
}

/// What an engine has.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    /// The names of its networks.
    pub networks: BTreeSet<String>,
    /// The names of its volumes.
    pub volumes: BTreeSet<String>,
}

/// Somebody who listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    /// The transport.
    pub protocol: Protocol,
    /// The address; none for every one.
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// Who it is, where the system tells.
    pub by: Option<Holder>,
}

/// Who listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A program, with its name and process id.
    Process(String, u32),
    /// A container, with its name and its Compose project, where it has one.
    Container(String, Option<String>),
}

/// What a stack would not get.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Host ports that others have.
    pub taken: Vec<Taken>,
    /// Networks and volumes that must be there and are not.
    pub absent: Vec<Absent>,
    /// Why networks and volumes could not be looked for, and whom a port belongs to may be wrong.
    pub silence: Option<String>,
}

/// A host port that somebody else has.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The environment that would publish it.
    pub environment: String,
    /// The service.
    pub service: String,
    /// Where it says so.
    pub origin: KeyPath,
    /// Who has it.
    pub listening: Listening,
    /// The variables that move it.
    pub variables: Vec<String>,
}

/// Something that must exist beforehand, and does not.
#[derive(Debug, Clone)]
pub struct Absent {
    /// The environment that needs it.
    pub environment: String,
    /// `network` or `volume`.
    pub what: &'static str,
    /// Its name on the engine.
    pub name: String,
    /// Where it is called external.
    pub origin: KeyPath,
    /// The Compose project whose proxy's network it is (`stack.edge`).
    pub edge: Option<String>,
    /// What the engine has and is called almost the same.
    pub meant: Option<String>,
}

impl Host {
    /// What it would not give these plans; env files are read below `root`.
    pub(crate) fn view(&self, root: &Path, plans: &[Plan]) -> View {
        let is_meant = |plan: &&Plan| match self.environments.as_slice() {
            [] => plan.is_default,
            names => names.contains(&plan.environment),
        };
        let plans: Vec<Wishes<'_>> = plans.iter().filter(is_meant).map(|plan| Wishes::of(root, plan)).collect();
        let facts = match &self.machine {
            Machine::Told(facts) => facts.clone(),
            Machine::This => look(plans.iter().flat_map(|wishes| wishes.ports.iter().map(|port| &port.mapping))),
        };
        View {
            taken: plans.iter().flat_map(|wishes| wishes.taken(&facts.listening)).collect(),
            absent: facts.engine.iter().flat_map(|engine| plans.iter().flat_map(|it| it.absent(engine))).collect(),
            silence: facts.silence,
        }
    }
}

/// What this machine has of these ports, and what its engine has.
fn look<'p>(ports: impl Iterator<Item = &'p PortMapping>) -> Facts {
    let (mut listening, engine, silence) = match engine::ask() {
        Ok(engine::Answer { published, engine }) => (published, Some(engine), None),
        Err(silence) => (Vec::new(), None, Some(silence)),
    };
    listening::add(ports, &mut listening);
    Facts { listening, engine, silence }
}

/// What an environment wants of a machine, with the values that it has there.
struct Wishes<'p> {
    plan: &'p Plan,
    project: Option<String>,
    ports: Vec<Wish<'p>>,
    external: Vec<Absent>,
}

/// A port that would be published.
struct Wish<'p> {
    service: &'p str,
    origin: &'p KeyPath,
    mapping: PortMapping,
    variables: Vec<String>,
}

impl<'p> Wishes<'p> {
    fn of(root: &Path, plan: &'p Plan) -> Self {
        let shell = |name: &str| std::env::var(name).ok();
        // What is wrong with an env file is told by `stackgen env`.
        let text = std::fs::read_to_string(root.join(plan.env_path())).unwrap_or_default();
        let set = EnvFile::parse(&text).and_then(|file| file.values(&shell)).unwrap_or_default();
        let values = |name: &str| shell(name).or_else(|| Some(set.get(name)?.value.clone()));
        let mut ports = Vec::new();
        for service in plan.services.values() {
            for port in &service.ports {
                let mapping = port.text.evaluate(&values).ok().and_then(|text| port::parse(&text).ok());
                let variables = port.text.variables().into_iter().map(str::to_owned).collect();
                ports.extend(mapping.map(|mapping| Wish {
                    service: &service.name,
                    origin: &port.origin,
                    mapping,
                    variables,
                }));
            }
        }
        // A project that the env file names counts before the one that is written.
        let own = values("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty());
        let project = own.or_else(|| plan.project.evaluate(&values).ok());
        Self { plan, project, ports, external: external(plan, &values) }
    }

    fn taken(&self, listening: &[Listening]) -> Vec<Taken> {
        let mut taken = Vec::new();
        for wish in &self.ports {
            // Of a pool, any port will do.
            let Some(published) = wish.mapping.published.filter(|range| range.first > 0 && !wish.mapping.is_pool())
            else {
                continue;
            };
            let meets = |other: &&Listening| {
                other.protocol == wish.mapping.protocol
                    && (published.first..=published.last).contains(&other.port)
                    && addresses_overlap(wish.mapping.ip, other.ip)
            };
            // The stack itself may run already.
            let is_own = |other: &&Listening| match &other.by {
                Some(Holder::Container(_, project)) => project.is_some() && *project == self.project,
                _ => false,
            };
            if let Some(other) = listening.iter().filter(meets).find(|other| !is_own(other)) {
                taken.push(Taken {
                    environment: self.plan.environment.clone(),
                    service: wish.service.to_owned(),
                    origin: wish.origin.clone(),
                    listening: other.clone(),
                    variables: wish.variables.clone(),
                });
            }
        }
        taken
    }

    fn absent(&self, engine: &Engine) -> Vec<Absent> {
        let names = |wanted: &Absent| if wanted.what == "network" { &engine.networks } else { &engine.volumes };
        let absent = self.external.iter().filter(|wanted| !names(wanted).contains(&wanted.name));
        let told = absent.map(|wanted| {
            let meant = words::nearest(&wanted.name, names(wanted).iter().map(String::as_str));
            Absent { meant: meant.map(str::to_owned), ..wanted.clone() }
        });
        told.collect()
    }
}

/// What a plan takes for granted.
fn external(plan: &Plan, values: &dyn Fn(&str) -> Option<String>) -> Vec<Absent> {
    let sections = model::sections(plan);
    let mut external = Vec::new();
    for (section, what) in [("networks", "network"), ("volumes", "volume")] {
        for (key, settings) in sections.get(section).and_then(Raw::as_map).into_iter().flatten() {
            let Some(settings) = settings.as_map() else { continue };
            if !matches!(settings.get("external").map(Raw::plain), Some(Raw::Bool(true))) {
                continue;
            }
            let name = match settings.get("name") {
                Some(name) => name.to_text().and_then(|name| name.evaluate(values).ok()),
                None => Some(key.clone()),
            };
            let is_declared = match what {
                "network" => plan.networks.contains_key(key),
                _ => plan.volumes.contains_key(key),
            };
            let edge = if what == "network" { edge(plan, key, values) } else { None };
            let origin = if edge.is_some() {
                KeyPath::of(["stack", "edge"])
            } else if is_declared {
                KeyPath::of([section, key])
            } else {
                KeyPath::of(["compose", section, key])
            };
            let environment = plan.environment.clone();
            external.extend(name.map(|name| Absent { environment, what, name, origin, edge, meant: None }));
        }
    }
    external
}

/// The project whose proxy makes this network, where the name follows from `stack.edge`.
fn edge(plan: &Plan, key: &str, values: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let project = plan.edge.as_ref().filter(|_| key == EDGE)?;
    let mut derived = project.clone();
    derived.push_str("_edge");
    let is_derived = plan.networks.get(key)?.name.as_ref() == Some(&derived);
    let is_passed = plan.passthrough.get("networks").and_then(Raw::as_map).is_some_and(|all| all.contains_key(key));
    if is_derived && !is_passed { project.evaluate(values).ok() } else { None }
}

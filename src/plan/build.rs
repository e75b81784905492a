//! Puts a plan together, service by service.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use indexmap::IndexMap;

use super::assembly::Assembly;
use super::member::{Frame, Member};
use super::resolve::{At, Resolver};
use super::{
    Condition, EDGE, Plan, ProblemKind, Reference, Service, Target, Volume, network, own_command, routing, scraping,
};
use crate::kinds::Kinds;
use crate::manifest::Manifest;
use crate::manifest::types;
use crate::manifest::unions::Toggle;
use crate::source::KeyPath;
use crate::sources::Sources;

/// Environments that are not production unless they say so.
const RELAXED: [&str; 5] = [crate::manifest::DEFAULT_ENVIRONMENT, "dev", "development", "local", "test"];

/// What all plans of a stack are built from.
#[derive(Debug, Clone, Copy)]
pub struct Materials<'a> {
    /// The kinds that services name.
    pub kinds: &'a Kinds,
    /// What is known of the services' sources.
    pub sources: &'a Sources,
    /// All environments, in their order; the first is the default one.
    pub environments: &'a IndexMap<String, Manifest>,
}

/// The plan of one environment.
pub fn build(materials: Materials<'_>, environment: &str, manifest: &Manifest) -> Plan {
    let Materials { kinds, sources, environments } = materials;
    let empty = types::Stack::default();
    let stack = manifest.stack.as_ref().unwrap_or(&empty);
    let production = stack.production.unwrap_or(!RELAXED.contains(&environment));
    let (members, absent) = members(manifest, kinds, sources, environment);
    let name = stack.name.as_deref().unwrap_or_default();
    let several = environments.len() > 1;
    let builders = own_command::builders(environments);
    let frame =
        Frame { manifest, environments, environment, production, several, stack: name, members, absent, builders };
    let output = stack.output.as_deref().map(super::path::clean_path);
    let mut resolver = Resolver::new(&frame);
    if output == Some(None) {
        let message = "the output lies outside the directory of services.toml".to_owned();
        let help = "name a directory below it".to_owned();
        resolver.problem(KeyPath::of(["stack", "output"]), ProblemKind::Build { message, help });
    }
    let output = output.flatten().unwrap_or_default();
    resolver.check_version();
    resolver.declare_all();
    let project = resolver.project();
    let edge = resolver.edge();
    let ways = resolver.ways();
    let mut services: IndexMap<String, Service> = IndexMap::with_capacity(frame.members.len());
    let mut talks: HashSet<String> = HashSet::new();
    for member in frame.members.values().filter(|member| !member.is_external) {
        let mut assembly = Assembly {
            resolver: &mut resolver,
            member,
            edges: Vec::new(),
            secrets: Vec::new(),
            output: &output,
            sources,
        };
        let mut service = assembly.service(ways.as_deref());
        let edges = std::mem::take(&mut assembly.edges);
        if !edges.is_empty() {
            talks.insert(member.name.to_owned());
        }
        for (target, origin) in edges {
            talks.insert(target.clone());
            service.references.push(Reference { service: target, origin });
        }
        services.insert(service.name.clone(), service);
    }
    for (name, service) in &mut services {
        resolver.pass_probe(&frame.members[name.as_str()], service);
    }
    conditions(&mut services);
    for service in services.values_mut() {
        service.networks = network::of_service(&frame, service, talks.contains(&service.name));
    }
    scraping::connect(&frame, &mut services);
    for (name, service) in &mut services {
        let member = &frame.members[name.as_str()];
        resolver.pass_through(member, service);
        // Compose takes one or the other.
        if network::has_mode(service)
            && member.service.networks.is_none()
            && !service.passthrough.contains_key("networks")
        {
            service.networks.clear();
        }
    }
    scraping::tell(&frame, &mut services);
    resolver.check_passed(&services);
    let networks = resolver.networks(&services, edge.as_ref());
    let network = routing::edge_network(networks.get(EDGE).and_then(|network| network.name.as_ref()));
    let entry_points = ways.iter().flat_map(|ways| ways.entry_points.keys().cloned()).collect();
    let shared = crate::traefik::Edge { network, project: edge.clone(), entry_points };
    for service in services.values_mut() {
        crate::traefik::finish(service, &shared);
    }
    let volumes = volumes(&mut resolver, &services);
    let externals = resolver.externals();
    let passthrough = resolver.sections();
    let notes = resolver.notes;
    let mut plan = Plan {
        environment: environment.to_owned(),
        is_default: environments.first().is_some_and(|(first, _)| first == environment),
        production,
        side_by_side: stack.side_by_side.unwrap_or_default(),
        stack: name.to_owned(),
        project,
        edge,
        output,
        variables: notes.variables,
        services,
        externals,
        networks,
        volumes,
        secrets: notes.secrets,
        passthrough,
        problems: notes.problems,
    };
    plan.settle_variables();
    plan
}

type Members<'a> = IndexMap<&'a str, Member<'a>>;

fn members<'a>(
    manifest: &'a Manifest,
    kinds: &'a Kinds,
    sources: &Sources,
    environment: &str,
) -> (Members<'a>, Members<'a>) {
    let mut members = IndexMap::new();
    let mut absent = IndexMap::new();
    for (name, service) in &manifest.services {
        let is_absent =
            service.environments.as_ref().is_some_and(|only| !only.iter().any(|known| known == environment));
        let kind = service.kind.as_deref().and_then(|kind| kinds.get(kind));
        let directory = service.source.as_deref().and_then(|source| sources.get(source));
        let facts: BTreeMap<String, String> = match (kind, directory) {
            (Some(kind), Some(directory)) => {
                kind.detect.iter().filter_map(|(name, cases)| Some((name.clone(), directory.detect(cases)?))).collect()
            }
            _ => BTreeMap::new(),
        };
        let is_illegible = kind.zip(directory).is_some_and(|(kind, directory)| !directory.is_legible(kind));
        let debugs = service.debug.unwrap_or_default();
        let reloads = service.reload.as_ref().and_then(Toggle::on).is_some() || debugs;
        // What reloads is known of generated Dockerfiles alone.
        let built_on = || kinds.get(kind?.built_on.as_deref()?);
        let builder = kind.filter(|kind| kind.builds()).or_else(built_on);
        let builds = builder.is_some() && service.source.is_some() && service.dockerfile.is_none();
        let target = if reloads && builds { Target::Development } else { Target::Production };
        let port = service.port.or_else(|| kind.filter(|_| service.extends.is_none()).and_then(|kind| kind.port));
        let mut listeners = kind.map(|kind| kind.ports.clone()).unwrap_or_default();
        listeners.extend(service.ports.iter().map(|(name, port)| (name.clone(), *port)));
        let is_external = service.external.unwrap_or_default();
        let member = Member {
            name,
            service,
            kind,
            builder,
            port,
            listeners,
            is_external,
            facts,
            is_illegible,
            target,
            told: [const { OnceCell::new() }; 2],
        };
        if is_absent { &mut absent } else { &mut members }.insert(name.as_str(), member);
    }
    (members, absent)
}

/// A dependency whose state nobody named is awaited as far as it can be: ended where it ends by design, healthy where it
/// has a probe.
fn conditions(services: &mut IndexMap<String, Service>) {
    let reached: HashMap<String, Condition> = services
        .values()
        .map(|service| {
            let condition = match (service.one_shot, &service.health) {
                (true, _) => Condition::Completed,
                (false, Some(_)) => Condition::Healthy,
                (false, None) => Condition::Started,
            };
            (service.name.clone(), condition)
        })
        .collect();
    for service in services.values_mut() {
        for (target, dependency) in &mut service.depends_on {
            if dependency.named.is_none()
                && let Some(condition) = reached.get(target)
            {
                dependency.condition = *condition;
                // What has ended is not held on to.
                dependency.restart &= *condition != Condition::Completed;
            }
        }
    }
}

fn volumes(resolver: &mut Resolver<'_, '_>, services: &IndexMap<String, Service>) -> IndexMap<String, Volume> {
    let mut volumes: IndexMap<String, Volume> = IndexMap::new();
    let manifest = resolver.frame.manifest;
    for name in services.values().flat_map(|service| service.volumes.iter()).filter_map(|mount| mount.mount.volume()) {
        if volumes.contains_key(name) {
            continue;
        }
        let written = manifest.volumes.get(name);
        let path = KeyPath::of(["volumes", name, "name"]);
        let fixed = written.and_then(|volume| volume.name.clone());
        let fixed = fixed.map(|fixed| resolver.text(&fixed, At::manifest(&path, None)).text);
        let external = written.is_some_and(|volume| volume.external);
        volumes.insert(name.to_owned(), Volume { name: fixed, external });
    }
    volumes
}

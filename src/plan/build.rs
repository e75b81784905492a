//! Puts a plan together, service by service.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;

use super::assembly::Assembly;
use super::member::{Frame, Member};
use super::resolve::{At, Resolver};
use super::{Condition, EDGE, Plan, ProblemKind, Service, Target, Volume, network, recipe, routing};
use crate::kinds::Kinds;
use crate::manifest::Manifest;
use crate::manifest::types;
use crate::manifest::unions::Toggle;
use crate::source::KeyPath;
use crate::sources::Sources;

/// Environments that are not production unless they say so.
const RELAXED: [&str; 5] = [crate::manifest::DEFAULT_ENVIRONMENT, "dev", "development", "local", "test"];

/// The plan of one environment. `position` counts the environments; the first is the default one.
pub fn build(
    manifest: &Manifest,
    kinds: &Kinds,
    sources: &Sources,
    environment: &str,
    position: usize,
    several: bool,
) -> Plan {
    let empty = types::Stack::default();
    let stack = manifest.stack.as_ref().unwrap_or(&empty);
    let production = stack.production.unwrap_or(!RELAXED.contains(&environment));
    let (members, absent) = members(manifest, kinds, sources, environment);
    let name = stack.name.as_deref().unwrap_or_default();
    let frame = Frame { manifest, environment, production, several, stack: name, members, absent };
    let output = stack.output.as_deref().map(recipe::clean_path);
    let mut resolver = Resolver::new(&frame);
    if output == Some(None) {
        let message = "the output lies outside the directory of services.toml".to_owned();
        let help = "name a directory below it".to_owned();
        resolver.problem(KeyPath::of(["stack", "output"]), ProblemKind::Build { message, help });
    }
    let output = output.flatten().unwrap_or_default();
    resolver.declare_all();
    let project = resolver.project();
    let ways = resolver.ways();
    let mut services: IndexMap<String, Service> = IndexMap::with_capacity(frame.members.len());
    let mut talks: HashSet<String> = HashSet::new();
    let mut references: Vec<(String, String, KeyPath)> = Vec::new();
    for member in frame.members.values() {
        let mut assembly = Assembly { resolver: &mut resolver, member, edges: Vec::new(), output: &output, sources };
        let service = assembly.service(ways.as_deref());
        let edges = std::mem::take(&mut assembly.edges);
        if !edges.is_empty() {
            talks.insert(member.name.to_owned());
        }
        for (target, origin) in edges {
            references.push((member.name.to_owned(), target.clone(), origin));
            talks.insert(target);
        }
        services.insert(service.name.clone(), service);
    }
    conditions(&mut services);
    for service in services.values_mut() {
        service.networks = network::of_service(&frame, service, talks.contains(&service.name));
    }
    resolver.check_reach(&services, &references);
    let networks = resolver.networks(&services);
    let edge = routing::edge_network(networks.get(EDGE).and_then(|network| network.name.as_ref()));
    for service in services.values_mut() {
        crate::traefik::finish(service, &edge);
    }
    let volumes = volumes(&mut resolver, &services);
    let notes = resolver.notes;
    let mut plan = Plan {
        environment: environment.to_owned(),
        is_default: position == 0,
        production,
        side_by_side: stack.side_by_side.unwrap_or_default(),
        stack: name.to_owned(),
        project,
        output,
        variables: notes.variables,
        services,
        networks,
        volumes,
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
) -> (Members<'a>, IndexMap<&'a str, Vec<String>>) {
    let mut members = IndexMap::new();
    let mut absent = IndexMap::new();
    for (name, service) in &manifest.services {
        if let Some(only) = &service.environments
            && !only.iter().any(|known| known == environment)
        {
            absent.insert(name.as_str(), only.clone());
            continue;
        }
        let kind = service.kind.as_deref().and_then(|kind| kinds.get(kind));
        let directory = service.source.as_deref().and_then(|source| sources.get(source));
        let facts: BTreeMap<String, String> = match (kind, directory) {
            (Some(kind), Some(directory)) => {
                kind.detect.iter().filter_map(|(name, cases)| Some((name.clone(), directory.detect(cases)?))).collect()
            }
            _ => BTreeMap::new(),
        };
        let is_illegible = kind.zip(directory).is_some_and(|(kind, directory)| !directory.is_legible(kind));
        let reloads = service.reload.as_ref().and_then(Toggle::on).is_some();
        let builds = kind.is_some_and(|kind| kind.base.is_some()) && service.source.is_some();
        let target = if reloads && builds { Target::Development } else { Target::Production };
        let port = service.port.or_else(|| kind.and_then(|kind| kind.port));
        members.insert(name.as_str(), Member { name, service, kind, port, facts, is_illegible, target });
    }
    (members, absent)
}

/// A dependency whose state nobody named is awaited as far as it can be: healthy where it has a probe.
fn conditions(services: &mut IndexMap<String, Service>) {
    let probed: HashSet<String> =
        services.values().filter(|service| service.health.is_some()).map(|service| service.name.clone()).collect();
    for service in services.values_mut() {
        for (target, dependency) in &mut service.depends_on {
            if !dependency.is_named && !probed.contains(target) {
                dependency.condition = Condition::Started;
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

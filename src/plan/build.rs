//! Puts a plan together, service by service.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;

use super::resolve::{At, Frame, Member, Resolver};
use super::routing::Ways;
use super::{
    Condition, Dependency, EDGE, Logging, Plan, PlannedMount, ProblemKind, Resources, Service, Target, Text, Volume,
};
use super::{network, recipe, routing};
use crate::compose::volume;
use crate::diagnostics::words;
use crate::kinds::Kinds;
use crate::manifest::Manifest;
use crate::manifest::types;
use crate::manifest::unions::{BoolOr, DependencyState, DependsOn, EnvValue, NamedState, OneOrMany, Toggle};
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
    for member in frame.members.values() {
        let mut assembly = Assembly { resolver: &mut resolver, member, edges: Vec::new(), output: &output, sources };
        let service = assembly.service(ways.as_deref());
        let edges = std::mem::take(&mut assembly.edges);
        if !edges.is_empty() {
            talks.insert(member.name.to_owned());
        }
        talks.extend(edges.into_iter().map(|(target, _)| target));
        services.insert(service.name.clone(), service);
    }
    conditions(&mut services);
    for service in services.values_mut() {
        service.networks = network::of_service(&frame, service, talks.contains(&service.name));
    }
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

struct Assembly<'r, 'a, 'f> {
    resolver: &'r mut Resolver<'a, 'f>,
    member: &'r Member<'a>,
    /// Services that this one refers to, and where.
    edges: Vec<(String, KeyPath)>,
    output: &'r str,
    sources: &'r Sources,
}

impl Assembly<'_, '_, '_> {
    fn service(&mut self, ways: Option<&Ways>) -> Service {
        let member = self.member;
        let written = member.service;
        let production = self.resolver.frame.production;
        self.check_options();
        let volumes = self.mounts();
        let build = self.resolver.build(member, &volumes, self.output, self.sources);
        let image = self.image(build.is_some());
        let command = self.command(build.is_some());
        let environment = self.environment();
        let labels = self.labels();
        let mut ports = self.resolver.published(member);
        let mut proxy = None;
        if let Some(ways) = ways.filter(|ways| ways.proxy == member.name) {
            ports.splice(0..0, ways.ports.iter().cloned());
            proxy = Some(self.resolver.proxy(member, ways));
        }
        let routers = self.resolver.routers(member, ways);
        let health = self.resolver.probe(member);
        let hardened = written.hardening.unwrap_or(member.kind.is_some());
        let kind = member.kind;
        let image_name = image.as_ref().and_then(Text::with_defaults).unwrap_or_default();
        let user = match (&written.user, &build) {
            (Some(user), None) => Some(recipe::user_text(user)),
            (None, None) => kind.and_then(|kind| kind.user.as_ref()).map(|user| user.of(&image_name).to_owned()),
            (_, Some(_)) => None,
        };
        let depends_on = self.depends_on();
        Service {
            name: member.name.to_owned(),
            kind: written.kind.clone(),
            class: member.class(),
            watch: Resolver::watch(member, build.as_ref()),
            health_path: super::health::path(written).map(str::to_owned),
            image,
            build,
            restart: written.restart.clone().or_else(|| production.then(|| "unless-stopped".to_owned())),
            init: hardened,
            user,
            drop_capabilities: hardened,
            capabilities: kind.filter(|_| hardened).map(|kind| kind.capabilities.clone()).unwrap_or_default(),
            no_new_privileges: written.hardening.unwrap_or(true),
            read_only: hardened && kind.is_some_and(|kind| kind.read_only),
            tmpfs: kind.filter(|kind| hardened && kind.read_only).map(|kind| kind.tmpfs.clone()).unwrap_or_default(),
            command,
            environment,
            port: member.port,
            ports,
            health,
            depends_on,
            volumes,
            networks: Vec::new(),
            stop_grace: written
                .stop_grace
                .clone()
                .or_else(|| kind.and_then(|kind| kind.stop_grace.clone()))
                .unwrap_or_else(|| "10s".to_owned()),
            logging: logging(written, production),
            limits: resources(written.limits.as_ref()),
            reservations: resources(written.reservations.as_ref()),
            labels,
            routers,
            proxy,
        }
    }

    /// Resolves a text of this service and remembers what it refers to.
    fn text(&mut self, raw: &str, path: &KeyPath) -> Text {
        let resolved = self.resolver.text(raw, At::manifest(path, Some(self.member.name)));
        // A variable's default may refer to the very service that reads it.
        let others = resolved.edges.into_iter().filter(|edge| edge != self.member.name);
        self.edges.extend(others.map(|edge| (edge, path.clone())));
        resolved.text
    }

    fn check_options(&mut self) {
        let Some(kind) = self.member.kind else { return };
        let path = self.member.path();
        for (name, option) in &kind.options {
            if option.required && !self.member.service.options.contains_key(name) {
                let message = format!("a `{}` service needs `{name}`", kind.name);
                let help = format!("add `{name}`: {}", words::uncapitalised(&option.help));
                let missing = path.key(name);
                self.resolver.problem(path.clone(), ProblemKind::Incomplete { message, help, missing });
            }
        }
        let version = self.member.service.version.as_deref();
        let is_versioned =
            kind.image.as_deref().or(kind.base.as_deref()).is_some_and(|image| image.contains("service.version"));
        match version {
            None if is_versioned && (self.member.service.image.is_none() || kind.base.is_some()) => {
                let message = format!("a `{}` service needs `version`", kind.name);
                let known = if kind.versions.is_empty() { "7".to_owned() } else { words::or(&kind.versions) };
                let help = format!("add `version = \"…\"`, such as {known}");
                let missing = path.key("version");
                self.resolver.problem(path, ProblemKind::Incomplete { message, help, missing });
            }
            Some(version) if !is_version(version) => {
                let message = format!("`{version}` is no version of `{}`", kind.name);
                self.resolver.problem(path.key("version"), ProblemKind::Option(message));
            }
            Some(version) if !kind.versions.is_empty() && !is_known(version, &kind.versions) => {
                let message =
                    format!("`{}` is known to work with {}, not with {version}", kind.name, words::or(&kind.versions));
                self.resolver.problem(path.key("version"), ProblemKind::Option(message));
            }
            _ => {}
        }
    }

    fn image(&mut self, is_built: bool) -> Option<Text> {
        let member = self.member;
        let written = member.service.image.as_deref();
        if is_built && written.is_none() {
            return None;
        }
        if let Some(image) = written {
            return Some(self.text(image, &member.path().key("image")));
        }
        let image = self.resolver.image(member).map(|resolved| resolved.text);
        if image.is_none() && member.kind.is_none() {
            let message = format!("nothing says what `{}` runs", member.name);
            let help = "add `image = \"name:tag\"`, or `kind` and `source`".to_owned();
            let missing = member.path().key("image");
            self.resolver.problem(member.path(), ProblemKind::Incomplete { message, help, missing });
        }
        image
    }

    fn command(&mut self, is_built: bool) -> Option<Vec<Text>> {
        let member = self.member;
        if let Some(command) = &member.service.command {
            let path = member.path().key("command");
            return match recipe::written_words(command) {
                Ok(words) => {
                    let whole = match command {
                        OneOrMany::One(text) => Some(text.as_str()),
                        OneOrMany::Many(_) => None,
                    };
                    let words = self.resolver.each_word(&words, whole, &path, member.name);
                    let mut out = Vec::with_capacity(words.len());
                    for word in words {
                        self.edges.extend(word.edges.into_iter().map(|edge| (edge, path.clone())));
                        out.push(word.text);
                    }
                    Some(out)
                }
                Err(flaw) => {
                    self.resolver.problem(path, ProblemKind::Command(flaw));
                    None
                }
            };
        }
        let kind = member.kind.filter(|_| !is_built)?;
        let command = kind.command.iter().find(|command| member.holds(command.when.as_deref(), member.target))?;
        let arguments = kind.argument.iter().filter(|argument| member.holds(argument.when.as_deref(), member.target));
        let mut words = Vec::new();
        for part in std::iter::once(command).chain(arguments) {
            if let crate::kinds::Words::Words(part) = &part.run {
                for word in part {
                    let resolved = self.resolver.kind_text(member, word);
                    self.edges.extend(resolved.edges.into_iter().map(|edge| (edge, member.path())));
                    words.push(resolved.text);
                }
            }
        }
        Some(words)
    }

    fn environment(&mut self) -> IndexMap<String, Text> {
        let member = self.member;
        let kind_env = self.resolver.kind_env(member);
        let mut out: IndexMap<String, Text> =
            kind_env.into_iter().map(|(name, resolved)| (name, resolved.text)).collect();
        let path = member.path().key("env");
        for (name, value) in &member.service.env {
            match value {
                EnvValue::Scalar(crate::manifest::unions::Scalar::Text(text)) => {
                    let text = self.text(text, &path.key(name));
                    out.insert(name.clone(), text);
                }
                EnvValue::Scalar(scalar) => {
                    out.insert(name.clone(), Text::literal(scalar.to_string()));
                }
                EnvValue::Unset(_) => {
                    out.shift_remove(name);
                }
                // Hoisted before: a table that is no variable any more.
                EnvValue::Variable(_) => {}
            }
        }
        out
    }

    fn labels(&mut self) -> IndexMap<String, Text> {
        let path = self.member.path().key("labels");
        let mut labels = IndexMap::new();
        for (name, value) in &self.member.service.labels {
            let text = self.text(&value.to_string(), &path.key(name));
            labels.insert(name.clone(), text);
        }
        labels
    }

    fn mounts(&mut self) -> Vec<PlannedMount> {
        let member = self.member;
        let mut mounts = Vec::new();
        for mount in member.kind.into_iter().flat_map(|kind| &kind.mounts) {
            let mode = if mount.read_only { ":ro" } else { "" };
            let text = Text::literal(format!("{}:{}{mode}", mount.source, mount.target));
            mounts.extend(self.mount(text, &member.path()));
        }
        if let Some(text) = self.data_mount() {
            let is_written = matches!(member.service.persist, Some(Toggle::On(BoolOr::Value(_))));
            let path = if is_written { member.path().key("persist") } else { member.path() };
            mounts.extend(self.mount(text, &path));
        }
        let path = member.path().key("volumes");
        for (index, written) in member.service.volumes.iter().flatten().enumerate() {
            let path = path.index(index);
            let text = self.text(written, &path);
            mounts.extend(self.mount(text, &path));
        }
        mounts
    }

    fn data_mount(&self) -> Option<Text> {
        let member = self.member;
        let data = member.kind?.data.iter().find(|data| member.holds(data.when.as_deref(), member.target))?;
        let source = match member.service.persist.as_ref() {
            Some(Toggle::Off(_) | Toggle::On(BoolOr::Bool(false))) => return None,
            Some(Toggle::On(BoolOr::Value(source))) => source.clone(),
            _ => data.volume.clone().unwrap_or_else(|| format!("{}-data", member.name)),
        };
        Some(Text::literal(format!("{source}:{}", data.path)))
    }

    fn mount(&mut self, text: Text, path: &KeyPath) -> Option<PlannedMount> {
        let flat = text.with_defaults().unwrap_or_else(|| text.to_compose());
        match volume::parse(&flat) {
            Ok(mount) => {
                let text = self.seen_from_output(text, &mount);
                Some(PlannedMount { text, mount, origin: path.clone() })
            }
            Err(error) => {
                self.resolver.problem(path.clone(), ProblemKind::Mount(error));
                None
            }
        }
    }

    /// Paths in services.toml are relative to it; Compose reads them relative to the compose file.
    fn seen_from_output(&self, text: Text, mount: &volume::Mount) -> Text {
        let volume::Source::Bind(source) = &mount.source else { return text };
        if self.output.is_empty() || !source.starts_with('.') || text.as_literal().is_none() {
            return text;
        }
        let Some(clean) = recipe::clean_path(source) else { return text };
        let mode = if mount.mode.is_empty() { String::new() } else { format!(":{}", mount.mode) };
        Text::literal(format!("{}:{}{mode}", recipe::relative(self.output, &clean), mount.target))
    }

    fn depends_on(&mut self) -> IndexMap<String, Dependency> {
        let mut out: IndexMap<String, Dependency> = IndexMap::new();
        for (target, origin) in &self.edges {
            let dependency =
                Dependency { condition: Condition::Healthy, is_named: false, restart: true, origin: origin.clone() };
            out.entry(target.clone()).or_insert(dependency);
        }
        let path = self.member.path().key("depends-on");
        match &self.member.service.depends_on {
            None => {}
            Some(DependsOn::List(names)) => {
                for (index, name) in names.iter().enumerate().filter(|(_, name)| *name != "...") {
                    self.explicit(&mut out, name, &DependencyState::Wanted(true), path.index(index));
                }
            }
            Some(DependsOn::Table(states)) => {
                for (name, state) in states.iter().filter(|(name, _)| *name != "...") {
                    self.explicit(&mut out, name, state, path.key(name));
                }
            }
        }
        out
    }

    fn explicit(
        &mut self,
        out: &mut IndexMap<String, Dependency>,
        name: &str,
        state: &DependencyState,
        origin: KeyPath,
    ) {
        let frame = self.resolver.frame;
        if !frame.members.contains_key(name) {
            // Elsewhere the service exists; here there is nothing to wait for.
            if !frame.absent.contains_key(name) {
                let known =
                    frame.members.keys().filter(|known| **known != self.member.name).map(|name| (*name).to_owned());
                let kind =
                    ProblemKind::Unknown { what: "service", name: name.to_owned(), known: known.collect(), note: None };
                self.resolver.problem(origin, kind);
            }
            return;
        }
        let condition = match state {
            DependencyState::Wanted(false) => {
                out.shift_remove(name);
                return;
            }
            DependencyState::Wanted(true) | DependencyState::Named(NamedState::Healthy) => Condition::Healthy,
            DependencyState::Named(NamedState::Started) => Condition::Started,
            DependencyState::Named(NamedState::Completed) => Condition::Completed,
        };
        let is_named = matches!(state, DependencyState::Named(_));
        match out.get_mut(name) {
            Some(known) if is_named => {
                known.condition = condition;
                known.is_named = true;
            }
            Some(_) => {}
            None => {
                out.insert(name.to_owned(), Dependency { condition, is_named, restart: false, origin });
            }
        }
    }
}

fn is_version(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// `3.6.2` is a 3.6, and `22-bookworm` a 22.
fn is_known(version: &str, known: &[String]) -> bool {
    known.iter().any(|known| {
        version.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    })
}

fn logging(written: &types::Service, production: bool) -> Option<Logging> {
    let (size, files) = match written.logging.as_ref() {
        Some(Toggle::Off(_)) => return None,
        Some(Toggle::On(logging)) => (logging.max_size.clone(), logging.max_file),
        None => {
            if !production {
                return None;
            }
            (None, None)
        }
    };
    Some(Logging { max_size: size.unwrap_or_else(|| "10m".to_owned()), max_file: files.unwrap_or(3) })
}

fn resources(written: Option<&types::Resources>) -> Option<Resources> {
    let written = written.filter(|resources| resources.memory.is_some() || resources.cpus.is_some())?;
    Some(Resources { memory: written.memory.clone(), cpus: written.cpus })
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

impl Plan {
    /// Calls `visit` with every text that belongs to no service.
    pub(super) fn each_own_text<'p>(&'p self, visit: &mut dyn FnMut(&'p Text)) {
        visit(&self.project);
        self.networks.values().filter_map(|network| network.name.as_ref()).for_each(&mut *visit);
        self.volumes.values().filter_map(|volume| volume.name.as_ref()).for_each(&mut *visit);
    }
}

impl Service {
    /// Calls `visit` with every text of the service. The order is that of the compose file.
    pub fn each_text<'p>(&'p self, visit: &mut dyn FnMut(&'p Text)) {
        self.image.iter().for_each(&mut *visit);
        self.command.iter().flatten().for_each(&mut *visit);
        self.environment.values().for_each(&mut *visit);
        self.ports.iter().for_each(|port| visit(&port.text));
        self.health.iter().flat_map(|probe| &probe.command).for_each(&mut *visit);
        self.volumes.iter().for_each(|mount| visit(&mount.text));
        self.labels.values().for_each(&mut *visit);
    }
}

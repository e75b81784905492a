//! Services of compose files: each becomes a service of its kind where its image or its source says which, else a plain
//! container that keeps everything it had.

use indexmap::IndexMap;
use serde_yaml::Value as Yaml;
use toml::Value;

use super::{Answer, Entry, Material, Proposal, Question, Service, images, programs, slug};
use crate::compose::interpolation::substitute;
use crate::compose::{port, volume};
use crate::init::judgement::{is_harmless, is_identifier, is_shown_command};
use crate::init::seen::compose::{asked_path, mapping, scalar, words};
use crate::init::seen::{Container, Program, is_ours};
use crate::init::snapshot::{joined, parent};
use crate::kinds::{Class, Kind, OptionType};

/// Ports that debuggers listen on.
const DEBUGGERS: [u16; 3] = [9229, 9230, 5678];

/// Keys that a kind, or the plan, says by itself.
const DERIVED: [&str; 17] = [
    "restart",
    "init",
    "cap_drop",
    "cap_add",
    "security_opt",
    "read_only",
    "tmpfs",
    "stop_grace_period",
    "logging",
    "container_name",
    "user",
    "entrypoint",
    "hostname",
    "stdin_open",
    "tty",
    "working_dir",
    "platform",
];

pub(super) fn add(proposal: &mut Proposal, material: Material<'_>) {
    let seen = material.seen;
    let mut order: Vec<&Container> = seen.containers.iter().collect();
    // Whoever has the image comes before those that run other processes of it.
    order.sort_by_key(|container| is_worker(container));
    let mut built: IndexMap<(String, Option<String>), String> = IndexMap::new();
    let mut made: IndexMap<String, Service> = IndexMap::new();
    let offset = offset(seen.containers.as_slice());
    if let Some(offset) = offset {
        let note = "what the host ports of the compose file are above those of the services";
        proposal.stack.insert("port-offset".to_owned(), Entry::noted(i64::from(offset), note));
    }
    for container in order {
        let name = slug(&container.name);
        let service = of(proposal, material, container, &name, &mut built, offset.unwrap_or_default());
        made.insert(container.name.clone(), service);
    }
    for container in &seen.containers {
        if let Some(service) = made.shift_remove(&container.name) {
            proposal.services.insert(slug(&container.name), service);
        }
    }
    for (name, fixed) in &seen.external_networks {
        let mut table = toml::Table::new();
        table.insert("external".to_owned(), true.into());
        if let Some(fixed) = fixed.as_ref().filter(|fixed| *fixed != name) {
            table.insert("name".to_owned(), fixed.clone().into());
        }
        let is_used = seen.containers.iter().any(|container| container.networks.contains(name));
        if is_used {
            let table = if table.len() == 1 {
                // An external network has the name that it has on the engine.
                let mut named = toml::Table::new();
                named.insert("name".to_owned(), name.clone().into());
                named.extend(table);
                named
            } else {
                table
            };
            proposal.networks.insert(slug(name), Entry::noted(table, "somebody else's, in the compose file"));
        }
    }
    for (name, (is_external, fixed)) in &seen.named_volumes {
        let mut table = toml::Table::new();
        if let Some(fixed) = fixed.clone().or_else(|| is_external.then(|| name.clone())) {
            table.insert("name".to_owned(), fixed.into());
        }
        if *is_external {
            table.insert("external".to_owned(), true.into());
        }
        proposal.volumes.insert(name.clone(), Entry::noted(table, "from the compose file"));
    }
}

/// Whether it is another process of an image that a service with a port has too.
fn is_worker(container: &Container) -> bool {
    container.build.is_some()
        && container.ports.is_empty()
        && container.expose.is_empty()
        && !container.labels.keys().any(|l| l.starts_with("traefik."))
}

/// What all host ports are above the ports of their services.
fn offset(containers: &[Container]) -> Option<u16> {
    let all: Vec<(u16, u16)> = containers.iter().flat_map(mapped).map(|(_, host, target)| (host, target)).collect();
    let mut offsets = all.iter().map(|(host, target)| host.checked_sub(*target));
    let first = offsets.next()??;
    (first >= 1000 && all.len() > 1 && offsets.all(|offset| offset == Some(first))).then_some(first)
}

/// The text with what its variables are by default.
pub(super) fn with_defaults(text: &str) -> String {
    let plain = |_: &str| None;
    substitute(text, &plain).map_or_else(|_| text.to_owned(), |done| done.text)
}

/// The published ports: whether on this machine alone, host port and port.
fn mapped(container: &Container) -> Vec<(bool, u16, u16)> {
    let parsed = container.ports.iter().filter_map(|text| port::parse(&with_defaults(text)).ok());
    parsed
        .filter_map(|mapping| {
            let published = mapping.published?;
            let is_local = mapping.ip.is_some_and(|ip| ip.is_loopback());
            Some((is_local, published.first, mapping.target.first))
        })
        .collect()
}

fn of(
    proposal: &mut Proposal,
    material: Material<'_>,
    container: &Container,
    name: &str,
    built: &mut IndexMap<(String, Option<String>), String>,
    offset: u16,
) -> Service {
    let mut service = Service { about: Some(container.from.clone()), ..Service::default() };
    let image = container.image.as_deref().map(with_defaults);
    let kind = image
        .as_deref()
        .filter(|_| container.build.is_none() && !material.plain.contains(name))
        .and_then(|image| images::kind_of(material.kinds, image));
    let mut is_of_kind = false;
    if let (Some(kind), Some(image)) = (kind, image.as_deref()) {
        match runs_as(material, container, kind) {
            Ok(()) => {
                is_of_kind = true;
                of_kind(proposal, material, container, name, kind, image, &mut service);
            }
            Err(why) => proposal.unknown(name, why),
        }
    }
    let mut program: Option<&Program> = None;
    if !is_of_kind && let Some(build) = &container.build {
        program = source(proposal, material, container, build, name, built, &mut service);
    } else if !is_of_kind {
        match &container.image {
            Some(image) => service.set("image", Entry::noted(image.clone(), format!("from {}", container.from))),
            None => proposal.unknown(name, format!("{} says neither `image` nor `build`", container.from)),
        }
        if let Some(question) = latest(image.as_deref().unwrap_or_default()) {
            proposal.unknown(name, question);
        }
    }
    if !container.environments.is_empty() {
        let names: Vec<Value> = container.environments.iter().map(|name| Value::from(name.clone())).collect();
        service.set("environments", Entry::noted(names, "where the compose files have it"));
    }
    if !container.profiles.is_empty() {
        let names: Vec<Value> = container.profiles.iter().map(|name| Value::from(name.clone())).collect();
        service.set("profiles", Entry::new(names));
    }
    let known = service.kind().and_then(|kind| material.kinds.get(kind)).cloned();
    let is_proxy = known.as_ref().is_some_and(|kind| kind.class == Class::Proxy);
    if is_proxy {
        service.published = mapped(container).iter().map(|(_, host, target)| (*host, *target)).collect();
    } else {
        ports(proposal, material, container, program, known.as_ref(), name, offset, &mut service);
    }
    if !is_of_kind {
        health(proposal, container, program, known.as_ref(), name, &mut service);
        command(proposal, container, program, known.as_ref(), name, &mut service);
    }
    volumes(material, container, known.as_ref(), name, &mut service);
    dependencies(container, &mut service);
    rest(proposal, container, is_of_kind || service.keys.contains_key("kind"), name, &mut service);
    networks(material, container, &mut service);
    service
}

/// An image whose tag says nothing.
fn latest(image: &str) -> Option<String> {
    let reference = crate::compose::image::parse(image).ok()?;
    let is_open = reference.digest.is_none() && reference.tag.is_none_or(|tag| tag == "latest");
    is_open.then(|| "which version of its image runs: it is whatever `latest` was when somebody pulled it".to_owned())
}

/// Whether a container can be run as the kind of its image, with what it reads.
fn runs_as(material: Material<'_>, container: &Container, kind: &Kind) -> Result<(), String> {
    let image = container.image.as_deref().map(with_defaults).unwrap_or_default();
    if kind.names_version() && images::version_of(kind, &image).is_none() {
        return Err(format!(
            "which version it runs: the image names none, so it is left as a plain container, and could be `kind = \"{}\"`",
            kind.name
        ));
    }
    for text in &container.volumes {
        let Ok(mount) = volume::parse(&with_defaults(text)) else { continue };
        let target = mount.target.as_str();
        let is_configured = kind
            .files
            .iter()
            .filter_map(|file| file.target.as_deref())
            .any(|file| file == target || (file.starts_with(target) && file[target.len()..].starts_with('/')));
        let option = images::option_of_mount(kind, target);
        if is_configured && option.is_none() && mount.volume().is_none() {
            let source = text.split(':').next().unwrap_or_default();
            let path = crate::plan::clean_path(&joined(parent(&container.from), source)).unwrap_or_default();
            let is_generated = material.snapshot.text(&path).is_some_and(is_ours) || material.seen.is_compose_ours;
            if !is_generated {
                return Err(format!(
                    "whether stackgen may write {target}: as `kind = \"{}\"` it would do that itself, so the service is \
                     left as a plain container with the file that it has",
                    kind.name
                ));
            }
        }
    }
    Ok(())
}

/// A service of the kind that its image stands for.
fn of_kind(
    proposal: &mut Proposal,
    material: Material<'_>,
    container: &Container,
    name: &str,
    kind: &Kind,
    image: &str,
    service: &mut Service,
) {
    service.set("kind", Entry::noted(kind.name.clone(), format!("{image} in {}", container.from)));
    if let Some((version, is_same)) = images::version_of(kind, image) {
        service.set("version", Entry::new(version));
        if !is_same {
            service
                .set("image", Entry::noted(image.to_owned(), "as it was; without this line, the kind's own variant"));
        }
    }
    if kind.class == Class::Proxy {
        super::routes::proxy(proposal, material, container, service);
    }
    let mut said: IndexMap<String, String> = IndexMap::new();
    for (variable, value) in &container.env {
        if let Some(images::Told::Option(option)) = images::told_by(kind, variable) {
            let value = value.clone().unwrap_or_else(|| format!("${{{variable}}}"));
            let is_file = variable.ends_with("_FILE");
            said.insert(option, if is_file { format!("${{{}}}", variable.trim_end_matches("_FILE")) } else { value });
        }
    }
    if kind.class != Class::Proxy
        && let Some(words) = &container.command
    {
        let (options, unknown) = images::options_of_command(kind, words);
        for (option, value) in options {
            said.entry(option).or_insert(value);
        }
        if !unknown.is_empty() {
            proposal.unknown(name, format!("what its command says beyond the kind's own: {}", unknown.join(", ")));
        }
    }
    for (option, definition) in &kind.options {
        let given = said.get(option).cloned();
        if let Some(value) = given {
            set_option(proposal, name, option, definition, &value, service, container);
        }
    }
    programs::required_options(proposal, name, kind, service);
}

/// An option of a kind, from what a container was told.
fn set_option(
    proposal: &mut Proposal,
    name: &str,
    option: &str,
    definition: &crate::kinds::OptionDef,
    value: &str,
    service: &mut Service,
    container: &Container,
) {
    let from = format!("from {}", container.from);
    if definition.secret {
        // The variable that it came from, else one of its own; a value is never copied.
        let variable = crate::compose::interpolation::names(value).into_iter().next();
        let variable = variable.unwrap_or_else(|| programs::secret_variable(name, option));
        proposal.declare(&variable, None, Some(from)).is_secret = true;
        if definition.format.is_some() {
            proposal.declare(&variable, None, None).kind = Some("url-safe");
        }
        service.set(option, Entry::new(format!("${{{variable}}}")));
        return;
    }
    if definition.kind.names_services() {
        return;
    }
    let plain = with_defaults(value);
    let entry = match definition.kind {
        OptionType::Int => plain.parse::<i64>().ok().map(Value::from),
        OptionType::Bool => plain.parse::<bool>().ok().map(Value::from),
        OptionType::Strings => Some(Value::from(plain.split(',').map(Value::from).collect::<Vec<_>>())),
        OptionType::Table
        | OptionType::EntryPoints
        | OptionType::Certificates
        | OptionType::Path
        | OptionType::Paths => None,
        OptionType::String if plain.contains("://") => {
            service.pending.insert(option.to_owned(), plain);
            return;
        }
        _ if is_identifier(&plain) || is_harmless(option, &plain) => Some(Value::from(plain.clone())),
        _ => None,
    };
    let Some(entry) = entry else {
        if !plain.is_empty() {
            let names = crate::compose::interpolation::names(value);
            let variable = names.into_iter().next().unwrap_or_else(|| programs::secret_variable(name, option));
            proposal.declare(&variable, None, Some(from));
            if definition.format == Some(crate::manifest::types::VariableType::UrlSafe) {
                proposal.declare(&variable, None, None).kind = Some("url-safe");
            }
            if definition.kind == OptionType::String {
                service.set(option, Entry::new(format!("${{{variable}}}")));
            }
        }
        return;
    };
    if definition.default.as_ref() != Some(&entry) {
        service.set(option, Entry::noted(entry, from));
    }
}

/// What a service is built from.
fn source<'a>(
    proposal: &mut Proposal,
    material: Material<'a>,
    container: &Container,
    build: &crate::init::seen::compose::BuildOf,
    name: &str,
    built: &mut IndexMap<(String, Option<String>), String>,
    service: &mut Service,
) -> Option<&'a Program> {
    let seen = material.seen;
    let from = &container.from;
    let Some(context) = &build.context else {
        proposal.unknown(name, format!("where its source is: the `build` in {from} leads out of the repository"));
        service.obstacle = Some("its source is not in this repository".to_owned());
        return None;
    };
    let dockerfile = build.dockerfile.clone().unwrap_or_else(|| "Dockerfile".to_owned());
    let inner = parent(&dockerfile);
    // A Dockerfile of a directory below the context builds what is in that one.
    let directory = crate::plan::clean_path(&joined(context, inner)).unwrap_or_else(|| context.clone());
    let of_context = || seen.program(context);
    let program = if inner.is_empty() { of_context() } else { seen.program(&directory).or_else(of_context) };
    let directory = program.map_or(directory, |program| program.directory.clone());
    let shown = if directory.is_empty() { "." } else { directory.as_str() };
    let key =
        (directory.clone(), build.target.clone().filter(|_| program.is_none_or(|program| program.kind.is_none())));
    if let Some(first) = built.get(&key).filter(|_| container.profiles.is_empty()) {
        service.set("extends", Entry::noted(first.clone(), format!("the same source, in {from}")));
        if let Some(words) = &container.command
            && !programs::celery(words, service, from)
            && is_shown_command(words)
            && let Ok(text) = shlex::try_join(words.iter().map(String::as_str))
        {
            service.set("command", Entry::noted(text, format!("from {from}")));
        }
        return program;
    }
    built.insert(key, name.to_owned());
    let path = crate::plan::clean_path(&joined(context, &dockerfile)).unwrap_or_default();
    let text = material.snapshot.text(&path);
    let is_kept = text.is_some_and(|text| !is_ours(text));
    if let Some((program, kind)) = program.and_then(|program| Some((program, program.kind.clone()?))) {
        programs::kind(proposal, material, program, &kind, is_kept, service);
        if !is_kept {
            programs::before_start(program, service);
        }
    }
    service.set("source", Entry::noted(shown.to_owned(), format!("from {from}")));
    if *context != directory {
        let shown = if context.is_empty() { "." } else { context.as_str() };
        service.set("context", Entry::noted(shown.to_owned(), format!("from {from}")));
    }
    if is_kept {
        let relative = path.strip_prefix(&format!("{directory}/")).unwrap_or(&path);
        let relative = if directory.is_empty() || path.starts_with(&format!("{directory}/")) {
            relative.to_owned()
        } else {
            let up = directory.split('/').map(|_| "..").collect::<Vec<_>>().join("/");
            format!("{up}/{path}")
        };
        let note = if service.keys.contains_key("kind") {
            "yours; without this line (and the file) stackgen writes one"
        } else {
            "yours"
        };
        service.set("dockerfile", Entry::noted(relative, note));
        if let Some(target) = &build.target {
            service.set("target", Entry::noted(target.clone(), format!("from {from}")));
        }
    } else if program.is_none_or(|program| program.kind.is_none()) {
        let what = if text.is_some() {
            "what its program is"
        } else {
            "what builds it: there is no Dockerfile, and no program that is known"
        };
        proposal.unknown(name, what);
        service.obstacle = Some(format!("nothing in {shown} says how to build it"));
    }
    program
}

/// The port it listens on, and what it publishes.
#[allow(clippy::too_many_arguments, reason = "what a port may be known from stands in as many places")]
fn ports(
    proposal: &mut Proposal,
    material: Material<'_>,
    container: &Container,
    program: Option<&Program>,
    kind: Option<&Kind>,
    name: &str,
    offset: u16,
    service: &mut Service,
) {
    let mapped = mapped(container);
    let usual = |target: &&(bool, u16, u16)| !DEBUGGERS.contains(&target.2);
    let probed = container.healthcheck.as_ref().and_then(|check| {
        let words = check.get("test").map(|test| match words(test) {
            Some(words) => words.join(" "),
            None => scalar(test).unwrap_or_default(),
        });
        asked_path(&with_defaults(&words?))?.1
    });
    let labelled = container.labels.iter().find(|(label, _)| label.ends_with(".loadbalancer.server.port"));
    let labelled = labelled.and_then(|(_, port)| port.parse().ok());
    let first = mapped.iter().find(usual).or(mapped.first()).map(|(_, _, target)| *target);
    let unpublished = container.ports.iter().chain(&container.expose);
    let unpublished = unpublished.filter_map(|text| port::parse(&with_defaults(text)).ok());
    let unpublished = unpublished.map(|mapping| mapping.target.first).find(|port| !DEBUGGERS.contains(port));
    let told = container.env.get("PORT").and_then(Option::as_deref).and_then(|port| with_defaults(port).parse().ok());
    let of_compose = labelled.or(probed).or(first).or(told).or(unpublished);
    let extends = service.keys.contains_key("extends");
    let of_program = program.filter(|_| !extends).and_then(|program| program.port.as_ref());
    let usual = kind.and_then(|kind| kind.port);
    let is_image = kind.is_some_and(|kind| !kind.builds() && kind.built_on.is_none());
    // What an image listens on is known; another port is one that it was told.
    let of_compose = if is_image {
        let is_usual = |port: &u16| {
            Some(*port) == usual || kind.is_some_and(|kind| kind.ports.values().any(|known| known == port))
        };
        let all: Vec<u16> = mapped.iter().map(|(_, _, target)| *target).collect();
        first.filter(|_| !all.iter().any(is_usual))
    } else {
        of_compose
    };
    let port = of_compose.or(of_program.map(|fact| fact.value));
    if let Some(port) = port.filter(|port| Some(*port) != usual || kind.is_some_and(crate::kinds::Kind::builds)) {
        let entry = match (of_compose, of_program) {
            (None, Some(fact)) => Entry::noted(i64::from(port), fact.note()),
            _ => Entry::noted(i64::from(port), format!("from {}", container.from)),
        };
        service.set("port", entry);
    }
    service.port = port.or(usual);
    service.published = mapped.iter().map(|(_, host, target)| (*host, *target)).collect();
    let serves = !extends && service.keys.contains_key("source") && kind.is_some();
    if service.port.is_none() && serves && program.is_some_and(|program| program.app.is_some()) {
        let port = programs::free_port(proposal, 8000);
        let key = format!("port of {name}");
        let given = material.answers.get(&key).and_then(|answer| answer.parse().ok());
        service.port = Some(given.unwrap_or(port));
        let entry = match given {
            Some(port) => Entry::new(i64::from(port)),
            None => Entry::noted(i64::from(port), "guess: uvicorn's own"),
        };
        service.set("port", entry);
        if given.is_none() {
            let question = Question { key, default: port.to_string(), answer: Answer::Port };
            proposal.question(name, "on which port it listens", question);
        }
    }
    publish(proposal, material, container, name, offset, service);
}

/// The ports of the host, in each environment.
fn publish(
    proposal: &mut Proposal,
    material: Material<'_>,
    container: &Container,
    name: &str,
    offset: u16,
    service: &mut Service,
) {
    let seen = material.seen;
    let base = published(container, service.port, offset);
    if seen.environments.is_empty() {
        if let Some(entry) = base {
            service.set("publish", entry);
        }
        return;
    }
    let exists = |name: &String| container.environments.is_empty() || container.environments.contains(name);
    let each: Vec<(&String, Option<Entry>)> = seen
        .environments
        .iter()
        .enumerate()
        .filter(|(_, environment)| exists(environment))
        .map(|(position, environment)| {
            let other = container.elsewhere.get(environment);
            // A file that is laid over another adds to its ports.
            let is_whole = seen.whole.contains(environment);
            let entry = match other {
                Some(other) if is_whole => published(other, service.port, 0),
                Some(other) if !other.ports.is_empty() => published(other, service.port, 0),
                _ if position > 0 && is_whole && container.environments.len() != 1 => None,
                _ => base.clone(),
            };
            (environment, entry)
        })
        .collect();
    let values: Vec<Option<&Value>> = each.iter().map(|(_, entry)| entry.as_ref().map(|entry| &entry.value)).collect();
    if values.windows(2).all(|pair| pair[0] == pair[1]) {
        if let Some((_, Some(entry))) = each.into_iter().next() {
            service.set("publish", entry);
        }
        return;
    }
    for (environment, entry) in each {
        if let Some(entry) = entry {
            let overlay = proposal.overlays.entry(environment.clone()).or_default();
            overlay.entry(name.to_owned()).or_default().insert("publish".to_owned(), entry);
        }
    }
}

fn published(container: &Container, own: Option<u16>, offset: u16) -> Option<Entry> {
    let mapped = mapped(container);
    let plain: Vec<_> =
        mapped.iter().filter(|(_, _, target)| !DEBUGGERS.contains(target) || Some(*target) == own).collect();
    match plain.as_slice() {
        [] => None,
        [(true, host, target)] if Some(*target) == own => {
            Some(if u32::from(*host) == u32::from(*target) + u32::from(offset) {
                Entry::new(true)
            } else {
                Entry::noted(i64::from(*host), format!("from {}", container.from))
            })
        }
        _ => {
            let texts: Vec<Value> = container
                .ports
                .iter()
                .filter(|text| port::parse(&with_defaults(text)).is_ok_and(|m| m.published.is_some()))
                .map(|text| Value::from(text.clone()))
                .collect();
            let is_open = plain.iter().any(|(is_local, ..)| !is_local);
            let note = if is_open {
                "from the compose file: open to the network, not to this machine alone"
            } else {
                "from the compose file"
            };
            let value = match <[Value; 1]>::try_from(texts) {
                Ok([one]) => one,
                Err(many) => Value::from(many),
            };
            Some(Entry::noted(value, note))
        }
    }
}

/// How it is asked whether it is well.
fn health(
    proposal: &mut Proposal,
    container: &Container,
    program: Option<&Program>,
    kind: Option<&Kind>,
    name: &str,
    service: &mut Service,
) {
    if service.keys.contains_key("extends") {
        return;
    }
    let test = container.healthcheck.as_ref().and_then(|check| check.get("test")).and_then(words);
    if let Some(test) = &test {
        let text = with_defaults(&test.join(" "));
        if test.first().is_some_and(|word| word == "NONE") {
            service.set("health", Entry::noted(false, format!("from {}", container.from)));
            return;
        }
        if let (Some((path, _)), true) = (asked_path(&text), kind.is_some()) {
            service.set("health", Entry::noted(path, format!("from {}", container.from)));
            return;
        }
        let plain = match test.first().map(String::as_str) {
            Some("CMD") => Some(test[1..].to_vec()),
            // A shell takes the rest as one text.
            Some("CMD-SHELL") => Some(vec!["sh".to_owned(), "-c".to_owned(), test[1..].join(" ")]),
            _ => Some(vec!["sh".to_owned(), "-c".to_owned(), test.join(" ")]),
        };
        let is_text = container.healthcheck.as_ref().and_then(|check| check.get("test")).is_some_and(Yaml::is_string);
        let plain = if is_text {
            let text = container.healthcheck.as_ref().and_then(|check| scalar(check.get("test")?)).unwrap_or_default();
            Some(vec!["sh".to_owned(), "-c".to_owned(), text])
        } else {
            plain
        };
        let shown: Vec<String> =
            plain.iter().flatten().flat_map(|word| word.split_whitespace().map(str::to_owned)).collect();
        if let Some(words) = plain.filter(|_| is_shown_command(&shown)) {
            let mut table = toml::Table::new();
            let words: Vec<Value> = words.into_iter().map(Value::from).collect();
            table.insert("command".to_owned(), words.into());
            for (key, ours) in [("interval", "interval"), ("timeout", "timeout"), ("start_period", "start-period")] {
                let value = container.healthcheck.as_ref().and_then(|check| scalar(check.get(key)?));
                if let Some(value) = value.filter(|value| !value.contains('$')) {
                    table.insert(ours.to_owned(), value.into());
                }
            }
            let retries = container.healthcheck.as_ref().and_then(|check| check.get("retries")?.as_i64());
            if let Some(retries) = retries {
                table.insert("retries".to_owned(), retries.into());
            }
            service.set("health", Entry::noted(table, format!("from {}", container.from)));
        } else {
            proposal.unknown(name, "its probe: the command may have a secret in it, so it is not copied");
        }
        return;
    }
    if kind.is_some_and(Kind::builds) {
        programs::health(proposal, program, name, service);
    }
}

/// What it runs, where that is not what its image or its kind says.
fn command(
    proposal: &mut Proposal,
    container: &Container,
    program: Option<&Program>,
    kind: Option<&Kind>,
    name: &str,
    service: &mut Service,
) {
    if service.keys.contains_key("extends") {
        return;
    }
    let from = &container.from;
    if let Some(words) = &container.command {
        let is_kind = kind.is_some();
        if is_kind && programs::uvicorn(words, service, from) {
            return;
        }
        if !words.is_empty() && is_shown_command(words) && !is_development(words) {
            if let Ok(text) = shlex::try_join(words.iter().map(String::as_str)) {
                service.keys.shift_remove("app");
                service.set("command", Entry::noted(text, format!("from {from}")));
            }
            return;
        }
        if !is_shown_command(words) {
            proposal
                .unknown(name, format!("its command: the one in {from} may have a secret in it, so it is not copied"));
        }
    }
    let is_kept = service.keys.contains_key("dockerfile");
    if let Some(program) = program.filter(|_| !is_kept && !service.keys.contains_key("app")) {
        programs::command(program, service);
    }
}

/// A command that only development runs.
fn is_development(words: &[String]) -> bool {
    words.iter().any(|word| matches!(word.as_str(), "--reload" | "dev" | "watchfiles" | "nodemon" | "debugpy"))
}

/// Mounts.
fn volumes(material: Material<'_>, container: &Container, kind: Option<&Kind>, name: &str, service: &mut Service) {
    let mut kept: Vec<Value> = Vec::new();
    let mut options: IndexMap<String, Vec<Value>> = IndexMap::new();
    let here = parent(&container.from);
    let source = service.text("source").map(|source| source.trim_start_matches('.').to_owned());
    for text in &container.volumes {
        let Ok(mount) = volume::parse(&with_defaults(text)) else {
            service.left_out.push("a mount that could not be read".to_owned());
            continue;
        };
        let path = text.split(':').next().filter(|path| path.starts_with('.')).map(|path| path.trim_end_matches('/'));
        let path = path.and_then(|path| crate::plan::clean_path(&joined(here, path)));
        if let Some(kind) = kind {
            if let Some(data) = kind.data.iter().find(|data| data.path == mount.target) {
                let usual = data.volume.clone().unwrap_or_else(|| format!("{name}-data"));
                let named = mount.volume().filter(|volume| *volume != usual).map(str::to_owned);
                if let Some(persist) = named.or_else(|| path.clone().map(|path| format!("./{path}"))) {
                    service.set("persist", Entry::noted(persist, format!("from {}", container.from)));
                }
                continue;
            }
            if kind
                .mounts
                .iter()
                .any(|known| known.source.as_deref() == Some(text.split(':').next().unwrap_or_default()))
            {
                continue;
            }
            if let (Some(option), Some(path)) = (images::option_of_mount(kind, &mount.target), &path) {
                let path = path.clone();
                let is_generated = material.snapshot.text(&path).is_some_and(is_ours)
                    || material.seen.is_compose_ours && path.starts_with(&joined(here, "docker/"));
                if !is_generated {
                    let known = options.entry(option.to_owned()).or_default();
                    let suffixes =
                        kind.options.get(option).map(|option| option.suffixes.as_slice()).unwrap_or_default();
                    let is_one = material.snapshot.has(&path) || suffixes.is_empty();
                    let is_inner = |file: &&str| {
                        parent(file) == path && suffixes.iter().any(|suffix| file.ends_with(suffix.as_str()))
                    };
                    if is_one {
                        known.push(path.clone().into());
                    } else {
                        known.extend(material.snapshot.below(&path).filter(is_inner).map(Value::from));
                    }
                }
                continue;
            }
            if kind.files.iter().any(|file| file.target.as_deref().is_some_and(|file| file == mount.target)) {
                continue;
            }
            // The source itself, as development mounts it: `reload` is for that.
            let is_source = path.is_some()
                && kind.builds()
                && (path == source
                    || mount.target == "/app"
                    || mount.target.starts_with("/app/node_modules")
                    || mount.target.starts_with("/app/shared"));
            let is_anonymous =
                mount.volume().is_none() && path.is_none() && kind.builds() && mount.target.contains("node_modules");
            if is_source || is_anonymous {
                continue;
            }
        }
        let shown = match &path {
            Some(path) => {
                let rest = &text[text.find(':').unwrap_or(text.len())..];
                format!("./{path}{rest}")
            }
            None => text.clone(),
        };
        kept.push(shown.into());
    }
    for (option, paths) in options.into_iter().filter(|(_, paths)| !paths.is_empty()) {
        let is_list =
            kind.and_then(|kind| kind.options.get(&option)).is_some_and(|option| option.kind == OptionType::Paths);
        let value = if is_list { Value::from(paths) } else { paths.into_iter().next().unwrap_or(Value::from("")) };
        service.set(&option, Entry::noted(value, format!("from {}", container.from)));
    }
    if !kept.is_empty() {
        service.set("volumes", Entry::new(kept));
    }
}

/// What it waits for.
fn dependencies(container: &Container, service: &mut Service) {
    if container.depends_on.is_empty() {
        return;
    }
    let states: Vec<(String, &str)> = container
        .depends_on
        .iter()
        .map(|(name, condition)| {
            let state = match condition.as_deref() {
                Some("service_started") => "started",
                Some("service_completed_successfully") => "completed",
                _ => "",
            };
            (slug(name), state)
        })
        .collect();
    let value = if states.iter().all(|(_, state)| state.is_empty()) {
        Value::from(states.into_iter().map(|(name, _)| Value::from(name)).collect::<Vec<_>>())
    } else {
        let entries = states
            .into_iter()
            .map(|(name, state)| (name, if state.is_empty() { Value::from(true) } else { Value::from(state) }));
        Value::from(entries.collect::<toml::Table>())
    };
    service.set("depends-on", Entry::new(value));
}

/// What has no word of its own.
fn rest(proposal: &mut Proposal, container: &Container, is_derived: bool, name: &str, service: &mut Service) {
    let mut passed: IndexMap<String, Entry> = IndexMap::new();
    for (key, value) in &container.rest {
        match (key.as_str(), scalar(value)) {
            ("restart", Some(policy)) if policy != "no" && !is_derived => service.set("restart", Entry::new(policy)),
            ("container_name", Some(fixed)) if !is_derived && !fixed.contains('$') => {
                service.set("container-name", Entry::new(fixed));
            }
            ("user", Some(user)) if !is_derived && !user.contains('$') => service.set("user", Entry::new(user)),
            ("mem_limit", Some(memory)) => limit(service, "memory", memory.into()),
            ("cpus", Some(cpus)) => {
                if let Ok(cpus) = cpus.parse::<f64>() {
                    limit(service, "cpus", cpus.into());
                }
            }
            ("deploy", _) => deploy(value, service, &mut passed),
            (key, _) if is_derived && DERIVED.contains(&key) => {}
            ("secrets" | "configs", _) => {
                proposal.unknown(
                    name,
                    format!("its `{key}` in {}: a variable with `file = true` is the way here", container.from),
                );
            }
            _ => match plain(value) {
                Some(value) => {
                    passed.insert(key.clone(), Entry::new(value));
                }
                None => proposal.unknown(
                    name,
                    format!("its `{key}` in {}: it may hold a secret, so it is not copied", container.from),
                ),
            },
        }
    }
    if !passed.is_empty() {
        service.tables.insert("compose".to_owned(), passed);
    }
    for file in &container.env_files {
        proposal
            .unknown(name, format!("what it reads of {file} (`env_file`): the names that are known are in its `env`"));
    }
}

fn limit(service: &mut Service, key: &str, value: Value) {
    let entry = service.keys.entry("limits".to_owned()).or_insert_with(|| Entry::new(toml::Table::new()));
    if let Value::Table(table) = &mut entry.value {
        table.insert(key.to_owned(), value);
    }
}

fn deploy(value: &Yaml, service: &mut Service, passed: &mut IndexMap<String, Entry>) {
    let limits = value.get("resources").and_then(|resources| resources.get("limits"));
    if let Some(memory) = limits.and_then(|limits| scalar(limits.get("memory")?)).filter(|text| !text.contains('$')) {
        limit(service, "memory", memory.into());
    }
    if let Some(cpus) = limits.and_then(|limits| scalar(limits.get("cpus")?)).and_then(|cpus| cpus.parse::<f64>().ok())
    {
        limit(service, "cpus", cpus.into());
    }
    if let Some(replicas) = value.get("replicas").and_then(Yaml::as_i64).filter(|replicas| *replicas > 1) {
        service.set("replicas", Entry::new(replicas));
    }
    // Devices of a machine are not described otherwise.
    let reserved = value.get("resources").and_then(|resources| resources.get("reservations")?.get("devices"));
    if let Some(devices) = reserved.and_then(plain) {
        let table = |key: &str, value: Value| Value::from(toml::Table::from_iter([(key.to_owned(), value)]));
        let deploy = table("resources", table("reservations", table("devices", devices)));
        passed.insert("deploy".to_owned(), Entry::new(deploy));
    }
}

/// A value of Compose as TOML; none where something in it may be secret, or TOML has no word for it.
fn plain(value: &Yaml) -> Option<Value> {
    Some(match value {
        Yaml::Bool(value) => Value::from(*value),
        Yaml::Number(number) => match number.as_i64() {
            Some(number) => Value::from(number),
            None => Value::from(number.as_f64()?),
        },
        Yaml::String(text) => {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            if !is_shown_command(&words) {
                return None;
            }
            Value::from(text.clone())
        }
        Yaml::Sequence(items) => {
            let texts: Vec<String> = items.iter().filter_map(scalar).collect();
            if !is_shown_command(&texts) {
                return None;
            }
            Value::from(items.iter().map(plain).collect::<Option<Vec<_>>>()?)
        }
        Yaml::Mapping(_) => {
            let mut table = toml::Table::new();
            for (key, value) in mapping(Some(value)) {
                let is_secret = crate::init::judgement::is_secret(&key);
                if is_secret || value.is_null() {
                    if is_secret {
                        return None;
                    }
                    continue;
                }
                table.insert(key, plain(&value)?);
            }
            Value::from(table)
        }
        Yaml::Null | Yaml::Tagged(_) => return None,
    })
}

/// Networks that others made.
fn networks(material: Material<'_>, container: &Container, service: &mut Service) {
    let external = container.networks.iter().filter(|name| material.seen.external_networks.contains_key(*name));
    let external: Vec<Value> = external.map(|name| Value::from(slug(name))).collect();
    if !external.is_empty() {
        let all: Vec<Value> = std::iter::once(Value::from("...")).chain(external).collect();
        service.set("networks", Entry::noted(all, format!("from {}", container.from)));
    }
}

//! Services of compose files: each becomes a service of its kind where its image or its source says which, else a plain
//! container that keeps everything it had.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::Value;

use super::{Entry, Material, Proposal, Service, ends, images, places, processes, programs};
use crate::compose::interpolation::with_defaults;
use crate::compose::volume;
use crate::init::judgement::{
    is_harmless, is_identifier, is_sensitive, is_shown, is_shown_command, is_shown_image, with_shown_defaults,
};
use crate::init::seen::compose::BuildOf;
use crate::init::seen::{Container, Program, is_ours};
use crate::init::snapshot::{joined, parent};
use crate::kinds::{Class, Kind, OptionType};

mod elsewhere;
pub(super) mod given;
mod inherited;
mod keys;
mod mounts;
mod ports;
mod runs;
pub(super) mod shared;
mod stages;

use keys::{dependencies, rest, restart};
use mounts::volumes;
pub(super) use ports::bind;
use ports::{mapped, offset, ports};
use runs::{command, health, times};
use stages::{differing, lost, seen_from};

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
        let name = container.name.clone();
        let service = of(proposal, material, container, &name, &mut built, offset.unwrap_or_default());
        made.insert(container.name.clone(), service);
    }
    for container in &seen.containers {
        if let Some(service) = made.shift_remove(&container.name) {
            proposal.services.insert(container.name.clone(), service);
        }
    }
    inherited::take_back(proposal, material);
    shared::add(proposal, material);
    given::add(proposal, material.seen);
    elsewhere::add(proposal, material, offset.unwrap_or_default());
}

/// Whether it is another process of an image that a service with a port has too.
fn is_worker(container: &Container) -> bool {
    container.build.is_some()
        && container.ports.is_empty()
        && container.expose.is_empty()
        && !container.labels.keys().any(|l| l.starts_with("traefik."))
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
            Some(image) => own_image(proposal, container, image, name, &mut service),
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
        if !material.seen.is_compose_ours {
            moved(proposal, container, name, &service);
        }
    } else {
        ports(proposal, material, container, program, known.as_ref(), name, offset, &mut service);
    }
    if !is_of_kind {
        health(proposal, container, program, known.as_ref(), name, &mut service);
        command(proposal, container, program, known.as_ref(), name, &mut service);
    } else if !material.seen.is_compose_ours {
        times(container, known.as_ref(), &mut service);
    }
    volumes(proposal, material, container, known.as_ref(), name, &mut service);
    if let Some(program) = program {
        places::writes_of_container(proposal, material, (program, container), name, &mut service);
    }
    dependencies(container, &mut service);
    let is_derived = is_of_kind || service.keys.contains_key("kind");
    rest(proposal, container, is_derived, name, &mut service);
    let given = given::hand_on(proposal, material.seen, container, known.as_ref(), name, &mut service);
    if !given.is_empty() {
        service.tables.entry("compose".to_owned()).or_default().extend(given);
    }
    if is_derived && !material.seen.is_compose_ours {
        keys::said(container, &mut service);
        if is_of_kind {
            keys::overruled(proposal, container, name, &mut service);
            mounts::passing(container, known.as_ref(), &mut service);
        } else {
            let is_kept =
                program.is_some_and(|program| program.dockerfile.as_ref().is_some_and(|built| !built.is_ours));
            keys::of_image(proposal, container, is_kept, name, &mut service);
        }
    }
    // What stackgen wrote itself follows from the environment.
    if is_derived && !material.seen.is_compose_ours {
        restart(container, &mut service);
    }
    shared::join(proposal, material, container, &mut service);
    service
}

/// Says where a proxy is found on the host, where that does not follow from its entry points.
fn moved(proposal: &mut Proposal, container: &Container, name: &str, service: &Service) {
    let points = service.tables.get("entrypoints");
    let name_of = |port: u16| {
        let is_it = |entry: &Entry| entry.value.get("port").and_then(Value::as_integer) == Some(i64::from(port));
        points?.iter().find(|(_, entry)| is_it(entry)).map(|(point, _)| point.clone())
    };
    for (_, host, target) in mapped(container) {
        let Some(point) = name_of(target) else { continue };
        if host != target {
            let variable = programs::variable_of(&format!("{name}-{point}"), "host-port");
            proposal.unknown(
                name,
                format!(
                    "where {host} on the host comes from: an entry point is published on its own port, {target}; \
                     `{variable}={host}` in the env file moves it"
                ),
            );
        }
    }
}

/// The image of a plain container, unless somebody's user info stands in front of its registry.
fn own_image(proposal: &mut Proposal, container: &Container, image: &str, name: &str, service: &mut Service) {
    let from = &container.from;
    let (image, lost) = with_shown_defaults(image);
    if !is_shown_image(&image) {
        proposal.unknown(name, format!("its image: the one in {from} has more in it than a name, so it is not copied"));
        service.obstacle = Some(format!("its image in {from} may have a secret in it, and is not copied"));
        return;
    }
    tell_defaults(proposal, container, name, lost);
    service.set("image", Entry::noted(image, format!("from {from}")));
}

/// Says which variables of a text have no default any more.
fn tell_defaults(proposal: &mut Proposal, container: &Container, name: &str, lost: Vec<String>) {
    for variable in lost {
        proposal.declare(&variable, None, Some(format!("from {}", container.from)));
        let what =
            format!("the default of `{variable}` in {}: it may be a secret, so it is not copied", container.from);
        proposal.unknown(name, what);
    }
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
    if kind.class == Class::Proxy && ends::static_file::flags(container, material.snapshot).is_none() {
        return Err(
            "what it is told at its start: that stands in a file that cannot be read from here, so the service is left as a \
             plain container with the file that it has, and the labels of the others stay as they are"
                .to_owned(),
        );
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
        ends::proxy(proposal, material, container, service);
    }
    let mut said: IndexMap<String, String> = IndexMap::new();
    for (variable, value) in &container.env {
        if let Some(images::Told::Option(option)) = images::told_by(kind, variable) {
            let value = value.clone().unwrap_or_else(|| format!("${{{variable}}}"));
            let value = if variable.ends_with("_FILE") {
                let file = given::as_file(proposal, material, container, variable, &value);
                format!("${{{}}}", file.as_deref().unwrap_or(variable.trim_end_matches("_FILE")))
            } else {
                value
            };
            said.insert(option, value);
        }
    }
    if kind.class != Class::Proxy
        && kind.command.is_empty()
        && kind.argument.is_empty()
        && let Some(words) = told(container).filter(|words| is_shown_command(words))
        && let Ok(text) = shlex::try_join(words.iter().map(String::as_str))
    {
        // The kind runs what its image runs, and so nothing is lost with a command of its own.
        service.set("command", Entry::noted(text, format!("from {}", container.from)));
    } else if kind.class != Class::Proxy
        && let Some(words) = &container.command
    {
        let (options, unknown) = images::options_of_command(kind, words);
        for (option, value) in options {
            said.entry(option).or_insert(value);
        }
        if !unknown.is_empty() {
            let what = format!(
                "what its command says beyond the kind's own, and is not taken over: {}; `command` would say the whole of it",
                flags_of(words, unknown).join(", ")
            );
            proposal.unknown(name, what);
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

/// Flags, each once; with what follows them where all of that can be shown.
fn flags_of(words: &[String], flags: Vec<String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let is_named = |word: &String| flags.iter().any(|flag| word.starts_with(flag.as_str()));
    for (at, word) in words.iter().enumerate().filter(|(_, word)| is_shown_command(words) && is_named(word)) {
        let values = words[at + 1..].iter().take_while(|word| !word.starts_with('-'));
        found.push(std::iter::once(word).chain(values).cloned().collect::<Vec<_>>().join(" "));
    }
    if found.is_empty() {
        found = flags;
        // The name of a setting is no secret: `-c name=value`.
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.');
        let settings = words.windows(2).filter(|pair| pair[0] == "-c").filter_map(|pair| pair[1].split_once('='));
        let settings: Vec<String> =
            settings.filter(|(name, _)| is_name(name)).map(|(name, _)| format!("-c {name}")).collect();
        if !settings.is_empty() {
            found.retain(|flag| flag != "-c");
            found.extend(settings);
        }
    }
    let mut known = BTreeSet::new();
    found.retain(|flag| known.insert(flag.clone()));
    found
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
        let variable = variable.unwrap_or_else(|| programs::variable_of(name, option));
        proposal.declare(&variable, None, Some(from)).is_secret = true;
        let declared = proposal.declare(&variable, None, None);
        if definition.format.is_some() && declared.file.is_none() {
            declared.kind = Some("url-safe");
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
        OptionType::Strings if !plain.split(',').all(|item| is_shown(option, item.trim())) => {
            let what =
                format!("its `{option}`: the one in {} may have a secret in it, so it is not copied", container.from);
            proposal.unknown(name, what);
            return;
        }
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
        _ if (is_identifier(&plain) && !is_sensitive(option)) || is_harmless(option, &plain) => {
            Some(Value::from(plain.clone()))
        }
        _ => None,
    };
    let Some(entry) = entry else {
        if !plain.is_empty() {
            let names = crate::compose::interpolation::names(value);
            let variable = names.into_iter().next().unwrap_or_else(|| programs::variable_of(name, option));
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

/// What a compose file has a container run, instead of what its image runs.
fn told(container: &Container) -> Option<&[String]> {
    container.command.as_deref().filter(|words| !words.is_empty())
}

/// The command of another process of a program; that of the first one is never inherited for want of its own.
fn process(
    proposal: &mut Proposal,
    own: Option<&[String]>,
    first: Option<&[String]>,
    name: &str,
    from: &str,
    is_kept: bool,
    service: &mut Service,
) {
    let Some(words) = own else {
        if first.is_some() {
            proposal.unknown(name, format!("its command: {from} says none, so it is that of its image"));
            service.obstacle = Some("nothing says what it runs: write its `command`".to_owned());
        }
        return;
    };
    if processes::celery::of(proposal, name, words, is_kept, service, from) || Some(words) == first {
        return;
    }
    match shlex::try_join(words.iter().map(String::as_str)) {
        Ok(text) if is_shown_command(words) => service.set("command", Entry::noted(text, format!("from {from}"))),
        _ => {
            proposal
                .unknown(name, format!("its command: the one in {from} may have a secret in it, so it is not copied"));
            service.obstacle = Some(format!("its command in {from} is yours to write"));
        }
    }
}

/// What a service is built from.
fn source<'a>(
    proposal: &mut Proposal,
    material: Material<'a>,
    container: &Container,
    build: &BuildOf,
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
    let path = crate::plan::clean_path(&joined(context, &dockerfile)).unwrap_or_default();
    let text = material.snapshot.text(&path);
    let is_kept = text.is_some_and(|text| !is_ours(text));
    if let Some(first) = built.get(&key).filter(|_| container.profiles.is_empty()) {
        let own = told(container);
        let known = seen.containers.iter().find(|known| known.name == *first).and_then(told);
        let of_first = seen.containers.iter().find(|known| known.name == *first).and_then(|first| first.build.as_ref());
        let differs =
            of_first.map_or_else(|| Some(Vec::new()), |first| differing(build, first, &path, &directory, text));
        // What the image itself runs is not what the first one is told: nothing is inherited then.
        if let Some(differs) = differs.filter(|_| own.is_some() || known.is_none() || !is_kept) {
            service.set("extends", Entry::noted(first.clone(), format!("the same source, in {from}")));
            for (key, value) in differs.into_iter().filter(|_| is_kept) {
                service.set(key, Entry::noted(value, format!("from {from}")));
            }
            process(proposal, own, known, name, from, is_kept, service);
            return program;
        }
    }
    built.entry(key).or_insert_with(|| name.to_owned());
    if let Some((program, kind)) = program.and_then(|program| Some((program, program.kind.clone()?))) {
        programs::kind(proposal, material, program, &kind, is_kept, service);
        // Another Dockerfile than that of the program may run something else.
        if is_kept && program.dockerfile.as_ref().is_none_or(|built| built.path != path) {
            service.keys.shift_remove("app");
            service.keys.shift_remove("workers");
        }
        if !is_kept {
            programs::before_start(program, service);
        }
    }
    service.set("source", Entry::noted(shown.to_owned(), format!("from {from}")));
    if *context != directory {
        let shown = if context.is_empty() { "." } else { context.as_str() };
        service.set("context", Entry::noted(shown.to_owned(), format!("from {from}")));
    }
    if let Some(program) = program.filter(|program| !is_kept && program.kind.is_some()) {
        let below = directory.strip_prefix(context.as_str()).unwrap_or(&directory).trim_start_matches('/');
        programs::include(program, below, service);
    }
    if is_kept {
        let relative = seen_from(&directory, &path);
        lost(proposal, container, &path, text.unwrap_or_default(), build, name);
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

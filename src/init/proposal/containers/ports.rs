//! The port that a container listens on, and what it publishes in each environment.

use toml::Value;

use crate::compose::interpolation::with_defaults;
use crate::compose::port;
use crate::init::proposal::{Answer, Entry, Material, Proposal, Question, Service, known, programs};
use crate::init::seen::compose::{asked_path, scalar, words};
use crate::init::seen::{Container, Program};
use crate::kinds::Kind;

/// Ports that debuggers listen on.
const DEBUGGERS: [u16; 3] = [9229, 9230, 5678];

/// What all host ports are above the ports of their services.
pub(super) fn offset(containers: &[Container]) -> Option<u16> {
    let all: Vec<(u16, u16)> = containers.iter().flat_map(mapped).map(|(_, host, target)| (host, target)).collect();
    let mut offsets = all.iter().map(|(host, target)| host.checked_sub(*target));
    let first = offsets.next()??;
    (first >= 1000 && all.len() > 1 && offsets.all(|offset| offset == Some(first))).then_some(first)
}

/// The published ports: whether on this machine alone, host port and port.
pub(super) fn mapped(container: &Container) -> Vec<(bool, u16, u16)> {
    let parsed = container.ports.iter().filter_map(|text| port::parse(&with_defaults(text)).ok());
    parsed
        .filter_map(|mapping| {
            let published = mapping.published?;
            let is_local = mapping.ip.is_some_and(|ip| ip.is_loopback());
            Some((is_local, published.first, mapping.target.first))
        })
        .collect()
}

/// Keeps proxies open to whom they were open: their entry points are on 127.0.0.1 outside of production, unless the stack
/// says otherwise. What others publish stays where it was.
pub(in crate::init::proposal) fn bind(proposal: &mut Proposal, material: Material<'_>) {
    let seen = material.seen;
    if seen.is_compose_ours {
        return;
    }
    let is_proxy = |container: &&Container| {
        proposal.services.get(&container.name).is_some_and(|service| service.tables.contains_key("entrypoints"))
    };
    let proxies: Vec<&Container> = seen.containers.iter().filter(is_proxy).collect();
    let open: Vec<(&Container, port::PortMapping)> = proxies
        .iter()
        .flat_map(|container| container.ports.iter().map(|text| (*container, port::parse(&with_defaults(text)))))
        .filter_map(|(container, mapping)| Some((container, mapping.ok()?)))
        .filter(|(_, mapping)| mapping.published.is_some() && !mapping.ip.is_some_and(|ip| ip.is_loopback()))
        .collect();
    let Some((first, mapping)) = open.first() else { return };
    let is_one = open.iter().all(|(_, other)| other.ip == mapping.ip);
    let address = mapping.ip.map_or_else(|| "0.0.0.0".to_owned(), |ip| ip.to_string());
    if !is_one || seen.environments.len() > 1 {
        let ports: Vec<String> =
            open.iter().filter_map(|(_, mapping)| Some(mapping.published?.first.to_string())).collect();
        let table = match seen.environments.first() {
            Some(environment) if seen.environments.len() > 1 => format!("environments.{environment}.stack"),
            _ => "stack".to_owned(),
        };
        let what = format!(
            "who may reach {} on the host: outside of production the entry points of a proxy are on 127.0.0.1 alone. \
             `bind = \"{address}\"` in `[{table}]` opens them, and with them whatever `publish = true` publishes there",
            crate::diagnostics::words::and(&ports)
        );
        let name = first.name.clone();
        proposal.unknown(&name, what);
        return;
    }
    let note =
        format!("from {}: the proxy is open to the network; without this line, to this machine alone", first.from);
    proposal.stack.insert("bind".to_owned(), Entry::noted(address, note));
    for service in proposal.services.values_mut().filter(|service| !service.tables.contains_key("entrypoints")) {
        let Some(entry) = service.keys.get_mut("publish") else { continue };
        let is_derived = entry.value.as_bool() == Some(true) || entry.value.is_integer();
        let own = service.port;
        let mut published = service.published.iter().filter(|(_, target)| Some(*target) == own);
        if let (true, Some((host, target))) = (is_derived, published.next()) {
            *entry = Entry::noted(format!("127.0.0.1:{host}:{target}"), "on this machine alone, as it was");
        }
    }
}

/// The port it listens on, and what it publishes.
#[allow(clippy::too_many_arguments, reason = "what a port may be known from stands in as many places")]
pub(super) fn ports(
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
    // A plain container listens where its image does.
    let image = container.image.as_deref().filter(|_| container.build.is_none() && kind.is_none());
    if port.is_none()
        && let Some(port) = image.and_then(|image| known::port_of(&with_defaults(image)))
    {
        service.set("port", Entry::noted(i64::from(port), "where its image listens"));
        service.port = Some(port);
        service.published = mapped.iter().map(|(_, host, target)| (*host, *target)).collect();
        publish(proposal, material, container, name, offset, service);
        return;
    }
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
            let is_whole = seen.whole.contains(environment);
            let entry = match (other, container.there.get(environment)) {
                (Some(other), _) if is_whole => published(other, service.port, 0),
                // A file that is laid over another adds to its ports.
                (_, Some(there)) => published(there, service.port, if other.is_none() { offset } else { 0 }),
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

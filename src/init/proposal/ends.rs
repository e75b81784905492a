//! The proxy of a compose file: its entry points and certificates, in each environment, as its flags and the routers of the
//! others say them.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::Value;

use super::{Entry, Material, Proposal, Service};
use crate::compose::interpolation::{names, with_defaults};
use crate::init::judgement::{is_harmless, is_harmless_header, is_shown_command};
use crate::init::seen::{Container, Seen};
use crate::init::snapshot::Snapshot;
use crate::plan::EDGE_LABEL;
use crate::traefik::dynamic::named::named;
use crate::traefik::static_flags;

pub(super) mod static_file;

/// The ends of a proxy: entry points and certificates, by name.
#[derive(Debug, Default)]
struct Ends {
    points: IndexMap<String, toml::Table>,
    certificates: IndexMap<String, toml::Table>,
    /// Switches of its kind, as its flags say them.
    switches: IndexMap<&'static str, Value>,
    /// What its flags say beyond that, in Traefik's spelling.
    further: toml::Table,
    /// Flags that say something else and are not copied.
    others: Vec<String>,
    /// What is not carried over, and why.
    untold: Vec<String>,
    /// Entry points whose flags name options of TLS: whoever asks for certificates of clients does so there.
    guarded: BTreeSet<String>,
    /// Variables that it mentions.
    variables: Vec<String>,
}

/// A container as it is in an environment; none where that does not have it.
pub(super) fn there(seen: &Seen, container: &Container, environment: &str) -> Option<Container> {
    let mut there = container.clone();
    if !(there.environments.is_empty() || there.environments.iter().any(|name| name == environment)) {
        return None;
    }
    let said = if seen.whole.contains(environment) { &container.elsewhere } else { &container.there };
    if let Some(other) = said.get(environment) {
        there.from.clone_from(&other.from);
        there.labels.clone_from(&other.labels);
        there.volumes.clone_from(&other.volumes);
        there.ports.clone_from(&other.ports);
        there.command.clone_from(&other.command);
    }
    Some(there)
}

/// Which containers a proxy looks at.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// Whether only at those that say so.
    is_closed: bool,
    /// The label and its value that they must have, where it is told that.
    label: Option<(String, String)>,
}

impl Sight {
    /// Of the proxies among containers.
    pub(super) fn of<'c>(proxies: impl Iterator<Item = &'c Container>, snapshot: &Snapshot) -> Self {
        let mut sight = Self::default();
        for container in proxies {
            for word in &static_file::flags(container, snapshot).unwrap_or_default() {
                let Some(flag) = static_flags::split(word) else { continue };
                let value = with_defaults(flag.value.unwrap_or("true"));
                match flag.name.to_ascii_lowercase().as_str() {
                    "providers.docker.exposedbydefault" => sight.is_closed = is_off(&value),
                    "providers.docker.constraints" => sight.label = one_label(&value),
                    _ => {}
                }
            }
        }
        sight
    }

    /// Why the proxy does not look at a container; none where it does.
    pub(super) fn blind(&self, container: &Container) -> Option<&'static str> {
        let enable = container.labels.iter().find(|(label, _)| label.eq_ignore_ascii_case("traefik.enable"));
        match enable.map(|(_, value)| with_defaults(value)) {
            Some(value) if is_off(&value) => return Some("`traefik.enable` is off"),
            None if self.is_closed => {
                return Some("the proxy looks at nothing without `traefik.enable=true` (`exposedbydefault=false`)");
            }
            _ => {}
        }
        // Of what only the operator knows nothing follows.
        let is_other = |(label, value): &(String, String)| {
            let own = container.labels.get(label).map(|own| with_defaults(own));
            own.is_none_or(|own| own != *value && !own.contains('$') && !value.contains('$'))
        };
        self.label.as_ref().is_some_and(is_other).then_some("the `constraints` of the proxy leave it out")
    }
}

fn is_off(value: &str) -> bool {
    matches!(value.trim().to_ascii_lowercase().as_str(), "false" | "f" | "0")
}

/// The label and value of a constraint that asks for one alone: ``Label(`a`, `b`)``.
fn one_label(text: &str) -> Option<(String, String)> {
    let inner = text.trim().strip_prefix("Label(")?.strip_suffix(')')?;
    let (name, value) = inner.split_once(',')?;
    let quoted = |text: &str| {
        let text = text.trim();
        let inner = text.strip_prefix('`')?.strip_suffix('`')?;
        (!inner.contains('`')).then(|| inner.to_owned())
    };
    Some((quoted(name)?, quoted(value)?))
}

/// What the flags of a proxy's container say, in each environment.
pub(super) fn proxy(proposal: &mut Proposal, material: Material<'_>, container: &Container, service: &mut Service) {
    let from = format!("from {}", container.from);
    let snapshot = material.snapshot;
    let mut ends = Ends::of(container, snapshot);
    if ends.points.is_empty() {
        ends.points = published(container);
        let what = "its entry points: its flags name none, so those of its published ports are taken";
        proposal.unknown(&container.name, what);
    }
    let all = &material.seen.containers;
    ends.complete(all.iter().collect());
    if material.seen.is_compose_ours {
        // It follows from the rest.
        ends.further.retain(|key, _| !key.eq_ignore_ascii_case("entrypoints"));
    }
    for variable in &ends.variables {
        proposal.declare(variable, None, Some(from.clone()));
    }
    if !ends.others.is_empty() {
        let what = format!(
            "what these flags say, since a secret may be in them: {}; they belong into `static`, with variables",
            ends.others.join(", ")
        );
        proposal.unknown(&container.name, what);
    }
    for what in &ends.untold {
        proposal.unknown(&container.name, what.clone());
    }
    if !ends.further.is_empty() {
        let further = ends.further.iter().map(|(key, value)| (key.clone(), Entry::noted(value.clone(), from.clone())));
        service.tables.insert("static".to_owned(), further.collect());
    }
    for (switch, value) in &ends.switches {
        service.set(switch, Entry::noted(value.clone(), from.clone()));
    }
    for environment in material.seen.environments.iter().skip(1) {
        elsewhere(proposal, material, container, environment, &ends);
    }
    let entries = |all: IndexMap<String, toml::Table>| {
        all.into_iter().map(|(name, table)| (name, Entry::noted(table, from.clone()))).collect::<IndexMap<_, _>>()
    };
    for (table, all) in [("entrypoints", ends.points), ("certificates", ends.certificates)] {
        if !all.is_empty() {
            service.tables.insert(table.to_owned(), entries(all));
        }
    }
}

/// What a proxy is told otherwise in an environment.
fn elsewhere(proposal: &mut Proposal, material: Material<'_>, container: &Container, environment: &str, ends: &Ends) {
    let Some(other) = there(material.seen, container, environment) else { return };
    let name = &container.name;
    if static_file::flags(&other, material.snapshot).is_none() {
        let what = format!("what it is told in {environment}: that stands in a file that cannot be read from here");
        proposal.unknown(name, what);
        return;
    }
    let mut there_ends = Ends::of(&other, material.snapshot);
    if there_ends.points.is_empty() {
        there_ends.points = published(&other);
    }
    if there_ends.points.is_empty() {
        there_ends.points.clone_from(&ends.points);
    }
    let all = material.seen.containers.iter();
    let all: Vec<Container> = all.filter_map(|container| there(material.seen, container, environment)).collect();
    there_ends.complete(all.iter().collect());
    if material.seen.is_compose_ours {
        there_ends.further.retain(|key, _| !key.eq_ignore_ascii_case("entrypoints"));
    }
    let from = format!("from {}", other.from);
    for variable in &there_ends.variables {
        proposal.declare(variable, None, Some(from.clone()));
    }
    let mut keys: IndexMap<String, Entry> = IndexMap::new();
    for (switch, value) in there_ends.switches.iter().filter(|(key, value)| ends.switches.get(*key) != Some(*value)) {
        keys.insert((*switch).to_owned(), Entry::noted(value.clone(), from.clone()));
    }
    for switch in ends.switches.keys().filter(|key| !there_ends.switches.contains_key(*key)) {
        let usual = if *switch == "log-level" { Value::from("INFO") } else { Value::from(false) };
        keys.insert((*switch).to_owned(), Entry::noted(usual, from.clone()));
    }
    for (key, table) in [
        ("entrypoints", differing(&ends.points, &there_ends.points)),
        ("certificates", differing(&ends.certificates, &there_ends.certificates)),
    ] {
        if !table.is_empty() {
            keys.insert(key.to_owned(), Entry::noted(table, from.clone()));
        }
    }
    let (own, others) = (leaves(&ends.further), leaves(&there_ends.further));
    let mut further = toml::Table::new();
    for (path, value) in others.iter().filter(|(path, value)| own.get(*path) != Some(*value)) {
        set(&mut further, path, value.clone());
    }
    let mut lost: Vec<String> = Vec::new();
    for (path, value) in own.iter().filter(|(path, _)| !others.contains_key(*path)) {
        let last = path.last().map(|last| last.to_ascii_lowercase()).unwrap_or_default();
        // What opens something is off unless it is asked for (Traefik docs, "Static configuration: CLI").
        if *value == Value::from(true) && OPENING.contains(&last.as_str()) {
            set(&mut further, path, false.into());
        } else {
            lost.push(format!("`{}`", path.join(".")));
        }
    }
    if !further.is_empty() {
        keys.insert("static".to_owned(), Entry::noted(further, from));
    }
    if !lost.is_empty() {
        let what = format!(
            "what stands in {environment} in place of {} of its `static`: its flags do not name it there, and so it holds \
             there too",
            lost.join(", ")
        );
        proposal.unknown(name, what);
    }
    let hidden: Vec<String> = there_ends.others.iter().filter(|flag| !ends.others.contains(flag)).cloned().collect();
    if !hidden.is_empty() {
        let what = format!(
            "what these flags say in {environment}, since a secret may be in them: {}; they belong into `static`, with \
             variables",
            hidden.join(", ")
        );
        proposal.unknown(name, what);
    }
    for what in there_ends.untold.iter().filter(|what| !ends.untold.contains(what)) {
        proposal.unknown(name, format!("in {environment}, {what}"));
    }
    if !keys.is_empty() {
        let overlay = proposal.overlays.entry(environment.to_owned()).or_default();
        overlay.entry(name.clone()).or_default().extend(keys);
    }
}

/// Switches of Traefik that let more in, or show more.
const OPENING: [&str; 5] = ["insecure", "insecureskipverify", "dashboard", "debug", "allowencodedslash"];

/// What other tables say otherwise.
fn differing(own: &IndexMap<String, toml::Table>, other: &IndexMap<String, toml::Table>) -> toml::Table {
    let mut table = toml::Table::new();
    for (name, entry) in other {
        let mut inner = entry.clone();
        let known = own.get(name);
        inner.retain(|key, value| known.and_then(|known| known.get(key)) != Some(value));
        // What is not said there does not hold there.
        for key in known.into_iter().flat_map(toml::Table::keys).filter(|key| !entry.contains_key(*key)) {
            inner.insert(key.clone(), false.into());
        }
        if !inner.is_empty() {
            table.insert(name.clone(), inner.into());
        }
    }
    table
}

/// The values of a table of tables, by their paths.
fn leaves(table: &toml::Table) -> IndexMap<Vec<String>, Value> {
    let mut found = IndexMap::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) if !inner.is_empty() => {
                for (mut path, value) in leaves(inner) {
                    path.insert(0, key.clone());
                    found.insert(path, value);
                }
            }
            _ => {
                found.insert(vec![key.clone()], value.clone());
            }
        }
    }
    found
}

/// Says a value in a table of tables. What was only switched on before has more to it; what has more stays.
fn set<T: AsRef<str>>(table: &mut toml::Table, path: &[T], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    let entry = table.entry(first.as_ref());
    if rest.is_empty() {
        let known = entry.or_insert_with(|| value.clone());
        if !known.is_table() {
            *known = value;
        }
        return;
    }
    let inner = entry.or_insert_with(|| Value::from(toml::Table::new()));
    if !inner.is_table() {
        *inner = Value::from(toml::Table::new());
    }
    if let Value::Table(inner) = inner {
        set(inner, rest, value);
    }
}

/// The file in which a proxy keeps its certificates, where its flags name it.
pub(super) fn storage(container: &Container, snapshot: &Snapshot) -> Option<String> {
    let flags = static_file::flags(container, snapshot).unwrap_or_default();
    let mut flags = flags
        .iter()
        .filter_map(|word| static_flags::split(word))
        .map(|flag| (flag.name.to_ascii_lowercase(), flag.value));
    let is_it = |name: &str| name.starts_with("certificatesresolvers.") && name.ends_with(".acme.storage");
    let file = flags.find(|(name, _)| is_it(name))?.1?;
    // Its image works in `/`.
    Some(crate::compose::volume::clean(&format!("/{}", with_defaults(file))))
}

/// The entry points of published ports, where nothing else is known.
fn published(container: &Container) -> IndexMap<String, toml::Table> {
    let mut points: IndexMap<String, toml::Table> = IndexMap::new();
    for text in &container.ports {
        let Ok(mapping) = crate::compose::port::parse(&with_defaults(text)) else { continue };
        let target = i64::from(mapping.target.first);
        let (name, tls) = match target {
            80 => ("web", false),
            443 => ("websecure", true),
            _ => continue,
        };
        let table = points.entry(name.to_owned()).or_default();
        table.insert("port".to_owned(), target.into());
        if tls {
            table.insert("tls".to_owned(), true.into());
        }
    }
    points
}

/// The engine's socket, as a provider names it.
const SOCKETS: [&str; 2] = ["unix:///var/run/docker.sock", "unix:///run/docker.sock"];

/// What a flag about the engine says that is not carried over; none for one that is.
fn of_engine(option: &[&str], value: &str) -> Option<String> {
    match option {
        ["endpoint"] => {
            let at = if is_shown_command(&[value.to_owned()]) { format!(" (`{value}`)") } else { String::new() };
            Some(format!(
                "how it reaches the engine: it was told another way{at}, and its kind mounts the engine's socket itself, with \
                 which the proxy may do everything on this machine; see to it before you start it"
            ))
        }
        ["tls" | "username" | "password", ..] => {
            Some(format!("`providers.docker.{}`: its kind speaks to the engine's socket", option.join(".")))
        }
        ["constraints"] if one_label(value).is_none() => Some(
            "which containers its `constraints` leave out: stackgen's own let in every service with a route, so look for \
             routes that nobody reached before"
                .to_owned(),
        ),
        // Those that it leaves out get no route.
        ["constraints"] => Some("its `constraints`: stackgen's own let in every service with a route".to_owned()),
        _ => None,
    }
}

impl Ends {
    /// What the flags of a container say.
    fn of(container: &Container, snapshot: &Snapshot) -> Self {
        let mut ends = Self::default();
        // Its own ends: stackgen makes them by itself.
        let own = ["ping", "metrics", "traefik"];
        for word in &static_file::flags(container, snapshot).unwrap_or_default() {
            let is_shown = is_shown_command(std::slice::from_ref(word));
            let Some(flag) = static_flags::split(word) else { continue };
            let lower = flag.name.to_ascii_lowercase();
            let value = flag.value.unwrap_or("true");
            let parts: Vec<&str> = lower.split('.').collect();
            match parts.as_slice() {
                ["entrypoints", name, ..] if own.contains(name) => {}
                ["entrypoints", name, rest @ ..] => {
                    if !ends.point(name, rest, value) {
                        ends.hand_on(flag.name, value, is_shown);
                    }
                }
                ["certificatesresolvers", name, "acme", rest @ ..] => {
                    if !ends.certificate(name, rest, value) {
                        ends.hand_on(flag.name, value, is_shown);
                    }
                }
                ["accesslog"] if value == "true" => {
                    ends.switches.insert("access-log", true.into());
                }
                ["metrics", "prometheus"] | ["global", "checknewversion" | "sendanonymoususage"] if is_off(value) => {}
                ["metrics", "prometheus", rest @ ..] => {
                    ends.switches.insert("metrics", true.into());
                    // It is asked on an entry point of its own.
                    if !matches!(rest, [] | ["entrypoint"]) {
                        ends.hand_on(flag.name, value, is_shown);
                    }
                }
                ["api", "insecure"] if value == "true" => {
                    ends.switches.insert("dashboard", true.into());
                }
                ["log", "level"] if !value.eq_ignore_ascii_case("INFO") && is_harmless("LOG_LEVEL", value) => {
                    ends.switches.insert("log-level", value.to_ascii_uppercase().into());
                }
                ["log", "level"] if !value.eq_ignore_ascii_case("INFO") => ends.others.push(flag.name.to_owned()),
                // As it is written anyway.
                ["accesslog", "format"] if value == "json" => {}
                ["providers", "docker", "watch"] | ["api", "dashboard"] if value == "true" => {}
                // Those that stackgen writes.
                ["providers", "docker", "constraints"] if value.contains(EDGE_LABEL) => {}
                ["providers", "docker", "endpoint"] if SOCKETS.contains(&value) => {}
                ["providers", "docker", rest @ ..] if !matches!(rest, [] | ["exposedbydefault" | "network"]) => {
                    if let Some(what) = of_engine(rest, value) {
                        ends.untold.push(what);
                    } else {
                        ends.hand_on(flag.name, value, is_shown);
                    }
                }
                ["ping", "entrypoint"] if own.contains(&value) => {}
                ["ping", "entrypoint" | "manualrouting"] => ends.untold.push(format!(
                    "who asks for its ping (`{}`): stackgen's listens on the loopback address of its container alone",
                    flag.name
                )),
                ["global", "checknewversion" | "sendanonymoususage"] => {
                    ends.untold.push(format!("`{}`: stackgen switches it off", flag.name));
                }
                ["ping" | "global" | "metrics" | "api" | "accesslog" | "log"]
                | ["api", "insecure"]
                | ["log", "level"]
                | ["providers", "docker", ..] => {}
                _ => ends.hand_on(flag.name, value, is_shown),
            }
        }
        ends.points.retain(|_, table| table.contains_key("port"));
        ends
    }

    /// Says it in `static`, if it can be shown.
    fn hand_on(&mut self, name: &str, value: &str, is_shown: bool) {
        let parts: Vec<&str> = name.split('.').collect();
        // A position in a list has no place in a table.
        let is_plain = parts.iter().all(|part| !part.is_empty() && !part.contains('['));
        // Whoever is asked with a header may know by it who asks.
        let mut below = parts.iter().skip_while(|part| !part.eq_ignore_ascii_case("headers")).skip(1);
        let is_shown = is_shown && below.next().is_none_or(|header| is_harmless_header(header));
        if !is_plain || !is_shown {
            self.others.push(name.to_owned());
            return;
        }
        let value = match (value.parse::<bool>(), value.parse::<i64>()) {
            (Ok(value), _) => Value::from(value),
            (_, Ok(value)) => Value::from(value),
            _ => Value::from(value),
        };
        set(&mut self.further, &parts, value);
    }

    /// Takes in what is said of an entry point; whether there is a word for it.
    fn point(&mut self, name: &str, rest: &[&str], value: &str) -> bool {
        let table = self.points.entry(name.to_owned()).or_default();
        match rest {
            ["address"] => {
                let port = value.rsplit(':').next().and_then(|port| port.split('/').next()?.parse::<i64>().ok());
                if let Some(port) = port {
                    table.insert("port".to_owned(), port.into());
                }
            }
            ["http", "redirections", "entrypoint", "to"] => {
                let to = with_defaults(value);
                table.insert("redirect-to".to_owned(), to.as_str().into());
            }
            ["http", "middlewares"] => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                // Nothing else than another provider's can be meant: an entry point has none of its own.
                let names =
                    names.map(|name| if name.contains('@') { name.to_owned() } else { format!("{name}@docker") });
                table.insert("middlewares".to_owned(), names.map(Value::from).collect::<Vec<_>>().into());
            }
            ["http", "tls"] => {
                table.entry("tls").or_insert(Value::from(true));
            }
            ["http", "tls", "certresolver"] => {
                table.insert("tls".to_owned(), value.into());
            }
            ["http", "redirections", ..] => {}
            ["http", "tls", "options"] => {
                self.guarded.insert(name.to_owned());
                return false;
            }
            ["http", "tls", rest @ ..] => self.untold.push(format!(
                "`entrypoints.{name}.http.tls.{}`: certificates are for the hosts of the routes",
                rest.join(".")
            )),
            _ => return false,
        }
        true
    }

    /// Takes in what is said of certificates; whether there is a word for it.
    fn certificate(&mut self, name: &str, rest: &[&str], value: &str) -> bool {
        let table = self.certificates.entry(name.to_owned()).or_default();
        match rest {
            ["email"] => {
                let variable = names(value).into_iter().next().unwrap_or_else(|| "ACME_EMAIL".to_owned());
                table.insert("email".to_owned(), format!("${{{variable}}}").into());
                self.variables.push(variable);
            }
            ["storage"] | ["httpchallenge", "entrypoint"] if !value.is_empty() => {
                if rest != ["storage"] {
                    table.insert("challenge".to_owned(), "http".into());
                }
            }
            ["httpchallenge"] => {
                table.insert("challenge".to_owned(), "http".into());
            }
            ["tlschallenge"] => {
                table.insert("challenge".to_owned(), "tls".into());
            }
            ["dnschallenge"] => {
                table.insert("challenge".to_owned(), "dns".into());
            }
            ["dnschallenge", "provider"] => {
                table.insert("challenge".to_owned(), "dns".into());
                table.insert("provider".to_owned(), value.into());
            }
            ["caserver"] if value.contains("letsencrypt.org") => {
                table.insert("ca-server".to_owned(), value.into());
            }
            _ => return false,
        }
        true
    }

    /// Leaves TLS to the flags of the entry points that have options of it: those of an entry point hold for routers that
    /// say nothing of TLS themselves (Traefik docs, "Entrypoints", "TLS").
    fn guard(&mut self) {
        for name in &self.guarded {
            let Some(table) = self.points.get_mut(name) else { continue };
            if let Some(Value::String(resolver)) = table.remove("tls") {
                self.untold.push(format!(
                    "where entry point `{name}` has its certificate from: it was asked of `{resolver}`, which stackgen does \
                     not do where an entry point has options of TLS"
                ));
            }
        }
        for (name, table) in &mut self.points {
            let to = table.get("redirect-to").and_then(Value::as_str).filter(|to| self.guarded.contains(*to));
            let Some(to) = to.map(str::to_owned) else { continue };
            table.remove("redirect-to");
            let known = self.further.keys().find(|key| key.eq_ignore_ascii_case("entrypoints")).cloned();
            let section = known.unwrap_or_else(|| "entrypoints".to_owned());
            let base = [section.as_str(), name, "http", "redirections", "entrypoint"];
            for (option, value) in [("to", to.as_str()), ("scheme", "https")] {
                set(&mut self.further, &[&base[..], &[option]].concat(), value.into());
            }
        }
    }

    /// What routers ask of their entry points holds for those, and what is not there is not asked for.
    fn complete(&mut self, containers: Vec<&Container>) {
        self.guard();
        // Routers that have TLS and name no resolver: point, router, service.
        let mut without: Vec<(String, String, String)> = Vec::new();
        for container in containers {
            for (_, router) in named(container.labels.keys().map(String::as_str), "http", "routers") {
                let value = |option: &str| container.labels.get(*router.options.get(option)?).map(String::as_str);
                let resolver = value("tls.certresolver");
                let is_tls = value("tls") == Some("true") || resolver.is_some();
                for point in value("entrypoints").unwrap_or_default().split(',').map(str::trim).filter(|_| is_tls) {
                    if resolver.is_none() {
                        without.push((point.to_owned(), router.name.to_owned(), container.name.clone()));
                    }
                    if let Some(table) = self.points.get_mut(point).filter(|_| !self.guarded.contains(point)) {
                        table.entry("tls").or_insert(resolver.map_or(Value::from(true), Value::from));
                    }
                }
            }
        }
        for table in self.points.values_mut() {
            let resolver = table.get("tls").and_then(Value::as_str);
            if resolver.is_some_and(|name| !self.certificates.contains_key(name)) {
                table.insert("tls".to_owned(), true.into());
            }
        }
        let points = &self.points;
        self.certificates.retain(|name, table| {
            table.contains_key("email")
                && points.values().any(|point| point.get("tls").and_then(Value::as_str) == Some(name))
        });
        for (point, router, service) in without {
            let resolver = self.points.get(&point).and_then(|table| table.get("tls")?.as_str());
            if let Some(resolver) = resolver {
                self.untold.push(format!(
                    "the certificate of the router `{router}` of `{service}`: it has TLS and names no resolver, and a route on \
                     `{point}` asks `{resolver}` for one, as the others there do"
                ));
            }
        }
        // Of a resolver that is not there nothing more is said.
        let resolvers = self.further.iter_mut().filter(|(key, _)| key.eq_ignore_ascii_case("certificatesresolvers"));
        for table in resolvers.filter_map(|(_, value)| value.as_table_mut()) {
            table.retain(|name, _| self.certificates.contains_key(&name.to_ascii_lowercase()));
        }
        self.further.retain(|_, value| value.as_table().is_none_or(|table| !table.is_empty()));
        let known: Vec<String> = self.points.keys().cloned().collect();
        // A port means the entry point that listens there.
        let ports: Vec<(String, String)> = self
            .points
            .iter()
            .filter_map(|(name, table)| Some((format!(":{}", table.get("port")?.as_integer()?), name.clone())))
            .collect();
        for table in self.points.values_mut() {
            let to = table.get("redirect-to").and_then(Value::as_str);
            if let Some((_, name)) = to.and_then(|to| ports.iter().find(|(port, _)| port == to)) {
                table.insert("redirect-to".to_owned(), name.clone().into());
            }
            let to = table.get("redirect-to").and_then(Value::as_str).map(str::to_owned);
            if to.is_some_and(|to| !known.contains(&to)) {
                table.remove("redirect-to");
            }
        }
    }
}

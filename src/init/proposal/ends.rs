//! The proxy of a compose file: its entry points and certificates, in each environment, as its flags and the routers of the
//! others say them.

use indexmap::IndexMap;
use toml::Value;

use super::{Entry, Material, Proposal, Service, containers};
use crate::compose::interpolation::names;
use crate::init::judgement::{is_harmless, is_shown_command};
use crate::init::seen::Container;
use crate::init::snapshot::Snapshot;
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
    /// Variables that it mentions.
    variables: Vec<String>,
}

/// What the flags of a proxy's container say, in each environment.
pub(super) fn proxy(proposal: &mut Proposal, material: Material<'_>, container: &Container, service: &mut Service) {
    let from = format!("from {}", container.from);
    let snapshot = material.snapshot;
    let mut ends = Ends::of(container, snapshot);
    if material.seen.is_compose_ours {
        // It follows from the rest.
        ends.further.retain(|key, _| !key.eq_ignore_ascii_case("entrypoints"));
    }
    if ends.points.is_empty() {
        ends.points = published(container);
        let what = "its entry points: its flags name none, so those of its published ports are taken";
        proposal.unknown(&container.name, what);
    }
    let all = &material.seen.containers;
    ends.complete(all.iter().collect());
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
    if !ends.further.is_empty() {
        let further = ends.further.iter().map(|(key, value)| (key.clone(), Entry::noted(value.clone(), from.clone())));
        service.tables.insert("static".to_owned(), further.collect());
    }
    for (switch, value) in &ends.switches {
        service.set(switch, Entry::noted(value.clone(), from.clone()));
    }
    for (environment, other) in &container.elsewhere {
        let mut there = Ends::of(other, snapshot);
        if there.points.is_empty() {
            continue;
        }
        there.complete(all.iter().filter_map(|container| container.elsewhere.get(environment)).collect());
        for variable in &there.variables {
            proposal.declare(variable, None, Some(format!("from {}", other.from)));
        }
        let mut keys: IndexMap<String, Entry> = IndexMap::new();
        let differ = |own: &IndexMap<String, toml::Table>, other: &IndexMap<String, toml::Table>| {
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
        };
        for (key, table) in [
            ("entrypoints", differ(&ends.points, &there.points)),
            ("certificates", differ(&ends.certificates, &there.certificates)),
        ] {
            if !table.is_empty() {
                keys.insert(key.to_owned(), Entry::noted(table, format!("from {}", other.from)));
            }
        }
        if !keys.is_empty() {
            let overlay = proposal.overlays.entry(environment.clone()).or_default();
            overlay.entry(container.name.clone()).or_default().extend(keys);
        }
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
    Some(crate::compose::volume::clean(&format!("/{}", containers::with_defaults(file))))
}

/// The entry points of published ports, where nothing else is known.
fn published(container: &Container) -> IndexMap<String, toml::Table> {
    let mut points: IndexMap<String, toml::Table> = IndexMap::new();
    for text in &container.ports {
        let Ok(mapping) = crate::compose::port::parse(&containers::with_defaults(text)) else { continue };
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
                ["metrics", "prometheus"] if value == "true" => {
                    ends.switches.insert("metrics", true.into());
                }
                ["api", "insecure"] if value == "true" => {
                    ends.switches.insert("dashboard", true.into());
                }
                ["log", "level"] if !value.eq_ignore_ascii_case("INFO") && is_harmless("LOG_LEVEL", value) => {
                    ends.switches.insert("log-level", value.to_ascii_uppercase().into());
                }
                // As it is written anyway.
                ["accesslog", "format"] if value == "json" => {}
                ["providers", "docker", ..]
                | ["ping" | "global" | "metrics" | "api", ..]
                | ["log", "level"]
                | ["accesslog" | "log"] => {}
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
        let Some((last, above)) = parts.split_last().filter(|_| is_shown && is_plain) else {
            self.others.push(name.to_owned());
            return;
        };
        let mut table = &mut self.further;
        for part in above {
            let inner = table.entry(*part).or_insert_with(|| Value::from(toml::Table::new()));
            // What was only switched on has more to it.
            if !inner.is_table() {
                *inner = Value::from(toml::Table::new());
            }
            let Value::Table(inner) = inner else { return };
            table = inner;
        }
        let value = match (value.parse::<bool>(), value.parse::<i64>()) {
            (Ok(value), _) => Value::from(value),
            (_, Ok(value)) => Value::from(value),
            _ => Value::from(value),
        };
        if !table.get(*last).is_some_and(Value::is_table) {
            table.insert((*last).to_owned(), value);
        }
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
                let to = containers::with_defaults(value);
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
            ["http", "redirections" | "tls", ..] => {}
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

    /// What routers ask of their entry points holds for those, and what is not there is not asked for.
    fn complete(&mut self, containers: Vec<&Container>) {
        for container in containers {
            for (_, router) in named(container.labels.keys().map(String::as_str), "http", "routers") {
                let value = |option: &str| container.labels.get(*router.options.get(option)?).map(String::as_str);
                let resolver = value("tls.certresolver");
                let is_tls = value("tls") == Some("true") || resolver.is_some();
                for point in value("entrypoints").unwrap_or_default().split(',').map(str::trim).filter(|_| is_tls) {
                    if let Some(table) = self.points.get_mut(point) {
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

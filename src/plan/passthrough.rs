//! `compose`: keys in Compose's own terms, laid over what is planned, and read back into the plan, so that whoever looks
//! at the plan sees what Compose will see.

use indexmap::IndexMap;

use super::member::Member;
use super::raw::ItemPlace;
use super::resolve::{At, Resolver};
use super::{
    Build, Condition, Dependency, Logging, PlannedMount, Probe, ProblemKind, PublishedPort, Raw, Resources, Service,
    Text, long_syntax,
};
use crate::compose::{amount, model, port, scalars};
use crate::source::KeyPath;

/// The key to which the proxy's own entries are added.
const LABELS: &str = "labels";

/// The key of the health probe.
const PROBE: &str = "healthcheck";

/// Top-level keys that the stack itself says.
const OWN_SECTIONS: [(&str, &str); 2] =
    [("services", "write it as a service"), ("name", "write it as `project` in `[stack]`")];

impl<'a> Resolver<'a, '_> {
    /// Lays the probe of the service's `compose` table over it: whoever waits for the service has to know.
    pub(super) fn pass_probe(&mut self, member: &Member<'a>, service: &mut Service) {
        let Some(written) = member.service.compose.get(PROBE) else { return };
        let path = member.path().key("compose").key(PROBE);
        let raw = self.raw(written, &path, Some(member.name));
        self.check_scalars(PROBE, &raw, &path);
        let merged = Raw::merge(model::planned(service).get(PROBE), &raw);
        self.read_back(service, PROBE, merged.as_ref(), &path, &[]);
        service.passthrough.insert(PROBE.to_owned(), merged);
    }

    /// Lays the service's `compose` table over it, but for its labels, after the probe.
    pub(super) fn pass_through(&mut self, member: &Member<'a>, service: &mut Service) {
        let written = &member.service.compose;
        if written.is_empty() {
            return;
        }
        let planned = model::planned(service);
        let base = member.path().key("compose");
        for (key, value) in written.iter().filter(|(key, _)| *key != LABELS) {
            // Laid over before, and keeps its place among the others.
            if let Some(probe) = service.passthrough.shift_remove(key) {
                service.passthrough.insert(key.clone(), probe);
                continue;
            }
            let path = base.key(key);
            let raw = self.raw(value, &path, Some(member.name));
            self.check_scalars(key, &raw, &path);
            // What is said of networks that it is on leaves the others as they are.
            let is_said_of = raw
                .as_map()
                .is_some_and(|map| map.keys().all(|name| service.networks.iter().any(|known| known == name)));
            let named = planned.get(key).filter(|_| key == "networks" && is_said_of);
            let named = named.and_then(|networks| networks.keyed(&Raw::Null));
            let below = named.as_ref().or(planned.get(key));
            let raw = aligned(key, below, raw);
            let merged = Raw::merge(below, &raw);
            self.read_back(service, key, merged.as_ref(), &path, &raw.places(below));
            service.passthrough.insert(key.clone(), merged);
        }
    }

    /// The labels of the service's `compose` table, laid over its own.
    pub(super) fn passed_labels(&mut self, member: &Member<'a>, own: IndexMap<String, Text>) -> IndexMap<String, Text> {
        let Some(written) = member.service.compose.get(LABELS) else { return own };
        let path = member.path().key("compose").key(LABELS);
        let raw = self.raw(written, &path, Some(member.name));
        // A list of `name=value` lines says the same as a mapping.
        let raw = match raw.as_list() {
            Some(_) => Raw::Map(pairs(&raw).into_iter().map(|(name, text)| (name, Raw::Text(text))).collect()),
            None => raw,
        };
        let below = Raw::Map(own.into_iter().map(|(name, text)| (name, Raw::Text(text))).collect());
        Raw::merge(Some(&below), &raw).map(|merged| pairs(&merged)).unwrap_or_default()
    }

    /// The top-level keys that are passed through.
    pub(super) fn sections(&mut self) -> IndexMap<String, Raw> {
        let mut sections = IndexMap::new();
        let written = &self.frame.manifest.compose;
        for (key, value) in written {
            let path = KeyPath::of(["compose", key]);
            if let Some((_, help)) = OWN_SECTIONS.iter().find(|(own, _)| own == key) {
                let message = format!("`{key}` cannot be passed through: it is what this file describes");
                self.problem(path, ProblemKind::Value { message, help });
                continue;
            }
            let raw = self.raw(value, &path, None);
            sections.insert(key.clone(), raw);
        }
        sections
    }

    /// A value in Compose's terms, with its texts resolved.
    fn raw(&mut self, value: &toml::Value, path: &KeyPath, service: Option<&str>) -> Raw {
        match value {
            toml::Value::Boolean(value) => Raw::Bool(*value),
            toml::Value::Integer(value) => Raw::Int(*value),
            toml::Value::Float(value) => Raw::Float(*value),
            toml::Value::String(text) => Raw::Text(self.text(text, At::manifest(path, service)).text),
            toml::Value::Datetime(date) => Raw::literal(date.to_string()),
            toml::Value::Array(items) => {
                let items = items.iter().enumerate();
                Raw::List(items.map(|(index, item)| self.raw(item, &path.index(index), service)).collect())
            }
            toml::Value::Table(table) => Raw::Map(
                table.iter().map(|(key, value)| (key.clone(), self.raw(value, &path.key(key), service))).collect(),
            ),
        }
    }

    /// Reports what Compose would refuse at `way`, the keys joined by `.`, and below it.
    fn check_scalars(&mut self, way: &str, raw: &Raw, path: &KeyPath) {
        if raw.is_reset() {
            return;
        }
        if let Some(map) = raw.as_map() {
            for (key, value) in map {
                self.check_scalars(&format!("{way}.{key}"), value, &path.key(key));
            }
        } else if let Some((message, help)) = scalars::flaw(way, raw) {
            self.problem(path.clone(), ProblemKind::Value { message, help });
        }
    }

    /// Reads what stands at `key` in the end into the plan of the service. What the plan has no word for stays as it is.
    /// `places` says from where the items of a list come.
    fn read_back(
        &mut self,
        service: &mut Service,
        key: &str,
        value: Option<&Raw>,
        path: &KeyPath,
        places: &[ItemPlace],
    ) {
        let literal = |value: Option<&Raw>| Some(value?.to_text()?.as_literal()?.to_owned());
        let flag = |value: Option<&Raw>| matches!(value.map(Raw::plain), Some(Raw::Bool(true)));
        match key {
            "image" => service.image = value.and_then(Raw::to_text),
            "container_name" => service.container_name = value.and_then(Raw::to_text),
            "build" => service.build = value.map(|value| build(service.build.take(), value)),
            "restart" => service.restart = literal(value),
            "user" => {
                service.user = literal(value);
                let is_text = value.is_some_and(|value| value.as_text().is_some());
                if let Some(user) = service.user.as_ref().filter(|user| is_text && !amount::is_user(user)) {
                    let (message, help) = (format!("`{user}` is no user"), super::assembly::USER_HELP);
                    self.problem(path.clone(), ProblemKind::Value { message, help });
                }
            }
            "init" => service.init = flag(value),
            "read_only" => service.read_only = flag(value),
            "profiles" => service.profiles = literals(value),
            "tmpfs" => service.tmpfs = literals(value),
            "cap_add" => service.capabilities = literals(value),
            "cap_drop" => service.drop_capabilities = literals(value).iter().any(|name| name == "ALL"),
            "security_opt" => {
                service.no_new_privileges =
                    literals(value).iter().any(|option| option.trim_end_matches(":true") == "no-new-privileges");
            }
            "entrypoint" => service.entrypoint = value.map(words),
            "command" => service.command = value.map(words),
            "environment" => service.environment = value.map(pairs).unwrap_or_default(),
            "stop_grace_period" => {
                if let Some(grace) = literal(value) {
                    service.stop_grace = grace;
                }
            }
            "ports" => {
                let planned = std::mem::take(&mut service.ports);
                service.ports = self.published_back(value, path, places, &planned);
            }
            "volumes" => {
                let planned = std::mem::take(&mut service.volumes);
                service.volumes = self.mounts_back(value, path, places, &planned);
            }
            "networks" => service.networks = value.map(names).unwrap_or_default(),
            "depends_on" => {
                let planned = std::mem::take(&mut service.depends_on);
                service.depends_on = value.map(|value| dependencies(value, path)).unwrap_or_default();
                for (name, dependency) in &mut service.depends_on {
                    let is_same = |known: &&Dependency| {
                        known.condition == dependency.condition
                            && known.restart == dependency.restart
                            && known.required == dependency.required
                    };
                    if let Some(known) = planned.get(name).filter(is_same) {
                        known.clone_into(dependency);
                    }
                }
            }
            PROBE => service.health = value.and_then(|value| health(service.health.as_ref(), value)),
            "deploy" => deploy(service, value),
            "logging" => service.logging = value.and_then(logging),
            _ => {}
        }
    }

    fn published_back(
        &mut self,
        value: Option<&Raw>,
        path: &KeyPath,
        places: &[ItemPlace],
        planned: &[PublishedPort],
    ) -> Vec<PublishedPort> {
        let mut ports = Vec::new();
        for (item, place) in value.and_then(Raw::as_list).into_iter().flatten().zip(places) {
            let index = match *place {
                ItemPlace::Over(index) => index,
                ItemPlace::Below(index) => {
                    ports.extend(planned.get(index).cloned());
                    continue;
                }
            };
            if let Some((message, help)) = long_syntax::port_flaw(item) {
                self.problem(path.index(index), ProblemKind::Port { message, help: help.to_owned(), clash: None });
                continue;
            }
            let Some(text) = long_syntax::port(item) else { continue };
            let mapping = match text.with_defaults().map(|text| port::parse(&text)) {
                Some(Ok(mapping)) => Some(mapping),
                Some(Err(error)) => {
                    let help = "write `host:container`, such as `8080:80` or `127.0.0.1:8080:80/udp`".to_owned();
                    let kind = ProblemKind::Port { message: self.unreadable(&text, &error), help, clash: None };
                    self.problem(path.index(index), kind);
                    continue;
                }
                None => None,
            };
            ports.push(PublishedPort { text, mapping, origin: path.index(index), derived: false });
        }
        ports
    }

    fn mounts_back(
        &mut self,
        value: Option<&Raw>,
        path: &KeyPath,
        places: &[ItemPlace],
        planned: &[PlannedMount],
    ) -> Vec<PlannedMount> {
        let mut mounts = Vec::new();
        for (item, place) in value.and_then(Raw::as_list).into_iter().flatten().zip(places) {
            let index = match *place {
                ItemPlace::Over(index) => index,
                ItemPlace::Below(index) => {
                    mounts.extend(planned.get(index).cloned());
                    continue;
                }
            };
            match long_syntax::mount(item) {
                Some(Ok((text, mount))) => mounts.push(PlannedMount { text, mount, origin: path.index(index) }),
                Some(Err(error)) => self.problem(path.index(index), ProblemKind::Mount(error)),
                None => {}
            }
        }
        mounts
    }
}

/// What is passed through, in the form in which it was planned: Compose takes variables, and the arguments of a build, as a
/// mapping and as a list, and a list must not lose what the stack says beside it. Of the names of services only `"..."`
/// keeps the others.
fn aligned(key: &str, below: Option<&Raw>, over: Raw) -> Raw {
    let Some(planned) = below.and_then(Raw::as_map) else { return over };
    match key {
        "environment" | "args" => over.keyed(&Raw::Null).unwrap_or(over),
        "depends_on" if over.keeps_rest() => {
            let started = ("condition".to_owned(), Raw::literal(Condition::Started.word()));
            over.keyed(&Raw::Map([started].into_iter().collect())).unwrap_or(over)
        }
        "build" => match over {
            Raw::Map(map) => {
                let inner = |(key, value): (String, Raw)| {
                    let value = aligned(&key, planned.get(&key), value);
                    (key, value)
                };
                Raw::Map(map.into_iter().map(inner).collect())
            }
            other => other,
        },
        _ => over,
    }
}

/// The texts of a sequence, or of one text, as far as they hold no variable.
fn literals(value: Option<&Raw>) -> Vec<String> {
    let items = match value {
        Some(value) => value.as_list().map_or_else(|| vec![value], |items| items.iter().collect()),
        None => Vec::new(),
    };
    items.into_iter().filter_map(|item| Some(item.to_text()?.as_literal()?.to_owned())).collect()
}

/// A command: words, or text that is split into words.
fn words(value: &Raw) -> Vec<Text> {
    if let Some(items) = value.as_list() {
        return items.iter().filter_map(Raw::to_text).collect();
    }
    let Some(text) = value.to_text() else { return Vec::new() };
    let split = text.as_literal().and_then(|text| super::command_line::split(text).ok());
    split.map_or_else(|| vec![text], |words| words.into_iter().map(Text::literal).collect())
}

/// A mapping of names and values, also where it is written as `NAME=value` lines.
fn pairs(value: &Raw) -> IndexMap<String, Text> {
    if let Some(map) = value.as_map() {
        return map.iter().filter_map(|(name, value)| Some((name.clone(), value.to_text()?))).collect();
    }
    let items = value.as_list().into_iter().flatten().filter_map(Raw::to_text);
    items
        .filter_map(|item| {
            let super::Part::Literal(first) = item.parts().first()? else { return None };
            let (name, _) = first.split_once('=')?;
            let (name, length) = (name.to_owned(), name.len() + 1);
            Some((name, item.clone().with_start(&|start| start[length..].to_owned())))
        })
        .collect()
}

/// The names of a sequence, or the keys of a mapping.
fn names(value: &Raw) -> Vec<String> {
    value.as_map().map_or_else(|| literals(Some(value)), |map| map.keys().cloned().collect())
}

fn dependencies(value: &Raw, path: &KeyPath) -> IndexMap<String, Dependency> {
    let dependency = |condition, required, restart, origin: KeyPath| {
        let named = Some(origin.clone());
        Dependency { condition, named, required, restart, origin }
    };
    if let Some(map) = value.as_map() {
        return map
            .iter()
            .map(|(name, value)| {
                let get = |key: &str| value.as_map().and_then(|map| map.get(key));
                let word = get("condition").and_then(Raw::as_text).and_then(Text::as_literal);
                let all = [Condition::Healthy, Condition::Completed];
                let condition = all.into_iter().find(|condition| Some(condition.word()) == word);
                let restart = matches!(get("restart").map(Raw::plain), Some(Raw::Bool(true)));
                let required = !matches!(get("required").map(Raw::plain), Some(Raw::Bool(false)));
                (name.clone(), dependency(condition.unwrap_or(Condition::Started), required, restart, path.key(name)))
            })
            .collect();
    }
    let names = literals(Some(value)).into_iter().enumerate();
    names.map(|(index, name)| (name, dependency(Condition::Started, true, false, path.index(index)))).collect()
}

fn health(planned: Option<&Probe>, value: &Raw) -> Option<Probe> {
    let map = value.as_map()?;
    if matches!(map.get("disable").map(Raw::plain), Some(Raw::Bool(true))) {
        return None;
    }
    let test = map.get("test");
    let command = match test.and_then(Raw::as_list) {
        Some(items) => {
            let mut words = items.iter().filter_map(Raw::to_text);
            match words.next()?.as_literal()? {
                "NONE" => return None,
                "CMD-SHELL" => ["sh", "-c"].into_iter().map(Text::literal).chain(words).collect(),
                _ => words.collect(),
            }
        }
        None => match test.and_then(Raw::to_text) {
            Some(text) => vec![Text::literal("sh"), Text::literal("-c"), text],
            None => planned?.command.clone(),
        },
    };
    let text = |key: &str, default: &str| {
        let written = map.get(key).and_then(|value| Some(value.to_text()?.as_literal()?.to_owned()));
        written.unwrap_or_else(|| default.to_owned())
    };
    // Compose's own defaults (Dockerfile reference, `HEALTHCHECK`).
    let retries = map.get("retries").and_then(|value| value.to_text()?.as_literal()?.parse().ok()).unwrap_or(3);
    Some(Probe {
        command,
        interval: text("interval", "30s"),
        timeout: text("timeout", "30s"),
        retries,
        start_period: text("start_period", "0s"),
    })
}

fn deploy(service: &mut Service, value: Option<&Raw>) {
    let get = |value: Option<&Raw>, key: &str| value?.as_map()?.get(key).cloned();
    service.replicas = get(value, "replicas").and_then(|count| count.to_text()?.as_literal()?.parse().ok());
    let resources = get(value, "resources");
    let amounts = |key: &str| {
        let amounts = get(resources.as_ref(), key)?;
        let text = |key: &str| Some(get(Some(&amounts), key)?.to_text()?.as_literal()?.to_owned());
        Some(Resources { memory: text("memory"), cpus: text("cpus").and_then(|cpus| cpus.parse().ok()) })
    };
    service.limits = amounts("limits");
    service.reservations = amounts("reservations");
}

/// Log rotation, where the driver is the engine's usual one.
fn logging(value: &Raw) -> Option<Logging> {
    let map = value.as_map()?;
    let options = map.get("options").and_then(Raw::as_map);
    let text = |key: &str| Some(options?.get(key)?.to_text()?.as_literal()?.to_owned());
    let is_usual =
        map.get("driver").and_then(Raw::as_text).and_then(Text::as_literal).is_none_or(|driver| driver == "json-file");
    let max_size = text("max-size").filter(|_| is_usual)?;
    Some(Logging { max_size, max_file: text("max-file").and_then(|files| files.parse().ok()).unwrap_or(1) })
}

/// What builds the image: as planned, with what the key says in the end.
fn build(planned: Option<Build>, value: &Raw) -> Build {
    let get = |key: &str| value.as_map()?.get(key).cloned();
    let text = |key: &str| Some(get(key)?.to_text()?.as_literal()?.to_owned());
    let context = value.to_text().and_then(|text| text.as_literal().map(str::to_owned)).or_else(|| text("context"));
    let planned = planned.unwrap_or_else(|| Build {
        source: context.clone().unwrap_or_default(),
        context: ".".to_owned(),
        dockerfile: None,
        target: None,
        args: IndexMap::new(),
        secrets: IndexMap::new(),
        recipe: None,
    });
    Build {
        context: context.unwrap_or(planned.context),
        dockerfile: text("dockerfile").or(planned.dockerfile),
        target: text("target").or(planned.target),
        args: get("args").map_or(planned.args, |args| pairs(&args)),
        ..planned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: Vec<(&str, Raw)>) -> Raw {
        Raw::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    #[test]
    fn lists_become_mappings_only_where_a_mapping_is_planned() {
        let line = || Raw::List(vec![Raw::literal("A=2")]);
        let planned = map(vec![("A", Raw::literal("1")), ("B", Raw::literal("1"))]);
        let expected = map(vec![("A", Raw::literal("2"))]);
        assert_eq!(aligned("environment", Some(&planned), line()), expected);
        assert_eq!(aligned("environment", None, line()), line());
        assert_eq!(aligned("depends_on", Some(&planned), line()), line(), "it replaces the others");
        let build = map(vec![("args", planned)]);
        let args = || map(vec![("args", line()), ("tags", line())]);
        assert_eq!(aligned("build", Some(&build), args()), map(vec![("args", expected), ("tags", line())]));
        assert_eq!(aligned("build", None, args()), args());
    }
}

//! A service of a compose file, with what it extends and what other files lay over it.

use indexmap::IndexMap;
use serde_yaml::Value;

use super::yaml::{mapping, pairs, scalar, sequence, short_port, short_volume, words};
use super::{BuildOf, Container};
use crate::init::seen::Seen;
use crate::init::snapshot::parent;

/// The services of a file.
pub(super) fn services(path: &str, document: &Value, seen: &mut Seen) -> Vec<Container> {
    let all = mapping(document.get("services"));
    if all.is_empty() && document.get("services").is_none() {
        seen.troubles.push((path.to_owned(), "it has no `services`".to_owned()));
    }
    let mut found = Vec::new();
    for (name, service) in &all {
        if !service.is_mapping() {
            seen.troubles.push((path.to_owned(), format!("the service `{name}` is no mapping")));
            continue;
        }
        found.push(container(path, name, service, seen));
    }
    found
}

impl Container {
    /// Calls it, and whom it names, by other names.
    pub(super) fn call(&mut self, names: &IndexMap<String, String>) {
        let of = |name: &str| names.get(name).map_or(name, String::as_str).to_owned();
        self.name = of(&self.name);
        self.depends_on =
            std::mem::take(&mut self.depends_on).into_iter().map(|(name, how)| (of(&name), how)).collect();
        for key in ["network_mode", "pid", "ipc", "cgroup"] {
            if let Some(Value::String(text)) = self.rest.get_mut(key)
                && let Some(name) = text.strip_prefix("service:")
            {
                *text = format!("service:{}", of(name));
            }
        }
        for item in self.rest.get_mut("volumes_from").and_then(Value::as_sequence_mut).into_iter().flatten() {
            if let Value::String(text) = item
                && !text.starts_with("container:")
            {
                let (name, mode) =
                    text.split_once(':').map_or((text.as_str(), None), |(name, mode)| (name, Some(mode)));
                *text = mode.map_or_else(|| of(name), |mode| format!("{}:{mode}", of(name)));
            }
        }
        self.elsewhere.values_mut().chain(self.there.values_mut()).for_each(|other| other.call(names));
    }
}

fn container(path: &str, name: &str, service: &Value, seen: &mut Seen) -> Container {
    let mut container =
        Container { name: name.to_owned(), spelled: name.to_owned(), from: path.to_owned(), ..Container::default() };
    let place = |path: &str| crate::plan::clean_path(path);
    let here = parent(path);
    for (key, value) in mapping(Some(service)) {
        match key.as_str() {
            "image" => container.image = scalar(&value),
            "build" => container.build = Some(build(here, &value, &place)),
            "ports" => container.ports = sequence(&value).filter_map(short_port).collect(),
            "expose" => container.expose = sequence(&value).filter_map(scalar).collect(),
            "environment" => container.env = pairs(&value),
            "env_file" => {
                let one = |value: &Value| scalar(value).or_else(|| scalar(value.get("path")?));
                let all = if value.is_sequence() {
                    sequence(&value).filter_map(one).collect()
                } else {
                    one(&value).into_iter().collect()
                };
                container.env_files = all;
            }
            "depends_on" => {
                container.depends_on = match &value {
                    Value::Mapping(_) => mapping(Some(&value))
                        .into_iter()
                        .map(|(name, how)| (name, how.get("condition").and_then(scalar)))
                        .collect(),
                    _ => sequence(&value).filter_map(scalar).map(|name| (name, None)).collect(),
                }
            }
            "volumes" => {
                let mut long = Vec::new();
                for item in sequence(&value) {
                    match short_volume(item) {
                        Some(text) => container.volumes.push(text),
                        None => long.push(item.clone()),
                    }
                }
                if !long.is_empty() {
                    container.rest.insert(key, Value::Sequence(long));
                }
            }
            "labels" => {
                container.labels =
                    pairs(&value).into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect();
            }
            "profiles" => container.profiles = sequence(&value).filter_map(scalar).collect(),
            "command" => container.command = words(&value),
            "healthcheck" => container.healthcheck = Some(value),
            "networks" => {
                container.networks = match &value {
                    Value::Mapping(_) => mapping(Some(&value)).into_iter().map(|(name, _)| name).collect(),
                    _ => sequence(&value).filter_map(scalar).collect(),
                };
                let is_said = |value: &Value| value.as_mapping().is_some_and(|said| !said.is_empty());
                container.places = mapping(Some(&value)).into_iter().filter(|(_, value)| is_said(value)).collect();
            }
            // `links` is a dependency of old.
            "links" => {
                let names = sequence(&value).filter_map(scalar);
                let names = names.map(|link| link.split(':').next().unwrap_or_default().to_owned());
                container.depends_on.extend(names.map(|name| (name, None)));
            }
            "extends" => {
                if value.get("file").is_some() {
                    seen.troubles
                        .push((path.to_owned(), format!("what `{name}` extends in another file is not taken over")));
                }
            }
            "version" => {}
            _ if key.starts_with("x-") || value.is_null() => {}
            _ => {
                container.rest.insert(key, value);
            }
        }
    }
    for (name, value) in &container.env {
        if let Some(value) = value.as_ref().filter(|value| !value.contains('$')) {
            seen.hidden.hide(name, value);
        }
    }
    if let Some(build) = &container.build {
        for (name, value) in &build.args {
            if let Some(value) = value.as_ref().filter(|value| !value.contains('$')) {
                seen.hidden.hide(name, value);
            }
        }
    }
    for value in container.env.values().flatten().chain(container.labels.values()) {
        if let Some((_, range)) = crate::secrets::forms::unmistakable(value) {
            seen.hidden.hide("PASSWORD", &value[range]);
        }
    }
    container
}

fn build(here: &str, value: &Value, place: &dyn Fn(&str) -> Option<String>) -> BuildOf {
    let context = match value {
        Value::Mapping(_) => value.get("context").and_then(scalar),
        other => scalar(other),
    };
    let context = context.unwrap_or_else(|| ".".to_owned());
    let is_elsewhere =
        context.contains("://") || context.starts_with('/') || context.contains('$') || context.starts_with("git@");
    let joined = if here.is_empty() { context.clone() } else { format!("{here}/{context}") };
    let known = ["context", "dockerfile", "target", "args"];
    let rest = mapping(Some(value))
        .into_iter()
        .filter(|(key, value)| !known.contains(&key.as_str()) && !key.starts_with("x-") && !value.is_null());
    BuildOf {
        rest: rest.map(|(key, value)| (Value::from(key), value)).collect(),
        context: if is_elsewhere { None } else { place(&joined) },
        dockerfile: value.get("dockerfile").and_then(scalar).map(|name| name.trim_start_matches("./").to_owned()),
        target: value.get("target").and_then(scalar),
        args: value.get("args").map(pairs).unwrap_or_default(),
    }
}

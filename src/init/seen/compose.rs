//! Compose files: every service as it is written, the files of other environments beside it. Nothing is judged here.

use indexmap::IndexMap;
use serde_yaml::Value;

use super::{Fact, Seen, is_ours, is_part};
use crate::init::proposal::slug;
use crate::init::snapshot::{Snapshot, file_name, is_compose_file, parent};

/// The names that Compose looks for itself, the one that it takes first (compose-spec, "Compose file").
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// Words in the names of files that are about an environment, and what that is called then.
const ENVIRONMENTS: [(&str, &str); 10] = [
    ("dev", "dev"),
    ("development", "dev"),
    ("local", "dev"),
    ("stage", "stage"),
    ("staging", "staging"),
    ("preprod", "preprod"),
    ("prod", "prod"),
    ("production", "prod"),
    ("live", "prod"),
    ("deploy", "prod"),
];

/// A service of a compose file.
#[derive(Debug, Clone, Default)]
pub(in crate::init) struct Container {
    /// What it is called in services.toml; no other one is.
    pub(in crate::init) name: String,
    /// What the file calls it, and the others address.
    pub(in crate::init) spelled: String,
    /// The file.
    pub(in crate::init) from: String,
    pub(in crate::init) image: Option<String>,
    pub(in crate::init) build: Option<BuildOf>,
    /// In short syntax.
    pub(in crate::init) ports: Vec<String>,
    pub(in crate::init) expose: Vec<String>,
    /// None for a value that is inherited.
    pub(in crate::init) env: IndexMap<String, Option<String>>,
    pub(in crate::init) env_files: Vec<String>,
    /// Names, and the condition where one is written.
    pub(in crate::init) depends_on: IndexMap<String, Option<String>>,
    /// In short syntax.
    pub(in crate::init) volumes: Vec<String>,
    pub(in crate::init) labels: IndexMap<String, String>,
    pub(in crate::init) profiles: Vec<String>,
    pub(in crate::init) command: Option<Vec<String>>,
    pub(in crate::init) healthcheck: Option<Value>,
    pub(in crate::init) networks: Vec<String>,
    /// The environments that alone have it; empty for all.
    pub(in crate::init) environments: Vec<String>,
    /// What the files of other environments say of it.
    pub(in crate::init) elsewhere: IndexMap<String, Container>,
    /// Everything else, in Compose's spelling.
    pub(in crate::init) rest: IndexMap<String, Value>,
}

/// What a service is built from.
#[derive(Debug, Clone, Default)]
pub(in crate::init) struct BuildOf {
    /// Relative to the root of the repository; none for one that lies elsewhere.
    pub(in crate::init) context: Option<String>,
    /// Relative to the context.
    pub(in crate::init) dockerfile: Option<String>,
    pub(in crate::init) target: Option<String>,
    pub(in crate::init) args: IndexMap<String, Option<String>>,
}

pub(super) fn look(snapshot: &Snapshot, seen: &mut Seen) {
    let all = || snapshot.texts_below("").map(|(path, _)| path).filter(|path| is_compose_file(file_name(path)));
    // Those of an example are about the repository only where nothing else is.
    let depth = |path: &str| (!is_part(path), path.matches('/').count(), parent(path).to_owned());
    let Some(first) = all().min_by_key(|path| (depth(path), rank(path), (*path).to_owned())) else { return };
    if depth(first).1 > 2 {
        return;
    }
    parent(first).clone_into(&mut seen.compose_directory);
    let here: Vec<&str> = all().filter(|path| parent(path) == parent(first)).collect();
    let mut files: Vec<(&str, Part)> = here.iter().map(|path| (*path, Part::of(file_name(path)))).collect();
    files.sort_by_key(|(path, part)| (part.clone(), rank(path), (*path).to_owned()));
    // Compose takes one of them alone.
    let bases = files.iter().filter(|(_, part)| *part == Part::Base).count();
    if bases == 0
        && let Some((_, part)) = files.first_mut()
    {
        *part = Part::Base;
    }
    for (path, _) in files.iter().filter(|(_, part)| *part == Part::Base).skip(1) {
        seen.troubles.push(((*path).to_owned(), format!("Compose itself reads {} instead", file_name(files[0].0))));
    }
    let mut has_base = false;
    let mut order: Vec<String> = Vec::new();
    for (path, part) in &files {
        if *part == Part::Base && std::mem::replace(&mut has_base, true) {
            continue;
        }
        let Some(text) = snapshot.text(path) else { continue };
        let Some(document) = document(text) else {
            seen.troubles.push(((*path).to_owned(), "it is no YAML that Compose would take".to_owned()));
            continue;
        };
        seen.compose_files.push((*path).to_owned());
        seen.is_compose_ours |= is_ours(text);
        top_level(path, &document, seen);
        let found = services(path, &document, seen);
        merge(part, found, &mut order, seen);
    }
    let several = !order.is_empty();
    if several {
        let mut environments = vec!["dev".to_owned()];
        order.retain(|name| name != "dev");
        let rank = |name: &String| ENVIRONMENTS.iter().position(|(_, known)| known == name);
        order.sort_by_key(rank);
        environments.extend(order);
        seen.environments = environments;
    }
    let all = seen.environments.clone();
    for container in &mut seen.containers {
        container.environments.sort_by_key(|name| all.iter().position(|known| known == name));
        container.environments.dedup();
        if container.environments.len() == all.len() {
            container.environments.clear();
        }
    }
    call(seen);
}

/// Calls each service as services.toml may call it, and by that name wherever another one names it.
fn call(seen: &mut Seen) {
    let spelled: Vec<(String, String)> =
        seen.containers.iter().map(|container| (container.spelled.clone(), container.from.clone())).collect();
    let mut names: IndexMap<String, String> = IndexMap::new();
    // Whoever may be called as it is stays so.
    let (same, others): (Vec<_>, Vec<_>) = spelled.into_iter().partition(|(spelled, _)| slug(spelled) == *spelled);
    names.extend(same.into_iter().map(|(spelled, _)| (spelled.clone(), spelled)));
    for (spelled, from) in others {
        let wanted = slug(&spelled);
        let is_free = |name: &String| !names.values().any(|known| known == name);
        let numbered = (2..=names.len() + 2).map(|number| format!("{wanted}-{number}"));
        let name = std::iter::once(wanted.clone()).chain(numbered).find(is_free).unwrap_or(wanted);
        let what = format!(
            "what else calls `{spelled}` by this name: the service is called `{name}`, since names have small letters, \
             digits and `-`, and no two are the same"
        );
        seen.troubles.push((from, what));
        names.insert(spelled, name);
    }
    seen.containers.iter_mut().for_each(|container| container.call(&names));
}

fn rank(path: &str) -> usize {
    NAMES.iter().position(|name| *name == file_name(path)).unwrap_or(NAMES.len())
}

/// What a compose file is for, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// What Compose takes by itself.
    Base,
    /// What it lays over that by itself.
    Override,
    /// An environment.
    Environment(String),
    /// Something else that is started along with it.
    Extra(String),
}

impl Part {
    fn of(name: &str) -> Self {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_ascii_lowercase();
        let word = stem.trim_start_matches("docker-").trim_start_matches("compose");
        let word = word.trim_start_matches(['.', '-', '_']);
        if word.is_empty() {
            return Self::Base;
        }
        if word == "override" {
            return Self::Override;
        }
        match ENVIRONMENTS.iter().find(|(known, _)| *known == word) {
            Some((_, environment)) => Self::Environment((*environment).to_owned()),
            None => Self::Extra(word.replace(['.', '_'], "-")),
        }
    }
}

/// Takes the services of a file in.
fn merge(part: &Part, found: Vec<Container>, order: &mut Vec<String>, seen: &mut Seen) {
    match part {
        Part::Base => seen.containers = found,
        Part::Override => {
            for container in found {
                match seen.containers.iter_mut().find(|known| known.name == container.name) {
                    Some(known) => known.lay_over(container),
                    None => seen.containers.push(container),
                }
            }
        }
        Part::Environment(name) => {
            if !order.contains(name) {
                order.push(name.clone());
            }
            let is_whole = !found.is_empty() && found.iter().all(|c| c.image.is_some() || c.build.is_some());
            if is_whole {
                seen.whole.insert(name.clone());
            }
            let names: Vec<String> = found.iter().map(|container| container.name.clone()).collect();
            let others: Vec<String> =
                order.iter().filter(|other| *other != name).cloned().chain(["dev".to_owned()]).collect();
            if is_whole && name != "dev" {
                for known in seen.containers.iter_mut().filter(|known| !names.contains(&known.name)) {
                    if known.environments.is_empty() {
                        known.environments.extend(others.iter().cloned());
                    }
                }
            }
            if !is_whole {
                // It is laid over the others, so it has what they have.
                let of_base = |known: &&mut Container| known.environments.iter().any(|known| known == "dev");
                seen.containers.iter_mut().filter(of_base).for_each(|known| known.environments.push(name.clone()));
            }
            for mut container in found {
                if let Some(known) = seen.containers.iter_mut().find(|known| known.name == container.name) {
                    if !known.environments.is_empty() {
                        known.environments.push(name.clone());
                    }
                    known.elsewhere.insert(name.clone(), container);
                } else {
                    container.environments = vec![name.clone()];
                    seen.containers.push(container);
                }
            }
        }
        Part::Extra(word) => {
            for mut container in found {
                if seen.containers.iter().any(|known| known.name == container.name) {
                    let what = format!("says more about `{}`: only what the other files say is taken", container.name);
                    seen.troubles.push((container.from.clone(), what));
                    continue;
                }
                if container.image.is_none() && container.build.is_none() {
                    continue;
                }
                if container.profiles.is_empty() {
                    container.profiles.push(word.clone());
                }
                seen.containers.push(container);
            }
        }
    }
}

/// A YAML document with its merge keys done; none where it is no mapping.
fn document(text: &str) -> Option<Value> {
    let mut value: Value = serde_yaml::from_str(text).ok()?;
    value.apply_merge().ok()?;
    let value = untagged(value, 0)?;
    value.is_mapping().then_some(value)
}

/// Without tags such as Compose's `!override`; none where it is deeper than anybody writes.
fn untagged(value: Value, depth: usize) -> Option<Value> {
    if depth > 40 {
        return None;
    }
    Some(match value {
        Value::Tagged(tagged) => {
            if tagged.tag == "reset" || tagged.tag == "!reset" {
                return Some(Value::Null);
            }
            untagged(tagged.value, depth + 1)?
        }
        Value::Sequence(items) => {
            Value::Sequence(items.into_iter().map(|item| untagged(item, depth + 1)).collect::<Option<_>>()?)
        }
        Value::Mapping(map) => {
            let entries = map.into_iter().map(|(key, value)| Some((key, untagged(value, depth + 1)?)));
            Value::Mapping(entries.collect::<Option<_>>()?)
        }
        other => other,
    })
}

/// What stands beside the services.
fn top_level(path: &str, document: &Value, seen: &mut Seen) {
    if let Some(name) = document.get("name").and_then(scalar).filter(|name| !name.contains('$')) {
        seen.name.get_or_insert(Fact::seen(name, path));
    }
    for (name, network) in mapping(document.get("networks")) {
        let is_external = network.get("external").is_some_and(|e| e.as_bool() == Some(true) || e.is_mapping());
        if is_external {
            let fixed = network.get("name").and_then(scalar);
            let fixed = fixed.or_else(|| network.get("external").and_then(|external| scalar(external.get("name")?)));
            seen.external_networks.insert(name, fixed);
        }
    }
    for (name, volume) in mapping(document.get("volumes")) {
        let is_external = volume.get("external").is_some_and(|e| e.as_bool() == Some(true) || e.is_mapping());
        let fixed = volume.get("name").and_then(scalar);
        if is_external || fixed.is_some() {
            seen.named_volumes.insert(name, (is_external, fixed));
        }
    }
    for key in ["include", "secrets", "configs"] {
        if document.get(key).is_some_and(|value| !value.is_null()) {
            seen.troubles.push((path.to_owned(), format!("`{key}` is not taken over")));
        }
    }
}

fn services(path: &str, document: &Value, seen: &mut Seen) -> Vec<Container> {
    let all = mapping(document.get("services"));
    if all.is_empty() && document.get("services").is_none() {
        seen.troubles.push((path.to_owned(), "it has no `services`".to_owned()));
    }
    let find = |name: &str| all.iter().find(|(known, _)| known == name).map(|(_, service)| service.clone());
    let mut found = Vec::new();
    for (name, service) in &all {
        if !service.is_mapping() {
            seen.troubles.push((path.to_owned(), format!("the service `{name}` is no mapping")));
            continue;
        }
        let mut container = container(path, name, service, seen);
        // Another service of the same file is taken over.
        let extended = service.get("extends").and_then(|extends| match extends {
            Value::String(name) => Some(name.clone()),
            other if other.get("file").is_none() => scalar(other.get("service")?),
            _ => None,
        });
        if let Some(base) = extended.and_then(|base| find(&base)).filter(Value::is_mapping) {
            let mut base = self::container(path, name, &base, seen);
            base.lay_over(container);
            container = base;
        }
        found.push(container);
    }
    found
}

impl Container {
    /// Calls it, and whom it names, by other names.
    fn call(&mut self, names: &IndexMap<String, String>) {
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
        self.elsewhere.values_mut().for_each(|other| other.call(names));
    }

    /// Lays what another file says of it over it.
    fn lay_over(&mut self, other: Self) {
        self.image = other.image.or(self.image.take());
        self.build = other.build.or(self.build.take());
        self.command = other.command.or(self.command.take());
        self.healthcheck = other.healthcheck.or(self.healthcheck.take());
        for (list, more) in [
            (&mut self.ports, other.ports),
            (&mut self.expose, other.expose),
            (&mut self.env_files, other.env_files),
            (&mut self.volumes, other.volumes),
            (&mut self.profiles, other.profiles),
            (&mut self.networks, other.networks),
        ] {
            for item in more {
                if !list.contains(&item) {
                    list.push(item);
                }
            }
        }
        self.env.extend(other.env);
        self.depends_on.extend(other.depends_on);
        self.labels.extend(other.labels);
        self.rest.extend(other.rest);
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
                let all: Vec<Option<String>> = sequence(&value).map(short_volume).collect();
                if all.iter().all(Option::is_some) {
                    container.volumes = all.into_iter().flatten().collect();
                } else {
                    container.rest.insert(key, value);
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
                }
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
            "version" | "develop" => {}
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
    BuildOf {
        context: if is_elsewhere { None } else { place(&joined) },
        dockerfile: value.get("dockerfile").and_then(scalar).map(|name| name.trim_start_matches("./").to_owned()),
        target: value.get("target").and_then(scalar),
        args: value.get("args").map(pairs).unwrap_or_default(),
    }
}

/// A scalar as Compose would read it as a text.
pub(in crate::init) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A mapping with its keys as texts.
pub(in crate::init) fn mapping(value: Option<&Value>) -> Vec<(String, Value)> {
    let map = value.and_then(Value::as_mapping).into_iter().flatten();
    map.filter_map(|(key, value)| Some((scalar(key)?, value.clone()))).collect()
}

fn sequence(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_sequence().into_iter().flatten()
}

/// `NAME: value`, or `NAME=value` in a list.
fn pairs(value: &Value) -> IndexMap<String, Option<String>> {
    match value {
        Value::Mapping(_) => mapping(Some(value)).into_iter().map(|(name, value)| (name, scalar(&value))).collect(),
        _ => sequence(value)
            .filter_map(scalar)
            .map(|line| match line.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (line, None),
            })
            .collect(),
    }
}

/// The words of a command.
pub(in crate::init) fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Sequence(items) => items.iter().map(scalar).collect(),
        other => shlex::split(&scalar(other)?),
    }
}

/// A port in short syntax.
fn short_port(value: &Value) -> Option<String> {
    let Value::Mapping(_) = value else { return scalar(value) };
    let field = |name: &str| value.get(name).and_then(scalar);
    let target = field("target")?;
    let published = field("published");
    let address = field("host_ip").map(|ip| format!("{ip}:")).unwrap_or_default();
    let protocol = field("protocol").filter(|protocol| protocol != "tcp").map(|p| format!("/{p}")).unwrap_or_default();
    Some(match published {
        Some(published) => format!("{address}{published}:{target}{protocol}"),
        None => format!("{target}{protocol}"),
    })
}

/// A mount in short syntax; none where that cannot say it.
fn short_volume(value: &Value) -> Option<String> {
    let Value::Mapping(_) = value else { return scalar(value) };
    let field = |name: &str| value.get(name).and_then(scalar);
    let kind = field("type");
    let known = ["type", "source", "target", "read_only"];
    let is_plain = matches!(kind.as_deref(), Some("bind" | "volume"));
    if !is_plain || mapping(Some(value)).iter().any(|(key, _)| !known.contains(&key.as_str())) {
        return None;
    }
    let mode = if field("read_only").as_deref() == Some("true") { ":ro" } else { "" };
    Some(match field("source") {
        Some(source) => format!("{source}:{}{mode}", field("target")?),
        None => field("target")?,
    })
}

/// The path that a probe asks of its own container, and the port: `curl -f http://localhost:3000/health`.
pub(in crate::init) fn asked_path(command: &str) -> Option<(String, Option<u16>)> {
    ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"].iter().find_map(|host| {
        let (_, rest) = command.split_once(&format!("://{host}"))?;
        let ends = |c: char| c.is_whitespace() || "\"'`,);|&>?#\\]".contains(c);
        let rest = rest.split(ends).next().unwrap_or_default();
        let (port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let port = port.trim_start_matches(':');
        let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-~".contains(c));
        is_plain.then(|| (if path.is_empty() { "/".to_owned() } else { path.to_owned() }, port.parse().ok()))
    })
}

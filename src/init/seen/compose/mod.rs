//! Compose files: every service as it is written, the files of other environments beside it. Nothing is judged here.

use indexmap::IndexMap;
use serde_yaml::Value;

use super::{Fact, Seen, is_ours, is_part};
use crate::init::proposal::slug;
use crate::init::snapshot::{Snapshot, file_name, is_compose_file, parent};

mod merge;
mod service;
mod yaml;

use service::services;
use yaml::document;
pub(in crate::init) use yaml::{asked_path, mapping, scalar, words};

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
    /// In short syntax; those that it has no words for are among the rest.
    pub(in crate::init) volumes: Vec<String>,
    pub(in crate::init) labels: IndexMap<String, String>,
    pub(in crate::init) profiles: Vec<String>,
    pub(in crate::init) command: Option<Vec<String>>,
    pub(in crate::init) healthcheck: Option<Value>,
    pub(in crate::init) networks: Vec<String>,
    /// What is said of its place on some of them: addresses, further names.
    pub(in crate::init) places: IndexMap<String, Value>,
    /// The environments that alone have it; empty for all.
    pub(in crate::init) environments: Vec<String>,
    /// What the files of other environments say of it.
    pub(in crate::init) elsewhere: IndexMap<String, Container>,
    /// What it is in each environment whose file is laid over the first one, all of it.
    pub(in crate::init) there: IndexMap<String, Container>,
    /// Everything else, in Compose's spelling.
    pub(in crate::init) rest: IndexMap<String, Value>,
}

impl Container {
    /// The mounts that only the long syntax has words for.
    pub(in crate::init) fn long_volumes(&self) -> impl Iterator<Item = &Value> {
        self.rest.get("volumes").and_then(Value::as_sequence).into_iter().flatten()
    }

    /// The secrets or configs that it is given: the name at the top of the file, and the place in the container.
    pub(in crate::init) fn given(&self, section: &str) -> Vec<(String, String)> {
        let items = self.rest.get(section).and_then(Value::as_sequence).into_iter().flatten();
        let items = items.filter_map(|item| {
            let source = scalar(item).or_else(|| scalar(item.get("source")?))?;
            let target = item.get("target").and_then(scalar).unwrap_or_else(|| source.clone());
            Some((source, place_of_file(section, &target)))
        });
        items.collect()
    }
}

/// Where Compose puts an entry of `secrets` or `configs` into a container.
pub(in crate::init) fn place_of_file(section: &str, target: &str) -> String {
    let usual = if section == "secrets" { "/run/secrets/" } else { "/" };
    if target.starts_with('/') { target.to_owned() } else { format!("{usual}{target}") }
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
    /// Everything else, in Compose's spelling.
    pub(in crate::init) rest: serde_yaml::Mapping,
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
    let mut base: Option<(String, Value)> = None;
    let mut others: Vec<(&Part, &str, Value)> = Vec::new();
    let mut over: Vec<(&str, Value)> = Vec::new();
    for (path, part) in &files {
        if *part == Part::Base && base.is_some() {
            continue;
        }
        let Some(text) = snapshot.text(path) else { continue };
        let document = match document(text) {
            Ok(document) => document,
            Err(line) => {
                let line = line.map(|line| format!(" (line {line})")).unwrap_or_default();
                seen.troubles.push(((*path).to_owned(), format!("it is no YAML that Compose would take{line}")));
                continue;
            }
        };
        seen.compose_files.push((*path).to_owned());
        seen.is_compose_ours |= is_ours(text);
        match part {
            Part::Base => base = Some(((*path).to_owned(), merge::alone(&document))),
            Part::Override => over.push((path, document)),
            Part::Environment(_) | Part::Extra(_) => others.push((part, path, document)),
        }
    }
    if let Some((path, document)) = &base {
        started(path, document, &over, seen);
    }
    let mut order: Vec<String> = Vec::new();
    for (part, path, document) in others {
        let own = merge::alone(&document);
        top_level(path, &own, seen);
        let found = services(path, &own, seen);
        let names: Vec<String> = found.iter().map(|container| container.name.clone()).collect();
        merge(part, found, &mut order, seen);
        if let (Part::Environment(name), Some((first, base))) = (part, &base)
            && !seen.whole.contains(name)
        {
            let all = services(first, &merge::laid_over(base.clone(), &document), seen);
            for mut there in all {
                if names.contains(&there.name) {
                    path.clone_into(&mut there.from);
                }
                if let Some(known) = seen.containers.iter_mut().find(|known| known.name == there.name) {
                    known.there.insert(name.clone(), there);
                }
            }
        }
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

/// Takes in what Compose starts by itself: the first file, and those that it lays over that.
fn started(path: &str, base: &Value, over: &[(&str, Value)], seen: &mut Seen) {
    let mut all = base.clone();
    let mut from: IndexMap<String, String> = IndexMap::new();
    // Each by itself too: a value that another one takes the place of is a secret all the same.
    from.extend(services(path, base, seen).into_iter().map(|container| (container.name, path.to_owned())));
    for (path, document) in over {
        for container in services(path, &merge::alone(document), seen) {
            from.entry(container.name).or_insert_with(|| (*path).to_owned());
        }
        all = merge::laid_over(all, document);
    }
    top_level(path, &all, seen);
    seen.containers = services(path, &all, seen);
    for container in &mut seen.containers {
        if let Some(from) = from.get(&container.name) {
            container.from.clone_from(from);
        }
    }
}

/// Takes the services of a file in.
fn merge(part: &Part, found: Vec<Container>, order: &mut Vec<String>, seen: &mut Seen) {
    match part {
        Part::Base | Part::Override => {}
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

/// What stands beside the services.
fn top_level(path: &str, document: &Value, seen: &mut Seen) {
    if let Some(name) = document.get("name").and_then(scalar).filter(|name| !name.contains('$')) {
        seen.name.get_or_insert(Fact::seen(name, path));
    }
    for (name, network) in mapping(document.get("networks")) {
        let (is_external, fixed) = whose(&network);
        if is_external {
            seen.external_networks.insert(name, fixed);
        } else if let Some(more) = beyond(&network, &["external"]) {
            lay(&mut seen.networks, &mut seen.troubles, path, "network", name, more);
        }
    }
    for (name, volume) in mapping(document.get("volumes")) {
        let (is_external, fixed) = whose(&volume);
        if is_external || fixed.is_some() {
            seen.named_volumes.insert(name.clone(), (is_external, fixed));
        }
        if let Some(more) = beyond(&volume, &["external", "name"]).filter(|_| !is_external) {
            lay(&mut seen.volumes, &mut seen.troubles, path, "volume", name, more);
        }
    }
    for key in ["secrets", "configs"] {
        for (name, value) in mapping(document.get(key)) {
            seen.files.entry(key).or_default().entry(name).or_insert(value);
        }
    }
    if document.get("include").is_some_and(|value| !value.is_null()) {
        seen.troubles.push((path.to_owned(), "`include` is not taken over".to_owned()));
    }
}

/// Whether somebody else made a network or a volume, and its name on the engine.
fn whose(value: &Value) -> (bool, Option<String>) {
    let external = value.get("external");
    let is_external = external.is_some_and(|external| external.as_bool() == Some(true) || external.is_mapping());
    let fixed = value.get("name").and_then(scalar);
    (is_external, fixed.or_else(|| external.and_then(|external| scalar(external.get("name")?))))
}

/// What is said beyond these keys; none where that is nothing, or what is so anyway.
fn beyond(value: &Value, keys: &[&str]) -> Option<Value> {
    let usual = |key: &str, value: &Value| {
        value.is_null()
            || key == "labels"
            || key == "driver" && matches!(value.as_str(), Some("bridge" | "local" | "default"))
            || value.as_mapping().is_some_and(serde_yaml::Mapping::is_empty)
    };
    let more = mapping(Some(value)).into_iter();
    let more =
        more.filter(|(key, value)| !keys.contains(&key.as_str()) && !usual(key, value) && !key.starts_with("x-"));
    let more: serde_yaml::Mapping = more.map(|(key, value)| (Value::from(key), value)).collect();
    (!more.is_empty()).then_some(Value::Mapping(more))
}

/// Takes in what a file says of a network or a volume; what the first one says holds.
fn lay(
    all: &mut IndexMap<String, Value>,
    troubles: &mut Vec<(String, String)>,
    path: &str,
    what: &str,
    name: String,
    value: Value,
) {
    match all.get(&name) {
        Some(known) if *known != value => {
            troubles.push((
                path.to_owned(),
                format!("the {what} `{name}` is another one here: that of the first file is taken"),
            ));
        }
        Some(_) => {}
        None => {
            all.insert(name, value);
        }
    }
}

//! Everything else that a container was told: mounts, dependencies, limits, and what only Compose has a word for.

use indexmap::IndexMap;
use serde_yaml::Value as Yaml;
use toml::Value;

use super::with_defaults;
use crate::compose::volume;
use crate::init::judgement::{is_sensitive, is_shown_command, with_shown_defaults};
use crate::init::proposal::{Entry, Material, Proposal, Service, images, slug};
use crate::init::seen::compose::{mapping, scalar};
use crate::init::seen::{Container, is_ours};
use crate::init::snapshot::{joined, parent};
use crate::kinds::{Kind, OptionType};

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

/// Mounts.
pub(super) fn volumes(
    proposal: &mut Proposal,
    material: Material<'_>,
    container: &Container,
    kind: Option<&Kind>,
    name: &str,
    service: &mut Service,
) {
    let mut kept: Vec<Value> = Vec::new();
    let mut options: IndexMap<String, Vec<Value>> = IndexMap::new();
    let here = parent(&container.from);
    let source = service.text("source").map(|source| source.trim_start_matches('.').to_owned());
    let place = |text: &str| {
        let path = text.split(':').next().filter(|path| path.starts_with('.')).map(|path| path.trim_end_matches('/'));
        path.and_then(|path| crate::plan::clean_path(&joined(here, path)))
    };
    let is_mounted =
        container.volumes.iter().any(|text| text.contains(':') && source.is_some() && place(text) == source);
    for text in &container.volumes {
        let Ok(mount) = volume::parse(&with_defaults(text)) else {
            service.left_out.push("a mount that could not be read".to_owned());
            continue;
        };
        let path = place(text);
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
            // The source itself, as development mounts it, and the packages that it would hide: `reload` is for that.
            let is_source = path.is_some() && path == source;
            let is_package = !text.starts_with('.') && mount.target.contains("node_modules");
            if kind.builds() && (is_source || is_package && is_mounted) {
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
        let (shown, lost) = with_shown_defaults(&shown);
        super::tell_defaults(proposal, container, name, lost);
        if !is_shown_command(std::slice::from_ref(&shown)) {
            proposal.unknown(
                name,
                format!("a mount in {}: it may have a secret in it, so it is not copied", container.from),
            );
            continue;
        }
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
pub(super) fn dependencies(container: &Container, service: &mut Service) {
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
            (name.clone(), state)
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

/// Whether it comes back.
pub(super) fn restart(container: &Container, service: &mut Service) {
    if let Some(policy) = container.rest.get("restart").and_then(scalar).filter(|policy| policy != "no") {
        service.set("restart", Entry::new(policy));
    }
}

/// What has no word of its own.
pub(super) fn rest(
    proposal: &mut Proposal,
    container: &Container,
    is_derived: bool,
    name: &str,
    service: &mut Service,
) {
    let mut passed: IndexMap<String, Entry> = IndexMap::new();
    for (key, value) in &container.rest {
        match (key.as_str(), scalar(value)) {
            ("restart", _) if !is_derived => restart(container, service),
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
            // A default of a variable is judged by the name of that.
            if !is_shown_command(&words) || !with_shown_defaults(text).1.is_empty() {
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
                if is_sensitive(&key) || key.split('.').any(is_sensitive) {
                    return None;
                }
                if value.is_null() {
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
pub(super) fn networks(material: Material<'_>, container: &Container, service: &mut Service) {
    let external = container.networks.iter().filter(|name| material.seen.external_networks.contains_key(*name));
    let external: Vec<Value> = external.map(|name| Value::from(slug(name))).collect();
    if !external.is_empty() {
        let all: Vec<Value> = std::iter::once(Value::from("...")).chain(external).collect();
        service.set("networks", Entry::noted(all, format!("from {}", container.from)));
    }
}

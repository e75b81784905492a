//! Everything else that a container was told: mounts, dependencies, limits, and what only Compose has a word for.

use indexmap::IndexMap;
use serde_yaml::Value as Yaml;
use toml::Value;

use super::with_defaults;
use crate::compose::volume::{self, Mount, Source};
use crate::init::judgement::{is_sensitive, is_shown_command, with_shown_defaults};
use crate::init::proposal::ends::static_file::Found;
use crate::init::proposal::{Entry, Material, Proposal, Service, ends, images};
use crate::init::seen::compose::{mapping, scalar};
use crate::init::seen::{Container, is_ours};
use crate::init::snapshot::{is_in, joined, parent};
use crate::kinds::{Class, Data, Kind, OptionType, Unread};

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
    let from = format!("from {}", container.from);
    let image = container.image.as_deref().map(with_defaults);
    let image = image.as_deref().unwrap_or_default();
    // The proxy would read this file instead of its flags.
    let is_told_at = match ends::static_file::find(container, material.snapshot) {
        Found::File { target, .. } if kind.is_some_and(|kind| kind.class == Class::Proxy) => Some(target),
        _ => None,
    };
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
            if let Some(storage) = ends::storage(container, material.snapshot)
                .filter(|file| *file == mount.place() || is_in(file, &mount.place()))
                && kind.class == Class::Proxy
                && storage.strip_suffix("/acme.json") != Some(mount.place().as_str())
            {
                let what = format!(
                    "its certificates: they are in {storage}, and here they are in acme.json of the volume that `persist` \
                     names; copy the file there before the first start, else new ones are asked for"
                );
                proposal.unknown(name, what);
            }
            if is_told_at == Some(mount.place()) {
                continue;
            }
            let storage = ends::storage(container, material.snapshot);
            match Kept::of(kind, storage.as_deref(), image, &mount.place()) {
                Kept::No => {}
                Kept::Here(data) => {
                    if let Some(unread) =
                        kind.traces.unread.as_ref().filter(|_| !matches!(mount.source, Source::Anonymous))
                    {
                        tell_unread(proposal, container, name, &data.path, unread, service);
                    }
                    let usual = data.volume.clone().unwrap_or_else(|| format!("{name}-data"));
                    let persist = match &mount.source {
                        // The plan takes this text as it is, and mounts it without options.
                        Source::Volume(_) | Source::Bind(_) if text.contains('$') || !is_plain(&mount) => None,
                        Source::Volume(volume) => Some(volume.clone()),
                        Source::Bind(_) if place_is_lost(text, path.as_ref()) => None,
                        Source::Bind(source) => {
                            Some(path.as_ref().map_or_else(|| source.clone(), |path| format!("./{path}")))
                        }
                        // Whatever is in it is thrown away with the container.
                        Source::Anonymous | Source::Other => continue,
                    };
                    match persist {
                        Some(persist) if persist == usual => continue,
                        Some(persist) => {
                            service.set("persist", Entry::noted(persist, from.clone()));
                            continue;
                        }
                        None => service.set("persist", Entry::noted(false, "its data is where `volumes` says")),
                    }
                }
                Kept::Elsewhere(data) => {
                    let what = format!(
                        "where its data is: {} mounts {}, and this version of its image keeps it in {}, which is empty \
                         then; look into the container that runs now before you start this one",
                        container.from, mount.target, data.path
                    );
                    service.left_out.push(format!("mind the data: {what}"));
                    proposal.unknown(name, what);
                }
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
        let shown = shown_mount(text, path.as_ref());
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

/// What a mount is to the data of a kind.
enum Kept<'k> {
    /// Something else.
    No,
    /// It holds the data.
    Here(&'k Data),
    /// It is where another version keeps the data, and this one keeps it here.
    Elsewhere(&'k Data),
}

impl<'k> Kept<'k> {
    /// What a mount at `target` is to a kind that runs this image.
    fn of(kind: &'k Kind, storage: Option<&str>, image: &str, target: &str) -> Self {
        // Certificates are where the proxy was told to keep them.
        if kind.class == Class::Proxy && storage == Some(&format!("{target}/acme.json")) {
            return kind.data.first().map_or(Self::No, Self::Here);
        }
        let Some(data) = kind.data.iter().find(|known| known.path == target) else { return Self::No };
        let Some((version, _)) = images::version_of(kind, image) else { return Self::Here(data) };
        let context = minijinja::context! { version => version };
        let holds = |data: &&Data| data.when.as_ref().is_none_or(|when| when.holds(&context));
        match kind.data.iter().find(holds) {
            Some(other) if other.path != target => Self::Elsewhere(other),
            _ => Self::Here(data),
        }
    }
}

/// Says that the data which is there is not read, where another command wrote it.
fn tell_unread(
    proposal: &mut Proposal,
    container: &Container,
    name: &str,
    path: &str,
    unread: &Unread,
    service: &mut Service,
) {
    let said = container.command.as_deref().unwrap_or_default().join(" ").replace(['"', '\''], "");
    if said.contains(&unread.unless) {
        return;
    }
    let what = format!(
        "what is in {path} was written without `{}`, and starts empty with it: before the first start, {}",
        unread.unless, unread.help
    );
    service.left_out.push(format!("mind the data: {what}"));
    proposal.unknown(name, format!("its data: {what}"));
}

/// Whether a mount says nothing but source and target.
fn is_plain(mount: &Mount) -> bool {
    mount.mode.is_empty() || mount.mode == "rw"
}

/// Whether a path leads out of the repository, upwards.
fn place_is_lost(text: &str, path: Option<&String>) -> bool {
    text.starts_with('.') && path.is_none()
}

/// A mount as services.toml says it: paths of the repository from its root.
fn shown_mount(text: &str, path: Option<&String>) -> String {
    match path {
        Some(path) => format!("./{path}{}", &text[text.find(':').unwrap_or(text.len())..]),
        None => text.to_owned(),
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

/// What its kind says otherwise, and may have been said for a reason: as whom it writes its data is kept, the rest is told.
pub(super) fn overruled(proposal: &mut Proposal, container: &Container, name: &str, service: &mut Service) {
    if let Some(user) = container.rest.get("user").and_then(scalar).filter(|user| !user.contains('$')) {
        let passed = service.tables.entry("compose".to_owned()).or_default();
        passed.insert("user".to_owned(), Entry::noted(user, "as it was: its data may belong to this user"));
    }
    let keys = ["entrypoint", "cap_add", "hostname", "platform", "working_dir"];
    let said: Vec<String> = keys
        .iter()
        .filter(|key| {
            container.rest.get(**key).is_some_and(|value| value.as_sequence().is_none_or(|all| !all.is_empty()))
        })
        .map(|key| format!("`{key}`"))
        .collect();
    if !said.is_empty() {
        let what = format!(
            "why {} says {} for it: its kind does without; `compose` in services.toml would say it again",
            container.from,
            crate::diagnostics::words::and(&said)
        );
        proposal.unknown(name, what);
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
pub(super) fn plain(value: &Yaml) -> Option<Value> {
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

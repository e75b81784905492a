//! Everything else that a container was told: dependencies, limits, and what only Compose has a word for.

use indexmap::IndexMap;
use serde_yaml::Value as Yaml;
use toml::Value;

use crate::diagnostics::words::quoted;
use crate::init::judgement::{is_sensitive, is_shown_command, with_shown_defaults};
use crate::init::proposal::{Entry, Proposal, Service};
use crate::init::seen::Container;
use crate::init::seen::compose::{mapping, scalar};

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
            ("deploy", _) => {
                let others = deploy(value, service, &mut passed);
                if !others.is_empty() {
                    let what = format!(
                        "what `deploy` in {} says of {}: services.toml has no word for it; `compose` would say it again",
                        container.from,
                        quoted(&others)
                    );
                    proposal.unknown(name, what);
                }
            }
            (key, _) if is_derived && DERIVED.contains(&key) => {}
            // Where each is seen to.
            ("secrets" | "configs" | "volumes", _) => {}
            ("develop", _) if !is_watched(container, name, value, proposal, service) => {}
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
    if !service.keys.contains_key("extends") {
        build(proposal, container, name, &mut passed);
    }
    if !passed.is_empty() {
        service.tables.entry("compose".to_owned()).or_default().extend(passed);
    }
    for file in &container.env_files {
        let what =
            format!("what else it reads of {file} (`env_file`): check that nothing it needs is missing in its `env`");
        proposal.unknown(name, what);
    }
}

/// Whether what `docker compose watch` does is handed on as it is; else the development target of the kind does it, or it is
/// told.
fn is_watched(container: &Container, name: &str, value: &Yaml, proposal: &mut Proposal, service: &mut Service) -> bool {
    let all = value.get("watch").and_then(Yaml::as_sequence).into_iter().flatten();
    let mut actions = all.filter_map(|watch| watch.get("action").and_then(scalar));
    let is_heir = service.keys.contains_key("extends");
    let is_generated = service.keys.contains_key("kind") && !service.keys.contains_key("dockerfile");
    if !is_heir && !is_generated {
        return true;
    }
    if !is_heir && actions.any(|action| action.starts_with("sync")) {
        service.set("reload", Entry::noted("watch", format!("from `develop` in {}", container.from)));
    } else {
        let what = format!(
            "what `docker compose watch` does for it (`develop` in {}): `reload = \"watch\"` is the word for that, with a \
             development target",
            container.from
        );
        proposal.unknown(name, what);
    }
    false
}

/// What its kind says otherwise, and may have been said for a reason: as whom it writes its data is kept, the rest is told.
pub(super) fn overruled(proposal: &mut Proposal, container: &Container, name: &str, service: &mut Service) {
    if let Some(user) = container.rest.get("user").and_then(scalar).filter(|user| !user.contains('$')) {
        let passed = service.tables.entry("compose".to_owned()).or_default();
        passed.insert("user".to_owned(), Entry::noted(user, "as it was: its data may belong to this user"));
    }
    let keys = ["entrypoint", "cap_add", "platform", "working_dir"];
    let said: Vec<String> = keys
        .iter()
        .filter(|key| {
            container.rest.get(**key).is_some_and(|value| value.as_sequence().is_none_or(|all| !all.is_empty()))
        })
        .map(|key| (*key).to_owned())
        .collect();
    if !said.is_empty() {
        let what = format!(
            "why {} says {} for it: its kind does without; `compose` in services.toml would say it again",
            container.from,
            quoted(&said)
        );
        proposal.unknown(name, what);
    }
}

/// What was said of a service that has a kind now, and is as good there.
pub(super) fn said(container: &Container, service: &mut Service) {
    let text = |key: &str| container.rest.get(key).and_then(scalar).filter(|text| !text.contains('$'));
    if let Some(fixed) = text("container_name") {
        service.set("container-name", Entry::new(fixed));
    }
    if let Some(grace) = text("stop_grace_period") {
        service.set("stop-grace", Entry::new(grace));
    }
    if let Some(hostname) = text("hostname") {
        pass(service, "hostname", hostname.into());
    }
    if let Some(value) = container.rest.get("logging") {
        match rotation(value) {
            Some(table) => service.set("logging", Entry::new(table)),
            None => {
                if let Some(value) = plain(value) {
                    pass(service, "logging", value);
                }
            }
        }
    }
}

fn pass(service: &mut Service, key: &str, value: Value) {
    service.tables.entry("compose".to_owned()).or_default().insert(key.to_owned(), Entry::new(value));
}

/// Log rotation, where that is all that is said of the log.
fn rotation(value: &Yaml) -> Option<toml::Table> {
    let driver = value.get("driver").and_then(scalar);
    let mut table = toml::Table::new();
    for (key, value) in mapping(value.get("options")) {
        let value = scalar(&value).filter(|value| !value.contains('$'))?;
        match key.as_str() {
            "max-size" => table.insert(key, value.into()),
            "max-file" => table.insert(key, value.parse::<i64>().ok()?.into()),
            _ => return None,
        };
    }
    let is_all = mapping(Some(value)).iter().all(|(key, _)| key == "driver" || key == "options");
    (is_all && driver.is_none_or(|driver| driver == "json-file") && table.contains_key("max-size")).then_some(table)
}

/// What was said of a program's container beside its image: with an image of its own it holds as before.
pub(super) fn of_image(
    proposal: &mut Proposal,
    container: &Container,
    is_kept: bool,
    name: &str,
    service: &mut Service,
) {
    let rest = &container.rest;
    for key in ["platform", "tty", "stdin_open", "cap_add", "tmpfs"] {
        let is_said = |value: &&Yaml| value.as_sequence().is_none_or(|all| !all.is_empty());
        if let Some(value) = rest.get(key).filter(is_said).and_then(plain) {
            pass(service, key, value);
        }
    }
    let mut lost = Vec::new();
    for key in ["user", "entrypoint", "working_dir"] {
        match rest.get(key).filter(|_| is_kept).and_then(plain) {
            Some(value) => pass(service, key, value),
            None if rest.contains_key(key) => lost.push(key),
            None => {}
        }
    }
    if !lost.is_empty() {
        let what = format!(
            "why {} says {} for it: what is generated has its own; `compose` in services.toml would say it again",
            container.from,
            quoted(&lost)
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

/// Takes over what it says of resources and replicas; the keys that are not.
fn deploy(value: &Yaml, service: &mut Service, passed: &mut IndexMap<String, Entry>) -> Vec<String> {
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
    // What is reserved, devices of the machine among that, is not described otherwise.
    let reserved = value.get("resources").and_then(|resources| resources.get("reservations"));
    let shown = reserved.and_then(plain);
    let is_told = reserved.is_some() && shown.is_none();
    if let Some(reserved) = shown {
        let table = |key: &str, value: Value| Value::from(toml::Table::from_iter([(key.to_owned(), value)]));
        let deploy = table("resources", table("reservations", reserved));
        passed.insert("deploy".to_owned(), Entry::new(deploy));
    }
    // `mode: replicated` is what Compose does anyway.
    let is_known = |key: &str, value: &Yaml| {
        ["resources", "replicas"].contains(&key) || value.is_null() || value == "replicated" || key.starts_with("x-")
    };
    let others = mapping(Some(value)).into_iter().filter(|(key, value)| !is_known(key, value));
    let others = others.map(|(key, _)| key).chain(is_told.then(|| "reservations".to_owned()));
    let limits = mapping(limits).into_iter().filter(|(key, _)| key != "memory" && key != "cpus");
    others.chain(limits.map(|(key, _)| format!("limits.{key}"))).collect()
}

/// What a file says of its build beyond what is built from what.
fn build(proposal: &mut Proposal, container: &Container, name: &str, passed: &mut IndexMap<String, Entry>) {
    let Some(build) = &container.build else { return };
    let mut table = toml::Table::new();
    let mut lost = Vec::new();
    for (key, value) in build.rest.iter().filter_map(|(key, value)| Some((scalar(key)?, value))) {
        match plain(value).filter(|_| key != "dockerfile_inline") {
            Some(value) => {
                table.insert(key, value);
            }
            None => lost.push(key),
        }
    }
    if !lost.is_empty() {
        let what = format!("what its `build` in {} says of {}: it is not copied", container.from, quoted(&lost));
        proposal.unknown(name, what);
    }
    if !table.is_empty() {
        passed.insert("build".to_owned(), Entry::new(table));
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
            // Together they were looked at: a shell among them reads the others.
            let one = |item: &Yaml| match item {
                Yaml::String(text) => with_shown_defaults(text).1.is_empty().then(|| Value::from(text.clone())),
                other => plain(other),
            };
            Value::from(items.iter().map(one).collect::<Option<Vec<_>>>()?)
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

//! What containers are told, in the terms of services.toml: the address of another service becomes a reference, what an
//! operator sets becomes a variable, and of the rest only what is harmless is copied.

use indexmap::IndexMap;
use toml::Value;

use super::{Entry, Material, Proposal, Setting, images};
use crate::compose::interpolation::{names, with_defaults};
use crate::init::judgement::{is_harmless, is_identifier, is_secret, is_shown, is_shown_around, is_suspect};
use crate::init::seen::{Container, Seen};
use crate::kinds::Kind;
use crate::secrets::forms::unmistakable;

mod overlays;
mod peers;
mod texts;

pub(super) use overlays::demands;
pub(super) use peers::{Peer, address, peers};
use peers::{addressed, port_of, with_password};
use texts::bare;
pub(super) use texts::{Operator, typed, whole};

/// Gives every service of a compose file its variables.
pub(super) fn fill(proposal: &mut Proposal, material: Material<'_>) {
    let peers = peers(proposal, material);
    let mut named: IndexMap<String, Vec<String>> = IndexMap::new();
    for container in &material.seen.containers {
        let name = container.name.clone();
        let Some(service) = proposal.services.get(&name) else { continue };
        let kind = service.kind().and_then(|kind| material.kinds.get(kind)).cloned();
        let base = service.text("extends").and_then(|base| {
            let base = proposal.services.get(base)?;
            Some((base.env.clone(), base.build_env.clone()))
        });
        let of_image = kind.as_ref().filter(|kind| !kind.builds() && kind.built_on.is_none());
        let is_skipped = |variable: &str| {
            of_image.is_some_and(|kind| images::told_by(kind, variable).is_some())
                || kind.as_ref().is_some_and(|kind| kind.env.contains_key(variable))
                || (variable == "PORT" && kind.is_some())
        };
        let pending = service.pending.clone();
        for (option, text) in pending {
            let value = address(&peers, &name, &text);
            let value = value.or_else(|| is_harmless(&option, &text).then_some(text));
            if let (Some(value), Some(service)) = (value, proposal.services.get_mut(&name)) {
                service.keys.insert(option, Entry::new(value));
            }
        }
        let Some(service) = proposal.services.get(&name) else { continue };
        let mut env: IndexMap<String, Setting> = service.env.clone();
        let mut build_env: IndexMap<String, Setting> = IndexMap::new();
        let from = container.from.clone();
        let service_port = service.port.map(|port| port.to_string());
        let service_port = service_port.as_ref();
        for (variable, value) in container.env.iter().filter(|(variable, _)| !is_skipped(variable)) {
            if is_environment(container, variable, material.seen) {
                env.insert(variable.clone(), Setting::Value(Entry::new("${environment.name}")));
                continue;
            }
            let own_port =
                service_port.filter(|port| variable.ends_with("PORT") && value.as_deref() == Some(port.as_str()));
            if own_port.is_some() && kind.as_ref().is_some_and(Kind::builds) {
                env.insert(variable.clone(), Setting::Value(Entry::new("${service.port}")));
                continue;
            }
            if let Some(setting) = setting(proposal, &peers, &name, variable, value.as_deref(), &from) {
                env.insert(variable.clone(), setting);
            }
        }
        let told = container.build.iter().flat_map(|build| &build.args);
        for (variable, value) in told {
            if let Some(setting) = setting(proposal, &peers, &name, variable, value.as_deref(), &from) {
                build_env.insert(variable.clone(), setting);
            }
        }
        of_env_files(proposal, material.seen, container, &mut env, &is_skipped);
        named.insert(name.clone(), env.keys().cloned().collect());
        if let Some((known, built)) = base {
            // What the first one says holds for this one too.
            env.retain(|name, setting| known.get(name) != Some(setting));
            build_env.retain(|name, setting| built.get(name) != Some(setting));
        }
        overlays::add(proposal, &peers, material.seen, container, &name, &is_skipped);
        if let Some(service) = proposal.services.get_mut(&name) {
            service.env = env;
            service.build_env = build_env;
        }
    }
    unset(proposal, material.seen, &named);
    own_variables(proposal);
}

/// Takes from another process of a program what only the first one is told.
fn unset(proposal: &mut Proposal, seen: &Seen, told: &IndexMap<String, Vec<String>>) {
    let container = |name: &str| seen.containers.iter().find(|container| container.name == name);
    for (name, own) in told.iter().filter(|_| !seen.is_compose_ours) {
        let base = proposal.services.get(name).and_then(|service| service.text("extends")).map(str::to_owned);
        let Some(base) = base else { continue };
        let known = told.get(&base).cloned().unwrap_or_default();
        // A file of its own may say anything.
        let (Some(first), Some(this)) = (container(&base), container(name)) else { continue };
        if !this.env_files.iter().all(|file| first.env_files.contains(file)) {
            continue;
        }
        let Some(service) = proposal.services.get_mut(name) else { continue };
        for variable in known.into_iter().filter(|variable| !own.contains(variable)) {
            service.env.insert(variable, Setting::unset(&base));
        }
    }
}

/// Whether a variable says which environment it is, in all of them.
fn is_environment(container: &Container, name: &str, seen: &Seen) -> bool {
    let value = |container: &Container| container.env.get(name).cloned().flatten();
    let own = seen.environments.first();
    own.is_some()
        && value(container).as_ref() == own
        && !container.elsewhere.is_empty()
        && container.elsewhere.iter().all(|(environment, other)| value(other).as_ref() == Some(environment))
}

/// Declares what texts mention and nobody has declared yet.
fn own_variables(proposal: &mut Proposal) {
    let mut mentioned: Vec<(String, Option<String>)> = Vec::new();
    for service in proposal.services.values() {
        let tables = service.tables.values().flat_map(IndexMap::values);
        for entry in service.keys.values().chain(tables) {
            collect(&entry.value, &mut mentioned);
        }
    }
    for (name, _) in mentioned {
        // A default beside the use of a variable declares it by itself.
        if !proposal.variables.contains_key(&name) {
            continue;
        }
        proposal.declare(&name, None, None);
    }
}

fn collect(value: &Value, found: &mut Vec<(String, Option<String>)>) {
    match value {
        Value::String(text) => found.extend(names(text).into_iter().map(|name| (name, None))),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Table(table) => table.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// The names of an env file that a container reads.
fn of_env_files(
    proposal: &mut Proposal,
    seen: &Seen,
    container: &Container,
    env: &mut IndexMap<String, Setting>,
    is_skipped: &dyn Fn(&str) -> bool,
) {
    for file in &container.env_files {
        let here = crate::init::snapshot::parent(&container.from);
        let path = crate::plan::clean_path(&crate::init::snapshot::joined(here, file)).unwrap_or_default();
        let directory = crate::init::snapshot::parent(&path).to_owned();
        let known = seen.env_names.get(&directory).into_iter().flatten();
        let of_file = known.filter(|(_, name)| name.from == path || name.from.starts_with(&format!("{path}.")));
        for (name, known) in of_file.filter(|(name, _)| !is_skipped(name)) {
            if env.contains_key(name) {
                continue;
            }
            // Of such files values are copied where they are made to be shown, and else nothing but the name.
            let verb = if known.default.is_some() { "from" } else { "named in" };
            let note = format!("{verb} {}", known.from);
            let declared = proposal.declare(name, known.default.as_deref().map(typed), Some(note.clone()));
            if declared.default.is_none() {
                declared.is_secret |= known.is_secret;
            }
            env.insert(name.clone(), Setting::Own(Some(note)));
        }
    }
}

/// What a variable of a container is set to. None for what means nothing.
pub(super) fn setting(
    proposal: &mut Proposal,
    peers: &[Peer<'_>],
    service: &str,
    name: &str,
    raw: Option<&str>,
    from: &str,
) -> Option<Setting> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || name.is_empty() {
        // What is no name may be a name and its value, written in another way.
        let name = name.split([':', '=', ' ']).next().unwrap_or_default();
        proposal.unknown(service, format!("what `{name}` in {from} is: a variable has letters, digits and `_`"));
        return None;
    }
    let note = format!("from {from}");
    let Some(raw) = raw.map(str::trim) else {
        proposal.declare(name, None, Some(note.clone()));
        return Some(Setting::Own(Some(note)));
    };
    // Compose's own escape is that of services.toml too.
    if let Some((variable, operator, argument)) = whole(raw) {
        let default = match operator {
            Some(Operator::Default) => default_of(proposal, peers, service, &variable, &argument, from),
            _ => None,
        };
        let is_empty = operator == Some(Operator::Default) && argument.is_empty();
        let declared = proposal.declare(&variable, default, Some(note.clone()));
        declared.is_optional |= is_empty;
        return Some(if variable == name {
            Setting::Own(Some(note))
        } else {
            Setting::Value(Entry::new(format!("${{{variable}}}")))
        });
    }
    let entry = literal(peers, service, name, raw);
    if let Some(entry) = entry {
        for variable in names(entry.as_str().unwrap_or_default()) {
            proposal.declare(&variable, None, Some(note.clone()));
        }
        return Some(Setting::Value(Entry::new(entry)));
    }
    // The value is not copied.
    proposal.declare(name, None, Some(note)).is_secret |= is_suspect(name, raw);
    let env_file = proposal.env_file(from);
    proposal.unknown(service, format!("the value of `{name}`: the one in {from} is not copied; set it in {env_file}"));
    Some(Setting::Own(Some(format!("from {from}: its value is not copied"))))
}

/// The default of a variable, where it can be shown.
fn default_of(
    proposal: &mut Proposal,
    peers: &[Peer<'_>],
    service: &str,
    name: &str,
    argument: &str,
    from: &str,
) -> Option<Value> {
    if argument.is_empty() {
        return None;
    }
    let plain = with_defaults(argument);
    // What is made of a password is a secret, and its default is made of the password again.
    if let Some(text) = address(peers, service, &plain) {
        return Some(Value::from(text));
    }
    if !is_secret(name) && (is_harmless(name, &plain) || is_shown(name, &plain)) {
        return Some(typed(&plain));
    }
    proposal.unknown(from, format!("the default of `{name}` there: it may be a secret, so it is not copied"));
    if is_suspect(name, &plain) {
        proposal.declare(name, None, Some(format!("from {from}"))).is_secret = true;
    }
    None
}

/// A text that can stand there as it is, or with references in it; none for one that must not be copied.
fn literal(peers: &[Peer<'_>], service: &str, name: &str, raw: &str) -> Option<Value> {
    let plain = with_defaults(raw);
    if let Some(text) = address(peers, service, &plain) {
        return Some(Value::from(text));
    }
    let upper = name.to_ascii_uppercase();
    let is_host = ["HOST", "SERVER", "HOSTNAME", "ADDR", "ADDRESS"].iter().any(|word| upper.ends_with(word));
    if let Some(peer) = addressed(peers, &plain).filter(|peer| is_host && peer.name != service) {
        return Some(Value::from(peer.output("host")));
    }
    if !raw.contains('$') {
        if let Some(port) = port_of(peers, service, &upper, raw) {
            return Some(Value::from(port));
        }
        let is_name = ["USER", "DB", "DATABASE", "NAME"].iter().any(|word| upper.ends_with(word));
        if is_name && is_identifier(raw) && !is_secret(name) {
            return Some(typed(raw));
        }
        return is_harmless(name, raw).then(|| typed(raw));
    }
    if let Some(text) = with_password(peers, service, raw) {
        return Some(Value::from(text));
    }
    // With variables in it: what stands around them must be harmless too.
    let around = crate::compose::interpolation::substitute(raw, &|_| Some(String::new())).ok()?.text;
    let is_shown = unmistakable(raw).is_none() && is_shown_around(&around);
    if !is_shown || (is_secret(name) && around.chars().any(|c| c.is_ascii_alphanumeric())) {
        return None;
    }
    Some(Value::from(bare(raw)))
}

//! Compose files that are laid over each other, as Compose does it: mappings key by key, lists behind each other with each
//! place once, commands as a whole, and what `!override` and `!reset` say of any of that.
//!
//! Source: the Compose Specification, "Merge" (13-merge.md), and what `docker compose config` makes of it.

use serde_yaml::{Mapping, Value};

use super::place_of_file;
use super::yaml::{mapping, pairs, scalar, sequence, short_port};
use crate::compose::interpolation::with_defaults;
use crate::compose::{port, volume};

/// How deep anybody nests a compose file, or lets its services extend each other.
const DEEPEST: usize = 40;

/// What a place of a compose file is to whoever lays another file over it.
enum Place {
    /// A text, or several in a list: one behind the other.
    List,
    /// `NAME: value`, or `NAME=value` in a list.
    Pairs,
    /// Names in a list, or mappings by name.
    Named,
    /// A context, or a mapping with one.
    Build,
    /// Options, which mean something to their driver alone.
    Logging,
    /// Subnets with what is said of each.
    Subnets,
    /// The later one as a whole.
    Whole,
    /// As YAML has it.
    Plain,
}

impl Place {
    fn of(path: &[&str]) -> Self {
        match path {
            ["services", _, key] => match *key {
                "build" => Self::Build,
                "command" | "entrypoint" => Self::Whole,
                "annotations" | "environment" | "labels" | "sysctls" => Self::Pairs,
                "depends_on" | "networks" => Self::Named,
                "dns" | "dns_opt" | "dns_search" | "env_file" | "extra_hosts" | "tmpfs" => Self::List,
                "logging" => Self::Logging,
                _ => Self::Plain,
            },
            ["services", _, "build", "additional_contexts" | "args" | "labels"]
            | ["services", _, "deploy", "labels"]
            | ["networks" | "volumes", _, "labels"] => Self::Pairs,
            ["services", _, "build", "extra_hosts"] => Self::List,
            ["services", _, "healthcheck", "test"] => Self::Whole,
            ["networks", _, "ipam", "config"] => Self::Subnets,
            _ => Self::Plain,
        }
    }
}

/// A document by itself: services with what they extend in it, and without tags.
pub(super) fn alone(document: &Value) -> Value {
    let mut plain = untagged(document, 0).unwrap_or(Value::Null);
    let Some(services) = document.get("services").and_then(Value::as_mapping) else { return plain };
    for (name, service) in services {
        let extended = extended(services, service, 0);
        if let (Some(extended), Some(all)) =
            (extended, plain.get_mut("services").and_then(|services| services.as_mapping_mut()))
        {
            all.insert(name.clone(), extended);
        }
    }
    plain
}

/// A service with what it extends in the same file; none where it extends nothing there.
fn extended(services: &Mapping, service: &Value, depth: usize) -> Option<Value> {
    let extends = service.get("extends")?;
    let base = match extends {
        Value::String(name) => name.clone(),
        other if other.get("file").is_none() => scalar(other.get("service")?)?,
        _ => return None,
    };
    let base = services.get(base.as_str()).filter(|base| base.is_mapping() && depth < DEEPEST)?;
    let base = extended(services, base, depth + 1).or_else(|| untagged(base, 0))?;
    let path = ["services", ""];
    let mut base = base;
    erase(&mut base, service, 0);
    let mut merged = merged(base, untagged(service, 0)?, &path);
    if let Value::Mapping(merged) = &mut merged {
        merged.shift_remove("extends");
    }
    Some(merged)
}

/// Lays a document over another one that stands by itself.
pub(super) fn laid_over(mut base: Value, over: &Value) -> Value {
    erase(&mut base, over, 0);
    merged(base, alone(over), &[])
}

/// A value without tags such as Compose's `!override`, and without what `!reset` takes away; none for that itself, and
/// for what is deeper than anybody writes.
fn untagged(value: &Value, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    Some(match value {
        Value::Tagged(tagged) if tagged.tag == "reset" => return None,
        Value::Tagged(tagged) => return untagged(&tagged.value, depth + 1),
        Value::Sequence(items) => Value::Sequence(items.iter().filter_map(|item| untagged(item, depth + 1)).collect()),
        Value::Mapping(map) => {
            let entries = map.iter().filter_map(|(key, value)| Some((key.clone(), untagged(value, depth + 1)?)));
            Value::Mapping(entries.collect())
        }
        other => other.clone(),
    })
}

/// Takes away whatever another file replaces as a whole, or wants gone.
fn erase(base: &mut Value, over: &Value, depth: usize) {
    let (Value::Mapping(base), Value::Mapping(over)) = (base, over) else { return };
    for (key, value) in over {
        match value {
            Value::Tagged(tagged) if tagged.tag == "reset" || tagged.tag == "override" => {
                base.shift_remove(key);
            }
            _ if depth < DEEPEST => {
                if let Some(known) = base.get_mut(key) {
                    erase(known, value, depth + 1);
                }
            }
            _ => {}
        }
    }
}

fn merged(base: Value, over: Value, path: &[&str]) -> Value {
    let place = Place::of(path);
    match (place, base, over) {
        // Nothing said is nothing changed.
        (Place::Whole, _, over) => over,
        (_, base, Value::Null) => base,
        (_, Value::Null, over) => over,
        (Place::List, base, over) => appended(listed(base), listed(over), path),
        (Place::Pairs, base, over) => {
            let mut all = pairs(&base);
            all.extend(pairs(&over));
            let entries = all.into_iter().map(|(name, value)| (name.into(), value.map_or(Value::Null, Value::from)));
            Value::Mapping(entries.collect())
        }
        (Place::Named, Value::Sequence(base), Value::Sequence(over)) => appended(base, over, path),
        (Place::Named, base, over) => {
            // Whoever is only named is waited for until it has started.
            let is_awaited = path.last() == Some(&"depends_on");
            let started = || Value::Mapping(Mapping::from_iter([("condition".into(), "service_started".into())]));
            let named = |value: Value, each: &dyn Fn() -> Value| match value {
                Value::Sequence(names) => Value::Mapping(names.into_iter().map(|name| (name, each())).collect()),
                other => other,
            };
            let base = named(base, &|| Value::Null);
            let over = named(over, &|| if is_awaited { started() } else { Value::Null });
            merged_keys(base, over, path)
        }
        (Place::Build, base, over) => {
            let full = |value: Value| match scalar(&value) {
                Some(context) => Value::Mapping(Mapping::from_iter([("context".into(), context.into())])),
                None => value,
            };
            merged_keys(full(base), full(over), path)
        }
        (Place::Logging, base, over) => {
            let driver = |value: &Value| value.get("driver").and_then(scalar);
            let is_another = driver(&base).zip(driver(&over)).is_some_and(|(base, over)| base != over);
            if is_another { over } else { merged_keys(base, over, path) }
        }
        (Place::Subnets, Value::Sequence(mut base), Value::Sequence(over)) => {
            for subnet in over {
                let name = |value: &Value| value.get("subnet").and_then(scalar);
                match base.iter_mut().find(|known| name(known) == name(&subnet)) {
                    Some(known) => *known = merged_keys(known.clone(), subnet, path),
                    None => base.push(subnet),
                }
            }
            Value::Sequence(base)
        }
        (_, Value::Sequence(base), Value::Sequence(over)) => appended(base, over, path),
        (_, base, over) => merged_keys(base, over, path),
    }
}

/// Mappings key by key; of anything else the later one.
fn merged_keys(base: Value, over: Value, path: &[&str]) -> Value {
    let (Value::Mapping(mut all), Value::Mapping(more)) = (base, &over) else { return over };
    for (key, value) in more {
        let name = scalar(key).unwrap_or_default();
        let inner: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        match all.get_mut(key) {
            Some(known) => *known = merged(std::mem::take(known), value.clone(), &inner),
            None => {
                all.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Mapping(all)
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Sequence(items) => items,
        // `extra_hosts` as a mapping.
        Value::Mapping(_) => {
            mapping(Some(&value)).into_iter().flat_map(|(name, value)| of_host(&name, &value)).collect()
        }
        other => vec![other],
    }
}

fn of_host(name: &str, value: &Value) -> Vec<Value> {
    let one = |address: &Value| scalar(address).map(|address| Value::from(format!("{name}={address}")));
    match value {
        Value::Sequence(_) => sequence(value).filter_map(one).collect(),
        other => one(other).into_iter().collect(),
    }
}

/// Lists behind each other, in which the later one of two that are in the same place takes that.
fn appended(base: Vec<Value>, over: Vec<Value>, path: &[&str]) -> Value {
    let mut all: Vec<Value> = Vec::new();
    for item in base.into_iter().chain(over) {
        let place = place_of(&item, path);
        match all.iter_mut().find(|known| place.is_some() && place_of(known, path) == place) {
            Some(known) => *known = item,
            None => all.push(item),
        }
    }
    Value::Sequence(all)
}

/// What two items of a list are the same by; none where each stands for itself.
fn place_of(item: &Value, path: &[&str]) -> Option<String> {
    let field = |name: &str| item.get(name).and_then(scalar);
    let ["services", _, key, inner @ ..] = path else { return None };
    match (*key, inner) {
        ("ports", []) => {
            let text = with_defaults(&short_port(item)?);
            Some(port::parse(&text).map_or(text, |mapping| format!("{mapping:?}")))
        }
        ("volumes", []) if item.is_mapping() => field("target").map(|target| volume::clean(&with_defaults(&target))),
        ("volumes", []) => {
            let text = with_defaults(&scalar(item)?);
            Some(volume::parse(&text).map_or(text, |mount| mount.place()))
        }
        ("secrets" | "configs", []) => {
            let name = scalar(item).or_else(|| field("target")).or_else(|| field("source"))?;
            Some(place_of_file(key, &name))
        }
        ("devices", []) => {
            let text = scalar(item).or_else(|| field("target"))?;
            let mut parts = text.split(':');
            let source = parts.next()?;
            Some(parts.next().unwrap_or(source).to_owned())
        }
        ("env_file", []) => scalar(item).or_else(|| field("path")),
        ("extra_hosts", []) | ("build", ["extra_hosts"]) => scalar(item).map(|text| text.replacen(':', "=", 1)),
        (
            "cap_add" | "cap_drop" | "depends_on" | "dns" | "dns_opt" | "dns_search" | "expose" | "links" | "networks"
            | "profiles" | "security_opt" | "tmpfs",
            [],
        )
        | ("build", ["tags" | "platforms"])
        | ("networks", [_, "aliases" | "link_local_ips"]) => scalar(item),
        _ => None,
    }
}

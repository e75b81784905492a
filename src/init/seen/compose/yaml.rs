//! The YAML of compose files, in the one form that is gone on with: lists and mappings as Compose takes either, ports and
//! mounts in short syntax.

use indexmap::IndexMap;
use serde_yaml::Value;

/// A YAML document with its merge keys done and its tags as they are. Where it is none, or no mapping, the line that says
/// so, as far as that is known: what stands there may be a secret.
pub(super) fn document(text: &str) -> Result<Value, Option<usize>> {
    let line = |error: serde_yaml::Error| error.location().map(|location| location.line());
    let mut value: Value = serde_yaml::from_str(text).map_err(line)?;
    value.apply_merge().map_err(line)?;
    if value.is_mapping() { Ok(value) } else { Err(None) }
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

pub(super) fn sequence(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_sequence().into_iter().flatten()
}

/// `NAME: value`, or `NAME=value` in a list.
pub(super) fn pairs(value: &Value) -> IndexMap<String, Option<String>> {
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
pub(super) fn short_port(value: &Value) -> Option<String> {
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
pub(super) fn short_volume(value: &Value) -> Option<String> {
    let Value::Mapping(_) = value else { return scalar(value) };
    let field = |name: &str| value.get(name).and_then(scalar);
    let kind = field("type");
    let known = ["type", "source", "target", "read_only", "bind", "volume"];
    let is_plain = matches!(kind.as_deref(), Some("bind" | "volume"));
    if !is_plain || mapping(Some(value)).iter().any(|(key, _)| !known.contains(&key.as_str())) {
        return None;
    }
    let mut modes = Vec::new();
    if field("read_only").as_deref() == Some("true") {
        modes.push("ro".to_owned());
    }
    for (key, value) in mapping(value.get("bind")).into_iter().chain(mapping(value.get("volume"))) {
        match (key.as_str(), scalar(&value)?.as_str()) {
            // The short syntax does so by itself.
            ("create_host_path", "true") | ("nocopy", "false") => {}
            ("nocopy", "true") => modes.push(key),
            ("propagation" | "selinux", mode) => modes.push(mode.to_owned()),
            _ => return None,
        }
    }
    let mode = if modes.is_empty() { String::new() } else { format!(":{}", modes.join(",")) };
    Some(match field("source") {
        Some(source) => format!("{source}:{}{mode}", field("target")?),
        None if mode.is_empty() => field("target")?,
        None => return None,
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

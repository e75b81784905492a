//! What Compose understands, without what it adds of its own and in one spelling.

use serde_json::{Value, json};

use crate::expected::{duration, memory};

/// What Compose adds where a file says nothing: the place, the key, the value. A `*` is any name or position. Anything
/// else that Compose adds is a difference.
const ADDED: [(&str, &str, &str); 12] = [
    ("services.*", "command", "null"),
    ("services.*", "entrypoint", "null"),
    ("services.*.build", "dockerfile", "\"Dockerfile\""),
    ("services.*.depends_on.*", "required", "true"),
    ("services.*.deploy", "placement", "{}"),
    ("services.*.deploy", "resources", "{}"),
    ("services.*.develop.watch.*", "exec", "{\"command\":null}"),
    ("services.*.ports.*", "mode", "\"ingress\""),
    ("services.*.volumes.*", "volume", "{}"),
    ("services.*.volumes.*.bind", "create_host_path", "true"),
    // Emptied by the line above.
    ("services.*.volumes.*", "bind", "{}"),
    ("networks.*", "ipam", "{}"),
];

/// Takes a value out of Compose's spelling.
type Reading = fn(&Value) -> Value;

/// Values that Compose writes in a spelling of its own.
const RESPELT: [(&str, Reading); 7] = [
    ("services.*.stop_grace_period", time),
    ("services.*.healthcheck.interval", time),
    ("services.*.healthcheck.timeout", time),
    ("services.*.healthcheck.start_period", time),
    ("services.*.healthcheck.start_interval", time),
    ("services.*.deploy.resources.*.memory", bytes),
    ("services.*.deploy.resources.*.cpus", number),
];

/// The output of `docker compose config --format json` in the form of [`crate::expected::model`].
pub(crate) fn plain(json: &str) -> Value {
    // Compose doubles every `$` of its output, also those in keys.
    let text = json.replace("$$", "$");
    assert_eq!(text.replace('$', "$$"), json, "a `$` that Compose did not double");
    let mut model: Value = serde_json::from_str(&text).expect("JSON from docker compose config");
    for (place, key, value) in ADDED {
        let value: Value = serde_json::from_str(value).expect("JSON");
        each(&mut model, place, &mut |found| {
            if found.get(key) == Some(&value) {
                found.as_object_mut().expect("something with keys").shift_remove(key);
            }
        });
    }
    for (place, read) in RESPELT {
        each(&mut model, place, &mut |found| *found = read(found));
    }
    model
}

/// Calls `visit` with everything at `place`.
fn each(value: &mut Value, place: &str, visit: &mut dyn FnMut(&mut Value)) {
    if place.is_empty() {
        return visit(value);
    }
    let (first, rest) = place.split_once('.').unwrap_or((place, ""));
    match (first, value) {
        ("*", Value::Object(entries)) => entries.values_mut().for_each(|value| each(value, rest, visit)),
        ("*", Value::Array(items)) => items.iter_mut().for_each(|value| each(value, rest, visit)),
        (key, Value::Object(entries)) => {
            if let Some(value) = entries.get_mut(key) {
                each(value, rest, visit);
            }
        }
        _ => {}
    }
}

fn time(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), duration)
}

fn bytes(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), memory)
}

fn number(value: &Value) -> Value {
    value.as_f64().map_or_else(|| value.clone(), |number| json!(number))
}

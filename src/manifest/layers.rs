//! From one file to one manifest per environment: inline variables are hoisted, overlays laid over, defaults filled in.
//!
//! Everything here works on plain TOML values; the order is that of `docs/manifest.md`, "Merging".

use std::collections::HashSet;

use toml::{Table, Value};

use crate::kinds::Kinds;
use crate::source::{KeyPath, Step};

/// An inline variable that was hoisted: layer, name, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hoisted {
    pub(super) name: String,
    pub(super) path: KeyPath,
}

/// Two declarations of one variable in one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Twice {
    pub(super) name: String,
    pub(super) first: KeyPath,
    pub(super) second: KeyPath,
}

/// Moves `env.X = { … }` and `build-env.X = { … }` of every service (and of the defaults) to `variables.X`, leaving `"${X}"`.
pub(super) fn hoist(layer: &mut Table) -> (Vec<Hoisted>, Vec<Twice>) {
    let mut found: Vec<(Hoisted, Value)> = Vec::new();
    if let Some(Value::Table(defaults)) = layer.get_mut("defaults") {
        hoist_envs(defaults, &KeyPath::of(["defaults"]), &mut found);
    }
    if let Some(Value::Table(services)) = layer.get_mut("services") {
        for (name, service) in services.iter_mut() {
            if let Value::Table(service) = service {
                hoist_envs(service, &KeyPath::of(["services", name]), &mut found);
            }
        }
    }
    if found.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let variables = layer.entry("variables").or_insert_with(|| Value::Table(Table::new()));
    let Value::Table(variables) = variables else { return (Vec::new(), Vec::new()) };
    let mut hoisted: Vec<Hoisted> = Vec::new();
    let mut twice = Vec::new();
    for (variable, value) in found {
        if variables.contains_key(&variable.name) {
            let first = hoisted.iter().find(|known| known.name == variable.name).map(|known| known.path.clone());
            let first = first.unwrap_or_else(|| KeyPath::of(["variables", &variable.name]));
            twice.push(Twice { name: variable.name, first, second: variable.path });
        } else {
            variables.insert(variable.name.clone(), value);
            hoisted.push(variable);
        }
    }
    (hoisted, twice)
}

/// The tables of a service in which a variable can be declared where it is used.
pub(crate) const ENV_TABLES: [&str; 2] = ["env", "build-env"];

fn hoist_envs(service: &mut Table, path: &KeyPath, found: &mut Vec<(Hoisted, Value)>) {
    for table in ENV_TABLES {
        if let Some(Value::Table(env)) = service.get_mut(table) {
            hoist_env(env, &path.key(table), found);
        }
    }
}

fn hoist_env(env: &mut Table, path: &KeyPath, found: &mut Vec<(Hoisted, Value)>) {
    for (name, value) in env.iter_mut() {
        // A name that `${…}` cannot hold is reported, and left where it stands.
        if is_variable(name) && value.as_table().is_some_and(|table| !table.contains_key("unset")) {
            let reference = Value::String(format!("${{{name}}}"));
            let declaration = std::mem::replace(value, reference);
            found.push((Hoisted { name: name.clone(), path: path.key(name) }, declaration));
        }
    }
}

/// Whether this can stand in `${…}`: `[A-Za-z_][A-Za-z0-9_]*`.
pub(crate) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Lays `over` over `base`: tables merge key by key, anything else is replaced; base order, new keys after.
pub(super) fn merge(base: &mut Table, over: &Table) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (Some(Value::Array(below)), Value::Array(above)) if key == "depends-on" => {
                let mut states = states(below);
                merge(&mut states, &self::states(above));
                base.insert(key.clone(), Value::Table(states));
            }
            (Some(Value::Array(below)), Value::Table(above)) if key == "depends-on" => {
                let mut states = states(below);
                merge(&mut states, above);
                base.insert(key.clone(), Value::Table(states));
            }
            (Some(Value::Table(below)), Value::Array(above)) if key == "depends-on" => merge(below, &states(above)),
            (Some(Value::Array(below)), Value::Array(above)) if above.iter().any(is_rest) => {
                let spliced = splice(below, above);
                base.insert(key.clone(), Value::Array(spliced));
            }
            // `env` entries are free data: `{ unset = true }` takes one away, whatever it was.
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The items of `above`, with `below` in the place of `"..."`.
fn splice(below: &[Value], above: &[Value]) -> Vec<Value> {
    let mut out = Vec::with_capacity(below.len() + above.len());
    for item in above {
        if is_rest(item) {
            out.extend(below.iter().cloned());
        } else {
            out.push(item.clone());
        }
    }
    out
}

fn is_rest(value: &Value) -> bool {
    value.as_str() == Some("...")
}

/// `["a", "b"]` as `{ a = true, b = true }`.
fn states(list: &[Value]) -> Table {
    list.iter().filter_map(Value::as_str).map(|name| (name.to_owned(), Value::Boolean(true))).collect()
}

/// Removes what a layer took away with `false`, unless a stronger layer gave it back.
pub(super) fn take_away(table: &mut Table, deletions: &HashSet<KeyPath>) {
    for path in deletions {
        if let [Step::Key(first), rest @ ..] = path.steps()
            && first == "defaults"
            && !rest.is_empty()
            && let Some(Value::Table(services)) = table.get_mut("services")
        {
            for (_, service) in services.iter_mut() {
                if let Value::Table(service) = service {
                    remove_false(service, rest);
                }
            }
        }
        remove_false(table, path.steps());
    }
}

fn remove_false(table: &mut Table, steps: &[Step]) {
    match steps {
        [Step::Key(last)] if table.get(last) == Some(&Value::Boolean(false)) => {
            table.remove(last);
        }
        [Step::Key(first), rest @ ..] => {
            if let Some(Value::Table(inner)) = table.get_mut(first) {
                remove_false(inner, rest);
            }
        }
        _ => {}
    }
}

/// Fills every service with the defaults; the service's own keys win. What its kind calls something else is no default of
/// its.
pub(super) fn fill_defaults(table: &mut Table, kinds: &Kinds) {
    let Some(Value::Table(defaults)) = table.remove("defaults") else { return };
    if let Some(Value::Table(services)) = table.get_mut("services") {
        for (_, service) in services.iter_mut() {
            if let Value::Table(service) = service {
                let kind = service.get("kind").and_then(Value::as_str).and_then(|kind| kinds.get(kind));
                let mut defaults = defaults.clone();
                defaults.retain(|key, _| !kind.is_some_and(|kind| kind.replaces(key)));
                let own = std::mem::replace(service, defaults);
                merge(service, &own);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        toml::from_str(text).unwrap()
    }

    fn merged(base: &str, over: &str) -> Table {
        let mut base = table(base);
        merge(&mut base, &table(over));
        base
    }

    #[test]
    fn tables_merge_and_everything_else_is_replaced() {
        let out = merged("a = { x = 1, y = 2 }\nb = [1, 2]\nc = 1", "a.y = 3\na.z = 4\nb = [3]\nc = 'text'");
        assert_eq!(out, table("a = { x = 1, y = 3, z = 4 }\nb = [3]\nc = 'text'"));
    }

    #[test]
    fn three_dots_stand_for_the_replaced_array() {
        assert_eq!(merged("v = ['a', 'b']", "v = ['x', '...', 'y']"), table("v = ['x', 'a', 'b', 'y']"));
    }

    #[test]
    fn depends_on_merges_however_it_is_written() {
        let out = merged("depends-on = ['a', 'b']", "depends-on = { b = false }");
        assert_eq!(out, table("depends-on = { a = true, b = false }"));
        let out = merged("depends-on = { a = 'started' }", "depends-on = ['b']");
        assert_eq!(out, table("depends-on = { a = 'started', b = true }"));
    }

    #[test]
    fn new_keys_come_after_those_of_the_base() {
        let out = merged("b = 1\na = 1", "c = 1\na = 2");
        assert_eq!(out.keys().collect::<Vec<_>>(), ["b", "a", "c"]);
    }

    #[test]
    fn an_inline_variable_moves_to_the_variables() {
        let mut layer = table("[services.a.env]\nX = { secret = true }\nY = 'y'\nZ = { unset = true }");
        let (hoisted, twice) = hoist(&mut layer);
        assert_eq!(twice, []);
        assert_eq!(hoisted[0].path.to_string(), "services.a.env.X");
        let expected = "[services.a.env]\nX = '${X}'\nY = 'y'\nZ = { unset = true }\n[variables.X]\nsecret = true";
        assert_eq!(layer, table(expected));
    }

    #[test]
    fn two_declarations_of_one_name_are_told() {
        let mut layer = table("[services.a.env]\nX = { secret = true }\n[services.b.env]\nX = { default = 1 }");
        let (_, twice) = hoist(&mut layer);
        assert_eq!(twice[0].first.to_string(), "services.a.env.X");
        assert_eq!(twice[0].second.to_string(), "services.b.env.X");
    }

    #[test]
    fn defaults_lose_against_the_service_and_false_blocks_them() {
        let mut layer = table(
            "[defaults]\nlimits = { memory = '1g', cpus = 1 }\n[services.a]\nlimits.memory = '2g'\n[services.b]\nlimits = false",
        );
        fill_defaults(&mut layer, &Kinds::default());
        take_away(&mut layer, &HashSet::from([KeyPath::of(["services", "b", "limits"])]));
        assert_eq!(layer, table("[services.a]\nlimits = { memory = '2g', cpus = 1 }\n[services.b]"));
    }
}

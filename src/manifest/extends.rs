//! `extends`: another process of the same program takes over what the first one is.
//!
//! It works on plain TOML values, after the overlays are laid over and before the defaults fill in theirs
//! (`docs/manifest.md`, "Merging"), so that what an environment changes on the first service reaches the others.

use std::collections::{HashMap, HashSet};

use toml::{Table, Value};

use super::layers;
use super::problem::{ExtendsFlaw, Problem};
use crate::kinds::Kinds;
use crate::source::{KeyPath, Step};

/// What belongs to one process alone and is never taken over.
pub(crate) const OWN_KEYS: [&str; 18] = [
    "extends",
    "environments",
    "external",
    "host",
    "port",
    "ports",
    "publish",
    "routes",
    "health",
    "ready",
    "metrics",
    "profiles",
    "replicas",
    "container-name",
    "one-shot",
    "before-start",
    "consumes",
    "debug",
];

/// What says something about one service to people, and so nothing about another.
const OWN_WORDS: [&str; 2] = ["help", "allow"];

/// Lets every service of `merged` that extends another take over what it is. Gives who extends whom.
pub(super) fn extend(
    merged: &mut Table,
    keys: &HashSet<&str>,
    kinds: &Kinds,
    environment: &str,
    deletions: &mut HashSet<KeyPath>,
) -> (HashMap<String, String>, Vec<Problem>) {
    let Some(Value::Table(services)) = merged.get_mut("services") else { return Default::default() };
    let parents: Vec<(String, String)> = services
        .iter()
        .filter_map(|(name, service)| Some((name.clone(), service.get("extends")?.as_str()?.to_owned())))
        .collect();
    if parents.is_empty() {
        return Default::default();
    }
    let parents: HashMap<String, String> = parents.into_iter().collect();
    let mut problems = Vec::new();
    let mut found: HashMap<String, String> = HashMap::new();
    let names: Vec<String> = services.keys().filter(|name| parents.contains_key(*name)).cloned().collect();
    // Those that are extended come before those that extend them.
    for name in in_order(&names, &parents) {
        let parent = &parents[name];
        let mut flaw = |flaw| {
            let path = KeyPath::of(["services", name, "extends"]);
            problems.push(Problem::Extends { path, environment: environment.to_owned(), flaw });
        };
        if let Some(circle) = circle(name, &parents) {
            flaw(ExtendsFlaw::Circle { names: circle });
            continue;
        }
        let Some(Value::Table(base)) = services.get(parent) else {
            flaw(ExtendsFlaw::Unknown {
                name: parent.clone(),
                known: services.keys().filter(|known| *known != name).cloned().collect(),
            });
            continue;
        };
        if base.get("external").and_then(Value::as_bool) == Some(true) {
            flaw(ExtendsFlaw::External { name: parent.clone() });
            continue;
        }
        let Some(Value::Table(own)) = services.get(name) else { continue };
        match inherited(base, own, keys, kinds) {
            Ok(mut inherited) => {
                forget_itself(&mut inherited, name);
                let below: Vec<KeyPath> = deletions.iter().filter_map(|path| moved(path, parent, name)).collect();
                deletions.extend(below);
                let own = own.clone();
                layers::merge(&mut inherited, &own);
                services.insert(name.clone(), Value::Table(inherited));
                found.insert(name.clone(), parent.clone());
            }
            Err(wrong) => flaw(wrong),
        }
    }
    (found, problems)
}

/// What `own` takes over from `base`.
fn inherited(base: &Table, own: &Table, keys: &HashSet<&str>, kinds: &Kinds) -> Result<Table, ExtendsFlaw> {
    let kind_of = |table: &Table| table.get("kind").and_then(Value::as_str).map(str::to_owned);
    let (theirs, ours) = (kind_of(base), kind_of(own));
    let is_other = ours.is_some() && ours != theirs;
    let kind = ours.as_deref().and_then(|kind| kinds.get(kind));
    if is_other && let (Some(ours), Some(known)) = (&ours, kind) {
        let built_on = known.built_on.clone();
        if built_on.is_none() || built_on != theirs {
            return Err(ExtendsFlaw::Kind { own: ours.clone(), other: theirs, built_on });
        }
    }
    let is_taken = |key: &str| {
        let is_own = OWN_KEYS.contains(&key) || OWN_WORDS.contains(&key);
        // Another kind brings its own command, and has options of its own.
        let is_foreign = is_other
            && (key == "command" || !keys.contains(key) && kind.is_some_and(|kind| !kind.options.contains_key(key)));
        !is_own && !is_foreign
    };
    Ok(base.iter().filter(|(key, _)| is_taken(key)).map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// A dependency of the first service on the one that extends it would be one on itself.
fn forget_itself(inherited: &mut Table, name: &str) {
    match inherited.get_mut("depends-on") {
        Some(Value::Array(names)) => names.retain(|known| known.as_str() != Some(name)),
        Some(Value::Table(states)) => {
            states.remove(name);
        }
        _ => {}
    }
}

/// `services.<parent>.…` as `services.<name>.…`, where that is taken over.
fn moved(path: &KeyPath, parent: &str, name: &str) -> Option<KeyPath> {
    match path.steps() {
        [Step::Key(table), Step::Key(service), rest @ ..]
            if table == "services"
                && service == parent
                && !path.key_at(2).is_some_and(|key| OWN_KEYS.contains(&key)) =>
        {
            Some(KeyPath::of(["services", name]).join(rest))
        }
        _ => None,
    }
}

/// The names, each after those that it extends.
fn in_order<'a>(names: &'a [String], parents: &'a HashMap<String, String>) -> Vec<&'a String> {
    let depth = |name: &String| {
        let mut seen = HashSet::new();
        let mut at = name;
        while let Some(parent) = parents.get(at) {
            if !seen.insert(at) {
                break;
            }
            at = parent;
        }
        seen.len()
    };
    let mut ordered: Vec<&String> = names.iter().collect();
    ordered.sort_by_key(|name| depth(name));
    ordered
}

/// The services on the way from `name` back to itself or into a circle; none where the way ends.
fn circle(name: &str, parents: &HashMap<String, String>) -> Option<Vec<String>> {
    let mut way = vec![name.to_owned()];
    let mut at = name;
    while let Some(parent) = parents.get(at) {
        if let Some(start) = way.iter().position(|known| known == parent) {
            // Whoever only leads into a circle is told nothing of it: its members are.
            return (start == 0).then(|| {
                way.push(parent.clone());
                way
            });
        }
        way.push(parent.clone());
        at = parent;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extended(text: &str) -> (Table, Vec<Problem>) {
        let mut table: Table = toml::from_str(text).unwrap();
        let kinds = Kinds::all(&crate::templates::Templates::default()).unwrap();
        let keys: HashSet<&str> = ["kind", "extends", "env", "port", "command", "depends-on", "limits", "image"].into();
        let (_, problems) = extend(&mut table, &keys, &kinds, "default", &mut HashSet::new());
        (table, problems)
    }

    #[test]
    fn another_process_takes_over_everything_but_its_own() {
        let (table, problems) = extended(
            "[services.w]\nextends = 'a'\nenv.Y = '2'\ncommand = 'work'\n\
             [services.a]\nimage = 'a:1'\nport = 1\ncommand = 'serve'\nenv = { X = '1', Y = '1' }\ndepends-on = ['w', 'r']\n",
        );
        assert_eq!(problems, []);
        let expected: Table = toml::from_str(
            "image = 'a:1'\ncommand = 'work'\nenv = { X = '1', Y = '2' }\ndepends-on = ['r']\nextends = 'a'\n",
        )
        .unwrap();
        assert_eq!(table["services"]["w"], Value::Table(expected));
    }

    #[test]
    fn chains_are_followed_whatever_the_order() {
        let (table, _) = extended(
            "[services.c]\nextends = 'b'\n[services.b]\nextends = 'a'\nenv.B = '1'\n[services.a]\nenv.A = '1'\n",
        );
        assert_eq!(table["services"]["c"]["env"], Value::Table(toml::from_str("A = '1'\nB = '1'\n").unwrap()));
    }

    #[test]
    fn circles_and_strangers_are_told() {
        let (_, problems) =
            extended("[services.a]\nextends = 'b'\n[services.b]\nextends = 'a'\n[services.c]\nextends = 'x'\n");
        let flaws: Vec<String> = problems.iter().map(|problem| format!("{problem:?}")).collect();
        assert_eq!(flaws.len(), 3, "{flaws:?}");
        assert!(flaws.iter().filter(|flaw| flaw.contains("Circle")).count() == 2);
    }
}

//! `volume-left-behind`: see [`RULE`].

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{Context, Rule};
use crate::compose::engine::{self, EngineVolume};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::disk::KnownVolume;
use crate::plan::Plan;
use crate::source::KeyPath;

/// Data under a name that nothing uses any more.
pub(super) static RULE: Rule = Rule {
    id: "volume-left-behind",
    severity: Severity::Warning,
    summary: "data under a name that nothing uses any more",
    docs: "\
A service, a volume or the project has another name than when the stack was rendered the last time, and with it the volume
that holds its data. stackgen.lock still knows the old one. It is told until the next `stackgen render`, which tells it once
more and then notes the new name: the lock's diff in the commit says it to whoever reviews it.

**Why it breaks.** The name of a volume is that of the project and that of the volume, and a kind's data lies in
`<service>-data`. Compose does not rename anything: it makes the volume that it does not find. The project's name changes
with `stack.name` and `stack.project`, and also when a second environment is added: `shop` becomes `shop-dev`.

**How it shows.** `docker compose up` works, and the database is empty: no error, no user, no order. The data is still there,
in a volume that no file mentions, until somebody prunes.

```toml
[services.cache]            # bad, if it was [services.redis] before: its data stays in `shop_redis-data`
kind = \"redis\"
version = \"7\"

[services.cache]            # good: another name, the same volume
kind = \"redis\"
version = \"7\"
persist = \"redis-data\"
```

**Fix.** Keep the volume: name it in `persist` or `volumes`, or the old project in `stack.project`. Or copy what is in it, on
every host where the stack runs, before it starts under its new name. Where the data does not matter, render.

**Source.** compose-spec, \"volumes\"; `docs/decisions.md`. Copying was tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// A volume of before, and the one that takes its place.
struct Move<'p> {
    plan: &'p Plan,
    old: &'p KnownVolume,
    new: String,
    volume: EngineVolume<'p>,
}

impl Move<'_> {
    /// Whether only the project is called otherwise.
    fn is_of_project(&self) -> bool {
        let key = self.volume.key;
        self.new == format!("{}_{key}", self.plan.project.to_compose()) && has_key(&self.old.name, key)
    }
}

/// Whether a volume is called by its project and this key.
fn has_key(name: &str, key: &str) -> bool {
    name.strip_suffix(key).is_some_and(|prefix| prefix.ends_with('_'))
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let known = context.sources.surroundings().volumes();
    let moves = context.plans.iter().flat_map(|plan| moves(context, plan, known));
    // One new name is one mistake, in however many environments.
    let mut groups: IndexMap<KeyPath, Vec<Move<'_>>> = IndexMap::new();
    for one in moves {
        groups.entry(place(context, &one)).or_default().push(one);
    }
    findings.extend(groups.iter().filter_map(|(path, moves)| finding(context, path, moves)));
}

/// Where the new name comes from.
fn place(context: &Context<'_>, one: &Move<'_>) -> KeyPath {
    let manifest = context.manifest(one.plan);
    if one.is_of_project() {
        let stack = manifest.and_then(|manifest| manifest.stack.as_ref());
        let has_project = stack.is_some_and(|stack| stack.project.is_some());
        return KeyPath::of(["stack", if has_project { "project" } else { "name" }]);
    }
    let settings = manifest.and_then(|manifest| manifest.volumes.get(one.volume.key));
    if settings.is_some_and(|settings| settings.name.is_some()) {
        return KeyPath::of(["volumes", one.volume.key, "name"]);
    }
    one.volume.mount.origin.clone()
}

/// Each volume of before that nothing uses now, with the new one that is mounted in the same place: the one whose name is
/// most alike. What has no such successor was removed, and nobody starts without it.
fn moves<'p>(context: &Context<'p>, plan: &'p Plan, known: &'p BTreeSet<KnownVolume>) -> Vec<Move<'p>> {
    let is_mine = |volume: &&KnownVolume| volume.environment == plan.environment;
    // An environment that is new takes the place of one that is gone: the first one, since there is one place.
    let is_new = !known.iter().any(|volume| is_mine(&volume));
    let is_gone = |volume: &&KnownVolume| {
        is_new && plan.is_default && !context.plans.iter().any(|plan| plan.environment == volume.environment)
    };
    let before: Vec<&KnownVolume> = known.iter().filter(|volume| is_mine(volume) || is_gone(volume)).collect();
    let planned = engine::volumes(plan);
    let is_used = |old: &&KnownVolume| planned.iter().any(|(name, _)| *name == old.name);
    let mut left: Vec<&KnownVolume> = before.iter().copied().filter(|old| !is_used(old)).collect();
    let fresh = planned.iter().filter(|(name, _)| !before.iter().any(|old| old.name == *name));
    let mut moves = Vec::new();
    for (new, volume) in fresh {
        let distance = |old: &KnownVolume| {
            let is_same_key = has_key(&old.name, volume.key);
            let is_same_target = old.target == volume.mount.mount.target;
            (is_same_key || is_same_target).then(|| (!is_same_key, strsim::osa_distance(&old.name, new)))
        };
        let nearest = left.iter().enumerate().filter_map(|(at, old)| Some((distance(old)?, at))).min();
        if let Some((_, at)) = nearest {
            moves.push(Move { plan, old: left.remove(at), new: new.clone(), volume: *volume });
        }
    }
    moves
}

/// One finding for all that one new name leaves behind.
fn finding(context: &Context<'_>, path: &KeyPath, moves: &[Move<'_>]) -> Option<Finding> {
    let first = moves.first()?;
    let names: Vec<&str> = moves.iter().map(|one| one.old.name.as_str()).collect();
    let names = words::names(&names);
    let new: Vec<&str> = moves.iter().map(|one| one.new.as_str()).collect();
    let environment = Some(first.plan.environment.as_str());
    let (message, text) = if first.is_of_project() {
        let text = "makes another name of each volume".to_owned();
        (format!("the project has another name, and its data stays in {names}"), text)
    } else {
        let service = &first.volume.service.name;
        let text = format!("is {} now", words::names(&new));
        (format!("`{service}` starts with an empty volume: its data stays in {names}"), text)
    };
    // A kind's own: nobody wrote it.
    let is_made = path.steps().len() == 2 && path.key_at(0) == Some("services");
    let label = if is_made { Label::key } else { Label::value }(environment, path.clone(), text);
    let mut keep: Vec<String> = moves.iter().map(|one| keep(context, one)).collect();
    keep.dedup();
    let help = format!("to keep the data, {}\n{}", keep.join("\nand "), copy(moves));
    let mut finding = Finding::new(RULE.id, RULE.severity, message, label).help(help);
    let is_in_one = moves.iter().all(|one| one.plan.environment == first.plan.environment);
    finding.environment = is_in_one.then(|| first.plan.environment.clone());
    Some(finding)
}

/// What keeps the volume of before.
fn keep(context: &Context<'_>, one: &Move<'_>) -> String {
    let Move { plan, old, volume, .. } = one;
    if one.is_of_project() {
        let project = old.name.strip_suffix(volume.key).and_then(|name| name.strip_suffix('_')).unwrap_or_default();
        let table = match context.plans.len() {
            1 => "stack".to_owned(),
            _ => format!("environments.{}.stack", plan.environment),
        };
        return format!("keep the project: `project = \"{project}\"` in `[{table}]`");
    }
    let origin = &volume.mount.origin;
    let project = format!("{}_", plan.project.to_compose());
    match old.name.strip_prefix(&project) {
        Some(key) if origin.key_at(2).is_none_or(|option| option == "persist") => {
            format!("keep the volume: `persist = \"{key}\"`")
        }
        Some(key) => format!("keep the volume: `{key}:{}`", volume.mount.mount.target),
        None => format!("name the volume: `name = \"{}\"` in `[volumes.{}]`", old.name, volume.key),
    }
}

/// The commands that take the data along, on a host where the stack has been stopped.
fn copy(moves: &[Move<'_>]) -> String {
    let copies = moves.iter().map(|one| {
        let (old, new) = (&one.old.name, &one.new);
        format!("docker run --rm -v {old}:/from:ro -v {new}:/to busybox cp -a /from/. /to/\n")
    });
    let names: Vec<&str> = moves.iter().map(|one| one.old.name.as_str()).collect();
    format!(
        "or take it along, after `docker compose up --no-start`:\n{}docker volume rm {}",
        copies.collect::<String>(),
        names.join(" ")
    )
}

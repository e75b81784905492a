//! `unknown-key`: see [`RULE`].

use super::{Context, Rule};
use crate::compose::keys;
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest::{DEFAULT_ENVIRONMENT, Home, Problem};
use crate::plan::Plan;
use crate::source::{KeyPath, Step};

/// A key that does not exist.
pub(super) static RULE: Rule = Rule {
    id: "unknown-key",
    severity: Severity::Error,
    summary: "a key that services.toml does not have",
    docs: "\
A key in services.toml that stackgen does not know, or that belongs to another kind of service. Under `compose`, a key that
Compose does not have.

**Why it breaks.** A key that nobody reads says something that never happens: a misspelt `prot = 3000` leaves the
service without a port, and whoever wrote it believes that it has one.

**How it shows.** Not at all: the stack starts, and something is missing from it. Compose refuses the whole file for a key
under `compose`: `additional properties 'sysctl' not allowed`.

```toml
[services.web]
prot = 3000       # bad: there is no such key

[services.web]
port = 3000       # good
```

**Fix.** Write the key as the reference spells it. Options of a kind stand flat beside a service's own keys; what is
another system's (labels, middlewares, static flags) keeps that system's spelling.

**Source.** The schema of services.toml: `stackgen schema`; that of the Compose specification. Tried with Docker Compose 2.40.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

/// What those who know Compose write first, and what it is called here.
const COMPOSE_KEYS: [(&str, &str); 8] = [
    ("ports", "publish"),
    ("expose", "port"),
    ("environment", "env"),
    ("healthcheck", "health"),
    ("entrypoint", "command"),
    ("depends_on", "depends-on"),
    ("stop_grace_period", "stop-grace"),
    ("deploy", "limits"),
];

/// So many keys are named.
const SHOWN: usize = 8;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<(&str, &str)> = Vec::new();
    for problem in &context.read.problems {
        // What is misspelt or of no kind once is one mistake, wherever that shows.
        if let Some(thing) = one_thing(context, problem) {
            if told.contains(&thing) {
                continue;
            }
            told.push(thing);
        }
        findings.extend(match problem {
            Problem::UnknownKey { path, kinds, .. } => key(context, problem, path, kinds),
            Problem::UnknownService { environment, name, known } => Some(service(environment, name, known)),
            Problem::UnknownEnvironment { name, known, .. } => environment(context, problem, name, known),
            _ => None,
        });
    }
    for (environment, manifest) in &context.read.environments {
        passed_through(environment, "", &manifest.compose, &KeyPath::of(["compose"]), findings);
        for (name, service) in &manifest.services {
            let path = KeyPath::of(["services", name, "compose"]);
            passed_through(environment, keys::SERVICE, &service.compose, &path, findings);
        }
    }
}

/// What Compose has no key for, in a table that is passed through to it. `way` leads there.
fn passed_through(environment: &str, way: &str, table: &toml::Table, path: &KeyPath, findings: &mut Vec<Finding>) {
    for (key, value) in table {
        let path = path.key(key);
        match keys::of(way) {
            Some(known) if !known.contains(&key.as_str()) && !key.starts_with("x-") => {
                let label = Label::key(Some(environment), path, "Compose has no such key");
                let finding = Finding::new(RULE.id, RULE.severity, format!("unknown key `{key}`"), label);
                findings.push(finding.help(match words::nearest(key, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "what only you read begins with `x-`".to_owned(),
                }));
            }
            _ => {
                let below = keys::below(way, key);
                match value {
                    toml::Value::Table(table) => passed_through(environment, &below, table, &path, findings),
                    toml::Value::Array(items) => {
                        let tables = items.iter().enumerate().filter_map(|(at, item)| Some((at, item.as_table()?)));
                        for (index, table) in tables {
                            passed_through(environment, &keys::items(&below), table, &path.index(index), findings);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Whether the item at `path` of a list that is passed through to Compose has a key that is told here: it may well be the
/// one that is missing.
pub(super) fn is_misspelt(context: &Context<'_>, plan: &Plan, path: &KeyPath) -> bool {
    let [Step::Key(services), Step::Key(service), Step::Key(compose), Step::Key(key), Step::Index(index)] =
        path.steps()
    else {
        return false;
    };
    let table = || {
        let service = context.manifest(plan)?.services.get(service)?;
        service.compose.get(key)?.get(index)?.as_table()
    };
    let known = || keys::of(&keys::items(&keys::below(keys::SERVICE, key)));
    let is_stranger = |(table, known): (&toml::Table, &[&str])| table.keys().any(|key| !known.contains(&key.as_str()));
    services == "services" && compose == "compose" && table().zip(known()).is_some_and(is_stranger)
}

/// What several problems have in common that are one mistake.
fn one_thing<'a>(context: &Context<'a>, problem: &'a Problem) -> Option<(&'a str, &'a str)> {
    match problem {
        // Where none is named, the list is missing.
        Problem::UnknownEnvironment { known, .. } if known == &[DEFAULT_ENVIRONMENT] => Some(("environment", "")),
        Problem::UnknownEnvironment { name, .. } => Some(("environment", name)),
        Problem::UnknownKey { path, meant: None, kinds, .. } if !kinds.is_empty() => {
            let service = path.key_at(1)?;
            let mut manifests = context.read.environments.values();
            let has_kind = manifests.any(|manifest| manifest.services.get(service).is_some_and(|s| s.kind.is_some()));
            (!has_kind).then_some(("options of", service))
        }
        _ => None,
    }
}

/// Where the other problems stand that are the same mistake.
fn others<'a>(context: &Context<'a>, problem: &'a Problem) -> Vec<Label> {
    let Some(thing) = one_thing(context, problem) else { return Vec::new() };
    let same =
        context.read.problems.iter().filter(|other| *other != problem && one_thing(context, other) == Some(thing));
    same.filter_map(|other| label(other, "here too")).collect()
}

fn label(problem: &Problem, text: &str) -> Option<Label> {
    match problem {
        Problem::UnknownEnvironment { path, environment, .. } if path.key_at(0) != Some("environments") => {
            Some(Label::value(environment.as_deref(), path.clone(), text))
        }
        Problem::UnknownEnvironment { path, environment, .. } | Problem::UnknownKey { path, environment, .. } => {
            Some(Label::key(environment.as_deref(), path.clone(), text))
        }
        _ => None,
    }
}

fn key(context: &Context<'_>, problem: &Problem, path: &KeyPath, kinds: &[String]) -> Option<Finding> {
    let Problem::UnknownKey { meant, candidates, .. } = problem else { return None };
    let name = path.steps().last().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    })?;
    let new = |message: String| Some(Finding::new(RULE.id, RULE.severity, message, label(problem, "no such key")?));
    let finding = new(format!("unknown key `{name}`"))?;
    let is_of_service = path.key_at(0) == Some("services") && path.steps().len() == 3;
    if let Some((_, ours)) = COMPOSE_KEYS.iter().find(|(theirs, _)| is_of_service && *theirs == name) {
        return Some(finding.help(format!("Compose's `{name}` is `{ours}` here")));
    }
    if is_of_service && keys::of(keys::SERVICE).is_some_and(|keys| keys.contains(&name.as_str())) {
        return Some(finding.help(format!("it is Compose's own word, which is passed through: `compose.{name} = …`")));
    }
    if let Some(help) = elsewhere(problem, path, &name) {
        return Some(finding.help(help));
    }
    Some(match (meant, kinds) {
        (Some(meant), _) => finding.help(format!("did you mean `{meant}`?")),
        (None, []) => finding.help(known(&name, candidates)),
        (None, kinds) if one_thing(context, problem).is_some() => {
            // Its kind is there, with a mistake that is reported on its own.
            let service = KeyPath::of(["services", path.key_at(1)?]);
            if context.is_mistaken(&service.key("kind")) {
                return None;
            }
            let finding = others(context, problem).into_iter().fold(finding, Finding::with);
            finding.help(format!(
                "it is an option of the kind {}, and the service has no `kind`: add `kind = \"{}\"`",
                words::or(kinds),
                kinds[0]
            ))
        }
        (None, kinds) => finding.help(format!("it is an option of the kind {}", words::or(kinds))),
    })
}

/// Where a key has its meaning that stands at the top of the file, or of an overlay.
fn elsewhere(problem: &Problem, path: &KeyPath, name: &str) -> Option<String> {
    let Problem::UnknownKey { environment, home, meant: None, .. } = problem else { return None };
    let top = environment.as_ref().map_or_else(String::new, |environment| format!("environments.{environment}."));
    if path.steps().len() != 1 {
        return None;
    }
    match home {
        _ if name == "version" => Some("files have no version here: remove it".to_owned()),
        Some(Home::Stack) => Some(format!("it belongs to the stack: write it in `[{top}stack]`")),
        Some(Home::Service) => Some(format!("it belongs to a service: write it in `[{top}services.<name>]`")),
        None if keys::of("").is_some_and(|keys| keys.contains(&name)) => {
            Some(format!("it is Compose's own word, which is passed through: `[{top}compose.{name}]`"))
        }
        None => None,
    }
}

/// The keys that exist, the most alike first; of many only those.
fn known(name: &str, candidates: &[String]) -> String {
    let mut sorted: Vec<&String> = candidates.iter().collect();
    sorted.sort_by_key(|candidate| strsim::osa_distance(name, candidate));
    let Some(more) = sorted.len().checked_sub(SHOWN).filter(|more| *more > 0) else {
        return format!("the keys here are {}", words::names(&sorted));
    };
    sorted.truncate(SHOWN);
    let named: Vec<String> = sorted.iter().map(|key| format!("`{key}`")).collect();
    format!("among the keys here are {}; `stackgen schema` has the other {more}", words::and(&named))
}

fn service(environment: &str, name: &str, known: &[String]) -> Finding {
    let label = Label::key(Some(environment), KeyPath::of(["services", name]), "the base file has no such service");
    let message = format!("the overlay of `{environment}` changes `{name}`, which does not exist");
    let help = match words::nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "an overlay cannot add a service; declare it in `[services.{name}]` with `environments = [\"{environment}\"]`"
        ),
    };
    Finding::new(RULE.id, RULE.severity, message, label).help(help)
}

fn environment(context: &Context<'_>, problem: &Problem, name: &str, known: &[String]) -> Option<Finding> {
    if context.is_mistaken(&KeyPath::of(["stack", "environments"])) {
        return None;
    }
    let label = label(problem, "not one of `stack.environments`")?;
    let finding = Finding::new(RULE.id, RULE.severity, format!("there is no environment `{name}`"), label);
    if known == [DEFAULT_ENVIRONMENT] {
        let finding = others(context, problem).into_iter().fold(finding, Finding::with);
        return Some(
            finding.help("name all of them in `[stack]`, the default one first: `environments = [\"dev\", …]`"),
        );
    }
    let help = words::nearest(name, known.iter().map(String::as_str)).map_or_else(
        || format!("the environments are {}", words::and(known)),
        |meant| format!("did you mean `{meant}`?"),
    );
    Some(others(context, problem).into_iter().fold(finding, Finding::with).help(help))
}

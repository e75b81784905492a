//! Scripts of package.json that run something beside the program: a worker, a scheduler, a consumer. What can be taken apart
//! becomes a process of the same image; the rest is told.

use std::collections::BTreeMap;

use serde_json::Value;

use super::inside::Inside;
use super::node::{bare, spelled};
use super::scripts::{Script, is_build};
use super::{Fact, Further, Program};
use crate::init::judgement::is_shown_command;
use crate::init::snapshot::{Snapshot, joined};

/// Words for what stays beside a program.
const STAYS: [&str; 6] = ["worker", "workers", "scheduler", "consumer", "consumers", "background"];

/// Words for what may as well be run once in a while.
const MAY_STAY: [&str; 5] = ["queue", "queues", "cron", "jobs", "processor"];

/// Packages that take jobs from a queue, or start some by the clock, for as long as the process runs.
const CLIENTS: [&str; 22] = [
    "bullmq",
    "bull",
    "bee-queue",
    "kue",
    "agenda",
    "@hokify/agenda",
    "pg-boss",
    "graphile-worker",
    "amqplib",
    "amqp-connection-manager",
    "rhea",
    "kafkajs",
    "@confluentinc/kafka-javascript",
    "nats",
    "sqs-consumer",
    "faktory-worker",
    "bree",
    "croner",
    "cron",
    "node-cron",
    "node-schedule",
    "@nestjs/schedule",
];

/// Parts of a script's name that say nothing of what runs.
const QUALIFIERS: [&str; 8] = ["start", "run", "serve", "prod", "production", "node", "live", "main"];

/// Parts of a script's name that say that it is for development.
const DEVELOPMENT: [&str; 6] = ["dev", "development", "watch", "debug", "local", "inspect"];

/// Parts of a script's name that say that it is something else: what is done to a worker, or one of a browser.
const ACTIONS: [&str; 36] = [
    "build",
    "bundle",
    "clean",
    "clear",
    "compile",
    "create",
    "deploy",
    "docker",
    "down",
    "drain",
    "e2e",
    "empty",
    "flush",
    "generate",
    "install",
    "lint",
    "list",
    "log",
    "logs",
    "migrate",
    "pause",
    "purge",
    "restart",
    "resume",
    "retry",
    "seed",
    "service",
    "status",
    "stop",
    "test",
    "tests",
    "typecheck",
    "types",
    "ui",
    "web",
    "wrangler",
];

/// A script that may be another process.
struct Candidate<'p> {
    script: &'p str,
    text: &'p str,
    is_development: bool,
    /// Whether its name says that it is for production.
    is_production: bool,
}

/// Finds them.
pub(super) fn look(snapshot: &Snapshot, package: &Value, program: &mut Program) {
    let Some(scripts) = package.get("scripts").and_then(Value::as_object) else { return };
    let mut found: BTreeMap<String, Vec<Candidate<'_>>> = BTreeMap::new();
    for (script, text) in scripts.iter().filter_map(|(name, text)| Some((name.as_str(), text.as_str()?))) {
        let Some((name, is_development)) = role(script) else { continue };
        let candidate = Candidate {
            script,
            text,
            is_development: is_development || is_for_development(text, package),
            is_production: script.contains("prod"),
        };
        found.entry(name).or_default().push(candidate);
    }
    for (name, mut candidates) in found {
        candidates.sort_by_key(|candidate| (candidate.is_development, !candidate.is_production));
        let Some(best) = candidates.first() else { continue };
        match process(snapshot, package, program, &name, best) {
            Ok(Some(further)) => program.further.push(further),
            Ok(None) => {}
            Err(why) => program.remarks.push(format!(
                "whether something runs beside it: the `{}` script of {} {why}",
                best.script, program.from
            )),
        }
    }
}

/// What a script runs beside the program, by its name, and whether it is for development alone.
fn role(script: &str) -> Option<(String, bool)> {
    let parts: Vec<String> = script.split([':', '-', '_', '.', '/']).map(str::to_ascii_lowercase).collect();
    let is = |words: &[&str], part: &String| words.contains(&part.as_str());
    if parts.iter().any(|part| is(&ACTIONS, part)) {
        return None;
    }
    let is_development = parts.iter().any(|part| is(&DEVELOPMENT, part));
    let left: Vec<&String> =
        parts.iter().filter(|part| !part.is_empty() && !is(&QUALIFIERS, part) && !is(&DEVELOPMENT, part)).collect();
    let stays = left.iter().any(|part| is(&STAYS, part));
    // `worker:mail` is one of several; `queue:fill` does something once.
    let is_one = stays || matches!(left.as_slice(), [only] if is(&MAY_STAY, only));
    let name = left.into_iter().map(String::as_str).collect::<Vec<_>>().join("-");
    (is_one && !name.is_empty()).then_some((name, is_development))
}

/// Whether a script is what people run while they write the program.
fn is_for_development(text: &str, package: &Value) -> bool {
    let listed = |name: &str| package.get("dependencies").and_then(|all| all.get(name)).is_some();
    let of_word = |word: &str| match word {
        "nodemon" | "ts-node-dev" | "watch" | "--watch" | "--hot" | "concurrently" | "vite-node" | "babel-node" => true,
        "tsx" | "ts-node" | "ts-node-esm" => !listed(word.trim_end_matches("-esm")),
        _ => word.starts_with("--inspect"),
    };
    text.split_whitespace().any(of_word) || text.contains("nest start")
}

/// What runs a script, where another script only names it: `npm run worker`.
fn resolved(text: &str, package: &Value, deep: usize) -> Option<Script> {
    let script = Script::of(text)?;
    let words: Vec<&str> = script.words.iter().map(String::as_str).collect();
    let named = match words.as_slice() {
        ["npm" | "pnpm" | "yarn", "run", name] | ["pnpm" | "yarn", name] => *name,
        _ => return Some(script),
    };
    let text = package.get("scripts").and_then(|scripts| scripts.get(named)).and_then(Value::as_str)?;
    if deep == 0 {
        return None;
    }
    let mut inner = resolved(text, package, deep - 1)?;
    inner.env.splice(0..0, script.env);
    inner.env_files.extend(script.env_files);
    inner.before.splice(0..0, script.before);
    Some(inner)
}

/// The process that a script starts; none where it is the program itself, else why it is none.
fn process(
    snapshot: &Snapshot,
    package: &Value,
    program: &mut Program,
    name: &str,
    candidate: &Candidate<'_>,
) -> Result<Option<Further>, String> {
    let with = |command: &str| format!("a service that `extends` it, with `command = \"{command}\"`");
    if candidate.is_development {
        return Err(format!("is for development, and none says what runs in production ({})", with("…")));
    }
    let Some(script) = resolved(candidate.text, package, 2) else {
        return Err(format!("is nothing that runs without a shell ({})", with("…")));
    };
    let all: Vec<String> = script.before.iter().flatten().chain(&script.words).cloned().collect();
    if !is_shown_command(&all) {
        return Err(format!("may have a secret in it, so its command is not copied ({})", with("…")));
    }
    if is_same(package, program, &script) {
        return Ok(None);
    }
    let words = in_image(package, &script.words);
    let command = spelled(&words);
    let run = format!("runs `{}`", script.words.join(" "));
    if program.workspace.is_some() {
        return Err(format!("{run}; one image holds the whole workspace ({}, from its root)", with("…")));
    }
    if script.before.iter().any(|words| !is_build(words)) {
        return Err(format!("runs something else first, and then `{}` ({})", script.words.join(" "), with(&command)));
    }
    let is_tool = words != script.words;
    match script.file() {
        Some(file) if script.words[0] == "node" || is_tool => {
            let inside = Inside::of(snapshot, package, program);
            if !inside.has(file) {
                let place = joined(&program.directory, file);
                return Err(format!("{run}, and the image may have no {place} ({})", with(&command)));
            }
        }
        _ if is_tool => {}
        _ => return Err(format!("{run}, which the image may not have ({})", with(&command))),
    }
    let stays = name.split('-').any(|part| STAYS.contains(&part));
    if !stays && !CLIENTS.iter().any(|client| program.packages.contains(*client)) {
        return Err(format!("{run}, and nothing says whether that stays or ends by itself ({})", with(&command)));
    }
    let from = format!("the `{}` script of package.json", candidate.script);
    for file in &script.env_files {
        program.remarks.push(format!(
            "what it reads of {file} ({from}): no image has it; check that nothing is missing in its `env`"
        ));
    }
    let env = script.env.iter().filter(|(name, value)| name != "NODE_ENV" || value != "production");
    let env = env.map(|(name, value)| (name.clone(), Fact::seen(value.clone(), from.clone()))).collect();
    Ok(Some(Further { name: name.to_owned(), command: Fact::seen(command, from), env }))
}

/// Whether a script starts the program itself: the same file with the same words.
fn is_same(package: &Value, program: &Program, script: &Script) -> bool {
    let start = |name: &str| package.pointer(&format!("/scripts/{name}")).and_then(Value::as_str).and_then(Script::of);
    let main = package.get("main").and_then(Value::as_str).map(|main| format!("node {}", bare(main)));
    let words = |script: &Script| script.words.iter().map(|word| bare(word)).collect::<Vec<_>>().join(" ");
    let own = words(script);
    let known = program.command.as_ref().and_then(|command| Script::of(&command.value)).map(|script| words(&script));
    let started = ["start", "start:prod"].into_iter().filter_map(start).map(|script| words(&script));
    started.chain(main).chain(known).any(|other| other == own)
}

/// The words as any process of the image finds them: what a package brings is no program of the system.
fn in_image(package: &Value, words: &[String]) -> Vec<String> {
    let is_listed = |name: &str| package.get("dependencies").and_then(|all| all.get(name)).is_some();
    let mut words = words.to_vec();
    if words.first().is_some_and(|word| word == "npx") && words.get(1).is_some_and(|word| is_listed(word)) {
        words.remove(0);
    }
    if let Some(first) = words.first_mut().filter(|word| is_listed(word)) {
        *first = format!("node_modules/.bin/{first}");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_script_says_what_it_starts() {
        for (script, expected) in [
            ("worker", Some(("worker", false))),
            ("worker:prod", Some(("worker", false))),
            ("start:prod:worker", Some(("worker", false))),
            ("start-worker", Some(("worker", false))),
            ("worker:mail", Some(("worker-mail", false))),
            ("worker:dev", Some(("worker", true))),
            ("dev:worker", Some(("worker", true))),
            ("queue", Some(("queue", false))),
            ("cron:prod", Some(("cron", false))),
            ("queue:fill", None),
            ("worker:build", None),
            ("build:service-worker", None),
            ("test:worker", None),
            ("start", None),
            ("start:prod", None),
        ] {
            let expected = expected.map(|(name, is_development)| (name.to_owned(), is_development));
            assert_eq!(role(script), expected, "{script}");
        }
    }
}

//! What a container runs, and how it is asked whether it is well.

use serde_yaml::Value as Yaml;
use toml::Value;

use crate::compose::interpolation::with_defaults;
use crate::init::judgement::{is_shown_command, with_shown_defaults};
use crate::init::proposal::{Entry, Proposal, Service, processes, programs};
use crate::init::seen::compose::{asked_path, scalar, words};
use crate::init::seen::{Container, Program};
use crate::kinds::Kind;

/// How it is asked whether it is well.
pub(super) fn health(
    proposal: &mut Proposal,
    container: &Container,
    program: Option<&Program>,
    kind: Option<&Kind>,
    name: &str,
    service: &mut Service,
) {
    let is_other = service.keys.contains_key("extends");
    let said = |key: &str| container.healthcheck.as_ref().and_then(|check| check.get(key));
    if said("disable").and_then(Yaml::as_bool) == Some(true) {
        service.set("health", Entry::noted(false, format!("from {}", container.from)));
        return;
    }
    if let Some(test) = said("test").and_then(words) {
        // A default that may be a secret is no part of a path.
        let text = with_defaults(&with_shown_defaults(&test.join(" ")).0);
        if test.first().is_some_and(|word| word == "NONE") {
            service.set("health", Entry::noted(false, format!("from {}", container.from)));
            return;
        }
        let is_asked_by_path = kind.is_some() && (!is_other || service.port.is_some());
        if let (Some((path, _)), true) = (asked_path(&text), is_asked_by_path) {
            let mut table = spans(container);
            let note = format!("from {}", container.from);
            if table.is_empty() {
                service.set("health", Entry::noted(path, note));
            } else {
                table.insert("path".to_owned(), path.into());
                service.set("health", Entry::noted(table, note));
            }
            return;
        }
        // A shell takes the rest as one text.
        let of_shell = |text: String| vec!["sh".to_owned(), "-c".to_owned(), text];
        let words = match (said("test").filter(|test| test.is_string()).and_then(scalar), test.split_first()) {
            (Some(text), _) => of_shell(text),
            (None, Some((first, rest))) if first == "CMD" => rest.to_vec(),
            (None, Some((first, rest))) if first == "CMD-SHELL" => of_shell(rest.join(" ")),
            (None, _) => of_shell(test.join(" ")),
        };
        let shown: Vec<String> = words.iter().flat_map(|word| word.split_whitespace().map(str::to_owned)).collect();
        if is_shown_command(&shown) {
            let mut table = toml::Table::new();
            let words: Vec<Value> = words.into_iter().map(Value::from).collect();
            table.insert("command".to_owned(), words.into());
            table.extend(spans(container));
            service.set("health", Entry::noted(table, format!("from {}", container.from)));
        } else {
            proposal.unknown(name, "its probe: the command may have a secret in it, so it is not copied");
        }
        return;
    }
    if is_other {
        times(container, kind, service);
    } else if kind.is_some_and(Kind::builds) {
        programs::health(proposal, program, name, service);
    }
}

/// How often and how long the probe of a kind asks, where the compose file says so.
pub(super) fn times(container: &Container, kind: Option<&Kind>, service: &mut Service) {
    let said = |key: &str| container.healthcheck.as_ref().and_then(|check| check.get(key));
    let is_none = said("test").and_then(words).is_some_and(|test| test.first().is_some_and(|word| word == "NONE"));
    let note = format!("from {}", container.from);
    if is_none || said("disable").and_then(Yaml::as_bool) == Some(true) {
        service.set("health", Entry::noted(false, note));
        return;
    }
    let is_asked = kind.is_some_and(|kind| !kind.probe.is_empty()) && !service.keys.contains_key("health");
    let spans = spans(container);
    // A command of its own may be something else than what the kind knows how to ask.
    if is_asked && !spans.is_empty() && (said("test").is_some() || !service.keys.contains_key("command")) {
        service.set("health", Entry::noted(spans, note));
    }
}

/// The times of a probe, as services.toml says them.
fn spans(container: &Container) -> toml::Table {
    let said = |key: &str| container.healthcheck.as_ref().and_then(|check| check.get(key));
    let mut table = toml::Table::new();
    for (key, ours) in [("interval", "interval"), ("timeout", "timeout"), ("start_period", "start-period")] {
        if let Some(value) = said(key).and_then(scalar).filter(|value| !value.contains('$')) {
            table.insert(ours.to_owned(), value.into());
        }
    }
    if let Some(retries) = said("retries").and_then(Yaml::as_i64) {
        table.insert("retries".to_owned(), retries.into());
    }
    table
}

/// What it runs, where that is not what its image or its kind says.
pub(super) fn command(
    proposal: &mut Proposal,
    container: &Container,
    program: Option<&Program>,
    kind: Option<&Kind>,
    name: &str,
    service: &mut Service,
) {
    if service.keys.contains_key("extends") {
        return;
    }
    let from = &container.from;
    if let Some(words) = &container.command {
        let is_kind = kind.is_some();
        if is_kind && processes::uvicorn(words, service, from) {
            return;
        }
        if !words.is_empty() && is_shown_command(words) && !is_development(words) {
            if let Ok(text) = shlex::try_join(words.iter().map(String::as_str)) {
                service.keys.shift_remove("app");
                service.set("command", Entry::noted(text, format!("from {from}")));
            }
            return;
        }
        if !is_shown_command(words) {
            proposal
                .unknown(name, format!("its command: the one in {from} may have a secret in it, so it is not copied"));
        }
    }
    let is_kept = service.keys.contains_key("dockerfile");
    // That of a package of a workspace begins at the root of it.
    let program = program.filter(|program| program.workspace.is_none());
    if let Some(program) = program.filter(|_| !is_kept && !service.keys.contains_key("app")) {
        programs::command(program, service);
    }
}

/// A command that only development runs.
fn is_development(words: &[String]) -> bool {
    words.iter().any(|word| matches!(word.as_str(), "--reload" | "dev" | "watchfiles" | "nodemon" | "debugpy"))
}

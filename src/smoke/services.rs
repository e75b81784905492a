//! How each service is, by what the engine says of its containers. Pure.

use std::time::Duration;

use serde::Serialize;

use super::container::Container;
use super::{Cause, Outcome, milliseconds};
use crate::plan::{Condition, Dependency, Plan, Service};

/// How a service is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceReport {
    /// The service.
    pub service: String,
    /// One word: `healthy`, `running` where it has no probe, `done`, `starting`, `unhealthy`, `exited`, `restarting`,
    /// `missing` and the like.
    pub state: String,
    /// What became of it.
    pub result: Outcome,
    /// How long it was waited for, in milliseconds: until it was as it should be, or nothing would change any more, or time
    /// was up. Zero where it was so from the start.
    #[serde(rename = "time-ms", serialize_with = "milliseconds")]
    pub time: Duration,
    /// The service for whose sake it is not as it should be.
    pub because_of: Option<String>,
    /// The services that depend on it, where it is not as it should be.
    pub needed_by: Vec<String>,
    /// Why it is not as it should be.
    pub cause: Option<Cause>,
}

/// How a service is at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) service: String,
    pub(super) word: String,
    pub(super) is: Is,
    /// The container that is the worst of its containers.
    pub(super) container: Option<String>,
}

/// Whether it is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Is {
    /// Not expected, and not there.
    Absent,
    /// As it should be.
    Fine,
    /// Not yet, or not at this moment.
    Waiting,
    /// Not, and nothing will change that by itself.
    Over,
}

/// How all services of a plan are.
pub(super) fn states(plan: &Plan, containers: &[Container]) -> Vec<State> {
    plan.services
        .values()
        .map(|service| {
            let own = containers.iter().filter(|container| container.service == service.name);
            state(service, &own.collect::<Vec<_>>())
        })
        .collect()
}

fn state(service: &Service, own: &[&Container]) -> State {
    let new = |word: &str, is: Is, container: Option<&Container>| State {
        service: service.name.clone(),
        word: word.to_owned(),
        is,
        container: container.map(|container| container.name.clone()),
    };
    if own.is_empty() {
        let is_optional = !service.profiles.is_empty() || service.containers() == 0;
        return new("missing", if is_optional { Is::Absent } else { Is::Over }, None);
    }
    let judged = own.iter().map(|container| (of(service, container), *container));
    // The worst one speaks for all; of several the first.
    let worst = judged.rev().max_by_key(|((_, is), _)| *is);
    let Some(((word, is), container)) = worst else { return new("missing", Is::Over, None) };
    let wanted = service.containers();
    let found = u64::try_from(own.len()).unwrap_or(u64::MAX);
    if is == Is::Fine && found < wanted {
        return new(&format!("{found} of {wanted}"), Is::Over, None);
    }
    new(word, is, Some(container))
}

fn of<'w>(service: &Service, container: &'w Container) -> (&'w str, Is) {
    let health = container.health.as_ref().map(|health| health.status.as_str());
    match container.state.as_str() {
        "running" if service.one_shot => ("running", Is::Waiting),
        "running" => match health {
            None => ("running", Is::Fine),
            Some("healthy") => ("healthy", Is::Fine),
            Some(status) => (status, Is::Waiting),
        },
        "exited" if service.one_shot && container.exit_code == 0 => ("done", Is::Fine),
        "created" | "restarting" | "removing" => (container.state.as_str(), Is::Waiting),
        state => (state, Is::Over),
    }
}

/// The service for whose sake another one is not as it should be: the furthest one on which it depends that is not either.
pub(super) fn root<'p>(plan: &'p Plan, states: &[State], service: &str) -> Option<&'p str> {
    let fails = |name: &str| states.iter().any(|state| state.service == name && state.is >= Is::Waiting);
    let mut been = vec![service];
    let mut at = plan.services.get(service)?;
    let mut found = None;
    loop {
        let is_created = states.iter().any(|state| state.service == at.name && state.word == "created");
        // Once it has started, it is no matter what becomes of something that only had to start before.
        let counts = |dependency: &Dependency| is_created || dependency.condition != Condition::Started;
        let failing = at.depends_on.iter().filter(|(name, _)| fails(name) && !been.contains(&name.as_str()));
        let next = failing.filter(|(_, dependency)| counts(dependency)).map(|(name, _)| name).next();
        let Some(next) = next.and_then(|name| plan.services.get(name)) else { return found };
        been.push(&next.name);
        found = Some(next.name.as_str());
        at = next;
    }
}

/// The services that depend on a service, in the order of the manifest.
pub(super) fn dependents(plan: &Plan, service: &str) -> Vec<String> {
    let depends = |other: &&Service| other.depends_on.contains_key(service);
    plan.services.values().filter(depends).map(|other| other.name.clone()).collect()
}

/// Why a service is not as it should be; `log` is what it has printed last.
pub(super) fn cause(service: &Service, state: &State, containers: &[Container], log: Vec<String>) -> Cause {
    let name = &service.name;
    let container = containers.iter().find(|container| Some(&container.name) == state.container.as_ref());
    let Some(container) = container else {
        let up = "start it: `docker compose up --wait`";
        if state.word == "missing" {
            return Cause::new("missing", format!("`{name}` has no container")).help(up);
        }
        return Cause::new("missing", format!("`{name}` has {} containers", state.word)).help(up);
    };
    let code = container.exit_code;
    let why = if container.is_out_of_memory {
        " for want of memory".to_owned()
    } else {
        match code {
            // 128 and the number of the signal, as shells count.
            137 => format!(" with code {code}: it was killed"),
            143 => format!(" with code {code}: it was told to stop"),
            139 => format!(" with code {code}: it made an access to memory that is not its own"),
            127 => format!(" with code {code}: a command was not found"),
            126 => format!(" with code {code}: a command could not be run"),
            _ => format!(" with code {code}"),
        }
    };
    let memory = "give it more (`limits.memory`), or make it need less";
    let show = format!("`docker logs {}` has the rest", container.name);
    let start = format!("`docker compose up --wait` starts it; {show}");
    match state.word.as_str() {
        "unhealthy" | "starting" => {
            let health = container.health.clone().unwrap_or_default();
            let said = health.last.filter(|(code, _)| *code != 0);
            let (kind, message) = if state.word == "unhealthy" {
                let times = match health.failures {
                    0 | 1 => String::new(),
                    failures => format!(" {failures} times in a row"),
                };
                ("unhealthy", format!("`{name}` is unhealthy: its probe has failed{times}"))
            } else {
                ("starting", format!("`{name}` is not healthy yet: its probe has not succeeded in time"))
            };
            let message = match said {
                Some((code, output)) if output.trim().is_empty() => format!("{message}, with code {code}"),
                Some((_, output)) => format!("{message}: {}", one_line(&output)),
                None => message,
            };
            Cause::new(kind, message).log(log).help(show)
        }
        "exited" | "dead" => {
            let message = if service.one_shot {
                format!("`{name}` was to do its work and end, and has ended{why}")
            } else {
                format!("`{name}` does not run: it has ended{why}")
            };
            let help = if container.is_out_of_memory { memory.to_owned() } else { start };
            let kind = if container.is_out_of_memory { "out-of-memory" } else { "exited" };
            Cause::new(kind, message).log(log).help(help)
        }
        "restarting" => {
            let message = format!(
                "`{name}` does not stay up: the engine has started it {} times again; it ended{why}",
                container.restarts
            );
            let help = if container.is_out_of_memory { memory.to_owned() } else { show };
            let kind = if container.is_out_of_memory { "out-of-memory" } else { "restarting" };
            Cause::new(kind, message).log(log).help(help)
        }
        "created" => {
            let why =
                if container.error.is_empty() { String::new() } else { format!(": {}", one_line(&container.error)) };
            let help = "it waits for what it depends on, or the engine could not start it: `docker compose up --wait` says which";
            Cause::new("not-started", format!("`{name}` was made and never started{why}")).help(help)
        }
        "paused" => Cause::new("paused", format!("`{name}` is paused")).help("`docker compose unpause` lets it go on"),
        "running" => Cause::new("unfinished", format!("`{name}` has not done its work yet")).log(log),
        word => Cause::new("not-running", format!("`{name}` does not run: it is {word}")).log(log),
    }
}

/// What a probe or the engine said, in one line: the last one that has words.
fn one_line(text: &str) -> &str {
    let mut lines = text.lines().rev().map(str::trim);
    lines.find(|line| line.contains(char::is_alphabetic)).unwrap_or_else(|| text.trim())
}

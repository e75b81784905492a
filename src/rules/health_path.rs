//! `health-path`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::types::Service;
use crate::manifest::unions::{Health, HealthTable, OneOrMany, Toggle};
use crate::source::KeyPath;

/// A health path that is run as a command.
pub(super) static RULE: Rule = Rule {
    id: "health-path",
    severity: Severity::Warning,
    summary: "a health path without its slash, which is run as a command",
    docs: "\
`health`, its `command`, or the `test` of a health check in `compose` is a single word that is called like a path by which
services are asked, or a whole address.

**Why it breaks.** `health` is a path where it begins with `/`, and else a command that is run in the container. There is
hardly a program that is called `health`, and none that is called like an address.

**How it shows.** `docker compose up --wait` waits until the start period and three probes are over, and fails:
`container … is unhealthy`. The reason stands in `docker inspect --format '{{json .State.Health}}' CONTAINER` alone:
`exec: \"health\": executable file not found in $PATH`.

```toml
[services.api]
health = \"health\"       # bad: runs a program `health`

[services.api]
health = \"/health\"      # good: asks for a path, on the `port`

[services.database]
health = \"pg_isready\"   # good: a program of the image
```

**Fix.** Begin the path with `/`, and leave out host and port, which are known. Where a program of the image is called
like that, write it in brackets: `health = [\"ping\"]`.

**Source.** compose-spec, \"healthcheck\", `test`.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

/// What paths that are asked are called, and programs are not.
const PATHS: [&str; 13] = [
    "alive",
    "health",
    "healthy",
    "healthz",
    "heartbeat",
    "live",
    "liveness",
    "livez",
    "ping",
    "readiness",
    "ready",
    "readyz",
    "status",
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (environment, manifest) in &context.read.environments {
        for (name, service) in &manifest.services {
            let Some((text, place)) = written(name, service) else { continue };
            // In `compose` a path is no path, however it is written.
            let is_passed = place.key_at(2) == Some("compose");
            let path =
                if is_passed && text.starts_with('/') { is_asked(text).then(|| text.to_owned()) } else { meant(text) };
            let Some(path) = path else { continue };
            let label = Label::value(Some(environment), place, "taken for a program");
            let what = if text.contains("://") { "is an address" } else { "looks like a path" };
            let message = format!("the health of `{name}` {what}, and is run as a command");
            let help = format!("write `health = \"{path}\"`; if it is a program of the image: `health = [\"{text}\"]`");
            findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
        }
    }
}

/// The text that is run as a command, and where it stands: what `compose` says wins.
fn written<'s>(name: &str, service: &'s Service) -> Option<(&'s str, KeyPath)> {
    let origin = KeyPath::of(["services", name]);
    if let Some(passed) = service.compose.get("healthcheck") {
        let place = origin.key("compose").key("healthcheck").key("test");
        return match passed.get("test")? {
            toml::Value::String(text) => Some((text, place)),
            toml::Value::Array(words) => match words.as_slice() {
                [toml::Value::String(word), toml::Value::String(text)] if word.starts_with("CMD") => {
                    Some((text, place.index(1)))
                }
                _ => None,
            },
            _ => None,
        };
    }
    match service.health.as_ref().and_then(Toggle::on)? {
        Health::Text(text) => Some((text, origin.key("health"))),
        Health::Table(HealthTable { command: Some(OneOrMany::One(text)), .. }) => {
            Some((text, origin.key("health").key("command")))
        }
        _ => None,
    }
}

/// Whether a path is called like one by which services are asked.
fn is_asked(path: &str) -> bool {
    path.trim_end_matches('/').rsplit('/').next().is_some_and(|last| PATHS.contains(&last)) && !path.contains("bin/")
}

/// The path that was probably meant.
fn meant(text: &str) -> Option<String> {
    if text.contains(char::is_whitespace) || text.starts_with(['/', '.']) {
        return None;
    }
    if let Some((_, address)) = text.strip_prefix("http").and_then(|rest| rest.split_once("://")) {
        return Some(address.split_once('/').map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}")));
    }
    let last = text.trim_end_matches('/').rsplit('/').next()?;
    (PATHS.contains(&last) && !text.starts_with("bin/")).then(|| format!("/{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_by_what_paths_are_called() {
        assert_eq!(meant("health").as_deref(), Some("/health"));
        assert_eq!(meant("api/healthz").as_deref(), Some("/api/healthz"));
        assert_eq!(meant("http://localhost:3000/status?full").as_deref(), Some("/status?full"));
        assert_eq!(meant("https://localhost").as_deref(), Some("/"));
        for text in ["/health", "pg_isready", "healthcheck", "bin/health", "./health", "ping -c 1 db", "node probe.js"]
        {
            assert_eq!(meant(text), None, "{text}");
        }
    }
}

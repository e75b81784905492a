//! `ports-ignored`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{NetworkMode, Plan, Raw, Service};
use crate::source::KeyPath;

/// A published port that nobody can reach.
pub(super) static RULE: Rule = Rule {
    id: "ports-ignored",
    severity: Severity::Warning,
    summary: "a published port that the engine does not publish",
    docs: "\
A service publishes a port, and has the network of the host or none at all (`network_mode`), or every network that it is on is
`internal`.

**Why it breaks.** In the host's network a program listens on the host itself, and there is nothing to publish. A network
without a way out has no way in either.

**How it shows.** Nothing answers on the host port. In the host's network `docker compose up` has a line about it, `Published ports
are discarded when using host network mode`; for networks without a way out nobody says anything, and `docker compose ps` shows
the port of the container alone.

```toml
[networks]
back = { internal = true }

[services.admin]
image = \"admin:1.4\"
port = 8080
publish = true                     # bad: nothing is published
networks = [\"back\"]

[services.admin]
image = \"admin:1.4\"
port = 8080
publish = true                     # good: `front` has a way out
networks = [\"back\", \"front\"]
```

**Fix.** Put the service on a network with a way out as well, or take the port away.

**Source.** Docker docs, \"Host network driver\" and `docker network create --internal`; tried with Docker Compose 2.40 and Docker
28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values().filter(|service| !service.ports.is_empty()) {
            findings.extend(judge(plan, service));
        }
    }
}

fn judge(plan: &Plan, service: &Service) -> Option<Finding> {
    let environment = Some(plan.environment.as_str());
    let name = &service.name;
    let first = service.ports.first()?;
    let label = || Label::value(environment, first.origin.clone(), "not published");
    let mode = service.origin().key("compose").key("network_mode");
    match service.network_mode() {
        Some(NetworkMode::Host) => {
            let message = format!("`{name}` has the host's network, and its published ports are discarded");
            let finding = Finding::new(RULE.id, RULE.severity, message, label());
            let finding = finding.with(Label::value(environment, mode, "because of this"));
            Some(finding.help("take the ports away: it listens on the host itself"))
        }
        Some(NetworkMode::None) => {
            let message = format!("`{name}` has no network, and nothing reaches its published ports");
            let finding = Finding::new(RULE.id, RULE.severity, message, label());
            Some(finding.with(Label::value(environment, mode, "because of this")).help("take one of them away"))
        }
        Some(_) => None,
        None => {
            let closed: Option<Vec<KeyPath>> = service.networks.iter().map(|network| closed(plan, network)).collect();
            let closed = closed.filter(|closed| !closed.is_empty())?;
            let names = words::names(&service.networks.iter().map(String::as_str).collect::<Vec<_>>());
            let has = if service.networks.len() == 1 { "has" } else { "have" };
            let message = format!("`{name}` publishes a port, and is only on {names}, which {has} no way out");
            let mut finding = Finding::new(RULE.id, RULE.severity, message, label());
            for place in closed {
                finding = finding.with(Label::value(environment, place, "no way in or out"));
            }
            Some(finding.help("put it on a network with a way out as well, or take the port away"))
        }
    }
}

/// Where it says that a network has no way out; none where it has one, or where that is not known.
fn closed(plan: &Plan, network: &str) -> Option<KeyPath> {
    let passed = plan.passthrough.get("networks").and_then(Raw::as_map).and_then(|all| all.get(network));
    let passed = passed.and_then(|network| network.as_map()?.get("internal"));
    let is_true = |value: Option<&Raw>| matches!(value.map(Raw::plain), Some(Raw::Bool(true)));
    if passed.is_some() {
        return is_true(passed).then(|| KeyPath::of(["compose", "networks", network, "internal"]));
    }
    let known = plan.networks.get(network)?;
    (known.internal && !known.external).then(|| KeyPath::of(["networks", network, "internal"]))
}

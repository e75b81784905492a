//! `host-network-port-conflict`: see [`RULE`].

use std::collections::BTreeMap;

use super::{Context, Rule};
use crate::compose::port::Protocol;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Namespace, NetworkMode, Plan, Service};
use crate::source::KeyPath;

/// A port of the host on which a container of the host's network listens, and somebody else too.
pub(super) static RULE: Rule = Rule {
    id: "host-network-port-conflict",
    severity: Severity::Error,
    summary: "a listener in the host's network and another one on the same port",
    docs: "\
A service with `network_mode: host` listens on a port that another service publishes, or on which another service with that mode
listens; or it runs several times. Its published ports do not count: Compose discards them.

**Why it breaks.** In the host's network there is no port of the container's own: what it listens on is taken on the host.

**How it shows.** Against a published port, `docker compose up` ends with `address already in use`, at one of the two. Two listeners
are worse: the command succeeds, and one of the two containers ends with `Address already in use` in its log.

```toml
[services.metrics]
image = \"metrics:1.4\"
port = 9100
compose.network_mode = \"host\"

[services.web]
image = \"web:1.4\"
port = 8000
publish = 9100                     # bad: metrics listens there
publish = 9101                     # good
```

**Fix.** Publish another port of the host, or let the other program listen on another one.

**Source.** Docker docs, \"Host network driver\"; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let mut taken: BTreeMap<u16, Vec<(&Service, KeyPath)>> = BTreeMap::new();
        let on_host =
            |service: &&Service| service.network_mode().is_some() && plan.namespace(service) == Namespace::Host;
        for service in plan.services.values().filter(on_host) {
            findings.extend(several(context, plan, service));
            for (port, origin) in service.listening() {
                let others = taken.entry(port).or_default();
                if let Some((other, place)) = others.iter().find(|(other, _)| other.runs_beside(service)) {
                    findings.push(both(context, plan, port, (service, &origin), (other, place)));
                }
                others.push((service, origin));
            }
        }
        if !taken.is_empty() {
            published(plan, &taken, findings);
        }
    }
}

/// One listener, several times.
fn several(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let count = service.containers();
    let (port, _) = service.listening().into_iter().next().filter(|_| count > 1)?;
    let message =
        format!("`{}` runs {count} times in the host's network, and only one of them gets port {port}", service.name);
    let environment = Some(plan.environment.as_str());
    let place = context.origin_of_count(plan, service);
    let finding = Finding::new(RULE.id, RULE.severity, message, Label::value(environment, place, "one too many"));
    Some(finding.with(mode_of(plan, service)).help("run one, or take `network_mode` away"))
}

fn both(
    context: &Context<'_>,
    plan: &Plan,
    port: u16,
    (later, place): (&Service, &KeyPath),
    (earlier, first): (&Service, &KeyPath),
) -> Finding {
    let message = format!("`{}` and `{}` both listen on port {port} of the host", earlier.name, later.name);
    let label = |service: &Service, place: &KeyPath, text: &str| {
        let known = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
        let key = place.key_at(2).unwrap_or_default();
        if known.is_some_and(|written| written.written.iter().any(|known| known == key)) {
            Label::value(Some(&plan.environment), place.clone(), text)
        } else {
            mode_of(plan, service)
        }
    };
    let finding = Finding::new(RULE.id, RULE.severity, message, label(later, place, "the same port"));
    finding
        .with(label(earlier, first, "taken"))
        .help("let one of them listen elsewhere, or take its `network_mode` away")
}

fn published(plan: &Plan, taken: &BTreeMap<u16, Vec<(&Service, KeyPath)>>, findings: &mut Vec<Finding>) {
    for service in plan.services.values().filter(|service| service.network_mode().is_none()) {
        for port in &service.ports {
            let Some(mapping) = port.mapping.filter(|mapping| mapping.protocol == Protocol::Tcp) else { continue };
            // Of a pool the engine takes another one.
            let Some(range) = mapping.published.filter(|_| !mapping.is_pool()) else { continue };
            let meets = taken.range(range.first..=range.last).find_map(|(number, listeners)| {
                Some((number, listeners.iter().find(|(other, _)| other.runs_beside(service))?))
            });
            let Some((number, (other, _))) = meets else { continue };
            let message = format!(
                "`{}` publishes host port {number}, on which `{}` listens in the host's network",
                service.name, other.name
            );
            let label = Label::value(Some(&plan.environment), port.origin.clone(), format!("{number} is taken"));
            let finding = Finding::new(RULE.id, RULE.severity, message, label).with(mode_of(plan, other));
            findings.push(finding.help("publish another port of the host"));
        }
    }
}

fn mode_of(plan: &Plan, service: &Service) -> Label {
    let text = match service.network_mode() {
        Some(NetworkMode::Service(other)) => format!("`{}` has the network of `{other}`", service.name),
        _ => format!("`{}` listens on the host", service.name),
    };
    Label::value(Some(&plan.environment), service.origin().key("compose").key("network_mode"), text)
}

//! `shared-netns-port-conflict`: see [`RULE`].

use std::collections::HashMap;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Namespace, NetworkMode, Plan, Service};
use crate::source::KeyPath;

/// Two programs on one port of one container's network.
pub(super) static RULE: Rule = Rule {
    id: "shared-netns-port-conflict",
    severity: Severity::Error,
    summary: "two services that share a network listen on one port",
    docs: "\
A service has the network of another one (`network_mode: service:vpn`), and both listen on the same port; or two that share it
do; or one of them runs several times.

**Why it breaks.** They share addresses and ports as two programs on one machine do.

**How it shows.** `docker compose up` succeeds. The second program ends with `Address already in use` in its log.

```toml
[services.web]
image = \"web:1.4\"
port = 8080

[services.sidecar]
image = \"sidecar:1.4\"
port = 8080                             # bad: web listens there
compose.network_mode = \"service:web\"

[services.sidecar]
image = \"sidecar:1.4\"
port = 8081                             # good
compose.network_mode = \"service:web\"
```

**Fix.** Let one of them listen on another port.

**Source.** compose-spec, `network_mode`; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let joined: Vec<&Service> = plan
            .services
            .values()
            .filter(|service| matches!(service.network_mode(), Some(NetworkMode::Service(_))))
            .collect();
        let mut taken: HashMap<(&str, u16), Vec<(&Service, KeyPath)>> = HashMap::new();
        for service in &joined {
            let Namespace::Of(owner) = plan.namespace(service) else { continue };
            findings.extend(several(context, plan, service, owner));
            for (port, origin) in service.listening() {
                let others = taken.entry((owner, port)).or_insert_with(|| of_owner(plan, owner, port));
                if let Some((other, place)) = others.iter().find(|(other, _)| other.runs_beside(service)) {
                    findings.push(finding(context, plan, port, (service, &origin), (other, place)));
                }
                others.push((service, origin));
            }
        }
    }
}

/// The owner of a network, where it listens on this port itself.
fn of_owner<'p>(plan: &'p Plan, owner: &str, port: u16) -> Vec<(&'p Service, KeyPath)> {
    let Some(service) = plan.services.get(owner) else { return Vec::new() };
    let listening = service.listening().into_iter().filter(|(number, _)| *number == port);
    listening.map(|(_, origin)| (service, origin)).collect()
}

/// Several containers in one network, on one port.
fn several(context: &Context<'_>, plan: &Plan, service: &Service, owner: &str) -> Option<Finding> {
    let count = service.containers();
    let (port, _) = service.listening().into_iter().next().filter(|_| count > 1)?;
    let name = &service.name;
    let message =
        format!("`{name}` runs {count} times in the network of `{owner}`, and only one of them gets port {port}");
    let place = context.origin_of_count(plan, service);
    let label = Label::value(Some(&plan.environment), place, "one too many");
    Some(Finding::new(RULE.id, RULE.severity, message, label).with(mode_of(plan, service)).help("run one of it"))
}

fn finding(
    context: &Context<'_>,
    plan: &Plan,
    port: u16,
    (later, place): (&Service, &KeyPath),
    (earlier, first): (&Service, &KeyPath),
) -> Finding {
    let message = format!("`{}` and `{}` share a network, and both listen on port {port}", earlier.name, later.name);
    let written = |service: &Service, place: &KeyPath| {
        let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
        let key = place.key_at(2).unwrap_or_default();
        written.is_some_and(|written| written.written.iter().any(|known| known == key))
    };
    let environment = Some(plan.environment.as_str());
    let primary = if written(later, place) {
        Label::value(environment, place.clone(), "the same port")
    } else {
        mode_of(plan, later)
    };
    let other = if written(earlier, first) {
        Label::value(environment, first.clone(), "taken")
    } else {
        context.key_of(plan, &earlier.origin(), "listens there")
    };
    Finding::new(RULE.id, RULE.severity, message, primary).with(other).help("let one of them listen on another port")
}

fn mode_of(plan: &Plan, service: &Service) -> Label {
    let place = service.origin().key("compose").key("network_mode");
    Label::value(Some(&plan.environment), place, "the network of another one")
}

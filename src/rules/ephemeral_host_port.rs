//! `ephemeral-host-port`: see [`RULE`].

use super::{Context, Rule, unknown_key};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, PublishedPort, Service};

/// A port of the host that is another one each time.
pub(super) static RULE: Rule = Rule {
    id: "ephemeral-host-port",
    severity: Severity::Warning,
    summary: "a published port without a number on the host",
    docs: "\
An entry of `publish` names the port of the container alone (`\"80\"`), the port 0 of the host, or a variable that is empty unless
somebody sets it.

**Why it breaks.** The engine picks a port of the host, and another one for each new container.

**How it shows.** The service is reached on a port such as 32768 that only `docker compose ps` knows, and after the next
`docker compose up` on another one.

```toml
[services.web]
image = \"nginx:1.28\"
publish = \"80\"             # bad: whichever port the engine picks

[services.web]
image = \"nginx:1.28\"
publish = \"8080:80\"        # good
```

**Fix.** Write the port of the host before it. Where any will do, say so with `allow`; several containers of one service are
left alone: each wants a port of its own.

**Source.** compose-spec, \"ports\"; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let publishes = |service: &&Service| service.network_mode().is_none_or(|mode| mode.is_published());
        // Of several containers each wants a port of its own.
        for service in plan.services.values().filter(publishes).filter(|service| service.containers() < 2) {
            let is_picked = |port: &&PublishedPort| port.mapping.is_some_and(|mapping| mapping.published.is_none());
            let picked = service.ports.iter().filter(is_picked);
            let picked = picked.filter(|port| !unknown_key::is_misspelt(context, plan, &port.origin));
            findings.extend(picked.map(|port| finding(plan, service, port)));
        }
    }
}

fn finding(plan: &Plan, service: &Service, port: &PublishedPort) -> Finding {
    let environment = Some(plan.environment.as_str());
    let target = port.mapping.map(|mapping| mapping.target.to_string()).unwrap_or_default();
    let variable = port.text.variables().into_iter().find_map(|name| plan.variables.get_key_value(name));
    let name = &service.name;
    let (message, label) = match variable {
        Some((variable, _)) => (
            format!("the engine picks a host port for port {target} of `{name}` unless the operator sets `{variable}`"),
            "empty where nothing is set",
        ),
        None => (
            format!("the engine picks a host port for port {target} of `{name}`, another one each time"),
            "no host port",
        ),
    };
    let finding = Finding::new(RULE.id, RULE.severity, message, Label::value(environment, port.origin.clone(), label));
    let declared = variable.filter(|(_, variable)| variable.origin.key_at(0) == Some("variables"));
    match declared {
        Some((_, variable)) => {
            let place = Label::key(environment, variable.origin.clone(), "has no value of its own");
            finding.with(place).help("give it a default, or take the default away: then it has to be set")
        }
        None => finding.help(format!("write the port of the host before it, such as `8080:{target}`")),
    }
}

//! `replicas-fixed-port`: see [`RULE`].

use std::net::IpAddr;

use super::{Context, Rule};
use crate::compose::port::{PortMapping, Protocol};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::plan::{Plan, PublishedPort, Service};

/// More containers than host ports.
pub(super) static RULE: Rule = Rule {
    id: "replicas-fixed-port",
    severity: Severity::Error,
    summary: "more containers of a service than host ports for them",
    docs: "\
A service runs in several containers, and publishes a port at fewer host ports: each container wants one of its own. A
range of host ports for one port of the container is shared among the containers; a range for a range is not, and neither
are two entries for one port.

**Why it breaks.** Only one process can listen on a port of an address.

**How it shows.** `docker compose up` starts as many containers as there are ports, and ends with `Bind for 127.0.0.1:8080
failed: port is already allocated`, or `all ports are allocated`. `docker compose config` says nothing.

```toml
[services.web]
image = \"web:1.4\"
port = 8000
publish = 8080
replicas = 2                     # bad: both want 8080

[services.web]
image = \"web:1.4\"
port = 8000
publish = \"8080-8081:8000\"       # good, but who gets which is chance
replicas = 2

[services.web]
image = \"web:1.4\"
port = 8000
routes.site = { path = \"/\" }     # good: the proxy reaches each of them
replicas = 2
```

**Fix.** Publish nothing and let the proxy reach the containers through a route; or publish a range that is wide enough.

**Source.** compose-spec, `ports` and `deploy.replicas`; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        // What has another's network publishes nothing itself.
        let publishes = |service: &&Service| service.network_mode().is_none_or(|mode| mode.is_published());
        for service in plan.services.values().filter(publishes) {
            let count = service.containers();
            let is_short = |port: &&PublishedPort| available(port).is_some_and(|available| available < count);
            let short: Vec<&PublishedPort> = service.ports.iter().filter(is_short).collect();
            if count > 1 && !short.is_empty() {
                findings.push(finding(context, plan, service, count, &short));
            }
        }
    }
}

/// How many containers can have the port; none where the engine picks one, or nothing is known.
fn available(port: &PublishedPort) -> Option<u64> {
    let mapping = port.mapping?;
    // At 0 the engine picks one.
    let published = mapping.published.filter(|published| published.last > 0)?;
    Some(if mapping.is_pool() { u64::from(published.count()) } else { 1 })
}

fn finding(context: &Context<'_>, plan: &Plan, service: &Service, count: u64, short: &[&PublishedPort]) -> Finding {
    let environment = Some(plan.environment.as_str());
    let name = &service.name;
    let fewest = short.iter().filter_map(|port| available(port)).min().unwrap_or(1);
    let ports = if fewest == 1 { "one host port".to_owned() } else { format!("{fewest} host ports") };
    let message = format!("`{name}` runs {count} times and has {ports}");
    let place = context.origin_of_count(plan, service);
    let finding = Finding::new(RULE.id, RULE.severity, message, Label::value(environment, place, "containers"));
    let finding = short.iter().fold(finding, |finding, port| {
        let text = match available(port) {
            Some(1) | None => "for one of them".to_owned(),
            Some(available) => format!("for {available} of them"),
        };
        finding.with(Label::value(environment, port.origin.clone(), text))
    });
    if !service.routers.is_empty() {
        let fix = Fix::new("publish nothing here");
        let origins = short.iter().map(|port| &port.origin).filter(|origin| origin.key_at(2) == Some("publish"));
        let fix = origins.clone().fold(fix, |fix, origin| fix.take_away(&plan.environment, origin.clone()));
        let finding = if origins.count() == short.len() { finding.fix(fix) } else { finding };
        return finding.help("publish nothing here: the proxy reaches every container through the route");
    }
    let help = match short {
        [port] => port.mapping.and_then(|mapping| wider(mapping, count)),
        _ => None,
    };
    let help = help.map(|range| format!("publish a range, `\"{range}\"`, or let a route lead to it"));
    finding.help(help.unwrap_or_else(|| "publish a range of host ports for each, or let a route lead to it".to_owned()))
}

/// The same mapping with a host port for each container.
fn wider(mapping: PortMapping, count: u64) -> Option<String> {
    let first = mapping.published?.first;
    let last = u16::try_from(u64::from(first) + count - 1).ok()?;
    let ip = match mapping.ip {
        None => String::new(),
        Some(IpAddr::V4(ip)) => format!("{ip}:"),
        Some(IpAddr::V6(ip)) => format!("[{ip}]:"),
    };
    let protocol = if mapping.protocol == Protocol::Tcp { String::new() } else { format!("/{}", mapping.protocol) };
    (mapping.target.count() == 1).then(|| format!("{ip}{first}-{last}:{}{protocol}", mapping.target))
}

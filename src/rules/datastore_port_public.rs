//! `datastore-port-public`: see [`RULE`].

use super::datastore_without_volume::images;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::kinds::Class;
use crate::plan::{Plan, PublishedPort, Service};
use crate::source::KeyPath;

/// A data store that anybody can knock at.
pub(super) static RULE: Rule = Rule {
    id: "datastore-port-public",
    severity: Severity::Warning,
    summary: "a data store whose port is open to the network in production",
    docs: "\
In a production environment a data store publishes a port, and not on the host's loopback address. Data stores are the kinds
that keep data, and the official images of PostgreSQL, MySQL, MariaDB, MongoDB, Redis and Valkey.

**Why it breaks.** It need not: services of the stack reach it without a published port. But whoever reaches the host can now
try passwords, and some data stores ask for none. The engine's own rules for published ports come before those of firewalls
such as `ufw`, which therefore do not help.

**How it shows.** Not at all, until somebody else's program has found it. Machines that are open to the internet are
searched within minutes.

```toml
[services.db]
image = \"postgres:17\"
publish = \"5432:5432\"                # bad: on every address of the host

[services.db]
image = \"postgres:17\"
publish = \"127.0.0.1:5432:5432\"      # good: for whoever is on the host
```

**Fix.** Take `publish` away, or put `127.0.0.1:` before it; from elsewhere, `ssh -L 5432:127.0.0.1:5432 host` leads there.

**Source.** Docker docs, \"Packet filtering and firewalls\", \"Docker and ufw\"; OWASP, \"Docker Security Cheat Sheet\".
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans.iter().filter(|plan| plan.production) {
        for service in plan.services.values().filter(|service| is_datastore(service)) {
            findings.extend(
                service.ports.iter().filter(|port| is_open(port)).map(|port| finding(context, plan, service, port)),
            );
        }
    }
}

fn is_datastore(service: &Service) -> bool {
    service.class == Class::Datastore || images::of_service(service).is_some()
}

/// Whether others than the host itself reach it.
fn is_open(port: &PublishedPort) -> bool {
    port.mapping.is_some_and(|mapping| mapping.ip.is_none_or(|ip| !ip.is_loopback()))
}

fn finding(context: &Context<'_>, plan: &Plan, service: &Service, port: &PublishedPort) -> Finding {
    let environment = Some(plan.environment.as_str());
    let ip = port.mapping.and_then(|mapping| mapping.ip).filter(|ip| !ip.is_unspecified());
    let where_to = ip.map_or_else(|| "every address of the host".to_owned(), |ip| ip.to_string());
    let message = format!("the data store `{}` is published on {where_to}", service.name);
    let label = Label::value(environment, port.origin.clone(), "open to the network");
    let finding = Finding::new(RULE.id, RULE.severity, message, label).with(context.production(plan));
    let bind = KeyPath::of(["stack", "bind"]);
    if port.derived && context.manifest(plan).and_then(|manifest| manifest.stack.as_ref()?.bind.as_ref()).is_some() {
        let place = Label::value(environment, bind, "the address of every derived port");
        return finding.with(place).help("take `publish` away, or write the port out: `\"127.0.0.1:<port>:<port>\"`");
    }
    let finding = finding.help("take it away, or put `127.0.0.1:` before it");
    match super::port_invalid::written(context, plan, service, &port.origin).and_then(local) {
        Some(local) => {
            let fix = Fix::new(format!("publish it as `{local}`"));
            finding.fix(fix.put(&plan.environment, port.origin.clone(), local))
        }
        None => finding,
    }
}

/// The same mapping on the loopback address; none where an address was chosen that may be meant.
fn local(written: &str) -> Option<String> {
    let rest = ["0.0.0.0:", "[::]:"].iter().find_map(|everywhere| written.strip_prefix(everywhere));
    let has_address = rest.is_none()
        && (written.starts_with('[') || written.split_once(':').is_some_and(|(first, _)| first.contains('.')));
    let rest = rest.unwrap_or(written);
    // A container port alone gets some port of the host.
    let host = if rest.contains(':') { "" } else { ":" };
    (!has_address).then(|| format!("127.0.0.1:{host}{rest}"))
}

//! `datastore-on-edge-network`: see [`RULE`].

use super::datastore_without_volume::images;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::kinds::Class;
use crate::plan::{EDGE, Plan, Service};

/// A data store beside the proxy.
pub(super) static RULE: Rule = Rule {
    id: "datastore-on-edge-network",
    severity: Severity::Warning,
    summary: "a data store on the proxy's network",
    docs: "\
A data store names the network of the proxy among its `networks`, although no route leads to it. Data stores are the kinds that
keep data, and the official images of PostgreSQL, MySQL, MariaDB, MongoDB, Redis and Valkey.

**Why it breaks.** On that network is whatever can be reached from outside, perhaps also that of other stacks that share the proxy.
Each of them can knock at the data store, and so can whoever takes one of them over.

**How it shows.** Not at all, until one of the others is broken into.

```toml
[services.db]
image = \"postgres:17\"
networks = [\"edge\", \"internal\"]     # bad

[services.db]
image = \"postgres:17\"
networks = [\"internal\"]             # good, and so is no `networks` at all
```

**Fix.** Take the network away. Who refers to the data store shares `internal` with it.

**Source.** OWASP, \"Docker Security Cheat Sheet\", rule 5 (networks of containers).
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let is_exposed = |service: &&Service| {
            service.networks.iter().any(|network| network == EDGE)
                && service.routers.is_empty()
                && is_datastore(service)
        };
        findings.extend(plan.services.values().filter(is_exposed).map(|service| finding(context, plan, service)));
    }
}

fn is_datastore(service: &Service) -> bool {
    service.class == Class::Datastore || images::of_service(service).is_some()
}

fn finding(context: &Context<'_>, plan: &Plan, service: &Service) -> Finding {
    let message =
        format!("the data store `{}` is on `{EDGE}`, the proxy's network, and no route leads to it", service.name);
    let place = context.origin_of(plan, &service.name, "networks", &["networks"]);
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
    let list = written.and_then(|written| written.networks.as_ref());
    let index =
        list.and_then(|list| list.iter().position(|name| name == EDGE)).filter(|_| place.key_at(2) == Some("networks"));
    let place = index.map_or(place.clone(), |index| place.index(index));
    let label = Label::value(Some(&plan.environment), place, "beside what is reached from outside");
    Finding::new(RULE.id, RULE.severity, message, label)
        .help("take it away: who refers to the data store shares `internal` with it")
}

//! `memory-cpu`: see [`RULE`].

use super::{Context, Rule};
use crate::compose::amount;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Resources, Service};

/// Amounts of memory that the engine refuses.
pub(super) static RULE: Rule = Rule {
    id: "memory-cpu",
    severity: Severity::Error,
    summary: "an amount of memory that the engine refuses",
    docs: "\
The `reservations` of a service ask for more memory than its `limits` allow, or the limit is less than 6 megabytes.

**Why it breaks.** What is kept free for a container is part of what it may take. And no container starts with less than
6 megabytes.

**How it shows.** Compose reads the file without a word. `docker compose up` ends with `Minimum memory limit can not be less
than memory reservation limit`, or with `Minimum memory limit allowed is 6MB`, and half of the stack runs.

```toml
[defaults]
reservations = { memory = \"256m\" }

[services.web]
image = \"nginx:1.28\"
limits = { memory = \"128m\" }           # bad: the reservation of all services is twice as much

[services.web]
image = \"nginx:1.28\"
limits = { memory = \"128m\" }
reservations = { memory = \"64m\" }      # good
```

**Fix.** Lower the reservation, or raise the limit.

**Source.** Docker docs, \"Resource constraints\"; tried with Docker 28.5.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// The least that the engine takes, in bytes (moby, `linuxMinMemory`).
const LEAST: u64 = 6 << 20;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(too_little(context, plan, service));
            findings.extend(more_than_allowed(context, plan, service));
        }
    }
}

fn too_little(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let (text, bytes) = memory(service.limits.as_ref())?;
    // Nothing at all is no limit.
    if bytes == 0 || bytes >= LEAST {
        return None;
    }
    let message =
        format!("`{}` may take {text} of memory, and the engine gives no container less than 6m", service.name);
    let label = label(context, plan, service, "limits", "too little");
    Some(Finding::new(RULE.id, RULE.severity, message, label).help("write a unit: `512m`, `1g`"))
}

fn more_than_allowed(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let (limit, allowed) = memory(service.limits.as_ref())?;
    let (text, wanted) = memory(service.reservations.as_ref())?;
    if wanted <= allowed || allowed < LEAST {
        return None;
    }
    let message = format!("{text} of memory are kept free for `{}`, and it may take {limit}", service.name);
    let primary = label(context, plan, service, "reservations", "more than the limit");
    let finding = Finding::new(RULE.id, RULE.severity, message, primary);
    let finding = finding.with(label(context, plan, service, "limits", "the limit"));
    Some(finding.help("lower the reservation, or raise the limit"))
}

/// An amount of memory as it is written, and in bytes.
fn memory(resources: Option<&Resources>) -> Option<(&str, u64)> {
    let text = resources?.memory.as_deref()?;
    Some((text, amount::bytes(text)?))
}

fn label(context: &Context<'_>, plan: &Plan, service: &Service, key: &str, text: &str) -> Label {
    let passed = ["deploy", "resources", key, "memory"];
    let place = context.origin_of(plan, &service.name, key, &passed);
    let place = if place.key_at(2) == Some("compose") { place } else { place.key("memory") };
    Label::value(Some(&plan.environment), place, text)
}

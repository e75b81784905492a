//! `one-shot-never-awaited`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};
use crate::plan::{Condition, Plan, Service};

/// A service that ends by design, and for whose end nobody waits.
pub(super) static RULE: Rule = Rule {
    id: "one-shot-never-awaited",
    severity: Severity::Warning,
    summary: "a service that ends by design, and for whose end nobody waits",
    docs: "\
A service is `one-shot`, and no other one waits until it has ended: nobody depends on it, or only on its start. A service
with a profile is started by hand, and not meant.

**Why it breaks.** Whoever needs what it does, a migrated database, a seeded bucket, starts at the same time and finds it
half done. And nobody notices when it fails.

**How it shows.** The first start of a new stack fails with `relation \"users\" does not exist`, the second one works. `docker
compose up --wait`, which deployments use, fails each time, even if all is well: `container shop-migrate-1 exited (0)`.

```toml
[services.migrate]
image = \"shop-migrate:1.4\"
one-shot = true                   # bad: api starts beside it

[services.api]
image = \"shop-api:1.4\"
port = 8000

[services.api]
image = \"shop-api:1.4\"
port = 8000
depends-on = [\"migrate\"]          # good: api starts when it has ended well
```

**Fix.** Let whoever needs it depend on it: that of a `one-shot` service is awaited to its end. What somebody runs by hand
gets a profile: `profiles = [\"tools\"]`.

**Source.** compose-spec, `depends_on`, `service_completed_successfully`. Tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values().filter(|service| service.one_shot && service.profiles.is_empty()) {
            findings.extend(finding(context, plan, service));
        }
    }
}

fn finding(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    if service.containers() == 0 {
        return None;
    }
    let waiting = || plan.services.values().filter_map(|other| Some((other, other.depends_on.get(&service.name)?)));
    if waiting().any(|(_, dependency)| dependency.condition == Condition::Completed) {
        return None;
    }
    let name = &service.name;
    let message = format!("`{name}` ends by design, and nobody waits until it has ended");
    let primary = context.key_of(plan, &service.origin(), "runs beside all others");
    let mut finding = Finding::new(RULE.id, RULE.severity, message, primary);
    finding.environment = Some(plan.environment.clone());
    Some(match waiting().next() {
        Some((other, dependency)) => {
            let place = dependency.named.as_ref().unwrap_or(&dependency.origin).clone();
            let label = crate::diagnostics::Label::value(Some(&plan.environment), place, "waits for its start alone");
            finding.with(label).help(format!("let `{}` wait for its end: `depends-on = [\"{name}\"]`", other.name))
        }
        None => finding.help(format!(
            "`depends-on = [\"{name}\"]` in whoever needs what it does; `profiles = [\"…\"]` where somebody runs it by hand"
        )),
    })
}

//! `implicit-dependency`: see [`RULE`].

use std::collections::HashSet;

use super::{Context, Rule, Told, finds, told};
use crate::addresses::{UNKNOWN, addresses};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::unions::{DependencyState, DependsOn};
use crate::plan::{Plan, Service};

/// An address of a service for which nobody waits.
pub(super) static RULE: Rule = Rule {
    id: "implicit-dependency",
    severity: Severity::Warning,
    summary: "an address of a service for which nobody waits",
    docs: "\
A variable or the command of a container has the address of another service written out, `redis://redis:6379`, and the
container waits for that service neither itself nor through another one.

**Why it breaks.** Compose knows the order of a start from dependencies alone, and what stands in a text makes none. A
reference does: it is an address, a network and a dependency.

**How it shows.** Sometimes. After `docker compose up` on a slow machine the program finds nobody, `Connection refused` or
`Name or service not known`, and ends or goes on without; `docker compose up web` starts it alone.

```toml
[services.queue]
kind = \"redis\"
version = \"7\"

[services.web]
image = \"web:1.4\"
env.QUEUE = \"redis://queue:6379\"               # bad: nobody waits for queue

[services.web]
image = \"web:1.4\"
env.QUEUE = \"${services.queue.url}\"            # good
```

**Fix.** Write a reference, or name the service in `depends-on`. What the program can do without for a while is said so:
`depends-on = { queue = false }`.

**Source.** compose-spec, `depends_on`: what expresses the order of start and stop. Tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let mut judged: HashSet<&str> = HashSet::new();
            for told in told(service) {
                for target in named(plan, &told) {
                    if judged.insert(&target.name) && is_forgotten(context, plan, service, target) {
                        findings.push(finding(context, plan, service, target, &told));
                    }
                }
            }
        }
    }
}

/// The services whose addresses stand in a text.
fn named<'p>(plan: &'p Plan, told: &Told<'_>) -> Vec<&'p Service> {
    let value = told.text.with_unknown(UNKNOWN);
    if !value.contains(':') {
        return Vec::new();
    }
    let found = addresses(&value).into_iter().filter_map(|address| {
        let target = plan.services.get(&address.host.to_ascii_lowercase())?;
        // `redis:7` may be the name of an image.
        (address.in_url || address.port.is_some_and(|port| target.listens_on(port))).then_some(target)
    });
    found.collect()
}

/// Whether a service could wait for another one and does not.
fn is_forgotten(context: &Context<'_>, plan: &Plan, service: &Service, target: &Service) -> bool {
    let is_same_program = service.extends.as_ref() == Some(&target.name) || service.name == target.name;
    // Who does not always run cannot be awaited by everybody.
    let is_optional = !target.profiles.is_empty() && target.profiles != service.profiles;
    finds(service, target)
        && !is_same_program
        && !is_optional
        && target.containers() > 0
        && !is_waived(context, plan, service, target)
        && !waits(plan, service, &target.name)
        // Two that call each other cannot both come first.
        && !waits(plan, target, &service.name)
}

/// Whether `depends-on` says that it need not wait.
fn is_waived(context: &Context<'_>, plan: &Plan, service: &Service, target: &Service) -> bool {
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
    let Some(DependsOn::Table(states)) = written.and_then(|written| written.depends_on.as_ref()) else { return false };
    matches!(states.get(&target.name), Some(DependencyState::Wanted(false)))
}

/// Whether a service waits for another one, be it through others.
fn waits(plan: &Plan, service: &Service, other: &str) -> bool {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut open: Vec<&Service> = vec![service];
    while let Some(service) = open.pop() {
        for name in service.depends_on.keys() {
            if name == other {
                return true;
            }
            if seen.insert(name) {
                open.extend(plan.services.get(name));
            }
        }
    }
    false
}

fn finding(context: &Context<'_>, plan: &Plan, service: &Service, target: &Service, told: &Told<'_>) -> Finding {
    let to = &target.name;
    // Without the service: what another one takes over from it is the same mistake.
    let message = format!("{} has the address of `{to}`, and does not wait until that is up", told.source);
    let place = context.origin_of_told(plan, service, told);
    let primary = Label::value(Some(&plan.environment), place, "an address, and no dependency");
    let kind = target.kind.as_ref().and_then(|kind| context.read.kinds.get(kind));
    let output = match target.port {
        Some(_) if kind.is_some_and(|kind| kind.outputs.contains_key("url")) => "url",
        Some(_) => "address",
        None => "host",
    };
    let help = format!("write a reference, `${{services.{to}.{output}}}`, or `depends-on = [\"{to}\"]`");
    let finding = Finding::new(RULE.id, RULE.severity, message, primary);
    finding.with(context.key_of(plan, &target.origin(), "may start later")).help(help)
}

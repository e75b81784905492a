//! `runs-twice`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Service};

/// A process of which there can be one, more than once.
pub(super) static RULE: Rule = Rule {
    id: "runs-twice",
    severity: Severity::Error,
    summary: "a process that does everything twice when it runs twice",
    docs: "\
A scheduler has `replicas`, or two services run the same one.

**Why it breaks.** A scheduler knows nothing of another one: each sends every task that is due.

**How it shows.** Nothing fails. Each mail goes out twice, each report is written twice, each bill is sent twice; in the
log of the workers every scheduled task is there as often as there are schedulers.

```toml
[services.scheduler]
extends = \"api\"
kind = \"celery\"
app = \"shop.tasks\"
role = \"beat\"
replicas = 2      # bad: for workers that is right, for what gives them work it is not

[services.scheduler]
extends = \"api\"
kind = \"celery\"
app = \"shop.tasks\"
role = \"beat\"     # good
```

**Fix.** Run one. If it ends, the engine starts it again; what was due meanwhile is sent then.

**Source.** Celery's documentation, \"Periodic Tasks\": a single scheduler for a schedule at a time, otherwise there are
duplicate tasks. Which kinds are meant stands in their kind.toml (`single`).
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let single: Vec<&Service> = plan.services.values().filter(|service| service.single).collect();
        for (index, service) in single.iter().enumerate() {
            let (name, count) = (&service.name, service.containers());
            if count > 1 {
                let message = format!("`{name}` runs {count} times, and does everything as often");
                let place = context.origin_of_count(plan, service);
                findings.push(finding(plan, place, message, "one too many").help("remove it: one is enough"));
            }
            let Some(first) = single[..index].iter().find(|first| is_the_same(first, service)) else { continue };
            let message = format!("`{name}` does what `{}` does, a second time", first.name);
            let first = Label::key(Some(&plan.environment), first.origin(), "the first one");
            let help = "remove one of them, or give each a profile of its own";
            findings.push(finding(plan, service.origin(), message, "the same again").with(first).help(help));
        }
    }
}

/// Whether both run at the same time, the same program in the same way.
fn is_the_same(first: &Service, second: &Service) -> bool {
    let program = |service: &Service| service.build.as_ref().map(|build| (build.source.clone(), build.context.clone()));
    first.runs_beside(second)
        && first.kind == second.kind
        && program(first) == program(second)
        && first.image == second.image
        && first.command == second.command
        && first.environment == second.environment
}

fn finding(plan: &Plan, place: crate::source::KeyPath, message: String, label: &'static str) -> Finding {
    Finding::new(RULE.id, RULE.severity, message, Label::value(Some(&plan.environment), place, label))
}

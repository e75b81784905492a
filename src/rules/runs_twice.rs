//! `runs-twice`: see [`RULE`].

use super::datastore_without_volume::images;
use super::{Context, Rule};
use crate::compose::volume::Source;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Service};

/// A process of which there can be one, more than once.
pub(super) static RULE: Rule = Rule {
    id: "runs-twice",
    severity: Severity::Error,
    summary: "a process that does everything twice when it runs twice",
    docs: "\
A scheduler has `replicas`, or two services run the same one; or something that keeps data has `replicas`, and all of them
the same volume: also an official image of PostgreSQL, MySQL, MariaDB, MongoDB, Redis or Valkey.

**Why it breaks.** A scheduler knows nothing of another one: each sends every task that is due. A program that keeps data
takes its directory for its own.

**How it shows.** Of several programs on one volume, the second one ends at its start (`lock DB directory: resource
temporarily unavailable`), or both write over each other's files. Of schedulers, nothing fails. Each mail goes out twice, each report is written twice, each bill is sent twice; in the
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

**Fix.** Run one. If it ends, the engine starts it again; what was due meanwhile is sent then. A second database is another
service, with a volume of its own.

**Source.** Celery's documentation, \"Periodic Tasks\": a single scheduler for a schedule at a time, otherwise there are
duplicate tasks. Which kinds are meant stands in their kind.toml (`single`).
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        findings.extend(plan.services.values().filter_map(|service| shared_data(context, plan, service)));
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

/// Several containers in one directory of data.
fn shared_data(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let count = service.containers();
    // A kind that may run once only is told of as such.
    if count < 2 || service.single {
        return None;
    }
    let kind = service.kind.as_ref().and_then(|kind| context.read.kinds.get(kind));
    let paths: Vec<&str> = match kind {
        Some(kind) => kind.data.iter().map(|data| data.path.as_str()).collect(),
        None => images::of_service(service)?.to_vec(),
    };
    let volume = service.volumes.iter().find_map(|planned| match &planned.mount.source {
        Source::Volume(name) if paths.contains(&planned.mount.place().as_str()) => Some(name),
        _ => None,
    })?;
    let message = format!("`{}` runs {count} times, all of them on the volume `{volume}`", service.name);
    let place = context.origin_of_count(plan, service);
    Some(finding(plan, place, message, "one too many").help("remove it: the data belongs to one"))
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

//! `queue-without-consumer`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::words::{self, nearest};
use crate::diagnostics::{Finding, Label, Severity};

/// A queue that fills up.
pub(super) static RULE: Rule = Rule {
    id: "queue-without-consumer",
    severity: Severity::Warning,
    summary: "a service fills a task queue that no worker works on",
    docs: "\
A service `produces` a queue, and no service of the same environment `consumes` it. A Celery worker without `consumes` works on the
queue `celery`.

**Why it breaks.** A task waits in its queue until a worker takes it. Nobody looks into a queue by chance: a Celery worker
that is told its queues works on those, and on no others.

**How it shows.** Not at all at first: sending works. The task never runs, and the broker grows.

```toml
[services.api]
kind = \"python\"
version = \"3.13\"
source = \"api\"
app = \"main:app\"
port = 8000
produces = [\"mail\", \"reports\"]      # bad: nobody works on `reports`

[services.worker]
kind = \"celery\"
extends = \"api\"
app = \"tasks\"
consumes = [\"mail\"]                   # good: with \"reports\" too
```

**Fix.** Add the queue to the `consumes` of a worker, or take it out of `produces`.

**Source.** Celery docs, \"Routing Tasks\", \"Workers Guide\": `--queues`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let consumed: Vec<&str> = plan
            .services
            .values()
            .flat_map(|service| service.consumes.iter().chain(&service.default_queues))
            .map(String::as_str)
            .collect();
        let mut told: Vec<&str> = Vec::new();
        for service in plan.services.values() {
            for (index, queue) in service.produces.iter().enumerate() {
                if consumed.contains(&queue.as_str()) || told.contains(&queue.as_str()) {
                    continue;
                }
                told.push(queue);
                let place = context.origin_of(plan, &service.name, "produces", &[]).index(index);
                let message = format!("nothing consumes the queue `{queue}`, which `{}` fills", service.name);
                let label = Label::value(Some(&plan.environment), place, "nobody works on it");
                let help = match nearest(queue, consumed.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None if consumed.is_empty() => "add a worker with `consumes`".to_owned(),
                    None => format!("add it to the `consumes` of a worker; they work on {}", words::names(&consumed)),
                };
                findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
            }
        }
    }
}

//! `invalid-value`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, ProblemKind};
use crate::source::KeyPath;

mod variables;
mod written;

/// A duration, size, share or policy that Compose does not take.
pub(super) static RULE: Rule = Rule {
    id: "invalid-value",
    severity: Severity::Error,
    summary: "a duration, size, policy, path, default or list that cannot do what it says",
    docs: "\
A time without a unit, a size that is none, a number of processors that is not above zero, a restart policy that does not
exist, or that starts again what ends by design; a user that is none; a path of a request
without its `/`; the name of a profile that cannot be asked for; a secret in the middle of a text where it would stay; a
`generate` for a variable that has a default, is a number, or would be too short to be safe; versions of stackgen that this
one is not. Something among the `packages` that is no name of a Debian package; an `allow` without a reason; a value passed
through to Compose that it would not take there. A variable whose default is not what its `type` or `values` ask for (a
warning for its example). Environments that are named twice, or none at all.

**Why it breaks.** Compose rejects some of them when it reads the file (`stop-grace = \"10\"`), and takes others that only
the engine refuses, when the container is to be created (`restart = \"sometimes\"`, a negative number of processors).

A default that does not fit reaches the program, and `stackgen env` asks every operator for another value.

**How it shows.** `docker compose config` ends with `time: missing unit in duration`; or `docker compose up` creates half
of the stack and ends with `invalid restart policy`. Where a service that ends is always started again, whoever waits for it
to end waits forever.

```toml
[services.worker]
image = \"worker:1.4\"
stop-grace = \"30\"                 # bad: thirty of what?

[services.worker]
image = \"worker:1.4\"
stop-grace = \"30s\"                # good
```

**Fix.** Durations are numbers with units (`us`, `ms`, `s`, `m`, `h`), sizes a number with `b`, `k`, `m` or `g`, restart
policies `no`, `always`, `unless-stopped`, `on-failure` and `on-failure:<retries>`. `generate` is `true` or a number of
characters, for a variable of type `string` or `url-safe` without a default where it is required.

**Source.** compose-spec, \"Specifying durations\", \"Specifying byte values\" and `restart`; Debian Policy Manual, 5.6.7,
\"Package\". What Compose takes was tried with `docker compose config` 2.40.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        if let ProblemKind::Value { message, help } = &problem.kind {
            findings.push(at_problem(&RULE, plan, problem, message.clone(), "").help(*help));
        }
    }
    for plan in context.plans {
        written::check(context, plan, findings);
        environments(context, plan, findings);
        variables::check(context, plan, findings);
    }
}

/// Environments that are none, or named twice.
fn environments(context: &Context<'_>, plan: &Plan, findings: &mut Vec<Finding>) {
    let stack = context.manifest(plan).and_then(|manifest| manifest.stack.as_ref());
    let Some(names) = stack.and_then(|stack| stack.environments.as_ref()) else { return };
    let path = KeyPath::of(["stack", "environments"]);
    if names.is_empty() {
        let label = Label::value(None, path, "nothing in it");
        let message = "the stack has no environment";
        let help = "name one, or remove the key: then there is one that is called `default`";
        findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
        return;
    }
    for (index, name) in names.iter().enumerate() {
        let Some(first) = names[..index].iter().position(|known| known == name) else { continue };
        let label = Label::value(None, path.index(index), "a second time");
        let message = format!("the environment `{name}` is named twice");
        let finding = Finding::new(RULE.id, RULE.severity, message, label).help("remove one of them");
        findings.push(finding.with(Label::value(None, path.index(first), "first here")));
    }
}

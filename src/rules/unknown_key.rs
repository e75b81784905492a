//! `unknown-key`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest::Problem;

/// A key that does not exist.
pub(super) static RULE: Rule = Rule {
    id: "unknown-key",
    severity: Severity::Error,
    summary: "a key that services.toml does not have",
    docs: "\
A key in services.toml that stackgen does not know, or that belongs to another kind of service.

**Why it breaks.** A key that nobody reads says something that never happens: a misspelt `prot = 3000` leaves the
service without a port, and whoever wrote it believes that it has one.

**How it shows.** Not at all: the stack starts, and something is missing from it.

```toml
[services.web]
prot = 3000       # bad: there is no such key

[services.web]
port = 3000       # good
```

**Fix.** Write the key as the reference spells it. Options of a kind stand flat beside a service's own keys; what is
another system's (labels, middlewares, static flags) keeps that system's spelling.

**Source.** The schema of services.toml: `stackgen schema`.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for problem in &context.read.problems {
        match problem {
            Problem::UnknownKey { path, environment, meant, kinds, candidates } => {
                let Some(name) = path.steps().last().map(|step| match step {
                    crate::source::Step::Key(key) => key.clone(),
                    crate::source::Step::Index(index) => index.to_string(),
                }) else {
                    continue;
                };
                let label = Label::key(environment.as_deref(), path.clone(), "no such key");
                let finding = Finding::new(RULE.id, RULE.severity, format!("unknown key `{name}`"), label);
                findings.push(match (meant, kinds.as_slice()) {
                    (Some(meant), _) => finding.help(format!("did you mean `{meant}`?")),
                    (None, []) => finding.help(format!("the keys here are {}", words::and(candidates))),
                    (None, kinds) => finding.help(format!("it is an option of the kind {}", words::or(kinds))),
                });
            }
            Problem::UnknownService { environment, name, known } => {
                let path = crate::source::KeyPath::of(["services", name]);
                let label = Label::key(Some(environment), path, "the base file has no such service");
                let message = format!("the overlay of `{environment}` changes `{name}`, which does not exist");
                let meant = words::nearest(name, known.iter().map(String::as_str));
                let help = match meant {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!(
                        "an overlay cannot add a service; declare it in `[services.{name}]` with `environments = [\"{environment}\"]`"
                    ),
                };
                findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
            }
            Problem::UnknownEnvironment { path, environment, name, known } => {
                let message = format!("there is no environment `{name}`");
                let label = Label::value(environment.as_deref(), path.clone(), "not one of `stack.environments`");
                let label = if path.key_at(0) == Some("environments") {
                    Label::key(None, path.clone(), "not one of `stack.environments`")
                } else {
                    label
                };
                let help = words::nearest(name, known.iter().map(String::as_str)).map_or_else(
                    || format!("the environments are {}", words::and(known)),
                    |meant| format!("did you mean `{meant}`?"),
                );
                findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
            }
            _ => {}
        }
    }
}

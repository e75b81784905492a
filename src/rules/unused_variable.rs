//! `unused-variable`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::source::KeyPath;

/// A variable that nothing reads.
pub(super) static RULE: Rule = Rule {
    id: "unused-variable",
    severity: Severity::Hint,
    summary: "a declared variable that nothing reads",
    docs: "\
`[variables]` declares a variable, and nothing in any environment refers to it.

**Why it breaks.** A declaration reaches no container by itself: a service reads a variable where its `env`, or another of
its texts, says `${NAME}`.

**How it shows.** The variable is in no env example and in no container. Whoever sets it wonders why nothing changes.

```toml
[variables]
LOG_LEVEL = { default = \"info\" }

[services.web]
image = \"nginx:1.28\"                  # bad: nobody hands LOG_LEVEL to it

[services.web]
image = \"nginx:1.28\"
env.LOG_LEVEL = \"${LOG_LEVEL}\"        # good
```

**Fix.** Hand it to the services that read it, or remove it.

**Source.** The manifest's reference, \"[variables.NAME]\": what a variable is to those who refer to it.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // A secret that is a file on the host is asked of nobody.
    let is_read = |name: &String| {
        context.plans.iter().any(|plan| plan.variables.contains_key(name) || plan.secrets.contains_key(name))
    };
    for (environment, manifest) in &context.read.environments {
        for name in manifest.variables.keys().filter(|name| !is_read(name)) {
            let place = KeyPath::of(["variables", name]);
            let label = Label::key(Some(environment), place, "nothing refers to it");
            let message = format!("nothing reads the variable `{name}`");
            let help = format!("hand it to a service, `env.{name} = \"${{{name}}}\"`, or remove it");
            findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
        }
    }
}

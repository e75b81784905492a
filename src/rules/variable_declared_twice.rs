//! `variable-declared-twice`: see [`RULE`].

use super::{Context, Rule, at_problem, names_secret};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::Problem;
use crate::plan::{ProblemKind, VariableFlaw};
use crate::source::KeyPath;

/// A variable with two declarations.
pub(super) static RULE: Rule = Rule {
    id: "variable-declared-twice",
    severity: Severity::Error,
    summary: "a variable with two declarations",
    docs: "\
Two places say what one operator variable is: two tables in `env`, a table in `env` beside `[variables]`, a use with an
operator of its own beside a declaration, two uses with different defaults, or one that requires it beside one with a
default.

**Why it breaks.** The operator sets one value, and it reaches every place. With two defaults the services disagree as
long as nothing is set, and agree as soon as it is; which of two declarations the env example shows would be chance.

**How it shows.** Two services that should talk to each other use different secrets, hosts or names, until somebody sets
the variable, and then the mistake is gone.

```toml
[services.api.env]
WEBHOOK_SECRET = { secret = true }        # bad: declared here …

[services.worker.env]
WEBHOOK_SECRET = { secret = true }        # … and here

[variables]
WEBHOOK_SECRET = { secret = true }        # good: declared once

[services.api.env]
WEBHOOK_SECRET = \"${WEBHOOK_SECRET}\"

[services.worker.env]
WEBHOOK_SECRET = \"${WEBHOOK_SECRET}\"
```

**Fix.** Declare it once in `[variables]`, with its default, and use it as `${NAME}`. An overlay may change the declaration
for its environment.

**Source.** compose-spec, \"Interpolation\": a default belongs to the use, the value to the project.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for problem in &context.read.problems {
        let Problem::DeclaredTwice { name, environment, first, second } = problem else { continue };
        let label = Label::key(environment.as_deref(), second.clone(), "declared a second time");
        let message = format!("the variable `{name}` is declared twice");
        let finding = Finding::new(RULE.id, RULE.severity, message, label).with(Label::key(
            environment.as_deref(),
            first.clone(),
            "declared here",
        ));
        let is_shared = first.key_at(0) == Some("variables");
        let help = if is_shared {
            format!("use the first one: `{name} = \"${{{name}}}\"`")
        } else {
            format!("declare it once in `[variables]`, and write `{name} = \"${{{name}}}\"` in both places")
        };
        findings.push(finding.help(help));
    }
    for (plan, problem) in context.problems() {
        let ProblemKind::Variable { name, flaw } = &problem.kind else { continue };
        let environment = Some(plan.environment.as_str());
        // Both labels cover defaults.
        let is_secret = names_secret(name) || context.holds_secret(plan, &KeyPath::of(["variables", name]));
        let veiled = |label: Label| if is_secret { label.redacted() } else { label };
        let (message, label, other, help) = match flaw {
            VariableFlaw::Undeclared { .. } | VariableFlaw::TwoPorts { .. } => continue,
            VariableFlaw::OperatorBesideDeclaration { declared } => (
                format!("`{name}` is declared, and used here with an operator of its own"),
                "says again what happens where it is not set",
                Label::key(environment, declared.clone(), "declared here"),
                format!("write `${{{name}}}`, and what happens where it is not set into the declaration"),
            ),
            VariableFlaw::RequiredBesideDefault { other } => (
                format!("`{name}` is required in one place and has a default in another"),
                "the one",
                veiled(Label::value(environment, other.clone(), "the other")),
                format!(
                    "declare it once in `[variables]`, with or without a default, and write `${{{name}}}` in both places"
                ),
            ),
            VariableFlaw::TwoDefaults { other } => (
                format!("`{name}` has two different defaults"),
                "another default",
                veiled(Label::value(environment, other.clone(), "the first default")),
                format!("declare it once in `[variables]`, with its default, and write `${{{name}}}` in both places"),
            ),
        };
        let mut finding = at_problem(&RULE, plan, problem, message, label).with(other).help(help);
        finding.primary = veiled(finding.primary);
        findings.push(finding);
    }
}

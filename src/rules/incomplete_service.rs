//! `incomplete-service`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};
use crate::plan::ProblemKind;
use crate::source::{KeyPath, Step};

/// A service that lacks what it needs to run.
pub(super) static RULE: Rule = Rule {
    id: "incomplete-service",
    severity: Severity::Error,
    summary: "a service that lacks what it needs to run",
    docs: "\
A service lacks something without which nothing could be rendered for it: an image or a kind, the version of its kind,
the source it is built from, a command, an option that its kind requires, the port or host of a route, the entry points
of a proxy.

**Why it breaks.** What is missing cannot be guessed: an image without a version would be another one tomorrow, and a
route without a port would lead to whichever port the image happens to expose.

**How it shows.** Compose refuses the file: `service \"web\" has neither an image nor a build context specified`. A proxy
that is not told the port takes the lowest one that the image exposes, and answers `502 Bad Gateway` where that is
another one.

```toml
[services.cache]
kind = \"redis\"                       # bad: which Redis?

[services.cache]
kind = \"redis\"
version = \"7\"                        # good

[services.web]
image = \"nginx:1.27\"
routes.site = { path = \"/\" }         # bad: no `port`, so the route leads nowhere

[services.web]
image = \"nginx:1.27\"
port = 80                            # good
routes.site = { path = \"/\" }
```

**Fix.** Write the key that the finding names.

**Source.** compose-spec, \"image\" and \"build\"; Traefik docs, Docker provider, \"Port Detection\"; `required` and
`versions` in the kind's `kind.toml`.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<(&str, &KeyPath)> = Vec::new();
    for (plan, problem) in context.clear_problems() {
        let ProblemKind::Incomplete { message, help, missing } = &problem.kind else { continue };
        if told.contains(&(&plan.environment, missing)) || context.may_be_lost(missing) {
            continue;
        }
        // One key is missing, however much needs it.
        told.push((&plan.environment, missing));
        let key = missing.steps().last().map(|step| match step {
            Step::Key(key) => key.as_str(),
            Step::Index(_) => "",
        });
        let key = key.unwrap_or_default();
        let label =
            if missing.starts_with(&problem.path) { format!("has no `{key}`") } else { format!("needs a `{key}`") };
        let finding = context.at_key(&RULE, plan, problem, message.clone(), &label).help(help.clone());
        let is_same =
            |kind: &ProblemKind| matches!(kind, ProblemKind::Incomplete { missing: other, .. } if other == missing);
        let others = context.elsewhere(plan, problem, is_same);
        findings.push(
            others
                .into_iter()
                .fold(finding, |finding, other| finding.with(context.key_of(plan, &other.path, "needs it too"))),
        );
    }
}

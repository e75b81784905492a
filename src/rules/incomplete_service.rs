//! `incomplete-service`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::Problem;
use crate::plan::{Plan, ProblemKind};
use crate::source::{KeyPath, Step};

/// A service that lacks what it needs to run.
pub(super) static RULE: Rule = Rule {
    id: "incomplete-service",
    severity: Severity::Error,
    summary: "a service that lacks what it needs to run",
    docs: "\
A service lacks something without which nothing could be rendered for it: an image or a kind, the version of its kind,
the source it is built from, a command, an option that its kind requires, the port or host of a route, the entry points
of a proxy. A stack, or one environment of it, without any service is incomplete too.

**Why it breaks.** What is missing cannot be guessed: an image without a version would be another one tomorrow, and a
route without a port would lead to whichever port the image happens to expose.

**How it shows.** Compose refuses the file: `service \"web\" has neither an image nor a build context specified`, or
`no service selected`. A proxy that is not told the port takes the lowest one that the image exposes, and answers
`502 Bad Gateway` where that is another one.

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
    let services = KeyPath::of(["services"]);
    let misspelt = |problem: &Problem| matches!(problem, Problem::UnknownEnvironment { .. });
    if context.may_be_lost(&services) || context.read.problems.iter().any(misspelt) {
        return;
    }
    let is_empty = |plan: &&Plan| plan.services.is_empty();
    if context.plans.iter().all(|plan| is_empty(&plan)) {
        let label = Label::key(None, KeyPath::of(["stack"]), "nothing runs in this stack");
        let help = "describe one: `[services.web]` with `image = \"nginx:1.27\"`, or with `kind` and `source`";
        findings.push(Finding::new(RULE.id, RULE.severity, "the stack has no service", label).help(help));
    } else {
        findings.extend(context.plans.iter().filter(is_empty).map(|plan| without_services(context, plan)));
    }
}

/// The finding about an environment in which no service exists, although others have some.
fn without_services(context: &Context<'_>, plan: &Plan) -> Finding {
    let name = &plan.environment;
    let position = context.plans.iter().position(|other| std::ptr::eq(other, plan)).unwrap_or_default();
    let path = KeyPath::of(["stack", "environments"]).index(position);
    let label = Label::value(None, path, "nothing runs here");
    let help = format!("let a service exist there, or take \"{name}\" out of `stack.environments`");
    Finding::new(RULE.id, RULE.severity, format!("no service exists in `{name}`"), label).help(help)
}

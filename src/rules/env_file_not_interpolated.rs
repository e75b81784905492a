//! `env-file-not-interpolated`: see [`RULE`].

use std::collections::HashSet;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Service};

/// A variable that only a container's env file has, and that the compose file reads.
pub(super) static RULE: Rule = Rule {
    id: "env-file-not-interpolated",
    severity: Severity::Warning,
    summary: "a variable of a service's env file that is used as `${NAME}`, where it is not known",
    docs: "\
`compose.env_file` of a service sets a variable, and a text of that service reads it as `${NAME}`.

**Why it breaks.** There are two sorts of env files. What stands in `.env`, or in the shell, is put into the compose file; what
stands in the `env_file` of a service reaches its container, and never the compose file. The operator has to set the variable a
second time, or the default holds, whatever the file says.

**How it shows.** `The \"DB_HOST\" variable is not set. Defaulting to a blank string`, although the file has it; a port, an image or a
command with the default, and a program in the container with the value of the file.

```toml
[variables]
LISTEN = { default = 8080 }

[services.api]
image = \"api:1.4\"
compose.env_file = \"api.env\"                       # LISTEN=9000
command = [\"serve\", \"--port\", \"${LISTEN}\"]          # bad: 8080

[services.api]
image = \"api:1.4\"
env.LISTEN = \"${LISTEN}\"                           # good: one source for both
command = [\"serve\", \"--port\", \"${LISTEN}\"]
```

**Fix.** Let the operator set it in `.env`, pass it on in `env`, and take it out of the service's own file.

**Source.** Docker docs, \"Set environment variables within your container's environment\" and \"Interpolation\". Tried with Docker
Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(of_service(context, plan, service));
        }
    }
}

fn of_service(context: &Context<'_>, plan: &Plan, service: &Service) -> Vec<Finding> {
    let set = super::env_drift::set_by_files(context, plan, service);
    if set.is_empty() {
        return Vec::new();
    }
    let mut used: HashSet<&str> = HashSet::new();
    service.each_text(&mut |text| used.extend(text.variables()));
    let found = set.iter().filter(|(name, _)| used.contains(name.as_str()));
    let finding = found.filter_map(|(name, source)| {
        let variable = plan.variables.get(name)?;
        let message = format!("`${{{name}}}` does not come from `{}`: only the container reads that", source.path);
        let label = Label::value(Some(&plan.environment), source.origin.clone(), format!("sets `{name}`"));
        let declared = Label::key(Some(&plan.environment), variable.origin.clone(), "what the compose file reads");
        let help = format!(
            "set it in `{}`, pass it on with `env.{name} = \"${{{name}}}\"`, and take it out here",
            plan.env_path()
        );
        Some(
            Finding::new(RULE.id, RULE.severity, message, label)
                .with(declared)
                .with_all(source.places(context))
                .help(help),
        )
    });
    finding.collect()
}

//! `env-passed-not-read`: see [`RULE`].

use super::{Context, Rule, env_read_not_passed, public_var_internal_host};
use crate::diagnostics::{Finding, Label, Severity};

/// A variable that nobody asks for.
pub(super) static RULE: Rule = Rule {
    id: "env-passed-not-read",
    severity: Severity::Hint,
    summary: "a service gets a variable that nothing in its source reads",
    docs: "\
A variable in `env` whose name stands nowhere in the source of the service: no line reads it, no configuration names it.

It is only said where that can be known: the source has languages alone that stackgen reads, at least one variable is read
in it, and nothing reads variables whose names nobody can see, or hands the whole environment on. Variables that runtimes
and libraries read by themselves (`NODE_OPTIONS`, `SENTRY_DSN`, `AWS_REGION`, `PGHOST` …) are left alone.

**Why it breaks.** It does not break: it misleads. Somebody sets the variable and waits for something to change. Often the
program has renamed it, or the name here is misspelt.

**How it shows.** Not at all, which is the point.

```toml
# web/server.js: listen(process.env.PORT);
[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"
port = 3000
env.CACHE_SECONDS = 60      # bad: nothing in web/ says CACHE_SECONDS

[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"
port = 3000                 # good
```

**Fix.** Remove it, or read it.

**Source.** Docker docs, \"Set environment variables within your container's environment\": a container's environment is what
the program makes of it.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let Some(usage) = context.sources.audit().usage(plan, service) else { continue };
            let Some(written) = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name)) else {
                continue;
            };
            for name in usage.not_read(service) {
                let is_own = written.env.contains_key(&name);
                let is_inherited = service.extends.as_ref().is_some_and(|parent| {
                    let parent = context.manifest(plan).and_then(|manifest| manifest.services.get(parent));
                    parent.is_some_and(|parent| parent.env.contains_key(&name))
                });
                if !is_own
                    || is_inherited
                    || public_var_internal_host::baked_prefix(&name).is_some()
                    || env_read_not_passed::is_meant_by_another(&usage, &name)
                {
                    continue;
                }
                let place = service.origin().key("env").key(&name);
                let message = format!("`{name}` stands nowhere in the source of `{}`", service.name);
                let mut finding = Finding::new(
                    RULE.id,
                    RULE.severity,
                    message,
                    Label::key(Some(&plan.environment), place, "nothing reads it"),
                );
                if let Some(build) = &service.build {
                    let source = context.origin_of(plan, &service.name, "source", &["build"]);
                    let text = format!("`{}` was looked through", build.source);
                    finding = finding.with(Label::value(Some(&plan.environment), source, text));
                }
                findings.push(finding.help("remove it, or correct its name"));
            }
        }
    }
}

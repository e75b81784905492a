//! `entrypoint-unreferenced`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Service};

/// A script that looks as if it began everything, and does not.
pub(super) static RULE: Rule = Rule {
    id: "entrypoint-unreferenced",
    severity: Severity::Warning,
    summary: "an entry point script that nothing runs",
    docs: "\
The source of a service has a script called `entrypoint.sh`, `docker-entrypoint.sh` or the like, and nothing names it: not
the Dockerfile, not a `command`, not a step of `before-start`, not another script.

**Why it breaks.** What the script does (wait, migrate, check variables) does not happen. A script is run only where
something says so: its name means nothing to Docker.

**How it shows.** `relation \"users\" does not exist` in a program whose migrations are in that script.

```toml
# api/docker-entrypoint.sh runs the migrations
# api/Dockerfile: COPY . . and CMD [\"node\", \"server.js\"]
[services.api]
source = \"api\"
dockerfile = \"Dockerfile\"      # bad

# api/Dockerfile: ENTRYPOINT [\"./docker-entrypoint.sh\"]
[services.api]
source = \"api\"
dockerfile = \"Dockerfile\"      # good
```

**Fix.** Name it in `ENTRYPOINT`, or with a generated Dockerfile in `before-start = [\"sh docker-entrypoint.sh\"]`; or delete
it.

**Source.** Dockerfile reference, \"ENTRYPOINT\".
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(unused(context, plan, service));
        }
    }
}

fn unused(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let build = service.build.as_ref()?;
    let written = context.sources.written(plan, service);
    // Another service may run it that is built from the same source.
    let shares = context.sources.audit().sharing(plan, service).len() > 1;
    if shares || (written.is_none() && build.recipe.is_none()) {
        return None;
    }
    let usage = context.sources.audit().usage(plan, service)?;
    let generated: Vec<&str> =
        build.recipe.iter().flat_map(|recipe| &recipe.files).map(|file| file.path.as_str()).collect();
    let script = usage.scripts().into_iter().find(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_entry = name.trim_end_matches(".sh").trim_end_matches(".bash").ends_with("entrypoint");
        is_entry && !generated.contains(&path.as_str()) && written.is_none_or(|written| !written.text.contains(name))
    })?;
    let name = script.rsplit('/').next().unwrap_or(&script).to_owned();
    let message = format!("nothing runs `{script}`");
    let key = if written.is_some() { "dockerfile" } else { "source" };
    let place = context.origin_of(plan, &service.name, key, &["build"]);
    let help = if written.is_some() {
        format!("write `ENTRYPOINT [\"./{name}\"]` in the Dockerfile, and copy it; or delete it")
    } else {
        format!("write `before-start = [\"sh {name}\"]`, where it prepares the start, or delete it")
    };
    let label = Label::value(Some(&plan.environment), place, format!("does not name `{name}`"));
    Some(Finding::new(RULE.id, RULE.severity, message, label).with(Label::file(script, "never run")).help(help))
}

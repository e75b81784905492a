//! `mount-target`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::compose::volume::MountError;
use crate::diagnostics::{Finding, Severity};
use crate::plan::ProblemKind;

/// A mount that the engine refuses.
pub(super) static RULE: Rule = Rule {
    id: "mount-target",
    severity: Severity::Error,
    summary: "a mount that the engine refuses",
    docs: "\
An entry of `volumes`, or a `persist`, is no mount in Compose's short syntax, or does not name an absolute path in the
container: `[SOURCE:]TARGET[:MODE]`.

**Why it breaks.** The engine mounts onto absolute paths only, and never onto `/`, which is the whole file system of the
container.

**How it shows.** `docker compose up` fails after the images are built: `invalid mount config for type \"volume\": invalid
mount path: 'data' mount path must be absolute`, or `invalid specification: destination can't be '/'`.

```toml
[services.db]
image = \"postgres:17\"
volumes = [\"data:var/lib/postgresql/data\"]     # bad: relative

[services.db]
image = \"postgres:17\"
volumes = [\"data:/var/lib/postgresql/data\"]    # good
```

**Fix.** Begin the target with `/`. The source is the name of a volume, or a path that begins with `./`, `/` or `~`.

**Source.** compose-spec, \"volumes\", short syntax; the engine's validation of mounts (moby, `volume/mounts`).
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Mount(error) = &problem.kind else { continue };
        if Context::has_flaw(plan, &problem.path) {
            continue;
        }
        let help = match error {
            MountError::Form => {
                "the source comes first: `data:/data`, or `./conf:/conf:ro` for a directory of the project"
            }
            MountError::Root => "mount onto a directory, such as `/data`",
            MountError::Target(_) => "begin it with `/`",
        };
        findings.push(at_problem(&RULE, plan, problem, error.to_string(), "cannot be mounted").help(help));
    }
}

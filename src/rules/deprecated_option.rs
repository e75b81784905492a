//! `deprecated-option`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

mod flags;

/// An option of Traefik that version 3 has removed, or will.
pub(super) static RULE: Rule = Rule {
    id: "deprecated-option",
    severity: Severity::Error,
    summary: "an option of Traefik that is gone, or about to go",
    docs: "\
`static` of the proxy, or a command that takes the place of its flags, has an option of Traefik 2 that version 3 has
removed; or, as a warning, one that still works and is to be removed.

**Why it breaks.** Of an option that it has removed Traefik says so and ends, before it listens anywhere. One that is only
deprecated works until an upgrade takes it away.

**How it shows.** The proxy's container restarts again and again: `Docker provider swarmMode option has been removed in
v3`, `HTTP3 is not an experimental feature in v3`, `incompatible deprecated install configuration option found`. For
what is deprecated one line in its log, at every start.

```toml
[services.traefik.static]
pilot.dashboard = true                # bad: the service is gone
experimental.http3 = true             # bad: no experiment any more

[services.traefik.static]
entryPoints.websecure.http3 = true    # good
```

**Fix.** Write what the finding names, or take the option away.

**Source.** Traefik docs, \"Migration: v2 to v3\" and \"v3 minor migrations\"; its `pkg/cli/deprecation.go`. Tried with
Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        flags::check(context, plan, findings);
    }
}

//! `deprecated-option`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

mod flags;
mod labels;

/// An option of Traefik that version 3 has removed, or will.
pub(super) static RULE: Rule = Rule {
    id: "deprecated-option",
    severity: Severity::Error,
    summary: "an option of Traefik that is gone, or about to go",
    docs: "\
`static` of the proxy, or a command that takes the place of its flags, has an option of Traefik 2 that version 3 has
removed; or, as a warning, one that still works and is to be removed. The same holds for labels and `[middlewares]`: Traefik 3
still reads `sslRedirect` and its like, and does nothing about them.

**Why it breaks.** Of an option that it has removed Traefik says so and ends, before it listens anywhere. One that is only
deprecated works until an upgrade takes it away. An option of a middleware that is read without effect is an error where what it
is for does not happen: requests over HTTP stay there.

**How it shows.** The proxy's container restarts again and again: `Docker provider swarmMode option has been removed in
v3`, `HTTP3 is not an experimental feature in v3`, `incompatible deprecated install configuration option found`. For
what is deprecated one line in its log, at every start.

```toml
[services.traefik.static]
pilot.dashboard = true                # bad: the service is gone
experimental.http3 = true             # bad: no experiment any more

[services.traefik.static]
entryPoints.websecure.http3 = true    # good

[middlewares]
secure.headers = { sslRedirect = true }                  # bad: nobody is redirected
secure.redirectScheme = { scheme = \"https\" }           # good
inside.ipWhiteList = { sourceRange = [\"10.0.0.0/8\"] }  # bad, as a warning: `ipAllowList`
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
        labels::check(context, plan, findings);
    }
}

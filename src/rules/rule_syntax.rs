//! `rule-syntax`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::diagnostics::{Finding, Severity};
use crate::plan::ProblemKind;

/// A path, host or rule of a route that Traefik does not take.
pub(super) static RULE: Rule = Rule {
    id: "rule-syntax",
    severity: Severity::Error,
    summary: "a path, host or rule that Traefik does not take",
    docs: "\
The `path` of a route does not begin with `/`, or holds something that no request path has; a `host` is no host name; a
`rule` is empty.

**Why it breaks.** A path and a host become a rule of Traefik: ``Host(`app.example.com`) && (Path(`/api`) ||
PathPrefix(`/api/`))``. What stands in the backticks is compared letter by letter with what a browser sends: there are
no wildcards, a host has no scheme and no port, and a path is compared after `.`, `..` and doubled slashes are removed.

**How it shows.** Traefik drops a router whose rule it cannot read, and says so only in its log and API (`path \"api\"
does not start with a '/'`). A rule that it can read and that never matches says nothing at all: every request is
answered with `404 page not found`.

```toml
[services.api.routes.main]
host = \"https://api.example.com\"     # bad: a host has no scheme
path = \"/v1/*\"                       # bad: `*` means itself

[services.api.routes.main]
host = \"api.example.com\"             # good
path = \"/v1\"                         # good: itself and its children
```

**Fix.** Write the name of the host alone, and the path as it begins. For anything else write `rule`, in Traefik's own
v3 syntax.

**Source.** Traefik docs, \"Rules & Priority\"; its `pkg/muxer/http/matcher.go`.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        if let ProblemKind::Rule { message, help } = &problem.kind
            && !Context::has_flaw(plan, &problem.path)
        {
            findings.push(at_problem(&RULE, plan, problem, message.clone(), "matches no request").help(help.clone()));
        }
    }
}

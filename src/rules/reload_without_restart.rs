//! `reload-without-restart`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::diagnostics::{Finding, Severity};
use crate::plan::ProblemKind;

/// Changed files that nobody reads.
pub(super) static RULE: Rule = Rule {
    id: "reload-without-restart",
    severity: Severity::Warning,
    summary: "a source that is mounted for a program that reads it once",
    docs: "\
`reload = \"mount\"` on a service whose program is known not to notice when its files change.

**Why it breaks.** A mount brings changed files into the container, and that is all. Somebody has to start the program
again: what runs it (`nodemon`, `tsx watch`, `uvicorn --reload`), or Compose.

**How it shows.** A change of the source has no effect until somebody runs `docker compose restart`.

```toml
[services.api]
kind = \"node\"
version = \"22\"
source = \"api\"
command = \"node src/server.js\"
reload = \"mount\"      # bad: `node` reads src/server.js when it starts, and never again

[services.api]
kind = \"node\"
version = \"22\"
source = \"api\"
command = \"node src/server.js\"
reload = \"watch\"      # good: `docker compose watch` copies what changes, and restarts the container
```

**Fix.** `reload = \"watch\"`, with which Compose restarts what does not restart itself; or let development run something
that watches the files, such as `nodemon src/server.js` as `scripts.dev` of package.json.

**Source.** What is known of a program stands in the `kind.toml` of its kind, `notices`. Node.js docs, `--watch`; Docker
docs, \"Compose Develop Specification\", `action`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Unnoticed { program } = &problem.kind else { continue };
        let name = problem.path.key_at(1).unwrap_or_default();
        let message = format!("nothing restarts `{name}` when its files change: `{program}` reads them once");
        let help = "write `reload = \"watch\"`, with which Compose restarts it, or let it run what watches its files";
        findings.push(at_problem(&RULE, plan, problem, message, "only brings the files").help(help));
    }
}

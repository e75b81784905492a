//! `build-inputs`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::ProblemKind;
use crate::source::KeyPath;

/// A service that cannot be built from what is there.
pub(super) static RULE: Rule = Rule {
    id: "build-inputs",
    severity: Severity::Error,
    summary: "a service that cannot be built from what is there",
    docs: "\
A service is built from a `source` that does not exist, lies outside of the project, or lacks a file that its kind is
built with. The same holds for `stack.output`, which must lie inside of the project.

**Why it breaks.** The generated Dockerfile copies the kind's own files by name before it installs anything: a `node`
service needs `package.json` and `package-lock.json`. The lock is not a matter of taste: `npm ci` installs exactly what
it names, and refuses to run without it. A source outside of the project could not be named by a path that holds on
every machine.

**How it shows.** `docker compose build` fails. Without the directory: `unable to prepare context: path \"…\" not found`;
without a file: `failed to calculate checksum of ref …: \"/package-lock.json\": not found`.

```toml
[services.web]
kind = \"node\"
version = \"22\"
source = \"wbe\"      # bad: there is no such directory

[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"      # good: web/package.json and web/package-lock.json are there
```

**Fix.** Correct the path, which is relative to services.toml, or create and commit what is missing: `npm init`, then
`npm install --package-lock-only`.

**Source.** `requires` in the kind's `kind.toml`; Dockerfile reference, \"COPY\"; npm docs, \"npm ci\".
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Build { message, help } = &problem.kind else { continue };
        let is_output = problem.path.key_at(0) == Some("stack");
        let label = if is_output { "not inside of the project" } else { "cannot be built from this" };
        let finding = at_problem(&RULE, plan, problem, message.clone(), label);
        let service = problem.path.key_at(1).filter(|_| problem.path.key_at(2) == Some("source"));
        let kind = service.and_then(|name| Some((name, context.manifest(plan)?.services.get(name)?.kind.as_ref()?)));
        let finding = match kind {
            Some((name, kind)) => {
                let path = KeyPath::of(["services", name, "kind"]);
                let label = format!("a `{kind}` service is built from its source");
                finding.with(Label::value(Some(&plan.environment), path, label))
            }
            None => finding,
        };
        findings.push(finding.help(help.clone()));
    }
}

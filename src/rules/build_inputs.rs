//! `build-inputs`: see [`RULE`].

mod dockerfile;

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
A service is built from a `source` that does not exist, lies outside of the project, lacks a file that its kind is
built with, or has one too many; or what it is to `include` is not in the build context. The same holds for
`stack.output`, which must lie inside of the project. Or the Dockerfile that somebody wrote (or that a template of the
project renders) cannot be built: an instruction that there is not, a stage that there is not or that stands further down,
a `FROM` whose name has a hole because nothing declares its `ARG` before the first `FROM`. Only the stages that the
`target` needs are looked at.

**Why it breaks.** The generated Dockerfile names what it installs from: a `node` service needs `package.json` and the
lock file of npm, pnpm or Yarn. The lock is not a matter of taste: what it names is installed, and nothing else. Of two
lock files one is out of date, and nobody says which; a lock file that another package manager wrote than the one
`packageManager` in package.json pins would be refused in the build. In a Dockerfile, a name behind `--from` that is no
stage above it is the name of an image, which nobody has; and an `ARG` below a `FROM` belongs to that stage alone. A source outside of the project could not be named
by a path that holds on every machine.

**How it shows.** `docker compose build` fails. Without the directory: `unable to prepare context: path \"…\" not found`;
without a file: `failed to calculate checksum of ref …: \"/package-lock.json\": not found`. With a lock file that does
not fit: `ERR_PNPM_OUTDATED_LOCKFILE`, or an image with other versions than everybody else has. Of a stage: `bsae: failed to resolve source metadata`, or `cannot
copy from stage …, it needs to be defined before`; of a `FROM`: `failed to parse stage name \"node:\": invalid reference
format`, or, where the name is one all the same, an image that nobody asked for.

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
`npm install --package-lock-only`. Of two lock files, delete one or choose with `package-manager`.

**Source.** `requires` and `refuse` in the kind's `kind.toml`; Dockerfile reference, \"RUN --mount\"; npm docs, \"npm ci\";
pnpm docs, \"pnpm install\"; Yarn docs, \"yarn install\"; Node.js docs, \"packageManager\"; Dockerfile reference, \"FROM\",
\"Understand how ARG and FROM interact\", \"COPY --from\". Tried with BuildKit of Docker 28.5.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Build { message, help } = &problem.kind else { continue };
        let label = match (problem.path.key_at(0), problem.path.key_at(2)) {
            (Some("stack"), _) => "not inside of the project",
            (_, Some("source")) => "cannot be built from this",
            (_, Some("include")) => "cannot be copied",
            _ => "does not fit what is built",
        };
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
    dockerfile::check(context, findings);
}

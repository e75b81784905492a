//! `env-file-tracked`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{Plan, Variable};
use crate::sources::EnvFile;

/// An env file that git tracks, or would.
pub(super) static RULE: Rule = Rule {
    id: "env-file-tracked",
    severity: Severity::Error,
    summary: "an env file with values that git tracks, or that no `.gitignore` keeps out",
    docs: "\
The file with an operator's values, `.env` or `.env.<environment>` beside the compose files, is in git's index; or a variable
must be set or is a secret, so that somebody will write such a file, and no `.gitignore` keeps it out. The examples,
`.env.example`, belong into git and are not meant. Without a git repository there is nothing to find.

**Why it breaks.** The values are real: keys, passwords, host names. What has once been pushed stays in the history of every
clone, so that each secret in it has to be replaced. A warning as long as nothing is tracked: `git add .` is all it takes.

**How it shows.** Not at all, until somebody finds the key in the repository. A file that is tracked is also the same for
everybody: one operator's change is the next one's conflict.

```toml
[services.api.env]
API_KEY = { secret = true }     # bad, if no .gitignore names `.env`: its value would stand there

[services.api.env]
API_KEY = { secret = true }     # good: .gitignore has `.env`, `.env.*`, `!.env.example` and `!.env.*.example`
```

**Fix.** Add those four lines to `.gitignore`. A file that is tracked already stays so until `git rm --cached .env`; then
replace every secret that was in it.

**Source.** git docs, \"gitignore\": it has no effect on what is tracked. Only the `.gitignore` files of the repository count, not
this machine's own (`.git/info/exclude`, `core.excludesFile`).
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut open: Vec<(&Plan, &Variable)> = Vec::new();
    for plan in context.plans {
        let Some(file) = context.sources.surroundings().env_file(plan) else { continue };
        let wanted = most_wanted(plan);
        match (file, wanted) {
            (EnvFile { is_tracked: true, .. }, wanted) => findings.push(tracked(plan, wanted)),
            (EnvFile { is_ignored: false, .. }, Some(variable)) => open.push((plan, variable)),
            _ => {}
        }
    }
    findings.extend(uncovered(&open));
}

/// The variable for which somebody writes the file: a secret rather than one that only must be set.
fn most_wanted(plan: &Plan) -> Option<&Variable> {
    let secret = plan.variables.values().find(|variable| variable.secret);
    secret.or_else(|| plan.variables.values().find(|variable| variable.required))
}

fn tracked(plan: &Plan, wanted: Option<&Variable>) -> Finding {
    let path = plan.env_path();
    let message = format!("git tracks `{path}`, which holds an operator's values");
    let mut finding = Finding::new(RULE.id, RULE.severity, message, Label::file(&path, "in git's index"));
    finding.environment = Some(plan.environment.clone());
    let secrets = wanted.is_some_and(|variable| variable.secret);
    let replace = if secrets { ", and replace every secret that was in it" } else { "" };
    let finding = finding.help(format!("`git rm --cached {path}`, name it in `.gitignore`{replace}"));
    match wanted {
        Some(variable) => {
            let label = Label::key(Some(&plan.environment), variable.origin.clone(), "its value stands there");
            finding.with(label)
        }
        None => finding,
    }
}

/// One finding for all files: it is one `.gitignore` that does not name them.
fn uncovered(open: &[(&Plan, &Variable)]) -> Option<Finding> {
    let (plan, variable) = open.first()?;
    let files: Vec<String> = open.iter().map(|(plan, _)| format!("`{}`", plan.env_path())).collect();
    let message = format!("no `.gitignore` keeps {} out of git", words::and(&files));
    let label = Label::key(Some(&plan.environment), variable.origin.clone(), "its value would stand there");
    let mut finding = Finding::new(RULE.id, Severity::Warning, message, label);
    // It belongs to the repository, and to no environment alone.
    finding.environment = None;
    Some(finding.help("add these lines to `.gitignore`:\n.env\n.env.*\n!.env.example\n!.env.*.example"))
}

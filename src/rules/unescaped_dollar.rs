//! `unescaped-dollar`: see [`RULE`].

use super::{Context, Rule, at_problem, place_of};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::manifest::text::FlawKind;
use crate::plan::{Plan, Problem, ProblemKind};
use crate::source::KeyPath;

/// A `$` in Compose's own terms that Compose would read otherwise.
pub(super) static RULE: Rule = Rule {
    id: "unescaped-dollar",
    severity: Severity::Error,
    summary: "a `$` in `labels` or `compose` that Compose would read otherwise",
    docs: "\
In `labels` and `compose`, whose values are in Compose's own terms, a `$` stands before a name without braces, or in a
password hash.

**Why it breaks.** Compose takes `$NAME` for a variable; in services.toml a `$` without braces stands for itself, and is
doubled when it is written. Whoever pastes a value from a Compose file means the one, whoever pastes it from the output of
`htpasswd` means the other, and nobody can tell them apart. A `$` before anything else is no variable for either:
`/api/agent$1` and `^/a$` are fine.

**How it shows.** In a Compose file, the user `test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/` reaches Traefik as `test:/`, since
three parts of it are variables that are not set: every log-in is answered with 401. Compose says `The \"apr1\" variable is
not set. Defaulting to a blank string.` Here the opposite happens: what was meant to be a variable arrives with its
dollar sign.

```toml
[services.admin.labels]
\"traefik.http.middlewares.admin-auth.basicauth.users\" = \"admin:$apr1$H6uskkkW$IgXLP6ew\"         # bad
\"com.example.home\" = \"$HOME\"                                                                  # bad

[services.admin.labels]
\"traefik.http.middlewares.admin-auth.basicauth.users\" = \"admin:$$apr1$$H6uskkkW$$IgXLP6ew\"      # good
\"com.example.home\" = \"${HOME_DIRECTORY}\"                                                      # good: a variable
```

**Fix.** Write `${NAME}` for a variable, and `$$` for a dollar sign. A hash is safer in `[middlewares]`, where nobody takes it
for anything else, or in a variable with `secret = true`.

**Source.** compose-spec, \"Interpolation\"; compose-go, `template/template.go`; tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // Several hashes of one text are one mistake.
    let mut last: Option<(&str, &KeyPath)> = None;
    for (plan, problem) in context.problems() {
        let ProblemKind::Text(flaw) = &problem.kind else { continue };
        if !is_raw(&problem.path) {
            continue;
        }
        let finding = match &flaw.kind {
            FlawKind::Hash if last == Some((&plan.environment, &problem.path)) => {
                let other = place_of(plan, problem, "and here").redacted();
                if let Some(finding) = findings.last_mut() {
                    finding.secondary.push(other);
                    finding.fix = finding.fix.take().and_then(|fix| doubled(context, plan, problem, fix));
                }
                continue;
            }
            FlawKind::Hash => {
                last = Some((&plan.environment, &problem.path));
                let message =
                    "the `$` of a password hash are not doubled: Compose would take parts of it for variables";
                let mut finding = at_problem(&RULE, plan, problem, message.to_owned(), "double each `$`");
                finding.primary = finding.primary.redacted();
                finding.fix = doubled(context, plan, problem, Fix::new("double each `$` of the hash"));
                finding.help(
                    "write each `$` of it twice, or the middleware in `[middlewares]`, where a hash stands for itself",
                )
            }
            FlawKind::Bare { name } => {
                let message = "a `$` without braces: Compose takes it for a variable, stackgen for a dollar sign";
                let variables = context.manifest(plan).map(|manifest| &manifest.variables);
                let is_declared = variables.is_some_and(|variables| variables.contains_key(name));
                let variable = if is_declared { format!("`${{{name}}}`") } else { "`${NAME}`".to_owned() };
                let finding = at_problem(&RULE, plan, problem, message.to_owned(), "a variable, or itself?")
                    .help(format!("write {variable} for the variable, or `$$` for a dollar sign"));
                match variables.filter(|_| is_declared) {
                    Some(_) => {
                        let declared = KeyPath::of(["variables", name]);
                        finding.with(Label::key(Some(&plan.environment), declared, "a variable of this name"))
                    }
                    None => finding,
                }
            }
            _ => continue,
        };
        let whole = Label::value(Some(&plan.environment), problem.path.clone(), "");
        findings.push(if context.holds_secret(plan, &problem.path) { finding.with(whole.redacted()) } else { finding });
    }
}

/// The fix, which then also writes each `$` of the place twice; none where the text is not known.
fn doubled(context: &Context<'_>, plan: &Plan, problem: &Problem, fix: Fix) -> Option<Fix> {
    let range = problem.range.clone()?;
    let text = context.raw_text(plan, &problem.path)?;
    let dollars = text.get(range.clone())?.match_indices('$').map(|(at, _)| range.start + at);
    Some(dollars.fold(fix, |fix, at| fix.replace(Some(&plan.environment), problem.path.clone(), at..at + 1, "$$")))
}

/// Whether what stands at `path` is in Compose's own terms.
pub(super) fn is_raw(path: &KeyPath) -> bool {
    match path.key_at(0) {
        Some("compose") => true,
        Some("services") => matches!(path.key_at(2), Some("labels" | "compose")),
        _ => false,
    }
}

//! `silent-dash-default`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::text::{FlawKind, Operator};
use crate::plan::ProblemKind;

/// A name with a hyphen, which is a default.
pub(super) static RULE: Rule = Rule {
    id: "silent-dash-default",
    severity: Severity::Warning,
    summary: "a hyphen in the name of a variable, which makes the rest of it a default",
    docs: "\
`${MY-VAR}` is the variable `MY` with the default `VAR`: what stands behind the hyphen is in capitals, as only names are.

**Why it breaks.** `-` is an operator, and names have no hyphens. The variable that was meant does not exist, and the expression
is valid.

**How it shows.** Nowhere: no command says a word. The service gets the text `VAR`, or whatever follows, whatever the operator
sets.

```toml
[services.web.env]
TOKEN = \"${API-TOKEN}\"             # bad: the text TOKEN

[services.web.env]
TOKEN = \"${API_TOKEN:?who asks}\"   # good
LEVEL = \"${LOG_LEVEL-info}\"        # good: a default
```

**Fix.** Write `_` for the hyphen, in the env file too. Where the capitals are meant as a default, `:-` says so.

**Source.** compose-spec, \"Interpolation\". Tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Text(flaw) = &problem.kind else { continue };
        let FlawKind::SilentDefault { meant } = &flaw.kind else { continue };
        let name = meant.split('-').next().unwrap_or_default();
        // A name may have several hyphens, and an operator behind it. What follows that may be a secret.
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut characters = meant.char_indices();
        let end = characters.find(|(at, c)| !is_part(*c) && !is_hyphen(meant, *at)).map_or(meant.len(), |(at, _)| at);
        let whole = &meant[..end];
        let message = format!("`{whole}` is no name: this is the variable `{name}`, and what follows is its default");
        let joined = whole.replace('-', "_");
        let help = format!("write `{joined}` for a variable of that name, or `{name}:-` in front of a default");
        let mut finding = at_problem(&RULE, plan, problem, message, "names have no hyphens").help(help);
        if context.holds_secret(plan, &problem.path) {
            finding = finding.with(Label::value(Some(&plan.environment), problem.path.clone(), "").redacted());
        }
        findings.push(finding);
    }
}

/// Whether the hyphen at `at` stands inside of a name, and not in front of a default.
fn is_hyphen(text: &str, at: usize) -> bool {
    text[at..]
        .strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()) && Operator::parse(rest).is_none())
}

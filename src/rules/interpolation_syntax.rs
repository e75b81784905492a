//! `interpolation-syntax`: see [`RULE`].

use super::{Context, Rule, at_problem, unescaped_dollar};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::text::{DEEPEST, FlawKind};
use crate::plan::{Plan, ProblemKind};

mod keys;
mod needed;

/// A `$` expression that Compose rejects or reads otherwise.
pub(super) static RULE: Rule = Rule {
    id: "interpolation-syntax",
    severity: Severity::Error,
    summary: "a `$` expression that Compose rejects or reads otherwise",
    docs: "\
A text holds a `$` expression that is neither a reference (`${services.redis.url}`) nor a variable in Compose's grammar.
What is valid and most likely not meant is a warning: `$NAME` without braces, and a default with a variable in it that must be
set although nothing else needs it. A variable in a key, of a label or in `compose`, is a hint.

**Why it breaks.** After the name of a variable come `}` or one of six operators: `:-`, `-`, `:?`, `?`, `:+`, `+`. The
shell's other forms (`${NAME:=x}`, `${NAME/a/b}`, `${#NAME}`) do not exist. Braces in a default make Compose lose count:
`${A:-{}}` works alone, and is an error with another variable behind it. Whether a default is needed or not, Compose reads it,
so that `${A:-${B:?}}` stops without `B` even where `A` is set. Only values are interpolated, and no keys. In services.toml a `$` without braces stands for itself; in a Compose file it would not, and
so it is an error of its own in `labels` and `compose` (`unescaped-dollar`). A password hash is meant as it stands.

**How it shows.** An error ends every command: `invalid interpolation format for services.web.environment.URL`, `required
variable B is missing a value`. Of a key nobody says anything: the label is called `host.${NAME}`. And a password `pa$word` that somebody meant to be
`pa` and a variable arrives with its dollar sign.

```toml
[services.web.env]
URL  = \"${HOST:=localhost}\"         # bad: Compose knows no `:=`
PATH = \"$HOME/bin\"                  # bad, a warning: stands for itself

[services.web.env]
URL  = \"${HOST:-localhost}\"         # good
PATH = \"${HOME_DIRECTORY:-/root}/bin\" # good
COST = \"5 $\"                        # good: no name behind it
```

**Fix.** Write one of the six operators, put a default with braces into the env file, and double a dollar sign that
stands for itself: `$$`.

**Source.** compose-spec, \"Interpolation\"; compose-go, `template/template.go`.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Text(flaw) = &problem.kind else { continue };
        let is_other = matches!(flaw.kind, FlawKind::Bare { .. }) && unescaped_dollar::is_raw(&problem.path);
        if is_other {
            continue;
        }
        let Some((message, label, help)) = words(context, plan, &flaw.kind) else { continue };
        let mut finding = at_problem(&RULE, plan, problem, message, label).help(help);
        if !flaw.kind.is_error() {
            finding.severity = Severity::Warning;
        }
        if context.holds_secret(plan, &problem.path) {
            let whole = Label::value(Some(&plan.environment), problem.path.clone(), "");
            finding = finding.with(whole.redacted());
        }
        findings.push(finding);
    }
    for plan in context.plans {
        if let Some(manifest) = context.manifest(plan) {
            keys::check(plan, manifest, findings);
        }
        needed::check(plan, findings);
    }
}

/// Message, label and help. What stands in the text may be a secret, so only names are repeated.
fn words(context: &Context<'_>, plan: &Plan, flaw: &FlawKind) -> Option<(String, &'static str, String)> {
    Some(match flaw {
        FlawKind::Unclosed => (
            "a `${` has no `}`".to_owned(),
            "not closed",
            "close it, or write `$${` for the characters themselves".to_owned(),
        ),
        FlawKind::NoName => (
            "there is no name after `${`".to_owned(),
            "names begin with a letter or `_`",
            "write `${NAME}`, or `$${` for the characters themselves".to_owned(),
        ),
        FlawKind::NoOperator { name, found } => {
            let length = if found.starts_with(':') { 2 } else { 1 };
            let operator: String = found.chars().take(length).take_while(|c| !c.is_alphanumeric()).collect();
            let message = if operator.trim().is_empty() {
                format!("something follows the name `{name}` that is no operator")
            } else {
                format!("`{operator}` is no operator that Compose knows")
            };
            let help = if operator.starts_with(':') {
                format!("for a default write `${{{name}:-…}}`; the operators are `:-`, `-`, `:?`, `?`, `:+` and `+`")
            } else {
                "the operators are `:-`, `-`, `:?`, `?`, `:+` and `+`".to_owned()
            };
            (message, "no operator after the name", help)
        }
        FlawKind::Brace => (
            "a default holds a brace, and Compose would lose count of them".to_owned(),
            "has a brace",
            "leave out the default, and let the operator set the value".to_owned(),
        ),
        FlawKind::LineBreak => (
            "a default holds a line break, and Compose would take the whole for no expression".to_owned(),
            "has a line break",
            "leave out the default, and let the operator set the value".to_owned(),
        ),
        FlawKind::Nesting => (
            format!("defaults are nested more than {DEEPEST} deep, or grow past a megabyte"),
            "too deep, or too large",
            "write the value itself, or let the operator set it".to_owned(),
        ),
        FlawKind::Path => (
            "a reference has an empty or malformed word".to_owned(),
            "no reference",
            "write words of letters, digits, `-` and `_` between single dots: `${services.redis.url}`".to_owned(),
        ),
        // It is meant as it stands, but for where Compose's own terms make it another rule's business; and a name with a
        // hyphen has a rule of its own.
        FlawKind::Hash | FlawKind::SilentDefault { .. } => return None,
        FlawKind::Bare { name } => {
            let is_declared = context.manifest(plan).is_some_and(|manifest| manifest.variables.contains_key(name));
            let variable = if is_declared { format!("`${{{name}}}`") } else { "`${NAME}`".to_owned() };
            let help = format!("write {variable} for the variable, or `$$` for a dollar sign");
            ("a `$` without braces is no variable here".to_owned(), "stands for itself", help)
        }
    })
}

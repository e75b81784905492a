//! `unused-allow`: see [`RULE`].

use super::{ALL, Context, Rule, find};
use crate::diagnostics::{Finding, Fix, Label, Severity, words};
use crate::source::KeyPath;

/// An `allow` that silences nothing.
pub(super) static RULE: Rule = Rule {
    id: "unused-allow",
    severity: Severity::Warning,
    summary: "an `allow` that silences nothing",
    docs: "\
An `allow` names a rule that finds nothing there, that cannot be allowed, or that does not exist.

**Why it breaks.** An `allow` is a decision with a reason. When what it allowed is gone, it stays behind and silences the
next finding, which nobody has decided on. A misspelt one silences nothing, although it looks as if it did. An error
without which nothing sensible could be rendered cannot be allowed at all.

**How it shows.** Not at run time: a warning that should be read is silent, or one that was meant to be silent is not.

```toml
[services.web]
image = \"nginx:1.27\"
allow.image-unpinned = \"pinned by the registry\"     # bad: the image has a tag, nothing is found

[services.web]
image = \"registry.example.com/nginx\"
allow.image-unpinned = \"pinned by the registry\"     # good
```

**Fix.** Remove the entry, or spell the rule as `stackgen rules` lists it.

**Source.** The rules themselves: `stackgen rules` says which of them can be allowed.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// Nothing here: which entries silence nothing is known when all other rules have run; then `run` asks [`finding`].
fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

/// The finding about an `allow` entry that silenced nothing.
pub(super) fn finding(environment: &str, path: KeyPath, rule: &str) -> Finding {
    let (message, label, help) = match find(rule) {
        Some(known) if known.can_be_allowed => {
            (format!("`{rule}` is allowed here and finds nothing"), "silences nothing", "remove it".to_owned())
        }
        Some(_) => {
            let help = "remove it, and mend what the rule finds".to_owned();
            (format!("`{rule}` cannot be allowed"), "silences nothing", help)
        }
        None => {
            let help = match words::nearest(rule, ALL.iter().map(|rule| rule.id)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`stackgen rules` lists them all".to_owned(),
            };
            (format!("there is no rule `{rule}`"), "no such rule", help)
        }
    };
    let fix = Fix::new("remove what silences nothing").remove(Some(environment), path.clone());
    let label = Label::key(Some(environment), path, label);
    let finding = Finding::new(RULE.id, RULE.severity, message, label).help(help);
    // A misspelt id is somebody's to put right.
    if find(rule).is_some() { finding.fix(fix) } else { finding }
}

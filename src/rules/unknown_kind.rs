//! `unknown-kind`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest::Problem;

/// A kind that does not exist.
pub(super) static RULE: Rule = Rule {
    id: "unknown-kind",
    severity: Severity::Error,
    summary: "a kind that does not exist",
    docs: "\
A service says that it is of a kind that stackgen does not have.

**Why it breaks.** The kind is what knows the image, the port, the probe, where the data lives, and which files are
rendered. Without it nothing of that can be written, and the options of the service cannot be judged.

**How it shows.** Nothing is rendered. Were the kind ignored, Compose would say that the service `has neither an image
nor a build context specified`.

```toml
[services.cache]
kind = \"reddis\"                  # bad: a typing error
version = \"7\"

[services.cache]
kind = \"redis\"                   # good
version = \"7\"

[services.search]
image = \"typesense/typesense:27.1\"   # good: what has no kind is a plain container
port = 8108
```

**Fix.** Write one of the kinds that the finding names, or leave `kind` out and write `image`.

**Source.** The folders in `templates/kinds/`.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for problem in &context.read.problems {
        let Problem::UnknownKind { path, environment, kind, meant } = problem else { continue };
        let label = Label::value(environment.as_deref(), path.clone(), "no such kind");
        let finding = Finding::new(RULE.id, RULE.severity, format!("there is no kind `{kind}`"), label);
        let help = if let Some(meant) = meant {
            format!("did you mean `{meant}`?")
        } else {
            let kinds: Vec<&str> = context.read.kinds.names().collect();
            format!("the kinds are {}; a plain container has an `image` and no `kind`", words::names(&kinds))
        };
        findings.push(finding.help(help));
    }
}

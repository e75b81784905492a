//! `toml-1-0-only`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::manifest::{NewerKind, Problem};

/// Something that only readers of TOML 1.1 understand.
pub(super) static RULE: Rule = Rule {
    id: "toml-1-0-only",
    severity: Severity::Warning,
    summary: "something that only readers of TOML 1.1 understand",
    docs: "\
services.toml has something of TOML 1.1: an inline table with a line end between its braces, or with a comma behind its last
entry; or the escape `\\e` or `\\x41`. stackgen reads it.

**Why it breaks.** Many readers know TOML 1.0 only: Python's `tomllib`, formatters, linters and the editor of the next person.
For them the whole file is broken, not that one line.

**How it shows.** Not in the stack. A script that reads services.toml ends with `tomllib.TOMLDecodeError: Invalid initial
character for a key part`, a hook that formats it fails, an editor shows no completion any more.

```toml
[services.web]
limits = {
  memory = \"512m\",
  cpus = 0.5,
}                                            # bad: several lines, and a comma at the end

[services.web]
limits = { memory = \"512m\", cpus = 0.5 }     # good

[services.web.limits]                        # good, and better for more than a few keys
memory = \"512m\"
cpus = 0.5
```

**Fix.** Write the inline table in one line, or as a table with a header of its own, and `\\u001b` for `\\e`.

**Source.** The TOML specification, 1.0.0 and the changes of 1.1.0. Tried with Python 3.11.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for problem in &context.read.problems {
        let Problem::NewerToml { range, kind } = problem else { continue };
        let (message, label, help) = match kind {
            NewerKind::LineEnd => (
                "an inline table goes over several lines, which TOML 1.0 does not know",
                "the line ends here",
                "write it in one line, or as a table with a header of its own",
            ),
            NewerKind::Comma => {
                ("an inline table ends with a comma, which TOML 1.0 does not know", "the last comma", "remove it")
            }
            NewerKind::Escape => (
                "an escape that TOML 1.0 does not know",
                "`\\e` and `\\x` are new",
                "write the number of the character with four digits: `\\u001b` for `\\e`",
            ),
        };
        let finding = Finding::new(RULE.id, RULE.severity, message, Label::bytes(range.clone(), label)).help(help);
        let is_comma = *kind == NewerKind::Comma;
        let fix = is_comma.then(|| Fix::new("remove the last comma").bytes(range.clone(), ""));
        findings.push(finding.fix(fix));
    }
}

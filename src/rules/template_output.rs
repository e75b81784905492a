//! `template-output`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::Problem;

/// A template of the project that renders what nobody can read.
pub(super) static RULE: Rule = Rule {
    id: "template-output",
    severity: Severity::Error,
    summary: "a template of the project renders no YAML",
    docs: "\
`templates/compose.yml.j2` beside services.toml takes the place of the built-in template, and what it renders is no YAML.

What it renders is read back otherwise, and judged by all rules as if services.toml passed it through with `compose`.

**Why it breaks.** Compose reads the file before it does anything else.

**How it shows.** Every command of Compose ends with `yaml: line 12: did not find expected key`, or the like.

```jinja
services:
{% for service in services %}
  {{ service.name|key }}:
{{ service.keys }}
    labels: { team: shop       {# bad: the brace is never closed #}
{% endfor %}
```

```toml
[services.web.labels]
team = \"shop\"                  # good, and needs no template
```

**Fix.** Mend the template; `stackgen render --diff` shows what comes out of it.

**Source.** YAML 1.2.2; tried with Compose 2.40.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for problem in &context.read.problems {
        let Problem::Template { path, environment, message } = problem else { continue };
        let message = format!("what this template renders for {environment} is no YAML: {message}");
        findings.push(Finding::new(RULE.id, RULE.severity, message, Label::file(path.clone(), "renders it")));
    }
}

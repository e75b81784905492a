//! `secret-source-missing`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Content, NamedSource, PROJECT_VARIABLE, Plan, Variable};
use crate::sources::Presence;

/// A secret or config that is made of nothing.
pub(super) static RULE: Rule = Rule {
    id: "secret-source-missing",
    severity: Severity::Error,
    summary: "a secret or config whose source is not there",
    docs: "\
A secret or config that a service uses is passed through in Compose's own terms, and is made of a file that is not there, of a
variable that no operator is asked for, or is `external`. The same holds for the file of a variable with `file = \"path\"`. A file
that git ignores may be missing: an operator puts it there.

**Why it breaks.** Compose mounts a file that must exist when the container starts. A variable in `environment` is read from the
shell and the env file alone: no default of services.toml reaches it, and no env example names it. `external` secrets belong to
Swarm; without it, nobody keeps any.

**How it shows.** `docker compose config` says nothing. `up` ends with `bind source path does not exist`, `environment variable
\"API_KEY\" required by secret \"shop_key\" is not set` or `unsupported external secret key`, after networks and half of the
containers were made.

```toml
[services.api]
image = \"api:1.4\"
compose.secrets = [\"key\"]

[compose.secrets]
key = { environment = \"API_KEY\" }                  # bad: nobody asks an operator for it

[services.api]
image = \"api:1.4\"
env.API_KEY = \"${API_KEY}\"                         # good: API_KEY_FILE=/run/secrets/API_KEY

[variables]
API_KEY = { secret = true, file = true }
```

**Fix.** Declare a variable with `secret = true, file = true`: stackgen makes the secret, and asks operators for its value. Else
create the file, or correct its path, which is relative to the compose file.

**Source.** compose-spec, \"Secrets top-level element\" and \"Configs top-level element\". Tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for source in plan.named_sources() {
            findings.extend(judge(context, plan, &source));
        }
    }
}

fn judge(context: &Context<'_>, plan: &Plan, source: &NamedSource) -> Option<Finding> {
    let NamedSource { what, name, .. } = source;
    let (message, text, help) = match &source.content {
        Content::File(written, path) => {
            let known = context.sources.surroundings().named(path.as_deref()?)?;
            if known.path.presence != Presence::Missing || known.path.is_ignored {
                return None;
            }
            let help = match &known.path.meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "create it, or correct the path; where an operator puts it there, name it in `.gitignore`"
                    .to_owned(),
            };
            (format!("the {what} `{name}` is made of the file `{written}`, which is not there"), "not there", help)
        }
        Content::Environment(variable) => {
            let is_asked = |known: &Variable| known.required && !plan.needs_profile(known);
            if variable == PROJECT_VARIABLE || plan.variables.get(variable).is_some_and(is_asked) {
                return None;
            }
            let message = match plan.variables.get(variable) {
                Some(_) => {
                    format!("the {what} `{name}` is made of `{variable}`, which may be unset: no default reaches it")
                }
                None => format!("the {what} `{name}` is made of `{variable}`, for which nobody asks an operator"),
            };
            let help = format!(
                "declare `{variable} = {{ secret = true, file = true }}` in `[variables]`, and pass it on: `env.{variable} = \"${{{variable}}}\"`"
            );
            (message, "not set by anybody", help)
        }
        Content::External => {
            let message = format!("the {what} `{name}` is `external`, which Compose does not support");
            (message, "only Swarm keeps them", "make it of a `file`, or of a variable".to_owned())
        }
    };
    let label = Label::value(Some(&plan.environment), source.origin.clone(), text);
    Some(Finding::new(RULE.id, RULE.severity, message, label).help(help))
}

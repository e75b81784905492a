//! `external-absent`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::host::Absent;

/// Something external that is not there.
pub(super) static RULE: Rule = Rule {
    id: "external-absent",
    severity: Severity::Error,
    summary: "an external network or volume that the engine of this machine does not have (`check --host`)",
    docs: "\
Found by `stackgen check --host` alone: a network or volume is `external`, and the engine of this machine has none of that name.

**Why it breaks.** Compose makes nothing that is external: somebody else is to have done that.

**How it shows.** `docker compose up` ends before anything starts: `network proxy declared as external, but could not be found`, or
`external volume \"uploads\" not found`.

```toml
[networks]
edge = { external = true, name = \"prox\" }     # bad: the engine has a network `proxy`
edge = { external = true, name = \"proxy\" }    # good
```

**Fix.** Start the stack that makes it first; that of `stack.edge` makes the network of its proxy. Only where no stack makes it:
`docker network create`, `docker volume create`. A stack does not take a network that was made so in its place: `network … was
found but has incorrect label`.

**Source.** compose-spec, `external` of networks and volumes; tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(context.host.iter().flat_map(|host| &host.absent).map(finding));
}

fn finding(absent: &Absent) -> Finding {
    let Absent { environment, what, name, origin, edge } = absent;
    let message = format!("there is no {what} `{name}` on this machine, and it is external");
    let label = Label::key(Some(environment), origin.clone(), "is to be there already");
    // Compose refuses a network of its own that something else has made in the meantime.
    let help = match edge {
        Some(project) => format!("start the stack `{project}` first, whose proxy this is: that makes the network"),
        None => format!("start the stack that makes it first; where none does: `docker {what} create {name}`"),
    };
    Finding { environment: Some(environment.clone()), ..Finding::new(RULE.id, RULE.severity, message, label) }
        .help(help)
}

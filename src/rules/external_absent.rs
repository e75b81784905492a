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
    let Absent { environment, what, name, origin, edge, meant } = absent;
    let message = format!("this machine has no {what} `{name}`, and Compose makes none that is external");
    let label = Label::key(Some(environment), origin.clone(), "has to be there already");
    // Compose refuses a network of its own that something else has made in the meantime.
    let help = match (edge, meant) {
        (Some(project), None) => {
            format!("start the project `{project}` first: the network is that of its proxy, and comes with it")
        }
        (Some(project), Some(meant)) => {
            format!(
                "start the project `{project}` first, whose proxy makes it; or was `{meant}` meant, which is there?"
            )
        }
        (None, None) => format!("start the stack that makes it first; where none does: `docker {what} create {name}`"),
        (None, Some(meant)) => {
            format!("write `{meant}`, which is there, if that is the one; else start the stack that makes it first")
        }
    };
    Finding { environment: Some(environment.clone()), ..Finding::new(RULE.id, RULE.severity, message, label) }
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::KeyPath;

    #[test]
    fn what_is_not_there_is_named_and_who_makes_it() {
        let said = |edge: Option<&str>, meant: Option<&str>| {
            let absent = Absent {
                environment: "dev".to_owned(),
                what: "network",
                name: "prox".to_owned(),
                origin: KeyPath::of(["networks", "edge"]),
                edge: edge.map(str::to_owned),
                meant: meant.map(str::to_owned),
            };
            let finding = finding(&absent);
            assert!(finding.message.starts_with("this machine has no network `prox`, and Compose makes none"));
            finding.help.unwrap()
        };
        assert!(said(None, None).ends_with("where none does: `docker network create prox`"));
        assert!(said(None, Some("proxy")).starts_with("write `proxy`, which is there, if that is the one"));
        assert!(said(Some("blog"), None).starts_with("start the project `blog` first"));
        assert!(said(Some("blog"), Some("blog_edge")).ends_with("or was `blog_edge` meant, which is there?"));
    }
}

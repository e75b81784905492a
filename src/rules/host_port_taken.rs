//! `host-port-taken`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::host::{Holder, Taken};

/// A host port that somebody has already.
pub(super) static RULE: Rule = Rule {
    id: "host-port-taken",
    severity: Severity::Error,
    summary: "a host port that something on this machine listens on already (`check --host`)",
    docs: "\
Found by `stackgen check --host` alone: a service would publish a host port of this machine that something else has: a program, or
a container of another project. What the stack itself runs does not count. The variables of ports have the values of the env
file and the shell; without `-e`, the environment that Compose starts by itself is meant.

**Why it breaks.** A port of an address belongs to one program.

**How it shows.** `docker compose up` creates everything, and then: `Bind for 127.0.0.1:5432 failed: port is already allocated`, or
`failed to bind host port 127.0.0.1:5432/tcp: address already in use`.

```toml
[services.db]
image = \"postgres:17\"
port = 5432
publish = true          # bad where a PostgreSQL of the system runs
publish = 15432         # good
```

**Fix.** End the program, or publish the service elsewhere. A derived port has a variable, which the env file of this machine
sets: nobody else's port changes.

**Source.** bind(2), `EADDRINUSE`; Docker docs, \"Port publishing and mapping\"; tried with Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(context.host.iter().flat_map(|host| &host.taken).map(finding));
}

fn finding(taken: &Taken) -> Finding {
    let listening = &taken.listening;
    let port = match listening.ip {
        Some(ip) if !ip.is_unspecified() && ip.is_ipv6() => format!("[{ip}]:{}", listening.port),
        Some(ip) if !ip.is_unspecified() => format!("{ip}:{}", listening.port),
        _ => listening.port.to_string(),
    };
    let by = match &listening.by {
        Some(Holder::Process(name, pid)) => format!("the program `{name}` (process {pid})"),
        Some(Holder::Container(name, Some(project))) => format!("the container `{name}` of the project `{project}`"),
        Some(Holder::Container(name, None)) => format!("the container `{name}`"),
        None => "a program of somebody else".to_owned(),
    };
    let message = format!("host port {port} of `{}` is taken on this machine by {by}", taken.service);
    let label = Label::value(Some(&taken.environment), taken.origin.clone(), "would be published here");
    let help = match taken.variables.as_slice() {
        [] => "end what listens there, or publish the service on another port".to_owned(),
        names => format!("end what listens there, or set {} in the env file of this machine", words::names(names)),
    };
    Finding { environment: Some(taken.environment.clone()), ..Finding::new(RULE.id, RULE.severity, message, label) }
        .help(help)
}

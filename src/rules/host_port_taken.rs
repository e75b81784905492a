//! `host-port-taken`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::host::{Holder, Taken};
use crate::plan::Plan;

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
    for taken in context.host.iter().flat_map(|host| &host.taken) {
        let plan = context.plans.iter().find(|plan| plan.environment == taken.environment);
        findings.push(finding(taken, &plan.map_or_else(|| ".env".to_owned(), Plan::env_path)));
    }
}

fn finding(taken: &Taken, env_file: &str) -> Finding {
    let listening = &taken.listening;
    let number = listening.port;
    let port = match listening.ip {
        Some(ip) if !ip.is_unspecified() && ip.is_ipv6() => format!("[{ip}]:{number}"),
        Some(ip) if !ip.is_unspecified() => format!("{ip}:{number}"),
        _ => number.to_string(),
    };
    let (by, end) = match &listening.by {
        Some(Holder::Process(name, pid)) => {
            (format!(" by the program `{name}` (process {pid})"), "end that program".to_owned())
        }
        Some(Holder::Container(name, project)) => {
            let of =
                project.as_ref().map_or_else(String::new, |project| format!(" of the Compose project `{project}`"));
            (format!(" by the container `{name}`{of}"), format!("stop that container (`docker stop {name}`)"))
        }
        None => (
            ", by a program that another user runs".to_owned(),
            format!("end that program (root is told which: `sudo lsof -i :{number}`)"),
        ),
    };
    let message = format!("host port {port} of `{}` is taken on this machine{by}", taken.service);
    let label = Label::value(Some(&taken.environment), taken.origin.clone(), "would be published here");
    let help = match taken.variables.as_slice() {
        [] => format!("{end}, or publish the service on another port"),
        names => format!("{end}, or set {} to another port in `{env_file}`", words::names(names)),
    };
    Finding { environment: Some(taken.environment.clone()), ..Finding::new(RULE.id, RULE.severity, message, label) }
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::port::Protocol;
    use crate::host::Listening;
    use crate::source::KeyPath;

    #[test]
    fn who_has_a_port_is_said_and_how_to_get_it_back() {
        let said = |by: Option<Holder>, variables: &[&str]| {
            let taken = Taken {
                environment: "dev".to_owned(),
                service: "db".to_owned(),
                origin: KeyPath::of(["services", "db", "publish"]),
                listening: Listening { protocol: Protocol::Tcp, ip: None, port: 5432, by },
                variables: variables.iter().map(|name| (*name).to_owned()).collect(),
            };
            let finding = finding(&taken, ".env.dev");
            format!("{}: {}", finding.message, finding.help.unwrap())
        };
        assert_eq!(
            said(Some(Holder::Process("postgres".to_owned(), 7)), &[]),
            "host port 5432 of `db` is taken on this machine by the program `postgres` (process 7): end that program, or \
             publish the service on another port"
        );
        let container = Holder::Container("old-db-1".to_owned(), Some("old".to_owned()));
        assert_eq!(
            said(Some(container), &["DB_HOST_PORT"]),
            "host port 5432 of `db` is taken on this machine by the container `old-db-1` of the Compose project `old`: stop \
             that container (`docker stop old-db-1`), or set `DB_HOST_PORT` to another port in `.env.dev`"
        );
        let nobody = said(None, &[]);
        assert!(
            nobody.contains("by a program that another user runs: end that program (root is told which"),
            "{nobody}"
        );
    }
}

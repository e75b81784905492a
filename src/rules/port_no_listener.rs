//! `port-no-listener`: see [`RULE`].

use super::{Context, Rule};
use crate::compose::port::{PortMapping, Protocol};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{Namespace, Plan, Service, Text};
use crate::source::KeyPath;

/// A port that leads to nobody.
pub(super) static RULE: Rule = Rule {
    id: "port-no-listener",
    severity: Severity::Error,
    summary: "a port at which nobody listens, or only the container itself",
    docs: "\
A service says on which ports it listens, and publishes only others of its container, and no route leads to it; or `PORT` among its variables is another
number; or it is told to listen on the loopback address alone, by `HOST`, `BIND` or `--host 127.0.0.1`, although it is published, has
a route, or others refer to it. Of a plain image, of which nothing is known, all of that is a warning, but for the option.

**Why it breaks.** The engine leads a connection to the port of the container that is written there, whether somebody listens or
not. 127.0.0.1 in a container is the container alone: neither the engine nor the proxy nor another service comes in there.

**How it shows.** `docker compose up` succeeds. A browser says `connection reset`, the proxy answers 502, other services get
`connection refused`.

```toml
[services.web]
image = \"web:1.4\"
port = 3000
publish = \"8080:80\"                         # bad: it listens on 3000
publish = 8080                              # good: leads to `port`
env.HOST = \"127.0.0.1\"                      # bad: nobody else comes in
env.HOST = \"0.0.0.0\"                        # good
```

**Fix.** Publish the port on which the program listens, or add that one to `ports`. Let it listen on `0.0.0.0`.

**Source.** Docker docs, \"Port publishing and mapping\"; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// Variables that programs and frameworks read as the address on which they listen.
const ADDRESSES: [&str; 8] =
    ["BIND", "BIND_ADDRESS", "BIND_HOST", "HOST", "HOSTNAME", "LISTEN_ADDRESS", "LISTEN_HOST", "SERVER_HOST"];

/// Options of commands that are followed by such an address.
const OPTIONS: [&str; 8] =
    ["--addr", "--address", "--bind", "--bind-address", "--host", "--hostname", "--listen", "-b"];

/// Ports of debuggers, which are started by hand (Node.js docs, "Debugging"; debugpy).
const DEBUGGERS: [u16; 2] = [9229, 5678];

/// The variable that says on which port to listen.
const PORT: &str = "PORT";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let referred: std::collections::HashSet<&str> =
            plan.services.values().flat_map(|service| &service.references).map(|it| it.service.as_str()).collect();
        for service in plan.services.values() {
            let Some(port) = service.port else { continue };
            findings.extend(published(context, plan, service, port));
            findings.extend(told(context, plan, service, port));
            let is_wanted =
                !service.ports.is_empty() || !service.routers.is_empty() || referred.contains(service.name.as_str());
            let is_shared = || {
                plan.services
                    .values()
                    .any(|other| other.name != service.name && plan.namespace(other) == Namespace::Of(&service.name))
            };
            if is_wanted && service.network_mode().is_none() {
                findings.extend(loopback(context, plan, service).filter(|_| !is_shared()));
            }
        }
    }
}

/// How certain it is that the ports are what they say.
fn severity(service: &Service) -> Severity {
    let is_known = service.kind.is_some() || service.build.is_some();
    if is_known { RULE.severity } else { Severity::Warning }
}

/// Published ports of the container at which nobody is known to listen.
fn published(context: &Context<'_>, plan: &Plan, service: &Service, port: u16) -> Vec<Finding> {
    let environment = Some(plan.environment.as_str());
    let listening = service.listening();
    let mut findings = Vec::new();
    if service.network_mode().is_some_and(|mode| !mode.is_published()) {
        return findings;
    }
    let leads = |mapping: &PortMapping| {
        let (first, last) = (mapping.target.first, mapping.target.last);
        listening.iter().any(|(number, _)| (first..=last).contains(number))
    };
    // Where its port is reached in another way, there is another listener that nobody has named.
    if !service.routers.is_empty() || service.ports.iter().any(|port| port.mapping.is_none_or(|it| leads(&it))) {
        return findings;
    }
    for published in &service.ports {
        let Some(mapping) = published.mapping.filter(|mapping| mapping.protocol == Protocol::Tcp) else { continue };
        if DEBUGGERS.contains(&mapping.target.first) {
            continue;
        }
        let numbers: Vec<String> = listening.iter().map(|(number, _)| number.to_string()).collect();
        let message = format!(
            "`{}` publishes port {} of its container, and listens on {}",
            service.name,
            mapping.target,
            words::and(&numbers)
        );
        let label = Label::value(environment, published.origin.clone(), "nobody listens there");
        let finding = Finding::new(RULE.id, severity(service), message, label);
        let finding = match written_port(context, plan, service) {
            Some(place) => finding.with(Label::value(environment, place, "where it listens")),
            None => finding,
        };
        let host = mapping.published.map_or_else(|| port.to_string(), |range| range.first.to_string());
        findings.push(finding.help(format!(
            "publish that port: `\"{host}:{port}\"`; or, if it listens on {} too, add it to `ports`",
            mapping.target
        )));
    }
    findings
}

/// Where the service says its port.
fn written_port(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<KeyPath> {
    let written = context.manifest(plan)?.services.get(&service.name)?;
    written.port.map(|_| context.origin_of(plan, &service.name, "port", &[]))
}

/// `PORT` that is another one.
fn told(context: &Context<'_>, plan: &Plan, service: &Service, port: u16) -> Option<Finding> {
    let environment = Some(plan.environment.as_str());
    let text = service.environment.get(PORT)?;
    let number: u16 = text.with_defaults()?.trim().parse().ok()?;
    if service.listens_on(number) {
        return None;
    }
    let message =
        format!("`{}` is told to listen on {number}, and everybody else that it listens on {port}", service.name);
    let place = context.origin_of_env(plan, service, PORT);
    let finding = Finding::new(RULE.id, severity(service), message, Label::value(environment, place, "another port"));
    let finding = match written_port(context, plan, service) {
        Some(place) => finding.with(Label::value(environment, place, "what the others know")),
        None => finding,
    };
    Some(finding.help(format!("write `{PORT} = \"${{service.port}}\"`, or the same `port`")))
}

/// Told to listen where only the container itself comes in.
fn loopback(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let environment = Some(plan.environment.as_str());
    let variable = ADDRESSES.iter().find_map(|name| {
        let value = service.environment.get(*name).and_then(Text::with_defaults)?;
        is_loopback(&value)
            .then(|| (context.origin_of_env(plan, service, name), format!("`{name}`"), severity(service)))
    });
    let (place, by, severity) = variable.or_else(|| {
        let (key, option) = in_command(service)?;
        Some((context.origin_of(plan, &service.name, key, &[key]), format!("`{option}`"), RULE.severity))
    })?;
    let message = format!("{by} lets `{}` listen for its own container alone", service.name);
    let label = Label::value(environment, place, "nobody else comes in here");
    Some(Finding::new(RULE.id, severity, message, label).help("write `0.0.0.0`: every address of the container"))
}

/// The key of the command, and its option with a loopback address.
fn in_command(service: &Service) -> Option<(&'static str, String)> {
    for (key, words) in [("command", &service.command), ("entrypoint", &service.entrypoint)] {
        let words: Vec<String> = words.iter().flatten().map(|word| word.with_defaults().unwrap_or_default()).collect();
        for (index, word) in words.iter().enumerate() {
            let (option, value) =
                word.split_once('=').map_or((word.as_str(), None), |(option, value)| (option, Some(value)));
            if !OPTIONS.contains(&option) {
                continue;
            }
            let next = words.get(index + 1).map(String::as_str);
            if value.or(next).is_some_and(is_loopback) {
                return Some((key, option.to_owned()));
            }
        }
    }
    None
}

/// Whether a text is a loopback address, perhaps with a port.
fn is_loopback(text: &str) -> bool {
    let is_it = |host: &str| {
        let host = host.trim_matches(['[', ']']);
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    is_it(text) || text.rsplit_once(':').is_some_and(|(host, port)| port.parse::<u16>().is_ok() && is_it(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_container_itself() {
        for text in ["127.0.0.1", "localhost", "127.0.0.1:8000", "[::1]:80", "::1", "LOCALHOST:1"] {
            assert!(is_loopback(text), "{text}");
        }
        for text in ["0.0.0.0", "0.0.0.0:80", "::", "", "web", "127.0.0.1:x", "unix:/run/x.sock"] {
            assert!(!is_loopback(text), "{text}");
        }
    }
}

//! `service-port-mismatch`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity, words};
use crate::manifest::unions::PortOrName;
use crate::plan::{Plan, PublishedPort, Service};
use crate::source::Part;
use crate::traefik::dynamic::named::named;
use crate::traefik::rule::UNKNOWN;

/// Traefik is told a port on which the container does not listen.
pub(super) static RULE: Rule = Rule {
    id: "service-port-mismatch",
    severity: Severity::Error,
    summary: "Traefik is sent to a port on which the container does not listen",
    docs: "\
A label `loadbalancer.server.port`, or the `port` of a route, is none of the container's ports: most often it is the one that
the host publishes. Or it is no number at all.

**Why it breaks.** Traefik reaches a container on a network that both share, and there the container has the ports on which its
program listens. Published ports are the host's; nobody answers to them on that network.

**How it shows.** `502 Bad Gateway` for every request, while the published port works in a browser. With a word instead of a
number Traefik switches the router off: `invalid port \":http\" after host`.

```toml
[services.web]
image = \"nginx:1.28\"
port = 80
publish = [\"8080:80\"]
labels.\"traefik.http.services.web.loadbalancer.server.port\" = \"8080\"   # bad: the host's port
labels.\"traefik.http.services.web.loadbalancer.server.port\" = \"80\"     # good
```

**Fix.** Name the port in the container; declare it with `port` or `ports`, where it is another one.

**Source.** Traefik docs, \"Docker\", \"Port detection\"; tried with Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// The option that says the port.
const PORT: &str = "loadbalancer.server.port";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            labels(context, plan, service, findings);
            routes(context, plan, service, findings);
        }
    }
}

fn labels(context: &Context<'_>, plan: &Plan, service: &Service, findings: &mut Vec<Finding>) {
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
    let Some(written) = written.filter(|_| !service.labels.is_empty()) else { return };
    for section in ["http", "tcp", "udp"] {
        for named in named(service.labels.keys().map(String::as_str), section, "services").values() {
            let Some(label) = named.options.get(PORT) else { continue };
            let Some(found) = written.written_label(&service.name, label) else { continue };
            if Context::has_flaw(plan, &found.path) {
                continue;
            }
            let value = service.labels.get(*label).map(|text| text.with_unknown(UNKNOWN)).unwrap_or_default();
            if value.is_empty() || value.contains(UNKNOWN) {
                continue;
            }
            let part = match found.start {
                0 => Part::Value,
                start => Part::Inside(start..start + found.value.len()),
            };
            let place = |text: &str| Label::entry(Some(&plan.environment), found.path.clone(), part.clone(), text);
            let Some(port) = value.parse().ok().filter(|port: &u16| *port > 0) else {
                let message = format!("`{value}` is no port: Traefik switches off every router that leads to it");
                let help = match service.port {
                    Some(port) => format!("write the number: `{port}`"),
                    None => "write the number".to_owned(),
                };
                findings.push(Finding::new(RULE.id, RULE.severity, message, place("no number")).help(help));
                continue;
            };
            let fix = |target: u16| {
                (found.start == 0).then(|| {
                    let fix = Fix::new("name the container's port");
                    fix.set(Some(&plan.environment), found.path.clone(), target.to_string())
                })
            };
            if let Some((published, target)) = published(service, port) {
                let finding = of_host(plan, service, port, published, target, place("the host's port"));
                findings.push(finding.fix(target.and_then(fix)));
            } else if let Some(finding) = unknown(service, port, place("nobody is known to listen")) {
                findings.push(finding);
            }
        }
    }
}

fn routes(context: &Context<'_>, plan: &Plan, service: &Service, findings: &mut Vec<Finding>) {
    let Some(written) = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name)) else {
        return;
    };
    for (name, route) in &written.routes {
        let Some(PortOrName::Number(port)) = route.port else { continue };
        if let Some((published, target)) = published(service, port) {
            let path = service.origin().key("routes").key(name).key("port");
            let label = Label::value(Some(&plan.environment), path, "the host's port");
            findings.push(of_host(plan, service, port, published, target, label));
        }
    }
}

/// The published port whose number on the host this is, while no container port has it; and what it leads to, where that is
/// one port.
fn published(service: &Service, port: u16) -> Option<(&PublishedPort, Option<u16>)> {
    let mappings = || service.ports.iter().filter_map(|port| Some((port, port.mapping.as_ref()?)));
    let is_in = |range: crate::compose::port::PortRange| (range.first..=range.last).contains(&port);
    if service.listening().iter().any(|(known, _)| *known == port)
        || mappings().any(|(_, mapping)| is_in(mapping.target))
    {
        return None;
    }
    let (published, mapping) = mappings().find(|(_, mapping)| mapping.published.is_some_and(is_in))?;
    Some((published, (mapping.target.count() == 1).then_some(mapping.target.first)))
}

fn of_host(
    plan: &Plan,
    service: &Service,
    port: u16,
    published: &PublishedPort,
    target: Option<u16>,
    label: Label,
) -> Finding {
    let message = format!("{port} is a port of the host, and `{}` does not listen on it", service.name);
    let finding = Finding::new(RULE.id, RULE.severity, message, label);
    let finding = finding.with(Label::value(Some(&plan.environment), published.origin.clone(), "published here"));
    match target {
        Some(target) => finding.help(format!("write the port in the container: `{target}`")),
        None => finding.help("write the port in the container"),
    }
}

fn unknown(service: &Service, port: u16, label: Label) -> Option<Finding> {
    let known = service.listening();
    let is_target =
        |mapping: &crate::compose::port::PortMapping| (mapping.target.first..=mapping.target.last).contains(&port);
    let is_known = known.iter().any(|(known, _)| *known == port)
        || service.ports.iter().filter_map(|port| port.mapping.as_ref()).any(is_target);
    if known.is_empty() || is_known {
        return None;
    }
    let ports: Vec<String> = known.iter().map(|(port, _)| port.to_string()).collect();
    let message = format!("nothing says that `{}` listens on {port}; it does on {}", service.name, words::and(&ports));
    let finding = Finding::new(RULE.id, Severity::Warning, message, label);
    Some(finding.help(format!("write {}, or declare the other one: `ports.<name> = {port}`", words::or(&ports))))
}

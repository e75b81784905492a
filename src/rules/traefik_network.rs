//! `traefik-network`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{EDGE, Namespace, NetworkMode, Plan, Raw, Service, Text};
use crate::source::Part;
use crate::traefik::rule::UNKNOWN;

/// The proxy and a service that it routes to do not meet on a network.
pub(super) static RULE: Rule = Rule {
    id: "traefik-network",
    severity: Severity::Error,
    summary: "a routed service that the proxy cannot reach on the network that it takes",
    docs: "\
The label `traefik.docker.network` names a network on which the service is not, or on which the proxy is not, or none where
there are several; or a service with routes has no network of its own (`network_mode`), and the one that it shares is none of
the proxy's. Networks of its own without the proxy are found by `unreachable-reference`.

**Why it breaks.** Traefik asks the engine for the address of a container on one network, and connects to it. On a network that
it is not on itself, nobody answers. Its label wants the name that the engine has, which begins with the project:
`shop_edge`, and not `edge`. Where it does not find the network, it takes another one of the container's, any of them.

**How it shows.** `504 Gateway Timeout` after half a minute, or `502 Bad Gateway`; with several networks after some restarts
only. In the log: `Could not find network named \"edge\" for container`, `Defaulting to first available network`.

```toml
[services.web]
image = \"nginx:1.28\"
port = 80
routes.site = { path = \"/\" }
networks = [\"edge\", \"internal\"]
labels.\"traefik.docker.network\" = \"edge\"                 # bad: the engine's name begins with the project
labels.\"traefik.docker.network\" = \"${stack.project}_edge\"  # good, and what is written anyway
```

**Fix.** Leave the label out: it is written for every routed service. Put the service on a network of the proxy's.

**Source.** Traefik docs, \"Docker\", `network`; Traefik's `pkg/provider/docker/config.go`. Tried with Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// The label that names the network.
const LABEL: &str = "traefik.docker.network";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let proxy = plan.services.values().find(|service| service.proxy.is_some());
        for service in plan.services.values().filter(|service| is_found(service)) {
            let finding = apart(plan, service, proxy).or_else(|| label(context, plan, service, proxy));
            findings.extend(finding);
        }
    }
}

/// Whether the proxy is to find the service: it has routes or labels for it, and does not say no.
fn is_found(service: &Service) -> bool {
    service.proxy.is_none() && crate::traefik::is_routed(service) && !crate::traefik::is_disabled(service)
}

/// A service without a network of its own that the proxy does not reach. Of networks that it has,
/// `unreachable-reference` speaks.
fn apart(plan: &Plan, service: &Service, proxy: Option<&Service>) -> Option<Finding> {
    let mode = service.network_mode()?;
    let environment = Some(plan.environment.as_str());
    let place = Label::value(environment, service.origin().key("compose").key("network_mode"), "without the proxy");
    if mode == NetworkMode::None {
        let message =
            format!("`{}` has no network, and Traefik no address of it: it drops the container", service.name);
        let finding = Finding::new(RULE.id, RULE.severity, message, place);
        return Some(finding.help("put it on a network of the proxy's, or take its routes and labels away"));
    }
    let proxy = proxy.filter(|proxy| plan.namespace(proxy) == Namespace::Of(&proxy.name))?;
    let Namespace::Of(owner) = plan.namespace(service) else { return None };
    let owner = plan.services.get(owner).filter(|owner| owner.name != service.name && !is_found(owner))?;
    if owner.networks.is_empty() || owner.networks.iter().any(|network| proxy.networks.contains(network)) {
        return None;
    }
    let message = format!(
        "`{}` is on the networks of `{}`, and shares none with `{}`, which routes to it",
        service.name, owner.name, proxy.name
    );
    let names = words::names(&proxy.networks);
    let help = format!("add one of the proxy's to `{}`: {names}", owner.name);
    let theirs = Label::key(environment, owner.origin(), "without the proxy too");
    Some(Finding::new(RULE.id, RULE.severity, message, place).with(theirs).help(help))
}

/// The label, where it names a network on which the service is not, or leaves the choice to chance.
fn label(context: &Context<'_>, plan: &Plan, service: &Service, proxy: Option<&Service>) -> Option<Finding> {
    if service.network_mode().is_some() || service.networks.is_empty() {
        return None;
    }
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name))?;
    let (name, text) = service.labels.iter().find(|(name, _)| name.eq_ignore_ascii_case(LABEL))?;
    let found = written.written_label(&service.name, name)?;
    if Context::has_flaw(plan, &found.path) {
        return None;
    }
    let value = text.with_unknown(UNKNOWN);
    let environment = Some(plan.environment.as_str());
    let part = match found.start {
        0 => Part::Value,
        start => Part::Inside(start..start + found.value.len()),
    };
    let place = |text: &str| Label::entry(environment, found.path.clone(), part.clone(), text);
    let names: Vec<(&str, String)> =
        service.networks.iter().map(|key| (key.as_str(), engine_name(plan, key).with_unknown(UNKNOWN))).collect();
    if let Some((key, _)) = names.iter().find(|(_, name)| *name == value) {
        let is_shared = proxy.is_none_or(|proxy| proxy.networks.is_empty() || proxy.networks.iter().any(|n| n == key));
        if is_shared || proxy.is_some_and(|proxy| plan.namespace(proxy) != Namespace::Of(&proxy.name)) {
            return None;
        }
        let message = format!("Traefik is to reach `{}` on a network on which it is not itself", service.name);
        let help = "leave the label out: the network that both share is written for every routed service";
        return Some(Finding::new(RULE.id, RULE.severity, message, place("without the proxy")).help(help));
    }
    if value.contains(UNKNOWN) {
        return None;
    }
    // With one network there is nothing else to take.
    let severity = if service.networks.len() > 1 { Severity::Error } else { Severity::Warning };
    let takes = if service.networks.len() > 1 { "takes any of its networks" } else { "takes the one that it has" };
    let by_key = service.networks.contains(&value);
    let (message, text, help) = if value.is_empty() && service.networks.len() > 1 {
        (
            format!("no network is chosen: Traefik takes any of those of `{}`", service.name),
            "no choice",
            "leave the label out: the network that both share is written for every routed service".to_owned(),
        )
    } else if value.is_empty() {
        return None;
    } else if by_key {
        (
            format!("the engine knows no network `{value}`, since its name begins with the project: Traefik {takes}"),
            "not the engine's name",
            format!("leave the label out, or write `${{stack.project}}_{value}`"),
        )
    } else {
        (
            format!("`{}` is on no network that the engine calls `{value}`: Traefik {takes}", service.name),
            "not one of its networks",
            format!("leave the label out: it is on {}", words::names(&service.networks)),
        )
    };
    Some(Finding::new(RULE.id, severity, message, place(text)).help(help))
}

/// What the engine calls a network of the plan.
fn engine_name(plan: &Plan, key: &str) -> Text {
    let passed =
        plan.passthrough.get("networks").and_then(Raw::as_map).and_then(|all| all.get(key)?.as_map()?.get("name"));
    if let Some(name) = passed.and_then(Raw::to_text) {
        return name;
    }
    let known = plan.networks.get(key).and_then(|network| network.name.clone());
    known.unwrap_or_else(|| {
        let project = plan.edge.clone().filter(|_| key == EDGE).unwrap_or_else(|| plan.project.clone());
        let mut name = project;
        name.push_str("_");
        name.push_str(key);
        name
    })
}

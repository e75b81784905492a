//! Keys inside of a service's tables, and outside of services.

use super::{RULE, finding};
use crate::diagnostics::{Finding, Label};
use crate::kinds::Kind;
use crate::manifest::Manifest;
use crate::manifest::types::{Route, RouteProtocol, Service as Written};
use crate::manifest::unions::{BoolOr, Health, HealthTable, Toggle};
use crate::plan::{EDGE, Plan, Service};
use crate::rules::Context;
use crate::source::KeyPath;

/// A key that means nothing where it stands, and the one that makes it so.
fn beside(plan: &Plan, path: KeyPath, why: &str, help: &str, other: Option<(KeyPath, &str)>) -> Finding {
    let environment = Some(plan.environment.as_str());
    let key = path.steps().last().map(|step| match step {
        crate::source::Step::Key(key) => key.clone(),
        crate::source::Step::Index(index) => index.to_string(),
    });
    let message = format!("`{}` means nothing here: {why}", key.unwrap_or_default());
    let finding = Finding::new(RULE.id, RULE.severity, message, Label::key(environment, path, "changes nothing"));
    let finding = match other {
        Some((path, text)) => finding.with(Label::key(environment, path, text)),
        None => finding,
    };
    finding.help(help)
}

/// Keys of routes.
pub(super) fn routes(plan: &Plan, service: &Service, written: &Written) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, route) in &written.routes {
        let path = service.origin().key("routes").key(name);
        if route.rule.is_some() {
            findings.extend(beside_rule(plan, &path, route));
        } else if route.strip_prefix == Some(BoolOr::Bool(true)) && takes_everything(route) {
            let help = "remove it, or name the `path` that is removed";
            findings.push(beside(plan, path.key("strip-prefix"), "the route takes every path", help, None));
        }
        findings.extend(unproved(plan, service, &path, route));
    }
    findings
}

/// What a raw rule takes the place of.
fn beside_rule(plan: &Plan, path: &KeyPath, route: &Route) -> Vec<Finding> {
    let is_tcp = route.protocol.unwrap_or_default() == RouteProtocol::Tcp;
    // What a connection does not have is told on its own.
    let keys: &[(&str, bool)] = if is_tcp {
        &[("sni", route.sni.is_some())]
    } else {
        &[("path", route.path.is_some()), ("host", route.host.is_some())]
    };
    let rule = || Some((path.key("rule"), "says what the route takes"));
    let mut findings = Vec::new();
    for (key, _) in keys.iter().filter(|(_, is_written)| *is_written) {
        let help = "say it in the rule, or leave the rule out";
        findings.push(beside(plan, path.key(key), "the rule takes its place", help, rule()));
    }
    if !is_tcp && route.strip_prefix == Some(BoolOr::Bool(true)) {
        let help = "name the prefix: `strip-prefix = \"/…\"`";
        let why = "what of the path a raw rule matches is not known";
        findings.push(beside(plan, path.key("strip-prefix"), why, help, rule()));
    }
    findings
}

fn takes_everything(route: &Route) -> bool {
    route.path.as_ref().is_none_or(|paths| paths.as_slice().iter().all(|path| path == "/"))
}

/// What an answer must look like, where nobody asks for one.
fn unproved(plan: &Plan, service: &Service, path: &KeyPath, route: &Route) -> Option<Finding> {
    let expect = route.expect.as_ref()?;
    if route.protocol == Some(RouteProtocol::Tcp) {
        return None;
    }
    let place = path.key("expect");
    if expect.status.is_none() && expect.header.is_empty() && expect.json.is_empty() {
        let help = "write what the answer has: `status`, `header` or `json`";
        return Some(beside(plan, place, "it expects nothing", help, None));
    }
    let mut own = service.routers.iter().filter(|router| router.origin == *path).peekable();
    if own.peek().is_none() || own.any(|router| router.smoke.is_some()) {
        return None;
    }
    let other = match route.smoke {
        Some(Toggle::Off(_)) => Some((path.key("smoke"), "no request is made")),
        _ => None,
    };
    Some(beside(plan, place, "no request proves this route", "name one: `smoke = \"/…\"`", other))
}

/// Ports that have a name already.
pub(super) fn ports(plan: &Plan, service: &Service, written: &Written) -> Vec<Finding> {
    let path = service.origin();
    let mut findings = Vec::new();
    for (name, port) in written.ports.iter().filter(|(_, port)| **port != 0) {
        let place = path.key("ports").key(name);
        if service.port == Some(*port) {
            let main = written.port.is_some().then(|| (path.key("port"), "the main port"));
            findings.push(beside(plan, place, &format!("{port} is the main port"), "remove it", main));
            continue;
        }
        let mut others = service.listeners.iter().take_while(|(other, _)| *other != name);
        if let Some((other, _)) = others.find(|(_, number)| *number == port) {
            let first = written.ports.contains_key(other).then(|| (path.key("ports").key(other), "the same port"));
            findings.push(beside(
                plan,
                place,
                &format!("{port} is `ports.{other}` already"),
                "remove one of them",
                first,
            ));
        }
    }
    findings
}

/// A probe that says how often, and not what.
pub(super) fn health(plan: &Plan, service: &Service, written: &Written, kind: Option<&Kind>) -> Option<Finding> {
    let Health::Table(HealthTable { path: None, command: None, .. }) = written.health.as_ref()?.on()? else {
        return None;
    };
    if kind.is_some_and(|kind| kind.probe.iter().any(|probe| probe.command.is_some())) {
        return None;
    }
    let help = "add a `path` or a `command`";
    Some(finding(plan, &service.name, "health", "nothing says how it is asked", help))
}

/// A DNS provider where nothing is proved by DNS.
pub(super) fn certificates(plan: &Plan, service: &Service, written: &Written) -> Vec<Finding> {
    let table = written.options.get("certificates").and_then(toml::Value::as_table);
    let mut findings = Vec::new();
    for (name, certificate) in table.into_iter().flatten() {
        let challenge = certificate.get("challenge").and_then(toml::Value::as_str).unwrap_or("http");
        if certificate.get("provider").is_some() && challenge != "dns" {
            let path = service.origin().key("certificates").key(name);
            let other = certificate.get("challenge").map(|_| (path.key("challenge"), "not by DNS"));
            let help = "remove it, or write `challenge = \"dns\"`";
            findings.push(beside(plan, path.key("provider"), "only a DNS challenge has a provider", help, other));
        }
    }
    findings
}

/// Settings of networks that exist already.
pub(super) fn networks(plan: &Plan, manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, network) in manifest.networks.iter().filter(|(_, network)| network.external) {
        let path = KeyPath::of(["networks", name]);
        for (key, is_written) in [("internal", network.internal.is_some()), ("subnet", network.subnet.is_some())] {
            if is_written {
                let other = Some((path.key("external"), "made by somebody else"));
                findings.push(beside(plan, path.key(key), "the network exists already", "remove it", other));
            }
        }
    }
    findings
}

/// A proxy of another project that serves nothing here.
pub(super) fn edge(context: &Context<'_>) -> Option<Finding> {
    let mut plans = context.plans.iter().filter(|plan| plan.edge.is_some());
    let first = plans.next()?;
    // Routes without a proxy are told as that.
    let is_routed = |plan: &Plan| {
        let services = context.manifest(plan).into_iter().flat_map(|manifest| &manifest.services);
        let mut here = services.filter(|(name, _)| plan.services.contains_key(*name));
        here.any(|(_, service)| !service.routes.is_empty())
    };
    let is_idle = |plan: &Plan| !plan.networks.contains_key(EDGE) && !is_routed(plan);
    if !context.read.unclear.is_empty() || !is_idle(first) || !plans.all(is_idle) {
        return None;
    }
    let path = KeyPath::of(["stack", "edge"]);
    Some(beside(first, path, "no service has routes that a proxy could serve", "remove it, or add `routes`", None))
}

/// Profiles that are none, although nothing else says otherwise.
pub(super) fn profiles(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let is_empty = |manifest: &Manifest| {
        let of =
            |written: Option<&Written>| written.and_then(|written| written.profiles.as_ref()).is_none_or(Vec::is_empty);
        of(manifest.services.get(&service.name)) && of(manifest.defaults.as_ref())
    };
    let written = context.manifest(plan)?.services.get(&service.name)?;
    let extends =
        |manifest: &Manifest| manifest.services.get(&service.name).is_some_and(|written| written.extends.is_some());
    let manifests = || context.read.environments.values();
    let is_one = written.profiles.as_ref().is_some_and(Vec::is_empty) && !manifests().any(extends);
    (is_one && manifests().all(is_empty)).then(|| {
        let help = "remove it, or name a profile";
        finding(plan, &service.name, "profiles", "a service without a profile always starts", help)
    })
}

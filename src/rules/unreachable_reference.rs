//! `unreachable-reference`: see [`RULE`].

use super::{Context, Rule};
use crate::addresses::{Address, UNKNOWN, addresses};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{EDGE, Plan, Service, Text};
use crate::source::KeyPath;

mod names;

use names::{Known, Names};

/// An address that nothing answers to.
pub(super) static RULE: Rule = Rule {
    id: "unreachable-reference",
    severity: Severity::Error,
    summary: "an address of a service that cannot be reached from there",
    docs: "\
A service refers to another one and shares no network with it, or to one of which nothing runs (`replicas = 0`); or it has
routes, and is on no network with the proxy. References count, and so do URLs and lists of `host:port` in `env` and
`command`, however they are written. A host without a dot in a URL that is no service, alias or name of a container is a
warning: another name server may know it.

**Why it breaks.** A container asks the engine for addresses, and the engine knows the names on the container's own
networks only. `${services.api.url}` puts both services on one network; the text `http://api:8000` does not.

**How it shows.** `Name or service not known`, `ENOTFOUND`, `Temporary failure in name resolution` in the log of whoever
calls, often only at the first request. A route whose service the proxy cannot reach answers `504 Gateway Timeout`.

```toml
[services.cache]
kind = \"redis\"
version = \"7\"

[services.web]
image = \"web:1.4\"
port = 8080
routes.site = { path = \"/\" }
env.CACHE = \"redis://cache:6379\"              # bad: nothing puts the two on one network

[services.web]
image = \"web:1.4\"
port = 8080
routes.site = { path = \"/\" }
env.CACHE = \"${services.cache.url}\"           # good: a value, a dependency and a network
```

**Fix.** Write a reference. Where `networks` is written out, add `\"...\"`, which stands for the derived ones, or a network
that both have. What runs outside of the stack can be named in `compose.extra_hosts`, or with its full name.

**Source.** Docker docs, \"Networking overview\", \"DNS services\". Tried with Docker 28.5: the names are those of service,
container, aliases and `hostname`; `links` do not reach across networks.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let names = Names::new(context, plan);
        let proxy = plan.services.values().find(|service| service.proxy.is_some());
        let mut search = Search { context, plan, names, proxy, findings };
        for service in plan.services.values().filter(|service| !names::has_foreign_network(service)) {
            search.route(service);
            let mut found = Found::default();
            search.references(service, &mut found);
            search.texts(service, &mut found);
            search.findings.extend(found.findings);
        }
    }
}

/// Looks for addresses in one environment.
struct Search<'s, 'c> {
    context: &'s Context<'c>,
    plan: &'c Plan,
    names: Names<'c>,
    proxy: Option<&'c Service>,
    findings: &'s mut Vec<Finding>,
}

/// What one service does not reach: a finding for each, which names every place that asks for it.
#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    /// Of each finding, who is not reached, and the places.
    targets: Vec<(String, Vec<KeyPath>)>,
}

impl Found {
    fn add(
        &mut self,
        target: &str,
        place: &KeyPath,
        finding: impl FnOnce() -> Finding,
        other: impl FnOnce(&KeyPath) -> Label,
    ) {
        let Some(known) = self.targets.iter().position(|(name, _)| name == target) else {
            self.targets.push((target.to_owned(), vec![place.clone()]));
            self.findings.push(finding());
            return;
        };
        let places = &mut self.targets[known].1;
        if !places.contains(place) {
            places.push(place.clone());
            self.findings[known].secondary.push(other(place));
        }
    }
}

/// Why a service is not reached.
enum Obstacle {
    /// No network in common.
    Network,
    /// No container.
    Container,
}

impl<'c> Search<'_, 'c> {
    /// The proxy of a route must share its network with the service.
    fn route(&mut self, service: &Service) {
        let Some(router) = service.routers.first() else { return };
        let Some(proxy) = self.proxy else { return };
        let is_on_edge = |service: &Service| service.networks.iter().any(|name| name == EDGE);
        // A label of its own says on which network the proxy looks for it.
        let chooses = service.passthrough.contains_key("labels")
            || self.context.manifest(self.plan).and_then(|manifest| manifest.services.get(&service.name)).is_some_and(
                |written| {
                    let labels = written.labels.keys().map(|name| name.to_ascii_lowercase());
                    labels.into_iter().any(|name| name == "traefik.docker.network")
                },
            );
        let reaches = if chooses { names::share(service, proxy) } else { is_on_edge(service) && is_on_edge(proxy) };
        if reaches || names::has_foreign_network(proxy) {
            return;
        }
        let lost = if is_on_edge(service) { proxy } else { service };
        let message = if is_on_edge(service) {
            format!("the proxy `{}` is not on `{EDGE}`, where the routes are", proxy.name)
        } else {
            format!("`{}` has routes and is not on `{EDGE}`, where the proxy is", service.name)
        };
        let place = self.networks_of(lost);
        let label = Label::value(Some(&self.plan.environment), place, format!("without `{EDGE}`"));
        let route = self.context.key_of(self.plan, &router.origin, "this route leads nowhere");
        let names = lost.networks.iter().fold(String::new(), |names, name| format!("{names}, \"{name}\""));
        let help = format!("`networks = [\"...\"{names}]`: the dots stand for the derived ones");
        self.findings.push(Finding::new(RULE.id, RULE.severity, message, label).with(route).help(help));
    }

    /// References, all to one service together.
    fn references(&mut self, service: &'c Service, found: &mut Found) {
        for reference in &service.references {
            let Some(target) = self.plan.services.get(&reference.service) else { continue };
            let Some(obstacle) = obstacle(service, target) else { continue };
            let finding = || self.unreached(service, target, &obstacle, &reference.origin);
            found.add(&target.name, &reference.origin, finding, |place| self.place(place, "here too"));
        }
    }

    /// Addresses that are written out.
    fn texts(&mut self, service: &'c Service, found: &mut Found) {
        for (name, text) in &service.environment {
            // What is baked into a program is read elsewhere.
            if super::public_var_internal_host::baked_prefix(name).is_some() {
                continue;
            }
            let place = self.context.origin_of_env(self.plan, service, name);
            self.text(service, text, &place, found);
        }
        for (key, words) in [("command", &service.command), ("entrypoint", &service.entrypoint)] {
            let place = self.context.origin_of(self.plan, &service.name, key, &[key]);
            for word in words.iter().flatten() {
                self.text(service, word, &place, found);
            }
        }
    }

    fn text(&mut self, service: &'c Service, text: &Text, place: &KeyPath, found: &mut Found) {
        let flat = text.with_unknown(UNKNOWN);
        for address in addresses(&flat) {
            let host = address.host.to_ascii_lowercase();
            let is_typed = |name: &str| {
                service.references.iter().any(|reference| reference.service == name && reference.origin == *place)
            };
            if is_typed(&host) {
                continue;
            }
            let (target, finding) = match self.names.find(service, &host) {
                Known::Service(target) => (target.name.as_str(), self.service(service, target, &address, place)),
                Known::Nowhere if address.in_url => (host.as_str(), self.nowhere(service, &address.host, place)),
                Known::Reached | Known::Nowhere => continue,
            };
            if let Some(finding) = finding {
                found.add(target, place, || finding, |place| self.place(place, "here too"));
            }
        }
    }

    /// An address of a service, where it is certain that it is one.
    fn service(&self, from: &Service, target: &Service, address: &Address, place: &KeyPath) -> Option<Finding> {
        let obstacle = obstacle(from, target)?;
        let listens = |port: u16| {
            target.port == Some(port)
                || target.listeners.values().any(|known| *known == port)
                || target
                    .ports
                    .iter()
                    .filter_map(|port| port.mapping)
                    .any(|known| (known.target.first..=known.target.last).contains(&port))
        };
        // `redis:7` may be the name of an image.
        if !address.in_url && !address.port.is_some_and(listens) {
            return None;
        }
        let finding = self.unreached(from, target, &obstacle, place);
        let is_derived = !self.names_networks(from) && !self.names_networks(target);
        if matches!(obstacle, Obstacle::Network) && is_derived && target.proxy.is_none() {
            let output = self.output(target, address.in_url);
            return Some(finding.help(format!(
                "write a reference, which puts both on one network: `${{services.{}.{output}}}`",
                target.name
            )));
        }
        Some(finding)
    }

    /// The output of a service that takes the place of a written address.
    fn output(&self, service: &Service, in_url: bool) -> &'static str {
        let kind = service.kind.as_ref().and_then(|kind| self.context.read.kinds.get(kind));
        match service.port {
            Some(_) if in_url && kind.is_some_and(|kind| kind.outputs.contains_key("url")) => "url",
            Some(_) => "address",
            None => "host",
        }
    }

    fn unreached(&self, from: &Service, target: &Service, obstacle: &Obstacle, place: &KeyPath) -> Finding {
        let (from_name, name) = (&from.name, &target.name);
        match obstacle {
            Obstacle::Container => {
                let message = format!("`{from_name}` refers to `{name}`, of which nothing runs");
                let count = self.context.origin_of_count(self.plan, target);
                let count = Label::value(Some(&self.plan.environment), count, "no container");
                Finding::new(RULE.id, RULE.severity, message, self.place(place, "nothing answers there"))
                    .with(count)
                    .help(format!("let one container of `{name}` run, or take the reference away"))
            }
            Obstacle::Network => {
                let message = format!("`{from_name}` refers to `{name}` and shares no network with it");
                let label = self.place(place, format!("no network leads to `{name}`"));
                let mut finding = Finding::new(RULE.id, RULE.severity, message, label);
                for service in [from, target] {
                    let on = format!("`{}` is on {}", service.name, on(service));
                    finding = finding.with(if self.names_networks(service) {
                        Label::value(Some(&self.plan.environment), self.networks_of(service), on)
                    } else {
                        self.context.key_of(self.plan, &service.origin(), &on)
                    });
                }
                finding.help(self.join(from, target))
            }
        }
    }

    /// What puts both on one network.
    fn join(&self, from: &Service, target: &Service) -> String {
        let (service, added) = match [from, target].into_iter().find(|service| self.names_networks(service)) {
            Some(service) if target.proxy.is_none() => (service, &service.networks),
            // The derived ones do not lead to a proxy, nor from it.
            _ => (from, &target.networks),
        };
        let names = added.iter().fold(String::new(), |names, name| format!("{names}, \"{name}\""));
        format!("`networks = [\"...\"{names}]` in `[services.{}]`: the dots stand for the derived ones", service.name)
    }

    /// A host of which nobody knows.
    fn nowhere(&self, from: &Service, host: &str, place: &KeyPath) -> Option<Finding> {
        // What its `$` makes of the name is told on its own.
        if Context::has_flaw(self.plan, place) {
            return None;
        }
        let manifest = self.context.manifest(self.plan)?;
        let services = || manifest.services.keys().map(String::as_str);
        let named = services().find(|name| name.eq_ignore_ascii_case(host));
        if let Some(name) = named
            && (self.context.may_be_lost(&KeyPath::of(["services", name])) || name == from.name)
        {
            return None;
        }
        let message = format!("nothing in this stack has the name `{host}`");
        let label = self.place(place, "nothing known answers there");
        let finding = Finding::new(RULE.id, Severity::Warning, message, label);
        let origin = |name: &str| KeyPath::of(["services", name]);
        Some(match named {
            Some(name) if self.plan.externals.contains_key(name) => finding
                .with(self.context.key_of(self.plan, &origin(name), "runs elsewhere, under another name"))
                .help(format!("write where it runs: `${{services.{name}.host}}`")),
            Some(name) => {
                let only =
                    Label::value(Some(&self.plan.environment), origin(name).key("environments"), "exists only here");
                finding
                    .with(only)
                    .help("set it only in the overlays of these environments, or let the service exist here too")
            }
            None => match words::nearest(host, services().filter(|name| self.plan.services.contains_key(*name))) {
                Some(meant) => finding
                    .with(self.context.key_of(self.plan, &origin(meant), "is this one meant?"))
                    .help(format!("did you mean `{meant}`?")),
                None => finding.help(format!(
                    "write its full name, or say where it is: `compose.extra_hosts = [\"{host}:<address>\"]`"
                )),
            },
        })
    }

    /// Whether the networks of a service are written out.
    fn names_networks(&self, service: &Service) -> bool {
        let written = self.context.manifest(self.plan).and_then(|manifest| manifest.services.get(&service.name));
        service.passthrough.contains_key("networks") || written.is_some_and(|written| written.networks.is_some())
    }

    fn networks_of(&self, service: &Service) -> KeyPath {
        self.context.origin_of(self.plan, &service.name, "networks", &["networks"])
    }

    /// A text of a service; its key where the kind alone says it.
    fn place(&self, path: &KeyPath, text: impl Into<String>) -> Label {
        let text = text.into();
        if path.steps().len() > 2 {
            Label::value(Some(&self.plan.environment), path.clone(), text)
        } else {
            self.context.key_of(self.plan, path, &text)
        }
    }
}

/// What keeps one service from another.
fn obstacle(from: &Service, to: &Service) -> Option<Obstacle> {
    if to.containers() == 0 {
        return Some(Obstacle::Container);
    }
    let is_apart = from.name != to.name && !names::share(from, to) && !names::has_foreign_network(to);
    is_apart.then_some(Obstacle::Network)
}

/// The networks of a service, in words.
fn on(service: &Service) -> String {
    if service.networks.is_empty() { "no network".to_owned() } else { words::names(&service.networks) }
}

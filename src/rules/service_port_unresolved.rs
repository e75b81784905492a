//! `service-port-unresolved`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity, words};
use crate::manifest::types::Service as Written;
use crate::plan::{Namespace, Plan, Raw, Service};
use crate::source::{KeyPath, Part};
use crate::traefik::dynamic::labels;
use crate::traefik::dynamic::named::{Named, named};
use crate::traefik::rule::UNKNOWN;

/// Labels from which Traefik cannot tell to which port, or to which service, a router leads.
pub(super) static RULE: Rule = Rule {
    id: "service-port-unresolved",
    severity: Severity::Error,
    summary: "labels that do not say which port of the container is meant",
    docs: "\
Labels make a router, and none says on which port the container answers: there is no `loadbalancer.server.port`. Or they
make several services, and a router does not say which of them it leads to. Routes of services.toml always say both.

**Why it breaks.** Traefik takes the port from what the container exposes: `EXPOSE` of the image, and published ports. With none,
or on the host's network, it drops the container with all of its labels. With several it takes the lowest, whatever that is for,
even `53/udp`. And a router is linked to the one service of its container: where there are two, Traefik drops the router.

**How it shows.** `404 page not found`, nothing in Traefik's API, and one line in its log: `service \"web\" error: port is
missing`, or `Router admin cannot be linked automatically with multiple Services`. A wrong port: 502, or another program's
answers.

```toml
[services.web]
image = \"shop:1.4\"
port = 8000
labels.\"traefik.http.routers.web.rule\" = \"Host(`shop.example.com`)\"            # bad: to which port?
labels.\"traefik.http.services.web.loadbalancer.server.port\" = \"8000\"         # good, beside the other one
```

**Fix.** Set `traefik.http.services.<name>.loadbalancer.server.port`, and `traefik.http.routers.<name>.service` where there is more
than one service; or write a route, which says both.

**Source.** Traefik docs, \"Docker\", \"Port detection\" and \"Service definition\"; tried with Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// The sections in which a container can have routers.
const SECTIONS: [&str; 3] = ["http", "tcp", "udp"];

/// The option that says the port.
const PORT: &str = "loadbalancer.server.port";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values().filter(|service| !service.labels.is_empty()) {
            let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
            let Some(written) = written.filter(|written| has_labels(written)) else { continue };
            let values: Vec<(&str, String)> =
                service.labels.iter().map(|(name, text)| (name.as_str(), text.with_unknown(UNKNOWN))).collect();
            let decoded = labels::decode(values.iter().map(|(name, value)| (*name, value.as_str())), None);
            // What is dropped anyway is told on its own.
            if decoded.is_disabled || !decoded.is_taken() {
                continue;
            }
            for section in SECTIONS {
                Judge { plan, service, written, section }.judge(findings);
            }
        }
    }
}

fn has_labels(written: &Written) -> bool {
    !written.labels.is_empty() || written.compose.contains_key("labels")
}

struct Judge<'j> {
    plan: &'j Plan,
    service: &'j Service,
    written: &'j Written,
    section: &'j str,
}

impl Judge<'_> {
    fn named(&self, group: &str) -> Vec<Named<'_>> {
        let labels = self.service.labels.keys().map(String::as_str);
        named(labels, self.section, group).into_values().collect()
    }

    fn judge(&self, findings: &mut Vec<Finding>) {
        let (routers, services) = (self.named("routers"), self.named("services"));
        if let [_, _, ..] = services.as_slice() {
            let names: Vec<&str> = services.iter().map(|service| service.name).collect();
            for router in routers.iter().filter(|router| !router.has("service")) {
                findings.extend(self.unlinked(router, &names));
            }
        }
        let lacks_port = |service: &&Named<'_>| !service.has(PORT) && !service.has("loadbalancer.server.url");
        let lacking: Vec<&Named<'_>> = services.iter().filter(lacks_port).collect();
        if services.is_empty() {
            // Without a service of its own a container gets one, also where it only has middlewares.
            let middlewares = if self.section == "http" { self.named("middlewares") } else { Vec::new() };
            if let Some(first) = routers.iter().chain(&middlewares).find_map(|named| self.place(named)) {
                // Where no router leads to it any port will do, and none will not.
                let is_used = routers.iter().any(|router| !self.is_elsewhere(router));
                let found = self.port(first, None);
                findings.extend(found.filter(|finding| is_used || finding.severity == Severity::Error));
            }
        }
        for service in lacking {
            if let Some(place) = self.place(service) {
                findings.extend(self.port(place, Some(service.name)));
            }
        }
    }

    /// Whether a router leads to a service that another provider has, such as `api@internal`.
    fn is_elsewhere(&self, router: &Named<'_>) -> bool {
        let label = router.options.get("service").and_then(|label| self.service.labels.get(*label));
        label.and_then(crate::plan::Text::with_defaults).is_some_and(|service| service.contains('@'))
    }

    /// Where the first label of a name stands that somebody wrote.
    fn place(&self, named: &Named<'_>) -> Option<(KeyPath, Part)> {
        let written = |label: &&str| {
            let found = self.written.written_label(&self.service.name, label)?;
            let part = if found.start == 0 { Part::Key } else { Part::Inside(0..label.len()) };
            Some((found.path, part))
        };
        named.options.values().find_map(written)
    }

    fn unlinked(&self, router: &Named<'_>, services: &[&str]) -> Option<Finding> {
        let (path, part) = self.place(router)?;
        let environment = Some(self.plan.environment.as_str());
        let (section, name) = (self.section, router.name);
        let message = format!(
            "the router `{name}` does not say which service it leads to, and there are {}: Traefik drops it",
            words::names(services)
        );
        let label = Label::entry(environment, path, part, "to which of them?");
        let help = format!("write `traefik.{section}.routers.{name}.service`");
        Some(Finding::new(RULE.id, RULE.severity, message, label).help(help))
    }

    fn port(&self, (path, part): (KeyPath, Part), name: Option<&str>) -> Option<Finding> {
        let environment = Some(self.plan.environment.as_str());
        let service = self.service;
        let (known, is_complete) = self.exposed();
        let (severity, message, text) = match known.as_slice() {
            [] if is_complete => (
                Severity::Error,
                format!(
                    "no label says on which port `{}` answers, and it exposes none: Traefik drops it",
                    service.name
                ),
                "without a port",
            ),
            [] => (
                Severity::Warning,
                format!(
                    "no label says on which port `{}` answers: Traefik takes the lowest one that its image exposes, if any",
                    service.name
                ),
                "without a port",
            ),
            [lowest, _, ..] if service.port != Some(*lowest) => (
                Severity::Warning,
                format!(
                    "no label says on which port `{}` answers: of {} Traefik takes the lowest, {lowest}",
                    service.name,
                    words::and(&known.iter().map(u16::to_string).collect::<Vec<_>>())
                ),
                "without a port",
            ),
            _ => return None,
        };
        let own = name.unwrap_or(&service.name);
        let key = format!("traefik.{}.services.{own}.{PORT}", self.section);
        let label = Label::entry(environment, path.clone(), part.clone(), text);
        let finding = Finding::new(RULE.id, severity, message, label);
        let Some(port) = service.port else {
            return Some(finding.help(format!("write the port: `\"{key}\" = \"…\"`")));
        };
        let is_in_table = part == Part::Key && path.key_at(2) == Some("labels");
        let place = service.origin().key("labels").key(&key);
        let fix = is_in_table.then(|| Fix::new("say the port").insert(None, place, port.to_string()));
        Some(finding.help(format!("write the port: `\"{key}\" = \"{port}\"`")).fix(fix))
    }

    /// The ports that the container is known to expose, the lowest first, and whether these are all of them.
    fn exposed(&self) -> (Vec<u16>, bool) {
        let service = self.service;
        // Without a network of its own a container exposes nothing.
        if service.network_mode().is_some()
            && !matches!(self.plan.namespace(service), Namespace::Of(name) if name == service.name)
        {
            return (Vec::new(), true);
        }
        let recipe = service.build.as_ref().and_then(|build| build.recipe.as_ref());
        let built =
            recipe.into_iter().flat_map(|recipe| recipe.port.into_iter().chain(recipe.listeners.iter().copied()));
        let published =
            service.ports.iter().filter_map(|port| port.mapping.as_ref()).map(|mapping| mapping.target.first);
        let expose = service.passthrough.get("expose").and_then(Option::as_ref).and_then(Raw::as_list);
        let exposed = expose
            .into_iter()
            .flatten()
            .filter_map(|port| port.to_text()?.with_defaults()?.split(['/', '-']).next()?.parse().ok());
        let mut ports: Vec<u16> = built.chain(published).chain(exposed).collect();
        ports.sort_unstable();
        ports.dedup();
        (ports, recipe.is_some())
    }
}

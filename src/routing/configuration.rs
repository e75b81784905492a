//! What the labels of all containers on one proxy come to: routers, services and middlewares by name, as Traefik's Docker
//! provider puts them together, and what it leaves out (Traefik, `pkg/provider/docker/config.go`,
//! `pkg/provider/configuration.go` and `pkg/provider/merge.go`).

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::values::{self, Lookup};
use crate::manifest::types::RouteProtocol;
use crate::plan::{EDGE_LABEL, Plan, Router, Service};
use crate::source::KeyPath;
use crate::traefik::dynamic::{labels, named, value};

/// Something that labels define under a name.
#[derive(Debug, Clone)]
pub(super) struct Defined {
    /// The name.
    pub(super) name: String,
    /// The options in lower case, and their values.
    pub(super) options: BTreeMap<String, String>,
    /// The containers that define it.
    pub(super) places: Vec<Place>,
    /// The label that defines it first, on the first container.
    pub(super) label: String,
}

/// A service of a stack whose containers define something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The position of its plan among those that were given.
    pub plan: usize,
    /// The stack.
    pub stack: String,
    /// The environment.
    pub environment: String,
    /// The service.
    pub service: String,
}

/// A server behind a service of Traefik.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Whose containers it is.
    pub place: Place,
    /// The port that it is asked on; none where Traefik finds none.
    pub port: Option<u16>,
    /// How it is spoken to.
    pub scheme: String,
}

/// Everything of one protocol.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) routers: IndexMap<String, Defined>,
    pub(super) services: IndexMap<String, Defined>,
    pub(super) middlewares: IndexMap<String, Defined>,
    /// The servers of each service.
    pub(super) servers: IndexMap<String, Vec<Server>>,
}

/// Everything on one proxy.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) http: Section,
    pub(super) tcp: Section,
    /// What Traefik does not take.
    pub(super) left_out: Vec<LeftOut>,
    /// Names with several contents.
    pub(super) clashes: Vec<Clash>,
}

/// A router, or a whole container, that Traefik does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The router.
    pub router: String,
    /// Where it is defined.
    pub place: Place,
    /// Its rule, where it has one.
    pub rule: String,
    /// Why, as a clause.
    pub reason: String,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A router.
    Router,
    /// A service of Traefik.
    Service,
    /// A middleware.
    Middleware,
}

impl Named {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::Service => "service",
            Self::Middleware => "middleware",
        }
    }
}

/// One name with several contents: Traefik deletes all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The protocol.
    pub protocol: RouteProtocol,
    /// What it is.
    pub kind: Named,
    /// The name.
    pub name: String,
    /// Who defines it; at least two.
    pub places: Vec<Place>,
}

impl Clash {
    /// Where one of them is defined in the services.toml of its stack, among the plans of the model.
    pub fn origin(&self, place: &Place, plans: &[&Plan]) -> KeyPath {
        let service = KeyPath::of(["services", &place.service]);
        let Some(known) = plans.get(place.plan).and_then(|plan| plan.services.get(&place.service)) else {
            return service;
        };
        let section = if self.protocol == RouteProtocol::Http { "http" } else { "tcp" };
        // What stackgen has made follows from a route; the rest is a label that somebody wrote.
        let is_made = |router: &&Router| router.protocol == self.protocol && router.origin.key_at(2) == Some("routes");
        let of_routes = known.routers.iter().filter(is_made);
        let mut of_routes = of_routes.filter(|router| match self.kind {
            Named::Router => router.name == self.name,
            Named::Service => router.service == self.name,
            Named::Middleware => router.middlewares.iter().any(|middleware| middleware.name() == self.name),
        });
        let start = format!("traefik.{section}.{}s.{}.", self.kind.word(), self.name).to_ascii_lowercase();
        let label = known.labels.keys().find(|label| label.to_ascii_lowercase().starts_with(&start));
        match (of_routes.next(), label) {
            (Some(router), _) => router.origin.clone(),
            (None, Some(label)) => service.key("labels").key(label),
            (None, None) => service,
        }
    }
}

impl Section {
    fn group(&mut self, kind: Named) -> &mut IndexMap<String, Defined> {
        match kind {
            Named::Router => &mut self.routers,
            Named::Service => &mut self.services,
            Named::Middleware => &mut self.middlewares,
        }
    }
}

/// The kinds of names, and where labels keep them.
const GROUPS: [(Named, &str); 3] =
    [(Named::Router, "routers"), (Named::Service, "services"), (Named::Middleware, "middlewares")];

/// The option by which a service knows the port of a container.
const PORT: &str = "loadbalancer.server.port";

/// Reads the labels of all plans.
pub(super) fn read(plans: &[&Plan], values: Lookup<'_>) -> Configuration {
    let mut whole = Configuration::default();
    let minor = plans.iter().flat_map(|plan| plan.services.values()).find_map(|service| service.proxy.as_ref());
    let minor = minor.map(|proxy| proxy.version).filter(|version| version.0 == 3).map(|version| version.1);
    for (index, plan) in plans.iter().enumerate() {
        for service in plan.services.values() {
            let Some(container) = Container::of(index, plan, service, values) else { continue };
            container.read(minor, &mut whole);
        }
    }
    whole.delete_clashes();
    whole
}

/// The labels of a service whose containers the proxy looks at.
struct Container<'p> {
    plan: &'p Plan,
    service: &'p Service,
    place: Place,
    labels: BTreeMap<&'p str, String>,
}

impl<'p> Container<'p> {
    fn of(index: usize, plan: &'p Plan, service: &'p Service, values: Lookup<'_>) -> Option<Self> {
        // The proxy looks at containers with its own label alone.
        if !service.labels.contains_key(EDGE_LABEL) || crate::traefik::is_disabled(service) {
            return None;
        }
        let labels = service.labels.iter().map(|(label, text)| (label.as_str(), values::resolve(plan, text, values)));
        let place = Place {
            plan: index,
            stack: plan.stack.clone(),
            environment: plan.environment.clone(),
            service: service.name.clone(),
        };
        Some(Self { plan, service, place, labels: labels.collect() })
    }

    fn read(&self, minor: Option<u32>, whole: &mut Configuration) {
        let decoded = labels::decode(self.labels.iter().map(|(label, value)| (*label, value.as_str())), minor);
        if decoded.is_disabled {
            return;
        }
        let flaw = decoded.flaws.iter().find(|flaw| flaw.kind.is_fatal()).map(|flaw| flaw.label.to_owned());
        for protocol in [RouteProtocol::Http, RouteProtocol::Tcp] {
            let mut own: Vec<IndexMap<String, Defined>> =
                GROUPS.iter().map(|(_, group)| self.named(protocol, group)).collect();
            let (Some(middlewares), Some(mut services), Some(mut routers)) = (own.pop(), own.pop(), own.pop()) else {
                continue;
            };
            if let Some(label) = &flaw {
                let reason =
                    format!("Traefik drops all labels of `{}`, since it cannot read `{label}`", self.place.service);
                whole.left_out.extend(routers.values().map(|router| self.left_out(router, reason.clone())));
                continue;
            }
            if protocol == RouteProtocol::Http || !(routers.is_empty() && services.is_empty()) {
                self.complete(protocol, &mut routers, &mut services, &mut whole.left_out);
            }
            for (kind, group) in
                [(Named::Router, routers), (Named::Service, services), (Named::Middleware, middlewares)]
            {
                for defined in group.into_values() {
                    whole.add(protocol, kind, defined, self);
                }
            }
        }
    }

    fn left_out(&self, router: &Defined, reason: String) -> LeftOut {
        let rule = router.options.get("rule").cloned().unwrap_or_default();
        LeftOut { router: router.name.clone(), place: self.place.clone(), rule, reason }
    }

    fn named(&self, protocol: RouteProtocol, group: &str) -> IndexMap<String, Defined> {
        let section = if protocol == RouteProtocol::Http { "http" } else { "tcp" };
        let found = named::named(self.labels.keys().copied(), section, group);
        let defined = found.into_values().map(|named| {
            let label = named.options.values().next().copied().unwrap_or_default().to_owned();
            let value = |label: &str| self.labels.get(label).cloned().unwrap_or_default();
            let options = named.options.iter().map(|(option, label)| (option.clone(), value(label))).collect();
            let places = vec![self.place.clone()];
            (named.name.to_owned(), Defined { name: named.name.to_owned(), options, places, label })
        });
        defined.collect()
    }

    /// What Traefik makes up: a service for a container without one, the service of a router that names none, and a
    /// router for a container that has none.
    fn complete(
        &self,
        protocol: RouteProtocol,
        routers: &mut IndexMap<String, Defined>,
        services: &mut IndexMap<String, Defined>,
        left_out: &mut Vec<LeftOut>,
    ) {
        let made_up = |name: &str| Defined {
            name: name.to_owned(),
            options: BTreeMap::new(),
            places: vec![self.place.clone()],
            label: String::new(),
        };
        let default = normalised(&format!("{}-{}", self.place.service, project(self.plan)));
        if services.is_empty() {
            services.insert(default.clone(), made_up(&default));
        }
        if routers.is_empty() && protocol == RouteProtocol::Http && services.len() == 1 {
            routers.insert(default.clone(), made_up(&default));
        }
        routers.retain(|_, router| {
            if !router.options.contains_key("rule") {
                if protocol == RouteProtocol::Tcp {
                    left_out.push(self.left_out(router, "it has no rule".to_owned()));
                    return false;
                }
                router.options.insert("rule".to_owned(), format!("Host(`{default}`)"));
            }
            if router.options.get("service").is_some_and(|name| !name.is_empty()) {
                return true;
            }
            match services.len() {
                1 => {
                    router.options.extend(services.keys().next().map(|name| ("service".to_owned(), name.clone())));
                    true
                }
                several => {
                    let reason = format!("it names no service, and the container has {several}");
                    left_out.push(self.left_out(router, reason));
                    false
                }
            }
        });
    }

    fn server(&self, service: &Defined) -> Server {
        let port = service.options.get(PORT).and_then(|port| port.trim().parse().ok());
        let scheme = service.options.get("loadbalancer.server.scheme").filter(|scheme| !scheme.is_empty());
        Server {
            place: self.place.clone(),
            port: port.or_else(|| self.lowest_port()),
            scheme: scheme.cloned().unwrap_or_else(|| "http".to_owned()),
        }
    }

    /// The port that Traefik takes where no label says one: the lowest that the container exposes.
    fn lowest_port(&self) -> Option<u16> {
        let published =
            self.service.ports.iter().filter_map(|port| port.mapping.as_ref()).map(|mapping| mapping.target.first);
        self.service.port.into_iter().chain(self.service.listeners.values().copied()).chain(published).min()
    }
}

impl Configuration {
    fn section(&mut self, protocol: RouteProtocol) -> &mut Section {
        match protocol {
            RouteProtocol::Http => &mut self.http,
            RouteProtocol::Tcp => &mut self.tcp,
        }
    }

    fn add(&mut self, protocol: RouteProtocol, kind: Named, mut defined: Defined, container: &Container<'_>) {
        let section = self.section(protocol);
        let name = defined.name.clone();
        if kind == Named::Service {
            let server = container.server(&defined);
            section.servers.entry(name.clone()).or_default().push(server);
            // Of services with one name the servers are put together, and all else has to be alike.
            defined.options.retain(|option, _| !option.starts_with("loadbalancer.server."));
        }
        match section.group(kind).get_mut(&name) {
            None => {
                section.group(kind).insert(name, defined);
            }
            Some(known) if known.options == defined.options => known.places.extend(defined.places),
            Some(known) => {
                let places = known.places.iter().cloned().chain(defined.places).collect();
                known.places = places;
                let places = known.places.clone();
                match self.clashes.iter_mut().find(|c| c.protocol == protocol && c.kind == kind && c.name == name) {
                    Some(clash) => clash.places = places,
                    None => self.clashes.push(Clash { protocol, kind, name, places }),
                }
            }
        }
    }

    fn delete_clashes(&mut self) {
        for clash in std::mem::take(&mut self.clashes) {
            let deleted = self.section(clash.protocol).group(clash.kind).shift_remove(&clash.name);
            if let Some(router) = deleted.filter(|_| clash.kind == Named::Router) {
                let rule = router.options.get("rule").cloned().unwrap_or_default();
                let reason = "Traefik deletes it: its name has another content elsewhere".to_owned();
                let left_out = clash.places.iter().map(|place| LeftOut {
                    router: clash.name.clone(),
                    place: place.clone(),
                    rule: rule.clone(),
                    reason: reason.clone(),
                });
                self.left_out.extend(left_out);
            }
            self.clashes.push(clash);
        }
    }
}

impl Defined {
    /// The value of an option.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// The items of an option that is a list.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let text = self.option(name).unwrap_or_default();
        text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }

    /// Whether a table that may stand alone is switched on: any option of it does, and everything but `true` switches it
    /// off as a whole.
    pub(super) fn has_table(&self, name: &str) -> bool {
        match self.option(name) {
            Some(text) => text.is_empty() || text.eq_ignore_ascii_case("true"),
            None => {
                self.options.keys().any(|option| option.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
            }
        }
    }

    /// Whether an option is set to yes.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.option(name).and_then(value::boolean) == Some(true)
    }

    /// Where it stands in the services.toml of its first place.
    pub(super) fn origin(&self, plans: &[&Plan]) -> Option<KeyPath> {
        let place = self.places.first()?;
        let service = plans.get(place.plan)?.services.get(&place.service)?;
        let route = service.routers.iter().find(|router| router.name == self.name);
        Some(route.map_or_else(|| service.origin().key("labels").key(&self.label), |router| router.origin.clone()))
    }
}

/// The Compose project, as far as it is known.
fn project(plan: &Plan) -> String {
    plan.project.with_defaults().unwrap_or_else(|| plan.stack.clone())
}

/// Letters and digits, and a hyphen for everything else (Traefik, `provider.Normalize`).
pub(super) fn normalised(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

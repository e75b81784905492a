//! Networks, derived from who talks to whom.
//!
//! `edge` is the proxy's: it and what it routes to. `internal` is for everything that refers to, or is referred to by,
//! another service, and for what would otherwise have no network. Data stores are never on `edge`.

use indexmap::IndexMap;

use super::member::Frame;
use super::resolve::{At, Resolver};
use super::{EDGE, INTERNAL, Network, Plan, ProblemKind, Service, Text};
use crate::kinds::Class;
use crate::source::KeyPath;

/// The networks of a service: derived, unless it says otherwise. `talks` says that it refers to another service, or
/// is referred to.
pub(super) fn of_service(frame: &Frame<'_>, service: &Service, talks: bool) -> Vec<String> {
    let derived = derived(service, talks);
    let Some(written) = frame.members.get(service.name.as_str()).and_then(|member| member.service.networks.as_ref())
    else {
        return derived;
    };
    let mut networks: Vec<String> = Vec::new();
    for name in written {
        let names = if name == "..." { derived.as_slice() } else { std::slice::from_ref(name) };
        for name in names {
            if !networks.contains(name) {
                networks.push(name.clone());
            }
        }
    }
    networks
}

fn derived(service: &Service, talks: bool) -> Vec<String> {
    let is_proxy = service.class == Class::Proxy;
    let on_edge = (is_proxy || crate::traefik::is_routed(service)) && service.class != Class::Datastore;
    let on_internal = (!is_proxy && talks) || !on_edge;
    let mut networks = Vec::new();
    if on_edge {
        networks.push(EDGE.to_owned());
    }
    if on_internal {
        networks.push(INTERNAL.to_owned());
    }
    networks
}

impl Resolver<'_, '_> {
    /// The networks that the services use, with their settings.
    pub(super) fn networks(
        &mut self,
        services: &IndexMap<String, Service>,
        edge: Option<&Text>,
    ) -> IndexMap<String, Network> {
        let manifest = self.frame.manifest;
        let mut networks: IndexMap<String, Network> = IndexMap::new();
        let order = [EDGE, INTERNAL].into_iter().chain(manifest.networks.keys().map(String::as_str));
        for name in order {
            if networks.contains_key(name)
                || !services.values().any(|service| service.networks.iter().any(|n| n == name))
            {
                continue;
            }
            let written = manifest.networks.get(name);
            let path = KeyPath::of(["networks", name, "name"]);
            let fixed = written.and_then(|network| network.name.clone());
            let fixed = fixed.map(|fixed| self.text(&fixed, At::manifest(&path, None)).text);
            let derived = name == INTERNAL && needs_no_way_out(services);
            // The proxy's network is that of the project that has the proxy.
            let borrowed = edge.filter(|_| name == EDGE);
            let fixed = fixed.or_else(|| {
                borrowed.map(|project| {
                    let mut network = project.clone();
                    network.push_str("_edge");
                    network
                })
            });
            let external = written.is_some_and(|network| network.external) || borrowed.is_some();
            networks.insert(
                name.to_owned(),
                Network {
                    name: fixed,
                    external,
                    internal: !external && written.and_then(|network| network.internal).unwrap_or(derived),
                    subnet: written.and_then(|network| network.subnet.clone()),
                },
            );
        }
        self.check_names(services, &networks);
        self.check_empty(services);
        networks
    }

    fn check_empty(&mut self, services: &IndexMap<String, Service>) {
        let is_lost = |service: &&Service| service.networks.is_empty() && !has_mode(service);
        for service in services.values().filter(is_lost) {
            let message = format!("`{}` would be on no network", service.name);
            let help = "leave `networks` out for the derived ones, or name one".to_owned();
            let missing = service.origin().key("networks");
            self.problem(missing.clone(), ProblemKind::Incomplete { message, help, missing });
        }
    }

    fn check_names(&mut self, services: &IndexMap<String, Service>, networks: &IndexMap<String, Network>) {
        for service in services.values() {
            for name in &service.networks {
                let is_passed = self.frame.manifest.compose.get("networks").is_some_and(|all| all.get(name).is_some());
                if networks.contains_key(name) || is_passed {
                    continue;
                }
                let known =
                    [EDGE, INTERNAL].into_iter().map(str::to_owned).chain(self.frame.manifest.networks.keys().cloned());
                let kind =
                    ProblemKind::Unknown { what: "network", name: name.clone(), known: known.collect(), note: None };
                let place = self.origin_of_network(service, name);
                self.problem(place, kind);
            }
        }
    }

    /// Where a service names a network.
    fn origin_of_network(&self, service: &Service, name: &str) -> KeyPath {
        if let Some(passed) = service.passthrough.get("networks").and_then(Option::as_ref) {
            let place = service.origin().key("compose").key("networks");
            let at = passed.as_list().and_then(|_| service.networks.iter().position(|known| known == name));
            return at.map_or_else(|| place.key(name), |index| place.index(index));
        }
        let member = self.frame.members.get(service.name.as_str());
        let written = member.and_then(|member| member.service.networks.as_ref());
        let index = written.and_then(|list| list.iter().position(|written| written == name));
        service.origin().key("networks").index(index.unwrap_or_default())
    }
}

/// Whether it has the network of the host, of another container, or none (compose-spec, `network_mode`).
pub(super) fn has_mode(service: &Service) -> bool {
    service.passthrough.get("network_mode").is_some_and(Option::is_some)
}

/// Whether everybody on `internal` either keeps data or has another way out, and nobody publishes a port that only
/// `internal` could serve: the engine silently publishes nothing on a network without a way out.
fn needs_no_way_out(services: &IndexMap<String, Service>) -> bool {
    services.values().filter(|service| service.networks.iter().any(|name| name == INTERNAL)).all(|service| {
        let has_other = service.networks.iter().any(|name| name != INTERNAL);
        has_other || (service.class == Class::Datastore && service.ports.is_empty())
    })
}

/// Whose network a container has (compose-spec, `network_mode`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkMode {
    /// That of the host.
    Host,
    /// None at all.
    None,
    /// That of a service's container.
    Service(String),
    /// That of a container by its name.
    Container(String),
    /// The engine's own `bridge`, which it also calls `default`.
    Bridge,
    /// A network of the engine by its name.
    Named(String),
}

impl NetworkMode {
    /// The mode that a text names.
    pub fn of(text: &str) -> Self {
        match text.split_once(':') {
            Some(("service", name)) => Self::Service(name.to_owned()),
            Some(("container", name)) => Self::Container(name.to_owned()),
            _ => match text {
                "host" => Self::Host,
                "none" => Self::None,
                "bridge" | "default" => Self::Bridge,
                name => Self::Named(name.to_owned()),
            },
        }
    }

    /// Whether the network is that of another container, with all that belongs to it: ports, host name, addresses.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Service(_) | Self::Container(_))
    }

    /// Whether the engine publishes ports of a container that has it.
    pub fn is_published(&self) -> bool {
        matches!(self, Self::Bridge | Self::Named(_))
    }
}

impl Service {
    /// Whose network its container has, where that is not its own.
    pub fn network_mode(&self) -> Option<NetworkMode> {
        let text = self.passthrough.get("network_mode")?.as_ref()?.to_text()?.with_defaults()?;
        Some(NetworkMode::of(&text))
    }

    /// The ports on which it is known to listen, each with its place.
    pub fn listening(&self) -> Vec<(u16, KeyPath)> {
        let main = self.port.map(|port| (port, self.origin().key("port")));
        let further = self.listeners.iter().map(|(name, port)| (*port, self.origin().key("ports").key(name)));
        let debugger = self.debug_port.map(|port| (port, self.origin().key("debug")));
        let metrics = self.metrics.as_ref().and_then(|metrics| Some((metrics.port?, self.origin().key("metrics"))));
        let entries = self.proxy.iter().flat_map(|proxy| &proxy.entry_points);
        let entries = entries.map(|(name, entry)| (entry.port, self.origin().key("entrypoints").key(name)));
        let mut ports: Vec<(u16, KeyPath)> = Vec::new();
        for (port, origin) in main.into_iter().chain(further).chain(debugger).chain(entries).chain(metrics) {
            if !ports.iter().any(|(known, _)| *known == port) {
                ports.push((port, origin));
            }
        }
        ports
    }
}

/// In whose network a service listens in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Namespace<'p> {
    /// In the host's.
    Host,
    /// In that of the container of this service, which may be itself.
    Of(&'p str),
    /// In one that the stack does not have.
    Elsewhere,
}

impl Plan {
    /// In whose network a service listens: `network_mode` is followed from service to service.
    pub fn namespace<'p>(&'p self, service: &'p Service) -> Namespace<'p> {
        let mut at = service;
        // A circle is told on its own.
        for _ in 0..=self.services.len() {
            at = match at.network_mode() {
                None | Some(NetworkMode::Bridge | NetworkMode::Named(_)) => return Namespace::Of(&at.name),
                Some(NetworkMode::Host) => return Namespace::Host,
                Some(NetworkMode::None | NetworkMode::Container(_)) => return Namespace::Elsewhere,
                Some(NetworkMode::Service(name)) => match self.services.get(&name) {
                    Some(next) => next,
                    None => return Namespace::Elsewhere,
                },
            };
        }
        Namespace::Elsewhere
    }
}

//! What a plan says to people: texts with their defaults put in, addresses as somebody would type them, and routes as
//! services.toml declares them. Shared by what is made to be read.

use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};

use indexmap::IndexSet;

use crate::compose::port::{PortMapping, Protocol};
use crate::compose::volume::{self, Mount, Source};
use crate::manifest::types::RouteProtocol;
use crate::plan::{
    EntryPoint, External, Form, Namespace, PROJECT_VARIABLE, Part, Plan, PlannedMount, Proxy, PublishedPort, Router,
    Service, Text, Volume,
};
use crate::secrets;
use crate::source::KeyPath;

/// What the socket of the engine is called.
const SOCKET: &str = "docker.sock";

/// A way from the host into the stack: an entry point of the proxy, or a published port.
pub(super) struct Way<'p> {
    pub(super) service: &'p Service,
    /// What somebody would type: URLs where it is an entry point for HTTP, else an address and a port.
    pub(super) addresses: Vec<String>,
    /// The port in the container, with its protocol unless that is TCP.
    pub(super) target: String,
    /// The entry point and its name, where it is one.
    pub(super) entry_point: Option<(&'p str, &'p EntryPoint)>,
    /// The variables that change the addresses.
    pub(super) variables: Vec<&'p str>,
}

/// A path of a route, on all entry points where the same happens to a request.
pub(super) struct RouteRow<'p> {
    pub(super) service: &'p Service,
    /// The hosts; empty for any, or for a raw rule.
    pub(super) hosts: Vec<String>,
    /// The path; a raw rule where there is none.
    pub(super) path: Result<&'p str, String>,
    /// The beginning of the path that the service does not see.
    pub(super) strips: Option<&'p str>,
    pub(super) entry_points: Vec<&'p str>,
    /// The middlewares, as services.toml calls them.
    pub(super) middlewares: Vec<&'p str>,
    pub(super) origin: &'p KeyPath,
}

/// The path of the host that a mount of a service has; none for the socket of the engine, which is no mere path, and for
/// what stackgen writes for the service to read, which says nothing of the host.
pub(super) fn host_path<'m>(service: &Service, mount: &'m Mount) -> Option<&'m str> {
    let Source::Bind(path) = &mount.source else { return None };
    let is_socket = mount.has_engine_socket() && path.ends_with(SOCKET);
    let is_written = service.files.iter().any(|file| file.target == mount.target);
    (!is_socket && !is_written).then_some(path)
}

impl Plan {
    /// A text where the operator sets nothing. What has no default, or is secret, stands as `${NAME}`.
    pub(super) fn shown(&self, text: &Text) -> String {
        let mut out = String::new();
        self.show(text, &mut out);
        out
    }

    fn show(&self, text: &Text, out: &mut String) {
        for part in text.parts() {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Variable { name, .. } if name == PROJECT_VARIABLE => self.show(&self.project, out),
                Part::Variable { name, form } => {
                    let is_secret = self.hides(name);
                    match form {
                        Some((Form::DefaultIfEmpty | Form::DefaultIfUnset, default)) if !is_secret => {
                            self.show(default, out);
                        }
                        Some((Form::AlternativeIfSet | Form::AlternativeIfNonEmpty, _)) => {}
                        _ => {
                            out.push_str("${");
                            out.push_str(name);
                            out.push('}');
                        }
                    }
                }
            }
        }
    }

    /// Whether the value of a variable is kept from people: it is declared a secret, or called like one.
    fn hides(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|variable| variable.secret) || secrets::names::noun(name).is_some()
    }

    /// A mount as people are told of it: what is secret stands there as `${NAME}`. None where nothing can be told apart then.
    pub(super) fn shown_mount(&self, mount: &PlannedMount) -> Option<Mount> {
        if !mount.text.variables().iter().any(|name| self.hides(name)) {
            return Some(mount.mount.clone());
        }
        volume::parse(&self.shown(&mount.text)).ok()
    }

    /// What a service may do to the host itself, besides its paths, as a compose file has it: whoever breaks into the
    /// service may do it too.
    pub(super) fn host_access(&self, service: &Service) -> Vec<String> {
        /// What a container may have of the host (compose-spec, "services").
        const SHARED: [&str; 5] = ["pid", "ipc", "uts", "userns_mode", "cgroup"];
        let written = |key: &str| service.passthrough.get(key)?.as_ref()?.to_text()?.with_defaults();
        let is_on = |text: &str| ["true", "yes", "y", "on", "1"].iter().any(|on| text.eq_ignore_ascii_case(on));
        let mut access = Vec::new();
        if service.volumes.iter().any(|mount| mount.mount.has_engine_socket()) {
            access.push(SOCKET.to_owned());
        }
        if written("privileged").is_some_and(|text| is_on(&text)) {
            access.push("privileged".to_owned());
        }
        if self.namespace(service) == Namespace::Host {
            access.extend(written("network_mode").map(|mode| format!("network_mode: {mode}")));
        }
        let shared = SHARED.into_iter().filter(|key| written(key).as_deref() == Some("host"));
        access.extend(shared.map(|key| format!("{key}: host")));
        access
    }

    /// What a named volume is called on the engine.
    pub(super) fn engine_name(&self, volume: &str) -> String {
        match self.volumes.get(volume) {
            Some(Volume { name: Some(fixed), .. }) => self.shown(fixed),
            // What exists already has the very name by which it is called.
            Some(Volume { external: true, .. }) => volume.to_owned(),
            _ => format!("{}_{volume}", self.shown(&self.project)),
        }
    }

    /// Every way from the host into the stack, in the order of the manifest.
    pub(super) fn ways(&self) -> Vec<Way<'_>> {
        let mut ways = Vec::new();
        for service in self.services.values() {
            let Some(proxy) = &service.proxy else {
                ways.extend(service.ports.iter().map(|port| self.published(service, port)));
                continue;
            };
            // One that publishes nothing is reached on its networks alone.
            if !service.ports.is_empty() {
                let entry_points = proxy.entry_points.iter();
                ways.extend(entry_points.map(|(name, entry_point)| self.entrance(service, proxy, name, entry_point)));
            }
        }
        ways
    }

    fn entrance<'p>(
        &'p self,
        service: &'p Service,
        proxy: &'p Proxy,
        name: &'p str,
        entry_point: &'p EntryPoint,
    ) -> Way<'p> {
        // Where it redirects, browsers come with the name of where they will end.
        let target = entry_point.redirect_to.as_deref().filter(|to| proxy.entry_points.contains_key(*to));
        let served = target.unwrap_or(name);
        let routers = self.services.values().flat_map(|service| &service.routers);
        let mut routers = routers.filter(|router| router.entry_point == served).peekable();
        let is_http = routers.peek().is_none_or(|router| router.protocol == RouteProtocol::Http);
        let hosts = routers.flat_map(|router| &router.hosts);
        // A large stack has many routes and few hosts.
        let hosts: IndexSet<&Text> = hosts.collect();
        let of_hosts = hosts.iter().flat_map(|host| host.variables());
        let variables = distinct(entry_point.public_port.variables().into_iter().chain(of_hosts));
        let mut hosts = distinct(hosts.iter().map(|host| self.shown(host)));
        if hosts.is_empty() {
            hosts.push("localhost".to_owned());
        }
        let (scheme, usual) = match entry_point.tls {
            _ if !is_http => ("", ""),
            Some(_) => ("https://", "443"),
            None => ("http://", "80"),
        };
        let number = self.shown(&entry_point.public_port);
        let port = if number == usual { String::new() } else { format!(":{number}") };
        Way {
            service,
            addresses: hosts.iter().map(|host| format!("{scheme}{host}{port}")).collect(),
            target: entry_point.port.to_string(),
            entry_point: Some((name, entry_point)),
            variables,
        }
    }

    fn published<'p>(&'p self, service: &'p Service, port: &'p PublishedPort) -> Way<'p> {
        let variables = distinct(port.text.variables());
        let is_secret = |name: &&str| self.variables.get(*name).is_some_and(|variable| variable.secret);
        let known = port.mapping.as_ref().filter(|_| !variables.iter().any(is_secret));
        let (address, target) = if let Some(mapping) = known {
            (address(mapping), target(mapping))
        } else {
            // A variable without a default takes part.
            let text = self.shown(&port.text);
            let (host, target) = text.rsplit_once(':').unwrap_or((&text, &text));
            (host.to_owned(), target.to_owned())
        };
        Way { service, addresses: vec![address], target, entry_point: None, variables }
    }

    /// Every route, in the order of the manifest.
    pub(super) fn routes(&self) -> Vec<RouteRow<'_>> {
        let mut rows: Vec<RouteRow<'_>> = Vec::new();
        for service in self.services.values() {
            for router in &service.routers {
                let middlewares: Vec<&str> = router.middlewares.iter().filter_map(|used| used.key()).collect();
                // The entry points of one path follow each other.
                let is_same = |row: &&mut RouteRow<'_>| {
                    row.origin == &router.origin && row.path.as_ref().ok().copied() == router.path.as_deref()
                };
                let mut before = rows.iter_mut().rev().take_while(is_same);
                match before.find(|row| row.middlewares == middlewares) {
                    Some(row) => row.entry_points.push(&router.entry_point),
                    None => rows.push(self.route(service, router, middlewares)),
                }
            }
        }
        rows
    }

    fn route<'p>(&'p self, service: &'p Service, router: &'p Router, middlewares: Vec<&'p str>) -> RouteRow<'p> {
        RouteRow {
            service,
            hosts: distinct(router.hosts.iter().map(|host| self.shown(host))),
            path: router.path.as_deref().ok_or_else(|| self.shown(&router.rule)),
            strips: router.strip_prefix.as_deref(),
            entry_points: vec![&router.entry_point],
            middlewares,
            origin: &router.origin,
        }
    }
}

/// The address of a service that runs elsewhere, where it has one.
pub(super) fn elsewhere(plan: &Plan, external: &External) -> Option<String> {
    let host = plan.shown(external.host.as_ref()?);
    Some(external.port.map_or(host.clone(), |port| format!("{host}:{port}")))
}

/// `127.0.0.1:8080`, `[::1]:8080`, `*:8080` for every address of the host.
fn address(mapping: &PortMapping) -> String {
    let Some(published) = mapping.published else {
        let host = mapping.ip.map_or_else(|| "*".to_owned(), |ip| ip.to_string());
        return format!("{host}, a port that the engine picks");
    };
    match mapping.ip {
        None => format!("*:{published}"),
        Some(ip) if published.count() == 1 => SocketAddr::new(ip, published.first).to_string(),
        Some(IpAddr::V6(ip)) => format!("[{ip}]:{published}"),
        Some(ip) => format!("{ip}:{published}"),
    }
}

fn target(mapping: &PortMapping) -> String {
    match mapping.protocol {
        Protocol::Tcp => mapping.target.to_string(),
        protocol => format!("{}/{protocol}", mapping.target),
    }
}

/// Each once, in the order in which they come.
pub(super) fn distinct<T: Hash + Eq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    items.into_iter().collect::<IndexSet<T>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::port;

    #[test]
    fn an_address_reads_as_somebody_would_type_it() {
        for (text, expected) in [
            ("127.0.0.1:8080:80", "127.0.0.1:8080"),
            ("[::1]:8080:80", "[::1]:8080"),
            ("[::1]:8080-8081:80-81", "[::1]:8080-8081"),
            ("53:53/udp", "*:53"),
            ("80", "*, a port that the engine picks"),
        ] {
            assert_eq!(address(&port::parse(text).unwrap()), expected);
        }
        assert_eq!(target(&port::parse("53:53/udp").unwrap()), "53/udp");
    }
}

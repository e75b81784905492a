//! Where a stack can be asked: which address each entry point and each published port has, as seen from here.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use super::Outcome;
use super::container::{Container, Published};
use super::url::Url;
use crate::plan::Plan;
use crate::routing::{EntryPoint, Routing};

/// A place that can be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// The port that URLs name.
    pub(super) port: u16,
    /// The host to connect to: a name or an address.
    pub(super) host: String,
    /// The port to connect to.
    pub(super) connect: u16,
}

impl Way {
    /// The address, for people.
    pub(super) fn address(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.connect)
    }
}

/// Why something cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closed {
    /// The word for the cause.
    pub(super) kind: &'static str,
    /// Why, as a clause.
    pub(super) reason: String,
    /// What comes of it: [`Outcome::Skipped`] where whoever asks has chosen so.
    pub(super) result: Outcome,
}

impl Closed {
    /// What nothing is known of.
    pub(super) fn new(reason: String) -> Self {
        Self { kind: "not-asked", reason, result: Outcome::Unproved }
    }

    /// Where the proxy is not there to be asked.
    fn down(reason: String) -> Self {
        Self { kind: "proxy-down", reason, result: Outcome::Failed }
    }
}

/// A port that a container publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    /// The service.
    pub(super) service: String,
    /// The container.
    pub(super) container: String,
    /// The port in the container.
    pub(super) target: u16,
    /// Where it can be asked; why not.
    pub(super) way: Result<Way, Closed>,
}

/// Everything that can be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// The entry points by name, and why one cannot be asked.
    pub(super) entry_points: BTreeMap<String, Result<Way, Closed>>,
    /// The TCP ports that containers of the stack publish.
    pub(super) ports: Vec<Port>,
    /// The host of routes that name none, or one that depends on a value that is not known.
    pub(super) host: Option<String>,
}

impl Reach {
    /// What containers really publish. `host` is the engine's machine, where that is another one.
    pub(super) fn of_containers(
        plan: &Plan,
        entry_points: &[EntryPoint],
        containers: &[Container],
        proxy: Option<&Container>,
        host: Option<&str>,
    ) -> Self {
        let mut reach = Self::default();
        for entry in entry_points {
            let way = match (entry.port, proxy) {
                (None, _) => Err(Closed::new("its port depends on a value that is not known".to_owned())),
                (_, None) => Err(Closed::down("the proxy has no container".to_owned())),
                (Some(port), Some(proxy)) => of_entry_point(port, proxy, host),
            };
            reach.entry_points.insert(entry.name.clone(), way);
        }
        for container in containers.iter().filter(|container| plan.services.contains_key(&container.service)) {
            for published in container.ports.iter().filter(|port| port.protocol == "tcp") {
                reach.ports.push(Port {
                    service: container.service.clone(),
                    container: container.name.clone(),
                    target: published.target,
                    way: of_port(published, host),
                });
            }
        }
        reach
    }

    /// What URLs reach: each stands for the entry points of its scheme, or for the one whose port it names.
    pub(super) fn with_urls(mut self, routing: &Routing, urls: &[Url]) -> Self {
        self.entry_points.clear();
        // Through a URL somebody else's machine is asked, whose other ports are nobody's business.
        self.ports.clear();
        for entry in routing.entry_points() {
            let mut routers = routing.routers().iter().filter(|router| router.entry_point == entry.name);
            let is_secure = entry.has_tls || routers.any(|router| router.has_tls);
            let is_its_port = |url: &&Url| entry.published.contains(&url.port);
            let speaks = |url: &&Url| url.is_secure == is_secure;
            let way = urls.iter().filter(speaks).find(is_its_port).or_else(|| urls.iter().find(speaks));
            let scheme = if is_secure { "https" } else { "http" };
            let way = way.map(of_url);
            let missing = || Closed {
                kind: "not-asked",
                reason: format!("no `--base-url {scheme}://…` says where it is"),
                result: Outcome::Skipped,
            };
            self.entry_points.insert(entry.name.clone(), way.ok_or_else(missing));
        }
        self.host = urls.first().map(|url| url.host.clone());
        self
    }

    /// Whether a URL stands for an entry point.
    pub(super) fn is_of_entry_point(&self, url: &Url) -> bool {
        self.entry_points.values().flatten().any(|way| *way == of_url(url))
    }

    /// Where a URL leads, if it is to this stack: by its port, since all hosts of a stack are on one proxy.
    pub(super) fn way_to(&self, url: &Url) -> Option<&Way> {
        let ways = self.entry_points.values().chain(self.ports.iter().map(|port| &port.way));
        ways.flatten().find(|way| way.port == url.port)
    }

    /// The ports that URLs of the stack have.
    pub(super) fn public_ports(&self) -> Vec<u16> {
        self.entry_points.values().flatten().map(|way| way.port).collect()
    }
}

fn of_url(url: &Url) -> Way {
    Way { port: url.port, host: url.host.trim_matches(['[', ']']).to_owned(), connect: url.port }
}

fn of_entry_point(port: u16, proxy: &Container, host: Option<&str>) -> Result<Way, Closed> {
    // What does not run has no ports.
    if !proxy.is_running() {
        return Err(Closed::down(format!("the proxy does not run: {} is {}", proxy.name, proxy.state)));
    }
    if proxy.is_on_host {
        return Ok(Way { port, host: host.unwrap_or("127.0.0.1").to_owned(), connect: port });
    }
    let published = proxy.ports.iter().filter(|published| published.target == port && published.protocol == "tcp");
    // An address of this machine before others, so that nothing in between has a say.
    let published = published.min_by_key(|published| published.ip.is_some_and(|ip| !ip.is_loopback()));
    match published {
        Some(published) => of_port(published, host),
        None => Err(Closed::new(format!("the container {} does not publish its port {port}", proxy.name))),
    }
}

fn of_port(published: &Published, host: Option<&str>) -> Result<Way, Closed> {
    let port = published.port;
    let host = match (published.ip, host) {
        (Some(ip), Some(machine)) if ip.is_loopback() => {
            let reason = format!("port {port} is published for {machine} alone, which is another machine");
            return Err(Closed::new(reason));
        }
        // Every address of one family.
        (Some(ip), Some(machine)) if ip.is_unspecified() => machine.to_owned(),
        (Some(ip), None) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.to_string(),
        (Some(ip), _) => ip.to_string(),
        (None, Some(machine)) => machine.to_owned(),
        (None, None) => "127.0.0.1".to_owned(),
    };
    Ok(Way { port, host, connect: port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(ip: Option<&str>, port: u16) -> Published {
        Published { target: 80, protocol: "tcp".to_owned(), ip: ip.map(|ip| ip.parse().unwrap()), port }
    }

    #[test]
    fn an_entry_point_is_where_its_container_publishes_it() {
        let proxy = Container {
            name: "shop-traefik-1".to_owned(),
            state: "running".to_owned(),
            ports: vec![published(Some("192.0.2.1"), 80), published(Some("127.0.0.1"), 8080)],
            ..Container::default()
        };
        assert_eq!(of_entry_point(80, &proxy, None).unwrap().address(), "127.0.0.1:8080");
        let silent = of_entry_point(443, &proxy, None).unwrap_err();
        assert_eq!(silent.reason, "the container shop-traefik-1 does not publish its port 443");
        let on_host = Container { is_on_host: true, ..proxy.clone() };
        assert_eq!(of_entry_point(443, &on_host, None).unwrap().address(), "127.0.0.1:443");
        let down = of_entry_point(443, &Container { state: "exited".to_owned(), ..proxy }, None).unwrap_err();
        assert_eq!((down.kind, down.result), ("proxy-down", Outcome::Failed));
    }

    #[test]
    fn what_another_machine_keeps_to_itself_is_not_asked_here() {
        assert_eq!(of_port(&published(None, 8080), Some("prod.example")).unwrap().address(), "prod.example:8080");
        assert!(of_port(&published(Some("127.0.0.1"), 8080), Some("prod.example")).is_err());
        assert_eq!(of_port(&published(Some("::"), 8080), None).unwrap().address(), "[::1]:8080");
        assert_eq!(of_port(&published(Some("::"), 8080), Some("prod.example")).unwrap().address(), "prod.example:8080");
        assert_eq!(of_port(&published(Some("::1"), 8080), None).unwrap().address(), "[::1]:8080");
    }
}

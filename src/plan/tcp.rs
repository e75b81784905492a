//! TCP routes: connections that the proxy hands on by the server name of their TLS handshake, or all of them.

use super::member::Member;
use super::proxy::Ways;
use super::resolve::Resolver;
use super::routing::slug;
use super::{ProblemKind, Router, Text};
use crate::manifest::types::{Route, RouteProtocol};
use crate::source::KeyPath;

/// Keys of a route that say something about requests, which a connection does not have.
const OF_REQUESTS: [&str; 5] = ["path", "host", "strip-prefix", "smoke", "expect"];

impl<'a> Resolver<'a, '_> {
    /// The routers of a TCP route: one per entry point.
    pub(super) fn tcp_route(
        &mut self,
        member: &Member<'a>,
        name: &str,
        route: &Route,
        ways: &Ways,
        port: u16,
        origin: &KeyPath,
    ) -> Vec<Router> {
        self.refuse_requests(route, origin);
        let stack = slug(self.frame.stack);
        let base = format!("{stack}-{}-{name}", member.name);
        let service = format!("{stack}-{}", member.name);
        let service = if Some(port) == member.port { service } else { format!("{service}-{port}") };
        let names = self.hosts(route.sni.as_ref(), &origin.key("sni"), Some(member.name));
        let entry_points = self.entry_points_of(route, ways, origin);
        let mut routers = Vec::new();
        for entry_name in &entry_points {
            let Some(entry) = ways.entry_points.get(entry_name) else { continue };
            let rule = match &route.rule {
                Some(rule) => {
                    let place = origin.key("rule");
                    self.text(rule, super::resolve::At::manifest(&place, Some(member.name))).text
                }
                None => rule(&names),
            };
            let mut middlewares = Vec::new();
            for middleware in route.middlewares.iter().flatten() {
                middlewares.extend(self.middleware(member, middleware));
            }
            let name = if entry_points.len() > 1 { format!("{base}-{}", slug(entry_name)) } else { base.clone() };
            routers.push(Router {
                name,
                protocol: RouteProtocol::Tcp,
                rule,
                entry_point: entry_name.clone(),
                // A name before any name.
                priority: route.priority.unwrap_or(if names.is_empty() { 1 } else { 10 }),
                port,
                service: service.clone(),
                middlewares,
                tls: entry.tls.clone(),
                hosts: names.clone(),
                path: None,
                smoke: None,
                is_left_alone: super::routing::is_left_alone(route),
                expect: None,
                strip_prefix: None,
                origin: origin.clone(),
            });
        }
        routers
    }

    fn refuse_requests(&mut self, route: &Route, origin: &KeyPath) {
        let written = [
            route.path.is_some(),
            route.host.is_some(),
            route.strip_prefix.is_some(),
            // That it is left alone can be said of any route.
            route.smoke.is_some() && !super::routing::is_left_alone(route),
            route.expect.is_some(),
        ];
        for (key, _) in OF_REQUESTS.iter().zip(written).filter(|(_, is_written)| *is_written) {
            let message =
                format!("`{key}` means nothing on a TCP route: a connection has no requests that Traefik sees");
            let help = if *key == "host" { "the name of the TLS handshake is `sni`" } else { "remove it" };
            self.problem(origin.key(key), ProblemKind::Rule { message, help: help.to_owned() });
        }
    }
}

/// The rule that every connection matches.
pub(crate) const EVERY: &str = "HostSNI(`*`)";

/// Whether a route takes every connection, those of HTTP too where its entry point speaks no TLS: Traefik asks the TCP
/// routers first there. (Of a TLS connection it asks the HTTP routers before a rule for all; tried with 3.7.)
pub(super) fn is_whole(route: &Route) -> bool {
    let is_open = match &route.rule {
        Some(rule) => rule.trim() == EVERY,
        None => route.sni.as_ref().is_none_or(|names| names.as_slice().is_empty()),
    };
    route.protocol == Some(RouteProtocol::Tcp) && is_open
}

/// ``HostSNI(`a`) || HostSNI(`b`)``, or every connection (Traefik docs, "TCP routers", "Rules").
fn rule(names: &[Text]) -> Text {
    if names.is_empty() {
        return Text::literal(EVERY);
    }
    let mut rule = Text::default();
    for (index, name) in names.iter().enumerate() {
        rule.push_str(if index > 0 { " || HostSNI(`" } else { "HostSNI(`" });
        rule.push(name.clone());
        rule.push_str("`)");
    }
    rule
}

//! The address of a service as a browser sees it.

use std::net::{IpAddr, Ipv4Addr};

use super::member::Member;
use super::resolve::Resolver;
use super::{EntryPoint, Text};
use crate::manifest::types::{Route, RouteProtocol};
use crate::manifest::unions::Publish;

/// The host under which this machine reaches what is bound to an address: its own name, unless that is another address.
fn reached_at(bind: Option<String>) -> String {
    let address = bind.and_then(|bind| bind.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    match address {
        Some(IpAddr::V4(ip)) if ip != Ipv4Addr::LOCALHOST && !ip.is_unspecified() => ip.to_string(),
        Some(IpAddr::V6(ip)) if !ip.is_loopback() && !ip.is_unspecified() => format!("[{ip}]"),
        _ => "localhost".to_owned(),
    }
}

impl<'a> Resolver<'a, '_> {
    /// The address of a service as a browser sees it: its first HTTP route, else its published port.
    pub(super) fn public_url(&mut self, member: &Member<'a>) -> Option<Text> {
        let is_http = |route: &&Route| route.protocol.unwrap_or_default() == RouteProtocol::Http;
        if let Some(route) = member.service.routes.values().filter(is_http).find(|route| route.rule.is_none())
            && let Some(url) = self.route_url(member, route)
        {
            return Some(url);
        }
        let (number, origin) = match member.service.publish.as_ref()? {
            Publish::All(true) => {
                let origin = member.path().key("port");
                (self.with_offset(member.port?, &origin)?, member.path().key("publish"))
            }
            Publish::At(number) => (*number, member.path().key("publish")),
            _ => return None,
        };
        let mut url = Text::literal(format!("http://{}:", reached_at(self.bind(false))));
        url.push(self.host_port(member.name, None, number, &origin));
        Some(url)
    }

    fn route_url(&mut self, member: &Member<'a>, route: &Route) -> Option<Text> {
        let ways = self.ways()?;
        let names = self.quietly(|this| this.entry_points_of(route, &ways, &member.path()));
        let entries: Vec<&EntryPoint> = names.iter().filter_map(|name| ways.entry_points.get(name)).collect();
        let entry = entries.iter().find(|entry| entry.tls.is_some()).or_else(|| entries.first())?;
        let host = self.quietly(|this| this.route_hosts(member, route, &member.path())).into_iter().next()?;
        let (scheme, usual) = if entry.tls.is_some() { ("https", 443) } else { ("http", 80) };
        let mut url = Text::literal(format!("{scheme}://"));
        url.push(host);
        if entry.public_number != usual {
            url.push_str(":");
            url.push(entry.public_port.clone());
        }
        let path = route.path.as_ref().and_then(|path| path.as_slice().first()).map_or("", String::as_str);
        url.push_str(path.trim_end_matches('/'));
        Some(url)
    }

    /// Runs `work` without reporting again what its own part of the plan reports.
    pub(super) fn quietly<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let known = self.notes.problems.len();
        let out = work(self);
        self.notes.problems.truncate(known);
        out
    }
}

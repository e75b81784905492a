//! Services as those see them that talk to them, and what becomes of an address in which one of them is named.

use super::super::{Material, Proposal, routes, slug};
use super::texts::{bare, whole};
use crate::init::judgement::{is_identifier, is_shown_path};
use crate::kinds::{Class, Kind, Kinds, Output};

/// What is known of a service by those that talk to it.
#[derive(Debug, Clone)]
pub(in crate::init::proposal) struct Peer<'k> {
    pub(in crate::init::proposal) name: String,
    /// What compose files call it.
    spelled: String,
    pub(in crate::init::proposal) kind: Option<&'k Kind>,
    pub(in crate::init::proposal) port: Option<u16>,
    published: Vec<(u16, u16)>,
    database: Option<String>,
    /// Whom it lets in, where that is known.
    user: Option<String>,
    /// The ways that lead through it, where it is a proxy.
    ways: Vec<(String, String)>,
}

impl Peer<'_> {
    fn has(&self, output: &str) -> bool {
        self.kind.is_some_and(|kind| kind.outputs.contains_key(output))
    }

    /// A reference to one of its outputs.
    pub(in crate::init::proposal) fn output(&self, output: &str) -> String {
        format!("${{services.{}.{output}}}", self.name)
    }

    /// The scheme of its address, as its kind spells it.
    fn scheme(&self) -> Option<&str> {
        let url = match self.kind?.outputs.get("url")? {
            Output::Text(text) => text,
            Output::Cases(cases) => &cases.last()?.value,
        };
        url.split("://").next()
    }

    /// Whether its kind answers to this scheme.
    pub(in crate::init::proposal) fn speaks(&self, scheme: &str) -> bool {
        let base = scheme.split('+').next().unwrap_or(scheme);
        self.kind.is_some_and(|kind| kind.traces.schemes.iter().any(|known| known == base))
    }

    /// Its address in another dialect of its scheme: `postgresql+asyncpg`.
    pub(in crate::init::proposal) fn url(&self, scheme: &str) -> String {
        match self.scheme() {
            Some(own) if own == scheme || !self.has("authority") => self.output("url"),
            _ => format!("{scheme}://{}/{}", self.output("authority"), self.output("database")),
        }
    }
}

/// The one that is addressed by this name.
pub(super) fn addressed<'p, 'k>(peers: &'p [Peer<'k>], host: &str) -> Option<&'p Peer<'k>> {
    let alike = || peers.iter().find(|peer| peer.name == slug(host) && peer.name.len() == host.len());
    peers.iter().find(|peer| peer.spelled == host).or_else(alike)
}

/// Every service, as the others see it.
pub(in crate::init::proposal) fn peers<'k>(proposal: &Proposal, material: Material<'k>) -> Vec<Peer<'k>> {
    let kinds: &'k Kinds = material.kinds;
    let all = proposal.services.iter().filter(|(_, service)| service.obstacle.is_none());
    all.map(|(name, service)| {
        let kind = service.kind().and_then(|kind| kinds.get(kind));
        let is_proxy = kind.is_some_and(|kind| kind.class == Class::Proxy);
        let default = || kind.and_then(|kind| kind.options.get("database")).and_then(|_| service.text("user"));
        let container = material.seen.containers.iter().find(|container| container.name == *name);
        let known = |option: &str| {
            let default = || kind?.options.get(option)?.default.as_ref()?.as_str().map(str::to_owned);
            service.text(option).map(str::to_owned).or_else(default)
        };
        Peer {
            name: name.clone(),
            spelled: container.map_or(name, |container| &container.spelled).clone(),
            user: known("user"),
            kind,
            port: service.port,
            ways: if is_proxy { routes::ways(material) } else { Vec::new() },
            published: if is_proxy
                || service.keys.contains_key("publish")
                || proposal.overlays.values().any(|o| o.get(name).is_some_and(|keys| keys.contains_key("publish")))
            {
                service.published.clone()
            } else {
                Vec::new()
            },
            database: service.text("database").or_else(default).map(str::to_owned),
        }
    })
    .collect()
}

/// The address of a service that no kind stands for, with a password that is a variable as a whole.
pub(super) fn with_password(peers: &[Peer<'_>], service: &str, raw: &str) -> Option<String> {
    let (scheme, rest) = raw.split_once("://")?;
    let (user_info, rest) = rest.rsplit_once('@')?;
    let (user, password) = user_info.split_once(':')?;
    let (variable, ..) = whole(password)?;
    let plain = address(peers, service, &format!("{scheme}://{rest}"))?;
    let (scheme, rest) = plain.split_once("://")?;
    let is_user = is_identifier(user) || whole(user).is_some();
    is_user.then(|| format!("{scheme}://{}:${{{variable}}}@{rest}", bare(user)))
}

/// `DB_PORT` beside `DB_HOST`: the port of the service that such names are about.
pub(super) fn port_of(peers: &[Peer<'_>], service: &str, upper: &str, raw: &str) -> Option<String> {
    let port: u16 = raw.parse().ok()?;
    if !upper.ends_with("PORT") {
        return None;
    }
    let peer = peers.iter().find(|peer| {
        let words = peer.kind.map(|kind| kind.traces.words.as_slice()).unwrap_or_default();
        peer.port == Some(port)
            && peer.name != service
            && (words.iter().any(|word| upper.starts_with(word))
                || upper.starts_with(&peer.name.to_ascii_uppercase().replace('-', "_")))
    })?;
    Some(peer.output("port"))
}

/// A text in which a service is addressed, with a reference in the place of its address. The password that it may have is
/// that of the service.
pub(in crate::init::proposal) fn address(peers: &[Peer<'_>], service: &str, text: &str) -> Option<String> {
    if text.contains(',') {
        let parts: Option<Vec<String>> = text.split(',').map(|part| address(peers, service, part.trim())).collect();
        return parts.map(|parts| parts.join(","));
    }
    let find = |host: &str| addressed(peers, host);
    let Some((scheme, rest)) = text.split_once("://") else {
        let (host, port) = text.split_once(':')?;
        let peer = find(host).filter(|peer| peer.name != service)?;
        let port: u16 = port.parse().ok()?;
        return Some(if peer.port == Some(port) {
            peer.output("address")
        } else {
            format!("{}:{port}", peer.output("host"))
        });
    };
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user_info, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
        None => (host, None),
    };
    let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-~?=&%".contains(c)) && is_shown_path(path);
    if !is_scheme || !is_plain {
        return None;
    }
    if matches!(host, "localhost" | "127.0.0.1") && matches!(scheme, "http" | "https") {
        let port = port.unwrap_or(if scheme == "http" { 80 } else { 443 });
        let proxy =
            peers.iter().find(|peer| !peer.ways.is_empty() && peer.published.iter().any(|(host, _)| *host == port));
        if let Some(proxy) = proxy {
            let fits = |(way, _): &&(String, String)| {
                way == "/" || path == way || path.strip_prefix(way.as_str()).is_some_and(|rest| rest.starts_with('/'))
            };
            let (way, name) = proxy.ways.iter().find(fits)?;
            let rest = if way == "/" { path } else { &path[way.len()..] };
            return Some(format!("${{services.{name}.public-url}}{rest}"));
        }
        let peer = peers
            .iter()
            .find(|peer| peer.published.iter().any(|(host, own)| *host == port && peer.port == Some(*own)))?;
        return Some(format!("{}{path}", peer.output("public-url")));
    }
    let peer = find(host).filter(|peer| peer.name != service)?;
    if peer.speaks(scheme) {
        if peer.has("authority") {
            // Somebody else may do something else there.
            let user = user_info.map(|info| info.split(':').next().unwrap_or_default());
            let is_other = |user: &str| !user.is_empty() && !user.contains('$');
            if let (Some(user), Some(own)) = (user.filter(|user| is_other(user)), &peer.user)
                && is_other(own)
                && own != user
            {
                return None;
            }
            let (name, query) =
                path.trim_start_matches('/').split_once('?').map_or((path.trim_start_matches('/'), ""), |parts| parts);
            let query = if query.is_empty() { String::new() } else { format!("?{query}") };
            if name.is_empty() || peer.database.as_deref().is_none_or(|known| known == name) {
                return Some(format!("{}{query}", peer.url(scheme)));
            }
            return is_identifier(name).then(|| format!("{scheme}://{}/{name}{query}", peer.output("authority")));
        }
        return Some(format!("{}{path}", peer.output("url")));
    }
    if user_info.is_some() {
        return None;
    }
    let is_main = port.is_none_or(|port| peer.port == Some(port));
    if scheme == "http" && is_main && peer.has("url") && peer.port.is_some() {
        return Some(format!("{}{path}", peer.output("url")));
    }
    Some(match port {
        Some(port) if peer.port == Some(port) => format!("{scheme}://{}{path}", peer.output("address")),
        Some(port) => format!("{scheme}://{}:{port}{path}", peer.output("host")),
        None => format!("{scheme}://{}{path}", peer.output("host")),
    })
}

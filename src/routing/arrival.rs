//! A request where it arrives: what an entry point makes of its query and its headers before any router is asked.

use super::entry_points::{EntryPoint, Trust};
use super::matching::{self, Seen};
use super::request::Request;
use super::url::Url;

/// Headers that a client cannot set unless it is trusted (Traefik, `pkg/middlewares/forwardedheaders`).
const FORWARDED: [&str; 11] = [
    "X-Forwarded-Proto",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Server",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-Prefix",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Real-Ip",
];

/// The scheme that redirects start from: that of the connection, or what a trusted client says of it.
pub(super) fn scheme(request: &Request, seen: &Seen) -> &'static str {
    let said = seen.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("X-Forwarded-Proto"));
    match said.and_then(|(_, value)| value.as_deref()).map(str::to_ascii_lowercase).as_deref() {
        Some("https" | "wss") => "https",
        Some("http" | "ws") => "http",
        _ if request.is_secure => "https",
        _ => "http",
    }
}

/// A `;` separates parameters like `&`, unless the entry point escapes it.
pub(super) fn replace_semicolons(entry: &EntryPoint, url: &mut Url, target: &mut Vec<u8>) {
    if !url.query.contains(&b';') {
        return;
    }
    if entry.escapes_semicolons {
        let escaped = url.query.iter().map(|byte| if *byte == b';' { b"%3B".to_vec() } else { vec![*byte] });
        url.query = escaped.collect::<Vec<_>>().concat();
        *target = url.target();
    } else {
        url.query.iter_mut().filter(|byte| **byte == b';').for_each(|byte| *byte = b'&');
    }
}

/// The headers as routers see them: those that a proxy sets are taken from whoever is not trusted, and set.
pub(super) fn headers(entry: &EntryPoint, request: &Request, seen: &Seen) -> Vec<(String, Option<String>)> {
    let is_trusted = match &entry.trust {
        Trust::All => true,
        Trust::Some(networks) => {
            seen.client.is_some_and(|client| networks.iter().any(|network| matching::contains(network, client)))
        }
    };
    let is_forwarded = |name: &str| FORWARDED.iter().any(|known| known.eq_ignore_ascii_case(&name.replace('_', "-")));
    // What a connection is told to be about goes no further (RFC 9110, section 7.6.1).
    let connection = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Connection"));
    let dropped: Vec<&str> = connection.flat_map(|(_, value)| value.split(',')).map(str::trim).collect();
    let is_dropped =
        |name: &str| name.eq_ignore_ascii_case("Connection") || dropped.iter().any(|d| d.eq_ignore_ascii_case(name));
    let mut headers: Vec<(String, Option<String>)> = request
        .headers
        .iter()
        .filter(|(name, _)| if is_forwarded(name) { is_trusted } else { !is_dropped(name) })
        .map(|(name, value)| (name.clone(), Some(value.clone())))
        .collect();
    let is_set = |headers: &[(String, Option<String>)], name: &str| {
        headers.iter().any(|(known, value)| known.eq_ignore_ascii_case(name) && value.as_deref() != Some(""))
    };
    let port = request
        .authority
        .rsplit_once(':')
        .map(|(_, port)| port)
        .filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
    let scheme = if request.is_secure { "https" } else { "http" };
    let set = [
        ("X-Real-Ip", seen.client.map(|client| client.to_string())),
        ("X-Forwarded-Proto", Some(scheme.to_owned())),
        ("X-Forwarded-Port", Some(port.unwrap_or(if request.is_secure { "443" } else { "80" }).to_owned())),
        ("X-Forwarded-Host", Some(request.authority.clone())),
    ];
    for (name, value) in set {
        if !is_set(&headers, name) {
            headers.push((name.to_owned(), value));
        }
    }
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("X-Forwarded-Server"));
    headers.push(("X-Forwarded-Server".to_owned(), None));
    headers
}

pub(super) fn contains_escape(path: &[u8], escape: &str) -> bool {
    path.windows(escape.len()).any(|part| part.eq_ignore_ascii_case(escape.as_bytes()))
}

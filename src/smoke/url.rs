//! URLs as far as a smoke test has to do with them: where a redirect leads, and a request's mark in its query.

use std::fmt;
use std::net::Ipv6Addr;

/// The parameter that makes a request findable in the proxy's access log.
pub(super) const MARK: &str = "stackgen-smoke";

/// A URL of a request: absolute, without user and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    /// Whether it is `https`.
    pub(super) is_secure: bool,
    /// The host, as it is written.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// Path and query.
    pub(super) target: String,
}

impl Url {
    /// Reads a URL; none where it is none of a web page.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // The colons of an address stand in brackets.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port).filter(|port| !port.is_empty())),
            _ => (authority, None),
        };
        // An address of version 6, and nothing else, stands in brackets (RFC 3986, section 3.2.2).
        let is_host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').is_some_and(|inside| inside.parse::<Ipv6Addr>().is_ok()),
            None => !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "[]:".contains(c)),
        };
        if !is_host {
            return None;
        }
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0)?,
            None if is_secure => 443,
            None => 80,
        };
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Some(Self { is_secure, host: host.to_owned(), port, target })
    }

    /// Where a `Location` leads from here (RFC 3986, section 5.2, as far as servers make use of it).
    pub(super) fn join(&self, location: &str) -> Option<Self> {
        if location.contains("://") {
            return Self::parse(location);
        }
        let scheme = if self.is_secure { "https" } else { "http" };
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        let location = location.split('#').next().unwrap_or_default();
        let path = self.target.split('?').next().unwrap_or_default();
        let target = match location.chars().next() {
            None => self.target.clone(),
            Some('/') => location.to_owned(),
            Some('?') => format!("{path}{location}"),
            Some(_) => format!("{}/{location}", path.rsplit_once('/').map_or("", |(folder, _)| folder)),
        };
        Some(Self { target, ..self.clone() })
    }

    /// The same with a mark in its query.
    pub(super) fn marked(&self, mark: &str) -> Self {
        if self.target.contains(mark) {
            return self.clone();
        }
        let sign = if self.target.contains('?') { '&' } else { '?' };
        Self { target: format!("{}{sign}{MARK}={mark}", self.target), ..self.clone() }
    }

    /// Host and port, as a client sends them.
    pub(super) fn authority(&self) -> String {
        let usual = if self.is_secure { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// The same without marks, for people.
    pub(super) fn shown(&self) -> String {
        let target = match self.target.find(&format!("{MARK}=")) {
            Some(at) => self.target[..at].trim_end_matches(['?', '&']),
            None => &self.target,
        };
        format!("{}://{}{target}", if self.is_secure { "https" } else { "http" }, self.authority())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(out, "{scheme}://{}{}", self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_leads_from_where_it_was_said() {
        let url = Url::parse("https://a.example:8443/b/c?d").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.target.as_str()), ("a.example", 8443, "/b/c?d"));
        for (location, leads_to) in [
            ("/x", "https://a.example:8443/x"),
            ("x?y", "https://a.example:8443/b/x?y"),
            ("?y", "https://a.example:8443/b/c?y"),
            ("//b.example/x#y", "https://b.example/x"),
            ("http://b.example", "http://b.example/"),
        ] {
            assert_eq!(url.join(location).unwrap().to_string(), leads_to, "{location}");
        }
        assert_eq!(url.join("ftp://a/"), None);
        assert_eq!(Url::parse("http://[::1]:80/").unwrap().host, "[::1]");
        for text in
            ["http://a:b/", "http://[::1", "http://::1", "http://::1:80", "http://[a]", "http://a:0", "http://a]"]
        {
            assert_eq!(Url::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_mark_is_there_once_and_not_shown() {
        for text in ["http://a.example/", "http://a.example/?b=c"] {
            let url = Url::parse(text).unwrap();
            let marked = url.marked("m1");
            assert!(marked.target.ends_with("stackgen-smoke=m1"), "{marked}");
            assert_eq!(marked.marked("m1"), marked);
            assert_eq!(marked.shown(), text);
        }
    }
}

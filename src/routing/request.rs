//! A request as somebody writes it down: `GET https://host/path?query`, with headers and the address of the client.

use std::fmt;
use std::net::IpAddr;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals as it is sent.
    pub method: String,
    /// Whether it is sent over TLS.
    pub is_secure: bool,
    /// The host, without its port.
    pub host: String,
    /// The port that the client connects to.
    pub port: u16,
    /// What is sent as `Host`.
    pub authority: String,
    /// Path and query.
    pub target: String,
    /// Further headers, in order.
    pub headers: Vec<(String, String)>,
    /// The address of the client, where it matters.
    pub client: Option<IpAddr>,
}

/// Why a text is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nothing, or a method alone.
    #[error("there is no URL: write `GET https://host/path`")]
    NoUrl,
    /// More than a method and a URL.
    #[error("a request is a method and a URL, such as `GET https://host/path`; a space in a URL is `%20`")]
    Spaces,
    /// Characters that no method has.
    #[error("`{0}` is no method; a space in a URL is `%20`")]
    Method(String),
    /// `CONNECT` and its like, which ask for no path.
    #[error("`{0}` asks for no path, so nothing is routed by it")]
    NoPath(String),
    /// Neither `http` nor `https`.
    #[error("the URL `{0}` does not begin with `http://` or `https://`")]
    Scheme(String),
    /// No host.
    #[error("the URL `{0}` has no host")]
    NoHost(String),
    /// A host with characters that Traefik answers 400 to.
    #[error(
        "`{0}` is no host: Traefik refuses the request; a name in other letters is written as its `xn--…`, and `${{NAME}}` can be \
         the whole host only (`--set NAME=VALUE` gives it a value)"
    )]
    Host(String),
    /// No port.
    #[error("`{0}` is no port")]
    Port(String),
    /// A user in a URL.
    #[error("the URL names a user; send a header instead: `--header 'Authorization: Basic …'`")]
    User,
    /// No `Name: value`.
    #[error("`{0}` is no header: write `Name: value`")]
    Header(String),
}

impl Request {
    /// Reads a method and a URL; `GET` where there is no method. A fragment is left out, as every client does.
    ///
    /// # Errors
    /// Where it is not the line of a request.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let mut words = text.split_whitespace();
        let (first, second) = (words.next(), words.next());
        let (method, url) = match (first, second) {
            (Some(method), Some(url)) => (method, url),
            (Some(url), None) if url.contains("://") || url.contains(['/', '.']) => ("GET", url),
            _ => return Err(RequestError::NoUrl),
        };
        if words.next().is_some() {
            return Err(RequestError::Spaces);
        }
        if method.is_empty() || !method.bytes().all(is_token) {
            return Err(RequestError::Method(method.to_owned()));
        }
        if method == "CONNECT" {
            return Err(RequestError::NoPath(method.to_owned()));
        }
        let (scheme, rest) = url.split_once("://").ok_or_else(|| RequestError::Scheme(url.to_owned()))?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(RequestError::Scheme(url.to_owned())),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, target) = rest.split_at(authority_length(rest));
        if authority.is_empty() {
            return Err(RequestError::NoHost(url.to_owned()));
        }
        if authority.contains('@') {
            return Err(RequestError::User);
        }
        let (host, port) = host_and_port(authority)?;
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self {
            method: method.to_owned(),
            is_secure,
            host: host.to_owned(),
            port: port.unwrap_or(if is_secure { 443 } else { 80 }),
            authority: authority.to_owned(),
            target,
            headers: Vec::new(),
            client: None,
        })
    }

    /// Adds a header: `Name: value`. `Host` takes the place of the URL's.
    ///
    /// # Errors
    /// Where it is no header.
    pub fn add_header(&mut self, text: &str) -> Result<(), RequestError> {
        let header = text.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let (name, value) = header
            .filter(|(name, value)| {
                !name.is_empty() && name.bytes().all(is_token) && !value.contains(['\r', '\n', '\0'])
            })
            .ok_or_else(|| RequestError::Header(text.to_owned()))?;
        if name.eq_ignore_ascii_case("host") {
            let (host, _) = host_and_port(value)?;
            host.clone_into(&mut self.host);
            value.clone_into(&mut self.authority);
        } else {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        Ok(())
    }
}

impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(out, "{} {scheme}://{}{}", self.method, self.authority, self.target)
    }
}

/// How long the host and port are: up to the path, the query, or the end. A variable without a value may stand for a
/// host: `${NAME}`.
fn authority_length(rest: &str) -> usize {
    rest.find(['/', '?']).unwrap_or(rest.len())
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), RequestError> {
    let bad = || RequestError::Host(authority.to_owned());
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']').ok_or_else(bad)?;
            inner.parse::<std::net::Ipv6Addr>().map_err(|_| bad())?;
            (inner, after.strip_prefix(':').or_else(|| after.is_empty().then_some("")).ok_or_else(bad)?)
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let name = host.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(host);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:%".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_host) {
        return Err(bad());
    }
    match port {
        "" => Ok((host, None)),
        port => Ok((host, Some(port.parse().map_err(|_| RequestError::Port(port.to_owned()))?))),
    }
}

/// A character of a method or of a header's name (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_what() {
        let request = Request::parse("POST https://[::1]:8443/a?b#c").expect("a request");
        assert_eq!((request.host.as_str(), request.port, request.target.as_str()), ("::1", 8443, "/a?b"));
        let request = Request::parse("http://a.example").expect("a request");
        assert_eq!(request.to_string(), "GET http://a.example/");
        assert_eq!(Request::parse("http://a?b").expect("a request").target, "/?b");
        let mut request = Request::parse("GET https://${DOMAIN}/").expect("a request");
        assert_eq!(request.host, "${DOMAIN}");
        request.add_header("host: B.example:1").expect("a header");
        request.add_header("X-A:  b ").expect("a header");
        assert_eq!((request.host.as_str(), request.port), ("B.example", 443));
        assert_eq!(request.headers, [("X-A".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn what_is_no_request_is_told() {
        for (text, error) in [
            ("", RequestError::NoUrl),
            ("GET", RequestError::NoUrl),
            ("GET https://a/b c", RequestError::Spaces),
            ("G(T https://a/", RequestError::Method("G(T".to_owned())),
            ("CONNECT https://a/", RequestError::NoPath("CONNECT".to_owned())),
            ("GET a.example/b", RequestError::Scheme("a.example/b".to_owned())),
            ("GET ftp://a/b", RequestError::Scheme("ftp://a/b".to_owned())),
            ("GET https:///b", RequestError::NoHost("https:///b".to_owned())),
            ("GET https://a_b\"/", RequestError::Host("a_b\"".to_owned())),
            ("GET https://a:99999/", RequestError::Port("99999".to_owned())),
            ("GET https://u:p@a/", RequestError::User),
        ] {
            assert_eq!(Request::parse(text), Err(error), "{text}");
        }
        let mut request = Request::parse("https://a/").expect("a request");
        assert_eq!(request.add_header("nonsense"), Err(RequestError::Header("nonsense".to_owned())));
    }
}

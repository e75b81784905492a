//! Middlewares, copied to each service that uses them, and options in Traefik's spelling.

use super::member::Member;
use super::resolve::{At, Resolver};
use super::routing::slug;
use super::{MiddlewareUse, ProblemKind, Text};
use crate::diagnostics::words;
use crate::manifest::types::{Middleware, RouteProtocol};
use crate::source::KeyPath;

/// The types of HTTP middlewares (Traefik docs, "HTTP Middlewares", v3); their spelling does not depend on case.
const TYPES: [&str; 25] = [
    "addPrefix",
    "basicAuth",
    "buffering",
    "chain",
    "circuitBreaker",
    "compress",
    "contentType",
    "digestAuth",
    "errors",
    "forwardAuth",
    "grpcWeb",
    "headers",
    "inFlightReq",
    "ipAllowList",
    "passTLSClientCert",
    "plugin",
    "rateLimit",
    "redirectRegex",
    "redirectScheme",
    "replacePath",
    "replacePathRegex",
    "retry",
    "stripPrefix",
    "stripPrefixRegex",
    "ipWhiteList",
];

/// The types of TCP middlewares (Traefik docs, "TCP Middlewares", v3). Of a container with another one Traefik drops all
/// labels.
const TCP_TYPES: [&str; 3] = ["inFlightConn", "ipAllowList", "ipWhiteList"];

fn is_among(types: &[&str], kind: &str) -> bool {
    types.iter().any(|known| known.eq_ignore_ascii_case(kind))
}

impl<'a, 'f> Resolver<'a, 'f> {
    pub(super) fn check_middleware(&mut self, name: &str, place: KeyPath) {
        if name.contains('@') {
            return;
        }
        let Some(middleware) = self.frame.manifest.middlewares.get(name) else {
            let known = self.frame.manifest.middlewares.keys().cloned().collect();
            self.unknown_routing("middleware", name, known, place, None);
            return;
        };
        let path = KeyPath::of(["middlewares", name]);
        let kinds: Vec<&str> = middleware.keys().map(String::as_str).collect();
        match kinds.as_slice() {
            [kind] if is_among(&TYPES, kind) || is_among(&TCP_TYPES, kind) => {}
            [kind] => {
                let known = TYPES.iter().chain(&TCP_TYPES[..1]).map(|known| (*known).to_owned()).collect();
                self.unknown_routing("middleware type", kind, known, path.key(kind), None);
            }
            [] => self.unknown_routing("middleware", name, Vec::new(), path, Some("it has no type and no options")),
            kinds => {
                let note = format!("it has {} types, {}, and Traefik takes one", kinds.len(), words::and(kinds));
                self.unknown_routing("middleware", name, Vec::new(), path, Some(&note));
            }
        }
    }

    /// Says where a middleware, or one of its chain, is for something else than what the route carries.
    pub(super) fn check_fit(&mut self, name: &str, protocol: RouteProtocol, place: KeyPath) {
        let Some((middleware, kind)) = self.misfit(name, protocol, 0) else { return };
        let (takes, carries) = match protocol {
            RouteProtocol::Http => ("connections", "an HTTP route: it carries requests"),
            RouteProtocol::Tcp => ("requests", "a TCP route: of a connection Traefik sees no requests"),
        };
        let message =
            format!("the middleware `{middleware}` is for {takes} (`{kind}`), and means nothing on {carries}");
        let help = match protocol {
            RouteProtocol::Http => "take it away; for requests there is `inFlightReq`",
            RouteProtocol::Tcp => "take it away; for connections there are `inFlightConn` and `ipAllowList`",
        };
        self.problem(place, ProblemKind::Value { message, help });
    }

    /// The first middleware that does not fit, and its type.
    fn misfit(&self, name: &str, protocol: RouteProtocol, depth: usize) -> Option<(&'f str, &'f str)> {
        let (name, middleware) = self.frame.manifest.middlewares.get_key_value(name)?;
        if middleware.contains_key("chain") {
            let inner = chained(middleware);
            // A chain that leads back to itself is told elsewhere.
            return inner.into_iter().filter(|_| depth <= 8).find_map(|name| self.misfit(name, protocol, depth + 1));
        }
        let (fitting, other) = match protocol {
            RouteProtocol::Http => (&TYPES[..], &TCP_TYPES[..]),
            RouteProtocol::Tcp => (&TCP_TYPES[..], &TYPES[..]),
        };
        let misfit = middleware.keys().find(|kind| !is_among(fitting, kind) && is_among(other, kind))?;
        Some((name, misfit))
    }

    /// A middleware as it stands beside a router of `member`: copied per service, since a middleware that lives on
    /// one container vanishes with it. A chain is the middlewares that it names.
    pub(super) fn middleware(&mut self, member: &Member<'a>, name: &str) -> Vec<MiddlewareUse> {
        self.middleware_at(member, name, 0)
    }

    fn middleware_at(&mut self, member: &Member<'a>, name: &str, depth: usize) -> Vec<MiddlewareUse> {
        if name.contains('@') {
            return vec![MiddlewareUse::Elsewhere(name.to_owned())];
        }
        let Some(middleware) = self.frame.manifest.middlewares.get(name) else { return Vec::new() };
        if middleware.contains_key("chain") {
            let place = KeyPath::of(["middlewares", name, "chain", "middlewares"]);
            if depth > 8 {
                self.unknown_routing("middleware", name, Vec::new(), place, Some("the chain leads back to itself"));
                return Vec::new();
            }
            let inner: Vec<String> = chained(middleware).into_iter().map(str::to_owned).collect();
            for (index, name) in inner.iter().enumerate() {
                self.check_middleware(name, place.index(index));
            }
            return inner.iter().flat_map(|name| self.middleware_at(member, name, depth + 1)).collect();
        }
        let path = KeyPath::of(["middlewares", name]);
        let table: toml::Table =
            middleware.iter().map(|(kind, options)| (kind.clone(), toml::Value::Table(options.clone()))).collect();
        let options = self.options(&toml::Value::Table(table), &path);
        let own = format!("{}-{}-{}", slug(self.frame.stack), member.name, slug(name));
        vec![MiddlewareUse::Own { name: own, key: Some(name.to_owned()), options }]
    }

    /// Options in Traefik's spelling as flat paths: `headers.stsSeconds`, arrays as comma lists or with positions.
    pub(super) fn options(&mut self, value: &toml::Value, path: &KeyPath) -> Vec<(String, Text)> {
        let mut out = Vec::new();
        self.flatten(value, String::new(), path, &mut out);
        out
    }

    fn flatten(&mut self, value: &toml::Value, prefix: String, path: &KeyPath, out: &mut Vec<(String, Text)>) {
        match value {
            toml::Value::Table(table) => {
                // An empty table is the option switched on with its own defaults.
                if table.is_empty() && !prefix.is_empty() {
                    out.push((prefix, Text::literal("true")));
                    return;
                }
                for (key, value) in table {
                    let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    self.flatten(value, name, &path.key(key), out);
                }
            }
            toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                for (index, item) in items.iter().enumerate() {
                    self.flatten(item, format!("{prefix}[{index}]"), &path.index(index), out);
                }
            }
            toml::Value::Array(items) => {
                let mut list = Text::default();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        list.push_str(",");
                    }
                    let text = self.scalar(item, &path.index(index));
                    list.push(text);
                }
                out.push((prefix, list));
            }
            scalar => {
                let text = self.scalar(scalar, path);
                out.push((prefix, text));
            }
        }
    }

    fn scalar(&mut self, value: &toml::Value, path: &KeyPath) -> Text {
        match value {
            toml::Value::String(text) => self.text(text, At::manifest(path, None)).text,
            other => Text::literal(other.to_string()),
        }
    }
}

fn chained(middleware: &Middleware) -> Vec<&str> {
    let list = middleware.get("chain").and_then(|chain| chain.get("middlewares")).and_then(toml::Value::as_array);
    list.into_iter().flatten().filter_map(toml::Value::as_str).collect()
}

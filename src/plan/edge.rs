//! The stack's edge as data: proxy, entry points, routers, middlewares.

use indexmap::IndexMap;

use super::Text;
use crate::manifest::types::{Challenge, Expect, RouteProtocol};
use crate::source::KeyPath;

/// A Traefik router: one path of one route on one entry point.
#[derive(Debug, Clone, PartialEq)]
pub struct Router {
    /// Its name in Traefik.
    pub name: String,
    /// What it carries.
    pub protocol: RouteProtocol,
    /// The rule, in Traefik's v3 syntax.
    pub rule: Text,
    /// The entry point.
    pub entry_point: String,
    /// The priority; larger wins.
    pub priority: i64,
    /// The port of the service.
    pub port: u16,
    /// The name of the Traefik service.
    pub service: String,
    /// The middlewares, in order.
    pub middlewares: Vec<MiddlewareUse>,
    /// Whether it speaks TLS, and with whose certificate.
    pub tls: Option<RouterTls>,
    /// The hosts it matches; empty for any, or for a raw rule.
    pub hosts: Vec<Text>,
    /// The path it matches, with its children; none for a raw rule.
    pub path: Option<String>,
    /// The request path that proves it; none where nothing does.
    pub smoke: Option<String>,
    /// Whether a smoke test leaves it alone: `smoke = false`.
    pub is_left_alone: bool,
    /// What an answer must look like to come from this service.
    pub expect: Option<Expect>,
    /// The beginning of the path that the service does not see.
    pub strip_prefix: Option<String>,
    /// Where the route is declared.
    pub origin: KeyPath,
}

/// The certificate of a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterTls {
    /// The resolver; none for the proxy's own certificate.
    pub resolver: Option<String>,
}

/// A middleware, as a router uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MiddlewareUse {
    /// Defined beside the router, under this name.
    Own {
        /// Its name in Traefik.
        name: String,
        /// Its name in services.toml; none for what a route's own keys ask for.
        key: Option<String>,
        /// Its options: the path below the name, and the value.
        options: Vec<(String, Text)>,
    },
    /// Defined elsewhere: `name@provider`.
    Elsewhere(String),
}

impl MiddlewareUse {
    /// The name by which a router calls it.
    pub fn name(&self) -> &str {
        match self {
            Self::Own { name, .. } | Self::Elsewhere(name) => name,
        }
    }

    /// The name by which services.toml calls it; none for what a route's own keys ask for.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Own { key, .. } => key.as_deref(),
            Self::Elsewhere(name) => Some(name),
        }
    }
}

/// What a service is as a proxy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Proxy {
    /// The version, as major and minor.
    pub version: (u32, u32),
    /// The entry points.
    pub entry_points: IndexMap<String, EntryPoint>,
    /// The certificate resolvers that are used.
    pub resolvers: IndexMap<String, Resolver>,
    /// Whether browsers may remember redirects: only where the addresses are final.
    pub permanent_redirects: bool,
    /// Whether the dashboard listens.
    pub dashboard: bool,
    /// Whether each request is logged.
    pub access_log: bool,
    /// What is logged.
    pub log_level: String,
    /// The port on which Prometheus finds its metrics.
    pub metrics_port: Option<u16>,
    /// Further flags: name and value.
    pub static_flags: Vec<(String, Text)>,
}

/// An entry point of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// The port in the container.
    pub port: u16,
    /// The host port, which is what a browser sees.
    pub public_port: Text,
    /// The host port where the operator sets nothing.
    pub public_number: u16,
    /// Where requests without a route are sent.
    pub redirect_to: Option<String>,
    /// TLS, and with whose certificate.
    pub tls: Option<RouterTls>,
    /// Middlewares of every route.
    pub middlewares: Vec<String>,
}

/// A certificate resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolver {
    /// Where notices go.
    pub email: Text,
    /// How the name is proved.
    pub challenge: Challenge,
    /// The entry point of an HTTP challenge.
    pub challenge_entry_point: Option<String>,
    /// The DNS provider.
    pub provider: Option<String>,
    /// Another ACME directory.
    pub ca_server: Option<Text>,
}

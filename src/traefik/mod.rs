//! Traefik's languages as far as they are written and read here: container labels, static flags, and the rules of
//! routers.
//!
//! Every label that a router needs is written; none is left to a default (Traefik docs, "Routing configuration with
//! labels", v3). What a service says in labels of its own is laid over them and read back as routers.

use crate::plan::{Service, Text};

pub mod address;
pub mod dynamic;
mod flags;
mod labels;
mod read;
pub mod regex;
pub mod rule;
pub mod static_flags;

/// What the services of a stack share with the proxy that serves them.
pub(crate) struct Edge {
    /// The name of the shared network on the engine.
    pub(crate) network: Text,
    /// The project of the proxy, where it is another one.
    pub(crate) project: Option<Text>,
    /// The names of the entry points that a router without any gets.
    pub(crate) entry_points: Vec<String>,
}

/// Gives a service what the proxy wants of it: labels where there are routers, flags where it is the proxy itself.
pub(crate) fn finish(service: &mut Service, edge: &Edge) {
    if let Some(proxy) = &service.proxy
        && service.command.is_none()
    {
        service.command = Some(flags::flags(proxy, &edge.network));
    }
    if service.proxy.is_some() && service.labels.keys().any(|name| is_for_proxy(name)) {
        // Of itself, too, it takes what has its label alone: the router of its dashboard, a middleware.
        let own = std::mem::take(&mut service.labels);
        service.labels = labels::found(edge);
        service.labels.extend(own);
        return;
    }
    if !is_routed(service) {
        return;
    }
    let own = std::mem::take(&mut service.labels);
    let has_own = !own.is_empty();
    let mut labels = labels::labels(service, edge);
    labels.extend(own);
    service.labels = labels;
    if has_own && !is_disabled(service) {
        read::read_back(service, edge);
    }
}

/// Whether a service says that the proxy is not to find it.
pub(crate) fn is_disabled(service: &Service) -> bool {
    let enable = service.labels.iter().find(|(name, _)| name.eq_ignore_ascii_case("traefik.enable"));
    enable.and_then(|(_, text)| dynamic::value::boolean(&text.with_defaults()?)) == Some(false)
}

/// Whether a label defines something for the proxy.
fn is_for_proxy(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["traefik.http.", "traefik.tcp.", "traefik.udp."].iter().any(|start| name.starts_with(start))
}

/// Whether the proxy has to find the service: it has routes, or labels for the proxy.
pub(crate) fn is_routed(service: &Service) -> bool {
    !service.routers.is_empty() || (service.proxy.is_none() && service.labels.keys().any(|name| is_for_proxy(name)))
}

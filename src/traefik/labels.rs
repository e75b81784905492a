//! Labels: what a router needs, written out.

use indexmap::IndexMap;

use super::Edge;
use crate::manifest::types::RouteProtocol;
use crate::plan::{EDGE_LABEL, MiddlewareUse, PROJECT_VARIABLE, Router, Service, Text};

/// The labels by which the proxy finds a container.
pub(super) fn found(edge: &Edge) -> IndexMap<String, Text> {
    let project = edge.project.clone().unwrap_or_else(|| Text::variable(PROJECT_VARIABLE, None));
    IndexMap::from_iter([("traefik.enable".to_owned(), Text::literal("true")), (EDGE_LABEL.to_owned(), project)])
}

pub(super) fn labels(service: &Service, edge: &Edge) -> IndexMap<String, Text> {
    let mut labels = found(edge);
    labels.insert("traefik.docker.network".to_owned(), edge.network.clone());
    for router in &service.routers {
        let key = format!("traefik.{}.services.{}.loadbalancer.server.port", section(router), router.service);
        labels.insert(key, Text::literal(router.port.to_string()));
    }
    for router in &service.routers {
        let section = section(router);
        let mut set =
            |key: &str, text: Text| labels.insert(format!("traefik.{section}.routers.{}.{key}", router.name), text);
        set("rule", router.rule.clone());
        set("entrypoints", Text::literal(&*router.entry_point));
        set("priority", Text::literal(router.priority.to_string()));
        set("service", Text::literal(&*router.service));
        if !router.middlewares.is_empty() {
            let names: Vec<&str> = router.middlewares.iter().map(MiddlewareUse::name).collect();
            set("middlewares", Text::literal(names.join(",")));
        }
        if let Some(tls) = &router.tls {
            set("tls", Text::literal("true"));
            if let Some(resolver) = &tls.resolver {
                set("tls.certresolver", Text::literal(&**resolver));
            }
        }
    }
    for router in &service.routers {
        for middleware in &router.middlewares {
            if let MiddlewareUse::Own { name, options, .. } = middleware {
                for (path, text) in options {
                    labels.insert(format!("traefik.{}.middlewares.{name}.{path}", section(router)), text.clone());
                }
            }
        }
    }
    labels
}

/// The part of Traefik's configuration in which a router stands.
pub(super) fn section(router: &Router) -> &'static str {
    match router.protocol {
        RouteProtocol::Http => "http",
        RouteProtocol::Tcp => "tcp",
    }
}

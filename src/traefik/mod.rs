//! Traefik's two languages as far as they are written here: container labels and static flags.
//!
//! Every label that a router needs is written; none is left to a default (Traefik docs, "Routing configuration with
//! labels", v3).

use indexmap::IndexMap;

use crate::plan::{EDGE_LABEL, MiddlewareUse, PROJECT_VARIABLE, Service, Text};

mod flags;

/// Gives a service what the proxy wants of it: labels where there are routers, flags where it is the proxy itself.
/// `edge` is the name of the shared network on the engine.
pub(crate) fn finish(service: &mut Service, edge: &Text) {
    if let Some(proxy) = &service.proxy
        && service.command.is_none()
    {
        service.command = Some(flags::flags(proxy, edge));
    }
    if service.routers.is_empty() {
        return;
    }
    let own = std::mem::take(&mut service.labels);
    let mut labels = labels(service, edge);
    labels.extend(own);
    service.labels = labels;
}

fn labels(service: &Service, edge: &Text) -> IndexMap<String, Text> {
    let mut labels = IndexMap::new();
    labels.insert("traefik.enable".to_owned(), Text::literal("true"));
    labels.insert(EDGE_LABEL.to_owned(), Text::variable(PROJECT_VARIABLE, None));
    labels.insert("traefik.docker.network".to_owned(), edge.clone());
    for router in &service.routers {
        let key = format!("traefik.http.services.{}.loadbalancer.server.port", router.service);
        labels.insert(key, Text::literal(router.port.to_string()));
    }
    for router in &service.routers {
        let mut set =
            |key: &str, text: Text| labels.insert(format!("traefik.http.routers.{}.{key}", router.name), text);
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
    for middleware in service.routers.iter().flat_map(|router| &router.middlewares) {
        if let MiddlewareUse::Own { name, options } = middleware {
            for (path, text) in options {
                labels.insert(format!("traefik.http.middlewares.{name}.{path}"), text.clone());
            }
        }
    }
    labels
}

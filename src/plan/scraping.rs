//! Who collects metrics, and of what.

use indexmap::IndexMap;
use serde::Serialize;

use super::member::Frame;
use super::{EDGE, INTERNAL, Reference, Service};
use crate::kinds::Class;

/// A service with metrics, as the files of what collects them name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scraped {
    /// The service.
    pub name: String,
    /// Where it answers inside of the stack.
    pub host: String,
    /// The port of its metrics.
    pub port: u16,
    /// Their path.
    pub path: String,
    /// Whether its containers come and go: several, or some that only run with a profile. All of them are found when the
    /// network is asked for its name; as a fixed target it would be one of them, chosen anew each time, or a container
    /// that is missed although nobody has started it.
    pub varies: bool,
}

/// Whether its kind collects metrics.
pub(super) fn collects(frame: &Frame<'_>, service: &Service) -> bool {
    frame.members.get(service.name.as_str()).and_then(|member| member.kind).is_some_and(|kind| kind.scrapes)
}

/// Whether a service with metrics is asked for them by another one.
fn is_collected(service: &Service, by: &str) -> bool {
    service.name != by && !service.one_shot && service.metrics.as_ref().is_some_and(|metrics| metrics.port.is_some())
}

/// Puts what collects metrics and what has some on a network in common: the proxy's where the proxy has some, else
/// `internal`. Networks that are written out stay as they are.
pub(super) fn connect(frame: &Frame<'_>, services: &mut IndexMap<String, Service>) {
    let collectors: Vec<String> =
        services.values().filter(|service| collects(frame, service)).map(|service| service.name.clone()).collect();
    for collector in collectors {
        let targets = services.values().filter(|service| is_collected(service, &collector));
        let (proxies, others): (Vec<_>, Vec<_>) = targets.partition(|service| service.class == Class::Proxy);
        let is_beside_proxy = !proxies.is_empty();
        let mut inside: Vec<String> = others.iter().map(|service| service.name.clone()).collect();
        let all: Vec<(String, _)> = proxies
            .iter()
            .chain(&others)
            .map(|service| (service.name.clone(), service.origin().key("metrics")))
            .collect();
        if !inside.is_empty() {
            inside.push(collector.clone());
        }
        for name in inside {
            join(frame, services, &name, INTERNAL);
        }
        if is_beside_proxy {
            join(frame, services, &collector, EDGE);
        }
        if let Some(service) = services.get_mut(&collector) {
            service.references.extend(all.into_iter().map(|(service, origin)| Reference { service, origin }));
        }
    }
}

fn join(frame: &Frame<'_>, services: &mut IndexMap<String, Service>, name: &str, network: &str) {
    let is_written = frame.members.get(name).is_some_and(|member| member.service.networks.is_some());
    let Some(service) = services.get_mut(name).filter(|_| !is_written) else { return };
    if !service.networks.iter().any(|known| known == network) {
        service.networks.push(network.to_owned());
        // As the derived ones stand: the proxy's first.
        service.networks.sort();
    }
}

/// Tells the files of what collects metrics about everything that has some.
pub(super) fn tell(frame: &Frame<'_>, services: &mut IndexMap<String, Service>) {
    let collectors: Vec<String> =
        services.values().filter(|service| collects(frame, service)).map(|service| service.name.clone()).collect();
    for collector in collectors {
        let targets = services.values().filter(|service| is_collected(service, &collector));
        let scraped: Vec<Scraped> = targets.filter_map(scraped).collect();
        for file in services.get_mut(&collector).into_iter().flat_map(|service| &mut service.files) {
            file.scraped.clone_from(&scraped);
        }
    }
}

fn scraped(service: &Service) -> Option<Scraped> {
    let metrics = service.metrics.as_ref()?;
    Some(Scraped {
        name: service.name.clone(),
        host: service.name.clone(),
        port: metrics.port?,
        path: metrics.path.clone(),
        varies: service.containers() > 1 || !service.profiles.is_empty(),
    })
}

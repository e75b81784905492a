//! Ports of the host and of containers.

use stackgen::kinds::Class;
use stackgen::plan::Service;

use super::Operator;
use crate::base::{Base, Line};
use crate::mutant::Mutant;
use crate::proof::Proof;

const NONE: Proof = Proof::Test("earlier/read", "ports_that_are_none_are_rejected");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "publish two services on one port",
        rules: &["host-port-conflict"],
        proof: Proof::Test("earlier/engine", "a_port_of_the_host_is_given_once"),
        apply: |base| {
            let mut made = Vec::new();
            for (header, service) in publishable(base) {
                let mut others =
                    base.services().filter(|(_, other)| other.name != service && other.profiles.is_empty());
                if let Some(host) = others.find_map(|(_, other)| first_host_port(base, &other.name)) {
                    let mutant = base.below(header, format!("publish = \"127.0.0.1:{host}:7777\""));
                    // Either of the two is as good.
                    made.push(mutant.or_at_each("publish").or_at_each("ports =").or_at_each("port ="));
                }
            }
            made
        },
    },
    Operator {
        name: "publish a port beyond the last",
        rules: &["port-invalid"],
        proof: NONE,
        apply: |base| publishing(base, |port| format!("127.0.0.1:7{port:0>4}0:{port}")),
    },
    Operator {
        name: "publish on a host by its name",
        rules: &["port-invalid"],
        proof: NONE,
        apply: |base| publishing(base, |port| format!("localhost:{port}:{port}")),
    },
    Operator {
        name: "publish ranges of different lengths",
        rules: &["port-invalid"],
        proof: NONE,
        apply: |base| publishing(base, |port| format!("127.0.0.1:7000-7002:{port}-{}", port + 1)),
    },
    Operator {
        name: "misspell the protocol of a port",
        rules: &["port-invalid"],
        proof: NONE,
        apply: |base| publishing(base, |port| format!("127.0.0.1:7000:{port}/tpc")),
    },
    Operator {
        name: "run two containers of what publishes a port",
        rules: &["replicas-fixed-port"],
        proof: Proof::Test("earlier/engine", "containers_of_one_service_want_a_host_port_each"),
        apply: |base| {
            let services = base.services().filter(|(_, service)| {
                !service.ports.is_empty()
                    && service.container_name.is_none()
                    && !service.single
                    && service.class == Class::App
                    && service.proxy.is_none()
                    && !service.passthrough.contains_key("networks")
            });
            services.map(|(header, _)| base.below(header, "replicas = 2")).collect()
        },
    },
    Operator {
        name: "publish a data store to the network",
        rules: &["datastore-port-public"],
        proof: Proof::Test("earlier/running", "a_published_port_is_open_to_the_network_unless_it_names_loopback"),
        apply: |base| {
            let stores = base.services().filter(|(_, service)| {
                base.in_production(&service.name) && is_store(service) && !base.says(&service.name, "publish")
            });
            stores
                .map(|(header, service)| {
                    let port = service.port.unwrap_or(if is_of(service, "redis") { 6379 } else { 5432 });
                    base.below(header, format!("publish = \"{port}:{port}\""))
                })
                .collect()
        },
    },
];

/// Whether its image or kind is that of a data store.
pub(super) fn is_store(service: &Service) -> bool {
    is_of(service, "redis") || is_of(service, "postgres")
}

fn is_of(service: &Service, name: &str) -> bool {
    let image = service.image.as_ref().and_then(stackgen::plan::Text::with_defaults).unwrap_or_default();
    image.starts_with(&format!("{name}:"))
}

/// Services that publish nothing yet and could.
fn publishable(base: &Base) -> Vec<(&Line, String)> {
    let services = base.services().filter(|(_, service)| {
        !base.says(&service.name, "publish")
            && !service.passthrough.contains_key("ports")
            && service.profiles.is_empty()
            && !is_store(service)
            && service.proxy.is_none()
            && service.containers() == 1
    });
    services.map(|(header, service)| (header, service.name.clone())).collect()
}

pub(super) fn publishing(base: &Base, port: impl Fn(u32) -> String) -> Vec<Mutant> {
    let services = publishable(base).into_iter();
    services
        .map(|(header, name)| {
            let number = base.service(&name).and_then(|service| service.port).unwrap_or(8080);
            base.below(header, format!("publish = [\"{}\"]", port(number.into())))
        })
        .collect()
}

/// The host port at which a service is published in production.
fn first_host_port(base: &Base, name: &str) -> Option<u16> {
    let plan = base.plans.iter().find(|plan| plan.production)?;
    let mapping = plan.services.get(name)?.ports.first()?.mapping.as_ref()?;
    Some(mapping.published?.first)
}

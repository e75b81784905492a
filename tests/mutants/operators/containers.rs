//! What two containers want of one host, network or volume, and who waits for whom.

use super::Operator;
use super::ports::{is_store, publishing};
use super::storage::mounting;
use crate::base::{Base, Line};
use crate::mutant::Mutant;
use crate::proof::Proof;

const LISTENERS: Proof = Proof::Test("containers", "listeners_in_one_network");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "call a container's host as another service",
        rules: &["alias-shadowing"],
        proof: Proof::Test("variables", "a_name_that_two_services_have_leads_to_both"),
        apply: |base| {
            let mut made = Vec::new();
            for (header, service) in plain(base) {
                let mut others = base.plans[0].services.values();
                let neighbour = others.find(|other| {
                    other.name != service.name
                        && other.networks.iter().any(|network| service.networks.contains(network))
                });
                made.extend(
                    neighbour.map(|other| base.below(header, format!("compose.hostname = \"{}\"", other.name))),
                );
            }
            made
        },
    },
    Operator {
        name: "wait for the end of what never ends",
        rules: &["completed-never-exits"],
        proof: Proof::Test("variables", "who_waits_for_the_end_of_a_server_waits_for_ever"),
        apply: |base| {
            let mut made = Vec::new();
            for (header, service) in base.services().filter(|(_, service)| !base.says(&service.name, "depends-on")) {
                let passes = service.passthrough.contains_key("depends_on") || service.restart.is_none();
                let ended = base.services().find(|(_, other)| is_store(other) && other.name != service.name);
                let ended = ended.filter(|(_, other)| !passes && !other.depends_on.contains_key(&service.name));
                made.extend(ended.map(|(_, other)| {
                    base.below(header, format!("depends-on = {{ {} = \"completed\" }}", other.name))
                }));
            }
            made
        },
    },
    Operator {
        name: "put a data store on the proxy's network",
        rules: &["datastore-on-edge-network"],
        proof: Proof::Test("earlier/running", "whoever_is_on_the_proxys_network_reaches_a_data_store_there"),
        apply: |base| {
            let has_proxy = base.plans.iter().any(|plan| plan.networks.contains_key("edge"));
            let stores = base.services().filter(|(_, service)| {
                has_proxy
                    && is_store(service)
                    && service.routers.is_empty()
                    && !base.says(&service.name, "networks")
                    && !base.says(&service.name, "labels")
            });
            stores.map(|(header, _)| base.below(header, "networks = [\"...\", \"edge\"]")).collect()
        },
    },
    Operator {
        name: "listen in the host's network on a published port",
        rules: &["host-network-port-conflict"],
        proof: LISTENERS,
        apply: |base| {
            let mut made = Vec::new();
            for plan in base.plans.iter().take(1) {
                let ports = plan
                    .services
                    .values()
                    .filter(|service| service.profiles.is_empty())
                    .flat_map(|service| &service.ports);
                for published in ports.filter_map(|port| port.mapping.as_ref()?.published) {
                    let text = format!(
                        "\n[services.exporter]\nimage = \"registry.example.com/exporter:1.9\"\nport = {}\ncompose.network_mode = \"host\"",
                        published.first
                    );
                    made.push(
                        base.end(&text)
                            .at_last("port = ")
                            .or_at_each("publish")
                            .or_at_each("ports =")
                            .or_at_each("port =")
                            .or_at("[services.exporter]")
                            .or_at("compose.network_mode"),
                    );
                }
            }
            made
        },
    },
    Operator {
        name: "listen beside a service on its own port",
        rules: &["shared-netns-port-conflict"],
        proof: LISTENERS,
        apply: |base| {
            let services = base.services().filter(|(_, service)| {
                service.port.is_some()
                    && service.profiles.is_empty()
                    && base.plans.iter().all(|plan| plan.services.contains_key(&service.name))
            });
            services
                .map(|(_, service)| {
                    let port = service.port.unwrap_or_default();
                    let text = format!("\n[services.sidecar]\nimage = \"registry.example.com/sidecar:1.9\"\nport = {port}\ncompose.network_mode = \"service:{}\"", service.name);
                    base.end(&text).at_last("port = ").or_at("compose.network_mode").or_at("[services.sidecar]").or_at_each(&format!("port = {port}"))
                })
                .collect()
        },
    },
    Operator {
        name: "publish a port of a container in the host's network",
        rules: &["ports-ignored", "network-mode-conflict"],
        proof: Proof::Test("containers", "ports_that_nobody_publishes"),
        apply: |base| {
            ["exporter", "probe"]
                .map(|name| {
                    let text = format!("\n[services.{name}]\nimage = \"registry.example.com/exporter:1.9\"\npublish = \"127.0.0.1:9876:9100\"\ncompose.network_mode = \"host\"");
                    base.end(&text).at("publish = \"127.0.0.1:9876")
                })
                .into()
        },
    },
    Operator {
        name: "misspell the mode of a network",
        rules: &["network-mode-conflict"],
        proof: Proof::Test("containers", "what_cannot_stand_beside_a_network_mode"),
        apply: |base| {
            let alone =
                plain(base).into_iter().filter(|(_, service)| service.routers.is_empty() && service.proxy.is_none());
            alone.map(|(header, _)| base.below(header, "compose.network_mode = \"hots\"")).collect()
        },
    },
    Operator {
        name: "write the address of a service and wait for nobody",
        rules: &["implicit-dependency", "unreachable-reference"],
        proof: Proof::Test("variables", "what_a_text_names_is_not_started"),
        apply: |base| addresses(base, false, |name, port| format!("http://{name}:{port}/v1")),
    },
    Operator {
        name: "write the address of a service with another port",
        rules: &["reference-wrong-port"],
        proof: Proof::Test("variables", "nobody_listens_inside_on_the_port_that_is_published"),
        apply: |base| addresses(base, true, |name, port| format!("http://{name}:{}/v1", port + 1)),
    },
    Operator {
        name: "let nobody wait for what ends",
        rules: &["one-shot-never-awaited"],
        proof: Proof::Test("variables", "a_service_that_ends_fails_the_start_unless_somebody_waits_for_its_end"),
        apply: |base| {
            let text = "\n[services.seed]\nimage = \"registry.example.com/seed:1.0\"\none-shot = true";
            vec![base.end(text).at("[services.seed]").or_at("one-shot")]
        },
    },
    Operator {
        name: "mistype an option of a mount",
        rules: &["mount-option-typo"],
        proof: Proof::Test("containers", "options_of_mounts_that_do_nothing"),
        apply: |base| mounting(base, "more-data:/srv/more:r0"),
    },
    Operator {
        name: "hand the engine's socket on",
        rules: &["docker-socket"],
        proof: Proof::Test("containers", "a_read_only_socket_commands_the_engine"),
        apply: |base| mounting(base, "/var/run/docker.sock:/var/run/docker.sock:ro"),
    },
    Operator {
        name: "publish a port of the container alone",
        rules: &["ephemeral-host-port"],
        proof: Proof::Test("containers", "host_ports_that_the_engine_picks"),
        apply: |base| publishing(base, |port| port.to_string()),
    },
    Operator {
        name: "publish a port at which nobody listens",
        rules: &["port-no-listener"],
        proof: Proof::Test("containers", "ports_at_which_nobody_listens"),
        apply: |base| {
            // What has routes may have another listener.
            let is_routed = base.services().any(|(_, service)| !service.routers.is_empty());
            let has_port = |mutant: &Mutant| !is_routed && !mutant.shown.contains(":8081");
            publishing(base, |port| format!("127.0.0.1:${{PEER_HOST_PORT:-7999}}:{}", port + 1))
                .into_iter()
                .filter(has_port)
                .collect()
        },
    },
    Operator {
        name: "listen on loopback alone",
        rules: &["port-no-listener"],
        proof: Proof::Test("containers", "ports_at_which_nobody_listens"),
        apply: |base| {
            let environments = base.lines.iter().filter(|line| line.is_header() && line.is_in("env"));
            let listens = |line: &&Line| {
                let service = line.table.split('.').nth(1).and_then(|name| base.service(name));
                service.is_some_and(|service| service.port.is_some() && service.kind.is_none())
            };
            environments.filter(listens).map(|line| base.below(line, "HOST = \"127.0.0.1\"")).collect()
        },
    },
    Operator {
        name: "leave the first word of a probe out",
        rules: &["healthcheck-form"],
        proof: Proof::Test("containers", "forms_of_probes"),
        apply: |base| {
            let silent = plain(base).into_iter().filter(|(_, service)| !base.says(&service.name, "health"));
            silent
                .map(|(header, _)| base.below(header, "compose.healthcheck.test = [\"redis-cli\", \"ping\"]"))
                .collect()
        },
    },
    Operator {
        name: "probe another port than the service's",
        rules: &["healthcheck-form"],
        proof: Proof::Test("containers", "forms_of_probes"),
        apply: |base| {
            let listening = base.services().filter(|(_, service)| {
                service.port.is_some()
                    && service.kind.is_none()
                    && !base.says(&service.name, "health")
                    && !service.passthrough.contains_key("healthcheck")
            });
            listening
                .map(|(header, service)| {
                    base.below(
                        header,
                        format!(
                            "health = [\"wget\", \"-q\", \"--spider\", \"http://127.0.0.1:{}/health\"]",
                            service.port.unwrap_or_default() + 1
                        ),
                    )
                })
                .collect()
        },
    },
    Operator {
        name: "start nothing of production again",
        rules: &["restart-policy"],
        proof: Proof::Test("containers", "restart_policies_that_are_none"),
        apply: |base| {
            let services = base.services().filter(|(_, service)| {
                base.in_production(&service.name)
                    && service.profiles.is_empty()
                    && !service.one_shot
                    && !base.says(&service.name, "restart")
                    && !service.passthrough.contains_key("restart")
            });
            services.map(|(header, _)| base.below(header, "restart = \"no\"")).collect()
        },
    },
    Operator {
        name: "move to a PostgreSQL that keeps its data elsewhere",
        rules: &["postgres18-data-path"],
        proof: Proof::Test("containers", "the_volume_of_an_older_postgres_below_another_one"),
        apply: |base| {
            let images = base.entries().filter(|line| line.key == "image" && line.value == "\"postgres:17\"");
            images
                .map(|line| {
                    let volumes = base.entry(&line.table, "volumes").map(|line| line.text.clone()).unwrap_or_default();
                    base.value(line, "\"postgres:18\"").or_at(&volumes)
                })
                .collect()
        },
    },
    Operator {
        name: "give two data stores one volume",
        rules: &["shared-datastore-volume", "name-collision"],
        proof: Proof::Test("containers", "two_data_stores_on_one_volume"),
        apply: |base| {
            let mut made = Vec::new();
            let stores: Vec<_> = base.services().filter(|(_, service)| is_store(service)).collect();
            for (header, service) in &stores {
                for (_, other) in stores.iter().filter(|(_, other)| other.name != service.name) {
                    let volume = format!("{}-data", other.name);
                    let mutant = match base.entry(&header.table, "volumes") {
                        Some(line) => base.swap(line, &format!("{}-data", service.name), &volume),
                        None => Some(base.below(header, format!("persist = \"{volume}\""))),
                    };
                    made.extend(mutant.map(|mutant| {
                        mutant.or_at_each(&format!("{volume}:")).or_at(&format!("[services.{}]", other.name))
                    }));
                }
            }
            made
        },
    },
    Operator {
        name: "let a program take more memory than it has",
        rules: &["runtime-exceeds-limit"],
        proof: Proof::Test("containers", "memory_that_a_program_believes_to_have"),
        apply: |base| {
            let has_limit = |name: &str| {
                let mut all = base.plans.iter().filter_map(|plan| plan.services.get(name));
                all.any(|service| service.limits.as_ref().is_some_and(|limits| limits.memory.is_some()))
            };
            let environments = base.lines.iter().filter(|line| line.is_header() && line.is_in("env"));
            let limited = environments.filter(|line| line.table.split('.').nth(1).is_some_and(has_limit));
            limited.map(|line| base.below(line, "NODE_OPTIONS = \"--max-old-space-size=8192\"")).collect()
        },
    },
];

/// Services that pass nothing through.
pub(super) fn plain(base: &Base) -> Vec<(&Line, &stackgen::plan::Service)> {
    base.services()
        .filter(|(_, service)| service.passthrough.is_empty() && !base.says(&service.name, "compose"))
        .collect()
}

/// Variables with the address of another service: of those that are awaited, or of the others.
fn addresses(base: &Base, is_awaited: bool, address: impl Fn(&str, u16) -> String) -> Vec<Mutant> {
    let mut made = Vec::new();
    for line in base.lines.iter().filter(|line| line.is_header() && line.is_in("env")) {
        let Some(service) = line.table.split('.').nth(1).and_then(|name| base.service(name)) else { continue };
        for (_, other) in base
            .services()
            .filter(|(_, other)| other.name != service.name && other.port.is_some() && other.listeners.is_empty())
        {
            let everywhere = base
                .plans
                .iter()
                .all(|plan| !plan.services.contains_key(&service.name) || plan.services.contains_key(&other.name));
            let waits = if is_awaited {
                service.depends_on.contains_key(&other.name)
            } else {
                waits_for(base, &service.name, &other.name)
            };
            if everywhere
                && waits == is_awaited
                && !is_store(other)
                && other.profiles.is_empty()
                && other.proxy.is_none()
                && !waits_for(base, &other.name, &service.name)
            {
                made.push(
                    base.below(line, format!("PEER = \"{}\"", address(&other.name, other.port.unwrap_or_default()))),
                );
            }
        }
    }
    made
}

/// Whether one service waits for another, or for one that does, in any environment.
fn waits_for(base: &Base, one: &str, other: &str) -> bool {
    base.plans.iter().any(|plan| {
        let mut seen = vec![one];
        let mut next = 0;
        while let Some(name) = seen.get(next).copied() {
            next += 1;
            let dependencies = plan.services.get(name).into_iter().flat_map(|service| service.depends_on.keys());
            for dependency in dependencies.map(String::as_str) {
                if !seen.contains(&dependency) {
                    seen.push(dependency);
                }
            }
        }
        seen[1..].contains(&other)
    })
}

//! What refers to something that is not there, or cannot be reached.

use super::{Operator, misspelt};
use crate::base::Base;
use crate::mutant::Mutant;
use crate::proof::Proof;

const MUST_BE_THERE: Proof = Proof::Test("earlier/read", "what_is_referred_to_must_be_there");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "misspell a kind",
        rules: &["unknown-kind"],
        proof: Proof::Test("earlier/read", "a_service_without_image_and_build_is_rejected"),
        apply: |base| {
            let kinds = base.entries().filter(|line| line.key == "kind");
            kinds.map(|line| base.value(line, format!("\"{}\"", misspelt(line.value.trim_matches('"'))))).collect()
        },
    },
    Operator {
        name: "misspell a service in a reference",
        rules: &["unknown-reference"],
        proof: MUST_BE_THERE,
        apply: |base| references(base, |service, output| (misspelt(service), output.to_owned())),
    },
    Operator {
        name: "misspell an output in a reference",
        rules: &["unknown-reference"],
        proof: Proof::Test("earlier/read", "forms_of_the_shell_are_no_interpolation"),
        apply: |base| references(base, |service, output| (service.to_owned(), misspelt(output))),
    },
    Operator {
        name: "misspell a service in depends-on",
        rules: &["unknown-reference"],
        proof: MUST_BE_THERE,
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.key == "depends-on" || line.key == "depends_on") {
                for service in base.plans[0].services.keys() {
                    let to = misspelt(service);
                    made.extend(base.swap(line, &format!("\"{service}\""), &format!("\"{to}\"")));
                    made.extend(base.swap(line, &format!("{service} ="), &format!("{to} =")));
                }
            }
            made
        },
    },
    Operator {
        name: "misspell the service that is extended",
        rules: &["unknown-reference"],
        proof: MUST_BE_THERE,
        apply: |base| {
            let lines = base.entries().filter(|line| line.key == "extends");
            lines.map(|line| base.value(line, format!("\"{}\"", misspelt(line.value.trim_matches('"'))))).collect()
        },
    },
    Operator {
        name: "join a network that is not there",
        rules: &["unknown-reference"],
        proof: MUST_BE_THERE,
        apply: |base| {
            let services = base.services().filter(|(_, service)| {
                !base.says(&service.name, "networks") && !service.passthrough.contains_key("networks")
            });
            services.map(|(header, _)| base.below(header, "networks = [\"...\", \"bakc\"]")).collect()
        },
    },
    Operator {
        name: "name a secret or config that is not there",
        rules: &["unknown-reference"],
        proof: MUST_BE_THERE,
        apply: |base| {
            let services = base.services().filter(|(_, service)| !base.says(&service.name, "compose"));
            services.map(|(header, _)| base.below(header, "compose.configs = [\"setings\"]")).collect()
        },
    },
    Operator {
        name: "refer to a service of another environment",
        rules: &["unknown-reference"],
        proof: MUST_BE_THERE,
        apply: |base| {
            let dev_only = base.services().find(|(_, other)| !base.in_production(&other.name));
            let Some((_, other)) = dev_only else { return Vec::new() };
            let text = format!("ELSEWHERE = \"${{services.{}.host}}\"", other.name);
            let environments = base.lines.iter().filter(|line| line.is_header() && line.is_in("env"));
            environments.map(|line| base.below(line, &text)).collect()
        },
    },
    Operator {
        name: "let a service wait for itself",
        rules: &["dependency-cycle"],
        proof: Proof::Test("earlier/read", "services_that_wait_for_each_other_are_rejected"),
        apply: |base| {
            let services = base.services().filter(|(_, service)| !base.says(&service.name, "depends-on"));
            services
                .map(|(header, service)| base.below(header, format!("depends-on = [\"{}\"]", service.name)))
                .collect()
        },
    },
    Operator {
        name: "let two services wait for each other",
        rules: &["dependency-cycle"],
        proof: Proof::Test("earlier/read", "services_that_wait_for_each_other_are_rejected"),
        apply: |base| {
            let mut made = Vec::new();
            for plan in base.plans.iter().take(1) {
                for service in plan.services.values() {
                    for dependency in service.depends_on.keys() {
                        let header = base.services().find(|(_, other)| other.name == *dependency);
                        let Some((header, _)) = header.filter(|_| !base.says(dependency, "depends-on")) else {
                            continue;
                        };
                        let mutant = base.below(header, format!("depends-on = [\"{}\"]", service.name));
                        // Either end of the circle is as good.
                        let mutant = mutant.or_at_each(&format!("${{services.{dependency}."));
                        made.push(mutant.or_at_each(&format!("\"{dependency}\"")).or_at_each("depends_on"));
                    }
                }
            }
            made
        },
    },
    Operator {
        name: "put a service that others need behind a profile",
        rules: &["dependency-profile-gap"],
        proof: Proof::Test("earlier/read", "a_dependency_that_no_profile_starts_is_rejected_with_that_choice_alone"),
        apply: |base| {
            let needed = |name: &str| {
                let mut all = base.plans.iter().flat_map(|plan| plan.services.values());
                all.any(|service| service.profiles.is_empty() && service.depends_on.contains_key(name))
            };
            let services =
                base.services().filter(|(_, service)| needed(&service.name) && !base.says(&service.name, "profiles"));
            services
                .map(|(header, service)| {
                    let mutant = base.below(header, "profiles = [\"tools\"]");
                    // It is told where the other service says that it depends on this one.
                    let through =
                        base.entries().filter(|line| line.text.contains(&format!("services.{}.", service.name)));
                    let variables: Vec<&str> =
                        through.map(|line| line.key.split('.').next().unwrap_or_default()).collect();
                    let mutant =
                        variables.iter().fold(mutant, |mutant, name| mutant.or_at_each(&format!("${{{name}}}")));
                    mutant
                        .or_at_each(&format!("services.{}.", service.name))
                        .or_at_each(&format!("\"{}\"", service.name))
                        .or_at_each(&format!(" {} =", service.name))
                        .or_at_each("depends-on")
                        .or_at_each("depends_on")
                })
                .collect()
        },
    },
    Operator {
        name: "wait for the health of what has no probe",
        rules: &["healthy-without-healthcheck"],
        proof: Proof::Test("earlier/engine", "who_waits_for_health_without_a_probe_never_starts"),
        apply: |base| {
            let mut made = Vec::new();
            for (header, service) in base.services().filter(|(_, service)| {
                !base.says(&service.name, "depends-on") && !service.passthrough.contains_key("depends_on")
            }) {
                let others = base.services().filter(|(_, other)| {
                    // A Dockerfile by hand may bring a probe.
                    other.health.is_none()
                        && !base.says(&other.name, "dockerfile")
                        && other.name != service.name
                        && !other.depends_on.contains_key(&service.name)
                        && other.profiles.is_empty()
                        && !other.one_shot
                        && !other.passthrough.contains_key("healthcheck")
                        && other.extends.is_none()
                });
                made.extend(
                    others.map(|(_, other)| {
                        base.below(header, format!("depends-on = {{ {} = \"healthy\" }}", other.name))
                    }),
                );
            }
            made
        },
    },
    Operator {
        name: "write localhost instead of a reference",
        rules: &["localhost-reference", "local-domain-in-prod"],
        proof: Proof::Test("earlier/running", "localhost_is_the_container_itself"),
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.is_in("env")) {
                for service in base.plans.iter().flat_map(|plan| plan.services.values()) {
                    let Some(port) = service.port else { continue };
                    for (output, text) in [
                        ("url", format!("http://localhost:{port}")),
                        ("address", format!("localhost:{port}")),
                        ("authority", format!("app:${{DB_PASSWORD}}@localhost:{port}")),
                    ] {
                        made.extend(base.swap(line, &format!("${{services.{}.{output}}}", service.name), &text));
                    }
                    made.extend(base.swap(
                        line,
                        &format!("://{}:{port}", service.name),
                        &format!("://127.0.0.1:{port}"),
                    ));
                }
            }
            made
        },
    },
    Operator {
        name: "name a host that nobody has",
        rules: &["unreachable-reference"],
        proof: Proof::Test("earlier/running", "without_a_common_network_a_name_is_unknown"),
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.is_in("env")) {
                for service in base.plans.iter().flat_map(|plan| plan.services.values()) {
                    let Some(port) = service.port else { continue };
                    let host = misspelt(&service.name);
                    made.extend(base.swap(
                        line,
                        &format!("${{services.{}.url}}", service.name),
                        &format!("http://{host}:{port}"),
                    ));
                    made.extend(base.swap(line, &format!("://{}:{port}", service.name), &format!("://{host}:{port}")));
                }
            }
            made
        },
    },
];

/// Every reference to a service in turn, with another service or output.
fn references(base: &Base, change: impl Fn(&str, &str) -> (String, String)) -> Vec<Mutant> {
    let mut made = Vec::new();
    for line in base.entries() {
        for (start, _) in line.text.match_indices("${services.") {
            let inside = &line.text[start + 2..];
            let inside = &inside[..inside.find('}').unwrap_or(inside.len())];
            let parts: Vec<&str> = inside.splitn(3, '.').collect();
            let [_, service, output] = parts[..] else { continue };
            let (service, output) = change(service, output);
            made.extend(base.swap(line, inside, &format!("services.{service}.{output}")));
        }
    }
    made
}

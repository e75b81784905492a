//! Environments, networks, and what is passed through.

use super::Operator;
use crate::base::Base;
use crate::mutant::Mutant;
use crate::proof::Proof;

const PLAN: Proof = Proof::Test("earlier/engine", "subnets_and_addresses_are_given_once");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "give all environments one project",
        rules: &["environment-project-clash"],
        proof: Proof::Test("earlier/engine", "a_second_environment_of_one_project_replaces_the_first"),
        apply: |base| {
            base.entry("stack", "name").into_iter().map(|line| base.below(line, "project = \"all-of-it\"")).collect()
        },
    },
    Operator {
        name: "give two environments one subnet",
        rules: &["environment-project-clash"],
        proof: PLAN,
        apply: |base| {
            let plans: Vec<_> = base
                .entries()
                .filter(|line| line.table.starts_with("environments.") && line.value.contains("subnet"))
                .collect();
            let mut made = Vec::new();
            for line in &plans {
                let others = plans.iter().filter(|other| other.table != line.table && other.key == line.key);
                made.extend(others.map(|other| base.value(line, &other.value).or_at_each(&other.value)));
            }
            made
        },
    },
    Operator {
        name: "begin a subnet elsewhere than it says",
        rules: &["ip-plan"],
        proof: PLAN,
        apply: |base| subnets(base, |subnet| subnet.replacen(".0/", ".7/", 1)),
    },
    Operator {
        name: "give a subnet too many bits",
        rules: &["ip-plan"],
        proof: PLAN,
        apply: |base| subnets(base, |subnet| format!("{}/33", subnet.split('/').next().unwrap_or_default())),
    },
    Operator {
        name: "take a fixed address outside of the subnet",
        rules: &["ip-plan"],
        proof: PLAN,
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.value.contains("ipv4_address")) {
                for address in ["10.99.0.10", "10.90.1.10", "10.92.1.10", "192.168.0.7"] {
                    let old = line.value.split('"').nth(1).unwrap_or_default();
                    made.extend(base.swap(line, old, address));
                }
            }
            made
        },
    },
    Operator {
        name: "take the address of the network itself",
        rules: &["ip-plan"],
        proof: PLAN,
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.value.contains("ipv4_address")) {
                for last in [".0\"", ".1\"", ".255\""] {
                    made.extend(base.swap(line, ".10\"", last));
                }
            }
            made
        },
    },
    Operator {
        name: "misspell a key that is passed through",
        rules: &["unknown-key", "invalid-value"],
        proof: Proof::Test("earlier/read", "a_key_that_does_not_exist_is_rejected"),
        apply: |base| {
            let services = base.services().filter(|(_, service)| !base.says(&service.name, "compose"));
            services
                .flat_map(|(header, _)| {
                    ["compose.sysctl = { \"net.core.somaxconn\" = 1024 }", "compose.hostnme = \"app\""]
                        .map(|text| base.below(header, text))
                })
                .collect()
        },
    },
    Operator {
        name: "pass a value through that Compose does not take",
        rules: &["invalid-value", "healthcheck-form", "memory-cpu", "restart-policy"],
        proof: Proof::Test("earlier/engine", "times_and_policies_are_read_late"),
        apply: |base| {
            let mut made = Vec::new();
            for (from, to) in [
                ("interval = \"10s\"", "interval = \"10\""),
                ("interval = \"5s\"", "interval = \"5\""),
                ("timeout = \"3s\"", "timeout = \"3 s\""),
                ("stop_grace_period = \"30s\"", "stop_grace_period = \"30\""),
                ("restart = \"unless-stopped\"", "restart = \"unless-stoped\""),
                ("memory = \"256m\"", "memory = \"256x\""),
                ("test = [\"CMD\", \"curl\"", "test = [\"CDM\", \"curl\""),
            ] {
                made.extend(base.entries().filter_map(|line| base.swap(line, from, to)));
            }
            made
        },
    },
    Operator {
        name: "leave the image of a service empty",
        rules: &["nothing-to-run"],
        proof: Proof::Test("earlier/engine", "without_a_service_nothing_starts"),
        apply: |base| {
            let images = base.entries().filter(|line| line.key == "image");
            images.map(|line| base.value(line, "\"${APP_IMAGE:-}\"")).collect()
        },
    },
    Operator {
        name: "put every service behind a profile",
        rules: &["nothing-to-run"],
        proof: Proof::Test("earlier/engine", "without_a_service_nothing_starts"),
        apply: |base| {
            let is_taken = base.lines.iter().any(|line| line.table == "defaults");
            if is_taken {
                Vec::new()
            } else {
                vec![
                    base.end("\n[defaults]\nprofiles = [\"all\"]")
                        .at("profiles = [\"all\"]")
                        .or_at("environments = [")
                        .or_at("[stack]"),
                ]
            }
        },
    },
    Operator {
        name: "call an environment override",
        rules: &["name-collision"],
        proof: Proof::Test("earlier/read", "the_file_of_an_environment_called_override_is_read_with_the_first"),
        apply: |base| {
            let list = base.entry("stack", "environments").into_iter();
            list.filter_map(|line| base.swap(line, "]", ", \"override\"]")).collect()
        },
    },
    Operator {
        name: "send production to localhost",
        rules: &["local-domain-in-prod"],
        proof: Proof::Test("earlier/proxy", "a_route_for_localhost_answers_nobody_else"),
        apply: |base| {
            let mut made: Vec<Mutant> =
                base.entry("stack", "host").into_iter().map(|line| base.value(line, "\"localhost\"")).collect();
            let environments = base.lines.iter().filter(|line| line.is_header() && line.is_in("env"));
            let runs_there =
                |line: &&crate::base::Line| line.table.split('.').nth(1).is_some_and(|name| base.in_production(name));
            made.extend(
                environments.filter(runs_there).map(|line| base.below(line, "LINKS_TO = \"http://localhost:4321\"")),
            );
            made
        },
    },
];

fn subnets(base: &Base, change: impl Fn(&str) -> String) -> Vec<Mutant> {
    let lines = base.entries().filter(|line| line.value.contains("subnet"));
    lines
        .filter_map(|line| {
            let subnet = line.value.split('"').nth(1)?;
            base.swap(line, subnet, &change(subnet))
        })
        .collect()
}

//! Probes, commands, restarts, and how many run.

use super::Operator;
use crate::base::Base;
use crate::mutant::Mutant;
use crate::proof::Proof;

const LATE: Proof = Proof::Test("earlier/engine", "times_and_policies_are_read_late");
const WORDS: Proof = Proof::Test("earlier/running", "words_of_the_shell_start_no_second_program");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "write a health path without its slash",
        rules: &["health-path"],
        proof: Proof::Test("earlier/engine", "a_health_path_without_its_slash_is_a_program"),
        apply: |base| {
            let mut made: Vec<Mutant> = base
                .entries()
                .filter(|line| line.key == "health")
                .filter_map(|line| base.swap(line, "\"/h", "\"h"))
                .collect();
            made.extend(probing(base, "\"health\""));
            made.extend(probing(base, "\"http://127.0.0.1/health\""));
            made
        },
    },
    Operator {
        name: "probe with a program that the image lacks",
        rules: &["healthcheck-tool"],
        proof: Proof::Test("earlier/engine", "a_probe_needs_its_tool_in_the_image"),
        apply: |base| {
            let built = |name: &str| {
                base.service(name)
                    .is_some_and(|service| matches!(service.kind.as_deref(), Some("node" | "python" | "nextjs")))
            };
            let mut made = Vec::new();
            for (header, service) in base.services().filter(|(_, service)| built(&service.name)) {
                for (program, arguments) in [("curl", "--fail"), ("wget", "-q --spider")] {
                    let probe = format!("\"{program} {arguments} http://127.0.0.1:{}/\"", service.port.unwrap_or(8000));
                    match base.entry(&header.table, "health") {
                        Some(line) => made.push(base.value(line, probe)),
                        None => made.push(base.below(header, format!("health = {probe}"))),
                    }
                }
            }
            made
        },
    },
    Operator {
        name: "join two programs in a command",
        rules: &["command-form"],
        proof: WORDS,
        apply: |base| commands(base, "node migrate.js && node server.js"),
    },
    Operator {
        name: "redirect the output of a command",
        rules: &["command-form"],
        proof: WORDS,
        apply: |base| commands(base, "node server.js > /tmp/log"),
    },
    Operator {
        name: "set a variable in front of a command",
        rules: &["command-form"],
        proof: WORDS,
        apply: |base| commands(base, "PORT=1 node server.js"),
    },
    Operator {
        name: "leave a quote of a command open",
        rules: &["command-form"],
        proof: WORDS,
        apply: |base| commands(base, "node server.js --title 'open"),
    },
    Operator {
        name: "write a time without a unit",
        rules: &["invalid-value"],
        proof: LATE,
        apply: |base| adding(base, "stop-grace", "\"30\""),
    },
    Operator {
        name: "misspell a restart policy",
        rules: &["invalid-value", "restart-policy", "manifest-syntax"],
        proof: LATE,
        apply: |base| adding(base, "restart", "\"allways\""),
    },
    Operator {
        name: "restart with a number that always never takes",
        rules: &["invalid-value", "restart-policy", "manifest-syntax"],
        proof: LATE,
        apply: |base| adding(base, "restart", "\"always:3\""),
    },
    Operator {
        name: "run as a user that is none",
        rules: &["invalid-value", "manifest-syntax"],
        proof: LATE,
        apply: |base| {
            let built = base.services().filter(|(_, service)| {
                service.build.is_some()
                    && service.kind.is_some()
                    && !base.says(&service.name, "user")
                    && service.extends.is_none()
            });
            built.map(|(header, _)| base.below(header, "user = \"app user\"")).collect()
        },
    },
    Operator {
        name: "reserve more memory than there may be",
        rules: &["memory-cpu"],
        proof: Proof::Test(
            "earlier/engine",
            "the_engine_gives_no_less_than_6_megabytes_and_no_reservation_above_the_limit",
        ),
        apply: |base| {
            let is_limited = |name: &str| {
                let mut all = base.plans.iter().filter_map(|plan| plan.services.get(name));
                all.any(|service| service.limits.as_ref().is_some_and(|limits| limits.memory.is_some()))
            };
            let services = base.services().filter(|(_, service)| {
                is_limited(&service.name)
                    && !base
                        .text
                        .contains("[environments.prod.defaults]\nlimits = { memory = \"512m\", cpus = 0.5 }\nres")
                    && !service.passthrough.contains_key("deploy")
            });
            services
                .map(|(header, _)| base.below(header, "reservations = { memory = \"4g\" }").or_at_each("limits"))
                .collect()
        },
    },
    Operator {
        name: "leave too little memory",
        rules: &["memory-cpu"],
        proof: Proof::Test(
            "earlier/engine",
            "the_engine_gives_no_less_than_6_megabytes_and_no_reservation_above_the_limit",
        ),
        apply: |base| adding(base, "limits", "{ memory = \"4m\" }"),
    },
    Operator {
        name: "write memory with a unit that is none",
        rules: &["invalid-value", "memory-cpu"],
        proof: Proof::Test(
            "earlier/engine",
            "the_engine_gives_no_less_than_6_megabytes_and_no_reservation_above_the_limit",
        ),
        apply: |base| adding(base, "limits", "{ memory = \"512 megs\" }"),
    },
    Operator {
        name: "run a data store or a scheduler twice",
        rules: &["runs-twice", "shared-datastore-volume"],
        proof: Proof::Test("earlier/running", "two_data_stores_on_one_volume_write_over_each_other"),
        apply: |base| {
            let once = base.services().filter(|(_, service)| {
                (service.single || service.data.is_some())
                    && service.ports.is_empty()
                    && service.container_name.is_none()
            });
            once.map(|(header, _)| base.below(header, "replicas = 2")).collect()
        },
    },
    Operator {
        name: "mount the source of what reads it once",
        rules: &["reload-without-restart"],
        proof: Proof::Test("earlier/running", "a_program_that_reads_its_source_once_does_not_notice_a_change"),
        apply: |base| {
            let mut made = Vec::new();
            for (header, service) in base
                .services()
                .filter(|(_, service)| service.kind.as_deref() == Some("node") && !base.says(&service.name, "command"))
            {
                let overlay = format!(
                    "\n[environments.dev.services.{}]\ncommand = \"node src/server.js\"\nreload = \"mount\"",
                    service.name
                );
                if !base.text.contains(&format!("environments.dev.services.{}]", service.name)) && header.is_header() {
                    made.push(base.end(&overlay).at_last("reload = \"mount\""));
                }
            }
            made
        },
    },
];

/// Services without a probe of their own, with one.
fn probing(base: &Base, probe: &str) -> Vec<Mutant> {
    let silent = base.services().filter(|(_, service)| {
        service.port.is_some()
            && !base.says(&service.name, "health")
            && !service.passthrough.contains_key("healthcheck")
    });
    silent.map(|(header, _)| base.below(header, format!("health = {probe}"))).collect()
}

/// Every service in turn with this command.
fn commands(base: &Base, command: &str) -> Vec<Mutant> {
    let mut made = Vec::new();
    for (header, service) in base.services().filter(|(_, service)| service.proxy.is_none() && service.extends.is_none())
    {
        match base.entry(&header.table, "command") {
            Some(line) => made.push(base.value(line, format!("\"{command}\""))),
            None => made.push(base.below(header, format!("command = \"{command}\""))),
        }
        let before = base.entry(&header.table, "before-start").filter(|_| service.build.is_some());
        made.extend(before.map(|line| base.value(line, format!("[\"{command}\"]"))));
    }
    made
}

/// Every service in turn with a key that it does not say yet.
pub(super) fn adding(base: &Base, key: &str, value: &str) -> Vec<Mutant> {
    let passed = if key == "restart" {
        "restart"
    } else if key == "stop-grace" {
        "stop_grace_period"
    } else {
        "deploy"
    };
    let services = base
        .services()
        .filter(|(_, service)| !base.says(&service.name, key) && !service.passthrough.contains_key(passed));
    services
        .filter(|(_, service)| !(key == "restart" && service.one_shot))
        .map(|(header, _)| base.below(header, format!("{key} = {value}")))
        .collect()
}

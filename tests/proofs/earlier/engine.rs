//! What `docker compose config` takes, and `docker compose up` or `build` does not.

use std::process;

use crate::attempt::Attempt;
use crate::support::compose::has_engine;

/// The rules whose mistakes are made here.
pub(super) const PROVED: &[&str] = &[
    "build-inputs",
    "container-name",
    "environment-project-clash",
    "health-path",
    "healthcheck-tool",
    "healthy-without-healthcheck",
    "host-port-conflict",
    "image-reference",
    "invalid-service-name",
    "invalid-value",
    "ip-plan",
    "memory-cpu",
    "mount-target",
    "nothing-to-run",
    "replicas-fixed-port",
];

/// A service of which a container runs and does nothing, as the beginning of a mapping in one line.
const IDLE: &str = "image: debian:bookworm-slim, init: true, command: sleep 60";

/// Compose takes the file, and `up` ends with one of these.
fn fails_at_up(compose: &str, complaints: &[&str]) {
    let attempt = Attempt::new(compose);
    attempt.config().unwrap_or_else(|said| panic!("Compose does not even read {compose}: {said}"));
    let (works, said) = attempt.up(20);
    assert!(!works, "it runs:\n{compose}");
    assert!(complaints.iter().any(|complaint| said.contains(complaint)), "{compose}\n{said}");
}

/// What is right beside a mistake runs.
fn runs(compose: &str) {
    let (works, said) = Attempt::new(compose).up(30);
    assert!(works, "{compose}\n{said}");
}

/// A host port that nobody else of these tests takes.
fn free_port() -> u16 {
    let held = std::net::TcpListener::bind("0.0.0.0:0").expect("a free port");
    held.local_addr().expect("a port").port()
}

#[test]
fn a_build_lacks_what_is_not_there() {
    if !has_engine() {
        return;
    }
    let compose = "services:\n  web: { build: wbe }\n";
    let (works, said) = Attempt::new(compose).run(&["build"]);
    assert!(!works && said.contains("not found"), "{said}");
    let dockerfile = "FROM debian:bookworm-slim\nCOPY package-lock.json /\n";
    let (works, said) = Attempt::new(compose).with("wbe/Dockerfile", dockerfile).run(&["build"]);
    assert!(!works && said.contains("\"/package-lock.json\": not found"), "{said}");
    let attempt = Attempt::new(compose).with("wbe/Dockerfile", dockerfile).with("wbe/package-lock.json", "{}\n");
    let (works, said) = attempt.run(&["build"]);
    assert!(works, "{said}");
}

#[test]
fn a_container_name_belongs_to_one_container() {
    if !has_engine() {
        return;
    }
    let name = format!("stackgen-proof-name-{}", process::id());
    let twice = format!(
        "services:\n  one: {{ {IDLE}, container_name: {name} }}\n  two: {{ {IDLE}, container_name: {name} }}\n"
    );
    let said = Attempt::new(&twice).config().expect_err("Compose takes one name twice");
    assert!(said.contains("already in use by service"), "{said}");
    let several = format!("services:\n  one: {{ {IDLE}, container_name: {name}, deploy: {{ replicas: 2 }} }}\n");
    let said = Attempt::new(&several).config().expect_err("Compose takes one name for two containers");
    assert!(said.contains("container name must be unique"), "{said}");
    for wrong in ["my app!", "-web"] {
        fails_at_up(
            &format!("services:\n  one: {{ {IDLE}, container_name: \"{wrong}\" }}\n"),
            &["Invalid container name"],
        );
    }
    let others = "${COMPOSE_PROJECT_NAME}-two-1";
    // One after the other, so that nothing is still being made when the attempt is taken down.
    let compose = format!(
        "services:\n  one: {{ {IDLE}, container_name: \"{others}\" }}\n  two: {{ {IDLE}, depends_on: [one] }}\n"
    );
    fails_at_up(&compose, &["is already in use by container"]);
}

#[test]
fn a_second_environment_of_one_project_replaces_the_first() {
    if !has_engine() {
        return;
    }
    let dev = format!("services:\n  dev: {{ {IDLE} }}\n");
    let attempt = Attempt::new(&dev).with("prod.yml", &dev.replace("dev:", "prod:"));
    let (works, said) = attempt.up(20);
    assert!(works, "{said}");
    let (works, said) = attempt.run(&["--file", "prod.yml", "up", "--wait", "--remove-orphans"]);
    assert!(works, "{said}");
    let running = attempt.run(&["--file", "prod.yml", "ps", "--services"]).1;
    assert_eq!(running.trim(), "prod", "the container of dev is gone");
    // Down sees the services of the first file.
    attempt.run(&["--file", "prod.yml", "down", "--timeout", "1"]);
}

#[test]
fn a_health_path_without_its_slash_is_a_program() {
    if !has_engine() {
        return;
    }
    unhealthy_for_lack_of("health");
}

#[test]
fn a_probe_needs_its_tool_in_the_image() {
    if !has_engine() {
        return;
    }
    unhealthy_for_lack_of("curl");
}

/// A probe with this program, in an image that does not have it.
fn unhealthy_for_lack_of(program: &str) {
    let probe = format!("healthcheck: {{ test: [CMD, {program}], interval: 1s, retries: 1 }}");
    let attempt = Attempt::new(&format!("services:\n  web: {{ {IDLE}, {probe} }}\n"));
    let (works, said) = attempt.up(20);
    assert!(!works && said.contains("is unhealthy"), "{said}");
    let health = attempt.containers()[0]["State"]["Health"]["Log"].to_string();
    assert!(health.contains("executable file not found in $PATH"), "{health}");
}

#[test]
fn who_waits_for_health_without_a_probe_never_starts() {
    if !has_engine() {
        return;
    }
    let waits = |probe: &str| {
        format!(
            "services:\n  api: {{ {IDLE}{probe} }}\n  web: {{ {IDLE}, depends_on: {{ api: {{ condition: service_healthy }} }} }}\n"
        )
    };
    fails_at_up(&waits(""), &["has no healthcheck configured"]);
    fails_at_up(&waits(", healthcheck: { disable: true }"), &["has no healthcheck configured"]);
    runs(&waits(", healthcheck: { test: [CMD, \"true\"], interval: 1s }"));
}

#[test]
fn a_port_of_the_host_is_given_once() {
    if !has_engine() {
        return;
    }
    let ports = |first: &str, second: &str| {
        let port = free_port();
        let entry = |text: &str| text.replace("PORT", &port.to_string());
        format!(
            "services:\n  one: {{ {IDLE}, ports: [\"{}\"] }}\n  two: {{ {IDLE}, ports: [\"{}\"] }}\n",
            entry(first),
            entry(second)
        )
    };
    let taken = &["port is already allocated", "address already in use"];
    fails_at_up(&ports("127.0.0.1:PORT:80", "127.0.0.1:PORT:81"), taken);
    fails_at_up(&ports("PORT:80", "127.0.0.1:PORT:81"), taken);
    runs(&ports("127.0.0.1:PORT:80", "127.0.0.2:PORT:80"));
    runs(&ports("127.0.0.1:PORT:80", "127.0.0.1:PORT:80/udp"));
}

#[test]
fn an_image_has_a_name_in_small_letters_and_a_tag_behind_its_colon() {
    if !has_engine() {
        return;
    }
    for image in ["Debian:bookworm-slim", "debian:", "https://debian:1", "debian:a b"] {
        let complaints = &["invalid reference format", "must be lowercase"];
        fails_at_up(&format!("services:\n  web: {{ image: \"{image}\" }}\n"), complaints);
    }
}

#[test]
fn names_stand_in_names_of_others() {
    if !has_engine() {
        return;
    }
    let attempt = Attempt::new("services:\n  MyApp: { build: . }\n").with("Dockerfile", "FROM debian:bookworm-slim\n");
    let (works, said) = attempt.run(&["build"]);
    assert!(!works && said.contains("must be lowercase"), "{said}");
    let drive = format!("services:\n  web: {{ {IDLE}, volumes: [\"d:/data\"] }}\nvolumes:\n  d:\n");
    fails_at_up(&drive, &["mount path must be absolute"]);
    let read = Attempt::new("name: My_App\nservices:\n  web: { image: web:1 }\n").run(&["config"]).1;
    assert!(!read.contains("name: My_App"), "{read}");
}

#[test]
fn times_and_policies_are_read_late() {
    if !has_engine() {
        return;
    }
    let said = Attempt::new(&format!("services:\n  web: {{ {IDLE}, stop_grace_period: \"10\" }}\n"))
        .config()
        .expect_err("Compose takes a time without a unit");
    assert!(said.contains("missing unit in duration"), "{said}");
    for policy in ["sometimes", "always:3"] {
        fails_at_up(&format!("services:\n  web: {{ {IDLE}, restart: \"{policy}\" }}\n"), &["restart policy"]);
    }
    fails_at_up(&format!("services:\n  web: {{ {IDLE}, cpus: -1 }}\n"), &["CPUs", "cpus"]);
    fails_at_up(&format!("services:\n  web: {{ {IDLE}, user: nobody-at-all }}\n"), &["unable to find user"]);
}

#[test]
fn subnets_and_addresses_are_given_once() {
    if !has_engine() {
        return;
    }
    let number = process::id() % 250;
    let plan = |one: &str, two: &str, service: &str| {
        let ipam = |subnet: &str| {
            let subnet = subnet.replace('N', &number.to_string());
            format!("{{ ipam: {{ config: [{{ subnet: {subnet} }}] }} }}")
        };
        let service = service.replace('N', &number.to_string());
        format!(
            "services:\n  web: {{ {IDLE}, networks: {{ one: {{ {service} }}, two: {{}} }} }}\nnetworks:\n  one: {}\n  two: {}\n",
            ipam(one),
            ipam(two)
        )
    };
    fails_at_up(&plan("10.N.0.0/16", "10.N.4.0/24", ""), &["Pool overlaps"]);
    fails_at_up(&plan("10.N.0.0/33", "10.N.4.0/24", ""), &["invalid CIDR", "invalid subnet"]);
    let outside = plan("10.N.8.0/24", "10.N.9.0/24", "ipv4_address: 10.N.10.7");
    fails_at_up(&outside, &["no configured subnet or ip-range contain the IP address"]);
    let gateway = plan("10.N.8.0/24", "10.N.9.0/24", "ipv4_address: 10.N.8.1");
    fails_at_up(&gateway, &["Address already in use"]);
    runs(&plan("10.N.8.0/24", "10.N.9.0/24", "ipv4_address: 10.N.8.7"));
}

#[test]
fn the_engine_gives_no_less_than_6_megabytes_and_no_reservation_above_the_limit() {
    if !has_engine() {
        return;
    }
    let with =
        |resources: &str| format!("services:\n  web: {{ {IDLE}, deploy: {{ resources: {{ {resources} }} }} }}\n");
    let said = Attempt::new(&with("limits: { memory: 512 megs }")).config().expect_err("Compose takes any unit");
    assert!(said.contains("invalid suffix"), "{said}");
    fails_at_up(&with("limits: { memory: 5m }"), &["Minimum memory limit allowed is 6MB"]);
    let more = with("limits: { memory: 64m }, reservations: { memory: 128m }");
    fails_at_up(&more, &["can not be less than memory reservation"]);
    runs(&with("limits: { memory: 64m }, reservations: { memory: 32m }"));
}

#[test]
fn a_mount_has_an_absolute_target() {
    if !has_engine() {
        return;
    }
    let with = |target: &str| {
        let mount = format!("{{ type: volume, source: data, target: {target} }}");
        format!("services:\n  web: {{ {IDLE}, volumes: [{mount}] }}\nvolumes:\n  data:\n")
    };
    fails_at_up(&with("var/data"), &["mount path must be absolute"]);
    fails_at_up(&with("/"), &["destination can't be '/'"]);
    runs(&with("/var/data"));
    let short = format!("services:\n  web: {{ {IDLE}, volumes: [\"data:var/data\"] }}\nvolumes:\n  data:\n");
    fails_at_up(&short, &["mount path must be absolute"]);
}

#[test]
fn without_a_service_nothing_starts() {
    if !has_engine() {
        return;
    }
    for compose in [format!("services:\n  web: {{ {IDLE}, profiles: [tools] }}\n"), "services: {}\n".to_owned()] {
        let (works, said) = Attempt::new(&compose).up(5);
        assert!(!works && (said.contains("no service selected") || said.contains("empty compose file")), "{said}");
    }
    let empty = "services:\n  web: { image: \"${WEB_IMAGE:-}\" }\n";
    let said = Attempt::new(empty).config().expect_err("Compose takes an empty image");
    assert!(said.contains("has neither an image nor a build context"), "{said}");
}

#[test]
fn containers_of_one_service_want_a_host_port_each() {
    if !has_engine() {
        return;
    }
    let port = free_port();
    let compose =
        format!("services:\n  web: {{ {IDLE}, ports: [\"127.0.0.1:{port}:80\"], deploy: {{ replicas: 2 }} }}\n");
    fails_at_up(&compose, &["port is already allocated", "address already in use"]);
}

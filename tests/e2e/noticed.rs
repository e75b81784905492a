//! What the looks at the examples would notice: each is shown something that is wrong.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::confined;
use crate::images::{is_cached, look};
use crate::support::compose::{Stack, docker, has_engine, warnings_in};
use crate::support::order::{pairs, started_since};
use crate::support::{everything_said, has_tools, succeed};

#[test]
fn a_warning_of_the_build_is_noticed() {
    if !has_engine() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("Dockerfile"), "FROM scratch as base\nLABEL a=b\n").expect("a writable folder");
    let output =
        succeed(docker().args(["build", "--progress", "plain", "--output", "type=cacheonly"]).arg(folder.path()));
    let said = everything_said(&output);
    assert!(warnings_in(&said).iter().any(|line| line.contains("FromAsCasing")), "{said}");
}

/// Each stage leaves it somewhere else.
const LEAKS: &str = "\
FROM debian:bookworm-slim AS deleted
COPY secret.txt /app/
RUN rm /app/secret.txt
FROM debian:bookworm-slim AS argument
ARG TOKEN
RUN true $TOKEN
FROM debian:bookworm-slim AS variable
ENV TOKEN=hidden-from-nobody
FROM debian:bookworm-slim AS clean
RUN touch /app.txt
";

#[test]
fn a_secret_is_noticed_in_a_layer_that_another_one_covers_in_an_argument_and_in_a_variable() {
    if !has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("Dockerfile"), LEAKS).expect("a writable folder");
    fs::write(folder.path().join("secret.txt"), "hidden-from-nobody\n").expect("a writable folder");
    let stages = ["deleted", "argument", "variable", "clean"];
    let names = stages.map(|stage| format!("stackgen-e2e-{}-{stage}", process::id()));
    for (stage, name) in stages.iter().zip(&names) {
        let build = ["build", "--quiet", "--build-arg", "TOKEN=hidden-from-nobody", "--target", stage, "--tag", name];
        succeed(docker().args(build).arg(folder.path()));
    }
    let names = names.each_ref().map(String::as_str);
    // Together they would be told of each other.
    let bases = BTreeSet::from(["debian:bookworm-slim".to_owned()]);
    let found = names.map(|name| look(&[name], &bases, &["hidden-from-nobody"]).remove(0));
    succeed(docker().args(["image", "rm", "--force"]).args(names));
    let found = found.each_ref().map(|image| image.secrets(&["hidden-from-nobody"]));
    assert_eq!(found, [vec!["app/secret.txt"], vec![TOLD], vec![TOLD], vec![]]);
}

const TOLD: &str = "its history or configuration";

/// A container as most people write it, and one that is confined but for one thing.
const UNCONFINED: [&str; 3] = [
    "",
    "user: \"999:1000\"",
    "user: \"999:1000\", cap_drop: [ALL], security_opt: [\"no-new-privileges:true\"], cap_add: [CHOWN]",
];

#[test]
fn a_container_that_may_do_more_than_it_has_to_is_noticed() {
    if !has_engine() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let env_file = folder.path().join(".env");
    let confined = UNCONFINED[2].replace(", cap_add: [CHOWN]", "");
    let services: Vec<&str> = UNCONFINED.into_iter().chain([confined.as_str()]).collect();
    let line = |(number, keys): (usize, &&str)| format!("  s{number}: {{image: \"redis:7-alpine\", {keys}}}\n");
    let text = services.iter().enumerate().map(line).collect::<String>();
    fs::write(folder.path().join("docker-compose.yml"), format!("services:\n{text}")).expect("a writable folder");
    let project = format!("stackgen-e2e-{}-unconfined", process::id());
    fs::write(&env_file, format!("COMPOSE_PROJECT_NAME={project}\n")).expect("a writable folder");
    let stack = Stack::new(folder.path(), &env_file, &project);
    stack.run(&["up", "--detach"]);
    for number in 0..services.len() {
        let names: Vec<String> =
            (0..services.len()).filter(|other| *other != number).map(|n| format!("s{n}")).collect();
        let others: Vec<&str> = names.iter().map(String::as_str).collect();
        let passes = catch_unwind(AssertUnwindSafe(|| confined::is_all_of(&stack, false, &others))).is_ok();
        assert_eq!(passes, number == 3, "{}", services[number]);
    }
    let passes = catch_unwind(AssertUnwindSafe(|| confined::is_all_of(&stack, true, &["s0", "s1", "s2"]))).is_ok();
    assert!(!passes, "production keeps its whole log");
}

#[test]
fn who_starts_before_the_other_is_healthy_is_noticed() {
    let event = |action: &str, service: &str, time: u64| -> Value {
        let attributes = json!({ "com.docker.compose.service": service, "com.docker.compose.oneoff": "False" });
        json!({ "Action": action, "Actor": { "Attributes": attributes }, "timeNano": time })
    };
    let waits = json!({ "redis": { "condition": "service_healthy" } });
    let config = json!({ "services": { "web": { "depends_on": waits }, "redis": {} } });
    let events = |healthy: u64| {
        [event("start", "redis", 1), event("start", "web", 5), event("health_status: healthy", "redis", healthy)]
    };
    let started = |services: &[&str]| services.iter().map(|service| (*service).to_owned()).collect::<BTreeSet<_>>();
    let both = started(&["redis", "web"]);
    assert_eq!(pairs(&config, &events(4), &both), Ok(1));
    let early = pairs(&config, &events(6), &both).expect_err("too early");
    assert!(early.contains("web started 1ns before redis"), "{early}");
    assert!(pairs(&config, &events(4)[..2], &both).is_err(), "it never was healthy");
    assert!(pairs(&config, &[], &both).is_err(), "nothing is told");
    assert!(pairs(&config, &events(4)[1..], &both).is_err(), "nothing is told of one that started");
    assert_eq!(pairs(&config, &events(4)[1..], &started(&["web"])), Ok(0), "it was there already");
}

#[test]
fn who_started_since_then_is_known_from_the_containers() {
    let container = |service: &str, at: &str| -> Value {
        let labels = json!({ "com.docker.compose.service": service });
        json!({ "Config": { "Labels": labels }, "State": { "StartedAt": at } })
    };
    let containers = [
        container("never", "0001-01-01T00:00:00Z"),
        container("before", "2024-02-29T12:30:15.24999Z"),
        container("since", "2024-02-29T12:30:15.250000001Z"),
        container("later", "2024-03-01T00:00:00Z"),
    ];
    let since = SystemTime::UNIX_EPOCH + Duration::from_millis(1_709_209_815_250);
    let started = started_since(&containers, since);
    assert_eq!(started.into_iter().collect::<Vec<_>>(), ["later", "since"]);
}

#[test]
#[should_panic(expected = "web installs again")]
fn packages_that_are_installed_again_are_noticed() {
    let said = "#7 [dependencies 1/1] RUN npm ci\n#8 [build 1/2] COPY . .\n#7 DONE 9.0s\n#8 DONE 0.1s\n";
    is_cached("web", &said.replace("#7 DONE 9.0s", "#7 CACHED"), false);
    is_cached("web", said, false);
}

//! Ports, networks, storage and the life of a container.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::attempt::Attempt;
use crate::support::compose::{has_compose, has_engine};

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[
    "bind-source-missing",
    "host-network-port-conflict",
    "mount-option-typo",
    "mount-target",
    "network-mode-conflict",
    "ports-ignored",
    "shared-netns-port-conflict",
];

/// An image that is small, listens and stays.
const IMAGE: &str = "redis:7-alpine";

/// A compose file of services, each with the image and further keys.
fn file(services: &[(&str, &str)], rest: &str) -> String {
    let services: String =
        services.iter().map(|(name, keys)| format!("  {name}: {{image: \"{IMAGE}\", {keys}}}\n")).collect();
    format!("services:\n{services}{rest}\n")
}

/// That `up` fails, and says so.
#[track_caller]
fn fails(attempt: &Attempt, word: &str) {
    let (works, said) = attempt.up(20);
    assert!(!works && said.contains(word), "{word:?} in: {said}");
}

/// That Compose refuses the file, and says so.
#[track_caller]
fn is_refused(attempt: &Attempt, word: &str) {
    let said = attempt.config().expect_err("refused");
    assert!(said.contains(word), "{word:?} in: {said}");
}

/// That it starts.
#[track_caller]
fn starts(attempt: &Attempt) {
    let (works, said) = attempt.run(&["up", "--detach"]);
    assert!(works, "{said}");
}

/// What `docker inspect` says of the only container of a service.
fn container(attempt: &Attempt, service: &str) -> Value {
    let is_it = |found: &&Value| found["Config"]["Labels"]["com.docker.compose.service"] == service;
    attempt.containers().iter().find(is_it).cloned().unwrap_or_else(|| panic!("a container of {service}"))
}

/// That a container of a service has ended after a while, with this word in its log.
#[track_caller]
fn ends(attempt: &Attempt, service: &str, word: &str) {
    let has_ended = || {
        attempt.containers().iter().any(|found| {
            found["Config"]["Labels"]["com.docker.compose.service"] == service && found["State"]["Running"] == false
        })
    };
    let start = Instant::now();
    while !has_ended() {
        assert!(start.elapsed() < Duration::from_secs(20), "{service} still runs");
        thread::sleep(Duration::from_millis(200));
    }
    let (_, log) = attempt.run(&["logs", service]);
    assert!(log.contains(word), "{word:?} in: {log}");
}

#[test]
fn mounts_that_the_engine_refuses() {
    if !has_engine() {
        return;
    }
    let absolute = "mount path must be absolute";
    fails(&Attempt::new(&file(&[("a", "volumes: [\"data:data\"]")], "volumes: {data: }")), absolute);
    // A letter is a drive, and no volume; in the long syntax it is one.
    fails(&Attempt::new(&file(&[("a", "volumes: [\"x:/data\"]")], "volumes: {x: }")), "'x:/data' mount path");
    let long = "volumes: [{type: volume, source: x, target: /more}]";
    starts(&Attempt::new(&file(&[("a", long)], "volumes: {x: }")));
    fails(&Attempt::new(&file(&[("a", "volumes: [\"data:/\"]")], "volumes: {data: }")), "can't be '/'");
    is_refused(&Attempt::new(&file(&[("a", "volumes: [\"data:/d:ro:rw\"]")], "volumes: {data: }")), "too many colons");
    is_refused(&Attempt::new(&file(&[("a", "volumes: [\"data:/d:\"]")], "volumes: {data: }")), "empty section");
}

#[test]
fn two_mounts_at_one_place() {
    if !has_compose() {
        return;
    }
    let both = "volumes: {one: , two: }";
    let found = Attempt::new(&file(&[("a", "volumes: [\"one:/d\", \"two:/d/\"]")], both)).config().expect("a file");
    let mounts = found["services"]["a"]["volumes"].as_array().expect("mounts");
    assert_eq!(mounts.len(), 1, "one is lost: {mounts:?}");
    assert_eq!(mounts[0]["source"], "two", "it is the last that stays");
    let long = "volumes: [{type: volume, source: one, target: /d}, {type: volume, source: two, target: /d/}]";
    is_refused(&Attempt::new(&file(&[("a", long)], both)), "already mounted");
    let memory = "volumes: [\"one:/d\"], tmpfs: [\"/d\"]";
    is_refused(&Attempt::new(&file(&[("a", memory)], "volumes: {one: }")), "already mounted");
}

#[test]
fn options_of_mounts_that_do_nothing() {
    if !has_engine() {
        return;
    }
    let found = Attempt::new(&file(&[("a", "volumes: [\"data:/d:r0\"]")], "volumes: {data: }")).config();
    let found = found.expect("nobody complains");
    assert!(found["services"]["a"]["volumes"][0].get("read_only").is_none(), "it is writable: {found}");
    let twice = Attempt::new(&file(&[("a", "volumes: [\"data:/d:ro,rw\"]")], "volumes: {data: }")).config();
    let twice = twice.expect("nobody complains");
    assert!(twice["services"]["a"]["volumes"][0].get("read_only").is_none(), "the last one counts: {twice}");
    let of_binds = Attempt::new(&file(&[("a", "volumes: [\"data:/d:z\"]")], "volumes: {data: }"));
    let (works, said) = of_binds.run(&["up", "--detach"]);
    assert!(works && said.contains("should not define `bind` option"), "{said}");
    let nocopy = Attempt::new(&file(&[("a", "volumes: [\"./x:/d:nocopy\"]")], ""));
    fails(&nocopy, "VolumeOptions must not be specified");
}

#[test]
fn sources_that_are_not_there_or_are_files() {
    if !has_engine() {
        return;
    }
    let made = Attempt::new(&file(&[("a", "volumes: [\"./made.conf:/etc/made.conf\"]")], ""));
    starts(&made);
    assert!(made.folder().join("made.conf").is_dir(), "a directory in the place of a file");
    let long = "volumes: [{type: bind, source: ./nope, target: /d, bind: {create_host_path: false}}]";
    fails(&Attempt::new(&file(&[("a", long)], "")), "bind source path does not exist");
    let other = "volumes: [{type: bind, source: ./nope, target: /d, bind: {selinux: z}}]";
    fails(&Attempt::new(&file(&[("a", other)], "")), "bind source path does not exist");
    let plain = "volumes: [{type: bind, source: ./nope, target: /d}]";
    starts(&Attempt::new(&file(&[("a", plain)], "")));
    let onto = Attempt::new(&file(&[("a", "volumes: [\"./one.conf:/usr/local/\"]")], "")).with("one.conf", "a\n");
    fails(&onto, "not a directory");
}

#[test]
fn what_cannot_stand_beside_a_network_mode() {
    if !has_engine() {
        return;
    }
    let networks = "network_mode: host, networks: [front]";
    is_refused(&Attempt::new(&file(&[("a", networks)], "networks: {front: }")), "mutually exclusive");
    for (keys, said) in [
        ("ports: [\"127.0.0.1::6379\"]", "port publishing and the container type network mode"),
        ("expose: [\"80\"]", "port exposing and the container type network mode"),
        ("hostname: b", "hostname and the network mode"),
        ("extra_hosts: [\"x:10.0.0.1\"]", "custom host-to-IP mapping and the network mode"),
        ("dns: [\"9.9.9.9\"]", "dns and the network mode"),
    ] {
        let joined = format!("network_mode: \"service:a\", {keys}");
        fails(&Attempt::new(&file(&[("a", "init: true"), ("b", &joined)], "")), said);
    }
    let links = "network_mode: \"service:a\", links: [a]";
    fails(&Attempt::new(&file(&[("a", "init: true"), ("b", links)], "")), "can't be used with links");
    let on_host = "network_mode: host, links: [a]";
    fails(&Attempt::new(&file(&[("a", "init: true"), ("b", on_host)], "")), "can't be used with links");
    fails(
        &Attempt::new(&file(&[("a", "network_mode: stackgen-proof-hots")], "")),
        "network stackgen-proof-hots not found",
    );
}

#[test]
fn listeners_in_one_network() {
    if !has_engine() {
        return;
    }
    let own = "command: [redis-server, --port, \"39921\"], network_mode: host";
    let two = Attempt::new(&file(&[("a", own), ("b", &format!("{own}, depends_on: [a]"))], ""));
    starts(&two);
    ends(&two, "b", "Address already in use");
    let published = "ports: [\"39921:6379\"], depends_on: [a]";
    fails(
        &Attempt::new(&file(
            &[("a", own.replace("39921", "39922").as_str()), ("b", &published.replace("39921", "39922"))],
            "",
        )),
        "address already in use",
    );
    let sidecar = Attempt::new(&file(&[("a", "init: true"), ("b", "network_mode: \"service:a\"")], ""));
    starts(&sidecar);
    ends(&sidecar, "b", "Address already in use");
}

#[test]
fn ports_that_nobody_publishes() {
    if !has_engine() {
        return;
    }
    let inside = Attempt::new(&file(
        &[("a", "networks: [back], ports: [\"39923:6379\"]")],
        "networks: {back: {internal: true}}",
    ));
    starts(&inside);
    assert!(host_ports(&container(&inside, "a")).is_empty(), "nothing is published");
    let both = "networks: [back, front], ports: [\"39924:6379\"]";
    let both = Attempt::new(&file(&[("a", both)], "networks: {back: {internal: true}, front: }"));
    starts(&both);
    assert!(!host_ports(&container(&both, "a")).is_empty(), "with another network it is");
    let host = "network_mode: host, command: [redis-server, --port, \"39925\"], ports: [\"39926:39925\"]";
    let host = Attempt::new(&file(&[("a", host)], ""));
    let (works, said) = host.run(&["up", "--detach"]);
    assert!(works && said.contains("Published ports are discarded"), "{said}");
    let none = Attempt::new(&file(&[("a", "network_mode: none, ports: [\"39927:6379\"]")], ""));
    starts(&none);
    assert!(host_ports(&container(&none, "a")).is_empty(), "nothing is published");
}

/// The ports of the host that lead to a container.
fn host_ports(container: &Value) -> Vec<String> {
    let ports = container["NetworkSettings"]["Ports"].as_object().into_iter().flatten();
    let bindings = ports.flat_map(|(_, bindings)| bindings.as_array().cloned().unwrap_or_default());
    bindings.filter_map(|binding| Some(binding["HostPort"].as_str()?.to_owned())).collect()
}

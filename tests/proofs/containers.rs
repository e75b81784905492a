//! Ports, networks, storage and the life of a container.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::attempt::Attempt;
use crate::support::compose::{has_compose, has_engine, service_of};

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[
    "bind-source-missing",
    "docker-socket",
    "ephemeral-host-port",
    "external-resource",
    "healthcheck-form",
    "host-network-port-conflict",
    "host-port-conflict",
    "ip-plan",
    "memory-cpu",
    "mount-option-typo",
    "mount-target",
    "network-mode-conflict",
    "port-invalid",
    "port-no-listener",
    "ports-ignored",
    "postgres18-data-path",
    "replicas-fixed-port",
    "restart-policy",
    "runtime-exceeds-limit",
    "shared-datastore-volume",
    "shared-netns-port-conflict",
    "swarm-only",
];

/// An image that is small, listens and stays.
const IMAGE: &str = "redis:7-alpine";

/// A compose file of services, each with the image and further keys.
fn file(services: &[(&str, &str)], rest: &str) -> String {
    let services = services.iter().map(|(name, keys)| format!("  {name}: {{image: \"{IMAGE}\", {keys}}}\n"));
    format!("services:\n{}{rest}\n", services.collect::<Vec<_>>().concat())
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
    let is_it = |found: &&Value| service_of(found) == service;
    attempt.containers().iter().find(is_it).cloned().unwrap_or_else(|| panic!("a container of {service}"))
}

/// That a container of a service has ended after a while, with this word in its log.
#[track_caller]
fn ends(attempt: &Attempt, service: &str, word: &str) {
    let has_ended =
        || attempt.containers().iter().any(|found| service_of(found) == service && found["State"]["Running"] == false);
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

#[test]
fn amounts_that_are_refused() {
    if !has_engine() {
        return;
    }
    for (keys, said) in [
        ("scale: 2, deploy: {replicas: 3}", "'scale' and 'deploy.replicas'"),
        ("mem_limit: 64m, deploy: {resources: {limits: {memory: 128m}}}", "'mem_limit' and"),
        ("cpus: 0.5, deploy: {resources: {limits: {cpus: \"0.7\"}}}", "'cpus' and"),
        ("mem_reservation: 64m, deploy: {resources: {reservations: {memory: 128m}}}", "'mem_reservation' and"),
        ("pids_limit: 10, deploy: {resources: {limits: {pids: 20}}}", "'pids_limit' and"),
        ("oom_score_adj: 1001", "oom_score_adj must be"),
    ] {
        is_refused(&Attempt::new(&file(&[("a", keys)], "")), said);
    }
    for (keys, said) in [
        ("mem_limit: 5m", "Minimum memory limit allowed is 6MB"),
        ("mem_limit: 64m, mem_reservation: 128m", "can not be less than memory reservation limit"),
        ("mem_limit: 64m, memswap_limit: 32m", "Minimum memoryswap limit should be larger than memory limit"),
        ("memswap_limit: 32m", "always set the Memory limit when using Memoryswap limit"),
        ("cpus: -1", "range of CPUs is from 0.01"),
        ("deploy: {resources: {limits: {cpus: \"0.001\"}}}", "cpu.cfs_quota_us"),
        ("mem_swappiness: 101", "valid memory swappiness range is 0-100"),
        ("shm_size: -1", "SHM size can not be less than 0"),
    ] {
        fails(&Attempt::new(&file(&[("a", keys)], "")), said);
    }
}

#[test]
fn memory_that_a_program_believes_to_have() {
    if !has_engine() {
        return;
    }
    let fill = "for i in $(seq 40); do head -c 1048576 /dev/zero | redis-cli -x set key-$i; done";
    let filled = |most: &str| {
        let keys = format!(
            "mem_limit: 32m, memswap_limit: 32m, command: [redis-server, --save, \"\", --maxmemory, {most}, \
             --maxmemory-policy, allkeys-lru]"
        );
        let attempt = Attempt::new(&file(&[("a", &keys)], ""));
        starts(&attempt);
        attempt.run(&["exec", "--no-TTY", "a", "sh", "-c", fill]);
        container(&attempt, "a")["State"]["Running"] == true
    };
    assert!(filled("16mb"), "it drops what is old");
    assert!(!filled("64mb"), "the kernel ends it");
}

#[test]
fn forms_of_probes() {
    if !has_engine() {
        return;
    }
    let probe = |test: &str| Attempt::new(&file(&[("a", &format!("healthcheck: {{{test}}}"))], ""));
    let begins = "must start either by \"CMD\", \"CMD-SHELL\" or \"NONE\"";
    is_refused(&probe("test: [redis-cli, ping]"), begins);
    is_refused(&probe("test: [cmd, redis-cli, ping]"), begins);
    is_refused(&probe("test: [CMD, redis-cli, ping], interval: 30"), "must be a string");
    is_refused(&probe("test: [CMD, redis-cli, ping], retries: -1"), "retries");
    fails(&probe("test: [CMD, redis-cli, ping], interval: 500us"), "Interval in Healthcheck cannot be less than 1ms");
    fails(&probe("test: [CMD, redis-cli, ping], timeout: -1s"), "Timeout in Healthcheck cannot be less than 1ms");
    fails(&probe("test: [CMD, redis-cli, ping], start_period: 500us"), "StartPeriod in Healthcheck");
    let start = "test: [CMD, redis-cli, ping], start_period: 1s, start_interval: 500us";
    fails(&probe(start), "StartInterval in Healthcheck");
    fails(&probe("test: [CMD, redis-cli, ping], start_interval: 1s"), "requires healthcheck.start_period to be set");
    for test in [
        "test: CMD redis-cli ping, interval: 200ms, retries: 1",
        "test: NONE, interval: 200ms, retries: 1",
        "test: [CMD, redis-cli, -p, \"6380\", ping], interval: 200ms, retries: 1",
    ] {
        let attempt = probe(test);
        let (works, said) = attempt.up(10);
        assert!(!works && said.contains("unhealthy"), "{test}: {said}");
    }
    // Not tried on purpose: a lone `CMD` ends the engine itself, with all that it runs (28.5: `slice bounds out of range` in
    // its `health.go`).
    let shell = probe("test: [CMD-SHELL, \"true\", \"exit 1\"], interval: 200ms, retries: 1");
    let (works, said) = shell.up(10);
    assert!(works, "the second word is not run: {said}");
}

#[test]
fn restart_policies_that_are_none() {
    if !has_engine() {
        return;
    }
    for (keys, said) in [
        ("restart: sometimes", "unknown policy 'sometimes'"),
        ("restart: \"always:3\"", "maximum retry count can only be used with 'on-failure'"),
        ("restart: \"on-failure:-1\"", "maximum retry count cannot be negative"),
        ("deploy: {restart_policy: {condition: sometimes}}", "unknown policy 'sometimes'"),
    ] {
        let attempt = Attempt::new(&file(&[("a", keys)], ""));
        attempt.config().expect("Compose takes any word");
        fails(&attempt, said);
    }
    starts(&Attempt::new(&file(&[("a", "restart: \"on-failure:\"")], "")));
    let runs = |policy: &str| {
        let keys = format!("restart: {policy}, command: [sh, -c, \"sleep 0.2; exit 1\"]");
        let attempt = Attempt::new(&file(&[("a", &keys)], ""));
        starts(&attempt);
        thread::sleep(Duration::from_secs(2));
        container(&attempt, "a")["RestartCount"].as_u64().expect("a number")
    };
    assert_eq!(runs("\"no\""), 0, "it stays down");
    assert!(runs("unless-stopped") > 0, "it is started again");
}

#[test]
fn host_ports_that_the_engine_picks() {
    if !has_engine() {
        return;
    }
    for port in ["\"6379\"", "\"0:6379\"", "\"127.0.0.1::6379\"", "{target: 6379}"] {
        let attempt = Attempt::new(&file(&[("a", &format!("ports: [{port}]"))], ""));
        starts(&attempt);
        let before = host_ports(&container(&attempt, "a"));
        let (works, said) = attempt.run(&["up", "--detach", "--force-recreate"]);
        assert!(works, "{said}");
        let after = host_ports(&container(&attempt, "a"));
        assert!(!before.is_empty() && before != after, "{port}: {before:?} and {after:?}");
    }
}

#[test]
fn ports_at_which_nobody_listens() {
    if !has_engine() {
        return;
    }
    let ask = |command: &str, target: &str| {
        let keys = format!("ports: [\"127.0.0.1::{target}\"], command: [{command}]");
        let attempt = Attempt::new(&file(&[("a", &keys)], ""));
        starts(&attempt);
        let port = host_ports(&container(&attempt, "a"))[0].parse().expect("a port");
        // The engine takes the connection, and has nobody to give it to.
        let start = Instant::now();
        while !answers(port) {
            if start.elapsed() > Duration::from_secs(3) {
                return false;
            }
            thread::sleep(Duration::from_millis(100));
        }
        true
    };
    assert!(ask("redis-server, --protected-mode, \"no\"", "6379"), "it answers");
    assert!(!ask("redis-server, --protected-mode, \"no\"", "6380"), "nobody listens there");
    assert!(!ask("redis-server, --bind, 127.0.0.1, --protected-mode, \"no\"", "6379"), "it listens for itself alone");
}

/// Whether a Redis answers at this port of the host.
fn answers(port: u16) -> bool {
    let asked = || -> std::io::Result<usize> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        stream.read(&mut [0; 16])
    };
    asked().is_ok_and(|count| count > 0)
}

#[test]
fn two_data_stores_on_one_volume() {
    if !has_engine() {
        return;
    }
    let volumes = "volumes: {left: {name: stackgen-proof-shared}, right: {name: stackgen-proof-shared}}";
    let attempt =
        Attempt::new(&file(&[("a", "volumes: [\"left:/data\"]"), ("b", "volumes: [\"right:/data\"]")], volumes));
    attempt.config().expect("Compose takes one name twice");
    starts(&attempt);
    let ask = |service: &str, words: &[&str]| {
        let (works, said) = attempt.run(&[&["exec", "--no-TTY", service, "redis-cli"], words].concat());
        assert!(works, "{said}");
        said
    };
    ask("a", &["set", "key", "of-a"]);
    ask("a", &["save"]);
    ask("b", &["set", "key", "of-b"]);
    ask("b", &["save"]);
    let (works, said) = attempt.run(&["kill", "a"]);
    assert!(works, "{said}");
    starts(&attempt);
    assert!(ask("a", &["get", "key"]).contains("of-b"), "what it saved is gone");
}

#[test]
fn the_volume_of_an_older_postgres_below_another_one() {
    if !has_engine() {
        return;
    }
    let compose = "services:\n  db: {image: \"postgres:17\", environment: {POSTGRES_PASSWORD: not-a-secret}, \
                   volumes: [\"db:/var/lib/postgresql\"]}\nvolumes: {db: }\n";
    let attempt = Attempt::new(compose);
    starts(&attempt);
    let db = container(&attempt, "db");
    let mounts = db["Mounts"].as_array().expect("mounts");
    let at = |place: &str| mounts.iter().find(|mount| mount["Destination"] == place).expect("a mount");
    let named = at("/var/lib/postgresql")["Name"].as_str().expect("a name");
    assert!(named.ends_with("_db"), "{named}");
    let other = at("/var/lib/postgresql/data")["Name"].as_str().expect("a name");
    assert!(other.len() == 64, "a volume without a name: {other}");
}

#[test]
fn a_read_only_socket_commands_the_engine() {
    if !has_engine() {
        return;
    }
    let keys = "volumes: [\"/var/run/docker.sock:/var/run/docker.sock:ro\"], user: \"0\"";
    let attempt = Attempt::new(&file(&[("a", keys)], ""));
    starts(&attempt);
    let script = r#"
        use IO::Socket::UNIX;
        sub ask {
            my $socket = IO::Socket::UNIX->new(Peer => "/var/run/docker.sock") or die "no socket";
            my ($line, $body) = @_;
            print $socket "$line HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ", length $body, "\r\n\r\n$body";
            join "", <$socket>
        }
        my $said = ask("POST /volumes/create", "{}");
        print $said;
        ask("DELETE /volumes/$1", "") if $said =~ /"Name":"(\w+)"/
    "#;
    let (works, said) = attempt.run(&["exec", "--no-TTY", "a", "perl", "-e", script]);
    assert!(works && said.contains("201 Created"), "{said}");
}

#[test]
fn what_exists_already_has_its_own_settings() {
    if !has_compose() {
        return;
    }
    for key in ["driver: local", "labels: {a: b}", "driver_opts: {a: b}"] {
        let volumes = format!("volumes: {{data: {{external: true, {key}}}}}");
        let attempt = Attempt::new(&file(&[("a", "volumes: [\"data:/data\"]")], &volumes));
        is_refused(&attempt, "conflicting parameters \"external\"");
    }
    let networks =
        "networks: {lan: {external: true, driver: bridge, internal: true, ipam: {config: [{subnet: 10.99.1.0/24}]}}}";
    let attempt = Attempt::new(&file(&[("a", "networks: [lan]")], networks));
    attempt.config().expect("Compose takes it without a word");
}

#[test]
fn words_for_a_swarm() {
    if !has_engine() {
        return;
    }
    let overlay = Attempt::new(&file(&[("a", "networks: [wide]")], "networks: {wide: {driver: overlay}}"));
    fails(&overlay, "This node is not a swarm manager");
    let words = "deploy: {mode: global, replicas: 2, placement: {constraints: [\"node.labels.x==y\"]}, \
                 endpoint_mode: dnsrr, update_config: {parallelism: 2}, rollback_config: {parallelism: 1}, \
                 labels: {of-a-swarm: \"yes\"}}";
    let attempt = Attempt::new(&file(&[("a", words)], ""));
    starts(&attempt);
    assert_eq!(attempt.containers().len(), 2, "as if nothing of it were there");
    assert!(container(&attempt, "a")["Config"]["Labels"].get("of-a-swarm").is_none(), "no container has it");
}

#[test]
fn addresses_that_a_network_does_not_have() {
    if !has_engine() {
        return;
    }
    let with = |service: &str, pool: &str| {
        let networks = format!("networks: {{front: {{ipam: {{config: [{{{pool}}}]}}}}}}");
        Attempt::new(&file(&[("a", &format!("networks: {{front: {{{service}}}}}"))], &networks))
    };
    let pool = "subnet: 10.99.2.0/24";
    fails(&with("ipv4_address: 10.99.2.300", pool), "invalid IPv4 address");
    fails(&with("ipv4_address: \"fd00::1\"", pool), "invalid IPv4 address");
    fails(&with("ipv4_address: 10.98.0.5", pool), "no configured subnet");
    fails(&with("ipv4_address: 10.99.2.1", pool), "Address already in use");
    fails(&with("", "subnet: 10.99.2.0/24, gateway: 10.98.0.1"), "invalid gateway");
    fails(&with("", "subnet: 10.99.2.0/24, ip_range: 10.98.4.0/25"), "invalid ip-range");
    let alone = Attempt::new(&file(&[("a", "networks: {front: {ipv4_address: 10.99.2.5}}")], "networks: {front: {}}"));
    fails(&alone, "only when connecting to networks with user configured subnets");
    let both = "networks: {front: {ipam: {config: [{subnet: 10.99.4.0/24}]}}, back: {ipam: {config: [{subnet: 10.99.4.0/25}]}}}";
    fails(&Attempt::new(&file(&[("a", "networks: [front, back]")], both)), "Pool overlaps");
}

#[test]
fn ports_that_cannot_be_published() {
    if !has_engine() {
        return;
    }
    let short = |port: &str| Attempt::new(&file(&[("a", &format!("ports: [\"{port}\"]"))], ""));
    is_refused(&short("70000:80"), "Invalid hostPort");
    is_refused(&short("80:0x"), "Invalid containerPort");
    is_refused(&short("localhost:8080:80"), "Invalid ip address");
    is_refused(&short("8080:80/http"), "Invalid proto");
    is_refused(&short("8080-8082:80-81"), "Invalid ranges specified");
    // In the long syntax Compose takes what no port can be.
    for port in
        ["{target: 80, published: \"70000\"}", "{target: 80, published: abc}", "{target: 99999, published: \"39931\"}"]
    {
        let attempt = Attempt::new(&file(&[("a", &format!("ports: [{port}]"))], ""));
        attempt.config().expect("Compose takes it");
        let (works, said) = attempt.up(20);
        assert!(!works, "{port}: {said}");
    }
}

#[test]
fn host_ports_that_two_want() {
    if !has_engine() {
        return;
    }
    let two = |first: &str, second: &str| {
        let keys = |port: &str| format!("ports: [\"{port}\"]");
        Attempt::new(&file(&[("a", &keys(first)), ("b", &format!("{}, depends_on: [a]", keys(second)))], ""))
    };
    let allocated = "port is already allocated";
    fails(&two("127.0.0.1:39932:6379", "127.0.0.1:39932:6379"), allocated);
    fails(&two("39933:6379", "127.0.0.1:39933:6379"), allocated);
    starts(&two("127.0.0.1:39934:6379", "127.0.0.2:39934:6379"));
    starts(&two("127.0.0.1:39935:6379", "127.0.0.1:39935:6379/udp"));
    let several = Attempt::new(&file(&[("a", "ports: [\"127.0.0.1:39936:6379\"], deploy: {replicas: 2}")], ""));
    fails(&several, allocated);
    starts(&Attempt::new(&file(&[("a", "ports: [\"127.0.0.1:39937-39938:6379\"], deploy: {replicas: 2}")], "")));
}

//! What starts, and does not do what was meant.

use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread::sleep;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::support::compose::has_engine;
use crate::support::has_tools;
use crate::support::http::Request;

/// The rules whose mistakes are made here.
pub(super) const PROVED: &[&str] = &[
    "bind-source-missing",
    "command-form",
    "datastore-on-edge-network",
    "datastore-port-public",
    "datastore-without-volume",
    "dev-leak",
    "invalid-option",
    "localhost-reference",
    "public-var-internal-host",
    "reload-without-restart",
    "runs-twice",
    "unreachable-reference",
    "volume-left-behind",
];

/// A service of which a container runs and does nothing, as the beginning of a mapping in one line.
const IDLE: &str = "image: debian:bookworm-slim, init: true, command: sleep 60";

/// A data store.
const REDIS: &str = "image: redis:7-alpine, init: true";

/// It is up.
fn up(attempt: &Attempt) {
    let (works, said) = attempt.up(40);
    assert!(works, "{said}");
}

/// What a command says in a service's container, and whether it worked.
fn exec(attempt: &Attempt, service: &str, command: &[&str]) -> (bool, String) {
    let (works, said) = attempt.run(&[&["exec", "-T", service], command].concat());
    (works, said.trim().to_owned())
}

fn free_port() -> u16 {
    TcpListener::bind("0.0.0.0:0").expect("a free port").local_addr().expect("a port").port()
}

#[test]
fn a_mount_of_nothing_is_an_empty_directory() {
    if !has_engine() {
        return;
    }
    let with = |mount: &str| format!("services:\n  web: {{ {IDLE}, volumes: [\"{mount}\"] }}\n");
    let attempt = Attempt::new(&with("./ngnix.conf:/etc/nginx.conf:ro"));
    up(&attempt);
    let (works, said) = exec(&attempt, "web", &["test", "-d", "/etc/nginx.conf"]);
    assert!(works, "{said}");
    assert!(attempt.folder().join("ngnix.conf").is_dir(), "the engine has made a directory");
    let onto_a_file = Attempt::new(&with("./ngnix.conf:/etc/debian_version:ro"));
    let (works, said) = onto_a_file.up(10);
    assert!(!works && said.contains("not a directory"), "{said}");
}

#[test]
fn words_of_the_shell_start_no_second_program() {
    if !has_engine() {
        return;
    }
    let said = |command: &str| {
        let service = format!("image: debian:bookworm-slim, init: true, command: {command}");
        Attempt::new(&format!("services:\n  web: {{ {service} }}\n")).run(&["run", "--rm", "-T", "web"]).1
    };
    // In a list they are arguments; from a text Compose cuts them off, with all that follows.
    assert!(said("[echo, first, \"&&\", echo, second]").contains("first && echo second"));
    let cut = said("echo first && echo second");
    assert!(cut.starts_with("first\n") && !cut.contains("second"), "{cut}");
    let variable = said("[NAME=x, sleep, \"1\"]");
    assert!(variable.contains("NAME=x"), "{variable}");
    assert!(variable.contains("No such file or directory") || variable.contains("not found"), "{variable}");
}

#[test]
fn a_published_port_is_open_to_the_network_unless_it_names_loopback() {
    if !has_engine() {
        return;
    }
    // Nothing is sent: this only asks which address this machine has on its way outside.
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.connect("192.0.2.1:9").expect("a way outside");
    let address = socket.local_addr().expect("an address").ip();
    let reaches = |port: &str| {
        let number = free_port();
        let compose =
            format!("services:\n  db: {{ {REDIS}, ports: [\"{}\"] }}\n", port.replace("PORT", &number.to_string()));
        let attempt = Attempt::new(&compose);
        up(&attempt);
        TcpStream::connect_timeout(&(address, number).into(), Duration::from_secs(2)).is_ok()
    };
    assert!(!address.is_loopback(), "this machine has no address but loopback");
    assert!(reaches("PORT:6379"), "{address} does not answer");
    assert!(!reaches("127.0.0.1:PORT:6379"), "{address} answers");
}

#[test]
fn data_without_a_named_volume_is_gone_after_down() {
    if !has_engine() {
        return;
    }
    let left = |volumes: &str| {
        let attempt = Attempt::new(&format!("services:\n  db: {{ {REDIS}{volumes}\n"));
        up(&attempt);
        assert_eq!(exec(&attempt, "db", &["redis-cli", "set", "a", "b"]).1, "OK");
        assert_eq!(exec(&attempt, "db", &["redis-cli", "save"]).1, "OK");
        let (works, said) = attempt.run(&["down"]);
        assert!(works, "{said}");
        up(&attempt);
        exec(&attempt, "db", &["redis-cli", "get", "a"]).1
    };
    assert_eq!(left(" }"), "");
    assert_eq!(left(", volumes: [\"data:/data\"] }\nvolumes:\n  data:"), "b");
}

#[test]
fn a_debugger_lets_in_whoever_reaches_its_port() {
    if !has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let port = free_port();
    let program = "setInterval(() => 0, 1000)";
    let compose = format!(
        "services:\n  api: {{ image: node:22-slim, init: true, command: [node, \"--inspect=0.0.0.0:9229\", -e, \"{program}\"], ports: [\"127.0.0.1:{port}:9229\"] }}\n"
    );
    let attempt = Attempt::new(&compose);
    up(&attempt);
    let url = format!("http://127.0.0.1:{port}/json/list");
    let answer = Request::new("GET", &url, port).until(Duration::from_secs(10), |answer| answer.status == 200);
    assert!(answer.body.contains("webSocketDebuggerUrl"), "{answer:?}");
}

#[test]
fn a_password_that_cannot_stand_in_a_url_breaks_it() {
    if !has_engine() {
        return;
    }
    let attempt = Attempt::new(
        "services:\n  db: { image: postgres:17-alpine, init: true, entrypoint: sleep, command: \"60\" }\n",
    );
    up(&attempt);
    let psql =
        |password: &str| exec(&attempt, "db", &["psql", &format!("postgresql://app:{password}@127.0.0.1:1/app")]).1;
    assert!(psql("safe").contains("127.0.0.1"), "{}", psql("safe"));
    for password in ["a/b", "a@b", "a%b"] {
        let said = psql(password);
        assert!(!said.contains("\"127.0.0.1\", port 1 failed: Connection refused"), "{password}: {said}");
    }
}

#[test]
fn localhost_is_the_container_itself() {
    if !has_engine() {
        return;
    }
    let attempt = Attempt::new(&format!("services:\n  db: {{ {REDIS} }}\n  api: {{ {REDIS}, command: sleep 60 }}\n"));
    up(&attempt);
    for (host, answer) in [("localhost", "Connection refused"), ("127.0.0.1", "Connection refused"), ("db", "PONG")] {
        let said = exec(&attempt, "api", &["redis-cli", "-h", host, "ping"]).1;
        assert!(said.contains(answer), "{host}: {said}");
    }
}

#[test]
fn a_browser_knows_no_service_by_its_name() {
    if !has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let attempt = Attempt::new(&format!("services:\n  stackgen-api: {{ {IDLE} }}\n  web: {{ {IDLE} }}\n"));
    up(&attempt);
    let (works, said) = exec(&attempt, "web", &["getent", "hosts", "stackgen-api"]);
    assert!(works, "{said}");
    // A browser is where this test is: outside of the stack.
    let found = std::net::ToSocketAddrs::to_socket_addrs(&("stackgen-api", 80));
    assert!(found.is_err(), "{:?}", found.map(Iterator::collect::<Vec<_>>));
    // And a build has none of the stack's networks.
    let dockerfile = "FROM debian:bookworm-slim\nRUN getent hosts stackgen-api\n";
    let attempt = Attempt::new("services:\n  stackgen-api: { image: redis:7-alpine }\n  web: { build: . }\n")
        .with("Dockerfile", dockerfile);
    let (works, said) = attempt.run(&["build"]);
    assert!(!works && said.contains("did not complete successfully"), "{said}");
}

#[test]
fn a_program_that_reads_its_source_once_does_not_notice_a_change() {
    if !has_engine() {
        return;
    }
    let compose = "services:\n  api: { image: node:22-slim, init: true, working_dir: /app, command: [node, server.js], volumes: [\".:/app\"] }\n";
    let server = "const said = 'old'; require('http').createServer((_, answer) => answer.end(said)).listen(3000);\n";
    let attempt = Attempt::new(compose).with("server.js", server);
    up(&attempt);
    let ask = "fetch('http://127.0.0.1:3000').then(a => a.text()).then(console.log)";
    let answer = || {
        for _ in 0..50 {
            let (works, said) = exec(&attempt, "api", &["node", "-e", ask]);
            if works {
                return said;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("no answer");
    };
    assert_eq!(answer(), "old");
    fs::write(attempt.folder().join("server.js"), server.replace("old", "new")).expect("a writable folder");
    let (_, read) = exec(&attempt, "api", &["cat", "server.js"]);
    assert!(read.contains("'new'"), "the container has the new file");
    assert_eq!(answer(), "old");
    let (works, said) = attempt.run(&["restart", "api"]);
    assert!(works, "{said}");
    assert_eq!(answer(), "new");
}

#[test]
fn two_data_stores_on_one_volume_write_over_each_other() {
    if !has_engine() {
        return;
    }
    let service = format!("{REDIS}, volumes: [\"data:/data\"], deploy: {{ replicas: 2 }}");
    let attempt = Attempt::new(&format!("services:\n  db: {{ {service} }}\nvolumes:\n  data:\n"));
    up(&attempt);
    let redis = |index: &str, words: &[&str]| {
        let (works, said) = attempt.run(&[&["exec", "-T", "--index", index, "db", "redis-cli"], words].concat());
        assert!(works, "{said}");
        said.trim().to_owned()
    };
    for (index, key) in [("1", "of-one"), ("2", "of-two")] {
        assert_eq!(redis(index, &["set", key, "here"]), "OK");
        assert_eq!(redis(index, &["save"]), "OK");
    }
    let (works, said) = attempt.run(&["kill"]);
    assert!(works, "{said}");
    up(&attempt);
    assert_eq!(["1", "2"].map(|index| redis(index, &["get", "of-one"])), ["", ""]);
    assert_eq!(["1", "2"].map(|index| redis(index, &["get", "of-two"])), ["here", "here"]);
}

#[test]
fn whoever_is_on_the_proxys_network_reaches_a_data_store_there() {
    if !has_engine() {
        return;
    }
    for (networks, answer) in [("internal", "Could not connect"), ("internal, edge", "PONG")] {
        let services = format!(
            "services:\n  db: {{ {REDIS}, networks: [{networks}] }}\n  site: {{ {REDIS}, command: sleep 60, networks: [edge] }}\n"
        );
        let attempt = Attempt::new(&format!("{services}networks:\n  edge:\n  internal:\n"));
        up(&attempt);
        let (_, said) = exec(&attempt, "site", &["redis-cli", "-h", "db", "ping"]);
        assert!(said.contains(answer), "{networks}: {said}");
    }
}

#[test]
fn without_a_common_network_a_name_is_unknown() {
    if !has_engine() {
        return;
    }
    let compose = |networks: &str| {
        format!(
            "services:\n  cache: {{ {REDIS}, networks: [back] }}\n  web: {{ {IDLE}, networks: [{networks}] }}\nnetworks:\n  front:\n  back:\n"
        )
    };
    for (networks, reaches) in [("front", false), ("front, back", true)] {
        let attempt = Attempt::new(&compose(networks));
        up(&attempt);
        let (works, said) = exec(&attempt, "web", &["getent", "hosts", "cache"]);
        assert_eq!(works, reaches, "{networks}: {said}");
    }
}

#[test]
fn under_a_new_name_a_service_has_an_empty_volume() {
    if !has_engine() {
        return;
    }
    let compose = |service: &str| {
        format!(
            "services:\n  {service}: {{ {REDIS}, volumes: [\"{service}-data:/data\"] }}\nvolumes:\n  {service}-data:\n"
        )
    };
    let attempt = Attempt::new(&compose("redis"));
    up(&attempt);
    assert_eq!(exec(&attempt, "redis", &["redis-cli", "set", "a", "b"]).1, "OK");
    let (works, said) = attempt.run(&["down"]);
    assert!(works, "{said}");
    let file = attempt.folder().join("docker-compose.yml");
    fs::write(&file, compose("cache")).expect("a writable folder");
    up(&attempt);
    assert_eq!(exec(&attempt, "cache", &["redis-cli", "get", "a"]).1, "");
    attempt.run(&["down"]);
    // The old name again, beside the new one: both go at the end.
    let both = compose("redis").replace("volumes:\n", &compose("cache").replace("services:\n", ""));
    fs::write(&file, both).expect("a writable folder");
    up(&attempt);
    assert_eq!(exec(&attempt, "redis", &["redis-cli", "get", "a"]).1, "b", "the data is no longer there");
}

//! Published ports: the mappings that we read from a text are those that Compose reads.

use std::net::IpAddr;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use stackgen::compose::port::{self, PortError, PortMapping};

use crate::judge::{Judge, cases, count, mutilated};
use crate::oracle::{self, Shell};
use crate::support::compose::has_compose;

/// One port of the container, as Compose has it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    ip: Option<IpAddr>,
    /// None for one that the engine picks.
    published: Option<String>,
    target: u64,
    protocol: String,
}

/// The ports of a mapping, one by one.
fn ports(mapping: &PortMapping) -> Vec<Port> {
    let targets = mapping.target.first..=mapping.target.last;
    let port = |(offset, target): (u16, u16)| Port {
        ip: mapping.ip,
        published: mapping.published.map(|published| {
            if mapping.is_pool() { published.to_string() } else { (published.first + offset).to_string() }
        }),
        target: target.into(),
        protocol: mapping.protocol.to_string(),
    };
    let mut ports: Vec<Port> = (0..).zip(targets).map(port).collect();
    // Compose says so of a single one, too.
    for port in &mut ports {
        port.published = port.published.take().filter(|published| published != "0");
    }
    ports.sort();
    ports
}

fn theirs(ports: &Value) -> Vec<Port> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let port = |port: &Value| Port {
        ip: text(&port["host_ip"]).map(|ip| ip.parse().expect("an address")),
        published: text(&port["published"]).filter(|published| published != "0"),
        target: port["target"].as_u64().expect("a port"),
        protocol: text(&port["protocol"]).expect("a protocol"),
    };
    let mut ports: Vec<Port> = ports.as_array().into_iter().flatten().map(port).collect();
    ports.sort();
    ports
}

/// What Compose makes of one list of ports per service.
fn understood(lists: &[Value]) -> Result<Vec<Vec<Port>>, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let services: Map<String, Value> = lists
        .iter()
        .enumerate()
        .map(|(position, ports)| (format!("s{position}"), json!({ "image": "none", "ports": [ports] })))
        .collect();
    let file = json!({ "name": "ports", "services": services });
    oracle::write(folder.path(), "compose.yml", &file.to_string());
    let output = oracle::config(folder.path(), &Shell::new(), &["--file", "compose.yml"]);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON from docker compose config");
    let ports = |position| theirs(&document["services"][format!("s{position}")]["ports"]);
    Ok((0..lists.len()).map(ports).collect())
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => (1..=400_u32).prop_map(|port| port.to_string()),
        4 => (1..=65535_u32).prop_map(|port| port.to_string()),
        2 => select(vec!["080", "00443", "65535", "1", "065535"]).prop_map(str::to_owned),
        1 => select(vec!["0", "65536", "70000", "+80", "-1", "0x50", "8e1", "", " 80", "80 ", "8_0", "http", "٣", "1.5"])
            .prop_map(str::to_owned),
    ]
}

/// A range, and another one that is as long in most cases.
fn ranges() -> impl Strategy<Value = (String, String)> {
    let range =
        |first: u32, length: u32| if length == 0 { first.to_string() } else { format!("{first}-{}", first + length) };
    let even = (0..=65_000_u32, 1..=65_000_u32, 0..6_u32)
        .prop_map(move |(host, target, length)| (range(host, length), range(target, length)));
    let pool = (0..=65_000_u32, 1..=65_000_u32, 1..9_u32)
        .prop_map(move |(host, target, length)| (range(host, length), range(target, 0)));
    let odd = (1..=9000_u32, 1..=9000_u32, 0..3_u32, 0..3_u32)
        .prop_map(move |(host, target, one, other)| (range(host, one), range(target, other)));
    let wrong = select(vec!["9-8", "1-", "-1", "1-2-3", "1-2-", "a-b", "0-2", "65530-65540", "5-5", "0-0"])
        .prop_map(str::to_owned);
    prop_oneof![
        6 => (number(), number()),
        3 => even,
        2 => pool,
        1 => odd,
        1 => (wrong.clone(), number()),
        1 => (number(), wrong),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let address = prop_oneof![
        10 => select(vec!["127.0.0.1", "0.0.0.0", "192.0.2.7", "[::1]", "[::]", "[2001:db8::1]", "[::ffff:192.0.2.1]", "[127.0.0.1]", "", "[]"]),
        1 => select(vec!["localhost", "::1", "2001:db8::1", "[::1", "::1]", "[fe80::1%eth0]", "127.0.0.01", "1.2.3", "256.0.0.1", "[::1]x", "[[::1]]", "*", "[:]", "1.2.3.4.5", "[::1]:"]),
    ];
    let protocol = prop_oneof![
        16 => select(vec!["", "", "", "/tcp", "/udp", "/sctp", "/TCP", "/Udp", "/"]),
        1 => select(vec!["/http", "/tcp/udp", "//", "/ tcp", "/6", "/tcp,udp", "/ſctp"]),
    ];
    let whole =
        (address, ranges(), protocol, 0..10_u8).prop_map(|(address, (host, target), protocol, form)| match form {
            0..=2 => format!("{target}{protocol}"),
            3..=5 => format!("{host}:{target}{protocol}"),
            6 => format!("{address}::{target}{protocol}"),
            7 => format!(":{target}{protocol}"),
            _ => format!("{address}:{host}:{target}{protocol}"),
        });
    mutilated(whole, &[":", "-", "/", "[", "]", "0", ".", " ", "::", "a", "%", "\n", "é", "/tcp"])
}

#[test]
fn compose_publishes_the_ports_that_stackgen_reads() {
    if !has_compose() {
        return;
    }
    let judge = Judge {
        what: "port mappings",
        ours: |text: &String| port::parse(text).map(|mapping| ports(&mapping)),
        theirs: |texts: &[&String]| understood(&texts.iter().map(|text| json!(text)).collect::<Vec<_>>()),
        is_same_error: |_: &PortError, _: &str| true,
        // Compose 2.40 drops what follows; the module says so.
        is_quirk: |_: &String, error: &PortError| matches!(error, PortError::Ignored(_)),
        shares: (50, 15),
    };
    judge.compare(&cases(&text(), count()));
}

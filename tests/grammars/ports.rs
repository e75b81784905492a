//! Published ports: the mappings that we read from a text are those that Compose reads.

use std::net::IpAddr;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use stackgen::compose::port::{self, PortError, PortMapping};
use stackgen::diagnostics::Severity;
use stackgen::project::Project;
use stackgen::source::Source;

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

/// A range of one port as that port, which is how the short syntax has it.
fn single(published: &str) -> String {
    let ends = published.split_once('-').filter(|(first, last)| first == last);
    ends.map_or(published, |(first, _)| first).to_owned()
}

fn theirs(ports: &Value) -> Vec<Port> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let port = |port: &Value| Port {
        ip: text(&port["host_ip"]).map(|ip| ip.parse().expect("an address")),
        published: text(&port["published"]).map(|published| single(&published)).filter(|published| published != "0"),
        // Compose leaves out a 0.
        target: port["target"].as_u64().unwrap_or_default(),
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

/// What a stack reads from a port that is passed through to Compose; what it says where there is an error.
fn planned(entry: &Value) -> Result<Vec<Port>, String> {
    let toml = toml::to_string(&json!({
        "stack": { "name": "ports" },
        "services": { "s": { "image": "none:1", "compose": { "ports": [entry] } } },
    }));
    let source = Source::new("services.toml", std::env::temp_dir(), toml.expect("TOML"));
    let analysis = Project::from_source(source).analyse().expect("plans");
    let is_of_port = |entry: &Option<String>| entry.as_deref().is_some_and(|entry| entry.contains("compose.ports"));
    let wrong = analysis
        .report
        .findings
        .iter()
        .find(|finding| finding.severity == Severity::Error && is_of_port(&finding.primary.entry));
    if let Some(finding) = wrong {
        return Err(format!("{}: {}", finding.rule, finding.message));
    }
    let service = &analysis.plans[0].services["s"];
    Ok(service.ports.iter().flat_map(|port| ports(port.mapping.as_ref().expect("a mapping"))).collect())
}

/// Ports in the long syntax, and what looks like some.
fn long() -> impl Strategy<Value = Long> {
    let target = prop_oneof![
        8 => (1..=65535_u32).prop_map(|port| json!(port)),
        6 => (1..=65535_u32).prop_map(|port| json!(port.to_string())),
        3 => select(vec![json!(0), json!(70000), json!("80-82"), json!("80/udp"), json!("8080:80"), json!(true), json!(80.5), json!(""), json!("x"), json!(-1), json!("080")]),
    ];
    let published = prop_oneof![
        4 => Just(None),
        4 => (1..=65535_u32).prop_map(|port| Some(json!(port))),
        4 => (1..=60000_u32, 0..9_u32).prop_map(|(port, more)| Some(json!(format!("{port}-{}", port + more)))),
        2 => (0..=65535_u32).prop_map(|port| Some(json!(port.to_string()))),
        2 => select(vec![json!("127.0.0.1:80"), json!("9-8"), json!("70000"), json!("x"), json!(true), json!(1.5), json!("80/udp"), json!("1-"), json!(70000)]).prop_map(Some),
    ];
    let ip = prop_oneof![
        6 => Just(None),
        4 => select(vec!["127.0.0.1", "0.0.0.0", "::1", "::", "192.0.2.7"]).prop_map(|ip| Some(json!(ip))),
        1 => select(vec![json!("localhost"), json!("[::1]"), json!("1.2.3"), json!(1), json!("127.0.0.1:80")]).prop_map(Some),
    ];
    let protocol = prop_oneof![
        6 => Just(None),
        4 => select(vec!["tcp", "udp", "sctp"]).prop_map(|protocol| Some(json!(protocol))),
        1 => select(vec![json!("http"), json!(6), json!("tcp/udp")]).prop_map(Some),
    ];
    let more = prop_oneof![
        10 => Just(None),
        2 => select(vec![("mode", json!("host")), ("name", json!("web")), ("app_protocol", json!("http"))]).prop_map(Some),
    ];
    (target, published, ip, protocol, more, 0..20_u8).prop_map(|(target, published, ip, protocol, more, lacks)| {
        let target = Some(target).filter(|_| lacks > 0);
        let keys = [("target", target), ("published", published), ("host_ip", ip), ("protocol", protocol)];
        let keys = keys.into_iter().filter_map(|(key, value)| Some((key, value?))).chain(more);
        Long(Value::Object(keys.map(|(key, value)| (key.to_owned(), value)).collect()).to_string())
    })
}

/// A mapping as JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Long(String);

impl Long {
    fn value(&self) -> Value {
        serde_json::from_str(&self.0).expect("JSON")
    }
}

#[test]
fn compose_publishes_the_ports_of_the_long_syntax_that_stackgen_reads() {
    if !has_compose() {
        return;
    }
    let judge = Judge {
        what: "ports in the long syntax",
        ours: |long: &Long| planned(&long.value()),
        theirs: |longs: &[&Long]| understood(&longs.iter().map(|long| long.value()).collect::<Vec<_>>()),
        is_same_error: |_: &String, _: &str| true,
        // Compose passes on what no engine takes: ports and protocols that there are none of.
        is_quirk: |_: &Long, said: &String| said.starts_with("port-invalid"),
        shares: (40, 15),
    };
    judge.compare(&cases(&long(), count().min(2000)));
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

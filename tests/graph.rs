//! What `Graph` draws, and that Mermaid and Graphviz read in it what was meant.
//!
//! Graphviz is asked where `dot` is on `PATH`, Mermaid where `STACKGEN_MERMAID` names a folder whose `node_modules` has
//! it: `npm install --prefix FOLDER mermaid jsdom`.

#[path = "graph/pictures.rs"]
mod pictures;
mod support;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use stackgen::plan::Plan;
use stackgen::project::Project;
use stackgen::render::graph::{Edge, Format, Graph, Meaning, Shape};
use stackgen::source::Source;
use support::oracle::ask;
use support::{everything_said, repository, skip, tool};

/// Everything that a label could trip over, and words that Mermaid knows.
const HOSTILE: &str = r#"
[stack]
name = "hostile"
environments = ["dev"]
[variables]
TAG = { default = 'a"b' }
PORT = { help = "Has no default" }
HIDDEN = { secret = true, default = "770" }
APP_TOKEN = { default = "771771" }
[services.end]
image = 'style:$$x$$y;%%{init: {"a": "<b>"}}%% #35; &lt; `c` \N \\ é💥'
volumes = ["style.classDef:/a|b", "style-classDef:/[c](d)", "style_classDef:/{e}"]
networks = ["style", "..."]
port = 1
publish = ["${PORT}:1", "127.0.0.1:${HIDDEN}1:2", "53:53/udp"]
[services.subgraph]
image = "click:${TAG}${HIDDEN}"
port = 80
depends-on = ["end"]
routes.raw = { rule = 'Host(`a`) && Query(`x`, "style:#y;") || PathRegexp(`\|x`)' }
[services.style-app]
image = "'quoted' (round) [square] {curly} => --> ==> |pipe|"
depends-on = { subgraph = "completed" }
[services.host]
image = "a"
volumes = ['./a"b]/]:/x', "./${HIDDEN}/y:/y:ro", "./${APP_TOKEN}/z:/z:ro", "/:/host", "/run/docker.sock:/d"]
compose.network_mode = "host"
compose.privileged = true
[services.graph]
kind = "traefik"
version = "3.6"
entrypoints.web = { port = 80, redirect-to = "secure" }
entrypoints.secure = { port = 443, tls = true }
[networks.style]
internal = true
"#;

fn plans(text: &str) -> Vec<Plan> {
    Project::from_source(Source::new("services.toml", ".", text.to_owned())).analyse().expect("stackgen works").plans
}

/// The graphs of every stack that the repository has, and of one that means no good.
fn graphs() -> Vec<Graph> {
    let mut plans = plans(HOSTILE);
    let open = |path: PathBuf| Project::open(&path).expect("a services.toml").analyse().expect("plans").plans;
    plans.extend(open(repository().join("services.toml")));
    for name in ["workshop", "plain", "family"] {
        plans.extend(open(repository().join(format!("tests/compose/{name}.toml"))));
    }
    plans.iter().map(Graph::of).collect()
}

fn voice_stack(environment: &str) -> Graph {
    let plans = Project::open(&repository().join("services.toml")).expect("it").analyse().expect("plans").plans;
    Graph::of(plans.iter().find(|plan| plan.environment == environment).expect("the environment"))
}

/// The lines from one node to another, by their first lines.
fn between<'g>(graph: &'g Graph, from: &str, to: &str) -> Vec<&'g Edge> {
    let name = |position: usize| graph.nodes[position].lines[0].as_str();
    graph.edges.iter().filter(|edge| name(edge.from) == from && name(edge.to) == to).collect()
}

#[test]
fn requests_come_from_outside_through_the_proxy() {
    let graph = voice_stack("prod");
    let [entry] = between(&graph, "outside", "traefik")[..] else { panic!("one way in: {graph:#?}") };
    assert_eq!(entry.meaning, Meaning::Request);
    assert_eq!(
        entry.lines,
        ["web, redirects to websecure: http://${DOMAIN_NAME}", "websecure: https://${DOMAIN_NAME}"]
    );
    let [routes] = between(&graph, "traefik", "cursor-runner")[..] else { panic!("{graph:#?}") };
    assert_eq!(routes.lines, ["/cursor/execute", "/conversations/api", "/agent-conversations/api"]);
    assert_eq!(between(&graph, "outside", "redis").len(), 0, "prod publishes no data store");
    assert_eq!(between(&voice_stack("dev"), "outside", "redis")[0].lines, ["127.0.0.1:16379"]);
}

#[test]
fn dependencies_say_what_is_awaited_and_volumes_where_they_are() {
    let graph = voice_stack("prod");
    let waits = |from, to| between(&graph, from, to).into_iter().find(|edge| edge.meaning == Meaning::Wait);
    assert_eq!(waits("cursor-runner", "redis").expect("a reference").lines, ["healthy"]);
    assert_eq!(waits("cursor-runner", "traefik").expect("depends-on").lines, ["started"]);
    assert_eq!(waits("redis", "cursor-runner"), None);
    assert_eq!(between(&graph, "redis", "redis-data")[0].lines, ["/data"]);
}

/// Services that have something of the host.
const HOST: &str = r#"
[stack]
name = "host"
[variables]
MEDIA = { default = "/srv/media" }
[services.agent]
image = "example/agent:1"
volumes = ["./site:/site", "${MEDIA}:/media:ro", "data:/data", "/var/run/docker.sock:/var/run/docker.sock:ro", "/run:/host"]
compose = { network_mode = "host", privileged = true, pid = "host" }
[services.side]
image = "example/side:1"
volumes = ["./site:/usr/share/site:ro"]
compose = { network_mode = "service:agent", privileged = false, ipc = "private" }
[services.plain]
image = "example/plain:1"
[services.metrics]
kind = "prometheus"
version = "3.5.0"
"#;

#[test]
fn what_a_service_has_of_the_host_is_drawn() {
    let graph = Graph::of(&plans(HOST)[0]);
    let node = |name: &str| graph.nodes.iter().find(|node| node.lines[0] == name).unwrap_or_else(|| panic!("{name}"));
    let agent = ["agent", "example/agent:1", "docker.sock", "privileged", "network_mode: host", "pid: host"];
    assert_eq!(node("agent").lines, agent);
    assert_eq!(node("side").lines, ["side", "example/side:1", "network_mode: service:agent"], "the host's, by another");
    assert_eq!(node("plain").lines, ["plain", "example/plain:1"]);
    let mount = |from, to| between(&graph, from, to).first().map(|edge| (edge.meaning, edge.lines.join(" ")));
    assert_eq!(mount("agent", "./site"), Some((Meaning::Bind, "/site".to_owned())));
    assert_eq!(mount("side", "./site"), Some((Meaning::Bind, "/usr/share/site, read-only".to_owned())));
    assert_eq!(mount("agent", "/srv/media"), Some((Meaning::Bind, "/media, read-only".to_owned())));
    assert_eq!(mount("agent", "/run"), Some((Meaning::Bind, "/host".to_owned())), "more than the socket");
    assert_eq!(mount("agent", "data").map(|(meaning, _)| meaning), Some(Meaning::Mount));
    assert!(!graph.nodes.iter().any(|node| node.lines[0].starts_with("/var/run")), "the socket stands at its service");
    assert_eq!(node("./site").shape, Shape::Path);
    assert!(!graph.nodes.iter().any(|node| node.lines[0].ends_with("prometheus.yml")), "stackgen writes it");
    let frames: Vec<&str> = graph.groups.iter().map(|group| group.label.as_str()).collect();
    assert_eq!(frames, ["network of the host", "internal"]);
}

#[test]
fn every_service_stands_in_the_frame_of_its_networks() {
    let graph = voice_stack("prod");
    let names = |nodes: &[usize]| nodes.iter().map(|node| graph.nodes[*node].lines[0].as_str()).collect::<Vec<_>>();
    let frames: Vec<(&str, Vec<&str>)> =
        graph.groups.iter().map(|group| (group.label.as_str(), names(&group.nodes))).collect();
    assert_eq!(
        frames,
        [
            ("edge", vec!["traefik"]),
            ("internal (no way out)", vec!["redis"]),
            ("edge, internal (no way out)", vec!["cursor-runner", "elevenlabs-agent"]),
        ]
    );
}

#[test]
fn a_secret_and_what_has_no_default_stand_for_themselves() {
    let graph = Graph::of(&plans(HOSTILE)[0]);
    let all = format!("{graph:?}");
    assert!(!all.contains("770"), "{all}");
    // Nobody says of this one that it is a secret, but its name does.
    assert!(!all.contains("771771") && all.contains("${APP_TOKEN}"), "{all}");
    assert_eq!(between(&graph, "outside", "end")[0].lines, ["${PORT}", "127.0.0.1:${HIDDEN}1", "*:53"]);
}

#[test]
fn no_two_nodes_or_frames_have_one_id() {
    for graph in graphs() {
        let ids: Vec<&String> =
            graph.nodes.iter().map(|node| &node.id).chain(graph.groups.iter().map(|group| &group.id)).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')), "{ids:?}");
    }
}

#[test]
fn mermaid_reads_what_was_meant() {
    let Some(node) = tool("node") else { return skip("node is not on PATH") };
    let Some(folder) = std::env::var_os("STACKGEN_MERMAID") else { return skip("STACKGEN_MERMAID names no folder") };
    let graphs = graphs();
    let texts: Vec<String> = graphs.iter().map(|graph| Format::Mermaid.text(graph)).collect();
    let mut oracle = Command::new(node);
    oracle.arg(repository().join("tests/oracles/mermaid.mjs")).arg(folder);
    let answer = ask(&mut oracle, &json!(texts));
    let understood = answer.as_array().expect("a list from the oracle");
    assert_eq!(understood.len(), graphs.len());
    for (graph, understood) in graphs.iter().zip(understood) {
        assert_eq!(sorted(understood.clone()), sorted(meant(graph)));
    }
}

/// A graph in the words of the oracle.
fn meant(graph: &Graph) -> Value {
    let id = |position: usize| &graph.nodes[position].id;
    let shape = |shape: Shape| match shape {
        Shape::Outside => "stadium",
        Shape::Proxy => "hexagon",
        Shape::Datastore => "round",
        Shape::Service => "square",
        Shape::Elsewhere => "subroutine",
        Shape::Volume => "cylinder",
        Shape::Path => "lean_right",
    };
    let stroke = |meaning: Meaning| match meaning {
        Meaning::Request => "thick",
        Meaning::Wait => "normal",
        Meaning::Mount | Meaning::Bind => "dotted",
    };
    let nodes: Vec<Value> = graph
        .nodes
        .iter()
        .map(|node| json!({ "id": node.id, "lines": node.lines, "shape": shape(node.shape) }))
        .collect();
    let groups: Vec<Value> = graph
        .groups
        .iter()
        .map(|group| {
            let nodes: Vec<&String> = group.nodes.iter().map(|node| id(*node)).collect();
            json!({ "id": group.id, "lines": [group.label], "nodes": nodes })
        })
        .collect();
    let edges: Vec<Value> = graph
        .edges
        .iter()
        .map(|edge| json!({ "from": id(edge.from), "to": id(edge.to), "lines": edge.lines, "stroke": stroke(edge.meaning) }))
        .collect();
    json!({ "nodes": nodes, "groups": groups, "edges": edges })
}

/// The same, whatever order nodes and frames were told in.
fn sorted(mut graph: Value) -> Value {
    for key in ["nodes", "groups"] {
        let list = graph[key].as_array_mut().expect("a list");
        for item in list.iter_mut() {
            if let Some(nodes) = item.get_mut("nodes").and_then(Value::as_array_mut) {
                nodes.sort_by_key(Value::to_string);
            }
        }
        list.sort_by_key(|item| item["id"].to_string());
    }
    graph
}

#[test]
fn graphviz_reads_what_was_meant() {
    if !support::has_tools(&["dot"]) {
        return;
    }
    for graph in graphs() {
        let mut dot = Command::new("dot")
            .arg("-Tsvg")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("dot starts");
        let mut stdin = dot.stdin.take().expect("a piped stdin");
        stdin.write_all(Format::Dot.text(&graph).as_bytes()).expect("dot reads");
        drop(stdin);
        let output = dot.wait_with_output().expect("dot ends");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", everything_said(&output));
        let mut drawn = texts(&String::from_utf8(output.stdout).expect("UTF-8"));
        let mut meant: Vec<String> = vec![graph.title.clone()];
        meant.extend(graph.groups.iter().map(|group| group.label.clone()));
        meant.extend(graph.nodes.iter().flat_map(|node| node.lines.clone()));
        meant.extend(graph.edges.iter().flat_map(|edge| edge.lines.clone()));
        drawn.sort();
        meant.sort();
        assert_eq!(drawn, meant);
    }
}

/// The texts of an SVG of Graphviz.
fn texts(svg: &str) -> Vec<String> {
    let found = svg.split("<text ").skip(1).map(|rest| {
        let (_, rest) = rest.split_once('>').expect("the end of a tag");
        rest.split_once("</text>").expect("the end of a text").0
    });
    let codes = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#45;", "-"), ("&#160;", " ")];
    let plain = |text: &str| codes.iter().fold(text.to_owned(), |text, (code, plain)| text.replace(code, plain));
    found.map(|text| plain(text).replace("&amp;", "&")).collect()
}

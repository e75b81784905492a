//! A plan as a picture: services with what they wait for, what they keep and what they have of the host, the networks that
//! they share, and the ways in from outside.
//!
//! [`Graph::of`] decides what is drawn; each format is a file of this folder that only spells it.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::shown::{RouteRow, Way, host_path};
use crate::kinds::Class;
use crate::plan::{Condition, Namespace, Network, Plan, PlannedMount, Service};

mod dot;
mod mermaid;
mod picture;

pub use mermaid::{MOST_CHARACTERS, MOST_EDGES};
pub use picture::Picture;

/// The lines of one label at most; a label that fills the picture says nothing.
const LINES: usize = 8;

/// A language in which a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Mermaid, which code forges and many editors draw
    Mermaid,
    /// DOT, the language of Graphviz
    Dot,
}

impl Format {
    /// The graph in this language, with a line break at its end.
    pub fn text(self, graph: &Graph) -> String {
        match self {
            Self::Mermaid => mermaid::text(graph),
            Self::Dot => dot::text(graph),
        }
    }
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The stack and the environment.
    pub title: String,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Services that share the same networks. Every service that runs here is in exactly one.
    pub groups: Vec<Group>,
    /// The lines between nodes.
    pub edges: Vec<Edge>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Letters, digits and `_`; no other node has it.
    pub id: String,
    /// What it stands for.
    pub shape: Shape,
    /// What is written on it; the first line is its name.
    pub lines: Vec<String>,
}

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Whoever comes from outside of the stack.
    Outside,
    /// A proxy.
    Proxy,
    /// A service that keeps data.
    Datastore,
    /// Any other service.
    Service,
    /// A service that runs elsewhere.
    Elsewhere,
    /// A named volume.
    Volume,
    /// A file or a directory of the host.
    Path,
}

/// Services that share the same networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Letters, digits and `_`; no other group and no node has it.
    pub id: String,
    /// The networks.
    pub label: String,
    /// Positions in [`Graph::nodes`].
    pub nodes: Vec<usize>,
}

/// A line between two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Where it begins: a position in [`Graph::nodes`].
    pub from: usize,
    /// Where it ends: a position in [`Graph::nodes`].
    pub to: usize,
    /// What it means.
    pub meaning: Meaning,
    /// What is written on it.
    pub lines: Vec<String>,
}

/// What a line between two nodes means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Requests go this way.
    Request,
    /// The first waits for the second.
    Wait,
    /// The first mounts the second, a volume.
    Mount,
    /// The first mounts the second, which the host has.
    Bind,
}

impl Graph {
    /// Whether the graph of a plan has more edges than Mermaid draws, without building it.
    pub(super) fn is_too_large(plan: &Plan) -> bool {
        let of = |service: &Service| {
            let is_drawn =
                |mount: &&PlannedMount| mount.mount.volume().is_some() || host_path(service, &mount.mount).is_some();
            let volumes = service.volumes.iter().filter(is_drawn).count();
            let requests = usize::from(!service.routers.is_empty()) + usize::from(!service.ports.is_empty());
            service.depends_on.len() + volumes + requests
        };
        plan.services.values().map(of).sum::<usize>() > MOST_EDGES
    }

    /// The graph of a plan, however large that is; see [`MOST_EDGES`].
    pub fn of(plan: &Plan) -> Self {
        let mut drawing = Drawing { plan, nodes: Vec::new(), ids: HashSet::new(), edges: Vec::new() };
        let ways = plan.ways();
        let outside = (!ways.is_empty()).then(|| drawing.node("outside", Shape::Outside, vec!["outside".to_owned()]));
        let services: IndexMap<&str, usize> =
            plan.services.values().map(|service| (service.name.as_str(), drawing.service(service))).collect();
        let groups = drawing.groups(&services);
        let elsewhere = drawing.elsewhere();
        if let Some(outside) = outside {
            drawing.ways(outside, &ways, &services);
        }
        drawing.routes(elsewhere, &services);
        drawing.dependencies(&services);
        drawing.mounts(&services);
        let title = format!("{}, {}", plan.stack, plan.environment);
        Self { title, nodes: drawing.nodes, groups, edges: drawing.edges }
    }
}

struct Drawing<'p> {
    plan: &'p Plan,
    nodes: Vec<Node>,
    ids: HashSet<String>,
    edges: Vec<Edge>,
}

impl Drawing<'_> {
    fn node(&mut self, id: &str, shape: Shape, lines: Vec<String>) -> usize {
        let id = self.id(id);
        self.nodes.push(Node { id, shape, lines });
        self.nodes.len() - 1
    }

    /// `volume shared.data` as `volume_shared_data`, with a number where that is taken.
    fn id(&mut self, wanted: &str) -> String {
        let plain: String = wanted.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let mut id = plain.clone();
        let mut number = 2;
        while !self.ids.insert(id.clone()) {
            id = format!("{plain}_{number}");
            number += 1;
        }
        id
    }

    fn edge(&mut self, from: usize, to: usize, meaning: Meaning, lines: Vec<String>) {
        self.edges.push(Edge { from, to, meaning, lines: shortened(lines) });
    }

    fn service(&mut self, service: &Service) -> usize {
        let shape = match service.class {
            Class::Proxy => Shape::Proxy,
            Class::Datastore => Shape::Datastore,
            _ => Shape::Service,
        };
        let mut lines = vec![service.name.clone()];
        match (&service.build, &service.image) {
            (Some(build), _) => lines.push(build.context.clone()),
            (None, Some(image)) => lines.push(without_user_info(&self.plan.shown(image))),
            (None, None) => {}
        }
        lines.extend(service.port.map(|port| format!("port {port}")));
        lines.extend(service.replicas.filter(|replicas| *replicas != 1).map(|replicas| format!("{replicas} replicas")));
        lines.extend(self.plan.host_access(service));
        self.node(&format!("service_{}", service.name), shape, lines)
    }

    /// By networks, in the order in which the services come to them.
    fn groups(&mut self, services: &IndexMap<&str, usize>) -> Vec<Group> {
        let mut groups: IndexMap<(&[String], bool), Vec<usize>> = IndexMap::new();
        for service in self.plan.services.values() {
            let is_on_host = self.plan.namespace(service) == Namespace::Host;
            let group = groups.entry((&service.networks, is_on_host)).or_default();
            group.extend(services.get(service.name.as_str()));
        }
        let mut out = Vec::with_capacity(groups.len());
        for ((networks, is_on_host), nodes) in groups {
            let names: Vec<String> = networks.iter().map(|name| network(name, self.plan.networks.get(name))).collect();
            let label = match (is_on_host, names.is_empty()) {
                (true, _) => "network of the host".to_owned(),
                (false, true) => "no network of the stack".to_owned(),
                (false, false) => names.join(", "),
            };
            let id = self.id(&format!("network_{}", networks.join("_")));
            out.push(Group { id, label, nodes });
        }
        out
    }

    /// What runs elsewhere; gives the proxy that serves this stack, where it is one of them.
    fn elsewhere(&mut self) -> Option<usize> {
        let mut proxy = None;
        let plan = self.plan;
        for (name, external) in &plan.externals {
            let is_proxy = external.class == Class::Proxy && plan.edge.is_some();
            let mut lines = vec![name.clone()];
            match &plan.edge {
                Some(project) if is_proxy => lines.push(format!("of the project {}", plan.shown(project))),
                _ => lines.push("elsewhere".to_owned()),
            }
            lines.extend(super::shown::elsewhere(plan, external));
            let node = self.node(&format!("service_{name}"), Shape::Elsewhere, lines);
            if is_proxy {
                proxy.get_or_insert(node);
            }
        }
        proxy
    }

    fn ways(&mut self, outside: usize, ways: &[Way<'_>], services: &IndexMap<&str, usize>) {
        let mut lines: IndexMap<&str, Vec<String>> = IndexMap::new();
        for way in ways {
            let what = match way.entry_point {
                None => String::new(),
                Some((name, entry_point)) => match &entry_point.redirect_to {
                    Some(to) => format!("{name}, redirects to {to}: "),
                    None => format!("{name}: "),
                },
            };
            let of_service = lines.entry(&way.service.name).or_default();
            of_service.extend(way.addresses.iter().map(|address| format!("{what}{address}")));
        }
        for (service, lines) in lines {
            if let Some(node) = services.get(service) {
                self.edge(outside, *node, Meaning::Request, lines);
            }
        }
    }

    fn routes(&mut self, elsewhere: Option<usize>, services: &IndexMap<&str, usize>) {
        let own = self.plan.services.values().find(|service| service.proxy.is_some());
        let Some(proxy) = own.and_then(|own| services.get(own.name.as_str()).copied()).or(elsewhere) else { return };
        let rows = self.plan.routes();
        // A host that all routes have in common is on the way to the proxy already.
        let has_one = own.is_some() && rows.windows(2).all(|rows| rows[0].hosts == rows[1].hosts);
        let mut lines: IndexMap<&str, Vec<String>> = IndexMap::new();
        for row in &rows {
            lines.entry(&row.service.name).or_default().extend(requests(row, has_one));
        }
        for (service, lines) in lines {
            if let Some(node) = services.get(service) {
                self.edge(proxy, *node, Meaning::Request, super::shown::distinct(lines));
            }
        }
    }

    fn dependencies(&mut self, services: &IndexMap<&str, usize>) {
        for service in self.plan.services.values() {
            for (name, dependency) in &service.depends_on {
                if let (Some(from), Some(to)) = (services.get(service.name.as_str()), services.get(name.as_str())) {
                    self.edge(*from, *to, Meaning::Wait, vec![state(dependency.condition).to_owned()]);
                }
            }
        }
    }

    fn mounts(&mut self, services: &IndexMap<&str, usize>) {
        let mut known: IndexMap<(Shape, String), usize> = IndexMap::new();
        let plan = self.plan;
        for service in plan.services.values() {
            let Some(from) = services.get(service.name.as_str()) else { continue };
            for mount in service.volumes.iter().filter_map(|mount| plan.shown_mount(mount)) {
                let (name, shape, meaning) = match (mount.volume(), host_path(service, &mount)) {
                    (Some(name), _) => (name, Shape::Volume, Meaning::Mount),
                    (None, Some(path)) => (path, Shape::Path, Meaning::Bind),
                    (None, None) => continue,
                };
                let word = if shape == Shape::Path { "path" } else { "volume" };
                let node = || self.node(&format!("{word}_{name}"), shape, vec![name.to_owned()]);
                let to = *known.entry((shape, name.to_owned())).or_insert_with(node);
                let mode = if mount.is_read_only() { ", read-only" } else { "" };
                self.edge(*from, to, meaning, vec![format!("{}{mode}", mount.target)]);
            }
        }
    }
}

fn network(name: &str, settings: Option<&Network>) -> String {
    match settings {
        Some(Network { external: true, .. }) => format!("{name} (external)"),
        Some(Network { internal: true, .. }) => format!("{name} (no way out)"),
        _ => name.to_owned(),
    }
}

/// What a request looks like that goes this way.
fn requests(row: &RouteRow<'_>, has_one_host: bool) -> Vec<String> {
    match &row.path {
        Err(rule) => vec![rule.clone()],
        Ok(path) if has_one_host || row.hosts.is_empty() => vec![(*path).to_owned()],
        Ok(path) => row.hosts.iter().map(|host| format!("{host}{path}")).collect(),
    }
}

/// What is awaited, in a word.
fn state(condition: Condition) -> &'static str {
    match condition {
        Condition::Started => "started",
        Condition::Healthy => "healthy",
        Condition::Completed => "completed",
    }
}

/// An image without a user and a password in front of its registry, which are nobody's business. A digest stays.
fn without_user_info(image: &str) -> String {
    let digest = image.rfind('@').filter(|at| {
        let hex = image[at + 1..].split_once(':').map(|(_, hex)| hex);
        hex.is_some_and(|hex| hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    let (name, digest) = image.split_at(digest.unwrap_or(image.len()));
    let Some((user_info, rest)) = name.rsplit_once('@') else { return image.to_owned() };
    let scheme = user_info.split_once("://").map_or("", |(scheme, _)| &user_info[..scheme.len() + "://".len()]);
    format!("{scheme}{rest}{digest}")
}

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > LINES {
        let rest = lines.len() - LINES + 1;
        lines.truncate(LINES - 1);
        lines.push(format!("and {rest} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_image_no_user_info_is_drawn() {
        let digest = format!("@sha256:{}", "0af1".repeat(16));
        for (image, expected) in [
            ("redis:7", "redis:7".to_owned()),
            (&format!("ghcr.io/a/b:1{digest}"), format!("ghcr.io/a/b:1{digest}")),
            ("https://joe:hunter2@ghcr.io/a/b:1", "https://ghcr.io/a/b:1".to_owned()),
            ("joe:hunter2@ghcr.io/a/b", "ghcr.io/a/b".to_owned()),
            (&format!("joe:hun@ter2@ghcr.io/a/b{digest}"), format!("ghcr.io/a/b{digest}")),
        ] {
            assert_eq!(without_user_info(image), expected);
        }
    }

    #[test]
    fn a_long_label_is_cut_and_says_so() {
        let lines = |count: usize| (1..=count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(shortened(lines(LINES)), lines(LINES));
        let cut = shortened(lines(LINES + 2));
        assert_eq!(cut.len(), LINES);
        assert_eq!(cut.last().unwrap(), "and 3 more");
    }
}

//! The path that says that a program is well, as it is asked for: what a route says, and what the routers say on which it
//! hangs. Where one of those cannot be found, nothing is stated.

mod django;
mod javascript;
mod nest;
mod python;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::code::{HEALTH, served};
use super::{Fact, Program};
use crate::audit::tokens::{Kind, Tokens};

/// The path that says that a program is well.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// The whole path.
    pub(super) found: Option<Fact<String>>,
    /// A path that is a part of one, and its file.
    pub(super) part: Option<(String, String)>,
}

/// What routes hang on: a file by its position, and the name of the object there; without one what its functions are
/// handed, or what it exports.
type Node = (usize, String);

/// An object that has routes.
#[derive(Debug, Clone)]
struct Router {
    /// What its paths begin with; none where that is no plain text.
    own: Option<String>,
    /// Whether it may be the one that serves.
    is_root: bool,
}

/// A router on another one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mount {
    parent: Node,
    child: Node,
    /// What stands in front of its paths; none where that is no plain text.
    prefix: Option<String>,
    /// Whether that stands in the place of its own.
    replaces: bool,
}

/// Something that answers.
#[derive(Debug)]
struct Route {
    file: usize,
    /// Where its path stands.
    at: Range<usize>,
    path: String,
    /// What it hangs on; none where that is not known.
    on: Option<Node>,
}

/// The routers of a program.
#[derive(Debug, Default)]
struct Graph {
    routers: BTreeMap<Node, Router>,
    mounts: Vec<Mount>,
    routes: Vec<Route>,
    /// Those that are seen to serve.
    serving: BTreeSet<Node>,
}

impl Graph {
    /// The root: the only one that hangs on no other, or that is seen to serve of those.
    fn roots(&self, above: &BTreeMap<&Node, BTreeSet<&Mount>>) -> BTreeSet<Node> {
        let is_free = |node: &&Node| !above.contains_key(*node);
        let roots: BTreeSet<Node> = self
            .routers
            .iter()
            .filter(|(_, router)| router.is_root)
            .map(|(node, _)| node)
            .filter(is_free)
            .cloned()
            .collect();
        if roots.len() == 1 {
            return roots;
        }
        let serving: BTreeSet<Node> = roots.intersection(&self.serving).cloned().collect();
        if serving.len() == 1 { serving } else { BTreeSet::new() }
    }
}

/// What stands in front of the routes of each router, found once.
struct Prefixes<'g> {
    graph: &'g Graph,
    roots: BTreeSet<Node>,
    /// On what a router hangs, each way once.
    above: BTreeMap<&'g Node, BTreeSet<&'g Mount>>,
    /// None where it cannot be told, and while it is looked for.
    known: BTreeMap<Node, Option<String>>,
}

impl<'g> Prefixes<'g> {
    fn of(graph: &'g Graph) -> Self {
        let mut above: BTreeMap<&Node, BTreeSet<&Mount>> = BTreeMap::new();
        for mount in &graph.mounts {
            above.entry(&mount.child).or_default().insert(mount);
        }
        let roots = graph.roots(&above);
        Self { graph, roots, above, known: BTreeMap::new() }
    }

    /// What stands in front of the routes of a router; none where that cannot be told.
    fn prefix(&mut self, node: &Node) -> Option<String> {
        let own = self.graph.routers.get(node).map_or(Some(String::new()), |router| router.own.clone());
        if self.roots.contains(node) {
            return own;
        }
        if let Some(known) = self.known.get(node) {
            return known.clone();
        }
        // Whoever hangs on himself hangs nowhere.
        self.known.insert(node.clone(), None);
        let mounts: Vec<&Mount> = self.above.get(node).into_iter().flatten().copied().collect();
        let mut all = mounts.into_iter().map(|mount| {
            let above = self.prefix(&mount.parent)?;
            let prefix = joined(&above, mount.prefix.as_deref()?);
            Some(if mount.replaces { prefix } else { joined(&prefix, own.as_deref()?) })
        });
        let found = if node.1.is_empty() {
            // Several functions may stand there: they have to agree.
            let first = all.next().flatten();
            first.filter(|first| all.all(|other| other.as_ref() == Some(first)))
        } else {
            all.find_map(|prefix| prefix)
        };
        self.known.insert(node.clone(), found.clone());
        found
    }

    /// The whole path of a route.
    fn whole(&mut self, route: &Route) -> Option<String> {
        let whole = joined(&self.prefix(route.on.as_ref()?)?, &route.path);
        // What stands for something else is no path yet.
        (!whole.contains([':', '{', '<', '*', '(', '$'])).then_some(whole)
    }
}

/// How large a file may be in which routers are looked for, in bytes: larger ones are made by tools.
const LARGEST: usize = 256 << 10;

/// A text that is not too large.
fn within(text: &str) -> &str {
    if text.len() > LARGEST { "" } else { text }
}

/// Whether a path may be the end of one that says that a program is well.
fn may_end(path: &str) -> bool {
    let path = path.trim_matches('/');
    path.is_empty() || HEALTH.iter().any(|known| known.rsplit('/').next() == path.rsplit('/').next())
}

/// Two parts of a path.
fn joined(first: &str, second: &str) -> String {
    let first = first.trim_end_matches('/');
    if second.is_empty() || second.starts_with('/') { format!("{first}{second}") } else { format!("{first}/{second}") }
}

fn is_python(path: &str) -> bool {
    path.rsplit('.').next() == Some("py")
}

/// The path that says that a program in Python is well.
pub(super) fn of_python(files: &[(&str, &str)], module: &dyn Fn(&str) -> String, program: &Program) -> Health {
    let files: Vec<(&str, &str)> = files.iter().filter(|(path, _)| is_python(path)).copied().collect();
    choose(&files, &python::graph(&files, module, program), &[])
}

/// The path that says that a program for Node.js is well.
pub(super) fn of_node(files: &[(&str, &str)], program: &Program) -> Health {
    let is_nest = program.packages.contains("@nestjs/core");
    let files: Vec<(&str, &str)> = files.iter().filter(|(path, _)| !is_python(path)).copied().collect();
    let routes = if is_nest { nest::routes(&files) } else { Vec::new() };
    choose(&files, &javascript::graph(&files), &routes)
}

/// The best one of what is served, with what stands in front of it; `known` has further paths, each with its file and
/// whether it is whole.
fn choose(files: &[(&str, &str)], graph: &Graph, known: &[(String, String, bool)]) -> Health {
    let mut prefixes = Prefixes::of(graph);
    let mut health = Health::default();
    // They were found file by file.
    let of_file = |file: usize| {
        let start = graph.routes.partition_point(|route| route.file < file);
        let end = graph.routes.partition_point(|route| route.file <= file);
        &graph.routes[start..end]
    };
    let doubt = |health: &mut Health, path: String, file: &str| {
        health.part.get_or_insert_with(|| (path, file.to_owned()));
    };
    for path in HEALTH {
        for (index, (file, text)) in files.iter().enumerate() {
            for (at, found) in served(text, path) {
                let route = of_file(index).iter().find(|route| route.at.contains(&at));
                match route.map(|route| prefixes.whole(route)) {
                    None if within(text).is_empty() => doubt(&mut health, found, file),
                    None => health.found = Some(Fact::seen(found, *file)),
                    Some(Some(whole)) => health.found = Some(Fact::seen(whole, *file)),
                    Some(None) => doubt(&mut health, found, file),
                }
                if health.found.is_some() {
                    return health;
                }
            }
        }
    }
    // The router may say it instead of its route.
    let whole = graph.routes.iter().filter_map(|route| Some((prefixes.whole(route)?, files.get(route.file)?.0)));
    let whole: Vec<(String, &str)> = whole.collect();
    for path in HEALTH {
        let is_it = |found: &str| found.trim_end_matches('/').ends_with(path);
        if let Some((found, file)) = whole.iter().find(|(found, _)| is_it(found)) {
            health.found = Some(Fact::seen(found.clone(), *file));
            return health;
        }
        for (found, file, is_whole) in known.iter().filter(|(found, ..)| is_it(found)) {
            if *is_whole {
                health.found = Some(Fact::seen(found.clone(), file.clone()));
                return health;
            }
            doubt(&mut health, found.clone(), file);
        }
    }
    health
}

/// The names of a dotted one that ends at a token: `self.api.router`. Empty where something else stands there.
fn dotted<'t>(tokens: &Tokens<'t>, last: usize) -> Vec<&'t str> {
    let mut names = Vec::new();
    let mut at = last;
    while tokens.is_name(at) {
        names.insert(0, tokens.text(at));
        if !matches!(tokens.before(at, 1), "." | "?.") || at < 2 {
            return names;
        }
        at -= 2;
    }
    // A call, or an index, of which nothing is known.
    Vec::new()
}

/// The names of a dotted one that begins at a token, and the token behind it.
fn forward<'t>(tokens: &Tokens<'t>, first: usize) -> (Vec<&'t str>, usize) {
    let mut names = Vec::new();
    let mut at = first;
    while tokens.is_name(at) {
        names.push(tokens.text(at));
        at += 1;
        if !matches!(tokens.text(at), "." | "?.") {
            break;
        }
        at += 1;
    }
    (names, at)
}

/// The token behind the last one of an item that begins at a token, within a bracket.
fn end_of_item(tokens: &Tokens<'_>, first: usize, close: usize) -> usize {
    let mut at = first;
    while at < close && tokens.text(at) != "," {
        at = tokens.pair(at).max(at) + 1;
    }
    at.min(close)
}

/// The text that an item of a call is, where it is nothing else.
fn text_item<'t>(tokens: &Tokens<'t>, first: usize, close: usize) -> Option<&'t str> {
    (end_of_item(tokens, first, close) == first + 1).then(|| tokens.string(first)).flatten()
}

/// The texts that names stand for, where one text alone is written for each: `PREFIX = "/api"`.
fn constants<'t>(all: &[Tokens<'t>]) -> BTreeMap<&'t str, Option<&'t str>> {
    let mut found: BTreeMap<&'t str, Option<&'t str>> = BTreeMap::new();
    for tokens in all {
        for at in 1..tokens.len() {
            if tokens.kind(at) != Some(Kind::Text) || !matches!(tokens.before(at, 1), "=" | ":") || at < 2 {
                continue;
            }
            // `NAME = "…"`, `NAME: str = "…"`
            let is_typed = tokens.before(at, 1) == "=" && tokens.before(at, 3) == ":" && at > 3;
            let name = if is_typed { tokens.text(at - 4) } else { tokens.text(at - 2) };
            let follows = tokens.text(at + 1);
            let is_whole = tokens.kind(at + 1) == Some(Kind::Line)
                || !matches!(follows, "+" | "%" | "." | "if" | "or" | "?" | "||" | "??" | "and" | "&&" | "[");
            let text = tokens.string(at).filter(|_| is_whole);
            let entry = found.entry(name).or_insert(text);
            if *entry != text {
                *entry = None;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;

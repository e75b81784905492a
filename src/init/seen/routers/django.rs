//! Django: lists of patterns that include one another.

use super::{Graph, Mount, Node, Route, Router, dotted, text_item};
use crate::audit::tokens::Tokens;

/// What a list of patterns is called among the routers of its file.
const PATTERNS: &str = "urlpatterns";

/// The patterns of a file are a router, and what they include are others.
pub(super) fn add(
    files: &[(&str, &str)],
    all: &[Tokens<'_>],
    module: &dyn Fn(&str) -> String,
    object: &dyn Fn(usize, &[&str]) -> Option<Node>,
    graph: &mut Graph,
) {
    let named = |name: &str| files.iter().position(|(path, _)| module(path) == name);
    for (file, tokens) in all.iter().enumerate() {
        for at in 0..tokens.len() {
            if tokens.text(at) == "ROOT_URLCONF" && tokens.text(at + 1) == "=" {
                graph.serving.extend(tokens.string(at + 2).and_then(named).map(|root| (root, PATTERNS.to_owned())));
            }
            if tokens.text(at) != "path" || tokens.text(at + 1) != "(" || tokens.before(at, 1) == "." {
                continue;
            }
            let (open, close) = (at + 1, tokens.pair(at + 1));
            let items = tokens.items(open);
            let (Some(first), Some(second)) = (items.first(), items.get(1)) else { continue };
            let node = (file, PATTERNS.to_owned());
            graph.routers.entry(node.clone()).or_insert(Router { own: Some(String::new()), is_root: true });
            let prefix = text_item(tokens, *first, close);
            let child = if tokens.are(*second, &["include", "("]) {
                let included = tokens.string(*second + 2).or_else(|| tokens.string(*second + 3));
                included.and_then(named).map(|file| (file, PATTERNS.to_owned()))
            } else {
                // `path("api/", api.urls)`
                let names = dotted(tokens, super::end_of_item(tokens, *second, close) - 1);
                names.strip_suffix(&["urls"]).and_then(|names| object(file, names))
            };
            let answers = child.is_none();
            if let Some(child) = child {
                graph.mounts.push(Mount {
                    parent: node,
                    child,
                    prefix: prefix.map(|prefix| format!("/{prefix}")),
                    replaces: false,
                });
            }
            if let Some(path) = prefix {
                let (at, path) = (tokens.span(*first, *first), format!("/{path}"));
                let on = Some((file, PATTERNS.to_owned())).filter(|_| answers);
                graph.routes.push(Route { file, at, path, on });
            }
        }
    }
}

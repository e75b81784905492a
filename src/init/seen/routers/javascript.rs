//! Routers of JavaScript and TypeScript: those of Express and Koa, Fastify's plugins, Hono's applications.

use std::collections::{BTreeMap, BTreeSet};

use super::{Graph, Mount, Node, Route, Router, constants, end_of_item, forward, may_end, text_item, within};
use crate::audit;
use crate::audit::tokens::Tokens;
use crate::init::snapshot::{joined, parent};

/// What makes something that serves.
const ROOTS: [&str; 9] = ["express", "fastify", "Fastify", "Hono", "OpenAPIHono", "Koa", "Elysia", "polka", "restify"];

/// What makes something that hangs on it.
const ROUTERS: [&str; 3] = ["Router", "KoaRouter", "express.Router"];

/// Words of what lets nobody in who has not said who he is.
const GUARDS: [&str; 9] = ["auth", "session", "login", "protect", "guard", "jwt", "verify", "require", "token"];

/// What a local name stands for: a file, and a name in it; `default` for what the file is, `*` for all of it.
struct Import {
    file: usize,
    name: String,
}

struct Sources<'s, 't> {
    files: &'s [(&'t str, &'t str)],
    all: Vec<Tokens<'t>>,
    imports: Vec<BTreeMap<&'t str, Import>>,
    constants: BTreeMap<&'t str, Option<&'t str>>,
    /// Names of functions, by file.
    functions: Vec<BTreeSet<&'t str>>,
    /// Whether a file may say where something hangs, or what answers.
    is_telling: Vec<bool>,
}

pub(super) fn graph(files: &[(&str, &str)]) -> Graph {
    let all: Vec<Tokens<'_>> = files.iter().map(|(_, text)| audit::tokens_of_javascript(within(text))).collect();
    let words = [".get(", ".all(", ".use(", ".route(", ".register(", ".mount(", ".group("];
    let mut sources = Sources {
        files,
        constants: constants(&all),
        imports: Vec::new(),
        functions: all.iter().map(functions).collect(),
        is_telling: files.iter().map(|(_, text)| words.iter().any(|word| text.contains(word))).collect(),
        all,
    };
    sources.imports = (0..files.len()).map(|file| sources.imports_of(file)).collect();
    let mut graph = Graph::default();
    for file in 0..files.len() {
        sources.objects(file, &mut graph);
    }
    for file in 0..files.len() {
        sources.uses(file, &mut graph);
    }
    graph
}

/// The places of brackets that open around a token, the innermost first.
fn around(tokens: &Tokens<'_>, at: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut index = at;
    while index > 0 {
        index -= 1;
        let other = tokens.pair(index);
        if other > at {
            found.push(index);
        } else if other < index {
            index = other;
        }
    }
    found
}

/// The functions of a file by their names: `function routes(`, `const routes = (app) =>`.
fn functions<'t>(tokens: &Tokens<'t>) -> BTreeSet<&'t str> {
    let is_one = |at: &usize| {
        tokens.is_name(*at)
            && (tokens.before(*at, 1) == "function"
                || matches!(tokens.before(*at, 1), "const" | "let")
                    && (*at..*at + 16).any(|at| matches!(tokens.text(at), "=>" | "function")))
    };
    (1..tokens.len()).filter(is_one).map(|at| tokens.text(at)).collect()
}

impl<'t> Sources<'_, 't> {
    /// The file that a path means in another one.
    fn file_of(&self, file: usize, path: &str) -> Option<usize> {
        let directory = parent(self.files[file].0);
        let mut bases = Vec::new();
        if path.starts_with('.') {
            let full = joined(directory, path);
            let mut parts: Vec<&str> = Vec::new();
            for part in full.split('/') {
                match part {
                    "." | "" => {}
                    ".." => {
                        parts.pop()?;
                    }
                    _ => parts.push(part),
                }
            }
            bases.push(parts.join("/"));
        } else {
            // What compilers are told to look for at the root of the source.
            let inner = path.trim_start_matches(['@', '~', '#']).trim_start_matches('/');
            let mut at = directory;
            loop {
                bases.extend([joined(at, inner), joined(at, &format!("src/{inner}"))]);
                if at.is_empty() {
                    break;
                }
                at = parent(at);
            }
        }
        let ends = ["", ".ts", ".js", ".mjs", ".cjs", ".mts", ".tsx", "/index.ts", "/index.js", "/index.mjs"];
        bases.iter().find_map(|base| {
            let stem = [".js", ".mjs", ".cjs"].iter().find_map(|end| base.strip_suffix(end));
            [Some(base.as_str()), stem].into_iter().flatten().find_map(|base| {
                ends.iter().find_map(|end| self.files.iter().position(|(path, _)| *path == format!("{base}{end}")))
            })
        })
    }

    fn imports_of(&self, file: usize) -> BTreeMap<&'t str, Import> {
        let tokens = &self.all[file];
        let mut found = BTreeMap::new();
        for at in 0..tokens.len() {
            let Some(path) = tokens.string(at) else { continue };
            let is_from = tokens.before(at, 1) == "from";
            let is_required = tokens.before(at, 1) == "(" && matches!(tokens.before(at, 2), "require" | "import");
            let Some(other) = Some(()).filter(|()| is_from || is_required).and_then(|()| self.file_of(file, path))
            else {
                continue;
            };
            // Back to what takes it, in front of `from`, or of `=`.
            let mut last = if is_from { at - 1 } else { at - 2 };
            if !is_from {
                if tokens.before(last, 1) == "await" {
                    last -= 1;
                }
                if tokens.before(last, 1) != "=" {
                    continue;
                }
                last -= 1;
            }
            let mut index = last;
            while index > 0 {
                index -= 1;
                match tokens.text(index) {
                    "}" => {
                        let open = tokens.pair(index);
                        for item in tokens.items(open) {
                            let item =
                                if tokens.text(item) == "type" && tokens.is_name(item + 1) { item + 1 } else { item };
                            let name = tokens.text(item);
                            let is_renamed = matches!(tokens.text(item + 1), "as" | ":");
                            let local = if is_renamed { tokens.text(item + 2) } else { name };
                            found.insert(local, Import { file: other, name: name.to_owned() });
                        }
                        index = open;
                    }
                    "," | "type" => {}
                    "import" | "const" | "let" | "var" | "export" => break,
                    local if tokens.is_name(index) => {
                        let is_all = is_from && tokens.before(index, 1) == "as";
                        let name = if is_all { "*" } else { "default" };
                        found.insert(local, Import { file: other, name: name.to_owned() });
                        if is_all {
                            break;
                        }
                    }
                    _ => break,
                }
            }
        }
        found
    }

    /// What a name that a file exports is.
    fn exported(&self, file: usize, name: &str, routers: &BTreeMap<Node, Router>, depth: usize) -> Option<Node> {
        if depth > 8 {
            return None;
        }
        let tokens = &self.all[file];
        let own = |local: &str| {
            let node = (file, local.to_owned());
            if routers.contains_key(&node) {
                return Some(node);
            }
            let import = self.imports[file].get(local)?;
            self.exported(import.file, &import.name, routers, depth + 1)
        };
        if name == "default" || name == "*" {
            for at in 0..tokens.len() {
                let value = if tokens.are(at, &["export", "default"]) {
                    at + 2
                } else if tokens.are(at, &["module", ".", "exports", "="]) {
                    at + 4
                } else {
                    continue;
                };
                let (names, _) = forward(tokens, value);
                if let [name] = names.as_slice()
                    && let Some(found) = own(name)
                {
                    return Some(found);
                }
            }
            return Some((file, self.only(file, routers).unwrap_or_default()));
        }
        if let Some(found) = own(name) {
            return Some(found);
        }
        // `export { default as health } from "./health"`, `export * from "./health"`
        for at in 0..tokens.len() {
            if tokens.text(at) != "from" {
                continue;
            }
            let Some(other) = tokens.string(at + 1).and_then(|path| self.file_of(file, path)) else { continue };
            if tokens.before(at, 1) == "*" {
                let node = self.exported(other, name, routers, depth + 1);
                if let Some(node) = node.filter(|node| !node.1.is_empty()) {
                    return Some(node);
                }
            } else if tokens.before(at, 1) == "}" {
                for item in tokens.items(tokens.pair(at - 1)) {
                    let is_renamed = tokens.text(item + 1) == "as";
                    if (if is_renamed { tokens.text(item + 2) } else { tokens.text(item) }) == name {
                        return self.exported(other, tokens.text(item), routers, depth + 1);
                    }
                }
            }
        }
        // A function that makes one, or that is handed one.
        let is_defined = (1..tokens.len()).any(|at| {
            tokens.text(at) == name
                && matches!(tokens.before(at, 1), "function" | "const" | "let" | "var" | "exports" | ".")
        });
        is_defined.then(|| (file, self.only(file, routers).unwrap_or_default()))
    }

    /// The only router that a function of a file may give back.
    fn only(&self, file: usize, routers: &BTreeMap<Node, Router>) -> Option<String> {
        let mut own = routers.keys().filter(|node| node.0 == file).map(|node| node.1.clone());
        let first = own.next()?;
        let tokens = &self.all[file];
        let is_given = (0..tokens.len()).any(|at| tokens.text(at) == "return" && tokens.text(at + 1) == first);
        own.next().is_none().then_some(first).filter(|_| is_given)
    }

    /// What an expression is that begins at a token: a router, or a function that is handed one.
    fn node(&self, file: usize, first: usize, end: usize, graph: &Graph) -> Option<Node> {
        let tokens = &self.all[file];
        let first = if tokens.text(first) == "await" { first + 1 } else { first };
        let (names, behind) = forward(tokens, first);
        match names.as_slice() {
            ["require" | "import"] => {
                let other = self.file_of(file, tokens.string(behind + 1)?)?;
                self.exported(other, "default", &graph.routers, 0)
            }
            // `router.routes()` of Koa.
            [local] | [local, "routes" | "middleware"] => self.local(file, local, first, graph),
            ["this", local] | ["this", local, "routes"] => {
                let node = (file, (*local).to_owned());
                graph.routers.contains_key(&node).then_some(node)
            }
            [local, name] => {
                let import = self.imports[file].get(local)?;
                let node = self.exported(import.file, name, &graph.routers, 0);
                let is_plain = behind >= end || tokens.text(behind) == "(";
                node.filter(|_| is_plain)
            }
            _ => None,
        }
    }

    /// What a name is at a token.
    fn local(&self, file: usize, name: &str, at: usize, graph: &Graph) -> Option<Node> {
        let own = (file, name.to_owned());
        if let Some(node) = self.argument(file, at, name, graph) {
            return node;
        }
        if graph.routers.contains_key(&own) {
            return Some(own);
        }
        if let Some(import) = self.imports[file].get(name) {
            return self.exported(import.file, &import.name, &graph.routers, 0);
        }
        // A function of this file, that is handed one.
        let is_function = self.functions[file].contains(name);
        is_function.then(|| (file, self.only(file, &graph.routers).unwrap_or_default()))
    }

    /// What a name is where it is an argument of a function around a token: none where it is no argument.
    #[expect(clippy::option_option, reason = "an argument of which nothing is known is one all the same")]
    fn argument(&self, file: usize, at: usize, name: &str, graph: &Graph) -> Option<Option<Node>> {
        let tokens = &self.all[file];
        for open in around(tokens, at).into_iter().filter(|open| tokens.text(*open) == "{") {
            let Some(arguments) = arguments(tokens, open) else { continue };
            let is_one = match tokens.text(arguments) {
                "(" => tokens.items(arguments).iter().any(|item| tokens.text(*item) == name),
                text => text == name,
            };
            if !is_one {
                continue;
            }
            // `app.register(async (inner) => { … }, { prefix: "/v1" })`
            let call = around(tokens, arguments).into_iter().next().filter(|call| tokens.text(*call) == "(");
            let Some(call) = call.filter(|call| matches!(tokens.before(*call, 2), "." | "?.")) else {
                return Some(Some((file, String::new())));
            };
            return match tokens.before(call, 1) {
                "register" | "group" | "route" => {
                    Some(Some((file, format!("@{call}"))).filter(|node| graph.mounts.iter().any(|m| m.child == *node)))
                }
                _ => Some(None),
            };
        }
        None
    }

    /// The text that an item is, or that its name stands for.
    fn text(&self, file: usize, first: usize, close: usize) -> Option<String> {
        let tokens = &self.all[file];
        if let Some(text) = text_item(tokens, first, close) {
            return Some(text.to_owned());
        }
        let (names, behind) = forward(tokens, first);
        let constant = self.constants.get(names.last()?).copied().flatten().filter(|_| !names.contains(&"env"));
        constant.filter(|_| behind == end_of_item(tokens, first, close)).map(str::to_owned)
    }

    /// What stands behind `prefix` in the object that is an argument; nothing in it where that is no plain text.
    fn option(&self, file: usize, item: Option<usize>, close: usize) -> Option<String> {
        let Some(item) = item else { return Some(String::new()) };
        let tokens = &self.all[file];
        if tokens.text(item) != "{" {
            // `undefined` says nothing, and of another name nothing is known.
            return None;
        }
        let open = item;
        let inner = tokens.items(open);
        if inner.iter().any(|at| tokens.text(*at) == "...") || tokens.pair(open) > close {
            return None;
        }
        let is_it = |at: &&usize| tokens.string(**at).unwrap_or(tokens.text(**at)) == "prefix";
        match inner.iter().find(is_it) {
            Some(at) if tokens.text(at + 1) == ":" => self.text(file, at + 2, tokens.pair(open)),
            Some(_) => None,
            None => Some(String::new()),
        }
    }

    /// The routers that a file makes: `const api = new Hono().basePath("/api")`.
    fn objects(&self, file: usize, graph: &mut Graph) {
        let tokens = &self.all[file];
        for at in 1..tokens.len() {
            if tokens.text(at) != "=" || !tokens.is_name(at - 1) && tokens.before(at, 1) != ">" {
                continue;
            }
            let mut first = at + 1;
            while matches!(tokens.text(first), "await" | "new") {
                first += 1;
            }
            let (mut names, mut open) = forward(tokens, first);
            // `require("express").Router()`, `require("fastify")()`
            if let (["require"], Some(package)) = (names.as_slice(), tokens.string(open + 1)) {
                let behind = tokens.pair(open) + 1;
                (names, open) = match tokens.text(behind) {
                    "." => forward(tokens, behind + 1),
                    _ => (vec![package], behind),
                };
            }
            // `new Hono<{ Bindings: Env }>()`
            if tokens.text(open) == "<" {
                open = (open..open + 60).find(|at| tokens.text(*at) == "(").unwrap_or(open);
            }
            let (Some(class), "(") = (names.last(), tokens.text(open)) else { continue };
            let name = assigned(tokens, at);
            let is_root = ROOTS.contains(class) && names.len() == 1 || names == ["restify", "createServer"];
            let mut own = if is_root && *class != "Elysia" {
                Some(String::new())
            } else if is_root || ROUTERS.contains(class) {
                self.option(file, tokens.items(open).first().copied(), tokens.pair(open))
            } else if *class == "basePath" {
                Some(String::new())
            } else {
                continue;
            };
            // What is chained to it.
            let mut end = if *class == "basePath" { open.saturating_sub(3) } else { tokens.pair(open) };
            while matches!(tokens.text(end + 1), "." | "?.") && tokens.text(end + 3) == "(" {
                let inner = end + 3;
                if matches!(tokens.text(end + 2), "basePath" | "prefix") {
                    let more = self.text(file, inner + 1, tokens.pair(inner));
                    own = own.zip(more).map(|(own, more)| super::joined(&own, &more));
                }
                end = tokens.pair(inner).max(inner);
            }
            if *class == "basePath" {
                // It hangs on the other one, which is the same otherwise.
                if let [other, _] = names.as_slice() {
                    let parent = (file, (*other).to_owned());
                    graph.mounts.push(Mount {
                        parent,
                        child: (file, name.to_owned()),
                        prefix: Some(String::new()),
                        replaces: false,
                    });
                }
            }
            graph.routers.insert((file, name.to_owned()), Router { own, is_root });
        }
        // Whatever listens is what serves.
        let names: BTreeSet<String> =
            graph.routers.keys().filter(|node| node.0 == file).map(|node| node.1.clone()).collect();
        for at in 0..tokens.len() {
            let name = tokens.text(at);
            if !names.contains(name) {
                continue;
            }
            let listens = tokens.are(at + 1, &[".", "listen"]) || tokens.are(at + 1, &[".", "fetch"]);
            let is_handed = tokens.before(at, 1) == "("
                && matches!(tokens.before(at, 2), "serve" | "createServer" | "handle" | "serverless");
            if listens || is_handed {
                graph.serving.insert((file, name.to_owned()));
            }
        }
    }

    /// What a file does with routers.
    fn uses(&self, file: usize, graph: &mut Graph) {
        let tokens = &self.all[file];
        for open in 2..tokens.len() {
            if tokens.text(open) != "(" || !tokens.is_name(open - 1) {
                continue;
            }
            let method = tokens.text(open - 1);
            let items = tokens.items(open);
            let Some(first) = items.first().copied() else { continue };
            if !matches!(tokens.before(open, 2), "." | "?.") {
                self.handed(file, open, &items, graph);
                continue;
            }
            let close = tokens.pair(open);
            let text = text_item(tokens, first, close);
            match method {
                "register" => {
                    let Some(parent) = self.receiver(file, open - 2, graph) else { continue };
                    let prefix = self.option(file, items.get(1).copied(), close);
                    let inline = (file, format!("@{open}"));
                    graph.mounts.push(Mount {
                        parent: parent.clone(),
                        child: inline,
                        prefix: prefix.clone(),
                        replaces: false,
                    });
                    if let Some(child) = self.node(file, first, end_of_item(tokens, first, close), graph) {
                        graph.mounts.push(Mount { parent, child, prefix, replaces: false });
                    }
                }
                "use" | "route" | "mount" | "group" => {
                    let said = self.text(file, first, close);
                    let end = end_of_item(tokens, first, close);
                    // What is called, or written there, is no path.
                    let is_other =
                        matches!(tokens.before(end, 1), ")" | "}") || self.node(file, first, end, graph).is_some();
                    let is_path = said.is_some() || items.len() > 1 && !is_other;
                    let mut hung = false;
                    if let Some(parent) = self.receiver(file, open - 2, graph) {
                        let prefix = if is_path { said } else { Some(String::new()) };
                        let inline = (file, format!("@{open}"));
                        if method == "group" {
                            graph.mounts.push(Mount {
                                parent: parent.clone(),
                                child: inline,
                                prefix: prefix.clone(),
                                replaces: false,
                            });
                        }
                        let mut is_guarded = false;
                        for item in items.iter().skip(usize::from(is_path)).copied() {
                            let end = end_of_item(tokens, item, close);
                            if let Some(child) = self.node(file, item, end, graph) {
                                let prefix = prefix.clone().filter(|_| !is_guarded);
                                graph.mounts.push(Mount { parent: parent.clone(), child, prefix, replaces: false });
                                hung = true;
                            }
                            let words = (item..end).map(|at| tokens.text(at).to_ascii_lowercase());
                            is_guarded |= words.into_iter().any(|text| GUARDS.iter().any(|word| text.contains(word)));
                        }
                    }
                    if let Some(path) = text.filter(|_| method == "use" || method == "route") {
                        // Where something hangs there, that answers, or nothing does.
                        let dot = if hung { None } else { Some(open - 2) };
                        self.route(file, dot, first, path, graph);
                    }
                }
                "get" | "all" => {
                    if let Some(path) = text {
                        // Who asks names nobody who answers.
                        let dot = if items.len() < 2 { None } else { Some(open - 2) };
                        self.route(file, dot, first, path, graph);
                    }
                }
                _ => self.handed(file, open, &items, graph),
            }
        }
    }

    /// A route on what stands in front of a dot, where that is known.
    fn route(&self, file: usize, dot: Option<usize>, first: usize, path: &str, graph: &mut Graph) {
        if !may_end(path) {
            return;
        }
        let on = dot.and_then(|dot| self.receiver(file, dot, graph));
        let path = if path == "/" { String::new() } else { path.to_owned() };
        graph.routes.push(Route { file, at: self.all[file].span(first, first), path, on });
    }

    /// `registerRoutes(app)`, `require("./routes")(app)`
    fn handed(&self, file: usize, open: usize, items: &[usize], graph: &mut Graph) {
        let tokens = &self.all[file];
        let mut start = open - 1;
        while matches!(tokens.before(start, 1), "." | "?.") && start > 1 && tokens.is_name(start - 2) {
            start -= 2;
        }
        let (names, _) = forward(tokens, start);
        let other = match names.as_slice() {
            ["require"] if tokens.text(tokens.pair(open) + 1) == "(" => {
                let inner = tokens.pair(open) + 1;
                let other = tokens.string(open + 1).and_then(|path| self.file_of(file, path));
                return self.hand(file, inner, &tokens.items(inner), other, graph);
            }
            [head] | [head, _] => match self.imports[file].get(head) {
                Some(import) => Some(import.file),
                None if names.len() == 1 => self.functions[file].contains(head).then_some(file),
                None => None,
            },
            _ => None,
        };
        self.hand(file, open, items, other, graph);
    }

    fn hand(&self, file: usize, open: usize, items: &[usize], other: Option<usize>, graph: &mut Graph) {
        let tokens = &self.all[file];
        let Some(other) = other.filter(|other| self.is_telling[*other]) else { return };
        let given =
            items.iter().copied().filter(|item| tokens.is_name(*item) && matches!(tokens.text(*item + 1), "," | ")"));
        let child = (other, String::new());
        for item in given {
            let parent = self.local(file, tokens.text(item), open, graph);
            let is_function = tokens.before(open, 2) == "function";
            if let Some(parent) = parent.filter(|parent| *parent != child && !parent.1.is_empty() && !is_function) {
                graph.mounts.push(Mount { parent, child, prefix: Some(String::new()), replaces: false });
                return;
            }
        }
    }

    /// What a call is made on: `dot` is the one in front of its name. A chain is what it begins with.
    fn receiver(&self, file: usize, dot: usize, graph: &Graph) -> Option<Node> {
        let tokens = &self.all[file];
        let mut at = dot.checked_sub(1)?;
        // Back over the calls of a chain.
        while tokens.text(at) == ")" {
            let open = tokens.pair(at);
            if open >= at || open < 1 {
                return None;
            }
            at = open - 1;
            if tokens.text(at) == ">" {
                at = (at.saturating_sub(60)..at).rev().find(|at| tokens.text(*at) == "<")?.checked_sub(1)?;
            }
            if matches!(tokens.before(at, 1), "." | "?.") && at > 2 && tokens.before(at, 2) != "express" {
                // `x.route("/health").get(…)`: the path stands there.
                if tokens.text(at) == "basePath" || tokens.text(at) == "group" {
                    return self.chained(file, at, graph);
                }
                at -= 2;
            } else {
                return self.made(file, at, graph);
            }
        }
        if !tokens.is_name(at) {
            return None;
        }
        if matches!(tokens.before(at, 1), "." | "?.") {
            let node = (file, tokens.text(at).to_owned());
            return graph.routers.contains_key(&node).then_some(node);
        }
        self.local(file, tokens.text(at), at, graph)
    }

    /// The object that takes the chain in which a method stands.
    fn chained(&self, file: usize, at: usize, graph: &Graph) -> Option<Node> {
        let tokens = &self.all[file];
        let mut at = at;
        while matches!(tokens.before(at, 1), "." | "?.") && at > 2 {
            at -= 2;
            if tokens.text(at) == ")" {
                at = tokens.pair(at).checked_sub(1)?;
            }
        }
        self.made(file, at, graph)
    }

    /// The object that is made by a call whose name stands at a token.
    fn made(&self, file: usize, at: usize, graph: &Graph) -> Option<Node> {
        let tokens = &self.all[file];
        let mut at = at;
        if tokens.before(at, 1) == "." && at > 2 {
            at -= 2;
        }
        while matches!(tokens.before(at, 1), "new" | "await") {
            at -= 1;
        }
        let equals = at.checked_sub(1).filter(|at| tokens.text(*at) == "=")?;
        let node = (file, assigned(tokens, equals).to_owned());
        graph.routers.contains_key(&node).then_some(node)
    }
}

/// The name in front of `=`: `app`, `app: Express`, `this.app`.
fn assigned<'t>(tokens: &Tokens<'t>, equals: usize) -> &'t str {
    let start = equals.saturating_sub(24);
    let typed = (start..equals).rev().take_while(|at| {
        !matches!(tokens.text(*at), ";" | "{" | "}" | "," | ")" | "=" | "?" | "const" | "let" | "var")
    });
    let colon = typed.filter(|at| tokens.text(*at) == ":").last();
    tokens.before(colon.unwrap_or(equals), 1)
}

/// The arguments of the function whose body a bracket opens: their bracket, or the only name.
fn arguments(tokens: &Tokens<'_>, body: usize) -> Option<usize> {
    let mut at = body.checked_sub(1)?;
    if tokens.text(at) == "=>" {
        at = at.checked_sub(1)?;
        if tokens.is_name(at) && !matches!(tokens.before(at, 1), ":" | "<" | "|") {
            return Some(at);
        }
    }
    // `): Promise<void> {`
    let close =
        (at.saturating_sub(12)..=at).rev().find(|at| matches!(tokens.text(*at), ")" | ";" | "}" | "{" | ","))?;
    let open = Some(tokens.pair(close)).filter(|open| tokens.text(close) == ")" && *open < close)?;
    let is_function = !matches!(tokens.before(open, 1), "if" | "for" | "while" | "switch" | "catch" | "with");
    is_function.then_some(open)
}

//! Routers of Python: Flask's blueprints, those of `FastAPI` and Starlette, and what is like them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Graph, Mount, Node, Route, Router, constants, django, dotted, end_of_item, forward, may_end, text_item, within,
};
use crate::audit;
use crate::audit::tokens::{Kind, Tokens};
use crate::init::seen::Program;
use crate::init::snapshot::parent;

/// Classes of what serves.
const ROOTS: [&str; 7] = ["Flask", "FastAPI", "Starlette", "Quart", "Sanic", "Litestar", "Application"];

/// Classes of what hangs on something.
const ROUTERS: [&str; 4] = ["Blueprint", "APIRouter", "Router", "NinjaAPI"];

/// Arguments that are what the paths of a router begin with.
const PREFIXES: [&str; 3] = ["url_prefix", "prefix", "path"];

/// What a local name stands for: a module, and perhaps a name in it.
#[derive(Default, PartialEq)]
struct Import {
    module: String,
    name: Option<String>,
}

struct Sources<'s, 't> {
    files: &'s [(&'t str, &'t str)],
    all: Vec<Tokens<'t>>,
    /// Which file a module is, and which module a file.
    modules: BTreeMap<String, usize>,
    names: Vec<String>,
    paths: BTreeMap<&'t str, usize>,
    imports: Vec<BTreeMap<&'t str, Import>>,
    constants: BTreeMap<&'t str, Option<&'t str>>,
    /// Names of functions, by file.
    functions: Vec<BTreeSet<&'t str>>,
}

pub(super) fn graph(files: &[(&str, &str)], module: &dyn Fn(&str) -> String, program: &Program) -> Graph {
    let all: Vec<Tokens<'_>> = files.iter().map(|(_, text)| audit::tokens_of_python(within(text))).collect();
    let functions = all.iter().map(|tokens| {
        (1..tokens.len()).filter(|at| tokens.before(*at, 1) == "def").map(|at| tokens.text(at)).collect()
    });
    let mut sources = Sources {
        files,
        modules: files.iter().enumerate().map(|(file, (path, _))| (module(path), file)).collect(),
        names: files.iter().map(|(path, _)| module(path)).collect(),
        paths: files.iter().enumerate().map(|(file, (path, _))| (*path, file)).collect(),
        imports: Vec::new(),
        constants: constants(&all),
        functions: functions.collect(),
        all,
    };
    sources.imports = (0..files.len()).map(|file| sources.imports_of(file)).collect();
    let mut graph = Graph::default();
    for file in 0..files.len() {
        sources.objects(file, &mut graph);
    }
    let served = [&program.app, &program.command].into_iter().flatten();
    let words = served.flat_map(|fact| fact.value.split([' ', '\'']));
    for (named, object) in words.filter_map(|word| word.split_once(':')) {
        graph.serving.extend(sources.modules.get(named).map(|file| (*file, object.to_owned())));
    }
    for file in 0..files.len() {
        sources.uses(file, &mut graph);
    }
    if program.packages.contains("django") {
        let routers = graph.routers.clone();
        let object = |file: usize, names: &[&str]| sources.lookup(file, names, &routers, 0);
        django::add(files, &sources.all, module, &object, &mut graph);
        graph.routes.sort_by_key(|route| (route.file, route.at.start));
    }
    graph
}

impl<'t> Sources<'_, 't> {
    fn imports_of(&self, file: usize) -> BTreeMap<&'t str, Import> {
        let tokens = &self.all[file];
        let mut found = BTreeMap::new();
        let mut line = 0;
        while line < tokens.len() {
            let end = tokens.next_line(line);
            let first = line + 1;
            match tokens.text(first) {
                "import" => {
                    let mut at = first + 1;
                    while at < end {
                        let (names, behind) = forward(tokens, at);
                        let is_renamed = tokens.text(behind) == "as";
                        if let (true, local) = (is_renamed, tokens.text(behind + 1)) {
                            found.insert(local, Import { module: names.join("."), name: None });
                        } else if let Some(local) = names.first() {
                            // `import a.b` makes `a` known, and `a.b` in it.
                            found.insert(local, Import { module: (*local).to_owned(), name: None });
                        }
                        at = (behind..end).find(|at| tokens.text(*at) == ",").map_or(end, |at| at + 1);
                    }
                }
                "from" => {
                    let import = (first..end).find(|at| tokens.text(*at) == "import").unwrap_or(end);
                    let written: String = (first + 1..import).map(|at| tokens.text(at)).collect();
                    let module = self.absolute(file, &written);
                    let mut at = import + 1;
                    while at < end {
                        if tokens.is_name(at) {
                            let name = tokens.text(at);
                            let is_renamed = tokens.text(at + 1) == "as";
                            let local = if is_renamed { tokens.text(at + 2) } else { name };
                            let import = Import { module: module.clone(), name: Some(name.to_owned()) };
                            // Two functions may call two things the same.
                            let is_other = found.get(local).is_some_and(|known| *known != import);
                            found.insert(local, if is_other { Import::default() } else { import });
                            at += if is_renamed { 2 } else { 0 };
                        }
                        at += 1;
                    }
                }
                _ => {}
            }
            line = end;
        }
        found
    }

    /// The module that a relative one is.
    fn absolute(&self, file: usize, written: &str) -> String {
        let name = written.trim_start_matches('.');
        let levels = written.len() - name.len();
        if levels == 0 {
            return name.to_owned();
        }
        let own = &self.names[file];
        let is_package = self.files[file].0.ends_with("__init__.py");
        let mut parts: Vec<&str> = own.split('.').filter(|part| !part.is_empty()).collect();
        for _ in 0..levels - usize::from(is_package) {
            parts.pop();
        }
        parts.extend(name.split('.').filter(|part| !part.is_empty()));
        parts.join(".")
    }

    /// The file that a module is, as `file` imports it.
    fn file_of(&self, file: usize, module: &str) -> Option<usize> {
        let beside = || {
            let directory = parent(self.files[file].0);
            let wanted = crate::init::snapshot::joined(directory, &format!("{}.py", module.replace('.', "/")));
            self.paths.get(wanted.as_str()).copied()
        };
        self.modules.get(module).copied().or_else(beside)
    }

    /// What a dotted name is in a file: a router of whatever file.
    fn lookup(&self, file: usize, names: &[&str], routers: &BTreeMap<Node, Router>, depth: usize) -> Option<Node> {
        let (head, rest) = names.split_first()?;
        if depth > 8 {
            return None;
        }
        if *head == "self" || *head == "cls" {
            return self.lookup(file, rest, routers, depth + 1);
        }
        let own = (file, (*head).to_owned());
        if rest.is_empty() && routers.contains_key(&own) {
            return Some(own);
        }
        let import = self.imports.get(file)?.get(head).filter(|import| !import.module.is_empty())?;
        let mut module = import.module.clone();
        let mut rest = rest;
        if let Some(name) = &import.name {
            let inner = format!("{module}.{name}");
            if !self.modules.contains_key(&inner) {
                let other = self.file_of(file, &module).filter(|other| *other != file)?;
                let mut names = vec![name.as_str()];
                names.extend(rest);
                return self.lookup(other, &names, routers, depth + 1);
            }
            module = inner;
        }
        // `a.b.router` of `import a.b`
        while let Some((next, behind)) = rest.split_first() {
            let inner = format!("{module}.{next}");
            if !self.modules.contains_key(&inner) {
                break;
            }
            module = inner;
            rest = behind;
        }
        self.lookup(self.file_of(file, &module)?, rest, routers, depth + 1)
    }

    /// The file with the function that a dotted name is.
    fn function(&self, file: usize, names: &[&str]) -> Option<usize> {
        let (last, before) = names.split_last()?;
        let has = |file: &usize| self.functions[*file].contains(last);
        let Some((head, inner)) = before.split_first() else {
            let Some(import) = self.imports[file].get(last) else { return Some(file).filter(has) };
            let name = import.name.as_deref()?;
            let other = self.file_of(file, &import.module)?;
            return Some(other).filter(|other| self.functions[*other].contains(name));
        };
        let import = self.imports[file].get(head)?;
        let parts = [Some(import.module.as_str()), import.name.as_deref()];
        let module: Vec<&str> = parts.into_iter().flatten().chain(inner.iter().copied()).collect();
        self.file_of(file, &module.join(".")).filter(has)
    }

    /// Whether a name is an argument of a function that a token stands in.
    fn is_argument(&self, file: usize, at: usize, name: &str) -> bool {
        let tokens = &self.all[file];
        let mut line = tokens.line_of(at);
        let mut indent = tokens.indent(line);
        // What stands above a function is outside of it.
        while line > 0 && indent > 0 {
            line = tokens.line_of(line - 1);
            if tokens.indent(line) >= indent {
                continue;
            }
            indent = tokens.indent(line);
            let def = if tokens.text(line + 1) == "async" { line + 2 } else { line + 1 };
            if tokens.text(def) == "def" && tokens.items(def + 2).iter().any(|item| tokens.text(*item) == name) {
                return true;
            }
        }
        false
    }

    /// What an object is that a call is made on, or with.
    fn node(&self, file: usize, at: usize, names: &[&str], graph: &Graph) -> Option<Node> {
        let [first, rest @ ..] = names else { return None };
        if rest.is_empty() && self.is_argument(file, at, first) {
            return Some((file, String::new()));
        }
        self.lookup(file, names, &graph.routers, 0)
    }

    /// A text, or what a name in an item stands for: `prefix=settings.API_PREFIX`.
    fn text(&self, file: usize, first: usize, close: usize) -> Option<String> {
        let tokens = &self.all[file];
        let end = end_of_item(tokens, first, close);
        if let Some(text) = text_item(tokens, first, close) {
            return Some(text.to_owned());
        }
        let (names, behind) = forward(tokens, first);
        let constant = self.constants.get(names.last()?).copied().flatten();
        constant.filter(|_| behind == end).map(str::to_owned)
    }

    /// The value of an argument: none without it, and nothing in it where that is no plain text.
    #[expect(
        clippy::option_option,
        reason = "an argument that is not there says something else than one that cannot be read"
    )]
    fn argument(&self, file: usize, open: usize, names: &[&str]) -> Option<Option<String>> {
        let tokens = &self.all[file];
        let close = tokens.pair(open);
        let found =
            tokens.items(open).into_iter().find(|at| names.contains(&tokens.text(*at)) && tokens.text(*at + 1) == "=");
        found.map(|at| self.text(file, at + 2, close))
    }

    /// What stands in front of the paths of a router, as the call says that makes it or hangs it somewhere.
    fn prefix(&self, file: usize, open: usize, names: &[&str]) -> Option<String> {
        // Who is asked for something first does not say that it is well.
        if self.argument(file, open, &["dependencies", "before_request"]).is_some() {
            return None;
        }
        let tokens = &self.all[file];
        let is_open_ended = tokens.items(open).iter().any(|at| tokens.text(*at) == "**");
        self.argument(file, open, names).unwrap_or((!is_open_ended).then(String::new))
    }

    /// The routers that a file makes.
    fn objects(&self, file: usize, graph: &mut Graph) {
        let tokens = &self.all[file];
        for open in 1..tokens.len() {
            if tokens.text(open) != "(" || !tokens.is_name(open - 1) {
                continue;
            }
            let class = tokens.text(open - 1);
            let is_root = ROOTS.contains(&class);
            if !is_root && !ROUTERS.contains(&class) {
                continue;
            }
            let Some(name) = self.assigned(file, open - 1) else { continue };
            let own = if is_root { Some(String::new()) } else { self.prefix(file, open, &PREFIXES) };
            graph.routers.insert((file, name.to_owned()), Router { own, is_root });
        }
    }

    /// The name that takes what a call makes, whose last name stands at a token.
    fn assigned(&self, file: usize, mut at: usize) -> Option<&'t str> {
        let tokens = &self.all[file];
        while tokens.before(at, 1) == "." && at > 1 {
            at -= 2;
        }
        if tokens.before(at, 1) == "await" {
            at -= 1;
        }
        let equals = at.checked_sub(1).filter(|at| tokens.text(*at) == "=")?;
        // `name: Type = …`, and no argument of a call.
        let (names, behind) = forward(tokens, tokens.line_of(equals) + 1);
        (behind == equals || tokens.text(behind) == ":").then(|| names.last().copied()).flatten()
    }

    /// What a file does with routers: their routes, and where it hangs them.
    fn uses(&self, file: usize, graph: &mut Graph) {
        let tokens = &self.all[file];
        for open in 1..tokens.len() {
            if tokens.text(open) != "(" || !tokens.is_name(open - 1) {
                continue;
            }
            let items = tokens.items(open);
            let Some(first) = items.first().copied() else { continue };
            let names = dotted(tokens, open - 1);
            let (method, on) = (tokens.text(open - 1), names.split_last().map(|(_, on)| on).unwrap_or_default());
            let is_method = !on.is_empty();
            match method {
                "register_blueprint" | "include_router" | "blueprint" if is_method => {
                    let close = tokens.pair(open);
                    let child = dotted(tokens, end_of_item(tokens, first, close) - 1);
                    let prefix = self.prefix(file, open, &["url_prefix", "prefix"]);
                    let replaces = method != "include_router" && self.argument(file, open, &["url_prefix"]).is_some();
                    self.mount(file, open, on, &child, prefix, replaces, graph);
                }
                "mount" | "add_subapp" | "add_router" if is_method => {
                    let close = tokens.pair(open);
                    let Some(second) = items.get(1).copied() else { continue };
                    let second = if tokens.text(second + 1) == "=" { second + 2 } else { second };
                    let child = dotted(tokens, end_of_item(tokens, second, close) - 1);
                    self.mount(file, open, on, &child, self.text(file, first, close), false, graph);
                }
                "Route" | "Mount" if !is_method => self.starlette(file, open, graph),
                "get" | "route" | "api_route" | "add_api_route" | "add_url_rule" | "add_route" | "all" => {
                    self.route(file, open, &items, on, graph);
                }
                // `register_routes(app)`
                _ => {
                    let other = self.function(file, &names).filter(|_| tokens.before(open, 2) != "def");
                    let Some(other) = other else { continue };
                    let handed = items.iter().find_map(|item| {
                        let names = [tokens.text(*item)];
                        let is_one = tokens.is_name(*item) && matches!(tokens.text(*item + 1), "," | ")");
                        is_one.then(|| self.node(file, open, &names, graph)).flatten()
                    });
                    let child = (other, String::new());
                    if let Some(parent) = handed.filter(|parent| *parent != child) {
                        graph.mounts.push(Mount { parent, child, prefix: Some(String::new()), replaces: false });
                    }
                }
            }
        }
    }

    /// Hangs a router on another one.
    #[expect(clippy::too_many_arguments, reason = "what a call says, as it stands there")]
    fn mount(
        &self,
        file: usize,
        at: usize,
        parent: &[&str],
        child: &[&str],
        prefix: Option<String>,
        replaces: bool,
        graph: &mut Graph,
    ) {
        let parent = self.node(file, at, parent, graph);
        let child = self.lookup(file, child, &graph.routers, 0);
        if let (Some(parent), Some(child)) = (parent, child) {
            graph.mounts.push(Mount { parent, child, prefix, replaces });
        }
    }

    /// A route: `@app.get("/health")`, `app.add_url_rule("/health", …)`.
    fn route(&self, file: usize, open: usize, items: &[usize], on: &[&str], graph: &mut Graph) {
        let tokens = &self.all[file];
        let is_named =
            |at: &&usize| matches!(tokens.text(**at), "path" | "rule" | "uri") && tokens.text(**at + 1) == "=";
        let first = items.iter().find(is_named).map_or(items[0], |at| at + 2);
        let Some(path) = text_item(tokens, first, tokens.pair(open)) else { return };
        // Whoever answers others only does not answer this.
        let methods = items.iter().find(|at| tokens.text(**at) == "methods").copied();
        if let Some(methods) = methods {
            let end = end_of_item(tokens, methods, tokens.pair(open));
            if !(methods..end).any(|at| tokens.string(at).is_some_and(|text| text.eq_ignore_ascii_case("get"))) {
                return;
            }
        }
        // `web.get("/health", answer)` of aiohttp and `@get("/health")` of Litestar hang on what they are given to.
        let is_bare = on == ["web"] || on.is_empty() && tokens.before(open, 2) == "@";
        let words = ["add_subapp(", "Controller)", "Router("];
        if is_bare && !self.files.iter().any(|(_, text)| words.iter().any(|word| text.contains(word))) {
            return;
        }
        if may_end(path) {
            let on = self.node(file, open, on, graph);
            graph.routes.push(Route { file, at: tokens.span(first, first), path: path.to_owned(), on });
        }
    }

    /// `Route("/health", …)` in a list, perhaps in that of a `Mount`.
    fn starlette(&self, file: usize, open: usize, graph: &mut Graph) {
        let tokens = &self.all[file];
        let close = tokens.pair(open);
        let items = tokens.items(open);
        let Some(first) = items.first().copied() else { return };
        let path = self.text(file, first, close);
        let on = self.list(file, open, graph);
        if tokens.text(open - 1) == "Route" {
            if let Some(path) = path.filter(|path| tokens.kind(first) == Some(Kind::Text) && may_end(path)) {
                graph.routes.push(Route { file, at: tokens.span(first, first), path, on });
            }
            return;
        }
        let Some(parent) = on else { return };
        // What stands in it, and what it names.
        let child = (file, format!("@{open}"));
        graph.mounts.push(Mount { parent: parent.clone(), child, prefix: path.clone(), replaces: false });
        for item in items.iter().skip(1).copied() {
            let value = if tokens.text(item + 1) == "=" { item + 2 } else { item };
            let names = dotted(tokens, end_of_item(tokens, value, close) - 1);
            let child = self.lookup(file, &names, &graph.routers, 0).or_else(|| {
                let [name] = names.as_slice() else { return None };
                Some((file, format!("[{name}]")))
            });
            if let Some(child) = child {
                graph.mounts.push(Mount { parent: parent.clone(), child, prefix: path.clone(), replaces: false });
            }
        }
    }

    /// What a list of routes is given to that a call stands in.
    fn list(&self, file: usize, at: usize, graph: &mut Graph) -> Option<Node> {
        let tokens = &self.all[file];
        let bracket = (0..at).rev().find(|open| tokens.text(*open) == "[" && tokens.pair(*open) > at)?;
        let before = tokens.before(bracket, 1);
        if before == "=" || before == "(" || before == "," {
            let outer = (0..bracket).rev().find(|open| tokens.text(*open) == "(" && tokens.pair(*open) > bracket);
            if let Some(outer) = outer {
                let class = tokens.text(outer.checked_sub(1)?);
                if class == "Mount" {
                    return Some((file, format!("@{outer}")));
                }
                if ROOTS.contains(&class) || ROUTERS.contains(&class) {
                    let name = self.assigned(file, outer - 1).map_or_else(|| format!("@{outer}"), str::to_owned);
                    let node = (file, name);
                    let is_root = ROOTS.contains(&class);
                    graph.routers.entry(node.clone()).or_insert(Router { own: Some(String::new()), is_root });
                    return Some(node);
                }
                return None;
            }
        }
        // `routes = [ … ]`, handed to whoever is made with it in this file.
        let line = tokens.line_of(bracket);
        let name = tokens.text(line + 1);
        let node = (file, format!("[{name}]"));
        let taken = (1..tokens.len()).filter(|open| tokens.text(*open) == "(").find(|open| {
            let class = tokens.before(*open, 1);
            (ROOTS.contains(&class) || ROUTERS.contains(&class))
                && tokens.items(*open).iter().any(|item| {
                    let value = if tokens.text(*item + 1) == "=" { *item + 2 } else { *item };
                    tokens.text(value) == name && matches!(tokens.text(value + 1), "," | ")")
                })
        });
        if let Some(open) = taken {
            let made = self.assigned(file, open - 1).map_or_else(|| format!("@{open}"), str::to_owned);
            let parent = (file, made);
            let is_root = ROOTS.contains(&tokens.before(open, 1));
            graph.routers.entry(parent.clone()).or_insert(Router { own: Some(String::new()), is_root });
            let is_known = graph.mounts.iter().any(|mount| mount.child == node && mount.parent == parent);
            if !is_known {
                graph.mounts.push(Mount { parent, child: node.clone(), prefix: Some(String::new()), replaces: false });
            }
        }
        Some(node)
    }
}

//! Programs for Node.js: package.json, lock files, workspaces, configurations of Next.js and Vite.

use std::collections::{BTreeMap, BTreeSet};

use semver::{Version, VersionReq};
use serde_json::Value;

use super::literal::{Literal, literal, members};
use super::scripts::{Script, is_build};
use super::{
    Fact, Forward, Program, Seen, Workspace, beside, code, frameworks, is_part, migrations, packaged, routers, workers,
    writes,
};
use crate::init::judgement::is_shown_command;
use crate::init::snapshot::{Snapshot, file_name, is_code, joined, parent};
use crate::kinds::{Kind, Kinds};

const LOCKS: [&str; 3] = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock"];

/// Packages with which programs serve.
const SERVERS: [&str; 14] = [
    "express",
    "fastify",
    "koa",
    "hono",
    "@hono/node-server",
    "@nestjs/core",
    "@hapi/hapi",
    "restify",
    "polka",
    "h3",
    "@apollo/server",
    "socket.io",
    "ws",
    "@trpc/server",
];

/// The kind that others are like.
pub(super) const NODE: &str = "node";

pub(super) fn look(snapshot: &Snapshot, kinds: &Kinds, seen: &mut Seen) {
    let Some(node) = kinds.get(NODE) else { return };
    for (path, text) in snapshot.texts_below("").filter(|(path, _)| file_name(path) == "package.json") {
        if !is_part(path) && !seen.is_built(parent(path)) {
            continue;
        }
        let Ok(package) = serde_json::from_str::<Value>(text) else {
            seen.troubles.push((path.to_owned(), "it is no JSON".to_owned()));
            continue;
        };
        if let Some(program) = program(snapshot, kinds, node, path, &package, seen) {
            seen.programs.push(program);
        }
    }
    libraries(snapshot, &mut seen.programs);
}

/// What a package.json lists.
fn dependencies(package: &Value) -> impl Iterator<Item = String> {
    let sections = ["dependencies", "devDependencies", "optionalDependencies"];
    let names = sections.into_iter().filter_map(|section| package.get(section).and_then(Value::as_object));
    names.flatten().map(|(name, _)| name.to_ascii_lowercase())
}

/// Gives every program what the packages of its own repository list that it depends on: it reads what those read.
fn libraries(snapshot: &Snapshot, programs: &mut [Program]) {
    let mut packages: BTreeMap<String, (&str, Vec<String>)> = BTreeMap::new();
    for (path, text) in snapshot.texts_below("").filter(|(path, _)| file_name(path) == "package.json") {
        let Ok(package) = serde_json::from_str::<Value>(text) else { continue };
        if let Some(name) = package.get("name").and_then(Value::as_str) {
            packages.entry(name.to_ascii_lowercase()).or_insert((path, dependencies(&package).collect()));
        }
    }
    for program in programs {
        let mut open: Vec<String> = program.packages.iter().cloned().collect();
        while let Some(name) = open.pop() {
            let Some((path, listed)) = packages.get(&name) else { continue };
            let directory = parent(path).to_owned();
            if directory == program.directory || program.libraries.contains(&directory) {
                continue;
            }
            program.libraries.push(directory);
            for name in listed {
                if program.packages.insert(name.clone()) {
                    program.listed.insert(name.clone(), (*path).to_owned());
                    open.push(name.clone());
                }
            }
        }
        program.libraries.sort();
    }
}

fn program(
    snapshot: &Snapshot,
    kinds: &Kinds,
    node: &Kind,
    path: &str,
    package: &Value,
    seen: &mut Seen,
) -> Option<Program> {
    let directory = parent(path).to_owned();
    let mut program = Program { directory: directory.clone(), from: path.to_owned(), ..Program::default() };
    program.packages.extend(dependencies(package));
    let script = |name: &str| package.pointer(&format!("/scripts/{name}")).and_then(Value::as_str);
    let (start, dev) = (script("start"), script("dev"));
    // What scripts set may be a secret.
    let all = package.get("scripts").and_then(Value::as_object).into_iter().flatten();
    for (_, text) in all.filter_map(|(name, text)| Some((name, text.as_str()?))) {
        for (name, value) in text.split_whitespace().filter_map(|word| word.split_once('=')) {
            seen.hidden.hide(name.trim_start_matches('-'), value.trim_matches(['"', '\'']));
        }
    }
    let is_of = |kind: &&Kind| {
        kind.like.as_deref() == Some(NODE) && kind.traces.packages.iter().any(|name| program.packages.contains(name))
    };
    let main = package.get("main").and_then(Value::as_str);
    let own = kinds.iter().find(is_of).filter(|kind| {
        // A server of its own may have a bundler too.
        let tool = &kind.traces.packages;
        start.is_none_or(|start| tool.iter().any(|tool| start.split_whitespace().any(|word| word == tool)))
    });
    let own = own.filter(|_| main.is_none() || start.is_none());
    // With what it needs for that, its build writes a server for Node.js.
    let framework = frameworks::of(&program, script("build"));
    let own = own.filter(|_| framework.is_none());
    let kind = own.unwrap_or(node);
    let watches = ["nodemon", "tsx", "ts-node-dev", "node ", "bun "];
    program.runs = own.is_some()
        || framework.is_some()
        || start.is_some()
        || dev.is_some_and(|dev| watches.iter().any(|tool| dev.contains(tool)))
        || SERVERS.iter().any(|server| program.packages.contains(*server));
    program.runs |= seen.is_built(&directory);
    if !program.runs {
        return None;
    }
    program.kind = Some(kind.name.clone());
    program.is_built = script("build").is_some();
    program.version = version(snapshot, &directory, package, node);
    let sources = code::sources(snapshot, &directory);
    // What only configures a tool says on which port that one listens while the program is written.
    let is_program = |path: &str| parent(path) != directory || !file_name(path).contains(".config.");
    let commands = match own {
        Some(_) => [start, dev, script("preview")],
        // The tool that builds a program serves it while it is written, on a port of its own.
        None => [start, dev.filter(|dev| !frameworks::shows(dev)), None],
    };
    let commands = commands.into_iter().flatten();
    let of_script = commands.filter_map(code::port_of_command).map(|port| Fact::seen(port, path)).next();
    program.port = match own {
        // What a bundler serves is served by another program in production.
        Some(kind) if kind.port.is_some() => of_script.filter(|_| kind.name == "nextjs"),
        _ => of_script
            .or_else(|| code::port(&sources.iter().copied().filter(|(path, _)| is_program(path)).collect::<Vec<_>>())),
    };
    if own.is_some() {
        program.health = Some(page_health(snapshot, &directory));
    } else {
        let health = routers::of_node(&sources, &program);
        (program.health, program.health_part) = (health.found, health.part);
    }
    program.is_page = own.is_some_and(|kind| kind.traces.page);
    forwards(snapshot, &directory, &mut program);
    output(snapshot, &directory, kind, package, &mut program);
    program.obstacle = frameworks::obstacle(&program);
    if kind.name == "nextjs" {
        standalone(snapshot, &directory, &mut program);
    }
    if let Some(framework) = framework {
        framework.describe(snapshot, start, &mut program);
    }
    if own.is_none() && start.is_none() && main.is_none() && framework.is_none() {
        entry(snapshot, &directory, package, &mut program);
    }
    prisma(snapshot, &directory, package, &mut program);
    lock(snapshot, &directory, &mut program);
    if program.kind.as_deref() == Some(NODE) || program.workspace.is_some() {
        beside::look(snapshot, &mut program);
    }
    if program.workspace.is_some() {
        if own.is_none() {
            program.writes = writes::look(&sources, &BTreeSet::new(), &program);
        }
        packaged::look(own.unwrap_or(node), package, &sources, &mut program);
    }
    if let Some(text) = start.filter(|_| own.is_none() && kind.name == NODE) {
        started_by(snapshot, package, text, &mut program);
    }
    if own.is_none() && program.workspace.is_none() {
        program.writes = writes::look(&sources, &BTreeSet::new(), &program);
    }
    migrations::look(snapshot, seen, package, &sources, &mut program);
    workers::look(snapshot, package, &mut program);
    if own.is_none() && framework.is_none() && is_silent(start, &sources, &program) {
        program.is_silent = true;
        program.remarks.push("whether it listens on a port: nothing in its sources does, so it gets none".to_owned());
    }
    Some(program)
}

/// Whether nothing of it listens: it takes tasks from a queue, or does something on time.
fn is_silent(start: Option<&str>, sources: &[(&str, &str)], program: &Program) -> bool {
    // Both are clients too.
    let is_server = |server: &str| !matches!(server, "ws" | "socket.io") && program.packages.contains(server);
    program.port.is_none()
        && program.health.is_none()
        && program.health_part.is_none()
        && !SERVERS.into_iter().any(is_server)
        && start.is_none_or(|start| Script::of(start).is_some_and(|script| script.runs_file()))
        && !sources.is_empty()
        && !code::listens(sources)
}

/// What its `start` script says beyond what the kind takes from package.json: the kind runs `main`, else the script as it is.
fn started_by(snapshot: &Snapshot, package: &Value, start: &str, program: &mut Program) {
    // A package of a workspace is started from its root.
    if program.workspace.is_some() {
        return;
    }
    let script = |name: &str| package.pointer(&format!("/scripts/{name}")).and_then(Value::as_str);
    let is_development = ["nest start", "nodemon", "ts-node-dev"].iter().any(|tool| start.contains(tool));
    let (name, text) = match script("start:prod").filter(|_| is_development) {
        Some(text) => ("start:prod", text),
        None => ("start", start),
    };
    let from = format!("the `{name}` script of package.json");
    let directory = program.directory.clone();
    let there = |main: &str| {
        let ends = ["", ".js", ".mjs", ".cjs", "/index.js"].iter();
        ends.map(|end| joined(&directory, &format!("{main}{end}"))).any(|path| snapshot.has(&path))
    };
    let main = package.get("main").and_then(Value::as_str).map(bare);
    let main = main.filter(|main| script("build").is_some() || there(main));
    let managed = |why: &str| {
        let manager = manager(snapshot, &directory).unwrap_or("npm");
        Fact::guess(format!("{manager} run {name}"), format!("{why} {from}"))
    };
    let Some(found) = Script::of(text) else {
        match main {
            Some(_) => program.remarks.push(format!("what {from} does beside running `main`: only a shell knows")),
            None => program.command = Some(managed("only a shell could run")),
        }
        return;
    };
    let all: Vec<String> = found.before.iter().flatten().chain(&found.words).cloned().collect();
    let is_shown = is_shown_command(&all);
    for (variable, value) in &found.env {
        if variable != "NODE_ENV" || value != "production" {
            program.env.push((variable.clone(), Fact::seen(value.clone(), from.clone())));
        }
    }
    for file in &found.env_files {
        let what =
            format!("what it reads of {file} ({from}): no image has it; check that nothing is missing in its `env`");
        program.remarks.push(what);
    }
    let steps = found.before.iter().filter(|words| is_shown && !is_build(words));
    program.before_start.extend(steps.map(|words| Fact::seen(spelled(words), from.clone())));
    // The kind leaves this one away by itself.
    let plain = ["cross-env NODE_ENV=production ", "NODE_ENV=production "];
    let plain = plain.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let is_said = match &main {
        Some(main) => matches!(found.words.as_slice(), [node, file] if node == "node" && bare(file) == *main),
        None => name == "start" && package.get("main").is_none() && found.is_plain() && plain == found.words.join(" "),
    };
    if !is_said && program.command.is_none() {
        program.command =
            Some(if is_shown { Fact::seen(spelled(&found.words), from) } else { managed("a secret may be in") });
    }
}

/// The file of a program, however it is written.
pub(super) fn bare(file: &str) -> String {
    let file = file.trim_start_matches("./").trim_end_matches('/');
    [".js", ".mjs", ".cjs"].iter().find_map(|end| file.strip_suffix(end)).unwrap_or(file).to_owned()
}

/// Words as a text that is split into them again.
pub(super) fn spelled(words: &[String]) -> String {
    // `$` is the container's own.
    let text = shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "));
    text.replace('$', "$$")
}

/// The version that something pins, else the kind's usual one where it will do.
fn version(snapshot: &Snapshot, directory: &str, package: &Value, node: &Kind) -> Option<Fact<String>> {
    let usual = node.example.get("version").and_then(toml::Value::as_str).unwrap_or_default();
    let major = |text: &str| {
        let text = text.trim().trim_start_matches(['v', '=', '^', '~']);
        let major = text.split('.').next()?.parse::<u64>().ok()?;
        Some(major.to_string())
    };
    for name in [".nvmrc", ".node-version"] {
        for directory in [directory, ""] {
            let path = joined(directory, name);
            if let Some(version) = snapshot.text(&path).and_then(major) {
                return Some(Fact::seen(version, path));
            }
        }
    }
    let path = joined(directory, "package.json");
    let engines = package.pointer("/engines/node").and_then(Value::as_str)?;
    let Ok(wanted) = VersionReq::parse(&engines.rsplit("||").next()?.trim().replace(' ', ", ").replace(">=, ", ">="))
    else {
        return Some(Fact::guess(usual.to_owned(), format!("`engines` in {path} is no range that is understood")));
    };
    let fits = |version: &&str| version.parse().is_ok_and(|major| wanted.matches(&Version::new(major, 999, 0)));
    if fits(&usual) {
        return Some(Fact::seen(usual.to_owned(), format!("{path}: {engines}")));
    }
    let newest = node.versions.iter().map(String::as_str).rev().find(fits)?;
    Some(Fact::seen(newest.to_owned(), format!("{path}: {engines}")))
}

/// What answers for a page: a route of its own, else the page itself.
fn page_health(snapshot: &Snapshot, directory: &str) -> Fact<String> {
    for path in code::HEALTH {
        let routes = ["app", "src/app"].map(|root| format!("{root}{path}/route"));
        let pages = ["pages", "src/pages"].map(|root| format!("{root}{path}"));
        // Of pages only what is below `api` answers by itself.
        let pages = pages.into_iter().filter(|_| path.starts_with("/api/"));
        for stem in routes.into_iter().chain(pages) {
            let file = ["ts", "js", "mjs", "tsx"].map(|end| joined(directory, &format!("{stem}.{end}")));
            if let Some(file) = file.into_iter().find(|file| snapshot.has(file)) {
                return Fact::seen(path.to_owned(), file);
            }
        }
    }
    Fact::guess("/".to_owned(), "the page itself")
}

/// The directory that the build writes, where a configuration says another one than the kind takes for granted.
fn output(snapshot: &Snapshot, directory: &str, kind: &Kind, package: &Value, program: &mut Program) {
    let Some(trace) = &kind.traces.build_output else { return };
    let paths = trace.files.iter().map(|name| joined(directory, name));
    let Some((path, text)) = paths.into_iter().find_map(|path| snapshot.text(&path).map(|text| (path.clone(), text)))
    else {
        return;
    };
    let usual = kind.options.get("build-output").and_then(|option| option.default.as_ref()?.as_str());
    let main = package.get("main").and_then(Value::as_str).map(|main| main.trim_start_matches("./"));
    let usual = usual.or_else(|| main.and_then(|main| Some(main.split_once('/')?.0)));
    // What the build script says comes before what the configuration does.
    let build = package.pointer("/scripts/build").and_then(Value::as_str).unwrap_or_default();
    let flag = format!("--{}", trace.key);
    let told = build.replace('=', " ");
    let told =
        told.split_whitespace().skip_while(|word| *word != flag).nth(1).map(|word| word.trim_matches(['"', '\'']));
    let found = told.map_or_else(|| literal(text, &trace.key), |told| Literal::Text(told.to_owned()));
    match found {
        Literal::Missing => {}
        Literal::Text(written) => {
            let inner = plan_path(&written);
            let Some(inner) = inner.filter(|inner| !inner.is_empty() && !inner.starts_with("..")) else {
                program.remarks.push(format!("where its build is written: `{}` in {path} leads out of it", trace.key));
                return;
            };
            // Without `main` the image has everything.
            if usual.is_some_and(|usual| usual != inner) {
                program.build_output = Some(Fact::seen(inner.clone(), path.clone()));
                let is_there = |main: &str| main.split('/').next() == inner.split('/').next();
                if let Some(main) = main.filter(|main| !is_there(main)) {
                    started(package, main, &inner, &path, program);
                }
            }
        }
        Literal::Other => {
            program.remarks.push(format!("where its build is written: `{}` in {path} is no plain text", trace.key));
        }
    }
}

/// What runs where `main` is not among what the build writes.
fn started(package: &Value, main: &str, output: &str, path: &str, program: &mut Program) {
    let start = package.pointer("/scripts/start").and_then(Value::as_str).unwrap_or_default();
    let is_written = |word: &str| word.trim_start_matches("./").starts_with(&format!("{output}/"));
    match start.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["node", file] if is_written(file) => {
            program.command = Some(Fact::seen(start.to_owned(), "the `start` script of package.json"));
        }
        _ => program.remarks.push(format!("what it runs: `main` is {main}, and by {path} the build writes {output}")),
    }
}

/// A path within the source, without what means nothing.
fn plan_path(text: &str) -> Option<String> {
    crate::plan::clean_path(text.trim_end_matches('/'))
}

/// What the development server of Vite hands on to other programs, which nothing does once the page is built.
fn forwards(snapshot: &Snapshot, directory: &str, program: &mut Program) {
    let Some((path, text)) = snapshot.configuration(directory, "vite.config") else { return };
    let Some(found) = members(text, "proxy") else {
        program.remarks.push(format!("what `proxy` in {path} hands on to others: it is no plain object"));
        return;
    };
    let port = |text: &str| {
        let behind = ["localhost:", "127.0.0.1:", "0.0.0.0:"].iter().find_map(|host| text.split_once(host))?.1;
        behind.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok()
    };
    program.forwards = found
        .into_iter()
        .map(|(prefix, to)| Forward {
            path: prefix,
            port: port(&to),
            strips: to.contains("rewrite"),
            from: path.clone(),
        })
        .collect();
}

/// Next.js is built into an image only where it is asked for the standalone output.
fn standalone(snapshot: &Snapshot, directory: &str, program: &mut Program) {
    let found = snapshot.configuration(directory, "next.config");
    if found.as_ref().is_some_and(|(_, text)| text.contains("standalone")) {
        return;
    }
    let path = found.map_or_else(|| joined(directory, "next.config.mjs"), |(path, _)| path);
    program.obstacle = Some(format!(
        "{path} does not ask for `output: \"standalone\"`; once it does, write `kind = \"nextjs\"` instead of `kind`, \
         `command` and `build-output`"
    ));
    program.kind = Some(NODE.to_owned());
    program.port = Some(program.port.take().unwrap_or_else(|| Fact::guess(3000, "Next.js' own")));
    program.command = Some(Fact::guess(
        "node_modules/.bin/next start --port ${service.port}".to_owned(),
        "Next.js without its standalone output",
    ));
    program.build_output.get_or_insert_with(|| Fact::guess(".next".to_owned(), "Next.js' own"));
}

/// What runs where package.json does not say it.
fn entry(snapshot: &Snapshot, directory: &str, package: &Value, program: &mut Program) {
    let dev = package.pointer("/scripts/dev").and_then(Value::as_str).unwrap_or_default();
    let named = dev.split_whitespace().find(|word| is_code(word) && snapshot.has(&joined(directory, word)));
    let usual = ["server.js", "index.js", "app.js", "main.js", "src/index.js", "src/server.js", "src/main.js"];
    let found = named.or_else(|| usual.into_iter().find(|name| snapshot.has(&joined(directory, name))));
    if let Some(found) = found.filter(|name| [".js", ".mjs", ".cjs"].iter().any(|end| name.ends_with(end))) {
        program.command =
            Some(Fact::guess(format!("node {found}"), "package.json has neither `main` nor a `start` script"));
    }
}

/// A client of Prisma that is generated into the source has to be generated before the build.
fn prisma(snapshot: &Snapshot, directory: &str, package: &Value, program: &mut Program) {
    let path = joined(directory, "prisma/schema.prisma");
    let Some(schema) = snapshot.text(&path) else { return };
    let scripts = package.get("scripts").and_then(Value::as_object);
    let is_done = scripts.into_iter().flatten().any(|(name, text)| {
        matches!(name.as_str(), "build" | "prebuild" | "postinstall")
            && text.as_str().is_some_and(|text| text.contains("prisma generate"))
    });
    let into_source = schema.lines().any(|line| line.contains("provider") && line.contains("\"prisma-client\""));
    if into_source && !is_done && package.pointer("/scripts/build").is_some() {
        let manager = manager(snapshot, directory).unwrap_or("npm");
        let steps = vec!["npx prisma generate".to_owned(), format!("{manager} run build")];
        program.build = Some(Fact::seen(steps, path));
    }
}

fn manager(snapshot: &Snapshot, directory: &str) -> Option<&'static str> {
    let names = ["npm", "pnpm", "yarn"];
    LOCKS.iter().zip(names).find(|(lock, _)| snapshot.has(&joined(directory, lock))).map(|(_, name)| name)
}

/// Where its lock file is: a kind builds what has one beside its package.json.
fn lock(snapshot: &Snapshot, directory: &str, program: &mut Program) {
    if manager(snapshot, directory).is_some() {
        return;
    }
    let mut above = directory;
    while !above.is_empty() {
        above = parent(above);
        if let Some(manager) = manager(snapshot, above) {
            workspace(directory, above, manager, program);
            return;
        }
    }
    program.obstacle = Some(format!(
        "{} has no lock file beside it: run `npm install --package-lock-only` there and commit the file",
        program.from
    ));
}

/// A package of a workspace: the lock of the root holds for it, so it is built from there.
fn workspace(directory: &str, root: &str, manager: &'static str, program: &mut Program) {
    let inner = directory.strip_prefix(root).unwrap_or(directory).trim_start_matches('/').to_owned();
    let place = if root.is_empty() { "the root" } else { root };
    program.remarks.push(format!(
        "its lock file stands in {place}, so it is built from there, as a part of the workspace: see whether \
         `build` and `command` are what you mean"
    ));
    program.workspace = Some(Workspace { root: root.to_owned(), inner, manager });
}

//! Services of programs that no compose file names, and what every service of a program has in common.

use indexmap::IndexMap;
use toml::Value;

use super::{Answer, Entry, Material, Proposal, Question, Service, Setting, leftovers, places, processes, slug};
use crate::diagnostics::words::quoted;
use crate::init::judgement::{demanded_address, is_harmless};
use crate::init::seen::{Built, Fact, Program};
use crate::init::snapshot::{file_name, joined};
use crate::kinds::{Class, Kind};
use crate::manifest::types::VariableType;

pub(super) fn add(proposal: &mut Proposal, material: Material<'_>) {
    let seen = material.seen;
    let is_built = seen.containers.iter().any(|container| container.build.is_some());
    let programs: Vec<&Program> = seen.programs.iter().filter(|program| program.runs).collect();
    if is_built {
        // Whoever wrote the compose files knows what belongs to the stack.
        let known = |program: &Program| {
            proposal.services.values().any(|service| {
                service.text("source").is_some_and(|source| source.trim_start_matches('.') == program.directory)
            })
        };
        let others: Vec<String> = programs
            .iter()
            .filter(|program| program.kind.is_some() && !known(program))
            .map(|program| program.directory.clone())
            .collect();
        for directory in others.into_iter().filter(|directory| !directory.is_empty()) {
            proposal.unknown(&directory, "whether it is a service: it looks like one, and no compose file builds it");
        }
        return;
    }
    let roots: Vec<&str> = programs.iter().filter_map(|p| p.workspace.as_ref()).map(|w| w.root.as_str()).collect();
    let mut of_workspace: IndexMap<String, String> = IndexMap::new();
    for program in &programs {
        // The root of a workspace only gathers its packages.
        if roots.contains(&program.directory.as_str()) && program.workspace.is_none() {
            continue;
        }
        let name = match file_name(&program.directory) {
            "" => alone(material, program).to_owned(),
            name => slug(name),
        };
        let name = proposal.free_name(&name);
        let service = of(proposal, material, program, &name, &mut of_workspace);
        let is_python = program.kind.as_deref() == Some("python");
        let workers = if is_python && service.obstacle.is_none() {
            processes::workers(program, &name, programs.len() == 1)
        } else {
            Vec::new()
        };
        let stages = beside(program, &name);
        // A program without anything that serves is its worker.
        if program.app.is_none() && program.command.is_none() && program.celery.is_some() && stages.is_empty() {
            processes::standalone_worker(proposal, program, service, &name);
            continue;
        }
        let is_built = service.obstacle.is_none() && !service.keys.contains_key("dockerfile");
        proposal.services.insert(name.clone(), service);
        // Whoever wrote a stage for a process has thought of how it is started.
        for (name, worker) in if stages.is_empty() { workers } else { stages } {
            let name = proposal.free_name(&name);
            proposal.services.insert(name, worker);
        }
        processes::further(proposal, material, program, &name, (is_built, programs.len() == 1));
    }
    processes::add(proposal, material);
}

/// The name of a program at the root.
fn alone(material: Material<'_>, program: &Program) -> &'static str {
    let kind = program.kind.as_deref().and_then(|kind| material.kinds.get(kind));
    if kind.is_some_and(|kind| kind.traces.page) { "web" } else { "app" }
}

fn of(
    proposal: &mut Proposal,
    material: Material<'_>,
    program: &Program,
    name: &str,
    of_workspace: &mut IndexMap<String, String>,
) -> Service {
    let mut service = Service { about: Some(program.from.clone()), ..Service::default() };
    let shown = if program.directory.is_empty() { "." } else { program.directory.as_str() };
    let kept = program.dockerfile.as_ref().filter(|built| !built.is_ours);
    if let Some(workspace) = program.workspace.as_ref().filter(|_| kept.is_none()) {
        let first = of_workspace.entry(workspace.root.clone()).or_insert_with(|| name.to_owned()).clone();
        self::workspace(program, workspace, &first, name, &mut service);
    } else {
        if let Some(kind_name) = program.kind.clone() {
            kind(proposal, material, program, &kind_name, kept.is_some(), &mut service);
        }
        service.set("source", Entry::new(shown.to_owned()));
        if kept.is_none() {
            include(program, "", &mut service);
        }
        if let Some(built) = kept {
            let note = if program.kind.is_some() {
                "yours; without this line (and the file) stackgen writes one"
            } else {
                "yours"
            };
            service.set("dockerfile", Entry::noted(built.name.clone(), note));
            stage(proposal, built, name, &mut service);
        }
    }
    for remark in &program.remarks {
        proposal.unknown(name, remark.clone());
    }
    if let Some(obstacle) = program.obstacle.as_ref().filter(|_| kept.is_none()) {
        proposal.unknown(name, obstacle.clone());
        // Without a lock file nothing can be built; what is left out of a configuration is only told.
        if ["lock file", "`uvicorn`", "`@sveltejs/adapter-node`"].iter().any(|word| obstacle.contains(word)) {
            service.obstacle = Some(obstacle.clone());
        }
    }
    let process =
        material.seen.processes.iter().find(|process| processes::is_of(process, program) && process.name == "web");
    if let Some(process) = process.filter(|_| kept.is_none()) {
        processes::of_process(proposal, process, name, &mut service);
    }
    if kept.is_none()
        && !service.keys.contains_key("app")
        && !service.keys.contains_key("command")
        && !service.keys.contains_key("extends")
    {
        command(program, &mut service);
    }
    let known = program.kind.as_deref().and_then(|kind| material.kinds.get(kind));
    port(proposal, material, program, known, name, &mut service);
    if !service.keys.contains_key("extends") || program.workspace.is_some() {
        let is_kept_probe = kept.is_some_and(|built| built.has_health);
        if !is_kept_probe || program.health.is_some() && program.kind.is_some() {
            health(proposal, Some(program), name, &mut service);
        }
    }
    if kept.is_none() && program.workspace.is_none() {
        before_start(program, &mut service);
    }
    if kept.is_none() {
        set_in_front(proposal, &program.env, name, &mut service);
    }
    if kept.is_none() {
        places::writes(proposal, material, program, name, &mut service);
    }
    places::hosts(proposal, material, program, name, &mut service);
    if service.keys.contains_key("publish")
        && let Some((variable, library)) = demanded_address(program.packages.iter())
    {
        let setting = leftovers::own_address(proposal, name, variable, library);
        service.env.entry(variable.to_owned()).or_insert(setting);
    }
    service
}

/// Which stage of its Dockerfile is built, and the volumes that it asks for.
fn stage(proposal: &mut Proposal, built: &Built, name: &str, service: &mut Service) {
    if let Some(target) = &built.target {
        let note = format!("guess: of its stages the one that serves, beside {}", quoted(&built.beside));
        service.set("target", Entry::noted(target.clone(), note));
    } else if let Some(last) = built.open.last() {
        let what = format!(
            "which stage of {} is meant: it has {}, and the last one, `{last}`, is built; write `target` for another",
            built.path,
            quoted(&built.open)
        );
        proposal.unknown(name, what);
    }
    if !built.volumes.is_empty() {
        let volume = |path: &String| Value::from(format!("{name}-{}:{path}", slug(path.trim_matches('/'))));
        let all: Vec<Value> = built.volumes.iter().map(volume).collect();
        service.set("volumes", Entry::noted(all, format!("from `VOLUME` in {}", built.path)));
    }
}

/// The stages of its Dockerfile that run beside the one that serves.
fn beside(program: &Program, name: &str) -> Vec<(String, Service)> {
    let built = program.dockerfile.as_ref().filter(|built| !built.is_ours);
    let all = built.into_iter().flat_map(|built| built.beside.iter().map(move |stage| (built, stage)));
    let service = |(built, stage): (&Built, &String)| {
        let mut service = Service { about: Some(built.path.clone()), ..Service::default() };
        service.set("extends", Entry::noted(name.to_owned(), "guess: another stage of the same Dockerfile"));
        service.set("target", Entry::new(stage.clone()));
        (stage.clone(), service)
    };
    all.map(service).collect()
}

/// What is set in front of its command, but for the port, which every program of a kind is told.
pub(super) fn set_in_front(proposal: &mut Proposal, env: &[(String, Fact<String>)], name: &str, service: &mut Service) {
    for (variable, fact) in env {
        if variable == "PORT" && service.port.is_some() {
            continue;
        }
        let setting = if is_harmless(variable, &fact.value) && !fact.value.contains('$') {
            Setting::Value(Entry::of(fact))
        } else {
            proposal.unknown(name, format!("what `{variable}` is: its value in {} is not copied", fact.from));
            proposal.declare(variable, None, Some(fact.note()));
            Setting::Own(Some(fact.note()))
        };
        service.env.insert(variable.clone(), setting);
    }
}

/// What runs before it.
pub(super) fn before_start(program: &Program, service: &mut Service) {
    if !program.before_start.is_empty() {
        let all: Vec<Value> = program.before_start.iter().map(|step| Value::from(step.value.clone())).collect();
        let note = program.before_start.first().map(Fact::note).unwrap_or_default();
        service.set("before-start", Entry::noted(all, note));
    }
}

/// What says how a program is built.
pub(super) fn kind(
    _proposal: &mut Proposal,
    material: Material<'_>,
    program: &Program,
    name: &str,
    is_kept: bool,
    service: &mut Service,
) {
    service.set("kind", Entry::noted(name.to_owned(), format!("from {}", program.from)));
    let usual = material.kinds.get(name).and_then(|kind| kind.example.get("version")).cloned();
    match &program.version {
        Some(version) => service.set("version", Entry::of(version)),
        None => {
            if let Some(usual) = usual {
                service.set("version", Entry::noted(usual, "guess: nothing pins it"));
            }
        }
    }
    if is_kept {
        // What its Dockerfile runs is what one that is generated would have to be told.
        if let Some(built) = &program.dockerfile
            && let Some(words) = built.command.as_deref().and_then(shlex::split)
            && material.kinds.get(name).is_some_and(|kind| kind.options.contains_key("app"))
        {
            processes::uvicorn(&words, service, &built.path);
        }
        return;
    }
    if let Some(app) = &program.app {
        service.set("app", Entry::of(app));
    }
    if let Some(build) = &program.build {
        let steps: Vec<Value> = build.value.iter().map(|step| Value::from(step.clone())).collect();
        service.set("build", Entry::noted(steps, build.note()));
    }
    if let Some(output) = &program.build_output {
        service.set("build-output", Entry::of(output));
    }
}

/// What its image gets beside what its kind takes by itself; the source lies `below` the build context.
pub(super) fn include(program: &Program, below: &str, service: &mut Service) {
    if let Some(include) = &program.include {
        let paths: Vec<Value> = include.value.iter().map(|path| Value::from(joined(below, path))).collect();
        service.set("include", Entry::noted(paths, include.note()));
    }
}

/// A package that is installed together with others, from where their lock file is.
fn workspace(
    program: &Program,
    workspace: &crate::init::seen::Workspace,
    first: &str,
    name: &str,
    service: &mut Service,
) {
    if first == name {
        service.set("kind", Entry::noted("node", format!("from {}", program.from)));
        if let Some(version) = &program.version {
            service.set("version", Entry::of(version));
        } else {
            service.set("version", Entry::noted("22", "guess: nothing pins it"));
        }
        let root = if workspace.root.is_empty() { "." } else { workspace.root.as_str() };
        service.set("source", Entry::noted(root, "guess: where the lock file is"));
        // What is installed before the source is there knows nothing of its packages.
        let build: Vec<Value> = match workspace.manager {
            "npm" => ["npm ci", "npm run build --workspaces --if-present"],
            "pnpm" => ["pnpm install --frozen-lockfile", "pnpm --recursive --if-present run build"],
            _ => ["yarn install --frozen-lockfile", "yarn workspaces run build"],
        }
        .into_iter()
        .map(Value::from)
        .collect();
        service.set("build", Entry::noted(build, "guess: all packages, where they are all there"));
        include(program, "", service);
    } else {
        service.set("extends", Entry::noted(first, "guess: one image for the whole workspace"));
    }
    command(program, service);
    service.inner = Some(program.directory.clone());
}

/// The port that it listens on: what is seen, else what such programs have, each once.
fn port(
    proposal: &mut Proposal,
    material: Material<'_>,
    program: &Program,
    kind: Option<&Kind>,
    name: &str,
    service: &mut Service,
) {
    let is_web = program.app.is_some()
        || program.port.is_some()
        || service.text("command").is_some_and(|command| command.contains("${service.port}"))
        || kind.is_some_and(|kind| kind.like.is_some() || kind.name == "node" && !program.is_silent);
    if program.kind.is_none() && !program.is_audited {
        proposal.unknown(name, "which variables it reads: its language is none that is looked at");
    }
    if !is_web {
        if program.kind.is_none() {
            proposal.unknown(name, "whether it listens on a port: nothing says so");
        }
        return;
    }
    // The usual one of its kind, else that of the kind's example.
    let of_example = || kind?.example.get("port")?.as_integer().and_then(|port| u16::try_from(port).ok());
    let usual = kind.and_then(|kind| kind.port).or_else(of_example).unwrap_or(3000);
    let key = format!("port of {name}");
    let given = material.answers.get(&key).and_then(|answer| answer.parse::<u16>().ok());
    let (port, entry) = match (&program.port, given) {
        (Some(fact), _) if !proposal.services.values().any(|other| other.port == Some(fact.value)) => {
            (fact.value, Entry::noted(i64::from(fact.value), fact.note()))
        }
        (_, Some(port)) => (port, Entry::new(i64::from(port))),
        (Some(fact), None) => {
            // Two programs that were never run side by side.
            let port = free_port(proposal, fact.value);
            (
                port,
                Entry::noted(i64::from(port), format!("from {}: {}, which another service has", fact.from, fact.value)),
            )
        }
        (None, None) => {
            let port = free_port(proposal, usual);
            service.is_port_guessed = true;
            if kind.is_none_or(|kind| kind.like.is_none()) {
                let question = Question { key, default: port.to_string(), answer: Answer::Port };
                proposal.question(name, format!("on which port it listens: {port} is only a usual one"), question);
            }
            (port, Entry::noted(i64::from(port), "guess: nothing says which"))
        }
    };
    service.set("port", entry);
    service.port = Some(port);
    service.published = vec![(port, port)];
    service.set("publish", Entry::noted(true, "on 127.0.0.1"));
}

/// A port that no service has: this one, or the next.
pub(super) fn free_port(proposal: &Proposal, wanted: u16) -> u16 {
    let is_free = |port: &u16| {
        let taken =
            |service: &Service| service.port == Some(*port) || service.published.iter().any(|(host, _)| host == port);
        !proposal.services.values().any(taken)
    };
    (wanted..u16::MAX).find(is_free).unwrap_or(wanted)
}

/// The path that says that it is well.
pub(super) fn health(proposal: &mut Proposal, program: Option<&Program>, name: &str, service: &mut Service) {
    if let Some(fact) = program.and_then(|program| program.health.as_ref()).filter(|_| service.port.is_some()) {
        if !service.keys.contains_key("health") && program.is_some_and(|program| program.kind.is_some()) {
            service.set("health", Entry::of(fact));
        }
        return;
    }
    if service.port.is_none() || service.keys.contains_key("health") || service.kind().is_none() {
        return;
    }
    let question = Question { key: format!("health path of {name}"), default: String::new(), answer: Answer::Path };
    if let Some((path, from)) = program.and_then(|program| program.health_part.as_ref()) {
        let note = format!("`{path}` in {from} stands on a router, and nothing says where that hangs");
        service.set("health", Entry::noted(false, note));
        let what = format!(
            "on which path it says that it is well: `{path}` in {from} is only the end of it, as far as its sources show"
        );
        proposal.question(name, what, question);
        return;
    }
    service.set("health", Entry::noted(false, "no path that says whether it is well was found"));
    proposal.question(name, "on which path it says that it is well", question);
}

/// What it runs, as its sources show it.
pub(super) fn command(program: &Program, service: &mut Service) {
    if let Some(command) = &program.command {
        service.set("command", Entry::of(command));
    }
}

/// The name of the variable for an option of a service: `DB_PASSWORD`.
pub(super) fn variable_of(service: &str, option: &str) -> String {
    format!("{service}_{option}").to_ascii_uppercase().replace('-', "_")
}

/// What a kind must be told and nothing said, as its example has it; the secrets among that.
pub(super) fn required_options(proposal: &mut Proposal, name: &str, kind: &Kind, service: &mut Service) -> Vec<String> {
    let mut secrets = Vec::new();
    for (option, definition) in kind.options.iter().filter(|(_, definition)| definition.required) {
        if service.keys.contains_key(option) || service.tables.contains_key(option) {
            continue;
        }
        let Some(value) = kind.example.get(option).cloned() else { continue };
        let format = definition.format.map(|format| match format {
            VariableType::UrlSafe => "url-safe",
            VariableType::Email => "email",
            _ => "string",
        });
        for variable in value.as_str().map(crate::compose::interpolation::names).unwrap_or_default() {
            let declared = proposal.declare(&variable, None, Some(format!("guess: {name} needs one")));
            declared.is_secret |= definition.secret;
            declared.kind = declared.kind.or(format.filter(|format| *format != "string"));
            if definition.secret {
                secrets.push(variable);
            }
        }
        if kind.class == Class::Proxy {
            let inner = value.as_table().cloned().unwrap_or_default();
            let entries = inner.into_iter().map(|(key, value)| (key, Entry::noted(value, "guess: nothing says which")));
            service.tables.insert(option.clone(), entries.collect());
        } else {
            service.set(option, Entry::new(value));
        }
    }
    secrets
}

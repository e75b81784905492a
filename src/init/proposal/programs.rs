//! Services of programs that no compose file names, and what every service of a program has in common.

use indexmap::IndexMap;
use toml::Value;

use super::{Answer, Entry, Material, Proposal, Question, Service, Setting, places, slug};
use crate::init::judgement::{is_harmless, is_shown_command};
use crate::init::seen::{Process, Program};
use crate::init::snapshot::file_name;
use crate::kinds::{Class, Kind};
use crate::manifest::types::VariableType;

/// The kind that runs other processes of a Python program.
const CELERY: &str = "celery";

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
            workers(program, &name, programs.len() == 1)
        } else {
            Vec::new()
        };
        // A program without anything that serves is its worker.
        if program.app.is_none() && program.command.is_none() && program.celery.is_some() {
            standalone_worker(proposal, program, service, &name);
            continue;
        }
        proposal.services.insert(name, service);
        for (name, worker) in workers {
            let name = proposal.free_name(&name);
            proposal.services.insert(name, worker);
        }
    }
    processes(proposal, material);
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
        if let Some(built) = kept {
            let note = if program.kind.is_some() {
                "yours; without this line (and the file) stackgen writes one"
            } else {
                "yours"
            };
            service.set("dockerfile", Entry::noted(built.name.clone(), note));
        }
    }
    for remark in &program.remarks {
        proposal.unknown(name, remark.clone());
    }
    if let Some(obstacle) = program.obstacle.as_ref().filter(|_| kept.is_none()) {
        proposal.unknown(name, obstacle.clone());
        // Without a lock file nothing can be built; what is left out of a configuration is only told.
        if obstacle.contains("lock file") || obstacle.contains("`uvicorn`") {
            service.obstacle = Some(obstacle.clone());
        }
    }
    let process = material.seen.processes.iter().find(|process| is_of(process, program) && process.name == "web");
    if let Some(process) = process.filter(|_| kept.is_none()) {
        of_process(proposal, process, name, &mut service);
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
        set_in_front(proposal, program, name, &mut service);
    }
    if kept.is_none() {
        places::writes(proposal, material, program, name, &mut service);
        places::hosts(proposal, material, program, name, &mut service);
    }
    service
}

/// What is set in front of its command, but for the port, which every program of a kind is told.
fn set_in_front(proposal: &mut Proposal, program: &Program, name: &str, service: &mut Service) {
    for (variable, fact) in &program.env {
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
        let note = program.before_start.first().map(crate::init::seen::Fact::note).unwrap_or_default();
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

/// A package that is installed together with others, from where their lock file is.
fn workspace(
    program: &Program,
    workspace: &crate::init::seen::Workspace,
    first: &str,
    name: &str,
    service: &mut Service,
) {
    let inner = &workspace.inner;
    let run = match workspace.manager {
        "npm" => format!("npm run start --workspace {inner}"),
        "pnpm" => format!("pnpm --dir {inner} run start"),
        _ => format!("yarn --cwd {inner} run start"),
    };
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
    } else {
        service.set("extends", Entry::noted(first, "guess: one image for the whole workspace"));
    }
    service.set("command", Entry::noted(run, "guess: the `start` script of the package"));
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
    if program.kind.is_none() {
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
    service.set("health", Entry::noted(false, "no path that says whether it is well was found"));
    let question = Question { key: format!("health path of {name}"), default: String::new(), answer: Answer::Path };
    proposal.question(name, "on which path it says that it is well", question);
}

/// What it runs, as its sources show it.
pub(super) fn command(program: &Program, service: &mut Service) {
    if let Some(command) = &program.command {
        service.set("command", Entry::of(command));
    }
}

/// Whether a line of a Procfile is about this program: they lie together.
fn is_of(process: &Process, program: &Program) -> bool {
    crate::init::snapshot::parent(&process.from) == program.directory
}

/// What a Procfile says of a process.
fn of_process(proposal: &mut Proposal, process: &Process, name: &str, service: &mut Service) {
    let from = &process.from;
    for variable in &process.names {
        proposal.declare(variable, None, Some(format!("from {from}")));
        service.env.insert(variable.clone(), Setting::Own(Some(format!("from {from}"))));
    }
    let words: Vec<String> =
        process.words.iter().map(|word| word.replace("${PORT}", "$PORT").replace("$PORT", "${service.port}")).collect();
    if uvicorn(&words, service, from) || celery(&words, service, from) {
        service.keys.shift_remove("command");
        return;
    }
    if !is_shown_command(&words) {
        proposal.unknown(name, format!("its command: the one in {from} may have a secret in it, so it is not copied"));
        return;
    }
    let is_shell = words.iter().any(|word| word.contains('$') && !word.contains("${service."))
        || words.iter().any(|word| {
            matches!(word.as_str(), "&&" | "||" | ";" | "|" | "cd")
                || word.contains('$') && !word.contains("${service.")
        });
    if words.is_empty() {
        return;
    }
    if is_shell {
        // `$` is the container's own then, but for the port, which is known.
        let text = process.text.replace("${PORT}", "$PORT").replace('$', "$$").replace("$$PORT", "${service.port}");
        let words: Vec<Value> = ["sh", "-c", &text].into_iter().map(Value::from).collect();
        service.keys.shift_remove("app");
        service.set("command", Entry::noted(words, format!("from {from}: it needs a shell")));
        return;
    }
    // A program that only its package runs is known by its package already.
    if words.first().is_some_and(|word| matches!(word.as_str(), "npm" | "yarn" | "pnpm")) && service.kind().is_some() {
        return;
    }
    let mut words = words;
    let binds = ["--bind", "-b", "--port", "-p"];
    let serves = ["gunicorn", "hypercorn"].contains(&words[0].as_str());
    if serves
        && !words.iter().any(|word| binds.iter().any(|flag| word == flag || word.starts_with(&format!("{flag}="))))
    {
        words.extend(["--bind".to_owned(), "0.0.0.0:${service.port}".to_owned()]);
    }
    service.keys.shift_remove("app");
    service.set("command", Entry::noted(joined(&words), format!("from {from}")));
}

/// Words as a text that is split into them again.
fn joined(words: &[String]) -> String {
    shlex::try_join(words.iter().map(String::as_str))
        .unwrap_or_else(|_| words.join(" "))
        .replace("'0.0.0.0:${service.port}'", "0.0.0.0:${service.port}")
        .replace("'${service.port}'", "${service.port}")
}

/// The other processes of Procfiles.
fn processes(proposal: &mut Proposal, material: Material<'_>) {
    for process in &material.seen.processes {
        let Some(program) = material.seen.programs.iter().find(|program| is_of(process, program)) else {
            proposal
                .unknown(&process.from, format!("what `{}` is a process of: no program lies beside it", process.name));
            continue;
        };
        let source = if program.directory.is_empty() { "." } else { program.directory.as_str() };
        let main = proposal.services.iter().find(|(_, service)| service.text("source") == Some(source));
        let Some(main) = main.map(|(name, _)| name.clone()) else { continue };
        match process.name.as_str() {
            "web" => {}
            "release" => {
                if is_shown_command(&process.words)
                    && let Some(service) = proposal.services.get_mut(&main)
                {
                    let step = Value::from(joined(&process.words));
                    service.set("before-start", Entry::noted(vec![step], format!("from {}", process.from)));
                }
            }
            name => {
                let mut service = Service { about: Some(process.from.clone()), ..Service::default() };
                service.set("extends", Entry::noted(main.clone(), format!("from {}", process.from)));
                of_process(proposal, process, name, &mut service);
                // The command of the other one is never its own.
                if !service.keys.contains_key("command")
                    && !service.keys.contains_key("kind")
                    && !service.keys.contains_key("app")
                {
                    service.obstacle = Some(format!("its command in {} is yours to write", process.from));
                }
                let is_celery = service.kind() == Some(CELERY);
                let is_beat = service.text("role") == Some("beat");
                // The same process, as it was found in the sources.
                let same = proposal.services.iter().find(|(_, known)| {
                    is_celery && known.kind() == Some(CELERY) && (known.text("role") == Some("beat")) == is_beat
                });
                if let Some(known) = same.map(|(name, _)| name.clone()) {
                    proposal.services.shift_remove(&known);
                }
                let name = proposal.free_name(name);
                proposal.services.insert(name, service);
            }
        }
    }
}

/// The worker and the scheduler of a program with Celery.
fn workers(program: &Program, main: &str, is_alone: bool) -> Vec<(String, Service)> {
    let Some(celery) = program.celery.as_ref().filter(|_| program.app.is_some() || program.command.is_some()) else {
        return Vec::new();
    };
    let one = |role: Option<&str>, from: &str| {
        let mut service = Service { about: Some(from.to_owned()), ..Service::default() };
        service.set("extends", Entry::new(main.to_owned()));
        service.set("kind", Entry::noted(CELERY, format!("from {from}")));
        service.set("app", Entry::of(&celery.app));
        if let Some(role) = role {
            service.set("role", Entry::new(role.to_owned()));
        }
        service
    };
    let named = |word: &str| if is_alone || !word.is_empty() { word.to_owned() } else { format!("{main}-{word}") };
    let mut all = vec![(named("worker"), one(None, &celery.app.from))];
    if let Some(from) = &celery.schedule {
        all.push((named("scheduler"), one(Some("beat"), from)));
    }
    all
}

/// A program that has nothing but its worker.
fn standalone_worker(proposal: &mut Proposal, program: &Program, mut service: Service, name: &str) {
    let Some(celery) = &program.celery else { return };
    let run = format!("celery --app {} worker --loglevel info", celery.app.value);
    service.set("command", Entry::noted(run, celery.app.note()));
    for key in ["health", "port", "publish"] {
        service.keys.shift_remove(key);
    }
    service.port = None;
    proposal.services.insert(name.to_owned(), service);
    if let Some(from) = &celery.schedule {
        let mut beat = Service { about: Some(from.clone()), ..Service::default() };
        beat.set("extends", Entry::new(name.to_owned()));
        beat.set("kind", Entry::noted(CELERY, format!("from {from}")));
        beat.set("app", Entry::of(&celery.app));
        beat.set("role", Entry::new("beat"));
        let name = proposal.free_name("scheduler");
        proposal.services.insert(name, beat);
    }
}

/// The options of a command that starts Celery; whether it is one.
pub(super) fn celery(words: &[String], service: &mut Service, from: &str) -> bool {
    let Some(start) = words.iter().position(|word| word == "celery" || word.ends_with("/celery")) else { return false };
    let words = &words[start..];
    let role = words.iter().find(|word| matches!(word.as_str(), "worker" | "beat"));
    let value = |flags: &[&str]| {
        words.iter().enumerate().find_map(|(at, word)| {
            let (flag, glued) = word.split_once('=').map_or((word.as_str(), None), |(flag, value)| (flag, Some(value)));
            if !flags.contains(&flag) {
                return None;
            }
            glued.map(str::to_owned).or_else(|| words.get(at + 1).cloned())
        })
    };
    let (Some(role), Some(app)) = (role, value(&["-A", "--app"])) else { return false };
    let from = format!("from {from}");
    service.set("kind", Entry::noted(CELERY, from));
    service.set("app", Entry::new(app));
    if role == "beat" {
        service.set("role", Entry::new("beat"));
        if let Some(scheduler) = value(&["--scheduler", "-S"]) {
            service.set("scheduler", Entry::new(scheduler));
        }
        return true;
    }
    if let Some(queues) = value(&["-Q", "--queues"]) {
        let queues: Vec<Value> = queues.split(',').map(|queue| Value::from(queue.trim())).collect();
        service.set("consumes", Entry::new(queues));
    }
    if let Some(concurrency) = value(&["-c", "--concurrency"]).and_then(|text| text.parse::<i64>().ok()) {
        service.set("concurrency", Entry::new(concurrency));
    }
    true
}

/// The options of a command that starts uvicorn and nothing else; whether it is one.
pub(super) fn uvicorn(words: &[String], service: &mut Service, from: &str) -> bool {
    let Some(at) = words.iter().position(|word| word == "uvicorn") else { return false };
    let Some(app) = words[at + 1..].iter().find(|word| {
        word.contains(':') && !word.contains('.') | !word.starts_with('-') && !word.starts_with("0.0.0.0")
    }) else {
        return false;
    };
    if app.starts_with('-') || words.iter().any(|word| word == "--factory") || service.keys.contains_key("dockerfile") {
        return false;
    }
    service.keys.shift_remove("command");
    service.set("app", Entry::noted(app.clone(), format!("from {from}")));
    let workers =
        words.iter().position(|word| word == "--workers").and_then(|at| words.get(at + 1)?.parse::<i64>().ok());
    if let Some(workers) = workers.filter(|workers| *workers > 1) {
        service.set("workers", Entry::new(workers));
    }
    true
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

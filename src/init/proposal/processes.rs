//! Processes of programs: those of Procfiles, and the workers and schedulers of Celery.

use toml::Value;

use super::programs::set_in_front;
use super::{Entry, Material, Proposal, Service, Setting};
use crate::init::judgement::is_shown_command;
use crate::init::seen::{Process, Program};

pub(super) mod celery;

/// The kind that runs other processes of a Python program.
const CELERY: &str = "celery";

/// Whether a line of a Procfile is about this program: they lie together.
pub(super) fn is_of(process: &Process, program: &Program) -> bool {
    crate::init::snapshot::parent(&process.from) == program.directory
}

/// What a Procfile says of a process.
pub(super) fn of_process(proposal: &mut Proposal, process: &Process, name: &str, service: &mut Service) {
    let from = &process.from;
    for variable in &process.names {
        proposal.declare(variable, None, Some(format!("from {from}")));
        service.env.insert(variable.clone(), Setting::Own(Some(format!("from {from}"))));
    }
    let words: Vec<String> =
        process.words.iter().map(|word| word.replace("${PORT}", "$PORT").replace("$PORT", "${service.port}")).collect();
    if uvicorn(&words, service, from) {
        service.keys.shift_remove("command");
        return;
    }
    if celery::of(proposal, name, &words, false, service, from) {
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
pub(super) fn add(proposal: &mut Proposal, material: Material<'_>) {
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
                if !is_shown_command(&process.words) {
                    let what = format!(
                        "what `release` in {} does before the start: it may have a secret in it, so it is not copied",
                        process.from
                    );
                    proposal.unknown(&main, what);
                } else if let Some(service) = proposal.services.get_mut(&main) {
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
pub(super) fn workers(program: &Program, main: &str, is_alone: bool) -> Vec<(String, Service)> {
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

/// What the scripts of a program start beside it, where its image is one that stackgen builds.
pub(super) fn further(
    proposal: &mut Proposal,
    material: Material<'_>,
    program: &Program,
    main: &str,
    (is_built, is_alone): (bool, bool),
) {
    for further in &program.further {
        // A Procfile says it too.
        let is_same =
            |process: &Process| is_of(process, program) && crate::init::proposal::slug(&process.name) == further.name;
        if material.seen.processes.iter().any(is_same) {
            continue;
        }
        let command = &further.command;
        if !is_built {
            proposal.unknown(
                main,
                format!(
                    "whether something runs beside it: {} does (a service that `extends` it, with `command = \"{}\"`)",
                    command.from, command.value
                ),
            );
            continue;
        }
        let name = if is_alone { further.name.clone() } else { format!("{main}-{}", further.name) };
        let name = proposal.free_name(&name);
        let mut service = Service { about: Some(program.from.clone()), ..Service::default() };
        service.set("extends", Entry::noted(main.to_owned(), "the same image"));
        service.set("command", Entry::of(command));
        set_in_front(proposal, &further.env, &name, &mut service);
        proposal.services.insert(name, service);
    }
}

/// A program that has nothing but its worker.
pub(super) fn standalone_worker(proposal: &mut Proposal, program: &Program, mut service: Service, name: &str) {
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

/// The options of a command that starts uvicorn and nothing else; whether it is one.
pub(super) fn uvicorn(words: &[String], service: &mut Service, from: &str) -> bool {
    let Some(at) = words.iter().position(|word| word == "uvicorn") else { return false };
    let Some(app) = words[at + 1..].iter().find(|word| {
        word.contains(':') && !word.contains('.') | !word.starts_with('-') && !word.starts_with("0.0.0.0")
    }) else {
        return false;
    };
    let is_other = app.starts_with('-') || words.iter().any(|word| word == "--factory");
    if is_other || service.keys.contains_key("dockerfile") || !is_shown_command(words) {
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

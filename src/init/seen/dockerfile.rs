//! Dockerfiles: what an image is built from, what it listens on, and whether a person wrote it.

use super::{Fact, Program, Seen, is_ours, is_part};
use crate::dockerfile::{Dockerfile, Instruction, Keyword};
use crate::init::snapshot::{Snapshot, file_name, is_code, is_dockerfile, parent};

/// What a Dockerfile says.
#[derive(Debug, Clone, Default)]
pub(in crate::init) struct Built {
    /// Where it lies.
    pub(in crate::init) path: String,
    /// Its name, as builds in its directory know it.
    pub(in crate::init) name: String,
    pub(in crate::init) port: Option<u16>,
    /// Whether it says how to ask whether the container is well.
    pub(in crate::init) has_health: bool,
    /// The path that this asks.
    pub(in crate::init) health: Option<String>,
    /// The version behind the image of a runtime: `node`, `python`.
    pub(in crate::init) runtime: Option<(String, String)>,
    /// Whether stackgen wrote it.
    pub(in crate::init) is_ours: bool,
    /// The command, where it is in exec form or simple.
    pub(in crate::init) command: Option<String>,
    /// The user it ends with.
    pub(in crate::init) user: Option<String>,
    /// Variables that it sets for whatever runs.
    pub(in crate::init) names: Vec<String>,
    /// Directories for which it asks for a volume.
    pub(in crate::init) volumes: Vec<String>,
    /// The stages that can be run, where there are several and nothing shows which of them is meant.
    pub(in crate::init) open: Vec<String>,
    /// The stage that serves, where others run beside it.
    pub(in crate::init) target: Option<String>,
    /// Those that run beside it.
    pub(in crate::init) beside: Vec<String>,
}

/// Stages that are there for whoever works on a program, whatever they run.
const OF_WORK: [&str; 18] = [
    "base",
    "build",
    "builder",
    "deps",
    "dependencies",
    "dev",
    "develop",
    "development",
    "local",
    "debug",
    "test",
    "tests",
    "testing",
    "lint",
    "ci",
    "migrate",
    "migrations",
    "watch",
];

/// Programs that only a Dockerfile shows, and what Dockerfiles say of the others.
pub(super) fn look(snapshot: &Snapshot, seen: &mut Seen) {
    let all = snapshot.texts_below("").filter(|(path, _)| is_dockerfile(file_name(path)));
    for (path, text) in all {
        if !is_part(path) && !seen.is_built(parent(path)) {
            continue;
        }
        let directory = parent(path);
        let built = match seen.build_of(path) {
            // Whoever wrote the compose file has chosen.
            Some(build) => read(path, text, build.target.as_deref()),
            None => chosen(path, text),
        };
        let is_plain = matches!(built.name.as_str(), "Dockerfile" | "Containerfile");
        match seen.programs.iter_mut().find(|program| program.directory == directory) {
            // The plain one is the one that is meant.
            Some(program) if program.dockerfile.is_none() || is_plain => take(program, built),
            None if is_plain => {
                let mut program = Program {
                    directory: directory.to_owned(),
                    from: path.to_owned(),
                    runs: !built.is_ours,
                    is_audited: is_audited(snapshot, directory),
                    ..Program::default()
                };
                let texts = snapshot.texts_below(directory);
                program.health = super::code::health(&texts.collect::<Vec<_>>());
                take(&mut program, built);
                seen.programs.push(program);
            }
            Some(_) | None => {}
        }
    }
    // A directory whose Dockerfile stackgen wrote is a program only where something else shows it.
    seen.programs.retain(|program| program.kind.is_some() || program.runs);
}

/// Whether all sources below a directory are in languages whose variables are known.
fn is_audited(snapshot: &Snapshot, directory: &str) -> bool {
    let others =
        ["go", "rs", "rb", "php", "java", "kt", "scala", "cs", "fs", "ex", "exs", "erl", "c", "cc", "cpp", "swift"];
    let inner = |path: &str| path.strip_prefix(directory).unwrap_or(path).trim_start_matches('/').to_owned();
    let mut files = snapshot.below(directory).filter(|path| is_part(&inner(path)));
    let is_other = |path: &str| path.rsplit_once('.').is_some_and(|(_, end)| others.contains(&end));
    snapshot.below(directory).any(is_code) && !files.any(is_other)
}

fn take(program: &mut Program, built: Built) {
    if let Some(port) = built.port {
        program.port = Some(Fact::seen(port, built.path.clone()));
    }
    if let Some(health) = &built.health {
        program.health = Some(Fact::seen(health.clone(), built.path.clone()));
    }
    if let Some((runtime, version)) = &built.runtime {
        let is_its = match program.kind.as_deref() {
            Some("python") => runtime == "python",
            Some(_) => runtime == "node",
            None => false,
        };
        let is_version = version.starts_with(|c: char| c.is_ascii_digit());
        if is_its && is_version {
            let parts = if runtime == "node" { 1 } else { 2 };
            let version = version.split(['-', '@']).next().unwrap_or_default();
            let version: Vec<&str> = version.split('.').take(parts).collect();
            program.version = Some(Fact::seen(version.join("."), built.path.clone()));
        }
    }
    // A stage for one is one.
    if !built.beside.is_empty() {
        program.remarks.retain(|remark| !remark.starts_with("whether a worker runs beside it"));
    }
    program.dockerfile = Some(built);
}

/// What a Dockerfile says of the stage that serves, where that is plain; else of its last one.
fn chosen(path: &str, text: &str) -> Built {
    let file = Dockerfile::parse(text);
    let has = |index: usize, wanted: &[Keyword]| {
        let body = file.instructions[file.stages[index].body.clone()].iter();
        body.map(|instruction| instruction.keyword).any(|keyword| wanted.contains(&keyword))
    };
    let runs = |index: &usize| *index + 1 == file.stages.len() || has(*index, &[Keyword::Cmd, Keyword::Entrypoint]);
    let name = |index: usize| file.stages[index].name.as_ref().map(|name| name.text.clone());
    let all: Vec<usize> = (0..file.stages.len()).filter(runs).collect();
    let names: Option<Vec<String>> = all.iter().map(|index| name(*index)).collect();
    let Some(names) = names.filter(|names| names.len() > 1) else { return read(path, text, None) };
    let is_meant =
        |index: &usize| name(*index).is_some_and(|name| !OF_WORK.contains(&name.to_ascii_lowercase().as_str()));
    let meant: Vec<usize> = all.into_iter().filter(is_meant).collect();
    let serving: Vec<usize> = meant.iter().copied().filter(|index| has(*index, &[Keyword::Expose])).collect();
    // What the one that serves is made of is no process beside it.
    if let [serving] = serving[..] {
        let parts = file.needed(serving, &std::collections::BTreeMap::new());
        let beside = meant.iter().filter(|index| !parts.get(**index).is_some_and(|is_part| *is_part));
        let beside: Vec<usize> = beside.copied().collect();
        let all_run = beside.iter().all(|index| has(*index, &[Keyword::Cmd, Keyword::Entrypoint]));
        if let Some(target) = name(serving).filter(|_| all_run && !beside.is_empty()) {
            let built = read(path, text, Some(&target));
            return Built { target: Some(target), beside: beside.into_iter().filter_map(name).collect(), ..built };
        }
    }
    Built { open: names, ..read(path, text, None) }
}

/// The directories that `VOLUME` names, as a list or as words.
fn volumes(instruction: &Instruction) -> Vec<String> {
    let listed = serde_json::from_str::<Vec<String>>(instruction.text.text.trim()).ok();
    let all = listed.unwrap_or_else(|| instruction.arguments.iter().map(|word| word.text.clone()).collect());
    all.into_iter().filter(|path| path.starts_with('/') && !path.contains('$')).collect()
}

/// What a Dockerfile says of a stage, or of its last one.
pub(in crate::init) fn read(path: &str, text: &str, target: Option<&str>) -> Built {
    let file = Dockerfile::parse(text);
    let mut built =
        Built { path: path.to_owned(), name: file_name(path).to_owned(), is_ours: is_ours(text), ..Built::default() };
    let none = std::collections::BTreeMap::new();
    let values = file.global_arguments(&none);
    for stage in &file.stages {
        let Some(base) = file.base(stage, &values) else { continue };
        let Ok(image) = crate::compose::image::parse(&base) else { continue };
        let name = image.name.rsplit('/').next().unwrap_or_default();
        if let (true, Some(tag)) = (matches!(name, "node" | "python"), image.tag) {
            built.runtime = Some((name.to_owned(), tag.to_owned()));
        }
    }
    let Some(last) = file.target(target).or_else(|| file.target(None)) else { return built };
    // The last one first: that is the one that counts.
    let all: Vec<&Instruction> = file.inherited(last, &none);
    let mut is_asked = false;
    for instruction in &all {
        let text = instruction.text.text.as_str();
        match instruction.keyword {
            Keyword::Expose if built.port.is_none() => {
                let number = |word: &str| word.split('/').next()?.parse::<u16>().ok().filter(|port| *port > 0);
                built.port = instruction.arguments.iter().find_map(|word| number(&word.text));
            }
            Keyword::Healthcheck if !is_asked => {
                is_asked = true;
                built.has_health = !text.trim().eq_ignore_ascii_case("none");
                built.health = super::compose::asked_path(text).map(|(path, _)| path);
            }
            Keyword::Cmd if built.command.is_none() => {
                built.command = match instruction.exec() {
                    Some(words) => shlex::try_join(words).ok(),
                    None => instruction.shell().map(|word| word.text.clone()),
                };
            }
            Keyword::User if built.user.is_none() => {
                built.user = instruction.arguments.first().map(|word| word.text.clone());
            }
            Keyword::Volume => built.volumes.extend(volumes(instruction)),
            Keyword::Env => {
                let pairs = instruction.arguments.iter().filter_map(|word| word.text.split_once('='));
                built.names.extend(pairs.map(|(name, _)| name.to_owned()));
            }
            _ => {}
        }
    }
    if built.port.is_none() {
        built.port = built.command.as_deref().and_then(super::code::port_of_command);
    }
    built
}

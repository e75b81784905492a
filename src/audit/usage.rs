//! What one service reads in one environment: its files, the variables in them, and whether it is given them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::read::{Need, Read};
use super::role::{self, Role};
use super::{Audit, File, Language, known, walk};
use crate::plan::{Plan, Service, clean_path};

/// A place that reads a variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to services.toml.
    pub path: String,
    /// The bytes.
    pub range: (usize, usize),
    /// What the file is for.
    pub role: Role,
    /// What happens there without the variable.
    pub need: Need,
}

impl Place {
    /// The bytes as a range.
    pub fn span(&self) -> Range<usize> {
        self.range.0..self.range.1
    }
}

/// A variable that a service reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Where it is read.
    pub places: Vec<Place>,
    /// What happens without it, by all of these places together.
    pub need: Need,
    /// Whether the service is given it, or need not be.
    pub is_passed: bool,
    /// Whether its value is taken when the program is built.
    pub is_baked: bool,
    /// Whether it is read only in files that the service shares with others.
    pub is_shared: bool,
}

/// What a service reads.
#[derive(Debug)]
pub struct Usage<'a> {
    /// What its running files read, by name.
    pub wanted: BTreeMap<String, Wanted>,
    /// Places whose names nobody can see, in running files.
    pub unknown: Vec<(String, Range<usize>)>,
    /// Whether all of its source could be read.
    pub is_whole: bool,
    idle: Vec<String>,
    audit: &'a Audit,
    plan: &'a Plan,
}

/// The directory of a service's source, relative to services.toml.
pub(super) fn source(service: &Service) -> Option<String> {
    let build = service.build.as_ref()?;
    // A context that `compose` alone names may hold anything.
    let is_unclear = build.source.is_empty() && service.passthrough.contains_key("build");
    if is_unclear || build.context.contains("://") {
        return None;
    }
    clean_path(&build.source)
}

/// The directories of a service's source, relative to services.toml: its own, and what it includes.
pub(super) fn directories(plan: &Plan, service: &Service) -> Vec<String> {
    let (Some(build), Some(source)) = (&service.build, source(service)) else { return Vec::new() };
    let mut all = vec![source];
    if let (Some(recipe), Some(place)) = (&build.recipe, service.build_place(&plan.output)) {
        let included = recipe
            .include
            .iter()
            .filter_map(|path| clean_path(format!("{}/{path}", place.context).trim_start_matches('/')));
        for path in included {
            if !all.iter().any(|known| walk::is_in(&path, known)) {
                all.push(path);
            }
        }
    }
    all
}

impl<'a> Usage<'a> {
    pub(super) fn of(audit: &'a Audit, plan: &'a Plan, service: &'a Service) -> Option<Self> {
        let own = directories(plan, service);
        let source = own.first()?.clone();
        if !audit.directories.contains_key(&source) {
            return None;
        }
        let runs = what_runs(audit, plan, service, &source);
        let tests_run =
            ["pytest", "vitest", "jest", "playwright", "cypress", "unittest"].iter().any(|tool| runs.contains(tool));
        // What lies in the source of another service is read by that one.
        let sources = audit.builders.get(&plan.environment);
        let others: Vec<&String> = sources
            .into_iter()
            .flat_map(|sources| sources.range(super::below(&source)))
            .map(|(other, _)| other)
            .filter(|other| **other != source)
            .collect();
        let generated: BTreeSet<&str> = service
            .build
            .iter()
            .filter_map(|build| build.recipe.as_ref())
            .flat_map(|recipe| recipe.files.iter().map(|file| file.path.as_str()))
            .collect();
        let ignored = kept_out(audit, plan, service);
        let mut usage =
            Self { wanted: BTreeMap::new(), unknown: Vec::new(), is_whole: true, idle: Vec::new(), audit, plan };
        let mut reads: BTreeMap<String, Vec<(Place, &Read, bool)>> = BTreeMap::new();
        let mut set: BTreeSet<&str> = BTreeSet::new();
        // A script may run others.
        let mut runs = runs;
        for (path, file) in audit.files_in(&source).filter(|(_, file)| file.language == Language::Shell) {
            let inner = path.strip_prefix(source.as_str()).unwrap_or(path).trim_start_matches('/');
            if role_of(inner, path, &runs, tests_run) == Role::Running {
                runs.push_str(&file.text);
            }
        }
        let settings = settings(audit, service, &source, &runs);
        for directory in &own {
            let Some(found) = audit.directories.get(directory) else { continue };
            usage.is_whole &= !found.is_cut && found.foreign.is_none();
            for (path, file) in audit.files_in(directory) {
                let is_others = others.iter().any(|other| walk::is_in(path, other));
                if is_others || generated.contains(path.as_str()) || ignored(path) {
                    continue;
                }
                let inner = path.strip_prefix(directory.as_str()).unwrap_or(path).trim_start_matches('/');
                let mut role = role_of(inner, path, &runs, tests_run);
                if role == Role::Running && role::is_other_settings(inner, &settings) && !role::is_run(inner, &runs) {
                    role = Role::Script;
                }
                if role == Role::Script && file.language == Language::Shell {
                    usage.idle.push(path.clone());
                }
                let is_main = || role::is_run(inner, &runs) || role::is_module_run(inner, &runs);
                usage.take((path.as_str(), file), role, &is_main, *directory != source, &mut reads, &mut set);
            }
        }
        usage.judge(service, reads, &set);
        Some(usage)
    }

    /// Scripts of its source that nothing runs.
    pub fn scripts(&self) -> Vec<String> {
        self.idle.clone()
    }

    fn take<'f>(
        &mut self,
        (path, file): (&str, &'f File),
        role: Role,
        is_main: &dyn Fn() -> bool,
        is_shared: bool,
        reads: &mut BTreeMap<String, Vec<(Place, &'f Read, bool)>>,
        set: &mut BTreeSet<&'f str>,
    ) {
        if role == Role::Running {
            self.unknown.extend(file.scan.unknown.iter().map(|span| (path.to_owned(), span.clone())));
            set.extend(file.scan.set.iter().map(String::as_str));
        }
        for read in &file.scan.reads {
            let range = (read.span.start, read.span.end);
            // Something else starts the program: this part of the file is not run.
            let need = if read.of_main && !is_main() { Need::Fallback } else { read.need };
            let place = Place { path: path.to_owned(), range, role, need };
            let name = if read.ignores_case { read.name().to_ascii_uppercase() } else { read.name().to_owned() };
            reads.entry(name).or_default().push((place, read, is_shared));
        }
    }

    fn judge(&mut self, service: &Service, reads: BTreeMap<String, Vec<(Place, &Read, bool)>>, set: &BTreeSet<&str>) {
        let passed = self.passed(service);
        let is_met = |read: &Read| passed.iter().any(|name| read.is_met_by(name));
        let is_browser = is_for_browsers(service);
        let others = self.sharing(service);
        for (name, found) in reads {
            let in_service = found.iter().filter(|(place, ..)| place.role == Role::Running).filter(|(_, read, _)| {
                // Nginx serves it: no program runs that has an environment.
                !is_browser || read.baked
            });
            let running: Vec<&(Place, &Read, bool)> = in_service.collect();
            let is_needed = |(_, read, _): &&&(Place, &Read, bool)| {
                !read.behind.iter().any(|before| passed.contains(before.as_str()))
            };
            let needed: Vec<&&(Place, &Read, bool)> = running.iter().filter(is_needed).collect();
            let all: Vec<Need> = needed.iter().map(|(place, ..)| place.need).collect();
            let need = if all.contains(&Need::Demanded) {
                Need::Demanded
            } else if all.contains(&Need::Fallback) || all.is_empty() || known::is_switch(&name) {
                Need::Fallback
            } else {
                Need::Bare
            };
            let is_passed = found.iter().any(|(_, read, _)| is_met(read))
                || known::is_given(&name)
                || (need == Need::Fallback && known::is_usual(&name))
                || set.contains(name.as_str())
                || needed.is_empty()
                || others
                    .iter()
                    .any(|other| found.iter().any(|(_, read, _)| other.iter().any(|name| read.is_met_by(name))));
            let is_baked = running.iter().any(|(_, read, _)| read.baked);
            let is_shared = !running.is_empty() && running.iter().all(|(.., is_shared)| *is_shared);
            let places = found.into_iter().map(|(place, ..)| place).collect();
            self.wanted.insert(name.clone(), Wanted { name, places, need, is_passed, is_baked, is_shared });
        }
    }

    /// What other services with the same source are given: one of them may be the one that reads it.
    fn sharing(&self, service: &Service) -> Vec<BTreeSet<String>> {
        let names = self.audit.sharing(self.plan, service).iter().filter(|name| **name != service.name);
        names.filter_map(|name| self.plan.services.get(name)).map(|other| self.passed(other)).collect()
    }

    /// The names of everything that a service is given, from wherever.
    fn passed(&self, service: &Service) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = service.environment.keys().cloned().collect();
        if let Some(build) = &service.build {
            names.extend(build.args.keys().cloned());
            names.extend(build.secrets.keys().cloned());
            if service.port.is_some() {
                names.insert("PORT".to_owned());
            }
        }
        names.extend(service.secrets.iter().cloned());
        if let Some(place) = service.build_place(&self.plan.output) {
            names.extend(
                self.audit.builds.get(&place).into_iter().flat_map(|written| written.variables.iter().cloned()),
            );
        }
        names
    }

    /// Variables of the service that nothing of its source reads, as far as that is known.
    pub(super) fn unread(&self, service: &Service) -> Vec<String> {
        let reads = self.wanted.values().any(|wanted| wanted.places.iter().any(|place| place.role == Role::Running));
        if !self.is_whole || !self.unknown.is_empty() || !reads {
            return Vec::new();
        }
        let own = directories(self.plan, service);
        let files = || own.iter().flat_map(|directory| self.audit.files_in(directory));
        let is_read = |name: &String| files().flat_map(|(_, file)| &file.scan.reads).any(|read| read.is_met_by(name));
        let names = service.environment.keys().filter(|name| !known::is_read_elsewhere(name) && !is_read(name));
        names.cloned().collect()
    }

    /// Variables that the service is given and that stand nowhere in its source.
    pub fn not_read(&self, service: &Service) -> Vec<String> {
        let directories = directories(self.plan, service);
        let stands = |name: &String| {
            directories.iter().any(|directory| self.audit.mentioned.contains(&(directory.clone(), name.clone())))
        };
        let said = said_by(service);
        self.unread(service).into_iter().filter(|name| !stands(name) && !super::is_mentioned(&said, name)).collect()
    }
}

/// The modules of Django's settings that a service runs with, each with its text where that is known: what it is told, else
/// what its own files choose.
fn settings<'a>(audit: &'a Audit, service: &Service, source: &str, runs: &str) -> Vec<(String, Option<&'a str>)> {
    const NAME: &str = "DJANGO_SETTINGS_MODULE";
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let told = service.environment.get(NAME).map(|text| text.with_unknown(crate::addresses::UNKNOWN));
    let mut modules: Vec<String> = match told {
        // Nobody can see which.
        Some(module) if module.contains(crate::addresses::UNKNOWN) => return Vec::new(),
        Some(module) => vec![module],
        None => {
            let of_python = audit.files_in(source).filter(|(_, file)| file.language == Language::Python);
            let chosen = of_python.filter(|(path, _)| role::of(path) == Role::Running).flat_map(|(_, file)| {
                file.text.match_indices(NAME).filter_map(|(at, _)| {
                    let line = file.text[at + NAME.len()..].lines().next()?;
                    let value = line.split(['"', '\'']).find(|part| part.contains('.') && part.chars().all(is_part))?;
                    Some(value.to_owned())
                })
            });
            chosen.collect()
        }
    };
    let of_command = runs.split_once("--settings").and_then(|(_, rest)| {
        rest.trim_start_matches(['=', ' ', '\n']).split(|c: char| !is_part(c)).next().map(str::to_owned)
    });
    modules.extend(of_command.filter(|module| !module.is_empty()));
    let text = |module: &str| {
        let path = format!("/{}.py", module.replace('.', "/"));
        audit
            .files_in(source)
            .find(|(of_file, _)| format!("/{of_file}").ends_with(&path))
            .map(|(_, file)| file.text.as_str())
    };
    modules.into_iter().map(|module| (module.clone(), text(&module))).collect()
}

/// Whether a service's source runs in browsers alone: what serves it in production is no program of its own.
fn is_for_browsers(service: &Service) -> bool {
    service.kind.as_deref() == Some("vite")
}

fn role_of(inner: &str, path: &str, runs: &str, tests_run: bool) -> Role {
    match role::of(inner) {
        Role::Script if role::is_run(inner, runs) || role::is_run(path, runs) => Role::Running,
        Role::Testing if tests_run => Role::Running,
        role => role,
    }
}

/// The words of what a service runs.
fn said_by(service: &Service) -> String {
    let words = [&service.command, &service.entrypoint].into_iter().flatten().flatten();
    let probe = service.health.iter().flat_map(|probe| &probe.command);
    let all: Vec<String> = words.chain(probe).map(|text| text.with_unknown(crate::addresses::UNKNOWN)).collect();
    all.join("\n") + "\n"
}

/// Texts that say what a service runs: its commands, its Dockerfile, its package.
fn what_runs(audit: &Audit, plan: &Plan, service: &Service, source: &str) -> String {
    let mut runs = said_by(service);
    if let Some(recipe) = service.build.as_ref().and_then(|build| build.recipe.as_ref()) {
        for word in recipe.development.iter().chain(&recipe.production) {
            runs.push_str(word);
            runs.push('\n');
        }
        for word in recipe.before_start.iter().flat_map(|before| &before.run) {
            runs.push_str(word);
            runs.push('\n');
        }
    }
    runs.push_str(audit.runs.get(source).map_or("", String::as_str));
    runs.push('\n');
    if let Some(place) = service.build_place(&plan.output) {
        runs.push_str(audit.builds.get(&place).map_or("", |written| written.runs.as_str()));
    }
    runs
}

/// What is kept out of the image that a service is built into, where its Dockerfile is not generated.
fn kept_out<'a>(audit: &'a Audit, plan: &Plan, service: &Service) -> impl Fn(&str) -> bool + use<'a> {
    let place = service.build_place(&plan.output);
    let ignore = place.and_then(|place| {
        let ignore = audit.builds.get(&place)?.ignore.as_ref()?;
        Some((place.context, ignore))
    });
    move |path: &str| {
        let Some((context, ignore)) = &ignore else { return false };
        let inner = path.strip_prefix(context.as_str()).unwrap_or(path).trim_start_matches('/');
        walk::is_in(path, context) && ignore.ignores(inner)
    }
}

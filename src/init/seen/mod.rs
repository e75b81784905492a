//! What a repository shows of its services: facts, each with the place it was seen at. Pure: from a snapshot, and from
//! what the kinds say of their traces.
//!
//! A file per thing that is looked at. A new one is a file and a line in [`Seen::of`].

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::judgement::Hidden;
use super::snapshot::{Snapshot, file_name, parent};
use crate::kinds::Kinds;

mod asgi;
mod beside;
pub(super) mod code;
pub(super) mod compose;
mod django;
pub(super) mod dockerfile;
mod env_files;
mod frameworks;
mod inside;
mod literal;
mod migrations;
mod node;
mod packaged;
pub(super) mod places;
mod procfile;
mod python;
mod routers;
mod scripts;
mod workers;
mod writes;

pub(super) use compose::Container;
pub(super) use dockerfile::Built;

/// Something that is known, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact<T> {
    /// What.
    pub(super) value: T,
    /// The file that says it; why it is taken for granted where none does.
    pub(super) from: String,
    /// Whether no file says it.
    pub(super) is_guess: bool,
}

impl<T> Fact<T> {
    /// What a file says.
    pub(super) fn seen(value: T, from: impl Into<String>) -> Self {
        Self { value, from: from.into(), is_guess: false }
    }

    /// What is likely.
    pub(super) fn guess(value: T, why: impl Into<String>) -> Self {
        Self { value, from: why.into(), is_guess: true }
    }

    /// The remark behind it in services.toml.
    pub(super) fn note(&self) -> String {
        if self.is_guess { format!("guess: {}", self.from) } else { format!("from {}", self.from) }
    }
}

/// A directory with a program in it.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// The directory; empty for the root.
    pub(super) directory: String,
    /// Its kind; none for a language that no kind builds.
    pub(super) kind: Option<String>,
    /// The file that shows it.
    pub(super) from: String,
    pub(super) version: Option<Fact<String>>,
    pub(super) port: Option<Fact<u16>>,
    pub(super) health: Option<Fact<String>>,
    /// A path of which something may stand in front, and the file that has it.
    pub(super) health_part: Option<(String, String)>,
    /// The ASGI application.
    pub(super) app: Option<Fact<String>>,
    pub(super) command: Option<Fact<String>>,
    pub(super) before_start: Vec<Fact<String>>,
    /// What is set in front of its command.
    pub(super) env: Vec<(String, Fact<String>)>,
    pub(super) build: Option<Fact<Vec<String>>>,
    pub(super) build_output: Option<Fact<String>>,
    /// What its image needs beside what its kind takes by itself, relative to what it is built from.
    pub(super) include: Option<Fact<Vec<String>>>,
    /// What it depends on, in small letters; of Python also with what is in brackets.
    pub(super) packages: BTreeSet<String>,
    /// The packages of its workspace that it depends on, through others too: their directories.
    pub(super) libraries: Vec<String>,
    /// Those of `packages` that only such a package lists, with the file that does.
    pub(super) listed: BTreeMap<String, String>,
    /// A Dockerfile that a person wrote.
    pub(super) dockerfile: Option<Built>,
    pub(super) celery: Option<Celery>,
    /// Other processes of it, as its own scripts start them.
    pub(super) further: Vec<Further>,
    pub(super) workspace: Option<Workspace>,
    /// Which hosts it answers, where it looks at them.
    pub(super) hosts: Option<Hosts>,
    /// Where its static files are gathered before it starts.
    pub(super) static_root: Option<Fact<String>>,
    /// What it writes where it may not, or where it is lost.
    pub(super) writes: Vec<Write>,
    /// Whether it shows pages.
    pub(super) is_page: bool,
    /// What its development server hands on to other programs.
    pub(super) forwards: Vec<Forward>,
    /// Whether a script of its own builds it: what runs may have no more than what that writes.
    pub(super) is_built: bool,
    /// Whether something in it is meant to run by itself.
    pub(super) runs: bool,
    /// Whether nothing in it listens, although a program of its kind usually does.
    pub(super) is_silent: bool,
    /// Whether its variables are known, in whatever language it is written.
    pub(super) is_audited: bool,
    /// What keeps a kind from building it.
    pub(super) obstacle: Option<String>,
    /// What could not be told of it, and is no question.
    pub(super) remarks: Vec<String>,
}

/// Another process of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Further {
    /// What it is called.
    pub(super) name: String,
    pub(super) command: Fact<String>,
    /// What is set in front of its command.
    pub(super) env: Vec<(String, Fact<String>)>,
}

/// Requests that a development server hands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forward {
    /// What their paths begin with; a regular expression where it begins with `^`.
    pub(super) path: String,
    /// The port of the other program on this machine.
    pub(super) port: Option<u16>,
    /// Whether that one is asked for another path.
    pub(super) strips: bool,
    /// The file that says it.
    pub(super) from: String,
}

/// The hosts that a program answers requests for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hosts {
    /// The variable that says them.
    pub(super) variable: Option<String>,
    /// What stands between two of them in it; none where that is not known.
    pub(super) separator: Option<char>,
    /// Those that the sources name, where nothing else says them.
    pub(super) known: Vec<String>,
    /// The file and the line that say it.
    pub(super) from: String,
}

/// Something that a program writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    /// The directory, relative to that of the program and empty for itself; from the root where it is elsewhere.
    pub(super) directory: String,
    /// The file in it, where it is one.
    pub(super) file: Option<String>,
    /// Whether it is a database, which keeps a journal beside it.
    pub(super) is_database: bool,
    /// The variable that may name another place, and what stands in the source for it.
    pub(super) variable: Option<(String, String)>,
    /// The file and the line that say it.
    pub(super) from: String,
}

impl Write {
    /// Whether both write the same.
    fn is_same(&self, other: &Self) -> bool {
        (&self.directory, &self.file) == (&other.directory, &other.file)
    }
}

/// A package that is installed together with others.
#[derive(Debug, Clone)]
pub(super) struct Workspace {
    /// The directory of the lock file.
    pub(super) root: String,
    /// The package in it.
    pub(super) inner: String,
    /// What installs.
    pub(super) manager: &'static str,
}

/// A Celery application.
#[derive(Debug, Clone)]
pub(super) struct Celery {
    /// As `celery --app` takes it.
    pub(super) app: Fact<String>,
    /// Where a schedule is seen.
    pub(super) schedule: Option<String>,
}

/// A line of a Procfile.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) name: String,
    /// The words, without what is set in front of them.
    pub(super) words: Vec<String>,
    /// The same as it is written.
    pub(super) text: String,
    /// The names of what is set in front of them.
    pub(super) names: Vec<String>,
    /// The Procfile.
    pub(super) from: String,
}

/// A name that stands in an env file.
#[derive(Debug, Default, Clone)]
pub(super) struct EnvName {
    pub(super) from: String,
    /// A value that is shown to everybody.
    pub(super) default: Option<String>,
    /// Whether a value was seen that looks like a secret.
    pub(super) is_secret: bool,
    /// Whether some value was seen.
    pub(super) is_set: bool,
    /// The files that are used, and not only shown, in which one was seen.
    pub(super) set_in: Vec<String>,
    /// The scheme of the address that the value is: `postgresql+asyncpg`.
    pub(super) scheme: Option<String>,
    /// The number that the path of that address is: the database of `redis://localhost/1`.
    pub(super) number: Option<u8>,
    /// What is asked behind that address, where it can be shown: `schema=shop`.
    pub(super) query: Vec<String>,
    /// The names of what else is asked there.
    pub(super) unsaid: Vec<String>,
}

/// Everything that a repository shows.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What the stack is called.
    pub(super) name: Option<Fact<String>>,
    pub(super) programs: Vec<Program>,
    /// The services of the compose files.
    pub(super) containers: Vec<Container>,
    /// The directory of the compose files, relative to the root.
    pub(super) compose_directory: String,
    pub(super) compose_files: Vec<String>,
    /// Whether stackgen wrote them.
    pub(super) is_compose_ours: bool,
    /// The environments that compose files are named after, the default one first; empty where there is one alone.
    pub(super) environments: Vec<String>,
    /// Environments whose compose file says everything by itself.
    pub(super) whole: BTreeSet<String>,
    /// Networks that others made: name in the file, and name on the engine.
    pub(super) external_networks: IndexMap<String, Option<String>>,
    /// Volumes that others made, or that have a name of their own.
    pub(super) named_volumes: IndexMap<String, (bool, Option<String>)>,
    /// What the compose files say of networks and of volumes beyond that, in Compose's spelling.
    pub(super) networks: IndexMap<String, serde_yaml::Value>,
    pub(super) volumes: IndexMap<String, serde_yaml::Value>,
    /// `secrets` and `configs` at the top of the compose files: section, name, and what it is made of.
    pub(super) files: IndexMap<&'static str, IndexMap<String, serde_yaml::Value>>,
    pub(super) processes: Vec<Process>,
    /// Names in env files, by the directory of the file.
    pub(super) env_names: BTreeMap<String, IndexMap<String, EnvName>>,
    /// Kinds that files are there for, with what they say.
    pub(super) traced: IndexMap<String, Fact<Vec<(String, String)>>>,
    /// What could not be read or told: the place, and what about it.
    pub(super) troubles: Vec<(String, String)>,
    /// Values that must not be shown.
    pub(super) hidden: Hidden,
}

impl Seen {
    /// What the snapshot shows.
    pub(super) fn of(snapshot: &Snapshot, kinds: &Kinds) -> Self {
        let mut seen = Self::default();
        seen.troubles.extend(snapshot.unread.iter().cloned());
        if snapshot.is_cut {
            seen.troubles.push((".".to_owned(), "there are more files than are looked at".to_owned()));
        }
        env_files::look(snapshot, &mut seen);
        compose::look(snapshot, &mut seen);
        node::look(snapshot, kinds, &mut seen);
        python::look(snapshot, &mut seen);
        dockerfile::look(snapshot, &mut seen);
        procfile::look(snapshot, &mut seen);
        // Where compose files are, projects are called after the directory, and so are their volumes.
        if seen.name.is_none() && seen.containers.is_empty() {
            seen.name = own_name(snapshot);
        }
        seen.programs.sort_by(|a, b| a.directory.cmp(&b.directory));
        seen.trace(snapshot, kinds);
        for container in &seen.containers {
            seen.hidden.show(&container.name);
            seen.hidden.show(&container.spelled);
            let image = container.image.as_deref().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
            seen.hidden.show(file_name(image));
        }
        kinds.names().for_each(|name| seen.hidden.show(name));
        seen.show_networks();
        seen.troubles.sort();
        seen.troubles.dedup();
        seen
    }

    /// What networks are called, and the addresses on them, is no secret wherever else it stands.
    fn show_networks(&mut self) {
        let mut shown: Vec<String> = self.networks.keys().cloned().collect();
        shown.extend(
            self.external_networks.iter().flat_map(|(name, fixed)| [Some(name), fixed.as_ref()]).flatten().cloned(),
        );
        let places = self.containers.iter().flat_map(|container| container.places.values());
        for value in self.networks.values().chain(places) {
            for key in ["name", "ipam", "ipv4_address", "ipv6_address", "aliases"] {
                texts(value.get(key), &mut shown);
            }
        }
        for text in &shown {
            self.hidden.show(text);
        }
    }

    /// Whether a compose file builds what is in a directory, whatever that is called.
    fn is_built(&self, directory: &str) -> bool {
        let mut builds = self.containers.iter().filter_map(|container| container.build.as_ref());
        builds.any(|build| {
            let below = build.dockerfile.as_deref().map(parent).unwrap_or_default();
            build
                .context
                .as_deref()
                .is_some_and(|context| super::snapshot::joined(context, below).trim_matches('/') == directory)
        })
    }

    /// How a compose file builds a Dockerfile, first of all where it does so several times.
    fn build_of(&self, path: &str) -> Option<&compose::BuildOf> {
        let mut builds = self.containers.iter().filter_map(|container| container.build.as_ref());
        builds.find(|build| {
            let name = build.dockerfile.as_deref().unwrap_or("Dockerfile");
            let whole = build.context.as_deref().map(|context| super::snapshot::joined(context, name));
            whole.and_then(|whole| crate::plan::clean_path(&whole)).is_some_and(|whole| whole == path)
        })
    }

    /// The program in a directory.
    pub(super) fn program(&self, directory: &str) -> Option<&Program> {
        self.programs.iter().find(|program| program.directory == directory)
    }

    /// Files that are there for a kind.
    fn trace(&mut self, snapshot: &Snapshot, kinds: &Kinds) {
        for kind in kinds.iter() {
            let mut found: Vec<(String, String)> = Vec::new();
            let mut from = String::new();
            for wanted in &kind.traces.files {
                let fits = |(path, text): &(&str, &str)| {
                    path.ends_with(&wanted.ends)
                        && is_part(path)
                        && wanted.contains.iter().all(|word| text.contains(word.as_str()))
                };
                for (path, _) in snapshot.texts_below("").filter(fits) {
                    if from.is_empty() {
                        path.clone_into(&mut from);
                    }
                    if let Some(option) = &wanted.option {
                        let is_directory = kind.options.get(option).is_some_and(|option| option.directory);
                        let value = if is_directory { parent(path) } else { path };
                        if !value.is_empty() && !found.contains(&(option.clone(), value.to_owned())) {
                            found.push((option.clone(), value.to_owned()));
                        }
                    }
                }
            }
            if !from.is_empty() {
                self.traced.insert(kind.name.clone(), Fact::seen(found, from));
            }
        }
    }
}

/// What the package at the root is called.
fn own_name(snapshot: &Snapshot) -> Option<Fact<String>> {
    if let Some(text) = snapshot.text("package.json") {
        let package: serde_json::Value = serde_json::from_str(text).ok()?;
        let name = package.get("name")?.as_str()?.to_owned();
        return Some(Fact::seen(name, "package.json"));
    }
    let table: toml::Table = snapshot.text("pyproject.toml")?.parse().ok()?;
    let poetry = || table.get("tool")?.get("poetry")?.get("name")?.as_str();
    let name = table.get("project").and_then(|project| project.get("name")?.as_str()).or_else(poetry)?;
    Some(Fact::seen(name.to_owned(), "pyproject.toml"))
}

/// Directories whose files are about the repository, and no part of what runs.
const ASIDE: [&str; 20] = [
    "test",
    "tests",
    "__tests__",
    "spec",
    "e2e",
    "cypress",
    "fixtures",
    "testdata",
    "docs",
    "doc",
    "examples",
    "example",
    "samples",
    "demo",
    "benchmarks",
    "node_modules",
    "vendor",
    "third_party",
    "site-packages",
    "stories",
];

/// Whether a path is a part of what runs: not a test, an example or documentation.
pub(super) fn is_part(path: &str) -> bool {
    let name = file_name(path);
    let is_test =
        name.starts_with("test_") || name.contains(".test.") || name.contains(".spec.") || name == "conftest.py";
    !is_test && !parent(path).split('/').any(|part| ASIDE.contains(&part.to_ascii_lowercase().as_str()))
}

/// Whether a text was written by stackgen itself.
pub(super) fn is_ours(text: &str) -> bool {
    text.lines().take(3).any(|line| line.contains("Generated by stackgen from "))
}

/// All texts in a value of Compose.
fn texts(value: Option<&serde_yaml::Value>, found: &mut Vec<String>) {
    match value {
        Some(serde_yaml::Value::String(text)) => found.push(text.clone()),
        Some(serde_yaml::Value::Sequence(items)) => items.iter().for_each(|item| texts(Some(item), found)),
        Some(serde_yaml::Value::Mapping(map)) => map.values().for_each(|value| texts(Some(value), found)),
        _ => {}
    }
}

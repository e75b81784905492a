//! What the plans name outside of the sources: paths of the host that are mounted, env files as git sees them, and the
//! volumes that the lock knows.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::compose::volume::Source;
use crate::diagnostics::words;
use crate::disk::{self, KnownVolume};
use crate::git::Repository;
use crate::plan::{Part, Plan, PlannedMount, clean_path};

/// What is there at the paths that the plans name, relative to services.toml.
#[derive(Debug, Default)]
pub struct Surroundings {
    paths: BTreeMap<String, HostPath>,
    env_files: BTreeMap<String, EnvFile>,
    named: BTreeMap<String, NamedFile>,
    examples: BTreeMap<String, String>,
    volumes: BTreeSet<KnownVolume>,
}

/// A path of the host that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPath {
    /// What there is.
    pub presence: Presence,
    /// Whether an ignore file of git keeps it out of the repository.
    pub is_ignored: bool,
    /// What lies beside it and is called almost like it, where nothing is there.
    pub meant: Option<String>,
}

/// What there is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing.
    Missing,
    /// A directory.
    Directory,
    /// A file, or something that cannot be looked at.
    Other,
}

/// A file that Compose reads because it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// What is there.
    pub path: HostPath,
    /// Its text, with what is no UTF-8 replaced; none for what is no file, or too large for one that people write.
    pub text: Option<String>,
}

/// A file with an operator's values, in a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// Whether git tracks it, and nothing says that there are no values in it.
    pub is_tracked: bool,
    /// Whether an ignore file keeps it out.
    pub is_ignored: bool,
}

impl Surroundings {
    /// Looks at what the plans name, below `root`. What cannot be looked at counts as it should be.
    pub(super) fn take(root: &Path, plans: &[Plan]) -> Self {
        // Where the directory itself cannot be found, nothing below it is.
        let Ok(root) = root.canonicalize() else { return Self::default() };
        let mut repository = Repository::find(&root);
        let mut surroundings = Self { volumes: disk::known_volumes(&root), ..Self::default() };
        for plan in plans {
            for mount in plan.services.values().flat_map(|service| &service.volumes) {
                let Some(path) = mount.host_path(plan) else { continue };
                surroundings.paths.entry(path).or_insert_with_key(|path| host_path(&root, path, repository.as_mut()));
            }
        }
        for path in plans.iter().flat_map(Plan::named_files) {
            surroundings.named.entry(path).or_insert_with_key(|path| NamedFile {
                path: host_path(&root, path, repository.as_mut()),
                text: text(&root.join(path)),
            });
        }
        surroundings.examples = examples(&root, plans);
        if let Some(repository) = &mut repository {
            surroundings.env_files = env_files(&root, plans, repository);
        }
        surroundings
    }

    /// What is known of a path of the host: of every one that [`PlannedMount::host_path`] gives.
    pub fn path(&self, path: &str) -> Option<&HostPath> {
        self.paths.get(path)
    }

    /// What is known of a file that Compose reads: of every one that [`Plan::named_files`] gives.
    pub fn named(&self, path: &str) -> Option<&NamedFile> {
        self.named.get(path)
    }

    /// The env examples that lie beside services.toml, the compose files and the sources, with their texts.
    pub fn examples(&self) -> &BTreeMap<String, String> {
        &self.examples
    }

    /// The volumes that held data when the stack was rendered the last time.
    pub fn volumes(&self) -> &BTreeSet<KnownVolume> {
        &self.volumes
    }

    /// What git knows of the env file of a plan; none without a repository.
    pub fn env_file(&self, plan: &Plan) -> Option<&EnvFile> {
        self.env_files.get(&plan.env_path())
    }
}

impl PlannedMount {
    /// The path of the host that somebody, or `reload`, has it mount, relative to services.toml; none for what is no relative path, or
    /// depends on a variable.
    pub fn host_path(&self, plan: &Plan) -> Option<String> {
        let Source::Bind(source) = &self.mount.source else { return None };
        let Some(Part::Literal(start)) = self.text.parts().first() else { return None };
        let is_relative = source.starts_with('.') && start.contains(':');
        // In Compose's own terms it is relative to the compose file.
        let base = match self.origin.key_at(2)? {
            "volumes" | "persist" | "reload" => "",
            "compose" => plan.output.as_str(),
            _ => return None,
        };
        is_relative.then(|| if base.is_empty() { source.clone() } else { format!("{base}/{source}") })
    }
}

pub(super) fn host_path(root: &Path, path: &str, repository: Option<&mut Repository>) -> HostPath {
    let full = root.join(path);
    let presence = match full.metadata() {
        Ok(metadata) if metadata.is_dir() => Presence::Directory,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Presence::Missing,
        _ => Presence::Other,
    };
    HostPath {
        presence,
        is_ignored: repository.is_some_and(|repository| repository.ignores(&full)),
        meant: if presence == Presence::Missing { neighbour(&full) } else { None },
    }
}

/// How large a file may be that people write, in bytes.
const LARGEST: u64 = 1 << 20;

fn text(path: &Path) -> Option<String> {
    let is_fit = path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LARGEST);
    let bytes = if is_fit { std::fs::read(path).ok()? } else { return None };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The env examples in the directories that the plans name, by their paths.
fn examples(root: &Path, plans: &[Plan]) -> BTreeMap<String, String> {
    let sources = plans.iter().flat_map(|plan| plan.services.values()).filter_map(|service| service.build.as_ref());
    let mut directories: BTreeSet<String> = sources.filter_map(|build| clean_path(&build.source)).collect();
    directories.extend(plans.iter().map(|plan| plan.output.clone()));
    directories.insert(String::new());
    let mut found = BTreeMap::new();
    for directory in directories {
        let Ok(entries) = root.join(&directory).read_dir() else { continue };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        for name in names.filter(|name| is_example(name)) {
            let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
            found.extend(text(&root.join(&path)).map(|text| (path, text)));
        }
    }
    found
}

/// Whether a file of this name is a pattern for env files: `.env.example`, `.env.prod.sample`, `example.env`.
fn is_example(name: &str) -> bool {
    let words: Vec<&str> = name.split(['.', '-', '_']).collect();
    words.contains(&"env") && words.iter().any(|word| matches!(*word, "example" | "sample" | "template" | "dist"))
}

/// What lies in the same directory and is called almost alike.
fn neighbour(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let entries = path.parent()?.read_dir().ok()?;
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    words::nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

fn env_files(root: &Path, plans: &[Plan], repository: &mut Repository) -> BTreeMap<String, EnvFile> {
    let paths: Vec<String> = plans.iter().map(Plan::env_path).collect();
    let full: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    let tracked = repository.tracked(&full);
    let file = |full: &PathBuf| EnvFile {
        is_tracked: repository.has(&tracked, full) && may_have_values(full),
        is_ignored: repository.ignores(full),
    };
    let files: Vec<EnvFile> = full.iter().map(file).collect();
    paths.into_iter().zip(files).collect()
}

/// Whether a line sets a variable to something; in doubt yes.
fn may_have_values(file: &Path) -> bool {
    let Ok(bytes) = std::fs::read(file) else { return true };
    let text = String::from_utf8_lossy(&bytes);
    text.lines().map(str::trim_start).filter(|line| !line.starts_with('#')).any(|line| {
        // Compose takes a colon too.
        line.split_once(['=', ':']).is_some_and(|(_, value)| !value.trim().is_empty())
    })
}

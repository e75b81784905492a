//! What lies in a repository, read once: the names of its files, and the texts of those that say something about what
//! runs. What git ignores is no part of it, but for env files, of which names are needed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;

use ignore::WalkBuilder;

use super::seen::is_ours;
use crate::audit::{LARGEST, MOST_FILES, is_no_source};

/// How deep directories are looked into: deeper than any service lies.
const DEEPEST: usize = 12;

/// How much is read in all, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Endings of files that say something whatever they are called.
const TEXTS: [&str; 18] = [
    "py", "js", "cjs", "mjs", "ts", "cts", "mts", "tsx", "jsx", "yml", "yaml", "toml", "prisma", "ini", "json", "sh",
    "conf", "sql",
];

/// Names of files that say something.
const NAMES: [&str; 9] = [
    "Pipfile",
    "Procfile",
    "runtime.txt",
    ".nvmrc",
    ".node-version",
    ".python-version",
    "Containerfile",
    "Gemfile",
    LOCK,
];

/// The list of what stackgen wrote, beside services.toml.
const LOCK: &str = "stackgen.lock";

/// A repository as it was when it was looked at.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// What the directory is called.
    pub(super) name: String,
    /// Every file, relative to the root, with forward slashes.
    pub(super) files: BTreeSet<String>,
    /// The texts of those that say something.
    pub(super) texts: BTreeMap<String, String>,
    /// Files that should have said something and could not be read, each with the reason.
    pub(super) unread: Vec<(String, String)>,
    /// Whether there is more than is looked at.
    pub(super) is_cut: bool,
}

impl Snapshot {
    /// Looks at the directory `root`, which is called `name`. What cannot be read is left out, and known to be.
    pub(super) fn take(root: &Path, name: &str) -> Self {
        let mut snapshot = Self { name: name.to_owned(), ..Self::default() };
        let mut directories = BTreeSet::from([String::new()]);
        let mut builder = WalkBuilder::new(root);
        // What this machine ignores elsewhere is no part of the project.
        builder.hidden(false).ignore(false).git_global(false).git_exclude(false).git_ignore(true).require_git(false);
        builder.parents(true).follow_links(false).max_depth(Some(DEEPEST)).sort_by_file_name(OsStr::cmp);
        builder.filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
            !is_directory || entry.depth() == 0 || !(is_no_source(&name) || name.starts_with('.'))
        });
        let mut wanted = Vec::new();
        for entry in builder.build().filter_map(Result::ok) {
            let Some(path) = entry.path().strip_prefix(root).ok().and_then(Path::to_str) else { continue };
            let path = path.replace('\\', "/");
            let Some(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                directories.insert(path);
            } else if kind.is_file() && !path.is_empty() {
                if snapshot.files.len() >= MOST_FILES {
                    snapshot.is_cut = true;
                    break;
                }
                if says_something(&path) {
                    wanted.push(path.clone());
                }
                snapshot.files.insert(path);
            }
        }
        // Git does not know them, and the names in them are what is looked for.
        for directory in &directories {
            let Ok(entries) = root.join(directory).read_dir() else { continue };
            for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|k| k.is_file())) {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = joined(directory, &name);
                if is_env_file(&name) && snapshot.files.insert(path.clone()) {
                    wanted.push(path);
                }
            }
        }
        // What configures first, so that a lot of code does not keep it from being read.
        wanted.sort_by_key(|path| (is_code(path), path.matches('/').count(), path.clone()));
        wanted.dedup();
        let mut left = MOST_BYTES;
        for path in wanted {
            match text(root, &path, &mut left) {
                Ok(Some(text)) => {
                    snapshot.texts.insert(path, text);
                }
                Ok(None) => snapshot.is_cut = true,
                Err(reason) => snapshot.unread.push((path, reason)),
            }
        }
        snapshot.forget_rendered();
        snapshot.unread.retain(|(path, _)| is_telling(path));
        snapshot.unread.sort();
        snapshot
    }

    /// Forgets what stackgen itself rendered, as the lists of that say: it shows nothing that services.toml does not. A
    /// file that says no more who wrote it is a person's.
    fn forget_rendered(&mut self) {
        let lists: Vec<String> = self.texts.keys().filter(|path| file_name(path) == LOCK).cloned().collect();
        for list in lists {
            let text = self.texts.remove(&list).unwrap_or_default();
            let files = text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("volume "));
            // Fingerprint, mode, environment, version; the path may hold spaces.
            for path in files.filter_map(|line| line.splitn(5, ' ').nth(4)) {
                let path = joined(parent(&list), path);
                if self.text(&path).is_none_or(is_ours) {
                    self.texts.remove(&path);
                    self.files.remove(&path);
                }
            }
        }
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The configuration of a tool in code, `vite.config.ts` for `vite.config`: its path and text.
    pub(super) fn configuration(&self, directory: &str, stem: &str) -> Option<(String, &str)> {
        let mut paths =
            ["js", "mjs", "cjs", "ts", "mts", "cts"].map(|end| joined(directory, &format!("{stem}.{end}"))).into_iter();
        paths.find_map(|path| self.text(&path).map(|text| (path.clone(), text)))
    }

    /// Whether there is such a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// The files below a directory, those in it and those further down.
    pub(super) fn below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.iter().map(String::as_str).filter(move |path| is_in(path, directory))
    }

    /// The texts below a directory.
    pub(super) fn texts_below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let all = self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        all.filter(move |(path, _)| is_in(path, directory))
    }
}

/// Whether a path lies in a directory, at whatever depth; the empty one is the root.
pub(super) fn is_in(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// The path of `name` in a directory.
pub(super) fn joined(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// The directory of a path.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn extension(path: &str) -> &str {
    file_name(path).rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Whether a file of this name holds variables: `.env`, `.env.example`, `example.env`.
pub(super) fn is_env_file(name: &str) -> bool {
    name == ".env"
        || name.starts_with(".env.")
        || name.strip_suffix(".env").is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
}

/// Whether a file is the source of a program.
pub(super) fn is_code(path: &str) -> bool {
    matches!(extension(path), "py" | "js" | "cjs" | "mjs" | "ts" | "cts" | "mts" | "tsx" | "jsx")
}

/// Whether a name is that of a Dockerfile.
pub(super) fn is_dockerfile(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !lower.ends_with(".dockerignore")
        && (lower == "containerfile"
            || lower == "dockerfile"
            || lower.starts_with("dockerfile.")
            || lower.ends_with(".dockerfile"))
}

/// Whether a name is that of a compose file, of whatever environment.
pub(super) fn is_compose_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    (lower.starts_with("docker-compose") || lower.starts_with("compose"))
        && matches!(extension(&lower), "yml" | "yaml")
        && lower.trim_start_matches("docker-").trim_start_matches("compose").starts_with(['.', '-', '_'])
}

/// Files whose loss has to be told.
fn is_telling(path: &str) -> bool {
    let name = file_name(path);
    is_compose_file(name)
        || is_dockerfile(name)
        || is_env_file(name)
        || matches!(name, "package.json" | "pyproject.toml" | "requirements.txt" | "Procfile" | "Pipfile")
}

fn says_something(path: &str) -> bool {
    let name = file_name(path);
    let is_lock = matches!(name, "package-lock.json" | "pnpm-lock.yaml" | "yarn.lock");
    let is_bundle = name.ends_with(".min.js") || name.ends_with(".d.ts");
    !is_lock
        && !is_bundle
        && (TEXTS.contains(&extension(path))
            || NAMES.contains(&name)
            || is_telling(path)
            || name.strip_suffix(".txt").is_some_and(|stem| stem.starts_with("requirements")))
}

/// The text of a file; none where enough has been read.
fn text(root: &Path, path: &str, left: &mut u64) -> Result<Option<String>, String> {
    let full = root.join(path);
    let reason = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => "it cannot be read".to_owned(),
        _ => "it cannot be opened".to_owned(),
    };
    // To open a pipe is to wait for whoever writes to it.
    let metadata = full.symlink_metadata().map_err(reason)?;
    if !metadata.is_file() {
        return Err("it is no plain file".to_owned());
    }
    if metadata.len() > LARGEST {
        return Err("it is larger than 1 MiB".to_owned());
    }
    if metadata.len() > *left {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    std::fs::File::open(full).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes)).map_err(reason)?;
    *left = left.saturating_sub(metadata.len());
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    Ok(Some(text.trim_start_matches('\u{feff}').replace("\r\n", "\n")))
}

//! What git knows of a file: whether it tracks it, and whether an ignore file keeps it out.
//!
//! Read from the repository alone: its index (git docs, "gitformat-index", versions 2 to 4) and its `.gitignore` files
//! (git docs, "gitignore"). No git is run, and what only this machine ignores (`.git/info/exclude`, `core.excludesFile`)
//! does not count: the answer is the same in every clone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

mod index;

/// A repository, with the directories that have been looked at.
#[derive(Debug)]
pub struct Repository {
    /// The top of the working tree.
    root: PathBuf,
    /// Where the index lies.
    directory: PathBuf,
    /// The ignore files, by directory below the top; none where there is none.
    ignores: BTreeMap<PathBuf, Option<Gitignore>>,
}

/// What git knows of some files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked(Option<Vec<String>>);

impl Repository {
    /// The repository that `directory` lies in; none where there is none.
    pub fn find(directory: &Path) -> Option<Self> {
        let directory = directory.canonicalize().ok()?;
        directory.ancestors().find_map(|root| {
            let own = git_directory(&root.join(".git"))?;
            Some(Self { root: root.to_owned(), directory: own, ignores: BTreeMap::new() })
        })
    }

    /// Which of these files the index has; their paths may be anywhere. A file outside of the working tree is not in it,
    /// and nothing is known of any where the index is of a kind that cannot be read.
    pub fn tracked(&self, files: &[PathBuf]) -> Tracked {
        let bytes = match fs::read(self.directory.join("index")) {
            Ok(bytes) => bytes,
            // A repository without a commit has none.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Tracked(Some(Vec::new())),
            Err(_) => return Tracked(None),
        };
        let wanted = files.iter().filter_map(|file| self.below(file)).filter_map(|path| slashed(&path)).collect();
        Tracked(index::among(&bytes, &wanted))
    }

    /// Whether the index has a file, as far as [`Repository::tracked`] has looked for it.
    pub fn has(&self, tracked: &Tracked, file: &Path) -> bool {
        let path = self.below(file).and_then(|path| slashed(&path));
        tracked.0.as_ref().zip(path).is_some_and(|(known, path)| known.contains(&path))
    }

    /// Whether an ignore file keeps a file out, or a directory that it lies in.
    pub fn ignores(&mut self, file: &Path) -> bool {
        let Some(path) = self.below(file) else { return false };
        let parts: Vec<&Path> = path.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
        // From the top: what lies in an ignored directory cannot be taken out of it again.
        parts.iter().rev().enumerate().any(|(depth, part)| {
            let is_directory = depth + 1 < parts.len();
            self.verdict(part, is_directory)
        })
    }

    /// What the ignore file says that is nearest to a path and says something of it.
    fn verdict(&mut self, path: &Path, is_directory: bool) -> bool {
        let full = self.root.join(path);
        for directory in path.ancestors().skip(1) {
            let root = &self.root;
            let ignore = self.ignores.entry(directory.to_owned()).or_insert_with(|| ignore_file(&root.join(directory)));
            match ignore.as_ref().map_or(Match::None, |ignore| ignore.matched(&full, is_directory)) {
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }

    /// A path as seen from the top of the working tree, without `.` and `..`; none where it lies outside.
    fn below(&self, file: &Path) -> Option<PathBuf> {
        let mut clean = PathBuf::new();
        for component in std::path::absolute(file).ok()?.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => {
                    clean.pop();
                }
                other => clean.push(other),
            }
        }
        clean.strip_prefix(&self.root).ok().map(Path::to_owned)
    }
}

/// The directory of git's own files, where `path` is one, or the file that names one, as worktrees and submodules have it
/// (git docs, "gitrepository-layout").
fn git_directory(path: &Path) -> Option<PathBuf> {
    let directory = if path.is_dir() {
        path.to_owned()
    } else {
        let text = fs::read_to_string(path).ok()?;
        path.parent()?.join(text.strip_prefix("gitdir: ")?.trim_end_matches(['\r', '\n']))
    };
    directory.join("HEAD").is_file().then_some(directory)
}

fn ignore_file(directory: &Path) -> Option<Gitignore> {
    let text = fs::read(directory.join(".gitignore")).ok()?;
    let mut builder = GitignoreBuilder::new(directory);
    for line in String::from_utf8_lossy(&text).lines() {
        // A line that is no pattern matches nothing, for git too.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}

/// A path as the index spells it.
fn slashed(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

//! The files of the sources, as git sees them: what ignore files name is not part of a project, nor is what tools install
//! or build there.

use std::collections::BTreeMap;
use std::path::Path;

use ignore::WalkBuilder;

use super::{LARGEST, Language, MOST_FILES};

/// Directories that hold no source, whether git knows them or not.
const SKIPPED: [&str; 20] = [
    "node_modules",
    ".git",
    ".venv",
    "venv",
    "__pycache__",
    "site-packages",
    ".next",
    ".nuxt",
    ".output",
    ".svelte-kit",
    ".turbo",
    "coverage",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    "bower_components",
    "htmlcov",
    ".terraform",
    "storybook-static",
];
/// Directories that hold what is built, where they stand at the root of a source.
const BUILT: [&str; 3] = ["dist", "build", "out"];
/// Languages that are not read.
const FOREIGN: [&str; 26] = [
    "rb", "go", "rs", "java", "kt", "cs", "php", "ex", "exs", "scala", "clj", "swift", "c", "cc", "cpp", "lua", "pl",
    "r", "erl", "hs", "dart", "ml", "fs", "groovy", "nim", "zig",
];
/// Files that are no text that anybody reads variables from.
const OPAQUE: [&str; 23] = [
    "png", "jpg", "jpeg", "gif", "webp", "ico", "woff", "woff2", "ttf", "otf", "mp3", "mp4", "wav", "pdf", "zip", "gz",
    "wasm", "so", "pyc", "db", "sqlite", "lock", "map",
];

/// Whether a directory of this name holds no source, wherever it stands.
pub(crate) fn is_no_source(name: &str) -> bool {
    SKIPPED.contains(&name)
}

/// What is in a directory.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files in a language that is read, relative to services.toml.
    pub(super) code: Vec<(String, Language)>,
    /// Other texts.
    pub(super) others: Vec<String>,
    /// The first file in a language that is not read.
    pub(super) foreign: Option<String>,
    /// Whether there is more than is looked at.
    pub(super) is_cut: bool,
}

/// All directories.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) directories: BTreeMap<String, Found>,
}

impl Walk {
    /// Walks through directories below `root`, each relative to it.
    pub(super) fn take<'d>(root: &Path, directories: impl Iterator<Item = &'d str>) -> Self {
        let mut walk = Self::default();
        let mut left = MOST_FILES;
        for directory in directories {
            let found = walk_through(root, directory, &mut left);
            walk.directories.insert(directory.to_owned(), found);
        }
        walk
    }
}

fn walk_through(root: &Path, directory: &str, left: &mut usize) -> Found {
    let mut found = Found::default();
    let top = if directory.is_empty() { root.to_owned() } else { root.join(directory) };
    if top.is_file() {
        found.take(directory.to_owned());
        return found;
    }
    let mut builder = WalkBuilder::new(&top);
    // What this machine ignores elsewhere is no part of the project.
    builder.hidden(true).ignore(false).git_global(false).git_exclude(false).git_ignore(true).require_git(false);
    builder.parents(true).follow_links(false).sort_by_file_name(std::ffi::OsStr::cmp);
    builder.filter_entry(|entry| {
        let name = entry.file_name().to_string_lossy();
        let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        !is_directory
            || entry.depth() == 0
            || !(is_no_source(&name) || (entry.depth() == 1 && BUILT.contains(&name.as_ref())))
    });
    for entry in builder.build().filter_map(Result::ok) {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(inner) = entry.path().strip_prefix(root) else { continue };
        let Some(path) = inner.to_str() else { continue };
        if *left == 0 {
            found.is_cut = true;
            break;
        }
        *left -= 1;
        found.take(path.replace('\\', "/"));
    }
    found
}

impl Found {
    fn take(&mut self, path: String) {
        let name = path.rsplit('/').next().unwrap_or(&path);
        if let Some(language) = language(name) {
            self.code.push((path, language));
            return;
        }
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if FOREIGN.contains(&extension) {
            if super::role::of(&path) == super::Role::Running {
                self.foreign.get_or_insert(path);
            }
        } else if !OPAQUE.contains(&extension) && !name.ends_with("-lock.json") && !name.ends_with("-lock.yaml") {
            self.others.push(path);
        }
    }
}

/// The language of a file, by its name.
fn language(name: &str) -> Option<Language> {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let before = stem.rsplit_once('.').map_or("", |(_, before)| before);
    match extension {
        "js" | "cjs" | "mjs" if before == "min" => None,
        "ts" if before == "d" => None,
        "js" | "cjs" | "mjs" | "jsx" | "ts" | "cts" | "mts" | "tsx" | "vue" | "svelte" | "astro" => {
            Some(Language::JavaScript)
        }
        "py" | "pyw" => Some(Language::Python),
        "sh" | "bash" => Some(Language::Shell),
        "prisma" => Some(Language::Prisma),
        "" if name.ends_with("entrypoint") => Some(Language::Shell),
        _ => None,
    }
}

/// The text of a file, where it is one that people write.
pub(super) fn text(root: &Path, path: &str) -> Option<String> {
    let path = root.join(path);
    // To open a pipe is to wait for whoever writes to it.
    let length = path.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    let file = std::fs::File::open(path).ok()?;
    if length > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).ok()?);
    std::io::Read::read_to_end(&mut std::io::Read::take(file, LARGEST), &mut bytes).ok()?;
    if bytes.contains(&0) {
        return None;
    }
    Some(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Whether a path is a directory, or lies in it.
pub(super) fn is_in(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

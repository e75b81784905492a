//! A snapshot of what the plan and the rules need to know of the services' sources, taken once per run.
//!
//! Only the files that a kind names are looked at, so the time does not depend on the size of a source tree.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::kinds::{Detected, Kind};
use crate::manifest::Read;

/// The sources of all services, by directory relative to services.toml.
#[derive(Debug, Default)]
pub struct Sources {
    directories: BTreeMap<String, Directory>,
}

/// What is known of one source directory.
#[derive(Debug, Default, Clone)]
pub struct Directory {
    /// Whether it exists and is a directory.
    pub exists: bool,
    files: BTreeSet<String>,
    texts: BTreeMap<String, String>,
    json: BTreeMap<String, Result<serde_json::Value, String>>,
}

/// A file of a source that is there but cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}")]
pub struct SourceError {
    /// The file, relative to services.toml.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

impl Sources {
    /// Looks at the sources that the manifest names, below `root`.
    pub fn take(root: &Path, read: &Read) -> Result<Self, SourceError> {
        let mut wanted: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut texts: BTreeSet<&str> = BTreeSet::new();
        for service in read.environments.values().flat_map(|manifest| manifest.services.values()) {
            let Some(source) = &service.source else { continue };
            let files = wanted.entry(source.clone()).or_default();
            files.extend(service.dockerfile.as_deref());
            texts.extend(service.dockerfile.as_deref());
            let Some(kind) = service.kind.as_ref().and_then(|kind| read.kinds.get(kind)) else { continue };
            files.extend(kind.requires.iter().map(|required| required.file.as_str()));
            files.extend(kind.detect.values().flat_map(|files| files.keys().map(String::as_str)));
        }
        let mut directories = BTreeMap::new();
        for (source, files) in wanted {
            directories.insert(source.clone(), directory(root, &source, &files, &texts)?);
        }
        Ok(Self { directories })
    }

    /// What is known of a source directory.
    pub fn get(&self, source: &str) -> Option<&Directory> {
        self.directories.get(source)
    }
}

impl Directory {
    /// Whether the file exists.
    pub fn has(&self, file: &str) -> bool {
        self.files.contains(file)
    }

    /// The text of a file that the manifest names.
    pub fn text(&self, file: &str) -> Option<&str> {
        self.texts.get(file).map(String::as_str)
    }

    /// Whether the files from which the kind reads what it must know are there, and can be read.
    pub fn is_legible(&self, kind: &Kind) -> bool {
        let mut reads =
            kind.detect.values().flatten().filter(|(_, detected)| matches!(detected, Detected::Json { .. }));
        reads.all(|(file, _)| match self.json.get(file) {
            Some(parsed) => parsed.is_ok(),
            None => !kind.requires.iter().any(|required| required.file == *file),
        })
    }

    /// What a detection finds.
    pub fn detect<'a>(&self, cases: impl IntoIterator<Item = (&'a String, &'a Detected)>) -> Option<String> {
        cases.into_iter().find_map(|(file, detected)| match detected {
            Detected::Value(value) => self.has(file).then(|| value.clone()),
            Detected::Json { json } => {
                let document = self.json.get(file)?.as_ref().ok()?;
                document.pointer(json)?.as_str().map(str::to_owned)
            }
        })
    }

    /// Files that should be JSON and are not, with what the parser says.
    pub fn malformed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.json.iter().filter_map(|(file, parsed)| Some((file.as_str(), parsed.as_ref().err()?.as_str())))
    }
}

fn directory(
    root: &Path,
    source: &str,
    files: &BTreeSet<&str>,
    texts: &BTreeSet<&str>,
) -> Result<Directory, SourceError> {
    let path: PathBuf = root.join(source);
    let mut directory = Directory { exists: path.is_dir(), ..Directory::default() };
    if !directory.exists {
        return Ok(directory);
    }
    for file in files {
        match std::fs::read(path.join(file)) {
            Ok(bytes) => {
                directory.files.insert((*file).to_owned());
                if texts.contains(file) {
                    directory.texts.insert((*file).to_owned(), String::from_utf8_lossy(&bytes).into_owned());
                }
                if *file == "package.json" {
                    let text = String::from_utf8_lossy(&bytes);
                    let parsed = serde_json::from_str(text.trim_start_matches('\u{feff}'));
                    directory.json.insert((*file).to_owned(), parsed.map_err(|error| error.to_string()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(SourceError { path: format!("{source}/{file}"), source: error }),
        }
    }
    Ok(directory)
}

//! A project in a temporary directory, and the artifacts that it should have.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use stackgen::disk::{DiskError, Edits, Summary, Survey};
use stackgen::render::{Artifact, Artifacts, Owner};
use tempfile::TempDir;

pub(crate) const LOCK: &str = "stackgen.lock";

/// Artifacts of the stack, or of the environment before the colon: `[("a", "text"), ("dev:b", "text")]`. Those named
/// `run.sh` are executable.
pub(crate) fn artifacts<const N: usize>(files: [(&str, &str); N]) -> Artifacts {
    let artifact = |(path, text): (&str, &str)| {
        let (owner, path) = match path.split_once(':') {
            Some((name, path)) => (Owner::Environment(name.to_owned()), path),
            None => (Owner::Stack, path),
        };
        (path.to_owned(), Artifact { text: text.to_owned(), executable: path.ends_with("run.sh"), owner })
    };
    files.into_iter().map(artifact).collect()
}

pub(crate) fn environments(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

pub(crate) struct Project {
    directory: TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    /// A project with these artifacts in it, and old enough for any write to show in its times.
    pub(crate) fn rendered(artifacts: &Artifacts) -> Self {
        let project = Self::new();
        project.render(artifacts);
        project.age();
        project
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn survey<'a>(&self, artifacts: &'a Artifacts) -> Survey<'a> {
        self.try_survey(artifacts).expect("a survey")
    }

    pub(crate) fn try_survey<'a>(&self, artifacts: &'a Artifacts) -> Result<Survey<'a>, DiskError> {
        Survey::take(self.root(), artifacts, None, "1.0.0")
    }

    pub(crate) fn render(&self, artifacts: &Artifacts) -> Summary {
        self.survey(artifacts).apply(Edits::Refuse).expect("a render")
    }

    pub(crate) fn render_only(&self, names: &[&str], artifacts: &Artifacts) -> Summary {
        let survey = Survey::take(self.root(), artifacts, Some(&environments(names)), "1.0.0").expect("a survey");
        survey.apply(Edits::Refuse).expect("a render")
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file that can be written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("a file that can be read")
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    pub(crate) fn delete(&self, path: &str) {
        fs::remove_file(self.path(path)).expect("a file that can be deleted");
    }

    /// The files of the project with their texts and times, the lock included.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>, SystemTime)> {
        let mut files = Vec::new();
        walk(self.root(), &mut |path| {
            let relative = path.strip_prefix(self.root()).expect("a path in the project").display().to_string();
            let modified = path.symlink_metadata().and_then(|metadata| metadata.modified()).expect("a time");
            files.push((relative, fs::read(path).expect("a file"), modified));
        });
        files.sort();
        files
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_iter().map(|(name, ..)| name).filter(|name| name != LOCK).collect()
    }

    fn age(&self) {
        let past = SystemTime::now() - Duration::from_secs(3600);
        walk(self.root(), &mut |path| {
            let file = fs::File::options().append(true).open(path).expect("a file");
            file.set_modified(past).expect("a time that can be set");
        });
    }
}

fn walk(directory: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in directory.read_dir().expect("a directory") {
        let path = entry.expect("an entry").path();
        let metadata = path.symlink_metadata().expect("metadata");
        if metadata.is_dir() {
            walk(&path, visit);
        } else if metadata.is_file() {
            visit(&path);
        }
    }
}

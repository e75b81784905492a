//! A repository that is described for the first time: its files, what `init` wrote, and what it said.

use std::fs;

use tempfile::TempDir;

use crate::support::everything_said;
use crate::{init, move_away, works};

pub(super) struct Described {
    pub(super) folder: TempDir,
    /// services.toml.
    pub(super) text: String,
    pub(super) said: String,
}

impl Described {
    /// Describes these files, does what the closing lines say, and sees that what is written is rendered and clean.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("stackgen-init-").tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            fs::write(path, text).expect("a file");
        }
        let output = init(folder.path(), &[]);
        let said = everything_said(&output);
        assert!(output.status.success(), "{said}");
        let text = fs::read_to_string(folder.path().join("services.toml")).expect("services.toml");
        move_away(folder.path(), &output);
        works(folder.path());
        Self { folder, text, said }
    }

    /// A file that is rendered.
    pub(super) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The compose file of development.
    pub(super) fn rendered(&self) -> String {
        self.file("docker-compose.yml")
    }

    /// services.toml says this.
    pub(super) fn says(&self, what: &str) -> &Self {
        assert!(self.text.contains(what), "{what} is not in\n{}\n{}", self.text, self.said);
        self
    }

    /// The terminal says this.
    pub(super) fn tells(&self, what: &str) -> &Self {
        assert!(self.said.contains(what), "{what} is not in\n{}\n{}", self.said, self.text);
        self
    }

    /// Neither says this.
    pub(super) fn hides(&self, what: &str) -> &Self {
        assert!(!self.text.contains(what) && !self.said.contains(what), "{what} is in\n{}\n{}", self.said, self.text);
        self
    }
}

/// services.toml for these files, and what is said.
pub(super) fn written(files: &[(&str, &str)]) -> (String, String) {
    let Described { text, said, .. } = Described::of(files);
    (text, said)
}

/// The line of a text that begins with a word, or nothing.
pub(super) fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines().find(|line| line.split_whitespace().next() == Some(start)).unwrap_or_default()
}

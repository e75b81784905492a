//! services.toml itself, which belongs to people: written only where somebody asked for it, and only over the text that
//! was read.
//!
//! A write is a rename, like every other; the file keeps its mode and its owner. Nothing is written through a symbolic
//! link, and nothing over a file that is read-only.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::entry::unified;
use super::env_file::keep_owner;
use super::error::{DiskError, words};
use super::folders::{Folders, Found};
use super::leftovers::Ours;
use super::write::{Prepared, temporary};

/// The manifest of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    root: PathBuf,
    name: String,
}

impl ManifestFile {
    /// The file `name` in the directory `root`.
    ///
    /// # Errors
    /// Where `root` cannot be opened.
    pub fn new(root: &Path, name: &str) -> Result<Self, DiskError> {
        let canonical = root.canonicalize();
        let root =
            canonical.map_err(|cause| DiskError::Root { path: root.display().to_string(), cause: words(&cause) })?;
        Ok(Self { root, name: name.to_owned() })
    }

    /// What a write changes, as a unified diff, line ends apart.
    pub fn diff(&self, before: &str, text: &str) -> String {
        let (from, to) = (format!("a/{}", self.name), format!("b/{}", self.name));
        unified(&from, &to, before.as_bytes(), &text.replace("\r\n", "\n"))
    }

    /// Makes it, with this text. Take a [`super::Turn`] before.
    ///
    /// # Errors
    /// Where something of that name is there, whatever it is, or nothing can be written.
    pub fn create(&self, text: &str) -> Result<(), DiskError> {
        let full = self.root.join(&self.name);
        let failed = |cause: io::Error| DiskError::write(&self.root, &self.name, &cause);
        if full.symlink_metadata().is_ok() {
            return Err(DiskError::ManifestExists { path: self.name.clone() });
        }
        Ours::default().sweep(&self.root, "")?;
        let mut file = temporary(&self.root).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).map_err(failed)?;
        }
        // Whoever was faster keeps what they wrote.
        match file.persist_noclobber(&full) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(DiskError::ManifestExists { path: self.name.clone() })
            }
            Err(error) => Err(failed(error.error)),
        }
    }

    /// Gives it this text, where it still has the one that was read. Take a [`super::Turn`] before it is read.
    ///
    /// # Errors
    /// Where it is no file or read-only, changed meanwhile, or cannot be written or given to the one whose it was.
    pub fn write(&self, before: &str, text: &str) -> Result<(), DiskError> {
        if let Found::Obstacle(what) = Folders::new(&self.root).look(&self.name)? {
            return Err(DiskError::ManifestObstacle { path: self.name.clone(), what });
        }
        let full = self.root.join(&self.name);
        let failed = |cause: io::Error| DiskError::write(&self.root, &self.name, &cause);
        let refused = |cause: &str| DiskError::Write { path: self.name.clone(), cause: cause.to_owned() };
        let metadata = full.symlink_metadata().map_err(failed)?;
        if metadata.permissions().readonly() {
            return Err(refused("it is read-only"));
        }
        Ours::default().sweep(&self.root, "")?;
        let file = temporary(&self.root).map_err(failed)?;
        if keep_owner(&full, file.as_file()).is_err() {
            return Err(refused("it belongs to somebody else, who could not change it any more"));
        }
        fs::set_permissions(file.path(), metadata.permissions()).map_err(failed)?;
        let prepared = Prepared::with(file, text.as_bytes()).map_err(failed)?;
        prepared.put(&self.root, &self.name, |now| now == Some(before.as_bytes()))
    }
}

//! Env files, which belong to whoever runs the stack: read wherever they lie, written so that nobody else can read them.
//!
//! A write is a rename, like every other; but the file has mode 0600 from its first byte on, keeps its owner, and is
//! refused where somebody else wrote it meanwhile. Nothing is written through a symbolic link.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{DiskError, Refusal, Why};
use super::folders::{Folders, Found};
use super::leftovers::Ours;
use super::paths::{objection, parent};
use super::write::{Made, Prepared, temporary};

/// An env file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    root: PathBuf,
    path: String,
}

impl EnvFile {
    /// The file `path`, relative to the project directory `root`, `/`-separated.
    ///
    /// # Errors
    /// Where `root` cannot be opened, or the path would lead out of it.
    pub fn new(root: &Path, path: &str) -> Result<Self, DiskError> {
        if let Some(what) = objection(path) {
            return Err(DiskError::Artifact { path: path.to_owned(), what: what.to_owned() });
        }
        let canonical = root.canonicalize();
        let root = canonical.map_err(|cause| DiskError::Root {
            path: root.display().to_string(),
            cause: super::error::words(&cause),
        })?;
        Ok(Self { root, path: path.to_owned() })
    }

    /// What is in it; none where it is not there. Symbolic links are followed, since Compose does the same.
    ///
    /// # Errors
    /// Where it is there and cannot be read.
    pub fn read(&self) -> Result<Option<Vec<u8>>, DiskError> {
        match fs::read(self.full()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(cause) => Err(DiskError::read(&self.path, &cause)),
        }
    }

    /// Whether it may be written: nothing but a file stands there, and nothing on the way leads out of the project.
    ///
    /// # Errors
    /// Where it may not, or what stands there cannot be looked at.
    pub fn check(&self) -> Result<(), DiskError> {
        match Folders::new(&self.root).look(&self.path)? {
            Found::Nothing | Found::File(_) => Ok(()),
            Found::Obstacle(obstacle) => {
                Err(DiskError::Refused(vec![Refusal { path: self.path.clone(), why: Why::Blocked(obstacle) }]))
            }
        }
    }

    /// Gives it these bytes, where it still has those that were read. Take a [`super::Turn`] before it is read.
    ///
    /// # Errors
    /// Where it may not be written, changed meanwhile, or cannot be given to the one whose it was.
    pub fn write(&self, before: Option<&[u8]>, bytes: &[u8]) -> Result<(), DiskError> {
        self.check()?;
        let failed = |cause: io::Error| DiskError::write(&self.root, &self.path, &cause);
        let folder = parent(&self.path);
        let made = Made::directories(&self.root, &self.path)?;
        // What a killed run left behind holds secrets.
        Ours::default().sweep(&self.root, folder)?;
        let file = temporary(&self.root.join(folder)).map_err(failed)?;
        set_mode(file.path(), 0o600).map_err(failed)?;
        if keep_owner(&self.full(), file.as_file()).is_err() {
            let cause = "it belongs to somebody else, who could not read it any more".to_owned();
            return Err(DiskError::Write { path: self.path.clone(), cause });
        }
        Prepared::with(file, bytes).map_err(failed)?.put(&self.root, &self.path, |now| now == before)?;
        made.keep();
        Ok(())
    }

    /// Takes from everybody else what they may do with it; gives the mode that it had where that was something.
    ///
    /// # Errors
    /// Where its mode cannot be read or changed.
    pub fn close(&self) -> Result<Option<u32>, DiskError> {
        let full = self.full();
        let metadata = match full.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => metadata,
            // What a link leads to is somebody else's business.
            _ => return Ok(None),
        };
        let Some(open) = mode(&metadata).filter(|mode| mode & 0o077 != 0) else { return Ok(None) };
        let failed = |cause: io::Error| DiskError::Mode { path: self.path.clone(), cause: super::error::words(&cause) };
        set_mode(&full, open & 0o700).map_err(failed)?;
        Ok(Some(open))
    }

    fn full(&self) -> PathBuf {
        self.root.join(&self.path)
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn mode(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(metadata.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> Option<u32> {
    None
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "unix systems have modes")]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Gives a new file to the owner of the old one, who could not read it any more else.
#[cfg(unix)]
pub(super) fn keep_owner(old: &Path, new: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let Ok(before) = old.symlink_metadata() else { return Ok(()) };
    let now = new.metadata()?;
    if (before.uid(), before.gid()) == (now.uid(), now.gid()) {
        return Ok(());
    }
    if before.uid() == now.uid() {
        // The group has no right to it in any case.
        let _ = std::os::unix::fs::fchown(new, None, Some(before.gid()));
        return Ok(());
    }
    std::os::unix::fs::fchown(new, Some(before.uid()), Some(before.gid()))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "unix systems have owners")]
pub(super) fn keep_owner(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

//! What stands at a path, without following a symbolic link out of the project.
//!
//! Each directory is looked at once however many files it has.

use std::collections::{BTreeSet, HashMap};
use std::fs::Metadata;
use std::io;
use std::path::Path;

use super::error::{DiskError, Obstacle};
use super::leftovers::Ours;
use super::paths::{objection, parent};

/// What stands at a path.
#[derive(Debug)]
pub(super) enum Found {
    Nothing,
    File(OnDisk),
    Obstacle(Obstacle),
}

/// A regular file.
#[derive(Debug)]
pub(super) struct OnDisk {
    pub(super) bytes: Vec<u8>,
    /// Its owner's x bit, as git has it; `None` where the system has none.
    pub(super) executable: Option<bool>,
    /// The same for two paths to one file; `None` where the system does not tell.
    pub(super) identity: Option<(u64, u64)>,
}

/// What a directory's path leads to.
#[derive(Debug, Clone)]
enum Standing {
    /// A directory of the project.
    Directory,
    Missing,
    /// This path, which is the directory or above it, is a file.
    File(String),
    /// This path, which is the directory or above it, is a symbolic link to somewhere else.
    Link(String),
}

/// The project directory, and what is known of the directories in it.
pub(super) struct Folders<'root> {
    root: &'root Path,
    known: HashMap<String, Standing>,
}

impl<'root> Folders<'root> {
    /// `root` has to be canonical.
    pub(super) fn new(root: &'root Path) -> Self {
        Self { root, known: HashMap::new() }
    }

    /// Reads what stands at `path`.
    pub(super) fn look(&mut self, path: &str) -> Result<Found, DiskError> {
        match self.standing(parent(path))? {
            Standing::Directory => {}
            Standing::Missing => return Ok(Found::Nothing),
            Standing::File(above) => return Ok(Found::Obstacle(Obstacle::ParentIsFile(above))),
            Standing::Link(above) => return Ok(Found::Obstacle(Obstacle::ParentIsLink(above))),
        }
        let full = self.root.join(path);
        let Some(metadata) = metadata(&full, path)? else { return Ok(Found::Nothing) };
        if let Some(obstacle) = Obstacle::of(&metadata) {
            return Ok(Found::Obstacle(obstacle));
        }
        let bytes = match std::fs::read(&full) {
            Ok(bytes) => bytes,
            // It went between the two looks.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(cause) => return Err(DiskError::read(path, &cause)),
        };
        Ok(Found::File(OnDisk { bytes, executable: executable(&metadata), identity: identity(&metadata) }))
    }

    /// Whether nothing is left of the directory `path` when the files `going` and what a killed run left have gone.
    pub(super) fn is_emptied(&self, path: &str, going: &BTreeSet<String>, ours: &Ours) -> Result<bool, DiskError> {
        let failed = |cause: io::Error| DiskError::read(path, &cause);
        for entry in self.root.join(path).read_dir().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { return Ok(false) };
            let below = format!("{path}/{name}");
            let goes = match kind {
                kind if kind.is_dir() => self.is_emptied(&below, going, ours)?,
                kind => kind.is_file() && (going.contains(&below) || ours.may_go(&entry.path())),
            };
            if !goes {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn standing(&mut self, directory: &str) -> Result<Standing, DiskError> {
        if directory.is_empty() {
            return Ok(Standing::Directory);
        }
        if let Some(standing) = self.known.get(directory) {
            return Ok(standing.clone());
        }
        let standing = match self.standing(parent(directory))? {
            Standing::Directory => self.resolve(directory)?,
            above => above,
        };
        self.known.insert(directory.to_owned(), standing.clone());
        Ok(standing)
    }

    fn resolve(&self, directory: &str) -> Result<Standing, DiskError> {
        let full = self.root.join(directory);
        let Some(metadata) = metadata(&full, directory)? else { return Ok(Standing::Missing) };
        Ok(if metadata.is_dir() {
            Standing::Directory
        } else if !metadata.is_symlink() {
            Standing::File(directory.to_owned())
        } else if is_within(self.root, &full) {
            Standing::Directory
        } else {
            Standing::Link(directory.to_owned())
        })
    }
}

/// Whether `full` is a directory of the project `root`, all symbolic links followed. `.git` is not the project's.
pub(super) fn is_within(root: &Path, full: &Path) -> bool {
    full.canonicalize().is_ok_and(|real| {
        let relative = real.strip_prefix(root).ok().and_then(Path::to_str);
        relative.is_some_and(|path| path.is_empty() || path_is_fine(path)) && real.is_dir()
    })
}

fn path_is_fine(path: &str) -> bool {
    objection(&path.replace(std::path::MAIN_SEPARATOR, "/")).is_none()
}

fn metadata(full: &Path, path: &str) -> Result<Option<Metadata>, DiskError> {
    match full.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(DiskError::read(path, &cause)),
    }
}

impl Obstacle {
    /// What keeps a thing from being read and replaced as a regular file.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        if metadata.is_file() {
            None
        } else if metadata.is_dir() {
            Some(Self::Directory)
        } else if metadata.is_symlink() {
            Some(Self::Link)
        } else {
            Some(Self::Special)
        }
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub(super) fn executable(metadata: &Metadata) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt;
    Some(metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
pub(super) fn executable(_: &Metadata) -> Option<bool> {
    None
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems do not tell")]
pub(super) fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
pub(super) fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

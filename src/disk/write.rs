//! The single operations on the working tree. Each leaves a file old or new, whenever it is cut off, and leaves alone
//! what somebody else has changed since the survey.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::{DiskError, words};
use super::folders::is_within;
use super::leftovers::{Ours, PREFIX, RANDOM, TEMPORARY};
use super::lock::lf;
use super::paths::{LOCK, ancestors, parent};
use super::swap::{self, Done, Replaced};

/// One operation on the working tree; paths are relative to the project directory.
#[derive(Debug)]
pub(super) enum Step<'survey> {
    /// Delete what a killed render left behind in a directory.
    Sweep(&'survey str),
    /// Write the lock.
    Lock {
        text: String,
        /// What it had before, with LF line ends; `None` where it was missing.
        replaces: Option<String>,
    },
    /// Write a file.
    Write {
        path: &'survey str,
        text: &'survey str,
        executable: bool,
        /// What it had when the tree was surveyed; `None` where it was missing.
        replaces: Option<&'survey [u8]>,
    },
    /// Set a file's mode.
    Mode { path: &'survey str, executable: bool },
    /// Delete a file that has this text.
    Remove { path: &'survey str, text: &'survey [u8] },
    /// Delete a directory if it is empty, then the ones above it.
    Tidy(&'survey str),
}

impl Step<'_> {
    /// Does it below `root`, which has to be canonical.
    pub(super) fn run(&self, root: &Path, ours: &Ours) -> Result<(), DiskError> {
        match *self {
            Self::Sweep(directory) => ours.sweep(root, directory),
            Self::Lock { ref text, ref replaces } => write_lock(root, text, replaces.as_deref()),
            Self::Write { path, text, executable, replaces } => {
                if replaces.is_none() {
                    give_way(root, path, ours)?;
                }
                write(root, path, text, executable, replaces)
            }
            Self::Mode { path, executable } => change_mode(root, path, executable),
            Self::Remove { path, text } => remove(root, path, text),
            Self::Tidy(directory) => {
                tidy(root, directory);
                Ok(())
            }
        }
    }

    /// The file that it writes, changes or deletes.
    pub(super) fn file(&self) -> Option<&str> {
        match *self {
            Self::Lock { .. } => Some(LOCK),
            Self::Write { path, .. } | Self::Mode { path, .. } | Self::Remove { path, .. } => Some(path),
            Self::Sweep(_) | Self::Tidy(_) => None,
        }
    }
}

fn write_lock(root: &Path, text: &str, replaces: Option<&str>) -> Result<(), DiskError> {
    let prepared = Prepared::new(root, LOCK, text, false)?;
    prepared.put(root, LOCK, |now| now.map(lf).as_deref() == replaces.map(str::as_bytes))
}

/// A directory that prunes have emptied gives way to a file; one that has got a file meanwhile stays.
fn give_way(root: &Path, path: &str, ours: &Ours) -> Result<(), DiskError> {
    let full = root.join(path);
    if full.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        remove_emptied(&full, ours).map_err(|cause| DiskError::write(root, path, &cause))?;
    }
    Ok(())
}

fn write(root: &Path, path: &str, text: &str, executable: bool, replaces: Option<&[u8]>) -> Result<(), DiskError> {
    let made = Made::directories(root, path)?;
    Prepared::new(root, path, text, executable)?
        .put(root, path, |now| now == replaces || now == Some(text.as_bytes()))?;
    made.keep();
    Ok(())
}

fn change_mode(root: &Path, path: &str, executable: bool) -> Result<(), DiskError> {
    if !is_reached(root, path)? || standing(root, path)?.is_none() {
        return Err(DiskError::Changed { path: path.to_owned() });
    }
    swap::change_mode(&root.join(path), executable)
        .map_err(|cause| DiskError::Mode { path: path.to_owned(), cause: words(&cause) })
}

/// The directories that were made for a file; they go again unless they are kept.
pub(super) struct Made(Vec<PathBuf>);

impl Made {
    /// Makes those of `path` that are missing.
    pub(super) fn directories(root: &Path, path: &str) -> Result<Self, DiskError> {
        let mut made = Self(Vec::new());
        let mut directories: Vec<_> = ancestors(path).collect();
        directories.reverse();
        for directory in directories {
            if !is_directory(root, directory)? {
                let full = root.join(directory);
                match fs::create_dir(&full) {
                    Ok(()) => made.0.push(full),
                    // Somebody was faster.
                    Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && is_directory(root, directory)? => {}
                    Err(cause) => return Err(DiskError::write(root, path, &cause)),
                }
            }
        }
        Ok(made)
    }

    pub(super) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for directory in self.0.iter().rev() {
            // Where somebody has put something into it, it stays.
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Whether all directories of `path` are there; an error where one is no directory of the project any more.
fn is_reached(root: &Path, path: &str) -> Result<bool, DiskError> {
    let mut directories: Vec<_> = ancestors(path).collect();
    directories.reverse();
    for directory in directories {
        if !is_directory(root, directory)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether `directory` is there; an error where something else is, or a link that leads out of the project.
fn is_directory(root: &Path, directory: &str) -> Result<bool, DiskError> {
    let full = root.join(directory);
    match full.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() || (metadata.is_symlink() && is_within(root, &full)) => Ok(true),
        Ok(_) => Err(DiskError::Changed { path: directory.to_owned() }),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(DiskError::read(directory, &cause)),
    }
}

/// The bytes of a file, `None` where there is none; an error where something else stands there.
fn standing(root: &Path, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
    match swap::read(&root.join(path)) {
        Ok(Some(bytes)) => Ok(Some(bytes)),
        Ok(None) => Err(DiskError::Changed { path: path.to_owned() }),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(DiskError::read(path, &cause)),
    }
}

fn remove_emptied(full: &Path, ours: &Ours) -> io::Result<()> {
    for entry in full.read_dir()? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            remove_emptied(&entry.path(), ours)?;
        } else if ours.may_go(&entry.path()) {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(full)
}

/// A temporary file of a name that is swept; only its owner may read it.
pub(super) fn temporary(directory: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).suffix(TEMPORARY).rand_bytes(RANDOM).tempfile_in(directory)
}

/// A file that has everything but its name; it goes again unless it gets that.
pub(super) struct Prepared {
    file: NamedTempFile,
    text: Vec<u8>,
}

impl Prepared {
    fn new(root: &Path, path: &str, text: &str, executable: bool) -> Result<Self, DiskError> {
        let make = || {
            let file = temporary(&root.join(parent(path)))?;
            set_mode(file.path(), executable)?;
            Self::with(file, text.as_bytes())
        };
        make().map_err(|cause| DiskError::write(root, path, &cause))
    }

    /// A temporary file gets all of its text.
    pub(super) fn with(mut file: NamedTempFile, text: &[u8]) -> io::Result<Self> {
        file.write_all(text)?;
        Ok(Self { file, text: text.to_owned() })
    }

    /// Gives it its name in one rename, where what stands there now is what is expected.
    pub(super) fn put(
        self,
        root: &Path,
        path: &str,
        is_expected: impl Fn(Option<&[u8]>) -> bool,
    ) -> Result<(), DiskError> {
        let changed = || Err(DiskError::Changed { path: path.to_owned() });
        let failed = |cause: io::Error| DiskError::write(root, path, &cause);
        let full = root.join(path);
        let now = standing(root, path)?;
        if !is_reached(root, path)? || !is_expected(now.as_deref()) {
            return changed();
        }
        let mut file = self.file;
        if now.is_none() {
            match file.persist_noclobber(&full) {
                Ok(_) => return Ok(()),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return changed(),
                Err(error) if error.error.kind() == io::ErrorKind::NotFound => return changed(),
                // Not every file system can do that.
                Err(error) => file = error.file,
            }
        } else {
            match swap::replace(file, &full, &self.text, |bytes| is_expected(Some(bytes))).map_err(failed)? {
                Replaced::Tried(Done::Yes) => return Ok(()),
                Replaced::Tried(Done::Refused | Done::Missing) => return changed(),
                Replaced::Tried(Done::Aside(lies)) => return Err(kept(root, path, &lies)),
                Replaced::Unsupported(same) => file = same,
            }
        }
        file.persist(&full).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

fn remove(root: &Path, path: &str, text: &[u8]) -> Result<(), DiskError> {
    if !is_reached(root, path)? {
        return Ok(());
    }
    // The way there may have changed while it was taken.
    let is_it = |now: &[u8]| lf(now) == lf(text) && is_reached(root, path).unwrap_or(false);
    match swap::delete(&root.join(path), is_it).map_err(|cause| DiskError::write(root, path, &cause))? {
        Done::Yes | Done::Missing => Ok(()),
        Done::Refused => Err(DiskError::Changed { path: path.to_owned() }),
        Done::Aside(lies) => Err(kept(root, path, &lies)),
    }
}

fn kept(root: &Path, path: &str, lies: &Path) -> DiskError {
    let lies = lies.strip_prefix(root).unwrap_or(lies).display().to_string();
    DiskError::Kept { path: path.to_owned(), lies }
}

fn tidy(root: &Path, directory: &str) {
    for directory in [directory].into_iter().chain(ancestors(directory)).filter(|directory| !directory.is_empty()) {
        let full = root.join(directory);
        match full.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() && is_within(root, &full) => {}
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
            _ => break,
        }
        // It is not empty, or it cannot go (a mount point, say): either way it may stay, and is no reason to fail.
        if fs::remove_dir(&full).is_err() {
            break;
        }
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, executable: bool) -> io::Result<()> {
    fs::set_permissions(path, mode(executable))
}

#[cfg(unix)]
pub(super) fn mode(executable: bool) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 })
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "unix systems have modes")]
fn set_mode(_: &Path, _: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_file_has_a_name_that_is_swept() {
        let root = tempfile::tempdir().expect("a directory");
        let file = temporary(root.path()).expect("a file");
        assert!(file.path().file_name().and_then(|name| name.to_str()).is_some_and(super::super::leftovers::is_stray));
    }

    fn names(root: &Path) -> Vec<String> {
        let entries = root.read_dir().expect("a directory").flatten();
        entries.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect()
    }

    fn is_changed(result: Result<(), DiskError>, expected: &str) -> bool {
        matches!(result, Err(DiskError::Changed { path }) if path == expected)
    }

    #[test]
    fn an_edit_while_a_file_is_prepared_is_seen_before_the_rename() {
        let root = tempfile::tempdir().expect("a directory");
        let root = &root.path().canonicalize().expect("a directory");
        fs::write(root.join("a"), "old").expect("a file");
        let prepared = Prepared::new(root, "a", "new", false).expect("a temporary file");
        fs::write(root.join("a"), "just saved").expect("a file");
        assert!(is_changed(prepared.put(root, "a", |now| now == Some(b"old")), "a"));
        assert_eq!(fs::read(root.join("a")).expect("a file"), b"just saved");
        assert_eq!(names(root), ["a"]);
    }

    #[test]
    fn a_file_that_appears_at_the_last_moment_is_not_replaced() {
        let root = tempfile::tempdir().expect("a directory");
        let root = &root.path().canonicalize().expect("a directory");
        let prepared = Prepared::new(root, "a", "new", false).expect("a temporary file");
        let appears = |now: Option<&[u8]>| {
            fs::write(root.join("a"), "just saved").expect("a file");
            now.is_none()
        };
        assert!(is_changed(prepared.put(root, "a", appears), "a"));
        assert_eq!(fs::read(root.join("a")).expect("a file"), b"just saved");
        assert_eq!(names(root), ["a"]);
    }

    #[test]
    fn a_write_that_fails_leaves_neither_a_temporary_file_nor_a_directory() {
        let root = tempfile::tempdir().expect("a directory");
        let root = &root.path().canonicalize().expect("a directory");
        fs::create_dir_all(root.join("taken/by")).expect("a directory");
        fs::write(root.join("taken/by/someone"), "x").expect("a file");
        let taken = Prepared::new(root, "taken", "text", false).expect("a temporary file");
        assert!(is_changed(taken.put(root, "taken", |_| true), "taken"));
        assert!(is_changed(write(root, "new/x", "text", false, Some(b"old")), "new/x"));
        assert_eq!(names(root), ["taken"]);
    }
}

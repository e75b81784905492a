//! The single operations on the working tree. Each leaves a file old or new, whenever it is cut off.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use super::error::{DiskError, words};
use super::folders::is_within;
use super::lock::lf;
use super::paths::{LOCK, ancestors, parent};

const PREFIX: &str = ".stackgen-";
const SUFFIX: &str = ".tmp";
const RANDOM: usize = 6;

/// Whether a file of this name is one that a killed render left behind.
pub(super) fn is_stray(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// One operation on the working tree; paths are relative to the project directory.
#[derive(Debug)]
pub(super) enum Step<'survey> {
    /// Delete what a killed render left behind in a directory.
    Sweep(&'survey str),
    /// Write the lock.
    Lock(String),
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
    pub(super) fn run(&self, root: &Path) -> Result<(), DiskError> {
        match *self {
            Self::Sweep(directory) => sweep(root, directory),
            Self::Lock(ref text) => {
                replace(&root.join(LOCK), text, false).map_err(|cause| DiskError::write(root, LOCK, &cause))
            }
            Self::Write { path, text, executable, replaces } => write(root, path, text, executable, replaces),
            Self::Mode { path, executable } => set_mode(&root.join(path), executable)
                .map_err(|cause| DiskError::Mode { path: path.to_owned(), cause: words(&cause) }),
            Self::Remove { path, text } => remove(root, path, text),
            Self::Tidy(directory) => {
                tidy(root, directory);
                Ok(())
            }
        }
    }
}

fn sweep(root: &Path, directory: &str) -> Result<(), DiskError> {
    let full = root.join(directory);
    if !is_within(root, &full) {
        return Ok(());
    }
    let failed = |cause: io::Error| DiskError::read(directory, &cause);
    for entry in full.read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_str().is_some_and(is_stray) && entry.file_type().map_err(failed)?.is_file() {
            let stray = entry.path();
            let name = stray.strip_prefix(root).unwrap_or(&stray).to_string_lossy();
            fs::remove_file(&stray).or_else(gone).map_err(|cause| DiskError::write(root, &name, &cause))?;
        }
    }
    Ok(())
}

fn write(root: &Path, path: &str, text: &str, executable: bool, replaces: Option<&[u8]>) -> Result<(), DiskError> {
    let failed = |cause: io::Error| DiskError::write(root, path, &cause);
    let full = root.join(path);
    let now = content(&full).map_err(|cause| DiskError::read(path, &cause))?;
    if now.as_deref() != replaces && now.as_deref() != Some(text.as_bytes()) {
        return Err(DiskError::Changed { path: path.to_owned() });
    }
    // A directory that prunes have emptied gives way; one that has got a file meanwhile stays.
    if full.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        remove_emptied(&full).map_err(failed)?;
    }
    fs::create_dir_all(root.join(parent(path))).map_err(failed)?;
    replace(&full, text, executable).map_err(failed)
}

/// The bytes of a file; `None` where there is none, or a directory, which gives way only when it is empty.
fn content(full: &Path) -> io::Result<Option<Vec<u8>>> {
    match full.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(None),
        Ok(_) => fs::read(full).map(Some),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    }
}

fn remove_emptied(full: &Path) -> io::Result<()> {
    for entry in full.read_dir()? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            remove_emptied(&entry.path())?;
        } else if kind.is_file() && entry.file_name().to_str().is_some_and(is_stray) {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(full)
}

/// Gives `target` its text and mode in one rename. A symbolic link is replaced, not followed.
fn replace(target: &Path, text: &str, executable: bool) -> io::Result<()> {
    let mut file = temporary(target.parent().unwrap_or(target))?;
    file.write_all(text.as_bytes())?;
    set_mode(file.path(), executable)?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file of a name that is swept; only its owner may read it.
pub(super) fn temporary(directory: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM).tempfile_in(directory)
}

fn remove(root: &Path, path: &str, text: &[u8]) -> Result<(), DiskError> {
    let full = root.join(path);
    let now = content(&full).map_err(|cause| DiskError::read(path, &cause))?;
    if now.is_some_and(|now| lf(&now) != lf(text)) {
        return Err(DiskError::Changed { path: path.to_owned() });
    }
    fs::remove_file(&full).or_else(gone).map_err(|cause| DiskError::write(root, path, &cause))
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

/// Takes it for done when there is nothing to delete.
fn gone(cause: io::Error) -> io::Result<()> {
    if cause.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(cause) }
}

#[cfg(unix)]
fn set_mode(path: &Path, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))
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
    fn only_our_own_temporary_names_are_strays() {
        assert!(is_stray(".stackgen-aB3xYz.tmp"));
        for name in [".stackgen-.tmp", ".stackgen-aB3xY.tmp", ".stackgen-aB3xYzz.tmp", ".stackgen-aB3-Yz.tmp"] {
            assert!(!is_stray(name), "{name}");
        }
        for name in ["stackgen-aB3xYz.tmp", ".stackgen-aB3xYz.tmp~", "x.stackgen-aB3xYz.tmp", ".stackgen-éé.tmp"] {
            assert!(!is_stray(name), "{name}");
        }
    }

    #[test]
    fn a_temporary_file_has_a_name_that_is_swept() {
        let root = tempfile::tempdir().expect("a directory");
        let file = temporary(root.path()).expect("a file");
        assert!(file.path().file_name().and_then(|name| name.to_str()).is_some_and(is_stray));
    }

    #[test]
    fn a_write_that_fails_leaves_no_temporary_file() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("taken/by")).expect("a directory");
        fs::write(root.path().join("taken/by/someone"), "x").expect("a file");
        replace(&root.path().join("taken"), "text", false).expect_err("a directory is in the way");
        let names: Vec<_> = root.path().read_dir().expect("a directory").flatten().map(|e| e.file_name()).collect();
        assert_eq!(names, ["taken"]);
    }
}

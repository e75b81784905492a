//! What a killed run leaves behind, and what of it may go.
//!
//! A file that is being written is called `.stackgen-XXXXXX.tmp`: nobody else has written it, so it goes. What is taken away
//! to be looked at is called `.stackgen-XXXXXX.aside` meanwhile. That may be what somebody has just saved, so it goes only
//! where its text is one that stackgen wrote or is about to write; anything else stays, and the user is told of it.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use super::error::DiskError;
use super::folders::is_within;
use super::lock::{Fingerprint, Line, Lock, is_lock};
use super::swap;
use crate::render::Artifacts;

pub(super) const PREFIX: &str = ".stackgen-";
/// The end of the name of a file that is being written.
pub(super) const TEMPORARY: &str = ".tmp";
/// The end of the name of something that is looked at.
pub(super) const ASIDE: &str = ".aside";
pub(super) const RANDOM: usize = 6;

/// The texts that stackgen wrote, or is about to write.
#[derive(Debug, Default)]
pub(super) struct Ours(HashSet<Fingerprint>);

impl Ours {
    /// Those that the lock knows, and those of this run.
    pub(super) fn of(lock: &Lock, artifacts: &Artifacts) -> Self {
        let written = lock.iter().flat_map(|(_, lines)| lines).map(Line::fingerprint);
        let coming = artifacts.values().map(|artifact| Fingerprint::of(artifact.text.as_bytes()));
        Self(written.chain(coming).collect())
    }

    /// Whether a file is one that a killed run left behind and nobody misses.
    pub(super) fn may_go(&self, full: &Path) -> bool {
        let Some(name) = full.file_name().and_then(|name| name.to_str()) else { return false };
        if has_name(name, TEMPORARY) {
            return full.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        }
        // No person writes a lock, and what git knows of one it has elsewhere.
        let is_ours = |bytes: &[u8]| self.0.contains(&Fingerprint::of(bytes)) || is_lock(bytes);
        has_name(name, ASIDE) && swap::read(full).ok().flatten().is_some_and(|bytes| is_ours(&bytes))
    }

    /// Deletes what may go of a directory.
    pub(super) fn sweep(&self, root: &Path, directory: &str) -> Result<(), DiskError> {
        let full = root.join(directory);
        if !is_within(root, &full) {
            return Ok(());
        }
        let failed = |cause: io::Error| DiskError::read(directory, &cause);
        for entry in full.read_dir().map_err(failed)? {
            let stray = entry.map_err(failed)?.path();
            if self.may_go(&stray) {
                let name = stray.strip_prefix(root).unwrap_or(&stray).to_string_lossy();
                fs::remove_file(&stray).or_else(gone).map_err(|cause| DiskError::write(root, &name, &cause))?;
            }
        }
        Ok(())
    }
}

/// What lies aside in a directory: after a sweep, what somebody saved while a run was killed. Sorted.
pub(super) fn aside(root: &Path, directory: &str) -> Vec<String> {
    let names = root.join(directory).read_dir().into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| has_name(name, ASIDE));
    let below = |name: String| if directory.is_empty() { name } else { format!("{directory}/{name}") };
    let mut found: Vec<String> = names.map(below).collect();
    found.sort();
    found
}

/// Whether a file of this name is one of ours, of this kind.
fn has_name(name: &str, suffix: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(suffix));
    random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether a file of this name is one that a killed render left behind.
#[cfg(test)]
pub(super) fn is_stray(name: &str) -> bool {
    has_name(name, TEMPORARY) || has_name(name, ASIDE)
}

/// Takes it for done when there is nothing to delete.
fn gone(cause: io::Error) -> io::Result<()> {
    if cause.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Artifact, Owner};

    #[test]
    fn only_our_own_temporary_names_are_strays() {
        assert!(is_stray(".stackgen-aB3xYz.tmp") && is_stray(".stackgen-aB3xYz.aside"));
        for name in [".stackgen-.tmp", ".stackgen-aB3xY.tmp", ".stackgen-aB3xYzz.tmp", ".stackgen-aB3-Yz.tmp"] {
            assert!(!is_stray(name), "{name}");
        }
        for name in ["stackgen-aB3xYz.tmp", ".stackgen-aB3xYz.tmp~", "x.stackgen-aB3xYz.tmp", ".stackgen-éé.tmp"] {
            assert!(!is_stray(name), "{name}");
        }
    }

    #[test]
    fn what_lies_aside_goes_only_where_stackgen_wrote_it_or_is_about_to() {
        let root = tempfile::tempdir().expect("a directory");
        let root = &root.path().canonicalize().expect("a directory");
        let artifact = Artifact { text: "new\n".to_owned(), executable: false, owner: Owner::Stack };
        let coming = Artifacts::from([("a".to_owned(), artifact)]);
        let text = Lock::default().to_string();
        for (name, text) in [("aaaaaa", "new\n"), ("bbbbbb", "new\r\n"), ("cccccc", "just saved\n"), ("dddddd", &text)]
        {
            fs::write(root.join(format!(".stackgen-{name}.aside")), text).expect("a file");
        }
        fs::write(root.join(".stackgen-eeeeee.tmp"), "just sa").expect("a file");
        fs::create_dir(root.join(".stackgen-ffffff.aside")).expect("a directory");
        Ours::of(&Lock::default(), &coming).sweep(root, "").expect("a sweep");
        assert_eq!(aside(root, ""), [".stackgen-cccccc.aside", ".stackgen-ffffff.aside"]);
        assert_eq!(root.read_dir().expect("a directory").count(), 2);
    }
}

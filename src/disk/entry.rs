//! One file of a survey: what is generated, what is on disk, and what that makes of it.

use std::fmt::Write as _;

use similar::TextDiff;

use super::error::{Obstacle, Refusal, Why};
use super::lock::lf;
use crate::render::Artifact;

/// What the working tree makes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is as it should be.
    Unchanged,
    /// It has the right text and mode, but the lock did not know it; it does after the next render.
    Adopted,
    /// Its text is right, its x bit is not.
    ModeOnly,
    /// It is to be created.
    Missing,
    /// It has a text that we wrote, but not the present one: to be updated.
    Stale,
    /// A person edited it since we wrote it.
    Edited,
    /// It has another text than the generated one, and we did not write it.
    Foreign,
    /// It cannot be written.
    Blocked(Obstacle),
    /// We wrote it, and it is no longer generated: to be deleted.
    Prune,
    /// We wrote it, it is no longer generated, but a person edited it. It stays, and so does its line of the lock: it
    /// is reported on every run until somebody deletes the file or the line.
    KeptEdited,
    /// We wrote it, it is no longer generated, and it is no longer there either; only the lock still names it.
    Gone,
}

/// One file that is generated, or that was.
#[derive(Debug)]
pub struct Entry<'artifacts> {
    pub(super) path: String,
    pub(super) state: State,
    pub(super) artifact: Option<&'artifacts Artifact>,
    /// The bytes on disk, where they are not the generated ones.
    pub(super) found: Option<Vec<u8>>,
    /// Which file it is on disk.
    pub(super) identity: Option<(u64, u64)>,
    /// Whether the lock says something else of it than it will.
    pub(super) relocked: bool,
}

impl Entry<'_> {
    pub(super) fn new(path: &str, state: State) -> Self {
        Self { path: path.to_owned(), state, artifact: None, found: None, identity: None, relocked: false }
    }

    /// Its path, relative to the project directory.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the working tree makes of it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Why it stops a render that is not forced; `None` where it does not.
    pub fn refusal(&self) -> Option<Refusal> {
        let why = match &self.state {
            State::Edited => Why::Edited,
            State::Foreign => Why::Foreign,
            State::Blocked(obstacle) => Why::Blocked(obstacle.clone()),
            _ => return None,
        };
        Some(Refusal { path: self.path.clone(), why })
    }

    /// Whether a render changes it on disk, or would if it were not refused.
    pub(super) fn differs(&self) -> bool {
        !matches!(self.state, State::Unchanged | State::Adopted | State::KeptEdited | State::Gone)
    }

    /// What a render changes, as a unified diff from the file on disk to the generated one, line ends apart.
    ///
    /// A file that is created or deleted has `/dev/null` on its other side. `None` where its text and mode stay.
    pub fn diff(&self) -> Option<String> {
        let (from, to) = (format!("a/{}", self.path), format!("b/{}", self.path));
        let new = self.artifact.map_or("", |artifact| &artifact.text);
        match &self.state {
            State::Missing => Some(unified("/dev/null", &to, b"", new)),
            State::Prune => Some(unified(&from, "/dev/null", self.found.as_deref()?, "")),
            State::Stale | State::Edited | State::Foreign => Some(unified(&from, &to, self.found.as_deref()?, new)),
            State::ModeOnly => {
                let executable = self.artifact.is_some_and(|artifact| artifact.executable);
                let (is, due) = if executable { ("not executable", "0755") } else { ("executable", "0644") };
                Some(format!("`{}` has the right text, but is {is}: its mode becomes {due}\n", self.path))
            }
            State::Unchanged | State::Adopted | State::Blocked(_) | State::KeptEdited | State::Gone => None,
        }
    }
}

pub(super) fn unified(from: &str, to: &str, old: &[u8], new: &str) -> String {
    let mut text = format!("--- {from}\n+++ {to}\n");
    match std::str::from_utf8(&lf(old)) {
        Ok(old) => {
            for hunk in TextDiff::from_lines(old, new).unified_diff().iter_hunks() {
                let _ = write!(text, "{hunk}");
            }
        }
        Err(_) => text.push_str("binary file differs\n"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_the_change_and_not_the_line_ends() {
        let diff = unified("a/x", "b/x", b"one\r\ntwo\r\nthree\r\n", "one\n2\nthree\n");
        assert_eq!(diff, "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
    }

    #[test]
    fn a_missing_line_end_is_shown() {
        let diff = unified("a/x", "b/x", b"one", "one\n");
        assert_eq!(diff, "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+one\n");
    }

    #[test]
    fn bytes_that_are_no_text_are_not_shown() {
        assert_eq!(unified("a/x", "b/x", b"\xff\x00", "one\n"), "--- a/x\n+++ b/x\nbinary file differs\n");
    }
}

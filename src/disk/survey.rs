//! The comparison of artifacts with the working tree, and what follows from it.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::comparison::{Comparison, compare};
use super::entry::{Entry, State};
use super::error::{DiskError, Refusal, Why, words};
use super::leftovers::{self, Ours};
use super::lock::{Lock, LockFile, lf};
use super::paths::{LOCK, ancestors, parent};
use super::volume::KnownVolume;
use super::write::Step;
use crate::render::Artifacts;

/// How often to look at a tree that somebody else is writing.
const LOOKS: usize = 5;

/// What becomes of files that a person edited, or that we did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edits {
    /// They stop the run: nothing is written.
    Refuse,
    /// They are overwritten, as they were when the survey was taken.
    Overwrite,
}

/// The working tree as it is, beside the artifacts that it should have.
#[derive(Debug)]
pub struct Survey<'artifacts> {
    pub(super) root: PathBuf,
    entries: Vec<Entry<'artifacts>>,
    /// The text of the lock, with LF line ends; `None` where there is none.
    lock: Option<String>,
    /// The lock while files are being written.
    journal: Lock,
    /// The lock afterwards.
    outcome: Lock,
    /// Its text; `None` where none is needed.
    outcome_text: Option<String>,
    /// The environments of this run; `None` for all.
    environments: Option<Vec<String>>,
    /// The volumes that the lock knows.
    volumes: BTreeSet<KnownVolume>,
    /// The texts that a killed run may have left, and that may go.
    pub(super) ours: Ours,
}

/// What a run did. All paths are relative to the project directory, and sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were missing.
    pub created: Vec<String>,
    /// Files of ours that had an older text.
    pub updated: Vec<String>,
    /// Files that a person edited or wrote, and that were overwritten by force.
    pub overwritten: Vec<String>,
    /// Files whose mode was set.
    pub repaired: Vec<String>,
    /// Files that were right, but unknown to the lock.
    pub adopted: Vec<String>,
    /// Files that are no longer generated and were deleted.
    pub pruned: Vec<String>,
    /// Files that are no longer generated, but stay because a person edited them.
    pub kept: Vec<String>,
    /// What an earlier run that was killed had taken away to look at it, and neither it nor this one wrote: somebody may
    /// have saved it.
    pub aside: Vec<String>,
    /// How many files were right already; the adopted ones are not among them.
    pub unchanged: usize,
    /// Whether the lock was written.
    pub lock_written: bool,
}

impl<'artifacts> Survey<'artifacts> {
    /// Compares `artifacts` with the tree below `root`, the directory of services.toml. Writes nothing.
    ///
    /// `environments` are those of this run; `None` means all, and only then are files deleted that belong to the
    /// stack or to environments that no longer exist. `version` is the one that the lock names for what it writes.
    ///
    /// # Errors
    ///
    /// When something cannot be read, the lock is malformed, or an artifact has a path that cannot be written.
    pub fn take(
        root: &Path,
        artifacts: &'artifacts Artifacts,
        environments: Option<&[String]>,
        version: &str,
    ) -> Result<Self, DiskError> {
        let canonical = root.canonicalize();
        let root =
            canonical.map_err(|cause| DiskError::Root { path: root.display().to_string(), cause: words(&cause) })?;
        let (file, Comparison { entries, journal, outcome, ours }) =
            settled(&root, |lock| compare(&root, artifacts, environments, version, lock))?;
        let (lock, environments) = (file.text, environments.map(<[String]>::to_vec));
        let volumes = file.lock.volumes;
        let mut survey =
            Self { root, entries, lock, journal, outcome, outcome_text: None, environments, volumes, ours };
        survey.spell_outcome();
        Ok(survey)
    }

    /// Says which named volumes the environments of this run have now. What is known of others stays, unless this is a run
    /// for all.
    #[must_use]
    pub fn with_volumes(mut self, volumes: impl IntoIterator<Item = KnownVolume>) -> Self {
        let environments = self.environments.as_ref();
        self.outcome.volumes.retain(|known| environments.is_some_and(|names| !names.contains(&known.environment)));
        self.outcome.volumes.extend(volumes);
        // Until the end both are known: what a killed run leaves behind is not forgotten.
        self.journal.volumes.extend(self.outcome.volumes.iter().cloned());
        self.spell_outcome();
        self
    }

    /// Says which files are people's own from now on, although the lock knows them as generated: they stay as they are, and
    /// the lock forgets them.
    #[must_use]
    pub fn with_taken_over(mut self, paths: &BTreeSet<String>) -> Self {
        for entry in self.entries.iter_mut().filter(|entry| entry.artifact.is_none() && paths.contains(&entry.path)) {
            entry.state = State::Gone;
            entry.relocked = true;
            self.outcome.remove(&entry.path);
        }
        self.spell_outcome();
        self
    }

    fn spell_outcome(&mut self) {
        self.outcome_text = (self.lock.is_some() || !self.outcome.is_empty()).then(|| self.outcome.to_string());
    }

    /// All files that are generated, and those of ours that no longer are, sorted by path.
    pub fn entries(&self) -> &[Entry<'artifacts>] {
        &self.entries
    }

    /// What stops a render that is not forced, sorted by path.
    pub fn refusals(&self) -> impl Iterator<Item = Refusal> {
        self.entries.iter().filter_map(Entry::refusal)
    }

    /// Files that are no longer generated, but that a person edited; they stay, and are no change.
    pub fn kept(&self) -> impl Iterator<Item = &str> {
        self.paths(|state| *state == State::KeptEdited)
    }

    /// Whether the tree or the lock is not as it should be, refusals included.
    pub fn changes(&self) -> bool {
        self.lock_changes() || self.entries.iter().any(Entry::differs)
    }

    /// Whether the lock is not as it should be.
    pub fn lock_changes(&self) -> bool {
        self.lock != self.outcome_text
    }

    /// Whether the lock knows other volumes than there are.
    pub fn volumes_change(&self) -> bool {
        self.volumes != self.outcome.volumes
    }

    /// Whether there is no lock, and should be one.
    pub fn lock_is_missing(&self) -> bool {
        self.lock.is_none() && self.outcome_text.is_some()
    }

    /// Makes the tree what it should be; the module documentation says in which order. Take a [`super::Turn`] before the
    /// survey.
    ///
    /// # Errors
    ///
    /// [`DiskError::Refused`] when something stands in the way: then nothing was written. [`DiskError::Stopped`] may come
    /// half-way: then every file is old or new, and the next run goes on from there.
    pub fn apply(&self, edits: Edits) -> Result<Summary, DiskError> {
        let is_blocked = |refusal: &Refusal| matches!(refusal.why, Why::Blocked(_));
        let refusals: Vec<_> = self.refusals().filter(|one| edits == Edits::Refuse || is_blocked(one)).collect();
        if !refusals.is_empty() {
            return Err(DiskError::Refused(refusals));
        }
        let steps = self.steps();
        for (done, step) in steps.iter().enumerate() {
            step.run(&self.root, &self.ours).map_err(|cause| {
                let changed = steps[..done].iter().filter_map(Step::file).map(str::to_owned).collect();
                DiskError::Stopped { cause: Box::new(cause), changed }
            })?;
        }
        let lock_written = steps.iter().any(|step| matches!(step, Step::Lock { .. }));
        let swept =
            steps.iter().filter_map(|step| if let Step::Sweep(directory) = step { Some(directory) } else { None });
        let aside = swept.flat_map(|directory| leftovers::aside(&self.root, directory)).collect();
        Ok(Summary { aside, lock_written, ..self.summary() })
    }

    /// What [`Survey::apply`] does, in order. Between any two of them every file is old or new.
    pub(super) fn steps(&self) -> Vec<Step<'_>> {
        if !self.changes() {
            // The first thing that a run writes is the lock: where it was killed there, nothing else is left to do.
            return vec![Step::Sweep("")];
        }
        let mut steps: Vec<_> = self.touched().into_iter().map(Step::Sweep).collect();
        let journal = Some(self.journal.to_string()).filter(|_| self.lock_changes());
        if journal.is_some() && journal != self.lock {
            steps.extend(journal.clone().map(|text| Step::Lock { text, replaces: self.lock.clone() }));
        }
        let (first, last) = self.removals();
        steps.extend(first);
        steps.extend(self.entries.iter().filter_map(Entry::step));
        steps.extend(last);
        steps.extend(self.emptied().into_iter().map(Step::Tidy));
        if self.lock_changes() && journal != self.outcome_text {
            steps.extend(self.outcome_text.clone().map(|text| Step::Lock { text, replaces: journal }));
        }
        steps
    }

    /// The directories where this run changes something or an earlier one may have been cut off.
    fn touched(&self) -> BTreeSet<&str> {
        let entries = self.entries.iter().filter(|entry| entry.relocked || entry.differs());
        entries.map(|entry| parent(&entry.path)).chain([""]).collect()
    }

    /// The deletions that make room for files to be created, and the other ones.
    fn removals(&self) -> (Vec<Step<'_>>, Vec<Step<'_>>) {
        let missing: HashSet<_> = self.paths(|state| *state == State::Missing).collect();
        let above: HashSet<_> = missing.iter().flat_map(|path| ancestors(path)).collect();
        let makes_room =
            |path: &str| above.contains(path) || ancestors(path).any(|directory| missing.contains(directory));
        let removals = self.entries.iter().filter_map(Entry::removal);
        removals.partition(|step| matches!(step, Step::Remove { path, .. } if makes_room(path)))
    }

    /// The directories that files have gone from, in this run or before.
    fn emptied(&self) -> BTreeSet<&str> {
        self.paths(|state| matches!(state, State::Prune | State::Gone)).map(parent).collect()
    }

    fn summary(&self) -> Summary {
        let list = |state: State| self.paths(|other| *other == state).map(str::to_owned).collect();
        let overwritten = self.paths(|state| matches!(state, State::Edited | State::Foreign));
        Summary {
            created: list(State::Missing),
            updated: list(State::Stale),
            overwritten: overwritten.map(str::to_owned).collect(),
            repaired: list(State::ModeOnly),
            adopted: list(State::Adopted),
            pruned: list(State::Prune),
            kept: list(State::KeptEdited),
            aside: Vec::new(),
            unchanged: self.paths(|state| *state == State::Unchanged).count(),
            lock_written: false,
        }
    }

    fn paths(&self, wanted: impl Fn(&State) -> bool) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(move |entry| wanted(&entry.state)).map(|entry| entry.path.as_str())
    }
}

/// Reads the lock and looks at the tree; looks again where the lock has changed meanwhile, because files that were
/// written since look edited to the one of before.
fn settled<T>(root: &Path, look: impl Fn(&LockFile) -> Result<T, DiskError>) -> Result<(LockFile, T), DiskError> {
    let mut looks = 1;
    loop {
        let file = Lock::read(root)?;
        let found = look(&file)?;
        if looks == LOOKS || is_lock(root, file.text.as_deref()) {
            return Ok((file, found));
        }
        looks += 1;
    }
}

/// Whether the lock still has this text.
fn is_lock(root: &Path, text: Option<&str>) -> bool {
    std::fs::read(root.join(LOCK)).ok().as_deref().map(lf).as_deref() == text.map(str::as_bytes)
}

impl Entry<'_> {
    /// What deletes this one, where that is due.
    fn removal(&self) -> Option<Step<'_>> {
        let text = self.found.as_deref().filter(|_| self.state == State::Prune)?;
        Some(Step::Remove { path: &self.path, text })
    }

    /// What writes this one, where that is due.
    fn step(&self) -> Option<Step<'_>> {
        let (path, artifact) = (self.path.as_str(), self.artifact?);
        let executable = artifact.executable;
        match self.state {
            State::Missing | State::Stale | State::Edited | State::Foreign => {
                Some(Step::Write { path, text: &artifact.text, executable, replaces: self.found.as_deref() })
            }
            State::ModeOnly => Some(Step::Mode { path, executable }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Artifact, Owner};

    fn artifacts(text: &str) -> Artifacts {
        let artifact = Artifact { text: text.to_owned(), executable: false, owner: Owner::Stack };
        Artifacts::from([("a".to_owned(), artifact)])
    }

    fn locks_written(root: &Path, artifacts: &Artifacts) -> usize {
        let survey = Survey::take(root, artifacts, None, "1.0.0").expect("a survey");
        let locks = survey.steps().iter().filter(|step| matches!(step, Step::Lock { .. })).count();
        survey.apply(Edits::Refuse).expect("a render");
        locks
    }

    #[test]
    fn a_look_during_which_the_lock_changes_is_taken_again() {
        let root = tempfile::tempdir().expect("a directory");
        let looks = |changes: usize| {
            let count = std::cell::Cell::new(0);
            let (file, ()) = settled(root.path(), |_| {
                count.set(count.get() + 1);
                if count.get() <= changes {
                    std::fs::write(root.path().join(LOCK), format!("# {changes}/{}\r\n", count.get())).expect("a file");
                }
                Ok(())
            })
            .expect("a readable lock");
            (count.get(), file.text)
        };
        assert_eq!(looks(0), (1, None));
        assert_eq!(looks(1), (2, Some("# 1/1\n".to_owned())));
        assert_eq!(looks(2), (3, Some("# 2/2\n".to_owned())));
        assert_eq!(looks(usize::MAX).0, LOOKS);
    }

    #[test]
    fn the_lock_is_written_as_often_as_it_differs() {
        let root = tempfile::tempdir().expect("a directory");
        assert_eq!(locks_written(root.path(), &artifacts("old\n")), 1, "a new file has no text of before");
        assert_eq!(locks_written(root.path(), &artifacts("new\n")), 2, "before and after, then after");
        std::fs::remove_file(root.path().join("a")).expect("a file");
        assert_eq!(locks_written(root.path(), &artifacts("new\n")), 0, "the lock knows it already");
        assert_eq!(locks_written(root.path(), &Artifacts::new()), 1, "the text of before is in it");
    }
}

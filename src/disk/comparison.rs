//! What each file is: ours or a person's, present or past.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::entry::{Entry, State};
use super::error::{DiskError, Obstacle};
use super::folders::{Folders, Found, OnDisk};
use super::leftovers::Ours;
use super::lock::{Fingerprint, Line, Lock, LockFile, lf};
use super::paths::{ancestors, objection};
use crate::render::{Artifact, Artifacts, Owner};

/// The result: every file of this run, and the lock on the way and at the end of it.
pub(super) struct Comparison<'artifacts> {
    /// Sorted by path.
    pub(super) entries: Vec<Entry<'artifacts>>,
    /// What is ours while files are being written: the texts of before and after.
    pub(super) journal: Lock,
    /// What is ours afterwards.
    pub(super) outcome: Lock,
    /// The texts of before and after.
    pub(super) ours: Ours,
}

/// Compares `artifacts` and `lock` with the tree below `root`, which has to be canonical.
pub(super) fn compare<'artifacts>(
    root: &Path,
    artifacts: &'artifacts Artifacts,
    environments: Option<&[String]>,
    version: &str,
    lock: &LockFile,
) -> Result<Comparison<'artifacts>, DiskError> {
    for (path, artifact) in artifacts {
        check(path, artifact, artifacts)?;
    }
    let mut comparer = Comparer {
        folders: Folders::new(root),
        ours: Ours::of(&lock.lock, artifacts),
        version,
        x_means_nothing: lock.executable,
        journal: Lock::default(),
        outcome: Lock::default(),
    };
    let mut leaving = Vec::new();
    for (path, lines) in lock.lock.iter().filter(|(path, _)| !artifacts.contains_key(*path)) {
        leaving.extend(comparer.leaving(path, lines, environments)?);
    }
    let going = leaving.iter().filter(|entry| entry.state == State::Prune);
    let going: BTreeSet<_> = going.map(|entry| entry.path.clone()).collect();
    let mut entries = Vec::with_capacity(artifacts.len() + leaving.len());
    for (path, artifact) in artifacts {
        entries.push(comparer.arriving(path, artifact, lock.lock.of(path), &going)?);
    }
    spare_other_names(&mut leaving, &entries);
    entries.append(&mut leaving);
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let Comparer { mut journal, mut outcome, ours, .. } = comparer;
    journal.volumes.clone_from(&lock.lock.volumes);
    outcome.volumes.clone_from(&lock.lock.volumes);
    Ok(Comparison { entries, journal, outcome, ours })
}

/// A comparison under way.
struct Comparer<'run> {
    folders: Folders<'run>,
    ours: Ours,
    version: &'run str,
    /// Whether the file system gives the x bit to every file.
    x_means_nothing: bool,
    journal: Lock,
    outcome: Lock,
}

impl Comparer<'_> {
    /// A file of ours that is not generated now; `None` where that is not this run's business.
    fn leaving<'artifacts>(
        &mut self,
        path: &str,
        lines: &[Line],
        environments: Option<&[String]>,
    ) -> Result<Option<Entry<'artifacts>>, DiskError> {
        for line in lines {
            self.journal.add(path, line.clone());
        }
        if !lines.iter().all(|line| belongs(&line.owner, environments)) {
            self.keep(path, lines);
            return Ok(None);
        }
        let mut entry = Entry::new(path, State::Gone);
        entry.relocked = true;
        if let Found::File(OnDisk { bytes, identity, .. }) = self.folders.look(path)? {
            let fingerprint = Fingerprint::of(&bytes);
            entry.state = State::Prune;
            if !lines.iter().any(|line| line.wrote(fingerprint)) {
                entry.state = State::KeptEdited;
                entry.relocked = false;
                self.keep(path, lines);
            }
            (entry.found, entry.identity) = (Some(bytes), identity);
        }
        Ok(Some(entry))
    }

    fn keep(&mut self, path: &str, lines: &[Line]) {
        for line in lines {
            self.outcome.add(path, line.clone());
        }
    }

    /// A file that is generated now; those in `going` will have gone when it is written.
    fn arriving<'artifacts>(
        &mut self,
        path: &str,
        artifact: &'artifacts Artifact,
        lines: &[Line],
        going: &BTreeSet<String>,
    ) -> Result<Entry<'artifacts>, DiskError> {
        let line = Line::new(artifact, self.version);
        // A line that says the same stays: upgrading stackgen alone changes no lock.
        let line = lines.iter().find(|old| old.says(&line)).cloned().unwrap_or(line);
        let mut entry = Entry::new(path, State::Missing);
        entry.artifact = Some(artifact);
        entry.relocked = lines != std::slice::from_ref(&line);
        match self.look(path, going)? {
            Found::Nothing => {}
            Found::Obstacle(obstacle) => entry.state = State::Blocked(obstacle),
            Found::File(file) => {
                entry.identity = file.identity;
                if file.bytes == artifact.text.as_bytes() || lf(&file.bytes) == lf(artifact.text.as_bytes()) {
                    entry.state = self.same_text(artifact, &file, lines);
                } else {
                    entry.state = self.other_text(path, &file, lines);
                    entry.found = Some(file.bytes);
                }
            }
        }
        self.journal.add(path, line.clone());
        self.outcome.add(path, line);
        Ok(entry)
    }

    fn look(&mut self, path: &str, going: &BTreeSet<String>) -> Result<Found, DiskError> {
        Ok(match self.folders.look(path)? {
            Found::Obstacle(Obstacle::ParentIsFile(above)) if going.contains(&above) => Found::Nothing,
            Found::Obstacle(Obstacle::Directory) if self.folders.is_emptied(path, going, &self.ours)? => Found::Nothing,
            found => found,
        })
    }

    fn same_text(&self, artifact: &Artifact, file: &OnDisk, lines: &[Line]) -> State {
        match file.executable {
            Some(is) if is != artifact.executable && !(is && self.x_means_nothing) => State::ModeOnly,
            _ if lines.is_empty() => State::Adopted,
            _ => State::Unchanged,
        }
    }

    fn other_text(&mut self, path: &str, file: &OnDisk, lines: &[Line]) -> State {
        if lines.is_empty() {
            return State::Foreign;
        }
        let fingerprint = Fingerprint::of(&file.bytes);
        let Some(line) = lines.iter().find(|line| line.wrote(fingerprint)) else { return State::Edited };
        self.journal.add(path, line.clone());
        State::Stale
    }
}

fn belongs(owner: &Owner, environments: Option<&[String]>) -> bool {
    match (environments, owner) {
        (None, _) => true,
        (Some(_), Owner::Stack) => false,
        (Some(names), Owner::Environment(name)) => names.contains(name),
    }
}

/// A file that is no longer generated, but is one that is, by another name: deleting it would delete that one. It
/// happens where case makes no difference in names, and behind symbolic links within the project.
fn spare_other_names(leaving: &mut [Entry<'_>], arriving: &[Entry<'_>]) {
    let arriving: HashSet<_> = arriving.iter().filter_map(|entry| entry.identity).collect();
    for entry in leaving.iter_mut().filter(|entry| entry.state == State::Prune) {
        if entry.identity.is_some_and(|identity| arriving.contains(&identity)) {
            entry.state = State::Gone;
        }
    }
}

fn check(path: &str, artifact: &Artifact, artifacts: &Artifacts) -> Result<(), DiskError> {
    let error = |what: String| Err(DiskError::Artifact { path: path.to_owned(), what });
    if let Some(what) = objection(path) {
        return error(format!("it {what}"));
    }
    if let Some(file) = ancestors(path).find(|directory| artifacts.contains_key(*directory)) {
        return error(format!("`{file}` is generated as a file, so it cannot be a directory"));
    }
    match &artifact.owner {
        Owner::Environment(name) if name.is_empty() || name == "*" || name.contains(|c: char| c.is_whitespace()) => {
            error(format!("{name:?} is no name for an environment"))
        }
        _ => Ok(()),
    }
}

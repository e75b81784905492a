//! Renders that are killed between any two steps, among people who edit and delete: no edit is lost, no file is
//! neither old nor new, and the next render goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::error::Why;
use super::folders::executable;
use super::leftovers::is_stray;
use super::lock::Lock;
use super::paths::{LOCK, ancestors, parent};
use super::write::Step;
use super::{Edits, Survey};
use crate::render::{Artifact, Artifacts, Owner};

/// Some of them are a file for one render and a directory for the next.
const PATHS: [&str; 8] = ["a", "b c", "d/x", "d/e/y", "f", "f/z", "f/g/z", "h/i/j"];
const STRAY: &str = ".stackgen-Killed.tmp";

#[derive(Debug, Clone)]
enum Event {
    Render { artifacts: Artifacts, dev_only: bool, edits: Edits, kill_after: Option<usize> },
    Edit(&'static str),
    Delete(&'static str),
}

fn artifact() -> impl Strategy<Value = Artifact> {
    let owner = prop_oneof![
        Just(Owner::Stack),
        Just(Owner::Environment("dev".to_owned())),
        Just(Owner::Environment("prod".to_owned()))
    ];
    (0..3_u8, any::<bool>(), owner).prop_map(|(version, executable, owner)| Artifact {
        text: format!("version {version}\n"),
        executable,
        owner,
    })
}

fn render() -> impl Strategy<Value = Event> {
    let artifacts = proptest::collection::btree_map(proptest::sample::select(&PATHS[..]), artifact(), 0..PATHS.len());
    let dev_only = prop::bool::weighted(0.2);
    let edits = prop_oneof![9 => Just(Edits::Refuse), 1 => Just(Edits::Overwrite)];
    let kill_after = prop_oneof![2 => (0..16_usize).prop_map(Some), 1 => Just(None)];
    (artifacts, dev_only, edits, kill_after).prop_map(|(generated, dev_only, edits, kill_after)| {
        let mut artifacts = Artifacts::new();
        for (path, artifact) in generated {
            let fits = !ancestors(path).any(|directory| artifacts.contains_key(directory));
            if fits && !(dev_only && artifact.owner == Owner::Environment("prod".to_owned())) {
                artifacts.insert(path.to_owned(), artifact);
            }
        }
        Event::Render { artifacts, dev_only, edits, kill_after }
    })
}

fn event() -> impl Strategy<Value = Event> {
    let path = || proptest::sample::select(&PATHS[..]);
    prop_oneof![5 => render(), 1 => path().prop_map(Event::Edit), 1 => path().prop_map(Event::Delete)]
}

type Tree = BTreeMap<String, Vec<u8>>;

/// All files, with the strays apart, and whether a directory is empty.
#[derive(Default)]
struct Snapshot {
    files: Tree,
    strays: usize,
    empty_directories: usize,
}

impl Snapshot {
    fn take(root: &Path) -> Self {
        let mut snapshot = Self::default();
        snapshot.walk(root, "");
        snapshot
    }

    fn walk(&mut self, root: &Path, directory: &str) {
        let mut empty = true;
        for entry in root.join(directory).read_dir().expect("a directory").flatten() {
            empty = false;
            let name = entry.file_name().into_string().expect("UTF-8");
            let path = if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
            if entry.path().is_dir() {
                self.walk(root, &path);
            } else if is_stray(&name) {
                self.strays += 1;
            } else {
                self.files.insert(path, fs::read(entry.path()).expect("a file"));
            }
        }
        self.empty_directories += usize::from(empty && !directory.is_empty());
    }
}

struct Project {
    root: TempDir,
    /// What people wrote: it has to stay, unless it is overwritten by force.
    edits: Tree,
    events: usize,
    touched_by_people: bool,
}

impl Project {
    fn play(&mut self, event: &Event) -> Result<(), TestCaseError> {
        self.events += 1;
        let root = self.root.path().to_owned();
        match event {
            Event::Render { artifacts, dev_only, edits, kill_after } => {
                let environments = dev_only.then(|| vec!["dev".to_owned()]);
                self.render(artifacts, environments.as_deref(), *edits, *kill_after)?;
            }
            Event::Edit(path) => {
                let full = root.join(path);
                if fs::create_dir_all(root.join(parent(path))).is_ok() && !full.is_dir() {
                    let text = format!("edit {}\n", self.events);
                    fs::write(full, &text).expect("a file");
                    self.edits.insert((*path).to_owned(), text.into_bytes());
                    self.touched_by_people = true;
                }
            }
            Event::Delete(path) => {
                if fs::remove_file(root.join(path)).is_ok() {
                    self.touched_by_people |= self.edits.remove(*path).is_some();
                }
            }
        }
        let files = Snapshot::take(&root).files;
        for (path, text) in &self.edits {
            prop_assert_eq!(files.get(path), Some(text), "the edit of {} is lost", path);
        }
        Ok(())
    }

    fn render(
        &mut self,
        artifacts: &Artifacts,
        environments: Option<&[String]>,
        edits: Edits,
        kill_after: Option<usize>,
    ) -> Result<(), TestCaseError> {
        let root = self.root.path().to_owned();
        let before = Snapshot::take(&root).files;
        let survey = Survey::take(&root, artifacts, environments, "1.0.0").expect("a readable tree");
        if survey.refusals().any(|refusal| edits == Edits::Refuse || matches!(refusal.why, Why::Blocked(_))) {
            survey.apply(edits).expect_err("a refusal");
            prop_assert_eq!(&Snapshot::take(&root).files, &before, "refused, but something was written");
            for refusal in survey.refusals() {
                let is_blocked = matches!(refusal.why, Why::Blocked(_));
                let ours = self.edits.is_empty() && !(environments.is_some() && is_blocked);
                prop_assert!(!ours, "{} although nobody edited anything", refusal);
            }
            return Ok(());
        }
        let steps = survey.steps();
        let done = kill_after.unwrap_or(steps.len()).min(steps.len());
        for step in &steps[..done] {
            step.run(&survey.root, &survey.ours).expect("a step that succeeds");
        }
        if let Some(step) = steps.get(done) {
            cut_off(&root, step);
        }
        let after = Snapshot::take(&root);
        check_old_or_new(&before, &after.files, artifacts, environments)?;
        if edits == Edits::Overwrite {
            self.edits.retain(|path, text| after.files.get(path) == Some(text));
        }
        if done == steps.len() {
            self.check_complete(&after, artifacts, environments)?;
        }
        Ok(())
    }

    fn check_complete(
        &self,
        after: &Snapshot,
        artifacts: &Artifacts,
        environments: Option<&[String]>,
    ) -> Result<(), TestCaseError> {
        for (path, artifact) in artifacts {
            prop_assert_eq!(after.files.get(path).map(Vec::as_slice), Some(artifact.text.as_bytes()), "{}", path);
            let metadata = self.root.path().join(path).metadata().expect("a file");
            prop_assert_eq!(executable(&metadata).unwrap_or(artifact.executable), artifact.executable, "{}", path);
        }
        let again = Survey::take(self.root.path(), artifacts, environments, "2.0.0").expect("a readable tree");
        prop_assert!(!again.changes(), "a second render changes something");
        if environments.is_none() {
            let expected: BTreeSet<_> = artifacts.keys().chain(self.edits.keys()).map(String::as_str).collect();
            let files: BTreeSet<_> = after.files.keys().map(String::as_str).filter(|path| *path != LOCK).collect();
            prop_assert_eq!(files, expected);
            if !self.touched_by_people {
                prop_assert_eq!((after.strays, after.empty_directories), (0, 0), "a killed render was not cleaned up");
            }
        }
        Ok(())
    }
}

fn check_old_or_new(
    before: &Tree,
    after: &Tree,
    artifacts: &Artifacts,
    environments: Option<&[String]>,
) -> Result<(), TestCaseError> {
    let lock: Lock = String::from_utf8_lossy(before.get(LOCK).map_or(b"", Vec::as_slice)).parse().expect("a lock");
    let paths: BTreeSet<_> = before.keys().chain(after.keys()).filter(|path| *path != LOCK).collect();
    for path in paths {
        let new = artifacts.get(path).map(|artifact| artifact.text.as_bytes());
        let now = after.get(path).map(Vec::as_slice);
        let is_old = now == before.get(path).map(Vec::as_slice);
        let is_of_others = lock.of(path).iter().any(|line| line.owner != Owner::Environment("dev".to_owned()));
        if new.is_none() && environments.is_some() && is_of_others {
            prop_assert!(is_old, "{} belongs to others", path);
        }
        prop_assert!(is_old || now == new, "{} is neither old nor new: {:?}", path, now);
    }
    Ok(())
}

/// What a step leaves behind that is killed while it works: its directories, and a temporary file with half a text.
fn cut_off(root: &Path, step: &Step<'_>) {
    let path = match step {
        Step::Write { path, .. } => path,
        Step::Lock { .. } => LOCK,
        _ => return,
    };
    fs::create_dir_all(root.join(parent(path))).expect("a directory");
    fs::write(root.join(parent(path)).join(STRAY), "ver").expect("a file");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_kill_loses_no_edit_and_every_file_is_old_or_new(events in proptest::collection::vec(event(), 1..12)) {
        let root = tempfile::tempdir().expect("a directory");
        let mut project = Project { root, edits: Tree::new(), events: 0, touched_by_people: false };
        for event in &events {
            project.play(event)?;
        }
    }
}

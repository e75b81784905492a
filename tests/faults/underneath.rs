//! A tree that changes while stackgen is at work in it: somebody edits, replaces and deletes generated files, puts
//! directories and links in their place, and moves their directories away, as fast as they can. No edit is lost, no file is
//! ever half a file, and nothing is written elsewhere.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use stackgen::disk::{DiskError, Edits, Survey};
use stackgen::render::{Artifact, Artifacts, Owner};

use super::moments::{Moments, asked_for};
use super::support::say;
use super::support::tree::{files, is_stray};

/// How many directories there are, of three files each.
const SERVICES: usize = 12;
/// How many times something changes right before it would be written, if `STACKGEN_DISTURBED` says nothing.
const CHANGES_AT_THE_LAST_MOMENT: u32 = 400;
/// What somebody changes they take back a moment later; that it stays would be a fault of the tests.
const REFUSALS_IN_A_ROW: u32 = 5000;
/// A file that was taken away to be looked at is back after some microseconds; a machine may be busy.
const BACK: Duration = Duration::from_secs(5);
/// The generated files of a service.
const NAMES: [&str; 3] = ["Dockerfile", ".dockerignore", "docker-entrypoint.sh"];

/// What somebody makes of a generated file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    /// Another text, written in place.
    Edit,
    /// Another file, renamed to its name.
    Replace,
    /// Nothing.
    Delete,
    /// A directory with a file in it.
    Directory,
    /// A link to a file elsewhere.
    Link,
    /// Another mode.
    Mode,
    /// Its whole directory elsewhere, and a link to another one in its place.
    Away,
}

const CHANGES: [Change; 7] =
    [Change::Edit, Change::Replace, Change::Delete, Change::Directory, Change::Link, Change::Mode, Change::Away];

/// What somebody has done and seen.
#[derive(Default, Debug)]
struct Done {
    changes: BTreeMap<String, u32>,
    /// While a temporary file lay beside it.
    at_the_last_moment: u32,
}

/// Who disturbs.
struct Somebody<'a> {
    root: &'a Path,
    /// A directory that is not of the project, with files of the same names.
    outside: PathBuf,
    moments: Moments,
    count: u64,
    done: Done,
}

impl Somebody<'_> {
    /// Changes one file, waits a moment, and takes the change back, which has to be as it was made.
    fn disturb(&mut self, is_done: &AtomicBool) {
        let mut number = 1 + self.moments.below(SERVICES + 4);
        // Mostly where something is about to be written.
        if !self.moments.once_in(4) {
            let busy = || (1..=SERVICES + 4).find(|number| has_stray(&self.folder(*number)));
            number = loop {
                if let Some(number) = busy() {
                    break number;
                }
                if is_done.load(Ordering::Relaxed) {
                    return;
                }
            };
            self.done.at_the_last_moment += 1;
        }
        let folder = self.folder(number);
        let path = folder.join(NAMES[self.moments.below(NAMES.len())]);
        let change = CHANGES[self.moments.below(CHANGES.len())];
        *self.done.changes.entry(format!("{change:?}")).or_default() += 1;
        self.count += 1;
        let mine = format!("# edit {}\n", self.count);
        let pause = Duration::from_micros(self.moments.below(3000) as u64);
        match change {
            Change::Edit => self.keeps(&path, &mine, pause, |path, mine| fs::write(path, mine)),
            Change::Replace => self.keeps(&path, &mine, pause, |path, mine| {
                let prepared = self.outside.join("prepared");
                fs::write(&prepared, mine)?;
                fs::rename(prepared, path)
            }),
            Change::Delete => {
                let _ = fs::remove_file(&path);
            }
            Change::Directory => {
                let made = fs::remove_file(&path).is_ok() && fs::create_dir(&path).is_ok();
                if made && tolerated(|| fs::write(path.join("mine"), &mine)) {
                    thread::sleep(pause);
                    self.is_still(&path.join("mine"), &mine);
                    fs::remove_dir_all(&path).expect("a directory of somebody");
                }
            }
            Change::Link => {
                let target = self.outside.join("Dockerfile");
                if fs::remove_file(&path).is_ok() && symlink(&target, &path).is_ok() {
                    thread::sleep(pause);
                    until(
                        || fs::read_link(&path).is_ok_and(|found| found == target),
                        || format!("the link {} is lost", path.display()),
                    );
                    fs::remove_file(&path).expect("a link of somebody");
                }
            }
            Change::Mode => {
                let _ = fs::set_permissions(
                    &path,
                    Permissions::from_mode(if self.count.is_multiple_of(2) { 0o600 } else { 0o755 }),
                );
            }
            Change::Away => {
                let away = folder.with_extension("away");
                if fs::rename(&folder, &away).is_ok() {
                    if symlink(&self.outside, &folder).is_ok() {
                        thread::sleep(pause);
                        fs::remove_file(&folder).expect("a link of somebody");
                    }
                    // Where somebody else has made it anew meanwhile, that is it.
                    if fs::rename(&away, &folder).is_err() {
                        fs::remove_dir_all(away).expect("a directory of somebody");
                    }
                }
            }
        }
    }

    fn folder(&self, number: usize) -> PathBuf {
        self.root.join(format!("apps/s{number}"))
    }

    /// Writes a text, which has to stay until it is taken back.
    fn keeps(&self, path: &Path, mine: &str, pause: Duration, write: impl Fn(&Path, &str) -> io::Result<()>) {
        // Its directory may have gone with the last file in it.
        if write(path, mine).is_ok() {
            thread::sleep(pause);
            self.is_still(path, mine);
            fs::remove_file(path).expect("a file of somebody");
        }
    }

    fn is_still(&self, path: &Path, mine: &str) {
        let what = || {
            let found = fs::read_to_string(path).unwrap_or_else(|error| error.to_string());
            format!("{} of {} is lost: {found}", mine.trim(), path.strip_prefix(self.root).unwrap_or(path).display())
        };
        until(|| fs::read_to_string(path).is_ok_and(|found| found == mine), what);
    }
}

/// Whether it works, now or a moment later.
fn tolerated(work: impl Fn() -> io::Result<()>) -> bool {
    let start = Instant::now();
    while start.elapsed() < BACK {
        if work().is_ok() {
            return true;
        }
    }
    false
}

/// Waits for something that may be away for a moment, but has to come back.
#[track_caller]
fn until(is_so: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < BACK, "{}", otherwise());
    }
}

/// Whether a temporary file of ours lies in a directory.
fn has_stray(folder: &Path) -> bool {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_str().is_some_and(is_stray))
}

/// Says that it is over, also where this thread panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Two states of a tree, of which each write leads from one to the other: some files change, some come, some go.
fn states() -> [Artifacts; 2] {
    [0, 4].map(|first| {
        let numbers = 1 + first..=SERVICES + first;
        let each = numbers.flat_map(|number| NAMES.map(|name| (number, name)));
        let artifact = |(number, name): (usize, &str)| {
            let text = format!("# {name} of {number} from {first}\n").repeat(100);
            let executable = name == "docker-entrypoint.sh";
            (format!("apps/s{number}/{name}"), Artifact { text, executable, owner: Owner::Stack })
        };
        each.map(artifact).collect()
    })
}

/// What became of a write.
fn outcome(result: Result<(), DiskError>) -> &'static str {
    match result {
        Ok(()) => "all written",
        Err(DiskError::Refused(_)) => "refused",
        Err(DiskError::Stopped { cause, .. }) => match *cause {
            DiskError::Changed { .. } | DiskError::Kept { .. } => "stopped",
            other => panic!("{other}"),
        },
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn no_edit_is_lost_in_a_tree_that_changes_while_it_is_written() {
    let (folder, outside) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let root = folder.path().canonicalize().expect("a folder");
    let states = states();
    let write = |state: &Artifacts| -> Result<(), DiskError> {
        Survey::take(&root, state, None, "1.0.0")?.apply(Edits::Refuse).map(drop)
    };
    write(&states[0]).expect("nobody else");
    for name in NAMES {
        fs::write(outside.path().join(name), &states[0][&format!("apps/s5/{name}")].text).expect("a file");
    }
    let of_others = files(outside.path());
    let (is_done, start) = (AtomicBool::new(false), Instant::now());
    let changes = asked_for("STACKGEN_DISTURBED", CHANGES_AT_THE_LAST_MOMENT);
    let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut to, mut in_a_row) = (1, 0);
    let done = thread::scope(|scope| {
        let somebody = scope.spawn(|| {
            let _over = Over(&is_done);
            let outside = outside.path().to_owned();
            let (root, moments) = (&*root, Moments::of(3));
            let mut somebody = Somebody { root, outside, moments, count: 0, done: Done::default() };
            while !is_done.load(Ordering::Relaxed) && somebody.done.at_the_last_moment < changes {
                somebody.disturb(&is_done);
            }
            somebody.done
        });
        let _over = Over(&is_done);
        while !is_done.load(Ordering::Relaxed) {
            // One that was stopped goes on; one that was not is followed by the way back.
            let result = write(&states[to]);
            in_a_row = if matches!(result, Err(DiskError::Refused(_))) { in_a_row + 1 } else { 0 };
            assert!(in_a_row < REFUSALS_IN_A_ROW, "nobody takes it back: {result:?}");
            let became = outcome(result);
            *outcomes.entry(became).or_default() += 1;
            to = if became == "all written" { 1 - to } else { to };
        }
        somebody.join().expect("whoever disturbs sees nothing wrong")
    });
    say(&format!("disturbed for {:.0} s: {outcomes:?}, {done:?}", start.elapsed().as_secs_f64()));

    let mut found = files(outside.path());
    found.remove("prepared");
    assert!(found == of_others, "something was written outside");
    for (path, bytes) in files(&root) {
        let mut texts = states.iter().filter_map(|state| Some(state.get(&path)?.text.as_bytes()));
        assert!(path == "stackgen.lock" || texts.any(|text| text == bytes), "neither old nor new: {path}");
    }
    write(&states[1]).expect("nobody else");
    let texts = states[1].iter().map(|(path, artifact)| (path.clone(), artifact.text.clone().into_bytes()));
    let mut found = files(&root);
    found.remove("stackgen.lock");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), texts.collect::<Vec<_>>());
    assert_eq!(outcomes.len(), 3, "{outcomes:?}");
    assert_eq!(done.at_the_last_moment, changes);
}

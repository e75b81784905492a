//! A real process, killed at moments all over its run, again and again before any other comes to an end, and beside files
//! that somebody has edited: every file is old or new, no edit is lost, and the next render completes it all.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use super::between::Between;
use super::moments::{Moments, asked_for};
use super::support::tree::{Files, is_stray};
use super::support::{in_parallel, say};

/// Each renders to three files.
const SERVICES: usize = 12;
/// How often, if `STACKGEN_KILLS` says nothing.
const KILLS: u32 = 500;
/// One of so many kills has to come between two files.
const IN_THE_MIDST: u32 = 50;
/// What nobody has rendered.
const EDITED: &str = "# what somebody wrote\n";

/// When to kill.
#[derive(Debug, Clone, Copy)]
enum After {
    Start(Duration),
    /// After the first write.
    Lock(Duration),
}

/// What was seen of some kills.
#[derive(Default)]
struct Seen {
    kills: u32,
    in_the_midst: u32,
    with_strays: u32,
    beside_edits: u32,
    recovered: u32,
}

/// Starts a render.
fn start(between: &Between) -> Child {
    let mut command = between.tree.command(&["render"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process")
}

/// When the lock was written.
fn lock(between: &Between) -> SystemTime {
    fs::metadata(between.tree.path("stackgen.lock")).and_then(|lock| lock.modified()).expect("a lock")
}

/// Waits until a started render begins to write: the lock comes first.
fn until_it_writes(between: &Between, render: &mut Child, before: SystemTime) {
    while lock(between) == before && render.try_wait().expect("a process").is_none() {
        std::hint::spin_loop();
    }
}

/// How long a render takes, and how long it writes.
fn durations(between: &Between, to: usize) -> (Duration, Duration) {
    between.aim_at(to);
    let before = lock(between);
    let begun = Instant::now();
    let mut render = start(between);
    until_it_writes(between, &mut render, before);
    let writing = Instant::now();
    assert!(render.wait().expect("an end").success());
    (begun.elapsed(), writing.elapsed())
}

/// Kills a render that is on its way to a state; what was there before, and what is there now.
fn kill(between: &Between, to: usize, after: After) -> (Files, Files) {
    between.aim_at(to);
    let before = between.tree.files();
    let written = lock(between);
    let mut render = start(between);
    match after {
        After::Start(time) => sleep(time),
        After::Lock(time) => {
            until_it_writes(between, &mut render, written);
            sleep(time);
        }
    }
    render.kill().expect("a process that may be killed");
    render.wait().expect("an end");
    (before, between.tree.files())
}

/// That every file is as before or as it is to be; whether some are the one and some the other.
fn each_is_old_or_new(between: &Between, to: usize, before: &Files, found: &Files, context: &str) -> bool {
    let new = &between.rendered[to];
    let ours = |path: &&String| !["stackgen.lock", "services.toml"].contains(&path.as_str()) && !is_stray(path);
    let all: BTreeSet<&String> = found.keys().chain(before.keys()).chain(new.keys()).filter(ours).collect();
    let mut counts = (0, 0);
    for path in all {
        let state = found.get(path);
        assert!(
            state == before.get(path) || state == new.get(path),
            "{path} is neither old nor new, {context}: {:?}",
            state.map(|bytes| String::from_utf8_lossy(bytes))
        );
        let is_program = path.rsplit('/').next() == Some("docker-entrypoint.sh");
        let edited = state.is_some_and(|bytes| bytes == EDITED.as_bytes());
        assert!(state.is_none() || edited || between.tree.is_executable(path) == is_program, "the mode of {path}");
        counts.0 += u32::from(state != new.get(path));
        counts.1 += u32::from(state != before.get(path));
    }
    is_whole_lock(between, to, before, found, context);
    counts.0 > 0 && counts.1 > 0
}

/// That the lock is the one of before or after, or that of the way there: each of its lines is one of those, and none is
/// missing that both have.
fn is_whole_lock(between: &Between, to: usize, before: &Files, found: &Files, context: &str) {
    let lines = |files: &Files| -> BTreeSet<String> {
        let lock = String::from_utf8(files["stackgen.lock"].clone()).expect("UTF-8");
        assert!(lock.starts_with("# ") && lock.ends_with('\n'), "half a lock, {context}: {lock}");
        lock.lines().map(str::to_owned).collect()
    };
    let (old, new, now) = (lines(before), lines(&between.rendered[to]), lines(found));
    let strange: Vec<_> = now.iter().filter(|line| !old.contains(*line) && !new.contains(*line)).collect();
    assert!(strange.is_empty(), "the lock says what nobody wrote, {context}: {strange:?}");
    let lost: Vec<_> = old.intersection(&new).filter(|line| !now.contains(*line)).collect();
    assert!(lost.is_empty(), "the lock has lost lines, {context}: {lost:?}");
    assert!(now == old || now == new || now.is_superset(&new), "the lock is neither old nor new, {context}: {now:?}");
}

/// What somebody does to a file before a render. One that is no longer generated is kept beside all that is written; one
/// that is stops the render, which writes nothing then.
struct Edit {
    path: String,
    /// What it was.
    before: Option<Vec<u8>>,
}

impl Edit {
    fn make(between: &Between, to: usize, moments: &mut Moments) -> Self {
        let which = moments.below(100);
        let number = match moments.below(4) {
            0 => between.service(true, true, which, to),
            1 => between.service(false, true, which, to),
            // The others are those that are left, beside which everything goes on.
            _ => between.service(true, false, which, to),
        };
        let path = format!("apps/s{number}/Dockerfile");
        let before = fs::read(between.tree.path(&path)).ok();
        between.tree.write(&path, EDITED);
        Self { path, before }
    }

    fn take_back(&self, between: &Between, to: usize) {
        let full = between.tree.path(&self.path);
        match &self.before {
            Some(bytes) if between.rendered[to].contains_key(&self.path) => fs::write(full, bytes),
            _ => fs::remove_file(full),
        }
        .expect("a file of the tests");
    }
}

/// So many kills, one after the other, in a tree of their own.
fn lane(seed: u64, kills: u32) -> Seen {
    let between = Between::new(SERVICES);
    let times = [0, 1, 0, 1, 0].map(|to| durations(&between, to));
    let whole = median(times.map(|(whole, _)| whole));
    let writing = median(times.map(|(_, writing)| writing));
    let mut moments = Moments::of(seed);
    let (mut seen, mut is_whole, mut at) = (Seen::default(), true, 0);
    while seen.kills < kills {
        // A tree that is as it should be has to change; another one may be completed, or go back.
        let to = if is_whole { 1 - at } else { moments.below(2) };
        let moment = moments.next();
        // Where the lock says already what is about to come, its writing tells nothing.
        let after = if is_whole && moments.once_in(2) {
            After::Lock(writing.mul_f64(moment))
        } else {
            After::Start(whole.mul_f64(moment))
        };
        let edit = moments.once_in(3).then(|| Edit::make(&between, to, &mut moments));
        let (before, found) = kill(&between, to, after);
        let context = format!("seed {seed}, kill {}, {after:?}", seen.kills);
        let midst = each_is_old_or_new(&between, to, &before, &found, &context);
        if let Some(edit) = edit {
            assert_eq!(
                found.get(&edit.path).map(Vec::as_slice),
                Some(EDITED.as_bytes()),
                "{} is lost, {context}",
                edit.path
            );
            let stops = between.rendered[to].contains_key(&edit.path);
            assert!(!stops || !different_files(&before, &found), "something was written beside an edit, {context}");
            edit.take_back(&between, to);
            seen.beside_edits += 1;
        }
        seen.kills += 1;
        seen.in_the_midst += u32::from(midst);
        seen.with_strays += u32::from(found.keys().any(|path| is_stray(path)));
        is_whole = moments.once_in(2);
        if is_whole {
            between.recovers(to);
            at = to;
            seen.recovered += 1;
        }
    }
    between.recovers(0);
    seen
}

/// Whether two looks at a tree differ in anything but temporary files.
fn different_files(before: &Files, found: &Files) -> bool {
    let ours = |files: &Files| -> Vec<(String, Vec<u8>)> {
        files.iter().filter(|(path, _)| !is_stray(path)).map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
    };
    ours(before) != ours(found)
}

#[test]
fn a_render_that_is_killed_leaves_old_or_new_files_and_the_next_one_completes() {
    let kills = asked_for("STACKGEN_KILLS", KILLS);
    let begun = Instant::now();
    let lanes = in_parallel(&[1, 2], |seed| lane(*seed, kills / 2));
    let sum = |count: fn(&Seen) -> u32| lanes.iter().map(count).sum::<u32>();
    let (kills, midst) = (sum(|seen| seen.kills), sum(|seen| seen.in_the_midst));
    say(&format!(
        "{kills} kills in {:.0} s: {midst} between two files, {} left a temporary file, {} beside an edit; {} times completed",
        begun.elapsed().as_secs_f64(),
        sum(|seen| seen.with_strays),
        sum(|seen| seen.beside_edits),
        sum(|seen| seen.recovered),
    ));
    assert!(midst >= kills / IN_THE_MIDST, "only {midst} of {kills} kills came between two files");
}

fn median<const N: usize>(mut durations: [Duration; N]) -> Duration {
    durations.sort();
    durations[N / 2]
}

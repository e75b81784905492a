//! Both at once: somebody saves a file right where a render is about to write, and the render is killed a moment later. What
//! they saved is there, where they saved it or beside it; the next render deletes none of it, and says so.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::between::Between;
use super::moments::{Moments, asked_for};
use super::support::tree::is_stray;
use super::support::{everything_said, say};

/// Each renders to three files.
const SERVICES: usize = 6;
/// How often, if `STACKGEN_KILLS_BESIDE_EDITS` says nothing.
const KILLS: u32 = 30;
const NAMES: [&str; 3] = ["Dockerfile", ".dockerignore", "docker-entrypoint.sh"];

/// The service in whose directory a file is being written.
fn busy(between: &Between) -> Option<String> {
    let apps = between.tree.path("apps").read_dir().into_iter().flatten().flatten();
    let is_busy = |folder: &Path| {
        let entries = folder.read_dir().into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_str().is_some_and(is_stray))
    };
    apps.filter(|entry| is_busy(&entry.path())).find_map(|entry| entry.file_name().into_string().ok())
}

/// The edits that stand nowhere any more.
fn lost<'e>(between: &Between, edits: &'e BTreeSet<Vec<u8>>) -> Vec<&'e Vec<u8>> {
    let found: BTreeSet<Vec<u8>> = between.tree.files().into_values().collect();
    edits.iter().filter(|edit| !found.contains(*edit)).collect()
}

/// Starts a render, saves files where it writes, and kills it; what was saved.
fn disturb_and_kill(between: &Between, number: u32, moments: &mut Moments) -> BTreeSet<Vec<u8>> {
    let mut command = between.tree.command(&["render"]);
    let mut render = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process");
    let mut edits = BTreeSet::new();
    let folder = loop {
        match busy(between) {
            Some(folder) => break Some(folder),
            None if render.try_wait().expect("a process").is_some() => break None,
            None => {}
        }
    };
    if let Some(folder) = folder {
        let first = moments.below(NAMES.len());
        for name in NAMES.iter().cycle().skip(first).take(NAMES.len()) {
            // As editors save: whole, by another name first.
            let (text, prepared) = (format!("# edit {number} of {name}\n"), between.tree.path("saving"));
            fs::write(&prepared, &text).expect("a file of the tests");
            if fs::rename(&prepared, between.tree.path(&format!("apps/{folder}/{name}"))).is_ok() {
                edits.insert(text.into_bytes());
            } else {
                fs::remove_file(prepared).expect("a file of the tests");
            }
        }
        sleep(Duration::from_micros(moments.below(300) as u64));
    }
    // It may have ended by itself, since it does not go on beside an edit.
    let _ = render.kill();
    render.wait().expect("an end");
    edits
}

#[test]
fn what_is_saved_while_a_render_is_killed_is_not_lost_then_nor_by_the_next_one() {
    let kills = asked_for("STACKGEN_KILLS_BESIDE_EDITS", KILLS);
    let (between, mut moments, begun) = (Between::new(SERVICES), Moments::of(5), Instant::now());
    let (mut saved, mut aside) = (0, 0);
    for number in 0..kills {
        let to = usize::from(number % 2 == 1);
        between.aim_at(to);
        let edits = disturb_and_kill(&between, number, &mut moments);
        assert_eq!(lost(&between, &edits), [b""; 0], "lost by kill {number}");
        saved += edits.len();
        // Beside an edit nothing is written.
        let _ = between.tree.command(&["render"]).output().expect("a process");
        assert_eq!(lost(&between, &edits), [b""; 0], "lost by the render after kill {number}");
        // Whoever takes back what stands in the way still has what lies aside, and is told of it.
        let mut beside = BTreeSet::new();
        for (path, bytes) in between.tree.files().into_iter().filter(|(_, bytes)| edits.contains(bytes)) {
            if is_stray(&path) {
                beside.insert(bytes);
            } else {
                fs::remove_file(between.tree.path(&path)).expect("a file of the tests");
            }
        }
        // Something else of that kind, since no kill can be told to come between two calls of the system.
        let folder = if to == 0 { 1 } else { SERVICES + 4 };
        let planted = format!("apps/s{folder}/.stackgen-killed.aside");
        fs::write(between.tree.path(&planted), "# planted\n").expect("a file of the tests");
        beside.insert(b"# planted\n".to_vec());
        fs::remove_file(between.tree.path(&format!("apps/s{folder}/Dockerfile"))).ok();
        let said = everything_said(&between.tree.command(&["render"]).output().expect("a process"));
        assert!(said.contains(&format!("`{planted}`")), "nobody is told of {planted}: {said}");
        assert_eq!(lost(&between, &beside), [b""; 0], "lost by the render after that of kill {number}");
        aside += beside.len() - 1;
        for (path, _) in
            between.tree.files().into_iter().filter(|(path, bytes)| is_stray(path) && beside.contains(bytes))
        {
            fs::remove_file(between.tree.path(&path)).expect("a file of the tests");
        }
        between.recovers(to);
    }
    let took = begun.elapsed().as_secs_f64();
    say(&format!("{kills} kills beside {saved} edits in {took:.0} s: {aside} of them were left aside"));
    assert!(saved > 0, "nobody has saved anything");
}

//! A disk that is full at every moment of a render: never half a file, nothing left behind, and the next render goes on
//! when there is room again.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::tree::{Files, LOCKFILE, PACKAGE, Ran, Tree, different, is_stray};
use super::support::{skip, tool};

/// The folder on which a child is to mount a small file system.
const FOLDER: &str = "STACKGEN_TEST_MOUNT";
/// What a file system gives room in, in bytes.
const PAGE: u64 = 4096;

/// The program that runs a command with mounts of its own, which vanish with it; none where this user may not.
fn unshare() -> Option<Command> {
    let program = tool("unshare")?;
    let attempts: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    attempts.into_iter().find_map(|arguments| {
        let folder = tempfile::tempdir().ok()?;
        let mut attempt = Command::new(&program);
        attempt.args(arguments).args(["mount", "-t", "tmpfs", "none"]).arg(folder.path());
        let mut command = Command::new(&program);
        command.args(arguments);
        attempt.output().is_ok_and(|output| output.status.success()).then_some(command)
    })
}

/// A small file system for this process alone, in the child in which the test `name` runs; elsewhere it runs that.
fn mounted(name: &str) -> Option<Mount> {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let folder = PathBuf::from(folder);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m,nr_inodes=1000", "none"]).arg(&folder);
        assert!(mount.status().expect("a process").success());
        return Some(Mount(folder));
    }
    let Some(mut command) = unshare() else {
        skip("this user may mount nothing, not even with unshare");
        return None;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    command.arg(std::env::current_exe().expect("this program")).args(["--exact", name]);
    let ran = Ran::of(command.env(FOLDER, folder.path()).env("TMPDIR", folder.path()));
    assert!(ran.code == Some(0) && ran.stdout.contains("1 passed"), "{}{}", ran.stdout, ran.stderr);
    None
}

/// A file system of 4 MiB and 1000 files.
struct Mount(PathBuf);

impl Mount {
    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Leaves room for so many pages.
    fn leave_pages(&self, pages: u64) {
        let mut file = File::create(self.ballast()).expect("a file");
        let mut size = 0;
        loop {
            match file.write(&[1; 4096]) {
                Ok(written) => size += written as u64,
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
        file.set_len(size.next_multiple_of(PAGE) - pages * PAGE).expect("a size");
    }

    /// Leaves room for so many files and directories.
    fn leave_files(&self, files: usize) {
        let folder = self.ballast();
        fs::create_dir(&folder).expect("a folder");
        let mut made: Vec<PathBuf> = Vec::new();
        loop {
            let path = folder.join(made.len().to_string());
            match File::create(&path) {
                Ok(_) => made.push(path),
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
        made.iter().rev().take(files).for_each(|path| fs::remove_file(path).expect("a file"));
    }

    fn make_room(&self) {
        let ballast = self.ballast();
        if ballast.is_dir() { fs::remove_dir_all(ballast) } else { fs::remove_file(ballast) }.expect("a file");
    }
}

/// A stack of some Node services, with its compose files in a directory.
fn manifest(output: &str, version: &str, services: std::ops::Range<usize>) -> String {
    let mut text = format!("[stack]\nname = \"some\"\nenvironments = [\"dev\"]\noutput = \"{output}\"\n");
    for number in services {
        let _ = write!(
            text,
            "\n[services.s{number}]\nkind = \"node\"\nversion = \"{version}\"\nsource = \"apps/s{number}\"\n\
             port = 3000\nbefore-start = [\"node prepare.js\"]\ninclude = [\"prepare.js\"]\n"
        );
    }
    text
}

/// Renders one manifest over the other with ever more room, until there is enough.
fn fills_up(mount: &Mount, leave: impl Fn(usize)) {
    // Files change, come and go, and so do directories.
    let manifests = [manifest("deploy/one", "20", 0..3), manifest("other/two/three", "22", 1..5)];
    let tree = Tree::new(&manifests[0]);
    for number in 0..5 {
        tree.write(&format!("apps/s{number}/package.json"), PACKAGE);
        tree.write(&format!("apps/s{number}/package-lock.json"), LOCKFILE);
        tree.write(&format!("apps/s{number}/prepare.js"), "");
    }
    let rendered: [Files; 2] = manifests.each_ref().map(|manifest| {
        tree.write("services.toml", manifest);
        tree.render(&["-q"]);
        tree.files()
    });
    let mut stopped_at = BTreeSet::new();
    for room in 0.. {
        assert!(room < 100, "it never succeeds");
        tree.write("services.toml", &manifests[0]);
        tree.render(&["-q"]);
        tree.write("services.toml", &manifests[1]);
        let before = tree.files();
        let folders = folders(tree.root());

        leave(room);
        let ran = tree.run(&["render"]);
        mount.make_room();

        let after = tree.files();
        if ran.code == Some(0) {
            assert!(after == rendered[1], "{:?}", different(&after, &rendered[1]));
            break;
        }
        stopped_at.insert(said(&ran, &before, &after));
        let is_lock = |path: &str| path == "stackgen.lock";
        for path in after.keys().chain(before.keys()) {
            assert!(!is_stray(path), "{path} was left behind");
            let state = after.get(path);
            let is_old_or_new = state == before.get(path) || state == rendered[1].get(path);
            assert!(is_old_or_new || is_lock(path), "{path} is neither old nor new with room for {room}");
        }
        let left: Vec<_> = self::folders(tree.root()).difference(&folders).cloned().collect();
        let filled = |folder: &&String| after.keys().any(|path| path.starts_with(&format!("{folder}/")));
        assert!(left.iter().all(|folder| filled(&folder)), "{left:?} was left behind");

        tree.render(&[]);
        let recovered = tree.files();
        assert!(recovered == rendered[1], "{:?}", different(&recovered, &rendered[1]));
    }
    assert!(stopped_at.contains("stackgen.lock"), "{stopped_at:?}");
    assert!(stopped_at.len() >= 4, "it filled up at no more files than {stopped_at:?}");
}

/// At which file it stopped: it is named, and so is what was changed before, which is true.
fn said(ran: &Ran, before: &Files, after: &Files) -> String {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    let (error, changed) = ran.stderr.split_once('\n').expect("two lines");
    let path = error.strip_prefix("error: cannot write `").and_then(|rest| {
        rest.strip_suffix("`: the disk is full (its space, or its number of files); make room, then run again")
    });
    let truly: Vec<&str> = different(before, after).into_iter().map(String::as_str).collect();
    let mut said: Vec<&str> = changed.split('`').skip(1).step_by(2).collect();
    said.sort_unstable();
    match changed.split_once(" more; every") {
        Some(_) => assert!(said.iter().all(|path| truly.contains(path)), "{changed}, not {truly:?}"),
        None => assert_eq!(said, truly, "{changed}"),
    }
    assert_eq!(changed.trim_end() == "nothing was written", truly.is_empty(), "{changed}");
    path.unwrap_or_else(|| panic!("{error}")).to_owned()
}

/// All folders below one.
fn folders(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in folder.read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                found.insert(path.strip_prefix(root).expect("below it").display().to_string());
                open.push(path);
            }
        }
    }
    found
}

#[test]
fn a_disk_without_space_stops_a_render_between_two_files() {
    if let Some(mount) = mounted("full_disk::a_disk_without_space_stops_a_render_between_two_files") {
        fills_up(&mount, |room| mount.leave_pages(room as u64));
    }
}

#[test]
fn a_disk_without_room_for_more_files_stops_a_render_between_two_files() {
    if let Some(mount) = mounted("full_disk::a_disk_without_room_for_more_files_stops_a_render_between_two_files") {
        fills_up(&mount, |room| mount.leave_files(room));
    }
}

//! Files that somebody saves, replaces or deletes while stackgen reads them.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::support::has_tools;
use super::support::tree::{Files, LOCKFILE, PACKAGE, Ran, SHOP, Tree, different};

/// How long those go on in which two threads disturb each other.
const TIME: Duration = Duration::from_secs(1);

const SITE: &str = r#"[stack]
name = "site"
environments = ["dev"]

[services.app]
kind = "node"
version = "22"
source = "app"
port = 3000

[services.site]
kind = "node"
version = "22"
source = "site"
port = 3000
"#;
/// `SITE`, rendered. It reads app/package.json before site/package.json.
fn site() -> Tree {
    let tree = Tree::new(SITE);
    for source in ["app", "site"] {
        tree.write(&format!("{source}/package.json"), PACKAGE);
        tree.write(&format!("{source}/package-lock.json"), LOCKFILE);
    }
    tree.render(&["-q"]);
    tree
}

/// Runs stackgen, and does `meanwhile` every time that it has read services.toml and waits for app/package.json, which
/// is a pipe until it ends.
fn run_and_meanwhile(tree: &Tree, arguments: &[&str], meanwhile: impl Fn(usize)) -> Ran {
    let pipe = tree.path("app/package.json");
    // A pipe of its own for each look: nobody knows when the reader of the one before has seen its end.
    let lay = || {
        let new = tree.path("saved");
        assert!(Command::new("mkfifo").arg(&new).status().expect("a process").success());
        fs::rename(new, &pipe).expect("a pipe");
    };
    lay();
    let mut child = tree.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    for look in 0.. {
        let Some(mut writer) = when_it_is_read(&pipe, &mut child) else { break };
        meanwhile(look);
        lay();
        writer.write_all(PACKAGE.as_bytes()).expect("a reader");
    }
    let output = child.wait_with_output().expect("an end");
    fs::remove_file(&pipe).expect("a pipe");
    tree.write("app/package.json", PACKAGE);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The other end of a pipe as soon as somebody reads it; none where the reader has ended.
fn when_it_is_read(pipe: &std::path::Path, reader: &mut Child) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    /// `O_NONBLOCK`: an error where nobody reads.
    const NONBLOCK: i32 = if cfg!(target_os = "linux") { 0o4000 } else { 0x4 };
    loop {
        if let Ok(writer) = File::options().write(true).custom_flags(NONBLOCK).open(pipe) {
            return Some(writer);
        }
        if reader.try_wait().expect("a process").is_some() {
            return None;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Replaces services.toml. The new file is prepared elsewhere, where nobody lists it.
fn save(tree: &Tree, text: &str) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("a write");
    file.persist(tree.path("services.toml")).expect("a file system that has both");
}

#[test]
fn a_manifest_that_is_saved_while_it_is_read_is_read_again() {
    if !has_tools(&["mkfifo"]) {
        return;
    }
    let tree = site();
    let newer = SITE.replace("3000", "4000");
    let ran = run_and_meanwhile(&tree, &["render"], |_| save(&tree, &newer));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(tree.read("app/Dockerfile").contains("EXPOSE 4000"));
    assert_eq!(tree.run(&["check"]).code, Some(0));

    // What is wrong in a version that nobody has any more is not said.
    save(&tree, &newer.replace("port =", "prt ="));
    let ran = run_and_meanwhile(&tree, &["check"], |_| save(&tree, &newer));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn half_a_manifest_is_not_rendered_when_the_other_half_comes() {
    if !has_tools(&["mkfifo"]) {
        return;
    }
    let tree = site();
    let before = tree.files();
    let half = SITE.find("\n[services.site]").expect("a second service");
    // In place, as some editors write.
    tree.write("services.toml", &SITE[..half]);
    let ran = run_and_meanwhile(&tree, &["render"], |look| {
        if look == 0 {
            let mut file = File::options().append(true).open(tree.path("services.toml")).expect("a file");
            file.write_all(&SITE.as_bytes()[half..]).expect("a write");
        }
    });
    assert_eq!((ran.code, ran.stderr.contains("deleted")), (Some(0), false), "{ran:?}");
    assert!(tree.files() == before);
}

#[test]
fn a_manifest_that_changes_again_and_again_is_an_error_and_nothing_is_written() {
    if !has_tools(&["mkfifo"]) {
        return;
    }
    let tree = site();
    for command in ["render", "check"] {
        let before = generated(&tree);
        let ran =
            run_and_meanwhile(&tree, &[command], |look| save(&tree, &SITE.replace("3000", &format!("400{look}"))));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
        let message = "error: services.toml changes again and again while it is read; run again when it is saved\n";
        assert_eq!(ran.stderr, message);
        assert!(generated(&tree) == before);
    }
}

#[test]
fn a_manifest_that_goes_while_it_is_read_is_an_error() {
    if !has_tools(&["mkfifo"]) {
        return;
    }
    let tree = site();
    let before = generated(&tree);
    let ran = run_and_meanwhile(&tree, &["render"], |_| fs::remove_file(tree.path("services.toml")).expect("a file"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("there is no services.toml"), "{ran:?}");
    assert!(generated(&tree) == before);
}

#[test]
fn a_generated_file_that_is_saved_while_stackgen_reads_is_kept() {
    if !has_tools(&["mkfifo"]) {
        return;
    }
    let tree = site();
    tree.change("services.toml", "3000", "4000");
    let ran = run_and_meanwhile(&tree, &["render"], |_| tree.write("docker-compose.yml", "just saved\n"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("`docker-compose.yml` was edited"), "{ran:?}");
    assert_eq!(tree.read("docker-compose.yml"), "just saved\n");
}

#[test]
fn a_source_that_goes_while_stackgen_reads_is_a_finding() {
    if !has_tools(&["mkfifo"]) {
        return;
    }
    let tree = site();
    let before = generated(&tree);
    let ran = run_and_meanwhile(&tree, &["render"], |_| fs::remove_dir_all(tree.path("site")).expect("a folder"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("site"), "{ran:?}");
    let here = |path: &String| !path.starts_with("site/");
    assert!(before.iter().filter(|(path, _)| here(path)).eq(&generated(&tree)));
}

fn generated(tree: &Tree) -> Files {
    let mut files = tree.files();
    files.retain(|path, _| !["services.toml", "app/package.json"].contains(&path.as_str()));
    files
}

/// Says that a thread has ended, also where it panics.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` again and again while `disturb` goes on in another thread.
fn disturbed(disturb: impl Fn(usize) + Sync, mut work: impl FnMut()) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let _done = Done(&is_done);
        scope.spawn(|| {
            let mut round = 0;
            while !is_done.load(Ordering::Relaxed) {
                disturb(round);
                round += 1;
            }
        });
        let start = Instant::now();
        while start.elapsed() < TIME {
            work();
        }
    });
}

/// Renders while services.toml is saved: every result is that of one version.
fn each_result_is_whole(save: impl Fn(&Tree, &str) + Sync) {
    // It is wrong without its last line, wherever it is cut off: so no result is one of half a file that was there for
    // the whole run.
    let whole = SHOP.replace("[services.web]", "[services.web]\ndepends-on = [\"last\"]");
    let whole = whole + "\n[services.last]\nport = 8081\nhealth = false\nimage = \"traefik/whoami:v1.11\"\n";
    let manifests = [whole.clone(), whole.replace("v1.11", "v1.10")];
    let tree = Tree::new("");
    let results = manifests.each_ref().map(|manifest| {
        tree.write("services.toml", manifest);
        tree.render(&["-q"]);
        generated(&tree)
    });
    disturbed(
        |round| save(&tree, &manifests[round % 2]),
        || {
            let ran = tree.run(&["render"]);
            let found = generated(&tree);
            let differences = results.each_ref().map(|result| different(&found, result));
            assert!(results.contains(&found), "a mixture: {differences:?}\n{ran:?}");
            match ran.code {
                Some(0) => {}
                Some(1) => assert!(ran.stderr.ends_with("nothing was written\n"), "{ran:?}"),
                Some(2) => assert!(ran.stderr.contains("services.toml changes again and again"), "{ran:?}"),
                _ => panic!("{ran:?}"),
            }
        },
    );
    tree.write("services.toml", &manifests[0]);
    tree.render(&[]);
    assert!(generated(&tree) == results[0]);
}

#[test]
fn a_manifest_that_is_replaced_is_read_whole() {
    each_result_is_whole(|tree, text| {
        save(tree, text);
        thread::sleep(Duration::from_millis(15));
    });
}

#[test]
fn a_manifest_that_is_written_in_place_is_read_whole_or_not_at_all() {
    each_result_is_whole(|tree, text| {
        let mut file = File::create(tree.path("services.toml")).expect("a file");
        for line in text.split_inclusive('\n') {
            file.write_all(line.as_bytes()).expect("a write");
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(15));
    });
}

#[test]
fn sources_that_come_and_go_are_findings_and_no_failure() {
    let tree = site();
    let before = generated(&tree);
    disturbed(
        |_| {
            for path in ["app/package.json", "app/package-lock.json"] {
                fs::remove_file(tree.path(path)).expect("a file");
            }
            tree.write("app/package-lock.json", LOCKFILE);
            tree.write("app/package.json", PACKAGE);
        },
        || {
            let ran = tree.run(&["render"]);
            assert!(matches!(ran.code, Some(0 | 1)), "{ran:?}");
        },
    );
    tree.render(&[]);
    assert!(generated(&tree) == before);
}

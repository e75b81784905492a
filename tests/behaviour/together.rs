//! Several stackgens at work in one directory at the same time.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use stackgen::disk::Turn;

use super::support::tree::{Files, Ran, SHOP, Tree, different};

const PROCESSES: usize = 8;
const ROUNDS: usize = 3;

/// `SHOP`, and the same with another name and fewer, other and more files.
fn manifests() -> [String; 2] {
    let other = SHOP.replace("[\"dev\", \"prod\"]", "[\"dev\", \"test\"]\noutput = \"deploy/here\"");
    [SHOP.to_owned(), other.replace("hello", "good morning")]
}

/// What each of these manifests renders to, without the manifests.
fn results(tree: &Tree, names: [&str; 2]) -> [Files; 2] {
    names.map(|name| {
        tree.render(&["-q", "-f", name]);
        generated(tree)
    })
}

fn generated(tree: &Tree) -> Files {
    let mut files = tree.files();
    files.retain(|path, _| !["one.toml", "other.toml", "services.toml"].contains(&path.as_str()));
    files
}

fn start(tree: &Tree, arguments: &[&str]) -> Child {
    tree.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
}

fn end(child: Child) -> Ran {
    let output = child.wait_with_output().expect("an end");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[track_caller]
fn is_one_of(found: &Files, results: &[Files; 2]) {
    let differences = results.each_ref().map(|result| different(found, result));
    assert!(results.contains(found), "neither the one nor the other: {differences:?}");
}

#[test]
fn renders_of_one_manifest_have_its_result() {
    let tree = Tree::new("");
    let [one, other] = manifests();
    tree.write("one.toml", one);
    tree.write("other.toml", other);
    let results = results(&tree, ["one.toml", "other.toml"]);
    for round in 0..ROUNDS {
        let name = ["one.toml", "other.toml"][round % 2];
        let running: Vec<_> = (0..PROCESSES).map(|_| start(&tree, &["render", "-q", "-f", name])).collect();
        for ran in running.into_iter().map(end) {
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        }
        let found = generated(&tree);
        assert!(found == results[round % 2], "{:?}", different(&found, &results[round % 2]));
    }
}

#[test]
fn renders_of_two_manifests_have_the_result_of_one_of_them() {
    let tree = Tree::new("");
    let [one, other] = manifests();
    tree.write("one.toml", one);
    tree.write("other.toml", other);
    let results = results(&tree, ["one.toml", "other.toml"]);
    for _ in 0..ROUNDS {
        let of = |number: usize| ["one.toml", "other.toml"][number % 2];
        let running: Vec<_> = (0..PROCESSES).map(|number| start(&tree, &["render", "-q", "-f", of(number)])).collect();
        for ran in running.into_iter().map(end) {
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        }
        is_one_of(&generated(&tree), &results);
    }
}

#[test]
fn the_manifest_that_was_saved_last_is_the_one_that_is_rendered() {
    let manifests = manifests();
    let tree = Tree::new("");
    let results = manifests.each_ref().map(|manifest| {
        tree.write("services.toml", manifest);
        tree.render(&["-q"]);
        generated(&tree)
    });
    for round in 0..ROUNDS {
        let mut running = Vec::new();
        let mut saved = 0;
        for number in 0..PROCESSES {
            saved = (round + number) % 2;
            tree.write("saved.toml", &manifests[saved]);
            std::fs::rename(tree.path("saved.toml"), tree.path("services.toml")).expect("a file");
            running.push(start(&tree, &["render", "-q"]));
        }
        for ran in running.into_iter().map(end) {
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        }
        let found = generated(&tree);
        assert!(found == results[saved], "{:?}", different(&found, &results[saved]));
    }
}

#[test]
fn a_render_says_that_it_waits_and_goes_on_when_the_other_one_has_ended() {
    let tree = Tree::new(SHOP);
    let turn = Turn::take(tree.root(), Duration::ZERO).expect("a turn");
    let mut render = start(&tree, &["render"]);
    let mut stderr = BufReader::new(render.stderr.take().expect("a pipe"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("a line");
    assert_eq!(line, "another stackgen is at work here: waiting for it\n");
    assert!(!tree.has("stackgen.lock"));
    drop(turn);
    assert_eq!(end(render).code, Some(0));
    assert_eq!(tree.run(&["check"]).code, Some(0));
}

#[test]
fn whoever_only_looks_waits_for_nobody() {
    let tree = Tree::rendered(SHOP);
    let _turn = Turn::take(tree.root(), Duration::ZERO).expect("a turn");
    for arguments in [&["check"][..], &["render", "--diff"], &["render", "--dry-run"]] {
        let ran = tree.run(arguments);
        assert!(ran.code == Some(0) && !ran.stderr.contains("waiting"), "{ran:?}");
    }
}

#[cfg(unix)]
#[test]
fn whoever_has_nothing_to_write_needs_no_right_to_write() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let tree = Tree::rendered(SHOP);
    let before = tree.files();
    // The superuser may write anywhere, and another user may not reach the build directory.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("stackgen");
    super::support::copy_program(std::path::Path::new(env!("CARGO_BIN_EXE_stackgen")), &program);
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("a mode");
    fs::set_permissions(tree.root(), Permissions::from_mode(0o555)).expect("a mode");
    let is_superuser = fs::metadata(&program).expect("metadata").uid() == 0;
    for arguments in [&["check"][..], &["render", "--diff"], &["render", "--dry-run"], &["render"]] {
        let mut command = std::process::Command::new(&program);
        command.args(arguments).current_dir(tree.root());
        if is_superuser {
            command.uid(65534).gid(65534);
        }
        let ran = Ran::of(&mut command);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    fs::set_permissions(tree.root(), Permissions::from_mode(0o755)).expect("a mode");
    assert!(tree.files() == before);
}

//! The same services.toml gives the same bytes: on any machine, at any place, on any day, in any locale.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::support;
use super::support::tree::{Ran, SHOP, Tree, files};

/// What of a shell could leak into files: each list is one shell.
const SHELLS: [&[(&str, &str)]; 3] = [
    &[("LC_ALL", "C"), ("TZ", "UTC")],
    &[("LC_ALL", "de_DE.UTF-8"), ("LANG", "de_DE.UTF-8"), ("TZ", "Asia/Kathmandu"), ("SOURCE_DATE_EPOCH", "1")],
    &[("LC_ALL", "tr_TR.UTF-8"), ("TZ", "America/St_Johns"), ("DOMAIN_NAME", "leaked"), ("REDIS_HOST_PORT", "1")],
];

/// Takes away what stackgen wrote, and its lock.
fn unrender(root: &Path) {
    let lock = fs::read_to_string(root.join("stackgen.lock")).expect("a lock");
    for path in generated(&lock) {
        fs::remove_file(root.join(path)).expect("a generated file");
    }
    fs::remove_file(root.join("stackgen.lock")).expect("a lock");
}

/// The paths in a lock.
fn generated(lock: &str) -> impl Iterator<Item = &str> {
    lock.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.splitn(5, ' ').nth(4))
}

#[test]
fn the_voice_stack_renders_to_the_same_bytes_everywhere() {
    let committed = super::committed::copy();
    let expected = files(committed.root());
    for shell in SHELLS {
        // Every copy has another absolute path.
        let copy = super::committed::copy();
        unrender(copy.root());
        // What lies beside services.toml for Compose is none of the renderer's business.
        fs::write(copy.root().join(".env"), "DOMAIN_NAME=leaked\n").expect("a writable folder");
        let mut command = support::stackgen();
        let ran = Ran::of(command.arg("render").current_dir(copy.root()).envs(shell.iter().copied()));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        fs::remove_file(copy.root().join(".env")).expect("the file of before");
        let found = files(copy.root());
        for (path, bytes) in &expected {
            assert!(found.get(path) == Some(bytes), "{path} differs under {shell:?}");
        }
        assert_eq!(found.len(), expected.len(), "{:?}", found.keys());
    }
}

#[test]
fn a_second_render_writes_nothing() {
    let tree = Tree::rendered(SHOP);
    let times = |tree: &Tree| -> Vec<_> {
        let names = tree.names();
        names
            .iter()
            .map(|name| fs::metadata(tree.path(name)).and_then(|file| file.modified()).expect("a time"))
            .collect()
    };
    let (before, written) = (tree.files(), times(&tree));
    let ran = tree.render(&[]);
    assert_eq!((tree.files(), times(&tree)), (before, written));
    assert!(ran.stdout.is_empty() && ran.stderr.contains("up to date"), "{ran:?}");
}

#[test]
fn the_place_from_which_it_is_run_makes_no_difference() {
    let expected = Tree::rendered(SHOP).files();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let at = |tree: &Tree, arguments: &[&str], folder: &Path| {
        let ran = Ran::of(support::stackgen().arg("render").args(arguments).current_dir(folder));
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        assert!(tree.files() == expected, "{arguments:?} renders to something else");
    };
    let tree = Tree::new(SHOP);
    at(&tree, &["-C", tree.root().to_str().expect("UTF-8")], elsewhere.path());
    let tree = Tree::new(SHOP);
    at(&tree, &["-f", tree.path("services.toml").to_str().expect("UTF-8")], elsewhere.path());
    let tree = Tree::new(SHOP);
    let folder = tree.root().file_name().and_then(|name| name.to_str()).expect("a name");
    at(&tree, &["-C", folder, "-f", "services.toml"], tree.root().parent().expect("a parent"));
    assert!(files(elsewhere.path()).is_empty(), "something was written where stackgen was run");
}

#[test]
fn what_is_found_is_printed_alike_everywhere() {
    let wrong = SHOP
        .replace("health =", "helth =")
        .replace("[services.web]\nimage = \"nginx:1.29\"", "[services.web]\nimage = \"nginx\"");
    for format in ["human", "json", "sarif", "github"] {
        let printed: BTreeSet<String> = SHELLS
            .iter()
            .map(|shell| {
                let (found, drifted) = (Tree::new(&wrong), Tree::rendered(SHOP));
                drifted.change("services.toml", "hello", "good morning");
                let run = |tree: &Tree| {
                    let mut command = tree.command(&["check", "--format", format]);
                    let ran = Ran::of(command.envs(shell.iter().copied()));
                    assert_eq!(ran.code, Some(1), "{ran:?}");
                    ran.stdout
                };
                run(&found) + &run(&drifted)
            })
            .collect();
        assert_eq!(printed.len(), 1, "{printed:?}");
    }
}

#[test]
fn one_environment_after_the_other_gives_what_all_at_once_give() {
    let tree = Tree::new(SHOP);
    tree.render(&["-e", "prod"]);
    assert!(tree.has("docker-compose.prod.yml") && !tree.has("docker-compose.yml"));
    tree.render(&["-e", "dev"]);
    assert!(tree.files() == Tree::rendered(SHOP).files(), "{:?}", tree.names());
}

#[test]
fn what_an_operator_has_set_makes_no_difference() {
    let (plain, set) = (Tree::rendered(SHOP), Tree::rendered(SHOP));
    set.write(".env", "API_TOKEN='not closed\nGREETING=${");
    set.write(".env.prod", "COMPOSE_FILE=other.yml\nAPI_TOKEN=x\n");
    for arguments in [&["check", "--format", "json"][..], &["check"], &["render", "--diff"]] {
        let mut command = set.command(arguments);
        command.envs([("API_TOKEN", "x"), ("GREETING", ""), ("COMPOSE_FILE", "x.yml"), ("COMPOSE_PROJECT_NAME", "X")]);
        let (with, without) = (Ran::of(&mut command), plain.run(arguments));
        assert_eq!(
            (with.code, with.stdout, with.stderr),
            (without.code, without.stdout, without.stderr),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_crlf_checkout_is_as_good_as_any() {
    let tree = Tree::rendered(SHOP);
    for (path, bytes) in tree.files() {
        tree.write(&path, String::from_utf8(bytes).expect("text").replace('\n', "\r\n"));
    }
    let before = tree.files();
    assert_eq!(tree.run(&["check"]).code, Some(0));
    tree.render(&[]);
    assert!(tree.files() == before, "a render of what was rendered before writes something");

    tree.change("services.toml", "nginx:1.29", "nginx:1.30");
    tree.render(&[]);
    let other = Tree::rendered(&SHOP.replace("nginx:1.29", "nginx:1.30"));
    assert_eq!(tree.read("docker-compose.yml"), other.read("docker-compose.yml"), "it has LF line ends, whatever was");
}

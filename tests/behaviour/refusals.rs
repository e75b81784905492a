//! What a render does not touch, and what it says instead.

use std::fs;

use serde_json::{Value, json};

use super::support::tree::{Ran, SHOP, SHOP_FILES, Tree};

const EDIT: &str = "    image: \"nginx:1.29\" # pinned by hand\n";

/// A rendered shop with one file that a person has edited, and a services.toml that has changed since.
fn edited() -> Tree {
    let tree = Tree::rendered(SHOP);
    tree.change("docker-compose.yml", "    image: \"nginx:1.29\"\n", EDIT);
    tree.change("services.toml", "hello", "good morning");
    tree
}

#[test]
fn a_first_render_writes_everything_and_says_so() {
    let tree = Tree::new(SHOP);
    let ran = tree.render(&[]);
    assert_eq!(tree.names(), [&SHOP_FILES[..], &["services.toml", "stackgen.lock"]].concat());
    assert!(ran.stdout.is_empty());
    for path in SHOP_FILES {
        assert!(ran.stderr.contains(&format!("created {path}\n")), "{ran:?}");
    }
}

#[test]
fn a_hand_edit_stops_the_whole_render_with_a_diff() {
    let tree = edited();
    let ran = tree.refuses(&["render"]);
    assert!(ran.stdout.contains("-    image: \"nginx:1.29\" # pinned by hand\n"), "{ran:?}");
    assert!(ran.stdout.contains("+    image: \"nginx:1.29\"\n"), "{ran:?}");
    assert!(!ran.stdout.contains(".env.example"), "the diff is of what was edited: {ran:?}");
    assert!(ran.stderr.contains("`docker-compose.yml` was edited since stackgen wrote it"), "{ran:?}");
    assert!(ran.stderr.contains("--force"), "{ran:?}");

    let ran = tree.refuses(&["check"]);
    assert!(ran.stdout.contains("docker-compose.yml: was edited since stackgen wrote it"), "{ran:?}");
    assert!(ran.stdout.contains(".env.example: is not what services.toml says now"), "{ran:?}");
    tree.refuses(&["render", "--dry-run"]);
    tree.refuses(&["render", "--diff"]);
}

#[test]
fn of_a_long_file_a_refusal_shows_the_beginning_and_says_how_much_there_is() {
    let tree = Tree::new(SHOP);
    tree.write("services.schema.json", "mine\n");
    let ran = tree.refuses(&["render"]);
    let all = tree.refuses(&["render", "--diff"]).stdout;
    let of_schema = |text: &str| text[text.find("--- a/services.schema.json").expect("it is shown")..].to_owned();
    let (shown, all) = (of_schema(&ran.stdout), of_schema(&all));
    let whole: Vec<&str> = all.lines().collect();
    let (last, first) =
        shown.lines().collect::<Vec<_>>().split_last().map(|(last, first)| (*last, first.to_vec())).expect("lines");
    assert_eq!(first, whole[..40], "{ran:?}");
    let more = format!("… {} more lines of services.schema.json; see `stackgen render --diff`", whole.len() - 40);
    assert_eq!(last, more);
}

#[test]
fn programs_are_told_of_the_refusal_too() {
    let tree = edited();
    let ran = tree.refuses(&["render", "--format", "json"]);
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let drift = document["drift"].as_array().expect("a list");
    assert_eq!(drift.len(), 1, "what would have changed is no reason: {ran:?}");
    assert_eq!((&drift[0]["path"], &drift[0]["state"]), (&json!("docker-compose.yml"), &json!("edited")));
    assert!(drift[0]["diff"].as_str().is_some_and(|diff| diff.contains("pinned by hand")), "{ran:?}");
    assert!(ran.stderr.contains("--force"), "{ran:?}");

    let ran = tree.refuses(&["render", "--format", "github"]);
    assert!(ran.stdout.starts_with("::error file=docker-compose.yml,line="), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");

    let ran = tree.refuses(&["render", "--format", "sarif", "-q"]);
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let results = document["runs"][0]["results"].as_array().expect("a list");
    assert_eq!((results.len(), &results[0]["properties"]["state"]), (1, &json!("edited")));
    assert!(results[0]["locations"][0]["physicalLocation"]["region"]["startLine"].is_u64(), "{ran:?}");
    assert!(ran.stderr.contains("nothing was written"), "{ran:?}");
}

#[test]
fn programs_are_told_only_of_what_force_cannot_overwrite() {
    let tree = edited();
    fs::remove_file(tree.path("docker-compose.prod.yml")).expect("a file");
    fs::create_dir(tree.path("docker-compose.prod.yml")).expect("a directory");
    fs::write(tree.path("docker-compose.prod.yml/mine"), "").expect("a file");
    let ran = tree.refuses(&["render", "--force", "--format", "json"]);
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let states: Vec<&Value> =
        document["drift"].as_array().expect("a list").iter().map(|drift| &drift["state"]).collect();
    assert_eq!(states, ["blocked"], "{ran:?}");
}

#[test]
fn after_a_render_programs_find_nothing_left() {
    let tree = edited();
    let ran = tree.render(&["--force", "--format", "json"]);
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((&document["findings"], &document["drift"]), (&json!([]), &json!([])));
    assert!(ran.stderr.contains("overwritten docker-compose.yml\n"), "{ran:?}");
    assert!(tree.files() == Tree::rendered(&SHOP.replace("hello", "good morning")).files());
}

#[test]
fn force_overwrites_a_hand_edit() {
    let tree = edited();
    let ran = tree.render(&["--force"]);
    assert!(ran.stderr.contains("overwritten docker-compose.yml\n"), "{ran:?}");
    assert!(tree.files() == Tree::rendered(&SHOP.replace("hello", "good morning")).files());
}

#[test]
fn an_edit_in_another_environment_stops_nothing_here() {
    let tree = edited();
    tree.render(&["-e", "prod"]);
    assert!(tree.read("docker-compose.yml").contains(EDIT));
    assert!(tree.read("docker-compose.prod.yml").contains("good morning"));
    tree.refuses(&["render", "-e", "dev"]);
}

#[test]
fn a_file_of_somebody_else_is_not_overwritten() {
    let tree = Tree::new(SHOP);
    tree.write("docker-compose.yml", "services: {}\n");
    let ran = tree.refuses(&["render"]);
    assert!(ran.stderr.contains("`docker-compose.yml` was not written by stackgen"), "{ran:?}");
    assert!(ran.stdout.contains("-services: {}\n"), "{ran:?}");
    tree.render(&["--force"]);
    assert!(tree.files() == Tree::rendered(SHOP).files());
}

#[test]
fn a_file_with_the_right_bytes_is_adopted() {
    let tree = Tree::rendered(SHOP);
    let expected = tree.files();
    fs::remove_file(tree.path("stackgen.lock")).expect("a lock");
    assert_eq!(tree.run(&["check"]).code, Some(1), "the lock is part of what is generated");
    let ran = tree.render(&[]);
    assert!(ran.stderr.contains("adopted docker-compose.yml"), "{ran:?}");
    assert!(tree.files() == expected);
}

#[test]
fn what_is_no_longer_generated_is_deleted() {
    let tree = Tree::rendered(SHOP);
    tree.write("mine.txt", "mine\n");
    tree.change("services.toml", r#"["dev", "prod"]"#, r#"["dev"]"#);
    tree.render(&["-e", "dev"]);
    assert!(tree.has("docker-compose.prod.yml"), "a render of one environment deletes nothing of another");
    let ran = tree.render(&[]);
    assert!(ran.stderr.contains("deleted docker-compose.prod.yml\n"), "{ran:?}");
    assert_eq!(
        tree.names(),
        [
            ".env.example",
            "STACK.md",
            "docker-compose.yml",
            "mine.txt",
            "services.schema.json",
            "services.toml",
            "stackgen.lock"
        ]
    );
}

#[test]
fn what_is_no_longer_generated_but_was_edited_is_kept_and_named() {
    let tree = Tree::rendered(SHOP);
    tree.change("docker-compose.prod.yml", EDIT.split(" #").next().expect("a line"), EDIT.trim_end());
    tree.change("services.toml", r#"["dev", "prod"]"#, r#"["dev"]"#);
    let ran = tree.render(&[]);
    assert!(ran.stderr.contains("kept docker-compose.prod.yml"), "{ran:?}");
    assert!(tree.has("docker-compose.prod.yml") && !tree.has(".env.prod.example"));
    let ran = tree.run(&["check"]);
    assert!(ran.stderr.contains("docker-compose.prod.yml"), "{ran:?}");
}

#[test]
fn a_directory_in_the_way_is_named_and_not_even_force_removes_it() {
    let tree = Tree::new(SHOP);
    tree.write("docker-compose.yml/mine.txt", "mine\n");
    for arguments in [&["render"][..], &["render", "--force"]] {
        let ran = tree.refuses(arguments);
        assert!(ran.stderr.contains("`docker-compose.yml` cannot be written: it is a directory"), "{ran:?}");
    }
}

#[test]
fn an_error_writes_nothing() {
    let tree = Tree::rendered(SHOP);
    tree.change("services.toml", "hello", "good morning");
    tree.change("services.toml", "services.web.address", "services.wbe.address");
    let ran = tree.refuses(&["render"]);
    assert!(ran.stderr.contains("wbe") && ran.stderr.contains("nothing was written"), "{ran:?}");
    assert!(ran.stdout.is_empty(), "findings of a render are talk: {ran:?}");
    tree.refuses(&["render", "--force"]);
    let ran = tree.refuses(&["check"]);
    assert!(ran.stdout.contains("wbe") && ran.stderr.is_empty(), "{ran:?}");

    tree.write("services.toml", "[stack\n");
    tree.refuses(&["render"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;

    use super::super::support::unprivileged::{self, set_mode};
    use super::*;

    #[test]
    fn a_link_that_leaves_the_project_is_not_followed() {
        let outside = tempfile::tempdir().expect("a temporary folder");
        let tree = Tree::new(&SHOP.replace("[stack]\n", "[stack]\noutput = \"deploy\"\n"));
        symlink(outside.path(), tree.path("deploy")).expect("a link");
        for arguments in [&["render"][..], &["render", "--force"]] {
            let ran = tree.refuses(arguments);
            assert!(ran.stderr.contains("`deploy` is a symbolic link"), "{ran:?}");
        }
        assert_eq!(outside.path().read_dir().expect("a folder").count(), 0, "something was written outside");
    }

    #[test]
    fn a_link_in_place_of_a_generated_file_is_not_followed() {
        let outside = tempfile::NamedTempFile::new().expect("a temporary file");
        let tree = Tree::new(SHOP);
        symlink(outside.path(), tree.path("docker-compose.yml")).expect("a link");
        let ran = tree.refuses(&["render", "--force"]);
        assert!(ran.stderr.contains("it is a symbolic link"), "{ran:?}");
        assert_eq!(fs::read(outside.path()).expect("a file"), b"");
    }

    /// Runs stackgen as a user whom modes bind.
    fn run_unprivileged(tree: &Tree, arguments: &[&str]) -> Ran {
        Ran::of(unprivileged::stackgen(tree.root()).command.args(arguments))
    }

    #[test]
    fn a_read_only_directory_is_a_plain_sentence_and_every_file_is_old_or_new() {
        let manifest = SHOP.replace("[stack]\n", "[stack]\noutput = \"deploy\"\n");
        let tree = Tree::rendered(&manifest);
        let old = tree.files();
        let changed = manifest.replace("hello", "good morning");
        let new = Tree::rendered(&changed).files();
        tree.write("services.toml", &changed);
        set_mode(&tree.path("deploy"), 0o555);
        let ran = run_unprivileged(&tree, &["render"]);
        set_mode(&tree.path("deploy"), 0o755);

        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.starts_with("error: cannot change `deploy/"), "{ran:?}");
        assert!(ran.stderr.contains("the directory `deploy` is read-only for this user"), "{ran:?}");
        for (path, bytes) in tree.files() {
            let known = [old.get(&path), new.get(&path)];
            assert!(path == "stackgen.lock" || known.contains(&Some(&bytes)), "{path} is neither old nor new");
        }
        tree.render(&[]);
        assert!(tree.files() == new);
    }

    #[test]
    fn an_unreadable_manifest_is_named() {
        let tree = Tree::new(SHOP);
        set_mode(&tree.path("services.toml"), 0o000);
        let ran = run_unprivileged(&tree, &["check"]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert_eq!(ran.stderr, "error: cannot read services.toml: Permission denied (os error 13)\n");
    }
}

#[test]
fn a_dockerfile_that_somebody_takes_over_stays() {
    let manifest = "[stack]\nname = 's'\n[services.web]\nkind = 'node'\nversion = '22'\nsource = 'web'\nport = 3000\n";
    for edit in [false, true] {
        let tree = Tree::new(manifest);
        tree.write("web/package.json", "{ \"main\": \"main.js\" }");
        tree.write("web/package-lock.json", "{ \"lockfileVersion\": 3 }");
        assert_eq!(tree.run(&["render"]).code, Some(0));
        if edit {
            tree.change("web/Dockerfile", "USER 1000:1000", "USER 1001:1001");
        }
        let (dockerfile, ignored) = (tree.read("web/Dockerfile"), tree.read("web/.dockerignore"));
        tree.write("services.toml", format!("{manifest}dockerfile = 'Dockerfile'\ntarget = 'production'\n"));
        let ran = tree.run(&["render"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(!ran.stderr.contains("web/"), "{}", ran.stderr);
        assert_eq!((tree.read("web/Dockerfile"), tree.read("web/.dockerignore")), (dockerfile, ignored));
        assert!(!tree.read("stackgen.lock").contains("web/"), "it is nobody's business any more");
        assert_eq!(tree.run(&["check"]).code, Some(0));
    }
}

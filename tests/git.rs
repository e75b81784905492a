//! What is read of a repository, against git itself: which files it tracks in every form of the index, and which ones its
//! ignore files keep out. Needs git.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use stackgen::git::Repository;
use support::{has_tools, succeed};
use tempfile::TempDir;

const FILES: [&str; 7] = [".env", ".env.prod", "a", "deploy/.env", "deploy/.env.prod", "deploy/b", "ä/long name.txt"];
const OTHERS: [&str; 3] = ["deploy/.env.example", ".envy", "z"];

#[test]
fn tracked_files_are_found_in_every_version_of_the_index() {
    if !has_tools(&["git"]) {
        return;
    }
    for version in ["2", "3", "4"] {
        for hash in ["sha1", "sha256"] {
            let project = project(&["-c", &format!("init.defaultObjectFormat={hash}"), "init", "--quiet"]);
            git(project.path(), &["config", "core.excludesFile", "/dev/null"]);
            git(project.path(), &["add", "--", ".env", "a", "deploy/.env.prod", "ä/long name.txt"]);
            // A file that is only announced has more flags, and so makes a version 3 of a version 2.
            git(project.path(), &["add", "--intent-to-add", "--", "deploy/b"]);
            git(project.path(), &["update-index", "--index-version", version]);
            compare(project.path(), project.path());
        }
    }
}

#[test]
fn a_repository_without_a_commit_tracks_nothing() {
    if !has_tools(&["git"]) {
        return;
    }
    let project = project(&["init", "--quiet"]);
    compare(project.path(), project.path());
    assert!(Repository::find(tempfile::tempdir().expect("a folder").path()).is_none());
}

#[test]
fn worktrees_and_submodules_have_an_index_of_their_own() {
    if !has_tools(&["git"]) {
        return;
    }
    let project = project(&["init", "--quiet"]);
    let root = project.path();
    git(root, &["add", "--", "a", ".env"]);
    commit(root);
    git(root, &["worktree", "add", "--quiet", "tree"]);
    fs::write(root.join("tree/.env.prod"), "A=1\n").expect("a file");
    git(&root.join("tree"), &["add", "--force", ".env.prod"]);
    git(&root.join("tree"), &["rm", "--quiet", "--cached", ".env"]);
    compare(root, root);
    compare(&root.join("tree"), &root.join("tree"));
    let outer = tempfile::tempdir().expect("a folder");
    git(outer.path(), &["init", "--quiet"]);
    let url = root.to_str().expect("a path in UTF-8");
    git(outer.path(), &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "inner"]);
    compare(&outer.path().join("inner"), &outer.path().join("inner"));
    compare(outer.path(), outer.path());
}

#[test]
fn a_project_may_lie_below_the_top_and_in_a_split_index_nothing_is_known() {
    if !has_tools(&["git"]) {
        return;
    }
    let project = project(&["init", "--quiet"]);
    git(project.path(), &["add", "--", "deploy/.env"]);
    compare(project.path(), &project.path().join("deploy"));
    git(project.path(), &["update-index", "--split-index"]);
    let repository = Repository::find(project.path()).expect("a repository");
    let file = project.path().canonicalize().expect("a path").join("deploy/.env");
    let tracked = repository.tracked(std::slice::from_ref(&file));
    assert!(!repository.has(&tracked, &file));
}

#[test]
fn what_is_ignored_is_what_git_ignores() {
    if !has_tools(&["git"]) {
        return;
    }
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop::collection::vec(prop::sample::select(PATTERNS), 1..5);
    let project = project(&["init", "--quiet"]);
    let root = project.path().canonicalize().expect("a path");
    let mut seen = BTreeSet::new();
    for _ in 0..60 {
        let mut lines = || strategy.new_tree(&mut runner).expect("lines").current().join("\n") + "\n";
        let (top, inner) = (lines(), lines());
        fs::write(root.join(".gitignore"), &top).expect("a file");
        fs::write(root.join("deploy/.gitignore"), &inner).expect("a file");
        let mut repository = Repository::find(&root).expect("a repository");
        let ignored = ignored(&root);
        for path in FILES.iter().chain(&OTHERS) {
            let said = repository.ignores(&root.join(path));
            assert_eq!(said, ignored.contains(*path), "{path}, with {top:?} and {inner:?}");
            seen.insert(said);
        }
    }
    assert_eq!(seen.len(), 2, "all of them, or none");
}

/// Lines of an ignore file.
const PATTERNS: &[&str] = &[
    ".env",
    ".env*",
    ".env.*",
    "!.env",
    "!.env*.example",
    "!.env.prod",
    "/.env",
    "deploy/",
    "/deploy",
    "deploy/.env",
    "deploy/*",
    "!deploy/",
    "!deploy/.env",
    "**/.env",
    "deploy/**",
    "**",
    "*",
    "!*",
    "!*/",
    "# .env",
    "\\#a",
    "a ",
    "a\\ ",
    "[.]env",
    "?",
    "[a-z]",
    "*.txt",
    "ä/",
    "ä/*.txt",
    "long name.txt",
    "/*",
    "!/deploy",
    "",
    "a/",
    "b",
    "**/deploy/.env.prod",
    ".env/",
    "\\.env",
    "[!.]*",
    ".env[",
    "*/b",
];

/// Git in a folder, with nothing of this machine's own settings.
fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).args(words);
    for (name, value) in [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null"), ("GIT_DIR", "")] {
        if value.is_empty() {
            command.env_remove(name)
        } else {
            command.env(name, value)
        };
    }
    command
}

fn git(folder: &Path, words: &[&str]) -> Output {
    succeed(&mut command(folder, words))
}

fn commit(folder: &Path) {
    git(folder, &["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "x"]);
}

/// A folder with all the files, and a repository in it.
fn project(init: &[&str]) -> TempDir {
    let project = tempfile::tempdir().expect("a folder");
    for path in FILES.iter().chain(&OTHERS) {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, "A=1\n").expect("a file");
    }
    git(project.path(), init);
    project
}

/// What we say of every file in `folder`, against `git ls-files` there; the repository is looked for from `start`.
fn compare(folder: &Path, start: &Path) {
    let folder = folder.canonicalize().expect("a path");
    let listed = git(&folder, &["ls-files", "-z"]).stdout;
    let listed = String::from_utf8(listed).expect("UTF-8");
    let expected: BTreeSet<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    let repository = Repository::find(start).expect("a repository");
    let paths: Vec<PathBuf> = FILES.iter().chain(&OTHERS).map(|path| folder.join(path)).collect();
    let tracked = repository.tracked(&paths);
    let found: BTreeSet<&str> = FILES
        .iter()
        .chain(&OTHERS)
        .zip(&paths)
        .filter(|(_, full)| repository.has(&tracked, full))
        .map(|(path, _)| *path)
        .collect();
    let known: BTreeSet<&str> = FILES.iter().chain(&OTHERS).copied().collect();
    assert_eq!(found, expected.intersection(&known).copied().collect());
}

/// The files that git says are ignored.
fn ignored(folder: &Path) -> BTreeSet<String> {
    let mut git = command(folder, &["check-ignore", "--no-index", "-z", "--stdin"]);
    let mut git = git.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git starts");
    let paths = FILES.iter().chain(&OTHERS).copied().collect::<Vec<_>>().join("\0");
    git.stdin.take().expect("a piped stdin").write_all(paths.as_bytes()).expect("git reads");
    let output = git.wait_with_output().expect("git ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

//! `stackgen init`: what it writes for repositories of many kinds, how much of what there is it finds, and what it never
//! does.
//!
//! A folder beside this file is a repository (`files`) and what should be found in it (`expected.toml`).

mod built;
mod carried;
mod described;
mod environments;
mod facts;
mod faithful;
mod frameworks;
mod front;
mod handed_on;
mod layered;
mod layouts;
mod newcomers;
mod packaged;
mod places;
mod processes;
mod protected;
mod python;
mod refusals;
mod scripts;
mod secrets;
mod small;
#[path = "../support/mod.rs"]
mod support;
mod systems;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use support::{everything_said, stackgen};

/// The folders of repositories.
fn layouts() -> Vec<PathBuf> {
    let here = support::repository().join("tests/init");
    let folders: Vec<PathBuf> =
        support::entries(&here).into_iter().filter(|path| path.join("expected.toml").is_file()).collect();
    assert!(folders.len() >= 8, "{folders:?}");
    folders
}

/// A copy of a repository, in a directory that is called like it.
fn copy_of(layout: &Path) -> TempDir {
    let folder = tempfile::Builder::new().prefix("stackgen-init-").tempdir().expect("a temporary folder");
    copy(&layout.join("files"), &folder.path().join("repository"));
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for path in support::entries(from) {
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

/// Runs `stackgen init` in a directory.
fn init(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = stackgen();
    command.current_dir(directory).arg("init").args(arguments).env("NO_COLOR", "1");
    command.stdin(std::process::Stdio::null()).output().expect("stackgen starts")
}

/// Does what the closing lines say about files that are in the way: `mv a b`.
fn move_away(directory: &Path, output: &Output) -> usize {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let moves: Vec<Vec<String>> =
        said.lines().filter_map(|line| shlex::split(line.trim().strip_prefix("mv ")?)).collect();
    for words in &moves {
        fs::rename(directory.join(&words[0]), directory.join(&words[1])).expect("a file that can be moved");
    }
    moves.len()
}

/// Whether what was written is rendered, and is clean afterwards.
fn works(directory: &Path) {
    for arguments in [&["render"][..], &["check"]] {
        let output = stackgen().current_dir(directory).args(arguments).env("NO_COLOR", "1").output().expect("stackgen");
        let said = everything_said(&output);
        let manifest = fs::read_to_string(directory.join("services.toml")).expect("services.toml");
        assert!(output.status.success(), "{arguments:?} in {}:\n{said}\n{manifest}", directory.display());
    }
}

//! `packaging/install.sh`, from a release in a folder or on a server.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::release::{Releases, VERSION, run};
use super::support::{everything_said, has_tools, repository, succeed};

/// What the script needs, and what packs the release.
const TOOLS: [&str; 4] = ["sh", "curl", "tar", "python3"];

fn install(releases: &str, to: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.arg(repository().join("packaging/install.sh")).arg("--to").arg(to).args(arguments);
    run(command.env("STACKGEN_RELEASES", releases))
}

#[test]
fn a_release_is_installed_after_its_sum_was_compared() {
    if !has_tools(&TOOLS) {
        return;
    }
    let releases = Releases::new();
    let to = tempfile::tempdir().expect("a temporary folder");
    for url in [releases.url(), releases.serve()] {
        let bin = to.path().join(url.split(':').next().expect("a scheme"));
        let output = install(&url, &bin, &[]);
        let said = everything_said(&output);
        assert!(output.status.success(), "{url}: {said}");
        assert!(said.contains("installed") && said.contains("is not on PATH"), "{said}");
        let version = succeed(Command::new(bin.join("stackgen")).arg("--version"));
        assert_eq!(String::from_utf8_lossy(&version.stdout), format!("stackgen {VERSION}\n"));
        // A second time it replaces what is there, and leaves nothing beside it.
        assert!(install(&url, &bin, &["--version", &format!("v{VERSION}")]).status.success());
        assert_eq!(fs::read_dir(&bin).expect("a folder").count(), 1);
    }
}

#[test]
fn an_archive_that_is_not_the_one_of_the_sum_is_not_installed() {
    if !has_tools(&TOOLS) {
        return;
    }
    let releases = Releases::new();
    let mut bytes = fs::read(releases.archive()).expect("an archive");
    bytes.push(0);
    fs::write(releases.archive(), bytes).expect("a writable folder");
    let to = tempfile::tempdir().expect("a temporary folder");
    let output = install(&releases.url(), to.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(everything_said(&output).contains("nothing was installed"), "{}", everything_said(&output));
    assert_eq!(fs::read_dir(to.path()).expect("a folder").count(), 0);
}

#[test]
fn an_empty_sum_fits_no_archive() {
    if !has_tools(&TOOLS) {
        return;
    }
    let releases = Releases::new();
    let sum = releases.archive().with_extension("gz.sha256");
    assert!(sum.is_file());
    fs::write(sum, "").expect("a writable folder");
    let to = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(install(&releases.url(), to.path(), &[]).status.code(), Some(1));
    assert_eq!(fs::read_dir(to.path()).expect("a folder").count(), 0);
}

#[test]
fn a_release_that_does_not_exist_is_told_from_one_that_cannot_be_fetched() {
    if !has_tools(&TOOLS) {
        return;
    }
    let releases = Releases::new();
    let to = tempfile::tempdir().expect("a temporary folder");
    for url in [releases.url(), releases.serve()] {
        let output = install(&url, to.path(), &["--version", "0.0.1"]);
        assert_eq!(output.status.code(), Some(3), "{url}: {}", everything_said(&output));
    }
    // Nobody listens on port 1.
    let output = install("http://127.0.0.1:1", to.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", everything_said(&output));
}

#[test]
fn a_version_cannot_name_another_place() {
    if !has_tools(&TOOLS) {
        return;
    }
    let releases = Releases::new();
    let to = tempfile::tempdir().expect("a temporary folder");
    for version in ["", "../0.1.0", "0.1.0/..", "0.1.0 --output x", "$(id)"] {
        let output = install(&releases.url(), to.path(), &["--version", version]);
        assert_eq!(output.status.code(), Some(1), "{version}");
        assert!(everything_said(&output).contains("is no version"), "{}", everything_said(&output));
    }
    assert_eq!(install(&releases.url(), to.path(), &["--prefix"]).status.code(), Some(1));
}

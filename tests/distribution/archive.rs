//! The archives of a release.

use std::fs;
use std::process::Command;

use super::release::{self, VERSION, packaging, run, script, target};
use super::support::{copy_sources, everything_said, has_tools, repository, succeed};

#[test]
fn an_archive_holds_the_program_its_pages_and_the_licences() {
    if !has_tools(&["python3", "tar", "bash"]) {
        return;
    }
    let dist = tempfile::tempdir().expect("a temporary folder");
    let archive = release::archive(dist.path());
    let name = format!("stackgen-{VERSION}-{}", target());
    assert_eq!(archive.file_name().and_then(|name| name.to_str()), Some(format!("{name}.tar.gz").as_str()));

    let listed = succeed(Command::new("tar").arg("-tzf").arg(&archive));
    let listed = String::from_utf8(listed.stdout).expect("names in UTF-8");
    let files: Vec<&str> = listed.lines().map(|line| line.strip_prefix(&format!("{name}/")).expect(line)).collect();
    for file in [
        "stackgen",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "completions/_stackgen",
        "completions/_stackgen.ps1",
        "completions/stackgen.bash",
        "completions/stackgen.elv",
        "completions/stackgen.fish",
        "man/stackgen.1",
        "man/stackgen-render.1",
    ] {
        assert!(files.contains(&file), "{file} is not in {files:?}");
    }
    let strange = |file: &&&str| {
        let folder = file.split_once('/').map(|(folder, _)| folder);
        !matches!(folder, Some("completions" | "man")) && folder.is_some()
    };
    assert_eq!(files.iter().find(strange), None);

    let sums = fs::read_to_string(dist.path().join(format!("{name}.tar.gz.sha256"))).expect("a sum beside it");
    let (sum, summed) = sums.trim_end().split_once("  ").expect("a sum and a name");
    assert_eq!((sum.len(), summed), (64, format!("{name}.tar.gz").as_str()));
    succeed(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(dist.path()));
    let unpacked = succeed(Command::new(dist.path().join(&name).join("stackgen")).arg("--version"));
    assert_eq!(String::from_utf8_lossy(&unpacked.stdout), format!("stackgen {VERSION}\n"));
}

#[test]
fn the_same_program_is_packed_into_the_same_bytes() {
    if !has_tools(&["python3", "bash"]) {
        return;
    }
    let packed = || {
        let dist = tempfile::tempdir().expect("a temporary folder");
        fs::read(release::archive(dist.path())).expect("an archive")
    };
    assert!(packed() == packed(), "two archives of one program differ");
}

#[test]
fn a_program_of_another_version_is_not_packed() {
    if !has_tools(&["python3", "bash"]) {
        return;
    }
    let dist = tempfile::tempdir().expect("a temporary folder");
    let other = dist.path().join("stackgen");
    script(&other, "#!/bin/sh\necho stackgen 0.0.0\n");
    let output = run(&mut packaging(&["archive", &target(), other.to_str().expect("UTF-8")], dist.path()));
    assert_eq!(output.status.code(), Some(1));
    assert!(everything_said(&output).contains("says it is 'stackgen 0.0.0'"), "{}", everything_said(&output));
}

#[test]
fn a_tag_that_is_not_the_version_is_no_release() {
    if !has_tools(&["bash"]) {
        return;
    }
    let dist = tempfile::tempdir().expect("a temporary folder");
    let output = run(&mut packaging(&["check", "v0.0.0"], dist.path()));
    assert_eq!(output.status.code(), Some(1));
    assert!(everything_said(&output).contains(&format!("it has to be v{VERSION}")), "{}", everything_said(&output));
}

#[test]
fn a_release_needs_its_section_in_the_changelog() {
    if !has_tools(&["bash", "python3"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy_sources(&repository().join("packaging"), &folder.path().join("packaging"));
    fs::copy(repository().join("Cargo.toml"), folder.path().join("Cargo.toml")).expect("a copy");
    let ask = |changelog: &str, arguments: &[&str]| {
        fs::write(folder.path().join("CHANGELOG.md"), changelog).expect("a writable folder");
        run(Command::new(folder.path().join("packaging/release")).args(arguments))
    };
    let tag = format!("v{VERSION}");
    for without in
        ["# Changelog\n\n## Unreleased\n\n- New.\n".to_owned(), format!("## {VERSION}\n\n## 0.0.1\n\n- Old.\n")]
    {
        let output = ask(&without, &["check", &tag]);
        assert_eq!(output.status.code(), Some(1), "{without}");
        assert!(everything_said(&output).contains("CHANGELOG.md has no section"), "{}", everything_said(&output));
    }
    let with = format!("# Changelog\n\n## {VERSION}\n\n- New.\n- Newer.\n\n## 0.0.1\n\n- Old.\n");
    let output = ask(&with, &["check", &tag]);
    assert!(output.status.success(), "{}", everything_said(&output));
    assert_eq!(String::from_utf8_lossy(&ask(&with, &["notes"]).stdout), "- New.\n- Newer.\n");
}

//! The manual pages are pages that `man` shows.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::support::tree::files;
use super::support::{self, everything_said, has_tools, succeed};

/// What groff makes of a page, as text without overstriking; it must have no complaint.
fn shown(page: &[u8]) -> String {
    let mut groff = Command::new("groff")
        .args(["-man", "-ww", "-Tutf8", "-P-cbou"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("groff starts");
    groff.stdin.take().expect("a piped stdin").write_all(page).expect("groff reads its input");
    let output = groff.wait_with_output().expect("groff ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", everything_said(&output));
    String::from_utf8(output.stdout).expect("text in UTF-8")
}

#[test]
fn every_page_is_shown_without_a_warning() {
    if !has_tools(&["groff"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = succeed(support::stackgen().args(["man", "--output"]).arg(folder.path().join("man1")));
    let pages = files(&folder.path().join("man1"));
    assert!(output.stdout.is_empty());
    assert!(everything_said(&output).starts_with(&format!("{} pages in ", pages.len())));
    for name in pages.keys() {
        let page = fs::read(folder.path().join("man1").join(name)).expect("a page");
        let text = shown(&page);
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS"] {
            assert!(text.lines().any(|line| line == section), "{name} has no {section}");
        }
        let command = name.trim_end_matches(".1").replacen("stackgen-", "", 1);
        let arguments = if command == "stackgen" { vec!["man"] } else { vec!["man", &command] };
        assert_eq!(succeed(support::stackgen().args(arguments)).stdout, page, "{name}");
    }
    let main = shown(&fs::read(folder.path().join("man1/stackgen.1")).expect("the main page"));
    for name in pages.keys().filter(|name| name.as_str() != "stackgen.1") {
        assert!(main.contains(&name.replace(".1", "(1)")), "the main page does not name {name}");
    }
}

#[test]
fn the_directory_of_the_pages_is_relative_to_the_working_directory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = succeed(support::stackgen().arg("-C").arg(folder.path()).args(["man", "-o", "pages", "--quiet"]));
    assert!(everything_said(&output).is_empty());
    assert!(folder.path().join("pages/stackgen-check.1").is_file());
}

//! Mistakes that the owners of the five systems could make, each found by the rule for it, at its line.
//!
//! `<system>.toml` lists them: the first `for` behind `after` is replaced by `write`, and a finding of `rule` has to begin
//! on the line that reads `line`. The file as it is has no finding, so whatever is found comes from the change.

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use support::{Project, copy_sources, entries, in_parallel, repository, stackgen};
use tempfile::TempDir;

/// How many mistakes each system has at least.
const WANTED: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mistake {
    #[serde(default)]
    after: String,
    r#for: String,
    write: String,
    rule: String,
    line: String,
}

#[derive(Deserialize)]
struct Mistakes {
    mistake: Vec<Mistake>,
}

#[test]
fn each_mistake_of_an_owner_is_found_by_its_rule_at_its_line() {
    let folder = repository().join("tests/mistakes");
    let lists: Vec<PathBuf> =
        entries(&folder).into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "toml")).collect();
    assert_eq!(lists.len(), 5, "{lists:?}");
    let complaints: Vec<String> = in_parallel(&lists, |list| judge(list));
    let complaints = complaints.concat();
    assert!(complaints.is_empty(), "{complaints}");
}

/// What is wrong with the mistakes of one system; nothing where each is found.
fn judge(list: &Path) -> String {
    let system = list.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8");
    let text = fs::read_to_string(list).expect("a list of mistakes");
    let Mistakes { mistake: mistakes } = toml::from_str(&text).expect("a list of mistakes");
    assert!(mistakes.len() >= WANTED, "{system} has {} mistakes", mistakes.len());
    let project = copy(system);
    let manifest = project.path().join("services.toml");
    let before = fs::read_to_string(&manifest).expect("a services.toml");
    assert_eq!(found(&manifest, &before), [], "{system} as it is");
    let mut complaints = String::new();
    for mistake in &mistakes {
        let start = before.find(&mistake.after).expect("what the change stands behind");
        let at = start + before[start..].find(&mistake.r#for).expect("what is changed");
        let after = format!("{}{}{}", &before[..at], mistake.write, &before[at + mistake.r#for.len()..]);
        let found = found(&manifest, &after);
        if !found.contains(&(mistake.rule.clone(), mistake.line.clone())) {
            let _ = writeln!(complaints, "{system}: `{}` gives {found:#?}", mistake.write);
        }
    }
    complaints
}

/// The system in a folder of its own, as it is committed.
fn copy(system: &str) -> TempDir {
    if system == "voice-stack" {
        return Project::copy().into_folder();
    }
    let folder = tempfile::Builder::new().prefix("stackgen-mistakes-").tempdir().expect("a temporary folder");
    copy_sources(&repository().join("examples").join(system), folder.path());
    folder
}

/// The rules that find something in services.toml, hints aside, and the line at which each finding begins.
fn found(manifest: &Path, text: &str) -> Vec<(String, String)> {
    fs::write(manifest, text).expect("a writable folder");
    let folder = manifest.parent().expect("a folder");
    let output = stackgen().args(["check", "--format", "json"]).current_dir(folder).output().expect("stackgen runs");
    let document: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = document["findings"].as_array().expect("findings");
    let told = findings.iter().filter(|finding| finding["file"] == "services.toml" && finding["severity"] != "hint");
    let lines: Vec<&str> = text.lines().collect();
    told.map(|finding| {
        let line = finding["location"]["start"]["line"].as_u64().and_then(|line| usize::try_from(line).ok());
        let line = lines[line.expect("a line") - 1].trim().to_owned();
        (finding["rule"].as_str().expect("a rule").to_owned(), line)
    })
    .collect()
}

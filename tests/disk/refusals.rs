//! Files that a person edited or wrote.

use stackgen::disk::{DiskError, Edits, Refusal, State, Why};

use super::project::{LOCK, Project, artifacts};

#[test]
fn a_hand_edit_stops_the_whole_run_and_nothing_is_written() {
    let old = artifacts([("a", "one\ntwo\n"), ("b", "old\n"), ("gone", "x\n")]);
    let project = Project::rendered(&old);
    project.write("a", "one\nmine\n");
    let before = project.files();

    let new = artifacts([("a", "one\n2\n"), ("b", "new\n"), ("c/d", "created\n")]);
    let survey = project.survey(&new);
    let error = survey.apply(Edits::Refuse).expect_err("a refusal");

    let DiskError::Refused(refusals) = &error else { panic!("{error}") };
    assert_eq!(*refusals, [Refusal { path: "a".to_owned(), why: Why::Edited }]);
    assert!(error.to_string().contains("`a` was edited since stackgen wrote it"), "{error}");
    assert!(error.to_string().contains("--force"), "{error}");
    assert_eq!(project.files(), before);
    assert!(!project.has("c"));
    assert_eq!(survey.entries()[0].diff().as_deref(), Some("--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n one\n-mine\n+2\n"));
}

#[test]
fn an_edit_is_refused_although_the_artifact_did_not_change() {
    let generated = artifacts([("a", "one\n")]);
    let project = Project::rendered(&generated);
    project.write("a", "mine\n");
    let survey = project.survey(&generated);
    assert_eq!(survey.entries()[0].state(), &State::Edited);
    assert!(survey.changes());
    survey.apply(Edits::Refuse).expect_err("a refusal");
    assert_eq!(project.read("a"), "mine\n");
}

#[test]
fn force_overwrites_edits_and_foreign_files() {
    let generated = artifacts([("a", "one\n"), ("b", "two\n"), ("c", "three\n")]);
    let project = Project::rendered(&artifacts([("a", "one\n")]));
    project.write("a", "mine\n");
    project.write("b", "foreign\n");

    let summary = project.survey(&generated).apply(Edits::Overwrite).expect("a forced render");

    assert_eq!((summary.overwritten, summary.created), (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]));
    assert_eq!((project.read("a"), project.read("b")), ("one\n".to_owned(), "two\n".to_owned()));
    assert!(!project.survey(&generated).changes());
}

#[test]
fn a_file_that_we_did_not_write_is_not_overwritten() {
    let project = Project::new();
    project.write("web/Dockerfile", "FROM scratch\n");
    let generated = artifacts([("web/Dockerfile", "FROM node\n")]);
    let error = project.survey(&generated).apply(Edits::Refuse).expect_err("a refusal").to_string();
    assert!(error.contains("`web/Dockerfile` was not written by stackgen"), "{error}");
    assert_eq!(project.read("web/Dockerfile"), "FROM scratch\n");
    assert!(!project.has(LOCK));
}

#[test]
fn a_file_that_is_no_text_is_a_person_s_and_not_shown() {
    let project = Project::new();
    project.write("a", [0xff, 0x00]);
    let generated = artifacts([("a", "text\n")]);
    let survey = project.survey(&generated);
    assert_eq!(survey.entries()[0].state(), &State::Foreign);
    assert_eq!(survey.entries()[0].diff().as_deref(), Some("--- a/a\n+++ b/a\nbinary file differs\n"));
}

#[test]
fn every_change_has_a_diff() {
    let project = Project::rendered(&artifacts([("gone", "x\n"), ("same", "s\n"), ("stale", "old\n")]));
    let generated = artifacts([("created", "new\n"), ("same", "s\n"), ("stale", "new\n")]);
    let survey = project.survey(&generated);
    let diffs: Vec<_> = survey.entries().iter().filter_map(stackgen::disk::Entry::diff).collect();
    assert_eq!(
        diffs,
        [
            "--- /dev/null\n+++ b/created\n@@ -0,0 +1 @@\n+new\n",
            "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
            "--- a/stale\n+++ b/stale\n@@ -1 +1 @@\n-old\n+new\n",
        ]
    );
}

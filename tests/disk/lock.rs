//! stackgen.lock, and when nothing is written.

use stackgen::disk::{DiskError, Edits, State, Survey};

use super::project::{LOCK, Project, artifacts};

#[test]
fn the_lock_has_one_sorted_line_per_file_and_nothing_of_this_machine() {
    let project = Project::new();
    project.render(&artifacts([("prod:z.yml", "a\n"), ("web/to run.sh", "b\n"), ("dev:a.yml", "a\n")]));
    let lock = project.read(LOCK);
    let lines: Vec<_> = lock.lines().skip(1).collect();
    assert!(lock.starts_with("# "));
    let a = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7";
    let b = "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f";
    assert_eq!(
        lines,
        [
            format!("{a} 0644 dev 1.0.0 a.yml"),
            format!("{b} 0755 * 1.0.0 web/to run.sh"),
            format!("{a} 0644 prod 1.0.0 z.yml")
        ]
    );
}

#[test]
fn a_second_render_writes_nothing() {
    let generated = artifacts([("a", "a\n"), ("b/c", "c\n")]);
    let project = Project::rendered(&generated);
    let before = project.files();
    assert!(!project.survey(&generated).changes());
    let summary = project.render(&generated);
    assert_eq!((summary.unchanged, summary.lock_written), (2, false));
    assert_eq!(project.files(), before);
}

#[test]
fn a_render_touches_only_what_differs() {
    let project = Project::rendered(&artifacts([("a", "a\n"), ("b", "b\n")]));
    let before = project.files();
    let summary = project.render(&artifacts([("a", "a\n"), ("b", "new\n")]));
    assert_eq!((summary.updated, summary.unchanged), (vec!["b".to_owned()], 1));
    assert_eq!(project.files()[0], before[0], "a was written");
    assert_ne!(project.files()[1], before[1]);
}

#[test]
fn upgrading_stackgen_alone_changes_no_lock() {
    let generated = artifacts([("a", "a\n"), ("b", "b\n")]);
    let project = Project::rendered(&generated);
    let survey = Survey::take(project.root(), &generated, None, "2.0.0 (abc 2030-01-01)").expect("a survey");
    assert!(!survey.changes());

    let changed = artifacts([("a", "a\n"), ("b", "new\n")]);
    let survey = Survey::take(project.root(), &changed, None, "2.0.0 (abc 2030-01-01)").expect("a survey");
    survey.apply(Edits::Refuse).expect("a render");
    assert!(project.read(LOCK).contains(" 1.0.0 a\n") && project.read(LOCK).contains(" 2.0.0 b\n"));
}

#[test]
fn a_file_with_the_same_text_is_adopted_by_a_change_of_the_lock_alone() {
    let generated = artifacts([("a", "a\n"), ("b", "b\n")]);
    let project = Project::rendered(&generated);
    project.delete(LOCK);
    let before = project.files();

    let survey = project.survey(&generated);
    assert_eq!(survey.entries()[0].state(), &State::Adopted);
    assert!(survey.changes() && survey.lock_changes());
    assert_eq!(survey.entries()[0].diff(), None);
    let summary = survey.apply(Edits::Refuse).expect("a render");

    assert_eq!((summary.adopted, summary.lock_written), (vec!["a".to_owned(), "b".to_owned()], true));
    assert_eq!(project.files()[..2], before);
    assert!(!project.survey(&generated).changes());
}

#[test]
fn a_crlf_checkout_is_no_change_and_no_edit() {
    let generated = artifacts([("a", "one\ntwo\n"), ("b", "b\n"), ("gone", "x\n")]);
    let project = Project::rendered(&generated);
    for path in ["a", "b", "gone", LOCK] {
        project.write(path, project.read(path).replace('\n', "\r\n"));
    }
    let before = project.files();
    assert!(!project.survey(&generated).changes());
    project.render(&generated);
    assert_eq!(project.files(), before);

    let summary = project.render(&artifacts([("a", "one\ntwo\n"), ("b", "new\n")]));
    assert_eq!((summary.updated, summary.pruned), (vec!["b".to_owned()], vec!["gone".to_owned()]));
    assert_eq!((project.read("a"), project.read("b")), ("one\r\ntwo\r\n".to_owned(), "new\n".to_owned()));
}

#[test]
fn a_merge_that_kept_the_lines_of_both_sides_is_a_lock() {
    let (ours, theirs) = (artifacts([("a", "ours\n")]), artifacts([("a", "theirs\n")]));
    let other = Project::rendered(&theirs);
    let merged = artifacts([("a", "merged\n")]);
    for checked_out in ["ours\n", "theirs\n"] {
        let project = Project::rendered(&ours);
        project.write(LOCK, project.read(LOCK) + &other.read(LOCK));
        project.write("a", checked_out);
        assert_eq!(project.render(&merged).updated, ["a"]);
        assert_eq!(project.read(LOCK).lines().count(), 2);
    }
}

#[test]
fn a_merge_conflict_is_named_with_its_line_and_the_way_out() {
    let generated = artifacts([("a", "a\n")]);
    let project = Project::rendered(&generated);
    project.write(LOCK, project.read(LOCK) + "=======\r\n");
    let error = project.try_survey(&generated).expect_err("a malformed lock").to_string();
    assert_eq!(
        error,
        "stackgen.lock:3: a merge conflict; keep the lines of both sides, delete the markers, then run `stackgen render`"
    );
}

#[test]
fn a_lock_that_is_no_text_is_named_with_its_line() {
    let project = Project::new();
    project.write(LOCK, b"# header\r\n\xff\n");
    let error = project.try_survey(&artifacts([])).expect_err("a malformed lock");
    assert!(matches!(error, DiskError::LockLine { line: 2, .. }), "{error}");
}

#[test]
fn a_lock_that_names_a_file_outside_of_the_project_is_an_error_and_deletes_nothing() {
    let outside = Project::rendered(&artifacts([("a", "a\n")]));
    let project = Project::rendered(&artifacts([("a", "a\n")]));
    let name = outside.root().file_name().and_then(|name| name.to_str()).expect("a name");
    let absolute = outside.path("a").display().to_string();
    for path in [format!("../{name}/a"), format!("b/../../{name}/a"), absolute] {
        project.write(LOCK, outside.read(LOCK).replace(" a\n", &format!(" {path}\n")));
        let error = project.try_survey(&artifacts([])).expect_err("a malformed lock");
        assert!(matches!(error, DiskError::LockLine { line: 2, .. }), "{error}");
    }
    assert_eq!(outside.names(), ["a"]);
}

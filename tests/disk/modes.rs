//! Modes and permissions.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use stackgen::disk::{DiskError, Edits, State, Turn};

use super::project::{LOCK, Project, artifacts};

const CHILD: &str = "STACKGEN_TEST_CHILD";

fn mode(project: &Project, path: &str) -> u32 {
    project.path(path).metadata().expect("metadata").mode() & 0o7777
}

fn set_mode(project: &Project, path: &str, mode: u32) {
    fs::set_permissions(project.path(path), Permissions::from_mode(mode)).expect("a mode that can be set");
}

/// Whether this process is the child in which the test `name` is to run. Otherwise `prepare` and run it.
fn runs_here(name: &str, prepare: impl FnOnce(&PathBuf) -> Command) -> bool {
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    // Another user may not reach the build directory.
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("a mode");
    let program = directory.path().join("tests");
    // By another process: a program that another test starts meanwhile would have open for writing what this one has.
    let copied = Command::new("cp").arg(std::env::current_exe().expect("this program")).arg(&program).status();
    assert!(copied.is_ok_and(|copied| copied.success()), "a copy of this program");
    let mut command = prepare(&program);
    command.args(["--exact", name]).env(CHILD, "1").current_dir("/");
    let output = command.output().expect("a child");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    false
}

/// Whether the test `name` may run in this process: the superuser may write anywhere, so for it a child does.
fn is_unprivileged(name: &str) -> bool {
    let project = Project::new();
    project.root().metadata().expect("metadata").uid() != 0
        || runs_here(name, |program| {
            let mut command = Command::new(program);
            command.uid(65534).gid(65534);
            command
        })
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    let here = runs_here("modes::modes_do_not_depend_on_the_umask", |program| {
        let mut command = Command::new("sh");
        command.args(["-c", "umask 077; exec \"$@\"", "sh"]).arg(program);
        command
    });
    if here {
        let project = Project::new();
        project.render(&artifacts([("a", "a\n"), ("web/run.sh", "b\n")]));
        assert_eq!((mode(&project, "a"), mode(&project, "web/run.sh")), (0o644, 0o755));
        assert_eq!(mode(&project, LOCK), 0o644);
        assert_eq!(mode(&project, "web"), 0o700, "the umask should have been at work");
    }
}

#[test]
fn a_lost_x_bit_is_given_back_without_writing_the_file() {
    let generated = artifacts([("a", "a\n"), ("run.sh", "b\n")]);
    let project = Project::rendered(&generated);
    set_mode(&project, "run.sh", 0o644);
    let before = project.files();

    let survey = project.survey(&generated);
    assert_eq!(survey.entries()[1].state(), &State::ModeOnly);
    assert!(survey.changes() && !survey.lock_changes());
    let words = "`run.sh` has the right text, but is not executable: its mode becomes 0755\n";
    assert_eq!(survey.entries()[1].diff().as_deref(), Some(words));
    assert_eq!(survey.apply(Edits::Refuse).expect("a render").repaired, ["run.sh"]);

    assert_eq!(mode(&project, "run.sh"), 0o755);
    assert_eq!(project.files(), before);
}

#[test]
fn an_x_bit_too_many_is_taken_away() {
    let generated = artifacts([("a", "a\n")]);
    let project = Project::rendered(&generated);
    set_mode(&project, "a", 0o755);
    assert_eq!(project.render(&generated).repaired, ["a"]);
    assert_eq!(mode(&project, "a"), 0o644);
}

#[test]
fn a_mode_that_git_does_not_keep_makes_no_difference() {
    let generated = artifacts([("a", "a\n"), ("run.sh", "b\n")]);
    let project = Project::rendered(&generated);
    for (private, program) in [(0o600, 0o700), (0o664, 0o775), (0o400, 0o500)] {
        set_mode(&project, "a", private);
        set_mode(&project, "run.sh", program);
        assert!(!project.survey(&generated).changes());
    }
}

#[test]
fn a_file_system_that_makes_every_file_executable_is_no_drift() {
    let generated = artifacts([("a", "a\n"), ("run.sh", "b\n")]);
    let project = Project::rendered(&generated);
    for path in ["a", "run.sh", LOCK] {
        set_mode(&project, path, 0o777);
    }
    assert!(!project.survey(&generated).changes());
    set_mode(&project, "run.sh", 0o666);
    assert!(project.survey(&generated).changes());
}

#[test]
fn a_file_becomes_executable_with_its_artifact() {
    let mut generated = artifacts([("a", "a\n")]);
    let project = Project::rendered(&generated);
    generated.get_mut("a").expect("an artifact").executable = true;
    let summary = project.render(&generated);
    assert_eq!((summary.repaired, summary.lock_written), (vec!["a".to_owned()], true));
    assert_eq!(mode(&project, "a"), 0o755);
    assert!(project.read(LOCK).contains(" 0755 "));
    assert!(!project.survey(&generated).changes());
}

#[test]
fn a_read_only_directory_is_a_plain_sentence_and_every_file_is_old_or_new() {
    if !is_unprivileged("modes::a_read_only_directory_is_a_plain_sentence_and_every_file_is_old_or_new") {
        return;
    }
    let project = Project::rendered(&artifacts([("a", "old\n"), ("web/b", "old\n"), ("z", "old\n")]));
    let new = artifacts([("a", "new\n"), ("web/b", "new\n"), ("z", "new\n")]);
    set_mode(&project, "web", 0o555);
    let error = project.survey(&new).apply(Edits::Refuse).expect_err("an error");
    set_mode(&project, "web", 0o755);

    assert_eq!(
        error.to_string(),
        "cannot change `web/b`: the directory `web` is read-only for this user; make it writable, then run again\n\
         changed before that: `stackgen.lock`, `a`; every other file is as it was"
    );
    assert_eq!([project.read("a"), project.read("web/b"), project.read("z")], ["new\n", "old\n", "old\n"]);
    assert_eq!(project.names(), ["a", "web/b", "z"], "no temporary file");
    assert_eq!(project.read(LOCK).lines().count(), 1 + 2 * 3, "the lock has the lines of before and after");

    assert_eq!(project.render(&new).updated, ["web/b", "z"]);
    assert_eq!(project.read(LOCK).lines().count(), 1 + 3);
}

#[test]
fn a_read_only_project_directory_changes_nothing() {
    if !is_unprivileged("modes::a_read_only_project_directory_changes_nothing") {
        return;
    }
    let project = Project::rendered(&artifacts([("web/b", "old\n")]));
    let before = project.files();
    set_mode(&project, "", 0o555);
    let error = project.survey(&artifacts([("web/b", "new\n")])).apply(Edits::Refuse).expect_err("an error");
    set_mode(&project, "", 0o755);
    assert!(
        error.to_string().starts_with("cannot change `stackgen.lock`: the project directory is read-only"),
        "{error}"
    );
    assert!(error.to_string().ends_with("\nnothing was written"), "{error}");
    assert_eq!(project.files(), before);
}

#[test]
fn a_turn_needs_no_right_to_write() {
    if !is_unprivileged("modes::a_turn_needs_no_right_to_write") {
        return;
    }
    let project = Project::new();
    set_mode(&project, "", 0o555);
    let turn = Turn::take(project.root(), Duration::ZERO);
    let second = Turn::take(project.root(), Duration::ZERO);
    set_mode(&project, "", 0o755);
    assert!(matches!((turn, second), (Ok(_), Err(DiskError::Busy { .. }))));
}

#[test]
fn a_file_in_a_read_only_directory_is_not_pruned() {
    if !is_unprivileged("modes::a_file_in_a_read_only_directory_is_not_pruned") {
        return;
    }
    let project = Project::rendered(&artifacts([("web/b", "old\n")]));
    set_mode(&project, "web", 0o555);
    let error = project.survey(&artifacts([])).apply(Edits::Refuse).expect_err("an error");
    set_mode(&project, "web", 0o755);
    let DiskError::Stopped { cause, .. } = &error else { panic!("{error}") };
    assert!(matches!(&**cause, DiskError::ReadOnly { path, .. } if path == "web/b"), "{error}");
    assert_eq!(project.render(&artifacts([])).pruned, ["web/b"]);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_not_an_empty_file() {
    if !is_unprivileged("modes::a_file_that_cannot_be_read_is_an_error_and_not_an_empty_file") {
        return;
    }
    let generated = artifacts([("web/b", "")]);
    let project = Project::rendered(&generated);
    for (path, named) in [("web/b", "web/b"), ("web", "web/b"), (LOCK, LOCK)] {
        let old = mode(&project, path);
        set_mode(&project, path, 0o000);
        for wanted in [&generated, &artifacts([])] {
            let error = project.try_survey(wanted).expect_err(path);
            assert!(matches!(&error, DiskError::Read { path, .. } if path == named), "{error}");
        }
        set_mode(&project, path, old);
    }
}

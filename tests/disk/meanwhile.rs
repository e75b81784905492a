//! What somebody changes between the look at the tree and the write: it stays as it is, and the run stops there.

use stackgen::disk::{DiskError, Edits, Survey};

use super::project::{LOCK, Project, artifacts};

/// Applies by force, which has to stop at `path`; what was changed before.
#[track_caller]
fn stops(survey: &Survey<'_>, path: &str) -> Vec<String> {
    match survey.apply(Edits::Overwrite).expect_err("a change") {
        DiskError::Stopped { cause, changed } => match *cause {
            DiskError::Changed { path: named } if named == path => changed,
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    }
}

#[test]
fn a_file_that_is_saved() {
    let project = Project::rendered(&artifacts([("a", "old\n"), ("gone", "x\n")]));
    let generated = artifacts([("a", "new\n")]);
    let survey = project.survey(&generated);
    project.write("a", "just saved\n");
    assert_eq!(stops(&survey, "a"), [LOCK]);
    assert_eq!(project.read("a"), "just saved\n");

    project.write("a", "old\n");
    let survey = project.survey(&generated);
    project.write("gone", "just saved\n");
    assert_eq!(stops(&survey, "gone"), ["a"], "the lock has both texts already");
    assert_eq!(project.read("gone"), "just saved\n");
}

#[test]
fn a_file_that_appears() {
    let project = Project::new();
    let generated = artifacts([("web/a", "new\n")]);
    let survey = project.survey(&generated);
    project.write("web/a", "just saved\n");
    assert_eq!(stops(&survey, "web/a"), [LOCK]);
    assert_eq!(project.read("web/a"), "just saved\n");
    project.delete("web/a");
    project.render(&generated);
}

#[test]
fn a_file_that_gets_the_generated_text_is_no_reason_to_stop() {
    let project = Project::rendered(&artifacts([("a", "old\n")]));
    let generated = artifacts([("a", "new\n"), ("b", "b\n")]);
    let survey = project.survey(&generated);
    project.write("a", "new\n");
    project.write("b", "b\n");
    survey.apply(Edits::Refuse).expect("a render");
    assert!(!project.survey(&generated).changes());
}

#[test]
fn a_file_that_goes() {
    let project = Project::rendered(&artifacts([("a", "old\n"), ("b", "old\n")]));
    let generated = artifacts([("a", "new\n")]);
    let survey = project.survey(&generated);
    project.delete("a");
    project.delete("b");
    stops(&survey, "a");
    assert!(!project.has("a"), "whoever deleted it had a reason");
    project.render(&generated);
    assert_eq!(project.names(), ["a"]);
}

#[test]
fn a_directory_in_the_place_of_a_file() {
    let project = Project::rendered(&artifacts([("a", "old\n"), ("b", "old\n")]));
    let generated = artifacts([("a", "new\n")]);
    for path in ["a", "b"] {
        let survey = project.survey(&generated);
        project.delete(path);
        project.write(&format!("{path}/mine"), "x\n");
        stops(&survey, path);
        assert_eq!(project.read(&format!("{path}/mine")), "x\n");
        std::fs::remove_dir_all(project.path(path)).expect("a directory");
        project.write(path, "old\n");
    }
}

#[test]
fn a_file_in_the_place_of_a_directory() {
    let project = Project::rendered(&artifacts([("web/a", "old\n")]));
    let generated = artifacts([("web/a", "new\n"), ("web/b", "new\n")]);
    let survey = project.survey(&generated);
    std::fs::remove_dir_all(project.path("web")).expect("a directory");
    project.write("web", "mine\n");
    stops(&survey, "web");
    assert_eq!(project.read("web"), "mine\n");
}

#[test]
fn the_lock() {
    let old = artifacts([("a", "old\n")]);
    let project = Project::rendered(&old);
    let generated = artifacts([("a", "new\n"), ("b/c", "new\n")]);
    let survey = project.survey(&generated);
    let merged = project.read(LOCK) + "# merged\n";
    project.write(LOCK, &merged);
    assert!(stops(&survey, LOCK).is_empty());
    assert_eq!((project.read(LOCK), project.read("a")), (merged, "old\n".to_owned()));
    assert_eq!(project.names(), ["a"]);

    let survey = project.survey(&generated);
    project.delete(LOCK);
    assert!(stops(&survey, LOCK).is_empty());
    assert_eq!(project.names(), ["a"]);
}

/// Where there are no locks, two runs can have looked before either writes.
#[test]
fn another_stackgen() {
    let project = Project::rendered(&artifacts([("a", "old\n")]));
    let (one, other) = (artifacts([("a", "one\n"), ("b", "one\n")]), artifacts([("a", "other\n"), ("c", "other\n")]));
    let (first, second) = (project.survey(&one), project.survey(&other));
    first.apply(Edits::Refuse).expect("a render");
    assert!(stops(&second, LOCK).is_empty());
    assert!(!project.survey(&one).changes());
    assert_eq!(project.names(), ["a", "b"]);
}

#[cfg(unix)]
mod links {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::path::Path;

    use stackgen::render::Artifacts;

    use super::*;

    /// Rendered to `web/a`, `web/run.sh` and `web/sub/b`.
    fn rendered() -> (Project, Artifacts) {
        let old = artifacts([("web/a", "old\n"), ("web/run.sh", "run\n"), ("web/sub/b", "old\n")]);
        (Project::rendered(&old), old)
    }

    /// Puts a link to `outside` in the place of `path`.
    fn replace(project: &Project, path: &str, outside: &Path) {
        let full = project.path(path);
        fs::rename(&full, project.path("moved")).expect("a directory or file");
        symlink(outside, full).expect("a link");
    }

    #[test]
    fn nothing_is_written_changed_or_deleted_behind_a_new_link() {
        let mut wrong_mode = rendered().1;
        wrong_mode.get_mut("web/run.sh").expect("an artifact").executable = false;
        let changes = [
            artifacts([("web/a", "new\n"), ("web/run.sh", "run\n"), ("web/sub/b", "old\n")]),
            artifacts([("web/a", "old\n"), ("web/run.sh", "run\n"), ("web/sub/b", "old\n"), ("web/c", "new\n")]),
            artifacts([("web/a", "old\n"), ("web/run.sh", "run\n"), ("web/sub/b", "old\n"), ("web/d/e/f", "new\n")]),
            artifacts([("web/a", "old\n"), ("web/run.sh", "run\n")]),
            artifacts([("web/run.sh", "run\n"), ("web/sub/b", "old\n")]),
            wrong_mode,
        ];
        for generated in changes {
            // Outside is the very same, so that no text tells.
            let (outside, _) = rendered();
            let before = outside.files();
            let (project, _) = rendered();
            let survey = project.survey(&generated);
            replace(&project, "web", &outside.path("web"));
            stops(&survey, "web");
            assert_eq!(outside.files(), before, "{:?}", generated.keys());
            assert!(!outside.path("web/d").exists());
            let mode = fs::metadata(outside.path("web/run.sh")).expect("a file").mode();
            assert_eq!(mode & 0o777, 0o755);
        }
    }

    #[test]
    fn a_link_in_the_place_of_a_file_stays() {
        let outside = Project::new();
        outside.write("mine", "old\n");
        let (project, mut generated) = rendered();
        generated.get_mut("web/a").expect("an artifact").text = "new\n".to_owned();
        generated.remove("web/sub/b");
        for path in ["web/a", "web/sub/b"] {
            let survey = project.survey(&generated);
            replace(&project, path, &outside.path("mine"));
            stops(&survey, path);
            assert_eq!(outside.read("mine"), "old\n");
            assert_eq!(fs::read_link(project.path(path)).expect("a link"), outside.path("mine"));
            fs::rename(project.path("moved"), project.path(path)).expect("a file");
        }
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
        let (project, mut generated) = rendered();
        generated.get_mut("web/a").expect("an artifact").text = "new\n".to_owned();
        let survey = project.survey(&generated);
        project.delete("web/a");
        let made = std::process::Command::new("mkfifo").arg(project.path("web/a")).status();
        if made.is_ok_and(|status| status.success()) {
            stops(&survey, "web/a");
        } else {
            eprintln!("skipped: there is no mkfifo");
        }
    }

    #[test]
    fn a_lock_that_becomes_a_link_stays_one() {
        let outside = Project::new();
        let (project, mut generated) = rendered();
        outside.write("mine", project.read(LOCK));
        generated.remove("web/a");
        generated.get_mut("web/run.sh").expect("an artifact").text = "new\n".to_owned();
        let survey = project.survey(&generated);
        replace(&project, LOCK, &outside.path("mine"));
        assert!(stops(&survey, LOCK).is_empty());
        assert_eq!(outside.read("mine"), project.read("moved"));
    }
}

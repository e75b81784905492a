//! What cannot be overwritten, forced or not: directories, symbolic links, and whatever lies outside of the project.

use std::fs;

use stackgen::disk::{DiskError, Edits, Obstacle, State};

use super::project::{LOCK, Project, artifacts};

/// Both ways of rendering are refused, and nothing changes.
fn assert_blocked(project: &Project, path: &str, obstacle: &Obstacle) {
    let before = project.files();
    let generated = artifacts([("another", "x\n"), (path, "generated\n")]);
    for edits in [Edits::Refuse, Edits::Overwrite] {
        let survey = project.survey(&generated);
        let entry = survey.entries().iter().find(|entry| entry.path() == path).expect("an entry");
        assert_eq!(entry.state(), &State::Blocked(obstacle.clone()));
        let error = survey.apply(edits).expect_err("a refusal");
        assert!(matches!(error, DiskError::Refused(_)), "{error}");
        assert!(error.to_string().contains("move away what is in the way"), "{error}");
    }
    assert_eq!(project.files(), before);
}

#[test]
fn a_directory_with_the_name_of_a_file() {
    let project = Project::new();
    project.write("web/Dockerfile/mine", "x\n");
    assert_blocked(&project, "web/Dockerfile", &Obstacle::Directory);
}

#[test]
fn a_file_with_the_name_of_a_directory() {
    let project = Project::new();
    project.write("web", "mine\n");
    assert_blocked(&project, "web/sub/Dockerfile", &Obstacle::ParentIsFile("web".to_owned()));
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_with_the_name_of_a_file_is_not_written_through() {
        let project = Project::new();
        project.write("elsewhere", "mine\n");
        symlink("elsewhere", project.path("Dockerfile")).expect("a link");
        assert_blocked(&project, "Dockerfile", &Obstacle::Link);
        assert_eq!(project.read("elsewhere"), "mine\n");
    }

    #[test]
    fn a_link_that_leads_nowhere_is_not_written_through() {
        let project = Project::new();
        symlink("nowhere", project.path("Dockerfile")).expect("a link");
        assert_blocked(&project, "Dockerfile", &Obstacle::Link);
        assert!(!project.has("nowhere"));
    }

    #[test]
    fn a_directory_that_is_a_link_out_of_the_project() {
        let outside = Project::new();
        outside.write("sub/kept", "x\n");
        let project = Project::new();
        symlink(outside.root(), project.path("web")).expect("a link");
        let obstacle = Obstacle::ParentIsLink("web".to_owned());
        assert_blocked(&project, "web/sub/Dockerfile", &obstacle);
        assert_blocked(&project, "web/Dockerfile", &obstacle);
        assert_eq!(outside.names(), ["sub/kept"]);
    }

    #[test]
    fn a_directory_that_is_a_link_to_nowhere_or_into_git() {
        let project = Project::new();
        project.write(".git/hooks/x", "x\n");
        for target in ["nowhere", ".git/hooks", ".."] {
            symlink(target, project.path("web")).expect("a link");
            assert_blocked(&project, "web/pre-commit", &Obstacle::ParentIsLink("web".to_owned()));
            project.delete("web");
        }
    }

    #[test]
    fn a_link_to_a_directory_of_the_project_is_followed() {
        let project = Project::new();
        project.write("services/web/mine", "x\n");
        symlink("services/web", project.path("web")).expect("a link");
        let generated = artifacts([("web/Dockerfile", "d\n")]);
        project.render(&generated);
        assert_eq!(project.read("services/web/Dockerfile"), "d\n");
        assert!(!project.survey(&generated).changes());
    }

    #[test]
    fn nothing_is_deleted_behind_a_link_out_of_the_project() {
        let outside = Project::new();
        outside.write("Dockerfile", "d\n");
        fs::create_dir(outside.path("empty")).expect("a directory");
        let project = Project::rendered(&artifacts([("web/Dockerfile", "d\n"), ("web/empty/x", "x\n")]));
        fs::remove_dir_all(project.path("web")).expect("a directory");
        symlink(outside.root(), project.path("web")).expect("a link");

        assert!(project.render(&artifacts([])).pruned.is_empty());

        assert_eq!(outside.read("Dockerfile"), "d\n");
        assert!(outside.has("empty") && project.has("web"));
        assert!(!project.read(LOCK).contains("web/Dockerfile"));
    }

    #[test]
    fn a_lock_that_is_a_link_or_a_directory_is_an_error() {
        let project = Project::new();
        fs::create_dir(project.path(LOCK)).expect("a directory");
        let error = project.try_survey(&artifacts([])).expect_err("an error").to_string();
        assert_eq!(error, "`stackgen.lock` is a directory, not a file; move it away, then run again");
        fs::remove_dir(project.path(LOCK)).expect("a directory");
        project.write("elsewhere", "");
        symlink("elsewhere", project.path(LOCK)).expect("a link");
        let error = project.try_survey(&artifacts([])).expect_err("an error").to_string();
        assert!(error.contains("is a symbolic link"), "{error}");
    }

    #[test]
    fn a_pipe_is_not_read() {
        let project = Project::new();
        let made = std::process::Command::new("mkfifo").arg(project.path("a")).status();
        if made.is_ok_and(|status| status.success()) {
            let survey = Project::survey(&project, &artifacts([("a", "x\n")])).refusals().count();
            assert_eq!(survey, 1);
        } else {
            eprintln!("skipped: there is no mkfifo");
        }
    }
}

#[test]
fn a_generated_path_that_leaves_the_project_is_an_error() {
    let project = Project::new();
    for path in ["../x", "/tmp/x", "a/../../x", ".git/config", "stackgen.lock", "a\nb"] {
        let error = project.try_survey(&artifacts([(path, "x\n")])).expect_err(path);
        assert!(matches!(&error, DiskError::Artifact { path: named, .. } if named == path), "{error}");
    }
    let error = project.try_survey(&artifacts([("a", "x\n"), ("a/b/c", "x\n")])).expect_err("a clash").to_string();
    assert!(error.contains("`a` is generated as a file"), "{error}");
}

#[test]
fn a_missing_project_directory_is_an_error_that_names_it() {
    let project = Project::new();
    let missing = project.path("nowhere");
    let error = stackgen::disk::Survey::take(&missing, &artifacts([]), None, "1.0.0").expect_err("an error");
    assert!(error.to_string().contains(&missing.display().to_string()), "{error}");
}

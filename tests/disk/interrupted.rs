//! What a killed render left behind. (`src/disk/interruption.rs` kills between any two steps.)

use std::fs;

use super::project::{LOCK, Project, artifacts};

#[test]
fn strays_are_swept_from_the_directories_that_are_written_to_and_nothing_else_is() {
    let project = Project::rendered(&artifacts([("a", "old\n"), ("web/b", "old\n"), ("other/c", "c\n")]));
    for path in [".stackgen-abc123.tmp", "web/.stackgen-XyZ789.tmp", "other/.stackgen-abc123.tmp"] {
        project.write(path, "half a te");
    }
    let mine =
        ["web/.stackgen-abc12.tmp", "web/.stackgen-abc-23.tmp", "web/stackgen-abc123.tmp", "web/.stackgen-abc123"];
    for path in mine {
        project.write(path, "mine\n");
    }
    fs::create_dir(project.path("web/.stackgen-folder.tmp")).expect("a directory");

    project.render(&artifacts([("a", "old\n"), ("web/b", "new\n"), ("other/c", "c\n")]));

    assert!(!project.has(".stackgen-abc123.tmp") && !project.has("web/.stackgen-XyZ789.tmp"));
    assert!(project.has("web/.stackgen-folder.tmp"));
    assert!(project.has("other/.stackgen-abc123.tmp"), "nothing was written there");
    for path in mine {
        assert!(project.has(path), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_with_the_name_of_a_stray_stays() {
    let project = Project::new();
    project.write("elsewhere", "x\n");
    std::os::unix::fs::symlink("elsewhere", project.path(".stackgen-abc123.tmp")).expect("a link");
    project.render(&artifacts([("a", "a\n")]));
    assert!(project.has(".stackgen-abc123.tmp") && project.has("elsewhere"));
}

#[test]
fn a_render_without_changes_sweeps_the_project_directory() {
    let generated = artifacts([("a", "a\n")]);
    let project = Project::rendered(&generated);
    project.write(".stackgen-abc123.tmp", "half a lo");
    assert!(!project.survey(&generated).changes(), "a stray is no drift");
    assert!(!project.render(&generated).lock_written);
    assert_eq!(project.names(), ["a"]);
}

#[test]
fn a_render_that_goes_back_to_before_sweeps_where_the_killed_one_wrote() {
    let old = artifacts([("a", "a\n"), ("web/b", "old\n")]);
    let project = Project::rendered(&old);
    let killed = Project::rendered(&artifacts([("a", "a\n"), ("web/b", "new\n")]));
    project.write(LOCK, project.read(LOCK) + &killed.read(LOCK));
    project.write("web/.stackgen-abc123.tmp", "ne");

    let summary = project.render(&old);

    assert_eq!((summary.unchanged, summary.lock_written), (2, true));
    assert_eq!(project.names(), ["a", "web/b"]);
}

#[test]
fn with_the_lines_of_before_and_after_either_text_is_ours() {
    let (old, new) = (artifacts([("a", "old\n"), ("b", "old\n")]), artifacts([("a", "new\n"), ("b", "new\n")]));
    let project = Project::rendered(&old);
    let before = project.read(LOCK);
    project.render(&new);
    project.write(LOCK, before + &project.read(LOCK));
    project.write("b", "old\n");

    let third = artifacts([("a", "third\n")]);
    let summary = project.render(&third);

    assert_eq!((summary.updated, summary.pruned), (vec!["a".to_owned()], vec!["b".to_owned()]));
    assert_eq!(project.read(LOCK).lines().count(), 2);
}

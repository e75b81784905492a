//! Files that are no longer generated.

use stackgen::disk::{Edits, State};

use super::project::{LOCK, Project, artifacts};

#[test]
fn what_is_no_longer_generated_goes_and_so_do_the_directories_that_it_leaves_empty() {
    let project = Project::rendered(&artifacts([("a", "a\n"), ("b/c/d", "d\n"), ("e/f/g", "g\n")]));
    project.write("e/mine", "mine\n");

    let summary = project.render(&artifacts([("a", "a\n")]));

    assert_eq!(summary.pruned, ["b/c/d", "e/f/g"]);
    assert_eq!(project.names(), ["a", "e/mine"]);
    assert!(!project.has("b") && !project.has("e/f"));
    assert!(!project.read(LOCK).contains("b/c/d"));
}

#[test]
fn the_project_directory_stays_when_nothing_is_generated_any_more() {
    let project = Project::rendered(&artifacts([("a", "a\n")]));
    project.render(&artifacts([]));
    assert!(project.names().is_empty());
    assert!(project.root().is_dir());
    assert!(!project.survey(&artifacts([])).changes());
}

#[test]
fn an_edited_file_is_kept_and_reported_until_it_is_deleted() {
    let project = Project::rendered(&artifacts([("a", "a\n"), ("b", "b\n")]));
    project.write("b", "mine\n");
    let generated = artifacts([("a", "a\n")]);

    for edits in [Edits::Refuse, Edits::Refuse, Edits::Overwrite] {
        let survey = project.survey(&generated);
        assert_eq!(survey.kept().collect::<Vec<_>>(), ["b"]);
        assert!(!survey.changes(), "keeping is no change");
        assert_eq!(survey.apply(edits).expect("a render").kept, ["b"]);
        assert_eq!(project.read("b"), "mine\n");
    }

    project.delete("b");
    let survey = project.survey(&generated);
    assert_eq!(survey.entries()[1].state(), &State::Gone);
    assert!(survey.lock_changes());
    assert!(survey.apply(Edits::Refuse).expect("a render").kept.is_empty());
    assert!(!project.read(LOCK).contains(" b\n"));
}

#[test]
fn an_edited_file_that_was_kept_and_is_generated_again_is_refused() {
    let both = artifacts([("a", "a\n"), ("b", "b\n")]);
    let project = Project::rendered(&both);
    project.write("b", "mine\n");
    project.render(&artifacts([("a", "a\n")]));
    project.survey(&both).apply(Edits::Refuse).expect_err("a refusal");
    assert_eq!(project.read("b"), "mine\n");
}

#[test]
fn a_run_for_one_environment_leaves_the_others_and_the_stack_alone() {
    let all =
        artifacts([("Dockerfile", "d\n"), ("dev:dev.yml", "1\n"), ("dev:dev.env", "1\n"), ("prod:prod.yml", "1\n")]);
    let project = Project::rendered(&all);
    project.write("prod.yml", "mine\n");

    let summary = project.render_only(&["dev"], &artifacts([("dev:dev.yml", "2\n")]));

    assert_eq!((summary.updated, summary.pruned), (vec!["dev.yml".to_owned()], vec!["dev.env".to_owned()]));
    assert!(summary.kept.is_empty(), "an edit of prod's is not dev's business");
    assert_eq!(project.names(), ["Dockerfile", "dev.yml", "prod.yml"]);
    for path in [" Dockerfile\n", " prod.yml\n"] {
        assert!(project.read(LOCK).contains(path), "the lock forgot{path}");
    }
}

#[test]
fn a_run_for_all_environments_prunes_one_that_no_longer_exists() {
    let project = Project::rendered(&artifacts([("dev:a", "a\n"), ("staging:b", "b\n")]));
    assert_eq!(project.render_only(&["dev"], &artifacts([("dev:a", "a\n")])).pruned.len(), 0);
    assert_eq!(project.render(&artifacts([("dev:a", "a\n")])).pruned, ["b"]);
}

#[test]
fn a_path_that_passes_to_another_environment_is_updated() {
    let project = Project::rendered(&artifacts([("dev:docker-compose.yml", "dev\n")]));
    let summary = project.render_only(&["prod"], &artifacts([("prod:docker-compose.yml", "prod\n")]));
    assert_eq!(summary.updated, ["docker-compose.yml"]);
    assert!(project.read(LOCK).contains(" 0644 prod 1.0.0 docker-compose.yml\n"));
}

#[test]
fn a_directory_takes_the_place_of_a_file_that_goes_and_the_other_way_round() {
    let file = artifacts([("web", "file\n")]);
    let directory = artifacts([("web/etc/x", "x\n"), ("web/y", "y\n")]);
    let project = Project::rendered(&file);
    for (generated, names) in [(&directory, vec!["web/etc/x", "web/y"]), (&file, vec!["web"])] {
        project.render(generated);
        assert_eq!(project.names(), names);
        assert!(!project.survey(generated).changes());
    }
}

#[test]
fn a_directory_with_a_person_s_file_in_it_does_not_give_way() {
    let project = Project::rendered(&artifacts([("web/y", "y\n")]));
    project.write("web/mine", "mine\n");
    project.survey(&artifacts([("web", "file\n")])).apply(Edits::Overwrite).expect_err("a directory is in the way");
    assert_eq!(project.names(), ["web/mine", "web/y"]);
}

#[cfg(unix)]
#[test]
fn a_file_is_not_pruned_under_another_name_of_it() {
    let project = Project::rendered(&artifacts([("old/Dockerfile", "d\n")]));
    std::fs::rename(project.path("old"), project.path("new")).expect("a rename");
    std::os::unix::fs::symlink("new", project.path("old")).expect("a link");

    let summary = project.render(&artifacts([("new/Dockerfile", "d\n")]));

    assert_eq!((summary.adopted, summary.pruned.len()), (vec!["new/Dockerfile".to_owned()], 0));
    assert_eq!(project.read("new/Dockerfile"), "d\n");
    assert!(!project.read(LOCK).contains("old/Dockerfile"));
}

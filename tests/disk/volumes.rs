//! The volumes that the lock knows: those of the last run for each environment, and of no other.

use std::collections::BTreeSet;

use stackgen::disk::{Edits, KnownVolume, Survey, known_volumes};
use stackgen::render::Artifacts;

use crate::project::{LOCK, Project, artifacts, environments};

fn volume(environment: &str, name: &str) -> KnownVolume {
    KnownVolume { environment: environment.to_owned(), target: "/data".to_owned(), name: name.to_owned() }
}

fn survey<'a>(project: &Project, artifacts: &'a Artifacts, only: Option<&[&str]>, known: &[KnownVolume]) -> Survey<'a> {
    let only = only.map(environments);
    let survey = Survey::take(project.root(), artifacts, only.as_deref(), "1.0.0").expect("a survey");
    survey.with_volumes(known.iter().cloned())
}

fn known(project: &Project) -> BTreeSet<KnownVolume> {
    known_volumes(project.root())
}

#[test]
fn the_lock_knows_the_volumes_of_the_last_run() {
    let generated = artifacts([("dev:a", "a\n")]);
    let project = Project::new();
    let (old, new) = (volume("dev", "shop_redis-data"), volume("dev", "shop_cache-data"));
    survey(&project, &generated, None, std::slice::from_ref(&old)).apply(Edits::Refuse).expect("a render");
    assert_eq!(known(&project), BTreeSet::from([old]));

    let renamed = survey(&project, &generated, None, std::slice::from_ref(&new));
    assert!(renamed.changes() && renamed.volumes_change());
    assert!(renamed.apply(Edits::Refuse).expect("a render").lock_written);
    assert_eq!(known(&project), BTreeSet::from([new.clone()]));

    let again = survey(&project, &generated, None, std::slice::from_ref(&new));
    assert!(!again.changes() && !again.volumes_change());
    assert!(!again.apply(Edits::Refuse).expect("a render").lock_written);
}

#[test]
fn a_run_for_one_environment_leaves_the_volumes_of_the_others_alone() {
    let all = artifacts([("dev:a", "a\n"), ("prod:b", "b\n")]);
    let project = Project::new();
    let (dev, prod) = (volume("dev", "shop-dev_redis-data"), volume("prod", "shop-prod_redis-data"));
    survey(&project, &all, None, &[dev, prod.clone()]).apply(Edits::Refuse).expect("a render");

    let new = volume("dev", "shop-dev_cache-data");
    let only = artifacts([("dev:a", "a\n")]);
    survey(&project, &only, Some(&["dev"]), std::slice::from_ref(&new)).apply(Edits::Refuse).expect("a render");
    assert_eq!(known(&project), BTreeSet::from([new.clone(), prod]));

    // Only a run for all forgets an environment that is gone.
    survey(&project, &only, None, std::slice::from_ref(&new)).apply(Edits::Refuse).expect("a render");
    assert_eq!(known(&project), BTreeSet::from([new]));
}

#[test]
fn a_run_that_is_refused_forgets_nothing() {
    let generated = artifacts([("dev:a", "a\n")]);
    let project = Project::new();
    let old = volume("dev", "shop_redis-data");
    survey(&project, &generated, None, std::slice::from_ref(&old)).apply(Edits::Refuse).expect("a render");
    project.write("a", "edited\n");
    let refused = survey(&project, &generated, None, &[volume("dev", "shop_cache-data")]);
    refused.apply(Edits::Refuse).expect_err("a refusal");
    assert_eq!(known(&project), BTreeSet::from([old]));
}

#[test]
fn a_run_that_says_nothing_of_volumes_keeps_what_is_known() {
    let project = Project::new();
    let old = volume("dev", "shop_redis-data");
    let generated = artifacts([("dev:a", "a\n")]);
    survey(&project, &generated, None, std::slice::from_ref(&old)).apply(Edits::Refuse).expect("a render");
    project.render(&artifacts([("dev:a", "new\n")]));
    assert_eq!(known(&project), BTreeSet::from([old]));
}

#[test]
fn a_lock_that_cannot_be_read_still_says_which_volumes_it_knows() {
    let project = Project::new();
    assert_eq!(known(&project), BTreeSet::new());
    project.write(LOCK, "<<<<<<< HEAD\nvolume dev /data shop_redis-data\n=======\nvolume dev\n\u{0}");
    assert_eq!(known(&project), BTreeSet::from([volume("dev", "shop_redis-data")]));
}

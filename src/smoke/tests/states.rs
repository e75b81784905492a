//! How services are.

use super::*;

#[test]
fn of_services_that_wait_for_each_other_the_root_is_named() {
    let (plan, mut containers) = (plan(), containers());
    containers[4].state = "exited".to_owned();
    containers[1].health = Some(Health { status: "unhealthy".to_owned(), ..Health::default() });
    let states = services::states(&plan, &containers);
    assert_eq!(services::root(&plan, &states, "api"), Some("redis"));
    assert_eq!(services::dependents(&plan, "redis"), ["api"]);
    assert_eq!(services::root(&plan, &states, "redis"), None);
    let redis = states.iter().find(|state| state.service == "redis").unwrap();
    assert_eq!((redis.word.as_str(), redis.is), ("exited", Is::Over));
    let lines = vec!["bye".to_owned()];
    let cause = services::cause(&plan.services["redis"], redis, &containers, lines);
    assert_eq!(cause.message, "`redis` does not run: it has ended with code 0");
}

#[test]
fn each_state_of_a_container_has_its_cause() {
    let plan = plan();
    let cause = |change: &dyn Fn(&mut Container)| {
        let mut all = containers();
        change(&mut all[1]);
        let states = services::states(&plan, &all);
        let state = states.iter().find(|state| state.service == "api").unwrap();
        assert!(state.is >= Is::Waiting, "{state:?}");
        let cause = services::cause(&plan.services["api"], state, &all, Vec::new());
        (cause.kind, cause.message)
    };
    let health = |status: &str, last: &str| {
        Some(Health { status: status.to_owned(), failures: 3, last: Some((1, last.to_owned())) })
    };
    let unhealthy = cause(&|api| api.health = health("unhealthy", "line\nconnect: refused\n ^^^^\n"));
    assert_eq!(unhealthy.0, "unhealthy");
    assert!(unhealthy.1.ends_with("failed 3 times in a row: connect: refused"), "{}", unhealthy.1);
    assert_eq!(cause(&|api| api.health = health("starting", "")).0, "starting");
    assert_eq!(cause(&|api| api.state = "paused".to_owned()).0, "paused");
    assert_eq!(cause(&|api| api.state = "created".to_owned()).0, "not-started");
    let restarting = cause(&|api| {
        api.state = "restarting".to_owned();
        api.restarts = 4;
        api.exit_code = 127;
    });
    assert!(restarting.1.contains("4 times again; it ended with code 127: a command was not found"), "{restarting:?}");
    let killed = cause(&|api| {
        api.state = "exited".to_owned();
        api.exit_code = 137;
        api.is_out_of_memory = true;
    });
    assert_eq!(killed, ("out-of-memory", "`api` does not run: it has ended for want of memory".to_owned()));
    assert_eq!(cause(&|api| api.service = "nobody".to_owned()).0, "missing");
}

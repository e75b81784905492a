//! Who may write: one at a time in one directory.
#![cfg(any(unix, windows))]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use stackgen::disk::{DiskError, Turn};

use super::project::Project;

const LONG: Duration = Duration::from_secs(30);
/// The directory in which a child takes its turn.
const DIRECTORY: &str = "STACKGEN_TEST_TURN";

#[test]
fn a_second_one_waits_and_gives_up() {
    let project = Project::new();
    let turn = Turn::take(project.root(), Duration::ZERO).expect("a turn");
    let start = Instant::now();
    let error = Turn::take(project.root(), Duration::from_millis(50)).expect_err("there is one");
    assert!(start.elapsed() >= Duration::from_millis(50));
    let directory = project.root().display();
    assert_eq!(
        error.to_string(),
        format!(
            "`{directory}` is locked, by another stackgen that is at work in it or by `flock`; wait until that has \
             ended, or end it, then run again\nnothing was written"
        )
    );
    drop(turn);
    // A program that another test starts at this moment has the lock until it really begins.
    let _turn = Turn::take(project.root(), Duration::from_secs(10)).expect("nobody has it");
}

#[test]
fn a_second_one_goes_on_when_the_first_has_ended() {
    let project = Project::new();
    let turn = Turn::take(project.root(), Duration::ZERO).expect("a turn");
    thread::scope(|scope| {
        let second = scope.spawn(|| Turn::take(project.root(), LONG).map(drop));
        thread::sleep(Duration::from_millis(50));
        assert!(!second.is_finished());
        drop(turn);
        second.join().expect("no panic").expect("a turn");
    });
}

#[test]
fn another_directory_has_another_turn() {
    let (project, other) = (Project::new(), Project::new());
    project.write("below/x", "x\n");
    let _turn = Turn::take(project.root(), Duration::ZERO).expect("a turn");
    let _other = Turn::take(other.root(), Duration::ZERO).expect("another turn");
    let _below = Turn::take(&project.path("below"), Duration::ZERO).expect("another turn");
}

#[test]
fn a_turn_leaves_nothing_behind() {
    let project = Project::new();
    let turn = Turn::take(project.root(), Duration::ZERO).expect("a turn");
    assert!(cfg!(windows) || project.names().is_empty(), "{:?}", project.names());
    drop(turn);
    assert!(project.names().is_empty(), "{:?}", project.names());
}

#[test]
fn a_directory_that_is_not_there_is_left_to_those_who_read_it() {
    let _turn = Turn::take(&Project::new().path("nowhere"), Duration::ZERO).expect("no error");
}

#[test]
fn whoever_is_killed_has_no_turn_any_more() {
    const NAME: &str = "turns::whoever_is_killed_has_no_turn_any_more";
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        let _turn = Turn::take(directory.as_ref(), Duration::ZERO).expect("a turn");
        println!("taken");
        thread::sleep(LONG);
        return;
    }
    let project = Project::new();
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", NAME, "--nocapture"])
        .env(DIRECTORY, project.root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert!(said.map_while(Result::ok).any(|line| line.contains("taken")));
    let error = Turn::take(project.root(), Duration::ZERO).expect_err("the child has it");
    assert!(matches!(error, DiskError::Busy { .. }), "{error}");
    child.kill().expect("a process that may be killed");
    child.wait().expect("an end");
    let _turn = Turn::take(project.root(), Duration::ZERO).expect("nobody has it");
}

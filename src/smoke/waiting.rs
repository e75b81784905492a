//! The time until the services are healthy, and how they are in the end.

use std::thread;
use std::time::{Duration, Instant};

use super::container::Container;
use super::engine::Engine;
use super::progress::{Progress, Standing};
use super::redaction::Secrets;
use super::running::Failure;
use super::services::{self, Is, State};
use super::{Outcome, ServiceReport};
use crate::plan::Plan;

/// How often the engine is asked how the services are.
const POLL: Duration = Duration::from_millis(400);
/// How long something has to look final until it is taken for final: Compose makes containers anew one by one.
const GRACE: Duration = Duration::from_secs(2);
/// How many lines of a service that does not run are shown.
const LINES: usize = 5;

/// The time until services are healthy.
pub(super) struct Waiting<'p> {
    plan: &'p Plan,
    start: Instant,
    /// How the services are.
    pub(super) states: Vec<State>,
    /// The containers of the project and on its proxy.
    pub(super) containers: Vec<Container>,
    /// For each service, since when it is as it is.
    since: Vec<Duration>,
    /// How long it has waited.
    spent: Duration,
}

impl<'p> Waiting<'p> {
    /// It begins now.
    pub(super) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            start: Instant::now(),
            states: Vec::new(),
            containers: Vec::new(),
            since: Vec::new(),
            spent: Duration::ZERO,
        }
    }

    /// Waits until every service is healthy, or nothing will change any more, or time is up.
    pub(super) fn wait(
        &mut self,
        project: &str,
        edge: &str,
        timeout: Duration,
        tell: &mut dyn FnMut(&Progress),
    ) -> Result<(), Failure> {
        loop {
            match Engine::containers(project, edge) {
                Ok(containers) => self.containers = containers,
                // A container may be gone between two questions, and an engine that has answered may start anew.
                Err(why) => {
                    let patience = if self.states.is_empty() { GRACE.min(timeout) } else { timeout };
                    if self.start.elapsed() >= patience {
                        return Err(Failure::Engine(why));
                    }
                    thread::sleep(POLL);
                    continue;
                }
            }
            let own: Vec<Container> =
                self.containers.iter().filter(|container| container.project == project).cloned().collect();
            self.note(services::states(self.plan, &own));
            tell(&self.progress(None));
            let elapsed = self.start.elapsed();
            self.spent = elapsed;
            let is_final = |(state, since): (&State, &Duration)| match state.is {
                Is::Absent | Is::Fine => true,
                Is::Waiting => false,
                Is::Over => elapsed.saturating_sub(*since) >= GRACE,
            };
            let is_over = self.states.iter().zip(&self.since).all(is_final);
            if own.is_empty() || is_over || elapsed >= timeout {
                return Ok(());
            }
            thread::sleep(POLL);
        }
    }

    fn note(&mut self, states: Vec<State>) {
        let now = self.start.elapsed();
        let since = states.iter().enumerate().map(|(number, state)| match self.states.get(number) {
            Some(before) if before.is == state.is => self.since[number],
            Some(_) => now,
            None => Duration::ZERO,
        });
        self.since = since.collect();
        self.states = states;
    }

    /// How far it is; `asking` is how much is still to be asked.
    pub(super) fn progress(&self, asking: Option<usize>) -> Progress {
        let services = self.states.iter().filter(|state| state.is != Is::Absent).map(|state| Standing {
            service: state.service.clone(),
            state: state.word.clone(),
            is_fine: state.is == Is::Fine,
        });
        Progress {
            environment: self.plan.environment.clone(),
            elapsed: self.start.elapsed(),
            services: services.collect(),
            asking,
        }
    }

    /// How the services are in the end, causes before what they cause; `tail` says what a container has printed last, by
    /// its id.
    pub(super) fn reports(&self, secrets: &Secrets, tail: &dyn Fn(&str) -> String) -> Vec<ServiceReport> {
        let mut reports: Vec<ServiceReport> = Vec::new();
        for (state, since) in self.states.iter().zip(&self.since) {
            let Some(service) = self.plan.services.get(&state.service) else { continue };
            let result = match state.is {
                Is::Absent => Outcome::Skipped,
                Is::Fine => Outcome::Passed,
                Is::Waiting | Is::Over => Outcome::Failed,
            };
            let log = || {
                let container =
                    self.containers.iter().find(|container| Some(&container.name) == state.container.as_ref());
                let text = container.map(|container| tail(&container.id));
                // Whom a proxy has served says nothing about why it ended.
                let text = text.map(|text| {
                    let own = text.lines().filter(|line| !line.contains("\"RequestPath\""));
                    own.collect::<Vec<_>>().join("\n")
                });
                text.map(|text| secrets.last_lines(&text, LINES)).unwrap_or_default()
            };
            let time = match state.is {
                // Its time was up before it was as it should be.
                Is::Waiting => self.spent,
                Is::Absent | Is::Fine | Is::Over => *since,
            };
            let is_failed = result == Outcome::Failed;
            let root = services::root(self.plan, &self.states, &state.service).filter(|_| is_failed);
            reports.push(ServiceReport {
                service: state.service.clone(),
                state: if state.is == Is::Absent { "not started".to_owned() } else { state.word.clone() },
                result,
                time,
                because_of: root.map(str::to_owned),
                needed_by: if is_failed { services::dependents(self.plan, &state.service) } else { Vec::new() },
                cause: is_failed.then(|| secrets.hide_in(services::cause(service, state, &self.containers, log()))),
            });
        }
        reports.sort_by_key(|report| (report.result != Outcome::Failed, report.because_of.is_some()));
        reports
    }
}

#[cfg(test)]
mod tests {
    use super::super::container::Health;
    use super::super::tests::{containers, plan};
    use super::*;

    /// The reports of a shop in which something has happened to `api`, which holds a secret.
    fn reports(change: impl FnOnce(&mut Container)) -> Vec<ServiceReport> {
        let (plan, mut containers) = (plan(), containers());
        containers[1].environment = vec![("TOKEN".to_owned(), "hunter2-hunter2".to_owned())];
        change(&mut containers[1]);
        let secrets = Secrets::of(&plan, &|_| None, &containers);
        let mut waiting = Waiting::new(&plan);
        waiting.note(services::states(&plan, &containers));
        (waiting.containers, waiting.spent) = (containers, Duration::from_secs(60));
        waiting.reports(&secrets, &|id| format!("{id} was started with hunter2-hunter2\n"))
    }

    #[test]
    fn no_report_shows_a_secret_whoever_has_said_it() {
        let probe = |api: &mut Container| {
            let last = Some((1, "wrong password: hunter2-hunter2".to_owned()));
            api.health = Some(Health { status: "unhealthy".to_owned(), failures: 1, last });
        };
        let engine = |api: &mut Container| {
            (api.state, api.error) = ("created".to_owned(), "no such program: hunter2-hunter2".to_owned());
        };
        for (reports, said) in [(reports(probe), "wrong password: ********"), (reports(engine), "program: ********")] {
            let cause = reports[0].cause.as_ref().unwrap();
            assert!(cause.message.ends_with(said), "{}", cause.message);
            assert!(!format!("{reports:?}").contains("hunter2"), "{reports:?}");
        }
        assert_eq!(reports(probe)[0].cause.as_ref().unwrap().log, ["id-api was started with ********"]);
    }

    #[test]
    fn what_is_still_not_healthy_was_waited_for_all_the_time() {
        let waited = |reports: &[ServiceReport], name: &str| {
            reports.iter().find(|report| report.service == name).unwrap().time.as_secs()
        };
        let starting = Health { status: "starting".to_owned(), ..Health::default() };
        let reports = reports(|api| api.health = Some(starting));
        assert_eq!((waited(&reports, "api"), waited(&reports, "web")), (60, 0));
    }
}

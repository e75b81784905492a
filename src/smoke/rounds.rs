//! Asking, and asking again what is not there yet.

use std::thread;
use std::time::{Duration, Instant};

use super::asking::{Ask, Asked, Check};
use super::engine::Engine;
use super::http::{Client, Exchange};
use super::proxy::{self, Access};
use super::reach::Reach;
use super::redaction::Secrets;
use super::running::Failure;
use super::verdict::{self, Scene, Verdict};
use super::{Checked, Outcome};
use crate::env::random;
use crate::plan::Random;

/// How long nothing is asked between two rounds.
const POLL: Duration = Duration::from_millis(400);
/// How many requests are under way at a time.
const AT_ONCE: usize = 8;
/// How much of the proxy's log is searched for what it complains of.
const TAIL: usize = 5000;

/// Everything that is there for asking.
pub(super) struct Stage<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) engine: Option<&'a Engine>,
    pub(super) client: &'a Client,
    pub(super) reach: &'a Reach,
    pub(super) asked: &'a Asked,
}

/// What came of a check so far.
struct Attempt {
    exchange: Exchange,
    access: Option<Access>,
    verdict: Verdict,
}

impl Stage<'_> {
    /// Asks everything, and again for `settling` what may only need time; `tell` is told how much is open.
    pub(super) fn ask(&self, settling: Duration, tell: &mut dyn FnMut(usize)) -> Result<Vec<Checked>, Failure> {
        let run = random::from_system(Random::Characters(12)).map_err(Failure::Random)?;
        let checks = &self.asked.checks;
        let start = Instant::now();
        let mut attempts: Vec<Option<Attempt>> = checks.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..checks.len()).collect();
        for round in 0_u32.. {
            tell(open.len());
            // A service that is asked itself leaves no trace in the proxy's log.
            let is_logged = |number: &usize| self.has_log() && checks[*number].container.is_none();
            let mark = |number: &usize| is_logged(number).then(|| format!("{run}-{number}-{round}"));
            let marks: Vec<Option<String>> = open.iter().map(mark).collect();
            let exchanges = self.exchange(&open, &marks);
            let accesses = self.accesses(&marks, &exchanges);
            for ((number, exchange), access) in open.iter().zip(exchanges).zip(accesses) {
                let verdict = verdict::judge(&checks[*number], &exchange, access.as_ref(), &self.scene);
                attempts[*number] = Some(Attempt { exchange, access, verdict });
            }
            open.retain(|number| {
                let verdict = attempts[*number].as_ref().map(|attempt| &attempt.verdict);
                verdict.is_some_and(may_change)
            });
            if open.is_empty() || start.elapsed() >= settling {
                break;
            }
            thread::sleep(POLL.min(settling.saturating_sub(start.elapsed())));
        }
        // What the proxy has to say of it is looked for once, where there is something to look for.
        let attempts: Vec<Attempt> = attempts.into_iter().flatten().collect();
        let fails = attempts.iter().any(|attempt| attempt.verdict.result == Outcome::Failed);
        let log = match (self.engine, self.scene.proxy) {
            (Some(_), Some(proxy)) if fails => Engine::tail(&proxy.id, TAIL).unwrap_or_default(),
            _ => String::new(),
        };
        let scene = Scene { log: &log, ..self.scene.clone() };
        let judged = checks.iter().zip(attempts).map(|(check, attempt)| {
            let Attempt { exchange, access, verdict } = attempt;
            let verdict = match verdict.result {
                Outcome::Failed => verdict::judge(check, &exchange, access.as_ref(), &scene),
                _ => verdict,
            };
            checked(check, &exchange, verdict, scene.secrets)
        });
        Ok(judged.collect())
    }

    /// Whether the proxy's access log says who answered.
    fn has_log(&self) -> bool {
        self.engine.is_some() && self.scene.proxy.is_some_and(|proxy| proxy::silence(proxy).is_none())
    }

    /// Sends what is open, several at a time.
    fn exchange(&self, open: &[usize], marks: &[Option<String>]) -> Vec<Exchange> {
        let one = |number: usize, mark: Option<&str>| {
            self.client.ask(&self.asked.checks[number], self.reach, &self.asked.hosts, mark)
        };
        let all: Vec<(usize, Option<&str>)> = open.iter().copied().zip(marks.iter().map(Option::as_deref)).collect();
        let mut exchanges = Vec::new();
        for some in all.chunks(AT_ONCE) {
            thread::scope(|scope| {
                let running: Vec<_> = some.iter().map(|(number, mark)| scope.spawn(|| one(*number, *mark))).collect();
                for handle in running {
                    exchanges.push(handle.join().unwrap_or_else(|_| Exchange::lost()));
                }
            });
        }
        exchanges
    }

    /// What the access log says of each: a line comes a moment after the answer.
    fn accesses(&self, marks: &[Option<String>], exchanges: &[Exchange]) -> Vec<Option<Access>> {
        let mut found: Vec<Option<Access>> = marks.iter().map(|_| None).collect();
        let (Some(engine), Some(proxy)) = (self.engine, self.scene.proxy) else { return found };
        if marks.iter().all(Option::is_none) {
            return found;
        }
        for _ in 0..4 {
            let Ok(log) = engine.since(&proxy.id) else { return found };
            let all = proxy::accesses(&log);
            let of = |mark: &str| all.iter().rev().find(|access| access.mark == mark).cloned();
            found = marks.iter().map(|mark| mark.as_deref().and_then(of)).collect();
            let is_there = |number: usize| match (&marks[number], &exchanges[number].end) {
                (Some(_), Ok(answer)) if answer.status > 0 => {
                    found[number].as_ref().is_some_and(|access| access.status == answer.status)
                }
                _ => true,
            };
            if (0..marks.len()).all(is_there) {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        found
    }
}

/// Whether another attempt may come to something else.
fn may_change(verdict: &Verdict) -> bool {
    const FINAL: [&str; 14] = [
        "not-asked",
        "connection-only",
        "no-access-log",
        "no-engine",
        "middleware-answered",
        "service-down",
        "proxy-down",
        "untrusted-certificate",
        "certificate-name",
        "certificate-expired",
        "default-certificate",
        "no-shared-network",
        "wrong-port",
        "dns",
    ];
    let is_final = verdict.cause.as_ref().is_some_and(|cause| FINAL.contains(&cause.kind));
    matches!(verdict.result, Outcome::Failed | Outcome::Unproved) && !is_final
}

/// What is reported of a check. Every cause passes here, so that none shows a secret, whatever it was made of.
fn checked(check: &Check, exchange: &Exchange, verdict: Verdict, secrets: &Secrets) -> Checked {
    let status = exchange.end.as_ref().ok().map(|answer| answer.status).filter(|status| *status > 0);
    let is_asked = !matches!(check.ask, Ask::Nothing { .. });
    Checked {
        kind: check.kind,
        service: check.service.clone(),
        route: check.route.clone(),
        request: check.shown(),
        address: check.way().map(super::reach::Way::address),
        status: status.or_else(|| exchange.hops.last().map(|(status, _)| *status)),
        result: verdict.result,
        evidence: verdict.evidence,
        answered_by: verdict.answered_by,
        router: verdict.router,
        cause: verdict.cause.map(|cause| secrets.hide_in(cause)),
        time: if is_asked { exchange.time } else { Duration::ZERO },
    }
}

#[cfg(test)]
mod tests {
    use super::super::asking::Wanted;
    use super::super::tests::{containers, plan};
    use super::super::{Cause, Kind};
    use super::*;

    #[test]
    fn nothing_that_is_reported_of_a_check_shows_a_secret() {
        let mut containers = containers();
        containers[2].environment = vec![("TOKEN".to_owned(), "hunter2-hunter2".to_owned())];
        let secrets = Secrets::of(&plan(), &|_| None, &containers);
        let ask = Ask::Nothing {
            shown: "GET https://shop.example.com/".to_owned(),
            result: Outcome::Failed,
            kind: "wrong-service",
            reason: String::new(),
            help: None,
        };
        let check = Check {
            kind: Kind::Route,
            service: "api".to_owned(),
            container: None,
            route: None,
            ask,
            wanted: Wanted::default(),
        };
        // As a label by hand would have it.
        let label = "Header(`X-Token`, `hunter2-hunter2`)";
        let cause = Cause::new("wrong-service", label).log([label.to_owned()]).help(label);
        let verdict =
            Verdict { result: Outcome::Failed, evidence: None, answered_by: None, router: None, cause: Some(cause) };
        let checked = checked(&check, &Exchange::lost(), verdict, &secrets);
        assert!(!format!("{checked:?}").contains("hunter2"), "{checked:?}");
        assert_eq!(checked.cause.unwrap().message, "Header(`X-Token`, `********`)");
    }
}

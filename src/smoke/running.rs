//! A smoke test from its beginning to its end: wait, ask, ask again what is not there yet, and say what came of it.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::asking::{self, Ask, Asked, Check};
use super::container::Container;
use super::engine::Engine;
use super::http::{Client, Exchange};
use super::progress::{Progress, Standing};
use super::proxy::{self, Access};
use super::reach::Reach;
use super::redaction::Secrets;
use super::services::{self, Is, State};
use super::url::Url;
use super::verdict::{self, Scene, Verdict};
use super::{Checked, Outcome, Report, ServiceReport};
use crate::diagnostics::redaction::MASK;
use crate::env::random;
use crate::plan::{PROJECT_VARIABLE, Plan, Random, Service};
use crate::routing::{Lookup, Routing};

/// How often the engine is asked how the services are.
const POLL: Duration = Duration::from_millis(400);
/// How long something has to look final until it is taken for final: Compose makes containers anew one by one.
const GRACE: Duration = Duration::from_secs(2);
/// How long the proxy may take to lead to what is healthy.
const SETTLING: Duration = Duration::from_secs(5);
/// How many requests are under way at a time.
const AT_ONCE: usize = 8;
/// How much of the proxy's log is searched for what it complains of.
const TAIL: usize = 5000;
/// How many lines of a service that does not run are shown.
const LINES: usize = 5;

/// What a smoke test may do, and how long.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// How long services may take to be healthy.
    pub timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Whether any certificate will do.
    pub is_insecure: bool,
    /// A file with certificates that are trusted besides those of the system.
    pub ca: Option<&'a Path>,
    /// URLs under which the stack is reached, at most one for each scheme; none for the ports that containers publish here.
    pub base_urls: &'a [String],
    /// Whether the engine is asked.
    pub with_engine: bool,
}

/// Why a smoke test could not work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no engine, and no other way to the stack.
    #[error("no engine answers: {0}\n  = help: where the stack runs elsewhere, `--base-url https://…` asks it there")]
    NoEngine(String),
    /// The engine stopped answering.
    #[error("the engine cannot be asked: {0}")]
    Engine(String),
    /// Neither the engine nor a URL is to be asked.
    #[error("without the engine there is nothing to ask: say where with `--base-url https://…`")]
    NothingToAsk,
    /// No URL, or a second one of its scheme.
    #[error("`--base-url {0}` {1}")]
    BaseUrl(String, &'static str),
    /// A URL stands for no entry point.
    #[error(
        "`--base-url {url}` stands for no entry point of {environment}\n  = help: `https://…` is for those with TLS, and \
         `http://…` for those without; leave it out, or write the other scheme"
    )]
    UnusedUrl {
        /// The URL.
        url: String,
        /// The environment.
        environment: String,
    },
    /// The file of certificates cannot be used.
    #[error("cannot use the certificates in {0}: {1}")]
    Certificates(String, std::io::Error),
    /// The project's name depends on a variable without a value.
    #[error("the Compose project has no name: it needs {0}")]
    NoProject(String),
    /// The system gives no random numbers.
    #[error("no mark can be made for the requests: {0}")]
    Random(String),
}

/// Tests the first of these plans, which are all that are on its proxy; `tell` is told how far it is.
///
/// # Errors
/// Where nothing can be said about the stack. What is wrong with it is in the report.
pub fn run(
    plans: &[&Plan],
    values: Lookup<'_>,
    options: &Options<'_>,
    tell: &mut dyn FnMut(&Progress),
) -> Result<Report, Failure> {
    let Some(plan) = plans.first().copied() else { return Err(Failure::NothingToAsk) };
    let own = |name: &str| values(plan, name);
    let urls = base_urls(options.base_urls)?;
    let file = |error| Failure::Certificates(options.ca.map(|ca| ca.display().to_string()).unwrap_or_default(), error);
    let client = Client::new(options.request_timeout, options.is_insecure, options.ca).map_err(file)?;
    let project = project(plan, &own)?;
    let edge = match &plan.edge {
        Some(edge) => edge.evaluate(&own).map_err(|names| Failure::NoProject(names.join(", ")))?,
        None => project.clone(),
    };
    let (engine, mut without) = match (options.with_engine, urls.is_empty()) {
        (false, true) => return Err(Failure::NothingToAsk),
        (false, false) => (None, Some("it was left out".to_owned())),
        (true, is_alone) => match Engine::reach() {
            Ok(engine) => (Some(engine), None),
            Err(why) if is_alone => return Err(Failure::NoEngine(why)),
            Err(why) => (None, Some(why)),
        },
    };
    let start = Instant::now();
    let mut waiting = Waiting { plan, start, states: Vec::new(), containers: Vec::new(), since: Vec::new() };
    let mut engine = engine;
    if engine.is_some() {
        match waiting.wait(&project, &edge, options.timeout, tell) {
            // A URL leads to the stack all the same.
            Err(Failure::Engine(why)) if !urls.is_empty() => {
                (engine, without) = (None, Some(why));
                (waiting.containers, waiting.states) = (Vec::new(), Vec::new());
            }
            waited => waited?,
        }
    }
    let is_running = waiting.containers.iter().any(|container| container.project == project);
    let has_engine = engine.is_some() && (is_running || urls.is_empty());
    if engine.is_some() && !has_engine {
        without = Some(format!("nothing of the project {project} is on it"));
    }
    let engine = engine.filter(|_| has_engine);
    let routing = Routing::of(plans, values);
    let secrets = Secrets::of(plan, &own, &waiting.containers);
    waiting.containers.iter_mut().for_each(|container| hide(container, &secrets));
    let proxy = proxy_of(plan, &edge, &waiting.containers).cloned();
    let mut reach = Reach::of_containers(
        plan,
        routing.entry_points(),
        &waiting.containers,
        proxy.as_ref(),
        engine.as_ref().and_then(|engine| engine.host.as_deref()),
    );
    if !urls.is_empty() {
        reach = reach.with_urls(&routing, &urls);
        if let Some(number) = urls.iter().position(|url| !reach.is_of_entry_point(url)) {
            let (url, environment) = (options.base_urls[number].clone(), plan.environment.clone());
            return Err(Failure::UnusedUrl { url, environment });
        }
    }
    let is_there = |service: &Service| match engine {
        Some(_) => waiting.states.iter().any(|state| state.service == service.name && state.is != Is::Absent),
        None => service.profiles.is_empty(),
    };
    // What does not run at all has nothing to be asked.
    let asked = if engine.is_some() && !is_running {
        Asked::default()
    } else {
        asking::checks(plan, &routing, &reach, &is_there)
    };
    let public_ports = reach.public_ports();
    let stage = Stage {
        scene: Scene {
            plan,
            containers: engine.as_ref().map(|_| waiting.containers.as_slice()),
            proxy: proxy.as_ref().filter(|_| engine.is_some()),
            states: &waiting.states,
            log: "",
            project: &project,
            edge: &edge,
            secrets: &secrets,
            values: &own,
            public_ports: &public_ports,
        },
        engine: engine.as_ref(),
        client: &client,
        reach: &reach,
        asked: &asked,
    };
    let settling = SETTLING.min(options.timeout);
    let checks = stage.ask(settling, &mut |open| tell(&waiting.progress(Some(open))))?;
    let services = if engine.is_some() { waiting.reports(&secrets) } else { Vec::new() };
    Ok(Report {
        environment: plan.environment.clone(),
        project,
        without_engine: without,
        services,
        checks,
        is_by_url: !urls.is_empty(),
    })
}

/// The Compose project: what is set for it counts before what is written.
fn project(plan: &Plan, values: &dyn Fn(&str) -> Option<String>) -> Result<String, Failure> {
    if let Some(name) = values(PROJECT_VARIABLE).filter(|name| !name.is_empty()) {
        return Ok(name);
    }
    plan.project.evaluate(values).map_err(|names| Failure::NoProject(names.join(", ")))
}

fn base_urls(texts: &[String]) -> Result<Vec<Url>, Failure> {
    let mut urls: Vec<Url> = Vec::new();
    for text in texts {
        let bad = |why| Failure::BaseUrl(text.clone(), why);
        // A password may have any character; nothing of it is repeated.
        if let Some(at) = text.rfind('@') {
            let scheme = text.find("://").map_or("", |end| &text[..end + 3]);
            let shown = format!("{scheme}{MASK}{}", &text[at..]);
            return Err(Failure::BaseUrl(shown, "has a user, who would not be sent: leave it out"));
        }
        let url = Url::parse(text).ok_or_else(|| bad("is no URL: write `https://host`, or `https://host:port`"))?;
        if url.target != "/" {
            return Err(bad("has a path: the paths are those of the routes"));
        }
        if urls.iter().any(|known| known.is_secure == url.is_secure) {
            return Err(bad("is the second one of its scheme"));
        }
        urls.push(url);
    }
    Ok(urls)
}

/// What of a container is shown, without secrets.
fn hide(container: &mut Container, secrets: &Secrets) {
    container.error = secrets.hide(&container.error);
    if let Some((_, output)) = container.health.as_mut().and_then(|health| health.last.as_mut()) {
        *output = secrets.hide(output);
    }
}

/// The container of the proxy: of the stack's own, or of the one that it has joined.
fn proxy_of<'c>(plan: &Plan, edge: &str, containers: &'c [Container]) -> Option<&'c Container> {
    let own = plan.services.values().find(|service| service.proxy.is_some());
    let mut of_edge = containers.iter().filter(|container| container.project == edge);
    match own {
        Some(own) => of_edge.find(|container| container.service == own.name),
        None => of_edge.find(|container| {
            container.arguments.iter().any(|argument| argument.to_ascii_lowercase().starts_with("--entrypoints."))
        }),
    }
}

/// The time until services are healthy.
struct Waiting<'p> {
    plan: &'p Plan,
    start: Instant,
    states: Vec<State>,
    containers: Vec<Container>,
    /// For each service, since when it is as it is.
    since: Vec<Duration>,
}

impl Waiting<'_> {
    fn wait(
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

    fn progress(&self, asking: Option<usize>) -> Progress {
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

    /// How the services are in the end, causes before what they cause.
    fn reports(&self, secrets: &Secrets) -> Vec<ServiceReport> {
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
                let text = container.and_then(|container| Engine::tail(&container.id, 50).ok());
                // Whom a proxy has served says nothing about why it ended.
                let text = text.map(|text| {
                    let own = text.lines().filter(|line| !line.contains("\"RequestPath\""));
                    own.collect::<Vec<_>>().join("\n")
                });
                text.map(|text| secrets.last_lines(&text, LINES)).unwrap_or_default()
            };
            let is_failed = result == Outcome::Failed;
            let root = services::root(self.plan, &self.states, &state.service).filter(|_| is_failed);
            reports.push(ServiceReport {
                service: state.service.clone(),
                state: if state.is == Is::Absent { "not started".to_owned() } else { state.word.clone() },
                result,
                time: *since,
                because_of: root.map(str::to_owned),
                needed_by: if is_failed { services::dependents(self.plan, &state.service) } else { Vec::new() },
                cause: is_failed.then(|| secrets.hide_in(services::cause(service, state, &self.containers, log()))),
            });
        }
        reports.sort_by_key(|report| (report.result != Outcome::Failed, report.because_of.is_some()));
        reports
    }
}

/// Everything that is there for asking.
struct Stage<'a> {
    scene: Scene<'a>,
    engine: Option<&'a Engine>,
    client: &'a Client,
    reach: &'a Reach,
    asked: &'a Asked,
}

/// What came of a check so far.
struct Attempt {
    exchange: Exchange,
    access: Option<Access>,
    verdict: Verdict,
}

impl Stage<'_> {
    /// Asks everything, and again for `settling` what may only need time; `tell` is told how much is open.
    fn ask(&self, settling: Duration, tell: &mut dyn FnMut(usize)) -> Result<Vec<Checked>, Failure> {
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
    use super::*;

    #[test]
    fn a_base_url_is_a_host_and_no_more() {
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            base_urls(&texts).map(|urls| urls.len()).map_err(|error| error.to_string())
        };
        assert_eq!(read(&["https://a.example", "http://a.example:8080/"]), Ok(2));
        assert!(read(&["a.example"]).unwrap_err().contains("is no URL"));
        assert!(read(&["http://[::1"]).unwrap_err().contains("is no URL"));
        assert_eq!(read(&["http://[::1]:8080"]), Ok(1));
        let refused = read(&["https://ops:pa55/word@a.example"]).unwrap_err();
        assert!(refused.contains("`--base-url https://********@a.example` has a user"), "{refused}");
        assert!(read(&["https://a.example/b"]).unwrap_err().contains("has a path"));
        assert!(read(&["https://a.example", "https://b.example"]).unwrap_err().contains("second one"));
    }
}

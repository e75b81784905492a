//! What `stackgen route` predicts, judged by the real Traefik: stacks and requests are made up, each request is sent to
//! the proxy of its stack, and the router, the path that the service saw, and the service itself have to be those that
//! were predicted. Needs Traefik and Python.
//!
//! `STACKGEN_ROUTES=5000` makes as many requests, in proportion as many stacks; each number makes the same ones on every
//! machine. The shares of requests that several routers take, and that none takes, are printed and held.

mod model;
mod requests;
mod stacks;
#[path = "../support/mod.rs"]
mod support;

use std::env;

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use stackgen::plan::{Plan, Text};
use stackgen::project::Project;
use stackgen::routing::{Answer, End, Outcome, Request, Routing, Why};
use stackgen::source::Source;
use support::oracle::{self, Answer as Seen, Verdict};

/// How many requests are sent where nobody asks for more.
const COUNT: usize = 300;

/// How many of them one stack gets.
const OF_A_STACK: usize = 50;

/// What was predicted of one request, and what became of it.
struct Difference(String);

/// How often something happened.
#[derive(Default)]
struct Shares {
    all: usize,
    none: usize,
    several: usize,
    redirects: usize,
    rewritten: usize,
    ties: usize,
}

#[test]
fn traefik_answers_as_predicted() {
    if !oracle::available() {
        return;
    }
    let count = env::var("STACKGEN_ROUTES").ok().and_then(|count| count.parse().ok()).unwrap_or(COUNT);
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut shares = Shares::default();
    let mut differences = Vec::new();
    while shares.all < count {
        let stack = stacks::stack().new_tree(&mut runner).expect("a stack").current();
        let manifest = stack.manifest();
        let plan = plan(&manifest);
        let wanted = OF_A_STACK.min(count - shares.all);
        let requests: Vec<requests::Sent> = (0..wanted)
            .map(|_| requests::request(&stack).new_tree(&mut runner).expect("a request").current())
            .collect();
        differences.extend(compare(&plan, &manifest, &requests, &mut shares));
    }
    let percent = |part: usize| part * 100 / shares.all;
    let (several, none) = (percent(shares.several), percent(shares.none));
    support::say(&format!(
        "{} requests: {several} % match several routers, {none} % match none, {} % are redirected, {} % reach the service \
         under another path, {} have a tie",
        shares.all,
        percent(shares.redirects),
        percent(shares.rewritten),
        shares.ties,
    ));
    let shown: Vec<&str> = differences.iter().take(10).map(|difference: &Difference| difference.0.as_str()).collect();
    assert!(differences.is_empty(), "{} of {} differ:\n{}", differences.len(), shares.all, shown.join("\n\n"));
    assert!(several >= 30 && none >= 20, "{several} % match several routers, {none} % match none");
}

/// The one plan of a manifest; rules may find fault with it, since the stacks are nonsense.
fn plan(manifest: &str) -> Plan {
    let project = Project::from_source(Source::new("services.toml", ".", manifest.to_owned()));
    let mut analysis = project.analyse().expect("stackgen works");
    assert!(!analysis.plans.is_empty(), "no plan of:\n{manifest}");
    assert!(analysis.plans[0].problems.is_empty(), "{:#?} in\n{manifest}", analysis.plans[0].problems);
    analysis.plans.remove(0)
}

fn compare(plan: &Plan, manifest: &str, requests: &[requests::Sent], shares: &mut Shares) -> Vec<Difference> {
    let project = project_of(plan, "routes");
    let sent: Vec<Value> = requests.iter().map(requests::Sent::to_json).collect();
    let verdict = Verdict::on(&[&project], &sent);
    let proxy = verdict.proxy(&project);
    assert!(proxy.kept_running(), "Traefik ended: {:#?}\n{manifest}", proxy.log());
    let routing = Routing::of(&[plan], &|_, _| None);
    let mut differences = Vec::new();
    for (request, seen) in requests.iter().zip(proxy.answers()) {
        let asked = request.parse();
        let answer = routing.answer(&asked);
        shares.count(&answer, &asked);
        if let Some(difference) = differs(&answer, seen) {
            let end = format!("{:?}, path {}", answer.end, answer.path);
            let other = format!("{request:?}\n  {difference}\n  predicted {end}\n  seen {seen:?}\n{manifest}");
            differences.push(Difference(other));
        }
    }
    differences
}

impl Shares {
    fn count(&mut self, answer: &Answer<'_>, request: &Request) {
        self.all += 1;
        match &answer.end {
            End::Routed { router, ties, outcome, .. } => {
                let is_second = |why: &Why| matches!(why, Why::Weaker);
                let has_second = answer.others.iter().any(|other| is_second(&other.why)) || !ties.is_empty();
                self.several += usize::from(has_second && !router.name.ends_with("@internal"));
                self.ties += usize::from(!ties.is_empty());
                self.redirects += usize::from(matches!(outcome, Outcome::Redirect { .. }));
                let is_rewritten =
                    matches!(outcome, Outcome::Service { path: Some(path), .. } if *path != request.target);
                self.rewritten += usize::from(is_rewritten);
            }
            _ => self.none += 1,
        }
    }
}

/// What differs between a prediction and what happened.
fn differs(answer: &Answer<'_>, seen: Seen<'_>) -> Option<String> {
    let is = |what: &str, ours: Option<String>, theirs: Option<String>| {
        (ours != theirs).then(|| format!("{what}: {ours:?} predicted, {theirs:?} seen"))
    };
    let owned = |text: Option<&str>| text.map(str::to_owned);
    match &answer.end {
        End::NoEntryPoint => is("error", Some("no entry point listens on this port".into()), owned(seen.error())),
        End::Refused { status, .. } => is("status", Some(status.to_string()), seen.status().map(|s| s.to_string())),
        End::NotFound => is("router", None, owned(seen.router()))
            .or_else(|| is("status", Some("404".into()), seen.status().map(|status| status.to_string()))),
        End::Connection(_) => is("answer", None, seen.status().map(|status| status.to_string())),
        End::Routed { router, ties, outcome, .. } => {
            // Which of several takes it is not defined; one of them has to.
            if !ties.is_empty() {
                let is_one = [router].into_iter().chain(ties).any(|router| seen.router() == Some(&router.name));
                return (!is_one).then(|| format!("router: a tie predicted, {:?} seen", seen.router()));
            }
            is("router", Some(router.name.clone()), owned(seen.router())).or_else(|| match outcome {
                Outcome::Service { servers, path } => {
                    let services: Vec<&str> = servers.iter().map(|server| server.place.service.as_str()).collect();
                    let is_one = services.iter().any(|service| seen.service() == Some(service));
                    let ports: Vec<u64> = servers.iter().filter_map(|server| server.port.map(u64::from)).collect();
                    is("path", path.clone(), owned(seen.path()))
                        .or_else(|| (!is_one).then(|| format!("service: {services:?}, {:?} seen", seen.service())))
                        .or_else(|| {
                            let is_port = seen.port().is_some_and(|port| ports.contains(&port));
                            (!is_port).then(|| format!("port: {ports:?}, {:?} seen", seen.port()))
                        })
                }
                Outcome::Redirect { status, location } => {
                    is("status", Some(status.to_string()), seen.status().map(|status| status.to_string()))
                        .or_else(|| is("location", Some(location.clone()), owned(seen.location())))
                }
                Outcome::Status { status, .. } => {
                    is("status", Some(status.to_string()), seen.status().map(|status| status.to_string()))
                }
                Outcome::Elsewhere(_) => None,
            })
        }
    }
}

/// The plan as `docker compose config` would print it, as far as the oracle looks at it.
fn project_of(plan: &Plan, name: &str) -> Value {
    let escaped = |text: &Text| {
        let value = text.evaluate(&|variable| (variable == "COMPOSE_PROJECT_NAME").then(|| name.to_owned()));
        value.expect("a text without a required variable").replace('$', "$$")
    };
    let mut services = Map::new();
    for service in plan.services.values() {
        let labels: Map<String, Value> =
            service.labels.iter().map(|(label, text)| (label.clone(), escaped(text).into())).collect();
        let image = if service.proxy.is_some() { "traefik:v3.7" } else { "app:1" };
        let ports: Vec<Value> = service
            .ports
            .iter()
            .filter_map(|port| port.mapping.as_ref())
            .map(|mapping| {
                let published = mapping.published.map(|published| published.first.to_string());
                json!({ "target": mapping.target.first, "published": published })
            })
            .collect();
        let spec = json!({
            "image": image,
            "labels": labels,
            "command": service.command.iter().flatten().map(escaped).collect::<Vec<String>>(),
            "networks": { "edge": null },
            "ports": ports,
        });
        services.insert(service.name.clone(), spec);
    }
    let network = plan.services.values().find_map(|service| service.labels.get("traefik.docker.network")).map(escaped);
    json!({ "name": name, "services": services, "networks": { "edge": { "name": network } } })
}

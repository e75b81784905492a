//! What is asked of a stack, and what answers are worth: without an engine, and without a network.

use std::time::Duration;

use super::asking::{Ask, Asked, Check, checks};
use super::container::{Container, Health, Published};
use super::http::{Answer, Distrust, Exchange, Trouble};
use super::proxy::Access;
use super::reach::Reach;
use super::redaction::Secrets;
use super::services::{self, Is, State};
use super::url::Url;
use super::verdict::{Scene, Verdict, judge};
use super::{Evidence, Kind, Outcome};
use crate::plan::Plan;
use crate::project::Project;
use crate::routing::Routing;
use crate::source::Source;

const SHOP: &str = r#"
[stack]
name = "shop"
environments = ["dev", "prod"]
host = ["${DOMAIN}", "www.example.com"]

[variables]
DOMAIN = { default = "shop.example.com" }
TOKEN = { secret = true }

[services.traefik]
kind = "traefik"
version = "3.6"
access-log = true
entrypoints.web = { port = 80, redirect-to = "websecure" }
entrypoints.websecure = { port = 443, tls = "letsencrypt" }
entrypoints.amqp = { port = 5671 }
certificates.letsencrypt = { email = "ops@example.com", challenge = "http" }

[services.api]
image = "example/api:1.0"
port = 8000
health = ["true"]
ready = "/ready"
env.TOKEN = "${TOKEN}"
env.REDIS_URL = "${services.redis.url}"
routes.api = { path = "/api", strip-prefix = true, smoke = "/api/health", expect = { json = { "/service" = "api" } } }
routes.hooks = { path = "/hooks" }
routes.silent = { path = "/silent", smoke = false }
routes.posts = { rule = "Method(`POST`) && Path(`/posts`)" }
routes.numbers = { rule = "PathRegexp(`^/[a-f]{3}x`)" }

[services.web]
image = "example/web:1.0"
port = 3000
routes.web = { path = "/", smoke = "/" }

[services.broker]
image = "example/broker:1.0"
port = 5671
routes.amqp = { protocol = "tcp", entrypoints = ["amqp"] }

[services.redis]
kind = "redis"
version = "7"

[environments.dev.defaults]
publish = true
"#;

pub(super) fn plans(manifest: &str) -> Vec<Plan> {
    let analysis = Project::from_source(Source::new("services.toml", ".", manifest.to_owned())).analyse().unwrap();
    assert!(!analysis.plans.is_empty(), "{:?}", analysis.report.findings);
    analysis.plans
}

pub(super) fn plan() -> Plan {
    plans(SHOP).remove(0)
}

fn container(service: &str, address: &str, ports: &[(u16, u16)]) -> Container {
    let published = ports.iter().map(|(target, port)| Published {
        target: *target,
        protocol: "tcp".to_owned(),
        ip: Some("127.0.0.1".parse().unwrap()),
        port: *port,
    });
    Container {
        id: format!("id-{service}"),
        name: format!("shop-{service}-1"),
        project: "shop".to_owned(),
        service: service.to_owned(),
        state: "running".to_owned(),
        health: Some(Health { status: "healthy".to_owned(), ..Health::default() }),
        networks: [("shop_edge".to_owned(), vec![address.parse().unwrap()])].into(),
        ports: published.collect(),
        ..Container::default()
    }
}

fn containers() -> Vec<Container> {
    let mut proxy = container("traefik", "172.20.0.2", &[(80, 10080), (443, 10443), (5671, 15671)]);
    proxy.arguments = vec!["--accesslog=true".to_owned(), "--accesslog.format=json".to_owned()];
    let mut api = container("api", "172.20.0.3", &[(8000, 18000)]);
    let labels = [("traefik.enable", "true"), ("stackgen.edge", "shop")];
    api.labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    vec![
        proxy,
        api,
        container("web", "172.20.0.4", &[]),
        container("broker", "172.20.0.5", &[]),
        container("redis", "172.20.0.6", &[(6379, 16379)]),
    ]
}

/// What is asked where these containers run.
fn asked(plan: &Plan, containers: &[Container], urls: &[&str]) -> Asked {
    let routing = Routing::of(&[plan], &|_, _| None);
    let entry_points = routing.entry_points();
    let mut reach = Reach::of_containers(plan, entry_points, containers, containers.first(), None);
    if !urls.is_empty() {
        let urls: Vec<Url> = urls.iter().map(|url| Url::parse(url).unwrap()).collect();
        reach = reach.with_urls(&routing, &urls);
    }
    checks(plan, &routing, &reach, &|_| true)
}

fn line(check: &Check) -> String {
    let way = check.way().map_or_else(|| "-".to_owned(), super::reach::Way::address);
    let what = match &check.ask {
        Ask::Nothing { result, .. } => result.word(),
        _ => way.as_str(),
    };
    format!("{} {} @ {what}", check.service, check.shown())
}

#[test]
fn every_route_redirect_and_port_is_asked_where_it_is_published() {
    let asked = asked(&plan(), &containers(), &[]);
    let lines: Vec<String> = asked.checks.iter().map(line).collect();
    let secure = "@ 127.0.0.1:10443";
    for expected in [
        format!("api GET https://shop.example.com:10443/api/health {secure}"),
        format!("api GET https://www.example.com:10443/api/health {secure}"),
        format!("api OPTIONS https://shop.example.com:10443/hooks {secure}"),
        format!("web GET https://shop.example.com:10443/ {secure}"),
        "api the route silent on websecure @ skipped".to_owned(),
        "api POST https://localhost:10443/posts @ unproved".to_owned(),
        "api the route numbers on websecure @ unproved".to_owned(),
        "broker tcp 127.0.0.1:15671 @ 127.0.0.1:15671".to_owned(),
        // What has to be answered with 200 before what may be anything.
        "api GET http://shop.example.com:10080/api/health @ 127.0.0.1:10080".to_owned(),
        "api GET http://www.example.com:10080/api/health @ 127.0.0.1:10080".to_owned(),
        // Through the route that leads to it, without the prefix.
        format!("api GET https://shop.example.com:10443/api/ready {secure}"),
        "api GET http://localhost:18000/ready @ 127.0.0.1:18000".to_owned(),
        "redis tcp 127.0.0.1:16379 @ 127.0.0.1:16379".to_owned(),
    ] {
        assert!(lines.contains(&expected), "{expected} is not among\n{}", lines.join("\n"));
    }
    assert_eq!(lines.len(), 15, "{}", lines.join("\n"));
}

#[test]
fn a_base_url_stands_for_the_entry_points_of_its_scheme() {
    let asked = asked(&plan(), &[], &["https://edge.example.net:8443"]);
    let lines: Vec<String> = asked.checks.iter().map(line).collect();
    assert!(lines.contains(&"api GET https://www.example.com:8443/api/health @ edge.example.net:8443".to_owned()));
    assert!(lines.contains(&"api the redirect of web @ skipped".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("redis")), "{lines:?}");
}

#[test]
fn a_host_without_a_value_is_that_of_the_url() {
    let manifest = SHOP.replace("DOMAIN = { default = \"shop.example.com\" }", "DOMAIN = { required = true }");
    let plan = plans(&manifest).remove(0);
    let lines = |urls: &[&str], containers: &[Container]| -> Vec<String> {
        asked(&plan, containers, urls).checks.iter().map(line).collect()
    };
    let with = lines(&["https://edge.example.net"], &[]);
    assert!(
        with.contains(&"api GET https://edge.example.net/api/health @ edge.example.net:443".to_owned()),
        "{with:?}"
    );
    // The other host is known.
    let without = lines(&[], &containers());
    assert!(without.contains(&"api GET https://www.example.com:10443/api/health @ 127.0.0.1:10443".to_owned()));
}

/// Everything around a check that is to be judged.
struct Stage {
    plan: Plan,
    containers: Vec<Container>,
    states: Vec<State>,
    log: String,
    has_engine: bool,
}

impl Stage {
    fn new() -> Self {
        let (plan, containers) = (plan(), containers());
        Self { states: services::states(&plan, &containers), plan, containers, log: String::new(), has_engine: true }
    }

    /// The same after something has happened to a container.
    fn after(change: impl FnOnce(&mut Vec<Container>)) -> Self {
        let mut stage = Self::new();
        change(&mut stage.containers);
        stage.states = services::states(&stage.plan, &stage.containers);
        stage
    }

    fn judge(&self, shown: &str, end: Result<Answer, Trouble>, access: Option<&Access>) -> Verdict {
        let asked = asked(&self.plan, &containers(), &[]);
        let check = asked.checks.iter().find(|check| check.shown() == shown);
        let check = check.unwrap_or_else(|| panic!("{shown} is not asked"));
        let secrets = Secrets::of(&self.plan, &|name| (name == "TOKEN").then(|| "hunter2-hunter2".to_owned()), &[]);
        let hops = match &end {
            Err(Trouble::Away(to)) => vec![(302, to.clone())],
            Ok(_) if check.kind == Kind::Redirect => vec![(301, "https://shop.example.com:10443/".to_owned())],
            _ => Vec::new(),
        };
        let exchange = Exchange { hops, end, time: Duration::ZERO };
        let values = |_: &str| None;
        let scene = Scene {
            plan: &self.plan,
            containers: self.has_engine.then_some(self.containers.as_slice()),
            proxy: self.containers.iter().find(|container| container.service == "traefik"),
            states: &self.states,
            log: &self.log,
            project: "shop",
            edge: "shop",
            secrets: &secrets,
            values: &values,
            public_ports: &[10080, 10443],
        };
        judge(check, &exchange, access, &scene)
    }

    /// The word of the cause, and its sentence.
    fn cause(&self, shown: &str, end: Result<Answer, Trouble>, access: Option<&Access>) -> (&'static str, String) {
        let verdict = self.judge(shown, end, access);
        assert_eq!(verdict.result, Outcome::Failed, "{verdict:?}");
        let cause = verdict.cause.unwrap();
        (cause.kind, cause.message)
    }
}

const HEALTH: &str = "GET https://shop.example.com:10443/api/health";
const HOOKS: &str = "OPTIONS https://shop.example.com:10443/hooks";

fn answer(status: u16, body: &str) -> Result<Answer, Trouble> {
    Ok(Answer { status, headers: Vec::new(), body: body.to_owned() })
}

fn access(router: &str, server: &str) -> Access {
    Access {
        router: Some(router.to_owned()).filter(|router| !router.is_empty()),
        service: (!server.is_empty()).then(|| "shop-api@docker".to_owned()),
        server: server.parse().ok(),
        ..Access::default()
    }
}

#[test]
fn what_the_log_and_the_answer_agree_on_is_a_pass() {
    let own = access("shop-api-api@docker", "172.20.0.3:8000");
    let verdict = Stage::new().judge(HEALTH, answer(200, r#"{"service":"api"}"#), Some(&own));
    assert_eq!((verdict.result, verdict.evidence), (Outcome::Passed, Some(Evidence::AccessLog)), "{verdict:?}");
    assert_eq!(verdict.answered_by.as_deref(), Some("api"));
    // Of a route without a path that proves it any answer of the service will do, but no breakdown.
    let own = access("shop-api-hooks@docker", "172.20.0.3:8000");
    assert_eq!(Stage::new().judge(HOOKS, answer(405, ""), Some(&own)).result, Outcome::Passed);
    assert_eq!(Stage::new().cause(HOOKS, answer(500, ""), Some(&own)).0, "wrong-status");
    // What answers on its own port is who it is.
    let port = "GET http://localhost:18000/ready";
    let verdict = Stage::new().judge(port, answer(200, ""), None);
    assert_eq!((verdict.result, verdict.evidence), (Outcome::Passed, Some(Evidence::PublishedPort)));
}

#[test]
fn an_answer_from_nobody_knows_whom_is_no_pass() {
    let mut stage = Stage::new();
    let web = "GET https://shop.example.com:10443/";
    let kind = |stage: &Stage| {
        let verdict = stage.judge(web, answer(200, "hello"), None);
        assert_eq!(verdict.result, Outcome::Unproved, "{verdict:?}");
        verdict.cause.unwrap().kind
    };
    assert_eq!(kind(&stage), "not-in-access-log");
    stage.containers[0].arguments.clear();
    assert_eq!(kind(&stage), "no-access-log");
    stage.has_engine = false;
    assert_eq!(kind(&stage), "no-engine");
    // What `expect` says shows it without a log.
    let verdict = stage.judge(HEALTH, answer(200, r#"{"service":"api"}"#), None);
    assert_eq!((verdict.result, verdict.evidence), (Outcome::Passed, Some(Evidence::Expect)), "{verdict:?}");
    let (kind, message) = stage.cause(HEALTH, answer(200, r#"{"service":"hunter2-hunter2"}"#), None);
    assert_eq!(kind, "unexpected-answer");
    assert!(message.contains("`/service` in its body is \"********\", not `api`"), "{message}");
}

#[test]
fn a_middleware_that_answers_has_not_asked_the_service() {
    let own = access("shop-api-hooks@docker", "");
    let verdict = Stage::new().judge(HOOKS, answer(401, ""), Some(&own));
    assert_eq!((verdict.result, verdict.cause.unwrap().kind), (Outcome::Unproved, "middleware-answered"));
}

#[test]
fn the_wrong_service_is_a_failure_whatever_it_answers() {
    let mut stage = Stage::new();
    let label = |name: &str, value: &str| (format!("traefik.http.routers.greedy.{name}"), value.to_owned());
    stage.containers[2].labels = [label("rule", "PathPrefix(`/`)"), label("priority", "99999")].into();
    let other = access("greedy@docker", "172.20.0.4:3000");
    let (kind, message) = stage.cause(HEALTH, answer(200, r#"{"service":"api"}"#), Some(&other));
    assert_eq!(kind, "wrong-service");
    assert!(message.starts_with("`web` answered (200), and not `api`: the router greedy took it"), "{message}");
    assert!(message.contains("shop-web-1: PathPrefix(`/`), priority 99999"), "{message}");
    // The right service by a wrong way is wrong as well, and so is a service of that name in another project.
    let own = access("greedy@docker", "172.20.0.3:8000");
    assert!(stage.cause(HEALTH, answer(200, ""), Some(&own)).1.starts_with("the router greedy took it, and not"));
    stage.containers[1].project = "other".to_owned();
    let own = access("shop-api-api@docker", "172.20.0.3:8000");
    let (_, message) = stage.cause(HEALTH, answer(200, ""), Some(&own));
    assert!(message.contains("`api of the project other` answered"), "{message}");
}

#[test]
fn where_no_router_takes_it_the_labels_and_the_log_say_why() {
    let nobody = Access { status: 404, ..Access::default() };
    let ask = |stage: &Stage| {
        let verdict = stage.judge(HEALTH, answer(404, "404 page not found\n"), Some(&nobody));
        verdict.cause.unwrap()
    };
    let mut stage = Stage::new();
    stage.log =
        "2026-01-01T00:00:00Z ERR error while adding rule: hunter2-hunter2 routerName=shop-api-api@docker\n".to_owned();
    let cause = ask(&stage);
    assert_eq!(cause.kind, "no-router");
    assert!(cause.help.unwrap().contains("has no label `traefik.http.routers.shop-api-api.rule`"));
    assert_eq!(cause.log, ["ERR error while adding rule: ******** routerName=shop-api-api@docker"]);

    stage.containers[1].labels.insert("traefik.http.routers.shop-api-api.rule".to_owned(), "Host(`a`".to_owned());
    let help = ask(&stage).help.unwrap();
    assert!(help.contains("is Host(`a`, and services.toml makes it (Host(`shop.example.com`)"), "{help}");

    stage.containers[1].labels.insert("stackgen.edge".to_owned(), "elsewhere".to_owned());
    let cause = ask(&stage);
    assert_eq!(cause.kind, "not-taken");
    assert!(cause.message.contains("is `elsewhere`, and the proxy takes containers with `shop` alone"));

    let unhealthy = Stage::after(|containers| {
        containers[1].health = Some(Health { status: "unhealthy".to_owned(), ..Health::default() });
    });
    let cause = ask(&unhealthy);
    assert_eq!(cause.kind, "service-down");
    assert!(cause.message.contains("`api` is unhealthy, and the proxy leads nobody to it"), "{}", cause.message);

    // Without a log it can only be guessed, by the words of the answer.
    let verdict = Stage::new().judge(HEALTH, answer(404, "404 page not found\n"), None);
    assert!(verdict.cause.unwrap().message.ends_with("as it seems"));
    let (kind, message) = Stage::new().cause(HEALTH, answer(404, "{}"), None);
    assert_eq!(kind, "wrong-status");
    assert!(message.starts_with("it is answered with 404 instead of 200"), "{message}");
}

#[test]
fn a_bad_gateway_says_which_port_and_which_network() {
    let own = access("shop-api-api@docker", "172.20.0.3:8000");
    let (kind, message) = Stage::new().cause(HEALTH, answer(502, "Bad Gateway"), Some(&own));
    assert_eq!(kind, "not-listening");
    assert!(message.contains("on port 8000 of `api`"), "{message}");
    let other_port = access("shop-api-api@docker", "172.20.0.3:9000");
    let (kind, message) = Stage::new().cause(HEALTH, answer(502, "Bad Gateway"), Some(&other_port));
    assert_eq!(kind, "wrong-port");
    assert!(message.contains("on port 9000, and it listens on 8000"), "{message}");
    let apart = Stage::after(|containers| {
        containers[1].networks = [("shop_internal".to_owned(), vec!["172.20.0.3".parse().unwrap()])].into();
    });
    for end in [answer(504, "Gateway Timeout"), Err(Trouble::Timeout(Duration::from_secs(5)))] {
        let (kind, message) = apart.cause(HEALTH, end, Some(&own));
        assert_eq!(kind, "no-shared-network");
        assert!(message.contains("shop-api-1 has `shop_internal`, shop-traefik-1 has `shop_edge`"), "{message}");
    }
    // A service may answer 502 in its own words.
    assert_eq!(Stage::new().cause(HEALTH, answer(502, "{}"), Some(&own)).0, "wrong-status");
}

#[test]
fn no_answer_has_a_cause_each() {
    let stage = Stage::new();
    let kind = |trouble: Trouble| stage.cause(HEALTH, Err(trouble), None).0;
    assert_eq!(kind(Trouble::Refused), "refused");
    assert_eq!(kind(Trouble::Closed), "closed");
    assert_eq!(kind(Trouble::UnknownHost("a".to_owned())), "dns");
    assert_eq!(kind(Trouble::Timeout(Duration::from_secs(1))), "timeout");
    assert_eq!(kind(Trouble::Tls("no TLS".to_owned())), "tls");
    assert_eq!(kind(Trouble::Certificate(Distrust::Issuer)), "untrusted-certificate");
    assert_eq!(kind(Trouble::Certificate(Distrust::Name)), "certificate-name");
    assert_eq!(kind(Trouble::Certificate(Distrust::Time)), "certificate-expired");
    assert_eq!(kind(Trouble::Loop(Vec::new())), "redirect-loop");
    assert_eq!(kind(Trouble::Away("https://elsewhere.example/".to_owned())), "redirect-away");
    assert_eq!(kind(Trouble::Away("https://shop.example.com/".to_owned())), "redirect-port");
    let down = Stage::after(|containers| containers[0].state = "exited".to_owned());
    assert_eq!(down.cause(HEALTH, Err(Trouble::Refused), None).0, "proxy-down");
    let redis = Stage::after(|containers| containers[4].state = "exited".to_owned());
    assert_eq!(redis.cause("tcp 127.0.0.1:16379", Err(Trouble::Refused), None).0, "service-down");
    assert_eq!(stage.cause("tcp 127.0.0.1:16379", Err(Trouble::Closed), None).0, "not-listening");
}

#[test]
fn the_proxys_own_certificate_is_known_and_the_resolver_named() {
    let mut stage = Stage::new();
    stage.log = "2026-01-01T00:00:00Z ERR Unable to obtain ACME certificate for domains error=\"refused\"\n".to_owned();
    let verdict = stage.judge(HEALTH, Err(Trouble::Certificate(Distrust::TraefikDefault)), None);
    let cause = verdict.cause.unwrap();
    assert_eq!(cause.kind, "default-certificate");
    assert!(cause.message.contains("it has none from `letsencrypt` yet"), "{}", cause.message);
    assert_eq!(cause.log.len(), 1, "{:?}", cause.log);
}

#[test]
fn a_redirect_has_to_happen() {
    let redirect = "GET http://shop.example.com:10080/api/health";
    let own = access("shop-api-api@docker", "172.20.0.3:8000");
    let stage = Stage::new();
    let verdict = stage.judge(redirect, answer(200, r#"{"service":"api"}"#), Some(&own));
    assert_eq!(verdict.result, Outcome::Passed, "{verdict:?}");
}

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

#[test]
fn what_the_proxy_finds_no_address_for_has_no_router() {
    let apart = Stage::after(|containers| containers[1].networks.clear());
    let nobody = Access { status: 404, ..Access::default() };
    let (kind, message) = apart.cause(HEALTH, answer(404, "404 page not found\n"), Some(&nobody));
    assert_eq!(kind, "no-shared-network");
    assert!(message.contains("shop-api-1 has none"), "{message}");
}

#[test]
fn a_proxy_without_routes_of_its_own_is_asked_whether_it_listens() {
    let manifest = "[stack]\nname = \"shop\"\n[services.traefik]\nkind = \"traefik\"\nversion = \"3.6\"\nentrypoints.amqp = { port = 5671 }\n";
    let stage = Stage { plan: plans(manifest).remove(0), ..Stage::new() };
    let asked = "tcp 127.0.0.1:15671";
    // Who is behind it is the matter of those whose routes are there.
    assert_eq!(stage.judge(asked, Err(Trouble::Closed), None).result, Outcome::Passed);
    assert_eq!(stage.cause(asked, Err(Trouble::Refused), None).0, "refused");
}

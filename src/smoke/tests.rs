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

mod asked;
mod judged;
mod states;

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

pub(super) fn containers() -> Vec<Container> {
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

    fn check(&self, shown: &str) -> Check {
        let asked = asked(&self.plan, &containers(), &[]);
        let check = asked.checks.into_iter().find(|check| check.shown() == shown);
        check.unwrap_or_else(|| panic!("{shown} is not asked"))
    }

    fn judge(&self, shown: &str, end: Result<Answer, Trouble>, access: Option<&Access>) -> Verdict {
        let check = self.check(shown);
        let hops = match &end {
            Err(Trouble::Away(to)) => vec![(302, to.clone())],
            Ok(_) if check.kind == Kind::Redirect => vec![(301, "https://shop.example.com:10443/".to_owned())],
            _ => Vec::new(),
        };
        self.verdict(&check, end, hops, access)
    }

    fn verdict(
        &self,
        check: &Check,
        end: Result<Answer, Trouble>,
        hops: Vec<(u16, String)>,
        access: Option<&Access>,
    ) -> Verdict {
        let secrets = Secrets::of(&self.plan, &|name| (name == "TOKEN").then(|| "hunter2-hunter2".to_owned()), &[]);
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

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, body: body.to_owned(), ..Answer::default() }
}

fn access(router: &str, server: &str) -> Access {
    Access {
        router: Some(router.to_owned()).filter(|router| !router.is_empty()),
        service: (!server.is_empty()).then(|| "shop-api@docker".to_owned()),
        server: server.parse().ok(),
        ..Access::default()
    }
}

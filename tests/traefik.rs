//! The rendered labels of the voice stack, judged by the real Traefik.
//!
//! `docker compose config` reads the committed Compose files, the oracle in `tests/oracles` shows the result to a
//! Traefik with the stack's own flags, and every route and every near miss is asked for. Needs Docker Compose, Traefik
//! and Python, but no Docker engine.

mod support;

use serde_json::Value;
use support::oracle::{Answer, Proxy, Verdict, request};
use support::rendered::Rendered;
use support::{compose, examples, oracle, repository, voice_stack, write_env_file};

const AGENT: (&str, u64) = ("elevenlabs-agent", 3004);
const RUNNER: (&str, u64) = ("cursor-runner", 3001);

/// A path that is asked for, the service and port it belongs to, and the path that the service is to see.
const ROUTES: [(&str, (&str, u64), &str); 22] = [
    ("/elevenlabs", AGENT, "/"),
    ("/elevenlabs/", AGENT, "/"),
    ("/elevenlabs?x=1", AGENT, "/?x=1"),
    ("/elevenlabs/health", AGENT, "/health"),
    ("/elevenlabs/health?x=1", AGENT, "/health?x=1"),
    ("/agent", AGENT, "/"),
    ("/agent/x", AGENT, "/x"),
    ("/signed-url", AGENT, "/signed-url"),
    ("/signed-url/x", AGENT, "/signed-url/x"),
    ("/agent-tools", AGENT, "/agent-tools"),
    ("/agent-tools?x=1", AGENT, "/agent-tools?x=1"),
    ("/callback", AGENT, "/callback"),
    ("/callback/x", AGENT, "/callback/x"),
    ("/cursor/execute", RUNNER, "/cursor/execute"),
    ("/cursor/execute/x", RUNNER, "/cursor/execute/x"),
    ("/conversations/api", RUNNER, "/api"),
    ("/conversations/api/", RUNNER, "/api/"),
    ("/conversations/api/c/1", RUNNER, "/api/c/1"),
    ("/agent-conversations/api", RUNNER, "/api/agent"),
    ("/agent-conversations/api/", RUNNER, "/api/agent/"),
    ("/agent-conversations/api/x", RUNNER, "/api/agent/x"),
    ("/agent-conversations/api/x?y=1", RUNNER, "/api/agent/x?y=1"),
];

/// Paths beside the routes: nobody's.
const NEIGHBOURS: [&str; 16] = [
    "/",
    "/health",
    "/elevenlabsX",
    "/elevenlabsX/health",
    "/ELEVENLABS/health",
    "/agentx",
    "/signed-urlx",
    "/agent-toolsx",
    "/callbackx",
    "/cursor",
    "/cursor/executeX",
    "/conversations",
    "/conversations/apiX",
    "/conversations/api-x",
    "/agent-conversations",
    "/agent-conversations/apiX",
];

const PRODUCTION_HOST: &str = "voice.example.com";

#[test]
fn dev_serves_every_route_over_https_and_http_on_localhost() {
    if !can_judge() {
        return;
    }
    let dev = dev();
    for scheme in ["https", "http"] {
        let verdict = Verdict::on(&[&dev], &requests(&format!("{scheme}://localhost")));
        expect_no_complaint(verdict.proxy(&dev));
        expect_routes_and_nothing_beside(&verdict.proxy(&dev).answers());
    }
}

#[test]
fn prod_serves_every_route_over_https_on_its_domain() {
    if !can_judge() {
        return;
    }
    let prod = prod(PRODUCTION_HOST);
    let verdict = Verdict::on(&[&prod], &requests(&format!("https://{PRODUCTION_HOST}")));
    expect_no_complaint(verdict.proxy(&prod));
    expect_routes_and_nothing_beside(&verdict.proxy(&prod).answers());
}

#[test]
fn a_host_that_is_not_the_stacks_gets_nothing() {
    if !can_judge() {
        return;
    }
    for (config, schemes) in [(dev(), ["https", "http"].as_slice()), (prod(PRODUCTION_HOST), &["https"])] {
        let urls =
            schemes.iter().flat_map(|scheme| ROUTES.map(|(path, ..)| format!("{scheme}://other.example.org{path}")));
        let verdict = Verdict::on(&[&config], &urls.map(|url| request("GET", &url)).collect::<Vec<_>>());
        for answer in verdict.proxy(&config).answers() {
            assert_eq!((answer.status(), answer.service()), (Some(404), None), "{answer:#?}");
        }
    }
}

#[test]
fn prod_redirects_everything_from_http_to_https() {
    if !can_judge() {
        return;
    }
    let prod = prod(PRODUCTION_HOST);
    let verdict = Verdict::on(&[&prod], &requests(&format!("http://{PRODUCTION_HOST}")));
    for answer in verdict.proxy(&prod).answers() {
        assert!(matches!(answer.status(), Some(301 | 302 | 307 | 308)), "{answer:#?}");
        assert_eq!(answer.location(), Some(answer.url().replacen("http:", "https:", 1).as_str()));
        assert_eq!(answer.service(), None, "{answer:#?}");
        let router = answer.router().expect("a router for every request over HTTP");
        assert!(router.ends_with("@internal") && router.starts_with("web-to-"), "not the redirect of `web`: {router}");
    }
    let verdict = Verdict::on(&[&prod], &[request("POST", &format!("http://{PRODUCTION_HOST}/agent-tools"))]);
    let status = verdict.proxy(&prod).answers()[0].status();
    assert!(matches!(status, Some(307 | 308)), "a redirected POST would turn into a GET: {status:?}");
}

#[test]
fn hsts_is_on_every_answer_of_prod_and_on_none_of_dev() {
    if !can_judge() {
        return;
    }
    let (dev, prod) = (dev(), prod(PRODUCTION_HOST));
    let promises = |config: &Value, host: &str| {
        let verdict =
            Verdict::on(&[config], &ROUTES.map(|(path, ..)| request("GET", &format!("https://{host}{path}"))));
        let answers = verdict.proxy(config).answers();
        answers.iter().map(|answer| answer.header("strict-transport-security").map(str::to_owned)).collect::<Vec<_>>()
    };
    let one_year = Some("max-age=31536000; includeSubDomains; preload".to_owned());
    assert_eq!(promises(&prod, PRODUCTION_HOST), vec![one_year; ROUTES.len()]);
    assert_eq!(promises(&dev, "localhost"), vec![None; ROUTES.len()], "a browser would keep it for all of localhost");
}

#[test]
fn dev_and_prod_on_one_host_do_not_meet() {
    if !can_judge() {
        return;
    }
    // The worst case: both are asked for by the same name.
    let (dev, prod) = (dev(), prod("localhost"));
    let verdict = Verdict::on(&[&dev, &prod], &requests("https://localhost"));
    for config in [&dev, &prod] {
        let proxy = verdict.proxy(config);
        expect_no_complaint(proxy);
        expect_routes_and_nothing_beside(&proxy.answers());
        for answer in &proxy.answers()[..ROUTES.len()] {
            assert_eq!(answer.project(), config["name"].as_str(), "{answer:#?}");
        }
    }
}

#[test]
fn without_the_constraint_dev_and_prod_would_meet() {
    if !can_judge() {
        return;
    }
    let (dev, mut prod) = (dev(), prod("localhost"));
    let flags = prod["services"]["traefik"]["command"].as_array_mut().expect("the proxy's flags");
    let all = flags.len();
    flags.retain(|flag| !flag.as_str().is_some_and(|flag| flag.starts_with("--providers.docker.constraints=")));
    assert_eq!(flags.len(), all - 1, "there was one constraint");
    let verdict = Verdict::on(&[&dev, &prod], &[]);
    // The routers of dev carry their entry point, so that they do not even clash: prod's proxy just takes them over.
    let routers = verdict.proxy(&prod).routers();
    assert!(routers.iter().any(|name| name.ends_with("-web@docker")), "{routers:#?}");
    expect_no_complaint(verdict.proxy(&dev));
}

#[test]
fn a_middleware_that_does_not_exist_is_a_broken_router() {
    if !can_judge() {
        return;
    }
    let mut prod = prod(PRODUCTION_HOST);
    let router = some_router(&prod);
    set_label(&mut prod, &format!("traefik.http.routers.{router}.middlewares"), "no-such-middleware");
    let verdict = Verdict::on(&[&prod], &[]);
    let broken = verdict.proxy(&prod).broken();
    assert_eq!(broken.len(), 1, "{broken:#?}");
    assert!(
        broken[0].starts_with(&format!("{router}@docker: ")) && broken[0].contains("does not exist"),
        "{broken:#?}"
    );
}

#[test]
fn a_misspelt_label_is_an_error_in_the_log() {
    if !can_judge() {
        return;
    }
    let mut prod = prod(PRODUCTION_HOST);
    let router = some_router(&prod);
    set_label(&mut prod, &format!("traefik.http.routers.{router}.entrypoint"), "websecure");
    let verdict = Verdict::on(&[&prod], &[]);
    let log = verdict.proxy(&prod).log();
    assert!(log.iter().any(|line| line.contains("field not found, node: entrypoint")), "{log:#?}");
}

#[test]
fn a_misspelt_flag_ends_the_proxy() {
    if !can_judge() {
        return;
    }
    let mut prod = prod(PRODUCTION_HOST);
    prod["services"]["traefik"]["command"].as_array_mut().expect("flags").push("--providers.dokcer=true".into());
    let verdict = Verdict::on(&[&prod], &[]);
    let proxy = verdict.proxy(&prod);
    assert!(!proxy.kept_running());
    assert!(proxy.log().iter().any(|line| line.contains("field not found, node: dokcer")), "{:#?}", proxy.log());
}

#[test]
fn every_example_with_a_proxy_has_only_routers_that_it_takes() {
    if !can_judge() {
        return;
    }
    let mut count = 0;
    for folder in examples() {
        let rendered = Rendered::at(&folder);
        for plan in &rendered.plans {
            let planned: usize = plan.services.values().map(|service| service.routers.len()).sum();
            if !plan.services.values().any(|service| service.proxy.is_some()) {
                assert_eq!(planned, 0, "{}, {}: routes and no proxy", rendered.name, plan.environment);
                continue;
            }
            let root = rendered.root();
            let config = compose::compose_config(&root.join(plan.compose_file()), &root.join(plan.env_example()));
            let verdict = Verdict::on(&[&config], &[]);
            let proxy = verdict.proxy(&config);
            assert!(proxy.kept_running() && proxy.broken().is_empty() && proxy.log().is_empty(), "{proxy:#?}");
            let taken = proxy.routers().into_iter().filter(|name| name.ends_with("@docker")).count();
            assert_eq!(taken, planned, "{}, {}: {:?}", rendered.name, plan.environment, proxy.routers());
            count += planned;
        }
    }
    assert!(count > 0, "no example has a route");
}

#[test]
fn requests_are_answered_beside_a_tcp_route_for_every_connection() {
    if !can_judge() {
        return;
    }
    let rendered = Rendered::of("tcp", BESIDE_TCP, None);
    let root = rendered.root();
    let config = compose::compose_config(&root.join("docker-compose.yml"), &root.join(".env.example"));
    let requests = [request("GET", "http://localhost/api"), request("GET", "https://localhost/api")];
    let verdict = Verdict::on(&[&config], &requests);
    let proxy = verdict.proxy(&config);
    assert_eq!((proxy.broken(), proxy.log()), (Vec::new(), Vec::new()));
    for answer in proxy.answers() {
        assert_eq!((answer.status(), answer.service()), (Some(200), Some("api")), "{answer:#?}");
    }
}

/// Routes of both protocols, on entry points that speak TLS and that do not.
const BESIDE_TCP: &str = r#"
[stack]
name = "shop"
host = "localhost"

[services.traefik]
kind = "traefik"
version = "3.6"
entrypoints.web = { port = 80 }
entrypoints.websecure = { port = 443, tls = true }
entrypoints.mqtt = { port = 1883 }

[services.api]
image = "api:1.4"
port = 8000
routes.api = { path = "/api" }

[services.broker]
image = "broker:2.0"
port = 1883
routes.mqtt = { protocol = "tcp", entrypoints = ["mqtt"] }
routes.rest = { protocol = "tcp", entrypoints = ["websecure"] }
"#;

/// Whether everything is here to judge by.
fn can_judge() -> bool {
    compose::has_compose() && oracle::available()
}

/// The dev file with its example env file, as it is.
fn dev() -> Value {
    let stack = voice_stack(repository());
    compose::compose_config(&stack.join("docker-compose.yml"), &stack.join(".env.example"))
}

/// The prod file with its example env file, for a domain.
fn prod(domain: &str) -> Value {
    let stack = voice_stack(repository());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let env_file = folder.path().join(".env.prod");
    write_env_file(&stack.join(".env.prod.example"), &env_file, &[("DOMAIN_NAME".into(), domain.into())]);
    compose::compose_config(&stack.join("docker-compose.prod.yml"), &env_file)
}

/// A request for every route, then one for every neighbour.
fn requests(origin: &str) -> Vec<Value> {
    let paths = ROUTES.iter().map(|(path, ..)| *path).chain(NEIGHBOURS);
    paths.map(|path| request("GET", &format!("{origin}{path}"))).collect()
}

fn expect_no_complaint(proxy: Proxy<'_>) {
    assert!(proxy.kept_running(), "Traefik ended: {:#?}", proxy.log());
    assert!(proxy.routers().len() >= ROUTES.len() / 3, "too few routers: {:#?}", proxy.routers());
    assert_eq!(proxy.broken(), Vec::<String>::new());
    assert_eq!(proxy.log(), Vec::<String>::new());
}

/// Answers to `requests`: each route reaches its service with its path, each neighbour nobody.
fn expect_routes_and_nothing_beside(answers: &[Answer<'_>]) {
    assert_eq!(answers.len(), ROUTES.len() + NEIGHBOURS.len());
    let (served, beside) = answers.split_at(ROUTES.len());
    for (answer, (_, (service, port), path)) in served.iter().zip(ROUTES) {
        let seen = (answer.status(), answer.service(), answer.port(), answer.path(), answer.error());
        assert_eq!(seen, (Some(200), Some(service), Some(port), Some(path), None), "{answer:#?}");
        let router = answer.router().expect("a router for every answer");
        assert!(router.contains(service) && router.ends_with("@docker"), "{} by {router}", answer.url());
    }
    for answer in beside {
        assert_eq!((answer.status(), answer.service(), answer.router()), (Some(404), None, None), "{answer:#?}");
    }
}

/// The name of a router of the agent.
fn some_router(config: &Value) -> String {
    let labels = config["services"][AGENT.0]["labels"].as_object().expect("labels");
    let mut routers =
        labels.keys().filter_map(|label| label.strip_prefix("traefik.http.routers.")?.strip_suffix(".rule"));
    routers.next().expect("a router with a rule").to_owned()
}

/// Sets a label of the agent.
fn set_label(config: &mut Value, label: &str, value: &str) {
    config["services"][AGENT.0]["labels"][label] = value.into();
}

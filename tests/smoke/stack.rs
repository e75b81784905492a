//! A stack behind a real Traefik on a real engine: whole, and then broken in one way after the other.

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::compose::{self, docker};
use super::support::rendered::Rendered;
use super::support::running::Running;
use super::support::{everything_said, stackgen, succeed};
use super::{Smoke, text};

const MANIFEST: &str = r#"
[stack]
name = "smoke"
host = "shop.example.com"

[variables]
TOKEN = { secret = true }

[services.traefik]
kind = "traefik"
version = "3.6"
stop-grace = "1s"
access-log = true
entrypoints.web = { port = 80, redirect-to = "websecure" }
entrypoints.websecure = { port = 443, tls = true }

[services.redis]
kind = "redis"
version = "7"

[services.api]
image = "python:3.13-slim"
port = 8000
publish = true
stop-grace = "1s"
compose.init = true                       # Python as the first process does not hear that it is to stop
command = ["python", "-c", """
import http.server, os
print('starting with', os.environ['TOKEN'], flush=True)
http.server.test(http.server.SimpleHTTPRequestHandler, port=8000, bind='0.0.0.0')
"""]
health = { command = ["python", "-c", """
import os, socket, sys
try:
    socket.create_connection(('redis', 6379), 1).close()
except OSError:
    sys.exit('no redis for ' + os.environ['TOKEN'])
"""], interval = "1s", retries = 1 }
env.TOKEN = "${TOKEN}"
env.REDIS_URL = "${services.redis.url}"
routes.api = { path = "/api", strip-prefix = true, smoke = "/api/" }
routes.hooks = { path = "/hooks" }

[services.web]
image = "nginx:1.28-alpine"
port = 80
routes.web = { path = "/web", strip-prefix = true, smoke = "/web/" }
"#;

/// Time enough for a machine that is busy; a stack that works does not use it up.
const ARGUMENTS: [&str; 5] = ["--insecure", "--timeout", "90", "--request-timeout", "5"];
/// Where a service never becomes healthy.
const IMPATIENT: [&str; 3] = ["--insecure", "--timeout", "3"];

struct Scene {
    // Taken down before its files go.
    running: Running,
    rendered: Rendered,
}

impl Scene {
    fn smoke(&self, more: &[&str]) -> Smoke {
        Smoke::run(self.rendered.root(), &[&ARGUMENTS, more].concat())
    }

    /// What people would read.
    fn page(&self) -> String {
        let mut command = stackgen();
        command.current_dir(self.rendered.root()).arg("smoke").args(IMPATIENT);
        everything_said(&command.output().expect("stackgen starts"))
    }

    fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.running.project)
    }

    /// Waits until the probe of a service says so.
    fn wait_for(&self, service: &str, health: &str) {
        let container = self.container(service);
        let asked = ["inspect", "--format", "{{.State.Health.Status}}", container.as_str()];
        for _ in 0..600 {
            let said = succeed(docker().args(asked)).stdout;
            if String::from_utf8_lossy(&said).trim() == health {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{service} never becomes {health}");
    }

    /// Makes containers anew with something laid over the compose file.
    fn up_with(&self, overlay: &Value) {
        let folder = self.rendered.root();
        fs::write(folder.join("overlay.yml"), overlay.to_string()).expect("a writable folder");
        let mut command = docker();
        command.current_dir(folder).args(["compose", "--env-file", ".env", "-f", "docker-compose.yml", "-f"]);
        succeed(command.args(["overlay.yml", "up", "-d", "--wait", "--wait-timeout", "60"]));
    }
}

#[test]
fn a_stack_that_works_passes_and_each_fault_has_its_cause() {
    if !compose::has_engine() {
        return;
    }
    let rendered = Rendered::of("smoke", MANIFEST, None);
    let running = Running::prepared("smoke", &rendered, &rendered.plans[0], &[("TOKEN", "hunter2-hunter2")]);
    let scene = Scene { running, rendered };
    nothing_runs(&scene);
    scene.running.start();
    everything_passes(&scene);
    the_certificate_is_the_proxys_own(&scene);
    a_service_that_is_gone_is_the_root(&scene);
    the_proxy_does_not_reach_a_service(&scene);
    labels_by_hand(&scene);
    without_an_access_log(&scene);
    the_proxy_is_gone(&scene);
    scene.running.stack.down();
}

fn nothing_runs(scene: &Scene) {
    let smoke = scene.smoke(&[]);
    assert_eq!((smoke.code, smoke.checks().len()), (Some(1), 0));
    assert_eq!(smoke.service("redis")["cause"]["kind"], "missing");
}

fn everything_passes(scene: &Scene) {
    let smoke = scene.smoke(&[]);
    assert_eq!(smoke.code, Some(0), "{:#}", smoke.document);
    assert_eq!(smoke.environment()["project"], scene.running.project.as_str());
    assert!(smoke.checks().iter().all(|check| check["result"] == "passed"), "{:#}", smoke.document);
    let by = |end: &str| {
        let check = smoke.check(end);
        (text(&check["answered-by"]), text(&check["evidence"]), check["status"].as_u64())
    };
    assert_eq!(by("/web/"), ("web", "access-log", Some(200)));
    // Python's server knows no OPTIONS, and says so itself.
    assert_eq!(by("/hooks"), ("api", "access-log", Some(501)));
    let kinds = |kind: &str| smoke.checks().iter().filter(|check| check["kind"] == kind).count();
    assert_eq!((kinds("route"), kinds("redirect"), kinds("connection")), (3, 1, 1), "{:#}", smoke.document);
}

fn the_certificate_is_the_proxys_own(scene: &Scene) {
    let smoke = Smoke::run(scene.rendered.root(), &["--timeout", "90"]);
    assert_eq!(smoke.code, Some(1));
    assert_eq!(smoke.result("/web/"), ("failed", "default-certificate"));
    assert!(smoke.cause("/web/").contains("`tls = true` without a resolver"), "{}", smoke.cause("/web/"));
}

fn a_service_that_is_gone_is_the_root(scene: &Scene) {
    succeed(docker().args(["stop", "--time", "2", &scene.container("redis")]));
    scene.wait_for("api", "unhealthy");
    let page = scene.page();
    let place = |what: &str| page.find(what).unwrap_or_else(|| panic!("{what} is not in\n{page}"));
    assert!(place("error[exited]") < place("error[unhealthy]"), "{page}");
    place("`redis` does not run: it has ended with code 0 (needed by `api`)");
    place("it needs `redis`, see there");
    place("starting with ********");
    place("no redis for ********");
    assert!(!page.contains("hunter2"), "{page}");
    // Its port says nothing of the proxy, which no longer leads to it.
    place("`api` is unhealthy, and the proxy leads nobody to it; it needs `redis`, which is the cause");
    succeed(docker().args(["start", &scene.container("redis")]));
}

fn the_proxy_does_not_reach_a_service(scene: &Scene) {
    let edge = format!("{}_edge", scene.running.project);
    let web = scene.container("web");
    succeed(docker().args(["network", "disconnect", &edge, &web]));
    let smoke = scene.smoke(&[]);
    assert_eq!(smoke.result("/web/"), ("failed", "no-shared-network"), "{:#}", smoke.check("/web/"));
    assert_eq!(smoke.service("api")["state"], "healthy", "redis is back");
    succeed(docker().args(["network", "connect", &edge, &web]));
}

/// A router with a rule that Traefik refuses, one that takes what is another's, and a port on which nobody listens.
fn labels_by_hand(scene: &Scene) {
    let greedy = |option: &str| format!("traefik.http.routers.greedy.{option}");
    let mut web = json!({ "traefik.http.services.greedy.loadbalancer.server.port": "80" });
    for (option, value) in [
        ("rule", "PathPrefix(`/api`) && !Header(`X-Token`, `hunter2-hunter2`)"),
        ("entrypoints", "websecure"),
        ("priority", "99999"),
        ("service", "greedy"),
        ("tls", "true"),
    ] {
        web[greedy(option)] = value.into();
    }
    web["traefik.http.services.smoke-web.loadbalancer.server.port"] = "81".into();
    let api = json!({ "traefik.http.routers.smoke-api-hooks.rule": "Host(`shop.example.com`" });
    scene.up_with(&json!({ "services": { "web": { "labels": web }, "api": { "labels": api } } }));
    let smoke = scene.smoke(&[]);
    assert_eq!(smoke.result("/api/"), ("failed", "wrong-service"), "{:#}", smoke.check("/api/"));
    let cause = smoke.cause("/api/");
    let rule = "PathPrefix(`/api`) && !Header(`X-Token`, `********`), priority 99999";
    assert!(cause.contains("`web` answered") && cause.contains(rule), "{cause}");
    assert!(!smoke.document.to_string().contains("hunter2"), "{:#}", smoke.document);
    assert_eq!(smoke.result("/hooks"), ("failed", "no-router"), "{:#}", smoke.check("/hooks"));
    let cause = smoke.cause("/hooks");
    assert!(cause.contains("routerName=smoke-api-hooks@docker"), "the proxy says so itself: {cause}");
    assert!(cause.contains("`rule` of the router smoke-api-hooks is Host(`shop.example.com`,"), "{cause}");
    assert_eq!(smoke.result("/web/"), ("failed", "wrong-port"), "{:#}", smoke.check("/web/"));
    assert!(smoke.cause("/web/").contains("asks `web` on port 81, and it listens on 80"), "{}", smoke.cause("/web/"));
}

fn without_an_access_log(scene: &Scene) {
    let config = scene.running.stack.config();
    let words = config["services"]["traefik"]["command"].as_array().expect("a command").iter();
    let command: Vec<&Value> = words.filter(|word| !text(word).starts_with("--accesslog")).collect();
    scene.up_with(&json!({ "services": { "traefik": { "command": command } } }));
    let smoke = scene.smoke(&[]);
    assert_eq!(smoke.result("/web/"), ("unproved", "no-access-log"), "{:#}", smoke.check("/web/"));
    assert_eq!(smoke.code, Some(1));
    assert_eq!(scene.smoke(&["--allow-unproved"]).code, Some(0));
}

fn the_proxy_is_gone(scene: &Scene) {
    // The address of the entry point, which nobody publishes any more.
    let port = scene.running.port("TRAEFIK_WEBSECURE_HOST_PORT");
    succeed(docker().args(["stop", "--time", "2", &scene.container("traefik")]));
    let smoke = scene.smoke(&["--base-url", &format!("https://127.0.0.1:{port}")]);
    assert_eq!(smoke.result("/web/"), ("failed", "proxy-down"), "{:#}", smoke.check("/web/"));
    assert_eq!(smoke.service("traefik")["cause"]["kind"], "exited");
    // And without it, where there is nothing to connect to.
    assert_eq!(scene.smoke(&[]).result("the route web on websecure"), ("failed", "proxy-down"));
}

//! The rendered voice stack on a real Docker engine: built, started, asked, stopped; dev and prod side by side.
//!
//! The project is copied, so nothing is written into the repository, and runs under names and host ports of its own, so
//! that it can stand beside whatever else the engine runs. Needs a Docker engine and Python.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::compose::{self, Stack, docker, warnings_in};
use support::http::{Request, Response};
use support::running::free_ports;
use support::{Project, everything_said, say, succeed, write_env_file};

const SECRET: &str = "a-secret-of-the-tests";
const PRODUCTION_HOST: &str = "voice.example.com";

/// `up --wait` ends when the containers are healthy; the proxy learns of them a moment later.
const UNTIL_ROUTED: Duration = Duration::from_secs(5);
const UNTIL_RUN_ENDS: Duration = Duration::from_secs(10);

/// Host ports of dev; prod publishes the first two only.
const HOST_PORTS: [&str; 5] = [
    "TRAEFIK_WEB_HOST_PORT",
    "TRAEFIK_WEBSECURE_HOST_PORT",
    "REDIS_HOST_PORT",
    "CURSOR_RUNNER_HOST_PORT",
    "ELEVENLABS_AGENT_HOST_PORT",
];

#[test]
fn the_voice_stack_runs_in_dev_and_beside_it_in_prod() {
    if !compose::has_engine() || !support::has_tools(&["python3"]) {
        return;
    }
    let project = Project::copy();
    let dev = Running::up(&project.stack(), "dev", "localhost");
    dev.answers();
    let conversation = dev.hands_a_webhook_to_the_runner();

    let prod = Running::up(&project.stack(), "prod", PRODUCTION_HOST);
    prod.answers();
    prod.redirects_to_https();
    prod.hands_a_webhook_to_the_runner();

    dev.answers();
    assert_eq!(dev.conversation(&conversation).status, 200);
    assert_eq!(prod.conversation(&conversation).status, 404, "prod reads what dev wrote");

    for running in [&dev, &prod] {
        running.is_unprivileged();
    }
    prod.ends_in_time();
    dev.answers();
    dev.ends_in_time();
}

#[test]
fn a_warning_of_the_build_is_noticed() {
    if !compose::has_engine() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("Dockerfile"), "FROM scratch as base\nLABEL a=b\n").expect("a writable folder");
    let output =
        succeed(docker().args(["build", "--progress", "plain", "--output", "type=cacheonly"]).arg(folder.path()));
    let said = everything_said(&output);
    assert!(warnings_in(&said).iter().any(|line| line.contains("FromAsCasing")), "{said}");
}

/// One environment of the stack, up and healthy.
struct Running {
    stack: Stack,
    environment: &'static str,
    host: &'static str,
    ports: BTreeMap<String, u16>,
}

impl Running {
    /// Writes the env file, builds, starts, and waits until everything is healthy.
    fn up(folder: &Path, environment: &'static str, host: &'static str) -> Self {
        let name = format!("stackgen-e2e-{}-{environment}", process::id());
        let ports = free_ports(HOST_PORTS.map(str::to_owned).into_iter());
        let mut values: Vec<(String, String)> =
            ports.iter().map(|(name, port)| (name.clone(), port.to_string())).collect();
        let mut set = |name: &str, value: &str| values.push((name.into(), value.into()));
        set("COMPOSE_PROJECT_NAME", &name);
        set("DOMAIN_NAME", host);
        set("WEBHOOK_SECRET", SECRET);
        set("CURSOR_API_KEY", "a-key-of-the-tests");
        set("ELEVENLABS_API_KEY", "another-key-of-the-tests");
        set("CURSOR_CLI_PATH", "/bin/echo");
        if environment == "prod" {
            set("ACME_EMAIL", "operator@example.com");
            set("COMPOSE_FILE", "docker-compose.prod.yml:no-certificates.yml");
            // The real certificate authority is not to hear of a test.
            let overlay =
                json!({ "services": { "traefik": { "extra_hosts": ["acme-v02.api.letsencrypt.org:127.0.0.1"] } } });
            fs::write(folder.join("no-certificates.yml"), overlay.to_string()).expect("a writable folder");
        }
        let suffix = if environment == "dev" { String::new() } else { format!(".{environment}") };
        let env_file = folder.join(format!(".env{suffix}"));
        write_env_file(&folder.join(format!(".env{suffix}.example")), &env_file, &values);

        let running = Self { stack: Stack::new(folder, &env_file, &name), environment, host, ports };
        running.expect_only_our_ports();
        running.timed("build", || running.stack.run(&["build"]));
        running
            .timed("up until healthy", || running.stack.run(&["up", "--no-build", "--wait", "--wait-timeout", "120"]));
        running
    }

    /// Every published port is one that a variable moved: else the test would clash with other stacks.
    fn expect_only_our_ports(&self) {
        let config = self.stack.config();
        for (service, spec) in config["services"].as_object().expect("services") {
            for port in spec["ports"].as_array().into_iter().flatten() {
                let published = port["published"].as_str().and_then(|port| port.parse::<u16>().ok());
                let ours = published.is_some_and(|port| self.ports.values().any(|own| *own == port));
                assert!(
                    ours,
                    "{}: {service} publishes {port}, which no variable of {HOST_PORTS:?} moves",
                    self.environment
                );
            }
        }
    }

    /// The health of the agent, through the proxy, from the right service, with Redis behind it.
    fn answers(&self) {
        let is_healthy = |response: &Response| {
            let body = response.json();
            response.status == 200 && body["service"] == "elevenlabs-agent" && body["redis"] == "connected"
        };
        self.timed("first answer", || self.request("GET", "/elevenlabs/health").until(UNTIL_ROUTED, is_healthy));
    }

    /// A webhook to the agent starts a run in the runner, which the runner then tells of; returns the run's id.
    fn hands_a_webhook_to_the_runner(&self) -> String {
        let call = json!({ "tool": "run", "prompt": "hello" });
        let webhook = |secret| self.request("POST", "/agent-tools").json(&call).signed("x-webhook-signature", secret);
        let refused = webhook("not-the-secret").until(UNTIL_ROUTED, |response| response.status != 404);
        assert_eq!(refused.status, 401, "a webhook with a wrong signature: {refused:#?}");
        let accepted = webhook(SECRET).send().expect("an answer to the webhook");
        let body = accepted.json();
        assert_eq!(accepted.status, 202, "{accepted:#?}");
        assert_eq!(
            (&body["service"], &body["runner"]["service"]),
            (&json!("elevenlabs-agent"), &json!("cursor-runner"))
        );
        let id = body["runner"]["id"].as_str().expect("the run's id").to_owned();
        self.timed("run", || {
            self.conversation_request(&id).until(UNTIL_RUN_ENDS, |response| {
                let body = response.json();
                body["service"] == "cursor-runner" && body["conversation"]["state"] == "succeeded"
            })
        });
        id
    }

    /// What the runner of this environment knows of a run.
    fn conversation(&self, id: &str) -> Response {
        self.conversation_request(id).send().expect("an answer from the runner")
    }

    fn conversation_request(&self, id: &str) -> Request {
        self.request("GET", &format!("/conversations/api/conversations/{id}"))
    }

    /// Plain HTTP leads to the published HTTPS port.
    fn redirects_to_https(&self) {
        let (web, websecure) = (self.ports["TRAEFIK_WEB_HOST_PORT"], self.ports["TRAEFIK_WEBSECURE_HOST_PORT"]);
        let plain = Request::new("GET", &format!("http://{}:{web}/elevenlabs/health", self.host), web).send();
        let plain = plain.expect("an answer over HTTP");
        assert!(matches!(plain.status, 301 | 302 | 307 | 308), "{plain:#?}");
        assert_eq!(plain.headers["location"], format!("https://{}:{websecure}/elevenlabs/health", self.host));
    }

    /// Only the proxy, which owns the engine's socket, runs as root.
    fn is_unprivileged(&self) {
        let containers = self.stack.containers();
        assert_eq!(containers.len(), 4, "traefik, redis, cursor-runner, elevenlabs-agent");
        for container in containers {
            let service = service_of(&container);
            let user = container["Config"]["User"].as_str().expect("a user");
            let uid = user.split(':').next().and_then(|uid| uid.parse::<u32>().ok());
            assert!(service == "traefik" || uid.is_some_and(|uid| uid > 0), "{service} runs as {user:?}");
        }
    }

    /// A stop gives every process the time to end by itself, and `down` leaves nothing.
    fn ends_in_time(&self) {
        self.timed("stop", || self.stack.run(&["stop"]));
        for container in self.stack.containers() {
            let state = &container["State"];
            assert!(state["ExitCode"] != 137, "{} had to be killed: {state}", service_of(&container));
        }
        self.timed("down", || self.stack.down());
    }

    /// A request over HTTPS by the host's name, through the proxy.
    fn request(&self, method: &str, path: &str) -> Request {
        let port = self.ports["TRAEFIK_WEBSECURE_HOST_PORT"];
        Request::new(method, &format!("https://{}:{port}{path}", self.host), port)
    }

    fn timed<T>(&self, step: &str, act: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = act();
        say(&format!("{}: {step}: {:.1} s", self.environment, start.elapsed().as_secs_f64()));
        result
    }
}

fn service_of(container: &Value) -> &str {
    container["Config"]["Labels"]["com.docker.compose.service"].as_str().expect("a container of Compose")
}

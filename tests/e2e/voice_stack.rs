//! The rendered voice stack on a real Docker engine: built, started, asked, disturbed, stopped; dev and prod side by side,
//! prod with a certificate of an authority.
//!
//! The project is copied, so nothing is written into the repository, and runs under names and host ports of its own, so
//! that it can stand beside whatever else the engine runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::compose::{Stack, docker, has_engine, service_of};
use crate::support::http::{Request, Response};
use crate::support::load::Target;
use crate::support::running::{SECRET, free_ports};
use crate::support::{Project, everything_said, has_tools, say, stackgen, succeed, write_env_file};
use crate::{authority, confined, edits, images};

const PRODUCTION_HOST: &str = "voice.example.com";

/// `up --wait` ends when the containers are healthy; the proxy learns of them a moment later.
const UNTIL_ROUTED: Duration = Duration::from_secs(5);
const UNTIL_RUN_ENDS: Duration = Duration::from_secs(10);
/// A service notices that another one has gone or is back, a proxy that it has got a certificate.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many requests at once, and so many in all.
const CONNECTIONS: u32 = 20;
const REQUESTS: u32 = 2_000;

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
    if !has_engine() || !has_tools(&["python3"]) || !authority::is_there() {
        return;
    }
    let project = Project::copy();
    let dev = Running::up(&project.stack(), "dev", "localhost");
    dev.answers();
    let conversation = dev.hands_a_webhook_to_the_runner();

    let prod = Running::up(&project.stack(), "prod", PRODUCTION_HOST);
    let serial = prod.has_a_certificate();
    prod.answers();
    prod.redirects_to_https();
    let of_prod = prod.hands_a_webhook_to_the_runner();

    dev.passes();
    prod.passes();
    assert_eq!(dev.conversation(&conversation).status, 200);
    assert_eq!(prod.conversation(&conversation).status, 404, "prod reads what dev wrote");

    images::are_as_they_should_be(&[(&dev.project, &dev.stack), (&prod.project, &prod.stack)]);
    confined::is_all_of(&dev.stack, false, &[]);
    confined::is_all_of(&prod.stack, true, &authority::SERVICES);

    dev.does_without_redis_for_a_while(&conversation);
    dev.follows_an_edit();
    prod.answers_many_at_once();
    prod.is_replaced_while_it_is_asked();
    prod.comes_back_as_it_was(&of_prod, &serial);

    prod.ends_in_time();
    dev.answers();
    dev.ends_in_time();
}

/// One environment of the stack, up and healthy.
struct Running {
    stack: Stack,
    folder: PathBuf,
    project: String,
    environment: &'static str,
    host: &'static str,
    ports: BTreeMap<String, u16>,
    /// The root of whoever issues certificates, where somebody does.
    authority: Option<PathBuf>,
}

impl Running {
    /// Writes the env file, builds, starts, and waits until everything is healthy.
    fn up(folder: &Path, environment: &'static str, host: &'static str) -> Self {
        let name = format!("stackgen-e2e-{}-{environment}", process::id());
        let ports = free_ports(HOST_PORTS.into_iter().chain(authority::PORTS).map(str::to_owned));
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
            set("COMPOSE_FILE", &format!("docker-compose.prod.yml:{}", authority::OVERLAY));
            authority::lay(folder, host);
        }
        let suffix = if environment == "dev" { String::new() } else { format!(".{environment}") };
        let env_file = folder.join(format!(".env{suffix}"));
        write_env_file(&folder.join(format!(".env{suffix}.example")), &env_file, &values);

        let stack = Stack::new(folder, &env_file, &name);
        let folder = folder.to_owned();
        let mut running = Self { stack, folder, project: name, environment, host, ports, authority: None };
        running.expect_only_our_ports();
        images::plant(&running.stack);
        running.timed("build", || running.stack.run(&["build"]));
        if environment == "prod" {
            let ports = authority::PORTS.map(|name| running.ports[name]);
            let root = running.timed("authority", || authority::start(&running.stack, &running.folder, ports));
            running.authority = Some(root);
        }
        running.stack.up(120, &[]);
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
        self.timed("first answer", || self.health().until(UNTIL_ROUTED, is_healthy));
    }

    /// `smoke` asks every route, and finds that each is answered by the right service.
    fn passes(&self) {
        let root = self.authority.as_ref().map(|root| root.to_str().expect("UTF-8"));
        let arguments = root.map_or_else(|| vec!["--insecure"], |root| vec!["--ca", root]);
        let (code, said) = self.timed("smoke", || self.smoke(&arguments));
        assert_eq!(code, Some(0), "{}: {said}", self.environment);
    }

    /// What `stackgen smoke` says of this environment, and its exit code.
    fn smoke(&self, arguments: &[&str]) -> (Option<i32>, String) {
        // Where services.toml is: the compose files are in `examples/voice-stack` below it.
        let root = self.folder.ancestors().nth(2).expect("a project");
        let mut command = stackgen();
        command.current_dir(root).args(["smoke", "-e", self.environment]).args(arguments);
        let output = command.output().expect("stackgen starts");
        (output.status.code(), everything_said(&output))
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

    /// The certificate is one that the authority has issued for this host; gives its serial number.
    fn has_a_certificate(&self) -> Value {
        // Until there is one, the proxy shows one that nobody trusts.
        let answer = self.timed("certificate", || self.health().until(PATIENCE, |answer| answer.status == 200));
        let issuer = answer.certificate["issuer"].as_str().expect("an issuer");
        assert!(issuer.starts_with("Pebble "), "{answer:#?}");
        answer.certificate["serial"].clone()
    }

    /// Without Redis the agent says so and goes on, and is as before when Redis is back, with what it knew.
    fn does_without_redis_for_a_while(&self, conversation: &str) {
        let is = |state: &'static str| {
            move |response: &Response| response.status == 200 && response.json()["redis"] == state
        };
        let started = self.started("elevenlabs-agent");
        self.stack.run(&["kill", "redis"]);
        self.timed("health without Redis", || self.health().until(PATIENCE, is("disconnected")));
        let (code, said) = self.smoke(&["--insecure", "--timeout", "3"]);
        assert!(code == Some(1) && said.contains("`redis` does not run"), "smoke says why: {code:?}: {said}");
        assert_eq!(self.container("elevenlabs-agent")["State"]["Health"]["Status"], "healthy");
        succeed(docker().args(["start", self.container("redis")["Id"].as_str().expect("an id")]));
        self.timed("health with Redis again", || self.health().until(PATIENCE, is("connected")));
        assert_eq!(self.started("elevenlabs-agent"), started, "it has not been started again");
        self.conversation_request(conversation).until(PATIENCE, |answer| answer.status == 200);
    }

    /// What is edited is live a moment later, without a new image.
    fn follows_an_edit(&self) {
        let _watching = self.stack.watch();
        let path = self.folder.join("elevenlabs-agent/src/server.ts");
        let is_seen = || self.health().send().is_ok_and(|answer| answer.json()["status"] == "edited");
        edits::is_live("voice-stack, watched: server.ts", &path, ("status: \"ok\"", "status: \"edited\""), is_seen);
    }

    /// Through the proxy, without one that is lost.
    fn answers_many_at_once(&self) {
        let outcome = self.load().ask(REQUESTS, CONNECTIONS);
        say(&format!("{}: {REQUESTS} requests over {CONNECTIONS} connections: {outcome}", self.environment));
        assert_eq!((outcome.answered(200), outcome.all()), (REQUESTS.into(), REQUESTS.into()), "{outcome}");
    }

    /// A service is built and started anew, upon the same packages, while people ask for it. How many of them get no answer
    /// is printed; whoever asks later gets one.
    fn is_replaced_while_it_is_asked(&self) {
        let path = self.folder.join("elevenlabs-agent/src/server.ts");
        let text = fs::read_to_string(&path).expect("a source");
        let newer = images::never_seen();
        let changed = text.replace("status: \"ok\"", &format!("status: \"{newer}\""));
        assert_ne!(text, changed);
        fs::write(&path, changed).expect("a writable source");
        let said = everything_said(&self.stack.run(&["build", "elevenlabs-agent"]));
        images::is_cached("elevenlabs-agent", &said, false);

        let asking = self.load().keep_asking(4);
        self.timed("a new container", || self.stack.run(&["up", "--detach", "--no-build", "elevenlabs-agent"]));
        self.health().until(PATIENCE, |answer| answer.json()["status"] == newer);
        let outcome = asking.end();
        let lost = outcome.all() - outcome.answered(200);
        let (all, gap) = (outcome.all(), outcome.gap());
        say(&format!(
            "{}: replaced while it is asked: {lost} of {all} requests lost in {gap:.1} s: {outcome}",
            self.environment
        ));
        self.answers();
    }

    /// `down` and `up` leave what Redis knew, and the certificate, which nobody has to issue again.
    fn comes_back_as_it_was(&self, conversation: &str, serial: &Value) {
        self.stack.run(&["down"]);
        self.stack.up(120, &[]);
        let answer = self.health().until(PATIENCE, |answer| answer.status == 200);
        assert_eq!(answer.certificate["serial"], *serial, "the certificate");
        assert_eq!(self.conversation(conversation).status, 200, "what Redis knew");
    }

    /// A stop gives every process the time to end by itself, and `down` leaves nothing.
    fn ends_in_time(&self) {
        self.stack.stops_in_time();
        self.timed("down", || self.stack.down());
    }

    fn health(&self) -> Request {
        self.request("GET", "/elevenlabs/health")
    }

    fn load(&self) -> Target<'_> {
        let port = self.ports["TRAEFIK_WEBSECURE_HOST_PORT"];
        let (url, body) = ("https://voice.example.com/elevenlabs/health", "\"service\":\"elevenlabs-agent\"");
        Target { url, port, body, authority: self.authority.as_deref() }
    }

    /// When the container of a service started.
    fn started(&self, service: &str) -> Value {
        self.container(service)["State"]["StartedAt"].clone()
    }

    fn container(&self, service: &str) -> Value {
        let containers = self.stack.containers().into_iter();
        containers.into_iter().find(|container| service_of(container) == service).expect("a container")
    }

    /// A request over HTTPS by the host's name, through the proxy.
    fn request(&self, method: &str, path: &str) -> Request {
        let port = self.ports["TRAEFIK_WEBSECURE_HOST_PORT"];
        let url = format!("https://{}:{port}{path}", self.host);
        match &self.authority {
            Some(root) => Request::trusting(root, method, &url, port),
            None => Request::new(method, &url, port),
        }
    }

    fn timed<T>(&self, step: &str, act: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = act();
        say(&format!("{}: {step}: {:.1} s", self.environment, start.elapsed().as_secs_f64()));
        result
    }
}

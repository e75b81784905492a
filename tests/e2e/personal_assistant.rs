//! `examples/personal-assistant`: an API, workers with queues of their own, a scheduler, and what watches them; three
//! environments on one host.

use std::fs;
use std::process;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use stackgen::plan::Plan;

use crate::support::compose::{self, Stack, service_of};
use crate::support::http::{Request, Response};
use crate::support::rendered::Rendered;
use crate::support::running::{Running, SECRET};
use crate::support::{everything_said, has_tools, repository, say};
use crate::{confined, images};

/// A healthy container answers, and the proxy learns of it a moment later; a worker that is just starting takes a task
/// when it is there.
const PATIENCE: Duration = Duration::from_secs(30);

/// Prometheus asks, and then evaluates its rules, every 15 seconds each.
const UNTIL_ALARMED: Duration = Duration::from_secs(60);

/// Services whose images are not to be had here. What depends on one of them has to have a container to wait for.
const LEFT_OUT: [&str; 3] = ["grafana", "loki", "jaeger"];

/// The number of connections that each environment's API keeps.
const POOLS: [(&str, u64); 3] = [("dev", 10), ("stage", 20), ("prod", 50)];

#[test]
fn three_environments_of_the_personal_assistant_run_on_one_host() {
    if !compose::has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let rendered = elsewhere();
    let running: Vec<Assistant<'_>> = rendered.plans.iter().map(|plan| Assistant::up(&rendered, plan)).collect();
    for assistant in &running {
        let start = Instant::now();
        assistant.is_well();
        // What is left out answers nobody who asks from outside, and smoke says so; production shows none of it.
        let asked = if assistant.name() == "prod" { [].as_slice() } else { &LEFT_OUT[..1] };
        let arguments = ["--insecure", "--allow-unproved", "--timeout", "5"];
        assistant.running.smokes(&rendered, assistant.plan, &arguments, asked.is_empty(), asked);
        assistant.sees_to_tasks();
        assistant.comes_back_by_itself();
        assistant.has_a_page();
        assistant.is_watched();
        confined::is_all_of(&assistant.running.stack, assistant.plan.production, &[]);
        assistant.is_limited();
        assistant.keeps_secrets();
        say(&format!("personal-assistant, {}: looked at in {:.1} s", assistant.name(), start.elapsed().as_secs_f64()));
    }
    let stacks: Vec<(&str, &Stack)> =
        running.iter().map(|assistant| (assistant.running.project.as_str(), &assistant.running.stack)).collect();
    images::are_as_they_should_be(&stacks);
    let (dev, changed) = (stacks[0], [("api", "assistant/main.py"), ("frontend", "src/api.ts")]);
    images::are_rebuilt_upon_the_same_packages(dev.0, dev.1, &changed);
    for assistant in &running {
        let texts = assistant.texts();
        let is_own = |text: &String| text.ends_with(assistant.name());
        assert!(texts.len() == 3 && texts.iter().all(is_own), "{} has {texts:?}", assistant.name());
    }
    for assistant in &running {
        assistant.keeps_tasks_when_containers_die();
    }
    // Once is enough for what is the same in all of them.
    running.last().expect("production").keeps_tasks_over_down_and_up();
    for assistant in running {
        assistant.stops_in_time();
    }
}

/// The example in networks that the engine gives to nobody by itself, so that it finds them free beside other stacks, and
/// beside another run of this test.
fn elsewhere() -> Rendered {
    let folder = repository().join("examples/personal-assistant");
    let manifest = fs::read_to_string(folder.join("services.toml")).expect("a services.toml");
    assert_eq!(manifest.matches("\"172.2").count(), 6, "two subnets for each environment");
    let (second, first) = (process::id() / 32 % 128, process::id() % 32 * 8);
    let own = format!("\"10.{second}.");
    let subnets = (0..3).flat_map(|number| [(number, 0), (number, 1)]);
    let manifest = subnets.fold(manifest, |text, (number, half)| {
        let (theirs, third) = (format!("\"172.2{number}.{}.0/17\"", half * 128), first + 2 * number + half);
        text.replace(&theirs, &format!("{own}{third}.0/24\""))
    });
    let rendered = Rendered::of("personal-assistant", &manifest, Some(&folder));
    for plan in &rendered.plans {
        let compose = rendered.root().join(plan.compose_file());
        let compose = fs::read_to_string(compose).expect("a compose file");
        assert!(compose.contains(&own) && !compose.contains("\"172.2"), "{compose}");
    }
    rendered
}

/// One environment of the stack, up and healthy.
struct Assistant<'p> {
    running: Running,
    plan: &'p Plan,
    host: &'static str,
}

impl<'p> Assistant<'p> {
    fn up(rendered: &Rendered, plan: &'p Plan) -> Self {
        let start = Instant::now();
        let host = if plan.is_default { "localhost" } else { "assistant.example.com" };
        let overlay = format!("left-out.{}.yml", plan.environment);
        fs::write(rendered.root().join(&overlay), left_out(plan).to_string()).expect("a writable folder");
        let files = format!("{}:{overlay}", plan.compose_file());
        let values = [("DOMAIN_NAME", host), ("ACME_EMAIL", "operator@example.com"), ("COMPOSE_FILE", files.as_str())];
        let running = Running::prepared("systems", rendered, plan, &values);
        for name in LEFT_OUT.iter().filter(|name| plan.services.contains_key(**name)) {
            say(&format!("left out of personal-assistant, {}: {name}: no image to be had here", plan.environment));
        }
        images::plant(&running.stack);
        running.stack.run(&["build"]);
        running.start();
        say(&format!("personal-assistant, {}: up after {:.1} s", plan.environment, start.elapsed().as_secs_f64()));
        Self { running, plan, host }
    }

    fn name(&self) -> &str {
        &self.plan.environment
    }

    /// Database and broker behind the API, through the proxy, with this environment's settings.
    fn is_well(&self) {
        let answered = self.until("/api/health/overall", |response| response.status == 200);
        let body = answered.json();
        let pool = POOLS.iter().find(|(name, _)| *name == self.name()).expect("a pool").1;
        let found = ["service", "environment", "pool", "database", "broker"].map(|key| &body[key]);
        let wanted = [json!("api"), json!(self.name()), json!(pool), json!("connected"), json!("connected")];
        assert_eq!(found, wanted.each_ref(), "{answered:#?}");
        let smoke = self.request("GET", "/api/nothing-here").send().expect("an answer");
        assert_eq!(smoke.status, 404, "{smoke:#?}");
    }

    /// Each task goes through its queue to the worker that consumes it.
    fn sees_to_tasks(&self) {
        let containers = self.running.stack.containers();
        let host_of = |service: &str| {
            let is_its = |container: &&Value| service_of(container) == service;
            let container = containers.iter().find(is_its).unwrap_or_else(|| panic!("no container of {service}"));
            container["Config"]["Hostname"].as_str().expect("a host name").to_owned()
        };
        for (queue, worker) in [("ai", "worker-ai"), ("sms", "worker-tasks"), ("grocery", "worker-tasks")] {
            let wish = json!({ "queue": queue, "text": format!("{queue} in {}", self.name()) });
            let taken = self.request("POST", "/api/tasks").json(&wish).send().expect("an answer");
            assert_eq!(taken.status, 201, "{taken:#?}");
            let id = taken.json()["id"].clone();
            let seen_to = |response: &Response| {
                let tasks = response.json();
                let mut tasks = tasks.as_array().into_iter().flatten();
                tasks.any(|task| {
                    task["id"] == id
                        && task["state"] == "done"
                        && task["worker"] == format!("celery@{}", host_of(worker))
                })
            };
            self.until("/api/tasks", seen_to);
        }
    }

    /// The scheduler sends what is due, and a worker does it.
    fn comes_back_by_itself(&self) {
        self.until("/api/health/overall", |response| response.json()["housekeeping"].is_string());
    }

    /// The front end, with the address of its own environment's API in it.
    fn has_a_page(&self) {
        let page = self.until("/", |response| response.status == 200);
        assert!(page.body.contains("<title>Assistant</title>"), "{page:#?}");
        let script = if self.plan.is_default {
            "/src/api.ts".to_owned()
        } else {
            let start = page.body.find("/assets/").expect("a script that is named by its content");
            let path = &page.body[start..];
            path[..path.find('"').expect("an attribute")].to_owned()
        };
        let script = self.until(&script, |response| response.status == 200);
        // Where a certificate authority is to find it, it is at the port that browsers assume.
        let port = if self.name() == "prod" { String::new() } else { format!(":{}", self.port()) };
        let api = format!("https://{}{port}/api", self.host);
        assert!(script.body.contains(&api), "no {api} in {}", script.body);
    }

    /// Prometheus reaches whatever runs, by names alone, and has read the alerts.
    fn is_watched(&self) {
        let expected = ["api", "prometheus", "traefik"];
        let asked = |query: &str| {
            let command = ["exec", "-T", "prometheus", "promtool", "query", "instant", "http://127.0.0.1:9090", query];
            everything_said(&self.running.stack.try_run(&command))
        };
        let start = Instant::now();
        let is_up = |said: &str, job: &str| said.contains(&format!("job=\"{job}\"")) && said.contains("=> 1 ");
        loop {
            let missing = expected.iter().find(|job| !is_up(&asked(&format!("up{{job=\"{job}\"}}")), job));
            let Some(missing) = missing else { break };
            assert!(start.elapsed() < PATIENCE, "{}: {missing} is not up: {}", self.name(), asked("up"));
            sleep(Duration::from_millis(500));
        }
        // Grafana and Loki are in every environment, and left out: that is noticed when the rules are evaluated again.
        let start = Instant::now();
        while !asked("count(ALERTS{alertname=\"TargetDown\"})").contains("=> ") {
            assert!(start.elapsed() < UNTIL_ALARMED, "{}: no alert, although some targets are left out", self.name());
            sleep(Duration::from_millis(500));
        }
    }

    /// As its services.toml says of each service: nothing in development, all of it elsewhere.
    fn is_limited(&self) {
        for container in self.running.stack.containers() {
            let name = service_of(&container);
            let host = &container["HostConfig"];
            let number = |key: &str| host[key].as_u64().unwrap_or_default();
            let found = ["Memory", "NanoCpus", "MemoryReservation"].map(|key| number(key) > 0);
            assert_eq!(found, [self.plan.production; 3], "{}: {name}: {host:#}", self.name());
            let policy = host["RestartPolicy"]["Name"].as_str().unwrap_or_default();
            assert_eq!(policy == "unless-stopped", self.plan.production, "{}: {name}: {policy}", self.name());
            let rotates = !host["LogConfig"]["Config"]["max-size"].is_null();
            assert_eq!(rotates, self.plan.production, "{}: {name} keeps its whole log", self.name());
        }
    }

    /// Where the image of the database takes a file, production gives it no variable.
    fn keeps_secrets(&self) {
        let containers = self.running.stack.containers();
        let postgres = containers.iter().find(|container| service_of(container) == "postgres").expect("the database");
        let env = postgres["Config"]["Env"].as_array().expect("variables");
        let shows = env.iter().filter_map(Value::as_str).any(|line| line.contains(SECRET));
        assert_eq!(shows, self.name() != "prod", "{}", self.name());
    }

    fn texts(&self) -> Vec<String> {
        // While the API is away, the front end answers for every path.
        let tasks = self.until("/api/tasks", |response| response.json().is_array()).json();
        let texts = tasks.as_array().expect("tasks").iter().map(|task| task["text"].as_str().expect("a text"));
        texts.map(str::to_owned).collect()
    }

    /// Nothing is lost with a container that dies, and everything finds its way back.
    fn keeps_tasks_when_containers_die(&self) {
        self.running.stack.run(&["kill", "postgres", "redis", "api", "worker-ai"]);
        self.running.start();
        self.until("/api/health/overall", |response| response.json()["database"] == "connected");
        assert_eq!(self.texts().len(), 3, "{}", self.name());
        let wish = json!({ "queue": "ai", "text": "after that" });
        self.request("POST", "/api/tasks").json(&wish).until(PATIENCE, |response| response.status == 201);
        let is_done = |task: &Value| task["text"] == "after that" && task["state"] == "done";
        self.until("/api/tasks", |response| response.json().as_array().into_iter().flatten().any(is_done));
    }

    /// Nor with all of them.
    fn keeps_tasks_over_down_and_up(&self) {
        let before = self.texts();
        self.running.stack.run(&["down", "--timeout", "10"]);
        self.running.start();
        self.until("/api/health/overall", |response| response.json()["database"] == "connected");
        assert_eq!(self.texts(), before, "{}", self.name());
    }

    /// Within the time that the engine gives each container: what needs longer is killed, which its exit code says.
    fn stops_in_time(&self) {
        let start = Instant::now();
        self.running.ends_in_time();
        say(&format!("personal-assistant, {}: gone after {:.1} s", self.name(), start.elapsed().as_secs_f64()));
    }

    fn port(&self) -> u16 {
        self.running.port("TRAEFIK_WEBSECURE_HOST_PORT")
    }

    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("https://{}:{}{path}", self.host, self.port()), self.port())
    }

    fn until(&self, path: &str, wanted: impl Fn(&Response) -> bool) -> Response {
        self.request("GET", path).until(PATIENCE, wanted)
    }
}

/// A container that does nothing in the place of each service whose image is not to be had; and the certificate authority
/// is not to hear of a test.
fn left_out(plan: &Plan) -> Value {
    let idle = json!({
        "image": "redis:7-alpine",
        "user": "999:999",
        "entrypoint": ["sleep"],
        "command": ["infinity"],
        "healthcheck": { "test": ["CMD", "true"] },
    });
    let names = LEFT_OUT.iter().filter(|name| plan.services.contains_key(**name));
    let mut services: Map<String, Value> = names.map(|name| ((*name).to_owned(), idle.clone())).collect();
    services.insert("traefik".to_owned(), json!({ "extra_hosts": ["acme-v02.api.letsencrypt.org:127.0.0.1"] }));
    json!({ "services": services })
}

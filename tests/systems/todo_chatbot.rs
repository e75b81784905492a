//! The todo chatbot: an API in Python, a front end of Next.js, and a database.

use std::io::Read as _;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{fs, iter};

use serde_json::{Value, json};
use stackgen::plan::Plan;

use crate::support::compose::{self, docker};
use crate::support::http::{Request, Response};
use crate::support::rendered::{Rendered, example};
use crate::support::running::{Running, SECRET};
use crate::support::{has_tools, say};

/// A container that was killed is back, or a change has arrived.
const PATIENCE: Duration = Duration::from_secs(30);
/// What production is asked for as.
const API: &str = "https://api.todo.example.com";
const SITE: &str = "https://todo.example.com";

#[test]
fn the_todo_chatbot_keeps_its_todos_in_dev_and_in_prod() {
    if !compose::has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let rendered = example("todo-chatbot");
    for plan in &rendered.plans {
        let todos = Todos::up(&rendered, plan);
        todos.is_well();
        todos.bakes_the_address_of_the_api();
        todos.keeps_what_it_was_told();
        todos.has_only_what_it_needs();
        todos.is_limited();
        if plan.production {
            todos.has_no_secret_in_a_layer();
        } else {
            todos.follows_an_edit(&rendered);
        }
        let stopped = todos.timed("stop", || todos.running.stack.run(&["stop"]));
        assert!(stopped < Duration::from_secs(10), "{}: {stopped:?} until it had stopped", plan.environment);
        todos.running.ends_in_time();
    }
}

/// One environment, up and healthy.
struct Todos<'p> {
    running: Running,
    plan: &'p Plan,
    api: u16,
    site: u16,
}

impl<'p> Todos<'p> {
    fn up(rendered: &Rendered, plan: &'p Plan) -> Self {
        let values: &[_] = if plan.production { &[("NEXT_PUBLIC_API_URL", API), ("CORS_ORIGINS", SITE)] } else { &[] };
        let running = Running::prepared("systems", rendered, plan, values);
        let (api, site) = (running.port("BACKEND_HOST_PORT"), running.port("FRONTEND_HOST_PORT"));
        let todos = Self { running, plan, api, site };
        todos.timed("build", || todos.running.stack.run(&["build"]));
        let started = todos.timed("up until healthy", || todos.running.start());
        // A development server compiles what it is asked for, and that takes as long as the machine wants.
        assert!(!plan.production || started < PATIENCE, "{}: {started:?} until it was healthy", plan.environment);
        todos
    }

    /// Each answers for itself, and the API to pages of the front end alone.
    fn is_well(&self) {
        let health = self.api("GET", "/health", "").until(PATIENCE, |answer| answer.status == 200).json();
        assert_eq!(health, json!({ "service": "backend", "status": "ok", "database": "ok" }));
        assert!(self.page().body.contains("<h1>Todos</h1>"), "{:#?}", self.page());
        let site = if self.plan.production { SITE.to_owned() } else { format!("http://localhost:{}", self.site) };
        let allowed = |origin: &str| {
            let answer = self.api("GET", "/health", "").header("Origin", origin).send().expect("an answer");
            answer.headers["access-control-allow-origin"].clone()
        };
        assert_eq!(allowed(&site), json!(site), "{}", self.plan.environment);
        assert_eq!(allowed("https://elsewhere.example.com"), Value::Null, "{}", self.plan.environment);
    }

    /// The scripts of the page ask for the API where a browser finds it.
    fn bakes_the_address_of_the_api(&self) {
        let address = if self.plan.production { API.to_owned() } else { format!("http://localhost:{}", self.api) };
        let page = self.page().body;
        let scripts: Vec<&str> = page
            .split("src=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|src| src.contains(".js"))
            .collect();
        assert!(!scripts.is_empty(), "{page}");
        let is_there = scripts.iter().any(|path| self.site(path).body.contains(&address));
        assert!(is_there, "{}: {address} is in none of {scripts:?}", self.plan.environment);
    }

    /// A todo outlives a restart, containers that are removed, and processes that are killed.
    fn keeps_what_it_was_told(&self) {
        let begun = self.api("POST", "/api/session", "").send().expect("a session");
        let session = begun.json()["token"].as_str().expect("a token").to_owned();
        let nobody = self.api("GET", "/api/todos", "").send().expect("an answer");
        assert_eq!(nobody.status, 401, "{nobody:#?}");
        let made = self.api("POST", "/api/todos", &session).json(&json!({ "title": "water the plants" })).send();
        assert_eq!(made.expect("a todo").status, 201);
        let said = self.api("POST", "/api/chat", &session).json(&json!({ "text": "add buy milk" })).send();
        assert_eq!(said.expect("an answer").json()["reply"], "Added: buy milk");

        let are_there = |after: &str| {
            let listed = self.api("GET", "/api/todos", &session).until(PATIENCE, |answer| answer.status == 200).json();
            let titles: Vec<&str> =
                listed.as_array().expect("todos").iter().filter_map(|todo| todo["title"].as_str()).collect();
            assert_eq!(titles, ["water the plants", "buy milk"], "{}, after {after}", self.plan.environment);
        };
        are_there("the first start");
        self.running.stack.run(&["restart", "--timeout", "3"]);
        are_there("a restart");
        self.running.stack.run(&["down", "--timeout", "5"]);
        self.running.start();
        are_there("down and up");
        for service in ["backend", "postgres"] {
            // The shell dies with the rest.
            let _ = self.running.stack.try_run(&["exec", "-T", service, "sh", "-c", "kill -KILL -1"]);
            if !self.plan.production {
                self.until_gone(service);
                self.running.start();
            }
            are_there(&format!("the death of {service}"));
        }
    }

    /// The engine notices a moment later that a container is dead, and nothing starts it again.
    fn until_gone(&self, service: &str) {
        let start = Instant::now();
        let runs = |container: &Value| {
            let is_it = container["Config"]["Labels"]["com.docker.compose.service"] == service;
            is_it && container["State"]["Running"] == true
        };
        while self.running.stack.containers().iter().any(runs) {
            assert!(start.elapsed() < PATIENCE, "{service} is still there");
            sleep(Duration::from_millis(100));
        }
    }

    /// Production has neither what development needs nor a compiler.
    fn has_only_what_it_needs(&self) {
        let succeeds = |service: &str, command: &str| {
            self.running.stack.try_run(&["exec", "-T", service, "sh", "-c", command]).status.success()
        };
        assert!(succeeds("backend", "python -c 'import fastapi'"), "{}", self.plan.environment);
        let pytest = succeeds("backend", "python -c 'import pytest'");
        assert_eq!(pytest, !self.plan.production, "{}: pytest", self.plan.environment);
        assert!(succeeds("frontend", "test -e node_modules/next"), "{}", self.plan.environment);
        let typescript = succeeds("frontend", "test -e node_modules/typescript");
        assert_eq!(typescript, !self.plan.production, "{}: TypeScript", self.plan.environment);
        for service in ["backend", "frontend"] {
            assert!(!succeeds(service, "command -v gcc || command -v cc"), "{}: {service}", self.plan.environment);
            assert!(succeeds(service, "test $(id -u) = 1000"), "{}: {service}", self.plan.environment);
        }
    }

    /// The engine was told how much production may take.
    fn is_limited(&self) {
        let wanted = if self.plan.production { (512 << 20, 1_000_000_000_u64) } else { (0, 0) };
        for container in self.running.stack.containers() {
            let limits = &container["HostConfig"];
            let found = (limits["Memory"].as_u64(), limits["NanoCpus"].as_u64());
            assert_eq!(found, (Some(wanted.0), Some(wanted.1)), "{}: {}", self.plan.environment, container["Name"]);
        }
    }

    /// Neither the files of an image nor what is said about it have a secret in them.
    fn has_no_secret_in_a_layer(&self) {
        for (service, known) in [("backend", "begin a session first"), ("frontend", API)] {
            let image = format!("{}-{service}", self.running.project);
            let mut save = docker().args(["save", &image]).stdout(Stdio::piped()).spawn().expect("docker starts");
            let mut output = save.stdout.take().expect("a pipe");
            let mut searches = [Search::of(known), Search::of(SECRET)];
            let mut buffer = vec![0; 1 << 20];
            loop {
                let length = output.read(&mut buffer).expect("an image");
                if length == 0 {
                    break;
                }
                for search in &mut searches {
                    search.read(&buffer[..length]);
                }
            }
            assert!(save.wait().expect("docker").success(), "docker save {image}");
            assert!(searches[0].found, "{image} has what it runs, or nothing is read here");
            assert!(!searches[1].found, "{image} has a secret in it");
        }
    }

    /// What is edited is live a moment later, without a new image.
    fn follows_an_edit(&self, rendered: &Rendered) {
        let mut watch = self.running.stack.begin(&["watch", "--no-up"]);
        let backend = ("backend/app/main.py", "\"status\": \"ok\"", "\"status\": \"edited\"");
        let frontend = ("frontend/app/page.tsx", "<h1>Todos</h1>", "<h1>Edited</h1>");
        for ((path, from, to), port, asked) in [(backend, self.api, "/health"), (frontend, self.site, "/")] {
            let start = Instant::now();
            let path = rendered.root().join(path);
            let before = fs::read_to_string(&path).expect("a source");
            let after = before.replace(from, to);
            assert_ne!(before, after, "{}: no {from}", path.display());
            let url = format!("http://localhost:{port}{asked}");
            let wanted = to.trim_start_matches("\"status\": ");
            // `watch` says nowhere that it has begun, so the edit is made again until it is seen.
            for attempt in 1.. {
                fs::write(&path, format!("{after}{}", "\n".repeat(attempt))).expect("a writable folder");
                let until = Instant::now() + Duration::from_secs(3);
                let is_live =
                    || Request::new("GET", &url, port).send().is_ok_and(|answer| answer.body.contains(wanted));
                if iter::repeat_with(is_live).take_while(|_| Instant::now() < until).any(|is_live| is_live) {
                    break;
                }
                assert!(start.elapsed() < PATIENCE, "the edit of {} does not arrive", path.display());
            }
            fs::write(&path, before).expect("a writable folder");
            say(&format!("todo-chatbot, dev: {asked} edited: {:.1} s", start.elapsed().as_secs_f64()));
        }
        watch.kill().expect("a process that runs");
        watch.wait().expect("a process that ends");
    }

    fn page(&self) -> Response {
        self.site("/")
    }

    fn site(&self, path: &str) -> Response {
        let url = format!("http://localhost:{}{path}", self.site);
        Request::new("GET", &url, self.site).until(PATIENCE, |answer| answer.status == 200)
    }

    fn api(&self, method: &str, path: &str, session: &str) -> Request {
        let request = Request::new(method, &format!("http://localhost:{}{path}", self.api), self.api);
        if session.is_empty() { request } else { request.header("Authorization", &format!("Bearer {session}")) }
    }

    fn timed<T>(&self, step: &str, act: impl FnOnce() -> T) -> Duration {
        let start = Instant::now();
        act();
        say(&format!("todo-chatbot, {}: {step}: {:.1} s", self.plan.environment, start.elapsed().as_secs_f64()));
        start.elapsed()
    }
}

/// Looks for a text in what comes in parts.
struct Search<'t> {
    text: &'t [u8],
    rest: Vec<u8>,
    found: bool,
}

impl<'t> Search<'t> {
    fn of(text: &'t str) -> Self {
        Self { text: text.as_bytes(), rest: Vec::new(), found: false }
    }

    fn read(&mut self, part: &[u8]) {
        self.rest.extend_from_slice(part);
        let first = self.text[0];
        let starts = self.rest.iter().enumerate().filter(|(_, byte)| **byte == first).map(|(at, _)| at);
        self.found = self.found || { starts }.any(|at| self.rest[at..].starts_with(self.text));
        let kept = self.rest.len().min(self.text.len() - 1);
        self.rest.drain(..self.rest.len() - kept);
    }
}

//! The todo chatbot: an API in Python, a front end of Next.js, and a database.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stackgen::plan::Plan;

use crate::support::compose;
use crate::support::http::{Request, Response};
use crate::support::rendered::{Rendered, example};
use crate::support::running::Running;
use crate::support::{has_tools, say};
use crate::{confined, edits, images};

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
        todos.running.smokes(&rendered, plan, &[], true, &[]);
        todos.bakes_the_address_of_the_api();
        todos.keeps_what_it_was_told();
        confined::is_all_of(&todos.running.stack, plan.production, &[]);
        images::are_as_they_should_be(&[(&todos.running.project, &todos.running.stack)]);
        if !plan.production {
            todos.follows_an_edit(&rendered);
            images::are_rebuilt_upon_the_same_packages(
                &todos.running.project,
                &todos.running.stack,
                &[("backend", "app/main.py"), ("frontend", "app/page.tsx")],
            );
        }
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
        images::plant(&todos.running.stack);
        todos.timed("build", || todos.running.stack.run(&["build"]));
        // A development server compiles what it is asked for, and that takes as long as the machine wants.
        todos.running.start();
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
            let before = self.started(service);
            // The shell dies with the rest, so what became of it tells nothing.
            let _ = self.running.stack.try_run(&["exec", "-T", service, "sh", "-c", "kill -KILL -1"]);
            if self.plan.production {
                self.until(service, |container| container["State"]["StartedAt"] != before);
            } else {
                self.until(service, |container| container["State"]["Running"] == false);
                self.running.start();
            }
            are_there(&format!("the death of {service}"));
        }
    }

    /// The engine notices a moment later that a container is dead; in production it starts it again.
    fn until(&self, service: &str, is_so: impl Fn(&Value) -> bool) {
        let start = Instant::now();
        while !is_so(&self.container(service)) {
            assert!(start.elapsed() < PATIENCE, "{service} outlived it: {}", self.container(service)["State"]);
            sleep(Duration::from_millis(100));
        }
    }

    fn started(&self, service: &str) -> Value {
        self.container(service)["State"]["StartedAt"].clone()
    }

    fn container(&self, service: &str) -> Value {
        let containers = self.running.stack.containers().into_iter();
        containers.into_iter().find(|container| compose::service_of(container) == service).expect("a container")
    }

    /// What is edited is live a moment later, without a new image.
    fn follows_an_edit(&self, rendered: &Rendered) {
        let _watching = self.running.stack.watch();
        let backend = ("backend/app/main.py", ("\"status\": \"ok\"", "\"status\": \"edited\""), "\"edited\"");
        let frontend = ("frontend/app/page.tsx", ("<h1>Todos</h1>", "<h1>Edited</h1>"), "<h1>Edited</h1>");
        for ((path, change, wanted), port, asked) in [(backend, self.api, "/health"), (frontend, self.site, "/")] {
            let url = format!("http://localhost:{port}{asked}");
            let is_seen = || Request::new("GET", &url, port).send().is_ok_and(|answer| answer.body.contains(wanted));
            edits::is_live(&format!("todo-chatbot, watched: {path}"), &rendered.root().join(path), change, is_seen);
        }
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

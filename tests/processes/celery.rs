//! Workers and a scheduler of Celery: each asked for itself, each with its own queues, none killed in the midst of a task.

use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use serde_json::Value;
use stackgen::plan::Plan;

use crate::support::compose::{self, docker, service_of};
use crate::support::http::{Request, Response};
use crate::support::rendered::Rendered;
use crate::support::running::Running;
use crate::support::{has_tools, say};

/// A task has an answer, the scheduler has sent some.
const UNTIL_WORKED: Duration = Duration::from_secs(20);

/// A changed task is the one that is run: the worker ends, and loads its application anew.
const UNTIL_RELOADED: Duration = Duration::from_secs(15);

/// What every worker answers from.
const USER: u64 = 1000;

#[test]
fn workers_take_their_queues_and_a_scheduler_gives_them_work() {
    if !compose::has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let start = Instant::now();
    let rendered = super::rendered("queues");
    for plan in &rendered.plans {
        let queues = Queues::up(&rendered, plan);
        for (queue, service) in [("ai", "worker-ai"), ("sms", "worker-tasks"), ("grocery", "worker-tasks")] {
            let body = queues.who(&format!("?queue={queue}"));
            assert_eq!((&body["queue"], &body["user"]), (&queue.into(), &USER.into()), "{body}");
            assert_eq!(body["worker"], queues.node(service), "{queue}");
        }
        assert_eq!(queues.who("")["queue"], "celery", "what has no queue goes to the worker that names none");
        queues.get("/notes", |body| body["ticks"].as_str().is_some_and(|ticks| ticks.parse().unwrap_or(0) > 1));
        queues.probes_ask_the_process_itself();
        if plan.is_default {
            queues.reload(&rendered);
            queues.listens_for_a_debugger();
        }
        queues.a_stop_waits_for_the_task();
        queues.running.ends_in_time();
    }
    say(&format!("workers and a scheduler: {:.1} s", start.elapsed().as_secs_f64()));
}

/// The stack with its workers, up and healthy.
struct Queues {
    running: Running,
}

impl Queues {
    fn up(rendered: &Rendered, plan: &Plan) -> Self {
        Self { running: Running::up("processes", rendered, plan, &[]) }
    }

    /// Every probe that the engine has asked was answered already. It is the process itself that answers: not another
    /// worker, and not a schedule that somebody has left behind.
    fn probes_ask_the_process_itself(&self) {
        let worker = self.container("worker-ai");
        assert_eq!(worker["State"]["Health"]["Status"], "healthy", "{worker}");
        assert!(ask(&worker, &worker).success());
        assert!(!ask(&worker, &self.container("api")).success(), "workers answer, but there is none in this container");
        let scheduler = self.container("scheduler");
        assert_eq!(scheduler["State"]["Health"]["Status"], "healthy", "{scheduler}");
        assert!(ask(&scheduler, &scheduler).success());
        let age = "touch -d '10 minutes ago' /var/lib/celery/celerybeat-schedule*";
        self.running.stack.run(&["exec", "scheduler", "sh", "-c", age]);
        assert!(!ask(&scheduler, &scheduler).success(), "nothing has written the schedule for ten minutes");
    }

    /// A change of a task is live without a build.
    fn reload(&self, rendered: &Rendered) {
        let path = rendered.root().join("api/shop/worker.py");
        let text = fs::read_to_string(&path).expect("a source");
        fs::write(&path, text.replace("VERSION = 1", "VERSION = 2")).expect("a writable source");
        let start = Instant::now();
        while self.who("?queue=ai")["version"] != 2 {
            assert!(start.elapsed() < UNTIL_RELOADED, "the change is not live after {UNTIL_RELOADED:?}");
        }
        say(&format!("a changed task: {:.1} s", start.elapsed().as_secs_f64()));
    }

    /// The adapter speaks first (Debug Adapter Protocol, "Base protocol").
    fn listens_for_a_debugger(&self) {
        let port = self.running.port("WORKER_DEBUG_HOST_PORT");
        let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("an open port");
        socket.set_read_timeout(Some(UNTIL_WORKED)).expect("a timeout");
        let mut said = [0; 14];
        socket.read_exact(&mut said).expect("a greeting");
        assert_eq!(&said, b"Content-Length");
    }

    /// A worker ends what it has begun.
    fn a_stop_waits_for_the_task(&self) {
        self.get("/slow?queue=ai&seconds=4", Value::is_object);
        self.get("/notes", |body| body["slow"] == "begun");
        self.running.stack.run(&["stop", "worker-ai"]);
        let state = self.container("worker-ai")["State"].clone();
        assert_eq!(state["ExitCode"], 0, "{state}");
        self.get("/notes", |body| body["slow"] == "ended");
    }

    /// Who works on a task.
    fn who(&self, query: &str) -> Value {
        self.get(&format!("/who{query}"), Value::is_object)
    }

    fn get(&self, path: &str, is_expected: impl Fn(&Value) -> bool) -> Value {
        let port = self.running.port("API_HOST_PORT");
        let url = format!("http://localhost:{port}{path}");
        let fits = |response: &Response| response.status == 200 && is_expected(&response.json());
        Request::new("GET", &url, port).until(UNTIL_WORKED, fits).json()
    }

    /// The name of the node in the only container of a service.
    fn node(&self, service: &str) -> String {
        format!("celery@{}", self.container(service)["Config"]["Hostname"].as_str().expect("a host name"))
    }

    fn container(&self, service: &str) -> Value {
        let containers = self.running.stack.containers().into_iter();
        containers.into_iter().find(|container| service_of(container) == service).expect("a container")
    }
}

/// Runs the probe of one container in another one.
fn ask(probed: &Value, inside: &Value) -> ExitStatus {
    let test = probed["Config"]["Healthcheck"]["Test"].as_array().expect("a probe");
    let words = test.iter().skip(1).map(|word| word.as_str().expect("a word"));
    let id = inside["Id"].as_str().expect("an id");
    docker().args(["exec", id]).args(words).output().expect("docker starts").status
}

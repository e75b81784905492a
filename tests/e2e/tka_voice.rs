//! `examples/tka-voice`: a backend with a database, a cache and uploads, and tests that are run on demand.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stackgen::plan::Plan;

use crate::support::compose;
use crate::support::http::{Request, Response};
use crate::support::rendered::{Rendered, example};
use crate::support::running::Running;
use crate::support::{everything_said, has_tools, say};
use crate::{confined, edits, images};

/// A healthy container answers; one that has read a changed file is back a moment later.
const UNTIL_ANSWERED: Duration = Duration::from_secs(30);

/// Services of dev whose images are not to be had here.
const LEFT_OUT: [&str; 2] = ["pgadmin", "ngrok"];

#[test]
fn tka_voice_runs_in_dev_and_after_that_in_prod() {
    if !compose::has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let rendered = example("tka-voice");
    for plan in &rendered.plans {
        let start = Instant::now();
        let voice = Voice::up(&rendered, plan);
        voice.is_well();
        // What is left out is missing, and smoke says so.
        let absent: Vec<&str> = LEFT_OUT.into_iter().filter(|name| plan.services.contains_key(*name)).collect();
        voice.running.smokes(&rendered, plan, &["--timeout", "3"], absent.is_empty(), &absent);
        voice.keeps_a_call();
        voice.makes_a_tone();
        voice.answers_twilio();
        voice.keeps_uploads_over_a_restart_and_a_kill();
        confined::is_all_of(&voice.running.stack, plan.production, &[]);
        images::are_as_they_should_be(&[(&voice.running.project, &voice.running.stack)]);
        if plan.production {
            voice.shows_nothing_of_development();
        } else {
            voice.reads_a_changed_source(&rendered);
            voice.passes_its_tests();
            let (project, stack) = (&voice.running.project, &voice.running.stack);
            images::are_rebuilt_upon_the_same_packages(project, stack, &[("backend", "main.py")]);
        }
        voice.stops_in_time();
        say(&format!("tka-voice, {}: {:.1} s", plan.environment, start.elapsed().as_secs_f64()));
    }
}

/// One environment of the stack, up and healthy.
struct Voice<'p> {
    running: Running,
    plan: &'p Plan,
    port: u16,
}

impl<'p> Voice<'p> {
    fn up(rendered: &Rendered, plan: &'p Plan) -> Self {
        let running = Running::prepared("systems", rendered, plan, &[]);
        for name in LEFT_OUT.iter().filter(|name| plan.services.contains_key(**name)) {
            say(&format!("left out of tka-voice, {}: {name}, whose image is not to be had here", plan.environment));
        }
        images::plant(&running.stack);
        running.stack.run(&["--profile", "*", "build"]);
        // It brings up what it depends on; nothing that always runs is forgotten.
        let own = ["backend", "postgres", "redis"];
        let others = plan.services.values().filter(|service| service.profiles.is_empty());
        let forgotten: Vec<&str> = others
            .map(|service| service.name.as_str())
            .filter(|name| !own.contains(name) && !LEFT_OUT.contains(name))
            .collect();
        assert_eq!(forgotten, [""; 0]);
        running.stack.up(180, &own);
        let port = running.port("BACKEND_HOST_PORT");
        Self { running, plan, port }
    }

    fn is_well(&self) {
        let body = self.get("/health").json();
        let expected = json!({ "status": "ok", "environment": self.plan.environment, "database": true, "cache": true });
        assert_eq!(body, expected);
    }

    /// Through to the table of the schema that is run once, and to the cache.
    fn keeps_a_call(&self) {
        let call = json!({ "caller": "+15550123", "said": "it's \"odd\" \\ $x" });
        let kept = self.send("POST", "/calls", Some(&call), 201).json();
        assert_eq!((&kept["caller"], &kept["said"]), (&call["caller"], &call["said"]));
        assert_eq!(self.get("/calls").json(), json!([kept]));
        assert_eq!(self.get("/callers/+15550123").json()["calls"], 1);
    }

    /// With ffmpeg, into the volume that belongs to the user.
    fn makes_a_tone(&self) {
        let made = self.send("POST", "/tones/la.wav", None, 201).json();
        let seconds = made["seconds"].as_f64().expect("a length");
        assert!((seconds - 1.0).abs() < 0.1, "{made}");
    }

    fn answers_twilio(&self) {
        let answered = self.send("POST", "/voice", None, 200);
        assert!(answered.body.contains("<Record action=\"https://"), "{answered:#?}");
    }

    fn keeps_uploads_over_a_restart_and_a_kill(&self) {
        let notes = json!({ "kept": self.plan.environment });
        self.send("PUT", "/uploads/notes.txt", Some(&notes), 201);
        let steps: [&[&[&str]]; 3] = [
            &[&["restart", "backend"]],
            &[
                &["kill", "backend", "postgres", "redis"],
                &["up", "--no-build", "--wait", "--wait-timeout", "60", "backend"],
            ],
            &[&["down"], &["up", "--no-build", "--wait", "--wait-timeout", "60", "backend"]],
        ];
        for step in steps {
            for arguments in step {
                self.running.stack.run(arguments);
            }
            assert_eq!(self.get("/uploads/notes.txt").json(), notes, "after {step:?}");
            assert_eq!(self.get("/calls").json().as_array().map(Vec::len), Some(1), "after {step:?}");
            assert_eq!(self.get("/callers/+15550123").json()["calls"], 1, "after {step:?}");
        }
    }

    /// The source is mounted, and the server starts again with what has changed in it.
    fn reads_a_changed_source(&self, rendered: &Rendered) {
        let path = rendered.root().join("backend/main.py");
        let change = ("\"status\": \"ok\"", "\"status\": \"changed\"");
        let url = format!("http://localhost:{}/health", self.port);
        let health = || Request::new("GET", &url, self.port).send();
        let is_seen = || health().is_ok_and(|answer| answer.json()["status"] == "changed");
        edits::is_live("tka-voice, mounted: backend/main.py", &path, change, is_seen);
        self.until("/health", |body| body["status"] == "ok");
    }

    /// On demand, against a database of their own.
    fn passes_its_tests(&self) {
        let said = everything_said(&self.running.stack.run(&["run", "--rm", "test-runner"]));
        assert!(said.contains(" passed") && !said.contains("failed"), "{said}");
    }

    fn shows_nothing_of_development(&self) {
        let containers = self.running.stack.containers();
        assert_eq!(containers.len(), 3, "{containers:#?}");
        let backend = containers.iter().find(|container| container["Name"] == "/tka_backend").expect("the backend");
        let mounts = backend["Mounts"].as_array().expect("mounts");
        assert!(mounts.iter().all(|mount| mount["Type"] == "volume"), "{mounts:#?}");
        let command = backend["Config"]["Cmd"].as_array().expect("a command");
        assert!(!command.contains(&"--reload".into()), "{command:?}");
        let published =
            |container: &Value| container["HostConfig"]["PortBindings"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(containers.iter().map(published).sum::<usize>(), 1, "the backend alone is published");
    }

    /// Within the time that the engine gives each container: what needs longer is killed, which its exit code says.
    fn stops_in_time(&self) {
        self.running.ends_in_time();
    }

    fn get(&self, path: &str) -> Response {
        self.send("GET", path, None, 200)
    }

    /// Asks until there is an answer; the status must be this one.
    fn send(&self, method: &str, path: &str, body: Option<&Value>, status: u64) -> Response {
        let url = format!("http://localhost:{}{path}", self.port);
        let request = Request::new(method, &url, self.port);
        let mut request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answered = request.until(UNTIL_ANSWERED, |_| true);
        assert_eq!(answered.status, status, "{method} {path}: {answered:#?}");
        answered
    }

    fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) {
        let url = format!("http://localhost:{}{path}", self.port);
        Request::new("GET", &url, self.port).until(UNTIL_ANSWERED, |response| wanted(&response.json()));
    }
}

//! The stacks in `tests/stacks` on a real Docker engine: built, started, asked, stopped, in each environment.
//!
//! Each is the smallest one of its sort: a program with one dependency for everybody and one for development alone,
//! both of which it looks for. What it answers at `/` is said in [`Smallest::answers`]; a front end is files.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stackgen::plan::{Plan, Target};
use support::compose::{self, docker, service_of};
use support::http::{Request, Response};
use support::rendered::{Rendered, running};
use support::running::Running;
use support::{everything_said, has_tools, in_parallel, say};

/// A healthy container answers; the engine may take a moment to open its port.
const UNTIL_ANSWERED: Duration = Duration::from_secs(5);

#[test]
fn each_stack_builds_starts_and_answers_in_every_environment() {
    if !compose::has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let stacks = running();
    assert!(stacks.len() > 3, "{stacks:?}");
    in_parallel(&stacks, |folder| {
        let rendered = Rendered::at(folder);
        for plan in &rendered.plans {
            let start = Instant::now();
            let smallest = Smallest::up(&rendered, plan);
            match rendered.name.as_str() {
                "vite" => smallest.is_a_front_end(),
                "prisma" => {
                    smallest.answers();
                    assert_eq!(smallest.get("/").json()["models"], json!(["Note"]), "{}", smallest.name);
                }
                "nginx" => {
                    smallest.answers();
                    smallest.is_reached_through_the_web_server();
                }
                _ => smallest.answers(),
            }
            if plan.services.contains_key("database") {
                smallest.database_is_as_described();
            }
            // The volume is the same in every environment.
            if plan.services.contains_key("database") && plan.is_default {
                smallest.database_keeps_its_data();
            }
            smallest.running.ends_in_time();
            say(&format!("{}, {}: {:.1} s", rendered.name, plan.environment, start.elapsed().as_secs_f64()));
        }
    });
}

#[test]
fn a_lock_file_that_does_not_fit_stops_the_build() {
    if !compose::has_engine() {
        return;
    }
    in_parallel(&running(), |folder| {
        let rendered = Rendered::at(folder);
        let Some(manifest) = asks_for_more(&rendered.root().join("app")) else { return };
        let build = rendered.plans[0].services["app"].build.as_ref().expect("a built service");
        let context = rendered.root().join(&build.context);
        let dockerfile = context.join(build.dockerfile.as_deref().unwrap_or("Dockerfile"));
        // A front end is built with all its dependencies, and what it is built to has none.
        let text = fs::read_to_string(&dockerfile).expect("a Dockerfile");
        let stages = ["production-dependencies", "dependencies"];
        let stage = stages.into_iter().find(|stage| text.contains(&format!(" AS {stage}\n"))).expect("a stage");
        let mut command = docker();
        command.args(["build", "--progress", "plain", "--target", stage, "--output", "type=cacheonly"]);
        command.arg("--file").arg(&dockerfile);
        let output = command.arg(&context).output().expect("docker starts");
        let said = everything_said(&output);
        assert!(!output.status.success(), "{}: {manifest} asks for more than is locked:\n{said}", rendered.name);
        let stopped = said.lines().any(|line| line.contains("did not complete successfully"));
        assert!(stopped, "{}: not the installation, but:\n{said}", rendered.name);
    });
}

/// Lets the manifest of a source ask for a package that its lock file does not know; none where nothing is locked.
fn asks_for_more(source: &Path) -> Option<&'static str> {
    let changed = [
        ("package.json", "\"ms\": \"2.1.3\"", "\"ms\": \"2.1.3\", \"isexe\": \"3.1.1\""),
        ("pyproject.toml", "\"uvicorn==0.54.0\"", "\"uvicorn==0.54.0\", \"iniconfig==2.3.1\""),
    ];
    let (name, from, to) = changed.into_iter().find(|(name, ..)| source.join(name).is_file())?;
    let path = source.join(name);
    let text = fs::read_to_string(&path).expect("a readable file");
    assert!(text.contains(from), "{}: no {from}", path.display());
    fs::write(path, text.replacen(from, to, 1)).expect("a writable file");
    Some(name)
}

/// One environment of a stack, up and healthy.
struct Smallest<'r> {
    running: Running,
    plan: &'r Plan,
    name: String,
    port: u16,
}

impl<'r> Smallest<'r> {
    fn up(rendered: &Rendered, plan: &'r Plan) -> Self {
        let running = Running::up("stacks", rendered, plan, &[]);
        let port = running.port("APP_HOST_PORT");
        Self { running, plan, name: format!("{}-{}", rendered.name, plan.environment), port }
    }

    fn answers(&self) {
        let answered = self.get("/");
        let body = answered.json();
        let development = self.is_development();
        assert_eq!(body["service"], "app", "{}: {answered:#?}", self.name);
        assert_eq!(body["day"], 86_400_000, "{}: its dependency: {answered:#?}", self.name);
        assert_eq!(body["development"], development, "{}: what only development needs: {answered:#?}", self.name);
        assert_eq!(body["user"], 1000, "{}: {answered:#?}", self.name);
    }

    /// What a browser needs of a front end: its page under every path, with the value that the build was told, the rest
    /// under its name alone, and kept as long as it may be.
    fn is_a_front_end(&self) {
        let page = self.get("/");
        assert_eq!(self.get("/a/path/of/its/router").body, page.body, "{}", self.name);
        assert_eq!(page.headers["cache-control"], "no-cache", "{}: {page:#?}", self.name);
        let script = |body: &str| {
            let before = |end: &str| body.split(end).next().and_then(|start| start.rsplit('"').next());
            before(".js\"").map(|path| format!("{path}.js")).expect("a script")
        };
        if self.is_development() {
            assert_eq!(script(&page.body), "/src/main.js", "{}: {page:#?}", self.name);
            let source = self.get("/src/main.js");
            assert!(source.body.contains("the tests"), "{}: {source:#?}", self.name);
            return;
        }
        let asset = self.get(&script(&page.body));
        assert!(asset.body.contains("the tests"), "{}: {asset:#?}", self.name);
        assert_eq!(asset.headers["cache-control"], "public, max-age=31536000, immutable", "{}", self.name);
        let gone = self.ask("/assets/of-an-older-build.js").until(UNTIL_ANSWERED, |answer| answer.status == 404);
        assert_eq!(gone.headers["x-content-type-options"], "nosniff", "{}: {gone:#?}", self.name);
        assert_eq!(gone.headers["cache-control"], Value::Null, "{}: {gone:#?}", self.name);
        let user = self.running.stack.run(&["exec", "-T", "app", "id", "-u"]);
        assert_eq!(String::from_utf8_lossy(&user.stdout).trim(), "1000", "{}", self.name);
        let write = self.running.stack.try_run(&["exec", "-T", "app", "touch", "/usr/share/nginx/html/index.html"]);
        assert!(!write.status.success(), "{}: its root is read-only", self.name);
    }

    /// The web server has files of its own, and passes on what is below a path, also to a container that is made anew.
    fn is_reached_through_the_web_server(&self) {
        let port = self.running.port("WEB_HOST_PORT");
        let ask = |path: &str| Request::new("GET", &format!("http://localhost:{port}{path}"), port);
        let get = |path: &str| ask(path).until(UNTIL_ANSWERED, |response| response.status == 200);
        assert!(get("/").body.contains("what nginx serves"), "{}", self.name);
        assert_eq!(ask("/missing").send().expect("an answer").status, 404, "{}", self.name);
        assert_eq!(ask("/apple").send().expect("an answer").status, 404, "{}: no part of a name", self.name);
        for path in ["/app", "/app/", "/app/a%20path?with=query"] {
            let body = get(path).json();
            assert_eq!((&body["service"], &body["url"]), (&json!("app"), &json!(path)), "{}", self.name);
            let told = &body["told"];
            assert_eq!(told["host"], json!(format!("localhost:{port}")), "{}", self.name);
            assert_eq!(told["protocol"], "http", "{}", self.name);
            assert!(told["for"].is_string(), "{}: {told}", self.name);
        }
        let secure = ask("/app").header("X-Forwarded-Proto", "https").send().expect("an answer").json();
        assert_eq!(secure["told"]["protocol"], "https", "{}: as the proxy before it says", self.name);
        let socket = ask("/app/socket").header("Connection", "Upgrade").header("Upgrade", "websocket").send();
        assert_eq!(socket.expect("an answer").status, 101, "{}: a WebSocket", self.name);
        let checked = self.running.stack.run(&["exec", "-T", "web", "nginx", "-t"]);
        assert!(everything_said(&checked).contains("test is successful"), "{}: {checked:?}", self.name);
        let all = everything_said(&self.running.stack.run(&["exec", "-T", "web", "nginx", "-T"]));
        assert!(all.contains("client_max_body_size 5m;"), "{}: {all}", self.name);
        let address = || {
            let containers = self.running.stack.containers();
            let app = containers.iter().find(|it| service_of(it) == "app");
            let networks = app.expect("the app")["NetworkSettings"]["Networks"].as_object().expect("networks").clone();
            networks.values().map(|network| network["IPAddress"].to_string()).collect::<Vec<_>>()
        };
        let before = address();
        self.running.stack.run(&["rm", "--stop", "--force", "app"]);
        // Until the name is looked up again, it waits for the address that was.
        ask("/app").until(Duration::from_secs(30), |response| matches!(response.status, 502 | 504));
        // Another container takes the address.
        self.running.stack.run(&["run", "--detach", "--no-deps", "app"]);
        self.running.start();
        assert_ne!(before, address(), "{}", self.name);
        let found = ask("/app").until(Duration::from_secs(10), |response| response.status == 200);
        assert_eq!(found.json()["service"], "app", "{}", self.name);
    }

    /// Everything that the first start had to make is there, and belongs to the owner.
    fn database_is_as_described(&self) {
        assert_eq!(self.get("/about").json(), json!({ "owner": "keeper", "name": "ledger" }), "{}", self.name);
        let names = self.get("/databases").json();
        let names: BTreeSet<&str> = names.as_array().expect("names").iter().filter_map(Value::as_str).collect();
        let only_in_dev = self.plan.is_default.then_some("tests");
        let ours = ["ledger", "reports", "it's \"odd\" \\ $x :y"].into_iter().chain(only_in_dev);
        let of_every_server = ["postgres", "template0", "template1"];
        assert_eq!(names, ours.chain(of_every_server).collect(), "{}", self.name);
    }

    /// What is written survives a restart, and containers that are removed; what runs once does not run again.
    fn database_keeps_its_data(&self) {
        // Docker Hub's image ends at once; one without its stop signal waits for the program to leave.
        let restart = ["restart", "--timeout", "3", "database"];
        let mut visits = vec!["the first"];
        let steps: [&[&[&str]]; 3] =
            [&[], &[&restart], &[&["down"], &["up", "--no-build", "--wait", "--wait-timeout", "60"]]];
        for step in steps {
            for arguments in step {
                self.running.stack.run(arguments);
            }
            visits.push("somebody");
            assert_eq!(self.get("/visit").json(), json!(visits), "{}, after {step:?}", self.name);
        }
    }

    fn is_development(&self) -> bool {
        let build = self.plan.services["app"].build.as_ref().expect("a built service");
        build.target.as_deref() == Some(Target::Development.name())
    }

    fn get(&self, path: &str) -> Response {
        self.ask(path).until(UNTIL_ANSWERED, |response| response.status == 200)
    }

    fn ask(&self, path: &str) -> Request {
        Request::new("GET", &format!("http://localhost:{}{path}", self.port), self.port)
    }
}

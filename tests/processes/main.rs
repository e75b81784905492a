//! Several processes of one program on a real Docker engine, behind the proxy of another stack: what `extends`,
//! `one-shot`, `external`, `edge`, `protocol = "tcp"`, `build-env`, `file`, `context`, `reload = "mount"` and `debug` promise;
//! and the workers of Celery and secrets that nobody sets, in modules of their own.
//!
//! Needs a Docker engine and Python.

mod celery;
mod credentials;
#[path = "../support/mod.rs"]
mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::{Value, json};
use support::compose::{self, docker};
use support::http::{Request, Response};
use support::rendered::Rendered;
use support::running::Running;
use support::{everything_said, has_tools, repository, say, succeed, write_env_file};

/// The proxy learns of a container a moment after it is healthy.
const UNTIL_ROUTED: Duration = Duration::from_secs(5);

/// A changed file is live within this time.
const UNTIL_RELOADED: Duration = Duration::from_secs(5);

const PASSWORD: &str = "a-password-of-the-tests";
const TOKEN: &str = "a-token-of-the-tests";

#[test]
fn processes_of_one_program_run_behind_the_proxy_of_another_stack() {
    if !compose::has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let start = Instant::now();
    let owner = rendered("owner");
    let proxy = Running::up("processes", &owner, &owner.plans[0], &[]);
    let family = rendered("family");
    for plan in &family.plans {
        let values = [("EDGE", proxy.project.as_str()), ("PASSWORD", PASSWORD), ("REGISTRY", TOKEN)];
        let running = Running::up("processes", &family, plan, &values);
        let answered = answer_of(&proxy);
        let body = answered.json();
        assert_eq!(body["service"], "app", "{answered:#?}");
        assert_eq!(body["password"], PASSWORD, "the secret is a file");
        assert_eq!(body["plain"], Value::Null, "and no variable");
        assert_eq!(body["shared"], "hello\n", "a path beside the source");
        assert_eq!(body["migrations"], "once\n", "only the server runs what comes before its start");
        let worker: Value = serde_json::from_str(body["worker"].as_str().expect("the worker ran")).expect("JSON");
        assert_eq!(worker, json!({ "setup": true, "user": 1000 }), "it waited for what ends by design");
        echoes(&proxy);
        if plan.is_default {
            reloads(&family, &proxy);
            listens_for_a_debugger(&running);
        } else {
            let told: Value = serde_json::from_str(body["told"].as_str().expect("built")).expect("JSON");
            assert_eq!(told, json!({ "level": "3", "token": TOKEN.len() }), "the build knew its secret");
        }
        keeps_no_secret(&running);
        running.stack.down();
    }
    say(&format!("processes behind another stack's proxy: {:.1} s", start.elapsed().as_secs_f64()));
}

#[test]
fn an_empty_secret_stops_compose_although_it_would_be_no_file() {
    if !compose::has_compose() {
        return;
    }
    let family = rendered("family");
    let plan = &family.plans[0];
    let env_file = family.root().join(plan.env_file());
    let values = [("EDGE", "x"), ("PASSWORD", ""), ("REGISTRY", "x")].map(|(name, value)| (name.into(), value.into()));
    write_env_file(&family.root().join(plan.env_example()), &env_file, &values);
    let said = compose::config_json(&family.root().join(plan.compose_file()), family.root(), &env_file);
    assert!(said.as_ref().is_err_and(|said| said.contains("PASSWORD")), "{said:?}");
}

fn rendered(name: &str) -> Rendered {
    Rendered::at(&repository().join(Path::new("tests/processes")).join(name))
}

fn answer_of(proxy: &Running) -> Response {
    let port = proxy.port("PROXY_WEB_HOST_PORT");
    let mut request = Request::new("GET", &format!("http://family.localhost:{port}/"), port);
    request.until(UNTIL_ROUTED, |response| response.status == 200 && response.json()["worker"].is_string())
}

/// A connection through the proxy reaches the program as it is.
fn echoes(proxy: &Running) {
    let mut socket = TcpStream::connect(("127.0.0.1", proxy.port("PROXY_RAW_HOST_PORT"))).expect("an open port");
    socket.set_read_timeout(Some(UNTIL_ROUTED)).expect("a timeout");
    socket.write_all(b"ping").expect("an open connection");
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).expect("an echo");
    assert_eq!(&answer, b"ping");
}

/// A change of the source is live without a build.
fn reloads(family: &Rendered, proxy: &Running) {
    let path = family.root().join("app/src/server.js");
    let text = fs::read_to_string(&path).expect("a source");
    fs::write(&path, text.replace("VERSION = 1", "VERSION = 2")).expect("a writable source");
    let start = Instant::now();
    while answer_of(proxy).json()["version"] != 2 {
        assert!(start.elapsed() < UNTIL_RELOADED, "the change is not live after {UNTIL_RELOADED:?}");
        thread::sleep(Duration::from_millis(200));
    }
}

fn listens_for_a_debugger(running: &Running) {
    let port = running.port("APP_DEBUG_HOST_PORT");
    let url = format!("http://localhost:{port}/json");
    let answered = Request::new("GET", &url, port).until(UNTIL_ROUTED, |response| response.status == 200);
    assert_eq!(answered.json()[0]["type"], "node", "{answered:#?}");
}

/// No image holds a secret: neither in its history and configuration, nor in a layer.
fn keeps_no_secret(running: &Running) {
    let image = format!("{}-app", running.project);
    let about = succeed(docker().args(["image", "inspect", &image]));
    let history = succeed(docker().args(["history", "--no-trunc", &image]));
    let whole = succeed(docker().args(["image", "save", &image]));
    for output in [&about, &history] {
        let said = everything_said(output);
        assert!(!said.contains(TOKEN) && !said.contains(PASSWORD), "{said}");
    }
    for secret in [TOKEN, PASSWORD] {
        let bytes = secret.as_bytes();
        assert!(!whole.stdout.windows(bytes.len()).any(|window| window == bytes), "a layer of {image} holds a secret");
    }
}

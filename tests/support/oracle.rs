//! The real Traefik as a judge of rendered labels: see `tests/oracles/traefik.py`.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{everything_said, repository, tool};

/// Whether the oracle can work here; where it cannot, the test is skipped aloud.
pub(crate) fn available() -> bool {
    if !cfg!(target_os = "linux") {
        super::skip("the Traefik oracle needs Linux, whose whole 127.0.0.0/8 is loopback");
        return false;
    }
    super::has_tools(&["python3", "traefik"])
}

/// What an oracle answers: JSON in, JSON out.
///
/// # Panics
/// Where it cannot work, with all that it said.
pub(crate) fn ask(command: &mut Command, question: &Value) -> Value {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut oracle = piped.spawn().expect("the oracle starts");
    let mut stdin = oracle.stdin.take().expect("a piped stdin");
    stdin.write_all(question.to_string().as_bytes()).expect("the oracle reads");
    drop(stdin);
    let output = oracle.wait_with_output().expect("the oracle ends");
    assert!(output.status.success(), "the oracle cannot work:\n{}", everything_said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON from the oracle")
}

/// A request that every proxy gets.
pub(crate) fn request(method: &str, url: &str) -> Value {
    json!({ "method": method, "url": url })
}

/// All that the proxies of some projects on one host had to say.
#[derive(Debug)]
pub(crate) struct Verdict(Value);

impl Verdict {
    /// Shows the projects (`docker compose config` as JSON) to a Traefik each, and sends the requests to all of them.
    pub(crate) fn on(projects: &[&Value], requests: &[Value]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(tool("python3").expect("the caller has asked `available`"));
        command.arg("-B").arg(repository().join("tests/oracles/traefik.py"));
        for (number, project) in projects.iter().enumerate() {
            let path = folder.path().join(format!("{number}.json"));
            fs::write(&path, project.to_string()).expect("a writable folder");
            command.arg(path);
        }
        Self(ask(&mut command, &Value::from(requests)))
    }

    /// What the proxy of one project said.
    pub(crate) fn proxy(&self, project: &Value) -> Proxy<'_> {
        let name = project["name"].as_str().expect("a project's name");
        Proxy(self.0["proxies"].get(name).unwrap_or_else(|| panic!("{name} has no proxy")))
    }
}

/// All that one Traefik had to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proxy<'a>(&'a Value);

impl<'a> Proxy<'a> {
    /// Whether it went on until it was stopped.
    pub(crate) fn kept_running(self) -> bool {
        self.0["exit"].is_null()
    }

    /// The names of its HTTP and TCP routers, with `@docker`.
    pub(crate) fn routers(self) -> Vec<&'a str> {
        self.objects("routers").map(|(name, _)| name).collect()
    }

    /// Routers, middlewares and services that it could not use, with its reason.
    pub(crate) fn broken(self) -> Vec<String> {
        let every = ["routers", "middlewares", "services"].into_iter().flat_map(|kind| self.objects(kind));
        let broken = every.filter(|(_, object)| object["status"] != "enabled" || !object["error"].is_null());
        broken.map(|(name, object)| format!("{name}: {}: {}", object["status"], object["error"])).collect()
    }

    /// Its log at WARN and above, without the known noise.
    pub(crate) fn log(self) -> Vec<String> {
        self.0["log"].as_array().expect("log lines").iter().map(Value::to_string).collect()
    }

    /// The answers, in the order of the requests.
    pub(crate) fn answers(self) -> Vec<Answer<'a>> {
        self.0["requests"].as_array().expect("answers").iter().map(Answer).collect()
    }

    fn objects(self, kind: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        self.0[kind].as_object().expect("named objects").iter().map(|(name, object)| (name.as_str(), object))
    }
}

/// What became of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a>(&'a Value);

impl<'a> Answer<'a> {
    /// The URL as it was asked for.
    pub(crate) fn url(self) -> &'a str {
        self.text("url").expect("every answer repeats its URL")
    }

    /// The HTTP status, where there was an answer.
    pub(crate) fn status(self) -> Option<u64> {
        self.0["status"].as_u64()
    }

    /// Where it was redirected to.
    pub(crate) fn location(self) -> Option<&'a str> {
        self.text("location")
    }

    /// The router that Traefik's access log names, with its provider.
    pub(crate) fn router(self) -> Option<&'a str> {
        self.text("router")
    }

    /// The Compose project whose container answered.
    pub(crate) fn project(self) -> Option<&'a str> {
        self.text("project")
    }

    /// The service whose container answered.
    pub(crate) fn service(self) -> Option<&'a str> {
        self.text("service")
    }

    /// The container's port that was asked.
    pub(crate) fn port(self) -> Option<u64> {
        self.0["port"].as_u64()
    }

    /// The path and query that the container saw.
    pub(crate) fn path(self) -> Option<&'a str> {
        self.text("path")
    }

    /// Why there was no answer, or why there could be none outside of the oracle.
    pub(crate) fn error(self) -> Option<&'a str> {
        self.text("error")
    }

    /// A header of the answer, by its name in lower case.
    pub(crate) fn header(self, name: &str) -> Option<&'a str> {
        self.0["headers"][name].as_str()
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.0[key].as_str()
    }
}

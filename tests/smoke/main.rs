//! `stackgen smoke`: against a server of the test at a `--base-url`, and against a real stack behind a real Traefik, whole
//! and broken in every way that has a cause of its own.

mod remote;
mod stack;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use serde_json::Value;
use support::{everything_said, stackgen};

/// What `stackgen smoke --format json` said.
struct Smoke {
    /// The exit code.
    code: Option<i32>,
    document: Value,
}

impl Smoke {
    /// Runs it in a folder.
    fn run(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = stackgen();
        command.current_dir(folder).args(["smoke", "--format", "json"]).args(arguments);
        let output = command.output().expect("stackgen starts");
        let document = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", everything_said(&output)));
        Self { code: output.status.code(), document }
    }

    fn environment(&self) -> &Value {
        &self.document["environments"][0]
    }

    fn checks(&self) -> &[Value] {
        self.environment()["checks"].as_array().expect("checks")
    }

    /// The check whose request ends like this.
    fn check(&self, end: &str) -> &Value {
        let found =
            self.checks().iter().find(|check| check["request"].as_str().is_some_and(|asked| asked.ends_with(end)));
        found.unwrap_or_else(|| panic!("{end} is not asked: {:#}", self.document))
    }

    /// What became of that check, and the word for its cause.
    fn result(&self, end: &str) -> (&str, &str) {
        let check = self.check(end);
        (text(&check["result"]), text(&check["cause"]["kind"]))
    }

    /// The sentence of its cause, what was printed about it, and the help.
    fn cause(&self, end: &str) -> String {
        self.check(end)["cause"].to_string()
    }

    fn service(&self, name: &str) -> &Value {
        let services = self.environment()["services"].as_array().expect("services");
        services.iter().find(|service| service["service"] == name).unwrap_or_else(|| panic!("no {name}"))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

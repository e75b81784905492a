//! Many requests at once: see `tests/oracles/load.py`.

use std::fmt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{everything_said, repository, succeed, tool};

/// Where requests go to.
pub(crate) struct Target<'a> {
    /// What is asked for.
    pub(crate) url: &'a str,
    /// The port of this machine, whatever host the URL names.
    pub(crate) port: u16,
    /// What stands in the body of a good answer: who else answers counts as none.
    pub(crate) body: &'a str,
    /// Who has to have issued its certificate; without one, any will do.
    pub(crate) authority: Option<&'a Path>,
}

/// What became of many requests: how often each status came, and how often none.
pub(crate) struct Outcome(Value);

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Target<'_> {
    /// Sends so many requests over so many connections.
    pub(crate) fn ask(&self, requests: u32, connections: u32) -> Outcome {
        let mut command = self.command(connections);
        let output = succeed(command.args(["--requests", &requests.to_string()]));
        Outcome(serde_json::from_slice(&output.stdout).expect("JSON from the oracle"))
    }

    /// Begins to send requests, until it is told to end.
    pub(crate) fn keep_asking(&self, connections: u32) -> Asking {
        let mut command = self.command(connections);
        command.arg("--until-closed").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Asking(command.spawn().expect("python3 starts"))
    }

    fn command(&self, connections: u32) -> Command {
        let mut command = Command::new(tool("python3").expect("the caller has looked for python3"));
        command.arg("-B").arg(repository().join("tests/oracles/load.py"));
        command.args(["--connections", &connections.to_string(), "--connect", &format!("127.0.0.1:{}", self.port)]);
        command.args(["--body", self.body]);
        if let Some(authority) = self.authority {
            command.arg("--ca").arg(authority);
        }
        command.args(["GET", self.url]);
        command
    }
}

/// Requests that go on.
pub(crate) struct Asking(Child);

impl Asking {
    /// Ends them.
    pub(crate) fn end(self) -> Outcome {
        // Its stdin is closed here.
        let output = self.0.wait_with_output().expect("the oracle ends");
        assert!(output.status.success(), "{}", everything_said(&output));
        Outcome(serde_json::from_slice(&output.stdout).expect("JSON from the oracle"))
    }
}

impl Outcome {
    /// How many were answered with this status.
    pub(crate) fn answered(&self, status: u16) -> u64 {
        self.0["answers"][status.to_string()].as_u64().unwrap_or_default()
    }

    /// The longest time in which no request was answered well, in seconds.
    pub(crate) fn gap(&self) -> f64 {
        self.0["gap"].as_f64().expect("a time")
    }

    /// How many there were.
    pub(crate) fn all(&self) -> u64 {
        let count = |key: &str| self.0[key].as_object().into_iter().flatten().filter_map(|(_, number)| number.as_u64());
        count("answers").chain(count("errors")).sum()
    }
}

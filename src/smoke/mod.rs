//! Whether a running stack works: its services are healthy, and each of its routes leads to the right one.
//!
//! ```text
//! plan ─▶ asking: what to ask ─▶ http: asked ─▶ verdict: passed, failed with its cause, or unproved
//!            ▲ reach: where ports are published     ▲ proxy: who answered, by the proxy's access log
//!            └──────────── engine: containers ──────┘ services: how each service is
//! ```
//!
//! [`run`] does it, for one environment. What touches the engine and the network is in `engine` and `http`; everything
//! that decides is pure, and takes what those have found. `docs/smoke.md` says what is proved, and what is not.

use std::time::Duration;

use serde::Serialize;

mod asking;
mod container;
pub mod emit;
mod engine;
mod http;
pub mod progress;
mod proxy;
mod reach;
mod redaction;
mod rounds;
mod running;
mod services;
#[cfg(test)]
mod tests;
mod url;
mod verdict;
mod waiting;

pub use running::{Failure, Options, run};
pub use services::ServiceReport;

/// What a smoke test has found out about one environment.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The environment.
    pub environment: String,
    /// The Compose project.
    pub project: String,
    /// Why the engine could not be asked, in words; none where it was.
    pub without_engine: Option<String>,
    /// The services, those first that are the cause of others; empty without an engine.
    pub services: Vec<ServiceReport>,
    /// What was asked.
    pub checks: Vec<Checked>,
    /// Whether URLs were given, so that there is something to ask in any case.
    #[serde(skip)]
    pub is_by_url: bool,
}

impl Report {
    /// Whether anything was asked: a check; or, where the stack has nothing that could be, the engine about services.
    pub fn is_asked(&self) -> bool {
        if self.checks.is_empty() && !self.is_by_url {
            return self.services.iter().any(|service| service.result == Outcome::Passed);
        }
        self.checks.iter().any(|check| check.address.is_some() && check.result != Outcome::Skipped)
    }

    /// How many services and checks came to this.
    pub fn count(&self, result: Outcome) -> usize {
        let services = self.services.iter().map(|service| service.result);
        services.chain(self.checks.iter().map(|check| check.result)).filter(|found| *found == result).count()
    }
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is as it should be, and it is known who answered.
    Passed,
    /// It is not as it should be.
    Failed,
    /// Nothing is wrong, and nothing shows who answered, or nothing could be asked: no pass.
    Unproved,
    /// It is not to be asked.
    Skipped,
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unproved => "unproved",
            Self::Skipped => "skipped",
        }
    }
}

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A request through the proxy, by a route.
    Route,
    /// A request to an entry point that redirects.
    Redirect,
    /// A request to a port that a service publishes itself.
    Health,
    /// A connection to a port.
    Connection,
}

/// What shows who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The proxy's access log names the container.
    AccessLog,
    /// The answer is what `expect` says, which no other service would give.
    Expect,
    /// The port is published by that container alone.
    PublishedPort,
}

impl Evidence {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::AccessLog => "access log",
            Self::Expect => "`expect`",
            Self::PublishedPort => "its own port",
        }
    }
}

/// A check and what became of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// What it is about.
    pub kind: Kind,
    /// The service that should answer.
    pub service: String,
    /// The route, by its name in services.toml; none for a port of the service itself, or for a router of labels.
    pub route: Option<String>,
    /// What was asked: `GET https://host/path`, or `tcp host:port`.
    pub request: String,
    /// The address that was connected to; none where nothing was.
    pub address: Option<String>,
    /// The status of the answer; none where there was none.
    pub status: Option<u16>,
    /// What became of it.
    pub result: Outcome,
    /// What shows who answered.
    pub evidence: Option<Evidence>,
    /// The service that answered, where that is known.
    pub answered_by: Option<String>,
    /// The router that took the request, where that is known.
    pub router: Option<String>,
    /// Why it did not pass.
    pub cause: Option<Cause>,
    /// How long the last attempt took, in milliseconds.
    #[serde(rename = "time-ms", serialize_with = "milliseconds")]
    pub time: Duration,
}

/// Why something is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What it is, as one word for programs.
    pub kind: &'static str,
    /// The same as a sentence.
    pub message: String,
    /// What the service or the proxy has printed about it, without secrets.
    pub log: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Cause {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), log: Vec::new(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn log(mut self, log: impl IntoIterator<Item = String>) -> Self {
        self.log.extend(log);
        self
    }
}

fn milliseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

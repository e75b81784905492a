//! HTTP as a client of the running stack would speak it.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{repository, tool};

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u64,
    /// Names in lower case.
    pub(crate) headers: Value,
    pub(crate) body: String,
    /// The serial number and the issuer of the certificate; null where nobody checked it.
    pub(crate) certificate: Value,
}

impl Response {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// One request to a port of this machine, whatever host the URL names.
pub(crate) struct Request {
    command: Command,
}

impl Request {
    /// A request without a body; any certificate will do.
    pub(crate) fn new(method: &str, url: &str, port: u16) -> Self {
        let mut request = Self::to(method, url, port);
        request.command.arg("--insecure");
        request
    }

    /// The same, where only a certificate will do that this authority has issued for the host.
    pub(crate) fn trusting(authority: &Path, method: &str, url: &str, port: u16) -> Self {
        let mut request = Self::to(method, url, port);
        request.command.arg("--ca").arg(authority);
        request
    }

    fn to(method: &str, url: &str, port: u16) -> Self {
        let mut command = Command::new(tool("python3").expect("the caller has looked for python3"));
        command.arg("-B").arg(repository().join("tests/oracles/request.py"));
        command.args(["--connect", &format!("127.0.0.1:{port}"), method, url]);
        Self { command }
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.command.args(["--header", &format!("{name}: {value}")]);
        self
    }

    /// With a JSON body.
    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.command.args(["--header", "Content-Type: application/json", "--data", &body.to_string()]);
        self
    }

    /// With the HMAC of the body in a header.
    pub(crate) fn signed(mut self, header: &str, secret: &str) -> Self {
        self.command.args(["--sign", &format!("{header}: {secret}")]);
        self
    }

    /// Sends it; what went wrong where there was no answer.
    pub(crate) fn send(&mut self) -> Result<Response, String> {
        let output = self.command.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        let answer: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        let status = answer["status"].as_u64().ok_or("no status")?;
        let body = answer["body"].as_str().ok_or("no body")?.to_owned();
        Ok(Response { status, headers: answer["headers"].clone(), body, certificate: answer["certificate"].clone() })
    }

    /// Sends it again and again until the answer is the wanted one, for at most `patience`.
    ///
    /// # Panics
    /// With the last answer when time is up.
    pub(crate) fn until(&mut self, patience: Duration, wanted: impl Fn(&Response) -> bool) -> Response {
        let start = Instant::now();
        loop {
            let answer = self.send();
            match answer {
                Ok(response) if wanted(&response) => return response,
                _ if start.elapsed() < patience => sleep(Duration::from_millis(200)),
                _ => panic!("after {patience:?}, {:?} still has {answer:#?}", self.command),
            }
        }
    }
}

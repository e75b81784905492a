//! The Docker client, asked for what the engine has. Nothing here changes anything: `ps`, `inspect`, `info`, `logs` and
//! their like are GET requests to the engine.
//!
//! The client and not the engine's socket: it knows contexts, `DOCKER_HOST` and SSH, and Compose needs it anyway.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a command of the client printed.
pub(crate) struct Said {
    /// On its standard output.
    pub(crate) out: String,
    /// On its standard error.
    pub(crate) err: String,
}

/// What a command of the client prints; in words why not.
pub(crate) fn ask(arguments: &[&str]) -> Result<Said, String> {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`docker` cannot be run: {error}"))?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("`docker` cannot be read".to_owned());
    };
    let (out, err) = (reader(out), reader(err));
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < PATIENCE => sleep(Duration::from_millis(10)),
            Ok(None) => {
                // It may have ended just now.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("the engine does not answer within {} seconds", PATIENCE.as_secs()));
            }
            Err(error) => return Err(format!("`docker` cannot be waited for: {error}")),
        }
    };
    let (Ok(Ok(out)), Ok(Ok(err))) = (out.join(), err.join()) else {
        return Err("`docker` cannot be read".to_owned());
    };
    // Logs hold whatever a program has printed.
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let said = Said { out: text(out), err: text(err) };
    if !status.success() {
        return Err(said.err.lines().next().unwrap_or("`docker` fails without a word").to_owned());
    }
    Ok(said)
}

/// Reads to the end beside others, so that no pipe is ever full.
fn reader(mut pipe: impl Read + Send + 'static) -> JoinHandle<std::io::Result<Vec<u8>>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).map(|_| bytes)
    })
}

//! The Docker client, asked for what the engine has. Nothing here changes anything: `ps`, `inspect`, `info`, `logs` and
//! their like are GET requests to the engine.
//!
//! The client and not the engine's socket: it knows contexts, `DOCKER_HOST` and SSH, and Compose needs it anyway.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long something may still come after the client has ended: what it has started (SSH for a later question, say) may
/// hold its pipes for hours.
const LINGERING: Duration = Duration::from_secs(2);
/// How much is read of one pipe, in bytes.
const MOST: usize = 64 << 20;

/// What a command of the client printed.
#[derive(Debug)]
pub(crate) struct Said {
    /// On its standard output.
    pub(crate) out: String,
    /// On its standard error.
    pub(crate) err: String,
}

/// What a command of the client prints; in words why not.
pub(crate) fn ask(arguments: &[&str]) -> Result<Said, String> {
    let mut command = Command::new("docker");
    command.args(arguments);
    answer(command, PATIENCE, LINGERING, MOST)
}

fn answer(mut command: Command, patience: Duration, lingering: Duration, most: usize) -> Result<Said, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`docker` cannot be run: {error}"))?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("`docker` cannot be read".to_owned());
    };
    let (out, err) = (reader(out, most), reader(err, most));
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < patience => sleep(Duration::from_millis(10)),
            Ok(None) => {
                // It may have ended just now.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("the engine does not answer within {} seconds", patience.as_secs()));
            }
            Err(error) => return Err(format!("`docker` cannot be waited for: {error}")),
        }
    };
    let end = Instant::now() + patience.saturating_sub(start.elapsed()).max(lingering);
    let (out, err) = (collect(&out, lingering, end)?, collect(&err, lingering, end)?);
    // Logs hold whatever a program has printed.
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let said = Said { out: text(out), err: text(err) };
    if !status.success() {
        return Err(said.err.lines().next().unwrap_or("`docker` fails without a word").to_owned());
    }
    Ok(said)
}

/// Reads to the end beside others, so that no pipe is ever full: piece by piece, since the end may never come.
fn reader(mut pipe: impl Read + Send + 'static, most: usize) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    spawn(move || {
        let mut piece = vec![0; 1 << 16];
        let mut length = 0;
        loop {
            let read = match pipe.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => Ok(piece[..count].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            length += read.as_ref().map_or(0, Vec::len);
            let read = if length > most { Err(io::Error::other("it prints too much")) } else { read };
            let is_over = read.is_err();
            // Nobody listens any more, or has heard enough.
            if sender.send(read).is_err() || is_over {
                return;
            }
        }
    });
    receiver
}

/// Everything that was read by the end of a command.
fn collect(pieces: &Receiver<io::Result<Vec<u8>>>, lingering: Duration, end: Instant) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match pieces.recv_timeout(lingering.min(left)) {
            Ok(Ok(piece)) => bytes.extend(piece),
            Ok(Err(error)) => return Err(format!("`docker` cannot be read: {error}")),
            // What still holds the pipe is not the client, which has said everything.
            Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => return Ok(bytes),
        }
        if end <= Instant::now() {
            return Ok(bytes);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// What a client would say that is this script.
    fn said(script: &str, most: usize) -> Result<Said, String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        answer(command, Duration::from_secs(60), Duration::from_millis(500), most)
    }

    #[test]
    fn what_a_client_leaves_behind_on_its_pipes_is_not_waited_for() {
        let start = Instant::now();
        let left = said("sleep 50 & echo hello; echo there >&2", MOST).unwrap();
        assert_eq!((left.out.as_str(), left.err.as_str()), ("hello\n", "there\n"));
        assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
        assert_eq!(said("echo no such thing >&2; exit 1", MOST).unwrap_err(), "no such thing");
    }

    #[test]
    fn a_client_that_never_stops_talking_is_not_listened_to_for_ever() {
        let much = said("head -c 300000 /dev/zero", MOST).unwrap();
        assert_eq!(much.out.len(), 300_000);
        let error = said("head -c 300000 /dev/zero", 200_000).unwrap_err();
        assert_eq!(error, "`docker` cannot be read: it prints too much");
    }
}

//! What the engine has, as the Docker client tells it.
//!
//! The client and not the engine's socket: it knows contexts, `DOCKER_HOST` and SSH, and Compose needs it anyway.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Engine, Holder, Listening};
use crate::compose::port::{PortRange, Protocol};

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Of each container its name, its Compose project and its ports.
const CONTAINERS: &str = "{{.Names}}\t{{.Label \"com.docker.compose.project\"}}\t{{.Ports}}";

/// What the engine says.
pub(super) struct Answer {
    /// The ports that its containers have.
    pub(super) published: Vec<Listening>,
    pub(super) engine: Engine,
}

/// Asks the engine that Compose would use.
pub(super) fn ask() -> Result<Answer, String> {
    let containers = docker(&["ps", "--no-trunc", "--format", CONTAINERS])?;
    let names = |what: &str| -> Result<_, String> {
        Ok(docker(&[what, "ls", "--format", "{{.Name}}"])?.lines().map(str::to_owned).collect())
    };
    Ok(Answer {
        published: containers.lines().flat_map(published).collect(),
        engine: Engine { networks: names("network")?, volumes: names("volume")? },
    })
}

/// What a command of the client prints; in words why not.
fn docker(arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`docker` cannot be run: {error}"))?;
    let (Some(mut out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("`docker` cannot be read".to_owned());
    };
    let read = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).map(|_| text)
    });
    let said = std::thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).map(|_| text)
    });
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
    if !status.success() {
        let said = said.join().ok().and_then(Result::ok).unwrap_or_default();
        return Err(said.lines().next().unwrap_or("`docker` fails without a word").to_owned());
    }
    read.join().ok().and_then(Result::ok).ok_or_else(|| "`docker` prints no UTF-8".to_owned())
}

/// The ports of a container, as `docker ps` writes them: `0.0.0.0:8080-8081->80-81/tcp, [::]:53->53/udp, 6379/tcp`.
fn published(line: &str) -> Vec<Listening> {
    let mut fields = line.split('\t');
    let (Some(name), Some(project), Some(ports)) = (fields.next(), fields.next(), fields.next()) else {
        return Vec::new();
    };
    let project = (!project.is_empty()).then(|| project.to_owned());
    let mut published = Vec::new();
    for (address, target) in ports.split(", ").filter_map(|port| port.split_once("->")) {
        let Some((ip, range)) = address.rsplit_once(':') else { continue };
        let protocol = match target.rsplit_once('/') {
            Some((_, "udp")) => Protocol::Udp,
            Some((_, "sctp")) => Protocol::Sctp,
            _ => Protocol::Tcp,
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (Ok(first), Ok(last)) = (first.parse(), last.parse()) else { continue };
        let range = PortRange { first, last };
        let ip = ip.trim_matches(['[', ']']).parse().ok();
        published.extend((range.first..=range.last).map(|port| Listening {
            protocol,
            ip,
            port,
            by: Some(Holder::Container(name.to_owned(), project.clone())),
        }));
    }
    published
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_the_client_writes_them() {
        let line = "web-1\tshop\t0.0.0.0:8080-8081->80-81/tcp, [::1]:53->53/udp, 6379/tcp";
        let found: Vec<(Protocol, String, u16)> = published(line)
            .into_iter()
            .map(|listening| (listening.protocol, listening.ip.unwrap().to_string(), listening.port))
            .collect();
        let tcp = |port| (Protocol::Tcp, "0.0.0.0".to_owned(), port);
        assert_eq!(found, [tcp(8080), tcp(8081), (Protocol::Udp, "::1".to_owned(), 53)]);
        assert_eq!(published("web-1\t\t"), []);
        assert_eq!(published("a\tb"), []);
    }
}

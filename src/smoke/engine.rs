//! What a smoke test asks the engine, by the Docker client ([`crate::docker`]): which containers there are, how they are,
//! and what they have printed. Nothing is run in a container, and nothing is started or stopped.

use serde_json::Value;

use super::container::{Container, PROJECT};
use crate::docker;
use crate::plan::EDGE_LABEL;

/// The engine that Compose would use.
#[derive(Debug)]
pub(super) struct Engine {
    /// The host that its published ports are on; none for this one.
    pub(super) host: Option<String>,
    /// What its clock said at the start, as `docker logs --since` takes it.
    since: String,
}

impl Engine {
    /// Asks for the engine's time, which says whether there is one.
    pub(super) fn reach() -> Result<Self, String> {
        let info = docker::ask(&["info", "--format", "{{.SystemTime}}\t{{.ServerErrors}}"])?.out;
        let since = time(&info)?;
        let endpoint = docker::ask(&["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]);
        let endpoint = endpoint.map(|said| said.out).unwrap_or_default();
        Ok(Self { host: remote(endpoint.trim()), since })
    }

    /// Every container of a project, and every other one that its proxy takes requests for.
    pub(super) fn containers(project: &str, edge: &str) -> Result<Vec<Container>, String> {
        let mut ids = Vec::new();
        let mut asked_for = vec![(PROJECT, project), (EDGE_LABEL, edge)];
        if edge != project {
            asked_for.push((PROJECT, edge));
        }
        for (label, value) in asked_for {
            let filter = format!("label={label}={value}");
            let one_off = "label=com.docker.compose.oneoff=False";
            let asked = ["ps", "--all", "--no-trunc", "--format", "{{.ID}}", "--filter", &filter, "--filter", one_off];
            for id in docker::ask(&asked)?.out.lines() {
                if !ids.iter().any(|known| known == id) {
                    ids.push(id.to_owned());
                }
            }
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<&str> = ["container", "inspect"].into_iter().chain(ids.iter().map(String::as_str)).collect();
        let found: Vec<Value> = serde_json::from_str(&docker::ask(&asked)?.out)
            .map_err(|error| format!("`docker container inspect` prints no JSON: {error}"))?;
        Ok(Container::read_all(&found))
    }

    /// The last lines that a container has printed on both outputs.
    pub(super) fn tail(container: &str, lines: usize) -> Result<String, String> {
        let said = docker::ask(&["logs", "--tail", &lines.to_string(), container])?;
        Ok(said.out + &said.err)
    }

    /// What a container has printed since the start.
    pub(super) fn since(&self, container: &str) -> Result<String, String> {
        let said = docker::ask(&["logs", "--since", &self.since, container])?;
        Ok(said.out + &said.err)
    }
}

/// The engine's time in `time<tab>[errors]`; its errors where it does not say one, which a client prints by itself then.
fn time(info: &str) -> Result<String, String> {
    let (since, errors) = info.split_once('\t').unwrap_or((info, ""));
    let (since, errors) = (since.trim(), errors.trim().trim_matches(['[', ']']));
    match (since, errors) {
        ("", "") => Err("the engine does not say what time it is".to_owned()),
        ("", errors) => Err(errors.to_owned()),
        (since, _) => Ok(since.to_owned()),
    }
}

/// The host of an endpoint that is on another machine.
fn remote(endpoint: &str) -> Option<String> {
    let (scheme, rest) = endpoint.split_once("://")?;
    if !matches!(scheme, "tcp" | "ssh" | "http" | "https") {
        return None;
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    (!host.is_empty() && !is_here(host)).then(|| host.to_owned())
}

/// Whether a host is this machine.
pub(super) fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_answers_with_an_error_is_none() {
        assert_eq!(
            time("\t[Cannot connect to the Docker daemon]\n"),
            Err("Cannot connect to the Docker daemon".to_owned())
        );
        assert_eq!(time("2026-01-01T00:00:00Z\t[]\n"), Ok("2026-01-01T00:00:00Z".to_owned()));
        assert!(time("\n").is_err());
    }

    #[test]
    fn an_endpoint_says_where_ports_are_published() {
        for (endpoint, host) in [
            ("unix:///var/run/docker.sock", None),
            ("npipe:////./pipe/docker_engine", None),
            ("tcp://127.0.0.1:2375", None),
            ("ssh://deploy@voice.example.com:2222", Some("voice.example.com")),
            ("tcp://[2001:db8::1]:2376", Some("2001:db8::1")),
            ("", None),
        ] {
            assert_eq!(remote(endpoint).as_deref(), host, "{endpoint}");
        }
    }
}

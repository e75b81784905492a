//! What the engine has, as the Docker client tells it.

use super::{Engine, Holder, Listening};
use crate::compose::port::{PortRange, Protocol};
use crate::docker;

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
    let containers = docker::ask(&["ps", "--no-trunc", "--format", CONTAINERS])?.out;
    let names = |what: &str| -> Result<_, String> {
        Ok(docker::ask(&[what, "ls", "--format", "{{.Name}}"])?.out.lines().map(str::to_owned).collect())
    };
    Ok(Answer {
        published: containers.lines().flat_map(published).collect(),
        engine: Engine { networks: names("network")?, volumes: names("volume")? },
    })
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

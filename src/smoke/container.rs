//! A container as the engine describes it (`docker inspect`): the part of it that says whether and where it can be asked.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

/// The project that a container of Compose belongs to.
pub(super) const PROJECT: &str = "com.docker.compose.project";

/// The service that a container of Compose belongs to.
const SERVICE: &str = "com.docker.compose.service";

/// A container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Container {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// Its Compose project.
    pub(super) project: String,
    /// Its service.
    pub(super) service: String,
    /// The engine's word: `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    pub(super) state: String,
    /// Its probe; none where it has none.
    pub(super) health: Option<Health>,
    /// The exit code of the last run.
    pub(super) exit_code: i64,
    /// Whether the last run was ended for want of memory.
    pub(super) is_out_of_memory: bool,
    /// How often the engine has started it again.
    pub(super) restarts: u64,
    /// Why the engine could not start it; empty where it could.
    pub(super) error: String,
    /// Whether it shares the host's network.
    pub(super) is_on_host: bool,
    /// The id of the container whose network it has (`network_mode: service:…`).
    pub(super) shares: Option<String>,
    /// Its networks, and its addresses there: those of the other one where it shares them.
    pub(super) networks: BTreeMap<String, Vec<IpAddr>>,
    /// Its labels.
    pub(super) labels: BTreeMap<String, String>,
    /// The words behind its program.
    pub(super) arguments: Vec<String>,
    /// Its environment.
    pub(super) environment: Vec<(String, String)>,
    /// Its published ports.
    pub(super) ports: Vec<Published>,
}

/// What the probe of a container says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// `starting`, `healthy` or `unhealthy`.
    pub(super) status: String,
    /// How often it has failed in a row.
    pub(super) failures: u64,
    /// The exit code and the output of its last run; none before the first.
    pub(super) last: Option<(i64, String)>,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Published {
    /// The port in the container.
    pub(super) target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub(super) protocol: String,
    /// The address of the host; none for every one.
    pub(super) ip: Option<IpAddr>,
    /// The port of the host.
    pub(super) port: u16,
}

impl Container {
    /// Reads an element of what `docker inspect` prints.
    pub(super) fn read(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let state = &value["State"];
        let labels: BTreeMap<String, String> =
            entries(&value["Config"]["Labels"]).map(|(name, value)| (name.clone(), text(value))).collect();
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        let networks = entries(&value["NetworkSettings"]["Networks"]).map(|(name, network)| {
            let addresses = ["IPAddress", "GlobalIPv6Address"].into_iter();
            let addresses = addresses.filter_map(|key| network[key].as_str()?.parse().ok());
            (name.clone(), addresses.collect())
        });
        let environment =
            items(&value["Config"]["Env"]).filter_map(Value::as_str).filter_map(|set| set.split_once('='));
        Self {
            id: text(&value["Id"]),
            name: text(&value["Name"]).trim_start_matches('/').to_owned(),
            project: label(PROJECT),
            service: label(SERVICE),
            state: text(&state["Status"]),
            health: health(&state["Health"]),
            exit_code: state["ExitCode"].as_i64().unwrap_or_default(),
            is_out_of_memory: state["OOMKilled"].as_bool().unwrap_or_default(),
            restarts: value["RestartCount"].as_u64().unwrap_or_default(),
            error: text(&state["Error"]),
            is_on_host: value["HostConfig"]["NetworkMode"] == "host",
            shares: value["HostConfig"]["NetworkMode"].as_str().and_then(|mode| {
                let id = mode.strip_prefix("container:")?;
                Some(id.to_owned())
            }),
            networks: networks.collect(),
            labels,
            arguments: items(&value["Args"]).map(text).collect(),
            environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ports: ports(&value["NetworkSettings"]["Ports"]),
        }
    }

    /// Several, each with the networks that it has by another one.
    pub(super) fn read_all(values: &[Value]) -> Vec<Self> {
        let mut all: Vec<Self> = values.iter().map(Self::read).collect();
        for number in 0..all.len() {
            let Some(id) = &all[number].shares else { continue };
            let Some(owner) = all.iter().find(|other| other.id == *id) else { continue };
            let (networks, is_on_host) = (owner.networks.clone(), owner.is_on_host);
            all[number].networks = networks;
            all[number].is_on_host = is_on_host;
        }
        all
    }

    /// Whether its process runs.
    pub(super) fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// Whether it has this address on any network.
    pub(super) fn has_address(&self, address: IpAddr) -> bool {
        self.networks.values().flatten().any(|own| *own == address)
    }

    /// Whether both are on one network, as far as that is known.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let is_unknown = |container: &Self| container.shares.is_some() && container.networks.is_empty();
        is_unknown(self)
            || is_unknown(other)
            || self.is_on_host
            || other.is_on_host
            || self.networks.keys().any(|name| other.networks.contains_key(name))
    }
}

fn health(value: &Value) -> Option<Health> {
    let status = value["Status"].as_str().filter(|status| *status != "none")?.to_owned();
    let last = items(&value["Log"]).last();
    let last = last.map(|run| {
        (run["ExitCode"].as_i64().unwrap_or_default(), run["Output"].as_str().unwrap_or_default().to_owned())
    });
    Some(Health { status, failures: value["FailingStreak"].as_u64().unwrap_or_default(), last })
}

/// `{"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}`, where a port that is not published has `null`.
fn ports(value: &Value) -> Vec<Published> {
    let mut ports = Vec::new();
    for (target, bindings) in entries(value) {
        let (target, protocol) = target.split_once('/').unwrap_or((target, "tcp"));
        let Ok(target) = target.parse() else { continue };
        for binding in items(bindings) {
            let Some(port) = binding["HostPort"].as_str().and_then(|port| port.parse().ok()) else { continue };
            let ip: Option<IpAddr> = binding["HostIp"].as_str().and_then(|ip| ip.parse().ok());
            // Every address of the older family is every address.
            let ip = ip.filter(|ip| !ip.is_unspecified() || ip.is_ipv6());
            ports.push(Published { target, protocol: protocol.to_owned(), ip, port });
        }
    }
    // Every address of both families is two bindings.
    ports.sort();
    ports.dedup();
    let everywhere: Vec<Published> = ports.iter().filter(|port| port.ip.is_none()).cloned().collect();
    ports.retain(|port| {
        let is_all_of_one_family = port.ip.is_some_and(|ip| ip.is_unspecified());
        !is_all_of_one_family || !everywhere.contains(&Published { ip: None, ..port.clone() })
    });
    ports
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_read_as_the_engine_describes_it() {
        let value = serde_json::json!({
            "Id": "0123", "Name": "/shop-api-1", "RestartCount": 2, "Args": ["--a=b"],
            "State": {
                "Status": "running", "ExitCode": 0, "OOMKilled": false, "Error": "",
                "Health": { "Status": "unhealthy", "FailingStreak": 3, "Log": [
                    { "ExitCode": 0, "Output": "before" }, { "ExitCode": 1, "Output": "refused" }
                ] },
            },
            "HostConfig": { "NetworkMode": "shop_edge" },
            "Config": {
                "Env": ["TOKEN=a=b", "EMPTY="],
                "Labels": { "com.docker.compose.project": "shop", "com.docker.compose.service": "api" },
            },
            "NetworkSettings": {
                "Ports": {
                    "80/tcp": [{ "HostIp": "0.0.0.0", "HostPort": "8080" }, { "HostIp": "::", "HostPort": "8080" }],
                    "53/udp": [{ "HostIp": "127.0.0.1", "HostPort": "53" }],
                    "9000/tcp": null,
                },
                "Networks": { "shop_edge": { "IPAddress": "172.20.0.3", "GlobalIPv6Address": "" } },
            },
        });
        let container = Container::read(&value);
        assert_eq!((container.project.as_str(), container.service.as_str()), ("shop", "api"));
        assert_eq!(container.name, "shop-api-1");
        let health = container.health.clone().unwrap();
        assert_eq!((health.failures, health.last), (3, Some((1, "refused".to_owned()))));
        let ports: Vec<_> = container.ports.iter().map(|port| (port.target, port.ip.is_some(), port.port)).collect();
        assert_eq!(ports, [(53, true, 53), (80, false, 8080)]);
        assert!(container.has_address("172.20.0.3".parse().unwrap()));
        assert_eq!(container.environment[0], ("TOKEN".to_owned(), "a=b".to_owned()));
        let other = Container { networks: [("shop_internal".to_owned(), Vec::new())].into(), ..Container::default() };
        assert!(container.meets(&container) && !container.meets(&other));
    }
    #[test]
    fn a_port_of_one_family_alone_keeps_it() {
        let read = |bindings: Value| -> Vec<(Option<String>, u16)> {
            let read = ports(&serde_json::json!({ "80/tcp": bindings }));
            read.iter().map(|port| (port.ip.map(|ip| ip.to_string()), port.port)).collect()
        };
        let all = |ip: &str, port: &str| serde_json::json!({ "HostIp": ip, "HostPort": port });
        assert_eq!(read(serde_json::json!([all("::", "8080")])), [(Some("::".to_owned()), 8080)]);
        assert_eq!(read(serde_json::json!([all("0.0.0.0", "8080"), all("::", "8080")])), [(None, 8080)]);
        assert_eq!(
            read(serde_json::json!([all("0.0.0.0", "1"), all("::", "2")])),
            [(None, 1), (Some("::".to_owned()), 2)]
        );
    }

    #[test]
    fn a_container_on_the_network_of_another_one_has_its_addresses() {
        let container = |id: &str, mode: &str, networks: Value| {
            serde_json::json!({
                "Id": id, "HostConfig": { "NetworkMode": mode }, "NetworkSettings": { "Networks": networks },
            })
        };
        let networks = serde_json::json!({ "shop_edge": { "IPAddress": "172.20.0.3" } });
        let all = Container::read_all(&[
            container("b", "container:a", serde_json::json!({})),
            container("a", "shop_edge", networks),
            container("c", "container:gone", serde_json::json!({})),
        ]);
        assert!(all[0].has_address("172.20.0.3".parse().unwrap()), "{all:?}");
        assert!(all[0].meets(&all[1]));
        assert!(all[2].networks.is_empty() && all[2].meets(&all[1]), "of one that is not known nothing is known");
    }
}

//! What a running container may do, as the engine and the system say, not its file: who its processes are, what they may
//! take, and how much of its log is kept.

use serde_json::Value;

use crate::support::compose::{Stack, docker, service_of};
use crate::support::{everything_said, in_parallel, succeed};

/// That every container of a stack but the `others` is as it should be. In production everything has its limits, as far as
/// the stack gives some.
///
/// # Panics
/// With the service and what it may do.
pub(crate) fn is_all_of(stack: &Stack, production: bool, others: &[&str]) {
    let config = stack.config();
    let containers = stack.containers();
    let ours: Vec<&Value> = containers.iter().filter(|container| !others.contains(&service_of(container))).collect();
    assert!(!ours.is_empty(), "nothing runs");
    in_parallel(&ours, |container| {
        let service = service_of(container);
        let spec = &config["services"][service];
        // Who owns the engine's socket is root's, whatever it runs as.
        let is_proxy = spec["image"].as_str().is_some_and(|image| image.starts_with("traefik:"));
        has_no_rights(service, container, is_proxy);
        for process in processes(container) {
            process.has_no_rights(service, is_proxy);
        }
        is_limited(service, container, spec);
        if production {
            let log = &container["HostConfig"]["LogConfig"];
            let rotates =
                log["Type"] == "json-file" && ["max-size", "max-file"].iter().all(|key| log["Config"][key].is_string());
            assert!(rotates, "{service} keeps its whole log: {log}");
        }
    });
}

fn has_no_rights(service: &str, container: &Value, is_proxy: bool) {
    let user = container["Config"]["User"].as_str().expect("a user");
    let ids: Vec<Option<u32>> = user.split(':').map(|id| id.parse().ok()).collect();
    let is_number = ids.iter().all(Option::is_some);
    assert!(is_number && (is_proxy || ids[0] > Some(0)), "{service} is said to run as {user:?}");
    let host = &container["HostConfig"];
    assert_eq!(host["Privileged"], false, "{service}");
    assert_eq!(host["CapDrop"], serde_json::json!(["ALL"]), "{service}");
    let added = host["CapAdd"].as_array().map_or(0, Vec::len);
    assert_eq!(added, 0, "{service}: {}", host["CapAdd"]);
    let options = host["SecurityOpt"].as_array().into_iter().flatten();
    let options: Vec<&str> = options.filter_map(Value::as_str).collect();
    assert_eq!(options, ["no-new-privileges:true"], "{service}");
}

/// As much as its file gives it, and where that says nothing, as much as there is.
fn is_limited(service: &str, container: &Value, spec: &Value) {
    let limits = &spec["deploy"]["resources"]["limits"];
    let memory = limits["memory"].as_str().map_or(0, |bytes| bytes.parse().expect("bytes"));
    let host = &container["HostConfig"];
    assert_eq!(host["Memory"].as_u64(), Some(memory), "{service}: memory");
    let found = host["NanoCpus"].as_f64().expect("a number") / 1e9;
    // A number, which Compose may write as a text.
    let text = limits["cpus"].as_str().and_then(|text| text.parse().ok());
    let wanted = limits["cpus"].as_f64().or(text).unwrap_or_default();
    assert!((found - wanted).abs() < 1e-6, "{service}: {found} processors, not {wanted}");
}

/// What the system says of a process.
struct Process {
    status: String,
}

/// All processes of a container, and the one that asks.
fn processes(container: &Value) -> Vec<Process> {
    let id = container["Id"].as_str().expect("an id");
    // One may end while it is looked at.
    let command = "for status in /proc/[0-9]*/status; do echo Process; cat $status 2>/dev/null; done; true";
    let said = everything_said(&succeed(docker().args(["exec", id, "sh", "-c", command])));
    // What the engine starts for a probe is its own until it becomes that.
    let is_its_own = |status: &str| status.contains("CapEff:") && !status.starts_with("Name:\trunc:[");
    let found = said.split("Process\n").filter(|status| is_its_own(status));
    let found: Vec<Process> = found.map(|status| Process { status: status.to_owned() }).collect();
    assert!(found.len() > 1, "{}: {said}", service_of(container));
    found
}

impl Process {
    fn line(&self, name: &str) -> &str {
        let line = self.status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.status)).trim()
    }

    fn has_no_rights(&self, service: &str, is_proxy: bool) {
        let name = self.line("Name");
        let is_root = self.line("Uid").split_whitespace().any(|id| id == "0");
        assert!(is_proxy || !is_root, "{service}: {name} runs as root");
        for set in ["CapEff", "CapPrm", "CapBnd", "CapInh"] {
            assert!(self.line(set).chars().all(|digit| digit == '0'), "{service}: {name} has {set} {}", self.line(set));
        }
        assert_eq!(self.line("NoNewPrivs"), "1", "{service}: {name}");
    }
}

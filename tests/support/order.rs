//! In which order the containers of a project started, and when the engine called each healthy: from the engine's own
//! record of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::compose::docker;

/// How long what has happened may take to be told.
const UNTIL_TOLD: Duration = Duration::from_secs(10);

/// The engine's record of a project, from now on.
pub(crate) struct Record {
    teller: Child,
    told: File,
}

/// When something happened to the containers of each service, in nanoseconds.
type Moments<'a> = BTreeMap<&'a str, Vec<u64>>;

impl Record {
    /// Begins.
    pub(crate) fn begin(project: &str) -> Self {
        let told = tempfile::tempfile().expect("a temporary file");
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("a time after 1970");
        let mut command = docker();
        command.args(["events", "--format", "{{json .}}", "--since"]).arg(format!("{:.3}", now.as_secs_f64()));
        command.args(["--filter", "type=container", "--filter"]);
        command.arg(format!("label=com.docker.compose.project={project}"));
        for event in ["start", "die", "health_status"] {
            command.args(["--filter", &format!("event={event}")]);
        }
        let stdout = told.try_clone().expect("a file");
        let teller = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null()).spawn().expect("docker starts");
        Self { teller, told }
    }

    /// That each container that has started since had what it waits for, as `docker compose config` says what that is;
    /// how many such pairs there were.
    ///
    /// # Panics
    /// With the two services where it had not.
    pub(crate) fn agrees_with(mut self, config: &Value) -> usize {
        let start = Instant::now();
        loop {
            match pairs(config, &self.events()) {
                Ok(pairs) => return pairs,
                Err(_) if start.elapsed() < UNTIL_TOLD => sleep(Duration::from_millis(50)),
                Err(wrong) => panic!("{wrong}"),
            }
        }
    }

    fn events(&mut self) -> Vec<Value> {
        let mut text = String::new();
        self.told.rewind().expect("a file");
        self.told.read_to_string(&mut text).expect("UTF-8 from docker events");
        // The last line may still be being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).expect("JSON from docker events")).collect()
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let _ = self.teller.kill();
        let _ = self.teller.wait();
    }
}

/// How many times one service waited for another, and rightly.
pub(crate) fn pairs(config: &Value, events: &[Value]) -> Result<usize, String> {
    let happened = |action: &str| {
        let mut moments = Moments::new();
        for event in events.iter().filter(|event| event["Action"] == action && is_of_service(event)) {
            let service = event["Actor"]["Attributes"]["com.docker.compose.service"].as_str().unwrap_or_default();
            moments.entry(service).or_default().push(event["timeNano"].as_u64().expect("a time"));
        }
        moments
    };
    let (started, healthy, ended) = (happened("start"), happened("health_status: healthy"), happened("die"));
    let mut count = 0;
    for (service, spec) in config["services"].as_object().expect("services") {
        let Some(first) = started.get(service.as_str()).and_then(|moments| moments.first()) else { continue };
        for (other, how) in spec["depends_on"].as_object().into_iter().flatten() {
            let Some(its_start) = started.get(other.as_str()).and_then(|moments| moments.first()) else {
                // It was there already.
                continue;
            };
            let condition = how["condition"].as_str().unwrap_or_default();
            let ready = match condition {
                "service_healthy" => healthy.get(other.as_str()).and_then(|moments| moments.first()),
                "service_completed_successfully" => ended.get(other.as_str()).and_then(|moments| moments.first()),
                _ => Some(its_start),
            };
            match ready {
                Some(ready) if ready <= first => count += 1,
                Some(ready) => {
                    let early = Duration::from_nanos(ready - first);
                    return Err(format!("{service} started {early:?} before {other} was there: {condition}"));
                }
                None => return Err(format!("{service} started, and {other} never was there: {condition}")),
            }
        }
    }
    Ok(count)
}

/// Whether it is about a container of a service, and not of a single command.
fn is_of_service(event: &Value) -> bool {
    event["Actor"]["Attributes"]["com.docker.compose.oneoff"] != "True"
}

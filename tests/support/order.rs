//! In which order the containers of a project started, and when the engine called each healthy: from the engine's own
//! record of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::compose::{docker, service_of};

/// How long what has happened may take to be told.
const UNTIL_TOLD: Duration = Duration::from_secs(10);

/// The engine's record of a project, from now on.
pub(crate) struct Record {
    teller: Child,
    told: File,
    /// When it began.
    since: SystemTime,
}

impl Record {
    /// Begins.
    pub(crate) fn begin(project: &str) -> Self {
        let told = tempfile::tempfile().expect("a temporary file");
        let since = SystemTime::now();
        let now = since.duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
        let mut command = docker();
        command.args(["events", "--format", "{{json .}}", "--since"]).arg(format!("{:.3}", now.as_secs_f64()));
        command.args(["--filter", "type=container", "--filter"]);
        command.arg(format!("label=com.docker.compose.project={project}"));
        for event in ["start", "die", "health_status"] {
            command.args(["--filter", &format!("event={event}")]);
        }
        let stdout = told.try_clone().expect("a file");
        let teller = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null()).spawn().expect("docker starts");
        Self { teller, told, since }
    }

    /// That each of these containers that has started since had what it waits for, as `docker compose config` says what
    /// that is; how many such pairs there were.
    ///
    /// # Panics
    /// With the two services where it had not, or where the engine told nothing of one that did start.
    pub(crate) fn agree(mut self, config: &Value, containers: &[Value]) -> usize {
        let start = Instant::now();
        let started = started_since(containers, self.since);
        loop {
            match pairs(config, &self.events(), &started) {
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

/// The services of which a container started since then, as `docker inspect` says: whatever the record has missed.
pub(crate) fn started_since(containers: &[Value], since: SystemTime) -> BTreeSet<String> {
    let since = since.duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
    let is_later = |container: &&Value| {
        let started = container["State"]["StartedAt"].as_str().and_then(since_1970);
        started.unwrap_or_else(|| panic!("no time: {}", container["State"])) >= since
    };
    containers.iter().filter(is_later).map(|container| service_of(container).to_owned()).collect()
}

/// How long after 1970 a time in UTC is, such as `2025-11-22T03:04:05.123456789Z`; not at all in year 1.
fn since_1970(time: &str) -> Option<Duration> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if year < 1970 {
        return Some(Duration::ZERO);
    }
    // March is the first month, so that the day that is sometimes there is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let clock = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let fraction = time.get(19..)?.trim_end_matches('Z');
    let fraction: f64 = if fraction.is_empty() { 0.0 } else { fraction.parse().ok()? };
    Some(Duration::from_secs((days - 719_468) * 86_400 + clock) + Duration::from_secs_f64(fraction))
}

/// How many times one service waited for another, and rightly. Of each that `started` something has to be told, and of what
/// it waits for too where that is among them.
pub(crate) fn pairs(config: &Value, events: &[Value], started: &BTreeSet<String>) -> Result<usize, String> {
    let first = |action: &str| {
        let mut moments: BTreeMap<&str, u64> = BTreeMap::new();
        for event in events.iter().filter(|event| event["Action"] == action && concerns_service(event)) {
            let service = event["Actor"]["Attributes"]["com.docker.compose.service"].as_str().unwrap_or_default();
            moments.entry(service).or_insert_with(|| event["timeNano"].as_u64().expect("a time"));
        }
        moments
    };
    let (starts, healthy, ended) = (first("start"), first("health_status: healthy"), first("die"));
    let services = config["services"].as_object().expect("services");
    if let Some(service) = started.iter().find(|service| !starts.contains_key(service.as_str())) {
        return Err(format!("{service} started, and nobody told"));
    }
    let mut count = 0;
    for (service, spec) in services.iter().filter(|(service, _)| started.contains(*service)) {
        let start = starts[service.as_str()];
        // What is not among them was there already.
        let others = spec["depends_on"].as_object().into_iter().flatten();
        for (other, how) in others.filter(|(other, _)| started.contains(*other)) {
            let condition = how["condition"].as_str().unwrap_or_default();
            let ready = match condition {
                "service_healthy" => healthy.get(other.as_str()),
                "service_completed_successfully" => ended.get(other.as_str()),
                _ => starts.get(other.as_str()),
            };
            match ready {
                Some(ready) if *ready <= start => count += 1,
                Some(ready) => {
                    let early = Duration::from_nanos(ready - start);
                    return Err(format!("{service} started {early:?} before {other} was there: {condition}"));
                }
                None => return Err(format!("{service} started, and {other} never was there: {condition}")),
            }
        }
    }
    Ok(count)
}

/// Whether it is about a container of a service, and not of a single command.
fn concerns_service(event: &Value) -> bool {
    event["Actor"]["Attributes"]["com.docker.compose.oneoff"] != "True"
}

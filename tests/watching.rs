//! What the tools around a stack are told: their configuration has only keys that they document, Prometheus' own tool
//! accepts it, and a running Prometheus asks everything that has metrics.
//!
//! `tests/watching` is the stack that runs, `tests/compose/watched.toml` one with every tool and every option. Needs a
//! Docker engine and Python for what runs.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use stackgen::plan::Plan;
use support::compose::{self, docker};
use support::http::{Request, Response};
use support::rendered::Rendered;
use support::running::Running;
use support::{everything_said, has_tools, repository};

/// The image of both stacks.
const PROMETHEUS: &str = "prom/prometheus:v3.5.0";

/// Prometheus asks every second, and has to find out first who is there.
const UNTIL_ASKED: Duration = Duration::from_secs(30);

/// Grafana's documentation, "Provision Grafana", "Data sources" and "Dashboards":
/// <https://grafana.com/docs/grafana/latest/administration/provisioning/>.
const GRAFANA: [(&str, &[&str]); 2] = [
    (
        "datasources.yaml",
        &[
            "apiVersion",
            "prune",
            "datasources",
            "datasources.name",
            "datasources.uid",
            "datasources.type",
            "datasources.access",
            "datasources.url",
            "datasources.isDefault",
            "datasources.editable",
        ],
    ),
    (
        "dashboards.yaml",
        &[
            "apiVersion",
            "providers",
            "providers.name",
            "providers.type",
            "providers.disableDeletion",
            "providers.allowUiUpdates",
            "providers.updateIntervalSeconds",
            "providers.options",
            "providers.options.path",
            "providers.options.foldersFromFilesStructure",
        ],
    ),
];

/// Loki's documentation, "Grafana Loki configuration parameters": <https://grafana.com/docs/loki/latest/configure/>; what
/// deletes old logs stands in "Log retention": <https://grafana.com/docs/loki/latest/operations/storage/retention/>.
const LOKI: [&str; 28] = [
    "auth_enabled",
    "server",
    "server.http_listen_port",
    "server.grpc_listen_port",
    "common",
    "common.instance_addr",
    "common.path_prefix",
    "common.replication_factor",
    "common.storage",
    "common.storage.filesystem",
    "common.storage.filesystem.chunks_directory",
    "common.storage.filesystem.rules_directory",
    "common.ring",
    "common.ring.kvstore",
    "common.ring.kvstore.store",
    "schema_config",
    "schema_config.configs",
    "schema_config.configs.from",
    "schema_config.configs.store",
    "schema_config.configs.object_store",
    "schema_config.configs.schema",
    "schema_config.configs.index",
    "schema_config.configs.index.prefix",
    "schema_config.configs.index.period",
    "compactor",
    "limits_config",
    "analytics",
    "analytics.reporting_enabled",
];

/// Those that are there with `retention` alone.
const LOKI_RETENTION: [&str; 4] = [
    "compactor.working_directory",
    "compactor.retention_enabled",
    "compactor.delete_request_store",
    "limits_config.retention_period",
];

/// pgAdmin's documentation, "Import/Export Servers", "JSON format":
/// <https://www.pgadmin.org/docs/pgadmin4/latest/import_export_servers.html>.
const PGADMIN: [&str; 7] = ["Name", "Group", "Host", "Port", "MaintenanceDB", "Username", "SSLMode"];

#[test]
fn grafana_and_loki_are_told_nothing_that_their_documentation_does_not_know() {
    let watched = watched();
    for (name, documented) in GRAFANA {
        let files: Vec<&String> =
            watched.files.iter().map(|(path, _)| path).filter(|path| path.ends_with(name)).collect();
        assert!(!files.is_empty(), "no {name}");
        for path in files {
            let documented: BTreeSet<String> = documented.iter().map(|key| (*key).to_owned()).collect();
            assert_eq!(keys(&watched, path), documented, "{path}");
        }
    }
    let with_retention: BTreeSet<String> = LOKI.iter().chain(&LOKI_RETENTION).map(|key| (*key).to_owned()).collect();
    assert_eq!(keys(&watched, "docker/logs/config.yaml"), with_retention);
    let sections = ["compactor", "limits_config"];
    let without = LOKI.iter().filter(|key| !sections.contains(key)).map(|key| (*key).to_owned()).collect();
    assert_eq!(keys(&watched, "docker/old-logs/config.yaml"), without);
}

#[test]
fn pgadmin_lists_the_servers_without_their_passwords() {
    let watched = watched();
    let text = read(&watched, "docker/console/servers.json");
    let list: Value = serde_json::from_str(&text).expect("JSON");
    let servers = list["Servers"].as_object().expect("servers");
    assert_eq!(servers.keys().collect::<Vec<_>>(), ["1", "2"]);
    for server in servers.values() {
        let keys: BTreeSet<&str> = server.as_object().expect("a server").keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(PGADMIN));
    }
    assert_eq!((&servers["1"]["Username"], &servers["1"]["MaintenanceDB"]), (&"keeper".into(), &"ledger".into()));
    // What an operator sets is not known yet.
    assert_eq!(servers["2"]["MaintenanceDB"], "postgres");
}

#[test]
fn a_generated_file_cannot_know_a_secret_even_where_it_is_written_out() {
    let manifest = r#"
[stack]
name = "literal"

[services.database]
kind = "postgres"
version = "17"
user = "keeper"
password = "dev-only-not-a-secret"

[services.console]
kind = "pgadmin"
version = "9"
email = "admin@example.com"
password = "${PGADMIN_PASSWORD:?Of the console}"
databases = ["database"]
"#;
    let rendered = Rendered::of("literal", manifest, None);
    let file = &rendered.plans[0].services["console"].files[0];
    let outputs: Vec<&String> = file.options["databases"][0]["outputs"].as_table().expect("outputs").keys().collect();
    assert_eq!(outputs, ["user", "database"]);
    assert!(!format!("{file:?}").contains("not-a-secret"));
}

#[test]
fn environments_have_a_file_of_their_own_where_they_differ() {
    let watched = watched();
    let of_dev = read(&watched, "docker/dev/grafana/datasources.yaml");
    let of_prod = read(&watched, "docker/prod/grafana/datasources.yaml");
    assert!(of_dev.contains("old-traces") && !of_prod.contains("old-traces"), "{of_prod}");
    assert!(watched.files.iter().any(|(path, _)| path == "docker/prometheus/prometheus.yml"), "{:?}", watched.files);
}

#[test]
fn nothing_waits_for_what_is_asked_for_its_metrics_and_all_of_it_is_reached() {
    for plan in &watched().plans {
        let prometheus = &plan.services["prometheus"];
        assert!(prometheus.depends_on.is_empty(), "{}: {:?}", plan.environment, prometheus.depends_on);
        let scraped = &prometheus.files[0].scraped;
        let names: Vec<&str> = scraped.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["proxy", "api", "report", "grafana", "logs", "old-logs"], "{}", plan.environment);
        let varying: Vec<&str> =
            scraped.iter().filter(|target| target.varies).map(|target| target.name.as_str()).collect();
        assert_eq!(varying, ["api", "report"], "{}", plan.environment);
        for name in names {
            let networks = &plan.services[name].networks;
            let shared = networks.iter().any(|network| prometheus.networks.contains(network));
            assert!(shared, "{}: {name} is on {networks:?}", plan.environment);
        }
    }
}

#[test]
fn promtool_accepts_what_prometheus_is_told() {
    if !compose::has_engine() {
        return;
    }
    let watched = watched();
    let folder = watched.root();
    let mut mounts = vec![(folder.join("docker/prometheus/prometheus.yml"), "/etc/prometheus/prometheus.yml")];
    let rules = folder.join("monitoring/rules");
    mounts.push((rules.join("alerts.yml"), "/etc/prometheus/rules/01-alerts.yml"));
    mounts.push((rules.join("recorded.yaml"), "/etc/prometheus/rules/02-recorded.yaml"));
    let check = || {
        let mut command = docker();
        command.args(["run", "--rm", "--network", "none", "--entrypoint", "promtool"]);
        for (path, target) in &mounts {
            command.arg("--volume").arg(format!("{}:{target}:ro", path.display()));
        }
        command.args([PROMETHEUS, "check", "config", "/etc/prometheus/prometheus.yml"]);
        let output = command.output().expect("docker starts");
        (output.status.success(), everything_said(&output))
    };
    let (accepted, said) = check();
    assert!(accepted, "{said}");
    assert!(said.contains("2 rule files found"), "{said}");
    // It reads both: neither may say something else.
    for (path, _) in &mounts {
        let text = fs::read_to_string(path).expect("a readable file");
        fs::write(path, format!("{text}\nnonsense: 1\n")).expect("a writable file");
        let (accepted, said) = check();
        assert!(!accepted, "{} with nonsense: {said}", path.display());
        fs::write(path, text).expect("a writable file");
    }
}

#[test]
fn a_running_prometheus_asks_every_container_and_keeps_what_it_heard() {
    if !compose::has_engine() || !has_tools(&["python3"]) {
        return;
    }
    let rendered = Rendered::at(&repository().join("tests/watching"));
    let watching = Watching::up(&rendered, &rendered.plans[0]);
    watching.all_targets_are_up();
    watching.rules_are_loaded();
    watching.a_proxy_that_is_down_is_an_alert();
    watching.what_was_heard_survives();
    watching.running.ends_in_time();
}

/// The stack in `tests/watching`, up and healthy.
struct Watching {
    running: Running,
    port: u16,
}

impl Watching {
    fn up(rendered: &Rendered, plan: &Plan) -> Self {
        let running = Running::up("watching", rendered, plan, &[]);
        let port = running.port("PROMETHEUS_HOST_PORT");
        Self { running, port }
    }

    /// Both containers of the program, the proxy on its network, and Prometheus itself.
    fn all_targets_are_up(&self) {
        let wanted = BTreeMap::from([("app", 2), ("prometheus", 1), ("proxy", 1)]);
        let answered = self.until("/api/v1/targets", |body| {
            let targets = body["data"]["activeTargets"].as_array().expect("targets");
            let mut up: BTreeMap<&str, usize> = BTreeMap::new();
            for target in targets.iter().filter(|target| target["health"] == "up") {
                *up.entry(target["labels"]["job"].as_str().expect("a job")).or_default() += 1;
            }
            up == wanted
        });
        let paths: BTreeSet<&str> = answered["data"]["activeTargets"]
            .as_array()
            .expect("targets")
            .iter()
            .filter(|target| target["labels"]["job"] == "app")
            .map(|target| target["scrapeUrl"].as_str().expect("a URL"))
            .collect();
        assert_eq!(paths.len(), 2, "each container has an address of its own: {paths:?}");
        self.until(&query("visits_total", None), |body| results(body) == 2);
        // The proxy says something of its own too.
        self.until(&query("traefik_entrypoint_requests_total or traefik_config_reloads_total", None), |body| {
            results(body) > 0
        });
    }

    fn rules_are_loaded(&self) {
        let body = self.until("/api/v1/rules", |body| body["status"] == "success");
        let groups = body["data"]["groups"].as_array().expect("groups");
        assert_eq!(groups.len(), 1, "{body}");
        assert_eq!(groups[0]["file"], "/etc/prometheus/rules/01-alerts.yml");
        assert_eq!((&groups[0]["rules"][0]["name"], &groups[0]["interval"]), (&"ServiceDown".into(), &1.into()));
    }

    fn a_proxy_that_is_down_is_an_alert(&self) {
        self.running.stack.run(&["stop", "proxy"]);
        self.until(&query("ALERTS{alertname=\"ServiceDown\",alertstate=\"firing\",job=\"proxy\"}", None), |body| {
            results(body) == 1
        });
        self.running.stack.run(&["start", "proxy"]);
        self.until(&query("up{job=\"proxy\"} == 1", None), |body| results(body) == 1);
    }

    /// What was so before is still so after a restart, and after its container is removed.
    fn what_was_heard_survives(&self) {
        let body = self.until(&query("timestamp(up{job=\"prometheus\"})", None), |body| results(body) == 1);
        let then = body["data"]["result"][0]["value"][1].as_str().expect("a time").to_owned();
        let at_that_time = query("up{job=\"app\"}", Some(&then));
        self.until(&at_that_time, |body| results(body) == 2);
        let steps: [&[&[&str]]; 2] =
            [&[&["restart", "prometheus"]], &[&["down"], &["up", "--no-build", "--wait", "--wait-timeout", "60"]]];
        for step in steps {
            for arguments in step {
                self.running.stack.run(arguments);
            }
            self.until(&at_that_time, |body| results(body) == 2);
        }
    }

    /// Asks until Prometheus answers what is wanted.
    fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let url = format!("http://localhost:{}{path}", self.port);
        let is_wanted = |response: &Response| response.status == 200 && wanted(&response.json());
        Request::new("GET", &url, self.port).until(UNTIL_ASKED, is_wanted).json()
    }
}

/// The path that asks for the value of an expression, now or at a time.
fn query(expression: &str, time: Option<&str>) -> String {
    let encoded: Vec<String> = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let encoded = encoded.concat();
    let time = time.map_or_else(String::new, |time| format!("&time={time}"));
    format!("/api/v1/query?query={encoded}{time}")
}

/// How many series an answer has.
fn results(body: &Value) -> usize {
    body["data"]["result"].as_array().map_or(0, Vec::len)
}

/// The stack with every tool and every option, rendered.
fn watched() -> Rendered {
    let folder = repository().join("tests/compose");
    let manifest = fs::read_to_string(folder.join("watched.toml")).expect("a readable file");
    Rendered::of("watched", &manifest, Some(&folder.join("sources")))
}

fn read(rendered: &Rendered, path: &str) -> String {
    fs::read_to_string(rendered.root().join(Path::new(path))).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every key of a generated YAML file, with those around it before it. The files that are looked at here are blocks, two
/// blanks deeper each.
fn keys(rendered: &Rendered, path: &str) -> BTreeSet<String> {
    let mut around: Vec<String> = Vec::new();
    let mut found = BTreeSet::new();
    for line in read(rendered, path).lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let entry = line.trim_start_matches([' ', '-']);
        let depth = (line.len() - entry.len()) / 2;
        let (key, _) = entry.split_once(':').unwrap_or_else(|| panic!("{path}: {line}"));
        // An entry of a list stands two blanks deeper than the key of the list.
        around.truncate(depth);
        around.resize(depth, String::new());
        around.push(key.to_owned());
        found.insert(around.iter().filter(|key| !key.is_empty()).map(String::as_str).collect::<Vec<_>>().join("."));
    }
    found
}

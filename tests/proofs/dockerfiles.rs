//! Dockerfiles that people write, what a build leaves out, and probes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::attempt::Attempt;
use crate::support::compose::{docker, has_engine, service_of};
use crate::support::oracle::{self, Verdict, request};
use crate::support::{everything_said, has_tools, tool};

mod differential;

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[
    "build-arg-undeclared",
    "dockerfile-hygiene",
    "dockerfile-port",
    "dockerignore-misplaced",
    "health-path-unrouted",
    "inherited-healthcheck",
    "probe-cannot-fail",
    "probe-other-service",
];

/// The image from which most of these are built: Debian with Node.js, without curl.
const BASE: &str = "node:22-slim";

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::Builder::new().prefix("stackgen-proof-").tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, text).expect("a writable folder");
    }
    folder
}

/// Runs `docker build` with these arguments in a folder: whether it worked, and all that was said. Nothing stays.
fn build(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = docker();
    command.current_dir(folder).args(["build", "--progress=plain", "--output=type=cacheonly"]).args(arguments).arg(".");
    let output = command.output().expect("docker starts");
    (output.status.success(), everything_said(&output))
}

/// The files that a Dockerfile without a base image ends up with, sorted.
fn exported(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let target = tempfile::tempdir().expect("a temporary folder");
    let output = format!("--output=type=local,dest={}", target.path().display());
    let mut command = docker();
    let run = command.current_dir(folder).args(["build", &output]).args(arguments).arg(".").output();
    let run = run.expect("docker starts");
    assert!(run.status.success(), "{}", everything_said(&run));
    let mut found = Vec::new();
    let mut rest = vec![target.path().to_owned()];
    while let Some(directory) = rest.pop() {
        for entry in fs::read_dir(directory).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                rest.push(path);
            } else {
                let path = path.strip_prefix(target.path()).expect("below it");
                found.push(path.to_str().expect("UTF-8").to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_dockerfile_that_asks_for_what_is_not_there_is_not_built() {
    if !has_engine() {
        return;
    }
    for (text, complaint) in [
        ("FROM BASE\nWRKDIR /app\n", "unknown instruction: WRKDIR"),
        ("FROM BASE\nCOPY --chwon=1 /a /b\n", "unknown flag: --chwon"),
        ("FROM BASE\nEXPOSE\n", "EXPOSE requires at least one argument"),
        (
            "FROM BASE AS base\nFROM BASE\nCOPY --from=bsae /etc/hostname /x\n",
            "bsae: failed to resolve source metadata",
        ),
        ("FROM BASE\nCOPY --from=7 /etc/hostname /x\n", "invalid stage index 7"),
        ("FROM BASE\nCOPY --from=late /etc/hostname /x\nFROM BASE AS late\nFROM 0\n", "0: failed to resolve"),
        (
            "FROM BASE AS a\nCOPY --from=late /etc/hostname /x\nFROM BASE AS late\nFROM a\n",
            "needs to be defined before",
        ),
        ("ARG B=base\nFROM BASE AS base\nFROM BASE\nCOPY --from=$B /etc/hostname /x\n", "expansion is not supported"),
        ("FROM node:${NODE}\n", "invalid reference format"),
        ("ARG NODE\nFROM node:${NODE}\n", "invalid reference format"),
        ("FROM BASE AS a\nARG NODE=22\nFROM node:${NODE}\n", "invalid reference format"),
        ("FROM Node:22-slim\n", "repository name (library/Node) must be lowercase"),
    ] {
        let folder = folder(&[("Dockerfile", &text.replace("BASE", BASE))]);
        let (works, said) = build(folder.path(), &[]);
        assert!(!works && said.contains(complaint), "{text}\n{said}");
    }
    let hole = folder(&[("Dockerfile", &format!("FROM {BASE}${{SUFFIX}}\n"))]);
    let (works, said) = build(hole.path(), &[]);
    assert!(works, "another image than it looks like, and nobody minds:\n{said}");
    let stage = folder(&[("Dockerfile", &format!("FROM {BASE} AS base\n"))]);
    let (works, said) = build(stage.path(), &["--target=bsae"]);
    assert!(!works && said.contains("target stage \"bsae\" could not be found"), "{said}");
    let compose = "services:\n  a: { build: { context: ., dockerfile: Dockerfile.prod } }\n";
    let (works, said) = Attempt::new(compose).run(&["build"]);
    assert!(!works && said.contains("Dockerfile.prod: no such file or directory"), "{said}");
}

#[test]
fn hadolint_and_the_builder_say_the_same_of_what_is_untidy() {
    if !has_tools(&["hadolint"]) {
        return;
    }
    let text = format!(
        "FROM {BASE}\nWORKDIR app\nUSER root\nCMD node a.js\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]\nHEALTHCHECK NONE\n\
         HEALTHCHECK NONE\nCMD [\"b\"]\n"
    );
    let folder = folder(&[("Dockerfile", &text)]);
    let hadolint = |text: &str| {
        fs::write(folder.path().join("Dockerfile"), text).expect("a writable folder");
        let run =
            Command::new(tool("hadolint").expect("hadolint")).current_dir(folder.path()).arg("Dockerfile").output();
        everything_said(&run.expect("hadolint starts"))
    };
    let said = hadolint(&text);
    for (line, code) in [(2, "DL3000"), (3, "DL3002"), (4, "DL3025"), (6, "DL4004"), (8, "DL3012"), (9, "DL4003")] {
        assert!(said.contains(&format!("Dockerfile:{line} {code}")), "{code} at {line}:\n{said}");
    }
    if !has_engine() {
        return;
    }
    fs::write(folder.path().join("Dockerfile"), &text).expect("a writable folder");
    let said = build(folder.path(), &["--check"]).1;
    for check in ["JSONArgsRecommended", "MultipleInstructionsDisallowed", "WorkdirRelativePath"] {
        assert!(said.contains(check), "{check}:\n{said}");
    }
}

#[test]
fn the_builder_complains_of_secrets_that_reach_the_image() {
    if !has_engine() {
        return;
    }
    let check = |line: &str| {
        let folder = folder(&[("Dockerfile", &format!("FROM {BASE}\n{line}\n"))]);
        build(folder.path(), &["--check"]).1.contains("SecretsUsedInArgOrEnv")
    };
    for line in
        ["ENV LEVEL=info API_KEY=not-a-secret", "ENV DB_PASSWORD not-a-secret", "ARG ADMIN_PASSWORD=not-a-secret"]
    {
        assert!(check(line), "{line}");
    }
    assert!(!check("ENV LEVEL=info"));
}

#[test]
fn an_untidy_image_runs_as_root_and_hears_no_signal() {
    if !has_engine() {
        return;
    }
    let program = "node -e 'process.on(`SIGTERM`, () => process.exit(0)); setInterval(() => {}, 1000)'";
    let compose = "services:\n  shell: { build: { context: ., dockerfile: shell }, stop_grace_period: 2s }\n  \
                   way: { build: { context: ., dockerfile: way }, stop_grace_period: 10s }\n  \
                   deaf: { build: { context: ., dockerfile: deaf }, command: [\"told\"] }\n";
    let attempt = Attempt::new(compose)
        .with("shell", &format!("FROM {BASE}\nCMD {program}\n"))
        .with("way", &format!("FROM {BASE}\nUSER 1000\nCMD exec {program}\n"))
        .with("deaf", &format!("FROM {BASE}\nENTRYPOINT sh -c 'echo \"arguments: $*\"; sleep 60' sh\nCMD [\"own\"]\n"));
    let (works, said) = attempt.up(60);
    assert!(works, "{said}");
    let user = |service: &str| attempt.run(&["exec", "-T", service, "id", "-u"]).1.trim().to_owned();
    assert_eq!((user("shell"), user("way")), ("0".to_owned(), "1000".to_owned()));
    let (_, said) = attempt.run(&["logs", "deaf"]);
    assert!(said.contains("arguments:") && !said.contains("told") && !said.contains("own"), "{said}");
    attempt.run(&["stop", "shell", "way"]);
    let exit = |service: &str| {
        let all = attempt.run(&["ps", "--all", "--format", "{{.Service}} {{.ExitCode}}"]).1;
        all.lines().find_map(|line| line.strip_prefix(service)?.trim().parse::<i32>().ok())
    };
    assert_eq!((exit("shell"), exit("way")), (Some(137), Some(0)));
}

#[test]
fn an_exposed_port_says_where_somebody_listens() {
    if !has_engine() {
        return;
    }
    let server = "require('http').createServer((q, r) => r.end('here')).listen(3000)";
    let compose = "services:\n  web: { build: ., init: true, ports: [\"127.0.0.1::8080\"] }\n";
    let dockerfile = format!("FROM {BASE}\nEXPOSE 3000\nCMD [\"node\", \"-e\", \"{server}\"]\n");
    let attempt = Attempt::new(compose).with("Dockerfile", &dockerfile);
    let (works, said) = attempt.up(60);
    assert!(works, "{said}");
    let container = &attempt.containers()[0];
    let exposed: Vec<&str> =
        container["Config"]["ExposedPorts"].as_object().expect("ports").keys().map(String::as_str).collect();
    assert_eq!(exposed, ["3000/tcp", "8080/tcp"]);
    let asks = |port: u16| {
        let script = format!("fetch('http://127.0.0.1:{port}').then(() => 0, () => process.exit(9))");
        attempt.run(&["exec", "-T", "web", "node", "-e", &script]).0
    };
    let start = Instant::now();
    while !asks(3000) {
        assert!(start.elapsed() < Duration::from_secs(20), "nobody listens on 3000");
    }
    assert!(!asks(8080), "somebody listens on 8080");
}

#[test]
fn an_argument_that_nothing_takes_is_dropped_without_a_word() {
    if !has_engine() {
        return;
    }
    let text =
        format!("FROM {BASE}\nARG TAKEN\nRUN echo \"[$TAKEN][$DROPPED]\"; ls /run/secrets || echo 'no secrets here'\n");
    let folder = folder(&[("Dockerfile", &text), ("token", "value")]);
    let arguments = ["--no-cache", "--build-arg=TAKEN=one", "--build-arg=DROPPED=two", "--secret=id=TOKEN,src=token"];
    let (works, said) = build(folder.path(), &arguments);
    assert!(works && said.contains("[one][]") && said.contains("no secrets here"), "{said}");
    assert!(!said.to_lowercase().contains("warning"), "the builder says something:\n{said}");
}

#[test]
fn an_ignore_file_is_read_at_the_root_of_the_context_or_beside_its_dockerfile() {
    if !has_engine() {
        return;
    }
    let folder = folder(&[
        ("web/Dockerfile", "FROM scratch\nCOPY . .\n"),
        ("web/Dockerfile.other", "FROM scratch\nCOPY . .\n"),
        ("web/Dockerfile.other.dockerignore", "**/.env\n**/node_modules\n**/Dockerfile*\n"),
        ("web/.dockerignore", ".env\nnode_modules\nDockerfile*\n.dockerignore\n"),
        ("web/.env", "PASSWORD=not-a-secret"),
        ("web/node_modules/a.js", ""),
        ("web/src/a.js", ""),
    ]);
    let all = exported(folder.path(), &["--file=web/Dockerfile"]);
    assert!(all.contains(&"web/.env".to_owned()) && all.contains(&"web/node_modules/a.js".to_owned()), "{all:?}");
    let of_file = exported(folder.path(), &["--file=web/Dockerfile.other"]);
    assert_eq!(of_file, ["web/.dockerignore", "web/src/a.js"]);
    assert_eq!(exported(&folder.path().join("web"), &[]), ["src/a.js"]);
}

/// Compose's probe of a second, as the end of a mapping in one line.
const SOON: &str = "interval: 1s, timeout: 5s, retries: 2, start_period: 0s";

/// A program that answers everything with this status, on port 3000.
fn server(status: u16) -> String {
    format!(
        "[\"node\", \"-e\", \"require('http').createServer((q, r) => {{ r.statusCode = {status}; r.end() }}).listen(3000)\"]"
    )
}

/// What the health of each service is now.
fn healths(attempt: &Attempt) -> Value {
    let all = attempt.containers().into_iter().map(|container| {
        let name = service_of(&container).to_owned();
        (name, container["State"]["Health"]["Status"].clone())
    });
    all.collect::<Map<String, Value>>().into()
}

/// Waits until the health of each service is as expected: a busy machine takes its time.
fn become_healthy_or_not(attempt: &Attempt, expected: &Value) {
    let start = Instant::now();
    loop {
        let healths = healths(attempt);
        if healths == *expected {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{healths} instead of {expected}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn a_worker_keeps_the_probe_of_its_image_and_fails_it() {
    if !has_engine() {
        return;
    }
    let ask = "[\"node\", \"-e\", \"fetch('http://127.0.0.1:3000').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))\"]";
    let dockerfile = format!(
        "FROM {BASE}\nHEALTHCHECK --interval=1s --retries=2 --start-period=0s CMD {ask}\nCMD {}\n",
        server(200)
    );
    let compose = format!(
        "services:\n  api: {{ build: ., init: true }}\n  worker: {{ build: ., init: true, command: sleep 60 }}\n  \
         own: {{ build: ., init: true, command: sleep 60, healthcheck: {{ test: [CMD, \"true\"], {SOON} }} }}\n  \
         off: {{ build: ., init: true, command: sleep 60, healthcheck: {{ disable: true }}, profiles: [off] }}\n"
    );
    let attempt = Attempt::new(&compose).with("Dockerfile", &dockerfile);
    let (works, said) = attempt.up(60);
    assert!(!works && said.contains("-1 is unhealthy"), "{said}");
    let expected = json!({ "api": "healthy", "worker": "unhealthy", "own": "healthy" });
    become_healthy_or_not(&attempt, &expected);
    let (works, said) = attempt.run(&["up", "--wait", "off"]);
    assert!(!works && said.contains("has no healthcheck configured"), "{said}");
}

#[test]
fn a_probe_of_another_service_says_how_that_one_is() {
    if !has_engine() {
        return;
    }
    let ask = "[CMD, node, \"-e\", \"fetch('http://api:3000').then(() => 0, () => process.exit(1))\"]";
    let compose = format!(
        "services:\n  api: {{ image: {BASE}, init: true, command: {} }}\n  \
         worker: {{ image: {BASE}, init: true, command: sleep 60, healthcheck: {{ test: {ask}, {SOON} }} }}\n",
        server(200)
    );
    let attempt = Attempt::new(&compose);
    let (works, said) = attempt.up(60);
    assert!(works, "a worker that does nothing counts as well:\n{said}");
    attempt.run(&["stop", "--timeout", "1", "api"]);
    let start = Instant::now();
    while healths(&attempt)["worker"] != "unhealthy" {
        assert!(start.elapsed() < Duration::from_secs(40), "nothing wrong with the worker, and it stays healthy");
    }
}

#[test]
fn probes_that_cannot_fail_do_not() {
    if !has_engine() {
        return;
    }
    let failing = format!("image: {BASE}, init: true, command: {}", server(500));
    let redis = "image: redis:7-alpine, init: true, command: [redis-server, --requirepass, not-a-secret]";
    let fetch = "fetch('http://127.0.0.1:3000')";
    let looks = format!("{fetch}.then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))");
    let compose = format!(
        "services:\n  in-any-case: {{ {failing}, healthcheck: {{ test: \"false || true\", {SOON} }} }}\n  \
         fetches: {{ {failing}, healthcheck: {{ test: [CMD, node, \"-e\", \"{fetch}\"], {SOON} }} }}\n  \
         looks: {{ {failing}, healthcheck: {{ test: [CMD, node, \"-e\", \"{looks}\"], {SOON} }} }}\n  \
         ping: {{ {redis}, healthcheck: {{ test: [CMD, redis-cli, ping], {SOON} }} }}\n  \
         strict: {{ {redis}, healthcheck: {{ test: [CMD, redis-cli, \"-e\", ping], {SOON} }} }}\n  \
         told: {{ {redis}, environment: {{ REDISCLI_AUTH: not-a-secret }}, healthcheck: {{ test: [CMD, redis-cli, \"-e\", ping], {SOON} }} }}\n  \
         tool: {{ {failing}, healthcheck: {{ test: \"curl --fail http://127.0.0.1:3000/\", {SOON} }} }}\n"
    );
    let attempt = Attempt::new(&compose);
    let (works, _) = attempt.up(60);
    assert!(!works, "all are healthy");
    let expected = json!({
        "in-any-case": "healthy", "fetches": "healthy", "looks": "unhealthy", "ping": "healthy", "strict": "unhealthy",
        "told": "healthy", "tool": "unhealthy",
    });
    become_healthy_or_not(&attempt, &expected);
}

#[test]
fn curl_is_content_with_any_answer() {
    if !has_tools(&["curl"]) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("a port"));
    std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 1024]);
            let answer = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).expect("an answer");
        }
    });
    let curl = |flags: &[&str]| {
        let mut command = Command::new(tool("curl").expect("curl"));
        command.args(["--silent", "--noproxy", "*"]).args(flags).arg(&url).status().expect("curl starts").code()
    };
    assert_eq!((curl(&[]), curl(&["--fail"])), (Some(0), Some(22)));
}

#[test]
fn a_path_that_no_router_takes_is_not_found() {
    if !oracle::available() {
        return;
    }
    let labels: Map<String, Value> = [
        ("traefik.enable", "true"),
        ("traefik.http.routers.api.rule", "Path(`/api`) || PathPrefix(`/api/`)"),
        ("traefik.http.services.api.loadbalancer.server.port", "80"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.into()))
    .collect();
    let project = json!({
        "name": "unrouted",
        "services": {
            "proxy": {
                "image": "traefik:v3.6",
                "command": ["--providers.docker=true", "--entrypoints.web.address=:80"],
                "ports": [{ "target": 80, "published": "80" }],
                "networks": { "edge": null },
                "labels": { "traefik.enable": "false" },
            },
            "api": { "image": "app", "networks": { "edge": null }, "labels": labels },
        },
        "networks": { "edge": { "name": "unrouted_edge" } },
    });
    let urls = ["http://localhost/api/health", "http://localhost/health"];
    let verdict = Verdict::on(&[&project], &urls.map(|url| request("GET", url)));
    let answers: Vec<_> = verdict.proxy(&project).answers().iter().map(|answer| answer.status()).collect();
    assert_eq!(answers, [Some(200), Some(404)]);
}

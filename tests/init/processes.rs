//! Other processes of a program, and services that become a kind: each runs what it ran, with what it was told of times,
//! logs and names, and nothing that only another one had.

use std::fs;

use crate::described::Described;
use crate::support::{everything_said, stackgen};

/// What `init` writes for some files, what it says, and the compose file that is rendered of it.
fn made(files: &[(&str, &str)]) -> (String, String, String) {
    let described = Described::of(files);
    let rendered = described.rendered();
    (described.text, described.said, rendered)
}

/// What a rendered compose file says of a service, on one line.
fn service(compose: &str, name: &str) -> String {
    let (_, rest) = compose.split_once(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("{name} in\n{compose}"));
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
    lines.map(str::trim).collect::<Vec<_>>().join(" ").replace("- \"", "\"").replace('"', "")
}

/// A program with a Dockerfile of its own, whose compose file goes on like this.
fn program(services: &str) -> (String, String, String) {
    let compose = format!(
        "services:\n{services}\n  redis:\n    image: redis:7-alpine\n    volumes: [\"r:/data\"]\nvolumes: {{r: {{}}}}\n"
    );
    made(&[
        ("compose.yaml", &compose),
        (
            "Dockerfile",
            "FROM python:3.12-slim\nWORKDIR /code\nCOPY . .\nRUN pip install -r requirements.txt\nUSER 1000\nEXPOSE \
             8000\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n",
        ),
        ("requirements.txt", "fastapi==0.115.0\nuvicorn==0.30.0\ncelery[redis]==5.4.0\n"),
        (".dockerignore", ".git\n"),
        ("main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n"),
        ("worker.py", "from celery import Celery\n\ncelery_app = Celery(\"x\", broker=\"redis://redis:6379/0\")\n"),
    ])
}

const API: &str = "  api:\n    build: .\n    ports: [\"8000:8000\"]\n    depends_on: [redis]\n";

#[test]
fn a_worker_with_a_dockerfile_of_ones_own_runs_celery_and_not_what_the_image_runs() {
    let (text, _, compose) = program(&format!(
        "{API}  worker:\n    build: .\n    command: celery -A worker.celery_app worker --loglevel=WARNING -c 2\n    depends_on: \
         [redis]\n  beat:\n    build: .\n    command: celery -A worker.celery_app beat --schedule=/tmp/beat\n"
    ));
    assert!(!service(&compose, "api").contains("command:"), "{compose}");
    let worker = service(&compose, "worker");
    let run = "command: celery --app worker.celery_app worker --loglevel warning --concurrency 2";
    assert!(worker.contains(run), "{worker}\n{text}");
    // A volume would belong to root, and the image does not run as root.
    let beat = service(&compose, "beat");
    assert!(
        beat.contains("beat --loglevel info --max-interval 60 --schedule /tmp/celerybeat-schedule"),
        "{beat}\n{text}"
    );
    assert!(!beat.contains("volumes:"), "{beat}");
}

#[test]
fn another_process_has_its_own_command_where_the_dockerfile_is_written_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = "[stack]\nname = \"x\"\n\n[services.api]\nkind = \"python\"\nversion = \"3.12\"\nsource = \".\"\ndockerfile = \
                    \"Dockerfile\"\napp = \"main:app\"\nport = 8000\nhealth = false\n\n[services.same]\nextends = \
                    \"api\"\n\n[services.admin]\nextends = \"api\"\napp = \"admin:app\"\nport = 8001\n\n[services.worker]\nextends \
                    = \"api\"\nkind = \"celery\"\napp = \"worker\"\n";
    for (path, text) in [
        ("services.toml", manifest),
        ("Dockerfile", "FROM python:3.12-slim\nCOPY . .\nUSER 1000\nCMD [\"uvicorn\", \"main:app\"]\n"),
        (".dockerignore", ".git\n"),
        ("requirements.txt", "uvicorn==0.30.0\ncelery==5.4.0\n"),
    ] {
        fs::write(folder.path().join(path), text).expect("a file");
    }
    let output = stackgen().current_dir(folder.path()).arg("render").output().expect("stackgen");
    assert!(output.status.success(), "{}", everything_said(&output));
    let compose = fs::read_to_string(folder.path().join("docker-compose.yml")).expect("a compose file");
    for name in ["api", "same"] {
        assert!(!service(&compose, name).contains("command:"), "{compose}");
    }
    assert!(service(&compose, "admin").contains("command: uvicorn admin:app"), "{compose}");
    assert!(service(&compose, "worker").contains("command: celery --app worker worker"), "{compose}");
}

#[test]
fn a_command_that_says_more_than_the_kind_has_words_for_stays_whole() {
    let (text, _, compose) = program(&format!(
        "{API}  worker:\n    build: .\n    command: celery -A worker.celery_app worker -l DEBUG --max-tasks-per-child=100\n    \
         stop_grace_period: 2m\n    healthcheck: {{test: [\"CMD\", \"celery\", \"inspect\", \"ping\"], interval: 45s, retries: \
         9}}\n"
    ));
    let worker = service(&compose, "worker");
    assert!(
        worker.contains("command: celery -A worker.celery_app worker -l DEBUG --max-tasks-per-child=100"),
        "{worker}"
    );
    assert!(worker.contains("stop_grace_period: 2m") && worker.contains("interval: 45s"), "{worker}\n{text}");
    assert!(worker.contains("test: CMD celery inspect ping") && worker.contains("retries: 9"), "{worker}");
}

#[test]
fn the_probe_of_a_kind_keeps_the_times_that_were_said() {
    let (_, _, compose) = program(&format!(
        "{API}  worker:\n    build: .\n    command: celery -A worker.celery_app worker\n    healthcheck: {{interval: 45s, retries: \
         9}}\n"
    ));
    let worker = service(&compose, "worker");
    assert!(worker.contains("find_app") && worker.contains("interval: 45s timeout: 15s retries: 9"), "{worker}");
}

#[test]
fn another_process_has_nothing_that_only_the_first_one_had() {
    let (text, _, compose) = program(
        "  api:\n    build: .\n    ports: [\"8000:8000\"]\n    environment: {ONLY_API: \"1\", BOTH: \"2\"}\n    restart: always\n    \
         volumes: [\"./worker.py:/code/app.py\"]\n    depends_on: [redis, mail]\n    hostname: first\n    mem_limit: 512m\n  \
         worker:\n    build: .\n    command: celery -A worker.celery_app worker\n    environment: {BOTH: \"2\"}\n    depends_on: \
         [redis]\n  mail:\n    image: axllent/mailpit:v1.20\n",
    );
    let api = service(&compose, "api");
    let worker = service(&compose, "worker");
    for own in ["ONLY_API", "/code/app.py", "mail:", "restart: always", "hostname: first", "512m"] {
        assert!(api.contains(own), "{own} in {api}\n{text}");
        assert!(!worker.contains(own), "{own} in {worker}\n{text}");
    }
    assert!(worker.contains("BOTH: 2") && worker.contains("redis:"), "{worker}");
    assert!(worker.contains("restart: no"), "{worker}");
}

#[test]
fn a_service_that_becomes_a_kind_keeps_its_name_its_log_and_its_times() {
    let (text, said, compose) = made(&[(
        "compose.yaml",
        "services:\n  cache:\n    image: redis:7-alpine\n    container_name: mycache\n    hostname: cachehost\n    logging: {driver: \
         json-file, options: {max-size: \"7m\", max-file: \"2\"}}\n    stop_grace_period: 5m\n    healthcheck: {test: [\"CMD\", \
         \"redis-cli\", \"ping\"], interval: 33s, timeout: 9s, retries: 17}\n  other:\n    image: redis:7-alpine\n    logging: \
         {driver: syslog}\n    tmpfs: /data\n    healthcheck: {disable: true}\n",
    )]);
    let cache = service(&compose, "cache");
    for kept in [
        "container_name: mycache",
        "hostname: cachehost",
        "max-size: 7m max-file: 2",
        "stop_grace_period: 5m",
        "interval: 33s timeout: 9s retries: 17",
    ] {
        assert!(cache.contains(kept), "{kept} in {cache}\n{text}\n{said}");
    }
    assert!(text.contains("persist = true") && text.contains("nothing was mounted there"), "{text}");
    let other = service(&compose, "other");
    assert!(
        other.contains("driver: syslog") && !other.contains("healthcheck:") && !other.contains("volumes:"),
        "{other}"
    );
}

#[test]
fn settings_of_a_database_server_are_kept_and_those_that_are_not_shown_are_named() {
    let compose = |setting: &str| {
        format!(
            "services:\n  db:\n    image: postgres:17-alpine\n    command: [\"postgres\", \"-c\", \"log_statement=all\", \"-c\", \
             \"{setting}\"]\n    environment: {{POSTGRES_PASSWORD: \"${{PW}}\"}}\n    volumes: \
             [\"pg:/var/lib/postgresql/data\"]\nvolumes: {{pg: {{}}}}\n"
        )
    };
    let (_, _, plain) = made(&[("compose.yaml", &compose("max_connections=200"))]);
    assert!(service(&plain, "db").contains("-c log_statement=all -c max_connections=200"), "{plain}");
    let (text, said, _) = made(&[("compose.yaml", &compose("primary_conninfo=host=a password=hunter2"))]);
    assert!(said.contains("-c log_statement, -c primary_conninfo"), "{said}");
    assert!(!text.contains("hunter2") && !said.contains("hunter2"), "{text}\n{said}");
}

#[test]
fn a_dockerfile_is_offered_to_be_written_only_where_stackgen_knows_what_it_would_run() {
    let (text, said, _) = program(API);
    assert!(text.contains("app = \"main:app\"") && said.contains("To have one written instead"), "{text}\n{said}");
    let (text, said, _) = made(&[
        ("compose.yaml", "services:\n  api:\n    build: .\n    ports: [\"8000:8000\"]\n"),
        ("Dockerfile", "FROM python:3.12-slim\nCOPY . .\nUSER 1000\nCMD [\"python\", \"-m\", \"serve\"]\n"),
        ("requirements.txt", "flask==3.0.0\n"),
        (".dockerignore", ".git\n"),
        ("serve.py", "print(1)\n"),
    ]);
    assert!(text.contains("dockerfile = \"Dockerfile\"") && !text.contains("stackgen writes one"), "{text}");
    assert!(said.contains("stays as it is") && !said.contains("To have"), "{said}");
}

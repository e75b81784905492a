//! Variables, secrets, and what services say of each other.

use serde_json::json;

use crate::attempt::Attempt;
use crate::support::compose::{has_compose, has_engine};

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[
    "alias-shadowing",
    "blank-to-typed",
    "completed-never-exits",
    "credential-mismatch",
    "env-coverage",
    "env-drift",
    "env-file-not-interpolated",
    "env-file-syntax",
    "image-required-env",
    "implicit-dependency",
    "one-shot-never-awaited",
    "reference-wrong-port",
    "secret-source-missing",
    "silent-dash-default",
];

/// Waits until a server of Redis answers, which `up` does not do without a probe.
const WAIT: &str = "for i in 1 2 3 4 5 6 7 8 9; do redis-cli -h store ping && break; sleep 1; done";

#[test]
fn nobody_listens_inside_on_the_port_that_is_published() {
    if !has_engine() {
        return;
    }
    let attempt = Attempt::new(
        "services:
  store:
    image: redis:7-alpine
    ports: ['127.0.0.1::6379']
  by-hand:
    image: redis:7-alpine
    profiles: [tools]
",
    );
    let (is_up, said) = attempt.up(30);
    assert!(is_up, "{said}");
    let (_, published) = attempt.run(&["port", "store", "6379"]);
    let port = published.trim().rsplit(':').next().expect("a port").to_owned();
    let ask = |port: &str| {
        let command = format!("{WAIT}; redis-cli -h store -p {port} ping");
        attempt.run(&["run", "--rm", "--quiet-pull", "by-hand", "sh", "-c", &command])
    };
    let (_, said) = ask(&port);
    assert!(said.contains("Connection refused"), "{said}");
    let (is_answered, said) = ask("6379");
    assert!(is_answered && !said.contains("refused"), "{said}");
}

#[test]
fn what_a_text_names_is_not_started() {
    if !has_engine() {
        return;
    }
    let attempt = Attempt::new(
        "services:
  queue:
    image: redis:7-alpine
  alone:
    image: redis:7-alpine
    environment: { QUEUE: 'redis://queue:6379' }
  web:
    image: redis:7-alpine
    environment: { QUEUE: 'redis://queue:6379' }
    depends_on: [queue]
",
    );
    let running = |service: &str| {
        let (is_up, said) = attempt.run(&["up", "--detach", service]);
        assert!(is_up, "{said}");
        attempt.containers().len()
    };
    assert_eq!(running("alone"), 1, "nobody waits for the queue");
    assert_eq!(running("web"), 3, "the queue comes with it");
}

/// A service that waits for the end of another one.
fn waiting_for_the_end_of(first: &str) -> Attempt {
    Attempt::new(&format!(
        "services:
  first:
    image: redis:7-alpine
    {first}
  web:
    image: redis:7-alpine
    depends_on: {{ first: {{ condition: service_completed_successfully }} }}
"
    ))
}

#[test]
fn who_waits_for_the_end_of_a_server_waits_for_ever() {
    if !has_engine() {
        return;
    }
    let attempt = waiting_for_the_end_of("stop_grace_period: 1s");
    let (is_up, said) = attempt.up(5);
    assert!(!is_up, "{said}");
}

#[test]
fn what_is_started_again_ends_several_times_before_somebody_notices() {
    if !has_engine() {
        return;
    }
    let attempt = waiting_for_the_end_of("command: ['true']\n    restart: unless-stopped");
    // It may or may not look in the moment between two runs.
    attempt.up(5);
    let runs = attempt.containers().iter().filter_map(|it| it["RestartCount"].as_u64()).max();
    assert!(runs > Some(1), "{runs:?}");
}

#[test]
fn a_service_that_ends_fails_the_start_unless_somebody_waits_for_its_end() {
    if !has_engine() {
        return;
    }
    let stack = |depends: &str| {
        Attempt::new(&format!(
            "services:
  migrate:
    image: redis:7-alpine
    command: ['true']
  web:
    image: redis:7-alpine
    {depends}
"
        ))
    };
    let (is_up, said) = stack("").up(20);
    assert!(!is_up && said.contains("exited (0)"), "{said}");
    let (is_up, said) = stack("depends_on: { migrate: { condition: service_completed_successfully } }").up(20);
    assert!(is_up, "{said}");
}

#[test]
fn a_name_that_two_services_have_leads_to_both() {
    if !has_engine() {
        return;
    }
    let attempt = Attempt::new(
        "services:
  db:
    image: redis:7-alpine
  db-old:
    image: redis:7-alpine
    networks: { default: { aliases: [db] } }
  stub:
    image: redis:7-alpine
    hostname: web
  web:
    image: redis:7-alpine
",
    );
    attempt.config().expect("Compose says nothing");
    let (is_up, said) = attempt.up(30);
    assert!(is_up, "{said}");
    for (name, from) in [("db", "stub"), ("web", "db-old")] {
        let (_, found) = attempt.run(&["exec", "--no-TTY", from, "getent", "ahostsv4", name]);
        let addresses = found.lines().filter(|line| line.contains("STREAM")).count();
        assert_eq!(addresses, 2, "{name}: {found}");
    }
}

#[test]
fn a_database_opens_to_its_own_login_alone() {
    if !has_engine() {
        return;
    }
    let attempt = Attempt::new(
        "services:
  db:
    image: postgres:17-alpine
    environment: { POSTGRES_USER: app, POSTGRES_PASSWORD: not-a-secret, POSTGRES_DB: shop }
    healthcheck: { test: [CMD, pg_isready, --host=127.0.0.1, --username=app], interval: 1s, retries: 30 }
",
    );
    let (is_up, said) = attempt.up(60);
    assert!(is_up, "{said}");
    let ask = |url: &str| attempt.run(&["exec", "--no-TTY", "db", "psql", "--tuples-only", "--command=select 1", url]);
    let (is_open, said) = ask("postgresql://app:not-a-secret@db:5432/shop");
    assert!(is_open, "{said}");
    for (url, complaint) in [
        ("postgresql://api:not-a-secret@db:5432/shop", "api"),
        ("postgresql://app:not-a-secret@db:5432/shopp", "\"shopp\" does not exist"),
        ("postgresql://app:not-a-secret@x@db:5432/shop", "x@db"),
        ("postgresql://app:not/a-secret@db:5432/shop", "invalid integer value"),
        ("postgresql://app:not%a-secret@db:5432/shop", "invalid percent-encoded token"),
        ("mysql://app:not-a-secret@db:5432/shop", "connection to server on socket"),
    ] {
        let (is_open, said) = ask(url);
        assert!(!is_open && said.contains(complaint), "{url}: {said}");
    }
    // Only the end of a password ends it: what stands behind a colon belongs to it.
    let (_, said) = attempt.run(&["exec", "--no-TTY", "db", "psql", "postgresql://app:not:a-secret@127.0.0.1:1/shop"]);
    assert!(said.contains("127.0.0.1"), "{said}");
}

#[test]
fn a_database_does_not_start_without_a_password() {
    if !has_engine() {
        return;
    }
    let stack = |environment: &str| {
        Attempt::new(&format!(
            "services:
  db:
    image: postgres:17-alpine
    environment: {{ {environment} }}
    healthcheck: {{ test: [CMD, pg_isready, --host=127.0.0.1], interval: 1s, retries: 30 }}
"
        ))
    };
    for environment in ["", "POSTGRES_PASSWORD: ''", "POSTGRES_PASSWORD: '${UNSET:-}'"] {
        let attempt = stack(environment);
        let (is_up, said) = attempt.up(30);
        assert!(!is_up, "{environment}: {said}");
        let (_, log) = attempt.run(&["logs", "db"]);
        assert!(log.contains("POSTGRES_PASSWORD"), "{log}");
    }
    let (is_up, said) = stack("POSTGRES_PASSWORD: not-a-secret").up(60);
    assert!(is_up, "{said}");
}

#[test]
fn what_is_passed_empty_is_set_and_no_number() {
    if !has_engine() {
        return;
    }
    let attempt = Attempt::new(
        "services:
  read:
    image: python:3.13-slim
    command: [python, -c, 'import os; int(os.environ.get(\"WORKERS\", 2))']
    environment: { WORKERS: '${WORKERS:-}' }
  leave-alone:
    image: python:3.13-slim
    command: [python, -c, 'import os; int(os.environ.get(\"WORKERS\", 2))']
",
    );
    let run = |service: &str| attempt.run(&["run", "--rm", service]);
    let (is_well, said) = run("read");
    assert!(!is_well && said.contains("invalid literal for int()"), "{said}");
    let (is_well, said) = run("leave-alone");
    assert!(is_well, "{said}");
}

#[test]
fn a_hyphen_makes_a_default_and_nobody_says_so() {
    if !has_compose() {
        return;
    }
    let attempt = Attempt::new(
        "services:
  web:
    image: redis:7-alpine
    environment: { TOKEN: '${API-TOKEN}', HOST: '${API-BASE-HOST:-example.com}' }
",
    );
    let attempt = attempt.with(".env", "API_TOKEN=set\nAPI_BASE_HOST=set\n");
    let environment = &attempt.config().expect("Compose says nothing")["services"]["web"]["environment"];
    assert_eq!((&environment["TOKEN"], &environment["HOST"]), (&json!("TOKEN"), &json!("BASE-HOST:-example.com")));
}

#[test]
fn a_key_is_taken_as_it_stands() {
    if !has_compose() {
        return;
    }
    let attempt = Attempt::new(
        "services:
  web:
    image: redis:7-alpine
    labels: { 'host.${NAME}': '${NAME}' }
",
    );
    let labels =
        &attempt.with(".env", "NAME=web\n").config().expect("Compose says nothing")["services"]["web"]["labels"];
    assert_eq!(labels, &json!({ "host.$${NAME}": "web" }), "it prints a `$` doubled");
}

#[test]
fn a_default_is_read_whether_it_is_needed_or_not() {
    if !has_compose() {
        return;
    }
    let compose = "services:
  web:
    image: redis:7-alpine
    environment: { URL: '${URL:-https://${HOST:?where it runs}/}' }
";
    let said = Attempt::new(compose).with(".env", "URL=https://example.com/\n").config();
    assert!(said.as_ref().is_err_and(|said| said.contains("HOST is missing a value")), "{said:?}");
    Attempt::new(compose).with(".env", "HOST=example.com\n").config().expect("Compose says nothing");
}

#[test]
fn a_brace_in_a_default_ends_it_elsewhere() {
    if !has_compose() {
        return;
    }
    let with = |value: &str| {
        let compose = format!("services:\n  web:\n    image: redis:7-alpine\n    environment: {{ X: '{value}' }}\n");
        Attempt::new(&compose).with(".env", "B=b\n").config()
    };
    with("${A:-{}}").expect("alone it works");
    let said = with("${A:-{}}${B}");
    assert!(said.as_ref().is_err_and(|said| said.contains("invalid interpolation format")), "{said:?}");
}

/// What Compose makes of an env file that a service names: the variables of the container, or what it says instead.
fn env_file(text: &str) -> Result<serde_json::Value, String> {
    let compose = "services:\n  api:\n    image: redis:7-alpine\n    env_file: api.env\n";
    let config = Attempt::new(compose).with("api.env", text).config()?;
    Ok(config["services"]["api"]["environment"].clone())
}

#[test]
fn env_files_that_compose_refuses() {
    if !has_compose() {
        return;
    }
    for (text, complaint) in [
        ("MY NAME=x\n", "api.env"),
        ("A=1\nB*=2\n", "unexpected character \"*\""),
        ("A=\"not closed\n", "unterminated quoted value"),
        ("A=${B\n", "api.env"),
    ] {
        let said = env_file(text);
        assert!(said.as_ref().is_err_and(|said| said.contains(complaint)), "{text}: {said:?}");
    }
    let missing = "services:\n  api:\n    image: redis:7-alpine\n    env_file: ";
    let said = Attempt::new(&format!("{missing}nowhere.env\n")).config();
    assert!(said.as_ref().is_err_and(|said| said.contains("nowhere.env not found")), "{said:?}");
    Attempt::new(&format!("{missing}[{{ path: nowhere.env, required: false }}]\n")).config().expect("nothing is said");
}

#[test]
fn env_files_that_compose_reads_otherwise_than_they_look() {
    if !has_compose() {
        return;
    }
    for (text, expected) in [
        ("A=\"x\"B=2\n", json!({ "A": "x", "B": "2" })),
        ("WHERE=\"C:\\temp\"\n", json!({ "WHERE": "C:\temp" })),
        ("A=1\nA=2\n", json!({ "A": "2" })),
        ("A='pa$word'\n", json!({ "A": "pa$$word" })),
        ("A=pa$$word\n", json!({ "A": "pa$$word" })),
    ] {
        assert_eq!(env_file(text), Ok(expected), "{text}");
    }
    // It says so of what it loses, and goes on.
    for text in ["A=pa$word\n", "A=$B\nB=1\n"] {
        let said = env_file(text);
        assert!(said.as_ref().is_err_and(|said| said.contains("variable is not set")), "{text}: {said:?}");
    }
}

#[test]
fn what_a_service_reads_from_a_file_is_not_known_outside_of_it() {
    if !has_compose() {
        return;
    }
    let attempt = Attempt::new(
        "services:
  api:
    image: redis:7-alpine
    env_file: api.env
    command: [serve, '${PORT:-8080}']
    environment: { LEVEL: info }
",
    );
    let config = attempt.with("api.env", "PORT=9000\nLEVEL=debug\n").config().expect("Compose says nothing");
    let api = &config["services"]["api"];
    assert_eq!(api["command"], json!(["serve", "8080"]));
    assert_eq!(api["environment"], json!({ "PORT": "9000", "LEVEL": "info" }), "`environment` wins");
}

#[test]
fn what_a_secret_is_made_of_is_missed_at_the_start() {
    if !has_engine() {
        return;
    }
    for (section, source, complaint) in [
        ("secrets", "file: ./nowhere.txt", "bind source path does not exist"),
        ("secrets", "environment: NOWHERE", "required by secret"),
        ("secrets", "external: true", "unsupported external secret"),
        ("configs", "file: ./nowhere.txt", "bind source path does not exist"),
        ("configs", "environment: NOWHERE", "required by config"),
        ("configs", "external: true", "unsupported external config"),
    ] {
        let attempt = Attempt::new(&format!(
            "services:
  api:
    image: redis:7-alpine
    {section}: [key]
{section}:
  key: {{ {source} }}
"
        ));
        attempt.config().unwrap_or_else(|said| panic!("{source}: {said}"));
        let (is_up, said) = attempt.up(20);
        assert!(!is_up && said.contains(complaint), "{section}, {source}: {said}");
    }
}

#[test]
fn what_an_env_file_of_development_has_is_nowhere_in_production() {
    if !has_compose() {
        return;
    }
    let environment = |env_file: &str| {
        let compose = format!("services:\n  api:\n    image: redis:7-alpine\n{env_file}");
        let config = Attempt::new(&compose).with("api.env", "DATABASE=shop\n").config().expect("Compose says nothing");
        config["services"]["api"]["environment"]["DATABASE"].clone()
    };
    assert_eq!(environment("    env_file: api.env\n"), json!("shop"));
    assert_eq!(environment(""), json!(null));
}

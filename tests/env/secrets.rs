//! No value that anybody has set is ever shown: planted in every place, looked for in every output.

use std::fmt::Write as _;

use crate::support::tree::{Ran, Tree};

/// A stack with every kind of variable, and secrets with defaults.
const STACK: &str = r#"[stack]
name = "till"
environments = ["dev", "prod"]

[variables]
API_TOKEN   = { secret = true }
CARD_KEY    = { secret = true, example = "not-a-secret-example" }
LICENCE     = { secret = true, default = "not-a-secret-default", required = ["prod"] }
DSN         = { default = "db://till:${LICENCE}@db/${NAME}" }
CHOICE      = { secret = true, values = ["not-a-secret-choice", "not-a-secret-other"] }
SECRET_PORT = { secret = true, type = "port" }
NAME        = { default = "till" }
WORKERS     = { default = 2 }
URL         = { type = "url" }
MAIL        = { type = "email" }
WAIT        = { default = "5s", type = "duration" }
LOUD        = { default = false }
RATE        = { default = 1.5 }
SLUG        = { type = "url-safe" }
MODE        = { default = "fast", values = ["fast", "safe"] }

[services.till]
image = "till:1.4"

[services.till.env]
ALL = "${API_TOKEN}${CARD_KEY}${LICENCE}${DSN}${CHOICE}${SECRET_PORT}${NAME}${WORKERS}${URL}${MAIL}${WAIT}${LOUD}"
TOO = "${RATE}${SLUG}${MODE}${BY_USE:?why}${OTHER-x}"
"#;

const NAMES: [&str; 17] = [
    "API_TOKEN",
    "CARD_KEY",
    "LICENCE",
    "DSN",
    "CHOICE",
    "SECRET_PORT",
    "NAME",
    "WORKERS",
    "URL",
    "MAIL",
    "WAIT",
    "LOUD",
    "RATE",
    "SLUG",
    "MODE",
    "BY_USE",
    "OTHER",
];

/// A private key as it must not be pasted, line by line; no line may be shown, nor a piece of one.
const KEY: [&str; 6] = [
    "-----BEGIN PRIVATE KEY-----",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
    "Zm9vYmFy/Kx0Lm5+cUd1dHZ3eHl6MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3Bx",
    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "c3R1dnd4eXo=",
    "-----END PRIVATE KEY-----",
];

/// Every env file with something that must not be shown.
fn texts() -> Vec<String> {
    let every = |value: &str| {
        NAMES.iter().fold(String::new(), |mut text, name| {
            writeln!(text, "{name}={value}").expect("writing to a string");
            text
        })
    };
    let mut texts = vec![
        every("not-a-secret"),
        every("'not-a-secret value'"),
        every("\"not-a-secret\\n${not_a_secret_name:-not-a-secret}\""),
        every("not-a-secret$word"),
        every("not-a-secret-example"),
        every("not-a-secret-choice"),
        every("1\nnot_a_secret_NAME=2"),
        "API_TOKEN=not-a-secret\nAPI_TOKEM=not-a-secret\nAPI_TOKEN=not-a-secret\nSTRANGER=not-a-secret\n".to_owned(),
    ];
    // Files that cannot be read.
    for line in [
        "API_TOKEN='not-a-secret",
        "API_TOKEN=\"not-a-secret\\\"",
        "API_TOKEN!=not-a-secret",
        "API TOKEN=not-a-secret",
        "not-a-secret/x=1",
        "not-a-secret$",
        "API_TOKEN=not-a-secret${",
        "API_TOKEN=not-a-secret${X?not-a-secret}",
        "API_TOKEN=a' not-a-secret\nB='not-a-secret",
        "{\"API_TOKEN\": \"not-a-secret\"}",
        "NAME='a\nnot-a-secret' API_TOKEN+=not-a-secret",
    ] {
        texts.push(format!("NAME=x\n{line}\n"));
    }
    // A key, whole and in every part of it.
    for start in 0..KEY.len() {
        texts.push(format!("API_TOKEN={}\n", KEY[start..].join("\n")));
        texts.push(format!("{}\n", KEY[start..].join("\n")));
        texts.push(format!("{}\n", KEY[start]));
        texts.push(format!("API_TOKEN='{}\n", KEY[start..].join("\n")));
    }
    texts
}

const RUNS: [&[&str]; 7] = [
    &["env"],
    &["env", "-q"],
    &["env", "-v"],
    &["env", "--format", "json"],
    &["env", "--color", "always"],
    &["env", "-e", "prod"],
    &["env", "--write"],
];

#[track_caller]
fn assert_hidden(ran: &Ran, what: &str) {
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.is_empty() || !ran.stderr.contains("explain"), "{what}: the stack itself is wrong:\n{said}");
    assert!(!said.contains("not-a-secret") && !said.contains("not_a_secret"), "{what}:\n{said}");
    for line in &KEY[1..5] {
        let pieces = (0..=line.len().saturating_sub(8)).map(|at| &line[at..(at + 8).min(line.len())]);
        for piece in pieces {
            assert!(!said.contains(piece), "{what}: {piece} in\n{said}");
        }
    }
}

#[test]
fn no_value_of_an_env_file_is_shown() {
    let texts = texts();
    for text in &texts {
        let tree = Tree::new(STACK);
        for arguments in RUNS {
            tree.write(".env", text);
            tree.write(
                ".env.prod",
                format!("COMPOSE_FILE=not-a-secret.yml\nCOMPOSE_PROJECT_NAME=Not-a-secret\n{text}"),
            );
            let ran = Ran::of(tree.command(arguments).env_clear());
            assert!(ran.code == Some(0) || ran.code == Some(1), "{arguments:?}: {ran:?}");
            assert_hidden(&ran, &format!("{arguments:?} of {text}"));
        }
    }
}

#[test]
fn no_value_of_the_shell_is_shown() {
    let tree = Tree::new(STACK);
    for value in ["not-a-secret", "not-a-secret-example", "not-a-secret-choice", "${not-a-secret", ""] {
        for arguments in RUNS {
            let compose = ["COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES", "COMPOSE_DISABLE_ENV_FILE"];
            let shell = NAMES.iter().chain(&compose).map(|name| (*name, value));
            let ran = Ran::of(tree.command(arguments).env_clear().envs(shell));
            assert_eq!(ran.code, Some(1), "{arguments:?}: {ran:?}");
            assert_hidden(&ran, &format!("{arguments:?} with {value:?}"));
        }
    }
}

#[test]
fn defaults_are_shown_unless_they_are_secret() {
    let tree = Tree::new(STACK);
    let ran = Ran::of(tree.command(&["env", "-e", "dev", "--format", "json"]).env_clear());
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let rows = document["environments"][0]["variables"].as_array().expect("rows");
    let default = |name: &str| rows.iter().find(|row| row["name"] == name).expect("a row")["default"].clone();
    assert_eq!(default("LICENCE"), serde_json::Value::Null);
    assert_eq!(default("DSN"), "db://till:${LICENCE}@db/${NAME}");
    assert_eq!((default("NAME"), default("WORKERS")), ("till".into(), "2".into()));
}

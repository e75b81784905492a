//! No value that may be a secret leaves the file in which it stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{entries, everything_said};
use crate::{copy_of, init, layouts};

/// Values as people have them.
const PLANTED: [&str; 7] = [
    "tulip-Harbor-91",
    "correcthorsebattery",
    "4f9c2a7be01d4c5f8a6e",
    "UGxhbnRlZCBzZWNyZXQ=",
    "9182736450192837",
    "p@ss:w0rd/with?signs",
    "sk_live_00000000000000000000000000",
];

/// The texts of a repository, by path.
pub(crate) fn texts(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(at) = open.pop() {
        for path in entries(&at) {
            if path.is_dir() {
                open.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let inner = path.strip_prefix(directory).expect("below it").to_string_lossy().into_owned();
                found.insert(inner, text);
            }
        }
    }
    found
}

/// Whether these values are nowhere in what init says and writes.
fn are_kept(directory: &Path, values: &[&str], place: &str) {
    let output = init(directory, &["--stdout"]);
    let said = everything_said(&output);
    assert!(output.status.success(), "{place}: {said}");
    assert!(said.contains("[services."), "{place}: {said}");
    for value in values {
        assert!(!said.contains(value), "{place}: {value} is told:\n{said}");
    }
}

#[test]
fn nothing_of_env_files_is_told() {
    for (layout, value) in layouts().iter().zip(PLANTED.iter().cycle()) {
        let folder = copy_of(layout);
        let directory = folder.path().join("repository");
        // Whatever a variable is called.
        let names = ["DB_PASSWORD", "GREETING", "LOG_LEVEL", "PORT", "REDIS_URL", "APP_NAME", "DOMAIN", "ADMIN_KEY"];
        let lines: Vec<String> = names.iter().map(|name| format!("{name}='{value}'")).collect();
        let text = lines.join("\n") + "\n";
        for name in [".env", ".env.local", ".env.production"] {
            fs::write(directory.join(name), &text).expect("an env file");
        }
        let example = fs::read_to_string(directory.join(".env.example")).unwrap_or_default();
        fs::write(directory.join(".env.example"), format!("{example}\nEXTRA_TOKEN={value}\n")).expect("an example");
        are_kept(&directory, &[value], &layout.display().to_string());
    }
}

#[test]
fn nothing_secret_of_compose_files_is_told() {
    for value in PLANTED {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = folder.path();
        let quoted = serde_json::to_string(value).expect("JSON");
        let encoded: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        fs::write(
            directory.join("docker-compose.yml"),
            format!(
                r#"
x-secret: &secret {quoted}
services:
  web:
    image: example/web:1.0
    ports: ["8080:80"]
    environment:
      API_KEY: {quoted}
      MODE: {quoted}
      TITLE: *secret
      DATABASE_URL: postgresql://app:{encoded}@db:5432/app
      OTHER: ${{OTHER:-{encoded}}}
      LONG: "https://hooks.example.net/{encoded}"
    command: ["serve", "--token", {quoted}, "--auth={encoded}"]
    healthcheck:
      test: ["CMD-SHELL", "ask -p{encoded} localhost"]
    labels:
      - "traefik.enable=true"
      - "traefik.http.middlewares.door.basicauth.users=admin:{encoded}"
      - "com.example.token={encoded}"
    build:
      context: .
      args:
        NPM_TOKEN: {quoted}
        EDITION: {quoted}
    extra_hosts: ["{encoded}:127.0.0.1"]
    annotations:
      com.example.password: {quoted}
  db:
    image: postgres:16-alpine
    environment:
      - POSTGRES_PASSWORD={value}
      - POSTGRES_USER=app
  cache:
    image: redis:7-alpine
    command: redis-server --requirepass {encoded}
    healthcheck:
      test: ["CMD", "redis-cli", "-a", "{encoded}", "ping"]
  shop:
    image: example/shop:2.1
    environment:
      - SHOP_SECRET={value}
    entrypoint: ["shop", "--password", "{encoded}"]
"#
            ),
        )
        .expect("a compose file");
        are_kept(directory, &[value, &encoded], "docker-compose.yml");
    }
}

#[test]
fn nothing_secret_of_commands_scripts_and_sources_is_told() {
    for value in PLANTED {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = folder.path();
        let encoded: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        let write = |name: &str, text: String| fs::write(directory.join(name), text).expect(name);
        write(
            "Procfile",
            format!(
                "web: SECRET_KEY={encoded} MODE={encoded} gunicorn web:app --auth-token {encoded}\nworker: rq worker --url redis://:{encoded}@cache:6379\n"
            ),
        );
        write("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\nredis==5.2.1\n".to_owned());
        write(
            "web.py",
            format!(
                "import os\nfrom flask import Flask\n\napp = Flask(__name__)\nkey = os.environ.get(\"SECRET_KEY\", \"{encoded}\")\n\
                 hook = os.environ.get(\"WEBHOOK\", \"https://hooks.example.net/{encoded}\")\n"
            ),
        );
        fs::create_dir(directory.join("page")).expect("a folder");
        write(
            "page/package.json",
            serde_json::json!({
                "name": "page",
                "scripts": {
                    "start": format!("API_KEY={value} node index.js --token {encoded}"),
                    "dev": format!("PASSWORD={encoded} nodemon index.js"),
                },
                "dependencies": { "express": "4.21.0" },
            })
            .to_string(),
        );
        write("page/package-lock.json", "{}".to_owned());
        write(
            "page/Dockerfile",
            format!("FROM node:22\nENV API_KEY={encoded}\nARG TOKEN={encoded}\nCMD [\"node\", \"index.js\"]\n"),
        );
        write(
            "page/index.js",
            format!("const key = process.env.API_KEY || \"{encoded}\";\nrequire('express')().listen(3000);\n"),
        );
        are_kept(directory, &[value, &encoded], "commands");
    }
}

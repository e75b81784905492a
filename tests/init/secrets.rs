//! No value that may be a secret leaves the file in which it stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{entries, everything_said, in_parallel};
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
    assert!(said.contains("\n[services."), "{place}: {said}");
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

/// A place of a repository where people write secrets, and the files with one of them there.
struct Place {
    what: &'static str,
    files: fn(&str, &str) -> Vec<(&'static str, String)>,
    /// Which names and values are written there.
    cases: &'static [(&'static str, &'static str)],
}

/// What nothing may tell: it is a part of every value below.
const NEEDLE: &str = "Mari9oldTh";

/// Variables as people call them, with values as they have them.
const VARIABLES: &[(&str, &str)] = &[
    ("DB_PASSWORD", "Mari9oldTh"),
    ("PGPASS", "Mari9oldTh"),
    ("DBPASS", "Mari9oldTh"),
    ("USERPWD", "Mari9oldTh"),
    ("PW", "Mari9oldTh"),
    ("CREDS", "Mari9oldTh"),
    ("GH_PAT", "Mari9oldTh"),
    ("BEARER", "Mari9oldTh"),
    ("PSK", "Mari9oldTh"),
    ("PINCODE", "Mari9oldTh"),
    ("AUTHORIZATION", "Bearer Mari9oldTh"),
    ("ODBC", "host=h password=Mari9oldTh"),
    ("BASIC", "joe:Mari9oldTh"),
    ("PAIR", "joe:Mari9oldTh"),
    ("HOOK", "https://hooks.slack.com/services/T0/B0/Mari9oldTh"),
    ("NOTIFY", "slack://Mari9oldTh@channel"),
    ("ENDPOINT", "https://example.net/send?key=Mari9oldTh"),
    ("CACHE", "redis://:Mari9oldTh@cache.example.net:6379"),
    ("MODE", "Mari9oldTh"),
];

/// What stands in commands; the name says what is tried.
const COMMANDS: &[(&str, &str)] = &[
    ("flag", "serve --db-password Mari9oldTh"),
    ("glued flag", "serve --api-key=Mari9oldTh"),
    ("colon", "serve --password:Mari9oldTh"),
    ("short flag", "serve -k Mari9oldTh"),
    ("glued short flag", "serve -pMari9oldTh"),
    ("second assignment", "sh -c 'FOO=1 API_KEY=Mari9oldTh serve'"),
    ("small letters", "sh -c 'foo=Mari9oldTh serve'"),
    ("bearer", "curl -H 'Authorization: Bearer Mari9oldTh' http://localhost"),
    ("header", "curl --header 'X-Api-Key: Mari9oldTh' http://localhost"),
    ("user info", "serve joe:Mari9oldTh@db.example.net"),
    ("address", "serve https://Mari9oldTh@example.net"),
    ("query", "curl http://localhost:80/?token=Mari9oldTh"),
    ("SQL", "psql -c \"create user x identified by 'Mari9oldTh'\""),
    ("default", "serve --api-key ${API_KEY:-Mari9oldTh}"),
    ("default without a colon", "serve --requirepass ${E_PASSWORD-Mari9oldTh}"),
    ("default of any variable", "serve --password ${ANY:-Mari9oldTh}"),
    ("default behind any flag", "serve --any ${A_PASSWORD:-Mari9oldTh}"),
    ("default in a default", "serve --password ${ANY:-${OTHER:-Mari9oldTh}}"),
    ("default in a flag", "pg_dump --dbname=postgres://u:${DB_PASSWORD:-Mari9oldTh}@db/x"),
    ("default in an address", "pg_dump postgres://u:${ANY:-Mari9oldTh}@db/x"),
    ("default of a shell", "sh -c 'DB_PASSWORD=$${DB_PASSWORD:-Mari9oldTh} serve'"),
    ("second default", "sh -c 'DB_PASSWORD=$${DB_PASSWORD} TOKEN=${TOKEN:-Mari9oldTh} serve'"),
    ("Redis in a shell", "sh -c \"redis-server --requirepass $${REDIS_PASSWORD:-Mari9oldTh}\""),
    ("setting of PostgreSQL", "postgres -c x.token=${F_TOKEN:-Mari9oldTh}"),
    ("default in a query", "curl http://x/?token=${B_TOKEN:-Mari9oldTh}"),
    ("default in a path", "curl http://localhost/${B_TOKEN:-Mari9oldTh}"),
    ("glued default", "mysqladmin ping -p${G_PASSWORD:-Mari9oldTh}"),
    ("default of a program", "node s.js --password ${PW:-Mari9oldTh}"),
    ("tail of a variable", "serve --password ${PW}Mari9oldTh"),
    ("dollar", "serve -p $$Mari9oldTh"),
    ("glued dollar", "mysql -p$$Mari9oldTh"),
    ("dollar in an address", "serve http://$$Mari9oldTh@h"),
    ("quoted dollar", "sh -c \"export PASSWORD='$$Mari9oldTh'; serve\""),
    ("glued header", "curl --header=X-Team:Mari9oldTh http://x"),
    ("quoted header", "wget --header=\"X-Team: Mari9oldTh\" http://x"),
    ("short header", "curl -HX-Team:Mari9oldTh http://x"),
    ("key for a network", "nebula -encrypt Mari9oldTh=="),
    ("long key for a network", "serve --encrypt Mari9oldTh"),
    ("JWT", "serve --jwt Mari9oldTh"),
    ("Erlang", "erl -setcookie Mari9oldTh"),
    ("SQL Server", "sqlcmd -PMari9oldTh"),
    ("webhook", "serve --url https://hooks.slack.com/services/T0/B0/Mari9oldTh"),
    ("MinIO", "mc alias set m http://m:9000 u Mari9oldTh"),
    ("app of uvicorn", "uvicorn --header X-Team:Mari9oldTh web:app"),
    ("queue", "celery --app web worker --queues ${TOKEN:-Mari9oldTh}"),
];

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("JSON")
}

/// A compose file with one service, and what else is said of it.
fn compose(rest: &str) -> Vec<(&'static str, String)> {
    vec![("docker-compose.yml", format!("services:\n  web:\n    ports: [\"8080:80\"]\n{rest}"))]
}

/// Programs for Node and Python, whose sources say the rest.
fn node(more: Vec<(&'static str, String)>, scripts: &str, source: &str) -> Vec<(&'static str, String)> {
    let mut files = vec![
        (
            "package.json",
            format!("{{\"name\":\"page\",\"scripts\":{scripts},\"dependencies\":{{\"express\":\"4.21.0\"}}}}"),
        ),
        ("package-lock.json", "{}".to_owned()),
        ("index.js", format!("{source}\nrequire('express')().listen(3000);\n")),
    ];
    files.extend(more);
    files
}

const START: &str = "{\"start\":\"node index.js\"}";
const IMAGE: &str = "    image: example/web:1.0\n";

const PLACES: &[Place] = &[
    Place {
        what: "environment of a compose file, as a map",
        files: |name, value| compose(&format!("{IMAGE}    environment:\n      {name}: {}\n", json(value))),
        cases: VARIABLES,
    },
    Place {
        what: "environment of a compose file, as a list",
        files: |name, value| {
            compose(&format!("{IMAGE}    environment:\n      - {}\n", json(&format!("{name}={value}"))))
        },
        cases: VARIABLES,
    },
    Place {
        what: "a default in a compose file",
        files: |name, value| {
            compose(&format!("{IMAGE}    environment:\n      {name}: {}\n", json(&format!("${{{name}:-{value}}}"))))
        },
        cases: VARIABLES,
    },
    Place {
        what: "a file that a compose file names",
        files: |name, value| {
            let mut files = compose(&format!("{IMAGE}    env_file: web.env\n"));
            files.push(("web.env", format!("{name}='{value}'\n")));
            files
        },
        cases: VARIABLES,
    },
    Place {
        what: "build arguments",
        files: |name, value| {
            let mut files =
                compose(&format!("    build:\n      context: .\n      args:\n        {name}: {}\n", json(value)));
            files.push(("Dockerfile", "FROM alpine:3.22\nEXPOSE 80\nCMD [\"serve\"]\n".to_owned()));
            files
        },
        cases: VARIABLES,
    },
    Place {
        what: "a label",
        files: |name, value| compose(&format!("{IMAGE}    labels:\n      {name}: {}\n", json(value))),
        cases: &[
            ("homepage.widget.token", "Mari9oldTh"),
            ("com.x.api_key", "Mari9oldTh"),
            ("com.x.auth-token", "Mari9oldTh"),
            ("kuma.x.basic_auth_pass", "Mari9oldTh"),
            ("watchtower.notification-url", "slack://Mari9oldTh@channel"),
            ("com.x.note", "Mari9oldTh"),
            ("com.x.hook", "https://hooks.example.net/services/Mari9oldTh"),
            ("traefik.http.middlewares.door.basicauth.users", "joe:Mari9oldTh"),
            ("traefik.http.middlewares.door.headers.customrequestheaders.X-Api-Key", "Mari9oldTh"),
            ("traefik.http.middlewares.door.headers.customrequestheaders.Authorization", "Bearer Mari9oldTh"),
            ("traefik.http.routers.web.rule", "Host(`a.example.com`) && Header(`X-Api-Key`, `Mari9oldTh`)"),
        ],
    },
    Place {
        what: "a label behind a proxy",
        files: |name, value| {
            let labels = [(name, value), ("traefik.http.services.web.loadbalancer.server.port", "80")];
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}: {}", json(value))).collect();
            let proxy = "  traefik:\n    image: traefik:v3.6\n    ports: [\"80:80\"]\n    command: \
                         [\"--providers.docker=true\", \"--entrypoints.web.address=:80\"]\n    volumes: \
                         [\"/var/run/docker.sock:/var/run/docker.sock:ro\"]\n";
            let uses =
                "traefik.http.routers.other.middlewares: door\n      traefik.http.routers.other.rule: PathPrefix(`/x`)";
            let web = format!("  web:\n{IMAGE}    labels:\n      {}\n      {uses}\n", labels.join("\n      "));
            vec![("docker-compose.yml", format!("services:\n{proxy}{web}"))]
        },
        cases: &[
            ("traefik.http.routers.web.rule", "Host(`a.example.com`) && Header(`X-Origin-Verify`, `Mari9oldTh`)"),
            ("traefik.http.routers.web.rule", "Host(`a.example.com`) && HeaderRegexp(`X-Edge`, `^Mari9oldTh$$`)"),
            ("traefik.http.routers.web.rule", "Host(`a.example.com`) && Query(`api`, `Mari9oldTh`)"),
            ("traefik.http.routers.web.rule", "Host(`a.example.com`) && Header(`X-Edge`, `${ANY:-Mari9oldTh}`)"),
            ("traefik.http.middlewares.door.plugin.any.value", "$$Mari9oldTh"),
            ("traefik.http.middlewares.door.plugin.any.seed", "Mari9oldTh"),
            ("traefik.http.middlewares.door.basicauth.users", "joe:${ANY:-Mari9oldTh}"),
            ("traefik.http.middlewares.door.headers.customrequestheaders.X-Edge", "${ANY:-Mari9oldTh}"),
            ("traefik.http.middlewares.door.redirectregex.replacement", "https://u:$$Mari9oldTh@x/"),
        ],
    },
    Place {
        what: "a command, as a text",
        files: |_, value| compose(&format!("{IMAGE}    command: {}\n", json(value))),
        cases: COMMANDS,
    },
    Place {
        what: "a command, as words",
        files: |_, value| {
            let words = shlex::split(value).expect("words");
            compose(&format!("{IMAGE}    command: {}\n", serde_json::to_string(&words).expect("JSON")))
        },
        cases: COMMANDS,
    },
    Place {
        what: "the command of a kind",
        files: |_, value| {
            compose(&format!("    image: redis:7\n    command: redis-server {}\n", json(value).trim_matches('"')))
        },
        cases: &[
            ("option", "--requirepass Mari9oldTh"),
            ("unknown", "-pMari9oldTh"),
            ("colon", "--password:Mari9oldTh"),
        ],
    },
    Place {
        what: "what a cache runs",
        files: |_, value| compose(&format!("    image: redis:7\n    command: {}\n", json(value))),
        cases: COMMANDS,
    },
    Place {
        what: "what a database runs",
        files: |_, value| compose(&format!("    image: postgres:16\n    command: {}\n", json(value))),
        cases: &[
            ("setting", "postgres -c x.token=${ANY:-Mari9oldTh}"),
            ("address", "postgres -c primary_conninfo='host=db password=${ANY:-Mari9oldTh}'"),
        ],
    },
    Place {
        what: "a shell in an entry point",
        files: |_, value| compose(&format!("{IMAGE}    entrypoint: [\"sh\", \"-c\", {}]\n", json(value))),
        cases: COMMANDS,
    },
    Place {
        what: "an entry point",
        files: |_, value| compose(&format!("{IMAGE}    entrypoint: {}\n", json(value))),
        cases: COMMANDS,
    },
    Place {
        what: "a probe",
        files: |_, value| compose(&format!("{IMAGE}    healthcheck:\n      test: {}\n", json(value))),
        cases: COMMANDS,
    },
    Place {
        what: "an image",
        files: |_, value| compose(&format!("    image: {}\n", json(value))),
        cases: &[
            ("user info", "joe:Mari9oldTh@registry.example.net/web:1.0"),
            ("address", "https://tok:Mari9oldTh@registry.example.net/web:1.0"),
            ("default", "example/web:${TAG:-Mari9oldTh}"),
        ],
    },
    Place {
        what: "a mount",
        files: |_, value| compose(&format!("{IMAGE}    volumes: [{}]\n", json(value))),
        cases: &[("default", "${PLACE:-Mari9oldTh}:/data"), ("password", "data:/data/token=Mari9oldTh")],
    },
    Place {
        what: "what Compose alone has a word for",
        files: |name, value| compose(&format!("{IMAGE}    annotations:\n      {name}: {}\n", json(value))),
        cases: &[
            ("com.x.api_key", "Mari9oldTh"),
            ("com.x.basic_auth_pass", "Mari9oldTh"),
            ("url", "slack://Mari9oldTh@x"),
        ],
    },
    Place {
        what: "a Procfile",
        files: |_, value| {
            vec![
                ("Procfile", format!("web: {value}\n")),
                ("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n".to_owned()),
                ("web.py", "from flask import Flask\n\napp = Flask(__name__)\n".to_owned()),
            ]
        },
        cases: COMMANDS,
    },
    Place {
        what: "what a Procfile runs before",
        files: |_, value| {
            vec![
                ("Procfile", format!("release: {value}\nworker: {value}\n")),
                ("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n".to_owned()),
                ("web.py", "from flask import Flask\n\napp = Flask(__name__)\n".to_owned()),
            ]
        },
        cases: COMMANDS,
    },
    Place {
        what: "what a script runs before",
        files: |_, value| {
            let text = json(&format!("{value} && node index.js"));
            node(Vec::new(), &format!("{{\"start\":{text}}}"), "")
        },
        cases: COMMANDS,
    },
    Place {
        what: "scripts of package.json",
        files: |_, value| node(Vec::new(), &format!("{{\"start\":{}}}", json(value)), ""),
        cases: COMMANDS,
    },
    Place {
        what: ".env",
        files: |name, value| {
            let source = format!("const it = process.env.{name};");
            node(vec![(".env", format!("{name}='{value}'\n"))], START, &source)
        },
        cases: VARIABLES,
    },
    Place {
        what: ".env.example",
        files: |name, value| {
            let source = format!("const it = process.env.{name};");
            node(vec![(".env.example", format!("{name}='{value}'\n"))], START, &source)
        },
        cases: VARIABLES,
    },
    Place {
        what: "a source in JavaScript",
        files: |name, value| node(Vec::new(), START, &format!("const it = process.env.{name} || '{value}';")),
        cases: VARIABLES,
    },
    Place {
        what: "a source in Python",
        files: |name, value| {
            vec![
                ("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n".to_owned()),
                (
                    "web.py",
                    format!(
                        "import os\nfrom flask import Flask\n\napp = Flask(__name__)\nit = os.environ.get(\"{name}\", \"{value}\")\n"
                    ),
                ),
            ]
        },
        cases: VARIABLES,
    },
    Place {
        what: "ENV and ARG of a Dockerfile",
        files: |name, value| {
            let text =
                format!("FROM node:22\nARG {name}=\"{value}\"\nENV {name}=\"{value}\"\nCMD [\"node\", \"index.js\"]\n");
            node(vec![("Dockerfile", text)], START, &format!("const it = process.env.{name};"))
        },
        cases: VARIABLES,
    },
    Place {
        what: "CMD of a Dockerfile",
        files: |_, value| node(vec![("Dockerfile", format!("FROM node:22\nEXPOSE 3000\nCMD {value}\n"))], START, ""),
        cases: COMMANDS,
    },
    Place {
        what: "HEALTHCHECK of a Dockerfile",
        files: |_, value| {
            node(
                vec![("Dockerfile", format!("FROM node:22\nHEALTHCHECK CMD {value}\nCMD [\"node\", \"index.js\"]\n"))],
                START,
                "",
            )
        },
        cases: COMMANDS,
    },
    Place {
        what: "the address of the repository",
        files: |_, value| node(vec![(".git/config", format!("[remote \"origin\"]\n\turl = {value}\n"))], START, ""),
        cases: &[("user info", "https://joe:Mari9oldTh@example.net/x.git")],
    },
];

#[test]
fn a_secret_at_one_place_alone_is_not_told() {
    let all: Vec<(&Place, &str, &str)> =
        PLACES.iter().flat_map(|place| place.cases.iter().map(move |(name, value)| (place, *name, *value))).collect();
    let told = in_parallel(&all, |(place, name, value)| {
        assert!(value.contains(NEEDLE), "{name}");
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in (place.files)(name, value) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let draft = stackgen::init::Draft::of(folder.path(), "repository", &BTreeMap::new()).expect("a draft");
        let said = format!("{}\n{:?}\n{:?}\n{:?}", draft.text, draft.unknown, draft.questions, draft.errors);
        let is_there = draft.text.contains("\n[services.");
        (said.contains(NEEDLE) || !is_there).then(|| format!("{}: {name}: {value}\n{said}", place.what))
    });
    let told: Vec<String> = told.into_iter().flatten().collect();
    assert!(told.is_empty(), "{} of {} are told:\n{}", told.len(), all.len(), told.join("\n\n"));
}

#[test]
fn what_is_not_copied_from_examples_and_sources_is_a_secret() {
    let suspects = VARIABLES.iter().filter(|(name, _)| *name != "MODE");
    let all: Vec<(&Place, &str, &str)> = PLACES
        .iter()
        .filter(|place| [".env.example", "a source in JavaScript", "a source in Python"].contains(&place.what))
        .flat_map(|place| suspects.clone().map(move |(name, value)| (place, *name, *value)))
        .collect();
    let wrong = in_parallel(&all, |(place, name, value)| {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in (place.files)(name, value) {
            fs::write(folder.path().join(path), text).expect("a file");
        }
        let text = stackgen::init::Draft::of(folder.path(), "repository", &BTreeMap::new()).expect("a draft").text;
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_default().to_owned();
        (!line.contains("secret = true")).then(|| format!("{}: {name}={value}: {line}", place.what))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

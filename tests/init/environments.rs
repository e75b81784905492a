//! What the compose file of another environment says beyond variables: it is there, or it is told that it is not.

use crate::described::Described;

const BASE: &str = "services:\n  api:\n    image: registry.example/api:1.0\n    command: serve --debug\n    ports: \
                    [\"8080:8080\"]\n  db:\n    image: postgres:17-alpine\n    environment: {POSTGRES_PASSWORD: \
                    \"${DB_PASSWORD}\"}\n    volumes: [\"db:/var/lib/postgresql/data\"]\nvolumes: {db: {}, data: {}}\n";

/// What is made of this in the file of production.
fn production(of_api: &str) -> Described {
    let production = format!("services:\n  api:\n    {of_api}\n");
    Described::of(&[("docker-compose.yml", BASE), ("docker-compose.prod.yml", &production)])
}

/// What a rendered compose file says of `api`.
fn api(compose: &str) -> &str {
    let (_, rest) = compose.split_once("\n  api:\n").expect("api");
    rest.split("\n\n").next().unwrap_or_default()
}

#[test]
fn what_differs_in_production_differs_there_alone() {
    for (said, rendered) in [
        ("command: serve --quiet", "- --quiet"),
        ("restart: always", "restart: always"),
        ("volumes: [\"data:/data\"]", "- data:/data"),
        ("mem_limit: 300m", "memory: 300m"),
        ("read_only: true", "read_only: true"),
        ("user: \"1000:1000\"", "user: 1000:1000"),
        ("deploy: {resources: {limits: {cpus: 0.5}}}", "cpus: 0.5"),
        ("healthcheck: {test: [\"CMD\", \"probe\", \"--deep\"], interval: 7s}", "- --deep"),
        ("shm_size: 64m", "shm_size: 64m"),
    ] {
        let made = production(said);
        let plain = |text: String| text.replace('"', "");
        let (development, production) = (plain(made.rendered()), plain(made.file("docker-compose.prod.yml")));
        assert!(!api(&development).contains(rendered), "{said}\n{}\n{development}", made.text);
        assert!(api(&production).contains(rendered), "{said}\n{}\n{}\n{production}", made.text, made.said);
        assert!(!made.said.contains("left out"), "{said}\n{}", made.said);
    }
}

#[test]
fn another_image_of_production_runs_there() {
    let production = "services:\n  api:\n    image: registry.example/api:2.0\n";
    let made = Described::of(&[("docker-compose.yml", BASE), ("docker-compose.prod.yml", production)]);
    assert!(made.rendered().contains("registry.example/api:1.0"), "{}", made.text);
    let rendered = made.file("docker-compose.prod.yml");
    assert!(rendered.contains("registry.example/api:2.0"), "{}\n{}", made.text, made.said);
}

#[test]
fn what_a_whole_file_of_production_does_not_say_is_not_there() {
    let base = "services:\n  api:\n    image: registry.example/api:1.0\n    mem_limit: 300m\n    volumes: [\"data:/data\"]\n    \
                deploy: {replicas: 2}\nvolumes: {data: {}}\n";
    let production = "services:\n  api:\n    image: registry.example/api:1.0\n";
    let made = Described::of(&[("docker-compose.yml", base), ("docker-compose.prod.yml", production)]);
    let rendered = made.file("docker-compose.prod.yml");
    for said in ["300m", "data:/data", "replicas: 2"] {
        assert!(made.rendered().contains(said), "{said}\n{}", made.text);
        assert!(!api(&rendered).contains(said), "{said}\n{}\n{rendered}", made.text);
    }
}

#[test]
fn what_no_overlay_says_is_told() {
    let made = production("networks: {default: {aliases: [front]}}");
    made.tells("what docker-compose.prod.yml says of `networks` for prod");
    let base = "services:\n  api:\n    build: .\n    ports: [\"8080:8080\"]\n";
    let production = "services:\n  api:\n    image: registry.example/api:2.0\n    restart: always\n";
    let made = Described::of(&[
        ("docker-compose.yml", base),
        ("docker-compose.prod.yml", production),
        ("Dockerfile", "FROM alpine:3.22\nEXPOSE 8080\nUSER 1000\nCMD [\"/api\"]\n"),
        ("main.c", "int main() {}\n"),
    ]);
    made.tells("what it is in prod");
}

#[test]
fn another_process_of_a_program_has_nothing_of_what_only_the_first_one_has_there() {
    let base = "services:\n  api:\n    build: .\n    ports: [\"8000:8000\"]\n  worker:\n    build: .\n    command: \
                python worker.py\n";
    let production = "services:\n  api:\n    mem_limit: 300m\n    restart: always\n    volumes: [\"files:/files\"]\n\
                      volumes: {files: {}}\n";
    let made = Described::of(&[
        ("docker-compose.yml", base),
        ("docker-compose.prod.yml", production),
        (
            "Dockerfile",
            "FROM python:3.12-slim\nWORKDIR /code\nCOPY . .\nUSER 1000\nEXPOSE 8000\nCMD [\"python\", \"main.py\"]\n",
        ),
        (".dockerignore", ".git\n"),
        ("requirements.txt", "flask==3.1.0\n"),
        ("main.py", "from flask import Flask\napp = Flask(__name__)\napp.run(port=8000)\n"),
        ("worker.py", "print(1)\n"),
    ]);
    let rendered = made.file("docker-compose.prod.yml");
    assert_eq!(rendered.matches("300m").count(), 1, "{}\n{rendered}", made.text);
    assert_eq!(rendered.matches("files:/files").count(), 1, "{}\n{rendered}", made.text);
}

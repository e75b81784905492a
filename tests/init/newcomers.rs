//! What people who come with a repository of theirs expect to find again, or to be told how to say it.

use crate::described::{line, written};

const PROXY: &str = "  proxy:\n    image: traefik:v3.6\n    command: [\"--providers.docker=true\", \
                     \"--entrypoints.web.address=:80\"]\n    ports: [\"80:80\"]\n    volumes: \
                     [\"/var/run/docker.sock:/var/run/docker.sock:ro\"]\n";

#[test]
fn a_router_of_an_image_that_says_its_port_itself_stays_as_it_is() {
    let compose = format!(
        "services:\n{PROXY}  cloud:\n    image: nextcloud:30-apache\n    labels:\n      traefik.enable: \"true\"\n      \
         traefik.http.routers.nc.rule: \"Host(`cloud.lan`)\"\n      traefik.http.routers.nc.middlewares: nc-dav\n      \
         traefik.http.middlewares.nc-dav.compress: \"true\"\n"
    );
    let (text, said) = written(&[("compose.yaml", &compose)]);
    for (label, value) in [
        ("routers.nc.rule", "\"Host(`cloud.lan`)\""),
        ("routers.nc.middlewares", "\"nc-dav\""),
        ("middlewares.nc-dav.compress", "\"true\""),
    ] {
        let written = line(&text, &format!("\"traefik.http.{label}\""));
        assert!(written.ends_with(value), "{label}: {text}");
    }
    assert!(!text.contains("left out") && said.contains("with `port` they can become `routes`"), "{text}{said}");
}

#[test]
fn a_proxy_stays_open_to_the_network_and_the_others_closed() {
    let compose = format!(
        "services:\n{PROXY}  db:\n    image: postgres:17-alpine\n    environment:\n      POSTGRES_PASSWORD: ${{PW}}\n    \
                 ports: [\"127.0.0.1:5432:5432\"]\n"
    );
    let (text, said) = written(&[("compose.yaml", &compose)]);
    assert!(line(&text, "bind").starts_with("bind = \"0.0.0.0\""), "{text}");
    assert!(line(&text, "publish").contains("\"127.0.0.1:5432:5432\""), "{text}");
    assert!(!said.contains("who may reach"), "{said}");
    let environments = ["dev", "prod"].map(|name| (format!("compose.{name}.yaml"), format!("services:\n{PROXY}")));
    let files: Vec<(&str, &str)> = environments.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (_, said) = written(&files);
    assert!(said.contains("`bind = \"0.0.0.0\"` in `[environments.dev.stack]`"), "{said}");
}

#[test]
fn the_addresses_of_a_network_are_no_secret() {
    let compose = "services:\n  app:\n    image: nginx:1.29\n    environment:\n      TRUSTED_PROXIES: 172.30.0.0/16\n      \
                   AUTH_NETWORK: 172.30.0.0/16\n    networks: [proxy]\n  other:\n    image: nginx:1.29\n    networks: \
                   [proxy]\nnetworks:\n  proxy:\n    ipam:\n      config:\n        - subnet: 172.30.0.0/16\n";
    let (text, said) = written(&[("compose.yaml", compose)]);
    assert!(line(&text, "TRUSTED_PROXIES").contains("= \"172.30.0.0/16\""), "{text}");
    assert!(line(&text, "proxy").contains("subnet = \"172.30.0.0/16\""), "{text}");
    assert!(
        line(&text, "AUTH_NETWORK").contains("{ secret = true }") && !said.contains("unknown-reference"),
        "{text}{said}"
    );
}

#[test]
fn a_network_whose_settings_are_not_copied_is_still_shared() {
    let compose = "services:\n  app:\n    image: nginx:1.29\n    networks: [lan]\n  other:\n    image: nginx:1.29\n    \
                   networks: [lan]\nnetworks:\n  lan:\n    driver_opts:\n      api_token: tulip-9-harbour\n";
    let (text, said) = written(&[("compose.yaml", compose)]);
    assert_eq!(text.matches("networks = [\"...\", \"lan\"]").count(), 2, "{text}");
    assert!(line(&text, "lan").contains("{}") && !text.contains("tulip"), "{text}");
    assert!(said.contains("[compose.networks.lan]") && !said.contains("unknown-reference"), "{said}");
}

#[test]
fn what_a_program_does_without_is_not_demanded_because_an_env_file_names_it() {
    let package = r#"{"name": "shop", "main": "index.js", "dependencies": {"express": "5"}}"#;
    let server = "const a = process.env.CORS_ORIGIN || \"http://localhost:5173\";\nconst b = process.env.DATA || \
                  make(1);\nconst c = process.env.TIER;\nrequire('express')().listen(4000);\n";
    let env = "CORS_ORIGIN=http://localhost:5173\nDATA=x/y/z\nTIER=gold\n";
    let lock = ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");
    let (text, _) = written(&[("package.json", package), lock, ("index.js", server), (".env", env)]);
    assert!(line(&text, "CORS_ORIGIN").contains("default = \"http://localhost:5173\""), "{text}");
    assert!(line(&text, "DATA").contains("required = false"), "{text}");
    assert!(line(&text, "TIER").contains("= {}"), "{text}");
}

#[test]
fn defaults_of_a_settings_class_hold_for_what_an_env_file_names() {
    let source = "from fastapi import FastAPI\nfrom pydantic_settings import BaseSettings\n\n\nclass \
                  Settings(BaseSettings):\n    stripe_api_key: str | None = None\n    allowed_origins: list[str] = \
                  [\"http://localhost:3000\"]\n    debug: bool = False\n    region: str\n\n\napp = FastAPI()\ns = Settings()\n";
    let compose = "services:\n  api:\n    build: .\n    env_file: [.env]\n    ports: [\"8000:8000\"]\n";
    let env =
        "DEBUG=true\nSTRIPE_API_KEY=tulip-9\nALLOWED_ORIGINS=[\"https://shop.k8s-prod01.example\"]\nREGION=eu-x9\n";
    let (text, said) = written(&[
        ("main.py", source),
        ("requirements.txt", "fastapi\nuvicorn\npydantic-settings\n"),
        ("Dockerfile", "FROM python:3.12-slim\nCOPY main.py .\nCMD [\"uvicorn\", \"main:app\"]\n"),
        ("compose.yaml", compose),
        (".env", env),
    ]);
    assert!(line(&text, "DEBUG").contains("default = false"), "{text}");
    let key = line(&text, "STRIPE_API_KEY");
    assert!(key.contains("secret = true") && key.contains("required = false"), "{text}");
    let origins = line(&text, "ALLOWED_ORIGINS");
    assert!(origins.contains("http://localhost:3000") && !origins.contains("secret"), "{text}");
    assert!(line(&text, "REGION").contains("= {}") && !text.contains("k8s-prod01"), "{text}");
    assert!(
        said.contains("check that nothing it needs is missing in its `env`") && !said.contains("copy the values"),
        "{said}"
    );
}

#[test]
fn what_an_address_asks_of_its_database_is_kept_or_told() {
    let package = r#"{"name": "shop", "main": "index.js", "dependencies": {"express": "5", "pg": "8"}}"#;
    let server = "const url = process.env.DATABASE_URL;\nrequire('express')().listen(4000);\n";
    let lock = ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");
    let with = |env: &str| written(&[("package.json", package), lock, ("index.js", server), (".env", env)]);
    let (text, _) = with("DATABASE_URL=postgresql://u:tulip@localhost/d?schema=shop&connection_limit=10\n");
    assert!(
        line(&text, "DATABASE_URL").contains("\"${services.postgres.url}?schema=shop&connection_limit=10\""),
        "{text}"
    );
    let (text, said) = with("DATABASE_URL=postgresql://u:tulip@localhost/d?options=harbour\n");
    assert!(line(&text, "DATABASE_URL").contains("\"${services.postgres.url}\""), "{text}");
    assert!(said.contains("`options` in .env is not copied") && !said.contains("harbour"), "{said}");
}

#[test]
fn the_closing_lines_say_which_env_files_move_into_the_one_of_the_stack() {
    let compose = "services:\n  db:\n    image: postgres:17-alpine\n    env_file: [db.env]\n  app:\n    image: nginx:1.29\n    \
                   env_file: [.env]\n";
    let db = "POSTGRES_PASSWORD=tulip-9\nPGTZ=Europe/Paris\n";
    let (text, said) = written(&[("compose.yaml", compose), ("db.env", db), (".env", "GREETING=tulip\n")]);
    assert!(!line(&text, "PGTZ").is_empty(), "{text}");
    assert!(said.contains("# then copy the values of db.env into .env"), "{said}");
}

#[test]
fn a_schema_that_shows_a_database_sets_nothing_of_it() {
    let package = r#"{"name": "shop", "main": "index.js", "dependencies": {"express": "5", "@prisma/client": "6", "prisma": "6"}}"#;
    let schema = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n";
    let lock = ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");
    let server = ("index.js", "require('express')().listen(4000);\n");
    let (text, said) = written(&[("package.json", package), lock, server, ("prisma/schema.prisma", schema)]);
    assert!(text.contains("kind = \"postgres\"") && !said.contains("what prisma/schema.prisma"), "{text}{said}");
}

//! A certificate authority that speaks ACME, in the place of the public one: Pebble, behind the name and the path of Let's
//! Encrypt. So the rendered files run as they are; a file beside them says who is trusted and who has which name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::compose::{Stack, docker};
use crate::support::http::Request;
use crate::support::{skip, succeed, tool};

const IMAGE: &str = "ghcr.io/letsencrypt/pebble:latest";
const NAME: &str = "acme-v02.api.letsencrypt.org";
const FOLDER: &str = "authority";

/// Its services, which are not of the stack.
pub(crate) const SERVICES: [&str; 2] = ["pebble", "authority"];
/// The variables that move their ports.
pub(crate) const PORTS: [&str; 2] = ["PEBBLE_HOST_PORT", "AUTHORITY_HOST_PORT"];
/// The Compose file that goes before or after that of the stack.
pub(crate) const OVERLAY: &str = "authority.yml";

/// What it needs to be asked: a path that Traefik knows, and one that Pebble does.
const PASSES_ON: &str = "\
server {
    listen 443 ssl;
    server_name acme-v02.api.letsencrypt.org;
    ssl_certificate /authority/server.crt;
    ssl_certificate_key /authority/server.key;
    # Pebble answers with the addresses by which it was asked.
    proxy_set_header Host $host;
    location = /directory { proxy_pass https://pebble:14000/dir; }
    location / { proxy_pass https://pebble:14000; }
}
";

const ITSELF: &str = r#"{ "pebble": {
    "listenAddress": "0.0.0.0:14000",
    "managementListenAddress": "0.0.0.0:15000",
    "certificate": "/authority/server.crt",
    "privateKey": "/authority/server.key",
    "httpPort": 80,
    "tlsPort": 443
} }
"#;

/// Whether there is one here; where there is none, the test is skipped aloud.
pub(crate) fn is_there() -> bool {
    let found = tool("openssl").is_some()
        && docker().args(["image", "inspect", IMAGE]).output().is_ok_and(|output| output.status.success());
    if !found {
        skip(&format!("no ACME authority: {IMAGE} or openssl is missing"));
    }
    found
}

/// Writes what it needs beside a stack, whose proxy is reached by `host`.
pub(crate) fn lay(folder: &Path, host: &str) {
    let own = folder.join(FOLDER);
    fs::create_dir(&own).expect("a writable folder");
    let mut certificate = Command::new(tool("openssl").expect("the caller has looked for openssl"));
    certificate.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority"]);
    certificate.args(["-addext", &format!("subjectAltName=DNS:{NAME},DNS:pebble")]);
    certificate.arg("-keyout").arg(own.join("server.key")).arg("-out").arg(own.join("server.crt"));
    succeed(&mut certificate);
    fs::write(own.join("default.conf"), PASSES_ON).expect("a writable folder");
    fs::write(own.join("pebble.json"), ITSELF).expect("a writable folder");
    readable(&own.join("server.key"));
    let overlay = json!({ "services": {
        "traefik": {
            "environment": { "LEGO_CA_CERTIFICATES": "/authority.crt" },
            "volumes": [format!("./{FOLDER}/server.crt:/authority.crt:ro")],
            "networks": { "edge": { "aliases": [host] } },
        },
        "pebble": {
            "image": IMAGE,
            "command": ["-config", "/authority/pebble.json"],
            // It neither waits before it looks, nor refuses good requests to see what becomes of that.
            "environment": { "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0" },
            "volumes": [format!("./{FOLDER}:/authority:ro")],
            "ports": ["127.0.0.1:${PEBBLE_HOST_PORT}:15000"],
            "networks": ["edge"],
        },
        "authority": {
            "image": "nginx:1.28-alpine",
            "volumes": [
                format!("./{FOLDER}:/authority:ro"),
                format!("./{FOLDER}/default.conf:/etc/nginx/conf.d/default.conf:ro"),
            ],
            "ports": ["127.0.0.1:${AUTHORITY_HOST_PORT}:443"],
            "networks": { "edge": { "aliases": [NAME] } },
            "depends_on": ["pebble"],
            "stop_grace_period": "1s",
        },
    } });
    fs::write(folder.join(OVERLAY), overlay.to_string()).expect("a writable folder");
}

/// Starts it before the stack, whose proxy asks for a certificate once; gives its root, which is another one each time.
pub(crate) fn start(stack: &Stack, folder: &Path, [pebble, authority]: [u16; 2]) -> PathBuf {
    stack.run(&["up", "--detach", "--no-build", "authority"]);
    let is_there = |answer: &crate::support::http::Response| answer.status == 200;
    Request::new("GET", &format!("https://{NAME}/directory"), authority).until(Duration::from_secs(30), is_there);
    let root = Request::new("GET", "https://pebble/roots/0", pebble).until(Duration::from_secs(10), is_there);
    let path = folder.join(FOLDER).join("root.pem");
    fs::write(&path, root.body).expect("a writable folder");
    path
}

#[cfg(unix)]
fn readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("a mode");
}

#[cfg(not(unix))]
fn readable(_: &Path) {}

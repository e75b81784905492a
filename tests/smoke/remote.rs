//! A stack that is known by its address alone.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use super::Smoke;
use super::support::{has_tools, stackgen, succeed, tool};

const HOST: &str = "shop.example.com";

const MANIFEST: &str = r#"
[stack]
name = "shop"
host = "shop.example.com"

[services.traefik]
kind = "traefik"
version = "3.6"
entrypoints.web = { port = 80, redirect-to = "websecure" }
entrypoints.websecure = { port = 443, tls = true }

[services.api]
image = "example/api:1.0"
port = 8000
health = ["true"]
routes.known = { path = "/known", smoke = "/known/health", expect = { json = { "/service" = "api" }, header = { X-By = "api" } } }
routes.anybody = { path = "/anybody", smoke = "/anybody/health" }
routes.broken = { path = "/broken", smoke = "/broken/health" }
routes.other = { path = "/other", smoke = "/other/health", expect = { json = { "/service" = "api" } } }
routes.circle = { path = "/circle", smoke = "/circle/health" }
routes.away = { path = "/away", smoke = "/away/health" }
routes.login = { path = "/login", smoke = "/login", expect = { status = 302, header = { X-By = "api" } } }
routes.moved = { path = "/moved", smoke = "/moved", expect = { header = { X-By = "api" } } }
routes.cut = { path = "/cut", smoke = "/cut/health", expect = { header = { X-By = "api" } } }
routes.quiet = { path = "/quiet", smoke = false }
"#;

fn project(manifest: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("services.toml"), manifest).expect("a writable folder");
    folder
}

/// What the server answers to a path: status line, headers, body.
fn answer(path: &str, secure_port: u16) -> String {
    let json = |status: &str, headers: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
    };
    let own = "X-By: api\r\n";
    match path {
        "/known/health" => json("200 OK", own, r#"{"service":"api"}"#),
        "/anybody/health" => json("200 OK", "", "hello"),
        "/broken/health" => json("500 Internal Server Error", own, "oh"),
        "/other/health" => json("200 OK", "", r#"{"service":"web"}"#),
        "/circle/health" => json("302 Found", "Location: /circle/health\r\n", ""),
        "/away/health" => json("302 Found", "Location: https://elsewhere.example/\r\n", ""),
        "/login" => json("302 Found", "X-By: api\r\nLocation: https://elsewhere.example/\r\n", ""),
        "/moved" => json("301 Moved", &format!("Location: https://{HOST}:{secure_port}/moved/\r\n"), ""),
        "/moved/" => json("200 OK", own, ""),
        "/cut/health" => format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99\r\n{own}\r\nhello"),
        _ => json("404 Not Found", "", "nothing"),
    }
}

/// A server that speaks HTTP for as long as the tests run, with or without TLS.
fn serve(tls: Option<Arc<ServerConfig>>, secure_port: impl Fn(u16) -> u16 + Send + Sync + Copy + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a port").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tls = tls.clone();
            thread::spawn(move || {
                let secure = secure_port(port);
                match tls {
                    None => converse(stream, secure, None),
                    Some(config) => {
                        let connection = ServerConnection::new(config).expect("a configuration");
                        converse(StreamOwned::new(connection, stream), secure, Some(()));
                    }
                }
            });
        }
    });
    port
}

fn converse(stream: impl Read + Write, secure_port: u16, is_secure: Option<()>) {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.trim().is_empty() => break,
            Ok(_) => lines.push(line),
        }
    }
    let path = lines[0].split(' ').nth(1).unwrap_or_default().to_owned();
    let host = lines.iter().find_map(|line| line.strip_prefix("host: ").or_else(|| line.strip_prefix("Host: ")));
    assert!(host.is_some_and(|host| host.starts_with(HOST)), "the host of the route is asked for: {lines:?}");
    let text = match is_secure {
        Some(()) => answer(&path, secure_port),
        None => format!(
            "HTTP/1.1 301 Moved Permanently\r\nConnection: close\r\nContent-Length: 0\r\nLocation: https://{HOST}:{secure_port}{path}\r\n\r\n"
        ),
    };
    let stream = reader.get_mut();
    // A client that does not trust the certificate has gone away.
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.flush();
}

/// Certificates: a root, and what it has signed, by name.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Self {
        let certificates = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        certificates.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=Root of the tests",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
        ]);
        certificates
    }

    fn openssl(&self, arguments: &[&str]) {
        succeed(
            Command::new(tool("openssl").expect("the caller has looked for openssl"))
                .current_dir(self.folder.path())
                .args(arguments),
        );
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// A server's configuration with a certificate for this host that ends after so many days.
    fn signed(&self, host: &str, days: &str) -> Arc<ServerConfig> {
        let extensions = format!("subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n");
        fs::write(self.folder.path().join("extensions"), extensions).expect("a writable folder");
        self.openssl(&[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            &format!("/CN={host}"),
            "-keyout",
            "leaf.key",
            "-out",
            "leaf.csr",
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            "leaf.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-days",
            days,
            "-extfile",
            "extensions",
            "-out",
            "leaf.pem",
        ]);
        let file = |name: &str| self.folder.path().join(name);
        let certificate = CertificateDer::from_pem_file(file("leaf.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(file("leaf.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = builder.expect("versions of TLS").with_no_client_auth();
        Arc::new(config.with_single_cert(vec![certificate], key).expect("a key that fits"))
    }
}

/// Nothing is asked twice; a machine may be busy.
const ONCE: [&str; 5] = ["--no-engine", "--timeout", "0", "--request-timeout", "30"];

fn smoke(folder: &Path, urls: &[&str], more: &[&str]) -> Smoke {
    let mut arguments = ONCE.to_vec();
    for url in urls {
        arguments.extend(["--base-url", url]);
    }
    arguments.extend(more);
    Smoke::run(folder, &arguments)
}

#[test]
fn what_an_address_answers_is_judged_by_what_was_declared() {
    if !has_tools(&["openssl"]) {
        return;
    }
    let certificates = Certificates::new();
    let secure = serve(Some(certificates.signed(HOST, "30")), |own| own);
    let plain = serve(None, move |_| secure);
    let folder = project(MANIFEST);
    let (root, secure, plain) =
        (certificates.root(), format!("https://127.0.0.1:{secure}"), format!("http://127.0.0.1:{plain}"));
    let smoke = smoke(folder.path(), &[&secure, &plain], &["--ca", root.to_str().expect("UTF-8")]);
    assert_eq!(smoke.code, Some(1));
    assert_eq!(smoke.environment()["without-engine"], "it was left out");
    for (end, result, kind) in [
        ("/known/health", "passed", ""),
        ("/anybody/health", "unproved", "no-engine"),
        ("/broken/health", "failed", "wrong-status"),
        ("/other/health", "failed", "unexpected-answer"),
        ("/circle/health", "failed", "redirect-loop"),
        ("/away/health", "failed", "redirect-away"),
        ("/login", "passed", ""),
        ("/moved", "passed", ""),
        ("/cut/health", "failed", "broken-answer"),
        ("the route quiet on websecure", "skipped", "not-asked"),
    ] {
        assert_eq!(smoke.result(end), (result, kind), "{end}: {:#}", smoke.check(end));
    }
    assert_eq!(smoke.check("/known/health")["evidence"], "expect");
    assert!(smoke.cause("/other/health").contains("another service may have answered"));
    assert!(smoke.cause("/away/health").contains("https://elsewhere.example/"));
    let redirects: Vec<&serde_json::Value> =
        smoke.checks().iter().filter(|check| check["kind"] == "redirect").collect();
    assert_eq!(redirects.len(), 1, "{redirects:#?}");
    assert_eq!(redirects[0]["result"], "passed", "{:#}", redirects[0]);
    assert!(super::text(&redirects[0]["request"]).starts_with("GET http://shop.example.com:"));
}

#[test]
fn a_certificate_is_trusted_only_as_far_as_somebody_says() {
    if !has_tools(&["openssl"]) {
        return;
    }
    let certificates = Certificates::new();
    let only = "[stack]\nname = \"shop\"\nhost = \"shop.example.com\"\n[services.traefik]\nkind = \"traefik\"\nversion = \"3.6\"\n\
        entrypoints.websecure = { port = 443, tls = true }\n[services.api]\nimage = \"example/api:1.0\"\nport = 8000\n\
        routes.known = { path = \"/known\", smoke = \"/known/health\", expect = { header = { X-By = \"api\" } } }\n";
    let folder = project(only);
    let root = certificates.root();
    let ca = ["--ca", root.to_str().expect("UTF-8")];
    let ask = |config: Arc<ServerConfig>, more: &[&str]| {
        let url = format!("https://127.0.0.1:{}", serve(Some(config), |own| own));
        let smoke = smoke(folder.path(), &[&url], more);
        let (result, kind) = smoke.result("/known/health");
        (smoke.code, result.to_owned(), kind.to_owned())
    };
    let of = |code: i32, result: &str, kind: &str| (Some(code), result.to_owned(), kind.to_owned());
    let right = certificates.signed(HOST, "30");
    assert_eq!(ask(Arc::clone(&right), &[]), of(1, "failed", "untrusted-certificate"));
    assert_eq!(ask(Arc::clone(&right), &ca), of(0, "passed", ""));
    assert_eq!(ask(right, &["--insecure"]), of(0, "passed", ""));
    let other = certificates.signed("other.example.com", "30");
    assert_eq!(ask(other, &ca), of(1, "failed", "certificate-name"));
    let over = certificates.signed(HOST, "-1");
    assert_eq!(ask(over, &ca), of(1, "failed", "certificate-expired"));
    // Nothing that speaks TLS, and nothing at all.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let plain = listener.local_addr().expect("a port").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    let smoke_at = |port: u16| {
        let smoke = smoke(folder.path(), &[&format!("https://127.0.0.1:{port}")], &ca);
        smoke.result("/known/health").1.to_owned()
    };
    assert_eq!(smoke_at(plain), "tls");
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("a port").port();
    assert_eq!(smoke_at(free), "refused");
    let smoke = smoke(folder.path(), &["https://nowhere.invalid"], &[]);
    assert_eq!(smoke.result("/known/health"), ("failed", "dns"));
}

#[test]
fn unproved_is_no_pass_unless_that_is_allowed() {
    if !has_tools(&["openssl"]) {
        return;
    }
    let certificates = Certificates::new();
    let manifest = MANIFEST.split("routes.").next().expect("a beginning").to_owned()
        + "routes.anybody = { path = \"/anybody\", smoke = \"/anybody/health\" }\n";
    let folder = project(&manifest);
    let url = format!("https://127.0.0.1:{}", serve(Some(certificates.signed(HOST, "30")), |own| own));
    let strict = smoke(folder.path(), &[&url], &["--insecure"]);
    assert_eq!((strict.code, strict.result("/anybody/health").0), (Some(1), "unproved"));
    assert_eq!(strict.document["summary"]["passed"], 0);
    let lax = smoke(folder.path(), &[&url], &["--insecure", "--allow-unproved"]);
    assert_eq!((lax.code, lax.result("/anybody/health").0), (Some(0), "unproved"));
    // Where nothing at all is asked there is nothing to pass.
    let url = url.replace("https", "http");
    let nothing = smoke(folder.path(), &[&url], &["--allow-unproved"]);
    assert_eq!(nothing.result("on websecure"), ("skipped", "not-asked"));
    assert_eq!((nothing.code, &nothing.document["passed"]), (Some(1), &serde_json::Value::Bool(false)));
}

/// A stack without TLS.
const PLAIN: &str = r#"
[stack]
name = "shop"
host = "shop.example.com"

[services.traefik]
kind = "traefik"
version = "3.6"
entrypoints.web = { port = 80 }

[services.api]
image = "example/api:1.0"
port = 8000
routes.api = { path = "/", smoke = "/" }
"#;

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    // It takes connections, and no more.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://127.0.0.1:{}", listener.local_addr().expect("a port").port());
    let folder = project(PLAIN);
    let arguments = ["--no-engine", "--timeout", "0", "--request-timeout", "1", "--base-url", &url];
    let smoke = Smoke::run(folder.path(), &arguments);
    assert_eq!((smoke.code, smoke.checks()[0]["cause"]["kind"].as_str()), (Some(1), Some("timeout")));
}

#[test]
fn a_url_that_stands_for_nothing_is_a_wrong_command_line() {
    let folder = project(PLAIN);
    let said = |url: &str| {
        let mut command = stackgen();
        command.current_dir(folder.path()).args(["smoke", "--no-engine", "--timeout", "0", "--base-url", url]);
        let output = command.output().expect("stackgen starts");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (code, error) = said("https://127.0.0.1:9");
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("`--base-url https://127.0.0.1:9` stands for no entry point of"), "{error}");
    for url in ["http://[::1", "http://::1", "http://127.0.0.1:0"] {
        assert_eq!(said(url).0, Some(2), "{url}");
    }
    let (code, error) = said("http://ops:hunter2@127.0.0.1:9");
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("has a user") && !error.contains("hunter2"), "{error}");
}

/// Clients of an engine that has an error for an answer, to the first question and to later ones.
#[cfg(unix)]
#[test]
fn an_engine_that_answers_with_errors_is_done_without_where_there_is_a_url() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = project(PLAIN);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://127.0.0.1:{}", listener.local_addr().expect("a port").port());
    // Whoever connects is refused from now on.
    drop(listener);
    let docker = folder.path().join("docker");
    for (script, why) in [
        ("printf '\\t[the daemon is out of order]\\n'", "the daemon is out of order"),
        (
            "case $1 in info) printf '2026-01-01T00:00:00Z\\t[]\\n' ;; *) echo 'no list today' >&2; exit 1 ;; esac",
            "no list today",
        ),
    ] {
        fs::write(&docker, format!("#!/bin/sh\n{script}\n")).expect("a writable folder");
        fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).expect("a file of ours");
        let path = std::env::var("PATH").unwrap_or_default();
        let smoke = |more: &[&str]| {
            let mut command = stackgen();
            command.current_dir(folder.path()).env("PATH", format!("{}:{path}", folder.path().display()));
            command.args(["smoke", "--format", "json", "--timeout", "3"]).args(more);
            command.output().expect("stackgen starts")
        };
        let with_url = smoke(&["--base-url", &url]);
        let document: serde_json::Value = serde_json::from_slice(&with_url.stdout).expect("a document");
        assert_eq!(document["environments"][0]["without-engine"], why);
        assert_eq!(document["environments"][0]["checks"][0]["cause"]["kind"], "refused", "{document:#}");
        let alone = smoke(&[]);
        assert_eq!(alone.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&alone.stderr).contains(why));
    }
}

#[cfg(unix)]
#[test]
fn a_client_that_is_interrupted_ends_at_once_and_says_nothing_strange() {
    use std::os::unix::process::ExitStatusExt as _;

    if !has_tools(&["kill"]) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://127.0.0.1:{}", listener.local_addr().expect("a port").port());
    let folder = project(PLAIN);
    let mut command = stackgen();
    command.current_dir(folder.path()).args(["smoke", "--no-engine", "--request-timeout", "120", "--base-url", &url]);
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("stackgen starts");
    // It is in the middle of its request.
    let asked: TcpStream = listener.accept().expect("a request").0;
    succeed(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let status = child.wait().expect("an end");
    // By the signal, and not by the end of its patience.
    assert_eq!(status.signal(), Some(2), "{status}");
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("UTF-8");
    assert_eq!(said, "");
    drop(asked);
}

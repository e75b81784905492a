//! What readers of files say: of TOML, of Compose files and of Dockerfiles, and git.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::attempt::Attempt;
use crate::support::compose::has_engine;
use crate::support::{everything_said, has_tools, succeed, tool};

/// The rules whose mistakes are made here.
pub(super) const PROVED: &[&str] =
    &["env-file-tracked", "image-unpinned", "literal-secret", "manifest-syntax", "toml-1-0-only"];

/// What a program says of what lies in a folder.
fn said_by(program: &str, arguments: &[&str], folder: &Path) -> String {
    let path = tool(program).unwrap_or_else(|| panic!("{program} was looked for"));
    everything_said(&Command::new(path).args(arguments).current_dir(folder).output().expect("it starts"))
}

#[test]
fn git_takes_an_env_file_that_nothing_ignores() {
    if !has_tools(&["git"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let git = |arguments: &[&str]| {
        let output = succeed(Command::new("git").args(arguments).current_dir(folder.path()));
        String::from_utf8(output.stdout).expect("paths in UTF-8")
    };
    fs::write(folder.path().join(".env"), "API_KEY=not-a-secret\n").expect("a writable folder");
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    assert_eq!(git(&["ls-files"]), ".env\n");
    // It stays so, until it is taken out of the index.
    fs::write(folder.path().join(".gitignore"), ".env\n").expect("a writable folder");
    git(&["add", "."]);
    assert_eq!(git(&["ls-files"]), ".env\n.gitignore\n");
    git(&["rm", "--quiet", "--cached", ".env"]);
    git(&["add", "."]);
    assert_eq!(git(&["ls-files"]), ".gitignore\n");
}

#[test]
fn linters_ask_for_the_tag_of_an_image() {
    if !has_tools(&["dclint", "hadolint"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (image, complaints) in [("nginx", 1), ("nginx:latest", 1), ("nginx:1.28", 0)] {
        let compose = format!("services:\n  web:\n    image: {image}\n");
        fs::write(folder.path().join("docker-compose.yml"), compose).expect("a writable folder");
        let said = said_by("dclint", &["docker-compose.yml"], folder.path());
        assert_eq!(said.matches("service-image-require-explicit-tag").count(), complaints, "{image}: {said}");
        fs::write(folder.path().join("Dockerfile"), format!("FROM {image}\n")).expect("a writable folder");
        let said = said_by("hadolint", &["Dockerfile"], folder.path());
        assert_eq!(said.matches("DL3006").count() + said.matches("DL3007").count(), complaints, "{image}: {said}");
    }
}

#[test]
fn a_secret_that_is_written_out_can_be_read_by_whoever_has_the_image_or_the_engine() {
    if !has_engine() {
        return;
    }
    let dockerfile = "FROM debian:bookworm-slim\nARG DB_PASSWORD\nRUN echo $DB_PASSWORD >/dev/null\n";
    let attempt = Attempt::new(
        "services:\n  web:\n    build: { context: ., args: { DB_PASSWORD: not-a-secret } }\n    image: ${COMPOSE_PROJECT_NAME}-web\n    init: true\n    command: sleep 60\n    environment: { API_KEY: not-a-secret-either }\n",
    )
    .with("Dockerfile", dockerfile);
    let said = said_by("docker", &["build", "--check", "."], attempt.folder());
    assert!(said.contains("SecretsUsedInArgOrEnv"), "BuildKit does not warn: {said}");
    let (works, said) = attempt.up(20);
    assert!(works, "{said}");
    let container = &attempt.containers()[0];
    assert!(container["Config"]["Env"].to_string().contains("not-a-secret-either"), "{container}");
    let image = container["Image"].as_str().expect("an image");
    let history = said_by("docker", &["history", "--no-trunc", "--format", "{{.CreatedBy}}", image], attempt.folder());
    assert!(history.contains("not-a-secret"), "{history}");
}

/// What Python's reader of TOML says; nothing where it takes the text.
fn tomllib(text: &str) -> String {
    const READER: &str =
        "import sys, tomllib\ntry: tomllib.loads(sys.argv[1])\nexcept tomllib.TOMLDecodeError as e: print(e)";
    said_by("python3", &["-B", "-c", READER, text], Path::new("."))
}

#[test]
fn readers_of_toml_refuse_what_has_no_meaning_or_two() {
    if !has_tools(&["python3"]) {
        return;
    }
    for text in [
        "[services.web]\nport = 3000\nport = 3001",
        "[services.web]\nport = 3000\n[services.web]\nimage = 'a'",
        "[services.web]\nenv.A = 1\n[services.web.env]\nB = 1",
        "[services.web\nport = 3000",
        "image = nginx",
        "image = \"nginx",
        "port 3000",
        "command = \"a \\d\"",
        "env = {}\nenv.A = 1",
    ] {
        assert!(!tomllib(text).is_empty(), "it is read:\n{text}");
    }
    assert_eq!(tomllib("[services.web]\nport = 3000\n[services.web.env]\nB = 1"), "");
}

#[test]
fn readers_of_toml_1_0_refuse_what_is_newer() {
    if !has_tools(&["python3"]) {
        return;
    }
    if tomllib("a = { b = 1, }").is_empty() {
        crate::support::skip("this Python reads TOML 1.1");
        return;
    }
    for text in ["limits = {\n  memory = '1g'\n}", "limits = { memory = '1g', }", "text = \"\\e\"", "text = \"\\x41\""]
    {
        assert!(!tomllib(text).is_empty(), "it is read:\n{text}");
    }
}

//! Small repositories, each with one thing that is easily lost on the way.

use std::fs;

use crate::init;
use crate::support::everything_said;

/// What `init` writes, and what it says, for these files.
fn written(files: &[(&str, &str)]) -> (String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    let output = init(folder.path(), &[]);
    let said = everything_said(&output);
    assert!(output.status.success(), "{said}");
    (fs::read_to_string(folder.path().join("services.toml")).expect("services.toml"), said)
}

const LOCK: (&str, &str) = ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");

#[test]
fn a_service_that_comes_back_still_does_when_it_is_of_a_kind() {
    let compose = "services:\n  db:\n    image: postgres:17-alpine\n    restart: always\n    environment:\n      \
                   POSTGRES_PASSWORD: ${DB_PASSWORD}\n";
    let (text, _) = written(&[("docker-compose.yml", compose)]);
    assert!(text.contains("kind = \"postgres\"") && text.contains("restart = \"always\""), "{text}");
    // A database that is there already has its password.
    assert!(!text.contains("generate"), "{text}");
}

#[test]
fn a_proxy_that_was_moved_is_told() {
    let compose = "services:\n  proxy:\n    image: traefik:v3.6\n    command:\n      - --providers.docker=true\n      - \
                   --entrypoints.web.address=:80\n    ports:\n      - \"18095:80\"\n    volumes:\n      - \
                   /var/run/docker.sock:/var/run/docker.sock:ro\n";
    let (_, said) = written(&[("compose.yaml", compose)]);
    assert!(said.contains("PROXY_WEB_HOST_PORT=18095"), "{said}");
}

#[test]
fn a_start_script_may_say_that_it_is_production_and_a_port_may_have_a_name() {
    let package = r#"{"name": "shop", "scripts": {"start": "NODE_ENV=production node server.js"},
                      "dependencies": {"express": "5"}}"#;
    let server = "const port = 4567;\nrequire('express')().listen(port, () => {});\n";
    let (text, _) = written(&[("package.json", package), LOCK, ("server.js", server)]);
    assert!(text.contains("\n[services.app]") && text.contains("port = 4567"), "{text}");
    assert!(!text.contains("nginx"), "{text}");
}

#[test]
fn a_data_store_that_is_new_has_a_password_that_can_be_made() {
    let package = r#"{"name": "shop", "main": "server.js", "scripts": {"start": "node server.js"},
                      "dependencies": {"express": "5", "pg": "8"}}"#;
    let server = "require('express')().listen(process.env.PORT || 3000);\n";
    let (text, _) = written(&[("package.json", package), LOCK, ("server.js", server)]);
    assert!(text.contains("generate = true"), "{text}");
}

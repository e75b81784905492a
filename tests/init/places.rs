//! Where programs write, beside other services: a place belongs to the one that writes there, whoever describes the rest.

use crate::described::Described;

const LOCK: (&str, &str) = ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");
const SERVER: &str = "fs.mkdirSync('uploads');\nfs.writeFileSync(process.env.LOG_FILE || 'app.log', '');\n\
                      fs.writeFileSync('state.json', '');\nrequire('express')().listen(process.env.PORT || 4000);\n";

#[test]
fn places_of_one_program_of_a_workspace_are_not_those_of_another() {
    let api = r#"{"name": "api", "scripts": {"start": "node src/index.js"}, "dependencies": {"express": "5"}}"#;
    let worker = r#"{"name": "worker", "scripts": {"start": "node src/index.js"}}"#;
    let described = Described::of(&[
        ("package.json", r#"{"name": "shop", "private": true, "workspaces": ["apps/*"]}"#),
        LOCK,
        ("apps/api/package.json", api),
        ("apps/api/src/index.js", SERVER),
        ("apps/worker/package.json", worker),
        ("apps/worker/src/index.js", "setInterval(() => console.log(process.env.PERIOD), 1000);\n"),
    ]);
    let document: toml::Table = described.text.parse().expect("TOML");
    let services = &document["services"];
    assert_eq!(services["api"]["volumes"].as_array().map(Vec::len), Some(2), "{}", described.text);
    assert_eq!(services["worker"]["extends"].as_str(), Some("api"));
    let rendered = described.rendered();
    let (_, worker) = rendered.split_once("\n  worker:\n").expect("a worker");
    let worker: Vec<&str> = worker.lines().take_while(|line| line.is_empty() || line.starts_with("    ")).collect();
    let worker = worker.join("\n");
    assert!(worker.contains("PERIOD") && !worker.contains("LOG_FILE") && !worker.contains("volumes:"), "{rendered}");
    assert!(rendered.contains("api-uploads:/app/apps/api/uploads") && rendered.contains("LOG_FILE"), "{rendered}");
}

#[test]
fn a_program_that_a_compose_file_builds_gets_a_volume_where_it_writes() {
    let package = r#"{"name": "api", "main": "index.js", "dependencies": {"express": "5"}}"#;
    let with = |more: &str| {
        let compose = format!("services:\n  api:\n    build: ./api\n    ports: [\"4000:4000\"]\n{more}");
        Described::of(&[
            ("compose.yaml", &compose),
            ("api/package.json", package),
            ("api/package-lock.json", LOCK.1),
            ("api/index.js", SERVER),
        ])
    };
    let alone = with("");
    alone.says("\"api-uploads:/app/uploads\"").says("\"api-data:/app/data\"").says("LOG_FILE = \"/app/data/app.log\"");
    alone.tells("what becomes of `state.json`");
    // What the compose file says of a place and of a variable stays.
    let said = with("    environment: {LOG_FILE: /tmp/x.log}\n    volumes: [\"./files:/app/uploads\"]\n");
    said.says("volumes = [\"./files:/app/uploads\"]").says("/tmp/x.log");
    assert!(!said.text.contains("api-uploads") && !said.text.contains("api-data"), "{}", said.text);
}

//! What init takes over, and says where it cannot: nothing gets another meaning, and nothing is lost without a word.

use crate::described::Described;

impl Described {
    /// A service as it is written; none for one that stands there as a comment.
    fn service(&self, name: &str) -> Option<toml::Table> {
        let document: toml::Table = self.text.parse().expect("TOML");
        document.get("services")?.get(name)?.as_table().cloned()
    }

    /// What a service says of a key.
    fn key(&self, service: &str, key: &str) -> Option<toml::Value> {
        self.service(service)?.get(key).cloned()
    }

    fn all(&self) -> String {
        format!("{}\n{}", self.said, self.text)
    }

    fn has(&self, path: &str) -> bool {
        self.folder.path().join(path).exists()
    }
}

const FLASK: [(&str, &str); 3] = [
    ("requirements.txt", "gunicorn==23.0.0\nflask==3.1.0\n"),
    ("app.py", "from flask import Flask\napp = Flask(__name__)\n"),
    ("job.py", ""),
];

fn with<'a>(base: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    base.iter().chain(more).copied().collect()
}

#[test]
fn no_service_runs_the_command_of_another_one() {
    let compose = "services:\n  web:\n    build: .\n    ports: [\"8000:8000\"]\n    command: gunicorn app:app -b 0.0.0.0:8000\n  \
                   mail:\n    build: .\n    command: python job.py --token xyzxyz\n  image:\n    build: .\n  \
                   other:\n    build: .\n    command: python job.py\n";
    let docker = "FROM python:3.12\nCMD [\"python\", \"job.py\"]\n";
    let files = with(&FLASK, &[("compose.yaml", compose), ("Dockerfile", docker)]);
    let described = Described::of(&files);
    assert!(described.service("mail").is_none() && described.text.contains("# [services.mail]"), "{}", described.all());
    assert!(described.said.contains("its command: the one in compose.yaml"), "{}", described.all());
    // What the image itself runs.
    assert!(described.service("image").is_some(), "{}", described.all());
    assert_eq!(described.key("image", "extends"), None, "{}", described.all());
    assert_eq!(described.key("image", "command"), None, "{}", described.all());
    assert_eq!(described.key("other", "extends"), Some("web".into()), "{}", described.all());
    assert_eq!(described.key("other", "command"), Some("python job.py".into()), "{}", described.all());
}

#[test]
fn a_process_whose_command_is_not_copied_takes_nothing_from_the_others() {
    let procfile = "web: gunicorn app:app\nclock: python job.py --key xyzxyz\n";
    let described = Described::of(&with(&FLASK, &[("Procfile", procfile)]));
    let command = described.key("app", "command").expect("a command");
    assert!(command.as_str().is_some_and(|command| command.starts_with("gunicorn app:app")), "{}", described.all());
    assert!(
        described.service("clock").is_none() && described.text.contains("# [services.clock]"),
        "{}",
        described.all()
    );
    assert!(!described.text.contains("nginx:"), "{}", described.all());
}

#[test]
fn where_nothing_can_be_written_the_smallest_stack_is_called_so() {
    let described = Described::of(&[("compose.yaml", "services:\n  a:\n    build: ./nowhere\n")]);
    assert!(described.text.contains("# [services.a]") && described.text.contains("nginx:"), "{}", described.all());
    assert!(described.said.contains("smallest stack"), "{}", described.all());
}

#[test]
fn services_whose_names_are_alike_are_all_there() {
    let compose = "services:\n  my_db: {image: \"postgres:16\"}\n  my-db: {image: \"example/x:1\", depends_on: [my_db]}\n  \
                   My.DB: {image: \"example/y:1\"}\n";
    let described = Described::of(&[("compose.yaml", compose)]);
    assert_eq!(described.key("my-db", "image"), Some("example/x:1".into()), "{}", described.all());
    assert_eq!(described.key("my-db-2", "kind"), Some("postgres".into()), "{}", described.all());
    assert_eq!(described.key("my-db-3", "image"), Some("example/y:1".into()), "{}", described.all());
    assert_eq!(described.key("my-db", "depends-on"), Some(vec!["my-db-2"].into()), "{}", described.all());
    for name in ["`my_db`", "`My.DB`"] {
        assert!(described.said.contains(name), "{name}: {}", described.all());
    }
}

#[test]
fn a_service_that_gets_another_name_is_named_by_it_everywhere() {
    let compose = "services:\n  my_db: {image: \"example/db:1\"}\n  api:\n    image: example/a:1\n    environment:\n      \
                   DB_HOST: my_db\n      PEER: http://my_db:9000/x\n    network_mode: service:my_db\n    \
                   volumes_from: [\"my_db:ro\"]\n    depends_on: [my_db]\n";
    let described = Described::of(&[("compose.yaml", compose)]);
    let env = described.key("api", "env").expect("env");
    assert_eq!(env.get("DB_HOST"), Some(&"${services.my-db.host}".into()), "{}", described.all());
    assert_eq!(env.get("PEER"), Some(&"http://${services.my-db.host}:9000/x".into()), "{}", described.all());
    let compose = described.key("api", "compose").expect("compose");
    assert_eq!(compose.get("network_mode"), Some(&"service:my-db".into()), "{}", described.all());
    assert_eq!(compose.get("volumes_from"), Some(&vec!["my-db:ro"].into()), "{}", described.all());
    assert!(described.said.contains("called `my-db`"), "{}", described.all());
}

#[test]
fn a_dependency_outlives_the_reference_that_said_it_too() {
    let compose = "services:\n  db: {image: \"postgres:16\"}\n  api:\n    image: example/a:1\n    environment: {U: \"http://db:1\"}\n    \
                   depends_on: [db]\n";
    let described = Described::of(&[("compose.yaml", compose)]);
    let env = described.key("api", "env").expect("env");
    assert_ne!(env.get("U"), Some(&"http://${services.db.host}:1".into()), "the reference stands: {}", described.all());
    assert_eq!(described.key("api", "depends-on"), Some(vec!["db"].into()), "{}", described.all());
}

#[test]
fn mounts_are_kept_but_for_the_source_itself() {
    let compose = "services:\n  api:\n    build: ./api\n    ports: [\"3000:3000\"]\n    volumes:\n      - ./data:/app/shared-files\n      \
                   - ./uploads:/app/uploads\n      - ./conf:/app/conf\n      - ./api:/app\n      - /app/node_modules\n";
    let described = Described::of(&[
        ("compose.yaml", compose),
        ("api/Dockerfile", "FROM node:22\nCMD [\"node\", \"server.js\"]\n"),
        ("api/package-lock.json", "{}"),
        (
            "api/package.json",
            r#"{"name": "p", "scripts": {"start": "node server.js"}, "dependencies": {"express": "4"}}"#,
        ),
        ("api/server.js", "require(\"express\")().listen(3000)\n"),
    ]);
    let kept = ["./data:/app/shared-files", "./uploads:/app/uploads", "./conf:/app/conf"];
    assert_eq!(described.key("api", "volumes"), Some(kept.to_vec().into()), "{}", described.all());
}

#[test]
fn nobody_becomes_another_user_of_a_database() {
    let compose = "services:\n  a:\n    image: example/x:1\n    environment:\n      \
                   DATABASE_URL: postgres://joe:hunter2@db:5432/app\n      OTHER_DB: postgres://root:hunter3@db:5432/app\n      \
                   REPL: postgres://root:hunter3@db/other\n    depends_on: [db]\n  db:\n    image: postgres:16\n    \
                   environment: {POSTGRES_USER: joe, POSTGRES_PASSWORD: hunter2, POSTGRES_DB: app}\n";
    let described = Described::of(&[("compose.yaml", compose)]);
    let env = described.key("a", "env").expect("env");
    let kept = "postgres://${services.db.authority}/${services.db.database}";
    assert_eq!(env.get("DATABASE_URL"), Some(&kept.into()), "{}", described.all());
    for name in ["OTHER_DB", "REPL"] {
        // What has a password in it is a secret as a whole.
        let secret = toml::Table::from_iter([("secret".to_owned(), true.into())]);
        assert_eq!(env.get(name), Some(&secret.into()), "{}", described.all());
        assert!(described.said.contains(&format!("`{name}`")), "{}", described.all());
    }
    assert!(!described.all().contains("hunter"), "{}", described.all());
    assert!(described.has("docker-compose.yml"));
}

#[test]
fn a_build_is_taken_from_where_its_configuration_puts_it() {
    let vite = |config: &'static str, build: &'static str| {
        let package =
            format!(r#"{{"name": "v", "scripts": {{"build": "{build}"}}, "devDependencies": {{"vite": "6"}}}}"#);
        Described::of(&[("package.json", &package), ("package-lock.json", "{}"), ("vite.config.ts", config)])
    };
    let described = vite("export default { /* outDir: \"old\" */ build: { outDir: \"out\" } }\n", "vite build");
    assert_eq!(described.key("web", "build-output"), Some("out".into()), "{}", described.all());
    let docker = described.file("Dockerfile");
    assert!(docker.contains("/app/out ") && !docker.contains("/app/dist"), "{docker}");
    let described = vite("export default { build: { outDir: \"out\" } }\n", "vite build --outDir=site");
    assert_eq!(described.key("web", "build-output"), Some("site".into()), "{}", described.all());
    // What is usual need not be said, and what is made by a program is told.
    assert_eq!(
        vite("export default { build: { outDir: \"./dist/\" } }\n", "vite build").key("web", "build-output"),
        None
    );
    let described = vite("export default { build: { outDir: join(a, b) } }\n", "vite build");
    assert!(described.said.contains("`outDir` in vite.config.ts"), "{}", described.all());
}

#[test]
fn a_program_in_typescript_runs_from_where_it_is_compiled_to() {
    let package = r#"{"name": "api", "main": "dist/index.js", "scripts": {"build": "tsc", "start": "node build/index.js"},
        "dependencies": {"express": "4"}, "devDependencies": {"typescript": "5"}}"#;
    let described = Described::of(&[
        ("package.json", package),
        ("package-lock.json", "{}"),
        ("tsconfig.json", "{ // where it goes\n  \"compilerOptions\": { \"outDir\": \"./build\", }, }\n"),
        ("src/index.ts", "app.listen(4100)\n"),
    ]);
    assert_eq!(described.key("app", "build-output"), Some("build".into()), "{}", described.all());
    assert_eq!(described.key("app", "command"), Some("node build/index.js".into()), "{}", described.all());
}

#[test]
fn a_tool_is_known_by_its_configuration_and_what_that_says_is_told() {
    let described = Described::of(&[
        ("package.json", r#"{"name": "p", "scripts": {"start": "node server.js"}, "dependencies": {"express": "4"}}"#),
        ("package-lock.json", "{}"),
        ("server.js", "require(\"express\")().listen(3000)\n"),
        ("monitoring/prometheus.yml", "scrape_configs:\n  - job_name: app\n    static_configs: []\n"),
        ("monitoring/loki.yaml", "server:\n  http_listen_port: 3100\nschema_config:\n  configs: []\n"),
        ("monitoring/sources.yaml", "apiVersion: 1\ndatasources:\n  - name: Loki\n    type: loki\n"),
        ("pgadmin/servers.json", r#"{"Servers": {"1": {"Name": "db", "MaintenanceDB": "postgres"}}}"#),
    ]);
    for (kind, file) in [
        ("prometheus", "monitoring/prometheus.yml"),
        ("loki", "monitoring/loki.yaml"),
        ("grafana", "monitoring/sources.yaml"),
        ("pgadmin", "pgadmin/servers.json"),
    ] {
        assert_eq!(described.key(kind, "kind"), Some(kind.into()), "{}", described.all());
        assert!(described.said.contains(&format!("what {file} says")), "{}", described.all());
    }
}

//! Small repositories, each with one thing that is easily lost on the way.

use crate::described::{line, written};

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

/// A program for Node.js with this source.
fn program(dependencies: &str, server: &str, more: &[(&str, &str)]) -> (String, String) {
    let package = format!(
        r#"{{"name": "shop", "main": "server.js", "scripts": {{"start": "node server.js"}},
            "dependencies": {{"express": "5"{dependencies}}}}}"#
    );
    let server = format!("require('express')().listen(process.env.PORT || 3000);\n{server}");
    let mut files = vec![("package.json", package.as_str()), LOCK, ("server.js", &server)];
    files.extend(more);
    written(&files)
}

#[test]
fn nothing_empty_stands_in_the_place_of_what_a_program_has_itself() {
    let server = "const a = process.env.SESSION_SECRET || 'keyboard cat is long';\n\
                  const b = process.env.MONGO_URI || 'mongodb://joe:tulip@localhost/shop';\n\
                  const c = process.env.UPLOADS ?? join(here, 'uploads');\n\
                  const d = process.env.MAIL_PASSWORD || '';\n\
                  const e = process.env.STRIPE_SECRET_KEY;\n";
    let (text, _) = program("", server, &[]);
    assert!(!text.contains("default = \"\"") && !text.contains("tulip"), "{text}");
    // What only the program itself has to know can be made; the rest of what is secret is asked for.
    assert!(line(&text, "SESSION_SECRET").contains("{ secret = true, generate = true }"), "{text}");
    assert!(line(&text, "MONGO_URI").contains("{ secret = true }"), "{text}");
    assert!(line(&text, "STRIPE_SECRET_KEY").contains("{ secret = true }"), "{text}");
    assert!(text.contains("\n# UPLOADS: read in server.js:4, which has a value of its own"), "{text}");
    // Where nothing is what the program has itself, nothing changes.
    assert!(line(&text, "MAIL_PASSWORD").contains("{ secret = true, required = false }"), "{text}");
}

#[test]
fn the_address_of_a_store_is_spelled_as_it_was() {
    let python = |source: &str, more: &[(&str, &str)]| {
        let mut files = vec![("requirements.txt", "fastapi\nuvicorn\nasyncpg\nredis\n"), ("main.py", source)];
        files.extend(more);
        written(&files).0
    };
    let start = "import os\nfrom fastapi import FastAPI\napp = FastAPI()\n";
    let of_source = format!(
        "{start}A = os.environ.get(\"DATABASE_URL\", \"postgresql+asyncpg://a:b@localhost/x\")\n\
         B = os.environ.get(\"REDIS_URL\", \"redis://localhost:6379/3\")\n"
    );
    let of_file = format!("{start}A = os.environ[\"DATABASE_URL\"]\nB = os.environ[\"REDIS_URL\"]\n");
    let env = "DATABASE_URL=postgresql+asyncpg://a:tulip@localhost/x\nREDIS_URL=redis://localhost:6379/3\n";
    for text in [python(&of_source, &[]), python(&of_file, &[(".env", env)])] {
        let composed = "\"postgresql+asyncpg://${services.postgres.authority}/${services.postgres.database}\"";
        assert!(line(&text, "DATABASE_URL").contains(composed), "{text}");
        assert!(line(&text, "REDIS_URL").contains("\"${services.redis.url}/3\""), "{text}");
        assert!(!text.contains("tulip"), "{text}");
    }
    let compose = "services:\n  api:\n    image: example/a:1\n    environment:\n      \
                   DATABASE_URL: postgres://joe:${DB_PASSWORD}@db:5432/app\n      \
                   REDIS_URL: redis://cache:6379/1\n  cache: {image: \"redis:7\"}\n  db:\n    image: postgres:16\n    \
                   environment: {POSTGRES_USER: joe, POSTGRES_PASSWORD: \"${DB_PASSWORD}\", POSTGRES_DB: app}\n";
    let (text, _) = written(&[("compose.yaml", compose)]);
    let composed = "\"postgres://${services.db.authority}/${services.db.database}\"";
    assert!(line(&text, "DATABASE_URL").contains(composed), "{text}");
    assert!(line(&text, "REDIS_URL").contains("\"${services.cache.url}/1\""), "{text}");
}

/// A workspace of pnpm: a page, a program and what both read the database with.
fn workspace(page: &str) -> (String, String) {
    let web = r#"{"name": "@shop/web", "scripts": {"build": "next build", "start": "next start"},
                  "dependencies": {"next": "14", "react": "18", "react-dom": "18"}}"#;
    let api = r#"{"name": "@shop/api", "scripts": {"start": "node main.js"},
                  "dependencies": {"express": "5", "@shop/db": "workspace:*", "@shop/mail": "workspace:*"}}"#;
    let db = r#"{"name": "@shop/db", "main": "index.js", "dependencies": {"@prisma/client": "5", "prisma": "5"}}"#;
    let mail = r#"{"name": "@shop/mail", "main": "index.js"}"#;
    let schema = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n";
    written(&[
        ("package.json", r#"{"name": "shop", "private": true}"#),
        ("pnpm-workspace.yaml", "packages: [\"apps/*\", \"packages/*\"]\n"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
        ("apps/web/package.json", web),
        ("apps/web/next.config.js", "module.exports = { output: \"standalone\" }\n"),
        ("apps/web/app/page.js", page),
        ("apps/api/package.json", api),
        ("apps/api/main.js", "require('express')().listen(4000);\n"),
        ("packages/db/package.json", db),
        ("packages/db/index.js", "module.exports = {};\n"),
        ("packages/db/prisma/schema.prisma", schema),
        ("packages/mail/package.json", mail),
        ("packages/mail/index.js", "exports.from = process.env.MAIL_FROM;\n"),
    ])
}

#[test]
fn a_program_of_a_workspace_reads_what_its_packages_read() {
    let (text, said) = workspace("export default () => process.env.NEXT_PUBLIC_API_URL;\n");
    assert!(!text.contains("# Not yet") && !said.contains("as a comment"), "{text}\n{said}");
    let document: toml::Table = text.parse().expect("TOML");
    let services = &document["services"];
    let url = services["api"]["env"].get("DATABASE_URL").and_then(toml::Value::as_str);
    assert_eq!(url, Some("${services.postgres.url}"), "{text}");
    assert!(services["api"]["env"].get("MAIL_FROM").is_some(), "{text}");
    // Both are in one image, and the page is told nothing of what only the other one reads.
    assert_eq!(services["web"]["extends"].as_str(), Some("api"), "{text}");
    for variable in ["DATABASE_URL", "MAIL_FROM"] {
        assert!(services["web"]["env"][variable].get("unset").is_some(), "{variable}: {text}");
    }
    // One image holds both, and is built as the first one says.
    let first = ["api", "web"].into_iter().find(|name| services[*name].get("extends").is_none()).expect("a first one");
    assert!(services[first]["build-env"].get("NEXT_PUBLIC_API_URL").is_some(), "{text}");
    assert_eq!(text.matches("NEXT_PUBLIC_API_URL").count(), 1, "{text}");
}

/// A program for Express with this start script, and what else stands in its package.json.
fn started(script: &str, more: &str) -> (String, String) {
    let package = format!(
        r#"{{"name": "shop", "scripts": {{"build": "tsc", "start": {script:?}}}, "dependencies": {{"express": "5"}}{more}}}"#
    );
    let server = "require('express')().listen(process.env.PORT || 3000);\n";
    written(&[("package.json", &package), LOCK, ("src/server.js", server), ("server.js", server)])
}

#[test]
fn what_stands_in_front_of_a_start_script_is_told_to_the_container() {
    for (script, expected) in [
        ("PORT=4000 node server.js", &["port = 4000", "command = \"node server.js\""][..]),
        ("TZ=UTC node server.js", &["command = \"node server.js\"", "TZ = \"UTC\""]),
        ("cross-env NODE_ENV=production LOG_LEVEL=info node server.js", &["LOG_LEVEL = \"info\""]),
        ("dotenv -e .env -- node server.js", &["command = \"node server.js\"", "what it reads of .env"]),
        ("node --env-file=.env server.js", &["command = \"node server.js\"", "what it reads of .env"]),
        ("API_TOKEN=abcdef123 node server.js", &["API_TOKEN = { secret = true }"]),
        (
            "npm run build && node migrate.js && node server.js",
            &["before-start = [\"node migrate.js\"]", "command = \"node server.js\""],
        ),
        ("node server.js | pino-pretty", &["command = \"npm run start\""]),
        ("nodemon server.js", &["command = \"nodemon server.js\""]),
    ] {
        let is_kinds_own = script == "nodemon server.js";
        let (text, said) = started(script, "");
        assert!(!is_kinds_own || !text.contains("command = "), "{text}");
        assert!(text.contains("\n[services.app]"), "{script}:\n{text}");
        for part in expected {
            assert!((text.clone() + &said).contains(part) != is_kinds_own, "{script}: {part}\n{text}{said}");
        }
        assert!(!(text.clone() + &said).contains("abcdef123") && !text.contains("NODE_ENV"), "{text}");
    }
}

#[test]
fn what_runs_is_what_the_start_script_says_where_main_says_another_file() {
    // `npm init` writes this one, whether there is such a file or not.
    let (text, _) = started("node server.js", ", \"main\": \"index.js\"");
    assert!(text.contains("command = \"node server.js\""), "{text}");
    let (text, _) = started("node ./server.js", ", \"main\": \"server\"");
    assert!(!text.contains("command"), "{text}");
}

#[test]
fn a_program_that_listens_nowhere_has_neither_a_port_nor_a_probe() {
    let package = r#"{"name": "mails", "scripts": {"start": "node worker.js"}, "dependencies": {"bullmq": "5"}}"#;
    let worker =
        "new (require('bullmq').Worker)('mail', async () => {}, {connection: {url: process.env.REDIS_URL}});\n";
    let (text, said) = written(&[("package.json", package), LOCK, ("worker.js", worker)]);
    assert!(text.contains("\n[services.app]") && said.contains("nothing in its sources does"), "{text}{said}");
    assert!(!text.contains("port = ") && !text.contains("publish") && !text.contains("health"), "{text}");
}

const DJANGO: [(&str, &str); 3] = [
    ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'core.settings')\n"),
    ("requirements.txt", "Django==5.1.2\ngunicorn==23.0.0\nwhitenoise==6.7.0\n"),
    ("core/wsgi.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"core.settings\")\napplication = 1\n"),
];

/// A program for Django with these settings, whose health path is there or not.
fn django(settings: &str, has_health: bool) -> (String, String) {
    let urls = if has_health { "urlpatterns = [path(\"health/\", ok)]\n" } else { "urlpatterns = []\n" };
    let settings = format!("from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n{settings}");
    let more = [("core/settings.py", settings.as_str()), ("core/urls.py", urls)];
    written(&[&DJANGO[..], &more].concat())
}

#[test]
fn django_answers_its_probe_whatever_hosts_the_operator_names() {
    let hosts = "ALLOWED_HOSTS = os.environ.get(\"HOSTS\", \"localhost,shop.example.com\").split(\",\")\n";
    let (text, _) = django(hosts, true);
    assert!(text.contains("HOSTS = { default = \"shop.example.com\" }"), "{text}");
    assert!(text.contains("HOSTS = \"localhost,${HOSTS}\""), "{text}");
    // Nothing asks it.
    let (text, _) = django(hosts, false);
    assert!(text.contains("HOSTS = { default = \"shop.example.com\" }") && !text.contains("${HOSTS}"), "{text}");
    let (_, said) = django("ALLOWED_HOSTS = [\"shop.example.com\"]\n", true);
    assert!(said.contains("`ALLOWED_HOSTS` in core/settings.py:3 does not have it"), "{said}");
    for hosts in ["ALLOWED_HOSTS = [\"*\"]\n", "ALLOWED_HOSTS = [\"localhost\"]\n", "ALLOWED_HOSTS = []\n"] {
        assert!(!django(hosts, true).1.contains("ALLOWED_HOSTS"), "{hosts}");
    }
}

#[test]
fn static_files_of_django_are_gathered_where_something_serves_them() {
    let used = "INSTALLED_APPS = [\"django.contrib.staticfiles\"]\n";
    let root = "STATIC_ROOT = BASE_DIR / \"staticfiles\"\n";
    let gathers = "\"python manage.py collectstatic --noinput\"";
    let (text, _) = django(&format!("{used}{root}"), true);
    assert!(text.contains(gathers) && text.contains("volumes = [\"app-staticfiles:/app/staticfiles\"]"), "{text}");
    // There is no such command without the application.
    assert!(!django(root, true).0.contains("collectstatic"));
    assert!(!django(used, true).0.contains("collectstatic"));
    let settings = format!("from pathlib import Path\n{used}STATIC_ROOT = \"static\"\n");
    let bare = [DJANGO[0], ("requirements.txt", "Django==5.1.2\ngunicorn==23.0.0\n"), DJANGO[2]];
    let (text, said) = written(&[&bare[..], &[("core/settings.py", settings.as_str())]].concat());
    assert!(!text.contains("collectstatic") && said.contains("who serves its static files"), "{text}{said}");
}

#[test]
fn a_program_gets_a_volume_where_it_writes() {
    let package = r#"{"name": "notes", "main": "server.js", "dependencies": {"express": "5", "better-sqlite3": "11"}}"#;
    let node = |body: &str| {
        let server =
            format!("const Database = require('better-sqlite3');\n{body}\nrequire('express')().listen(3000);\n");
        written(&[("package.json", package), LOCK, ("server.js", &server), ("assets/a.txt", "a")])
    };
    let (text, _) = node("fs.mkdirSync('data', { recursive: true }); fs.writeFileSync('data/deep/a.txt', '');");
    assert!(text.contains("volumes = [\"app-data:/app/data\"]"), "{text}");
    let (text, _) = node("new Database(process.env.DB_FILE || 'notes.db');");
    assert!(text.contains("volumes = [\"app-data:/app/data\"]"), "{text}");
    assert!(text.contains("DB_FILE = \"/app/data/notes.db\""), "{text}");
    let (text, _) = node("fs.mkdirSync(process.env.UPLOADS || 'files/up', { recursive: true });");
    assert!(text.contains("[\"app-up:/app/files/up\"]") && text.contains("UPLOADS = \"/app/files/up\""), "{text}");
    let (text, _) = node("new Database('notes.db');");
    assert!(text.contains("build = [\"ln -sfn /data/notes.db notes.db\"]"), "{text}");
    assert!(text.contains("volumes = [\"app-data:/data\"]"), "{text}");
    let (text, said) = node("fs.writeFileSync('notes.json', '');");
    assert!(!text.contains("volumes") && said.contains("what becomes of `notes.json` (server.js:2)"), "{text}{said}");
    // What lies there would stay as it is now.
    let (text, said) = node("fs.writeFileSync('assets/b.txt', '');");
    assert!(!text.contains("volumes") && said.contains("would keep `assets/a.txt`"), "{text}{said}");
    let (text, said) = node("fs.readFileSync('assets/a.txt'); fs.writeFileSync('/tmp/a.txt', '');");
    assert!(!text.contains("volumes") && !said.contains("what becomes of"), "{text}{said}");
}

#[test]
fn a_database_beside_the_source_of_django_lies_on_a_volume() {
    let sqlite = "DATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": BASE_DIR / \"db.sqlite3\"}}\n";
    let (text, _) = django(sqlite, true);
    assert!(text.contains("build = [\"ln -sfn /data/db.sqlite3 db.sqlite3\"]"), "{text}");
    assert!(text.contains("volumes = [\"app-data:/data\"]"), "{text}");
}

#[test]
fn a_store_that_is_new_asks_for_the_password_that_a_program_has_for_it() {
    let (text, _) = program(", \"ioredis\": \"5\"", "connect(process.env.REDIS_PASSWORD);\n", &[]);
    assert!(line(&text, "password").starts_with("password = \"${REDIS_PASSWORD}\""), "{text}");
    assert!(text.contains("REDIS_PASSWORD = { secret = true, generate = true, type = \"url-safe\" }"), "{text}");
    // Without one it does as well.
    let (text, _) = program(", \"ioredis\": \"5\"", "connect(process.env.REDIS_PASSWORD || undefined);\n", &[]);
    assert!(line(&text, "password").is_empty(), "{text}");
}

#[test]
fn a_name_that_only_an_env_file_has_is_given_to_the_library_that_reads_it_or_told() {
    let env = "AWS_ACCESS_KEY_ID=tulip\nAWS_REGION=eu-north-1\nADMIN_EMAIL=boss@tulip.example\nNODE_ENV=production\n";
    let (text, said) = program(", \"@aws-sdk/client-s3\": \"3\"", "", &[(".env", env)]);
    assert!(line(&text, "AWS_ACCESS_KEY_ID").contains("`@aws-sdk/client-s3` reads it"), "{text}");
    assert!(line(&text, "AWS_REGION").contains("# named in .env; "), "{text}");
    assert!(!text.contains("ADMIN_EMAIL") && said.contains("who reads `ADMIN_EMAIL`"), "{text}\n{said}");
    assert!(!text.contains("tulip") && !said.contains("tulip") && !said.contains("NODE_ENV"), "{text}\n{said}");
    // What an example leaves empty is no less needed, but for what only switches something on.
    let example = "AWS_REGION=\nSENTRY_DSN=\n";
    let more = ", \"@aws-sdk/client-s3\": \"3\", \"@sentry/node\": \"8\"";
    let (text, _) = program(more, "", &[(".env.example", example), (".env.test", "FOR_TESTS=1\n")]);
    assert!(line(&text, "AWS_REGION").contains("= {} "), "{text}");
    assert!(line(&text, "SENTRY_DSN").contains("{ secret = true, required = false }"), "{text}");
    let (text, said) = program("", "", &[(".env", env)]);
    assert!(
        !text.contains("AWS_") && said.contains("`AWS_ACCESS_KEY_ID`, `AWS_REGION`, `ADMIN_EMAIL`"),
        "{text}\n{said}"
    );
}

#[test]
fn where_a_value_is_not_copied_nothing_says_that_it_is() {
    let compose = "services:\n  app:\n    image: example/a:1\n    env_file: .env\n    environment: {HOST: \"${DOMAIN:-localhost}\"}\n";
    let (text, _) = written(&[("compose.yaml", compose), (".env", "DOMAIN=shop.example\nADMIN_EMAIL=a@b.example\n")]);
    assert!(line(&text, "ADMIN_EMAIL").ends_with("# named in .env"), "{text}");
    let declared = text.lines().find(|line| line.starts_with("DOMAIN") && line.contains("default")).expect("DOMAIN");
    assert!(declared.contains("\"localhost\"") && declared.ends_with("# from compose.yaml"), "{text}");
}

#[test]
fn what_an_example_calls_this_machine_is_asked_for() {
    let source = "connect(process.env.SMTP_HOST, process.env.PAGE_URL);\n";
    let env = "SMTP_HOST=localhost\nPAGE_URL=http://localhost:3000\n";
    let (text, said) = program("", source, &[(".env.example", env)]);
    assert!(line(&text, "SMTP_HOST").contains("= {} "), "{text}");
    assert!(line(&text, "PAGE_URL").contains("\"http://localhost:3000\""), "{text}");
    assert!(said.contains("which service `SMTP_HOST` is"), "{said}");
}

#[test]
fn what_belongs_to_the_system_of_an_image_gets_no_volume() {
    let server = "open(\"/etc/app.conf\", \"w\")\nopen(\"/opt/x.txt\", \"w\")\nopen(\"/opt/notes/x.txt\", \"w\")\n";
    let main = format!("from fastapi import FastAPI\napp = FastAPI()\n{server}");
    let (text, said) = written(&[("requirements.txt", "fastapi\nuvicorn\n"), ("main.py", &main)]);
    assert!(text.contains("volumes = [\"app-notes:/opt/notes\"]"), "{text}");
    assert!(said.contains("writes to `/etc` (main.py:3)") && said.contains("writes to `/opt` (main.py:4)"), "{said}");
}

#[test]
fn hosts_that_a_program_demands_are_asked_for() {
    let (text, _) = django("ALLOWED_HOSTS = os.environ[\"HOSTS\"].split(\",\")\n", true);
    assert!(!text.contains("HOSTS = { default") && text.contains("HOSTS = \"localhost,${HOSTS}\""), "{text}");
}

#[test]
fn sources_that_never_end_are_looked_at() {
    // Brackets that nobody closes, a constant that nobody gives anything, and more parents than there are numbers.
    let open = "open(".repeat(20_000);
    let constant = "open(OUT_FILE, 'w')\n".repeat(20_000);
    let parents = "open(Path(__file__).parents[18446744073709551615], 'w')\n";
    let main = format!("from fastapi import FastAPI\napp = FastAPI()\n{constant}{parents}{open}");
    // Without a limit this takes minutes.
    let (text, _) = written(&[("requirements.txt", "fastapi\nuvicorn\n"), ("main.py", &main), ("b.py", &constant)]);
    assert!(text.contains("[services.app]"), "{text}");
}

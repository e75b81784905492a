//! Packages of workspaces: what starts them in an image that has no package manager but npm.

use crate::described::{line, written};

/// A workspace with one package in `apps/api`.
fn workspace(lock: (&str, &str), package: &str, more: &[(&str, &str)]) -> (String, String) {
    let root = r#"{"name": "shop", "private": true, "workspaces": ["apps/*"]}"#;
    let mut files = vec![("package.json", root), lock, ("apps/api/package.json", package)];
    files.extend(more);
    written(&files)
}

const PNPM: (&str, &str) = ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
const NPM: (&str, &str) = ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");
const SERVER: &str = "require('express')().listen(4000);\n";

/// The command that is written for a start script.
fn command_of(script: &str, source: &str) -> String {
    let package =
        format!(r#"{{"name": "api", "scripts": {{"start": {script:?}}}, "dependencies": {{"express": "5"}}}}"#);
    let (text, _) = workspace(PNPM, &package, &[("apps/api/index.js", source)]);
    line(&text, "command").split(" # ").next().unwrap_or_default().trim().to_owned()
}

#[test]
fn the_start_script_of_a_package_becomes_a_command_without_a_package_manager() {
    for (script, expected) in [
        ("node index.js", "node apps/api/index.js"),
        ("node ./dist/index.js", "node apps/api/dist/index.js"),
        ("node --enable-source-maps dist/main", "node --enable-source-maps apps/api/dist/main"),
        ("NODE_ENV=production node index.js --verbose", "node apps/api/index.js --verbose"),
        ("tsc && node index.js", "node apps/api/index.js"),
    ] {
        assert_eq!(command_of(script, SERVER), format!("command = \"{expected}\""), "{script}");
    }
}

#[test]
fn what_only_runs_in_the_directory_of_its_package_is_run_by_npm_which_every_image_has() {
    let managed = "command = \"npm --prefix apps/api run start\"";
    for script in [
        "node index.js | pino-pretty",
        "node migrate.js && node index.js",
        "node --import ./tracing.mjs index.js",
        "node index.js config/api.json",
        "node .",
        "tsx src/index.ts",
        "node index.js --token hunter2hunter2",
    ] {
        assert_eq!(command_of(script, SERVER), managed, "{script}");
    }
    for more in ["express.static('public');", "const here = process.cwd();", "open(\"./config.json\");"] {
        assert_eq!(command_of("node index.js", &format!("{SERVER}{more}\n")), managed, "{more}");
    }
    let near = "const a = require('./a'); import b from \"./b.js\"; new URL('./c', import.meta.url);";
    assert_eq!(command_of("node index.js", &format!("{SERVER}{near}\n")), "command = \"node apps/api/index.js\"");
}

#[test]
fn what_is_set_in_front_of_the_script_of_a_package_is_told_to_its_container() {
    let package = r#"{"name": "api", "scripts": {"start": "TZ=UTC node index.js"}, "dependencies": {"express": "5"}}"#;
    let (text, _) = workspace(PNPM, package, &[("apps/api/index.js", SERVER)]);
    assert!(line(&text, "TZ").starts_with("TZ = \"UTC\"") && text.contains("\"node apps/api/index.js\""), "{text}");
    // A package manager would set it itself.
    let package = package.replace("index.js\"", "index.js | pino-pretty\"");
    let (text, _) = workspace(PNPM, &package, &[("apps/api/index.js", SERVER)]);
    assert!(line(&text, "TZ").is_empty() && text.contains("npm --prefix apps/api run start"), "{text}");
}

#[test]
fn a_page_in_a_workspace_is_served_by_what_its_packages_bring() {
    let next = r#"{"name": "web", "scripts": {"build": "next build", "start": "next start -p 3100 --hostname 0.0.0.0"},
                   "dependencies": {"next": "15"}}"#;
    let vite = r#"{"name": "web", "scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}"#;
    for (lock, bin) in [(PNPM, "apps/api/node_modules/.bin"), (NPM, "node_modules/.bin")] {
        let (text, said) = workspace(lock, next, &[]);
        let run = format!("command = \"{bin}/next start apps/api --hostname 0.0.0.0 --port ${{service.port}}\"");
        assert!(text.contains(&run) && text.contains("port = 3100"), "{text}");
        assert!(!said.contains("standalone"), "{said}");
        // It has no `start` script.
        let (text, _) =
            workspace(lock, vite, &[("apps/api/vite.config.js", "export default {build: {outDir: 'out'}}")]);
        let run =
            format!("command = \"{bin}/vite preview --outDir apps/api/out --host 0.0.0.0 --port ${{service.port}}");
        assert!(text.contains(&run) && !text.contains("run start"), "{text}");
    }
}

#[test]
fn the_route_that_says_that_a_page_is_well_is_one_of_either_router() {
    let package =
        r#"{"name": "web", "scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "15"}}"#;
    let config = ("next.config.mjs", "export default { output: \"standalone\" };\n");
    for (file, expected) in [
        ("app/healthz/route.ts", "\"/healthz\""),
        ("src/app/api/health/route.js", "\"/api/health\""),
        ("pages/api/healthz.ts", "\"/api/healthz\""),
        ("pages/healthz.tsx", "\"/\""),
    ] {
        let route = (file, "export function GET() { return Response.json({}); }\n");
        let (text, _) = written(&[("package.json", package), NPM, config, route]);
        assert!(line(&text, "health").starts_with(&format!("health = {expected}")), "{file}\n{text}");
    }
}

/// A program that asks its database with Prisma, which stands in this section of package.json.
fn migrated(section: &str, start: &str) -> (String, String) {
    let package = format!(
        r#"{{"name": "shop", "scripts": {{"start": "{start}", "db:deploy": "prisma migrate deploy"}},
            "dependencies": {{"express": "5", "@prisma/client": "6"}}, "{section}": {{"prisma": "6"}}}}"#
    );
    written(&[
        ("package.json", &package),
        NPM,
        ("index.js", SERVER),
        ("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n"),
        ("prisma/migrations/1_init/migration.sql", "create table a (b int);\n"),
    ])
}

#[test]
fn migrations_of_prisma_are_applied_before_the_start_or_told() {
    let (text, said) = migrated("dependencies", "node index.js");
    assert!(text.contains("before-start = [\"npx prisma migrate deploy\"]"), "{text}");
    assert!(!said.contains("who applies the migrations"), "{said}");
    let (text, said) = migrated("devDependencies", "node index.js");
    assert!(
        !text.contains("before-start") && said.contains("who applies the migrations in prisma/migrations"),
        "{said}"
    );
    // A script that does so has it there already.
    let (text, _) = migrated("dependencies", "prisma migrate deploy && node index.js");
    assert_eq!(text.matches("migrate deploy").count(), 1, "{text}");
}

#[test]
fn the_address_that_a_rewrite_leads_to_is_told_to_the_build() {
    let web =
        r#"{"name": "web", "scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "15"}}"#;
    let api = r#"{"name": "api", "scripts": {"start": "node index.js"}, "dependencies": {"express": "5"}}"#;
    let config = "const to = process.env.API_INTERNAL_URL ?? 'http://localhost:4000';\nconst more = process.env.SHOP_CDN;\n\
                  export default { async rewrites() { return [{ source: '/api/:path*', destination: `${to}/:path*` }]; } };\n";
    let page = "export default () => fetch(process.env.API_INTERNAL_URL);\n";
    for (page, is_read) in [(page, true), ("export default () => null;\n", false)] {
        let files = [
            ("apps/api/index.js", SERVER),
            ("apps/web/package.json", web),
            ("apps/web/next.config.mjs", config),
            ("apps/web/app/page.js", page),
        ];
        let (text, said) = workspace(PNPM, api, &files);
        let document: toml::Table = text.parse().expect("TOML");
        let services = &document["services"];
        // One image holds both, and is built as the first one says.
        let built = services["api"].get("build-env").and_then(|env| env.get("API_INTERNAL_URL"));
        assert_eq!(built.and_then(toml::Value::as_str), Some("http://api:4000"), "{text}\n{said}");
        let run = services["web"].get("env").and_then(|env| env.get("API_INTERNAL_URL"));
        assert_eq!(run.is_some(), is_read, "{text}");
        assert!(text.contains("# SHOP_CDN: read in apps/web/next.config.mjs, when it is built"), "{text}");
    }
}

//! What else the scripts of package.json say: processes that run beside a program, and what applies its migrations.

use crate::described::Described;

const NPM: (&str, &str) = ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");
const SERVER: &str = "require('express')().listen(4000);\n";

/// A program with these scripts and packages, and further files.
fn program(scripts: &str, packages: &str, more: &[(&str, &str)]) -> Described {
    let package = format!(
        r#"{{"name": "shop", "scripts": {{"start": "node index.js", {scripts}}},
            "dependencies": {{"express": "5"}}, {packages}}}"#
    );
    let mut files = vec![("package.json", package.as_str()), NPM, ("index.js", SERVER)];
    files.extend(more);
    Described::of(&files)
}

/// A program with these scripts, and with a queue.
fn beside(scripts: &str) -> Described {
    program(scripts, r#""optionalDependencies": {"bullmq": "5"}"#, &[("worker.js", "setInterval(() => {}, 1000);\n")])
}

#[test]
fn a_script_that_runs_another_file_becomes_another_process_of_the_image() {
    let described = beside(r#""worker": "node worker.js", "worker:dev": "nodemon worker.js""#);
    described
        .says("[services.worker]")
        .says("extends = \"app\"")
        .says("command = \"node worker.js\"")
        .says("# from the `worker` script of package.json")
        .hides("nodemon");
    let compose = described.rendered();
    assert!(compose.contains("\n  worker:\n") && compose.contains("worker.js"), "{compose}");
    // The one for production, whatever stands first; what is set in front of it; one script that names another.
    beside(r#""worker": "nodemon worker.js", "worker:prod": "TZ=UTC node worker.js --quiet""#)
        .says("command = \"node worker.js --quiet\"")
        .says("TZ = \"UTC\"");
    beside(r#""start:worker": "npm run jobs:run", "jobs:run": "node worker.js""#).says("command = \"node worker.js\"");
    beside(r#""queue": "node worker.js""#).says("[services.queue]");
    beside(r#""worker:mail": "node worker.js mail", "worker:pdf": "node worker.js pdf""#)
        .says("[services.worker-mail]")
        .says("[services.worker-pdf]");
}

#[test]
fn a_script_that_is_no_process_is_told_or_is_nothing() {
    for (scripts, told) in [
        (r#""worker:dev": "nodemon worker.js""#, "the `worker:dev` script of package.json is for development"),
        (r#""worker": "tsx worker.ts""#, "the `worker` script of package.json is for development"),
        (r#""worker": "node worker.js | pino-pretty""#, "is nothing that runs without a shell"),
        (r#""worker": "node seed.js && node worker.js""#, "runs something else first, and then `node worker.js`"),
        (r#""worker": "python worker.py""#, "runs `python worker.py`, which the image may not have"),
    ] {
        beside(scripts).tells(told).hides("[services.worker]");
    }
    program(r#""cron": "node worker.js""#, r#""devDependencies": {}"#, &[("worker.js", "run();\n")])
        .tells("nothing says whether that stays or ends by itself")
        .hides("[services.cron]");
    for scripts in
        [r#""worker:build": "node worker.js""#, r#""queue:fill": "node worker.js""#, r#""worker": "node index.js""#]
    {
        beside(scripts).hides("[services.worker").hides("[services.queue").hides("whether something runs beside it");
    }
}

#[test]
fn a_worker_that_is_built_comes_from_what_the_build_writes() {
    let package = |main: &str| {
        format!(
            r#"{{"name": "shop", {main} "scripts": {{"build": "tsc", "start": "node dist/index.js", "worker": "node {}"}},
                "dependencies": {{"express": "5"}}, "devDependencies": {{"typescript": "5"}}}}"#,
            "dist/worker.js"
        )
    };
    let of = |package: &str| {
        Described::of(&[
            ("package.json", package),
            NPM,
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
            ("src/index.ts", SERVER),
            ("src/worker.ts", "setInterval(() => {}, 1000);\n"),
        ])
    };
    of(&package("")).says("command = \"node dist/worker.js\"");
    of(&package(r#""main": "dist/index.js","#)).says("command = \"node dist/worker.js\"");
    of(&package("").replace("dist/worker.js", "scripts/worker.js")).says("command = \"node scripts/worker.js\"");
    of(&package(r#""main": "dist/index.js","#).replace("dist/worker.js", "tools/worker.js"))
        .tells("and the image may have no tools/worker.js")
        .hides("[services.worker]");
}

#[test]
fn a_worker_of_a_program_with_a_dockerfile_of_its_own_is_told() {
    let docker = ("Dockerfile", "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nUSER 1000\nCMD [\"node\", \"index.js\"]\n");
    program(
        r#""worker": "node worker.js""#,
        r#""devDependencies": {}"#,
        &[docker, (".dockerignore", ".git\n"), ("worker.js", "")],
    )
    .tells("with `command = \"node worker.js\"`")
    .hides("[services.worker]");
}

#[test]
fn migrations_are_applied_before_the_start_where_the_image_has_what_that_needs() {
    let sql = ("drizzle/0000_a.sql", "create table a (b int);\n");
    let kit = ("drizzle.config.js", "export default { out: './drizzle', dialect: 'postgresql' };\n");
    let script = r#""db:migrate": "drizzle-kit migrate""#;
    program(script, r#""optionalDependencies": {"drizzle-kit": "0.31"}"#, &[sql, kit])
        .tells("who applies the migrations in drizzle");
    let package = r#"{"name": "shop", "scripts": {"start": "node index.js", "db:migrate": "drizzle-kit migrate"},
                      "dependencies": {"express": "5", "drizzle-orm": "1", "drizzle-kit": "1"}}"#;
    let files = [("package.json", package), NPM, ("index.js", SERVER), sql, kit];
    Described::of(&files)
        .says("before-start = [\"drizzle-kit migrate\"]")
        .says("from the `db:migrate` script of package.json")
        .hides("who applies");
    // A file of its own.
    let own = r#""db:migrate": "node scripts/migrate.js""#;
    let more = [sql, ("scripts/migrate.js", "import { migrate } from 'drizzle-orm/postgres-js/migrator';\n")];
    program(own, r#""devDependencies": {"drizzle-kit": "1", "drizzle-orm": "1"}"#, &more)
        .says("before-start = [\"node scripts/migrate.js\"]");
    // The program does it.
    let server = format!("{SERVER}const {{ migrate }} = require('drizzle-orm/node-postgres/migrator');\n");
    let mut files = files;
    files[2].1 = &server;
    Described::of(&files).hides("before-start").hides("who applies");
}

#[test]
fn what_applies_the_migrations_reaches_an_image_that_has_what_the_build_writes() {
    let package = r#"{"name": "notes", "scripts": {"build": "vite build", "db:migrate": "node scripts/migrate.js"},
                      "dependencies": {"drizzle-orm": "1"}, "devDependencies": {"@sveltejs/kit": "2",
                      "@sveltejs/adapter-node": "5", "drizzle-kit": "1", "vite": "6"}}"#;
    let of = |source: &str, more: &[(&str, &str)]| {
        let mut files = vec![
            ("package.json", package),
            NPM,
            ("drizzle/0000_a.sql", "create table a (b int);\n"),
            ("scripts/migrate.js", source),
        ];
        files.extend(more);
        Described::of(&files)
    };
    let alone = "import { migrate } from 'drizzle-orm/postgres-js/migrator';\n";
    for more in [vec![], vec![("tsconfig.json", "{}")]] {
        let described = of(alone, &more);
        described
            .says("before-start = [\"node scripts/migrate.js\"]")
            .says("build-output = \"build\"")
            .hides("who applies");
        let dockerfile = described.file("Dockerfile");
        let (_, production) = dockerfile.split_once("AS production\n").expect("a stage");
        assert!(production.contains("COPY scripts") && production.contains("COPY drizzle ./drizzle"), "{dockerfile}");
    }
    of("import { db } from '../src/lib/db.js';\n", &[("src/lib/db.js", "export const db = 1;\n")])
        .tells("the `db:migrate` script runs `node scripts/migrate.js`, which reads scripts/migrate.js, drizzle")
        .hides("before-start = [\"node scripts/migrate.js\"] #");
}

#[test]
fn migrations_of_typeorm_are_those_that_are_built() {
    let package = |section: &str| {
        format!(
            r#"{{"name": "shop", "scripts": {{"build": "tsc", "start": "node dist/index.js",
                 "migration:run": "typeorm migration:run -d dist/data-source.js",
                 "migration:run:dev": "typeorm-ts-node-commonjs migration:run -d src/data-source.ts"}},
                "dependencies": {{"express": "5"}}, "{section}": {{"typeorm": "0.3"}}}}"#
        )
    };
    let of = |package: &str, source: &str| {
        Described::of(&[
            ("package.json", package),
            NPM,
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
            ("src/index.ts", SERVER),
            ("src/data-source.ts", source),
            ("src/migrations/1-init.ts", "export class Init1 implements MigrationInterface {}\n"),
        ])
    };
    let package = package("dependencies").replace(r#"{"express": "5"}, "dependencies": {"#, r#"{"express": "5", "#);
    of(&package, "export default new DataSource({});\n")
        .says("before-start = [\"typeorm migration:run -d dist/data-source.js\"]")
        .hides("who applies");
    of(&package, "export default new DataSource({ migrationsRun: true });\n")
        .hides("before-start")
        .hides("who applies");
    let only = package.replace(r#""typeorm": "0.3""#, r#""pg": "8"}, "devDependencies": {"typeorm": "0.3""#);
    of(&only, "export default new DataSource({});\n")
        .tells(
            "who applies the migrations in src/migrations: the `migration:run` script runs `typeorm migration:run -d \
                dist/data-source.js`, `typeorm` is only for development, and no image has it",
        )
        .hides("before-start = [\"typeorm migration:run -d dist/data-source.js\"] #");
}

#[test]
fn what_applies_the_migrations_of_each_tool_is_known() {
    for (package, path, text, told) in [
        ("knex", "migrations/1_a.js", "exports.up = (knex) => knex.schema;", "`knex` is only for development"),
        ("sequelize-cli", "migrations/1-a.js", "exports.up = (queryInterface) => 1;", "`sequelize-cli` is only for"),
        ("node-pg-migrate", "migrations/1_a.js", "exports.up = (pgm) => {};", "`node-pg-migrate` is only for"),
        ("kysely-ctl", "migrations/1.ts", "import { Kysely } from 'kysely';", "`kysely-ctl` is only for development"),
        ("@mikro-orm/cli", "src/migrations/M1.ts", "class M1 extends Migration {}", "`@mikro-orm/cli` is only for"),
        (
            "typeorm",
            "src/migrations/1.ts",
            "class A implements MigrationInterface {}",
            "no script of package.json does",
        ),
    ] {
        let packages = format!(r#""devDependencies": {{"{package}": "1"}}"#);
        let described = program(r#""test": "node --test""#, &packages, &[(path, text)]);
        described.tells("who applies the migrations in ").tells(told).hides("before-start = [\"npx");
    }
    program(r#""db:push": "drizzle-kit push""#, r#""devDependencies": {"drizzle-kit": "1", "drizzle-orm": "1"}"#, &[])
        .tells("who makes the tables: the `db:push` script runs `drizzle-kit push`");
}

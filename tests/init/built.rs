//! What images are built from and by what: which files reach a build, and what a Dockerfile of one's own says of it.

use crate::described::Described;

const PACKAGE: &str = r#"{"name": "notes", "type": "module", "scripts": {"build": "vite build", "start": "node build"},
    "dependencies": {"express": "4"}, "devDependencies": {"vite": "6"}}"#;

/// A program in TypeScript, and what else lies there.
fn typescript(others: &[(&str, &str)]) -> Described {
    let own = [
        ("package.json", PACKAGE),
        ("package-lock.json", "{}"),
        ("tsconfig.json", "{}"),
        ("src/index.ts", "import other from '../messages.json';\napp.listen(4100);\n"),
    ];
    Described::of(&[&own, others].concat())
}

/// The lines of the ignore file that take something back.
fn taken(described: &Described) -> Vec<String> {
    let text = described.file(".dockerignore");
    text.lines().filter_map(|line| line.strip_prefix('!')).map(str::to_owned).collect()
}

#[test]
fn what_every_build_of_typescript_may_read_is_taken_by_the_kind() {
    let described = typescript(&[
        ("vite.config.ts", "export default {}\n"),
        ("svelte.config.js", "export default {}\n"),
        ("astro.config.mjs", "export default {}\n"),
        ("nest-cli.json", "{}"),
        ("index.html", "<html></html>\n"),
        ("static/robots.txt", "\n"),
        ("public/a.txt", "\n"),
    ]);
    assert!(!described.text.contains("include ="), "{}", described.text);
    let taken = taken(&described);
    for wanted in ["*.config.[jt]s", "*.config.[cm][jt]s", "nest-cli.json", "index.html", "static/", "public/", "src/"]
    {
        assert!(taken.iter().any(|line| line == wanted), "{wanted} is not in {taken:?}");
    }
    assert!(described.file(".dockerignore").ends_with("**/.env*\n"));
}

#[test]
fn what_else_lies_beside_a_program_in_typescript_is_included_and_nothing_that_is_no_part_of_it() {
    let described = typescript(&[
        ("drizzle/0000_init.sql", "select 1;\n"),
        ("scripts/migrate.js", "console.log(1)\n"),
        ("messages.json", "{}"),
        ("other.json", "{}"),
        ("server.ts", "export {}\n"),
        (".swcrc", "{}"),
        ("tests/a.test.ts", "export {}\n"),
        ("docs/a.md", "# A\n"),
        ("deploy/a.sh", "true\n"),
        ("uploads/a.txt", "a\n"),
        ("data/seed.ts", "export {}\n"),
        ("worker/package.json", "{}"),
        ("worker/a.js", "\n"),
    ]);
    described.says(r#"include = ["data", "drizzle", "scripts", ".swcrc", "messages.json", "server.ts"]"#);
    let taken = taken(&described);
    assert!(["drizzle", "server.ts"].iter().all(|wanted| taken.iter().any(|line| line == wanted)), "{taken:?}");
}

#[test]
fn a_directory_with_what_may_be_a_secret_is_told_and_stays_out_of_the_image() {
    let described = typescript(&[
        ("config/server.key", "x\n"),
        ("config/a.ts", "export {}\n"),
        ("secrets/a.ts", "export {}\n"),
        ("firebase-service-account.json", "{}"),
    ]);
    described.tells("whether its build reads `config`: there is something in it that may be a secret");
    assert!(!described.text.contains("include ="), "{}", described.text);
}

#[test]
fn a_build_of_javascript_takes_everything_and_needs_no_list() {
    let described = Described::of(&[
        ("package.json", PACKAGE),
        ("package-lock.json", "{}"),
        ("drizzle/0000_init.sql", "select 1;\n"),
        ("src/index.js", "app.listen(4100);\n"),
    ]);
    assert!(!described.text.contains("include ="), "{}", described.text);
}

#[test]
fn the_packages_of_a_workspace_reach_the_build_of_their_root() {
    let described = Described::of(&[
        ("package.json", r#"{"name": "root", "workspaces": ["apps/*", "packages/*"]}"#),
        ("package-lock.json", "{}"),
        ("tsconfig.json", "{}"),
        (
            "apps/api/package.json",
            r#"{"name": "api", "main": "server.js", "dependencies": {"express": "4", "lib": "1"}}"#,
        ),
        ("apps/api/server.js", "require('express')().listen(4000)\n"),
        ("packages/lib/package.json", r#"{"name": "lib", "main": "index.js"}"#),
        ("packages/lib/index.js", "exports.a = 1\n"),
        ("docs/a.md", "# A\n"),
    ]);
    described.says(r#"include = ["apps", "packages"]"#);
}

/// A page with a Dockerfile of its own that reads what that does not take.
const PAGE: [(&str, &str); 4] = [
    ("web/package.json", r#"{"name": "web", "scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}"#),
    ("web/package-lock.json", "{}"),
    (
        "web/src/main.ts",
        "const dsn = import.meta.env.VITE_SENTRY_DSN;\nconst b = import.meta.env.VITE_B;\nstart(dsn, b);\n",
    ),
    ("web/index.html", "<html></html>\n"),
];

#[test]
fn a_page_that_was_built_without_a_variable_is_not_left_out_for_it() {
    let dockerfile = "FROM node:22-slim AS build\nCOPY . .\nRUN npm ci && npm run build\nFROM nginx:1.29\nCOPY --from=build \
                      /dist /usr/share/nginx/html\n";
    let compose = "services:\n  web:\n    build: ./web\n    ports: ['8080:80']\n";
    let described = Described::of(&[&PAGE[..], &[("web/Dockerfile", dockerfile), ("compose.yaml", compose)]].concat());
    described.says("\n[services.web]\n").says("allow = { env-read-not-passed = ");
    described.tells("whether it can do without what its sources read and its Dockerfile does not take");
    described.tells("`VITE_SENTRY_DSN`").tells("`VITE_B`");
    // With an argument the operator may set it, and it stays empty otherwise.
    let dockerfile = dockerfile.replace("COPY . .", "ARG VITE_SENTRY_DSN\nARG VITE_B\nCOPY . .");
    let described =
        Described::of(&[&PAGE[..], &[("web/Dockerfile", &*dockerfile), ("compose.yaml", compose)]].concat());
    described.says("[services.web.build-env]").hides("env-read-not-passed");
}

#[test]
fn who_waits_for_a_service_that_is_left_out_still_waits_for_the_others() {
    let compose = "services:\n  g:\n    image: nginx:1.29\n    depends_on: [a, b]\n  a:\n    image: nginx:1.28\n  b:\n    build: ./b\n";
    let described = Described::of(&[("compose.yaml", compose), ("b/README.md", "b\n")]);
    described.says("depends-on = [\"a\"]").tells("whom it waits for:");
}

const STAGES: &str = "FROM golang:1.24 AS build\nRUN go build -o /srv/app\nFROM debian:13 AS runtime\nCOPY --from=build /srv/app \
                      /srv/app\nVOLUME [\"/var/lib/ledger/uploads\"]\nEXPOSE 8088\nHEALTHCHECK CMD [\"/srv/app\", \"ready\"]\nCMD \
                      [\"/srv/app\"]\n";

#[test]
fn stages_that_run_side_by_side_are_services_and_the_one_that_exposes_a_port_serves() {
    let text = format!("{STAGES}FROM runtime AS worker\nHEALTHCHECK NONE\nCMD [\"/srv/app\", \"work\"]\n");
    let described = Described::of(&[("Dockerfile", &text), ("main.go", "package main\n")]);
    described.says("target = \"runtime\" ").says("port = 8088").says("\n[services.worker]\nextends = \"app\"");
    described.says("target = \"worker\"\n").says("volumes = [\"app-var-lib-ledger-uploads:/var/lib/ledger/uploads\"]");
    let rendered = described.rendered();
    assert!(rendered.contains("target: \"runtime\"") && rendered.contains("target: \"worker\""), "{rendered}");
    assert_eq!(rendered.matches("ports:").count(), 1, "only one of them serves: {rendered}");
}

#[test]
fn where_nothing_shows_which_stage_is_meant_the_last_one_is_built_and_that_is_told() {
    let other = "FROM debian:13 AS admin\nEXPOSE 9000\nCMD [\"/srv/admin\"]\n";
    let described = Described::of(&[("Dockerfile", &format!("{STAGES}{other}"))]);
    described
        .tells("which stage of Dockerfile is meant: it has `runtime` and `admin`, and the last one, `admin`, is built");
    described.says("port = 9000").hides("uploads");
    assert!(!described.text.contains("target ="), "{}", described.text);
    // What is there for work is no service, and nor is what another stage is made of.
    let work = format!("FROM debian:13 AS test\nCMD [\"/srv/test\"]\n{STAGES}");
    assert!(!Described::of(&[("Dockerfile", &work)]).text.contains("target ="));
    let parts =
        STAGES.replace("FROM debian:13 AS runtime", "FROM debian:13 AS common\nCMD [\"sh\"]\nFROM common AS runtime");
    assert!(!Described::of(&[("Dockerfile", &parts)]).text.contains("target ="));
}

#[test]
fn of_the_stages_the_one_that_a_compose_file_names_is_looked_at() {
    let text = format!("{STAGES}FROM debian:13 AS admin\nEXPOSE 9000\nCMD [\"/srv/admin\"]\n");
    let compose = "services:\n  app:\n    build: { context: ., target: runtime }\n";
    let described = Described::of(&[("Dockerfile", &text), ("compose.yaml", compose)]);
    described.says("target = \"runtime\"").says("port = 8088").hides("which stage of");
}

#[test]
fn what_is_wrong_in_a_dockerfile_that_was_built_until_now_is_told_and_leaves_nothing_out() {
    // What a script makes before the image is built.
    let text = STAGES.replace("COPY --from=build /srv/app /srv/app", "COPY made/app /srv/app");
    let described = Described::of(&[("Dockerfile", &text)]);
    described.says("\n[services.app]\n").says("dockerfile = \"Dockerfile\"").says("allow = { copy-source-missing = ");
    described.tells("(copy-source-missing): it was built like that until now, so that is allowed");
}

#[test]
fn services_of_a_compose_file_that_are_built_of_other_stages_or_files_do_not_run_the_same_image() {
    let text = "FROM node:22-slim AS runtime\nWORKDIR /srv\nCOPY . .\nVOLUME /var/lib/shop\nEXPOSE 8088\nCMD [\"node\", \
                \"a.js\"]\nFROM runtime AS worker\nCMD [\"node\", \"work.js\"]\n";
    let package = r#"{"name": "shop", "main": "a.js", "dependencies": {"express": "4"}}"#;
    let compose = "services:\n  api:\n    build: { context: ., target: runtime }\n    ports: ['8088:8088']\n  worker:\n    \
                   build: { context: ., target: worker }\n  last:\n    build: .\n  jobs:\n    build: { context: ., \
                   dockerfile: Dockerfile.jobs, target: runtime }\n";
    let described = Described::of(&[
        ("Dockerfile", text),
        ("Dockerfile.jobs", &text.replace("a.js", "jobs.js")),
        ("compose.yaml", compose),
        ("package.json", package),
        ("package-lock.json", "{}"),
        ("a.js", "require('express')().listen(8088)\n"),
        (".dockerignore", ".git\nnode_modules\n.env\n.env.*\n"),
    ]);
    let part = |name: &str| {
        let rest = described.text.split_once(&format!("\n[services.{name}]\n")).expect("a service").1;
        rest.split("\n\n").next().unwrap_or_default().to_owned()
    };
    for (name, wanted) in [
        ("worker", "target = \"worker\""),
        ("last", "target = \"worker\""),
        ("jobs", "dockerfile = \"Dockerfile.jobs\""),
    ] {
        let part = part(name);
        assert!(part.contains("extends = \"api\"") && part.contains(wanted), "{name}: {part}");
    }
    described.tells("what becomes of `/var/lib/shop`: `VOLUME` in Dockerfile");
}

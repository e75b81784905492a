//! What the example of each kind renders to: `tests/kinds/<kind>.txt` holds every file, and `tests/kinds/<kind>/` the
//! source that the example names.
//!
//! `STACKGEN_BLESS=1 cargo test --test kinds` writes them anew.

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::{env, fs};

use stackgen::kinds::{BUILT_IN, Kind, Kinds};
use stackgen::project::{Analysis, Project};
use stackgen::source::Source;
use stackgen::templates::Templates;
use support::repository;

#[test]
fn the_example_of_each_kind_renders_to_its_snapshot() {
    for kind in Kinds::all(&Templates::default()).expect("kinds").iter() {
        let rendered = rendered(kind);
        let path = repository().join("tests/kinds").join(format!("{}.txt", kind.name));
        if env::var_os("STACKGEN_BLESS").is_some() {
            fs::write(&path, &rendered).expect("a writable folder");
        }
        let snapshot = fs::read_to_string(&path).unwrap_or_default();
        assert!(snapshot == rendered, "{} is not what is rendered; STACKGEN_BLESS=1 writes it anew", path.display());
    }
}

#[test]
fn every_snapshot_belongs_to_a_kind() {
    let kinds: BTreeSet<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    for entry in fs::read_dir(repository().join("tests/kinds")).expect("the snapshots") {
        let name = entry.expect("a readable folder").file_name().into_string().expect("UTF-8");
        assert!(kinds.contains(name.trim_end_matches(".txt")), "tests/kinds/{name} belongs to no kind");
    }
}

#[test]
fn django_is_asked_for_a_host_that_it_allows() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("site")).expect("a source");
    let write = |name: &str| fs::write(folder.path().join("site").join(name), "").expect("a file");
    ["requirements.txt", "app.py"].into_iter().for_each(write);
    let probe = |routes: &str| {
        let text = format!(
            "[stack]\nname = 's'\nhost = 'shop.example.com'\n\n[services.site]\nkind = 'python'\nversion = '3.13'\nsource = \
             'site'\ncommand = 'gunicorn site.wsgi'\nport = 8000\nhealth = '/health/'\n{routes}"
        );
        let project = Project::from_source(Source::new("services.toml", folder.path(), text));
        let Analysis { plans, .. } = project.analyse().expect("stackgen works");
        let words = plans[0].services["site"].health.as_ref().expect("a probe").command.clone();
        words.iter().map(stackgen::plan::Text::to_compose).collect::<Vec<_>>().join(" ")
    };
    assert!(!probe("").contains("Host"), "no Django, no host");
    write("manage.py");
    assert!(probe("").contains("'Host': 'localhost', 'X-Forwarded-Proto': 'https'"), "{}", probe(""));
    for (routes, host) in [
        ("[services.site.routes]\nsite = { path = '/' }", "shop.example.com"),
        (
            "[services.site.routes]\nsite = { path = '/', host = '${DOMAIN:-a.example.com}' }",
            "${DOMAIN:-a.example.com}",
        ),
        // Which host a rule is about is not read from it.
        ("[services.site.routes]\nsite = { rule = 'Host(`b.example.com`)' }", "localhost"),
    ] {
        assert!(probe(routes).contains(&format!("'Host': '{host}'")), "{}", probe(routes));
    }
}

#[test]
fn an_image_runs_the_command_of_its_service_where_that_is_the_same_for_all_who_run_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = r#"{"name": "api", "scripts": {"start": "nest start"}, "dependencies": {"express": "4"}}"#;
    fs::write(folder.path().join("package.json"), package).expect("a file");
    fs::write(folder.path().join("package-lock.json"), "{}").expect("a file");
    let commands = |text: &str| {
        let text = format!(
            "[stack]\nname = 's'\nenvironments = ['dev', 'prod']\n\n[services.api]\nkind = 'node'\nversion = \
             '22'\nsource = '.'\nport = 3000\nhealth = false\n{text}"
        );
        let project = Project::from_source(Source::new("services.toml", folder.path(), text));
        let Analysis { plans, report, .. } = project.analyse().expect("stackgen works");
        let recipe = |plan: &stackgen::plan::Plan| plan.services["api"].build.clone().expect("a build").recipe;
        let both: Vec<_> = plans.iter().map(|plan| recipe(plan).expect("a recipe")).collect();
        assert_eq!(both[0], both[1], "one Dockerfile for all environments: {:?}", report.findings);
        (both[0].development.join(" "), both[0].production.join(" "))
    };
    let of_kind = "nest start".to_owned();
    assert_eq!(commands(""), (of_kind.clone(), of_kind.clone()));
    assert_eq!(commands("command = 'node dist/main'\n").1, "node dist/main");
    assert_eq!(commands("command = ['node', 'a b.js', '--port=${service.port}']\n").1, "node a b.js --port=3000");
    // Development starts it otherwise, in a stage of its own.
    let reloaded = "command = 'node dist/main'\n[environments.dev.services]\napi = { reload = 'watch', command = 'nest \
                    start --watch' }\n";
    assert_eq!(commands(reloaded), ("nest start --watch".to_owned(), "node dist/main".to_owned()));
    for differs in [
        // In the environments, among those who run it, and by what an operator sets.
        "command = 'node a.js'\n[environments.dev.services]\napi = { command = 'node b.js' }\n",
        "command = 'node a.js'\n[services.other]\nkind = 'node'\nversion = '22'\nsource = '.'\nport = 3000\nhealth = \
         false\ncommand = 'node b.js'\n",
        "command = 'node a.js ${LEVEL:-info}'\n",
        "command = 'node a.js ${stack.name}'\n",
    ] {
        assert_eq!(commands(differs).1, of_kind, "{differs}");
    }
    // Who runs the same image says what it runs itself.
    let worker = "command = 'node dist/main'\n[services.worker]\nextends = 'api'\ncommand = 'node worker.js'\n";
    assert_eq!(commands(worker).1, "node dist/main");
}

/// Every file of a stack with nothing but the example, one after the other.
fn rendered(kind: &Kind) -> String {
    let folder = repository().join("tests/kinds").join(&kind.name);
    let project = Project::from_source(Source::new("services.toml", folder, manifest(kind)));
    let Analysis { plans, report, .. } = project.analyse().expect("stackgen works");
    let findings: Vec<&str> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(findings, [""; 0], "the example of `{}`", kind.name);
    let mut out = format!("==== services.toml\n{}", project.source().text());
    for (path, artifact) in stackgen::render::render(&plans, "services.toml", project.templates()).expect("artifacts") {
        // Neither says what only this kind does.
        if path != stackgen::render::schema::PATH && path != "STACK.md" {
            let program = if artifact.executable { " (a program)" } else { "" };
            write!(out, "\n==== {path}{program}\n{}", artifact.text).expect("writing to a string");
        }
    }
    out
}

/// A services.toml with the example as its only service, beside the one that it is another process of.
fn manifest(kind: &Kind) -> String {
    let mut service = toml::Table::new();
    service.insert("kind".to_owned(), kind.name.as_str().into());
    service.extend(kind.example.clone());
    let example = kind.example.to_string();
    let names = example.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    let variables: toml::Table = names
        .map(|name| (name.to_owned(), toml::Table::from_iter([("secret".to_owned(), true.into())]).into()))
        .collect();
    let mut services = toml::Table::new();
    if let (Some(first), Some(base)) = (kind.example.get("extends").and_then(toml::Value::as_str), &kind.built_on) {
        let kinds = Kinds::all(&Templates::default()).expect("kinds");
        let mut program = toml::Table::from_iter([("kind".to_owned(), base.as_str().into())]);
        program.extend(kinds.get(base).expect("a kind").example.clone());
        services.insert(first.to_owned(), program.into());
    }
    services.insert(kind.name.clone(), service.into());
    let mut manifest = toml::Table::new();
    manifest.insert("stack".to_owned(), toml::Table::from_iter([("name".to_owned(), "example".into())]).into());
    if !variables.is_empty() {
        manifest.insert("variables".to_owned(), variables.into());
    }
    manifest.insert("services".to_owned(), services.into());
    manifest.to_string()
}

//! The formats in which a report is printed, each for the same stacks: word for word, and by what reads them.
//!
//! `fixtures/<name>.toml` is a stack, `fixtures/<name>.<format>` beside it what is printed of it. After a wanted change
//! `STACKGEN_BLESS=1 cargo test --test emit` writes them anew: read the difference. In the SARIF ones a rule's own page
//! is named instead of repeated, so that they do not change with it.

#[path = "../support/mod.rs"]
mod support;

mod github;
mod json;
mod sarif;

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;
use stackgen::diagnostics::emit::{Format, Outcome, Terminal};
use stackgen::diagnostics::{Drift, Report};
use stackgen::project::{Analysis, Project};
use stackgen::rules;
use stackgen::source::Source;
use support::repository;

/// What stands in the fixtures in place of a secret.
const SECRET: &str = "s3cr3t-not-real";

/// A stack, and everything that is to say about it.
struct Fixture {
    name: String,
    project: Project,
    report: Report,
    environments: Vec<String>,
    drift: Vec<Drift>,
    /// Where the project is, as the user spelled it and as it is.
    directory: &'static str,
}

impl Fixture {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8").to_owned();
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut fixture = Self::of(&name, text);
        match name.as_str() {
            "hostile" => fixture.directory = "stacks: größe, 100%/[a](b) #1?",
            "drift" => fixture.drift = drift(),
            _ => {}
        }
        fixture
    }

    fn of(name: &str, text: String) -> Self {
        let project =
            Project::from_source(Source::new("services.toml", repository().join("tests/rules/sources"), text));
        let Analysis { plans, report, .. } = project.analyse().unwrap_or_else(|error| panic!("{name}: {error}"));
        let environments = plans.into_iter().map(|plan| plan.environment).collect();
        Self { name: name.to_owned(), project, report, environments, drift: Vec::new(), directory: "" }
    }

    fn text(&self) -> &str {
        self.project.source().text()
    }

    fn printed(&self, format: Format) -> String {
        let in_directory = |path: &str| match self.directory {
            "" => path.to_owned(),
            directory => format!("{directory}/{path}"),
        };
        let source = Source::new(in_directory("services.toml"), ".", self.text().to_owned());
        let outcome = Outcome::new(&source, &self.report, &self.drift)
            .of_environments(&self.environments)
            .in_directory(Some(self.directory));
        let mut out = Vec::new();
        format.emit(&outcome, Terminal::default(), &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("output is UTF-8")
    }

    fn document(&self, format: Format) -> Value {
        let text = self.printed(format);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}:\n{text}", self.name))
    }
}

/// A file in each state, with a diff of each kind.
fn drift() -> Vec<Drift> {
    let long = (1..=60).fold(String::new(), |long, line| long + &format!("+line {line}\n"));
    let wide = format!("-{}\n+short\n", "wide ".repeat(100));
    let edited = "@@ -3,3 +3,3 @@\n services:\n-  api: {} # by hand: 100%, ::warning::\n+  api: {}\n   web: {}\n";
    let unified = |path: &str, hunks: &str| Some(format!("--- a/{path}\n+++ b/{path}\n{hunks}"));
    let drift = |path: &str, state, message: &str, diff| Drift {
        path: path.to_owned(),
        state,
        message: message.to_owned(),
        diff,
    };
    vec![
        drift(".env.example", "missing", "has not been written", None),
        drift(
            "api/Dockerfile",
            "changed",
            "is not what services.toml says now",
            unified("api/Dockerfile", &format!("@@ -1,0 +1,60 @@\n{long}")),
        ),
        drift(
            "api/entry point, größe.sh",
            "changed",
            "has the wrong mode",
            Some(
                "`api/entry point, größe.sh` has the right text, but is not executable: its mode becomes 0755\n"
                    .to_owned(),
            ),
        ),
        drift(
            "docker-compose.yml",
            "edited",
            "was edited since stackgen wrote it",
            unified("docker-compose.yml", edited),
        ),
        drift("docker-compose.prod.yml", "blocked", "cannot be written: it is a directory", None),
        drift(
            "docker-compose.old.yml",
            "stale",
            "is no longer generated",
            unified("docker-compose.old.yml", &format!("@@ -1 +1 @@\n{wide}")),
        ),
        drift(
            "services.schema.json",
            "foreign",
            "was not written by stackgen",
            unified("services.schema.json", "binary file differs\n"),
        ),
    ]
}

fn folder() -> PathBuf {
    repository().join("tests/emit/fixtures")
}

fn stacks(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths
}

fn fixtures() -> Vec<Fixture> {
    let fixtures: Vec<Fixture> = stacks(&folder()).iter().map(|path| Fixture::read(path)).collect();
    assert!(!fixtures.is_empty(), "no fixtures in {}", folder().display());
    fixtures
}

/// What breaks a rule, for every rule.
fn rule_breakers() -> Vec<Fixture> {
    let of_rule = |rule: &&rules::Rule| {
        let mut paths = stacks(&repository().join("tests/rules").join(rule.id));
        paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("bad-")));
        assert!(!paths.is_empty(), "nothing breaks {}", rule.id);
        paths
    };
    rules::ALL.iter().flat_map(of_rule).map(|path| Fixture::read(&path)).collect()
}

/// The output as it is kept: without what changes with the version or with a rule's page.
fn kept(format: Format, text: &str) -> String {
    if format != Format::Sarif {
        return text.to_owned();
    }
    let quoted = |text: &str| serde_json::to_string(text).expect("JSON");
    let mut text = text.replace(&quoted(env!("CARGO_PKG_VERSION")), &quoted("<version>"));
    for rule in rules::ALL {
        let beginning = rule.docs.split("**Why it breaks.**").next().expect("a beginning").trim_end();
        text = text.replace(&quoted(rule.docs), &quoted(&format!("<the page of {}>", rule.id)));
        text = text.replace(&quoted(beginning), &quoted(&format!("<the beginning of the page of {}>", rule.id)));
    }
    text
}

#[test]
fn every_format_prints_what_it_did() {
    let mut differ = Vec::new();
    for fixture in fixtures() {
        for format in Format::ALL {
            let path = folder().join(format!("{}.{}", fixture.name, format.name()));
            let printed = kept(*format, &fixture.printed(*format));
            if env::var_os("STACKGEN_BLESS").is_some() {
                fs::write(&path, &printed).expect("a writable folder");
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if printed != expected {
                differ.push(format!("{}:\n{printed}", path.display()));
            }
        }
    }
    assert!(differ.is_empty(), "STACKGEN_BLESS=1 writes them anew\n{}", differ.join("\n"));
}

#[test]
fn every_kept_output_has_its_stack() {
    for entry in fs::read_dir(folder()).expect("the fixtures") {
        let path = entry.expect("a readable folder").path();
        assert!(path.with_extension("toml").exists(), "{} is of no stack", path.display());
    }
}

#[test]
fn no_format_shows_a_secret_or_an_absolute_path() {
    let root = repository().to_str().expect("a path in UTF-8");
    let mut has_secret = false;
    for fixture in fixtures() {
        has_secret |= fixture.text().contains(SECRET);
        for format in Format::ALL {
            let printed = fixture.printed(*format);
            assert!(!printed.contains(SECRET), "{} as {}:\n{printed}", fixture.name, format.name());
            assert!(!printed.contains(root), "{} as {}:\n{printed}", fixture.name, format.name());
        }
    }
    assert!(has_secret, "no fixture has a secret");
}

#[test]
fn formats_that_people_read_obey_no_control_character() {
    for fixture in fixtures() {
        for format in [Format::Human, Format::Sarif, Format::Github] {
            let printed = fixture.printed(format);
            let obeyed =
                printed.chars().find(|c| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c));
            assert_eq!(obeyed, None, "{} as {}", fixture.name, format.name());
        }
    }
}

//! What two environments differ in, in the words of services.toml.

use stackgen::project::Project;
use stackgen::render::comparison::{Comparison, Difference, Side, compare};
use stackgen::source::Source;

fn comparison(text: &str) -> Comparison {
    let head = "[stack]\nname = 's'\nenvironments = ['dev', 'test']\n";
    let project = Project::from_source(Source::new("services.toml", ".", format!("{head}{text}")));
    let analysis = project.analyse().expect("plans");
    let findings: Vec<&str> = analysis.report.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(!analysis.report.has_errors(), "{findings:?}");
    compare(&project, &analysis, "dev", "test").expect("a comparison")
}

fn lines(differences: &[Difference]) -> Vec<String> {
    let side = |side: &Side| match side {
        Side::Absent => "none".to_owned(),
        Side::There => "there".to_owned(),
        Side::Secret => "secret".to_owned(),
        Side::Value(value) => value.to_string(),
    };
    differences.iter().map(|it| format!("{}: {} to {}", it.what, side(&it.from), side(&it.to))).collect()
}

fn written(text: &str) -> Vec<String> {
    lines(&comparison(text).written)
}

#[test]
fn environments_without_overlays_are_the_same() {
    let same = comparison("[services.a]\nimage = 'a:1'\nenv.X = { default = 1 }\n");
    assert!(same.is_empty(), "{same:?}");
}

#[test]
fn every_leaf_is_named_by_its_path() {
    let found = written(
        "[services.a]
image = 'a:1'
command = ['x']
env = { KEPT = '1', GONE = '2', 'odd.key' = '3' }
[environments.test.services.a]
command = ['...', 'y']
env = { GONE = { unset = true }, 'odd.key' = '4', NEW = true }
limits = { memory = '1g' }
",
    );
    assert_eq!(
        found,
        [
            "services.a.command: [\"x\"] to [\"x\", \"y\"]",
            "services.a.env.GONE: \"2\" to none",
            "services.a.env.\"odd.key\": \"3\" to \"4\"",
            "services.a.env.NEW: none to true",
            "services.a.limits.memory: none to \"1g\"",
        ]
    );
}

#[test]
fn a_default_counts_only_where_it_means_something() {
    let found = written(
        "[services.web]
image = 'a:1'
port = 80
[services.worker]
image = 'a:1'
[services.elsewhere]
external = true
host = 'db.example.com'
[services.proxy]
kind = 'traefik'
version = '3.6'
entrypoints.web = { port = 8000 }
[environments.dev.defaults]
publish = true
reload = 'watch'
restart = 'always'
",
    );
    assert_eq!(
        found,
        [
            "services.web.publish: true to none",
            "services.web.restart: \"always\" to none",
            "services.worker.restart: \"always\" to none",
            "services.proxy.restart: \"always\" to none",
        ]
    );
}

#[test]
fn what_is_required_is_said_per_environment() {
    let found = written(
        "[services.a]
image = 'a:1'
env = { A = { default = 'x', required = ['test'] }, B = { required = ['dev', 'test'] }, C = { required = false } }
[environments.test.variables]
C = { required = true }
",
    );
    assert_eq!(found, ["variables.A.required: false to true", "variables.C.required: false to true"]);
}

#[test]
fn a_secret_is_not_shown_wherever_it_stands() {
    let comparison = comparison(
        "[services.a]
image = 'a:1'
env = { TOKEN = { secret = true }, DATABASE_URL = 'postgres://u:Tr0ub4dor&3@db/x' }
[environments.dev.services.a.env]
TOKEN = { secret = true, default = 'in-dev-1' }
[environments.test.services.a.env]
TOKEN = { secret = true, default = 'in-test-1' }
DATABASE_URL = 'postgres://u:C0rrectH0rse@db/x'
",
    );
    assert_eq!(
        lines(&comparison.written),
        ["services.a.env.DATABASE_URL: secret to secret", "variables.TOKEN.default: secret to secret"]
    );
}

#[test]
fn a_secret_that_is_passed_through_is_not_shown_either() {
    let comparison = comparison(
        "[services.a]
image = 'a:1'
compose = { environment = { TOKEN = 'fr0mdev', LEVEL = 'info' } }
[services.b]
image = 'b:1'
compose = { environment = ['TOKEN=fr0mbase'] }
[environments.test.services.a.compose]
environment = { TOKEN = 'fr0mtest', LEVEL = 'debug' }
[environments.test.services.b.compose]
environment = ['TOKEN=fr0mtest2']
",
    );
    let expected = [
        "services.a.compose.environment.TOKEN: secret to secret",
        "services.a.compose.environment.LEVEL: \"info\" to \"debug\"",
        "services.b.compose.environment: secret to secret",
    ];
    assert_eq!(lines(&comparison.written), expected);
}

#[test]
fn what_follows_is_told_apart_from_what_is_written() {
    let comparison = comparison(
        "[services.a]
image = 'a:1'
port = 80
publish = true
[environments.test.stack]
project = 'other'
production = true
port-offset = 1
",
    );
    assert_eq!(
        lines(&comparison.written),
        ["stack.project: none to \"other\"", "stack.production: none to true", "stack.port-offset: none to 1"]
    );
    assert_eq!(
        lines(&comparison.derived),
        [
            "project: \"s-dev\" to \"other\"",
            "production: false to true",
            "addresses of a: [\"127.0.0.1:80\"] to [\"127.0.0.1:81\"]",
        ]
    );
}

#[test]
fn a_service_of_one_environment_is_one_difference() {
    let found = written(
        "[services.both]
image = 'a:1'
[services.a]
image = 'a:1'
environments = ['test']
env.X = { default = 1 }
",
    );
    assert_eq!(found, ["services.a: none to there"]);
}

//! `docs/systems.md`: what the people behind the five stacks asked for, how it is answered, and which test shows it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::markdown::{code, table};
use super::page;
use super::support::{entries, examples, locked, repository};

const PAGE: &str = "docs/systems.md";

const INTRODUCTION: &str = "\
<!-- Generated from tests/docs/systems.rs and the examples; `STACKGEN_BLESS=1 cargo test --test docs systems` writes it anew. -->
# The five systems

stackgen was made for stacks like these. Each is one services.toml with small services of its own, rendered and committed,
and run by the tests.

| system | what it is |
| --- | --- |
| [voice-stack](../examples/voice-stack) | a voice agent and a code runner with Redis behind Traefik; the services.toml at the root |
| [todo-chatbot](../examples/todo-chatbot) | FastAPI and Next.js with PostgreSQL |
| [agent-service](../examples/agent-service) | a Python service that migrates its database, and four neighbours in Python and Node.js |
| [tka-voice](../examples/tka-voice) | a FastAPI backend with uploads, and tools around it: pgAdmin, a tunnel, tests on demand |
| [personal-assistant](../examples/personal-assistant) | an API, Celery workers and scheduler, Vite, and what watches them, in three environments on one host |
";

/// What was asked for, how it is answered, and the tests that show it: file and function.
type Asked = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const ASKED: [Asked; 10] = [
    (
        "Dockerfiles build, in several stages, small, after one pattern, without root, with the right owners, minimal packages, \
         no secret in a layer, no warning of the build",
        "by construction; then hadolint, and a real build",
        &[
            ("tests/lint.rs", "generated_dockerfiles_pass_hadolint"),
            ("tests/stacks.rs", "each_stack_builds_starts_and_answers_in_every_environment"),
            ("tests/e2e/images.rs", "are_as_they_should_be"),
            ("tests/e2e/images.rs", "are_rebuilt_upon_the_same_packages"),
            ("tests/e2e/confined.rs", "is_all_of"),
        ],
    ),
    (
        "services start in order, are healthy, restart without losing data, stop in time",
        "`depends_on` from references, probes of the kind, named volumes, `exec`",
        &[
            ("tests/support/order.rs", "agree"),
            ("tests/e2e/todo_chatbot.rs", "keeps_what_it_was_told"),
            ("tests/e2e/tka_voice.rs", "keeps_uploads_over_a_restart_and_a_kill"),
            ("tests/e2e/personal_assistant.rs", "keeps_tasks_when_containers_die"),
            ("tests/e2e/voice_stack.rs", "does_without_redis_for_a_while"),
            ("tests/support/compose.rs", "stops_in_time"),
        ],
    ),
    (
        "one network in common; Redis can be reached, and so can the runner",
        "networks from references",
        &[("tests/e2e/voice_stack.rs", "hands_a_webhook_to_the_runner"), ("tests/e2e/voice_stack.rs", "answers")],
    ),
    (
        "the health of a service answers through Traefik, and from the right service",
        "routes, and answers that say who they come from",
        &[
            ("tests/e2e/voice_stack.rs", "answers"),
            ("tests/e2e/voice_stack.rs", "has_a_certificate"),
            ("tests/e2e/voice_stack.rs", "answers_many_at_once"),
            ("tests/e2e/personal_assistant.rs", "is_well"),
        ],
    ),
    (
        "wrong routes, 404, another service's answer",
        "rules about routes; the real Traefik as the judge of labels",
        &[
            ("tests/traefik.rs", "dev_serves_every_route_over_https_and_http_on_localhost"),
            ("tests/traefik.rs", "every_example_with_a_proxy_has_only_routers_that_it_takes"),
            ("tests/mistakes/main.rs", "each_mistake_of_an_owner_is_found_by_its_rule_at_its_line"),
        ],
    ),
    (
        "every variable is there, checked at the start, with a clear message, and documented",
        "one declaration; `.env.example`; `stackgen env`; `${V:?why}`",
        &[
            ("tests/compose/main.rs", "a_required_variable_that_is_missing_is_named_and_explained"),
            ("tests/env/table.rs", "every_combination_is_what_compose_makes_of_it"),
        ],
    ),
    (
        "port conflicts are found beforehand, and no port is written twice",
        "one model of ports over services and environments",
        &[
            ("tests/mistakes/main.rs", "each_mistake_of_an_owner_is_found_by_its_rule_at_its_line"),
            ("tests/e2e/personal_assistant.rs", "three_environments_of_the_personal_assistant_run_on_one_host"),
        ],
    ),
    (
        "dev, stage and prod apart, easy to change between, without leaks",
        "one complete file each; rules across environments; `-e`",
        &[
            ("tests/e2e/personal_assistant.rs", "three_environments_of_the_personal_assistant_run_on_one_host"),
            ("tests/e2e/tka_voice.rs", "shows_nothing_of_development"),
            ("tests/e2e/voice_stack.rs", "the_voice_stack_runs_in_dev_and_beside_it_in_prod"),
        ],
    ),
    (
        "documentation, a quick start, troubleshooting, commands",
        "STACK.md, `explain`, the guide",
        &[("tests/stack_page.rs", "the_commands_work"), ("tests/docs/session.rs", "the_guide_is_true")],
    ),
    (
        "later: managed databases, replicas, Kubernetes, Swarm, Render, Railway",
        "one plan of the stack, from which files are rendered; `external` services and `replicas` are words of it",
        &[
            ("tests/plan.rs", ""),
            ("tests/watching.rs", "a_running_prometheus_asks_every_container_and_keeps_what_it_heard"),
        ],
    ),
];

#[test]
fn the_page_of_the_systems_is_up_to_date() {
    let rows = ASKED.map(|(asked, answered, tests)| {
        let tests: Vec<String> = tests.iter().map(|(file, name)| shown(file, name)).collect();
        [asked.to_owned(), answered.to_owned(), tests.join(", ")]
    });
    let asked = table(["asked", "answered by", "shown by"], &rows);
    let sizes = table(["services.toml of", "lines", "lines that it renders to", "files"], &sizes());
    let text = format!(
        "{INTRODUCTION}\n## What was asked for\n\n{asked}\n## How much is written, and how much rendered\n\nLines without blanks and \
         comments; without the schema for editors.\n\n{sizes}"
    );
    page::agree(PAGE, &text);
}

/// A test, which has to be there.
fn shown(file: &str, name: &str) -> String {
    let text = fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    if name.is_empty() {
        return code(file);
    }
    assert!(text.contains(&format!("fn {name}(")), "{file} has no `{name}`");
    code(&format!("{file}: {name}"))
}

/// For each system, the lines of its services.toml and those of what it renders to.
fn sizes() -> Vec<[String; 4]> {
    let mut projects: BTreeMap<String, PathBuf> = BTreeMap::from([("voice-stack".to_owned(), repository().to_owned())]);
    for folder in examples() {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        projects.insert(name, folder);
    }
    assert_eq!(projects.len(), 5, "{:?}", entries(&repository().join("examples")));
    let size = |(name, folder): (&String, &PathBuf)| {
        let files: Vec<String> = locked(folder).into_iter().map(|(path, _)| path).collect();
        let rendered = files.iter().filter(|path| !path.ends_with(".schema.json"));
        let lines: usize = rendered.map(|path| lines_of(&folder.join(path))).sum();
        let written = lines_of(&folder.join("services.toml"));
        [name.clone(), written.to_string(), lines.to_string(), (files.len() - 1).to_string()]
    };
    projects.iter().map(size).collect()
}

/// Lines that say something: neither blank nor a comment.
fn lines_of(path: &Path) -> usize {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).count()
}

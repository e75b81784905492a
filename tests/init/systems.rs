//! The example systems, described anew: from their sources alone, and with the compose files and Dockerfiles that people
//! have who write these by hand.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::facts::{Facts, Share};
use crate::support::{self, Project, everything_said, examples, in_parallel, say};
use crate::{init, move_away, works};

/// A system: its name, where its services.toml is, and where its compose files are from there.
struct System {
    name: String,
    project: PathBuf,
    inner: &'static str,
}

fn systems() -> Vec<System> {
    let own = System {
        name: "voice-stack".to_owned(),
        project: support::repository().to_owned(),
        inner: "examples/voice-stack",
    };
    let others = examples().into_iter().map(|project| System {
        name: project.file_name().expect("a name").to_string_lossy().into_owned(),
        project,
        inner: "",
    });
    std::iter::once(own).chain(others).collect()
}

impl System {
    /// A copy without what describes it, and perhaps without what was made of that.
    fn copy(&self, with_generated: bool) -> (TempDir, PathBuf) {
        let folder = tempfile::Builder::new().prefix("stackgen-init-").tempdir().expect("a temporary folder");
        let directory = folder.path().join(&self.name);
        let generated: Vec<String> = support::locked(&self.project).into_iter().map(|(path, _)| path).collect();
        let from = self.project.join(self.inner);
        support::copy_sources(&from, &directory);
        for path in &generated {
            let Some(path) = path.strip_prefix(self.inner) else { continue };
            let path = directory.join(path.trim_start_matches('/'));
            if !with_generated {
                let _ = fs::remove_file(path);
            }
        }
        for name in ["services.toml", "stackgen.lock", "services.schema.json"] {
            let _ = fs::remove_file(directory.join(name));
        }
        (folder, directory)
    }
}

/// Describes a system anew, and says how much of the original that is.
fn described(system: &System, with_generated: bool) -> Share {
    let (_folder, directory) = system.copy(with_generated);
    let output = init(&directory, &[]);
    assert!(output.status.success(), "{}: {}", system.name, everything_said(&output));
    let original = Facts::of(&system.project, true);
    let mut share = original.share(&Facts::of(&directory, false));
    share.invented.extend(Facts::of(&directory, true).beyond(&Facts::of(&system.project, false)));
    move_away(&directory, &output);
    works(&directory);
    share
}

/// What the page about init says of a table, as it is.
fn is_documented(total: &Share, row: &str) {
    let page = fs::read_to_string(support::repository().join("docs/init.md")).expect("docs/init.md");
    let row = format!("| {row} | {} of {} |", total.found, total.found + total.missed.len());
    assert!(page.contains(&row), "docs/init.md does not say: {row}");
}

fn table(title: &str, all: &[(&System, Share)]) -> Share {
    say(title);
    let mut total = Share::default();
    for (system, share) in all {
        say(&share.line(&system.name));
        total.found += share.found;
        total.missed.extend(share.missed.iter().map(|what| format!("{}: {what}", system.name)));
        total.invented.extend(share.invented.iter().map(|what| format!("{}: {what}", system.name)));
    }
    say(&format!(
        "  {:<20} {:>3} of {:>3}  {:>5.1} %",
        "in all",
        total.found,
        total.found + total.missed.len(),
        total.percent()
    ));
    total
}

#[test]
fn with_compose_files_nearly_everything_is_found() {
    let systems = systems();
    let shares = in_parallel(&systems, |system| described(system, true));
    let all: Vec<_> = systems.iter().zip(shares).collect();
    let total = table("stackgen init, where compose files and Dockerfiles are there:", &all);
    for missed in &total.missed {
        say(&format!("    missed: {missed}"));
    }
    assert!(total.percent() >= 95.0, "{:?}", total.missed);
    for (system, share) in &all {
        assert!(share.percent() >= 95.0, "{}: {:?}", system.name, share.missed);
    }
    is_documented(&total, "compose files and Dockerfiles are there");
    assert_eq!(total.missed, MISSED_WITH_COMPOSE, "what is missed");
    assert_eq!(total.invented, INVENTED, "what is not in the original");
}

#[test]
fn from_sources_alone_everything_is_found_that_they_show() {
    let systems = systems();
    let shares = in_parallel(&systems, |system| described(system, false));
    let all: Vec<_> = systems.iter().zip(shares).collect();
    let total = table("stackgen init, from sources alone:", &all);
    assert_eq!(total.invented, INVENTED, "what is not in the original");
    is_documented(&total, "sources alone");
    let reason = |missed: &String| UNKNOWABLE.iter().find(|(what, _)| missed == what).map(|(_, reason)| *reason);
    let mut known = 0;
    for missed in &total.missed {
        if let Some(reason) = reason(missed) {
            say(&format!("    cannot be known: {missed} ({reason})"));
        } else {
            known += 1;
            say(&format!("    missed: {missed}"));
        }
    }
    let visible = total.found + known;
    say(&format!("  of what the sources show: {} of {visible}", total.found));
    assert!(total.percent() >= 82.0, "{:?}", total.missed);
    assert_eq!(known, 0, "something is missed that was found before, or its reason is not written down");
    let gone: Vec<_> =
        UNKNOWABLE.iter().filter(|(what, _)| !total.missed.iter().any(|missed| missed == what)).collect();
    assert!(gone.is_empty(), "found by now: {gone:?}");
}

#[test]
fn a_clone_with_its_stack_in_a_folder_is_described_from_its_root() {
    let project = Project::copy();
    let root: &Path = project.root();
    for name in ["services.toml", "stackgen.lock"] {
        fs::remove_file(root.join(name)).expect(name);
    }
    let output = init(root, &[]);
    assert!(output.status.success(), "{}", everything_said(&output));
    let facts = Facts::of(root, false);
    let names: Vec<&str> = facts.services.keys().map(String::as_str).collect();
    assert_eq!(names, ["cursor-runner", "elevenlabs-agent", "redis", "traefik"]);
    move_away(root, &output);
    works(root);
}

/// What is not found although there are compose files, and why.
const MISSED_WITH_COMPOSE: [&str; 0] = [];

/// What is found, by sources or compose files, although the original has it nowhere.
const INVENTED: [&str; 0] = [];

/// What no source shows, and why.
const UNKNOWABLE: &[(&str, &str)] = &[
    ("voice-stack: cursor-runner: NODE_ENV", NODE),
    ("voice-stack: traefik: service", PROXY),
    ("voice-stack: traefik: kind traefik", PROXY),
    ("voice-stack: variable ACME_EMAIL", PROXY),
    ("voice-stack: variable DOMAIN_NAME", PROXY),
    ("agent-service: agent: service", "its directory is called `ai-agent`, and so is the service"),
    ("agent-service: agent: port 8002", PORT),
    ("agent-service: auth-server: PRISMA_SCHEMA_ENGINE_BINARY", "a hint to a tool, which no source reads"),
    ("agent-service: backend: port 8000", PORT),
    ("agent-service: mcp-server: port 8001", PORT),
    (
        "agent-service: variable DATABASE_URL",
        "the database is taken for a part of the stack, so its address is a reference",
    ),
    ("agent-service: variable PRISMA_DATABASE_URL", "a second name for the same address, which no source reads"),
    (
        "personal-assistant: api: OTEL_EXPORTER_OTLP_ENDPOINT",
        "seen, and left to the program as a remark: its default is nothing, and an empty text is something else",
    ),
    ("personal-assistant: jaeger: service", TOOL),
    ("personal-assistant: jaeger: kind jaeger", TOOL),
    ("personal-assistant: jaeger: port 16686", TOOL),
    ("personal-assistant: loki: service", TOOL),
    ("personal-assistant: loki: kind loki", TOOL),
    ("personal-assistant: loki: port 3100", TOOL),
    ("personal-assistant: traefik: service", PROXY),
    ("personal-assistant: traefik: kind traefik", PROXY),
    (
        "personal-assistant: worker-ai: service",
        "one worker is found, called `worker`: how queues are shared out is a choice",
    ),
    (
        "personal-assistant: worker-tasks: service",
        "one worker is found, called `worker`: how queues are shared out is a choice",
    ),
    ("personal-assistant: variable ACME_EMAIL", PROXY),
    ("personal-assistant: variable DOMAIN_NAME", PROXY),
    ("personal-assistant: variable REDIS_PASSWORD", "whether Redis has a password is a choice"),
    ("tka-voice: ngrok: service", TOOL),
    ("tka-voice: ngrok: kind ngrok", TOOL),
    ("tka-voice: ngrok: port 4040", TOOL),
    ("tka-voice: pgadmin: service", TOOL),
    ("tka-voice: pgadmin: kind pgadmin", TOOL),
    ("tka-voice: pgadmin: port 80", TOOL),
    ("tka-voice: test-runner: service", TESTS),
    ("tka-voice: test-runner: kind python", TESTS),
    ("tka-voice: test-runner: BACKEND_URL", TESTS),
    ("tka-voice: test-runner: DATABASE_URL", TESTS),
];

const NODE: &str = "the kind sets it by itself";
const PROXY: &str = "no source knows of a proxy; it is offered as a comment";
const PORT: &str = "the program listens where it is told, and nothing says where";
const TOOL: &str = "a tool for people, of which no source and no file of its own says anything";
const TESTS: &str = "a directory of tests is no service unless something runs it";

//! The five systems, resolved: what each service is in each environment, value by value.
//!
//! `<system>.toml` is the manifest and `<system>.plan` what it means, read and held against the system's description when
//! it was written down.

#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Map, Value, json};
use stackgen::compose::model;
use stackgen::diagnostics::Severity;
use stackgen::plan::{MiddlewareUse, Plan, Raw, Router, Service, Text, Variable};
use stackgen::project::Project;
use support::{copy_sources, repository};
use tempfile::TempDir;

const SYSTEMS: [&str; 5] = ["voice-stack", "todo-chatbot", "agent-service", "tka-voice", "personal-assistant"];

#[test]
fn every_system_is_what_its_page_says() {
    for system in SYSTEMS {
        let project = project(system);
        let mut text = String::new();
        for plan in &project.plans {
            show(plan, &mut text);
        }
        let path = folder().join(format!("{system}.plan"));
        if env::var("STACKGEN_BLESS").as_deref() == Ok("1") {
            fs::write(&path, &text).expect("a writable folder");
        }
        let known = fs::read_to_string(&path).unwrap_or_default();
        assert!(known == text, "{system}:\n{}", difference(&known, &text));
    }
}

#[test]
fn no_system_has_an_error() {
    for system in SYSTEMS {
        let project = project(system);
        assert_eq!(project.errors, [""; 0], "{system}");
    }
}

/// A system, looked at in a folder of its own.
struct Looked {
    plans: Vec<Plan>,
    errors: Vec<String>,
    _folder: TempDir,
}

fn project(system: &str) -> Looked {
    let folder = tempfile::Builder::new().prefix("stackgen-draft-").tempdir().expect("a temporary folder");
    let path = folder.path().join("services.toml");
    fs::copy(self::folder().join(format!("{system}.toml")), &path).expect("a manifest");
    copy_sources(&self::folder().join("sources").join(system), folder.path());
    let analysis = Project::open(&path).expect("a services.toml").analyse().expect("plans");
    let errors = analysis.report.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let errors = errors.map(|finding| format!("{}: {}", finding.rule, finding.message)).collect();
    Looked { plans: analysis.plans, errors, _folder: folder }
}

fn folder() -> PathBuf {
    repository().join(Path::new("tests/drafts"))
}

fn difference(known: &str, text: &str) -> String {
    similar::TextDiff::from_lines(known, text).unified_diff().context_radius(2).to_string()
}

fn show(plan: &Plan, out: &mut String) {
    let _ = writeln!(out, "# {}", plan.environment);
    let mut stack = Map::new();
    stack.insert("project".to_owned(), json!(plan.project.to_compose()));
    stack.insert("production".to_owned(), json!(plan.production));
    stack.insert("side-by-side".to_owned(), json!(plan.side_by_side));
    lines(out, "stack", &stack.into());
    for (name, variable) in &plan.variables {
        let _ = writeln!(out, "variable {name}: {}", self::variable(variable));
    }
    for (name, service) in &plan.services {
        lines(out, &format!("service {name}"), &self::service(service));
    }
    for (name, section) in model::sections(plan) {
        lines(out, &name, &raw(&section));
    }
    out.push('\n');
}

/// One line per value, with the way to it.
fn lines(out: &mut String, way: &str, value: &Value) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                lines(out, &format!("{way} {key}"), value);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, value) in items.iter().enumerate() {
                lines(out, &format!("{way} {}", index + 1), value);
            }
        }
        value => {
            let _ = writeln!(out, "{way}: {value}");
        }
    }
}

fn variable(variable: &Variable) -> String {
    let Variable { default, required, secret, kind, values, readers, derived, .. } = variable;
    let mut facts = vec![if *required { "required" } else { "optional" }.to_owned(), format!("{kind:?}")];
    facts.extend(secret.then(|| "secret".to_owned()));
    facts.extend(derived.then(|| "derived".to_owned()));
    facts.extend((!values.is_empty()).then(|| values.join("|")));
    facts.extend(default.as_ref().map(|text| format!("default {:?}", text.to_compose())));
    format!("{}; read by {}", facts.join(", "), readers.join(", "))
}

fn service(service: &Service) -> Value {
    let mut map = Map::new();
    let mut set = |key: &str, value: Value| {
        if !(value.is_null() || value == json!([]) || value == json!({}) || value == json!(false)) {
            map.insert(key.to_owned(), value);
        }
    };
    set("kind", json!(service.kind));
    set("class", json!(format!("{:?}", service.class)));
    set("extends", json!(service.extends));
    set("one-shot", json!(service.one_shot));
    set("port", json!(service.port));
    set("listeners", json!(service.listeners));
    set("debug-port", json!(service.debug_port));
    set("health-path", json!(service.health_path));
    set("metrics", json!(service.metrics.as_ref().map(|metrics| format!("{:?}{}", metrics.port, metrics.path))));
    set("produces", json!(service.produces));
    set("consumes", json!(service.consumes));
    if let Some(recipe) = service.build.as_ref().and_then(|build| build.recipe.as_ref()) {
        set("image-base", json!(recipe.base));
        set("image-user", json!(recipe.user));
        set("image-packages", json!(recipe.packages));
        set("image-build-packages", json!(recipe.build_packages));
        set("image-directories", json!(recipe.directories));
        set("image-include", json!(recipe.include));
        set("image-prefix", json!(recipe.prefix));
        set("image-build", json!(recipe.build));
        set("image-development", json!(recipe.development));
        set("image-production", json!(recipe.production));
        let steps: Vec<_> = recipe.before_start.iter().map(|step| json!([step.run, step.fatal])).collect();
        set("image-before-start", json!(steps));
    }
    let mut lists = Vec::new();
    for (key, value) in model::service(service) {
        // Said by the routers.
        if key != "labels" || service.routers.is_empty() {
            lists.push((key, raw(&value)));
        }
    }
    for router in &service.routers {
        set(&format!("router {}", router.name), json!(self::router(router)));
    }
    // An empty one says something here.
    map.extend(lists.into_iter().map(|(key, value)| (format!("compose.{key}"), value)));
    map.into()
}

fn router(router: &Router) -> String {
    let middlewares: Vec<&str> = router.middlewares.iter().map(MiddlewareUse::name).collect();
    let tls = router.tls.as_ref().map(|tls| tls.resolver.clone().unwrap_or_else(|| "own".to_owned()));
    format!(
        "{} on {} (priority {}) to port {}{}{}{}",
        router.rule.to_compose(),
        router.entry_point,
        router.priority,
        router.port,
        if middlewares.is_empty() { String::new() } else { format!(" through {}", middlewares.join(", ")) },
        tls.map_or_else(String::new, |tls| format!(" with TLS ({tls})")),
        router.smoke.as_ref().map_or_else(String::new, |path| format!(", proved by {path}")),
    )
}

fn raw(value: &Raw) -> Value {
    match value.plain() {
        Raw::Null => Value::Null,
        Raw::Bool(value) => json!(value),
        Raw::Int(value) => json!(value),
        Raw::Float(value) => json!(value),
        Raw::Text(text) => json!(Text::to_compose(text)),
        Raw::List(items) => items.iter().map(raw).collect(),
        Raw::Map(map) => map.iter().map(|(key, value)| (key.clone(), raw(value))).collect::<Map<_, _>>().into(),
        Raw::Noted(..) => unreachable!("plain"),
    }
}

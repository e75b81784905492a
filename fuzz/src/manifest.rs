//! services.toml: read, planned, judged, printed in every format, and rendered where there is no error.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use stackgen::diagnostics::emit::{Format, Outcome, Terminal};
use stackgen::internals;
use stackgen::project::Project;
use stackgen::render::{self, graph};
use stackgen::source::{Replacement, Source};

use super::{assert_inside, utf8};

/// What stands in the corpus in the place of a secret. Nobody takes it for a word.
const SECRET: &str = "Kx9vQ2mLr7TzW4bN8pYd";

pub(super) fn check(data: &[u8]) {
    if let Some(text) = utf8(data) {
        survives(text, BTreeMap::new());
    }
}

/// Runs it all on a services.toml and templates of the project.
pub(super) fn survives(text: &str, own: BTreeMap<String, String>) {
    let source = Source::new("services.toml", empty(), text.to_owned());
    let has_own = !own.is_empty();
    let project = internals::project(source, own);
    let Ok(analysis) = project.analyse() else {
        assert!(has_own, "a text is never a reason not to work");
        return;
    };
    for finding in &analysis.report.findings {
        assert!(!finding.message.is_empty(), "a finding without a message: {finding:?}");
        for spot in std::iter::once(&finding.primary).chain(&finding.secondary) {
            match &spot.file {
                None => assert_inside(text, &spot.span),
                Some(path) => {
                    let file = analysis.report.files.get(path).map_or("", |file| file.text());
                    assert_inside(file, &spot.span);
                }
            }
        }
        if let Some(fix) = &finding.fix {
            fixed(text, &fix.replacements, finding.rule);
        }
    }
    let is_secret = is_secret(text);
    let environments = analysis.environments();
    let outcome = Outcome::new(project.source(), &analysis.report, &[]).of_environments(&environments);
    for format in Format::ALL {
        let terminal = Terminal { color: *format == Format::Human, ..Terminal::default() };
        let mut printed = Vec::new();
        format.emit(&outcome, terminal, &mut printed).expect("a vector can be written to");
        let printed = String::from_utf8(printed).expect("text");
        assert!(!is_secret || !printed.contains(SECRET), "{} shows a secret of\n{text}\nin\n{printed}", format.name());
    }
    if !analysis.report.has_errors() {
        assert!(!analysis.plans.is_empty(), "no plan and no error");
        rendered(&project, &analysis.plans, has_own);
    }
}

fn rendered(project: &Project, plans: &[stackgen::plan::Plan], has_own: bool) {
    let artifacts = match render::render(plans, "services.toml", project.templates()) {
        Ok(artifacts) => artifacts,
        Err(error) => {
            assert!(has_own, "what has no errors can be rendered: {error}");
            return;
        }
    };
    for (path, artifact) in &artifacts {
        assert!(!path.starts_with('/') && !path.split('/').any(|part| matches!(part, "" | "." | "..")), "{path}");
        if path.rsplit('/').next().is_some_and(|name| name.starts_with("docker-compose")) {
            let read: Result<serde_yaml::Value, _> = serde_yaml::from_str(&artifact.text);
            read.unwrap_or_else(|error| panic!("{path}: {error}:\n{}", artifact.text));
        }
    }
    for plan in plans {
        let graph = graph::Graph::of(plan);
        assert!(!graph::Format::Mermaid.text(&graph).is_empty() && !graph::Format::Dot.text(&graph).is_empty());
    }
}

/// Makes a fix: what was TOML before is TOML behind it.
fn fixed(text: &str, replacements: &[Replacement], rule: &str) {
    let mut made = text.to_owned();
    let mut end = text.len();
    for replacement in replacements.iter().rev() {
        assert_inside(text, &replacement.span);
        assert!(replacement.span.end <= end, "{rule}: {replacements:?} overlap in\n{text}");
        end = replacement.span.start;
        made.replace_range(replacement.span.clone(), &replacement.text);
    }
    if text.parse::<toml::Table>().is_ok() {
        made.parse::<toml::Table>().unwrap_or_else(|error| panic!("{rule}: {error}\nof\n{text}\nmade\n{made}"));
    }
}

/// Whether the marker is the default of a variable that is declared a secret, and stands nowhere else.
fn is_secret(text: &str) -> bool {
    if text.matches(SECRET).count() != 1 {
        return false;
    }
    let Ok(document) = text.parse::<toml::Table>() else { return false };
    let variables = document.get("variables").and_then(toml::Value::as_table).into_iter().flatten();
    let mut secrets = variables
        .map(|(_, variable)| variable)
        .filter(|variable| variable.get("secret").and_then(toml::Value::as_bool) == Some(true));
    secrets.any(|variable| variable.get("default").and_then(toml::Value::as_str) == Some(SECRET))
}

/// A folder with nothing in it.
fn empty() -> PathBuf {
    static EMPTY: OnceLock<tempfile::TempDir> = OnceLock::new();
    EMPTY.get_or_init(|| tempfile::tempdir().expect("a temporary folder")).path().to_owned()
}

//! `runtime-engine-mismatch`: see [`RULE`].

use super::datastore_without_volume::images;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, ProblemKind, Service};
use crate::runtimes::{self, Grammar};
use crate::sources::Package;

/// A runtime that the program is not made for.
pub(super) static RULE: Rule = Rule {
    id: "runtime-engine-mismatch",
    severity: Severity::Error,
    summary: "the runtime is none that the program says it works with, or one that nobody maintains",
    docs: "\
The version of a service, or the base image of its Dockerfile, is one that its package excludes: `engines.node` in
package.json, `requires-python` in pyproject.toml. A version that nobody maintains any longer is a warning. A version that says
less than the range (`22` where `>=22.12` is wanted) is taken for its newest release. Dates are those that were known when this
version of stackgen was made: nothing is asked, and the clock is not read.

**Why it breaks.** pnpm, Yarn, uv, Poetry and pip refuse to install; npm warns, and the program meets a language or a library that
it does not know. What is not maintained gets no more fixes, of its security neither.

**How it shows.** `ERR_PNPM_UNSUPPORTED_ENGINE`, `The engine \"node\" is incompatible with this module`, `npm warn EBADENGINE`,
`requires a different Python: 3.11.9 not in '>=3.12'`.

```toml
# web/package.json: \"engines\": { \"node\": \">=22\" }
[services.web]
kind = \"node\"
version = \"20\"      # bad
source = \"web\"

[services.web]
kind = \"node\"
version = \"22\"      # good
source = \"web\"
```

**Fix.** Take a version that both know, in services.toml (or in the `FROM` of the Dockerfile) or in the package.

**Source.** npm docs, \"package.json\", \"engines\"; Packaging guide, \"Version specifiers\"; pnpm docs, \"engines\"; Node.js release
schedule; Python developer's guide, \"Status of Python versions\". Tried with npm 10 and pip 25.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// A runtime that a service runs on.
struct Runtime {
    name: &'static str,
    /// What the tag says.
    tag: String,
    place: Label,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let Some(runtime) = runtime(context, plan, service) else { continue };
            let Some(releases) = runtimes::releases(&runtime.tag) else { continue };
            // The kind has refused it already.
            let version = service.origin().key("version");
            let is_told = |problem: &crate::plan::Problem| {
                problem.path == version && matches!(problem.kind, ProblemKind::Build { .. })
            };
            if plan.problems.iter().any(is_told) {
                continue;
            }
            let package = service.build.as_ref().and_then(|build| context.sources.package(&build.source));
            let wanted = package.and_then(|package| Wanted::of(package, runtime.name));
            let title = if runtime.name == "node" { "Node.js" } else { "Python" };
            let shown = runtime.tag.split('-').next().unwrap_or_default().to_owned();
            let finding = match wanted {
                Some(wanted) if runtimes::allows(&wanted.range, releases, wanted.grammar) == Some(false) => {
                    let message =
                        format!("`{}` runs on {title} {shown}, and its package wants `{}`", service.name, wanted.range);
                    let source = service.build.as_ref().map_or("", |build| build.source.as_str());
                    let file = if source.is_empty() || source == "." {
                        wanted.file.to_owned()
                    } else {
                        format!("{}/{}", source.trim_end_matches('/'), wanted.file)
                    };
                    let help = format!("take a version that `{}` lets in, or change `{}`", wanted.range, wanted.key);
                    Finding::new(RULE.id, RULE.severity, message, runtime.place)
                        .with(Label::within(file, wanted.place, "wanted here"))
                        .help(help)
                }
                _ => {
                    let Some(when) = runtimes::ended(runtime.name, releases) else { continue };
                    let message = format!("{title} {shown} has had no fixes since {when}");
                    Finding::new(RULE.id, Severity::Warning, message, runtime.place)
                        .help(format!("take a version of {title} that is maintained"))
                }
            };
            let mut finding = finding;
            finding.environment = Some(plan.environment.clone());
            findings.push(finding);
        }
    }
}

/// What a package says about its runtime.
struct Wanted {
    range: String,
    grammar: Grammar,
    file: &'static str,
    key: &'static str,
    place: std::ops::Range<usize>,
}

impl Wanted {
    fn of(package: &Package, runtime: &str) -> Option<Self> {
        if runtime == "node" {
            let range = package.json.as_ref()?.pointer("/engines/node")?.as_str()?;
            let place = package.place("package.json", "\"engines\"", range);
            let (grammar, file, key) = (Grammar::Npm, "package.json", "engines.node");
            return Some(Self { range: range.to_owned(), grammar, file, key, place });
        }
        let project = package.project.as_ref()?;
        let text = |pointer: &str| project.pointer(pointer).and_then(|range| range.as_str());
        let (range, key, after) = if let Some(range) = text("/project/requires-python") {
            (range, "requires-python", "requires-python")
        } else {
            let range = text("/tool/poetry/dependencies/python")?;
            (range, "tool.poetry.dependencies.python", "[tool.poetry.dependencies]")
        };
        let place = package.place("pyproject.toml", after, range);
        Some(Self { range: range.to_owned(), grammar: Grammar::Python, file: "pyproject.toml", key, place })
    }
}

/// The runtime of a service: by the base of its generated Dockerfile, or by the `FROM` of one that somebody wrote.
fn runtime(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Runtime> {
    let build = service.build.as_ref()?;
    let environment = Some(plan.environment.as_str());
    if let Some(recipe) = &build.recipe {
        let (name, tag) = known(&recipe.base)?;
        let place = context.origin_of(plan, &service.name, "version", &[]);
        return Some(Runtime { name, tag, place: Label::value(environment, place, "chosen here") });
    }
    let written = context.sources.written(plan, service).filter(|written| !written.file.is_foreign())?;
    let file = &written.file;
    let arguments = service.build_arguments();
    let values = file.global_arguments(&arguments);
    let mut at = file.target(build.target.as_deref())?;
    while let Some(below) = file.base_of(at, &values) {
        at = below;
    }
    let stage = file.stages.get(at)?;
    let (name, tag) = known(&file.base(stage, &values)?)?;
    Some(Runtime { name, tag, place: Label::within(&written.path, stage.base.span.clone(), "chosen here") })
}

/// A runtime that is known, and the tag, of the name of an image.
fn known(base: &str) -> Option<(&'static str, String)> {
    let (name, tag) = images::repository(base);
    let name = ["node", "python"].into_iter().find(|known| *known == name)?;
    Some((name, tag.to_owned()))
}

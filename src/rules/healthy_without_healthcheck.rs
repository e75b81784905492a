//! `healthy-without-healthcheck`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::dockerfile::Health;
use crate::manifest::unions::Toggle;
use crate::plan::{Condition, Dependency, Plan, ProblemKind, Raw, Service};

/// Waiting for the health of a service that nobody asks.
pub(super) static RULE: Rule = Rule {
    id: "healthy-without-healthcheck",
    severity: Severity::Error,
    summary: "waiting for the health of a service that has no probe",
    docs: "\
A service waits until another one is healthy, and that one has no probe: none of its own, none of its kind, or it is
switched off. Of an image that is not built here it is not known whether it brings a `HEALTHCHECK`; then this is a warning.
Only a state that is named counts: without one, a dependency is awaited as far as it can be.

**Why it breaks.** Healthy is what a probe says. Without one nobody ever does.

**How it shows.** `docker compose up` ends with `dependency failed to start: container shop-api-1 has no healthcheck
configured`; `docker compose config` says nothing. Where the dependency is not `required`, it starts all the same, and
waits for nothing.

```toml
[services.api]
kind = \"node\"
version = \"22\"
source = \"api\"
health = false

[services.web]
image = \"web:1.4\"
depends-on = { api = \"healthy\" }     # bad: nobody asks api

[services.web]
image = \"web:1.4\"
depends-on = { api = \"started\" }     # good, and so is a `health` for api
```

**Fix.** Give the service a `health`, or wait for `started`.

**Source.** compose-spec, `depends_on`, long syntax; Dockerfile reference, \"HEALTHCHECK\". Tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            for (name, dependency) in &service.depends_on {
                let Some(target) = plan.services.get(name).filter(|target| target.health.is_none()) else { continue };
                if dependency.condition == Condition::Healthy && !is_explained(plan, target) {
                    findings.extend(finding(context, plan, service, target, dependency));
                }
            }
        }
    }
}

/// Whether it has no probe because of something that is told on its own.
fn is_explained(plan: &Plan, target: &Service) -> bool {
    let health = target.origin().key("health");
    Context::is_blank(plan, &target.name)
        || plan
            .problems
            .iter()
            .any(|problem| problem.path.starts_with(&health) && !matches!(problem.kind, ProblemKind::Text(_)))
}

/// What is known of the probe of a service that has none in its compose file.
enum Probe {
    /// There is none, and this place says so.
    None(Label),
    /// The image may bring one; this place names it.
    Unknown(Label),
}

fn finding(
    context: &Context<'_>,
    plan: &Plan,
    service: &Service,
    target: &Service,
    dependency: &Dependency,
) -> Option<Finding> {
    let (from, to) = (&service.name, &target.name);
    let (mut severity, message, label) = match probe(context, plan, target)? {
        Probe::None(label) => {
            (Severity::Error, format!("`{from}` waits until `{to}` is healthy, and `{to}` has no probe"), label)
        }
        Probe::Unknown(label) => (
            Severity::Warning,
            format!("`{from}` waits until `{to}` is healthy, and nothing says that its image has a probe"),
            label,
        ),
    };
    if !dependency.required {
        severity = Severity::Warning;
    }
    let place = dependency.named.as_ref().unwrap_or(&dependency.origin).clone();
    let primary = Label::value(Some(&plan.environment), place, "waits for a probe");
    let kind = target.kind.as_ref().and_then(|kind| context.read.kinds.get(kind));
    let probes = kind.map_or(&[][..], |kind| &kind.probe);
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(to));
    let is_off = written.is_some_and(|written| matches!(written.health, Some(Toggle::Off(_))));
    let has_own = probes.iter().any(|probe| probe.command.is_some());
    let fix = (is_off && has_own).then(|| {
        Fix::new(format!("leave `{to}` the probe of its kind"))
            .remove(Some(&plan.environment), target.origin().key("health"))
    });
    let help = if probes.iter().any(|probe| probe.command.is_some()) {
        format!("leave `{to}` the probe of its kind, or wait for `started`")
    } else {
        let has_path = probes.iter().any(|probe| probe.http.is_some());
        let health = if has_path { "`health = \"/<path>\"`" } else { "`health = [\"<command>\", …]`" };
        format!("give `{to}` a probe, {health}, or wait for `started`")
    };
    Some(Finding::new(RULE.id, severity, message, primary).with(label).help(help).fix(fix))
}

/// What is known of the probe; nothing where the image is known to bring one.
fn probe(context: &Context<'_>, plan: &Plan, target: &Service) -> Option<Probe> {
    let environment = Some(plan.environment.as_str());
    let at = |key: &str, passed: &str, text: &str| {
        Label::value(environment, context.origin_of(plan, &target.name, key, &[passed]), text)
    };
    let written = context.manifest(plan)?.services.get(&target.name)?;
    if target.passthrough.get("healthcheck").and_then(Option::as_ref).is_some_and(is_off) {
        return Some(Probe::None(at("health", "healthcheck", "switches the probe off")));
    }
    if matches!(written.health, Some(Toggle::Off(_))) {
        return Some(Probe::None(at("health", "healthcheck", "no probe")));
    }
    let Some(build) = &target.build else {
        let is_of_kind = target.kind.is_some() && written.image.is_none() && !written.compose.contains_key("image");
        return Some(if is_of_kind {
            Probe::None(at("kind", "image", "has no probe of its own"))
        } else {
            Probe::Unknown(at("image", "image", "may bring a probe, or not"))
        });
    };
    if build.recipe.is_some() {
        return Some(Probe::None(at("source", "build", "the generated image has no probe")));
    }
    let text = context.sources.written(plan, target);
    let arguments = target.build_arguments();
    match text.and_then(|written| written.file.health(build.target.as_deref(), &arguments)) {
        Some(Health::Command(_)) => None,
        Some(Health::None(_)) => Some(Probe::None(at("dockerfile", "build", "switches the probe off"))),
        None => Some(Probe::Unknown(at("dockerfile", "build", "says nothing of a probe"))),
    }
}

/// Whether the probe is switched off (compose-spec, `healthcheck`).
fn is_off(value: &Raw) -> bool {
    let Some(map) = value.as_map() else { return false };
    let disabled = matches!(map.get("disable").map(Raw::plain), Some(Raw::Bool(true)));
    let first = map.get("test").and_then(|test| test.as_list()?.first()?.as_text()?.as_literal());
    disabled || first == Some("NONE")
}

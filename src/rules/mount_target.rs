//! `mount-target`: see [`RULE`].

use std::collections::HashMap;

use super::{Context, Rule, at_problem};
use crate::compose::volume::{self, MountFlaw};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, PlannedMount, ProblemKind, Service};
use crate::source::Step;

/// A mount that the engine refuses, or two at one place.
pub(super) static RULE: Rule = Rule {
    id: "mount-target",
    severity: Severity::Error,
    summary: "a mount that the engine refuses, or two mounts at one place",
    docs: "\
An entry of `volumes`, or a `persist`, is no mount in Compose's short syntax, `[SOURCE:]TARGET[:MODE]`, or does not name an
absolute path in the container. Or two mounts of a service have one target: `/d` and `/d/` are the same place. Of two in the
short syntax one is lost, which is a warning; in the long syntax, or with a `tmpfs`, Compose refuses the file.

**Why it breaks.** The engine mounts onto absolute paths only, and never onto `/`, which is the whole file system of the
container. Compose keeps one mount for each place: the last one.

**How it shows.** `docker compose up` fails after the images are built: `invalid mount config for type \"volume\": invalid
mount path: 'data' mount path must be absolute`, or `invalid specification: destination can't be '/'`. Of two volumes at one
place, one is not there and nobody says so: `docker compose config` shows the other one alone. Where they are not in the short
syntax: `target /d already mounted as services.db.volumes[0]`.

```toml
[services.db]
image = \"postgres:17\"
volumes = [\"data:var/lib/postgresql/data\"]     # bad: relative

[services.db]
image = \"postgres:17\"
volumes = [\"data:/var/lib/postgresql/data\"]    # good
```

**Fix.** Begin the target with `/`. The source is the name of a volume, or a path that begins with `./`, `/` or `~`. Mount one of
two things elsewhere, or not at all.

**Source.** compose-spec, \"volumes\", short and long syntax; the engine's validation of mounts (moby, `volume/mounts`); tried
with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Mount(error) = &problem.kind else { continue };
        if Context::has_flaw(plan, &problem.path) {
            continue;
        }
        let help = match &error.flaw {
            // The name of a volume that is none is told with other names.
            MountFlaw::Drive(_) => continue,
            MountFlaw::Form => {
                "the source comes first: `data:/data`, or `./conf:/conf:ro` for a directory of the project"
            }
            MountFlaw::Root => "mount onto a directory, such as `/data`",
            MountFlaw::Target(_) => "begin it with `/`",
            MountFlaw::Long(_) => "or write it in one line: `source:/target:ro`",
        };
        findings.push(at_problem(&RULE, plan, problem, error.to_string(), "cannot be mounted").help(help));
    }
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(at_one_place(context, plan, service));
        }
    }
}

/// Mounts at the place of an earlier one, or of a directory in memory.
fn at_one_place(context: &Context<'_>, plan: &Plan, service: &Service) -> Vec<Finding> {
    let environment = Some(plan.environment.as_str());
    let in_memory: HashMap<String, &str> = service
        .tmpfs
        .iter()
        .map(|text| (volume::clean(text.split(':').next().unwrap_or(text)), text.as_str()))
        .collect();
    let mut known: HashMap<String, &PlannedMount> = HashMap::new();
    let mut findings = Vec::new();
    for mount in &service.volumes {
        let target = mount.mount.place();
        // What only an operator knows is no place.
        if target.contains('$') {
            continue;
        }
        let at = |text: &str| Label::value(environment, mount.origin.clone(), text);
        if in_memory.contains_key(&target) {
            let message = format!("`{target}` of `{}` is a directory in memory, and a mount as well", service.name);
            let finding = Finding::new(RULE.id, RULE.severity, message, at("Compose refuses both"));
            let key = service.origin().key("compose").key("tmpfs");
            findings.push(if service.passthrough.contains_key("tmpfs") {
                finding.with(Label::value(environment, key, "in memory")).help("take one of them away")
            } else {
                finding.help("mount it elsewhere: the kind needs this place, where the root file system is read-only")
            });
            continue;
        }
        let Some(first) = known.insert(target.clone(), mount) else { continue };
        // The very same twice loses nothing.
        if first.mount == mount.mount {
            continue;
        }
        let is_long = is_long(context, plan, service, mount) && is_long(context, plan, service, first);
        let (severity, does) =
            if is_long { (RULE.severity, "refuses the file") } else { (Severity::Warning, "silently keeps the last") };
        let message = format!("two mounts on `{target}`: Compose {does}");
        let finding = Finding::new(RULE.id, severity, message, at("the second one"));
        let finding = if first.origin == mount.origin {
            finding
        } else {
            finding.with(Label::value(environment, first.origin.clone(), "the first one"))
        };
        findings.push(finding.help("mount one of them elsewhere"));
    }
    findings
}

/// Whether a mount is written in the long syntax.
fn is_long(context: &Context<'_>, plan: &Plan, service: &Service, mount: &PlannedMount) -> bool {
    let Some(Step::Index(index)) = mount.origin.steps().last() else { return false };
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
    let passed = written.filter(|_| mount.origin.key_at(2) == Some("compose"));
    passed
        .and_then(|written| written.compose.get("volumes")?.as_array()?.get(*index))
        .is_some_and(toml::Value::is_table)
}

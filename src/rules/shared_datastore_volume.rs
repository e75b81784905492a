//! `shared-datastore-volume`: see [`RULE`].

use std::collections::HashMap;

use super::datastore_without_volume::images;
use super::{Context, Rule};
use crate::compose::model;
use crate::compose::volume::Source;
use crate::diagnostics::{Finding, Label, Severity};
use crate::kinds::Class;
use crate::plan::{Plan, PlannedMount, Raw, Service};

/// Two data stores in one directory.
pub(super) static RULE: Rule = Rule {
    id: "shared-datastore-volume",
    severity: Severity::Error,
    summary: "two data stores that keep their data on one volume",
    docs: "\
Two data stores mount one volume, or one directory of the host, where they keep their data; also two volumes that have one `name`.
Data stores are the kinds that keep data, and the official images of PostgreSQL, MySQL, MariaDB, MongoDB, Redis and Valkey. Several
containers of one data store are `runs-twice`'s, and two environments on one volume `environment-project-clash`'s.

**Why it breaks.** A program that keeps data takes its directory for its own.

**How it shows.** The second one refuses to start, because it finds the lock or the files of the first one; or both run, and each
overwrites what the other has saved. Compose takes two volumes of one name without a word.

```toml
[services.cache]
image = \"redis:7\"
volumes = [\"data:/data\"]

[services.sessions]
image = \"redis:7\"
volumes = [\"data:/data\"]             # bad: that is cache's
volumes = [\"sessions:/data\"]         # good
```

**Fix.** Give each a volume of its own.

**Source.** Redis docs, \"Persistence\" (one `dump.rdb` and one `appendonlydir` for each directory); tried with Docker Compose 2.40,
with two Redis whose saved data was that of whoever saved last.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let mut known: HashMap<String, Vec<(&Service, &PlannedMount)>> = HashMap::new();
        let mut names: Option<HashMap<String, String>> = None;
        for service in plan.services.values() {
            let Some(mount) = data_mount(service) else { continue };
            let place = match &mount.mount.source {
                Source::Volume(key) => {
                    let names = names.get_or_insert_with(|| engine_names(plan));
                    format!("volume {}", names.get(key).unwrap_or(key))
                }
                Source::Bind(path) => format!("directory {}", path.trim_end_matches('/')),
                _ => continue,
            };
            let others = known.entry(place).or_default();
            // Two kinds that call their volumes alike are a matter of names.
            let is_of_kind = |mount: &PlannedMount| mount.origin.steps().len() <= 2;
            let beside = others.iter().find(|(other, _)| other.runs_beside(service));
            if let Some((first, earlier)) = beside.filter(|(_, earlier)| !(is_of_kind(earlier) && is_of_kind(mount))) {
                findings.push(finding(context, plan, (service, mount), (first, earlier)));
            }
            others.push((service, mount));
        }
    }
}

/// Where a data store keeps its data, and can write.
fn data_mount(service: &Service) -> Option<&PlannedMount> {
    let own = service.data.as_deref().filter(|_| service.class == Class::Datastore);
    let paths: Vec<&str> = match own {
        Some(path) => vec![path],
        None => images::of_service(service)?.to_vec(),
    };
    service.volumes.iter().find(|mount| {
        let target = mount.mount.place();
        let is_data =
            |path: &&str| target == *path || path.strip_prefix(&target).is_some_and(|rest| rest.starts_with('/'));
        !mount.mount.is_read_only() && paths.iter().any(is_data)
    })
}

/// What volumes are called by the engine, where that is fixed.
fn engine_names(plan: &Plan) -> HashMap<String, String> {
    let sections = model::sections(plan);
    let volumes = sections.get("volumes").and_then(Raw::as_map).into_iter().flatten();
    let named = volumes.filter_map(|(key, settings)| Some((key, settings.as_map()?.get("name")?.to_text()?)));
    named.map(|(key, name)| (key.clone(), name.with_defaults().unwrap_or_else(|| name.to_compose()))).collect()
}

fn finding(
    context: &Context<'_>,
    plan: &Plan,
    (later, mount): (&Service, &PlannedMount),
    (first, earlier): (&Service, &PlannedMount),
) -> Finding {
    let label = |service: &Service, mount: &PlannedMount, text: String| {
        // What the kind mounts by itself has no place of its own.
        if mount.origin.steps().len() > 2 {
            Label::value(Some(&plan.environment), mount.origin.clone(), text)
        } else {
            context.key_of(plan, &service.origin(), text.as_str())
        }
    };
    let what = match &mount.mount.source {
        Source::Bind(path) => format!("the directory `{path}`"),
        _ => format!("the volume `{}`", mount.mount.volume().unwrap_or_default()),
    };
    let message = format!("`{}` and `{}` keep their data in one place, {what}", first.name, later.name);
    let finding = Finding::new(RULE.id, RULE.severity, message, label(later, mount, "the same data".to_owned()));
    finding
        .with(label(first, earlier, format!("that of `{}`", first.name)))
        .help(format!("give it a volume of its own: `{}-data:{}`", later.name, mount.mount.target))
}

//! `datastore-without-volume`: see [`RULE`].

use super::{Context, Rule};
use crate::compose::volume::Source;
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::kinds::Class;
use crate::plan::{Plan, ProblemKind, Service, Text};

pub(super) mod images;

/// Data that does not outlive its container.
pub(super) static RULE: Rule = Rule {
    id: "datastore-without-volume",
    severity: Severity::Error,
    summary: "a data store whose data is on no volume",
    docs: "\
A data store has neither a named volume nor a directory of the host where it keeps its data: a kind with `persist = false`,
or the official image of PostgreSQL, MySQL, MariaDB, MongoDB, Redis or Valkey without a mount at that place. A mount without
a name does not count, and neither does a service that runs a client out of such an image. Outside of production this is a
warning.

**Why it breaks.** The data belongs to the container then. The images make a volume without a name for it, which follows the
container while it is replaced, and is left behind by `docker compose down`.

**How it shows.** After `docker compose down` and `up` the data store is empty, and nothing says so; the disk fills with
volumes that nothing uses.

```toml
[services.db]
image = \"postgres:17\"                                      # bad: nothing is mounted at /var/lib/postgresql/data

[services.db]
image = \"postgres:17\"
volumes = [\"db-data:/var/lib/postgresql/data\"]             # good

[services.cache]
kind = \"redis\"
version = \"7\"                                              # good: the kind mounts `cache-data`
```

**Fix.** Mount a named volume where the data is, or take `persist = false` away. Where losing it is fine, for a cache, say so
with `allow`.

**Source.** Docker Hub's pages of the images, \"Where to Store Data\"; tried with Docker Compose 2.40: a value in Redis was
there after `up --force-recreate`, and gone after `down` and `up`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// The variable that moves the data of the `postgres` image (Docker Hub, "PGDATA").
const PGDATA: &str = "PGDATA";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let Some(paths) = paths(service).filter(|_| !has_broken_mount(plan, service)) else { continue };
            if !paths.iter().any(|path| is_kept(service, path)) {
                findings.push(finding(context, plan, service, &paths[0]));
            }
        }
    }
}

/// Whether a mount of the service is none, which is told on its own: it may have been this one.
fn has_broken_mount(plan: &Plan, service: &Service) -> bool {
    let origin = service.origin();
    plan.problems
        .iter()
        .any(|problem| matches!(problem.kind, ProblemKind::Mount(_)) && problem.path.starts_with(&origin))
}

/// Where the service keeps its data, if it is known to be a data store: any of these, the usual one first.
fn paths(service: &Service) -> Option<Vec<String>> {
    if service.class == Class::Datastore
        && let Some(data) = &service.data
    {
        return Some(vec![data.clone()]);
    }
    if service.kind.is_some() {
        return None;
    }
    let known = images::of_service(service)?;
    match service.environment.get(PGDATA).map(Text::with_defaults) {
        Some(None) => None,
        Some(Some(path)) => Some(vec![path]),
        None => Some(known.iter().map(|path| (*path).to_owned()).collect()),
    }
}

/// Whether a volume with a name, or a directory of the host, is mounted at the directory, above or below it.
fn is_kept(service: &Service, path: &str) -> bool {
    service.volumes.iter().any(|mount| {
        let target = mount.mount.target.trim_end_matches('/');
        let is_inside = |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
        matches!(mount.mount.source, Source::Volume(_) | Source::Bind(_))
            && (is_inside(path, target) || is_inside(target, path))
    })
}

fn finding(context: &Context<'_>, plan: &Plan, service: &Service, path: &str) -> Finding {
    let name = &service.name;
    let environment = Some(plan.environment.as_str());
    let severity = if plan.production { Severity::Error } else { Severity::Warning };
    let message = format!("`{name}` keeps its data in `{path}`, and no volume is mounted there");
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(name));
    let is_off = written.is_some_and(|written| written.persist.is_some());
    if service.passthrough.contains_key("volumes") {
        let place = context.origin_of(plan, name, "volumes", &["volumes"]);
        let label = Label::value(environment, place, format!("nothing at `{path}`"));
        let help = format!("add `\"{name}-data:{path}\"`, or `\"...\"` for what is mounted without this list");
        return Finding::new(RULE.id, severity, message, label).help(help);
    }
    if service.kind.is_some() && is_off {
        let place = context.origin_of(plan, name, "persist", &[]);
        let label = Label::value(environment, place, "gone with the container");
        // Somebody wrote it, and may have meant it.
        let severity = Severity::Warning;
        let help = "remove it: the kind mounts a volume; for a cache, `allow` it and say so";
        return Finding::new(RULE.id, severity, message, label).help(help);
    }
    let place = context.origin_of(plan, name, "image", &["image"]);
    let label = Label::value(environment, place, "a data store");
    let volumes = toml::Value::from(vec![format!("{name}-data:{path}")]);
    let fix = Fix::new(format!("mount the volume `{name}-data` at `{path}`"));
    let fix = fix.insert(environment, service.origin().key("volumes"), volumes);
    let finding = Finding::new(RULE.id, severity, message, label);
    finding.help(format!("`volumes = [\"{name}-data:{path}\"]`")).fix(fix)
}

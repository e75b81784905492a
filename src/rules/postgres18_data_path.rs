//! `postgres18-data-path`: see [`RULE`].

use std::ops::Range;

use super::{Context, Rule};
use crate::compose::volume::Source;
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::plan::{Plan, PlannedMount, Service};
use crate::source::Step;

/// A volume that is not where this version of `PostgreSQL` keeps its data.
pub(super) static RULE: Rule = Rule {
    id: "postgres18-data-path",
    severity: Severity::Error,
    summary: "a volume that is not where this version of PostgreSQL keeps its data",
    docs: "\
A service runs PostgreSQL 18 or newer with a mount at `/var/lib/postgresql/data`, or an older one with a mount at
`/var/lib/postgresql` and none at `data` below it; and `PGDATA` says nothing else. The images are `postgres`, and `pgvector` and
`postgis`, which are built on it.

**Why it breaks.** From 18 on the image keeps its data in a directory for each version, `/var/lib/postgresql/18/docker`, and has its
volume at `/var/lib/postgresql`. Older ones have it at `/var/lib/postgresql/data`, where the engine mounts a volume without a name
if nothing else is mounted there.

**How it shows.** 18 does not start: `there appears to be PostgreSQL data in: /var/lib/postgresql/data (unused mount/volume)`;
some builds of it for Alpine do, and write into a volume without a name. So do older ones. After `docker compose down` and `up` the
database is empty, and the volume that was meant always was.

```toml
[services.db]
image = \"postgres:18\"
volumes = [\"db-data:/var/lib/postgresql/data\"]     # bad: the place of 17

[services.db]
image = \"postgres:18\"
volumes = [\"db-data:/var/lib/postgresql\"]          # good
```

**Fix.** Mount the volume where the version has its own. Data of an older version has to be moved by `pg_upgrade`, or by a dump.

**Source.** docker-library/postgres, pull requests 1259 and 1409, and its `docker-entrypoint.sh`; tried with an image of 17: the
engine mounts a volume without a name below a mount at `/var/lib/postgresql`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// The variable that moves the data.
const PGDATA: &str = "PGDATA";

/// Where 18 and newer have their volume.
const NEW: &str = "/var/lib/postgresql";

/// Where older ones have it.
const OLD: &str = "/var/lib/postgresql/data";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(judge(context, plan, service));
        }
    }
}

fn judge(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let image = service.image.as_ref().filter(|_| service.build.is_none())?.with_defaults()?;
    let major = major(&image)?;
    if service.environment.contains_key(PGDATA) {
        return None;
    }
    let at = |place: &str| service.volumes.iter().find(|mount| mount.mount.place() == place && is_kept(mount));
    let environment = Some(plan.environment.as_str());
    let name = &service.name;
    let (mount, message, label, place) = if major >= 18 {
        let mount = at(OLD)?;
        let message = format!("`{name}` runs PostgreSQL {major}, which does not keep its data in `{OLD}`");
        (mount, message, "the place of 17 and older", NEW)
    } else {
        let mount = at(NEW).filter(|_| at(OLD).is_none())?;
        let message =
            format!("`{name}` runs PostgreSQL {major}, which keeps its data on a volume of its own in `{OLD}`");
        (mount, message, "the place of 18 and newer", OLD)
    };
    let runs = context.origin_of(plan, name, if service.kind.is_some() { "version" } else { "image" }, &["image"]);
    let primary = Label::value(environment, mount.origin.clone(), label);
    let finding = Finding::new(RULE.id, RULE.severity, message, primary);
    let finding = finding.with(Label::value(environment, runs, format!("PostgreSQL {major}")));
    let finding = finding.help(format!("mount it at `{place}`"));
    // Where a kind has its own mount, the other one is one too many.
    Some(match range(context, plan, mount).filter(|_| service.kind.is_none()) {
        Some(range) => {
            let title = format!("mount it at `{place}`");
            finding.fix(Fix::new(title).replace(environment, mount.origin.clone(), range, place))
        }
        None => finding,
    })
}

/// The bytes of the target, in a mount that somebody wrote in the short syntax.
fn range(context: &Context<'_>, plan: &Plan, mount: &PlannedMount) -> Option<Range<usize>> {
    let Some(Step::Index(index)) = mount.origin.steps().last() else { return None };
    let service = mount.origin.key_at(1).filter(|_| mount.origin.key_at(2) == Some("volumes"))?;
    let written = context.manifest(plan)?.services.get(service)?.volumes.as_ref()?.get(*index)?;
    let start = written.find(&format!(":{}", mount.mount.target)).filter(|_| !written.contains('$'))? + 1;
    Some(start..start + mount.mount.target.len())
}

fn is_kept(mount: &PlannedMount) -> bool {
    matches!(mount.mount.source, Source::Volume(_) | Source::Bind(_))
}

/// The major version of `PostgreSQL` in an image that is `postgres`, or built on it.
fn major(image: &str) -> Option<u32> {
    let image = image.split('@').next()?;
    let (name, tag) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))?;
    let path = name.strip_prefix("docker.io/").unwrap_or(name);
    let digits = match path.strip_prefix("library/").unwrap_or(path) {
        "postgres"
        | "postgis/postgis"
        | "public.ecr.aws/docker/library/postgres"
        | "mirror.gcr.io/library/postgres" => tag,
        // `pg18`, `0.8.1-pg18-trixie`.
        "pgvector/pgvector" => tag.split('-').find_map(|word| word.strip_prefix("pg"))?,
        _ => return None,
    };
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_images() {
        for (image, expected) in [
            ("postgres:18", Some(18)),
            ("postgres:18-alpine", Some(18)),
            ("postgres:17.6-bookworm@sha256:abc", Some(17)),
            ("docker.io/library/postgres:18.1", Some(18)),
            ("pgvector/pgvector:pg18", Some(18)),
            ("pgvector/pgvector:0.8.1-pg17-trixie", Some(17)),
            ("postgis/postgis:18-3.6", Some(18)),
            ("postgres", None),
            ("postgres:latest", None),
            ("postgres:alpine", None),
            ("bitnami/postgresql:18", None),
            ("registry:5000/postgres", None),
        ] {
            assert_eq!(major(image), expected, "{image}");
        }
    }
}

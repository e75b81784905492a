//! `scrape-target`: see [`RULE`].

use super::datastore_without_volume::images;
use super::{Context, Rule};
use crate::compose::volume::clean;
use crate::diagnostics::{Finding, Label, Severity};
use crate::kinds::{Class, Loads};
use crate::plan::{Plan, PlannedMount, Service};

/// Metrics that nobody gives, and files that nobody reads.
pub(super) static RULE: Rule = Rule {
    id: "scrape-target",
    severity: Severity::Warning,
    summary: "metrics that a port does not speak, or a rule file or dashboard that nothing loads",
    docs: "\
A data store has `metrics`, and no port of its own for them. Or a file with rules of Prometheus, or a dashboard of Grafana, is
mounted where the program does not look: it reads what its option names, `rules` or `dashboards`.

**Why it breaks.** PostgreSQL, Redis and their like speak their own protocol, and no HTTP; an exporter asks them. What lies beside the
directory that the configuration names is never opened.

**How it shows.** Prometheus shows the target as `down`, for ever. An alert is never raised, a dashboard is not there, and no log has
anything about it.

```toml
[services.prometheus]
kind = \"prometheus\"
version = \"3.5.0\"
volumes = [\"./alerts.yml:/etc/prometheus/alerts.yml:ro\"]     # bad: nothing loads it
rules = [\"alerts.yml\"]                                       # good
```

**Fix.** Remove `metrics`, and run an exporter beside the data store; name files in the option.

**Source.** Prometheus docs, \"Exporters and integrations\" and `rule_files`; Grafana docs, \"Provision Grafana\".
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(silent(context, plan, service));
            let kind = service.kind.as_ref().and_then(|kind| context.read.kinds.get(kind));
            for loads in kind.into_iter().flat_map(|kind| &kind.loads) {
                findings.extend(unread(context, plan, service, loads));
            }
        }
    }
}

/// A data store that is asked for metrics at the port of its own protocol.
fn silent(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let metrics = service.metrics.as_ref()?;
    let written = context.manifest(plan)?.services.get(&service.name)?;
    let kind = service.kind.as_ref().and_then(|kind| context.read.kinds.get(kind));
    let is_datastore = service.class == Class::Datastore || images::of_service(service).is_some();
    let speaks = kind.is_some_and(|kind| kind.metrics.is_some());
    if !is_datastore || speaks || written.metrics.is_none() || metrics.port != service.port {
        return None;
    }
    let name = &service.name;
    let port = metrics.port.map_or_else(String::new, |port| format!(" on {port}"));
    let message = format!("`{name}` speaks its own protocol{port}, and no metrics");
    let place = context.origin_of(plan, name, "metrics", &[]);
    let label = Label::value(Some(&plan.environment), place, "nobody answers with metrics");
    Some(
        Finding::new(RULE.id, RULE.severity, message, label)
            .help("run an exporter beside it, and give that one `metrics`"),
    )
}

/// Files that lie where the program does not look.
fn unread(context: &Context<'_>, plan: &Plan, service: &Service, loads: &Loads) -> Vec<Finding> {
    let is_below = |path: &str, folder: &str| {
        let folder = folder.trim_end_matches('/');
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let places = || service.volumes.iter().filter(|mount| is_written(mount));
    // Whoever configures it says where it looks.
    let is_own = |mount: &PlannedMount| {
        loads.unless.iter().any(|place| is_below(&mount.mount.place(), place) || is_below(place, &mount.mount.place()))
    };
    if places().any(is_own) || service.passthrough.contains_key("command") {
        return Vec::new();
    }
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
    let is_read = written.is_some_and(|written| written.options.contains_key(&loads.option));
    if written.is_some_and(|written| written.command.is_some()) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for mount in places() {
        let target = mount.mount.place();
        let is_such = loads.suffixes.iter().any(|suffix| target.ends_with(suffix.as_str()));
        let is_folder = target == clean(&loads.from);
        let is_there = is_below(&target, &loads.from);
        if !(is_such && is_below(&target, &loads.below) || is_folder) || (is_there && is_read) {
            continue;
        }
        let (option, what, name) = (&loads.option, &loads.what, &service.name);
        let message = format!("`{name}` reads no {what} from `{target}`");
        let label = Label::value(Some(&plan.environment), mount.origin.clone(), "nothing loads it");
        let help = format!("name it in `{option}`, and take the mount away");
        findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
    }
    findings
}

/// Whether somebody wrote the mount, and not the kind.
fn is_written(mount: &PlannedMount) -> bool {
    matches!(mount.origin.key_at(2), Some("volumes" | "compose"))
}

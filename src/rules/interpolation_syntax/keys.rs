//! Variables in keys, which Compose takes as they stand (compose-spec, "Interpolation"; tried with `docker compose config`
//! 2.40).

use super::RULE;
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::source::KeyPath;

pub(super) fn check(plan: &Plan, manifest: &Manifest, findings: &mut Vec<Finding>) {
    let services = manifest.services.iter().filter(|(name, _)| plan.services.contains_key(*name));
    for (name, service) in services {
        let path = KeyPath::of(["services", name]);
        for key in service.labels.keys() {
            findings.extend(judge(plan, &path.key("labels"), key));
        }
        table(plan, &path.key("compose"), &service.compose, findings);
    }
    table(plan, &KeyPath::of(["compose"]), &manifest.compose, findings);
}

fn table(plan: &Plan, path: &KeyPath, table: &toml::Table, findings: &mut Vec<Finding>) {
    for (key, value) in table {
        findings.extend(judge(plan, path, key));
        within(plan, &path.key(key), value, findings);
    }
}

fn within(plan: &Plan, path: &KeyPath, value: &toml::Value, findings: &mut Vec<Finding>) {
    match value {
        toml::Value::Table(inner) => table(plan, path, inner, findings),
        toml::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                within(plan, &path.index(index), item, findings);
            }
        }
        _ => {}
    }
}

fn judge(plan: &Plan, table: &KeyPath, key: &str) -> Option<Finding> {
    let looks_so = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{');
    if !key.match_indices('$').any(|(at, _)| key[at + 1..].starts_with(looks_so)) {
        return None;
    }
    let label = Label::key(Some(&plan.environment), table.key(key), "taken as it stands");
    let message = "a variable in a key: Compose puts values into values alone";
    let help = "write the name out; in a list, `[\"NAME=value\"]`, the whole line is a value";
    Some(Finding::new(RULE.id, Severity::Hint, message, label).help(help))
}

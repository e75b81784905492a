//! Options in labels and in `[middlewares]`.

use toml::Value;

use super::RULE;
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::plan::{Plan, Service};
use crate::rules::{Context, label_decode};
use crate::source::{KeyPath, Part};
use crate::traefik::dynamic::labels::{UNKNOWN, decode};
use crate::traefik::dynamic::{self, Effect, Field, Kind, Old, value};

/// What takes the place of an option by its name alone.
const RENAMED: [(&str, &str); 2] = [("ipWhiteList", "ipAllowList"), ("featurePolicy", "permissionsPolicy")];

pub(super) fn check(context: &Context<'_>, plan: &Plan, findings: &mut Vec<Finding>) {
    let minor = label_decode::minor(context, plan).unwrap_or(dynamic::NEWEST);
    for service in plan.services.values() {
        of_service(context, plan, service, minor, findings);
    }
    let Some(manifest) = context.manifest(plan) else { return };
    for (name, types) in &manifest.middlewares {
        for (key, options) in types {
            let field =
                dynamic::find(dynamic::middlewares(), key).or_else(|| dynamic::find(dynamic::tcp_middlewares(), key));
            let Some(field) = field else { continue };
            let mut walk = Walk { plan, minor, findings };
            walk.option(field, &Value::Table(options.clone()), &KeyPath::of(["middlewares", name, key]));
        }
    }
}

fn of_service(context: &Context<'_>, plan: &Plan, service: &Service, minor: u32, findings: &mut Vec<Finding>) {
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
    let Some(written) = written.filter(|_| !service.labels.is_empty()) else { return };
    let values: Vec<(&str, String)> =
        service.labels.iter().map(|(name, text)| (name.as_str(), text.with_unknown(UNKNOWN))).collect();
    let decoded = decode(values.iter().map(|(name, value)| (*name, value.as_str())), None);
    for set in &decoded.set {
        let Some(old) = set.field.old.filter(|old| old.since <= minor) else { continue };
        let is_off = values.iter().any(|(name, value)| *name == set.label && value::boolean(value) == Some(false));
        let Some(found) = written.written_label(&service.name, set.label).filter(|_| !is_no(set.field, is_off)) else {
            continue;
        };
        let part = if found.start == 0 { Part::Key } else { Part::Inside(0..set.label.len()) };
        let label = Label::entry(Some(&plan.environment), found.path, part, text(old));
        findings.push(finding(set.field, old, label));
    }
}

/// Whether something is switched off that does nothing anyway.
fn is_no(field: &Field, is_off: bool) -> bool {
    is_off && matches!(field.kind, Kind::Bool) && field.old.is_some_and(|old| old.effect != Effect::Works)
}

struct Walk<'w, 'p> {
    plan: &'p Plan,
    minor: u32,
    findings: &'w mut Vec<Finding>,
}

impl Walk<'_, '_> {
    fn option(&mut self, field: &'static Field, written: &Value, path: &KeyPath) {
        let environment = Some(self.plan.environment.as_str());
        let is_off = match written {
            Value::Boolean(is_on) => !is_on,
            Value::String(text) => value::boolean(text) == Some(false),
            _ => false,
        };
        if let Some(old) = field.old.filter(|old| old.since <= self.minor && !is_no(field, is_off)) {
            let label = Label::key(environment, path.clone(), text(old));
            let renamed = RENAMED.iter().find(|(name, _)| *name == field.name);
            let fix =
                renamed.map(|(_, name)| Fix::new(format!("write `{name}`")).rename(environment, path.clone(), *name));
            self.findings.push(finding(field, old, label).fix(fix));
            return;
        }
        if let (Kind::Table(fields), Value::Table(table)) = (field.kind, written) {
            for (key, written) in table {
                if let Some(field) = dynamic::find(fields, key) {
                    self.option(field, written, &path.key(key));
                }
            }
        }
    }
}

fn text(old: Old) -> &'static str {
    match old.effect {
        Effect::Works => "deprecated",
        Effect::Missing | Effect::Needless => "without effect",
    }
}

fn finding(field: &Field, old: Old, label: Label) -> Finding {
    let (name, since) = (field.name, old.since);
    let (severity, message) = match old.effect {
        Effect::Works => (
            Severity::Warning,
            format!("`{name}` is deprecated since Traefik 3.{since}, and a later version will not know it"),
        ),
        Effect::Missing => (Severity::Error, format!("Traefik 3 reads `{name}` and does nothing about it")),
        Effect::Needless => {
            (Severity::Warning, format!("Traefik 3 has no use for `{name}`, and a later version will not know it"))
        }
    };
    Finding::new(RULE.id, severity, message, label).help(old.instead)
}

//! What labels of two services define under one name.

use std::collections::HashMap;

use super::RULE;
use crate::diagnostics::{Finding, Label};
use crate::plan::{Plan, Service};
use crate::rules::Context;
use crate::source::Part;
use crate::traefik::dynamic::named::named;
use crate::traefik::rule::UNKNOWN;

/// What Traefik leaves out where it compares two services of one name.
const SERVERS: &str = "loadbalancer.server.";

/// What a service defines under a name: its options, resolved, and where the first of them stands.
struct Definition<'p> {
    service: &'p Service,
    options: Vec<(String, String)>,
    label: &'p str,
}

/// Adds to the findings from `before` on, which are about the routes of the plans.
pub(super) fn check(context: &Context<'_>, before: usize, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for (section, group) in [
            ("http", "routers"),
            ("http", "middlewares"),
            ("http", "services"),
            ("tcp", "routers"),
            ("tcp", "middlewares"),
            ("tcp", "services"),
            ("udp", "routers"),
            ("udp", "services"),
        ] {
            group_of(context, plan, section, group, before, findings);
        }
    }
}

fn group_of(
    context: &Context<'_>,
    plan: &Plan,
    section: &str,
    group: &str,
    before: usize,
    findings: &mut Vec<Finding>,
) {
    let mut known: HashMap<&str, Definition<'_>> = HashMap::new();
    for service in plan.services.values() {
        if service.labels.is_empty() || crate::traefik::is_disabled(service) {
            continue;
        }
        for (_, named) in named(service.labels.keys().map(String::as_str), section, group) {
            // Routers with a rule are the plan's, and compared there.
            let Some(label) =
                named.options.values().next().copied().filter(|_| group != "routers" || !named.has("rule"))
            else {
                continue;
            };
            let value =
                |label: &str| service.labels.get(label).map(|text| text.with_unknown(UNKNOWN)).unwrap_or_default();
            let mut options: Vec<(String, String)> = named
                .options
                .iter()
                .filter(|(option, _)| group != "services" || !option.starts_with(SERVERS))
                .map(|(option, label)| (option.clone(), value(label)))
                .collect();
            options.sort_unstable();
            let this = Definition { service, options, label };
            match known.get(named.name) {
                None => {
                    known.insert(named.name, this);
                }
                Some(other) if service.runs_beside(other.service) => {
                    if let Some(finding) = meet(context, plan, group, named.name, &this, other)
                        && !findings
                            .iter()
                            .skip(before)
                            .any(|known| known.message.ends_with(&format!("`{}`", named.name)))
                    {
                        findings.push(finding);
                    }
                }
                Some(_) => {}
            }
        }
    }
}

fn meet(
    context: &Context<'_>,
    plan: &Plan,
    group: &str,
    name: &str,
    this: &Definition<'_>,
    other: &Definition<'_>,
) -> Option<Finding> {
    let is_equal = this.options == other.options;
    let what = group.trim_end_matches('s');
    if is_equal && group != "services" {
        return None;
    }
    let (first, second) = (place(context, plan, this, "this one"), place(context, plan, other, "and this one"));
    // What is made from routes on both sides is compared there.
    let (primary, secondary) = match (first, second) {
        (Some(first), second) => (first, second),
        (None, Some(second)) => (second, None),
        (None, None) => return None,
    };
    let message = if is_equal {
        format!(
            "`{}` and `{}` are one for Traefik, which sends requests for either to both: each is its service `{name}`",
            this.service.name, other.service.name
        )
    } else {
        format!("two different things would be Traefik's {what} `{name}`")
    };
    let finding = Finding::new(RULE.id, RULE.severity, message, primary).with_all(secondary);
    Some(finding.help(format!("give the {what} of one of them another name")))
}

/// The label of a definition, where somebody wrote it.
fn place(context: &Context<'_>, plan: &Plan, definition: &Definition<'_>, text: &str) -> Option<Label> {
    let name = &definition.service.name;
    let written = context.manifest(plan)?.services.get(name)?.written_label(name, definition.label)?;
    let part = if written.start == 0 { Part::Key } else { Part::Inside(0..definition.label.len()) };
    Some(Label::entry(Some(&plan.environment), written.path, part, text))
}

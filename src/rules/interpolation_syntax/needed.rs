//! Variables that must be set although only a default needs them: Compose reads what follows an operator whether it is
//! needed or not (tried with `docker compose config` 2.40).

use std::collections::HashSet;

use super::RULE;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Form, Part, Plan, Text};
use crate::source::KeyPath;

pub(super) fn check(plan: &Plan, findings: &mut Vec<Finding>) {
    let defaults =
        || plan.variables.iter().filter_map(|(name, variable)| Some((name, variable, variable.default.as_ref()?)));
    let candidates = defaults().flat_map(|(name, variable, default)| {
        demanded(default).into_iter().map(move |needed| (name.as_str(), &variable.origin, needed))
    });
    let candidates: Vec<(&str, &KeyPath, &str)> = candidates.collect();
    if candidates.is_empty() {
        return;
    }
    // What something else needs is asked for anyway.
    let mut needed_anyway: HashSet<&str> = HashSet::new();
    let mut note = |text: &'_ Text| {
        needed_anyway.extend(
            demanded(text)
                .into_iter()
                .filter_map(|name| plan.variables.get_key_value(name))
                .map(|(name, _)| name.as_str()),
        );
    };
    plan.each_own_text(&mut note);
    plan.services.values().for_each(|service| service.each_text(&mut note));
    for (name, origin, needed) in candidates.into_iter().filter(|(_, _, needed)| !needed_anyway.contains(needed)) {
        let environment = Some(plan.environment.as_str());
        let is_declared = origin.key_at(0) == Some("variables");
        let place = if is_declared { origin.key("default") } else { origin.clone() };
        let message =
            format!("Compose asks for `{needed}` even where `{name}` is set: it reads each default, needed or not");
        let mut finding = Finding::new(
            RULE.id,
            Severity::Warning,
            message,
            Label::value(environment, place, format!("needs `{needed}`")),
        );
        if let Some(other) = plan.variables.get(needed) {
            finding = finding.with(Label::key(environment, other.origin.clone(), "must be set"));
        }
        findings.push(finding.help(format!("give `{needed}` a default, or say `required = false` of it")));
    }
}

/// The variables that must be set for this text itself, and not only for a default in it.
fn demanded(text: &Text) -> Vec<&str> {
    let of = |part| match part {
        &Part::Variable { ref name, form: Some((Form::RequireNonEmpty | Form::RequireSet, _)) } => Some(name.as_str()),
        _ => None,
    };
    text.parts().iter().filter_map(of).collect()
}

//! The very bytes that a finding is about.

use std::ops::Range;

use crate::diagnostics::{Finding, Label};
use crate::manifest::Alignment;
use crate::manifest::text::Text;
use crate::plan::Plan;
use crate::rules::Rule;
use crate::source::{KeyPath, Part};

/// A finding about a problem of a plan, at the very bytes where it stands.
pub(crate) fn at_problem(
    rule: &Rule,
    plan: &Plan,
    problem: &crate::plan::Problem,
    message: String,
    label: &str,
) -> Finding {
    Finding::new(rule.id, rule.severity, message, place_of(plan, problem, label))
}

/// The very bytes where a problem of a plan stands.
pub(crate) fn place_of(plan: &Plan, problem: &crate::plan::Problem, label: &str) -> Label {
    let part = problem.range.clone().map_or(Part::Value, Part::Inside);
    Label::entry(Some(&plan.environment), problem.path.clone(), part, label)
}

/// The declaration with the default that a text has taken, where that does not stand at `place` itself.
pub(crate) fn declared_default(plan: &Plan, text: &crate::plan::Text, place: &KeyPath) -> Option<Label> {
    let declared = text.variables().into_iter().filter_map(|name| plan.variables.get(name));
    let declared = declared.filter(|variable| variable.default.is_some());
    let is_elsewhere = |origin: &&KeyPath| *origin != place && origin.key_at(0) == Some("variables");
    let origin = declared.map(|variable| &variable.origin).find(is_elsewhere)?;
    Some(Label::key(Some(&plan.environment), origin.clone(), "has this default"))
}

/// Where a part of a text comes from whose variables have taken their defaults: the part as written, and the declarations
/// of the variables that it touches.
pub(crate) fn trace(plan: &Plan, written: &str, resolved: &str, range: &Range<usize>) -> (Part, Vec<Label>) {
    let Some(alignment) = Alignment::new(written, resolved).filter(|_| !range.is_empty()) else {
        return (Part::Value, Vec::new());
    };
    let names = alignment.holes(range).filter_map(|hole| Text::parse(written.get(hole)?).0.into_variable());
    let origins = names.filter_map(|name| plan.variables.get(&name).map(|variable| &variable.origin));
    let declared = origins.filter(|origin| origin.key_at(0) == Some("variables"));
    let label =
        |origin: &KeyPath| Label::value(Some(&plan.environment), origin.key("default"), "the value comes from here");
    (Part::Inside(alignment.written(range)), declared.map(label).collect())
}

//! `unused-allow`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// An `allow` that silences nothing.
pub(super) static RULE: Rule = Rule {
    id: "unused-allow",
    severity: Severity::Warning,
    summary: "an `allow` that silences nothing",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

/// The finding about an `allow` entry that silenced nothing.
pub(super) fn finding(environment: &str, path: crate::source::KeyPath, rule: &str) -> Finding {
    let label = crate::diagnostics::Label::key(Some(environment), path, "");
    Finding::new(RULE.id, RULE.severity, format!("`{rule}`"), label)
}

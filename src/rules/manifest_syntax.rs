//! `manifest-syntax`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A text that is no TOML, or a value of the wrong type.
pub(super) static RULE: Rule = Rule {
    id: "manifest-syntax",
    severity: Severity::Error,
    summary: "a text that is no TOML, or a value of the wrong type",
    docs: "",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

/// The finding about a problem, where it is one of this rule's.
pub(super) fn finding(problem: &crate::manifest::Problem) -> Option<Finding> {
    let _ = problem;
    None
}

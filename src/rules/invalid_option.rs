//! `invalid-option`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// An option of a kind with a value it does not take.
pub(super) static RULE: Rule = Rule {
    id: "invalid-option",
    severity: Severity::Error,
    summary: "an option of a kind with a value it does not take",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

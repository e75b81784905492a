//! `unknown-kind`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A kind that does not exist.
pub(super) static RULE: Rule = Rule {
    id: "unknown-kind",
    severity: Severity::Error,
    summary: "a kind that does not exist",
    docs: "",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

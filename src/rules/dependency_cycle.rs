//! `dependency-cycle`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// Services that wait for each other.
pub(super) static RULE: Rule = Rule {
    id: "dependency-cycle",
    severity: Severity::Error,
    summary: "services that wait for each other",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

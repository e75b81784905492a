//! `port-invalid`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A port or port mapping that cannot be.
pub(super) static RULE: Rule = Rule {
    id: "port-invalid",
    severity: Severity::Error,
    summary: "a port or port mapping that cannot be",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

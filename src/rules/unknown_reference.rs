//! `unknown-reference`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A service, output or network that does not exist.
pub(super) static RULE: Rule = Rule {
    id: "unknown-reference",
    severity: Severity::Error,
    summary: "a service, output or network that does not exist",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

//! `incomplete-service`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A service that lacks what it needs to run.
pub(super) static RULE: Rule = Rule {
    id: "incomplete-service",
    severity: Severity::Error,
    summary: "a service that lacks what it needs to run",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

//! `route-overlap`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// Two routers that want the same request.
pub(super) static RULE: Rule = Rule {
    id: "route-overlap",
    severity: Severity::Error,
    summary: "two routers that want the same request",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

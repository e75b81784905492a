//! `healthcheck-tool`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A probe that the image has no tool for.
pub(super) static RULE: Rule = Rule {
    id: "healthcheck-tool",
    severity: Severity::Error,
    summary: "a probe that the image has no tool for",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

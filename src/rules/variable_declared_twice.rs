//! `variable-declared-twice`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A variable with two declarations.
pub(super) static RULE: Rule = Rule {
    id: "variable-declared-twice",
    severity: Severity::Error,
    summary: "a variable with two declarations",
    docs: "",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

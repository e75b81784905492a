//! `missing-env-var`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A variable that nothing declares.
pub(super) static RULE: Rule = Rule {
    id: "missing-env-var",
    severity: Severity::Error,
    summary: "a variable that nothing declares",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

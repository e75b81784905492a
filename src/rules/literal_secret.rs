//! `literal-secret`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A secret that stands in the file.
pub(super) static RULE: Rule = Rule {
    id: "literal-secret",
    severity: Severity::Warning,
    summary: "a secret that stands in the file",
    docs: "",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

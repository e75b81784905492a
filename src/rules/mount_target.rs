//! `mount-target`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A mount that the engine refuses.
pub(super) static RULE: Rule = Rule {
    id: "mount-target",
    severity: Severity::Error,
    summary: "a mount that the engine refuses",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

//! `dockerfile-conflict`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// One Dockerfile that would need two contents.
pub(super) static RULE: Rule = Rule {
    id: "dockerfile-conflict",
    severity: Severity::Error,
    summary: "one Dockerfile that would need two contents",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

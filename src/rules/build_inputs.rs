//! `build-inputs`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A service that cannot be built from what is there.
pub(super) static RULE: Rule = Rule {
    id: "build-inputs",
    severity: Severity::Error,
    summary: "a service that cannot be built from what is there",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

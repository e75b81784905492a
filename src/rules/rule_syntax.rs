//! `rule-syntax`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A path, host or rule that Traefik does not take.
pub(super) static RULE: Rule = Rule {
    id: "rule-syntax",
    severity: Severity::Error,
    summary: "a path, host or rule that Traefik does not take",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

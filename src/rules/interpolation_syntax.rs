//! `interpolation-syntax`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A `$` expression that Compose rejects or reads otherwise.
pub(super) static RULE: Rule = Rule {
    id: "interpolation-syntax",
    severity: Severity::Error,
    summary: "a `$` expression that Compose rejects or reads otherwise",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

//! `undefined-routing-reference`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A middleware, entry point or resolver that nothing defines.
pub(super) static RULE: Rule = Rule {
    id: "undefined-routing-reference",
    severity: Severity::Error,
    summary: "a middleware, entry point or resolver that nothing defines",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

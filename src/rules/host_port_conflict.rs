//! `host-port-conflict`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// Two services that want the same port of the host.
pub(super) static RULE: Rule = Rule {
    id: "host-port-conflict",
    severity: Severity::Error,
    summary: "two services that want the same port of the host",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

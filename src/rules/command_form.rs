//! `command-form`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A command that cannot run without a shell.
pub(super) static RULE: Rule = Rule {
    id: "command-form",
    severity: Severity::Error,
    summary: "a command that cannot run without a shell",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

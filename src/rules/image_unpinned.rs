//! `image-unpinned`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// An image without a tag, or with `latest`.
pub(super) static RULE: Rule = Rule {
    id: "image-unpinned",
    severity: Severity::Warning,
    summary: "an image without a tag, or with `latest`",
    docs: "",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

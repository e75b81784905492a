//! `invalid-service-name`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

/// A name that Compose, DNS or Traefik does not take.
pub(super) static RULE: Rule = Rule {
    id: "invalid-service-name",
    severity: Severity::Error,
    summary: "a name that Compose, DNS or Traefik does not take",
    docs: "",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(_context: &Context<'_>, _findings: &mut Vec<Finding>) {}

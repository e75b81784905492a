//! Options of the static configuration.

use super::RULE;
use crate::diagnostics::{Finding, Fix, Severity};
use crate::plan::Plan;
use crate::rules::Context;
use crate::rules::static_decode::flags::Flags;
use crate::traefik::rule::UNKNOWN;
use crate::traefik::static_flags::{self, Verdict};

pub(super) fn check(context: &Context<'_>, plan: &Plan, findings: &mut Vec<Finding>) {
    let Some(flags) = Flags::of(context, plan) else { return };
    for flag in flags.iter().filter(|flag| flag.is_written() && !flag.name.contains(UNKNOWN)) {
        let finding = match static_flags::judge(&flag.name) {
            Verdict::Removed(old) => {
                let message = format!("version 3 of Traefik has no `{}`, and does not start with it", flag.name);
                let label = flags.at_name(flag, &format!("removed in {}", old.since));
                let fix = flag.table_path(old.steps()).filter(|_| old.is_useless());
                let fix = fix.map(|path| Fix::new("take away what is gone").remove(Some(&plan.environment), path));
                Finding::new(RULE.id, RULE.severity, message, label).help(old.instead).fix(fix)
            }
            Verdict::Deprecated(_, old) => {
                let message = format!("`{}` is deprecated, and a later version of Traefik will not know it", flag.name);
                let label = flags.at_name(flag, &format!("deprecated since {}", old.since));
                Finding::new(RULE.id, Severity::Warning, message, label).help(old.instead)
            }
            Verdict::Known(_) | Verdict::Unknown { .. } => continue,
        };
        findings.push(finding);
    }
}

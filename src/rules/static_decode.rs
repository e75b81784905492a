//! `static-decode`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};
use crate::traefik::rule::UNKNOWN;
use crate::traefik::static_flags::{self, Kind, Verdict};

pub(super) mod flags;

use flags::{Flag, Flags};

/// Static configuration with which the proxy does not start.
pub(super) static RULE: Rule = Rule {
    id: "static-decode",
    severity: Severity::Error,
    summary: "static configuration that Traefik cannot read",
    docs: "\
`static` of the proxy, or a command that takes the place of its flags (also that of a plain `image = \"traefik:…\"`), names an option that Traefik v3 does not have, or
gives one a value that it cannot read.

**Why it breaks.** Traefik reads all of its flags before it does anything, and ends at the first one that it does not
know. There is no proxy then, for any service. The names of options do not depend on case; a truth value is `true` or
`false`, never `yes`; a time has a unit, or is a number of seconds. What stands for a whole part, such as `ping`, is
switched off by anything but `true`.

**How it shows.** Compose takes the file. The proxy's container restarts again and again, with `field not found, node:
exposedByDefualt` or `strconv.ParseBool: parsing \"yes\": invalid syntax` in its log, and nothing answers.

```toml
[services.traefik.static]
serversTransport.insecureSkipVerfiy = true        # bad: a typing error
accessLog.bufferingSize = \"many\"                  # bad: no number

[services.traefik.static]
serversTransport.insecureSkipVerify = true        # good
accessLog.bufferingSize = 100                     # good
```

**Fix.** Write the option as Traefik's reference does. What is not part of the static configuration, such as routers and
TLS options, belongs in labels or in a file of the file provider.

**Source.** Traefik docs, \"Install Configuration\"; `traefik --help`. Every option was tried with Traefik 3.7.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let Some(flags) = Flags::of(context, plan) else { continue };
        for flag in flags.iter().filter(|flag| flag.is_written() && !flag.name.contains(UNKNOWN)) {
            if !Context::has_flaw(plan, flag.path()) {
                findings.extend(judge(&flags, flag));
            }
        }
    }
}

fn judge(flags: &Flags<'_>, flag: &Flag) -> Option<Finding> {
    let kind = match static_flags::judge(&flag.name) {
        Verdict::Unknown { part, meant } => {
            let word = flag.name.get(part.clone()).unwrap_or_default();
            let above = flag.name.get(..part.start.saturating_sub(1)).filter(|above| !above.is_empty());
            let message = match above {
                Some(above) => format!("Traefik has no option `{word}` in `{above}`, and does not start with it"),
                None => format!("Traefik has no option `{word}`, and does not start with it"),
            };
            let label = flags.at_part(flag, &part, "not an option of the static configuration");
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write an option of Traefik's static configuration, or take it away; what is not static goes \
                         into labels, or into a file of the file provider"
                    .to_owned(),
            };
            return Some(Finding::new(RULE.id, RULE.severity, message, label).help(help));
        }
        // Somebody else's.
        Verdict::Removed(_) => return None,
        Verdict::Known(kind) | Verdict::Deprecated(kind, _) => kind,
    };
    if flag.value.contains(UNKNOWN) || kind.reads(&flag.value) {
        return None;
    }
    let message = match kind {
        Kind::Section => format!("anything but `true` switches `{}` off, and Traefik says nothing of it", flag.name),
        _ => format!("Traefik cannot read the value of `{}`, and does not start with it", flag.name),
    };
    let label = flags.at_value(flag, &format!("not {}", kind.takes()));
    Some(Finding::new(RULE.id, RULE.severity, message, label).help(format!("write {}", kind.takes())))
}

//! `dependency-profile-gap`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Service};
use crate::source::KeyPath;

/// A service that may start without the one it depends on.
pub(super) static RULE: Rule = Rule {
    id: "dependency-profile-gap",
    severity: Severity::Error,
    summary: "a choice of profiles with which a service starts, and not what it depends on",
    docs: "\
A service depends on another one that has `profiles`, and there is a choice of profiles with which only the first of the
two starts: it has no profiles, or one that the other does not have. References are dependencies too, and so are
`network_mode`, `ipc`, `pid`, `volumes_from` and `links` in `compose`.

**Why it breaks.** Compose leaves out the services whose profiles nobody asks for, and then refuses a file in which one is
missing that another depends on. It never adds a profile for a dependency.

**How it shows.** `service \"web\" depends on undefined service \"mail\": invalid compose project`, from every command of
Compose with that choice; with others all is well.

```toml
[services.mail]
image = \"axllent/mailpit:v1.27\"
profiles = [\"tools\"]

[services.web]
image = \"web:1.4\"
depends-on = [\"mail\"]                                       # bad: web always starts, mail does not

[services.web]
image = \"web:1.4\"
compose.depends_on.mail = { condition = \"service_started\", required = false }    # good: with or without mail
```

**Fix.** Give the dependency every profile of the service, or none. `depends-on.mail = false` keeps a reference and its
network and does not wait; `required = false` waits where both start.

**Source.** compose-spec, \"Profiles\" and `depends_on`; tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let named = service.depends_on.iter().filter(|(_, dependency)| dependency.required);
            let named = named.map(|(name, dependency)| (name.clone(), dependency.origin.clone()));
            let joined = service.joined().into_iter().map(|reference| (reference.service, reference.origin));
            let mut told: Vec<String> = Vec::new();
            for (name, origin) in named.chain(joined) {
                if let Some(target) = plan.services.get(&name)
                    && let Some(gap) = gap(service, target)
                    && !told.contains(&name)
                {
                    told.push(name);
                    findings.push(finding(context, plan, service, target, gap, &origin));
                }
            }
        }
    }
}

/// With what a service starts without the other one.
#[derive(Debug, Clone, Copy)]
enum Gap<'p> {
    /// It always starts.
    Always,
    /// This profile is asked for.
    Profile(&'p str),
}

fn gap<'p>(service: &'p Service, target: &Service) -> Option<Gap<'p>> {
    if target.profiles.is_empty() {
        return None;
    }
    if service.profiles.is_empty() {
        return Some(Gap::Always);
    }
    service.profiles.iter().find(|profile| !target.profiles.contains(profile)).map(|profile| Gap::Profile(profile))
}

fn finding(
    context: &Context<'_>,
    plan: &Plan,
    service: &Service,
    target: &Service,
    gap: Gap<'_>,
    origin: &KeyPath,
) -> Finding {
    let (from, to) = (&service.name, &target.name);
    let environment = Some(plan.environment.as_str());
    let profiles = |service: &Service| context.origin_of(plan, &service.name, "profiles", &["profiles"]);
    let message = match gap {
        Gap::Always => format!("`{from}` always starts, and `{to}`, on which it depends, only with a profile"),
        Gap::Profile(profile) => {
            format!("with the profile `{profile}`, `{from}` starts without `{to}`, on which it depends")
        }
    };
    let primary = if origin.steps().len() > 2 {
        Label::value(environment, origin.clone(), format!("depends on `{to}`"))
    } else {
        context.key_of(plan, origin, &format!("depends on `{to}`"))
    };
    let mut finding = Finding::new(RULE.id, RULE.severity, message, primary);
    finding = finding.with(Label::value(environment, profiles(target), format!("`{to}` starts with one of these")));
    let help = match gap {
        Gap::Always => format!("take `profiles` away from `{to}`, or give `{from}` the same"),
        Gap::Profile(profile) => {
            finding = finding.with(Label::value(environment, profiles(service), format!("`{from}` with one of these")));
            format!("add \"{profile}\" to the profiles of `{to}`")
        }
    };
    let is_reference = origin.key_at(2) != Some("depends-on") && origin.key_at(2) != Some("compose");
    let cut = format!("; `depends-on.{to} = false` keeps the address and does not wait");
    finding.help(if is_reference { help + &cut } else { help })
}

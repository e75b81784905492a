//! `restart-policy`: see [`RULE`].

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{Context, Rule};
use crate::compose::amount;
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{Condition, Plan, Service};
use crate::source::KeyPath;

/// A restart policy that is none, or none where one is needed.
pub(super) static RULE: Rule = Rule {
    id: "restart-policy",
    severity: Severity::Error,
    summary: "a restart policy that is none, or a service of production that nobody starts again",
    docs: "\
`restart` is no word that the engine knows, or has a number where it takes none (`always:3`). Or, as a warning, a service of a
production environment has `restart = \"no\"`: services that end by design (`one-shot`, or awaited until they have) are left
alone.

**Why it breaks.** The engine judges the word, not Compose. Without a policy a process that has ended stays down, also after the
host was started anew.

**How it shows.** `docker compose config` takes any word. `docker compose up` ends with `invalid restart policy: unknown policy
'sometimes'`, or `maximum retry count can only be used with 'on-failure'`. Without a policy, nothing shows until the first crash,
or the next reboot.

```toml
[services.web]
image = \"web:1.4\"
restart = \"always:3\"             # bad: only `on-failure` counts
restart = \"on-failure:3\"         # good
```

**Fix.** Write `always`, `unless-stopped`, `on-failure`, `on-failure:3` or `no`. In production leave it out: it is `unless-stopped`
there.

**Source.** compose-spec, `restart`; Docker docs, \"Start containers automatically\"; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

/// The words, as people write them.
const KNOWN: [&str; 4] = ["no", "always", "unless-stopped", "on-failure"];

/// What `deploy.restart_policy` has for `condition` (compose-spec, "deploy"), and what the engine takes there besides.
const CONDITIONS: [&str; 6] = ["none", "any", "no", "always", "unless-stopped", "on-failure"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        // What stands in the defaults stands there once.
        let mut without: IndexMap<KeyPath, Vec<&Service>> = IndexMap::new();
        // Whoever is awaited until it has ended ends by design.
        let dependencies = plan.services.values().flat_map(|service| &service.depends_on);
        let awaited: HashSet<&str> = dependencies
            .filter(|(_, dependency)| dependency.condition == Condition::Completed)
            .map(|(name, _)| name.as_str())
            .collect();
        let ends = |service: &Service| service.one_shot || awaited.contains(service.name.as_str());
        for service in plan.services.values() {
            findings.extend(condition(plan, service));
            let place = || context.origin_of(plan, &service.name, "restart", &["restart"]);
            match service.restart.as_deref() {
                Some(text) if !amount::is_restart(text) => findings.push(unknown(plan, place(), text)),
                Some("no") if plan.production && !ends(service) => {
                    without.entry(place()).or_default().push(service);
                }
                None if plan.production && !ends(service) && is_taken(service) => {
                    without.entry(place()).or_default().push(service);
                }
                _ => {}
            }
        }
        findings.extend(without.into_iter().map(|(place, services)| stays_down(context, plan, place, &services)));
    }
}

/// Whether `compose` takes the policy away, and names no other.
fn is_taken(service: &Service) -> bool {
    service.passthrough.get("restart").is_some_and(Option::is_none) && condition_of(service).is_none()
}

fn condition_of(service: &Service) -> Option<String> {
    let deploy = service.passthrough.get("deploy")?.as_ref()?.as_map()?;
    deploy.get("restart_policy")?.as_map()?.get("condition")?.to_text()?.with_defaults()
}

fn unknown(plan: &Plan, place: KeyPath, text: &str) -> Finding {
    let label = Label::value(Some(&plan.environment), place, "the engine refuses it");
    let finding = Finding::new(RULE.id, RULE.severity, format!("`{text}` is no restart policy"), label);
    let counted = text.split_once(':').filter(|(word, _)| KNOWN.contains(word));
    finding.help(match counted {
        Some(("on-failure", _)) => "write how often, such as `on-failure:3`, or `on-failure` alone".to_owned(),
        Some((word, count)) => format!("only `on-failure` counts: write `{word}`, or `on-failure:{count}`"),
        None => match words::nearest(text, KNOWN) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`".to_owned(),
        },
    })
}

fn condition(plan: &Plan, service: &Service) -> Option<Finding> {
    let word = condition_of(service).filter(|word| !CONDITIONS.contains(&word.as_str()))?;
    let place = service.origin().key("compose").key("deploy").key("restart_policy").key("condition");
    let label = Label::value(Some(&plan.environment), place, "the engine refuses it");
    let finding = Finding::new(RULE.id, RULE.severity, format!("`{word}` is no restart policy"), label);
    Some(finding.help("write `none`, `on-failure` or `any`"))
}

fn stays_down(context: &Context<'_>, plan: &Plan, place: KeyPath, services: &[&Service]) -> Finding {
    let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
    let stay = if names.len() == 1 { "stays" } else { "stay" };
    let message = format!("{} {stay} down after a crash or a reboot", words::names(&names));
    let label = Label::value(Some(&plan.environment), place, "nobody starts it again");
    Finding::new(RULE.id, Severity::Warning, message, label)
        .with(context.production(plan))
        .help("remove it: in production the policy is `unless-stopped`")
}

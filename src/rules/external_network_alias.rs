//! `external-network-alias`: see [`RULE`].

use indexmap::IndexMap;

use super::alias_shadowing::aliases;
use super::stack_clash::{Pair, label, share_host};
use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity, words};
use crate::plan::{Plan, Raw};
use crate::source::KeyPath;

/// A name that services of two stacks answer to.
pub(super) static RULE: Rule = Rule {
    id: "external-network-alias",
    severity: Severity::Warning,
    summary: "a name that services of two stacks answer to on one network",
    docs: "\
A service of another stack, which `siblings` or the command line of `stackgen check` names, is on the same network of the engine
as one of this stack, and both answer to one name: that of the service, its `container-name`, its `hostname` or an alias.

**Why it breaks.** A network does not know of stacks: on it, the name of a service is an alias like any other, and the engine's
name server answers with the addresses of all who have it.

**How it shows.** Every second request to `redis` reaches the other stack's: sessions are lost and come back, and one stack reads
what the other has written. Neither Compose nor the engine says a word.

```toml
[networks]
edge = { external = true, name = \"proxy\" }

[services.redis]
image = \"redis:7\"
networks = [\"edge\"]          # bad: the other stack's `redis` is there, too

[services.redis]
image = \"redis:7\"
networks = [\"internal\"]      # good: on a network of the stack's own
```

**Fix.** Keep what only this stack calls off the shared network, or give it a name of its own.

**Source.** compose-spec, `networks`, `aliases`: a network-wide alias can be shared by several containers, and which one it leads
to is not guaranteed. Tried with Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// Whom a name belongs to.
struct Owner {
    /// The position of the environment.
    at: usize,
    service: String,
    /// What gives it the name.
    place: KeyPath,
    /// Whether the stack makes the network, and does not only join it.
    makes_network: bool,
}

/// The names on each network of the engine.
type Names = IndexMap<(String, String), Vec<Owner>>;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.siblings.is_empty() {
        return;
    }
    let own = names(context);
    for sibling in context.siblings {
        let Some(their) = sibling.context() else { continue };
        let theirs = names(&their);
        let pair = Pair { context, sibling, their: &their };
        let before = findings.len();
        for ((network, name), owners) in &own {
            let Some(others) = theirs.get(&(network.clone(), name.clone())) else { continue };
            for Owner { at, service, place, makes_network } in owners {
                let ours = &context.plans[*at];
                // A network that both make is a clash of its own.
                let is_met =
                    |it: &&Owner| share_host(ours, &their.plans[it.at]) && !(*makes_network && it.makes_network);
                let Some(Owner { at, service: other, place: origin, .. }) = others.iter().find(is_met) else {
                    continue;
                };
                let theirs = &their.plans[*at];
                let stacks = words::names(&[ours.stack.as_str(), theirs.stack.as_str()]);
                let message = format!(
                    "`{service}` and `{other}` of the stacks {stacks} both answer to `{name}` on the network `{network}`"
                );
                let primary = label(context, ours, place, "answers to it here");
                let finding = Finding::new(RULE.id, RULE.severity, message, primary)
                    .with(pair.theirs(theirs, origin, "and this one there"))
                    .help(format!(
                        "keep `{service}` off that network where nobody else calls it, or give it another name"
                    ));
                findings.push(Finding { environment: Some(ours.environment.clone()), ..finding });
            }
        }
        if findings.len() > before {
            pair.hide_secrets(&mut findings[before]);
        }
    }
}

/// Who answers to what on networks that may be shared: those whose name on the engine is fixed.
fn names(context: &Context<'_>) -> Names {
    let mut names = Names::new();
    for (at, plan) in context.plans.iter().enumerate() {
        for service in plan.services.values() {
            for key in &service.networks {
                let Some((network, is_external)) = name_of(plan, key) else { continue };
                let mut add = |name: String, place: KeyPath| {
                    let owners = names.entry((network.clone(), name.to_ascii_lowercase())).or_default();
                    if !owners.iter().any(|known| known.at == at && known.service == service.name) {
                        let makes_network = !is_external;
                        owners.push(Owner { at, service: service.name.clone(), place, makes_network });
                    }
                };
                add(service.name.clone(), service.origin());
                for alias in aliases(context, plan, service) {
                    if alias.network.is_none_or(|on| on == key)
                        && let Some(name) = alias.text.with_defaults()
                    {
                        add(name, alias.origin);
                    }
                }
            }
        }
    }
    names
}

/// The name of a network on the engine, where it does not begin with the project, and whether it is external.
fn name_of(plan: &Plan, key: &str) -> Option<(String, bool)> {
    let network = plan.networks.get(key);
    let passed = plan.passthrough.get("networks").and_then(Raw::as_map).and_then(|all| all.get(key)?.as_map());
    let passed_name = passed.and_then(|passed| passed.get("name")?.to_text()?.with_defaults());
    let name = passed_name.or_else(|| network?.name.as_ref()?.with_defaults());
    let is_external = network.is_some_and(|network| network.external)
        || matches!(passed.and_then(|passed| passed.get("external")).map(Raw::plain), Some(Raw::Bool(true)));
    name.or_else(|| is_external.then(|| key.to_owned())).map(|name| (name, is_external))
}

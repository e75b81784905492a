//! `swarm-only`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{Plan, Raw, Service, Text};
use crate::source::KeyPath;

/// Words that only a swarm understands.
pub(super) static RULE: Rule = Rule {
    id: "swarm-only",
    severity: Severity::Error,
    summary: "words of Compose that only a swarm understands",
    docs: "\
Under `compose`, the `deploy` of a service has `mode`, `placement`, `endpoint_mode`, `update_config`, `rollback_config` or `labels`:
a warning. Or a network has the driver `overlay`, and is made here: an error.

**Why it breaks.** What stackgen writes is for `docker compose`, on one host. These words are for `docker stack`, on several.

**How it shows.** Not at all: with `mode: global`, or whatever is to be updated in which order, `docker compose up` does what it
does without. Labels in `deploy` are on no container, so a proxy does not see them. An overlay network ends it: `This node is not a
swarm manager`.

```toml
[services.web.compose.deploy]
labels = { \"traefik.enable\" = \"true\" }     # bad: on no container

[services.web.labels]
\"traefik.enable\" = \"true\"                  # good
```

**Fix.** Remove them; `replicas`, `limits` and `reservations` have keys of their own.

**Source.** compose-spec, \"deploy\"; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// What of `deploy` Compose ignores.
const IGNORED: [&str; 6] = ["endpoint_mode", "labels", "mode", "placement", "rollback_config", "update_config"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        findings.extend(plan.services.values().filter_map(|service| deploy(plan, service)));
        findings.extend(overlays(plan));
    }
}

fn deploy(plan: &Plan, service: &Service) -> Option<Finding> {
    let deploy = service.passthrough.get("deploy")?.as_ref()?.as_map()?;
    let is_ignored = |key: &&&str| match deploy.get(**key) {
        // What is so anyway.
        Some(value) if **key == "mode" => value.as_text().and_then(Text::as_literal) != Some("replicated"),
        value => value.is_some(),
    };
    let keys: Vec<&str> = IGNORED.iter().filter(is_ignored).copied().collect();
    let first = keys.first()?;
    let environment = Some(plan.environment.as_str());
    let place = |key: &str| service.origin().key("compose").key("deploy").key(key);
    let named = words::and(&keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>());
    let mean = if keys.len() == 1 { "means" } else { "mean" };
    let message = format!("{named} of `{}` {mean} something to a swarm alone: Compose ignores it", service.name);
    let finding = Finding::new(RULE.id, Severity::Warning, message, Label::key(environment, place(first), "ignored"));
    let finding =
        keys[1..].iter().fold(finding, |finding, key| finding.with(Label::key(environment, place(key), "and this")));
    Some(finding.help(if *first == "labels" { "write `labels` of the service" } else { "remove it" }))
}

fn overlays(plan: &Plan) -> Vec<Finding> {
    let networks = plan.passthrough.get("networks").and_then(Raw::as_map);
    let mut findings = Vec::new();
    for (name, network) in networks.into_iter().flatten() {
        let get = |key: &str| network.as_map().and_then(|network| network.get(key));
        let is_overlay = get("driver").and_then(Raw::as_text).and_then(Text::as_literal) == Some("overlay");
        let is_external = matches!(get("external").map(Raw::plain), Some(Raw::Bool(true)))
            || plan.networks.get(name).is_some_and(|network| network.external);
        if is_overlay && !is_external {
            let message = format!("the network `{name}` is an overlay, which only the manager of a swarm can make");
            let place = KeyPath::of(["compose", "networks", name, "driver"]);
            let label = Label::value(Some(&plan.environment), place, "needs a swarm");
            let help = "remove it: the containers of one host need no overlay";
            findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
        }
    }
    findings
}

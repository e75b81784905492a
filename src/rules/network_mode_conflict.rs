//! `network-mode-conflict`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{NetworkMode, Plan, Raw, Service};
use crate::source::KeyPath;

/// What cannot stand beside a `network_mode`.
pub(super) static RULE: Rule = Rule {
    id: "network-mode-conflict",
    severity: Severity::Error,
    summary: "keys that cannot stand beside a `network_mode`",
    docs: "\
A service has a `network_mode`, in `compose`, and `networks` as well. Or it has the network of another container, `service:vpn`
or `container:vpn`, and asks for something that belongs to that one: published ports, `expose`, `hostname`, `extra_hosts`, `dns`,
`links`. Or the mode is no word that Compose knows, and so the name of a network of the engine: that is a warning.

**Why it breaks.** Who has the network of another has no place of its own in any network: no address, no name, no ports.

**How it shows.** Compose refuses the file with both: `declares mutually exclusive network_mode and networks`. It takes the
rest, and `docker compose up` ends with `conflicting options: port publishing and the container type network mode`, or
`hostname and the network mode`. Of an unknown word the engine says `network foo not found`.

```toml
[services.download]
image = \"download:1.4\"
port = 8080
publish = true                              # bad: its ports are those of vpn
compose.network_mode = \"service:vpn\"

[services.vpn]
image = \"vpn:1.4\"
publish = \"127.0.0.1:8080:8080\"           # good: whoever has the network publishes
```

**Fix.** Write `ports`, `hostname` and the rest at the service whose network it is, or take `network_mode` away.

**Source.** compose-spec, `network_mode`; moby, `runconfig` (the checks of a container's configuration); tried with Docker
Compose 2.40 and Docker 28.5.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// Keys of Compose that belong to whoever has the network.
const OF_THE_OWNER: [&str; 5] = ["dns", "expose", "extra_hosts", "hostname", "links"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let Some(mode) = service.network_mode() else { continue };
            findings.extend(judge(context, plan, service, &mode));
        }
    }
}

fn judge(context: &Context<'_>, plan: &Plan, service: &Service, mode: &NetworkMode) -> Option<Finding> {
    let environment = Some(plan.environment.as_str());
    let name = &service.name;
    let place = service.origin().key("compose").key("network_mode");
    let label = |text: &str| Label::value(environment, place.clone(), text);
    if !service.networks.is_empty() {
        let message = format!("`{name}` has a network mode and networks: Compose takes one or the other");
        let networks = context.origin_of(plan, name, "networks", &["networks"]);
        let finding = Finding::new(RULE.id, RULE.severity, message, label("this"));
        let finding = finding.with(Label::value(environment, networks, "or these"));
        return Some(finding.help("take one of them away"));
    }
    if let NetworkMode::Named(word) = mode {
        let known = ["host", "none", "bridge"];
        let message = format!("`{word}` is no network mode, and so the name of a network that must exist already");
        let finding = Finding::new(RULE.id, Severity::Warning, message, label("not a mode"));
        let is_own = plan.networks.contains_key(word);
        return Some(finding.help(match words::nearest(word, known) {
            _ if is_own => format!("`{word}` is a network of the stack: `networks = [\"{word}\"]`"),
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write `host`, `none` or `service:<name>`, or join a network with `networks`".to_owned(),
        }));
    }
    let mut keys: Vec<(&str, KeyPath)> = Vec::new();
    if let Some(port) = service.ports.first().filter(|_| mode.is_shared()) {
        keys.push(("ports", port.origin.clone()));
    }
    let is_given = |key: &&str| service.passthrough.get(*key).and_then(Option::as_ref).is_some_and(is_something);
    // `links` ask for names in a network of its own, which `host` has none of either.
    let refused =
        OF_THE_OWNER.into_iter().filter(|key| mode.is_shared() || (*mode == NetworkMode::Host && *key == "links"));
    keys.extend(refused.filter(is_given).map(|key| (key, service.origin().key("compose").key(key))));
    if keys.is_empty() {
        return None;
    }
    let named = words::and(&keys.iter().map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>());
    let (whose, owner) = match mode {
        NetworkMode::Service(other) => (format!("the network of `{other}`"), format!("`{other}`")),
        NetworkMode::Container(other) => (format!("the network of the container `{other}`"), format!("`{other}`")),
        _ => ("the network of the host".to_owned(), "the host".to_owned()),
    };
    let message = format!("`{name}` has {whose}, and no {named} of its own");
    let mut finding =
        Finding::new(RULE.id, RULE.severity, message, Label::value(environment, keys[0].1.clone(), "refused"));
    for (_, key) in &keys[1..] {
        finding = finding.with(Label::value(environment, key.clone(), "and this"));
    }
    let help = if owner == "the host" {
        "take it away: on the host it reaches every published port as 127.0.0.1".to_owned()
    } else {
        format!("write it at {owner}, or take it away")
    };
    Some(finding.with(label("because of this")).help(help))
}

/// Whether a value says something.
fn is_something(value: &Raw) -> bool {
    match value.plain() {
        Raw::Null => false,
        Raw::List(items) => !items.is_empty(),
        Raw::Map(map) => !map.is_empty(),
        Raw::Text(text) => !text.is_empty(),
        _ => true,
    }
}

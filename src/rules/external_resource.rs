//! `external-resource`: see [`RULE`].

use super::{Context, Rule};
use crate::compose::model;
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{Plan, Raw};
use crate::source::KeyPath;

/// Settings of something that is not made here.
pub(super) static RULE: Rule = Rule {
    id: "external-resource",
    severity: Severity::Error,
    summary: "settings of a network or volume that exists already",
    docs: "\
A network or volume is `external`, and `compose` has more for it than its `name`: a driver, labels, options. For a volume that is
an error, for a network a warning.

**Why it breaks.** What is external was made by somebody else, and has the settings that it has.

**How it shows.** Compose refuses a volume: `conflicting parameters \"external\" and \"driver\" specified`. Of a network it ignores the
rest without a word: it has neither the subnet nor the driver that stands there.

```toml
[networks]
lan = { external = true }

[compose.networks.lan]
driver = \"macvlan\"          # bad: it has the driver that it has

[networks]
lan = { external = true, name = \"office\" }     # good
```

**Fix.** Remove the settings, or `external`.

**Source.** compose-spec, `external` of networks and volumes; tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans.iter().filter(|plan| !plan.passthrough.is_empty()) {
        let sections = model::sections(plan);
        for section in ["networks", "volumes"] {
            let entries = sections.get(section).and_then(Raw::as_map);
            for (name, settings) in entries.into_iter().flatten() {
                findings.extend(settings.as_map().and_then(|_| judge(context, plan, section, name, settings)));
            }
        }
    }
}

fn judge(context: &Context<'_>, plan: &Plan, section: &str, name: &str, settings: &Raw) -> Option<Finding> {
    let settings = settings.as_map()?;
    matches!(settings.get("external").map(Raw::plain), Some(Raw::Bool(true))).then_some(())?;
    let passed = plan.passthrough.get(section).and_then(Raw::as_map).and_then(|all| all.get(name)?.as_map());
    let is_passed = |key: &str| passed.is_some_and(|passed| passed.contains_key(key));
    let place = |key: &str| {
        if is_passed(key) {
            KeyPath::of(["compose", section, name, key])
        } else {
            KeyPath::of([section, name, if key == "ipam" { "subnet" } else { key }])
        }
    };
    // What stands beside `external` in services.toml itself is told as a key that means nothing.
    let is_planned = context.manifest(plan).is_some_and(|manifest| match section {
        "networks" => manifest.networks.get(name).is_some_and(|network| network.external),
        _ => manifest.volumes.get(name).is_some_and(|volume| volume.external),
    });
    let is_setting = |key: &&String| {
        !matches!(key.as_str(), "name" | "external") && !key.starts_with("x-") && (is_passed(key) || !is_planned)
    };
    let keys: Vec<&String> = settings.keys().filter(is_setting).collect();
    let first = keys.first()?;
    let environment = Some(plan.environment.as_str());
    let named = words::and(&keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>());
    let (what, severity, does) = match section {
        "networks" => ("network", Severity::Warning, "means nothing"),
        _ => ("volume", RULE.severity, "is refused"),
    };
    let message = format!("the {what} `{name}` exists already, and {named} {does} beside `external`");
    let mut finding =
        Finding::new(RULE.id, severity, message, Label::key(environment, place(first), "changes nothing"));
    for key in &keys[1..] {
        finding = finding.with(Label::key(environment, place(key), "and this"));
    }
    let external = if is_passed("external") { place("external") } else { KeyPath::of([section, name, "external"]) };
    let finding = finding.with(Label::key(environment, external, "made by somebody else"));
    Some(finding.help("remove it, or `external`"))
}

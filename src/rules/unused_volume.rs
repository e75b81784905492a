//! `unused-volume`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::source::KeyPath;

/// A volume that nothing mounts.
pub(super) static RULE: Rule = Rule {
    id: "unused-volume",
    severity: Severity::Hint,
    summary: "a declared volume that nothing mounts",
    docs: "\
`[volumes]` declares a volume, and no service mounts it in any environment.

**Why it breaks.** A declaration keeps no data by itself: a service does that which names the volume in its `volumes`. Under
another name than the one that is meant, data goes to another volume, or to none.

**How it shows.** The volume is in no compose file. What was to be kept in it is gone with its container.

```toml
[volumes.uploads]

[services.api]
image = \"api:1.4\"                       # bad: nobody mounts it

[services.api]
image = \"api:1.4\"
volumes = [\"uploads:/srv/uploads\"]      # good
```

**Fix.** Mount it, or remove it. A volume of the engine that only has to be there needs no declaration.

**Source.** The manifest's reference, \"[volumes.NAME]\"; compose-spec, \"Volumes top-level element\".
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_used = |name: &String| context.plans.iter().any(|plan| plan.volumes.contains_key(name));
    for (environment, manifest) in &context.read.environments {
        for name in manifest.volumes.keys().filter(|name| !is_used(name)) {
            let label = Label::key(Some(environment), KeyPath::of(["volumes", name]), "nothing mounts it");
            let used = context.plans.iter().flat_map(|plan| plan.volumes.keys());
            let help = match words::nearest(name, used.map(String::as_str)) {
                Some(meant) => format!("is `{meant}` meant, which is mounted? Else mount it, or remove it"),
                None => format!("mount it, `volumes = [\"{name}:/…\"]`, or remove it"),
            };
            let message = format!("nothing mounts the volume `{name}`");
            findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
        }
    }
}

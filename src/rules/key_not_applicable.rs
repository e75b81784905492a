//! `key-not-applicable`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::kinds::Class;
use crate::manifest::types::Service;
use crate::manifest::unions::Publish;
use crate::plan::Plan;

/// A key that changes nothing where it stands.
pub(super) static RULE: Rule = Rule {
    id: "key-not-applicable",
    severity: Severity::Error,
    summary: "a key that means nothing for this service",
    docs: "\
A key stands on a service that has no use for it: `before-start` on an image that is run as it is, `publish` without a port
that could be published, `reload` without source. (In `[defaults]` such a key is skipped: there it means those services
for which it makes sense.)

**Why it breaks.** Nothing is rendered for it, and whoever wrote it believes otherwise: that a migration runs before the
start, that a port is open, that a change is live.

**How it shows.** Not at all, until somebody misses it.

```toml
[services.api]
image = \"ghcr.io/acme/api:1.4\"
before-start = [\"alembic upgrade head\"]   # bad: the image is run as it is, and has its own entrypoint

[services.api]
kind = \"node\"                             # good: built here, with an entrypoint
version = \"22\"
source = \"api\"
before-start = [\"node migrate.js\"]
```

**Fix.** Remove the key, or give the service what it needs: a `port`, a `kind` and a `source`.

**Source.** `docs/manifest.md`, and the descriptions in the schema.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// Keys that only a service has that is built from its source.
const OF_BUILDS: [&str; 6] = ["before-start", "build", "packages", "build-packages", "include", "reload"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let Some(manifest) = context.read.environments.get(&plan.environment) else { continue };
        for service in plan.services.values() {
            let Some(written) = manifest.services.get(&service.name) else { continue };
            // A kind that nobody knows may have use for everything.
            let kind = written.kind.as_ref().map(|kind| context.read.kinds.get(kind));
            // One that says neither is another rule's.
            if matches!(kind, Some(None)) || (kind.is_none() && written.image.is_none()) {
                continue;
            }
            let kind = kind.flatten();
            let is_built = kind.is_some_and(|kind| kind.base.is_some());
            let mut say = |key: &str, why: &str, help: &str| {
                if written.written.iter().any(|known| known == key) {
                    findings.push(finding(plan, &service.name, key, why, help));
                }
            };
            if !is_built {
                for key in OF_BUILDS {
                    say(key, "it is not built from source", "remove it, or build the service: `kind` and `source`");
                }
                say("source", "nothing builds it", "remove it, or name the `kind` that builds it");
            }
            if kind.is_none_or(|kind| kind.data.is_empty()) {
                say("persist", "its kind has no data of its own", "remove it, or mount a volume with `volumes`");
            }
            if kind.is_none() {
                say("version", "a version belongs to a kind", "write it as the tag of the `image`");
            }
            if let Some((why, help)) = publish(written, service.port, service.class) {
                say("publish", why, help);
            }
        }
    }
}

fn publish(written: &Service, port: Option<u16>, class: Class) -> Option<(&'static str, &'static str)> {
    match written.publish.as_ref()? {
        Publish::Short(_) | Publish::Many(_) | Publish::At(_) if class == Class::Proxy => Some((
            "the host ports of a proxy follow from its entry points",
            "remove it; an operator moves them with `<SERVICE>_<ENTRY POINT>_HOST_PORT`, `stack.port-offset` moves all",
        )),
        Publish::All(true) if port.is_none() && class != Class::Proxy => {
            Some(("it has no port", "say where it listens: `port = 8080`"))
        }
        _ => None,
    }
}

fn finding(plan: &Plan, service: &str, key: &str, why: &str, help: &str) -> Finding {
    let path = crate::source::KeyPath::of(["services", service, key]);
    let message = format!("`{key}` means nothing for `{service}`: {why}");
    Finding::new(RULE.id, RULE.severity, message, Label::key(Some(&plan.environment), path, "")).help(help)
}

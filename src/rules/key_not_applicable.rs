//! `key-not-applicable`: see [`RULE`].

use std::borrow::Cow;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::kinds::{Class, Kind};
use crate::manifest::types::Service;
use crate::manifest::unions::Publish;
use crate::manifest::{ExtendsFlaw, Problem, Read};
use crate::plan::{self, Plan};

mod inner;

/// A key that changes nothing where it stands.
pub(super) static RULE: Rule = Rule {
    id: "key-not-applicable",
    severity: Severity::Error,
    summary: "a key that means nothing where it stands",
    docs: "\
A key stands on a service that has no use for it: `before-start` on an image that is run as it is, `publish` without a port
that could be published, `reload` without source, `path` beside a raw `rule`, what a route's answer must look like where
nobody asks for one. (In `[defaults]` such a key is skipped: there it means those services for which it makes sense.)

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
const OF_BUILDS: [&str; 8] =
    ["before-start", "build", "packages", "build-packages", "build-env", "include", "context", "dockerfile"];

/// Keys that a generated Dockerfile has use for, and one that is written by hand does not.
const OF_GENERATED: [&str; 5] = ["before-start", "build", "packages", "build-packages", "include"];

/// Keys that mean something for what runs elsewhere.
const OF_EXTERNALS: [&str; 13] = [
    "kind",
    "version",
    "external",
    "host",
    "port",
    "ports",
    "environments",
    "help",
    "allow",
    "routes",
    "metrics",
    "produces",
    "consumes",
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(context.read.problems.iter().filter_map(extends));
    findings.extend(inner::edge(context));
    for plan in context.plans {
        let Some(manifest) = context.read.environments.get(&plan.environment) else { continue };
        findings.extend(inner::networks(plan, manifest));
        for name in plan.externals.keys() {
            let Some(written) = manifest.services.get(name) else { continue };
            for key in written.written.iter().filter(|key| is_useless_elsewhere(written, key)) {
                let help = "remove it, or remove `external`";
                findings.push(finding(plan, name, key, "it runs elsewhere, and nothing of it is rendered", help));
            }
        }
        for service in plan.services.values() {
            let Some(written) = manifest.services.get(&service.name) else { continue };
            findings.extend(inner::routes(plan, service, written));
            findings.extend(inner::ports(plan, service, written));
            findings.extend(inner::profiles(context, plan, service));
            if let Some(kind) = known_kind(context.read, written) {
                findings.extend(inner::health(plan, service, written, kind));
                findings.extend(inner::certificates(plan, service, written));
                let is_built = kind.is_some_and(Kind::builds) || service.build.is_some();
                // Nothing says what it runs, which is told on its own.
                if !is_built && Context::is_blank(plan, &service.name) {
                    continue;
                }
            }
            let useless = useless(context.read, service, written).into_iter();
            for (key, why, help) in useless.filter(|(key, ..)| written.written.iter().any(|known| known == key)) {
                findings.push(finding(plan, &service.name, key, &why, help));
            }
        }
    }
}

/// Whether a key means nothing for a service that runs elsewhere.
pub(crate) fn is_useless_elsewhere(written: &Service, key: &str) -> bool {
    !OF_EXTERNALS.contains(&key) && !written.options.contains_key(key)
}

/// The keys that mean nothing for a service, whether they are written or not; with the reason, and what to do.
pub(crate) fn useless(
    read: &Read,
    service: &plan::Service,
    written: &Service,
) -> Vec<(&'static str, Cow<'static, str>, &'static str)> {
    let Some(kind) = known_kind(read, written) else { return Vec::new() };
    let is_by_hand = written.dockerfile.is_some() && written.source.is_some();
    let is_built = kind.is_some_and(Kind::builds) || is_by_hand || service.build.is_some();
    let mut useless = Vec::new();
    let mut say = |key: &'static str, why: &'static str, help: &'static str| useless.push((key, Cow::from(why), help));
    if !is_built {
        for key in OF_BUILDS {
            say(key, "it is not built from source", "remove it, or build the service: `kind` and `source`");
        }
        say("source", "nothing builds it", "remove it, or name the `kind` or the `dockerfile` that builds it");
    }
    if is_by_hand {
        for key in OF_GENERATED {
            say(key, "its Dockerfile is written by hand", "remove it, and say it in the Dockerfile");
        }
    } else if is_built {
        say("target", "a generated Dockerfile has its own stages", "remove it; `reload` chooses the development stage");
    } else {
        say("target", "it is not built here", "remove it, or name its `source` and `dockerfile`");
    }
    let can_debug = kind.is_some_and(|kind| kind.debug.is_some()) && !is_by_hand;
    if !can_debug && written.debug == Some(true) {
        say("debug", "how it is debugged is not known", "remove it");
    }
    if kind.is_none_or(|kind| kind.watch.is_empty()) || is_by_hand {
        say("reload", "what of its source could be replaced is not known", "remove it");
    }
    if kind.is_none_or(|kind| kind.data.is_empty()) {
        say("persist", "its kind has no data of its own", "remove it, or mount a volume with `volumes`");
    }
    say("host", "only what runs elsewhere has an address of its own", "remove it, or add `external = true`");
    if kind.is_none() {
        say("version", "a version belongs to a kind", "write it as the tag of the `image`");
    }
    for (key, needs) in [
        ("ready", service.ready.is_some() && service.port.is_none()),
        ("metrics", service.metrics.as_ref().is_some_and(|metrics| metrics.port.is_none())),
    ] {
        if needs {
            say(key, "it has no port on which it could be asked", "say where it listens: `port = 8080`");
        }
    }
    let has_port = service.port.is_some() || !service.listeners.is_empty();
    if let Some((why, help)) = publish(written, has_port, service.class) {
        say("publish", why, help);
    }
    if let Some(first) = &service.extends {
        let why = format!("it runs the image of `{first}`, whose start that service decides");
        useless.push(("before-start", why.into(), "remove it, or give the service a `source` of its own"));
    }
    useless
}

/// The kind of a service, if it has one; none where nothing can be said of it: a kind that nobody knows may have use for
/// everything, and a service that says neither kind nor image is another rule's.
#[expect(clippy::option_option, reason = "a plain container has no kind, and that is something to go by")]
fn known_kind<'k>(read: &'k Read, written: &Service) -> Option<Option<&'k Kind>> {
    let is_passed = ["image", "build"].iter().any(|key| written.compose.contains_key(*key));
    let runs = written.image.is_some() || written.dockerfile.is_some() || is_passed;
    match &written.kind {
        Some(name) => read.kinds.get(name).map(Some),
        None => runs.then_some(None),
    }
}

fn publish(written: &Service, has_port: bool, class: Class) -> Option<(&'static str, &'static str)> {
    match written.publish.as_ref()? {
        Publish::Short(_) | Publish::Many(_) | Publish::At(_) if class == Class::Proxy => Some((
            "the host ports of a proxy follow from its entry points",
            "remove it; an operator moves them with `<SERVICE>_<ENTRY POINT>_HOST_PORT`, `stack.port-offset` moves all",
        )),
        Publish::All(true) if !has_port && class != Class::Proxy => {
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

/// A service that cannot take over what it names.
fn extends(problem: &Problem) -> Option<Finding> {
    let Problem::Extends { path, environment, flaw } = problem else { return None };
    let service = path.key_at(1).unwrap_or_default();
    let (message, help) = match flaw {
        ExtendsFlaw::External { name } => (
            format!("`{service}` cannot extend `{name}`, which runs elsewhere: there is nothing to take over"),
            "say what it runs: `kind` and `source`, or `image`".to_owned(),
        ),
        ExtendsFlaw::Kind { own, other, built_on } => {
            let other = other.as_ref().map_or_else(|| "a plain container".to_owned(), |other| format!("a `{other}`"));
            let help = match built_on {
                Some(kind) => format!("extend a `{kind}` service, or remove `kind`"),
                None => "remove `kind` to run another process of the same program, or remove `extends`".to_owned(),
            };
            (format!("a `{own}` service cannot extend {other}"), help)
        }
        _ => return None,
    };
    Some(Finding::new(RULE.id, RULE.severity, message, Label::value(Some(environment), path.clone(), "")).help(help))
}

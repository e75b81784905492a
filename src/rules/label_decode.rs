//! `label-decode`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::kinds::Class;
use crate::plan::{Plan, Service};
use crate::source::{KeyPath, Part};
use crate::traefik::dynamic::labels::{self, Flaw, FlawKind};
use crate::traefik::rule::UNKNOWN;

pub(super) mod tables;
mod words;

/// Labels and options that Traefik cannot read.
pub(super) static RULE: Rule = Rule {
    id: "label-decode",
    severity: Severity::Error,
    summary: "a label or an option of a middleware that Traefik cannot read",
    docs: "\
A label that begins with `traefik.`, or an option in `[middlewares]`, is misspelt, has a value of the wrong type, or is newer
than the proxy. Every option of Traefik 3 is known here, with its type and the version that brought it.

**Why it breaks.** Traefik reads the labels of a container as a whole. Where one of them is no option, or `yes` stands for a
truth value (only `true`, `false`, `1`, `0`, `t` and `f` are), it drops the container with all of its routers, services and
middlewares. Names have no dots, since dots separate options. A label that ends a word with `]` where none was opened is
worse: Traefik panics, and reads the labels of no container any more.

Others do less than they say. `traefik.htpp.…` is nobody's: Traefik makes up a router from the name of the container, and
it answers to nothing that anybody asks for. `entrypoints[0]` is an empty list: texts stand in one label, with commas between
them. `tls=yes` switches TLS off, as anything but `true` does. Weighted services, `serversTransports` and TLS options cannot be
defined in labels at all.

**How it shows.** `404 page not found` for every route of the container, nothing in Traefik's API, and one line in its log: `field
not found, node: entrypoint`, or `strconv.ParseBool: parsing \"yes\": invalid syntax`. For what is ignored there is not even that.

```toml
[services.web.labels]
\"traefik.http.routers.old.rule\" = \"Host(`old.example.com`)\"
\"traefik.http.routers.old.entrypoint\" = \"websecure\"      # bad: the option is called `entrypoints`
\"traefik.http.routers.old.entrypoints\" = \"websecure\"     # good
\"traefik.http.routers.old.v2.rule\" = \"Path(`/v2`)\"       # bad: a dot in a name
\"traefik.http.routers.old-v2.rule\" = \"Path(`/v2`)\"       # good

[middlewares]
security.headers = { stsSecond = 31536000 }              # bad
security.headers = { stsSeconds = 31536000 }             # good
```

**Fix.** Correct the name or the value. What labels cannot say belongs into a file of Traefik's.

**Source.** Traefik's package `config/dynamic` and its library `paerser`; which labels make Traefik drop a container was tried
with some thousand of them on Traefik 3.7, and the versions were read from the programs of 3.0 to 3.7.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let minor = minor(context, plan);
        for service in plan.services.values() {
            of_service(context, plan, service, minor, findings);
        }
        tables::check(context, plan, minor, findings);
    }
}

/// The minor version of the proxy, where services.toml says it: `3.6`, and not `3`.
pub(super) fn minor(context: &Context<'_>, plan: &Plan) -> Option<u32> {
    let services = &context.manifest(plan)?.services;
    let is_proxy = |name: &str| {
        let is_here = plan.services.get(name).is_some_and(|service| service.class == Class::Proxy);
        is_here || plan.externals.get(name).is_some_and(|external| external.class == Class::Proxy)
    };
    let (_, proxy) = services.iter().find(|(name, _)| is_proxy(name))?;
    let version = proxy.version.as_deref().filter(|_| proxy.image.is_none())?;
    let mut numbers = version.trim_start_matches('v').split('.');
    (numbers.next() == Some("3")).then(|| numbers.next()?.parse().ok())?
}

fn of_service(context: &Context<'_>, plan: &Plan, service: &Service, minor: Option<u32>, findings: &mut Vec<Finding>) {
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
    let Some(written) = written.filter(|_| !service.labels.is_empty()) else { return };
    let all: Vec<(&str, String)> =
        service.labels.iter().map(|(name, text)| (name.as_str(), text.with_unknown(UNKNOWN))).collect();
    let decoded = labels::decode(all.iter().map(|(name, value)| (*name, value.as_str())), minor);
    for flaw in &decoded.flaws {
        // What no service wrote was made from a table of services.toml, and is judged there.
        let Some(label) = written.written_label(&service.name, flaw.label) else { continue };
        let concerns_value = matches!(flaw.kind, FlawKind::Type(_) | FlawKind::Off { .. });
        if concerns_value && Context::has_flaw(plan, &label.path) {
            continue;
        }
        let environment = Some(plan.environment.as_str());
        let words = words::of(&flaw.kind, flaw.label, flaw.range.clone(), &words::Loss::Service(&service.name));
        let part = match (concerns_value, label.start) {
            (true, 0) => Part::Value,
            (false, 0) => Part::Key,
            (true, start) => Part::Inside(start..start + label.value.len()),
            (false, _) => Part::Inside(flaw.range.clone()),
        };
        let place = Label::entry(environment, label.path, part, words.label);
        findings.push(Finding::new(RULE.id, severity(flaw), words.message, place).help(words.help));
    }
}

fn severity(flaw: &Flaw<'_>) -> Severity {
    match &flaw.kind {
        FlawKind::Section if words::meant_section(flaw.label).is_some() => Severity::Error,
        FlawKind::Off { on_purpose: false, .. } => Severity::Error,
        kind if kind.is_fatal() => Severity::Error,
        _ => Severity::Warning,
    }
}

/// A place in `[middlewares]`.
fn in_middlewares(plan: &Plan, path: KeyPath, part: Part, text: &str) -> Label {
    Label::entry(Some(&plan.environment), path, part, text)
}

//! `tls-mismatch`: see [`RULE`].

use std::collections::BTreeSet;

use super::rule_syntax::raw::raw_rules;
use super::static_decode::flags::Flags;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::manifest::types::RouteProtocol;
use crate::plan::{EntryPoint, Plan, Router, RouterTls};
use crate::source::KeyPath;
use crate::traefik::rule::{self, MatcherKind, UNKNOWN};

/// A router that speaks TLS where its entry point does not, or the other way round.
pub(super) static RULE: Rule = Rule {
    id: "tls-mismatch",
    severity: Severity::Error,
    summary: "a router that speaks TLS where its entry point does not, or the other way round",
    docs: "\
Labels make a router without TLS on an entry point that has `tls`, or one with TLS on an entry point for plain HTTP. Or a
TCP route asks for a server name on an entry point without TLS. Where the router has another entry point on which it works,
it is a warning.

**Why it breaks.** A router takes either requests over TLS or plain ones, never both, whatever its entry point is called.
One label of TLS makes it one for TLS: `tls`, `tls.certresolver`, `tls.options`. The name of a TCP connection stands in
the handshake of TLS, so without TLS there is none to compare.

**How it shows.** `404 page not found` for every request over HTTPS, or for every one over HTTP, while the dashboard shows
the router as healthy. A TCP router with a name and without TLS is dropped: `has HostSNI matcher, but no TLS on router`.

```toml
[services.traefik.entrypoints]
web = { port = 80 }
websecure = { port = 443, tls = \"letsencrypt\" }

[services.api.labels]
\"traefik.http.routers.api.rule\" = \"Host(`api.example.com`)\"
\"traefik.http.routers.api.entrypoints\" = \"websecure\"          # bad: no label says TLS

\"traefik.http.routers.api.tls.certresolver\" = \"letsencrypt\"   # good, with this one too
```

**Fix.** Write a route instead, which takes the TLS of its entry point. Else give the router `tls=true` on an entry point
with TLS, and no label of TLS on one without.

**Source.** Traefik docs, \"Routers\", \"TLS\"; its `pkg/server/router`, which keeps two muxers for each entry point. Tried with
Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        connections(context, plan, findings);
        let Some(flags) = Flags::of(context, plan) else { continue };
        let Some(proxy) = flags.proxy() else { continue };
        let mut told: BTreeSet<(String, &str)> = BTreeSet::new();
        let plain: BTreeSet<&str> =
            requests(plan).filter(|router| router.tls.is_none()).map(|router| router.entry_point.as_str()).collect();
        let named = entry_point_labels(plan);
        let works = |router: &&Router| {
            let entry = proxy.entry_points.get(&router.entry_point);
            let has_tls = |entry: &EntryPoint| {
                entry.tls.is_some() || flags.is_on(&format!("entrypoints.{}.http.tls", router.entry_point))
            };
            entry.is_none_or(|entry| entry.redirect_to.is_none() && router.tls.is_some() == has_tls(entry))
        };
        let working: BTreeSet<&str> = requests(plan).filter(works).map(|router| router.name.as_str()).collect();
        for router in requests(plan) {
            let Some(entry) = proxy.entry_points.get(&router.entry_point) else { continue };
            // Traefik gives it to every router that says nothing.
            if flags.is_on(&format!("entrypoints.{}.http.tls", router.entry_point)) {
                continue;
            }
            let mut finding = match (&router.tls, &entry.tls) {
                (None, Some(tls)) => without(plan, &flags, router, tls),
                // One that is on all entry points is for those that fit.
                (Some(_), None)
                    if is_plain(entry, router, &plain)
                        && named.contains(&label_of(router, "entrypoints").to_ascii_lowercase()) =>
                {
                    with(plan, &flags, router)
                }
                _ => continue,
            };
            if working.contains(router.name.as_str()) {
                // What makes it work here would break it there.
                finding.severity = Severity::Warning;
                finding.fix = None;
            }
            if told.insert((router.origin.to_string(), &router.entry_point)) {
                findings.push(finding);
            }
        }
    }
}

fn requests(plan: &Plan) -> impl Iterator<Item = &Router> {
    let routers = plan.services.values().flat_map(|service| &service.routers);
    routers.filter(|router| router.protocol == RouteProtocol::Http)
}

/// Whether an entry point is one for plain HTTP: by its port, or since others use it as one. Where requests are sent on
/// to another entry point anyway, nothing is lost.
fn is_plain(entry: &EntryPoint, router: &Router, plain: &BTreeSet<&str>) -> bool {
    entry.redirect_to.is_none() && (entry.port == 80 || plain.contains(router.entry_point.as_str()))
}

/// The labels with which routers say where they listen, in small letters: without a word a router does so everywhere.
fn entry_point_labels(plan: &Plan) -> BTreeSet<String> {
    let labels = plan.services.values().flat_map(|service| service.labels.keys());
    labels.map(|label| label.to_ascii_lowercase()).filter(|label| label.ends_with(".entrypoints")).collect()
}

fn label_of(router: &Router, option: &str) -> String {
    format!("traefik.http.routers.{}.{option}", router.name)
}

fn entry_point(plan: &Plan, flags: &Flags<'_>, name: &str, text: &str) -> Label {
    let path = flags.service.origin().key("entrypoints").key(name);
    Label::key(Some(&plan.environment), path, text)
}

fn without(plan: &Plan, flags: &Flags<'_>, router: &Router, tls: &RouterTls) -> Finding {
    let name = &router.entry_point;
    let message = format!(
        "the router `{}` answers no request over HTTPS: it says nothing of TLS, and `{name}` has it",
        router.name
    );
    let label = Label::key(Some(&plan.environment), router.origin.clone(), "404 for every request over HTTPS");
    let (option, value) = match &tls.resolver {
        Some(resolver) => ("tls.certresolver", resolver.as_str()),
        None => ("tls", "true"),
    };
    let added = label_of(router, option);
    let help = format!("add the label `{added}` = \"{value}\"");
    let is_label = router.origin.key_at(2) == Some("labels");
    let fix = router.origin.key_at(1).filter(|_| is_label).map(|service| {
        let path = KeyPath::of(["services", service, "labels"]).key(&added);
        Fix::new("let the router speak TLS").insert(Some(&plan.environment), path, value)
    });
    let finding = Finding::new(RULE.id, RULE.severity, message, label);
    finding.with(entry_point(plan, flags, name, "speaks TLS")).help(help).fix(fix)
}

fn with(plan: &Plan, flags: &Flags<'_>, router: &Router) -> Finding {
    let name = &router.entry_point;
    let message = format!("the router `{}` answers no plain request: it is for TLS, and `{name}` is not", router.name);
    let label = Label::key(Some(&plan.environment), router.origin.clone(), "404 for every plain request");
    let finding = Finding::new(RULE.id, RULE.severity, message, label);
    finding
        .with(entry_point(plan, flags, name, "plain HTTP"))
        .help("name an entry point with `tls`, or take the labels of TLS away")
}

/// What becomes of a router with a name and without TLS.
const DROPPED: &str = "Traefik drops the router";

/// TCP routers that compare a name that they never see.
fn connections(context: &Context<'_>, plan: &Plan, findings: &mut Vec<Finding>) {
    let services = plan.services.values();
    let open: Vec<&Router> = services
        .flat_map(|service| &service.routers)
        .filter(|router| router.protocol == RouteProtocol::Tcp && router.tls.is_none())
        .collect();
    let help = "give the entry point `tls`, or take every connection: leave `sni` out, or write `` HostSNI(`*`) ``";
    let message = |name: &str, end: &str| format!("a connection on `{name}` has no server name without TLS, and {end}");
    // Several entry points of one route are several routers.
    let mut told: BTreeSet<String> = BTreeSet::new();
    for router in open.iter().filter(|router| !router.hosts.is_empty()) {
        let path: KeyPath = router.origin.key("sni");
        if told.insert(format!("{path}{}", router.entry_point)) {
            let label = Label::value(Some(&plan.environment), path, "never seen");
            findings
                .push(Finding::new(RULE.id, RULE.severity, message(&router.entry_point, DROPPED), label).help(help));
        }
    }
    if open.iter().all(|router| !router.hosts.is_empty()) {
        return;
    }
    for raw in raw_rules(context, plan).iter().filter(|raw| raw.protocol == RouteProtocol::Tcp) {
        let router = open.iter().find(|router| raw.is_of(router));
        let (Some(router), Ok(Some(tree))) = (router, rule::parse(&raw.known(), raw.protocol)) else { continue };
        tree.each_matcher(&mut |matcher, _| {
            let [argument] = matcher.arguments.as_slice() else { return };
            let is_name = matcher.kind == MatcherKind::HostSni && argument.value != "*";
            if (is_name || matcher.kind == MatcherKind::HostSniRegexp) && !argument.value.contains(UNKNOWN) {
                let end = if is_name { DROPPED } else { "the router gets none" };
                let (label, defaults) = raw.at(&argument.range, "never seen");
                let finding = Finding::new(RULE.id, RULE.severity, message(&router.entry_point, end), label);
                findings.push(finding.help(help).with_all(defaults));
            }
        });
    }
}

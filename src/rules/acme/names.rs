//! Names for which no public authority gives a certificate.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::RULE;
use crate::addresses::is_this_machine;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Router, Text};
use crate::rules::Context;
use crate::rules::rule_syntax::raw::raw_rules;
use crate::rules::static_decode::flags::Flags;
use crate::source::KeyPath;
use crate::traefik::rule::{self, MatcherKind, UNKNOWN};

/// Ends of names that are not part of the public DNS (RFC 6761, RFC 6762, RFC 8375, RFC 9476; ICANN on `.internal`), and
/// those that home routers make up.
const PRIVATE: [&str; 11] =
    ["localhost", "local", "test", "invalid", "example", "internal", "alt", "lan", "home", "home.arpa", "localdomain"];

pub(super) fn check(context: &Context<'_>, plan: &Plan, flags: &Flags<'_>, findings: &mut Vec<Finding>) {
    let asking: Vec<(&Router, &str)> = plan
        .services
        .values()
        .flat_map(|service| &service.routers)
        .filter_map(|router| Some((router, router.tls.as_ref()?.resolver.as_deref()?)))
        .filter(|(_, resolver)| asks_the_public(flags, resolver))
        .collect();
    if asking.is_empty() {
        return;
    }
    let raws = raw_rules(context, plan);
    let mut said = BTreeSet::new();
    for (router, resolver) in asking {
        for host in &router.hosts {
            let Some(name) = host.with_defaults() else { continue };
            let Some(why) = why_private(&name) else { continue };
            // Told there, and of more than the certificate.
            if plan.production && is_this_machine(&name) {
                continue;
            }
            let place = place(context, plan, router);
            if said.insert((place.to_string(), name.clone())) {
                let label = Label::value(Some(&plan.environment), place, why);
                findings.push(finding(resolver, &name, label, Some(host)));
            }
        }
        let raw = raws.iter().find(|raw| raw.is_of(router));
        let Some(tree) = raw.and_then(|raw| rule::parse(&raw.known(), raw.protocol).ok().flatten()) else { continue };
        tree.each_matcher(&mut |matcher, is_negated| {
            let ([argument], Some(raw)) = (matcher.arguments.as_slice(), raw) else { return };
            let is_name = matches!(matcher.kind, MatcherKind::Host | MatcherKind::HostSni) && !is_negated;
            let Some(why) = Some(&argument.value).filter(|_| is_name).and_then(|name| why_private(name)) else {
                return;
            };
            if said.insert((raw.path.to_string(), argument.value.clone())) {
                let (label, defaults) = raw.at(&argument.range, why);
                findings.push(finding(resolver, &argument.value, label, None).with_all(defaults));
            }
        });
    }
}

/// Whether a resolver of the flags asks an authority that everybody trusts.
fn asks_the_public(flags: &Flags<'_>, resolver: &str) -> bool {
    let base = format!("certificatesresolvers.{resolver}.acme");
    flags.below(&base).next().is_some() && flags.get(&format!("{base}.caserver")).is_none()
}

/// Where the host of a route stands.
fn place(context: &Context<'_>, plan: &Plan, router: &Router) -> KeyPath {
    let own = router.origin.key("host");
    let manifest = context.manifest(plan).zip(own.key_at(1).zip(own.key_at(3)));
    let is_written = manifest.is_some_and(|(manifest, (service, route))| {
        let route = manifest.services.get(service).and_then(|service| service.routes.get(route));
        route.is_some_and(|route| route.host.is_some() || route.sni.is_some())
    });
    match is_written {
        true if router.protocol == crate::manifest::types::RouteProtocol::Tcp => router.origin.key("sni"),
        true => own,
        false => KeyPath::of(["stack", "host"]),
    }
}

fn finding(resolver: &str, name: &str, label: Label, host: Option<&Text>) -> Finding {
    let unless = if host.is_some_and(|host| host.as_literal().is_none()) { " unless the operator sets it" } else { "" };
    let message = format!("`{resolver}` gets no certificate for `{name}`: no public authority vouches for it{unless}");
    Finding::new(RULE.id, Severity::Warning, message, label).help(
        "write `tls = true` for its entry point in this environment, or name an authority of your own: `ca-server`",
    )
}

/// Why a name is not public.
fn why_private(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name.is_empty() || name.contains([UNKNOWN, '*', '/', ' ', '{']) {
        return None;
    }
    if name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Some("an address, and no name");
    }
    let is_private =
        PRIVATE.iter().any(|end| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    if is_private {
        return Some("a name that is not public");
    }
    (!name.contains('.') && !name.contains(':')).then_some("a name without a domain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_public_and_that_are_not() {
        for name in ["localhost", "app.localhost", "nas.local", "10.0.0.1", "192.0.2.1", "[::1]", "web", "x.home.arpa."]
        {
            assert!(why_private(name).is_some(), "{name}");
        }
        for name in ["app.example.com", "local.example.com", "testing.dev", "a.b", "", "*.example.com", "mylocal.org"] {
            assert_eq!(why_private(name), None, "{name}");
        }
    }
}

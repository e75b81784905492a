//! `local-domain-in-prod`: see [`RULE`].

use std::collections::BTreeSet;

use super::{Context, Rule, declared_default, localhost_reference};
use crate::addresses::{addresses, is_this_machine};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Router, Service, Text};
use crate::source::KeyPath;

/// An address of the developer's own machine, in production.
pub(super) static RULE: Rule = Rule {
    id: "local-domain-in-prod",
    severity: Severity::Error,
    summary: "production names an address that only the machine itself can reach",
    docs: "\
In a production environment a route is for `localhost`, a name below it or a loopback address; or a variable of a container
or of its build has such an address in it. Where only the default of an operator's variable says so, or a port that is
published on this machine, it is a warning; and so is a route for a name that the public DNS does not have: below `.test`,
`.example`, `.invalid` or `.local`. The container's own port does not count: a program may well ask itself. Nor does a list of
URLs that names others as well, as those of origins do: whoever comes from elsewhere is let in all the same.

**Why it breaks.** Every machine calls itself `localhost`. A browser looks for the page on the visitor's own machine, and a
program in a container looks in its own container.

**How it shows.** `404 page not found` from the proxy for the real host name; links in mails that lead nowhere; a log-in that
returns to `http://localhost:3000`; `ECONNREFUSED 127.0.0.1:8000`. On the developer's machine it works.

```toml
[services.api.env]
FRONTEND_URL = \"http://localhost:3000\"                       # bad: also in production

[services.api.env]
FRONTEND_URL = \"${services.frontend.public-url}\"             # good, with a route

[services.api.env]
FRONTEND_URL = { default = \"http://localhost:3000\" }

[environments.prod.variables]
FRONTEND_URL.required = true                                 # good: whoever runs it says where
```

**Fix.** Refer to the address that a service has (`url` between services, `public-url` from outside), or let the operator set
it: no default, or `required = true` in production.

**Source.** RFC 6761, section 6.3, \"Domain Name Reservation Considerations for localhost\"; RFC 1122, section 3.2.1.3;
RFC 2606 and RFC 6762 for the names that nobody registers.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans.iter().filter(|plan| plan.production) {
        let search = Search { context, plan };
        findings.extend(search.routes());
        for service in plan.services.values() {
            for (name, text) in &service.environment {
                let place = || context.origin_of_env(plan, service, name);
                let found = search.variable(service, name, text, place);
                // What looks for another service is told with that.
                findings.extend(found.filter(|_| !localhost_reference::is_missed(plan, service, name, text)));
            }
            for (name, text) in service.build.iter().flat_map(|build| &build.args) {
                let place = || context.origin_of_build_env(plan, service, name);
                findings.extend(search.variable(service, name, text, place));
            }
        }
    }
}

/// Why a name that is no machine's own is none for production either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reserved {
    /// Nothing is registered there (RFC 6761, RFC 2606).
    Unknown,
    /// It is looked for in the local network alone (RFC 6762).
    Multicast,
}

impl Reserved {
    fn of(host: &str) -> Option<Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let below = |domains: &[&str]| {
            domains.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
        };
        if below(&["test", "example", "invalid"]) {
            Some(Self::Unknown)
        } else {
            below(&["local"]).then_some(Self::Multicast)
        }
    }
}

/// Looks at one production environment.
struct Search<'s, 'c> {
    context: &'s Context<'c>,
    plan: &'c Plan,
}

impl Search<'_, '_> {
    /// Hosts of routes: one finding for each place that names them.
    fn routes(&self) -> Vec<Finding> {
        let mut seen = BTreeSet::new();
        let mut findings = Vec::new();
        for router in self.plan.services.values().flat_map(|service| &service.routers) {
            let hosts = router.hosts.iter().filter_map(|host| Some((host, host.with_defaults()?)));
            for (host, name) in hosts {
                let flaw = Reserved::of(&name);
                // That no authority gives a certificate for it is told on its own.
                let is_told = flaw.is_none() || self.is_certified(router);
                if is_told && !is_this_machine(&name) {
                    continue;
                }
                let own = router.origin.key("host");
                let place = if self.is_written(&own) { own } else { KeyPath::of(["stack", "host"]) };
                if !seen.insert((place.to_string(), name.clone())) {
                    continue;
                }
                if let Some(flaw) = flaw {
                    findings.push(self.reserved(flaw, host, &place, &name));
                    continue;
                }
                let message = format!("production is routed at `{name}`, which nobody else can reach");
                findings.push(self.finding(message, host, &place, &name, "name the host that visitors type"));
            }
        }
        findings
    }

    /// Whether a certificate authority of the internet is asked for the certificate.
    fn is_certified(&self, router: &Router) -> bool {
        let resolver = router.tls.as_ref().and_then(|tls| tls.resolver.as_ref());
        let proxy = self.plan.services.values().find_map(|service| service.proxy.as_ref());
        let known = resolver.and_then(|name| proxy?.resolvers.get(name));
        // One of one's own signs what it likes.
        known.is_some_and(|resolver| resolver.ca_server.is_none())
    }

    fn reserved(&self, flaw: Reserved, host: &Text, place: &KeyPath, name: &str) -> Finding {
        let unless = if host.as_literal().is_some() { "" } else { " unless the operator sets it" };
        let (what, label) = match flaw {
            Reserved::Unknown => ("which no name server knows", "reserved for tests and examples"),
            Reserved::Multicast => ("which only the machines of one network find", "a name of multicast DNS"),
        };
        let message = format!("production is routed at `{name}`, {what}{unless}");
        let label = Label::value(Some(&self.plan.environment), place.clone(), label);
        let finding = Finding::new(RULE.id, Severity::Warning, message, label)
            .with_all(declared_default(self.plan, host, place))
            .with(self.context.production(self.plan));
        finding.help("name the host that visitors type")
    }

    fn variable(&self, service: &Service, name: &str, text: &Text, place: impl Fn() -> KeyPath) -> Option<Finding> {
        let value = text.with_defaults().filter(|value| !has_public_ones(value))?;
        // An address with a published port in it is for browsers, whatever the number.
        let is_literal = text.as_literal().is_some();
        let is_own = |port: Option<u16>| is_literal && port.is_some_and(|port| service.listens_on(port));
        let address =
            addresses(&value).into_iter().find(|found| is_this_machine(&found.host) && !is_own(found.port))?;
        let host = &address.host;
        let message = format!("`{name}` names `{host}` in production");
        let help = "refer to the service (`url`, or `public-url` from outside), or let the operator set it: \
                    `required = true` for its variable";
        Some(self.finding(message, text, &place(), host, help))
    }

    fn finding(&self, message: String, text: &Text, place: &KeyPath, host: &str, help: &str) -> Finding {
        let environment = Some(self.plan.environment.as_str());
        let is_literal = text.as_literal().is_some();
        let (severity, message) = if is_literal {
            (RULE.severity, message)
        } else {
            (Severity::Warning, format!("{message} unless the operator sets it"))
        };
        let label = Label::value(environment, place.clone(), format!("`{host}` is each machine's own name"));
        let finding =
            Finding::new(RULE.id, severity, message, label).with_all(declared_default(self.plan, text, place));
        finding.with(self.context.production(self.plan)).help(help)
    }

    /// Whether the route itself names its host.
    fn is_written(&self, host: &KeyPath) -> bool {
        let manifest = self.context.manifest(self.plan);
        let route = manifest.zip(host.key_at(1).zip(host.key_at(3)));
        route.is_some_and(|(manifest, (service, route))| {
            let service = manifest.services.get(service);
            service.and_then(|service| service.routes.get(route)).is_some_and(|route| route.host.is_some())
        })
    }
}

/// Whether this is a list of URLs of pages of which some have a name that others know.
fn has_public_ones(value: &str) -> bool {
    let items = value.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
    let items = items.map(|item| item.trim_matches(|c: char| matches!(c, '[' | ']' | '"' | '\'')));
    let items: Vec<&str> = items.filter(|item| !item.is_empty()).collect();
    let is_url = |item: &&str| item.starts_with("http://") || item.starts_with("https://");
    let is_public = |item: &&str| {
        let found = addresses(item);
        found.iter().any(|found| {
            let is_name = found.host.contains('.') && found.host.parse::<std::net::IpAddr>().is_err();
            is_name && !is_this_machine(&found.host)
        })
    };
    items.len() > 1 && items.iter().all(is_url) && items.iter().any(is_public)
}

//! The proxy: its entry points, its certificate resolvers, and what it is told at its start.

use std::rc::Rc;

use indexmap::IndexMap;

use super::member::Member;
use super::resolve::{At, Resolver};
use super::{EntryPoint, ProblemKind, Proxy, PublishedPort, Resolver as CertificateResolver, RouterTls};
use crate::kinds::Class;
use crate::manifest::types::{Certificate, Challenge, EntryPoint as WrittenEntryPoint, RouteProtocol};
use crate::manifest::unions::{BoolOr, Publish};

/// Entry points of the proxy and what they are called in services.toml.
pub(super) struct Ways {
    /// The name of the proxy service.
    pub(super) proxy: String,
    pub(super) entry_points: IndexMap<String, EntryPoint>,
    /// Their host ports.
    pub(super) ports: Vec<PublishedPort>,
}

impl<'a> Resolver<'a, '_> {
    /// The proxy of this environment and its ports; looked at once, so that its problems are told once.
    pub(super) fn ways(&mut self) -> Option<Rc<Ways>> {
        if let Some(known) = self.ways.get() {
            return known.clone();
        }
        let found = self.find_ways().map(Rc::new);
        self.ways.get_or_init(|| found).clone()
    }

    /// The port of the dashboard, which asks for no password: for this host alone, and not in production.
    fn published_dashboard(&mut self, member: &Member<'_>) -> Option<PublishedPort> {
        let is_on = member.option("dashboard").and_then(toml::Value::as_bool) == Some(true);
        let is_passed = member.service.compose.get("ports").is_some_and(|ports| ports.to_string().contains("8080"));
        if !is_on || is_passed || self.frame.production {
            return None;
        }
        let origin = member.path().key("dashboard");
        let number = self.with_offset(DASHBOARD_PORT, &origin)?;
        Some(self.derived(
            member.name,
            Some("dashboard"),
            number,
            DASHBOARD_PORT,
            &origin,
            Some("127.0.0.1".to_owned()),
        ))
    }

    fn find_ways(&mut self) -> Option<Ways> {
        let frame = self.frame;
        let mut proxies = frame.members.values().filter(|member| member.class() == Class::Proxy);
        let member = proxies.next()?;
        for second in proxies {
            let message =
                format!("`{}` is a second proxy; `{}` is the one of this environment", second.name, member.name);
            let help = "leave one of them out, or give each its own `environments`".to_owned();
            let missing = second.path().key("environments");
            self.problem(second.path().key("kind"), ProblemKind::Incomplete { message, help, missing });
        }
        if member.is_external && frame.manifest.stack.as_ref().is_none_or(|stack| stack.edge.is_none()) {
            let message = format!("`{}` runs elsewhere, and nothing says in which Compose project", member.name);
            let help = "name it: `edge = \"<project>\"` in `[stack]`".to_owned();
            let missing = super::KeyPath::of(["stack", "edge"]);
            self.problem(member.path(), ProblemKind::Incomplete { message, help, missing });
        }
        let is_published = !matches!(member.service.publish, Some(Publish::All(false)));
        let written: IndexMap<String, WrittenEntryPoint> = option_table(member, "entrypoints");
        let certificates: IndexMap<String, Certificate> = option_table(member, "certificates");
        let base = member.path().key("entrypoints");
        // Without the option, the kind says that it needs it.
        if written.is_empty() && member.option("entrypoints").is_some() {
            let message = format!("the proxy `{}` has no entry points", member.name);
            let help = "give it at least one: `entrypoints = { web = { port = 80 } }`".to_owned();
            self.problem(member.path(), ProblemKind::Incomplete { message, help, missing: base.clone() });
        }
        let mut entry_points = IndexMap::new();
        let mut ports = Vec::new();
        for (name, entry) in &written {
            let Some(port) = entry.port else { continue };
            let origin = base.key(name).key("port");
            let Some(number) = self.with_offset(port, &origin) else { continue };
            let published = self.derived(member.name, Some(name), number, port, &origin, self.bind(true));
            let public_port = self.host_port(member.name, Some(name), number, &origin);
            if is_published {
                ports.push(published);
            }
            let tls = match &entry.tls {
                Some(BoolOr::Bool(true)) => Some(RouterTls { resolver: None }),
                Some(BoolOr::Value(resolver)) => {
                    if !certificates.contains_key(resolver) {
                        let known = certificates.keys().cloned().collect();
                        self.unknown_routing("certificate resolver", resolver, known, base.key(name).key("tls"), None);
                    }
                    Some(RouterTls { resolver: Some(resolver.clone()) })
                }
                _ => None,
            };
            if let Some(to) = &entry.redirect_to
                && (!written.contains_key(to) || to == name)
            {
                let known = written.keys().filter(|known| *known != name).cloned().collect();
                let note = (to == name).then_some("it would redirect to itself");
                self.unknown_routing("entry point", to, known, base.key(name).key("redirect-to"), note);
            }
            let middlewares = entry.middlewares.clone().unwrap_or_default();
            for (index, middleware) in middlewares.iter().enumerate() {
                let place = base.key(name).key("middlewares").index(index);
                self.check_middleware(middleware, place.clone());
                self.check_fit(middleware, RouteProtocol::Http, place);
            }
            let redirect_to = entry.redirect_to.clone();
            let entry_point = EntryPoint { port, public_port, public_number: number, redirect_to, tls, middlewares };
            entry_points.insert(name.clone(), entry_point);
        }
        if is_published {
            let is_taken = entry_points.values().any(|entry: &EntryPoint| entry.port == DASHBOARD_PORT);
            ports.extend(if is_taken { None } else { self.published_dashboard(member) });
        }
        Some(Ways { proxy: member.name.to_owned(), entry_points, ports })
    }

    /// What the proxy is told at its start.
    pub(super) fn proxy(&mut self, member: &Member<'a>, ways: &Ways) -> Proxy {
        let certificates: IndexMap<String, Certificate> = option_table(member, "certificates");
        let used = ways.entry_points.values().filter_map(|entry| entry.tls.as_ref()?.resolver.clone());
        let used: Vec<String> = used.collect();
        let plain = ways.entry_points.iter().find(|(_, entry)| entry.port == 80).map(|(name, _)| name.clone());
        let mut resolvers = IndexMap::new();
        for (name, certificate) in certificates.iter().filter(|(name, _)| used.contains(name)) {
            let path = member.path().key("certificates").key(name);
            let email_path = path.key("email");
            let email = self
                .text(certificate.email.as_deref().unwrap_or_default(), At::manifest(&email_path, Some(member.name)))
                .text;
            let ca_path = path.key("ca-server");
            let ca_server = certificate
                .ca_server
                .as_deref()
                .map(|text| self.text(text, At::manifest(&ca_path, Some(member.name))).text);
            let challenge = certificate.challenge.unwrap_or_default();
            if challenge == Challenge::Http && plain.is_none() {
                let known = ways.entry_points.keys().cloned().collect();
                let note = "an HTTP challenge is answered on port 80";
                self.unknown_routing("entry point", "with port 80", known, path.key("challenge"), Some(note));
            }
            if challenge == Challenge::Dns && certificate.provider.is_none() {
                let message = format!("the DNS challenge of `{name}` has no provider");
                let help = "name it as Traefik does: `provider = \"cloudflare\"`".to_owned();
                let missing = path.key("provider");
                self.problem(path.key("challenge"), ProblemKind::Incomplete { message, help, missing });
            }
            resolvers.insert(
                name.clone(),
                CertificateResolver {
                    email,
                    challenge,
                    challenge_entry_point: (challenge == Challenge::Http).then(|| plain.clone()).flatten(),
                    provider: certificate.provider.clone(),
                    ca_server,
                },
            );
        }
        let flag = |name: &str| member.option(name).and_then(toml::Value::as_bool).unwrap_or_default();
        let static_flags = member.option("static").map(|table| {
            let path = member.path().key("static");
            self.options(table, &path)
        });
        Proxy {
            version: version(member.service.version.as_deref()),
            entry_points: ways.entry_points.clone(),
            resolvers,
            permanent_redirects: self.frame.production,
            dashboard: flag("dashboard"),
            access_log: flag("access-log"),
            metrics_port: super::assembly::metrics(member).and_then(|metrics| metrics.port),
            log_level: member.option("log-level").and_then(toml::Value::as_str).unwrap_or("INFO").to_owned(),
            static_flags: static_flags.unwrap_or_default(),
        }
    }
}

/// Where Traefik shows its dashboard to everybody.
const DASHBOARD_PORT: u16 = 8080;

/// A table of an option, in its type.
fn option_table<T: serde::de::DeserializeOwned>(member: &Member<'_>, name: &str) -> IndexMap<String, T> {
    let Some(value) = member.option(name) else { return IndexMap::new() };
    // Checked against the same types before; a failure here would be a defect of the schema.
    value.clone().try_into().unwrap_or_default()
}

fn version(text: Option<&str>) -> (u32, u32) {
    let mut numbers = text.unwrap_or_default().split('.').map(|part| part.parse().unwrap_or_default());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}

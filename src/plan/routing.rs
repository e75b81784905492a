//! Routes: from a path to routers, one per path and entry point, with everything said that Traefik would otherwise
//! make up.

use std::rc::Rc;

use indexmap::IndexMap;

use super::resolve::{At, Member, Resolver};
use super::{
    EntryPoint, MiddlewareUse, PROJECT_VARIABLE, ProblemKind, Proxy, PublishedPort, Resolver as CertificateResolver,
    Router, RouterTls, Text,
};
use crate::kinds::Class;
use crate::manifest::types::{Certificate, Challenge, EntryPoint as WrittenEntryPoint, Middleware, Route};
use crate::manifest::unions::{BoolOr, OneOrMany};
use crate::source::KeyPath;

/// Every host outweighs every path: the longest path that is allowed has fewer characters.
const HOST_WEIGHT: i64 = 10_000;

/// The most characters that a path may have.
const LONGEST_PATH: usize = 2_000;

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

    fn find_ways(&mut self) -> Option<Ways> {
        let frame = self.frame;
        let member = frame.members.values().find(|member| member.class() == Class::Proxy)?;
        let written: IndexMap<String, WrittenEntryPoint> = option_table(member, "entrypoints");
        let certificates: IndexMap<String, Certificate> = option_table(member, "certificates");
        let base = member.path().key("entrypoints");
        // Without the option, the kind says that it needs it.
        if written.is_empty() && member.option("entrypoints").is_some() {
            let message = format!("the proxy `{}` has no entry points", member.name);
            let help =
                format!("give it at least one: `[services.{}.entrypoints]` with `web = {{ port = 80 }}`", member.name);
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
            ports.push(published);
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
                self.check_middleware(middleware, base.key(name).key("middlewares").index(index));
            }
            let redirect_to = entry.redirect_to.clone();
            let entry_point = EntryPoint { port, public_port, public_number: number, redirect_to, tls, middlewares };
            entry_points.insert(name.clone(), entry_point);
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
            log_level: member.option("log-level").and_then(toml::Value::as_str).unwrap_or("INFO").to_owned(),
            static_flags: static_flags.unwrap_or_default(),
        }
    }

    /// The routers of a service.
    pub(super) fn routers(&mut self, member: &Member<'a>, ways: Option<&Ways>) -> Vec<Router> {
        let mut routers = Vec::new();
        for (name, route) in &member.service.routes {
            let origin = member.path().key("routes").key(name);
            let Some(ways) = ways else {
                let note = "no service of this environment is a proxy";
                self.unknown_routing("proxy", "for this route", Vec::new(), origin, Some(note));
                continue;
            };
            let Some(port) = route.port.or(member.port) else {
                let message = format!("the route `{name}` leads to `{}`, which has no `port`", member.name);
                let help = "say where it listens: `port = 8080`".to_owned();
                let missing = member.path().key("port");
                self.problem(origin, ProblemKind::Incomplete { message, help, missing });
                continue;
            };
            if route.port == Some(0) {
                self.problem(origin.key("port"), super::ports::no_port());
                continue;
            }
            routers.extend(self.route(member, name, route, ways, port, &origin));
        }
        routers
    }

    fn route(
        &mut self,
        member: &Member<'a>,
        name: &str,
        route: &Route,
        ways: &Ways,
        port: u16,
        origin: &KeyPath,
    ) -> Vec<Router> {
        let entry_points = self.entry_points_of(route, ways, origin);
        let matches = self.matches(member, route, origin);
        let base = format!("{}-{}-{name}", slug(self.frame.stack), member.name);
        let own: Vec<&String> = route.middlewares.iter().flatten().collect();
        for (index, middleware) in own.iter().enumerate() {
            self.check_middleware(middleware, origin.key("middlewares").index(index));
        }
        let service = format!("{}-{}", slug(self.frame.stack), member.name);
        let service = if Some(port) == member.port { service } else { format!("{service}-{port}") };
        let mut routers = Vec::new();
        let several_paths = matches.len() > 1;
        for matched in &matches {
            let path_base = if several_paths { format!("{base}-{}", matched.slug) } else { base.clone() };
            let strip = strip(route, matched.path.as_deref()).map(|prefix| MiddlewareUse::Own {
                name: format!("{path_base}-strip"),
                options: vec![("stripprefix.prefixes".to_owned(), Text::literal(prefix))],
            });
            for entry_name in &entry_points {
                let Some(entry) = ways.entry_points.get(entry_name) else { continue };
                let mut middlewares = Vec::new();
                for middleware in &entry.middlewares {
                    middlewares.extend(self.middleware(member, middleware));
                }
                middlewares.extend(strip.clone());
                for middleware in &own {
                    middlewares.extend(self.middleware(member, middleware));
                }
                let name = if entry_points.len() > 1 {
                    format!("{path_base}-{}", slug(entry_name))
                } else {
                    path_base.clone()
                };
                routers.push(Router {
                    name,
                    rule: matched.rule.clone(),
                    entry_point: entry_name.clone(),
                    priority: route.priority.unwrap_or(matched.priority),
                    port,
                    service: service.clone(),
                    middlewares,
                    tls: entry.tls.clone(),
                    hosts: matched.hosts.clone(),
                    path: matched.path.clone(),
                    origin: origin.clone(),
                });
            }
        }
        routers
    }

    fn entry_points_of(&mut self, route: &Route, ways: &Ways, origin: &KeyPath) -> Vec<String> {
        if let Some(written) = &route.entrypoints {
            for (index, name) in written.iter().enumerate() {
                if !ways.entry_points.contains_key(name) {
                    let known = ways.entry_points.keys().cloned().collect();
                    self.unknown_routing("entry point", name, known, origin.key("entrypoints").index(index), None);
                }
            }
            return written.clone();
        }
        let open = ways.entry_points.iter().filter(|(_, entry)| entry.redirect_to.is_none());
        let open: Vec<String> = open.map(|(name, _)| name.clone()).collect();
        if open.is_empty() && !ways.entry_points.is_empty() {
            let note = "every entry point redirects; a route needs one that does not";
            self.unknown_routing("entry point", "without a redirect", Vec::new(), origin.clone(), Some(note));
        }
        open
    }

    fn matches(&mut self, member: &Member<'a>, route: &Route, origin: &KeyPath) -> Vec<Match> {
        if let Some(rule) = &route.rule {
            let place = origin.key("rule");
            let rule = self.text(rule, At::manifest(&place, Some(member.name))).text;
            if rule.is_empty() {
                let message = "the rule is empty: Traefik drops the router".to_owned();
                self.problem(
                    place,
                    ProblemKind::Rule { message, help: "write a rule, or `path` and `host`".to_owned() },
                );
            }
            // Traefik's own default: the length of the rule, where nothing else is known of it.
            let priority = i64::try_from(rule.to_compose().len()).unwrap_or(i64::MAX);
            return vec![Match { rule, hosts: Vec::new(), path: None, priority, slug: String::new() }];
        }
        let hosts = self.route_hosts(member, route, origin);
        let default = OneOrMany::One("/".to_owned());
        let paths = route.path.as_ref().unwrap_or(&default);
        let is_list = matches!(paths, OneOrMany::Many(_));
        let mut slugs: Vec<String> = Vec::new();
        let mut matches = Vec::new();
        for (index, path) in paths.as_slice().iter().enumerate() {
            let place = origin.key("path");
            let place = if is_list { place.index(index) } else { place };
            if let Some((message, help)) = flaw_of_path(path) {
                self.problem(place, ProblemKind::Rule { message, help });
                continue;
            }
            let path = if path == "/" { path.as_str() } else { path.trim_end_matches('/') };
            let mut slug = slug(path);
            if slug.is_empty() {
                "root".clone_into(&mut slug);
            }
            if slugs.contains(&slug) {
                slug = format!("{slug}-{}", index + 1);
            }
            slugs.push(slug.clone());
            let weight = if hosts.is_empty() { 0 } else { HOST_WEIGHT };
            let priority = weight + i64::try_from(path.len()).unwrap_or(0);
            let rule = rule(&hosts, path);
            matches.push(Match { rule, hosts: hosts.clone(), path: Some(path.to_owned()), priority, slug });
        }
        matches
    }

    fn route_hosts(&mut self, member: &Member<'a>, route: &Route, origin: &KeyPath) -> Vec<Text> {
        let (hosts, place) = match &route.host {
            Some(_) => {
                let place = origin.key("host");
                (self.hosts(route.host.as_ref(), &place, Some(member.name)), place)
            }
            None => (
                self.hosts(
                    self.frame.manifest.stack.as_ref().and_then(|stack| stack.host.as_ref()),
                    &KeyPath::of(["stack", "host"]),
                    Some(member.name),
                ),
                KeyPath::of(["stack", "host"]),
            ),
        };
        for host in &hosts {
            let Some(literal) = host.as_literal() else { continue };
            if let Some((message, help)) = flaw_of_host(literal) {
                let written = route.host.as_ref().or(self.frame.manifest.stack.as_ref().and_then(|s| s.host.as_ref()));
                let index = written.and_then(|written| position(written, literal));
                let place = index.map_or_else(|| place.clone(), |index| place.index(index));
                self.problem(place, ProblemKind::Rule { message, help });
            }
        }
        if hosts.is_empty() {
            let message = "the route has no host".to_owned();
            let help =
                "name it here (`host = \"app.example.com\"`), or for all routes as `host` in `[stack]`".to_owned();
            let missing = KeyPath::of(["stack", "host"]);
            self.problem(origin.clone(), ProblemKind::Incomplete { message, help, missing });
        }
        hosts
    }

    fn check_middleware(&mut self, name: &str, place: KeyPath) {
        if name.contains('@') {
            return;
        }
        if !self.frame.manifest.middlewares.contains_key(name) {
            let known = self.frame.manifest.middlewares.keys().cloned().collect();
            self.unknown_routing("middleware", name, known, place, None);
        }
    }

    /// A middleware as it stands beside a router of `member`: copied per service, since a middleware that lives on
    /// one container vanishes with it. A chain is the middlewares that it names.
    fn middleware(&mut self, member: &Member<'a>, name: &str) -> Vec<MiddlewareUse> {
        self.middleware_at(member, name, 0)
    }

    fn middleware_at(&mut self, member: &Member<'a>, name: &str, depth: usize) -> Vec<MiddlewareUse> {
        if name.contains('@') {
            return vec![MiddlewareUse::Elsewhere(name.to_owned())];
        }
        let Some(middleware) = self.frame.manifest.middlewares.get(name) else { return Vec::new() };
        if middleware.contains_key("chain") {
            let place = KeyPath::of(["middlewares", name, "chain", "middlewares"]);
            if depth > 8 {
                self.unknown_routing("middleware", name, Vec::new(), place, Some("the chain leads back to itself"));
                return Vec::new();
            }
            let inner: Vec<String> = chained(middleware).into_iter().map(str::to_owned).collect();
            for (index, name) in inner.iter().enumerate() {
                self.check_middleware(name, place.index(index));
            }
            return inner.iter().flat_map(|name| self.middleware_at(member, name, depth + 1)).collect();
        }
        let path = KeyPath::of(["middlewares", name]);
        let table: toml::Table =
            middleware.iter().map(|(kind, options)| (kind.clone(), toml::Value::Table(options.clone()))).collect();
        let options = self.options(&toml::Value::Table(table), &path);
        vec![MiddlewareUse::Own { name: format!("{}-{}-{}", slug(self.frame.stack), member.name, slug(name)), options }]
    }

    /// Options in Traefik's spelling as flat paths: `headers.stsSeconds`, arrays as comma lists or with positions.
    fn options(&mut self, value: &toml::Value, path: &KeyPath) -> Vec<(String, Text)> {
        let mut out = Vec::new();
        self.flatten(value, String::new(), path, &mut out);
        out
    }

    fn flatten(&mut self, value: &toml::Value, prefix: String, path: &KeyPath, out: &mut Vec<(String, Text)>) {
        match value {
            toml::Value::Table(table) => {
                // An empty table is the option switched on with its own defaults.
                if table.is_empty() && !prefix.is_empty() {
                    out.push((prefix, Text::literal("true")));
                    return;
                }
                for (key, value) in table {
                    let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    self.flatten(value, name, &path.key(key), out);
                }
            }
            toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                for (index, item) in items.iter().enumerate() {
                    self.flatten(item, format!("{prefix}[{index}]"), &path.index(index), out);
                }
            }
            toml::Value::Array(items) => {
                let mut list = Text::default();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        list.push_str(",");
                    }
                    let text = self.scalar(item, &path.index(index));
                    list.push(text);
                }
                out.push((prefix, list));
            }
            scalar => {
                let text = self.scalar(scalar, path);
                out.push((prefix, text));
            }
        }
    }

    fn scalar(&mut self, value: &toml::Value, path: &KeyPath) -> Text {
        match value {
            toml::Value::String(text) => self.text(text, At::manifest(path, None)).text,
            other => Text::literal(other.to_string()),
        }
    }

    pub(super) fn unknown_routing(
        &mut self,
        what: &'static str,
        name: &str,
        known: Vec<String>,
        place: KeyPath,
        note: Option<&str>,
    ) {
        let note = note.map(str::to_owned);
        self.problem(place, ProblemKind::UnknownRouting { what, name: name.to_owned(), known, note });
    }

    /// The address of a service as a browser sees it: its first route, else its published port.
    pub(super) fn public_url(&mut self, member: &Member<'a>) -> Option<Text> {
        if let Some(route) = member.service.routes.values().find(|route| route.rule.is_none())
            && let Some(url) = self.route_url(member, route)
        {
            return Some(url);
        }
        let (number, origin) = match member.service.publish.as_ref()? {
            crate::manifest::unions::Publish::All(true) => {
                let origin = member.path().key("port");
                (self.with_offset(member.port?, &origin)?, member.path().key("publish"))
            }
            crate::manifest::unions::Publish::At(number) => (*number, member.path().key("publish")),
            _ => return None,
        };
        let mut url = Text::literal("http://localhost:");
        url.push(self.host_port(member.name, None, number, &origin));
        Some(url)
    }

    fn route_url(&mut self, member: &Member<'a>, route: &Route) -> Option<Text> {
        let ways = self.ways()?;
        let names = self.quietly(|this| this.entry_points_of(route, &ways, &member.path()));
        let entries: Vec<&EntryPoint> = names.iter().filter_map(|name| ways.entry_points.get(name)).collect();
        let entry = entries.iter().find(|entry| entry.tls.is_some()).or_else(|| entries.first())?;
        let host = self.quietly(|this| this.route_hosts(member, route, &member.path())).into_iter().next()?;
        let (scheme, usual) = if entry.tls.is_some() { ("https", 443) } else { ("http", 80) };
        let mut url = Text::literal(format!("{scheme}://"));
        url.push(host);
        if entry.public_number != usual {
            url.push_str(":");
            url.push(entry.public_port.clone());
        }
        let path = route.path.as_ref().and_then(|path| path.as_slice().first()).map_or("", String::as_str);
        url.push_str(path.trim_end_matches('/'));
        Some(url)
    }

    /// Runs `work` without reporting again what its own part of the plan reports.
    fn quietly<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let known = self.notes.problems.len();
        let out = work(self);
        self.notes.problems.truncate(known);
        out
    }
}

/// A table of an option, in its type.
fn option_table<T: serde::de::DeserializeOwned>(member: &Member<'_>, name: &str) -> IndexMap<String, T> {
    let Some(value) = member.option(name) else { return IndexMap::new() };
    // Checked against the same types before; a failure here would be a defect of the schema.
    value.clone().try_into().unwrap_or_default()
}

struct Match {
    rule: Text,
    hosts: Vec<Text>,
    path: Option<String>,
    priority: i64,
    slug: String,
}

fn chained(middleware: &Middleware) -> Vec<&str> {
    let list = middleware.get("chain").and_then(|chain| chain.get("middlewares")).and_then(toml::Value::as_array);
    list.into_iter().flatten().filter_map(toml::Value::as_str).collect()
}

/// ``Host(`a`) && (Path(`/x`) || PathPrefix(`/x/`))``: the path and its children, never its neighbours.
fn rule(hosts: &[Text], path: &str) -> Text {
    let mut rule = Text::default();
    let several = hosts.len() > 1 && path != "/";
    if several {
        rule.push_str("(");
    }
    for (index, host) in hosts.iter().enumerate() {
        rule.push_str(if index > 0 { " || Host(`" } else { "Host(`" });
        rule.push(host.clone());
        rule.push_str("`)");
    }
    if several {
        rule.push_str(")");
    }
    if path != "/" {
        let and = if hosts.is_empty() { "" } else { " && " };
        rule.push_str(&format!("{and}(Path(`{path}`) || PathPrefix(`{path}/`))"));
    } else if hosts.is_empty() {
        rule.push_str("PathPrefix(`/`)");
    }
    rule
}

/// Where a text stands in a list; none where it stands alone.
fn position(written: &OneOrMany, text: &str) -> Option<usize> {
    match written {
        OneOrMany::One(_) => None,
        OneOrMany::Many(texts) => texts.iter().position(|written| written == text),
    }
}

/// The prefix that is removed: what matched, or what is written.
fn strip(route: &Route, path: Option<&str>) -> Option<String> {
    match &route.strip_prefix {
        Some(BoolOr::Value(prefix)) => Some(prefix.clone()),
        Some(BoolOr::Bool(true)) => path.filter(|path| *path != "/").map(str::to_owned),
        _ => None,
    }
}

fn flaw_of_path(path: &str) -> Option<(String, String)> {
    let say = |message: String, help: &str| Some((message, help.to_owned()));
    if !path.starts_with('/') {
        let help = format!("write `/{path}`");
        return say(format!("the path `{path}` does not begin with `/`: Traefik drops the router"), &help);
    }
    if path.contains("${") {
        let help = "write it out, or write `rule`, which is interpolated";
        return say("a path is not interpolated: `${…}` stands for itself here".to_owned(), help);
    }
    if path.len() > LONGEST_PATH {
        return say(format!("the path has more than {LONGEST_PATH} characters"), "shorten it");
    }
    if let Some(found) = path.chars().find(|c| c.is_whitespace() || c.is_control() || "`\"\\?#*{}".contains(*c)) {
        let help = "a path means itself and its children; for anything else write `rule` in Traefik's own syntax";
        return say(format!("the path holds {found:?}, which no request path matches literally"), help);
    }
    if path.split('/').any(|part| part == "." || part == "..") || path.contains("//") {
        let help = "write the path as it looks after that";
        return say(
            "Traefik removes `.`, `..` and doubled slashes before it routes, so this path never matches".to_owned(),
            help,
        );
    }
    None
}

fn flaw_of_host(host: &str) -> Option<(String, String)> {
    let bad = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if host.contains("://") || host.contains(['/', ':']) {
        return Some((
            "a host is a name alone: with a scheme, port or path it never matches".to_owned(),
            "write only the name, such as `app.example.com`".to_owned(),
        ));
    }
    if host.is_empty() || host.contains(bad) {
        return Some((
            "this is no host name: letters, digits, `-` and `.` (a name in another script in its `xn--` form)"
                .to_owned(),
            "write the name as DNS has it; for patterns use `rule`".to_owned(),
        ));
    }
    None
}

/// Lower-case letters, digits and single hyphens: safe in the names of Traefik, where a dot would split a label.
pub(super) fn slug(text: &str) -> String {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

fn version(text: Option<&str>) -> (u32, u32) {
    let mut numbers = text.unwrap_or_default().split('.').map(|part| part.parse().unwrap_or_default());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}

/// The network that a proxy and its services share, as the engine calls it.
pub(super) fn edge_network(fixed: Option<&Text>) -> Text {
    fixed.cloned().unwrap_or_else(|| {
        let mut name = Text::variable(PROJECT_VARIABLE, None);
        name.push_str("_edge");
        name
    })
}

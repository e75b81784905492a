//! Routes: from a path to routers, one per path and entry point, with everything said that Traefik would otherwise
//! make up.

use super::member::Member;
use super::proxy::Ways;
use super::resolve::{At, Resolver};
use super::{MiddlewareUse, PROJECT_VARIABLE, ProblemKind, Router, Text};
use crate::manifest::types::{Route, RouteProtocol};
use crate::manifest::unions::{BoolOr, OneOrMany, PortOrName, Toggle};
use crate::source::KeyPath;

/// Every host outweighs every path: the longest path that is allowed has fewer characters.
const HOST_WEIGHT: i64 = 10_000;

/// The most characters that a path may have.
const LONGEST_PATH: usize = 2_000;

impl<'a> Resolver<'a, '_> {
    /// The routers of a service.
    pub(super) fn routers(&mut self, member: &Member<'a>, ways: Option<&Ways>) -> Vec<Router> {
        let mut routers = Vec::new();
        for (name, route) in &member.service.routes {
            let origin = member.path().key("routes").key(name);
            for (index, middleware) in route.middlewares.iter().flatten().enumerate() {
                let place = origin.key("middlewares").index(index);
                self.check_middleware(middleware, place.clone());
                self.check_fit(middleware, route.protocol.unwrap_or_default(), place);
            }
            let Some(ways) = ways else {
                let note = "no service of this environment is a proxy";
                self.unknown_routing("proxy", "for this route", Vec::new(), origin, Some(note));
                continue;
            };
            let port = self.port_of(member, name, route, &origin);
            let made = match route.protocol.unwrap_or_default() {
                RouteProtocol::Http => self.route(member, name, route, ways, port.unwrap_or_default(), &origin),
                RouteProtocol::Tcp => self.tcp_route(member, name, route, ways, port.unwrap_or_default(), &origin),
            };
            // Where nobody knows to which port it leads, all that can be said of it is what else is wrong.
            routers.extend(made.into_iter().filter(|_| port.is_some()));
        }
        routers
    }

    /// The port that a route leads to; none where there is no such.
    fn port_of(&mut self, member: &Member<'a>, name: &str, route: &Route, origin: &KeyPath) -> Option<u16> {
        let port = match &route.port {
            Some(PortOrName::Number(0)) => {
                self.problem(origin.key("port"), super::ports::no_port());
                return None;
            }
            Some(PortOrName::Number(port)) => Some(*port),
            Some(PortOrName::Name(name)) => {
                let port = member.listeners.get(name).copied();
                if port.is_none() {
                    let known = member.listeners.keys().cloned().collect();
                    self.unknown_routing("port", name, known, origin.key("port"), None);
                    return None;
                }
                port
            }
            None => member.port,
        };
        if port.is_none() {
            let message = format!("the route `{name}` leads to `{}`, which has no `port`", member.name);
            let help = "say where it listens: `port = 8080`".to_owned();
            let missing = member.path().key("port");
            self.problem(origin.clone(), ProblemKind::Incomplete { message, help, missing });
        }
        port
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
        if route.sni.is_some() {
            let message = "`sni` means nothing on an HTTP route: its name is the host of the request".to_owned();
            let help = "write `host`, or make it a TCP route: `protocol = \"tcp\"`".to_owned();
            self.problem(origin.key("sni"), ProblemKind::Rule { message, help });
        }
        let entry_points = self.entry_points_of(route, ways, origin);
        let matches = self.matches(member, route, origin);
        let base = format!("{}-{}-{name}", slug(self.frame.stack), member.name);
        let own: Vec<&String> = route.middlewares.iter().flatten().collect();
        let service = format!("{}-{}", slug(self.frame.stack), member.name);
        let service = if Some(port) == member.port { service } else { format!("{service}-{port}") };
        let mut routers = Vec::new();
        let several_paths = matches.len() > 1;
        for matched in &matches {
            let path_base = if several_paths { format!("{base}-{}", matched.slug) } else { base.clone() };
            let prefix = strip(route, matched.path.as_deref());
            if let (Some(prefix), Some(path)) = (&prefix, &matched.path)
                && !is_prefix(prefix, path)
            {
                let message = format!("`{prefix}` is no prefix of the path `{path}`, so nothing would be removed");
                let help = "write the path or its first segments, or `true` for the whole path".to_owned();
                self.problem(origin.key("strip-prefix"), ProblemKind::Rule { message, help });
            }
            let strip = prefix.clone().map(|prefix| MiddlewareUse::Own {
                name: format!("{path_base}-strip"),
                key: None,
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
                    protocol: RouteProtocol::Http,
                    smoke: smoke(member, route, matched),
                    is_left_alone: is_left_alone(route),
                    expect: route.expect.clone(),
                    rule: matched.rule.clone(),
                    entry_point: entry_name.clone(),
                    priority: route.priority.unwrap_or(matched.priority),
                    port,
                    service: service.clone(),
                    middlewares,
                    tls: entry.tls.clone(),
                    hosts: matched.hosts.clone(),
                    path: matched.path.clone(),
                    strip_prefix: prefix.clone(),
                    origin: origin.clone(),
                });
            }
        }
        routers
    }

    pub(super) fn entry_points_of(&mut self, route: &Route, ways: &Ways, origin: &KeyPath) -> Vec<String> {
        if let Some(written) = &route.entrypoints {
            for (index, name) in written.iter().enumerate() {
                if !ways.entry_points.contains_key(name) {
                    let known = ways.entry_points.keys().cloned().collect();
                    self.unknown_routing("entry point", name, known, origin.key("entrypoints").index(index), None);
                }
            }
            if written.is_empty() {
                self.unknown_routing(
                    "entry point",
                    "for this route",
                    Vec::new(),
                    origin.key("entrypoints"),
                    Some("the list is empty"),
                );
            }
            let mut names = written.clone();
            names.dedup();
            return names;
        }
        let open = ways.entry_points.iter().filter(|(_, entry)| entry.redirect_to.is_none());
        let open: Vec<String> = open.map(|(name, _)| name.clone()).collect();
        if open.is_empty() && !ways.entry_points.is_empty() {
            let note = "every entry point redirects; a route needs one that does not";
            self.unknown_routing("entry point", "without a redirect", Vec::new(), origin.clone(), Some(note));
        }
        let taken =
            if route.protocol.unwrap_or_default() == RouteProtocol::Http { self.taken(ways) } else { Vec::new() };
        let left: Vec<String> = open.iter().filter(|name| !taken.contains(name)).cloned().collect();
        // Where nothing is left, the two routes are in each other's way, which is told with both.
        if left.is_empty() { open } else { left }
    }

    /// The entry points that a TCP route asks for by name, and takes whole.
    fn taken(&self, ways: &Ways) -> Vec<String> {
        let here = self.frame.members.values().filter(|member| !member.is_external);
        let routes = here.flat_map(|member| member.service.routes.values());
        let whole = routes.filter(|route| super::tcp::is_whole(route));
        let names = whole.flat_map(|route| route.entrypoints.iter().flatten());
        names.filter(|name| ways.entry_points.get(*name).is_some_and(|entry| entry.tls.is_none())).cloned().collect()
    }

    fn matches(&mut self, member: &Member<'a>, route: &Route, origin: &KeyPath) -> Vec<Match> {
        if let Some(rule) = &route.rule {
            let place = origin.key("rule");
            let rule = self.text(rule, At::manifest(&place, Some(member.name))).text;
            // Traefik's own default: the length of the rule, where nothing else is known of it.
            let priority = i64::try_from(rule.to_compose().len()).unwrap_or(i64::MAX);
            return vec![Match { rule, hosts: Vec::new(), path: None, priority, slug: String::new() }];
        }
        let hosts = self.route_hosts(member, route, origin);
        let default = OneOrMany::One("/".to_owned());
        let paths = route.path.as_ref().unwrap_or(&default);
        let is_list = matches!(paths, OneOrMany::Many(_));
        if paths.as_slice().is_empty() {
            let message = "the route has no path, so no request would reach it".to_owned();
            let help = "name one, or leave `path` out for all".to_owned();
            self.problem(origin.key("path"), ProblemKind::Rule { message, help });
        }
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
            if matches.iter().any(|known: &Match| known.path.as_deref() == Some(path)) {
                continue;
            }
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

    pub(super) fn route_hosts(&mut self, member: &Member<'a>, route: &Route, origin: &KeyPath) -> Vec<Text> {
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
            if host.as_literal().is_none() && host.with_defaults().is_some_and(|host| host.is_empty()) {
                let message =
                    "the host is empty unless the operator sets it, and Traefik drops a router without one".to_owned();
                let help = "give the variable a default, or require it".to_owned();
                self.problem(place.clone(), ProblemKind::Rule { message, help });
            }
            let Some(known) = host.with_defaults().filter(|known| host.as_literal().is_some() || !known.is_empty())
            else {
                continue;
            };
            if let Some((message, help)) = flaw_of_host(&known) {
                let written = route.host.as_ref().or(self.frame.manifest.stack.as_ref().and_then(|s| s.host.as_ref()));
                let index = written.and_then(|written| self.position(written, host, &place, member.name));
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

    /// Where a text stands in a list, once it is resolved; none where it stands alone.
    fn position(&mut self, written: &OneOrMany, text: &Text, place: &KeyPath, service: &str) -> Option<usize> {
        let OneOrMany::Many(texts) = written else { return None };
        self.quietly(|this| {
            texts.iter().position(|written| this.text(written, At::manifest(place, Some(service))).text == *text)
        })
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
}

struct Match {
    rule: Text,
    hosts: Vec<Text>,
    path: Option<String>,
    priority: i64,
    slug: String,
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

/// The prefix that is removed: what matched, or what is written.
fn strip(route: &Route, path: Option<&str>) -> Option<String> {
    match &route.strip_prefix {
        Some(BoolOr::Value(prefix)) => Some(prefix.clone()),
        Some(BoolOr::Bool(true)) => path.filter(|path| *path != "/").map(str::to_owned),
        _ => None,
    }
}

/// Whether nothing is to be asked through the route.
pub(super) fn is_left_alone(route: &Route) -> bool {
    matches!(route.smoke, Some(Toggle::Off(_)))
}

/// The request that proves the route: the one named, else the health path as it is reached through the route.
fn smoke(member: &Member<'_>, route: &Route, matched: &Match) -> Option<String> {
    let reaches = |path: &str, seen: &str| path == "/" || is_prefix(path, seen);
    match &route.smoke {
        Some(Toggle::Off(_)) => return None,
        // Of several paths it proves the one that it lies in.
        Some(Toggle::On(written)) if matched.path.as_ref().is_none_or(|path| reaches(path, written)) => {
            return Some(written.clone());
        }
        _ => {}
    }
    let path = matched.path.as_deref()?;
    let health = super::health::path(member.service)?;
    let stripped = strip(route, Some(path)).map(|prefix| format!("{prefix}{health}"));
    let seen = stripped.unwrap_or_else(|| health.to_owned());
    reaches(path, &seen).then_some(seen)
}

/// Whether removing `prefix` from requests to `path` ends at a `/`.
fn is_prefix(prefix: &str, path: &str) -> bool {
    prefix.starts_with('/') && path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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

pub(super) fn flaw_of_host(host: &str) -> Option<(String, String)> {
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

/// The network that a proxy and its services share, as the engine calls it.
pub(super) fn edge_network(fixed: Option<&Text>) -> Text {
    fixed.cloned().unwrap_or_else(|| {
        let mut name = Text::variable(PROJECT_VARIABLE, None);
        name.push_str("_edge");
        name
    })
}

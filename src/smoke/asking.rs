//! What to ask of a stack: every route on every entry point, every redirect, every published port. Pure: the plan, the
//! routing that follows from it, and where things can be reached.

use super::reach::{Closed, Reach, Way};
use super::url::Url;
use super::{Kind, Outcome};
use crate::manifest::types::{Expect, RouteProtocol};
use crate::plan::{Plan, Router as Planned, Service};
use crate::routing::{self, End, Routing};

/// Something to ask.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) kind: Kind,
    /// The service that should answer.
    pub(super) service: String,
    /// The container that answers by construction.
    pub(super) container: Option<String>,
    /// The route in services.toml.
    pub(super) route: Option<String>,
    pub(super) ask: Ask,
    pub(super) wanted: Wanted,
}

/// How it is asked.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    /// A request.
    Request { method: String, url: Url, headers: Vec<(String, String)>, way: Way },
    /// A connection that is opened and closed again.
    Connection(Way),
    /// Not at all.
    Nothing {
        /// What would have been asked.
        shown: String,
        result: Outcome,
        /// The word for the cause.
        kind: &'static str,
        /// Why, as a clause.
        reason: String,
        help: Option<String>,
    },
}

/// What shows that it works.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// The status; none for any that comes from the service and does not say that it broke.
    pub(super) status: Option<u16>,
    /// What `expect` says besides.
    pub(super) expect: Option<Expect>,
    /// The routers that should take it, by Traefik's names; empty where none has a part in it.
    pub(super) routers: Vec<String>,
    /// The services behind them, by Traefik's names.
    pub(super) targets: Vec<String>,
    /// Whether the answer has to be a redirect, to be followed.
    pub(super) redirects: bool,
    /// The port of the service that is asked in the end.
    pub(super) port: Option<u16>,
    /// The path that the service sees, where that is known.
    pub(super) seen: Option<String>,
}

impl Check {
    /// `GET https://host/path`.
    pub(super) fn shown(&self) -> String {
        match &self.ask {
            Ask::Request { method, url, .. } => format!("{method} {}", url.shown()),
            Ask::Connection(way) => format!("tcp {}", way.address()),
            Ask::Nothing { shown, .. } => shown.clone(),
        }
    }

    /// The address that is connected to.
    pub(super) fn way(&self) -> Option<&Way> {
        match &self.ask {
            Ask::Request { way, .. } | Ask::Connection(way) => Some(way),
            Ask::Nothing { .. } => None,
        }
    }
}

/// What is to be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) checks: Vec<Check>,
    /// The hosts of the stack: a redirect to another one leads away.
    pub(super) hosts: Vec<String>,
}

/// Everything that there is to ask. `is_there` says whether a service runs in this stack at all; one with a profile may not.
pub(super) fn checks(plan: &Plan, routing: &Routing, reach: &Reach, is_there: &dyn Fn(&Service) -> bool) -> Asked {
    let mut asking = Asking { plan, routing, reach, asked: Asked::default() };
    for router in routing.routers().iter().filter(|router| router.redirect.is_none()) {
        let Some(place) = router.places.iter().find(|place| place.plan == 0) else { continue };
        if let Some(service) = plan.services.get(&place.service).filter(|service| is_there(service)) {
            asking.route(service, router);
        }
    }
    for left_out in routing.left_out().iter().filter(|left_out| left_out.place.plan == 0) {
        asking.nothing(
            &left_out.place.service,
            None,
            format!("the router {}", left_out.router),
            Closed {
                kind: "not-taken",
                reason: format!("Traefik does not take it: {}", left_out.reason),
                result: Outcome::Failed,
            },
            None,
        );
    }
    asking.redirects();
    for service in plan.services.values().filter(|service| is_there(service)) {
        asking.ready(service);
        asking.ports(service);
    }
    asking.asked
}

struct Asking<'a> {
    plan: &'a Plan,
    routing: &'a Routing,
    reach: &'a Reach,
    asked: Asked,
}

impl Asking<'_> {
    fn route(&mut self, service: &Service, router: &routing::Router) {
        // What Traefik makes up by itself is nobody's route.
        let Some(planned) = planned(service, router) else { return };
        let route = route_name(planned);
        let shown = format!("the route {} on {}", route.as_deref().unwrap_or(&router.name), router.entry_point);
        if planned.is_left_alone {
            let reason = "`smoke = false`".to_owned();
            let closed = Closed { kind: "not-asked", reason, result: Outcome::Skipped };
            return self.nothing(&service.name, route, shown, closed, None);
        }
        let way = match self.reach.entry_points.get(&router.entry_point) {
            Some(Ok(way)) => way.clone(),
            Some(Err(closed)) => {
                return self.nothing(&service.name, route, shown, closed.clone(), None);
            }
            None => return,
        };
        if router.protocol == RouteProtocol::Tcp {
            let wanted = Wanted { routers: vec![router.name.clone()], ..Wanted::default() };
            self.asked.checks.push(Check {
                kind: Kind::Connection,
                service: service.name.clone(),
                container: None,
                route,
                ask: Ask::Connection(way),
                wanted,
            });
            return;
        }
        let smoke = planned.smoke.as_deref();
        let requests = self.routing.requests_for(router, self.reach.host.as_deref(), smoke);
        if requests.is_empty() {
            let open = self.routing.open_variables();
            let needs = |name: &&str| router.rule.contains(&format!("${{{name}}}"));
            let open: Vec<&str> = open.into_iter().filter(needs).collect();
            let is_secret = |name: &&str| self.plan.variables.get(*name).is_some_and(|variable| variable.secret);
            let secret: Vec<&str> = open.iter().copied().filter(is_secret).collect();
            let (reason, help) = if !secret.is_empty() {
                let names = crate::diagnostics::words::names(&secret);
                let reason = format!("its rule wants the value of {names}, and secrets are not sent");
                (reason, "say that it is left alone: `smoke = false`".to_owned())
            } else if !open.is_empty() {
                let names = crate::diagnostics::words::names(&open);
                (format!("no value is known of {names}"), "set it in the env file, or give a `--base-url`".to_owned())
            } else {
                let reason = format!("no request is known that its rule takes: {}", router.rule);
                (reason, "name one: `smoke = \"/…\"`; or none: `smoke = false`".to_owned())
            };
            return self.nothing(&service.name, route, shown, Closed::new(reason), Some(help));
        }
        for mut request in requests {
            if smoke.is_some() && request.method == "OPTIONS" {
                "GET".clone_into(&mut request.method);
            }
            if !self.asked.hosts.contains(&request.host) {
                self.asked.hosts.push(request.host.clone());
            }
            let url = Url {
                is_secure: request.is_secure,
                host: request.host.clone(),
                port: way.port,
                target: request.target.clone(),
            };
            if !matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS") {
                let shown = format!("{} {}", request.method, url.shown());
                let reason = format!("a {} may change something, and its rule takes nothing else", request.method);
                let help = Some("say that it is left alone: `smoke = false`".to_owned());
                self.nothing(&service.name, route.clone(), shown, Closed::new(reason), help);
                continue;
            }
            let expect = planned.expect.clone();
            let status = expect.as_ref().and_then(|expect| expect.status).or(smoke.map(|_| 200));
            let wanted = self.wanted(&request, router, status, expect);
            self.asked.checks.push(Check {
                kind: Kind::Route,
                service: service.name.clone(),
                container: None,
                route: route.clone(),
                ask: Ask::Request { method: request.method, url, headers: request.headers, way: way.clone() },
                wanted,
            });
        }
    }

    /// What must come back, and from where: from the router that services.toml has answer it, which is not always the one
    /// that is asked for.
    fn wanted(
        &self,
        request: &routing::Request,
        router: &routing::Router,
        status: Option<u16>,
        expect: Option<Expect>,
    ) -> Wanted {
        let answer = self.routing.answer(request);
        let mut routers = vec![router.name.clone()];
        let mut targets = vec![router.service.clone()];
        let (mut port, mut seen) = (None, None);
        if let End::Routed { router: taken, ties, outcome, .. } = answer.end {
            let is_own = |other: &routing::Router| other.service == router.service;
            // Another route of the same service may be nearer to this request.
            if is_own(taken) {
                routers.extend([taken].into_iter().chain(ties).filter(|tie| is_own(tie)).map(|tie| tie.name.clone()));
            }
            if let routing::Outcome::Service { servers, path } = outcome {
                port = servers.first().and_then(|server| server.port);
                seen = path.map(|path| path.split('?').next().unwrap_or_default().to_owned());
            }
        }
        routers.dedup();
        targets.dedup();
        Wanted { status, expect, routers, targets, redirects: false, port, seen }
    }

    /// Every entry point that redirects, with a request of a route that it leads to, for each host.
    fn redirects(&mut self) {
        let mut more = Vec::new();
        for entry in self.routing.entry_points() {
            if entry.redirect.is_none() {
                continue;
            }
            let Some(way) = self.reach.entry_points.get(&entry.name) else { continue };
            for host in &self.asked.hosts {
                let of_host = self.asked.checks.iter().filter_map(|check| match &check.ask {
                    Ask::Request { url, method, headers, .. } if url.is_secure && url.host == *host => {
                        Some((check, url, method, headers))
                    }
                    _ => None,
                });
                // One whose answer shows the most before one that may be answered with anything.
                let shows = |check: &Check| (check.wanted.status != Some(200), check.wanted.expect.is_none());
                let Some((check, url, method, headers)) = of_host.min_by_key(|(check, ..)| shows(check)) else {
                    continue;
                };
                let wanted = Wanted { redirects: true, ..check.wanted.clone() };
                let plain = |port: u16| Url { is_secure: false, port, ..url.clone() };
                let ask = match way {
                    Ok(way) => Ask::Request {
                        method: method.clone(),
                        url: plain(way.port),
                        headers: headers.clone(),
                        way: way.clone(),
                    },
                    Err(closed) => Ask::Nothing {
                        shown: format!("the redirect of {}", entry.name),
                        result: closed.result,
                        kind: closed.kind,
                        reason: closed.reason.clone(),
                        help: None,
                    },
                };
                let is_asked = matches!(ask, Ask::Request { .. });
                more.push(Check { kind: Kind::Redirect, ask, wanted, ..check.clone() });
                if !is_asked {
                    break;
                }
            }
        }
        self.asked.checks.extend(more);
    }

    /// The readiness path, through the first route that leads to it.
    fn ready(&mut self, service: &Service) {
        let Some(ready) = &service.ready else { return };
        let routers = self.routing.routers().iter().filter(|router| {
            router.protocol == RouteProtocol::Http
                && router.places.iter().any(|place| place.plan == 0 && place.service == service.name)
        });
        for router in routers {
            let Some(planned) = planned(service, router).filter(|planned| !planned.is_left_alone) else { continue };
            let Some(Ok(way)) = self.reach.entry_points.get(&router.entry_point) else { continue };
            let path = format!("{}{ready}", planned.strip_prefix.as_deref().unwrap_or_default());
            let host = self.reach.host.as_deref();
            let Some(request) = self.routing.requests_for(router, host, Some(&path)).into_iter().next() else {
                continue;
            };
            let wanted = self.wanted(&request, router, Some(200), None);
            if wanted.seen.as_deref() != Some(ready.as_str()) {
                continue;
            }
            let url =
                Url { is_secure: request.is_secure, host: request.host.clone(), port: way.port, target: path.clone() };
            let ask = Ask::Request { method: "GET".to_owned(), url, headers: request.headers, way: way.clone() };
            let route = route_name(planned);
            let is_known = |check: &Check| match &check.ask {
                Ask::Request { method, url, .. } => method == "GET" && url.target == path,
                _ => false,
            };
            if !self.asked.checks.iter().any(is_known) {
                let name = service.name.clone();
                self.asked.checks.push(Check { kind: Kind::Route, service: name, container: None, route, ask, wanted });
            }
            return;
        }
    }

    /// The ports that a service publishes itself: the paths that say how it is where there are such, else a connection.
    fn ports(&mut self, service: &Service) {
        let entry_points: Vec<u16> = match &service.proxy {
            Some(_) => self.routing.entry_points().iter().filter_map(|entry| entry.port).collect(),
            None => Vec::new(),
        };
        for port in self.reach.ports.iter().filter(|port| port.service == service.name) {
            let way = match &port.way {
                Ok(way) => way.clone(),
                Err(closed) => {
                    let shown = format!("port {} of {}", port.target, port.container);
                    let help = Some("run stackgen there, or ask the proxy with a `--base-url`".to_owned());
                    self.nothing(&service.name, None, shown, closed.clone(), help);
                    continue;
                }
            };
            // Requests through the proxy have come in there already.
            let is_asked = |check: &Check| check.way() == Some(&way);
            if entry_points.contains(&port.target) && self.asked.checks.iter().any(is_asked) {
                continue;
            }
            let mut paths: Vec<&String> = service.health_path.iter().chain(&service.ready).collect();
            paths.dedup();
            let check = |kind: Kind, ask: Ask, wanted: Wanted| Check {
                kind,
                service: service.name.clone(),
                container: Some(port.container.clone()),
                route: None,
                ask,
                wanted,
            };
            if service.port == Some(port.target) && !paths.is_empty() {
                for path in paths {
                    let url =
                        Url { is_secure: false, host: "localhost".to_owned(), port: way.port, target: path.clone() };
                    let ask = Ask::Request { method: "GET".to_owned(), url, headers: Vec::new(), way: way.clone() };
                    let port = Some(port.target);
                    let wanted = Wanted { status: Some(200), seen: Some(path.clone()), port, ..Wanted::default() };
                    self.asked.checks.push(check(Kind::Health, ask, wanted));
                }
            } else {
                let wanted = Wanted { port: Some(port.target), ..Wanted::default() };
                self.asked.checks.push(check(Kind::Connection, Ask::Connection(way), wanted));
            }
        }
    }

    fn nothing(&mut self, service: &str, route: Option<String>, shown: String, closed: Closed, help: Option<String>) {
        let Closed { kind, reason, result } = closed;
        // Of several routers of one route it is said once.
        let is_known = |check: &Check| matches!(&check.ask, Ask::Nothing { shown: known, .. } if *known == shown);
        if !self.asked.checks.iter().any(|check| check.service == service && is_known(check)) {
            self.asked.checks.push(Check {
                kind: Kind::Route,
                service: service.to_owned(),
                container: None,
                route,
                ask: Ask::Nothing { shown, result, kind, reason, help },
                wanted: Wanted::default(),
            });
        }
    }
}

/// The router of the plan behind one of Traefik, which has the name of its entry point before its own where there are
/// several.
fn planned<'s>(service: &'s Service, router: &routing::Router) -> Option<&'s Planned> {
    let name = router.name.split('@').next().unwrap_or_default();
    let bare = name.strip_prefix(&format!("{}-", router.entry_point));
    let is_it = |planned: &&Planned| planned.name == name || Some(planned.name.as_str()) == bare;
    service.routers.iter().find(is_it)
}

/// The name of a route in services.toml.
fn route_name(planned: &Planned) -> Option<String> {
    (planned.origin.key_at(2) == Some("routes")).then(|| planned.origin.key_at(3).map(str::to_owned)).flatten()
}

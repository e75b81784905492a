//! What becomes of one request.

use std::cmp::Reverse;

use super::arrival::{contains_escape, headers, replace_semicolons, scheme};
use super::configuration::{LeftOut, Server};
use super::entry_points::EntryPoint;
use super::matching::{Judgement, Reason, Seen, Truth};
use super::request::Request;
use super::rewriting::{Effect, Step, Way};
use super::url::{Url, shown};
use super::{DOCKER, Router, Routing};
use crate::manifest::types::RouteProtocol;
use crate::traefik::rule::MatcherKind;

/// How many of those that do not answer are told.
const OTHERS: usize = 3;

/// What becomes of a request, and why not something else.
#[derive(Debug, Clone)]
pub struct Answer<'r> {
    /// The entry point that it arrives at.
    pub entry_point: Option<&'r EntryPoint>,
    /// The path as rules see it.
    pub path: String,
    /// What becomes of it.
    pub end: End<'r>,
    /// Routers that would answer before, if what is not known were so.
    pub perhaps: Vec<Candidate<'r>>,
    /// The next ones that do not answer, the nearest first.
    pub others: Vec<Candidate<'r>>,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum End<'r> {
    /// Nothing listens there.
    NoEntryPoint,
    /// It is refused before any router is asked.
    Refused {
        /// The status.
        status: u16,
        /// Why, as a clause.
        reason: String,
    },
    /// No router takes it: 404.
    NotFound,
    /// A TCP router takes the connection that would carry it.
    Connection(&'r Router),
    /// A router takes it.
    Routed {
        /// The router.
        router: &'r Router,
        /// Further ones of the same priority that take it too: which one does is not defined.
        ties: Vec<&'r Router>,
        /// The middlewares on the way, up to the one that answers.
        steps: Vec<Step>,
        /// Who answers.
        outcome: Outcome,
    },
}

/// Who answers a request that a router takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A service.
    Service {
        /// The servers among which Traefik chooses.
        servers: Vec<Server>,
        /// Path and query as the service sees them; none where that depends on something that is not known.
        path: Option<String>,
    },
    /// A middleware, with a redirect.
    Redirect {
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// Traefik itself, with this status.
    Status {
        /// The status.
        status: u16,
        /// Why, as a clause.
        reason: String,
    },
    /// A service of Traefik itself, or of another provider.
    Elsewhere(String),
}

/// A router that does not answer.
#[derive(Debug, Clone)]
pub struct Candidate<'r> {
    /// Its name, with its provider.
    pub name: String,
    /// The router; none for one that Traefik does not take.
    pub router: Option<&'r Router>,
    /// Why it does not answer.
    pub why: Why,
}

/// Why a router does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It takes the request too, and another one has the higher priority.
    Weaker,
    /// It would take the request, on another entry point.
    EntryPoint(String),
    /// It would take the request, over TLS.
    NeedsTls,
    /// It would take the request, without TLS.
    NeedsPlain,
    /// Its rule does not take the request.
    Rule(Vec<Reason>),
    /// Its rule may take the request.
    Open(Vec<Reason>),
    /// Traefik does not take the router.
    LeftOut(String),
}

impl Routing {
    /// What becomes of a request.
    pub fn answer(&self, request: &Request) -> Answer<'_> {
        let mut seen = self.seen(request);
        let Some(entry) = self.entry_point(request.port) else {
            let path = shown(request.target.as_bytes());
            return Answer { entry_point: None, path, end: End::NoEntryPoint, perhaps: Vec::new(), others: Vec::new() };
        };
        let mut answer = Answer {
            entry_point: Some(entry),
            path: request.target.clone(),
            end: End::NotFound,
            perhaps: Vec::new(),
            others: Vec::new(),
        };
        // Of a connection the TCP routers are asked before anything is read of the request.
        if let Some(router) = self.connection(entry, request, &seen) {
            answer.end = End::Connection(router);
            return answer;
        }
        let Some(mut url) = Url::parse(request.target.as_bytes()) else {
            let reason = "its path cannot be decoded".to_owned();
            answer.end = End::Refused { status: 400, reason };
            return answer;
        };
        url.normalise();
        if entry.cleans {
            url.clean();
        }
        let mut target = url.target();
        replace_semicolons(entry, &mut url, &mut target);
        seen.path = url.routing_path();
        seen.parameters = url.parameters();
        seen.headers = headers(entry, request, &seen);
        answer.path = shown(&seen.path);
        let way = Way {
            target,
            scheme: scheme(request, &seen),
            is_secure: request.is_secure,
            method: request.method.clone(),
            authority: request.authority.clone(),
            url,
        };
        self.choose(entry, request.is_secure, &seen, way, &mut answer);
        answer
    }

    /// The entry point behind a port: of the host, else of the container.
    fn entry_point(&self, port: u16) -> Option<&EntryPoint> {
        let published = self.entry_points.iter().find(|entry| entry.published.contains(&port));
        published.or_else(|| self.entry_points.iter().find(|entry| entry.port == Some(port)))
    }

    pub(super) fn seen(&self, request: &Request) -> Seen {
        let host = request.host.to_lowercase();
        // An address is no server name (RFC 6066, section 3).
        let has_name = request.is_secure && host.parse::<std::net::IpAddr>().is_err();
        let server_name = if has_name { host.trim_end_matches('.').to_owned() } else { String::new() };
        Seen {
            method: request.method.clone(),
            host,
            server_name,
            client: request.client,
            has_wildcards: self.has_wildcards,
            ..Seen::default()
        }
    }

    /// The TCP router that takes the connection.
    fn connection(&self, entry: &EntryPoint, request: &Request, seen: &Seen) -> Option<&Router> {
        let routers = self.routers.iter().filter(|router| {
            router.protocol == RouteProtocol::Tcp
                && router.entry_point == entry.name
                && router.has_tls == request.is_secure
        });
        let takes = |router: &&Router| {
            let judgement = router.tree.as_ref().map(|tree| seen.judge(tree));
            judgement.is_some_and(|judgement| judgement.truth == Truth::Yes)
        };
        let taking = routers.filter(takes).max_by_key(|router| router.priority)?;
        // Over TLS one for every name comes after the HTTP routers that name this host, and those that name none (tried with
        // Traefik 3.7).
        let is_for_all = taking.rule.contains("HostSNI(`*`)");
        let names_host = |router: &Router| {
            let Some(tree) = &router.tree else { return false };
            let (mut has_host, mut is_named) = (false, false);
            tree.each_matcher(&mut |matcher, is_negated| {
                if matcher.kind == MatcherKind::Host && !is_negated {
                    has_host = true;
                    is_named |= seen.names(matcher);
                }
            });
            is_named || !has_host
        };
        let mut https = self.routers.iter().filter(|router| {
            router.protocol == RouteProtocol::Http && router.entry_point == entry.name && router.has_tls
        });
        (!(request.is_secure && is_for_all && https.any(names_host))).then_some(taking)
    }

    fn choose<'r>(&'r self, entry: &'r EntryPoint, is_secure: bool, seen: &Seen, way: Way, answer: &mut Answer<'r>) {
        let mut taken: Option<(&Router, Vec<&Router>)> = None;
        let mut others: Vec<(Rank, Candidate<'r>)> = Vec::new();
        for router in self.routers.iter().filter(|router| router.protocol == RouteProtocol::Http) {
            let judgement = match &router.tree {
                Some(tree) => seen.judge(tree),
                None => Judgement::open("depends on a value that is not known"),
            };
            let is_here = router.entry_point == entry.name;
            let why = match judgement.truth {
                Truth::No => Why::Rule(judgement.reasons),
                // A redirect is of its own entry point alone.
                _ if !is_here && router.redirect.is_some() => continue,
                _ if !is_here => Why::EntryPoint(router.entry_point.clone()),
                _ if router.has_tls && !is_secure => Why::NeedsTls,
                _ if !router.has_tls && is_secure => Why::NeedsPlain,
                Truth::Open => Why::Open(judgement.reasons),
                Truth::Yes => match &mut taken {
                    None => {
                        taken = Some((router, Vec::new()));
                        continue;
                    }
                    Some((first, ties)) if first.priority == router.priority => {
                        ties.push(router);
                        continue;
                    }
                    Some(_) => Why::Weaker,
                },
            };
            let candidate = Candidate { name: router.name.clone(), router: Some(router), why };
            let may_win = matches!(candidate.why, Why::Open(_))
                && taken.as_ref().is_none_or(|(first, _)| first.priority <= router.priority);
            if may_win || router.has_open_priority && candidate.why == Why::Weaker {
                answer.perhaps.push(candidate);
            } else {
                others.push((Rank::of(&candidate, is_here), candidate));
            }
        }
        others.extend(self.left_out_candidates(seen).map(|candidate| (Rank::of(&candidate, false), candidate)));
        others.sort_by(|a, b| a.0.cmp(&b.0));
        answer.others = others.into_iter().map(|(_, candidate)| candidate).take(OTHERS).collect();
        if let Some((router, ties)) = taken {
            let (steps, outcome) = self.follow(entry, router, way);
            answer.end = End::Routed { router, ties, steps, outcome };
        }
    }

    /// Routers that Traefik does not take although their rules would take the request.
    fn left_out_candidates<'r>(&'r self, seen: &Seen) -> impl Iterator<Item = Candidate<'r>> {
        self.configuration.left_out.iter().filter_map(move |left_out: &LeftOut| {
            let tree = crate::traefik::rule::parse(&left_out.rule, RouteProtocol::Http).ok()??;
            let would = seen.judge(&tree).truth != Truth::No;
            would.then(|| Candidate {
                name: format!("{}{DOCKER}", left_out.router),
                router: None,
                why: Why::LeftOut(left_out.reason.clone()),
            })
        })
    }

    /// The way of a request behind its router.
    fn follow(&self, entry: &EntryPoint, router: &Router, mut way: Way) -> (Vec<Step>, Outcome) {
        let path = way.url.escaped_path();
        let refused = entry.refused.iter().find(|escape| contains_escape(&path, escape));
        if let Some(escape) = refused {
            let reason = format!("the entry point refuses `{escape}` in a path");
            return (Vec::new(), Outcome::Status { status: 400, reason });
        }
        let mut steps = Vec::new();
        let mut is_open = false;
        for name in &router.middlewares {
            let own = name.strip_suffix(DOCKER).and_then(|name| self.configuration.http.middlewares.get(name));
            let step = match (own, &router.redirect) {
                (Some(defined), _) => way.pass(defined),
                (None, Some(redirect)) if name.ends_with("@internal") => Step {
                    name: name.clone(),
                    kind: "redirectScheme".to_owned(),
                    effect: way.redirect_scheme(&redirect.scheme, &redirect.port, redirect.is_permanent),
                },
                (None, _) => {
                    let effect = Effect::Open("is defined elsewhere".to_owned());
                    Step { name: name.clone(), kind: String::new(), effect }
                }
            };
            let end = match &step.effect {
                Effect::Redirects { status, location } => {
                    Some(Outcome::Redirect { status: *status, location: location.clone() })
                }
                Effect::Fails { status, reason } => Some(Outcome::Status { status: *status, reason: reason.clone() }),
                Effect::Open(_) => {
                    is_open = true;
                    None
                }
                _ => None,
            };
            steps.push(step);
            if let Some(end) = end {
                return (steps, end);
            }
        }
        let outcome = match router.service.strip_suffix(DOCKER) {
            Some(_) => Outcome::Service {
                servers: self.servers(RouteProtocol::Http, &router.service).to_vec(),
                path: (!is_open).then(|| way.arrives()),
            },
            None if router.service == "noop@internal" => {
                Outcome::Status { status: 418, reason: "there is nothing behind it".to_owned() }
            }
            None => Outcome::Elsewhere(router.service.clone()),
        };
        (steps, outcome)
    }
}

/// How near a router is to the answer: smaller is nearer.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(usize, usize, bool, Reverse<i64>, String);

impl Rank {
    fn of(candidate: &Candidate<'_>, is_here: bool) -> Self {
        let (class, failures) = match &candidate.why {
            Why::Weaker | Why::Open(_) => (0, 0),
            Why::LeftOut(_) => (1, 0),
            Why::NeedsTls | Why::NeedsPlain | Why::EntryPoint(_) => (2, 0),
            Why::Rule(reasons) => (3, reasons.len()),
        };
        let priority = candidate.router.map_or(0, |router| router.priority);
        Self(class, failures, !is_here, Reverse(priority), candidate.name.clone())
    }
}

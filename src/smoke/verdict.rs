//! What an answer is worth: passed, failed with its most likely cause, or unproved. Pure: it judges what was found.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::asking::{Ask, Check};
use super::container::Container;
use super::http::{Answer, Exchange, Flaw, Trouble};
use super::proxy::{self, Access};
use super::redaction::Secrets;
use super::services::State;
use super::{Cause, Evidence, Kind, Outcome};
use crate::manifest::types::Expect;
use crate::manifest::unions::Scalar;
use crate::plan::Plan;

mod answers;
mod silence;
mod stack;

/// Everything that is known of the stack besides the answer.
#[derive(Clone)]
pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan,
    /// Every container of the stack and on its proxy; none without an engine.
    pub(super) containers: Option<&'a [Container]>,
    /// The container of the proxy.
    pub(super) proxy: Option<&'a Container>,
    /// How the services are.
    pub(super) states: &'a [State],
    /// What the proxy has printed; empty where nobody has asked.
    pub(super) log: &'a str,
    /// The Compose project, and the one of the proxy.
    pub(super) project: &'a str,
    pub(super) edge: &'a str,
    /// What is never shown.
    pub(super) secrets: &'a Secrets,
    /// The values of variables, as far as labels hold them.
    pub(super) values: &'a dyn Fn(&str) -> Option<String>,
    /// The ports that URLs of the stack have.
    pub(super) public_ports: &'a [u16],
}

/// What an answer is worth.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) result: Outcome,
    pub(super) evidence: Option<Evidence>,
    pub(super) answered_by: Option<String>,
    pub(super) router: Option<String>,
    pub(super) cause: Option<Cause>,
}

impl Verdict {
    fn failed(cause: Cause) -> Self {
        Self { result: Outcome::Failed, evidence: None, answered_by: None, router: None, cause: Some(cause) }
    }

    fn unproved(cause: Cause) -> Self {
        Self { result: Outcome::Unproved, ..Self::failed(cause) }
    }
}

/// Who answered, as far as the access log says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    /// The service that should.
    Wanted,
    /// The service that should, on another port than services.toml says.
    OnPort(u16),
    /// The service that should, by a router that services.toml does not know.
    ByAnother,
    /// Another service of the stack, or something else by its name in Traefik.
    Other(String),
    /// Nobody: no router took the request.
    Nobody,
    /// The right router, and a middleware of it.
    Middleware,
    /// A server that is none of the containers which are known.
    Stranger(SocketAddr),
    /// The log does not say.
    Unknown,
}

/// Judges what came of a check. `access` is the last entry of the access log that is about it.
pub(super) fn judge(check: &Check, exchange: &Exchange, access: Option<&Access>, scene: &Scene<'_>) -> Verdict {
    if let Ask::Nothing { result, kind, reason, help, .. } = &check.ask {
        let mut cause = Cause::new(kind, reason.clone());
        cause.help.clone_from(help);
        return Verdict { result: *result, ..Verdict::failed(cause) };
    }
    let case = Case { check, exchange, access, scene };
    let mut verdict = match (&exchange.end, check.kind) {
        // A proxy closes what it has taken where nobody is behind one of its TCP routes, which is that route's matter.
        (Err(Trouble::Closed), Kind::Connection) if case.is_of_proxy() => case.connected(),
        (Err(trouble), _) => Verdict::failed(case.trouble(trouble)),
        (Ok(_), Kind::Connection) => case.connected(),
        (Ok(answer), _) => case.answered(answer),
    };
    verdict.router = access.and_then(|access| access.router.clone());
    if verdict.answered_by.is_none() {
        verdict.answered_by = match case.who() {
            Who::Wanted | Who::OnPort(_) | Who::ByAnother => Some(check.service.clone()),
            Who::Other(other) => Some(other),
            Who::Nobody | Who::Middleware | Who::Stranger(_) | Who::Unknown => None,
        };
    }
    verdict
}

struct Case<'a> {
    check: &'a Check,
    exchange: &'a Exchange,
    access: Option<&'a Access>,
    scene: &'a Scene<'a>,
}

impl<'a> Case<'a> {
    /// Whether the proxy's own port is asked.
    fn is_of_proxy(&self) -> bool {
        let service = self.scene.plan.services.get(&self.check.service);
        self.check.container.is_some() && service.is_some_and(|service| service.proxy.is_some())
    }

    fn connected(&self) -> Verdict {
        // The engine's forwarder takes connections for a container that is paused, too.
        if let Some(cause) = self.of_service() {
            return Verdict::failed(cause);
        }
        if self.check.container.is_some() {
            return Verdict {
                result: Outcome::Passed,
                evidence: Some(Evidence::PublishedPort),
                answered_by: Some(self.check.service.clone()),
                router: None,
                cause: None,
            };
        }
        let message = "the entry point takes connections, and a connection does not say who is behind it";
        Verdict::unproved(
            Cause::new("connection-only", message).help("where that is enough: `smoke = false` on the route"),
        )
    }

    fn answered(&self, answer: &Answer) -> Verdict {
        let wanted = &self.check.wanted;
        if wanted.redirects && self.exchange.hops.is_empty() {
            let message = format!("it is answered with {} instead of a redirect to HTTPS", answer.status);
            return Verdict::failed(self.explained(Cause::new("no-redirect", message), answer));
        }
        let verdict = self.weighed(answer);
        let is_of_another = matches!(self.who(), Who::Other(_) | Who::Nobody | Who::Stranger(_) | Who::Unknown);
        match self.left_out() {
            Some(cause) if is_of_another && verdict.result != Outcome::Passed => Verdict::failed(cause),
            _ => verdict,
        }
    }

    /// What an answer is worth, whatever its service is like.
    fn weighed(&self, answer: &Answer) -> Verdict {
        let wanted = &self.check.wanted;
        match self.who() {
            Who::Other(other) => return Verdict::failed(self.wrong_service(Some(&other), answer)),
            Who::ByAnother => return Verdict::failed(self.wrong_service(None, answer)),
            Who::Nobody => return Verdict::failed(self.no_router(answer)),
            _ => {}
        }
        let is_wanted = match wanted.status {
            Some(status) => answer.status == status,
            // What does not know OPTIONS may say so.
            None => answer.status < 500 || answer.status == 501,
        };
        if !is_wanted {
            return Verdict::failed(self.wrong_status(answer));
        }
        if let Who::OnPort(port) = self.who() {
            return Verdict::failed(self.other_port(port));
        }
        if let Some(cause) = broken(answer) {
            return Verdict::failed(cause);
        }
        if let Some(difference) = wanted.expect.as_ref().and_then(|expect| self.difference(expect, answer)) {
            let message = format!("the answer is not what `expect` says: {difference}");
            let who = match self.who() {
                Who::Wanted => "",
                _ => "; another service may have answered",
            };
            return Verdict::failed(Cause::new("unexpected-answer", format!("{message}{who}")));
        }
        self.proved(answer)
    }

    /// An answer with which nothing is wrong: who gave it?
    fn proved(&self, answer: &Answer) -> Verdict {
        let expect = self.check.wanted.expect.as_ref();
        let tells = expect.is_some_and(|expect| !expect.header.is_empty() || !expect.json.is_empty());
        let declares = expect.is_some_and(|expect| expect.status.is_some());
        let evidence = match self.who() {
            _ if self.check.container.is_some() => Some(Evidence::PublishedPort),
            Who::Wanted => Some(Evidence::AccessLog),
            // The proxy answers for this very route, as is written.
            Who::Middleware if declares => Some(Evidence::AccessLog),
            _ if tells => Some(Evidence::Expect),
            _ => None,
        };
        if let Some(evidence) = evidence {
            let by = (self.who() != Who::Middleware).then(|| self.check.service.clone());
            return Verdict {
                result: Outcome::Passed,
                evidence: Some(evidence),
                answered_by: by,
                router: None,
                cause: None,
            };
        }
        if self.who() == Who::Middleware {
            let message =
                format!("a middleware of the route answered {}, so that the service was not asked", answer.status);
            let help = format!("if that is right: `expect = {{ status = {} }}` with a `smoke` path", answer.status);
            return Verdict::unproved(Cause::new("middleware-answered", message).help(help));
        }
        if let Who::Stranger(server) = self.who() {
            let message = format!(
                "{} came, and nothing shows from whom: the proxy asked {server}, which is the address of no container of the stack",
                answer.status
            );
            let help = "has the container been made anew meanwhile? Then ask again";
            return Verdict::unproved(Cause::new("unknown-server", message).help(help));
        }
        let expect_it =
            "say what only this service answers: `expect = { json = { \"/service\" = \"…\" } }` with a `smoke` path";
        let cause = match (self.scene.containers, self.scene.proxy) {
            (None, _) => {
                let message = format!("{} came, and without the engine nothing shows from whom", answer.status);
                Cause::new("no-engine", message).help(expect_it)
            }
            (Some(_), None) => {
                let message =
                    format!("{} came, and nothing shows from whom: the proxy is not on this engine", answer.status);
                Cause::new("no-access-log", message).help(expect_it)
            }
            (Some(_), Some(proxy)) => {
                if let Some(silence) = proxy::silence(proxy) {
                    let message = format!("{} came, and nothing shows from whom: {silence}", answer.status);
                    Cause::new("no-access-log", message)
                        .help(format!("`access-log = true` on the proxy; or {expect_it}"))
                } else {
                    let message =
                        format!("{} came, and the proxy's access log does not have the request", answer.status);
                    let help =
                        "is it this proxy that answers there? Its log may also be buffered, or leave the query out";
                    Cause::new("not-in-access-log", message).help(help)
                }
            }
        };
        Verdict::unproved(cause)
    }

    fn who(&self) -> Who {
        let Some(access) = self.access else { return Who::Unknown };
        let Some(router) = &access.router else { return Who::Nobody };
        let wanted = &self.check.wanted;
        let by_address = access.server.and_then(|server| self.service_at(server.ip()));
        let is_own_router = wanted.routers.contains(router);
        match (by_address, &access.service) {
            (Some((project, service)), _) if service == self.check.service && project == self.scene.project => {
                let port = access.server.map(|server| server.port());
                match (is_own_router, port, wanted.port) {
                    (false, ..) => Who::ByAnother,
                    (true, Some(port), Some(wanted)) if port != wanted => Who::OnPort(port),
                    (true, ..) => Who::Wanted,
                }
            }
            (Some((project, service)), _) if project == self.scene.project => Who::Other(service.to_owned()),
            (Some((project, service)), _) => Who::Other(format!("{service} of the project {project}")),
            (None, Some(service)) if wanted.targets.contains(service) && is_own_router => match access.server {
                Some(server) if self.knows_addresses() => Who::Stranger(server),
                _ => Who::Wanted,
            },
            (None, Some(service)) => Who::Other(service.clone()),
            (None, None) if is_own_router => Who::Middleware,
            (None, None) => Who::Other(router.clone()),
        }
    }

    /// Whether the service that should answer can be known by its address: not where it is on the network of the host, or of
    /// a container that is not known.
    fn knows_addresses(&self) -> bool {
        let own = self.own_containers();
        !own.is_empty() && own.iter().all(|container| !container.is_on_host && !container.networks.is_empty())
    }

    /// The project and the service whose container has an address: of several that share one, the service that is asked for.
    fn service_at(&self, address: IpAddr) -> Option<(&'a str, &'a str)> {
        let containers = self.scene.containers?;
        let is_own =
            |container: &Container| container.service == self.check.service && container.project == self.scene.project;
        let found = containers.iter().filter(|container| container.has_address(address));
        let found = found.min_by_key(|container| !is_own(container))?;
        Some((&found.project, &found.service))
    }

    /// How an answer differs from what `expect` says.
    fn difference(&self, expect: &Expect, answer: &Answer) -> Option<String> {
        for (name, wanted) in &expect.header {
            match answer.header(name) {
                Some(found) if found == wanted => {}
                Some(found) => {
                    return Some(format!("the header `{name}` is `{}`, not `{wanted}`", self.shown(found)));
                }
                None => return Some(format!("there is no header `{name}`")),
            }
        }
        if expect.json.is_empty() {
            return None;
        }
        if answer.flaw == Some(Flaw::TooLong) {
            return Some("its body is longer than 1 MiB, and no more is read of one".to_owned());
        }
        let Ok(body) = serde_json::from_str::<Value>(&answer.body) else {
            return Some("its body is no JSON".to_owned());
        };
        for (pointer, wanted) in &expect.json {
            match body.pointer(pointer) {
                Some(found) if is_same(found, wanted) => {}
                Some(found) => {
                    let found = self.shown(&found.to_string());
                    return Some(format!("`{pointer}` in its body is {found}, not `{wanted}`"));
                }
                None => return Some(format!("there is no `{pointer}` in its body")),
            }
        }
        None
    }

    fn shown(&self, text: &str) -> String {
        let hidden = self.scene.secrets.hide(text);
        match hidden.char_indices().nth(60) {
            Some((end, _)) => format!("{}…", &hidden[..end]),
            None => hidden,
        }
    }
}

/// What is wrong with an answer whose body does not come to its end.
fn broken(answer: &Answer) -> Option<Cause> {
    let status = answer.status;
    let (why, help) = match answer.flaw.as_ref()? {
        Flaw::TooLong => return None,
        Flaw::Broken(why) => {
            (format!("its body breaks off: {why}"), "does the service, or what is between, end while it answers?")
        }
        Flaw::Endless(time) => (
            format!("its body has no end within {} s", time.as_secs_f64()),
            "does the path stream? `smoke = \"/…\"` names another one; or give it longer: `--request-timeout`",
        ),
    };
    Some(Cause::new("broken-answer", format!("it is answered with {status}, and {why}")).help(help))
}

fn is_same(found: &Value, wanted: &Scalar) -> bool {
    match wanted {
        Scalar::Bool(wanted) => found.as_bool() == Some(*wanted),
        Scalar::Int(wanted) => found.as_i64() == Some(*wanted),
        Scalar::Float(wanted) => found.as_f64() == Some(*wanted),
        Scalar::Text(wanted) => found.as_str() == Some(wanted.as_str()),
    }
}

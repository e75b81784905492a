//! The causes of answers that are not what they should be.

use super::super::container::Container;
use super::super::http::Answer;
use super::super::{Cause, services};
use super::stack::ANEW;
use super::{Case, Who};
use crate::plan::EDGE_LABEL;

/// What Traefik answers where no router takes a request (Go, `http.NotFound`).
const NOT_FOUND: &str = "404 page not found\n";

impl Case<'_> {
    /// Another service answered; none where it is the right one, by a router that is not its own.
    pub(super) fn wrong_service(&self, other: Option<&str>, answer: &Answer) -> Cause {
        let service = &self.check.service;
        let router = self.access.and_then(|access| access.router.as_deref()).unwrap_or_default();
        let bare = router.split('@').next().unwrap_or_default();
        let own = self.check.wanted.routers.first().map_or("", |name| name.split('@').next().unwrap_or_default());
        let who = match other {
            None => format!("the router {bare} took it, and not {own}"),
            Some(other) => {
                format!("`{other}` answered ({}), and not `{service}`: the router {bare} took it", answer.status)
            }
        };
        let rule = |name: &str, what: &str| {
            let (container, label) = self.label(&format!("traefik.http.routers.{name}.{what}"))?;
            Some((container.name.clone(), label.to_owned()))
        };
        let took = rule(bare, "rule").map(|(container, rule)| {
            let priority = rule_priority(rule.as_str(), self.label(&format!("traefik.http.routers.{bare}.priority")));
            let rule = self.secretive(bare).unwrap_or(rule);
            format!(", by the label of {container}: {rule}, priority {priority}")
        });
        let message = format!("{who}{}", took.unwrap_or_default());
        let help = match self.changed_labels(own) {
            Some(changed) => changed,
            None if rule(own, "rule").is_none() && self.scene.containers.is_some() => {
                format!(
                    "no container has labels of the router {own}: make the containers anew (`docker compose up --wait`)"
                )
            }
            None => format!("`stackgen route '{}'` shows who should answer", self.check.shown()),
        };
        Cause::new("wrong-service", message).log(self.complaints(&[own])).help(help)
    }

    /// The right service answered on a port that is not its own any more: for a moment after a change the proxy asks where it
    /// asked before.
    pub(super) fn other_port(&self, port: u16) -> Cause {
        let service = &self.check.service;
        let wanted = self.check.wanted.port.unwrap_or_default();
        let message = format!("`{service}` answered on its port {port}, and services.toml says {wanted}");
        let help = self.changed_labels(&self.own_router()).unwrap_or_else(|| {
            format!("write the port that it listens on into services.toml; if that is {wanted}, make the containers anew (`docker compose up --wait`)")
        });
        Cause::new("other-port", message).help(help)
    }

    /// No router took the request.
    pub(super) fn no_router(&self, answer: &Answer) -> Cause {
        let own = self.own_router();
        let service = &self.check.service;
        // Traefik leaves out what it finds no address for.
        if let Some(cause) = self.of_service().or_else(|| self.apart()) {
            return cause;
        }
        let message = format!("no router of the proxy took it ({})", answer.status);
        let containers = self.own_containers();
        if let Some(edge) = containers.iter().find_map(|container| match container.labels.get(EDGE_LABEL) {
            Some(edge) if edge == self.scene.edge => None,
            Some(edge) => Some(format!("`{edge}`")),
            None => Some("none".to_owned()),
        }) {
            let message = format!(
                "{message}: the label `{EDGE_LABEL}` of `{service}` is {edge}, and the proxy takes containers with `{}` alone",
                self.scene.edge
            );
            return Cause::new("not-taken", message).help(ANEW);
        }
        if containers.iter().any(|container| container.labels.get("traefik.enable").is_none_or(|on| on != "true")) {
            let message = format!("{message}: `{service}` does not have the label `traefik.enable=true`");
            return Cause::new("not-taken", message).help(ANEW);
        }
        let complaints = self.complaints(&[&own, service]);
        if let Some(changed) = self.changed_labels(&own) {
            return Cause::new("no-router", message).log(complaints).help(changed);
        }
        let help = if complaints.is_empty() {
            format!("`stackgen route '{}'` shows who should answer, and why others do not", self.check.shown())
        } else {
            "this is what the proxy says about it".to_owned()
        };
        Cause::new("no-router", message).log(complaints).help(help)
    }

    pub(super) fn wrong_status(&self, answer: &Answer) -> Cause {
        let status = answer.status;
        let wanted = self.check.wanted.status.map_or_else(String::new, |wanted| format!(" instead of {wanted}"));
        let service = &self.check.service;
        let is_of_proxy = self.check.container.is_none() && is_status_text(answer);
        if is_of_proxy && matches!(status, 502..=504) {
            return self.gateway(status);
        }
        if self.access.is_none() && status == 404 && answer.body == NOT_FOUND && self.check.container.is_none() {
            let cause = self.no_router(answer);
            return Cause { message: format!("{}, as it seems", cause.message), ..cause };
        }
        let seen = self.check.wanted.seen.as_deref().map_or_else(String::new, |seen| format!(", which sees `{seen}`"));
        let by = match self.who() {
            Who::Wanted => format!("by `{service}`{seen}"),
            _ if self.check.container.is_some() => format!("by `{service}`{seen}"),
            Who::Middleware => "by a middleware of the route".to_owned(),
            _ => "by whoever is behind it".to_owned(),
        };
        let message = format!("it is answered with {status}{wanted} {by}");
        let help = match status {
            404 | 405 => Some("does the service have this path? `smoke = \"/…\"` names another one".to_owned()),
            401 | 403 => Some(format!("if that is right: `expect = {{ status = {status} }}`")),
            300..=399 => Some("name the path that answers itself: `smoke = \"/…\"`".to_owned()),
            500.. => {
                let because = services::root(self.scene.plan, self.scene.states, service);
                because.map(|root| format!("`{root}`, on which it depends, is not as it should be"))
            }
            _ => None,
        };
        Cause { help, ..Cause::new("wrong-status", message) }
    }

    /// Traefik had a router and a server, and no answer from that.
    pub(super) fn gateway(&self, status: u16) -> Cause {
        if let Some(cause) = self.of_service() {
            return cause;
        }
        let service = &self.check.service;
        let word = match status {
            502 => "502 Bad Gateway",
            503 => "503 Service Unavailable",
            _ => "504 Gateway Timeout",
        };
        let containers = self.own_containers();
        if let Some(cause) = self.apart() {
            return cause;
        }
        let asked = self.access.and_then(|access| access.server).map(|server| server.port());
        let planned = self.check.wanted.port;
        let log = self.complaints(&[service, &self.own_router()]);
        match (asked, planned) {
            (Some(asked), Some(planned)) if asked != planned => {
                let message =
                    format!("{word}: the proxy asks `{service}` on port {asked}, and it listens on {planned}");
                Cause::new("wrong-port", message).log(log).help(ANEW)
            }
            _ if status == 503 => {
                let message = format!("{word}: the proxy has no server for `{service}`");
                Cause::new("no-server", message).log(log)
            }
            _ => {
                let port = asked.or(planned).map_or_else(|| "its port".to_owned(), |port| format!("port {port}"));
                let healthy = containers.iter().any(|container| container.health.is_some());
                let message = format!("{word}: nothing answers the proxy on {port} of `{service}`");
                let help = if healthy {
                    "its probe succeeds inside of the container: does it listen on 127.0.0.1 alone, and not on 0.0.0.0, or on another port?"
                } else {
                    "does it listen there, and on 0.0.0.0, not on 127.0.0.1 alone?"
                };
                Cause::new("not-listening", message).log(log).help(help)
            }
        }
    }

    /// A cause that the state of the service explains better.
    pub(super) fn explained(&self, cause: Cause, answer: &Answer) -> Cause {
        match self.who() {
            Who::Nobody => self.no_router(answer),
            _ => cause,
        }
    }
}

fn rule_priority(rule: &str, priority: Option<(&Container, &str)>) -> String {
    priority.map_or_else(|| rule.len().to_string(), |(_, priority)| priority.to_owned())
}

/// Whether the body is the status in words, as Traefik writes it where it has no answer to hand on.
fn is_status_text(answer: &Answer) -> bool {
    matches!(
        (answer.status, answer.body.trim()),
        (502, "Bad Gateway") | (503, "Service Unavailable" | "no available server") | (504, "Gateway Timeout")
    )
}

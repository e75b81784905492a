//! The answer and the table for programs.

use serde_json::{Map, Value, json};
use stackgen::manifest::types::RouteProtocol;
use stackgen::routing::{
    Answer, Candidate, Effect, End, Outcome, Place, Reason, Request, Router, Routing, Server, Step, Why,
};

pub(super) fn answers(request: &Request, answers: &[(&str, &Routing, Answer<'_>)]) -> Value {
    let answers: Vec<Value> = answers.iter().map(|(environment, _, answer)| of_answer(environment, answer)).collect();
    json!({ "version": 1, "request": request.to_string(), "answers": answers })
}

fn of_answer(environment: &str, answer: &Answer<'_>) -> Value {
    let mut out = Map::new();
    let mut set = |name: &str, value: Value| out.insert(name.to_owned(), value);
    set("environment", environment.into());
    set(
        "entry-point",
        answer.entry_point.map_or(Value::Null, |entry| json!({ "name": entry.name, "port": entry.port })),
    );
    set("path", answer.path.as_str().into());
    match &answer.end {
        End::NoEntryPoint => {
            set("end", "no-entry-point".into());
        }
        End::Refused { status, reason } => {
            set("end", "refused".into());
            set("status", (*status).into());
            set("reason", reason.as_str().into());
        }
        End::NotFound => {
            set("end", "not-found".into());
            set("status", 404.into());
        }
        End::Connection(router) => {
            set("end", "connection".into());
            set("router", of_router(router));
        }
        End::Routed { router, ties, steps, outcome } => {
            let end = match outcome {
                Outcome::Service { .. } => "service",
                Outcome::Redirect { .. } => "redirect",
                Outcome::Status { .. } => "status",
                Outcome::Elsewhere(_) => "elsewhere",
            };
            set("end", end.into());
            set("router", of_router(router));
            set("ties", ties.iter().map(|tie| Value::from(tie.name.as_str())).collect());
            set("middlewares", steps.iter().map(of_step).collect());
            match outcome {
                Outcome::Service { servers, path } => {
                    set("servers", servers.iter().map(of_server).collect());
                    set("seen-path", path.as_deref().into());
                }
                Outcome::Redirect { status, location } => {
                    set("status", (*status).into());
                    set("location", location.as_str().into());
                }
                Outcome::Status { status, reason } => {
                    set("status", (*status).into());
                    set("reason", reason.as_str().into());
                }
                Outcome::Elsewhere(name) => {
                    set("service", name.as_str().into());
                }
            }
        }
    }
    set("perhaps", answer.perhaps.iter().map(of_candidate).collect());
    set("others", answer.others.iter().map(of_candidate).collect());
    Value::Object(out)
}

fn of_router(router: &Router) -> Value {
    json!({
        "name": router.name,
        "protocol": if router.protocol == RouteProtocol::Http { "http" } else { "tcp" },
        "entry-point": router.entry_point,
        "rule": router.rule,
        "priority": router.priority,
        "tls": router.has_tls,
        "middlewares": router.middlewares,
        "service": router.service,
        "from": router.places.iter().map(of_place).collect::<Vec<_>>(),
        "origin": router.origin.as_ref().map(ToString::to_string),
    })
}

fn of_place(place: &Place) -> Value {
    json!({ "stack": place.stack, "environment": place.environment, "service": place.service })
}

fn of_server(server: &Server) -> Value {
    let place = &server.place;
    json!({
        "stack": place.stack,
        "environment": place.environment,
        "service": place.service,
        "port": server.port,
        "scheme": server.scheme,
    })
}

fn of_step(step: &Step) -> Value {
    let (effect, detail) = match &step.effect {
        Effect::Passes => ("passes", None),
        Effect::Path(path) => ("path", Some(path.as_str())),
        Effect::MayAnswer => ("may-answer", None),
        Effect::Redirects { location, .. } => ("redirects", Some(location.as_str())),
        Effect::Fails { reason, .. } => ("fails", Some(reason.as_str())),
        Effect::Open(reason) => ("open", Some(reason.as_str())),
    };
    json!({ "name": step.name, "type": step.kind, "effect": effect, "detail": detail })
}

fn of_candidate(candidate: &Candidate<'_>) -> Value {
    let of_reasons = |reasons: &[Reason]| -> Value {
        reasons.iter().map(|reason| json!({ "matcher": reason.matcher, "clause": reason.clause })).collect()
    };
    let (why, detail) = match &candidate.why {
        Why::Weaker => ("weaker", Value::Null),
        Why::EntryPoint(name) => ("entry-point", name.as_str().into()),
        Why::NeedsTls => ("needs-tls", Value::Null),
        Why::NeedsPlain => ("needs-plain", Value::Null),
        Why::Rule(reasons) => ("rule", of_reasons(reasons)),
        Why::Open(reasons) => ("open", of_reasons(reasons)),
        Why::LeftOut(reason) => ("left-out", reason.as_str().into()),
    };
    let priority = candidate.router.map(|router| router.priority);
    json!({ "router": candidate.name, "priority": priority, "why": why, "detail": detail })
}

/// All routers of each environment.
pub(super) fn table(routings: &[(&str, Routing)]) -> Value {
    let environments = routings.iter().map(|(environment, routing)| {
        let entry_points: Vec<Value> = routing
            .entry_points()
            .iter()
            .map(|entry| json!({ "name": entry.name, "port": entry.port, "published": entry.published }))
            .collect();
        let routers: Vec<Value> = routing
            .routers()
            .iter()
            .map(|router| {
                let mut value = of_router(router);
                let servers = routing.servers(router.protocol, &router.service).iter().map(of_server).collect();
                if let Value::Object(object) = &mut value {
                    object.insert("servers".to_owned(), servers);
                }
                value
            })
            .collect();
        let left_out: Vec<Value> = routing
            .left_out()
            .iter()
            .map(|left_out| json!({ "router": left_out.router, "from": of_place(&left_out.place), "reason": left_out.reason }))
            .collect();
        json!({ "environment": environment, "entry-points": entry_points, "routers": routers, "left-out": left_out })
    });
    json!({ "version": 1, "environments": environments.collect::<Vec<_>>() })
}

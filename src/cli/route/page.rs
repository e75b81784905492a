//! The answer and the table for people.

use std::fmt::Write as _;

use stackgen::diagnostics::words;
use stackgen::routing::{
    Answer, Candidate, Effect, End, Outcome, Place, Reason, Request, Router, Routing, Server, Step, Why,
};

/// How wide the names of lines are.
const NAMES: usize = 12;

pub(super) fn answers(request: &Request, answers: &[(&str, &Routing, Answer<'_>)]) -> String {
    let mut out = String::new();
    for (environment, routing, answer) in answers {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{environment}: {request}");
        let mut page = Page { out: &mut out };
        page.answer(request, routing, answer);
    }
    out
}

struct Page<'o> {
    out: &'o mut String,
}

impl Page<'_> {
    fn line(&mut self, name: &str, text: &str) {
        let _ = writeln!(self.out, "  {name:NAMES$}  {text}");
    }

    /// Several lines of one name.
    fn lines(&mut self, name: &str, texts: impl IntoIterator<Item = String>) {
        let mut name = name;
        for text in texts {
            self.line(name, &text);
            name = "";
        }
    }

    fn answer(&mut self, request: &Request, routing: &Routing, answer: &Answer<'_>) {
        if let Some(entry) = answer.entry_point {
            let port = entry.port.map_or_else(String::new, |port| format!(", port {port}"));
            self.line("entry point", &format!("{}{port}", entry.name));
        }
        let asked = request.target.split('?').next().unwrap_or_default();
        if answer.path != asked && !matches!(answer.end, End::NoEntryPoint | End::Refused { .. } | End::Connection(_)) {
            self.line("path", &format!("{}  (as rules see it)", answer.path));
        }
        match &answer.end {
            End::NoEntryPoint => {
                let known: Vec<String> = routing.entry_points().iter().map(named_port).collect();
                let text = if known.is_empty() {
                    "there is no proxy".to_owned()
                } else {
                    format!("no entry point listens on port {}: there is {}", request.port, words::and(&known))
                };
                self.line("nothing", &text);
            }
            End::Refused { status, reason } => self.line("refused", &format!("{status}: {reason}")),
            End::NotFound => self.line("no router", "404: no router takes it"),
            End::Connection(router) => {
                self.line("TCP router", &format!("{}, priority {}", router.name, router.priority));
                self.line("", &router.rule);
                self.line("", "takes the connection, so that nothing reads the request");
            }
            End::Routed { router, ties, steps, outcome } => {
                self.line("router", &format!("{}, priority {}", router.name, router.priority));
                self.line("", &router.rule);
                self.lines(
                    "",
                    ties.iter().map(|tie| {
                        format!(
                            "or {}: it takes the request too, with the same priority, and nothing says which one does",
                            tie.name
                        )
                    }),
                );
                self.lines("middlewares", steps.iter().map(step));
                self.outcome(request, outcome);
            }
        }
        self.lines("perhaps", answer.perhaps.iter().map(|candidate| self::candidate(candidate)));
        self.lines("not taken", answer.others.iter().map(|candidate| self::candidate(candidate)));
    }

    fn outcome(&mut self, request: &Request, outcome: &Outcome) {
        match outcome {
            Outcome::Service { servers, path } => {
                self.lines("service", servers.iter().map(server));
                match path {
                    Some(path) if *path == request.target => {}
                    Some(path) => self.line("sees", path),
                    None => self.line("sees", "what the middlewares make of it, which is not known here"),
                }
            }
            Outcome::Redirect { status, location } => self.line("redirect", &format!("{status}: {location}")),
            Outcome::Status { status, reason } => self.line("answer", &format!("{status}: {reason}")),
            Outcome::Elsewhere(name) => self.line("service", name),
        }
    }
}

fn named_port(entry: &stackgen::routing::EntryPoint) -> String {
    let mut ports: Vec<String> = entry.port.iter().chain(&entry.published).map(u16::to_string).collect();
    ports.dedup();
    if ports.is_empty() { entry.name.clone() } else { format!("{} ({})", entry.name, ports.join(", ")) }
}

fn server(server: &Server) -> String {
    let port = server.port.map_or_else(|| "no known port".to_owned(), |port| format!("port {port}"));
    format!("{}, {port}", place(&server.place))
}

fn place(place: &Place) -> String {
    format!("{} of {}", place.service, place.stack)
}

fn step(step: &Step) -> String {
    let kind = if step.kind.is_empty() { String::new() } else { format!(" ({})", step.kind) };
    let effect = match &step.effect {
        Effect::Passes => String::new(),
        Effect::Path(path) => format!(": {path}"),
        Effect::MayAnswer => ": may answer itself".to_owned(),
        Effect::Redirects { .. } | Effect::Fails { .. } => ": answers".to_owned(),
        Effect::Open(reason) => format!(": {reason}"),
    };
    format!("{}{kind}{effect}", step.name)
}

fn candidate(candidate: &Candidate<'_>) -> String {
    let priority = || candidate.router.map_or(0, |router| router.priority);
    let why = match &candidate.why {
        Why::Weaker => format!("takes it too, with the lower priority {}", priority()),
        Why::EntryPoint(name) => format!("would take it on the entry point {name}"),
        Why::NeedsTls => "would take it over https".to_owned(),
        Why::NeedsPlain => "would take it over http, without TLS".to_owned(),
        Why::Rule(reasons) | Why::Open(reasons) => self::reasons(reasons),
        Why::LeftOut(reason) => format!("would take it, but {reason}"),
    };
    format!("{}: {why}", candidate.name)
}

fn reasons(reasons: &[Reason]) -> String {
    let one = |reason: &Reason| {
        if reason.matcher.is_empty() { reason.clause.clone() } else { format!("{}: {}", reason.matcher, reason.clause) }
    };
    reasons.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// All routers of each environment.
pub(super) fn table(routings: &[(&str, Routing)]) -> String {
    let mut out = String::new();
    for (environment, routing) in routings {
        for entry in routing.entry_points() {
            if !out.is_empty() {
                out.push('\n');
            }
            let _ = writeln!(out, "{environment}: {}", named_port(entry));
            let mut is_empty = true;
            for router in routing.routers().iter().filter(|router| router.entry_point == entry.name) {
                row(&mut out, routing, router);
                is_empty = false;
            }
            if is_empty {
                out.push_str("  no router\n");
            }
        }
        for left_out in routing.left_out() {
            let (name, place) = (&left_out.router, place(&left_out.place));
            let _ = writeln!(out, "{environment}: not taken: {name} ({place}): {}", left_out.reason);
        }
    }
    out
}

fn row(out: &mut String, routing: &Routing, router: &Router) {
    let servers: Vec<String> = routing.servers(router.protocol, &router.service).iter().map(server).collect();
    let target = match &router.redirect {
        Some(redirect) => format!("redirects to {}, port {}", redirect.scheme, redirect.port),
        None if servers.is_empty() => router.service.clone(),
        None => servers.join(" and "),
    };
    let tls = if router.has_tls { ", TLS" } else { "" };
    let _ = writeln!(out, "  {:>6}  {}{tls}: {target}", router.priority, router.name);
    let _ = writeln!(out, "          {}", router.rule);
    if !router.middlewares.is_empty() {
        let _ = writeln!(out, "          {}", router.middlewares.join(", "));
    }
}

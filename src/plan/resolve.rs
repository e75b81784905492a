//! References and variables: from the text as written to the text as Compose reads it.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

use indexmap::IndexMap;

use super::member::Frame;
use super::outputs::{missing_output, outputs_of};
use super::proxy::Ways;
use super::variables::Entry;
use super::{External, PROJECT_VARIABLE, Problem, ProblemKind, Secret, Text, Variable, VariableFlaw};
use crate::diagnostics::words;
use crate::kinds::Class;
use crate::manifest::text::{Operator, Piece, Text as Raw};
use crate::source::KeyPath;

/// What is found out while a plan is built.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) problems: Vec<Problem>,
    pub(super) variables: IndexMap<String, Variable>,
    /// Secrets that somebody reads as a file.
    pub(super) secrets: IndexMap<String, Secret>,
    pub(super) entries: HashMap<String, Entry>,
    depth: usize,
    /// How many defaults of variables are being resolved inside each other.
    pub(super) nesting: usize,
    /// Whether a text has led back to itself.
    is_circular: bool,
}

/// A resolved text, and the services that it makes this one depend on.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) text: Text,
    pub(super) edges: Vec<String>,
}

impl Resolved {
    pub(super) fn append(&mut self, other: Self) {
        self.text.push(other.text);
        self.edges.extend(other.edges);
    }
}

/// Whose text is resolved.
#[derive(Clone, Copy)]
pub(super) struct At<'p> {
    pub(super) path: &'p KeyPath,
    pub(super) service: Option<&'p str>,
    /// Whether the text stands in a `kind.toml`, where `service.*` knows every key and option.
    pub(super) in_kind: bool,
    /// Whether the value is needed while the image is built.
    pub(super) in_build: bool,
}

impl<'p> At<'p> {
    pub(super) fn manifest(path: &'p KeyPath, service: Option<&'p str>) -> Self {
        Self { path, service, in_kind: false, in_build: false }
    }
}

/// Resolves texts against the frame; notes what it finds out.
pub(super) struct Resolver<'a, 'f> {
    pub(super) frame: &'f Frame<'a>,
    pub(super) notes: Notes,
    /// The proxy, once somebody has asked; none inside where there is none.
    pub(super) ways: OnceCell<Option<Rc<Ways>>>,
}

impl<'a, 'f> Resolver<'a, 'f> {
    pub(super) fn new(frame: &'f Frame<'a>) -> Self {
        Self { frame, notes: Notes::default(), ways: OnceCell::new() }
    }

    pub(super) fn problem(&mut self, path: KeyPath, kind: ProblemKind) {
        self.notes.problems.push(Problem { path, range: None, kind });
    }

    /// Resolves a text as written in services.toml.
    pub(super) fn text(&mut self, raw: &str, at: At<'_>) -> Resolved {
        if !raw.contains('$') {
            return Resolved { text: Text::literal(raw), edges: Vec::new() };
        }
        let (parsed, flaws) = Raw::parse(raw);
        let is_whole = !flaws.iter().any(|flaw| flaw.kind.is_error());
        for flaw in flaws {
            let range = Some(flaw.range.clone());
            self.notes.problems.push(Problem { path: at.path.clone(), range, kind: ProblemKind::Text(flaw) });
        }
        let mut resolved = self.pieces(&parsed, at);
        if !is_whole {
            resolved.text.push(Text::unresolved());
        }
        resolved
    }

    fn pieces(&mut self, raw: &Raw, at: At<'_>) -> Resolved {
        let mut out = Resolved::default();
        for piece in &raw.pieces {
            match piece {
                Piece::Literal(text) => out.text.push_str(text),
                Piece::Reference { path, range } => match self.reference(path, range, at) {
                    Some(resolved) => out.append(resolved),
                    None if at.in_kind => {}
                    None => out.text.push(Text::unresolved()),
                },
                Piece::Variable { name, operation, range } => {
                    let resolved = self.variable(name, operation.as_ref(), range, at);
                    out.append(resolved);
                }
            }
        }
        out
    }

    fn variable(
        &mut self,
        name: &str,
        operation: Option<&(Operator, Raw)>,
        range: &std::ops::Range<usize>,
        at: At<'_>,
    ) -> Resolved {
        if name == PROJECT_VARIABLE {
            return Resolved { text: Text::variable(name, None), edges: Vec::new() };
        }
        let declared = self.frame.manifest.variables.contains_key(name);
        let alternative = matches!(operation, Some((Operator::AlternativeIfNonEmpty | Operator::AlternativeIfSet, _)));
        if declared && (operation.is_none() || alternative) {
            let resolved = self.declared(name);
            if let Some((operator, argument)) = operation {
                let argument = self.pieces(argument, at);
                return Resolved {
                    text: Text::variable(name, Some((*operator, argument.text))),
                    edges: argument.edges,
                };
            }
            return resolved;
        }
        let flaw = |flaw| Problem {
            path: at.path.clone(),
            range: Some(range.clone()),
            kind: ProblemKind::Variable { name: name.to_owned(), flaw },
        };
        let Some((operator, argument)) = operation else {
            let known = self.frame.manifest.variables.keys().map(String::as_str);
            let meant = words::nearest(name, known).map(str::to_owned);
            self.notes.problems.push(flaw(VariableFlaw::Undeclared { meant }));
            return Resolved { text: Text::variable(name, None), edges: Vec::new() };
        };
        if declared {
            let declared = KeyPath::of(["variables", name]);
            self.notes.problems.push(flaw(VariableFlaw::OperatorBesideDeclaration { declared }));
        }
        let argument = self.pieces(argument, at);
        if !declared && let Some(clash) = self.declare_by_use(name, *operator, &argument.text, at) {
            self.notes.problems.push(flaw(clash));
        }
        Resolved { text: Text::variable(name, Some((*operator, argument.text))), edges: argument.edges }
    }

    fn reference(&mut self, path: &[String], range: &std::ops::Range<usize>, at: At<'_>) -> Option<Resolved> {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let literal = |text: &str| Some(Resolved { text: Text::literal(text), edges: Vec::new() });
        match words.as_slice() {
            ["environment", "name"] => literal(self.frame.environment),
            ["stack", "name"] => literal(self.frame.stack),
            ["stack", output @ ("project" | "host")] => {
                let text = self.guarded(at, range, "output of the stack", output, |this| {
                    if *output == "project" {
                        return Some(this.project());
                    }
                    let host = this.stack_hosts().into_iter().next();
                    if host.is_none() {
                        let note = Some("it has none");
                        this.unknown(at, range, "output of the stack", "host".to_owned(), Vec::new(), note);
                    }
                    host
                });
                text.map(|text| Resolved { text, edges: Vec::new() })
            }
            ["service", output @ ..] if !output.is_empty() => {
                let Some(service) = at.service else {
                    self.unknown(
                        at,
                        range,
                        "reference",
                        path.join("."),
                        Vec::new(),
                        Some("`service` is the service around it, and there is none here"),
                    );
                    return None;
                };
                self.output(service, output, range, at, false)
            }
            ["services", service, output @ ..] if !output.is_empty() => {
                if !self.frame.members.contains_key(service) {
                    self.unknown_service(service, range, at);
                    return None;
                }
                self.output(service, output, range, at, true)
            }
            [first, ..] if !matches!(*first, "services" | "service" | "stack" | "environment") => {
                let known = ["services", "service", "stack", "environment"].map(str::to_owned).to_vec();
                self.unknown(at, range, "reference", (*first).to_owned(), known, None);
                None
            }
            ["stack", rest @ ..] => {
                let known = ["name", "host", "project"].map(str::to_owned).to_vec();
                self.unknown(at, range, "output of the stack", rest.join("."), known, None);
                None
            }
            _ => {
                let note = "a reference is `${services.<name>.<output>}`, `${service.<output>}`, `${stack.name}` or `${environment.name}`";
                self.unknown(at, range, "reference", path.join("."), Vec::new(), Some(note));
                None
            }
        }
    }

    /// Does `work`, unless it has led back to itself: then that is a problem, where it has come round.
    fn guarded<T>(
        &mut self,
        at: At<'_>,
        range: &std::ops::Range<usize>,
        what: &'static str,
        name: &str,
        work: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        const NOTE: &str = "it refers to itself";
        if self.notes.depth > 16 {
            // Said once, and where somebody wrote it: a kind only repeats what its service says.
            let is_known = std::mem::replace(&mut self.notes.is_circular, true);
            if !is_known && !at.in_kind {
                self.unknown(at, range, what, name.to_owned(), Vec::new(), Some(NOTE));
            }
            return None;
        }
        self.notes.depth += 1;
        let out = work(self);
        self.notes.depth -= 1;
        if self.notes.depth > 0 || !std::mem::take(&mut self.notes.is_circular) {
            return out;
        }
        let is_told = |problem: &Problem| matches!(&problem.kind, ProblemKind::Unknown { note: Some(note), .. } if note.as_str() == NOTE);
        if !self.notes.problems.iter().any(is_told) {
            self.unknown(at, range, what, name.to_owned(), Vec::new(), Some(NOTE));
        }
        None
    }

    fn unknown_service(&mut self, service: &str, range: &std::ops::Range<usize>, at: At<'_>) {
        let note = self.frame.where_absent(service);
        let known = self.frame.members.keys().map(|name| (*name).to_owned()).collect();
        self.unknown(at, range, "service", service.to_owned(), known, note.as_deref());
    }

    fn unknown(
        &mut self,
        at: At<'_>,
        range: &std::ops::Range<usize>,
        what: &'static str,
        name: String,
        known: Vec<String>,
        note: Option<&str>,
    ) {
        let kind = ProblemKind::Unknown { what, name, known, note: note.map(str::to_owned) };
        self.notes.problems.push(Problem { path: at.path.clone(), range: Some(range.clone()), kind });
    }

    /// What `service` gives under this name. `from_other` says that another service refers to it.
    fn output(
        &mut self,
        service: &str,
        output: &[&str],
        range: &std::ops::Range<usize>,
        at: At<'_>,
        from_other: bool,
    ) -> Option<Resolved> {
        let frame = self.frame;
        let member = frame.anywhere(service)?;
        // An address outside, a name or an image is no use of the running service.
        let is_use = !matches!(output, ["public-url" | "image" | "name"]);
        let makes_edge = from_other && at.service != Some(service) && is_use && !member.is_external;
        if at.in_build && is_use {
            let kind = ProblemKind::Internal { service: service.to_owned(), output: Some(output.join(".")) };
            self.notes.problems.push(Problem { path: at.path.clone(), range: Some(range.clone()), kind });
            return None;
        }
        let name = format!("{service}.{}", output.join("."));
        let resolved = self.guarded(at, range, "output", &name, |this| Some(this.output_text(member, output, at)))?;
        let Some(mut resolved) = resolved else {
            // What a kind needs of its own service is told as missing from that.
            if at.in_kind && !from_other && matches!(output, ["version" | "source"]) {
                return None;
            }
            let note = missing_output(member, output);
            let known = outputs_of(member);
            self.unknown(at, range, "output", name, known, note.as_deref());
            return None;
        };
        if makes_edge {
            resolved.edges.push(service.to_owned());
        }
        Some(resolved)
    }

    /// Resolves the words of a command: those of an array, or those that `whole` was split into. What is wrong with a
    /// word is told where it stands.
    pub(super) fn each_word(
        &mut self,
        words: &[String],
        whole: Option<&str>,
        place: &KeyPath,
        service: &str,
    ) -> Vec<Resolved> {
        let mut out = Vec::with_capacity(words.len());
        let mut end = 0;
        for (index, word) in words.iter().enumerate() {
            let Some(whole) = whole else {
                out.push(self.text(word, At::manifest(&place.index(index), Some(service))));
                continue;
            };
            let known = self.notes.problems.len();
            out.push(self.text(word, At::manifest(place, Some(service))));
            // A word with quotes inside of it stands nowhere as such.
            let start = whole.get(end..).and_then(|rest| rest.find(word.as_str())).map(|at| at + end);
            end = start.map_or(end, |start| start + word.len());
            for problem in self.notes.problems[known..].iter_mut().filter(|problem| problem.path == *place) {
                problem.range = problem.range.take().zip(start).map(|(range, at)| range.start + at..range.end + at);
            }
        }
        out
    }

    /// The Compose project.
    pub(super) fn project(&mut self) -> Text {
        let stack = self.frame.manifest.stack.as_ref();
        if let Some(project) = stack.and_then(|stack| stack.project.as_deref()) {
            let path = KeyPath::of(["stack", "project"]);
            return self.text(project, At::manifest(&path, None)).text;
        }
        let name = self.frame.stack;
        Text::literal(if self.frame.several { format!("{name}-{}", self.frame.environment) } else { name.to_owned() })
    }

    /// The project whose proxy serves the stack, where it names one.
    pub(super) fn edge(&mut self) -> Option<Text> {
        let edge = self.frame.manifest.stack.as_ref()?.edge.as_deref()?;
        let path = KeyPath::of(["stack", "edge"]);
        let own = self.frame.members.values().find(|member| member.class() == Class::Proxy && !member.is_external);
        if let Some(own) = own {
            let message = format!("the stack has a proxy of its own, `{}`", own.name);
            let help = "remove `edge`, or say of the proxy that it runs elsewhere: `external = true`";
            self.problem(path.clone(), ProblemKind::Value { message, help });
        }
        Some(self.text(edge, At::manifest(&path, None)).text)
    }

    /// Whether this stackgen is one that may render the file.
    pub(super) fn check_version(&mut self) {
        let Some(written) = self.frame.manifest.stack.as_ref().and_then(|stack| stack.stackgen.as_deref()) else {
            return;
        };
        let path = KeyPath::of(["stack", "stackgen"]);
        let Ok(wanted) = semver::VersionReq::parse(written) else {
            let message = format!("`{written}` is no requirement of versions");
            let help = "write comparisons, such as `\">=0.3\"` or `\">=0.3, <2\"`";
            self.problem(path, ProblemKind::Value { message, help });
            return;
        };
        let own = env!("CARGO_PKG_VERSION");
        if !semver::Version::parse(own).is_ok_and(|own| wanted.matches(&own)) {
            let message = format!("this file asks for stackgen {written}, and this is {own}");
            let help = "install a version that it asks for, or change what it asks for";
            self.problem(path, ProblemKind::Value { message, help });
        }
    }

    /// The services that run elsewhere.
    pub(super) fn externals(&mut self) -> IndexMap<String, External> {
        let mut externals = IndexMap::new();
        let members = &self.frame.members;
        for member in members.values().filter(|member| member.is_external) {
            let path = member.path().key("host");
            let host = member.service.host.as_deref();
            let host = host.map(|host| self.text(host, At::manifest(&path, Some(member.name))).text);
            if host.is_none() && member.class() != Class::Proxy {
                let message = format!("`{}` runs elsewhere, and nothing says where", member.name);
                let help = "add its address: `host = \"db.example.com\"`".to_owned();
                self.problem(member.path(), ProblemKind::Incomplete { message, help, missing: path.clone() });
            }
            let known = host.as_ref().and_then(Text::with_defaults).filter(|known| known.parse::<IpAddr>().is_err());
            if known.is_some_and(|known| super::routing::flaw_of_host(&known).is_some()) {
                let message = "an address is a name alone, without a scheme, port or path".to_owned();
                let help = "write only the name, such as `db.example.com`; the port is `port`";
                self.problem(path, ProblemKind::Value { message, help });
            }
            let ways = self.ways().filter(|ways| ways.proxy == member.name);
            externals.insert(
                member.name.to_owned(),
                External {
                    entry_points: ways.map(|ways| ways.entry_points.clone()).unwrap_or_default(),
                    kind: member.service.kind.clone(),
                    class: member.class(),
                    help: member.service.help.clone().or_else(|| member.kind.map(|kind| kind.help.clone())),
                    host,
                    port: member.port,
                },
            );
        }
        externals
    }

    /// The hosts of routes that name none.
    pub(super) fn stack_hosts(&mut self) -> Vec<Text> {
        let hosts = self.frame.manifest.stack.as_ref().and_then(|stack| stack.host.as_ref());
        let path = KeyPath::of(["stack", "host"]);
        self.hosts(hosts, &path, None)
    }

    /// One host or several, as written at `path`.
    pub(super) fn hosts(
        &mut self,
        hosts: Option<&crate::manifest::unions::OneOrMany>,
        path: &KeyPath,
        service: Option<&str>,
    ) -> Vec<Text> {
        let Some(hosts) = hosts else { return Vec::new() };
        let is_list = matches!(hosts, crate::manifest::unions::OneOrMany::Many(_));
        let mut out: Vec<Text> = Vec::new();
        for (index, host) in hosts.as_slice().iter().enumerate() {
            let path = if is_list { path.index(index) } else { path.clone() };
            let text = self.text(host, At::manifest(&path, service)).text;
            if !out.contains(&text) {
                out.push(text);
            }
        }
        out
    }
}

//! The rules that somebody wrote, for every rule that judges them.

use std::cell::LazyCell;
use std::ops::Range;

use crate::diagnostics::{Fix, Label};
use crate::manifest::Alignment;
use crate::manifest::types::RouteProtocol;
use crate::plan::{Plan, Router, Service, Text};
use crate::rules::static_decode::flags::Flags;
use crate::rules::{Context, trace};
use crate::source::{KeyPath, Part, Place};
use crate::traefik::rule::{self, Expression, Flaw, FlawKind, UNKNOWN};

/// A rule that somebody wrote.
pub(in crate::rules) struct RawRule<'p> {
    plan: &'p Plan,
    /// Where it stands.
    pub(in crate::rules) path: KeyPath,
    /// The text as written.
    written: String,
    /// Where the rule begins in the text.
    start: usize,
    /// What becomes of it.
    resolved: &'p Text,
    /// The name of the router.
    router: &'p str,
    /// What the router carries.
    pub(in crate::rules) protocol: RouteProtocol,
}

/// The rules of every service that are not made from paths and hosts, those of routes and those in labels, as far as they
/// are in the syntax of version 3.
pub(in crate::rules) fn raw_rules<'p>(context: &Context<'p>, plan: &'p Plan) -> Vec<RawRule<'p>> {
    // Most stacks have no rule of their own, and need no look at the flags.
    let is_old = LazyCell::new(|| {
        Flags::of(context, plan).is_some_and(|flags| is_v2(flags.value("core.defaultrulesyntax", "v3")))
    });
    plan.services.values().flat_map(|service| of_service(context, plan, service, || *is_old)).collect()
}

/// The rules of a service, where `is_old` says whether those that name no syntax are in that of version 2.
fn of_service<'p>(
    context: &Context<'p>,
    plan: &'p Plan,
    service: &'p Service,
    is_old: impl Fn() -> bool,
) -> Vec<RawRule<'p>> {
    let Some(manifest) = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name)) else {
        return Vec::new();
    };
    let mut rules: Vec<RawRule<'p>> = Vec::new();
    for (label, resolved) in &service.labels {
        let Some((protocol, name)) = router_of(label) else { continue };
        let new = |path, written, start| RawRule { plan, path, written, start, resolved, router: name, protocol };
        let found = if let Some(label) = manifest.written_label(&service.name, label) {
            new(label.path, label.value.into_owned(), label.start)
        } else {
            let Some(router) = service.routers.iter().find(|known| known.name == name) else { continue };
            let route = router.origin.key_at(3).and_then(|name| manifest.routes.get(name));
            let Some(written) = route.and_then(|route| route.rule.clone()) else { continue };
            let path = router.origin.key("rule");
            // A route on several entry points has several routers.
            if rules.iter().any(|known| known.path == path) {
                continue;
            }
            new(path, written, 0)
        };
        let syntax = service.labels.iter().find(|(other, _)| {
            let (start, end) = other.split_at_checked(label.len()).unwrap_or_default();
            end.eq_ignore_ascii_case("syntax") && start.eq_ignore_ascii_case(label)
        });
        let is_old = match syntax {
            Some((_, value)) => is_v2(value.with_defaults().as_deref()),
            None => is_old(),
        };
        if !is_old && !Context::has_flaw(plan, &found.path) {
            rules.push(found);
        }
    }
    rules
}

fn is_v2(syntax: Option<&str>) -> bool {
    syntax == Some("v2")
}

/// The router whose rule a label is.
pub(super) fn router_of(label: &str) -> Option<(RouteProtocol, &str)> {
    let mut parts = label.split('.');
    let mut next = || parts.next();
    let (traefik, section, routers, name, rule) = (next()?, next()?, next()?, next()?, next()?);
    if next().is_some() {
        return None;
    }
    let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
    let protocol = [("http", RouteProtocol::Http), ("tcp", RouteProtocol::Tcp)];
    let (_, protocol) = protocol.into_iter().find(|(word, _)| is(section, word))?;
    (is(traefik, "traefik") && is(routers, "routers") && is(rule, "rule")).then_some((protocol, name))
}

impl RawRule<'_> {
    /// The rule where the operator sets nothing, with [`UNKNOWN`] for what nobody knows.
    pub(in crate::rules) fn known(&self) -> String {
        self.resolved.with_unknown(UNKNOWN)
    }

    /// Whether it is the rule of this router, on any of its entry points.
    pub(in crate::rules) fn is_of(&self, router: &Router) -> bool {
        let is_same = self.router == router.name && self.protocol == router.protocol;
        is_same || self.path == router.origin.key("rule")
    }

    /// The rule as a tree; none where Traefik cannot read it, or where nobody knows what it says.
    pub(in crate::rules) fn tree(&self) -> Option<Expression> {
        rule::parse(&self.known(), self.protocol).ok().flatten()
    }

    /// Where a part of it stands, and where the defaults of its variables do.
    pub(in crate::rules) fn at(&self, range: &Range<usize>, text: impl Into<String>) -> (Label, Vec<Label>) {
        let (part, defaults) = trace(self.plan, &self.written, &self.known(), range);
        let part = match part {
            Part::Inside(range) => Part::Inside(range.start + self.start..range.end + self.start),
            other => other,
        };
        (Label::entry(Some(&self.plan.environment), self.path.clone(), part, text), defaults)
    }

    /// A fix that replaces parts of it; none where one of them comes from a variable.
    pub(in crate::rules) fn replaced(&self, title: impl Into<String>, edits: &[(Range<usize>, String)]) -> Option<Fix> {
        let known = self.known();
        let alignment = Alignment::new(&self.written, &known)?;
        let mut fix = Fix::new(title);
        for (range, with) in edits {
            let written = alignment.written(range);
            if self.written.get(written.clone()) != known.get(range.clone()) {
                return None;
            }
            let place = written.start + self.start..written.end + self.start;
            fix = fix.replace(Some(&self.plan.environment), self.path.clone(), place, with.clone());
        }
        Some(fix)
    }

    /// Writes what can only have been meant by a flaw at `label`: a text in backticks, or an operator.
    pub(super) fn fix(&self, flaw: &Flaw, label: &Label) -> Option<Fix> {
        let Place::Entry { part: Part::Inside(range), .. } = &label.place else { return None };
        let found = self.written.get(range.start - self.start..range.end - self.start)?;
        let instead = match &flaw.kind {
            FlawKind::Quotes => {
                let text = found.strip_prefix('\'')?.strip_suffix('\'')?;
                (!text.is_empty() && !text.contains('`')).then(|| format!("`{text}`"))?
            }
            FlawKind::Word(operator) | FlawKind::Operator(Some(operator)) => (*operator).to_owned(),
            _ => return None,
        };
        // Backticks within backticks are hard to read.
        let fix = Fix::new(if instead.starts_with('`') {
            "write the text in backticks".to_owned()
        } else {
            format!("write `{instead}` for `{found}`")
        });
        Some(fix.replace(Some(&self.plan.environment), self.path.clone(), range.clone(), instead))
    }
}

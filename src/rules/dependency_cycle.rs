//! `dependency-cycle`: see [`RULE`].

use std::fmt::Write as _;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::types::Service as Written;
use crate::manifest::unions::{DependencyState, DependsOn, NamedState};
use crate::manifest::{ExtendsFlaw, Problem};
use crate::plan::{Dependency, Plan};

/// Services that wait for each other.
pub(super) static RULE: Rule = Rule {
    id: "dependency-cycle",
    severity: Severity::Error,
    summary: "services that wait for each other",
    docs: "\
Services of which each waits for the next and the last one for the first, through `depends-on` or through a reference
such as `${services.api.url}`, which is a dependency too. A service that waits for itself is the shortest cycle.

**Why it breaks.** Compose starts a service when those that it depends on are up. In a cycle none can be the first.

**How it shows.** `docker compose config` and every other command end with `dependency cycle detected: api -> web ->
api`; nothing starts.

```toml
[services.web.env]
API_URL = \"${services.api.url}\"          # web waits for api

[services.api.env]                        # bad: and api for web
ALLOWED_ORIGIN = \"${services.web.url}\"

[services.api.env]                        # good: what a browser sees is no dependency
ALLOWED_ORIGIN = \"${services.web.public-url}\"
```

**Fix.** Find the edge that need not wait. `depends-on.web = false` takes the waiting away and keeps the address and the
network. The outputs `public-url`, `name` and `image` make no dependency.

**Source.** compose-spec, \"depends_on\"; compose-go `graph/cycle.go`.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// The most services whose names a message spells, and the most places that a finding shows.
const SHOWN: usize = 12;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(extends(context));
    for plan in context.plans {
        let graph = Graph::new(plan);
        for cycle in graph.cycles() {
            let cycle = turned(cycle);
            findings.push(finding(context, plan, &cycle));
        }
    }
}

/// One service that waits for another.
#[derive(Debug, Clone, Copy)]
struct Edge<'p> {
    /// The position of the waiting service.
    from: usize,
    source: &'p str,
    target: &'p str,
    dependency: &'p Dependency,
}

impl Edge<'_> {
    /// Whether a reference makes it, and not `depends-on` alone.
    fn is_reference(&self) -> bool {
        self.dependency.origin.key_at(2) != Some("depends-on")
    }
}

/// Who waits for whom, by position.
struct Graph<'p> {
    edges: Vec<Vec<(usize, Edge<'p>)>>,
}

impl<'p> Graph<'p> {
    fn new(plan: &'p Plan) -> Self {
        let edges = plan.services.values().enumerate().map(|(from, service)| {
            let edge = |(target, dependency): (&'p String, &'p Dependency)| {
                let position = plan.services.get_index_of(target)?;
                Some((position, Edge { from, source: &service.name, target, dependency }))
            };
            service.depends_on.iter().filter_map(edge).collect()
        });
        Self { edges: edges.collect() }
    }

    /// Cycles of which each has an edge that no other one closes: without those edges there is no cycle left. In a
    /// dense graph their paths together could be far longer than the graph; then the later ones are left out.
    fn cycles(&self) -> Vec<Vec<Edge<'p>>> {
        let mut budget = 4 * self.edges.iter().map(|edges| edges.len() + 1).sum::<usize>();
        let mut cycles: Vec<Vec<Edge<'p>>> = Vec::new();
        let mut state = vec![State::New; self.edges.len()];
        // The way from where the search began: the service, and how many of its edges have been followed.
        let mut way: Vec<(usize, usize)> = Vec::new();
        for start in 0..self.edges.len() {
            if state[start] == State::New {
                state[start] = State::OnTheWay(0);
                way.push((start, 0));
            }
            while let Some((at, followed)) = way.last_mut() {
                let Some((next, _)) = self.edges[*at].get(*followed) else {
                    state[*at] = State::Done;
                    way.pop();
                    continue;
                };
                *followed += 1;
                match state[*next] {
                    State::Done => {}
                    State::New => {
                        state[*next] = State::OnTheWay(way.len());
                        way.push((*next, 0));
                    }
                    State::OnTheWay(depth) => {
                        let length = way.len() - depth;
                        if length <= budget {
                            budget -= length;
                            let edge = |(at, followed): &(usize, usize)| self.edges[*at][followed - 1].1;
                            cycles.push(way[depth..].iter().map(edge).collect());
                        }
                    }
                }
            }
        }
        cycles
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// At this position of the way.
    OnTheWay(usize),
    Done,
}

/// The same cycle, from the edge on that is the easiest to cut: a reference, else the first in the file.
fn turned(mut cycle: Vec<Edge<'_>>) -> Vec<Edge<'_>> {
    let first = cycle.iter().enumerate().min_by_key(|(_, edge)| (!edge.is_reference(), edge.from));
    if let Some((position, _)) = first {
        cycle.rotate_left(position);
    }
    cycle
}

fn finding(context: &Context<'_>, plan: &Plan, cycle: &[Edge<'_>]) -> Finding {
    let label = |edge: &Edge<'_>| {
        let text = format!("`{}` waits for `{}`", edge.source, edge.target);
        let origin = edge.dependency.origin.clone();
        // What the kind itself refers to has no line of its own.
        if origin.steps().len() > 2 {
            Label::value(Some(&plan.environment), origin, text)
        } else {
            Label::key(Some(&plan.environment), origin, text)
        }
    };
    let (first, rest) = (&cycle[0], &cycle[1..]);
    let message = if rest.is_empty() {
        format!("`{}` waits for itself", first.source)
    } else {
        format!("the services wait for each other: {}", path(cycle))
    };
    let finding = Finding::new(RULE.id, RULE.severity, message, label(first)).help(help(context, plan, cycle));
    rest.iter().take(SHOWN).fold(finding, |finding, edge| finding.with(label(edge)))
}

/// `a → b → a`; the middle of a long way is counted.
fn path(cycle: &[Edge<'_>]) -> String {
    let mut names: Vec<String> = cycle.iter().map(|edge| edge.source.to_owned()).collect();
    if names.len() > SHOWN {
        let hidden = names.len() - SHOWN;
        names.splice(SHOWN - 2..names.len() - 2, [format!("({hidden} more)")]);
    }
    names.push(cycle[0].source.to_owned());
    names.join(" → ")
}

fn help(context: &Context<'_>, plan: &Plan, cycle: &[Edge<'_>]) -> String {
    let Edge { source, target, .. } = cycle[0];
    if cycle.len() == 1 {
        return format!(
            "take `{target}` out of its `depends-on`; where `[defaults]` say it, write `depends-on.{target} = false` in \
             `[services.{source}]`"
        );
    }
    if !cycle[0].is_reference() {
        return format!(
            "take one of them out: `{source}` need not depend on `{target}` if it retries until it answers"
        );
    }
    let written = context.manifest(plan).and_then(|manifest| manifest.services.get(source));
    let cut = cut(written, target);
    let mut help = format!("`{cut}` in `[services.{source}]` keeps the address and does not wait");
    if plan.services.get(target).is_some_and(|service| !service.routers.is_empty() || !service.ports.is_empty()) {
        let _ = write!(help, "; `${{services.{target}.public-url}}` is no dependency either");
    }
    help
}

/// What makes a service not wait for `target`, beside what it waits for already.
fn cut(written: Option<&Written>, target: &str) -> String {
    let list = match written.and_then(|service| service.depends_on.as_ref()) {
        Some(DependsOn::List(names)) => names.iter().map(|name| format!("{} = true", key(name))).collect(),
        Some(DependsOn::Table(states)) => {
            states.iter().map(|(name, state)| format!("{} = {}", key(name), word(state))).collect()
        }
        None => Vec::new(),
    };
    let kept: Vec<String> = list.into_iter().filter(|entry| !entry.starts_with(&format!("{target} = "))).collect();
    if kept.is_empty() {
        return format!("depends-on.{target} = false");
    }
    format!("depends-on = {{ {}, {target} = false }}", kept.join(", "))
}

fn key(name: &str) -> String {
    if name == "..." { "\"...\"".to_owned() } else { name.to_owned() }
}

fn word(state: &DependencyState) -> &'static str {
    match state {
        DependencyState::Wanted(true) => "true",
        DependencyState::Wanted(false) => "false",
        DependencyState::Named(NamedState::Healthy) => "\"healthy\"",
        DependencyState::Named(NamedState::Started) => "\"started\"",
        DependencyState::Named(NamedState::Completed) => "\"completed\"",
    }
}

/// Services that extend each other: each circle once, at the service that comes first in its environment.
fn extends(context: &Context<'_>) -> Vec<Finding> {
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    let mut findings = Vec::new();
    for problem in &context.read.problems {
        let Problem::Extends { path, environment, flaw: ExtendsFlaw::Circle { names } } = problem else { continue };
        let mut members = names.clone();
        members.sort_unstable();
        members.dedup();
        if told.contains(&(environment.clone(), members.clone())) {
            continue;
        }
        told.push((environment.clone(), members));
        let message = format!("services that extend each other: {}", names.join(" -> "));
        let label = Label::value(Some(environment), path.clone(), "leads back to itself");
        findings.push(
            Finding::new(RULE.id, RULE.severity, message, label)
                .help("let one of them say itself what it runs, and the others extend that one"),
        );
    }
    findings
}

//! `stack-clash`: see [`RULE`].

use super::claims::{self, Claim, What};
use super::{Context, Rule, literal_secret};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest;
use crate::plan::Plan;
use crate::siblings::Sibling;
use crate::source::{KeyPath, Place};

/// Two stacks that take the same of one host.
pub(super) static RULE: Rule = Rule {
    id: "stack-clash",
    severity: Severity::Error,
    summary: "another stack on the same host takes the same port, project, volume, name or subnet",
    docs: "\
Another stack, which `siblings` or the command line of `stackgen check` names, has a host port, a Compose project, a volume, a
container, a network or a subnet of this one. Environments of the same name are compared, since those share a host; with
`side-by-side` in either stack, each with each. A name that an operator's variable is part of is a warning, and host ports are
an error all the same: both stacks start with their defaults. A network that both make is a warning, and so is a sibling that
cannot be understood.

**Why it breaks.** Of each of them there is one on a host. Who makes a network and who only joins it (`external = true`) is no
clash.

**How it shows.** The stack that starts later fails: `Bind for 0.0.0.0:80 failed: port is already allocated`, `Conflict. The
container name \"/web\" is already in use`, `Pool overlaps with other one on this address space`. A network gives only a warning, `a
network with name proxy exists but was not created for project`: both stacks are on it, with the settings of the one that came
first. Two stacks with one project delete each other's containers, and two data stores in one volume write into
each other's files, without a word.

```toml
[stack]
name = \"shop\"
siblings = [\"../blog/services.toml\"]     # whose Traefik publishes 80 and 443, too

[services.traefik.entrypoints]
web = { port = 80 }                      # bad: both

[services.traefik.entrypoints]
web = { port = 8081 }                    # good, and so is one proxy for both: `edge = \"blog\"`
```

**Fix.** Move one of them (`publish`, `port-offset`), or let one stack own it: a network that the other calls `external`, a proxy
that serves both (`stack.edge`).

**Source.** compose-spec, `name` of projects, volumes and networks; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.siblings.is_empty() {
        return;
    }
    let own = claims::all(context);
    for sibling in context.siblings {
        let Some(their) = sibling.context() else {
            findings.push(unclear(sibling, "cannot be understood, so nothing is compared with it"));
            continue;
        };
        if sibling.has_flaws() {
            findings.push(unclear(sibling, "has mistakes of its own, which may hide what it takes"));
        }
        let before = findings.len();
        let pair = Pair { context, sibling, their: &their };
        pair.projects(findings);
        let theirs = claims::all(&their);
        let meetings = claims::meetings(own.iter(), &theirs, |a, b| {
            let (ours, theirs) = (&context.plans[a.environment], &their.plans[b.environment]);
            // With one project, they have everything in common.
            share_host(ours, theirs) && !is_one_project(ours, theirs)
        });
        findings.extend(meetings.into_iter().map(|(claim, other)| pair.clash(claim, other)));
        if findings.len() > before {
            pair.hide_secrets(&mut findings[before]);
        }
    }
}

/// Whether environments of two stacks run on one host.
pub(super) fn share_host(a: &Plan, b: &Plan) -> bool {
    a.environment == b.environment || a.side_by_side || b.side_by_side
}

fn is_one_project(a: &Plan, b: &Plan) -> bool {
    a.project.with_defaults().is_some_and(|project| b.project.with_defaults() == Some(project))
}

/// A sibling that says nothing, or not all.
fn unclear(sibling: &Sibling, what: &str) -> Finding {
    let place = match sibling.position {
        Some(position) => KeyPath::of(["stack", "siblings"]).index(position),
        None => KeyPath::of(["stack"]),
    };
    let message = format!("`{}` {what}", sibling.path);
    let label = Label::value(None, place, "compared with");
    let help = format!("`stackgen check -f {}` says what is wrong with it", sibling.path);
    Finding::new(RULE.id, Severity::Warning, message, label).help(help)
}

/// This stack and another one.
pub(super) struct Pair<'p> {
    pub(super) context: &'p Context<'p>,
    pub(super) sibling: &'p Sibling,
    pub(super) their: &'p Context<'p>,
}

impl Pair<'_> {
    /// What both are called, for a sentence.
    fn names(&self, ours: &Plan, theirs: &Plan) -> String {
        if ours.stack == theirs.stack {
            format!("this stack and that of `{}`", self.sibling.path)
        } else {
            words::names(&[ours.stack.as_str(), theirs.stack.as_str()])
        }
    }

    /// A place of the other services.toml.
    pub(super) fn theirs(&self, plan: &Plan, place: &KeyPath, text: &str) -> Label {
        let source = self.sibling.source();
        let (document, _) = manifest::parse(source);
        let label = label(self.their, plan, place, text);
        let range = match &label.place {
            Place::File { range, .. } => range.clone(),
            place => source.resolve(&document, place),
        };
        Label::within(&self.sibling.path, range, text)
    }

    /// Hides what is secret in the lines of the other services.toml, wherever they are shown.
    pub(super) fn hide_secrets(&self, finding: &mut Finding) {
        let source = self.sibling.source();
        let (document, _) = manifest::parse(source);
        let mut places: Vec<Place> =
            literal_secret::search(self.their).into_iter().map(|it| it.primary.place).collect();
        for (environment, manifest) in &self.their.read.environments {
            for (name, _) in manifest.variables.iter().filter(|(_, variable)| variable.secret) {
                let path = KeyPath::of(["variables", name, "default"]);
                let layers = [Some(environment.as_str()), None];
                let written = layers.iter().filter_map(|layer| source.written(&document, &path, *layer));
                places.extend(written.map(|range| Place::File { path: self.sibling.path.clone(), range }));
            }
        }
        for place in places {
            let range = match &place {
                Place::File { range, .. } => range.clone(),
                place => source.resolve(&document, place),
            };
            finding.secondary.push(Label::hidden(&self.sibling.path, range));
        }
    }

    /// Stacks with one Compose project, once for all environments.
    fn projects(&self, findings: &mut Vec<Finding>) {
        for ours in self.context.plans {
            let Some(theirs) = self.their.plans.iter().find(|it| share_host(ours, it) && is_one_project(ours, it))
            else {
                continue;
            };
            let is_movable = ours.project.as_literal().is_none() || theirs.project.as_literal().is_none();
            let (severity, unless) =
                if is_movable { (Severity::Warning, ", unless an operator changes that") } else { (RULE.severity, "") };
            let project = ours.project.with_defaults().unwrap_or_default();
            let message = format!("{} are one Compose project, `{project}`{unless}", self.names(ours, theirs));
            let primary = label(self.context, ours, &project_place(self.context, ours), "the same in both");
            let other = self.theirs(theirs, &project_place(self.their, theirs), "the other one");
            findings.push(
                Finding {
                    environment: Some(ours.environment.clone()),
                    ..Finding::new(RULE.id, severity, message, primary)
                }
                .with(other)
                .help("give one of them another `name`, or a `project` of its own"),
            );
        }
    }

    /// Something that both take.
    fn clash(&self, claim: &Claim<'_>, other: &Claim<'_>) -> Finding {
        let (ours, theirs) = (&self.context.plans[claim.environment], &self.their.plans[other.environment]);
        let names = self.names(ours, theirs);
        let name = &claim.name;
        let message = match claim.what {
            What::Volume => format!("{names} write to one volume, `{name}`"),
            What::Container => format!("{names} have a container `{name}` each"),
            What::Network => format!("{names} make a network `{name}` each"),
            What::Subnet if *name == other.name => format!("{names} have the subnet `{name}` each"),
            What::Subnet => format!("the subnets of {names} overlap"),
            What::Port => format!(
                "{names} publish host port {}",
                if claim.name.len() <= other.name.len() { name } else { &other.name }
            ),
        };
        let is_movable = claim.is_movable || other.is_movable;
        // Compose joins a network that somebody else has made, and says so.
        let is_mild = claim.what == What::Network || (is_movable && claim.what != What::Port);
        let severity = if is_mild { Severity::Warning } else { RULE.severity };
        let message = if is_movable { format!("{message}, unless an operator changes that") } else { message };
        let place = if ours.environment == theirs.environment {
            "and this one there".to_owned()
        } else {
            format!("in its `{}`", theirs.environment)
        };
        let help = match claim.what {
            What::Volume => "give each its own name; what only one of them writes, the other can mount read-only",
            What::Container => "leave the name out, and Compose makes one of the project",
            What::Network => "let one of them make it: `external = true` in the other",
            What::Subnet => "choose another one, or leave it to the engine",
            What::Port if is_of_proxy(ours, claim) && is_of_proxy(theirs, other) => {
                "publish one of them elsewhere, or let one proxy serve both: `stack.edge`"
            }
            What::Port => "move one of them: another `publish`, or a `port-offset` for its whole stack",
        };
        let primary = label(self.context, ours, &claim.place, "the same in both");
        let finding = Finding::new(RULE.id, severity, message, primary);
        let finding = finding.with(self.theirs(theirs, &other.place, &place)).help(help);
        Finding { environment: Some(ours.environment.clone()), ..finding }
    }
}

/// Whether the port is one of a proxy: another stack could do without its own.
fn is_of_proxy(plan: &Plan, claim: &Claim<'_>) -> bool {
    let service = claim.publisher().and_then(|name| plan.services.get(name));
    service.is_some_and(|service| service.proxy.is_some())
}

/// What the project follows from.
fn project_place(context: &Context<'_>, plan: &Plan) -> KeyPath {
    let stack = context.manifest(plan).and_then(|manifest| manifest.stack.as_ref());
    let key = if stack.is_some_and(|stack| stack.project.is_some()) { "project" } else { "name" };
    KeyPath::of(["stack", key])
}

pub(super) fn label(context: &Context<'_>, plan: &Plan, place: &KeyPath, text: &str) -> Label {
    if place.key_at(0) == Some("stack") || place.steps().len() > 2 {
        Label::value(Some(&plan.environment), place.clone(), text)
    } else {
        context.key_of(plan, place, text)
    }
}

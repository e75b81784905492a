//! `environment-project-clash`: see [`RULE`].

use indexmap::IndexMap;

use super::claims::{self, Claim, What};
use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::Plan;
use crate::source::KeyPath;

/// Environments that get into each other's way.
pub(super) static RULE: Rule = Rule {
    id: "environment-project-clash",
    severity: Severity::Error,
    summary: "two environments that take the same project, volume, name or subnet",
    docs: "\
Two environments are one Compose project, or write to one volume: that is wrong wherever they run. Or both have the same
name of a container or network, or subnets that overlap: that is wrong where they share a host, which `stack.side-by-side`
says, and a hint where it does not, together with host ports that are written out. Where an operator's variable is part of
the name, it is a warning: each environment has its own env file. (Host ports of environments that share a host are
`host-port-conflict`'s.)

**Why it breaks.** To Compose, one project is one stack: starting the second environment replaces the containers of the
first. In one volume two data stores write into each other's files. On one network two services of the same name take turns
to answer.

**How it shows.** `docker compose up` in one environment recreates the other one's containers; with `--remove-orphans` it
deletes those that it does not know. A volume gives only a warning: `already exists but was created for project`. A container
name ends it: `Conflict. The container name \"/web\" is already in use`; and so does a subnet: `Pool overlaps with other one on
this address space`.

```toml
[stack]
name = \"shop\"
environments = [\"dev\", \"prod\"]
project = \"shop\"                            # bad: for both

[stack]
name = \"shop\"
environments = [\"dev\", \"prod\"]
project = \"shop-${environment.name}\"        # good, and so is no `project` at all
```

**Fix.** Put `${environment.name}` into the name, or leave the name out: Compose begins it with the project. Subnets differ by
environment in `[environments.X.networks]`.

**Source.** Docker docs, \"Specify a project name\"; compose-spec, `name` of volumes and networks; tried with Docker Compose
2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// The most places that a finding shows besides the first.
const SHOWN: usize = 5;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.plans.len() < 2 {
        return;
    }
    findings.extend(projects(context));
    let claims = claims::all(context);
    let groups = claims::groups(context, &claims);
    let side_by_side = context.plans.iter().any(|plan| plan.side_by_side);
    let mut harmless: IndexMap<(usize, usize), Vec<&claims::Group<'_>>> = IndexMap::new();
    for group in &groups {
        if group.earlier.what == What::Volume || (side_by_side && group.earlier.what != What::Port) {
            findings.push(clash(context, group, side_by_side));
        } else if !side_by_side && group.is_fixed() {
            harmless.entry((group.earlier.environment, group.later[0].environment)).or_default().push(group);
        }
    }
    findings.extend(harmless.values().map(|groups| hint(context, groups)));
}

/// Environments with one project: one finding per project.
fn projects(context: &Context<'_>) -> Vec<Finding> {
    let mut known: IndexMap<String, Vec<&Plan>> = IndexMap::new();
    for plan in context.plans {
        if let Some(project) = plan.project.with_defaults() {
            known.entry(project).or_default().push(plan);
        }
    }
    let place = KeyPath::of(["stack", "project"]);
    let written = |plan: &Plan| context.manifest(plan).and_then(|it| it.stack.as_ref()?.project.as_ref());
    let mut findings = Vec::new();
    for (project, plans) in known.iter().filter(|(_, plans)| plans.len() > 1) {
        let names: Vec<&str> = plans.iter().map(|plan| plan.environment.as_str()).collect();
        let is_movable = plans.iter().any(|plan| plan.project.as_literal().is_none());
        let (severity, unless) =
            if is_movable { (Severity::Warning, ", unless an operator changes that") } else { (RULE.severity, "") };
        let message = format!("{} are one Compose project, `{project}`{unless}", words::names(&names));
        let Some(last) = plans.iter().rev().find(|plan| written(plan).is_some()) else { continue };
        let label = |plan: &Plan, text: String| Label::value(Some(&plan.environment), place.clone(), text);
        let of = |plan: &Plan| label(plan, format!("of `{}`", plan.environment));
        let is_one = plans.iter().all(|plan| written(plan) == written(last));
        let first = if is_one { label(last, "of each".to_owned()) } else { of(last) };
        let mut finding = Finding::new(RULE.id, severity, message, first);
        for plan in plans.iter().filter(|plan| !is_one && plan.environment != last.environment) {
            // A derived one has no place of its own.
            if written(plan).is_some() {
                finding = finding.with(of(plan));
            }
        }
        let stack = &last.stack;
        findings.push(of_all(finding.help(format!(
            "write `project = \"{stack}-${{environment.name}}\"`, or leave it out, which means the same"
        ))));
    }
    findings
}

/// Something that two environments cannot both have.
fn clash(context: &Context<'_>, group: &claims::Group<'_>, side_by_side: bool) -> Finding {
    let names: Vec<&str> = group.claims().map(|claim| context.plans[claim.environment].environment.as_str()).collect();
    let named = words::names(&unique(&names));
    let name = &group.later[0].name;
    let message = match group.earlier.what {
        What::Volume => format!("{named} write to one volume, `{name}`"),
        What::Container => format!("{named} share a host and have a container `{name}` each"),
        What::Network => format!("{named} share a host and have a network `{name}` each"),
        What::Subnet if group.claims().all(|claim| claim.name == *name) => {
            format!("{named} share a host and have the subnet `{name}` each")
        }
        What::Subnet => {
            format!("{named} share a host, and their subnets overlap")
        }
        What::Port => format!("{named} share a host and publish {name}"),
    };
    let later = group.primary();
    // Each environment has operators of its own.
    let severity = if group.is_movable() { Severity::Warning } else { RULE.severity };
    let message = if group.is_movable() { format!("{message}, unless an operator changes that") } else { message };
    let mut finding = Finding::new(RULE.id, severity, message, label(context, later, "the same in each"));
    // What stands once for several environments is shown once.
    let stands_apart = |claim: &&Claim<'_>| claim.place != later.place || claim.name != later.name;
    for claim in group.claims().filter(stands_apart).take(SHOWN) {
        let text = format!("in `{}`", context.plans[claim.environment].environment);
        finding = finding.with(label(context, claim, &text));
        finding.primary.text = format!("in `{}`", context.plans[later.environment].environment);
    }
    let environment = &context.plans[group.later[0].environment].environment;
    let help = match group.earlier.what {
        What::Volume if side_by_side => "give each its own: put `${environment.name}` into the name".to_owned(),
        What::Volume => {
            "give each its own: put `${environment.name}` into the name; of one that exists already, mount it read-only in one \
             of them"
                .to_owned()
        }
        What::Container | What::Network => "put `${environment.name}` into the name, or leave it out".to_owned(),
        What::Subnet | What::Port => format!("choose another one in `[environments.{environment}]`"),
    };
    of_all(finding.help(help))
}

/// What two environments have in common, and what would be wrong on one host: one hint for all of it.
fn hint(context: &Context<'_>, groups: &[&claims::Group<'_>]) -> Finding {
    let first = groups[0];
    let environment = |claim: &Claim<'_>| context.plans[claim.environment].environment.as_str();
    let mut what: Vec<String> = Vec::new();
    for group in groups {
        let words = group.earlier.words();
        if !what.contains(&words) {
            what.push(words);
        }
    }
    if what.len() > SHOWN {
        let hidden = what.len() - SHOWN;
        what.truncate(SHOWN);
        what.push(format!("{hidden} more"));
    }
    let message = format!(
        "`{}` and `{}` could not run on one host: both have {}",
        environment(first.earlier),
        environment(first.later[0]),
        words::and(&what)
    );
    let primary = label(context, first.primary(), "the same in both");
    let mut finding = Finding::new(RULE.id, Severity::Hint, message, primary);
    for group in groups.iter().skip(1).take(SHOWN) {
        finding = finding.with(label(context, group.primary(), "and this"));
    }
    of_all(finding.help(
        "where they share a host, write `side-by-side = true` into `[stack]`, and this is an error; else `allow` it, and say \
         where they run",
    ))
}

fn label(context: &Context<'_>, claim: &Claim<'_>, text: &str) -> Label {
    let plan = &context.plans[claim.environment];
    if claim.place.steps().len() > 2 {
        Label::value(Some(&plan.environment), claim.place.clone(), text)
    } else {
        context.key_of(plan, &claim.place, text)
    }
}

fn unique<'n>(names: &[&'n str]) -> Vec<&'n str> {
    let mut out: Vec<&str> = Vec::new();
    for name in names {
        if !out.contains(name) {
            out.push(name);
        }
    }
    out
}

/// A finding that holds between environments, and so in none alone.
fn of_all(finding: Finding) -> Finding {
    Finding { environment: None, ..finding }
}

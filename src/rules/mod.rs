//! The third room: what would stop the stack from working.
//!
//! A rule is one file: what it is, why it matters, and a function that reads the plans of all environments and reports
//! findings. It never writes, and never opens a file. Adding one is a file and a line in [`ALL`]; a test refuses a file
//! that is not listed.

use std::collections::{BTreeMap, HashSet};

use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::{Manifest, Problem, Read};
use crate::plan::Plan;
use crate::source::{KeyPath, Part, Place};
use crate::sources::Sources;

mod build_inputs;
mod command_form;
mod dependency_cycle;
mod dockerfile_conflict;
mod healthcheck_tool;
mod host_port_conflict;
mod image_unpinned;
mod incomplete_service;
mod interpolation_syntax;
mod invalid_option;
mod invalid_service_name;
mod literal_secret;
mod manifest_syntax;
mod missing_env_var;
mod mount_target;
mod port_invalid;
mod route_overlap;
mod rule_syntax;
mod undefined_routing_reference;
mod unknown_key;
mod unknown_kind;
mod unknown_reference;
mod unused_allow;
mod variable_declared_twice;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its public name, in kebab-case; the name of its file.
    pub id: &'static str,
    /// How bad its findings are, at the worst.
    pub severity: Severity,
    /// One line: what is wrong when it finds something.
    pub summary: &'static str,
    /// What it is, why it breaks, how it shows at run time, an example, the fix, the source of the fact: Markdown.
    pub docs: &'static str,
    /// Whether `allow` can silence it: not where nothing sensible could be rendered.
    pub can_be_allowed: bool,
    /// Whether it judges the file as written, and so holds even where what was meant is unclear.
    pub judges_text: bool,
    /// Reports its findings.
    pub check: fn(&Context<'_>, &mut Vec<Finding>),
}

/// Everything that a rule may look at.
#[derive(Debug)]
pub struct Context<'a> {
    /// The file as written, one manifest per environment.
    pub read: &'a Read,
    /// What the stack is in each environment.
    pub plans: &'a [Plan],
    /// What is known of the services' sources.
    pub sources: &'a Sources,
}

/// Every rule, sorted by id.
pub static ALL: &[&Rule] = &[
    &build_inputs::RULE,
    &command_form::RULE,
    &dependency_cycle::RULE,
    &dockerfile_conflict::RULE,
    &healthcheck_tool::RULE,
    &host_port_conflict::RULE,
    &image_unpinned::RULE,
    &incomplete_service::RULE,
    &interpolation_syntax::RULE,
    &invalid_option::RULE,
    &invalid_service_name::RULE,
    &literal_secret::RULE,
    &manifest_syntax::RULE,
    &missing_env_var::RULE,
    &mount_target::RULE,
    &port_invalid::RULE,
    &route_overlap::RULE,
    &rule_syntax::RULE,
    &undefined_routing_reference::RULE,
    &unknown_key::RULE,
    &unknown_kind::RULE,
    &unknown_reference::RULE,
    &unused_allow::RULE,
    &variable_declared_twice::RULE,
];

/// What a run of all rules gives.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What would be, if it were not allowed.
    pub silenced: Vec<Finding>,
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

/// Runs every rule; leaves out what only follows from an entry whose meaning is unclear, and what is allowed.
pub fn run(context: &Context<'_>) -> Outcome {
    let mut allowed = Allowed::new(context);
    let mut outcome = Outcome::default();
    for rule in ALL {
        let mut found = Vec::new();
        (rule.check)(context, &mut found);
        for finding in found {
            if !rule.judges_text && follows_from_unclear(&finding, &context.read.unclear) {
                continue;
            }
            if rule.can_be_allowed && allowed.silences(&finding) {
                outcome.silenced.push(finding);
            } else {
                outcome.findings.push(finding);
            }
        }
    }
    outcome.findings.extend(allowed.unused());
    outcome
}

/// Findings about a text that is no TOML, where nothing else can be said.
pub fn syntax(problems: &[Problem]) -> Vec<Finding> {
    problems.iter().filter_map(manifest_syntax::finding).collect()
}

impl<'a> Context<'a> {
    /// Every plan with every problem of its.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (&'a Plan, &'a crate::plan::Problem)> + use<'a> {
        self.plans.iter().flat_map(|plan| plan.problems.iter().map(move |problem| (plan, problem)))
    }
}

/// A finding about a problem of a plan, at the very bytes where it stands.
pub(crate) fn at_problem(
    rule: &Rule,
    plan: &Plan,
    problem: &crate::plan::Problem,
    message: String,
    label: &str,
) -> Finding {
    let part = problem.range.clone().map_or(Part::Value, Part::Inside);
    let label = Label::entry(Some(&plan.environment), problem.path.clone(), part, label);
    Finding::new(rule.id, rule.severity, message, label)
}

fn follows_from_unclear(finding: &Finding, unclear: &HashSet<KeyPath>) -> bool {
    !unclear.is_empty()
        && std::iter::once(&finding.primary).chain(&finding.secondary).any(|label| match &label.place {
            Place::Entry { path, .. } => unclear.iter().any(|owner| path.starts_with(owner)),
            _ => false,
        })
}

/// What `allow` tables silence, and whether they did.
struct Allowed {
    /// Environment, service (none for the whole stack) and rule.
    entries: BTreeMap<(String, Option<String>, String), bool>,
}

impl Allowed {
    fn new(context: &Context<'_>) -> Self {
        let mut entries = BTreeMap::new();
        for (environment, manifest) in &context.read.environments {
            each_allow(manifest, |service, rule| {
                entries.insert((environment.clone(), service.map(str::to_owned), rule.to_owned()), false);
            });
        }
        Self { entries }
    }

    fn silences(&mut self, finding: &Finding) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let service = match &finding.primary.place {
            Place::Entry { path, .. } if path.key_at(0) == Some("services") => path.key_at(1).map(str::to_owned),
            _ => None,
        };
        let mut silenced = false;
        for ((environment, owner, rule), used) in &mut self.entries {
            let same_environment = finding.environment.as_ref().is_none_or(|name| name == environment);
            if rule == finding.rule && same_environment && (owner.is_none() || *owner == service) {
                *used = true;
                silenced = true;
            }
        }
        silenced
    }

    /// Rules that are allowed somewhere and silenced nothing anywhere.
    fn unused(self) -> Vec<Finding> {
        let used: HashSet<(&Option<String>, &String)> =
            self.entries.iter().filter(|(_, used)| **used).map(|((_, service, rule), _)| (service, rule)).collect();
        let mut findings = Vec::new();
        for (environment, service, rule) in self.entries.keys() {
            if used.contains(&(service, rule)) {
                continue;
            }
            let owner = service.as_ref().map_or_else(|| KeyPath::of(["stack"]), |name| KeyPath::of(["services", name]));
            let path = owner.key("allow").key(rule);
            findings.push(unused_allow::finding(environment, path, rule));
        }
        findings
    }
}

fn each_allow<'a>(manifest: &'a Manifest, mut visit: impl FnMut(Option<&'a str>, &'a str)) {
    for rule in manifest.stack.iter().flat_map(|stack| stack.allow.keys()) {
        visit(None, rule);
    }
    for (name, service) in &manifest.services {
        for rule in service.allow.keys() {
            visit(Some(name), rule);
        }
    }
}

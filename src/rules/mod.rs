//! The third room: what would stop the stack from working.
//!
//! A rule is one file: what it is, why it matters, and a function that reads the plans of all environments and reports
//! findings. It never writes, and never opens a file. Adding one is a file and a line in [`ALL`]; a test refuses a file
//! that is not listed.

use std::collections::HashSet;
use std::ops::Range;

use indexmap::IndexMap;

use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::text::Text;
use crate::manifest::unions::Scalar;
use crate::manifest::{Alignment, Manifest, Problem, Read};
use crate::plan::{Plan, Service};
use crate::source::{KeyPath, Part, Place, Source, Step};
use crate::sources::{Sources, Written};

mod acme;
mod alias_shadowing;
mod bind_source_missing;
mod blank_to_typed;
mod build_arg_undeclared;
mod build_inputs;
mod command_form;
mod completed_never_exits;
mod container_name;
mod credential_mismatch;
mod dashboard_exposed;
mod datastore_on_edge_network;
mod datastore_port_public;
mod datastore_without_volume;
mod dependency_cycle;
mod dependency_profile_gap;
mod deprecated_option;
mod dev_leak;
mod docker_socket;
mod dockerfile_conflict;
mod dockerfile_hygiene;
mod dockerfile_port;
mod dockerignore_misplaced;
mod duplicate_traefik_name;
mod entrypoint_port;
mod env_coverage;
mod env_drift;
mod env_file_not_interpolated;
mod env_file_syntax;
mod env_file_tracked;
mod environment_project_clash;
mod ephemeral_host_port;
mod external_resource;
mod health_path;
mod health_path_unrouted;
mod healthcheck_form;
mod healthcheck_tool;
mod healthy_without_healthcheck;
mod host_network_port_conflict;
mod host_port_conflict;
mod image_reference;
mod image_required_env;
mod image_unpinned;
mod implicit_dependency;
mod incomplete_service;
mod inherited_healthcheck;
mod interpolation_syntax;
mod invalid_option;
mod invalid_service_name;
mod invalid_value;
mod ip_plan;
pub(crate) mod key_not_applicable;
mod label_decode;
mod literal_secret;
mod local_domain_in_prod;
mod localhost_reference;
mod manifest_syntax;
mod memory_cpu;
mod middleware_value;
mod missing_env_var;
mod mount_option_typo;
mod mount_target;
mod name_collision;
mod network_mode_conflict;
mod nothing_to_run;
mod one_shot_never_awaited;
mod port_invalid;
mod port_no_listener;
mod ports_ignored;
mod postgres18_data_path;
mod prefix_too_greedy;
mod probe_cannot_fail;
mod probe_other_service;
mod probes;
mod public_var_internal_host;
mod reference_wrong_port;
mod reload_without_restart;
mod replicas_fixed_port;
mod restart_policy;
mod route_overlap;
mod router_shadowed;
mod rule_never_matches;
mod rule_syntax;
mod rule_too_broad;
mod rule_v2_syntax;
mod runs_twice;
mod runtime_exceeds_limit;
mod scrape_target;
mod secret_committed;
mod secret_source_missing;
mod service_port_mismatch;
mod service_port_unresolved;
mod shared_datastore_volume;
mod shared_netns_port_conflict;
mod silent_dash_default;
mod static_decode;
mod swarm_only;
mod template_output;
mod tls_mismatch;
mod toml_1_0_only;
mod traefik_network;
mod undefined_routing_reference;
mod unescaped_dollar;
mod unknown_key;
mod unknown_kind;
mod unknown_reference;
mod unreachable_reference;
mod unused_allow;
mod unused_variable;
mod variable_declared_twice;
mod volume_left_behind;

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
    &acme::RULE,
    &alias_shadowing::RULE,
    &bind_source_missing::RULE,
    &blank_to_typed::RULE,
    &build_arg_undeclared::RULE,
    &build_inputs::RULE,
    &command_form::RULE,
    &completed_never_exits::RULE,
    &container_name::RULE,
    &credential_mismatch::RULE,
    &dashboard_exposed::RULE,
    &datastore_on_edge_network::RULE,
    &datastore_port_public::RULE,
    &datastore_without_volume::RULE,
    &dependency_cycle::RULE,
    &dependency_profile_gap::RULE,
    &deprecated_option::RULE,
    &dev_leak::RULE,
    &docker_socket::RULE,
    &dockerfile_conflict::RULE,
    &dockerfile_hygiene::RULE,
    &dockerfile_port::RULE,
    &dockerignore_misplaced::RULE,
    &duplicate_traefik_name::RULE,
    &entrypoint_port::RULE,
    &env_coverage::RULE,
    &env_drift::RULE,
    &env_file_not_interpolated::RULE,
    &env_file_syntax::RULE,
    &env_file_tracked::RULE,
    &environment_project_clash::RULE,
    &ephemeral_host_port::RULE,
    &external_resource::RULE,
    &health_path::RULE,
    &health_path_unrouted::RULE,
    &healthcheck_form::RULE,
    &healthcheck_tool::RULE,
    &healthy_without_healthcheck::RULE,
    &host_network_port_conflict::RULE,
    &host_port_conflict::RULE,
    &image_reference::RULE,
    &image_required_env::RULE,
    &image_unpinned::RULE,
    &implicit_dependency::RULE,
    &incomplete_service::RULE,
    &inherited_healthcheck::RULE,
    &interpolation_syntax::RULE,
    &invalid_option::RULE,
    &invalid_service_name::RULE,
    &invalid_value::RULE,
    &ip_plan::RULE,
    &key_not_applicable::RULE,
    &label_decode::RULE,
    &literal_secret::RULE,
    &local_domain_in_prod::RULE,
    &localhost_reference::RULE,
    &manifest_syntax::RULE,
    &memory_cpu::RULE,
    &middleware_value::RULE,
    &missing_env_var::RULE,
    &mount_option_typo::RULE,
    &mount_target::RULE,
    &name_collision::RULE,
    &network_mode_conflict::RULE,
    &nothing_to_run::RULE,
    &one_shot_never_awaited::RULE,
    &port_invalid::RULE,
    &port_no_listener::RULE,
    &ports_ignored::RULE,
    &postgres18_data_path::RULE,
    &prefix_too_greedy::RULE,
    &probe_cannot_fail::RULE,
    &probe_other_service::RULE,
    &public_var_internal_host::RULE,
    &reference_wrong_port::RULE,
    &reload_without_restart::RULE,
    &replicas_fixed_port::RULE,
    &restart_policy::RULE,
    &route_overlap::RULE,
    &router_shadowed::RULE,
    &rule_never_matches::RULE,
    &rule_syntax::RULE,
    &rule_too_broad::RULE,
    &rule_v2_syntax::RULE,
    &runs_twice::RULE,
    &runtime_exceeds_limit::RULE,
    &scrape_target::RULE,
    &secret_committed::RULE,
    &secret_source_missing::RULE,
    &service_port_mismatch::RULE,
    &service_port_unresolved::RULE,
    &shared_datastore_volume::RULE,
    &shared_netns_port_conflict::RULE,
    &silent_dash_default::RULE,
    &static_decode::RULE,
    &swarm_only::RULE,
    &template_output::RULE,
    &tls_mismatch::RULE,
    &toml_1_0_only::RULE,
    &traefik_network::RULE,
    &undefined_routing_reference::RULE,
    &unescaped_dollar::RULE,
    &unknown_key::RULE,
    &unknown_kind::RULE,
    &unknown_reference::RULE,
    &unreachable_reference::RULE,
    &unused_allow::RULE,
    &unused_variable::RULE,
    &variable_declared_twice::RULE,
    &volume_left_behind::RULE,
];

/// What a run of all rules gives.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What would be, if it were not allowed.
    pub silenced: Vec<Finding>,
}

/// The rules of which some findings carry a fix, in the order of the alphabet; a test compares the fixtures.
const FIXING: &[&str] = &[
    "container-name",
    "dashboard-exposed",
    "datastore-port-public",
    "datastore-without-volume",
    "deprecated-option",
    "dev-leak",
    "healthcheck-form",
    "healthy-without-healthcheck",
    "image-reference",
    "invalid-service-name",
    "literal-secret",
    "localhost-reference",
    "port-invalid",
    "postgres18-data-path",
    "prefix-too-greedy",
    "replicas-fixed-port",
    "router-shadowed",
    "rule-syntax",
    "rule-too-broad",
    "rule-v2-syntax",
    "service-port-mismatch",
    "service-port-unresolved",
    "tls-mismatch",
    "toml-1-0-only",
    "unescaped-dollar",
    "unused-allow",
];

impl Rule {
    /// Whether `check --fix` does something about some of its findings.
    pub fn has_fix(&self) -> bool {
        FIXING.contains(&self.id)
    }
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
            // Also what is left out here would have been silenced: the `allow` has its use.
            let is_silenced = rule.can_be_allowed && allowed.silences(&finding);
            if !rule.judges_text && context.follows_from_unclear(&finding) {
                continue;
            }
            if is_silenced {
                outcome.silenced.push(finding);
            } else {
                outcome.findings.push(finding);
            }
        }
    }
    // What a mistake keeps from being read is not unused.
    if outcome.findings.iter().any(|finding| finding.severity == Severity::Error) {
        outcome.findings.retain(|finding| !waits_for_errors(finding.rule));
    }
    outcome.findings.extend(allowed.unused(context));
    outcome
}

/// Whether a rule says nothing as long as there are errors.
pub(crate) fn waits_for_errors(rule: &str) -> bool {
    rule == unused_variable::RULE.id
}

/// Findings about a text that is no TOML, where nothing else can be said.
pub fn syntax(source: &Source, problems: &[Problem]) -> Vec<Finding> {
    manifest_syntax::of_text(source, problems)
}

impl<'a> Context<'a> {
    /// Every plan with every problem of its.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (&'a Plan, &'a crate::plan::Problem)> + use<'a> {
        self.plans.iter().flat_map(|plan| plan.problems.iter().map(move |problem| (plan, problem)))
    }

    /// Every plan with those of its problems that do not stand beside another mistake, which hides what was meant.
    pub(crate) fn clear_problems(&self) -> impl Iterator<Item = (&'a Plan, &'a crate::plan::Problem)> + use<'a> {
        let unclear = &self.read.unclear;
        self.problems().filter(move |(_, problem)| !unclear.iter().any(|owner| problem.path.starts_with(owner)))
    }

    /// Every service that is built with a Dockerfile that the project answers for, and that can be read.
    pub(crate) fn written_dockerfiles(&self) -> impl Iterator<Item = (&'a Plan, &'a Service, &'a Written)> + use<'a> {
        let sources = self.sources;
        let all = self.plans.iter().flat_map(|plan| plan.services.values().map(move |service| (plan, service)));
        all.filter_map(move |(plan, service)| Some((plan, service, sources.written(plan, service)?)))
            .filter(|(_, _, written)| !written.file.is_foreign())
    }

    /// A finding at a place of a Dockerfile; it says who is built with it, and how where the text is rendered.
    pub(crate) fn in_dockerfile(
        &self,
        rule: &Rule,
        severity: Severity,
        (plan, service, written): (&Plan, &Service, &Written),
        message: String,
        (range, label): (Range<usize>, &str),
    ) -> Finding {
        let mut finding = Finding::new(rule.id, severity, message, Label::within(&written.path, range, label));
        finding.environment = Some(plan.environment.clone());
        finding.with_all(self.built_with(plan, service, written))
    }

    /// The places that lead to a Dockerfile: the template that it is rendered from, and the service that is built with it.
    pub(crate) fn built_with(&self, plan: &Plan, service: &Service, written: &Written) -> Vec<Label> {
        let key = if written.template.is_some() { "source" } else { "dockerfile" };
        let place = self.origin_of(plan, &service.name, key, &["build"]);
        let builder = Label::value(Some(&plan.environment), place, "built with it");
        let template = written.template.as_ref().map(|path| Label::file(path, "it is rendered from here"));
        template.into_iter().chain([builder]).collect()
    }

    /// The other places of the same plan with the same problem.
    pub(crate) fn elsewhere(
        &self,
        plan: &Plan,
        first: &crate::plan::Problem,
        is_same: impl Fn(&crate::plan::ProblemKind) -> bool,
    ) -> Vec<&'a crate::plan::Problem> {
        let mut found: Vec<&crate::plan::Problem> = Vec::new();
        for (other, problem) in self.clear_problems() {
            let is_at = |known: &crate::plan::Problem| known.path == problem.path && known.range == problem.range;
            let is_new = !is_at(first) && !found.iter().any(|known| is_at(known));
            if std::ptr::eq(other, plan) && is_new && is_same(&problem.kind) {
                found.push(problem);
            }
        }
        found
    }

    /// A finding about a problem of a plan that concerns a whole table: at its key.
    pub(crate) fn at_key(
        &self,
        rule: &Rule,
        plan: &Plan,
        problem: &crate::plan::Problem,
        message: String,
        label: &str,
    ) -> Finding {
        let mut finding = Finding::new(rule.id, rule.severity, message, self.key_of(plan, &problem.path, label));
        finding.environment = Some(plan.environment.clone());
        finding
    }

    /// The key at `path`, as `plan`'s environment sees it. What every environment has stands in the base file, whichever
    /// overlays change it: all of them are shown the same place.
    pub(crate) fn key_of(&self, plan: &Plan, path: &KeyPath, label: &str) -> Label {
        let services = || self.read.environments.values().map(|manifest| &manifest.services);
        let steps = [0, 1, 2, 3].map(|step| path.key_at(step));
        let in_base = match steps {
            [Some("services"), Some(_), None, None] => true,
            [Some("services"), Some(service), Some("routes"), Some(route)] if path.steps().len() == 4 => services()
                .all(|services| services.get(service).is_some_and(|service| service.routes.contains_key(route))),
            _ => false,
        };
        let environment = (!in_base).then_some(plan.environment.as_str());
        Label::key(environment, path.clone(), label)
    }

    /// Where a key of a service stands: in `compose` where that says it, under the keys `passed`, else in the defaults
    /// where those alone do.
    pub(crate) fn origin_of(&self, plan: &Plan, service: &str, key: &str, passed: &[&str]) -> KeyPath {
        let origin = KeyPath::of(["services", service, key]);
        let Some(written) = self.manifest(plan).and_then(|manifest| manifest.services.get(service)) else {
            return origin;
        };
        let mut value = None;
        let mut path = KeyPath::of(["services", service, "compose"]);
        for (index, key) in passed.iter().enumerate() {
            let table = if index == 0 { Some(&written.compose) } else { value.and_then(toml::Value::as_table) };
            value = table.and_then(|table| table.get(*key));
            path = path.key(key);
        }
        if value.is_some() {
            path
        } else if written.defaulted.iter().any(|defaulted| defaulted == key) {
            KeyPath::of(["defaults", key])
        } else {
            origin
        }
    }

    /// Where the value of a variable of a service's container stands; the service where its kind says it.
    pub(crate) fn origin_of_env(&self, plan: &Plan, service: &Service, name: &str) -> KeyPath {
        let written = self.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
        let Some(written) = written else { return service.origin() };
        let passed = written.compose.get("environment");
        let is_passed = |value: &toml::Value| match value {
            toml::Value::Table(table) => table.contains_key(name),
            toml::Value::Array(lines) => lines
                .iter()
                .filter_map(toml::Value::as_str)
                .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))),
            _ => false,
        };
        match passed.filter(|value| is_passed(value)) {
            Some(toml::Value::Table(_)) => service.origin().key("compose").key("environment").key(name),
            Some(_) => service.origin().key("compose").key("environment"),
            None if written.env.contains_key(name) => service.origin().key("env").key(name),
            None => service.origin(),
        }
    }

    /// The text that stands in Compose's own terms at `path`: a label, or something passed through.
    pub(crate) fn raw_text<'m>(&'m self, plan: &Plan, path: &KeyPath) -> Option<&'m str> {
        let manifest = self.manifest(plan)?;
        let (table, rest) = match path.steps() {
            [Step::Key(first), rest @ ..] if first == "compose" => (&manifest.compose, rest),
            [Step::Key(_), Step::Key(service), Step::Key(key), rest @ ..] => {
                let service = manifest.services.get(service)?;
                match (key.as_str(), rest) {
                    ("labels", [Step::Key(label)]) => {
                        return match service.labels.get(label)? {
                            Scalar::Text(text) => Some(text),
                            _ => None,
                        };
                    }
                    ("compose", rest) => (&service.compose, rest),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let (Step::Key(first), rest) = rest.split_first()? else { return None };
        let value = rest.iter().try_fold(table.get(first)?, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        });
        value?.as_str()
    }

    /// Where the value of an argument of a service's build stands.
    pub(crate) fn origin_of_build_env(&self, plan: &Plan, service: &Service, name: &str) -> KeyPath {
        let written = self.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
        let passed = written.and_then(|written| written.compose.get("build")?.get("args"));
        let args = service.origin().key("compose").key("build").key("args");
        match passed {
            Some(toml::Value::Table(table)) if table.contains_key(name) => args.key(name),
            Some(toml::Value::Array(_)) => args,
            _ => service.origin().key("build-env").key(name),
        }
    }

    /// Where it says how many containers of a service run.
    pub(crate) fn origin_of_count(&self, plan: &Plan, service: &Service) -> KeyPath {
        match service.passthrough.get("scale") {
            Some(Some(_)) => service.origin().key("compose").key("scale"),
            _ => self.origin_of(plan, &service.name, "replicas", &["deploy", "replicas"]),
        }
    }

    /// Where a text of a container stands.
    pub(crate) fn origin_of_told(&self, plan: &Plan, service: &Service, told: &Told<'_>) -> KeyPath {
        match told.source {
            Telling::Variable(name) => self.origin_of_env(plan, service, name),
            Telling::Word(key) => self.origin_of(plan, &service.name, key, &[key]),
        }
    }

    /// What makes the environment of a plan one for production: that it says so, or its name.
    pub(crate) fn production(&self, plan: &Plan) -> Label {
        const TEXT: &str = "for production";
        let stack = self.manifest(plan).and_then(|manifest| manifest.stack.as_ref());
        if stack.is_some_and(|stack| stack.production.is_some()) {
            return Label::value(Some(&plan.environment), KeyPath::of(["stack", "production"]), TEXT);
        }
        let position = self.plans.iter().position(|other| other.environment == plan.environment).unwrap_or_default();
        Label::value(None, KeyPath::of(["stack", "environments"]).index(position), TEXT)
    }

    /// Whether a `$` in the text at `path` looks wrong, which is reported on its own.
    pub(crate) fn has_flaw(plan: &Plan, path: &KeyPath) -> bool {
        let is_text = |kind: &crate::plan::ProblemKind| matches!(kind, crate::plan::ProblemKind::Text(_));
        plan.problems.iter().any(|problem| problem.path == *path && is_text(&problem.kind))
    }

    /// Whether nothing says what the service runs, which is reported on its own: nothing is known of it.
    pub(crate) fn is_blank(plan: &Plan, service: &str) -> bool {
        let image = KeyPath::of(["services", service, "image"]);
        let lacks_image = |kind: &crate::plan::ProblemKind| matches!(kind, crate::plan::ProblemKind::Incomplete { missing, .. } if *missing == image);
        plan.problems.iter().any(|problem| lacks_image(&problem.kind))
    }

    /// The file as `plan`'s environment sees it.
    pub(crate) fn manifest(&self, plan: &Plan) -> Option<&'a Manifest> {
        self.read.environments.get(&plan.environment)
    }

    /// Whether what stands at `path` is a secret: said to be one, or named like one.
    pub(crate) fn holds_secret(&self, plan: &Plan, path: &KeyPath) -> bool {
        let manifest = self.manifest(plan);
        match (path.key_at(0), path.key_at(1), path.key_at(2)) {
            (Some("variables"), Some(name), _) => {
                let declared = manifest.and_then(|manifest| manifest.variables.get(name));
                declared.is_some_and(|variable| variable.secret) || names_secret(name)
            }
            (Some("services"), Some(service), Some(key)) => {
                let kind = plan.services.get(service).and_then(|service| self.read.kinds.get(service.kind.as_ref()?));
                let is_secret_option = kind.and_then(|kind| kind.options.get(key)).is_some_and(|option| option.secret);
                is_secret_option || (key == "env" && path.key_at(3).is_some_and(names_secret))
            }
            _ => false,
        }
    }

    /// Whether something that is told on its own may be all that is wrong.
    fn follows_from_unclear(&self, finding: &Finding) -> bool {
        let unclear = &self.read.unclear;
        if unclear.is_empty() || self.is_cause(finding) {
            return false;
        }
        std::iter::once(&finding.primary).chain(&finding.secondary).any(|label| match &label.place {
            Place::Entry { path, .. } => unclear.iter().any(|owner| path.starts_with(owner)),
            _ => false,
        })
    }

    /// Whether the finding is about a service that cannot extend what it names: that is why the service is unclear.
    fn is_cause(&self, finding: &Finding) -> bool {
        let Place::Entry { path: place, .. } = &finding.primary.place else { return false };
        self.read.problems.iter().any(|problem| matches!(problem, Problem::Extends { path, .. } if path == place))
    }

    /// Whether `path` may well be there, if it were not for a mistake that is reported on its own: its absence is none.
    pub(crate) fn may_be_lost(&self, path: &KeyPath) -> bool {
        self.read.unclear.iter().any(|owner| path.starts_with(owner)) || self.is_mistaken(path)
    }

    /// Whether `path`, or what it stands in, is there under a misspelt key, or with a value that was left out as wrong.
    pub(crate) fn is_mistaken(&self, path: &KeyPath) -> bool {
        self.read.problems.iter().any(|problem| match problem {
            Problem::UnknownKey { path: written, meant: Some(meant), .. } => {
                let above = &written.steps()[..written.steps().len().saturating_sub(1)];
                path.starts_with(&KeyPath::from_steps(above).key(meant))
            }
            Problem::WrongType { path: written, .. } | Problem::WrongValue { path: written, .. } => {
                path.starts_with(written)
            }
            _ => false,
        })
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
    Finding::new(rule.id, rule.severity, message, place_of(plan, problem, label))
}

/// The very bytes where a problem of a plan stands.
pub(crate) fn place_of(plan: &Plan, problem: &crate::plan::Problem, label: &str) -> Label {
    let part = problem.range.clone().map_or(Part::Value, Part::Inside);
    Label::entry(Some(&plan.environment), problem.path.clone(), part, label)
}

/// The declaration with the default that a text has taken, where that does not stand at `place` itself.
pub(crate) fn declared_default(plan: &Plan, text: &crate::plan::Text, place: &KeyPath) -> Option<Label> {
    let declared = text.variables().into_iter().filter_map(|name| plan.variables.get(name));
    let declared = declared.filter(|variable| variable.default.is_some());
    let is_elsewhere = |origin: &&KeyPath| *origin != place && origin.key_at(0) == Some("variables");
    let origin = declared.map(|variable| &variable.origin).find(is_elsewhere)?;
    Some(Label::key(Some(&plan.environment), origin.clone(), "has this default"))
}

/// Where a part of a text comes from whose variables have taken their defaults: the part as written, and the declarations
/// of the variables that it touches.
pub(crate) fn trace(plan: &Plan, written: &str, resolved: &str, range: &Range<usize>) -> (Part, Vec<Label>) {
    let Some(alignment) = Alignment::new(written, resolved).filter(|_| !range.is_empty()) else {
        return (Part::Value, Vec::new());
    };
    let names = alignment.holes(range).filter_map(|hole| Text::parse(written.get(hole)?).0.into_variable());
    let origins = names.filter_map(|name| plan.variables.get(&name).map(|variable| &variable.origin));
    let declared = origins.filter(|origin| origin.key_at(0) == Some("variables"));
    let label =
        |origin: &KeyPath| Label::value(Some(&plan.environment), origin.key("default"), "the value comes from here");
    (Part::Inside(alignment.written(range)), declared.map(label).collect())
}

/// Whether a variable of this name may hold a secret: in doubt yes, since this only decides what is hidden.
pub(crate) fn names_secret(name: &str) -> bool {
    const WORDS: [&str; 10] =
        ["PASSWORD", "PASSWD", "PASS", "PWD", "PASSPHRASE", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "CREDENTIALS"];
    name.split(['_', '-']).any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// A text that a container is given, and in which it may find the address of another service.
pub(crate) struct Told<'p> {
    /// The text.
    pub(crate) text: &'p crate::plan::Text,
    /// As what it is given.
    pub(crate) source: Telling<'p>,
}

/// As what a container is given a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling<'p> {
    /// The value of the variable of this name.
    Variable(&'p str),
    /// A word of what this key says: `command` or `entrypoint`.
    Word(&'static str),
}

impl std::fmt::Display for Telling<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => write!(out, "`{name}`"),
            Self::Word(key) => write!(out, "the {key}"),
        }
    }
}

/// The texts in which a container finds the addresses of others: variables, but for what browsers read and for lists
/// that nobody calls, and the words of its command.
pub(crate) fn told(service: &Service) -> impl Iterator<Item = Told<'_>> {
    let is_called = |name: &str| {
        public_var_internal_host::baked_prefix(name).is_none() && !localhost_reference::is_list_of_origins(name)
    };
    let variables = service.environment.iter().filter(move |(name, _)| is_called(name));
    let variables = variables.map(|(name, text)| Told { text, source: Telling::Variable(name) });
    let words = [("command", &service.command), ("entrypoint", &service.entrypoint)].into_iter();
    let words = words.flat_map(|(key, words)| words.iter().flatten().map(move |word| (key, word)));
    variables.chain(words.map(|(key, text)| Told { text, source: Telling::Word(key) }))
}

/// Whether one service finds another by its name: itself, or one on a network of its own.
pub(crate) fn finds(from: &Service, other: &Service) -> bool {
    let has_own = |service: &Service| !service.passthrough.contains_key("network_mode");
    let share = || from.networks.iter().any(|name| other.networks.contains(name));
    from.name == other.name || (has_own(from) && has_own(other) && share())
}

/// What `allow` tables silence, and whether they did.
struct Allowed {
    /// Environment, service (none for the whole stack) and rule.
    entries: IndexMap<(String, Option<String>, String), bool>,
}

impl Allowed {
    fn new(context: &Context<'_>) -> Self {
        let mut entries = IndexMap::new();
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
        let service_of = |label: &Label| match &label.place {
            Place::Entry { path, .. } if path.key_at(0) == Some("services") => path.key_at(1).map(str::to_owned),
            _ => None,
        };
        // A line of another file belongs to whoever is named beside it.
        let service = match &finding.primary.place {
            Place::File { .. } => finding.secondary.iter().find_map(service_of),
            _ => service_of(&finding.primary),
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
    fn unused(self, context: &Context<'_>) -> Vec<Finding> {
        let used: HashSet<(&Option<String>, &String)> =
            self.entries.iter().filter(|(_, used)| **used).map(|((_, service, rule), _)| (service, rule)).collect();
        let mut findings = Vec::new();
        for (environment, service, rule) in self.entries.keys() {
            if used.contains(&(service, rule)) {
                continue;
            }
            let owner = service.as_ref().map_or_else(|| KeyPath::of(["stack"]), |name| KeyPath::of(["services", name]));
            // What is unclear is not judged, so what could be silenced there is unknown.
            let is_unclear = match service {
                Some(_) => context.may_be_lost(&owner),
                None => !context.read.unclear.is_empty(),
            };
            if is_unclear && find(rule).is_some_and(|rule| rule.can_be_allowed) {
                continue;
            }
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

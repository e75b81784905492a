//! The third room: what would stop the stack from working.
//!
//! A rule is one file: what it is, why it matters, and a function that reads the plans of all environments and reports
//! findings. It never writes, and never opens a file. Adding one is a file and a line in [`ALL`]; a test refuses a file
//! that is not listed.

use crate::diagnostics::{Finding, Severity};
use crate::manifest::Problem;
use crate::source::Source;

mod acme;
mod alias_shadowing;
mod allowed;
mod bind_source_missing;
mod blank_to_typed;
mod build_arg_undeclared;
mod build_inputs;
mod build_tool_dev_only;
mod claims;
mod command_form;
mod completed_never_exits;
mod container_name;
mod context;
mod copy_source_missing;
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
mod entrypoint_unreferenced;
mod env_coverage;
mod env_drift;
mod env_file_not_interpolated;
mod env_file_syntax;
mod env_file_tracked;
mod env_files;
mod env_passed_not_read;
mod env_read_not_passed;
mod environment_project_clash;
mod ephemeral_host_port;
mod external_absent;
mod external_network_alias;
mod external_resource;
mod health_path;
mod health_path_unrouted;
mod healthcheck_form;
mod healthcheck_tool;
mod healthy_without_healthcheck;
mod host_network_port_conflict;
mod host_port_conflict;
mod host_port_taken;
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
mod lockfile_mismatch;
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
mod queue_without_consumer;
mod reference_wrong_port;
mod reload_without_restart;
mod replicas_fixed_port;
mod restart_policy;
mod route_clash;
mod route_falls_through;
mod route_overlap;
mod router_shadowed;
mod rule_never_matches;
mod rule_syntax;
mod rule_too_broad;
mod rule_v2_syntax;
mod runs_twice;
mod runtime_engine_mismatch;
mod runtime_exceeds_limit;
mod scrape_target;
mod secret_committed;
mod secret_source_missing;
mod service_port_mismatch;
mod service_port_unresolved;
mod shared_datastore_volume;
mod shared_netns_port_conflict;
mod shebang_missing;
mod silent_dash_default;
mod stack_clash;
mod static_decode;
mod swarm_only;
mod template_output;
mod tls_mismatch;
mod told;
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
mod unused_volume;
mod variable_declared_twice;
mod volume_left_behind;

pub use context::Context;
pub(crate) use context::{at_problem, declared_default, names_secret, place_of, trace};
pub(crate) use told::{Telling, Told, finds, told};

use allowed::Allowed;

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

/// Every rule, sorted by id.
pub static ALL: &[&Rule] = &[
    &acme::RULE,
    &alias_shadowing::RULE,
    &bind_source_missing::RULE,
    &blank_to_typed::RULE,
    &build_arg_undeclared::RULE,
    &build_inputs::RULE,
    &build_tool_dev_only::RULE,
    &command_form::RULE,
    &completed_never_exits::RULE,
    &container_name::RULE,
    &copy_source_missing::RULE,
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
    &entrypoint_unreferenced::RULE,
    &env_coverage::RULE,
    &env_drift::RULE,
    &env_file_not_interpolated::RULE,
    &env_file_syntax::RULE,
    &env_file_tracked::RULE,
    &env_passed_not_read::RULE,
    &env_read_not_passed::RULE,
    &environment_project_clash::RULE,
    &ephemeral_host_port::RULE,
    &external_absent::RULE,
    &external_network_alias::RULE,
    &external_resource::RULE,
    &health_path::RULE,
    &health_path_unrouted::RULE,
    &healthcheck_form::RULE,
    &healthcheck_tool::RULE,
    &healthy_without_healthcheck::RULE,
    &host_network_port_conflict::RULE,
    &host_port_conflict::RULE,
    &host_port_taken::RULE,
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
    &lockfile_mismatch::RULE,
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
    &queue_without_consumer::RULE,
    &reference_wrong_port::RULE,
    &reload_without_restart::RULE,
    &replicas_fixed_port::RULE,
    &restart_policy::RULE,
    &route_clash::RULE,
    &route_falls_through::RULE,
    &route_overlap::RULE,
    &router_shadowed::RULE,
    &rule_never_matches::RULE,
    &rule_syntax::RULE,
    &rule_too_broad::RULE,
    &rule_v2_syntax::RULE,
    &runs_twice::RULE,
    &runtime_engine_mismatch::RULE,
    &runtime_exceeds_limit::RULE,
    &scrape_target::RULE,
    &secret_committed::RULE,
    &secret_source_missing::RULE,
    &service_port_mismatch::RULE,
    &service_port_unresolved::RULE,
    &shared_datastore_volume::RULE,
    &shared_netns_port_conflict::RULE,
    &shebang_missing::RULE,
    &silent_dash_default::RULE,
    &stack_clash::RULE,
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
    &unused_volume::RULE,
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
    rule == unused_variable::RULE.id || rule == unused_volume::RULE.id
}

/// Findings about a text that is no TOML, where nothing else can be said.
pub fn syntax(source: &Source, problems: &[Problem]) -> Vec<Finding> {
    manifest_syntax::of_text(source, problems)
}

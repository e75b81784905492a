//! One environment: where it answers, and the commands that run it.

use serde::Serialize;

use super::markdown;
use super::volumes::{Backup, Volumes};
use crate::plan::{Plan, Service, Variable};
use crate::render::graph::{Format, Graph, MOST_CHARACTERS};
use crate::render::shown::{RouteRow, Way, distinct};

/// The addresses of one entry point at most; the table of routes has all hosts.
const ADDRESSES: usize = 8;

#[derive(Serialize)]
pub(super) struct EnvironmentContext {
    name: String,
    is_default: bool,
    compose_file: String,
    env_file: String,
    env_example: String,
    /// Whether it does not start without an env file.
    needs_values: bool,
    has_values: bool,
    /// Whether `stackgen env --write` makes values.
    generates: bool,
    /// A command's words: what begins every command of Compose here.
    compose: String,
    /// A command's word.
    project: String,
    /// The lines of a table.
    ways: Vec<String>,
    /// The lines of a table.
    routes: Vec<String>,
    /// A comment's words: networks and volumes that exist before the first start, as a list in a sentence; empty for
    /// none.
    existing: String,
    builds: bool,
    /// The services that `docker compose watch` keeps up to date, as a list in a sentence; empty for none.
    watched: String,
    /// A command's word: a service to give an example with.
    service: String,
    has_others: bool,
    /// A command's words: the profiles of Compose.
    profiles: Vec<String>,
    backups: Vec<Backup>,
    /// Whether a command holds a variable that stands for itself.
    has_placeholders: bool,
    /// The graph in Mermaid; none where that would not be drawn.
    graph: Option<String>,
}

pub(super) fn context<'p>(
    position: usize,
    plan: &'p Plan,
    graph: Option<&Graph>,
    volumes: &Volumes<'p>,
) -> EnvironmentContext {
    let ways: Vec<Vec<String>> = plan.ways().iter().map(way).collect();
    let routes: Vec<Vec<String>> = plan.routes().iter().map(route).collect();
    let project = word(&plan.shown(&plan.project));
    let backups = volumes.backups(position, plan);
    let watched = plan.services.values().filter(|service| !service.watch.is_empty());
    let watched: Vec<String> = watched.map(|service| markdown::text(&service.name)).collect();
    // What people work on, before what it needs.
    let asks = |variable: &Variable| variable.required && !plan.needs_profile(variable);
    let profiles = distinct(plan.services.values().flat_map(|service| service.profiles.iter().cloned()));
    let example = plan.services.values().find(|service| service.build.is_some());
    let example = example.or_else(|| plan.services.values().find(|service| service.proxy.is_none()));
    let example = example.or_else(|| plan.services.values().next());
    EnvironmentContext {
        name: markdown::text(&plan.environment),
        is_default: plan.is_default,
        compose_file: plan.compose_file(),
        env_file: plan.env_file(),
        env_example: plan.env_example(),
        needs_values: !plan.is_default || plan.variables.values().any(asks),
        has_values: !plan.is_default || !plan.variables.is_empty(),
        generates: plan.variables.values().any(|variable| variable.generate.is_some()),
        compose: if plan.is_default {
            "docker compose".to_owned()
        } else {
            format!("docker compose --env-file {}", plan.env_file())
        },
        has_placeholders: project.contains("${") || backups.iter().any(Backup::has_placeholder),
        project,
        ways: markdown::table(&["Address", "Leads to", "Changed by"], &ways),
        routes: markdown::table(&["Host", "Path", "Service", "Strips", "Entry points", "Middlewares"], &routes),
        existing: existing(plan),
        builds: plan.services.values().any(|service| service.build.is_some()),
        watched: crate::diagnostics::words::and(&watched),
        service: example.map(|service: &Service| service.name.clone()).unwrap_or_default(),
        has_others: plan.services.len() > 1,
        profiles,
        backups,
        graph: graph.and_then(drawing),
    }
}

/// What belongs to somebody else, and has to be there.
fn existing(plan: &Plan) -> String {
    let networks = plan.networks.iter().filter(|(_, network)| network.external);
    let networks = networks.map(|(name, network)| {
        let fixed = network.name.as_ref().map(|name| plan.shown(name));
        format!("the network {}", word(&fixed.unwrap_or_else(|| name.clone())))
    });
    let volumes = plan.volumes.iter().filter(|(_, volume)| volume.external);
    let volumes = volumes.map(|(name, _)| format!("the volume {}", word(&plan.engine_name(name))));
    crate::diagnostics::words::and(&networks.chain(volumes).collect::<Vec<_>>())
}

/// A word of a command, in bash and in PowerShell: what a shell would take for something else, the engine takes for
/// nothing.
pub(super) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '$' | '{' | '}');
    text.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

fn way(way: &Way<'_>) -> Vec<String> {
    let mut addresses: Vec<String> = way.addresses.iter().map(|address| markdown::code(address)).collect();
    if addresses.len() > ADDRESSES {
        let rest = addresses.len() - ADDRESSES + 1;
        addresses.truncate(ADDRESSES - 1);
        addresses.push(format!("and {rest} more"));
    }
    let name = markdown::text(&way.service.name);
    let mut leads = vec![match way.entry_point {
        Some((entry_point, _)) => format!("{name}, entry point {}, port {}", markdown::text(entry_point), way.target),
        None => format!("{name}, port {}", way.target),
    }];
    if let Some((_, entry_point)) = way.entry_point {
        leads.extend(entry_point.redirect_to.as_deref().map(|to| format!("redirects to {}", markdown::text(to))));
        leads.extend(entry_point.tls.as_ref().map(|tls| match &tls.resolver {
            Some(resolver) => format!("certificate from {}", markdown::text(resolver)),
            None => "self-signed certificate".to_owned(),
        }));
    }
    let variables: Vec<String> = way.variables.iter().map(|name| markdown::code(name)).collect();
    vec![markdown::lines(&addresses), leads.join("; "), variables.join(", ")]
}

fn route(row: &RouteRow<'_>) -> Vec<String> {
    let hosts: Vec<String> = row.hosts.iter().map(|host| markdown::code(host)).collect();
    let path = match &row.path {
        Ok(path) => markdown::code(path),
        Err(rule) => format!("rule {}", markdown::code(rule)),
    };
    let names = |names: &[&str]| names.iter().map(|name| markdown::text(name)).collect::<Vec<_>>().join(", ");
    vec![
        markdown::lines(&hosts),
        path,
        markdown::text(&row.service.name),
        row.strips.map(markdown::code).unwrap_or_default(),
        names(&row.entry_points),
        names(&row.middlewares),
    ]
}

/// The graph, unless its text is longer than what is drawn where people read this page.
fn drawing(graph: &Graph) -> Option<String> {
    Some(Format::Mermaid.text(graph)).filter(|text| text.chars().count() <= MOST_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_command_is_one() {
        assert_eq!(word("voice-stack-dev_redis.data"), "voice-stack-dev_redis.data");
        assert_eq!(word("a b`c\n'd\"; rm"), "a_b_c__d___rm");
        assert_eq!(word("${PROJECT}-dev"), "${PROJECT}-dev");
    }
}

//! What the flags of the proxy refer to, and what they switch on.

use super::RULE;
use crate::diagnostics::{Finding, words};
use crate::plan::Plan;
use crate::rules::Context;
use crate::rules::static_decode::flags::{Flag, Flags};
use crate::traefik::rule::UNKNOWN;

/// Tells what the flags name in vain.
pub(super) fn check(context: &Context<'_>, plan: &Plan, findings: &mut Vec<Finding>) {
    let Some(flags) = Flags::of(context, plan) else { return };
    for flag in flags.iter().filter(|flag| flag.is_written()) {
        let steps: Vec<String> = flag.name.split('.').map(str::to_ascii_lowercase).collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        match steps.as_slice() {
            // An address stands for itself.
            ["entrypoints", _, "http", "redirections", "entrypoint", "to"] if flag.value.contains(':') => {}
            ["entrypoints", _, "http", "redirections", "entrypoint", "to"] => {
                findings.extend(entry_point(&flags, flag, "nothing is redirected"));
            }
            ["ping" | "metrics", .., "entrypoint"] if steps.len() <= 3 => {
                findings.extend(entry_point(&flags, flag, "nobody can ask it"));
            }
            ["entrypoints", _, "http", "tls", "certresolver"] => findings.extend(resolver(&flags, flag)),
            _ => {}
        }
    }
}

/// The entry points there are, with the one that Traefik adds.
fn entry_point(flags: &Flags<'_>, flag: &Flag, so: &str) -> Option<Finding> {
    let known = flags.names("entrypoints");
    let is_there = flag.value == "traefik" || known.contains(&flag.value);
    if is_there || flag.value.is_empty() || flag.value.contains(UNKNOWN) || flags.has_unknown("entrypoints") {
        return None;
    }
    let message = format!("there is no entry point `{}`, so {so}", flag.value);
    let help = match words::nearest(&flag.value, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "name an entry point, or define it in the proxy's `entrypoints`".to_owned(),
    };
    let label = flags.at_value(flag, "nothing defines it");
    Some(Finding::new(RULE.id, RULE.severity, message, label).help(help))
}

fn resolver(flags: &Flags<'_>, flag: &Flag) -> Option<Finding> {
    let known = flags.names("certificatesresolvers");
    let is_unknown = flag.value.contains(UNKNOWN) || flags.has_unknown("certificatesresolvers");
    if known.contains(&flag.value) || flag.value.is_empty() || is_unknown {
        return None;
    }
    let message = format!("there is no certificate resolver `{}`", flag.value);
    let help = match words::nearest(&flag.value, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "say it in the proxy's own words: `certificates`, and `tls` of the entry point".to_owned(),
    };
    let label = flags.at_value(flag, "nothing defines it");
    Some(Finding::new(RULE.id, RULE.severity, message, label).help(help))
}

/// What makes a name of this provider one that nothing can define: the provider is not switched on, or there is none of
/// that name.
pub(super) fn flaw_of_provider(flags: &Flags<'_>, provider: &str) -> Option<String> {
    const PROVIDERS: [&str; 17] = [
        "docker",
        "swarm",
        "file",
        "http",
        "redis",
        "consul",
        "etcd",
        "zookeeper",
        "consulcatalog",
        "nomad",
        "ecs",
        "rest",
        "kubernetescrd",
        "kubernetes",
        "kubernetesgateway",
        "kubernetesingressnginx",
        "knative",
    ];
    if provider == "internal" || provider.starts_with("plugin-") || provider.contains(UNKNOWN) {
        return None;
    }
    let Some(known) = PROVIDERS.into_iter().find(|known| *known == provider) else {
        return Some(match words::nearest(provider, PROVIDERS) {
            Some(meant) => format!("Traefik has no provider `{provider}`: did you mean `@{meant}`?"),
            None => format!("Traefik has no provider `{provider}`"),
        });
    };
    let section = if known == "kubernetes" { "kubernetesingress" } else { known };
    // Those of a cluster name their clusters.
    let is_on = flags.is_on(&format!("providers.{section}")) || flags.has_unknown("providers");
    (!is_on).then(|| format!("the proxy has no provider `{provider}`: switch it on in `static`, `providers.{section}`"))
}

/// The part of the static configuration that makes a service of Traefik's own.
pub(super) fn switch_of(service: &str) -> Option<&'static str> {
    match service.strip_suffix("@internal")? {
        "api" | "dashboard" => Some("api"),
        "ping" => Some("ping"),
        "prometheus" => Some("metrics.prometheus"),
        "rest" => Some("providers.rest"),
        _ => None,
    }
}

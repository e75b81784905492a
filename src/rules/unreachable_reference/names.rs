//! Who answers to a name inside of a stack.

use std::collections::{HashMap, HashSet};

use crate::plan::{Plan, Raw, Service, Text};
use crate::rules::Context;

/// Names that lead to the host, or to the container itself.
const HOST: [&str; 2] = ["localhost", "ip6-localhost"];

/// Names of services that nothing is known of here.
const BEYOND: [&str; 2] = ["dns", "dns_search"];

/// What is known of a name.
pub(super) enum Known<'p> {
    /// It is answered, or it cannot be known that it is not.
    Reached,
    /// It is this service's.
    Service(&'p Service),
    /// Nobody has it.
    Nowhere,
}

/// The names of one environment.
pub(super) struct Names<'p> {
    plan: &'p Plan,
    /// Whom a name means, beside the name of the service: containers, aliases and hostnames.
    others: HashMap<String, Vec<&'p Service>>,
    /// Hosts of what runs elsewhere.
    elsewhere: HashSet<String>,
    /// Names that do not resolve, which is told on its own, so that anything may be theirs.
    is_blurred: bool,
}

impl<'p> Names<'p> {
    pub(super) fn new(context: &Context<'p>, plan: &'p Plan) -> Self {
        let mut others: HashMap<String, Vec<&Service>> = HashMap::new();
        let project = plan.project.with_defaults();
        let mut is_blurred = false;
        for service in plan.services.values() {
            let mut names: Vec<String> = Vec::new();
            let mut add = |text: Option<&Text>| match text.map(Text::with_defaults) {
                Some(Some(name)) => names.push(name),
                Some(None) => is_blurred = true,
                None => {}
            };
            add(service.container_name.as_ref());
            let hostname = passed(service, "hostname").and_then(Raw::to_text);
            add(hostname.as_ref());
            for alias in aliases(service) {
                add(Some(&alias));
            }
            if let (Some(project), None) = (&project, &service.container_name) {
                // Nobody calls the hundredth container by its name.
                let numbers = 1..=service.containers().min(100);
                names.extend(numbers.map(|number| format!("{project}-{}-{number}", service.name)));
            }
            for name in names {
                others.entry(name.to_ascii_lowercase()).or_default().push(service);
            }
        }
        let hosts = plan.externals.values().filter_map(|external| external.host.as_ref()?.with_defaults());
        let elsewhere = hosts.map(|host| host.to_ascii_lowercase()).collect();
        is_blurred |= context.read.unclear.iter().any(|owner| owner.key_at(0) == Some("services"));
        Self { plan, others, elsewhere, is_blurred }
    }

    /// Who answers when `from` asks for `host`, which is in lower case.
    pub(super) fn find(&self, from: &Service, host: &str) -> Known<'p> {
        let service = self.plan.services.get(host);
        let named = || self.others.get(host).into_iter().flatten().copied();
        // An alias may have the name of another service.
        if let Some(own) = service.into_iter().chain(named()).find(|other| answers(from, other)) {
            return if own.containers() == 0 { Known::Service(own) } else { Known::Reached };
        }
        if let Some(service) = service.or_else(|| named().next()) {
            return if has_own_host(from, host) { Known::Reached } else { Known::Service(service) };
        }
        let is_known = host.contains(['.', '['])
            || host.bytes().all(|b| b.is_ascii_digit())
            || HOST.contains(&host)
            || self.elsewhere.contains(host)
            || has_own_host(from, host)
            || self.is_blurred
            || self.looks_beyond(from);
        if is_known { Known::Reached } else { Known::Nowhere }
    }

    /// Whether somebody outside of the stack may answer: on a network that others join, or in a name server of its own.
    fn looks_beyond(&self, from: &Service) -> bool {
        let is_shared = |name: &String| {
            let passed = self.plan.passthrough.get("networks").and_then(Raw::as_map).and_then(|all| all.get(name));
            let network = self.plan.networks.get(name);
            network.is_none_or(|network| network.external || network.name.is_some()) || passed.is_some()
        };
        from.networks.iter().any(is_shared) || BEYOND.iter().any(|key| passed(from, key).is_some())
    }
}

/// Whether one service finds another: itself, or on a network that both are on.
fn answers(from: &Service, other: &Service) -> bool {
    from.name == other.name || share(from, other)
}

/// Whether two services share a network.
pub(super) fn share(a: &Service, b: &Service) -> bool {
    a.networks.iter().any(|name| b.networks.contains(name))
}

/// Whether a service has the network of the host, of another container, or none.
pub(super) fn has_foreign_network(service: &Service) -> bool {
    passed(service, "network_mode").is_some()
}

fn passed<'s>(service: &'s Service, key: &str) -> Option<&'s Raw> {
    service.passthrough.get(key).and_then(Option::as_ref)
}

/// Further names of a service on its networks (compose-spec, `aliases`).
fn aliases(service: &Service) -> Vec<Text> {
    let networks = passed(service, "networks").and_then(Raw::as_map);
    let lists = networks.into_iter().flat_map(|networks| networks.values());
    let lists = lists.filter_map(|network| network.as_map()?.get("aliases")?.as_list());
    lists.flatten().filter_map(Raw::to_text).collect()
}

/// Whether the container's own list of hosts has the name: `extra_hosts` and `links` (compose-spec).
fn has_own_host(service: &Service, host: &str) -> bool {
    let is_it = |text: &Text| {
        let text = text.with_unknown(crate::addresses::UNKNOWN).to_ascii_lowercase();
        let name = text.split([':', '=']).next().unwrap_or_default();
        name == host || name.contains(crate::addresses::UNKNOWN)
    };
    let hosts = passed(service, "extra_hosts").is_some_and(|hosts| match (hosts.as_map(), hosts.as_list()) {
        (Some(map), _) => map.keys().any(|name| name.eq_ignore_ascii_case(host)),
        (None, Some(list)) => list.iter().filter_map(Raw::to_text).any(|text| is_it(&text)),
        (None, None) => false,
    });
    let aliases = ["links", "external_links"].into_iter().filter_map(|key| passed(service, key)?.as_list()).flatten();
    let mut aliases = aliases.filter_map(|link| link.to_text()?.with_defaults());
    hosts || aliases.any(|link| link.rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case(host)))
}

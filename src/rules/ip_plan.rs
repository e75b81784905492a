//! `ip-plan`: see [`RULE`].

use std::net::IpAddr;

use super::{Context, Rule};
use crate::compose::subnet::{self, Subnet};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Raw, Service};
use crate::source::KeyPath;

/// Subnets and addresses that do not fit together.
pub(super) static RULE: Rule = Rule {
    id: "ip-plan",
    severity: Severity::Error,
    summary: "a subnet or a fixed address that the engine cannot give",
    docs: "\
A `subnet` is none, begins elsewhere than it says, has no room for the containers on it, or overlaps with that of another
network; the `gateway` or the `ip_range` of its pool lies outside of it; a fixed address is none. Or a service asks for a fixed address, under `compose.networks`, that lies outside of the network's subnet, that
another service or the network itself has, or that several containers of the service would share.

**Why it breaks.** The engine makes a bridge of its own for each network, with routes that must not meet, and gives each
address once. The first and the last address of an IPv4 subnet stand for the network and for everybody on it; the second is
the gateway's.

**How it shows.** `docker compose config` says nothing. `docker compose up` ends with `invalid CIDR block notation`, `Pool
overlaps with other one on this address space`, `no available IPv4 addresses on this network's address pools` or `Address
already in use`, often when some of the containers run already.

```toml
[networks]
front = { subnet = \"10.20.0.0/16\" }
back = { subnet = \"10.20.4.0/24\" }      # bad: part of front's

[networks]
front = { subnet = \"10.20.0.0/17\" }
back = { subnet = \"10.20.128.0/17\" }    # good
```

**Fix.** Leave `subnet` out, and the engine picks one that is free. Services find each other by their names; few of them need
a fixed address.

**Source.** RFC 4632; compose-spec, `ipam`, `ipv4_address`; tried with Docker 28.5.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// A subnet that a network asks for.
#[derive(Debug, Clone)]
pub(super) struct Asked<'p> {
    /// The network.
    pub(super) network: &'p str,
    /// Its subnet.
    pub(super) subnet: Subnet,
    /// Where it asks.
    pub(super) origin: KeyPath,
    /// The address of its gateway, where it names one.
    gateway: Option<IpAddr>,
}

/// A fixed address that a service asks for.
struct Fixed<'p> {
    service: &'p Service,
    network: &'p str,
    address: IpAddr,
    origin: KeyPath,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let (asked, malformed) = subnets(plan);
        findings.extend(malformed);
        findings.extend(pools(plan));
        findings.extend(plan.services.values().flat_map(|service| no_addresses(plan, service)));
        findings.extend(overlaps(plan, &asked));
        findings.extend(asked.iter().filter_map(|asked| crowded(context, plan, asked)));
        let fixed: Vec<Fixed<'_>> = plan.services.values().flat_map(fixed).collect();
        for (position, one) in fixed.iter().enumerate() {
            findings.extend(misplaced(plan, &asked, one).or_else(|| taken(context, plan, &fixed[..position], one)));
        }
    }
}

/// The subnets of the networks that are used and made here, and what is wrong with those that are none.
pub(super) fn subnets(plan: &Plan) -> (Vec<Asked<'_>>, Vec<Finding>) {
    let (mut asked, mut malformed) = (Vec::new(), Vec::new());
    let mut ask = |network, text: &str, gateway, origin: KeyPath| match subnet::parse(text) {
        Ok(subnet) => asked.push(Asked { network, subnet, origin, gateway }),
        Err(error) => {
            let label = Label::value(Some(&plan.environment), origin, "not a subnet");
            let help = match &error {
                subnet::SubnetError::Form(_) => {
                    "write its first address and its length, such as `10.20.0.0/24`".to_owned()
                }
                subnet::SubnetError::Inside(_, subnet) => format!("write `{subnet}`"),
            };
            malformed.push(Finding::new(RULE.id, RULE.severity, error.to_string(), label).help(help));
        }
    };
    for (name, network) in plan.networks.iter().filter(|(_, network)| !network.external) {
        if let Some(text) = &network.subnet {
            ask(name.as_str(), text, None, KeyPath::of(["networks", name, "subnet"]));
        }
    }
    let passed = plan.passthrough.get("networks").and_then(Raw::as_map);
    for (name, network) in passed.into_iter().flatten() {
        let config = network.as_map().and_then(|network| network.get("ipam")?.as_map()?.get("config")?.as_list());
        let place = KeyPath::of(["compose", "networks", name, "ipam", "config"]);
        for (index, pool) in config.into_iter().flatten().enumerate() {
            let text = |key: &str| pool.as_map()?.get(key)?.to_text()?.with_defaults();
            if let Some(subnet) = text("subnet") {
                let gateway = text("gateway").and_then(|gateway| gateway.parse().ok());
                ask(name.as_str(), &subnet, gateway, place.index(index).key("subnet"));
            }
        }
    }
    (asked, malformed)
}

/// What a network asks for besides its subnet, and that the subnet does not have.
fn pools(plan: &Plan) -> Vec<Finding> {
    let environment = Some(plan.environment.as_str());
    let passed = plan.passthrough.get("networks").and_then(Raw::as_map);
    let mut findings = Vec::new();
    for (name, network) in passed.into_iter().flatten() {
        let config = network.as_map().and_then(|network| network.get("ipam")?.as_map()?.get("config")?.as_list());
        let place = KeyPath::of(["compose", "networks", name, "ipam", "config"]);
        for (index, pool) in config.into_iter().flatten().enumerate() {
            let text = |key: &str| pool.as_map()?.get(key)?.to_text()?.with_defaults();
            let Some(subnet) = text("subnet").and_then(|subnet| subnet::parse(&subnet).ok()) else { continue };
            let place = place.index(index);
            let mut outside = |key: &str, what: &str, written: String| {
                let message = format!("the {what} `{written}` of `{name}` lies outside of its subnet, {subnet}");
                let label = Label::value(environment, place.key(key), "outside");
                let subnet = Label::value(environment, place.key("subnet"), "these are its addresses");
                let finding = Finding::new(RULE.id, RULE.severity, message, label).with(subnet);
                findings.push(finding.help("choose one inside, or leave it out: the engine does"));
            };
            if let Some(gateway) = text("gateway")
                && gateway.parse().is_ok_and(|address| !subnet.contains(address))
            {
                outside("gateway", "gateway", gateway);
            }
            if let Some(range) = text("ip_range")
                && subnet::parse(&range)
                    .is_ok_and(|range| range.prefix < subnet.prefix || !subnet.contains(range.first))
            {
                outside("ip_range", "range", range);
            }
        }
    }
    findings
}

/// Fixed addresses that are none.
fn no_addresses(plan: &Plan, service: &Service) -> Vec<Finding> {
    let passed = service.passthrough.get("networks").and_then(Option::as_ref).and_then(Raw::as_map);
    let mut findings = Vec::new();
    for (network, options) in passed.into_iter().flatten() {
        for (key, family, example) in [("ipv4_address", "IPv4", "10.20.0.5"), ("ipv6_address", "IPv6", "fd00::5")] {
            let text = options.as_map().and_then(|options| options.get(key)?.to_text()?.with_defaults());
            let is_one =
                |text: &String| text.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4() == (family == "IPv4"));
            let Some(text) = text.filter(|text| !is_one(text)) else { continue };
            let message = format!("`{text}` is no {family} address");
            let place = service.origin().key("compose").key("networks").key(network).key(key);
            let label = Label::value(Some(&plan.environment), place, "no address");
            let finding = Finding::new(RULE.id, RULE.severity, message, label);
            findings.push(finding.help(format!("write one of `{network}`, such as `{example}`, or none")));
        }
    }
    findings
}

fn overlaps(plan: &Plan, asked: &[Asked<'_>]) -> Vec<Finding> {
    let environment = Some(plan.environment.as_str());
    let mut findings = Vec::new();
    for (position, later) in asked.iter().enumerate() {
        let Some(earlier) = asked[..position].iter().find(|earlier| earlier.subnet.overlaps(&later.subnet)) else {
            continue;
        };
        let message = if earlier.network == later.network {
            format!("the network `{}` has two subnets that overlap", later.network)
        } else {
            format!("the subnets of `{}` and `{}` overlap", earlier.network, later.network)
        };
        let label = Label::value(environment, later.origin.clone(), "overlaps");
        let finding = Finding::new(RULE.id, RULE.severity, message, label);
        let finding = finding.with(Label::value(environment, earlier.origin.clone(), "with this one"));
        findings.push(finding.help("choose another one, or leave it out: the engine picks one that is free"));
    }
    findings
}

/// A subnet with fewer addresses than containers that always run.
fn crowded(context: &Context<'_>, plan: &Plan, asked: &Asked<'_>) -> Option<Finding> {
    let on = plan
        .services
        .values()
        .filter(|service| service.profiles.is_empty() && service.networks.iter().any(|name| name == asked.network));
    let on: Vec<&Service> = on.collect();
    let wanted: u128 = on.iter().map(|service| u128::from(service.containers())).sum();
    let room = asked.subnet.room();
    if wanted <= room {
        return None;
    }
    let name = asked.network;
    let message = format!("`{name}` has room for {room} containers, and {wanted} are on it");
    let label = Label::value(Some(&plan.environment), asked.origin.clone(), "too small");
    let finding = Finding::new(RULE.id, RULE.severity, message, label);
    let finding = on
        .iter()
        .take(4)
        .fold(finding, |finding, service| finding.with(context.key_of(plan, &service.origin(), "is on it")));
    Some(finding.help("the network, its gateway and its broadcast have addresses too: write a shorter prefix"))
}

/// The fixed addresses of a service.
fn fixed(service: &Service) -> Vec<Fixed<'_>> {
    let passed = service.passthrough.get("networks").and_then(Option::as_ref).and_then(Raw::as_map);
    let mut out = Vec::new();
    for (network, options) in passed.into_iter().flatten() {
        for key in ["ipv4_address", "ipv6_address"] {
            let text = options.as_map().and_then(|options| options.get(key)?.to_text()?.with_defaults());
            // What is of the other family is told as no address.
            let is_its = |address: &IpAddr| address.is_ipv4() == (key == "ipv4_address");
            if let Some(address) = text.and_then(|text| text.parse().ok()).filter(is_its) {
                let origin = service.origin().key("compose").key("networks").key(network).key(key);
                out.push(Fixed { service, network, address, origin });
            }
        }
    }
    out
}

/// An address that its network does not have.
fn misplaced(plan: &Plan, asked: &[Asked<'_>], fixed: &Fixed<'_>) -> Option<Finding> {
    let environment = Some(plan.environment.as_str());
    let (name, network, address) = (&fixed.service.name, fixed.network, fixed.address);
    let own: Vec<&Asked<'_>> = asked.iter().filter(|asked| asked.network == network).collect();
    let label = |text: &str| Label::value(environment, fixed.origin.clone(), text);
    if own.is_empty() {
        let known = plan.networks.get(network);
        // What was made elsewhere has the subnet that it has.
        if known.is_none_or(|known| known.external || known.subnet.is_some()) || is_passed(plan, network) {
            return None;
        }
        let message = format!("`{name}` asks for {address}, and `{network}` has no subnet of which that is known");
        let help = format!("declare the subnet: `networks.{network}.subnet = \"…\"`");
        return Some(Finding::new(RULE.id, RULE.severity, message, label("in no subnet")).help(help));
    }
    let Some(home) = own.iter().find(|asked| asked.subnet.contains(address)) else {
        let message = format!("`{name}` asks for {address}, which `{network}` does not have");
        let finding = Finding::new(RULE.id, RULE.severity, message, label("outside of the subnet"));
        let finding = own.iter().fold(finding, |finding, asked| {
            finding.with(Label::value(environment, asked.origin.clone(), "these are its addresses"))
        });
        return Some(finding.help("choose one of its addresses, or none"));
    };
    let subnet = home.subnet;
    let gateway = home.gateway.unwrap_or_else(|| subnet.gateway());
    let owner = if address == gateway {
        "the gateway's"
    } else if address == subnet.first {
        "the network's own"
    } else if Some(address) == subnet.broadcast() {
        "everybody's"
    } else {
        return None;
    };
    let message = format!("`{name}` asks for {address}, which is {owner} in `{network}`");
    let finding = Finding::new(RULE.id, RULE.severity, message, label("taken"));
    let subnet = Label::value(environment, home.origin.clone(), "in this subnet");
    Some(finding.with(subnet).help("choose another address of the subnet, or none"))
}

fn is_passed(plan: &Plan, network: &str) -> bool {
    plan.passthrough.get("networks").and_then(Raw::as_map).is_some_and(|networks| networks.contains_key(network))
}

/// An address that somebody else has.
fn taken(context: &Context<'_>, plan: &Plan, earlier: &[Fixed<'_>], fixed: &Fixed<'_>) -> Option<Finding> {
    let environment = Some(plan.environment.as_str());
    let (service, address) = (fixed.service, fixed.address);
    let label = |text: &str| Label::value(environment, fixed.origin.clone(), text);
    let is_same = |other: &&Fixed<'_>| {
        other.network == fixed.network && other.address == address && other.service.runs_beside(service)
    };
    if let Some(other) = earlier.iter().find(is_same) {
        let message = format!("`{}` and `{}` both ask for {address}", other.service.name, service.name);
        let finding = Finding::new(RULE.id, RULE.severity, message, label("taken"));
        let first = Label::value(environment, other.origin.clone(), format!("by `{}`", other.service.name));
        return Some(finding.with(first).help("give one of them another address, or none"));
    }
    let count = service.containers();
    if count < 2 {
        return None;
    }
    let message = format!("`{}` runs {count} times, and all of its containers ask for {address}", service.name);
    let number = Label::value(environment, context.origin_of_count(plan, service), format!("{count} containers"));
    let finding = Finding::new(RULE.id, RULE.severity, message, label("one address for all of them")).with(number);
    Some(finding.help("take the address away: the engine gives each container one"))
}

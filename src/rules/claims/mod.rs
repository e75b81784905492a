//! What a stack takes of the host that it runs on, in each environment.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::compose::port::PortMapping;
use crate::compose::subnet::Subnet;
use crate::plan::{Plan, Raw, Service, Text};
use crate::rules::{Context, ip_plan};
use crate::source::KeyPath;

/// The most containers of a service whose names are compared.
const MOST: u64 = 100;

/// Something of which there is one on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::rules) enum What {
    Volume,
    Container,
    Network,
    Subnet,
    Port,
}

/// Something that an environment takes.
#[derive(Debug)]
pub(in crate::rules) struct Claim<'p> {
    /// The position of its environment.
    pub(in crate::rules) environment: usize,
    pub(in crate::rules) what: What,
    /// What it is called.
    pub(in crate::rules) name: String,
    /// Whether the name is written out, and does not begin with the project.
    is_fixed: bool,
    /// Whether an operator can move it: a variable is in it.
    pub(in crate::rules) is_movable: bool,
    /// Where it says so.
    pub(in crate::rules) place: KeyPath,
    range: Range<'p>,
}

/// What cannot be compared by its name.
#[derive(Debug)]
enum Range<'p> {
    None,
    Subnet(Subnet),
    Port(PortMapping, &'p str),
}

/// One thing, and everybody else who takes it.
#[derive(Debug)]
pub(in crate::rules) struct Group<'c> {
    pub(in crate::rules) earlier: &'c Claim<'c>,
    /// In the order of the environments; never empty.
    pub(in crate::rules) later: Vec<&'c Claim<'c>>,
}

impl<'c> Group<'c> {
    pub(in crate::rules) fn claims(&self) -> impl Iterator<Item = &'c Claim<'c>> {
        std::iter::once(self.earlier).chain(self.later.iter().copied())
    }

    /// The one to change: a name that is written out, rather a later one.
    pub(in crate::rules) fn primary(&self) -> &'c Claim<'c> {
        let fixed = self.later.iter().copied().chain([self.earlier]).find(|claim| claim.is_fixed);
        fixed.unwrap_or(self.later[0])
    }

    /// Whether all of it is written out, and no operator moves any of it.
    pub(in crate::rules) fn is_fixed(&self) -> bool {
        self.claims().all(|claim| claim.is_fixed && !claim.is_movable)
    }

    /// Whether an operator can move part of it.
    pub(in crate::rules) fn is_movable(&self) -> bool {
        self.claims().any(|claim| claim.is_movable)
    }
}

impl Claim<'_> {
    fn meets(&self, other: &Self) -> bool {
        self.what == other.what
            && match (&self.range, &other.range) {
                (Range::Subnet(a), Range::Subnet(b)) => a.overlaps(b),
                (Range::Port(a, _), Range::Port(b, _)) => a.clash(b).is_some() && !(a.is_pool() && b.is_pool()),
                _ => self.name == other.name,
            }
    }

    fn keys(&self) -> Vec<Key<'_>> {
        match &self.range {
            Range::None => vec![Key::Name(self.what, &self.name)],
            Range::Subnet(_) => vec![Key::Subnet],
            Range::Port(mapping, _) => {
                let ports = mapping.published.into_iter().flat_map(|published| published.first..=published.last);
                ports.map(Key::Port).collect()
            }
        }
    }

    /// The service that publishes it, where it is a port.
    pub(in crate::rules) fn publisher(&self) -> Option<&str> {
        match &self.range {
            Range::Port(_, service) => Some(service),
            Range::None | Range::Subnet(_) => None,
        }
    }

    /// What it is, in words.
    pub(in crate::rules) fn words(&self) -> String {
        let name = &self.name;
        match (&self.range, self.what) {
            (Range::Port(_, service), _) => format!("host port {name} of `{service}`"),
            (_, What::Container) => format!("the container name `{name}`"),
            (_, What::Network) => format!("the network `{name}`"),
            (_, What::Subnet) => format!("the subnet `{name}`"),
            (_, What::Volume | What::Port) => format!("`{name}`"),
        }
    }
}

/// Everything that the environments take, in their order.
pub(in crate::rules) fn all<'p>(context: &Context<'p>) -> Vec<Claim<'p>> {
    let mut claims = Vec::new();
    for (environment, plan) in context.plans.iter().enumerate() {
        let mut taker =
            Taker { context, plan, environment, project: plan.project.with_defaults(), claims: &mut claims };
        taker.volumes();
        taker.networks();
        for service in plan.services.values() {
            taker.containers(service);
            taker.ports(service);
        }
    }
    claims
}

/// What several environments take. Environments with one project have everything in common, which is told on its own.
pub(in crate::rules) fn groups<'c>(context: &Context<'_>, claims: &'c [Claim<'c>]) -> Vec<Group<'c>> {
    let projects: Vec<Option<String>> = context.plans.iter().map(|plan| plan.project.with_defaults()).collect();
    let is_apart = |a: &Claim<'_>, b: &Claim<'_>| {
        let (a, b) = (a.environment, b.environment);
        a != b && (projects[a].is_none() || projects[a] != projects[b])
    };
    let mut known: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
    let mut groups: IndexMap<usize, Vec<&Claim<'_>>> = IndexMap::new();
    for (position, later) in claims.iter().enumerate() {
        let keys = later.keys();
        let before = keys.iter().filter_map(|key| known.get(key)).flatten().copied();
        let earlier = before.filter(|at| is_apart(&claims[*at], later) && claims[*at].meets(later)).min();
        if let Some(earlier) = earlier {
            groups.entry(earlier).or_default().push(later);
        }
        for key in keys {
            known.entry(key).or_default().push(position);
        }
    }
    groups.into_iter().map(|(earlier, later)| Group { earlier: &claims[earlier], later }).collect()
}

/// What of these claims others have as well: each of them with the first of the others that it meets.
pub(in crate::rules) fn meetings<'o, 't>(
    own: impl Iterator<Item = &'o Claim<'o>>,
    others: &'t [Claim<'t>],
    is_met: impl Fn(&Claim<'_>, &Claim<'_>) -> bool,
) -> Vec<(&'o Claim<'o>, &'t Claim<'t>)> {
    let mut known: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
    for (position, other) in others.iter().enumerate() {
        for key in other.keys() {
            known.entry(key).or_default().push(position);
        }
    }
    let mut met = Vec::new();
    for claim in own {
        let keys = claim.keys();
        let near = keys.iter().filter_map(|key| known.get(key)).flatten().copied();
        let first = near.filter(|at| is_met(claim, &others[*at]) && others[*at].meets(claim)).min();
        met.extend(first.map(|at| (claim, &others[at])));
    }
    met
}

/// Under what a claim is found by those that it may meet.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key<'c> {
    Name(What, &'c str),
    Port(u16),
    Subnet,
}

/// A name on the engine.
struct Name {
    text: String,
    is_fixed: bool,
    is_movable: bool,
}

impl Name {
    /// One that is written out; none where a variable without a default is in it.
    fn fixed(text: &Text) -> Option<Self> {
        Some(Self { text: text.with_defaults()?, is_fixed: true, is_movable: text.as_literal().is_none() })
    }
}

struct Taker<'t, 'p> {
    context: &'t Context<'p>,
    plan: &'p Plan,
    environment: usize,
    project: Option<String>,
    claims: &'t mut Vec<Claim<'p>>,
}

impl<'p> Taker<'_, 'p> {
    fn take(&mut self, what: What, name: Name, place: KeyPath, range: Range<'p>) {
        let Name { text: name, is_fixed, is_movable } = name;
        self.claims.push(Claim { environment: self.environment, what, name, is_fixed, is_movable, place, range });
    }

    /// What stands at a key of a top-level entry that is passed through.
    fn passed(&self, section: &str, name: &str, key: &str) -> Option<&'p Raw> {
        self.plan.passthrough.get(section)?.as_map()?.get(name)?.as_map()?.get(key)
    }

    /// The name of a volume or network on the engine, and where it says so; none where it is not known.
    fn name_of(&self, section: &str, name: &str, fixed: Option<&Text>, external: bool) -> Option<(Name, KeyPath)> {
        if let Some(passed) = self.passed(section, name, "name") {
            return Some((Name::fixed(&passed.to_text()?)?, KeyPath::of(["compose", section, name, "name"])));
        }
        if let Some(fixed) = fixed {
            return Some((Name::fixed(fixed)?, KeyPath::of([section, name, "name"])));
        }
        // Compose takes an external one by its key.
        if external {
            return Some((Name::fixed(&Text::literal(name))?, KeyPath::of([section, name])));
        }
        Some((self.derived(&format!("_{name}"))?, KeyPath::of([section, name])))
    }

    /// A name that begins with the project.
    fn derived(&self, rest: &str) -> Option<Name> {
        let is_movable = self.plan.project.as_literal().is_none();
        Some(Name { text: format!("{}{rest}", self.project.as_ref()?), is_fixed: false, is_movable })
    }

    fn volumes(&mut self) {
        for (name, volume) in &self.plan.volumes {
            let mounts = self.plan.services.values().flat_map(|service| &service.volumes);
            let mut mounts = mounts.filter(|mount| mount.mount.volume() == Some(name));
            // What is only read may be shared.
            let Some(mount) = mounts.find(|mount| !mount.mount.is_read_only()) else { continue };
            let passed = self.passed("volumes", name, "external").map(Raw::plain);
            let external = volume.external || matches!(passed, Some(Raw::Bool(true)));
            let Some((named, place)) = self.name_of("volumes", name, volume.name.as_ref(), external) else { continue };
            let place = if named.is_fixed { place } else { mount.origin.clone() };
            self.take(What::Volume, named, place, Range::None);
        }
    }

    fn networks(&mut self) {
        for (name, network) in &self.plan.networks {
            let passed = self.passed("networks", name, "external").map(Raw::plain);
            // Who joins what exists already knows that.
            if network.external || matches!(passed, Some(Raw::Bool(true))) {
                continue;
            }
            if let Some((named, place)) = self.name_of("networks", name, network.name.as_ref(), false) {
                self.take(What::Network, named, place, Range::None);
            }
        }
        for asked in ip_plan::subnets(self.plan).0 {
            let name = Name { text: asked.subnet.to_string(), is_fixed: true, is_movable: false };
            self.take(What::Subnet, name, asked.origin, Range::Subnet(asked.subnet));
        }
    }

    fn containers(&mut self, service: &'p Service) {
        if let Some(name) = &service.container_name {
            let place = self.context.origin_of(self.plan, &service.name, "container-name", &["container_name"]);
            if let Some(name) = Name::fixed(name) {
                self.take(What::Container, name, place, Range::None);
            }
            return;
        }
        for number in 1..=service.containers().min(MOST) {
            if let Some(name) = self.derived(&format!("-{}-{number}", service.name)) {
                self.take(What::Container, name, service.origin(), Range::None);
            }
        }
    }

    fn ports(&mut self, service: &'p Service) {
        for port in &service.ports {
            if let Some(mapping) = port.mapping
                && let Some(published) = mapping.published.filter(|published| published.last > 0)
            {
                // An operator moves what has a variable in it.
                let is_fixed = port.text.as_literal().is_some();
                let range = Range::Port(mapping, &service.name);
                let name = Name { text: published.to_string(), is_fixed, is_movable: !is_fixed };
                self.take(What::Port, name, port.origin.clone(), range);
            }
        }
    }
}

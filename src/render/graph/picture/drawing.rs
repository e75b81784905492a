//! From a plan to a view: which cards there are, what holds of them, and what leads where.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::marks::Marks;
use super::scene::{Card, Fact, Link, Meaning, NetworkFact, Sort, Tier, Topic, View};
use super::text::shown;
use crate::diagnostics::Resolved;
use crate::kinds::Class;
use crate::plan::{Condition, External, Network, Plan, PlannedMount, Service};
use crate::render::graph::without_user_info;
use crate::render::shown::{RouteRow, Way, elsewhere, host_path};

/// The view of a plan.
pub(super) fn view(plan: &Plan, findings: &[Resolved]) -> View {
    Drawing::of(plan, findings)
}

struct Drawing<'p> {
    plan: &'p Plan,
    cards: Vec<Card>,
    links: Vec<Link>,
    services: HashMap<&'p str, usize>,
}

impl<'p> Drawing<'p> {
    fn of(plan: &'p Plan, findings: &[Resolved]) -> View {
        let marks = Marks::of(plan, findings);
        let mut drawing = Drawing { plan, cards: Vec::new(), links: Vec::new(), services: HashMap::new() };
        let ways = plan.ways();
        let rows = plan.routes();
        for service in plan.services.values() {
            drawing.service(service, &ways, &marks);
        }
        let proxies = drawing.proxies(&marks);
        drawing.entry_points(&ways);
        drawing.routes(&proxies, &rows, &marks);
        drawing.dependencies();
        drawing.shared_mounts();
        View {
            environment: shown(&plan.environment),
            production: plan.production,
            networks: networks(plan),
            elsewhere: marks.elsewhere(),
            cards: drawing.cards,
            links: drawing.links,
        }
    }

    fn card(&mut self, tier: Tier, sort: Sort, name: &str) -> usize {
        self.cards.push(Card {
            tier,
            sort,
            name: shown(name),
            about: sort.word().to_owned(),
            help: None,
            facts: Vec::new(),
            marks: Vec::new(),
            is_routed: false,
            only: None,
        });
        self.cards.len() - 1
    }

    fn service(&mut self, service: &'p Service, ways: &[Way<'p>], marks: &Marks<'_>) {
        let plan = self.plan;
        let tier = match service.class {
            Class::Proxy if service.proxy.is_some() => Tier::Proxy,
            Class::Datastore => Tier::Stores,
            _ => Tier::Services,
        };
        let position = self.card(tier, Sort::Service(service.class), &service.name);
        self.services.insert(&service.name, position);
        let mut facts = Vec::new();
        match (&service.build, &service.image) {
            (Some(build), _) => {
                let stage = build.target.as_ref().map_or_else(String::new, |target| format!(" ({target})"));
                facts.push(Fact::new(Topic::Runs, &format!("{}{stage}", build.context)));
            }
            (None, Some(image)) => facts.push(Fact::new(Topic::Runs, &without_user_info(&plan.shown(image)))),
            (None, None) => {}
        }
        facts.extend(service.port.map(|port| Fact::new(Topic::Port, &format!("port {port}"))));
        let named = service.listeners.iter();
        facts.extend(named.map(|(name, port)| Fact::new(Topic::Port, &format!("port {port}, {name}"))));
        if service.containers() != 1 {
            facts.push(Fact::new(Topic::Replicas, &format!("{} replicas", service.containers())));
        }
        let profiles = service.profiles.iter();
        facts.extend(profiles.map(|profile| Fact::new(Topic::Profile, &format!("profile {profile}"))));
        facts.extend(plan.host_access(service).iter().map(|access| Fact::new(Topic::Host, access)));
        for way in ways.iter().filter(|way| way.service.name == service.name && way.entry_point.is_none()) {
            let set_by = (!way.variables.is_empty()).then(|| format!("changed by {}", way.variables.join(", ")));
            let text = format!("{} → {}", way.addresses.join(", "), way.target);
            facts.push(Fact::new(Topic::Published, &text).with(&set_by.into_iter().collect::<Vec<_>>()));
        }
        facts.extend(service.volumes.iter().filter_map(|mount| self.mount(service, mount)));
        for (name, dependency) in &service.depends_on {
            let state = match dependency.condition {
                Condition::Started => "started",
                Condition::Healthy => "healthy",
                Condition::Completed => "completed",
            };
            facts.push(Fact::new(Topic::Waits, &format!("{name}, until it is {state}")));
        }
        facts.extend(service.networks.iter().map(|name| Fact::new(Topic::Network, name)));
        // Volumes and paths are declared in any order.
        facts.sort_by_key(|fact| fact.topic);
        let card = &mut self.cards[position];
        if let Some(kind) = service.kind.as_deref().filter(|kind| *kind != card.about) {
            card.about = shown(&format!("{} · {kind}", card.about));
        }
        card.help = service.help.as_deref().map(shown);
        card.facts = facts;
        card.marks = marks.of_service(&service.name);
    }

    fn mount(&self, service: &Service, mount: &PlannedMount) -> Option<Fact> {
        let Some(shown) = self.plan.shown_mount(mount) else {
            return Some(Fact::new(Topic::Volume, &self.plan.shown(&mount.text)));
        };
        let (topic, name) = match (shown.volume(), host_path(service, &shown)) {
            (Some(name), _) => (Topic::Volume, name),
            (None, path) => (Topic::Path, path?),
        };
        let mode = if shown.is_read_only() { ", read-only" } else { "" };
        Some(Fact::new(topic, &format!("{name} on {}{mode}", shown.target)))
    }

    /// What runs elsewhere. Gives the proxies that lead to the services of this stack.
    fn proxies(&mut self, marks: &Marks<'_>) -> Vec<usize> {
        let plan = self.plan;
        let own = plan.services.values().filter(|service| service.proxy.is_some());
        let mut proxies: Vec<usize> = own.filter_map(|own| self.services.get(own.name.as_str()).copied()).collect();
        for (name, external) in &plan.externals {
            let is_proxy = external.class == Class::Proxy && plan.edge.is_some();
            let position = self.external(name, external, is_proxy);
            self.cards[position].marks = marks.of_service(name);
            if is_proxy && proxies.is_empty() {
                proxies.push(position);
            }
        }
        proxies
    }

    fn external(&mut self, name: &'p str, external: &'p External, is_proxy: bool) -> usize {
        let plan = self.plan;
        let tier = if is_proxy { Tier::Proxy } else { Tier::Stores };
        let position = self.card(tier, Sort::Elsewhere, name);
        let card = &mut self.cards[position];
        card.about = match (&plan.edge, &external.kind) {
            (Some(project), _) if is_proxy => shown(&format!("proxy of the project {}", plan.shown(project))),
            (_, Some(kind)) => shown(&format!("elsewhere · {kind}")),
            _ => "elsewhere".to_owned(),
        };
        card.help = external.help.as_deref().map(shown);
        card.facts.extend(elsewhere(plan, external).map(|address| Fact::new(Topic::Runs, &address)));
        self.services.insert(name, position);
        position
    }

    fn entry_points(&mut self, ways: &[Way<'p>]) {
        for way in ways {
            let Some((name, entry_point)) = way.entry_point else { continue };
            let Some(proxy) = self.services.get(way.service.name.as_str()).copied() else { continue };
            let position = self.card(Tier::Outside, Sort::EntryPoint, name);
            let card = &mut self.cards[position];
            card.facts = way.addresses.iter().map(|address| Fact::new(Topic::Published, address)).collect();
            if let Some(to) = &entry_point.redirect_to {
                card.about = shown(&format!("entry point, redirects to {to}"));
            }
            self.links.push(Link { from: position, to: proxy, meaning: Meaning::Request });
        }
    }

    fn routes(&mut self, proxies: &[usize], rows: &[RouteRow<'p>], marks: &Marks<'_>) {
        // A host that all routes have in common is among the ways in already.
        let has_own = proxies.iter().any(|proxy| self.cards[*proxy].sort != Sort::Elsewhere);
        let has_one = has_own && rows.windows(2).all(|rows| rows[0].hosts == rows[1].hosts);
        let mut by_service: IndexMap<usize, Vec<Fact>> = IndexMap::new();
        // A route with several paths is marked at its first.
        let mut marked = HashSet::new();
        for row in rows {
            let Some(position) = self.services.get(row.service.name.as_str()) else { continue };
            let of_route = if marked.insert(row.origin) { marks.at(row.origin) } else { Vec::new() };
            let facts = by_service.entry(*position).or_default();
            for text in super::super::requests(row, has_one) {
                let mut more = Vec::new();
                if has_one && !row.hosts.is_empty() {
                    more.push(format!("host {}", row.hosts.join(", ")));
                }
                more.push(format!("on {}", row.entry_points.join(", ")));
                more.extend(row.strips.map(|prefix| format!("without {prefix}")));
                if !row.middlewares.is_empty() {
                    more.push(format!("through {}", row.middlewares.join(", ")));
                }
                let fact = Fact::new(Topic::Route, &text).with(&more);
                match facts.iter_mut().find(|known| known.text == fact.text && known.more == fact.more) {
                    Some(_) => {}
                    None => facts.push(fact),
                }
            }
            if let Some(fact) = facts.last_mut() {
                fact.marks.extend(of_route);
            }
        }
        for (position, facts) in by_service {
            let card = &mut self.cards[position];
            card.is_routed = true;
            let after = card.facts.iter().position(|fact| fact.topic > Topic::Route).unwrap_or(card.facts.len());
            card.facts.splice(after..after, facts);
            for proxy in proxies {
                if *proxy != position {
                    self.links.push(Link { from: *proxy, to: position, meaning: Meaning::Request });
                }
            }
        }
    }

    fn dependencies(&mut self) {
        for service in self.plan.services.values() {
            let Some(from) = self.services.get(service.name.as_str()).copied() else { continue };
            for (name, dependency) in &service.depends_on {
                if let Some(to) = self.services.get(name.as_str()).copied().filter(|to| *to != from) {
                    self.links.push(Link { from, to, meaning: Meaning::Wait(dependency.condition) });
                }
            }
            let mut used = HashSet::new();
            for reference in &service.references {
                let is_elsewhere = self.plan.externals.contains_key(&reference.service);
                let to = self.services.get(reference.service.as_str()).copied();
                if let Some(to) =
                    to.filter(|to| is_elsewhere && self.cards[*to].tier != Tier::Proxy && used.insert(*to))
                {
                    self.links.push(Link { from, to, meaning: Meaning::Use });
                }
            }
        }
    }

    /// A volume or a path of one service stands in its card; one of several is a card of its own.
    fn shared_mounts(&mut self) {
        let mut users: IndexMap<(bool, String), Vec<usize>> = IndexMap::new();
        let plan = self.plan;
        for service in plan.services.values() {
            let Some(from) = self.services.get(service.name.as_str()) else { continue };
            for mount in service.volumes.iter().filter_map(|mount| plan.shown_mount(mount)) {
                let path = host_path(service, &mount);
                let Some(name) = mount.volume().or(path) else { continue };
                let users = users.entry((path.is_some(), name.to_owned())).or_default();
                if !users.contains(from) {
                    users.push(*from);
                }
            }
        }
        for ((is_path, name), users) in users.into_iter().filter(|(_, users)| users.len() > 1) {
            let to = self.card(Tier::Volumes, if is_path { Sort::Path } else { Sort::Volume }, &name);
            self.links.extend(users.into_iter().map(|from| Link { from, to, meaning: Meaning::Mount }));
        }
    }
}

fn networks(plan: &Plan) -> Vec<NetworkFact> {
    let note = |network: &Network| match network {
        Network { external: true, .. } => Some("external"),
        Network { internal: true, .. } => Some("no way out"),
        _ => None,
    };
    let mut networks: IndexMap<&str, NetworkFact> = IndexMap::new();
    for service in plan.services.values() {
        for name in &service.networks {
            let network = networks.entry(name).or_insert_with(|| NetworkFact {
                name: shown(name),
                note: plan.networks.get(name).and_then(note),
                members: Vec::new(),
            });
            network.members.push(shown(&service.name));
        }
    }
    networks.into_values().collect()
}

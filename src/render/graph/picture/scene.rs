//! What a picture tells: one view per environment, each with cards (what stands in the picture), links between them, and
//! the findings where they belong. Not where anything stands.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::marks::{Mark, Marks};
use super::text::shown;
use crate::compose::volume::Source as MountSource;
use crate::diagnostics::{Resolved, words};
use crate::kinds::Class;
use crate::plan::{Condition, External, Network, Plan, PlannedMount, Service};
use crate::render::shown::{RouteRow, Way, elsewhere};

/// Everything that is drawn.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) stack: String,
    pub(super) views: Vec<View>,
}

/// One environment.
#[derive(Debug)]
pub(super) struct View {
    pub(super) environment: String,
    pub(super) production: bool,
    pub(super) cards: Vec<Card>,
    pub(super) links: Vec<Link>,
    pub(super) networks: Vec<NetworkFact>,
    /// Findings about no card of this view.
    pub(super) elsewhere: Vec<Mark>,
}

/// The rows of the picture, from the outside in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Tier {
    Outside,
    Proxy,
    Services,
    Stores,
    Volumes,
}

/// What a card stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    EntryPoint,
    Service(Class),
    Elsewhere,
    Volume,
}

/// Something that stands in the picture.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) tier: Tier,
    pub(super) sort: Sort,
    pub(super) name: String,
    /// What it is, in a few words.
    pub(super) about: String,
    /// One line that says what it is for.
    pub(super) help: Option<String>,
    pub(super) facts: Vec<Fact>,
    /// Findings about it as a whole.
    pub(super) marks: Vec<Mark>,
    /// Whether the proxy leads to it.
    pub(super) is_routed: bool,
    /// Which environments have it, where others have not.
    pub(super) only: Option<String>,
}

/// What a fact is about, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Topic {
    Runs,
    Port,
    Replicas,
    Profile,
    Published,
    Route,
    Volume,
    Waits,
    Network,
}

/// Something that holds of a card.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) topic: Topic,
    pub(super) text: String,
    /// What there is no room for in the picture.
    pub(super) more: Option<String>,
    /// Which environments have it, where others that have the card have not.
    pub(super) only: Option<String>,
    /// The same of what there is no room for.
    pub(super) more_only: Option<String>,
    pub(super) marks: Vec<Mark>,
}

/// From one card to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) meaning: Meaning,
}

/// What a link means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Request,
    Wait(Condition),
    /// The first is told where the second is, which runs elsewhere.
    Use,
    Mount,
}

/// A network and who is on it.
#[derive(Debug)]
pub(super) struct NetworkFact {
    pub(super) name: String,
    pub(super) note: Option<&'static str>,
    pub(super) members: Vec<String>,
}

impl Topic {
    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Runs => "Runs",
            Self::Port => "Listens on",
            Self::Replicas => "Containers",
            Self::Profile => "Starts with",
            Self::Published => "Published",
            Self::Route => "Routes",
            Self::Volume => "Keeps",
            Self::Waits => "Waits for",
            Self::Network => "Networks",
        }
    }
}

impl Tier {
    /// What stands in these rows.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Outside => "Outside",
            Self::Proxy => "Proxy",
            Self::Services => "Services",
            Self::Stores => "Data",
            Self::Volumes => "Volumes",
        }
    }
}

impl Sort {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::EntryPoint => "entry point",
            Self::Service(Class::App) => "service",
            Self::Service(Class::Datastore) => "data store",
            Self::Service(Class::Proxy) => "proxy",
            Self::Service(Class::Tool) => "tool",
            Self::Service(Class::Process) => "process",
            Self::Elsewhere => "elsewhere",
            Self::Volume => "shared volume",
        }
    }

    /// The class under which it is styled.
    pub(super) fn style(self) -> &'static str {
        match self {
            Self::EntryPoint => "entry",
            Self::Service(Class::App) => "app",
            Self::Service(Class::Datastore) => "store",
            Self::Service(Class::Proxy) => "proxy",
            Self::Service(Class::Tool) => "tool",
            Self::Service(Class::Process) => "process",
            Self::Elsewhere => "elsewhere",
            Self::Volume => "volume",
        }
    }
}

impl Card {
    /// What makes it the same card in another environment.
    pub(super) fn key(&self) -> (Tier, &str) {
        (self.tier, &self.name)
    }
}

impl Fact {
    fn new(topic: Topic, text: &str) -> Self {
        Self { topic, text: shown(text), more: None, only: None, more_only: None, marks: Vec::new() }
    }

    fn with(mut self, more: &[String]) -> Self {
        self.more = (!more.is_empty()).then(|| shown(&more.join("; ")));
        self
    }
}

impl Scene {
    pub(super) fn of(plans: &[&Plan], findings: &[Resolved]) -> Self {
        let mut views: Vec<View> = plans.iter().map(|plan| Drawing::of(plan, findings)).collect();
        compare(&mut views);
        let stack = plans.first().map(|plan| shown(&plan.stack)).unwrap_or_default();
        Self { stack, views }
    }
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
        drawing.shared_volumes();
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
            (None, Some(image)) => facts.push(Fact::new(Topic::Runs, &plan.shown(image))),
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
        for way in ways.iter().filter(|way| way.service.name == service.name && way.entry_point.is_none()) {
            let set_by = (!way.variables.is_empty()).then(|| format!("changed by {}", way.variables.join(", ")));
            let text = format!("{} → {}", way.addresses.join(", "), way.target);
            facts.push(Fact::new(Topic::Published, &text).with(&set_by.into_iter().collect::<Vec<_>>()));
        }
        facts.extend(service.volumes.iter().filter_map(|mount| self.mount(mount)));
        for (name, dependency) in &service.depends_on {
            let state = match dependency.condition {
                Condition::Started => "started",
                Condition::Healthy => "healthy",
                Condition::Completed => "completed",
            };
            facts.push(Fact::new(Topic::Waits, &format!("{name}, until it is {state}")));
        }
        facts.extend(service.networks.iter().map(|name| Fact::new(Topic::Network, name)));
        let card = &mut self.cards[position];
        if let Some(kind) = service.kind.as_deref().filter(|kind| *kind != card.about) {
            card.about = shown(&format!("{} · {kind}", card.about));
        }
        card.help = service.help.as_deref().map(shown);
        card.facts = facts;
        card.marks = marks.of_service(&service.name);
    }

    fn mount(&self, mount: &PlannedMount) -> Option<Fact> {
        let is_secret = |name: &&str| self.plan.variables.get(*name).is_some_and(|variable| variable.secret);
        let has_secret = mount.text.variables().iter().any(is_secret);
        let mode = if mount.mount.is_read_only() { ", read-only" } else { "" };
        let name = match &mount.mount.source {
            MountSource::Volume(name) if !has_secret => name,
            MountSource::Volume(_) => return Some(Fact::new(Topic::Volume, &self.plan.shown(&mount.text))),
            _ => return None,
        };
        Some(Fact::new(Topic::Volume, &format!("{name} on {}{mode}", mount.mount.target)))
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

    /// A volume of one service stands in its card; one of several is a card of its own.
    fn shared_volumes(&mut self) {
        let mut users: IndexMap<&str, Vec<usize>> = IndexMap::new();
        for service in self.plan.services.values() {
            let Some(from) = self.services.get(service.name.as_str()) else { continue };
            for name in service.volumes.iter().filter_map(|mount| mount.mount.volume()) {
                let of_volume = users.entry(name).or_default();
                if !of_volume.contains(from) {
                    of_volume.push(*from);
                }
            }
        }
        for (name, users) in users.into_iter().filter(|(_, users)| users.len() > 1) {
            let to = self.card(Tier::Volumes, Sort::Volume, name);
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

/// Says of every card and fact which environments have it, where it is not all of them.
fn compare(views: &mut [View]) {
    if views.len() < 2 {
        return;
    }
    // Of a card, of a fact, and of all that is known of the fact.
    let mut having: HashMap<[String; 4], Vec<usize>> = HashMap::new();
    let card_key = |card: &Card| [format!("{:?}", card.tier), card.name.clone(), String::new(), String::new()];
    let fact_key = |card: &Card, fact: &Fact| {
        let [tier, name, ..] = card_key(card);
        [tier, name, format!("{:?} {}", fact.topic, fact.text), String::new()]
    };
    let more_key = |card: &Card, fact: &Fact| {
        let [tier, name, text, _] = fact_key(card, fact);
        [tier, name, text, format!("more {}", fact.more.as_deref().unwrap_or_default())]
    };
    for (number, view) in views.iter().enumerate() {
        for card in &view.cards {
            let facts = card.facts.iter().flat_map(|fact| [fact_key(card, fact), more_key(card, fact)]);
            for key in facts.chain([card_key(card)]) {
                let having = having.entry(key).or_default();
                if having.last() != Some(&number) {
                    having.push(number);
                }
            }
        }
    }
    let names: Vec<String> = views.iter().map(|view| view.environment.clone()).collect();
    let only = |some: &[usize], all: usize| {
        let names: Vec<&str> = some.iter().map(|number| names[*number].as_str()).collect();
        (names.len() < all).then(|| format!("only in {}", words::and(&names)))
    };
    for card in views.iter_mut().flat_map(|view| &mut view.cards) {
        let there = having[&card_key(card)].len();
        let said: Vec<_> = card
            .facts
            .iter()
            .map(|fact| {
                let with_text = &having[&fact_key(card, fact)];
                (only(with_text, there), only(&having[&more_key(card, fact)], with_text.len()))
            })
            .collect();
        for (fact, (text, more)) in card.facts.iter_mut().zip(said) {
            fact.only = text;
            fact.more_only = more;
        }
        card.only = only(&having[&card_key(card)], names.len());
    }
}

//! What a picture tells: one view per environment, each with cards (what stands in the picture), links between them, and
//! the findings where they belong. Not where anything stands.

use super::marks::Mark;
use super::text::shown;
use super::{differences, drawing};
use crate::diagnostics::Resolved;
use crate::kinds::Class;
use crate::plan::{Condition, Plan};

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
    /// A path of the host.
    Path,
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
    /// What it may do to the host.
    Host,
    Published,
    Route,
    Volume,
    /// A path of the host that it mounts.
    Path,
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
            Self::Host => "Host access",
            Self::Published => "Published",
            Self::Route => "Routes",
            Self::Volume => "Keeps",
            Self::Path => "Mounts",
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
            Self::Path => "shared path of the host",
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
            Self::Volume | Self::Path => "volume",
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
    pub(super) fn new(topic: Topic, text: &str) -> Self {
        Self { topic, text: shown(text), more: None, only: None, more_only: None, marks: Vec::new() }
    }

    pub(super) fn with(mut self, more: &[String]) -> Self {
        self.more = (!more.is_empty()).then(|| shown(&more.join("; ")));
        self
    }
}

impl Scene {
    pub(super) fn of(plans: &[&Plan], findings: &[Resolved]) -> Self {
        let mut views: Vec<View> = plans.iter().map(|plan| drawing::view(plan, findings)).collect();
        differences::mark(&mut views);
        let stack = plans.first().map(|plan| shown(&plan.stack)).unwrap_or_default();
        Self { stack, views }
    }
}

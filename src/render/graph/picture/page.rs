//! The same facts in words: for whoever cannot see the picture, and for whoever wants to know more than it shows.

use serde::Serialize;

use super::marks::Mark;
use super::scene::{Card, Fact, Scene, Sort, Tier, Topic, View};
use crate::diagnostics::words;

/// What a page says about a stack.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    stack: String,
    views: Vec<ViewText>,
}

#[derive(Debug, Serialize)]
struct ViewText {
    environment: String,
    production: bool,
    counts: String,
    groups: Vec<Group>,
    networks: Vec<NetworkText>,
    findings: Vec<FindingText>,
}

#[derive(Debug, Serialize)]
struct Group {
    word: &'static str,
    cards: Vec<CardText>,
}

#[derive(Debug, Serialize)]
struct CardText {
    number: usize,
    name: String,
    about: String,
    help: Option<String>,
    only: Option<String>,
    topics: Vec<TopicText>,
    marks: Vec<FindingText>,
}

#[derive(Debug, Serialize)]
struct TopicText {
    word: &'static str,
    facts: Vec<FactText>,
}

#[derive(Debug, Serialize)]
struct FactText {
    text: String,
    more: Option<String>,
    only: Option<String>,
    more_only: Option<String>,
    marks: Vec<FindingText>,
}

#[derive(Debug, Clone, Serialize)]
struct FindingText {
    word: &'static str,
    rule: &'static str,
    message: String,
    /// The card and its name, where it is about one.
    card: Option<(usize, String)>,
}

#[derive(Debug, Serialize)]
struct NetworkText {
    name: String,
    note: Option<&'static str>,
    hue: usize,
    members: String,
}

/// What a picture that stands alone says about itself.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    title: String,
    description: String,
}

/// A few sentences about a view.
pub(super) fn summary(scene: &Scene, view: &View) -> Summary {
    let list = |tier: Tier| {
        let cards = view.cards.iter().filter(|card| card.tier == tier);
        cards.map(|card| card.name.clone()).collect::<Vec<_>>()
    };
    let mut sentences = Vec::new();
    for tier in [Tier::Outside, Tier::Proxy, Tier::Services, Tier::Stores, Tier::Volumes] {
        let names = list(tier);
        if !names.is_empty() {
            sentences.push(format!("{}: {}.", tier.word(), words::and(&names)));
        }
    }
    let marks = findings(view);
    if !marks.is_empty() {
        let found: Vec<String> = marks.iter().map(|mark| format!("{} {}", mark.word, mark.rule)).collect();
        sentences.push(format!("Findings: {}.", words::and(&found)));
    }
    Summary { title: format!("{}, {}", scene.stack, view.environment), description: sentences.join(" ") }
}

impl Page {
    pub(super) fn of(scene: &Scene) -> Self {
        Self { stack: scene.stack.clone(), views: scene.views.iter().map(view_text).collect() }
    }
}

fn view_text(view: &View) -> ViewText {
    let tiers = [Tier::Outside, Tier::Proxy, Tier::Services, Tier::Stores, Tier::Volumes];
    let groups = tiers.into_iter().map(|tier| {
        let cards = view.cards.iter().enumerate().filter(|(_, card)| card.tier == tier);
        Group { word: tier.word(), cards: cards.map(|(number, card)| card_text(view, number, card)).collect() }
    });
    let networks = view.networks.iter().enumerate().map(|(number, network)| NetworkText {
        name: network.name.clone(),
        note: network.note,
        hue: number % super::card::HUES,
        members: words::and(&network.members),
    });
    ViewText {
        environment: view.environment.clone(),
        production: view.production,
        counts: counts(view),
        groups: groups.filter(|group| !group.cards.is_empty()).collect(),
        networks: networks.collect(),
        findings: findings(view),
    }
}

/// `5 services, 2 networks, 1 error`.
fn counts(view: &View) -> String {
    let services = view.cards.iter().filter(|card| matches!(card.sort, Sort::Service(_))).count();
    let all = findings(view);
    let errors = all.iter().filter(|finding| finding.word == "error").count();
    let counted =
        [(services, "service"), (view.networks.len(), "network"), (errors, "error"), (all.len() - errors, "warning")];
    let some = counted.into_iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> =
        some.map(|(count, word)| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }).collect();
    words.join(", ")
}

fn card_text(view: &View, number: usize, card: &Card) -> CardText {
    let mut topics: Vec<TopicText> = Vec::new();
    let mut facts: Vec<&Fact> = card.facts.iter().collect();
    facts.sort_by_key(|fact| fact.topic);
    for fact in facts {
        let word = word(card, fact.topic);
        let text = FactText {
            text: fact.text.clone(),
            more: fact.more.clone(),
            only: fact.only.clone(),
            more_only: fact.more_only.clone(),
            marks: fact.marks.iter().map(|mark| finding(mark, None)).collect(),
        };
        match topics.last_mut() {
            Some(topic) if topic.word == word => topic.facts.push(text),
            _ => topics.push(TopicText { word, facts: vec![text] }),
        }
    }
    // What is shared says who has it.
    if matches!(card.sort, Sort::Volume | Sort::Path) {
        let users = view.links.iter().filter(|link| link.to == number).map(|link| &view.cards[link.from].name);
        let facts = users.map(|name| FactText {
            text: name.clone(),
            more: None,
            only: None,
            more_only: None,
            marks: Vec::new(),
        });
        topics.push(TopicText { word: "Mounted by", facts: facts.collect() });
    }
    CardText {
        number,
        name: card.name.clone(),
        about: card.about.clone(),
        help: card.help.clone(),
        only: card.only.clone(),
        topics,
        marks: card.marks.iter().map(|mark| finding(mark, None)).collect(),
    }
}

fn word(card: &Card, topic: Topic) -> &'static str {
    match (card.sort, topic) {
        (Sort::Elsewhere, Topic::Runs) => "Address",
        (Sort::EntryPoint, Topic::Published) => "Answers at",
        _ => topic.word(),
    }
}

fn finding(mark: &Mark, card: Option<(usize, String)>) -> FindingText {
    FindingText { word: mark.word(), rule: mark.rule, message: mark.message.clone(), card }
}

/// Every finding of a view: errors first, then in the order of the cards.
fn findings(view: &View) -> Vec<FindingText> {
    let of_cards = view.cards.iter().enumerate().flat_map(|(number, card)| {
        let marks = card.marks.iter().chain(card.facts.iter().flat_map(|fact| &fact.marks));
        marks.map(move |mark| finding(mark, Some((number, card.name.clone()))))
    });
    let mut all: Vec<FindingText> = view.elsewhere.iter().map(|mark| finding(mark, None)).chain(of_cards).collect();
    all.sort_by_key(|finding| finding.word != "error");
    all
}

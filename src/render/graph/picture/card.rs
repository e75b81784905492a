//! What is written on a card, and where on it.

use serde::Serialize;

use super::marks::Mark;
use super::scene::{Card, Fact, NetworkFact, Sort, Topic};
use super::text::{Face, shown, width, wrapped};

/// The least that a card is wide, and the most: where there are many, a screen has to hold five of them.
const NARROW: f64 = 176.0;
const WIDE: (f64, f64) = (236.0, 210.0);
const PADDING: f64 = 12.0;
/// Where texts after a sign begin.
const INDENT: f64 = 30.0;
const NAME: f64 = 14.0;
const ABOUT: f64 = 11.0;
const LINE: f64 = 11.0;
const CHIP: f64 = 10.0;
/// From one line to the next.
const LEADING: f64 = 16.0;
/// From one row of chips to the next.
const CHIPS: f64 = 21.0;
/// Facts of one topic and findings at one place at most; a card that fills the picture says nothing.
const MOST: usize = 8;
/// How many networks have a color of their own.
pub(super) const HUES: usize = 8;

/// A card with everything on it, its upper left corner at 0, 0.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Front {
    pub(super) height: f64,
    pub(super) texts: Vec<Written>,
    pub(super) signs: Vec<Sign>,
    pub(super) chips: Vec<Chip>,
}

/// A line of text.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Written {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) style: &'static str,
    pub(super) text: String,
}

/// A small drawing in a square of 12 pixels.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Sign {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) what: &'static str,
}

/// The name of a network.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Chip {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) hue: usize,
    pub(super) text: String,
}

/// The sign of a topic; none for what has no line of its own.
pub(super) fn sign(topic: Topic) -> Option<&'static str> {
    match topic {
        Topic::Runs => Some("runs"),
        Topic::Port => Some("port"),
        Topic::Replicas => Some("replicas"),
        Topic::Profile => Some("profile"),
        Topic::Host => Some("host"),
        Topic::Published => Some("published"),
        Topic::Route => Some("route"),
        Topic::Volume => Some("volume"),
        Topic::Path => Some("path"),
        Topic::Waits | Topic::Network => None,
    }
}

/// How wide cards have to be so that little breaks.
pub(super) fn across<'c>(cards: impl Iterator<Item = &'c Card>, columns: usize) -> f64 {
    let most = if columns < 5 { WIDE.0 } else { WIDE.1 };
    cards.map(needed).fold(NARROW, f64::max).min(most).round()
}

fn needed(card: &Card) -> f64 {
    let name = width(&card.name, Face::Name, NAME) + 2.0 * PADDING;
    let lines = card.facts.iter().filter(|fact| sign(fact.topic).is_some());
    let widths = lines.map(|fact| width(&fact.text, Face::Code, LINE) + INDENT + PADDING + 18.0);
    widths.fold(name, f64::max)
}

impl Front {
    pub(super) fn of(card: &Card, across: f64, networks: &[NetworkFact]) -> Self {
        let mut front = Self { height: 9.0, ..Self::default() };
        let room = across - 2.0 * PADDING;
        for line in wrapped(&card.name, Face::Name, NAME, room, 2) {
            front.line(PADDING, 18.0, "name", line);
        }
        for line in wrapped(&card.about, Face::Name, ABOUT, room, 2) {
            front.line(PADDING, 14.0, "about", line);
        }
        front.height += 4.0;
        if let Some(only) = &card.only {
            front.entry("differs", "only", only, Face::Name, across, false);
        }
        let mut before = 0;
        for (position, fact) in card.facts.iter().enumerate() {
            let Some(sign) = sign(fact.topic) else { continue };
            let is_first = position == 0 || card.facts[position - 1].topic != fact.topic;
            before = if is_first { 0 } else { before + 1 };
            let count = card.facts.iter().filter(|other| other.topic == fact.topic).count();
            if count > MOST && before + 1 >= MOST {
                if before + 1 == MOST {
                    front.entry(sign, "line", &format!("and {} more", count - before), Face::Name, across, false);
                }
                continue;
            }
            front.entry(sign, "line", &fact.text, Face::Code, across, fact.only.is_some());
            front.marks(&fact.marks, INDENT, across);
        }
        front.networks(card, across, networks);
        front.marks(&card.marks, PADDING, across);
        front.height += 9.0;
        if matches!(card.sort, Sort::Volume | Sort::Path) {
            front.height += 4.0;
        }
        front
    }

    fn line(&mut self, x: f64, leading: f64, style: &'static str, text: String) {
        self.height += leading;
        self.texts.push(Written { x, y: self.height - 4.0, style, text });
    }

    /// A sign, a text, and a sign after it where other environments differ.
    fn entry(&mut self, sign: &'static str, style: &'static str, text: &str, face: Face, across: f64, differs: bool) {
        let end = across - PADDING;
        self.signs.push(Sign { x: PADDING, y: self.height + 3.0, what: sign });
        if differs {
            self.signs.push(Sign { x: end - 12.0, y: self.height + 3.0, what: "differs" });
        }
        let room = end - INDENT - if differs { 16.0 } else { 0.0 };
        for line in wrapped(text, face, LINE, room, 3) {
            self.line(INDENT, LEADING, style, line);
        }
    }

    fn marks(&mut self, marks: &[Mark], x: f64, across: f64) {
        let shown: Vec<&Mark> = marks.iter().take(if marks.len() > MOST { MOST - 1 } else { MOST }).collect();
        for mark in &shown {
            self.signs.push(Sign { x, y: self.height + 3.0, what: mark.word() });
            let text = format!("{} {}", mark.word(), mark.rule);
            for line in wrapped(&text, Face::Name, LINE, across - x - 18.0 - PADDING, 2) {
                self.line(x + 18.0, LEADING, mark.word(), line);
            }
        }
        if marks.len() > shown.len() {
            self.line(x + 18.0, LEADING, "line", format!("and {} more", marks.len() - shown.len()));
        }
    }

    fn networks(&mut self, card: &Card, across: f64, networks: &[NetworkFact]) {
        let facts: Vec<&Fact> = card.facts.iter().filter(|fact| fact.topic == Topic::Network).collect();
        if facts.is_empty() {
            return;
        }
        self.height += 5.0;
        let mut x = PADDING;
        for fact in facts {
            let hue = networks.iter().position(|network| network.name == fact.text).unwrap_or_default() % HUES;
            let differs = if fact.only.is_some() { 14.0 } else { 0.0 };
            let chip = chip(&fact.text, hue, across - 2.0 * PADDING - differs);
            if x > PADDING && x + chip.width + differs > across - PADDING {
                x = PADDING;
                self.height += CHIPS;
            }
            let (y, width) = (self.height, chip.width);
            self.chips.push(Chip { x, y, ..chip });
            if fact.only.is_some() {
                self.signs.push(Sign { x: x + width + 3.0, y: y + 2.5, what: "differs" });
            }
            x += width + differs + 6.0;
        }
        self.height += CHIPS;
    }
}

/// A chip at 0, 0.
pub(super) fn chip(text: &str, hue: usize, room: f64) -> Chip {
    let text = wrapped(&shown(text), Face::Name, CHIP, room - 26.0, 1).into_iter().next().unwrap_or_default();
    let width = (width(&text, Face::Name, CHIP) + 26.0).round();
    Chip { x: 0.0, y: 0.0, width, hue, text }
}

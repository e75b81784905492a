//! What differs between the environments of a picture.

use std::collections::HashMap;

use super::scene::{Card, Fact, View};
use crate::diagnostics::words;

/// Says of every card and fact which environments have it, where it is not all of them.
pub(super) fn mark(views: &mut [View]) {
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

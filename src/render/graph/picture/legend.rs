//! What stands below a picture: the meaning of lines and signs, the networks, and findings that have no other place.

use serde::Serialize;

use super::card::{self, Chip, Sign, Written};
use super::layout::Drawn;
use super::scene::{Meaning, View};
use super::text::{Face, width, wrapped};
use crate::plan::Condition;

/// The size of what is written here, in pixels.
const SMALL: f64 = 11.0;

/// A sign or a line, and what it means.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    x: f64,
    y: f64,
    what: &'static str,
    text: &'static str,
}

impl Drawn {
    /// What lines, signs and colors mean, as far as they occur; and the findings that have no place in the picture.
    pub(super) fn explain(&mut self, view: &View, at: &mut f64) {
        let has = |meaning: &dyn Fn(Meaning) -> bool| view.links.iter().any(|link| meaning(link.meaning));
        let state = |condition| has(&|meaning| meaning == Meaning::Wait(condition));
        let has_sign = |sign: &str| self.cards.iter().any(|card| card.front.signs.iter().any(|it| it.what == sign));
        let items: [(bool, &'static str, &'static str); 18] = [
            (has(&|meaning| meaning == Meaning::Request), "request", "requests"),
            (state(Condition::Healthy), "healthy", "waits until it is healthy"),
            (state(Condition::Started), "started", "waits until it is started"),
            (state(Condition::Completed), "completed", "waits until it has completed"),
            (has(&|meaning| meaning == Meaning::Use), "use", "uses what runs elsewhere"),
            (has(&|meaning| meaning == Meaning::Mount), "mount", "mounts what others mount too"),
            (has_sign("published"), "published", "address on the host"),
            (has_sign("route"), "route", "route"),
            (has_sign("port"), "port", "port in the container"),
            (has_sign("runs"), "runs", "image, source or address"),
            (has_sign("volume"), "volume", "volume"),
            (has_sign("path"), "path", "path of the host"),
            (has_sign("host"), "host", "access to the host"),
            (has_sign("replicas"), "replicas", "several containers"),
            (has_sign("profile"), "profile", "only with a profile"),
            (has_sign("differs"), "differs", "differs between environments"),
            (has_sign("error"), "error", "error"),
            (has_sign("warning"), "warning", "warning"),
        ];
        let (start, end) = (4.0, self.width - 4.0);
        let mut x = start;
        for (_, what, text) in items.into_iter().filter(|(is_there, ..)| *is_there) {
            let lead = if matches!(what, "request" | "healthy" | "started" | "completed" | "use" | "mount") {
                34.0
            } else {
                18.0
            };
            let across = lead + width(text, Face::Name, SMALL) + 18.0;
            if x > start && x + across - 18.0 > end {
                x = start;
                *at += 20.0;
            }
            self.legend.push(Item { x, y: *at, what, text });
            x += across;
        }
        *at += 26.0;
        x = start;
        for (number, network) in view.networks.iter().enumerate() {
            let text = network.note.map_or_else(|| network.name.clone(), |note| format!("{}: {note}", network.name));
            let chip = card::chip(&text, number % card::HUES, end - start);
            if x > start && x + chip.width > end {
                x = start;
                *at += 21.0;
            }
            let across = chip.width;
            self.chips.push(Chip { x, y: *at, ..chip });
            x += across + 8.0;
        }
        *at += if view.networks.is_empty() { 0.0 } else { 28.0 };
        for mark in &view.elsewhere {
            self.signs.push(Sign { x: start, y: *at + 3.0, what: mark.word() });
            let room = end - start - 18.0;
            let rule = wrapped(&format!("{} {}", mark.word(), mark.rule), Face::Name, SMALL, room, 1);
            let message = wrapped(&mark.message, Face::Name, SMALL, room, 4);
            let lines = rule.into_iter().map(|line| (mark.word(), line));
            for (style, text) in lines.chain(message.into_iter().map(|line| ("about", line))) {
                *at += 16.0;
                self.notes.push(Written { x: start + 18.0, y: *at - 4.0, style, text });
            }
            *at += 4.0;
        }
        *at += 4.0;
    }
}

//! From cells and nets to coordinates.

use serde::Serialize;

use super::card::{self, Chip, Front, Sign, Written};
use super::legend::Item;
use super::placement::Placement;
use super::routing::{Columns, Line, MARGIN, TRACK, Tracks, Wiring};
use super::scene::{Card, Link, Meaning, Scene, Tier};
use super::text::{Face, wrapped};
use crate::plan::Condition;

/// The strip on the left with the names of the tiers.
const STRIP: f64 = 34.0;
/// From the edge of a tier to its cards.
const INSET: f64 = 12.0;
/// The lowest that a row is, so that the name of its tier has room.
const LOWEST: f64 = 56.0;
/// Between two rows without lines.
const GAP: f64 = 20.0;
/// How round the bends of lines are.
const BEND: f64 = 6.0;
/// How long the head of an arrow is.
const HEAD: f64 = 7.0;
const TITLE: f64 = 18.0;

/// A picture of one environment with everything in its place, in pixels.
#[derive(Debug, Serialize)]
pub(super) struct Drawn {
    pub(super) width: f64,
    height: f64,
    title: Vec<Written>,
    tiers: Vec<TierBand>,
    pub(super) cards: Vec<Placed>,
    bundles: Vec<Bundle>,
    pub(super) legend: Vec<Item>,
    pub(super) chips: Vec<Chip>,
    pub(super) notes: Vec<Written>,
    pub(super) signs: Vec<Sign>,
}

#[derive(Debug, Serialize)]
struct TierBand {
    y: f64,
    width: f64,
    height: f64,
    middle: f64,
    word: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Placed {
    number: usize,
    x: f64,
    y: f64,
    width: f64,
    style: &'static str,
    /// `error`, `warning` or nothing.
    state: &'static str,
    label: String,
    #[serde(flatten)]
    pub(super) front: Front,
}

/// Lines that share their way. They are one path: what is drawn twice looks thicker.
#[derive(Debug, Serialize)]
struct Bundle {
    style: &'static str,
    path: String,
    /// The tips of the arrows.
    heads: Vec<(f64, f64)>,
    links: Vec<Tail>,
}

/// Where a line begins.
#[derive(Debug, Serialize)]
struct Tail {
    from: usize,
    to: usize,
    x: f64,
    y: f64,
    /// What is drawn there; nothing where it is empty.
    state: &'static str,
}

/// What all views have in common.
pub(super) struct Grid<'s> {
    scene: &'s Scene,
    placement: Placement,
    columns: Columns,
    wirings: Vec<Wiring>,
    tracks: Vec<Tracks>,
    fronts: Vec<Vec<Front>>,
    /// The top of each row, and the first track of each channel, from the top of the grid on.
    rows: Vec<f64>,
    channels: Vec<f64>,
    heights: Vec<f64>,
    end: f64,
    width: f64,
}

impl<'s> Grid<'s> {
    pub(super) fn of(scene: &'s Scene) -> Self {
        let placement = Placement::of(scene);
        let across = card::across(scene.views.iter().flat_map(|view| &view.cards), placement.columns);
        let views = || scene.views.iter().zip(&placement.cells);
        let wirings: Vec<Wiring> =
            views().map(|(view, cells)| Wiring::of(&view.links, cells, placement.columns)).collect();
        let most = |count: &dyn Fn(usize) -> usize| (0..scene.views.len()).map(count).max().unwrap_or_default();
        let gutters: Vec<usize> =
            (0..=placement.columns).map(|gutter| most(&|view| wirings[view].gutters[gutter])).collect();
        let columns = Columns::of(across, STRIP + INSET, &gutters);
        let tracks: Vec<Tracks> = wirings
            .iter()
            .zip(&placement.cells)
            .map(|(wiring, cells)| Tracks::of(wiring, cells, &columns, placement.rows.len()))
            .collect();
        let fronts: Vec<Vec<Front>> = scene
            .views
            .iter()
            .map(|view| view.cards.iter().map(|card| Front::of(card, across, &view.networks)).collect())
            .collect();
        let mut heights = vec![LOWEST; placement.rows.len()];
        for (fronts, cells) in fronts.iter().zip(&placement.cells) {
            for (front, cell) in fronts.iter().zip(cells) {
                heights[cell.row] = heights[cell.row].max(front.height);
            }
        }
        let width = columns.end(&gutters) + INSET;
        let mut grid = Self {
            scene,
            columns,
            wirings,
            tracks,
            fronts,
            rows: Vec::new(),
            channels: Vec::new(),
            heights,
            end: 0.0,
            width,
            placement,
        };
        grid.stack();
        grid
    }

    /// Gives rows and channels their places from top to bottom.
    fn stack(&mut self) {
        let count = self.placement.rows.len();
        let mut at = 0.0;
        for channel in 0..=count {
            let tracks = self.tracks.iter().map(|tracks| tracks.channels[channel]).max().unwrap_or_default();
            let tier = |row: usize| self.placement.rows.get(row);
            let opens = channel < count && (channel == 0 || tier(channel) != tier(channel - 1));
            let closes = channel > 0 && (channel == count || tier(channel) != tier(channel - 1));
            if closes {
                at += INSET;
            }
            #[expect(clippy::cast_precision_loss, reason = "tracks are few")]
            let lines = (tracks.max(1) - 1) as f64 * TRACK;
            let is_edge = channel == 0 || channel == count;
            match tracks {
                0 if is_edge => self.channels.push(at),
                0 => {
                    self.channels.push(at + GAP / 2.0);
                    at += GAP;
                }
                _ => {
                    self.channels.push(at + MARGIN);
                    // An arrow stands clear of its bend.
                    at += MARGIN + lines + MARGIN + HEAD;
                }
            }
            if opens {
                at += INSET;
            }
            if channel < count {
                self.rows.push(at);
                at += self.heights[channel];
            }
        }
        self.end = at;
    }

    /// One view; with its title where it stands alone.
    pub(super) fn drawn(&self, number: usize, has_title: bool) -> Drawn {
        let view = &self.scene.views[number];
        let cells = &self.placement.cells[number];
        let mut title = Vec::new();
        let mut top = 4.0;
        if has_title {
            let text = format!("{}, {}", self.scene.stack, view.environment);
            for line in wrapped(&text, Face::Name, TITLE, self.width - 8.0, 2) {
                top += 26.0;
                title.push(Written { x: 4.0, y: top - 6.0, style: "title", text: line });
            }
            top += 8.0;
        }
        let fronts = &self.fronts[number];
        let edges = |card: usize| {
            let y = top + self.rows[cells[card].row];
            (y, y + fronts[card].height)
        };
        let heights: Vec<f64> = self.channels.iter().map(|y| top + y).collect();
        let nets = self.tracks[number].lines(&self.wirings[number], cells, &self.columns, &heights, &edges);
        let bundles = nets.iter().filter_map(|lines| bundle(&view.links, lines)).collect();
        // As they are read, and as a keyboard walks them.
        let mut order: Vec<usize> = (0..view.cards.len()).collect();
        order.sort_by_key(|position| (cells[*position].row, cells[*position].column));
        let cards = order.into_iter().map(|position| {
            let left = self.columns.left[cells[position].column];
            self.placed(position, &view.cards[position], &fronts[position], left, edges(position).0)
        });
        let mut drawn = Drawn {
            width: self.width,
            height: 0.0,
            title,
            tiers: self.tiers(top),
            cards: cards.collect(),
            bundles,
            legend: Vec::new(),
            chips: Vec::new(),
            notes: Vec::new(),
            signs: Vec::new(),
        };
        let mut at = top + self.end + 18.0;
        drawn.explain(view, &mut at);
        drawn.height = at;
        drawn
    }

    fn placed(&self, number: usize, card: &Card, front: &Front, x: f64, y: f64) -> Placed {
        let marks = || card.marks.iter().chain(card.facts.iter().flat_map(|fact| &fact.marks));
        let errors = marks().filter(|mark| mark.is_error).count();
        let warnings = marks().count() - errors;
        let state = match (errors, warnings) {
            (0, 0) => "",
            (0, _) => "warning",
            _ => "error",
        };
        let mut label = format!("{}: {}", card.name, card.about);
        for (count, word) in [(errors, "error"), (warnings, "warning")] {
            match count {
                0 => {}
                1 => label = format!("{label}, 1 {word}"),
                _ => label = format!("{label}, {count} {word}s"),
            }
        }
        if let Some(only) = &card.only {
            label = format!("{label}, {only}");
        }
        Placed { number, x, y, width: self.columns.width, style: card.sort.style(), state, label, front: front.clone() }
    }

    fn tiers(&self, top: f64) -> Vec<TierBand> {
        let rows = &self.placement.rows;
        let mut tiers: Vec<(Tier, usize, usize)> = Vec::new();
        for (row, tier) in rows.iter().enumerate() {
            match tiers.last_mut() {
                Some((last, _, end)) if last == tier => *end = row,
                _ => tiers.push((*tier, row, row)),
            }
        }
        let band = |(tier, first, last): (Tier, usize, usize)| {
            let y = top + self.rows[first] - INSET;
            let height = self.rows[last] + self.heights[last] - self.rows[first] + 2.0 * INSET;
            TierBand { y, width: self.width, height, middle: y + height / 2.0, word: tier.word() }
        };
        tiers.into_iter().map(band).collect()
    }
}

fn bundle(links: &[Link], lines: &[Line]) -> Option<Bundle> {
    let style = match links[lines.first()?.link].meaning {
        Meaning::Request => "request",
        Meaning::Wait(_) => "wait",
        Meaning::Use => "use",
        Meaning::Mount => "mount",
    };
    let mut heads: Vec<(f64, f64)> = Vec::new();
    for (x, y) in lines.iter().filter_map(|line| line.points.last()) {
        if !heads.iter().any(|known| (known.0 - x).abs() + (known.1 - y).abs() < 0.5) {
            heads.push((short(*x), short(*y)));
        }
    }
    let tails = lines.iter().map(|line| {
        let link = links[line.link];
        let (x, y) = line.points.first().copied().unwrap_or_default();
        let state = match link.meaning {
            Meaning::Request => "",
            Meaning::Wait(Condition::Healthy) => "healthy",
            Meaning::Wait(Condition::Started) => "started",
            Meaning::Wait(Condition::Completed) => "completed",
            Meaning::Use => "use",
            Meaning::Mount => "mount",
        };
        Tail { from: link.from, to: link.to, x, y: y + 5.0, state }
    });
    let path = lines.iter().map(|line| path(&line.points)).collect();
    Some(Bundle { style, path, heads, links: tails.collect() })
}

/// The path along these points with round bends, up to where the head of the arrow begins.
fn path(points: &[(f64, f64)]) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let last = points.len() - 1;
    for (position, (x, y)) in points.iter().copied().enumerate() {
        if position == 0 {
            let _ = write!(out, "M{} {}", short(x), short(y));
        } else if position == last {
            let _ = write!(out, "L{} {}", short(x), short(y - HEAD + 1.0));
        } else {
            let bend = |other: (f64, f64)| {
                let (across, down) = (other.0 - x, other.1 - y);
                let length = across.abs() + down.abs();
                // The head takes its part of the last piece.
                let room = if other == points[last] { length - HEAD } else { length / 2.0 };
                let part = BEND.min(room.max(0.0)) / length.max(0.001);
                (x + across * part, y + down * part)
            };
            let (before, after) = (bend(points[position - 1]), bend(points[position + 1]));
            let _ = write!(
                out,
                "L{} {}Q{} {} {} {}",
                short(before.0),
                short(before.1),
                short(x),
                short(y),
                short(after.0),
                short(after.1)
            );
        }
    }
    out
}

/// A number with as many digits as a screen can show.
pub(super) fn short(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Write as _;

    use super::*;
    use crate::project::Project;
    use crate::source::Source;

    /// Twenty services that wait for each other in all ways, circles among them.
    fn tangle(seed: usize) -> String {
        let mut text = "[stack]\nname = \"tangle\"\nenvironments = [\"a\", \"b\"]\nhost = \"h\"\n[services.p]\nkind = \
                        \"traefik\"\nversion = \"3.6\"\nentrypoints.web = { port = 80 }\n"
            .to_owned();
        for number in 0..20 {
            let needs: Vec<String> = (0..20)
                .filter(|other| *other != number && (number * 7 + other * 13 + seed * 5) % 11 < 2)
                .map(|other| format!("\"s{other}\""))
                .collect();
            let _ = writeln!(
                text,
                "[services.s{number}]\nimage = \"i:1\"\nport = 80\ndepends-on = [{}]\nvolumes = [\"v{}:/v\"]",
                needs.join(", "),
                number % 3
            );
            if (number + seed).is_multiple_of(3) {
                let _ = writeln!(text, "routes.r = {{ path = \"/{number}\" }}");
            }
        }
        text
    }

    #[test]
    fn lines_of_two_bundles_cross_and_never_share_a_way() {
        for seed in 0..6 {
            let project = Project::from_source(Source::new("services.toml", ".", tangle(seed)));
            let plans = project.analyse().unwrap().plans;
            let scene = Scene::of(&plans.iter().collect::<Vec<_>>(), &[]);
            let grid = Grid::of(&scene);
            let heights: Vec<f64> = grid.channels.clone();
            let (cells, fronts) = (&grid.placement.cells[0], &grid.fronts[0]);
            let edges = |card: usize| {
                let y = grid.rows[cells[card].row];
                (y, y + fronts[card].height)
            };
            let nets = grid.tracks[0].lines(&grid.wirings[0], cells, &grid.columns, &heights, &edges);
            assert!(nets.len() > 10, "{}", nets.len());
            // By whether it lies, and how far from the edge: where it begins and ends, and whose it is.
            let mut ways: BTreeMap<_, Vec<(f64, f64, usize)>> = BTreeMap::new();
            for (net, lines) in nets.iter().enumerate() {
                for pair in lines.iter().flat_map(|line| line.points.windows(2)) {
                    let [(x, y), (to_x, to_y)] = pair else { unreachable!() };
                    let lies = (y - to_y).abs() < 0.1;
                    assert!(lies || (x - to_x).abs() < 0.1, "lines run along and across: {pair:?}");
                    let (place, start, end) =
                        if lies { (y, x.min(*to_x), x.max(*to_x)) } else { (x, y.min(*to_y), y.max(*to_y)) };
                    #[expect(clippy::cast_possible_truncation, reason = "pictures are small")]
                    let place = (place * 10.0).round() as i64;
                    let known = ways.entry((lies, place)).or_default();
                    let shared = known.iter().find(|(from, to, other)| *other != net && *from < end && start < *to);
                    assert_eq!(shared, None, "seed {seed}: {pair:?} of {net}");
                    known.push((start, end, net));
                }
            }
        }
    }
}

//! The ways of lines between the cards of a grid: along channels below and above rows, and gutters beside columns, never
//! over a card.
//!
//! What leads to one card (or from one card, for requests) is a [`Net`] and shares its track; two nets never lie on each
//! other. A net has one end that all its lines share, so where lines join nobody can mistake which leads where.

use std::collections::{BTreeMap, HashMap};

use super::placement::Cell;
use super::scene::{Link, Meaning};

/// The distance between two lines that run side by side.
pub(super) const TRACK: f64 = 8.0;

/// The distance from the first line to what is beside the channel or gutter.
pub(super) const MARGIN: f64 = 14.0;

/// Lines of one meaning with a common end.
#[derive(Debug)]
pub(super) struct Net {
    /// The card at the common end.
    hub: usize,
    /// Whether lines end there.
    is_sink: bool,
    /// The cards at the other ends, each with the number of its link.
    ends: Vec<(usize, usize)>,
    /// The gutter along which it changes rows, where it does.
    gutter: Option<usize>,
    /// The channels that the gutter joins.
    reach: (usize, usize),
    /// The track in the gutter.
    track: usize,
}

/// The nets of one view, before there are coordinates.
#[derive(Debug)]
pub(super) struct Wiring {
    pub(super) nets: Vec<Net>,
    /// How many tracks each gutter needs.
    pub(super) gutters: Vec<usize>,
}

/// Coordinates of a grid from left to right.
#[derive(Debug)]
pub(super) struct Columns {
    /// The left edge of each column.
    pub(super) left: Vec<f64>,
    /// The first track of each gutter.
    pub(super) gutters: Vec<f64>,
    /// The width of a card.
    pub(super) width: f64,
}

/// Where each net runs.
#[derive(Debug)]
pub(super) struct Tracks {
    /// By net and card, where it leaves or enters.
    anchors: HashMap<(usize, usize), f64>,
    /// By channel and net, the track.
    of_nets: HashMap<(usize, usize), usize>,
    /// How many tracks each channel needs.
    pub(super) channels: Vec<usize>,
}

/// What a line looks like, and between which cards it runs.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) link: usize,
}

impl Net {
    /// The channel at a card: above it where lines end there, below where they begin.
    fn channel(cell: Cell, is_sink: bool) -> usize {
        if is_sink { cell.row } else { cell.row + 1 }
    }

    /// All its cards, each with its channel and whether lines end there.
    fn cards(&self, cells: &[Cell]) -> Vec<(usize, usize, bool)> {
        let hub = (self.hub, Self::channel(cells[self.hub], self.is_sink), self.is_sink);
        let ends = self.ends.iter().map(|(card, _)| (*card, Self::channel(cells[*card], !self.is_sink), !self.is_sink));
        std::iter::once(hub).chain(ends).collect()
    }
}

impl Wiring {
    /// The nets of links, each with its gutter.
    pub(super) fn of(links: &[Link], cells: &[Cell], columns: usize) -> Self {
        let mut by_hub: BTreeMap<(u8, usize), Net> = BTreeMap::new();
        for (number, link) in links.iter().enumerate() {
            // A proxy leads to many; everything else is led to by many.
            let fans_out = link.meaning == Meaning::Request && cells[link.from].row > 0;
            let (kind, hub, end) = match link.meaning {
                Meaning::Request if fans_out => (0, link.from, link.to),
                Meaning::Request => (1, link.to, link.from),
                Meaning::Wait(_) | Meaning::Use => (2, link.to, link.from),
                Meaning::Mount => (3, link.to, link.from),
            };
            let net = by_hub.entry((kind, hub)).or_insert_with(|| Net {
                hub,
                is_sink: !fans_out,
                ends: Vec::new(),
                gutter: None,
                reach: (0, 0),
                track: 0,
            });
            net.ends.push((end, number));
        }
        let mut nets: Vec<Net> = by_hub.into_values().collect();
        let mut load = vec![0_usize; columns + 1];
        for net in &mut nets {
            let cards = net.cards(cells);
            let first = cards.iter().map(|(_, channel, _)| *channel).min().unwrap_or_default();
            let last = cards.iter().map(|(_, channel, _)| *channel).max().unwrap_or_default();
            if first == last {
                continue;
            }
            net.reach = (first, last);
            // In halves of a column: a gutter stands on the left of the column of its number.
            let way = |gutter: usize, card: usize| (2 * gutter).abs_diff(2 * cells[card].column + 1);
            let cost = |gutter: usize| {
                let ways: usize = cards.iter().map(|(card, _, _)| way(gutter, *card)).sum();
                // The ends stand for few, the common one for all; an empty gutter is nicer.
                4 * ways + 4 * way(gutter, net.hub) + 3 * load[gutter]
            };
            let gutter = (0..=columns).min_by_key(|gutter| cost(*gutter)).unwrap_or_default();
            load[gutter] += 1;
            net.gutter = Some(gutter);
        }
        let gutters = (0..=columns).map(|gutter| stack(&mut nets, gutter)).collect();
        Self { nets, gutters }
    }
}

/// Gives the nets of a gutter their tracks; says how many there are.
fn stack(nets: &mut [Net], gutter: usize) -> usize {
    let mut those: Vec<&mut Net> = nets.iter_mut().filter(|net| net.gutter == Some(gutter)).collect();
    those.sort_by_key(|net| (net.reach.0, std::cmp::Reverse(net.reach.1)));
    // The channel behind the last one of each track.
    let mut tracks: Vec<usize> = Vec::new();
    for net in those {
        net.track = lowest(&mut tracks, net.reach.0, net.reach.1 + 1);
    }
    tracks.len()
}

/// The first track that is free from `start` on, which then is taken until `end`.
fn lowest<T: PartialOrd + Copy>(tracks: &mut Vec<T>, start: T, end: T) -> usize {
    if let Some(free) = tracks.iter().position(|taken| *taken <= start) {
        tracks[free] = end;
        return free;
    }
    tracks.push(end);
    tracks.len() - 1
}

impl Columns {
    pub(super) fn of(width: f64, start: f64, gutters: &[usize]) -> Self {
        let mut at = start;
        let mut out = Self { left: Vec::new(), gutters: Vec::new(), width };
        for (gutter, tracks) in gutters.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "tracks are few")]
            let lines = (tracks.max(&1) - 1) as f64 * TRACK;
            // At the edges of the picture an empty gutter needs no room.
            let is_edge = gutter == 0 || gutter + 1 == gutters.len();
            if is_edge && *tracks == 0 {
                out.gutters.push(at);
            } else {
                out.gutters.push(at + MARGIN);
                at += lines + 2.0 * MARGIN;
            }
            if gutter + 1 < gutters.len() {
                out.left.push(at);
                at += width;
            }
        }
        out
    }

    /// Where the last gutter ends.
    pub(super) fn end(&self, gutters: &[usize]) -> f64 {
        let right = self.left.last().map_or(0.0, |left| left + self.width);
        match gutters.last() {
            #[expect(clippy::cast_precision_loss, reason = "tracks are few")]
            Some(tracks) if *tracks > 0 => right + (tracks - 1) as f64 * TRACK + 2.0 * MARGIN,
            _ => right,
        }
    }

    fn trunk(&self, net: &Net) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "tracks are few")]
        net.gutter.map(|gutter| self.gutters[gutter] + net.track as f64 * TRACK)
    }
}

/// A net in a channel.
struct Stretch {
    net: usize,
    from: f64,
    to: f64,
    /// Where it comes from above, and goes below.
    above: Vec<f64>,
    below: Vec<f64>,
}

impl Tracks {
    pub(super) fn of(wiring: &Wiring, cells: &[Cell], columns: &Columns, rows: usize) -> Self {
        let anchors = anchors(wiring, cells, columns);
        let mut stretches: Vec<Vec<Stretch>> = (0..=rows).map(|_| Vec::new()).collect();
        for (number, net) in wiring.nets.iter().enumerate() {
            let mut by_channel: BTreeMap<usize, Stretch> = BTreeMap::new();
            for (card, channel, is_sink) in net.cards(cells) {
                let x = anchors[&(number, card)];
                let new = || Stretch { net: number, from: x, to: x, above: Vec::new(), below: Vec::new() };
                let stretch = by_channel.entry(channel).or_insert_with(new);
                stretch.add(x);
                if is_sink { stretch.below.push(x) } else { stretch.above.push(x) }
            }
            for (channel, mut stretch) in by_channel {
                if let Some(trunk) = columns.trunk(net) {
                    stretch.add(trunk);
                    if net.reach.0 < channel {
                        stretch.above.push(trunk);
                    }
                    if net.reach.1 > channel {
                        stretch.below.push(trunk);
                    }
                }
                stretches[channel].push(stretch);
            }
        }
        let mut tracks = HashMap::new();
        let mut channels = Vec::with_capacity(stretches.len());
        for (channel, mut of_channel) in stretches.into_iter().enumerate() {
            // Straight down needs no track.
            of_channel.retain(|stretch| stretch.to - stretch.from > 0.5);
            of_channel.sort_by(|a, b| a.from.total_cmp(&b.from).then(b.to.total_cmp(&a.to)));
            let mut taken: Vec<f64> = Vec::new();
            let mut levels: Vec<Vec<Stretch>> = Vec::new();
            for stretch in of_channel {
                let level = lowest(&mut taken, stretch.from - TRACK, stretch.to);
                if level == levels.len() {
                    levels.push(Vec::new());
                }
                levels[level].push(stretch);
            }
            sort(&mut levels);
            channels.push(levels.len());
            for (level, stretches) in levels.iter().enumerate() {
                tracks.extend(stretches.iter().map(|stretch| ((channel, stretch.net), level)));
            }
        }
        Self { anchors, of_nets: tracks, channels }
    }

    /// The lines of each net. `heights` gives the first track of each channel, `top` and `bottom` the edges of cards.
    pub(super) fn lines(
        &self,
        wiring: &Wiring,
        cells: &[Cell],
        columns: &Columns,
        heights: &[f64],
        edges: &dyn Fn(usize) -> (f64, f64),
    ) -> Vec<Vec<Line>> {
        let mut nets = Vec::with_capacity(wiring.nets.len());
        for (number, net) in wiring.nets.iter().enumerate() {
            let mut lines = Vec::with_capacity(net.ends.len());
            for (end, link) in &net.ends {
                let (from, to) = if net.is_sink { (*end, net.hub) } else { (net.hub, *end) };
                let (start, finish) = (self.anchors[&(number, from)], self.anchors[&(number, to)]);
                let (leaves, enters) = (Net::channel(cells[from], false), Net::channel(cells[to], true));
                let height = |channel: usize| {
                    let track = self.of_nets.get(&(channel, number)).copied().unwrap_or_default();
                    #[expect(clippy::cast_precision_loss, reason = "tracks are few")]
                    let offset = track as f64 * TRACK;
                    heights[channel] + offset
                };
                let mut points = vec![(start, edges(from).1), (start, height(leaves))];
                if leaves != enters
                    && let Some(trunk) = columns.trunk(net)
                {
                    points.extend([(trunk, height(leaves)), (trunk, height(enters))]);
                }
                points.extend([(finish, height(enters)), (finish, edges(to).0)]);
                lines.push(Line { points: straightened(points), link: *link });
            }
            nets.push(lines);
        }
        nets
    }
}

impl Stretch {
    fn add(&mut self, x: f64) {
        self.from = self.from.min(x);
        self.to = self.to.max(x);
    }

    /// How often lines cross where this one runs above the other.
    fn crossings(&self, lower: &Self) -> usize {
        let within = |xs: &[f64], of: &Self| xs.iter().filter(|x| **x > of.from && **x < of.to).count();
        within(&self.below, lower) + within(&lower.above, self)
    }
}

/// Lets neighbouring tracks change places while that saves crossings.
fn sort(levels: &mut [Vec<Stretch>]) {
    let crossings = |upper: &[Stretch], lower: &[Stretch]| -> usize {
        upper.iter().flat_map(|upper| lower.iter().map(|lower| upper.crossings(lower))).sum()
    };
    for _ in 0..levels.len() {
        let mut is_better = false;
        for level in 1..levels.len() {
            let (upper, lower) = (&levels[level - 1], &levels[level]);
            if crossings(lower, upper) < crossings(upper, lower) {
                levels.swap(level - 1, level);
                is_better = true;
            }
        }
        if !is_better {
            return;
        }
    }
}

/// Where nets leave and enter cards: around the middle, in the order of where they lead.
fn anchors(wiring: &Wiring, cells: &[Cell], columns: &Columns) -> HashMap<(usize, usize), f64> {
    // By card and side, the nets with the column that they lead to.
    let mut sides: BTreeMap<(usize, bool), Vec<(usize, usize)>> = BTreeMap::new();
    for (number, net) in wiring.nets.iter().enumerate() {
        let gutter = net.gutter.map(|gutter| 2 * gutter);
        for (card, channel, is_sink) in net.cards(cells) {
            let is_beside = Net::channel(cells[net.hub], net.is_sink) == channel && card != net.hub;
            let toward = match gutter {
                Some(gutter) if !is_beside => gutter,
                _ if card == net.hub => {
                    let columns = net.ends.iter().map(|(end, _)| 2 * cells[*end].column + 1);
                    columns.sum::<usize>() / net.ends.len().max(1)
                }
                _ => 2 * cells[net.hub].column + 1,
            };
            sides.entry((card, is_sink)).or_default().push((toward, number));
        }
    }
    let mut anchors = HashMap::new();
    // What is taken in each channel and column: the ends of lines from above.
    let mut taken: HashMap<Cell, Vec<(f64, usize)>> = HashMap::new();
    for of_sinks in [false, true] {
        for ((card, _), nets) in sides.iter_mut().filter(|((_, is_sink), _)| *is_sink == of_sinks) {
            nets.sort_unstable();
            let cell = cells[*card];
            let channel = Cell { row: Net::channel(cell, of_sinks), column: cell.column };
            let middle = columns.left[cell.column] + columns.width / 2.0;
            #[expect(clippy::cast_precision_loss, reason = "lines are few")]
            let (count, room) = (nets.len() as f64, columns.width - 40.0);
            let step = (room / count.max(1.0)).min(2.0 * TRACK);
            for (index, (_, net)) in nets.iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "lines are few")]
                let wanted = middle + (index as f64 - (count - 1.0) / 2.0) * step;
                let known = taken.entry(channel).or_default();
                let x = free(known, *net, wanted, middle - room / 2.0, middle + room / 2.0);
                known.push((x, *net));
                anchors.insert((*net, *card), x);
            }
        }
    }
    anchors
}

/// The nearest place that no other net has: that of the same net, where it comes from right above.
fn free(known: &[(f64, usize)], net: usize, wanted: f64, least: f64, most: f64) -> f64 {
    if let Some((same, _)) = known.iter().find(|(_, other)| *other == net) {
        return *same;
    }
    let is_free = |x: &f64| known.iter().all(|(other, _)| (other - x).abs() >= TRACK - 0.5);
    let candidates = (0..40).flat_map(|step| {
        let offset = f64::from(step) * TRACK;
        [wanted - offset, wanted + offset]
    });
    candidates.filter(|x| *x >= least && *x <= most).find(is_free).unwrap_or(wanted)
}

/// Without points that say nothing.
fn straightened(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    let is_near = |a: f64, b: f64| (a - b).abs() < 0.5;
    for point in points {
        if out.last().is_some_and(|last| is_near(last.0, point.0) && is_near(last.1, point.1)) {
            continue;
        }
        if let [.., before, last] = out.as_slice() {
            let is_straight = is_near(before.0, last.0) && is_near(last.0, point.0)
                || is_near(before.1, last.1) && is_near(last.1, point.1);
            if is_straight {
                out.pop();
            }
        }
        out.push(point);
    }
    out
}

//! Which cell of a grid each card gets: the same in every environment, so that nothing moves when another one is shown.
//!
//! A tier is some rows. Among services those that are waited for stand below those that wait; within that, cards change
//! places as long as that makes the links shorter.

use std::collections::{BTreeMap, HashMap};

use super::scene::{Meaning, Scene, Tier};

/// How often a group of cards is looked through for places to change, and how many pairs are looked at in all of that.
const PASSES: usize = 10;
const PAIRS: usize = 3_000_000;

/// A cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Cell {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// The grid.
#[derive(Debug)]
pub(super) struct Placement {
    pub(super) columns: usize,
    /// The tier of each row, in their order.
    pub(super) rows: Vec<Tier>,
    /// Of each view, the cells of its cards.
    pub(super) cells: Vec<Vec<Cell>>,
}

/// A card of some view.
#[derive(Debug)]
struct Place {
    tier: Tier,
    is_routed: bool,
    /// The other ends of its links.
    near: Vec<usize>,
}

/// Cells in which any of its cards may stand.
struct Group {
    first_row: usize,
    /// What stands in each cell, row by row.
    held: Vec<Option<usize>>,
}

impl Placement {
    pub(super) fn of(scene: &Scene) -> Self {
        let mut positions: HashMap<(Tier, &str), usize> = HashMap::new();
        let mut places: Vec<Place> = Vec::new();
        let mut of_views: Vec<Vec<usize>> = Vec::new();
        for view in &scene.views {
            let of_view = view.cards.iter().map(|card| {
                let position = *positions.entry(card.key()).or_insert_with(|| {
                    places.push(Place { tier: card.tier, is_routed: false, near: Vec::new() });
                    places.len() - 1
                });
                places[position].is_routed |= card.is_routed;
                position
            });
            of_views.push(of_view.collect());
        }
        let mut waits: Vec<(usize, usize)> = Vec::new();
        for (view, of_view) in scene.views.iter().zip(&of_views) {
            for link in &view.links {
                let (from, to) = (of_view[link.from], of_view[link.to]);
                if !places[from].near.contains(&to) {
                    places[from].near.push(to);
                    places[to].near.push(from);
                }
                if matches!(link.meaning, Meaning::Wait(_)) && places[from].tier == places[to].tier {
                    waits.push((from, to));
                }
            }
        }
        let columns = columns(&places);
        let (rows, mut groups) = groups(&places, &levels(places.len(), &waits), columns);
        let mut cells = vec![Cell::default(); places.len()];
        for group in &groups {
            group.tell(columns, &mut cells);
        }
        settle(&places, &mut groups, columns, &mut cells);
        let columns = close(columns, &mut cells);
        let cells = of_views.iter().map(|of_view| of_view.iter().map(|position| cells[*position]).collect()).collect();
        Self { columns, rows, cells }
    }
}

/// How many columns: as many as fit a screen, and more only where the picture would become a scroll.
fn columns(places: &[Place]) -> usize {
    let count = places.iter().filter(|place| matches!(place.tier, Tier::Services | Tier::Stores)).count();
    match count {
        0..=6 => 3,
        7..=14 => 4,
        15..=70 => 5,
        // About twice as high as wide.
        _ => (count / 2).isqrt().max(6),
    }
}

/// How many others wait for it one after the other, at most. What waits for itself in a circle stands where the circle is
/// first cut.
fn levels(count: usize, waits: &[(usize, usize)]) -> Vec<usize> {
    let mut waiting = vec![0_usize; count];
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in waits {
        waiting[*to] += 1;
        next[*from].push(*to);
    }
    let mut levels = vec![0; count];
    let mut is_done = vec![false; count];
    let mut ready: Vec<usize> = (0..count).rev().filter(|position| waiting[*position] == 0).collect();
    let mut uncut = 0..count;
    loop {
        let Some(position) = ready.pop().or_else(|| uncut.find(|position| !is_done[*position])) else { return levels };
        if std::mem::replace(&mut is_done[position], true) {
            continue;
        }
        for to in &next[position] {
            waiting[*to] = waiting[*to].saturating_sub(1);
            if !is_done[*to] {
                levels[*to] = levels[*to].max(levels[position] + 1);
                if waiting[*to] == 0 {
                    ready.push(*to);
                }
            }
        }
    }
}

fn groups(places: &[Place], levels: &[usize], columns: usize) -> (Vec<Tier>, Vec<Group>) {
    let mut members: BTreeMap<(Tier, usize), Vec<usize>> = BTreeMap::new();
    for (position, place) in places.iter().enumerate() {
        members.entry((place.tier, levels[position])).or_default().push(position);
    }
    let mut rows = Vec::new();
    let mut groups = Vec::new();
    for ((tier, _), mut members) in members {
        // What the proxy leads to stands nearer to it.
        members.sort_by_key(|position| (!places[*position].is_routed, places[*position].near.iter().max().copied()));
        let count = members.len().div_ceil(columns);
        let mut held = vec![None; count * columns];
        for (row, of_row) in members.chunks(columns).enumerate() {
            let start = row * columns + (columns - of_row.len()) / 2;
            for (offset, position) in of_row.iter().enumerate() {
                held[start + offset] = Some(*position);
            }
        }
        groups.push(Group { first_row: rows.len(), held });
        rows.extend(std::iter::repeat_n(tier, count));
    }
    (rows, groups)
}

impl Group {
    fn tell(&self, columns: usize, cells: &mut [Cell]) {
        for (at, position) in self.held.iter().enumerate() {
            if let Some(position) = position {
                cells[*position] = self.cell(at, columns);
            }
        }
    }

    fn cell(&self, at: usize, columns: usize) -> Cell {
        Cell { row: self.first_row + at / columns, column: at % columns }
    }
}

/// Lets cards of a group change places, with each other and with empty cells, while that makes links shorter.
fn settle(places: &[Place], groups: &mut [Group], columns: usize, cells: &mut [Cell]) {
    let pairs: usize = groups.iter().map(|group| group.held.len() * group.held.len() / 2).sum();
    for _ in 0..PASSES.min(PAIRS / pairs.max(1)).max(1) {
        let mut is_better = false;
        for group in &mut *groups {
            // So many pairs that the few cards near each other are enough.
            let reach = if pairs > PAIRS { 2 * columns } else { group.held.len() };
            for one in 0..group.held.len() {
                for other in one + 1..group.held.len().min(one + 1 + reach) {
                    let (a, b) = (group.held[one], group.held[other]);
                    if a.is_none() && b.is_none() {
                        continue;
                    }
                    let before = cost(places, cells, [a, b], columns);
                    let ends = [group.cell(one, columns), group.cell(other, columns)];
                    put(cells, a, ends[1]);
                    put(cells, b, ends[0]);
                    if cost(places, cells, [a, b], columns) < before {
                        group.held.swap(one, other);
                        is_better = true;
                    } else {
                        put(cells, a, ends[0]);
                        put(cells, b, ends[1]);
                    }
                }
            }
        }
        if !is_better {
            return;
        }
    }
}

/// Takes columns away in which nothing stands; says how many are left.
fn close(columns: usize, cells: &mut [Cell]) -> usize {
    let mut is_used = vec![false; columns];
    for cell in &*cells {
        is_used[cell.column] = true;
    }
    let before = |column: usize| is_used[..column].iter().filter(|is_used| **is_used).count();
    for cell in cells {
        cell.column = before(cell.column);
    }
    before(columns).max(1)
}

fn put(cells: &mut [Cell], card: Option<usize>, cell: Cell) {
    if let Some(card) = card {
        cells[card] = cell;
    }
}

/// How long the links of cards are, and a little for how far they stand from the middle.
fn cost(places: &[Place], cells: &[Cell], cards: [Option<usize>; 2], columns: usize) -> usize {
    let of_card = |card: usize| {
        let cell = cells[card];
        let links = places[card].near.iter().map(|near| {
            let near = cells[*near];
            let rows = near.row.abs_diff(cell.row);
            // Right above each other a straight line does.
            12 * near.column.abs_diff(cell.column) + 5 * rows + if rows > 1 { 8 } else { 0 }
        });
        links.sum::<usize>() + (2 * cell.column).abs_diff(columns - 1)
    };
    cards.into_iter().flatten().map(of_card).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_stands_below_and_circles_end() {
        assert_eq!(levels(4, &[(0, 1), (1, 2), (0, 2)]), [0, 1, 2, 0]);
        let circle = levels(3, &[(0, 1), (1, 2), (2, 0)]);
        assert_eq!(circle, [0, 1, 2]);
    }
}

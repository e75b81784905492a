//! From a text with everything resolved back to the text as written: where a part of the one stands in the other.

use std::ops::Range;

use super::text::closing_brace;

/// How a resolved text lies on the text that it was made from.
#[derive(Debug)]
pub(crate) struct Alignment {
    /// For each byte of the resolved text, and for its end: where what it comes from begins.
    starts: Vec<usize>,
    /// The same, where what the byte before it comes from ends.
    ends: Vec<usize>,
    /// What stands for each `${…}`: where in the resolved text, and where as written.
    holes: Vec<(Range<usize>, Range<usize>)>,
}

/// A part of a text as written.
enum Piece {
    /// Characters that stand for themselves, and where each byte of them is written; then where they end.
    Literal(String, Vec<usize>, usize),
    /// `${…}`.
    Hole(Range<usize>),
}

impl Alignment {
    /// Lays `resolved` on `written`. None where they do not belong together.
    pub(crate) fn new(written: &str, resolved: &str) -> Option<Self> {
        let pieces = pieces(written)?;
        let mut alignment = Self { starts: Vec::new(), ends: vec![0], holes: Vec::new() };
        let mut hole: Option<Range<usize>> = None;
        let mut at = 0;
        let last = pieces.len().saturating_sub(1);
        for (index, piece) in pieces.into_iter().enumerate() {
            match piece {
                Piece::Hole(range) => {
                    // Of two neighbours nobody can tell where the one ends.
                    hole = Some(hole.map_or(range.clone(), |before| before.start..range.end));
                }
                Piece::Literal(text, offsets, end) => {
                    let rest = resolved.get(at..)?;
                    let skipped = match &hole {
                        None => rest.starts_with(&text).then_some(0)?,
                        Some(_) if index == last => rest.strip_suffix(text.as_str())?.len(),
                        Some(_) => rest.find(&text)?,
                    };
                    alignment.fill(hole.take(), at, skipped);
                    alignment.starts.extend(&offsets);
                    alignment.ends.extend(offsets.iter().skip(1).chain([&end]));
                    at += skipped + text.len();
                }
            }
        }
        let rest = resolved.len().checked_sub(at)?;
        if hole.is_none() && rest > 0 {
            return None;
        }
        alignment.fill(hole, at, rest);
        alignment.starts.push(written.len());
        Some(alignment)
    }

    /// Notes that `length` bytes from `at` on come from a hole.
    fn fill(&mut self, hole: Option<Range<usize>>, at: usize, length: usize) {
        let Some(hole) = hole else { return };
        self.starts.extend(std::iter::repeat_n(hole.start, length));
        self.ends.extend(std::iter::repeat_n(hole.end, length));
        self.holes.push((at..at + length, hole));
    }

    /// Where a part of the resolved text is written: of what comes from a `${…}`, all of that.
    pub(crate) fn written(&self, resolved: &Range<usize>) -> Range<usize> {
        let start = self.starts.get(resolved.start).or(self.starts.last()).copied().unwrap_or_default();
        let end = self.ends.get(resolved.end).or(self.ends.last()).copied().unwrap_or_default();
        start..end.max(start)
    }

    /// The `${…}` as written that a part of the resolved text touches.
    pub(crate) fn holes(&self, resolved: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let touches = |part: &Range<usize>| part.start <= resolved.end && resolved.start <= part.end;
        self.holes.iter().filter(move |(part, _)| touches(part)).map(|(_, written)| written.clone())
    }
}

fn pieces(written: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut literal = (String::new(), Vec::new());
    let mut at = 0;
    while let Some(character) = written.get(at..)?.chars().next() {
        let rest = &written[at..];
        if rest.starts_with("${") {
            let length = closing_brace(rest)? + 1;
            if !literal.0.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal.0), std::mem::take(&mut literal.1), at));
            }
            pieces.push(Piece::Hole(at..at + length));
            at += length;
            continue;
        }
        literal.0.push(character);
        literal.1.extend(at..at + character.len_utf8());
        at += if rest.starts_with("$$") { 2 } else { character.len_utf8() };
    }
    if !literal.0.is_empty() {
        pieces.push(Piece::Literal(literal.0, literal.1, at));
    }
    Some(pieces)
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "a list of one range")]
mod tests {
    use super::*;

    /// What is written where `part` stands in the resolved text.
    fn written<'w>(written: &'w str, resolved: &str, part: &str) -> &'w str {
        let at = resolved.find(part).unwrap();
        let range = Alignment::new(written, resolved).unwrap().written(&(at..at + part.len()));
        &written[range]
    }

    #[test]
    fn what_stands_for_itself_is_found_byte_by_byte() {
        assert_eq!(written("Host(`a`)", "Host(`a`)", "a"), "a");
        assert_eq!(written("ä$$x", "ä$x", "$"), "$$");
        assert_eq!(written("ä$$x", "ä$x", "x"), "x");
        assert_eq!(written("$$", "$", "$"), "$$");
    }

    #[test]
    fn what_comes_from_a_variable_is_the_whole_of_it() {
        let text = "Host(`${A}`) && Path(`${B:-/x}y`)";
        let resolved = "Host(`a.example`) && Path(`/xy`)";
        assert_eq!(written(text, resolved, "example"), "${A}");
        assert_eq!(written(text, resolved, "Path"), "Path");
        assert_eq!(written(text, resolved, "`/xy`"), "`${B:-/x}y`");
        assert_eq!(written(text, resolved, "y"), "y");
        assert_eq!(written("${A}${B}", "ab", "a"), "${A}${B}");
        let alignment = Alignment::new(text, resolved).unwrap();
        assert_eq!(alignment.holes(&(27..28)).collect::<Vec<_>>(), [22..30]);
        assert_eq!(alignment.holes(&(0..3)).count(), 0);
    }

    #[test]
    fn an_empty_value_keeps_its_place() {
        let alignment = Alignment::new("Host(`${A:-}`)", "Host(``)").unwrap();
        assert_eq!(alignment.written(&(5..7)), 5..13);
        assert_eq!(alignment.holes(&(5..7)).collect::<Vec<_>>(), [6..12]);
    }

    #[test]
    fn strangers_do_not_lie_on_each_other() {
        assert!(Alignment::new("Host(`a`)", "Host(`b`)").is_none());
        assert!(Alignment::new("a", "ab").is_none());
        assert!(Alignment::new("${A", "x").is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(written in "[a${}`ä]{0,20}", resolved in "[a${}`ä]{0,20}", at in 0usize..20) {
            if let Some(alignment) = Alignment::new(&written, &resolved) {
                let range = alignment.written(&(at..at + 3));
                assert!(written.get(range).is_some());
            }
        }
    }
}

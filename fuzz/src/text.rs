//! Texts of services.toml.

use std::ops::Range;

use stackgen::manifest::text::{Piece, Text};

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let (parsed, flaws) = Text::parse(text);
    for flaw in &flaws {
        assert_inside(text, &flaw.range);
    }
    let mut end = 0;
    for range in parsed.pieces.iter().filter_map(range) {
        assert_inside(text, range);
        assert!(text[range.clone()].starts_with("${") && text[range.clone()].ends_with('}'), "{range:?} of {text:?}");
        assert!(range.start >= end, "{range:?} of {text:?} is not in order");
        end = range.end;
    }
    if !text.contains('$') {
        assert_eq!(parsed.as_literal(), Some(text));
        assert!(flaws.is_empty(), "{flaws:?}");
    }
    let escaped = text.replace('$', "$$");
    let (meant, flaws) = Text::parse(&escaped);
    assert_eq!((meant.as_literal(), flaws.as_slice()), (Some(text), &[][..]), "{escaped:?}");
}

fn range(piece: &Piece) -> Option<&Range<usize>> {
    match piece {
        Piece::Literal(_) => None,
        Piece::Reference { range, .. } | Piece::Variable { range, .. } => Some(range),
    }
}

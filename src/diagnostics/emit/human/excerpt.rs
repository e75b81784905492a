//! The lines of a file that a finding shows: without secrets, and never endlessly long.

use std::ops::Range;

use crate::diagnostics::redaction::MASK;

/// What stands for the part of a line that is left out.
const ELLIPSIS: &str = "…";
/// What stands for a character that a terminal might obey.
const REPLACEMENT: &str = "\u{fffd}";

/// Some whole lines of a text, fit to be shown.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// The lines.
    pub(super) text: String,
    /// The number of the first line, from 1.
    pub(super) line: usize,
    /// Where each of the asked-for spans stands in `text`, in the same order.
    pub(super) spans: Vec<Range<usize>>,
}

impl Excerpt {
    /// The lines of `text` from the first to the last of `spans`, which lie in the text and on character boundaries.
    /// What stands in `secrets` (sorted and disjoint) is masked. Of a line of more than `width` characters only the
    /// surroundings of the spans' ends are kept.
    pub(super) fn new(text: &str, spans: &[Range<usize>], secrets: &[Range<usize>], width: usize) -> Self {
        let spans: Vec<_> = spans.iter().map(|span| without_line_end(text, span)).collect();
        let from = spans.iter().map(|span| span.start).min().unwrap_or(0);
        let to = spans.iter().map(|span| span.end).max().unwrap_or(0);
        let start = text[..from].rfind('\n').map_or(0, |at| at + 1);
        let rest = text[to..].split_once('\n').map_or(&text[to..], |(rest, _)| rest.strip_suffix('\r').unwrap_or(rest));
        let lines = &text[start..to + rest.len()];

        let masked = Edited::new(lines, &masks(lines, start, secrets));
        let spans: Vec<_> = spans.iter().map(|span| masked.span(span.start - start..span.end - start)).collect();
        let short = Edited::new(&masked.text, &elisions(&masked.text, &spans, width));
        let spans = spans.into_iter().map(|span| short.span(span)).collect();
        let line = text[..start].matches('\n').count() + 1;
        Self { text: short.text, line, spans }
    }
}

/// A range of bytes, and what to show instead.
type Edit = (Range<usize>, &'static str);

/// The secrets in `lines`, which begin at `start`, and the control characters that the renderer lets through.
fn masks(lines: &str, start: usize, secrets: &[Range<usize>]) -> Vec<Edit> {
    let end = start + lines.len();
    let inside = secrets.iter().filter(|secret| secret.start < end && start < secret.end);
    let mut masks: Vec<Edit> =
        inside.map(|secret| (secret.start.max(start) - start..secret.end.min(end) - start, MASK)).collect();
    for (at, control) in lines.match_indices(|c| matches!(c, '\u{80}'..='\u{9f}')) {
        let place = masks.partition_point(|(mask, _)| mask.end <= at);
        if masks.get(place).is_none_or(|(mask, _)| at < mask.start) {
            masks.insert(place, (at..at + control.len(), REPLACEMENT));
        }
    }
    masks
}

/// What to leave out of the lines that are too long.
fn elisions(text: &str, spans: &[Range<usize>], width: usize) -> Vec<Edit> {
    let mut elisions = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let end = start + line.len();
        if line.chars().nth(width).is_some() {
            let mut kept = start;
            for keep in kept_of(text, start..end, spans, width) {
                if kept < keep.start {
                    elisions.push((kept..keep.start, ELLIPSIS));
                }
                kept = kept.max(keep.end);
            }
            if kept < end {
                elisions.push((kept..end, ELLIPSIS));
            }
        }
        start = end + 1;
    }
    elisions
}

/// What of a long line stays, sorted: the surroundings of where spans begin and end; its beginning where none does.
fn kept_of(text: &str, line: Range<usize>, spans: &[Range<usize>], width: usize) -> Vec<Range<usize>> {
    let around = (width / 6).max(1);
    let ends = spans.iter().flat_map(|span| [span.start, span.end]).filter(|at| (line.start..=line.end).contains(at));
    let mut kept: Vec<_> = ends
        .map(|at| {
            let before = text[line.start..at].char_indices().rev().take(around).last();
            let after = text[at..line.end].char_indices().nth(around);
            before.map_or(at, |(to, _)| line.start + to)..after.map_or(line.end, |(to, _)| at + to)
        })
        .collect();
    if kept.is_empty() {
        let beginning = text[line.clone()].char_indices().nth(width);
        kept.push(line.start..beginning.map_or(line.end, |(to, _)| line.start + to));
    }
    kept.sort_by_key(|keep| keep.start);
    kept
}

/// The span without the line end that it ends with, so that it does not reach into the next line.
fn without_line_end(text: &str, span: &Range<usize>) -> Range<usize> {
    span.start..span.start + text[span.clone()].trim_end_matches(['\r', '\n']).len()
}

/// A text with edits, and the way from its offsets to those of the result.
struct Edited {
    text: String,
    /// The old and the new range of each edit.
    edits: Vec<(Range<usize>, Range<usize>)>,
}

impl Edited {
    /// `edits` are sorted and disjoint.
    fn new(text: &str, edits: &[Edit]) -> Self {
        let mut edited = Self { text: String::with_capacity(text.len()), edits: Vec::with_capacity(edits.len()) };
        let mut copied = 0;
        for (old, new) in edits {
            edited.text.push_str(&text[copied..old.start]);
            let start = edited.text.len();
            edited.text.push_str(new);
            edited.edits.push((old.clone(), start..edited.text.len()));
            copied = old.end;
        }
        edited.text.push_str(&text[copied..]);
        edited
    }

    /// Where a range stands in the result; one that begins or ends inside of an edit takes in the whole edit.
    fn span(&self, span: Range<usize>) -> Range<usize> {
        let start = self.offset(span.start, |edit| edit.start);
        if span.is_empty() { start..start } else { start..self.offset(span.end, |edit| edit.end) }
    }

    fn offset(&self, offset: usize, inside: fn(&Range<usize>) -> usize) -> usize {
        let before = self.edits.partition_point(|(old, _)| old.start < offset);
        match self.edits[..before].last() {
            None => offset,
            Some((old, new)) if offset < old.end => inside(new),
            Some((old, new)) => new.end + (offset - old.end),
        }
    }
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "a list of one span")]
mod tests {
    use super::*;

    /// The lines with the first span in brackets.
    fn shown(text: &str, spans: &[Range<usize>], secrets: &[Range<usize>], width: usize) -> String {
        let excerpt = Excerpt::new(text, spans, secrets, width);
        let Range { start, end } = excerpt.spans[0];
        format!("{}: {}[{}]{}", excerpt.line, &excerpt.text[..start], &excerpt.text[start..end], &excerpt.text[end..])
    }

    #[test]
    fn only_the_lines_of_the_spans_are_kept() {
        let text = "one\ntwo = 2\nthree\nfour\n";
        assert_eq!(shown(text, &[10..11], &[], 80), "2: two = [2]");
        assert_eq!(shown(text, &[10..11, 18..19], &[], 80), "2: two = [2]\nthree\nfour");
        assert_eq!(shown(text, &[4..12], &[], 80), "2: [two = 2]");
        assert_eq!(shown(text, &[23..23], &[], 80), "5: []");
        assert_eq!(shown("", &[0..0], &[], 80), "1: []");
    }

    #[test]
    fn a_mask_has_always_the_same_length_and_spans_stay_right() {
        for secret in ["x", "a much longer secret"] {
            let text = format!("a = \"{secret}\" # é");
            let secret = 5..5 + secret.len();
            let quoted = secret.start - 1..secret.end + 1;
            assert_eq!(shown(&text, &[quoted], std::slice::from_ref(&secret), 80), "1: a = [\"********\"] # é");
            let comment = text.len() - 4..text.len();
            assert_eq!(shown(&text, &[comment], std::slice::from_ref(&secret), 80), "1: a = \"********\" [# é]");
            let half = secret.start..secret.start + 1;
            assert_eq!(shown(&text, &[half], &[secret], 80), "1: a = \"[********]\" # é");
        }
    }

    #[test]
    fn long_lines_keep_what_surrounds_the_spans() {
        let text = format!("{} = \"{}\"\n", "k".repeat(40), "v".repeat(40));
        assert_eq!(shown(&text, &[43..85], &[], 30), "1: …kk = [\"vvvv…vvvv\"]");
        assert_eq!(shown(&text, &[0..40], &[], 30), "1: [kkkkk…kkkkk] = \"v…");
        let lines = format!("a = [\n  {},\n]\n", "9".repeat(60));
        assert_eq!(shown(&lines, &[4..lines.len() - 1], &[], 20), "1: a = [[\n  999999999999999999…\n]]");
    }

    #[test]
    fn controls_of_the_terminal_are_replaced() {
        assert_eq!(shown("a\u{9b}b\u{9b}c", &[6..7], &[3..6], 80), "1: a\u{fffd}********[c]");
    }
}

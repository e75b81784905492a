//! A program as tokens, whatever its language: what the scanners ask of one.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Name,
    /// A string with its quotes and prefix, or a template without expressions.
    Text,
    /// A number.
    Number,
    /// A regular expression.
    Pattern,
    /// The start of a logical line, in languages that have such; it reaches over the blanks before it.
    Line,
    /// Anything else.
    Sign,
}

/// A token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A file as tokens.
#[derive(Debug)]
pub(crate) struct Tokens<'t> {
    text: &'t str,
    all: Vec<Token>,
    /// The other bracket of each bracket; itself for everything else.
    pairs: Vec<usize>,
    /// Where each name stands, once somebody asks.
    names: OnceCell<BTreeMap<&'t str, Vec<usize>>>,
}

/// How many open brackets may lie between two that belong together: more, and the file is broken.
const FORGOTTEN: usize = 3;

impl<'t> Tokens<'t> {
    /// The tokens of a text, with brackets that know each other.
    pub(crate) fn new(text: &'t str, all: Vec<Token>) -> Self {
        let mut pairs: Vec<usize> = (0..all.len()).collect();
        let mut open: Vec<usize> = Vec::new();
        for (index, token) in all.iter().enumerate().filter(|(_, token)| token.kind == Kind::Sign) {
            match &text[token.start..token.end] {
                "(" | "[" | "{" | "${" => open.push(index),
                sign @ (")" | "]" | "}") => {
                    let fits = |at: &usize| match &text[all[*at].start..all[*at].end] {
                        "(" => sign == ")",
                        "[" => sign == "]",
                        _ => sign == "}",
                    };
                    // A bracket that does not fit stands in markup, or the file is broken.
                    if let Some(position) = open.iter().rposition(fits).filter(|at| open.len() - at <= FORGOTTEN) {
                        let other = open[position];
                        open.truncate(position);
                        pairs[index] = other;
                        pairs[other] = index;
                    }
                }
                _ => {}
            }
        }
        Self { text, all, pairs, names: OnceCell::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<Token> {
        self.all.get(index).copied()
    }

    pub(crate) fn kind(&self, index: usize) -> Option<Kind> {
        self.get(index).map(|token| token.kind)
    }

    pub(crate) fn is_name(&self, index: usize) -> bool {
        self.kind(index) == Some(Kind::Name)
    }

    /// The token that begins at a byte, or the next one.
    pub(super) fn at(&self, byte: usize) -> usize {
        self.all.partition_point(|token| token.start < byte)
    }

    /// Where a name stands behind a token.
    pub(super) fn named_behind(&self, name: &str, from: usize) -> &[usize] {
        let names = self.names.get_or_init(|| {
            let mut names: BTreeMap<&'t str, Vec<usize>> = BTreeMap::new();
            for index in (0..self.len()).filter(|index| self.is_name(*index)) {
                names.entry(self.text(index)).or_default().push(index);
            }
            names
        });
        let all = names.get(name).map(Vec::as_slice).unwrap_or_default();
        &all[all.partition_point(|index| *index <= from)..]
    }

    /// The token's text; empty behind the end, and for the start of a line.
    pub(crate) fn text(&self, index: usize) -> &'t str {
        match self.all.get(index) {
            Some(token) if token.kind != Kind::Line => &self.text[token.start..token.end],
            _ => "",
        }
    }

    /// The text of the token that stands `back` before; empty before the start.
    pub(crate) fn before(&self, index: usize, back: usize) -> &'t str {
        index.checked_sub(back).map_or("", |index| self.text(index))
    }

    /// Whether these tokens begin at `index`.
    pub(crate) fn are(&self, index: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| self.text(index + offset) == *word)
    }

    /// The text of a string without escapes; none for one with expressions in it.
    pub(crate) fn string(&self, index: usize) -> Option<&'t str> {
        if self.kind(index) != Some(Kind::Text) {
            return None;
        }
        let text = self.text(index);
        let quote = text.find(['"', '\'', '`'])?;
        if text[..quote].contains(['f', 'F', 't', 'T']) {
            return None;
        }
        let body = &text[quote..];
        let width = if body.starts_with("\"\"\"") || body.starts_with("'''") { 3 } else { 1 };
        let inner = body.get(width..body.len().checked_sub(width)?)?;
        (!inner.contains('\\')).then_some(inner)
    }

    /// The other bracket.
    pub(crate) fn pair(&self, index: usize) -> usize {
        self.pairs.get(index).copied().unwrap_or(index)
    }

    /// The first token of each item between a bracket and its other one.
    pub(crate) fn items(&self, open: usize) -> Vec<usize> {
        let close = self.pair(open);
        let mut items = vec![open + 1];
        let mut at = open + 1;
        while at < close {
            if self.text(at) == "," {
                items.push(at + 1);
            }
            at = self.pair(at).max(at) + 1;
        }
        items.retain(|at| *at < close);
        items
    }

    /// From one token to another, in bytes.
    pub(crate) fn span(&self, from: usize, last: usize) -> Range<usize> {
        let start = self.all.get(from).map_or(0, |token| token.start);
        let end = self.all.get(last).map_or(start, |token| token.end);
        start..end.max(start)
    }
}

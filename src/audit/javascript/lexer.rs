//! The tokens of JavaScript and TypeScript, as far as the audit needs them: names, strings and brackets, with comments,
//! regular expressions and the text of templates out of the way (ECMA-262, "Lexical Grammar").
//!
//! What looks like markup (JSX, Vue, Svelte) is read as code too: a quotation mark that nothing closes on its line is no
//! string.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Name,
    /// A string, or a template without expressions; with its quotes.
    Text,
    /// A number.
    Number,
    /// A regular expression.
    Pattern,
    /// Anything else.
    Sign,
}

/// A token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A file as tokens.
#[derive(Debug)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    all: Vec<Token>,
    /// The other bracket of each bracket; itself for everything else.
    pairs: Vec<usize>,
}

const SIGNS: [&str; 16] =
    ["===", "!==", "??=", "||=", "&&=", "...", "**=", "=>", "?.", "??", "||", "&&", "==", "!=", ">=", "<="];

impl<'t> Tokens<'t> {
    /// Splits a file.
    pub(super) fn of(text: &'t str) -> Self {
        let all =
            Lexer { text, bytes: text.as_bytes(), at: 0, tokens: Vec::new(), templates: Vec::new(), depth: 0 }.run();
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
                    if let Some(position) = open.iter().rposition(fits).filter(|at| open.len() - at <= 3) {
                        let other = open[position];
                        open.truncate(position);
                        pairs[index] = other;
                        pairs[other] = index;
                    }
                }
                _ => {}
            }
        }
        Self { text, all, pairs }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The token's text; empty behind the end.
    pub(super) fn text(&self, index: usize) -> &'t str {
        self.all.get(index).map_or("", |token| &self.text[token.start..token.end])
    }

    /// The text of the token that stands `back` before; empty before the start.
    pub(super) fn before(&self, index: usize, back: usize) -> &'t str {
        index.checked_sub(back).map_or("", |index| self.text(index))
    }

    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
        self.all.get(index).map(|token| token.kind)
    }

    pub(super) fn is_name(&self, index: usize) -> bool {
        self.kind(index) == Some(Kind::Name)
    }

    /// The text of a string without escapes.
    pub(super) fn string(&self, index: usize) -> Option<&'t str> {
        if self.kind(index) != Some(Kind::Text) {
            return None;
        }
        let text = self.text(index);
        let inner = text.get(1..text.len().checked_sub(1)?)?;
        (!inner.contains('\\')).then_some(inner)
    }

    /// The other bracket.
    pub(super) fn pair(&self, index: usize) -> usize {
        self.pairs.get(index).copied().unwrap_or(index)
    }

    /// From one token to another, in bytes.
    pub(super) fn span(&self, from: usize, last: usize) -> Range<usize> {
        let start = self.all.get(from).map_or(0, |token| token.start);
        let end = self.all.get(last).map_or(start, |token| token.end);
        start..end.max(start)
    }

    /// Whether these tokens begin at `index`.
    pub(super) fn are(&self, index: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| self.text(index + offset) == *word)
    }
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    tokens: Vec<Token>,
    /// The depths of braces at which expressions of open templates end.
    templates: Vec<usize>,
    depth: usize,
}

impl Lexer<'_> {
    fn run(mut self) -> Vec<Token> {
        if self.bytes.starts_with(b"#!") {
            self.at = self.end_of_line();
        }
        while let Some(byte) = self.bytes.get(self.at).copied() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' => self.slash(),
                b'"' | b'\'' => self.quoted(byte),
                b'`' => {
                    self.push(Kind::Sign, self.at + 1);
                    self.template();
                }
                b'0'..=b'9' => self.number(),
                _ if is_name_byte(byte) => {
                    let end = self.bytes[self.at..].iter().position(|b| !is_name_byte(*b));
                    self.push(Kind::Name, end.map_or(self.bytes.len(), |length| self.at + length));
                }
                _ => self.sign(byte),
            }
        }
        self.tokens
    }

    fn push(&mut self, kind: Kind, end: usize) {
        self.tokens.push(Token { kind, start: self.at, end });
        self.at = end;
    }

    fn end_of_line(&self) -> usize {
        self.bytes[self.at..].iter().position(|b| *b == b'\n').map_or(self.bytes.len(), |length| self.at + length)
    }

    fn last(&self) -> &str {
        self.tokens.last().map_or("", |token| &self.text[token.start..token.end])
    }

    fn slash(&mut self) {
        match self.bytes.get(self.at + 1) {
            Some(b'/') => self.at = self.end_of_line(),
            Some(b'*') => {
                let rest = &self.text[self.at + 2..];
                self.at = rest.find("*/").map_or(self.bytes.len(), |length| self.at + length + 4);
            }
            next => match self.pattern() {
                Some(end) if next != Some(&b'>') => self.push(Kind::Pattern, end),
                _ => self.push(Kind::Sign, self.at + 1),
            },
        }
    }

    /// Where a regular expression ends that begins here; none for a division.
    fn pattern(&self) -> Option<usize> {
        const BEFORE: [&str; 9] = ["return", "typeof", "case", "in", "of", "delete", "void", "throw", "await"];
        let is_value = self.tokens.last().is_some_and(|token| match token.kind {
            Kind::Name => !BEFORE.contains(&self.last()),
            Kind::Sign => matches!(self.last(), ")" | "]" | "}" | "<" | "`"),
            _ => true,
        });
        if is_value {
            return None;
        }
        let mut in_class = false;
        let mut at = self.at + 1;
        loop {
            match self.bytes.get(at)? {
                b'\n' => return None,
                b'\\' => at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => break,
                _ => {}
            }
            at += 1;
        }
        at += 1;
        while self.bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            at += 1;
        }
        Some(at)
    }

    fn quoted(&mut self, quote: u8) {
        let mut at = self.at + 1;
        loop {
            match self.bytes.get(at) {
                // No string: an apostrophe in the text of markup.
                None | Some(b'\n') => {
                    self.at += 1;
                    return;
                }
                Some(b'\\') => at += 1,
                Some(byte) if *byte == quote => break,
                Some(_) => {}
            }
            at += 1;
        }
        self.push(Kind::Text, at + 1);
    }

    /// Goes on behind the quote that opens a template, or behind an expression in one.
    fn template(&mut self) {
        let mut at = self.at;
        loop {
            match self.bytes.get(at) {
                None => {
                    self.at = at;
                    return;
                }
                Some(b'\\') => at += 1,
                Some(b'`') => break,
                Some(b'$') if self.bytes.get(at + 1) == Some(&b'{') => {
                    self.at = at;
                    self.push(Kind::Sign, at + 2);
                    self.depth += 1;
                    self.templates.push(self.depth);
                    return;
                }
                Some(_) => {}
            }
            at += 1;
        }
        // Without an expression it is a string.
        let opens = self.tokens.last().is_some_and(|token| token.end == self.at && self.last() == "`");
        if opens {
            let start = self.tokens.pop().map_or(self.at, |token| token.start);
            self.at = start;
            self.push(Kind::Text, at + 1);
        } else {
            self.at = at;
            self.push(Kind::Sign, at + 1);
        }
    }

    fn number(&mut self) {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')));
        self.push(Kind::Number, end.map_or(self.bytes.len(), |length| self.at + length));
    }

    fn sign(&mut self, byte: u8) {
        match byte {
            b'{' => self.depth += 1,
            b'}' => {
                let closes = self.templates.last() == Some(&self.depth);
                self.depth = self.depth.saturating_sub(1);
                if closes {
                    self.templates.pop();
                    self.push(Kind::Sign, self.at + 1);
                    self.template();
                    return;
                }
            }
            _ => {}
        }
        let rest = &self.bytes[self.at..];
        let length = SIGNS.iter().find(|sign| rest.starts_with(sign.as_bytes())).map_or(1, |sign| sign.len());
        self.push(Kind::Sign, self.at + length);
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

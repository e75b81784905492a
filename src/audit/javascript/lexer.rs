//! The tokens of JavaScript and TypeScript, as far as the audit needs them: names, strings and brackets, with comments,
//! regular expressions and the text of templates out of the way (ECMA-262, "Lexical Grammar").
//!
//! What looks like markup (JSX, Vue, Svelte) is read as code too: a quotation mark that nothing closes on its line is no
//! string.

use crate::audit::tokens::{Kind, Token, Tokens};

const SIGNS: [&str; 16] =
    ["===", "!==", "??=", "||=", "&&=", "...", "**=", "=>", "?.", "??", "||", "&&", "==", "!=", ">=", "<="];

/// Splits a file.
pub(crate) fn tokens(text: &str) -> Tokens<'_> {
    let lexer = Lexer { text, bytes: text.as_bytes(), at: 0, tokens: Vec::new(), templates: Vec::new(), depth: 0 };
    Tokens::new(text, lexer.run())
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

//! The tokens of Python, as far as the audit needs them (Python reference, "Lexical analysis").

use std::ops::Range;

use crate::audit::tokens::{Kind, Token, Tokens};

const SIGNS: [&str; 10] = ["...", "==", "!=", "<=", ">=", ":=", "->", "**", "//", "+="];

/// Splits a file.
pub(crate) fn tokens(text: &str) -> Tokens<'_> {
    let mut all = Vec::new();
    lex(text, 0, true, &mut all);
    Tokens::new(text, all)
}

impl Tokens<'_> {
    pub(crate) fn is_line(&self, index: usize) -> bool {
        matches!(self.kind(index), None | Some(Kind::Line))
    }

    /// By how much the line that begins at a token is moved in.
    pub(crate) fn indent(&self, line: usize) -> usize {
        self.get(line).map_or(0, |token| token.end - token.start)
    }

    /// Where the logical line of a token begins.
    pub(crate) fn line_of(&self, index: usize) -> usize {
        (0..=index.min(self.len().saturating_sub(1))).rev().find(|at| self.kind(*at) == Some(Kind::Line)).unwrap_or(0)
    }

    /// The token with which the next logical line begins.
    pub(crate) fn next_line(&self, index: usize) -> usize {
        (index + 1..self.len()).find(|at| self.kind(*at) == Some(Kind::Line)).unwrap_or(self.len())
    }
}

/// Adds the tokens of a text that begins at `base` of the file.
fn lex(text: &str, base: usize, has_lines: bool, out: &mut Vec<Token>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut depth = 0_usize;
    let mut is_start = has_lines;
    while at < bytes.len() {
        if is_start {
            let indent = bytes[at..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\x0c')).count();
            match bytes.get(at + indent) {
                Some(b'\n' | b'\r' | b'#') => {}
                _ => out.push(Token { kind: Kind::Line, start: base + at, end: base + at + indent }),
            }
            at += indent;
            is_start = false;
            continue;
        }
        let byte = bytes[at];
        match byte {
            b'\n' => {
                is_start = has_lines && depth == 0;
                at += 1;
            }
            b' ' | b'\t' | b'\r' | b'\x0c' => at += 1,
            b'\\' if matches!(bytes.get(at + 1), Some(b'\n')) => at += 2,
            b'\\' if matches!(bytes.get(at + 1), Some(b'\r')) => at += 3,
            b'#' => at += bytes[at..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - at),
            b'"' | b'\'' => at = string(text, base, at, at, out),
            b'0'..=b'9' => {
                let length =
                    bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')).count();
                out.push(Token { kind: Kind::Number, start: base + at, end: base + at + length });
                at += length;
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                let length =
                    bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_' || **b >= 0x80).count();
                let is_prefix = length <= 2 && matches!(bytes.get(at + length), Some(b'"' | b'\''));
                if is_prefix {
                    at = string(text, base, at, at + length, out);
                } else {
                    out.push(Token { kind: Kind::Name, start: base + at, end: base + at + length });
                    at += length;
                }
            }
            _ => {
                match byte {
                    b'(' | b'[' | b'{' => depth += 1,
                    b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                let rest = &bytes[at..];
                let length = SIGNS.iter().find(|sign| rest.starts_with(sign.as_bytes())).map_or(1, |sign| sign.len());
                out.push(Token { kind: Kind::Sign, start: base + at, end: base + at + length });
                at += length;
            }
        }
    }
}

/// Adds a string that begins at `start`, with its quote at `quote`, and says where it ends. The expressions of an
/// f-string follow it, each in brackets of its own so that they stay apart.
fn string(text: &str, base: usize, start: usize, quote: usize, out: &mut Vec<Token>) -> usize {
    let bytes = text.as_bytes();
    let mark = bytes[quote];
    let is_long = bytes[quote..].starts_with(&[mark; 3]);
    let width = if is_long { 3 } else { 1 };
    let mut at = quote + width;
    let mut end = bytes.len();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\n' if !is_long => {
                end = at;
                break;
            }
            byte if byte == mark && (!is_long || bytes[at..].starts_with(&[mark; 3])) => {
                end = at + width;
                break;
            }
            _ => {}
        }
        at += 1;
    }
    let end = end.min(bytes.len());
    let mut last = end;
    while !text.is_char_boundary(last) {
        last -= 1;
    }
    out.push(Token { kind: Kind::Text, start: base + start, end: base + last });
    if text[start..quote].contains(['f', 'F']) {
        expressions(text, base, quote + width..last.saturating_sub(width).max(quote + width), out);
    }
    last
}

fn expressions(text: &str, base: usize, inner: Range<usize>, out: &mut Vec<Token>) {
    let bytes = text.as_bytes();
    let mut at = inner.start;
    // Where nothing ends the string, this may lie in a character.
    let inner =
        inner.start..(inner.start..=inner.end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(inner.start);
    while at < inner.end {
        if bytes[at] != b'{' {
            at += 1;
            continue;
        }
        if bytes.get(at + 1) == Some(&b'{') {
            at += 2;
            continue;
        }
        let mut depth = 0_usize;
        let start = at + 1;
        let mut end = start;
        while end < inner.end {
            match bytes[end] {
                b'{' | b'(' | b'[' => depth += 1,
                b'}' if depth == 0 => break,
                b'}' | b')' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            end += 1;
        }
        lex(&text[start..end], base + start, false, out);
        at = end + 1;
    }
}

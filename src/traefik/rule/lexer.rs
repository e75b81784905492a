//! The words of a rule: those of a Go expression (The Go Programming Language Specification, "Lexical elements").

use std::ops::Range;

use super::{Flaw, FlawKind};

/// A word of a rule, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

/// What a word is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name; it may stand for a matcher.
    Name,
    /// A string, and what it means.
    Text(String),
    /// A number or a character: nothing that a matcher takes.
    Value,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `!`
    Not,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `...`
    Dots,
    /// Any other operator.
    Other,
    /// A line end where an expression could end, as if a `;` stood there.
    LineEnd,
    /// The end of the rule.
    End,
}

/// Operators of several characters that mean nothing in a rule, the longest first.
const OTHERS: [&str; 21] = [
    "&^=", "<<=", ">>=", "&^", "&=", "|=", "<<", ">>", "<-", "++", "--", "==", "!=", "<=", ">=", ":=", "+=", "-=",
    "*=", "/=", "%=",
];

/// Splits a rule into words; the last one is [`TokenKind::End`].
pub(super) fn split(text: &str) -> Result<Vec<Token>, Flaw> {
    let mut lexer = Lexer { text, at: 0, may_end: false };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        lexer.may_end =
            matches!(token.kind, TokenKind::Name | TokenKind::Text(_) | TokenKind::Value | TokenKind::Close)
                || (token.kind == TokenKind::Other && matches!(&text[token.range.clone()], "]" | "}" | "++" | "--"));
        let is_end = token.kind == TokenKind::End;
        tokens.push(token);
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    /// Whether an expression may end after the last word: then a line end ends it.
    may_end: bool,
}

impl Lexer<'_> {
    fn token(&mut self) -> Result<Token, Flaw> {
        if let Some(end) = self.space()? {
            return Ok(end);
        }
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Ok(Token { kind: TokenKind::End, range: start..start });
        };
        let kind = match first {
            '`' => self.raw()?,
            '"' => self.quoted()?,
            '\'' => self.character()?,
            '(' => self.take(1, TokenKind::Open),
            ')' => self.take(1, TokenKind::Close),
            ',' => self.take(1, TokenKind::Comma),
            _ if is_letter(first) => {
                let rest = self.rest();
                let length = rest.find(|c| !is_letter(c) && !c.is_numeric()).unwrap_or(rest.len());
                self.take(length, TokenKind::Name)
            }
            '0'..='9' => {
                let rest = self.rest();
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_');
                let length = length.unwrap_or(rest.len());
                self.take(length, TokenKind::Value)
            }
            _ => self.operator(first)?,
        };
        Ok(Token { kind, range: start..self.at })
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, length: usize, kind: TokenKind) -> TokenKind {
        self.at += length;
        kind
    }

    fn operator(&mut self, first: char) -> Result<TokenKind, Flaw> {
        let rest = self.rest();
        if let Some(other) = OTHERS.iter().find(|other| rest.starts_with(**other)) {
            return Ok(self.take(other.len(), TokenKind::Other));
        }
        Ok(match first {
            _ if rest.starts_with("&&") => self.take(2, TokenKind::And),
            _ if rest.starts_with("||") => self.take(2, TokenKind::Or),
            _ if rest.starts_with("...") => self.take(3, TokenKind::Dots),
            '!' => self.take(1, TokenKind::Not),
            '&' | '|' | '^' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | ':' | ';' | '.' | '[' | ']' | '{'
            | '}' | '~' => self.take(1, TokenKind::Other),
            '“' | '”' | '‘' | '’' | '„' | '‚' | '´' | '«' | '»' => {
                let range = self.at..self.at + first.len_utf8();
                return Err(Flaw { range, kind: FlawKind::Quotes });
            }
            _ => {
                let range = self.at..self.at + first.len_utf8();
                return Err(Flaw { range, kind: FlawKind::Character(first) });
            }
        })
    }

    /// Skips what separates words; gives the line end that ends an expression.
    fn space(&mut self) -> Result<Option<Token>, Flaw> {
        loop {
            let start = self.at;
            let rest = self.rest();
            if rest.starts_with('\n') && self.may_end {
                self.at += 1;
                return Ok(Some(Token { kind: TokenKind::LineEnd, range: start..self.at }));
            }
            if rest.starts_with([' ', '\t', '\r', '\n']) {
                self.at += 1;
            } else if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let Some(length) = comment.find("*/") else {
                    return Err(Flaw { range: start..start + 2, kind: FlawKind::OpenComment });
                };
                let has_line_end = comment[..length].contains('\n');
                self.at += length + 4;
                if has_line_end && self.may_end {
                    return Ok(Some(Token { kind: TokenKind::LineEnd, range: start..self.at }));
                }
            } else {
                return Ok(None);
            }
        }
    }

    /// A string in backticks: every character stands for itself.
    fn raw(&mut self) -> Result<TokenKind, Flaw> {
        let start = self.at;
        let Some(length) = self.rest()[1..].find('`') else {
            return Err(Flaw { range: start..start + 1, kind: FlawKind::OpenText('`') });
        };
        let value = self.rest()[1..=length].replace('\r', "");
        Ok(self.take(length + 2, TokenKind::Text(value)))
    }

    /// A string in double quotes, with Go's escapes.
    fn quoted(&mut self) -> Result<TokenKind, Flaw> {
        let start = self.at;
        let mut value = String::new();
        self.at += 1;
        loop {
            let Some(character) = self.rest().chars().next().filter(|c| *c != '\n') else {
                return Err(Flaw { range: start..start + 1, kind: FlawKind::OpenText('"') });
            };
            let at = self.at;
            self.at += character.len_utf8();
            match character {
                '"' => return Ok(TokenKind::Text(value)),
                '\\' => match self.escaped() {
                    Some(character) => value.push(character),
                    None => return Err(Flaw { range: at..self.at, kind: FlawKind::Escape }),
                },
                other => value.push(other),
            }
        }
    }

    /// What an escape means. A byte that is no character by itself becomes U+FFFD: no more needs to be known of it.
    fn escaped(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.at += character.len_utf8();
        Some(match character {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '"' => character,
            '0'..='7' => {
                self.at -= 1;
                byte(self.number(3, 8)?)?
            }
            'x' => byte(self.number(2, 16)?)?,
            'u' => char::from_u32(self.number(4, 16)?)?,
            'U' => char::from_u32(self.number(8, 16)?)?,
            _ => return None,
        })
    }

    fn number(&mut self, digits: usize, base: u32) -> Option<u32> {
        let text = self.rest().get(..digits)?;
        let is_number = text.chars().all(|c| c.is_digit(base));
        let number = u32::from_str_radix(text, base).ok().filter(|_| is_number);
        self.at += digits;
        number
    }

    /// A character in single quotes, which Traefik takes nowhere: as far as its author meant a text.
    fn character(&mut self) -> Result<TokenKind, Flaw> {
        let start = self.at;
        let rest = &self.rest()[1..];
        let line = rest.find('\n').unwrap_or(rest.len());
        let length = rest[..line].find('\'').map_or(1, |length| length + 2);
        Err(Flaw { range: start..start + length, kind: FlawKind::Quotes })
    }
}

fn byte(number: u32) -> Option<char> {
    match number {
        0..=0x7f => char::from_u32(number),
        0x80..=0xff => Some(char::REPLACEMENT_CHARACTER),
        _ => None,
    }
}

fn is_letter(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

//! From the tokens of a rule to an expression, and what is wrong with its matchers.

use std::ops::Range;

use super::lexer::{self, Token, TokenKind};
use super::{Argument, Expression, Flaw, FlawKind, Matcher, MatcherFlaw, MatcherKind, UNKNOWN};
use crate::manifest::types::RouteProtocol;

/// How deep parentheses and `!` may be nested: deeper than anybody means it.
const DEEPEST: usize = 100;

/// Parses a rule; [`UNKNOWN`] in it stands for what is not known. None where nothing can be said because of that.
///
/// # Errors
/// Where Traefik would drop the router: the first thing that makes the text no expression, else everything that is wrong
/// with its matchers.
pub fn parse(text: &str, protocol: RouteProtocol) -> Result<Option<Expression>, Vec<Flaw>> {
    let tokens = match lexer::split(text) {
        Ok(tokens) => tokens,
        // What is not known may be anything where it stands in no text, also an operator.
        Err(Flaw { kind: FlawKind::Character(UNKNOWN), .. }) => return Ok(None),
        Err(flaw) => return Err(vec![flaw]),
    };
    let mut parser = Parser { text, tokens: &tokens, protocol, flaws: Vec::new(), depth: 0 };
    match parser.whole() {
        Ok(_) if !parser.flaws.is_empty() => Err(parser.flaws),
        Ok(expression) => Ok(Some(expression)),
        Err(flaw) => Err(vec![flaw]),
    }
}
struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    protocol: RouteProtocol,
    /// What is wrong with the matchers.
    flaws: Vec<Flaw>,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn whole(&mut self) -> Result<Expression, Flaw> {
        if self.peek().kind == TokenKind::End {
            return Err(Flaw { range: 0..self.text.len(), kind: FlawKind::Empty });
        }
        let expression = self.any()?;
        // The line end of the last line, and nothing behind it.
        if self.peek().kind == TokenKind::LineEnd {
            let end = self.next();
            return if self.peek().kind == TokenKind::End { Ok(expression) } else { Err(flaw(end, FlawKind::LineEnd)) };
        }
        match self.peek().kind {
            TokenKind::End => Ok(expression),
            _ => Err(self.stray()),
        }
    }

    /// What stands where an operator or the end should.
    fn stray(&self) -> Flaw {
        let token = self.peek();
        let kind = match &token.kind {
            TokenKind::Close => FlawKind::Unopened,
            TokenKind::LineEnd => FlawKind::LineEnd,
            TokenKind::Other => self.operator(token),
            TokenKind::Name => match self.word(token) {
                Some(operator) => FlawKind::Word(operator),
                None => FlawKind::NoOperator,
            },
            TokenKind::Comma | TokenKind::Dots => FlawKind::Operator(None),
            _ => FlawKind::NoOperator,
        };
        flaw(token, kind)
    }

    fn word(&self, token: &Token) -> Option<&'static str> {
        match self.text.get(token.range.clone())?.to_ascii_lowercase().as_str() {
            "and" => Some("&&"),
            "or" => Some("||"),
            "not" => Some("!"),
            _ => None,
        }
    }

    fn operator(&self, token: &Token) -> FlawKind {
        FlawKind::Operator(match self.text.get(token.range.clone()) {
            Some("&") => Some("&&"),
            Some("|") => Some("||"),
            _ => None,
        })
    }

    fn peek(&self) -> &'t Token {
        // The last one is the end, which nobody takes.
        &self.tokens[0]
    }

    fn next(&mut self) -> &'t Token {
        let token = self.peek();
        if self.tokens.len() > 1 {
            self.tokens = &self.tokens[1..];
        }
        token
    }

    fn any(&mut self) -> Result<Expression, Flaw> {
        let mut parts = vec![self.all()?];
        while self.peek().kind == TokenKind::Or {
            self.next();
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn all(&mut self) -> Result<Expression, Flaw> {
        let mut parts = vec![self.operand()?];
        while self.peek().kind == TokenKind::And {
            self.next();
            parts.push(self.operand()?);
        }
        Ok(one_or(parts, Expression::And))
    }

    fn operand(&mut self) -> Result<Expression, Flaw> {
        let token = self.peek();
        match &token.kind {
            TokenKind::Not => self.deeper(token, |this| Ok(Expression::Not(Box::new(this.operand()?)))),
            TokenKind::Open => self.deeper(token, |this| {
                let inner = this.any()?;
                match this.peek().kind {
                    TokenKind::Close => {
                        this.next();
                        Ok(inner)
                    }
                    TokenKind::End => Err(flaw(token, FlawKind::Unclosed)),
                    _ => Err(this.stray()),
                }
            }),
            TokenKind::Name => self.matcher(),
            TokenKind::Text(_) | TokenKind::Value => Err(flaw(token, FlawKind::NoMatcher)),
            TokenKind::Other if self.operator(token) != FlawKind::Operator(None) => {
                Err(flaw(token, self.operator(token)))
            }
            TokenKind::End => {
                let end = self.text.trim_end().len();
                let start = self.text[..end].char_indices().next_back().map_or(0, |(at, _)| at);
                Err(Flaw { range: start..end, kind: FlawKind::NoOperand })
            }
            _ => Err(flaw(token, FlawKind::NoOperand)),
        }
    }

    /// Takes a word, and what follows it one level deeper.
    fn deeper(
        &mut self,
        token: &Token,
        inner: impl FnOnce(&mut Self) -> Result<Expression, Flaw>,
    ) -> Result<Expression, Flaw> {
        if self.depth == DEEPEST {
            return Err(flaw(token, FlawKind::Nesting));
        }
        self.next();
        self.depth += 1;
        let expression = inner(self);
        self.depth -= 1;
        expression
    }

    fn matcher(&mut self) -> Result<Expression, Flaw> {
        let name = self.next();
        let open = self.peek();
        if open.kind != TokenKind::Open {
            let kind = match self.word(name) {
                Some(operator) => FlawKind::Word(operator),
                None => FlawKind::NoMatcher,
            };
            return Err(flaw(name, kind));
        }
        self.next();
        let arguments = self.arguments(open)?;
        let text = self.text.get(name.range.clone()).unwrap_or_default();
        let kind = match MatcherKind::spelled(text) {
            Some(kind) if kind.is_of(self.protocol) => {
                self.check(kind, name, &arguments);
                kind
            }
            Some(kind) => {
                self.flaws.push(flaw(name, FlawKind::Matcher(MatcherFlaw::OtherProtocol(kind))));
                kind
            }
            None => {
                self.flaws.push(flaw(name, FlawKind::Matcher(unknown_matcher(text, self.protocol))));
                // Nobody sees it: the flaw takes the place of the tree.
                MatcherKind::Host
            }
        };
        Ok(Expression::Matcher(Matcher { kind, arguments, name: name.range.clone() }))
    }

    fn arguments(&mut self, open: &Token) -> Result<Vec<Argument>, Flaw> {
        let mut arguments = Vec::new();
        loop {
            let token = self.next();
            match &token.kind {
                TokenKind::Close => return Ok(arguments),
                TokenKind::Text(value) => {
                    arguments.push(Argument { value: value.clone(), range: token.range.clone() });
                }
                TokenKind::End => return Err(flaw(open, FlawKind::Unclosed)),
                TokenKind::Other => return Err(flaw(token, self.operator(token))),
                _ => return Err(flaw(token, FlawKind::NoText)),
            }
            if self.peek().kind == TokenKind::Dots {
                self.next();
            }
            let token = self.peek();
            match &token.kind {
                TokenKind::Comma => {
                    self.next();
                }
                TokenKind::Close => {}
                // Before an operator it was meant to be closed.
                TokenKind::End | TokenKind::And | TokenKind::Or => return Err(flaw(open, FlawKind::Unclosed)),
                TokenKind::LineEnd => return Err(flaw(token, FlawKind::LineEnd)),
                TokenKind::Text(_) | TokenKind::Value => return Err(flaw(token, FlawKind::NoComma)),
                _ => return Err(self.stray()),
            }
        }
    }

    fn check(&mut self, kind: MatcherKind, name: &Token, arguments: &[Argument]) {
        if arguments.is_empty() || !kind.arity().contains(&arguments.len()) {
            let flaw_of_name = MatcherFlaw::Arity { kind, found: arguments.len() };
            self.flaws.push(flaw(name, FlawKind::Matcher(flaw_of_name)));
            return;
        }
        for (position, argument) in arguments.iter().enumerate() {
            if let Some(flaw) = kind.flaw(position, argument) {
                self.flaws.push(Flaw { range: self.place(argument, &flaw), kind: FlawKind::Matcher(flaw) });
            }
        }
    }

    /// Where exactly in an argument something is wrong: inside of it only where every character stands for itself.
    fn place(&self, argument: &Argument, kind: &MatcherFlaw) -> Range<usize> {
        let inner = argument.range.start + 1..argument.range.end - 1;
        match kind {
            MatcherFlaw::Regex(flaw) if self.text.get(inner.clone()) == Some(argument.value.as_str()) => {
                inner.start + flaw.range.start..inner.start + flaw.range.end
            }
            _ => argument.range.clone(),
        }
    }
}

fn flaw(token: &Token, kind: FlawKind) -> Flaw {
    Flaw { range: token.range.clone(), kind }
}

fn one_or(mut parts: Vec<Expression>, several: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            several(parts)
        }
    }
}

/// What version 2 calls by another name.
const OLD_NAMES: [(&str, &str); 4] =
    [("headers", "Header"), ("headersregexp", "HeaderRegexp"), ("hostheader", "Host"), ("hostsniheader", "HostSNI")];

fn unknown_matcher(text: &str, protocol: RouteProtocol) -> MatcherFlaw {
    let folded = text.to_ascii_lowercase();
    if let Some((_, meant)) = OLD_NAMES.iter().find(|(old, _)| *old == folded) {
        return MatcherFlaw::Unknown { meant: Some(meant), is_old: true };
    }
    let meant = crate::diagnostics::words::nearest(text, MatcherKind::names(protocol));
    MatcherFlaw::Unknown { meant, is_old: false }
}

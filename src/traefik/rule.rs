//! Rules of Traefik v3: `` Host(`a.example.com`) && !PathPrefix(`/b`) ``, as a tree that knows where each part stands.
//!
//! A rule is a Go expression, of which Traefik takes a part: `!` before `&&` before `||`, parentheses, and calls of
//! matchers with strings in backticks or double quotes. A line may end after an operator, a comma or an opening
//! parenthesis only: Go puts a `;` at any other line end. (Traefik docs, "Rules & Priority"; `pkg/rules/parser.go`, which
//! hands the text to the Go parser through vulcand/predicate; tried with Traefik 3.7, see `tests/traefik_rules.rs`.)

use std::ops::Range;

use super::regex::RegexFlaw;

pub mod coverage;
mod lexer;
mod matcher;
mod parser;

pub use matcher::MatcherKind;
pub(crate) use matcher::is_address;
pub use parser::parse;

/// Stands in a rule for what is not known before the stack starts: nothing that a rule could hold.
pub const UNKNOWN: char = '\u{fffc}';

/// A rule, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// One matcher.
    Matcher(Matcher),
    /// What the inner one does not match.
    Not(Box<Expression>),
    /// What all of them match; at least two.
    And(Vec<Expression>),
    /// What one of them matches; at least two.
    Or(Vec<Expression>),
}

/// A matcher and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// What it asks.
    pub kind: MatcherKind,
    /// The arguments, in order.
    pub arguments: Vec<Argument>,
    /// Where its name stands, in bytes of the rule.
    pub name: Range<usize>,
}

/// An argument of a matcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// What it means, with [`UNKNOWN`] for what is not known.
    pub value: String,
    /// Where it stands, with its quotes, in bytes of the rule.
    pub range: Range<usize>,
}

/// Something for which Traefik drops a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where, in bytes of the rule.
    pub range: Range<usize>,
    /// What.
    pub kind: FlawKind,
}

impl Flaw {
    /// Whether version 2 took it: a matcher of its, or one with several values.
    pub fn is_of_version_2(&self) -> bool {
        match &self.kind {
            FlawKind::Matcher(MatcherFlaw::Unknown { is_old, .. }) => *is_old,
            FlawKind::Matcher(MatcherFlaw::Arity { kind, found }) => *found > *kind.arity().end(),
            _ => false,
        }
    }
}

/// What is wrong in a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlawKind {
    /// There is nothing in it.
    Empty,
    /// A text in quotes that Traefik does not take: single or typographic ones.
    Quotes,
    /// A text that is not closed, and the quote that would close it.
    OpenText(char),
    /// A `\` in double quotes before something that it does not change.
    Escape,
    /// A comment that is not closed.
    OpenComment,
    /// A character that stands in no rule.
    Character(char),
    /// A word in the place of an operator, and the operator it stands for.
    Word(&'static str),
    /// An operator that rules do not have, and the one that was probably meant.
    Operator(Option<&'static str>),
    /// A line that ends where it may not.
    LineEnd,
    /// A parenthesis that is not closed.
    Unclosed,
    /// A parenthesis that closes nothing.
    Unopened,
    /// Two parts without an operator between them.
    NoOperator,
    /// Two arguments without a comma between them.
    NoComma,
    /// An operator with nothing behind it, or before it.
    NoOperand,
    /// A name without arguments, or a text that no matcher takes.
    NoMatcher,
    /// An argument that is no text.
    NoText,
    /// Parentheses in parentheses, deeper than the limit.
    Nesting,
    /// Something about a matcher or its arguments.
    Matcher(MatcherFlaw),
}

/// What is wrong with a matcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatcherFlaw {
    /// A matcher that does not exist.
    Unknown {
        /// The one that was probably meant.
        meant: Option<&'static str>,
        /// Whether version 2 of Traefik has it.
        is_old: bool,
    },
    /// A matcher of the other protocol.
    OtherProtocol(MatcherKind),
    /// A matcher with more or fewer arguments than it takes.
    Arity {
        /// The matcher.
        kind: MatcherKind,
        /// How many there are.
        found: usize,
    },
    /// An argument without a character.
    EmptyArgument,
    /// A path that does not begin with `/`.
    RelativePath,
    /// A host with characters that are no ASCII.
    HostNotAscii,
    /// No address, and no network.
    Address,
    /// No server name.
    ServerName,
    /// The protocol that Traefik keeps for itself.
    Acme,
    /// No regular expression.
    Regex(RegexFlaw),
}

impl Expression {
    /// Calls `visit` with every matcher, in the order of the rule; says of each whether it stands behind an odd number of
    /// `!`.
    pub fn each_matcher<'e>(&'e self, visit: &mut dyn FnMut(&'e Matcher, bool)) {
        self.each_at(false, visit);
    }

    fn each_at<'e>(&'e self, is_negated: bool, visit: &mut dyn FnMut(&'e Matcher, bool)) {
        match self {
            Self::Matcher(matcher) => visit(matcher, is_negated),
            Self::Not(inner) => inner.each_at(!is_negated, visit),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.each_at(is_negated, visit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::types::RouteProtocol;

    const HTTP: RouteProtocol = RouteProtocol::Http;
    const TCP: RouteProtocol = RouteProtocol::Tcp;

    fn flaws(text: &str, protocol: RouteProtocol) -> Vec<(FlawKind, &str)> {
        let Err(flaws) = parse(text, protocol) else { return Vec::new() };
        flaws.into_iter().map(|flaw| (flaw.kind, &text[flaw.range])).collect()
    }

    /// What is wrong with the matchers.
    fn matcher_flaws(text: &str, protocol: RouteProtocol) -> Vec<(MatcherFlaw, &str)> {
        let inner = |(kind, at)| match kind {
            FlawKind::Matcher(flaw) => (flaw, at),
            other => panic!("{text}: {other:?}"),
        };
        flaws(text, protocol).into_iter().map(inner).collect()
    }

    /// The tree, with its structure in brackets.
    fn tree(expression: &Expression) -> String {
        let join = |parts: &[Expression], operator: &str| {
            format!("[{}]", parts.iter().map(tree).collect::<Vec<_>>().join(operator))
        };
        match expression {
            Expression::Matcher(matcher) => {
                let arguments: Vec<&str> = matcher.arguments.iter().map(|argument| argument.value.as_str()).collect();
                format!("{}({})", matcher.kind.name(), arguments.join(","))
            }
            Expression::Not(inner) => format!("!{}", tree(inner)),
            Expression::And(parts) => join(parts, "&"),
            Expression::Or(parts) => join(parts, "|"),
        }
    }

    #[test]
    fn not_binds_before_and_and_before_or() {
        for (text, expected) in [
            ("Host(`a`)", "Host(a)"),
            ("host(\"a\") || !PATH(`/`) && Method(`GET`)", "[Host(a)|[!Path(/)&Method(GET)]]"),
            ("!(Host(`a`) || Host(`b`)) && Query(`x`, `y`)", "[![Host(a)|Host(b)]&Query(x,y)]"),
            ("((Host(`a`)))", "Host(a)"),
            ("Pathprefix(`/a`) ||\n  !!Path(`/b`)\n", "[PathPrefix(/a)|!!Path(/b)]"),
            ("Host(\n`a`,\n) // all of it", "Host(a)"),
            ("/* a\nb */ PathRegexp(\"^/\\\\d\\x41\\101\\u00e4$\")", "PathRegexp(^/\\dAAä$)"),
        ] {
            let parsed = parse(text, HTTP).unwrap_or_else(|flaws| panic!("{text}: {flaws:?}"));
            assert_eq!(parsed.as_ref().map(tree).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_has_one_flaw() {
        use FlawKind as Kind;
        for (text, kind, at) in [
            ("", Kind::Empty, ""),
            ("Host('a') and x", Kind::Quotes, "'a'"),
            ("Host(“a”)", Kind::Quotes, "“"),
            ("Host(`a)", Kind::OpenText('`'), "`"),
            ("Host(\"a`)", Kind::OpenText('"'), "\""),
            ("Host(\"a\nb\")", Kind::OpenText('"'), "\""),
            ("Host(\"a\\.b\")", Kind::Escape, "\\."),
            ("Host(\"\\400\")", Kind::Escape, "\\400"),
            ("Host(`a`) /* b", Kind::OpenComment, "/*"),
            ("Host(`a`) # b", Kind::Character('#'), "#"),
            ("Host(`a`) and Path(`/`)", Kind::Word("&&"), "and"),
            ("Host(`a`) OR Path(`/`)", Kind::Word("||"), "OR"),
            ("not Host(`a`)", Kind::Word("!"), "not"),
            ("Host(`a`) & Path(`/`)", Kind::Operator(Some("&&")), "&"),
            ("Host(`a`) &&& Path(`/`)", Kind::Operator(Some("&&")), "&"),
            ("Host(`a`) == Path(`/`)", Kind::Operator(None), "=="),
            ("Host(`a`);", Kind::Operator(None), ";"),
            ("Host(`a`)\n|| Path(`/`)", Kind::LineEnd, "\n"),
            ("(Host(`a`)\n)", Kind::LineEnd, "\n"),
            ("Host(`a`\n)", Kind::LineEnd, "\n"),
            ("Host(`a`", Kind::Unclosed, "("),
            ("Host(`a` && Path(`/`)", Kind::Unclosed, "("),
            ("(Host(`a`)", Kind::Unclosed, "("),
            ("Host(`a`))", Kind::Unopened, ")"),
            ("Host(`a`) Path(`/`)", Kind::NoOperator, "Path"),
            ("Host(`a`)(`b`)", Kind::NoOperator, "("),
            ("Host(`a` `b`)", Kind::NoComma, "`b`"),
            ("Host(`a`) &&", Kind::NoOperand, "&"),
            ("Host(`a`) && ()", Kind::NoOperand, ")"),
            ("|| Host(`a`)", Kind::NoOperand, "||"),
            ("-Host(`a`)", Kind::NoOperand, "-"),
            ("Host", Kind::NoMatcher, "Host"),
            ("Host:a.example.com", Kind::NoMatcher, "Host"),
            ("x.Host(`a`)", Kind::NoMatcher, "x"),
            ("`a`", Kind::NoMatcher, "`a`"),
            ("Host(a)", Kind::NoText, "a"),
            ("Host(1)", Kind::NoText, "1"),
            ("Host(,)", Kind::NoText, ","),
            ("Host((`a`))", Kind::NoText, "("),
        ] {
            assert_eq!(flaws(text, HTTP), [(kind, at)], "{text}");
        }
        assert_eq!(flaws(&format!("{}Host(`a`)", "!".repeat(200)), HTTP), [(Kind::Nesting, "!")]);
    }

    #[test]
    fn every_matcher_is_judged() {
        let unknown = |meant| MatcherFlaw::Unknown { meant, is_old: false };
        assert_eq!(
            matcher_flaws("pathPrefix(`/a`) && Host(`a`, `b`) || Path(`c`) && Method(``)", HTTP),
            [
                (unknown(Some("PathPrefix")), "pathPrefix"),
                (MatcherFlaw::Arity { kind: MatcherKind::Host, found: 2 }, "Host"),
                (MatcherFlaw::RelativePath, "`c`"),
                (MatcherFlaw::EmptyArgument, "``"),
            ]
        );
        for (text, kind) in [
            ("Host()", MatcherFlaw::Arity { kind: MatcherKind::Host, found: 0 }),
            ("Header(`a`)", MatcherFlaw::Arity { kind: MatcherKind::Header, found: 1 }),
            ("Query(`a`, `b`, `c`)", MatcherFlaw::Arity { kind: MatcherKind::Query, found: 3 }),
            ("Host(`bücher.example`)", MatcherFlaw::HostNotAscii),
            ("Host(\"\\xff\")", MatcherFlaw::HostNotAscii),
            ("ClientIP(`10.0.0.0/33`)", MatcherFlaw::Address),
            ("ClientIP(`a`)", MatcherFlaw::Address),
            ("HostSNI(`a`)", MatcherFlaw::OtherProtocol(MatcherKind::HostSni)),
            ("HeadersRegexp(`a`, `b`)", MatcherFlaw::Unknown { meant: Some("HeaderRegexp"), is_old: true }),
            ("Weather(`a`)", unknown(None)),
        ] {
            let found: Vec<MatcherFlaw> = matcher_flaws(text, HTTP).into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(found, [kind], "{text}");
        }
        for (text, at) in [
            ("HostRegexp(`a(?=a)`)", "(?="),
            ("PathRegexp(`x[a`)", "["),
            ("HeaderRegexp(`a`, `*`)", "*"),
            ("QueryRegexp(`a`, \"(\\\\d\")", "\"(\\\\d\""),
        ] {
            let found = matcher_flaws(text, HTTP);
            assert!(matches!(found.as_slice(), [(MatcherFlaw::Regex(_), found)] if *found == at), "{text}: {found:?}");
        }
        for text in ["ClientIP(`::1/64`)", "ClientIP(`192.0.2.1`)", "QueryRegexp(`(`)", "Host(`*.a.example`)"] {
            assert_eq!(matcher_flaws(text, HTTP), [], "{text}");
        }
    }

    #[test]
    fn connections_have_matchers_of_their_own() {
        for text in ["HostSNI(`*`)", "hostsni(`a.example`) && ALPN(`h2`)", "HostSNI(`*.a.example`)", "ClientIP(`::1`)"]
        {
            assert_eq!(matcher_flaws(text, TCP), [], "{text}");
        }
        for (text, kind) in [
            ("Host(`a`)", MatcherFlaw::OtherProtocol(MatcherKind::Host)),
            ("HostSni(`a`)", MatcherFlaw::Unknown { meant: Some("HostSNI"), is_old: false }),
            ("HostSNI(`a b`)", MatcherFlaw::ServerName),
            ("HostSNI(`a.*.b`)", MatcherFlaw::ServerName),
            ("HostSNI(`bücher.example`)", MatcherFlaw::HostNotAscii),
            ("ALPN(`acme-tls/1`)", MatcherFlaw::Acme),
        ] {
            let found: Vec<MatcherFlaw> = matcher_flaws(text, TCP).into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(found, [kind], "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        for text in ["Host(`\u{fffc}`)", "PathPrefix(`\u{fffc}`)", "PathRegexp(`(\u{fffc}`)", "ClientIP(`\u{fffc}/8`)"]
        {
            assert!(matches!(parse(text, HTTP), Ok(Some(_))), "{text}");
        }
        assert_eq!(parse("\u{fffc}", HTTP), Ok(None));
        assert_eq!(parse("Host(`a`) \u{fffc} x", HTTP), Ok(None));
        assert_eq!(matcher_flaws("Path(`a\u{fffc}`)", HTTP), [(MatcherFlaw::RelativePath, "`a\u{fffc}`")]);
        assert_eq!(matcher_flaws("Host(`ä\u{fffc}`)", HTTP), [(MatcherFlaw::HostNotAscii, "`ä\u{fffc}`")]);
    }

    #[test]
    fn a_matcher_knows_whether_it_is_turned_round() {
        let rule = parse("Host(`a`) && !(Path(`/`) || !Method(`GET`))", HTTP).unwrap().unwrap();
        let mut seen = Vec::new();
        rule.each_matcher(&mut |matcher, is_negated| seen.push((matcher.kind.name(), is_negated)));
        assert_eq!(seen, [("Host", false), ("Path", true), ("Method", false)]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-zH(`\"'!&|,.\n\\/*ä\u{fffc}# ]{0,40}") {
            if let Err(flaws) = parse(&text, HTTP) {
                assert!(flaws.iter().all(|flaw| text.get(flaw.range.clone()).is_some()), "{text}: {flaws:?}");
            }
        }
    }
}

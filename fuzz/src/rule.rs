//! Rules of Traefik.

use stackgen::manifest::types::RouteProtocol;
use stackgen::traefik::rule::coverage::{self, Alternatives};
use stackgen::traefik::rule::{self, Expression};

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    for protocol in [RouteProtocol::Http, RouteProtocol::Tcp] {
        match rule::parse(text, protocol) {
            Ok(None) => assert!(text.contains(rule::UNKNOWN), "nothing is said of {text:?}"),
            Ok(Some(expression)) => {
                let mut end = 0;
                expression.each_matcher(&mut |matcher, _| {
                    for range in std::iter::once(&matcher.name).chain(matcher.arguments.iter().map(|one| &one.range)) {
                        assert_inside(text, range);
                        assert!(range.start >= end, "{range:?} of {text:?} is not in order");
                        end = range.end;
                    }
                });
                if let Some(alternatives) = Alternatives::of(&expression) {
                    assert!(alternatives.cover(&alternatives), "{text:?} does not cover itself");
                    let ground = (true, "web", false);
                    let mut met = 0;
                    let twice = [(ground, &alternatives), (ground, &alternatives)];
                    coverage::each_covered(&twice, &|_, _| true, &mut |_, _| met += 1);
                    assert_eq!(met, 2, "{text:?} is not found by what it asks for");
                }
                // What is written with more parentheses than it needs means the same.
                let written = written(&expression, text);
                let read = rule::parse(&written, protocol).unwrap_or_else(|flaws| panic!("{written}: {flaws:?}"));
                assert_eq!(read.map(|read| shape(&read)), Some(shape(&expression)), "{text:?} as {written:?}");
            }
            Err(flaws) => {
                assert!(!flaws.is_empty(), "no flaw of {text:?}");
                for flaw in &flaws {
                    assert_inside(text, &flaw.range);
                }
            }
        }
    }
}

/// The expression as a rule, its matchers as they were spelled.
fn written(expression: &Expression, text: &str) -> String {
    let all = |parts: &[Expression], operator: &str| {
        let parts: Vec<String> = parts.iter().map(|part| written(part, text)).collect();
        format!("({})", parts.join(operator))
    };
    match expression {
        Expression::Matcher(matcher) => {
            let arguments: Vec<&str> = matcher.arguments.iter().map(|argument| &text[argument.range.clone()]).collect();
            format!("{}({})", &text[matcher.name.clone()], arguments.join(", "))
        }
        Expression::Not(inner) => format!("!{}", written(inner, text)),
        Expression::And(parts) => all(parts, " && "),
        Expression::Or(parts) => all(parts, " || "),
    }
}

/// The expression without the places of its parts.
fn shape(expression: &Expression) -> String {
    match expression {
        Expression::Matcher(matcher) => {
            let arguments: Vec<&str> = matcher.arguments.iter().map(|argument| argument.value.as_str()).collect();
            format!("{:?}{arguments:?}", matcher.kind)
        }
        Expression::Not(inner) => format!("!{}", shape(inner)),
        Expression::And(parts) => format!("and{:?}", parts.iter().map(shape).collect::<Vec<_>>()),
        Expression::Or(parts) => format!("or{:?}", parts.iter().map(shape).collect::<Vec<_>>()),
    }
}

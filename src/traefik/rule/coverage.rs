//! Whether a rule takes every request that another one takes.
//!
//! A rule is a set of alternatives, each of which asks for several things at once. One rule covers another where each
//! alternative of the second asks for everything that some alternative of the first does. That is right wherever it says
//! yes; where it says no, the two may still be equal: regular expressions are compared by their text alone.

use std::collections::HashMap;

use super::{Expression, Matcher, MatcherKind, UNKNOWN};

/// More alternatives than a rule that people write has; nothing is said of larger ones.
const MOST: usize = 64;

/// A rule as its alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternatives(Vec<Alternative>);

/// What two rules have in common where they can meet: protocol, entry point, and whether over TLS.
pub type Ground<'g> = (bool, &'g str, bool);

/// Where a rule can be looked up: its ground, a host and a path, each perhaps any.
type Key<'k> = (Ground<'k>, Option<&'k str>, Option<&'k str>);

/// Calls `visit` with the position of each rule, and of each other one on the same ground that takes everything that it
/// takes; of the pairs that `is_judged` lets through.
pub fn each_covered(
    rules: &[(Ground<'_>, &Alternatives)],
    is_judged: &dyn Fn(usize, usize) -> bool,
    visit: &mut dyn FnMut(usize, usize),
) {
    let mut index: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
    for (number, (ground, rule)) in rules.iter().enumerate() {
        for (host, path) in rule.keys() {
            let known = index.entry((*ground, host, path)).or_default();
            if known.last() != Some(&number) {
                known.push(number);
            }
        }
    }
    for (number, (ground, rule)) in rules.iter().enumerate() {
        let keys = rule.wider_keys().into_iter();
        let found = keys.filter_map(|(host, path)| index.get(&(*ground, host, path))).flatten().copied();
        let mut found: Vec<usize> = found.collect();
        found.sort_unstable();
        found.dedup();
        for other in found {
            let covers = |wide: &(Ground<'_>, &Alternatives)| wide.1.cover(rule);
            if other != number && is_judged(number, other) && rules.get(other).is_some_and(covers) {
                visit(number, other);
            }
        }
    }
}

/// What is asked for at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Alternative(Vec<Asked>);

/// A matcher, or what it does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    kind: MatcherKind,
    values: Vec<String>,
    is_negated: bool,
}

impl Alternatives {
    /// The alternatives of a rule; none where it has too many, or something in it is not known.
    pub fn of(rule: &Expression) -> Option<Self> {
        let alternatives = alternatives(rule, false)?;
        let is_known = |asked: &Asked| asked.values.iter().all(|value| !value.contains(UNKNOWN));
        alternatives.iter().all(|alternative| alternative.0.iter().all(is_known)).then_some(Self(alternatives))
    }

    /// Whether it takes every request that the other one takes.
    pub fn cover(&self, other: &Self) -> bool {
        other.0.iter().all(|theirs| self.0.iter().any(|ours| ours.covers(theirs)))
    }

    /// Hosts and paths, each perhaps any, by which the alternatives can be looked up.
    fn keys(&self) -> impl Iterator<Item = (Option<&str>, Option<&str>)> {
        self.0.iter().map(|alternative| {
            let first = |kinds: &[MatcherKind]| {
                let mut asked = alternative.0.iter().filter(|asked| !asked.is_negated && kinds.contains(&asked.kind));
                asked.find(|asked| !asked.is_always()).and_then(|asked| asked.values.first()).map(String::as_str)
            };
            let host = first(&[MatcherKind::Host, MatcherKind::HostSni]).filter(|host| !host.contains('*'));
            (host, first(&[MatcherKind::PathPrefix, MatcherKind::Path]))
        })
    }

    /// The keys under which one that covers it may stand: of its first alternative, since all have to be covered.
    fn wider_keys(&self) -> Vec<(Option<&str>, Option<&str>)> {
        let Some(first) = self.0.first() else { return Vec::new() };
        let mut hosts = vec![None];
        let mut paths = vec![None];
        for asked in first.0.iter().filter(|asked| !asked.is_negated) {
            let Some(value) = asked.values.first() else { continue };
            match asked.kind {
                MatcherKind::Host | MatcherKind::HostSni => hosts.push(Some(value.as_str())),
                MatcherKind::Path | MatcherKind::PathPrefix => {
                    let ends = value.char_indices().map(|(at, character)| at + character.len_utf8());
                    paths.extend(ends.filter_map(|end| value.get(..end)).map(Some));
                }
                _ => {}
            }
        }
        hosts.iter().flat_map(|host| paths.iter().map(|path| (*host, *path))).collect()
    }
}

fn alternatives(rule: &Expression, is_negated: bool) -> Option<Vec<Alternative>> {
    match rule {
        Expression::Matcher(matcher) => Some(vec![Alternative(vec![Asked::of(matcher, is_negated)])]),
        Expression::Not(inner) => alternatives(inner, !is_negated),
        // Behind a `!` the two change places (De Morgan).
        Expression::Or(parts) if !is_negated => any(parts, is_negated),
        Expression::And(parts) if is_negated => any(parts, is_negated),
        Expression::Or(parts) | Expression::And(parts) => {
            let mut all = vec![Alternative::default()];
            for part in parts {
                let more = alternatives(part, is_negated)?;
                all = all.iter().flat_map(|one| more.iter().map(|other| one.and(other))).collect();
                if all.len() > MOST {
                    return None;
                }
            }
            Some(all)
        }
    }
}

fn any(parts: &[Expression], is_negated: bool) -> Option<Vec<Alternative>> {
    let mut all = Vec::new();
    for part in parts {
        all.extend(alternatives(part, is_negated)?);
    }
    (all.len() <= MOST).then_some(all)
}

impl Alternative {
    fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
    }

    /// Whether it takes every request that the other one takes.
    fn covers(&self, other: &Self) -> bool {
        self.0.iter().all(|ours| ours.is_always() || other.0.iter().any(|theirs| theirs.implies(ours)))
    }
}

impl Asked {
    fn of(matcher: &Matcher, is_negated: bool) -> Self {
        use MatcherKind as Kind;
        let value = |value: &String| match matcher.kind {
            // Traefik takes one dot at the end for none.
            Kind::Host | Kind::HostSni => value.strip_suffix('.').unwrap_or(value).to_ascii_lowercase(),
            Kind::Method => value.to_ascii_uppercase(),
            _ => value.clone(),
        };
        let mut values: Vec<String> = matcher.arguments.iter().map(|argument| value(&argument.value)).collect();
        // The name of a header knows no case.
        if let (Kind::Header | Kind::HeaderRegexp, Some(name)) = (matcher.kind, values.first_mut()) {
            *name = name.to_ascii_lowercase();
        }
        Self { kind: matcher.kind, values, is_negated }
    }

    fn value(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// Whether every request has it.
    fn is_always(&self) -> bool {
        use MatcherKind as Kind;
        let is_any = |value: &str| [".*", ".+", "^.*$", "^.+$", "^.*", "^.+", ".*$", ".+$"].contains(&value);
        !self.is_negated
            && match self.kind {
                Kind::Host | Kind::HostSni => self.value() == "*",
                Kind::PathPrefix => self.value() == "/",
                Kind::HostRegexp | Kind::HostSniRegexp => is_any(self.value()),
                Kind::PathRegexp => is_any(self.value()) || ["^/", "/", "^/.*", "^/.*$"].contains(&self.value()),
                _ => false,
            }
    }

    /// Whether whatever has this has the other one as well.
    fn implies(&self, other: &Self) -> bool {
        match (self.is_negated, other.is_negated) {
            (false, false) => self.is_within(other),
            (true, true) => other.is_within(self),
            (false, true) => self.is_apart(other),
            (true, false) => false,
        }
    }

    /// Whether every request that this matcher matches is one of the other matcher, both without their `!`.
    fn is_within(&self, other: &Self) -> bool {
        use MatcherKind as Kind;
        if self.kind == other.kind && self.values == other.values {
            return true;
        }
        let (mine, theirs) = (self.value(), other.value());
        match (self.kind, other.kind) {
            (Kind::Path | Kind::PathPrefix, Kind::PathPrefix) => mine.starts_with(theirs),
            (Kind::Host, Kind::Host) | (Kind::HostSni, Kind::HostSni) => {
                let below = theirs.strip_prefix('*').filter(|end| end.starts_with('.'));
                let name = below.and_then(|end| mine.strip_suffix(end));
                name.is_some_and(|name| !name.is_empty() && !name.contains(['.', '*', '$']))
            }
            (Kind::Query | Kind::QueryRegexp, Kind::Query) => mine == theirs && other.values.len() == 1,
            _ => false,
        }
    }

    /// Whether no request is matched by both, where that can be told by their texts.
    fn is_apart(&self, other: &Self) -> bool {
        use MatcherKind as Kind;
        let (mine, theirs) = (self.value(), other.value());
        // What an operator sets may be anything.
        if mine.contains(['$', '*']) || theirs.contains(['$', '*']) {
            return false;
        }
        match (self.kind, other.kind) {
            (Kind::Host, Kind::Host)
            | (Kind::HostSni, Kind::HostSni)
            | (Kind::Method, Kind::Method)
            | (Kind::Path, Kind::Path) => mine != theirs,
            (Kind::Path, Kind::PathPrefix) => !mine.starts_with(theirs),
            (Kind::PathPrefix, Kind::Path) => !theirs.starts_with(mine),
            (Kind::PathPrefix, Kind::PathPrefix) => !mine.starts_with(theirs) && !theirs.starts_with(mine),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::types::RouteProtocol;
    use crate::traefik::rule::parse;

    fn of(text: &str) -> Alternatives {
        let rule = parse(text, RouteProtocol::Http).unwrap().unwrap();
        Alternatives::of(&rule).unwrap()
    }

    #[test]
    fn what_asks_for_less_covers_what_asks_for_more() {
        for (wide, narrow) in [
            ("Host(`a`)", "Host(`A`) && Path(`/x`)"),
            ("Host(`a`) || Host(`b`)", "Host(`b`)"),
            ("PathPrefix(`/`)", "Host(`a`)"),
            ("PathPrefix(`/a`)", "Path(`/a/b`) || PathPrefix(`/ab`)"),
            ("Path(`/a`) || PathPrefix(`/a/`)", "Path(`/a`) && Method(`get`)"),
            ("HostRegexp(`.+`)", "Host(`a`) && Header(`X-A`, `b`)"),
            ("Header(`x-a`, `b`)", "Header(`X-A`, `b`) && Host(`a`)"),
            ("Host(`*.a.example`)", "Host(`b.a.example`)"),
            ("!Path(`/a`)", "Path(`/b`)"),
            ("!PathPrefix(`/a`)", "!PathPrefix(`/`)"),
            ("!Path(`/a`)", "!PathPrefix(`/a`)"),
            ("!(Host(`a`) && Path(`/a`))", "Host(`b`)"),
            ("Query(`a`)", "Query(`a`, `b`)"),
            ("Host(`a`) && !PathPrefix(`/x`)", "Host(`a`) && PathPrefix(`/y`)"),
        ] {
            assert!(of(wide).cover(&of(narrow)), "{wide} / {narrow}");
            assert!(!of(narrow).cover(&of(wide)), "{narrow} / {wide}");
        }
    }

    #[test]
    fn what_asks_for_something_else_covers_nothing() {
        for (one, other) in [
            ("Host(`a`)", "Host(`b`)"),
            ("Host(`a`) && Path(`/x`)", "Host(`a`) || Path(`/x`)"),
            ("Host(`*.a.example`)", "Host(`c.b.a.example`)"),
            ("HostRegexp(`^a$`)", "Host(`a`)"),
            ("!Host(`a`)", "Path(`/b`)"),
            ("Path(`/a`)", "PathPrefix(`/a`)"),
            ("!PathPrefix(`/a`)", "PathPrefix(`/`)"),
            ("Method(`GET`)", "!Method(`POST`)"),
        ] {
            assert!(!of(one).cover(&of(other)), "{one} / {other}");
        }
    }

    #[test]
    fn a_wider_rule_is_found_by_its_keys() {
        for (wide, narrow) in [
            ("Host(`a`)", "Host(`a`) && PathPrefix(`/b/c`)"),
            ("PathPrefix(`/b`)", "Host(`a`) && PathPrefix(`/b/c`)"),
            ("Host(`x`) || Host(`a`) && PathPrefix(`/b`)", "Host(`a`) && Path(`/b/c`)"),
            ("Host(`*.b`)", "Host(`a.b`)"),
            ("PathPrefix(`/`)", "Method(`GET`)"),
        ] {
            let (wide, narrow) = (of(wide), of(narrow));
            let wider = narrow.wider_keys();
            assert!(wide.keys().any(|key| wider.contains(&key)), "{wide:?} {narrow:?}");
        }
    }

    #[test]
    fn nothing_is_said_of_what_is_too_large_or_not_known() {
        let part = "(Host(`a`) || Host(`b`))";
        let rule = parse(&[part; 8].join(" && "), RouteProtocol::Http).unwrap().unwrap();
        assert_eq!(Alternatives::of(&rule), None);
        let rule = parse("Host(`\u{fffc}`)", RouteProtocol::Http).unwrap().unwrap();
        assert_eq!(Alternatives::of(&rule), None);
    }
}

//! What is said about each flaw of a rule.

use crate::manifest::types::RouteProtocol;
use crate::traefik::regex::RegexFlawKind;
use crate::traefik::rule::{Flaw, FlawKind, MatcherFlaw, MatcherKind, UNKNOWN};

/// Message, label and help of a finding.
pub(in crate::rules) struct Words {
    pub(in crate::rules) message: String,
    pub(in crate::rules) label: &'static str,
    pub(in crate::rules) help: String,
}

/// How parts of a rule are put together.
const JOIN: &str = "parts are joined with `&&` and `||`, and turned round with `!`";

fn words(message: &str, label: &'static str, help: &str) -> Words {
    Words { message: message.to_owned(), label, help: help.to_owned() }
}

pub(in crate::rules) fn of(flaw: &Flaw, rule: &str, protocol: RouteProtocol) -> Words {
    let found = rule.get(flaw.range.clone()).unwrap_or_default().replace(UNKNOWN, "…");
    if let Some((matcher, argument)) = unquoted(rule, flaw.range.start) {
        return words(
            &format!("what `{matcher}` is to match stands without quotes"),
            "no text",
            &format!("put it in backticks: `` {matcher}(`{argument}`) ``"),
        );
    }
    let example = if protocol == RouteProtocol::Http { "Host(`app.example.com`)" } else { "HostSNI(`db.example.com`)" };
    match &flaw.kind {
        FlawKind::Empty => words(
            "the rule is empty: Traefik drops the router",
            "matches no request",
            "write a rule, or remove it and say what it matches with the other keys",
        ),
        FlawKind::Quotes => words(
            "a rule takes text in backticks or in double quotes only",
            "other quotes",
            &format!("write it as in `` {example} ``"),
        ),
        FlawKind::OpenText(quote) => words("a text is not closed", "opened here", &format!("close it with {quote:?}")),
        FlawKind::Escape => words(
            &format!("`{found}` means nothing in double quotes"),
            "no escape",
            "write the text in backticks, where a `\\` stands for itself",
        ),
        FlawKind::OpenComment => words("a comment is not closed", "opened here", "close it with `*/`"),
        FlawKind::Character(character) => words(
            &format!("{character:?} stands in no rule"),
            "not part of the language",
            &format!("text stands in backticks, as in `` {example} ``; {JOIN}"),
        ),
        FlawKind::Word(operator) => {
            words(&format!("`{found}` is no operator"), "a word", &format!("write `{operator}`"))
        }
        FlawKind::Operator(Some(operator)) => {
            words(&format!("`{found}` is no operator"), "not part of the language", &format!("write `{operator}`"))
        }
        FlawKind::Operator(None) => words(&format!("`{found}` means nothing here"), "not part of the language", JOIN),
        FlawKind::LineEnd => words(
            "the rule ends with this line for Traefik, and goes on",
            "a line may end after an operator or a comma only",
            "write the operator at the end of the line, or the rule in one line",
        ),
        FlawKind::Unclosed => words("a parenthesis is not closed", "opened here", "close it with `)`"),
        FlawKind::Unopened => words("a parenthesis closes nothing", "not opened", "remove it"),
        FlawKind::NoOperator => words("an operator is missing before this", "not joined", JOIN),
        FlawKind::NoComma => {
            words("a comma is missing before this", "not separated", "write a comma between arguments")
        }
        FlawKind::NoOperand => words(
            "a matcher is missing here",
            "nothing to join",
            &format!("write one, such as `` {example} ``, or remove the operator"),
        ),
        FlawKind::NoMatcher => words(
            &format!("`{found}` is no matcher with its text"),
            "matches nothing",
            &format!("write a matcher and its text, such as `` {example} ``"),
        ),
        FlawKind::NoText => {
            words("a matcher takes text", "no text", &format!("put it in backticks, as in `` {example} ``"))
        }
        FlawKind::Nesting => {
            words("the rule is nested deeper than anybody can read", "too deep", "write it with fewer parentheses")
        }
        FlawKind::Matcher(flaw) => of_matcher(flaw, &found, protocol),
    }
}

/// The matcher around a place, and its one argument, where that is written without quotes: `PathPrefix(/api)`.
fn unquoted(rule: &str, at: usize) -> Option<(&str, &str)> {
    let open = rule.get(..at)?.rfind('(').or_else(|| rule.get(at..)?.starts_with('(').then_some(at))?;
    let name = rule[..open].rsplit(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let argument = rule[open + 1..].split(')').next()?.trim();
    let is_text = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '*');
    let is_known = [RouteProtocol::Http, RouteProtocol::Tcp]
        .into_iter()
        .any(|protocol| MatcherKind::names(protocol).any(|known| known.eq_ignore_ascii_case(name)));
    (is_known && !argument.is_empty() && argument.chars().all(is_text)).then_some((name, argument))
}

/// What is said about a matcher, or about an argument of one.
fn of_matcher(flaw: &MatcherFlaw, found: &str, protocol: RouteProtocol) -> Words {
    match flaw {
        MatcherFlaw::Unknown { meant: Some(meant), is_old: true } => words(
            &format!("version 3 of Traefik has no matcher `{found}`"),
            "a matcher of version 2",
            &format!("write `{meant}`, with one value each"),
        ),
        MatcherFlaw::Unknown { meant, .. } => {
            let names: Vec<&str> = MatcherKind::names(protocol).collect();
            let help = meant.map_or_else(
                || format!("there are {}", crate::diagnostics::words::and(&names)),
                |meant| format!("did you mean `{meant}`?"),
            );
            words(&format!("Traefik has no matcher `{found}`"), "no such matcher", &help)
        }
        MatcherFlaw::OtherProtocol(kind) => other_protocol(*kind, protocol),
        MatcherFlaw::Arity { kind, found } => arity(*kind, *found),
        MatcherFlaw::EmptyArgument => words(
            "an argument is empty: Traefik drops the router",
            "empty",
            "write what it is to match, or remove the matcher",
        ),
        MatcherFlaw::RelativePath => words(
            "a path does not begin with `/`: Traefik drops the router",
            "no `/` at its begin",
            "begin it with `/`",
        ),
        MatcherFlaw::HostNotAscii => words(
            "Traefik takes hosts in ASCII only",
            "other characters",
            "write the name in the form that DNS has, which begins with `xn--`",
        ),
        MatcherFlaw::Address => words(
            &format!("{found} is no IP address, and no network"),
            "no address",
            "write one, such as `192.0.2.1` or `10.0.0.0/8`",
        ),
        MatcherFlaw::ServerName => words(
            &format!("{found} is no server name"),
            "no name",
            "write a name alone, such as `db.example.com`, or `*` for every connection",
        ),
        MatcherFlaw::Acme => words(
            "Traefik keeps `acme-tls/1` for its own certificates, and drops the router",
            "not to be routed",
            "remove it",
        ),
        MatcherFlaw::Regex(regex) => {
            let (message, help) = regex_words(regex.kind);
            words(message, "no regular expression for Traefik", help)
        }
    }
}

fn other_protocol(kind: MatcherKind, protocol: RouteProtocol) -> Words {
    let (own, other) = match protocol {
        RouteProtocol::Http => ("HTTP", "TCP"),
        RouteProtocol::Tcp => ("TCP", "HTTP"),
    };
    let help = match kind {
        MatcherKind::HostSni => "write `Host`, or make it a TCP route: `protocol = \"tcp\"`",
        MatcherKind::HostSniRegexp => "write `HostRegexp`, or make it a TCP route: `protocol = \"tcp\"`",
        MatcherKind::Host => "write `HostSNI`: the server name of the TLS handshake",
        MatcherKind::HostRegexp => "write `HostSNIRegexp`: the server name of the TLS handshake",
        _ if protocol == RouteProtocol::Tcp => "remove it: a connection has no requests that Traefik sees",
        _ => "make it a TCP route: `protocol = \"tcp\"`",
    };
    Words {
        message: format!("`{}` is for {other} routes, and this is one for {own}", kind.name()),
        label: "unknown to Traefik here",
        help: help.to_owned(),
    }
}

fn arity(kind: MatcherKind, found: usize) -> Words {
    let name = kind.name();
    let takes = match (*kind.arity().start(), *kind.arity().end()) {
        (1, 1) => "one argument",
        (1, _) => "one argument or two",
        _ => "two arguments",
    };
    let help = match kind {
        _ if found == 0 => "say what it is to match".to_owned(),
        MatcherKind::Header | MatcherKind::HeaderRegexp if found == 1 => {
            "name the header and its value, each in backticks".to_owned()
        }
        _ => format!("write `{name}(…)` for each value, and join them with `||`"),
    };
    let message = match found {
        0 => format!("`{name}` takes {takes}, and there is none"),
        found => format!("`{name}` takes {takes}, and there are {found}"),
    };
    let message = if found == 1 { message.replace("there are 1", "there is one") } else { message };
    Words { message, label: "this many are no rule", help }
}

pub(in crate::rules) fn regex_words(kind: RegexFlawKind) -> (&'static str, &'static str) {
    match kind {
        RegexFlawKind::Lookaround => (
            "Traefik's regular expressions cannot look ahead or behind",
            "join two matchers instead, one of them turned round with `!`",
        ),
        RegexFlawKind::Backreference => {
            ("Traefik's regular expressions cannot refer to what a group has matched", "write what it is to match")
        }
        RegexFlawKind::Group => ("`(?` begins no group here", "write `(?:…)`, `(?i)` or `(?P<name>…)`"),
        RegexFlawKind::OpenGroup => {
            ("a `(` in a regular expression is not closed", "close it, or write `\\(` for the character")
        }
        RegexFlawKind::CloseGroup => {
            ("a `)` in a regular expression closes nothing", "remove it, or write `\\)` for the character")
        }
        RegexFlawKind::OpenClass => {
            ("a `[` in a regular expression is not closed", "close it, or write `\\[` for the character")
        }
        RegexFlawKind::Class => (
            "a class in a regular expression does not exist, or ends before it begins",
            "write a range such as `a-z`, or a class such as `[[:alpha:]]`",
        ),
        RegexFlawKind::NothingToRepeat => {
            ("a regular expression repeats nothing", "write what is to be repeated before it: any text is `.*`")
        }
        RegexFlawKind::RepeatedTwice => ("a regular expression repeats a repetition", "remove one of the two"),
        RegexFlawKind::Count => {
            ("a regular expression repeats more than 1000 times, or from many to few", "write fewer")
        }
        RegexFlawKind::Escape => (
            "a `\\` in a regular expression stands before something that it does not change",
            "remove it, or write `\\\\` for the character",
        ),
        RegexFlawKind::OpenEscape => {
            ("a regular expression ends with a `\\`", "remove it, or write `\\\\` for the character")
        }
        RegexFlawKind::Nesting => {
            ("a regular expression is nested deeper than Traefik reads it", "write it with fewer groups")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_without_quotes_is_told_as_such() {
        for (rule, protocol, found) in [
            ("PathPrefix(/api)", RouteProtocol::Http, Some(("PathPrefix", "/api"))),
            ("Host(`a`) && Path( /b/c )", RouteProtocol::Http, Some(("Path", "/b/c"))),
            ("Host(shop.example.com)", RouteProtocol::Http, Some(("Host", "shop.example.com"))),
            ("HostSNI(*)", RouteProtocol::Tcp, Some(("HostSNI", "*"))),
            ("Host('a')", RouteProtocol::Http, None),
            ("Host(`a`) & Path(`/b`)", RouteProtocol::Http, None),
            ("(Host(`a`) | Path(`/b`))", RouteProtocol::Http, None),
            ("Nothing(/a)", RouteProtocol::Http, None),
        ] {
            let flaws = crate::traefik::rule::parse(rule, protocol).unwrap_err();
            assert_eq!(unquoted(rule, flaws[0].range.start), found, "{rule}");
        }
    }
}

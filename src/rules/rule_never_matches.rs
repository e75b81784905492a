//! `rule-never-matches`: see [`RULE`].

use super::rule_syntax::raw::{RawRule, raw_rules};
use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};
use crate::traefik::rule::{Argument, Expression, Matcher, MatcherKind, UNKNOWN};

/// A rule that Traefik takes, and that matches nothing.
pub(super) static RULE: Rule = Rule {
    id: "rule-never-matches",
    severity: Severity::Error,
    summary: "a rule that Traefik takes and that no request matches",
    docs: "\
A matcher in a `rule`, of a route or in a label, asks for something that no request has: a host with a scheme, a port, a
path or a space; a host in capitals in a regular expression; a path with a query, a `*`, an escape such as `%20`, `..` or
`//`; a `*` in a host where the proxy is older than 3.7; or two matchers joined with `&&` ask for two different hosts.

**Why it breaks.** A host and a path are compared letter by letter with what Traefik has made of the request. It compares
the host without its port and in small letters, and the path without the query, decoded, and cleaned of `..` and `//`.
Behind `!` it is the other way round: the matcher takes every request.

**How it shows.** The router is there and looks healthy, in the dashboard too. Every request is answered with
`404 page not found`, or by another router.

```toml
[services.api.routes]
host = { rule = \"Host(`https://api.example.com`)\" }            # bad
port = { rule = \"Host(`api.example.com:8443`)\" }               # bad
path = { rule = \"PathPrefix(`/v1/*`)\" }                        # bad
both = { rule = \"Host(`a.example.com`) && Host(`b.example.com`)\" } # bad

host = { rule = \"Host(`api.example.com`)\" }                    # good
path = { rule = \"PathPrefix(`/v1/`)\" }                         # good
both = { rule = \"Host(`a.example.com`) || Host(`b.example.com`)\" } # good
```

**Fix.** Write the name of the host alone and the path as the program behind it sees it; for anything else a regular
expression with `^` and `$`.

**Source.** Traefik docs, \"Rules & Priority\"; its `pkg/muxer/http/matcher.go` and `pkg/middlewares/requestdecorator`.
Every one was tried with Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// The version since which a host may begin with `*.`.
const WILDCARDS: (u32, u32) = (3, 7);

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let proxy = plan.services.values().find_map(|service| service.proxy.as_ref());
        let has_wildcards = proxy.is_none_or(|proxy| proxy.version >= WILDCARDS);
        for raw in raw_rules(context, plan) {
            let Some(tree) = raw.tree() else { continue };
            tree.each_matcher(&mut |matcher, is_negated| {
                findings.extend(matcher.arguments.iter().filter_map(|argument| {
                    let (what, help) = reason(matcher.kind, &argument.value, has_wildcards)?;
                    Some(finding(&raw, matcher, argument, &what, &help, is_negated))
                }));
            });
            contradictions(&raw, &tree, findings);
        }
    }
}

fn finding(
    raw: &RawRule<'_>,
    matcher: &Matcher,
    argument: &Argument,
    what: &str,
    help: &str,
    is_negated: bool,
) -> Finding {
    let (message, text) = if is_negated {
        (format!("this `{}` is true of every request behind `!`: {what}", matcher.kind.name()), "matches every request")
    } else {
        (format!("this `{}` matches no request: {what}", matcher.kind.name()), "matches no request")
    };
    let (label, defaults) = raw.at(&argument.range, text);
    Finding::new(RULE.id, RULE.severity, message, label).help(help).with_all(defaults)
}

/// Why a matcher matches nothing, and what to write instead.
fn reason(kind: MatcherKind, value: &str, has_wildcards: bool) -> Option<(String, String)> {
    use MatcherKind as Kind;
    let (what, help) = match kind {
        Kind::Host | Kind::HostSni => return of_host(kind, value, has_wildcards),
        Kind::HostRegexp | Kind::HostSniRegexp => of_host_regex(value)?,
        Kind::Path | Kind::PathPrefix => of_path(kind, value)?,
        Kind::PathRegexp => {
            let first = value.strip_prefix('^')?.chars().next()?;
            if !first.is_alphanumeric() {
                return None;
            }
            ("a path begins with `/`", "write `^/…`")
        }
        _ => return None,
    };
    Some((what.to_owned(), help.to_owned()))
}

fn of_host(kind: MatcherKind, value: &str, has_wildcards: bool) -> Option<(String, String)> {
    let say = |what: &str, help: String| Some((what.to_owned(), help));
    let name = value.split_once("://").map_or(value, |(_, rest)| rest);
    let alone = name.split(['/', ':']).next().unwrap_or_default();
    let instead = || format!("write the name alone: `` {}(`{alone}`) ``", kind.name()).replace(UNKNOWN, "…");
    if value.contains("://") {
        return say("a host has no scheme", instead());
    }
    if value.contains('/') {
        return say("a host has no path", instead());
    }
    // An IPv6 address is no host that a browser sends without brackets.
    if let Some((_, port)) = value.rsplit_once(':')
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        return say("Traefik compares the host without its port", instead());
    }
    if value.contains(char::is_whitespace) {
        return say("a host has no spaces", "take them away".to_owned());
    }
    if value != "*" && value.contains('*') {
        let below = value.strip_prefix("*.");
        let regex = if kind == MatcherKind::HostSni { "HostSNIRegexp" } else { "HostRegexp" };
        let name = below.unwrap_or(value).replace('.', "\\.").replace('*', "[^.]+").replace(UNKNOWN, "…");
        let start = if below.is_some() { "[^.]+\\." } else { "" };
        let help = format!("write `` {regex}(`^{start}{name}$`) ``");
        return match below {
            Some(rest) if !rest.contains('*') && has_wildcards => None,
            Some(rest) if !rest.contains('*') => say("a `*` stands for a name since version 3.7 only", help),
            _ => say("a `*` stands for a name only where the host begins with `*.`", help),
        };
    }
    None
}

fn of_host_regex(value: &str) -> Option<(&'static str, &'static str)> {
    if value.contains("://") {
        return Some(("a host has no scheme", "take it away"));
    }
    // Behind a `\` a letter is a class, and a flag may make capitals mean small letters too.
    let mut before = ' ';
    let mut is_class = false;
    for character in value.chars() {
        is_class = (is_class || character == '[' && before != '\\') && character != ']';
        if character.is_ascii_uppercase() && before != '\\' && !is_class && !value.contains("(?") {
            return Some(("Traefik compares the host in small letters", "write it in small letters"));
        }
        before = if before == '\\' { ' ' } else { character };
    }
    let end = value.trim_end_matches(['$', ')']);
    let is_port =
        end.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    is_port.then_some(("Traefik compares the host without its port", "take the port away"))
}

fn of_path(kind: MatcherKind, value: &str) -> Option<(&'static str, &'static str)> {
    let prefix = "a prefix takes everything below it by itself: leave the `*` away";
    Some(match value {
        _ if value.contains('?') => {
            ("a path has no query", "ask for it with `Query`: `` Path(`/a`) && Query(`b`, `c`) ``")
        }
        _ if value.contains('#') => ("a browser keeps what follows `#` for itself", "take it away"),
        _ if value.contains('*') => {
            let help = if kind == MatcherKind::PathPrefix {
                prefix
            } else {
                "write `PathPrefix` for a path and all below it, or `PathRegexp` for a pattern"
            };
            ("a `*` in a path stands for itself", help)
        }
        _ if value.contains("//") || value.split('/').any(|part| part == "." || part == "..") => {
            ("Traefik removes `.`, `..` and doubled slashes from a path", "write the path as it looks after that")
        }
        _ if has_escape(value) => ("Traefik compares the path decoded", "write the characters themselves"),
        _ => return None,
    })
}

/// Whether there is an escape that Traefik decodes: of a letter, a space, or another character that means nothing in a URL.
fn has_escape(path: &str) -> bool {
    path.match_indices('%').any(|(at, _)| {
        let code = path.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(code, 16).ok());
        // What has a meaning in a URL stays as it is (RFC 3986, section 2.2).
        code.is_some_and(|code| !b":/?#[]@!$&'()*+,;=%".contains(&code))
    })
}

/// Two hosts, methods or whole paths that one request would need at the same time.
fn contradictions(raw: &RawRule<'_>, tree: &Expression, findings: &mut Vec<Finding>) {
    use MatcherKind as Kind;
    match tree {
        Expression::Matcher(_) => {}
        Expression::Not(inner) => contradictions(raw, inner, findings),
        Expression::Or(parts) => parts.iter().for_each(|part| contradictions(raw, part, findings)),
        Expression::And(parts) => {
            let mut seen: Vec<(MatcherKind, &str)> = Vec::new();
            for part in parts {
                let Expression::Matcher(matcher) = part else {
                    contradictions(raw, part, findings);
                    continue;
                };
                let [argument] = matcher.arguments.as_slice() else { continue };
                let is_one = matches!(matcher.kind, Kind::Host | Kind::HostSni | Kind::Method | Kind::Path);
                if !is_one || argument.value.contains([UNKNOWN, '*']) {
                    continue;
                }
                let is_path = matcher.kind == Kind::Path;
                let is_same = |other: &str| {
                    if is_path { other == argument.value } else { other.eq_ignore_ascii_case(&argument.value) }
                };
                match seen.iter().find(|(kind, _)| *kind == matcher.kind) {
                    Some((_, other)) if !is_same(other) => {
                        let name = matcher.kind.name();
                        let what = format!("it would have to be `{other}` and `{}` at once", argument.value);
                        let help =
                            format!("join them with `||`: ``{name}(`{other}`) || {name}(`{}`)``", argument.value);
                        findings.push(finding(raw, matcher, argument, &what, &help, false));
                    }
                    Some(_) => {}
                    None => seen.push((matcher.kind, &argument.value)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_near_miss() {
        use MatcherKind as Kind;
        for (kind, bad, good) in [
            (Kind::Host, "https://a.example.com", "a.example.com"),
            (Kind::Host, "a.example.com:80", "A.Example.com."),
            (Kind::Host, "a.example.com/x", "*"),
            (Kind::Host, "a b", "a_b"),
            (Kind::Host, "a.*.example.com", "*.example.com"),
            (Kind::HostSni, "db.example.com:5432", "db.example.com"),
            (Kind::HostRegexp, r"^App\.example\.com$", r"^\S+\.[A-Z]+$"),
            (Kind::HostRegexp, r"^app\.example\.com:80$", r"^(?i)App$"),
            (Kind::Path, "/a?b=c", "/a"),
            (Kind::Path, "/a/*", "/a/b"),
            (Kind::PathPrefix, "/a//b", "/a/.b"),
            (Kind::Path, "/a%20b", "/a%2Fb"),
            (Kind::Path, "/a/../b", "/a/..b"),
            (Kind::PathRegexp, "^api", "^/api"),
        ] {
            assert!(reason(kind, bad, true).is_some(), "{bad}");
            assert_eq!(reason(kind, good, true), None, "{good}");
        }
        assert!(reason(Kind::Host, "*.example.com", false).is_some());
    }
}

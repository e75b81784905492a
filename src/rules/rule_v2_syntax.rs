//! `rule-v2-syntax`: see [`RULE`].

use super::rule_syntax::raw::{RawRule, raw_rules};
use super::rule_syntax::words;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Severity};
use crate::traefik::rule::{self, Argument, Flaw, FlawKind, Matcher, MatcherFlaw, MatcherKind};

/// A rule in the syntax of Traefik 2.
pub(super) static RULE: Rule = Rule {
    id: "rule-v2-syntax",
    severity: Severity::Error,
    summary: "a rule in the syntax of Traefik 2",
    docs: "\
A `rule`, of a route or in a label, is written as version 2 of Traefik had it: a pattern in braces (`{name:regex}`), a query
with its value in one text (`a=b`), the matchers `Headers`, `HeadersRegexp` and `HostHeader`, or several values in one
matcher.

**Why it breaks.** Version 3 has another language. A host or a path in it is a text, and `HostRegexp` is a regular
expression and nothing else: in all of them `{id:[0-9]+}` stands for these very characters. A matcher has one value; those
of a header and of a query are two texts.

**How it shows.** What it cannot read at all, Traefik says in its log and API, and drops the router: `unsupported function:
HostHeader`, `unexpected number of parameters`. Of a pattern it says nothing: the router is there, looks healthy, and
every request is answered with `404 page not found`.

```toml
[services.api.routes]
user = { rule = \"Path(`/users/{id:[0-9]+}`)\" }                  # bad
host = { rule = \"HostRegexp(`{sub:[a-z]+}.example.com`)\" }      # bad
beta = { rule = \"Query(`beta=1`)\" }                             # bad
both = { rule = \"Host(`a.example.com`, `b.example.com`)\" }      # bad

user = { rule = \"PathRegexp(`^/users/[0-9]+$`)\" }               # good
host = { rule = \"HostRegexp(`^[a-z]+\\\\.example\\\\.com$`)\" }      # good
beta = { rule = \"Query(`beta`, `1`)\" }                          # good
both = { rule = \"Host(`a.example.com`) || Host(`b.example.com`)\" } # good
```

**Fix.** Write a pattern as a regular expression with `^` and `$`, in `HostRegexp` or `PathRegexp`; give every value a
matcher of its own.

**Source.** Traefik docs, \"Migration: v2 to v3\", \"Router rule matchers\"; tried with Traefik 3.7.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for raw in raw_rules(context, plan) {
            findings.extend(loud(&raw));
            let Some(tree) = raw.tree() else { continue };
            tree.each_matcher(&mut |matcher, _| {
                for argument in &matcher.arguments {
                    findings.extend(silent(&raw, matcher, argument));
                }
            });
        }
    }
}

/// What Traefik drops the router for.
fn loud(raw: &RawRule<'_>) -> Vec<Finding> {
    let known = raw.known();
    let Err(flaws) = rule::parse(&known, raw.protocol) else { return Vec::new() };
    let old = flaws.iter().filter(|flaw| flaw.is_of_version_2());
    let finding = |flaw| {
        let words = words::of(flaw, &known, raw.protocol);
        let (label, defaults) = raw.at(&flaw.range, words.label);
        let finding = Finding::new(RULE.id, RULE.severity, words.message, label).help(words.help).with_all(defaults);
        finding.fix(loud_fix(raw, &known, flaw))
    };
    old.map(finding).collect()
}

/// The same in the language of version 3: another name, or a matcher for each value.
fn loud_fix(raw: &RawRule<'_>, known: &str, flaw: &Flaw) -> Option<Fix> {
    match &flaw.kind {
        FlawKind::Matcher(MatcherFlaw::Unknown { meant: Some(meant), .. }) => {
            raw.replaced(format!("call it `{meant}`"), &[(flaw.range.clone(), (*meant).to_owned())])
        }
        FlawKind::Matcher(MatcherFlaw::Arity { kind, .. }) if kind.arity() == (1..=1) => {
            let rest = known.get(flaw.range.end..)?;
            let (arguments, _) = rest.strip_prefix('(')?.split_once(')')?;
            // Only what is plain to see: texts in backticks, with commas between them.
            let values: Vec<&str> = arguments.split(',').map(str::trim).collect();
            let is_text = |value: &&str| {
                let inner = value.strip_prefix('`').and_then(|value| value.strip_suffix('`'));
                inner.is_some_and(|inner| !inner.contains('`'))
            };
            if !values.iter().all(is_text) {
                return None;
            }
            let each: Vec<String> = values.iter().map(|value| format!("{}({value})", kind.name())).collect();
            let range = flaw.range.start..flaw.range.end + arguments.len() + 2;
            raw.replaced("give each value a matcher of its own", &[(range, format!("({})", each.join(" || ")))])
        }
        _ => None,
    }
}

/// What Traefik takes, and what matches no request.
fn silent(raw: &RawRule<'_>, matcher: &Matcher, argument: &Argument) -> Option<Finding> {
    use MatcherKind as Kind;
    let name = matcher.kind.name();
    let value = argument.value.as_str();
    let (message, text, help) = match matcher.kind {
        Kind::Query | Kind::QueryRegexp if matcher.arguments.len() == 1 => {
            let (key, value) = value.split_once('=').filter(|(key, _)| !key.is_empty())?;
            let message =
                format!("`{name}` takes a name and a value as two texts: this asks for a name with `=` in it");
            (message, "one text", format!("write `` {name}(`{key}`, `{value}`) ``"))
        }
        Kind::Host
        | Kind::HostRegexp
        | Kind::HostSni
        | Kind::HostSniRegexp
        | Kind::Path
        | Kind::PathRegexp
        | Kind::PathPrefix => {
            let pattern = pattern(value)?;
            let regex = match matcher.kind {
                Kind::Path | Kind::PathPrefix | Kind::PathRegexp => "PathRegexp",
                Kind::HostSni | Kind::HostSniRegexp => "HostSNIRegexp",
                _ => "HostRegexp",
            };
            let end = if matcher.kind == Kind::PathPrefix { "" } else { "$" };
            let message = format!("`{{{pattern}}}` is a pattern of Traefik 2: version 3 takes it for these characters");
            let inner = pattern.split_once(':').map(|(_, regex)| regex).filter(|regex| !regex.is_empty());
            let inner = inner.unwrap_or(if regex == "PathRegexp" { "[^/]+" } else { "[^.]+" });
            let whole = value.replacen(&format!("{{{pattern}}}"), inner, 1);
            let help = match self::pattern(&whole) {
                Some(_) => format!(
                    "write `{regex}` with a regular expression, from `^` to `{}`",
                    if end.is_empty() { "…" } else { end }
                ),
                None => format!("write `` {regex}(`^{}{end}`) ``", escaped(&whole, inner, value, pattern)),
            };
            (message, "matches no request", help)
        }
        _ => return None,
    };
    let (label, defaults) = raw.at(&argument.range, text);
    let finding = Finding::new(RULE.id, RULE.severity, message, label).help(help).with_all(defaults);
    let query = value.split_once('=').filter(|_| matcher.kind == Kind::Query && !value.contains('{'));
    let fix = query.and_then(|(key, value)| {
        raw.replaced("write name and value as two texts", &[(argument.range.clone(), format!("`{key}`, `{value}`"))])
    });
    Some(finding.fix(fix))
}

/// The inside of the first `{name}` or `{name:regex}`; none where braces count repetitions, as in `[a-z]{2,}`.
pub(super) fn pattern(value: &str) -> Option<&str> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('{') {
        let name = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(after.len());
        let is_name = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        match after[name..].chars().next() {
            Some('}') if is_name => return Some(&after[..name]),
            Some(':') if is_name || name == 0 => return closing(after).map(|end| &after[..end]),
            _ => rest = after,
        }
    }
    None
}

/// Where the brace is closed that was opened before the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The text around a pattern with the dots of a host escaped, which a text of version 2 did not need.
fn escaped(whole: &str, inner: &str, value: &str, pattern: &str) -> String {
    let Some(at) = value.find(&format!("{{{pattern}}}")) else { return whole.to_owned() };
    let dots = |text: &str| text.trim_start_matches('^').trim_end_matches('$').replace("\\.", ".").replace('.', "\\.");
    let (before, after) = (dots(&whole[..at]), dots(&whole[at + inner.len()..]));
    format!("{before}{inner}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_hold_a_pattern_where_they_begin_with_a_name() {
        for (value, expected) in [
            ("{host:.+}", Some("host:.+")),
            ("/u/{id}", Some("id")),
            ("/u/{id:[0-9]{1,3}}/x", Some("id:[0-9]{1,3}")),
            ("{:[a-z]+}.a", Some(":[a-z]+")),
            ("^[a-z]{2}{sub:x}$", Some("sub:x")),
            ("^/v[0-9]{1,2}(/|$)", None),
            ("^[0-9a-f]{8}$", None),
            ("{}", None),
            ("{id", None),
            ("{id:[0-9]", None),
            ("\\x{1F600}", None),
        ] {
            assert_eq!(pattern(value), expected, "{value}");
        }
    }
}

//! `rule-too-broad`: see [`RULE`].

use super::rule_syntax::raw::{RawRule, raw_rules};
use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Severity};
use crate::traefik::regex::anchors::{Ends, ends, loose_dots};
use crate::traefik::rule::{Argument, MatcherKind, UNKNOWN};

/// A regular expression that matches more than it seems to.
pub(super) static RULE: Rule = Rule {
    id: "rule-too-broad",
    severity: Severity::Warning,
    summary: "a regular expression that matches more hosts or paths than it names",
    docs: "\
A regular expression of a host in a `rule`, of a route or in a label, does not begin with `^` or end with `$`, or has a `.`
between letters that is not escaped; or one of a path does not begin with `^`.

**Why it breaks.** Traefik looks for a match anywhere in the host or the path, and a `.` stands for any character. So
`app.example.com` also takes `app.example.com.attacker.net` and `app-example.com`, which somebody else can own. Where the
router is the one with a password in front of it, a path such as `/internal` in the middle of another one finds it too.

**How it shows.** Nothing fails. Requests for other hosts and paths are answered by this service, with its middlewares and
its cookies, and not by the one that they are for.

```toml
[services.api.routes]
tenant = { rule = \"HostRegexp(`[a-z]+.example.com`)\" }          # bad
version = { rule = \"PathRegexp(`/v[0-9]+/`)\" }                  # bad

tenant = { rule = \"HostRegexp(`^[a-z]+\\\\.example\\\\.com$`)\" }    # good
version = { rule = \"PathRegexp(`^/v[0-9]+/`)\" }                 # good
```

**Fix.** Write the whole: `^` before it, `$` behind it, and `\\.` for a dot. Where anything may stand, say `.*`.

**Source.** Traefik docs, \"Rules & Priority\"; Go, `regexp.MatchString`. Tried with Traefik 3.7: `re.example.org` took
`preXreXexampleYorg.evil.com`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for raw in raw_rules(context, plan) {
            let Some(tree) = raw.tree() else { continue };
            tree.each_matcher(&mut |matcher, _| {
                if let [argument] = matcher.arguments.as_slice() {
                    findings.extend(judge(&raw, matcher.kind, argument));
                }
            });
        }
    }
}

fn judge(raw: &RawRule<'_>, kind: MatcherKind, argument: &Argument) -> Option<Finding> {
    let value = argument.value.as_str();
    if value.contains(UNKNOWN) || super::rule_v2_syntax::pattern(value).is_some() {
        return None;
    }
    let is_path = kind == MatcherKind::PathRegexp;
    let what = match kind {
        MatcherKind::PathRegexp => "path",
        MatcherKind::HostRegexp | MatcherKind::HostSniRegexp => "host",
        _ => return None,
    };
    let (message, help) = match open(value, is_path) {
        Some((place, help)) => {
            (format!("this matches every {what} that has a match in it: it says nothing of its {place}"), help)
        }
        None if !is_path && !loose_dots(value).is_empty() => {
            ("a `.` stands for any character here, so this matches hosts of other people".to_owned(), "write `\\.`")
        }
        None => return None,
    };
    let (label, defaults) = raw.at(&argument.range, "matches more than it names");
    let finding = Finding::new(RULE.id, RULE.severity, message, label).help(help).with_all(defaults);
    Some(finding.fix(fix(raw, argument, is_path)))
}

/// Closes what is open, where the text stands in backticks and has no alternatives.
fn fix(raw: &RawRule<'_>, argument: &Argument, is_path: bool) -> Option<Fix> {
    let value = argument.value.as_str();
    let inner = argument.range.start + 1..argument.range.end - 1;
    let is_plain = raw.known().get(argument.range.clone()).is_some_and(|text| text == format!("`{value}`"));
    // A path begins with `/`, and where that is not said, nobody knows where it was meant to begin.
    if value.contains('|') || !is_plain || is_path && !value.starts_with('/') {
        return None;
    }
    let Ends { start, end } = ends(value, &|rest| !is_path && rest.starts_with(r"\."));
    let mut whole = value.to_owned();
    if !is_path {
        for dot in loose_dots(value).into_iter().rev() {
            whole.replace_range(dot, r"\.");
        }
    }
    if !start {
        whole.insert(0, '^');
    }
    if !end && !is_path {
        whole.push('$');
    }
    raw.replaced("match the whole and nothing else", &[(inner, whole)])
}

/// What an expression leaves open, and what to write.
fn open(value: &str, is_path: bool) -> Option<(&'static str, &'static str)> {
    // A name below another one ends where that begins.
    let Ends { start, end } = ends(value, &|rest| !is_path && rest.starts_with(r"\."));
    match (start, end || is_path) {
        (false, true) if is_path => Some(("begin", "begin it with `^/`")),
        (false, true) => Some(("begin", "begin it with `^`")),
        (true, false) => Some(("end", "end it with `$`")),
        (false, false) => Some(("begin and end", "begin it with `^`, and end it with `$`")),
        (true, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_two_ends_and_a_path_one() {
        for (value, is_path, expected) in [
            ("re.example.org", false, Some("begin and end")),
            (r"^a\.b", false, Some("end")),
            (r"a\.b$", false, Some("begin")),
            (r"\.example\.com$", false, None),
            (r"(^|\.)example\.com$", false, None),
            (".+", false, None),
            ("/v[0-9]", true, Some("begin")),
            ("^/v[0-9]", true, None),
        ] {
            assert_eq!(open(value, is_path).map(|(place, _)| place), expected, "{value}");
        }
    }
}

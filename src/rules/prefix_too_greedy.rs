//! `prefix-too-greedy`: see [`RULE`].

use super::rule_syntax::raw::{RawRule, raw_rules};
use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};
use crate::traefik::rule::{Argument, Matcher, MatcherKind, UNKNOWN};

/// A prefix that also takes the neighbours of a path.
pub(super) static RULE: Rule = Rule {
    id: "prefix-too-greedy",
    severity: Severity::Warning,
    summary: "a path prefix that also takes the neighbours of the path",
    docs: "\
A `PathPrefix` in a `rule`, of a route or in a label, does not end with `/`.

**Why it breaks.** Traefik compares characters, and knows nothing of the parts of a path: `/task` is the begin of `/tasks`
and of `/taskforce` too. A `path` of a route has no such trouble: it becomes the path itself and what lies below it.

**How it shows.** Nothing fails as long as no other path begins alike. Then requests for it reach this service, which
answers with a 404 of its own, or behind a middleware that was not meant for it.

```toml
[services.api.routes]
task = { rule = \"PathPrefix(`/task`) && Method(`GET`)\" }                             # bad
task = { rule = \"(Path(`/task`) || PathPrefix(`/task/`)) && Method(`GET`)\" }         # good
task = { path = \"/task\" }                                                            # good
```

**Fix.** Write `` (Path(`/task`) || PathPrefix(`/task/`)) ``, or leave the rule away where `path` says it.

**Source.** Traefik's `pkg/muxer/http/matcher.go`, which asks `strings.HasPrefix`. Tried with Traefik 3.7: `/api` took
`/apiary`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for raw in raw_rules(context, plan) {
            let Some(tree) = raw.tree() else { continue };
            tree.each_matcher(&mut |matcher, is_negated| {
                if let (MatcherKind::PathPrefix, [argument]) = (matcher.kind, matcher.arguments.as_slice()) {
                    findings.extend(judge(&raw, matcher, argument, is_negated));
                }
            });
        }
    }
}

fn judge(raw: &RawRule<'_>, matcher: &Matcher, argument: &Argument, is_negated: bool) -> Option<Finding> {
    let path = argument.value.as_str();
    // What matches nothing at all is told on its own.
    if path.ends_with('/') || path.contains([UNKNOWN, '*', '?', '{', '#', '%']) || path.contains("//") {
        return None;
    }
    let does = if is_negated { "leaves out" } else { "takes" };
    let message = format!("this prefix also {does} what only begins alike, such as `{path}x`");
    let (label, defaults) = raw.at(&argument.range, "no `/` at its end");
    let instead = format!("(Path(`{path}`) || PathPrefix(`{path}/`))");
    let help = format!("write `` {instead} ``");
    let known = raw.known();
    let end = known.get(argument.range.end..).and_then(|rest| rest.find(')'));
    let call = end.map(|end| matcher.name.start..argument.range.end + end + 1);
    let fix = call.and_then(|call| raw.replaced("end the prefix where a part of the path does", &[(call, instead)]));
    Some(Finding::new(RULE.id, RULE.severity, message, label).help(help).with_all(defaults).fix(fix))
}

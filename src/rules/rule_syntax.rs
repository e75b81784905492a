//! `rule-syntax`: see [`RULE`].

use super::{Context, Rule, at_problem, trace};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::types::RouteProtocol;
use crate::plan::{Plan, ProblemKind, Service, Text};
use crate::source::{KeyPath, Part};
use crate::traefik::rule::{self, Flaw, UNKNOWN};

mod words;

/// A path, host or rule of a route that Traefik does not take.
pub(super) static RULE: Rule = Rule {
    id: "rule-syntax",
    severity: Severity::Error,
    summary: "a path, host or rule that Traefik does not take",
    docs: "\
The `path` of a route does not begin with `/`, or holds something that no request path has; a `host` is no host name; or a
`rule`, of a route or in a label, is none that Traefik v3 can read.

**Why it breaks.** A path and a host become a rule of Traefik: ``Host(`app.example.com`) && (Path(`/api`) ||
PathPrefix(`/api/`))``. What stands in the backticks is compared letter by letter with what a browser sends: there are
no wildcards, a host has no scheme and no port, and a path is compared after `.`, `..` and doubled slashes are removed.

A `rule` is an expression of its own language: matchers with text in backticks or double quotes, joined with `&&` and
`||`, turned round with `!`. Single quotes, `&` and `and` mean nothing in it. A matcher is spelled as in the docs, or all
small, all large, or with only its first letter large; `Host` and `Path` are for HTTP routes, `HostSNI` is for TCP routes.
Regular expressions are RE2's, which cannot look ahead or behind. A new line may follow an operator, and not precede it.

**How it shows.** Traefik drops a router whose rule it cannot read, and says so only in its log and API (`path \"api\"
does not start with a '/'`, `unsupported function: pathPrefix`). A path that never matches says nothing at all: every
request is answered with `404 page not found`.

```toml
[services.api.routes.main]
host = \"https://api.example.com\"     # bad: a host has no scheme
path = \"/v1/*\"                       # bad: `*` means itself

[services.api.routes.old]
rule = \"Host('api.example.com') and PathPrefix('/v0')\"     # bad: the quotes, and `and`

[services.api.routes.main]
host = \"api.example.com\"             # good
path = \"/v1\"                         # good: itself and its children

[services.api.routes.old]
rule = \"Host(`api.example.com`) && PathPrefix(`/v0/`)\"     # good
```

**Fix.** Write the name of the host alone, and the path as it begins. For anything else write `rule`, in Traefik's own
v3 syntax.

**Source.** Traefik docs, \"Rules & Priority\"; its `pkg/rules/parser.go` and `pkg/muxer`; RE2 as Go has it,
`regexp/syntax`. Tried with Traefik 3.7.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        if let ProblemKind::Rule { message, help } = &problem.kind
            && !Context::has_flaw(plan, &problem.path)
        {
            findings.push(at_problem(&RULE, plan, problem, message.clone(), "matches no request").help(help.clone()));
        }
    }
    for plan in context.plans {
        for service in plan.services.values() {
            for raw in raw_rules(context, plan, service) {
                if !Context::has_flaw(plan, &raw.path) {
                    raw.judge(plan, findings);
                }
            }
        }
    }
}

/// A rule that somebody wrote.
struct RawRule<'p> {
    /// Where it stands.
    path: KeyPath,
    /// The text as written.
    written: String,
    /// Where the rule begins in the text.
    start: usize,
    /// What becomes of it.
    resolved: &'p Text,
    protocol: RouteProtocol,
}

/// The rules of a service that are not made from paths and hosts: those of routes, and those in labels of its own.
fn raw_rules<'p>(context: &Context<'_>, plan: &Plan, service: &'p Service) -> Vec<RawRule<'p>> {
    let Some(manifest) = context.manifest(plan).and_then(|manifest| manifest.services.get(&service.name)) else {
        return Vec::new();
    };
    let mut rules: Vec<RawRule<'p>> = Vec::new();
    for (label, resolved) in &service.labels {
        let Some((protocol, router)) = router_of(label) else { continue };
        if let Some(label) = manifest.written_label(&service.name, label) {
            let (path, start, written) = (label.path, label.start, label.value.into_owned());
            rules.push(RawRule { path, written, start, resolved, protocol });
            continue;
        }
        let Some(router) = service.routers.iter().find(|known| known.name == router) else { continue };
        let route = router.origin.key_at(3).and_then(|name| manifest.routes.get(name));
        let Some(written) = route.and_then(|route| route.rule.clone()) else { continue };
        let path = router.origin.key("rule");
        // A route on several entry points has several routers.
        if !rules.iter().any(|known| known.path == path) {
            rules.push(RawRule { path, written, start: 0, resolved, protocol });
        }
    }
    rules
}

/// The router whose rule a label is.
fn router_of(label: &str) -> Option<(RouteProtocol, &str)> {
    let parts: Vec<&str> = label.split('.').collect();
    let [traefik, section, routers, name, rule] = parts.as_slice() else { return None };
    let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
    let protocol = [("http", RouteProtocol::Http), ("tcp", RouteProtocol::Tcp)];
    let (_, protocol) = protocol.into_iter().find(|(word, _)| is(section, word))?;
    (is(traefik, "traefik") && is(routers, "routers") && is(rule, "rule")).then_some((protocol, *name))
}

impl RawRule<'_> {
    fn judge(&self, plan: &Plan, findings: &mut Vec<Finding>) {
        let known = self.resolved.with_unknown(UNKNOWN);
        let Err(flaws) = rule::parse(&known, self.protocol) else { return };
        findings.extend(flaws.iter().map(|flaw| self.finding(plan, &known, flaw)));
    }

    fn finding(&self, plan: &Plan, known: &str, flaw: &Flaw) -> Finding {
        let words = words::of(flaw, known, self.protocol);
        let (part, defaults) = trace(plan, &self.written, known, &flaw.range);
        let part = match part {
            Part::Inside(range) => Part::Inside(range.start + self.start..range.end + self.start),
            other => other,
        };
        let label = Label::entry(Some(&plan.environment), self.path.clone(), part, words.label);
        Finding::new(RULE.id, RULE.severity, words.message, label).help(words.help).with_all(defaults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_a_router_is_known_by_its_label() {
        assert_eq!(router_of("traefik.http.routers.web.rule"), Some((RouteProtocol::Http, "web")));
        assert_eq!(router_of("Traefik.TCP.Routers.Web.Rule"), Some((RouteProtocol::Tcp, "Web")));
        for other in
            ["traefik.http.routers.web.ruleSyntax", "traefik.http.services.web.rule", "traefik.udp.routers.a.rule"]
        {
            assert_eq!(router_of(other), None, "{other}");
        }
    }
}

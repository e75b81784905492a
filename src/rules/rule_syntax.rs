//! `rule-syntax`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::diagnostics::{Finding, Severity};
use crate::plan::ProblemKind;
use crate::traefik::rule;

pub(super) mod raw;
pub(super) mod words;

pub(in crate::rules) use words::regex_words;

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
        for raw in raw::raw_rules(context, plan) {
            let known = raw.known();
            let Err(flaws) = rule::parse(&known, raw.protocol) else { continue };
            for flaw in flaws.iter().filter(|flaw| !flaw.is_of_version_2()) {
                let words = words::of(flaw, &known, raw.protocol);
                let (label, defaults) = raw.at(&flaw.range, words.label);
                let fix = if defaults.is_empty() { raw.fix(flaw, &label) } else { None };
                let finding = Finding::new(RULE.id, RULE.severity, words.message, label);
                findings.push(finding.help(words.help).with_all(defaults).fix(fix));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::raw::router_of;
    use crate::manifest::types::RouteProtocol;

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

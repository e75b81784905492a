//! `probe-other-service`: see [`RULE`].

use super::{Context, Rule, probes};
use crate::diagnostics::{Finding, Severity};

/// A probe that asks another service.
pub(super) static RULE: Rule = Rule {
    id: "probe-other-service",
    severity: Severity::Warning,
    summary: "a probe that asks another service",
    docs: "\
The health command of a service names the host of another one.

**Why it breaks.** A probe says whether *this* container does its work. One that asks another service says whether that one
does: a worker that hangs is healthy as long as its API answers, and when the database is down everything becomes unhealthy
at once, also what could have answered without it.

**How it shows.** `docker compose ps` says `healthy` of a service that does nothing, or `unhealthy` of one that has no fault;
Traefik takes the latter out of its routes, so that one failure becomes the failure of all.

```toml
[services.worker]
health = [\"curl\", \"--fail\", \"http://api:8000/health\"]         # bad: this is the health of `api`

[services.worker]
health = [\"celery\", \"-A\", \"app\", \"inspect\", \"ping\"]           # good: the worker itself has to answer
```

**Fix.** Ask the container itself, at `127.0.0.1` or with a command that looks at its process. That another service must be
there first is what `depends-on` says.

**Source.** Dockerfile reference, \"HEALTHCHECK\": the command says whether the container still works; compose-spec,
`depends_on`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for probe in probes::all(context) {
        let own = &probe.service.name;
        let asked = probe.script.addresses();
        // Who asks itself as well has a probe of its own.
        let is_own = |host: &str| host == own || is_localhost(host);
        if asked.iter().any(|address| is_own(&address.host)) {
            continue;
        }
        let plan = probe.plan;
        let is_other = |host: &str| plan.services.contains_key(host) || plan.externals.contains_key(host);
        let Some(other) = asked.into_iter().find(|address| is_other(&address.host)) else { continue };
        let message = match probe.instruction() {
            Some(_) => format!("this probe asks `{}`", other.host),
            None => format!("the probe of `{own}` asks `{}`", other.host),
        };
        let finding = probe.finding(context, &RULE, RULE.severity, message, "says how another service is");
        let finding = match plan.services.get(&other.host) {
            Some(service) => finding.with(context.key_of(plan, &service.origin(), "it asks this one")),
            None => finding,
        };
        let help = "ask the container itself, at `127.0.0.1` or with a command; what must be up first stands in \
                    `depends-on`";
        findings.push(finding.help(help));
    }
}

fn is_localhost(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.starts_with("127.") || host == "::1" || host == "[::1]"
}

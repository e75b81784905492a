//! `dashboard-exposed`: see [`RULE`].

use super::static_decode::flags::Flags;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::plan::Plan;

/// What the proxy shows to everybody.
pub(super) static RULE: Rule = Rule {
    id: "dashboard-exposed",
    severity: Severity::Warning,
    summary: "the proxy shows its dashboard, or every container of the host",
    docs: "\
In a production environment the dashboard is open to whoever reaches port 8080 of the proxy (`dashboard = true`, or
`api.insecure`). Or, in any environment, the proxy routes to every container of the engine: its flags were replaced, and
say neither `exposedByDefault=false` nor which containers are meant.

**Why it breaks.** The API behind the dashboard asks for no password, and tells every route, host and address. Containers
that are exposed by default get a route by their name alone: a database or a debugger of any project on that host too.

**How it shows.** `http://<host>:8080/api/rawdata` answers from every network that reaches the proxy, and from every other
container beside it. With containers exposed by default, `curl -H 'Host: db-shop' http://<host>/` reaches the container.

```toml
[services.traefik]
kind = \"traefik\"
version = \"3.6\"
dashboard = true                            # bad in production

[services.traefik]
kind = \"traefik\"
version = \"3.6\"

[environments.dev.services.traefik]
dashboard = true                            # good: only in dev
```

**Fix.** Switch the dashboard off in production, or route to `api@internal` with a middleware that asks for a password.
Leave `exposedByDefault` at `false`.

**Source.** Traefik docs, \"API & Dashboard\", \"Insecure mode\", and \"Docker provider\", `exposedByDefault`, which is true by
itself. Tried with Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let Some(flags) = Flags::of(context, plan) else { continue };
        if plan.production {
            findings.extend(dashboard(context, plan, &flags));
        }
        findings.extend(everything(&flags));
    }
}

fn dashboard(context: &Context<'_>, plan: &Plan, flags: &Flags<'_>) -> Option<Finding> {
    let flag = flags.get("api.insecure").filter(|_| flags.is_true("api.insecure"))?;
    let label = if flag.is_written() {
        flags.at_value(flag, "asks for no password")
    } else {
        Label::value(Some(&plan.environment), flag.path().clone(), "asks for no password")
    };
    let message = "in production the dashboard and the API of the proxy answer everybody who reaches its port";
    let finding = Finding::new(RULE.id, RULE.severity, message, label).with(context.production(plan));
    // The option of the proxy; anything else is part of something larger.
    let is_option = flag.path().steps().len() == 3 && !flag.is_written();
    let fix = is_option.then(|| Fix::new("switch it off there").put(&plan.environment, flag.path().clone(), false));
    let help = "switch it off there, or route to `api@internal` with a middleware that asks for a password";
    Some(finding.help(help).fix(fix))
}

/// Containers that nobody said should be routed to.
fn everything(flags: &Flags<'_>) -> Option<Finding> {
    const EXPOSED: &str = "providers.docker.exposedbydefault";
    let has_value = flags.get("providers.docker.constraints").is_some_and(|flag| !flag.value.is_empty());
    let is_exposed =
        flags.value(EXPOSED, "true").is_some_and(|value| ["1", "t", "true"].contains(&&*value.to_ascii_lowercase()));
    if !flags.is_on("providers.docker") || !is_exposed || has_value {
        return None;
    }
    let label = if let Some(flag) = flags.get(EXPOSED) {
        flags.at_value(flag, "all containers of the host")
    } else {
        let is_docker = |rest: &str| rest.split('.').next().is_some_and(|name| name.eq_ignore_ascii_case("docker"));
        let (_, flag) = flags.below("providers").find(|(rest, _)| is_docker(rest))?;
        flags.at_name(flag, "its default is to expose all containers of the host")
    };
    let message =
        format!("`{}` routes to every container of the engine, also to those without a route", flags.service.name);
    Some(Finding::new(RULE.id, RULE.severity, message, label).help("say `--providers.docker.exposedByDefault=false`"))
}

//! `port-invalid`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::compose::port;
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::manifest::unions::Publish;
use crate::plan::{Plan, ProblemKind, Service};
use crate::source::{KeyPath, Step};

/// A port or port mapping that cannot be.
pub(super) static RULE: Rule = Rule {
    id: "port-invalid",
    severity: Severity::Error,
    summary: "a port or port mapping that cannot be",
    docs: "\
A port is none (0, or past 65535 after `stack.port-offset` was added), or an entry of `publish` is no mapping in Compose's
short syntax: `[[IP:]HOST:]CONTAINER[/PROTOCOL]`, where HOST and CONTAINER may be ranges of the same length.

**Why it breaks.** Ports have 16 bits, and 0 means \"any\". The address must be a literal one: the engine binds sockets and
asks no DNS, so `localhost` is no address. An IPv6 address needs brackets, since its colons separate the parts.

**How it shows.** Compose refuses the file: `Invalid containerPort: …`, `Invalid hostPort: …`, `Invalid ip address:
localhost`. In the long syntax, in `compose`, it takes any text; then `docker compose up` ends with `invalid port specification:
\"70000\"`.

```toml
[services.web]
image = \"nginx:1.27\"
publish = [\"localhost:8080:80\"]     # bad: a name
publish = [\"127.0.0.1:8080:80\"]     # good
```

**Fix.** Write numbers from 1 to 65535. Most services need no mapping at all: `publish = true` publishes their `port` on
127.0.0.1.

**Source.** compose-spec, \"ports\", short syntax; go-connections, `nat.ParsePortSpec`; tried with Docker Compose 2.40 and
Docker 28.5.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Port { message, help, clash } = &problem.kind else { continue };
        if Context::has_flaw(plan, &problem.path) {
            continue;
        }
        let label = match problem.path.steps().last() {
            Some(Step::Key(key)) if key == "port" && clash.is_some() => "too large",
            Some(Step::Key(key)) if key == "port" => "no port",
            Some(Step::Key(key)) if key == "bind" => "no address",
            _ => "cannot be published",
        };
        let mut finding = at_problem(&RULE, plan, problem, message.clone(), label).help(help.clone());
        if let Some(clash) = clash {
            finding = finding.with(Label::value(Some(&plan.environment), clash.clone(), "this is added to it"));
        }
        let service = problem.path.key_at(1).and_then(|name| plan.services.get(name));
        let written = service.and_then(|service| written(context, plan, service, &problem.path));
        if let Some(bracketed) = written.and_then(bracketed) {
            let fix = Fix::new(format!("write `{bracketed}`"));
            finding = finding.fix(fix.set(Some(&plan.environment), problem.path.clone(), bracketed));
        }
        findings.push(finding);
    }
}

/// The text of a published port, where one is written at `path`.
pub(super) fn written<'m>(context: &Context<'m>, plan: &Plan, service: &Service, path: &KeyPath) -> Option<&'m str> {
    let publish = context.manifest(plan)?.services.get(&service.name)?.publish.as_ref()?;
    match (publish, path.steps().get(2..)?) {
        (Publish::Short(text), [Step::Key(key)]) if key == "publish" => Some(text),
        (Publish::Many(texts), [Step::Key(key), Step::Index(index)]) if key == "publish" => {
            texts.get(*index).map(String::as_str)
        }
        _ => None,
    }
}

/// The same with brackets around its IPv6 address; none where that is not what it lacks.
fn bracketed(written: &str) -> Option<String> {
    let mut parts = written.rsplitn(3, ':');
    let (container, host, address) = (parts.next()?, parts.next()?, parts.next()?);
    address.parse::<std::net::Ipv6Addr>().ok()?;
    let bracketed = format!("[{address}]:{host}:{container}");
    port::parse(&bracketed).is_ok().then_some(bracketed)
}

//! `docker-socket`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::kinds::Class;
use crate::plan::{Plan, PlannedMount, Service};

/// A container that commands the engine.
pub(super) static RULE: Rule = Rule {
    id: "docker-socket",
    severity: Severity::Warning,
    summary: "a container that can command the engine",
    docs: "\
A service mounts the socket of the Docker engine, or the directory in which it is. The proxy does too, by itself: it learns from
the engine what it leads to.

**Why it breaks.** Whoever can write to the socket can start a container that has the whole host, as root. `:ro` protects the file
of the socket, and not the engine behind it: through a read-only mount everything can be asked for all the same.

**How it shows.** Not at all, until the service is broken into; then the host is lost with it.

```toml
[services.dashboard]
image = \"dashboard:1.4\"
volumes = [\"/var/run/docker.sock:/var/run/docker.sock:ro\"]     # bad

[services.dashboard]
image = \"dashboard:1.4\"
env.DOCKER_HOST = \"tcp://socket-proxy:2375\"                    # good: something between them that allows little
```

**Fix.** Put a program in between that only lets through what is needed; or, for a tool that has to command the engine, say so
with `allow`.

**Source.** Docker docs, \"Docker daemon attack surface\"; OWASP, \"Docker Security Cheat Sheet\", rule 1. Tried with Docker 28.5: a
volume was made through a socket that was mounted with `:ro`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let mount = service.volumes.iter().find(|mount| mount.mount.has_engine_socket() && !is_own(service, mount));
            findings.extend(mount.map(|mount| finding(plan, service, mount)));
        }
    }
}

/// Whether the proxy's kind mounts it.
fn is_own(service: &Service, mount: &PlannedMount) -> bool {
    service.class == Class::Proxy && mount.origin.steps().len() <= 2
}

fn finding(plan: &Plan, service: &Service, mount: &PlannedMount) -> Finding {
    let name = &service.name;
    let (message, label) = if mount.mount.is_read_only() {
        (format!("`{name}` can command the Docker engine: `ro` does not keep it from that"), "the engine's socket")
    } else {
        (format!("`{name}` can command the Docker engine, and so the whole host"), "the engine's socket")
    };
    let label = Label::value(Some(&plan.environment), mount.origin.clone(), label);
    let help = "put a proxy of the socket in between that allows little, or say with `allow` why it has to";
    Finding::new(RULE.id, RULE.severity, message, label).help(help)
}

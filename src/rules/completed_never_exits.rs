//! `completed-never-exits`: see [`RULE`].

use super::datastore_without_volume::images;
use super::{Context, Rule};
use crate::addresses::UNKNOWN;
use crate::diagnostics::{Finding, Label, Severity};
use crate::kinds::Class;
use crate::plan::{Condition, Dependency, Plan, Service};

/// Waiting for the end of a service that never ends.
pub(super) static RULE: Rule = Rule {
    id: "completed-never-exits",
    severity: Severity::Error,
    summary: "waiting for the end of a service that never ends",
    docs: "\
A service waits until another one has ended (`depends-on = { X = \"completed\" }`, or Compose's `service_completed_successfully`),
and that one goes on: the engine starts it again whenever it ends (`restart` is `always` or `unless-stopped`, which is what
production has by default), or it is a server, of a kind that keeps running, of a known
image, with a port, a route or a probe.

**Why it breaks.** Nobody says that it is ready; only its end would do, with exit code 0, and without being started again.

**How it shows.** `docker compose up` waits for ever, and `docker compose ps --all` shows the one as `Up` and the other one as
`Created`. What is started again does its work again and again, `Restarting (0)`, and the other one starts when Compose happens
to look between two runs.

```toml
[services.migrate]
image = \"shop-migrate:1.4\"

[services.web]
image = \"web:1.4\"
depends-on = { migrate = \"completed\" }      # bad: in production migrate is started again and again

[services.migrate]
image = \"shop-migrate:1.4\"
one-shot = true                             # good: it ends by design, and is not started again

[services.web]
image = \"web:1.4\"
depends-on = [\"migrate\"]
```

**Fix.** Say `one-shot = true` of what ends by design; whoever depends on it then waits for its end. Of a server wait for its
health, or its start.

**Source.** compose-spec, `depends_on`, long syntax. Tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            for (name, dependency) in &service.depends_on {
                let Some(target) = plan.services.get(name) else { continue };
                if dependency.condition == Condition::Completed
                    && let Some(reason) = Reason::of(target)
                {
                    findings.push(finding(context, plan, service, target, dependency, reason));
                }
            }
        }
    }
}

/// Why a service never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// Its kind is one of servers.
    Kind,
    /// It has a port.
    Port,
    /// Its image is that of a server, with nothing else to run.
    Image,
    /// A port of it is published.
    Published,
    /// It has a route.
    Route,
    /// Somebody asks whether it is well.
    Probe,
    /// The engine starts it again.
    Restart,
}

impl Reason {
    fn of(service: &Service) -> Option<Self> {
        // That it is started again all the same is told on its own.
        if service.one_shot {
            None
        } else if service.kind.is_some() && matches!(service.class, Class::Datastore | Class::Proxy | Class::Tool) {
            Some(Self::Kind)
        } else if service.port.is_some() {
            Some(Self::Port)
        } else if is_server(service) {
            Some(Self::Image)
        } else if !service.ports.is_empty() {
            Some(Self::Published)
        } else if !service.routers.is_empty() {
            Some(Self::Route)
        } else if service.health.is_some() {
            Some(Self::Probe)
        } else {
            service.restart.as_deref().filter(|restart| starts_again(restart)).map(|_| Self::Restart)
        }
    }
}

/// Images that run a server unless they are told to run something else (their pages on Docker Hub).
const SERVERS: [&str; 22] = [
    "caddy",
    "grafana/grafana",
    "grafana/loki",
    "haproxy",
    "httpd",
    "mariadb",
    "memcached",
    "mongo",
    "mysql",
    "nats",
    "nginx",
    "nginxinc/nginx-unprivileged",
    "pgvector/pgvector",
    "postgis/postgis",
    "postgres",
    "prom/prometheus",
    "rabbitmq",
    "redis",
    "registry",
    "timescale/timescaledb",
    "traefik",
    "valkey/valkey",
];

/// Whether a service runs the server of its image: flags alone are told to that.
fn is_server(service: &Service) -> bool {
    let image = service.image.as_ref().filter(|_| service.build.is_none() && service.entrypoint.is_none());
    let Some(image) = image.map(|image| image.with_unknown(UNKNOWN)) else { return false };
    let first = service.command.iter().flatten().next();
    let is_own = first.is_none_or(|word| word.as_literal().is_some_and(|word| word.starts_with('-')));
    is_own && SERVERS.binary_search(&images::repository(&image).0).is_ok()
}

/// Whether the engine starts a container again that has ended well (compose-spec, `restart`).
fn starts_again(restart: &str) -> bool {
    matches!(restart, "always" | "unless-stopped")
}

fn finding(
    context: &Context<'_>,
    plan: &Plan,
    service: &Service,
    target: &Service,
    dependency: &Dependency,
    reason: Reason,
) -> Finding {
    let environment = Some(plan.environment.as_str());
    let (from, to) = (&service.name, &target.name);
    let place = dependency.named.as_ref().unwrap_or(&dependency.origin).clone();
    let primary = Label::value(environment, place, "waits for its end");
    let at = |key: &str, passed: &[&str], text: &str| {
        let place = context.origin_of(plan, to, key, passed);
        Label::value(environment, place, text)
    };
    let why = match reason {
        Reason::Kind => at("kind", &[], "a server"),
        Reason::Port => context.key_of(plan, &target.origin(), "listens on a port"),
        Reason::Image => at("image", &["image"], "the image of a server"),
        Reason::Published => context.key_of(plan, &target.origin(), "publishes a port"),
        Reason::Route => context.key_of(plan, &target.origin(), "has a route"),
        Reason::Probe => context.key_of(plan, &target.origin(), "has a probe"),
        Reason::Restart => {
            let written = context.manifest(plan).and_then(|manifest| manifest.services.get(to));
            let is_written =
                written.is_some_and(|written| written.restart.is_some() || written.compose.contains_key("restart"));
            let text = "the engine starts it again";
            if is_written { at("restart", &["restart"], text) } else { context.key_of(plan, &target.origin(), text) }
        }
    };
    let message = match reason {
        Reason::Restart => format!(
            "`{from}` waits until `{to}` has ended, and the engine starts `{to}` again whenever it ends (`restart: {}`)",
            target.restart.as_deref().unwrap_or_default()
        ),
        _ => format!("`{from}` waits until `{to}` has ended, and `{to}` keeps running"),
    };
    let help = match reason {
        Reason::Restart => format!("say `one-shot = true` of `{to}` if it ends by design"),
        _ if target.health.is_some() => format!("wait until it is well: `depends-on = {{ {to} = \"healthy\" }}`"),
        _ => format!("wait for its start: `depends-on = {{ {to} = \"started\" }}`"),
    };
    Finding::new(RULE.id, RULE.severity, message, primary).with(why).help(help)
}

#[cfg(test)]
mod tests {
    #[test]
    fn servers_are_sorted_for_the_search() {
        assert!(super::SERVERS.is_sorted());
    }
}

//! `healthcheck-tool`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::unions::{Health, Toggle};
use crate::plan::ProblemKind;
use crate::source::KeyPath;

/// A probe that the image has no tool for.
pub(super) static RULE: Rule = Rule {
    id: "healthcheck-tool",
    severity: Severity::Error,
    summary: "a probe that the image has no tool for",
    docs: "\
A service has a health *path*, and stackgen does not know of any program in its image that could ask for it.

**Why it breaks.** A health check runs inside of the container, with what the image has. Kinds that are built know
their own tool (a `node` image asks with `node -e`); of a plain image nothing is known, and `curl` is missing from most.

**How it shows.** The probe fails each time with `executable file not found in $PATH`, the container becomes
`unhealthy`, Traefik does not route to it, and what depends on it never starts: `dependency failed to start: container …
is unhealthy`.

```toml
[services.whoami]
image = \"traefik/whoami:v1.11\"
port = 80
health = \"/health\"                                                        # bad: nothing in the image can ask

[services.docs]
image = \"nginx:1.27-alpine\"
port = 80
health = [\"wget\", \"-q\", \"--spider\", \"http://127.0.0.1:80/health\"]        # good: Alpine has wget
```

**Fix.** Write the command that this image has, in exec form; it must exit with 0 when the service is well. Leave
`health` out where there is none, for example in an image that holds a single binary.

**Source.** Dockerfile reference, \"HEALTHCHECK\": the command is run inside of the container; Traefik docs, Docker
provider: containers that are not healthy are left out.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let Some(name) = problem.path.key_at(1).filter(|_| problem.kind == ProblemKind::NoProbeTool) else { continue };
        if Context::is_blank(plan, name) {
            continue;
        }
        let Some(service) = context.manifest(plan).and_then(|manifest| manifest.services.get(name)) else { continue };
        let environment = Some(plan.environment.as_str());
        let place = match service.health.as_ref().and_then(Toggle::on) {
            Some(Health::Table(_)) => problem.path.key("path"),
            _ => problem.path.clone(),
        };
        let own = plan.services.get(name);
        let port = own.and_then(|service| service.port).map_or_else(|| "<port>".to_owned(), |port| port.to_string());
        let command = format!("`health = [\"wget\", \"-q\", \"--spider\", \"http://127.0.0.1:{port}/…\"]`");
        let (runs, says, help) = match &service.kind {
            Some(kind) => (
                "kind",
                format!("a `{kind}` image has no tool for it"),
                "leave `health` out for the probe of the kind, or write a command that the image has".to_owned(),
            ),
            None => (
                "image",
                "nothing is known of this image".to_owned(),
                format!("write a command that the image has, such as {command}, or leave `health` out"),
            ),
        };
        let message = format!("nothing in the image of `{name}` is known to be able to ask for the health path");
        let primary = Label::value(environment, place, "this path cannot be asked for");
        let image = Label::value(environment, KeyPath::of(["services", name, runs]), says);
        findings.push(Finding::new(RULE.id, RULE.severity, message, primary).with(image).help(help));
    }
}

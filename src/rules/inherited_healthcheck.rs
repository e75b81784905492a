//! `inherited-healthcheck`: see [`RULE`].

use std::collections::HashMap;

use super::{Context, Rule, probes};
use crate::compose::image::UNKNOWN;
use crate::diagnostics::{Finding, Label, Severity};
use crate::dockerfile::Instruction;
use crate::plan::{Plan, Service};
use crate::probe::Script;
use crate::sources::Written;

/// A probe of the image that asks for what its new command does not serve.
pub(super) static RULE: Rule = Rule {
    id: "inherited-healthcheck",
    severity: Severity::Error,
    summary: "another command with the probe of the image's own one",
    docs: "\
A service runs another command than the image is made for, such as a worker from the image of an API, and has no probe of
its own. So the `HEALTHCHECK` of the Dockerfile holds, which asks a port on which nothing listens now.

**Why it breaks.** A probe belongs to the image, and every container of it has it, whatever it runs. `command` and
`entrypoint` replace the program and leave the probe.

**How it shows.** The worker runs and does its work, and becomes `unhealthy` after three probes. `docker compose up --wait`
fails with `container … is unhealthy`, and so does what waits for it.

```toml
[services.api]
source = \"api\"
dockerfile = \"Dockerfile\"                    # HEALTHCHECK CMD curl --fail http://127.0.0.1:8000/health
port = 8000

[services.worker]
extends = \"api\"
command = \"celery -A app worker\"           # bad: nobody listens on 8000 here

[services.worker]
extends = \"api\"
command = \"celery -A app worker\"
health = \"celery -A app inspect ping\"      # good
```

**Fix.** Give it a probe of its own with `health`; or take the `HEALTHCHECK` out of the Dockerfile and write it as the `health` of
the one service that it is for. Switching it off with `compose = { healthcheck = { disable = true } }` works too, but then
`docker compose up --wait` ends with `container … has no healthcheck configured` (Compose 2.40).

**Source.** Dockerfile reference, \"HEALTHCHECK\"; compose-spec, `healthcheck`: it overrides what the image sets.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// What asks a port, where no address says so.
const CLIENTS: [&str; 5] = ["curl", "wget", "nc", "ncat", "netcat"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        // Who builds an image under a name that others run.
        let mut builders: HashMap<String, &Service> = HashMap::new();
        for service in plan.services.values().filter(|service| service.build.is_some()) {
            if let Some(image) = &service.image {
                builders.entry(image.with_unknown(UNKNOWN)).or_insert(service);
            }
        }
        for service in plan.services.values() {
            findings.extend(judge(context, plan, service, &builders));
        }
    }
}

fn judge(
    context: &Context<'_>,
    plan: &Plan,
    service: &Service,
    builders: &HashMap<String, &Service>,
) -> Option<Finding> {
    let is_other = service.command.is_some() || service.entrypoint.as_ref().is_some_and(|words| !words.is_empty());
    if !is_other || service.one_shot || service.health.is_some() {
        return None;
    }
    let (written, probe) = inherited(context, plan, service, builders)?;
    let script = probes::script_of(probe)?;
    if !asks_a_port(&script) || listens(service, &script) || runs_the_same(service, written) {
        return None;
    }
    let environment = Some(plan.environment.as_str());
    let name = &service.name;
    let place = context.origin_of(plan, name, "command", &["command"]);
    let message = format!("`{name}` runs another command, and keeps the probe of the image, which asks a port");
    let label = Label::value(environment, place, "nothing says that this listens");
    let probe = Label::within(&written.path, probe.span.clone(), "this is asked");
    let help = "give it its own probe, `health = [\"<command>\", …]`; or move that of the Dockerfile into the `health` of \
                the service that it is for";
    Some(Finding::new(RULE.id, RULE.severity, message, label).with(probe).help(help))
}

/// The probe of the image, whoever builds that.
fn inherited<'a>(
    context: &Context<'a>,
    plan: &Plan,
    service: &Service,
    builders: &HashMap<String, &Service>,
) -> Option<(&'a Written, &'a Instruction)> {
    if service.build.is_some() {
        return probes::of_image(context, plan, service);
    }
    let builder = builders.get(&service.image.as_ref()?.with_unknown(UNKNOWN))?;
    // What the builder itself says of its probe is not said of this service.
    let image = Service { build: builder.build.clone(), ..service.clone() };
    probes::of_image(context, plan, &image)
}

fn asks_a_port(script: &Script) -> bool {
    let is_client = |name: &str| CLIENTS.contains(&name);
    !script.addresses().is_empty() || script.commands.iter().any(|command| is_client(command.program()))
}

/// Whether the service is known to listen where the probe asks; on any port where that is not known.
fn listens(service: &Service, script: &Script) -> bool {
    let ports: Vec<u16> = script.addresses().into_iter().filter_map(|address| address.asked_port()).collect();
    let has_any = service.port.is_some() || !service.listeners.is_empty();
    if ports.is_empty() { has_any } else { ports.iter().any(|port| service.listens_on(*port)) }
}

/// Whether the command is that of the image, with other arguments at most.
fn runs_the_same(service: &Service, written: &Written) -> bool {
    let Some(program) = service.command.as_ref().and_then(|words| words.first()) else { return false };
    let program = program.with_unknown(UNKNOWN);
    let target = service.build.as_ref().and_then(|build| build.target.as_deref());
    let Some(stage) = written.file.target(target) else { return true };
    let inherited = written.file.inherited(stage, &service.build_arguments());
    let own = inherited.into_iter().find(|instruction| instruction.keyword == crate::dockerfile::Keyword::Cmd);
    let first = own.and_then(|own| match own.exec() {
        Some(words) => words.first().map(|word| (*word).to_owned()),
        None => own.shell()?.text.split_whitespace().find(|word| *word != "exec").map(str::to_owned),
    });
    // A program that starts others says nothing: `node server.js` and `node worker.js`.
    let is_launcher =
        ["node", "python", "python3", "sh", "bash", "npm", "pnpm", "yarn", "uv", "poetry", "bundle", "java"]
            .contains(&program.as_str());
    first.is_some_and(|first| first == program) && !is_launcher
}

//! `reference-wrong-port`: see [`RULE`].

use super::{Context, Rule, Told, declared_default, finds, told};
use crate::addresses::{Address, UNKNOWN, addresses};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::kinds::Class;
use crate::kinds::Output;
use crate::plan::{Part, Plan, PublishedPort, Service};

/// An address with a port on which the service does not listen.
pub(super) static RULE: Rule = Rule {
    id: "reference-wrong-port",
    severity: Severity::Error,
    summary: "an address of a service with a port on which it does not listen",
    docs: "\
A variable or the command of a container names another service with a port that is none of that service's: neither its
`port`, nor one of its `ports`, nor one that it publishes. Often it is the one that is published on the host. A URL without a
port means that of its scheme: `http://api` asks port 80. Of a plain image, and of a tool with many ports, less is known,
and of the default of an operator's variable as little, so there it is a warning.

**Why it breaks.** Containers reach each other on the ports on which programs listen. What is published is a door of the
host, and nothing in the stack goes through it.

**How it shows.** `Connection refused`, `ECONNREFUSED 172.18.0.3:8080`, although both containers run and are healthy, and
although the same address with `localhost` works from the host.

```toml
[services.api]
image = \"api:1.4\"
port = 8000
publish = \"9000:8000\"

[services.web]
image = \"web:1.4\"
env.API_URL = \"http://api:9000\"              # bad: 9000 is for the host

[services.web]
image = \"web:1.4\"
env.API_URL = \"${services.api.url}\"          # good with a kind that has an address; else:
env.API_URL = \"http://${services.api.address}\"
```

**Fix.** Write a reference: it follows the port of the service, wherever that moves. A further port on which the program
listens belongs into `ports`.

**Source.** Docker docs, \"Networking overview\", \"Published ports\". Tried with Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            for told in told(service) {
                let mut known: Vec<(String, u16)> = Vec::new();
                let wrong = wrong_ports(plan, service, &told).into_iter();
                for wrong in wrong.filter(|wrong| !is_output(context, wrong)) {
                    let pair = (wrong.target.name.clone(), wrong.port);
                    if !known.contains(&pair) {
                        known.push(pair);
                        findings.push(wrong.finding(context, plan, service, &told));
                    }
                }
            }
        }
    }
}

/// An address with a port on which nothing listens.
struct Wrong<'p> {
    target: &'p Service,
    port: u16,
    /// Whether the port is named, and not only that of the scheme.
    is_named: bool,
    /// Whether the address is written out, and not the default of a variable.
    is_written: bool,
}

/// Whether the kind itself names the port in one of its outputs: then something listens there.
fn is_output(context: &Context<'_>, wrong: &Wrong<'_>) -> bool {
    let kind = wrong.target.kind.as_ref().and_then(|kind| context.read.kinds.get(kind));
    let outputs = kind.into_iter().flat_map(|kind| kind.outputs.values());
    let mut texts = outputs.flat_map(|output| match output {
        Output::Text(text) => vec![text.as_str()],
        Output::Cases(cases) => cases.iter().map(|case| case.value.as_str()).collect(),
    });
    let port = format!(":{}", wrong.port);
    texts.any(|text| text.split(&port).skip(1).any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())))
}

fn wrong_ports<'p>(plan: &'p Plan, service: &Service, told: &Told<'_>) -> Vec<Wrong<'p>> {
    let value = told.text.with_unknown(UNKNOWN);
    if !value.contains(':') {
        return Vec::new();
    }
    let find = |address: &Address| {
        let target = plan.services.get(&address.host.to_ascii_lowercase())?;
        // What `redis:7` means without a scheme is anybody's guess.
        let is_certain = address.in_url || is_published(target, address.port?).is_some();
        let port = address.asked_port().filter(|_| is_certain)?;
        let is_wrong = is_known(target) && !listens(target, port) && finds(service, target);
        is_wrong.then_some((target, port, address.port.is_some()))
    };
    // What is written, whatever variables stand beside it.
    let written: String = told.text.parts().iter().fold(String::new(), |written, part| match part {
        Part::Literal(literal) => written + literal,
        Part::Variable { .. } => written + UNKNOWN.encode_utf8(&mut [0; 4]),
    });
    let of_written: Vec<(&str, u16)> =
        addresses(&written).iter().filter_map(find).map(|(target, port, _)| (target.name.as_str(), port)).collect();
    let found = addresses(&value).iter().filter_map(find).collect::<Vec<_>>().into_iter();
    let wrong = found.map(|(target, port, is_named)| {
        let is_written = of_written.contains(&(&target.name, port));
        Wrong { target, port, is_named, is_written }
    });
    wrong.collect()
}

impl Wrong<'_> {
    fn finding(&self, context: &Context<'_>, plan: &Plan, service: &Service, told: &Told<'_>) -> Finding {
        let environment = Some(plan.environment.as_str());
        let Self { target, port, .. } = self;
        let name = &target.name;
        let listens = words::and(&ports(target));
        let who = &told.source;
        let published = is_published(target, *port);
        let message = match (published, self.is_named) {
            (Some(_), _) => format!(
                "{who} looks for `{name}` on {port}, which is its port on the host; in the stack it listens on {listens}"
            ),
            (None, true) => format!("{who} looks for `{name}` on {port}, and it listens on {listens}"),
            (None, false) => {
                format!("{who} names no port of `{name}`, which means {port}, and it listens on {listens}")
            }
        };
        let is_sure =
            published.is_some() || (target.class != Class::Tool && (target.kind.is_some() || target.build.is_some()));
        let (severity, message) = match (is_sure, self.is_written) {
            (_, false) => (Severity::Warning, format!("{message}, unless the operator sets it")),
            (true, true) => (RULE.severity, message),
            (false, true) => (Severity::Warning, message),
        };
        let place = context.origin_of_told(plan, service, told);
        let default = declared_default(plan, told.text, &place);
        let primary = Label::value(environment, place, "nothing is known to listen there");
        let finding = Finding::new(RULE.id, severity, message, primary).with_all(default);
        let finding = match published {
            Some(published) => finding.with(Label::value(environment, published.origin.clone(), "published here")),
            None => finding.with(context.key_of(plan, &target.origin(), &format!("listens on {listens}"))),
        };
        let output = match target.port {
            Some(_) => format!("`${{services.{name}.address}}`"),
            None => format!("`${{services.{name}.host}}` and its port"),
        };
        finding.help(if is_sure {
            format!("write a reference for host and port: {output}")
        } else {
            format!("write a reference for host and port: {output}; or name the port in `[services.{name}.ports]`")
        })
    }
}

/// Whether anything is known of the ports of a service. What a proxy listens on can be said in many ways.
fn is_known(service: &Service) -> bool {
    service.proxy.is_none() && !ports(service).is_empty()
}

/// The ports on which a service is known to listen, in words.
fn ports(service: &Service) -> Vec<String> {
    let mut ports: Vec<u16> = service.port.into_iter().chain(service.listeners.values().copied()).collect();
    if ports.is_empty() {
        let targets = service.ports.iter().filter_map(|port| port.mapping).map(|mapping| mapping.target.first);
        targets.for_each(|port| {
            if !ports.contains(&port) {
                ports.push(port);
            }
        });
    }
    ports.into_iter().map(|port| port.to_string()).collect()
}

/// Whether a service listens on this port of its container, as far as anything says so.
fn listens(service: &Service, port: u16) -> bool {
    let mut targets = service.ports.iter().map(|port| port.mapping.map(|mapping| mapping.target));
    service.listens_on(port)
        || service.debug_port == Some(port)
        || targets.any(|target| target.is_none_or(|target| (target.first..=target.last).contains(&port)))
}

/// The mapping by which this port of the host leads to the service.
fn is_published(service: &Service, port: u16) -> Option<&PublishedPort> {
    service.ports.iter().find(|published| {
        let range = published.mapping.and_then(|mapping| mapping.published);
        range.is_some_and(|range| (range.first..=range.last).contains(&port))
    })
}

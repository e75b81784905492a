//! `localhost-reference`: see [`RULE`].

use super::{Context, Rule, Telling, declared_default};
use crate::addresses::{Address, UNKNOWN, addresses, is_this_machine};
use crate::diagnostics::{Finding, Fix, Label, Severity, words};
use crate::manifest::unions::{EnvValue, Scalar};
use crate::plan::{Part, Plan, Service, Text};
use crate::source::KeyPath;

/// Another service, looked for in the container itself.
pub(super) static RULE: Rule = Rule {
    id: "localhost-reference",
    severity: Severity::Error,
    summary: "a container looks for another service on `localhost`, where only it listens itself",
    docs: "\
A variable of a container names `localhost`, `127.0.0.1` or `[::1]` with a port on which another service of the stack
listens, and the container does not. Where only the default of an operator's variable says so, it is a warning. A port of the
host does not count, whichever service is published on it: then a browser may be meant, but where the URL is that of a data store
or queue, which no browser asks. Nor do lists of origins, which nobody calls, and containers that share their network with the
host or with another one.

**Why it breaks.** Every container has a `localhost` of its own. What another container listens on is not there.

**How it shows.** `ECONNREFUSED 127.0.0.1:5432`, `Connection refused`, although both containers run and are healthy. Started
on the developer's machine, without containers, the program worked with the same value.

```toml
[services.db]
kind = \"postgres\"
version = \"17\"
password = \"${DB_PASSWORD}\"

[services.api]
image = \"api:1.4\"
env.DATABASE_URL = \"postgres://app:${DB_PASSWORD}@localhost:5432/app\"     # bad

[services.api]
image = \"api:1.4\"
env.DATABASE_URL = \"${services.db.url}\"                                   # good
```

**Fix.** Write a reference to the service: `${services.db.url}`, or `${services.db.address}` for its name and port. It also
puts both on one network, and lets the one wait for the other.

**Source.** RFC 6761, section 6.3, \"Domain Name Reservation Considerations for localhost\"; Docker docs, \"Networking overview\".
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            for (name, text) in &service.environment {
                findings.extend(missed(plan, service, name, text).map(|missed| missed.finding(context)));
            }
            for (key, words) in [("command", &service.command), ("entrypoint", &service.entrypoint)] {
                let missed = words.as_deref().and_then(|words| missed_by_words(plan, service, key, words));
                findings.extend(missed.map(|missed| missed.finding(context)));
            }
        }
    }
}

/// Whether a variable of a container looks for another service in the container itself.
pub(super) fn is_missed(plan: &Plan, service: &Service, name: &str, text: &Text) -> bool {
    missed(plan, service, name, text).is_some()
}

/// A variable that looks for other services in its own container.
struct Missed<'p> {
    plan: &'p Plan,
    service: &'p Service,
    /// As what its container is given the text.
    source: Telling<'p>,
    text: &'p Text,
    /// Whether the host alone stands there, and its port elsewhere.
    is_split: bool,
    /// Whether the address is written out, and not the default of a variable.
    is_written: bool,
    value: String,
    address: Address,
    /// Who listens on that port.
    others: Vec<&'p Service>,
}

fn missed<'p>(plan: &'p Plan, service: &'p Service, name: &'p str, text: &'p Text) -> Option<Missed<'p>> {
    let is_for_browsers = super::public_var_internal_host::baked_prefix(name).is_some() || is_list_of_origins(name);
    if is_for_browsers {
        return None;
    }
    let source = Telling::Variable(name);
    missed_in(plan, service, source, text).or_else(|| missed_host(plan, service, name, text))
}

/// A host that is written alone, in a variable such as `DB_HOST`: its port stands in `DB_PORT`, or is that of the service
/// that is called so.
fn missed_host<'p>(plan: &'p Plan, service: &'p Service, name: &'p str, text: &'p Text) -> Option<Missed<'p>> {
    let value = text.with_defaults().filter(|value| is_this_machine(value))?;
    let stem = name.strip_suffix("HOSTNAME").or_else(|| name.strip_suffix("HOST"))?;
    let number = service.environment.get(&format!("{stem}PORT")).and_then(Text::with_defaults);
    let called = stem.trim_end_matches('_').to_ascii_lowercase().replace('_', "-");
    let port = if let Some(number) = number {
        number.parse().ok()?
    } else {
        let is_called =
            |other: &&Service| other.name == called || (!called.is_empty() && other.kind.as_ref() == Some(&called));
        plan.services.values().find(is_called)?.port?
    };
    let (address, others) =
        others_of(plan, service, &format!("{value}:{port}")).filter(|_| !shares_network(service))?;
    let is_written = text.as_literal().is_some();
    let source = Telling::Variable(name);
    Some(Missed { plan, service, source, text, is_split: true, is_written, value, address, others })
}

/// The first word of a command that looks for other services in its own container. What it listens on is its own.
fn missed_by_words<'p>(
    plan: &'p Plan,
    service: &'p Service,
    key: &'static str,
    words: &'p [Text],
) -> Option<Missed<'p>> {
    const LISTENING: [&str; 5] = ["listen", "bind", "addr", "advertise", "serve"];
    let listens = |word: &Text| {
        let word = word.with_unknown(UNKNOWN).to_ascii_lowercase();
        word.starts_with('-') && LISTENING.iter().any(|known| word.contains(known))
    };
    let mut before: Option<&Text> = None;
    words.iter().find_map(|word| {
        let is_own = before.replace(word).is_some_and(listens) || listens(word);
        missed_in(plan, service, Telling::Word(key), word).filter(|_| !is_own)
    })
}

fn missed_in<'p>(plan: &'p Plan, service: &'p Service, source: Telling<'p>, text: &'p Text) -> Option<Missed<'p>> {
    if shares_network(service) {
        return None;
    }
    // What is written, whatever variables stand beside it; else what their defaults say.
    let written: String = text.parts().iter().fold(String::new(), |written, part| match part {
        Part::Literal(literal) => written + literal,
        Part::Variable { .. } => written + UNKNOWN.encode_utf8(&mut [0; 4]),
    });
    let search = |value: &str| others_of(plan, service, value);
    let (is_written, value, (address, others)) = match search(&written) {
        Some(found) => (true, written, found),
        None => text.with_defaults().and_then(|value| search(&value).map(|found| (false, value, found)))?,
    };
    Some(Missed { plan, service, source, text, is_split: false, is_written, value, address, others })
}

/// The first address of the container itself at which other services are meant, and which.
fn others_of<'p>(plan: &'p Plan, service: &Service, value: &str) -> Option<(Address, Vec<&'p Service>)> {
    let found = addresses(value).into_iter().filter(|address| is_this_machine(&address.host));
    found.into_iter().find_map(|address| {
        let port = address.port?;
        let others: Vec<&Service> = plan.services.values().filter(|other| listens(other, port)).collect();
        let is_own = listens(service, port) || others.iter().any(|other| shares_network(other));
        let is_for_browsers = may_be_browser(&address) && is_published(plan, port);
        let is_elsewhere = !(others.is_empty() || is_own || is_for_browsers);
        is_elsewhere.then_some((address, others))
    })
}

impl Missed<'_> {
    fn finding(&self, context: &Context<'_>) -> Finding {
        let Self { plan, service, source, text, address, others, .. } = self;
        let environment = Some(plan.environment.as_str());
        let (host, port) = (&address.host, address.port.unwrap_or_default());
        let names: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
        let listen = if names.len() == 1 { "listens" } else { "listen" };
        let message = format!(
            "{source} looks for `{host}:{port}` in the container of `{}`; {} {listen} there in another one",
            service.name,
            words::names(&names)
        );
        let (severity, message) = if self.is_written {
            (RULE.severity, message)
        } else {
            (Severity::Warning, format!("{message}, unless the operator sets it"))
        };
        let place = match source {
            Telling::Variable(name) => context.origin_of_env(plan, service, name),
            Telling::Word(key) => context.origin_of(plan, &service.name, key, &[key]),
        };
        let label = Label::value(environment, place.clone(), format!("`{host}` is the container itself"));
        let mut finding = Finding::new(RULE.id, severity, message, label);
        finding = finding.with_all(declared_default(plan, text, &place));
        for other in others {
            finding = finding.with(context.key_of(plan, &other.origin(), "is it this one?"));
        }
        let references: Vec<String> =
            others.iter().map(|other| format!("`{}`", self.reference(context, other))).collect();
        finding.fix = self.fix(context, &place);
        let help = match &finding.fix {
            Some(fix) => fix.title.clone(),
            None => format!("write {}", words::or(&references)),
        };
        let is_outside = |other: &&&Service| !other.routers.is_empty() || !other.ports.is_empty();
        let outside = others.iter().filter(|_| may_be_browser(address)).find(is_outside);
        finding.help(match outside {
            Some(other) => format!("{help}; where a browser is meant, `${{services.{}.public-url}}`", other.name),
            None => help,
        })
    }

    /// Names the one service that can be meant in place of `localhost`.
    fn fix(&self, context: &Context<'_>, place: &KeyPath) -> Option<Fix> {
        let [other] = self.others.as_slice() else { return None };
        // Where a browser can reach it as well, somebody has to say who is to.
        let is_inside_only = other.routers.is_empty() && other.ports.is_empty();
        let service = context.manifest(self.plan)?.services.get(&self.service.name)?;
        let Telling::Variable(name) = self.source else { return None };
        let EnvValue::Scalar(Scalar::Text(written)) = service.env.get(name)? else { return None };
        let port = self.address.port?;
        let found = format!("{}:{port}", self.address.host);
        let (at, _) = written.match_indices(&found).next()?;
        let follows = written[at + found.len()..].chars().next();
        let is_clear = written.matches(&found).count() == 1 && follows.is_none_or(|c| !c.is_ascii_digit());
        if !(is_inside_only && self.is_written && is_clear && place.key_at(2) == Some("env")) {
            return None;
        }
        let name = &other.name;
        let reference = match other.listeners.iter().find(|(_, number)| **number == port) {
            _ if other.port == Some(port) => format!("${{services.{name}.address}}"),
            Some((listener, _)) => format!("${{services.{name}.host}}:${{services.{name}.ports.{listener}}}"),
            None => return None,
        };
        let fix = Fix::new(format!("write `{reference}` for `{found}`"));
        Some(fix.replace(Some(&self.plan.environment), place.clone(), at..at + found.len(), reference))
    }

    /// What to write instead: the whole address where the service's kind knows it, else its name and port.
    fn reference(&self, context: &Context<'_>, other: &Service) -> String {
        let name = &other.name;
        if self.is_split {
            return format!("${{services.{name}.host}}");
        }
        let port = self.address.port;
        let kind = other.kind.as_ref().and_then(|kind| context.read.kinds.get(kind));
        if self.address.in_url && other.port == port && kind.is_some_and(|kind| kind.outputs.contains_key("url")) {
            return format!("${{services.{name}.url}}");
        }
        let address = match other.listeners.iter().find(|(_, number)| Some(**number) == port) {
            Some((listener, _)) if other.port != port => {
                format!("${{services.{name}.host}}:${{services.{name}.ports.{listener}}}")
            }
            _ => format!("${{services.{name}.address}}"),
        };
        match self.value.split_once("://").filter(|_| self.address.in_url) {
            Some((before, _)) => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
                let scheme = before.rsplit(|c| !is_part(c)).next().unwrap_or_default();
                format!("{scheme}://{address}")
            }
            None => address,
        }
    }
}

/// Whether a service listens on this port of its container, as far as anything says so.
fn listens(service: &Service, port: u16) -> bool {
    let published = service.ports.iter().filter_map(|published| published.mapping);
    service.listens_on(port)
        || published.into_iter().any(|mapping| (mapping.target.first..=mapping.target.last).contains(&port))
}

/// Whether whoever asks there may be a browser: by a URL for one, or by whatever a host and a port alone are for.
fn may_be_browser(address: &Address) -> bool {
    address.scheme.as_deref().is_none_or(|scheme| matches!(scheme, "http" | "https" | "ws" | "wss"))
}

/// Whether something of the stack is, or may be, published on this port of the host.
fn is_published(plan: &Plan, port: u16) -> bool {
    let mut published = plan.services.values().flat_map(|service| &service.ports);
    published.any(|published| match published.mapping {
        Some(mapping) => mapping.published.is_some_and(|range| (range.first..=range.last).contains(&port)),
        // Whatever the operator says.
        None => true,
    })
}

/// Whether its `localhost` is that of the host, or of another container.
fn shares_network(service: &Service) -> bool {
    service.passthrough.contains_key("network_mode")
}

/// Names of lists against which a request's origin is held.
pub(super) fn is_list_of_origins(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "CORS" | "ORIGIN" | "ORIGINS"))
}

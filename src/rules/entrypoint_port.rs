//! `entrypoint-port`: see [`RULE`].

use std::collections::HashMap;

use super::static_decode::flags::{Flag, Flags};
use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::Plan;
use crate::traefik::address::{self, Address, AddressFlaw, Protocol};
use crate::traefik::rule::UNKNOWN;

/// Entry points that cannot listen.
pub(super) static RULE: Rule = Rule {
    id: "entrypoint-port",
    severity: Severity::Error,
    summary: "an entry point that cannot listen: its port is taken, or its address is none",
    docs: "\
Two entry points of the proxy listen on one port of the container, or the address of one cannot be listened on. Some are
not written: `dashboard` listens on port 8080, the health probe on 127.0.0.1:8082, `metrics` on 8083; with HTTP/3 an entry
point takes the same port for UDP too.

**Why it breaks.** Traefik opens all of its entry points before it routes anything, and ends if one cannot be opened. An
address is `:80` or `127.0.0.1:80`: without the colon a number is the name of a host.

**How it shows.** The proxy's container restarts again and again: `building listener: error opening listener: listen tcp
:8080: bind: address already in use`, `address 8080: missing port in address`. Nothing answers.

```toml
[services.traefik]
kind = \"traefik\"
version = \"3.6\"
dashboard = true

[services.traefik.entrypoints]
web = { port = 8080 }       # bad: the dashboard listens there
web = { port = 80 }         # good
```

**Fix.** Give one of them another port.

**Source.** Traefik docs, \"EntryPoints\", \"Address\", and \"API & Dashboard\"; its `pkg/config/static`, which adds the entry
point `traefik`. Tried with Traefik 3.7.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// The entry point that Traefik adds where something asks for it.
const IMPLICIT: &str = "traefik";

/// Where that one listens.
const IMPLICIT_ADDRESS: &str = ":8080";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let Some(flags) = Flags::of(context, plan) else { continue };
        let mut known: HashMap<(u16, Protocol), Vec<Listener<'_>>> = HashMap::new();
        for listener in listeners(&flags, findings) {
            let same = known.entry((listener.address.port, listener.address.protocol)).or_default();
            match same.iter().find(|other| listener.meets(other)) {
                Some(other) if is_told(&flags, &listener, other) => {}
                Some(other) => findings.push(taken(plan, &flags, &listener, other)),
                None => same.push(listener),
            }
        }
    }
}

/// Something that listens.
struct Listener<'f> {
    name: String,
    address: Address,
    /// What says so; none for what Traefik adds.
    flag: Option<&'f Flag>,
    /// Whether it lets others listen there.
    shares: bool,
    /// What asks for it, where nobody wrote it.
    why: Option<&'f Flag>,
}

impl Listener<'_> {
    fn meets(&self, other: &Self) -> bool {
        self.name != other.name && !(self.shares && other.shares) && self.address.meets(&other.address)
    }
}

/// Whether the two want one port of the host as well, which is told with that.
fn is_told(flags: &Flags<'_>, one: &Listener<'_>, other: &Listener<'_>) -> bool {
    let is_option = |listener: &Listener<'_>| {
        listener.why.is_none()
            && listener.flag.is_some_and(|flag| !flag.is_written() && flag.path().key_at(2) == Some("entrypoints"))
    };
    let derived =
        flags.service.ports.iter().filter(|port| port.derived && port.origin.key_at(2) == Some("entrypoints"));
    let names: Vec<&str> = derived.filter_map(|port| port.origin.key_at(3)).collect();
    is_option(one) && is_option(other) && names.contains(&&*one.name) && names.contains(&&*other.name)
}

/// Everything that listens; tells where something could not.
fn listeners<'f>(flags: &'f Flags<'_>, findings: &mut Vec<Finding>) -> Vec<Listener<'f>> {
    let mut listeners = Vec::new();
    for name in flags.names("entrypoints") {
        let base = format!("entrypoints.{name}");
        let Some(flag) = flags.get(&format!("{base}.address")) else {
            if name != IMPLICIT
                && let Some((_, any)) = flags.below(&base).find(|(_, flag)| flag.is_written())
            {
                findings.push(without_address(flags, &name, any));
            }
            continue;
        };
        if flag.value.contains(UNKNOWN) {
            continue;
        }
        let address = match address::parse(&flag.value) {
            Ok(address) => address,
            Err(flaw) => {
                findings.push(no_address(flags, &name, flag, flaw));
                continue;
            }
        };
        let shares = flags.is_true(&format!("{base}.reuseport"));
        if flags.is_on(&format!("{base}.http3")) && address.protocol == Protocol::Tcp {
            let why = flags.below(&format!("{base}.http3")).map(|(_, flag)| flag).next();
            let why = why.or_else(|| flags.get(&format!("{base}.http3")));
            let address = Address { protocol: Protocol::Udp, ..address.clone() };
            listeners.push(Listener { name: name.clone(), address, flag: Some(flag), shares, why });
        }
        listeners.push(Listener { name, address, flag: Some(flag), shares, why: None });
    }
    listeners.sort_by_key(|listener| listener.flag.is_some_and(Flag::is_written));
    if flags.get(&format!("entrypoints.{IMPLICIT}.address")).is_none()
        && let Some(why) = asks_for_implicit(flags)
        && let Ok(address) = address::parse(IMPLICIT_ADDRESS)
    {
        let implicit = Listener { name: IMPLICIT.to_owned(), address, flag: None, shares: false, why: Some(why) };
        listeners.insert(0, implicit);
    }
    listeners
}

/// The flag for which Traefik adds an entry point.
fn asks_for_implicit<'f>(flags: &'f Flags<'_>) -> Option<&'f Flag> {
    let any = |section: &str| {
        let below = flags.iter().find(|flag| {
            let start = flag.name.get(..section.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(section)
        });
        below.filter(|_| flags.is_on(section))
    };
    let internal = |section: &str| {
        let goes_there = flags.value(&format!("{section}.entrypoint"), IMPLICIT) == Some(IMPLICIT)
            && !flags.is_true(&format!("{section}.manualrouting"));
        any(section).filter(|_| goes_there)
    };
    let insecure = |name: &str| flags.get(name).filter(|_| flags.is_true(name));
    insecure("api.insecure")
        .or_else(|| internal("ping"))
        .or_else(|| internal("metrics.prometheus"))
        .or_else(|| insecure("providers.rest.insecure"))
}

fn taken(plan: &Plan, flags: &Flags<'_>, one: &Listener<'_>, other: &Listener<'_>) -> Finding {
    let port = one.address.port;
    let word = if one.address.protocol == Protocol::Udp { "UDP port" } else { "port" };
    let message = format!(
        "the entry points `{}` and `{}` both listen on {word} {port}, so Traefik does not start",
        other.name, one.name
    );
    let label = |listener: &Listener<'_>| match (listener.flag, listener.why) {
        (Some(flag), None) => port_of(plan, flags, flag, &format!("`{}` listens on {port}", listener.name)),
        (_, Some(why)) => flags.at_value(why, &format!("because of this `{}` listens on {port}", listener.name)),
        (None, None) => Label::key(Some(&plan.environment), flags.service.origin(), "listens too"),
    };
    Finding::new(RULE.id, RULE.severity, message, label(one)).with(label(other)).help("give one of them another port")
}

/// Where the port of an entry point stands.
fn port_of(plan: &Plan, flags: &Flags<'_>, flag: &Flag, text: &str) -> Label {
    if flag.is_written() {
        return flags.at_value(flag, text);
    }
    let path = flag.path();
    if path.key_at(2) == Some("entrypoints") {
        return Label::value(Some(&plan.environment), path.key("port"), text);
    }
    Label::key(Some(&plan.environment), path.clone(), text)
}

fn without_address(flags: &Flags<'_>, name: &str, flag: &Flag) -> Finding {
    let message = format!("the entry point `{name}` has no address, so it listens on any port that is free");
    let label = flags.at_name(flag, "says something about it");
    let known: Vec<String> =
        flags.names("entrypoints").into_iter().filter(|known| known != name && known != "ping").collect();
    let meant = crate::diagnostics::words::nearest(name, known.iter().map(String::as_str));
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("add it to the proxy's `entrypoints`, or give it `entryPoints.{name}.address`"),
    };
    Finding::new(RULE.id, RULE.severity, message, label).help(help)
}

fn no_address(flags: &Flags<'_>, name: &str, flag: &Flag, flaw: AddressFlaw) -> Finding {
    let message = format!("the entry point `{name}` cannot listen, so Traefik does not start");
    let (label, help) = match flaw {
        AddressFlaw::NoColon => ("no `:` before the port", "write `:80`, or `127.0.0.1:80` for one interface"),
        AddressFlaw::Port => ("no port", "write a port from 1 to 65535, such as `:80`"),
        AddressFlaw::Protocol => ("no protocol of an entry point", "write `/tcp` or `/udp`"),
    };
    Finding::new(RULE.id, RULE.severity, message, flags.at_value(flag, label)).help(help)
}

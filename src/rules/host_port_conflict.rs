//! `host-port-conflict`: see [`RULE`].

use std::net::IpAddr;

use indexmap::IndexMap;

use super::{Context, Rule};
use crate::compose::port::{PortRange, Protocol};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest::types::Service;
use crate::manifest::unions::Publish;
use crate::source::KeyPath;

mod sweep;

use sweep::{Entry, Free, Pair};

/// Two services that want the same port of the host.
pub(super) static RULE: Rule = Rule {
    id: "host-port-conflict",
    severity: Severity::Error,
    summary: "two services that want the same port of the host",
    docs: "\
One port of the host that is published twice: by two services, by one service for two of its ports, or in two
environments that run on one host (`stack.side-by-side`). Host addresses count: 127.0.0.1 and 127.0.0.2 do not meet, and
neither do IPv4 and IPv6; without an address a port is published on all of them. TCP and UDP have ports of their own. A
range that the engine picks from, and that holds another service's port, is a warning: whoever starts first has it. The
same entry twice in one service is a hint: Compose keeps one of them. Two services of which each has profiles, and no profile
in common, may want the same port: they stand in for each other.

**Why it breaks.** Only one process can listen on a port of an address. The service that starts second fails.

**How it shows.** `docker compose up` ends with `Bind for 127.0.0.1:8080 failed: port is already allocated`, and which
of the two services runs depends on which one was first. `docker compose config` says nothing.

```toml
[services.web]
port = 3000
publish = 8080

[services.docs]
port = 8000
publish = 8080      # bad: that is web's

[services.docs]
port = 8000
publish = 8081      # good
```

**Fix.** Publish one of them on another port. Between environments, `port-offset` in one environment's `stack` moves all
derived ports of that environment at once.

**Source.** compose-spec, \"ports\"; tried with Docker Compose 2.40 and Docker 28.5, where a pool that started before the
fixed port inside of it took that very port.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

/// The most ports that one finding names.
const SHOWN: usize = 6;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let entries = sweep::entries(context.plans);
    let side_by_side = context.plans.iter().any(|plan| plan.side_by_side);
    let meetings = sweep::meetings(&entries, context.plans.len(), side_by_side);
    if meetings.repeated.is_empty() && meetings.clashes.is_empty() && meetings.pools.is_empty() {
        return;
    }
    let mut report = Report { context, entries: &entries, free: Free::new(&entries) };
    findings.extend(meetings.repeated.iter().map(|pair| report.repeated(*pair)));
    let mut moved: IndexMap<(usize, usize), Vec<Pair>> = IndexMap::new();
    for pair in meetings.clashes {
        let (later, earlier) = (&entries[pair.later], &entries[pair.earlier]);
        if report.is_one_setting(later, earlier) {
            moved.entry((later.environment, earlier.environment)).or_default().push(pair);
        } else {
            findings.push(report.clash(pair));
        }
    }
    for mut pairs in moved.into_values() {
        pairs.sort();
        findings.push(report.environments(&pairs));
    }
    findings.extend(meetings.pools.iter().map(|pair| report.pool(*pair)));
}

struct Report<'r, 'p> {
    context: &'r Context<'p>,
    entries: &'r [Entry<'p>],
    free: Free,
}

impl<'p> Report<'_, 'p> {
    fn pair(&self, pair: Pair) -> (Entry<'p>, Entry<'p>) {
        (self.entries[pair.later], self.entries[pair.earlier])
    }

    fn repeated(&self, pair: Pair) -> Finding {
        let (later, earlier) = self.pair(pair);
        let message = format!("`{}` publishes {} twice in the same way", later.service.name, ports(&later, None));
        Finding::new(RULE.id, Severity::Hint, message, self.label(&later, "Compose keeps one of the two"))
            .with(self.label(&earlier, "the same"))
            .help("take one of them away")
    }

    fn clash(&mut self, pair: Pair) -> Finding {
        let (later, earlier) = self.pair(pair);
        let shared = later.published.overlap(earlier.published);
        let what = ports(&later, shared);
        let apart = later.environment != earlier.environment;
        let name = |entry: &Entry<'_>| {
            let name = &entry.service.name;
            if apart { format!("`{name}` in `{}`", entry.plan.environment) } else { format!("`{name}`") }
        };
        let (first, second) = (name(&earlier), name(&later));
        let (here, there) = (address(later.mapping.ip), address(earlier.mapping.ip));
        let message = match (first == second, here == there) {
            (true, true) => format!("{first} wants {what} on {here} twice"),
            (true, false) => format!("{first} wants {what} on {there}, and again on {here}"),
            (false, true) => format!("{first} and {second} both want {what} on {here}"),
            (false, false) => format!("{first} wants {what} on {there}, and {second} on {here}"),
        };
        let message = if apart { format!("{message}; the environments share a host") } else { message };
        let number = shared.unwrap_or(later.published);
        let help = self.help(&later, apart);
        // One entry that holds in both environments stands in one place.
        if apart && later.port.origin == earlier.port.origin && later.port.text == earlier.port.text {
            let finding = Finding::new(RULE.id, RULE.severity, message, self.label(&later, in_both(number)));
            return of_both(finding.help(help));
        }
        let label = self.label(&later, format!("{number} is taken"));
        let finding = Finding::new(RULE.id, RULE.severity, message, label).help(help);
        let by = if first == second { "already here".to_owned() } else { format!("by {first}") };
        let finding = finding.with(self.label(&earlier, by));
        if apart { of_both(finding) } else { finding }
    }

    /// One finding about all ports that an environment takes from another one because they have the same offset.
    fn environments(&mut self, pairs: &[Pair]) -> Finding {
        let (later, earlier) = self.pair(pairs[0]);
        let (here, there) = (&later.plan.environment, &earlier.plan.environment);
        let message = if pairs.len() == 1 {
            let (name, what) = (&later.service.name, ports(&later, None));
            let (first, second) = (address(earlier.mapping.ip), address(later.mapping.ip));
            let second = if first == second { String::new() } else { format!("on {second} ") };
            format!("`{name}` wants {what} on {first} in `{there}` and {second}in `{here}`, which share a host")
        } else {
            let named = pairs.iter().take(SHOWN).map(|pair| {
                let entry = &self.entries[pair.later];
                format!("{} of `{}`", number(entry), entry.service.name)
            });
            let mut named: Vec<String> = named.collect();
            if pairs.len() > SHOWN {
                named.push(format!("{} more", pairs.len() - SHOWN));
            }
            format!("`{there}` and `{here}` share a host and want the same ports of it: {}", words::and(&named))
        };
        let label = |pair: &Pair| {
            let entry = &self.entries[pair.later];
            self.label(entry, in_both(entry.published))
        };
        let finding = Finding::new(RULE.id, RULE.severity, message, label(&pairs[0])).help(self.offset(pairs));
        of_both(pairs[1..].iter().take(SHOWN - 1).fold(finding, |finding, pair| finding.with(label(pair))))
    }

    fn pool(&self, pair: Pair) -> Finding {
        let (later, earlier) = self.pair(pair);
        let (pool, fixed) = if later.mapping.is_pool() { (later, earlier) } else { (earlier, later) };
        let apart = later.environment != earlier.environment;
        let name = |entry: &Entry<'_>| {
            let name = &entry.service.name;
            if apart { format!("`{name}` in `{}`", entry.plan.environment) } else { format!("`{name}`") }
        };
        let wanted = pool.published.overlap(fixed.published).unwrap_or(fixed.published);
        let range = pool.published;
        let message = format!(
            "{} takes one of the host ports {range}, and {} wants {wanted} of them for itself",
            name(&pool),
            name(&fixed)
        );
        let text = |entry: &Entry<'_>| {
            if entry.mapping.is_pool() { format!("the engine may pick {wanted}") } else { format!("wants {wanted}") }
        };
        let finding = Finding::new(RULE.id, Severity::Warning, message, self.label(&later, text(&later)))
            .with(self.label(&earlier, text(&earlier)))
            .help(format!("take {wanted} out of the range, or give {} another host port", name(&fixed)));
        if apart { of_both(finding) } else { finding }
    }

    /// Whether two environments have the same port for no other reason than that nothing moves one of them.
    fn is_one_setting(&self, later: &Entry<'_>, earlier: &Entry<'_>) -> bool {
        let is_same = later.service.name == earlier.service.name && later.port.origin == earlier.port.origin;
        later.environment != earlier.environment && is_same && self.moves(later) && self.moves(earlier)
    }

    /// Whether `port-offset` moves it.
    fn moves(&self, entry: &Entry<'_>) -> bool {
        entry.port.derived && !matches!(self.written(entry), Some(Publish::At(_)))
    }

    fn written(&self, entry: &Entry<'_>) -> Option<&Publish> {
        self.service(entry)?.publish.as_ref()
    }

    fn service(&self, entry: &Entry<'_>) -> Option<&Service> {
        self.context.manifest(entry.plan)?.services.get(&entry.service.name)
    }

    /// Whether the service says itself that it publishes, and not the defaults.
    fn is_own(&self, entry: &Entry<'_>) -> bool {
        self.service(entry).is_some_and(|service| service.written.iter().any(|key| key == "publish"))
    }

    fn label(&self, entry: &Entry<'_>, text: impl Into<String>) -> Label {
        Label::value(Some(&entry.plan.environment), self.place(entry), text)
    }

    /// What to change: where `publish = true` stands in the defaults, only the port says whose it is.
    fn place(&self, entry: &Entry<'_>) -> KeyPath {
        match self.written(entry) {
            Some(Publish::All(_)) if entry.port.derived && is_publish(&entry.port.origin) && !self.is_own(entry) => {
                entry.service.origin().key("port")
            }
            _ => entry.port.origin.clone(),
        }
    }

    fn help(&mut self, entry: &Entry<'_>, apart: bool) -> String {
        let environment = &entry.plan.environment;
        if apart && self.moves(entry) {
            return format!("move one of them: `port-offset` in `[environments.{environment}.stack]`");
        }
        let service = &entry.service.name;
        let Some(free) = self.free.next(entry.mapping.protocol, entry.published) else {
            return "publish one of them on another port".to_owned();
        };
        let table = if apart {
            format!("[environments.{environment}.services.{service}]")
        } else {
            format!("[services.{service}]")
        };
        let is_free = if free.count() > 1 { format!("{free} are free") } else { format!("{free} is free") };
        if !entry.port.derived {
            let text = entry.port.text.as_literal().map(|_| short(entry, free));
            return match text {
                Some(text) => format!("{is_free}: `\"{text}\"` in `publish` of `{table}`"),
                None => is_free,
            };
        }
        if is_publish(&entry.port.origin) {
            // What holds in several environments is changed in one of them.
            let way = if apart || !self.is_own(entry) { "write" } else { "write instead" };
            return format!("{is_free}: {way} `publish = {free}` in `{table}`");
        }
        let Some(entry_point) = entry.port.origin.key_at(3) else {
            // What has no number of its own in services.toml: a debugger.
            let name = entry.port.text.variables().first().map(|name| (*name).to_owned()).unwrap_or_default();
            return format!("{is_free}: `{name} = {{ default = {free} }}` in `[variables]`");
        };
        format!("{is_free}: `port = {free}` for the entry point `{entry_point}` of `{service}`")
    }

    /// The offset that moves the less important of two environments out of the way.
    fn offset(&self, pairs: &[Pair]) -> String {
        let (later, earlier) = self.pair(pairs[0]);
        let moved = if earlier.plan.production || !later.plan.production { later } else { earlier };
        let environment = &moved.plan.environment;
        let stack = self.context.manifest(moved.plan).and_then(|manifest| manifest.stack.as_ref());
        let old = stack.and_then(|stack| stack.port_offset).unwrap_or_default();
        let own = self.entries.iter().filter(|entry| entry.environment == moved.environment && self.moves(entry));
        let own: Vec<(Protocol, u16)> =
            own.map(|entry| (entry.mapping.protocol, entry.published.first.saturating_sub(old))).collect();
        let fits = |offset: &u16| {
            own.iter()
                .all(|(protocol, port)| port.checked_add(*offset).is_some_and(|port| self.free.has(*protocol, port)))
        };
        let steps = (10_000..=50_000).step_by(10_000).chain((1_000..10_000).step_by(1_000));
        let offset = steps.into_iter().find(fits);
        let offset = offset.map_or_else(|| "a `port-offset`".to_owned(), |offset| format!("`port-offset = {offset}`"));
        format!("move `{environment}`: {offset} in `[environments.{environment}.stack]`")
    }
}

/// A finding that holds between two environments, and so in neither alone.
fn of_both(finding: Finding) -> Finding {
    Finding { environment: None, ..finding }
}

fn in_both(range: PortRange) -> String {
    format!("{range} in both")
}

/// Whether a derived port comes from `publish`, and not from an entry point.
fn is_publish(origin: &KeyPath) -> bool {
    origin.key_at(2) == Some("publish")
}

/// `host port 8080`, or those that are shared.
fn ports(entry: &Entry<'_>, shared: Option<PortRange>) -> String {
    let range = shared.unwrap_or(entry.published);
    let several = if range.count() > 1 { "s" } else { "" };
    format!("host port{several} {range}{}", suffix(entry.mapping.protocol))
}

fn number(entry: &Entry<'_>) -> String {
    format!("{}{}", entry.published, suffix(entry.mapping.protocol))
}

fn suffix(protocol: Protocol) -> String {
    if protocol == Protocol::Tcp { String::new() } else { format!("/{protocol}") }
}

fn address(ip: Option<IpAddr>) -> String {
    match ip {
        None => "every address".to_owned(),
        Some(ip) if ip.is_unspecified() && ip.is_ipv4() => "every IPv4 address".to_owned(),
        Some(ip) if ip.is_unspecified() => "every IPv6 address".to_owned(),
        Some(ip) => ip.to_string(),
    }
}

/// The short syntax with other host ports.
fn short(entry: &Entry<'_>, published: PortRange) -> String {
    let mapping = &entry.mapping;
    let ip = match mapping.ip {
        None => String::new(),
        Some(IpAddr::V4(ip)) => format!("{ip}:"),
        Some(IpAddr::V6(ip)) => format!("[{ip}]:"),
    };
    format!("{ip}{published}:{}{}", mapping.target, suffix(mapping.protocol))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::RULE;
    use crate::compose::port;
    use crate::project::Project;
    use crate::source::Source;

    /// Whether the rule says anything about services that publish these.
    fn is_found(ports: &[String]) -> bool {
        let mut text = "[stack]\nname = \"s\"\n".to_owned();
        for (position, port) in ports.iter().enumerate() {
            let _ = write!(text, "[services.s{position}]\nimage = \"a:1\"\npublish = \"{port}\"\n");
        }
        let analysis = Project::from_source(Source::new("services.toml", ".", text)).analyse().unwrap();
        analysis.report.rules().contains(RULE.id)
    }

    /// The same, by comparing each with each.
    fn is_expected(ports: &[String]) -> bool {
        let mappings: Vec<_> = ports.iter().map(|port| port::parse(port).unwrap()).collect();
        let meet = |a: &port::PortMapping, b: &port::PortMapping| a.clash(b).is_some() && !(a.is_pool() && b.is_pool());
        mappings.iter().enumerate().any(|(position, a)| mappings[..position].iter().any(|b| meet(a, b)))
    }

    proptest::proptest! {
        #[test]
        fn the_sweep_finds_what_comparing_all_with_all_finds(
            ports in proptest::collection::vec(
                "(|127\\.0\\.0\\.1:|127\\.0\\.0\\.2:|0\\.0\\.0\\.0:|\\[::\\]:|\\[::1\\]:)1[0-9](-2[0-3]:80|:80)(|/udp)",
                1..6,
            )
        ) {
            proptest::prop_assert_eq!(is_found(&ports), is_expected(&ports), "{:?}", ports);
        }
    }
}

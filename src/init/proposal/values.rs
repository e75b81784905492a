//! What containers are told, in the terms of services.toml: the address of another service becomes a reference, what an
//! operator sets becomes a variable, and of the rest only what is harmless is copied.

use indexmap::IndexMap;
use toml::Value;

use super::{Entry, Material, Proposal, Setting, containers, images};
use crate::compose::interpolation::names;
use crate::init::judgement::{
    is_harmless, is_identifier, is_secret, is_shown, is_shown_around, is_shown_path, is_suspect,
};
use crate::init::seen::{Container, Seen};
use crate::kinds::{Class, Kind, Kinds, Output};
use crate::secrets::forms::unmistakable;

/// What is known of a service by those that talk to it.
#[derive(Debug, Clone)]
pub(super) struct Peer<'k> {
    pub(super) name: String,
    /// What compose files call it.
    spelled: String,
    pub(super) kind: Option<&'k Kind>,
    pub(super) port: Option<u16>,
    published: Vec<(u16, u16)>,
    database: Option<String>,
    /// Whom it lets in, where that is known.
    user: Option<String>,
    /// The ways that lead through it, where it is a proxy.
    ways: Vec<(String, String)>,
}

impl Peer<'_> {
    fn has(&self, output: &str) -> bool {
        self.kind.is_some_and(|kind| kind.outputs.contains_key(output))
    }

    /// A reference to one of its outputs.
    pub(super) fn output(&self, output: &str) -> String {
        format!("${{services.{}.{output}}}", self.name)
    }

    /// The scheme of its address, as its kind spells it.
    fn scheme(&self) -> Option<&str> {
        let url = match self.kind?.outputs.get("url")? {
            Output::Text(text) => text,
            Output::Cases(cases) => &cases.last()?.value,
        };
        url.split("://").next()
    }

    /// Whether its kind answers to this scheme.
    pub(super) fn speaks(&self, scheme: &str) -> bool {
        let base = scheme.split('+').next().unwrap_or(scheme);
        self.kind.is_some_and(|kind| kind.traces.schemes.iter().any(|known| known == base))
    }

    /// Its address in another dialect of its scheme: `postgresql+asyncpg`.
    pub(super) fn url(&self, scheme: &str) -> String {
        match self.scheme() {
            Some(own) if own == scheme || !self.has("authority") => self.output("url"),
            _ => format!("{scheme}://{}/{}", self.output("authority"), self.output("database")),
        }
    }
}

/// The one that is addressed by this name.
fn addressed<'p, 'k>(peers: &'p [Peer<'k>], host: &str) -> Option<&'p Peer<'k>> {
    let alike = || peers.iter().find(|peer| peer.name == super::slug(host) && peer.name.len() == host.len());
    peers.iter().find(|peer| peer.spelled == host).or_else(alike)
}

/// Every service, as the others see it.
pub(super) fn peers<'k>(proposal: &Proposal, material: Material<'k>) -> Vec<Peer<'k>> {
    let kinds: &'k Kinds = material.kinds;
    let all = proposal.services.iter().filter(|(_, service)| service.obstacle.is_none());
    all.map(|(name, service)| {
        let kind = service.kind().and_then(|kind| kinds.get(kind));
        let is_proxy = kind.is_some_and(|kind| kind.class == Class::Proxy);
        let default = || kind.and_then(|kind| kind.options.get("database")).and_then(|_| service.text("user"));
        let container = material.seen.containers.iter().find(|container| container.name == *name);
        let known = |option: &str| {
            let default = || kind?.options.get(option)?.default.as_ref()?.as_str().map(str::to_owned);
            service.text(option).map(str::to_owned).or_else(default)
        };
        Peer {
            name: name.clone(),
            spelled: container.map_or(name, |container| &container.spelled).clone(),
            user: known("user"),
            kind,
            port: service.port,
            ways: if is_proxy { super::routes::ways(material) } else { Vec::new() },
            published: if is_proxy
                || service.keys.contains_key("publish")
                || proposal.overlays.values().any(|o| o.get(name).is_some_and(|keys| keys.contains_key("publish")))
            {
                service.published.clone()
            } else {
                Vec::new()
            },
            database: service.text("database").or_else(default).map(str::to_owned),
        }
    })
    .collect()
}

/// Gives every service of a compose file its variables.
pub(super) fn fill(proposal: &mut Proposal, material: Material<'_>) {
    let peers = peers(proposal, material);
    for container in &material.seen.containers {
        let name = container.name.clone();
        let Some(service) = proposal.services.get(&name) else { continue };
        let kind = service.kind().and_then(|kind| material.kinds.get(kind)).cloned();
        let base = service.text("extends").and_then(|base| {
            let base = proposal.services.get(base)?;
            Some((base.env.clone(), base.build_env.clone()))
        });
        let of_image = kind.as_ref().filter(|kind| !kind.builds() && kind.built_on.is_none());
        let is_skipped = |variable: &str| {
            of_image.is_some_and(|kind| images::told_by(kind, variable).is_some())
                || kind.as_ref().is_some_and(|kind| kind.env.contains_key(variable))
                || (variable == "PORT" && kind.is_some())
        };
        let pending = service.pending.clone();
        for (option, text) in pending {
            let value = address(&peers, &name, &text);
            let value = value.or_else(|| is_harmless(&option, &text).then_some(text));
            if let (Some(value), Some(service)) = (value, proposal.services.get_mut(&name)) {
                service.keys.insert(option, Entry::new(value));
            }
        }
        let Some(service) = proposal.services.get(&name) else { continue };
        let mut env: IndexMap<String, Setting> = service.env.clone();
        let mut build_env: IndexMap<String, Setting> = IndexMap::new();
        let from = container.from.clone();
        let service_port = service.port.map(|port| port.to_string());
        let service_port = service_port.as_ref();
        for (variable, value) in container.env.iter().filter(|(variable, _)| !is_skipped(variable)) {
            if is_environment(container, variable, material.seen) {
                env.insert(variable.clone(), Setting::Value(Entry::new("${environment.name}")));
                continue;
            }
            let own_port =
                service_port.filter(|port| variable.ends_with("PORT") && value.as_deref() == Some(port.as_str()));
            if own_port.is_some() && kind.as_ref().is_some_and(Kind::builds) {
                env.insert(variable.clone(), Setting::Value(Entry::new("${service.port}")));
                continue;
            }
            if let Some(setting) = setting(proposal, &peers, &name, variable, value.as_deref(), &from) {
                env.insert(variable.clone(), setting);
            }
        }
        let told = container.build.iter().flat_map(|build| &build.args);
        for (variable, value) in told {
            if let Some(setting) = setting(proposal, &peers, &name, variable, value.as_deref(), &from) {
                build_env.insert(variable.clone(), setting);
            }
        }
        of_env_files(proposal, material.seen, container, &mut env, &is_skipped);
        if let Some((known, built)) = base {
            // What the first one says holds for this one too.
            env.retain(|name, setting| known.get(name) != Some(setting));
            build_env.retain(|name, setting| built.get(name) != Some(setting));
        }
        overlays(proposal, &peers, material.seen, container, &name, &is_skipped);
        if let Some(service) = proposal.services.get_mut(&name) {
            service.env = env;
            service.build_env = build_env;
        }
    }
    own_variables(proposal);
}

/// Whether a variable says which environment it is, in all of them.
fn is_environment(container: &Container, name: &str, seen: &Seen) -> bool {
    let value = |container: &Container| container.env.get(name).cloned().flatten();
    let own = seen.environments.first();
    own.is_some()
        && value(container).as_ref() == own
        && !container.elsewhere.is_empty()
        && container.elsewhere.iter().all(|(environment, other)| value(other).as_ref() == Some(environment))
}

/// Declares what texts mention and nobody has declared yet.
fn own_variables(proposal: &mut Proposal) {
    let mut mentioned: Vec<(String, Option<String>)> = Vec::new();
    for service in proposal.services.values() {
        let tables = service.tables.values().flat_map(IndexMap::values);
        for entry in service.keys.values().chain(tables) {
            collect(&entry.value, &mut mentioned);
        }
    }
    for (name, _) in mentioned {
        // A default beside the use of a variable declares it by itself.
        if !proposal.variables.contains_key(&name) {
            continue;
        }
        proposal.declare(&name, None, None);
    }
}

fn collect(value: &Value, found: &mut Vec<(String, Option<String>)>) {
    match value {
        Value::String(text) => found.extend(names(text).into_iter().map(|name| (name, None))),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Table(table) => table.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// The names of an env file that a container reads.
fn of_env_files(
    proposal: &mut Proposal,
    seen: &Seen,
    container: &Container,
    env: &mut IndexMap<String, Setting>,
    is_skipped: &dyn Fn(&str) -> bool,
) {
    for file in &container.env_files {
        let here = crate::init::snapshot::parent(&container.from);
        let path = crate::plan::clean_path(&crate::init::snapshot::joined(here, file)).unwrap_or_default();
        let directory = crate::init::snapshot::parent(&path).to_owned();
        let known = seen.env_names.get(&directory).into_iter().flatten();
        let of_file = known.filter(|(_, name)| name.from == path || name.from.starts_with(&format!("{path}.")));
        for (name, known) in of_file.filter(|(name, _)| !is_skipped(name)) {
            if env.contains_key(name) {
                continue;
            }
            // Of such files values are copied where they are made to be shown, and else nothing but the name.
            let verb = if known.default.is_some() { "from" } else { "named in" };
            let note = format!("{verb} {}", known.from);
            let declared = proposal.declare(name, known.default.as_deref().map(typed), Some(note.clone()));
            if declared.default.is_none() {
                declared.is_secret |= known.is_secret;
            }
            env.insert(name.clone(), Setting::Own(Some(note)));
        }
    }
}

/// What the files of other environments demand.
pub(super) fn demands(proposal: &mut Proposal, material: Material<'_>) {
    let all = material.seen.containers.iter().flat_map(|container| &container.elsewhere);
    for (environment, other) in all {
        let args = other.build.iter().flat_map(|build| build.args.values().flatten());
        for value in other.env.values().flatten().chain(other.labels.values()).chain(args) {
            for name in demanded(value) {
                if let Some(variable) = proposal.variables.get_mut(&name)
                    && !variable.required_in.contains(environment)
                {
                    variable.required_in.push(environment.clone());
                }
            }
        }
    }
}

/// The variables of a text that must be set.
fn demanded(text: &str) -> Vec<String> {
    let parts = text.split("${").skip(1);
    parts
        .filter_map(|part| {
            let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
            let rest = &part[end..];
            (rest.starts_with(":?") || rest.starts_with('?')).then(|| part[..end].to_owned())
        })
        .collect()
}

/// What only another environment tells a container.
fn overlays(
    proposal: &mut Proposal,
    peers: &[Peer<'_>],
    seen: &Seen,
    container: &Container,
    name: &str,
    is_skipped: &dyn Fn(&str) -> bool,
) {
    for (environment, other) in &container.elsewhere {
        let mut table = toml::Table::new();
        for (variable, value) in &other.env {
            if is_skipped(variable) || is_environment(container, variable, seen) {
                continue;
            }
            if let Some(own) = container.env.get(variable) {
                // Another value, where both can be seen.
                let differs = value.as_deref().is_some_and(|value| {
                    own.as_deref() != Some(value) && !value.contains('$') && is_harmless(variable, value)
                });
                let is_seen = own.as_deref().is_some_and(|own| !own.contains('$') && is_harmless(variable, own));
                if let (true, true, Some(value)) = (differs, is_seen, value) {
                    table.insert(variable.clone(), typed(value));
                }
                continue;
            }
            let setting = setting(proposal, peers, name, variable, value.as_deref(), &other.from);
            match setting {
                Some(Setting::Value(entry)) if !seen.hidden.is_in(&entry.value.to_string()) => {
                    table.insert(variable.clone(), entry.value);
                }
                Some(_) => {
                    table.insert(variable.clone(), Value::from(format!("${{{variable}}}")));
                }
                None => {}
            }
        }
        // What the first service of a program is told, its other processes are told too.
        let base = proposal.services.get(name).and_then(|service| service.text("extends"));
        let of_base = base.and_then(|base| proposal.overlays.get(environment)?.get(base)?.get("env")?.value.as_table());
        if let Some(of_base) = of_base.cloned() {
            table.retain(|name, value| of_base.get(name) != Some(value));
        }
        if !table.is_empty() {
            let overlay = proposal.overlays.entry(environment.clone()).or_default();
            let note = format!("from {}", other.from);
            overlay.entry(name.to_owned()).or_default().insert("env".to_owned(), Entry::noted(table, note));
        }
    }
}

/// What stands between a variable and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Default,
    Required,
    Other,
}

/// The variable that a text is as a whole: its name, its operator and what follows that.
pub(super) fn whole(text: &str) -> Option<(String, Option<Operator>, String)> {
    let text = text.trim();
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if let Some(name) = text.strip_prefix('$').filter(|name| is_name(name)) {
        return Some((name.to_owned(), None, String::new()));
    }
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    // Another one may follow: `${A}${B}`.
    let mut depth = 0_i32;
    for byte in inner.bytes() {
        depth += i32::from(byte == b'{') - i32::from(byte == b'}');
        if depth < 0 {
            return None;
        }
    }
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    if !is_name(name) {
        return None;
    }
    let operators = [
        (":-", Operator::Default),
        (":?", Operator::Required),
        (":+", Operator::Other),
        ("-", Operator::Default),
        ("?", Operator::Required),
        ("+", Operator::Other),
    ];
    if rest.is_empty() {
        return Some((name.to_owned(), None, String::new()));
    }
    let (spelling, operator) = operators.into_iter().find(|(spelling, _)| rest.starts_with(spelling))?;
    Some((name.to_owned(), Some(operator), rest[spelling.len()..].to_owned()))
}

/// A text as the scalar that it is.
pub(super) fn typed(text: &str) -> Value {
    if text == "true" || text == "false" {
        return Value::from(text == "true");
    }
    if let Ok(number) = text.parse::<i64>()
        && number.to_string() == text
    {
        return Value::from(number);
    }
    if let Ok(number) = text.parse::<f64>()
        && number.is_finite()
        && format!("{number:?}") == text
    {
        return Value::from(number);
    }
    Value::from(text)
}

/// What a variable of a container is set to. None for what means nothing.
pub(super) fn setting(
    proposal: &mut Proposal,
    peers: &[Peer<'_>],
    service: &str,
    name: &str,
    raw: Option<&str>,
    from: &str,
) -> Option<Setting> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || name.is_empty() {
        // What is no name may be a name and its value, written in another way.
        let name = name.split([':', '=', ' ']).next().unwrap_or_default();
        proposal.unknown(service, format!("what `{name}` in {from} is: a variable has letters, digits and `_`"));
        return None;
    }
    let note = format!("from {from}");
    let Some(raw) = raw.map(str::trim) else {
        proposal.declare(name, None, Some(note.clone()));
        return Some(Setting::Own(Some(note)));
    };
    // Compose's own escape is that of services.toml too.
    if let Some((variable, operator, argument)) = whole(raw) {
        let default = match operator {
            Some(Operator::Default) => default_of(proposal, peers, service, &variable, &argument, from),
            _ => None,
        };
        let is_empty = operator == Some(Operator::Default) && argument.is_empty();
        let declared = proposal.declare(&variable, default, Some(note.clone()));
        declared.is_optional |= is_empty;
        return Some(if variable == name {
            Setting::Own(Some(note))
        } else {
            Setting::Value(Entry::new(format!("${{{variable}}}")))
        });
    }
    let entry = literal(peers, service, name, raw);
    if let Some(entry) = entry {
        for variable in names(entry.as_str().unwrap_or_default()) {
            proposal.declare(&variable, None, Some(note.clone()));
        }
        return Some(Setting::Value(Entry::new(entry)));
    }
    // The value is not copied.
    proposal.declare(name, None, Some(note)).is_secret |= is_suspect(name, raw);
    proposal.unknown(service, format!("the value of `{name}`: the one in {from} is not copied; set it in .env"));
    Some(Setting::Own(Some(format!("from {from}: its value is not copied"))))
}

/// The default of a variable, where it can be shown.
fn default_of(
    proposal: &mut Proposal,
    peers: &[Peer<'_>],
    service: &str,
    name: &str,
    argument: &str,
    from: &str,
) -> Option<Value> {
    if argument.is_empty() {
        return None;
    }
    let plain = containers::with_defaults(argument);
    // What is made of a password is a secret, and its default is made of the password again.
    if let Some(text) = address(peers, service, &plain) {
        return Some(Value::from(text));
    }
    if !is_secret(name) && (is_harmless(name, &plain) || is_shown(name, &plain)) {
        return Some(typed(&plain));
    }
    proposal.unknown(from, format!("the default of `{name}` there: it may be a secret, so it is not copied"));
    if is_suspect(name, &plain) {
        proposal.declare(name, None, Some(format!("from {from}"))).is_secret = true;
    }
    None
}

/// A text that can stand there as it is, or with references in it; none for one that must not be copied.
fn literal(peers: &[Peer<'_>], service: &str, name: &str, raw: &str) -> Option<Value> {
    let plain = containers::with_defaults(raw);
    if let Some(text) = address(peers, service, &plain) {
        return Some(Value::from(text));
    }
    let upper = name.to_ascii_uppercase();
    let is_host = ["HOST", "SERVER", "HOSTNAME", "ADDR", "ADDRESS"].iter().any(|word| upper.ends_with(word));
    if let Some(peer) = addressed(peers, &plain).filter(|peer| is_host && peer.name != service) {
        return Some(Value::from(peer.output("host")));
    }
    if !raw.contains('$') {
        if let Some(port) = port_of(peers, service, &upper, raw) {
            return Some(Value::from(port));
        }
        let is_name = ["USER", "DB", "DATABASE", "NAME"].iter().any(|word| upper.ends_with(word));
        if is_name && is_identifier(raw) && !is_secret(name) {
            return Some(typed(raw));
        }
        return is_harmless(name, raw).then(|| typed(raw));
    }
    if let Some(text) = with_password(peers, service, raw) {
        return Some(Value::from(text));
    }
    // With variables in it: what stands around them must be harmless too.
    let around = crate::compose::interpolation::substitute(raw, &|_| Some(String::new())).ok()?.text;
    let is_shown = unmistakable(raw).is_none() && is_shown_around(&around);
    if !is_shown || (is_secret(name) && around.chars().any(|c| c.is_ascii_alphanumeric())) {
        return None;
    }
    Some(Value::from(bare(raw)))
}

/// The address of a service that no kind stands for, with a password that is a variable as a whole.
fn with_password(peers: &[Peer<'_>], service: &str, raw: &str) -> Option<String> {
    let (scheme, rest) = raw.split_once("://")?;
    let (user_info, rest) = rest.rsplit_once('@')?;
    let (user, password) = user_info.split_once(':')?;
    let (variable, ..) = whole(password)?;
    let plain = address(peers, service, &format!("{scheme}://{rest}"))?;
    let (scheme, rest) = plain.split_once("://")?;
    let is_user = is_identifier(user) || whole(user).is_some();
    is_user.then(|| format!("{scheme}://{}:${{{variable}}}@{rest}", bare(user)))
}

/// A text whose variables have no operators.
fn bare(text: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        done.push_str(&rest[..at]);
        let mut depth = 0;
        let end = rest[at..].char_indices().find_map(|(position, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            (c == '}' && depth == 0).then_some(at + position)
        });
        let Some(end) = end else { break };
        let inner = &rest[at + 2..end];
        let stop = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
        done.push_str("${");
        done.push_str(&inner[..stop]);
        done.push('}');
        rest = &rest[end + 1..];
    }
    done.push_str(rest);
    done
}

/// `DB_PORT` beside `DB_HOST`: the port of the service that such names are about.
fn port_of(peers: &[Peer<'_>], service: &str, upper: &str, raw: &str) -> Option<String> {
    let port: u16 = raw.parse().ok()?;
    if !upper.ends_with("PORT") {
        return None;
    }
    let peer = peers.iter().find(|peer| {
        let words = peer.kind.map(|kind| kind.traces.words.as_slice()).unwrap_or_default();
        peer.port == Some(port)
            && peer.name != service
            && (words.iter().any(|word| upper.starts_with(word))
                || upper.starts_with(&peer.name.to_ascii_uppercase().replace('-', "_")))
    })?;
    Some(peer.output("port"))
}

/// A text in which a service is addressed, with a reference in the place of its address. The password that it may have is
/// that of the service.
pub(super) fn address(peers: &[Peer<'_>], service: &str, text: &str) -> Option<String> {
    if text.contains(',') {
        let parts: Option<Vec<String>> = text.split(',').map(|part| address(peers, service, part.trim())).collect();
        return parts.map(|parts| parts.join(","));
    }
    let find = |host: &str| addressed(peers, host);
    let Some((scheme, rest)) = text.split_once("://") else {
        let (host, port) = text.split_once(':')?;
        let peer = find(host).filter(|peer| peer.name != service)?;
        let port: u16 = port.parse().ok()?;
        return Some(if peer.port == Some(port) {
            peer.output("address")
        } else {
            format!("{}:{port}", peer.output("host"))
        });
    };
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user_info, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
        None => (host, None),
    };
    let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-~?=&%".contains(c)) && is_shown_path(path);
    if !is_scheme || !is_plain {
        return None;
    }
    if matches!(host, "localhost" | "127.0.0.1") && matches!(scheme, "http" | "https") {
        let port = port.unwrap_or(if scheme == "http" { 80 } else { 443 });
        let proxy =
            peers.iter().find(|peer| !peer.ways.is_empty() && peer.published.iter().any(|(host, _)| *host == port));
        if let Some(proxy) = proxy {
            let fits = |(way, _): &&(String, String)| {
                way == "/" || path == way || path.strip_prefix(way.as_str()).is_some_and(|rest| rest.starts_with('/'))
            };
            let (way, name) = proxy.ways.iter().find(fits)?;
            let rest = if way == "/" { path } else { &path[way.len()..] };
            return Some(format!("${{services.{name}.public-url}}{rest}"));
        }
        let peer = peers
            .iter()
            .find(|peer| peer.published.iter().any(|(host, own)| *host == port && peer.port == Some(*own)))?;
        return Some(format!("{}{path}", peer.output("public-url")));
    }
    let peer = find(host).filter(|peer| peer.name != service)?;
    if peer.speaks(scheme) {
        if peer.has("authority") {
            // Somebody else may do something else there.
            let user = user_info.map(|info| info.split(':').next().unwrap_or_default());
            let is_other = |user: &str| !user.is_empty() && !user.contains('$');
            if let (Some(user), Some(own)) = (user.filter(|user| is_other(user)), &peer.user)
                && is_other(own)
                && own != user
            {
                return None;
            }
            let (name, query) =
                path.trim_start_matches('/').split_once('?').map_or((path.trim_start_matches('/'), ""), |parts| parts);
            let query = if query.is_empty() { String::new() } else { format!("?{query}") };
            if name.is_empty() || peer.database.as_deref().is_none_or(|known| known == name) {
                return Some(format!("{}{query}", peer.url(scheme)));
            }
            return is_identifier(name).then(|| format!("{scheme}://{}/{name}{query}", peer.output("authority")));
        }
        return Some(format!("{}{path}", peer.output("url")));
    }
    if user_info.is_some() {
        return None;
    }
    let is_main = port.is_none_or(|port| peer.port == Some(port));
    if scheme == "http" && is_main && peer.has("url") && peer.port.is_some() {
        return Some(format!("{}{path}", peer.output("url")));
    }
    Some(match port {
        Some(port) if peer.port == Some(port) => format!("{scheme}://{}{path}", peer.output("address")),
        Some(port) => format!("{scheme}://{}:{port}{path}", peer.output("host")),
        None => format!("{scheme}://{}{path}", peer.output("host")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_taken_apart() {
        let of = |text: &str| whole(text);
        let is = |name: &str, operator, argument: &str| Some((name.to_owned(), operator, argument.to_owned()));
        assert_eq!(of("${A}"), is("A", None, ""));
        assert_eq!(of("$A"), is("A", None, ""));
        assert_eq!(of("${A:-x${B:-y}}"), is("A", Some(Operator::Default), "x${B:-y}"));
        assert_eq!(of("${A:?why}"), is("A", Some(Operator::Required), "why"));
        for text in ["${A}${B}", "x${A}", "A", "${}", ""] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_scalar_is_what_it_is_written_like() {
        assert_eq!(typed("true"), Value::from(true));
        assert_eq!(typed("3"), Value::from(3));
        assert_eq!(typed("0.5"), Value::from(0.5));
        for text in ["03", "1e3", "0.50", "yes", ""] {
            assert_eq!(typed(text), Value::from(text), "{text}");
        }
    }
}

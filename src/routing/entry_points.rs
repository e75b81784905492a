//! The entry points of a proxy, as its flags say them: where they listen, what they do before any router is asked, and
//! where they send what no router takes (Traefik docs, "Install Configuration: `EntryPoints`").

use super::values::{self, Lookup};
use crate::compose::port::Protocol;
use crate::plan::{Plan, Service};
use crate::traefik::{address, dynamic::value, static_flags};

/// The entry point on which Traefik's own API listens where it is `insecure`: no router is on it by default.
const API: &str = "traefik";

/// The characters that an entry point may refuse in their encoded form, by option and escape.
const ENCODED: [(&str, &str); 7] = [
    ("allowencodedslash", "%2F"),
    ("allowencodedbackslash", "%5C"),
    ("allowencodednullcharacter", "%00"),
    ("allowencodedsemicolon", "%3B"),
    ("allowencodedpercent", "%25"),
    ("allowencodedquestionmark", "%3F"),
    ("allowencodedhash", "%23"),
];

/// Where requests arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// Its name.
    pub name: String,
    /// The port in the container, where it is known.
    pub port: Option<u16>,
    /// The ports of the host that lead to it.
    pub published: Vec<u16>,
    /// Where it sends what no router of a higher priority takes.
    pub redirect: Option<Redirect>,
    /// Whether its routers speak TLS although they do not say so.
    pub has_tls: bool,
    /// Middlewares before those of its routers.
    pub middlewares: Vec<String>,
    /// Whether a router that names none is on it.
    pub is_default: bool,
    /// Whether it adds something to its routers, of which Traefik then makes one for this entry point alone.
    pub(super) has_model: bool,
    /// Whether `.`, `..` and doubled slashes are taken out of a path.
    pub(super) cleans: bool,
    /// Whether a `;` in a query is escaped; else it separates parameters.
    pub(super) escapes_semicolons: bool,
    /// Escapes for which a request is refused.
    pub(super) refused: Vec<&'static str>,
    /// Whose forwarded headers are believed.
    pub(super) trust: Trust,
}

/// Whose `X-Forwarded-…` headers are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// Everybody's.
    All,
    /// Those of these addresses and networks; perhaps nobody's.
    Some(Vec<String>),
}

/// What an entry point does with a request that no router takes before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The entry point or `:port` that it was told to redirect to.
    pub to: String,
    /// The scheme.
    pub scheme: String,
    /// The port, where it is not the scheme's.
    pub port: String,
    /// Whether browsers may remember it.
    pub is_permanent: bool,
    /// The priority of the router that Traefik makes for it.
    pub priority: i64,
}

impl EntryPoint {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            port: None,
            published: Vec::new(),
            redirect: None,
            has_tls: false,
            middlewares: Vec::new(),
            is_default: false,
            has_model: false,
            cleans: true,
            escapes_semicolons: false,
            refused: Vec::new(),
            trust: Trust::Some(Vec::new()),
        }
    }
}

/// Every entry point of the proxy among the plans, or of one that runs elsewhere, as far as that is known.
pub(super) fn entry_points(plans: &[&Plan], values: Lookup<'_>) -> Vec<EntryPoint> {
    let own = plans.iter().find_map(|plan| Some((*plan, plan.services.values().find(|s| s.proxy.is_some())?)));
    match own {
        Some((plan, proxy)) => of_flags(plan, proxy, values),
        None => plans.iter().find_map(|plan| of_external(plan, values)).unwrap_or_default(),
    }
}

/// Those of a proxy that runs elsewhere, as services.toml describes them.
fn of_external(plan: &Plan, values: Lookup<'_>) -> Option<Vec<EntryPoint>> {
    let proxy = plan.externals.values().find(|external| !external.entry_points.is_empty())?;
    let public = |name: &str| {
        proxy.entry_points.get(name).and_then(|entry| port(&values::resolve(plan, &entry.public_port, values)))
    };
    let entry_points = proxy.entry_points.iter().map(|(name, entry)| {
        let redirect = entry.redirect_to.as_ref().map(|to| {
            let is_tls = proxy.entry_points.get(to).is_some_and(|target| target.tls.is_some());
            let scheme = if is_tls { "https" } else { "http" };
            Redirect {
                to: to.clone(),
                scheme: scheme.to_owned(),
                port: public(to).map(|port| port.to_string()).unwrap_or_default(),
                is_permanent: plan.production,
                priority: 1,
            }
        });
        EntryPoint {
            port: Some(entry.port),
            published: public(name).into_iter().collect(),
            redirect,
            is_default: true,
            ..EntryPoint::new(name)
        }
    });
    Some(entry_points.collect())
}

fn of_flags(plan: &Plan, proxy: &Service, values: Lookup<'_>) -> Vec<EntryPoint> {
    let words: Vec<String> = proxy.command.iter().flatten().map(|text| values::resolve(plan, text, values)).collect();
    let mut found: Vec<EntryPoint> = Vec::new();
    let mut udp: Vec<String> = Vec::new();
    let mut redirects: Vec<(String, &str, String)> = Vec::new();
    let mut as_default = false;
    for flag in words.iter().filter_map(|word| static_flags::split(word)) {
        let path = flag.name.to_ascii_lowercase();
        let Some((name, option)) = path.strip_prefix("entrypoints.").and_then(|rest| rest.split_once('.')) else {
            continue;
        };
        let value = flag.value.unwrap_or("true");
        let is_on = value::boolean(value).unwrap_or(value.is_empty());
        // No letter case tells names in flags apart; people read their own spelling.
        let name = flag.name.get("entrypoints.".len()..).and_then(|rest| rest.get(..name.len())).unwrap_or(name);
        let at = found.iter().position(|known| known.name.eq_ignore_ascii_case(name)).unwrap_or_else(|| {
            found.push(EntryPoint::new(name));
            found.len() - 1
        });
        let Some(entry) = found.get_mut(at) else { continue };
        let list = || value.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty());
        match option {
            "address" => match address::parse(value) {
                Ok(address) if address.protocol == address::Protocol::Udp => udp.push(name.to_owned()),
                Ok(address) => entry.port = Some(address.port),
                Err(_) => {}
            },
            "asdefault" => {
                entry.is_default = is_on;
                as_default |= is_on;
            }
            "http.tls" => entry.has_tls = is_on,
            "http.middlewares" => entry.middlewares = list().collect(),
            "http.sanitizepath" => entry.cleans = is_on,
            "http.encodequerysemicolons" => entry.escapes_semicolons = is_on,
            "forwardedheaders.insecure" if is_on => entry.trust = Trust::All,
            "forwardedheaders.trustedips" if entry.trust != Trust::All => entry.trust = Trust::Some(list().collect()),
            _ => {
                entry.has_model |= option.starts_with("observability.");
                if option.starts_with("http.tls.") {
                    entry.has_tls = true;
                } else if let Some(key) = option.strip_prefix("http.redirections.entrypoint.") {
                    let known = ["to", "scheme", "permanent", "priority"].into_iter().find(|known| *known == key);
                    redirects.extend(known.map(|key| (name.to_owned(), key, value.to_owned())));
                } else if let Some(key) = option.strip_prefix("http.encodedcharacters.")
                    && let Some((_, escape)) = ENCODED.iter().find(|(option, _)| *option == key)
                {
                    entry.refused.retain(|known| known != escape);
                    if !is_on {
                        entry.refused.push(escape);
                    }
                }
            }
        }
    }
    found.retain(|entry| !udp.contains(&entry.name));
    if !as_default {
        for entry in &mut found {
            entry.is_default = entry.name != API;
        }
    }
    let ports: Vec<(String, Option<u16>)> = found.iter().map(|entry| (entry.name.clone(), entry.port)).collect();
    for entry in &mut found {
        entry.has_model |= entry.has_tls || !entry.middlewares.is_empty() || !entry.refused.is_empty();
        entry.redirect = redirect(&entry.name, &redirects, &ports);
        entry.published = entry.port.map(|port| published(plan, proxy, port, values)).unwrap_or_default();
    }
    found
}

/// What the options of a redirect come to (Traefik, `pkg/provider/traefik/internal.go`).
fn redirect(name: &str, said: &[(String, &str, String)], ports: &[(String, Option<u16>)]) -> Option<Redirect> {
    let option =
        |key: &str| said.iter().rev().find(|(of, known, _)| of == name && *known == key).map(|(_, _, v)| v.as_str());
    let to = option("to").filter(|to| !to.is_empty())?;
    let port = match ports.iter().find(|(known, _)| known.eq_ignore_ascii_case(to)) {
        Some((_, port)) => port.map(|port| port.to_string()).unwrap_or_default(),
        None => to.trim_start_matches(':').to_owned(),
    };
    Some(Redirect {
        to: to.to_owned(),
        scheme: option("scheme").unwrap_or("https").to_owned(),
        port,
        is_permanent: option("permanent").and_then(value::boolean).unwrap_or(true),
        priority: option("priority").and_then(value::integer).unwrap_or(i64::MAX - 1),
    })
}

/// The ports of the host that lead to a port of the container.
fn published(plan: &Plan, proxy: &Service, target: u16, values: Lookup<'_>) -> Vec<u16> {
    let mappings = proxy.ports.iter().filter_map(|port| {
        let text = values::resolve(plan, &port.text, values);
        crate::compose::port::parse(&text).ok()
    });
    let leads = mappings.filter(|mapping| mapping.protocol == Protocol::Tcp).filter_map(|mapping| {
        let (published, offset) = (mapping.published?, target.checked_sub(mapping.target.first)?);
        (target <= mapping.target.last).then(|| published.first.checked_add(offset)).flatten()
    });
    leads.collect()
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok()
}

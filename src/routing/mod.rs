//! Routing as a whole: which router of a proxy answers a request, on which way it reaches which service, and why the
//! others do not.
//!
//! [`Routing::of`] takes the plans of all stacks on one proxy and reads what Traefik reads: the flags of the proxy and the
//! labels of the containers, those that people wrote as well as those that are generated. [`Routing::answer`] then does
//! what Traefik 3.7 does with a request: the entry point, the path as it is normalised, the routers by priority, the
//! middlewares in order. Nothing here touches the disk, and what depends on a value that nobody knows is said to do so.
//! `tests/routing` compares the answers with those of the real Traefik; `docs/routing.md` says what is modelled.

use std::cmp::Reverse;

use crate::manifest::types::RouteProtocol;
use crate::plan::Plan;
use crate::source::KeyPath;
use crate::traefik::rule::{self, Expression};

mod answer;
mod arrival;
mod asking;
mod configuration;
mod entry_points;
mod matching;
mod overlap;
mod request;
mod rewriting;
mod url;
mod values;

pub use answer::{Answer, Candidate, End, Outcome, Why};
pub use configuration::{Clash, LeftOut, Named, Place, Server};
pub use entry_points::{EntryPoint, Redirect};
pub use matching::{Reason, Truth};
pub(crate) use matching::{asks_for_place, takes_place};
pub use overlap::{Meeting, MeetingKind};
pub use request::{Request, RequestError};
pub use rewriting::{Effect, Step};
pub use values::Lookup;

use configuration::Configuration;

/// Everything that one proxy routes.
#[derive(Debug)]
pub struct Routing {
    entry_points: Vec<EntryPoint>,
    routers: Vec<Router>,
    configuration: Configuration,
    /// Whether a host may begin with `*.`.
    has_wildcards: bool,
}

/// A router on one entry point.
#[derive(Debug, Clone, PartialEq)]
pub struct Router {
    /// Its name in Traefik, with its provider.
    pub name: String,
    /// What it carries.
    pub protocol: RouteProtocol,
    /// Its rule; `${NAME}` for what is not known.
    pub rule: String,
    /// The entry point.
    pub entry_point: String,
    /// Its priority; larger wins.
    pub priority: i64,
    /// Whether the priority depends on a value that is not known: on the length of a rule with it.
    pub has_open_priority: bool,
    /// Whether it answers over TLS, or without.
    pub has_tls: bool,
    /// Its middlewares in order, with those of the entry point; chains stand for what they name.
    pub middlewares: Vec<String>,
    /// The service that it leads to, with its provider.
    pub service: String,
    /// Whose containers define it; none for one that Traefik makes itself.
    pub places: Vec<Place>,
    /// Where it stands in the services.toml of its first place.
    pub origin: Option<KeyPath>,
    /// The rule as a tree; none where a value that is not known may be anything in it.
    tree: Option<Expression>,
    /// The redirect that it stands for, where Traefik makes it for an entry point.
    pub redirect: Option<Redirect>,
}

/// The router that Traefik makes for an entry point that redirects.
const REDIRECT_RULE: &str = "HostRegexp(`^.+$`)";

impl Routing {
    /// The routing of all plans on one proxy; `values` says what variables are set to, where that is known.
    pub fn of(plans: &[&Plan], values: Lookup<'_>) -> Self {
        let mut routing = Self {
            entry_points: entry_points::entry_points(plans, values),
            routers: Vec::new(),
            configuration: configuration::read(plans, values),
            has_wildcards: has_wildcards(plans),
        };
        routing.collect(plans);
        routing
    }

    /// The entry points.
    pub fn entry_points(&self) -> &[EntryPoint] {
        &self.entry_points
    }

    /// Every router on every entry point: in the order in which Traefik asks those of one, and of two with the same
    /// priority the one first whose name comes first, which Traefik does not do.
    pub fn routers(&self) -> &[Router] {
        &self.routers
    }

    /// The routers that Traefik does not take.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.configuration.left_out
    }

    /// Names with several contents, of which Traefik takes none.
    pub fn clashes(&self) -> &[Clash] {
        &self.configuration.clashes
    }

    /// The variables without a known value on which rules depend.
    pub fn open_variables(&self) -> Vec<&str> {
        let sections = [&self.configuration.http, &self.configuration.tcp];
        let rules = sections.into_iter().flat_map(|section| section.routers.values()).filter_map(|r| r.option("rule"));
        let mut names: Vec<&str> = rules.flat_map(values::open).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The servers of a service of Traefik, by its name with its provider.
    pub fn servers(&self, protocol: RouteProtocol, service: &str) -> &[Server] {
        let section = match protocol {
            RouteProtocol::Http => &self.configuration.http,
            RouteProtocol::Tcp => &self.configuration.tcp,
        };
        service.strip_suffix(DOCKER).and_then(|name| section.servers.get(name)).map_or(&[], Vec::as_slice)
    }

    /// Services of Traefik whose servers come from several stacks, and where each is defined: they are alike, so that Traefik
    /// takes them for one.
    pub fn shared_services(&self) -> Vec<(Clash, Vec<Place>)> {
        let mut found = Vec::new();
        let sections = [(RouteProtocol::Http, &self.configuration.http), (RouteProtocol::Tcp, &self.configuration.tcp)];
        for (protocol, section) in sections {
            for (name, defined) in &section.services {
                if defined.places.iter().any(|place| place.plan != defined.places[0].plan) {
                    let places = defined.places.clone();
                    let clash = Clash { protocol, kind: Named::Service, name: name.clone(), places: places.clone() };
                    found.push((clash, places));
                }
            }
        }
        found
    }

    /// Turns what labels define into routers on entry points.
    fn collect(&mut self, plans: &[&Plan]) {
        let mut routers = Vec::new();
        let mut left_out = Vec::new();
        for protocol in [RouteProtocol::Http, RouteProtocol::Tcp] {
            let section = match protocol {
                RouteProtocol::Http => &self.configuration.http,
                RouteProtocol::Tcp => &self.configuration.tcp,
            };
            for defined in section.routers.values() {
                let mut leave_out = |reason: String| {
                    left_out.extend(defined.places.iter().map(|place| LeftOut {
                        router: defined.name.clone(),
                        place: place.clone(),
                        rule: values::shown(defined.option("rule").unwrap_or_default()),
                        reason: reason.clone(),
                    }));
                };
                match self.routers_of(protocol, defined, plans, &mut leave_out) {
                    Ok(found) => routers.extend(found),
                    Err(reason) => leave_out(reason),
                }
            }
        }
        routers.extend(self.entry_points.iter().filter_map(redirect_router));
        routers.sort_by(|a, b| {
            let place = |router: &Router| self.entry_points.iter().position(|entry| entry.name == router.entry_point);
            (place(a), Reverse(a.priority), &a.name).cmp(&(place(b), Reverse(b.priority), &b.name))
        });
        self.routers = routers;
        self.configuration.left_out.extend(left_out);
    }

    fn routers_of(
        &self,
        protocol: RouteProtocol,
        defined: &configuration::Defined,
        plans: &[&Plan],
        leave_out: &mut dyn FnMut(String),
    ) -> Result<Vec<Router>, String> {
        let text = defined.option("rule").unwrap_or_default();
        let tree = rule::parse(text, protocol).map_err(|_| "Traefik refuses its rule".to_owned())?;
        let service = qualified(defined.option("service").unwrap_or_default());
        let section = if protocol == RouteProtocol::Http { &self.configuration.http } else { &self.configuration.tcp };
        let is_there = |group: &indexmap::IndexMap<String, configuration::Defined>, name: &str| {
            name.strip_suffix(DOCKER).is_none_or(|name| group.contains_key(name))
        };
        if !is_there(&section.services, &service) {
            return Err(format!("there is no service `{service}`"));
        }
        let own = defined.list("middlewares");
        let asked = defined.list("entrypoints");
        let is_asked = |entry: &EntryPoint| match asked.as_slice() {
            [] => entry.is_default,
            asked => asked.iter().any(|name| entry.name.eq_ignore_ascii_case(name)),
        };
        let entry_points: Vec<&EntryPoint> = self.entry_points.iter().filter(|entry| is_asked(entry)).collect();
        if entry_points.is_empty() {
            let names: Vec<String> = asked.iter().map(|name| format!("`{name}`")).collect();
            return Err(format!("the proxy has no entry point {}", crate::diagnostics::words::or(&names)));
        }
        let origin = defined.origin(plans);
        // Traefik counts the bytes of the rule where nothing else is said (Traefik docs, "Routers", "Priority").
        let said = defined.option("priority").and_then(|text| text.trim().parse().ok()).filter(|said| *said != 0);
        let has_several = entry_points.len() > 1;
        let mut routers = Vec::new();
        for entry in entry_points {
            let is_http = protocol == RouteProtocol::Http;
            let mut names: Vec<String> = if is_http { entry.middlewares.clone() } else { Vec::new() };
            let has_model = is_http && entry.has_model;
            names.extend(own.iter().cloned());
            let middlewares = names.iter().map(|name| self.expanded(&qualified(name), protocol, 0));
            let middlewares: Vec<String> = match middlewares.collect::<Result<Vec<_>, _>>() {
                Ok(middlewares) => middlewares.concat(),
                // What an entry point adds is of no matter to the others.
                Err(reason) => {
                    leave_out(reason);
                    continue;
                }
            };
            // Of a router on several entry points Traefik makes one for each that adds something to it.
            let start = if has_model && has_several { format!("{}-", entry.name) } else { String::new() };
            routers.push(Router {
                name: format!("{start}{}{DOCKER}", defined.name),
                protocol,
                rule: values::shown(text),
                entry_point: entry.name.clone(),
                priority: said.unwrap_or_else(|| i64::try_from(values::shown(text).len()).unwrap_or(i64::MAX)),
                has_open_priority: said.is_none() && !values::is_known(text),
                has_tls: defined.has_table("tls") || is_http && entry.has_tls,
                middlewares,
                service: service.clone(),
                places: defined.places.clone(),
                origin: origin.clone(),
                tree: tree.clone(),
                redirect: None,
            });
        }
        Ok(routers)
    }

    /// A middleware, or those that a chain names.
    fn expanded(&self, name: &str, protocol: RouteProtocol, depth: usize) -> Result<Vec<String>, String> {
        let section = if protocol == RouteProtocol::Http { &self.configuration.http } else { &self.configuration.tcp };
        let Some(own) = name.strip_suffix(DOCKER) else { return Ok(vec![name.to_owned()]) };
        let Some(defined) = section.middlewares.get(own) else {
            return Err(format!("there is no middleware `{name}`"));
        };
        if defined.option("chain.middlewares").is_none() {
            return Ok(vec![name.to_owned()]);
        }
        if depth > 8 {
            return Err(format!("the chain `{name}` leads back to itself"));
        }
        let inner = defined.list("chain.middlewares");
        let inner = inner.iter().map(|name| self.expanded(&qualified(name), protocol, depth + 1));
        Ok(inner.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

/// The plans that are on the proxy of a plan: itself, and those of other stacks, each a list of all its environments. Of a
/// stack with several environments there the one of the same name counts, else all.
pub fn on_one_proxy<'p>(plan: &'p Plan, others: &[&'p [Plan]]) -> Vec<&'p Plan> {
    let proxy = |plan: &Plan| plan.edge.as_ref().unwrap_or(&plan.project).to_compose();
    let wanted = proxy(plan);
    let mut found = vec![plan];
    for stack in others {
        let there: Vec<&Plan> = stack.iter().filter(|other| proxy(other) == wanted).collect();
        let same: Vec<&Plan> = there.iter().copied().filter(|other| other.environment == plan.environment).collect();
        found.extend(if same.is_empty() { there } else { same });
    }
    found
}

/// The provider that reads labels.
const DOCKER: &str = "@docker";

fn qualified(name: &str) -> String {
    if name.contains('@') { name.to_owned() } else { format!("{name}{DOCKER}") }
}

fn redirect_router(entry: &EntryPoint) -> Option<Router> {
    let redirect = entry.redirect.clone()?;
    let name = configuration::normalised(&format!("{}-to-{}", entry.name, redirect.to));
    Some(Router {
        name: format!("{name}@internal"),
        protocol: RouteProtocol::Http,
        rule: REDIRECT_RULE.to_owned(),
        entry_point: entry.name.clone(),
        priority: redirect.priority,
        has_open_priority: false,
        has_tls: entry.has_tls,
        middlewares: entry
            .middlewares
            .iter()
            .map(|name| qualified(name))
            .chain([format!("redirect-{name}@internal")])
            .collect(),
        service: "noop@internal".to_owned(),
        places: Vec::new(),
        origin: None,
        tree: rule::parse(REDIRECT_RULE, RouteProtocol::Http).ok().flatten(),
        redirect: Some(redirect),
    })
}

/// Since version 3.7 a host may begin with `*.`; of a proxy that nobody knows the newest is assumed.
fn has_wildcards(plans: &[&Plan]) -> bool {
    let proxy = plans.iter().flat_map(|plan| plan.services.values()).find_map(|service| service.proxy.as_ref());
    proxy.is_none_or(|proxy| proxy.version >= (3, 7))
}

//! What labels refer to, in Traefik's own words, and nothing defines.
//!
//! A name without `@` is one of the same provider: of a label of any container. Entry points and certificate resolvers
//! are the proxy's, as its flags say. What another provider defines is unknown here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::RULE;
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest::{Alignment, Manifest};
use crate::plan::{MiddlewareUse, Plan, Service};
use crate::rules::Context;
use crate::rules::static_decode::flags::Flags as ProxyFlags;
use crate::source::{KeyPath, Part};
use crate::traefik::rule::UNKNOWN;

/// The provider that reads labels.
const PROVIDER: &str = "@docker";

/// The entry point that the API brings along.
const API: &str = "traefik";

pub(super) fn check(context: &Context<'_>, plan: &Plan, findings: &mut Vec<Finding>) {
    let Some(manifest) = context.manifest(plan) else { return };
    let flags = ProxyFlags::of(context, plan);
    let proxy = flags.as_ref().and_then(|flags| Flags::of(flags.service));
    let flags = flags.filter(|_| plan.edge.is_none());
    let search = Search { plan, manifest, defined: Defined::of(plan), proxy, flags };
    for service in plan.services.values() {
        for label in service.labels.keys() {
            findings.extend(search.label(service, label));
        }
        findings.extend(search.routes(service));
    }
}

/// What a part of a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Middleware,
    Service,
    EntryPoint,
    Resolver,
    TlsOptions,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Middleware => "middleware",
            Self::Service => "service",
            Self::EntryPoint => "entry point",
            Self::Resolver => "certificate resolver",
            Self::TlsOptions => "TLS options",
        }
    }
}

/// The part of Traefik's configuration that a label sets, in lower case but for names: `http`, `routers`, name, option.
pub(super) fn parts(label: &str) -> Option<(String, String, &str, String)> {
    let mut parts = label.splitn(5, '.');
    let mut next = || parts.next();
    let (traefik, section, group) = (next()?, next()?, next()?);
    let (name, option) = (next()?, next()?);
    let is_known = traefik.eq_ignore_ascii_case("traefik");
    is_known.then(|| (section.to_ascii_lowercase(), group.to_ascii_lowercase(), name, option.to_ascii_lowercase()))
}

/// What the value of an option names; none where it names nothing.
fn named(group: &str, option: &str) -> Option<What> {
    match (group, option) {
        ("routers", "middlewares") | ("middlewares", "chain.middlewares") => Some(What::Middleware),
        ("routers", "service") | ("middlewares", "errors.service") => Some(What::Service),
        ("routers", "entrypoints") => Some(What::EntryPoint),
        ("routers", "tls.certresolver") => Some(What::Resolver),
        ("routers", "tls.options") => Some(What::TlsOptions),
        _ => None,
    }
}

/// What the labels of a plan define: section, group and name, with a label that does.
struct Defined<'p>(BTreeMap<(String, String, &'p str), (&'p str, &'p str)>);

impl<'p> Defined<'p> {
    fn of(plan: &'p Plan) -> Self {
        let mut defined = BTreeMap::new();
        for service in plan.services.values() {
            for label in service.labels.keys() {
                if let Some((section, group, name, _)) = parts(label) {
                    defined.entry((section, group, name)).or_insert((service.name.as_str(), label.as_str()));
                }
            }
        }
        Self(defined)
    }

    fn get(&self, section: &str, group: &str, name: &str) -> Option<(&'p str, &'p str)> {
        self.names(section, group).find(|(known, _)| *known == name).map(|(_, place)| place)
    }

    fn names<'d>(
        &'d self,
        section: &'d str,
        group: &'d str,
    ) -> impl Iterator<Item = (&'p str, (&'p str, &'p str))> + use<'d, 'p> {
        let is_in = move |(one, other, _): &&(String, String, &str)| one == section && other == group;
        self.0.iter().filter(move |(key, _)| is_in(key)).map(|((_, _, name), place)| (*name, *place))
    }
}

/// What the flags of the plan's own proxy say.
struct Flags<'p> {
    proxy: &'p str,
    entry_points: BTreeSet<String>,
    resolvers: BTreeSet<String>,
}

impl<'p> Flags<'p> {
    /// None for a proxy whose configuration is elsewhere.
    fn of(service: &'p Service) -> Option<Self> {
        let mut flags = Self { proxy: &service.name, entry_points: BTreeSet::new(), resolvers: BTreeSet::new() };
        flags.entry_points.insert(API.to_owned());
        for word in service.command.iter().flatten() {
            let word = word.with_unknown(UNKNOWN);
            let Some((group, rest)) = word.trim_start_matches('-').split_once('.') else {
                if word.to_ascii_lowercase().contains("configfile") {
                    return None;
                }
                continue;
            };
            let set = match group.to_ascii_lowercase().as_str() {
                "entrypoints" => &mut flags.entry_points,
                "certificatesresolvers" => &mut flags.resolvers,
                _ => continue,
            };
            let name = rest.split(['.', '=']).next().unwrap_or_default();
            if name.contains(UNKNOWN) {
                return None;
            }
            set.insert(name.to_owned());
        }
        Some(flags)
    }
}

/// A name in the value of a label.
struct Reference<'v> {
    name: &'v str,
    range: Range<usize>,
}

/// The names of a list with commas, and where they stand.
fn references(value: &str) -> Vec<Reference<'_>> {
    let mut references = Vec::new();
    let mut at = 0;
    for item in value.split(',') {
        let name = item.trim();
        let start = at + item.len() - item.trim_start().len();
        if !name.is_empty() {
            references.push(Reference { name, range: start..start + name.len() });
        }
        at += item.len() + 1;
    }
    references
}

struct Search<'p> {
    plan: &'p Plan,
    manifest: &'p Manifest,
    defined: Defined<'p>,
    proxy: Option<Flags<'p>>,
    /// The flags of a proxy that serves this project alone.
    flags: Option<ProxyFlags<'p>>,
}

impl Search<'_> {
    /// What a label refers to in vain, where somebody wrote it.
    fn label(&self, service: &Service, label: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        let Some((section, group, _, option)) = parts(label) else { return findings };
        let Some(what) = named(&group, &option) else { return findings };
        let written = self.manifest.services.get(&service.name);
        let Some(written) = written.and_then(|written| written.written_label(&service.name, label)) else {
            return findings;
        };
        if Context::has_flaw(self.plan, &written.path) {
            return findings;
        }
        let known = service.labels.get(label).map(|text| text.with_unknown(UNKNOWN)).unwrap_or_default();
        let alignment = Alignment::new(&written.value, &known);
        let references = references(&known);
        let is_lost = |reference: &Reference<'_>| {
            !self.is_there(service, &section, what, reference.name)
                || self.flaw_of_provider(what, reference.name).is_some()
        };
        let lost: Vec<&Reference<'_>> = references.iter().filter(|reference| is_lost(reference)).collect();
        for reference in &lost {
            let part = alignment.as_ref().map_or(Part::Value, |alignment| {
                let range = alignment.written(&reference.range);
                Part::Inside(range.start + written.start..range.end + written.start)
            });
            let label = Label::entry(Some(&self.plan.environment), written.path.clone(), part, "nothing defines it");
            let mut finding = self.finding(&section, what, reference.name, label);
            // A router with one entry point that exists works on that.
            if what == What::EntryPoint && lost.len() < references.len() {
                finding.severity = Severity::Warning;
            }
            findings.push(finding);
        }
        findings
    }

    /// Middlewares of routes that are said to be defined in labels.
    fn routes(&self, service: &Service) -> Vec<Finding> {
        let mut told: BTreeSet<(&KeyPath, &str)> = BTreeSet::new();
        let mut findings = Vec::new();
        for router in &service.routers {
            for used in &router.middlewares {
                let MiddlewareUse::Elsewhere(name) = used else { continue };
                let is_there = self.is_there(service, "http", What::Middleware, name) || !name.ends_with(PROVIDER);
                let is_lost = !is_there || self.flaw_of_provider(What::Middleware, name).is_some();
                let route = router.origin.key_at(3).filter(|_| router.origin.key_at(2) == Some("routes"));
                let Some(route) = route.filter(|_| is_lost) else { continue };
                if !told.insert((&router.origin, name)) {
                    continue;
                }
                let written = self.manifest.services.get(&service.name).and_then(|service| service.routes.get(route));
                let names = written.and_then(|route| route.middlewares.as_ref());
                let index = names.and_then(|names| names.iter().position(|known| known == name));
                let environment = Some(self.plan.environment.as_str());
                let label = match index {
                    Some(index) => {
                        let path = router.origin.key("middlewares").index(index);
                        Label::value(environment, path, "no label defines it")
                    }
                    None => Label::key(environment, router.origin.clone(), "no label defines it"),
                };
                findings.push(self.finding("http", What::Middleware, name, label));
            }
        }
        findings
    }

    /// Why a name of another provider, or of Traefik itself, is none.
    fn flaw_of_provider(&self, what: What, name: &str) -> Option<String> {
        let flags = self.flags.as_ref()?;
        let (_, provider) = name.rsplit_once('@')?;
        if matches!(what, What::EntryPoint | What::Resolver) {
            return None;
        }
        if let Some(switch) = super::flags::switch_of(name).filter(|switch| !flags.is_on(switch)) {
            return Some(format!("the proxy has no such service: switch it on in `static`, `{switch}`"));
        }
        super::flags::flaw_of_provider(flags, provider)
    }

    /// Whether something defines what is named, or may do so where it cannot be seen.
    fn is_there(&self, service: &Service, section: &str, what: What, name: &str) -> bool {
        if name.contains(UNKNOWN) {
            return true;
        }
        let own = name.strip_suffix(PROVIDER).unwrap_or(name);
        match what {
            What::EntryPoint => self.proxy.as_ref().is_none_or(|flags| flags.entry_points.contains(name)),
            What::Resolver => self.proxy.as_ref().is_none_or(|flags| flags.resolvers.contains(name)),
            // The provider of labels has none, but for the one of everybody.
            What::TlsOptions => name == "default" || (own.contains('@') && own == name),
            // A proxy that serves other projects too knows their labels.
            _ if own.contains('@') || self.proxy.is_none() || self.plan.edge.is_some() => true,
            // A chain of itself is told with what it is.
            What::Middleware => self.defined.get(section, "middlewares", own).is_some(),
            What::Service => {
                self.defined.get(section, "services", own).is_some() || self.is_made_up(service, section, own)
            }
        }
    }

    /// Whether Traefik makes up a service of this name: `<service>-<project>`, for a container that names none (Traefik
    /// docs, "Docker", "Services").
    fn is_made_up(&self, service: &Service, section: &str, name: &str) -> bool {
        let names_one = |service: &Service| {
            let sections = service.labels.keys().filter_map(|label| parts(label));
            sections.into_iter().any(|(one, group, ..)| one == section && group == "services")
        };
        let project = self.plan.project.with_unknown(UNKNOWN);
        let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let services = std::iter::once(service).chain(self.plan.services.values());
        services.filter(|service| !names_one(service)).any(|service| {
            let start = format!("{}-", plain(&service.name));
            let rest = name.strip_prefix(&start);
            rest.is_some_and(|rest| project.contains(UNKNOWN) || rest == plain(&project))
        })
    }

    fn finding(&self, section: &str, what: What, name: &str, label: Label) -> Finding {
        let environment = Some(self.plan.environment.as_str());
        let word = what.word();
        let message = if what == What::TlsOptions {
            format!("there are no {word} `{name}`")
        } else {
            format!("there is no {word} `{name}`")
        };
        let finding = Finding::new(RULE.id, RULE.severity, message, label);
        if let Some(flaw) = self.flaw_of_provider(what, name) {
            return finding.help(flaw);
        }
        let own = name.strip_suffix(PROVIDER).unwrap_or(name);
        let group = if what == What::Service { "services" } else { "middlewares" };
        match (what, &self.proxy) {
            (What::TlsOptions, _) => {
                finding.help(format!("labels cannot define them: name those of a file, `{own}@file`"))
            }
            (What::EntryPoint, Some(flags)) => {
                // Those that the proxy has for itself are not proposed.
                let written =
                    self.manifest.services.get(flags.proxy).and_then(|proxy| proxy.options.get("entrypoints"));
                let written = written.and_then(toml::Value::as_table).into_iter().flatten();
                let known: Vec<&str> = written.map(|(name, _)| name.as_str()).collect();
                let finding = self.at_proxy(finding, flags, "entrypoints", "the entry points there are");
                finding.help(meant_or(name, &known, "define it there"))
            }
            (What::Resolver, Some(flags)) => {
                let path = KeyPath::of(["services", flags.proxy, "certificates", name]);
                let proxy = self.manifest.services.get(flags.proxy);
                let declared = proxy.and_then(|proxy| proxy.options.get("certificates")).and_then(|all| all.get(name));
                if declared.is_some() {
                    let label = Label::key(environment, path, "declared here, and used by no entry point");
                    return finding
                        .with(label)
                        .help(format!("name it where the proxy does: `tls = \"{name}\"` of an entry point"));
                }
                let known: Vec<&str> = flags.resolvers.iter().map(String::as_str).collect();
                let finding = self.at_proxy(finding, flags, "certificates", "the resolvers there are");
                finding.help(meant_or(name, &known, "define it in the proxy's `certificates`"))
            }
            _ => {
                let known = self.defined.names(section, group).map(|(known, _)| known);
                let Some(meant) = words::nearest(own, known.filter(|known| *known != own)) else {
                    let other = if section == "http" { "tcp" } else { "http" };
                    if let Some(place) = self.defined.get(other, group, own).and_then(|place| self.written(place)) {
                        let label = Label::key(environment, place, format!("one for {}", other.to_ascii_uppercase()));
                        return finding.with(label).help(format!("name one for {}", section.to_ascii_uppercase()));
                    }
                    return finding.help(format!(
                        "define it in a label that begins with `traefik.{section}.{group}.{own}.`, or name one of \
                         another provider, such as `{own}@file`"
                    ));
                };
                let place = self.defined.get(section, group, meant).and_then(|place| self.written(place));
                let finding = match place {
                    Some(place) => finding.with(Label::key(environment, place, format!("defines `{meant}`"))),
                    None => finding,
                };
                finding.help(format!("did you mean `{meant}`?"))
            }
        }
    }

    /// Where the label of a service stands, where somebody wrote it.
    fn written(&self, (service, label): (&str, &str)) -> Option<KeyPath> {
        Some(self.manifest.services.get(service)?.written_label(service, label)?.path)
    }

    /// Points at an option of the proxy, where it has that.
    fn at_proxy(&self, finding: Finding, flags: &Flags<'_>, option: &str, text: &str) -> Finding {
        let has = self.manifest.services.get(flags.proxy).is_some_and(|proxy| proxy.options.contains_key(option));
        if !has {
            return finding;
        }
        let path = KeyPath::of(["services", flags.proxy, option]);
        finding.with(Label::key(Some(&self.plan.environment), path, text))
    }
}

/// The name that was probably meant, else what there is.
fn meant_or(name: &str, known: &[&str], how: &str) -> String {
    match words::nearest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => how.to_owned(),
        None => format!("{how}, or write {}", words::or(&known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_gives_each_name_with_its_place() {
        let found: Vec<_> = references(" a, b@file,,c ").into_iter().map(|one| (one.name, one.range)).collect();
        assert_eq!(found, [("a", 1..2), ("b@file", 4..10), ("c", 12..13)]);
    }

    #[test]
    fn a_label_names_what_its_option_says() {
        let of = |label: &str| parts(label).and_then(|(_, group, _, option)| named(&group, &option));
        assert_eq!(of("traefik.http.routers.A.Middlewares"), Some(What::Middleware));
        assert_eq!(of("traefik.tcp.routers.a.tls.certResolver"), Some(What::Resolver));
        assert_eq!(of("traefik.http.middlewares.a.errors.service"), Some(What::Service));
        assert_eq!(of("traefik.http.routers.a.rule"), None);
        assert_eq!(of("other.http.routers.a.middlewares"), None);
    }
}

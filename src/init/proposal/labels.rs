//! Labels that stay labels: those of others, middlewares, and the routers of a proxy's own pages. A value that nobody may see
//! becomes a variable, so that what it protects stays protected.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::Value;

use super::ends::Sight;
use super::{Entry, Material, Proposal, programs, slug, values};
use crate::compose::interpolation::names;
use crate::init::judgement::{is_harmless, is_harmless_header, is_sensitive, is_shown, is_shown_command};
use crate::init::seen::Container;
use crate::manifest::types::RouteProtocol;
use crate::traefik::dynamic::named::{Named, named};
use crate::traefik::rule::{self, MatcherKind};

/// What Traefik puts behind the name of what labels define.
const DOCKER: &str = "@docker";

pub(super) mod elsewhere;

/// What of a router closes it.
const CLOSING: [&str; 4] = ["rule", "middlewares", "tls.options", "entrypoints"];

/// Whether the proxy looks at a container; said where not.
pub(super) fn is_seen(proposal: &mut Proposal, container: &Container, sight: &Sight) -> bool {
    let Some(why) = sight.blind(container) else { return true };
    let routers = named(container.labels.keys().map(String::as_str), "http", "routers");
    if !routers.is_empty() {
        let names: Vec<String> = routers.values().map(|router| format!("`{}`", router.name)).collect();
        let what = format!(
            "whether its router {} is still meant: {why} in {}, so there is no route",
            names.join(", "),
            container.from
        );
        proposal.unknown(&container.name, what);
    }
    false
}

/// The section and group of a label of Traefik that has a name in it: `http` and `middlewares` of
/// `traefik.http.middlewares.door.basicauth.users`; with that name and the option.
fn parts(label: &str) -> Option<(String, String, &str, &str)> {
    let mut parts = label.splitn(5, '.');
    let is_traefik = parts.next().is_some_and(|part| part.eq_ignore_ascii_case("traefik"));
    let (section, group) = (parts.next()?.to_ascii_lowercase(), parts.next()?.to_ascii_lowercase());
    let is_named = matches!(group.as_str(), "routers" | "middlewares" | "services" | "serverstransports");
    let (name, option) = (parts.next()?, parts.next()?);
    (is_traefik && is_named).then_some((section, group, name, option))
}

/// A label that stays as it is, with a variable in place of what may be a secret.
pub(super) fn keep(
    proposal: &mut Proposal,
    container: &Container,
    label: &str,
    value: &str,
    kept: &mut IndexMap<String, Entry>,
) {
    let name = &container.name;
    if !label.to_ascii_lowercase().starts_with("traefik.") {
        let is_named = label.split('.').any(is_sensitive) || is_sensitive(label);
        if !is_named && is_shown(label, value) {
            kept.insert(label.to_owned(), Entry::new(value));
        } else {
            proposal.unknown(name, format!("the label `{label}`: it may hold a secret, so it is not copied"));
        }
        return;
    }
    let from = format!("from {}", container.from);
    if is_shown_option(label, value) {
        let value = bare(proposal, value, &from);
        kept.insert(label.to_owned(), Entry::new(value));
        return;
    }
    match parts(label) {
        Some((_, group, middleware, option)) if group == "middlewares" => {
            // Variables alone: whoever set them still does.
            let used = names(value);
            let is_empty = !used.is_empty() && !outside(value).chars().any(char::is_alphanumeric);
            let text = if is_empty { undefaulted(value) } else { String::new() };
            if !text.is_empty() {
                for variable in used {
                    proposal.declare(&variable, None, Some(from.clone())).is_secret = true;
                }
                kept.insert(label.to_owned(), Entry::new(text));
                return;
            }
            let last = option.rsplit('.').next().unwrap_or(option);
            let variable = programs::variable_of(&slug(middleware), &slug(last));
            proposal.declare(&variable, None, Some(format!("{from}: its value is not copied"))).is_secret = true;
            kept.insert(label.to_owned(), Entry::noted(format!("${{{variable}}}"), "the value is not copied"));
            let what = format!(
                "the value of the label `{label}`: the one in {} is not copied; set `{variable}` in {} to it, in single \
                 quotes, with `$` for each `$$`",
                container.from,
                proposal.env_file(&container.from)
            );
            proposal.unknown(name, what);
        }
        _ => proposal.unknown(name, format!("the label `{label}`: it may hold a secret, so it is not copied")),
    }
}

/// The labels for the proxy of a container of which nobody says where it listens: Traefik takes the port that its image
/// exposes (its documentation, "Port Detection"), for which a route has no word. They stay as they are.
pub(super) fn without_port(
    proposal: &mut Proposal,
    container: &Container,
    kept: &mut IndexMap<String, Entry>,
    used: &mut BTreeSet<String>,
) {
    let routers = named(container.labels.keys().map(String::as_str), "http", "routers");
    if routers.is_empty() {
        return others(proposal, container, kept);
    }
    for (label, value) in &container.labels {
        let lower = label.to_ascii_lowercase();
        // Which network leads to it follows from the rest.
        if lower.starts_with("traefik.") && lower != "traefik.docker.network" {
            keep(proposal, container, label, value, kept);
        }
    }
    without_open_routers(proposal, container, kept);
    let middlewares = routers.values().filter_map(|router| container.labels.get(*router.options.get("middlewares")?));
    used.extend(middlewares.flat_map(|all| all.split(',')).filter_map(of_docker));
    let what = "on which port it listens: no label says so, and Traefik takes the one that its image exposes. So its labels \
                stay as they are; with `port` they can become `routes`";
    proposal.unknown(&container.name, what);
}

/// Takes labels of routers away that would protect less than they did, since the one that names their middlewares is gone.
pub(super) fn without_open_routers(proposal: &mut Proposal, container: &Container, kept: &mut IndexMap<String, Entry>) {
    let is_lost = |router: &&Named| {
        let mut labels = CLOSING.iter().filter_map(|option| router.options.get(*option));
        labels.any(|label| !kept.contains_key(*label))
    };
    let all = named(container.labels.keys().map(String::as_str), "http", "routers");
    let lost: Vec<String> = all.values().filter(is_lost).map(|router| router.name.to_lowercase()).collect();
    for name in lost {
        let what = format!("its router `{name}`: what protects it is not copied, so the router is not either");
        proposal.unknown(&container.name, what);
        kept.retain(|label, _| {
            parts(label).is_none_or(|(_, group, router, _)| group != "routers" || router.to_lowercase() != name)
        });
    }
}

/// Whether a label of Traefik can be shown: `traefik.http.middlewares.door.basicauth.users` cannot. What people call their
/// routers says nothing of that.
fn is_shown_option(label: &str, value: &str) -> bool {
    let option: Vec<&str> = match parts(label) {
        Some((.., option)) => option.split('.').collect(),
        None => label.split('.').skip(1).collect(),
    };
    let lower: Vec<String> = option.iter().map(|part| part.to_ascii_lowercase()).collect();
    // They name headers, files and pages, whatever they belong to.
    let is_plain = |part: &str| {
        ["authresponseheaders", "authrequestheaders", "usersfile", "realm", "removeheader", "headerfield"]
            .contains(&part)
    };
    let is_secret = !lower.last().is_some_and(|last| is_plain(last)) && lower.iter().any(|part| is_sensitive(part));
    // What stands behind a map of headers is the name of one, whatever it is called; an answer shows it to everybody.
    let maps = |part: &&String| matches!(part.as_str(), "customrequestheaders" | "headers" | "sslproxyheaders");
    let mut header = lower.iter().skip_while(|part| !maps(part)).skip(1).skip_while(|part| maps(part));
    let is_header = lower.iter().any(|part| part == "customrequestheaders" || part == "sslproxyheaders")
        || lower.iter().position(|part| part == "headers").is_some_and(|at| at > 0);
    let is_known = value.is_empty() || header.next().is_none_or(|name| is_harmless_header(name));
    if is_header && !is_known {
        return false;
    }
    // Of a plugin nobody knows what it is told.
    if lower.first().is_some_and(|part| part == "plugin") && !is_shown(lower.last().map_or("", String::as_str), value) {
        return false;
    }
    let words: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
    !is_secret && is_shown_command(&words) && is_shown_rule(value)
}

/// Whether nothing that a rule compares may be a secret: who sends a header, or asks with a word, may be let in by it.
pub(super) fn is_shown_rule(text: &str) -> bool {
    let mut is_shown = true;
    if let Ok(Some(expression)) = rule::parse(text, RouteProtocol::Http) {
        expression.each_matcher(&mut |matcher, _| {
            let said: Vec<&str> = matcher.arguments.iter().map(|argument| argument.value.as_str()).collect();
            is_shown &= match (matcher.kind, said.as_slice()) {
                (MatcherKind::Host | MatcherKind::Path | MatcherKind::PathPrefix, _) => true,
                (MatcherKind::Header | MatcherKind::HeaderRegexp, [name, values @ ..]) => {
                    let is_known = ["upgrade", "connection"].contains(&name.to_ascii_lowercase().as_str());
                    is_known || is_harmless_header(name) || values.iter().all(|value| is_bare(value, name))
                }
                (MatcherKind::Query | MatcherKind::QueryRegexp, [name, values @ ..]) => {
                    values.iter().all(|value| is_bare(value, name))
                }
                _ => !said.iter().any(|value| is_sensitive(value)),
            };
        });
    }
    is_shown
}

/// Whether a value that is compared says nothing that one has to know: anything, a switch, a number, a variable alone.
fn is_bare(value: &str, name: &str) -> bool {
    let is_any = ["", ".*", ".+", "^.*$", "^.+$", "*"].contains(&value);
    is_any
        || is_harmless(name, value)
        || values::whole(value)
            .is_some_and(|(_, operator, _)| matches!(operator, None | Some(values::Operator::Required)))
}

/// A text with its variables alone, whose defaults are declared instead: they are said in one place.
pub(super) fn bare(proposal: &mut Proposal, text: &str, from: &str) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, inner, after)) = next(rest) {
        done.push_str(before);
        match values::whole(inner) {
            Some((name, Some(values::Operator::Default), default)) => {
                let default = is_harmless(&name, &default).then(|| Value::from(default));
                proposal.declare(&name, default, Some(from.to_owned()));
                done.extend(["${", name.as_str(), "}"]);
            }
            Some((name, None | Some(values::Operator::Required), _)) => {
                proposal.declare(&name, None, Some(from.to_owned()));
                done.extend(["${", name.as_str(), "}"]);
            }
            _ => done.push_str(inner),
        }
        rest = after;
    }
    done + rest
}

/// The text in front of the first `${…}`, that, and what follows.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find("${")?;
        // `$$` is a `$` that begins nothing.
        let dollars = text[..at].bytes().rev().take_while(|byte| *byte == b'$').count();
        if dollars % 2 == 1 {
            from = at + 2;
            continue;
        }
        let mut depth = 0_i32;
        let end = text[at..].char_indices().find_map(|(position, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            (c == '}' && depth == 0).then_some(at + position + 1)
        })?;
        return Some((&text[..at], &text[at..end], &text[end..]));
    }
}

/// What stands around the variables of a text.
fn outside(text: &str) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, _, after)) = next(rest) {
        done.push_str(before);
        rest = after;
    }
    done + rest
}

/// A text with its variables alone.
fn undefaulted(text: &str) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, inner, after)) = next(rest) {
        done.push_str(before);
        match values::whole(inner) {
            Some((name, ..)) => done.extend(["${", name.as_str(), "}"]),
            None => return String::new(),
        }
        rest = after;
    }
    done + rest
}

/// The middlewares that labels define under a name; none for one of another provider.
pub(super) fn of_docker(middleware: &str) -> Option<String> {
    let lower = middleware.trim().to_lowercase();
    let name = lower.strip_suffix(DOCKER).unwrap_or(&lower);
    (!name.is_empty() && !name.contains('@')).then(|| name.to_owned())
}

/// Labels that speak to the proxy of something else than HTTP; whether it is looked at and by which way it is reached is
/// told to it anyway.
pub(super) fn others(proposal: &mut Proposal, container: &Container, kept: &mut IndexMap<String, Entry>) {
    for (label, value) in &container.labels {
        let lower = label.to_ascii_lowercase();
        if lower.starts_with("traefik.tcp.") || lower.starts_with("traefik.udp.") {
            keep(proposal, container, label, value, kept);
        }
    }
}

/// The middlewares that are used, with those that chains among them use.
pub(super) fn with_chains(containers: &[&Container], mut used: BTreeSet<String>) -> BTreeSet<String> {
    let mut chains: Vec<(String, &String)> = Vec::new();
    for (label, value) in containers.iter().flat_map(|container| &container.labels) {
        if let Some((_, group, name, option)) = parts(label)
            && group == "middlewares"
            && option.eq_ignore_ascii_case("chain.middlewares")
        {
            chains.push((name.to_lowercase(), value));
        }
    }
    loop {
        let before = used.len();
        let more = chains.iter().filter(|(name, _)| used.contains(name));
        let more: Vec<String> = more.flat_map(|(_, chain)| chain.split(',').filter_map(of_docker)).collect();
        used.extend(more);
        if used.len() == before {
            return used;
        }
    }
}

/// The labels of the middlewares that are used, of one container.
pub(super) fn of_middlewares(
    proposal: &mut Proposal,
    container: &Container,
    used: &BTreeSet<String>,
    kept: &mut IndexMap<String, Entry>,
) {
    for (label, value) in &container.labels {
        let is_used = parts(label)
            .is_some_and(|(_, group, name, _)| group == "middlewares" && used.contains(&name.to_lowercase()));
        if is_used {
            keep(proposal, container, label, value, kept);
        }
    }
}

/// The labels of middlewares that are used, on the services that have them; and the routers of a proxy's own.
pub(super) fn add(
    proposal: &mut Proposal,
    material: Material<'_>,
    proxies: &[String],
    points: &[(String, bool)],
    sight: &Sight,
    mut used: BTreeSet<String>,
) {
    let containers: Vec<&Container> =
        material.seen.containers.iter().filter(|container| sight.blind(container).is_none()).collect();
    for container in material.seen.containers.iter().filter(|container| proxies.contains(&container.name)) {
        if !is_seen(proposal, container, sight) {
            continue;
        }
        let pages = own_pages(proposal, container, points);
        used.extend(pages.used);
        let Some(service) = proposal.services.get_mut(&container.name) else { continue };
        if !pages.kept.is_empty() {
            service.tables.entry("labels".to_owned()).or_default().extend(pages.kept);
        }
        let is_open = service.keys.get("dashboard").is_some_and(|entry| entry.value.as_bool() == Some(true));
        if pages.has_dashboard && !is_open {
            let further = service.tables.entry("static".to_owned()).or_default();
            let entry = further.entry("api".to_owned()).or_insert_with(|| Entry::new(toml::Table::new()));
            entry.note = Some("a router of its own leads to it".to_owned());
            if let Value::Table(api) = &mut entry.value {
                api.entry("dashboard").or_insert(Value::from(true));
            }
        }
    }
    for service in proposal.services.values().filter(|service| service.tables.contains_key("entrypoints")) {
        for entry in service.tables["entrypoints"].values() {
            used.extend(of_point(&entry.value));
        }
    }
    let used = with_chains(&containers, used);
    for container in containers {
        let mut kept: IndexMap<String, Entry> = IndexMap::new();
        of_middlewares(proposal, container, &used, &mut kept);
        let Some(service) = proposal.services.get_mut(&container.name).filter(|_| !kept.is_empty()) else { continue };
        let labels = service.tables.entry("labels".to_owned()).or_default();
        labels.extend(kept);
    }
}

/// The middlewares of labels that an entry point names.
fn of_point(point: &Value) -> Vec<String> {
    let all = point.get("middlewares").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).filter_map(of_docker).collect()
}

/// The routers of a proxy's own container, such as that of its dashboard: they stay labels.
#[derive(Default)]
struct Pages {
    kept: IndexMap<String, Entry>,
    /// The middlewares that they use.
    used: Vec<String>,
    has_dashboard: bool,
}

/// The routers of a proxy's own container.
fn own_pages(proposal: &mut Proposal, container: &Container, points: &[(String, bool)]) -> Pages {
    let routers = named(container.labels.keys().map(String::as_str), "http", "routers");
    let mut pages = Pages::default();
    if routers.is_empty() {
        return pages;
    }
    let value = |router: &Named, option: &str| {
        router.options.get(option).and_then(|label| container.labels.get(*label)).map(String::as_str)
    };
    for (label, text) in &container.labels {
        if parts(label).is_some_and(|(_, group, ..)| group != "middlewares") {
            keep(proposal, container, label, text, &mut pages.kept);
        }
    }
    let open: Vec<&str> = points.iter().filter(|(_, redirects)| !redirects).map(|(name, _)| name.as_str()).collect();
    for router in routers.values() {
        // On all of them would also be where its own ends are.
        if value(router, "entrypoints").is_none() && !open.is_empty() {
            let label = format!("traefik.http.routers.{}.entrypoints", router.name);
            pages.kept.insert(label, Entry::new(open.join(",")));
        }
    }
    without_open_routers(proposal, container, &mut pages.kept);
    let is_internal = |router: &Named| value(router, "service").is_some_and(|service| service.ends_with("@internal"));
    pages.has_dashboard = routers.values().any(is_internal);
    let used = routers.values().filter_map(|router| value(router, "middlewares"));
    pages.used = used.flat_map(|all| all.split(',').filter_map(of_docker)).collect();
    pages
}

//! A proxy in front of services that nothing stands in front of: offered as a comment, or added where that is asked for.

use std::collections::BTreeSet;

use super::routes::is_proxy;
use super::{Answer, Entry, Material, Proposal, Question, Service};
use crate::init::seen::{Forward, Program};
use crate::kinds::Class;

/// The offer of a proxy, where several services answer HTTP and nothing stands in front of them.
pub(super) fn offer(proposal: &mut Proposal, material: Material<'_>) {
    if proposal.services.values().any(|service| is_proxy(material, service)) {
        return;
    }
    let is_web = |service: &Service| {
        let base = service.text("extends").filter(|_| service.kind().is_none());
        let kind = base.and_then(|base| proposal.services.get(base)).unwrap_or(service).kind();
        let kind = kind.and_then(|kind| material.kinds.get(kind));
        service.port.is_some()
            && service.obstacle.is_none()
            && kind.is_some_and(|kind| kind.builds() && kind.class == Class::App)
    };
    let web: Vec<String> =
        proposal.services.iter().filter(|(_, service)| is_web(service)).map(|(name, _)| name.clone()).collect();
    let key = "a proxy".to_owned();
    let answer = material.answers.get(&key);
    let is_wanted = answer.is_some_and(|answer| answer.starts_with('y'));
    let is_offered = web.len() > 1 && material.seen.compose_files.is_empty();
    if !(is_offered && is_wanted) {
        forwards(proposal, material);
    }
    if !is_offered {
        return;
    }
    let routes = routes(proposal, material, web);
    if is_wanted {
        front(proposal, material, routes);
        return;
    }
    if answer.is_none() {
        let question = Question { key, default: "no".to_owned(), answer: Answer::YesOrNo };
        let what = "whether a proxy stands in front of them: several services answer HTTP";
        proposal.question("the stack", what, question);
    }
    proposal.wants_proxy = routes;
}

/// The program that is built into the image of a service.
fn program<'a>(material: Material<'a>, service: &Service) -> Option<&'a Program> {
    if service.keys.contains_key("dockerfile") {
        return None;
    }
    let directory = match &service.inner {
        Some(inner) => inner.as_str(),
        None => service.text("source")?.trim_start_matches('.').trim_start_matches('/'),
    };
    material.seen.program(directory)
}

/// Says what a development server hands on to others, since nothing does any more once the page is built.
fn forwards(proposal: &mut Proposal, material: Material<'_>) {
    let mut told = Vec::new();
    for (name, service) in &proposal.services {
        let forwards = program(material, service).map(|program| program.forwards.as_slice()).unwrap_or_default();
        let Some(first) = forwards.first() else { continue };
        let paths: Vec<String> = forwards.iter().map(|forward| format!("`{}`", forward.path)).collect();
        let what = format!(
            "who answers {} once it is built: by {} its development server hands that on, and what serves the page then \
             does not; a proxy in front of both can",
            paths.join(", "),
            first.from
        );
        told.push((name.clone(), what));
    }
    for (name, what) in told {
        proposal.unknown(&name, what);
    }
}

/// The routes of services behind one proxy: pages at `/`, everything else below what it is asked for already, or below
/// its name.
fn routes(proposal: &Proposal, material: Material<'_>, web: Vec<String>) -> Vec<(String, toml::Table)> {
    let of = |name: &String| proposal.services.get(name).and_then(|service| program(material, service));
    let page = web.iter().find(|name| of(name).is_some_and(|program| program.is_page)).cloned();
    let forwards = page.as_ref().and_then(of).map(|program| program.forwards.as_slice()).unwrap_or_default();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let route = |name: String| {
        let (path, strips) = if Some(&name) == page.as_ref() {
            ("/".to_owned(), false)
        } else {
            let service = proposal.services.get(&name);
            let asked = service.and_then(|service| asked_for(service, &name, forwards));
            asked.filter(|(path, _)| !taken.contains(path)).unwrap_or_else(|| (format!("/{name}"), true))
        };
        taken.insert(path.clone());
        let mut route = toml::Table::new();
        route.insert("path".to_owned(), path.into());
        if strips {
            route.insert("strip-prefix".to_owned(), true.into());
        }
        (name, route)
    };
    web.into_iter().map(route).collect()
}

/// What the requests for a service begin with, and whether that is taken off for it: as the page's development server
/// says, or as its own paths show.
fn asked_for(service: &Service, name: &str, forwards: &[Forward]) -> Option<(String, bool)> {
    let is_for = |forward: &&Forward| forward.port.is_some() && forward.port == service.port;
    if let Some(forward) = forwards.iter().find(is_for).filter(|forward| is_plain(&forward.path)) {
        return Some((forward.path.trim_end_matches('/').to_owned(), forward.strips));
    }
    let health = service.keys.get("health")?.value.as_str()?;
    let (first, _) = health.strip_prefix('/')?.split_once('/')?;
    (first == "api" || first == name).then(|| (format!("/{first}"), false))
}

/// Whether it is the beginning of a path, and of no other than that.
fn is_plain(path: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    path.len() > 1 && path.starts_with('/') && path.chars().all(is_plain)
}

/// Puts a proxy in front of services.
fn front(proposal: &mut Proposal, material: Material<'_>, routes: Vec<(String, toml::Table)>) {
    let Some(kind) = material.kinds.iter().find(|kind| kind.class == Class::Proxy) else { return };
    let name = proposal.free_name(&kind.name);
    let mut service = Service { about: Some("asked for".to_owned()), ..Service::default() };
    service.set("kind", Entry::new(kind.name.clone()));
    if let Some(version) = kind.example.get("version") {
        service.set("version", Entry::new(version.clone()));
    }
    super::programs::required_options(proposal, &name, kind, &mut service);
    proposal.services.insert(name, service);
    proposal.stack.insert("host".to_owned(), Entry::noted("localhost", "guess: as developers reach it"));
    for (name, route) in routes {
        if let Some(service) = proposal.services.get_mut(&name) {
            let routes = service.tables.entry("routes".to_owned()).or_default();
            routes.insert(name.clone(), Entry::noted(route, "guess"));
        }
    }
}

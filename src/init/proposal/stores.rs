//! What programs talk to and no compose file names: a data store whose client is among their packages, and tools whose
//! files lie in the repository.

use toml::Value;

use super::{Entry, Material, Proposal, Service, Setting, programs};
use crate::kinds::{Class, Kind, OptionType};

pub(super) fn add(proposal: &mut Proposal, material: Material<'_>) {
    let seen = material.seen;
    if !seen.containers.is_empty() {
        return;
    }
    for kind in material.kinds.iter().filter(|kind| !kind.builds() && kind.built_on.is_none()) {
        let client = seen.programs.iter().filter(|program| program.runs).find_map(|program| {
            let package = kind.traces.clients.iter().find(|client| program.packages.contains(*client))?;
            Some((program, package.clone()))
        });
        let traced = seen.traced.get(&kind.name);
        let why = match (&client, traced) {
            (Some((program, package)), _) => {
                format!("`{package}` in {}", program.listed.get(package).unwrap_or(&program.from))
            }
            (None, Some(fact)) => fact.from.clone(),
            (None, None) => continue,
        };
        let mut service = Service { about: Some(why.clone()), ..Service::default() };
        service.set("kind", Entry::noted(kind.name.clone(), format!("guess: {why}")));
        if let Some(version) = kind.example.get("version") {
            service.set("version", Entry::noted(version.clone(), "guess: nothing says which"));
        }
        if let Some(fact) = traced {
            files(kind, &fact.value, &mut service);
        }
        service.port = kind.port;
        let name = proposal.free_name(&kind.name);
        // A file that no option takes only shows that there is one.
        // What is configured there is another program, where it is a store that it needs.
        if let Some(fact) = traced.filter(|fact| fact.value.is_empty() && kind.class != Class::Datastore) {
            let what = format!(
                "what {} says: it shows that there is one, and is not carried over, since stackgen writes the configuration \
                 of `{}` from services.toml; compare the two after `stackgen render`",
                fact.from, kind.name
            );
            proposal.unknown(&name, what);
        }
        // It is new, so that any password will do.
        for secret in programs::required_options(proposal, &name, kind, &mut service) {
            proposal.declare(&secret, None, None).is_generated = true;
        }
        if let Some(version) = kind.example.get("version").and_then(Value::as_str) {
            proposal.unknown(&name, format!("its version: {version} is only a usual one"));
        }
        proposal.services.insert(name, service);
    }
    connect(proposal, material);
}

/// A store that is new asks for the password that a program has for it: any will do, and without one the program could not
/// be given any that the store takes.
pub(super) fn passwords(proposal: &mut Proposal, material: Material<'_>) {
    if !material.seen.containers.is_empty() {
        return;
    }
    let is_open = |service: &Service| !service.keys.contains_key("password") && service.obstacle.is_none();
    let open: Vec<(String, &Kind)> = proposal
        .services
        .iter()
        .filter(|(_, service)| is_open(service))
        .filter_map(|(name, service)| Some((name.clone(), material.kinds.get(service.kind()?)?)))
        .filter(|(_, kind)| kind.class == Class::Datastore && kind.options.get("password").is_some_and(|it| it.secret))
        .collect();
    for (name, kind) in open {
        let is_its = |variable: &str| {
            let words: Vec<&str> = variable.split('_').collect();
            matches!(words.last(), Some(&("PASSWORD" | "PASS")))
                && words.iter().any(|word| kind.traces.words.iter().any(|known| known == word))
        };
        let asked = proposal.services.values().flat_map(|service| &service.env);
        let mut asked = asked.filter(|(variable, setting)| matches!(setting, Setting::Own(_)) && is_its(variable));
        let Some(variable) = asked.next().map(|(variable, _)| variable.clone()) else { continue };
        let Some(known) = proposal.variables.get_mut(&variable).filter(|known| !known.is_optional) else { continue };
        known.is_generated = true;
        known.is_secret = true;
        known.kind = Some("url-safe");
        if let Some(service) = proposal.services.get_mut(&name) {
            service.set("password", Entry::noted(format!("${{{variable}}}"), "what its program has for it"));
        }
    }
}

/// The options that files of the repository fill.
fn files(kind: &Kind, found: &[(String, String)], service: &mut Service) {
    for (option, definition) in &kind.options {
        let values: Vec<&String> = found.iter().filter(|(name, _)| name == option).map(|(_, value)| value).collect();
        let Some(first) = values.first() else { continue };
        let value = match definition.kind {
            OptionType::Paths => {
                Value::from(values.iter().map(|value| Value::from((*value).clone())).collect::<Vec<_>>())
            }
            _ => Value::from((*first).clone()),
        };
        service.set(option, Entry::noted(value, "seen there"));
    }
}

/// Options that name services of other kinds, where there is one of them.
fn connect(proposal: &mut Proposal, material: Material<'_>) {
    let all: Vec<(String, String)> = proposal
        .services
        .iter()
        .filter_map(|(name, service)| Some((name.clone(), service.kind()?.to_owned())))
        .collect();
    for (name, kind) in &all {
        let Some(kind) = material.kinds.get(kind) else { continue };
        for (option, definition) in
            kind.options.iter().filter(|(_, definition)| definition.kind == OptionType::Services)
        {
            let fitting: Vec<Value> = all
                .iter()
                .filter(|(other, of)| other != name && definition.kinds.contains(of))
                .map(|(other, _)| Value::from(other.clone()))
                .collect();
            if let (false, Some(service)) = (fitting.is_empty(), proposal.services.get_mut(name)) {
                service.set(option, Entry::new(fitting));
            }
        }
    }
}

//! The table of services.

use super::across::across;
use super::{markdown, union};
use crate::plan::{External, Plan, Service};
use crate::render::shown;

/// What has a name in an environment.
#[derive(Clone, Copy)]
enum Entry<'p> {
    Here(&'p Service),
    Elsewhere(&'p External),
}

pub(super) fn table(plans: &[Plan]) -> Vec<String> {
    let entries = union(plans, |plan| {
        let here = plan.services.iter().map(|(name, service)| (name.as_str(), Entry::Here(service)));
        let elsewhere = plan.externals.iter().map(|(name, external)| (name.as_str(), Entry::Elsewhere(external)));
        here.chain(elsewhere)
    });
    let row = |(name, found): (&str, Vec<Option<Entry<'_>>>)| {
        let each = |cell: &dyn Fn(&Plan, Entry<'_>) -> String| {
            let values = plans.iter().zip(&found);
            let values = values.map(|(plan, entry)| (plan.environment.as_str(), entry.map(|entry| cell(plan, entry))));
            across(&values.collect::<Vec<_>>())
        };
        let only = if found.iter().all(Option::is_some) { String::new() } else { presence(plans, &found) };
        vec![
            markdown::text(name),
            each(&help),
            each(&runs),
            each(&|_, entry| ports(entry)),
            each(&health),
            [each(&|_, entry| notes(entry)), only]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect::<Vec<_>>()
                .join("; "),
        ]
    };
    let rows: Vec<Vec<String>> = entries.into_iter().map(row).collect();
    markdown::table(&["Service", "What it is", "Runs", "Port", "Health", "Notes"], &rows)
}

/// Where a service is that is not everywhere.
fn presence(plans: &[Plan], found: &[Option<Entry<'_>>]) -> String {
    let has = plans.iter().zip(found).filter(|(_, entry)| entry.is_some());
    let names: Vec<&str> = has.map(|(plan, _)| plan.environment.as_str()).collect();
    format!("only in {}", names.join(", "))
}

fn help(_: &Plan, entry: Entry<'_>) -> String {
    let (Entry::Here(Service { help, .. }) | Entry::Elsewhere(External { help, .. })) = entry;
    help.as_deref().map(markdown::text).unwrap_or_default()
}

fn runs(plan: &Plan, entry: Entry<'_>) -> String {
    let service = match entry {
        Entry::Here(service) => service,
        Entry::Elsewhere(external) => {
            let address = shown::elsewhere(plan, external);
            return address
                .map_or("elsewhere".to_owned(), |address| format!("elsewhere, {}", markdown::code(&address)));
        }
    };
    match (&service.build, &service.image) {
        (Some(build), _) => match &build.dockerfile {
            None => format!("built from {}", markdown::code(&build.context)),
            Some(file) => format!("built from {} by {}", markdown::code(&build.context), markdown::code(file)),
        },
        (None, Some(image)) => markdown::code(&plan.shown(image)),
        (None, None) => String::new(),
    }
}

fn ports(entry: Entry<'_>) -> String {
    let service = match entry {
        Entry::Here(service) => service,
        Entry::Elsewhere(external) => return external.port.map(|port| port.to_string()).unwrap_or_default(),
    };
    let mut ports: Vec<String> = service.port.iter().map(u16::to_string).collect();
    ports.extend(service.listeners.iter().map(|(name, port)| format!("{port} ({})", markdown::text(name))));
    ports.extend(service.debug_port.map(|port| format!("{port} (debugger)")));
    ports.join(", ")
}

fn health(plan: &Plan, entry: Entry<'_>) -> String {
    let Entry::Here(service) = entry else { return String::new() };
    match (&service.health_path, &service.health) {
        (_, None) => String::new(),
        (Some(path), Some(_)) => markdown::code(&format!("GET {path}")),
        (None, Some(probe)) => {
            let words: Vec<String> = probe.command.iter().map(|word| plan.shown(word)).collect();
            markdown::code(&words.join(" "))
        }
    }
}

fn notes(entry: Entry<'_>) -> String {
    let Entry::Here(service) = entry else { return String::new() };
    let mut notes = Vec::new();
    if let Some(other) = &service.extends {
        notes.push(format!("another process of {}", markdown::text(other)));
    }
    notes.extend(service.replicas.filter(|count| *count != 1).map(|count| format!("{count} replicas")));
    if service.one_shot {
        notes.push("ends when it is done".to_owned());
    }
    // Another process of the program starts without it.
    let recipe = service.build.as_ref().and_then(|build| build.recipe.as_ref()).filter(|_| service.extends.is_none());
    for step in recipe.iter().flat_map(|recipe| &recipe.before_start) {
        let command = markdown::code(&step.run.join(" "));
        let otherwise = if step.fatal { "does not start where that fails" } else { "starts also where that fails" };
        notes.push(format!("first runs {command}, and {otherwise}"));
    }
    if !service.consumes.is_empty() {
        let queues: Vec<String> = service.consumes.iter().map(|queue| markdown::code(queue)).collect();
        let word = if queues.len() == 1 { "queue" } else { "queues" };
        notes.push(format!("works on the {word} {}", crate::diagnostics::words::and(&queues)));
    }
    if !service.profiles.is_empty() {
        let profiles: Vec<String> = service.profiles.iter().map(|profile| markdown::code(profile)).collect();
        notes.push(format!("only with the profile {}", crate::diagnostics::words::or(&profiles)));
    }
    notes.join(", ")
}

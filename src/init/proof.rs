//! The proof of what is proposed: it goes through the same rooms as any services.toml. What has an error is taken back,
//! piece by piece, until nothing has.

use std::collections::BTreeSet;
use std::path::Path;

use super::proposal::{Entry, Proposal, Setting, Unknown};
use super::written::{Part, Written, written};
use crate::diagnostics::{Resolved, Severity};
use crate::project::{Analysis, Project, ProjectError};
use crate::source::Source;
use crate::templates::Templates;

/// How often something is taken back at most.
const MOST_ROUNDS: usize = 200;

/// The rule about variables that are read and that nothing passes.
const UNPASSED: &str = "env-read-not-passed";

/// Keys without which a service is another one.
const ESSENTIAL: [&str; 5] = ["kind", "source", "image", "extends", "version"];

/// A proposal that has no error any more.
pub(super) struct Proven {
    pub(super) text: String,
    pub(super) project: Project,
    pub(super) analysis: Analysis,
    /// Errors that are not about what was written.
    pub(super) left: Vec<String>,
    /// Services that cannot be what their images say they are.
    pub(super) demoted: BTreeSet<String>,
}

/// Analyses a text as the services.toml of a directory.
pub(super) fn analysed(root: &Path, templates: &Templates, text: String) -> Result<(Project, Analysis), ProjectError> {
    let project = Project::with(Source::new("services.toml", root, text), templates.clone());
    let analysis = project.analyse()?;
    Ok((project, analysis))
}

/// Takes back what has errors.
pub(super) fn proven(
    root: &Path,
    templates: &Templates,
    proposal: &mut Proposal,
    plain: &BTreeSet<String>,
) -> Result<Proven, ProjectError> {
    let mut round = 0;
    loop {
        let text = written(proposal);
        let (project, analysis) = analysed(root, templates, text.text.clone())?;
        let errors: Vec<&Resolved> =
            analysis.report.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        let mut demoted = BTreeSet::new();
        let mut changed = false;
        // One at a time: what follows from a mistake goes away with it.
        for error in &errors {
            if round < MOST_ROUNDS && mend(proposal, &text, error, plain, &mut demoted) {
                changed = true;
                proposal.restore_dependencies();
                break;
            }
        }
        round += 1;
        if changed && demoted.is_empty() {
            continue;
        }
        // Where nothing is left, something is shown.
        if proposal.services.values().all(|service| service.obstacle.is_some()) {
            proposal.add_example();
            continue;
        }
        let left = errors.iter().map(|error| format!("{} ({})", error.message, error.rule)).collect();
        return Ok(Proven { text: text.text, project, analysis, left, demoted });
    }
}

/// Takes back what an error is about; whether anything was.
fn mend(
    proposal: &mut Proposal,
    text: &Written,
    error: &Resolved,
    plain: &BTreeSet<String>,
    demoted: &mut BTreeSet<String>,
) -> bool {
    let spots = std::iter::once(&error.primary).chain(&error.secondary).filter(|spot| spot.file.is_none());
    let parts: Vec<Part> = spots.filter_map(|spot| text.at(spot.span.start).cloned()).collect();
    let reason = format!("{} ({})", error.message, error.rule);
    if parts.iter().any(|part| keep_as_it_is(proposal, part, error)) {
        return true;
    }
    parts.into_iter().any(|part| {
        let part = match &part {
            Part::Service(base, ..) => match heir(proposal, base, &error.message) {
                Some(name) => Part::Service(name, String::new(), None),
                None => part,
            },
            _ => part,
        };
        take_back(proposal, part, &reason, plain, demoted)
    })
}

/// Allows what an error says of a Dockerfile that a person keeps: it was built like that until now. Whether that can be.
fn keep_as_it_is(proposal: &mut Proposal, part: &Part, error: &Resolved) -> bool {
    let Part::Service(name, table, key) = part else { return false };
    let Some(service) = proposal.services.get_mut(name) else { return false };
    let can_be_allowed = crate::rules::find(error.rule).is_some_and(|rule| rule.can_be_allowed);
    if !service.keys.contains_key("dockerfile") || !can_be_allowed {
        return false;
    }
    let is_of_file = table.is_empty() && key.as_deref() == Some("dockerfile");
    let (reason, what) = if error.rule == UNPASSED && key.is_none() {
        let what = format!(
            "whether it can do without what its sources read and its Dockerfile does not take: it was built like that, \
             so {UNPASSED} is allowed; an `ARG` in the Dockerfile and `build-env` here would pass it"
        );
        ("its Dockerfile takes none of them, so it does without".to_owned(), what)
    } else if is_of_file {
        let what = format!("{} ({}): it was built like that until now, so that is allowed", error.message, error.rule);
        (error.message.clone(), what)
    } else {
        return false;
    };
    let empty = || Entry::noted(toml::Table::new(), "guess: it was built like that until now");
    let allow = service.keys.entry("allow".to_owned()).or_insert_with(empty);
    let Some(allow) = allow.value.as_table_mut().filter(|allow| !allow.contains_key(error.rule)) else { return false };
    allow.insert(error.rule.to_owned(), reason.into());
    tell(proposal, name, what);
    true
}

/// The service that an error is about although it stands in the one that it extends: what it inherits fits that one alone.
fn heir(proposal: &Proposal, base: &str, message: &str) -> Option<String> {
    let is_named = |name: &str| message.contains(&format!("`{name}`"));
    let heirs = proposal.services.iter().filter(|(_, service)| service.obstacle.is_none());
    let mut heirs = heirs.filter(|(_, service)| service.text("extends") == Some(base)).map(|(name, _)| name);
    heirs.find(|name| is_named(name) && !is_named(base)).cloned()
}

fn take_back(
    proposal: &mut Proposal,
    part: Part,
    reason: &str,
    plain: &BTreeSet<String>,
    demoted: &mut BTreeSet<String>,
) -> bool {
    match part {
        Part::Stack(key) if key == "name" => false,
        Part::Stack(key) => {
            tell(proposal, "the stack", format!("`{key}` was left out: {reason}"));
            proposal.stack.shift_remove(&key);
            true
        }
        Part::Variable(name) => {
            let Some(variable) = proposal.variables.get_mut(&name) else { return false };
            if variable.default.take().is_some() || variable.kind.take().is_some() {
                tell(proposal, &name, format!("its default was left out: {reason}"));
                return true;
            }
            // An operator sets its value then.
            if variable.file.take_if(|file| file.is_str()).is_some() {
                variable.note = None;
                tell(proposal, &name, format!("its file was left out: {reason}"));
                return true;
            }
            false
        }
        Part::Service(name, table, key) => of_service(proposal, (name, table, key), reason, plain, demoted),
        Part::Default(environment, name) => {
            tell(proposal, &name, format!("its default in {environment} was left out: {reason}"));
            proposal.defaults.get_mut(&environment).is_some_and(|defaults| defaults.shift_remove(&name).is_some())
        }
        Part::Network(name) => {
            tell(proposal, "the stack", format!("the network `{name}` was left out: {reason}"));
            proposal.networks.shift_remove(&name).is_some()
        }
        Part::Volume(name) => {
            tell(proposal, "the stack", format!("what is said of the volume `{name}` was left out: {reason}"));
            proposal.volumes.shift_remove(&name).is_some()
        }
        Part::Passed(section, name) => {
            if ["secrets", "configs"].contains(&section.as_str()) {
                proposal.without_file(&section, &name, reason);
            } else {
                tell(proposal, "the stack", format!("`compose.{section}.{name}` was left out: {reason}"));
            }
            proposal.compose.get_mut(&section).is_some_and(|entries| entries.shift_remove(&name).is_some())
        }
        Part::Overlay(environment, name, Some((key, Some(variable)))) if key == "env" => {
            tell(proposal, &name, format!("what `{variable}` is in {environment} was left out: {reason}"));
            let keys = proposal.overlays.get_mut(&environment).and_then(|services| services.get_mut(&name));
            let table = keys.and_then(|keys| keys.get_mut(&key)?.value.as_table_mut());
            table.is_some_and(|table| table.remove(&variable).is_some())
        }
        Part::Overlay(environment, name, inner) => {
            let key = inner.map(|(key, _)| key);
            let Some(gone) = proposal.close(&environment, &name, key.as_deref()) else { return false };
            tell(proposal, &name, gone.told(&environment, reason));
            true
        }
    }
}

/// Takes a key of a service back, one of its tables, or all of it.
fn of_service(
    proposal: &mut Proposal,
    (name, table, key): (String, String, Option<String>),
    reason: &str,
    plain: &BTreeSet<String>,
    demoted: &mut BTreeSet<String>,
) -> bool {
    let Some(service) = proposal.services.get_mut(&name) else { return false };
    let Some(key) = key.filter(|key| !(table.is_empty() && ESSENTIAL.contains(&key.as_str()))) else {
        if table.is_empty() || service.tables.shift_remove(&table).is_none() {
            // First as the plain container that it was, then not at all.
            if service.kind().is_some() && !service.keys.contains_key("source") && !plain.contains(&name) {
                demoted.insert(name.clone());
                tell(proposal, &name, format!("whether its kind fits, so it is left as a plain container: {reason}"));
            } else {
                service.obstacle = Some(reason.to_owned());
                tell(proposal, &name, format!("it stands there as a comment: {reason}"));
            }
        }
        return true;
    };
    if table == "env" || table == "build-env" {
        return unset(proposal, &name, &table, &key, reason);
    }
    // A route may be right but for its host.
    let inner = service.tables.get_mut(&table).and_then(|entries| entries.get_mut(&key));
    if table == "routes"
        && reason.contains("host")
        && let Some(toml::Value::Table(route)) = inner.map(|entry| &mut entry.value)
        && route.remove("host").is_some()
    {
        tell(proposal, &name, format!("the host of its route `{key}` was left out: {reason}"));
        return true;
    }
    if table == "labels" && is_routing(&key) {
        if let Some(entries) = service.tables.get_mut(&table) {
            entries.retain(|label, _| !label.to_ascii_lowercase().starts_with("traefik."));
        }
        let what = format!("its labels for the proxy were left out, `{key}` among them: {reason}");
        service.left_out.push(what.clone());
        tell(proposal, &name, what);
        return true;
    }
    if key == "depends-on" && table.is_empty() && wait_for_others(proposal, &name) {
        tell(proposal, &name, format!("whom it waits for: {reason}"));
        return true;
    }
    let Some(service) = proposal.services.get_mut(&name) else { return false };
    if table.is_empty() {
        service.keys.shift_remove(&key);
    } else if let Some(entries) = service.tables.get_mut(&table) {
        entries.shift_remove(&key);
    }
    let shown = if table.is_empty() { key } else { format!("{table}.{key}") };
    service.left_out.push(format!("`{shown}` was left out: {reason}"));
    tell(proposal, &name, format!("`{shown}` was left out: {reason}"));
    true
}

/// Has a service wait for those alone that are there; whether it waited for others too, and still waits for somebody.
fn wait_for_others(proposal: &mut Proposal, name: &str) -> bool {
    let services = proposal.services.iter().filter(|(_, service)| service.obstacle.is_some());
    let aside: BTreeSet<String> = services.map(|(name, _)| name.clone()).collect();
    let entry = proposal.services.get_mut(name).and_then(|service| service.keys.get_mut("depends-on"));
    let (before, after) = match entry.map(|entry| &mut entry.value) {
        Some(toml::Value::Array(list)) => {
            let before = list.len();
            list.retain(|other| other.as_str().is_none_or(|other| !aside.contains(other)));
            (before, list.len())
        }
        Some(toml::Value::Table(table)) => {
            let before = table.len();
            table.retain(|other, _| !aside.contains(other));
            (before, table.len())
        }
        _ => return false,
    };
    after > 0 && after < before
}

/// Takes back what a variable of a service is set to.
fn unset(proposal: &mut Proposal, name: &str, table: &str, key: &str, reason: &str) -> bool {
    let Some(service) = proposal.services.get_mut(name) else { return false };
    let settings = if table == "env" { &mut service.env } else { &mut service.build_env };
    match settings.get(key) {
        Some(Setting::Value(_)) => {
            settings.insert(key.to_owned(), Setting::Own(None));
            proposal.variables.entry(key.to_owned()).or_default().is_secret |= super::judgement::is_secret(key);
            tell(proposal, name, format!("what `{key}` is: {reason}"));
        }
        Some(Setting::Own(_)) => {
            let variable = proposal.variables.entry(key.to_owned()).or_default();
            let had = variable.default.take().is_some() | variable.kind.take().is_some();
            if !had {
                settings.shift_remove(key);
            }
            // Said of its value before, and no other fact.
            let before = format!("what `{key}` is: {reason}");
            proposal.unknown.retain(|unknown| unknown.about != name || unknown.what != before);
            tell(proposal, name, format!("`{key}`: {reason}"));
        }
        None => return false,
    }
    true
}

/// Whether without this label a router might lead past what protects it.
fn is_routing(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    lower.starts_with("traefik.") && (lower.contains(".routers.") || lower.contains(".middlewares."))
}

fn tell(proposal: &mut Proposal, about: &str, what: String) {
    proposal.unknown.insert(Unknown { about: about.to_owned(), what, question: None });
}

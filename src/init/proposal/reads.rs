//! What the sources read, by the audit: each name becomes a variable of its service, and what it is set to follows from
//! what it is called and from what stands beside the read.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::fallbacks::{Fallback, fallback};
use super::meanings::{Reader, dialects};
use super::values::peers;
use super::{Entry, Material, Proposal, Setting, builds, stores};
use crate::audit::{Need, Place, Role, Wanted};
use crate::init::judgement::{is_public, read_by};
use crate::init::seen::code::line_after;
use crate::init::seen::{EnvName, Seen};
use crate::init::snapshot::{file_name, is_env_file, parent};
use crate::project::Analysis;

/// Gives every service the variables that its source reads.
pub(in crate::init) fn add(proposal: &mut Proposal, material: Material<'_>, analysis: &Analysis) {
    let has_compose = material.seen.containers.iter().any(|container| container.build.is_some());
    let names: Vec<String> = proposal.services.keys().cloned().collect();
    let demanded = demanded(analysis);
    let mut extending: Vec<(String, String, IndexMap<String, Wanted>)> = Vec::new();
    for name in names {
        let Some(service) = proposal.services.get(&name) else { continue };
        let inner = service.inner.clone();
        let base = service.text("extends").map(str::to_owned);
        if (base.is_some() && inner.is_none()) || service.obstacle.is_some() {
            continue;
        }
        let built = base.unwrap_or_else(|| name.clone());
        let others = proposal.services.iter().filter(|(other, _)| **other != name);
        let others: Vec<String> = others.filter_map(|(_, service)| service.inner.clone()).collect();
        let foreign = inner.as_deref().map(|inner| foreign(material.seen, inner, others)).unwrap_or_default();
        let (wanted, idle) = read_in(analysis, &built, &foreign);
        listens(proposal, &name, wanted.keys());
        let peers = peers(proposal, material);
        let Some(service) = proposal.services.get(&name) else { continue };
        let source = service.text("source").unwrap_or_default().trim_start_matches('.').to_owned();
        let source = inner.clone().unwrap_or(source);
        let program = material.seen.program(&source);
        let (mut env, mut build_env) = (service.env.clone(), service.build_env.clone());
        // An env file is for everybody: what nothing of this source reads is for somebody else.
        env.retain(|name, setting| !(idle.contains(name) && of_file(setting)));
        let mut comments: Vec<String> = Vec::new();
        for (variable, read) in &wanted {
            let is_running = read.places.iter().any(|place| place.role == Role::Running);
            if let Some(place) = configured(read).filter(|_| !build_env.contains_key(variable)) {
                let reader =
                    Reader { peers: &peers, service: &name, program, is_baked: is_public(variable), has_compose };
                let note = format!("read in {}, when it is built", place.path);
                // No service can be asked while an image is built, and its address is only written down.
                let meant = reader.meaning(variable, &dialects(known(material, &source, variable), variable, &[]));
                if let Some(address) = meant.and_then(|text| written_out(proposal, &text)) {
                    build_env.insert(variable.clone(), Setting::Value(Entry::noted(address, note)));
                } else if !is_running {
                    comments.push(format!("{variable}: {note}; it would stand in `build-env`"));
                }
            }
            let is_usual =
                ["DEBUG", "LOG_LEVEL"].contains(&variable.as_str()) && read.need == Need::Fallback && !has_compose;
            if is_running && env.get(variable).is_some_and(of_file) {
                let lines = lines(analysis, read);
                if let Some((path, line, _)) = lines.first() {
                    let note = format!("from {path}:{line}");
                    Reader::without(proposal, variable, read, demanded.contains(variable), &lines, &note);
                }
                continue;
            }
            if (read.is_passed && !is_usual)
                || !is_running
                || env.contains_key(variable)
                || (build_env.contains_key(variable) && configured(read).is_none())
            {
                continue;
            }
            let lines = lines(analysis, read);
            let Some(place) = lines.first().map(|(path, line, _)| format!("{path}:{line}")) else { continue };
            let note = format!("read in {place}");
            let known = known(material, &source, variable);
            let is_baked = read.is_baked || is_public(variable);
            let reader = Reader { peers: &peers, service: &name, program, is_baked, has_compose };
            let setting = match reader.meaning(variable, &dialects(known, variable, &lines)) {
                // Where browsers are sent is another place in every environment.
                Some(text) if text.ends_with(".public-url}") => {
                    proposal.declare(variable, Some(text.into()), Some(note.clone()));
                    Some(Setting::Own(Some(note.clone())))
                }
                Some(text) => {
                    let text = reader.asked(proposal, variable, text, known);
                    Some(Setting::Value(Entry::noted(text, note.clone())))
                }
                None => reader.variable(proposal, variable, read, known, &lines, &note),
            };
            if let Some(setting) = setting {
                let all = if is_baked { &mut build_env } else { &mut env };
                all.insert(variable.clone(), setting);
            } else {
                let is_nothing = lines.iter().any(|(.., line)| fallback(variable, line) == Some(Fallback::Absent));
                let what = if is_nothing { "does without it" } else { "has a value of its own without it" };
                comments.push(format!("{variable}: {note}, which {what}"));
            }
        }
        // One image holds all programs of a workspace, and the first one says how it is built.
        if built != name
            && let Some(base) = proposal.services.get_mut(&built)
        {
            for (variable, setting) in build_env.drain(..) {
                base.build_env.entry(variable).or_insert(setting);
            }
        }
        builds::tell(proposal, analysis, (&name, program), &wanted, &build_env);
        if let Some(service) = proposal.services.get_mut(&name) {
            service.env = env;
            service.build_env = build_env;
            service.left_out.extend(comments);
        }
        extending.push((name, built, wanted));
    }
    for (name, base, wanted) in extending.into_iter().filter(|(name, base, _)| name != base) {
        keep_apart(proposal, material, &name, &base, &wanted);
    }
    stores::passwords(proposal, material);
}

/// Takes from a program of a workspace what is another one's, which it extends because both are in one image: what only
/// that one is told, and the places where that one writes.
fn keep_apart(
    proposal: &mut Proposal,
    material: Material<'_>,
    name: &str,
    base: &str,
    wanted: &IndexMap<String, Wanted>,
) {
    let Some((first, service)) = proposal.services.get(base).zip(proposal.services.get(name)) else { return };
    let program = service.inner.as_deref().and_then(|inner| material.seen.program(inner));
    // What a library reads is not seen in a source.
    let is_read = |variable: &str| {
        let packages = program.iter().flat_map(|program| &program.packages);
        wanted.contains_key(variable) || read_by(variable, packages).is_some()
    };
    let others: Vec<String> = first.env.keys().filter(|variable| !is_read(variable)).cloned().collect();
    let has_places = first.keys.contains_key("volumes");
    let Some(service) = proposal.services.get_mut(name) else { return };
    for variable in others {
        service.env.entry(variable).or_insert_with(|| Setting::unset(base));
    }
    if has_places && !service.keys.contains_key("volumes") {
        service.set("volumes", Entry::noted(toml::Value::Array(Vec::new()), format!("unlike `{base}`")));
    }
}

/// What some source cannot do without.
fn demanded(analysis: &Analysis) -> BTreeSet<String> {
    let usages = analysis.plans.iter().flat_map(|plan| {
        plan.services.values().filter_map(|service| analysis.audit.usage(plan, service)).flat_map(|usage| usage.wanted)
    });
    usages.filter(|(_, read)| read.need != Need::Fallback).map(|(name, _)| name).collect()
}

/// What the sources of a service read, without these directories, and what of its environment they do not.
fn read_in(analysis: &Analysis, service: &str, foreign: &[String]) -> (IndexMap<String, Wanted>, Vec<String>) {
    let mut wanted: IndexMap<String, Wanted> = IndexMap::new();
    let mut idle: Vec<String> = Vec::new();
    for plan in &analysis.plans {
        let Some(planned) = plan.services.get(service) else { continue };
        let Some(usage) = analysis.audit.usage(plan, planned) else { continue };
        idle.extend(usage.not_read(planned));
        for (variable, read) in &usage.wanted {
            let Some(read) = without(read, foreign) else { continue };
            wanted.entry(variable.clone()).or_insert(read);
        }
    }
    (wanted, idle)
}

/// Whether it is an env file that says of a variable.
fn of_file(setting: &Setting) -> bool {
    let Setting::Own(Some(note)) = setting else { return false };
    note.rsplit(' ').next().is_some_and(|path| is_env_file(file_name(path)))
}

/// The directories of a workspace that are nothing to one of its programs: the other programs, and packages that only those
/// depend on. What nobody depends on is everybody's.
fn foreign(seen: &Seen, inner: &str, others: Vec<String>) -> Vec<String> {
    let own = seen.program(inner).map(|program| program.libraries.as_slice()).unwrap_or_default();
    let libraries: Vec<String> =
        others.iter().filter_map(|other| seen.program(other)).flat_map(|program| program.libraries.clone()).collect();
    let all = others.into_iter().chain(libraries);
    all.filter(|directory| directory != inner && !own.contains(directory)).collect()
}

/// A variable as it is read outside of these directories; none where nothing there reads it.
fn without(read: &Wanted, directories: &[String]) -> Option<Wanted> {
    let is_in = |place: &Place| directories.iter().any(|directory| place.path.starts_with(&format!("{directory}/")));
    if !read.places.iter().any(is_in) {
        return Some(read.clone());
    }
    let places: Vec<Place> = read.places.iter().filter(|place| !is_in(place)).cloned().collect();
    let needs = || places.iter().filter(|place| place.role == Role::Running).map(|place| place.need);
    let need = if needs().any(|need| need == Need::Demanded) || read.need != Need::Demanded {
        read.need
    } else {
        needs().min().unwrap_or(read.need)
    };
    (!places.is_empty()).then(|| Wanted { places, need, ..read.clone() })
}

/// A program that reads a port of its own listens on one.
fn listens<'n>(proposal: &mut Proposal, name: &str, wanted: impl Iterator<Item = &'n String>) {
    let is_own = |variable: &String| is_own_port(name, variable) || variable == "PORT";
    let Some(service) = proposal.services.get(name) else { return };
    if service.port.is_some() || service.kind().is_none() || !wanted.into_iter().any(is_own) {
        return;
    }
    let port = super::programs::free_port(proposal, 8000);
    if let Some(service) = proposal.services.get_mut(name) {
        service.port = Some(port);
        service.keys.insert("port".to_owned(), Entry::noted(i64::from(port), "guess: it reads a port of its own"));
        service.keys.insert("health".to_owned(), Entry::noted(false, "no path that says whether it is well was found"));
    }
}

/// Whether a variable is the port of this very service: `MCP_SERVER_PORT` of `mcp-server`.
pub(super) fn is_own_port(service: &str, variable: &str) -> bool {
    let own = service.to_ascii_uppercase().replace('-', "_");
    let Some(rest) = variable.strip_suffix("_PORT") else { return false };
    rest.split('_').all(|word| own.split('_').any(|part| part == word))
}

/// Where the configuration of Next.js reads a variable, whose value is a part of what is built: redirects, rewrites, headers.
fn configured(read: &Wanted) -> Option<&Place> {
    let is_one = |place: &&Place| place.role == Role::Building && file_name(&place.path).starts_with("next.config.");
    read.places.iter().find(is_one).filter(|_| read.name != "NODE_ENV" && read.name != "CI")
}

/// The address of a service inside of the stack, written out: `http://api:4000` for `${services.api.url}`.
fn written_out(proposal: &Proposal, text: &str) -> Option<String> {
    let name = text.strip_prefix("${services.")?.strip_suffix(".url}")?;
    let service = proposal.services.get(name)?;
    // What the stores speak is no HTTP.
    let speaks = service.keys.contains_key("health") && service.kind().is_some();
    speaks.then_some(())?;
    Some(format!("http://{name}:{}", service.port?))
}

/// The lines that read a variable: file, number, and what stands from the read on.
fn lines<'a>(analysis: &'a Analysis, read: &Wanted) -> Vec<(String, usize, &'a str)> {
    // Where the last one was, so that no line is counted again for each read.
    let (mut file, mut at, mut line) = ("", 0, 1);
    let mut all = Vec::new();
    for place in read.places.iter().filter(|place| place.role == Role::Running) {
        let Some(text) = analysis.audit.file(&place.path).map(|file| file.text.as_str()) else { continue };
        let start = place.span().start;
        if file != place.path || start < at {
            (file, at, line) = (&place.path, 0, 1);
        }
        let Some(between) = text.get(at..start) else { continue };
        line += between.matches('\n').count();
        at = start;
        all.push((place.path.clone(), line, line_after(text, start)));
    }
    all
}

/// What an env file says of a name: one beside the source, else one above it.
fn known<'a>(material: Material<'a>, source: &str, name: &str) -> Option<&'a EnvName> {
    let mut at = source;
    loop {
        if let Some(found) = material.seen.env_names.get(at).and_then(|names| names.get(name)) {
            return Some(found);
        }
        if at.is_empty() {
            return None;
        }
        at = parent(at);
    }
}

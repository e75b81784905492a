//! What a program needs around it to run as another user than the one who wrote it: volumes where it writes, and the hosts
//! that it answers.

use toml::Value;

use super::{Entry, Material, Proposal, Service, Setting, slug};
use crate::compose::interpolation::with_defaults;
use crate::compose::volume;
use crate::init::judgement::is_shown;
use crate::init::seen::places::in_container;
use crate::init::seen::{Container, Hosts, Program, Write};
use crate::init::snapshot::{file_name, is_in, joined};

/// Directories that belong to the system of an image: a volume there would hide what it has, and keep it for its successors.
const OF_SYSTEM: [&str; 10] =
    ["/bin", "/boot", "/etc", "/lib", "/lib64", "/opt/venv", "/root", "/sbin", "/usr", "/var/lib/dpkg"];

/// The same of what lies directly in these; their directories may be a program's own.
const SHARED: [&str; 5] = ["/home", "/opt", "/var", "/var/lib", "/var/log"];

/// Where a database lies that has no directory of its own.
const DATA: &str = "data";

/// Files that only keep a directory in the repository.
const KEEPERS: [&str; 4] = [".gitkeep", ".keep", ".gitignore", "README.md"];

/// The host that a container is asked for by itself, without a route.
const HERE: &str = "localhost";

/// The same for a service that a compose file has built in another way: what is mounted there or said of a variable stays.
pub(super) fn writes_of_container(
    proposal: &mut Proposal,
    material: Material<'_>,
    (program, container): (&Program, &Container),
    name: &str,
    service: &mut Service,
) {
    let is_generated = service.keys.contains_key("kind") && !service.keys.contains_key("dockerfile");
    if !is_generated || material.seen.is_compose_ours {
        return;
    }
    let mounted: Vec<String> = container
        .volumes
        .iter()
        .filter_map(|text| volume::parse(&with_defaults(text)).ok())
        .map(|mount| mount.target.trim_end_matches('/').to_owned())
        .collect();
    let is_said = |write: &Write| {
        let place = in_container(&write.directory, "");
        let is_there = mounted.iter().any(|target| *target == place || is_in(&place, target));
        is_there || write.variable.as_ref().is_some_and(|(variable, _)| container.env.contains_key(variable))
    };
    let writes: Vec<&Write> = program.writes.iter().filter(|write| !is_said(write)).collect();
    lay(proposal, material, program, &writes, name, service);
}

/// Gives a service volumes where its program writes, and tells what would be lost.
pub(super) fn writes(
    proposal: &mut Proposal,
    material: Material<'_>,
    program: &Program,
    name: &str,
    service: &mut Service,
) {
    lay(proposal, material, program, &program.writes.iter().collect::<Vec<_>>(), name, service);
}

fn lay(
    proposal: &mut Proposal,
    material: Material<'_>,
    program: &Program,
    writes: &[&Write],
    name: &str,
    service: &mut Service,
) {
    let inner = program.workspace.as_ref().map(|workspace| workspace.inner.as_str()).unwrap_or_default();
    let mut places = Places { name, inner, volumes: Vec::new(), notes: Vec::new() };
    if let Some(root) = &program.static_root {
        places.add(&root.value, &format!("what collectstatic gathers ({})", root.from));
    }
    for write in writes.iter().filter(|write| !has_store(material, program, write)) {
        let file = write.file.as_deref().unwrap_or_default();
        let is_of = |root: &&str| write.directory == **root || is_in(&write.directory, root);
        if OF_SYSTEM.iter().any(is_of) || SHARED.contains(&write.directory.as_str()) {
            proposal.unknown(
                name,
                format!(
                    "what becomes of what it writes to `{}` ({}): that belongs to the system of its image, where its user may not \
                     write; let it write to a directory of its own, with a volume",
                    write.directory, write.from
                ),
            );
            continue;
        }
        if !write.directory.is_empty() {
            match kept(material, program, &write.directory) {
                None => {
                    places.add(&write.directory, &format!("it writes there ({})", write.from));
                    let place = joined(&in_container(&write.directory, inner), file);
                    leads_to(write, place.trim_end_matches('/'), format!("in the volume ({})", write.from), service);
                }
                Some(held) => proposal.unknown(
                    name,
                    format!(
                        "what becomes of what it writes to `{}` ({}): its user may not, and a volume there would keep `{held}` \
                         of the source as it is now; let it write to a directory of its own, with a volume",
                        write.directory, write.from
                    ),
                ),
            }
            continue;
        }
        let is_free = kept(material, program, DATA).is_none();
        let path = joined(&in_container(DATA, inner), file);
        if write.variable.is_some() && is_free {
            let note = format!("beside the source its user may not write ({})", write.from);
            if leads_to(write, &path, note, service) {
                places.add(DATA, &format!("{file} ({})", write.from));
            }
        } else if write.is_database
            && matches!(service.kind(), Some("python" | "node"))
            && !(program.is_built || program.workspace.is_some() || service.keys.contains_key("build"))
        {
            // SQLite keeps its journal beside the file that a link leads to.
            let steps = vec![Value::from(format!("ln -sfn /{DATA}/{file} {file}"))];
            let note = format!("{file} lies beside the source ({}), where its user may not write", write.from);
            service.set("build", Entry::noted(steps, note));
            if material.snapshot.has(&joined(&program.directory, file)) {
                proposal
                    .unknown(name, format!("what is in `{file}` already: the volume where it goes to begins empty"));
            }
            places.add(&format!("/{DATA}"), "where that leads");
        } else {
            proposal.unknown(
                name,
                format!(
                    "what becomes of `{file}` ({}): it lies beside the source, where its user may not write; give it a directory \
                     of its own, such as `{DATA}/{file}`, and that a volume: `volumes = [\"{name}-{DATA}:{}\"]`",
                    write.from,
                    in_container(DATA, inner)
                ),
            );
        }
    }
    places.done(service);
}

/// Has the variable of a place lead there, unless it is said already where it leads; whether it does.
fn leads_to(write: &Write, place: &str, note: String, service: &mut Service) -> bool {
    let Some((variable, default)) = &write.variable else { return false };
    if service.env.contains_key(variable) {
        return false;
    }
    let scheme = default.find(":///").map(|at| &default[..at + ":///".len()]).unwrap_or_default();
    service.env.insert(variable.clone(), Setting::Value(Entry::noted(format!("{scheme}{place}"), note)));
    true
}

/// The volumes of a service, while they are gathered.
struct Places<'a> {
    name: &'a str,
    inner: &'a str,
    /// The directory in the container, and its volume.
    volumes: Vec<(String, String)>,
    notes: Vec<String>,
}

impl Places<'_> {
    fn add(&mut self, directory: &str, why: &str) {
        let target = in_container(directory, self.inner);
        let is_in = |inner: &str, outer: &str| inner == outer || inner.starts_with(&format!("{outer}/"));
        if self.volumes.iter().any(|(known, _)| is_in(&target, known)) {
            return;
        }
        self.volumes.retain(|(known, _)| !is_in(known, &target));
        let wanted = format!("{}-{}", self.name, slug(file_name(&target)));
        let is_taken = |name: &str| self.volumes.iter().any(|(_, known)| known == name);
        let volume = if is_taken(&wanted) { format!("{}-{}", self.name, slug(&target)) } else { wanted };
        self.volumes.push((target, volume));
        self.notes.push(why.to_owned());
    }

    fn done(self, service: &mut Service) {
        if self.volumes.is_empty() {
            return;
        }
        let all: Vec<Value> =
            self.volumes.iter().map(|(target, name)| Value::from(format!("{name}:{target}"))).collect();
        let note = self.notes.join("; ");
        match service.keys.get_mut("volumes") {
            Some(Entry { value: Value::Array(known), note: said }) => {
                known.extend(all);
                *said = Some(said.take().map_or(note.clone(), |said| format!("{said}; {note}")));
            }
            _ => service.set("volumes", Entry::noted(all, note)),
        }
    }
}

/// Whether a variable leads to a data store instead: its client is among the packages.
fn has_store(material: Material<'_>, program: &Program, write: &Write) -> bool {
    let is_addressed = write.is_database && write.variable.is_some();
    is_addressed
        && material.kinds.iter().any(|kind| {
            kind.outputs.contains_key("database")
                && kind.traces.clients.iter().any(|name| program.packages.contains(name))
        })
}

/// A file of the source that lies in a directory.
fn kept(material: Material<'_>, program: &Program, directory: &str) -> Option<String> {
    if directory.starts_with('/') {
        return None;
    }
    let whole = joined(&program.directory, directory);
    let mut files = material.snapshot.below(&whole);
    files.find(|path| !KEEPERS.contains(&file_name(path))).map(str::to_owned)
}

/// Lets the probe in: a program that looks at hosts has to allow the one that it is asked for.
pub(super) fn hosts(
    proposal: &mut Proposal,
    material: Material<'_>,
    program: &Program,
    name: &str,
    service: &mut Service,
) {
    let Some(hosts) = &program.hosts else { return };
    let is_asked =
        service.keys.get("health").is_some_and(|health| health.value.is_str() || health.value.get("path").is_some());
    let allows_it = |hosts: &[String]| hosts.iter().any(|host| matches!(host.as_str(), "*" | HERE | ".localhost"));
    match (&hosts.variable, hosts.separator) {
        (Some(variable), Some(separator)) => {
            of_variable(proposal, material, program, hosts, variable, separator, is_asked, service);
        }
        (Some(variable), None) if is_asked => {
            let what = format!("whether `{variable}` ({}) has `{HERE}` in it, for which its probe asks", hosts.from);
            proposal.unknown(name, what);
        }
        (None, _) if is_asked && !hosts.known.is_empty() && !allows_it(&hosts.known) => {
            let what = format!(
                "whether it answers its probe, which asks for `{HERE}`: `ALLOWED_HOSTS` in {} does not have it; add it there, or \
                 let a route have one of its hosts, and the probe asks for that",
                hosts.from
            );
            proposal.unknown(name, what);
        }
        _ => {}
    }
}

#[expect(clippy::too_many_arguments, reason = "what is known of one setting")]
fn of_variable(
    proposal: &mut Proposal,
    material: Material<'_>,
    program: &Program,
    hosts: &Hosts,
    variable: &str,
    separator: char,
    is_asked: bool,
    service: &mut Service,
) {
    let known = material.seen.env_names.get(&program.directory).and_then(|names| names.get(variable));
    let of_file = known.and_then(|known| known.default.as_ref());
    let of_file = of_file.map(|text| text.split(separator).map(|host| host.trim().to_owned()).collect());
    let all: Vec<String> = of_file.unwrap_or_else(|| hosts.known.clone());
    let is_open = all.iter().any(|host| host == "*");
    let is_other = |host: &String| host != HERE && !host.is_empty() && is_shown(variable, host);
    let others: Vec<String> = all.into_iter().filter(is_other).collect();
    let default = (!others.is_empty()).then(|| others.join(&separator.to_string()).into());
    let note = format!("read in {}", hosts.from);
    let is_known = default.is_some();
    let declared = proposal.declare(variable, default, Some(note.clone()));
    // Whom it answers in production only its operator knows.
    declared.is_optional = is_known;
    let setting = if is_asked && !is_open {
        let value = format!("{HERE}{separator}${{{variable}}}");
        Setting::Value(Entry::noted(value, format!("{note}; its probe asks for {HERE}")))
    } else {
        Setting::Own(Some(note))
    };
    service.env.insert(variable.to_owned(), setting);
}

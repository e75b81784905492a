//! Mounts of a container: where its data is, what becomes an option of its kind, and what stays as it is.

use indexmap::IndexMap;
use toml::Value;

use super::keys::plain;
use crate::compose::interpolation::with_defaults;
use crate::compose::volume::{self, Mount, Source};
use crate::init::judgement::{is_shown_command, with_shown_defaults};
use crate::init::proposal::ends::static_file::Found;
use crate::init::proposal::{Entry, Material, Proposal, Service, ends, images};
use crate::init::seen::compose::scalar;
use crate::init::seen::{Container, is_ours};
use crate::init::snapshot::{is_in, joined, parent};
use crate::kinds::{Class, Data, Kind, OptionType, Unread};

/// Whether the data of a store lasts, where nothing is mounted in its place.
pub(super) fn passing(container: &Container, kind: Option<&Kind>, service: &mut Service) {
    let Some(kind) = kind.filter(|kind| kind.class == Class::Datastore && !kind.data.is_empty()) else { return };
    let is_there = |target: &str| {
        let target = target.trim_end_matches('/');
        kind.data.iter().any(|data| data.path == target || is_in(target, &data.path) || is_in(&data.path, target))
    };
    let is_mounted = container
        .volumes
        .iter()
        .any(|text| volume::parse(&with_defaults(text)).map_or(true, |mount| is_there(&mount.target)));
    if is_mounted || service.keys.contains_key("persist") {
        return;
    }
    let tmpfs = container.rest.get("tmpfs");
    let tmpfs = tmpfs.and_then(|value| value.as_sequence().cloned().or_else(|| Some(vec![value.clone()])));
    let is_in_memory = tmpfs
        .unwrap_or_default()
        .iter()
        .filter_map(serde_yaml::Value::as_str)
        .any(|path| is_there(path.split(':').next().unwrap_or_default()));
    let entry = if is_in_memory {
        Entry::noted(false, "as it was: its data was in memory alone")
    } else {
        Entry::noted(true, "guess: nothing was mounted there; with `false` its data goes with the container")
    };
    service.set("persist", entry);
}

/// Mounts.
pub(super) fn volumes(
    proposal: &mut Proposal,
    material: Material<'_>,
    container: &Container,
    kind: Option<&Kind>,
    name: &str,
    service: &mut Service,
) {
    // The proxy would read this file instead of its flags.
    let is_told_at = match ends::static_file::find(container, material.snapshot) {
        Found::File { target, .. } if kind.is_some_and(|kind| kind.class == Class::Proxy) => Some(target),
        _ => None,
    };
    let mut kept: Vec<Value> = Vec::new();
    let mut options: IndexMap<String, Vec<Value>> = IndexMap::new();
    let here = parent(&container.from);
    let source = service.text("source").map(|source| source.trim_start_matches('.').to_owned());
    let place = |text: &str| {
        let path = text.split(':').next().filter(|path| path.starts_with('.')).map(|path| path.trim_end_matches('/'));
        path.and_then(|path| crate::plan::clean_path(&joined(here, path)))
    };
    let is_mounted =
        container.volumes.iter().any(|text| text.contains(':') && source.is_some() && place(text) == source);
    for text in &container.volumes {
        let Ok(mount) = volume::parse(&with_defaults(text)) else {
            service.left_out.push("a mount that could not be read".to_owned());
            continue;
        };
        let path = place(text);
        if let Some(kind) = kind {
            if is_told_at == Some(mount.place()) {
                continue;
            }
            let asked = Asked { container, kind, name, text, path: path.as_ref() };
            if data(proposal, material, &asked, &mount, service) {
                continue;
            }
            if kind
                .mounts
                .iter()
                .any(|known| known.source.as_deref() == Some(text.split(':').next().unwrap_or_default()))
            {
                continue;
            }
            if let (Some(option), Some(path)) = (images::option_of_mount(kind, &mount.target), &path) {
                let path = path.clone();
                let is_generated = material.snapshot.text(&path).is_some_and(is_ours)
                    || material.seen.is_compose_ours && path.starts_with(&joined(here, "docker/"));
                if !is_generated {
                    let known = options.entry(option.to_owned()).or_default();
                    let suffixes =
                        kind.options.get(option).map(|option| option.suffixes.as_slice()).unwrap_or_default();
                    let is_one = material.snapshot.has(&path) || suffixes.is_empty();
                    let is_inner = |file: &&str| {
                        parent(file) == path && suffixes.iter().any(|suffix| file.ends_with(suffix.as_str()))
                    };
                    if is_one {
                        known.push(path.clone().into());
                    } else {
                        known.extend(material.snapshot.below(&path).filter(is_inner).map(Value::from));
                    }
                }
                continue;
            }
            if kind.files.iter().any(|file| file.target.as_deref().is_some_and(|file| file == mount.target)) {
                continue;
            }
            // The source itself, as development mounts it, and the packages that it would hide: `reload` is for that.
            let is_source = path.is_some() && path == source;
            let is_package = !text.starts_with('.') && mount.target.contains("node_modules");
            if kind.builds() && (is_source || is_package && is_mounted) {
                continue;
            }
        }
        let shown = shown_mount(text, path.as_ref());
        let (shown, lost) = with_shown_defaults(&shown);
        super::tell_defaults(proposal, container, name, lost);
        if !is_shown_command(std::slice::from_ref(&shown)) {
            proposal.unknown(
                name,
                format!("a mount in {}: it may have a secret in it, so it is not copied", container.from),
            );
            continue;
        }
        kept.push(shown.into());
    }
    for (option, paths) in options.into_iter().filter(|(_, paths)| !paths.is_empty()) {
        let is_list =
            kind.and_then(|kind| kind.options.get(&option)).is_some_and(|option| option.kind == OptionType::Paths);
        let value = if is_list { Value::from(paths) } else { paths.into_iter().next().unwrap_or(Value::from("")) };
        service.set(&option, Entry::noted(value, format!("from {}", container.from)));
    }
    let has_mounts = kind.is_some() || !kept.is_empty();
    if !kept.is_empty() {
        service.set("volumes", Entry::new(kept));
    }
    let long = long_volumes(proposal, container, kind, name, service);
    if !long.is_empty() {
        // Laid over the others, they would take the place of those.
        let rest = has_mounts.then(|| Value::from("..."));
        let all: Vec<Value> = rest.into_iter().chain(long).collect();
        service.tables.entry("compose".to_owned()).or_default().insert("volumes".to_owned(), Entry::new(all));
    }
}

/// The mounts that only the long syntax has words for, but for what the kind mounts itself.
fn long_volumes(
    proposal: &mut Proposal,
    container: &Container,
    kind: Option<&Kind>,
    name: &str,
    service: &mut Service,
) -> Vec<Value> {
    let mut kept = Vec::new();
    for mount in container.long_volumes() {
        let field = |name: &str| mount.get(name).and_then(scalar).map(|text| with_defaults(&text));
        let target = volume::clean(&field("target").unwrap_or_default());
        let own = kind.into_iter().flat_map(|kind| &kind.mounts);
        if own.into_iter().any(|own| own.source.is_some() && own.source == field("source")) {
            continue;
        }
        if kind.is_some_and(|kind| kind.data.iter().any(|data| data.path == target)) {
            service.set("persist", Entry::noted(false, "its data is where `compose.volumes` says"));
        }
        if let Some(mount) = plain(mount) {
            kept.push(mount);
        } else {
            let what =
                format!("the mount at {target} in {}: it may hold a secret, so it is not copied", container.from);
            service.left_out.push(what.clone());
            proposal.unknown(name, what);
        }
    }
    kept
}

/// A mount of a service of a kind.
struct Asked<'a> {
    container: &'a Container,
    kind: &'a Kind,
    /// What the service is called.
    name: &'a str,
    /// As it is written.
    text: &'a str,
    /// Where it leads to in the repository.
    path: Option<&'a String>,
}

/// Sees to it that the kind finds the data that a mount has; whether nothing more is to be said of the mount.
fn data(
    proposal: &mut Proposal,
    material: Material<'_>,
    asked: &Asked<'_>,
    mount: &Mount,
    service: &mut Service,
) -> bool {
    let Asked { container, kind, name, text, path } = *asked;
    let place = mount.place();
    let storage = ends::storage(container, material.snapshot).filter(|_| kind.class == Class::Proxy);
    let has_certificates = |file: &&String| **file == place || is_in(file, &place);
    if let Some(storage) = storage.as_ref().filter(has_certificates)
        && storage.strip_suffix("/acme.json") != Some(place.as_str())
    {
        let what = format!(
            "its certificates: they are in {storage}, and here they are in acme.json of the volume that `persist` names; \
             copy the file there before the first start, else new ones are asked for"
        );
        proposal.unknown(name, what);
    }
    let image = container.image.as_deref().map(with_defaults).unwrap_or_default();
    let data = match Kept::of(kind, storage.as_deref(), &image, &place) {
        Kept::No => return false,
        Kept::Elsewhere(data) => {
            let what = format!(
                "where its data is: {} mounts {}, and this version of its image keeps it in {}, which is empty then; look \
                 into the container that runs now before you start this one",
                container.from, mount.target, data.path
            );
            service.left_out.push(format!("mind the data: {what}"));
            proposal.unknown(name, what);
            return false;
        }
        Kept::Here(data) => data,
    };
    if let Some(unread) = kind.traces.unread.as_ref().filter(|_| !matches!(mount.source, Source::Anonymous)) {
        tell_unread(proposal, container, name, &data.path, unread, service);
    }
    let usual = data.volume.clone().unwrap_or_else(|| format!("{name}-data"));
    let persist = match &mount.source {
        // The plan takes this text as it is, and mounts it without options.
        Source::Volume(_) | Source::Bind(_) if text.contains('$') || !is_plain(mount) => None,
        Source::Volume(volume) => Some(volume.clone()),
        Source::Bind(_) if place_is_lost(text, path) => None,
        Source::Bind(source) => Some(path.map_or_else(|| source.clone(), |path| format!("./{path}"))),
        // Whatever is in it is thrown away with the container.
        Source::Anonymous | Source::Other => return true,
    };
    match persist {
        Some(persist) if persist == usual => {}
        Some(persist) => service.set("persist", Entry::noted(persist, format!("from {}", container.from))),
        None => {
            service.set("persist", Entry::noted(false, "its data is where `volumes` says"));
            return false;
        }
    }
    true
}

/// What a mount is to the data of a kind.
enum Kept<'k> {
    /// Something else.
    No,
    /// It holds the data.
    Here(&'k Data),
    /// It is where another version keeps the data, and this one keeps it here.
    Elsewhere(&'k Data),
}

impl<'k> Kept<'k> {
    /// What a mount at `target` is to a kind that runs this image.
    fn of(kind: &'k Kind, storage: Option<&str>, image: &str, target: &str) -> Self {
        // Certificates are where the proxy was told to keep them.
        if kind.class == Class::Proxy && storage == Some(&format!("{target}/acme.json")) {
            return kind.data.first().map_or(Self::No, Self::Here);
        }
        let Some(data) = kind.data.iter().find(|known| known.path == target) else { return Self::No };
        let Some((version, _)) = images::version_of(kind, image) else { return Self::Here(data) };
        let context = minijinja::context! { version => version };
        let holds = |data: &&Data| data.when.as_ref().is_none_or(|when| when.holds(&context));
        match kind.data.iter().find(holds) {
            Some(other) if other.path != target => Self::Elsewhere(other),
            _ => Self::Here(data),
        }
    }
}

/// Says that the data which is there is not read, where another command wrote it.
fn tell_unread(
    proposal: &mut Proposal,
    container: &Container,
    name: &str,
    path: &str,
    unread: &Unread,
    service: &mut Service,
) {
    let said = container.command.as_deref().unwrap_or_default().join(" ").replace(['"', '\''], "");
    if said.contains(&unread.unless) {
        return;
    }
    let what = format!(
        "what is in {path} was written without `{}`, and starts empty with it: before the first start, {}",
        unread.unless, unread.help
    );
    service.left_out.push(format!("mind the data: {what}"));
    proposal.unknown(name, format!("its data: {what}"));
}

/// Whether a mount says nothing but source and target.
fn is_plain(mount: &Mount) -> bool {
    mount.mode.is_empty() || mount.mode == "rw"
}

/// Whether a path leads out of the repository, upwards.
fn place_is_lost(text: &str, path: Option<&String>) -> bool {
    text.starts_with('.') && path.is_none()
}

/// A mount as services.toml says it: paths of the repository from its root.
fn shown_mount(text: &str, path: Option<&String>) -> String {
    match path {
        Some(path) => format!("./{path}{}", &text[text.find(':').unwrap_or(text.len())..]),
        None => text.to_owned(),
    }
}

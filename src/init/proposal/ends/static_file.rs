//! The file that a proxy reads at its start, as the flags that say the same. Traefik takes the file, and looks at no flag
//! then (Traefik docs, "Configuration", "The static configuration").

use serde_yaml::Value as Yaml;

use crate::compose::interpolation::with_defaults;
use crate::compose::volume;
use crate::init::seen::Container;
use crate::init::seen::compose::{mapping, scalar};
use crate::init::snapshot::{Snapshot, joined, parent};
use crate::traefik::static_flags;

/// Where Traefik looks for it by itself; its image works in `/`.
const DIRECTORIES: [&str; 2] = ["", "/etc/traefik"];

/// The file, as far as it is known.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::init::proposal) enum Found {
    /// It is told by flags.
    None,
    /// A mount of its own, with this target, leads to a file of the repository.
    File { target: String, path: String },
    /// It is somewhere in what is mounted, and stays there: this is its path in the container.
    Inside(String),
}

/// The file of a container.
pub(in crate::init::proposal) fn find(container: &Container, snapshot: &Snapshot) -> Found {
    let flags = container.command.iter().flatten().filter_map(|word| static_flags::split(word));
    let named = flags.filter(|flag| flag.name.eq_ignore_ascii_case("configfile")).find_map(|flag| flag.value);
    let named = named.map(|file| volume::clean(&with_defaults(file)));
    let usual = DIRECTORIES.iter().flat_map(|directory| {
        ["traefik.toml", "traefik.yaml", "traefik.yml"].map(|name| format!("{directory}/{name}"))
    });
    let files: Vec<String> = named.into_iter().chain(usual).collect();
    for text in &container.volumes {
        let Ok(mount) = volume::parse(&with_defaults(text)) else { continue };
        let volume::Source::Bind(source) = &mount.source else { continue };
        let target = mount.place();
        let path =
            crate::plan::clean_path(&joined(parent(&container.from), source)).filter(|_| source.starts_with('.'));
        for file in &files {
            if *file == target {
                return match path {
                    Some(path) if snapshot.text(&path).is_some() => Found::File { target, path },
                    _ => Found::Inside(target),
                };
            }
            let is_there = |inner: &str| match &path {
                Some(path) => snapshot.has(&joined(path, inner)),
                // What lies elsewhere is not known: a whole directory for the configuration has one in it.
                None => file.as_str() != format!("/{inner}"),
            };
            if file.strip_prefix(&format!("{}/", target.trim_end_matches('/'))).is_some_and(is_there) {
                return Found::Inside(file.clone());
            }
        }
    }
    Found::None
}

/// What a container is told, as flags; none where that stands in a file which cannot be read.
pub(in crate::init::proposal) fn flags(container: &Container, snapshot: &Snapshot) -> Option<Vec<String>> {
    match find(container, snapshot) {
        Found::None => Some(container.command.clone().unwrap_or_default()),
        Found::File { path, .. } => of_text(&path, snapshot.text(&path)?),
        Found::Inside(_) => None,
    }
}

fn of_text(path: &str, text: &str) -> Option<Vec<String>> {
    let value: Yaml = if path.rsplit('.').next() == Some("toml") {
        let table: toml::Table = text.parse().ok()?;
        serde_yaml::to_value(table).ok()?
    } else {
        serde_yaml::from_str(text).ok()?
    };
    let mut flags = Vec::new();
    flatten(&value, "", 0, &mut flags);
    (!flags.is_empty()).then_some(flags)
}

fn flatten(value: &Yaml, name: &str, depth: usize, flags: &mut Vec<String>) {
    if depth > 20 {
        return;
    }
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Yaml::Mapping(map) if !map.is_empty() => {
            for (key, value) in mapping(Some(value)) {
                flatten(&value, &below(&key), depth + 1, flags);
            }
        }
        Yaml::Sequence(items) if items.iter().all(|item| scalar(item).is_some()) => {
            let items: Vec<String> = items.iter().filter_map(scalar).collect();
            flags.push(format!("--{name}={}", items.join(",")));
        }
        Yaml::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(item, &format!("{name}[{index}]"), depth + 1, flags);
            }
        }
        // Switched on with its own defaults.
        Yaml::Mapping(_) | Yaml::Null if !name.is_empty() => flags.push(format!("--{name}=true")),
        other => flags.extend(scalar(other).filter(|_| !name.is_empty()).map(|value| format!("--{name}={value}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_flags_say() {
        let text = "entryPoints:\n  web:\n    address: ':80'\n    forwardedHeaders: {trustedIPs: [10.0.0.1, 10.0.0.2]}\n\
                    ping: {}\nproviders: {docker: }\n";
        let flags = [
            "--entryPoints.web.address=:80",
            "--entryPoints.web.forwardedHeaders.trustedIPs=10.0.0.1,10.0.0.2",
            "--ping=true",
            "--providers.docker=true",
        ];
        assert_eq!(of_text("traefik.yml", text).unwrap(), flags);
        assert_eq!(of_text("traefik.toml", "[entryPoints.web]\naddress = ':80'\n").unwrap(), flags[..1]);
    }
}

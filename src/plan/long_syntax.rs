//! Ports and mounts in Compose's long syntax, as mappings (compose-spec, "ports" and "volumes", long syntax), told in the
//! words of the short one, which the plan speaks.

use indexmap::IndexMap;

use super::{Raw, Text};
use crate::compose::volume::{self, Mount, MountError, MountFlaw, MountOption, Source};

/// The kinds of mounts (compose-spec, "volumes", `type`).
const TYPES: [&str; 6] = ["bind", "cluster", "image", "npipe", "tmpfs", "volume"];

/// A published port in the short syntax, also where it is written in the long one.
pub(super) fn port(item: &Raw) -> Option<Text> {
    let Some(map) = item.as_map() else { return item.to_text() };
    let get = |key: &str| map.get(key).and_then(Raw::to_text);
    let mut text = Text::default();
    if let Some(ip) = get("host_ip") {
        // Brackets belong to the short syntax alone, and are no part of an address here.
        let is_v6 = ip.as_literal().is_some_and(|ip| ip.contains(':'));
        text.push_str(if is_v6 { "[" } else { "" });
        text.push(ip);
        text.push_str(if is_v6 { "]:" } else { ":" });
    }
    if let Some(published) = get("published") {
        text.push(published);
        text.push_str(":");
    } else if map.contains_key("host_ip") {
        text.push_str(":");
    }
    text.push(get("target")?);
    if let Some(protocol) = get("protocol") {
        text.push_str("/");
        text.push(protocol);
    }
    Some(text)
}

/// What is wrong with a port in the long syntax that could not be seen in the short one, and what to write instead: there
/// is nothing to lead to, or a value holds more than its own part.
pub(super) fn port_flaw(item: &Raw) -> Option<(String, &'static str)> {
    let map = item.as_map()?;
    let is_made_of = |key: &str, fits: fn(char) -> bool| {
        let text = map.get(key).and_then(Raw::to_text).and_then(|text| text.with_defaults());
        text.is_none_or(|text| text.chars().all(fits))
    };
    if !map.contains_key("target") {
        let message = "a port in the long syntax needs `target`, the port in the container".to_owned();
        return Some((message, "write `target = 80`"));
    }
    if !is_made_of("target", |c| c.is_ascii_digit()) {
        let message = "`target` is one port of the container in the long syntax".to_owned();
        return Some((message, "write a number; ranges have the short syntax, `8000-8002:80-82`"));
    }
    if !is_made_of("published", |c| c.is_ascii_digit() || c == '-') {
        let message = "`published` is a port of the host, or a range of them".to_owned();
        return Some((message, "write a number, and an address into `host_ip`"));
    }
    None
}

/// A mount, in either syntax, and its text in the short one.
///
/// # Errors
/// Where Compose, or the engine at the start of the container, would reject it.
pub(super) fn mount(item: &Raw) -> Option<Result<(Text, Mount), MountError>> {
    let Some(map) = item.as_map() else {
        let text = item.to_text()?;
        let flat = text.with_defaults().unwrap_or_else(|| text.to_compose());
        return Some(volume::parse(&flat).map(|mount| (text, mount)));
    };
    Some(Long { map }.mount())
}

/// A mount in the long syntax.
struct Long<'r> {
    map: &'r IndexMap<String, Raw>,
}

impl Long<'_> {
    fn mount(&self) -> Result<(Text, Mount), MountError> {
        let kind = self.text("type").map(|text| flat(&text)).unwrap_or_default();
        if !TYPES.contains(&kind.as_str()) {
            let known = "`bind`, `volume`, `tmpfs`, `image`, `npipe` or `cluster`";
            let message = if kind.is_empty() {
                format!("a mount in the long syntax needs a `type`: {known}")
            } else {
                format!("`{kind}` is no type of a mount: {known}")
            };
            return Err(long(message));
        }
        let Some(target) = self.text("target") else {
            return Err(long("a mount in the long syntax needs a `target`".to_owned()));
        };
        let source = self.text("source");
        let place = flat(&target);
        // What an operator's variable makes of it is not known.
        let is_known = target.with_defaults().is_some();
        if is_known && !place.starts_with('/') {
            return Err(MountError { flaw: MountFlaw::Target(place), range: 0..0 });
        }
        let of = |name: Text, make: fn(String) -> Source| make(flat(&name));
        let source_kind = match (kind.as_str(), source.clone()) {
            ("bind", None) => return Err(long("a mount of the type `bind` needs a `source`".to_owned())),
            ("bind", Some(path)) => of(path, Source::Bind),
            ("volume", Some(name)) => of(name, Source::Volume),
            ("volume", None) => Source::Anonymous,
            _ => Source::Other,
        };
        let bind = |key: &str| self.inner("bind", key);
        let propagation = bind("propagation").and_then(Raw::to_text).map(|text| flat(&text));
        if let Some(word) = propagation.as_deref().filter(|word| MountOption::of(word) != MountOption::Propagation) {
            return Err(long(format!("`{word}` is no propagation: `rprivate`, `rshared`, `rslave` and so on")));
        }
        let mut mode: Vec<String> = Vec::new();
        mode.extend(self.is_on("read_only").then(|| "ro".to_owned()));
        mode.extend(self.inner("volume", "nocopy").is_some_and(is_true).then(|| "nocopy".to_owned()));
        mode.extend(propagation);
        mode.extend(bind("selinux").and_then(Raw::to_text).map(|text| flat(&text)));
        let mut text = Text::default();
        if let Some(source) = source.filter(|_| source_kind != Source::Other) {
            text.push(source);
            text.push_str(":");
        }
        text.push(target);
        let mode = mode.join(",");
        if !mode.is_empty() {
            text.push_str(":");
            text.push_str(&mode);
        }
        // Whoever says something about the bind has to say this too (tried with 2.40); else it is made, as in the short syntax.
        let must_exist =
            kind == "bind" && self.map.contains_key("bind") && !bind("create_host_path").is_some_and(is_true);
        let mount = Mount { source: source_kind, target: place, mode, must_exist };
        if is_known && mount.place() == "/" {
            return Err(MountError { flaw: MountFlaw::Root, range: 0..0 });
        }
        Ok((text, mount))
    }

    fn text(&self, key: &str) -> Option<Text> {
        self.map.get(key)?.to_text().filter(|text| !text.is_empty())
    }

    fn inner(&self, table: &str, key: &str) -> Option<&Raw> {
        self.map.get(table)?.as_map()?.get(key)
    }

    fn is_on(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(is_true)
    }
}

fn is_true(value: &Raw) -> bool {
    matches!(value.plain(), Raw::Bool(true))
}

fn flat(text: &Text) -> String {
    text.with_defaults().unwrap_or_else(|| text.to_compose())
}

fn long(message: String) -> MountError {
    MountError { flaw: MountFlaw::Long(message), range: 0..0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Raw)]) -> Raw {
        Raw::Map(entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
    }

    fn read(entries: &[(&str, Raw)]) -> Result<Mount, String> {
        mount(&map(entries)).unwrap().map(|(_, mount)| mount).map_err(|error| error.to_string())
    }

    fn text(text: &str) -> Raw {
        Raw::literal(text)
    }

    #[test]
    fn every_type_of_a_mount() {
        let volume = [("type", text("volume")), ("source", text("x")), ("target", text("/d/"))];
        assert_eq!(read(&volume).unwrap().volume(), Some("x"), "one letter is no drive here");
        let bind = [
            ("type", text("bind")),
            ("source", text("./a")),
            ("target", text("/a")),
            ("read_only", Raw::Bool(true)),
            ("bind", map(&[("propagation", text("rslave")), ("selinux", text("z"))])),
        ];
        let found = read(&bind).unwrap();
        assert_eq!((found.mode.as_str(), found.must_exist, found.is_read_only()), ("ro,rslave,z", true, true));
        assert_eq!(read(&[("type", text("tmpfs")), ("target", text("/t"))]).unwrap().source, Source::Other);
        assert_eq!(read(&[("type", text("volume")), ("target", text("/t"))]).unwrap().source, Source::Anonymous);
    }

    #[test]
    fn what_is_refused_says_why() {
        let says = |entries: &[(&str, Raw)], word: &str| {
            let error = read(entries).unwrap_err();
            assert!(error.contains(word), "{error}");
        };
        says(&[("source", text("x")), ("target", text("/x"))], "needs a `type`");
        says(&[("type", text("disk")), ("target", text("/x"))], "`disk` is no type");
        says(&[("type", text("volume")), ("source", text("x"))], "needs a `target`");
        says(&[("type", text("bind")), ("target", text("/x"))], "needs a `source`");
        says(&[("type", text("tmpfs")), ("target", text("d"))], "absolute path");
        says(&[("type", text("tmpfs")), ("target", text("/"))], "whole file system");
        let bind = map(&[("propagation", text("foo"))]);
        says(&[("type", text("bind")), ("source", text("./a")), ("target", text("/a")), ("bind", bind)], "propagation");
    }
}

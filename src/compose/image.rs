//! References to images: `[REGISTRY/]NAME[:TAG][@DIGEST]` (distribution, `reference/reference.go` and `regexp.go`, and
//! `normalize.go` for which first part is a registry; OCI distribution specification, "Pulling manifests"). What is rejected
//! here was tried with `docker pull` of Docker 28.5; `tests/grammars` compares with the client's own parser.
//!
//! ```text
//! reference = [ registry "/" ] name [ ":" tag ] [ "@" digest ]
//! registry  = ( label *( "." label ) | "[" IPv6 "]" ) [ ":" digits ]   a first part with "." ":" or a large letter, or
//!                                                                      `localhost`; else it belongs to the name
//! label     = letters, digits and "-", but "-" neither first nor last
//! name      = word *( "/" word )                                       at most 255 characters
//! word      = small letters and digits, with "." "_" "__" or several "-" between them
//! tag       = 1 to 128 letters, digits, "_" "." "-"; the first is neither "." nor "-"
//! digest    = ( "sha256" | "sha384" | "sha512" ) ":" as many small hexadecimal digits as it has
//! ```
//!
//! One thing differs: of `a_b.example/x`, whose first part looks like a registry and is none, the client takes the form, and
//! a pull then fails, since it asks a host without a name.

use std::net::Ipv6Addr;
use std::ops::Range;

/// Stands in a reference for what is not known before the stack starts: nothing that a reference could hold.
pub const UNKNOWN: char = '\u{fffc}';

/// The most characters of a tag.
const LONGEST_TAG: usize = 128;

/// The most characters of a name, without the registry's.
const LONGEST_NAME: usize = 255;

/// A reference to an image, in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'t> {
    /// The registry and the name.
    pub name: &'t str,
    /// The tag.
    pub tag: Option<&'t str>,
    /// The digest, with its algorithm.
    pub digest: Option<&'t str>,
}

/// Something for which nobody could pull an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFlaw {
    /// Where, in bytes of the reference.
    pub range: Range<usize>,
    /// What.
    pub kind: ImageFlawKind,
}

/// What is wrong with a reference to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFlawKind {
    /// It begins like a URL.
    Scheme,
    /// A name with large letters.
    UpperCase,
    /// A character that no name has.
    Character(char),
    /// Nothing where a name must be.
    EmptyName,
    /// A name that begins or ends with `.`, `-` or `_`, or has several of them in a row.
    Separators,
    /// No host of a registry, or no port behind its colon.
    Registry,
    /// Nothing behind the colon.
    EmptyTag,
    /// A tag that begins with `.` or `-`, or has a character that no tag has.
    Tag,
    /// A tag that is too long.
    LongTag,
    /// A name that is too long.
    LongName,
    /// No digest: an algorithm, a colon and its digits.
    Digest,
    /// The id of an image, which is none of its names.
    Id,
}

use ImageFlawKind as Kind;

/// Parses a reference; [`UNKNOWN`] in it stands for what is not known, which is not judged.
///
/// # Errors
/// Where Docker would not take it: the first flaw.
pub fn parse(text: &str) -> Result<Reference<'_>, ImageFlaw> {
    if let Some(at) = text.find("://") {
        return Err(ImageFlaw { range: 0..at + "://".len(), kind: Kind::Scheme });
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    // The colon of a port has a path behind it.
    let after_slash = rest.rfind('/').map_or(0, |at| at + 1);
    let colon = rest[after_slash..].find(':').map(|at| at + after_slash);
    let (name, tag) = colon.map_or((rest, None), |at| (&rest[..at], Some(&rest[at + 1..])));
    check_name(name)?;
    if let (Some(at), Some(tag)) = (colon, tag) {
        check_tag(tag).map_err(|kind| flaw(if tag.is_empty() { at } else { at + 1 }, tag.len().max(1), kind))?;
    }
    if let Some(digest) = digest
        && !is_digest(digest)
    {
        let length = digest.len();
        return Err(flaw(rest.len() + usize::from(length > 0), length.max(1), Kind::Digest));
    }
    Ok(Reference { name, tag, digest })
}

fn flaw(start: usize, length: usize, kind: ImageFlawKind) -> ImageFlaw {
    ImageFlaw { range: start..start + length, kind }
}

fn check_name(name: &str) -> Result<(), ImageFlaw> {
    let whole = |kind| Err(flaw(0, name.len(), kind));
    if name.is_empty() {
        return whole(Kind::EmptyName);
    }
    if name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return whole(Kind::Id);
    }
    let registry = name.split_once('/').map(|(first, _)| first).filter(|first| is_registry(first));
    let mut at = 0;
    if let Some(registry) = registry {
        if !registry.contains(UNKNOWN) && !is_host(registry) {
            return Err(flaw(0, registry.len(), Kind::Registry));
        }
        at = registry.len() + 1;
    }
    if name.len() - at > LONGEST_NAME {
        return Err(flaw(at, name.len() - at, Kind::LongName));
    }
    for component in name[at..].split('/') {
        check_component(component, at)?;
        at += component.len() + 1;
    }
    Ok(())
}

/// Whether the first of several parts is a registry: it has a dot, a port or a large letter, or is `localhost`.
fn is_registry(first: &str) -> bool {
    first.contains(['.', ':', UNKNOWN]) || first == "localhost" || first.chars().any(char::is_uppercase)
}

/// A name, an IPv4 address or an IPv6 address in brackets, perhaps with a port.
fn is_host(registry: &str) -> bool {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let is_port = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    is_port && v6.map_or_else(|| host.split('.').all(is_label), |host| host.parse::<Ipv6Addr>().is_ok())
}

fn check_component(component: &str, at: usize) -> Result<(), ImageFlaw> {
    let is_separator = |c: char| matches!(c, '.' | '_' | '-');
    let whole = |kind| Err(flaw(at, component.len(), kind));
    if component.is_empty() {
        // The slash that has nothing behind it, or nothing before it.
        return Err(flaw(at.saturating_sub(1), 1, Kind::EmptyName));
    }
    let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || is_separator(c) || c == UNKNOWN;
    if let Some((offset, found)) = component.char_indices().find(|(_, c)| !is_known(*c)) {
        if found.is_ascii_uppercase() {
            return whole(Kind::UpperCase);
        }
        return Err(flaw(at + offset, found.len_utf8(), Kind::Character(found)));
    }
    if component.starts_with(is_separator) || component.ends_with(is_separator) {
        return whole(Kind::Separators);
    }
    let runs = component.split(|c: char| !is_separator(c)).filter(|run| !run.is_empty());
    let is_run = |run: &str| matches!(run, "." | "_" | "__") || run.bytes().all(|byte| byte == b'-');
    if runs.into_iter().all(is_run) { Ok(()) } else { whole(Kind::Separators) }
}

fn check_tag(tag: &str) -> Result<(), ImageFlawKind> {
    if tag.is_empty() {
        return Err(Kind::EmptyTag);
    }
    let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') || c == UNKNOWN;
    if tag.starts_with(['.', '-']) || !tag.chars().all(is_known) {
        return Err(Kind::Tag);
    }
    if tag.chars().count() > LONGEST_TAG { Err(Kind::LongTag) } else { Ok(()) }
}

/// Docker knows three algorithms, and takes their digits in small letters only.
fn is_digest(digest: &str) -> bool {
    if digest.contains(UNKNOWN) {
        return true;
    }
    let lengths = [("sha256", 64), ("sha384", 96), ("sha512", 128)];
    digest.split_once(':').is_some_and(|(algorithm, digits)| {
        lengths.contains(&(algorithm, digits.len()))
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "0123456789012345678901234567890123456789012345678901234567890123";

    #[test]
    fn a_reference_has_its_parts() {
        let digest = format!("sha256:{DIGITS}");
        let long = format!("nginx:1.28@{digest}");
        for (text, name, tag, with_digest) in [
            ("nginx", "nginx", None, false),
            ("nginx:1.28", "nginx", Some("1.28"), false),
            (long.as_str(), "nginx", Some("1.28"), true),
            ("localhost:5000/nginx", "localhost:5000/nginx", None, false),
            ("localhost:5000/a/b:A_b.c-D", "localhost:5000/a/b", Some("A_b.c-D"), false),
            ("[::1]:5000/a", "[::1]:5000/a", None, false),
            ("GHCR.io/acme/api:1", "GHCR.io/acme/api", Some("1"), false),
            ("host:5000", "host", Some("5000"), false),
            ("a__b--c.d", "a__b--c.d", None, false),
            ("\u{fffc}/nginx:\u{fffc}", "\u{fffc}/nginx", Some("\u{fffc}"), false),
            ("\u{fffc}", "\u{fffc}", None, false),
        ] {
            let digest = with_digest.then_some(digest.as_str());
            assert_eq!(parse(text), Ok(Reference { name, tag, digest }), "{text}");
        }
    }

    #[test]
    fn what_docker_does_not_take() {
        let long_tag = format!("a:{}", "x".repeat(129));
        let long_name = "x".repeat(256);
        let upper = format!("a@sha256:{}", DIGITS.replace('0', "A"));
        let short = format!("a@sha512:{DIGITS}");
        for (text, kind, at) in [
            ("https://ghcr.io/a", Kind::Scheme, "https://"),
            ("Nginx:1", Kind::UpperCase, "Nginx"),
            ("myorg/Web:1", Kind::UpperCase, "Web"),
            ("example.com/A", Kind::UpperCase, "A"),
            ("my app:1", Kind::Character(' '), " "),
            (" a", Kind::Character(' '), " "),
            ("é", Kind::Character('é'), "é"),
            (":1", Kind::EmptyName, ""),
            ("a//b", Kind::EmptyName, "/"),
            ("/a", Kind::EmptyName, "/"),
            ("a/", Kind::EmptyName, "/"),
            ("a___b", Kind::Separators, "a___b"),
            ("x/a..b", Kind::Separators, "a..b"),
            ("a.-b", Kind::Separators, "a.-b"),
            ("-a", Kind::Separators, "-a"),
            ("a-", Kind::Separators, "a-"),
            ("localhost:/a", Kind::Registry, "localhost:"),
            ("localhost:x/a", Kind::Registry, "localhost:x"),
            ("x-.com/a", Kind::Registry, "x-.com"),
            ("exa_mple.com/a", Kind::Registry, "exa_mple.com"),
            ("[::1%25eth0]/a", Kind::Registry, "[::1%25eth0]"),
            ("nginx:", Kind::EmptyTag, ":"),
            ("nginx:@sha256:x", Kind::EmptyTag, ":"),
            ("a:.x", Kind::Tag, ".x"),
            ("a:b:c", Kind::Tag, "b:c"),
            ("a:é", Kind::Tag, "é"),
            (&long_tag, Kind::LongTag, &long_tag[2..]),
            (&long_name, Kind::LongName, &long_name),
            ("a@sha256:abc", Kind::Digest, "sha256:abc"),
            ("a@", Kind::Digest, "@"),
            ("a@md5:01234567890123456789012345678901", Kind::Digest, "md5:01234567890123456789012345678901"),
            (&upper, Kind::Digest, &upper[2..]),
            (&short, Kind::Digest, &short[2..]),
            (DIGITS, Kind::Id, DIGITS),
            ("Web/\u{fffc}/B", Kind::UpperCase, "B"),
        ] {
            let found = parse(text).map_err(|flaw| (flaw.kind, &text[flaw.range]));
            assert_eq!(found, Err((kind, at)), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-cA:/@.ä_ \u{fffc}\\[\\]-]{0,30}") {
            if let Err(flaw) = parse(&text) {
                assert!(text.get(flaw.range.clone()).is_some(), "{text}: {flaw:?}");
            }
        }
    }
}

//! Mounts in Compose's short syntax: `[SOURCE:]TARGET[:MODE]` (compose-spec, "volumes", short syntax; compose-go,
//! `format/volume.go`, whose reading of it this is).
//!
//! | text | is |
//! | --- | --- |
//! | `/data` | a volume without a name |
//! | `data:/data` | a named volume |
//! | `./conf:/conf`, `/srv:/srv`, `~/x:/x` | a path of the host |
//! | `c:\\conf:/conf`, `\\\\.\\pipe\\x:/x` | a path of a Windows host |
//! | `…:ro,z` | with options, separated by commas; the last of `ro` and `rw` holds |
//!
//! A letter and a colon are a Windows drive wherever a part begins, so `x:/data` is a target without a source. A text of
//! one or two characters is a target as a whole. Colons inside of `${…}` separate nothing. Options that Compose does not
//! know are ignored without a word.

use std::ops::Range;

/// Where the socket of the engine is, and the directories in which it is.
const SOCKETS: [&str; 4] = ["/run", "/run/docker.sock", "/var/run", "/var/run/docker.sock"];

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mount {
    /// What is mounted.
    pub source: Source,
    /// Where, in the container; as written.
    pub target: String,
    /// `ro`, `rw`, `z` and so on, separated by commas; empty where nothing is said.
    pub mode: String,
    /// Whether the engine refuses to make what is not there (compose-spec, `create_host_path`); only the long syntax can.
    pub must_exist: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A named volume.
    Volume(String),
    /// A path of the host; relative ones begin with `.`.
    Bind(String),
    /// A volume without a name.
    Anonymous,
    /// Memory, an image, a pipe: only the long syntax has words for them.
    Other,
}

/// An option of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MountOption {
    /// `ro`: nothing can be written.
    ReadOnly,
    /// `rw`, which says what is so anyway.
    ReadWrite,
    /// `nocopy`: an empty volume does not get what the image has there.
    NoCopy,
    /// `shared`, `rslave` …: whether mounts below it are seen on the other side.
    Propagation,
    /// `z` or `Z`: the label of `SELinux` is changed.
    Selinux,
    /// `cached`, `delegated`, `consistent`: once of Docker Desktop, ignored now.
    Consistency,
    /// Nothing that Compose knows, and so ignored.
    Unknown,
}

impl MountOption {
    /// The option that a word of the mode is.
    pub fn of(word: &str) -> Self {
        match word {
            "ro" => Self::ReadOnly,
            "rw" => Self::ReadWrite,
            "nocopy" => Self::NoCopy,
            "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => Self::Propagation,
            "z" | "Z" => Self::Selinux,
            "cached" | "delegated" | "consistent" => Self::Consistency,
            _ => Self::Unknown,
        }
    }
}

impl Mount {
    /// Whether nothing can be written to it.
    pub fn is_read_only(&self) -> bool {
        let last =
            self.options().filter(|(_, _, option)| matches!(option, MountOption::ReadOnly | MountOption::ReadWrite));
        last.last().is_some_and(|(_, _, option)| option == MountOption::ReadOnly)
    }

    /// The named volume, where it is one.
    pub fn volume(&self) -> Option<&str> {
        match &self.source {
            Source::Volume(name) => Some(name),
            _ => None,
        }
    }

    /// Whether the socket of the Docker engine comes with it: whoever has that commands the engine, read-only or not
    /// (Docker docs, "Docker daemon attack surface").
    pub fn has_engine_socket(&self) -> bool {
        match &self.source {
            Source::Bind(path) => path.starts_with('/') && SOCKETS.contains(&clean(path).as_str()),
            _ => false,
        }
    }

    /// The words of its mode: where each begins in the mode, the word, and the option that it is.
    pub fn options(&self) -> impl Iterator<Item = (usize, &str, MountOption)> {
        let mut start = 0;
        let words = self.mode.split(',').map(move |word| {
            let at = start;
            start += word.len() + 1;
            (at, word)
        });
        words.filter(|_| !self.mode.is_empty()).map(|(at, word)| (at, word, MountOption::of(word)))
    }

    /// The directory or file of the container, as Compose names it.
    pub fn place(&self) -> String {
        clean(&self.target)
    }
}

/// A path of the container without what Compose takes out of it: `/a/./b/../c/` is `/a/c` (Go, `path.Clean`).
pub fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Why a text is no mount, and which bytes of it are wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{flaw}")]
pub struct MountError {
    /// What is wrong.
    pub flaw: MountFlaw,
    /// The bytes.
    pub range: Range<usize>,
}

/// Why a text is no mount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountFlaw {
    /// Nothing where a path must be, or too many parts.
    #[error("a mount is `volume:/path`, `./directory:/path` or `/path`, with an optional `:ro`")]
    Form,
    /// The whole file system of the container as a target.
    #[error("nothing can be mounted onto `/`, the whole file system of the container")]
    Root,
    /// A target that is no absolute path.
    #[error("`{0}` is where it is mounted in the container, so it must be an absolute path")]
    Target(String),
    /// A volume of one letter, which is the drive of a Windows path.
    #[error("`{0}:` is a Windows drive to Compose, and no volume")]
    Drive(char),
    /// A word of the long syntax that Compose or the engine refuses.
    #[error("{0}")]
    Long(String),
}

/// Parses the short syntax.
///
/// # Errors
/// Where Compose, or the engine at the start of the container, would reject it.
pub fn parse(text: &str) -> Result<Mount, MountError> {
    let error = |flaw, range| Err(MountError { flaw, range });
    // As short as that, nothing is told apart.
    let parts = if text.len() < 3 { std::iter::once(0..text.len()).collect() } else { parts(text) };
    if let Some(empty) = parts.iter().find(|part| part.is_empty()) {
        return error(MountFlaw::Form, if text.is_empty() { empty.clone() } else { 0..text.len() });
    }
    let (source, target, mode) = match parts.as_slice() {
        [target] => (None, target.clone(), ""),
        [source, target] => (Some(&text[source.clone()]), target.clone(), ""),
        [source, target, mode] => (Some(&text[source.clone()]), target.clone(), &text[mode.clone()]),
        [_, _, _, rest @ ..] => {
            let first = rest.first().map_or(text.len(), |part| part.start);
            return error(MountFlaw::Form, first..text.len());
        }
        [] => return error(MountFlaw::Form, 0..text.len()),
    };
    let place = &text[target.clone()];
    // What begins with a variable may well be absolute.
    if !place.starts_with('/') && !place.starts_with("${") {
        let drive = place.chars().next().filter(|_| source.is_none() && is_drive(place));
        return match drive {
            Some(letter) => error(MountFlaw::Drive(letter), 0..letter.len_utf8() + 1),
            None => error(MountFlaw::Target(place.to_owned()), target),
        };
    }
    let source = match source {
        None => Source::Anonymous,
        Some(path) if is_path(path) => Source::Bind(path.to_owned()),
        Some(name) => Source::Volume(name.to_owned()),
    };
    let mount = Mount { source, target: place.to_owned(), mode: mode.to_owned(), must_exist: false };
    if mount.place() == "/" { error(MountFlaw::Root, target) } else { Ok(mount) }
}

/// Whether a source is a path of the host.
pub fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || is_drive(source)
}

/// Whether a text begins with a letter and a colon.
fn is_drive(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next() == Some(':')
}

/// The parts between the colons that separate.
fn parts(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, char) in text.char_indices() {
        let before = &text[start..at];
        match char {
            '$' if text[at + 1..].starts_with('{') => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && !(before.chars().count() == 1 && is_drive(&text[start..=at])) => {
                parts.push(start..start + before.len());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(start..text.len());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(text: &str) -> (MountFlaw, &str) {
        let error = parse(text).expect_err(text);
        (error.flaw, &text[error.range])
    }

    #[test]
    fn volumes_directories_and_modes() {
        assert_eq!(parse("data:/data").unwrap().volume(), Some("data"));
        assert_eq!(parse("./src:/app/src:ro").unwrap().source, Source::Bind("./src".into()));
        assert!(parse("./src:/app/src:ro,z").unwrap().is_read_only());
        assert!(!parse("./src:/app/src:ro,rw").unwrap().is_read_only());
        assert_eq!(parse("/data").unwrap().source, Source::Anonymous);
        assert_eq!(parse("~/x:/x").unwrap().source, Source::Bind("~/x".into()));
        assert_eq!(parse("c:\\conf:/conf").unwrap().source, Source::Bind("c:\\conf".into()));
        assert_eq!(parse(r"\\.\pipe\x:/x").unwrap().source, Source::Bind(r"\\.\pipe\x".into()));
        assert_eq!(parse("${DATA:-a:b}:/data").unwrap().volume(), Some("${DATA:-a:b}"));
        assert_eq!(parse("dä:/data").unwrap().volume(), Some("dä"));
    }

    #[test]
    fn options_have_their_places() {
        use MountOption::{Consistency, NoCopy, Propagation, ReadOnly, Selinux, Unknown};

        let mount = parse("./a:/b:ro,r0,z,nocopy,rslave,cached").unwrap();
        let options: Vec<_> = mount.options().map(|(_, _, option)| option).collect();
        assert_eq!(options, [ReadOnly, Unknown, Selinux, NoCopy, Propagation, Consistency]);
        assert!(mount.options().all(|(at, word, _)| mount.mode[at..].starts_with(word)));
        assert_eq!(parse("a1:/b").unwrap().options().count(), 0);
    }

    #[test]
    fn a_target_is_the_path_that_compose_makes_of_it() {
        for (text, place) in [("ab:/d/", "/d"), ("ab:/d/../e", "/e"), ("ab://d/./e", "/d/e"), ("/../d", "/d")] {
            assert_eq!(parse(text).unwrap().place(), place);
        }
    }

    #[test]
    fn what_is_no_mount_says_why_and_where() {
        assert_eq!(flaw("data:data"), (MountFlaw::Target("data".into()), "data"));
        assert_eq!(flaw("data:/"), (MountFlaw::Root, "/"));
        assert_eq!(flaw("data:/x/.."), (MountFlaw::Root, "/x/.."));
        assert_eq!(flaw(":/data"), (MountFlaw::Form, ":/data"));
        assert_eq!(flaw("ab:/x:"), (MountFlaw::Form, "ab:/x:"));
        assert_eq!(flaw("ab:/x:ro:rw"), (MountFlaw::Form, "rw"));
        assert_eq!(flaw("x:/data"), (MountFlaw::Drive('x'), "x:"));
        assert_eq!(flaw("\u{b050}:/data"), (MountFlaw::Drive('\u{b050}'), "\u{b050}:"));
        assert_eq!(flaw("ab"), (MountFlaw::Target("ab".into()), "ab"));
        assert_eq!(flaw(":/"), (MountFlaw::Target(":/".into()), ":/"));
        assert_eq!(flaw(""), (MountFlaw::Form, ""));
        // The drive of a path that is a source, and a target that is none.
        assert_eq!(flaw("c:/conf:x"), (MountFlaw::Target("x".into()), "x"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z:./\\\\${}~,ä]{0,30}") {
            if let Err(error) = parse(&text) {
                proptest::prop_assert!(text.get(error.range).is_some());
            }
        }
    }
}

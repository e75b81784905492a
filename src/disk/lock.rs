//! stackgen.lock: which files are ours, and which bytes we gave them.
//!
//! One line per file, sorted by path: `sha256 mode owner version path`. The owner is `*` for the stack and else the
//! name of an environment; the path comes last, so that it may hold spaces. It is committed, so it says nothing of
//! this machine or this day, and a merge that keeps the lines of both sides is a legal lock: a path may have several
//! lines, and the bytes of each are ours. The named volumes of each environment follow (see [`super::volume`]).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::error::{DiskError, Obstacle};
use super::paths::{LOCK, objection};
use super::volume::KnownVolume;
use crate::render::{Artifact, Owner};

const HEADER: &str = "# The files that stackgen wrote: sha256, mode, environment (* for all), version, path. Commit it; \
                      do not edit it. After a merge conflict keep the lines of both sides and render again.";
const VOLUMES: &str = "# The named volumes that hold data: environment, where it is mounted, what the engine calls it.";
const CONFLICT: &str = "keep the lines of both sides, delete the markers, then run `stackgen render`";
const RESTORE: &str =
    "restore the file from git, or delete it: then `stackgen render` adopts every file that is unchanged";

/// The SHA-256 of a text with LF line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of `bytes`, with every CRLF taken for LF: git may check text out with either.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(lf(bytes)).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        f.write_str(&digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect::<String>())
    }
}

/// Whether a text is that of a whole lock.
pub(super) fn is_lock(bytes: &[u8]) -> bool {
    let bytes = lf(bytes);
    let text = std::str::from_utf8(&bytes).ok().filter(|text| text.starts_with(HEADER));
    text.is_some_and(|text| text.parse::<Lock>().is_ok())
}

/// `bytes` with LF line ends.
pub(super) fn lf(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&b'\r') {
        return Cow::Borrowed(bytes);
    }
    let mut text = Vec::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        if byte != b'\r' || bytes.get(index + 1) != Some(&b'\n') {
            text.push(byte);
        }
    }
    Cow::Owned(text)
}

/// What the lock knows of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    fingerprint: Fingerprint,
    executable: bool,
    pub(super) owner: Owner,
    version: String,
}

impl Line {
    /// The line of an artifact that `version` writes; one word of it, as the lock separates by spaces.
    pub(super) fn new(artifact: &Artifact, version: &str) -> Self {
        Self {
            fingerprint: Fingerprint::of(artifact.text.as_bytes()),
            executable: artifact.executable,
            owner: artifact.owner.clone(),
            version: version.split_whitespace().next().unwrap_or("unknown").to_owned(),
        }
    }

    /// That of the text that we wrote.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether we wrote a text with this fingerprint.
    pub(super) fn wrote(&self, text: Fingerprint) -> bool {
        self.fingerprint == text
    }

    /// Whether both say the same but for the version that wrote it.
    pub(super) fn says(&self, other: &Self) -> bool {
        (self.fingerprint, self.executable, &self.owner) == (other.fingerprint, other.executable, &other.owner)
    }
}

/// The lock: lines by path, and volumes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lock {
    lines: BTreeMap<String, Vec<Line>>,
    pub(super) volumes: BTreeSet<KnownVolume>,
}

/// The lock as it lies in the project directory.
pub(super) struct LockFile {
    /// What it says.
    pub(super) lock: Lock,
    /// Its text with LF line ends; `None` where there is none.
    pub(super) text: Option<String>,
    /// Whether its mode has the x bit. We never set it, so then the file system gives it to every file.
    pub(super) executable: bool,
}

impl Lock {
    /// Forgets a file.
    pub(super) fn remove(&mut self, path: &str) {
        self.lines.remove(path);
    }

    /// Reads the lock in `root`; a missing one is empty.
    pub(super) fn read(root: &Path) -> Result<LockFile, DiskError> {
        let failed = |cause: &io::Error| DiskError::read(LOCK, cause);
        let path = root.join(LOCK);
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Ok(LockFile { lock: Self::default(), text: None, executable: false });
            }
            Err(cause) => return Err(failed(&cause)),
        };
        if let Some(what) = Obstacle::of(&metadata) {
            return Err(DiskError::LockObstacle { what });
        }
        let bytes = std::fs::read(path).map_err(|cause| failed(&cause))?;
        let bytes = lf(&bytes).into_owned();
        let binary = bytes.split(|&byte| byte == b'\n').position(|line| std::str::from_utf8(line).is_err());
        let text = String::from_utf8(bytes).map_err(|_| DiskError::LockLine {
            line: binary.unwrap_or_default() + 1,
            what: "not UTF-8".to_owned(),
            next: RESTORE,
        })?;
        let executable = super::folders::executable(&metadata).unwrap_or(false);
        Ok(LockFile { lock: text.parse()?, text: Some(text), executable })
    }

    /// Adds a line for `path`, unless it is there.
    pub(super) fn add(&mut self, path: &str, line: Line) {
        let lines = self.lines.entry(path.to_owned()).or_default();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }

    /// The lines of `path`; none for a file that is not ours.
    pub(super) fn of(&self, path: &str) -> &[Line] {
        self.lines.get(path).map_or(&[], Vec::as_slice)
    }

    /// All lines, by path.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[Line])> {
        self.lines.iter().map(|(path, lines)| (path.as_str(), lines.as_slice()))
    }

    /// Whether nothing is ours.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.volumes.is_empty()
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        for (path, line) in self.lines.iter().flat_map(|(path, lines)| lines.iter().map(move |line| (path, line))) {
            let fingerprint = line.fingerprint;
            let mode = if line.executable { "0755" } else { "0644" };
            let owner = match &line.owner {
                Owner::Stack => "*",
                Owner::Environment(name) => name,
            };
            writeln!(f, "{fingerprint} {mode} {owner} {} {path}", line.version)?;
        }
        if !self.volumes.is_empty() {
            writeln!(f, "{VOLUMES}")?;
        }
        self.volumes.iter().try_for_each(|volume| writeln!(f, "{volume}"))
    }
}

impl FromStr for Lock {
    type Err = DiskError;

    fn from_str(text: &str) -> Result<Self, DiskError> {
        let mut lock = Self::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let wrong = |what: String, next| DiskError::LockLine { line: index + 1, what, next };
            if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker)) {
                return Err(wrong("a merge conflict".to_owned(), CONFLICT));
            }
            if let Some(volume) = KnownVolume::of_line(line) {
                lock.volumes.insert(volume.map_err(|what| wrong(what, RESTORE))?);
                continue;
            }
            let (path, line) = parse(line).map_err(|what| wrong(what, RESTORE))?;
            lock.add(path, line);
        }
        Ok(lock)
    }
}

/// The text of a lock, read.
pub(crate) fn read(text: &str) -> Result<impl fmt::Display + use<>, DiskError> {
    text.parse::<Lock>()
}

fn parse(line: &str) -> Result<(&str, Line), String> {
    let fields: Vec<_> = line.splitn(5, ' ').collect();
    let [fingerprint, mode, owner, version, path] = fields[..] else {
        return Err("not a line of `sha256 mode owner version path`".to_owned());
    };
    let fingerprint = hexadecimal(fingerprint).ok_or("the first field is not a sha256")?;
    let executable = match mode {
        "0644" => false,
        "0755" => true,
        _ => return Err(format!("the mode {mode:?} is neither 0644 nor 0755")),
    };
    let owner = match owner {
        "" => return Err("the owner is empty".to_owned()),
        "*" => Owner::Stack,
        name => Owner::Environment(name.to_owned()),
    };
    match objection(path) {
        Some(what) => Err(format!("the path {path:?} {what}")),
        None => {
            Ok((path, Line { fingerprint: Fingerprint(fingerprint), executable, owner, version: version.to_owned() }))
        }
    }
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, executable: bool, owner: Owner) -> Line {
        Line::new(&Artifact { text: text.to_owned(), executable, owner }, "1.2.3")
    }

    fn sample() -> Lock {
        let mut lock = Lock::default();
        lock.add("web/entry point.sh", line("b\n", true, Owner::Stack));
        lock.add("docker-compose.yml", line("a\n", false, Owner::Environment("dev".to_owned())));
        lock
    }

    #[test]
    fn a_lock_is_written_sorted_one_line_per_file() {
        assert_eq!(
            sample().to_string(),
            format!(
                "{HEADER}\n\
                 87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7 0644 dev 1.2.3 docker-compose.yml\n\
                 0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f 0755 * 1.2.3 web/entry point.sh\n"
            )
        );
    }

    #[test]
    fn what_is_written_is_read_back_also_from_a_crlf_checkout() {
        let text = sample().to_string();
        assert_eq!(text.parse::<Lock>().expect("a lock"), sample());
        assert_eq!(text.replace('\n', "\r\n").parse::<Lock>().expect("a lock"), sample());
    }

    #[test]
    fn two_lines_for_a_path_are_both_ours_and_the_same_line_twice_is_one() {
        let mut lock = sample();
        lock.add("docker-compose.yml", line("new\n", false, Owner::Stack));
        let twice = format!("{lock}{lock}");
        let read: Lock = twice.parse().expect("a lock");
        assert_eq!(read, lock);
        assert_eq!(read.of("docker-compose.yml").len(), 2);
    }

    #[test]
    fn volumes_follow_the_files_and_a_lock_without_any_stays_as_it_was() {
        let volume = |environment: &str, target: &str, name: &str| KnownVolume {
            environment: environment.to_owned(),
            target: target.to_owned(),
            name: name.to_owned(),
        };
        let mut lock = sample();
        let before = lock.to_string();
        lock.volumes.insert(volume("prod", "/var/lib/my data/100%20", "shop-prod_db"));
        lock.volumes.insert(volume("dev", "/data", "${NAME:-shop}_redis-data"));
        let text = lock.to_string();
        let expected = format!(
            "{before}{VOLUMES}\n\
             volume dev /data ${{NAME:-shop}}_redis-data\n\
             volume prod /var/lib/my%20data/100%2520 shop-prod_db\n"
        );
        assert_eq!(text, expected);
        assert_eq!(text.parse::<Lock>().expect("a lock"), lock);
        assert_eq!(format!("{text}{text}").parse::<Lock>().expect("a lock"), lock);
        for bad in ["volume dev /data", "volume dev /data a b", "volume  /data a"] {
            let error = format!("{before}{bad}\n").parse::<Lock>().expect_err(bad).to_string();
            assert!(error.starts_with("stackgen.lock:4: ") && error.contains("volume"), "{error}");
        }
    }

    #[test]
    fn a_malformed_line_is_named_with_what_to_do() {
        let good = sample().to_string();
        let cases = [
            ("<<<<<<< HEAD", "a merge conflict; keep the lines of both sides"),
            ("hello", "not a line of"),
            (&good.lines().nth(1).expect("a line").replacen('8', "x", 1), "not a sha256"),
            (&good.lines().nth(1).expect("a line").replace("0644", "0777"), "neither 0644 nor 0755"),
            (&good.lines().nth(1).expect("a line").replace("docker-", "../docker-"), "contains `..`"),
            (&good.lines().nth(1).expect("a line").replace("docker-", "/etc/docker-"), "is absolute"),
            (&good.lines().nth(1).expect("a line").replace("docker-compose.yml", "stackgen.lock"), "the lock itself"),
        ];
        for (bad, expected) in cases {
            let error = format!("{good}{bad}\n").parse::<Lock>().expect_err(bad).to_string();
            assert!(error.starts_with("stackgen.lock:4: "), "{error}");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn only_crlf_is_a_line_end_and_a_lone_cr_is_text() {
        assert_eq!(*lf(b"a\r\nb\rc\r\r\n\r"), *b"a\nb\rc\r\n\r");
        assert_eq!(Fingerprint::of(b"a\r\nb\r\n"), Fingerprint::of(b"a\nb\n"));
        assert_ne!(Fingerprint::of(b"a\rb"), Fingerprint::of(b"ab"));
    }
}

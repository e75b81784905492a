//! The named volumes that the lock knows: the data that a renamed service or stack would leave behind.
//!
//! `volume environment target name`: where the first service mounts it, and what the engine calls it, with variables as
//! Compose spells them. The target comes before the name, which no space can be in, so both may stand alone: `%20` is a
//! space of the target, `%25` its percent sign.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::paths::LOCK;

/// What a line of a volume begins with; no fingerprint does.
const WORD: &str = "volume ";

/// A named volume of an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownVolume {
    /// The environment.
    pub environment: String,
    /// Where it is mounted.
    pub target: String,
    /// What the engine calls it.
    pub name: String,
}

impl fmt::Display for KnownVolume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.target.replace('%', "%25").replace(' ', "%20");
        write!(f, "{WORD}{} {target} {}", self.environment, self.name)
    }
}

impl KnownVolume {
    /// The volume of a line; none where the line is another one's, and an error in words where it is none.
    pub(super) fn of_line(line: &str) -> Option<Result<Self, String>> {
        let fields: Vec<&str> = line.strip_prefix(WORD)?.split(' ').collect();
        let [environment, target, name] = fields[..] else {
            return Some(Err("not a line of `volume environment target name`".to_owned()));
        };
        if [environment, target, name].contains(&"") {
            return Some(Err("a field of the volume is empty".to_owned()));
        }
        let target = target.replace("%20", " ").replace("%25", "%");
        Some(Ok(Self { environment: environment.to_owned(), target, name: name.to_owned() }))
    }
}

/// The volumes that the lock in `root` knows; what it says of them as far as it can be read, since whatever is wrong with
/// it is told by whoever compares the files.
pub fn known_volumes(root: &Path) -> BTreeSet<KnownVolume> {
    let text = std::fs::read(root.join(LOCK)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().filter_map(|line| KnownVolume::of_line(line)?.ok()).collect()
}

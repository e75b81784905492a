//! Why the disk room could not do its work, in the words of the person who runs it.

use std::fmt;
use std::io;
use std::path::Path;

use super::paths::{LOCK, ancestors, directory_words};

/// Why the working tree could not be read or written. Paths are relative to the project directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// The project directory cannot be opened.
    #[error(
        "cannot open the project directory `{path}`: {cause}; run stackgen where services.toml lies, or give -C DIR"
    )]
    Root {
        /// The directory as it was given.
        path: String,
        /// What the operating system said.
        cause: String,
    },
    /// A file or directory is there but cannot be read; it is never taken for an empty one.
    #[error("cannot read `{path}`: {cause}; make it readable for this user, or move it away, then run again")]
    Read {
        /// The file or directory.
        path: String,
        /// What the operating system said.
        cause: String,
    },
    /// The directory of a file does not let this user write.
    #[error("cannot change `{path}`: {directory} is read-only for this user; make it writable, then run again")]
    ReadOnly {
        /// The file that was to be written or deleted.
        path: String,
        /// Its directory, in words.
        directory: String,
    },
    /// No room is left: no space, no more files, or the quota is used up.
    #[error("cannot write `{path}`: the disk is full (its space, or its number of files); make room, then run again")]
    Full {
        /// The file that was to be written.
        path: String,
    },
    /// A file cannot be written or deleted for another reason.
    #[error("cannot change `{path}`: {cause}; remove the cause, then run again")]
    Write {
        /// The file.
        path: String,
        /// What the operating system said.
        cause: String,
    },
    /// A file's mode cannot be changed.
    #[error("cannot change the mode of `{path}`: {cause}; take the file over with chown or delete it, then run again")]
    Mode {
        /// The file.
        path: String,
        /// What the operating system said.
        cause: String,
    },
    /// Somebody else changed a file or a directory between the look at the tree and the write.
    #[error("`{path}` changed while stackgen was at work, and was left as it is; run again")]
    Changed {
        /// The file or directory.
        path: String,
    },
    /// The same, and what stood there could not go back to its place, which somebody else has taken or removed.
    #[error("`{path}` changed while stackgen was at work; what stood there could not go back, and is in `{lies}`")]
    Kept {
        /// The file.
        path: String,
        /// Where its text lies.
        lies: String,
    },
    /// A run could not go on. Every file is either old or new, and the next run goes on from there.
    #[error("{cause}\n{}", changed_before(.changed))]
    Stopped {
        /// Why.
        cause: Box<DiskError>,
        /// What was written or deleted before, in that order.
        changed: Vec<String>,
    },
    /// Somebody else writes in the project directory, and does not come to an end.
    #[error(
        "`{directory}` is locked, by another stackgen that is at work in it or by `flock`; wait until that has ended, \
         or end it, then run again\nnothing was written"
    )]
    Busy {
        /// The directory as it was given.
        directory: String,
    },
    /// A line of the lock cannot be read.
    #[error("{LOCK}:{line}: {what}; {next}")]
    LockLine {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
        /// What to do next.
        next: &'static str,
    },
    /// The lock's name is taken by something that is not a file.
    #[error("`{LOCK}` is {what}, not a file; move it away, then run again")]
    LockObstacle {
        /// What it is.
        what: Obstacle,
    },
    /// The manifest is something that is not written through.
    #[error("cannot change `{path}`: it is {what}; name the file itself with `-C` and `-f`")]
    ManifestObstacle {
        /// The manifest.
        path: String,
        /// What it is.
        what: Obstacle,
    },
    /// The manifest that was to be made is there already.
    #[error("`{path}` is there already, and nothing is written over it")]
    ManifestExists {
        /// The manifest.
        path: String,
    },
    /// A generated path cannot be written on every machine, or the lock cannot hold it.
    #[error("`{path}` cannot be generated: {what}; choose another path or name in services.toml")]
    Artifact {
        /// The path.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// Something would be lost or is in the way; nothing was written.
    #[error("{}", refused(.0))]
    Refused(Vec<Refusal>),
}

/// One file that stops a render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file.
    pub path: String,
    /// Why.
    pub why: Why,
}

impl Refusal {
    /// Whether it is a Dockerfile that somebody wrote by hand.
    fn is_own_dockerfile(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.why == Why::Foreign && name.starts_with("Dockerfile") && !name.ends_with(".dockerignore")
    }
}

/// Why a file stops a render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A person edited it since stackgen wrote it. Forcing overwrites it.
    Edited,
    /// stackgen did not write it. Forcing overwrites it.
    Foreign,
    /// It cannot be written at all.
    Blocked(Obstacle),
}

/// What stands where a file should be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// A directory with the name of the file.
    Directory,
    /// A symbolic link with the name of the file.
    Link,
    /// A device, a socket or a pipe.
    Special,
    /// One of its directories is a file.
    ParentIsFile(String),
    /// One of its directories is a symbolic link, and does not lead to a directory of the project.
    ParentIsLink(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.why {
            Why::Edited => write!(f, "`{path}` was edited since stackgen wrote it"),
            Why::Foreign => write!(f, "`{path}` was not written by stackgen"),
            Why::Blocked(Obstacle::ParentIsFile(parent)) => {
                write!(f, "`{path}` cannot be written: `{parent}` is a file, not a directory")
            }
            Why::Blocked(Obstacle::ParentIsLink(parent)) => {
                let what = "is a symbolic link that does not lead to a directory of the project";
                write!(f, "`{path}` cannot be written: `{parent}` {what}")
            }
            Why::Blocked(obstacle) => write!(f, "`{path}` cannot be written: it is {obstacle}"),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory => f.write_str("a directory"),
            Self::Link => f.write_str("a symbolic link"),
            Self::Special => f.write_str("a device, a socket or a pipe"),
            Self::ParentIsFile(parent) => write!(f, "below the file `{parent}`"),
            Self::ParentIsLink(parent) => write!(f, "behind the symbolic link `{parent}`"),
        }
    }
}

/// So many files are named; of more, only how many there are.
const NAMED: usize = 8;

fn changed_before(changed: &[String]) -> String {
    let names: Vec<_> = changed.iter().take(NAMED).map(|path| format!("`{path}`")).collect();
    let more = changed.len() - names.len();
    let names = names.join(", ");
    match (changed, more) {
        ([], _) => "nothing was written".to_owned(),
        (_, 0) => format!("changed before that: {names}; every other file is as it was"),
        (_, more) => format!("changed before that: {names} and {more} more; every other file is as it was"),
    }
}

fn refused(refusals: &[Refusal]) -> String {
    use fmt::Write as _;
    let mut text = String::from("nothing was written:");
    for refusal in refusals {
        let _ = write!(text, "\n  {refusal}");
    }
    if refusals.iter().any(|refusal| matches!(refusal.why, Why::Blocked(_))) {
        text.push_str("\nmove away what is in the way, then run again");
    }
    if refusals.iter().any(Refusal::is_own_dockerfile) {
        text.push_str(
            "\na Dockerfile of your own can stay: `dockerfile = \"Dockerfile\"` in the service says to build with it",
        );
    }
    if refusals.iter().any(|refusal| !matches!(refusal.why, Why::Blocked(_))) {
        text.push_str(
            "\nbring your changes into services.toml or move the files away, then run again; --force overwrites them",
        );
    }
    text
}

impl DiskError {
    /// `path` cannot be read.
    pub(super) fn read(path: &str, cause: &io::Error) -> Self {
        let path = if path.is_empty() { "." } else { path };
        Self::Read { path: path.to_owned(), cause: words(cause) }
    }

    /// `path`, below `root`, cannot be written or deleted.
    pub(super) fn write(root: &Path, path: &str, cause: &io::Error) -> Self {
        let path = path.to_owned();
        match cause.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                let directory = ancestors(&path).find(|directory| root.join(directory).is_dir()).unwrap_or_default();
                Self::ReadOnly { directory: directory_words(directory), path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            // It was looked at before: its directory has gone since, or something else stands there.
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists => Self::Changed { path },
            _ => Self::Write { cause: words(cause), path },
        }
    }
}

/// An error without the absolute path of a temporary file, which tempfile adds and nobody can look at any more.
pub(super) fn words(cause: &io::Error) -> String {
    if cause.raw_os_error().is_some() { cause.to_string() } else { cause.kind().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_every_file_and_the_way_out() {
        let refusals = vec![
            Refusal { path: "a".to_owned(), why: Why::Edited },
            Refusal { path: "b/c".to_owned(), why: Why::Blocked(Obstacle::ParentIsFile("b".to_owned())) },
        ];
        let text = DiskError::Refused(refusals).to_string();
        assert_eq!(
            text,
            "nothing was written:\n  `a` was edited since stackgen wrote it\n  \
             `b/c` cannot be written: `b` is a file, not a directory\n\
             move away what is in the way, then run again\n\
             bring your changes into services.toml or move the files away, then run again; --force overwrites them"
        );
    }

    #[test]
    fn a_dockerfile_of_ones_own_can_stay() {
        let said = |path: &str, why: Why| DiskError::Refused(vec![Refusal { path: path.to_owned(), why }]).to_string();
        let is_led = |text: &str| text.contains("`dockerfile = \"Dockerfile\"`");
        assert!(is_led(&said("web/Dockerfile", Why::Foreign)));
        assert!(is_led(&said("Dockerfile.worker", Why::Foreign)));
        assert!(!is_led(&said("web/Dockerfile", Why::Edited)));
        assert!(!is_led(&said("web/Dockerfile.dockerignore", Why::Foreign)));
    }

    #[test]
    fn a_full_disk_is_called_full() {
        let error = DiskError::write(Path::new("/"), "web/Dockerfile", &io::ErrorKind::StorageFull.into());
        assert!(error.to_string().contains("the disk is full"), "{error}");
    }

    #[test]
    fn a_run_that_stops_says_what_it_did_before() {
        let stopped = |changed: usize| {
            let cause = Box::new(DiskError::Full { path: "z".to_owned() });
            let changed = (0..changed).map(|number| format!("f{number}")).collect();
            DiskError::Stopped { cause, changed }.to_string()
        };
        let last = |text: String| text.lines().last().map(str::to_owned).expect("a line");
        assert!(stopped(0).starts_with("cannot write `z`: the disk is full"), "{}", stopped(0));
        assert_eq!(last(stopped(0)), "nothing was written");
        assert_eq!(last(stopped(2)), "changed before that: `f0`, `f1`; every other file is as it was");
        assert!(last(stopped(NAMED)).contains("`f7`; every"), "{}", stopped(NAMED));
        assert!(last(stopped(10)).contains("`f7` and 2 more; every"), "{}", stopped(10));
    }

    #[test]
    fn a_cause_names_no_temporary_file() {
        let cause = tempfile::NamedTempFile::new_in("/nowhere/at/all").expect_err("there is no such directory");
        assert_eq!(words(&cause), "entity not found");
    }
}

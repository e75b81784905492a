//! The last room: artifacts against the working tree.
//!
//! [`Survey::take`] compares and only reads; [`Survey::apply`] makes the tree what it should be. Between them stands
//! `stackgen.lock`, committed beside services.toml, which says for every file that we wrote which bytes we gave it.
//! A file whose bytes the lock knows is ours: it may be updated, and deleted when it is no longer generated. A file
//! with other bytes is a person's: it stops the whole run, unless that is forced, and one that is no longer generated
//! is kept and reported. Bytes are compared with LF line ends, so that a CRLF checkout is no edit.
//!
//! # What a kill leaves behind
//!
//! Whenever a run is cut off, every file is old or new, and the next run goes on without refusing:
//!
//! 1. Temporary files of an earlier run that was killed are swept from the directories that this one touches. What that
//!    run had only taken away to look at it (see below) goes where its text is one that stackgen wrote or is about to
//!    write; else it stays, and is named in [`Summary::aside`]: somebody may have saved it.
//! 2. The lock is written with the lines of before *and* after for every file that changes: from here on, either
//!    content is ours.
//! 3. Files are written: a temporary file in the same directory gets the text and the mode, then the name.
//! 4. Files that are no longer generated are deleted, and the directories that are empty without them. (One that
//!    stands where a generated file needs a directory, or the other way round, goes before step 3.)
//! 5. The lock is written with the lines of after.
//!
//! Every step is a rename or a deletion. There is no fsync: this protects against a killed process, not against a
//! lost power supply; git has the old bytes. When nothing differs, nothing is written, not even the lock.
//!
//! # Who else is at work
//!
//! Whoever writes takes a [`Turn`] first, so that no two stackgens write in one directory at a time. Whoever only looks
//! needs none: a look during which the lock changed is taken again. People and their editors wait for nobody. So each
//! step looks once more, and stops the run where a file, the lock or a directory is not what the survey found. What is
//! new is given its name only if nobody has it; what is replaced or deleted is taken away in one step, looked at, and given
//! back where it is somebody's.
//!
//! # What belongs to whom
//!
//! A run for some environments neither deletes nor forgets what belongs to others or to the stack as a whole; only a
//! run for all of them may.
//!
//! # Volumes
//!
//! The lock also names the volumes that hold each environment's data, so that a rename that would start an empty one can
//! be told from a new service. [`Survey::with_volumes`] says which ones there are now; a run that says nothing of them
//! keeps what is known.
//!
//! # Modes
//!
//! A file is 0755 or 0644, whatever the umask; but only the x bit of its owner, which is all that git keeps, makes a
//! difference. Where even the lock has it, the file system gives it to every file, and having it means nothing.

mod comparison;
mod entry;
mod env_file;
mod error;
mod folders;
#[cfg(test)]
mod interruption;
mod leftovers;
mod lock;
mod manifest_file;
mod paths;
mod survey;
mod swap;
mod turn;
mod volume;
mod write;

pub use entry::{Entry, State};
pub use env_file::EnvFile;
pub use error::{DiskError, Obstacle, Refusal, Why};
pub(crate) use lock::read as read_lock;
pub use manifest_file::ManifestFile;
pub use survey::{Edits, Summary, Survey};
pub use turn::Turn;
pub use volume::{KnownVolume, known_volumes};

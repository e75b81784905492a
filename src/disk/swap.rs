//! Replacing and deleting a file so that nothing is lost of what somebody else does to it at the same moment.
//!
//! Between a look at a file and a rename over it, somebody may save it. So the look comes after: what stands at the path is
//! swapped with the new file in one step (`renameat2` with `RENAME_EXCHANGE` on Linux, `renamex_np` with `RENAME_SWAP` on macOS),
//! or taken away, and looked at under a name that nobody else knows. If it is not what it was taken for, it goes back.
//! Where the file system can do neither, the look comes before, as close to the rename as can be.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::folders::identity;
use super::leftovers::{ASIDE, PREFIX, RANDOM};

/// How often something is given back whose place is taken meanwhile, by somebody who saves again and again.
const ATTEMPTS: usize = 1000;

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Done {
    /// It is done.
    Yes,
    /// Something else stood there, and stands there again.
    Refused,
    /// Something else stood there, and could not go back to where it was: it lies here.
    Aside(PathBuf),
    /// There is nothing.
    Missing,
}

/// What an attempt came to, and the file that is left where the file system cannot do it.
pub(super) enum Replaced {
    /// It can.
    Tried(Done),
    /// It cannot; here is the file again.
    Unsupported(NamedTempFile),
}

/// What something is known by: which one it is, and where it is a file, its bytes.
#[derive(PartialEq, Eq)]
struct Known {
    identity: Option<(u64, u64)>,
    bytes: Option<Vec<u8>>,
}

impl Known {
    fn of(path: &Path) -> Self {
        let identity = path.symlink_metadata().ok().as_ref().and_then(identity);
        Self { identity, bytes: read(path).ok().flatten() }
    }
}

/// Gives `file` the name `full`, which something else has, if that `is_expected`.
///
/// # Errors
/// What the operating system says; nothing is changed then.
pub(super) fn replace(
    file: NamedTempFile,
    full: &Path,
    text: &[u8],
    is_expected: impl Fn(&[u8]) -> bool,
) -> io::Result<Replaced> {
    let ours = file.as_file().metadata().ok().as_ref().and_then(identity);
    // Whoever is killed now leaves something that nobody deletes unseen.
    let aside = match aside(full, |path| system::take(file.path(), path)) {
        Ok(aside) => aside,
        Err(cause) if system::is_unsupported(&cause) => return Ok(Replaced::Unsupported(file)),
        Err(cause) => return Err(cause),
    };
    if let Err(cause) = system::swap(&aside, full) {
        // As if nothing had been; the file goes with `file`, unless it is needed.
        system::take(&aside, file.path())?;
        return match cause {
            cause if is_missing(&cause) => Ok(Replaced::Tried(Done::Missing)),
            cause if system::is_unsupported(&cause) => Ok(Replaced::Unsupported(file)),
            cause => Err(cause),
        };
    }
    // Its first name is free again, and stays so.
    drop(file);
    if is_so(&aside, is_expected) {
        fs::remove_file(&aside)?;
        return Ok(Replaced::Tried(Done::Yes));
    }
    // What comes out for it has to be what was left there, or it is what they have written since; then that goes back.
    let mut left = Known { identity: ours, bytes: Some(text.to_owned()) };
    let mut theirs = Known::of(&aside);
    for _ in 0..ATTEMPTS {
        if system::swap(&aside, full).is_err() {
            break;
        }
        let out = Known::of(&aside);
        if out == left {
            if fs::remove_file(&aside).is_err() {
                break;
            }
            return Ok(Replaced::Tried(Done::Refused));
        }
        (left, theirs) = (theirs, out);
    }
    Ok(Replaced::Tried(set_aside(aside, full)))
}

/// Deletes the file `full` if it `is_expected`.
///
/// # Errors
/// What the operating system says; nothing is changed then.
pub(super) fn delete(full: &Path, is_expected: impl Fn(&[u8]) -> bool) -> io::Result<Done> {
    let taken = match aside(full, |path| system::take(full, path)) {
        Ok(taken) => taken,
        Err(cause) if is_missing(&cause) => return Ok(Done::Missing),
        Err(cause) if system::is_unsupported(&cause) => return delete_after_a_look(full, is_expected),
        Err(cause) => return Err(cause),
    };
    if is_so(&taken, is_expected) {
        fs::remove_file(&taken)?;
        return Ok(Done::Yes);
    }
    match system::take(&taken, full) {
        Ok(()) => Ok(Done::Refused),
        Err(_) => Ok(set_aside(taken, full)),
    }
}

/// A name beside `full` that nobody has, which `take` gives to something.
fn aside(full: &Path, take: impl FnMut(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
    let directory = full.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(ASIDE).rand_bytes(RANDOM);
    Ok(builder.make_in(directory, take)?.keep().map_err(|error| error.error)?.1)
}

/// Keeps what cannot go back to where it was beside that, under a name that tells what it was.
fn set_aside(what: PathBuf, full: &Path) -> Done {
    for number in 1..=ATTEMPTS {
        let mut name = full.as_os_str().to_owned();
        name.push(if number == 1 { ".kept".to_owned() } else { format!(".kept-{number}") });
        match system::take(&what, Path::new(&name)) {
            Ok(()) => return Done::Aside(name.into()),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => break,
        }
    }
    // Where even that is impossible, it stays where it is. With a directory that was moved away it has gone too; whenever
    // that is back, the next run sees it.
    if what.symlink_metadata().is_ok() { Done::Aside(what) } else { Done::Refused }
}

/// Whether a file is as it should be; what cannot be read is not.
fn is_so(full: &Path, is: impl Fn(&[u8]) -> bool) -> bool {
    read(full).ok().flatten().is_some_and(|bytes| is(&bytes))
}

fn delete_after_a_look(full: &Path, is_expected: impl Fn(&[u8]) -> bool) -> io::Result<Done> {
    match read(full) {
        Ok(Some(bytes)) if is_expected(&bytes) => fs::remove_file(full).map(|()| Done::Yes),
        Ok(_) => Ok(Done::Refused),
        Err(cause) if is_missing(&cause) => Ok(Done::Missing),
        Err(cause) => Err(cause),
    }
}

/// The bytes of a file; none of anything else. No pipe is waited for, and no link is followed.
///
/// # Errors
/// What the operating system says, also where there is nothing.
pub(super) fn read(full: &Path) -> io::Result<Option<Vec<u8>>> {
    if !full.symlink_metadata()?.is_file() {
        return Ok(None);
    }
    let mut file = match system::open(full) {
        Ok(file) => file,
        Err(cause) if system::is_link(&cause) => return Ok(None),
        Err(cause) => return Err(cause),
    };
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Gives a file the mode of a program or of a text; no link is followed.
///
/// # Errors
/// What the operating system says.
#[cfg(unix)]
pub(super) fn change_mode(full: &Path, executable: bool) -> io::Result<()> {
    system::open(full)?.set_permissions(super::write::mode(executable))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "unix systems have modes")]
pub(super) fn change_mode(_: &Path, _: bool) -> io::Result<()> {
    Ok(())
}

fn is_missing(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod system {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::path::Path;

    use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
    use rustix::io::Errno;

    pub(super) fn swap(one: &Path, other: &Path) -> io::Result<()> {
        Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
    }

    /// A rename that replaces nothing.
    pub(super) fn take(from: &Path, to: &Path) -> io::Result<()> {
        Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
    }

    /// Some network file systems, and old systems.
    pub(super) fn is_unsupported(cause: &io::Error) -> bool {
        let codes = [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
        codes.iter().any(|code| cause.raw_os_error() == Some(code.raw_os_error()))
    }

    pub(super) fn is_link(cause: &io::Error) -> bool {
        cause.raw_os_error() == Some(Errno::LOOP.raw_os_error())
    }

    pub(super) fn open(full: &Path) -> io::Result<File> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        File::options().read(true).custom_flags(flags.cast_signed()).open(full)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod system {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub(super) fn swap(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn take(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn is_unsupported(cause: &io::Error) -> bool {
        cause.kind() == io::ErrorKind::Unsupported
    }

    pub(super) fn is_link(_: &io::Error) -> bool {
        false
    }

    pub(super) fn open(full: &Path) -> io::Result<File> {
        File::open(full)
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "macos")))]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::disk::write::temporary;

    /// A directory with `a`, and a file that is to replace it.
    fn prepared() -> (tempfile::TempDir, NamedTempFile) {
        let root = tempfile::tempdir().expect("a directory");
        fs::write(root.path().join("a"), "old").expect("a file");
        let mut file = temporary(root.path()).expect("a file");
        file.write_all(b"new").expect("a file");
        (root, file)
    }

    fn names(root: &Path) -> Vec<String> {
        let entries = root.read_dir().expect("a directory").flatten();
        entries.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect()
    }

    fn became(replaced: io::Result<Replaced>) -> Done {
        match replaced.expect("a swap") {
            Replaced::Tried(done) => done,
            Replaced::Unsupported(_) => panic!("the file system of the tests cannot swap"),
        }
    }

    #[test]
    fn what_is_expected_is_replaced_and_deleted() {
        let (root, file) = prepared();
        let full = root.path().join("a");
        assert_eq!(became(replace(file, &full, b"new", |now| now == b"old")), Done::Yes);
        assert_eq!((fs::read(&full).expect("a file"), names(root.path())), (b"new".to_vec(), vec!["a".to_owned()]));
        assert_eq!(delete(&full, |now| now == b"new").expect("a deletion"), Done::Yes);
        assert_eq!(delete(&full, |_| true).expect("no deletion"), Done::Missing);
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn what_is_not_expected_is_there_again() {
        let (root, file) = prepared();
        let full = root.path().join("a");
        assert_eq!(became(replace(file, &full, b"new", |_| false)), Done::Refused);
        assert_eq!(delete(&full, |_| false).expect("no deletion"), Done::Refused);
        assert_eq!((fs::read(&full).expect("a file"), names(root.path())), (b"old".to_vec(), vec!["a".to_owned()]));
    }

    #[test]
    fn what_is_saved_over_the_new_file_stays_too() {
        let (root, file) = prepared();
        let full = root.path().join("a");
        let saves_again = |now: &[u8]| {
            assert_eq!(now, b"old");
            fs::write(&full, "newer").expect("a file");
            false
        };
        assert_eq!(became(replace(file, &full, b"new", saves_again)), Done::Refused);
        assert_eq!((fs::read(&full).expect("a file"), names(root.path())), (b"newer".to_vec(), vec!["a".to_owned()]));
    }

    #[test]
    fn what_cannot_go_back_is_kept_under_a_name_that_nobody_has() {
        let (root, _) = prepared();
        let full = root.path().join("a");
        fs::write(root.path().join("a.kept"), "kept before").expect("a file");
        for kept in ["a.kept-2", "a.kept-3"] {
            fs::write(&full, "just saved").expect("a file");
            let takes_the_place = |_: &[u8]| {
                fs::write(&full, "saved again").expect("a file");
                false
            };
            let done = delete(&full, takes_the_place).expect("no deletion");
            assert_eq!(done, Done::Aside(root.path().join(kept)));
            assert_eq!(fs::read(root.path().join(kept)).expect("a file"), b"just saved");
        }
        assert_eq!(fs::read(root.path().join("a.kept")).expect("a file"), b"kept before");
        assert_eq!(fs::read(full).expect("a file"), b"saved again");
    }

    #[test]
    fn a_directory_and_a_link_are_there_again() {
        let (root, file) = prepared();
        let full = root.path().join("a");
        fs::remove_file(&full).expect("a file");
        fs::create_dir(&full).expect("a directory");
        fs::write(full.join("mine"), "x").expect("a file");
        assert_eq!(became(replace(file, &full, b"new", |_| true)), Done::Refused);
        assert_eq!(delete(&full, |_| true).expect("no deletion"), Done::Refused);
        assert_eq!(fs::read(full.join("mine")).expect("a file"), b"x");

        let (root, file) = prepared();
        let full = root.path().join("link");
        std::os::unix::fs::symlink("a", &full).expect("a link");
        assert_eq!(became(replace(file, &full, b"new", |_| true)), Done::Refused);
        assert_eq!(delete(&full, |_| true).expect("no deletion"), Done::Refused);
        assert!(full.is_symlink() && change_mode(&full, true).is_err());
    }
}

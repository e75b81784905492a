//! Whose turn it is to write: one stackgen at a time in a project directory.
//!
//! A file would stay behind, stand in `git status`, and outlive a killed process. So on Unix the project directory itself
//! is locked, with `flock`: that needs no more than the right to read it, changes nothing in it, and the system unlocks
//! it when the process ends, however it ends. Windows locks no directory: there it is a file beside services.toml that
//! nobody else can open meanwhile, and that the system deletes when the process ends.
//!
//! Where the file system knows no locks (some network ones), nobody waits for anybody; what each step looks at before it
//! changes a file has to do.

use std::fs::File;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::DiskError;

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(10);

/// The right to write in a project directory, until it is dropped or the process ends.
///
/// Take it before services.toml is read: then whoever comes last has read the newest one.
#[derive(Debug)]
#[must_use = "the turn ends when this is dropped"]
pub struct Turn {
    /// None where the file system has no locks.
    _lock: Option<File>,
}

/// What became of asking for it.
enum Answer {
    Granted(File),
    /// Somebody else has it.
    Busy,
    /// There are no locks here, or there is no such directory.
    Impossible,
}

impl Turn {
    /// Waits for it, as long as `patience` lasts. A directory that cannot be opened is no error here.
    ///
    /// # Errors
    ///
    /// [`DiskError::Busy`] when somebody else still has it then.
    pub fn take(root: &Path, patience: Duration) -> Result<Self, DiskError> {
        let start = Instant::now();
        loop {
            match ask(root) {
                Answer::Granted(file) => return Ok(Self { _lock: Some(file) }),
                Answer::Impossible => return Ok(Self { _lock: None }),
                Answer::Busy if start.elapsed() >= patience => {
                    return Err(DiskError::Busy { directory: root.display().to_string() });
                }
                Answer::Busy => sleep(PAUSE),
            }
        }
    }
}

#[cfg(unix)]
fn ask(root: &Path) -> Answer {
    let Ok(directory) = File::open(root) else { return Answer::Impossible };
    match directory.try_lock() {
        Ok(()) => Answer::Granted(directory),
        Err(std::fs::TryLockError::WouldBlock) => Answer::Busy,
        Err(std::fs::TryLockError::Error(_)) => Answer::Impossible,
    }
}

#[cfg(windows)]
fn ask(root: &Path) -> Answer {
    use std::os::windows::fs::OpenOptionsExt;
    /// `FILE_FLAG_DELETE_ON_CLOSE` of `CreateFileW`.
    const DELETE_ON_CLOSE: u32 = 0x0400_0000;
    /// `ERROR_SHARING_VIOLATION`: somebody has it open.
    const SHARING_VIOLATION: i32 = 32;
    let mut options = File::options();
    options.write(true).create(true).truncate(false).share_mode(0).custom_flags(DELETE_ON_CLOSE);
    match options.open(root.join(".stackgen-busy")) {
        Ok(file) => Answer::Granted(file),
        Err(cause) if cause.raw_os_error() == Some(SHARING_VIOLATION) => Answer::Busy,
        Err(_) => Answer::Impossible,
    }
}

#[cfg(not(any(unix, windows)))]
fn ask(_: &Path) -> Answer {
    Answer::Impossible
}

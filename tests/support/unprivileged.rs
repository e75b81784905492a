//! stackgen as a user whom modes bind: tests that run as the superuser, who may write anywhere, would prove nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// A program that is not run as the superuser.
pub(crate) struct Unprivileged {
    /// It, in its directory.
    pub(crate) command: Command,
    /// Where nobody reaches a copy of it.
    _program: Option<TempDir>,
}

/// The built `stackgen` in a directory, which nobody owns afterwards where this test is the superuser's.
pub(crate) fn stackgen(directory: &Path) -> Unprivileged {
    // Who made the directory: the user of this test.
    if fs::metadata(directory).expect("metadata").uid() != 0 {
        let mut command = super::stackgen();
        command.current_dir(directory);
        return Unprivileged { command, _program: None };
    }
    // Nobody may not reach the build directory.
    let programs = tempfile::tempdir().expect("a temporary folder");
    set_mode(programs.path(), 0o755);
    let program = programs.path().join("stackgen");
    super::copy_program(Path::new(env!("CARGO_BIN_EXE_stackgen")), &program);
    give_away(directory);
    let mut command = Command::new(program);
    command.current_dir(directory).uid(NOBODY).gid(NOBODY);
    Unprivileged { command, _program: Some(programs) }
}

/// Sets the mode of a file or a directory.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode that can be set");
}

fn give_away(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("an owner that can be set");
    if path.is_dir() {
        path.read_dir().expect("a folder").for_each(|entry| give_away(&entry.expect("an entry").path()));
    }
}

//! The wheel that maturin built: installed by pip, and run.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::release::{VERSION, voice_stack};
use super::support::{everything_said, has_tools, skip, succeed};

/// The environment variable that names a folder with a wheel of this tree. The tests cannot build it themselves: cargo
/// would replace the program that other tests are running.
const WHEELS: &str = "STACKGEN_WHEELS";

/// That folder; where there is none, the test is skipped aloud.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = env::var_os(WHEELS).map(PathBuf::from);
    if folder.is_none() {
        skip(&format!("{WHEELS} names no folder with a wheel, as `PROFILE=dev packaging/release build` makes it"));
    }
    folder
}

#[test]
fn the_wheel_brings_the_program_and_the_licences() {
    let Some(folder) = folder().filter(|_| has_tools(&["python3"])) else { return };
    let wheels: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    let [wheel] = &wheels[..] else { panic!("not one wheel: {wheels:?}") };
    let listed = succeed(Command::new("python3").args(["-m", "zipfile", "--list"]).arg(wheel));
    let listed = String::from_utf8(listed.stdout).expect("names in UTF-8");
    for file in [
        format!("stackgen-{VERSION}.data/scripts/stackgen{EXE_SUFFIX}"),
        format!("stackgen-{VERSION}.dist-info/licenses/LICENSE-APACHE"),
        format!("stackgen-{VERSION}.dist-info/licenses/LICENSE-MIT"),
    ] {
        assert!(listed.lines().any(|line| line.starts_with(&format!("{file} "))), "{file} is not in\n{listed}");
    }

    let venv = tempfile::tempdir().expect("a temporary folder");
    succeed(Command::new("python3").args(["-m", "venv"]).arg(venv.path()));
    let bin = venv.path().join("bin");
    succeed(Command::new(bin.join("pip")).args(["install", "--quiet", "--no-index"]).arg(wheel));
    let version = succeed(Command::new(bin.join("stackgen")).arg("--version"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), format!("stackgen {VERSION}\n"));
    let project = voice_stack();
    let output = succeed(Command::new(bin.join("stackgen")).arg("render").current_dir(project.root()));
    assert!(everything_said(&output).contains("up to date"), "{}", everything_said(&output));
}

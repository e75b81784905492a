//! The container image: built from the archives of a release, run on somebody's files.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process;

use serde_json::Value;

use super::release::{self, VERSION, packaging, run, voice_stack};
use super::support::compose::{docker, has_engine};
use super::support::{everything_said, has_tools, repository, succeed};

/// A user that nothing on this machine belongs to.
const SOMEBODY: u32 = 12345;

#[test]
fn its_dockerfile_passes_hadolint() {
    if !has_tools(&["hadolint"]) {
        return;
    }
    let mut hadolint = process::Command::new("hadolint");
    hadolint.args(["--failure-threshold", "style"]).arg(repository().join("packaging/Dockerfile"));
    let output = run(hadolint.env("XDG_CONFIG_HOME", repository().join("packaging")));
    assert!(output.status.success() && output.stdout.is_empty(), "{}", everything_said(&output));
}

#[test]
#[cfg(target_os = "linux")]
fn the_image_writes_files_of_whoever_runs_it() {
    if !has_engine() || !has_tools(&["bash", "python3", "strip", "tar"]) {
        return;
    }
    let dist = tempfile::tempdir().expect("a temporary folder");
    // Without what a debugger needs it is a tenth, and packed in a tenth of the time.
    let program = dist.path().join("stackgen");
    succeed(process::Command::new("strip").arg("-o").arg(&program).arg(env!("CARGO_BIN_EXE_stackgen")));
    release::archive_of(&program, dist.path());
    let image = Image::build(dist.path());

    let inspected = succeed(docker().args(["image", "inspect", &image.name]));
    let inspected: Value = serde_json::from_slice(&inspected.stdout).expect("JSON from docker inspect");
    let config = &inspected[0]["Config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["WorkingDir"], "/work");
    assert_eq!(config["Labels"]["org.opencontainers.image.version"], VERSION);
    assert_eq!(config["Labels"]["org.opencontainers.image.source"], env!("CARGO_PKG_REPOSITORY"));

    let version = image.run(&["--version"], &[]);
    assert_eq!(String::from_utf8_lossy(&version.stdout), format!("stackgen {VERSION}\n"));

    let project = voice_stack();
    fs::remove_file(project.stack().join("docker-compose.yml")).expect("a generated file");
    let is_root = fs::metadata(project.root()).expect("a folder").uid() == 0;
    if is_root {
        give(project.root(), SOMEBODY);
    }
    let (uid, gid) = fs::metadata(project.root()).map(|folder| (folder.uid(), folder.gid())).expect("a folder");
    let volume = format!("{}:/work", project.root().display());
    let options = ["--user", &format!("{uid}:{gid}"), "--volume", &volume];
    let rendered = image.run(&["render"], &options);
    assert!(everything_said(&rendered).contains("created examples/voice-stack/docker-compose.yml"));
    let written = fs::metadata(project.stack().join("docker-compose.yml")).expect("a file that was written");
    assert_eq!((written.uid(), written.gid()), (uid, gid));
    assert!(everything_said(&image.run(&["check"], &options)).contains("no findings"));
}

/// An image of the tests, which goes when this value goes.
struct Image {
    name: String,
}

impl Image {
    fn build(dist: &Path) -> Self {
        let name = format!("stackgen-distribution-{}:{VERSION}", process::id());
        let mut build = packaging(&["image", &name, "--load", "--quiet"], dist);
        // The client's own variables, and nothing else of the tests'.
        succeed(build.env_remove("DOCKER_DEFAULT_PLATFORM"));
        Self { name }
    }

    /// Runs it. The program under test is linked with this machine's C library, so it gets to see that, and only that;
    /// the one of a release needs none.
    fn run(&self, arguments: &[&str], options: &[&str]) -> process::Output {
        let mut command = docker();
        command.args(["run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL"]);
        for folder in ["/lib", "/lib64", "/usr/lib"] {
            if Path::new(folder).exists() {
                command.args(["--volume", &format!("{folder}:{folder}:ro")]);
            }
        }
        succeed(command.args(options).arg(&self.name).args(arguments))
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = docker().args(["image", "rm", "--force", &self.name]).output();
    }
}

/// Gives a folder and all below it to a user and their group.
fn give(path: &Path, owner: u32) {
    chown(path, Some(owner), Some(owner)).expect("root may");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a readable folder") {
            give(&entry.expect("a readable folder").path(), owner);
        }
    }
}

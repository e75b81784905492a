//! A release of the stackgen that is under test, in a folder and behind a URL.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread;

use tempfile::TempDir;

use super::support::{Project, repository, succeed};

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The target whose archive `install.sh` looks for on this machine.
pub(crate) fn target() -> String {
    let system = if env::consts::OS == "macos" { "apple-darwin" } else { "unknown-linux-musl" };
    format!("{}-{system}", env::consts::ARCH)
}

/// `packaging/release`, which puts what it makes into `dist`.
pub(crate) fn packaging(arguments: &[&str], dist: &Path) -> Command {
    let mut command = Command::new(repository().join("packaging/release"));
    command.args(arguments).env("DIST", dist);
    command
}

/// Makes an archive of a program that runs the one under test. That itself, with all that a debugger needs, takes half
/// a minute to pack.
pub(crate) fn archive(dist: &Path) -> PathBuf {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("stackgen");
    script(&program, &format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_stackgen")));
    archive_of(&program, dist)
}

/// Makes the archive of a program.
pub(crate) fn archive_of(program: &Path, dist: &Path) -> PathBuf {
    let mut command = packaging(&["archive", &target(), program.to_str().expect("UTF-8")], dist);
    let output = succeed(command.env("SOURCE_DATE_EPOCH", "1767225600"));
    PathBuf::from(String::from_utf8(output.stdout).expect("a path in UTF-8").trim_end())
}

/// Writes a program.
pub(crate) fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("a writable folder");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a file of ours");
}

/// A folder as the releases of a repository are: one folder for each tag.
pub(crate) struct Releases {
    folder: TempDir,
}

impl Releases {
    /// With the release under test, which is packed once.
    pub(crate) fn new() -> Self {
        static PACKED: OnceLock<TempDir> = OnceLock::new();
        let packed = PACKED.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            archive(folder.path());
            folder
        });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let release = folder.path().join(format!("v{VERSION}"));
        fs::create_dir(&release).expect("a writable folder");
        for entry in fs::read_dir(packed).expect("a readable folder") {
            let entry = entry.expect("a readable folder");
            fs::copy(entry.path(), release.join(entry.file_name())).expect("a copy");
        }
        Self { folder }
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.folder.path().display())
    }

    /// The archive of this machine, to be tampered with.
    pub(crate) fn archive(&self) -> PathBuf {
        self.folder.path().join(format!("v{VERSION}/stackgen-{VERSION}-{}.tar.gz", target()))
    }

    /// Serves the folder on this machine for as long as the tests run; the URL.
    pub(crate) fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let root = self.folder.path().to_owned();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // A client that has gone away does not matter.
                let _ = answer(connection, &root);
            }
        });
        url
    }
}

/// One request, one answer: a file, or 404.
fn answer(mut connection: TcpStream, root: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|header| !header.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let (status, body) = fs::read(root.join(path)).map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    write!(connection, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    connection.write_all(&body)
}

/// A copy of the voice stack with everything that is generated.
pub(crate) fn voice_stack() -> Project {
    let project = Project::copy();
    let schema = "services.schema.json";
    fs::copy(repository().join(schema), project.root().join(schema)).expect("a copy");
    project
}

/// Runs a command, whatever comes of it.
pub(crate) fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"))
}

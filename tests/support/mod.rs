//! What the integration tests share: programs of this machine, copies of the project, and the oracles.

#![allow(dead_code, reason = "every test crate compiles this module and uses the parts it needs")]

pub(crate) mod compose;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod oracle;
pub(crate) mod order;
pub(crate) mod rendered;
pub(crate) mod running;
pub(crate) mod tree;
#[cfg(unix)]
pub(crate) mod unprivileged;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, iter, thread};

use tempfile::TempDir;

/// The environment variable that turns every skipped test into a failed one, for CI.
const REQUIRE_ORACLES: &str = "STACKGEN_REQUIRE_ORACLES";

/// The repository itself.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders in `examples` that are projects of their own: a services.toml, its sources, and what is generated. (The
/// voice stack is described by the services.toml of the repository.)
pub(crate) fn examples() -> Vec<PathBuf> {
    let mut folders = entries(&repository().join("examples"));
    folders.retain(|folder| folder.join("services.toml").is_file());
    folders
}

/// What is in a folder, in the order of the names.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths
}

/// The rendered voice stack in a repository, or in a copy of it.
pub(crate) fn voice_stack(root: &Path) -> PathBuf {
    root.join("examples/voice-stack")
}

/// A program on `PATH`.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Whether all these programs are on `PATH`; where one is missing, the test is skipped aloud.
pub(crate) fn has_tools(names: &[&str]) -> bool {
    let missing = names.iter().find(|name| tool(name).is_none());
    if let Some(name) = missing {
        skip(&format!("{name} is not on PATH"));
    }
    missing.is_none()
}

/// Says that the running test proves nothing here and why; the caller returns.
///
/// # Panics
/// Where `STACKGEN_REQUIRE_ORACLES=1` asks for proof.
pub(crate) fn skip(reason: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    say(&format!("SKIPPED: {test}: {reason}"));
    assert!(env::var(REQUIRE_ORACLES).as_deref() != Ok("1"), "{REQUIRE_ORACLES}=1, but {test} cannot run: {reason}");
}

/// Does the same with each item, on as many threads as there are processors; the results are in the order of the items.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take = || {
        let position = next.fetch_add(1, Ordering::Relaxed);
        items.get(position).map(|item| (position, item))
    };
    let run = || iter::from_fn(take).map(|(position, item)| (position, work(item))).collect::<Vec<_>>();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let ended = running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.flatten().collect()
    });
    results.sort_by_key(|(position, _)| *position);
    results.into_iter().map(|(_, result)| result).collect()
}

/// One line on stderr, past the test harness, which would keep it from the reader when the test passes.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stderr().lock(), "{line}").expect("stderr is open");
}

/// The built `stackgen`.
pub(crate) fn stackgen() -> Command {
    Command::new(env!("CARGO_BIN_EXE_stackgen"))
}

/// Runs a command that has to succeed.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, everything_said(&output));
    output
}

/// A copy of a program, to be started. Another process makes it: a program that another test starts at that moment would have
/// open for writing what this process has, and a program that is being written cannot be started.
pub(crate) fn copy_program(from: &Path, to: &Path) {
    succeed(Command::new("cp").arg(from).arg(to));
}

/// Both streams of a finished command.
pub(crate) fn everything_said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The files of a project's stackgen.lock, and which of them are programs: `sha256 mode owner version path`. Its other
/// lines, about volumes, begin with another word than a sum.
pub(crate) fn locked(project: &Path) -> BTreeSet<(String, bool)> {
    let lock = fs::read_to_string(project.join("stackgen.lock")).expect("stackgen.lock");
    let lines = lock.lines().filter(|line| !line.starts_with('#') && !line.starts_with("volume "));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.splitn(5, ' ').collect();
            let [_, mode, _, _, path] = fields[..] else { panic!("stackgen.lock: {line}") };
            (path.to_owned(), mode == "0755")
        })
        .collect()
}

/// A copy of the project in a temporary folder: the manifest, its lock, and the voice stack, as a fresh clone has them.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// Copies the repository's.
    pub(crate) fn copy() -> Self {
        let folder = tempfile::Builder::new().prefix("stackgen-test-").tempdir().expect("a temporary folder");
        for name in ["services.toml", "stackgen.lock"] {
            let from = repository().join(name);
            if from.exists() {
                fs::copy(from, folder.path().join(name)).expect("a copy");
            }
        }
        copy_sources(&voice_stack(repository()), &voice_stack(folder.path()));
        Self { folder }
    }

    /// Where `services.toml` is.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The folder, which goes when that value goes.
    pub(crate) fn into_folder(self) -> TempDir {
        self.folder
    }

    /// Where the Compose files and the services are.
    pub(crate) fn stack(&self) -> PathBuf {
        voice_stack(self.root())
    }
}

/// Copies a folder without what a clone would not have: installed packages, build results, env files.
pub(crate) fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder for the copy");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("a readable folder");
        let name = entry.file_name().into_string().expect("names in UTF-8");
        let is_env_file = name.starts_with(".env") && !name.ends_with(".example");
        if is_env_file || ["node_modules", "dist"].contains(&name.as_str()) {
            continue;
        }
        if entry.file_type().expect("a file type").is_dir() {
            copy_sources(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).expect("a copy");
        }
    }
}

/// Writes an env file as an operator would: the example, with some variables set to other values.
pub(crate) fn write_env_file(example: &Path, target: &Path, values: &[(String, String)]) {
    let text = fs::read_to_string(example).unwrap_or_else(|error| panic!("{}: {error}", example.display()));
    let is_set_anew =
        |line: &str| values.iter().any(|(name, _)| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
    let mut lines: Vec<String> = text.lines().filter(|line| !is_set_anew(line)).map(str::to_owned).collect();
    lines.extend(values.iter().map(|(name, value)| format!("{name}={value}")));
    fs::write(target, lines.join("\n") + "\n").expect("a writable env file");
}

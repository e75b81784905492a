//! Docker Compose, untouched by the variables of the shell that runs the tests.

use std::collections::BTreeSet;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, fs};

use serde_json::Value;

use super::order::Record;
use super::{everything_said, say, skip, succeed, tool};

/// What the Docker client itself needs of the environment; anything else could stand in for a variable of the stack.
const CLIENT_VARIABLES: [&str; 11] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "BUILDX_CONFIG",
];

/// The Docker client.
pub(crate) fn docker() -> Command {
    let mut command = Command::new(tool("docker").expect("the caller has looked for docker"));
    command.env_clear().envs(CLIENT_VARIABLES.into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command
}

/// Whether `docker compose` is there; where it is not, the test is skipped aloud.
pub(crate) fn has_compose() -> bool {
    let found =
        tool("docker").is_some() && docker().args(["compose", "version"]).output().is_ok_and(|o| o.status.success());
    if !found {
        skip("`docker compose` does not run");
    }
    found
}

/// Whether a Docker engine answers; where none does, the test is skipped aloud.
pub(crate) fn has_engine() -> bool {
    if !has_compose() {
        return false;
    }
    let output = docker().args(["version", "--format", "{{.Server.Version}}"]).output().expect("docker starts");
    if !output.status.success() {
        skip(&format!("no Docker engine answers: {}", everything_said(&output).trim()));
    }
    output.status.success()
}

/// A Compose file as Compose itself understands it with an env file.
///
/// # Panics
/// When Compose rejects the file or has a warning about it.
pub(crate) fn compose_config(file: &Path, env_file: &Path) -> Value {
    let folder = file.parent().expect("a file in a folder");
    let json = config_json(file, folder, env_file)
        .unwrap_or_else(|said| panic!("{} with {}: {said}", file.display(), env_file.display()));
    serde_json::from_str(&json).expect("JSON from docker compose config")
}

/// What `docker compose config` prints of a file as if it lay in `folder`; what it says where it rejects the file or
/// has a warning about it.
pub(crate) fn config_json(file: &Path, folder: &Path, env_file: &Path) -> Result<String, String> {
    let mut command = compose();
    command.arg("--project-directory").arg(folder).arg("--env-file").arg(env_file).arg("--file").arg(file);
    // Also the services that only start with a profile.
    command.args(["--profile", "*", "config", "--format", "json"]);
    // For a run as short as this one, both only take time.
    command.env("GOGC", "off").env("GOMAXPROCS", "1");
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    if output.status.success() && output.stderr.is_empty() {
        Ok(String::from_utf8(output.stdout).expect("UTF-8 from docker compose config"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// Compose: the plugin itself where the client says which it runs, since that takes half the time of `docker compose`.
pub(crate) fn compose() -> Command {
    static PLUGIN: OnceLock<Option<PathBuf>> = OnceLock::new();
    let plugin = PLUGIN.get_or_init(|| {
        let output = docker().args(["info", "--format", "{{json .ClientInfo.Plugins}}"]).output().ok()?;
        let plugins: Value = serde_json::from_slice(&output.stdout).ok()?;
        let compose = plugins.as_array()?.iter().find(|plugin| plugin["Name"] == "compose")?;
        let path = PathBuf::from(compose["Path"].as_str()?);
        path.is_file().then_some(path)
    });
    let mut client = docker();
    let Some(path) = plugin else {
        client.arg("compose");
        return client;
    };
    let mut compose = Command::new(path);
    compose.env_clear().envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))));
    compose
}

/// The service of a container, as `docker inspect` tells of it.
pub(crate) fn service_of(container: &Value) -> &str {
    container["Config"]["Labels"]["com.docker.compose.service"].as_str().expect("a container of Compose")
}

/// One environment of a stack on the engine: its folder and the env file that selects everything else.
pub(crate) struct Stack {
    folder: PathBuf,
    env_file: PathBuf,
    project: String,
}

impl Stack {
    /// A stack that is not running yet; it is taken down when this value goes, even by a panic.
    pub(crate) fn new(folder: &Path, env_file: &Path, project: &str) -> Self {
        Self { folder: folder.to_owned(), env_file: env_file.to_owned(), project: project.to_owned() }
    }

    /// `docker compose` for this stack, with the arguments that an operator would type.
    fn compose(&self, arguments: &[&str]) -> Command {
        let mut command = compose();
        command.current_dir(&self.folder).args(["--progress", "plain", "--env-file"]).arg(&self.env_file);
        command.args(arguments);
        command
    }

    /// Runs a Compose command that has to succeed without a warning.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = succeed(&mut self.compose(arguments));
        let said = everything_said(&output);
        let warnings = warnings_in(&said).join("\n");
        assert!(warnings.is_empty(), "{}: docker compose {}:\n{warnings}", self.project, arguments.join(" "));
        output
    }

    /// Starts what is built and waits until it is healthy, with these further words; says how long that took. Nothing starts
    /// before what it waits for.
    ///
    /// # Panics
    /// Where it does not become healthy in this many seconds, or starts in another order than its file says.
    pub(crate) fn up(&self, patience: u32, words: &[&str]) {
        let record = Record::begin(&self.project);
        let start = Instant::now();
        let patience = patience.to_string();
        self.run(&[&["up", "--no-build", "--wait", "--wait-timeout", &patience], words].concat());
        let took = start.elapsed().as_secs_f64();
        let pairs = record.agree(&self.config(), &self.containers());
        say(&format!("{}: up and healthy after {took:.1} s; {pairs} waited for others, in order", self.project));
    }

    /// Runs a Compose command that may fail.
    pub(crate) fn try_run(&self, arguments: &[&str]) -> Output {
        self.compose(arguments).output().expect("docker starts")
    }

    /// Begins to watch for edits, and returns when it does.
    pub(crate) fn watch(&self) -> Watching {
        let mut said = tempfile::tempfile().expect("a temporary file");
        let mut command = self.compose(&["watch", "--no-up"]);
        command.stdout(said.try_clone().expect("a file")).stderr(said.try_clone().expect("a file"));
        let watching = Watching(command.spawn().expect("docker starts"));
        let start = Instant::now();
        loop {
            let mut text = String::new();
            said.rewind().expect("a file");
            said.read_to_string(&mut text).expect("UTF-8 from docker compose watch");
            if text.contains("Watch enabled") {
                return watching;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{}: nothing is watched: {text}", self.project);
            sleep(Duration::from_millis(50));
        }
    }

    /// The values of all secrets in the env file; which variables those are, its example says.
    pub(crate) fn secrets(&self) -> BTreeSet<String> {
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut example = self.env_file.clone().into_os_string();
        example.push(".example");
        let (example, values) = (read(Path::new(&example)), read(&self.env_file));
        // `# What it is. (required, secret; read by web)`, then `NAME=value`, maybe commented out.
        let says_so = |line: &str| line.rsplit_once('(').is_some_and(|(_, words)| words.contains(", secret"));
        let pairs = example.lines().zip(example.lines().skip(1));
        let names: BTreeSet<&str> = pairs
            .filter(|(comment, _)| comment.starts_with('#') && says_so(comment))
            .filter_map(|(_, line)| Some(line.trim_start_matches("# ").split_once('=')?.0))
            .collect();
        let set = values.lines().filter_map(|line| line.split_once('='));
        let of_secrets = set.filter(|(name, value)| names.contains(name) && !value.is_empty());
        of_secrets.map(|(_, value)| value.to_owned()).collect()
    }

    /// The Compose file as Compose understands it.
    pub(crate) fn config(&self) -> Value {
        let output = succeed(&mut self.compose(&["config", "--format", "json"]));
        serde_json::from_slice(&output.stdout).expect("JSON from docker compose config")
    }

    /// What `docker inspect` says about each container, stopped ones too.
    pub(crate) fn containers(&self) -> Vec<Value> {
        let listed = succeed(&mut self.compose(&["ps", "--all", "--quiet"]));
        let ids = String::from_utf8(listed.stdout).expect("container ids");
        let output = succeed(docker().arg("inspect").args(ids.split_whitespace()));
        serde_json::from_slice(&output.stdout).expect("JSON from docker inspect")
    }

    /// Stops everything: each process ends by itself within ten seconds, however long its file would let it.
    ///
    /// # Panics
    /// With the service whose time was not enough: the engine killed it, which its exit code says.
    pub(crate) fn stops_in_time(&self) {
        let start = Instant::now();
        self.run(&["stop", "--timeout", "10"]);
        say(&format!("{}: stopped after {:.1} s", self.project, start.elapsed().as_secs_f64()));
        for container in self.containers() {
            let (name, state) = (&container["Name"], &container["State"]);
            assert!(state["ExitCode"] != 137, "{}: {name} had to be killed: {state}", self.project);
        }
    }

    /// Removes what `down` leaves: images that were built, and then built anew.
    fn forget_replaced_images(&self) {
        let label = format!("label=com.docker.compose.project={}", self.project);
        let list = ["image", "ls", "--quiet", "--filter", "dangling=true", "--filter", &label];
        let listed = docker().args(list).output().map(|output| output.stdout).unwrap_or_default();
        let replaced = String::from_utf8_lossy(&listed).into_owned();
        if !replaced.trim().is_empty() {
            let _ = docker().args(["image", "rm"]).args(replaced.split_whitespace()).output();
        }
    }

    /// Removes containers, networks, volumes and built images.
    ///
    /// # Panics
    /// When something of the project is left.
    pub(crate) fn down(&self) {
        self.run(&DOWN);
        self.forget_replaced_images();
        let label = format!("label=com.docker.compose.project={}", self.project);
        for kind in [["ps", "--all"].as_slice(), &["volume", "ls"], &["network", "ls"], &["image", "ls"]] {
            let left = succeed(docker().args(kind).args(["--quiet", "--filter", &label]));
            assert!(left.stdout.is_empty(), "`docker {}` still lists something of {}", kind.join(" "), self.project);
        }
    }
}

/// `docker compose watch`, until this value goes.
pub(crate) struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const DOWN: [&str; 7] = ["down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "10"];

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for arguments in [["ps", "--all"].as_slice(), &["logs", "--tail", "40"]] {
                if let Ok(output) = self.compose(arguments).output() {
                    say(&format!(
                        "--- {}: docker compose {}\n{}",
                        self.project,
                        arguments.join(" "),
                        everything_said(&output)
                    ));
                }
            }
        }
        let output = self.compose(&DOWN).output();
        self.forget_replaced_images();
        match output {
            Ok(output) if output.status.success() => {}
            Ok(output) => say(&format!("{} is not taken down:\n{}", self.project, everything_said(&output))),
            Err(error) => say(&format!("{} is not taken down: {error}", self.project)),
        }
    }
}

/// What Debian's packages say while they are installed into an image without an init system and manual pages.
const OF_PACKAGES: [&str; 2] =
    ["invoke-rc.d: WARNING: No init system", "update-alternatives: warning: skip creation of"];

/// The lines in which Compose, `BuildKit` or a build step warns.
pub(crate) fn warnings_in(output: &str) -> Vec<&str> {
    let is_of_packages = |line: &str| OF_PACKAGES.iter().any(|said| line.contains(said));
    let warns = |line: &&str| line.to_ascii_lowercase().contains("warn") && !is_of_packages(line);
    output.lines().filter(warns).collect()
}

//! A compose file with a mistake in it, given to Compose and to the engine as it is.

use std::fs;
use std::path::Path;
use std::process::{self, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::compose::{self, Stack};
use crate::support::everything_said;

/// A project in a folder of its own; what it started is taken down when this value goes.
pub(crate) struct Attempt {
    // Taken down before its folder goes.
    stack: Stack,
    folder: TempDir,
}

impl Attempt {
    /// A project with this compose file, and an empty env file.
    pub(crate) fn new(compose: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let folder = tempfile::Builder::new().prefix("stackgen-proof-").tempdir().expect("a temporary folder");
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let project = format!("stackgen-proof-{}-{number}", process::id());
        fs::write(folder.path().join("docker-compose.yml"), compose).expect("a writable folder");
        let env_file = folder.path().join(".env");
        fs::write(&env_file, format!("COMPOSE_PROJECT_NAME={project}\n")).expect("a writable folder");
        Self { stack: Stack::new(folder.path(), &env_file, &project), folder }
    }

    /// With another file; one that is there already gets more lines.
    pub(crate) fn with(self, path: &str, text: &str) -> Self {
        let full = self.folder.path().join(path);
        fs::create_dir_all(full.parent().expect("a folder")).expect("a writable folder");
        let before = fs::read_to_string(&full).unwrap_or_default();
        fs::write(full, before + text).expect("a writable folder");
        self
    }

    /// Where the files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file as Compose understands it; what Compose says where it rejects the file or warns.
    pub(crate) fn config(&self) -> Result<Value, String> {
        let folder = self.folder.path();
        let json = compose::config_json(&folder.join("docker-compose.yml"), folder, &folder.join(".env"))?;
        Ok(serde_json::from_str(&json).expect("JSON from docker compose config"))
    }

    /// Starts it, at most for these seconds until everything runs and is healthy: whether that worked, and all that was said.
    pub(crate) fn up(&self, seconds: u32) -> (bool, String) {
        self.run(&["up", "--wait", "--wait-timeout", &seconds.to_string()])
    }

    /// Runs any Compose command: whether it worked, and all that was said.
    pub(crate) fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output: Output = self.stack.try_run(arguments);
        (output.status.success(), everything_said(&output))
    }

    /// What `docker inspect` says about each container.
    pub(crate) fn containers(&self) -> Vec<Value> {
        self.stack.containers()
    }
}

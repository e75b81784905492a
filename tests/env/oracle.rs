//! Compose as an oracle of env files and interpolation, with a shell of the test's own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::compose;

/// What the shell has.
pub(crate) type Shell = BTreeMap<String, String>;

/// What the shell has of a variable.
pub(crate) fn lookup(shell: &Shell) -> impl Fn(&str) -> Option<String> {
    |name| shell.get(name).cloned()
}

/// `docker compose config` in a folder.
pub(crate) fn config(folder: &Path, shell: &Shell, arguments: &[&str]) -> Output {
    let mut command: Command = compose::compose();
    command.current_dir(folder).args(arguments).args(["config", "--format", "json"]).envs(shell);
    command.env("GOGC", "off").env("GOMAXPROCS", "1");
    command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"))
}

/// The environment of each service, as Compose understands it; what it says where it refuses.
pub(crate) fn environments(output: &Output) -> Result<BTreeMap<String, BTreeMap<String, String>>, String> {
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON from docker compose config");
    let services = document["services"].as_object().expect("services");
    let environment = |service: &Value| {
        let variables = service["environment"].as_object().into_iter().flatten();
        // `config` prints what could be read again: every `$` doubled.
        variables.map(|(name, value)| (name.clone(), value.as_str().unwrap_or("<null>").replace("$$", "$"))).collect()
    };
    Ok(services.iter().map(|(name, service)| (name.clone(), environment(service))).collect())
}

/// Writes a file of a folder.
pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
}

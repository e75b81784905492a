//! What `stackgen env --write` adds to an env file. What is there stays, byte for byte.

use std::collections::BTreeMap;

use super::own::FILE_VARIABLE;
use super::random::Entropy;
use crate::compose::dotenv::{EnvFile, Flaw, Value};
use crate::plan::{Plan, Variable};
use crate::project::Project;
use crate::render::{RenderError, env_file};

/// What an env file becomes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The whole file; none where nothing is missing.
    pub bytes: Option<Vec<u8>>,
    /// The variables that got a random value.
    pub generated: Vec<String>,
    /// The required variables that stand there without a value, also those that did before.
    pub open: Vec<String>,
}

/// Why an env file cannot be completed.
#[derive(Debug, thiserror::Error)]
pub enum CompletionError {
    /// Compose would not read it as it is.
    #[error(transparent)]
    Flaw(#[from] Flaw),
    /// There are no random numbers to be had.
    #[error("the operating system gives no random numbers: {0}")]
    Entropy(String),
    /// The template is broken.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Completes an env file; `bytes` is what it has now, none where there is no file.
///
/// # Errors
/// Where the file cannot be read as an env file, or there is no randomness.
pub fn complete(
    plan: &Plan,
    project: &Project,
    bytes: Option<&[u8]>,
    entropy: &mut Entropy<'_>,
) -> Result<Completion, CompletionError> {
    let templates = project.templates();
    let text = String::from_utf8_lossy(bytes.unwrap_or_default());
    let file = EnvFile::parse(&text)?;
    // Where everything is set, only what no shell can mend is a flaw.
    file.values(&|_| Some("set".to_owned()))?;
    let missing = missing(plan, &file);
    let mut completion = Completion { open: open(plan, &file, &missing), ..Completion::default() };
    if missing.is_empty() && bytes.is_some() {
        return Ok(completion);
    }
    let mut values = BTreeMap::new();
    for name in &missing {
        if let Some(random) = plan.variables.get(name).and_then(|variable| variable.generate) {
            let value = entropy(random).map_err(CompletionError::Entropy)?;
            values.insert(name.clone(), value);
            completion.generated.push(name.clone());
        }
    }
    completion.bytes = Some(match bytes {
        None => env_file::whole(plan, project.source().file_name(), templates, &values)?.into_bytes(),
        Some(bytes) => {
            let block = env_file::block(plan, &missing, templates, &values)?;
            appended(bytes, &block)
        }
    });
    Ok(completion)
}

/// The names for which something has to be added to a file, in the order in which they are.
pub(super) fn missing(plan: &Plan, file: &EnvFile) -> Vec<String> {
    let needs_file = !plan.is_default && !is_there(file, FILE_VARIABLE);
    let needed = plan.variables.iter().filter(|(name, variable)| {
        if variable.is_generated() {
            !is_filled(file, name, variable)
        } else {
            variable.required && !is_there(file, name)
        }
    });
    let first = needs_file.then(|| FILE_VARIABLE.to_owned());
    first.into_iter().chain(needed.map(|(name, _)| name.clone())).collect()
}

/// Whether a file speaks of a variable at all.
fn is_there(file: &EnvFile, name: &str) -> bool {
    file.entries.iter().any(|entry| entry.name == name)
}

/// Whether a variable for which a value can be made has one. Where it is not required, nothing is a value too.
fn is_filled(file: &EnvFile, name: &str, variable: &Variable) -> bool {
    let last = file.entries.iter().rfind(|entry| entry.name == name);
    last.is_some_and(|entry| !variable.required || !is_blank(&entry.value))
}

fn is_blank(value: &Value) -> bool {
    matches!(value, Value::Literal(text) | Value::Template(text) if text.is_empty())
}

/// The required variables that are without a value once the file is complete.
fn open(plan: &Plan, file: &EnvFile, missing: &[String]) -> Vec<String> {
    let required = plan.variables.iter().filter(|(_, variable)| variable.required && !variable.is_generated());
    let is_open = |name: &str| {
        let last = file.entries.iter().rfind(|entry| entry.name == name);
        missing.iter().any(|missing| missing == name) || last.is_some_and(|entry| is_blank(&entry.value))
    };
    required.filter(|(name, _)| is_open(name)).map(|(name, _)| name.clone()).collect()
}

/// The file with a block at its end, with the line ends that it has.
fn appended(bytes: &[u8], block: &str) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte == b'\n');
    let is_crlf = first.is_some_and(|at| at > 0 && bytes[at - 1] == b'\r');
    let end = if is_crlf { "\r\n" } else { "\n" };
    let mut out = bytes.to_vec();
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        out.extend_from_slice(end.as_bytes());
    }
    // A blank line apart from what people wrote.
    if !bytes.is_empty() {
        out.extend_from_slice(end.as_bytes());
    }
    out.extend_from_slice(block.replace('\n', end).as_bytes());
    out
}

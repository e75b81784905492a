//! Why an operator's mutants are harmful: a test that made the mistake on the tool, or a tool that says so of a mutant.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::base::Base;
use crate::mutant::Mutant;
use crate::operators::Operator;
use crate::support::{everything_said, has_tools, repository, tool};

/// What has shown that the mutants of an operator are harmful.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Proof {
    /// A test in `tests/proofs`: its file there, without `.rs`, and its name.
    Test(&'static str, &'static str),
    /// Python's reader of TOML 1.0, which refuses a mutant.
    Toml,
    /// The schema of services.toml, which an editor reads: a validator refuses a mutant.
    Schema,
}

/// Looks whether the proof is there, or makes it.
pub(crate) fn look(operator: &Operator, made: &[(&Base, Mutant)]) -> Result<(), String> {
    match operator.proof {
        Proof::Test(file, test) => {
            let path = repository().join("tests/proofs").join(format!("{file}.rs"));
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let is_there = text.contains(&format!("#[test]\nfn {test}() {{"));
            is_there.then_some(()).ok_or_else(|| format!("{} has no test `{test}`", path.display()))
        }
        Proof::Toml => {
            const READER: &str = "import sys, tomllib\ntomllib.loads(open(sys.argv[1]).read())";
            said_of(made, "python3", &["-B", "-c", READER]).map(|_| ())
        }
        Proof::Schema => {
            let schema = repository().join("services.schema.json");
            let schema = schema.to_str().expect("a path in UTF-8");
            said_of(made, "check-jsonschema", &["--schemafile", schema]).map(|_| ())
        }
    }
}

/// What a program says of the first mutant that it did not say of its base.
fn said_of(made: &[(&Base, Mutant)], program: &str, arguments: &[&str]) -> Result<String, String> {
    if !has_tools(&[program]) {
        return Ok(String::new());
    }
    let (base, mutant) = made.first().ok_or("there is no mutant")?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let of = |text: &str| said(program, arguments, folder.path(), text);
    let (before, after) = (of(&base.text), of(&mutant.text));
    let new: Vec<&str> = after.lines().filter(|line| !before.lines().any(|known| known == *line)).collect();
    if new.is_empty() { Err(format!("{program} takes {}", mutant.shown)) } else { Ok(new.join("\n")) }
}

fn said(program: &str, arguments: &[&str], folder: &Path, text: &str) -> String {
    let file = folder.join("services.toml");
    fs::write(&file, text).expect("a writable folder");
    let mut command = Command::new(tool(program).expect("the caller has looked for it"));
    everything_said(&command.args(arguments).arg(&file).output().expect("it starts"))
}

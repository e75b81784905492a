//! Env files: what stackgen reads is what Compose reads, and what it refuses Compose refuses.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use stackgen::compose::dotenv::{EnvFile, Flaw, FlawKind};
use stackgen::compose::interpolation::SubstituteError;

use crate::env_files::text;
use crate::judge::{Judge, cases, count};
use crate::oracle::{self, Shell};
use crate::support::compose::has_compose;

fn shell() -> Shell {
    let variables = [("SET", "from $the shell"), ("EMPTY", ""), ("B", "of the shell")];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What stackgen reads.
fn read(text: &str) -> Result<BTreeMap<String, String>, Flaw> {
    let shell = shell();
    let values = EnvFile::parse(text).and_then(|file| file.values(&oracle::lookup(&shell)))?;
    Ok(values.into_iter().map(|(name, assigned)| (name, assigned.value)).collect())
}

/// What Compose reads from each file, one service per file; what it says where it refuses one of them.
fn understood(texts: &[&String]) -> Result<Vec<BTreeMap<String, String>>, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut file = String::from("name: env\nservices:\n");
    for (position, text) in texts.iter().enumerate() {
        oracle::write(folder.path(), &format!("{position}.env"), text);
        writeln!(file, "  s{position}:\n    image: none\n    env_file: {position}.env").expect("writing to a string");
    }
    oracle::write(folder.path(), "compose.yml", &file);
    let environments = oracle::environments(&oracle::config(folder.path(), &shell(), &["--file", "compose.yml"]))?;
    Ok((0..texts.len()).map(|position| environments[&format!("s{position}")].clone()).collect())
}

#[test]
fn compose_reads_env_files_as_stackgen_does() {
    if !has_compose() {
        return;
    }
    let judge = Judge {
        what: "env files",
        ours: |text: &String| read(text),
        theirs: |texts: &[&String]| understood(texts),
        is_same_error: |flaw: &Flaw, said: &str| match &flaw.kind {
            FlawKind::Value(SubstituteError::Missing { name, .. }) => {
                said.contains(&format!("required variable {name} is missing a value"))
            }
            // Compose puts values in while it reads, so that it may tell of one before it sees this.
            _ => true,
        },
        is_quirk: |_: &String, _: &Flaw| false,
        shares: (25, 10),
    };
    judge.compare(&cases(&text(), count()));
}

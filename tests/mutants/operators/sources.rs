//! What the sources of services read, and what they are given.

use std::fs;
use std::path::Path;

use super::{Operator, misspelt};
use crate::proof::Proof;

const READ: Proof = Proof::Test("sources", "a_variable_that_only_the_operator_has_does_not_reach_the_program");

pub(super) const OPERATORS: &[Operator] = &[Operator {
    name: "misspell a variable that the source reads",
    rules: &["env-read-not-passed"],
    proof: READ,
    apply: |base| {
        let mut made = Vec::new();
        for line in base.entries().filter(|line| line.key.len() > 6) {
            let name = line.table.strip_prefix("services.").and_then(|rest| rest.strip_suffix(".env"));
            let service = name.and_then(|name| base.service(name));
            let Some(build) = service.and_then(|service| service.build.as_ref()) else { continue };
            if stands_in(&base.folder().join(&build.source), &line.key) {
                let wrong = line.text.replacen(&line.key, &misspelt(&line.key), 1);
                made.push(base.set(line, wrong).at(&format!("[{}]", line.table)));
            }
        }
        made
    },
}];

/// Whether a name stands in some file of a source, also in small letters, as fields of a class have it.
fn stands_in(directory: &Path, name: &str) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return stands_in(&path, name);
        }
        let is_code = path.extension().is_some_and(|extension| ["py", "ts"].iter().any(|known| extension == *known));
        let text = if is_code { fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
        text.contains(name) || text.contains(&format!("    {}:", name.to_ascii_lowercase()))
    })
}

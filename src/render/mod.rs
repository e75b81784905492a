//! From a plan to files: pure functions, same input, same bytes.

use std::collections::BTreeMap;

/// What a generated file belongs to: decides what a run for one environment may prune.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Every environment has it: Dockerfiles, the schema.
    Stack,
    /// One environment has it: a compose file, an env example.
    Environment(String),
}

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its text, with LF line ends.
    pub text: String,
    /// Whether it is a program (mode 0755) or not (0644).
    pub executable: bool,
    /// What it belongs to.
    pub owner: Owner,
}

/// Generated files by path: relative to the directory of services.toml, `/`-separated, without `.` or `..`.
pub type Artifacts = BTreeMap<String, Artifact>;

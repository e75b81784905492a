//! The words of a `kind.toml` by which `stackgen init` finds a kind in a repository.

use serde::Deserialize;

/// What shows in a repository that its stack has a service of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    /// The images that it stands for in a compose file, without registry and tag.
    #[serde(default)]
    pub images: Vec<String>,
    /// Packages of programs that talk to one.
    #[serde(default)]
    pub clients: Vec<String>,
    /// Packages of the program that make it one of this kind, rather than one of the kind that this one is like.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The schemes of addresses that lead to it; the first is the usual one.
    #[serde(default)]
    pub schemes: Vec<String>,
    /// Words in the names of variables that are about it: `DATABASE`, `PG`.
    #[serde(default)]
    pub words: Vec<String>,
    /// Files that are there for it.
    #[serde(default)]
    pub files: Vec<TraceFile>,
    /// Whether it serves the page that people open first.
    #[serde(default)]
    pub page: bool,
    /// Where a configuration says which directory the build writes.
    #[serde(default, rename = "build-output")]
    pub build_output: Option<TraceOutput>,
    /// What of before this kind does not read.
    #[serde(default)]
    pub unread: Option<Unread>,
}

/// Data that a kind does not read, although it is where the kind looks: another command wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unread {
    /// The words of a command that writes what the kind reads.
    pub unless: String,
    /// What to do before.
    pub help: String,
}

/// Where a configuration says which directory the build writes: `outDir: "out"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceOutput {
    /// Its names, in the directory of the source.
    pub files: Vec<String>,
    /// The key, wherever in the file it stands.
    pub key: String,
}

/// A file that is there for a service of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceFile {
    /// What its name ends with.
    pub ends: String,
    /// Texts that all stand in it.
    pub contains: Vec<String>,
    /// The option that takes it, or its directory.
    pub option: Option<String>,
}

//! The words of a `kind.toml` about the options that a service of the kind has.

use indexmap::IndexMap;
use serde::Deserialize;

use super::Kind;
use crate::manifest::types::VariableType;

/// An option of a kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OptionDef {
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: OptionType,
    /// One line for the reference.
    pub help: String,
    /// The value where none is written; interpolated with `service.*`.
    pub default: Option<toml::Value>,
    /// Whether it must be written.
    #[serde(default)]
    pub required: bool,
    /// Whether it is a secret.
    #[serde(default)]
    pub secret: bool,
    /// The values of an `enum`.
    #[serde(default)]
    pub values: Vec<String>,
    /// Whether it takes the place of the key of that name that every service has, which means nothing for this kind.
    #[serde(default)]
    pub replaces_key: bool,
    /// The option without which it means nothing.
    pub requires: Option<String>,
    /// What its text must look like; an operator variable in it must too.
    pub format: Option<VariableType>,
    /// What the names of its files end with, one of these; empty for anything.
    #[serde(default)]
    pub suffixes: Vec<String>,
    /// Whether its path is that of a directory.
    #[serde(default)]
    pub directory: bool,
    /// The kinds that its services may have; empty for any.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The keys of a `table`, each with a line for the reference; all are texts. Empty for any.
    #[serde(default)]
    pub keys: IndexMap<String, String>,
}

impl OptionDef {
    /// Whether the paths of the option called `name` are mounted, so that something must be there.
    pub fn is_mounted(&self, kind: &Kind, name: &str) -> bool {
        kind.mounts.iter().any(|mount| mount.each.as_deref() == Some(name))
    }
}

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum OptionType {
    /// Text, interpolated.
    #[serde(rename = "string")]
    String,
    /// A whole number.
    #[serde(rename = "int")]
    Int,
    /// A number.
    #[serde(rename = "float")]
    Float,
    /// A truth value.
    #[serde(rename = "bool")]
    Bool,
    /// One of `values`.
    #[serde(rename = "enum")]
    Enum,
    /// A path relative to services.toml.
    #[serde(rename = "path")]
    Path,
    /// A length of time.
    #[serde(rename = "duration")]
    Duration,
    /// The name of a service.
    #[serde(rename = "service")]
    Service,
    /// Several texts.
    #[serde(rename = "string[]")]
    Strings,
    /// Several paths.
    #[serde(rename = "path[]")]
    Paths,
    /// Several services.
    #[serde(rename = "service[]")]
    Services,
    /// Services, each by the path of the requests that it gets.
    #[serde(rename = "service{}")]
    ServicesByPath,
    /// A table in another system's spelling, verbatim.
    #[serde(rename = "table")]
    Table,
    /// Entry points of a proxy, by name.
    #[serde(rename = "entrypoints")]
    EntryPoints,
    /// Certificate resolvers of a proxy, by name.
    #[serde(rename = "certificates")]
    Certificates,
}

impl OptionType {
    /// Whether the value names services.
    pub fn names_services(self) -> bool {
        matches!(self, Self::Service | Self::Services | Self::ServicesByPath)
    }
}

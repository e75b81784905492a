//! Values that may be written in several ways. Validation against the schema comes first, so that the error a user
//! sees never comes from here.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::types::Variable;

/// A value, or `false` for none even where there would be a default.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Toggle<T> {
    /// `false`.
    Off(False),
    /// The value.
    On(T),
}

impl<T> Toggle<T> {
    /// The value, unless it is off.
    pub fn on(&self) -> Option<&T> {
        match self {
            Self::Off(_) => None,
            Self::On(value) => Some(value),
        }
    }
}

/// The literal `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct False;

impl<'de> Deserialize<'de> for False {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if bool::deserialize(deserializer)? { Err(serde::de::Error::custom("expected false")) } else { Ok(Self) }
    }
}

impl JsonSchema for False {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "False".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": false })
    }
}

/// One text, or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The texts.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// Text, a number, or a truth value, where the text of it is what counts.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(out, "{value}"),
            Self::Int(value) => write!(out, "{value}"),
            // A whole float keeps its point: `30.0` in the file is "30.0" in the container.
            Self::Float(value) => write!(out, "{value:?}"),
            Self::Text(value) => out.write_str(value),
        }
    }
}

/// Where a variable must be set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Required {
    /// Everywhere, or nowhere.
    Everywhere(bool),
    /// In these environments.
    In(Vec<String>),
}

/// A truth value, or something else.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BoolOr<T> {
    /// `true` or `false`.
    Bool(bool),
    /// Something else.
    Value(T),
}

/// Whether a random value is made for a variable, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Generate {
    /// `true`: 32 random bytes in URL-safe base64.
    Key(bool),
    /// This many characters.
    Characters(u16),
}

/// The number of a port, or its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PortOrName {
    /// The number.
    Number(u16),
    /// The name.
    Name(String),
}

/// A number, or text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(u32),
    /// Text.
    Text(String),
}

/// TLS with the proxy's own certificate (`true`), with that of a resolver, or none (`false`).
pub type Tls = BoolOr<String>;

/// Which host ports lead to a service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Publish {
    /// Each port, or none.
    All(bool),
    /// The main port, at this host port.
    At(u16),
    /// Compose's short syntax.
    Short(String),
    /// Several in Compose's short syntax.
    Many(Vec<String>),
}

/// How a service is asked whether it is well.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Health {
    /// A path that answers 200, or a command.
    Text(String),
    /// A command in exec form.
    Command(Vec<String>),
    /// Everything in detail.
    Table(HealthTable),
}

/// A health probe in detail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthTable {
    /// A path of the service that answers 200.
    pub path: Option<String>,
    /// A command that exits 0.
    pub command: Option<OneOrMany>,
    /// Time between two probes. Default: 10s.
    pub interval: Option<String>,
    /// Time after which a probe has failed. Default: 5s.
    pub timeout: Option<String>,
    /// How many failures in a row make it unhealthy. Default: 3.
    pub retries: Option<u16>,
    /// Time at the start in which failures do not count. Default: 30s.
    pub start_period: Option<String>,
}

/// A command that runs before the main one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BeforeStart {
    /// A command whose failure stops the start.
    Run(String),
    /// A command and what its failure means.
    Table(BeforeStartTable),
}

/// A command that runs before the main one, and what its failure means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BeforeStartTable {
    /// The command.
    pub run: String,
    /// What happens when it fails. Default: `stop`.
    pub on_failure: Option<OnFailure>,
}

/// What happens when a command before the main one fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The service does not start.
    #[default]
    Stop,
    /// It is said, and the service starts.
    Warn,
}

/// The value of an environment variable.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EnvValue {
    /// Text, a number or a truth value; text is interpolated.
    Scalar(Scalar),
    /// Not set, although the base file sets it.
    Unset(Unset),
    /// An operator variable of this very name, declared where it is used.
    Variable(Box<Variable>),
}

/// `{ unset = true }`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unset {
    /// Takes away what the base file sets.
    pub unset: bool,
}

/// Which services must be up first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DependsOn {
    /// These, each healthy where it has a probe.
    List(Vec<String>),
    /// These, each in the state named.
    Table(IndexMap<String, DependencyState>),
}

/// The state in which a dependency must be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DependencyState {
    /// `false`: not a dependency, although a reference makes it one. `true`: healthy where it has a probe.
    Wanted(bool),
    /// A state by name.
    Named(NamedState),
}

/// A state of a service, as Compose knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NamedState {
    /// Its probe succeeds.
    Healthy,
    /// Its container runs.
    Started,
    /// It ended with exit code 0.
    Completed,
}

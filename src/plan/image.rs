//! How the image of a service is built, and what the files of its build say.

use indexmap::IndexMap;

use super::Text;

/// How an image is built.
#[derive(Debug, Clone, PartialEq)]
pub struct Build {
    /// The source directory, relative to services.toml.
    pub source: String,
    /// The build context, relative to the compose file.
    pub context: String,
    /// The Dockerfile, relative to the context; none for `Dockerfile` there.
    pub dockerfile: Option<String>,
    /// The stage of the Dockerfile; none for its last one.
    pub target: Option<String>,
    /// Arguments of the Dockerfile.
    pub args: IndexMap<String, Text>,
    /// Secrets that the build reads, by the name under which it does; the values are names of secrets of the plan.
    pub secrets: IndexMap<String, String>,
    /// What the Dockerfile says; none where it is written by hand.
    pub recipe: Option<Recipe>,
}

/// A stage of a generated Dockerfile that can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// All dependencies, the source, and what reloads it.
    Development,
    /// What runs, and nothing else.
    Production,
}

impl Target {
    /// The name of the stage.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// Everything that the files of a built service say: the same in every environment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Recipe {
    /// The kind, whose templates are rendered.
    pub kind: String,
    /// The version of the kind.
    pub version: String,
    /// The image it starts from.
    pub base: String,
    /// The numeric user and group.
    pub user: String,
    /// The port, for `EXPOSE` and `PORT`.
    pub port: Option<u16>,
    /// Further ports, for `EXPOSE`.
    pub listeners: Vec<u16>,
    /// The source as the build context sees it: empty, or with a `/` at its end.
    pub prefix: String,
    /// Arguments of the build stage, and variables of the development stage.
    pub build_args: Vec<String>,
    /// Secrets of the build stage, each a variable of its commands.
    pub build_secrets: Vec<String>,
    /// What the development stage needs for the debugger.
    pub debug_packages: Vec<String>,
    /// Debian packages of every stage.
    pub packages: Vec<String>,
    /// Debian packages of the build alone.
    pub build_packages: Vec<String>,
    /// Files and directories of the source that the installation of the dependencies reads.
    pub install: Vec<String>,
    /// Directories that are mounted, so that they exist and belong to the user.
    pub directories: Vec<String>,
    /// Further paths of the source that the image gets.
    pub include: Vec<String>,
    /// What runs before the command.
    pub before_start: Vec<BeforeStart>,
    /// The command of the development stage.
    pub development: Vec<String>,
    /// The command of the production stage.
    pub production: Vec<String>,
    /// The commands of the build stage.
    pub build: Vec<String>,
    /// The options of the kind and what was detected, by name with `_`.
    pub facts: std::collections::BTreeMap<String, String>,
    /// The files: template, path relative to services.toml, whether it is a program.
    pub files: Vec<RecipeFile>,
}

/// A file of a built service.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecipeFile {
    /// The template, in the kind's folder.
    pub template: String,
    /// The path, relative to services.toml.
    pub path: String,
    /// Whether it is a program.
    pub executable: bool,
}

/// A command before the main one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BeforeStart {
    /// Its words.
    pub run: Vec<String>,
    /// Whether its failure stops the start.
    pub fatal: bool,
}

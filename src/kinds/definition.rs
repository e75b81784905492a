//! The words of a `kind.toml`.

use std::marker::PhantomData;

use indexmap::IndexMap;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::When;

mod options;
mod source;
mod traces;

pub use options::{OptionDef, OptionType};
pub use source::{Detected, Inside, Refusal, Required};
pub use traces::{TraceFile, Traces, Unread};

/// What a kind is, as its `kind.toml` says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kind {
    /// The name: that of its folder.
    #[serde(skip)]
    pub name: String,
    /// One line for the reference.
    pub help: String,
    /// What sort of thing it is: decides networks, restart and hardening.
    pub class: Class,
    /// The kind whose words it has too, beside its own and behind them.
    pub like: Option<String>,
    /// The kind whose programs it runs another process of: a service of this kind may extend one of that.
    pub built_on: Option<String>,
    /// The image that is run as it is. Interpolated with `service.*`.
    pub image: Option<Output>,
    /// The image that the built image starts from. Interpolated with `service.*`.
    pub base: Option<String>,
    /// The versions it is known to work with; empty for any.
    #[serde(default)]
    pub versions: Vec<String>,
    /// The newest major version that it was tried with, where it takes any: a newer one may not be there yet.
    pub newest: Option<u32>,
    /// The port it listens on.
    pub port: Option<u16>,
    /// Further ports it listens on, by name.
    #[serde(default)]
    pub ports: IndexMap<String, u16>,
    /// Where Prometheus finds its metrics.
    pub metrics: Option<Metrics>,
    /// Whether it asks every service that has metrics for them: it shares a network with each, and the templates of the
    /// files that it reads know them as `scraped`. Nothing waits for a service because of that.
    #[serde(default)]
    pub scrapes: bool,
    /// What it opens to whom, where no production environment may run it.
    pub development_only: Option<String>,
    /// How a debugger is attached, in the development target.
    pub debug: Option<Debug>,
    /// What starts its program anew after a change of the source, where the program does not see to that itself; for a
    /// kind that is built on another one.
    pub reloader: Option<Reloader>,
    /// The condition under which a second process of it would do everything twice.
    pub single: Option<When>,
    /// The queues it works on where a service `consumes` none that it names.
    pub default_queues: Option<Queues>,
    /// Files of the source that read environment variables, as globs.
    #[serde(default)]
    pub env_read: Vec<String>,
    /// The numeric user.
    pub user: Option<User>,
    /// The capabilities it needs although all others are dropped.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Whether its root file system may be read-only; in the development target files are synchronised into it.
    #[serde(default)]
    pub read_only: bool,
    /// In-memory directories that it needs under a read-only root.
    #[serde(default)]
    pub tmpfs: Vec<String>,
    /// Programs that people expect in an image and that its own does not have, each with the packages that would bring it.
    #[serde(default)]
    pub lacks: IndexMap<String, Vec<String>>,
    /// Whether its image has `sh`, `tar` and `find`, with which volumes can be backed up.
    #[serde(default)]
    pub archives: bool,
    /// How long it may take to stop.
    pub stop_grace: Option<String>,
    /// The options it takes beside a service's own keys.
    #[serde(default)]
    pub options: IndexMap<String, OptionDef>,
    /// Facts that are read from the service's source, each from the first file that exists.
    #[serde(default)]
    pub detect: IndexMap<String, IndexMap<String, Detected>>,
    /// Files without which it cannot be built.
    #[serde(default)]
    pub requires: Vec<Required>,
    /// What cannot be built for another reason; all that match.
    #[serde(default)]
    pub refuse: Vec<Refusal>,
    /// What the installation of dependencies reads, where it is there; all that match, in order.
    #[serde(default)]
    pub install: Vec<Inputs>,
    /// Debian packages of every stage of a generated image, before those of the service; all that match, in order.
    #[serde(default)]
    pub packages: Vec<Packages>,
    /// Environment variables.
    #[serde(default)]
    pub env: IndexMap<String, EnvDef>,
    /// Where its data lives; the first that matches.
    #[serde(default)]
    pub data: Vec<Data>,
    /// Bind mounts that it cannot do without.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Where it looks for files that people mount.
    #[serde(default)]
    pub loads: Vec<Loads>,
    /// The command; the first that matches.
    #[serde(default)]
    pub command: Vec<Command>,
    /// Arguments after the command; all that match.
    #[serde(default)]
    pub argument: Vec<Command>,
    /// What to write where nothing says what it runs.
    pub command_help: Option<String>,
    /// The commands of the build stage; the first that matches.
    #[serde(default)]
    pub build: Vec<Command>,
    /// How it is asked whether it is well; the first that matches. None where none does: some images have nothing to ask
    /// with.
    #[serde(default, deserialize_with = "one_or_many")]
    pub probe: Vec<Probe>,
    /// What of the source `reload` brings into the running service; the first that matches.
    #[serde(default, deserialize_with = "one_or_many")]
    pub watch: Vec<Watch>,
    /// What a command notices by itself of changed files, by its first words: the longest that match. Of others nothing is
    /// known, and they are left to themselves.
    #[serde(default)]
    pub notices: IndexMap<String, Notice>,
    /// What other services can refer to, besides what every service has.
    #[serde(default)]
    pub outputs: IndexMap<String, Output>,
    /// The files it renders.
    #[serde(default)]
    pub files: Vec<File>,
    /// The smallest service of this kind, for the tests and the reference.
    #[serde(default)]
    pub example: toml::Table,
    /// What shows in a repository that its stack has one: for `stackgen init`.
    #[serde(default)]
    pub traces: Traces,
}

impl Kind {
    /// What it says that cannot be meant.
    pub(super) fn flaw(&self) -> Option<String> {
        let file = self.files.iter().find(|file| file.path.is_some() == file.target.is_some());
        if let Some(file) = file {
            return Some(format!("the file of `{}` needs either a `path` or a `target`", file.template));
        }
        let mount = self.mounts.iter().find(|mount| mount.source.is_some() == mount.each.is_some());
        if let Some(mount) = mount {
            return Some(format!("the mount on `{}` needs either a `source` or an `each`", mount.target));
        }
        let named = self.files.iter().flat_map(|file| &file.options);
        let named = named.chain(self.mounts.iter().filter_map(|mount| mount.each.as_ref()));
        let named = named.chain(self.loads.iter().map(|loads| &loads.option));
        let mut unknown = named.filter(|name| !self.options.contains_key(*name));
        unknown.next().map(|name| format!("there is no option `{name}`"))
    }

    /// Every condition in it.
    pub(super) fn conditions(&self) -> Vec<&When> {
        let outputs = self.image.iter().chain(self.outputs.values()).filter_map(|output| match output {
            Output::Cases(cases) => Some(cases.iter().filter_map(|case| case.when.as_ref())),
            Output::Text(_) => None,
        });
        let env = self.env.values().filter_map(|value| match value {
            EnvDef::Case { when, .. } => when.as_ref(),
            EnvDef::Value(_) => None,
        });
        let commands = self.command.iter().chain(&self.argument).chain(&self.build);
        let commands = commands.filter_map(|command| command.when.as_ref());
        let data = self.data.iter().filter_map(|data| data.when.as_ref());
        let files = self.files.iter().filter_map(|file| file.when.as_ref());
        let refusals = self.refuse.iter().map(|refusal| &refusal.when);
        let inputs = self.install.iter().filter_map(|inputs| inputs.when.as_ref());
        let probes = self.probe.iter().filter_map(|probe| probe.when.as_ref());
        let watches = self.watch.iter().filter_map(|watch| watch.when.as_ref());
        let packages = self.packages.iter().filter_map(|packages| packages.when.as_ref());
        let one = self.single.iter().chain(self.default_queues.as_ref().map(|queues| &queues.when));
        let one = one.chain(self.reloader.as_ref().map(|reloader| &reloader.when));
        let of_files = data.chain(files).chain(inputs).chain(watches).chain(packages);
        outputs.flatten().chain(env).chain(commands).chain(of_files).chain(refusals).chain(probes).chain(one).collect()
    }

    /// Whether an option of the kind takes the place of this key of a service.
    pub fn replaces(&self, key: &str) -> bool {
        self.options.get(key).is_some_and(|option| option.replaces_key)
    }

    /// Whether a service of this kind is built from its source.
    pub fn builds(&self) -> bool {
        self.base.is_some()
    }

    /// Whether its image has the version in its name, so that there must be one.
    pub fn names_version(&self) -> bool {
        let of = |text: &str| text.contains("${service.version}");
        let image = self.image.as_ref().is_some_and(|image| match image {
            Output::Text(text) => of(text),
            Output::Cases(cases) => cases.iter().any(|case| of(&case.value)),
        });
        image || self.base.as_deref().is_some_and(of)
    }
}

/// What sort of thing a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// What the stack is for: built from source, or serving what is.
    App,
    /// Keeps data: never on the proxy's network, never without a volume.
    Datastore,
    /// Takes requests from outside.
    Proxy,
    /// Helps people: dashboards, consoles.
    Tool,
    /// Runs without listening.
    Process,
}

/// A numeric user, which may differ between variants of an image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum User {
    /// In every variant.
    Any(String),
    /// By variant of the image.
    Variant {
        /// Tags with `alpine` in them.
        alpine: String,
        /// All others.
        debian: String,
    },
}

impl User {
    /// The user in `image`.
    pub fn of(&self, image: &str) -> &str {
        match self {
            Self::Any(user) => user,
            Self::Variant { alpine, debian } => {
                if image.contains("alpine") {
                    alpine
                } else {
                    debian
                }
            }
        }
    }
}

/// Files and directories of the source, by name; one `*` stands for any text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The condition.
    pub when: Option<When>,
    /// Their names, relative to the source directory.
    pub files: Vec<String>,
}

/// Debian packages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packages {
    /// The condition.
    pub when: Option<When>,
    /// Their names.
    pub names: Vec<String>,
}

/// An environment variable of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum EnvDef {
    /// Always; interpolated with `service.*`.
    Value(String),
    /// Under a condition, or with another name where the value is a secret that is a file.
    Case {
        /// The condition.
        when: Option<When>,
        /// The value; interpolated with `service.*`.
        value: String,
        /// The variable that takes the path of a file instead.
        file: Option<String>,
    },
}

/// A directory of data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The condition.
    pub when: Option<When>,
    /// The directory in the container.
    pub path: String,
    /// The volume; default: the service's name and `-data`.
    pub volume: Option<String>,
}

/// Files that a program reads from one directory, and that people mount elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Loads {
    /// What they are, in the plural.
    pub what: String,
    /// What their names end with, one of these.
    pub suffixes: Vec<String>,
    /// The directory below which such a file is one of them.
    pub below: String,
    /// The directory from which they are read, and nothing below it.
    pub from: String,
    /// The option that has them mounted there; without it nothing is read.
    pub option: String,
    /// Mounts below which it is configured otherwise: then nothing is known.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// A bind mount.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mount {
    /// The path on the host; none where an option names it.
    pub source: Option<String>,
    /// The option whose paths are mounted, each for itself.
    pub each: Option<String>,
    /// The path in the container. For each of several `${item.order}` counts them from 01, and `${item.name}` is the name
    /// of the file.
    pub target: String,
    /// Whether it cannot be written to.
    #[serde(default)]
    pub read_only: bool,
}

/// A command under a condition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The condition.
    pub when: Option<When>,
    /// The words; text is split into words. Interpolated with `service.*`.
    pub run: Words,
}

/// Words of a command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// Text that is split into words.
    Text(String),
    /// The words.
    Words(Vec<String>),
}

/// A health probe.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probe {
    /// The condition.
    pub when: Option<When>,
    /// The command that asks `service.health` on `service.port`, with what the image has. Interpolated.
    pub http: Option<Vec<String>>,
    /// The command that asks the service itself. Interpolated.
    pub command: Option<Vec<String>>,
    /// Time between two probes.
    pub interval: Option<String>,
    /// Time that one may take.
    pub timeout: Option<String>,
    /// Time at the start in which failures do not count.
    pub start_period: Option<String>,
}

/// Where Prometheus finds metrics.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Metrics {
    /// The path.
    pub path: String,
    /// The port. Default: the main one.
    pub port: Option<u16>,
    /// Whether they are only there where the service asks for them.
    #[serde(default)]
    pub opt_in: bool,
}

/// How a debugger is attached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debug {
    /// The port on which it listens.
    pub port: u16,
    /// What the development image needs for it.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Words in front of the command.
    #[serde(default)]
    pub run: Vec<String>,
    /// Words that are put after the first words of a command, by these: the longest that match.
    #[serde(default)]
    pub after: IndexMap<String, Vec<String>>,
}

/// Queues that a worker works on without being told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queues {
    /// The condition.
    pub when: When,
    /// What they are called.
    pub names: Vec<String>,
}

/// What starts a program anew after a change of its source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reloader {
    /// The condition.
    pub when: When,
    /// Words in front of the command, which becomes a single word, quoted as for a shell.
    pub run: Vec<String>,
}

/// What of the source `reload` brings into the running service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// The condition.
    pub when: Option<When>,
    /// Paths in the source that are copied into the running container.
    #[serde(default)]
    pub sync: Vec<String>,
    /// Files in the source after whose change the image is built again.
    #[serde(default)]
    pub rebuild: Vec<String>,
    /// Paths below `sync` that are left out.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Directories below `sync` that stay those of the image where `reload = "mount"` binds what is around them.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Whether the container starts anew after a copy, because its program would not notice; of a kind that is built on
    /// another one, which says the rest.
    #[serde(default)]
    pub restart: bool,
}

/// Which changes of its files a program notices by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// All.
    All,
    /// Those that are written in place, and not those where another file takes the place of the old one, as Compose
    /// copies.
    InPlace,
    /// None: it has to be started again.
    Nothing,
}

/// One table, or several with conditions.
fn one_or_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct OneOrMany<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a table, or several")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Ok(vec![T::deserialize(MapAccessDeserializer::new(map))?])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(sequence))
        }
    }
    deserializer.deserialize_any(OneOrMany(PhantomData))
}

/// An output: a text, or the first of several that matches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Output {
    /// Always.
    Text(String),
    /// Under conditions; the first that matches.
    Cases(Vec<OutputCase>),
}

/// An output under a condition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputCase {
    /// The condition.
    pub when: Option<When>,
    /// The text. Interpolated with `service.*`.
    pub value: String,
}

/// A file that a kind renders: part of a source, or something that the container reads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The condition.
    pub when: Option<When>,
    /// The template: in the kind's folder, or `shared/` and its name among those that kinds share.
    pub template: String,
    /// The path in the repository. Interpolated with `service.*`.
    pub path: Option<String>,
    /// Where the container finds it: it is mounted there, read-only.
    pub target: Option<String>,
    /// The options that the template reads, where it is mounted: no operator can set what is in them. A service that one
    /// of them names is a table with its `name`, `kind`, `host`, `port`, and as `outputs` those of its outputs that no
    /// operator sets and that hold no secret.
    #[serde(default)]
    pub options: Vec<String>,
    /// Whether it is a program.
    #[serde(default)]
    pub executable: bool,
}

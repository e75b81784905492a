//! The commands of a Dockerfile that install the packages of a program, and those that run what was installed.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Dockerfile, Instruction, Keyword};

/// A simple command in a `RUN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simple {
    /// Its words, without variables that are set before it.
    pub words: Vec<String>,
    /// Where the `RUN` has it, in bytes of the file.
    pub span: Range<usize>,
    /// The variables that hold for it: those of its `ENV`, and those that it sets itself.
    pub variables: BTreeMap<String, String>,
}

impl Simple {
    /// Whether it has this word.
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    /// The word at a position; empty behind the last one.
    pub fn word(&self, position: usize) -> &str {
        self.words.get(position).map_or("", String::as_str)
    }

    /// Whether an option has this value, which is a word of its own.
    fn has_pair(&self, option: &str, value: &str) -> bool {
        self.words.windows(2).any(|pair| pair[0] == option && pair[1] == value)
    }

    /// The words from a position on that are neither options nor the values of those that often have theirs behind a space.
    fn names(&self, position: usize) -> Vec<&str> {
        let is_value = |at: usize| {
            matches!(
                (self.word(at - 1), self.word(at)),
                ("--include" | "--omit" | "--only", _) | ("--production" | "--prod", "true" | "false")
            )
        };
        let rest = (position..self.words.len()).filter(|at| !self.word(*at).starts_with('-') && !is_value(*at));
        rest.map(|at| self.word(at)).collect()
    }

    /// The packages that it installs by their names, without their versions, and whether it does so for the whole image
    /// (`--global`); none for what installs no package by its name.
    pub fn named_packages(&self) -> Option<(Vec<&str>, bool)> {
        let is_global = self.has("-g") || self.has("--global") || self.word(1) == "global";
        let position = match (self.word(0), self.word(1), self.word(2)) {
            ("yarn", "global", "add") => 3,
            ("npm" | "pnpm", "install" | "i" | "add", _) | ("yarn", "add", _) => 2,
            _ => return None,
        };
        let names: Vec<&str> = self.names(position);
        // The first character may begin a scope.
        let bare = |name| match str::rfind(name, '@') {
            Some(at) if at > 0 => &name[..at],
            _ => name,
        };
        (!names.is_empty()).then(|| (names.into_iter().map(bare).collect(), is_global))
    }

    /// What it installs from a lock file or a list; none for what installs nothing of the kind.
    pub fn installs(&self) -> Option<Install> {
        let flagged = |words: &[&str]| words.iter().any(|word| self.has(word));
        let is_production = self.variables.get("NODE_ENV").is_some_and(|value| value == "production");
        // `npm install <package>` installs that one.
        let names = self.names(2).len();
        let (manager, is_strict) = match (self.word(0), self.word(1)) {
            ("npm", "ci" | "clean-install") => (Manager::Npm, true),
            ("npm", "install" | "i") if names == 0 && !flagged(&["-g", "--global"]) => (Manager::Npm, false),
            ("pnpm", "install" | "i") if names == 0 => (Manager::Pnpm, flagged(&["--frozen-lockfile"])),
            ("yarn", "install") if names == 0 => (Manager::Yarn, flagged(&["--frozen-lockfile", "--immutable"])),
            ("yarn", "") => (Manager::Yarn, false),
            ("yarn", first) if first.starts_with("--") && first != "--version" => {
                (Manager::Yarn, flagged(&["--frozen-lockfile", "--immutable"]))
            }
            ("uv", "sync") => (Manager::Uv, flagged(&["--locked", "--frozen"])),
            ("poetry", "install") => (Manager::Poetry, false),
            _ => return None,
        };
        let is_node = matches!(manager, Manager::Npm | Manager::Pnpm | Manager::Yarn);
        let omits = flagged(&[
            "--omit=dev",
            "--production",
            "--only=production",
            "--prod",
            "-P",
            "--no-dev",
            "--production=true",
        ]) || self.has_pair("--omit", "dev")
            || (is_node && is_production);
        let settings =
            [("npm_config_include", "dev"), ("npm_config_production", "false"), ("yarn_production", "false")];
        let includes = flagged(&["--include=dev", "--production=false", "--prod=false", "--dev", "-D"])
            || self.has_pair("--include", "dev")
            || self.has_pair("--production", "false")
            || self.variables.iter().any(|(name, value)| settings.contains(&(&*name.to_lowercase(), &**value)));
        Some(Install { manager, is_strict, leaves_out_development: omits && !includes })
    }
}

/// What installs packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// npm.
    Npm,
    /// pnpm.
    Pnpm,
    /// Yarn.
    Yarn,
    /// uv.
    Uv,
    /// Poetry.
    Poetry,
}

impl Manager {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Uv => "uv",
            Self::Poetry => "poetry",
        }
    }

    /// The lock files that it reads.
    pub fn locks(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &["package-lock.json", "npm-shrinkwrap.json"],
            Self::Pnpm => &["pnpm-lock.yaml"],
            Self::Yarn => &["yarn.lock"],
            Self::Uv => &["uv.lock"],
            Self::Poetry => &["poetry.lock"],
        }
    }
}

/// An installation of all packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Install {
    /// What installs.
    pub manager: Manager,
    /// Whether it stops without a lock file.
    pub is_strict: bool,
    /// Whether it leaves out what only development needs.
    pub leaves_out_development: bool,
}

impl Dockerfile {
    /// The simple commands of a stage and of those that it starts from, in their order. `arguments` are those of the build.
    pub fn simple_commands(&self, stage: usize, arguments: &BTreeMap<String, String>) -> Vec<Simple> {
        let mut variables = BTreeMap::new();
        let mut found = Vec::new();
        for instruction in self.inherited(stage, arguments).into_iter().rev() {
            match instruction.keyword {
                Keyword::Env => {
                    let old = instruction.arguments.first().filter(|first| !first.text.contains('='));
                    if let Some(name) = old {
                        let value = instruction.text.text.strip_prefix(&name.text).unwrap_or_default().trim();
                        variables.insert(name.text.clone(), value.to_owned());
                        continue;
                    }
                    for (name, value) in instruction.arguments.iter().filter_map(|word| word.text.split_once('=')) {
                        variables.insert(name.to_owned(), value.trim_matches(['"', '\'']).to_owned());
                    }
                }
                Keyword::Run => commands(instruction, &variables, &mut found),
                _ => {}
            }
        }
        found
    }
}

fn commands(instruction: &Instruction, variables: &BTreeMap<String, String>, out: &mut Vec<Simple>) {
    let simple = |words: Vec<String>| {
        let mut variables = variables.clone();
        let mut words = words.into_iter().peekable();
        while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                break;
            }
            variables.insert(name.to_owned(), value.to_owned());
            words.next();
        }
        Simple { words: words.collect(), span: instruction.span.clone(), variables }
    };
    if let Some(words) = instruction.exec() {
        out.push(simple(words.into_iter().map(str::to_owned).collect()));
        return;
    }
    let Some(shell) = instruction.shell() else { return };
    let text = shell.text.replace("\\\n", " ");
    for part in text.split(['\n', ';']).flat_map(|part| part.split("&&")).flat_map(|part| part.split("||")) {
        // What runs in a subshell, or on a condition, is left alone.
        if let Some(words) = shlex::split(part.trim()).filter(|words| !words.is_empty()) {
            out.push(simple(words));
        }
    }
}

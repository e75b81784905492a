//! Dockerfiles that people wrote, as BuildKit reads them (Dockerfile reference; `frontend/dockerfile` of moby/buildkit).
//!
//! Reading never fails: an instruction that is wrong is a [`Flaw`], and what stands around it is read all the same.
//! Every part knows its bytes in the file, also across continuation lines.

use std::collections::BTreeMap;
use std::ops::Range;

pub mod copied;
pub mod ignore;
pub mod installs;
mod lines;
pub(crate) mod stages;
mod words;

pub use lines::Heredoc;
pub use stages::Stage;
pub use words::{Variable, expand, variables};

use lines::Line;

/// A Dockerfile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dockerfile {
    /// The instructions, in their order.
    pub instructions: Vec<Instruction>,
    /// The stages, in their order.
    pub stages: Vec<Stage>,
    /// The character that escapes, and that continues a line.
    pub escape: char,
    /// The image that reads the file (`# syntax=`), where it names one.
    pub syntax: Option<String>,
    /// What the builder does not take, in the order of the file.
    pub flaws: Vec<Flaw>,
}

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Which one.
    pub keyword: Keyword,
    /// Where the keyword stands.
    pub name: Range<usize>,
    /// What stands between the keyword and the arguments: `--from=build`.
    pub flags: Vec<Flag>,
    /// The arguments, as one word.
    pub text: Word,
    /// The arguments, split as the instruction wants it. Of a command in shell form there is one, the whole text.
    pub arguments: Vec<Word>,
    /// Whether the arguments are a JSON array.
    pub is_json: bool,
    /// The here-documents that it opens.
    pub heredocs: Vec<Heredoc>,
    /// What is done when another image is built from this one, in the place of the arguments.
    pub on_build: Option<Box<Instruction>>,
    /// From the keyword to the end of the arguments.
    pub span: Range<usize>,
}

/// A part of an instruction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// As it is written, with its quotes, or what a JSON string means; without continuation characters.
    pub text: String,
    /// Where it stands, in bytes of the file.
    pub span: Range<usize>,
}

/// `--name` or `--name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The name, without the hyphens.
    pub name: String,
    /// The value, without its quotes.
    pub value: Option<String>,
    /// All of it.
    pub span: Range<usize>,
}

/// Something that the builder does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where, in bytes of the file.
    pub range: Range<usize>,
    /// What.
    pub kind: FlawKind,
}

/// What is wrong with an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlawKind {
    /// No instruction that there is.
    Unknown {
        /// As it is written.
        name: String,
    },
    /// An instruction without what it needs.
    Lacking,
    /// More than the instruction takes, or something else.
    Arguments,
    /// A flag that the instruction does not have, or one that lacks its value.
    Flag {
        /// Its name.
        name: String,
    },
    /// An instruction before the first `FROM` that has no stage.
    BeforeFrom,
    /// No name that a stage can have.
    StageName {
        /// As it is written.
        name: String,
    },
    /// A here-document without its end.
    Unterminated {
        /// What would end it.
        name: String,
    },
    /// A parser directive that stands there twice.
    RepeatedDirective {
        /// Its name.
        name: &'static str,
    },
    /// An escape character other than the two that there are.
    Escape,
    /// A file without an instruction.
    Empty,
}

/// Makes [`Keyword`] of a list.
macro_rules! keywords {
    ($($(#[doc = $help:literal])+ $variant:ident = $name:literal,)+) => {
        /// The instructions (Dockerfile reference, "Overview").
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Keyword {
            $($(#[doc = $help])+ $variant,)+
            /// None that there is.
            Unknown,
        }

        impl Keyword {
            /// The keyword as it is usually written; empty for none.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ Self::Unknown => "" }
            }

            fn of(text: &str) -> Self {
                $(if text.eq_ignore_ascii_case($name) { return Self::$variant; })+
                Self::Unknown
            }
        }
    };
}

keywords! {
    /// Files and directories, also from elsewhere.
    Add = "ADD",
    /// A variable of the build.
    Arg = "ARG",
    /// The default command.
    Cmd = "CMD",
    /// Files and directories.
    Copy = "COPY",
    /// The program.
    Entrypoint = "ENTRYPOINT",
    /// Environment variables.
    Env = "ENV",
    /// Ports on which something listens.
    Expose = "EXPOSE",
    /// The start of a stage.
    From = "FROM",
    /// The probe.
    Healthcheck = "HEALTHCHECK",
    /// Metadata.
    Label = "LABEL",
    /// The author, which is deprecated.
    Maintainer = "MAINTAINER",
    /// What is done in the builds of others.
    Onbuild = "ONBUILD",
    /// A command of the build.
    Run = "RUN",
    /// The shell of commands in shell form.
    Shell = "SHELL",
    /// The signal that stops it.
    Stopsignal = "STOPSIGNAL",
    /// Whoever runs it.
    User = "USER",
    /// Directories that are volumes.
    Volume = "VOLUME",
    /// The working directory.
    Workdir = "WORKDIR",
}

/// The flags of instructions, and whether each needs a value.
pub(crate) const FLAGS: [(Keyword, &str, bool); 23] = [
    (Keyword::From, "platform", true),
    (Keyword::Copy, "from", true),
    (Keyword::Copy, "chown", true),
    (Keyword::Copy, "chmod", true),
    (Keyword::Copy, "link", false),
    (Keyword::Copy, "parents", false),
    (Keyword::Copy, "exclude", true),
    (Keyword::Add, "chown", true),
    (Keyword::Add, "chmod", true),
    (Keyword::Add, "link", false),
    (Keyword::Add, "keep-git-dir", false),
    (Keyword::Add, "checksum", true),
    (Keyword::Add, "exclude", true),
    (Keyword::Add, "unpack", false),
    (Keyword::Run, "mount", true),
    (Keyword::Run, "network", true),
    (Keyword::Run, "security", true),
    (Keyword::Run, "device", true),
    (Keyword::Healthcheck, "interval", true),
    (Keyword::Healthcheck, "timeout", true),
    (Keyword::Healthcheck, "start-period", true),
    (Keyword::Healthcheck, "start-interval", true),
    (Keyword::Healthcheck, "retries", true),
];

/// What an image says of its probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health<'d> {
    /// There is none: `HEALTHCHECK NONE`.
    None(&'d Instruction),
    /// This is asked.
    Command(&'d Instruction),
}

impl Dockerfile {
    /// Reads a Dockerfile.
    pub fn parse(text: &str) -> Self {
        let read = lines::read(text);
        let mut flaws = read.flaws;
        let mut instructions = Vec::with_capacity(read.all.len());
        for line in read.all {
            instructions.push(instruction(&line, 0, read.escape, &mut flaws));
        }
        if instructions.is_empty() {
            flaws.push(Flaw { range: 0..text.len(), kind: FlawKind::Empty });
        }
        let stages = stages::of(&instructions, &mut flaws);
        flaws.sort_by_key(|flaw| flaw.range.start);
        Self { instructions, stages, escape: read.escape, syntax: read.syntax, flaws }
    }

    /// Whether another program than BuildKit's own reads the file: nothing is known of it then.
    pub fn is_foreign(&self) -> bool {
        let name = self.syntax.as_deref().unwrap_or("docker/dockerfile").trim_start_matches("docker.io/");
        !(name.starts_with("docker/dockerfile") || name.starts_with("docker/dockerfile-upstream"))
    }

    /// The instructions of a stage and of those that it starts from, the last one first; none for a stage that is not
    /// there. `arguments` are those of the build.
    pub fn inherited(&self, stage: usize, arguments: &BTreeMap<String, String>) -> Vec<&Instruction> {
        let values = self.global_arguments(arguments);
        let mut found = Vec::new();
        let mut at = Some(stage);
        while let Some((index, stage)) = at.and_then(|index| Some((index, self.stages.get(index)?))) {
            found.extend(self.instructions[stage.body.clone()].iter().rev());
            at = self.base_of(index, &values);
        }
        found
    }

    /// The names that an `ARG` takes, wherever it stands.
    pub fn taken_arguments(&self) -> impl Iterator<Item = &str> {
        let all = self.instructions.iter().map(|instruction| instruction.on_build.as_deref().unwrap_or(instruction));
        all.filter(|instruction| instruction.keyword == Keyword::Arg)
            .flat_map(|instruction| &instruction.arguments)
            .map(|word| word.text.split_once('=').map_or(word.text.as_str(), |(name, _)| name))
    }

    /// What the image of a stage says of its probe; nothing where that is as with the image that it starts from.
    pub fn health(&self, target: Option<&str>, arguments: &BTreeMap<String, String>) -> Option<Health<'_>> {
        let inherited = self.inherited(self.target(target)?, arguments);
        let probe = inherited.into_iter().find(|instruction| instruction.keyword == Keyword::Healthcheck)?;
        let is_none = probe.arguments.first().is_some_and(|word| word.text.eq_ignore_ascii_case("NONE"));
        Some(if is_none { Health::None(probe) } else { Health::Command(probe) })
    }
}

impl Instruction {
    /// The value of a flag; empty where it has none.
    pub fn flag(&self, name: &str) -> Option<&str> {
        let flag = self.flags.iter().find(|flag| flag.name == name)?;
        Some(flag.value.as_deref().unwrap_or_default())
    }

    /// What a `COPY` or `ADD` takes from its context, from another image, or from itself.
    pub fn sources(&self) -> &[Word] {
        match self.keyword {
            Keyword::Copy | Keyword::Add => self.arguments.split_last().map_or(&[], |(_, sources)| sources),
            _ => &[],
        }
    }

    /// The words of a command, where it is in exec form.
    pub fn exec(&self) -> Option<Vec<&str>> {
        let words = match self.keyword {
            Keyword::Healthcheck => self.arguments.get(1..)?,
            _ => &self.arguments,
        };
        self.is_json.then(|| words.iter().map(|word| word.text.as_str()).collect())
    }

    /// The text of a command, where it is in shell form.
    pub fn shell(&self) -> Option<&Word> {
        let words = match self.keyword {
            Keyword::Healthcheck => self.arguments.get(1..)?,
            _ => &self.arguments,
        };
        words.first().filter(|_| !self.is_json)
    }
}

fn word(line: &Line, range: Range<usize>) -> Word {
    Word { text: line.text[range.clone()].to_owned(), span: line.span(&range) }
}

/// Reads the instruction that begins at `from` of a line.
fn instruction(line: &Line, from: usize, escape: char, flaws: &mut Vec<Flaw>) -> Instruction {
    let text = &line.text;
    let start = from + (text[from..].len() - text[from..].trim_start().len());
    let end = start.max(text.trim_end().len());
    let name = start..text[start..].find(char::is_whitespace).map_or(end, |at| start + at);
    let keyword = Keyword::of(&text[name.clone()]);
    let mut at = name.end;
    let flags = flags(line, &mut at, end, escape);
    at += text[at..end].len() - text[at..end].trim_start().len();
    let mut instruction = Instruction {
        keyword,
        name: line.span(&name),
        flags,
        text: word(line, at..end),
        arguments: Vec::new(),
        is_json: false,
        heredocs: line.heredocs.clone(),
        on_build: None,
        span: line.span(&(start..end)),
    };
    if keyword == Keyword::Unknown {
        let kind = FlawKind::Unknown { name: text[name].to_owned() };
        flaws.push(Flaw { range: instruction.name.clone(), kind });
        return instruction;
    }
    if keyword == Keyword::Onbuild && at < end {
        let inner = self::instruction(line, at, escape, flaws);
        if matches!(inner.keyword, Keyword::From | Keyword::Maintainer | Keyword::Onbuild) {
            flaws.push(Flaw { range: inner.name.clone(), kind: FlawKind::Arguments });
        }
        instruction.on_build = Some(Box::new(inner));
        return instruction;
    }
    for flag in &instruction.flags {
        let known = FLAGS.iter().find(|(owner, name, _)| *owner == keyword && *name == flag.name);
        if known.is_none_or(|(_, _, needs_value)| *needs_value && flag.value.is_none()) {
            flaws.push(Flaw { range: flag.span.clone(), kind: FlawKind::Flag { name: flag.name.clone() } });
        }
    }
    split(line, at, end, escape, &mut instruction);
    if let Some(kind) = flaw_of(&instruction) {
        flaws.push(Flaw { range: instruction.span.clone(), kind });
    }
    instruction
}

/// Reads `--name=value` words, and moves `at` behind them.
fn flags(line: &Line, at: &mut usize, end: usize, escape: char) -> Vec<Flag> {
    let mut flags = Vec::new();
    loop {
        let rest = &line.text[*at..end];
        let start = *at + (rest.len() - rest.trim_start().len());
        let Some(range) = words::split(&line.text[start..end], start, escape).into_iter().next() else { break };
        let written = &line.text[range.clone()];
        let Some(flag) = written.strip_prefix("--") else { break };
        *at = range.end;
        if flag.is_empty() {
            break;
        }
        let flag = words::unquoted(flag, escape);
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (flag, None),
        };
        flags.push(Flag { name, value, span: line.span(&range) });
    }
    flags
}

/// Splits the arguments as the instruction wants it.
fn split(line: &Line, at: usize, end: usize, escape: char, instruction: &mut Instruction) {
    let text = &line.text[at..end];
    let words = |ranges: Vec<Range<usize>>| ranges.into_iter().map(|range| word(line, range)).collect();
    let json = |at: usize| {
        let strings = words::json(&line.text[at..end], at)?;
        Some(strings.into_iter().map(|(text, range)| Word { text, span: line.span(&range) }))
    };
    match instruction.keyword {
        Keyword::From | Keyword::Expose => instruction.arguments = words(words::split_plainly(text, at)),
        Keyword::Arg | Keyword::Env | Keyword::Label => instruction.arguments = words(words::split(text, at, escape)),
        Keyword::Copy | Keyword::Add | Keyword::Volume => match json(at) {
            Some(strings) => {
                instruction.arguments = strings.collect();
                instruction.is_json = true;
            }
            None => instruction.arguments = words(words::split_plainly(text, at)),
        },
        Keyword::Healthcheck => {
            let Some(first) = words::split_plainly(text, at).into_iter().next() else { return };
            let rest = &line.text[first.end..end];
            let after = first.end + (rest.len() - rest.trim_start().len());
            instruction.arguments.push(word(line, first));
            if let Some(strings) = json(after) {
                instruction.arguments.extend(strings);
                instruction.is_json = true;
            } else if after < end {
                instruction.arguments.push(word(line, after..end));
            }
        }
        Keyword::Cmd | Keyword::Entrypoint | Keyword::Run | Keyword::Shell => match json(at) {
            Some(strings) => {
                instruction.arguments = strings.collect();
                instruction.is_json = true;
            }
            None if at < end => instruction.arguments.push(word(line, at..end)),
            None => {}
        },
        Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir if at < end => {
            instruction.arguments.push(word(line, at..end));
        }
        _ => {}
    }
}

/// What the builder does not take about the arguments.
fn flaw_of(instruction: &Instruction) -> Option<FlawKind> {
    let count = instruction.arguments.len();
    let is = |index: usize, text: &str| {
        instruction.arguments.get(index).is_some_and(|word: &Word| word.text.eq_ignore_ascii_case(text))
    };
    match instruction.keyword {
        // Nothing at all takes away what the base image says.
        Keyword::Cmd | Keyword::Entrypoint | Keyword::Run if count == 0 => None,
        _ if count == 0 => Some(FlawKind::Lacking),
        Keyword::From => (!(count == 1 || (count == 3 && is(1, "AS")))).then_some(FlawKind::Arguments),
        Keyword::Copy | Keyword::Add if count < 2 => Some(FlawKind::Lacking),
        Keyword::Healthcheck if is(0, "NONE") => (count > 1).then_some(FlawKind::Arguments),
        Keyword::Healthcheck if is(0, "CMD") => (count < 2).then_some(FlawKind::Lacking),
        Keyword::Healthcheck => Some(FlawKind::Arguments),
        Keyword::Shell if !instruction.is_json => Some(FlawKind::Arguments),
        Keyword::Env | Keyword::Label => {
            let is_pair = |word: &Word| word.text.contains('=');
            // The old form, `ENV name value`, has no `=` in its first word.
            let is_old = !is_pair(&instruction.arguments[0]);
            if is_old {
                return (count < 2).then_some(FlawKind::Lacking);
            }
            (!instruction.arguments.iter().all(is_pair)).then_some(FlawKind::Arguments)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;

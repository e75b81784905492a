//! What did not resolve while a plan was built. Each kind is one rule's to report.

use crate::compose::volume::MountError;
use crate::manifest::text::Flaw;
use crate::source::KeyPath;

/// Something that did not resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub path: KeyPath,
    /// Which bytes of the text, where it is one.
    pub range: Option<std::ops::Range<usize>>,
    /// What.
    pub kind: ProblemKind,
}

/// What did not resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// A text that does not parse.
    Text(Flaw),
    /// A name that nothing has: what it is, the name, and those that exist.
    Unknown {
        /// `service`, `output`, `network` …
        what: &'static str,
        /// The name.
        name: String,
        /// Those that exist.
        known: Vec<String>,
        /// What makes it impossible, where it is more than a misspelling.
        note: Option<String>,
    },
    /// Something a router needs and nothing defines.
    UnknownRouting {
        /// `middleware`, `entry point` …
        what: &'static str,
        /// The name.
        name: String,
        /// Those that exist.
        known: Vec<String>,
        /// What makes it impossible, where it is more than a misspelling.
        note: Option<String>,
    },
    /// A variable that is used and not declared, or declared and used with an operator.
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        flaw: VariableFlaw,
    },
    /// A port, or a mapping of ports, that cannot be.
    Port {
        /// What is wrong.
        message: String,
        /// What to write instead.
        help: String,
        /// The setting that makes it impossible, where it is not the port alone.
        clash: Option<KeyPath>,
    },
    /// A mount that cannot be.
    Mount(MountError),
    /// A path, host or rule of a route that Traefik would not take, and what to write instead.
    Rule {
        /// What is wrong.
        message: String,
        /// What to write instead.
        help: String,
    },
    /// A command that cannot be split into words, or needs a shell.
    Command(CommandFlaw),
    /// A health path on a service whose image is not known to have anything to ask it with.
    NoProbeTool,
    /// A service with neither an image nor a way to build one, or that lacks what its kind needs.
    Incomplete {
        /// What is missing.
        message: String,
        /// What to write.
        help: String,
        /// The key that is missing.
        missing: KeyPath,
    },
    /// An option of a kind with a value that it does not take.
    Option {
        /// What is wrong.
        message: String,
        /// What to write, where it is not the version.
        help: Option<String>,
    },
    /// A duration, size, share or policy that Compose does not take.
    Value {
        /// What is wrong.
        message: String,
        /// What to write.
        help: &'static str,
    },
    /// An address inside of the stack, in a value that is needed while an image is built.
    Internal {
        /// The service whose address it is.
        service: String,
        /// The output that gives it, where a reference does and not the default of a variable.
        output: Option<String>,
    },
    /// Files that are mounted for a program that does not notice when they change.
    Unnoticed {
        /// The program.
        program: String,
    },
    /// Files that a build needs and that are not there.
    Build {
        /// What is missing.
        message: String,
        /// What to do.
        help: String,
    },
}

/// What is wrong with the use of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableFlaw {
    /// Nothing declares it.
    Undeclared {
        /// The declared name that was probably meant.
        meant: Option<String>,
    },
    /// It is declared, and used with a default or message of its own.
    OperatorBesideDeclaration {
        /// The declaration.
        declared: KeyPath,
    },
    /// stackgen makes it up for two different host ports.
    TwoPorts {
        /// The other port.
        other: KeyPath,
    },
    /// One use requires it, and another one gives it a default.
    RequiredBesideDefault {
        /// The other use.
        other: KeyPath,
    },
    /// Two uses give it different defaults.
    TwoDefaults {
        /// The other use.
        other: KeyPath,
    },
}

/// Why a command cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandFlaw {
    /// A quote is not closed.
    OpenQuote,
    /// There is no word in it.
    Empty,
    /// A word that only a shell understands.
    Operator(String),
    /// A variable of this name, set in front of the program.
    Assignment(String),
    /// An operator variable in a command that is part of the image.
    OperatorVariable,
    /// More than one line in a step of a Dockerfile.
    Lines,
}

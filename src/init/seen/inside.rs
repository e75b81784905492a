//! What the image of a program for Node.js has of its directory: all of it, or what its build writes.

use serde_json::Value;

use super::Program;
use crate::init::snapshot::{Snapshot, joined};

/// What goes to the build of a program in TypeScript, beside package.json, the lock file and configurations of tools.
const SOURCES: [&str; 4] = ["src", "public", "static", "prisma"];

/// What an image has.
pub(super) struct Inside<'a> {
    snapshot: &'a Snapshot,
    directory: String,
    /// What the build writes, where nothing else is kept.
    output: Option<String>,
    is_built: bool,
    is_typed: bool,
    /// Whether the kind keeps files as they lie.
    is_plain: bool,
    /// What it gets besides.
    include: Vec<String>,
}

impl<'a> Inside<'a> {
    /// What the image of a program has, as its kind builds it.
    pub(super) fn of(snapshot: &'a Snapshot, package: &Value, program: &Program) -> Self {
        let main = package.get("main").and_then(Value::as_str).map(|main| main.trim_start_matches("./"));
        let of_main = main.and_then(|main| Some(main.split_once('/')?.0.to_owned()));
        let output = program.build_output.as_ref().map(|output| output.value.clone()).or(of_main);
        Self {
            snapshot,
            directory: program.directory.clone(),
            output: output.filter(|_| program.is_built),
            is_built: program.is_built,
            is_typed: snapshot.has(&joined(&program.directory, "tsconfig.json")),
            is_plain: program.kind.as_deref() == Some(super::node::NODE),
            include: program.include.as_ref().map(|include| include.value.clone()).unwrap_or_default(),
        }
    }

    /// Whether it has a path of the program's directory.
    pub(super) fn has(&self, path: &str) -> bool {
        let Some(path) = crate::plan::clean_path(path.trim_end_matches('/')).filter(|_| self.is_plain) else {
            return false;
        };
        let is_below = |directory: &str| path == directory || path.starts_with(&format!("{directory}/"));
        if path.starts_with(['/', '.']) {
            return false;
        }
        if self.include.iter().any(|included| is_below(included)) {
            return true;
        }
        if let Some(output) = &self.output {
            return is_below(output);
        }
        // What the build writes is nowhere yet.
        let is_written = self.is_built && !self.lies_there(&path);
        let is_configuration = !path.contains('/') && path.contains(".config.");
        is_written
            || path == "package.json"
            || !self.is_typed
            || is_configuration
            || SOURCES.iter().any(|directory| is_below(directory))
    }

    /// Whether it has everything that lies there, so that one file finds the others.
    pub(super) fn is_whole(&self) -> bool {
        self.output.is_none() && self.is_plain
    }

    /// Whether a path lies there before anything is built: a file, with its end or without, or a directory.
    pub(super) fn lies_there(&self, path: &str) -> bool {
        let ends = ["", ".js", ".mjs", ".cjs", "/index.js"];
        let whole = joined(&self.directory, path);
        ends.iter().any(|end| self.snapshot.has(&format!("{whole}{end}")))
            || self.snapshot.below(&whole).next().is_some()
    }
}

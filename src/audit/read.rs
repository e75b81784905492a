//! What a scanner says about one file.

use std::ops::Range;

/// What happens where a variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// The program has another value for it, or asks whether it is there.
    Fallback,
    /// It is read, and nothing says what happens without it.
    Bare,
    /// The program says that it must be there: it stops without it.
    Demanded,
}

/// A place that reads a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The names of which one has to be set; the first is the one that it goes by.
    pub names: Vec<String>,
    /// The place, in bytes of the file.
    pub span: Range<usize>,
    /// What happens without it.
    pub need: Need,
    /// Whether capitals and small letters are the same in the names.
    pub ignores_case: bool,
    /// What stands between the name and those of its parts, where those may be set one by one.
    pub delimiter: Option<String>,
    /// Variables of which none is set when this one is read.
    pub behind: Vec<String>,
    /// Whether the value is taken when the program is built.
    pub baked: bool,
    /// Whether it is reached only where the file itself is what is run: `if __name__ == "__main__":`.
    pub of_main: bool,
}

impl Read {
    /// A read of `name` at `span`.
    pub(super) fn new(name: impl Into<String>, span: Range<usize>, need: Need) -> Self {
        Self {
            names: vec![name.into()],
            span,
            need,
            ignores_case: false,
            delimiter: None,
            behind: Vec::new(),
            baked: false,
            of_main: false,
        }
    }

    /// The name that it goes by.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Whether a variable of this name will do.
    pub fn is_met_by(&self, name: &str) -> bool {
        let is_name = |known: &String| {
            if self.ignores_case { known.eq_ignore_ascii_case(name) } else { known == name }
        };
        let is_part = |known: &String| {
            let Some(delimiter) = &self.delimiter else { return false };
            let start = format!("{known}{delimiter}");
            name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(&start))
        };
        self.names.iter().any(|known| is_name(known) || is_part(known))
    }
}

/// A function of the program that reads the variable whose name it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Helper {
    /// Its name.
    pub(super) name: String,
    /// Which of its arguments is the name of the variable, from 0.
    pub(super) position: usize,
    /// What happens where a call gives nothing else.
    pub(super) need: Need,
    /// Whether a further argument is what is taken instead.
    pub(super) takes_fallback: bool,
    /// Whether other files can call it by its name.
    pub(super) is_shared: bool,
    /// The class or the object that it is a method of.
    pub(super) owner: Option<String>,
    /// Where it is known under its bare name, in tokens of its file; a method: the class that it stands in.
    pub(super) scope: Range<usize>,
    /// The file that it stands in, where that is another one.
    pub(super) path: String,
}

impl Helper {
    /// Whether a module that an import names can be the file of this function, or what hands it on: `./lib/env`,
    /// `app.config`.
    pub(super) fn is_of(&self, module: &str) -> bool {
        let module = [".ts", ".js", ".mjs", ".cjs", ".tsx", ".jsx"]
            .iter()
            .find_map(|end| module.strip_suffix(end))
            .unwrap_or(module);
        let last = module.rsplit(['/', '.']).next().unwrap_or_default();
        last.is_empty() || self.path.split(['/', '.']).any(|part| part == last)
    }
}

/// A class whose fields are variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    /// Its name.
    pub(super) name: String,
    /// What it is derived from.
    pub(super) bases: Vec<String>,
    /// What the names of its variables begin with, where it says so.
    pub(super) prefix: Option<String>,
    /// What stands between the name of a field and those of its parts, where it says so.
    pub(super) delimiter: Option<String>,
    /// Whether capitals and small letters differ, where it says so.
    pub(super) is_case_sensitive: Option<bool>,
    /// Whether a field that may be nothing needs no default (pydantic 1).
    pub(super) is_first_version: bool,
    /// Whether values come from elsewhere too.
    pub(super) has_other_sources: bool,
    /// Its fields.
    pub(super) fields: Vec<Field>,
}

/// A field of a class whose fields are variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// Other names, which hold instead.
    pub(super) aliases: Vec<String>,
    /// Where it stands.
    pub(super) span: Range<usize>,
    /// Whether it has a default.
    pub(super) has_default: bool,
    /// Whether it may be nothing.
    pub(super) is_optional: bool,
}

/// What a file reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// The reads whose names are known, in the order of the file.
    pub reads: Vec<Read>,
    /// Places that read variables whose names nobody can see, in bytes.
    pub unknown: Vec<Range<usize>>,
    /// Variables that the program sets itself.
    pub set: Vec<String>,
    /// Where reads begin, in bytes, without which the file cannot even be loaded.
    pub at_load: Vec<usize>,
    pub(super) helpers: Vec<Helper>,
    pub(super) classes: Vec<Class>,
}

impl Scan {
    /// Whether there is nothing to say of the file.
    pub(super) fn is_empty(&self) -> bool {
        self.reads.is_empty() && self.unknown.is_empty() && self.set.is_empty() && self.classes.is_empty()
    }

    /// Puts the reads in the order of the file, each place once.
    pub(super) fn settle(&mut self) {
        let order = |read: &Read| (read.span.start, read.span.end);
        self.reads.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.names.cmp(&b.names)));
        self.reads.dedup_by(|a, b| a.span == b.span && a.names == b.names);
        self.unknown.sort_by_key(|span| (span.start, span.end));
        self.unknown.dedup();
    }
}

/// Whether a text looks like the name of a variable that somebody sets: capitals, digits and `_`.
pub(super) fn is_shouted(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether a text can be the name of a variable.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// What the name of a function says about whether a variable must be there.
pub(super) fn need_by_name(function: &str) -> Option<Need> {
    let name = function.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["optional", "maybe", "ordefault", "or_default"]) {
        Some(Need::Fallback)
    } else if has(&["require", "must", "mandatory", "ensure", "assert", "orthrow", "or_raise", "or_fail"]) {
        Some(Need::Demanded)
    } else {
        None
    }
}

//! A clean stack, read line by line, so that an operator can change one of them.

use std::fs;
use std::path::Path;

use stackgen::diagnostics::{Resolved, Severity};
use stackgen::plan::{Plan, Service};
use stackgen::project::Project;
use tempfile::TempDir;

use crate::mutant::{Mutant, Spot};
use crate::support::{self, copy_sources, entries, examples, repository};

/// A clean stack in a folder of its own.
pub(crate) struct Base {
    pub(crate) name: String,
    folder: TempDir,
    pub(crate) text: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) plans: Vec<Plan>,
    /// What is said of it as it is: hints, and nothing worse.
    pub(crate) hints: Vec<String>,
}

/// One line of a services.toml: what it says, where it is an entry or a header.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// From 0.
    pub(crate) number: usize,
    /// The header above it, or its own; empty before the first.
    pub(crate) table: String,
    /// What stands before ` =`; empty where it is no entry.
    pub(crate) key: String,
    /// What stands behind it, without a comment.
    pub(crate) value: String,
    /// The line itself.
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn is_header(&self) -> bool {
        self.text.starts_with('[')
    }

    pub(crate) fn is_entry(&self) -> bool {
        !self.key.is_empty()
    }

    /// The service in whose own table it stands, in the base file.
    pub(crate) fn service(&self) -> Option<&str> {
        let name = self.table.strip_prefix("services.")?;
        (!name.contains('.')).then_some(name)
    }

    /// Whether it stands in the table of this name of a service: `env`, `labels`, `compose` …
    pub(crate) fn is_in(&self, table: &str) -> bool {
        self.table
            .strip_prefix("services.")
            .and_then(|rest| rest.split_once('.'))
            .is_some_and(|(_, name)| name == table)
    }
}

impl Base {
    /// The five systems, and the stacks in `raw`.
    pub(crate) fn all() -> Vec<Self> {
        let voice = support::Project::copy().into_folder();
        let mut all = vec![Self::read("voice-stack", voice)];
        for folder in examples().into_iter().chain(entries(&repository().join("tests/mutants/raw"))) {
            let name = folder.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
            all.push(Self::read(name, copy_of(&folder)));
        }
        all
    }

    fn read(name: &str, folder: TempDir) -> Self {
        let path = folder.path().join("services.toml");
        let text = fs::read_to_string(&path).expect("a services.toml");
        let analysis = Project::open(&path).expect("a services.toml").analyse().expect("an analysis");
        let is_hint = |finding: &&Resolved| finding.severity == Severity::Hint;
        let (hints, found): (Vec<&Resolved>, Vec<&Resolved>) = analysis.report.findings.iter().partition(is_hint);
        assert!(found.is_empty(), "{name} is not clean: {found:#?}");
        let hints = hints.into_iter().map(|hint| hint.message.clone()).collect();
        Self { name: name.to_owned(), folder, lines: lines(&text), text, plans: analysis.plans, hints }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The entries, and nothing else.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.is_entry())
    }

    /// The headers of services in the base file, and what each service is.
    pub(crate) fn services(&self) -> impl Iterator<Item = (&Line, &Service)> {
        self.lines
            .iter()
            .filter(|line| line.is_header())
            .filter_map(|line| Some((line, self.service(line.service()?)?)))
    }

    /// What a service is, in the first environment that has it.
    pub(crate) fn service(&self, name: &str) -> Option<&Service> {
        self.plans.iter().find_map(|plan| plan.services.get(name))
    }

    /// The entry of this key in this table.
    pub(crate) fn entry(&self, table: &str, key: &str) -> Option<&Line> {
        self.entries().find(|line| line.table == table && line.key == key)
    }

    /// Whether a service says this key itself.
    pub(crate) fn says(&self, service: &str, key: &str) -> bool {
        let table = format!("services.{service}");
        self.lines.iter().any(|line| {
            (line.table == table && (line.key == key || line.key.starts_with(&format!("{key}."))))
                || line.table == format!("{table}.{key}")
        })
    }

    /// Whether a service runs in production.
    pub(crate) fn in_production(&self, service: &str) -> bool {
        self.plans.iter().any(|plan| plan.production && plan.services.contains_key(service))
    }

    /// With another text in the place of a line, or several.
    pub(crate) fn set(&self, line: &Line, text: impl AsRef<str>) -> Mutant {
        let mut all: Vec<&str> = self.text.lines().collect();
        all[line.number] = text.as_ref();
        self.mutant(all.join("\n") + "\n", line.number, text.as_ref())
    }

    /// With another value of an entry.
    pub(crate) fn value(&self, line: &Line, value: impl AsRef<str>) -> Mutant {
        self.set(line, format!("{} = {}", line.key, value.as_ref()))
    }

    /// With a part of a line replaced; nothing where that is not in there, or the same.
    pub(crate) fn swap(&self, line: &Line, from: &str, to: &str) -> Option<Mutant> {
        (line.text.contains(from) && from != to).then(|| self.set(line, line.text.replacen(from, to, 1)))
    }

    /// With more lines below one.
    pub(crate) fn below(&self, line: &Line, text: impl AsRef<str>) -> Mutant {
        let mut all: Vec<&str> = self.text.lines().collect();
        all.insert(line.number + 1, text.as_ref());
        self.mutant(all.join("\n") + "\n", line.number + 1, text.as_ref())
    }

    /// Without a line; to be found at the line that now stands there.
    pub(crate) fn without(&self, line: &Line) -> Mutant {
        let mut all: Vec<&str> = self.text.lines().collect();
        all.remove(line.number);
        self.mutant(all.join("\n") + "\n", line.number, &format!("without {}", line.text))
    }

    /// With more lines at the end.
    pub(crate) fn end(&self, text: &str) -> Mutant {
        let number = self.lines.len();
        self.mutant(format!("{}{text}\n", self.text), number, text)
    }

    /// With another text altogether, to be found at the first line with these words.
    pub(crate) fn text(&self, text: String, words: &str) -> Mutant {
        self.mutant(text, 0, words).at(words)
    }

    /// With another content of a file of the project.
    pub(crate) fn file(&self, path: &str, content: Option<String>, shown: &str) -> Mutant {
        let mut mutant = self.mutant(self.text.clone(), 0, &format!("{path}: {shown}"));
        mutant.files.push((path.to_owned(), content));
        mutant.spots = vec![Spot::File(path.to_owned())];
        mutant
    }

    /// A file of the project.
    pub(crate) fn content(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.folder().join(path)).ok()
    }

    fn mutant(&self, text: String, number: usize, shown: &str) -> Mutant {
        let shown = format!("{}: {}", self.name, shown.trim().replace('\n', " ⏎ "));
        Mutant { text, files: Vec::new(), spots: vec![Spot::Line(number)], shown }
    }
}

/// A copy of a project, as a clone has it.
pub(crate) fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::Builder::new().prefix("stackgen-mutants-").tempdir().expect("a temporary folder");
    copy_sources(folder, copy.path());
    // What `copy_sources` leaves out as an operator's own.
    for file in entries(folder).into_iter().filter(|path| is_env_file(path.as_path())) {
        fs::copy(&file, copy.path().join(file.file_name().expect("a name"))).expect("a copy");
    }
    copy
}

fn is_env_file(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|extension| extension == "env")
}

fn lines(text: &str) -> Vec<Line> {
    let mut table = String::new();
    let mut lines = Vec::new();
    for (number, text) in text.lines().enumerate() {
        if let Some(header) = text.strip_prefix('[') {
            header.split(']').next().unwrap_or_default().clone_into(&mut table);
        }
        let is_entry = text.starts_with(|first: char| first.is_alphanumeric() || first == '"' || first == '_');
        let (key, value) = text.split_once('=').filter(|_| is_entry).unwrap_or_default();
        // A quoted key with `=` in it is none that a stack here has.
        let value = value.rsplit_once("  #").map_or(value, |(value, _)| value);
        let [key, value] = [key, value].map(|part| part.trim().to_owned());
        lines.push(Line { number, table: table.clone(), key, value, text: text.to_owned() });
    }
    lines
}

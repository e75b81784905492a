//! One change of a clean stack, and where it has to be found.

use std::fs;
use std::sync::Arc;

use stackgen::project::Project;
use stackgen::source::Source;
use tempfile::TempDir;

use crate::base::{Base, copy_of};

/// Where something has to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spot {
    /// A line of services.toml, from 0.
    Line(usize),
    /// Another file.
    File(String),
}

/// One change.
#[derive(Debug, Clone)]
pub(crate) struct Mutant {
    /// The services.toml.
    pub(crate) text: String,
    /// Files that have another content, or are gone.
    pub(crate) files: Vec<(String, Option<String>)>,
    /// Where it may be found: the places that are equally right.
    pub(crate) spots: Vec<Spot>,
    /// What it is, for whoever reads of it.
    pub(crate) shown: String,
}

/// What was found of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// By a rule that is meant, where the change is.
    Right,
    /// By another rule, or elsewhere: what it was.
    Otherwise(String),
    /// Nothing.
    Missed,
}

impl Mutant {
    /// Where it is found instead: the first line with these words.
    pub(crate) fn at(mut self, words: &str) -> Self {
        self.spots.clear();
        self.or_at(words)
    }

    /// Where it is found instead: the last line with these words.
    pub(crate) fn at_last(mut self, words: &str) -> Self {
        let count = self.text.lines().count();
        let last = self.text.lines().rev().position(|line| line.contains(words));
        self.spots = last.map(|from_the_end| Spot::Line(count - 1 - from_the_end)).into_iter().collect();
        self
    }

    /// Where it may be found as well: the first line with these words.
    pub(crate) fn or_at(mut self, words: &str) -> Self {
        self.spots.extend(self.text.lines().position(|line| line.contains(words)).map(Spot::Line));
        self
    }

    /// Where it may be found as well: every line with these words.
    pub(crate) fn or_at_each(mut self, words: &str) -> Self {
        let lines = self.text.lines().enumerate().filter(|(_, line)| line.contains(words));
        self.spots.extend(lines.map(|(number, _)| Spot::Line(number)));
        self
    }

    /// The mutant in a folder of its own, where it changes files; else nothing, as the base's folder will do.
    fn folder(&self, base: &Base) -> Option<Arc<TempDir>> {
        if self.files.is_empty() {
            return None;
        }
        let folder = copy_of(base.folder());
        for (path, content) in &self.files {
            let path = folder.path().join(path);
            match content {
                Some(content) => {
                    fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
                    fs::write(path, content).expect("a writable folder");
                }
                None => fs::remove_file(path).expect("a file to remove"),
            }
        }
        Some(Arc::new(folder))
    }

    /// Looks at it with the rules, of which one of these has to find it.
    pub(crate) fn judge(&self, base: &Base, rules: &[&str]) -> Outcome {
        let own = self.folder(base);
        let folder = own.as_ref().map_or(base.folder(), |own| own.path()).to_owned();
        let project = Project::from_source(Source::new("services.toml", folder, self.text.clone()));
        let analysis = project.analyse().unwrap_or_else(|error| panic!("{}: {error}", self.shown));
        let mut others = Vec::new();
        for finding in analysis.report.findings.iter().filter(|finding| !base.hints.contains(&finding.message)) {
            let line = project.source().position(finding.primary.span.start).line - 1;
            let spot = finding.primary.file.clone().map_or(Spot::Line(line), Spot::File);
            if rules.contains(&finding.rule) && self.spots.contains(&spot) {
                return Outcome::Right;
            }
            let place = match &spot {
                Spot::Line(number) => self.text.lines().nth(*number).unwrap_or_default().trim().to_owned(),
                Spot::File(path) => path.clone(),
            };
            others.push(format!("{} at `{place}`", finding.rule));
        }
        if others.is_empty() { Outcome::Missed } else { Outcome::Otherwise(others.join(", ")) }
    }
}

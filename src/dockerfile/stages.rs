//! The stages of a Dockerfile, and what each of them starts from (Dockerfile reference, "FROM", "Multi-stage builds").

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostics::words::nearest;

use super::{Dockerfile, Flaw, FlawKind, Instruction, Keyword, Word, words};

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name, where it has one.
    pub name: Option<Word>,
    /// What it starts from, as it is written: an image, or a stage before it.
    pub base: Word,
    /// The position of its `FROM` among the instructions.
    pub from: usize,
    /// The positions of what follows.
    pub body: Range<usize>,
}

/// Variables that a `FROM` knows without an `ARG` (Dockerfile reference, "Automatic platform ARGs in the global scope").
pub(crate) const PLATFORM: [&str; 8] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
];

pub(super) fn of(instructions: &[Instruction], flaws: &mut Vec<Flaw>) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for (index, instruction) in instructions.iter().enumerate() {
        if instruction.keyword == Keyword::From {
            let base = instruction.arguments.first().cloned().unwrap_or_default();
            let name = instruction.arguments.get(2).cloned();
            if let Some(name) = name.as_ref().filter(|name| !is_name(&name.text)) {
                flaws.push(Flaw { range: name.span.clone(), kind: FlawKind::StageName { name: name.text.clone() } });
            }
            stages.push(Stage { name, base, from: index, body: index + 1..index + 1 });
        } else if let Some(stage) = stages.last_mut() {
            stage.body.end = index + 1;
        } else if !matches!(instruction.keyword, Keyword::Arg | Keyword::Unknown) {
            flaws.push(Flaw { range: instruction.span.clone(), kind: FlawKind::BeforeFrom });
        }
    }
    stages
}

/// Whether a stage can be called so.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

impl Stage {
    /// Whether it has this name.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|known| known.text.eq_ignore_ascii_case(name))
    }
}

impl Instruction {
    /// The stages or images that it takes files from, and where they are named: `COPY --from`, `RUN --mount=…,from=…`.
    pub fn origins(&self) -> Vec<(String, Range<usize>)> {
        let mut found = Vec::new();
        for flag in &self.flags {
            let Some(value) = &flag.value else { continue };
            match (self.keyword, flag.name.as_str()) {
                (Keyword::Copy | Keyword::Add, "from") => found.push((value.clone(), flag.span.clone())),
                (Keyword::Run, "mount") => {
                    let from = value.split(',').find_map(|field| field.trim().strip_prefix("from="));
                    found.extend(from.map(|from| (from.to_owned(), flag.span.clone())));
                }
                _ => {}
            }
        }
        found
    }
}

impl Dockerfile {
    /// The stage that a build ends with: the one of this name, else the last one.
    pub fn target(&self, target: Option<&str>) -> Option<usize> {
        match target {
            None => self.stages.len().checked_sub(1),
            Some(name) => self.named(name, self.stages.len()),
        }
    }

    /// The stage of this name among the first `before`; of several the last.
    pub fn named(&self, name: &str, before: usize) -> Option<usize> {
        let stages = &self.stages[..before.min(self.stages.len())];
        stages.iter().rposition(|stage| stage.is_called(name))
    }

    /// The stage that `--from` of the stage at `index` means: by its name, or by its number.
    pub fn source(&self, name: &str, index: usize) -> Option<usize> {
        self.named(name, index).or_else(|| name.parse().ok().filter(|number| *number < index))
    }

    /// The stage above the one at `index` that `--from` probably means, where there is none of that name.
    pub fn meant(&self, name: &str, index: usize) -> Option<&str> {
        // With a slash, a dot or a tag it means an image.
        if self.source(name, index).is_some() || name.contains(['/', ':', '.', '@']) {
            return None;
        }
        let names = self.stages[..index].iter().filter_map(|stage| stage.name.as_ref());
        nearest(name, names.map(|name| name.text.as_str()))
    }

    /// Which stages are needed for one of them: those that it starts from or copies from, and so on. `arguments` are those
    /// of the build.
    pub fn needed(&self, target: usize, arguments: &BTreeMap<String, String>) -> Vec<bool> {
        let values = self.global_arguments(arguments);
        let mut needed = vec![false; self.stages.len()];
        if let Some(target) = needed.get_mut(target) {
            *target = true;
        }
        // A stage needs only what stands before it.
        for index in (0..self.stages.len()).rev().filter(|index| *index <= target) {
            if !needed[index] {
                continue;
            }
            let stage = &self.stages[index];
            let copied = self.instructions[stage.body.clone()].iter().flat_map(Instruction::origins);
            let all = copied.filter_map(|(name, _)| self.source(&name, index)).chain(self.base_of(index, &values));
            for other in all.collect::<Vec<_>>() {
                needed[other] = true;
            }
        }
        needed
    }

    /// The names of the stages, in their order.
    pub fn stage_names(&self) -> Vec<String> {
        self.stages.iter().filter_map(|stage| Some(stage.name.as_ref()?.text.clone())).collect()
    }

    /// What a stage starts from, with the values of its variables; none where those cannot be known. `values` are those of
    /// [`Self::global_arguments`].
    pub fn base(&self, stage: &Stage, values: &BTreeMap<String, Option<String>>) -> Option<String> {
        let mut is_known = true;
        let base = words::expand(&stage.base.text, self.escape, &mut |name| {
            let value = values.get(name).cloned().flatten();
            is_known &= value.is_some() || !PLATFORM.contains(&name);
            value
        });
        base.filter(|_| is_known)
    }

    /// The stage before it that a stage starts from; none for an image.
    pub fn base_of(&self, index: usize, values: &BTreeMap<String, Option<String>>) -> Option<usize> {
        let base = self.base(self.stages.get(index)?, values)?;
        // A number is the name of an image here.
        self.named(&base, index)
    }

    /// What is declared before the first `FROM`, with the value that it has there; none for no value.
    pub fn global_arguments(&self, arguments: &BTreeMap<String, String>) -> BTreeMap<String, Option<String>> {
        let mut values: BTreeMap<String, Option<String>> = BTreeMap::new();
        let first = self.stages.first().map_or(self.instructions.len(), |stage| stage.from);
        let declared = self.instructions[..first].iter().filter(|instruction| instruction.keyword == Keyword::Arg);
        for word in declared.flat_map(|instruction| &instruction.arguments) {
            let (name, default) = match word.text.split_once('=') {
                Some((name, default)) => (name, Some(default)),
                None => (word.text.as_str(), None),
            };
            let passed = arguments.get(name).cloned();
            let default = default.and_then(|default| {
                words::expand(default, self.escape, &mut |name| values.get(name).cloned().flatten())
            });
            // Declared again without a value, it keeps the one that it has.
            let value = passed.or(default).or_else(|| values.get(name).cloned().flatten());
            values.insert(name.to_owned(), value);
        }
        values
    }

    /// What `ARG` and `ENV` say at the end of a stage, and of those that it starts from; none for no value, or one that
    /// cannot be known. `arguments` are those of the build.
    pub fn values(&self, stage: usize, arguments: &BTreeMap<String, String>) -> BTreeMap<String, Option<String>> {
        let global = self.global_arguments(arguments);
        let mut values: BTreeMap<String, Option<String>> = BTreeMap::new();
        for instruction in self.inherited(stage, arguments).into_iter().rev() {
            match instruction.keyword {
                Keyword::Arg => {
                    for word in &instruction.arguments {
                        let (name, default) = match word.text.split_once('=') {
                            Some((name, default)) => (name, self.expand(default, &values)),
                            None => (word.text.as_str(), global.get(name_of(&word.text)).cloned().flatten()),
                        };
                        let value = arguments.get(name).cloned().or(default);
                        values.insert(name.to_owned(), value);
                    }
                }
                Keyword::Env => {
                    // The old form has its value behind the first word.
                    let old = instruction.arguments.first().filter(|first| !first.text.contains('='));
                    if let Some(name) = old {
                        let value = instruction.text.text.strip_prefix(&name.text).unwrap_or_default().trim();
                        values.insert(name.text.clone(), self.expand(value, &values));
                        continue;
                    }
                    let before = values.clone();
                    for (name, value) in instruction.arguments.iter().filter_map(|word| word.text.split_once('=')) {
                        values.insert(name.to_owned(), self.expand(value, &before));
                    }
                }
                _ => {}
            }
        }
        values
    }

    /// A word with these values; none where one of them is not known.
    pub fn expand(&self, word: &str, values: &BTreeMap<String, Option<String>>) -> Option<String> {
        let mut is_known = true;
        let expanded = words::expand(word, self.escape, &mut |name| {
            let value = values.get(name).cloned().flatten();
            // What the base image says of it is not known.
            is_known &= value.is_some();
            value
        });
        expanded.filter(|_| is_known)
    }
}

fn name_of(word: &str) -> &str {
    word.split('=').next().unwrap_or(word)
}

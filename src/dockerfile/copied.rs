//! What a Dockerfile takes from its context: `COPY`, `ADD`, and what `RUN --mount` binds (Dockerfile reference, "COPY",
//! "ADD", "RUN --mount=type=bind").

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Dockerfile, Instruction, Keyword};

/// Something that is taken from the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The path in the context: relative to it, without `.` and `..`.
    pub path: String,
    /// Where it is named, in bytes of the file.
    pub span: Range<usize>,
}

impl Dockerfile {
    /// What the stages that `target` needs take from the context, where that can be known: patterns match what there is,
    /// and a variable without a value may be anything. `arguments` are those of the build.
    pub fn copied(&self, target: Option<&str>, arguments: &BTreeMap<String, String>) -> Vec<Copied> {
        let mut found = Vec::new();
        let Some(last) = self.target(target) else { return found };
        for (index, _) in self.needed(last, arguments).into_iter().enumerate().filter(|(_, needed)| *needed) {
            let values = self.values(index, arguments);
            let mut take = |text: &str, span: Range<usize>| {
                let is_elsewhere = text.contains("://") || text.starts_with("git@") || text.starts_with("<<");
                let path =
                    self.expand(text, &values).filter(|path| !is_elsewhere && !path.contains(['*', '?', '[', '\\']));
                if let Some(path) = path {
                    found.push(Copied { path: inside(&path), span });
                }
            };
            for instruction in &self.instructions[self.stages[index].body.clone()] {
                match instruction.keyword {
                    Keyword::Copy | Keyword::Add if instruction.flag("from").is_none() => {
                        for word in instruction.sources() {
                            take(&word.text, word.span.clone());
                        }
                    }
                    Keyword::Run => bound(instruction).into_iter().for_each(|(path, span)| take(&path, span)),
                    _ => {}
                }
            }
        }
        found
    }
}

/// What the mounts of a `RUN` bind from the context.
fn bound(instruction: &Instruction) -> Vec<(String, Range<usize>)> {
    let mounts = instruction.flags.iter().filter(|flag| flag.name == "mount");
    mounts
        .filter_map(|flag| {
            let fields: BTreeMap<&str, &str> =
                flag.value.as_deref()?.split(',').filter_map(|field| field.trim().split_once('=')).collect();
            let is_bind = fields.get("type").is_none_or(|kind| *kind == "bind");
            let source = fields.get("source").or_else(|| fields.get("src"))?;
            (is_bind && !fields.contains_key("from")).then(|| ((*source).to_owned(), flag.span.clone()))
        })
        .collect()
}

/// A path as the builder takes it: the root of the context is as far up as it goes.
fn inside(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

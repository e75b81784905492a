//! Other stacks on the same host: planned to be compared with. Nothing is rendered of them, and their own mistakes are
//! told where they are checked themselves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::manifest::{self, Read};
use crate::plan::Plan;
use crate::project::{Planned, Project, ProjectError};
use crate::rules::Context;
use crate::source::Source;
use crate::sources::{Found, Sources};

/// Another stack.
#[derive(Debug)]
pub struct Sibling {
    /// Its services.toml, from the directory of that of the stack, with forward slashes.
    pub path: String,
    /// Where `siblings` names it; none where the command line does.
    pub position: Option<usize>,
    source: Source,
    /// Nothing where its services.toml is no TOML.
    planned: Option<Planned>,
}

/// What the command line says of other stacks.
#[derive(Debug, Default, Clone)]
pub struct Beside {
    /// To be compared with, whatever `siblings` says: from the directory of services.toml.
    pub also: Vec<String>,
    /// Not to be compared with although `siblings` names them, since that is done from their side.
    pub not: BTreeSet<PathBuf>,
}

impl Sibling {
    /// The other stacks that services.toml and the command line name. `sources` says which of those files are there.
    pub(crate) fn all(
        own: &Source,
        read: &Read,
        sources: &Sources,
        beside: &Beside,
    ) -> Result<Vec<Self>, ProjectError> {
        let stack = read.environments.values().find_map(|manifest| manifest.stack.as_ref());
        let declared = stack.and_then(|stack| stack.siblings.as_ref()).into_iter().flatten().enumerate();
        let declared = declared.filter(|(_, path)| sources.path(path) == Found::File);
        let declared = declared.map(|(position, path)| (Some(position), path));
        let directory = own.directory();
        // Nor is a stack its own sibling.
        let mut known = beside.not.clone();
        known.extend(directory.join(own.file_name()).canonicalize());
        let mut siblings = Vec::new();
        for (position, path) in declared.chain(beside.also.iter().map(|path| (None, path))) {
            let file = directory.join(path);
            // One file has many spellings.
            if known.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                siblings.push(Self::open(&file, path, position)?);
            }
        }
        Ok(siblings)
    }

    fn open(file: &Path, path: &str, position: Option<usize>) -> Result<Self, ProjectError> {
        let project = Project::open(file)?;
        let (document, syntax) = manifest::parse(project.source());
        let planned = if syntax.is_empty() { Some(project.planned(&document)?) } else { None };
        drop(document);
        Ok(Self { path: path.to_owned(), position, planned, source: project.into_source() })
    }

    /// Its text and its place.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its plans, by environment; none where nothing of it can be understood.
    pub fn plans(&self) -> &[Plan] {
        self.planned.as_ref().map_or(&[], |planned| &planned.plans)
    }

    /// Whether a mistake in it may hide something that it takes.
    pub fn has_flaws(&self) -> bool {
        self.planned.as_ref().is_none_or(|planned| {
            !planned.read.problems.is_empty() || planned.plans.iter().any(|plan| !plan.problems.is_empty())
        })
    }

    /// What a rule may look at; none where nothing of it can be understood.
    pub fn context(&self) -> Option<Context<'_>> {
        let Planned { read, sources, plans } = self.planned.as_ref()?;
        (!plans.is_empty()).then_some(Context { read, plans, sources, siblings: &[], host: None })
    }
}

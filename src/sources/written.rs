//! The Dockerfiles that the plans build with and that stackgen's own templates did not write: by hand, or rendered from
//! a template of the project; and what keeps files out of their contexts.

use std::collections::BTreeMap;
use std::path::Path;

use crate::dockerfile::Dockerfile;
use crate::dockerfile::ignore::{self, Ignore};
use crate::plan::{BuildPlace, Plan, Service};

/// A Dockerfile that the project answers for.
#[derive(Debug)]
pub struct Written {
    /// Its path, relative to services.toml.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What it says.
    pub file: Dockerfile,
    /// The project's own template that it is rendered from; none for one written by hand.
    pub template: Option<String>,
}

/// What is known of a build context.
#[derive(Debug, Default)]
pub struct BuildContext {
    /// Whether the directory is there.
    pub exists: bool,
    /// The ignore file that is read: its path, relative to services.toml, and what it says.
    pub ignore: Option<(String, Ignore)>,
    /// An ignore file beside the Dockerfile, that nothing reads.
    pub stray: Option<String>,
    /// Whether it is the root of a git repository.
    pub has_git: bool,
    /// Whether npm or one of its like installs there.
    pub has_package: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct WrittenFiles {
    files: BTreeMap<String, Written>,
    contexts: BTreeMap<BuildPlace, BuildContext>,
}

/// A Dockerfile that is rendered from a template of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// What is rendered.
    pub text: String,
    /// The template, relative to services.toml.
    pub template: String,
}

impl WrittenFiles {
    /// Looks at what the plans build with, below `root`. `rendered` holds what templates of the project make.
    pub(super) fn take(root: &Path, plans: &[Plan], rendered: BTreeMap<String, RenderedFile>) -> Self {
        let mut found = Self::default();
        let is_generated = |service: &Service, place: &BuildPlace| {
            let recipe = service.build.as_ref().and_then(|build| build.recipe.as_ref());
            recipe.is_some_and(|recipe| recipe.files.iter().any(|file| file.path == place.dockerfile))
        };
        for plan in plans {
            for service in plan.services.values() {
                let Some(place) = service.build_place(&plan.output) else { continue };
                if !found.contexts.contains_key(&place) {
                    let context = context(root, &place);
                    found.contexts.insert(place.clone(), context);
                }
                if found.files.contains_key(&place.dockerfile) || rendered.contains_key(&place.dockerfile) {
                    continue;
                }
                // What cannot be read is told where the plan needs it, or by the build.
                if !is_generated(service, &place)
                    && let Ok(bytes) = std::fs::read(root.join(&place.dockerfile))
                {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    found.insert(place.dockerfile, text, None);
                }
            }
        }
        for (path, RenderedFile { text, template }) in rendered {
            found.insert(path, text, Some(template));
        }
        found
    }

    fn insert(&mut self, path: String, text: String, template: Option<String>) {
        let file = Dockerfile::parse(&text);
        self.files.insert(path.clone(), Written { path, text, file, template });
    }

    pub(super) fn file(&self, path: &str) -> Option<&Written> {
        self.files.get(path)
    }

    pub(super) fn context(&self, place: &BuildPlace) -> Option<&BuildContext> {
        self.contexts.get(place)
    }
}

fn context(root: &Path, place: &BuildPlace) -> BuildContext {
    let directory = root.join(&place.context);
    let exists = directory.is_dir();
    if !exists {
        return BuildContext::default();
    }
    let joined = |directory: &str, name: &str| match directory {
        "" => name.to_owned(),
        directory => format!("{directory}/{name}"),
    };
    // The one that is called like the Dockerfile comes first.
    let of_file = format!("{}{}", place.dockerfile, ignore::NAME);
    let of_context = joined(&place.context, ignore::NAME);
    let ignore = [of_file, of_context].into_iter().find_map(|path| {
        let bytes = std::fs::read(root.join(&path)).ok()?;
        Some((path, Ignore::parse(&String::from_utf8_lossy(&bytes))))
    });
    let beside = place.dockerfile.rsplit_once('/').map_or("", |(directory, _)| directory);
    let stray = (beside != place.context).then(|| joined(beside, ignore::NAME));
    BuildContext {
        exists,
        ignore,
        stray: stray.filter(|path| root.join(path).is_file()),
        has_git: directory.join(".git").exists(),
        has_package: directory.join("package.json").is_file(),
    }
}

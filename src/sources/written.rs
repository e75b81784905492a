//! The Dockerfiles that the plans build with and that stackgen's own templates did not write: by hand, or rendered from
//! a template of the project; and what keeps files out of their contexts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::dockerfile::Dockerfile;
use crate::dockerfile::ignore::{self, Ignore};
use crate::git::Repository;
use crate::plan::{BuildPlace, Plan, Service};

use super::surroundings::{HostPath, Presence, host_path};

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
    copied: BTreeMap<(BuildPlace, String), CopiedFile>,
}

/// What is known of a path that a Dockerfile copies from its context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedFile {
    /// What is there.
    pub host: HostPath,
    /// Whether git tracks it, or something in it.
    pub is_tracked: bool,
    /// The ignore file that keeps it out of the context.
    pub kept_out_by: Option<String>,
    /// The path without the context's own, where that is there instead.
    pub from_context: Option<String>,
    /// The path as the project has it, where it lies there outside of the context.
    pub above: Option<String>,
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
        found.look_at_copied(root, plans);
        found
    }

    /// Looks at what the Dockerfiles copy from their contexts.
    fn look_at_copied(&mut self, root: &Path, plans: &[Plan]) {
        if self.files.is_empty() {
            return;
        }
        let Ok(root) = root.canonicalize() else { return };
        let mut repository = Repository::find(&root);
        for plan in plans {
            for service in plan.services.values() {
                let Some(place) = service.build_place(&plan.output) else { continue };
                let Some(written) = self.files.get(&place.dockerfile) else { continue };
                let target = service.build.as_ref().and_then(|build| build.target.as_deref());
                for copied in written.file.copied(target, &service.build_arguments()) {
                    let key = (place.clone(), copied.path);
                    if !key.1.is_empty() && !self.copied.contains_key(&key) {
                        let ignore = self.contexts.get(&place).and_then(|context| context.ignore.as_ref());
                        let file = copied_file(&root, &key.0, &key.1, ignore, repository.as_mut());
                        self.copied.insert(key, file);
                    }
                }
            }
        }
    }

    pub(super) fn copied(&self, place: &BuildPlace, path: &str) -> Option<&CopiedFile> {
        self.copied.get(&(place.clone(), path.to_owned()))
    }

    /// The directories that something is copied from, as services.toml sees them.
    pub(super) fn copied_directories(&self) -> BTreeSet<String> {
        let mut directories = BTreeSet::new();
        for ((place, path), file) in &self.copied {
            let whole = if place.context.is_empty() { path.clone() } else { format!("{}/{path}", place.context) };
            match file.host.presence {
                Presence::Directory => directories.insert(whole),
                Presence::Missing => continue,
                Presence::Other => directories.insert(whole.rsplit_once('/').map_or("", |(above, _)| above).to_owned()),
            };
        }
        directories
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

fn copied_file(
    root: &Path,
    place: &BuildPlace,
    path: &str,
    ignore: Option<&(String, Ignore)>,
    mut repository: Option<&mut Repository>,
) -> CopiedFile {
    let whole = if place.context.is_empty() { path.to_owned() } else { format!("{}/{path}", place.context) };
    let host = host_path(root, &whole, repository.as_deref_mut());
    let is_tracked = match (&repository, host.is_ignored) {
        (Some(repository), true) => {
            let full = root.join(&whole);
            let tracked = repository.tracked(std::slice::from_ref(&full));
            repository.has(&tracked, &full)
        }
        _ => true,
    };
    let is_directory = host.presence == Presence::Directory;
    // The builder is sent its own two files whatever is said, and of a directory what is taken back.
    let is_own = whole == place.dockerfile || path == ignore::NAME;
    let kept_out_by =
        ignore.filter(|(_, ignore)| !is_own && ignore.ignores(path) && !(is_directory && ignore.takes_back()));
    let is_missing = host.presence == Presence::Missing;
    let exists = |path: &str| root.join(path).exists();
    let from_context = path
        .strip_prefix(&format!("{}/", place.context))
        .filter(|inner| is_missing && !place.context.is_empty() && exists(&format!("{}/{inner}", place.context)));
    let above = (is_missing && !place.context.is_empty() && exists(path)).then(|| path.to_owned());
    CopiedFile {
        is_tracked,
        kept_out_by: kept_out_by.map(|(name, _)| name.clone()),
        from_context: from_context.map(str::to_owned),
        above,
        host,
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

//! Dockerfiles of which several services are built: in what their images differ, and the volumes that one asks for.

use super::super::{Proposal, slug};
use crate::compose::interpolation::with_defaults;
use crate::compose::volume;
use crate::dockerfile::Dockerfile;
use crate::init::seen::Container;
use crate::init::seen::compose::BuildOf;
use crate::init::seen::dockerfile::read;
use crate::init::snapshot::joined;

/// A path as it is written in a directory.
pub(super) fn seen_from(directory: &str, path: &str) -> String {
    match path.strip_prefix(&format!("{directory}/")) {
        Some(inner) => inner.to_owned(),
        None if directory.is_empty() => path.to_owned(),
        None => format!("{}{path}", "../".repeat(directory.split('/').count())),
    }
}

/// In what the image of a service, built with the Dockerfile at `path`, differs from that of another one of its source; none
/// where that cannot be said.
pub(super) fn differing(
    build: &BuildOf,
    first: &BuildOf,
    path: &str,
    directory: &str,
    text: Option<&str>,
) -> Option<Vec<(&'static str, String)>> {
    let place = |build: &BuildOf| {
        let name = build.dockerfile.as_deref().unwrap_or("Dockerfile");
        crate::plan::clean_path(&joined(build.context.as_deref()?, name))
    };
    let mut differs = Vec::new();
    let is_another = place(first).is_none_or(|first| first != path);
    if is_another {
        differs.push(("dockerfile", seen_from(directory, path)));
    }
    if build.target != first.target {
        // What is inherited can only be another stage, and not none.
        let last = || Dockerfile::parse(text?).stages.last()?.name.as_ref().map(|name| name.text.clone());
        differs.push(("target", build.target.clone().or_else(last)?));
    }
    Some(differs)
}

/// Tells of the directories for which a Dockerfile asks for a volume, and that have none with a name.
pub(super) fn lost(
    proposal: &mut Proposal,
    container: &Container,
    path: &str,
    text: &str,
    build: &BuildOf,
    name: &str,
) {
    let mounts = container.volumes.iter().filter_map(|text| volume::parse(&with_defaults(text)).ok());
    let mounted: Vec<String> = mounts.map(|mount| mount.target).collect();
    let asked = read(path, text, build.target.as_deref()).volumes;
    for directory in asked.into_iter().filter(|directory| !mounted.contains(directory)) {
        let what = format!(
            "what becomes of `{directory}`: `VOLUME` in {path} gives each new container an empty one; `volumes = \
             [\"{name}-{}:{directory}\"]` keeps it",
            slug(directory.trim_matches('/'))
        );
        proposal.unknown(name, what);
    }
}

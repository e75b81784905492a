//! The files of a built service: whatever its kind says.

use minijinja::Environment;
use serde::Serialize;

use super::{Artifact, Artifacts, Owner, RenderError, filters, manifest_from};
use crate::kinds;
use crate::plan::{Recipe, Service};

#[derive(Serialize)]
struct Context<'a> {
    /// services.toml, as the file sees it.
    manifest: String,
    /// The user's number, and the group's where one is named.
    uid: &'a str,
    gid: Option<&'a str>,
    /// The directory of what the build writes, for kinds that have one.
    output: Option<String>,
    #[serde(flatten)]
    recipe: &'a Recipe,
}

pub(super) fn render(
    environment: &Environment<'_>,
    service: &Service,
    manifest: &str,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    let Some(build) = &service.build else { return Ok(()) };
    let Some(recipe) = &build.recipe else { return Ok(()) };
    for file in &recipe.files {
        // One path, one content: `dockerfile-conflict` has seen to that.
        if artifacts.contains_key(&file.path) {
            continue;
        }
        let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let (uid, gid) = match recipe.user.split_once(':') {
            Some((uid, gid)) => (uid, Some(gid)),
            None => (recipe.user.as_str(), None),
        };
        let context =
            Context { manifest: manifest_from(directory, manifest), uid, gid, output: output(recipe), recipe };
        let name = kinds::template_name(&recipe.kind, &file.template);
        let text = filters::template(environment, &name, context)?;
        let artifact = Artifact { text, executable: file.executable, owner: Owner::Stack };
        artifacts.insert(file.path.clone(), artifact);
    }
    Ok(())
}

/// What the build writes: as the option says, else the first directory of the program.
fn output(recipe: &Recipe) -> Option<String> {
    if let Some(written) = recipe.facts.get("build_output") {
        return Some(written.trim_matches('/').to_owned());
    }
    let main = recipe.facts.get("main")?;
    let (first, _) = main.trim_start_matches("./").split_once('/')?;
    Some(first.to_owned())
}

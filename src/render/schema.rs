//! `services.schema.json`, for editors.

use super::{Artifact, Artifacts, Owner, RenderError};
use crate::templates::Templates;

/// Where it stands: beside services.toml, whose first line names it.
pub const PATH: &str = "services.schema.json";

/// The schema as text, with the options of every kind of the project.
///
/// # Errors
/// Where a built-in kind is broken.
pub fn text(templates: &Templates) -> Result<String, RenderError> {
    let schema = crate::manifest::json_schema(templates)?;
    Ok(format!("{schema:#}\n"))
}

pub(super) fn render(templates: &Templates, artifacts: &mut Artifacts) -> Result<(), RenderError> {
    artifacts.insert(PATH.to_owned(), Artifact { text: text(templates)?, executable: false, owner: Owner::Stack });
    Ok(())
}

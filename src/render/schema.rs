//! `services.schema.json`, for editors.

use super::{Artifact, Artifacts, Owner, RenderError};

/// Where it stands: beside services.toml, whose first line names it.
pub const PATH: &str = "services.schema.json";

/// The schema as text.
///
/// # Errors
/// Where a built-in kind is broken.
pub fn text() -> Result<String, RenderError> {
    let schema = crate::manifest::json_schema()?;
    Ok(format!("{schema:#}\n"))
}

pub(super) fn render(artifacts: &mut Artifacts) -> Result<(), RenderError> {
    artifacts.insert(PATH.to_owned(), Artifact { text: text()?, executable: false, owner: Owner::Stack });
    Ok(())
}

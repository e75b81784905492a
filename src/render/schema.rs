//! `services.schema.json`, for editors.

use super::{Artifact, Artifacts, Owner, RenderError};
use crate::templates::Templates;

/// Where it stands: beside services.toml, whose first line names it.
pub const PATH: &str = "services.schema.json";

/// The schema with the options of the built-in kinds. It is the same for every project without kinds of its own, and to
/// derive it takes longer than all the rest of a small stack.
const BUILT_IN: &str = include_str!("services.schema.json");

/// The schema as text, with the options of every kind of the project.
///
/// # Errors
/// Where a kind is broken.
pub fn text(templates: &Templates) -> Result<String, RenderError> {
    if templates.has_kinds() { derived(templates) } else { Ok(BUILT_IN.to_owned()) }
}

fn derived(templates: &Templates) -> Result<String, RenderError> {
    let schema = crate::manifest::json_schema(templates)?;
    Ok(format!("{schema:#}\n"))
}

pub(super) fn render(templates: &Templates, artifacts: &mut Artifacts) -> Result<(), RenderError> {
    artifacts.insert(PATH.to_owned(), Artifact { text: text(templates)?, executable: false, owner: Owner::Stack });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_built_in_schema_is_what_types_and_kinds_say() {
        let derived = derived(&Templates::default()).unwrap();
        if std::env::var_os("STACKGEN_BLESS").is_some() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render").join(PATH);
            std::fs::write(path, &derived).unwrap();
            return;
        }
        assert!(BUILT_IN == derived, "`STACKGEN_BLESS=1 cargo test --lib schema` writes src/render/{PATH} anew");
    }
}

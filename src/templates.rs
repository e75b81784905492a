//! A project's own templates: what stands in `templates/` beside services.toml shadows the built-in template of the same
//! name, and a folder with a `kind.toml` under `templates/kinds/` is a kind.
//!
//! Other files in there are none of stackgen's business: a web framework may keep its own templates in such a folder.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::kinds::BUILT_IN;

/// The folder beside services.toml.
pub const FOLDER: &str = "templates";

/// The folder in it of what several kinds use.
pub const SHARED: &str = "shared";

/// What a template's name ends with.
const EXTENSION: &str = ".j2";

/// The file that makes a folder a kind.
const KIND: &str = "kind.toml";

/// The templates of a project: its own, and behind them the built-in ones.
#[derive(Debug, Default, Clone)]
pub struct Templates {
    /// Its own, by path below [`FOLDER`].
    own: BTreeMap<String, String>,
}

/// A template that is there and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}")]
pub struct TemplatesError {
    /// The file, relative to services.toml.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

impl Templates {
    /// Reads the project's own templates below `root`.
    ///
    /// # Errors
    /// Where one is there and cannot be read as UTF-8.
    pub fn take(root: &Path) -> Result<Self, TemplatesError> {
        let mut own = BTreeMap::new();
        let folder = root.join(FOLDER);
        for name in names(&folder)? {
            if name.ends_with(EXTENSION) {
                own.insert(name.clone(), read(&folder, &name)?);
            }
        }
        for name in names(&folder.join(SHARED))? {
            if name.ends_with(EXTENSION) {
                let path = format!("{SHARED}/{name}");
                own.insert(path.clone(), read(&folder, &path)?);
            }
        }
        let kinds = folder.join("kinds");
        // A kind of that name would take the place of what kinds share.
        for kind in names(&kinds)?.into_iter().filter(|kind| kind != SHARED) {
            for file in names(&kinds.join(&kind))? {
                if file == KIND || file.ends_with(EXTENSION) {
                    let path = format!("kinds/{kind}/{file}");
                    own.insert(path.clone(), read(&folder, &path)?);
                }
            }
        }
        Ok(Self { own })
    }

    /// Templates of a project that are in no folder, by their path below [`FOLDER`].
    pub(crate) fn of(own: BTreeMap<String, String>) -> Self {
        Self { own }
    }

    /// The `kind.toml` of a kind, and where it stands; the place is none for a built-in one.
    pub fn kind(&self, name: &str) -> Option<(&str, Option<String>)> {
        let path = format!("kinds/{name}/{KIND}");
        if let Some(text) = self.own.get(&path) {
            return Some((text, Some(format!("{FOLDER}/{path}"))));
        }
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text, None))
    }

    /// The names of all kinds, the built-in ones first.
    pub fn kind_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        let own = self.own.keys().filter_map(|path| path.strip_prefix("kinds/")?.strip_suffix(KIND)?.strip_suffix('/'));
        names.extend(own.filter(|name| !BUILT_IN.iter().any(|(known, _)| known == name)));
        names
    }

    /// Whether the project has its own template of this name (see [`Self::own`]).
    pub(crate) fn shadows(&self, name: &str) -> bool {
        self.own().any(|(own, _)| own == name)
    }

    /// Whether a kind is the project's own.
    pub fn has_kinds(&self) -> bool {
        self.own.keys().any(|path| path.ends_with("/kind.toml"))
    }

    /// The project's own templates, each by the name of the built-in one whose place it takes, or would: `<file>`,
    /// `shared/<file>`, or `<kind>/<file>`.
    pub(crate) fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.own.iter().filter(|(path, _)| path.ends_with(EXTENSION));
        own.map(|(path, text)| (path.strip_prefix("kinds/").unwrap_or(path), text.as_str()))
    }
}

/// The names in a folder, sorted; none where there is no such folder.
fn names(folder: &Path) -> Result<Vec<String>, TemplatesError> {
    let wrong = |source| TemplatesError { path: folder.to_string_lossy().replace('\\', "/"), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(wrong(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is no UTF-8 is none that stackgen could mean.
        names.extend(entry.map_err(wrong)?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

fn read(folder: &Path, path: &str) -> Result<String, TemplatesError> {
    let wrong = |source| TemplatesError { path: format!("{FOLDER}/{path}"), source };
    let text = std::fs::read_to_string(folder.join(path)).map_err(wrong)?;
    // Files are written with LF, whatever the template was saved with.
    Ok(text.replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_templates_and_kinds_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("templates/compose.yml.j2", "own");
        write("templates/index.html", "<html>");
        write("templates/kinds/web/kind.toml", "help = 'x'");
        write("templates/kinds/web/Dockerfile.j2", "FROM x\r\n");
        write("templates/kinds/node/Dockerfile.j2", "FROM y\n");
        write("templates/shared/dockerfile.j2", "own");
        let templates = Templates::take(folder.path()).unwrap();
        assert_eq!(templates.own.len(), 5);
        assert_eq!(templates.kind("web").unwrap().1.as_deref(), Some("templates/kinds/web/kind.toml"));
        assert_eq!(templates.kind("node").unwrap().1, None, "only its template is shadowed");
        assert!(templates.kind_names().contains(&"web"));
        assert!(templates.has_kinds());
        let own: Vec<_> = templates.own().collect();
        let kinds = [("node/Dockerfile.j2", "FROM y\n"), ("web/Dockerfile.j2", "FROM x\n")];
        assert_eq!(own, [("compose.yml.j2", "own"), kinds[0], kinds[1], ("shared/dockerfile.j2", "own")]);
    }

    #[test]
    fn without_a_folder_there_is_nothing_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let templates = Templates::take(folder.path()).unwrap();
        assert!(templates.own.is_empty() && !templates.has_kinds());
    }
}

//! What the package files at the root of a source say: what it depends on, what installs that, and which runtime it wants.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use crate::plan::{Plan, clean_path};

/// Files whose presence says something.
const NAMES: [&str; 13] = [
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
    "pyproject.toml",
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "requirements.txt",
    ".npmrc",
];

/// How large a file may be that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// The package files at the root of a source.
#[derive(Debug, Default)]
pub struct Package {
    /// The files that are there.
    pub files: BTreeSet<&'static str>,
    /// package.json, where it can be read.
    pub json: Option<Value>,
    /// pyproject.toml, where it can be read.
    pub project: Option<Value>,
    texts: BTreeMap<&'static str, String>,
}

impl Package {
    fn take(root: &Path, source: &str) -> Self {
        let directory = root.join(source);
        let mut package = Self::default();
        for name in NAMES {
            let path = directory.join(name);
            let Ok(metadata) = path.metadata() else { continue };
            if !metadata.is_file() {
                continue;
            }
            package.files.insert(name);
            let is_read = matches!(name, "package.json" | "pyproject.toml" | ".npmrc") && metadata.len() <= LARGEST;
            if is_read && let Ok(text) = std::fs::read_to_string(path) {
                package.texts.insert(name, text);
            }
        }
        package.json = package.texts.get("package.json").and_then(|text| serde_json::from_str(text).ok());
        package.project = package.texts.get("pyproject.toml").and_then(|text| toml::from_str(text).ok());
        package
    }

    /// The text of one of the files.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// Where a text stands in one of the files, behind another one; the start of the file where it does not.
    pub fn place(&self, name: &str, after: &str, wanted: &str) -> Range<usize> {
        let found = self.text(name).and_then(|text| {
            let start = text.find(after)? + after.len();
            let at = start + text[start..].find(wanted)?;
            Some(at..at + wanted.len())
        });
        found.unwrap_or(0..0)
    }

    /// Whether a package is a dependency, and whether only development has it; none for neither.
    pub fn is_for_development(&self, name: &str) -> Option<bool> {
        let json = self.json.as_ref()?;
        let has = |key: &str| json.get(key).and_then(|packages| packages.get(name)).is_some();
        if has("dependencies") || has("optionalDependencies") || has("peerDependencies") {
            return Some(false);
        }
        has("devDependencies").then_some(true)
    }

    /// A script of package.json.
    pub fn script(&self, name: &str) -> Option<&str> {
        self.json.as_ref()?.get("scripts")?.get(name)?.as_str()
    }
}

/// All of them, by source.
#[derive(Debug, Default)]
pub(super) struct Packages {
    by_source: BTreeMap<String, Package>,
}

impl Packages {
    /// Looks at the sources of the plans, below `root`; at the directories between each and its build context; and at
    /// `copied`, which Dockerfiles copy from.
    pub(super) fn take(root: &Path, plans: &[Plan], copied: BTreeSet<String>) -> Self {
        let mut packages = Self::default();
        let mut directories = copied;
        for plan in plans {
            for service in plan.services.values() {
                let Some(source) = service.build.as_ref().and_then(|build| clean_path(&build.source)) else { continue };
                if let Some(place) = service.build_place(&plan.output) {
                    directories.extend(between(&place.context, &source));
                }
                directories.insert(source);
            }
        }
        for directory in directories {
            let package = Package::take(root, &directory);
            packages.by_source.insert(directory, package);
        }
        packages
    }

    pub(super) fn get(&self, source: &str) -> Option<&Package> {
        self.by_source.get(&clean_path(source)?)
    }

    /// The text of a package file, by its path relative to services.toml.
    pub(super) fn text_of(&self, path: &str) -> Option<&str> {
        let (source, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.by_source.get(source)?.text(name)
    }
}

/// The directories from a build context down to a source, both with it, as services.toml sees them; of a source elsewhere
/// the two alone.
pub fn between(context: &str, source: &str) -> Vec<String> {
    let mut directories = vec![context.to_owned()];
    let inner = if context.is_empty() { Some(source) } else { source.strip_prefix(&format!("{context}/")) };
    let Some(inner) = inner.filter(|inner| !inner.is_empty()) else {
        if source != context {
            directories.push(source.to_owned());
        }
        return directories;
    };
    let start = source.len() - inner.len();
    let ends = inner.match_indices('/').map(|(at, _)| start + at).chain([source.len()]);
    directories.extend(ends.map(|end| source[..end].to_owned()));
    directories
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn every_directory_between_a_context_and_a_source_is_looked_at() {
        assert_eq!(between("", "apps/web/site"), ["", "apps", "apps/web", "apps/web/site"]);
        assert_eq!(between("apps", "apps/web/site"), ["apps", "apps/web", "apps/web/site"]);
        assert_eq!(between("web", "web"), ["web"]);
        assert_eq!(between("", ""), [""]);
        assert_eq!(between("docker", "web"), ["docker", "web"]);
        assert_eq!(between("web", "website"), ["web", "website"]);
    }
}

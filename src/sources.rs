//! A snapshot of what the plan and the rules need to know of the services' sources, and of what lies around them, taken
//! once per run.
//!
//! Only the files that a kind names are looked at, so the time does not depend on the size of a source tree.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::audit::{Audit, Written as AuditedBuild};
use crate::kinds::{Detected, Inside, Kind, Kinds, OptionDef, OptionType};
use crate::manifest::Read;
use crate::manifest::types::Service;
use crate::plan::{BuildPlace, Plan, Service as PlannedService, clean_path};

mod packages;
mod surroundings;
mod written;

pub use packages::{Package, between};
pub use surroundings::{EnvFile, HostPath, NamedFile, Presence, Surroundings};
pub use written::{BuildContext, CopiedFile, RenderedFile, Written};

use packages::Packages;
use written::WrittenFiles;

/// The sources of all services, by directory relative to services.toml.
#[derive(Debug, Default)]
pub struct Sources {
    directories: BTreeMap<String, Directory>,
    surroundings: Surroundings,
    paths: BTreeMap<String, Found>,
    written: WrittenFiles,
    packages: Packages,
    audit: Audit,
}

/// What a path of services.toml leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// Nothing.
    Nothing,
}

/// What is known of one source directory.
#[derive(Debug, Default, Clone)]
pub struct Directory {
    /// Whether it exists and is a directory.
    pub exists: bool,
    names: BTreeSet<String>,
    documents: BTreeMap<String, Document>,
    /// With a line end before the first line.
    texts: BTreeMap<String, String>,
}

/// A file with a structure.
#[derive(Debug, Clone)]
struct Document {
    format: &'static str,
    content: Result<Value, String>,
}

/// A file of a source that is there but cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}")]
pub struct SourceError {
    /// The file, relative to services.toml.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

/// What there is to know of a file.
#[derive(Debug, Default, Clone, Copy)]
struct Wanted {
    json: bool,
    toml: bool,
    text: bool,
}

impl Sources {
    /// Looks at the sources that the manifest names, below `root`.
    pub fn take(root: &Path, read: &Read) -> Result<Self, SourceError> {
        let mut wanted: BTreeMap<&str, BTreeMap<&str, Wanted>> = BTreeMap::new();
        let mut paths = BTreeMap::new();
        for stack in read.environments.values().filter_map(|manifest| manifest.stack.as_ref()) {
            for path in stack.siblings.iter().flatten().filter(|path| !path.is_empty()) {
                if !paths.contains_key(path.as_str()) {
                    paths.insert(path.clone(), found(root, path)?);
                }
            }
        }
        for service in read.environments.values().flat_map(|manifest| manifest.services.values()) {
            let kind = service.kind.as_ref().and_then(|kind| read.kinds.get(kind));
            for path in kind.into_iter().flat_map(|kind| paths_of(service, kind)) {
                if !paths.contains_key(path) {
                    paths.insert(path.to_owned(), found(root, path)?);
                }
            }
            for path in included(service).flatten() {
                if let Entry::Vacant(place) = paths.entry(path) {
                    let found = found(root, place.key())?;
                    place.insert(found);
                }
            }
            let Some(source) = &service.source else { continue };
            let files = wanted.entry(source).or_default();
            if let Some(dockerfile) = &service.dockerfile {
                files.entry(dockerfile).or_default().text = true;
            }
            if let Some(kind) = kind {
                want(files, kind);
            }
        }
        let mut directories = BTreeMap::new();
        for (source, files) in wanted {
            directories.insert(source.to_owned(), directory(root, source, &files)?);
        }
        Ok(Self {
            directories,
            paths,
            surroundings: Surroundings::default(),
            written: WrittenFiles::default(),
            packages: Packages::default(),
            audit: Audit::default(),
        })
    }

    /// Looks at what the plans name besides, below `root`. `rendered` holds the Dockerfiles that templates of the project
    /// make, by their path.
    pub fn look_around(&mut self, root: &Path, plans: &[Plan], rendered: BTreeMap<String, RenderedFile>) {
        self.surroundings = Surroundings::take(root, plans);
        self.written = WrittenFiles::take(root, plans, rendered);
        self.packages = Packages::take(root, plans, self.written.copied_directories());
    }

    /// Looks at what the services' sources read from their environment; after [`Sources::look_around`].
    pub fn audit_sources(&mut self, root: &Path, plans: &[Plan], kinds: &Kinds) {
        let builds = plans.iter().flat_map(|plan| plan.services.values().map(move |service| (plan, service)));
        let builds = builds.filter_map(|(plan, service)| {
            let place = service.build_place(&plan.output)?;
            let written = self.written(plan, service)?;
            let ignore = self.build_context(&place).and_then(|context| context.ignore.as_ref());
            let build = AuditedBuild::new(&written.file, ignore.map(|(_, ignore)| ignore.clone()));
            Some((place, build))
        });
        self.audit = Audit::take(root, plans, kinds, builds.collect());
    }

    /// What the services' sources read from their environment; nothing before [`Sources::audit_sources`].
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Keeps what the sources read, and nothing else.
    pub fn into_audit(self) -> Audit {
        self.audit
    }

    /// The Dockerfile that a service is built with, where the project answers for it: written by hand, or rendered from
    /// a template of its own.
    pub fn written(&self, plan: &Plan, service: &PlannedService) -> Option<&Written> {
        self.written.file(&service.build_place(&plan.output)?.dockerfile)
    }

    /// What is known of the context in which a service is built.
    pub fn build_context(&self, place: &BuildPlace) -> Option<&BuildContext> {
        self.written.context(place)
    }

    /// What is known of a path that a Dockerfile copies from its context.
    pub fn copied(&self, place: &BuildPlace, path: &str) -> Option<&CopiedFile> {
        self.written.copied(place, path)
    }

    /// The text of a file other than services.toml whose lines findings can show.
    pub fn text_of(&self, path: &str) -> Option<&str> {
        let written = self.written.file(path).map(|written| written.text.as_str());
        let named = || self.surroundings.named(path).and_then(|known| known.text.as_deref());
        let example = || self.surroundings.examples().get(path).map(String::as_str);
        let audited = || self.audit.file(path).map(|file| file.text.as_str());
        let package = || self.packages.text_of(path);
        written.or_else(named).or_else(example).or_else(audited).or_else(package)
    }

    /// The package files of a source; nothing before [`Sources::look_around`].
    pub fn package(&self, source: &str) -> Option<&Package> {
        self.packages.get(source)
    }

    /// What the plans name besides the sources; nothing before [`Sources::look_around`].
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// What is known of a source directory.
    pub fn get(&self, source: &str) -> Option<&Directory> {
        self.directories.get(source)
    }

    /// What the path of a sibling or in an option of a kind leads to, as it is written there; or an included one, as
    /// services.toml sees it.
    pub fn path(&self, path: &str) -> Found {
        self.paths.get(path).copied().unwrap_or(Found::Nothing)
    }
}

/// What a service includes, as services.toml sees it; none for a path that leads out.
fn included(service: &Service) -> impl Iterator<Item = Option<String>> {
    let context = service.context.as_ref().or(service.source.as_ref());
    let paths = service.include.iter().flatten();
    paths.zip(context.into_iter().cycle()).map(|(path, context)| {
        let whole = format!("{context}/{}", clean_path(path)?);
        clean_path(whole.trim_start_matches('/'))
    })
}

/// The paths in the options of a service.
fn paths_of<'a>(service: &'a Service, kind: &Kind) -> Vec<&'a str> {
    let mut paths = Vec::new();
    let is_read = |name: &str, option: &OptionDef| match option.kind {
        OptionType::Paths => true,
        // What no container reads need not be there yet.
        OptionType::Path => option.is_mounted(kind, name),
        _ => false,
    };
    for (name, _) in kind.options.iter().filter(|(name, option)| is_read(name, option)) {
        match service.options.get(name) {
            Some(toml::Value::String(path)) => paths.push(path.as_str()),
            Some(toml::Value::Array(items)) => paths.extend(items.iter().filter_map(toml::Value::as_str)),
            _ => {}
        }
    }
    paths
}

/// What a kind wants to know of its source.
fn want<'k>(files: &mut BTreeMap<&'k str, Wanted>, kind: &'k Kind) {
    let required = kind.requires.iter().flat_map(|required| required.one_of.iter().chain(&required.or_else));
    let read = kind.install.iter().flat_map(|inputs| &inputs.files);
    for file in required.chain(read) {
        files.entry(file).or_default();
    }
    for (file, detected) in kind.detect.values().flatten() {
        want_inside(files.entry(file).or_default(), detected);
    }
}

fn want_inside(wanted: &mut Wanted, detected: &Detected) {
    match detected {
        Detected::Value(_) => {}
        Detected::Inside(inside) => {
            wanted.json |= inside.json.is_some();
            wanted.toml |= inside.toml.is_some();
            wanted.text |= inside.contains.is_some();
        }
        Detected::First(several) => several.iter().for_each(|detected| want_inside(wanted, detected)),
    }
}

impl Directory {
    /// Whether there is a file or directory of this name among those that a kind asks about.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The files and directories that a pattern of a kind means, sorted; one `*` in it stands for any text.
    pub fn matching<'a>(&'a self, pattern: &str) -> Vec<&'a str> {
        self.names.iter().map(String::as_str).filter(|name| matches(pattern, name)).collect()
    }

    /// The text of a file that the manifest names.
    pub fn text(&self, file: &str) -> Option<&str> {
        self.texts.get(file)?.strip_prefix('\n')
    }

    /// Whether the files from which the kind reads what it must know are there, and can be read.
    pub fn is_legible(&self, kind: &Kind) -> bool {
        let is_required = |file: &str| kind.requires.iter().any(|required| required.one_of == [file]);
        kind.detect.values().flatten().all(|(file, detected)| {
            let mut wanted = Wanted::default();
            want_inside(&mut wanted, detected);
            match self.documents.get(file) {
                Some(document) => document.content.is_ok(),
                None => !((wanted.json || wanted.toml) && is_required(file)),
            }
        })
    }

    /// What a detection finds.
    pub fn detect<'a>(&self, cases: impl IntoIterator<Item = (&'a String, &'a Detected)>) -> Option<String> {
        cases.into_iter().find_map(|(file, detected)| self.detect_in(file, detected))
    }

    fn detect_in(&self, file: &str, detected: &Detected) -> Option<String> {
        match detected {
            Detected::Value(value) => self.has(file).then(|| value.clone()),
            Detected::Inside(inside) => self.inside(file, inside),
            Detected::First(several) => several.iter().find_map(|detected| self.detect_in(file, detected)),
        }
    }

    fn inside(&self, file: &str, inside: &Inside) -> Option<String> {
        let found = match (inside.json.as_ref().or(inside.toml.as_ref()), &inside.contains) {
            (Some(pointer), _) => match self.documents.get(file)?.content.as_ref().ok()?.pointer(pointer)? {
                Value::String(text) => text.clone(),
                Value::Bool(value) => value.to_string(),
                _ => return None,
            },
            (None, Some(wanted)) => {
                let text = self.texts.get(file)?;
                let rest = inside.except.iter().fold(text.clone(), |text, known| text.replace(known.as_str(), "\n"));
                rest.contains(wanted).then(|| wanted.clone())?
            }
            (None, None) => return None,
        };
        let found = match &inside.after {
            Some(after) => found.strip_prefix(after.as_str())?,
            None => found.as_str(),
        };
        let found =
            inside.until.as_ref().and_then(|until| found.split_once(until.as_str())).map_or(found, |(it, _)| it);
        Some(inside.value.clone().unwrap_or_else(|| found.to_owned()))
    }

    /// Files that have no structure although they should: the name, the format, and what its parser says.
    pub fn malformed(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.documents.iter().filter_map(|(file, document)| {
            Some((file.as_str(), document.format, document.content.as_ref().err()?.as_str()))
        })
    }
}

fn found(root: &Path, path: &str) -> Result<Found, SourceError> {
    match std::fs::metadata(root.join(path)) {
        Ok(metadata) if metadata.is_dir() => Ok(Found::Directory),
        Ok(_) => Ok(Found::File),
        Err(error) if is_absence(&error) => Ok(Found::Nothing),
        Err(error) => Err(SourceError { path: path.to_owned(), source: error }),
    }
}

/// Whether there is nothing at a path, instead of something that cannot be looked at.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn directory(root: &Path, source: &str, files: &BTreeMap<&str, Wanted>) -> Result<Directory, SourceError> {
    let path = root.join(source);
    let mut directory = Directory { exists: path.is_dir(), ..Directory::default() };
    if !directory.exists {
        return Ok(directory);
    }
    let at = |file: &str| format!("{}/{file}", source.trim_end_matches('/'));
    for (file, wanted) in files {
        if file.contains('*') {
            directory.names.extend(listed(&path, file).map_err(|error| SourceError { path: at(file), source: error })?);
            continue;
        }
        if found(root, &at(file))? == Found::Nothing {
            continue;
        }
        if !(wanted.json || wanted.toml || wanted.text) {
            directory.names.insert((*file).to_owned());
            continue;
        }
        let bytes = match std::fs::read(path.join(file)) {
            Ok(bytes) => bytes,
            // It went between the two looks.
            Err(error) if is_absence(&error) => continue,
            Err(error) => return Err(SourceError { path: at(file), source: error }),
        };
        directory.names.insert((*file).to_owned());
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}');
        if wanted.json {
            let content = serde_json::from_str(text).map_err(|error| error.to_string());
            directory.documents.insert((*file).to_owned(), Document { format: "JSON", content });
        } else if wanted.toml {
            let content = toml::from_str(text).map_err(|error| error.message().to_owned());
            directory.documents.insert((*file).to_owned(), Document { format: "TOML", content });
        }
        if wanted.text {
            directory.texts.insert((*file).to_owned(), format!("\n{}", text.replace("\r\n", "\n")));
        }
    }
    Ok(directory)
}

/// The files of a directory whose names fit a pattern, and can stand in a Dockerfile as they are.
fn listed(directory: &Path, pattern: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        // It went between the two looks.
        Err(error) if is_absence(&error) => return Ok(names),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if is_plain && matches(pattern, &name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &str)], kind: &Kind) -> Directory {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("app");
        std::fs::create_dir(&source).unwrap();
        for (name, text) in files {
            std::fs::write(source.join(name), text).unwrap();
        }
        let mut wanted = BTreeMap::new();
        want(&mut wanted, kind);
        super::directory(folder.path(), "app", &wanted).unwrap()
    }

    fn kind(text: &str) -> Kind {
        toml::from_str(&format!("help = 'h'\nclass = 'app'\n{text}")).unwrap()
    }

    #[test]
    fn a_detection_takes_the_first_file_that_says_something() {
        let kind = kind(
            "[detect.version]
'package.json' = { json = '/packageManager', after = 'yarn@', until = '+' }
'yarn.lock' = [{ contains = \"\\n  version: 8\\n\", value = '4.13.0' }, { contains = 'lockfile v1', value = '1.22.22' }]
'other.lock' = 'none'",
        );
        let version = |files: &[(&str, &str)]| directory(files, &kind).detect(&kind.detect["version"]);
        let pinned = "{ \"packageManager\": \"yarn@3.6.0+sha512.abc\" }";
        assert_eq!(version(&[("package.json", pinned), ("yarn.lock", "# yarn lockfile v1")]).as_deref(), Some("3.6.0"));
        let other = "{ \"packageManager\": \"pnpm@9.0.0\" }";
        assert_eq!(
            version(&[("package.json", other), ("yarn.lock", "# yarn lockfile v1")]).as_deref(),
            Some("1.22.22")
        );
        assert_eq!(version(&[("yarn.lock", "__metadata:\r\n  version: 8\r\n")]).as_deref(), Some("4.13.0"));
        assert_eq!(version(&[("yarn.lock", "a:\n  version: 8.1.0\n")]), None);
        assert_eq!(version(&[("other.lock", "")]).as_deref(), Some("none"));
    }

    #[test]
    fn a_pointer_leads_into_toml_and_to_truth_values() {
        let kind = kind(
            "[detect.backend]
'pyproject.toml' = { toml = '/build-system/build-backend', value = 'yes' }
[detect.mode]
'pyproject.toml' = { toml = '/tool/poetry/package-mode' }",
        );
        let text = "[build-system]\nbuild-backend = 'hatchling.build'\n[tool.poetry]\npackage-mode = false\n";
        let found = directory(&[("pyproject.toml", text)], &kind);
        assert_eq!(found.detect(&kind.detect["backend"]).as_deref(), Some("yes"));
        assert_eq!(found.detect(&kind.detect["mode"]).as_deref(), Some("false"));
        assert!(found.is_legible(&kind));
        let broken = directory(&[("pyproject.toml", "= 1")], &kind);
        assert!(!broken.is_legible(&kind));
        assert_eq!(
            broken.malformed().map(|(file, format, _)| (file, format)).collect::<Vec<_>>(),
            [("pyproject.toml", "TOML")]
        );
    }

    #[test]
    fn a_pattern_finds_what_can_stand_in_a_dockerfile() {
        let kind = kind("[[install]]\nfiles = ['requirements*.txt', 'patches']");
        let files =
            [("requirements.txt", ""), ("requirements-dev.txt", ""), ("requirements new.txt", ""), ("x.txt", "")];
        let found = directory(&files, &kind);
        assert_eq!(found.matching("requirements*.txt"), ["requirements-dev.txt", "requirements.txt"]);
        assert_eq!(found.matching("patches"), [""; 0]);
    }
}

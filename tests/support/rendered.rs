//! A services.toml of the tests, rendered into a folder of its own by the library.

use std::fs;
use std::path::{Path, PathBuf};

use stackgen::plan::Plan;
use stackgen::project::Project;
use tempfile::TempDir;

use super::{copy_sources, entries, examples, repository};

/// A rendered stack.
pub(crate) struct Rendered {
    /// What it is called in messages.
    pub(crate) name: String,
    /// Its plans, by environment.
    pub(crate) plans: Vec<Plan>,
    /// What was rendered: the path below [`Self::root`], and whether it is a program.
    pub(crate) files: Vec<(String, bool)>,
    folder: TempDir,
}

impl Rendered {
    /// Renders a services.toml; `sources` holds the directories that it names.
    pub(crate) fn of(name: &str, manifest: &str, sources: Option<&Path>) -> Self {
        let folder = tempfile::Builder::new().prefix("stackgen-rendered-").tempdir().expect("a temporary folder");
        if let Some(sources) = sources {
            copy_sources(sources, folder.path());
        }
        // After the sources, which may hold the services.toml that this one is made of.
        let path = folder.path().join("services.toml");
        fs::write(&path, manifest).expect("a writable folder");
        let project = Project::open(&path).expect("a services.toml");
        let analysis = project.analyse().expect("plans");
        let errors: Vec<&str> = analysis.report.findings.iter().map(|finding| finding.message.as_str()).collect();
        assert!(!analysis.report.has_errors(), "{name}: {errors:?}");
        let plans = analysis.plans;
        assert!(!plans.is_empty(), "{name}: no plans");
        let mut files = Vec::new();
        for (path, artifact) in
            stackgen::render::render(&plans, "services.toml", project.templates()).expect("artifacts")
        {
            let full = folder.path().join(&path);
            fs::create_dir_all(full.parent().expect("a folder")).expect("a writable folder");
            fs::write(full, artifact.text).expect("a writable folder");
            files.push((path, artifact.executable));
        }
        Self { name: name.to_owned(), plans, files, folder }
    }

    /// Renders the services.toml of a folder, beside its sources.
    pub(crate) fn at(folder: &Path) -> Self {
        let name = folder.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
        Self::of(name, &fs::read_to_string(folder.join("services.toml")).expect("a services.toml"), Some(folder))
    }

    /// Where services.toml is.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }
}

/// The stacks in `tests/compose`, `tests/stacks` and `examples`, rendered.
pub(crate) fn fixtures() -> Vec<Rendered> {
    let folder = repository().join("tests/compose");
    let mut paths = entries(&folder);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    assert!(!paths.is_empty(), "no fixtures in {}", folder.display());
    let render = |path: &PathBuf| {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8");
        Rendered::of(name, &fs::read_to_string(path).expect("a readable file"), Some(&folder.join("sources")))
    };
    let whole = running().into_iter().chain(examples()).map(|folder| Rendered::at(&folder));
    paths.iter().map(render).chain(whole).collect()
}

/// One of the stacks in `examples`, rendered beside a copy of its sources.
pub(crate) fn example(name: &str) -> Rendered {
    Rendered::at(&repository().join("examples").join(name))
}

/// The folders in `tests/stacks`: each a services.toml and the programs of its services, which run on an engine.
pub(crate) fn running() -> Vec<PathBuf> {
    entries(&repository().join("tests/stacks"))
}

//! Which files belong to the running service: not tests, not what builds it, and of scripts only those that are run.

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The service runs it.
    Running,
    /// It builds the service, or configures what does.
    Building,
    /// It runs only where something asks for it by name.
    Script,
    /// It tests the service, or shows how it is used.
    Testing,
}

impl Role {
    /// The word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Building => "build",
            Self::Script => "script",
            Self::Testing => "test",
        }
    }
}

const TESTS: [&str; 24] = [
    "test",
    "tests",
    "__tests__",
    "__mocks__",
    "spec",
    "specs",
    "e2e",
    "cypress",
    "fixtures",
    "__fixtures__",
    "testdata",
    "test_data",
    "mocks",
    "stories",
    "docs",
    "doc",
    "examples",
    "example",
    "samples",
    "benchmarks",
    "playwright",
    "testing",
    "integration-tests",
    "test-utils",
];
const SCRIPTS: [&str; 8] = ["scripts", "script", "bin", "hack", "ci", "deploy", "notebooks", "seeds"];
const BUILDERS: [&str; 12] = [
    "setup.py",
    "noxfile.py",
    "fabfile.py",
    "gulpfile.js",
    "gulpfile.ts",
    "gruntfile.js",
    "gruntfile.ts",
    "build.js",
    "build.mjs",
    "build.ts",
    "esbuild.js",
    "esbuild.mjs",
];

/// What a file is for, by its path in its source.
pub(super) fn of(path: &str) -> Role {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.to_ascii_lowercase();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name.as_str(), ""));
    let is_python = extension == "py";
    let is_test = if is_python {
        stem.starts_with("test_") || stem.ends_with("_test") || matches!(stem, "conftest" | "tests")
    } else {
        [".test", ".spec", ".stories", ".story", ".bench", ".e2e", ".mock", "-test", ".cy"]
            .iter()
            .any(|end| stem.ends_with(end))
            || matches!(stem, "setuptests" | "jest.setup" | "vitest.setup")
    };
    if is_test || directories.split('/').any(|directory| TESTS.contains(&directory.to_ascii_lowercase().as_str())) {
        return Role::Testing;
    }
    // A package of a monorepo has its configuration at its own root.
    let depth = directories.split('/').filter(|part| !part.is_empty()).count();
    let is_configuration = !is_python
        && (stem.ends_with(".config") || stem.starts_with(".eslintrc") || stem.starts_with("webpack."))
        && !directories.split('/').any(|part| matches!(part, "src" | "lib" | "app" | "config"));
    if is_configuration || (depth == 0 && BUILDERS.contains(&name.as_str())) {
        return Role::Building;
    }
    // `manage.py NAME` runs a command.
    if is_python && format!("/{directories}/").contains("/management/commands/") {
        return Role::Script;
    }
    let is_settings = is_python && directories.rsplit('/').next() == Some("settings");
    if is_settings && matches!(stem, "test" | "testing" | "ci") {
        return Role::Testing;
    }
    let is_script = matches!(extension, "sh" | "bash") || name.ends_with("entrypoint");
    let first = directories.split('/').next().unwrap_or_default();
    if is_script || SCRIPTS.contains(&first) { Role::Script } else { Role::Running }
}

/// Whether texts that say what runs start a module of Python by its name: `-m app.main`.
pub(super) fn is_module_run(path: &str, runs: &str) -> bool {
    let Some(module) = path.strip_suffix(".py").map(|path| path.replace('/', ".")) else { return false };
    let module = module.strip_suffix(".__main__").unwrap_or(&module);
    let words: Vec<&str> =
        runs.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']')).collect();
    let words: Vec<&&str> = words.iter().filter(|word| !word.is_empty()).collect();
    words.windows(2).any(|pair| *pair[0] == "-m" && (*pair[1] == module || module.ends_with(&format!(".{}", pair[1]))))
}

/// Whether a file is a module of Django's settings beside the one that is chosen, by its path and the text of that one: not
/// what several have in common, and not what it imports.
pub(super) fn is_other_settings(path: &str, chosen: &[(String, Option<&str>)]) -> bool {
    const COMMON: [&str; 7] = ["__init__", "base", "common", "default", "defaults", "shared", "core"];
    let Some((directories, stem)) = path.strip_suffix(".py").and_then(|path| path.rsplit_once('/')) else {
        return false;
    };
    if directories.rsplit('/').next() != Some("settings") || COMMON.contains(&stem) {
        return false;
    }
    let package = format!(".{}", directories.replace('/', "."));
    let of_package = |module: &str| package.ends_with(&format!(".{module}"));
    let imports = |text: &str| {
        text.lines().any(|line| {
            let is_import = line.trim_start().starts_with("from ") || line.trim_start().starts_with("import ");
            is_import && line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == stem)
        })
    };
    // A package that is chosen itself says in its `__init__.py` what it takes.
    let siblings: Vec<_> = chosen
        .iter()
        .filter(|(module, _)| module.rsplit_once('.').is_some_and(|(package, _)| of_package(package)))
        .collect();
    !siblings.is_empty()
        && !chosen.iter().any(|(module, _)| of_package(module))
        && siblings.iter().all(|(module, text)| module.rsplit('.').next() != Some(stem) && !text.is_some_and(imports))
}

/// Whether texts that say what runs name a script: by its path, or as a module.
pub(super) fn is_run(path: &str, runs: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let module = stem.replace('/', ".");
    let names = |word: &str| {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        runs.match_indices(word)
            .any(|(at, _)| !is_part(runs[..at].chars().next_back()) && !is_part(runs[at + word.len()..].chars().next()))
    };
    let is_command = path.contains("management/commands/") && names(name.strip_suffix(".py").unwrap_or(name));
    is_command || names(name) || (path.contains('/') && (names(&module) || names(stem)))
}

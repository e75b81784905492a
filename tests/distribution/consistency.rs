//! What has to agree: every mention of the version and of the repository, the crate and what it needs, the files that
//! other programs read and their schemas.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::release::{VERSION, run};
use super::support::{everything_said, has_tools, repository, succeed};

/// Files that name the version or the repository to their readers.
const MENTION: [&str; 10] = [
    ".github/workflows/release.yml",
    ".pre-commit-hooks.yaml",
    "README.md",
    "action.yml",
    "docs/ci.md",
    "packaging/Dockerfile",
    "packaging/README.md",
    "packaging/install.sh",
    "packaging/release",
    "pyproject.toml",
];

#[test]
fn every_mention_of_the_version_is_that_of_the_crate() {
    let mut count = 0;
    for file in MENTION {
        let text = read(file);
        for before in
            ["stackgen==", "rev: v", &format!("uses: {}@v", slug()), &format!("ghcr.io/{}:", slug()), "\nversion="]
        {
            for (at, _) in text.match_indices(before) {
                let after = &text[at + before.len()..];
                let version: &str =
                    after.split(|c: char| !c.is_ascii_alphanumeric() && !".-".contains(c)).next().unwrap_or_default();
                if version.starts_with(|c: char| c.is_ascii_digit()) {
                    assert_eq!(version, VERSION, "{file}: {before}{version}");
                    count += 1;
                }
            }
        }
    }
    assert!(count >= 8, "only {count} mentions found");
}

#[test]
fn every_mention_of_the_repository_is_that_of_the_crate() {
    let slug = slug();
    let (_, name) = slug.split_once('/').expect("an owner and a name");
    let mut count = 0;
    for file in MENTION {
        let text = read(file);
        for host in ["github.com/", "ghcr.io/", "uses: "] {
            for (at, _) in text.match_indices(host) {
                let rest = &text[at + host.len()..];
                let path: Vec<&str> =
                    rest.split(|c: char| c.is_whitespace() || "/@:\"')#`".contains(c)).take(2).collect();
                if path.get(1) == Some(&name) {
                    assert_eq!(path.join("/"), slug, "{file}: {host}{}", path.join("/"));
                    count += 1;
                }
            }
        }
    }
    assert!(count >= 5, "only {count} mentions found");
}

#[test]
fn the_crate_holds_what_the_build_needs_and_nothing_else() {
    let output = succeed(
        Command::new(env!("CARGO")).args(["package", "--list", "--allow-dirty", "--offline"]).current_dir(repository()),
    );
    let listed = String::from_utf8(output.stdout).expect("names in UTF-8");
    let listed: BTreeSet<&str> = listed.lines().collect();

    let mut included = BTreeSet::new();
    for source in files_below(&repository().join("src")) {
        let name = source.strip_prefix(repository()).expect("a file of ours").to_str().expect("UTF-8").to_owned();
        assert!(listed.contains(name.as_str()), "{name} is not in the crate");
        let text = fs::read_to_string(&source).expect("UTF-8");
        for (at, with) in ["include_str!(\"", "include_bytes!(\""].into_iter().flat_map(|with| text.match_indices(with))
        {
            let path = text[at + with.len()..].split('"').next().expect("a path");
            let path = source.parent().expect("a folder").join(path).canonicalize().expect("a file that is included");
            included
                .insert(path.strip_prefix(repository()).expect("a file of ours").to_str().expect("UTF-8").to_owned());
        }
    }
    assert!(included.iter().any(|path| path.starts_with("templates/")), "no template is included: {included:?}");
    for path in &included {
        assert!(listed.contains(path.as_str()), "{path} is not in the crate");
    }

    let of_cargo = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"];
    let to_read = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];
    let expected = |path: &&&str| {
        of_cargo.contains(*path)
            || to_read.contains(*path)
            || path.starts_with("src/")
            || path.starts_with("templates/")
            || included.contains(**path)
    };
    assert_eq!(listed.iter().filter(|path| !expected(path)).collect::<Vec<_>>(), [&""; 0]);
}

#[test]
fn the_action_and_the_workflows_fit_their_schemas() {
    if !has_tools(&["check-jsonschema"]) {
        return;
    }
    let check =
        |schema: &str, file: &Path| run(Command::new("check-jsonschema").args(["--builtin-schema", schema]).arg(file));
    let action = repository().join("action.yml");
    let mut files = vec![("vendor.github-actions", action.clone())];
    files.extend(workflows().into_iter().map(|file| ("vendor.github-workflows", file)));
    files.push(("vendor.dependabot", repository().join(".github/dependabot.yml")));
    for (schema, file) in &files {
        let output = check(schema, file);
        assert!(output.status.success(), "{}: {}", file.display(), everything_said(&output));
    }
    let wrong = tempfile::NamedTempFile::with_suffix(".yml").expect("a temporary file");
    let without_shell = fs::read_to_string(action).expect("action.yml").replace("shell:", "shel:");
    fs::write(wrong.path(), without_shell).expect("a writable file");
    assert!(!check("vendor.github-actions", wrong.path()).status.success(), "a step without a shell fits the schema");
}

#[test]
fn zizmor_finds_nothing_in_the_action_and_the_workflows() {
    if !has_tools(&["zizmor"]) {
        return;
    }
    let audit = |files: &[PathBuf]| {
        run(Command::new("zizmor")
            .args(["--offline", "--no-progress", "--no-config", "--persona=pedantic"])
            .args(files))
    };
    let mut files = workflows();
    files.push(repository().join("action.yml"));
    let output = audit(&files);
    assert!(output.status.success(), "{}", everything_said(&output));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let wrong = folder.path().join("action.yml");
    let injected = read("action.yml").replacen("run: bash", "run: echo ${{ inputs.version }}; bash", 1);
    fs::write(&wrong, injected).expect("a writable folder");
    let output = audit(&[wrong]);
    assert!(everything_said(&output).contains("template-injection"), "{}", everything_said(&output));
}

#[test]
fn the_scripts_of_the_packaging_pass_shellcheck() {
    if !has_tools(&["shellcheck"]) {
        return;
    }
    let is_shell = |path: &PathBuf| {
        let first = fs::read(path).expect("a readable file");
        let first = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
        first.starts_with(b"#!") && first.ends_with(b"sh")
    };
    let scripts: Vec<PathBuf> = files_below(&repository().join("packaging")).into_iter().filter(is_shell).collect();
    assert!(scripts.len() >= 4, "where are the scripts? {scripts:?}");
    let output = run(Command::new("shellcheck").arg("--norc").args(&scripts));
    assert!(output.status.success(), "{}", everything_said(&output));
}

#[test]
fn the_scripts_in_the_workflows_pass_shellcheck() {
    if !has_tools(&["shellcheck"]) {
        return;
    }
    let mut count = 0;
    for file in workflows() {
        let workflow = fs::read_to_string(&file).expect("UTF-8");
        let workflow: Value = serde_yaml::from_str(&workflow).expect("YAML");
        let jobs = workflow["jobs"].as_object().expect("jobs");
        for step in jobs.values().filter_map(|job| job["steps"].as_array()).flatten() {
            let Some(run_of_step) = step["run"].as_str() else { continue };
            let script = tempfile::NamedTempFile::new().expect("a temporary file");
            fs::write(script.path(), run_of_step).expect("a writable file");
            let output = run(Command::new("shellcheck").args(["--norc", "--shell=bash"]).arg(script.path()));
            assert!(output.status.success(), "{}: {}", file.display(), everything_said(&output));
            count += 1;
        }
    }
    assert!(count > 5, "only {count} scripts found");
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `owner/name` of the repository.
fn slug() -> String {
    env!("CARGO_PKG_REPOSITORY").strip_prefix("https://github.com/").expect("a repository on GitHub").to_owned()
}

fn workflows() -> Vec<PathBuf> {
    let files = files_below(&repository().join(".github/workflows"));
    assert!(files.len() > 1, "where are the workflows?");
    files
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

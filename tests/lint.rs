//! The generated files, judged by the linters of their languages: hadolint, shellcheck, dclint and yamllint.
//!
//! What is generated is what stackgen.lock lists, and what the stacks in `tests/compose` render to. Each linter is also
//! shown something that it has to complain about, so that a linter that says nothing has read something.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use stackgen::compose::model;
use support::rendered::fixtures;
use support::{everything_said, examples, has_tools, locked, repository, tool};

/// All that yamllint wants, but for lines of at most 80 characters, which labels and commands cannot have, and the
/// `---` of files with several documents.
const YAMLLINT: &str = "{extends: default, rules: {line-length: disable, document-start: disable}}";

/// How a Dockerfile has a rule of hadolint ignored, and the only rule for which it may.
const IGNORE: &str = "# hadolint ignore=";
const IGNORED: &str = "DL3008";

#[test]
fn generated_dockerfiles_pass_hadolint() {
    if !has_tools(&["hadolint"]) {
        return;
    }
    for file in dockerfiles() {
        assert_eq!(hadolint(&file.text), "", "{}", file.path);
        // Without what it has ignored, hadolint says so much and no more.
        let ignores = file.text.matches(IGNORE).count();
        let said = hadolint(&file.text.replace(IGNORE, "# "));
        let expected = said.lines().filter(|line| line.contains(IGNORED)).count();
        assert_eq!((expected, said.lines().count()), (ignores, ignores), "{}:\n{said}", file.path);
    }
}

#[test]
fn a_dockerfile_ignores_one_rule_of_hadolint_and_says_why() {
    let mut count = 0;
    for file in dockerfiles() {
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("hadolint")) {
            count += 1;
            assert_eq!(*line, format!("{IGNORE}{IGNORED}"), "{}:{}", file.path, index + 1);
            let above = lines[..index].last().copied().unwrap_or_default();
            let is_reason = above.starts_with("# ") && above.ends_with('.') && !above.contains("hadolint");
            assert!(is_reason, "{}:{}: no reason above", file.path, index + 1);
        }
    }
    assert!(count > 0, "no Dockerfile installs a package: nothing was looked at");
}

#[test]
fn what_the_schema_says_to_editors_fits_every_stack() {
    if !has_tools(&["check-jsonschema"]) {
        return;
    }
    let schema = repository().join("services.schema.json");
    let said_of = |file: &Path| {
        let mut command = Command::new(tool("check-jsonschema").expect("it was looked for"));
        let output = command.arg("--schemafile").arg(&schema).arg(file).output().expect("check-jsonschema starts");
        (output.status.success(), everything_said(&output))
    };
    for folder in examples().into_iter().chain([repository().to_owned()]) {
        let (fits, said) = said_of(&folder.join("services.toml"));
        assert!(fits, "{}: {said}", folder.display());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let wrong = folder.path().join("services.toml");
    fs::write(&wrong, "[stack]\nname = 's'\n[services.web]\nimage = 'nginx:1.28'\nprot = 80\n")
        .expect("a writable folder");
    assert!(said_of(&wrong).1.contains("prot"), "a misspelt key is found");
}

#[test]
fn generated_programs_pass_shellcheck() {
    if !has_tools(&["shellcheck"]) {
        return;
    }
    let programs: Vec<File> = generated().into_iter().filter(|file| file.executable).collect();
    assert!(programs.len() > 1, "where are the programs?");
    for file in &programs {
        assert!(file.text.starts_with("#!/bin/sh\n"), "{} is no shell script", file.path);
        assert_eq!(shellcheck(&file.text), "", "{}", file.path);
    }
    let unquoted = format!("{}\necho $1\n", programs[0].text);
    assert!(shellcheck(&unquoted).contains("SC2086"), "shellcheck does not mind {unquoted}");
}

#[test]
fn the_compose_files_pass_dclint_in_the_house_order() {
    if !has_tools(&["dclint"]) {
        return;
    }
    let house = repository().join(".dclintrc");
    let files = compose_files();
    for path in &files {
        assert_eq!(dclint(path, &house), [""; 0], "{}", path.display());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let disordered = folder.path().join("docker-compose.yml");
    let text = fs::read_to_string(&files[0]).expect("a compose file");
    let text =
        text.replacen("    init: true\n", "", 1).replacen("    networks:\n", "    init: true\n    networks:\n", 1);
    fs::write(&disordered, text).expect("a writable folder");
    assert_eq!(dclint(&disordered, &house), ["service-keys-order"], "dclint does not mind `init` below `volumes`");
}

#[test]
fn every_rule_of_dclint_that_the_project_sets_would_complain_otherwise() {
    if !has_tools(&["dclint"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nothing = folder.path().join(".dclintrc");
    fs::write(&nothing, "rules: {}\n").expect("a writable folder");
    let complain: BTreeSet<String> = compose_files().iter().flat_map(|path| dclint(path, &nothing)).collect();
    let set: BTreeSet<String> = dclintrc()["rules"].as_object().expect("rules").keys().cloned().collect();
    assert_eq!(set, complain, ".dclintrc (left) sets what it need not, or lacks what it must");
}

#[test]
fn the_house_order_is_that_of_every_service() {
    let dclintrc = dclintrc();
    let house = dclintrc["rules"]["service-keys-order"][1]["groups"]["house"].as_array().expect("the house order");
    let house: Vec<&str> = house.iter().map(|key| key.as_str().expect("a key")).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for stack in fixtures() {
        for service in stack.plans.iter().flat_map(|plan| plan.services.values()) {
            let keys: Vec<String> = model::service(service).into_keys().collect();
            let positions: Vec<_> = keys.iter().map(|key| house.iter().position(|known| known == key)).collect();
            assert!(positions.iter().all(Option::is_some), "{}: a key that has no place: {keys:?}", service.name);
            assert!(positions.is_sorted(), "{}: {keys:?}", service.name);
            seen.extend(keys);
        }
    }
    let unused: Vec<&str> = house.into_iter().filter(|key| !seen.contains(*key)).collect();
    assert_eq!(unused, [""; 0], "keys of the house order that no fixture uses");
}

#[test]
fn generated_yaml_passes_yamllint() {
    if !has_tools(&["yamllint"]) {
        return;
    }
    let files: Vec<File> = generated().into_iter().filter(|file| is_yaml(&file.path)).collect();
    assert!(files.len() > 2, "where are the compose files?");
    for file in &files {
        assert_eq!(yamllint(&file.text), "", "{}", file.path);
    }
    let repeated = format!("{}name: \"again\"\n", files[0].text);
    assert!(yamllint(&repeated).contains("key-duplicates"), "yamllint does not mind a second name");
}

/// A generated file.
struct File {
    path: String,
    executable: bool,
    text: String,
}

/// What stackgen.lock lists, and what the fixtures render to.
fn generated() -> Vec<File> {
    let read = |root: &Path, path: &str| {
        fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{}/{path}: {error}", root.display()))
    };
    let mut files = Vec::new();
    for (path, executable) in locked(repository()) {
        files.push(File { text: read(repository(), &path), path, executable });
    }
    for stack in fixtures() {
        for (path, executable) in &stack.files {
            let text = read(stack.root(), path);
            files.push(File { path: format!("{}/{path}", stack.name), executable: *executable, text });
        }
    }
    files
}

fn dockerfiles() -> Vec<File> {
    let files: Vec<File> = generated().into_iter().filter(|file| file.path.ends_with("/Dockerfile")).collect();
    assert!(files.len() > 2, "where are the Dockerfiles?");
    files
}

/// The compose files of the voice stack and of the examples, as they are committed.
fn compose_files() -> Vec<PathBuf> {
    let projects = [repository().to_owned()].into_iter().chain(examples());
    let files = projects.flat_map(|project| {
        let paths = locked(&project).into_iter().map(|(path, _)| path);
        let paths = paths.filter(|path| is_yaml(path) && path.contains("docker-compose"));
        paths.map(|path| project.join(path)).collect::<Vec<_>>()
    });
    let files: Vec<PathBuf> = files.collect();
    assert!(files.len() > 1, "where are the compose files?");
    files
}

fn is_yaml(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "yml")
}

fn dclintrc() -> Value {
    let text = fs::read_to_string(repository().join(".dclintrc")).expect(".dclintrc");
    serde_yaml::from_str(&text).expect("YAML in .dclintrc")
}

/// What hadolint says of a Dockerfile.
fn hadolint(text: &str) -> String {
    said_of(text, "hadolint", &["--no-color", "--failure-threshold", "style", "-"])
}

/// What shellcheck says of a script.
fn shellcheck(text: &str) -> String {
    said_of(text, "shellcheck", &["--norc", "--severity=style", "--color=never", "-"])
}

/// What yamllint says of a file, warnings included.
fn yamllint(text: &str) -> String {
    said_of(text, "yamllint", &["--strict", "--format", "parsable", "-d", YAMLLINT, "-"])
}

/// What a linter says of a text. It finds nothing else, in particular no file that configures it.
fn said_of(text: &str, linter: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(tool(linter).expect("the caller has looked for it"));
    command.args(arguments).current_dir(&folder).env("HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let mut stdin = running.stdin.take().expect("a piped stdin");
    stdin.write_all(text.as_bytes()).expect("the linter reads");
    drop(stdin);
    let output = running.wait_with_output().expect("the linter ends");
    let said = everything_said(&output).trim().to_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{command:?}: {}:\n{said}", output.status);
    said
}

/// The rules of dclint that complain about a file, each once.
fn dclint(path: &Path, config: &Path) -> Vec<String> {
    // Into a file: dclint ends before it has written all of a long report into a pipe.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("report.json");
    let mut command = Command::new(tool("dclint").expect("the caller has looked for it"));
    command.args(["--max-warnings", "0", "--formatter", "json", "--output-file"]).arg(&report);
    command.arg("--config").arg(config).arg(path);
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let said = everything_said(&output);
    let results = fs::read_to_string(&report).unwrap_or_else(|error| panic!("{command:?}: {error}\n{said}"));
    let results: Vec<Value> = serde_json::from_str(&results).expect("a JSON array from dclint");
    assert_eq!(results.len(), 1, "{command:?} has not read the file:\n{said}");
    let messages = results[0]["messages"].as_array().expect("messages");
    let rules: BTreeSet<&str> = messages.iter().map(|message| message["rule"].as_str().expect("a rule")).collect();
    assert_eq!(output.status.success(), rules.is_empty(), "{command:?}: {}: {rules:?}\n{said}", output.status);
    rules.into_iter().map(str::to_owned).collect()
}

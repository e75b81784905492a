//! What fuzzing has found stays true: every file of the corpus runs through what `cargo fuzz` runs, with the stable
//! toolchain; so does every services.toml of the tests and every `kind.toml`. CONTRIBUTING.md says how to fuzz.

#[allow(unreachable_pub, dead_code, reason = "a crate of its own elsewhere")]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use support::{in_parallel, repository};

fn folder(path: &str) -> PathBuf {
    repository().join("fuzz").join(path)
}

/// The files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// Runs files through a target, and says which of them broke.
fn run(target: &str, files: &[PathBuf]) {
    assert!(!files.is_empty(), "nothing to run through {target}");
    let broken = in_parallel(files, |file| {
        let data = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let outcome = std::panic::catch_unwind(|| fuzz::run(target, &data));
        outcome.is_err().then(|| file.display().to_string())
    });
    let broken: Vec<String> = broken.into_iter().flatten().collect();
    assert!(broken.is_empty(), "{target} with {}", broken.join(", "));
}

#[test]
fn what_fuzzing_has_found_stays_true() {
    for (target, _) in fuzz::TARGETS {
        run(target, &files(&folder("corpus").join(target)));
    }
}

#[test]
fn it_is_true_of_every_manifest_of_the_tests() {
    let mut manifests = files(&repository().join("tests/rules"));
    manifests.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    run("manifest", &manifests);
}

#[test]
fn it_is_true_of_every_kind() {
    let mut kinds = files(&repository().join("templates/kinds"));
    kinds.retain(|path| path.ends_with("kind.toml"));
    run("kind", &kinds);
}

#[test]
fn every_target_is_one_of_cargo_fuzz() {
    let names: BTreeSet<String> = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |path: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(folder(path)).expect("a folder");
        let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
        entries.map(|entry| stem(entry.expect("an entry").path())).collect()
    };
    assert_eq!(stems("fuzz_targets"), names);
    assert_eq!(stems("corpus"), names);
    let manifest = fs::read_to_string(folder("Cargo.toml")).expect("fuzz/Cargo.toml");
    for name in &names {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")), "{name}");
        let target = fs::read_to_string(folder(&format!("fuzz_targets/{name}.rs"))).expect("a target");
        assert!(target.contains(&format!("run(\"{name}\", data)")), "{target}");
    }
}

#[test]
fn the_corpus_stays_small() {
    let bytes: u64 = files(&folder("corpus")).iter().map(|file| fs::metadata(file).expect("a file").len()).sum();
    assert!(bytes < 1_000_000, "{bytes} bytes");
}

//! A generated page and its committed file.

use std::{env, fs};

use super::support::repository;

/// Whether this run writes generated files instead of comparing them.
pub(crate) fn blesses() -> bool {
    env::var_os("STACKGEN_BLESS").is_some()
}

/// The committed file has exactly this text.
///
/// # Panics
/// Where it has not.
pub(crate) fn agree(path: &str, text: &str) {
    let file = repository().join(path);
    if blesses() {
        fs::create_dir_all(file.parent().expect("a file in a folder")).expect("a folder for the page");
        fs::write(&file, text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == text,
        "{path} is not what would be generated now; `STACKGEN_BLESS=1 cargo test --test docs` writes it anew"
    );
}

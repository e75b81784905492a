//! What holds for any bytes whatever: one function per grammar, which panics where it does not hold.
//!
//! cargo-fuzz calls them with what it makes up (`fuzz_targets/`); `cargo test --test fuzz` of stackgen compiles this file as
//! a module of its own and calls them with the corpus, under the stable toolchain.

use std::ops::Range;

mod address;
mod amount;
mod dockerfile;
mod dockerignore;
mod dotenv;
mod flags;
mod image;
mod interpolation;
mod kind;
mod labels;
mod lock;
mod manifest;
mod port;
mod quoting;
mod regex;
mod request;
mod rule;
mod source;
mod subnet;
mod text;
mod volume;

/// What is judged with bytes.
pub type Check = fn(&[u8]);

/// Each target with what is judged; each has a file in `fuzz_targets/` and a folder in `corpus/`.
pub const TARGETS: &[(&str, Check)] = &[
    ("address", address::check),
    ("amount", amount::check),
    ("dockerfile", dockerfile::check),
    ("dockerignore", dockerignore::check),
    ("dotenv", dotenv::check),
    ("flags", flags::check),
    ("image", image::check),
    ("interpolation", interpolation::check),
    ("kind", kind::check),
    ("labels", labels::check),
    ("lock", lock::check),
    ("manifest", manifest::check),
    ("port", port::check),
    ("quoting", quoting::check),
    ("regex", regex::check),
    ("request", request::check),
    ("rule", rule::check),
    ("source", source::check),
    ("subnet", subnet::check),
    ("text", text::check),
    ("volume", volume::check),
];

/// Runs a target.
///
/// # Panics
/// Where something does not hold, or there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let (_, check) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    check(data);
}

/// The text that bytes are; none where they are no UTF-8.
fn utf8(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// A range that somebody is shown has to lie in its text, between two characters.
fn assert_inside(text: &str, range: &Range<usize>) {
    assert!(text.get(range.clone()).is_some(), "{range:?} is no part of {text:?}");
}

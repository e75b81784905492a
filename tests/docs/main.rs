//! The documentation says what the program does: generated pages are as they would be generated now, links lead
//! somewhere, and what the hand-written pages show is what happens.
//!
//! `STACKGEN_BLESS=1 cargo test --test docs` writes the generated pages anew.

#[path = "../support/mod.rs"]
mod support;

mod links;
mod manifest;
mod markdown;
mod page;
mod picture;
mod rules;
mod session;
mod systems;

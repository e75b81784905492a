//! The grammars of the library, judged by the real tools: whether a text is valid, and what it means, for some hundred
//! made-up texts of each. They need Docker Compose; that of image references the Docker client, and that of subnets an
//! engine, in which nothing is made.
//!
//! `STACKGEN_GRAMMARS=10000` makes as many of each; each number makes the same texts on every machine.

mod amounts;
mod dotenv;
mod env_files;
mod images;
mod interpolation;
mod judge;
#[path = "../env/oracle.rs"]
mod oracle;
mod ports;
mod quoting;
mod subnets;
#[path = "../support/mod.rs"]
mod support;
mod volumes;

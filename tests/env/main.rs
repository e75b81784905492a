//! `stackgen env`, judged by Docker Compose itself: how it reads env files, what it makes of every way to use a variable,
//! and when it refuses; and by what is on the disk afterwards. The oracle needs Docker Compose, but no Docker engine.

mod files;
mod oracle;
#[path = "../support/mod.rs"]
mod support;

//! The program as its users meet it: real processes in real directories, and what they leave behind.

#[path = "../support/mod.rs"]
mod support;

mod committed;
mod completions;
mod determinism;
mod manual;
mod never_panics;
mod refusals;
mod saving;
mod streams;
mod together;

//! How stackgen reaches people: the archives and who installs them, the action, the hooks, the crate, the image.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod action;
mod archive;
mod consistency;
mod hooks;
mod image;
mod install;
mod release;
mod wheel;

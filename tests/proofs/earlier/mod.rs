//! What most stacks can do wrong: what Compose says of it, what the engine, what Traefik, and what readers of files.

mod engine;
mod files;
mod proxy;
mod read;
mod running;

/// The rules whose mistakes are made here, by where they are made.
pub(crate) const PROVED: &[&[&str]] = &[read::PROVED, engine::PROVED, running::PROVED, proxy::PROVED, files::PROVED];

//! Dockerfiles that people write, and what a build leaves out.

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[];

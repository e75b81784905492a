//! Ports, networks, storage and the life of a container.

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[];

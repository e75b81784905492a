//! Labels in Traefik's own words.

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[];

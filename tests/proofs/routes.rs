//! Routes and the static configuration of the proxy.

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[];

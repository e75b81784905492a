//! What else goes wrong in a stack.

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[];

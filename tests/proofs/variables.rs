//! Variables, secrets, and what services say of each other.

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[];

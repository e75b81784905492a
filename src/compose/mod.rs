//! Compose's own little languages: each module is one grammar, with its source.

pub mod amount;
pub mod model;
pub mod port;
pub mod volume;

//! Compose's own little languages: each module is one grammar, with its source.

pub mod amount;
pub mod dotenv;
pub mod engine;
pub mod image;
pub mod interpolation;
pub(crate) mod keys;
pub mod model;
pub mod port;
pub(crate) mod scalars;
pub mod subnet;
pub mod volume;

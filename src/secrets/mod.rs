//! What is a secret: because of the name that it has, because of its form, or because a line of a generated file says so.

pub(crate) mod forms;
pub(crate) mod lines;
pub(crate) mod names;
pub(crate) mod toml;

//! The disk room against real directories: what it writes, what it deletes, and what it leaves alone.

mod interrupted;
mod lock;
mod manifest;
mod meanwhile;
mod modes;
mod obstacles;
mod project;
mod pruning;
mod refusals;
mod turns;
mod volumes;

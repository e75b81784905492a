//! What goes wrong around a render that is under way: it is killed, the disk fills, a limit is reached, and others write in
//! the same tree. Every file is old or new, nobody's edit is lost, and the next render goes on.
//!
//! `STACKGEN_KILLS`, `STACKGEN_KILLS_BESIDE_EDITS` and `STACKGEN_DISTURBED` ask for more kills and more changes than the gate has time for.

#[path = "../support/mod.rs"]
mod support;

mod between;
mod disturbed;
mod full_disk;
mod killed;
mod limits;
mod moments;
mod underneath;

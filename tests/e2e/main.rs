//! The stacks in `examples` on a real Docker engine, a module each: built, started, asked for what they are for, disturbed,
//! stopped, in each of their environments. What they have in common is looked at on the way, by one module for each thing.
//!
//! Needs a Docker engine and Python. A service whose image cannot be had where the tests run is left out, aloud. How long
//! things took is printed; no test fails because a machine is slow.

mod agent_service;
mod authority;
mod confined;
mod edits;
mod images;
mod noticed;
mod personal_assistant;
#[path = "../support/mod.rs"]
mod support;
mod tka_voice;
mod todo_chatbot;
mod voice_stack;

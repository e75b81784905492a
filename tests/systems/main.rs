//! The stacks in `examples` on a real Docker engine, a module each: built, started, asked for what they are for,
//! stopped, in each of their environments.
//!
//! Needs a Docker engine and Python. A service whose image cannot be had where the tests run is left out, aloud.

mod agent_service;
mod personal_assistant;
#[path = "../support/mod.rs"]
mod support;
mod tka_voice;
mod todo_chatbot;

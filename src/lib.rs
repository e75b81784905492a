//! One `services.toml` in; every container file of a stack out, proved before it is written.
//!
//! The crate is a pipeline of five rooms, and data flows through them in one direction:
//!
//! ```text
//! services.toml ─▶ manifest ─▶ plan (one per environment) ─▶ rules ─▶ artifacts ─▶ disk
//! ```
//!
//! * [`source`] holds the text and its spanned TOML document, and turns a path of keys into bytes.
//! * [`manifest`] is the file as written: types, schema, validation, overlays.
//! * [`plan`] is what the stack is in one environment, with every reference resolved.
//! * [`siblings`] and [`host`] are what else there is on the machine: other stacks, and what runs already.
//! * [`audit`] says what the services' sources read from their environment.
//! * [`rules`] read all of that and report [`diagnostics::Finding`]s.
//! * [`fixing`] makes the fixes that findings carry.
//! * [`render`] turns a plan into [`render::Artifacts`]: paths and bytes, no side effects.
//! * [`mod@env`] says which values an operator's machine has for a plan, and what to add to its env files.
//! * [`routing`] predicts which router of the proxy answers a request, and what the service behind it sees.
//! * [`init`] drafts a services.toml for a repository that is there already.
//! * [`smoke`] asks a running stack whether its services are healthy and its routes lead where they should.
//! * [`disk`] compares artifacts with the working tree, writes, prunes, and refuses.
//!
//! A user's mistake is a finding; an `Err` means that stackgen itself could not work. The library never prints.

mod addresses;
pub mod audit;
pub mod compose;
pub mod diagnostics;
pub mod disk;
mod docker;
pub mod dockerfile;
pub mod env;
pub mod fixing;
pub mod git;
pub mod host;
pub mod init;
#[doc(hidden)]
pub mod internals;
pub mod kinds;
pub mod manifest;
pub mod plan;
mod probe;
pub mod project;
mod readback;
pub mod render;
pub mod routing;
pub mod rules;
mod runtimes;
mod secrets;
pub mod siblings;
pub mod smoke;
pub mod source;
pub mod sources;
pub mod templates;
pub mod traefik;

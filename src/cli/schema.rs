//! `stackgen schema`: what editors check services.toml against.

use std::process::ExitCode;

use clap::Args;
use stackgen::render::schema;
use stackgen::templates::Templates;

use super::{Global, print};

#[derive(Debug, Args)]
pub(super) struct Schema {}

impl Schema {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        print(&schema::text(&Templates::take(&global.folder())?)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
